"""What the repository says of each rule of lib/CONTRACT.md, joined: nothing here knows a rule by name."""
from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import json
import re
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from orchestrate import builds, evidence
from orchestrate.functions import Function, functions_of, library
from orchestrate.planted import Defect, all_defects
from orchestrate.record import EvidenceCell, EvidenceRow, FileCoverage
from orchestrate.tools import ROOT, ToolError

TESTS = ROOT / "tests"
RULE = re.compile(r"\b[A-Z]\d+\b")
SETUPS = {"libfuzzer-asan": "longest with libFuzzer, s", "afl-asan": "longest with AFL++, s"}


def script(path: Path) -> ModuleType:
    """A command of tests/, as a module."""
    loader = importlib.machinery.SourceFileLoader(path.name, str(path))
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader(path.name, loader))  # type: ignore[arg-type]
    sys.modules[path.name] = made
    loader.exec_module(made)
    return made


sys.path[:0] = [str(TESTS / "build"), str(TESTS / "defects")]  # whose commands have modules next to them
rules = script(TESTS / "build/rules")
requires = script(TESTS / "build/requires")


def titles() -> dict[str, str]:
    """Each rule, and how it begins, in the order of the contract."""
    found = re.findall(r"^- \*\*([A-Z]\d+)\*\* (.*)|^\| (R\d+) \|([^|]*)\|", (ROOT / "lib/CONTRACT.md").read_text(), re.MULTILINE)
    texts = {a or b: (text or f"The kernel {what.strip()}") for a, text, b, what in found}
    return {rule: textwrap.shorten(text.replace("*", ""), 110, placeholder=" …") for rule, text in texts.items()}


TITLES = titles()


def rules_in(text: str) -> set[str]:
    return rules.rules_in(text) & TITLES.keys()


@functools.cache
def reasons() -> dict[str, str]:
    """Why nothing shows a rule: what the kernel owes and the library does not check."""
    return {rule: f"not checked: {why}" for rule, (checked, why) in requires.contract_rows().items() if checked == "no"}


def cell(rule: str, items: Iterable[str], source: str, why_empty: str, counted: str) -> EvidenceCell:
    """A list of names, which may not become shorter."""
    names = sorted(set(items))
    return EvidenceCell("shown" if names else "empty", source, "" if names else reasons().get(rule, why_empty), {counted: len(names)}, items=names)


# ---- Functions ----

def declared(text: str) -> dict[str, str]:
    """Function to the comment over its declaration; one comment may be over several."""
    said: dict[str, str] = {}
    for block in re.split(r"\n\s*\n", text):
        for comment, code in re.findall(r"(/\*.*?\*/)((?:(?!/\*).)*)", block, re.DOTALL):
            said |= {name: said.get(name, "") + comment for name in re.findall(r"\b(procbuf_\w+)\s*\(", code)}
    return said


def hunks(patch: str) -> list[tuple[str, list[str]]]:
    """Of a patch: file of lib, and the lines that it looks for there, of each place."""
    found: list[tuple[str, list[str]]] = []
    file = ""
    for line in patch.splitlines():
        if line.startswith("--- a/lib/"):
            file = line.split()[1].removeprefix("a/lib/")
        elif line.startswith("@@"):
            found.append((file, []))
        elif found and line[:1] in (" ", "-", "") and not line.startswith("---"):
            found[-1][1].append(line)
    return found


def changed_by(defect: Defect, of_file: dict[str, list[Function]]) -> set[str]:
    """The functions that a planted bug changes."""
    places = set()
    for file, lines in hunks(defect.path.read_text()):
        source = (ROOT / "lib" / file).read_text().splitlines()
        wanted = [line[1:] for line in lines]
        at = next((n for n in range(len(source)) if source[n:n + len(wanted)] == wanted), None)
        if at is None:
            raise ToolError(f"{defect.id}: its lines are not in lib/{file}")
        first = next((n for n, line in enumerate(lines) if line.startswith("-")), len(lines) // 2)
        places |= {f"{file}: {one.name}" for one in of_file[file] if one.first <= at + first + 1 <= one.last}
    return places


@functools.cache
def implementing() -> dict[str, set[str]]:
    """Rule to the functions that its comments, checks, proofs and planted bugs lead to."""
    lib = library(ROOT / "lib")
    headers = {path: path.read_text() for folder in ("include/procbuf", "src") for path in sorted((ROOT / "lib" / folder).glob("*.h"))}
    said: dict[str, str] = defaultdict(str)
    for text in headers.values():
        for name, comment in declared(text).items():
            said[name] += comment
    of_file: dict[str, list[Function]] = defaultdict(list)
    found: dict[str, set[str]] = defaultdict(set)
    proved = proof_run().listed()
    checks = requires.checked_by_function()
    for one in lib:
        of_file[one.file].append(one)
        comments = one.said + said[one.name] + "".join(re.findall(r"/\*.*?\*/", one.text, re.DOTALL)) + proved.get(one.name, "")
        cited = {rule for rule in rules_in(comments) if rule not in requires.contract_rows()}
        cited |= set(re.findall(r"PROCBUF_REQUIRE\((R\d+)", one.text)) | checks.get(one.name, set())
        for rule in cited:
            found[rule].add(f"{one.file}: {one.name}")
    for defect in all_defects():
        for rule in rules_in(defect.fields["rule"]):
            found[rule] |= changed_by(defect, of_file)
    for pair in pairs():
        for rule in seen_as(pair):
            found[rule] |= {f"{one.file}: {one.name}" for file, code, _ in pair.edits for one in of_file[file.removeprefix("lib/")]
                            if code.strip() in one.text}
    return found


# ---- Model, unit tests, exhaustive tests ----

@functools.cache
def model_places() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for one in functions_of(ROOT, "fuzz/model/*.[ch]"):
        for rule in rules_in(one.said + one.text):
            found[rule].add(f"{one.file}: {one.name}")
    for path in sorted((ROOT / "fuzz/model").glob("*.[ch]")):
        for rule in rules_in(path.read_text()):
            if not any(place.startswith(f"fuzz/model/{path.name}:") for place in found[rule]):
                found[rule].add(f"fuzz/model/{path.name}")
    for folder in ("oracle", "machine"):
        for rule in rules.cited_by_findings(ROOT / "fuzz" / folder) & TITLES.keys():
            found[rule].add(f"fuzz/{folder}: a finding of its checks")
    return found


@functools.cache
def marked() -> dict[str, dict[str, set[str]]]:
    """"accepts" and "refuses": rule to unit tests. That each mark is reached, tests/build/rules checks."""
    found: dict[str, dict[str, set[str]]] = {"accepts": defaultdict(set), "refuses": defaultdict(set)}
    for path in sorted((TESTS / "unit").glob("test_*.c")):
        test = ""
        for line in path.read_text().splitlines():
            if match := re.match(r"(?:Test|ParameterizedTest)\((?:[^,()]*\*\w+, )?(\w+), (\w+)", line):
                test = f"{match[1]}.{match[2]}"
            elif match := re.match(r"[a-z][\w ]*[ *](\w+)\(", line):
                test = f"{path.stem}: {match[1]}"
            elif match := re.search(r'\b(ACCEPTS|REFUSES)\("([^"]*)"\)', line):
                for rule in rules_in(match[2]):
                    found[match[1].lower()][rule].add(test)
    return found


@functools.cache
def exhaustive_parts() -> dict[str, set[str]]:
    """By what the table of parts says, and by the planted bugs that a part finds."""
    table = re.findall(r'\{ "(\w+)", part_\w+, \d+ \}, /\* ([A-Z0-9 ]+) \*/', (TESTS / "exhaustive/exhaustive.c").read_text())
    found: dict[str, set[str]] = defaultdict(set)
    for part, cited in table:
        for rule in rules_in(cited):
            found[rule].add(part)
    parts = script(TESTS / "exhaustive/finds_planted_bugs").BUGS
    for defect in all_defects():
        for rule in rules_in(defect.fields["rule"]) if defect.id in parts else ():
            found[rule].add(parts[defect.id])
    return found


# ---- Proof and mutants: results that are kept ----

def kept(path: str) -> tuple[dict, str]:
    """A committed result, and where it comes from."""
    data = json.loads((TESTS / path).read_text())
    return data, f"{data['command']}, commit {data['commit']}"


def stale(functions: list[dict]) -> dict[str, bool]:
    """Of functions that a result was made of, as FILE: NAME: whether they have another text now."""
    now = {f"{one.file}: {one.name}": one.digest for one in library(ROOT / "lib")}
    return {place: now.get(place) != row["text"] for row in functions for place in (f"{row['file']}: {row['function']}",)}


@functools.cache
def proof_run() -> ModuleType:
    return script(TESTS / "proof/run")


@functools.cache
def cbmc_run() -> ModuleType:
    return script(TESTS / "proof/cbmc/run")


@dataclass
class Proved:
    """What a prover's kept results say of the functions that are proved for a rule."""

    cited: set[str]
    counts: dict[str, int] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    sources: list[str] = field(default_factory=list)


def proved_by(counted: str, rule: str, said: dict[str, str], results: dict[str, str]) -> Proved:
    """`said`: function to what is proved of it. `results`: machine to the file of its results, below tests."""
    made = Proved({name for name, what in said.items() if rule in rules_in(what)})
    made.missing = set(made.cited)
    for machine, path in results.items():
        data, source = kept(path)
        made.sources.append(source)
        rows = {row["function"]: row for row in data["functions"] if row["function"] in made.cited}
        made.changed |= {place.split(": ")[1] for place, old in stale(list(rows.values())).items() if old}
        made.missing -= rows.keys()
        unproved = {name for name, row in rows.items() if row.get("open", row.get("goals", 0) - row.get("proved", 0))}
        made.open |= unproved
        made.counts[f"{counted}, {machine}"] = len(rows.keys() - unproved)
    return made


def proof(rule: str) -> EvidenceCell:
    """Frama-C proves for all sizes, CBMC up to bounds."""
    functions = {place.split(": ")[1] for place in implementing()[rule]}
    listed = proof_run().listed()
    kept_names = {row["function"] for path in cbmc_run().RESULTS.values() for row in kept(f"proof/cbmc/{path}")[0]["functions"]}
    tried = {name: " ".join(claims) for name, claims in cbmc_run().proved().items() if name in kept_names}
    both = [proved_by("functions proved", rule, listed, {machine: f"proof/{path}" for machine, path in proof_run().RESULTS.items()}),
            proved_by("functions proved up to bounds", rule, tried, {machine: f"proof/cbmc/{path}" for machine, path in cbmc_run().RESULTS.items()})]
    cited, changed, missing, unproved = (set().union(*(getattr(one, part) for one in both)) for part in ("cited", "changed", "missing", "open"))
    taken = [f"granted: {name}: {why}" for name, why in proof_run().granted().items() if name in functions or rule in rules_in(why)]
    made = EvidenceCell("shown", "; ".join(source for one in both if one.cited for source in one.sources), "", both[0].counts | both[1].counts,
                        figures={"functions of the rule without a proof": float(len(functions - listed.keys())),
                                 "functions of the rule without a proof, and not tried by CBMC": float(len(functions - listed.keys() - tried.keys()))},
                        items=sorted(cited) + taken)
    if not cited:
        made.state, made.why = "empty", reasons().get(rule, "no function is proved for it" if functions else "it has no functions")
    elif changed or missing:
        made.state = "stale" if changed else "not measured"
        made.why = f"{', '.join(sorted(changed or missing))}: {'changed since' if changed else 'not in the kept results'}"
    elif unproved:
        made.state, made.why = "partly", f"goals are open: {', '.join(sorted(unproved))}"
    return made


def mutants(rule: str) -> EvidenceCell:
    """Of each function of the rule, how many of its mutants that can be noticed are."""
    data, source = kept("mutation/results.json")
    functions = sorted(implementing()[rule])
    if not functions:
        return EvidenceCell("empty", source, reasons().get(rule, "it has no functions"))
    rows = {f"{row['file']}: {row['function']}": row for row in data["functions"] if "mutants" in row}
    old = stale(list(rows.values()))
    unknown = [place for place in functions if place not in old]
    changed = [place for place in functions if old.get(place)]
    judged = [rows[place] for place in functions if old.get(place) is False]
    made = EvidenceCell("shown", source, figures={what: float(sum(row[what] for row in judged)) for what in ("mutants", "equivalent", "in units")},
                        items=[f"{row['file']}: {row['function']}" for row in judged if row["mutants"]])
    for column, who in (("corpora", "the corpora"), ("units", "unit and exhaustive tests")):
        could = sum(row[column][1] for row in judged)
        if could:
            made.counts[f"per mille that {who} notice"] = 1000 * sum(row[column][0] for row in judged) // could
    if changed or unknown:
        made.state = "stale" if changed else "not measured" if len(unknown) == len(functions) else "partly"
        made.why = "; ".join(f"{what}: {', '.join(place.split(': ')[1] for place in places)}" for what, places in (
            ("changed since", changed), ("not in the kept result", unknown)) if places)
    elif not made.counts:
        made.state, made.why = "empty", "its functions have no mutant that could be noticed"
    return made


# ---- Planted bugs, machines, leaks ----

@functools.cache
def from_nothing() -> dict[str, dict[str, list[dict]]]:
    return json.loads((TESTS / "defects/from_nothing.json").read_text())


def planted(rule: str) -> EvidenceCell:
    ids = [defect.id for defect in all_defects() if rule in rules_in(defect.fields["rule"])]
    made = cell(rule, ids, "tests/defects/patches; times of tests/defects/from_nothing.json", "no planted bug breaks it", "planted bugs")
    for setup, words in SETUPS.items():
        tries = [one for bug in ids for one in from_nothing()[setup].get(bug, ())]
        found = [one["seconds"] for one in tries if one["seconds"] is not None]
        if found:
            made.figures[words] = max(found)
        made.faults[f"tries that missed one, {setup}"] = len(tries) - len(found)
    if ids:
        made.figures["not tried from nothing"] = float(sum(bug not in from_nothing()["libfuzzer-asan"] for bug in ids))
    return made


def machines(rule: str, decided: dict[str, int]) -> EvidenceCell:
    """Each saved program runs on each machine."""
    asked = rule in rules.cited_by_findings(ROOT / "fuzz/oracle") | rules.cited_by_findings(ROOT / "fuzz/machine")
    units = [row["machine"] for row in kept("kernel/results.json")[0]["rows"] if row["faults expected"] == row["faults seen"] > 0]
    names = [f"protection on: {name}" for name in units] + [preset.what for preset in builds.MACHINES.values()]
    made = cell(rule, names if rule in decided or asked else [], f"{kept('kernel/results.json')[1]}; tests/other_machines",
                "it decides no answer of a saved program", "machines")
    if made.items:
        made.figures = {"calls of saved programs that it decides": float(decided.get(rule, 0))}
    return made


@functools.cache
def pairs() -> list:
    """Leaks and influences: of pairs.py, rows."""
    return script(TESTS / "defects/pairs.py").PAIRS


def seen_as(pair) -> set[str]:
    """The rule that is bent, and I10 or I11, which has to notice."""
    return rules_in(pair.rule) | {rule for kind, rule in (("secrecy", "I10"), ("integrity", "I11")) if f"kind={kind} " in pair.identity}


def leaks(rule: str) -> EvidenceCell:
    return cell(rule, [f"{pair.id}: {pair.title}" for pair in pairs() if rule in seen_as(pair)], "tests/defects/pairs.py", "none bends it",
                "leaks and influences")


# ---- All of it ----

def rows(coverage: dict[str, FileCoverage], argued: set[tuple[str, str]], decided: dict[str, int]) -> list[EvidenceRow]:
    lacking = rules.read_list()
    made = []
    for rule, text in TITLES.items():
        def tests(which: str, rule: str = rule) -> EvidenceCell:
            return cell(rule, marked()[which][rule], f"{which.upper()}() in tests/unit", lacking.get(f"{rule} {which}", "no unit test has its mark").strip(),
                        "unit tests")
        functions = cell(rule, implementing()[rule], "comments and checks in lib, tests/proof/functions.txt, tests/defects/patches",
                         "no function cites it", "functions")
        mcdc = evidence.mcdc(functions.items, coverage, argued, "clang, of all saved corpora")
        if mcdc.state == "empty":
            mcdc.why = reasons().get(rule, mcdc.why)
        made.append(EvidenceRow(
            rule, text, functions, cell(rule, model_places()[rule], "fuzz/model, fuzz/oracle, fuzz/machine", "neither model nor a finding cites it", "places"),
            tests("accepts"), tests("refuses"),
            cell(rule, exhaustive_parts()[rule], "tests/exhaustive", "no part tries it", "parts"),
            proof(rule), mcdc, mutants(rule), planted(rule), machines(rule, decided), leaks(rule)))
    return made
