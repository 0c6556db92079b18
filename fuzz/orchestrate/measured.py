"""Figures that a command measured, kept as data next to the command. tests/results makes tests/RESULTS.md of all of them."""
from __future__ import annotations

import json
import os
import platform
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .revision import git_revision
from .tools import ROOT, ToolError, run, write_whole

Row = Mapping[str, object]


def cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.3g}" if isinstance(value, float) and abs(value) < 100 else f"{value:,.0f}" if isinstance(value, float) else str(value)


def table(rows: Sequence[Row]) -> str:
    """A Markdown table: the keys of the rows are its headings."""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([cell(row[head]) for head in heads] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def machine() -> str:
    """Cores, processor and system, as far as a reader of figures needs to know them."""
    processor = re.search(r"^(?:model name|Model)\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return f"{os.cpu_count()} cores, {processor[1] if processor else platform.machine()}, {system}"


def stamp(command: str) -> dict[str, str]:
    """Where figures come from."""
    return {"command": command, "commit": git_revision(), "date": time.strftime("%Y-%m-%d"), "machine": machine()}


def record(path: Path, command: str, rows: Sequence[Row], **more: Sequence[Row]) -> None:
    """Write a table: each row maps the headings to its cells. `more` is kept in the file, and not printed."""
    parts = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in stamp(command).items()]
    parts += [f" {json.dumps(key)}: [\n" + ",\n".join(f"  {json.dumps(row)}" for row in value) + "\n ]"
              for key, value in {"rows": rows, **more}.items()]
    write_whole(path, "{\n" + ",\n".join(parts) + "\n}\n")
    publish()


def publish() -> None:
    """Make tests/RESULTS.md again."""
    done = run([ROOT / "tests/results", "--update"])
    if done.returncode != 0:
        raise ToolError(done.stderr.strip())
