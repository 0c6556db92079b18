"""Bundles: a folder for each finding, whole before it is counted. fuzz/OUTPUT.md says what is in it."""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from . import hardware
from .builds import SETUPS
from .emit import CannotEmit, criterion_test
from .explain import explanation, kind_of
from .facts import Wrong, typed
from .record import SCHEMA, Finding
from .replay import TEXTS, Outcome, members_of, minimize, replay, suffix_of
from .revision import environment, git_revision
from .tools import ROOT, Build, ToolError, identity_in, put_in_place, quoted, shown, write_json, write_whole

TRIES = 10
"""Replays of what does not show at once, or is to be told reliable."""
MINIMISE_S, HANG_MINIMISE_S = 20.0, 5.0
"""A hang is known only after all of its time: few programs can be tried."""
MOST_LINES = 60
"""Of a program in a report; the bundle has all of it."""
NOT_YET = "not minimised: the campaign ended before"
AS_BYTES = "trace.bin"
"""The program of a finding whose text cannot be read again."""


@dataclass(frozen=True)
class Bundles:
    """Those of a folder; `lib_argument` is what --lib was, if it was given."""
    folder: Path
    lib_argument: str | None

    def of(self, finding: Finding) -> Path:
        return self.folder / finding.folder

    def command(self, name: str) -> str:
        """How to see a finding again, for a shell at the root of the repository."""
        path = self.folder / name
        place = os.path.relpath(path, ROOT) if path.is_relative_to(ROOT) else path
        return quoted("./fuzz/repro", *(["--lib", self.lib_argument] if self.lib_argument else []), place)

    def work(self, name: str) -> Path:
        """Where one is made; nothing is there."""
        work = self.folder / f".{name}.partial"
        shutil.rmtree(work, ignore_errors=True)
        return work

    def shorten(self, finding: Finding, outcome: Outcome, build: Build) -> None:
        """Make its program small."""
        with tempfile.TemporaryDirectory() as folder:
            original = next(path for path in self.of(finding).iterdir() if path.stem == "original")
            if (self.of(finding) / AS_BYTES).exists():
                text, finding.minimised = original.read_text(errors="surrogateescape"), "not minimised: its text cannot be read again"
            else:
                text, finding.minimised = self._minimised(Path(shutil.copy(original, folder)), finding.identity, build)
        self.replace(finding, text, outcome, build, 1 if kind_of(finding.identity) in ("hang", "oom", "slow") else TRIES)

    def replace(self, finding: Finding, text: str, outcome: Outcome, build: Build, tries: int) -> None:
        """A program that shows the same bug takes the place of a finding's."""
        work = self.work(finding.folder)
        shutil.copytree(self.of(finding), work)
        for name in ("trace.trace", "trace.sequence", "test.c"):
            (work / name).unlink(missing_ok=True)
        self.complete(finding, work, text, outcome, build, tries)

    def complete(self, finding: Finding, work: Path, text: str, outcome: Outcome, build: Build, tries: int, whole: bool = True) -> None:
        """Write what follows from a program, and put the bundle in its place; with `whole` false, another host explains it."""
        identity, report, why_no_test = finding.identity, outcome.report, ""
        write_text(work / f"trace{suffix_of(text)}", text)
        trace = program_in(work)
        if tries:
            finding.shows, report = self._replayed(trace, outcome, build, tries)
        elif finding.machine:
            report = f"In the kernel of tests/kernel, on {finding.machine}:\n\n{report}"
        else:
            finding.shows = f"0 of {TRIES}"
            after = ", nor one of what ran before it" if (work / "history.sequence").exists() else ""
            report = (f"A fuzzing process ended, and no replay of the input shows why{after}.\nBuild {build.preset}; {finding.found_by}.\n"
                      f"What the process said:\n\n{report or '(nothing)'}\n{identity}\n")
        finding.explanation = without_paths(explanation(identity, report) if whole else report, {str(work): finding.folder, f"{build.lib}/": "lib/"})
        finding.operations, finding.members = operation_count(text), max(1, len(members_of(text)))
        finding.trace = first_lines(text)
        try:
            if not tries:
                raise CannotEmit(f"it shows on {finding.machine} only" if finding.machine else "no replay shows it")
            if not whole:
                raise CannotEmit("another host does, which shares")
            write_whole(work / "test.c", criterion_test(build, text, identity, report))
        except (CannotEmit, ToolError) as reason:
            why_no_test = f"\nNo C test was made: {reason}\n"
        write_whole(work / "explanation.txt", finding.explanation + why_no_test)
        write_json(work / "finding.json", asdict(finding) | {
            "schema": SCHEMA, "revision": git_revision(), "environment": environment(),
            "program": hashlib.sha256(trace.read_bytes()).hexdigest()})
        put_in_place(work, self.of(finding))

    def tell(self, finding: Finding, more: str, instead_of: str = "") -> None:
        """Put more into what explains a finding, before its last line, the identity, and what is known by now into its record."""
        def with_more(said: str) -> str:
            said = said.replace(instead_of, "") if instead_of else said
            at = max(said.rfind(finding.identity), 0)
            return said[:at] + more + said[at:]

        folder = self.of(finding)
        finding.explanation = with_more(finding.explanation)
        write_whole(folder / "explanation.txt", with_more((folder / "explanation.txt").read_text()))
        write_json(folder / "finding.json", json.loads((folder / "finding.json").read_text()) | asdict(finding))

    def _replayed(self, trace: Path, outcome: Outcome, build: Build, tries: int) -> tuple[str, str]:
        """Returns: how often a bug shows, and its report, explained."""
        report = outcome.report
        outcomes = [replay(build, trace, explain=True) for _ in range(tries)]
        same = [o for o in outcomes if o.identity == outcome.identity]
        if same:
            report = same[0].report
        count = len(same)
        said = f"{count} of {tries}" if tries > 1 else ""
        if count < tries:
            report = f"It shows in {count} of {tries} replays.\n{report}"
        return said, report

    def _minimised(self, original: Path, identity: str, build: Build) -> tuple[str, str]:
        """The smallest program that shows the bug, found in a little while, and how far that got."""
        text = original.read_text(errors="surrogateescape")
        if kind_of(identity) in ("oom", "slow"):
            return text, "not minimised: each try would take all of the time"
        if replay(build, original).identity != identity:
            return text, "not minimised: as text it does not show the same bug each time"
        try:
            smaller = minimize(build, original, identity, seconds=HANG_MINIMISE_S if kind_of(identity) == "hang" else MINIMISE_S)
        except ToolError as error:
            return text, f"not minimised: {error}"
        path = original.with_name(f"smaller{suffix_of(smaller.text)}")
        write_text(path, smaller.text)
        same = replay(build, path).identity == identity
        path.unlink()
        return (smaller.text, smaller.how_far) if same else (text, "not minimised: the bug is not stable")


def write_text(path: Path, text: str) -> None:
    """A program as text, whose comments may hold any bytes."""
    write_whole(path, text.encode(errors="surrogateescape"))


def without_paths(text: str, names: dict[str, str]) -> str:
    """A text without the places of this machine."""
    for path, name in names.items():
        text = text.replace(path, name)
    return text.replace(f"{ROOT}/", "")


def kept_suffix(path: Path) -> str:
    """Of an input's name: AFL++'s have dots that mean nothing."""
    return path.suffix if path.suffix in TEXTS else ""


def first_lines(text: str) -> str:
    """A program for a report: whole, if it is short."""
    lines = shown(text).splitlines()
    more = len(lines) - MOST_LINES
    return "\n".join([*lines[:MOST_LINES], f"# and {more} lines more"] if more > 0 else lines) + "\n"


def operation_count(text: str) -> int:
    return sum(1 for line in text.splitlines()
               if line.split("#")[0].split()[:1] not in ([], ["}"], ["sequence"], ["trace"], ["process"]))


# ---- Bundles, as they are found in a folder ----

def read_record(folder: Path) -> dict:
    """What finding.json of a bundle says. Anybody may have edited it: what is used of it is checked here."""
    record = folder / "finding.json"
    if not record.is_file():  # a pipe would be waited for
        raise ToolError(f"{folder}: a folder without finding.json: not a finding of a campaign")
    try:
        fields = json.loads(record.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise ToolError(f"{record}: cannot be read ({error}); the finding is damaged") from error
    if not isinstance(fields, dict) or not identity_in(str(fields.get("identity"))) == fields.get("identity"):
        raise ToolError(f"{record}: has no identity; the finding is damaged")
    if fields.get("preset", "fuzz") not in (presets := [setup.preset for setup in SETUPS]):
        raise ToolError(f"{record}: \"preset\": {json.dumps(fields['preset'])}: there are {', '.join(presets)}")
    if fields.get("machine", "") not in ("", *hardware.MACHINES):
        raise ToolError(f"{record}: \"machine\": {json.dumps(fields['machine'])}: there are {', '.join(hardware.MACHINES)}")
    return fields


def read_bundle(folder: Path) -> Finding:
    """A finding's facts."""
    fields = read_record(folder)
    try:
        finding = typed(Finding, fields)
    except Wrong as wrong:
        raise ToolError(f"{folder / 'finding.json'}: {wrong}: the finding is damaged") from wrong
    finding.folder = folder.name
    return finding


def preset_of(folder: Path) -> str:
    """The preset that builds what showed a finding."""
    return read_record(folder).get("preset", "fuzz")


def machine_of(folder: Path) -> str:
    """The machine whose protection hardware showed a finding; '': this one did."""
    return str(read_record(folder).get("machine", ""))


def program_in(folder: Path) -> Path:
    """The file to run of a finding's folder."""
    for path in (folder / name for name in (AS_BYTES, *(f"trace{suffix}" for suffix in TEXTS))):
        if path.is_file():
            with contextlib.suppress(OSError):
                if path.read_bytes().strip():
                    return path
            raise ToolError(f"{path}: cannot be read, or is empty; the finding is damaged")
    raise ToolError(f"{folder / 'trace.trace'}: missing; the finding is damaged")


def read_finding(folder: Path) -> tuple[Path, str]:
    """Of a finding's folder: the program to run, and its identity."""
    identity = read_record(folder)["identity"]
    return program_in(folder), identity
