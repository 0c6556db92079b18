"""Running inputs on the library, and making them small."""
from __future__ import annotations

import contextlib
import os
import re
import resource
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .tools import FINDING_STATUS, Build, ToolError, dies_with_us, first_error, identity_in, run

LIMIT_S, SEQUENCE_LIMIT_S = 3, 30
"""Of the processor. An input takes milliseconds."""
TIMEOUT_S = 60
"""For a replay that sleeps, however busy the machine."""
SILENCE_S = 3
"""After which an input is looked at alone."""
SLOW_S = 1.0
MEMORY_MB = 256
INPUT_MOST_BYTES = 1 << 20
"""No engine makes longer ones, and a longer file is not an input."""
TEXT_MOST_BYTES = 16 << 20
BATCH = 1000
"""Files named in one command, so that the system takes it whatever their number."""
CONVERT_TIMEOUT_S = 60
KILLED = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
"""How it ends when something else ends it: a machine without memory, or one that goes down. No bug of the
library's does, so it is tried again."""
MOST_TRIES = 5
LIMITS = {f"{name}_OPTIONS": f"hard_rss_limit_mb={MEMORY_MB}" for name in ("ASAN", "MSAN")}
"""An input that takes more is a finding of its own: the library allocates nothing."""
TEXTS = (".trace", ".sequence")
MEMBERS = "trace 1"
"""The line that begins each member of a sequence."""


@dataclass
class Outcome:
    """What one input did."""
    identity: str  # '' if it ran clean
    report: str    # what the replay program said

    @property
    def found(self) -> bool:
        return self.identity != ""


def is_input(path: Path) -> str:
    """Why a file is not an input; '' if it is one."""
    if path.is_symlink() and not path.exists():
        return "a link to nothing"
    if path.is_dir():
        return "a folder"
    if not path.is_file():
        return "not a regular file"
    most = TEXT_MOST_BYTES if path.suffix in (*TEXTS, ".ring") else INPUT_MOST_BYTES
    size = path.stat().st_size
    return f"{size:,} bytes long: an input has at most {most:,}" if size > most else ""


def replay(build: Build, path: Path | None, *, text: bytes | None = None,
           harness: str | None = None, explain: bool = False, color: bool = False) -> Outcome:
    """Replay a file, or a text given as bytes: a trace, or a sequence, whose members run in one process."""
    command: list = [build.tool("procbuf-replay")]
    if harness:
        command += ["--harness", harness]
    command += ["--explain"] if explain else []
    command += ["--color"] if color else []
    command += ["--", "-" if text is not None else path]
    suffix = path.suffix if path is not None else suffix_of((text or b"").decode(errors="replace"))
    is_one = suffix not in (".sequence", ".ring")
    command[1:1] = ["--limit", LIMIT_S if is_one else SEQUENCE_LIMIT_S]
    for _ in range(MOST_TRIES):
        began = time.monotonic()
        try:
            done = run(command, stdin=text, timeout=TIMEOUT_S, environment=LIMITS)
        except subprocess.TimeoutExpired:
            return Outcome("PROCBUF-BUG kind=hang check=replay-timeout op=unknown", f"no end after {TIMEOUT_S} s")
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
    if done.returncode == 0 and is_one and time.monotonic() - began > SLOW_S and _is_slow(command, text):
        return Outcome("PROCBUF-BUG kind=slow check=slow-input op=unknown",
                       f"{done.stderr}\nit took more than {SLOW_S} s of the processor")
    if done.returncode == 0:
        return Outcome("", done.stderr)
    if done.returncode < 0 or done.returncode == FINDING_STATUS:
        build.harnesses()  # says so when the program does not even start
        return Outcome(f"PROCBUF-BUG kind=crash check=status{done.returncode} op=unknown",
                       done.stderr)
    raise ToolError(done.stderr.strip() or f"the replay ended with status {done.returncode}")


def _is_slow(command: list, text: bytes | None) -> bool:
    """Whether it takes so much of the processor, not of a machine that has other things to do."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with contextlib.suppress(subprocess.TimeoutExpired):
        run(command, stdin=text, timeout=TIMEOUT_S, environment=LIMITS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime > SLOW_S


# ---- Many in one process ----

@dataclass
class Stopped:
    """An input at which a replay of many came to an end."""
    path: Path
    before: list[Path]  # what had run in that process, in order
    report: str
    hung: bool


def run_all(build: Build, inputs: Sequence[Path], harness: str | None = None, *, options: Sequence[str] = (),
            environment: dict[str, str] | None = None, silence_s: float | None = None) -> Iterator[Stopped]:
    """Run inputs one after another, in as few processes as can be. One that ends its process, or says nothing for
    a while, keeps the others from nothing: they go on in another, once the caller has seen to it."""
    rest, kills = list(inputs), 0
    while rest:
        batch = rest[:BATCH]
        command = [build.tool("procbuf-replay"), "--verbose", *options, *(["--harness", harness] if harness else []),
                   "--expect", len(batch), "--", *batch]
        status, said, hung = _watched(command, silence_s or SILENCE_S, environment or {})
        if status == 0 and not hung:
            rest = rest[len(batch):]
            continue
        begun = _begun(said, batch)
        if status == 2 and not hung:
            raise ToolError(said.strip().splitlines()[-1] if said.strip() else "the replay ended with status 2")
        if not begun:
            how = f"it ended with status {status}" if status >= 0 else f"it was ended: {signal.strsignal(-status)}"
            raise ToolError(f"the replay ran no input: {first_error(said) if said.strip() else how}")
        if not hung and status in KILLED:
            rest, kills = rest[begun - 1:], kills + 1
            if kills == MOST_TRIES:
                raise ToolError(f"the replay was killed {kills} times by another process (out of memory?)")
            continue
        yield Stopped(batch[begun - 1], batch[:begun - 1], said, hung)
        rest, kills = rest[begun:], 0


def _begun(said: str, batch: list[Path]) -> int:
    """How many inputs had begun, by the lines that name them."""
    lines, begun = iter(said.splitlines()), 0
    while begun < len(batch) and f"# {os.fsencode(batch[begun]).decode(errors='replace')}" in lines:
        begun += 1
    return begun


def _watched(command: Sequence[object], silence_s: float, environment: dict[str, str]) -> tuple[int, str, bool]:
    """Run a program that says on standard error what it does, and end it when it says nothing more.
    Returns: its status, what it said, and whether it had to be ended."""
    said = bytearray()
    hung = False
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, env=os.environ | LIMITS | environment) as process, \
            selectors.DefaultSelector() as selector:
        assert process.stderr is not None
        try:
            selector.register(process.stderr, selectors.EVENT_READ)
            while selector.select(silence_s):
                more = os.read(process.stderr.fileno(), 65536)
                if not more:
                    break
                said += more
            else:
                hung = True
                process.kill()
            process.wait()
        except BaseException:
            process.kill()
            raise
    return process.returncode, said.decode(errors="replace"), hung


# ---- As text ----

def to_text(build: Build, path: Path, harness: str | None) -> str:
    """An input as text: a trace, or a sequence. Bytes that are not UTF-8, in comments, stay as they are."""
    if path.suffix in TEXTS:
        try:
            return path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")
        except OSError as error:
            raise ToolError(f"{path}: {error.strerror}") from error
    return _converted(build, [path], harness)


def is_readable(build: Build, text: Path) -> bool:
    """Whether a program as text can be read again. One that shows a bug of the testbed's own parser or printer cannot."""
    try:
        return bool(_converted(build, [text], None))
    except ToolError:
        return False


def _converted(build: Build, sources: Sequence[Path], harness: str | None) -> str:
    """Inputs, one after another, as text."""
    command: list = [build.tool("procbuf-convert"), *(["--harness", harness] if harness else []), "--", *sources]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "all.sequence"
        done = run([*command, target if len(sources) > 1 else "-"], timeout=CONVERT_TIMEOUT_S)
        if done.returncode != 0:
            raise ToolError(done.stderr.strip() or f"procbuf-convert ended with status {done.returncode}")
        return target.read_text(errors="surrogateescape") if len(sources) > 1 else done.stdout


def sequence_of(build: Build, sources: Sequence[Path], harness: str | None) -> str:
    """Inputs, or one ring, as the text of a sequence."""
    text = _converted(build, sources, harness)
    return text if text.startswith("sequence ") else f"sequence 1\n{text}"


def members_of(text: str) -> list[str]:
    """The traces of which a sequence is made; a trace is its only member."""
    parts = text.split(f"{MEMBERS}\n")
    return [f"{MEMBERS}\n{part}" for part in parts[1:]]


def text_of(members: list[str]) -> str:
    """Programs as one text: a sequence, or a trace if there is but one."""
    return "".join(["sequence 1\n", *members]) if len(members) > 1 else members[0]


def suffix_of(text: str) -> str:
    """The suffix that a file with this text must have: the first line that is not a comment decides."""
    return ".sequence" if re.match(r"(\s*#.*\n|\s*\n)*sequence ", text) else ".trace"


# ---- Making it small ----

@dataclass
class Minimised:
    """A smaller program with the same bug, and how far that got, in words."""
    text: str
    how_far: str


def _drop_members(build: Build, text: str, identity: str, seconds: float) -> Minimised:
    """Of a sequence whose bug the minimiser, which runs all in one process, does not see: as the process ends, say."""
    members = members_of(text)
    before, size, end = len(members), len(members) // 2, time.monotonic() + seconds
    while size and time.monotonic() < end:
        at = 0
        while at < len(members) and len(members) > 1 and time.monotonic() < end:
            fewer = members[:at] + members[at + size:]
            sequence = "".join(["sequence 1\n", *fewer]).encode(errors="surrogateescape")
            if fewer and replay(build, None, text=sequence).identity == identity:
                members = fewer
            else:
                at += size
        size //= 2
    return Minimised(text_of(members), f"minimised from {before} to {len(members)} programs, by leaving out whole ones")


def minimize(build: Build, path: Path, identity: str, *, seconds: float = 60.0, out: Path | None = None) -> Minimised:
    """Drop and simplify operations, of a sequence members first, while the bug stays the same. With `out`, the
    smallest so far is there, even when interrupted, and it goes on from there. A sequence of which one member is
    left is a trace."""
    command: list = [build.tool("procbuf-minimize"), "--seconds", seconds, "--"]
    with tempfile.TemporaryDirectory() as folder:
        target = out or Path(folder) / f"small{path.suffix if path.suffix in TEXTS else '.trace'}"
        process = subprocess.Popen(dies_with_us(*command, path, target), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   start_new_session=True)
        try:
            said = process.communicate(timeout=20 * seconds + 60)[1].decode(errors="replace")
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise ToolError(f"{path}: the minimiser did not end") from error
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)  # it keeps the smallest so far, and says so
            said = process.communicate()[1].decode(errors="replace")
        if process.returncode != 0 and path.suffix == ".sequence" and out is None:
            return _drop_members(build, to_text(build, path, None), identity, seconds)
        if process.returncode != 0:
            raise ToolError(said.strip() or f"{path}: the minimiser ended with status {process.returncode}")
        text = target.read_bytes().decode(errors="surrogateescape")
        if text.startswith("sequence ") and len(members_of(text)) == 1 and out is None:
            text = members_of(text)[0]
        return Minimised(text, (said.splitlines() or ["minimised"])[-1])
