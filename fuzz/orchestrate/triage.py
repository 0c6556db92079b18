"""From what broke to findings: of saved inputs, of what engines keep, of nights before, of a campaign that was killed."""
from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from .bundle import Bundles, read_bundle
from .findings import Crash, Findings, Origin
from .folder import Folder
from .journal import Journal
from .record import Finding
from .replay import Stopped, replay, run_all
from .store import Store
from .tools import Build, ToolError, shown


class Triage:
    """`builds` are those of tonight, by preset; the first is the usual one."""

    def __init__(self, folder: Folder, store: Store, journal: Journal, builds: dict[str, Build], lib_argument: str | None):
        self.folder, self.store, self.journal, self.builds = folder, store, journal, builds
        self.build = next(iter(builds.values()))
        self.findings = Findings(Bundles(folder.findings, lib_argument), self.build)
        self.thrown_away: set[Path] = set()

    # ---- One input ----

    def see(self, finding: Finding, seconds: float = 0.0) -> None:
        """A finding was seen."""
        finding.status = self.store.see_finding(finding)
        if finding.inputs == 1:
            self.journal.say(f"FINDING after {seconds:.0f} s: {finding.identity}")

    def take(self, path: Path, origin: Origin, crash: Crash) -> None:
        """An input that an engine has kept: a finding, whatever comes of its replay."""
        finding = self.findings.add(path, origin, crash)
        if finding is None:
            self.journal.note(shown(f"{path.name} of {origin.harness} was slow when it was found, and is not now: the machine was "
                                    "busy; it is kept in artefacts/"))
            self.store.triaged(self.folder.key(path), "")
            return
        self.see(finding, origin.seconds)
        self.store.triaged(self.folder.key(path), finding.identity)
        if self.findings.has_enough(finding) and path.is_relative_to(self.folder.out / "artefacts"):
            self.thrown_away.add(path)
            path.unlink(missing_ok=True)  # a storm does not fill the disk

    def take_death(self, origin: Origin, crash: Crash) -> None:
        """A process ended, or spoke of a bug, and left no input."""
        self.see(self.findings.add_crash(None, origin, crash), origin.seconds)

    def take_stopped(self, stopped: Stopped, harness: str | None, found_by: str, *, is_slow: bool = False) -> bool:
        """An input at which a replay ended. Returns: whether it is a finding."""
        finding = self.findings.add(stopped.path, Origin(harness, found_by),
                                    Crash(stopped.report, before=stopped.before, is_slow=is_slow))
        if finding is not None:
            self.see(finding)
        return finding is not None

    # ---- Saved inputs ----

    def ask(self, inputs: list[Path], harness: str | None, found_by: str) -> set[Path]:
        """Replay inputs; each at which that stops is a finding. Returns: those that are not to be used."""
        bad: set[Path] = set()
        for stopped in run_all(self.build, inputs, harness):
            if self.take_stopped(stopped, harness, found_by, is_slow=stopped.hung):
                bad.add(stopped.path)
            rest = inputs[inputs.index(stopped.path) + 1:]
            if rest and self.findings.is_hanging():
                self.journal.breaks(f"corpus of {harness or 'the repository'}", f"{len(rest)} inputs were neither replayed nor used, "
                                    f"because the library hangs: {', '.join(shown(path.name) for path in rest[:5])}{' …' * (len(rest) > 5)}")
                bad.update(rest)
                break
        return bad

    # ---- Of nights before ----

    def take_in_bundles(self) -> None:
        """A campaign that was killed may have left findings whose facts were not written yet."""
        self.folder.put_halves_right()
        for path in sorted(self.folder.findings.iterdir()):
            try:
                finding = read_bundle(path)
            except ToolError as error:
                if not self.store.has_folder(path.name):
                    self.journal.breaks(f"findings/{path.name}", str(error))
                continue
            if self.store.finding(finding.identity) is None:
                self.store.see_finding(finding)

    def ask_known(self) -> None:
        """What earlier nights found: still there, fixed since, or not known."""
        for row in self.store.open_findings():
            identity, closed = row["identity"], self.folder.findings / row["folder"] / "closed"
            finding = None
            if closed.is_file():
                self.journal.note(f"closed by hand: {identity}: {closed.read_text(errors='replace').strip()}")
            else:
                finding = self.findings.look_again(row["folder"], identity, self.builds)
            if finding is None:
                self.store.fix_finding(identity)
                self.journal.say(f"fixed since: {identity}")
                continue
            if identity in self.findings.by_identity:
                finding.status = self.store.see_finding(finding)
            self.journal.say(f"{finding.status}: {identity}")

    def take_in_artefacts(self, harnesses: Collection[str]) -> None:
        """What engines had found, and was not triaged when the campaign was killed."""
        for harness, engine, path in self.folder.artefacts():
            if self.store.has_triaged(self.folder.key(path)) or not path.is_file():
                continue
            if harness not in harnesses:
                self.journal.breaks(self.folder.key(path), f"not checked yet: {harness} is not fuzzed tonight")
                continue
            crash = Crash(rings=sorted(self.folder.rings.glob(f"{harness}.*ring")), is_slow=engine.was_slow(path))
            build = next((built for built in self.builds.values() if replay(built, path, harness=harness).found), self.build)
            self.take(path, Origin(harness, "a campaign that was killed", build=build), crash)
        for path in self.folder.rings.iterdir():
            if path.name.split(".")[0] in harnesses:
                path.unlink()
