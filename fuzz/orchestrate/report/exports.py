"""What other programs read of a campaign: JUnit, SARIF 2.1.0, Markdown, and Prometheus's text."""
from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as xml
from pathlib import Path

from ..explain import meaning, rule_at
from ..parts import parts_of
from ..record import STATUSES, Finding, Record
from ..suspects import SHOWN
from ..tools import ROOT, write_json, write_whole

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"high": "error", "medium": "error", "low": "warning"}
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _case(suite: xml.Element, harness: str, name: str, seconds: float, failure: str = "") -> None:
    case = xml.SubElement(suite, "testcase", classname=NOT_IN_XML.sub("?", harness),
                          name=NOT_IN_XML.sub("?", name), time=f"{seconds:.1f}")
    if failure:
        what = NOT_IN_XML.sub("?", failure)
        xml.SubElement(case, "failure", message=what.splitlines()[0]).text = what


def junit(record: Record) -> bytes:
    """One case for each harness, finding, planted bug, piece of code no longer reached, and cell of evidence that got worse."""
    suite = xml.Element("testsuite", name="procbuf campaign")
    for h in record.harnesses:
        _case(suite, h.name, "fuzzing", h.seconds)
    for f in record.findings:
        _case(suite, f.harness, f.identity, f.seconds, f"{f.identity}\n{f.explanation}\n{f.trace}")
    for c in record.canaries:
        _case(suite, c.harness, f"planted bug {c.id}", c.seconds or 0.0, c.why)
    for row in record.under:
        _case(suite, "protection hardware", row.machine, row.seconds, "\n".join(row.findings))
    for text in record.broken:
        _case(suite, "night", text.splitlines()[0], 0.0, text)
    if record.interrupted:
        _case(suite, "night", "interrupted", 0.0, "interrupted before its time was over")
    for code in record.no_longer_reached:
        _case(suite, "coverage", code, 0.0, f"no longer reached: {code}")
    for text in record.evidence_worse:
        _case(suite, "evidence", text, 0.0, f"worse: {text}")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    xml.indent(suite)
    return xml.tostring(suite, encoding="utf-8", xml_declaration=True)


def _rule_line(explanation: str) -> int:
    """The line of lib/CONTRACT.md that states the rule which a finding broke; 1 if it names none."""
    rule = re.search(r"^Rule of lib/CONTRACT.md: (\w+)", explanation, re.MULTILINE)
    return rule_at(rule[1])[0] if rule else 1


def _place(file: str, line: int) -> dict:
    return {"physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": line}}}


def _places(f: Finding) -> list[dict]:
    """The likeliest lines of the library; without suspects the line where it broke, as far as that is known; and the rule."""
    places = [_place(s.file, s.line) for s in f.suspects[:SHOWN]]
    if not places:
        frames = re.findall(r"\(([\w.]+):(\d+)\)$", "\n".join(parts_of(f.explanation).stack), re.MULTILINE)
        places = [_place(str(path.relative_to(ROOT)), int(line)) for file, line in frames for path in sorted((ROOT / "lib/src").rglob(file))[:1]][:1]
    return [*places, _place("lib/CONTRACT.md", _rule_line(f.explanation))]


def sarif(record: Record) -> dict:
    """One result for each finding. GitHub takes results for the same alert if rule and primaryLocationLineHash are the same:
    both follow from the identity alone."""
    results: list[dict] = []
    for f in record.findings:
        kind, check = (word.split("=", 1)[1] for word in f.identity.split()[1:3])
        place, *others = _places(f)
        results.append({
            "ruleId": f"{kind}/{check}",
            "level": LEVELS[f.severity],
            "message": {"text": f"{f.identity}\n{f.explanation}\n{f.trace}"},
            "locations": [place],
            **({"relatedLocations": others} if others else {}),
            "partialFingerprints": {"primaryLocationLineHash": hashlib.sha256(f.identity.encode()).hexdigest()[:32] + ":1",
                                    "procbufIdentity/v1": f.identity},
        })
    rules = [{"id": rule, "shortDescription": {"text": meaning(f"PROCBUF-BUG kind={rule.split('/')[0]} ")}}
             for rule in dict.fromkeys(r["ruleId"] for r in results)]
    driver = {"name": "procbuf", "rules": rules}
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "results": results}]}


def _cell(text: str) -> str:
    """Text in a Markdown table, as it is: no markup, no HTML."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~-])", r"\\\1", text).replace("\n", " ")


def markdown(record: Record) -> str:
    lines = [f"## {_cell(record.verdict)}", ""]
    if record.findings:
        lines += ["| finding | harness | severity | operations |", "| --- | --- | --- | --- |"]
        lines += [f"| {_cell(f.identity)} | {_cell(f.harness)} | {f.severity} | {f.operations} |"
                  for f in record.findings] + [""]
        for f in record.findings:
            lines += [f"{_cell(f.identity)}: {_cell(f.command)}", "", *(f"    {line}" for line in f.trace.splitlines()), ""]
    lines += ["| harness | runs | checked calls | crashes |", "| --- | --- | --- | --- |"]
    lines += [f"| {_cell(h.name)} | {h.runs:,} | {h.checked_operations:,} | {h.crashes} |"
              for h in record.harnesses] + [""]
    lines += [f"- **failed to run**: {_cell(text)}" for text in record.broken]
    lines += [f"- not done: {_cell(left.what)}: {_cell(left.command)}" for left in record.left_out]
    lines += [f"- {_cell(note)}" for note in record.notes]
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def prometheus(record: Record) -> str:
    """Gauges in Prometheus's text format, for its textfile collector."""
    missed = sum(1 for c in record.canaries if c.why)
    lines: list[str] = []

    def gauge(name: str, help_text: str, *values: tuple[dict[str, str], float]) -> None:
        lines.append(f"# HELP procbuf_campaign_{name} {help_text}")
        lines.append(f"# TYPE procbuf_campaign_{name} gauge")
        for labels, value in values:
            inside = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
            lines.append(f"procbuf_campaign_{name}{{{inside}}} {value}" if inside else
                         f"procbuf_campaign_{name} {value}")

    gauge("night", "Number of the night.", ({}, record.night))
    gauge("fuzzing_seconds", "From the first to the last fuzzing process.", ({}, record.fuzzing_s))
    gauge("findings", "Findings of the night, by status.",
          *(({"status": status}, sum(f.status == status for f in record.findings))
            for status in STATUSES))
    gauge("planted_bugs_missed", "Planted bugs that were not found.", ({}, missed))
    gauge("planted_bugs", "Planted bugs that were tried.", ({}, len(record.canaries)))
    gauge("hardware_programs", "Programs run on protection hardware, by machine.", *(({"machine": row.machine}, row.traces) for row in record.under))
    gauge("no_longer_reached", "Pieces of code that are no longer reached.", ({}, len(record.no_longer_reached)))
    gauge("broken", "Parts of the plan that could not run.", ({}, len(record.broken)))
    gauge("runs", "Inputs run, by harness.", *(({"harness": h.name}, h.runs) for h in record.harnesses))
    gauge("checked_calls", "Library calls checked, by harness.",
          *(({"harness": h.name}, h.checked_operations) for h in record.harnesses))
    gauge("corpus", "Inputs in the corpus, by harness.",
          *(({"harness": h.name}, h.corpus) for h in record.harnesses))
    if record.coverage:
        gauge("covered_lines", "Lines of the library that are reached, by file.",
              *(({"file": name}, c.covered_lines) for name, c in record.coverage.items()))
    return "\n".join(lines) + "\n"


def write(folder: Path, record: Record) -> None:
    write_whole(folder / "junit.xml", junit(record))
    write_json(folder / "findings.sarif", sarif(record))
    write_whole(folder / "summary.md", markdown(record))
    write_whole(folder / "metrics.prom", prometheus(record))
