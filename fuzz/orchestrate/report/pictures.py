"""What the page draws: where a shape is, in percent of its picture. The templates draw the shapes, so that a picture takes
its colours and its type from the page, and its width from the screen."""
from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..builds import SETUPS
from ..record import Finding, Night, Record, Span

BUCKETS = 60
"""Of discoveries, along the time."""
POINTS = 120
"""Of a curve at most."""
NIGHTS = 40
"""In the strip: the newest."""
ENGINES = {setup.name: setup.engine.title for setup in SETUPS}


def engine_of(setup: str) -> str:
    return ENGINES.get(setup, setup)


def duration(seconds: float) -> str:
    """In words, as short as they can be."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


# ---- Where the time went ----

@dataclass
class Block:
    """A fuzzing process on its core."""
    span: Span
    left: float
    width: float
    kind: int  # of its engine and build


@dataclass
class Mark:
    """A finding, numbered as on the page."""
    number: int
    finding: Finding
    left: float


@dataclass
class Core:
    number: int
    blocks: list[Block]
    marks: list[Mark]
    discoveries: list[int]  # heights of the buckets, in percent


@dataclass
class Timeline:
    cores: list[Core]
    setups: list[str]
    ticks: list[tuple[float, str]]  # where, and what it says
    words: str


def _core_of(finding: Finding, spans: list[Span]) -> int | None:
    """Where a finding was made, as far as the record says."""
    near = [s for s in spans if s.harness == finding.harness and s.begin_s - 1 <= finding.seconds <= s.end_s + 1]
    return near[0].core if near and finding.seconds else None


def timeline(record: Record) -> Timeline:
    spans = record.spans
    end = max([s.end_s for s in spans], default=0.0) or 1.0
    setups = list(dict.fromkeys(s.setup for s in spans))
    counts: dict[int, list[int]] = {core: [0] * BUCKETS for core in sorted({s.core for s in spans})}
    for span in spans:
        for second, count in span.discoveries:
            counts[span.core][min(BUCKETS - 1, int(second / end * BUCKETS))] += count
    most = max((max(row) for row in counts.values()), default=0) or 1
    marks = [(_core_of(f, spans), Mark(number, f, min(99.0, 100 * f.seconds / end))) for number, f in enumerate(record.findings, 1)]
    cores = [Core(core, [Block(s, 100 * s.begin_s / end, 100 * (s.end_s - s.begin_s) / end, setups.index(s.setup))
                         for s in spans if s.core == core], [mark for place, mark in marks if place == core],
                  [math.ceil(100 * math.sqrt(count / most)) for count in row]) for core, row in counts.items()]
    found = sum(sum(count for _, count in s.discoveries) for s in spans)
    words = (f"{len(spans)} fuzzing processes on {len(cores)} cores in {duration(end)}, with {', '.join(setups)}; "
             f"{found} inputs that showed something new; {len(record.findings)} findings")
    return Timeline(cores, setups, [(25.0 * k, duration(end * k / 4)) for k in range(5)], words)


# ---- Curves ----

@dataclass
class Curve:
    """Points of a line in a picture of 100 by 100, for SVG."""
    name: str
    points: str
    total: int


@dataclass
class Panel:
    """A small picture among others like it."""
    title: str
    curves: list[Curve]
    words: str
    missing: list[str] = field(default_factory=list)


def _line(points: Iterable[tuple[float, float]]) -> str:
    every = list(points)
    thin = every[::max(1, len(every) // POINTS)]
    if thin and thin[-1] != every[-1]:
        thin.append(every[-1])
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in thin)


def discoveries(record: Record) -> list[Panel]:
    """A panel for each harness, a line for each engine: inputs kept for something new, added up over the time."""
    end = max([s.end_s for s in record.spans], default=0.0) or 1.0
    engines = list(dict.fromkeys(engine_of(s.setup) for s in record.spans))
    panels = []
    for harness in record.harnesses:
        steps = {name: sorted(step for s in record.spans if s.harness == harness.name and engine_of(s.setup) == name
                              for step in s.discoveries) for name in engines}
        ran = {engine_of(s.setup) for s in record.spans if s.harness == harness.name}
        most = max(sum(count for _, count in row) for row in steps.values()) if steps else 0
        curves = []
        for name in engines:
            if name not in ran:
                continue
            sum_, points = 0, [(0.0, 98.0)]
            for second, count in steps[name]:
                points.append((100 * second / end, points[-1][1]))
                sum_ += count
                points.append((100 * second / end, 98 - 96 * sum_ / (most or 1)))
            points.append((100.0, points[-1][1]))
            curves.append(Curve(name, _line(points), sum_))
        words = f"{harness.name}: " + (", ".join(f"{c.name} {c.total}" for c in curves) or "not fuzzed")
        panels.append(Panel(harness.name, curves, words, [name for name in engines if name not in ran]))
    return panels


def residual(record: Record, harness: str) -> str:
    """The chance that the next input shows something new, over the inputs; both by their logarithm."""
    points = [(math.log10(p.inputs), math.log10(p.chance)) for p in record.residual if p.harness == harness and p.inputs]
    if len(points) < 2:
        return ""
    (x0, x1), (y0, y1) = ((min(axis), max(axis)) for axis in zip(*points))
    return _line((100 * (x - x0) / ((x1 - x0) or 1), 95 - 90 * (y - y0) / ((y1 - y0) or 1)) for x, y in points)


# ---- Nights ----

@dataclass
class Bar:
    """Of a night in a row of the strip."""
    height: float  # in percent
    words: str


@dataclass
class Column:
    night: Night
    verdict: str  # good, bad, none
    bars: list[Bar]


STRIP = ("time to detection", "coverage", "speed")


def strip(nights: list[Night]) -> list[Column]:
    """The newest nights: verdict, median time until a planted bug was found, lines covered, runs a second."""
    newest = nights[-NIGHTS:]
    rows = [[n.detection_s for n in newest], [100 * n.covered_lines / n.lines if n.covered_lines and n.lines else None for n in newest],
            [n.runs / n.fuzzed_s if n.runs and n.fuzzed_s else None for n in newest]]
    says = ("{:.2g} s", "{:.1f} % of lines", "{:,.0f} runs a second")
    most = [max((value for value in row if value is not None), default=0) or 1 for row in rows]
    return [Column(night, "none" if night.red is None else "bad" if night.red else "good",
                   [Bar(0, "not measured") if (value := row[at]) is None else Bar(max(4.0, 100 * value / top), form.format(value))
                    for row, top, form in zip(rows, most, says)]) for at, night in enumerate(newest)]
