"""Findings: one folder for each identity, complete before it is counted."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from replay import minimize, replay, to_text
from tools import ROOT, Build, ToolError, slug, write_json, write_whole

MOST_INPUTS = 5
"""Inputs that are kept of one identity: a crash storm does not fill the disk."""

SEVERITY = {
    "access": "high", "window": "high", "memory": "high", "double-fetch": "high", "hang": "low",
}


@dataclass
class Finding:
    """What is known of one bug. `folder` holds input, trace.trace, explanation.txt and this."""
    identity: str
    harness: str
    severity: str
    seconds: float  # into the fuzzing, or 0 from the corpora
    inputs: int
    operations: int  # of the minimised trace
    folder: str
    explanation: str
    command: str
    preset: str = "fuzz"  # of the build that shows it


def severity_of(identity: str) -> str:
    kind = identity.split()[1].removeprefix("kind=")
    return "high" if kind.startswith("asan-") else SEVERITY.get(kind, "medium")


def git_revision() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    return done.stdout.strip() or "unknown"


class Findings:
    """All findings of a run, by identity, in a folder."""

    def __init__(self, folder: Path, build: Build, lib_argument: str | None):
        self.folder = folder
        self.build = build
        self.lib_argument = lib_argument
        self.by_identity: dict[str, Finding] = {}

    def is_hanging(self) -> bool:
        """Whether so many inputs hang that the rest is not worth its time."""
        return any(" kind=hang " in f.identity and f.inputs >= MOST_INPUTS
                   for f in self.by_identity.values())

    def add(self, path: Path, harness: str | None, seconds: float,
            found_in: Build | None = None) -> Finding | None:
        """Take an input in; `found_in` is asked when the usual build runs it clean. Returns: its
        finding; None if it ran clean when replayed."""
        build = self.build
        outcome = replay(build, path, harness=harness)
        if not outcome.found and found_in is not None and found_in.folder != build.folder:
            build = found_in
            outcome = replay(build, path, harness=harness)
        if not outcome.found:
            return None
        known = self.by_identity.get(outcome.identity)
        if known is not None:
            known.inputs += 1
            if known.inputs <= MOST_INPUTS:
                shutil.copy(path, self.folder / known.folder / f"input-{known.inputs}{path.suffix}")
            return known
        finding = self._write(path, harness, outcome.identity, seconds, build)
        self.by_identity[outcome.identity] = finding
        return finding

    def _write(self, path: Path, harness: str | None, identity: str, seconds: float,
               build: Build) -> Finding:
        name = slug(identity)
        final = self.folder / name
        work = self.folder / f".{name}.partial"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        shutil.copy(path, work / f"input{path.suffix}")
        text = to_text(build, path, harness)
        write_whole(work / "original.trace", text)
        hangs = " kind=hang " in identity  # each try would take all of its time
        if not hangs and replay(build, None, text=text.encode()).identity == identity:
            text, _ = minimize(build, text, identity)
        write_whole(work / "trace.trace", text)
        explanation = (f"{identity}\nThe replay does not end."
                       if hangs else
                       replay(build, work / "trace.trace", explain=True).report)
        explanation = explanation.replace(str(work), name)
        write_whole(work / "explanation.txt", explanation)
        lib = f" --lib {self.lib_argument}" if self.lib_argument else ""
        finding = Finding(identity, harness or "corpus", severity_of(identity), round(seconds, 1), 1,
                          sum(1 for line in text.splitlines()
                              if line.strip() and line.strip() != "}"
                              and not line.startswith(("trace ", "process"))),
                          name, explanation,
                          f"./fuzz/repro{lib} {os.path.relpath(final, ROOT)}"
                          if final.is_relative_to(ROOT) else f"./fuzz/repro{lib} {final}", build.preset)
        write_json(work / "finding.json", asdict(finding) | {"revision": git_revision()})
        if final.exists():
            shutil.rmtree(final)
        work.rename(final)
        return finding


def preset_of(folder: Path) -> str:
    """The preset that builds what showed a finding."""
    try:
        return json.loads((folder / "finding.json").read_text()).get("preset", "fuzz")
    except (OSError, ValueError, AttributeError):
        return "fuzz"  # read_finding() says what is wrong


def read_finding(folder: Path) -> tuple[Path, str | None, str]:
    """Of a finding's folder: the trace to run, its harness, and its identity."""
    record = folder / "finding.json"
    try:
        fields = json.loads(record.read_text())
        identity = fields["identity"]
    except FileNotFoundError as error:
        raise ToolError(f"{folder}: a folder without finding.json: not a finding of a campaign"
                        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ToolError(f"{record}: cannot be read ({error}); the finding is damaged") from error
    trace = folder / "trace.trace"
    if not trace.exists():
        raise ToolError(f"{trace}: missing; the finding is damaged")
    return trace, None, identity
