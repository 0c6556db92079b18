"""Suspects: the lines and functions of the library most likely at fault for a finding, ranked.

procbuf-suspects runs the finding's program, programs near it, and the saved ones on a copy of the library with switches
(switches.py). Two things make a line suspect, the first far more than the second:

- a small change of it undoes the bug, in that program and those that break alike, while those that pass go on to pass;
- the calls that fail reach it, and those that pass do not (Ochiai).
"""
from __future__ import annotations

import hashlib
import json
import math
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .bundle import read_finding, read_record
from .functions import PLAIN_COMMENT, functions_in
from .mutants import SELF_CHECKS
from .parts import parts_of
from .record import Suspect
from .switches import ADDED, CHANGED, GUARDED, JOINED, MOVED, VARIANTS, WANTED, Site, rewrite
from .tools import CORPUS, ROOT, ToolError, build_with, run

SECONDS, TRY_SECONDS = 4.5, 0.5
"""Of the processor, for a finding: to rank its suspects, and to try on it what undoes others."""
TIMEOUT_S = 600
"""However busy the machine."""
MOST = 10
"""Lines that are kept of a finding."""
SHOWN = 5
WITHOUT_NAMES = {"ASAN_OPTIONS": "symbolize=0", "UBSAN_OPTIONS": "symbolize=0"}
TOO_LONG = ("hang", "oom", "slow")

# What the evidence is worth. Chosen with half of the planted bugs (tests/defects/suspects.py).
FAILING_POWER, PASSING_POWER = 2, 6
"""A cure that breaks what passes is none."""
OF_OTHERS, OUTSIDE = 0.3, 0.7
HOW = {CHANGED: 1, JOINED: 0.97, MOVED: 0.97, ADDED: 0.95, GUARDED: 0.9}
"""The more ways there are, the more of them undo any bug."""
STRONG, NEARLY = 0.5, 0.8
DOUBT = 3
CHECKS = 0.5
NAMED = 2.0
OF_REACH = 0.3
"""Of a panic that the report expects: it undoes the bug wherever the operation comes."""
ON_THE_WAY, DEEPER, AT_LINE = 0.05, 0.3, 0.02
"""Of where the library was when a check stopped it."""
OCHIAI, ANY, LATE, CHANGES, MANIFOLD = 0.1, 0.5, 0.02, 0.02, 0.03
BUSY, MANY = 0.02, 12
"""A function that does this much in the call that fails; one that only hands on is seldom at fault."""


@dataclass
class Switched:
    """A build of a library with switches."""
    program: Path
    lib: Path
    sites: dict[int, Site]


@dataclass
class Opinion:
    """What is known of a finding: its suspects, or why there are none; and where state was wrong first, if that is earlier."""
    suspects: list[Suspect] = field(default_factory=list)
    none_since: str = ""
    first_wrong: str = ""
    cures: list[tuple[int, int]] = field(default_factory=list)
    """The strong ones, as site and variant, the best first."""
    program: Path | None = None
    """That shows it each time, and soon: what undoes others can be tried on it."""


def switched(lib: Path) -> Switched:
    """Build it, where that is to be done."""
    name = "suspects" if lib == ROOT / "lib" else f"suspects-{hashlib.sha1(str(lib).encode()).hexdigest()[:10]}"
    folder = ROOT / "build" / name / "switched"
    sites = rewrite(lib, folder)
    built = build_with(name, [], folder, "procbuf-suspects", preset="suspects")
    return Switched(built.tool("procbuf-suspects"), lib, {site.number: site for site in sites})


def measure(library: Switched, program: Path, near: Sequence[Path], seconds: float = SECONDS) -> dict:
    """What procbuf-suspects says of a program."""
    done = run([library.program, "--seconds", seconds, program, *near], environment=WITHOUT_NAMES, timeout=TIMEOUT_S)
    if done.returncode != 0:
        raise ToolError(done.stderr.strip() or f"procbuf-suspects ended with status {done.returncode}")
    return json.loads(done.stdout)


# ---- Ranking ----

def ochiai(by_failing: int, by_passing: int, failing: int) -> float:
    return by_failing / math.sqrt(failing * (by_failing + by_passing)) if by_failing else 0.0


def _self_checks(sites: dict[int, Site]) -> set[str]:
    """Functions with which the library checks itself: each call reaches them, and seldom is one at fault."""
    names: set[str] = set()
    for site in sites.values():
        if site.text.startswith(SELF_CHECKS):
            names.update(re.findall(r"\b(\w+)\(", site.text))
            names.update(f"procbuf_{kind}_is_valid" for kind in re.findall(r"^\w+\((\w+),", site.text))
    return names


def _spectrum(sites: dict[int, Site], measured: dict) -> dict[int, float]:
    """Of each site, how much more the calls that fail reach it, or decide it in one way, than those that pass; and how much there
    is at it that can be wrong."""
    failing = measured["near"]["failing"] + 1
    latest = max((row[4] for row in measured["sites"]), default=1) or 1
    found: dict[int, float] = {}
    checks = _self_checks(sites)
    done = Counter(sites[number].function for number in {row[0] for row in measured["sites"] if row[3]})
    for number, _, _, in_call, last, by_failing, by_passing, changes, by_any, _ in measured["sites"]:
        weight = OCHIAI * (ochiai(by_failing, by_passing, failing) + ANY * ochiai(by_failing, by_any, failing)) + CHANGES * min(1, changes / 8)
        weight = weight + LATE * last / latest if in_call else weight / 2
        weight += MANIFOLD * min(1, len(sites[number].variants) / 30) + BUSY * min(1, done[sites[number].function] / MANY)
        if sites[number].function in checks or sites[number].text.startswith(SELF_CHECKS):
            weight *= CHECKS
        found[number] = max(found.get(number, 0), weight)
    return found


def _worth(cure: list) -> float:
    """From 0 to 1, of a change that undoes the bug in the finding's program."""
    _, _, _, failing, of_failing, passing, of_passing, others, of_others = cure
    worth = ((failing + 1) / (of_failing + 1)) ** FAILING_POWER * ((passing + 1) / (of_passing + 1)) ** PASSING_POWER
    worth *= 1 - OF_OTHERS + OF_OTHERS * (others + 1) / (of_others + 1)
    return worth * (of_passing + 1) / (of_passing + DOUBT)  # time may have been up before they ran


def _is_wanted(cure: list) -> bool:
    return bool(cure[1] % VARIANTS == WANTED)


def _wanted(sites: dict[int, Site], measured: dict) -> dict[tuple[str, str], float]:
    """Of panics that the report expects, the best worth, by function and condition: what is first of a function, and where failing
    calls come more than others, is likelier."""
    failing = measured["near"]["failing"] + 1
    reach = {row[0]: ochiai(row[5], row[8], failing) for row in measured["sites"] if row[1] == 0}
    found: dict[tuple[str, str], float] = {}
    for cure in filter(_is_wanted, measured["cures"]):
        key = sites[cure[0]].function, sites[cure[0]].variant(cure[1]).said
        found[key] = max(found.get(key, 0), _worth(cure) * (1 - OF_REACH + OF_REACH * reach.get(cure[0], 0)))
    return found


def _on_the_way(report: str, checks: set[str]) -> tuple[dict[str, float], set[str]]:
    """Of the functions in which the library was when it was stopped, the innermost most; and the lines that they had come to."""
    stack = [frame.rstrip(")").split(" (") for frame in parts_of(report).stack]
    frames = [(function, place) for function, place in stack if function not in checks]
    found: dict[str, float] = {}
    for depth, (function, _) in enumerate(frames):
        found.setdefault(function, ON_THE_WAY / (1 + DEEPER * depth))
    return found, {place for _, place in frames}


def rank(sites: dict[int, Site], measured: dict, report: str = "") -> list[Suspect]:
    """Lines of the library, the most suspect first. `report`: with its explanation."""
    spectrum = _spectrum(sites, measured)
    on_the_way, places = _on_the_way(report, _self_checks(sites))
    looks = {entry[0] for entry in measured["sites"] if entry[9]} - {entry[0] for entry in measured["sites"] if entry[2]}
    lines: dict[tuple[str, int], Suspect] = {}

    def suspect(file: str, line: int, function: str, score: float, why: str) -> None:
        known = lines.get((file, line))
        if known is None or known.score < score:
            lines[file, line] = Suspect(f"lib/{file}", line, function, round(score, 4), why)

    for number, weight in spectrum.items():
        site = sites[number]
        for line in range(site.line, site.last_line + 1):
            more = on_the_way.get(site.function, 0) + AT_LINE * (f"{site.file.rsplit('/', 1)[-1]}:{line}" in places)
            suspect(site.file, line, site.function, weight + (1 - weight) * more, "")
    wanted = _wanted(sites, measured)
    for cure in measured["cures"]:
        site = sites[cure[0]]
        variant = site.variant(cure[1])
        worth = wanted[site.function, variant.said] if _is_wanted(cure) else _worth(cure)
        worth *= HOW[variant.how] * (OUTSIDE if cure[0] in looks else 1)
        why = f"not the bug with{', before it' * (site.kind == 'before')}: {variant.said}"
        suspect(site.file, variant.line, site.function, worth + (1 - worth) * spectrum.get(cure[0], 0) * (not _is_wanted(cure)), why)
    return sorted(lines.values(), key=lambda s: (-s.score, s.file, s.line))


def strong_cures(measured: dict) -> list[tuple[int, int]]:
    """Those that undo the bug nearly wherever it shows, and break next to nothing."""
    worths = [(_worth(cure), cure[0], cure[1]) for cure in measured["cures"]]
    best = max(worths, default=(0.0, 0, 0))[0]
    return [(site, variant) for worth, site, variant in sorted(worths, key=lambda w: (-w[0], w[1:]))
            if worth >= max(STRONG, NEARLY * best)]


def cured_by(library: Switched, program: Path, cures: Sequence[tuple[int, int]], seconds: float = TRY_SECONDS) -> set[tuple[int, int]]:
    """Which of them undo another finding's bug; of the first ones, if time is up."""
    done = run([library.program, "--seconds", seconds, "--try", program, *(f"{site}:{variant}" for site, variant in cures)],
               environment=WITHOUT_NAMES, timeout=TIMEOUT_S)
    if done.returncode != 0:
        return set()
    return {(int(site), int(variant)) for site, variant in (line.split(":") for line in done.stdout.split())}


def named_in(report: str, lib: Path) -> list[Suspect]:
    """What the report of a check names: a variable that the library must not have (I12)."""
    variable = re.search(r"^actual: its variable (?:(\w+)\.)?(\w+)", report, re.MULTILINE)
    if variable is None:
        return []
    found = []
    for path in sorted([*(lib / "src").glob("*.[ch]"), *(lib / "include").rglob("*.h")]):
        text = path.read_text(errors="replace")
        code = PLAIN_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text).splitlines()
        spans = functions_in(text)
        uses = [(number, next((name for first, last, name in spans if first <= number <= last), ""))
                for number, line in enumerate(code, 1) if re.search(rf"\b{variable[2]}\b", line)]
        if variable[1]:
            uses = [(number, name) for number, name in uses if name == variable[1]]
        elif not any(not name for _, name in uses):
            continue  # a file's own is declared outside of functions
        by = next((name for _, name in uses if name), variable[2])
        found += [Suspect(f"lib/{path.relative_to(lib)}", number, name or by, NAMED, "the report names it") for number, name in uses]
    return found


def functions(suspects: Sequence[Suspect]) -> list[str]:
    """In the order in which the lines name them."""
    return list(dict.fromkeys(suspect.function for suspect in suspects))


def first_wrong(sites: dict[int, Site], measured: dict, best: Suspect) -> int | None:
    """The operation, from 0, in which alone the best line has to be another, where that is before the one that fails."""
    places = [cure[2] for cure in measured["cures"]
              if (f"lib/{sites[cure[0]].file}", sites[cure[0]].variant(cure[1]).line) == (best.file, best.line)]
    earlier = max(places, default=-1)
    return earlier if 0 <= earlier < measured["position"] else None


# ---- Of a finding ----

def _why_not(record: dict) -> str:
    """What makes any suspect a guess."""
    kind = record["identity"].split()[1].removeprefix("kind=")
    shows = str(record.get("shows", "")).split(" of ")
    if kind in ("unexplained", "testbed"):
        return "no replay shows it" if kind == "unexplained" else "it is the testbed's"
    if kind in TOO_LONG:
        return "each try would take all of the time"
    if len(shows) == 2 and shows[0] != shows[1]:
        return f"it shows in {record['shows']} replays"
    return ""


def of_machine(name: str) -> str:
    """Why a bug that only a machine shows has none: the library runs the program clean here."""
    return f"the difference is the machine's: only {name} shows it, so its port, or the kernel around it, is at fault"


def _is_same(one: str, two: str) -> bool:
    """The library with switches does not name where a sanitizer stopped it."""
    if " kind=ubsan" in one:
        return " kind=ubsan" in two and one.split(" op=")[1] == two.split(" op=")[1]
    if " kind=asan-" in one:
        return one.split()[1] == two.split()[1] and one.split(" op=")[1] == two.split(" op=")[1]
    return one == two


def opinion_of(library: Switched, program: Path, identity: str, report: str = "", seconds: float = SECONDS) -> Opinion:
    """Of a program that breaks, and what was said of it."""
    try:
        measured = measure(library, program, sorted(CORPUS.glob("*/*.trace")), seconds)
    except (ToolError, subprocess.TimeoutExpired, ValueError) as error:
        return Opinion(none_since=f"with switches in the library it does not show: {str(error).splitlines()[-1].split(': ', 1)[-1]}")
    if not _is_same(identity, measured["identity"]):
        return Opinion(none_since=f"with switches in the library it shows as {measured['identity']}", program=program)
    ranked = named_in(report, library.lib) + rank(library.sites, measured, report)
    if not ranked:
        return Opinion(none_since="its call reaches nothing of the library's sources", program=program)
    operation = first_wrong(library.sites, measured, ranked[0])
    earlier = f"operation {operation + 1}, before operation {measured['position'] + 1}, which was noticed" if operation is not None else ""
    return Opinion(ranked[:MOST], "", earlier, strong_cures(measured), program)


def examine(bundle: Path, library: Switched, left_out: str = "", seconds: float = SECONDS) -> Opinion:
    """Of a finding's folder; `left_out`: why no suspects are looked for."""
    record = read_record(bundle)
    if why := _why_not(record):
        return Opinion(none_since=why)
    if left_out:
        return Opinion(none_since=left_out, program=read_finding(bundle)[0])
    return opinion_of(library, *read_finding(bundle), str(record.get("explanation", "")), seconds)


def told(opinion: Opinion) -> str:
    """For people."""
    if opinion.none_since:
        return f"No suspects: {opinion.none_since}.\n"
    lines = ["Suspects, the likeliest line first:"]
    for place, one in enumerate(opinion.suspects[:SHOWN], 1):
        lines.append(f"  {place}  {one.file}:{one.line} {one.function}()" + (f": {one.why}" if one.why else ""))
    if opinion.first_wrong:
        lines.append(f"State was wrong first in {opinion.first_wrong}.")
    return "\n".join(lines) + "\n"
