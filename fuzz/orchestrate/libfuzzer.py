"""libFuzzer: one process of a target that has it inside."""
from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from pathlib import Path

from .engine import INPUT_BYTES, INPUT_TIMEOUT_S, MEMORY_MB, Fuzzer, Task
from . import engine

STATUS_LINE = re.compile(
    r"^#(?P<runs>\d+)\s+(?P<event>\S+)\s+(?:cov: (?P<edges>\d+) ft: (?P<features>\d+) )?"
    r"(?:corp: (?P<corpus>\d+)/\S+ )?.*?exec/s: (?P<speed>\d+)")
STATISTIC = re.compile(r"^stat::(\w+):\s*(\d+)")
ARTEFACT = re.compile(r"Test unit written to (.+)")
DONE = re.compile(r"^Done \d+ runs in ")
SLOW_S = 2
LONGEST_LINE = 65536
KEPT_LINES = 200


def options(seconds: float, seed: int, max_len: int = INPUT_BYTES) -> list[str]:
    """Options of every libFuzzer, in a campaign and in a benchmark."""
    return [f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}", "-print_final_stats=1", f"-timeout={INPUT_TIMEOUT_S}",
            f"-report_slow_units={SLOW_S}", f"-rss_limit_mb={MEMORY_MB}", "-reload=5", f"-max_len={max_len}", "-len_control=0"]


class LibFuzzer(Fuzzer):
    """One libFuzzer process on one harness."""

    name, title = "libfuzzer", "libFuzzer"
    kept_in, left = "artefacts", ("*",)

    def __init__(self, task: Task):
        super().__init__(task)
        self.last_sample = 0.0
        program, words = task.programs / f"fuzz-{task.harness}", options(task.seconds, task.seed)
        self.command = " ".join([program.name, *words])
        self.start([program, *words, f"-artifact_prefix={task.kept}/", task.corpus], {},
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    @classmethod
    def was_slow(cls, path: Path) -> bool:
        return path.name.startswith("slow-unit-")

    def listen(self, status: int | None) -> None:
        if status is not None:
            self.reader.join(timeout=5)

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stderr:
            for raw in iter(lambda: stderr.readline(LONGEST_LINE), b""):
                self._take_line(raw)

    def _take_line(self, raw: bytes) -> None:
        line = raw.decode(errors="replace").rstrip()
        if " INITED " in line:
            self.progress.startup_s = time.monotonic() - self.begun
        self.last_lines = self.last_lines[-KEPT_LINES:] + [line[:500]]
        if match := STATUS_LINE.match(line):
            self._take_status(match)
        elif match := STATISTIC.match(line):
            if match[1] == "checked_operations":
                self.progress.checked_operations = int(match[2])
            elif match[1] == "number_of_executed_units":
                self.progress.runs = int(match[2])
        elif match := ARTEFACT.search(os.fsdecode(raw).rstrip("\n")):
            self.artefacts.append(Path(match[1]))
        elif DONE.match(line):
            self.came_to_end = True
        self.said_bug = self.said_bug or engine.REPORT.search(line) is not None

    def _take_status(self, match: re.Match) -> None:
        p = self.progress
        p.runs = int(match["runs"])
        p.edges = int(match["edges"] or p.edges)
        p.features = int(match["features"] or p.features)
        p.corpus = int(match["corpus"] or p.corpus)
        now = time.monotonic() - self.task.started
        if match["event"] == "NEW":
            p.discoveries[int(now)] += 1
        if now - self.last_sample >= 0.5:
            self.last_sample = now
            p.samples.append((round(now, 1), p.runs, p.features))
