"""One night, from corpora to record."""
from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import canary, causes, corpora, coverage, evidence, plan, report, status, under
from .arguments import Settings
from .clock import Clock
from .exchange import Exchange
from .folder import Folder
from .fuzzing import Fuzzing, Interrupts
from .islands import Islands
from .journal import Journal
from .record import Harness, Planned
from .revision import environment, git_revision
from .builds import SETUPS, Setup
from .store import Store
from .suspects import Opinion
from .tools import CLEAN, CORPUS, EVERYTHING, ROOT, TOOLS, Build, ToolError, build, find_lib, quoted
from .triage import Triage

DEFAULT_TIME_S = CANARIES_FROM_S = 60.0
CANARY_SHARE = 0.05
CANARIES_LEAST_S = 10.0
CORPUS_WORTH_COUNTING = 10
ENOUGH = 0.9
"""Of a floor: between two processes there is a moment."""
MINIMISE_STORE_FROM_S = 60.0
"""Shorter campaigns leave the corpora in the folder as they are."""
SUSPECTS_FROM_S = 60.0
"""A library with switches takes a quarter of that to build. After a shorter campaign, use ./fuzz/repro --suspects."""


@dataclass
class Prepared:
    """What is to be fuzzed, and with what."""
    plan: plan.Plan
    results: dict[str, Harness]
    builds: dict[str, Build]  # by preset, the usual one first
    known: dict[str, str]  # harnesses, and what each is about


def harness_names() -> list[str]:
    """As the sources say, so that a plan needs no build."""
    return [path.stem for path in sorted((ROOT / "fuzz/harness").glob("*.c")) if f"\nconst struct harness harness_{path.stem} = " in path.read_text()]


def make_plan(settings: Settings, journal: Journal, before_s: float, islands: Islands | None = None) -> plan.Plan:
    """Fill in what the settings leave open, and plan. Nothing is built."""
    known = harness_names()
    names = settings.harness or known
    for name in [*names, *settings.weight, *settings.floor]:
        if name not in known:
            raise ToolError(f"{name}: no such harness: there are {', '.join(known)}")
    settings.seed = settings.seed if settings.seed is not None else int(time.time())
    settings.time = settings.time or DEFAULT_TIME_S
    settings.jobs = settings.jobs or os.cpu_count() or 1
    settings.canaries = settings.canaries or settings.time >= CANARIES_FROM_S
    settings.hardware = settings.hardware or settings.time >= under.FROM_S
    seconds = max(1.0, settings.time * (1 - CANARY_SHARE * settings.canaries - under.SHARE * settings.hardware) - before_s)
    planned = plan.make(names, _setups(settings, journal), seconds, settings.jobs, settings.slice, settings.weight, settings.floor,
                        islands.join if islands is not None else None)
    if settings.hardware:
        planned.after.append(under.plan_line(settings.time))
    for text in planned.dropped:
        journal.leave_out(f"{plan.NO_TIME}: {text}", f"./fuzz/campaign --time {planned.enough_s}s")
    return planned


def prepare(settings: Settings, journal: Journal, clock: Clock, islands: Islands | None = None) -> Prepared:
    """Plan, and build what the plan needs."""
    lib = find_lib(settings.lib)
    planned = make_plan(settings, journal, clock.before_s, islands)
    builds: dict[str, Build] = {}
    for preset in dict.fromkeys(["fuzz", *(c.setup.preset for c in planned.combinations)]):
        targets = {target for c in planned.combinations if c.setup.preset == preset for target in c.setup.engine.targets(c.harness)}
        builds[preset] = build(preset, lib, journal.say, [*(TOOLS if preset == "fuzz" else TOOLS[:1]), *sorted(targets)])
    clock.has_built()
    known = builds["fuzz"].harnesses()
    used = {combination.harness for combination in planned.combinations}
    return Prepared(planned, {name: Harness(name, known.get(name, "")) for name in harness_names() if name in used}, builds, known)


def _setups(settings: Settings, journal: Journal) -> list[Setup]:
    wanted = [s for s in SETUPS if s.engine.name in (settings.engine or [s.engine.name])
              and s.build in (settings.build or [s.build])]
    if not wanted:
        engine = (settings.engine or [""])[0]
        raise ToolError(f"--engine {engine} runs with --build {' or '.join(s.build for s in SETUPS if s.engine.name == engine)} only")
    for setup in wanted[:]:
        program = setup.engine.installed
        if not program or shutil.which(program) or settings.plan:  # which set-up comes after
            continue
        if settings.engine and setup.engine.name in settings.engine:
            raise ToolError(f"{program} is missing: run fuzz/setup/install")
        wanted.remove(setup)
        others = dict.fromkeys(s.engine.title for s in SETUPS if s.engine is not setup.engine)
        journal.leave_out(f"{setup.engine.title} is not installed: {', '.join(others)} only", "fuzz/setup/install")
    return wanted


class Night:
    """What happens in it, in this order."""

    def __init__(self, settings: Settings, folder: Folder, store: Store, journal: Journal, clock: Clock, prepared: Prepared,
                 interrupts: Interrupts, islands: Islands | None = None):
        self.settings, self.folder, self.store, self.journal, self.interrupts = settings, folder, store, journal, interrupts
        self.triage = Triage(folder, store, journal, prepared.builds, settings.lib)
        self.one_cause: set[tuple[str, str]] = set()
        self.triage.findings.shows_on_machine = under.shows
        self.fuzzing = Fuzzing(prepared.plan, prepared.results, self.triage, clock, settings.seed or 0)
        self.known, self.misses = prepared.known, dict[str, coverage.Misses]()
        self.exchange = Exchange(islands, self) if islands is not None else None

    def begin(self) -> None:
        """What was there before: facts, files, findings."""
        self.folder.findings.mkdir(exist_ok=True)
        self.folder.rings.mkdir(exist_ok=True)
        if not self.store.night:  # else it was resumed, or other hosts know of it
            self.store.begin_night(git_revision(), self.settings.kept())
        for facts in self.store.slices():
            if facts.name in self.known:  # it may be another host's part since then
                self.fuzzing.results.setdefault(facts.name, Harness(facts.name, self.known[facts.name])).add(facts)
        self.fuzzing.plan.go_on(self.store.turns())
        self.triage.take_in_bundles()
        self.triage.ask_known()
        self.triage.take_in_artefacts([*self.fuzzing.results] if self.exchange is None else [*self.known])  # another host's part now

    def run(self) -> None:
        try:
            part = self.journal.part
            self.replay_corpora()
            if self.exchange is not None:
                self.exchange.begin()
            part("replay")
            self.fuzzing.run(self.interrupts, self.settings.time or 0)
            self.judge()
            part("fuzzing")
            self.release_canaries()
            part("planted bugs")
            self.measure_coverage()  # of all that ran: what is kept then reaches the same edges, but fewer lines
            part("coverage")
            self.keep_corpora()
            part("corpora")
            self.run_on_hardware()
            part("protection hardware")
        except KeyboardInterrupt:
            self.interrupts.came = True
        self.interrupts.end_it = False
        self.end()

    # ---- Corpora ----

    def replay_corpora(self) -> None:
        """Every saved input, so that one finding does not hide another."""
        for name in self.fuzzing.results:
            self._open_corpus(name)

    def _open_corpus(self, name: str) -> None:
        corpus = self.folder.corpus(name)
        self.journal.note(*corpora.tidy(self.folder, name))
        inputs = self.folder.inputs(name)
        before = self.store.corpus_before(name)
        if before >= CORPUS_WORTH_COUNTING and len(inputs) < before / 2:
            self.journal.breaks(f"corpus/{name}", f"{len(inputs)} inputs, of {before} that last night left")
        (corpus / "empty").write_bytes(b"")
        if inputs:
            self.journal.say(f"replaying {len(inputs)} inputs of {name} that the nights before left")
        self._clear_store(inputs, name)
        if not self.settings.empty:
            self._use_saved(name)

    def _clear_store(self, inputs: list[Path], name: str) -> None:
        """Inputs of earlier nights that break now are findings, and start no fuzzer."""
        artefacts = self.folder.out / "artefacts" / name
        for path in sorted(self.triage.ask(inputs, name, "an input of an earlier night")):
            artefacts.mkdir(parents=True, exist_ok=True)
            moved = artefacts / f"stored-{path.name}"
            path.rename(moved)
            self.store.triaged(self.folder.key(moved), "stored")

    def _use_saved(self, name: str) -> None:
        saved = sorted((CORPUS / name).glob("*.trace")) + sorted((CORPUS / "regressions").glob("*.trace"))
        if not saved:
            raise ToolError(f"corpus/{name}: no saved inputs; --empty starts from nothing")
        self.journal.say(f"replaying {len(saved)} saved inputs of {name}")
        bad = self.triage.ask(saved, None, "the replay of the saved corpora")
        good = [path for path in saved if path not in bad]  # an input that breaks would stop every fuzzer at its start
        if good:
            corpora.convert(self.triage.build, *good, self.folder.corpus(name))
        self.fuzzing.results[name].seeds += len(good)

    def note_corpora(self) -> None:
        """How many inputs this night leaves to the next."""
        for name in self.fuzzing.results:
            if self.folder.corpus(name).is_dir():
                self.store.note_corpus(name, len(self.folder.inputs(name)))

    # ---- Parts of hosts that fell silent ----

    def build_for(self, preset: str, *targets: str) -> Build:
        """A build of tonight's library, with these targets."""
        if preset not in self.triage.builds:
            self.triage.builds[preset] = build(preset, self.triage.build.lib, self.journal.say)
        build(preset, self.triage.build.lib, lambda text: None, targets)
        return self.triage.builds[preset]

    def take_over(self, combination: plan.Combination) -> None:
        """Get ready for a part that was another host's."""
        name = combination.harness
        self.build_for(combination.setup.preset, *combination.setup.engine.targets(name))
        if name not in self.fuzzing.results:
            self.fuzzing.results[name] = Harness(name, self.known[name])
            self._open_corpus(name)

    # ---- After the fuzzing ----

    def judge(self) -> None:
        """Whether all was fuzzed that should be."""
        if self.interrupts.came:
            return
        combinations = self.fuzzing.plan.combinations
        if self.exchange is not None:
            combinations = self.exchange.leave_out_others()
        for name, result in self.fuzzing.results.items():
            if result.runs == 0:
                self.journal.breaks(name, "no input was run")
            elif result.checked_operations == result.crashes == 0 and any(
                    c.harness == name and c.setup.engine.counts_calls and c.slices for c in combinations):
                self.journal.breaks(name, "its inputs called nothing of the library")
            floor = self.settings.floor.get(name, 0.0) if self.exchange is None else sum(c.floor_s for c in combinations if c.harness == name)
            if result.seconds < ENOUGH * floor:
                self.journal.breaks(name, f"fuzzed for {result.seconds:.0f} s; its floor is {floor:.0f} s")
        for combination in combinations:
            if not combination.slices:
                self.journal.breaks(combination.name, "planned, and not run: too little time was left")

    def release_canaries(self) -> None:
        settings, clock, found = self.settings, self.fuzzing.clock, self.triage.findings.by_identity
        if not settings.canaries or self.interrupts.came or found:
            self.journal.leave_out("no planted bug was tried" + (": there are real ones" if found else ""), "./fuzz/campaign --canaries")
            return
        try:
            tried = canary.release(build("fuzz", ROOT / "lib", self.journal.say, EVERYTHING), settings.seed or 0,
                                   settings.jobs or 1, max(CANARIES_LEAST_S, CANARY_SHARE * (settings.time or 0)), self.journal.say,
                                   *([self.exchange.islands.does] if self.exchange is not None else []))
        except ToolError as error:
            self.journal.breaks("planted bugs", f"none was tried: {error}")
            return
        self.journal.record.canaries = tried
        if rest := len(canary.all_defects()) - len(tried):
            self.journal.leave_out(f"{rest} planted bugs were not tried", "tests/defects/from_nothing.py")
        for bird in tried:
            self.store.add_canary(bird)
            clock.fuzzing_cpu_s += bird.seconds or canary.LIMIT_S
            clock.waited_cpu_s += bird.seconds or canary.LIMIT_S

    def keep_corpora(self) -> None:
        """Make the folder's corpora small; with --update-corpus, the repository's too."""
        update = self.settings.update_corpus
        if self.interrupts.came or self.triage.findings.by_identity:
            if update:
                self.journal.leave_out("corpus/ was not updated: a campaign that was interrupted or found bugs does not",
                                       "./fuzz/campaign --update-corpus")
            return
        if self.fuzzing.clock.fuzzed_s < MINIMISE_STORE_FROM_S and not update:
            return
        if self.exchange is not None:
            self.exchange.share_inputs()  # all that they reach: what is kept here reaches the same edges, but not as often
        for name in self.fuzzing.results:
            try:
                built = build("fuzz", self.triage.build.lib, lambda text: None, [f"fuzz-{name}"])  # which AFL++ alone did without
                kept = corpora.minimise(built, name, self.folder.corpus(name))
                self.journal.note(f"corpus of {name}: {kept} inputs reach as much as all did")
                if update:
                    self.journal.note(corpora.update(built, name, self.folder.corpus(name)))
            except ToolError as error:
                self.journal.breaks(f"corpus of {name}", f"left as it is: {error}")

    def is_whole(self) -> bool:
        """Whether all harnesses ran from the saved corpora, of our library: then nothing may be lost."""
        settings = self.settings
        return not (settings.empty or settings.lib or settings.harness or len(self.fuzzing.results) < len(harness_names()))

    def run_on_hardware(self) -> None:
        """What is kept now, in a kernel under QEMU: what shows there only is a finding, too."""
        settings, triage = self.settings, self.triage
        if not settings.hardware or self.interrupts.came:
            self.journal.leave_out("what the night kept did not run on protection hardware", "./fuzz/campaign --hardware")
            return
        programs = under.kept(triage.build, {name: self.folder.inputs(name) for name in self.fuzzing.results})
        self.journal.record.under = under.run(triage.build, programs, triage.findings, self.journal, under.budget(settings.time or 0),
                                              under.taker(triage.findings, triage.see),
                                              lambda rows: status.note_under(self.folder.out, rows))

    def measure_coverage(self) -> None:
        record = self.journal.record
        if self.triage.findings.by_identity:
            self.journal.leave_out("coverage was not measured: inputs that break would end its replay", "./fuzz/campaign")
            return
        try:
            built = build("coverage", self.triage.build.lib, self.journal.say)
            folders = {name: self.folder.corpus(name) for name in self.fuzzing.results}
            covered, by_harness = coverage.measure_each(built, {name: [corpus] for name, corpus in folders.items()})
            record.coverage_by_harness = {name: coverage.of_harness(of_it) for name, of_it in by_harness.items() if name}
            record.statistics = coverage.statistics(built, list(folders.values()))
            record.first_reached = self.store.first_reached(coverage.reached(covered, built.lib))
            if self.is_whole():
                record.no_longer_reached = coverage.no_longer_reached(covered)
            record.coverage = {name: measured.recorded() for name, measured in covered.items()}
            self.store.note_coverage(coverage.totals(covered))
            self.misses = {name: measured.misses for name, measured in covered.items()}
        except ToolError as error:
            if isinstance(error, coverage.Broke):
                self.triage.take_stopped(error.stopped, error.stopped.path.parent.name, "the replay for coverage")
            self.journal.breaks("coverage", f"not measured: {error}")

    def name_suspects(self) -> None:
        """Where in the library to look, for each finding of tonight; and which have one cause."""
        known = self.triage.findings
        found = list(known.by_identity.values())
        shown_here = [f for f in found if not f.machine]
        none_since = ("the campaign was interrupted" if self.interrupts.came else
                      "a campaign of less than a minute looks for none" if (self.settings.time or 0) < SUSPECTS_FROM_S else "")
        try:
            causes.take_in(known.bundles, [f for f in found if f.machine], Opinion(none_since="this machine does not show it"))
            if none_since:
                causes.take_in(known.bundles, shown_here, Opinion(none_since=f"{none_since}; ./fuzz/repro --suspects does"))
            elif shown_here:
                self.journal.say(f"looking for suspects of {len(shown_here)} finding{'s' * (len(shown_here) > 1)}")
                self.one_cause = causes.name_suspects(known.bundles, shown_here, self.triage.build.lib)
        except (ToolError, OSError, ValueError, LookupError, subprocess.SubprocessError) as error:
            self.journal.note(f"not all findings have suspects: {error}")

    def join_evidence(self) -> None:
        if self.settings.lib:
            return  # which is another library
        record = self.journal.record
        try:
            record.evidence, record.evidence_worse = evidence.of_night(record, self.is_whole())
        except ToolError as error:
            self.journal.breaks("evidence", str(error))

    # ---- The record ----

    def end(self) -> None:
        self.note_corpora()
        self.name_suspects()
        if self.interrupts.came:
            self.journal.leave_out("the time was not over: the campaign was interrupted",
                                   quoted("./fuzz/campaign", "--resume", "--out", self.folder.out))
        self.journal.leave_out("other compilers and machines, and the proof", "./tests/run --all")
        self.journal.note(*self.triage.findings.write_counts())
        self.fill()
        self.join_evidence()
        if self.exchange is not None:
            self.exchange.run(last=True)
        record = self.journal.record
        if not record.interrupted:  # else it can be resumed
            self.store.end_night(report.status(record) != CLEAN, sum(h.runs for h in record.harnesses), report.verdict(record))
            record.nights = self.store.nights()

    def fill(self) -> None:
        """The record, with what is known by now."""
        record, settings, store, clock = self.journal.record, self.settings, self.store, self.fuzzing.clock
        record.night, record.revision, record.environment = store.night, git_revision(), environment()
        record.resumed, record.interrupted, record.from_empty = settings.resume, self.interrupts.came, settings.empty
        record.lib, record.seed, record.jobs, record.time_s = settings.lib or "lib", settings.seed or 0, settings.jobs or 0, settings.time or 0
        record.fuzzing_s, record.cpu = round(clock.fuzzed_s, 1), clock.cpu()
        record.harnesses = list(self.fuzzing.results.values())
        record.plan = [Planned(c.harness, c.setup.name, c.slices, round(c.seconds, 1)) for c in self.fuzzing.plan.had_turns()]
        record.spans, record.samples, record.residual, record.nights = store.spans(), store.samples(), store.residual(), store.nights()
        record.canary_series, record.fixed = store.canary_series(), store.fixed()
        record.findings = self.triage.findings.everything()
        record.groups = causes.grouped(record.findings, self.one_cause)
