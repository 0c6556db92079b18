"""All checks of a change, the cheap ones first."""
from __future__ import annotations

import fcntl
import functools
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..tools import ToolError
from . import cost, evidence, lines, weakened
from .builds import Broken, Workshop
from .change import Change
from .others import others
from .registered import registered
from .said import Said

WHAT = {
    "declared": "what the commits declare is well-formed, and needed",
    "contract": "a rule that reads otherwise is declared",
    "rules": "a new rule has a planted bug",
    **dict.fromkeys(weakened.CHECKS, ""),
    "deleted": "no test, saved input or planted bug goes",
    "floors": "no floor is lower, no list of exceptions longer",
    "checks": "no check, assertion or expected value goes or changes",
    "skips": "nothing is skipped or left to slow runs",
    "suppressions": "no report is suppressed",
    "limits": "no time or bound is raised",
    "proof-text": "no promise of the proof goes, and nothing more is taken for granted",
    "judge": "what judges is as it was",
    "registered": "CTest knows the tests that it knew, and asks them for as much",
    "configurations": "some build compiles each changed line",
    "promises": "compilers make of the library what its headers promise",
    "size": "code and stack do not grow",
    "builds": "BASE and the change build",
    "corpora": "all saved inputs run clean, by model and oracle",
    "units": "all unit tests pass",
    "cross": "BASE's judges accept the new library, and the new judges BASE's",
    "fix": "what is said to be fixed fails before, and passes after",
    "flaky": "new tests and inputs answer the same each time",
    "vacuous": "new unit tests can fail",
    "coverage": "the saved corpora alone reach the changed lines, and both sides of their conditions",
    "drawn": "fuzzing from nothing calls what it called",
    "neighbours": "programs near regressions, and a short fuzz of what reaches the change, run clean",
    "instructions": "a fixed program takes no more instructions",
    "defects": "planted bugs are caught",
    "mutants": "each mutant of the changed lines dies",
    "proof": "changed functions that are proved, and their callers, are proved again",
    "others": "tests that run what else differs pass",
}
NAMES = list(WHAT)


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
    contract, moved = weakened.contract(change)
    rules, bugs = weakened.bugs_for_new_rules(change)

    def declared() -> Said:
        return Said(list(change.malformed), notes=[str(one) for one in change.declarations])

    def need(check: Callable[[], Said], clean: bool = False) -> Callable[[], Said]:
        """What needs both builds says nothing more where one is broken; `clean`: nor where saved inputs break."""
        def run() -> Said:
            broken = builds()
            if broken.refusals or broken.unable:
                return Said(skipped="it does not build")
            if clean and any(row.name == "corpora" and row.said.refusals for row in report.rows):
                return Said(skipped="saved inputs break")
            return check()
        return run

    @functools.cache
    def builds() -> Said:
        return evidence.builds(change, trees)

    checks: dict[str, Callable[[], Said]] = {
        "declared": declared, "contract": lambda: contract, "rules": lambda: rules,
        **{name: functools.partial(weakened.look, change, name) for name in weakened.CHECKS},
        "registered": lambda: registered(change, trees),
        "configurations": lambda: lines.configurations(change, trees),
        "promises": lambda: lines.promises(change, trees),
        "size": lambda: cost.size(change, trees),
        "builds": builds,
        "corpora": need(lambda: evidence.corpora(change, trees)),
        "units": need(lambda: evidence.units(change, trees)),
        "cross": need(lambda: evidence.cross(change, trees, moved)),
        "fix": need(lambda: evidence.fix(change, trees)),
        "flaky": need(lambda: evidence.flaky(change, trees)),
        "vacuous": need(lambda: evidence.vacuous(change, trees)),
        "coverage": need(lambda: lines.covered(change, trees), clean=True),
        "drawn": need(lambda: evidence.drawn(change, trees)),
        "neighbours": need(lambda: evidence.neighbours(change, trees, lines.reached_by(change, trees) if change.library and not change.testbed else None)),
        "instructions": lambda: cost.instructions(change, trees),
        "defects": need(lambda: evidence.defects(change, trees, bugs), clean=True),
        "mutants": need(lambda: lines.mutants(change, trees), clean=True),
        "proof": lambda: cost.proof(change, trees),
        "others": lambda: others(change, trees),
    }
    for name in NAMES:
        if name not in names:
            continue
        began, spent = time.monotonic(), processor()
        try:
            said = checks[name]()
        except Broken as broken:
            said = Said(unable=str(broken))
        except ToolError as problem:
            said = Said(unable=str(problem).strip().splitlines()[0])
        row = Row(name, said, time.monotonic() - began, processor() - spent)
        report.rows.append(row)
        print(f"gate: {name}: {said.verdict}, {row.seconds:.0f} s", file=sys.stderr, flush=True)
        if first and said.refusals:
            break
    if len(report.rows) == len(NAMES):
        idle = [one for one in change.declarations if one not in change.used]
        report.rows[0].said.notes += [f"declared, and not needed: {one}" for one in idle]
    return report
