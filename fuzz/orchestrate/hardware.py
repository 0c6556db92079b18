"""The kernel of tests/kernel under QEMU, with the protection on: build it, run programs there, and read what it says."""
from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from .tools import ROOT, ToolError, alone_in, clang, first_error, identity_in, llvm, run, shown

KERNEL = ROOT / "tests/kernel"

SHIPPED = ["-std=gnu11", "-ffreestanding", "-ffunction-sections", "-fdata-sections", "-fno-pic", "-fno-stack-protector",
           "-fno-asynchronous-unwind-tables"]
LIMITS = ["-DPORT_PROCESS_COUNT=262", "-DPORT_MOST_WINDOWS=64"]
"""A large trace has a large table, and many open windows."""
LIMITS_TIMED = ["-DPORT_PROCESS_COUNT=8", "-DPORT_MOST_WINDOWS=16"]
"""What ports have by themselves."""

TESTBED = ["trace/binary.c", "trace/print.c", "trace/trace.c", "oracle/arena.c", "oracle/bug.c", "oracle/oracle.c",
           "oracle/watched.c", "model/*.c", "machine/*.c"]
KERNEL_TESTBED = ["testbed/programs.c", "testbed/probes.c", "testbed/libc.c", "testbed/user.S"]
KERNEL_TIMED = ["testbed/timed.c", "testbed/libc.c", "testbed/user.S"]
LEFT_OUT = {"behaviours.c", "explain.c", "statistics.c", "worlds.c"}
HOOKS = {"user_access_open": "open", "user_access_close": "close", "protect_memory": "protect", "barrier": "barrier",
         "panic": "panic"}
WRAPPED = ["oracle_call_begin", "oracle_call_end", "oracle_call_pause", "oracle_call_resume", "world_show_user_write",
           "arena_user_stores", *[f"procbuf_port_{hook}" for hook in HOOKS if hook != "panic"],
           *[f"procbuf_process_{call}" for call in ("brk", "sbrk", "memop_brk", "memop_sbrk", "allow_readonly",
                                                    "allow_readwrite", "terminate", "restart", "fault")]]


@dataclass(frozen=True)
class Machine:
    """What a board needs to be built for, and to run."""
    what: str
    port: str
    granule: int
    compiler: list[str]
    boards: list[str]
    places: dict[str, int]
    qemu: list[str]
    linker: list[str] = field(default_factory=list)
    eighths: bool = False       # of blocks, which are powers of two
    passes: int = 0
    room: int = 1 << 20         # for the programs
    native: bool = False        # pairs are as wide as here


CORTEX_M = ["cortex_m.c", "cortex_m.S", "semihosting.c"]
CORTEX_M_COMPILER = ["arm-none-eabi-gcc", "-mfloat-abi=soft", "-mthumb", "-mno-unaligned-access", "-fno-tree-loop-distribute-patterns"]
RISCV_BOARD = ["riscv.c", "riscv.S", "semihosting.c"]
SEMIHOSTING = ["-semihosting-config", "enable=on,target=native"]

RISCV = ["riscv64-unknown-elf-gcc", "-DPORT_HAS_SUPERVISOR=0", "-mno-relax", "-fno-tree-loop-distribute-patterns"]
VIRT = {"code_at": 0x80000000, "data_at": 0x80100000, "arena": 0x82000000, "board_programs": 0x83000000}

MACHINES = {
    "armv7m": Machine(
        "Armv7-M MPU, Cortex-M3 (mps2-an385)", "armv7m_mpu.c", 32,
        [*CORTEX_M_COMPILER, "-mcpu=cortex-m3"],
        ["armv7m.c", *CORTEX_M],
        {"code_at": 0, "user_at": 0x80000, "data_at": 0x21000000, "board_programs": 0x20200000, "arena": 0x20000000},
        ["qemu-system-arm", "-M", "mps2-an385", *SEMIHOSTING], ["-lgcc"], eighths=True),
    "armv8m": Machine(
        "Armv8-M MPU, Cortex-M33 (mps2-an505)", "armv8m_mpu.c", 32,
        [*CORTEX_M_COMPILER, "-mcpu=cortex-m33"],
        ["armv8m.c", *CORTEX_M],
        {"code_at": 0x10000000, "user_at": 0x10080000, "data_at": 0x80000000, "board_programs": 0x38200000, "arena": 0x38000000},
        ["qemu-system-arm", "-M", "mps2-an505", *SEMIHOSTING], ["-lgcc"]),
    "riscv32": Machine(
        "RISC-V ePMP, 32 bits (virt)", "riscv_pmp.c", 4,
        [*RISCV, "-march=rv32imac_zicsr", "-mabi=ilp32"], RISCV_BOARD, VIRT,
        ["qemu-system-riscv32", "-M", "virt", "-cpu", "rv32,x-epmp=true,s=false,h=false", "-bios", "none", *SEMIHOSTING],
        ["-Wl,--no-relax", "-march=rv32imac", "-lgcc"]),
    "riscv64": Machine(
        "RISC-V ePMP, 64 bits (virt)", "riscv_pmp.c", 8,
        [*RISCV, "-march=rv64imac_zicsr", "-mabi=lp64", "-mcmodel=medany"], RISCV_BOARD, VIRT,
        ["qemu-system-riscv64", "-M", "virt", "-cpu", "rv64,x-epmp=true,s=false,h=false", "-bios", "none", *SEMIHOSTING],
        ["-Wl,--no-relax", "-march=rv64imac", "-lgcc"], native=True),
    "x86": Machine(
        "x86-64 SMAP and SMEP (pc)", "x86_smap.c", 4096,
        ["gcc", "-m64", "-mcmodel=small", "-mno-red-zone", "-mgeneral-regs-only", "-fcf-protection=none",
         "-fno-tree-loop-distribute-patterns"],
        ["x86.c", "x86.S"], {"code_at": 0x100000, "arena": 0x4000000, "user_at": 0x4180000, "data_at": 0x400000,
                    "board_programs": 0x7000000},
        ["qemu-system-x86_64", "-M", "pc", "-cpu", "qemu64,+smap,+smep", "-accel", "tcg", "-m", "128", "-nodefaults", "-no-reboot",
         "-debugcon", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
        ["-no-pie", "-Wl,-n", "-lgcc"], passes=33, native=True),
    "aarch64": Machine(
        "AArch64 PAN, Cortex-A76 (virt)", "aarch64_pan.c", 4096,
        [clang(), "--target=aarch64-none-elf", "-march=armv8.1-a", "-mgeneral-regs-only", "-mstrict-align"],
        ["aarch64.c", "aarch64.S", "semihosting.c"], {"code_at": 0x40100000, "arena": 0x44000000, "user_at": 0x44180000, "data_at": 0x40400000,
                        "board_programs": 0x47000000},
        ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a76", "-m", "128", *SEMIHOSTING],
        ["-fuse-ld=" + llvm("lld"), "-Wl,--no-rosegment", "-Wl,-z,max-page-size=4096"], native=True),
}


@dataclass
class Answer:
    """What the hardware said to programs: results by program, what it printed last, its counts ({} if it did not end well)."""
    status: int
    results: list[list[str]]
    said: str
    counts: dict[str, int]
    seconds: float


def _sources(machine: Machine, lib: Path, ports: Path, kernel: Path, timed: bool) -> dict[str, tuple[Path, list[str]]]:
    """Each object's source, and flags of its own."""
    limits = LIMITS_TIMED if timed else LIMITS
    headers = [f"-I{KERNEL / 'testbed/include'}", f"-I{lib / 'include'}"]
    fuzz = ROOT / "fuzz"
    folders = [f"-I{fuzz / name}" for name in ("trace", "oracle", "model", "machine", "tools", "harness")]
    base = f"0x{machine.places['arena']:x}"
    testbed = ["-O2", "-w", *headers, *folders, f"-DARENA_BASE=(uintptr_t){base}u", "-U__unix__", *limits]
    found = {}
    for pattern in () if timed else TESTBED:
        for source in sorted(fuzz.glob(pattern)):
            if source.name not in LEFT_OUT:
                found[f"testbed-{source.stem}"] = (source, testbed)
    if not timed:
        source, flags = found["testbed-port"]
        found["testbed-port"] = (source, flags + [f"-Dprocbuf_port_{hook}=testbed_{name}" for hook, name in HOOKS.items()])
    for source in sorted((lib / "src").glob("*.c")):
        found[f"lib-{source.stem}"] = (source, ["-O2" if timed else "-Os", "-Wall", "-Wextra", *headers])
    found["port"] = (ports / machine.port, ["-O2" if timed else "-Os", "-Wall", "-Wextra", *headers, *limits])
    for name in ("kernel.c", *machine.boards, *(KERNEL_TIMED if timed else KERNEL_TESTBED)):
        found[f"kernel-{Path(name).name}"] = (kernel / name, [*testbed, "-Wall", "-Wextra", "-fno-builtin", "-Wno-format", f"-I{kernel}"])
    return found


def _stamp(machine: Machine, rows: dict[str, tuple[Path, list[str]]], lib: Path) -> str:
    """What a kernel is made of."""
    made = hashlib.sha1(repr((machine, rows)).encode())
    folders = [lib, ROOT / "lib/ports", KERNEL, *(ROOT / "fuzz" / name for name in ("trace", "oracle", "model", "machine", "tools", "harness"))]
    for path in sorted({path for folder in folders for suffix in ("c", "h", "S", "ld", "def") for path in folder.rglob(f"*.{suffix}")}):
        made.update(path.read_bytes())
    return made.hexdigest()


def missing(name: str) -> str:
    """The first program that is not there of those that a machine needs."""
    machine = MACHINES[name]
    return next((program for program in (machine.qemu[0], machine.compiler[0]) if shutil.which(program) is None), "")


def build(name: str, folder: Path, *, lib: Path = ROOT / "lib", ports: Path = ROOT / "lib/ports", kernel: Path = KERNEL,
          rest: Path | None = None, changed: str = "", timed: bool = False) -> Path:
    """The kernel for a machine, of a library and a port, in a folder; nothing to do if it is there. If only one file has
    changed, the rest was built in a folder before. With `timed`, it only makes system calls. Returns: the program."""
    machine = MACHINES[name]
    if shutil.which(machine.compiler[0]) is None:
        raise ToolError(f"{machine.compiler[0]} is missing: run fuzz/setup/install --all")
    folder.mkdir(parents=True, exist_ok=True)
    rows = _sources(machine, lib, ports, kernel, timed)
    program, stamp, made = folder / "kernel.elf", folder / "stamp", _stamp(machine, rows, lib)
    if rest is None and stamp.exists() and stamp.read_text() == made:
        return program
    stamp.unlink(missing_ok=True)
    ccache = ["ccache"] if shutil.which("ccache") else []

    def compile_one(row: tuple[str, tuple[Path, list[str]]]) -> str:
        target, (source, flags) = row
        done = subprocess.run([*ccache, *machine.compiler, *SHIPPED, *flags, "-c", str(source), "-o", str(folder / f"{target}.o")],
                              capture_output=True, text=True, check=False)
        return f"{done.stderr}" if done.returncode != 0 else ""

    own = {target: row for target, row in rows.items()
           if rest is None or row[0].name == changed or f'"{changed}"' in row[0].read_text()}
    with ThreadPoolExecutor(2) as pool:
        broken = [text for text in pool.map(compile_one, own.items()) if text]
    if broken:
        raise ToolError(f"the kernel for {name} does not compile:\n{broken[0][-3000:]}")
    places = machine.places
    numbers = {"code_at": places["code_at"], "data_at": places["data_at"],
               **{key: places[key] for key in ("board_programs", "user_at") if key in places}}
    done = subprocess.run(
        [*machine.compiler, "-nostdlib", "-static", "-Wl,--gc-sections", "-Wl,--build-id=none",
         *[f"-Wl,--wrap={symbol}" for symbol in WRAPPED if not timed], *[f"-Wl,--defsym={key}=0x{value:x}" for key, value in numbers.items()],
         "-T", str(kernel / "kernel.ld"), *[str((folder if target in own or rest is None else rest) / f"{target}.o") for target in rows], *machine.linker, "-o", str(program)],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolError(f"the kernel for {name} does not link:\n{done.stderr[-3000:]}")
    if rest is None:
        stamp.write_text(made)
    return program


def put_programs(built: Path, inputs: list[Path], out: Path) -> None:
    """Write programs, a trace each, as a machine takes them."""
    done = run([built / "fuzz/procbuf-convert", *inputs, out])
    if done.returncode != 0:
        raise ToolError(done.stderr.strip())


def by_program(text: str) -> list[list[str]]:
    """Results, of which each program's begin with a line "# …"."""
    results: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("# "):
            results.append([])
        elif results and not line.startswith("= "):
            results[-1].append(line)
    return results


def predicted(name: str, built: Path, inputs: list[Path]) -> list[list[str] | str]:
    """What the model says that a machine answers to programs; what is said of one that breaks here, in the library or in
    the model, with the machine's granules."""
    machine = MACHINES[name]
    unit = ["--granule", machine.granule, *(["--eighths"] if machine.eighths else [])]
    command = [built / "fuzz/procbuf-replay", *unit, "--rules-only", "--results", "--verbose"]
    done = run([*command, *inputs])
    if done.returncode == 0:
        return list(by_program(done.stdout))
    answers: list[list[str] | str] = []
    for path in inputs:
        done = run([*command, path])
        answers.append(by_program(done.stdout)[0] if done.returncode == 0 else done.stderr)
    return answers


PLACED = re.compile(r" *create .*\b(half|w31|w32|[0-9]+/65536)\b")
"""A region that begins or ends far away holds the machine's memory, or not: that depends on where it is."""


def difference(name: str, text: str, model: list[str], there: list[str]) -> tuple[str, str] | None:
    """Results of a program by the model and on a machine, where they first differ."""
    if not MACHINES[name].native and is_native(text):
        return None
    for a, b in zip(model, there):
        if a != b:
            return None if PLACED.match(a) else (a, b)
    return None if len(model) == len(there) else (f"{len(model)} lines", f"{len(there)} lines")


def is_native(text: str) -> bool:
    """Whether what a program answers depends on the target: pairs are as wide as an address, and not all counts of slots
    have room."""
    return re.search(r"^ *(\w*_vector|put_pair|pair) |^ *widen .*\n *grant_len ", text, re.MULTILINE) is not None


def boot(name: str, program: Path, programs: Path, timeout: float = 600) -> Answer:
    """Run programs, an image, on a machine."""
    machine = MACHINES[name]
    if shutil.which(machine.qemu[0]) is None:
        raise ToolError(f"{machine.qemu[0]} is missing: run fuzz/setup/install --all")
    if programs.stat().st_size > machine.room:
        raise ToolError(f"too large for {machine.what}: {programs.stat().st_size} bytes of programs, and room for {machine.room}")
    command = [*machine.qemu, "-display", "none", "-monitor", "none", "-serial", "none", "-kernel", str(program), "-device",
               f"loader,file={programs},addr=0x{machine.places['board_programs']:x},force-raw=on"]
    before = os.times()
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as expired:
        return Answer(-1, [], (expired.stdout or b"").decode(errors="replace")[-2000:] + f"\nno end after {timeout:.0f} s", {}, timeout)
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    text = done.stdout.decode(errors="replace")
    if unable := re.search(r"^unable: (.*)$", text, re.MULTILINE):
        raise ToolError(f"{name}: {unable[1]}")
    if not text and done.returncode != machine.passes:
        why = first_error(done.stderr.decode(errors="replace"))
        raise ToolError(f"{name}: the kernel does not start there (status {done.returncode}): {why}")
    last = re.search(r"^= (.*)$", text, re.MULTILINE)
    words = last[1].split() if last and done.returncode == machine.passes else []
    return Answer(done.returncode, by_program(text), text[-3000:] + done.stderr.decode(errors="replace"),
                  {key: int(value) for key, value in zip(words[::2], words[1::2])}, seconds)


def members(text: str) -> list[str]:
    """The programs of a text: of a sequence, each of its members."""
    parts = re.split(r"^(?=trace )", text, flags=re.MULTILINE)
    return parts[1:]


@dataclass
class Wrong:
    """A program of which the hardware says something else than the model."""
    text: str
    identity: str
    said: str


@dataclass
class Judged:
    """What a machine said to programs: each that it disagrees on, its counts, seconds of the processor."""
    programs: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    lines: list[str] = field(default_factory=list)

    def add(self, counts: dict[str, int]) -> None:
        for key, value in counts.items():
            self.counts[key] = self.counts.get(key, 0) + value


def _of_difference(text: str, pair: tuple[str, str]) -> Wrong:
    operation = (pair[0].split() or ["none"])[0]
    identity = f"PROCBUF-BUG kind=hardware check=answers-differ op={operation if operation.isidentifier() else 'none'}"
    return Wrong(text, identity, f"expected: {pair[0]}\nactual: {pair[1]}\n{identity}\n")


def judge(name: str, built: Path, kernel: Path, texts: list[str], timeout: float = 600,
          until: Callable[[Wrong], bool] = lambda wrong: False) -> Judged:
    """Run programs on a machine, in one boot as long as it agrees. One on which it disagrees ends a boot; the others run
    in the next, but not after one that is what is looked for."""
    judged = Judged(len(texts))
    with tempfile.TemporaryDirectory() as folder:
        inputs = [Path(folder) / f"{number}.trace" for number in range(len(texts))]
        for path, text in zip(inputs, texts):
            path.write_text(text, errors="surrogateescape")
        rest = list(zip(inputs, texts, predicted(name, built, inputs)))
        while rest and not any(until(wrong) for wrong in judged.wrong):
            programs = Path(folder) / "all.programs"
            put_programs(built, [path for path, *_ in rest], programs)
            answer = boot(name, kernel, programs, timeout)
            judged.add(answer.counts)
            judged.seconds += answer.seconds
            judged.lines += [line for program in answer.results for line in program]
            ended = len(rest) if answer.counts else max(0, len(answer.results) - 1)
            for (_, text, model), there in zip(rest[:ended], answer.results):
                if isinstance(model, str):
                    judged.wrong.append(Wrong(text, identity_in(model) or NO_END, model))
                elif wrong := difference(name, text, model, there):
                    judged.wrong.append(_of_difference(text, wrong))
            if ended < len(rest):
                said = "\n".join(line for line in answer.said.splitlines() if " -> " not in line)
                judged.wrong.append(Wrong(rest[ended][1], identity_in(said) or NO_END, said or f"it ended with status {answer.status}"))
            rest = rest[ended + 1:]
    return judged


NO_END = "PROCBUF-BUG kind=hardware check=no-end op=none"
"""The machine hangs, or ends without a word."""


def kernel_of(name: str, built: Path, lib: Path) -> Path:
    """The kernel for a machine, next to a build of the same library."""
    folder = built / "kernel" / name
    with alone_in(folder):
        return build(name, folder, lib=lib)


def show(name: str, built: Path, lib: Path, text: str) -> list[str]:
    """Run a program there, and say what the hardware said. Returns: the identities of what the model does not predict."""
    judged = judge(name, built, kernel_of(name, built, lib), members(text))
    machine = MACHINES[name]
    print(f"on {machine.what}, boundaries on multiples of {machine.granule}{' and eighths of blocks' if machine.eighths else ''}:")
    print(shown("\n".join(judged.lines)))
    for wrong in judged.wrong:
        print(shown(f"the hardware disagrees:\n{wrong.said}"))
    print(", ".join(f"{value} {key.replace('_', ' ')}" for key, value in judged.counts.items()))
    return [wrong.identity for wrong in judged.wrong]
