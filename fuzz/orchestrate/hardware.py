"""The kernel of tests/kernel under QEMU, with the protection on: build it, run programs there, and read what it says."""
from __future__ import annotations

import hashlib
import os
import re
import shutil
import struct
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from .tools import CLEAN, FINDINGS, ROOT, ToolError, first_error, run, shown

KERNEL = ROOT / "tests/kernel"

SHIPPED = ["-std=gnu11", "-ffreestanding", "-ffunction-sections", "-fdata-sections", "-fno-pic", "-fno-stack-protector",
           "-fno-asynchronous-unwind-tables"]
LIMITS = ["-DPORT_PROCESS_COUNT=262", "-DPORT_MOST_WINDOWS=64"]
"""A large trace has a large table, and many open windows."""

TESTBED = ["trace/binary.c", "trace/print.c", "trace/trace.c", "oracle/arena.c", "oracle/bug.c", "oracle/oracle.c",
           "oracle/watched.c", "model/*.c", "machine/*.c"]
KERNEL_TESTBED = ["testbed/programs.c", "testbed/probes.c", "testbed/libc.c", "testbed/user.S"]
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
    differs: str = "(?!)"       # operations whose results depend on where memory is


CORTEX_M = ["cortex_m.c", "cortex_m.S", "semihosting.c"]
CORTEX_M_COMPILER = ["arm-none-eabi-gcc", "-mfloat-abi=soft", "-mthumb", "-mno-unaligned-access", "-fno-tree-loop-distribute-patterns"]
RISCV_BOARD = ["riscv.c", "riscv.S", "semihosting.c"]
SEMIHOSTING = ["-semihosting-config", "enable=on,target=native"]

RISCV = ["riscv64-unknown-elf-gcc", "-mno-relax", "-fno-tree-loop-distribute-patterns"]
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
        ["qemu-system-riscv32", "-M", "virt", "-cpu", "rv32,x-epmp=true", "-bios", "none", *SEMIHOSTING],
        ["-Wl,--no-relax", "-march=rv32imac", "-lgcc"],
        # All its memory is in the upper half of the address space: sums wrap that elsewhere do not.
        differs=r"create p1\.ram_end\+300 64 8 p1\.ram_end\+400 (half|w32)"),
    "riscv64": Machine(
        "RISC-V ePMP, 64 bits (virt)", "riscv_pmp.c", 8,
        [*RISCV, "-march=rv64imac_zicsr", "-mabi=lp64", "-mcmodel=medany"], RISCV_BOARD, VIRT,
        ["qemu-system-riscv64", "-M", "virt", "-cpu", "rv64,x-epmp=true", "-bios", "none", *SEMIHOSTING],
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
        ["clang-19", "--target=aarch64-none-elf", "-march=armv8.1-a", "-mgeneral-regs-only", "-mstrict-align"],
        ["aarch64.c", "aarch64.S", "semihosting.c"], {"code_at": 0x40100000, "arena": 0x44000000, "user_at": 0x44180000, "data_at": 0x40400000,
                        "board_programs": 0x47000000},
        ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a76", "-m", "128", *SEMIHOSTING],
        ["-fuse-ld=lld-19", "-Wl,--no-rosegment", "-Wl,-z,max-page-size=4096"], native=True),
}


@dataclass
class Answer:
    """What the hardware said to programs: results by program, what it printed last, its counts ({} if it did not end well)."""
    status: int
    results: list[list[str]]
    said: str
    counts: dict[str, int]
    seconds: float


def _sources(machine: Machine, lib: Path, ports: Path, kernel: Path) -> dict[str, tuple[Path, list[str]]]:
    """Each object's source, and flags of its own."""
    headers = [f"-I{KERNEL / 'testbed/include'}", f"-I{lib / 'include'}"]
    fuzz = ROOT / "fuzz"
    folders = [f"-I{fuzz / name}" for name in ("trace", "oracle", "model", "machine", "tools", "harness")]
    base = f"0x{machine.places['arena']:x}"
    testbed = ["-O2", "-w", *headers, *folders, f"-DARENA_BASE=(uintptr_t){base}u", "-U__unix__", *LIMITS]
    found = {}
    for pattern in TESTBED:
        for source in sorted(fuzz.glob(pattern)):
            if source.name not in LEFT_OUT:
                found[f"testbed-{source.stem}"] = (source, testbed)
    source, flags = found["testbed-port"]
    found["testbed-port"] = (source, flags + [f"-Dprocbuf_port_{hook}=testbed_{name}" for hook, name in HOOKS.items()])
    for source in sorted((lib / "src").glob("*.c")):
        found[f"lib-{source.stem}"] = (source, ["-Os", "-Wall", "-Wextra", *headers])
    found["port"] = (ports / machine.port, ["-Os", "-Wall", "-Wextra", *headers, *LIMITS])
    for name in ("kernel.c", *machine.boards, *KERNEL_TESTBED):
        found[f"kernel-{Path(name).name}"] = (kernel / name, [*testbed, "-Wall", "-Wextra", "-fno-builtin", "-Wno-format", f"-I{kernel}"])
    return found


def build(name: str, folder: Path, *, lib: Path = ROOT / "lib", ports: Path | None = None, kernel: Path = KERNEL,
          rest: Path | None = None, changed: str = "") -> Path:
    """The kernel for a machine, of a library and a port, in a folder. If only one file has changed, the rest was built in a
    folder before. Returns: the program."""
    machine = MACHINES[name]
    if shutil.which(machine.compiler[0]) is None:
        raise ToolError(f"{machine.compiler[0]} is missing: run fuzz/setup/install --all")
    folder.mkdir(parents=True, exist_ok=True)
    ccache = ["ccache"] if shutil.which("ccache") else []

    def compile_one(row: tuple[str, tuple[Path, list[str]]]) -> str:
        target, (source, flags) = row
        done = subprocess.run([*ccache, *machine.compiler, *SHIPPED, *flags, "-c", str(source), "-o", str(folder / f"{target}.o")],
                              capture_output=True, text=True, check=False)
        return f"{done.stderr}" if done.returncode != 0 else ""

    rows = _sources(machine, lib, ports or lib / "ports", kernel)
    own = {target: row for target, row in rows.items()
           if rest is None or row[0].name == changed or f'"{changed}"' in row[0].read_text()}
    with ThreadPoolExecutor(2) as pool:
        broken = [text for text in pool.map(compile_one, own.items()) if text]
    if broken:
        raise ToolError(f"the kernel for {name} does not compile:\n{broken[0][-3000:]}")
    program = folder / "kernel.elf"
    places = machine.places
    numbers = {"code_at": places["code_at"], "data_at": places["data_at"],
               **{key: places[key] for key in ("board_programs", "user_at") if key in places}}
    done = subprocess.run(
        [*machine.compiler, "-nostdlib", "-static", "-Wl,--gc-sections", "-Wl,--build-id=none",
         *[f"-Wl,--wrap={symbol}" for symbol in WRAPPED], *[f"-Wl,--defsym={key}=0x{value:x}" for key, value in numbers.items()],
         "-T", str(kernel / "kernel.ld"), *[str((folder if target in own or rest is None else rest) / f"{target}.o") for target in rows], *machine.linker, "-o", str(program)],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolError(f"the kernel for {name} does not link:\n{done.stderr[-3000:]}")
    return program


def image(programs: list[bytes]) -> bytes:
    """Programs as the kernel finds them in memory."""
    return b"".join([struct.pack("<I", len(programs)), *[struct.pack("<I", len(code)) + code for code in programs]])


def encoded(built: Path, path: Path) -> bytes:
    """A program of one trace, in its binary form: kept, since each machine asks for the same."""
    convert = built / "fuzz/procbuf-convert"
    key = hashlib.sha1(path.read_bytes() + str(convert.stat().st_mtime_ns).encode()).hexdigest()
    kept = built / "kernel/programs" / key
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            out = Path(folder) / "program"
            done = run([convert, path, out])
            if done.returncode != 0:
                raise ToolError(f"{path}: {done.stderr.strip()}")
            out.replace(kept)
    return kept.read_bytes()


def by_program(text: str) -> list[list[str]]:
    """Results, of which each program's begin with a line "# …"."""
    results: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("# "):
            results.append([])
        elif results and not line.startswith("= "):
            results[-1].append(line)
    return results


def predicted(name: str, built: Path, inputs: list[Path]) -> list[list[str]]:
    """What the model says that a machine answers to programs."""
    machine = MACHINES[name]
    unit = ["--granule", machine.granule, *(["--eighths"] if machine.eighths else [])]
    done = run([built / "fuzz/procbuf-replay", *unit, "--rules-only", "--results", "--verbose", *inputs])
    if done.returncode != 0:
        raise ToolError(f"the model and the library differ here, on no hardware:\n{done.stderr[-2000:]}")
    return by_program(done.stdout)


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


def show(name: str, built: Path, text: str) -> int:
    """Run a program there, and say what the hardware said. Returns: the exit status, 0 what the model predicts, 1 not."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = []
        for number, member in enumerate(members(text)):
            inputs.append(Path(folder) / f"{number}.trace")
            inputs[-1].write_text(member)
        programs = Path(folder) / "programs"
        programs.write_bytes(image([encoded(built, path) for path in inputs]))
        predictions = predicted(name, built, inputs)
        answer = boot(name, build(name, built / "kernel" / name), programs)
    machine = MACHINES[name]
    print(f"on {machine.what}, boundaries on multiples of {machine.granule}:")
    lines = [line for program in answer.results for line in program]
    print(shown("\n".join(lines)))
    native = is_native(text) and not machine.native
    wrong = [(a, b) for a, b in zip([line for program in predictions for line in program], lines)
             if a != b and not native and not re.match(machine.differs, a)]
    if wrong:
        print(shown(f"the model predicts: {wrong[0][0]}"))
    if not answer.counts:
        print(f"the hardware disagrees: status {answer.status}" + ("" if answer.results else f"\n{shown(answer.said)}"))
    print(", ".join(f"{value} {key.replace('_', ' ')}" for key, value in answer.counts.items()))
    return CLEAN if answer.counts and not wrong and answer.counts["expected"] == answer.counts["faults"] else FINDINGS
