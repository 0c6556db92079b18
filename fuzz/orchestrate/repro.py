"""./fuzz/repro: a crash report in, an explanation out."""
from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import inquiry
from findings import preset_of, read_finding
from promote import promote
from replay import Outcome, minimize, replay, to_text
from tools import (CLEAN, FINDINGS, UNABLE, Build, ToolError, build, find_lib, write_whole)

DIFFERENT = 3


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./fuzz/repro", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Run crash files again, and explain what broke.",
        epilog="Exit status: 0 nothing broke; 1 the bug is there; 2 could not do its work; 3 another\n"
               "bug than the finding's.")
    parser.add_argument("files", nargs="+", metavar="FILE",
                        help="a fuzzer's crash file, a text trace (*.trace), a finding's folder of a "
                             "campaign, or - for standard input")
    parser.add_argument("--harness", metavar="NAME",
                        help="the harness that a crash file of a fuzzer is for (default: found out)")
    parser.add_argument("--lib", metavar="DIR", help="run it on this copy of lib/ in place of ours")
    parser.add_argument("--minimize", action="store_true",
                        help="drop operations while the bug stays the same, then explain")
    parser.add_argument("--results", action="store_true",
                        help="print \"operation -> result\" for each operation, and nothing else on "
                             "standard output")
    parser.add_argument("--repeat", type=int, metavar="N",
                        help="run it N times, and say how often the bug shows")
    parser.add_argument("--matrix", action="store_true",
                        help="replay it in every build (i386, MSan, guard pages, gcc and clang at -O0 to "
                             "-O3), and say which see the bug")
    parser.add_argument("--bisect", metavar="GOOD..BAD",
                        help="find the first commit whose library has the bug")
    parser.add_argument("--debug", action="store_true",
                        help="open gdb at the operation that fails")
    parser.add_argument("--promote", action="store_true",
                        help="make a regression test of a finding's folder that passes now")
    parser.add_argument("--failed-at", metavar="REVISION",
                        help="with --promote: the revision at which it failed, to see that it can")
    parser.add_argument("--emit-trace", metavar="OUT", help="write the program as a text trace")
    return parser.parse_args()


def find_harness(built: Build, path: Path, given: str | None) -> tuple[str | None, Outcome]:
    """Bytes mean what a harness decodes: try all operations first, then each harness."""
    if given is not None and given not in built.harnesses():
        raise ToolError(f"--harness {given}: there are {', '.join(built.harnesses())}")
    if given is None and path.suffix != ".trace" and path.resolve().parent.name in built.harnesses():
        given = path.resolve().parent.name  # where a campaign keeps them: artefacts/HARNESS/
    outcome = replay(built, path, harness=given)
    if outcome.found or given is not None or path.suffix == ".trace":
        return given, outcome
    for harness in built.harnesses():
        attempt = replay(built, path, harness=harness)
        if attempt.found:
            print(f"recognised: an input for the harness {harness}")
            return harness, attempt
    return None, outcome


def print_results(built: Build, name: str, harness: str | None) -> int:
    """The results of one file, as the replay program prints them. Returns: the exit status."""
    path = Path(name)
    if name != "-" and path.is_dir():
        path, _, _ = read_finding(path)
    command = [built.tool("procbuf-replay"), "--results"]
    command += ["--harness", harness] if harness else []
    sys.stdout.flush()
    status = subprocess.run([str(word) for word in command + ["-" if name == "-" else path]],
                            check=False).returncode
    return {0: CLEAN, 2: UNABLE}.get(status, FINDINGS)


def inquire(built: Build, text: bytes, identity: str, options: argparse.Namespace) -> None:
    """Answer what else was asked about the bug."""
    def say(line: str) -> None:
        print(line, file=sys.stderr)
    if options.repeat:
        print(f"\nIs it reliable? {inquiry.reliability(built, text, identity, options.repeat)}")
    if options.matrix:
        print(f"\nWho sees it?\n{inquiry.matrix(built.lib, text, identity, say)}")
    if options.bisect:
        print(f"\nSince when? {inquiry.bisect(options.bisect, text, identity, say)}")
    if options.debug:
        debug(built, text, identity)


def debug(built: Build, text: bytes, identity: str) -> None:
    """Hand over to gdb, stopped where the operation begins that fails."""
    if shutil.which("gdb") is None:
        raise ToolError("gdb is missing: apt-get install gdb")
    report = replay(built, None, text=text).report
    where = re.search(r"^input: .*, operation (\d+)$", report, re.MULTILINE)
    if where is None:
        raise ToolError(f"{identity}: the report names no operation to stop at")
    with tempfile.NamedTemporaryFile(suffix=".trace") as trace:
        trace.write(text)
        trace.flush()
        sys.stdout.flush()
        subprocess.run(["gdb", "-q", "-ex", "set breakpoint pending off", "-ex",
                        f"break run_op if machine_position == {int(where[1]) - 1}", "-ex", "run",
                        "--args", built.tool("procbuf-replay"), trace.name], check=False)


def reproduce(built: Build, name: str, options: argparse.Namespace) -> int:
    """One file. Returns: the exit status for it."""
    path = Path(name)
    expected = ""
    harness = options.harness
    text: str | None = None
    if name == "-":
        text = sys.stdin.buffer.read().decode(errors="surrogateescape")
        outcome = replay(built, None, text=text.encode(errors="surrogateescape"))
    else:
        if not path.exists():
            raise ToolError(f"{name}: no such file")
        if path.is_dir():
            path, harness, expected = read_finding(path)
        harness, outcome = find_harness(built, path, harness)
    print(f"== {name}")
    if not outcome.found:
        print(outcome.report.strip())
        print("nothing broke" + (f"; the finding was: {expected}" if expected else ""))
    if text is None:
        text = to_text(built, path, harness)
    if outcome.found and options.minimize:
        before = len(text.splitlines())
        text, runs = minimize(built, text, outcome.identity)
        print(f"minimised from {before} to {len(text.splitlines())} lines in {runs} runs:\n\n{text}")
    if options.emit_trace:
        write_whole(Path(options.emit_trace), text)
    if not outcome.found:
        return CLEAN
    explained = replay(built, None, text=text.encode(errors="surrogateescape"), explain=True,
                       color=sys.stdout.isatty())
    print(explained.report.strip() if explained.identity == outcome.identity
          else outcome.report.strip())
    inquire(built, text.encode(errors="surrogateescape"), outcome.identity, options)
    if expected and outcome.identity != expected:
        print(f"a different bug: the finding was {expected}")
        return DIFFERENT
    return FINDINGS


def main() -> int:
    options = parse()
    if options.emit_trace and len(options.files) > 1:
        raise ToolError("--emit-trace takes one FILE")
    if options.promote and not options.failed_at:
        raise ToolError("--promote needs --failed-at REVISION: a test that never failed shows nothing")
    lib = find_lib(options.lib)
    worst = CLEAN
    for name in options.files:
        try:
            preset = preset_of(Path(name)) if Path(name).is_dir() else "fuzz"
            built = build(preset, lib, say=lambda text: print(text, file=sys.stderr))
            if options.promote:
                print(promote(built, name, options.failed_at))
                continue
            status = (print_results(built, name, options.harness) if options.results
                      else reproduce(built, name, options))
        except ToolError as error:
            print(f"repro: {error}", file=sys.stderr)
            status = UNABLE
        order = (CLEAN, FINDINGS, DIFFERENT, UNABLE)
        worst = max(worst, status, key=order.index)
    return worst


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as problem:
        print(f"repro: {problem}", file=sys.stderr)
        sys.exit(UNABLE)
    except KeyboardInterrupt:
        sys.exit(UNABLE)
