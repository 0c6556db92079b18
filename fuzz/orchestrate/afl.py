"""AFL++, one process at a time, with the same face as engine.Fuzzer."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .engine import (INPUT_BYTES, MEMORY_MB, OVERSTAYS_S, Progress, cpu_seconds, dies_with_us, ending,
                    stop_group)

QUIET = {"AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
         "AFL_TRY_AFFINITY": "1", "AFL_FAST_CAL": "1", "AFL_CMPLOG_ONLY_NEW": "1",
         "AFL_FORKSRV_INIT_TMOUT": "30000", "AFL_AUTORESUME": "1", "AFL_CUSTOM_MUTATOR_ONLY": "1",
         "AFL_NO_CRASH_README": "1"}
"""With the structure-aware mutator alone, which finds more than AFL++'s own beside it."""
EXCHANGE_EVERY_S = 5.0
TIME_IS_OVER = "Time limit was reached"
AFL_ASAN = ("abort_on_error=1:symbolize=0:detect_leaks=0:malloc_context_size=0:"
            f"hard_rss_limit_mb={MEMORY_MB}")
"""AFL++ insists on the first two; the last bounds its memory, as it cannot do itself with ASan."""


class Afl:
    """One AFL++ process on one harness. It takes new inputs of the corpus in as it runs, and its
    own finds are copied there."""

    def __init__(self, programs: Path, harness: str, corpus: Path, out: Path, seconds: float,
                 seed: int, started: float, ring: Path | None = None):
        self.harness = harness
        self.corpus, self.out = corpus, out / "main"
        self.progress = Progress()
        self.started = started
        self.artefacts: list[Path] = []
        self.last_lines: list[str] = []
        self.said_bug = self.came_to_end = self.was_stopped = self.overstayed = False  # see engine.Fuzzer
        self.deadline = time.monotonic() + seconds
        self.last_exchange = time.monotonic()
        self.exchanged: set[str] = set()
        out.mkdir(parents=True, exist_ok=True)
        (corpus / "one").write_bytes(b"\0")  # AFL++ wants a seed that is not empty
        self.log = open(out / "log", "wb")
        inherited = {key: value for key, value in os.environ.items()
                     if key not in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "MSAN_OPTIONS")}
        environment = inherited | QUIET | {"ASAN_OPTIONS": AFL_ASAN} | {
            "AFL_CUSTOM_MUTATOR_LIBRARY": str(programs / f"mutate-{harness}.so")}
        if ring is not None:
            environment["PROCBUF_RING"] = str(ring)
        self.already = {path.name for path in self._crashes()}
        self.command = f"afl-fuzz -t 10000 -G {INPUT_BYTES} -s {seed} -c 0 fuzz-{harness} (AFL_CUSTOM_MUTATOR_ONLY=1)"
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            dies_with_us("afl-fuzz", "-i", corpus, "-o", out, "-M", "main", "-F", corpus, "-m", "none", "-t", 10000,
                         "-G", INPUT_BYTES, "-s", seed, "-c", 0, "-V", max(1, round(seconds)), "--", programs / f"fuzz-{harness}"),
            stdout=self.log, stderr=subprocess.STDOUT, env=environment, start_new_session=True)

    def _crashes(self) -> list[Path]:
        return [*self.out.glob("crashes/id*"), *self.out.glob("hangs/id*")]

    def _exchange(self) -> None:
        """Its finds become the corpus's, and new crashes artefacts."""
        for path in self.out.glob("queue/id*"):
            if path.name not in self.exchanged and ",sync:" not in path.name and ",orig:" not in path.name:
                shutil.copy(path, self.corpus / f"afl-{path.name.split(',')[0].replace(':', '-')}")
            self.exchanged.add(path.name)
        for path in self._crashes():
            if path.name not in self.already and path.stat().st_size:
                self.already.add(path.name)
                self.artefacts.append(path)
        statistics = self.out / "fuzzer_stats"
        if statistics.exists():
            if not self.progress.startup_s:
                self.progress.startup_s = time.monotonic() - self.begun
            fields = dict(line.split(":", 1) for line in statistics.read_text().splitlines() if ":" in line)
            values = {key.strip(): value.strip() for key, value in fields.items()}
            self.progress.runs = int(values.get("execs_done", 0))
            self.progress.edges = int(values.get("edges_found", 0))
            self.progress.corpus = int(values.get("corpus_count", 0))

    def poll(self) -> int | None:
        """The exit status when it has ended. One that overstays its time is stopped."""
        now = time.monotonic()
        if now > self.deadline + OVERSTAYS_S and self.process.poll() is None:
            self.overstayed = True
            self.stop()
        self.progress.cpu_s = max(self.progress.cpu_s, cpu_seconds(self.process.pid))
        with ending(self.progress):
            status = self.process.poll()
        if status is not None or now - self.last_exchange > EXCHANGE_EVERY_S:
            self.last_exchange = now
            self._exchange()
        if status is not None and not self.log.closed:
            self.log.close()
            self.last_lines = (self.out.parent / "log").read_text(errors="replace").splitlines()[-40:]
            self.came_to_end = any(TIME_IS_OVER in line for line in self.last_lines)
        return status

    def stop(self) -> None:
        self.was_stopped = self.was_stopped or self.process.poll() is None
        with ending(self.progress):
            stop_group(self.process, signal.SIGINT, 3)
