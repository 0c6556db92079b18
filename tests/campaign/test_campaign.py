"""./fuzz/campaign: short campaigns as a user starts them, and what bad input gets."""
import fcntl
import json
import os
import signal
import subprocess
import time

from support import HARNESSES, ROOT, Case, broken_lib, call, edited_lib, recorded

from orchestrate.builds import SETUPS

CAMPAIGN = ROOT / "fuzz/campaign"


class Campaign(Case):
    def record(self):
        return recorded(self.folder / "out")

    def run_campaign(self, *arguments, status: int):
        done = call(CAMPAIGN, "--out", self.folder / "out", "--seed", "1", *arguments)
        self.check(done, status)
        return done

    def test_a_clean_library_gives_a_clean_report(self):
        began = time.monotonic()
        done = self.run_campaign("--time", "30s", "--slice", "1s", "--engine", "libfuzzer",
                                 "--build", "asan", status=0)
        self.check(done, 0, "Nothing found", "report/index.html")
        record = self.record()
        self.assertEqual([h["name"] for h in record["harnesses"]], HARNESSES)
        for harness in record["harnesses"]:
            self.assertGreater(harness["runs"], harness["seeds"])
            self.assertGreater(harness["checked_operations"], harness["runs"])
            saved = [*(ROOT / "corpus" / harness["name"]).glob("*.trace"),
                     *(ROOT / "corpus/regressions").glob("*.trace")]
            self.assertEqual(harness["seeds"], len(saved))
        self.assertEqual(record["findings"], [])
        self.assertGreater(record["coverage"]["src/buffer.c"]["covered_lines"], 100)
        # No second of a core counts twice, and a fuzzer's are its own.
        cpu = record["cpu"]
        self.assertLess(sum(cpu.values()), 1.1 * (os.cpu_count() or 1) * (time.monotonic() - began) + 2)
        self.assertGreater(cpu["fuzzing_s"], 1)
        page = (self.folder / "out/report/index.html").read_text()
        self.assertIn("Nothing found", page)
        for outside in ("src=", 'href="http', "@import", "url(http"):
            self.assertNotIn(outside, page)

    def test_finds_two_planted_bugs_from_nothing_and_names_each(self):
        lib = broken_lib("S12", "B11")
        done = self.run_campaign("--time", "12s", "--harness", "buffers", "--empty", "--lib", lib,
                                 status=1)
        kinds = {f["identity"].split(" op=")[0] for f in self.record()["findings"]}
        self.assertIn("PROCBUF-BUG kind=access check=load-not-named", kinds)
        sarif = json.loads((self.folder / "out/report/findings.sarif").read_text())
        self.assertEqual(len(sarif["runs"][0]["results"]), len(self.record()["findings"]))
        for name in ("junit.xml", "summary.md"):
            self.assertIn("load-not-named", (self.folder / "out/report" / name).read_text().replace("\\", ""))
        for finding in self.record()["findings"]:
            folder = self.folder / "out/findings" / finding["folder"]
            for name in ("input", "trace.trace", "explanation.txt", "finding.json"):
                self.assertTrue((folder / name).exists(), name)
            self.assertLessEqual(finding["operations"], 6)
            told = json.loads((folder / "finding.json").read_text())
            kept = [path for path in folder.iterdir() if path.name.startswith("input")]
            self.assertEqual((told["inputs"], len(told["names"])), (finding["inputs"], len(kept)))
            self.assertTrue(all(name.startswith(("crash-", "id:")) for name in told["names"]), told["names"])
            self.assertNotIn("\x1b", json.dumps(told["environment"]).encode().decode("unicode_escape"))
            self.assertIn(finding["identity"], done.stdout)
            self.assertIn(finding["identity"], (self.folder / "out/report/index.html").read_text())
            again = call(ROOT / "fuzz/repro", "--lib", lib, folder)
            self.check(again, 1, finding["identity"])

    def test_a_bug_that_the_saved_corpora_show_is_a_finding(self):
        self.run_campaign("--time", "2s", "--harness", "life", "--lib", broken_lib("L03-16"), status=1)
        first = self.record()["findings"][0]
        self.assertEqual((first["harness"], first["seconds"]), ("corpus", 0.0))

    def test_a_bug_that_breaks_every_input_is_one_finding(self):
        lib = edited_lib("no-zero", "src/memory.c",
                         "    memset(procbuf_memory_at(addr), 0, len);\n", "")
        for arguments in (["--empty"], []):
            self.run_campaign("--time", "3s", "--harness", "life", "--lib", lib, *arguments, status=1)
            self.assertEqual([f["identity"] for f in self.record()["findings"]],
                             ["PROCBUF-BUG kind=memory check=bytes-differ op=process"])

    def test_a_library_that_hangs_is_a_finding(self):
        compared = "    return a.private_.table == b.private_.table && "
        lib = edited_lib("hangs", "src/table.c", compared, "    for (volatile int i = 0; i < 1;)\n        ;\n" + compared)
        self.run_campaign("--time", "3s", "--harness", "life", "--lib", lib, status=1)
        self.assertEqual(self.record()["findings"][0]["identity"].split()[1], "kind=hang")

    def test_ctrl_c_keeps_everything_and_writes_the_report(self):
        process = subprocess.Popen([CAMPAIGN, "--time", "5m", "--engine", "libfuzzer", "--build", "asan",
                                    "--out", self.folder / "out"],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while not (self.folder / "out/status.json").exists() and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(), 2, rest)
        self.assertIn("NOT CLEAN", rest)
        self.assertTrue(self.record()["interrupted"])
        self.assertGreater(self.record()["harnesses"][0]["runs"], 0)

    def test_the_second_campaign_in_a_folder_is_refused(self):
        out = self.folder / "out"
        out.mkdir()
        with open(out / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.run_campaign("--time", "1s", status=2)
        self.check(done, 2, "another campaign is running")

    def test_a_broken_build_is_shown(self):
        lib = edited_lib("not-c", "src/range.c", "", "this is not C\n")
        done = self.run_campaign("--time", "1s", "--lib", lib, status=2)
        self.check(done, 2, "the build is broken", "range.c")

    def test_refuses_bad_arguments(self):
        self.check(call(CAMPAIGN, "--time", "0s"), 2, "invalid duration")
        self.check(call(CAMPAIGN, "--time", "soon"), 2, "invalid duration")
        self.check(call(CAMPAIGN, "--jobs", "0"), 2, "invalid number of jobs")
        self.check(call(CAMPAIGN, "--nonsense"), 2, "unrecognized")
        out = self.folder / "out"
        self.check(call(CAMPAIGN, "--out", out, "--harness", "nonsense"), 2, f"there are {', '.join(HARNESSES)}")
        self.check(call(CAMPAIGN, "--out", out, "--lib", "/nonsense"), 2, "not a library")
        for lib in (self.write("a file", ""), self.folder):
            self.check(call(CAMPAIGN, "--out", out, "--lib", lib), 2, "not a library: it needs src/*.c and include/")
        for option in ("--out", "--lib"):
            self.check(call(CAMPAIGN, option, ""), 2, f"argument {option}: an empty name")
        self.check(call(CAMPAIGN, "--out", self.write("file", "")), 2, "cannot be written")
        self.check(call(CAMPAIGN, "--out", "/proc/nonsense"), 2, "cannot be written")

    def test_the_plan_says_what_runs_and_what_has_no_room(self):
        done = call(CAMPAIGN, "--plan", "--time", "60s", "--jobs", "2", "--out", self.folder / "out")
        self.check(done, 0, "57 s on 2 processes", "left out for want of time: libfuzzer-msan: every harness")
        self.assertGreaterEqual(done.stdout.count(" of one process"), len(HARNESSES) + 1)
        for name in (*HARNESSES, "everything  afl"):
            self.assertIn(f"  {name} ", done.stdout, "each harness, and each engine")
        self.assertFalse((self.folder / "out").exists(), "a plan leaves nothing")
        done = call(CAMPAIGN, "--plan", "--time", "1h", "--jobs", "2", "--out", self.folder / "out")
        self.assertEqual(done.stdout.count(" of one process"), len(SETUPS) * len(HARNESSES))
        self.assertNotIn("left out", done.stdout)
        done = call(CAMPAIGN, "--plan", "--time", "1h", "--engine", "afl", "--build", "msan",
                    "--out", self.folder / "out")
        self.check(done, 2, "--engine afl runs with --build asan only")

    def test_every_engine_and_build_takes_part(self):
        done = self.run_campaign("--time", "15s", "--slice", "5s", "--jobs", "2", "--harness", "slices",
                                 status=0)
        tried = {c["setup"]: c["seconds"] for c in self.record()["plan"]}
        self.assertEqual(set(tried), {setup.name for setup in SETUPS})
        for setup, seconds in tried.items():
            self.assertGreater(seconds, 2, setup)
        self.assertTrue(list((self.folder / "out/corpus/slices").glob("afl-*")), "AFL++ gives what it finds")
        self.check(done, 0, "Nothing found")

    def test_afl_finds_a_planted_bug(self):
        self.run_campaign("--time", "15s", "--jobs", "1", "--harness", "slices", "--engine", "afl",
                          "--empty", "--lib", broken_lib("S12"), status=1)
        self.assertIn("PROCBUF-BUG kind=access check=load-not-named",
                      self.record()["findings"][0]["identity"])

    def test_canaries_are_found_and_counted(self):
        done = self.run_campaign("--time", "4s", "--jobs", "2", "--harness", "life", "--build", "asan",
                                 "--engine", "libfuzzer", "--canaries", status=0)
        canaries = self.record()["canaries"]
        self.assertGreaterEqual(len(canaries), 2)
        self.check(done, 0, f"{len(canaries)} of {len(canaries)} planted bugs found")
        self.assertEqual(self.record()["findings"], [])
