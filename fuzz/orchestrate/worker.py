"""One fuzzing process after another, each for a slice of a combination of the plan."""
from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path

from . import plan
from .afl import Afl
from .engine import INTERRUPTED_STATUS, Fuzzer, report_in
from .findings import Crash
from .tools import identity_in

STORM_RESTARTS = 30
"""Crashes in one slice after which it is given up: the same bug hits every input."""
MOST_FAILURES = 2
"""Times that a combination may fail to run before the plan goes on without it."""
FROM_OUTSIDE = (INTERRUPTED_STATUS, -signal.SIGTERM, -signal.SIGKILL, -signal.SIGINT, -signal.SIGHUP)
"""How a fuzzer ends that was ended: by us, or by somebody else (a machine without memory)."""


def is_slow_unit(path: Path) -> bool:
    """Whether libFuzzer kept it for being slow, and went on."""
    return path.name.startswith("slow-unit-")


class Worker:
    """Keeps one core busy."""

    def __init__(self, campaign, number: int, started: float):
        self.campaign = campaign
        self.number = number
        self.started = started
        self.deadline = started + campaign.plan.seconds
        self.too_little = min(1.0, campaign.plan.seconds / 2)
        """Seconds for which no process is started."""
        self.fuzzer: Fuzzer | Afl | None = None
        self.taken: plan.Combination | None = None
        self.slice_end = started
        self.slice_crashes = 0
        self.crashed = False  # the process left an input that ended it
        self.counts: Path | None = None

    @property
    def combination(self) -> plan.Combination:
        """What it works at, or has worked at last."""
        assert self.taken is not None
        return self.taken

    @property
    def harness(self) -> str:
        return self.combination.harness

    def step(self) -> bool:
        """Look after the process, or start the next. Returns: False when all is done."""
        fuzzer = self.fuzzer
        if fuzzer is not None:
            status = fuzzer.poll()
            if isinstance(fuzzer, Afl):
                self._take_artefacts(fuzzer)
            if status is None:
                return True
            self._take_in(fuzzer, status)
        now = time.monotonic()
        if now >= self.deadline - self.too_little:
            self._give_back()
            return False
        if now >= self.slice_end - self.too_little:
            self._give_back()
            if not self._take_next(now):
                return bool(self.campaign.plan.combinations)  # what there is runs already: later perhaps
        self._start()
        return True

    def _corpus(self) -> Path:
        return self.campaign.out / "corpus" / self.harness

    def _give_back(self) -> None:
        if self.taken is None:
            return
        seconds = time.monotonic() - self.slice_begun
        self.combination.running -= 1
        self.combination.slices += 1
        self.combination.seconds += seconds
        new = len(list(self._corpus().iterdir())) - self.inputs_before
        self.combination.rate = new / max(seconds, 1.0)
        self.taken = None

    def _take_next(self, now: float) -> bool:
        """Returns: False when there is nothing that can run now."""
        slice_s = self.campaign.plan.slice_s
        self.taken = self.campaign.plan.next()
        if self.taken is None:
            return False
        self.combination.running += 1
        self.slice_begun = now
        self.slice_crashes = 0
        self.slice_end = now + slice_s
        if self.deadline - self.slice_end < slice_s / 2:
            self.slice_end = self.deadline  # too little would be left for another
        self.inputs_before = len(list(self._corpus().iterdir()))
        return True

    def _start(self) -> None:
        campaign, setup = self.campaign, self.combination.setup
        built = campaign.builds[setup.preset]
        seconds = self.slice_end - time.monotonic()
        seed = campaign.random.randrange(1, 2**31)
        self.counts = None
        self._forget_rings()
        ring = campaign.rings / f"{self.harness}.{self.number}.ring"
        if setup.engine == "afl":
            self.fuzzer = Afl(built.folder / "fuzz", self.harness, self._corpus(),
                              campaign.out / "afl" / self.harness, seconds, seed, self.started, ring)
        else:
            artefacts = campaign.out / "artefacts" / self.harness
            artefacts.mkdir(parents=True, exist_ok=True)
            self.counts = campaign.residual.new_file(self.harness)
            self.fuzzer = Fuzzer(built.tool(f"fuzz-{self.harness}"), self.harness, self._corpus(),
                                 artefacts, seconds, seed, self.started, ring, self.counts)
        self.crashed = False
        self.begun = time.monotonic()

    def _rings(self) -> list[Path]:
        """What ran last in the processes of this worker."""
        return sorted(self.campaign.rings.glob(f"{self.harness}.{self.number}.*ring"))

    def _forget_rings(self) -> None:
        for path in self._rings():
            path.unlink()

    def _take_artefacts(self, fuzzer: Fuzzer | Afl) -> None:
        """Triage what the process has found so far."""
        campaign = self.campaign
        rings = self._rings() if fuzzer.artefacts else []
        while fuzzer.artefacts:
            path = fuzzer.artefacts[0]
            self._take_artefact(fuzzer, path, rings)
            fuzzer.artefacts.pop(0)  # not before: who is interrupted looks at it again
            self.crashed = self.crashed or isinstance(fuzzer, Fuzzer) and not is_slow_unit(path)
            self.slice_crashes += 1
            campaign.results[self.harness].crashes += 1
            if self.slice_crashes >= STORM_RESTARTS:
                self._give_up(fuzzer, f"a slice was given up after {STORM_RESTARTS} crashes")
                break
        for path in rings:
            if len(path.suffixes) > 2:  # AFL++ went on, and its target has put this aside: there is room for few
                path.unlink(missing_ok=True)

    def _take_artefact(self, fuzzer: Fuzzer | Afl, path: Path, rings: list[Path]) -> None:
        campaign = self.campaign
        if path in campaign.one_too_many:
            return  # two processes wrote the same input, and it is one too many of its bug
        if not path.exists():
            campaign.breaks(self.combination.name, f"the engine says that it wrote {path}, and it is not there")
            self._take_death(fuzzer)
            return
        crash = Crash(report_in(fuzzer.last_lines), rings, is_slow=is_slow_unit(path))
        campaign.triage(path, self.harness, time.monotonic() - self.started, self.combination.setup.preset, fuzzer.command, crash)

    def _give_up(self, fuzzer: Fuzzer | Afl, why: str) -> None:
        self.campaign.results[self.harness].given_up = True
        self.campaign.breaks(self.combination.name, why)
        self.slice_end = time.monotonic()
        fuzzer.stop()

    def _take_in(self, fuzzer: Fuzzer | Afl, status: int | None) -> None:
        """The process has ended: add up what it did, and judge how it ended."""
        progress = fuzzer.progress
        seconds = time.monotonic() - self.begun
        crashes = self.campaign.results[self.harness].crashes
        self._take_artefacts(fuzzer)
        self.fuzzer = None
        self.campaign.take_slice(self, progress, seconds, self.campaign.results[self.harness].crashes - crashes)
        if not self.crashed:
            self._judge(fuzzer, status)

    def _judge(self, fuzzer: Fuzzer | Afl, status: int | None) -> None:
        """It left no input that ended it. Only one that ran until its time was over, or until we stopped it, and said
        nothing of a bug, is clean."""
        name, said = self.combination.name, "\n".join(fuzzer.last_lines)
        tail = "\n".join(fuzzer.last_lines[-10:])
        if not fuzzer.was_stopped and (identity_in(said) or (status != 0 and isinstance(fuzzer, Afl) and fuzzer.progress.runs == 0)):
            # Before its first input: the target tries the smallest itself, and that broke.
            self._take_smallest(fuzzer, tail)
        elif fuzzer.said_bug and (fuzzer.was_stopped or status == 0):
            self.campaign.results[self.harness].crashes += 1
            self._take_death(fuzzer)
        elif fuzzer.overstayed:
            self.campaign.breaks(name, "a process had to be stopped: it did not end when its time was over")
        elif fuzzer.was_stopped:
            pass
        elif status in FROM_OUTSIDE:
            how = "asked to end" if status == INTERRUPTED_STATUS else f"ended by signal {-(status or 0)}"
            self.campaign.breaks(name, f"a process was {how} from outside (is there enough memory?)")
        elif status != 0 and (fuzzer.progress.runs or fuzzer.said_bug):
            self.campaign.results[self.harness].crashes += 1
            self._take_death(fuzzer)
            self._fails(f"the process ended with status {status}:\n{tail}")
        elif status != 0:
            self._fails(f"the process ended with status {status}:\n{tail}")
        elif fuzzer.progress.runs == 0:
            self._fails("the process ended without running an input")
        elif not fuzzer.came_to_end:
            self._fails("the process ended before its time, with status 0")

    def _take_death(self, fuzzer: Fuzzer | Afl) -> None:
        """It left no input, and something is wrong: what it had run last is what is known."""
        self.campaign.triage_death(self.harness, time.monotonic() - self.started, self.combination.setup.preset,
                                   fuzzer.command, Crash(report_in(fuzzer.last_lines), self._rings()))

    def _fails(self, why: str) -> None:
        """It could not do its work. The plan tries it once more, and then goes on without."""
        combination = self.combination
        combination.failures += 1
        self.slice_end = time.monotonic()
        self.campaign.breaks(combination.name, why)
        if combination.failures < MOST_FAILURES:
            return
        self.campaign.plan.drop(combination)

    def _take_smallest(self, fuzzer: Fuzzer | Afl, tail: str) -> None:
        campaign, result = self.campaign, self.campaign.results[self.harness]
        result.crashes += 1
        result.given_up = True
        self.slice_end = time.monotonic()
        smallest = campaign.findings.add(self._corpus() / "empty", self.harness, time.monotonic() - self.started,
                                         campaign.builds.get(self.combination.setup.preset), "the smallest inputs")
        if smallest is not None:
            campaign.see(smallest, time.monotonic() - self.started)
            campaign.notes.append(f"{self.combination.name}: every input breaks, so nothing was fuzzed")
        elif fuzzer.said_bug or fuzzer.progress.runs:
            self._take_death(fuzzer)
        else:
            self._fails(f"the process did not start:\n{tail}")

    def stop(self) -> None:
        """End the process, and take in what it has."""
        if self.fuzzer is not None:
            self.fuzzer.stop()
            self._take_in(self.fuzzer, self.fuzzer.poll())
        self._give_back()

    def kill(self) -> None:
        """End the process, whatever else is wrong."""
        if self.fuzzer is not None:
            with contextlib.suppress(OSError):
                self.fuzzer.stop()
