"""Findings: one folder for each identity, complete before it is counted."""
from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .builds import SETUPS
from .emit import CannotEmit, criterion_test
from .explain import explanation
from .replay import TEXTS, Outcome, members_of, minimize, replay, sequence_of, suffix_of, to_text
from .tools import (ROOT, Build, ToolError, identity_in, quoted, run, shown, slug, write_json, write_whole)

MOST_INPUTS = 5
"""Inputs that are kept of one identity: a crash storm does not fill the disk."""

TRIES = 10
"""Replays of what does not show at once, or is to be told reliable."""
HISTORY = 255
"""Inputs before the one that broke that are replayed with it: what an engine's ring holds."""
MINIMISE_S, HANG_MINIMISE_S = 20.0, 5.0
"""A hang is known only after all of its time: few programs can be tried."""

NOT_YET = "not minimised: the campaign ended before"
SLOW_TO_SHOW = re.compile(" kind=(hang|oom|slow) ")

SEVERITY = {
    "access": "high", "window": "high", "memory": "high", "double-fetch": "high", "hang": "low", "oom": "low",
    "slow": "low",
}


STATUSES = ("new", "known", "back again", "not asked tonight", "not shown tonight", "damaged")
"""Of findings that are not known to be fixed: the first three were seen tonight."""


@dataclass
class Finding:
    """What is known of one bug. `folder` is a bundle: see fuzz/OUTPUT.md."""
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
    status: str = "new"  # one of STATUSES
    shows: str = ""  # how often it did, when it was replayed: 10 of 10
    members: int = 1  # inputs that have to run one after another in a process
    names: list[str] = field(default_factory=list)  # of the inputs that are kept, as engines gave them


def is_explained(identity: str) -> bool:
    return " kind=unexplained " not in identity


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


@dataclass
class Crash:
    """How a process ended, as it looked from outside."""
    report: str = ""  # what the process said last
    rings: list[Path] = field(default_factory=list)  # of its engine: what ran before
    before: list[Path] = field(default_factory=list)  # the same, where these are files
    is_slow: bool = False  # nothing ended: it took long, perhaps because the machine was busy


def unexplained(report: str, path: Path | None, harness: str) -> str:
    """The identity of a crash that no replay shows: by what was said when it happened, else by how it was kept."""
    said = identity_in(report)
    summary = re.findall(r"^SUMMARY: (\w+): ([\w-]+)", report, re.MULTILINE)
    what, op = "no-report", harness
    if said:
        kind, check, op = (word.split("=", 1)[1] for word in said.split()[1:])
        what = f"{kind}-{check}"
    elif summary:
        what = f"{summary[-1][0]}-{summary[-1][1]}"
    elif re.search(r"runtime error:", report):
        what = "runtime-error"
    elif path is not None:
        what = path.parent.name if path.name.startswith("id") else path.name.split("-")[0]
    return f"PROCBUF-BUG kind=unexplained check={what} op={op}"


class Findings:
    """All findings of a run, by identity, in a folder."""

    def __init__(self, folder: Path, build: Build, lib_argument: str | None):
        self.folder = folder
        self.build = build
        self.lib_argument = lib_argument
        self.by_identity: dict[str, Finding] = {}
        self.open: dict[str, Finding] = {}
        """Of the nights before: not known to be fixed, and not seen tonight."""

    def everything(self) -> list[Finding]:
        """What is not known to be fixed, what was seen tonight first."""
        return [*self.by_identity.values(), *(f for i, f in self.open.items() if i not in self.by_identity)]

    def is_hanging(self) -> bool:
        """Whether so many inputs hang that the rest is not worth its time."""
        return any(" kind=hang " in f.identity and f.inputs >= MOST_INPUTS
                   for f in self.by_identity.values())

    def has_enough(self, finding: Finding) -> bool:
        """Whether no more inputs of it are kept."""
        return finding.inputs > MOST_INPUTS

    def look_again(self, name: str, identity: str, builds: dict[str, Build]) -> Finding | None:
        """Replay a finding of an earlier night. Returns: it, if it may still be there, in `by_identity` when it is, and in
        `open` when that is not known; None when it does not show any more."""
        folder = self.folder / name
        try:
            finding = self.open[identity] = read_bundle(folder)
            if finding.identity != identity:
                raise ToolError(f"{folder / 'finding.json'}: has another identity")
            trace, _, _ = read_finding(folder)
            found = self._shows(finding, trace, builds)
        except ToolError as error:
            finding = self.open[identity] = Finding(identity, "unknown", severity_of(identity), 0.0, 0, 0, name,
                                                    f"{error}\n", self._command(folder), status="damaged")
            return finding
        finding.inputs = 0  # of this night
        finding.command = self._command(folder)
        if found:
            del self.open[identity]
            self.by_identity[identity] = finding
            if finding.minimised == NOT_YET:
                self._shorten(finding, Outcome(identity, finding.explanation), self.build_of(finding, builds) or self.build)
        elif found is None:
            finding.status = "not asked tonight"
        elif not is_explained(identity):
            finding.status = "not shown tonight"
        else:
            del self.open[identity]
            return None
        return finding

    def build_of(self, finding: Finding, builds: dict[str, Build]) -> Build | None:
        """The build of tonight that has to show it."""
        return self.build if finding.preset == self.build.preset else builds.get(finding.preset)

    def _shows(self, finding: Finding, trace: Path, builds: dict[str, Build]) -> bool | None:
        """Whether a finding of an earlier night still shows; None: no build of tonight's has seen it then."""
        program = read_record(self.folder / finding.folder).get("program")
        if program not in (None, hashlib.sha256(trace.read_bytes()).hexdigest()):
            raise ToolError(f"{trace}: it has been changed since it was found; the finding is damaged")
        build = self.build_of(finding, builds)
        if build is None:
            return None
        tries = 1 if finding.shows in ("", f"{TRIES} of {TRIES}") else 5 * TRIES
        return any(replay(build, trace).identity == finding.identity for _ in range(tries))

    def add(self, path: Path, harness: str | None, seconds: float, found_in: Build | None = None, found_by: str = "",
            crash: Crash | None = None) -> Finding | None:
        """Take an input in; `found_in` is asked when the usual build runs it clean. With `crash`, it ended a process:
        what does not show alone is tried again, then with what ran before it, and is a finding in any case.
        Returns: its finding; None if it ran clean."""
        builds = [self.build] + ([found_in] if found_in is not None and found_in.folder != self.build.folder else [])
        for build in builds:
            outcome = replay(build, path, harness=harness)
            if outcome.found:
                return self._take(path, harness, outcome, seconds, build, found_by)
        if crash is None:
            return None
        if crash.is_slow:
            with tempfile.TemporaryDirectory() as name:
                history = self._history(path, harness, builds[-1], crash, Path(name))
                outcome = replay(builds[-1], history) if history is not None else Outcome("", "")
                return (self._take(history, harness, outcome, seconds, builds[-1], found_by, crash)
                        if history is not None and outcome.found else None)
        known = self.by_identity.get(unexplained(crash.report, path, harness or "corpus"))
        tries = 1 if known is not None and self.has_enough(known) else TRIES
        for _ in range(tries):
            outcome = replay(builds[-1], path, harness=harness)
            if outcome.found:
                return self._take(path, harness, outcome, seconds, builds[-1], found_by)
        return self.add_crash(path, harness, seconds, builds[-1], found_by, crash, tries)

    def add_crash(self, path: Path | None, harness: str | None, seconds: float, build: Build, found_by: str,
                  crash: Crash, tries: int = TRIES) -> Finding:
        """A process ended by an input that breaks nothing alone, or by none. Returns: its finding."""
        with tempfile.TemporaryDirectory() as name:
            history = self._history(path, harness, build, crash, Path(name))
            if history is not None:
                for _ in range(tries):
                    outcome = replay(build, history)
                    if outcome.found:
                        return self._take(history, harness, outcome, seconds, build, found_by, crash)
            identity = unexplained(crash.report, path, harness or "corpus")
            source = path or history
            if source is None:
                source = Path(name) / "input"
                source.write_bytes(b"")
            return self._take(source, harness, Outcome(identity, crash.report), seconds, build, found_by, crash, history)

    def _history(self, path: Path | None, harness: str | None, build: Build, crash: Crash, folder: Path) -> Path | None:
        """Write, as a sequence, what ran in a process up to an input. Returns: that file; None if it is not known."""
        target = folder / "history.sequence"
        with contextlib.suppress(ToolError):
            if crash.before and path is not None:
                write_whole(target, sequence_of(build, [*crash.before[-HISTORY:], path], harness))
                return target
        last = members_of(to_text(build, path, harness)) if path is not None and crash.rings else []
        for ring in crash.rings:
            with contextlib.suppress(ToolError):
                text = sequence_of(build, [ring], harness)
                if path is None or members_of(text)[-1:] == last:
                    write_whole(target, text)
                    return target
        for ring in crash.rings[-1:]:  # it broke after its last input, or between two
            with contextlib.suppress(ToolError):
                write_whole(target, sequence_of(build, [ring, *([path] if path is not None else [])], harness))
                return target
        return None

    def _take(self, path: Path, harness: str | None, outcome: Outcome, seconds: float, build: Build, found_by: str,
              crash: Crash | None = None, history: Path | None = None) -> Finding:
        """One more input of a finding, or the first."""
        known = self.by_identity.get(outcome.identity)
        if known is not None:
            known.inputs += 1
            if known.inputs <= MOST_INPUTS:
                shutil.copy(path, self.folder / known.folder / f"input-{known.inputs}{kept_suffix(path)}")
                known.names.append(shown(path.name))
            return known
        finding = self._write(path, harness, outcome, seconds, build, found_by, crash, history)
        self.by_identity[outcome.identity] = finding
        return finding

    def _write(self, path: Path, harness: str | None, outcome: Outcome, seconds: float,
               build: Build, found_by: str, crash: Crash | None, history: Path | None) -> Finding:
        """A bundle: whole as soon as it can be, and then with a small program."""
        name = slug(outcome.identity)
        work = self._work(name)
        work.mkdir(parents=True)
        shutil.copy(path, work / f"input{kept_suffix(path)}")
        text = to_text(build, path, harness)
        _write_text(work / f"original{suffix_of(text)}", text)
        if crash is not None and crash.report:
            write_whole(work / "report.txt", crash.report)
        if history is not None and history != path:
            shutil.copy(history, work / "history.sequence")
        if patch := library_patch(build.lib):
            write_whole(work / "library.patch", patch)
        finding = Finding(outcome.identity, harness or "corpus", severity_of(outcome.identity), round(seconds, 1), 1, 0, name, "",
                          self._command(self.folder / name), build.preset, NOT_YET, found_by, names=[shown(path.name)])
        if is_explained(finding.identity):
            self._complete(finding, work, text, outcome, build, 1)
            self.by_identity[finding.identity] = finding  # also when what follows is interrupted
            self._shorten(finding, outcome, build)
        else:
            finding.minimised = ""
            self._complete(finding, work, text, outcome, build, 0)
        return finding

    def _work(self, name: str) -> Path:
        """Where a bundle is made; nothing is there."""
        work = self.folder / f".{name}.partial"
        shutil.rmtree(work, ignore_errors=True)
        return work

    def _shorten(self, finding: Finding, outcome: Outcome, build: Build) -> None:
        """Make its program small."""
        work = self._work(finding.folder)
        shutil.copytree(self.folder / finding.folder, work)
        original = next(path for path in work.iterdir() if path.stem == "original")
        text, finding.minimised = self._minimised(original, finding.identity, build)
        for name in ("trace.trace", "trace.sequence", "test.c"):
            (work / name).unlink(missing_ok=True)
        self._complete(finding, work, text, outcome, build, 1 if SLOW_TO_SHOW.search(finding.identity) else TRIES)

    def _complete(self, finding: Finding, work: Path, text: str, outcome: Outcome, build: Build, tries: int) -> None:
        """Write what follows from a program, and put the bundle in its place."""
        identity, suffix, report, why_no_test = finding.identity, suffix_of(text), outcome.report, ""
        _write_text(work / f"trace{suffix}", text)
        if tries:
            finding.shows, report = self._replayed(work / f"trace{suffix}", outcome, build, tries)
        else:
            finding.shows = f"0 of {TRIES}"
            after = ", nor one of what ran before it" if (work / "history.sequence").exists() else ""
            report = (f"A fuzzing process ended, and no replay of the input shows why{after}.\nBuild {build.preset}; {finding.found_by}.\n"
                      f"What the process said:\n\n{report or '(nothing)'}\n{identity}\n")
        finding.explanation = without_paths(explanation(identity, report), {str(work): finding.folder, f"{build.lib}/": "lib/"})
        finding.operations, finding.members = operation_count(text), max(1, len(members_of(text)))
        try:
            if not tries:
                raise CannotEmit("no replay shows it")
            write_whole(work / "test.c", criterion_test(build, text, identity, report))
        except (CannotEmit, ToolError) as reason:
            why_no_test = f"\nNo C test was made: {reason}\n"
        write_whole(work / "explanation.txt", finding.explanation + why_no_test)
        write_json(work / "finding.json", asdict(finding) | {
            "schema": 2, "revision": git_revision(), "environment": environment(),
            "program": hashlib.sha256((work / f"trace{suffix}").read_bytes()).hexdigest()})
        final, old = self.folder / finding.folder, self.folder / f".{finding.folder}.old"
        shutil.rmtree(old, ignore_errors=True)
        if final.exists():
            final.rename(old)
        work.rename(final)
        shutil.rmtree(old, ignore_errors=True)

    def _command(self, folder: Path) -> str:
        """How to see a finding again, for a shell at the root of the repository."""
        place = os.path.relpath(folder, ROOT) if folder.is_relative_to(ROOT) else folder
        return quoted("./fuzz/repro", *(["--lib", self.lib_argument] if self.lib_argument else []), place)

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

    def write_counts(self) -> list[str]:
        """In each bundle, what has become known since it was made: how many inputs (of the night that had most), which
        are kept, and its status. Returns: what could not be written."""
        problems = []
        for finding in self.by_identity.values():
            record = self.folder / finding.folder / "finding.json"
            try:
                fields = json.loads(record.read_text())
                inputs = max(finding.inputs, fields["inputs"])
                write_json(record, fields | {"inputs": inputs, "names": finding.names, "status": finding.status,
                                                 "command": finding.command})
            except (OSError, ValueError, KeyError, TypeError, ToolError) as error:
                problems.append(f"{record}: is as it was: {error}")
        return problems

    def _minimised(self, original: Path, identity: str, build: Build) -> tuple[str, str]:
        """The smallest program that shows the bug, found in a little while, and how far that got."""
        text = original.read_text(errors="surrogateescape")
        if " kind=oom " in identity or " kind=slow " in identity:
            return text, "not minimised: each try would take all of the time"
        if replay(build, original).identity != identity:
            return text, "not minimised: as text it does not show the same bug each time"
        try:
            smaller = minimize(build, original, identity, seconds=HANG_MINIMISE_S if " kind=hang " in identity else MINIMISE_S)
        except ToolError as error:
            return text, f"not minimised: {error}"
        path = original.with_name(f"smaller{suffix_of(smaller.text)}")
        _write_text(path, smaller.text)
        same = replay(build, path).identity == identity
        path.unlink()
        return (smaller.text, smaller.how_far) if same else (text, "not minimised: the bug is not stable")


def _write_text(path: Path, text: str) -> None:
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


def operation_count(text: str) -> int:
    return sum(1 for line in text.splitlines()
               if line.split("#")[0].split()[:1] not in ([], ["}"], ["sequence"], ["trace"], ["process"]))


# ---- Bundles, as they are found in a folder ----

def read_record(folder: Path) -> dict:
    """What finding.json of a bundle says. Anybody may have edited it: what is used of it is checked here."""
    record = folder / "finding.json"
    try:
        fields = json.loads(record.read_text())
    except FileNotFoundError as error:
        raise ToolError(f"{folder}: a folder without finding.json: not a finding of a campaign") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ToolError(f"{record}: cannot be read ({error}); the finding is damaged") from error
    if not isinstance(fields, dict) or not identity_in(str(fields.get("identity"))) == fields.get("identity"):
        raise ToolError(f"{record}: has no identity; the finding is damaged")
    if fields.get("preset", "fuzz") not in (presets := [setup.preset for setup in SETUPS]):
        raise ToolError(f"{record}: \"preset\": {json.dumps(fields['preset'])}: there are {', '.join(presets)}")
    return fields


def read_bundle(folder: Path) -> Finding:
    """A finding's facts."""
    fields = read_record(folder)
    kinds = {name: type_ for name, type_ in Finding.__annotations__.items() if name in fields}
    for name, kind in kinds.items():
        right: tuple[type, ...] = {"str": (str,), "int": (int,), "float": (int, float), "list[str]": (list,)}[kind]
        if not isinstance(fields[name], right) or isinstance(fields[name], bool):
            raise ToolError(f"{folder / 'finding.json'}: \"{name}\": {json.dumps(fields[name])[:80]}: the finding is damaged")
    try:
        finding = Finding(**{name: fields[name] for name in kinds})
    except TypeError as error:
        raise ToolError(f"{folder / 'finding.json'}: {str(error).removeprefix('Finding.__init__() ')}: the finding is damaged") from error
    if finding.severity not in ("high", "medium", "low"):
        raise ToolError(f"{folder / 'finding.json'}: \"severity\": {json.dumps(finding.severity)}: the finding is damaged")
    finding.folder = folder.name
    return finding


def preset_of(folder: Path) -> str:
    """The preset that builds what showed a finding."""
    return read_record(folder).get("preset", "fuzz")


def read_finding(folder: Path) -> tuple[Path, str | None, str]:
    """Of a finding's folder: the program to run, its harness, and its identity."""
    identity = read_record(folder)["identity"]
    for suffix in TEXTS:
        path = folder / f"trace{suffix}"
        if path.is_file():
            with contextlib.suppress(OSError):
                if path.read_bytes().strip():
                    return path, None, identity
            raise ToolError(f"{path}: cannot be read, or is empty; the finding is damaged")
    raise ToolError(f"{folder / 'trace.trace'}: missing; the finding is damaged")
