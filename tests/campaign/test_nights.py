"""Campaigns night after night: what is new, known, fixed, regressed; what goes wrong in between."""
import json
import os
import resource
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from support import ROOT, Case, broken_lib, call, edited_lib, programs_with, recorded

CAMPAIGN = ROOT / "fuzz/campaign"
QUICK = ["--harness", "slices", "--engine", "libfuzzer", "--build", "asan"]
COPY_TO = "PROCBUF-BUG kind=access check=load-not-named op=copy_to"

KEEPS_NOTHING = """
import sys
from orchestrate import campaign, corpora, night

def minimise(built, harness, folder):
    for path in folder.iterdir():
        path.unlink()
    (folder / "empty").write_bytes(b"")
    return 1

corpora.minimise = minimise
night.MINIMISE_STORE_FROM_S = 0
sys.exit(campaign.main())
"""

TROUBLE = """
extern int open(const char *path, int flags, ...);
extern long read(int file, void *to, unsigned long len);
extern long write(int file, const void *from, unsigned long len);
extern void _exit(int status);
extern void *malloc(unsigned long len);
extern void *memset(void *to, int value, unsigned long len);
void procbuf_port_barrier(void);

/* fuzz-life ends at once; fuzz-slices prints megabytes of what is not text. */
__attribute__((constructor)) static void make_trouble(void)
{
    char name[32] = "";
    static char junk[4096];
    (void)read(open("/proc/self/comm", 0), name, sizeof name - 1);
    if (name[5] == 'l' && name[6] == 'i')
        _exit(0);
    for (int i = 0; i < 4096; i++)
        junk[i] = (char)(i * 7 % 256 == '\\n' ? 1 : i * 7);
    for (int i = 0; name[0] == 'f' && name[5] == 's' && i < 1000; i++)
        (void)write(2, junk, sizeof junk);
}
"""


AT_EXIT = """
extern char *getenv(const char *name);
extern int setenv(const char *name, const char *value, int overwrite);

static void leave(void)
{
    (void)setenv("PROCBUF_TEST_STATE", "left", 1);
}

__attribute__((destructor)) static void at_exit(void)
{
    if (getenv("PROCBUF_TEST_STATE") != 0)
        __builtin_trap();
}
"""


class Nights(Case):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"

    def record(self):
        return recorded(self.out)

    def night(self, *arguments, status: int, **how):
        done = call(CAMPAIGN, "--out", self.out, *arguments, **how)
        self.check(done, status)
        return done

    def night_until(self, count: int, *arguments):
        """A night that is ended once it has told of so many findings, however long that takes."""
        with subprocess.Popen([str(word) for word in (CAMPAIGN, "--out", self.out, *arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as campaign:
            lines = []
            for line in campaign.stdout:
                lines.append(line)
                if line.startswith("FINDING after "):
                    count -= 1
                    if count == 0:
                        campaign.send_signal(signal.SIGINT)
        self.assertEqual((campaign.returncode, max(0, count)), (1, 0), "".join(lines))

    def statuses(self) -> set:
        return {f["status"] for f in self.record()["findings"]}

    def test_a_bug_is_new_then_known_then_fixed_then_back_again(self):
        lib = broken_lib("S12")
        first = self.night(*QUICK, "--time", "3s", "--lib", lib, status=1)
        self.check(first, 1, f"new: {COPY_TO}")
        self.assertEqual(self.statuses(), {"new"})
        self.night(*QUICK, "--time", "3s", "--lib", lib, status=1)
        self.assertIn("known", self.statuses())
        third = self.night(*QUICK, "--time", "3s", status=0)
        self.check(third, 0, f"fixed since: {COPY_TO}", "Nothing found")
        self.assertIn(COPY_TO, self.record()["fixed"])
        self.night(*QUICK, "--time", "3s", "--lib", lib, status=1)
        self.assertIn("regressed", self.statuses())
        self.assertEqual([n["id"] for n in self.record()["nights"]], [1, 2, 3, 4])
        page = (self.out / "report/index.html").read_text()
        self.assertIn("regressed", page)
        self.check(call(CAMPAIGN, "--resume", "--out", self.out), 2, "no unfinished campaign")

    def test_three_planted_bugs_are_three_findings(self):
        lib = broken_lib("S13", "F03", "E02x")
        self.night_until(3, "--time", "1h", "--slice", "5s", "--harness", "everything", "--harness", "slices",
                         "--engine", "libfuzzer", "--build", "asan", "--lib", lib, "--seed", "5")
        findings = self.record()["findings"]
        self.assertEqual(sorted(f["identity"].split(" op=")[1] for f in findings), ["compare", "process_error_to_code", "return_to_user"])
        for finding in findings:
            self.assertIn("minimised from", finding["minimised"])
            self.assertLessEqual(finding["operations"], 4)
            self.assertIn("Rule ", finding["explanation"])
            folder = self.out / "findings" / finding["folder"]
            self.assertIn("Test(found, ", (folder / "test.c").read_text())
            self.assertIn("--- a/lib/", (folder / "library.patch").read_text())
            self.assertIn("clang", json.loads((folder / "finding.json").read_text())["environment"])

    def test_a_bug_that_shows_as_a_process_ends_is_made_small(self):
        buffer = (ROOT / "lib/src/buffer.c").read_text()
        often = "enum procbuf_error procbuf_readwrite_build("  # one of the last 256 inputs does it: more are not known
        self.assertEqual(buffer.count(often), 1)
        at = buffer.index("{\n", buffer.index(often)) + 2
        lib = edited_lib("at-exit", "src/buffer.c", "", AT_EXIT + buffer[:at] + "    leave();\n" + buffer[at:])
        self.night("--harness", "everything", "--engine", "libfuzzer", "--build", "asan", "--empty", "--time", "4s", "--lib", lib, status=1)
        finding, = self.record()["findings"]
        self.assertIn(" op=end", finding["identity"])
        self.assertLess(finding["members"], 32)
        moved = self.folder / "moved"
        (self.out / "findings" / finding["folder"]).rename(moved)
        self.check(subprocess.run([ROOT / "fuzz/repro", "--lib", lib, moved], cwd="/", capture_output=True, text=True, errors="replace", check=False),
                   1, finding["identity"])

    def test_goes_on_after_ctrl_c(self):
        process = subprocess.Popen([CAMPAIGN, *QUICK, "--time", "10s", "--out", self.out], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        while not (self.out / "status.json").exists() and process.poll() is None:
            time.sleep(0.1)
        status = call(CAMPAIGN, "--status", "--out", self.out)
        self.check(status, 0, "running:", "slices")
        process.send_signal(signal.SIGINT)
        said = process.communicate()[0]
        self.assertEqual(process.returncode, 2, said)
        before = self.record()
        self.assertTrue(before["interrupted"])
        done = self.night("--resume", status=0)
        self.check(done, 0, "going on with night 1")
        after = self.record()
        self.assertTrue(after["resumed"])
        self.assertEqual(after["time_s"], 10.0)
        self.assertGreater(after["fuzzing_s"], before["fuzzing_s"])
        self.assertGreater(after["harnesses"][0]["runs"], before["harnesses"][0]["runs"])
        self.check(call(CAMPAIGN, "--status", "--out", self.out), 0, "not running")

    def test_a_night_of_less_than_a_second_has_a_status(self):
        call(CAMPAIGN, *QUICK, "--time", "0.4s", "--out", self.out)
        self.check(call(CAMPAIGN, "--status", "--out", self.out), 0, "not running", "slices")

    def test_a_killed_campaign_leaves_no_process_behind(self):
        mark = f"PROCBUF_TEST_MARK={self.folder}"
        key, value = mark.split("=")
        process = subprocess.Popen([CAMPAIGN, "--harness", "life", "--engine", "afl", "--time", "60s", "--out", self.out],
                                   stdout=subprocess.DEVNULL, env=os.environ | {key: value})
        while process.poll() is None and "fuzz-life" not in programs_with(mark):
            time.sleep(0.1)
        self.assertIsNone(process.poll())
        process.kill()
        process.wait()
        end = time.monotonic() + 300
        while programs_with(mark) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(programs_with(mark), [])

    def test_a_fuzzer_does_not_begin_without_its_campaign(self):
        # The campaign was killed before the kernel knew that its fuzzer is to die with it: another is the parent now.
        code = ("import os, subprocess; from orchestrate import tools; words = tools.dies_with_us('echo', 'began'); at = words.index(str(os.getpid())); "
                "subprocess.run(words); words[at] = '1'; subprocess.run(words)")
        done = subprocess.run(["/usr/bin/python3", "-B", "-c", code], capture_output=True, text=True, check=True,
                              env=os.environ | {"PYTHONPATH": str(ROOT / "fuzz")})
        self.assertEqual(done.stdout, "began\n")

    def test_a_part_that_cannot_run_is_said_and_the_rest_runs(self):
        barrier = (ROOT / "lib/src/barrier.c").read_text()
        lib = edited_lib("trouble", "src/barrier.c", "", barrier + TROUBLE)
        done = self.night("--time", "6s", "--slice", "2s", "--harness", "slices", "--harness", "life", "--engine",
                          "libfuzzer", "--build", "asan", "--lib", lib, status=2)
        self.check(done, 2, "FAILED: life libfuzzer-asan: the process ended without running an input")
        runs = {h["name"]: h["runs"] for h in self.record()["harnesses"]}
        self.assertEqual(runs["life"], 0)
        self.assertGreater(runs["slices"], 1000)

    def test_memory_and_time_without_end_are_findings_of_their_own(self):
        barrier = (ROOT / "lib/src/barrier.c").read_text()
        greedy = barrier.replace("    procbuf_port_barrier();\n",
                                 "    for (;;) { /* slowly: memory is looked at ten times a second */\n"
                                 "        kept = memset(malloc(8ul << 20), 1, 8ul << 20);\n"
                                 "        for (volatile int i = 0; i < 4000000; i++)\n            ;\n    }\n")
        self.assertNotEqual(greedy, barrier)
        lib = edited_lib("greedy", "src/barrier.c", "", TROUBLE.split("/*")[0] + "static void *volatile kept;\n" + greedy)
        self.night("--time", "2s", "--harness", "buffers", "--engine", "libfuzzer", "--build", "asan",
                   "--lib", lib, status=1)
        self.assertEqual({f["identity"].split()[1] for f in self.record()["findings"]}, {"kind=oom"})

    def test_tells_somebody(self):
        heard = self.folder / "heard.json"
        done = self.night(*QUICK, "--time", "2s", "--notify", f"cat > {heard}", status=0)
        self.assertEqual(json.loads(heard.read_text())["night"], 1)
        done = self.night(*QUICK, "--time", "2s", "--notify", "exit 3", status=0)
        self.check(done, 0, "--notify: the command ended with status 3")

    def test_a_full_disk_loses_nothing(self):
        """A file system of a few megabytes; where none can be mounted, files that cannot grow."""
        self.out.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1400k", "tmpfs", self.out],
                                 capture_output=True, check=False).returncode == 0
        limit = {} if mounted else {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))}
        try:
            done = subprocess.run([CAMPAIGN, "--harness", "slices", "--empty", "--time", "15s", "--out", self.out, "--lib",
                                   broken_lib("S12")], capture_output=True, text=True, errors="replace", timeout=1200,
                                  check=False, **limit)
            # 1 where the night finished all the same, and had found something.
            self.assertIn(done.returncode, (1, 2), done.stdout + done.stderr)
            self.assertRegex(done.stderr + done.stdout, "No space left|cannot write|full|File too large|disk I/O")
            self.assertNotIn("Traceback", done.stderr)
            if mounted:
                subprocess.run(["mount", "-o", "remount,size=200m", self.out], check=True)
            if done.returncode == 2:
                self.check(call(CAMPAIGN, "--resume", "--out", self.out), 1, COPY_TO)
            told = {line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.startswith("FINDING after")}
            self.assertLessEqual(told, {f["identity"] for f in self.record()["findings"]})
        finally:
            if mounted:
                subprocess.run(["umount", self.out], check=True)

    def test_a_clock_that_jumps_changes_nothing(self):
        code = ("import random, runpy, sys, time\nreal = time.time\n"
                "time.time = lambda: real() + random.choice((-86400, 0, 86400))\n"
                "runpy.run_module('orchestrate.campaign', run_name='__main__', alter_sys=True)\n")
        done = call("env", f"PYTHONPATH={ROOT}/fuzz", "/usr/bin/python3", "-B", "-c", code, *QUICK, "--time", "4s", "--out", self.out, "--seed", "1")
        self.check(done, 0, "Nothing found")
        self.assertLess(abs(self.record()["fuzzing_s"]), 3600, "a jump is a day")

    def test_a_damaged_store_is_named(self):
        self.out.mkdir()
        (self.out / "state.sqlite").write_bytes(os.urandom(5000))
        self.check(call(CAMPAIGN, *QUICK, "--time", "1s", "--out", self.out), 2, "state.sqlite: damaged", "move it away")
        (self.out / "state.sqlite").unlink()
        sqlite3.connect(self.out / "state.sqlite").execute("pragma user_version = 99")
        self.check(call(CAMPAIGN, *QUICK, "--time", "1s", "--out", self.out), 2, "another version")

    def test_a_store_that_was_killed_before_it_had_tables_is_begun_again(self):
        self.out.mkdir()
        (self.out / "state.sqlite").touch()
        self.check(call(CAMPAIGN, "--resume", "--out", self.out), 2, "no unfinished campaign")
        (self.out / "state.sqlite").write_bytes(b"")
        self.check(call(CAMPAIGN, *QUICK, "--time", "1s", "--out", self.out), 0, "Nothing found",
                   "state.sqlite was empty, and was begun again")

    def path_without(self, *programs: str) -> dict[str, str]:
        """An environment in which these programs are not installed. Builds are configured outside of it, or they would
        remember where its programs were."""
        for preset in ("fuzz", "coverage"):
            self.check(call("cmake", "--preset", preset), 0)
        folder = self.folder / "bin"
        folder.mkdir()
        for path in [*Path("/usr/bin").iterdir(), *Path("/usr/sbin").iterdir(), *Path("/bin").iterdir()]:
            if path.name not in programs and not (folder / path.name).is_symlink():
                (folder / path.name).symlink_to(path)
        return os.environ | {"PATH": str(folder)}

    def test_an_engine_that_is_missing_is_said(self):
        environment = self.path_without("afl-fuzz")
        done = subprocess.run([CAMPAIGN, "--time", "3s", "--slice", "1s", "--harness", "slices", "--build", "asan",
                               "--out", self.out], env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("not done: AFL++ is not installed: libFuzzer only: fuzz/setup/install", done.stdout)
        done = subprocess.run([CAMPAIGN, "--time", "3s", "--engine", "afl", "--out", self.out], env=environment,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("afl-fuzz is missing", done.stderr)

    def test_a_compiler_that_is_missing_is_said(self):
        done = subprocess.run([CAMPAIGN, *QUICK, "--time", "1s", "--out", self.out], env=self.path_without("clang-19"),
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertRegex(done.stderr, r"Missing, by package .*\n  clang: clang-19 on Debian")

    def test_a_corpus_that_cannot_be_read_is_named(self):
        clone = self.folder / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        (clone / "corpus/slices/bad.trace").write_text("trace 1\nnonsense\n")
        done = call(clone / "fuzz/campaign", *QUICK, "--time", "1s", "--out", self.out)
        self.check(done, 2, "bad.trace:2: unknown operation")
        for path in (clone / "corpus/slices").iterdir():
            path.unlink()
        for path in (clone / "corpus/regressions").iterdir():
            path.unlink()
        done = call(clone / "fuzz/campaign", *QUICK, "--time", "1s", "--out", self.out)
        self.check(done, 2, "corpus/slices has no inputs")

    def test_arguments_that_make_no_sense_are_refused(self):
        self.check(call(CAMPAIGN, "--out", self.out, "--weight", "nonsense=2"), 2, "nonsense: no such harness")
        self.check(call(CAMPAIGN, "--out", self.out, "--weight", "slices"), 2, "invalid weight")
        self.check(call(CAMPAIGN, "--out", self.out, "--floor", "slices=never"), 2, "invalid duration")
        self.check(call(CAMPAIGN, "--status", "--out", self.folder / "none"), 2, "no campaign has run")
        self.check(call(CAMPAIGN, "--resume"), 2, "need --out")

    def test_weights_and_floors_shape_the_plan(self):
        # Below ten minutes, where a part would be for protection hardware: three quarters of 95 % of 540 s.
        done = call(CAMPAIGN, "--plan", "--time", "9m", "--jobs", "1", "--engine", "libfuzzer", "--build", "asan",
                    "--harness", "slices", "--harness", "life", "--weight", "slices=3", "--floor", "life=400s",
                    "--out", self.out)
        self.check(done, 0, "about 385 s of one process", "about 400 s of one process")

    def test_coverage_is_of_all_that_ran_and_not_of_what_is_kept(self):
        # Here a corpus made small is an empty one: any loss of coverage by it would show.
        done = subprocess.run(
            ["/usr/bin/python3", "-B", "-c", KEEPS_NOTHING, "--harness", "everything", "--engine", "libfuzzer", "--build",
             "asan", "--time", "2s", "--out", str(self.out)], env=os.environ | {"PYTHONPATH": str(ROOT / "fuzz")},
            capture_output=True, text=True, check=False)
        self.check(done, 0, "corpus of everything: 1 inputs")
        self.assertEqual([path.name for path in (self.out / "corpus/everything").iterdir()], ["empty"])
        errors = self.record()["coverage"]["src/error.c"]
        self.assertEqual((errors["missed_lines"], errors["covered_lines"]), ([], errors["lines"]))

    def test_updates_the_committed_corpus(self):
        clone = self.folder / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        for path in (clone / "corpus/slices").glob("found-*.trace"):
            path.unlink()
        before = {path.name for path in (clone / "corpus/slices").iterdir()}
        done = call(clone / "fuzz/campaign", *QUICK, "--time", "8s", "--out", self.out, "--update-corpus", "--seed", "1")
        self.check(done, 0, "found inputs, and")
        after = {path.name for path in (clone / "corpus/slices").iterdir()}
        self.assertLessEqual(before, after)
        new = sorted(after - before)
        self.assertTrue(new)
        self.assertTrue(all(name.startswith("found-") and name.endswith(".trace") for name in new))
        self.assertTrue((self.out / "corpus/slices/empty").exists())
        texts = [(clone / "corpus/slices" / name).read_text() for name in new]
        self.assertTrue(all(text.startswith("trace 1\n") for text in texts))
