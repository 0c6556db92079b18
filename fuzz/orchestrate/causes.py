"""Likely causes: suspects for the findings of a night, and which findings have one cause. Identities stay what is exact: minimiser,
bisection, regression tests.
"""
from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from .bundle import Bundles
from .parts import parts_of
from .record import STATUSES, Finding, Group, Suspect
from .suspects import SECONDS, Opinion, Switched, cured_by, examine, switched, told
from .tools import ToolError

IN_ALL_S = 90
"""Of the processor, to rank the suspects of all findings of a night: of more than twenty, each has less."""
MOST_FINDINGS = 60
"""In a night that have suspects: the library is more broken than a list of lines can say."""

ALIKE = 0.75
"""Cosine of two findings' suspect functions, from which on they have one cause, if no cure decides."""
SURE, TIE = 0.5, 0.9
"""The score of a suspect that a change of the library speaks for; below it, the share of the best score that is as good."""
AT_ONCE = re.compile(r" kind=(access|window|double-fetch|asan-|ubsan-|msan-)")
MOST_TELLING = ("new", "regressed", "known", "not asked tonight", "not shown tonight", "damaged")
assert sorted(MOST_TELLING) == sorted(STATUSES)


def weights(suspects: Sequence[Suspect]) -> dict[str, float]:
    """Of each function, what its most suspect line has."""
    found: dict[str, float] = {}
    for one in suspects:
        found[one.function] = max(found.get(one.function, 0.0), one.score)
    return found


def cosine(one: dict[str, float], two: dict[str, float]) -> float:
    product = sum(weight * two.get(name, 0.0) for name, weight in one.items())
    size = math.sqrt(sum(w * w for w in one.values()) * sum(w * w for w in two.values()))
    return product / size if size else 0.0


def most_suspect(finding: Finding) -> set[str]:
    """The function; all of about the same weight, where nothing speaks for one of them."""
    found = weights(finding.suspects)
    best = max(found.values(), default=0.0)
    least = best if best >= SURE else TIE * best
    return {name for name, weight in found.items() if weight >= least}


def stopped_at(finding: Finding) -> tuple[str, ...]:
    """Which check did not let the library go on, and at which line; () where one compares what was done. The library's own checks
    come late, so that suspects know more, if there are any."""
    parts = parts_of(finding.explanation)
    if not parts.stack:
        return ()
    if AT_ONCE.search(finding.identity):
        return finding.identity.split(" op=")[0], parts.stack[0]
    return (parts.actual, parts.stack[0]) if " kind=panic " in finding.identity and not finding.suspects else ()


def look_alike(one: Finding, two: Finding) -> bool:
    """Whether the same check stopped both at the same line; or they suspect the same function, and the same code around it or by
    the same check."""
    if stopped_at(one) and stopped_at(one) == stopped_at(two):
        return True
    is_same_check = one.identity.split(" op=")[0] == two.identity.split(" op=")[0]
    is_same_function = not most_suspect(one).isdisjoint(most_suspect(two))
    return is_same_function and (is_same_check or cosine(weights(one.suspects), weights(two.suspects)) >= ALIKE)


def status_of(members: Sequence[Finding]) -> str:
    """A cause is new if all that it shows is; known as soon as one of its findings is."""
    statuses = {finding.status for finding in members}
    seen = statuses & {"known", "regressed"}
    if seen:
        return "known" if "known" in seen else "regressed"
    return next(status for status in MOST_TELLING if status in statuses)


def best_first(members: Sequence[Finding]) -> list[Finding]:
    """The one that explains the cause best: that knows its suspects best, by the shortest program."""
    return sorted(members, key=lambda f: (-(round(f.suspects[0].score, 1) if f.suspects else -1), f.operations, f.identity))


def grouped(findings: Sequence[Finding], shared: set[tuple[str, str]] | None = None) -> list[Group]:
    """Groups, the largest first. `shared` are pairs of identities that one change of the library undoes, and of which that is
    therefore known; where a finding is in no such pair, its suspects say."""
    pairs = {frozenset(pair) for pair in shared or ()}
    causes: list[list[Finding]] = []
    for finding in findings:
        joined = [cause for cause in causes if any(
            frozenset((finding.identity, other.identity)) in pairs or
            look_alike(finding, other) for other in cause)]
        causes = [cause for cause in causes if cause not in joined] + [[*(f for cause in joined for f in cause), finding]]
    made = []
    for cause in causes:
        members = best_first(cause)
        first = members[0].suspects[:1]
        made.append(Group([f.identity for f in members], status_of(members), f"{first[0].file}:{first[0].line}" if first else ""))
    return sorted(made, key=lambda g: (-len(g.findings), g.findings))


# ---- Of a night ----

def seconds_each(findings: int) -> float:
    return min(SECONDS, IN_ALL_S / max(1, min(findings, MOST_FINDINGS)))


def name_suspects(bundles: Bundles, findings: Sequence[Finding], lib: Path) -> set[tuple[str, str]]:
    """Put suspects into findings, or why there are none. Returns: pairs of identities that one change of the library undoes."""
    try:
        library = switched(lib)
    except ToolError as error:
        take_in(bundles, findings, Opinion(none_since=f"the library with switches could not be built: {str(error).splitlines()[0]}"))
        return set()
    opinions: dict[str, Opinion] = {}
    for place, finding in enumerate(findings):
        left_out = f"more than {MOST_FINDINGS} findings tonight: fix some first" if place >= MOST_FINDINGS else ""
        try:
            opinion = opinions[finding.identity] = examine(bundles.of(finding), library, left_out, seconds_each(len(findings)))
        except ToolError as error:
            opinion = Opinion(none_since=str(error))
        take_in(bundles, [finding], opinion)
    return one_cause(library, opinions)


def take_in(bundles: Bundles, findings: Sequence[Finding], opinion: Opinion) -> None:
    for finding in findings:
        is_told = bool(finding.suspects or finding.no_suspects)  # in an earlier night
        if is_told and (opinion.none_since or finding.suspects):
            continue
        before = f"\n{told(Opinion(none_since=finding.no_suspects))}" if is_told else ""
        finding.suspects, finding.no_suspects, finding.first_wrong = opinion.suspects, opinion.none_since, opinion.first_wrong
        bundles.tell(finding, f"\n{told(opinion)}", before)


def one_cause(library: Switched, opinions: dict[str, Opinion]) -> set[tuple[str, str]]:
    """Pairs of which a strong cure of one undoes the other's bug, too."""
    cures = [cure for each in zip_longest(*(opinion.cures for opinion in opinions.values())) for cure in each if cure]  # if time is short
    pairs = set()
    for identity, opinion in opinions.items():
        if len(opinions) > 1 and cures and opinion.program:
            undone = cured_by(library, opinion.program, list(dict.fromkeys(cures)))
            pairs |= {(identity, other) for other, theirs in opinions.items() if other != identity and undone & set(theirs.cures)}
    return pairs
