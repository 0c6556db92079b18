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
from emit import criterion_test
from explain import explanation
from findings import preset_of, read_finding
from promote import promote
from replay import Outcome, minimize, replay, to_text
from tools import (CLEAN, FINDINGS, UNABLE, Build, ToolError, build, find_lib, write_whole)

DIFFERENT = 3
CLUSTERFUZZ = re.compile(r"clusterfuzz-testcase-(?:minimized-)?(?:procbuf_)?(?:fuzz-)?([a-z]+)-\d+")


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
                        help="drop and simplify operations while the bug stays the same, then explain; "
                             "Ctrl-C keeps the smallest so far, and with --emit-trace it goes on from there")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S",
                        help="the most that --minimize may take (default: 60)")
    parser.add_argument("--results", action="store_true",
                        help="print \"operation -> result\" for each operation, and nothing else on "
                             "standard output")
    parser.add_argument("--repeat", type=int, metavar="N",
                        help="run it N times, and say how often the bug shows")
    parser.add_argument("--matrix", action="store_true",
                        help="replay it in every build (i386, MSan, guard pages, gcc and clang at -O0 to "
                             "-O3), and say which see the bug")
    parser.add_argument("--builds", type=lambda text: text.split(","), default=[], metavar="NAME,NAME",
                        help=f"with --matrix: these only, of {', '.join(inquiry.ALL_BUILDS)}")
    parser.add_argument("--bisect", metavar="GOOD..BAD",
                        help="find the first commit whose library has the bug")
    parser.add_argument("--debug", action="store_true",
                        help="open gdb at the operation that fails")
    parser.add_argument("--promote", action="store_true",
                        help="make a regression test of a finding's folder that passes now")
    parser.add_argument("--failed-at", metavar="REVISION",
                        help="with --promote: the revision at which it failed, to see that it can")
    parser.add_argument("--as-found", action="store_true",
                        help="run a finding's folder on the library as it was when it was found")
    parser.add_argument("--emit-trace", metavar="OUT", help="write the program as a text trace")
    parser.add_argument("--emit-test", metavar="OUT",
                        help="write a Criterion test in C, which needs the library alone")
    return parser.parse_args()


def harness_by_name(built: Build, path: Path) -> str | None:
    """What the name of a crash file or its folder says: campaigns keep artefacts/HARNESS/crash-…,
    ClusterFuzz names clusterfuzz-testcase-minimized-fuzz-HARNESS-123."""
    known = built.harnesses()
    match = CLUSTERFUZZ.search(path.name)
    for name in (match[1] if match else "", path.resolve().parent.name):
        if name in known:
            print(f"taken for an input of the harness {name}, by its name")
            return name
    return None


def find_harness(built: Build, path: Path, given: str | None) -> tuple[str | None, Outcome]:
    """Bytes mean what a harness decodes: by name, else with all operations, else with each harness
    in turn; what was guessed is said. One that is given is not overruled, only doubted."""
    if given is not None and given not in built.harnesses():
        raise ToolError(f"--harness {given}: there are {', '.join(built.harnesses())}")
    if path.suffix == ".trace":
        return None, replay(built, path)
    harness = given or harness_by_name(built, path)
    outcome = replay(built, path, harness=harness)
    if outcome.found:
        return harness, outcome
    for other in built.harnesses():
        attempt = replay(built, path, harness=other)
        if not attempt.found:
            continue
        if given is not None:
            print(f"for {given} it runs clean; as an input of {other} it breaks: is --harness right?")
            return given, outcome
        print(f"recognised: an input of the harness {other}")
        return other, attempt
    return harness, outcome


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
        print(f"\nWho sees it?\n{inquiry.matrix(built.lib, text, identity, options.builds, say)}")
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


def read_input(built: Build, name: str, harness: str | None) -> tuple[str, Outcome, str]:
    """A file, a finding's folder or standard input. Returns: the program as text, what it did, and
    the identity that it should have."""
    if name == "-":
        octets = sys.stdin.buffer.read()
        if b"trace " in octets[:4096] and b"\0" not in octets:
            return (octets.decode(errors="surrogateescape"), replay(built, None, text=octets), "")
        with tempfile.NamedTemporaryFile() as file:
            file.write(octets)
            file.flush()
            return read_input(built, file.name, harness)
    path, expected = Path(name), ""
    if not path.exists():
        raise ToolError(f"{name}: no such file")
    if path.is_dir():
        path, _, expected = read_finding(path)
    harness, outcome = find_harness(built, path, harness)
    return to_text(built, path, harness), outcome, expected


def made_small(built: Build, text: str, options: argparse.Namespace) -> str:
    """The program, minimised. With --emit-trace, that file holds the smallest so far."""
    with tempfile.NamedTemporaryFile("w", suffix=".trace", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        smaller = minimize(built, Path(file.name), seconds=options.seconds,
                           out=Path(options.emit_trace) if options.emit_trace else None)
    print(f"{smaller.how_far}:\n\n{smaller.text}")
    return smaller.text


def reproduce(built: Build, name: str, options: argparse.Namespace) -> int:
    """One file. Returns: the exit status for it."""
    print(f"== {name}")
    text, outcome, expected = read_input(built, name, options.harness)
    if not outcome.found:
        print(outcome.report.strip())
        print("nothing broke" + (f"; the finding was: {expected}" if expected else ""))
    elif options.minimize:
        text = made_small(built, text, options)
    if options.emit_trace:
        write_whole(Path(options.emit_trace), text)
    if not outcome.found:
        if options.emit_test:
            raise ToolError("--emit-test: nothing broke, so there is nothing to make a test of")
        return CLEAN
    octets = text.encode(errors="surrogateescape")
    explained = replay(built, None, text=octets, explain=True, color=sys.stdout.isatty())
    told = explained if explained.identity == outcome.identity else outcome
    print(explanation(told.identity, told.report).strip())
    if options.emit_test:
        plain = replay(built, None, text=octets, explain=True)
        write_whole(Path(options.emit_test), criterion_test(built, text, plain.identity, plain.report))
        print(f"wrote {options.emit_test}")
    inquire(built, octets, outcome.identity, options)
    if expected and outcome.identity != expected:
        print(f"a different bug: the finding was {expected}")
        return DIFFERENT
    return FINDINGS


def built_for(name: str, options: argparse.Namespace) -> Build:
    """The build in which to run a file: of the library that is asked for, as a finding needs it."""
    def say(text: str) -> None:
        print(text, file=sys.stderr)
    is_folder = Path(name).is_dir()
    lib = find_lib(options.lib)
    if options.as_found:
        if not is_folder:
            raise ToolError(f"{name}: --as-found takes a finding's folder")
        lib = inquiry.library_as_found(Path(name))
    return build(preset_of(Path(name)) if is_folder else "fuzz", lib, say=say)


def main() -> int:
    options = parse()
    for option in ("emit_trace", "emit_test"):
        if getattr(options, option) and len(options.files) > 1:
            raise ToolError(f"--{option.replace('_', '-')} takes one FILE")
    if options.promote and not options.failed_at:
        raise ToolError("--promote needs --failed-at REVISION: a test that never failed shows nothing")
    if options.as_found and options.lib:
        raise ToolError("--as-found and --lib exclude each other")
    worst = CLEAN
    for name in options.files:
        try:
            built = built_for(name, options)
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
