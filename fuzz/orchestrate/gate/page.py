"""The gate's page: what each check said, for people and for programs."""
from __future__ import annotations

import json

from ..tools import CLEAN, FINDINGS, UNABLE
from . import said
from .judge import CHECKS, Report, Row

MOST_LINES = 12


def status_of(report: Report) -> int:
    verdicts = {row.said.verdict for row in report.rows}
    return FINDINGS if said.REFUSED in verdicts else UNABLE if said.UNABLE in verdicts else CLEAN


def verdict_of(report: Report) -> str:
    refusing = [row.name for row in report.rows if row.said.verdict == said.REFUSED]
    unable = [row.name for row in report.rows if row.said.verdict == said.UNABLE]
    if refusing:
        return f"refused, by {', '.join(refusing)}"
    if unable:
        return f"could not be judged: {', '.join(unable)}"
    declared = [row.name for row in report.rows if row.said.declared]
    return "accepted" + (f"; a reviewer has to look at what it declares: {', '.join(declared)}" if declared else "")


def said_by(row: Row) -> list[tuple[str, str]]:
    """Lines, each with how much it weighs."""
    one = row.said
    found = [("against", line) for line in one.refusals] + [("declared", line) for line in one.declared]
    found += [("could not judge", one.unable)] if one.unable else []
    found += [("not run", one.skipped)] if one.skipped and not one.refusals else []
    cut = found[:MOST_LINES] + ([("", f"and {len(found) - MOST_LINES} more")] if len(found) > MOST_LINES else [])
    return cut + [("", line) for line in one.notes[:MOST_LINES] if line]


def about(report: Report) -> str:
    subjects = f", {len(report.subjects)} commits: {'; '.join(report.subjects[:5])}" if report.subjects else ""
    return f"{report.base[:12]}..{report.what if report.what != 'HEAD' else report.head[:12]}, {report.files} files differ{subjects}"


def took(report: Report) -> str:
    total, cpu = sum(row.seconds for row in report.rows), sum(row.cpu_s for row in report.rows)
    return f"{total / 60:.1f} minutes, {cpu / 60:.1f} of processors"


def as_text(report: Report) -> str:
    lines = [about(report), ""]
    for row in report.rows:
        lines.append(f"{row.said.verdict.upper() if row.said.refusals or row.said.unable else row.said.verdict:16}{row.name:16}{row.seconds:6.0f} s  {CHECKS[row.name].what}")
        lines += [f"{'':16}{how + ': ' if how else ''}{line}" for how, line in said_by(row)]
    return "\n".join([*lines, "", took(report), f"gate: {verdict_of(report)}"])


def as_markdown(report: Report) -> str:
    lines = [f"# The gate: {verdict_of(report)}", "", about(report).replace("|", "\\|"), "", took(report), "", "| check | | seconds | what it asks |", "| --- | --- | --- | --- |"]
    lines += [f"| [{row.name}](#{row.name}) | {row.said.verdict} | {row.seconds:.0f} | {CHECKS[row.name].what} |" for row in report.rows]
    for row in report.rows:
        told = said_by(row)
        if told:
            lines += ["", f"## {row.name}", ""] + [f"- {'**' + how + '** ' if how else ''}`{line}`" for how, line in told]
    return "\n".join(lines) + "\n"


def as_json(report: Report) -> str:
    return json.dumps({"base": report.base, "head": report.head, "judged": report.what, "verdict": verdict_of(report), "status": status_of(report),
                       "checks": [{"name": row.name, "verdict": row.said.verdict, "seconds": round(row.seconds, 1), "processor_seconds": round(row.cpu_s, 1),
                                   "refusals": row.said.refusals, "declared": row.said.declared, "notes": row.said.notes,
                                   "not_run": row.said.skipped, "could_not_judge": row.said.unable} for row in report.rows]}, indent=1) + "\n"
