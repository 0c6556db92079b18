"""One fuzzing process after another, each for a slice of a combination of the plan."""
from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .engine import Fuzzer, Task, report_in
from .findings import Crash, Origin
from .plan import Combination
from .record import Harness

if TYPE_CHECKING:
    from .fuzzing import Fuzzing

STORM_RESTARTS = 30
"""Crashes in one slice after which it is given up: the same bug hits every input."""
MOST_FAILURES = 2
"""Times that a combination may fail to run before the plan goes on without it."""
INTERRUPTED_STATUS = 72
FROM_OUTSIDE = (INTERRUPTED_STATUS, -signal.SIGTERM, -signal.SIGKILL, -signal.SIGINT, -signal.SIGHUP)
"""How a fuzzer ends that was ended: by us, or by something else (a machine without memory)."""


@dataclass
class Slice:
    """Of a combination's time."""
    combination: Combination
    begun: float
    end: float
    found: int = 0  # inputs that showed something new
    crashes: int = 0

    def is_over(self) -> None:
        self.end = time.monotonic()


class Worker:
    """Keeps one core busy."""

    def __init__(self, fuzzing: Fuzzing, number: int):
        self.fuzzing = fuzzing
        self.number = number
        self.fuzzer: Fuzzer | None = None
        self.has: Slice | None = None
        self.crashed = False  # the process left an input that ended it

    @property
    def slice(self) -> Slice:
        """What it works at."""
        assert self.has is not None
        return self.has

    @property
    def combination(self) -> Combination:
        return self.slice.combination

    @property
    def result(self) -> Harness:
        return self.fuzzing.results[self.combination.harness]

    def step(self) -> bool:
        """Look after the process, or start the next. Returns: False when all is done."""
        if self.fuzzer is not None:
            status = self.fuzzer.poll()
            if self.fuzzer.goes_on:
                self._take_artefacts(self.fuzzer)
            if status is None:
                return True
            self._take_in(self.fuzzer, status)
        if self.has is None or self._is_too_late(self.has.end):
            self._give_back()
            self.fuzzing.between(True)
        if self._is_too_late(self.fuzzing.deadline):
            self._give_back()
            return False
        if self.has is None and not self._take_next():
            return bool(self.fuzzing.plan.combinations)  # what there is runs already: later perhaps
        self._start()
        return True

    def _is_too_late(self, end: float) -> bool:
        return time.monotonic() + self.fuzzing.too_little_s >= end

    def _give_back(self) -> None:
        if self.has is None:
            return
        seconds = time.monotonic() - self.has.begun
        self.combination.running -= 1
        self.combination.slices += 1
        self.combination.seconds += seconds
        rarer = 1 - seconds / (2 * max(self.combination.seconds, 1.0))  # as the time of all its slices, from the middle of this one to its end
        self.combination.rate = self.slice.found / max(seconds, 1.0) * rarer
        self.has = None

    def _take_next(self) -> bool:
        """Returns: False when there is nothing that can run now."""
        plan, begun = self.fuzzing.plan, time.monotonic()
        combination = plan.next()
        if combination is None:
            return False
        combination.running += 1
        end = begun + plan.slice_s
        if self.fuzzing.deadline - end < plan.slice_s / 2:
            end = self.fuzzing.deadline  # too little would be left for another
        self.has = Slice(combination, begun, end)
        return True

    def _start(self) -> None:
        fuzzing, setup, harness = self.fuzzing, self.combination.setup, self.combination.harness
        for path in self._rings():
            path.unlink()
        self.crashed = False
        self.fuzzer = setup.engine(Task(
            harness, fuzzing.triage.builds[setup.preset].folder / "fuzz", fuzzing.folder.corpus(harness),
            fuzzing.folder.kept(setup.engine, harness), self.slice.end - time.monotonic(), fuzzing.chance.randrange(1, 2**31),
            fuzzing.clock.began, fuzzing.folder.rings / f"{harness}.{self.number}.ring",
            fuzzing.behaviours.new_file(harness) if setup.engine.counts_calls else None))

    def _rings(self) -> list[Path]:
        """What ran last in the processes of this worker."""
        return sorted(self.fuzzing.folder.rings.glob(f"{self.combination.harness}.{self.number}.*ring"))

    def _origin(self, fuzzer: Fuzzer) -> Origin:
        return Origin(self.combination.harness, fuzzer.command, self.fuzzing.clock.now(),
                      self.fuzzing.triage.builds[self.combination.setup.preset])

    def _take_artefacts(self, fuzzer: Fuzzer) -> None:
        """Triage what the process has found so far."""
        rings = self._rings() if fuzzer.artefacts else []
        while fuzzer.artefacts:
            path = fuzzer.artefacts[0]
            self._take_artefact(fuzzer, path, rings)
            fuzzer.artefacts.pop(0)  # not before: who is interrupted looks at it again
            self.crashed = self.crashed or not fuzzer.goes_on and not fuzzer.was_slow(path)
            self.slice.crashes += 1
            self.result.crashes += 1
            if self.slice.crashes >= STORM_RESTARTS:
                self.result.given_up = True
                self.fuzzing.journal.breaks(self.combination.name, f"a slice was given up after {STORM_RESTARTS} crashes")
                self.slice.is_over()
                fuzzer.stop()
                break
        for path in rings:
            if len(path.suffixes) > 2:  # AFL++ went on, and its target has put this aside: there is room for few
                path.unlink(missing_ok=True)

    def _take_artefact(self, fuzzer: Fuzzer, path: Path, rings: list[Path]) -> None:
        if path in self.fuzzing.triage.thrown_away:
            return  # two processes wrote the same input, and it is one too many of its bug
        if not path.exists():
            self.fuzzing.journal.breaks(self.combination.name, f"the engine says that it wrote {path}, and it is not there")
            self._take_death(fuzzer)
            return
        self.fuzzing.triage.take(path, self._origin(fuzzer), Crash(report_in(fuzzer.last_lines), rings, is_slow=fuzzer.was_slow(path)))

    def _take_in(self, fuzzer: Fuzzer, status: int) -> None:
        """The process has ended: add up what it did, and judge how it ended."""
        seconds = time.monotonic() - fuzzer.begun
        crashes = self.result.crashes
        self._take_artefacts(fuzzer)
        self.fuzzer = None
        self.slice.found += fuzzer.progress.discoveries.total()
        self.fuzzing.take_slice(self.combination, fuzzer, self.number, seconds, self.result.crashes - crashes)
        if not self.crashed:
            self._judge(fuzzer, status)

    def _judge(self, fuzzer: Fuzzer, status: int) -> None:
        """It left no input that ended it. Only one that ran until its time was over, or until we stopped it, and said
        nothing of a bug, is clean."""
        name, tail = self.combination.name, "\n".join(fuzzer.last_lines[-10:])
        if fuzzer.broke_at_once(status):
            self._take_smallest(fuzzer, tail)
        elif fuzzer.said_bug and (fuzzer.was_stopped or status == 0):
            self.result.crashes += 1
            self._take_death(fuzzer)
        elif fuzzer.overstayed:
            self.fuzzing.journal.breaks(name, "a process had to be stopped: it did not end when its time was over")
        elif fuzzer.was_stopped:
            pass
        elif status in FROM_OUTSIDE:
            how = "asked to end" if status == INTERRUPTED_STATUS else f"ended by signal {-status}"
            self.fuzzing.journal.breaks(name, f"a process was {how} from outside (is there enough memory?)")
        elif status != 0:
            if fuzzer.progress.runs or fuzzer.said_bug:
                self.result.crashes += 1
                self._take_death(fuzzer)
            self._fails(f"the process ended with status {status}:\n{tail}")
        elif fuzzer.progress.runs == 0:
            self._fails("the process ended without running an input")
        elif not fuzzer.came_to_end:
            self._fails("the process ended before its time, with status 0")

    def _take_death(self, fuzzer: Fuzzer) -> None:
        """It left no input, and something is wrong: what it had run last is what is known."""
        self.fuzzing.triage.take_death(self._origin(fuzzer), Crash(report_in(fuzzer.last_lines), self._rings()))

    def _fails(self, why: str) -> None:
        """It failed to run. The plan tries it once more, and then goes on without."""
        self.combination.failures += 1
        self.slice.is_over()
        self.fuzzing.journal.breaks(self.combination.name, why)
        if self.combination.failures >= MOST_FAILURES:
            self.fuzzing.plan.drop(self.combination)

    def _take_smallest(self, fuzzer: Fuzzer, tail: str) -> None:
        self.result.crashes += 1
        self.result.given_up = True
        self.slice.is_over()
        triage, origin = self.fuzzing.triage, self._origin(fuzzer)
        smallest = triage.findings.add(self.fuzzing.folder.corpus(self.combination.harness) / "empty",
                                       Origin(origin.harness, "the smallest inputs", origin.seconds, origin.build))
        if smallest is not None:
            triage.see(smallest, origin.seconds)
            self.fuzzing.journal.note(f"{self.combination.name}: every input breaks, so nothing was fuzzed")
        elif fuzzer.said_bug or fuzzer.progress.runs:
            self._take_death(fuzzer)
        else:
            self._fails(f"the process did not start:\n{tail}")

    def stop(self) -> None:
        """End the process, and take in what it has."""
        if self.fuzzer is not None:
            self.fuzzer.stop()
            status = self.fuzzer.poll()
            self._take_in(self.fuzzer, status if status is not None else 0)
        self._give_back()

    def kill(self) -> None:
        """End the process, whatever else is wrong."""
        if self.fuzzer is not None:
            with contextlib.suppress(OSError):
                self.fuzzer.stop()
