"""The report of a campaign: one self-contained page, JSON, and a summary for the terminal."""
from __future__ import annotations

import io
import re
from pathlib import Path

import exports
import jinja2
import matplotlib
from tools import write_json, write_whole

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend comes first)

TEMPLATES = Path(__file__).resolve().parent / "templates"


def missed_canaries(record: dict) -> list[dict]:
    return [c for c in record["canaries"] if c["why"]]


def is_red(record: dict) -> bool:
    """Findings, a planted bug that was missed, or code that is no longer reached."""
    return bool(record["findings"] or missed_canaries(record) or record["no_longer_reached"])


def canary_line(record: dict) -> str:
    """Of planted bugs, what was found."""
    flown, missed = record["canaries"], missed_canaries(record)
    if not flown:
        return "no planted bug was tried"
    slowest = max((c["seconds"] for c in flown if not c["why"]), default=0.0)
    return (f"{len(flown) - len(missed)} of {len(flown)} planted bugs found" +
            (f", each within {slowest:.1f} s" if not missed else ""))


def verdict(record: dict) -> str:
    findings = len(record["findings"])
    runs = sum(h["runs"] for h in record["harnesses"])
    how = f"{runs:,} runs in {record['fuzzing_s']:.0f} s of fuzzing"
    if record["interrupted"]:
        how += ", interrupted"
    if missed_canaries(record):
        how += f"; {len(missed_canaries(record))} planted bug(s) MISSED"
    elif record["canaries"]:
        how += f"; {canary_line(record)}"
    if record["no_longer_reached"]:
        how += "; code of the library is NO LONGER REACHED"
    if findings == 0:
        return f"Nothing found: {how}."
    return f"{findings} finding{'s' if findings > 1 else ''}: {how}."


def coverage_total(record: dict) -> str:
    files = record["coverage"].values()
    if not files:
        return "not measured"
    covered, lines = sum(f["covered_lines"] for f in files), sum(f["lines"] for f in files)
    return f"{covered} of {lines} lines of the library"


def summary(record: dict) -> str:
    lines = ["", verdict(record)]
    for h in record["harnesses"]:
        lines.append(f"  {h['name']}: {h['seeds']} saved inputs, {h['runs']:,} runs, "
                     f"{h['checked_operations']:,} checked calls, {h['edges']} edges, "
                     f"{h['crashes']} crashes")
    lines.append(f"  reached: {coverage_total(record)}")
    lines.append(f"  would we have noticed: {canary_line(record)}")
    lines += [f"  MISSED: planted bug {c['id']}, {c['title']}: {c['why']}" for c in missed_canaries(record)]
    lines += [f"  NO LONGER REACHED: {code}" for code in record["no_longer_reached"]]
    for f in record["findings"]:
        lines += [f"  {f['identity']}", f"    {f['operations']} operations; {f['command']}"]
    lines += [f"  note: {note}" for note in record["notes"]]
    return "\n".join(lines)


def plot(record: dict) -> str:
    """Features over time, a line per harness, as SVG text that takes its colours from the page."""
    figure, axes = plt.subplots(figsize=(7, 2.6))
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    for h in record["harnesses"]:
        best, xs, ys = 0, [], []
        for seconds, _, features in sorted(tuple(s) for s in h["samples"]):
            best = max(best, features)
            xs.append(seconds)
            ys.append(best)
        axes.plot(xs, ys, label=h["name"], drawstyle="steps-post")
    axes.set_xlabel("seconds")
    axes.set_ylabel("features")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    for spine in ("top", "right"):
        axes.spines[spine].set_visible(False)
    text = io.StringIO()
    with plt.rc_context({"svg.fonttype": "none"}):
        figure.savefig(text, format="svg", bbox_inches="tight")
    plt.close(figure)
    svg = re.sub(r"<metadata>.*?</metadata>", "", text.getvalue(), flags=re.DOTALL)
    return svg[svg.index("<svg"):].replace("#000000", "currentColor")


def write(out: Path, record: dict) -> Path:
    """Write report/: index.html, campaign.json, and what exports.py makes. Returns: the page."""
    folder = out / "report"
    folder.mkdir(exist_ok=True)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True,
                                     trim_blocks=True, lstrip_blocks=True,
                                     undefined=jinja2.StrictUndefined)
    page = environment.get_template("report.html").render(
        record=record, verdict=verdict(record), red=is_red(record), canary_line=canary_line(record), covered=coverage_total(record),
        plot=plot(record) if any(h["samples"] for h in record["harnesses"]) else "")
    write_json(folder / "campaign.json", record)
    exports.write(folder, record, verdict(record))
    write_whole(folder / "index.html", page)
    return folder / "index.html"
