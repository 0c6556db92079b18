"""What each rule of lib/CONTRACT.md rests on: a row for each, a cell for each kind of evidence.

`tests/evidence/run` makes tests/evidence/evidence.json of what the repository has. A campaign reads it, and puts what it
measured itself in its place. The file is the floor, too: no cell may get worse.
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated

from . import coverage
from .facts import Wrong, typed
from .record import EVIDENCE_STATES, Canary, EvidenceCell, EvidenceRow, FileCoverage, Record
from .tools import ROOT, ToolError

FILE = ROOT / "tests/evidence/evidence.json"
SCHEMA = 1


@dataclass
class Evidence:
    schema: Annotated[int, (SCHEMA,)] = SCHEMA
    rows: Annotated[list[EvidenceRow], "of each rule, in the order of lib/CONTRACT.md"] = field(default_factory=list)


def cells(row: EvidenceRow) -> dict[str, EvidenceCell]:
    """By the names of EvidenceRow."""
    return {part.name: getattr(row, part.name) for part in fields(EvidenceRow) if part.name not in ("rule", "text")}


def read() -> Evidence:
    """What was committed."""
    try:
        return typed(Evidence, json.loads(FILE.read_text()))
    except (OSError, ValueError, Wrong) as error:
        raise ToolError(f"{FILE.relative_to(ROOT)}: cannot be read: {error} (tests/evidence/run --update writes it)") from error


SHORT = {"partly": "partly", "stale": "stale", "not measured": "?", "empty": "\N{EN DASH}"}


def short(name: str, cell: EvidenceCell) -> str:
    """A cell in a table."""
    if cell.state in SHORT:
        return SHORT[cell.state]
    if name == "mcdc":
        return f"{cell.figures['conditions']:.0f}"
    if name == "mutants":
        return f"{min(cell.counts.values()) / 10:.0f}%"
    times = [seconds for figure, seconds in cell.figures.items() if figure.startswith("longest with")]
    return f"{max(cell.counts.values())}" + (f", {max(times):.1f} s" if times else "")


def worse(floor: Iterable[EvidenceRow], now: Iterable[EvidenceRow]) -> list[str]:
    """Each cell that got worse, as RULE CELL: how."""
    rows, found = {row.rule: row for row in now}, []
    for row in floor:
        if row.rule not in rows:
            found.append(f"{row.rule}: has no row any more")
            continue
        here = cells(rows[row.rule])
        for name, cell in cells(row).items():
            found += [f"{row.rule} {name}: {how}" for how in _worse(cell, here[name])]
    return found


def _worse(before: EvidenceCell, now: EvidenceCell) -> list[str]:
    if EVIDENCE_STATES.index(now.state) > EVIDENCE_STATES.index(before.state):
        return [f"was {before.state}, is {now.state}: {now.why}"]
    return ([f"{name}: {now.counts.get(name, 0)}, were {count}" for name, count in before.counts.items() if now.counts.get(name, 0) < count]
            + [f"{name}: {count}, were {before.faults.get(name, 0)}" for name, count in now.faults.items() if count > before.faults.get(name, 0)])


# ---- What a campaign measures itself ----

UNDECIDED = "conditions not shown to decide"


def mcdc(functions: Iterable[str], files: Mapping[str, FileCoverage], argued: set[tuple[str, str]], source: str) -> EvidenceCell:
    """Of functions, each as FILE: NAME. Argued: as coverage.named_exceptions() has them."""
    total, missed, known = 0, [], 0
    excused = {(file, code.split(": ", 1)[-1]) for file, code in argued}
    for place in functions:
        file, name = place.split(": ")
        if file not in files:
            continue
        total += files[file].conditions.get(name, 0)
        for function, code in files[file].undecided:
            if function == name:
                missed.append(f"{place}: {code}")
                known += (file, code) in excused or (file, f"{name}()") in excused
    if total == 0:
        return EvidenceCell("empty", source, "its functions have no conditions that are compiled" if functions else "it has no functions")
    left = len(missed) - known
    return EvidenceCell("partly" if left else "shown", source, f"{left} of {total} conditions are not shown to decide" if left else "",
                faults={UNDECIDED: left}, figures={"conditions": total, "argued to have one value": known}, items=missed)


def with_canaries(cell: EvidenceCell, canaries: Iterable[Canary]) -> EvidenceCell:
    """Of planted bugs, with those of this night."""
    mine = [canary for canary in canaries if canary.id in cell.items]
    found = [canary.seconds for canary in mine if canary.seconds is not None]
    missed = len([canary for canary in mine if canary.why])
    if not mine:
        return cell
    return replace(cell, source=f"{cell.source}; tonight", faults=cell.faults | {"missed tonight": missed},
                   figures=cell.figures | {"tried tonight": float(len(mine))} | ({"longest tonight, s": max(found)} if found else {}))


def of_night(record: Record, whole: bool) -> tuple[list[EvidenceRow], list[str]]:
    """Returns: what was committed, with what this night measured in its place; and what got worse, if the night is one that
    may lose nothing."""
    floor = read().rows
    argued = coverage.named_exceptions()
    rows = [replace(row, mcdc=mcdc(row.functions.items, record.coverage, argued, "tonight") if record.coverage else row.mcdc,
                    planted=with_canaries(row.planted, record.canaries)) for row in floor]
    return rows, worse(floor, rows) if whole else []
