"""The folder of a campaign: where what is, and who is at work there. fuzz/OUTPUT.md describes it."""
from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
from pathlib import Path
from typing import IO

from .engine import Fuzzer
from .builds import SETUPS
from .tools import ToolError, shown

NO_FINDS = ("empty", "one")
"""Inputs of a corpus that engines want there."""


class Folder:
    """Paths below --out."""

    def __init__(self, out: Path):
        self.out = out
        self.findings, self.report, self.rings = out / "findings", out / "report", out / "rings"
        self.status = out / "status.json"

    def corpus(self, harness: str) -> Path:
        return self.out / "corpus" / harness

    def inputs(self, harness: str) -> list[Path]:
        return sorted(path for path in self.corpus(harness).iterdir() if path.name not in NO_FINDS)

    def kept(self, engine: type[Fuzzer], harness: str) -> Path:
        return self.out / engine.kept_in / harness

    def artefacts(self) -> list[tuple[str, type[Fuzzer], Path]]:
        """What engines have kept since it broke something: harness, engine, file."""
        return [(folder.name, engine, path) for engine in dict.fromkeys(setup.engine for setup in SETUPS)
                for folder in sorted(self.out.glob(f"{engine.kept_in}/*"))
                for pattern in engine.left for path in sorted(folder.glob(pattern))]

    def key(self, path: Path) -> str:
        """A file of the folder, for the store."""
        return shown(path.relative_to(self.out))

    def lock(self) -> IO[str]:
        """One campaign per folder. Returns: the lock, held while it is referenced."""
        handle = open(self.out / ".lock", "w")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ToolError(f"{self.out}: another campaign is running in this folder") from error
        return handle

    def left_by_nights(self) -> list[str]:
        """What shows that there was a night; a report of one that did not begin does not."""
        left = ["status.json"] if self.status.exists() else []
        with contextlib.suppress(OSError, ValueError, AttributeError):
            left += ["report"] if json.loads((self.report / "campaign.json").read_text()).get("night") else []
        with contextlib.suppress(OSError):
            left += ["findings"] if any(self.findings.iterdir()) else []
        return left

    def put_halves_right(self) -> None:
        """Of a campaign that was killed: bundles that took another's place, and such as are not whole."""
        for path in self.findings.glob(".*"):
            whole = path.with_name(path.name[1:].removesuffix(".old"))
            if path.name.endswith(".old") and not whole.exists():
                path.rename(whole)  # another was to take its place
            shutil.rmtree(path, ignore_errors=True)  # a half: its input is still in artefacts
