"""The fuzzing of a night, from its first process to the last."""
from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, replace

from .clock import Clock
from .engine import Fuzzer, Progress
from .plan import Combination, Plan
from .record import Harness, Span
from .residual import Behaviours
from .tools import ToolError, write_json
from .triage import Triage
from .worker import Worker

STATUS_EVERY_S = 2.0


class Interrupts:
    """Signals. The first ends what goes on, and another what is still done then; the report is written in any case."""

    def __init__(self) -> None:
        self.came = False
        self.end_it = True  # at once

    def __call__(self, *_: object) -> None:
        self.came = True
        if self.end_it:
            self.end_it = False
            raise KeyboardInterrupt


class Fuzzing:
    """The plan, what does it, and what came of it."""

    def __init__(self, plan: Plan, results: dict[str, Harness], triage: Triage, clock: Clock, seed: int):
        self.plan, self.results, self.triage, self.clock = plan, results, triage, clock
        self.folder, self.journal = triage.folder, triage.journal
        self.chance = random.Random(seed + int(clock.before_s))
        self.behaviours = Behaviours(self.folder.out / "behaviours")
        self.workers = [Worker(self, number) for number in range(plan.jobs)]
        self.between: Callable[[bool], None] = lambda between_slices: None
        """What is done from time to time: between two slices, or while processes fuzz."""
        self.too_little_s = min(1.0, plan.seconds / 2)
        """For which no process is started."""

    @property
    def deadline(self) -> float:
        return self.clock.began + self.plan.seconds

    def run(self, interrupts: Interrupts, time_s: float) -> None:
        self.clock.begin()
        last_end = last_status = 0.0
        try:
            while any([worker.step() for worker in self.workers]):
                last_end = self.clock.now()
                self.clock.fuzzed_s = self.clock.before_s + last_end
                self.journal.view.show(self.rows(), last_end, time_s, len(self.triage.findings.by_identity))
                if last_end - last_status >= STATUS_EVERY_S:
                    last_status = last_end
                    self._note_status(self.clock.before_s + last_end, time_s)
                self.between(False)
                time.sleep(0.1)
            for worker in self.workers:
                worker.stop()
        except KeyboardInterrupt:
            interrupts.came = True
            with contextlib.suppress(KeyboardInterrupt):  # once more: what was not looked at is when the next begins
                interrupts.end_it = True
                for worker in self.workers:
                    worker.stop()
                interrupts.end_it = False
        finally:
            for worker in self.workers:
                worker.kill()
            with contextlib.suppress(sqlite3.Error):
                self._note_status(self.clock.fuzzed_s, time_s)
            self.journal.view.done()

    def rows(self) -> list[Harness]:
        """How each harness is doing, with the processes that run."""
        now: dict[str, list[Progress]] = {name: [] for name in self.results}
        for worker in self.workers:
            if worker.fuzzer is not None:
                now[worker.fuzzer.task.harness].append(worker.fuzzer.progress)
        return [replace(result, runs=result.runs + sum(p.runs for p in now[name]),
                        features=max([result.features, *(p.features for p in now[name])]),
                        corpus=max([result.corpus, *(p.corpus for p in now[name])])) for name, result in self.results.items()]

    def _note_status(self, seconds: float, time_s: float) -> None:
        """What --status shows."""
        self.triage.store.note_time(seconds)
        findings = self.triage.findings.everything()
        with contextlib.suppress(ToolError):  # not worth failing for
            write_json(self.folder.status, {
                "night": self.triage.store.night, "seconds": round(seconds, 1), "time": time_s, "findings": len(findings),
                "identities": sorted(f.identity for f in findings), "harnesses": [asdict(row) for row in self.rows()]})

    def take_slice(self, combination: Combination, fuzzer: Fuzzer, core: int, seconds: float, crashes: int) -> None:
        """A process has ended: its part of the facts."""
        progress, clock, store = fuzzer.progress, self.clock, self.triage.store
        clock.add(progress)
        facts = Harness(combination.harness, "", 0, progress.runs, progress.checked_operations, progress.edges, progress.features,
                        progress.corpus, seconds, min(progress.startup_s, seconds), crashes)
        self.results[facts.name].add(replace(facts, crashes=0))  # they were counted when they were seen
        at_s = clock.before_s + clock.now()
        span = Span(core, facts.name, combination.setup.name, round(at_s - seconds, 1), round(at_s, 1), progress.runs,
                    sorted((int(clock.before_s) + s, count) for s, count in progress.discoveries.items()))
        store.add_slice(facts, span, [(clock.before_s + s, runs, features) for s, runs, features in progress.samples])
        if fuzzer.task.counts is not None and (point := self.behaviours.take_in(facts.name, fuzzer.task.counts, at_s)):
            store.add_residual(point)
