"""AFL++: one process of afl-fuzz on a target. It takes new inputs of the corpus in as it runs, and its own finds are copied
there."""
from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .engine import INPUT_BYTES, INPUT_TIMEOUT_S, MEMORY_MB, Fuzzer, Task

QUIET = {"AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
         "AFL_TRY_AFFINITY": "1", "AFL_FAST_CAL": "1", "AFL_CMPLOG_ONLY_NEW": "1",
         "AFL_FORKSRV_INIT_TMOUT": "30000", "AFL_AUTORESUME": "1", "AFL_CUSTOM_MUTATOR_ONLY": "1",
         "AFL_NO_CRASH_README": "1"}
"""With the structure-aware mutator alone, which finds more than together with AFL++'s own."""
EXCHANGE_EVERY_S = 5.0
TIME_IS_OVER = "Time limit was reached"
ASAN = f"abort_on_error=1:symbolize=0:detect_leaks=0:malloc_context_size=0:hard_rss_limit_mb={MEMORY_MB}"
"""AFL++ insists on the first two; the last bounds its memory, as it cannot do itself with ASan."""


class Afl(Fuzzer):
    """One AFL++ process on one harness."""

    name, title, installed = "afl", "AFL++", "afl-fuzz"
    kept_in, left = "afl", ("main/crashes/id*", "main/hangs/id*")
    goes_on = alone = hides_reports = True
    counts_calls = False
    asks_politely = (signal.SIGINT, 3)

    def __init__(self, task: Task):
        super().__init__(task)
        self.out = task.kept / "main"
        self.last_exchange = time.monotonic()
        self.exchanged: set[str] = set()
        (task.corpus / "one").write_bytes(b"\0")  # AFL++ wants a seed that is not empty
        self.already = {path.name for path in self._crashes()}
        told = ["-t", 1000 * INPUT_TIMEOUT_S, "-G", INPUT_BYTES, "-s", task.seed, "-c", 0]
        self.command = " ".join(map(str, ["afl-fuzz", *told, f"fuzz-{task.harness}", "(AFL_CUSTOM_MUTATOR_ONLY=1)"]))
        with open(task.kept / "log", "wb") as log:
            self.start(["afl-fuzz", "-i", task.corpus, "-o", task.kept, "-M", "main", "-F", task.corpus, "-m", "none", *told,
                        "-V", max(1, round(task.seconds)), "--", task.programs / f"fuzz-{task.harness}"],
                       QUIET | {"ASAN_OPTIONS": ASAN, "AFL_CUSTOM_MUTATOR_LIBRARY": str(task.programs / f"mutate-{task.harness}.so")},
                       stdout=log, stderr=subprocess.STDOUT)

    @classmethod
    def targets(cls, harness: str) -> list[str]:
        return [f"fuzz-{harness}", f"mutate-{harness}"]

    def _crashes(self) -> list[Path]:
        return [path for pattern in self.left for path in self.task.kept.glob(pattern)]

    def listen(self, status: int | None) -> None:
        for path in self._crashes():
            if path.name not in self.already and path.stat().st_size:
                self.already.add(path.name)
                self.artefacts.append(path)
        if status is None and time.monotonic() - self.last_exchange <= EXCHANGE_EVERY_S:
            return
        self.last_exchange = time.monotonic()
        self._exchange()
        if status is not None:
            self.last_lines = (self.task.kept / "log").read_text(errors="replace").splitlines()[-40:]
            self.came_to_end = any(TIME_IS_OVER in line for line in self.last_lines)

    def _found_at(self, name: str) -> float:
        """When it found an input, as its name says; one that goes on counts from an earlier start."""
        now = time.monotonic() - self.task.started
        match = re.search(r",time:(\d+)", name)
        return min(now, self.begun - self.task.started + int(match[1]) / 1000) if match else now

    def _exchange(self) -> None:
        """Its finds become the corpus's."""
        for path in self.out.glob("queue/id*"):
            if path.name not in self.exchanged and ",sync:" not in path.name and ",orig:" not in path.name:
                shutil.copy(path, self.task.corpus / f"afl-{path.name.split(',')[0].replace(':', '-')}")
                self.progress.discoveries[int(self._found_at(path.name))] += 1
            self.exchanged.add(path.name)
        statistics = self.out / "fuzzer_stats"
        if not statistics.exists():
            return
        self.progress.startup_s = self.progress.startup_s or time.monotonic() - self.begun
        values = {key.strip(): value.strip() for key, _, value in
                  (line.partition(":") for line in statistics.read_text().splitlines())}
        self.progress.runs = int(values.get("execs_done", 0))
        self.progress.edges = int(values.get("edges_found", 0))
        self.progress.corpus = int(values.get("corpus_count", 0))
