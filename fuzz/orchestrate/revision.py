"""What a finding may depend on: the revision, how the library differs from it, and the machine."""
from __future__ import annotations

import contextlib
import functools
import platform
import re
import subprocess
import tempfile
from pathlib import Path

from .tools import ROOT, ToolError, clang, run


@functools.cache
def git_revision() -> str:
    done = run(["git", "describe", "--always", "--dirty"], cwd=ROOT)
    return done.stdout.strip() or "unknown"


def _first_line(*command: str) -> str:
    with contextlib.suppress(OSError):
        done = run(list(command))
        line = ((done.stdout or done.stderr).strip().splitlines() or ["unknown"])[0]
        return re.sub(r"\x1b\[[\d;]*m", "", line)  # AFL++ colours its version
    return "not installed"


@functools.cache
def environment() -> dict[str, str]:
    """The system, and the tools that matter."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.platform())
    return {"system": system, "machine": platform.machine(), "kernel": platform.release(),
            "clang": _first_line(clang(), "--version"), "cmake": _first_line("cmake", "--version"),
            "afl": _first_line("afl-fuzz", "-V")}


def unpack_library(repository: Path, commit: str, folder: Path) -> None:
    """Put lib/ as it was at a commit into a folder."""
    archive = subprocess.run(["git", "archive", commit, "lib"], cwd=repository, capture_output=True, check=False)
    if archive.returncode != 0:
        raise ToolError(f"{commit}: {archive.stderr.decode(errors='replace').strip()}")
    done = run(["tar", "-x", "-C", folder], stdin=archive.stdout)
    if done.returncode != 0:
        raise ToolError(f"{commit}: lib cannot be unpacked: {done.stderr.strip()}")


@functools.cache
def library_patch(lib: Path) -> str:
    """What a library has that the revision's has not; '' when they are the same, or without git."""
    if run(["git", "rev-parse", "-q", "--verify", "HEAD:lib"], cwd=ROOT).returncode != 0:
        return ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a").mkdir()
        (folder / "b").mkdir()
        unpack_library(ROOT, "HEAD", folder / "a")
        (folder / "b/lib").symlink_to(lib)
        return run(["diff", "-ruN", "a/lib", "b/lib"], cwd=folder).stdout
