"""The report of a campaign: one self-contained page, JSON, what other programs read, and a summary."""
from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ..record import Record
from ..tools import write_json, write_whole
from . import exports
from .words import is_red, status, summary, verdict

__all__ = ["is_red", "status", "summary", "verdict", "write"]


def write(folder: Path, record: Record) -> Path:
    """Write report/: index.html, campaign.json, and what exports.py makes. Returns: the page."""
    record.status, record.verdict = status(record), verdict(record)
    folder.mkdir(exist_ok=True)
    write_json(folder / "campaign.json", asdict(record))
    exports.write(folder, record)
    from . import page  # pylint: disable=import-outside-toplevel  # Jinja2 is there by now, and not where only --help is
    write_whole(folder / "index.html", page.render(record))
    return folder / "index.html"
