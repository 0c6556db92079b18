"""Running one input on the library, and making it small."""
from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools import FINDING_STATUS, Build, ToolError, identity_in, run

TIMEOUT_S = 3  # an input takes milliseconds


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
    command: list = [build.tool("procbuf-replay")]
    if harness:
        command += ["--harness", harness]
    command += ["--explain"] if explain else []
    command += ["--color"] if color else []
    try:
        done = run(command + ["-" if text is not None else path], stdin=text, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return Outcome("PROCBUF-BUG kind=hang check=replay-timeout op=unknown",
                       f"no end after {TIMEOUT_S} s")
    identity = identity_in(done.stderr)
    if done.returncode == FINDING_STATUS and identity:
        return Outcome(identity, done.stderr)
    if done.returncode == 0:
        return Outcome("", done.stderr)
    if done.returncode < 0 or done.returncode == FINDING_STATUS:
        return Outcome(f"PROCBUF-BUG kind=crash check=status{done.returncode} op=unknown",
                       done.stderr)
    raise ToolError(done.stderr.strip() or f"the replay ended with status {done.returncode}")


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

def _is_head(line: str) -> bool:
    return line.startswith("trace ")


def _block_end(lines: list[str], at: int) -> int:
    """The line of the '}' that ends the block that line `at` opens."""
    depth = 0
    for k in range(at, len(lines)):
        depth += lines[k].rstrip().endswith("{")
        depth -= lines[k].strip() == "}"
        if depth == 0:
            return k
    return len(lines) - 1


def _candidates(lines: list[str]):
    """Smaller programs: without a run of lines, without a block, without its brackets."""
    size = len(lines) // 2
    while size >= 1:
        for start in range(len(lines) - size, 0, -size):
            part = lines[start:start + size]
            opened = sum(line.rstrip().endswith("{") for line in part)
            closed = sum(line.strip() == "}" for line in part)
            if opened == closed:
                yield lines[:start] + lines[start + size:]
        size //= 2
    for at, line in enumerate(lines):
        if line.rstrip().endswith("{"):
            end = _block_end(lines, at)
            yield lines[:at] + lines[end + 1:]
            yield lines[:at] + lines[at + 1:end] + lines[end + 1:]


def minimize(build: Build, text: str, identity: str, *, most_runs: int = 600) -> tuple[str, int]:
    """Drop operations while the identity of the bug stays. Returns: the smallest text, the runs."""
    lines = [line for line in text.splitlines() if line.split("#")[0].strip()]
    runs = 0
    smaller = True
    while smaller and runs < most_runs:
        smaller = False
        for candidate in _candidates(lines):
            if len(candidate) >= len(lines) or not candidate or not _is_head(candidate[0]):
                continue
            runs += 1
            try:
                outcome = replay(build, None, text="\n".join(candidate).encode() + b"\n")
            except ToolError:
                continue  # brackets that no longer match
            if outcome.identity == identity:
                lines = candidate
                smaller = True
                break
            if runs >= most_runs:
                break
    return "\n".join(lines) + "\n", runs
