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

import arguments
import corpora
import coverage
import plan
import report
import status
from afl import Afl
from engine import Fuzzer
from findings import Finding, Findings, environment, git_revision
from live import make_view
from residual import Residual
from store import Store
from tools import (CLEAN, CORPUS, EVERYTHING, FINDINGS, ROOT, TOOLS, UNABLE, Build, ToolError, build, find_lib, run,
                   write_json)
from worker import Worker

DEFAULT_TIME_S = 480.0
CANARIES_FROM_S = 600.0
CANARY_SHARE = 0.05
STATUS_EVERY_S = 2.0
MINIMISE_STORE_FROM_S = 60.0
"""Shorter campaigns leave the corpora in the folder as they are."""


def make_out(argument: str | None) -> Path:
    out = Path(argument) if argument else ROOT / "out" / time.strftime("%Y%m%d-%H%M%S")
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

    def __init__(self, options: Namespace):
        self.options = options
        self.out = make_out(options.out)
        self.lock = lock(self.out)
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
        self.notes: list[str] = []
        self.workers: list[Worker] = []
        self.fuzzing_seconds = 0.0
        self.fuzzing_cpu_s = 0.0
        self.fuzzers_waited_s = 0.0
        self.building_cpu_s = 0.0
        self.interrupted = False
        self.last_status = 0.0

    def _resume(self) -> None:
        row = self.store.unfinished_night()
        if row is None:
            raise ToolError(f"{self.out}: nothing to go on with: the last campaign in this folder came to its end")
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

    def setups(self) -> list[plan.Setup]:
        options = self.options
        wanted = [s for s in plan.SETUPS if s.engine in (options.engine or [s.engine])
                  and s.build in (options.build or [s.build])]
        if not wanted:
            raise ToolError("--engine afl runs with --build asan only")
        if shutil.which("afl-fuzz") is None and any(s.engine == "afl" for s in wanted):
            if options.engine and "afl" in options.engine:
                raise ToolError("afl-fuzz is missing: run fuzz/setup/install")
            self.notes.append("AFL++ is not installed (fuzz/setup/install): libFuzzer only")
            wanted = [s for s in wanted if s.engine != "afl"]
        return wanted

    def _begin_night(self) -> None:
        folder = self.out / "findings"
        folder.mkdir(exist_ok=True)
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

    def _take_in_files(self) -> None:
        """A campaign that was killed may have left findings whose facts were not written yet."""
        for path in (self.out / "findings").iterdir():
            if path.name.startswith("."):
                shutil.rmtree(path, ignore_errors=True)  # a half: its input is still in artefacts
                continue
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                fields = json.loads((path / "finding.json").read_text())
                finding = Finding(**{key: fields[key] for key in Finding.__dataclass_fields__ if key in fields})
                if self.store.finding(finding.identity) is None:
                    self.store.see_finding(self.night, finding)

    def _ask_known_findings(self) -> None:
        """What earlier nights found: still there, or fixed since?"""
        for row in self.store.open_findings():
            finding = self.findings.look_again(row["folder"], self.builds)
            if finding is None:
                self.store.fix_finding(self.night, row["identity"])
                self.view.say(f"fixed since: {row['identity']}")
            else:
                finding.status = self.store.see_finding(self.night, finding)
                self.view.say(f"{finding.status}: {finding.identity}")

    def _take_in_artefacts(self) -> None:
        """What engines had found, and nobody had looked at when the campaign was killed."""
        for path in sorted([*self.out.glob("artefacts/*/*"), *self.out.glob("afl/*/main/crashes/id*"),
                            *self.out.glob("afl/*/main/hangs/id*")]):
            harness = path.relative_to(self.out).parts[1]
            if harness in self.results and not self.store.has_triaged(str(path.relative_to(self.out))):
                self.triage(path, harness, 0.0, "fuzz", "a campaign that was killed")

    # ---- Corpora ----

    def saved_inputs(self, name: str) -> list[Path]:
        return sorted((CORPUS / name).glob("*.trace")) + sorted((CORPUS / "regressions").glob("*.trace"))

    def all_run_clean(self, inputs: list[Path], harness: str | None = None) -> bool:
        """Whether all inputs, one after another, ran, and broke nothing."""
        command: list = [self.built.tool("procbuf-replay"), "--expect", str(len(inputs))]
        command += ["--harness", harness] if harness else []
        try:
            done = run([*command, *inputs], timeout=10 + len(inputs) / 100)
        except subprocess.TimeoutExpired:
            return False
        if done.returncode == 2:
            raise ToolError(done.stderr.strip())
        return done.returncode == 0

    def replay_corpora(self) -> None:
        """Every saved input, alone, so that one finding does not hide another."""
        for name, result in self.results.items():
            corpus = self.out / "corpus" / name
            corpus.mkdir(parents=True, exist_ok=True)
            (corpus / "empty").write_bytes(b"")
            self._clear_store(corpus, name)
            if self.options.empty:
                continue
            inputs = self.saved_inputs(name)
            if not inputs:
                raise ToolError(f"corpus/{name}: no saved inputs; --empty starts from nothing")
            self.view.say(f"replaying {len(inputs)} saved inputs of {name}")
            all_clean = self.all_run_clean(inputs)
            for count, path in enumerate(inputs):
                if self.findings.is_hanging():
                    self.notes.append(f"{name}: {len(inputs) - count} saved inputs were neither "
                                      "replayed nor used, because the library hangs")
                    break
                if not all_clean and self._found_in_corpora(path) is not None:
                    continue  # an input that breaks would stop every fuzzer at its start
                done = run([self.built.tool("procbuf-convert"), path, corpus / path.stem])
                if done.returncode != 0:
                    raise ToolError(done.stderr.strip())
                result.seeds += 1

    def _found_in_corpora(self, path: Path) -> Finding | None:
        finding = self.findings.add(path, None, 0.0, found_by="the replay of the saved corpora")
        if finding is not None:
            finding.status = self.store.see_finding(self.night, finding)
        return finding

    def _clear_store(self, corpus: Path, name: str) -> None:
        """Inputs of earlier nights that break now are findings, and start no fuzzer."""
        inputs = [path for path in sorted(corpus.iterdir()) if path.name != "empty"]
        if not inputs or self.all_run_clean(inputs, name):
            return
        artefacts = self.out / "artefacts" / name
        artefacts.mkdir(parents=True, exist_ok=True)
        for path in inputs:
            if self.findings.is_hanging():
                return
            if not self.all_run_clean([path], name):
                moved = artefacts / f"stored-{path.name}"
                path.rename(moved)
                self.triage(moved, name, 0.0, "fuzz", "an input of an earlier night")

    # ---- Fuzzing ----

    def fuzz(self) -> None:
        started = time.monotonic()
        last_end = started
        self.workers = [Worker(self, started) for _ in range(self.options.jobs)]
        try:
            while any([worker.step() for worker in self.workers]):
                last_end = time.monotonic()
                self._note_progress(last_end - started)
                time.sleep(0.1)
            for worker in self.workers:
                worker.stop()
        except KeyboardInterrupt:
            self.interrupted = True
            for worker in self.workers:
                worker.stop()
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
                "findings": len(self.findings.by_identity), "identities": sorted(self.findings.by_identity),
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

    def triage(self, path: Path, harness: str, seconds: float, preset: str, found_by: str) -> None:
        relative = str(path.relative_to(self.out))
        finding = self.findings.add(path, harness, seconds, self.builds.get(preset), found_by)
        if finding is None:
            self.notes.append(f"{path.name} of {harness} did not break anything when replayed; it is "
                              "kept in artefacts/")
            self.store.triaged(relative, "")
            return
        is_first = finding.inputs == 1
        finding.status = self.store.see_finding(self.night, finding)
        self.store.triaged(relative, finding.identity)
        if is_first:
            self.view.say(f"FINDING after {seconds:.0f} s: {finding.identity}")
        elif self.findings.has_enough(finding) and relative.startswith("artefacts/"):
            path.unlink(missing_ok=True)  # a storm does not fill the disk

    # ---- After ----

    def release_canaries(self) -> None:
        if not self.options.canaries or self.interrupted or self.findings.by_identity:
            if self.findings.by_identity and self.options.canaries:
                self.notes.append("no planted bug was tried: there are real ones")
            return
        try:
            import canary  # pylint: disable=import-outside-toplevel; tests/defects is needed for it alone
            self.canaries = canary.release(build("fuzz", ROOT / "lib", self.view.say, EVERYTHING), self.seed,
                                           self.options.jobs, CANARY_SHARE * self.options.time,
                                           self.view.say)
            for flown in self.canaries:
                self.store.add_canary(self.night, flown)
                self.fuzzing_cpu_s += flown.seconds or canary.LIMIT_S
                self.fuzzers_waited_s += flown.seconds or canary.LIMIT_S
        except (ImportError, ToolError) as error:
            self.notes.append(f"no planted bug was tried: {error}")

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
                self.notes.append(f"corpus of {name}: left as it is: {error}")

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
        except ToolError as error:
            self.notes.append(f"coverage was not measured: {error}")
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
        """The schema of campaign.json: see fuzz/README.md."""
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
            "findings": [asdict(f) for f in self.findings.by_identity.values()],
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


def run_night(campaign: Campaign) -> int:
    """All of it. Returns: the exit status."""
    options = campaign.options
    covered: dict = {}
    try:
        campaign.replay_corpora()
        campaign.fuzz()
        campaign.release_canaries()
        covered = campaign.measure_coverage()  # of all that ran: what is kept then reaches the same edges, but fewer lines
        campaign.keep_corpora()
    except KeyboardInterrupt:
        campaign.interrupted = True
    campaign.notes += campaign.findings.write_counts()
    record = campaign.record(covered)
    if not campaign.interrupted:  # else it can be resumed
        campaign.store.end_night(campaign.night, report.is_red(record), sum(h["runs"] for h in record["harnesses"]),
                                 report.verdict(record))
    record["nights"] = campaign.store.nights()
    page = report.write(campaign.out, record)
    print(report.summary(record))
    print(f"report: {page}")
    if options.notify:
        notify(options.notify, campaign.out)
    if report.is_red(record):
        return FINDINGS
    return UNABLE if campaign.broken else CLEAN


def main() -> int:
    options = arguments.parse()
    if options.status:
        return status.show(Path(options.out))
    campaign = Campaign(options)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    campaign.prepare()
    if options.plan:
        print(campaign.plan.text())
        return CLEAN
    return run_night(campaign)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as problem:
        print(f"campaign: {problem}", file=sys.stderr)
        sys.exit(UNABLE)
    except KeyboardInterrupt:
        print("campaign: interrupted before anything ran", file=sys.stderr)
        sys.exit(UNABLE)
    except (OSError, sqlite3.Error) as problem:
        what = f"{problem.strerror}: {problem.filename or ''}" if isinstance(problem, OSError) else str(problem)
        print(f"campaign: {what}\nWhat was found is on disk; make room, and go on with --resume.", file=sys.stderr)
        sys.exit(UNABLE)
