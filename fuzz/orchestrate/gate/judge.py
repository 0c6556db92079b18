"""All checks of a change, the cheap ones first."""
from __future__ import annotations

import fcntl
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..tools import ToolError
from . import cost, evidence, lines, weakened
from .builds import Workshop
from .change import Change
from .others import others
from .registered import registered
from .said import REFUSED, UNABLE, Said

@dataclass(frozen=True)
class Check:
    """What it asks, and who says so."""
    what: str
    answer: Callable[[Change, Workshop], Said]
    builds: bool = False
    """It says nothing where a state does not build."""
    clean: bool = False
    """Nor where saved inputs break."""


def _of_text(what: str, find: Callable[[Change], list[weakened.Finding]]) -> Check:
    return Check(what, lambda change, trees: weakened.look(change, find(change)))


CHECKS = {
    "declared": Check("what the commits declare is well-formed, and needed",
                      lambda change, trees: Said(list(change.malformed), notes=[str(one) for one in change.declarations])),
    "contract": Check("a rule that reads otherwise is declared", lambda change, trees: weakened.contract(change)[0]),
    "rules": Check("a new rule has a planted bug", lambda change, trees: weakened.bugs_for_new_rules(change)[0]),
    "deleted": _of_text("no test, saved input or planted bug goes", weakened.deleted),
    "floors": _of_text("no floor is lower, no list of exceptions longer", weakened.floors),
    "checks": _of_text("no check, assertion or expected value goes or changes", weakened.checks),
    "skips": _of_text("nothing is skipped or left to slow runs", weakened.skips),
    "suppressions": _of_text("no report is suppressed", weakened.suppressions),
    "limits": _of_text("no time or bound is raised", weakened.limits),
    "proof-text": _of_text("no promise of the proof goes, and nothing more is taken for granted", weakened.proof_text),
    "judge": _of_text("what judges is as it was", weakened.judge),
    "registered": Check("CTest knows the tests that it knew, and asks them for as much", registered),
    "configurations": Check("some build compiles each changed line", lines.configurations),
    "promises": Check("compilers make of the library what its headers promise", lines.promises),
    "size": Check("code and stack do not grow", cost.size),
    "builds": Check("BASE and the change build", evidence.builds),
    "corpora": Check("all saved inputs run clean, by model and oracle", evidence.corpora, builds=True),
    "units": Check("all unit tests pass", evidence.units, builds=True),
    "cross": Check("BASE's judges accept the new library, and the new judges BASE's", evidence.cross, builds=True),
    "fix": Check("what is said to be fixed fails before, and passes after", evidence.fix, builds=True),
    "flaky": Check("new tests and inputs answer the same each time", evidence.flaky, builds=True),
    "vacuous": Check("new unit tests can fail", evidence.vacuous, builds=True),
    "coverage": Check("the saved corpora alone reach the changed lines, and both sides of their conditions", lines.covered, builds=True, clean=True),
    "drawn": Check("fuzzing from nothing calls what it called", evidence.drawn, builds=True),
    "neighbours": Check("programs near regressions, and a short fuzz of what reaches the change, run clean", evidence.neighbours, builds=True),
    "instructions": Check("a fixed program takes no more instructions", cost.instructions),
    "defects": Check("planted bugs are caught", evidence.defects, builds=True, clean=True),
    "mutants": Check("each mutant of the changed lines dies", lines.mutants, builds=True, clean=True),
    "proof": Check("changed functions that are proved, and their callers, are proved again", cost.proof),
    "others": Check("tests that run what else differs pass", others),
}
NAMES = list(CHECKS)


@dataclass
class Row:
    name: str
    said: Said
    seconds: float
    cpu_s: float


@dataclass
class Report:
    base: str
    head: str
    what: str
    subjects: list[str]
    files: int
    rows: list[Row] = field(default_factory=list)


def processor() -> float:
    mine, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime


def judge(repository: Path, base: str, folder: Path, *, worktree: bool = False, message: str = "", only: list[str] | None = None,
          first: bool = False) -> Report:
    """`first`: up to the first check that refuses. Raises ToolError where the change cannot be judged at all."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two judgements at once would share the trees
        return _judge(Change(repository, base, folder, worktree, message), only or NAMES, first)


def _judge(change: Change, names: list[str], first: bool) -> Report:
    trees = Workshop(change)
    report = Report(change.base, change.head, "the working tree" if change.worktree else "HEAD", change.subjects, len(change.files))
    for name, check in CHECKS.items():
        if name not in names:
            continue
        began, spent = time.monotonic(), processor()
        try:
            idle = _why_idle(check, change, trees, report.rows)
            said = Said(skipped=idle) if idle else check.answer(change, trees)  # the page has the reason; what it waits for is red
        except ToolError as problem:
            said = Said(unable=str(problem).strip().splitlines()[0])
        row = Row(name, said, time.monotonic() - began, processor() - spent)
        report.rows.append(row)
        print(f"gate: {name}: {said.verdict}, {row.seconds:.0f} s", file=sys.stderr, flush=True)
        if first and said.refusals:
            break
    if len(report.rows) == len(CHECKS):
        report.rows[0].said.notes += [f"declared, and not needed: {one}" for one in change.declarations if one not in change.used]
    return report


def _why_idle(check: Check, change: Change, trees: Workshop, rows: list[Row]) -> str:
    """Why a check has nothing to say; '' if it has."""
    if check.builds and evidence.builds(change, trees).verdict in (REFUSED, UNABLE):
        return "it does not build"
    if check.clean and any(row.name == "corpora" and row.said.refusals for row in rows):
        return "saved inputs break"
    return ""
