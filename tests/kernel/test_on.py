#!/usr/bin/python3
"""./fuzz/repro --on MACHINE FILE, and what a machine gets that lacks something. usage: test_on.py --build DIR

Exit status: 0 all as it should be; 1 not.
"""
import contextlib
import dataclasses
import io
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from orchestrate import hardware
from orchestrate.tools import ROOT, ToolError

BUILD = Path(sys.argv.pop()).resolve() if len(sys.argv) > 2 else ROOT / "build/asan"
PROGRAM = "trace 1\nprocess ram=96 app=32 kernel=32 flash=32\nbrk p0 p0.ram+8\nfault p0\n"
ANSWERS = """\
process 0 -> OK p0; p0 state=yielded life=0 restarts=0 break=p0.ram+36 kernel_break=p0.ram+68 mark=p0.ram+0
brk p0 p0.ram+8 -> OK p0.ram+36; p0 break=p0.ram+8
fault p0 -> done; p0 state=faulted ended=without_code
"""


def on(name: str, text: str, **changes) -> tuple[int, str]:
    """What show() says of a program, on a machine that is changed."""
    machine = dataclasses.replace(hardware.MACHINES[name], **changes)
    with mock.patch.dict(hardware.MACHINES, {name: machine}), contextlib.redirect_stdout(io.StringIO()) as out:
        return hardware.show(name, BUILD, text), out.getvalue()


class On(unittest.TestCase):
    def test_says_what_the_hardware_says(self):
        status, said = on("riscv32", PROGRAM)
        self.assertEqual(status, 0, said)
        self.assertIn(ANSWERS, said)

    def test_the_kernel_is_as_small_as_its_readme_says(self):
        lines = sum(len(path.read_text().splitlines()) for path in hardware.KERNEL.glob("*.[ch]"))
        self.assertIn(f"The kernel is {lines} lines of C", (hardware.KERNEL / "README.md").read_text())
        self.assertLessEqual(lines, 800)

    def test_a_sequence_is_one_boot(self):
        status, said = on("riscv32", f"sequence 1\n{PROGRAM}{PROGRAM}")
        self.assertEqual((status, said.count(ANSWERS)), (0, 2), said)

    def test_another_granule_than_the_model_s_is_a_finding(self):
        self.assertEqual(on("riscv32", PROGRAM, granule=32)[0], 1)

    def test_without_qemu_nothing_is_said(self):
        with self.assertRaisesRegex(ToolError, "qemu-none is missing"):
            on("riscv32", PROGRAM, qemu=["qemu-none"])

    def test_without_a_compiler_nothing_is_said(self):
        with self.assertRaisesRegex(ToolError, "gcc-none is missing"):
            on("riscv32", PROGRAM, compiler=["gcc-none"])

    def test_a_machine_without_the_unit_is_no_pass(self):
        qemu = [word.replace("x-epmp=true", "x-epmp=false") for word in hardware.MACHINES["riscv32"].qemu]
        with self.assertRaisesRegex(ToolError, "no ePMP"):
            on("riscv32", PROGRAM, qemu=qemu)

    def test_what_is_too_large_for_the_board_is_no_pass(self):
        with self.assertRaisesRegex(ToolError, "too large for RISC-V"):
            on("riscv32", PROGRAM, room=4)

    def test_the_command_has_the_status(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.trace"
            path.write_text(PROGRAM)
            for words, status in ((["--on", "riscv32"], 0), (["--on", "riscv33"], 2), (["--on", "riscv32", "--lib", "lib"], 2)):
                done = subprocess.run([ROOT / "fuzz/repro", *words, path], capture_output=True, text=True, check=False,
                                      env=os.environ, cwd=ROOT)
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)


if __name__ == "__main__":
    if "--help" in sys.argv:
        print(__doc__)
    else:
        unittest.main(argv=sys.argv[:1])
