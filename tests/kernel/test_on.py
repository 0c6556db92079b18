#!/usr/bin/python3
"""./fuzz/repro --on MACHINE FILE, what a campaign runs on machines, and a machine that lacks something. usage: test_on.py --build DIR

Exit status: 0 all as it should be; 1 not.
"""
import contextlib
import dataclasses
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import jsonschema

from orchestrate import hardware, merge, under
from orchestrate.bundle import Bundles
from orchestrate.facts import Fact
from orchestrate.findings import Findings
from orchestrate.journal import Journal
from orchestrate.live import QuietView
from orchestrate.record import Finding, Record, Under as Row
from orchestrate.tools import ROOT, Build, ToolError

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
        return hardware.show(name, BUILD, ROOT / "lib", text), out.getvalue()


class On(unittest.TestCase):
    def test_says_what_the_hardware_says(self):
        status, said = on("riscv32", PROGRAM)
        self.assertEqual(status, 0, said)
        self.assertIn(ANSWERS, said)

    def test_system_calls_are_timed(self):
        done = subprocess.run([hardware.KERNEL / "run", "--build", BUILD, "--speed", "500", "riscv32"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        row = re.search(r"^\| RISC-V ePMP, 32 bits \(virt\) \| [^|]+ \| ([0-9,]+) \| [^|]+ \| ([0-9,]+) \|$", done.stdout, re.MULTILINE)
        self.assertIsNotNone(row, done.stdout)

    def test_the_kernel_is_as_small_as_its_readme_says(self):
        lines = sum(len(path.read_text().splitlines()) for path in hardware.KERNEL.glob("*.[ch]"))
        self.assertIn(f"The kernel is {lines} lines of C", (hardware.KERNEL / "README.md").read_text())
        self.assertLessEqual(lines, 800)

    def test_a_sequence_is_one_boot(self):
        status, said = on("riscv32", f"sequence 1\n{PROGRAM}{PROGRAM}")
        self.assertEqual((status, said.count(ANSWERS)), (0, 2), said)

    def test_another_granule_than_the_model_s_is_a_finding(self):
        status, said = on("riscv32", PROGRAM, granule=32)
        self.assertEqual(status, 1)
        self.assertIn("PROCBUF-BUG kind=hardware check=answers-differ op=process", said)

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
            for words, status in ((["--on", "riscv32"], 0), (["--on", "riscv33"], 2), (["--on", "riscv32", "--lib", "lib"], 0)):
                done = subprocess.run([ROOT / "fuzz/repro", *words, path], capture_output=True, text=True, check=False,
                                      env=os.environ, cwd=ROOT)
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)


CAMPAIGN = """
import dataclasses
import sys
from orchestrate import campaign, hardware, under

under.MOST_PROGRAMS = 20
hardware.MACHINES = {"riscv32": dataclasses.replace(hardware.MACHINES["riscv32"], granule=32)}
sys.exit(campaign.main())
"""


class Under(unittest.TestCase):
    """What a night kept, on machines."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="procbuf-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.build = Build(BUILD, ROOT / "lib")
        self.findings = Findings(Bundles(self.folder, None), self.build)
        self.findings.shows_on_machine = under.shows
        self.journal = Journal(QuietView(), Record())

    def run_on(self, seconds: float = 1000, count: int = 1, **changes):
        """The row of a machine that is changed, the only one that there is."""
        machines = {"riscv32": dataclasses.replace(hardware.MACHINES["riscv32"], **changes)}
        with mock.patch.object(hardware, "MACHINES", machines):
            [row] = under.run(self.build, [under.Program(PROGRAM, "life")] * count, self.findings, self.journal, seconds,
                              under.taker(self.findings, lambda finding: None))
        return row

    def test_what_agrees_is_counted(self):
        row = self.run_on()
        self.assertEqual((row.traces, row.system_calls, row.findings, row.why), (1, 1, [], ""))
        self.assertGreater(row.faults_seen, 0)
        self.assertEqual(row.faults_seen, row.faults_expected)
        self.assertEqual((self.journal.record.broken, self.journal.record.left_out), ([], []))

    def test_what_shows_there_only_is_a_finding_until_it_does_not(self):
        row = self.run_on(granule=32)
        [finding] = self.findings.by_identity.values()
        self.assertEqual(row.findings, [finding.identity])
        self.assertEqual((finding.machine, finding.harness, finding.severity), ("riscv32", "life", "high"))
        self.assertEqual((self.folder / finding.folder / "trace.trace").read_text(), PROGRAM)
        machine = hardware.MACHINES["riscv32"]
        for granule, identities in ((32, {finding.identity}), (4, set())):
            later = Findings(self.findings.bundles, self.build)
            later.shows_on_machine = under.shows
            with mock.patch.dict(hardware.MACHINES, riscv32=dataclasses.replace(machine, granule=granule)):
                seen = later.look_again(finding.folder, finding.identity, {})
            self.assertEqual((set(later.by_identity), seen is None), (identities, not identities))
        with mock.patch.dict(hardware.MACHINES, riscv32=dataclasses.replace(machine, qemu=["qemu-none"])):
            self.assertEqual(Findings.look_again(self.findings, finding.folder, finding.identity, {}).status, "not asked tonight")
        done = subprocess.run([ROOT / "fuzz/repro", self.folder / finding.folder], capture_output=True, text=True, check=False, cwd=ROOT)
        self.assertIn("on RISC-V ePMP, 32 bits", done.stdout)  # without being told

    def test_a_finding_of_this_machine_is_said_to_show_there_too(self):
        finding = Finding("PROCBUF-BUG kind=result check=value op=brk", "life", "high", 0.0, 1, 1, "folder", "", "")
        self.findings.by_identity[finding.identity] = finding
        (self.folder / "folder").mkdir()
        (self.folder / "folder/trace.trace").write_text(PROGRAM)
        (self.folder / "folder/finding.json").write_text(json.dumps({"identity": finding.identity}))
        self.run_on()
        self.assertEqual(finding.under, [])
        self.run_on(granule=32)
        self.assertEqual(finding.under, ["riscv32"])

    def test_hosts_add_up(self):
        rows = [Row("x86", "pc", 1, 2, 3, 4, 4, 0.5, ["b"], "its time was over"), Row("x86", "pc", 10, 20, 30, 40, 40, 1.0, ["a"]),
                Row("armv7m", "an385")]
        night = merge.Merged(1, [], [Fact(record=Record(under=rows[:2])), Fact(record=Record(under=rows[2:]))], {})
        self.assertEqual(merge.add_under(night), [rows[2], Row("x86", "pc", 11, 22, 33, 44, 44, 1.5, ["a", "b"])])

    def test_a_machine_that_is_not_there_is_left_out(self):
        row = self.run_on(qemu=["qemu-none"])
        self.assertEqual((row.traces, row.why), (0, "qemu-none is missing"))
        self.assertIn("did not run on riscv32", self.journal.record.left_out[0].what)

    def test_a_machine_that_cannot_is_broken(self):
        self.run_on(room=4)
        self.assertIn("too large", self.journal.record.broken[0])

    def test_what_has_no_time_is_left_out(self):
        row = self.run_on(seconds=0, count=under.PORTION + 1)
        self.assertEqual((row.traces, row.why), (under.PORTION, f"1 of {under.PORTION + 1} programs did not run: its time was over"))
        self.assertIn("1 of ", self.journal.record.left_out[0].what)

    def test_a_night_has_it_in_its_plan_its_record_and_its_report(self):
        def campaign(*words) -> str:
            done = subprocess.run([sys.executable, "-B", "-c", CAMPAIGN, "--out", self.folder / "out", "--harness", "slices", "--engine", "libfuzzer",
                                   "--build", "asan", "--time", "1s", "--empty", "--hardware", *words], capture_output=True, text=True,
                                  check=False, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT / "fuzz")})
            self.assertEqual(done.returncode, 0 if words else 1, done.stdout + done.stderr)
            return done.stdout
        self.assertIn("then for at most 60 s what the night kept, on protection hardware: riscv32\n", campaign("--plan"))
        self.assertIn("seen under: riscv32", campaign())
        record = json.loads((self.folder / "out/report/campaign.json").read_text())
        jsonschema.Draft202012Validator(json.loads((ROOT / "fuzz/campaign.schema.json").read_text())).validate(record)
        [row], finding = record["under"], record["findings"][0]
        self.assertGreater(row["traces"], 0)
        self.assertIn(finding["identity"], row["findings"])
        self.assertEqual((finding["machine"], finding["status"]), ("riscv32", "new"))
        self.assertRegex(campaign("--status"), "riscv32 +[0-9]+ programs on its protection hardware")
        self.assertIn("Seen under protection hardware", (self.folder / "out/report/index.html").read_text())


if __name__ == "__main__":
    if "--help" in sys.argv:
        print(__doc__)
    else:
        unittest.main(argv=sys.argv[:1])
