#!/usr/bin/python3
"""How soon fuzzing finds each planted bug, from an empty corpus: the time to detection.

Every bug is tried with several seeds, one process on one core each time, until the first finding
that the bug's header names, or the limit; seconds are of processor time. Results are kept in from_nothing.json as they come, so that
the command goes on where it was stopped; --again forgets those that it would try.
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path

from mistakes import chosen

from orchestrate import measured, tools
from orchestrate.builds import SETUPS
from orchestrate.detection import plant, recognised, room, try_once
from orchestrate.engine import Fuzzer
from orchestrate.planted import Defect, Failure, all_defects, patched_library
from orchestrate.tools import ROOT, front_door

FUZZED = {setup.name: setup for setup in SETUPS}
PLAIN = "plain-harness"
DEAF = ["-DPROCBUF_WERROR=OFF"]  # what follows a report is reached then
BASELINES: dict[str, tuple[list[str], str]] = {
    "no-mutator": (["-DPROCBUF_MUTATOR=OFF"], "bytes mutated blindly"),
    "no-access-oracle": (DEAF + ["-DPROCBUF_DEAF_TO=access window double-fetch"], "without the access oracle"),
    "no-model": (DEAF + ["-DPROCBUF_DEAF_TO=result state memory slice body invariant hook"],
                 "nothing compared with the model"),
    PLAIN: ([], "plain_harness.c: raw bytes, ASan the only oracle"),
}
"""What each part of the design is worth: libFuzzer without it, ASan+UBSan."""
SAMPLE = "A02b A14 A18b A18c B06 B07b E04x F08 G05 L03-8 L07x L10b L12 S04 S08 S10 T06 T09 T10 T13".split()
"""Drawn by chance of the 121 bugs of November 2026; those that come later change nothing of it."""

TABLE = ROOT / "tests/defects/from_nothing.json"


ABOUT, MEASURED = "about", "measured"
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
    return tools.build(FUZZED[setup].preset, ours, lambda text: None, tools.EVERYTHING).folder


def compile_plain(lib: Path, folder: Path) -> None:
    done = subprocess.run([tools.clang(), "-O1", "-g", "-fsanitize=fuzzer,address", "-I",
                           lib / "include", ROOT / "tests/defects/plain_harness.c", lib / "ports/host.c",
                           *sorted((lib / "src").glob("*.c")), "-o", folder / f"fuzz-{PLAIN}"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"does not build:\n{done.stderr[-2000:]}")


def in_a_baseline(setup: str, harness: str) -> Callable[[Path], str]:
    """What broke may have another name there; but with our library the input must break nothing."""
    ours = ROOT / "build" / f"baseline-{setup}"
    command: list = [ours / f"fuzz-{PLAIN}"] if setup == PLAIN else [ours / "fuzz/procbuf-replay", "--harness", harness]

    def name(found: Path) -> str:
        if found.stat().st_size and tools.run([*command, found], timeout=60).returncode != 0:
            raise Failure(f"{setup}: an input breaks our library too: a false alarm")
        return "found"
    return name


def row(engine: type[Fuzzer], harness: str, *what) -> dict:
    """One try, for the table."""
    seconds, identity = try_once(engine, harness, *what)
    return {"harness": harness, "seconds": seconds, "identity": identity}


def all_tries(defect: Defect, results: list[dict], built: Path, options) -> list[dict]:
    """What is missing of the tries of a bug. Raises Failure."""
    harness = options.harness or room(defect)
    folder = built / "from_nothing" / defect.id
    if options.setup == PLAIN:
        compile_plain(patched_library(defect, folder), folder)
        for seed in range(len(results) + 1, options.seeds + 1):
            results.append(row(SETUPS[0].engine, PLAIN, seed, options.seconds, folder, in_a_baseline(PLAIN, PLAIN)))
        shutil.rmtree(folder)
        return results
    engine = (FUZZED.get(options.setup) or SETUPS[0]).engine
    name = (in_a_baseline(options.setup, harness) if options.setup in BASELINES
            else lambda found: recognised(defect, folder, harness, found))
    plant(defect, harness, engine, folder, built)
    for seed in range(len(results) + 1, options.seeds + 1):
        results.append(row(engine, harness, seed, options.seconds, folder, name))
    shutil.rmtree(folder)
    return results


def as_json(tables: dict[str, dict[str, list[dict]]], stamps: dict[str, dict[str, str]]) -> str:
    """A line for each bug. `stamps`: of each set-up, where its last results come from."""
    parts = [f' "{name}": {{\n' + ",\n".join(f'  "{bug}": {json.dumps(tries)}' for bug, tries in sorted(table.items()))
             + "\n }" for name, table in sorted(tables.items())]
    return "{\n" + f' "{ABOUT}": {json.dumps(WORDS)},\n "{MEASURED}": {json.dumps(stamps, sort_keys=True)},\n' + ",\n".join(parts) + "\n}\n"


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
    parser.add_argument("--setup", choices=FUZZED | BASELINES, default=SETUPS[0].name)
    parser.add_argument("--sample", action="store_true", help=f"a fixed sample of {len(SAMPLE)} bugs, for the baselines")
    parser.add_argument("--harness", metavar="NAME",
                        help="fuzz this one (default: the one that rooms.txt names for the broken rule)")
    parser.add_argument("--seconds", type=float, default=30, metavar="S", help="processor time of a try, at most (30)")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="tries of each bug (3)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--table", type=Path, metavar="FILE", default=TABLE,
                        help="where results are kept (tests/defects/from_nothing.json)")
    parser.add_argument("--again", action="store_true", help="try what the table holds too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="only draw the table's survival curves, as PNG")
    options = parser.parse_args()
    defects = chosen(all_defects(), options.ids)
    if options.sample:
        defects = [d for d in defects if d.id in SAMPLE]
    tables = json.loads(options.table.read_text()) if options.table.exists() else {}
    tables.pop(ABOUT, None)
    stamps = tables.pop(MEASURED, {})
    if options.plot:
        plot(tables, options.plot, options.seconds)
        return 0
    built = build(options.setup)
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
            stamps[options.setup] = measured.stamp("tests/defects/from_nothing.py")
            tools.write_whole(options.table, as_json(tables, stamps))
            times = [r["seconds"] for r in results if r["seconds"] is not None]
            missed += len(times) < len(results)
            middle = f"{statistics.median(times):6.2f}" if times else "     -"
            print(f"{defect.id:8}median {middle} s  worst {max(times, default=0):6.2f} s  "
                  f"missed {len(results) - len(times)} of {len(results)}", flush=True)
    if options.table == TABLE:
        measured.publish()
    print(f"{len(defects) - missed} of {len(defects)} bugs found in every try")
    return 1 if missed else 0


if __name__ == "__main__":
    front_door("from_nothing", main)
