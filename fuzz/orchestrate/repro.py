"""./fuzz/repro: a crash report in, an explanation out."""
from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from . import hardware, inquiry, shrink
from .bundle import machine_of, preset_of, read_finding
from .emit import criterion_test
from .explain import explanation
from .parts import Parts, parts_of
from .progress import working
from .promote import promote
from .record import Reproduction, Suggestion
from .replay import (KILLED, SEQUENCE_LIMIT_S, TEXTS, TIMEOUT_S, Outcome, is_input, minimize, replay, suffix_of,
                    to_text)
from .suspects import Opinion, of_machine, opinion_of, switched, told
from .tools import (CLEAN, COLOUR, FINDINGS, UNABLE, Build, ToolError, as_file, build, describe, find_lib, front_door, named, quoted,
                    shown, to_write, write_whole)

DIFFERENT = 3
CLUSTERFUZZ = re.compile(r"clusterfuzz-testcase-(?:minimized-)?(?:procbuf_)?(?:fuzz-)?([a-z]+)-\d+")


PARTS = ("test.c", "explanation.txt", "library.patch", "report.txt")
"""Of a bundle, and no inputs."""


def times(text: str) -> int:
    if not re.fullmatch("[0-9]{1,6}", text) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"invalid number of times {text!r} (1 to 999999)")
    return int(text)


def seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= 1e6:
        raise argparse.ArgumentTypeError(f"invalid number of seconds {text!r}")
    return number


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./fuzz/repro", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Run crash files again, and explain what broke.",
        epilog="Exit status: 0 no bug found; 1 the bug is there; 2 failed to run; 3 another\n"
               "bug than the finding's.")
    parser.add_argument("files", nargs="+", metavar="FILE",
                        help="a fuzzer's crash file, a text trace (*.trace), a sequence of them that run in one "
                             "process (*.sequence, *.ring), a finding's folder of a campaign, or - for standard input")
    parser.add_argument("--harness", metavar="NAME",
                        help="the harness that a crash file of a fuzzer is for (default: recognised)")
    parser.add_argument("--lib", type=named, metavar="DIR", help="run it on this copy of lib/ instead of ours")
    parser.add_argument("--minimize", action="store_true",
                        help="drop and simplify operations while the bug stays the same, then explain; "
                             "Ctrl-C keeps the smallest so far, and --emit-trace continues from there")
    parser.add_argument("--seconds", type=seconds, default=60.0, metavar="S",
                        help="time limit of --minimize (default: 60)")
    parser.add_argument("--results", action="store_true",
                        help="print \"operation -> result\" for each operation, and nothing else on "
                             "standard output")
    parser.add_argument("--json", action="store_true",
                        help="print the result as JSON (fuzz/repro.schema.json), and all else on standard error")
    parser.add_argument("--repeat", type=times, metavar="N",
                        help="run it N times, and print how often the bug shows")
    parser.add_argument("--matrix", action="store_true",
                        help="replay it in every build (i386, MSan, guard pages, gcc and clang at -O0 to "
                             "-O3), and print which of them see the bug")
    parser.add_argument("--builds", type=lambda text: text.split(","), default=[], metavar="NAME,NAME",
                        help=f"with --matrix: only these, of {', '.join(inquiry.BUILDS)}")
    parser.add_argument("--on", choices=hardware.MACHINES, metavar="MACHINE",
                        help=f"run it in a kernel with its protection unit on, emulated by QEMU, and print its answer; "
                             f"with --minimize, make it small there: "
                             f"{', '.join(hardware.MACHINES)}")
    parser.add_argument("--bisect", metavar="GOOD..BAD",
                        help="find the first commit whose library has the bug")
    parser.add_argument("--suspects", action="store_true",
                        help="print the lines of the library most likely at fault")
    parser.add_argument("--debug", action="store_true",
                        help="open gdb at the operation that fails")
    parser.add_argument("--promote", action="store_true",
                        help="make a regression test of a finding's folder that passes now")
    parser.add_argument("--failed-at", metavar="REVISION",
                        help="with --promote: a revision at which it failed, to check that the test can fail")
    parser.add_argument("--as-found", action="store_true",
                        help="run a finding's folder on the library as it was when it was found")
    parser.add_argument("--emit-trace", type=to_write, metavar="OUT", help="write the program as a text trace")
    parser.add_argument("--emit-test", type=to_write, metavar="OUT",
                        help="write a Criterion test in C, which needs the library alone")
    return parser


KINDS = {"results": ("lib", "as_found", "harness"), "promote": ("lib", "failed_at"),
         "on": ("lib", "as_found", "harness", "minimize", "seconds", "emit_trace", "suspects", "json")}
"""Options that make it another command, and the options which that takes."""
NEEDS = {"builds": "matrix", "seconds": "minimize", "failed_at": "promote"}


def refuse_others(kind: str, options: argparse.Namespace, because: str) -> None:
    """An option that would do nothing is refused: who gave it waits for what it does."""
    for name, value in vars(options).items():
        if name not in (kind, "files", *KINDS[kind]) and value != make_parser().get_default(name):
            raise ToolError(f"{because} excludes --{name.replace('_', '-')}")


def parse() -> argparse.Namespace:
    options = make_parser().parse_args()
    for kind in KINDS:
        if getattr(options, kind):
            refuse_others(kind, options, f"--{kind}")
    for name, needed in NEEDS.items():
        if getattr(options, name) != make_parser().get_default(name) and not getattr(options, needed):
            raise ToolError(f"--{name.replace('_', '-')} needs --{needed}")
    return options


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
    if path.suffix in (*TEXTS, ".ring"):
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
    if name != "-":
        path, _ = find_input(name)
    command: list[object] = [built.tool("procbuf-replay"), "--results", "--limit", SEQUENCE_LIMIT_S]
    command += ["--harness", harness] if harness else []
    sys.stdout.flush()
    try:
        status = subprocess.run([str(word) for word in [*command, "--", "-" if name == "-" else path]],
                                check=False, timeout=TIMEOUT_S).returncode
    except subprocess.TimeoutExpired:
        print(f"{shown(name)}: no end after {TIMEOUT_S} s: it hangs", file=sys.stderr)
        return FINDINGS
    if status in KILLED:
        raise ToolError(f"{name}: the replay was killed by another process")
    if status not in (0, 2):
        built.harnesses()  # says so when the program does not even start
    return {0: CLEAN, 2: UNABLE}.get(status, FINDINGS)


def say(line: str) -> None:
    print(line, file=sys.stderr)


def tried_further(built: Build, text: bytes, identity: str, options: argparse.Namespace) -> bool:
    """Run it more often and in other builds, as asked. Returns: whether a bug showed there."""
    found = False
    if options.repeat:
        with working("repeating"):
            answer = inquiry.reliability(built, text, identity, options.repeat)
        print(f"\nIs it reliable? {answer.text}")
        found |= answer.found
    if options.matrix:
        with working("trying every build"):
            answer = inquiry.matrix(built.lib, text, identity, options.builds, say)
        print(f"\nWho sees it?\n{answer.text}")
        found |= answer.found
    return found


def inquire(built: Build, text: bytes, identity: str, options: argparse.Namespace, entry: Reproduction) -> None:
    """Answer what else was asked about the bug."""
    tried_further(built, text, identity, options)
    if options.bisect:
        with working("bisecting"):
            since = inquiry.bisect(options.bisect, text, identity, say)
        print(f"\nSince when? {since}")
    if options.suspects:
        with working("looking for suspects"):
            opinion = where_to_look(built, text, identity)
        entry.suspects, entry.no_suspects = opinion.suspects, opinion.none_since
        print(f"\nWhere to look? {told(opinion)}", end="")
    if options.debug:
        debug(built, text, identity)


def where_to_look(built: Build, text: bytes, identity: str) -> Opinion:
    """Suspects, or why there are none."""
    outcomes = [replay(built, None, text=text, explain=True) for _ in range(2)]
    if any(outcome.identity != identity for outcome in outcomes):
        return Opinion(none_since="it does not show each time")
    with as_file(text, suffix_of(text.decode(errors="replace"))) as program:
        return opinion_of(switched(built.lib), program, identity, outcomes[0].report)


def debug(built: Build, text: bytes, identity: str) -> None:
    """Hand over to gdb, stopped where the operation begins that fails."""
    if shutil.which("gdb") is None:
        raise ToolError("gdb is missing: apt-get install gdb")
    report = replay(built, None, text=text).report
    where = re.search(r"^input: .*, operation (\d+)$", report, re.MULTILINE)
    if where is None:
        raise ToolError(f"{identity}: the report names no operation to stop at")
    with as_file(text, ".trace") as trace:
        sys.stdout.flush()
        subprocess.run(["gdb", "-q", "-ex", "set breakpoint pending off", "-ex",
                        f"break run_op if walk->position == {int(where[1]) - 1}", "-ex", "run",
                        "--args", built.tool("procbuf-replay"), trace], check=False)


def bundle_of(name: str) -> Path | None:
    """The finding's folder that is meant by a name: it, or its finding.json."""
    path = Path(name)
    if name != "-" and path.name == "finding.json" and path.is_file():
        return path.parent
    return path if name != "-" and path.is_dir() else None


def find_input(name: str) -> tuple[Path, str]:
    """The file to run, and the identity that it should have, '' if none is known."""
    path, expected, bundle = Path(name), "", bundle_of(name)
    if bundle is not None:
        path, expected = read_finding(bundle)
    elif path.name in PARTS and (path.parent / "finding.json").exists():
        raise ToolError(f"{name}: a part of a finding, and no input: give its folder, {path.parent}")
    if not path.exists() and not path.is_symlink():
        raise ToolError(f"{name}: no such file")
    if why := is_input(path):
        raise ToolError(f"{path}: {why}" + (" (- is standard input)" if not path.is_file() else ""))
    return path, expected


def read_input(built: Build, name: str, harness: str | None) -> tuple[str, Outcome, str]:
    """A file, a finding's folder or standard input. Returns: the program as text, what it did, and
    the identity that it should have."""
    if name == "-":
        if sys.stdin is None:
            raise ToolError("standard input is closed")
        octets = sys.stdin.buffer.read()
        first = next((line for line in octets.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip() and line[:1] != b"#"), b"")
        if first.split()[:1] in ([b"trace"], [b"sequence"]):
            return octets.decode(errors="surrogateescape"), replay(built, None, text=octets), ""
        with as_file(octets) as file:
            return read_input(built, str(file), harness)
    path, expected = find_input(name)
    harness, outcome = find_harness(built, path, harness)
    return to_text(built, path, harness), outcome, expected


def made_small(built: Build, text: str, identity: str, options: argparse.Namespace) -> str:
    """The program, minimised. With --emit-trace, that file holds the smallest so far."""
    with as_file(text, suffix_of(text)) as program, working("minimising"):
        smaller = minimize(built, program, identity, seconds=options.seconds,
                           out=Path(options.emit_trace) if options.emit_trace else None)
    print(shown(f"{smaller.how_far}:\n\n{smaller.text}"))
    return smaller.text


def suggestions(name: str, options: argparse.Namespace) -> list[Suggestion]:
    lib: list[str] = ["--lib", options.lib] if options.lib else []
    rows: dict[str, list[str]] = {"see it again": [], "make it small": ["--minimize"], "who sees it": ["--matrix"], "the first commit that has it": ["--bisect", "GOOD..BAD"],
            "stop where it breaks": ["--debug"], "where to look": ["--suspects"], "a C test of it": ["--emit-test", "found.c"]}
    return [Suggestion(what, quoted("./fuzz/repro", *lib, *words, name)) for what, words in rows.items()]


NEED_A_BUG = {"emit_test": "make a test of", "bisect": "bisect", "suspects": "suspect", "debug": "stop at"}
"""Options that ask about a bug, and what there is nothing to do for where there is none."""


def found_nothing(built: Build, octets: bytes, options: argparse.Namespace) -> int:
    """No bug was found. Returns: the exit status, which is another if one shows in a further run or in another build."""
    if tried_further(built, octets, "", options):
        return FINDINGS
    for option, purpose in NEED_A_BUG.items():
        if getattr(options, option):
            raise ToolError(f"--{option.replace('_', '-')}: no bug found, so there is nothing to {purpose}")
    return CLEAN


def reproduce(built: Build, name: str, options: argparse.Namespace, entry: Reproduction) -> int:
    """One file; what is found out is in `entry`, too. Returns: the exit status for it."""
    print(shown(f"== {name}"))
    text, outcome, expected = read_input(built, name, options.harness)
    entry.wanted, entry.identity = expected, outcome.identity
    if not outcome.found:
        print(shown(outcome.report.strip()))
        print("no bug found" + (f"; the finding was: {expected}" if expected else ""))
    elif options.minimize:
        text = made_small(built, text, outcome.identity, options)
    entry.trace = shown(text)
    if options.emit_trace:
        write_whole(Path(options.emit_trace), text.encode(errors="surrogateescape"))
    if not outcome.found:
        return found_nothing(built, text.encode(errors="surrogateescape"), options)
    octets = text.encode(errors="surrogateescape")
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    explained = outcome
    with contextlib.suppress(ToolError):  # the bug may be one of those who read text
        explained = replay(built, None, text=octets, explain=True, color=color)
    chosen = explained if explained.identity == outcome.identity else outcome
    words = explanation(chosen.identity, chosen.report).strip()
    print(shown(words, color=color))
    tell(entry, parts_of(shown(COLOUR.sub("", words))))
    entry.commands = suggestions(name, options)
    if options.emit_test:
        plain = replay(built, None, text=octets, explain=True)
        write_whole(Path(options.emit_test), criterion_test(built, text, plain.identity, plain.report))
        print(f"wrote {options.emit_test}")
    inquire(built, octets, outcome.identity, options, entry)
    return same_or_different(entry)


def same_or_different(entry: Reproduction) -> int:
    """The exit status where a bug was seen."""
    if entry.wanted not in ("", entry.identity) and " kind=unexplained " not in entry.wanted:
        print(f"a different bug: the finding was {entry.wanted}")
        return DIFFERENT
    return FINDINGS


def on_hardware(built: Build, name: str, machine: str, options: argparse.Namespace, entry: Reproduction) -> int:
    """One file, in a kernel on a machine. Returns: the exit status for it."""
    path, expected = find_input(name)
    bundle = bundle_of(name)
    entry.wanted = expected if bundle is not None and machine_of(bundle) else ""  # else a machine may call it by another name
    harness = options.harness or (None if path.suffix in (*TEXTS, ".ring") else harness_by_name(built, path))
    text = to_text(built, path, harness)
    if options.minimize:
        text = made_small_on(built, text, machine, expected, options.seconds)
    if options.emit_trace:
        write_whole(Path(options.emit_trace), text.encode(errors="surrogateescape"))
    seen = hardware.show(machine, built.folder, built.lib, text)
    entry.trace = shown(text)
    if not seen:
        return CLEAN
    entry.identity, entry.no_suspects = next((one for one in seen if one == entry.wanted), seen[0]), of_machine(machine)
    if options.suspects:
        print(f"\nWhere to look? {told(Opinion(none_since=entry.no_suspects))}", end="")
    return same_or_different(entry)


def made_small_on(built: Build, text: str, machine: str, expected: str, most_s: float) -> str:
    """The program, minimised on a machine; as it was if it shows nothing there."""
    kernel = hardware.kernel_of(machine, built.folder, built.lib)
    wrong = hardware.judge(machine, built.folder, kernel, hardware.members(text)).wrong
    if not wrong:
        return text
    chosen = next((one for one in wrong if one.identity == expected), wrong[0])
    with working("minimising"):
        smaller, _ = shrink.minimise(machine, built.folder, kernel, text, chosen, most_s)
    print(shown(f"{smaller.how_far}:\n\n{smaller.text}"))
    return smaller.text


def tell(entry: Reproduction, parts: Parts) -> None:
    """Take over what an explanation says."""
    for name in ("program", "expected", "actual", "said", "rule", "rule_text", "kind", "stack", "memory"):
        setattr(entry, name, getattr(parts, name))
    entry.no_suspects = "not looked for: --suspects does"


def built_for(name: str, options: argparse.Namespace) -> Build:
    """The build in which to run a file: of the library that is asked for, as a finding needs it."""
    bundle = bundle_of(name)
    lib = find_lib(options.lib)
    if options.as_found:
        if bundle is None:
            raise ToolError(f"{name}: --as-found takes a finding's folder")
        lib = inquiry.library_as_found(bundle)
    with working("building"):
        return build("fuzz" if bundle is None else preset_of(bundle), lib, say=say)


def main() -> int:
    options = parse()
    for option in ("emit_trace", "emit_test"):
        if getattr(options, option) and len(options.files) > 1:
            raise ToolError(f"--{option.replace('_', '-')} takes one FILE")
    if options.promote and not options.failed_at:
        raise ToolError("--promote needs --failed-at REVISION: a test that never failed shows nothing")
    if options.bisect:
        inquiry.ends(options.bisect)
    if unknown := [name for name in options.builds if name not in inquiry.BUILDS]:
        raise ToolError(f"--builds {unknown[0]}: there are {', '.join(inquiry.BUILDS)}")
    if options.as_found and options.lib:
        raise ToolError("--as-found and --lib exclude each other")
    if options.json and options.debug:
        raise ToolError("--json excludes --debug")
    if not options.json:
        return run_all(options)[0]
    with contextlib.redirect_stdout(sys.stderr):
        worst, entries = run_all(options)
    print(json.dumps([asdict(entry) for entry in entries], indent=2))
    return worst


def run_all(options: argparse.Namespace) -> tuple[int, list[Reproduction]]:
    """Each file. Returns: the worst status, and what was found out of each."""
    worst, every = CLEAN, []
    for name in options.files:
        entry = Reproduction(shown(name))
        every.append(entry)
        try:
            built = built_for(name, options)
            if options.promote:
                print(promote(built, name, options.failed_at))
                continue
            bundle = bundle_of(name)
            if machine := options.on or (machine_of(bundle) if bundle is not None else ""):
                refuse_others("on", options, f"a finding of {machine}")
                entry.status = on_hardware(built, name, machine, options, entry)
            else:
                entry.status = (print_results(built, name, options.harness) if options.results
                                else reproduce(built, name, options, entry))
        except BrokenPipeError:
            raise
        except Exception as error:  # pylint: disable=broad-exception-caught; the other files are run all the same
            entry.status, entry.error = UNABLE, shown(describe(error))
            print(f"repro: {entry.error}", file=sys.stderr)
        worst = max(worst, entry.status, key=(CLEAN, FINDINGS, DIFFERENT, UNABLE).index)
    return worst, every


if __name__ == "__main__":
    front_door("repro", main)
