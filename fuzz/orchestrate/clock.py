"""What the time of a night goes into."""
from __future__ import annotations

import os
import resource
import time
from pathlib import Path

from .engine import Progress
from .record import Cpu


def age() -> float:
    """Seconds since this process began: as a shell, where fuzz/setup/start had to install Python first."""
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])  # proc(5): starttime, in ticks since boot
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


class Clock:
    """Of a campaign that goes on, seconds of fuzzing go on too; processor time is of this process and its children."""

    def __init__(self) -> None:
        self.before_s = 0.0  # fuzzed before it was stopped
        self.fuzzed_s = 0.0
        self.began = time.monotonic()
        self.fuzzing_cpu_s = self.waited_cpu_s = self.building_cpu_s = 0.0

    def begin(self) -> None:
        """The first fuzzing process is about to start."""
        self.began, self.fuzzed_s = time.monotonic(), self.before_s

    def now(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self.began

    def has_built(self) -> None:
        """What our children have used until now went into building."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.building_cpu_s = children.ru_utime + children.ru_stime

    def add(self, progress: Progress) -> None:
        self.fuzzing_cpu_s += progress.cpu_s
        self.waited_cpu_s += progress.waited_s

    def cpu(self) -> Cpu:
        """What AFL++'s targets use is its own, and never becomes ours: a fuzzer is counted while it runs."""
        used = sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)))
        other = used - self.waited_cpu_s - self.building_cpu_s
        return Cpu(round(self.fuzzing_cpu_s, 1), round(self.building_cpu_s, 1), round(max(0.0, other), 1))
