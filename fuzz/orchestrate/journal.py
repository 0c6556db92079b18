"""What has to be said of a night: at once, and in its record."""
from __future__ import annotations

import time

from .live import PlainView
from .record import LeftOut, Record


class Journal:
    def __init__(self, view: PlainView, record: Record):
        self.view = view
        self.record = record
        self.last = time.monotonic()

    def part(self, name: str) -> None:
        """A part of the night is over."""
        now = time.monotonic()
        self.record.split[name] = round(self.record.split.get(name, 0.0) + now - self.last, 1)
        self.last = now

    def say(self, text: str) -> None:
        self.view.say(text)

    def note(self, *texts: str) -> None:
        self.record.notes += texts

    def leave_out(self, what: str, command: str) -> None:
        """Something is not done; the command does it."""
        self.record.left_out.append(LeftOut(what, command))

    def breaks(self, what: str, why: str) -> None:
        """Some part of the night was not what it should be: it is not clean."""
        text = f"{what}: {why}"
        if text not in self.record.broken:
            self.record.broken.append(text)
            self.say(f"BROKEN: {text}")
