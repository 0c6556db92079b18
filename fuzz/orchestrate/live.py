"""What a campaign shows while it runs: a table on a terminal, plain lines elsewhere."""
from __future__ import annotations

import sys

from rich.console import Console
from rich.live import Live
from rich.table import Table

from .record import Harness
from .tools import shown

LINE_EVERY_S, TABLE_EVERY_S = 10.0, 0.5


class PlainView:
    """One line per harness every ten seconds."""

    def __init__(self) -> None:
        self.last = 0.0

    def is_time(self, seconds: float, every_s: float) -> bool:
        if seconds - self.last < every_s:
            return False
        self.last = seconds
        return True

    def say(self, text: str) -> None:
        print(shown(text), flush=True)

    def show(self, rows: list[Harness], seconds: float, time_s: float, findings: int) -> None:
        for row in rows if self.is_time(seconds, LINE_EVERY_S) else []:
            print(f"{seconds:5.0f} s  {row.name}: {row.runs} runs, {row.features} features, corpus {row.corpus}, "
                  f"{row.crashes} crashes", flush=True)

    def done(self) -> None:
        pass


class QuietView(PlainView):
    """Nothing but the summary."""

    def say(self, text: str) -> None:
        pass

    def show(self, rows: list[Harness], seconds: float, time_s: float, findings: int) -> None:
        pass


class TerminalView(PlainView):
    """A table that is drawn again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.console = Console()
        self.live = Live(console=self.console, auto_refresh=False)

    def say(self, text: str) -> None:
        self.console.print(shown(text), markup=False, highlight=False)

    def show(self, rows: list[Harness], seconds: float, time_s: float, findings: int) -> None:
        if not self.is_time(seconds, TABLE_EVERY_S):
            return
        table = Table(title=f"{max(0.0, time_s - seconds):.0f} s left, {findings} findings")
        for column in ("harness", "runs", "runs/s", "features", "corpus", "crashes"):
            table.add_column(column, justify="left" if column == "harness" else "right")
        for row in rows:
            table.add_row(row.name, f"{row.runs:,}", f"{row.runs / max(seconds, 1):,.0f}", str(row.features), str(row.corpus),
                          str(row.crashes))
        self.live.start()
        self.live.update(table, refresh=True)

    def done(self) -> None:
        self.live.stop()


def make_view(quiet: bool) -> PlainView:
    return QuietView() if quiet else TerminalView() if sys.stdout.isatty() else PlainView()
