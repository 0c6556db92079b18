"""What is left: an estimate of the chance that the next input shows a behaviour that none has shown.

Good and Turing: of n inputs, the chance that one more shows something new is about f1 / n, f1 being
the number of behaviours that exactly one input has shown (for fuzzing: Böhme, STADS). A behaviour
is an operation's answer together with the one before it; see fuzz/machine/behaviours.h.
"""
from __future__ import annotations

from pathlib import Path


class Residual:
    """Counts of one harness, added up over its processes. They last for one night, in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.counts: dict[str, dict[str, int]] = {}
        self.inputs: dict[str, int] = {}
        self.next_number = 0
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.counts")):  # of a campaign that goes on
            self._add(path.name.split(".")[0], path)
            self.next_number += 1

    def new_file(self, harness: str) -> Path:
        """Where the next process of a harness is to write its counts."""
        self.next_number += 1
        return self.folder / f"{harness}.{self.next_number}.counts"

    def take_in(self, harness: str, path: Path) -> tuple[int, int, int] | None:
        """Add the counts of a process that has ended. Returns: inputs, behaviours seen, behaviours
        seen once; None when it left none."""
        if not path.exists() or not self._add(harness, path):
            return None
        counts = self.counts[harness]
        return self.inputs[harness], len(counts), sum(1 for count in counts.values() if count == 1)

    def _add(self, harness: str, path: Path) -> bool:
        try:
            lines = [line.split() for line in path.read_text().splitlines()]
            inputs = int(lines[0][1])
            pairs = [(slot, int(count)) for slot, count in lines[1:]]
        except (OSError, ValueError, IndexError):
            return False  # it was killed while it wrote
        counts = self.counts.setdefault(harness, {})
        for slot, count in pairs:
            counts[slot] = counts.get(slot, 0) + count
        self.inputs[harness] = self.inputs.get(harness, 0) + inputs
        return True


def chance(point: dict) -> float:
    """Of one more input to show something new. The rule of three, where nothing was seen only once."""
    if point["inputs"] == 0:
        return 1.0
    return (point["once"] or 3) / point["inputs"]
