"""./fuzz/campaign: replay the corpora, fuzz every harness, triage, report."""
from __future__ import annotations

import argparse
import fcntl
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import coverage
import report
from engine import FINDING_STATUSES, INTERRUPTED_STATUS, Fuzzer
from findings import Findings, git_revision
from live import make_view
from tools import (CLEAN, CORPUS, FINDINGS, ROOT, UNABLE, Build, ToolError, build, find_lib,
                   identity_in, run)

UNITS = {"s": 1, "m": 60, "h": 3600, "": 1}
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
        epilog="Exit status: 0 nothing found; 1 findings; 2 could not do its work.\n"
               "Ctrl-C stops at once, keeps everything found, and still writes the report.")
    parser.add_argument("--time", type=duration, metavar="T",
                        help="from the first to the last fuzzing process: 60s, 10m, 8h (default: one "
                             "minute per harness)")
    parser.add_argument("--jobs", type=job_count, metavar="N",
                        help="fuzzing processes at a time (default: one per core)")
    parser.add_argument("--harness", action="append", metavar="NAME",
                        help="this harness only; may be given again")
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
        self.results = {name: HarnessResult(name, known[name]) for name in names}
        if self.options.time is None:
            self.options.time = 60.0 * len(names)
        self.options.jobs = self.options.jobs or os.cpu_count()
        folder = self.out / "findings"
        folder.mkdir(exist_ok=True)
        self.findings = Findings(folder, self.built, self.options.lib)

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

    # Each worker spends T/n on each of the n harnesses, worker j beginning with harness j.
    def fuzz(self) -> None:
        names = list(self.results)
        slice_seconds = self.options.time / len(names)
        started = time.monotonic()
        if slice_seconds < 20 and len(names) > 1:
            self.notes.append(f"each harness had {slice_seconds:.0f} s at a time: a longer --time "
                              "finds more")
        self.workers = [Worker(self, [names[(j + k) % len(names)] for k in range(len(names))],
                          slice_seconds, started) for j in range(self.options.jobs)]
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

    def triage(self, path: Path, harness: str, seconds: float) -> None:
        finding = self.findings.add(path, harness, seconds)
        if finding is None:
            self.notes.append(f"{path.name} of {harness} did not break anything when replayed; it is "
                              "kept in artefacts/")
        elif finding.inputs == 1:
            self.view.say(f"FINDING after {seconds:.0f} s: {finding.identity}")

    def measure_coverage(self) -> dict:
        if self.findings.by_identity:
            self.notes.append("coverage was not measured: inputs that break would end its replay")
            return {}
        try:
            built = build("coverage", self.built.lib, say=self.view.say)
            return coverage.measure(built, [self.out / "corpus" / name for name in self.results])
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
            "findings": [asdict(f) for f in self.findings.by_identity.values()],
            "coverage": covered,
            "notes": self.notes,
        }


class Worker:
    """One fuzzing process after another: a slice for each harness in turn."""

    def __init__(self, campaign: Campaign, harnesses: list[str], seconds: float, started: float):
        self.campaign = campaign
        self.left = harnesses
        self.seconds = seconds
        self.started = started
        self.fuzzer: Fuzzer | None = None
        self.slice_end = started
        self.slice_crashes = 0

    def step(self) -> bool:
        """Look after the process, or start the next. Returns: False when all is done."""
        if self.fuzzer is not None:
            status = self.fuzzer.poll()
            if status is None:
                return True
            self._take_in(status)
        if self.fuzzer is None:
            now = time.monotonic()
            if now >= self.slice_end - 1:
                if not self.left:
                    return False
                self.harness = self.left.pop(0)
                self.slice_end = min(now, self.slice_end) + self.seconds
                self.slice_crashes = 0
            self._start()
        return True

    def _start(self) -> None:
        campaign = self.campaign
        artefacts = campaign.out / "artefacts" / self.harness
        artefacts.mkdir(parents=True, exist_ok=True)
        self.fuzzer = Fuzzer(campaign.built.tool(f"fuzz-{self.harness}"), self.harness,
                             campaign.out / "corpus" / self.harness, artefacts,
                             self.slice_end - time.monotonic(),
                             campaign.random.randrange(1, 2**31), self.started)
        self.begun = time.monotonic()

    def _take_in(self, status: int) -> None:
        campaign, fuzzer = self.campaign, self.fuzzer
        result = campaign.results[self.harness]
        progress = fuzzer.progress
        result.runs += progress.runs
        result.checked_operations += progress.checked_operations
        result.edges = max(result.edges, progress.edges)
        result.features = max(result.features, progress.features)
        result.corpus = max(result.corpus, progress.corpus)
        result.seconds += time.monotonic() - self.begun
        result.samples += progress.samples
        self.fuzzer = None
        if status in FINDING_STATUSES and fuzzer.artefacts:
            self.slice_crashes += 1
            result.crashes += 1
            for path in fuzzer.artefacts:
                campaign.triage(path, self.harness, time.monotonic() - self.started)
            if self.slice_crashes >= STORM_RESTARTS:
                result.given_up = True
                self.slice_end = time.monotonic()
                campaign.notes.append(f"{self.harness}: a slice was given up after "
                                      f"{STORM_RESTARTS} crashes")
        elif identity_in("\n".join(fuzzer.last_lines)):
            # Before its first input: the target tries the empty one itself, and that broke.
            result.crashes += 1
            result.given_up = True
            self.slice_end = time.monotonic()
            campaign.triage(campaign.out / "corpus" / self.harness / "empty", self.harness,
                            time.monotonic() - self.started)
            campaign.notes.append(f"{self.harness}: every input breaks, so nothing was fuzzed")
        elif status not in (0, INTERRUPTED_STATUS, -signal.SIGTERM, -signal.SIGKILL):
            tail = "\n".join(fuzzer.last_lines[-10:])
            raise ToolError(f"the fuzz target of {self.harness} ended with status {status}:\n{tail}")
        elif status == 0 and progress.runs == 0:
            raise ToolError(f"the fuzz target of {self.harness} ended without running an input")

    def stop(self) -> None:
        if self.fuzzer is not None:
            self.fuzzer.stop()
            self._take_in(self.fuzzer.poll())


def main() -> int:
    options = parse()
    campaign = Campaign(options)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    campaign.prepare()
    try:
        campaign.replay_corpora()
        campaign.fuzz()
    except KeyboardInterrupt:
        campaign.interrupted = True
    covered = {} if campaign.interrupted else campaign.measure_coverage()
    record = campaign.record(covered)
    page = report.write(campaign.out, record)
    print(report.summary(record))
    print(f"report: {page}")
    return FINDINGS if record["findings"] else CLEAN


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
