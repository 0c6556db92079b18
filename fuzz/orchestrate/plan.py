"""For how long a campaign fuzzes what: harnesses, engines and builds share its time."""
from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from .builds import Setup
from .islands import EXCHANGES

SLICE_S, SHORT_SLICE_S = 20.0, 5.0
PLANNED = 0.75
"""Of the time: processes start and end, too."""
NO_TIME = "left out for want of time"
WIDEST = "everything"
"""The harness that plays with all operations."""


@dataclass
class Combination:
    """A harness in a set-up, and what its slices have brought so far."""
    harness: str
    setup: Setup
    slices: int = 0
    seconds: float = 0.0
    running: int = 0
    rate: float = 0.0  # inputs a second that will show something new, by its last slice: here, or on another host if it had none here
    weight: float = 1.0  # of its harness
    floor_s: float = 0.0  # its share of what its harness gets before all else
    failures: int = 0
    taken_over: bool = False  # from another host, which may come back

    @property
    def due(self) -> float:
        """Its share of the time, compared with the others'."""
        return self.setup.weight * self.weight

    @property
    def name(self) -> str:
        return f"{self.harness} {self.setup.name}"


@dataclass
class Plan:
    """`combinations` take turns for `seconds`, in slices of `slice_s`, on `jobs` processes."""
    seconds: float
    jobs: int
    slice_s: float
    combinations: list[Combination]
    dropped: list[str] = field(default_factory=list)
    enough_s: int = 0  # of time, for everything
    turns: int = 0
    everything: list[Combination] = field(default_factory=list)  # of all hosts, where others do a part
    elsewhere: Combination | None = None  # another host's part, which finds more than any of ours
    least_slice_s: float = 0.0
    after: list[str] = field(default_factory=list)  # what comes when the time is over

    def next(self) -> Combination | None:
        """Each has its turn, and its floor; then every other turn goes to what finds most, the others
        to what has had least of its due. Some engines run a combination once at a time. Returns: None when
        nothing is left that could run now."""
        free = [c for c in self.combinations if not c.setup.engine.alone or not c.running]
        if not free:
            return None
        fresh = [c for c in free if c.slices + c.running == 0]
        self.turns += 1
        if fresh:
            return fresh[0]
        low = [c for c in free if c.seconds + self.slice_s * c.running < c.floor_s]
        if low:
            return max(low, key=lambda c: c.floor_s - c.seconds - self.slice_s * c.running)
        if self.turns % 2:
            other = [self.elsewhere] if self.elsewhere is not None and not (self.elsewhere.setup.engine.alone and self.elsewhere.running) else []
            return max(free + other, key=lambda c: c.rate / (1 + c.running))
        return min(free, key=lambda c: (c.seconds + self.slice_s * c.running) / c.due)

    def drop(self, combination: Combination) -> None:
        """Go on without it."""
        self.combinations = [c for c in self.combinations if c is not combination]
        if self.elsewhere is combination:
            self.elsewhere = None

    def had_turns(self) -> list[Combination]:
        """What this host is to run, and what else it ran."""
        return self.combinations + [c for c in self.everything if c.slices and c not in self.combinations]

    def look_elsewhere(self, rates: dict[str, float], presets: Collection[str]) -> Combination | None:
        """Let the turns that go to what finds most go to another host's part, where that does; it is of a build that this host
        has. `rates` are by part, as other hosts say. Returns: it, if it is not the one from before."""
        others = [c for c in self.everything if c not in self.combinations and c.failures == 0 and c.setup.preset in presets]
        for combination in others:
            if not combination.slices:
                combination.rate = rates.get(combination.name, 0.0)
        best, before = max(others, key=lambda c: c.rate, default=None), self.elsewhere
        self.elsewhere = best if best is not None and best.rate > max((c.rate for c in self.combinations), default=0.0) else None
        return self.elsewhere if self.elsewhere is not before else None

    def go_on(self, turns: list[tuple[str, str, int, float]]) -> None:
        """Of a night that was stopped, take in what each combination had: harness, set-up, slices, seconds."""
        of = {(c.harness, c.setup.name): c for c in self.everything}
        for harness, setup, slices, seconds in turns:
            if (combination := of.get((harness, setup))) is not None:
                combination.slices, combination.seconds = slices, seconds

    def redivide(self, mine: set[str], seconds: float) -> list[Combination]:
        """Other parts are ours from now on, for so long. Returns: those that are new, as far as there is room."""
        ours = [c for c in self.everything if c.name in mine]
        had = [c for c in ours if c in self.combinations]
        room = int(seconds / self.least_slice_s + 0.01) * self.jobs - sum(1 for c in had if not c.slices)
        fresh = [c for c in ours if c not in self.combinations and c.failures == 0][:max(0, room)]
        for combination in fresh:
            combination.taken_over = True
        if had or fresh:
            self.combinations = had + fresh
        return fresh

    def text(self) -> str:
        """The plan for people: what, in which order, and what it costs."""
        due = sum(c.due for c in self.combinations)
        lines = [f"{self.seconds:.0f} s on {self.jobs} processes, in slices of {self.slice_s:.0f} s "
                 "at least; half of the time goes where most is still found"]
        lines += [f"  {c.harness:12}{c.setup.engine.name:11}{c.setup.build:7}about "
                  f"{max(c.floor_s, self.seconds * self.jobs * c.due / due):.0f} s of one process"
                  for c in self.combinations]
        lines += [f"  {text}" for text in self.after]
        lines += [f"  {NO_TIME}: {text}" for text in self.dropped]
        return "\n".join(lines)


def _least_slice(harnesses: list[str], setups: list[Setup], seconds: float, jobs: int) -> float:
    """Usually 20 s; shorter where only that lets each harness run, and each engine."""
    engines = len({setup.engine for setup in setups})
    rounds = math.ceil((len(harnesses) + engines - 1) / jobs)
    return max(SHORT_SLICE_S, min(SLICE_S, PLANNED * seconds / rounds))


def _in_order(harnesses: list[str], setups: list[Setup], combinations: list[Combination]) -> list[Combination]:
    """What a short campaign keeps comes first: every harness in the first set-up, the widest harness in each other engine."""
    widest = WIDEST if WIDEST in harnesses else harnesses[0]
    engines = {setup.engine: setup for setup in reversed(setups)}.values()
    return sorted(combinations, key=lambda c: 0 if c.setup is setups[0] else 1 if c.setup in engines and c.harness == widest else 2)


def make(harnesses: list[str], setups: list[Setup], seconds: float, jobs: int, least_slice_s: float | None,
         weights: dict[str, float] | None = None, floors: dict[str, float] | None = None,
         ours: Callable[[list[str]], list[str]] | None = None) -> Plan:
    """Plan a campaign: no slice is shorter than `least_slice_s`, unless all of it is; what has no
    room is left out by name. Weights and floors (seconds) are by harness. `ours` says which parts this host does, and in which order it begins."""
    weights, floors = weights or {}, floors or {}
    least_slice_s = least_slice_s or _least_slice(harnesses, setups, seconds, jobs)
    wanted = _in_order(harnesses, setups, [Combination(h, s, weight=weights.get(h, 1.0), floor_s=floors.get(h, 0.0) * s.weight / sum(
        other.weight for other in setups)) for s in setups for h in harnesses])
    everything = wanted
    if ours is not None:
        mine = ours([c.name for c in wanted])
        wanted = [c for c in wanted if c.name in mine]
    each = int(PLANNED * seconds / least_slice_s + 0.01)
    room = max(1, each) * jobs
    if each == 0:
        room = min(room, len(harnesses))
    kept, dropped = wanted[:room], wanted[room:]
    if ours is not None:
        kept.sort(key=lambda c: mine.index(c.name))
    most_s = 600 if ours is None else max(least_slice_s, seconds / EXCHANGES)  # what a silent host did has to wait for a slice's end
    return Plan(seconds, jobs, min(max(least_slice_s, seconds * jobs / (2 * len(kept))), most_s, seconds),
                kept, by_setup([c.name for c in dropped], len(harnesses)), math.ceil(max(least_slice_s, SLICE_S) * math.ceil(len(wanted) / jobs) / PLANNED),
                everything=everything, least_slice_s=least_slice_s)


def by_setup(parts: Iterable[str], harness_count: int) -> list[str]:
    """Of parts "HARNESS SETUP", one line for each set-up, naming its harnesses unless they are all."""
    of: dict[str, list[str]] = {}
    for part in parts:
        harness, _, setup = part.partition(" ")
        of.setdefault(setup, []).append(harness)
    return [f"{setup}: " + ("every harness" if len(names) == harness_count else ", ".join(names)) for setup, names in of.items()]
