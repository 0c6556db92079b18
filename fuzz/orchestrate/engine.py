"""A fuzzing process, whatever its engine: start it, hear what it says, stop it."""
from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .tools import dies_with_us, identity_in

REPORT = re.compile(r"^==\d+==\s?(ERROR: |WARNING: MemorySanitizer)|runtime error: |^SUMMARY: \w+Sanitizer|^PROCBUF-BUG ")
"""A line that reports a bug."""
OVERSTAYS_S = 60
"""Which a busy machine needs to load a corpus, and a hang reaches."""
INPUT_TIMEOUT_S = 10
MEMORY_MB = 2560
INPUT_BYTES = 4096
"""An input is no longer, whatever engine makes it. Long programs are worth their time: what an execution costs before its
first call is shared by more of them, and planted bugs are found as soon as with 1 KiB."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Task:
    """What one process is to do."""
    harness: str
    programs: Path  # the folder with the targets of its build
    corpus: Path
    kept: Path      # a folder for what it finds
    seconds: float
    seed: int
    started: float  # of what it is part of, by the monotonic clock
    ring: Path | None = None
    counts: Path | None = None


@dataclass
class Progress:
    """What one process has said so far."""
    runs: int = 0
    edges: int = 0
    features: int = 0
    corpus: int = 0
    checked_operations: int = 0
    samples: list[tuple[float, int, int]] = field(default_factory=list)  # seconds, runs, features
    discoveries: Counter[int] = field(default_factory=Counter)  # by second: inputs kept because they showed something new
    startup_s: float = 0.0  # until the corpus was replayed, and mutation began
    cpu_s: float = 0.0     # of the process, and of all that it started
    waited_s: float = 0.0  # what of it the system added to our children's, once they had ended


def cpu_seconds(pid: int) -> float:
    """What a process, its children, and theirs have used; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS + sum(cpu_seconds(int(child)) for child in children)


def report_in(lines: list[str]) -> str:
    """The last lines of a process that report a bug; without such, the last of all."""
    first = next((at for at, line in enumerate(lines) if REPORT.search(line)), max(0, len(lines) - 20))
    return "\n".join(lines[first:])


class Fuzzer(ABC):
    """One process on one harness. An engine is a class of these, and a row of builds.py for each build."""

    name: str           # as --engine has it,
    title: str          # and for people
    installed = ""      # the program that the engine needs in addition to the target
    kept_in: str        # the folder of a campaign for what it finds, which has one for each harness,
    left: tuple[str, ...]  # and what in that is an input that breaks
    goes_on = False     # after an input that breaks
    alone = False       # one process at a time works on a corpus
    counts_calls = True
    hides_reports = False  # of a target that breaks before its first input
    asks_politely: tuple[signal.Signals, float] = (signal.SIGTERM, 2)

    def __init__(self, task: Task):
        self.task = task
        self.progress = Progress()
        self.artefacts: list[Path] = []  # not triaged yet
        self.last_lines: list[str] = []
        self.said_bug = False     # a sanitizer, or the oracle, whether or not it ended the process
        self.came_to_end = False  # by itself, when its time was over
        self.was_stopped = False  # by us,
        self.overstayed = False   # because its time had been over for long
        task.kept.mkdir(parents=True, exist_ok=True)
        self.begun = time.monotonic()
        self.deadline = self.begun + task.seconds

    command: str
    """For people: how to start one like it."""
    process: subprocess.Popen[bytes]

    @classmethod
    def targets(cls, harness: str) -> list[str]:
        """What has to be built for it."""
        return [f"fuzz-{harness}"]

    @classmethod
    def was_slow(cls, path: Path) -> bool:
        """Whether it kept an input for being slow alone, and went on."""
        return False

    def broke_at_once(self, status: int) -> bool:
        """Whether it ended as if its target had broken before the first input: it tries the smallest two itself."""
        return not self.was_stopped and (identity_in("\n".join(self.last_lines)) != "" or
                                         self.hides_reports and status != 0 and self.progress.runs == 0)

    @abstractmethod
    def listen(self, status: int | None) -> None:
        """Take in what it has said and found, the last time when it has ended."""

    def start(self, command: list[object], environment: dict[str, str], **how) -> None:
        """Start it, so that it ends when we do."""
        for name, path in (("PROCBUF_RING", self.task.ring), ("PROCBUF_BEHAVIOURS", self.task.counts)):
            if path is not None:
                environment = environment | {name: str(path)}
        self.process = subprocess.Popen(dies_with_us(*command), env=os.environ | environment, start_new_session=True, **how)

    @contextlib.contextmanager
    def _waiting(self) -> Iterator[None]:
        """Around whatever may wait for the process: notes what of its time becomes our children's."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        yield
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.progress.waited_s += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def poll(self) -> int | None:
        """The exit status when it has ended. One that overstays its time is stopped."""
        if time.monotonic() > self.deadline + OVERSTAYS_S and self.process.returncode is None:
            self.stop()
            self.overstayed = self.was_stopped  # else it had ended, and we looked late
        self.progress.cpu_s = max(self.progress.cpu_s, cpu_seconds(self.process.pid))
        with self._waiting():
            status = self.process.poll()
        self.listen(status)
        return status

    def stop(self) -> None:
        """End it and all that it started: politely first, then for sure."""
        with self._waiting():
            if self.process.poll() is not None:
                return
            self.was_stopped = True
            signal_, seconds = self.asks_politely
            os.killpg(self.process.pid, signal_)
            try:
                self.process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
