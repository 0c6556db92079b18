#!/usr/bin/python3
"""How soon fuzzing finds each planted bug, from an empty corpus: the time to detection.

Every bug is tried with several seeds, one process on one core each time, until the first finding
that the bug's header names, or the limit. Results are kept in from_nothing.json as they come, so that
the command goes on where it was stopped; --again forgets those that it would try.
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from planted import (ROOT, Defect, Failure, all_defects, compile_changed, identity_in, judge,
                     link_with, patched_library)

sys.path.insert(0, str(ROOT / "fuzz/orchestrate"))

import tools  # noqa: E402
from afl import QUIET  # noqa: E402
from engine import stop_group  # noqa: E402

SETUPS = {
    "libfuzzer": ("fuzz", "libFuzzer, ASan+UBSan"),
    "afl": ("afl", "AFL++, ASan+UBSan"),
    "plain": ("plain", "libFuzzer, guard pages"),
    "msan": ("msan", "libFuzzer, MSan"),
}
BASELINES = {
    "no-mutator": (["-DPROCBUF_MUTATOR=OFF"], "libFuzzer, bytes mutated blindly"),
}
MAX_LEN = 1024 # as the campaign has it
TABLE = ROOT / "tests/defects/from_nothing.json"


def build(setup: str) -> Path:
    """The folder of a set-up's build, built."""
    ours = ROOT / "lib"
    if setup in BASELINES:
        return tools.build_with(f"baseline-{setup}", BASELINES[setup][0], ours, "fuzz/all").folder
    return tools.build(SETUPS[setup][0], ours, say=lambda text: None).folder


def libfuzzer(programs: Path, harness: str, work: Path, seconds: float, seed: int) -> Path | None:
    """Fuzz. Returns: the input that broke something, or None."""
    (work / "corpus").mkdir()
    try:
        done = subprocess.run(
            [programs / f"fuzz-{harness}", f"-seed={seed}", f"-max_total_time={round(seconds) + 1}",
             f"-max_len={MAX_LEN}", "-len_control=0", "-timeout=10", f"-artifact_prefix={work}/", work / "corpus"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=seconds, cwd=work)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode == 77 and not list(work.glob("crash-*")):
        (work / "crash-of-no-bytes").touch() # it tries the empty input before anything else
    return next(work.glob("*-*"), None)


def afl(programs: Path, harness: str, work: Path, seconds: float, seed: int) -> Path | None:
    (work / "seeds").mkdir()
    (work / "seeds/one").write_bytes(b"\0")
    environment = os.environ | QUIET | {
        "AFL_CUSTOM_MUTATOR_LIBRARY": str(programs / f"mutate-{harness}.so")}
    process = subprocess.Popen(
        ["afl-fuzz", "-i", work / "seeds", "-o", work / "out", "-m", "none", "-s", str(seed), "-c",
         "0", "-V", str(round(seconds) + 1), "--", programs / f"fuzz-{harness}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=work,
        start_new_session=True)
    deadline = time.monotonic() + seconds
    found = None
    while found is None and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
        found = next((path for path in (work / "out").glob("default/crashes/id*")
                      if path.stat().st_size != 0), None)
    if process.poll() is None:
        time.sleep(0.1) # the file may be half written
        stop_group(process, signal.SIGKILL, 1)
    elif found is None:
        return work / "seeds/one" # AFL++ does not start with a seed that crashes
    return found


ENGINES = {"libfuzzer": libfuzzer, "afl": afl, "plain": libfuzzer, "msan": libfuzzer,
           "no-mutator": libfuzzer}


def try_once(defect: Defect, setup: str, harness: str, seed: int, seconds: float,
             programs: Path) -> dict:
    """One try. Raises Failure when what was found is something else than the bug."""
    began = time.monotonic()
    # Fuzzers write a file for each input they keep: a disk would be slower than they are.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        found = ENGINES[setup](programs, harness, Path(name), seconds, seed)
        took = round(time.monotonic() - began, 2)
        if found is None:
            return {"harness": harness, "seconds": None, "identity": ""}
        done = subprocess.run([programs / "procbuf-replay", "--harness", harness, found], capture_output=True, timeout=60)
    identity = identity_in(done.stderr.decode(errors="replace"))
    judge(defect, identity)
    return {"harness": harness, "seconds": took, "identity": identity}


# Whose room a rule of the contract is in, longest prefix first.
ROOMS = {"B6": "streams", "S6": "buffers", "H6": "allow", "H7": "streams", "H8": "streams", "B7": "streams", "S8": "streams",
         "L9": "allow", "A": "allow", "G": "allow", "S": "slices", "L": "life", "K": "memory"}


def room(defect: Defect) -> str:
    rule = defect.fields["rule"]
    return ROOMS.get(rule, ROOMS.get(rule[0], "buffers"))


def all_tries(defect: Defect, results: list[dict], built: Path, options) -> list[dict]:
    """What is missing of the tries of a bug. Raises Failure."""
    harness = options.harness or room(defect)
    folder = built / "from_nothing" / defect.id
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
    return "{\n" + ",\n".join(parts) + "\n}\n"


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
    parser.add_argument("--harness", metavar="NAME",
                        help="fuzz this one (default: the one in whose room the broken rule is)")
    parser.add_argument("--seconds", type=float, default=30, metavar="S", help="limit of a try (30)")
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
    try:
        tables = json.loads(options.table.read_text()) if options.table.exists() else {}
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
