"""Where builds for other machines run, and how."""
import os
import re
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrate.builds import BUILDS, MACHINES, Preset
from orchestrate.tools import ROOT, build_with, emulator_of_i386

SEMIHOSTING = ["qemu-system-arm", "-M", "mps2-an385", "-display", "none", "-monitor", "none",
               "-serial", "none", "-semihosting-config", "enable=on,target=native", "-kernel"]


@dataclass
class How:
    """What a build needs to run where it is for."""
    runner: list[str] = field(default_factory=list)
    bare: bool = False          # no arguments: a program of its own replays what a file lists
    small: bool = False         # large traces do not fit
    tries: int = 1              # how often to run what could not map its memory
    differs: set[str] = field(default_factory=set) # operations whose results must differ there
    options: list[str] = field(default_factory=list) # what its preset does not say


# ASan's shadow memory does not fit into the emulator's. As on Arm, gcc instruments each access.
EMULATOR = emulator_of_i386()
I386 = How(EMULATOR, options=["-DCMAKE_C_COMPILER=gcc", "-DPROCBUF_HOOKS=tsan"]) if EMULATOR else How()
HOW = {
    "i386": I386,
    # The last pages that a 32-bit process can have, so that sums wrap after its memory. The stack
    # begins near there, at random, and may be in the way.
    "i386_top": replace(I386, tries=20, small=True, differs={
        # Lengths counted from there to null are short, and half the address space wraps.
        "allow_userspace_readable p0 v0 FAIL p0.ram+4 until rw2.end-3",
        "allow_readonly p0 v0 0 p0.ram+8 until rw2.start+392",
        "create p1.ram_end+300 64 8 p1.ram_end+400 half 1 0 stop"}),
    "armhf": How(["qemu-arm"]),
    "s390x": How(["qemu-s390x"]),
    "cortex_m3": How(SEMIHOSTING, bare=True, small=True),
}
"""Of those that do not simply run here."""

EVERYTHING = BUILDS | MACHINES


def run(*command, cwd=None) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=cwd)


def build_there(preset: Preset, how: How, *targets: str) -> Path:
    """Build targets of a preset for where they run. Returns: the folder."""
    name = f"matrix-{preset.name}{'-emulated' if how.options else ''}"
    return build_with(name, ["-DPROCBUF_ALL_TESTS=ON", *how.options], ROOT / "lib", *targets, preset=preset.name).folder


def run_there(how: How, *command, cwd=None) -> subprocess.CompletedProcess:
    for _ in range(how.tries):
        done = run(*how.runner, *command, cwd=cwd)
        if done.returncode != 2 or "cannot map" not in done.stderr:
            break
    return done


def is_large(path: Path) -> bool:
    """Whether a process of the trace is large (fuzz/TRACE.md)."""
    sizes = re.findall(r"^process.*?\b(ram|flash)=(\d+)", path.read_text(), re.MULTILINE)
    return any(int(size) > {"ram": 1024, "flash": 512}[name] for name, size in sizes)


def replay_there(how: How, folder: Path, inputs: list[Path], large: bool) -> subprocess.CompletedProcess:
    names = [os.path.relpath(path, ROOT) for path in inputs]
    if not how.bare:  # hostile userspaces of large traces take minutes under emulation
        return run_there(how, folder / "fuzz/procbuf-replay", "--results", "--verbose",
                         *([] if large else ["--hostile"]), *names, cwd=ROOT)
    # Paths are short, and next to the list: semihosting opens them in the current folder.
    link = folder / "corpus"
    if not link.exists():
        link.symlink_to(ROOT / "corpus")
    (folder / "inputs").write_text("\n".join(names) + "\n")
    return run_there(how, folder / "tests/other_machines/bare", cwd=folder)
