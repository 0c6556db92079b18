"""Findings: one folder for each identity, complete before it is counted."""
from __future__ import annotations

import contextlib
import functools
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from emit import CannotEmit, criterion_test
from explain import explanation
from replay import minimize, replay, to_text
from tools import ROOT, Build, ToolError, run, slug, write_json, write_whole

MOST_INPUTS = 5
"""Inputs that are kept of one identity: a crash storm does not fill the disk."""

MINIMISE_S, HANG_MINIMISE_S = 20.0, 5.0
"""A hang is known only after all of its time: few programs can be tried."""

SEVERITY = {
    "access": "high", "window": "high", "memory": "high", "double-fetch": "high", "hang": "low", "oom": "low",
    "slow": "low",
}


@dataclass
class Finding:
    """What is known of one bug. `folder` is a bundle: the input as it was found, original.trace (the
    same as text), trace.trace (minimised), test.c (a Criterion test), explanation.txt, library.patch
    (what the library had that the revision's has not) and finding.json (this, and the environment)."""
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
    minimised: str = ""  # how far that got
    found_by: str = ""  # the engine and its options
    status: str = "new"  # … known, back again: beside the nights before
    names: list[str] = field(default_factory=list)  # of the inputs that are kept, as engines gave them


def severity_of(identity: str) -> str:
    kind = identity.split()[1].removeprefix("kind=")
    return "high" if kind.startswith("asan-") else SEVERITY.get(kind, "medium")


@functools.cache
def git_revision() -> str:
    done = run(["git", "describe", "--always", "--dirty"], cwd=ROOT)
    return done.stdout.strip() or "unknown"


def _first_line(*command: str) -> str:
    with contextlib.suppress(OSError):
        done = run(list(command))
        line = ((done.stdout or done.stderr).strip().splitlines() or ["unknown"])[0]
        return re.sub(r"\x1b\[[\d;]*m", "", line)  # AFL++ colours its version
    return "not installed"


@functools.cache
def environment() -> dict[str, str]:
    """What the finding may depend on besides the repository."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.platform())
    return {"system": system, "machine": platform.machine(), "kernel": platform.release(),
            "clang": _first_line("clang-19", "--version"), "cmake": _first_line("cmake", "--version"),
            "afl": _first_line("afl-fuzz", "-V")}


@functools.cache
def library_patch(lib: Path) -> str:
    """What a library has that the revision's has not; '' when they are the same, or without git."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = subprocess.run(["git", "archive", "HEAD", "lib"], cwd=ROOT, capture_output=True, check=False)
        if archive.returncode != 0:
            return ""
        (folder / "a").mkdir()
        (folder / "b").mkdir()
        subprocess.run(["tar", "-x", "-C", folder / "a"], input=archive.stdout, check=True)
        (folder / "b/lib").symlink_to(lib)
        return run(["diff", "-ruN", "a/lib", "b/lib"], cwd=folder).stdout


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

    def has_enough(self, finding: Finding) -> bool:
        """Whether no more inputs of it are kept."""
        return finding.inputs > MOST_INPUTS

    def look_again(self, name: str, builds: dict[str, Build]) -> Finding | None:
        """Replay a finding of an earlier night. Returns: it, if it is still there; else None."""
        folder = self.folder / name
        try:
            trace, _, identity = read_finding(folder)
            fields = json.loads((folder / "finding.json").read_text())
            finding = Finding(**{key: fields[key] for key in Finding.__dataclass_fields__ if key in fields})
        except (ToolError, TypeError):
            return None  # its folder was taken away, or damaged: what it was is found again if it is there
        build = builds.get(finding.preset, self.build)
        if replay(build, trace).identity != identity:
            return None
        finding.inputs = 0  # of this night
        self.by_identity[identity] = finding
        return finding

    def add(self, path: Path, harness: str | None, seconds: float,
            found_in: Build | None = None, found_by: str = "") -> Finding | None:
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
                shutil.copy(path, self.folder / known.folder / f"input-{known.inputs}{kept_suffix(path)}")
                known.names.append(path.name)
            return known
        finding = self._write(path, harness, outcome.identity, seconds, build, found_by)
        self.by_identity[outcome.identity] = finding
        return finding

    def _write(self, path: Path, harness: str | None, identity: str, seconds: float,
               build: Build, found_by: str) -> Finding:
        name = slug(identity)
        final = self.folder / name
        work = self.folder / f".{name}.partial"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        shutil.copy(path, work / f"input{kept_suffix(path)}")
        write_whole(work / "original.trace", to_text(build, path, harness))
        text, how_far = self._minimised(work, identity, build)
        write_whole(work / "trace.trace", text)
        report = replay(build, work / "trace.trace", explain=True).report
        told = without_paths(explanation(identity, report), {str(work): name, f"{build.lib}/": "lib/"})
        test, why_no_test = "", ""
        try:
            test = criterion_test(build, text, identity, report)
            write_whole(work / "test.c", test)
        except CannotEmit as reason:
            why_no_test = f"\nNo C test was made: {reason}\n"
        write_whole(work / "explanation.txt", told + why_no_test)
        if patch := library_patch(build.lib):
            write_whole(work / "library.patch", patch)
        lib = f" --lib {self.lib_argument}" if self.lib_argument else ""
        finding = Finding(identity, harness or "corpus", severity_of(identity), round(seconds, 1), 1,
                          operation_count(text), name, told,
                          f"./fuzz/repro{lib} {os.path.relpath(final, ROOT)}"
                          if final.is_relative_to(ROOT) else f"./fuzz/repro{lib} {final}", build.preset,
                          how_far, found_by, names=[path.name])
        write_json(work / "finding.json", asdict(finding) | {
            "schema": 2, "revision": git_revision(), "environment": environment()})
        if final.exists():
            shutil.rmtree(final)
        work.rename(final)
        return finding

    def write_counts(self) -> list[str]:
        """In each bundle, what has become known since it was made: how many inputs (of the night that had most), which
        are kept, and its status. Returns: what could not be written."""
        problems = []
        for finding in self.by_identity.values():
            record = self.folder / finding.folder / "finding.json"
            try:
                fields = json.loads(record.read_text())
                inputs = max(finding.inputs, fields["inputs"])
                write_json(record, fields | {"inputs": inputs, "names": finding.names, "status": finding.status})
            except (OSError, ValueError, KeyError, TypeError, ToolError) as error:
                problems.append(f"{record}: is as it was: {error}")
        return problems

    def _minimised(self, work: Path, identity: str, build: Build) -> tuple[str, str]:
        """The smallest program that shows the bug, found in a little while, and how far that got."""
        original = work / "original.trace"
        text = original.read_text()
        if " kind=oom " in identity or " kind=slow " in identity:
            return text, "not minimised: each try would take all of the time"
        if replay(build, original).identity != identity:
            return text, "not minimised: as text it shows another bug"
        try:
            smaller = minimize(build, original, seconds=HANG_MINIMISE_S if " kind=hang " in identity else MINIMISE_S)
        except ToolError as error:
            return text, f"not minimised: {error}"
        write_whole(work / "smaller.trace", smaller.text)
        same = replay(build, work / "smaller.trace").identity == identity
        (work / "smaller.trace").unlink()
        return (smaller.text, smaller.how_far) if same else (text, "not minimised: the bug is not stable")


def without_paths(text: str, names: dict[str, str]) -> str:
    """A text without the places of this machine."""
    for path, name in names.items():
        text = text.replace(path, name)
    return text.replace(f"{ROOT}/", "")


def kept_suffix(path: Path) -> str:
    """Of an input's name: AFL++'s have dots that mean nothing."""
    return path.suffix if path.suffix == ".trace" else ""


def operation_count(text: str) -> int:
    return sum(1 for line in text.splitlines()
               if line.split("#")[0].split()[:1] not in ([], ["}"], ["trace"], ["process"]))


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
