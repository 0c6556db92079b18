"""What a night gives to other hosts, and takes from them, about ten times while it fuzzes."""
from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from . import corpora
from .bundle import Bundles
from .facts import Fact, pack, slim
from .findings import is_explained
from .islands import Islands, two_of
from .parcels import Parcels, is_raw, pack as pack_bundle
from .plan import Combination
from .replay import Outcome
from .share import digest
from .tools import Build, ToolError, write_whole

if TYPE_CHECKING:
    from .night import Night

TOO_LATE = 0.95
"""Of a night, after which nothing is taken over: the last exchange is near."""

SHARE_OF_TIME = 10
"""Exchanges that take long are made less often: all until now may have cost a tenth of the time."""


def _as_it_is(path: Path) -> tuple[Path, int, int]:
    facts = path.stat()
    return path, facts.st_size, facts.st_mtime_ns


class Exchange:
    """Of a night with the other hosts."""

    def __init__(self, islands: Islands, night: Night):
        self.islands, self.night = islands, night
        self.replica, self.folder, self.journal = islands.replica, night.folder, night.journal
        self.parcels = Parcels(self.replica)
        self.built: dict[str, Build] = {}
        self.had: set[Path] = set()  # inputs that were taken in, or are ours
        self.offered: set[tuple[Path, int, int]] = set()  # ours, with size and time: an engine may be writing one
        self.usual_s = islands.period_s = max(islands.period_s, night.fuzzing.plan.slice_s)
        self.next_s, self.spent_s = self.usual_s, 0.0
        self.silent: list[str] = []
        self.said = ""
        night.triage.findings.is_ours = lambda identity: islands.does(identity, islands.library)

    def begin(self) -> None:
        """Start with what the others have: who began while we built is known by now."""
        self.islands.take()
        self.islands.listen()
        self._redivide()
        self.journal.say(f"host {self.islands.host}, night {self.islands.night} of {self.islands.place.where}: "
                         f"{len(self.islands.parts())} of {len(self.islands.wanted)} parts")
        self._take_inputs()
        self.night.fuzzing.between = self._when_due

    def _when_due(self, between_slices: bool) -> None:
        """After the slice that ends nearest to when it is due: what other hosts say may change which is next. If none ends, a slice later."""
        clock, plan = self.night.fuzzing.clock, self.night.fuzzing.plan
        now = clock.now()
        if self.next_s + (-0.5 if between_slices else 1) * plan.slice_s <= now < TOO_LATE * plan.seconds:
            self.night.fill()
            self.run()
            after = clock.now()
            self.spent_s += after - now
            self.next_s = max(after + self.usual_s, SHARE_OF_TIME * self.spent_s)
            self.islands.period_s = self.next_s - after

    def run(self, last: bool = False) -> None:
        """Take, do what is ours now, give."""
        islands = self.islands
        islands.take()
        islands.listen()
        if not last:
            self._redivide()
            self._look_elsewhere()
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

    def _shared(self) -> dict[str, list[Path]]:
        """By harness."""
        found = defaultdict(list)
        for name in self.replica.listing("inputs"):
            found[name.split("/")[1]].append(self.replica.root / name)
        return found

    def _new(self, harness: str, known: Iterable[Path], more: Collection[Path]) -> tuple[list[bytes], bool] | None:
        """Inputs of `more` that reach what none of `known` does, and whether all ran to their end; None if that could not be
        found out. Engines add and remove while we look: both are copied."""
        if not more:
            return [], True
        with tempfile.TemporaryDirectory(dir=self.folder.out, prefix=".fresh-") as work:
            target, source = Path(work) / "target", Path(work) / "source"
            for folder, paths in ((target, known), (source, more)):
                folder.mkdir()
                for path in paths:
                    with contextlib.suppress(FileNotFoundError):
                        os.link(path, folder / path.name)
            before = set(target.iterdir())
            if not any(source.iterdir()):
                return [], True
            try:
                if harness not in self.built:
                    self.built[harness] = self.night.build_for("fuzz", f"fuzz-{harness}")
                whole = corpora.merge(self.built[harness], harness, target, source, counts=True)
            except ToolError as error:
                self.journal.breaks("share", f"inputs of {harness} were not exchanged: {error}")
                return None
            return [path.read_bytes() for path in sorted({*target.iterdir()} - before)], whole

    def _take_inputs(self) -> None:
        """Of what others share, keep what reaches something new here; what breaks is a finding. A replay takes a hundred times
        as long as a merge: it has to say only what breaks."""
        shared = self._shared()
        plan = self.night.fuzzing.plan
        for harness in dict.fromkeys(c.harness for c in [*plan.combinations, *([plan.elsewhere] if plan.elsewhere is not None else [])]):
            fresh = [path for path in shared[harness] if path not in self.had]
            self.had.update(fresh)
            corpus = self.folder.corpus(harness)
            new, whole = self._new(harness, corpus.iterdir(), fresh) or ([], False)
            bad = [] if whole else [path.read_bytes() for path in self.night.triage.ask(fresh, harness, "an input of another host")]
            new = [content for content in new if content not in bad]
            for content in new:
                path = corpus / hashlib.sha1(content).hexdigest()  # its name, if libFuzzer had found it
                write_whole(path, content)
                self.offered.add(_as_it_is(path))

    def share_inputs(self) -> None:
        """Share what reaches something that nothing in the share does: of all harnesses, for one may have become another
        host's part before what it found was shared."""
        shared = self._shared()
        for harness in self.night.known:
            fresh = self._not_offered(harness)
            found = self._new(harness, shared[harness], fresh.values())
            for content in found[0] if found is not None else []:
                name = f"inputs/{harness}/{digest(content)}"
                self.had.add(self.replica.root / name)
                self.replica.add(name, content)
            if found is not None:
                self.offered.update(fresh)

    def _not_offered(self, harness: str) -> dict[tuple[Path, int, int], Path]:
        """Inputs of ours that were not compared with the share, as they are now. A share grows: it has all that the others reach."""
        found = {}
        for path in self.folder.inputs(harness) if self.folder.corpus(harness).is_dir() else []:
            with contextlib.suppress(FileNotFoundError):
                if (key := _as_it_is(path)) not in self.offered:
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

    def _look_elsewhere(self) -> None:
        """Half of our turns go to what finds most on any host. What a host told becomes rarer, as its time has gone on since then."""
        night, islands, rates, now = self.night, self.islands, dict[str, float](), self.night.fuzzing.clock.fuzzed_s
        for host in islands.at_work(islands.library) - {islands.host}:
            fact = islands.last[host]
            still = min(1.0, fact.record.fuzzing_s / max(now, 1.0))
            for part, rate in fact.rates.items():
                rates[part] = max(rate * still, rates.get(part, 0.0))
        if (combination := night.fuzzing.plan.look_elsewhere(rates, night.triage.builds)) is not None:
            night.take_over(combination)

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
        behaviours, record, ran = night.fuzzing.behaviours, night.journal.record, [c for c in night.fuzzing.plan.everything if c.slices]
        self.islands.say(Fact(
            ended=last and not record.interrupted, parts={c.name: c.slices for c in ran}, rates={c.name: c.rate for c in ran}, misses=night.misses, record=slim(record),
            counts={harness: (behaviours.inputs[harness], pack(counts)) for harness, counts in behaviours.counts.items()}))

    def _tell(self, last: bool) -> None:
        """What of the place is not as it should be."""
        trouble = self.islands.trouble
        self.journal.note(*(text for text in self.islands.problems() if text not in self.journal.record.notes))
        if self.islands.has_twin:
            self.journal.breaks("share", two_of(self.islands.host))
        if last and trouble:
            self.journal.breaks("share", f"{trouble}\nwhat this host knows is in {self.replica.root}: --merge takes that, too")
        elif trouble and trouble != self.said:
            self.journal.say(f"share: {trouble}; tried again at the next exchange")
            self.journal.note(f"share: not reached for a while: {trouble}")
        self.said = trouble
