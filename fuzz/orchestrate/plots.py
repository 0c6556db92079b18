"""The pictures of a report, as SVG that takes its colours from the page."""
from __future__ import annotations

import io
import re
from collections import defaultdict

import matplotlib

from .record import Record

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first)

SIZE = (7, 2.6)


def _axes(title: str, x: str, y: str):
    figure, axes = plt.subplots(figsize=SIZE)
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    for spine in ("top", "right"):
        axes.spines[spine].set_visible(False)
    return figure, axes


def _svg(figure, axes, name: str, legend: bool = True) -> str:
    if legend:
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    text = io.StringIO()
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    svg = re.sub(r"<metadata>.*?</metadata>", "", text.getvalue(), flags=re.DOTALL)
    svg = svg[svg.index("<svg"):].replace("#000000", "currentColor")
    svg = re.sub(r'\bid="', f'id="{name}-', svg)  # ids of several pictures on one page
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", svg)


def discoveries(record: Record) -> str:
    """Features over time, a line per harness: the most that any of its processes has seen."""
    figure, axes = _axes("Discoveries: features reached", "seconds", "features")
    for harness in record.harnesses:
        best, xs, ys = 0, [0.0], [0]
        for _, _, at_s, _, features in (s for s in record.samples if s.harness == harness.name):
            best = max(best, features)
            xs.append(at_s)
            ys.append(best)
        if len(xs) > 1:
            axes.plot(xs, ys, label=harness.name, drawstyle="steps-post")
    return _svg(figure, axes, "discoveries")


def engines(record: Record) -> str:
    """The same, a line for each engine and build: the sum over its harnesses."""
    figure, axes = _axes("Discoveries by engine and build", "seconds", "features")
    for setup in dict.fromkeys(sample.setup for sample in record.samples):
        best: dict[str, int] = defaultdict(int)
        xs, ys = [0.0], [0]
        for harness, _, at_s, _, features in (s for s in record.samples if s.setup == setup):
            best[harness] = max(best[harness], features)
            xs.append(at_s)
            ys.append(sum(best.values()))
        axes.plot(xs, ys, label=setup, drawstyle="steps-post")
    return _svg(figure, axes, "engines")


def speed(record: Record) -> str:
    """Executions a second of each process, between one sample of it and the next."""
    figure, axes = _axes("Executions per second", "seconds", "executions/s")
    for harness in record.harnesses:
        xs, ys = [], []
        before: dict[str, tuple[float, int]] = {}
        for _, setup, at_s, runs, _ in (s for s in record.samples if s.harness == harness.name):
            if setup in before and runs > before[setup][1] and at_s > before[setup][0]:
                xs.append(at_s)
                ys.append((runs - before[setup][1]) / (at_s - before[setup][0]))
            before[setup] = (at_s, runs)
        if xs:
            axes.plot(xs, ys, ".", markersize=3, label=harness.name)
    axes.set_ylim(bottom=0)
    return _svg(figure, axes, "speed")


def residual(record: Record) -> str:
    """The chance that the next input shows something new, a line per harness."""
    figure, axes = _axes("Chance that the next input shows a new behaviour", "inputs", "chance")
    for harness in dict.fromkeys(point.harness for point in record.residual):
        points = [p for p in record.residual if p.harness == harness and p.inputs]
        axes.plot([p.inputs for p in points], [p.chance for p in points], ".-", label=harness)
    axes.set_xscale("log")
    axes.set_yscale("log")
    return _svg(figure, axes, "residual")


def canaries(record: Record) -> str:
    """How long planted bugs took, night by night; a missed one stands on top."""
    figure, axes = _axes("Planted bugs: seconds until found", "night", "seconds")
    found = [c for c in record.canary_series if not c.why]
    missed = [c for c in record.canary_series if c.why]
    axes.plot([c.night for c in found], [c.seconds for c in found], ".", label="found")
    if missed:
        top = max([1.0, *(c.seconds or 0 for c in found)]) * 1.1
        axes.plot([c.night for c in missed], [top] * len(missed), "x", color="#cf222e", label="missed")
    last = max(c.night for c in record.canary_series)
    axes.set_xlim(0.5, last + 0.5)
    axes.set_xticks(range(1, last + 1, 1 + last // 12))
    axes.set_ylim(bottom=0)
    return _svg(figure, axes, "canaries")


def nights(record: Record) -> str:
    """Runs and new findings of each night."""
    figure, axes = _axes("Nights", "night", "new findings")
    done = [n for n in record.nights if n.runs]
    axes.bar([n.id for n in done], [n.new_findings for n in done], width=0.6, label="new findings")
    other = axes.twinx()
    other.plot([n.id for n in done], [n.runs for n in done], ".-", color="#888888", label="runs")
    other.set_ylabel("runs")
    other.set_ylim(bottom=0)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    other.spines["top"].set_visible(False)
    return _svg(figure, axes, "nights", legend=False)


def all_plots(record: Record) -> dict[str, str]:
    """Name to picture; '' where there is nothing to show."""
    return {
        "discoveries": discoveries(record) if record.samples else "",
        "engines": engines(record) if record.samples else "",
        "speed": speed(record) if record.samples else "",
        "residual": residual(record) if record.residual else "",
        "canaries": canaries(record) if record.canary_series else "",
        "nights": nights(record) if len([n for n in record.nights if n.runs]) > 1 else "",
    }
