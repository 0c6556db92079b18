"""./fuzz/campaign: replay the corpora, fuzz every harness, triage, report; night after night."""
from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from argparse import Namespace
from dataclasses import asdict, dataclass
from pathlib import Path

from . import arguments, canary, corpora, coverage, plan, report, status
from .afl import Afl
from .builds import SETUPS, Setup
from .engine import Fuzzer
from .findings import Crash, Finding, Findings, environment, git_revision, read_bundle
from .live import make_view
from .replay import CONVERT_TIMEOUT_S, replay, run_all
from .residual import Residual
from .store import Store
from .tools import (CLEAN, CORPUS, EVERYTHING, ROOT, TOOLS, Build, ToolError, build, describe, find_lib, front_door,
                   is_full, quoted, run, shown, write_json)
from .worker import Worker, is_slow_unit

DEFAULT_TIME_S = 480.0
CANARIES_FROM_S = 600.0
CANARY_SHARE = 0.05
STATUS_EVERY_S = 2.0
CORPUS_WORTH_COUNTING = 10
ENOUGH = 0.9
"""Of a floor: between two processes there is a moment."""
MINIMISE_STORE_FROM_S = 60.0
"""Shorter campaigns leave the corpora in the folder as they are."""


def make_out(options: Namespace) -> Path:
    """The folder of the campaign; one that goes on has it already."""
    out = Path(options.out) if options.out else ROOT / "out" / time.strftime("%Y%m%d-%H%M%S")
    if options.resume and not out.is_dir():
        raise ToolError(f"--resume: {out}: no such folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / ".writable").write_text("")
        (out / ".writable").unlink()
    except OSError as error:
        raise ToolError(f"--out {out}: cannot be written: {error.strerror}") from error
    return out.resolve()


def lock(out: Path):
    """One campaign per folder. Returns: the lock, held while it is referenced."""
    handle = open(out / ".lock", "w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ToolError(f"{out}: another campaign is running in this folder") from error
    return handle


@dataclass
class HarnessResult:
    """What is known of one harness at the end."""
    name: str
    about: str
    seeds: int = 0
    runs: int = 0
    checked_operations: int = 0
    edges: int = 0
    features: int = 0
    corpus: int = 0
    seconds: float = 0.0
    startup_s: float = 0.0
    crashes: int = 0
    given_up: bool = False


class Campaign:
    """One night, from corpora to report."""

    def __init__(self, options: Namespace, out: Path, left: list[str]):
        self.options = options
        self.left_by_last_night = left
        self.out = out
        self.rings = out / "rings"
        self.may_stop = True
        """Whether a signal ends at once what goes on."""
        self.store = Store(self.out)
        self.view = make_view(options.quiet)
        self.resumed = False
        self.seconds_before = 0.0  # that were fuzzed before this one was resumed
        self.night = 0
        if options.resume:
            self._resume()
        self.seed = options.seed if options.seed is not None else int(time.time())
        self.random = random.Random(self.seed + int(self.seconds_before))
        self.built: Build
        self.builds: dict[str, Build] = {}  # by preset
        self.plan: plan.Plan
        self.findings: Findings
        self.residual: Residual
        self.results: dict[str, HarnessResult] = {}
        self.canaries: list = []
        self.statistics: dict = {}
        self.coverage_by_harness: dict[str, dict] = {}
        self.lost: list[str] = []
        self.first_reached: list[str] = []
        self.broken: list[str] = []
        """What could not do its work, or came to an end before its time: nothing of that is clean."""
        self.one_too_many: set[Path] = set()  # artefacts that we have thrown away
        self.notes: list[str] = []
        self.workers: list[Worker] = []
        self.fuzzing_seconds = 0.0
        self.fuzzing_cpu_s = 0.0
        self.fuzzers_waited_s = 0.0
        self.building_cpu_s = 0.0
        self.interrupted = False
        self.last_status = 0.0

    def breaks(self, what: str, why: str) -> None:
        """Some part of the night was not what it should be."""
        text = f"{what}: {why}"
        if text not in self.broken:
            self.broken.append(text)
            self.view.say(f"BROKEN: {text}")

    def interrupt(self, *_: object) -> None:
        """A signal. The first ends what goes on, and another what is still done then; the report is written in any case."""
        self.interrupted = True
        if self.may_stop:
            self.may_stop = False
            raise KeyboardInterrupt

    def _resume(self) -> None:
        row = self.store.unfinished_night()
        if row is None:
            why = ("its state.sqlite is empty" if self.store.was_empty or not self.store.nights()
                   else "the last campaign in this folder came to its end")
            raise ToolError(f"{self.out}: nothing to go on with: {why}")
        for name, value in json.loads(row["options"]).items():
            setattr(self.options, name, value)
        self.night, self.seconds_before, self.resumed = row["id"], row["fuzzed_s"], True
        self.view.say(f"going on with night {self.night}, of which {self.seconds_before:.0f} s were fuzzed")

    # ---- Before ----

    def prepare(self) -> None:
        options = self.options
        lib = find_lib(options.lib)
        self.built = build("fuzz", lib, say=self.view.say)
        known = self.built.harnesses()
        names = options.harness or list(known)
        for name in [*names, *options.weight, *options.floor]:
            if name not in known:
                raise ToolError(f"{name}: no such harness: there are {', '.join(known)}")
        options.time = options.time or DEFAULT_TIME_S
        options.jobs = options.jobs or os.cpu_count() or 1
        options.canaries = options.canaries or options.time >= CANARIES_FROM_S
        share = 1 - CANARY_SHARE if options.canaries else 1
        seconds = max(1.0, share * options.time - self.seconds_before)
        self.plan = plan.make(names, self.setups(), seconds, options.jobs, options.slice, options.weight,
                              options.floor)
        names = [n for n in names if any(c.harness == n for c in self.plan.combinations)]
        self.results = {name: HarnessResult(name, known[name]) for name in names}
        self.notes += [f"left out for want of time: {text}" for text in self.plan.dropped]
        if options.plan:
            return
        for preset in {c.setup.preset for c in self.plan.combinations}:
            self.builds[preset] = build(preset, lib, self.view.say, [*TOOLS, *self.targets(preset)])
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.building_cpu_s = children.ru_utime + children.ru_stime
        self._begin_night()

    def targets(self, preset: str) -> list[str]:
        """What to build of a preset so that its share of the plan can be fuzzed."""
        combinations = [c for c in self.plan.combinations if c.setup.preset == preset]
        return sorted({f"fuzz-{c.harness}" for c in combinations} |
                      {f"mutate-{c.harness}" for c in combinations if c.setup.engine == "afl"})

    def setups(self) -> list[Setup]:
        options = self.options
        wanted = [s for s in SETUPS if s.engine in (options.engine or [s.engine])
                  and s.build in (options.build or [s.build])]
        if not wanted:
            raise ToolError(f"no such engine with such a build: there are {', '.join(s.name for s in SETUPS)}")
        if shutil.which("afl-fuzz") is None and any(s.engine == "afl" for s in wanted):
            if options.engine and "afl" in options.engine:
                raise ToolError("afl-fuzz is missing: run fuzz/setup/install")
            self.notes.append("AFL++ is not installed (fuzz/setup/install): libFuzzer only")
            wanted = [s for s in wanted if s.engine != "afl"]
        return wanted

    def _begin_night(self) -> None:
        folder = self.out / "findings"
        if not self.store.nights():
            self._miss_last_night()
        folder.mkdir(exist_ok=True)
        self.rings.mkdir(exist_ok=True)
        self.findings = Findings(folder, self.built, self.options.lib)
        if not self.resumed:
            self.store.close_unfinished()
            shutil.rmtree(self.out / "behaviours", ignore_errors=True)
            kept = {name: getattr(self.options, name) for name in arguments.KEPT}
            self.night = self.store.begin_night(git_revision(), kept | {"seed": self.seed})
        self.residual = Residual(self.out / "behaviours")
        for name, totals in self.store.harness_totals(self.night).items():
            for key in ("runs", "checked_operations", "edges", "features", "corpus", "seconds", "startup_s", "crashes"):
                if name in self.results:
                    setattr(self.results[name], key, totals[key])
        self._take_in_files()
        self._ask_known_findings()
        self._take_in_artefacts()

    def _miss_last_night(self) -> None:
        """A store that knows no night, in a folder in which there was one: its findings cannot be known ones."""
        if self.left_by_last_night:
            self.breaks("state.sqlite", f"it knows nothing of last night, which left {' and '.join(self.left_by_last_night)}")
        elif self.store.was_empty:
            self.notes.append("state.sqlite was empty, and was begun again")

    def _take_in_files(self) -> None:
        """A campaign that was killed may have left findings whose facts were not written yet."""
        for path in (self.out / "findings").glob(".*"):
            whole = path.with_name(path.name[1:].removesuffix(".old"))
            if path.name.endswith(".old") and not whole.exists():
                path.rename(whole)  # another was to take its place
            shutil.rmtree(path, ignore_errors=True)  # a half: its input is still in artefacts
        for path in sorted((self.out / "findings").iterdir()):
            try:
                finding = read_bundle(path)
            except ToolError as error:
                if not self.store.has_folder(path.name):
                    self.breaks(f"findings/{path.name}", str(error))
                continue
            if self.store.finding(finding.identity) is None:
                self.store.see_finding(self.night, finding)

    def _ask_known_findings(self) -> None:
        """What earlier nights found: still there, fixed since, or not known."""
        for row in self.store.open_findings():
            identity, closed = row["identity"], self.out / "findings" / row["folder"] / "closed"
            finding = None
            if closed.is_file():
                self.notes.append(f"closed by hand: {identity}: {closed.read_text(errors='replace').strip()}")
            else:
                finding = self.findings.look_again(row["folder"], identity, self.builds)
            if finding is None:
                self.store.fix_finding(self.night, identity)
                self.view.say(f"fixed since: {identity}")
                continue
            if identity in self.findings.by_identity:
                finding.status = self.store.see_finding(self.night, finding)
            self.view.say(f"{finding.status}: {identity}")

    def _take_in_artefacts(self) -> None:
        """What engines had found, and nobody had looked at when the campaign was killed."""
        for path in sorted([*self.out.glob("artefacts/*/*"), *self.out.glob("afl/*/main/crashes/id*"),
                            *self.out.glob("afl/*/main/hangs/id*")]):
            harness = path.relative_to(self.out).parts[1]
            if self.store.has_triaged(self.key(path)) or not path.is_file():
                continue
            if harness not in self.results:
                self.breaks(self.key(path), f"not looked at yet: {harness} is not fuzzed tonight")
                continue
            crash = Crash(rings=sorted(self.rings.glob(f"{harness}.*ring")), is_slow=is_slow_unit(path))
            preset = next((name for name, built in self.builds.items() if replay(built, path, harness=harness).found), "fuzz")
            self.triage(path, harness, 0.0, preset, "a campaign that was killed", crash)
        for path in self.rings.iterdir():
            if path.name.split(".")[0] in self.results:
                path.unlink()

    def key(self, path: Path) -> str:
        """A file of the folder, for the store."""
        return shown(path.relative_to(self.out))

    # ---- Corpora ----

    def saved_inputs(self, name: str) -> list[Path]:
        return sorted((CORPUS / name).glob("*.trace")) + sorted((CORPUS / "regressions").glob("*.trace"))

    def replay_corpora(self) -> None:
        """Every saved input, so that one finding does not hide another."""
        for name, result in self.results.items():
            corpus = self.out / "corpus" / name
            self.notes += corpora.tidy(self.out, name)
            inputs = [path for path in sorted(corpus.iterdir()) if path.name not in ("empty", "one")]
            before = self.store.corpus_before(name)
            if before >= CORPUS_WORTH_COUNTING and len(inputs) < before / 2:
                self.breaks(f"corpus/{name}", f"{len(inputs)} inputs, of {before} that last night left")
            (corpus / "empty").write_bytes(b"")
            if inputs:
                self.view.say(f"replaying {len(inputs)} inputs of {name} that the nights before left")
            self._clear_store(inputs, name)
            if self.options.empty:
                continue
            saved = self.saved_inputs(name)
            if not saved:
                raise ToolError(f"corpus/{name}: no saved inputs; --empty starts from nothing")
            self.view.say(f"replaying {len(saved)} saved inputs of {name}")
            bad = self._ask(saved, None, "the replay of the saved corpora")
            for path in saved:
                if path in bad:
                    continue  # an input that breaks would stop every fuzzer at its start
                done = run([self.built.tool("procbuf-convert"), path, corpus / path.stem], timeout=CONVERT_TIMEOUT_S)
                if done.returncode != 0:
                    raise ToolError(done.stderr.strip())
                result.seeds += 1

    def _ask(self, inputs: list[Path], harness: str | None, found_by: str) -> set[Path]:
        """Replay inputs; each at which that stops is a finding. Returns: those that are not to be used."""
        bad: set[Path] = set()
        rest = inputs
        while rest:
            stopped = next(iter(run_all(self.built, rest, harness, most=1)), None)
            if stopped is None:
                break
            finding = self.findings.add(stopped.path, harness, 0.0, found_by=found_by,
                                        crash=Crash(stopped.report, before=stopped.before, is_slow=stopped.hung))
            if finding is not None:
                self.see(finding, 0.0)
                bad.add(stopped.path)
            rest = rest[rest.index(stopped.path) + 1:]
            if rest and self.findings.is_hanging():
                self.breaks(f"corpus of {harness or 'the repository'}", f"{len(rest)} inputs were neither replayed nor used, because the "
                            f"library hangs: {', '.join(shown(path.name) for path in rest[:5])}{' …' * (len(rest) > 5)}")
                bad.update(rest)
                break
        return bad

    def _clear_store(self, inputs: list[Path], name: str) -> None:
        """Inputs of earlier nights that break now are findings, and start no fuzzer."""
        artefacts = self.out / "artefacts" / name
        for path in sorted(self._ask(inputs, name, "an input of an earlier night")):
            artefacts.mkdir(parents=True, exist_ok=True)
            moved = artefacts / f"stored-{path.name}"
            path.rename(moved)
            self.store.triaged(self.key(moved), "stored")

    # ---- Fuzzing ----

    def fuzz(self) -> None:
        started = time.monotonic()
        last_end = started
        self.workers = [Worker(self, number, started) for number in range(self.options.jobs)]
        try:
            while any([worker.step() for worker in self.workers]):
                last_end = time.monotonic()
                self._note_progress(last_end - started)
                time.sleep(0.1)
            for worker in self.workers:
                worker.stop()
        except KeyboardInterrupt:
            self.interrupted = True
            with contextlib.suppress(KeyboardInterrupt):  # once more: what was not looked at is when the next begins
                self.may_stop = True
                for worker in self.workers:
                    worker.stop()
                self.may_stop = False
        finally:
            for worker in self.workers:
                worker.kill()
            self.fuzzing_seconds = self.seconds_before + last_end - started
            with contextlib.suppress(sqlite3.Error):
                self.store.note_time(self.night, self.fuzzing_seconds)
            self.view.done()

    def _note_progress(self, seconds: float) -> None:
        self.view.show(self, seconds)
        if seconds - self.last_status < STATUS_EVERY_S:
            return
        self.last_status = seconds
        self.store.note_time(self.night, self.seconds_before + seconds)
        with contextlib.suppress(ToolError):  # nobody needs it that much
            write_json(self.out / "status.json", self.status(self.seconds_before + seconds))

    def status(self, seconds: float) -> dict:
        """What --status shows."""
        rows = []
        for name, result in self.results.items():
            now = [f.progress for f in self.workers_now() if f.harness == name]
            runs = result.runs + sum(p.runs for p in now)
            rows.append({"name": name, "runs": runs, "speed": runs / max(seconds, 1.0),
                         "features": max([result.features] + [p.features for p in now]),
                         "corpus": max([result.corpus] + [p.corpus for p in now]), "crashes": result.crashes})
        return {"night": self.night, "seconds": round(seconds, 1), "time": self.options.time,
                "findings": len(self.findings.everything()), "identities": sorted(f.identity for f in self.findings.everything()),
                "harnesses": rows}

    def workers_now(self) -> list[Fuzzer | Afl]:
        """The processes that run at this moment."""
        return [worker.fuzzer for worker in self.workers if worker.fuzzer is not None]

    def take_slice(self, worker: Worker, progress, seconds: float, crashes: int) -> None:
        """A process has ended: its part of the facts."""
        result = self.results[worker.harness]
        result.runs += progress.runs
        result.checked_operations += progress.checked_operations
        result.edges = max(result.edges, progress.edges)
        result.features = max(result.features, progress.features)
        result.corpus = max(result.corpus, progress.corpus)
        result.seconds += seconds
        result.startup_s += min(progress.startup_s, seconds)
        self.fuzzing_cpu_s += progress.cpu_s
        self.fuzzers_waited_s += progress.waited_s
        at_s = self.seconds_before + time.monotonic() - worker.started
        self.store.add_slice(self.night, {
            "harness": worker.harness, "setup": worker.combination.setup.name, "seconds": seconds,
            "startup_s": min(progress.startup_s, seconds), "runs": progress.runs,
            "checked": progress.checked_operations, "edges": progress.edges, "features": progress.features,
            "corpus": progress.corpus, "crashes": crashes, "at_s": at_s},
            [(self.seconds_before + s, runs, features) for s, runs, features in progress.samples])
        if worker.counts is not None:
            point = self.residual.take_in(worker.harness, worker.counts)
            if point is not None:
                self.store.add_residual(self.night, worker.harness, at_s, *point)

    def triage(self, path: Path, harness: str, seconds: float, preset: str, found_by: str, crash: Crash) -> None:
        """An input that an engine has kept: a finding, whatever comes of its replay."""
        finding = self.findings.add(path, harness, seconds, self.builds.get(preset), found_by, crash)
        if finding is None:
            self.notes.append(shown(f"{path.name} of {harness} was slow when it was found, and is not now: the machine was "
                                    "busy; it is kept in artefacts/"))
            self.store.triaged(self.key(path), "")
            return
        self.see(finding, seconds)
        self.store.triaged(self.key(path), finding.identity)
        if self.findings.has_enough(finding) and path.is_relative_to(self.out / "artefacts"):
            self.one_too_many.add(path)
            path.unlink(missing_ok=True)  # a storm does not fill the disk

    def triage_death(self, harness: str, seconds: float, preset: str, found_by: str, crash: Crash) -> None:
        """A process ended, or spoke of a bug, and left no input."""
        build_ = self.builds.get(preset, self.built)
        self.see(self.findings.add_crash(None, harness, seconds, build_, found_by, crash), seconds)

    def see(self, finding: Finding, seconds: float) -> None:
        """A finding was seen."""
        finding.status = self.store.see_finding(self.night, finding)
        if finding.inputs == 1:
            self.view.say(f"FINDING after {seconds:.0f} s: {finding.identity}")

    # ---- After ----

    def judge(self) -> None:
        """Whether all was fuzzed that should be."""
        if self.interrupted:
            return
        for name, result in self.results.items():
            if result.runs == 0:
                self.breaks(name, "no input was run")
            elif result.checked_operations == result.crashes == 0 and any(c.harness == name and c.setup.engine == "libfuzzer" and c.slices
                                                        for c in self.plan.combinations):
                self.breaks(name, "its inputs called nothing of the library")
            floor = self.options.floor.get(name, 0.0)
            if result.seconds < ENOUGH * floor:
                self.breaks(name, f"fuzzed for {result.seconds:.0f} s; its floor is {floor:.0f} s")
        for combination in self.plan.combinations:
            if not combination.slices:
                self.breaks(combination.name, "planned, and not run: too little time was left")

    def note_corpora(self) -> None:
        """How many inputs this night leaves to the next."""
        for name in self.results:
            folder = self.out / "corpus" / name
            if folder.is_dir():
                self.store.note_corpus(name, sum(path.name not in ("empty", "one") for path in folder.iterdir()))

    def release_canaries(self) -> None:
        if not self.options.canaries or self.interrupted or self.findings.by_identity:
            if self.findings.by_identity and self.options.canaries:
                self.notes.append("no planted bug was tried: there are real ones")
            return
        try:
            self.canaries = canary.release(build("fuzz", ROOT / "lib", self.view.say, EVERYTHING), self.seed,
                                           self.options.jobs, CANARY_SHARE * self.options.time,
                                           self.view.say)
            for flown in self.canaries:
                self.store.add_canary(self.night, flown)
                self.fuzzing_cpu_s += flown.seconds or canary.LIMIT_S
                self.fuzzers_waited_s += flown.seconds or canary.LIMIT_S
        except ToolError as error:
            self.breaks("planted bugs", f"none was tried: {error}")

    def keep_corpora(self) -> None:
        """Make the folder's corpora small; with --update-corpus, the repository's too."""
        if self.interrupted or self.findings.by_identity:
            if self.options.update_corpus:
                self.notes.append("corpus/ was not updated: a campaign that was interrupted or found bugs does not")
            return
        if self.fuzzing_seconds < MINIMISE_STORE_FROM_S and not self.options.update_corpus:
            return
        for name in self.results:
            try:
                build("fuzz", self.built.lib, lambda text: None, [f"fuzz-{name}"]) # which AFL++ alone did without
                kept = corpora.minimise(self.built, name, self.out / "corpus" / name)
                self.notes.append(f"corpus of {name}: {kept} inputs reach as much as all did")
                if self.options.update_corpus:
                    self.notes.append(corpora.update(self.built, name, self.out / "corpus" / name))
            except ToolError as error:
                self.breaks(f"corpus of {name}", f"left as it is: {error}")

    def measure_coverage(self) -> dict:
        if self.findings.by_identity:
            self.notes.append("coverage was not measured: inputs that break would end its replay")
            return {}
        try:
            built = build("coverage", self.built.lib, say=self.view.say)
            folders = {name: self.out / "corpus" / name for name in self.results}
            covered = coverage.measure(built, list(folders.values()))
            for name, folder in folders.items():
                self.coverage_by_harness[name] = coverage.totals(coverage.measure(built, [folder], name))
            self.statistics = coverage.statistics(built, list(folders.values()))
            self.first_reached = self.store.first_reached(self.night, coverage.reached(covered, built.lib))
            if not self.options.empty and not self.plan.dropped and not self.options.lib \
                    and not self.options.harness:
                self.lost = coverage.no_longer_reached(covered)
            return covered
        except coverage.Broke as error:
            stopped = error.stopped
            harness = stopped.path.parent.name
            finding = self.findings.add(stopped.path, harness, 0.0, found_by="the replay for coverage",
                                        crash=Crash(stopped.report, before=stopped.before))
            if finding is not None:
                self.see(finding, 0.0)
            self.breaks("coverage", f"not measured: {error}")
        except ToolError as error:
            self.breaks("coverage", f"not measured: {error}")
        return {}

    def cpu(self) -> dict:
        """Seconds of all cores: in fuzzing processes (those of canaries too, as their clock has it), in building
        them, and in everything else."""
        children, own = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
        # What AFL++'s targets use is its own, and never becomes ours: a fuzzer is counted while it runs.
        besides = (children.ru_utime + children.ru_stime + own.ru_utime + own.ru_stime - self.fuzzers_waited_s
                   - self.building_cpu_s)
        return {"fuzzing_s": round(self.fuzzing_cpu_s, 1), "building_s": round(self.building_cpu_s, 1),
                "other_s": round(max(0.0, besides), 1)}

    def record(self, covered: dict) -> dict:
        """The schema of campaign.json: see fuzz/OUTPUT.md."""
        return {
            "schema": 2,
            "night": self.night,
            "resumed": self.resumed,
            "revision": git_revision(),
            "environment": environment(),
            "lib": self.options.lib or "lib",
            "seed": self.seed,
            "jobs": self.options.jobs,
            "time_s": self.options.time,
            "fuzzing_s": round(self.fuzzing_seconds, 1),
            "cpu": self.cpu(),
            "interrupted": self.interrupted,
            "from_empty": self.options.empty,
            "harnesses": [asdict(result) for result in self.results.values()],
            "samples": self.store.samples(self.night),
            "residual": self.store.residual(self.night),
            "plan": [{"harness": c.harness, "setup": c.setup.name, "slices": c.slices,
                      "seconds": round(c.seconds, 1)} for c in self.plan.combinations],
            "broken": self.broken,
            "canaries": [asdict(canary) for canary in self.canaries],
            "canary_series": self.store.canary_series(),
            "statistics": self.statistics,
            "no_longer_reached": self.lost,
            "first_reached": self.first_reached,
            "findings": [asdict(f) for f in self.findings.everything()],
            "fixed": self.store.fixed_in(self.night),
            "coverage": {name: {key: value for key, value in entry.items() if key not in ("line_counts", "reached_lines")}
                         for name, entry in covered.items()},
            "coverage_by_harness": self.coverage_by_harness,
            "notes": self.notes,
        }


def notify(command: str, out: Path) -> None:
    """Tell somebody. What comes of it is said, and changes nothing."""
    with open(out / "report/campaign.json", "rb") as record:
        try:
            done = subprocess.run(["sh", "-c", command], stdin=record, timeout=60, check=False)
            if done.returncode != 0:
                print(f"--notify: the command ended with status {done.returncode}", file=sys.stderr)
        except subprocess.TimeoutExpired:
            print("--notify: the command took more than a minute, and was ended", file=sys.stderr)


def left_by_nights(out: Path) -> list[str]:
    """What in a folder shows that there was a night; a report of one that did not begin does not."""
    left = ["status.json"] if (out / "status.json").exists() else []
    with contextlib.suppress(OSError, ValueError, AttributeError):
        left += ["report"] if json.loads((out / "report/campaign.json").read_text()).get("night") else []
    with contextlib.suppress(OSError):
        left += ["findings"] if any((out / "findings").iterdir()) else []
    return left


def run_night(campaign: Campaign) -> int:
    """All of it. Returns: the exit status."""
    covered: dict = {}
    try:
        campaign.replay_corpora()
        campaign.fuzz()
        campaign.judge()
        campaign.release_canaries()
        covered = campaign.measure_coverage()  # of all that ran: what is kept then reaches the same edges, but fewer lines
        campaign.keep_corpora()
    except KeyboardInterrupt:
        campaign.interrupted = True
    campaign.may_stop = False
    campaign.note_corpora()
    campaign.notes += campaign.findings.write_counts()
    record = campaign.record(covered)
    if not campaign.interrupted:  # else it can be resumed
        campaign.store.end_night(campaign.night, report.status(record) != CLEAN, sum(h["runs"] for h in record["harnesses"]),
                                 report.verdict(record))
    record["nights"] = campaign.store.nights()
    page = report.write(campaign.out, record)
    print(shown(report.summary(record)))
    print(shown(f"report: {page}"))
    return record["status"]


def report_failure(out: Path, options: Namespace, campaign: Campaign | None, problem: BaseException) -> None:
    """The report of a night that could not come to its end, so that no earlier one is taken for it."""
    record = report.blank()
    if campaign is not None and hasattr(campaign, "residual"):
        with contextlib.suppress(Exception):
            record = campaign.record({}) | {"nights": campaign.store.nights()}
    record["broken"] = [*record["broken"], shown(describe(problem))]
    with contextlib.suppress(Exception):  # there may be no room for it; the old one is gone in any case
        report.write(out, record)


def main() -> int:
    options = arguments.parse()
    if options.status:
        return status.show(Path(options.out))
    out = make_out(options)
    held = lock(out)
    campaign, left = None, left_by_nights(out)
    if not options.plan:
        shutil.rmtree(out / "report", ignore_errors=True)  # of the night before
    try:
        campaign = Campaign(options, out, left)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, campaign.interrupt)
        campaign.prepare()
        if options.plan:
            print(campaign.plan.text())
            return CLEAN
        ended = run_night(campaign)
    except BaseException as problem:
        if not options.plan:
            report_failure(out, options, campaign, problem)
            if options.notify and (out / "report/campaign.json").exists():
                notify(options.notify, out)
        if isinstance(problem, KeyboardInterrupt):
            found = len(campaign.findings.by_identity) if campaign is not None and hasattr(campaign, "findings") else 0
            raise ToolError(f"interrupted before it fuzzed; {found} findings are in {out / 'findings'}") from problem
        if is_full(problem):
            go_on = quoted("./fuzz/campaign", "--resume", "--out", out)
            raise ToolError(f"{describe(problem)}\nWhat was found is on disk; make room, and go on: {go_on}") from problem
        raise
    if options.notify:
        notify(options.notify, out)
    held.close()
    return ended


if __name__ == "__main__":
    front_door("campaign", main)
