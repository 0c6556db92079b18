"""Progress on a terminal, by Rich, which leaves colours out where NO_COLOR is set."""
from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table

from .live import PlainView
from .record import Harness
from .tools import shown

TABLE_EVERY_S = 0.5


def _bar(console: Console) -> Progress:
    """For what takes a while, and is not known to take how long. What is printed on standard output stays there."""
    return Progress(TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), TimeElapsedColumn(), console=console, transient=True,
                    redirect_stdout=False)


class TerminalView(PlainView):
    """A bar under the last event; while it fuzzes, a table that is drawn again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.console = Console()
        self.live = Live(console=self.console, auto_refresh=False)
        self.bar: Progress | None = None

    def say(self, text: str) -> None:
        self.close_bar()
        self.console.print(shown(text), markup=False, highlight=False)
        if not self.live.is_started:
            self.bar = _bar(self.console)
            self.bar.add_task("", total=None)
            self.bar.start()

    def close_bar(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def show(self, rows: list[Harness], seconds: float, time_s: float, findings: int) -> None:
        if not self.is_time(seconds, TABLE_EVERY_S):
            return
        self.close_bar()
        table = Table(title=f"{max(0.0, time_s - seconds):.0f} s left, {findings} findings")
        for column in ("harness", "runs", "runs/s", "features", "corpus", "crashes"):
            table.add_column(column, justify="left" if column == "harness" else "right")
        for row in rows:
            table.add_row(row.name, f"{row.runs:,}", f"{row.runs / max(seconds, 1):,.0f}", str(row.features), str(row.corpus),
                          str(row.crashes))
        self.live.start()
        self.live.update(Group(table, ProgressBar(total=time_s, completed=min(seconds, time_s), width=60)), refresh=True)

    def done(self) -> None:
        self.live.stop()

    def close(self) -> None:
        self.close_bar()
        self.live.stop()


@contextlib.contextmanager
def working(text: str) -> Iterator[None]:
    """A bar on standard error while something goes on."""
    with _bar(Console(file=sys.stderr)) as bar:
        bar.add_task(shown(text), total=None)
        yield
