"""The lines that a change touches: who compiles them, who reaches them, and whether a mistake there is noticed."""
from __future__ import annotations

import functools
import json
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .. import coverage
from ..tools import Build, clang
from .builds import QUIET, Workshop, call
from .change import Change, File, code_of
from .said import Said
from .weakened import functions_of

NO_CODE = re.compile(r"\s*(/?\*.*|//.*|[{}();]*|else|\}? ?else ?\{?)$")
WAYS = [["gcc"], ["gcc", "-DPROCBUF_CHECKED"], ["gcc", "-DPROCBUF_CHECKED", "-DPROCBUF_EXITS_ARE_COMPARED"], [clang()],
        ["gcc", "-m32"], [clang(), "--target=thumbv8m.main-none-eabi"], [clang(), "--target=riscv64-none-elf"],
        [clang(), "--target=s390x-linux-gnu"], [clang(), "--target=aarch64-none-elf"], ["gcc", "-O2"], ["gcc", "-Os", "-DNDEBUG"],
        [clang(), "-fsanitize=address"], ["gcc", "-fsanitize=thread"],
        ["gcc", "-DPROCBUF_ADDR_TYPE=uint8_t", "-DPROCBUF_MEMORY_BASE=world_base"], [clang(), "-x", "c++", "-std=c++17"], ["gcc", "-std=c2x"]]
"""As the presets, tests/other_machines and tests/build compile the library."""
COMPILED = [["gcc", "-std=c11", "-O2"], ["gcc", "-std=c2x", "-O3", "-DPROCBUF_CHECKED"], [clang(), "-std=c11", "--target=thumbv8m.main-none-eabi"],
            [clang(), "-std=c11", "--target=i386-none-elf", "-DPROCBUF_CHECKED"], [clang(), "-std=c2x", "--target=powerpc-none-elf"]]
MOST_MUTANTS = 240
MOST_COMPILED = 700
"""Files, for mutants: one of a header compiles all."""


def changed_code(change: Change) -> dict[str, set[int]]:
    """File, as src/x.c, to the numbers of its lines that are new or changed and have code."""
    found: dict[str, set[int]] = {}
    for file in change.touched("lib/src/*.[ch]", "lib/include/*.h"):
        if file.new is None or "/proved/" in file.path:
            continue
        source = blank_comments(file.new).splitlines()
        lines = {number for number in file.new_lines if number <= len(source) and source[number - 1].strip()
                 and not NO_CODE.match(source[number - 1])}
        gone = [hunk for hunk in file.hunks if not hunk.added and hunk.removed and code_of("\n".join(hunk.removed))]
        lines |= {number for hunk in gone for number in statement_after(source, hunk.new_at)}
        if lines and code_of(file.old or "") != code_of(file.new):
            found[file.path.removeprefix("lib/")] = lines
    return found


def statement_after(source: list[str], at: int) -> set[int]:
    """Where code went, what is now where it was."""
    return {number for number in (at, at + 1) if 0 < number <= len(source) and source[number - 1].strip() and not NO_CODE.match(source[number - 1])}


def blank_comments(text: str) -> str:
    """Lines stay where they are."""
    return re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', lambda match: match[0] if match[0][0] == '"' else re.sub(r"[^\n]", " ", match[0]),
                  text, flags=re.DOTALL)


# ---- Who compiles them ----

def configurations(change: Change, trees: Workshop) -> Said:
    """Each changed line with code is compiled by one of the ways in which the library is built and tested."""
    changed = changed_code(change)
    ports = {file.path.removeprefix("lib/"): {n for n in file.new_lines if blank_comments(file.new or "").splitlines()[n - 1:n] not in ([], [""])}
             for file in change.touched("lib/ports/*.[ch]") if file.new is not None}
    if not changed:
        return Said(skipped="no code of the library has changed" + (", but of ports: tests/kernel tries them" if ports else ""))
    lib = trees.tree("new") / "lib"
    said = Said()
    failed: dict[str, str] = {}
    for file, lines in changed.items():
        source = blank_comments((lib / file).read_text()).splitlines()
        wanted = {n for n in lines if not source[n - 1].lstrip().startswith("#") and not in_macro(source, n)}
        unit: list[Path | str] = [lib / file] if file.endswith(".c") else ["-include", lib / file, min((lib / "src").glob("*.c"))]
        for way in WAYS:
            if not wanted:
                break
            done = call([way[0], "-E", "-std=c11", "-ffreestanding", *way[1:], "-I", lib / "include", "-I", trees.tree("new") / "tests/build/freestanding", *unit])
            if done.returncode != 0:
                failed.setdefault(" ".join(way), done.stderr.strip().splitlines()[0] if done.stderr.strip() else "failed")
                continue
            wanted -= compiled_lines(done.stdout, str(lib / file))
        said.refusals += [f"lib/{file}:{n}: no build compiles it: {source[n - 1].strip()}" for n in sorted(wanted)]
    said.notes += [f"not tried: {way}: {why[:100]}" for way, why in failed.items()]
    for way in COMPILED:
        broken = compiles(trees.tree("new"), way)
        if broken and not compiles(trees.tree("old"), way):
            said.refusals.append(f"{' '.join(way)}: {broken}")
    said.notes.append(f"compiled without a warning by {len(COMPILED)} more compilers and targets")
    return said


def compiles(tree: Path, way: list[str]) -> str:
    """The first warning or error of the library, freestanding; '' if there is none."""
    done = call([*way, "-fsyntax-only", "-ffreestanding", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror", "-I", tree / "lib/include",
                 "-I", tree / "tests/build/freestanding", *sorted((tree / "lib/src").glob("*.c"))])
    lines = done.stderr.replace(f"{tree}/", "").splitlines()
    return next((line for line in lines if "error" in line), (lines or ["it fails"])[0]) if done.returncode != 0 else ""


def in_macro(source: list[str], number: int) -> bool:
    """Whether the line goes on with a directive."""
    while number > 1 and source[number - 2].rstrip().endswith("\\"):
        number -= 1
    return source[number - 1].lstrip().startswith("#")


def compiled_lines(text: str, path: str) -> set[int]:
    """Of a file, by the line markers of the preprocessor: lines that something is left of. A call of a macro may spread over
    lines, of which the first counts for all."""
    found: set[int] = set()
    here, number = False, 0
    for line in text.splitlines():
        if marker := re.match(r'# (\d+) "(.*?)"', line):
            here, number = marker[2] == path, int(marker[1])
            continue
        if here and line.strip():
            found.add(number)
        number += 1
    source = Path(path).read_text().splitlines()
    for at in sorted(found):  # arguments of a macro that go on
        depth = source[at - 1].count("(") - source[at - 1].count(")")
        while depth > 0 and at < len(source):
            at += 1
            found.add(at)
            depth += source[at - 1].count("(") - source[at - 1].count(")")
    return found


PROMISES = ("headers_alone", "without_attributes", "mixed_worlds", "barrier", "fetch_once", "must_not_compile")
"""Of tests/build/check: what compilers must make of the library, and must not."""
PAPERS = ("functions", "errors", "requires")
"""Of tests/build: what each public function needs next to it: a comment, a unit test, an operation; errors and requirements."""


def promises(change: Change, trees: Workshop) -> Said:
    if not change.library and not change.touched("lib/include/*", "tests/build/*"):
        return Said(skipped="no code of the library has changed")
    tree = trees.tree("new")
    said = Said()
    for name in PAPERS:
        done = call([tree / "tests/build" / name], tree)
        said.refusals += [f"tests/build/{name}: {line}" for line in (done.stdout + done.stderr).strip().splitlines()[:4]] if done.returncode != 0 else []
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda name: call([tree / "tests/build/check", name], tree, trees.environment), PROMISES))
    for name, done in zip(PROMISES, outcomes):
        if done.returncode == 1:
            said.refusals.append(f"{name}: {(done.stdout + done.stderr).strip().splitlines()[0][:200]}")
        elif done.returncode != 0:
            said.unable = f"tests/build/check {name}: {(done.stderr.strip().splitlines() or ['it failed'])[-1]}"
    said.notes.append(f"tests/build/check: {', '.join(PROMISES)}; tests/build: {', '.join(PAPERS)}")
    return said


# ---- Who reaches them ----

@functools.cache
def measured(trees: Workshop) -> tuple[dict[str, coverage.Measured], dict[str | None, dict[str, coverage.Measured]]]:
    """By the saved corpora of the change: all, and each harness."""
    folder = trees.built("new", "new", "procbuf-replay", preset="coverage")
    corpora: dict[str | None, list[Path]] = {name: sorted((trees.tree("new") / "corpus" / name).glob("*.trace")) for name in trees.harnesses("new")}
    corpora = {name: paths for name, paths in corpora.items() if paths}
    corpora["everything"] = corpora.get("everything", []) + sorted((trees.tree("new") / "corpus/regressions").glob("*.trace"))
    return coverage.measure_each(Build(folder, trees.tree("new") / "lib"), corpora)


def reached_by(change: Change, trees: Workshop) -> list[str] | None:
    """Harnesses whose corpora reach a changed line of the library; None if all may."""
    changed = changed_code(change)
    if not changed or any(not file.startswith("src/") or file.endswith(".h") for file in changed):
        return None
    names = []
    try:
        by_harness = measured(trees)[1]
    except coverage.Broke:
        return None
    for harness, files in by_harness.items():
        for file, lines in changed.items():
            counts = files[file].counts if file in files else []
            if harness and any(number <= len(counts) and counts[number - 1] for number in lines):
                names.append(harness)
                break
    return names


def covered(change: Change, trees: Workshop) -> Said:
    changed = changed_code(change)
    if not changed:
        return Said(skipped="no code of the library has changed")
    try:
        files = measured(trees)[0]
    except coverage.Broke as broke:
        return Said(skipped=f"a saved input breaks it: {broke.stopped.path.name}")
    said, reached, total = Said(), 0, 0
    exceptions = {line.split("  #")[0].strip() for line in change.new.text("tests/regression/uncovered.txt").splitlines()}
    for file, lines in sorted(changed.items()):
        source = (trees.tree("new") / "lib" / file).read_text().splitlines()
        entry = files.get(file)
        if entry is None:
            said.notes.append(f"lib/{file} has no code of its own, or is measured where it is included: not counted")
            continue
        functions = {name for name, (first, last) in entry.misses.functions.items() if lines & set(range(first, last + 1))}
        for number in sorted(lines):
            count = entry.counts[number - 1] if number <= len(entry.counts) else None
            if count is None:
                continue
            total += 1
            reached += count > 0
            text = source[number - 1].strip()
            if count == 0 and f"{file}: {text}" not in exceptions and not any(f"{file}: {name}()" in exceptions for name in functions):
                said.refusals.append(f"lib/{file}:{number}: no saved input reaches it: {text}")
        for number, value, code in entry.misses.branches_missed:
            if number in lines and (entry.counts[number - 1] or 0) > 0 and f"{file}: never {value}: {code}" not in exceptions:
                said.refusals.append(f"lib/{file}:{number}: no saved input makes it {value}: {code}")
        text = " ".join(source[number - 1].strip() for number in sorted(lines))
        said.refusals += [f"lib/{file}: {name}: no saved input shows that it decides by itself (MC/DC): {code}" for name, code in entry.undecided
                          if code in text and not any(f"{file}: never {how}: {code}" in exceptions for how in ("decides", "true", "false"))]
    said.notes.append(f"{reached} of {total} changed lines with code are reached by the saved corpora alone")
    return said


# ---- Whether a mistake there is noticed ----

def mutants(change: Change, trees: Workshop) -> Said:
    changed = changed_code(change)
    if not changed:
        return Said(skipped="no code of the library has changed")
    tree = trees.tree("new")
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.json"
        places = [f"{file}:{number}" for file, lines in sorted(changed.items()) for number in sorted(lines)]
        done = call([sys.executable, "-B", tree / "tests/mutation/run", "--either", "--lines", ",".join(places), "--sample", MOST_MUTANTS,
                     "--most-compiled", MOST_COMPILED, "--jobs", "2", "--results", Path(name) / "results.jsonl", "--json", report], tree,
                    trees.environment | QUIET)
        if not report.exists():
            if "no such mutant" in done.stderr:
                return Said(notes=["nothing in the changed lines can be mutated"])
            return Said(unable=f"tests/mutation/run: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
        told = json.loads(report.read_text())
    said = Said()
    for one in told["either"]:
        lines = one["diff"].split("\n")
        said.refusals.append(f"lib/{one['file']}:{one['line']}: no test notices ({one['operator']}): "
                             + " => ".join(" ".join(line[1:].split()) for line in lines if line[:1] in "+-")[:200])
    said.notes.append(f"{told['tried']} of {told['there']} mutants of the changed lines tried, {told['killed']} die, "
                      f"{told['argued']} are argued or compile to the same code, {told['endless']} do not end")
    return said


def changed_functions(file: File) -> set[str]:
    """Of C: those whose text, or whose contract for the proof, is another."""
    old, new = functions_of(file.old or ""), functions_of(file.new or "")
    return {name for name in new if name and code_of(old.get(name, "")) != code_of(new[name])}
