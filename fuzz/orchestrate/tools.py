"""What the commands share: where things are, how they are built, how the tools are run."""
from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "corpus"
MOST_MOMENTARY = 1 << 30


def _memory() -> str | None:
    """Containers have 64 MB of it, or none."""
    with contextlib.suppress(OSError):
        about = os.statvfs("/dev/shm")
        if os.access("/dev/shm", os.W_OK) and about.f_bavail * about.f_frsize >= MOST_MOMENTARY:
            return "/dev/shm"
    return None


MEMORY = _memory()
"""For what lasts moments, and is many files: a disk would be slower than who writes them."""
FINDING_STATUS = 77
IDENTITY = re.compile(r"^PROCBUF-BUG kind=[!-~]+ check=[!-~]+ op=[!-~]+$", re.MULTILINE)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal would obey, and what is not a character."""
COLOUR = re.compile("(\x1b\\[[0-9;]*m)")
TOOLS = ("procbuf-replay", "procbuf-convert", "procbuf-minimize", "procbuf-emit")
EVERYTHING = ("fuzz/all",)
"""What can be built of the testbed: the tools, or the fuzz targets too."""

CLEAN, FINDINGS, UNABLE = 0, 1, 2
"""Exit status of every command."""


class ToolError(Exception):
    """The tool cannot do its work: exit status 2, and this message."""


def shown(text: object, color: bool = False) -> str:
    """A text for people and their terminals: control characters, and bytes that are not UTF-8, as escapes; colours, if
    they are wanted, stay."""
    if color:
        return "".join(part if number % 2 else shown(part) for number, part in enumerate(COLOUR.split(str(text))))

    def escape(match: re.Match) -> str:
        code = ord(match[0])
        return f"\\x{code - 0xdc00:02x}" if 0xdc80 <= code <= 0xdcff else f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    return CONTROL.sub(escape, str(text))


def quoted(*words: object) -> str:
    """A command as one types it into a shell."""
    return shown(shlex.join(map(str, words)))


def describe(problem: BaseException) -> str:
    """Why a command ends, for its user."""
    if isinstance(problem, ToolError):
        return str(problem)
    if isinstance(problem, KeyboardInterrupt):
        return "interrupted"
    if isinstance(problem, OSError) and problem.strerror:
        where = f"{os.fsdecode(problem.filename)}: " if isinstance(problem.filename, (str, bytes)) else ""
        return f"{where}{problem.strerror}"
    if isinstance(problem, sqlite3.Error):
        return f"state.sqlite: {problem}"
    if isinstance(problem, subprocess.TimeoutExpired):
        return f"{quoted(*problem.cmd)[:200]}: no end after {problem.timeout:.0f} s"
    at = traceback.extract_tb(problem.__traceback__)[-1]
    return f"an internal error, {type(problem).__name__}: {problem} ({Path(at.filename).name}:{at.lineno})"


def is_full(problem: BaseException) -> bool:
    """Whether it says that the disk is full."""
    cause = problem.__cause__ if isinstance(problem, ToolError) else problem
    return (isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            or isinstance(cause, sqlite3.Error) and "full" in str(cause))


TOLD_TO_SANITIZERS = re.compile("SAN_OPTIONS$")


def _settle_environment() -> None:
    """Let nothing outside decide what a bug is, or keep git from reading a checkout of another user, whose code we run anyway: as in a
    container."""
    for variable in filter(TOLD_TO_SANITIZERS.search, list(os.environ)):
        del os.environ[variable]  # one could say that a finding ends with status 0, or is reported elsewhere
    given = os.environ.get("GIT_CONFIG_COUNT", "0")
    if given.isdigit():  # else git says what is wrong with it
        os.environ.update({"GIT_CONFIG_COUNT": str(int(given) + 1), f"GIT_CONFIG_KEY_{given}": "safe.directory", f"GIT_CONFIG_VALUE_{given}": str(ROOT)})


def front_door(name: str, main: Callable[[], int]) -> None:
    """Run a command, and end with a status that is documented and a line that says why, whatever happens."""
    with contextlib.suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) < 3:
            pass  # else the next file that is opened would be taken for a standard one
        os.close(number)
    sys.stderr = sys.stderr or open(os.devnull, "w")
    _settle_environment()
    status: int | str | None = UNABLE
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)  # as Ctrl-C: what was begun is ended, and files are removed
    try:
        if sys.stdout is None:
            raise ToolError("standard output is closed")
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]
        try:
            status = main()
        except SystemExit as end:
            status = end.code
        sys.stdout.flush()
    except BaseException as problem:  # pylint: disable=broad-exception-caught
        status = UNABLE
        with contextlib.suppress(OSError, ValueError):
            print(shown(f"{name}: {describe(problem)}"), file=sys.stderr, flush=True)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        sys.exit(status)
    os._exit(status if isinstance(status, int) and status else UNABLE)  # what cannot be written is not tried again


def run(command: Sequence[object], *, timeout: float | None = None, stdin: bytes | None = None,
        cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with more of an environment. Output is bytes made text; odd bytes are replaced."""
    done = subprocess.run([str(word) for word in command], capture_output=True, input=stdin, cwd=cwd,
                          timeout=timeout, check=False, env=os.environ | (environment or {}))
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(errors="replace"),
                                       done.stderr.decode(errors="replace"))


@functools.cache
def emulator_of_i386() -> list[str]:
    """What runs a program for i386: nothing more, or qemu-i386, since some kernels, and those of some virtual machines, have
    no mode for it. Where there is no C library for such programs, building them says it."""
    try:
        subprocess.run(["/lib/ld-linux.so.2", "--version"], capture_output=True, check=False)
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            return ["qemu-i386"]
    return []


def dies_with_us(*command: object) -> list[str]:
    """A command, so that a campaign that is killed leaves no fuzzer running, and no minimiser: a process that was killed before the kernel knew
    of that wish is no longer the parent, and nothing is run."""
    return ["setpriv", "--pdeathsig", "KILL", "--", "/bin/sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid()),
            *map(str, command)]


@dataclass
class Build:
    """A built testbed."""
    folder: Path
    lib: Path
    preset: str = "fuzz"

    def tool(self, name: str) -> Path:
        return self.folder / "fuzz" / name

    def harnesses(self) -> dict[str, str]:
        """Name to one line about it, as the replay program lists them."""
        done = run([self.tool("procbuf-replay"), "--list"], timeout=60)
        if done.returncode != 0:
            raise ToolError(f"{self.tool('procbuf-replay')} does not start: {first_error(done.stderr)}")
        return dict(line.split("\t", 1) for line in done.stdout.splitlines())


def clang() -> str:
    """The compiler of the testbed: see fuzz/setup/clang.cmake."""
    listed = re.search(r"^set\(names (.*)\)$", (ROOT / "fuzz/setup/clang.cmake").read_text(), re.MULTILINE)
    assert listed is not None
    names = [os.environ["PROCBUF_CLANG"]] if "PROCBUF_CLANG" in os.environ else listed[1].split()
    return next(filter(shutil.which, names), names[0])


def llvm(tool: str) -> str:
    """A tool of the compiler's release."""
    folder, name = os.path.split(clang())
    return os.path.join(folder, name.replace("clang", tool, 1))


def need(program: str, which: str = "") -> None:
    """`which` packages have it: those of an option of fuzz/setup/install."""
    if shutil.which(program) is None:
        raise ToolError(f"{program} is missing: run fuzz/setup/install{which}")


def output_of(*command: object) -> str:
    """What a command of the tests prints. Raises ToolError if it fails, or is not there."""
    need(str(command[0]), " --all")
    done = run(command)
    if done.returncode != 0:
        raise ToolError(f"{quoted(*command)}:\n{done.stderr[-2000:]}")
    return done.stdout


@functools.cache
def set_up() -> None:
    """Install what is missing, where that can be done; it is said where not, and whoever needs it stops there."""
    sys.stdout.flush()
    subprocess.run([ROOT / "fuzz/setup/install", "--fuzz"], check=False)
    importlib.invalidate_caches()
    for module in ("jinja2", "rich"):
        if importlib.util.find_spec(module) is None:
            raise ToolError(f"python3-{module} is missing: run fuzz/setup/install")


def find_lib(argument: str | None) -> Path:
    """The library under test: ours, or the folder that --lib names."""
    if argument is None:
        return ROOT / "lib"
    lib = Path(argument).resolve()
    if not list(lib.glob("src/*.c")) or not (lib / "include").is_dir():
        raise ToolError(f"--lib {argument}: not a library: it needs src/*.c and include/")
    if odd := re.search("[;%\\\\\n\ud800-\udfff]", str(lib)):
        raise ToolError(f"--lib {argument}: CMake cannot build in a folder with {shown(odd[0])!r} in its name: copy it elsewhere")
    return lib


def build(preset: str, lib: Path, say=print, targets: Sequence[str] = TOOLS) -> Build:
    """Configure a preset where that is to be done, and build targets of it. Another lib has a folder of its own."""
    own = lib == ROOT / "lib"
    folder = ROOT / "build" / (preset if own else f"{preset}-{hashlib.sha1(os.fsencode(lib)).hexdigest()[:10]}")
    if not _is_configured(folder):
        set_up()
    for program in ("cmake", "ninja", clang()):
        need(program)
    say(f"building {folder.relative_to(ROOT)}")
    return _built(Build(folder, lib, preset), preset, targets)


def build_with(name: str, options: list[str], lib: Path, *targets: str, preset: str = "fuzz") -> Build:
    """Configure a preset with more options of CMake, and build targets if there are any, in build/NAME. Asked again with
    another library, it is built again there."""
    return _built(Build(ROOT / "build" / name, lib), preset, targets, options)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Two commands at once may want the same build."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".procbuf-lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _built(built: Build, preset: str, targets: Sequence[str], options: list[str] | None = None) -> Build:
    """Quietly, unless it fails; configured each time with options, once without."""
    folder = built.folder
    with alone_in(folder):
        commands: list[list[object]] = [["cmake", "--build", folder, "--target", *targets]] if targets else []
        if options is not None or not _is_configured(folder):
            commands.insert(0, ["cmake", "-S", ROOT, "--preset", preset, "-B", folder, f"-DPROCBUF_LIB_DIR={built.lib}",
                                *(options or [])])
        for command in commands:
            done = run(command, cwd=ROOT)
            if done.returncode != 0:
                lines = (done.stderr + done.stdout).splitlines()
                first = next((line.strip() for line in lines if "rror" in line), "see cmake")
                raise ToolError(f"the build is broken: {folder.relative_to(ROOT)}: {first}\n" + "\n".join(lines[-40:]))
    return built


def _is_configured(folder: Path) -> bool:
    """Whether only ninja needs to look: it configures again by itself when CMakeLists.txt change."""
    try:
        configured = (folder / "build.ninja").stat().st_mtime
        return configured > (ROOT / "CMakePresets.json").stat().st_mtime
    except OSError:
        return False


def first_error(text: str) -> str:
    """The most telling line of a program's output."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if re.search("error|failed|cannot", line, re.IGNORECASE)),
                lines[-1] if lines else "it did not say why")


def identity_in(text: str) -> str:
    """The identity line of a report, or ''."""
    found = IDENTITY.findall(text)
    return found[-1] if found else ""


def slug(identity: str) -> str:
    """An identity as a name for files."""
    words = [word.split("=", 1)[1] for word in identity.split()[1:]]
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", "--".join(words)) or "unidentified"


def named(text: str) -> str:
    """A file or folder of a command line: an empty name is a variable that was not set."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name")
    return text


def to_write(text: str) -> str:
    """A file of a command line that is written, and replaces one that is there, but no device, link or folder."""
    if os.path.lexists(named(text)) and not stat.S_ISREG(os.lstat(text).st_mode):
        raise argparse.ArgumentTypeError(f"{text!r} is there, and is not a regular file")
    return text


def write_whole(path: Path, text: str | bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_bytes(text.encode(errors="backslashreplace") if isinstance(text, str) else text)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise ToolError(f"cannot write {path}: {error.strerror}") from error


def lines_of(path: Path) -> list[str]:
    """Of a list: without comments."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


@contextlib.contextmanager
def as_file(content: str | bytes, suffix: str = "") -> Iterator[Path]:
    """A file that has it, for as long as that is needed."""
    with tempfile.NamedTemporaryFile(prefix="procbuf-", suffix=suffix) as file:
        file.write(content.encode(errors="surrogateescape") if isinstance(content, str) else content)
        file.flush()
        yield Path(file.name)


def put_in_place(work: Path, final: Path) -> None:
    """A folder takes the place of another, which is .NAME.old in between: who is killed there has lost nothing."""
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    work.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def write_json(path: Path, data) -> None:
    write_whole(path, json.dumps(data, indent=2, sort_keys=True) + "\n")
