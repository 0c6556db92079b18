"""The builds of the testbed: presets of CMakePresets.json, which says by inheritance what each is for; and which engine
fuzzes which of them."""
from __future__ import annotations

import json
from dataclasses import dataclass

from .afl import Afl
from .engine import Fuzzer
from .libfuzzer import LibFuzzer
from .tools import ROOT


@dataclass(frozen=True)
class Preset:
    """A build: its name, what it is in words, its compiler ("" where a toolchain's file says it), and what it inherits from."""
    name: str
    what: str
    compiler: str
    ancestors: frozenset[str]


def _read() -> dict[str, Preset]:
    rows = {row["name"]: row for row in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]}

    def parents(name: str) -> list[str]:
        value = rows[name].get("inherits", [])
        return [value] if isinstance(value, str) else value

    def compiler(name: str) -> str | None:
        variables = rows[name].get("cacheVariables", {})
        if "CMAKE_C_COMPILER" in variables:
            return variables["CMAKE_C_COMPILER"] or ""
        return next((found for parent in parents(name) if (found := compiler(parent)) is not None), None)

    def ancestors(name: str) -> frozenset[str]:
        return frozenset(parents(name)).union(*map(ancestors, parents(name)))

    return {name: Preset(name, row["displayName"], compiler(name) or "", ancestors(name))
            for name, row in rows.items() if not row.get("hidden")}


PRESETS = _read()
BUILDS = {name: preset for name, preset in PRESETS.items() if "fuzz" in preset.ancestors}
"""What replays on this machine in addition to the usual build: what engines fuzz, and what each compiler makes of the library."""

MACHINES = {name: preset for name, preset in PRESETS.items() if "machine" in preset.ancestors}
"""What replays on other machines, or as if there."""


@dataclass(frozen=True)
class Setup:
    """An engine with a build: the preset that makes it, the build's name and what it sees, and how much of the time is due."""
    preset: str
    engine: type[Fuzzer]
    build: str
    sees: str
    weight: float

    @property
    def name(self) -> str:
        return f"{self.engine.name}-{self.build}"

    @property
    def what(self) -> str:
        return f"{self.engine.title}, {self.sees}"


SETUPS = [
    Setup("fuzz", LibFuzzer, "asan", "ASan+UBSan", 4),
    Setup("afl", Afl, "asan", "ASan+UBSan", 2),
    Setup("plain", LibFuzzer, "plain", "guard pages", 1),
    Setup("msan", LibFuzzer, "msan", "MSan", 1),
]
"""In the order in which a short campaign leaves them out, the last first."""
