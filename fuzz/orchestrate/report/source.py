"""The library's source, with how often each line ran when the corpus was replayed, and in which harnesses."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..record import FileCoverage, HarnessCoverage, Record
from ..tools import ROOT, shown


@dataclass
class Line:
    text: str
    count: str  # abbreviated; '' where there is no code
    letters: str  # of the harnesses that ran it
    missed: bool


def letters(names: list[str]) -> dict[str, str]:
    """A letter of each name, as near to its beginning as can be."""
    taken: dict[str, str] = {}
    for name in names:
        taken[name] = next((c for c in name + "abcdefghijklmnopqrstuvwxyz" if c not in taken.values()), "?")
    return taken


def short(count: int) -> str:
    """Four characters at most."""
    for unit in ("", "k", "M", "G"):
        if count < 1000:
            return f"{count}{unit}"
        count //= 1000
    return f"{count}T"


def _numbers(ranges: str) -> set[int]:
    numbers: set[int] = set()
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def lines_of(path: Path, name: str, file: FileCoverage, by_harness: dict[str, HarnessCoverage]) -> list[Line]:
    """A file, line by line; nothing if it is not there any more."""
    try:
        source = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    letter = letters(list(by_harness))
    ran = {letter[harness]: _numbers(c.ran.get(name, "")) for harness, c in by_harness.items()}
    counts = file.counts + [None] * (len(source) - len(file.counts))
    return [Line(shown(text), "" if count is None else short(count),
                 "" if count is None else "".join(c if number in numbers else "\u00b7" for c, numbers in ran.items()), count == 0)
            for number, (text, count) in enumerate(zip(source, counts), 1)]


def sources(record: Record) -> dict[str, list[Line]]:
    """Each measured file of the library that was tested."""
    lib = ROOT / record.lib
    return {name: lines_of(lib / name, name, file, record.coverage_by_harness) for name, file in record.coverage.items()}
