"""The builds of the testbed: presets of CMakePresets.json, which says by inheritance what each is for; and which engine
fuzzes which of them."""
from __future__ import annotations

import json
from dataclasses import dataclass

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
"""What replays on this machine besides the usual build: what engines fuzz, and what each compiler makes of the library."""

MACHINES = {name: preset for name, preset in PRESETS.items() if "machine" in preset.ancestors}
"""What replays on other machines, or as if there."""


@dataclass(frozen=True)
class Setup:
    """An engine with a build: the preset that makes it, how much of the time is its due, and its words."""
    name: str
    preset: str
    engine: str
    build: str
    weight: float
    what: str


SETUPS = [
    Setup("libfuzzer-asan", "fuzz", "libfuzzer", "asan", 4, "libFuzzer, ASan+UBSan"),
    Setup("afl-asan", "afl", "afl", "asan", 2, "AFL++, ASan+UBSan"),
    Setup("libfuzzer-plain", "plain", "libfuzzer", "plain", 1, "libFuzzer, guard pages"),
    Setup("libfuzzer-msan", "msan", "libfuzzer", "msan", 1, "libFuzzer, MSan"),
]
"""In the order in which a short campaign leaves them out, the last first."""
