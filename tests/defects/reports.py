#!/usr/bin/python3
"""From crash to fix, for every planted bug: what ./fuzz/repro makes of it.

For each bug: the saved corpora show it; the input becomes a raw crash file of a fuzzer; that is
explained, with the operation that fails and the rule that it broke; minimised, and shows the same
bug; made into a C test, which fails with the bug in the library and passes without; bundled, and
reproduced from another folder.

usage: reports.py [--build DIR] [ID…]
"""
import re
import shutil
import statistics
from pathlib import Path

from mistakes import built, chosen, each, make_parser

from orchestrate import emit, explain, measured
from orchestrate.bundle import Bundles, read_finding
from orchestrate.findings import Findings, Origin
from orchestrate.planted import Defect, Failure, all_defects, compile_changed, judge, link, patched_library, run
from orchestrate.replay import replay
from orchestrate.tools import FINDING_STATUS, ROOT, Build, ToolError, clang, front_door, identity_in

TOOLS = ("procbuf-replay", "procbuf-minimize", "procbuf-convert", "procbuf-emit")
MOST_OPERATIONS = {"wide": 15}
OTHERS_MOST_OPERATIONS = 12
"""A minimised program is no longer: by the harness, since a long row takes six registers to build, and is skipped in parts."""
C_FLAGS = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-unused-result"]
LIB_FLAGS = ["-std=c11", "-O1", "-g", "-ffreestanding"]
COMPILERS = {
    "plain": ["gcc"],
    "ubsan": [clang(), "-fsanitize=undefined,integer,implicit-conversion", "-fno-sanitize-recover=all"],
}
"""Without the testbed: as a kernel would be built; and with what the test says that it needs."""


def compile_library(compiler: str, lib: Path, sources: list[Path], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    done = run([*COMPILERS[compiler], *LIB_FLAGS, "-I", str(lib / "include"), "-c", *map(str, sources)], folder)
    if done.returncode != 0:
        raise Failure(f"the library does not build ({compiler}):\n{done.stderr}")
    return [folder / (source.stem + ".o") for source in sources]


def run_test(compiler: str, test: Path, lib: Path, objects: list[Path], program: Path) -> bool:
    """Build and run an emitted test. Returns: whether it passed."""
    done = run([*COMPILERS[compiler], *C_FLAGS, "-I", str(lib / "include"), str(test), *map(str, objects), "-lcriterion",
                "-o", str(program)], test.parent)
    if done.returncode != 0:
        raise Failure(f"{test}: the emitted test does not build:\n{done.stderr[:2000]}")
    done = run([str(program), "--jobs", "1"], test.parent)
    if "Tested: \x1b[0;34m1" not in done.stderr and "Tested: 1" not in re.sub(r"\x1b\[[\d;]*m", "", done.stderr):
        raise Failure(f"{test}: the emitted test did not run:\n{done.stderr[:2000]}")
    return done.returncode == 0


def find_input(defect: Defect, programs: Build) -> tuple[Path, str]:
    """The saved input that shows the bug, and its identity."""
    traces = sorted((ROOT / "corpus").glob("*/*.trace"))
    done = run([str(programs.tool("procbuf-replay")), *map(str, traces)], programs.folder)
    identity = identity_in(done.stderr)
    where = re.search(r"^input: (.*), operation \d+$", done.stderr, re.MULTILINE)
    if done.returncode != FINDING_STATUS or not identity or not where:
        raise Failure(f"the saved corpora end with status {done.returncode}:\n{done.stderr[-1500:]}")
    judge(defect, identity)
    return Path(where[1]), identity


def go(defect: Defect, build: Path, keep: Path | None) -> str:
    """All of it. Returns: what there was. Raises Failure at the first thing that is not as it
    should be."""
    folder = build / "reports" / defect.id
    lib = patched_library(defect, folder)
    (folder / "fuzz").mkdir()
    objects = compile_changed(lib, folder, build)
    for tool in TOOLS:
        link(f"fuzz/{tool}", objects, folder, build)
        (folder / tool).rename(folder / "fuzz" / tool)
    programs = Build(folder, lib)
    path, identity = find_input(defect, programs)

    crash = folder / "crash-0123456789abcdef"
    run([str(programs.tool("procbuf-convert")), str(path), str(crash)], folder)
    first = replay(programs, crash, explain=True)
    if first.identity != identity:
        raise Failure(f"the raw crash shows {first.identity or 'nothing'} instead of {identity}")
    if not re.search(r"^->\s+(\d+|\(the end)", first.report, re.MULTILINE) and " op=process" not in identity:
        raise Failure(f"the explanation marks no operation:\n{first.report}")
    rule = re.search(r"^Rule of lib/CONTRACT.md: ([A-Z]\d+)$", first.report, re.MULTILINE)
    if not rule or not explain.rule_at(rule[1])[1]:
        raise Failure(f"the explanation names no rule of the contract:\n{first.report[-500:]}")

    finding = Findings(Bundles(folder / "findings", None), programs).add(crash, Origin(None, "a planted bug"))
    assert finding is not None
    bundle = folder / "findings" / finding.folder
    text = (bundle / "trace.trace").read_text()
    if finding.identity != identity:
        raise Failure(f"minimised to another bug: {finding.identity}")
    if finding.operations > MOST_OPERATIONS.get(defect.fields.get("harness", ""), OTHERS_MOST_OPERATIONS):
        raise Failure(f"minimised to {finding.operations} operations:\n{text}")
    test = bundle / "test.c"
    if emit.unseen(identity):
        shutil.rmtree(folder)
        return f"{finding.operations} operations, no C test can see it, {identity.removeprefix('PROCBUF-BUG ')}"
    if not test.exists():
        raise Failure(f"no C test: {(bundle / 'explanation.txt').read_text()[-300:]}")
    if keep is not None:
        shutil.copy(test, keep / f"{defect.id}.c")
    compiler = "ubsan" if "kind=ubsan-" in identity else "plain"
    good = folder.parent / f"lib-{compiler}"
    ours = [good / (source.stem + ".o") for source in sorted((ROOT / "lib/src").glob("*.c"))]
    changed = [source for source in sorted((lib / "src").glob("*.c"))
               if (folder / (source.stem + ".o")).exists()]
    broken = compile_library(compiler, lib, changed, folder / "objects")
    names = {path.name for path in broken}
    if not run_test(compiler, test, ROOT / "lib", ours, folder / "test-ours"):
        raise Failure(f"{test}: fails on the library as it is")
    if run_test(compiler, test, lib, broken + [path for path in ours if path.name not in names],
                folder / "test-broken"):
        raise Failure(f"{test}: passes with the bug in the library ({identity}):\n{text}")

    moved = folder / "elsewhere"
    bundle.rename(moved)
    trace, expected = read_finding(moved)
    again = replay(programs, trace)
    if again.identity != expected or str(folder) in (moved / "explanation.txt").read_text():
        raise Failure(f"from another folder it shows {again.identity or 'nothing'}")
    shutil.rmtree(folder)
    return f"{finding.operations} operations, rule {rule[1]}, {identity.removeprefix('PROCBUF-BUG ')}"


def main() -> int:
    parser = make_parser(__doc__.split("\n\nusage")[0], "Exit status: 0 all went well; 1 one did not; 2 could not tell.",
                         "these bugs only (default: all)")
    parser.add_argument("--real", action="store_true", help="those that were made in real kernels only")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth of them")
    parser.add_argument("--update", action="store_true", help="keep the numbers in reports.json, for tests/RESULTS.md")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the C tests there")
    options = parser.parse_args()
    defects = [d for d in chosen(all_defects(), options.ids) if "made in" in d.fields or not options.real][::max(1, options.every)]
    build = built(options)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    for compiler in COMPILERS:
        compile_library(compiler, ROOT / "lib", sorted((ROOT / "lib/src").glob("*.c")),
                        build / f"reports/lib-{compiler}")
    told: list[str] = []
    for defect, text, failure in each(defects, lambda defect: go(defect, build, options.keep), options.jobs, ToolError):
        told += [] if failure else [text]
        print(f"{defect.id:8}" + (f"FAILED  {failure}" if failure else text), flush=True)
    print(f"{len(told)} of {len(defects)} planted bugs explained, minimised, and made into a test")
    if options.update and told:
        sizes = [int(text.split()[0]) for text in told]
        which = " --real" * options.real + f" --every {options.every}" * (options.every > 1)
        measured.record(ROOT / "tests/defects/reports.json", f"tests/defects/reports.py{which}", [{
            "planted bugs": len(defects), "from crash to fix": len(told), "that no C test can see": sum("no C test" in text for text in told),
            "operations, median": int(statistics.median_low(sizes)), "operations, most": max(sizes)}])
    return 1 if len(told) < len(defects) else 0


if __name__ == "__main__":
    front_door("reports.py", main)
