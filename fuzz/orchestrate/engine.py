"""libFuzzer, one process at a time: start it, read what it says, stop it."""
from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

STATUS_LINE = re.compile(
    r"^#(?P<runs>\d+)\s+\S+\s+(?:cov: (?P<edges>\d+) ft: (?P<features>\d+) )?"
    r"(?:corp: (?P<corpus>\d+)/\S+ )?.*?exec/s: (?P<speed>\d+)")
STATISTIC = re.compile(r"^stat::(\w+):\s*(\d+)")
ARTEFACT = re.compile(r"Test unit written to (.+)")
DONE = re.compile(r"^Done \d+ runs in ")
REPORT = re.compile(r"^==\d+==\s?(ERROR: |WARNING: MemorySanitizer)|runtime error: |^SUMMARY: \w+Sanitizer|^PROCBUF-BUG ")
"""A line of somebody who has seen a bug."""
OVERSTAYS_S = 10
INTERRUPTED_STATUS = 72
INPUT_TIMEOUT_S = 10
SLOW_S = 2
MEMORY_MB = 2560
INPUT_BYTES = 4096
"""An input is no longer, whatever engine makes it. Long programs are worth their time: what an execution costs before its
first call is shared by more of them, and planted bugs are found as soon as with 1 KiB."""
LONGEST_LINE = 65536
KEPT_LINES = 200


@dataclass
class Progress:
    """What one process has said so far."""
    runs: int = 0
    edges: int = 0
    features: int = 0
    corpus: int = 0
    checked_operations: int = 0
    samples: list[tuple[float, int, int]] = field(default_factory=list)  # seconds, runs, features
    startup_s: float = 0.0  # until the corpus was replayed, and mutation began
    cpu_s: float = 0.0     # of the process, and of all that it started
    waited_s: float = 0.0  # what of it the system added to our children's, once they had ended


TICKS = os.sysconf("SC_CLK_TCK")


def dies_with_us(*command: object) -> list[str]:
    """A command, so that a campaign that is killed leaves no fuzzer behind: whoever was killed before the kernel knew
    of that wish is no longer the parent, and nothing is run."""
    return ["setpriv", "--pdeathsig", "KILL", "--", "/bin/sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid()),
            *map(str, command)]


def cpu_seconds(pid: int) -> float:
    """What a process, its children, and theirs have used; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS + sum(cpu_seconds(int(child)) for child in children)


@contextlib.contextmanager
def ending(progress: Progress) -> Iterator[None]:
    """Around whatever may wait for the process: notes what of its time becomes our children's."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    progress.waited_s += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report_in(lines: list[str]) -> str:
    """What of a process's last lines tells of a bug; without such, the last of them."""
    first = next((at for at, line in enumerate(lines) if REPORT.search(line)), max(0, len(lines) - 20))
    return "\n".join(lines[first:])


def stop_group(process: subprocess.Popen, politely: signal.Signals, seconds: float) -> None:
    """End a process and all that it started: politely first, then for sure."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, politely)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def libfuzzer_options(seconds: float, seed: int, max_len: int = INPUT_BYTES) -> list[str]:
    """What every libFuzzer of a campaign is told, and of a benchmark."""
    return [f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}", "-print_final_stats=1", f"-timeout={INPUT_TIMEOUT_S}",
            f"-report_slow_units={SLOW_S}", f"-rss_limit_mb={MEMORY_MB}", "-reload=5", f"-max_len={max_len}", "-len_control=0"]


class Fuzzer:
    """One libFuzzer process on one harness."""

    def __init__(self, program: Path, harness: str, corpus: Path, artefacts: Path, seconds: float,
                 seed: int, started: float, ring: Path | None = None, counts: Path | None = None):
        self.harness = harness
        self.progress = Progress()
        self.started = started
        self.artefacts: list[Path] = []
        self.said_bug = False  # a sanitizer, or the oracle, whether or not it ended the process
        self.came_to_end = False  # by itself, when its time was over
        self.was_stopped = False  # by us,
        self.overstayed = False   # because its time had been over for long
        self.last_lines: list[str] = []
        self.last_sample = 0.0
        self.deadline = time.monotonic() + seconds
        environment = os.environ | {"ASAN_OPTIONS": "", "UBSAN_OPTIONS": "", "MSAN_OPTIONS": ""}
        if ring is not None:
            environment["PROCBUF_RING"] = str(ring)
        if counts is not None:
            environment["PROCBUF_BEHAVIOURS"] = str(counts)
        options = libfuzzer_options(seconds, seed)
        self.command = " ".join([program.name, *options])
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            dies_with_us(program, *options, f"-artifact_prefix={artefacts}/", corpus),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment,
            start_new_session=True)
        self.reader = threading.Thread(target=self._read, args=[self.process.stderr], daemon=True)
        self.reader.start()

    def _read(self, stderr: IO[bytes]) -> None:
        for raw in iter(lambda: stderr.readline(LONGEST_LINE), b""):
            line = raw.decode(errors="replace").rstrip()
            if " INITED " in line:
                self.progress.startup_s = time.monotonic() - self.begun
            self.last_lines = self.last_lines[-KEPT_LINES:] + [line[:500]]
            if match := STATUS_LINE.match(line):
                self._take_status(match)
            elif match := STATISTIC.match(line):
                if match[1] == "checked_operations":
                    self.progress.checked_operations = int(match[2])
                elif match[1] == "number_of_executed_units":
                    self.progress.runs = int(match[2])
            elif match := ARTEFACT.search(os.fsdecode(raw).rstrip("\n")):
                self.artefacts.append(Path(match[1]))
            elif DONE.match(line):
                self.came_to_end = True
            self.said_bug = self.said_bug or REPORT.search(line) is not None

    def _take_status(self, match: re.Match) -> None:
        p = self.progress
        p.runs = int(match["runs"])
        p.edges = int(match["edges"] or p.edges)
        p.features = int(match["features"] or p.features)
        p.corpus = int(match["corpus"] or p.corpus)
        now = time.monotonic() - self.started
        if now - self.last_sample >= 0.5:
            self.last_sample = now
            p.samples.append((round(now, 1), p.runs, p.features))

    def poll(self) -> int | None:
        """The exit status when it has ended. One that overstays its time is stopped."""
        if time.monotonic() > self.deadline + OVERSTAYS_S and self.process.poll() is None:
            self.overstayed = True
            self.stop()
        self.progress.cpu_s = max(self.progress.cpu_s, cpu_seconds(self.process.pid))
        with ending(self.progress):
            status = self.process.poll()
        if status is not None:
            self.reader.join(timeout=5)
        return status

    def stop(self) -> None:
        self.was_stopped = self.was_stopped or self.process.poll() is None
        with ending(self.progress):
            stop_group(self.process, signal.SIGTERM, 2)
