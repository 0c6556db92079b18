"""How soon an engine finds a planted bug from nothing: one try, measured in processor time."""
from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .engine import Fuzzer, Task
from .planted import DEFECTS, Defect, Failure, compile_changed, judge, link, patched_library
from .tools import MEMORY, ToolError, identity_in, run

STARVED = 20
"""Limits are of processor time, so that a busy machine misses nothing; after so many times that by the clock, it ends."""


def room(defect: Defect) -> str:
    """The harness that its header names, or that rooms.txt names for the broken rule."""
    if "harness" in defect.fields:
        return defect.fields["harness"]
    lines = (DEFECTS / "rooms.txt").read_text().splitlines()
    rooms = dict(line.split() for line in lines if line and not line.startswith("#"))
    rule = defect.fields["rule"]
    harness = rooms.get(rule) or rooms.get(rule[0])
    if harness is None:
        raise ToolError(f"tests/defects/rooms.txt: no harness for rule {rule}")
    return harness


def plant(defect: Defect, harness: str, engine: type[Fuzzer], folder: Path, build: Path) -> None:
    """Build, in a folder, what a try needs."""
    objects = compile_changed(patched_library(defect, folder), folder, build)
    for target in (*engine.targets(harness), "procbuf-replay"):
        if (build / f"fuzz/{target}.so").exists():
            shutil.copy(build / f"fuzz/{target}.so", folder)  # nothing of the library is in it
        else:
            link(f"fuzz/{target}", objects, folder, build)


def recognised(defect: Defect, programs: Path, harness: str, found: Path) -> str:
    """The identity of what an input breaks. Raises Failure when it is something else than the bug, or nothing."""
    identity = identity_in(run([programs / "procbuf-replay", "--harness", harness, found], timeout=60).stderr)
    if not identity:
        raise Failure("the engine ended as if the library had broken, and no replay shows it")
    judge(defect, identity)
    return identity


def try_once(engine: type[Fuzzer], harness: str, seed: int, seconds: float, programs: Path,
             name: Callable[[Path], str]) -> tuple[float | None, str]:
    """One try; `name` says what an input breaks. Returns: after how long it was found, None if it was not, and its name."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        corpus, kept = Path(folder) / "corpus", Path(folder) / "kept"
        corpus.mkdir()
        fuzzer = engine(Task(harness, programs, corpus, kept, seconds * STARVED, seed, time.monotonic()))
        try:
            found = _first(fuzzer, seconds, corpus / "empty")
            used = fuzzer.progress.cpu_s
        finally:
            fuzzer.stop()
        return (None, "") if found is None else (round(used, 2), name(found))


def _first(fuzzer: Fuzzer, seconds: float, smallest: Path) -> Path | None:
    """The first input that breaks something, found in so much processor time."""
    while True:
        status = fuzzer.poll()
        for path in fuzzer.artefacts:
            if not fuzzer.was_slow(path):
                return path
        if status is not None and fuzzer.broke_at_once(status):
            smallest.touch()
            return smallest
        if status:
            raise Failure(f"the engine ended with status {status}: {(fuzzer.last_lines or ['it said nothing'])[-1]}")
        if status is not None or fuzzer.progress.cpu_s >= seconds:
            return None
        time.sleep(0.02)
