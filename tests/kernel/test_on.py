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

from orchestrate import hardware, merge, repro, shrink, under
from orchestrate.bundle import Bundles
from orchestrate.facts import Fact
from orchestrate.findings import Findings
from orchestrate.journal import Journal
from orchestrate.live import PlainView
from orchestrate.record import Finding, Record, Reproduction, Under as Row
from orchestrate.tools import ROOT, Build, ToolError

sys.path.insert(0, str(Path(__file__).resolve().parent))
from planted import PLANTED  # pylint: disable=wrong-import-position

BUILD = Path(sys.argv.pop()).resolve() if len(sys.argv) > 2 else ROOT / "build/asan"
PROGRAM = "trace 1\nprocess ram=96 app=32 kernel=32 flash=32\nbrk p0 p0.ram+8\nfault p0\n"
NESTED = """\
trace 1
process ram=128 app=96 kernel=32 flash=32
build_readonly ro0 p0 p0.ram 96
build_readwrite rw1 p0 p0.ram+48 16
build_readwrite rw0 p0 p0.ram+16 8
enter ro0 s0 {
    mut_enter rw1 s1 {
        mut_enter rw0 s2 {
        }
    }
}
"""
ANSWERS = """\
process 0 -> OK p0; p0 state=yielded life=0 restarts=0 break=p0.ram+36 kernel_break=p0.ram+68 mark=p0.ram+0
brk p0 p0.ram+8 -> OK p0.ram+36; p0 break=p0.ram+8
fault p0 -> done; p0 state=faulted ended=without_code
"""


def on(name: str, text: str, **changes) -> tuple[list[str], str]:
    """What show() finds, and says of a program, on a machine that is changed."""
    machine = dataclasses.replace(hardware.MACHINES[name], **changes)
    with mock.patch.dict(hardware.MACHINES, {name: machine}), contextlib.redirect_stdout(io.StringIO()) as out:
        return hardware.show(name, BUILD, ROOT / "lib", text), out.getvalue()


class On(unittest.TestCase):
    def test_says_what_the_hardware_says(self):
        found, said = on("riscv32", PROGRAM)
        self.assertEqual(found, [], said)
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
        found, said = on("riscv32", f"sequence 1\n{PROGRAM}{PROGRAM}")
        self.assertEqual((found, said.count(ANSWERS)), ([], 2), said)

    def test_three_windows_may_need_more_than_three_regions(self):
        found, said = on("riscv32", NESTED)
        self.assertEqual(found, [], said)

    def test_another_granule_than_the_model_s_is_a_finding(self):
        found, said = on("riscv32", PROGRAM, granule=32)
        self.assertEqual(found, ["PROCBUF-BUG kind=hardware check=answers-differ op=process"])
        self.assertIn(found[0], said)

    def test_makes_it_small_there(self):
        machine = dataclasses.replace(hardware.MACHINES["riscv32"], granule=32)
        with tempfile.TemporaryDirectory() as folder:
            path, out = Path(folder) / "a.trace", Path(folder) / "small.trace"
            path.write_text(PROGRAM)
            options = repro.make_parser().parse_args(["--on", "riscv32", "--minimize", "--suspects", "--emit-trace", str(out), str(path)])
            with mock.patch.dict(hardware.MACHINES, riscv32=machine), contextlib.redirect_stdout(io.StringIO()) as said:
                self.assertEqual(repro.on_hardware(Build(BUILD, ROOT / "lib"), str(path), "riscv32", options, Reproduction("")), 1)
            self.assertEqual(out.read_text(), "trace 1\nprocess\n")
        self.assertIn("minimised on riscv32 from 2 to 0 operations", said.getvalue())
        self.assertIn("No suspects: the difference is the machine's: only riscv32 shows it", said.getvalue())

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


LONG = """\
trace 1
process ram=96 app=32 kernel=32 flash=32
process
process ram=96 app=32 # its memory stays
take_id d0 p1
brk p0 p0.ram+8
build_readwrite rw0 p1 p1.ram+4 12
mut_enter rw0 s0 {
    set s0 0 1
    sbrk p0 8
    remove p1
}
fault p0
remove p1
lookup d0
create null 0 0 null 0 0 0 stop
"""


class Shrink(unittest.TestCase):
    """A bug that only a machine shows: it takes a removal, which the port ignores."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="planted-", dir=hardware.kernel_of("riscv32", BUILD, ROOT / "lib").parent.parent))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        bug = next(bug for bug in PLANTED if bug.name == "v8m_removal_ignored")  # of a file that all of these ports share
        self.kernel = hardware.build("riscv32", self.folder, rest=BUILD / "kernel/riscv32", changed=Path(bug.file).name, **bug.plant(self.folder))

    def judged(self, text: str) -> list[hardware.Wrong]:
        return hardware.judge("riscv32", BUILD, self.kernel, hardware.members(text)).wrong

    def test_a_program_becomes_small_and_the_bug_stays(self):
        [wrong] = self.judged(LONG)
        self.assertEqual(wrong.identity, "PROCBUF-BUG kind=hardware check=probe-reaches op=remove")
        boots = mock.Mock(wraps=hardware.boot)
        with mock.patch.object(hardware, "boot", boots):
            smaller, shown = shrink.minimise("riscv32", BUILD, self.kernel, LONG, wrong, 300)
        self.assertEqual(smaller.text, "trace 1\nprocess\nremove p0\n")
        self.assertEqual(smaller.how_far, "minimised on riscv32 from 11 to 1 operations")
        self.assertEqual([shrink.signature(one) for one in self.judged(smaller.text)], [shrink.signature(shown)])
        self.assertLess(boots.call_count, 30)

    def test_of_a_sequence_one_member_is_left(self):
        [wrong] = self.judged(LONG)
        smaller, _ = shrink.minimise("riscv32", BUILD, self.kernel, f"sequence 1\n{PROGRAM}{LONG}", wrong, 0.001)
        self.assertEqual((smaller.text, smaller.how_far[-11:]), (shrink.parse(LONG).text, "time was up"))

    def test_what_another_program_needs_stays_whole(self):
        wrong = hardware.Wrong(PROGRAM, "PROCBUF-BUG kind=hardware check=probe-reaches op=brk", "")
        smaller, shown = shrink.minimise("riscv32", BUILD, self.kernel, PROGRAM, wrong, 300)
        self.assertEqual((smaller.text, shown), (PROGRAM, wrong))
        self.assertIn("no program shows it alone", smaller.how_far)

    def test_what_should_happen_is_part_of_a_bug(self):
        one, two, three = (hardware.Wrong("", "PROCBUF-BUG kind=hardware check=probe-reaches op=brk", f"expected: a {what} faults (P1)\nactual: no")
                           for what in ("load by p0", "load by p1", "jump by p0"))
        self.assertEqual(shrink.signature(one), shrink.signature(two))
        self.assertNotEqual(shrink.signature(one), shrink.signature(three))


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
        self.journal = Journal(PlainView(quiet=True), Record())

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
        self.assertEqual((self.folder / finding.folder / "original.trace").read_text(), PROGRAM)
        self.assertEqual((self.folder / finding.folder / "trace.trace").read_text(), "trace 1\nprocess\n")
        self.assertEqual(finding.minimised, "minimised on riscv32 from 2 to 0 operations")
        self.assertIn("No suspects: the difference is the machine's: only riscv32 shows it", finding.explanation)
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
