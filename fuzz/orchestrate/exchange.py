"""What a night gives to other hosts, and takes from them, about ten times while it fuzzes."""
from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from . import corpora
from .bundle import Bundles
from .facts import Fact, pack, slim
from .findings import is_explained
from .islands import Islands
from .parcels import Parcels, is_raw, pack as pack_bundle
from .plan import Combination
from .replay import Outcome
from .share import digest
from .tools import Build, ToolError, write_whole

if TYPE_CHECKING:
    from .night import Night

TOO_LATE = 0.95
"""Of a night, after which nothing is taken over: the last exchange is near."""


SHARE_OF_TIME = 9
"""An exchange that takes long is made less often: it may cost a tenth of the time."""


class Exchange:
    """Of a night with the other hosts."""

    def __init__(self, islands: Islands, night: Night):
        self.islands, self.night = islands, night
        self.replica, self.folder, self.journal = islands.replica, night.folder, night.journal
        self.parcels = Parcels(self.replica)
        self.built: dict[str, Build] = {}
        self.had: set[Path] = set()  # inputs that were taken in, or are ours
        self.offered: set[tuple[Path, int, int]] = set()  # ours, with size and time: an engine may be writing one
        self.next_s = islands.period_s
        self.silent: list[str] = []
        self.said = ""
        night.triage.findings.is_ours = lambda identity: islands.does(identity, islands.library)

    def begin(self) -> None:
        """Start with what the others have."""
        self.journal.say(f"host {self.islands.host}, night {self.islands.night} of {self.islands.place.where}: "
                         f"{len(self.islands.parts())} of {len(self.islands.wanted)} parts")
        self._take_inputs()
        self.night.fuzzing.between = self._when_due

    def _when_due(self) -> None:
        now, seconds = self.night.fuzzing.clock.now(), self.night.fuzzing.plan.seconds
        if self.next_s <= now < TOO_LATE * seconds:
            self.night.fill()
            self.run()
            after = self.night.fuzzing.clock.now()
            self.islands.period_s = max(self.islands.period_s, SHARE_OF_TIME * (after - now))
            self.next_s = after + self.islands.period_s

    def run(self, last: bool = False) -> None:
        """Take, do what is ours now, give."""
        islands = self.islands
        islands.take()
        islands.listen()
        if not last:
            self._redivide()
            self._take_inputs()
        self.parcels.look()
        self._take_small()
        self._make_small(last)
        self.share_inputs()
        self._share_findings()
        self._say(last)
        islands.give()
        self._tell(last)

    # ---- Inputs ----

    def _shared(self, harness: str) -> list[Path]:
        return [self.replica.root / name for name in self.replica.listing("inputs") if name.split("/")[1] == harness]

    def _new(self, harness: str, known: Iterable[Path], more: Iterable[Path]) -> list[bytes] | None:
        """Inputs of `more` that reach what none of `known` does; None if that could not be found out. Engines add and remove
        while we look: both are copied."""
        with tempfile.TemporaryDirectory(dir=self.folder.out, prefix=".fresh-") as work:
            target, source = Path(work) / "target", Path(work) / "source"
            for folder, paths in ((target, known), (source, more)):
                folder.mkdir()
                for path in paths:
                    with contextlib.suppress(FileNotFoundError):
                        os.link(path, folder / path.name)
            before = set(target.iterdir())
            if not any(source.iterdir()):
                return []
            try:
                if harness not in self.built:
                    self.built[harness] = self.night.build_for("fuzz", f"fuzz-{harness}")
                corpora.merge(self.built[harness], harness, target, source, counts=True)
            except ToolError as error:
                self.journal.breaks("share", f"inputs of {harness} were not exchanged: {error}")
                return None
            return [path.read_bytes() for path in sorted({*target.iterdir()} - before)]

    def _take_inputs(self) -> None:
        """Of what others share, keep what reaches something new here; what breaks is a finding."""
        for harness in list(self.night.fuzzing.results):
            fresh = [path for path in self._shared(harness) if path not in self.had]
            self.had.update(fresh)
            bad = self.night.triage.ask(fresh, harness, "an input of another host")
            corpus = self.folder.corpus(harness)
            for content in self._new(harness, corpus.iterdir(), (path for path in fresh if path not in bad)) or []:
                write_whole(corpus / hashlib.sha1(content).hexdigest(), content)  # its name, if libFuzzer had found it

    def share_inputs(self) -> None:
        """Share what reaches something that nothing in the share does: of all harnesses, for one may have become another
        host's part before what it found was shared."""
        for harness in self.night.known:
            fresh = self._not_offered(harness)
            contents = self._new(harness, self._shared(harness), fresh.values())
            for content in contents or []:
                name = f"inputs/{harness}/{digest(content)}"
                self.had.add(self.replica.root / name)
                self.replica.add(name, content)
            if contents is not None:
                self.offered.update(fresh)

    def _not_offered(self, harness: str) -> dict[tuple[Path, int, int], Path]:
        """Inputs of ours that were not compared with the share, as they are now. A share grows: it has all that the others reach."""
        found = {}
        for path in self.folder.inputs(harness) if self.folder.corpus(harness).is_dir() else []:
            with contextlib.suppress(FileNotFoundError):
                facts = path.stat()
                if (key := (path, facts.st_size, facts.st_mtime_ns)) not in self.offered:
                    found[key] = path
        return found

    # ---- Findings ----

    def _take_small(self) -> None:
        """What another host has made small of ours takes the place of what we had."""
        for identity, (parcel, theirs) in self.parcels.best().items():
            ours = self.night.triage.findings.by_identity.get(identity)
            if ours is not None and is_raw(ours) and not is_raw(theirs):
                parcel.put(self.folder.findings)
                for name in ("operations", "members", "minimised", "shows", "explanation"):
                    setattr(ours, name, getattr(theirs, name))

    def _make_small(self, last: bool) -> None:
        """Minimise, explain and make into C what is ours to do, whoever found it; at the end, what we found and is still not done:
        its owner may have ended, too."""
        findings, islands, triage = self.night.triage.findings, self.islands, self.night.triage
        for finding in findings.by_identity.values():
            if is_raw(finding) and is_explained(finding.identity) and (last or findings.is_ours(finding.identity)):
                findings.bundles.shorten(finding, Outcome(finding.identity, finding.explanation),
                                         findings.build_of(finding, triage.builds) or triage.build)
        others = self.folder.out / "others"
        for identity, (parcel, finding) in self.parcels.best().items():
            if identity in findings.by_identity or not is_raw(finding) or parcel.library != islands.library or not islands.does(
                    identity, parcel.library):
                continue
            others.mkdir(exist_ok=True)
            try:
                theirs = parcel.put(others)
                Bundles(others, self.night.settings.lib).shorten(theirs, Outcome(identity, theirs.explanation), self.night.build_for(theirs.preset))
                self.replica.add(*pack_bundle(others / theirs.folder, parcel.host, parcel.night, parcel.library))
                self.journal.note(f"made small for host {parcel.host}: {identity}")
            except ToolError as error:
                self.journal.breaks("share", f"{identity} of host {parcel.host} was not made small: {error}")
            shutil.rmtree(others)
            self.parcels.look()

    def _share_findings(self) -> None:
        best = self.parcels.best()
        for identity, finding in self.night.triage.findings.by_identity.items():
            if identity not in best or is_raw(best[identity][1]) and not is_raw(finding):
                name, content = pack_bundle(self.folder.findings / finding.folder, self.islands.host, self.islands.night, self.islands.library)
                self.replica.add(name, content)
        self.parcels.look()

    # ---- Parts, facts ----

    def _redivide(self) -> None:
        """Do what silent hosts do not, and leave to those who are back what is theirs."""
        fuzzing, silent = self.night.fuzzing, self.islands.silent()
        for host in sorted({*silent} ^ {*self.silent}):
            self.journal.say(f"host {host} {'is silent: others do its parts' if host in silent else 'is heard again'}")
            self.journal.note(f"host {host} {'fell silent, and others did its parts' if host in silent else 'was heard again'}")
        self.silent = silent
        for combination in fuzzing.plan.redivide({*self.islands.parts()}, fuzzing.plan.seconds - fuzzing.clock.now()):
            self.night.take_over(combination)

    def leave_out_others(self) -> list[Combination]:
        """Parts that we took over too late to run them, or that another ran, are not of our night; nor are their harnesses, if we
        ran no input of them. Who merges sees whether a host ran each. Returns: what this host had to run."""
        fuzzing = self.night.fuzzing
        elsewhere = {part for fact in self.islands.last.values() for part in fact.parts}
        ours = [c for c in fuzzing.plan.combinations if c.slices or not c.taken_over and c.name not in elsewhere]
        for name in fuzzing.results.keys() - {combination.harness for combination in ours}:
            if fuzzing.results[name].runs == 0 and name in {c.harness for c in fuzzing.plan.everything if c.failures == 0}:
                del fuzzing.results[name]
        return ours

    def _say(self, last: bool) -> None:
        night = self.night
        behaviours, record = night.fuzzing.behaviours, night.journal.record
        self.islands.say(Fact(
            ended=last and not record.interrupted, parts={c.name: c.slices for c in night.fuzzing.plan.everything if c.slices}, misses=night.misses, record=slim(record),
            counts={harness: (behaviours.inputs[harness], pack(counts)) for harness, counts in behaviours.counts.items()}))

    def _tell(self, last: bool) -> None:
        """What of the place is not as it should be."""
        trouble = self.islands.trouble
        self.journal.note(*(text for text in self.islands.problems() if text not in self.journal.record.notes))
        if last and trouble:
            self.journal.breaks("share", f"{trouble}\nwhat this host knows is in {self.replica.root}: --merge takes that, too")
        elif trouble and trouble != self.said:
            self.journal.say(f"share: {trouble}; tried again at the next exchange")
            self.journal.note(f"share: not reached for a while: {trouble}")
        self.said = trouble
