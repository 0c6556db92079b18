"""The page: its sections are in templates/sections, in the order of templates/report.html."""
from __future__ import annotations

import jinja2
from markupsafe import Markup

from .. import evidence
from ..parts import parts_of
from ..record import Record
from ..tools import CLEAN, ROOT
from . import pictures, source, words

TEMPLATES = ROOT / "fuzz/orchestrate/templates"


def coverage_change(record: Record) -> str:
    """Against the nights before: lines gained, code lost."""
    if not record.coverage:
        return "not measured"
    gained, lost = len(record.first_reached), len(record.no_longer_reached)
    return " ".join(filter(None, [f"+{gained}" * (gained > 0), f"\N{MINUS SIGN}{lost}" * (lost > 0)])) or "unchanged"


def next_is_new(record: Record) -> str:
    points = words.last_residual(record)
    return f"1 in {1 / max(point.chance for point in points):,.0f}" if points else "not known"


def code(text: str) -> Markup:
    """Text of the contract, whose code is between backquotes."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 and at < len(parts) - 1 else part
                           for at, part in enumerate(parts))


def render(record: Record) -> str:
    maker = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True,
                               undefined=jinja2.StrictUndefined)
    maker.filters |= {"engine": pictures.engine_of, "code": code}
    return maker.get_template("report.html").render(
        record=record, red=record.status != CLEAN, words=words, evidence=evidence, pictures=pictures, parts_of=parts_of, coverage_change=coverage_change(record),
        next_is_new=next_is_new(record), timeline=pictures.timeline(record), panels=pictures.discoveries(record),
        strip=pictures.strip(record.nights), sources=source.sources(record), letters=source.letters(list(record.coverage_by_harness)))
