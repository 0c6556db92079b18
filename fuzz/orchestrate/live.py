"""What a campaign shows while it runs: progress on a terminal, plain lines elsewhere."""
from __future__ import annotations

import sys

from .record import Harness
from .tools import shown

LINE_EVERY_S = 30.0


class PlainView:
    """A line for each event, and one every half a minute; if it is quiet, none."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.last = 0.0

    def is_time(self, seconds: float, every_s: float) -> bool:
        if seconds - self.last < every_s:
            return False
        self.last = seconds
        return True

    def say(self, text: str) -> None:
        if not self.quiet:
            print(shown(text), flush=True)

    def show(self, rows: list[Harness], seconds: float, time_s: float, findings: int) -> None:
        if not self.quiet and self.is_time(seconds, LINE_EVERY_S):
            print(f"{seconds:5.0f} s of {time_s:.0f} s: {sum(row.runs for row in rows):,} runs, {sum(row.features for row in rows):,} features, "
                  f"{findings} finding{'s' * (findings != 1)}", flush=True)

    def done(self) -> None:
        """The fuzzing is over."""

    def close(self) -> None:
        """Nothing is shown any more."""


def make_view(quiet: bool) -> PlainView:
    if quiet or not sys.stdout.isatty():
        return PlainView(quiet)
    from .terminal import TerminalView  # pylint: disable=import-outside-toplevel  # Rich is needed on a terminal only
    return TerminalView()
