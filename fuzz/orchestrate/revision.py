"""What a finding may depend on: the revision, how the library differs from it, and the machine."""
from __future__ import annotations

import contextlib
import functools
import platform
import re
import subprocess
import tempfile
from pathlib import Path

from .tools import ROOT, clang, run


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


@functools.cache
def library_patch(lib: Path) -> str:
    """What a library has that the revision's has not; '' when they are the same, or without git."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = subprocess.run(["git", "archive", "HEAD", "lib"], cwd=ROOT, capture_output=True, check=False)
        if archive.returncode != 0:
            return ""
        (folder / "a").mkdir()
        (folder / "b").mkdir()
        subprocess.run(["tar", "-x", "-C", folder / "a"], input=archive.stdout, check=True)
        (folder / "b/lib").symlink_to(lib)
        return run(["diff", "-ruN", "a/lib", "b/lib"], cwd=folder).stdout
