"""Running one input on the library, and making it small."""
from __future__ import annotations

import resource
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools import FINDING_STATUS, Build, ToolError, identity_in, run

TIMEOUT_S = 3  # an input takes milliseconds
SLOW_S = 1.0
MEMORY_MB = 256
KILLED = (-signal.SIGKILL, -signal.SIGTERM)
"""How it ends when somebody else ends it: a machine without memory, or one that goes down. No bug of the
library's does, so it is tried again."""
MOST_TRIES = 5
LIMITS = [f"{name}_OPTIONS=hard_rss_limit_mb={MEMORY_MB}" for name in ("ASAN", "MSAN")]
"""An input that takes more is a finding of its own: the library allocates nothing."""


@dataclass
class Outcome:
    """What one input did."""
    identity: str  # '' if it ran clean
    report: str    # what the replay program said

    @property
    def found(self) -> bool:
        return self.identity != ""


def replay(build: Build, path: Path | None, *, text: bytes | None = None,
           harness: str | None = None, explain: bool = False, color: bool = False) -> Outcome:
    """Replay a file, or a text trace given as bytes."""
    command: list = ["env", *LIMITS, build.tool("procbuf-replay")]
    if harness:
        command += ["--harness", harness]
    command += ["--explain"] if explain else []
    command += ["--color"] if color else []
    for _ in range(MOST_TRIES):
        began = time.monotonic()
        try:
            done = run(command + ["-" if text is not None else path], stdin=text, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return Outcome("PROCBUF-BUG kind=hang check=replay-timeout op=unknown",
                           f"no end after {TIMEOUT_S} s")
        if done.returncode not in KILLED:
            break
    else:
        raise ToolError(f"the replay was killed {MOST_TRIES} times by another process (out of memory?)")
    identity = identity_in(done.stderr)
    if "hard rss limit exhausted" in done.stderr:
        return Outcome("PROCBUF-BUG kind=oom check=memory-limit op=unknown",
                       f"{done.stderr}\nmore than {MEMORY_MB} MiB were used")
    if done.returncode == FINDING_STATUS and identity:
        return Outcome(identity, done.stderr)
    if done.returncode == 0 and time.monotonic() - began > SLOW_S and _is_slow(command, path, text):
        return Outcome("PROCBUF-BUG kind=slow check=slow-input op=unknown",
                       f"{done.stderr}\nit took more than {SLOW_S} s of the processor")
    if done.returncode == 0:
        return Outcome("", done.stderr)
    if done.returncode < 0 or done.returncode == FINDING_STATUS:
        return Outcome(f"PROCBUF-BUG kind=crash check=status{done.returncode} op=unknown",
                       done.stderr)
    raise ToolError(done.stderr.strip() or f"the replay ended with status {done.returncode}")


def _is_slow(command: list, path: Path | None, text: bytes | None) -> bool:
    """Whether it takes so much of the processor, not of a machine that has other things to do."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(command + ["-" if text is not None else path], stdin=text, timeout=4 * TIMEOUT_S)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime > SLOW_S


def to_text(build: Build, path: Path, harness: str | None) -> str:
    """An input as a text trace."""
    if path.suffix == ".trace":
        try:
            return path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(f"{path}: {error}") from error
    command: list = [build.tool("procbuf-convert")]
    command += ["--harness", harness] if harness else []
    done = run(command + [path, "-"])
    if done.returncode != 0:
        raise ToolError(done.stderr.strip())
    return done.stdout


# ---- Making it small ----

@dataclass
class Minimised:
    """A smaller program with the same bug, and how far that got, in words."""
    text: str
    how_far: str


def minimize(build: Build, path: Path, harness: str | None = None, *, seconds: float = 60.0,
             out: Path | None = None) -> Minimised:
    """Drop and simplify operations while the bug stays the same. With `out`, the smallest so far is
    there, also when interrupted, and from there it goes on."""
    command: list = [build.tool("procbuf-minimize"), "--seconds", str(seconds)]
    command += ["--harness", harness] if harness else []
    with tempfile.TemporaryDirectory() as folder:
        target = out or Path(folder) / "small.trace"
        process = subprocess.Popen([str(word) for word in [*command, path, target]], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, start_new_session=True)
        try:
            said = process.communicate()[1].decode(errors="replace")
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)  # it keeps the smallest so far, and says so
            said = process.communicate()[1].decode(errors="replace")
        if process.returncode != 0:
            raise ToolError(said.strip() or f"{path}: the minimiser ended with status {process.returncode}")
        return Minimised(target.read_text(), said.splitlines()[-1])
