"""How long ./fuzz/repro takes: to explain an input, and to minimise one of 200 operations."""
import random
import re
import statistics
import tempfile
import time
from pathlib import Path

from orchestrate.planted import all_defects, patched_library
from orchestrate.replay import minimize, replay
from orchestrate.tools import CORPUS, ROOT, Build, ToolError, build, run

BUGS = ("A05", "L03-8", "S10", "S12", "T06", "G03")
"""Seen by the model, by ASan, and by the oracle of accesses; in buffers, lives, copies, streams, grants."""

OPERATIONS = 200


def split(text: str) -> tuple[list[str], list[str]]:
    """A trace's lines: its layout, its operations."""
    lines = [line for line in text.splitlines() if line.split("#")[0].strip()]
    layout = [line for line in lines if line.split()[0] in ("trace", "process")]
    return layout, lines[len(layout):]


def showing(built: Build) -> tuple[str, str]:
    """A saved input that shows the bug: its text, and the identity."""
    for path in sorted(CORPUS.glob("*/*.trace")):
        outcome = replay(built, path)
        if outcome.found:
            return path.read_text(), outcome.identity
    raise ToolError("no saved input shows the bug")


def long_program(built: Build, text: str, identity: str) -> str:
    """The saved input after what other saved inputs do, 200 operations in all; the bug is the same."""
    layout, failing = split(text)
    others = [split(path.read_text())[1] for path in sorted(CORPUS.glob("*/*.trace"))]
    for seed in range(200):
        chance = random.Random(seed)
        before: list[str] = []
        while len(before) + len(failing) < OPERATIONS:
            part = chance.choice(others)
            if len(before) + len(part) + len(failing) <= OPERATIONS + 5 and "restart_many" not in " ".join(part):
                before += part
        program = "\n".join([*layout, *before, *failing]) + "\n"
        if replay(built, None, text=program.encode()).identity == identity:
            return program
    raise ToolError(f"{identity}: shows in no longer program")


def bench_repro(options) -> dict:
    rows = []
    print(f"{'bug':8}{'explained s':>12}{'operations':>12}{'left':>6}{'runs':>6}{'minimised s':>13}")
    with tempfile.TemporaryDirectory() as name:
        for defect in all_defects():
            if defect.id not in BUGS:
                continue
            lib = patched_library(defect, Path(name) / defect.id)
            built = build("fuzz", lib)
            text, identity = showing(built)
            program = Path(name) / f"{defect.id}.trace"
            program.write_text(long_program(built, text, identity))
            explained, minimised = [], []
            for _ in range(options.rounds):
                began = time.monotonic()
                run([ROOT / "fuzz/repro", "--lib", lib, program])
                explained.append(time.monotonic() - began)
                began = time.monotonic()
                smaller = minimize(built, program, identity, seconds=60)
                minimised.append(time.monotonic() - began)
            count, left, runs = map(int, re.findall(r"\d+", smaller.how_far)[:3])
            rows.append({"bug": defect.id, "explained_s": statistics.median(explained), "operations": count,
                         "left": left, "runs": runs, "minimised_s": statistics.median(minimised)})
            print(f"{defect.id:8}{rows[-1]['explained_s']:12.2f}{count:12}{left:6}{runs:6}{rows[-1]['minimised_s']:13.2f}",
                  flush=True)
    return {"bugs": rows}
