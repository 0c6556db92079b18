#!/usr/bin/python3
"""How soon fuzzing finds each planted bug, from an empty corpus: the time to detection.

Every bug is tried with several seeds, one process on one core each time, until the first finding
that the bug's header names, or the limit; seconds are of processor time. Results are kept in from_nothing.json as they come, so that
the command goes on where it was stopped; --again forgets those that it would try.
"""
import argparse
import concurrent.futures
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from planted import (ROOT, Defect, Failure, all_defects, compile_changed, identity_in, judge,
                     link_with, patched_library)

sys.path.insert(0, str(ROOT / "fuzz/orchestrate"))

import tools  # noqa: E402
from afl import QUIET  # noqa: E402
from engine import INPUT_BYTES, cpu_seconds, dies_with_us, stop_group  # noqa: E402

SETUPS = {
    "libfuzzer": ("fuzz", "libFuzzer, ASan+UBSan"),
    "afl": ("afl", "AFL++, ASan+UBSan"),
    "plain": ("plain", "libFuzzer, guard pages"),
    "msan": ("msan", "libFuzzer, MSan"),
}
PLAIN = "plain-harness"
DEAF = ["-DPROCBUF_WERROR=OFF"]  # what follows a report is reached then
BASELINES = {
    "no-mutator": (["-DPROCBUF_MUTATOR=OFF"], "bytes mutated blindly"),
    "no-access-oracle": (DEAF + ["-DPROCBUF_DEAF_TO=access window double-fetch"], "without the access oracle"),
    "no-model": (DEAF + ["-DPROCBUF_DEAF_TO=result state memory slice body invariant hook"],
                 "nothing compared with the model"),
    PLAIN: ([], "plain_harness.c: raw bytes, ASan the only oracle"),
}
"""What each part of the design is worth: libFuzzer without it, ASan+UBSan."""
SAMPLE = "A02b A14 A18b A18c B06 B07b E04x F08 G05 L03-8 L07x L10b L12 S04 S08 S10 T06 T09 T10 T13".split()
"""Drawn by chance of the 121 bugs of November 2026; those that come later change nothing of it."""

STARVED = 20
"""Limits are of processor time, so that a busy machine misses nothing; after so many times that by the clock, it ends."""
TABLE = ROOT / "tests/defects/from_nothing.json"


ABOUT = "about"
WORDS = ("Written by from_nothing.py. Identities end in the operation that showed the bug: reader_skip and writer_skip are "
         "calls of the library, and no test is skipped.")
"""What the table says of itself, since JSON has no comments."""


def build(setup: str) -> Path:
    """The folder of a set-up's build, built."""
    ours = ROOT / "lib"
    if setup == PLAIN:
        folder = ROOT / "build/baseline-plain-harness"
        folder.mkdir(parents=True, exist_ok=True)
        compile_plain(ours, folder)
        return folder
    if setup in BASELINES:
        return tools.build_with(f"baseline-{setup}", BASELINES[setup][0], ours, "fuzz/all").folder
    return tools.build(SETUPS[setup][0], ours, lambda text: None, tools.EVERYTHING).folder


def compile_plain(lib: Path, folder: Path) -> None:
    done = subprocess.run(["clang-19", "-O1", "-g", "-fsanitize=fuzzer,address", "-I",
                           lib / "include", ROOT / "tests/defects/plain_harness.c", lib / "ports/host.c",
                           *sorted((lib / "src").glob("*.c")), "-o", folder / f"fuzz-{PLAIN}"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"does not build:\n{done.stderr[-2000:]}")


def run_for(process: subprocess.Popen, seconds: float) -> float:
    """Wait until it has ended or used so much processor time. Returns: what it used."""
    watchdog = threading.Timer(seconds * STARVED, process.kill)
    watchdog.start()
    _, status, usage = os.wait4(process.pid, 0)
    watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def libfuzzer(programs: Path, harness: str, work: Path, seconds: float, seed: int) -> tuple[Path | None, float]:
    """Fuzz. Returns: the input that broke something, or None; and the processor time used."""
    (work / "corpus").mkdir()
    process = subprocess.Popen(
        ["prlimit", f"--cpu={math.ceil(seconds)}", "--", programs / f"fuzz-{harness}", f"-seed={seed}",
         f"-max_len={INPUT_BYTES}", "-len_control=0", "-timeout=10", f"-artifact_prefix={work}/", work / "corpus"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=work)
    took = run_for(process, seconds)
    if process.returncode == 77 and not list(work.glob("crash-*")):
        (work / "crash-of-no-bytes").touch() # it tries the empty input before anything else
    return next(work.glob("*-*"), None), took


def afl(programs: Path, harness: str, work: Path, seconds: float, seed: int) -> tuple[Path | None, float]:
    (work / "seeds").mkdir()
    (work / "seeds/one").write_bytes(b"\0")
    environment = os.environ | QUIET | {
        "AFL_CUSTOM_MUTATOR_LIBRARY": str(programs / f"mutate-{harness}.so")}
    process = subprocess.Popen(
        dies_with_us("afl-fuzz", "-i", work / "seeds", "-o", work / "out", "-m", "none", "-G", INPUT_BYTES, "-s", seed, "-c", 0, "--",
                     programs / f"fuzz-{harness}"),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=work,
        start_new_session=True)
    deadline = time.monotonic() + seconds * STARVED
    took = 0.0
    found = None
    while found is None and took < seconds and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
        took = max(took, cpu_seconds(process.pid))
        found = next((path for path in (work / "out").glob("default/crashes/id*")
                      if path.stat().st_size != 0), None)
    if process.poll() is None:
        time.sleep(0.1) # the file may be half written
        stop_group(process, signal.SIGINT, 3)
    elif found is None:
        return work / "seeds/one", took # AFL++ does not start with a seed that crashes
    return found, took


def in_a_baseline(setup: str, harness: str, found: Path) -> str:
    """What broke may have another name there; but with our library the input must break nothing."""
    ours = ROOT / "build" / f"baseline-{setup}"
    command: list = [ours / "fuzz/procbuf-replay", "--harness", harness, found]
    if setup == PLAIN:
        command = [ours / f"fuzz-{PLAIN}", found]
    if found.stat().st_size and subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0:
        raise Failure(f"{setup}: an input breaks our library too: a false alarm")
    return "found"


def try_once(defect: Defect, setup: str, harness: str, seed: int, seconds: float,
             programs: Path) -> dict:
    """One try. Raises Failure when what was found is something else than the bug."""
    # Fuzzers write a file for each input they keep: a disk would be slower than they are.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        found, used = (afl if setup == "afl" else libfuzzer)(programs, harness, Path(name), seconds, seed)
        took = round(used, 2)
        if found is None:
            return {"harness": harness, "seconds": None, "identity": ""}
        if setup in BASELINES:
            return {"harness": harness, "seconds": took, "identity": in_a_baseline(setup, harness, found)}
        done = subprocess.run([programs / "procbuf-replay", "--harness", harness, found], capture_output=True, timeout=60)
    identity = identity_in(done.stderr.decode(errors="replace"))
    judge(defect, identity)
    return {"harness": harness, "seconds": took, "identity": identity}


# Whose room a rule of the contract is in, longest prefix first.
ROOMS = {"B6": "streams", "S6": "buffers", "H6": "allow", "H7": "streams", "H8": "streams", "B7": "streams", "S8": "streams",
         "C1": "allow", "C3": "memory", "I3": "allow", "I4": "allow", "I5": "allow", "I6": "allow", "I7": "allow", "I8": "life",
         "L9": "allow", "A": "allow", "E": "everything", "G": "allow", "S": "slices", "L": "life", "K": "memory"}


def room(defect: Defect) -> str:
    rule = defect.fields["rule"]
    return ROOMS.get(rule, ROOMS.get(rule[0], "buffers"))


def all_tries(defect: Defect, results: list[dict], built: Path, options) -> list[dict]:
    """What is missing of the tries of a bug. Raises Failure."""
    harness = options.harness or room(defect)
    folder = built / "from_nothing" / defect.id
    if options.setup == PLAIN:
        compile_plain(patched_library(defect, folder), folder)
        for seed in range(len(results) + 1, options.seeds + 1):
            results.append(try_once(defect, PLAIN, PLAIN, seed, options.seconds, folder))
        shutil.rmtree(folder)
        return results
    objects = compile_changed(patched_library(defect, folder), folder, built)
    link_with(objects, f"fuzz-{harness}", folder, built)
    link_with(objects, "procbuf-replay", folder, built)
    if options.setup == "afl":
        shutil.copy(built / f"fuzz/mutate-{harness}.so", folder)
    for seed in range(len(results) + 1, options.seeds + 1):
        results.append(try_once(defect, options.setup, harness, seed, options.seconds, folder))
    shutil.rmtree(folder)
    return results


def as_json(tables: dict[str, dict[str, list[dict]]]) -> str:
    """A line for each bug."""
    parts = [f' "{name}": {{\n' + ",\n".join(f'  "{bug}": {json.dumps(tries)}' for bug, tries in sorted(table.items()))
             + "\n }" for name, table in sorted(tables.items())]
    return "{\n" + f' "{ABOUT}": {json.dumps(WORDS)},\n' + ",\n".join(parts) + "\n}\n"


def survival(tries: list[dict], limit: float) -> tuple[list[float], list[float]]:
    """After how many seconds which share of the tries had not found its bug yet."""
    times = sorted(t["seconds"] for t in tries if t["seconds"] is not None)
    left = [1 - (number + 1) / len(tries) for number in range(len(times))]
    return [0.01, *times, limit], [1.0, *left, left[-1] if left else 1.0]


def plot(tables: dict[str, dict[str, list[dict]]], path: Path, limit: float) -> None:
    import matplotlib  # pylint: disable=import-outside-toplevel
    matplotlib.use("agg")
    import matplotlib.pyplot as plt  # pylint: disable=import-outside-toplevel
    figure, axes = plt.subplots(figsize=(8, 4))
    for name, table in sorted(tables.items()):
        tries = [t for results in table.values() for t in results]
        if tries:
            axes.step(*survival(tries, limit), where="post", label=f"{name} ({len(table)} bugs, {len(tries)} tries)")
    axes.set(xscale="log", xlabel="seconds on one core", ylabel="not found yet", ylim=(0, 1), xlim=(0.05, limit))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120, bbox_inches="tight")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Exit status: 0 all found; 1 some missed; 2 could not tell.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="these bugs only (default: all)")
    parser.add_argument("--setup", choices=SETUPS | BASELINES, default="libfuzzer")
    parser.add_argument("--sample", action="store_true", help=f"a fixed sample of {len(SAMPLE)} bugs, for the baselines")
    parser.add_argument("--harness", metavar="NAME",
                        help="fuzz this one (default: the one in whose room the broken rule is)")
    parser.add_argument("--seconds", type=float, default=30, metavar="S", help="processor time of a try, at most (30)")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="tries of each bug (3)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--table", type=Path, metavar="FILE", default=TABLE,
                        help="where results are kept (tests/defects/from_nothing.json)")
    parser.add_argument("--again", action="store_true", help="try what the table holds too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="only draw the table's survival curves, as PNG")
    options = parser.parse_args()
    defects = [d for d in all_defects() if not options.ids or d.id in options.ids]
    if len(defects) < len(options.ids or []):
        print("no such bug (tests/defects/run --list shows them)", file=sys.stderr)
        return 2
    if options.sample:
        defects = [d for d in defects if d.id in SAMPLE]
    try:
        tables = json.loads(options.table.read_text()) if options.table.exists() else {}
        tables.pop(ABOUT, None)
        if options.plot:
            plot(tables, options.plot, options.seconds)
            return 0
        built = build(options.setup)
    except (tools.ToolError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    known = tables.setdefault(" in ".join(filter(None, [options.setup, options.harness])), {})
    if options.again:
        for defect in defects:
            known.pop(defect.id, None)
    missed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {d.id: pool.submit(all_tries, d, known.get(d.id, [])[:options.seeds], built, options)
                   for d in defects}
        for defect in defects:
            try:
                results = running[defect.id].result()
            except Failure as failure:
                missed += 1
                print(f"{defect.id:8}{failure}", flush=True)
                continue
            known[defect.id] = results
            tools.write_whole(options.table, as_json(tables))
            times = [r["seconds"] for r in results if r["seconds"] is not None]
            missed += len(times) < len(results)
            middle = f"{statistics.median(times):6.2f}" if times else "     -"
            print(f"{defect.id:8}median {middle} s  worst {max(times, default=0):6.2f} s  "
                  f"missed {len(results) - len(times)} of {len(results)}", flush=True)
    print(f"{len(defects) - missed} of {len(defects)} bugs found in every try")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
