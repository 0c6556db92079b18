"""./fuzz/campaign: replay the corpora, fuzz every harness, triage, report; night after night."""
from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import arguments, report, status
from .arguments import Settings
from .clock import Clock, age
from .folder import Folder
from .fuzzing import Interrupts
from .journal import Journal
from .live import PlainView, make_view
from .merge import merge, show
from .islands import EXCHANGES, Islands, library_hash
from .night import DEFAULT_TIME_S, Night, make_plan, prepare
from .record import Record
from .revision import git_revision
from .share import keep_apart
from .store import Store
from .tools import CLEAN, ROOT, ToolError, describe, find_lib, front_door, is_full, quoted, set_up, shown


def make_out(settings: Settings) -> Folder:
    """The folder of the campaign; one that goes on has it already."""
    out = Path(settings.out) if settings.out else ROOT / "out" / time.strftime("%Y%m%d-%H%M%S")
    for where in settings.merge or []:
        keep_apart(where, out)
    if settings.share:
        keep_apart(settings.share, out, out / "share")
    if settings.resume and not out.is_dir():
        raise ToolError(f"--resume: {out}: no such folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / ".writable").write_text("")
        (out / ".writable").unlink()
    except OSError as error:
        raise ToolError(f"--out {out}: cannot be written: {error.strerror}") from error
    return Folder(out.resolve())


def notify(command: str, folder: Folder) -> None:
    """Run the command of --notify. How it ends is printed, and changes nothing."""
    with open(folder.report / "campaign.json", "rb") as record:
        try:
            done = subprocess.run(["sh", "-c", command], stdin=record, timeout=60, check=False)
            if done.returncode != 0:
                print(f"--notify: the command ended with status {done.returncode}", file=sys.stderr)
        except subprocess.TimeoutExpired:
            print("--notify: the command took more than a minute, and was ended", file=sys.stderr)


class Campaign:
    """A night in a folder, whatever comes in between."""

    def __init__(self, settings: Settings, folder: Folder):
        self.settings = settings
        self.folder = folder
        self.left = folder.left_by_nights()
        self.journal = Journal(make_view(settings.quiet), Record())
        self.interrupts = Interrupts()
        self.night: Night | None = None

    def run(self) -> int:
        """Returns: the exit status."""
        settings, folder, journal, clock = self.settings, self.folder, self.journal, Clock()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.interrupts)
        shutil.rmtree(folder.report, ignore_errors=True)  # of the night before
        store = Store(folder.out)
        if not store.nights():
            if self.left:  # there was one: its findings cannot be known ones
                journal.breaks("state.sqlite", f"it knows nothing of last night, which left {' and '.join(self.left)}")
            elif store.was_empty:
                journal.note("state.sqlite was empty, and was begun again")
        if settings.resume:
            kept, clock.before_s = store.go_on()
            vars(settings).update(kept)
            journal.say(f"going on with night {store.night}, of which {clock.before_s:.0f} s were fuzzed")
        islands = None
        if settings.host and settings.share:
            islands = Islands(settings.host, settings.share, folder.out, library_hash(find_lib(settings.lib)),
                              (settings.time or DEFAULT_TIME_S) / EXCHANGES,
                              lambda life, night: store.begin_night(git_revision(), settings.kept(), life, night),
                              *([store.shared()] if settings.resume else []))
        prepared = prepare(settings, journal, clock, islands)
        journal.part("building")
        if not settings.resume:
            shutil.rmtree(folder.out / "behaviours", ignore_errors=True)
        self.night = Night(settings, folder, store, journal, clock, prepared, self.interrupts, islands)
        self.night.begin()
        self.night.run()
        journal.say("writing the report")
        journal.view.close()
        page = report.write(folder.report, journal.record)
        print(shown(report.summary(journal.record)))
        print(shown(f"report: {page}"))
        return journal.record.status

    def report_failure(self, problem: BaseException) -> None:
        """The report of a night that could not finish, so that no earlier one is taken for it."""
        if self.night is not None:
            with contextlib.suppress(Exception):
                self.night.fill()
        self.journal.record.broken.append(shown(describe(problem)))
        with contextlib.suppress(Exception):  # the disk may be full; the old one is gone in any case
            report.write(self.folder.report, self.journal.record)
        if self.settings.notify and (self.folder.report / "campaign.json").exists():
            notify(self.settings.notify, self.folder)


def main() -> int:
    settings = arguments.parse()
    if settings.status and settings.share:
        return show(settings.share)
    if settings.status:
        return status.show(Path(settings.out or ""))
    if settings.plan:
        print(make_plan(settings, Journal(PlainView(), Record()), 0.0).text())
        return CLEAN
    began = time.monotonic() - age()
    set_up()
    folder = make_out(settings)
    held = folder.lock()
    if settings.resume:
        Store(folder.out).go_on()  # where nothing is to be resumed, the last report stays
    if settings.merge:
        return merge(settings.merge, folder.out)
    campaign = Campaign(settings, folder)
    campaign.journal.last = began
    campaign.journal.part("packages")
    try:
        ended = campaign.run()
    except BaseException as problem:
        campaign.journal.view.close()
        campaign.report_failure(problem)
        if isinstance(problem, KeyboardInterrupt):
            found = len(campaign.night.triage.findings.by_identity) if campaign.night else 0
            raise ToolError(f"interrupted before it fuzzed; {found} findings are in {folder.findings}") from problem
        if is_full(problem):
            go_on = quoted("./fuzz/campaign", "--resume", "--out", folder.out)
            raise ToolError(f"{describe(problem)}\nWhat was found is on disk; make room, and go on: {go_on}") from problem
        raise
    if settings.notify:
        notify(settings.notify, folder)
    held.close()
    return ended


if __name__ == "__main__":
    front_door("campaign", main)
