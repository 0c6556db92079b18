"""./fuzz/campaign: replay the corpora, fuzz every harness, triage, report."""
from __future__ import annotations

import argparse
import fcntl
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import coverage
import plan
import report
from afl import Afl
from engine import INTERRUPTED_STATUS, Fuzzer
from findings import Findings, git_revision
from live import make_view
from tools import (CLEAN, CORPUS, FINDINGS, ROOT, UNABLE, Build, ToolError, build, find_lib,
                   identity_in, run)

UNITS = {"s": 1, "m": 60, "h": 3600, "": 1}
DEFAULT_TIME_S = 480.0
CANARIES_FROM_S = 600.0
CANARY_SHARE = 0.05
STORM_RESTARTS = 30
"""Crashes in one slice after which it is given up: the same bug hits every input."""


# ---- Arguments ----

def duration(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match or float(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 60s, 10m or 8h")
    return float(match[1]) * UNITS[match[2]]


def job_count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of jobs (1 to 256)")
    return int(text)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./fuzz/campaign", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Replay the corpora, fuzz every harness, triage what breaks, write a report.",
        epilog="Exit status: 0 nothing found; 1 findings, a planted bug missed, or code of the library\n"
               "no longer reached; 2 could not do its work.\n"
               "Ctrl-C stops at once, keeps everything found, and still writes the report.")
    parser.add_argument("--time", type=duration, metavar="T",
                        help="from the first to the last fuzzing process: 60s, 10m, 8h (default: 8m)")
    parser.add_argument("--jobs", type=job_count, metavar="N",
                        help="fuzzing processes at a time (default: one per core)")
    parser.add_argument("--harness", action="append", metavar="NAME",
                        help="this harness only; may be given again")
    parser.add_argument("--engine", action="append", choices=["libfuzzer", "afl"],
                        help="this engine only; may be given again")
    parser.add_argument("--build", action="append", choices=["asan", "plain", "msan"],
                        help="this build only: asan (with UBSan), plain (guard pages), msan")
    parser.add_argument("--slice", type=duration, metavar="T", default=20.0,
                        help="no process fuzzes for less than this, unless all of the time is less "
                             "(default: 20s)")
    parser.add_argument("--plan", action="store_true",
                        help="print what would run for how long, and run nothing")
    parser.add_argument("--canaries", action="store_true",
                        help="fuzz for planted bugs too, to see that they would be found (default: "
                             "from 10m up, with a twentieth of the time)")
    parser.add_argument("--out", metavar="DIR", help="where everything goes (default: out/TIME)")
    parser.add_argument("--lib", metavar="DIR", help="test this copy of lib/ in place of ours")
    parser.add_argument("--seed", type=int, metavar="N", help="of all chance (default: the time)")
    parser.add_argument("--empty", action="store_true",
                        help="start from nothing: neither replay nor use the saved corpora")
    parser.add_argument("--quiet", action="store_true", help="print the summary only")
    return parser.parse_args()


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


# ---- The run ----

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
    crashes: int = 0
    given_up: bool = False
    samples: list = field(default_factory=list)


class Campaign:
    """One campaign, from corpora to report."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.out = make_out(options.out)
        self.lock = lock(self.out)
        self.seed = options.seed if options.seed is not None else int(time.time())
        self.random = random.Random(self.seed)
        self.built: Build | None = None
        self.builds: dict[str, Build] = {}  # by preset
        self.plan: plan.Plan | None = None
        self.canaries: list = []
        self.statistics: dict = {}
        self.lost: list[str] = []
        self.results: dict[str, HarnessResult] = {}
        self.findings: Findings | None = None
        self.fuzzing_seconds = 0.0
        self.interrupted = False
        self.notes: list[str] = []
        self.workers: list[Worker] = []
        self.view = make_view(options.quiet)

    def prepare(self) -> None:
        lib = find_lib(self.options.lib)
        self.built = build("fuzz", lib, say=self.view.say)
        known = self.built.harnesses()
        names = self.options.harness or list(known)
        for name in names:
            if name not in known:
                raise ToolError(f"--harness {name}: there are {', '.join(known)}")
        self.options.time = self.options.time or DEFAULT_TIME_S
        self.options.jobs = self.options.jobs or os.cpu_count()
        self.options.canaries |= self.options.time >= CANARIES_FROM_S
        share = 1 - CANARY_SHARE if self.options.canaries else 1
        self.plan = plan.make(names, self.setups(), share * self.options.time, self.options.jobs,
                              self.options.slice)
        names = [n for n in names if any(c.harness == n for c in self.plan.combinations)]
        self.results = {name: HarnessResult(name, known[name]) for name in names}
        self.notes += [f"left out for want of time: {text}" for text in self.plan.dropped]
        if self.options.plan:
            return
        for preset in {c.setup.preset for c in self.plan.combinations}:
            self.builds[preset] = self.built if preset == "fuzz" else build(preset, lib, say=self.view.say)
        folder = self.out / "findings"
        folder.mkdir(exist_ok=True)
        self.findings = Findings(folder, self.built, self.options.lib)

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

    def saved_inputs(self, name: str) -> list[Path]:
        return sorted((CORPUS / name).glob("*.trace")) + sorted((CORPUS / "regressions").glob("*.trace"))

    def all_run_clean(self, inputs: list[Path]) -> bool:
        """Whether all inputs, one after another, ran, and broke nothing."""
        try:
            done = run([self.built.tool("procbuf-replay"), "--expect", str(len(inputs)), *inputs],
                       timeout=10)
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
                if not all_clean and self.findings.add(path, None, 0.0) is not None:
                    continue  # an input that breaks would stop every fuzzer at its start
                done = run([self.built.tool("procbuf-convert"), path, corpus / path.stem])
                if done.returncode != 0:
                    raise ToolError(done.stderr.strip())
                result.seeds += 1

    def fuzz(self) -> None:
        started = time.monotonic()
        self.workers = [Worker(self, started) for _ in range(self.options.jobs)]
        try:
            while any([worker.step() for worker in self.workers]):
                self.view.show(self, time.monotonic() - started)
                time.sleep(0.1)
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            for worker in self.workers:
                worker.stop()
            self.fuzzing_seconds = time.monotonic() - started
            self.view.done()

    def workers_now(self) -> list[Fuzzer]:
        """The processes that run at this moment."""
        return [worker.fuzzer for worker in self.workers if worker.fuzzer is not None]

    def triage(self, path: Path, harness: str, seconds: float, preset: str) -> None:
        finding = self.findings.add(path, harness, seconds, self.builds.get(preset))
        if finding is None:
            self.notes.append(f"{path.name} of {harness} did not break anything when replayed; it is "
                              "kept in artefacts/")
        elif finding.inputs == 1:
            self.view.say(f"FINDING after {seconds:.0f} s: {finding.identity}")

    def release_canaries(self) -> None:
        if not self.options.canaries or self.interrupted or self.findings.by_identity:
            if self.findings.by_identity and self.options.canaries:
                self.notes.append("no planted bug was tried: there are real ones")
            return
        try:
            import canary  # pylint: disable=import-outside-toplevel; tests/defects is needed for it alone
            self.canaries = canary.release(build("fuzz", ROOT / "lib", say=self.view.say), self.seed,
                                           self.options.jobs, CANARY_SHARE * self.options.time,
                                           self.view.say)
        except (ImportError, ToolError) as error:
            self.notes.append(f"no planted bug was tried: {error}")

    def measure_coverage(self) -> dict:
        if self.findings.by_identity:
            self.notes.append("coverage was not measured: inputs that break would end its replay")
            return {}
        try:
            built = build("coverage", self.built.lib, say=self.view.say)
            inputs = [self.out / "corpus" / name for name in self.results]
            covered = coverage.measure(built, inputs)
            self.statistics = coverage.statistics(built, inputs)
            if not self.options.empty and not self.plan.dropped and not self.options.lib \
                    and not self.options.harness:
                self.lost = coverage.no_longer_reached(covered)
            return covered
        except ToolError as error:
            self.notes.append(f"coverage was not measured: {error}")
            return {}

    def record(self, covered: dict) -> dict:
        """The schema of campaign.json: see fuzz/README.md."""
        return {
            "schema": 1,
            "revision": git_revision(),
            "lib": self.options.lib or "lib",
            "seed": self.seed,
            "jobs": self.options.jobs,
            "time_s": self.options.time,
            "fuzzing_s": round(self.fuzzing_seconds, 1),
            "interrupted": self.interrupted,
            "from_empty": self.options.empty,
            "harnesses": [asdict(result) for result in self.results.values()],
            "plan": [{"harness": c.harness, "setup": c.setup.name, "slices": c.slices,
                      "seconds": round(c.seconds, 1)} for c in self.plan.combinations],
            "canaries": [asdict(canary) for canary in self.canaries],
            "statistics": self.statistics,
            "no_longer_reached": self.lost,
            "findings": [asdict(f) for f in self.findings.by_identity.values()],
            "coverage": covered,
            "notes": self.notes,
        }


class Worker:
    """One fuzzing process after another, each for a slice of a combination."""

    def __init__(self, campaign: Campaign, started: float):
        self.campaign = campaign
        self.started = started
        self.deadline = started + campaign.plan.seconds
        self.fuzzer: Fuzzer | Afl | None = None
        self.combination: plan.Combination | None = None
        self.slice_end = started
        self.slice_crashes = 0

    @property
    def harness(self) -> str:
        return self.combination.harness

    def step(self) -> bool:
        """Look after the process, or start the next. Returns: False when all is done."""
        if self.fuzzer is not None:
            status = self.fuzzer.poll()
            if isinstance(self.fuzzer, Afl):
                self._take_artefacts()
            if status is None:
                return True
            self._take_in(status)
        now = time.monotonic()
        if now >= self.deadline - 1:
            self._give_back()
            return False
        if now >= self.slice_end - 1:
            self._give_back()
            self._take_next(now)
        self._start()
        return True

    def _corpus(self) -> Path:
        return self.campaign.out / "corpus" / self.harness

    def _give_back(self) -> None:
        if self.combination is None:
            return
        seconds = time.monotonic() - self.slice_begun
        self.combination.running -= 1
        self.combination.slices += 1
        self.combination.seconds += seconds
        new = len(list(self._corpus().iterdir())) - self.inputs_before
        self.combination.rate = new / max(seconds, 1.0)
        self.combination = None

    def _take_next(self, now: float) -> None:
        slice_s = self.campaign.plan.slice_s
        self.combination = self.campaign.plan.next()
        self.combination.running += 1
        self.slice_begun = now
        self.slice_crashes = 0
        self.slice_end = now + slice_s
        if self.deadline - self.slice_end < slice_s / 2:
            self.slice_end = self.deadline  # too little would be left for another
        self.inputs_before = len(list(self._corpus().iterdir()))

    def _start(self) -> None:
        campaign, setup = self.campaign, self.combination.setup
        built = campaign.builds[setup.preset]
        seconds = self.slice_end - time.monotonic()
        seed = campaign.random.randrange(1, 2**31)
        if setup.engine == "afl":
            self.fuzzer = Afl(built.folder / "fuzz", self.harness, self._corpus(),
                              campaign.out / "afl" / self.harness, seconds, seed, self.started)
        else:
            artefacts = campaign.out / "artefacts" / self.harness
            artefacts.mkdir(parents=True, exist_ok=True)
            self.fuzzer = Fuzzer(built.tool(f"fuzz-{self.harness}"), self.harness, self._corpus(),
                                 artefacts, seconds, seed, self.started)
        self.begun = time.monotonic()

    def _take_artefacts(self) -> None:
        """Triage what the process has found so far."""
        campaign = self.campaign
        found, self.fuzzer.artefacts = self.fuzzer.artefacts, []
        for path in found:
            self.slice_crashes += 1
            campaign.results[self.harness].crashes += 1
            campaign.triage(path, self.harness, time.monotonic() - self.started,
                            self.combination.setup.preset)
            if self.slice_crashes == STORM_RESTARTS:
                self._give_up(f"a slice was given up after {STORM_RESTARTS} crashes")
                break

    def _give_up(self, why: str) -> None:
        self.campaign.results[self.harness].given_up = True
        self.campaign.notes.append(f"{self.combination.name}: {why}")
        self.slice_end = time.monotonic()
        self.fuzzer.stop()

    def _take_in(self, status: int) -> None:
        """The process has ended: add up what it did, and judge how it ended."""
        fuzzer = self.fuzzer
        result, progress = self.campaign.results[self.harness], fuzzer.progress
        result.runs += progress.runs
        result.checked_operations += progress.checked_operations
        result.edges = max(result.edges, progress.edges)
        result.features = max(result.features, progress.features)
        result.corpus = max(result.corpus, progress.corpus)
        result.seconds += time.monotonic() - self.begun
        result.samples += progress.samples
        crashed = bool(fuzzer.artefacts)
        self._take_artefacts()
        self.fuzzer = None
        if crashed or status in (INTERRUPTED_STATUS, -signal.SIGTERM, -signal.SIGKILL, -signal.SIGINT):
            return
        tail = "\n".join(fuzzer.last_lines[-10:])
        if identity_in("\n".join(fuzzer.last_lines)) or (status != 0 and isinstance(fuzzer, Afl)
                                                          and progress.runs == 0):
            # Before its first input: the target tries the smallest itself, and that broke.
            self._take_smallest(tail)
        elif status != 0:
            raise ToolError(f"{self.combination.name}: the process ended with status {status}:\n{tail}")
        elif progress.runs == 0:
            raise ToolError(f"{self.combination.name}: the process ended without running an input")

    def _take_smallest(self, tail: str) -> None:
        campaign, result = self.campaign, self.campaign.results[self.harness]
        result.crashes += 1
        result.given_up = True
        self.slice_end = time.monotonic()
        campaign.triage(self._corpus() / "empty", self.harness, time.monotonic() - self.started,
                        self.combination.setup.preset)
        if not campaign.findings.by_identity:
            raise ToolError(f"{self.combination.name}: the process did not start:\n{tail}")
        campaign.notes.append(f"{self.combination.name}: every input breaks, so nothing was fuzzed")

    def stop(self) -> None:
        if self.fuzzer is not None:
            self.fuzzer.stop()
            self._take_in(self.fuzzer.poll())
        self._give_back()


def main() -> int:
    options = parse()
    campaign = Campaign(options)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    campaign.prepare()
    if options.plan:
        print(campaign.plan.text())
        return CLEAN
    try:
        campaign.replay_corpora()
        campaign.fuzz()
        campaign.release_canaries()
    except KeyboardInterrupt:
        campaign.interrupted = True
    covered = {} if campaign.interrupted else campaign.measure_coverage()
    record = campaign.record(covered)
    page = report.write(campaign.out, record)
    print(report.summary(record))
    print(f"report: {page}")
    return FINDINGS if report.is_red(record) else CLEAN


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as problem:
        print(f"campaign: {problem}", file=sys.stderr)
        sys.exit(UNABLE)
    except KeyboardInterrupt:
        print("campaign: interrupted before anything ran", file=sys.stderr)
        sys.exit(UNABLE)
    except OSError as problem:
        print(f"campaign: {problem.strerror}: {problem.filename or ''}", file=sys.stderr)
        sys.exit(UNABLE)
