"""What is left: an estimate of the chance that the next input shows a behaviour that none has shown.

Good and Turing: of n inputs, the chance that one more shows something new is about f1 / n, f1 being
the number of behaviours that exactly one input has shown (for fuzzing: Böhme, STADS). A behaviour
is an operation's answer together with the one before it; see fuzz/machine/behaviours.h.
"""
from __future__ import annotations

from collections import Counter
from pathlib import Path

from .record import Residual


class Behaviours:
    """Counts of each harness, added up over its processes. They last for one night, in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.counts: dict[str, Counter[str]] = {}
        self.inputs: Counter[str] = Counter()
        self.files = 0
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.counts")):  # of a campaign that goes on
            self._add(path.name.split(".")[0], path)
            self.files += 1

    def new_file(self, harness: str) -> Path:
        """Where the next process of a harness is to write its counts."""
        self.files += 1
        return self.folder / f"{harness}.{self.files}.counts"

    def take_in(self, harness: str, path: Path, at_s: float) -> Residual | None:
        """Add the counts of a process that has ended. Returns: what remains then; None if it left no counts."""
        if not self._add(harness, path):
            return None
        counts = self.counts[harness]
        return Residual(harness, round(at_s, 1), self.inputs[harness], len(counts), sum(count == 1 for count in counts.values()))

    def _add(self, harness: str, path: Path) -> bool:
        try:
            lines = [line.split() for line in path.read_text().splitlines()]
            inputs = int(lines[0][1])
            pairs = {slot: int(count) for slot, count in lines[1:]}
        except (OSError, ValueError, IndexError):
            return False  # it was killed while it wrote
        self.counts.setdefault(harness, Counter()).update(pairs)
        self.inputs[harness] += inputs
        return True
