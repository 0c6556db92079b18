"""The saved corpora as judge of mutants: model, access oracle, sanitizers, for some hundredths of a second each."""
from __future__ import annotations

import re
import resource
import signal
from pathlib import Path

from judge import HUNG_S, KILLED, SURVIVED, TIMEOUT, TRIES, Judge
from orchestrate import planted
from orchestrate.tools import ROOT, ToolError

INPUT = re.compile(r"^input: (.*), (?:member \d+ of \d+, )?operation \d+$", re.MULTILINE)


class Corpora(Judge):
    """Replays."""
    launcher = planted.NAME_STATE

    def __init__(self, built: Path):
        inputs = sorted((ROOT / "corpus").glob("*/*"), key=lambda path: (path.parent.name == "wide", path.stat().st_size))
        super().__init__("corpora", built, "fuzz/procbuf-replay", "lib_under_test.dir", [str(path.relative_to(ROOT)) for path in inputs])
        self.seconds = 0.0
        """Of the processor: what all inputs take, once it is measured."""

    def measure(self) -> None:
        """How much of the processor the library as it is takes, which has to pass."""
        if self.seconds:
            return
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        self.must_pass(self.built / self.program, self.likeliest.names)
        self.seconds = max(0.5, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)

    def run(self, program: Path, names: list[str], **environment: str) -> tuple[str, str]:
        """An input that takes as much of the processor as all do does not end, nor do some that take thrice as much."""
        seconds = self.seconds or HUNG_S
        command = [str(program), "--limit", f"{seconds:.1f}", "--expect", str(len(names)), *names]
        for _ in range(TRIES):
            done = self.limited(command, int(3 * seconds) + 1, environment)
            if done is None or "PROCBUF-BUG kind=hang" in done.stderr or done.returncode == -signal.SIGXCPU:
                return TIMEOUT, ""
            if done.returncode == 0:
                return SURVIVED, ""
            if "PROCBUF-BUG" in done.stderr:
                return KILLED, INPUT.findall(done.stderr)[-1] if INPUT.search(done.stderr) else ""
        raise ToolError(f"replay failed to run: status {done.returncode}: {done.stderr.strip()}")
