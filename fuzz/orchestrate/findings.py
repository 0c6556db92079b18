"""Findings: one for each identity. What an engine kept, or a process said, becomes one here, whatever its replay shows."""
from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .bundle import AS_BYTES, NOT_YET, TRIES, Bundles, kept_suffix, read_bundle, read_finding, read_record, write_text
from .explain import kind_of
from .record import Finding
from .replay import Outcome, is_readable, members_of, replay, sequence_of, suffix_of, to_text
from .revision import library_patch
from .tools import Build, ToolError, identity_in, shown, slug, write_json, write_whole

MOST_INPUTS = 5
"""Inputs that are kept of one identity: a crash storm does not fill the disk."""
HISTORY = 255
"""Inputs before the one that broke that are replayed with it: what an engine's ring holds."""

SEVERITY = {
    **dict.fromkeys(("access", "window", "double-fetch", "memory", "secrecy", "integrity", "fault", "hardware"), "high"),
    **dict.fromkeys(("hang", "slow", "oom"), "low"),
}
"""fuzz/README.md says why."""


def is_explained(identity: str) -> bool:
    return kind_of(identity) != "unexplained"


def severity_of(identity: str) -> str:
    kind = kind_of(identity)
    return "high" if kind.startswith("asan-") else SEVERITY.get(kind, "medium")


@dataclass
class Crash:
    """How a process ended, as it looked from outside."""
    report: str = ""  # what the process said last
    rings: list[Path] = field(default_factory=list)  # of its engine: what ran before
    before: list[Path] = field(default_factory=list)  # the same, where these are files
    is_slow: bool = False  # nothing ended: it took long, perhaps because the machine was busy


@dataclass(frozen=True)
class Origin:
    """Where an input comes from."""
    harness: str | None  # that decodes it; None: it is text
    found_by: str
    seconds: float = 0.0  # into the fuzzing
    build: Build | None = None  # that ran it
    machine: str = ""  # whose protection hardware ran it, if that was not here

    @property
    def place(self) -> str:
        return self.harness or "corpus"


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

    def __init__(self, bundles: Bundles, build: Build):
        self.bundles = bundles
        self.build = build
        self.by_identity: dict[str, Finding] = {}
        self.is_ours: Callable[[str], bool] = lambda identity: True
        """Whether this host makes a finding small, explains it, and makes a C test."""
        self.shows_on_machine: Callable[[Finding, Path, Build], bool | None] = lambda finding, trace, build: None
        self.open: dict[str, Finding] = {}
        """Of the nights before: not known to be fixed, and not seen tonight."""

    def everything(self) -> list[Finding]:
        """What is not known to be fixed, what was seen tonight first."""
        return [*self.by_identity.values(), *(f for i, f in self.open.items() if i not in self.by_identity)]

    def is_hanging(self) -> bool:
        """Whether so many inputs hang that the rest is not worth its time."""
        return any(kind_of(f.identity) == "hang" and f.inputs >= MOST_INPUTS for f in self.by_identity.values())

    def has_enough(self, finding: Finding) -> bool:
        """Whether no more inputs of it are kept."""
        return finding.inputs > MOST_INPUTS

    def look_again(self, name: str, identity: str, builds: dict[str, Build]) -> Finding | None:
        """Replay a finding of an earlier night. Returns: it, if it may still be there, in `by_identity` when it is, and in
        `open` when that is not known; None when it does not show any more."""
        folder = self.bundles.folder / name
        try:
            finding = self.open[identity] = read_bundle(folder)
            if finding.identity != identity:
                raise ToolError(f"{folder / 'finding.json'}: has another identity")
            trace, _ = read_finding(folder)
            found = self._shows(finding, trace, builds)
        except ToolError as error:
            finding = self.open[identity] = Finding(identity, "unknown", severity_of(identity), 0.0, 0, 0, name,
                                                    f"{error}\n", self.bundles.command(name), status="damaged")
            return finding
        finding.inputs = 0  # of this night
        finding.command = self.bundles.command(name)
        if found:
            del self.open[identity]
            self.by_identity[identity] = finding
            if finding.minimised == NOT_YET and self.is_ours(identity):
                self.bundles.shorten(finding, Outcome(identity, finding.explanation), self.build_of(finding, builds) or self.build)
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
        program = read_record(self.bundles.of(finding)).get("program")
        if program not in (None, hashlib.sha256(trace.read_bytes()).hexdigest()):
            raise ToolError(f"{trace}: it has been changed since it was found; the finding is damaged")
        if finding.machine:
            return self.shows_on_machine(finding, trace, self.build)
        build = self.build_of(finding, builds)
        if build is None:
            return None
        tries = 1 if finding.shows in ("", f"{TRIES} of {TRIES}") else 5 * TRIES
        return any(replay(build, trace).identity == finding.identity for _ in range(tries))

    def add(self, path: Path, origin: Origin, crash: Crash | None = None) -> Finding | None:
        """Take an input in; the build that it comes from is asked when the usual one runs it clean. With `crash`, it ended a
        process: what does not show alone is tried again, then with what ran before it, and is a finding in any case.
        Returns: its finding; None if it ran clean."""
        builds = [self.build] + ([origin.build] if origin.build is not None and origin.build.folder != self.build.folder else [])
        for build in builds:
            outcome = replay(build, path, harness=origin.harness)
            if outcome.found:
                return self._take(path, origin, outcome, build)
        if crash is None:
            return None
        if crash.is_slow:
            with tempfile.TemporaryDirectory() as name:
                history = self._history(path, origin.harness, builds[-1], crash, Path(name))
                outcome = replay(builds[-1], history) if history is not None else Outcome("", "")
                return (self._take(history, origin, outcome, builds[-1], crash)
                        if history is not None and outcome.found else None)
        known = self.by_identity.get(unexplained(crash.report, path, origin.place))
        tries = 1 if known is not None and self.has_enough(known) else TRIES
        for _ in range(tries):
            outcome = replay(builds[-1], path, harness=origin.harness)
            if outcome.found:
                return self._take(path, origin, outcome, builds[-1])
        return self.add_crash(path, origin, crash, tries)

    def add_on_machine(self, path: Path, origin: Origin, outcome: Outcome) -> Finding:
        """What a machine's protection hardware shows, and nothing here does."""
        return self._take(path, origin, outcome, self.build)

    def add_crash(self, path: Path | None, origin: Origin, crash: Crash, tries: int = TRIES) -> Finding:
        """A process ended by an input that breaks nothing alone, or by none. Returns: its finding."""
        build = origin.build or self.build
        with tempfile.TemporaryDirectory() as name:
            history = self._history(path, origin.harness, build, crash, Path(name))
            if history is not None:
                for _ in range(tries):
                    outcome = replay(build, history)
                    if outcome.found:
                        return self._take(history, origin, outcome, build, crash)
            source = path or history
            if source is None:
                source = Path(name) / "input"
                source.write_bytes(b"")
            outcome = Outcome(unexplained(crash.report, path, origin.place), crash.report)
            return self._take(source, origin, outcome, build, crash, history)

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

    def _take(self, path: Path, origin: Origin, outcome: Outcome, build: Build, crash: Crash | None = None,
              history: Path | None = None) -> Finding:
        """One more input of a finding, or the first."""
        known = self.by_identity.get(outcome.identity)
        if known is not None:
            known.inputs += 1
            if known.inputs <= MOST_INPUTS:
                shutil.copy(path, self.bundles.of(known) / f"input-{known.inputs}{kept_suffix(path)}")
                known.names.append(shown(path.name))
            return known
        finding = self._begin(path, origin, outcome, build, crash, history)
        self.by_identity[outcome.identity] = finding  # even if what follows is interrupted
        if is_explained(finding.identity) and not finding.machine and self.is_ours(finding.identity):
            self.bundles.shorten(finding, outcome, build)
        return finding

    def _begin(self, path: Path, origin: Origin, outcome: Outcome, build: Build, crash: Crash | None,
               history: Path | None) -> Finding:
        """A bundle: whole as soon as it can be, before its program is made small."""
        name = slug(outcome.identity)
        work = self.bundles.work(name)
        work.mkdir(parents=True)
        shutil.copy(path, work / f"input{kept_suffix(path)}")
        text = to_text(build, path, origin.harness)
        write_text(original := work / f"original{suffix_of(text)}", text)
        if not is_readable(build, original):
            shutil.copy(path, work / AS_BYTES)
        if crash is not None and crash.report:
            write_whole(work / "report.txt", crash.report)
        if history is not None and history != path:
            shutil.copy(history, work / "history.sequence")
        if patch := library_patch(build.lib):
            write_whole(work / "library.patch", patch)
        shows = is_explained(outcome.identity) and not origin.machine
        finding = Finding(outcome.identity, origin.place, severity_of(outcome.identity), round(origin.seconds, 1), 1, 0, name, "",
                          self.bundles.command(name), build.preset, NOT_YET if shows else "", origin.found_by,
                          names=[shown(path.name)], machine=origin.machine)
        self.bundles.complete(finding, work, text, outcome, build, int(shows), whole=self.is_ours(finding.identity))
        return finding

    def write_counts(self) -> list[str]:
        """In each bundle, what has become known since it was made: how many inputs (of the night that had most), which
        are kept, and its status. Returns: what could not be written."""
        problems = []
        for finding in self.by_identity.values():
            record = self.bundles.of(finding) / "finding.json"
            try:
                fields = json.loads(record.read_text())
                inputs = max(finding.inputs, fields["inputs"])
                write_json(record, fields | {"inputs": inputs, "names": finding.names, "status": finding.status, "under": finding.under,
                                                 "command": finding.command})
            except (OSError, ValueError, KeyError, TypeError, ToolError) as error:
                problems.append(f"{record}: is as it was: {error}")
        return problems
