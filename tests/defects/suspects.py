#!/usr/bin/python3
"""How good suspects are: for each planted bug, where the function and the lines that it changes come among them.

Each bug is built into the testbed, found by the saved corpora, and minimised; what orchestrate/suspects.py then says is held
against the patch. "The line" is one that the patch adds or changes, or one next to a line that it takes out. Half of the bugs,
by a hash of their names, were not looked at when the weights were chosen: "held out".
"""
import argparse
import concurrent.futures
import contextlib
import difflib
import hashlib
import json
import os
import random
import re
import shutil
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from orchestrate import measured, suspects
from orchestrate.causes import MOST_FINDINGS, grouped, one_cause, seconds_each
from orchestrate.functions import functions_in
from orchestrate.planted import (AS_SHIPPED, DEFECTS, Defect, Failure, all_defects, compile_changed, link, patch,
                                 patched_library, read_defect, run)
from orchestrate.record import Finding
from orchestrate.replay import minimize, replay, run_all
from orchestrate.revision import git_revision
from orchestrate.suspects import Opinion, Switched, functions, named_in, rank, switched
from orchestrate.switches import CHECKED, rewrite
from orchestrate.tools import ROOT, Build, ToolError, build, front_door, identity_in

TABLE = DEFECTS / "suspects.json"
GROUPS = DEFECTS / "groups.json"
UNSEEN = DEFECTS / "unseen"
"""Written after the weights were chosen; not part of the set that the corpora answer for."""
LOOKED_AT = {f"U{number:02}" for number in range(1, 19)} - {"U16"} | {
    "U34", "A01", "A03", "B01", "B07b", "B12a", "B14", "D01", "E04x", "F10", "G06x", "L01x", "L02y", "L08r", "L09g", "L10a", "MP03f", "MP04", "MP15",
    "T10", "W13", "X02", "X13", "I03", "L09", "L05c", "L01a", "L01b", "S07", "MP14", "MP01", "P03", "E01x", "U10", "T05", "W20", "W22"}
"""Unseen or held out once. Why they were missed was looked into, and fixed: they are of the design now."""
SETS_LOOKED_AT = {"P04", "MP03f", "A03+V02+L07x", "C03+X65+A05", "MP05+G03x+X06", "W46+MP08+X37", "A06+C02+I03", "C02+X01+X02", "S08+B01+MP19",
                  "MP12+N01+G05", "Z04+P03w+W21", "P04+X35+S09"}
"""The same of bugs whose findings are grouped."""
NOWHERE = 99
TRACES = sorted((ROOT / "corpus").glob("*/*.trace"))


@dataclass
class Row:
    id: str
    kind: str  # design, held out, unseen
    identity: str
    function: int  # place of the changed function among the suspects, NOWHERE: none
    line: int
    cpu_s: float
    why: str = ""  # there are no suspects
    commit: str = ""  # that it was measured at


def truth(lib: Path) -> tuple[set[tuple[str, int]], set[str]]:
    """The lines that a bug changes, or is next to, and the functions that they are in."""
    places: set[tuple[str, int]] = set()
    names: set[str] = set()
    for path in [*(lib / "src").glob("*.[ch]"), *(lib / "include").rglob("*.h")]:
        file = path.relative_to(lib)
        old, new = (ROOT / "lib" / file).read_text(), path.read_text()
        if old == new:
            continue
        spans = functions_in(new)
        for tag, _, _, start, end in difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), False).get_opcodes():
            changed = [] if tag == "equal" else [start, start + 1] if tag == "delete" else list(range(start + 1, end + 1))
            places |= {(f"lib/{file}", line) for line in changed}
            names |= {name for line in changed for first, last, name in spans if first <= line <= last}
    return places, names


class Bench:
    """The testbed's builds, and the library's own copy with switches."""

    def __init__(self) -> None:
        self.fuzz = build("fuzz", ROOT / "lib", lambda text: None).folder
        switched(ROOT / "lib")
        self.switched = ROOT / "build/suspects"

    def tools(self, lib: Path, folder: Path) -> Build:
        """The replay program and the minimiser for a library that differs in a little."""
        (folder / "fuzz").mkdir(exist_ok=True)
        objects = compile_changed(lib, folder, self.fuzz)
        for tool in ("procbuf-replay", "procbuf-minimize", "procbuf-convert"):
            link(f"fuzz/{tool}", objects, folder, self.fuzz).rename(folder / "fuzz" / tool)
        return Build(folder, lib)

    def with_switches(self, lib: Path, folder: Path) -> Switched:
        """The same, of its copy with switches."""
        ours, copy = self.switched / "switched", folder / "switched"
        sites = rewrite(lib, copy, [] if (folder / AS_SHIPPED).exists() else CHECKED)
        objects = compile_changed(copy, folder, self.switched, ours)
        return Switched(link("fuzz/procbuf-suspects", objects, folder, self.switched), lib, {site.number: site for site in sites})

    def folder(self, name: str) -> Path:
        return self.switched / "bugs" / name


def digest(name: str) -> int:
    return int(hashlib.sha1(name.encode()).hexdigest(), 16)


def kind_of(defect: Defect) -> str:
    if defect.id in LOOKED_AT:
        return "design"
    if defect.path.parent == UNSEEN:
        return "unseen"
    return "held out" if digest(defect.id) % 2 else "design"


def first_program(tools: Build, folder: Path) -> tuple[Path, str]:
    """The first saved input that breaks, minimised, and its identity."""
    done = run([tools.tool("procbuf-replay"), *TRACES], folder)
    where = re.search(r"^input: (.*), operation \d+$", done.stderr, re.MULTILINE)
    identity = identity_in(done.stderr)
    if not where or not identity:
        raise Failure(f"the saved corpora do not show it: status {done.returncode}")
    program = folder / "program.trace"
    program.write_text(minimize(tools, Path(where[1]), identity, seconds=20).text)
    return program, identity


def judge(defect: Defect, bench: Bench, seconds: float) -> Row:
    folder = bench.folder(defect.id)
    try:
        lib = patched_library(defect, folder)
        tools = bench.tools(lib, folder)
        program, identity = first_program(tools, folder)
        library = bench.with_switches(lib, folder)
        measured = suspects.measure(library, program, TRACES, seconds)
        report = replay(tools, program, explain=True).report
        ranked = named_in(report, lib) + rank(library.sites, measured, report)
        places, names = truth(lib)
        function = next((n for n, name in enumerate(functions(ranked), 1) if name in names), NOWHERE)
        line = next((n for n, one in enumerate(ranked, 1) if (one.file, one.line) in places), NOWHERE)
        return Row(defect.id, kind_of(defect), identity, function, line, measured["seconds"])
    except ToolError as failure:
        return Row(defect.id, kind_of(defect), "", NOWHERE, NOWHERE, 0.0, str(failure)[:300])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ---- Groups ----

ONE_IS_ONE, THREE_ARE_THREE = 0.9, 0.8
"""Shares of those tried, below which the status is 1."""


@dataclass
class Set:
    """Bugs that were planted at once."""
    bugs: str
    findings: int = 0
    groups: int = 0
    mixed: int = 0  # groups with findings of several bugs
    unseen: str = ""  # bugs that no finding shows
    why: str = ""
    commit: str = ""

    @property
    def planted(self) -> int:
        return self.bugs.count("+") + 1

    @property
    def showing(self) -> int:
        """Of those, how many a finding shows: others are hidden by them, in a night too."""
        return self.planted - len(list(filter(None, self.unseen.split(", "))))


def all_findings(tools: Build, folder: Path) -> dict[str, Path]:
    """Each identity that the saved corpora show, with a minimised program."""
    found: dict[str, Path] = {}
    for number, stopped in enumerate(run_all(tools, TRACES)):
        identity = identity_in(stopped.report)
        if identity and identity not in found and not stopped.hung:
            found[identity] = folder / f"{number}.trace"
            found[identity].write_text(minimize(tools, stopped.path, identity, seconds=5).text)
    return found


def opinions_of(library: Switched, tools: Build, found: dict[str, Path]) -> dict[str, Opinion]:
    """As of a night."""
    opinions = {}
    for place, (identity, program) in enumerate(found.items()):
        opinions[identity] = (Opinion(none_since="it is one of many", program=program) if place >= MOST_FINDINGS else suspects.opinion_of(
            library, program, identity, replay(tools, program, explain=True).report, seconds_each(len(found))))
    return opinions


def group(defects: list[Defect], bench: Bench) -> Set:
    """Plant them at once."""
    bugs = "+".join(d.id for d in defects)
    folder = bench.folder(f"groups-{bugs}")
    try:
        lib = patched_library(defects[0], folder)
        for defect in defects[1:]:
            patch(defect, folder)
        tools = bench.tools(lib, folder)
        found = all_findings(tools, folder)
        shown_by = {d.id: shown_alone(d, found, bench, tools) for d in defects} if len(defects) > 1 else {bugs: set(found)}
        library = bench.with_switches(lib, folder)
        opinions = opinions_of(library, tools, found)
        findings = [Finding(identity, "", "high", 0.0, 1, 1, "", replay(tools, found[identity], explain=True).report, "", suspects=opinion.suspects)
                    for identity, opinion in opinions.items()]
        made = grouped(findings, one_cause(library, opinions))
        mixed = sum(sum(not shown.isdisjoint(g.findings) for shown in shown_by.values()) > 1 for g in made)
        return Set(bugs, len(found), len(made), mixed, ", ".join(bug for bug, shown in shown_by.items() if not shown))
    except ToolError as failure:
        return Set(bugs, why=str(failure).splitlines()[0])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def shown_alone(defect: Defect, found: dict[str, Path], bench: Bench, tools: Build) -> set[str]:
    """The findings whose program shows the same with this bug alone. If there is none, since each saved input that shows it breaks
    before by another bug, then what a night comes to: the smallest program of this bug, as a finding more."""
    folder = tools.folder / f"alone-{defect.id}"
    alone = bench.tools(patched_library(defect, folder), folder)
    shown = {identity for identity, program in found.items() if replay(alone, program).identity == identity}
    if not shown:
        program, identity = first_program(alone, folder)
        if replay(tools, program).identity == identity and identity not in found:
            found[identity] = program
            shown = {identity}
    return shown


def functions_of(defect: Defect, folder: Path) -> set[str]:
    return truth(patched_library(defect, folder))[1]


def triples(defects: list[Defect], count: int, folder: Path) -> list[list[Defect]]:
    """Bugs in three functions that can be planted at once, always the same ones."""
    chance = random.Random(3)
    made: list[list[Defect]] = []
    while len(made) < count:
        three = chance.sample(defects, 3)
        names = [functions_of(defect, folder) for defect in three]
        if not all(names) or len(set().union(*names)) < sum(map(len, names)):
            continue
        with contextlib.suppress(Failure):  # two of them change the same lines
            for defect in three[:2]:
                patch(defect, folder)
            made.append(three)
    return made


# ---- The table ----

def share(rows: list[Row], column: str, most: int) -> float:
    return sum(getattr(row, column) <= most for row in rows) / len(rows) if rows else 0.0


def summary(rows: list[Row]) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = []
    for kind in ("design", "held out", "unseen", "all"):
        of_kind = [row for row in rows if kind in (row.kind, "all") and (kind != "all" or row.kind != "unseen")]
        if of_kind:
            lines.append({"planted bugs": kind, "number": len(of_kind), "function first": f"{share(of_kind, 'function', 1):.0%}",
                          "among three": f"{share(of_kind, 'function', 3):.0%}", "a line among five": f"{share(of_kind, 'line', 5):.0%}",
                          "most processor time": f"{max(row.cpu_s for row in of_kind):.1f} s"})
        if of_kind and all(row.commit for row in rows):
            lines[-1]["measured at"] = ", ".join(f"{commit}: {count}" for commit, count in Counter(row.commit for row in of_kind).most_common())
    return lines


def keep(row: Row) -> None:
    """In the table, with those of other runs, each with its commit. A bug that has gone has no row."""
    table = json.loads(TABLE.read_text())
    known = {row["id"]: Row(**{"commit": table["commit"], **row}) for row in table["bugs"]}
    known[row.id] = replace(row, commit=git_revision())
    names = {path.stem for folder in (DEFECTS / "patches", UNSEEN) for path in folder.glob("*.patch")}
    kept = [replace(one, kind="design" if one.id in LOOKED_AT else one.kind) for one in sorted(known.values(), key=lambda one: one.id) if one.id in names]
    measured.record(TABLE, "tests/defects/suspects.py", summary(kept), bugs=[asdict(one) for one in kept])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Exit status: 0 as good as asked for; 1 not; 2 could not tell.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="these bugs only (default: all that change lib)")
    parser.add_argument("--unseen", action="store_true", help="those of tests/defects/unseen only")
    parser.add_argument("--count", type=int, metavar="N", help="N of them only, which a hash of their names chooses")
    parser.add_argument("--groups", type=int, metavar="N", help="N of them one at a time, and N triples at once: how many groups they make; with IDs, these alone, A+B+C at once")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--update", action="store_true", help="put what ran into the table in suspects.json, for tests/RESULTS.md; others keep their rows")
    parser.add_argument("--seconds", type=float, default=suspects.SECONDS, metavar="S", help="of the processor, for each (default: %(default)s, as everywhere)")
    parser.add_argument("--floors", metavar="FIRST,THREE,LINE", default="0.8,0.95,0.7", help="shares below which the status is 1 (default: %(default)s)")
    return parser.parse_args()


def main() -> int:
    options = parse()
    floors = [float(word) for word in options.floors.split(",")]
    defects = [read_defect(path) for path in sorted(UNSEEN.glob("*.patch"))]
    defects = defects if options.unseen else all_defects() + defects * (not options.groups)
    unknown = {bug for word in options.ids for bug in word.split("+" if options.groups else None)} - {d.id for d in defects}
    if unknown:
        raise ToolError(f"no such bug: {', '.join(sorted(unknown))} (tests/defects/run --list shows them)")
    if options.ids and not options.groups:
        defects = sorted((d for d in defects if d.id in options.ids), key=lambda d: options.ids.index(d.id))
    if options.count:
        defects = sorted(defects, key=lambda d: digest(d.id))[:options.count]
    bench = Bench()
    if options.groups:
        return measure_groups(defects, options.groups, bench, options)
    rows = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for row in pool.map(lambda d: judge(d, bench, options.seconds), defects):
            rows.append(row)
            print(f"{row.id:8}{row.kind:10}function {row.function:3}  line {row.line:3}  {row.cpu_s:4.1f} s  {row.why or row.identity}", flush=True)
            if options.update:  # after each, since all of them take hours
                keep(row)
    print(measured.table(summary(rows)))
    reached = [share(rows, "function", 1), share(rows, "function", 3), share(rows, "line", 5)]
    return 0 if all(one >= floor for one, floor in zip(reached, floors)) else 1


def measure_groups(defects: list[Defect], count: int, bench: Bench, options: argparse.Namespace) -> int:
    by_id = {d.id: d for d in defects}
    defects = [d for d in defects if d.fields.get("build") != AS_SHIPPED]
    sets = [[by_id[bug] for bug in bugs.split("+")] for bugs in options.ids] or [
        *([d] for d in random.Random(2).sample(defects, count)), *triples(defects, count, bench.folder("functions"))]
    rows = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for row in pool.map(lambda planted: group(planted, bench), sets):
            rows.append(row)
            print(f"{row.bugs}: {row.why or as_text(row)}", flush=True)
            if options.update:
                keep_set(row)
    print(measured.table(summary_of_sets([replace(row, commit=git_revision()) for row in rows])))
    alone, at_once = [[row.groups == row.planted for row in rows if (row.planted == 1) == one] for one in (True, False)]
    return 0 if sum(alone) >= ONE_IS_ONE * len(alone) and sum(at_once) >= THREE_ARE_THREE * len(at_once) else 1


def as_text(row: Set) -> str:
    mixed = f", {row.mixed} of several bugs" * bool(row.mixed)
    return f"{row.findings} findings, {row.groups} groups{mixed}" + f", none of {row.unseen}" * bool(row.unseen)


def keep_set(row: Set) -> None:
    """In the table, with those of other runs."""
    known = {one["bugs"]: Set(**one) for one in json.loads(GROUPS.read_text())["sets"]} if GROUPS.exists() else {}
    known[row.bugs] = replace(row, commit=git_revision())
    kept = sorted(known.values(), key=lambda one: (one.planted, one.bugs))
    measured.record(GROUPS, "tests/defects/suspects.py --groups", summary_of_sets(kept), sets=[asdict(one) for one in kept])


def summary_of_sets(sets: list[Set]) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = []
    for planted in sorted({one.planted for one in sets}):
        for kind in ("design", "held out"):
            of_kind = [one for one in sets if one.planted == planted and (one.bugs in SETS_LOOKED_AT) == (kind == "design")]
            if of_kind:
                lines.append({"planted at once": planted, "kind": kind, "sets": len(of_kind),
                              "as many groups": f"{sum(one.groups == planted for one in of_kind) / len(of_kind):.0%}",
                              "as many as show": f"{sum(one.groups == one.showing for one in of_kind) / len(of_kind):.0%}",
                              "more": sum(one.groups > planted for one in of_kind), "fewer": sum(one.groups < planted for one in of_kind),
                              "with a group of several bugs": sum(one.mixed > 0 for one in of_kind),
                              "with a bug that nothing shows": sum(bool(one.unseen) for one in of_kind),
                              "measured at": ", ".join(f"{commit}: {count}" for commit, count in Counter(one.commit for one in of_kind).most_common())})
    return lines


if __name__ == "__main__":
    front_door("suspects", main)
