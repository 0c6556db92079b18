"""A night fails closed: whatever was seen and is not explained, and whatever ended before its time, is red.

Engine and replay are stand-ins (standin.py): a night takes a second or two, most of it the report. What they plant is what
real ones did.
"""
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree as xml
from pathlib import Path
from unittest import mock

import standin
from support import ROOT, Case, recorded

from orchestrate import corpora, detection, findings, libfuzzer, planted, replay, tools
from orchestrate.folder import Folder
from orchestrate.tools import ToolError

RUN = """
import sys
from pathlib import Path
from orchestrate import (afl, builds, bundle, campaign, canary, corpora, coverage, engine, findings, night, plan, record, replay, tools,
                         worker)

FOLDER = Path(sys.argv.pop(1))
night.build = lambda preset, lib, say=print, targets=(): tools.Build(FOLDER, lib, preset)
bundle.criterion_test = lambda *_: "a test in C"
coverage.measure_each = lambda built, inputs: ({}, {})
coverage.statistics = lambda built, inputs: {}
%s
tools.front_door("campaign", campaign.main)
"""
BROKE = "PROCBUF-BUG kind=result check=break op=slice"
FIRED = "PROCBUF-BUG kind=result check=fire op=slice"
UNEXPLAINED = "PROCBUF-BUG kind=unexplained check=AddressSanitizer-heap-use-after-free op=slices"


class Closed(Case):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "a night"
        self.programs = self.folder / "programs"
        standin.put_into(self.programs)

    def command(self, *arguments, code: str = ""):
        engine = [] if "--engine" in arguments else ["--engine", "libfuzzer", "--jobs", "1"]
        return ["/usr/bin/python3", "-X", "utf8", "-B", "-c", RUN % code, str(self.programs), *engine, "--build", "asan", "--seed", "1",
                "--out", str(self.out), *(arguments or ["--harness", "slices", "--empty", "--time", "1s"])]

    def environment(self, does: str) -> dict[str, str]:
        return os.environ | {"PROCBUF_STANDIN": does, "PYTHONPATH": str(ROOT / "fuzz")}

    def night(self, does: str, *arguments, status: int, says: tuple = (), code: str = ""):
        done = subprocess.run(self.command(*arguments, code=code), capture_output=True, text=True, errors="replace", check=False,
                              env=self.environment(does), timeout=1200)
        self.check(done, status, *says)
        self.assertNotIn("Traceback", done.stderr)
        if status:
            self.assertNotIn("Nothing found", done.stdout)
        if (self.out / "report").exists():
            self.check_report(status)
        return done

    def check_report(self, status: int):
        """Every form of the report says what the status does."""
        record = self.record()
        self.assertEqual(record["status"], status)
        failures = xml.parse(self.out / "report/junit.xml").findall("testcase/failure")
        self.assertEqual(bool(failures), status != 0)
        self.assertEqual('<h1 class="bad">' in (self.out / "report/index.html").read_text(), status != 0)

    def record(self):
        return recorded(self.out)

    def identities(self):
        return [f["identity"] for f in self.record()["findings"]]

    # ---- Crashes ----

    def test_a_quiet_night_is_clean(self):
        self.night("clean", status=0, says=("Nothing found",))
        self.assertGreaterEqual(self.record()["harnesses"][0]["runs"], 100)  # though it had but a second

    def test_where_nothing_is_to_be_resumed_the_last_report_stays(self):
        self.night("clean", status=0)
        before = (self.out / "report/campaign.json").read_bytes()
        done = subprocess.run(self.command("--resume"), capture_output=True, text=True, check=False, env=self.environment("clean"))
        self.check(done, 2, "no unfinished campaign")
        self.assertEqual((self.out / "report/campaign.json").read_bytes(), before)

    def test_an_update_of_the_corpus_that_fails_takes_nothing_away(self):
        place, text = self.folder / "corpus/slices", "trace 1\nnew\n"
        self.write("more/new", "new")
        place.mkdir(parents=True)
        for name in ("seed", "found-old"):
            (place / f"{name}.trace").write_text(f"trace 1\n{name[:4]}\n")
        (self.folder / "more/same").write_text("seed foun")
        new = place / f"found-{hashlib.sha1(text.encode()).hexdigest()[:10]}.trace"
        built = tools.Build(self.programs, ROOT / "lib")
        with mock.patch.object(corpora, "CORPUS", self.folder / "corpus"):
            with self.assertRaises((ToolError, OSError)), mock.patch.object(Path, "write_text", side_effect=OSError(28, "full")), \
                    mock.patch.object(Path, "write_bytes", side_effect=OSError(28, "full")):
                corpora.update(built, "slices", self.folder / "more")
            self.assertEqual({path.name for path in place.iterdir()}, {"seed.trace", "found-old.trace"})
            corpora.update(built, "slices", self.folder / "more")
        self.assertEqual(new.read_text(), text)

    def test_a_crash_in_a_folder_with_a_blank_is_found(self):
        self.night("crash:break", status=1, says=(BROKE,))
        command = self.record()["findings"][0]["command"]
        self.assertIn(f"'{self.out}/findings/", command)

    def test_a_crash_that_needs_what_ran_before_it_becomes_a_sequence(self):
        self.night("crash:fire", status=1, says=(FIRED, "2 operations in 2 programs, one after another"))
        bundle = next((self.out / "findings").iterdir())
        self.assertEqual((bundle / "trace.sequence").read_text(), "sequence 1\ntrace 1\nprime\ntrace 1\nfire\n")
        self.assertIn("noise", (bundle / "original.sequence").read_text())
        self.assertEqual((bundle / "test.c").read_text(), "a test in C")
        self.assertEqual(self.record()["findings"][0]["shows"], "10 of 10")
        self.night("clean", status=1, says=("1 known",))  # and is asked again, as that

    def test_a_crash_that_no_replay_shows_is_unexplained(self):
        self.night("crash:never", status=1, says=(UNEXPLAINED,))
        bundle = next((self.out / "findings").iterdir())
        self.assertIn("in keep library.c:7", (bundle / "explanation.txt").read_text())
        self.assertIn("-seed=", (bundle / "explanation.txt").read_text())
        self.assertEqual((bundle / "input").read_text(), "never")
        self.assertIn("prime", (bundle / "history.sequence").read_text())
        self.night("clean", status=1, says=("1 not shown tonight",))
        (bundle / "closed").write_text("the machine's memory was bad\n")
        self.night("clean", status=0, says=("closed by hand", "the machine's memory was bad"))

    def test_the_severity_of_each_kind_is_as_the_page_says(self):
        text = (ROOT / "fuzz/README.md").read_text()
        kinds = {kind.replace("…", "x") for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for kind in re.findall("`([a-z-]+…?)`", row)}
        high, low = (set(re.findall("`([a-z-]+…?)`", words.replace("…", "x")))
                     for words in re.search(r"severity of a finding is high(.*?)\.\sIt is low(.*?)\.", text, re.DOTALL).groups())
        self.assertLess(high | low, kinds)
        for kind in kinds:
            self.assertEqual(findings.severity_of(f"PROCBUF-BUG kind={kind} check=a op=b"),
                             "high" if kind in high else "low" if kind in low else "medium", kind)

    def test_what_was_said_last_names_an_unexplained_crash(self):
        said = ("SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior range.c:9\n"
                "SUMMARY: AddressSanitizer: heap-use-after-free slice.c:7\n")
        self.assertEqual(findings.unexplained(said, None, "slices"), UNEXPLAINED)

    def test_a_long_history_is_what_ran_last(self):
        before = [Path(str(number)) for number in range(300)]
        with mock.patch.object(findings, "sequence_of", return_value="sequence 1\n") as sequence_of:
            history = findings.Findings(mock.Mock(), mock.Mock())._history  # pylint: disable=protected-access
            history(Path("last"), "slices", mock.Mock(), findings.Crash(before=before), self.folder)
        self.assertEqual(sequence_of.call_args[0][1], [*before[45:], Path("last")])

    def test_a_bug_of_the_parser_is_a_finding_that_stays(self):
        self.night("crash:garbled", status=1, says=("check=garbled",))
        bundle = next((self.out / "findings").iterdir())
        self.assertEqual((bundle / "trace.bin").read_text(), "garbled")
        self.assertIn("expected: yes", (bundle / "explanation.txt").read_text())
        self.assertEqual(self.record()["findings"][0]["minimised"], "not minimised: its text cannot be read again")
        self.night("clean", status=1, says=("1 known",))

    def test_a_flaky_crash_says_how_often_it_shows(self):
        self.night("crash:flaky", status=1, says=(BROKE,))
        self.assertRegex(self.record()["findings"][0]["shows"], "^[345] of 10$")
        self.assertRegex(self.record()["verdict"] + (self.out / "report/index.html").read_text(), "shows in [345] of 10 replays")
        self.night("clean", status=1, says=("1 known",))  # not fixed because it did not show at once

    def test_a_crash_whose_input_is_not_there_is_said(self):
        self.night("gone:fire", status=1, says=("the engine says that it wrote", "is not there", FIRED))
        shutil.rmtree(self.out)
        self.night("gone:never", status=1, says=("is not there", UNEXPLAINED))

    def test_a_crash_at_exit_is_found(self):
        self.night("atexit:fire", status=1, says=(FIRED,))
        shutil.rmtree(self.out)
        self.night("crash:late", status=1, says=("check=late op=slice", "2 operations in 2 programs"))
        bundle = next((self.out / "findings").iterdir())
        self.assertEqual((bundle / "trace.sequence").read_text(), "sequence 1\ntrace 1\nprime\ntrace 1\nlate\n")
        shutil.rmtree(self.out)
        self.night("atexit:never", status=1, says=(UNEXPLAINED, "the process ended with status 1"))

    def test_a_report_without_a_crash_is_found(self):
        self.night("report", status=1, says=(UNEXPLAINED,))

    def test_what_was_slow_on_a_busy_machine_is_a_note(self):
        self.night("slow:quick", status=0, code="engine.REPORT = __import__('re').compile('(?!)')",
                   says=("was slow when it was found, and is not now",))
        self.night("slow:early", status=2, code="engine.REPORT = __import__('re').compile('(?!)')", says=("ended before its time",))

    # ---- What ends before its time ----

    def test_an_engine_that_ends_early_is_said(self):
        self.night("early", status=2, says=("NOT CLEAN", "ended before its time, with status 0"))

    def test_an_engine_that_runs_nothing_is_said(self):
        self.night("nothing", status=2, says=("without running an input",))

    def test_an_engine_that_calls_nothing_of_the_library_is_said(self):
        self.night("idle", status=2, says=("called nothing of the library",))

    def test_an_engine_that_is_killed_from_outside_is_said(self):
        for number in (signal.SIGKILL, signal.SIGTERM):
            self.night(f"signal:{int(number)}", status=2, says=(f"ended by signal {int(number)} from outside",))

    def test_an_engine_that_does_not_end_is_said(self):
        self.night("wait", status=2, says=("had to be stopped: it did not end when its time was over",), code="engine.OVERSTAYS_S = 0")

    def test_a_slice_that_is_given_up_is_said(self):
        self.night("crash:break", status=1, says=("a slice was given up after 1 crashes",), code="worker.STORM_RESTARTS = 1")

    def test_a_floor_that_is_not_reached_is_said(self):
        self.night("clean", "--harness", "slices", "--empty", "--time", "1s", "--floor", "slices=1h", status=2, says=("its floor is 3600 s",))

    def test_a_part_of_the_plan_that_never_ran_is_said(self):
        self.night("clean", "--harness", "slices", "--harness", "life", "--empty", "--time", "3s", "--slice", "1s", status=2,
                   says=("life: no input was run", "life libfuzzer-asan: planned, and not run"),
                   code="plan.Plan.next = lambda self: self.combinations[0]")

    def test_planted_bugs_that_cannot_be_tried_are_said(self):
        arguments = ("--harness", "slices", "--empty", "--time", "1s", "--canaries")
        self.night("clean", *arguments, status=2, says=("planted bugs: none was tried: no compiler",),
                   code="def release(*_):\n    raise tools.ToolError('no compiler')\ncanary.release = release")
        self.night("clean", *arguments, status=1, says=("1 planted bug(s) MISSED", "does not build"),
                   code="canary.release = lambda *_: [record.Canary('A01', 'a bug', 'slices', None, '', 'does not build')]")

    def test_an_engine_that_ends_early_is_no_planted_bug_that_was_missed_without_a_word(self):
        for fuzzes, why in (("echo disk full >&2; exit 9", "status 9: disk full"), ("echo 'PROCBUF-BUG kind=a check=b op=c' >&2; exit 77", "no replay shows it")):
            for name, does in {"fuzz-slices": fuzzes, "procbuf-replay": "exit 0"}.items():
                program = self.folder / name
                program.write_text(f"#!/bin/sh\n{does}\n")
                program.chmod(0o755)
            with self.assertRaisesRegex(planted.Failure, why):
                detection.try_once(libfuzzer.LibFuzzer, "slices", 1, 60, self.folder,
                                   lambda found: detection.recognised(planted.all_defects()[0], self.folder, "slices", found))

    COVERS = ("import importlib, shutil as s\nimportlib.reload(coverage)\ncoverage.statistics = lambda *_: {}\n"
              "(campaign_corpus := Path(sys.argv[sys.argv.index('--out') + 1]) / 'corpus/slices').mkdir(parents=True, exist_ok=True)\n"
              "real = coverage.measure_each\n"
              "def measure_each(built, inputs):\n"
              "    (campaign_corpus / 'x1').write_text('prime')\n    (campaign_corpus / 'x2').write_text('WHAT')\n"
              "    return real(built, inputs)\ncoverage.measure_each = measure_each\n")

    def test_a_replay_for_coverage_that_breaks_is_a_finding(self):
        self.night("clean", status=1, says=(FIRED, "coverage: not measured"), code=self.COVERS.replace("WHAT", "fire"))

    def test_a_replay_for_coverage_that_hangs_is_a_finding(self):
        self.night("clean", status=1, says=("kind=hang", "coverage: not measured"),
                   code=self.COVERS.replace("WHAT", "hang") + "coverage.SILENCE_S = 2\n")

    AFL = """
running = []
def one_in_a_folder(base):
    class OneInAFolder(base):
        def __init__(self, task):
            engine.Fuzzer.__init__(self, task)
            if task.kept in running:
                raise tools.ToolError("a second one in " + str(task.kept))
            running.append(task.kept)
            self.polls, self.command = 0, "afl"
            self.progress.runs, self.came_to_end = 100, True
        def poll(self):
            self.polls += 1
            if self.polls < 3:
                return None
            running.remove(self.task.kept)
            return 0
        def stop(self):
            pass
    return OneInAFolder
import dataclasses
builds.SETUPS[:] = [dataclasses.replace(s, engine=one_in_a_folder(afl.Afl)) if s.engine is afl.Afl else s for s in builds.SETUPS]
"""

    def test_afl_on_two_cores_has_one_process_a_folder(self):
        for harnesses in (["--harness", "slices"], ["--harness", "slices", "--harness", "life"]):
            self.night("clean", "--engine", "afl", "--jobs", "2", *harnesses, "--empty", "--time", "2s", "--slice", "1s", status=0, code=self.AFL)

    def test_a_corpus_that_cannot_be_made_small_is_said(self):
        self.night("clean", status=2, says=("corpus of slices: left as it is: disk full",), code=(
            "night.MINIMISE_STORE_FROM_S = 0\ndef minimise(*_):\n    raise tools.ToolError('disk full')\ncorpora.minimise = minimise"))

    def test_code_that_is_no_longer_reached_is_said(self):
        self.night("clean", status=1, says=("NO LONGER REACHED: src/range.c: return",),
                   code="night.Night.measure_coverage = lambda self: self.journal.record.no_longer_reached.append('src/range.c: return')")

    def test_evidence_that_got_worse_is_said(self):
        self.night("clean", status=1, says=("WORSE EVIDENCE: B3 accepts: unit tests: 2, were 3", "1 cell(s) of the evidence are WORSE"),
                   code="night.evidence.of_night = lambda record, whole: ([], ['B3 accepts: unit tests: 2, were 3'])")

    def test_evidence_that_cannot_be_read_is_said(self):
        self.night("clean", status=2, says=("BROKEN: evidence: tests/evidence/none.json: cannot be read",),
                   code="night.evidence.FILE = tools.ROOT / 'tests/evidence/none.json'")

    # ---- From night to night ----

    def test_what_a_killed_campaign_left_is_looked_at(self):
        for harness, text in (("slices", "fire"), ("life", "break")):
            (self.out / "artefacts" / harness).mkdir(parents=True)
            (self.out / "artefacts" / harness / "crash-1").write_text(text)
        (self.out / "rings").mkdir()
        (self.out / "rings/slices.3.ring").write_text("sequence 1\ntrace 1\nprime\ntrace 1\nfire\n")
        self.night("clean", status=1, says=(FIRED, "artefacts/life/crash-1: not checked yet: life is not fuzzed tonight"))
        self.night("clean", "--harness", "life", "--empty", "--time", "1s", status=1, says=(BROKE,))

    def test_a_bundle_that_nobody_knows_and_nobody_can_read_is_said(self):
        (self.out / "findings/something").mkdir(parents=True)
        (self.out / "findings/something/finding.json").write_text("{")
        self.night("clean", status=2, says=("findings/something: ", "the finding is damaged"))

    def test_a_corpus_that_shrank_is_said(self):
        corpus = self.out / "corpus/slices"
        corpus.mkdir(parents=True)
        for number in range(20):
            (corpus / f"input{number}").write_text("clean")
        self.night("clean", status=0)
        for number in range(11):
            (corpus / f"input{number}").unlink()
        self.night("clean", status=2, says=("corpus/slices: 9 inputs, of 20 that last night left",))
        self.night("clean", status=0)

    def test_a_store_without_last_night_is_said(self):
        self.night("clean", status=0)
        for path in self.out.glob("state.sqlite*"):
            path.unlink()
        self.night("clean", status=2, says=("state.sqlite: it knows nothing of last night",))
        for path in self.out.glob("state.sqlite*"):
            path.unlink()
        (self.out / "state.sqlite").touch()
        self.night("clean", status=2, says=("state.sqlite: it knows nothing of last night",))
        shutil.rmtree(self.out)
        self.out.mkdir()
        (self.out / "state.sqlite").touch()
        self.night("clean", status=0, says=("state.sqlite was empty, and was begun again",))

    def test_a_finding_whose_build_is_not_asked_stays_open(self):
        self.night("crash:break", status=1)
        record = next((self.out / "findings").iterdir()) / "finding.json"
        record.write_text(json.dumps(json.loads(record.read_text()) | {"preset": "msan"}))
        done = self.night("clean", status=1, says=(f"not asked tonight: {BROKE}", "1 not asked tonight"))
        self.assertNotIn("fixed since", done.stdout)
        sarif = json.loads((self.out / "report/findings.sarif").read_text())
        self.assertEqual(len(sarif["runs"][0]["results"]), 1)  # else it counts as fixed where that is read

    def test_a_finding_that_was_damaged_stays_open(self):
        self.night("crash:break", status=1)
        bundle = next((self.out / "findings").iterdir())
        good = {path.name: path.read_bytes() for path in bundle.iterdir()}
        record = json.loads(good["finding.json"])
        for name, bad in (("trace.trace", None), ("trace.trace", b""), ("trace.trace", b"trace 1\nclean\n"), ("finding.json", None),
                          ("finding.json", good["finding.json"][:100]), ("finding.json", b"[]"),
                          ("finding.json", json.dumps(record | {"preset": None}).encode()),
                          ("finding.json", json.dumps(record | {"identity": FIRED}).encode()),
                          ("finding.json", json.dumps(record | {"seconds": "x", "folder": "../../evil"}).encode())):
            (bundle / name).unlink() if bad is None else (bundle / name).write_bytes(bad)
            self.night("clean", status=1, says=(f"damaged: {BROKE}", "1 damaged"))
            (bundle / name).write_bytes(good[name])
        shutil.rmtree(bundle)
        self.night("clean", status=1, says=("1 damaged",))
        self.night("crash:break", status=1, says=("1 known",))  # found again, it is whole again

    def test_a_finding_that_is_fixed_is_fixed(self):
        self.night("crash:break", status=1)
        self.night("clean", status=0, says=("fixed since",),
                   code="findings.replay = lambda *_, **__: findings.Outcome('', '')")

    def test_a_night_that_fails_leaves_no_report_of_another(self):
        self.night("clean", status=0)
        self.night("clean", "--harness", "nonsense", status=2, says=("no such harness: there are allow, buffers",))
        self.assertIn("no such harness", (self.out / "report/summary.md").read_text())
        self.night("clean", status=0)
        self.night("clean", status=2, says=("an internal error, KeyError: 'surprise' (<string>:",),
                   code="def fuzz(*_):\n    raise KeyError('surprise')\nnight.Fuzzing.run = fuzz")
        self.assertIn("surprise", (self.out / "report/summary.md").read_text())
        (self.out / "state.sqlite").write_bytes(b"x" * 5000)
        self.night("clean", status=2, says=("state.sqlite: damaged",))
        self.assertEqual(self.record()["findings"], [])

    def test_a_folder_that_was_moved_names_its_new_place(self):
        self.night("crash:break", status=1)
        moved = self.folder / "moved $HOME; `x`"
        self.out.rename(moved)
        self.out = moved
        done = self.night("clean", status=1, says=("1 known",))
        command = self.record()["findings"][0]["command"]
        self.assertEqual(shlex.split(command), ["./fuzz/repro", str(moved / "findings/result--break--slice")])
        self.assertIn(command, done.stdout)
        self.assertEqual(json.loads((moved / "findings/result--break--slice/finding.json").read_text())["command"], command)

    def test_a_replay_that_cannot_start_is_said(self):
        (self.programs / "fuzz/procbuf-replay").unlink()
        self.write("programs/fuzz/procbuf-replay", "#!/bin/sh\necho 'AddressSanitizer failed to allocate shadow memory' >&2\nkill -ABRT $$\n"
                   ).chmod(0o755)
        self.night("clean", status=2, says=("procbuf-replay does not start: AddressSanitizer failed to allocate",))
        self.write("programs/fuzz/procbuf-replay", "#!/bin/sh\nkill -XFSZ $$\n")
        with self.assertRaisesRegex(ToolError, "the replay ran no input: it was ended: File size limit exceeded"):
            list(replay.run_all(tools.Build(self.programs, ROOT / "lib"), [self.write("a", "clean")]))

    # ---- Signals ----

    def start(self, does: str, code: str = "") -> subprocess.Popen:
        process = subprocess.Popen(self.command("--harness", "slices", "--empty", "--time", "5m", code=code), env=self.environment(does),
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.kill)
        return process

    def end(self, process: subprocess.Popen, status: int, *texts: str):
        said = process.communicate(timeout=1200)[0]
        self.assertEqual(process.returncode, status, said)
        for text in texts:
            self.assertIn(text, said)

    def test_a_signal_is_no_clean_end(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            shutil.rmtree(self.out, ignore_errors=True)
            process = self.start("wait")
            while not (self.out / "status.json").exists() and process.poll() is None:
                time.sleep(0.05)
            process.send_signal(number)
            self.end(process, 2, "NOT CLEAN", "INTERRUPTED")
            self.check_report(2)

    def test_a_second_signal_loses_no_finding(self):
        code = ("def note(self):\n    print('LATE', flush=True)\n    import time\n    time.sleep(1)\n"
                "night.Night.note_corpora = note\n")
        process = self.start("crash:break", code)
        for line in process.stdout:
            if "FINDING" in line:
                break
        process.send_signal(signal.SIGINT)
        for line in process.stdout:
            if "LATE" in line:
                break
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        self.end(process, 1, f"new: {BROKE}", "INTERRUPTED")

    def test_a_finding_is_whole_before_it_is_made_small(self):
        dies = "import os\ndef dies(*_):\n    {}\nbundle.Bundles._minimised = dies"
        done = subprocess.run(self.command(code=dies.format("os.kill(os.getpid(), 9)")), env=self.environment("crash:fire"), check=False,
                              capture_output=True)
        self.assertEqual(done.returncode, -9)
        bundle = next((self.out / "findings").glob("[!.]*"))
        self.assertIn("noise", (bundle / "trace.sequence").read_text())
        self.assertFalse((self.out / "report").exists())
        bundle.rename(bundle.with_name(f".{bundle.name}.old"))  # it was killed a moment later
        self.night("clean", status=1, says=(f"new: {FIRED}",), code="night.Triage.take_in_artefacts = lambda *_: None")
        self.assertNotIn("noise", (bundle / "trace.sequence").read_text())
        shutil.rmtree(self.out)
        self.night("crash:fire", status=1, says=(f"new: {FIRED}", "INTERRUPTED"), code=dies.format("raise KeyboardInterrupt"))
        self.assertEqual(self.record()["broken"], [])

    # ---- Limits ----

    def test_a_saved_input_that_hangs_is_named_and_the_others_run(self):
        corpus = self.out / "corpus/slices"
        corpus.mkdir(parents=True)
        for name, text in (("a", "clean"), ("b", "hang"), ("c", "break"), ("d", "clean")):
            (corpus / name).write_text(text)
        self.night("clean", status=1, says=("kind=hang", BROKE), code="replay.SILENCE_S = 1")
        self.assertEqual(sorted(path.name for path in corpus.iterdir()), ["a", "d", "empty"])
        self.assertEqual(sorted(name for f in self.record()["findings"] for name in f["names"]), ["b", "c"])

    def test_five_inputs_of_a_bug_are_kept(self):
        corpus = self.out / "corpus/slices"
        corpus.mkdir(parents=True)
        for number in range(7):
            (corpus / f"b{number}").write_text("break")
        self.night("clean", status=1, says=(BROKE,))
        bundle = next((self.out / "findings").iterdir())
        self.assertEqual(sorted(path.name for path in bundle.glob("input*")), ["input", "input-2", "input-3", "input-4", "input-5"])
        finding, = self.record()["findings"]
        self.assertEqual((finding["inputs"], finding["names"]), (7, ["b0", "b1", "b2", "b3", "b4"]))
        self.night("clean", status=1, says=("1 known",))  # of the night that had most
        self.assertEqual(json.loads((bundle / "finding.json").read_text())["inputs"], 7)

    def test_a_library_that_hangs_leaves_out_the_rest_by_name(self):
        corpus = self.out / "corpus/slices"
        corpus.mkdir(parents=True)
        for number in range(7):
            (corpus / f"h{number}").write_text("hang")
        self.night("clean", status=1, says=("kind=hang", "2 inputs were neither replayed nor used, because the library hangs: h5, h6"),
                   code="replay.SILENCE_S = 1")
        self.assertEqual([path.name for path in corpus.iterdir()], ["empty"])

    def test_inputs_that_break_in_a_row_only_are_a_finding(self):
        corpus = self.out / "corpus/slices"
        corpus.mkdir(parents=True)
        (corpus / "a").write_text("prime")
        (corpus / "b").write_text("fire")
        self.night("clean", status=1, says=(FIRED,))

    # ---- Odd files ----

    def test_what_is_no_input_is_left_out_by_name(self):
        corpus = self.out / "corpus/slices"
        (corpus / ".state").mkdir(parents=True)
        (corpus / "folder").mkdir()
        os.mkfifo(corpus / "fifo")
        (corpus / "dangling").symlink_to("nowhere")
        (corpus / "to a folder").symlink_to("/tmp")
        (corpus / "bytes.trace").write_bytes(b"\0\1\2")
        with open(corpus / "large", "wb") as file:
            file.truncate(3 << 30)
        Path(os.fsdecode(os.fsencode(corpus) + b"/bad\xff")).write_text("clean")
        Path(os.fsdecode(os.fsencode(corpus) + b"/worse\xff")).write_text("break")
        self.night("clean", status=1, says=(BROKE, "corpus/slices/fifo: left out", "dangling: left out", "folder: left out", "bytes.trace: left out",
                                            "large: left out", ".state: left out", "a link to nothing"))
        self.assertEqual(self.record()["findings"][0]["names"], ["worse\\xff"])
        self.assertEqual(sorted(shown for shown in os.listdir(os.fsencode(corpus))), [b"bad\xff", b"empty"])
        self.night("clean", "--harness", "slices", "--empty", "--time", "1s", status=1)

    def test_what_is_left_out_stays_beside_what_was(self):
        folder = Folder(self.out)
        corpus, aside = folder.corpus("slices"), self.out / "left-out/slices"
        old = corpus.with_name(".slices.old")  # the campaign was killed while it replaced a corpus
        old.mkdir(parents=True)
        (old / "kept").write_text("clean")
        texts = ["trace 1\n", "trace 1\nlen rw0\n", "trace 1\nlen rw1\n"]
        for text in texts:
            corpora.tidy(folder, "slices")
            (corpus / "a.trace").write_text(text)
        self.assertEqual(len(corpora.tidy(folder, "slices")), 1)
        self.assertEqual([(aside / name).read_text() for name in ("a.trace", "a.trace.2", "a.trace.3")], texts)
        self.assertEqual([path.name for path in corpus.iterdir()], ["kept"])

    def test_thirty_thousand_inputs_are_taken(self):
        corpus = self.out / "corpus/slices"
        corpus.mkdir(parents=True)
        for number in range(30_000):
            (corpus / f"{number:060}").touch()
        self.night("clean", status=0)

    def test_no_room_left_is_said_and_nothing_else_is(self):
        code = "def fuzz(*_):\n    raise OSError({}, 'x', '/nonsense')\nnight.Fuzzing.run = fuzz"
        self.assertIn("make room", self.night("clean", status=2, code=code.format(28)).stderr)
        done = self.night("clean", status=2, code=code.format(13))
        self.assertNotIn("make room", done.stderr)
        self.assertNotIn("--resume", done.stderr)

    def test_no_folder_is_made_to_go_on_in(self):
        self.night("clean", "--resume", status=2, says=("no such folder",))
        self.assertFalse(self.out.exists())

    def test_a_locale_that_is_not_utf_8_changes_nothing(self):
        done = subprocess.run(self.command(), capture_output=True, check=False, env=self.environment("crash:break") | {"LC_ALL": "ja_JP.eucJP"})
        self.assertEqual(done.returncode, 1, done.stderr.decode(errors="replace"))


class Statuses(Case):
    def test_every_event_of_the_list_is_planted_by_a_test(self):
        """fuzz/OUTPUT.md lists what leads to which status, and what the report says then."""
        text = (ROOT / "fuzz/OUTPUT.md").read_text()
        rows = [row.split(" | ") for row in text.splitlines() if row.startswith(("| 1 | ", "| 2 | "))]
        self.assertGreater(len(rows), 25)
        tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py")).replace("[345]", "3")
        for row in rows:
            for said in re.findall("`([^`]+)`", row[2]):
                if not said.startswith("--"):
                    self.assertTrue(said in tests, f"no test in which the report says {said}: {row[1]}")
