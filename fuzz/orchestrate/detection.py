"""How soon an engine finds a planted bug from nothing: one try, measured in processor time."""
from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .afl import QUIET
from .engine import INPUT_BYTES, cpu_seconds, dies_with_us, stop_group
from .planted import DEFECTS, Defect, compile_changed, judge, link, patched_library
from .tools import FINDING_STATUS, ToolError, identity_in, run

STARVED = 20
"""Limits are of processor time, so that a busy machine misses nothing; after so many times that by the clock, it ends."""


def room(defect: Defect) -> str:
    """The harness that its header names, or in whose room the broken rule is, by rooms.txt."""
    if "harness" in defect.fields:
        return defect.fields["harness"]
    lines = (DEFECTS / "rooms.txt").read_text().splitlines()
    rooms = dict(line.split() for line in lines if line and not line.startswith("#"))
    rule = defect.fields["rule"]
    harness = rooms.get(rule) or rooms.get(rule[0])
    if harness is None:
        raise ToolError(f"tests/defects/rooms.txt: no harness for rule {rule}")
    return harness


def plant(defect: Defect, harness: str, folder: Path, build: Path, *, afl: bool = False) -> None:
    """Build, in a folder, what a try needs."""
    objects = compile_changed(patched_library(defect, folder), folder, build)
    for program in (f"fuzz-{harness}", "procbuf-replay"):
        link(f"fuzz/{program}", objects, folder, build)
    if afl:
        shutil.copy(build / f"fuzz/mutate-{harness}.so", folder)


def _run_for(process: subprocess.Popen, seconds: float) -> float:
    """Wait until it has ended or used so much processor time. Returns: what it used."""
    watchdog = threading.Timer(seconds * STARVED, process.kill)
    watchdog.start()
    _, status, usage = os.wait4(process.pid, 0)
    watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _libfuzzer(programs: Path, harness: str, work: Path, seconds: float, seed: int) -> tuple[Path | None, float]:
    """Fuzz. Returns: the input that broke something, or None; and the processor time used."""
    (work / "corpus").mkdir()
    process = subprocess.Popen(
        ["prlimit", f"--cpu={math.ceil(seconds)}", "--", programs / f"fuzz-{harness}", f"-seed={seed}",
         f"-max_len={INPUT_BYTES}", "-len_control=0", "-timeout=10", f"-artifact_prefix={work}/", work / "corpus"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=work)
    took = _run_for(process, seconds)
    if process.returncode == FINDING_STATUS and not list(work.glob("crash-*")):
        (work / "crash-of-no-bytes").touch()  # it tries the empty input before anything else
    return next(work.glob("*-*"), None), took


def _afl(programs: Path, harness: str, work: Path, seconds: float, seed: int) -> tuple[Path | None, float]:
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
        time.sleep(0.1)  # the file may be half written
        stop_group(process, signal.SIGINT, 3)
    elif found is None:
        return work / "seeds/one", took  # AFL++ does not start with a seed that crashes
    return found, took


def recognised(defect: Defect, programs: Path, harness: str, found: Path) -> str:
    """The identity of what an input breaks. Raises Failure when it is something else than the bug."""
    identity = identity_in(run([programs / "procbuf-replay", "--harness", harness, found], timeout=60).stderr)
    judge(defect, identity)
    return identity


def try_once(engine: str, harness: str, seed: int, seconds: float, programs: Path, name: Callable[[Path], str]) -> dict:
    """One try; `name` says what an input that was found breaks."""
    # Fuzzers write a file for each input they keep: a disk would be slower than they are.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        found, used = (_afl if engine == "afl" else _libfuzzer)(programs, harness, Path(folder), seconds, seed)
        if found is None:
            return {"harness": harness, "seconds": None, "identity": ""}
        return {"harness": harness, "seconds": round(used, 2), "identity": name(found)}
