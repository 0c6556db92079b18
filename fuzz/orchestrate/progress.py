"""Something takes a while: a bar on a terminal, elsewhere a line every half a minute."""
from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

from .live import LINE_EVERY_S


@contextlib.contextmanager
def working(text: str) -> Iterator[None]:
    """Around it. All is on standard error."""
    if sys.stderr.isatty():
        from . import terminal  # pylint: disable=import-outside-toplevel  # Rich is needed on a terminal only
        with terminal.working(text):
            yield
        return
    over = threading.Event()

    def tell() -> None:
        seconds = 0.0
        while not over.wait(LINE_EVERY_S):
            seconds += LINE_EVERY_S
            print(f"{text}: {seconds:.0f} s", file=sys.stderr, flush=True)
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
