"""What runs: saved inputs and unit tests on both states, each state's judges on the other's library, programs near a regression."""
from __future__ import annotations

import fnmatch
import functools
import itertools
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..tools import ToolError
from .builds import QUIET, Broken, Workshop, call, run_tests
from .change import Change, code_of
from .lines import reached_by
from .said import Said
from .weakened import bugs_for_new_rules, contract, functions_of

NEAR_RUNS = 60_000
"""Executions of programs near each regression,"""
SHORT_RUNS = 30_000
"""and in each harness that reaches the change. Half of the planted bugs fall in 2,000, from nothing."""
CROSS_RUNS = 15_000
DRAWN_RUNS, DRAWN_SEEDS, DRAWN_LESS, DRAWN_LEAST = 10_000, (1, 2, 3), 4, 0.001
"""From nothing: the share of an operation, if it is that large, must not be so many times less in each try of the change than in
each of BASE. Of six tries of one build, three were never less than half of the other three."""
FORMS = "forms"
"""The harness that reads and writes programs, and calls nothing of the library: for changes of that, and slower."""
EXHAUSTIVE = ("maps", "buffers", "breaks", "creation", "grants", "slices", "protocol")
"""Parts of tests/exhaustive that take seconds."""
MOST_NEAR = 3
MOST_TESTS = 40
TIMES = 12
"""How often a test that is new or changed runs."""
CHANCE = re.compile(r"\b(?:rand|random|srand|drand48|time|clock|clock_gettime|gettimeofday|getpid|usleep|sleep|nanosleep|getenv|"
                    r"arc4random|getrandom|__rdtsc|_rdtsc|__builtin_ia32_rdtsc|pthread_create)\s*\(|/dev/u?random")


def shown(findings: dict[Path, str], trees: Workshop, most: int = 5) -> list[str]:
    lines = [f"{short(path, trees)}: {identity}" for path, identity in sorted(findings.items())[:most]]
    return lines + ([f"and {len(findings) - most} more"] if len(findings) > most else [])


def short(path: Path, trees: Workshop) -> str:
    for side in ("new", "old"):
        if path.is_relative_to(trees.tree(side)):
            return str(path.relative_to(trees.tree(side)))
    return str(path)


# ---- Corpora and units of the change itself ----

@functools.cache
def builds(change: Change, trees: Workshop) -> Said:
    """Both states, or there is nothing to compare."""
    if not change.is_built:
        return Said(skipped="nothing that is compiled or replayed has changed")
    try:
        trees.replayer("new", "new", "procbuf-replay-as-shipped")
        if change.units:
            trees.unit_programs("new", "new")
    except Broken as broken:
        return Said(refusals=[f"the change does not build: {broken}"])
    try:
        trees.replayer("old", "old")
        if change.units:
            trees.unit_programs("old", "old")
    except Broken as broken:
        return Said(unable=f"BASE does not build: {broken}")
    return Said()


def corpora(change: Change, trees: Workshop) -> Said:
    if not change.is_built:
        return Said(skipped="nothing that is compiled or replayed has changed")
    inputs = trees.all_saved()
    found = trees.findings("new", "new", inputs, "--repeat", "2", most=20)
    said = Said(refusals=shown(found, trees), notes=[f"{len(inputs)} inputs, by model, access oracle, second worlds and sanitizers"])
    traces = [path for path in inputs if path.suffix == ".trace"]
    done = call([trees.built("new", "new", "procbuf-replay", "procbuf-convert", "procbuf-replay-as-shipped") / "fuzz/procbuf-replay-as-shipped",
                 "--expect", len(traces), *traces], environment=QUIET)
    if done.returncode != 0 and not found:
        said.refusals.append(f"as it ships, without internal checks: {done.stderr.strip().splitlines()[-1]}")
    if not found:
        tree = trees.tree("new")
        done = call([sys.executable, "-B", tree / "tests/regression/reached", trees.replayer("new", "new").tool("procbuf-replay")], tree)
        said.refusals += [f"tests/regression/reached: {line}" for line in done.stdout.splitlines() if line.startswith("no longer reached")]
    if (change.library or change.testbed) and not found:
        hostile = [path for file in change.seeds if (path := trees.tree("new") / file.path).suffix == ".trace"]
        hostile += [path for path in traces[::4] if path not in hostile]
        broken = trees.findings("new", "new", hostile, "--hostile", most=5)
        said.refusals += [f"when userspace changes what was fetched: {line}" for line in shown(broken, trees)]
        said.notes.append(f"{len(hostile)} of them again for each byte that userspace changes during a call")
    return said


def units(change: Change, trees: Workshop) -> Said:
    if not (change.library or change.testbed or change.units):
        return Said(skipped="neither library, nor testbed, nor unit tests have changed")
    try:
        new = trees.tests("new", "new")
    except Broken as broken:
        return Said(refusals=[f"the unit tests do not build: {broken}"])
    old = trees.tests("old", "old") if change.units else new
    said = Said([f"{name} fails" for name in sorted(new.failed())])
    said.refusals += [f"{name} is written, and nothing runs it" for name in changed_tests(change) if name not in new.passed]
    gone = old.passed.keys() - new.passed.keys()
    for name in sorted(gone):
        declaration = next((one for file in change.units if (one := change.declared("Weakens", file.path))), None)
        said.weigh(declaration, f"{name} no longer runs", f"{name} ran before, and no longer does")
    if change.library or change.touched("tests/exhaustive/*"):
        program = trees.built("new", "new", "exhaustive") / "tests/exhaustive/exhaustive"
        with ThreadPoolExecutor(2) as pool:
            for part, done in zip(EXHAUSTIVE, pool.map(lambda part: call([program, part]), EXHAUSTIVE)):
                if done.returncode != 0:
                    said.refusals.append(f"exhaustive {part}: {((done.stderr + done.stdout).strip().splitlines() or ['it fails'])[-1]}")
        said.notes.append(f"with 8-bit addresses, every case of {', '.join(EXHAUSTIVE)}")
    said.notes.append(f"{len(new.passed)} tests, {len(new.passed.keys() - old.passed.keys())} of them new")
    return said


# ---- Judges of one state, the library of the other ----

def cross(change: Change, trees: Workshop) -> Said:
    """A rule that is bent in model and library alike agrees with itself: BASE's judges do not agree with the new library, or
    the new judges with BASE's."""
    if not (change.testbed and change.library) and not change.units:
        return Said(skipped="judges and library have not both changed: what they are is tried as it is")
    said, differ, moved = Said(), [], contract(change)[1]
    for side, lib, who in (("old", "new", "BASE's testbed and the new library"), ("new", "old", "the new testbed and BASE's library")):
        if not (change.testbed and change.library):
            break
        try:
            found = trees.findings(side, lib, trees.saved("old"), most=60)
            for harness in trees.harnesses(side) if len(found) < 20 else []:
                if harness != FORMS:
                    identity, path = trees.fuzz(side, lib, harness, sorted((trees.tree(side) / "corpus" / harness).glob("*.trace")), CROSS_RUNS)
                    if identity:
                        found[path or Path(f"a program of {harness}")] = identity
        except Broken as broken:
            if moved or lib == "old":
                said.notes.append(f"{who} do not build: {broken}")
            else:
                said.refusals.append(f"{who} do not build, and no rule of the contract has changed: {broken}")
            continue
        for path, identity in found.items():
            before = trees.verdict("old", "old", path) if path.exists() else ""
            if before == "":
                differ.append((who, path, identity))
    cited: set[str] = set()
    for who, path, identity in differ[:6]:
        if path.exists():
            side, lib = ("old", "new") if who.startswith("BASE") else ("new", "old")
            text = trees.explained(side, lib, path)
            cited |= set(re.findall(r"^Rules? of lib/CONTRACT.md: (.*)$", text, re.MULTILINE))
            differs = re.search(r"expected: .*\n(?:.*\n)?actual: .*", text)
            said.notes.append(f"{short(path, trees)}: {' / '.join(differs[0].split(chr(10))) if differs else identity}")
    rules = {rule for text in cited for rule in re.findall(r"[A-Z]\d+", text)}
    said.notes += [f"rules that the differences cite: {', '.join(sorted(rules))}"] if rules else []
    lines = [f"{who} disagree: {short(path, trees)}: {identity}" for who, path, identity in differ[:5]]
    by_itself = differ and bool(regressions(change, trees)[0]) and any(one.kind == "Contract" for one in change.declarations)
    if moved & rules or (differ and moved and not rules):
        said.declared += lines
    elif by_itself:
        for one in change.declarations:
            if one.kind == "Contract":
                change.used.add(one)
        said.declared += [f"{line} (a regression breaks with BASE's own testbed, too)" for line in lines]
    else:
        said.refusals += lines
    if not (change.units and change.library):
        return said
    try:
        others, own = trees.tests("old", "new"), trees.tests("old", "old")
    except Broken as broken:
        (said.notes if moved else said.refusals).append(f"BASE's unit tests do not build with the new library: {broken}")
        return said
    for name in sorted(others.failed() - own.failed()):
        (said.declared if moved else said.refusals).append(f"BASE's test {name} fails with the new library")
    said.notes.append(f"{len(others.passed)} of BASE's unit tests ran with the new library")
    return said


# ---- Does it fix what it says? ----

def changed_tests(change: Change) -> list[str]:
    """Unit tests, as SUITE.TEST, whose text is new, or another; of a file whose helpers are, all."""
    names: list[str] = []
    for file in change.touched("tests/unit/*.c", "tests/found/*.c"):
        if file.new is None:
            continue
        old, new = functions_of(file.old or ""), functions_of(file.new)
        tests = [name for name in new if "." in name]
        changed = [name for name in tests if code_of(old.get(name, "")) != code_of(new[name])]
        helpers = file.old is not None and any(code_of(old.get(name, "")) != code_of(new[name]) for name in new if "." not in name and name in old)
        names += tests if helpers and not changed else changed
    return names


@functools.cache
def regressions(change: Change, trees: Workshop) -> tuple[list[Path], list[str], list[str]]:
    """Returns: saved inputs that break before and not after; tests likewise; and what of the change's own regressions does not."""
    own = [trees.tree("new") / file.path for file in change.seeds]
    after = trees.findings("new", "new", own) if own else {}
    before = {path: trees.verdict("old", "old", path) for path in own}
    inputs = [path for path in own if before[path] and path not in after]
    idle = [short(path, trees) for path in own if not before[path] and fnmatch.fnmatch(short(path, trees), "corpus/regressions/*")]
    tests: list[str] = []
    mine = changed_tests(change)
    try:
        new = trees.tests("new", "new")
        failing = trees.tests("new", "old").failed() if change.library and mine else set()
        tests = [name for name in mine if name in failing and new.passed.get(name)]
        new_files = {file.path for file in change.touched("tests/found/*.c") if file.old is None}
        if not tests:
            idle += sorted(new_files)
    except Broken:
        pass  # they need what BASE's library lacks: they say nothing of a bug in it
    if not inputs and not tests and not idle and change.claims_a_fix:
        known = trees.findings("old", "old", trees.saved("old"), most=12)
        inputs = [path for path in known if trees.verdict("new", "new", path) == ""]
        tests = sorted(trees.tests("old", "old").failed() - trees.tests("new", "new").failed())
    return inputs, tests, idle


def fix(change: Change, trees: Workshop) -> Said:
    claim = change.claims_a_fix
    if not claim:
        return Said(skipped="it claims no fix")
    if not change.library and not change.testbed:
        return Said(skipped=f"{claim}: what it fixes is neither library nor testbed: only its own tests can show it")
    inputs, tests, idle = regressions(change, trees)
    said = Said(notes=[f"it claims: {claim}", *(f"breaks before, and not after: {short(path, trees)}: {trees.verdict('old', 'old', path)}"
                                                for path in inputs[:5]),
                       *(f"fails before, and passes after: {name}" for name in tests[:5])])
    said.notes += [f"passes before as well: {name}" for name in idle]
    if not inputs and not tests and not change.library and change.touched("tests/unit/*.c", "tests/*.py"):
        said.notes.append("the testbed's own tests have changed: no input shows what they do")
    elif not inputs and not tests:
        said.refusals.append(f"it claims a fix ({claim}), and {'its regressions pass before as well: ' + ', '.join(idle) if idle else 'nothing fails before that passes after'}")
    return said


def neighbours(change: Change, trees: Workshop) -> Said:
    """A fix for one input leaves those near it broken."""
    if not (change.library or change.testbed):
        return Said(skipped="neither library nor testbed has changed")
    said = Said()
    jobs: list[tuple[str, list[Path], int, int]] = []
    names = trees.harnesses("new")
    if change.claims_a_fix:
        inputs, _, _ = regressions(change, trees)
        for path in [one for one in inputs if one.suffix == ".trace"][:MOST_NEAR]:
            own = path.parent.name if path.parent.name in names else "everything"
            jobs += [(own, [path], NEAR_RUNS, 1)] + ([("everything", [path], NEAR_RUNS, 2)] if own != "everything" else [])
    reached = reached_by(change, trees) if change.library and not change.testbed else None
    around = [name for name in (names if reached is None else reached) if name != FORMS or change.touched("fuzz/trace/*")]
    jobs += [(harness, sorted((trees.tree("new") / "corpus" / harness).glob("*.trace")), SHORT_RUNS, 3) for harness in around]
    build_all = {f"fuzz-{harness}" for harness, *_ in jobs}
    for target in sorted(build_all):
        trees.replayer("new", "new", target)
    with ThreadPoolExecutor(2) as pool:
        for (harness, seeds, runs, _), (identity, broken) in zip(jobs, pool.map(lambda job: trees.fuzz("new", "new", *job), jobs)):
            if identity:
                said.refusals.append(f"{harness}: {'near ' + short(seeds[0], trees) if len(seeds) == 1 else 'a short fuzz'}: {identity}"
                                     + (f" ({broken})" if broken else ""))
    said.notes.append(f"{sum(runs for _, _, runs, _ in jobs):,} executions, in {', '.join(sorted({job[0] for job in jobs}))}")
    return said


def drawn(change: Change, trees: Workshop) -> Said:
    """What fuzzing from nothing calls, it still calls about as often: saved inputs do not show that no others would be made."""
    files = change.touched("fuzz/mutator/*", "fuzz/harness/*", "fuzz/trace/*", "fuzz/machine/*")
    if not files:
        return Said(skipped="nothing that makes programs has changed")
    declaration = next((one for file in files if (one := change.declared("Weakens", file.path))), None)
    both = set(trees.harnesses("old")) & set(trees.harnesses("new"))
    said = Said()
    for name in sorted({name for name in both if f"fuzz/harness/{name}.c" in change.files} | {"everything"} & both):
        for side in ("old", "new"):
            trees.replayer(side, side, f"fuzz-{name}")
        jobs = [(side, name, DRAWN_RUNS, seed) for side in ("old", "new") for seed in DRAWN_SEEDS]
        with ThreadPoolExecutor(2) as pool:
            shares = list(pool.map(lambda job: trees.drawn(*job), jobs))
        before, after = shares[:len(DRAWN_SEEDS)], shares[len(DRAWN_SEEDS):]
        least = {one: min(some.get(one, 0.0) for some in before) for one in before[0]}
        most = {one: max(some.get(one, 0.0) for some in after) for one in least}
        (said.declared if declaration else said.refusals).extend(
            f"{name}: in programs from nothing, {one} is {100 * least[one]:.2g} % of the operations or more, and now {100 * most[one]:.2g} % or less"
            for one in sorted(least) if most[one] * DRAWN_LESS < least[one] >= DRAWN_LEAST)
        said.notes.append(f"{name}: {len(DRAWN_SEEDS)} times {DRAWN_RUNS:,} executions from nothing, {len(least)} operations")
    return said


# ---- Planted bugs ----

def defects(change: Change, trees: Workshop) -> Said:
    """New ones are caught, all still apply, and a change of what judges, or of the corpora, still catches all."""
    touched = [file for file in change.touched("tests/defects/patches/*.patch") if file.new is not None]
    ids = sorted({*bugs_for_new_rules(change)[1], *(file.path.rsplit("/", 1)[1][:-6] for file in touched)})
    said = Said()
    tree = trees.tree("new")
    if change.library:
        for path in change.new.paths("tests/defects/patches/*.patch"):
            done = subprocess.run(["patch", "-p1", "--dry-run", "-s", "-f", "-F0", "-i", tree / path], cwd=tree, capture_output=True,
                                  text=True, check=False)
            if done.returncode != 0:
                said.refusals.append(f"{path}: it no longer applies: run tests/defects/run --refresh, or plant it again")
    if change.library or change.testbed:
        done = call([sys.executable, "-B", "-c", EDITS], tree / "tests/defects")
        said.refusals += [line for line in done.stdout.splitlines() if line]
    everything = bool(change.testbed or change.touched(*CATCHING)) or any(file.old is not None for file in change.touched("corpus/*"))
    if change.library and not everything:
        paths = {file.path for file in change.library}
        ids = sorted({*ids, *(path.rsplit("/", 1)[1][:-6] for path in change.new.paths("tests/defects/patches/*.patch")
                              if paths & {f"{name}" for name in re.findall(r"^\+\+\+ b/(\S+)", change.new.text(path), re.MULTILINE)})})
    if not everything and not ids:
        said.skipped = "" if said.refusals else "no planted bug is concerned"
        return said
    build = trees.replayer("new", "new").folder
    said.add(caught(trees, in_turn(change) if everything else ids))
    if change.testbed and not said.refusals:
        done = call([tree / "tests/defects/bent", "--build", build], environment=trees.environment)
        if done.returncode != 0:
            said.refusals += [f"tests/defects/bent: {line}" for line in (done.stdout + done.stderr).strip().splitlines()[-3:]]
        else:
            said.notes.append((done.stdout.strip().splitlines() or [""])[-1])
    return said


def caught(trees: Workshop, ids: list[str]) -> Said:
    """By the saved corpora, in batches, the last of which is the first with one that is not."""
    said, seen = Said(), 0
    for at in range(0, len(ids), BATCH):
        some = ids[at:at + BATCH]
        done = call([trees.tree("new") / "tests/defects/run", "--build", trees.replayer("new", "new").folder, *some], environment=trees.environment)
        missed = re.findall(r"^(\S+) +NOT CAUGHT +(.*)$", done.stdout, re.MULTILINE)
        said.refusals += [f"planted bug {name}: {why}" for name, why in missed[:8]]
        seen += len(some)
        if done.returncode != 0:
            said.unable = "" if missed else f"tests/defects/run: {(done.stderr or done.stdout).strip().splitlines()[-1]}"
            break
    said.notes.append(f"{seen} of {len(ids)} planted bugs tried")
    return said


def in_turn(change: Change) -> list[str]:
    """All planted bugs, so that each oracle has its turn at once: what is blind is soon seen to be."""
    of_oracle: dict[str, list[str]] = {}
    for path in change.new.paths("tests/defects/patches/*.patch"):
        oracle = re.search(r"^oracle: (.*)$", change.new.text(path), re.MULTILINE)
        of_oracle.setdefault(oracle[1] if oracle else "", []).append(path.rsplit("/", 1)[1][:-6])
    return [one for some in itertools.zip_longest(*of_oracle.values()) for one in some if one]


BATCH = 40
CATCHING = ("tests/defects/run", "tests/defects/mistakes.py", "tests/defects/orchestrate", "fuzz/orchestrate/planted.py", "fuzz/orchestrate/replay.py")
"""Programs that say whether a planted bug is caught."""
EDITS = """
import sys
sys.path.insert(0, ".")
from pathlib import Path
import pairs, weakened
rows = [(one.id, *edit) for one in getattr(pairs, "PAIRS", []) for edit in one.edits]
rows += [(row[0], "fuzz/" + row[2], *row[3:5]) for row in weakened.ERRORS]
for name, file, code, _ in rows:
    text = (Path("../..") / file).read_text()
    if text.count(code) != 1:
        print(f"planted mistake {name}: {file} has its code {text.count(code)} times: write the row again")
"""


# ---- Tests that are new ----

def flaky(change: Change, trees: Workshop) -> Said:
    """Tests and inputs that are new or changed answer the same each time, in any order, on a busy machine."""
    names = changed_tests(change)[:MOST_TESTS]
    seeds = [trees.tree("new") / file.path for file in change.seeds]
    if not names and not seeds:
        return Said(skipped="no test or saved input is new or changed")
    said = Said()
    for file in change.touched("tests/unit/*.[ch]", "tests/found/*.c", "tests/exhaustive/*.c"):
        for line in file.added:
            if CHANCE.search(code_of(line)) and CHANCE.search(line).group(0) not in (file.old or ""):  # type: ignore[union-attr]
                said.refusals.append(f"{file.path}: it depends on time or chance: {line.strip()[:120]}")
    if names:
        programs = trees.unit_programs("new", "new")
        jobs = [(program, name.replace(".", "/")) for _ in range(TIMES) for name in names for program in programs
                if name in trees.tests("new", "new").passed]
        answers: dict[str, set[bool]] = {}
        with ThreadPoolExecutor(4) as pool:  # more than the machine has: that is the load
            for result in pool.map(lambda job: run_tests(job[0], "1", job[1]), jobs):
                for name, passed in result.passed.items():
                    answers.setdefault(name, set()).add(passed)
        said.refusals += [f"{name} passes and fails: {TIMES} runs disagree" for name, seen in answers.items() if len(seen) > 1]
        said.refusals += [f"{name} fails" for name, seen in answers.items() if seen == {False}]
        said.notes.append(f"{len(names)} tests, {TIMES} times each")
    if seeds:
        replayer = trees.replayer("new", "new").tool("procbuf-replay")
        orders = [seeds, seeds[::-1], [*seeds, *seeds[::-1]]]
        answers_of: dict[str, set[str]] = {}
        for order in orders:
            done = call([replayer, "--results", *order], environment=QUIET)
            for path in order if done.returncode == 0 else []:
                answers_of.setdefault(str(path), set()).add(call([replayer, "--results", path], environment=QUIET).stdout)
        statuses = {call([replayer, "--repeat", "10", *order], environment=QUIET).returncode for order in orders}
        if len(statuses) > 1 or any(len(seen) > 1 for seen in answers_of.values()):
            said.refusals.append("the saved inputs that are new answer differently each time, or in another order")
        said.notes.append(f"{len(seeds)} saved inputs, in {len(orders)} orders")
    return said


def vacuous(change: Change, trees: Workshop) -> Said:
    """A test that passes whatever the functions answer that it calls checks nothing."""
    names = [name for name in changed_tests(change) if name in trees.tests("new", "new").passed][:MOST_TESTS] if change.units else []
    if not names:
        return Said(skipped="no unit test is new or changed")
    if os.uname().machine != "x86_64":
        return Said(skipped="functions that only answer are written for x86-64")
    programs = [program for program in trees.unit_programs("new", "new") if program.name != "unit-testbed"]
    folder = programs[0].parents[2]
    symbols = call(["nm", "-g", "--defined-only", folder / "lib/libprocbuf.a"]).stdout
    public = {line.split()[-1] for line in symbols.splitlines() if len(line.split()) == 3 and line.split()[1] == "T"}
    said, tried = Said(), 0
    for name in names:
        functions = sorted(called_by(name, change) & public)[:MOST_STUBBED]
        if not functions:
            continue  # of the testbed, or of what headers define
        passes = [with_stub(folder, program, function, answer, name) for program in programs for function in functions for answer in STUBS]
        answers = [one for one in passes if one is not None]
        tried += len(answers)
        if answers and all(answers):
            said.refusals.append(f"{name}: it passes whatever {', '.join(functions)} answer: it can hardly fail")
    said.notes.append(f"{len(names)} tests, {tried} times with a function that does nothing but answer")
    return said


STUBS = ("xorl %eax, %eax", "movl $1, %eax", "movl $6, %eax")
"""What such a function answers: OK, FAIL, INVAL."""
MOST_STUBBED = 6


def called_by(test: str, change: Change) -> set[str]:
    """Names in a test, and in the functions of its file that it names."""
    for file in change.touched("tests/unit/*.c", "tests/found/*.c"):
        functions = functions_of(file.new or "")
        if test in functions:
            names, seen = set(re.findall(r"\w+", functions[test].partition("{")[2])), set[str]()
            while more := (names & functions.keys()) - seen:
                seen |= more
                names |= {word for one in more for word in re.findall(r"\w+", functions[one])}
            return names
    return set()


def with_stub(folder: Path, program: Path, function: str, answer: str, test: str) -> bool | None:
    """Whether a test passes where one function of the library only answers; None if the program has no such test."""
    target = program.relative_to(folder)
    lines = call(["ninja", "-t", "commands", target], folder).stdout.splitlines()
    link = next((part for line in reversed(lines) for part in line.split(" && ") if f"-o {target} " in part), "")
    with tempfile.TemporaryDirectory() as name:
        source, stub, weak, linked = (Path(name) / one for one in ("stub.s", "stub.o", "weak.a", "program"))
        source.write_text(f".text\n.globl {function}\n{function}:\n {answer}\n xorl %edx, %edx\n ret\n"
                          '.section .note.GNU-stack,"",@progbits\n')
        steps: list[list[object]] = [
            ["gcc", "-c", source, "-o", stub], ["objcopy", f"--weaken-symbol={function}", folder / "lib/libprocbuf.a", weak],
            ["sh", "-c", link.replace(f"-o {target} ", f"-o {linked} {stub} ").replace("lib/libprocbuf.a", str(weak))]]
        for command in steps:
            done = call(command, folder)
            if done.returncode != 0:
                raise ToolError(f"a program with a stub: {(done.stderr.strip().splitlines() or ['no command to link it'])[0]}")
        return run_tests(linked, "1", test.replace(".", "/")).passed.get(test)
