"""What a campaign shows while it runs: a table on a terminal, plain lines elsewhere."""
from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.live import Live
from rich.table import Table

from .tools import shown

LINE_EVERY_S = 10.0


def _rows(campaign):
    """Per harness: name, runs, speed, corpus, features, crashes; finished slices and running ones."""
    running: dict[str, list] = {}
    for worker in campaign.workers_now():
        running.setdefault(worker.harness, []).append(worker.progress)
    for name, result in campaign.results.items():
        now = running.get(name, [])
        yield (name, result.runs + sum(p.runs for p in now),
               max([result.features] + [p.features for p in now]),
               max([result.corpus] + [p.corpus for p in now]), result.crashes)


class PlainView:
    """One line per harness every ten seconds."""

    def __init__(self):
        self.last = 0.0

    def say(self, text: str) -> None:
        print(shown(text), flush=True)

    def show(self, campaign, seconds: float) -> None:
        if seconds - self.last < LINE_EVERY_S:
            return
        self.last = seconds
        for name, runs, features, corpus, crashes in _rows(campaign):
            print(f"{seconds:5.0f} s  {name}: {runs} runs, {features} features, corpus {corpus}, "
                  f"{crashes} crashes", flush=True)

    def done(self) -> None:
        pass


class QuietView(PlainView):
    """Nothing but the summary."""

    def say(self, text: str) -> None:
        pass

    def show(self, campaign, seconds: float) -> None:
        pass


class TerminalView:
    """A table that is drawn again and again."""

    def __init__(self):
        self.console = Console()
        self.live: Live | None = None
        self.last = 0.0

    def say(self, text: str) -> None:
        self.console.print(shown(text), markup=False, highlight=False)

    def show(self, campaign, seconds: float) -> None:
        if time.monotonic() - self.last < 0.5:
            return
        self.last = time.monotonic()
        if self.live is None:
            self.live = Live(console=self.console, auto_refresh=False)
            self.live.start()
        left = max(0.0, campaign.options.time - seconds)
        table = Table(title=f"{left:.0f} s left, {len(campaign.findings.by_identity)} findings")
        for column in ("harness", "runs", "runs/s", "features", "corpus", "crashes"):
            table.add_column(column, justify="left" if column == "harness" else "right")
        for name, runs, features, corpus, crashes in _rows(campaign):
            table.add_row(name, f"{runs:,}", f"{runs / max(seconds, 1):,.0f}", str(features),
                          str(corpus), str(crashes))
        self.live.update(table, refresh=True)

    def done(self) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None


def make_view(quiet: bool):
    if quiet:
        return QuietView()
    return TerminalView() if sys.stdout.isatty() else PlainView()
