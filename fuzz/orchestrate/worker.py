"""One fuzzing process after another, each for a slice of a combination of the plan."""
from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path

import plan
from afl import Afl
from engine import INTERRUPTED_STATUS, Fuzzer
from tools import ToolError, identity_in

STORM_RESTARTS = 30
"""Crashes in one slice after which it is given up: the same bug hits every input."""
MOST_FAILURES = 2
"""Times that a combination may fail to run before the plan goes on without it."""
STOPPED = (INTERRUPTED_STATUS, -signal.SIGTERM, -signal.SIGKILL, -signal.SIGINT)


class Worker:
    """Keeps one core busy."""

    def __init__(self, campaign, started: float):
        self.campaign = campaign
        self.started = started
        self.deadline = started + campaign.plan.seconds
        self.fuzzer: Fuzzer | Afl | None = None
        self.taken: plan.Combination | None = None
        self.slice_end = started
        self.slice_crashes = 0
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
        if now >= self.deadline - 1:
            self._give_back()
            return False
        if now >= self.slice_end - 1:
            self._give_back()
            if not self._take_next(now):
                return False
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
        """Returns: False when there is nothing left to run."""
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
        if setup.engine == "afl":
            self.fuzzer = Afl(built.folder / "fuzz", self.harness, self._corpus(),
                              campaign.out / "afl" / self.harness, seconds, seed, self.started)
        else:
            artefacts = campaign.out / "artefacts" / self.harness
            artefacts.mkdir(parents=True, exist_ok=True)
            self.counts = campaign.residual.new_file(self.harness)
            self.fuzzer = Fuzzer(built.tool(f"fuzz-{self.harness}"), self.harness, self._corpus(),
                                 artefacts, seconds, seed, self.started, self.counts)
        self.begun = time.monotonic()

    def _take_artefacts(self, fuzzer: Fuzzer | Afl) -> None:
        """Triage what the process has found so far."""
        campaign = self.campaign
        found, fuzzer.artefacts = fuzzer.artefacts, []
        for path in found:
            self.slice_crashes += 1
            campaign.results[self.harness].crashes += 1
            if not path.exists():
                continue  # two processes wrote the same input, and it is one too many of its bug
            campaign.triage(path, self.harness, time.monotonic() - self.started,
                            self.combination.setup.preset, fuzzer.command)
            if self.slice_crashes >= STORM_RESTARTS:
                self._give_up(fuzzer, f"a slice was given up after {STORM_RESTARTS} crashes")
                break

    def _give_up(self, fuzzer: Fuzzer | Afl, why: str) -> None:
        self.campaign.results[self.harness].given_up = True
        self.campaign.notes.append(f"{self.combination.name}: {why}")
        self.slice_end = time.monotonic()
        fuzzer.stop()

    def _take_in(self, fuzzer: Fuzzer | Afl, status: int | None) -> None:
        """The process has ended: add up what it did, and judge how it ended."""
        progress = fuzzer.progress
        seconds = time.monotonic() - self.begun
        crashes = self.campaign.results[self.harness].crashes
        crashed = bool(fuzzer.artefacts)
        self._take_artefacts(fuzzer)
        self.fuzzer = None
        self.campaign.take_slice(self, progress, seconds, self.campaign.results[self.harness].crashes - crashes)
        if crashed or status in STOPPED:
            return
        tail = "\n".join(fuzzer.last_lines[-10:])
        if identity_in("\n".join(fuzzer.last_lines)) or (status != 0 and isinstance(fuzzer, Afl)
                                                          and progress.runs == 0):
            # Before its first input: the target tries the smallest itself, and that broke.
            self._take_smallest(tail)
        elif status != 0:
            self._fails(f"the process ended with status {status}:\n{tail}")
        elif progress.runs == 0:
            self._fails("the process ended without running an input")

    def _fails(self, why: str) -> None:
        """It could not do its work. The plan tries it once more, and then goes on without."""
        combination = self.combination
        combination.failures += 1
        self.slice_end = time.monotonic()
        if combination.failures < MOST_FAILURES:
            return
        self.campaign.plan.drop(combination)
        self.campaign.broken.append(f"{combination.name}: {why}")
        self.campaign.view.say(f"BROKEN: {combination.name}: {why}")
        if not self.campaign.plan.combinations:
            raise ToolError(f"{combination.name}: {why}")

    def _take_smallest(self, tail: str) -> None:
        campaign, result = self.campaign, self.campaign.results[self.harness]
        before = len(campaign.findings.by_identity)
        result.crashes += 1
        result.given_up = True
        self.slice_end = time.monotonic()
        campaign.triage(self._corpus() / "empty", self.harness, time.monotonic() - self.started,
                        self.combination.setup.preset, "the smallest inputs")
        if not campaign.findings.by_identity and before == 0:
            self._fails(f"the process did not start:\n{tail}")
            return
        campaign.notes.append(f"{self.combination.name}: every input breaks, so nothing was fuzzed")

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
