"""./fuzz/repro: crash files in, explanations out."""
import json
import re
import shutil
import signal
import subprocess
import time

from support import BUILD, HARNESSES, PATCHES, ROOT, Case, broken_lib, build_of, call, changed_lib, edited_lib

from orchestrate import emit, replay
from orchestrate.tools import Build, ToolError

REPRO = ROOT / "fuzz/repro"
IDENTITY = "PROCBUF-BUG kind=result check=outcome-status op=build_readwrite"

PROGRAM = """trace 1
len rw0
build_readwrite rw2 p0 p0.ram 4
enter rw2 s0 {
    get s0 0
}
build_readwrite rw2 p0 p0.break 1
ptr rw0
"""


REMEMBERED = """extern char *getenv(const char *name);
extern int setenv(const char *name, const char *value, int overwrite);
"""


def lib_with(name: str, *rows: tuple[str, str, str]):
    """A library with code at the beginning of some functions: file, function, code."""
    def plant(folder):
        for file, function, code in rows:
            path = folder / "lib/src" / file
            text, count = re.subn(rf"(?m)^((?:static )?(?:enum procbuf_error|void) {function}\([^{{;]*\n\{{\n)",
                                  lambda found, code=code: f"{REMEMBERED}{found[1]}    {code}\n", path.read_text())
            if count != 1:
                raise RuntimeError(f"{file}: {function}() is defined {count} times")
            path.write_text(text)
    return changed_lib(name, plant)


def remembering_lib():
    """A library that refuses read-write buffers of a table that is made after a break of another was set. What it
    remembers is in the environment, so that none of its own memory changes."""
    return lib_with(
        "remembering",
        ("brk.c", "procbuf_process_memop_brk", 'setenv("PROCBUF_TEST", "set", 0);'),
        ("table.c", "procbuf_table_init", 'if (getenv("PROCBUF_TEST") != 0)\n        setenv("PROCBUF_TEST", "refuse", 1);'),
        ("buffer.c", "procbuf_readwrite_build",
         'if (getenv("PROCBUF_TEST") != 0 && getenv("PROCBUF_TEST")[0] == \'r\')\n        return PROCBUF_BUSY;'))


def choosy_lib():
    """A library whose mistakes need a layout each; and one that needs a read-only buffer, in whatever table, before a
    read-write one of another process than the first."""
    return lib_with(
        "choosy",
        ("process.c", "procbuf_process_stop", "if (process->private_.fault_policy == PROCBUF_FAULT_RESTART)\n        return;"),
        ("brk.c", "procbuf_process_brk", "if (process->private_.flash_start > process->private_.mem_start)\n        return PROCBUF_BUSY;"),
        ("allow.c", "share", "if (process->private_.flash_start != process->private_.flash_protected_end)\n        return PROCBUF_BUSY;"),
        ("buffer.c", "procbuf_readonly_build", 'setenv("PROCBUF_TEST", "refuse", 1);'),
        ("buffer.c", "procbuf_readwrite_build", 'if (getenv("PROCBUF_TEST") != 0 && process != process->private_.table->private_.slots)\n        return PROCBUF_BUSY;'))


class Repro(Case):
    def test_a_clean_program_is_clean(self):
        self.check(call(REPRO, self.write("a.trace", PROGRAM)), 0, "no bug found")

    def test_explains_a_planted_bug(self):
        done = call(REPRO, "--lib", broken_lib("A05"), self.write("a.trace", PROGRAM))
        self.check(done, 1, "expected: INVAL", "actual: OK",
                   "->   6  p0 shares 1 byte at p0.break for reading and writing, as rw2",
                   "that is: p0.break = p0.ram+259 (0x5a00fffc1203)", "p0: break at ram+259", "Rule of lib/CONTRACT.md: B3", IDENTITY)

    def test_minimises_and_keeps_the_bug(self):
        out = self.folder / "small.trace"
        done = call(REPRO, "--lib", broken_lib("A05"), "--minimize", "--emit-trace", out,
                    self.write("a.trace", PROGRAM))
        self.check(done, 1, IDENTITY)
        self.assertEqual(out.read_text(), "trace 1\nprocess\nbuild_readwrite rw0 p0 p0.break 1\n")

    def test_minimising_leaves_nothing_that_is_not_needed(self):
        # Processes before and after the one that matters, layouts, a block around what matters and one apart, registers, what
        # comes after it, and an operation that another only counts from: gone once that counts from something else.
        program = ("trace 1\nprocess ram=300 app=100 kernel=20 flash=64 gap=7 fault=restart\nprocess ram=200 app=90\n"
                   "process ram=400 app=96 kernel=30 flash=32 protected=8 place=above apart=3\nprocess\nstop p2\n"
                   "build_readonly ro3 p2 p2.ram+17 9\nbuild_readwrite rw2 p2 p2.break-8 8\nenter ro3 s4 {\n    get s4 3\n}\n"
                   "enter ro3 s5 {\n    get s5 3\n    build_readwrite rw5 p2 rw2.end-3 until p2.break+1\n    len rw5\n}\nlen rw5\n")
        minimizer = build_of(broken_lib("A05")) / "fuzz/procbuf-minimize"
        path, out = self.write("wide.trace", program), self.folder / "small.trace"
        out.write_text("trace 1\nlen rw0\n")  # which shows nothing: no one goes on from there
        self.check(call(minimizer, path, out), 0, "minimised from 12 to 1 operations")
        self.assertEqual(out.read_text(), "trace 1\nprocess\nbuild_readwrite rw0 p0 p0.ram until p0.break+1\n")

    def test_minimising_keeps_of_a_layout_what_the_bug_needs(self):
        minimizer = build_of(choosy_lib()) / "fuzz/procbuf-minimize"
        layout = "process ram=400 app=96 kernel=200 flash=32 protected=8 place=above apart=3 gap=7 fault=restart\n"
        out = self.folder / "small.trace"
        for calls, kept, call_kept in (("stop p0\n", " fault=restart", "stop p0\n"),
                                       ("brk p0 p0.ram+40\n", " place=above", "brk p0 p0.ram\n"),
                                       ("declare_driver v3 1 7 1 1 8\nallow_readonly p0 v3 0 p0.ram+8 9\n",
                                        " protected=8", "declare_driver v0 0 0 1 0 3\nallow_readonly p0 v0 0 null 0\n")):
            with self.subTest(kept):
                out.unlink(missing_ok=True)
                self.check(call(minimizer, self.write("wide.trace", f"trace 1\n{layout}{calls}"), out), 0)
                self.assertEqual(out.read_text(), f"trace 1\nprocess{kept}\n{call_kept}")

    def test_minimising_makes_one_program_of_two(self):
        minimizer = build_of(choosy_lib()) / "fuzz/procbuf-minimize"
        out = self.folder / "small.sequence"
        path = self.write("two.sequence", "sequence 1\ntrace 1\nprocess\nbuild_readonly ro0 p0 p0.ram 4\n"
                                          "trace 1\nprocess\nprocess\nbuild_readwrite rw0 p1 p1.ram 4\n")
        self.check(call(minimizer, path, out), 0, "from 2 to 1 members")
        self.assertEqual(out.read_text(), "sequence 1\ntrace 1\nprocess\nprocess\nbuild_readonly ro0 p0 null 0\n"
                                          "build_readwrite rw0 p1 p1.ram 1\n")

    def test_minimising_never_goes_on_from_another_bug(self):
        minimizer = build_of(choosy_lib()) / "fuzz/procbuf-minimize"
        out = self.write("small.trace", "trace 1\nprocess place=above\nbrk p0 p0.ram\n")
        self.check(call(minimizer, self.write("a.trace", "trace 1\nprocess fault=restart\nlen rw0\nstop p0\n"), out), 0,
                   "minimised from 2 to 1 operations")
        self.assertEqual(out.read_text(), "trace 1\nprocess fault=restart\nstop p0\n")

    def long_program(self) -> str:
        noise = [f"build_readonly ro{i % 8} p{i % 3} p{i % 3}.ram+{i} {i % 40}" for i in range(240)]
        return "\n".join(["trace 1", *noise, "build_readwrite rw5 p0 p0.break-3 until p0.break+1", "len rw5", ""])

    def test_minimising_goes_on_where_it_was_stopped(self):
        minimizer = build_of(broken_lib("A05")) / "fuzz/procbuf-minimize"
        path, out = self.write("long.trace", self.long_program()), self.folder / "small.trace"
        done = call(minimizer, "--seconds", "0.001", path, out)
        self.check(done, 0, "out of time: run it again to go on")
        before = len(out.read_text().splitlines())
        self.assertGreater(before, 3)
        done = call(minimizer, path, out)
        self.check(done, 0, f"going on from {out}", "minimised from 242 to 1 operations")
        self.assertEqual(len(out.read_text().splitlines()), 3)

    def test_ctrl_c_keeps_the_smallest_so_far(self):
        minimizer = build_of(broken_lib("A05")) / "fuzz/procbuf-minimize"
        path, out = self.write("long.trace", self.long_program()), self.folder / "small.trace"
        for number in (signal.SIGINT, signal.SIGTERM):
            out.unlink(missing_ok=True)
            process = subprocess.Popen([minimizer, path, out], stderr=subprocess.PIPE, text=True)
            while not out.exists() and process.poll() is None:
                time.sleep(0.001)
            process.send_signal(number)
            said = process.communicate()[1]
            self.assertEqual(process.returncode, 0, said)
            self.check(call(REPRO, "--lib", broken_lib("A05"), out), 1, IDENTITY)

    def test_writes_a_c_test(self):
        out = self.folder / "found.c"
        done = call(REPRO, "--lib", broken_lib("A05"), "--emit-test", out, self.write("a.trace", PROGRAM))
        self.check(done, 1, f"wrote {out}")
        text = out.read_text()
        self.assertIn("Test(found, result__outcome_status__build_readwrite", text)
        self.assertIn("cr_assert_eq(procbuf_readwrite_build(p0, P0_RAM + 259, 1, &rw[2]), PROCBUF_INVAL);", text)
        self.assertNotIn(str(ROOT), text)
        for unused in ("foreign", "regions", "watch", "/* [", "forget", "setjmp"):
            self.assertNotIn(unused, text)
        self.check(call(REPRO, "--emit-test", out, self.write("b.trace", PROGRAM)), 2, "no bug found")
        done = call(REPRO, "--lib", broken_lib("A05"), "--emit-test", "/dev/full/x", self.write("a.trace", PROGRAM))
        self.check(done, 2, "cannot write")

    def passes(self, test, lib) -> bool:
        """Whether an emitted test passes on a library."""
        program = test.with_suffix("")
        self.check(call("gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-result", "-I", lib / "include", test,
                        *sorted((lib / "src").glob("*.c")), "-lcriterion", "-o", program), 0)
        done = call(program, "--jobs", "1")
        self.assertRegex(done.stderr, r"Tested: \S*1")
        return done.returncode == 0

    def test_writes_a_c_test_of_a_sequence(self):
        lib = remembering_lib()
        moved, other = (f"trace 1\nprocess ram=100 app=50 kernel=20 flash={flash}\n" for flash in (40, 48))
        path = self.write("a.sequence", f"# both\nsequence 1\n{moved}memop_brk p0 p0.ram+40\n{other}refuse 1\nlen rw0\n"
                                        f"{other}build_readwrite rw0 p0 p0.ram+8 4\n{other}len rw1\n")
        self.check(call(REPRO, path), 0, "no bug found")
        out = self.folder / "found.c"
        self.check(call(REPRO, "--lib", lib, "--emit-test", out, path), 1, "member 3 of 4, operation 1", f"wrote {out}", IDENTITY)
        text = out.read_text()
        for part in (" * It shows in program 3 only after those before it have run in the same process.\n",
                     "static void program_1(void)\n{\n    begin(2);\n", "    program_2();\n    program_3();\n}\n", "P0_RAM_2"):
            self.assertIn(part, text)
        self.assertNotIn("program_4", text)
        self.assertFalse(self.passes(out, lib), text)
        self.assertTrue(self.passes(out, ROOT / "lib"), text)

    def test_a_c_test_asks_for_the_state_that_is_wrong(self):
        built, text = Build(BUILD, ROOT / "lib"), "trace 1\nprocess ram=100 app=50 kernel=20 flash=40\nterminate p0 7\n"
        for check, asked in (("state-mark", ["mark(p0), P0_RAM"]), ("layout-mem-end", ["mem_end(p0), P0_RAM + 100"]),
                             ("state-completion-code", ["ended_with = UNTOLD, procbuf_process_completion(p0, &ended_with)", "ended_with, 7"])):
            identity = f"PROCBUF-BUG kind=state check={check} op=terminate"
            test = emit.criterion_test(built, text, identity, f"input: a.trace, operation 1\n{identity}")
            said = re.findall(r"cr_assert_eq\(.*", test.split("\nTest(")[1])
            self.assertEqual(len(said), len(asked), said)
            for one, part in zip(said, asked):
                self.assertIn(part, one)

    def test_what_a_c_test_asks_is_asked(self):
        """Of the library as it is, a test that asks for something else fails."""
        built, text = Build(BUILD, ROOT / "lib"), "trace 1\nprocess\nbuild_readwrite rw0 p0 p0.ram 9\nmut_enter rw0 s0 {\n    get s0 3\n    set s0 1 77\n}\n"
        for what, operation, alterations in (
                ("kind=access check=load-not-named op=get", 3, [(r"permit\(READ, P0_RAM \+ 3", "permit(READ, P0_RAM + 2"), ("27", "28"), (r"cr_assert(\(procbuf_readable_get)", r"cr_assert_not\1"),
                                                                (r"P0_RAM, 9\);\n    permit", "P0_RAM + 1, 9);\n    permit"), ("runs, 1,", "runs, 2,")]),
                ("kind=hook check=hook-differs op=mut_enter", 2, [(r", \{ CLOSE, [^}]*\}", ""), ("OPEN, P0_RAM, 9", "OPEN, P0_RAM, 8"),
                                                                  (r"(READ_WRITE) \}\);", r"\1 }, { BARRIER });")]),
                ("kind=memory check=bytes-differ op=set", 4, [(r"expect_all\(P0_RAM \+ 1, 77", "expect_all(P0_RAM + 1, 76")])):
            identity = f"PROCBUF-BUG {what}"
            asks = emit.criterion_test(built, text, identity, f"input: a.trace, operation {operation}\n{identity}")
            self.assertTrue(self.passes(self.write("asks.c", asks), ROOT / "lib"), asks)
            head, _, program = asks.partition("/* ---- The program ---- */")
            for pattern, instead in alterations:
                altered, count = re.subn(pattern, instead, program)
                self.assertEqual(count, 1, (pattern, program))
                self.assertFalse(self.passes(self.write("altered.c", head + altered), ROOT / "lib"), pattern)

    def test_the_c_of_each_seed_passes(self):
        """All of them as one sequence, which is said to break at its end."""
        built = Build(BUILD, ROOT / "lib")
        paths = [path for path in sorted((ROOT / "corpus").glob("*/*.trace")) if not path.name.startswith("found-")]
        made = [path for path in paths if path.name.startswith(("in_each_state_", "each_number_"))]
        texts = [path.read_text() for path in paths if path not in made or path in made[::8]]  # they are alike, and gcc takes its time
        text = replay.text_of(["trace 1\n" + text.split("trace 1\n")[1] for text in texts
                               if "iterate" not in text or "when_fetched" not in text])  # they cannot be emitted
        identity, count = "PROCBUF-BUG kind=panic check=panicked op=len", text.count("trace 1\n")
        self.assertGreater(count, 50)
        out = self.write("all.c", emit.criterion_test(built, text, identity,
                                                      f"input: a.sequence, member {count} of {count}, operation 999\n{identity}"))
        self.assertTrue(self.passes(out, ROOT / "lib"))

    def test_says_what_the_bug_means(self):
        done = call(REPRO, "--lib", broken_lib("A05"), self.write("a.trace", PROGRAM))
        self.check(done, 1, "Kind: The library's answer is not what the contract says.",
                   "Rule B3 Read-write: the range must be app-owned", "(section B. Building buffers, in this order)")

    def test_says_what_the_library_touched(self):
        program = "trace 1\nbuild_readonly ro0 p0 p0.ram+16 5\nenter ro0 s0 {\ncopy_to s0 len\n}\n"
        done = call(REPRO, "--lib", broken_lib("S12"), self.write("a.trace", program))
        self.check(done, 1, "  load of p0.ram+16 (6 bytes)", "  it may read: p0.ram+16 (5 bytes)",
                   "  open   |  r  ", "  procbuf_readable_copy_to (slice.c:")
        self.assertLessEqual(max(len(line) for line in done.stdout.splitlines()[1:]), 100)

    def test_marks_the_byte_that_an_access_bug_is_about(self):
        program = "trace 1\nbuild_readonly ro0 p0 p0.ram+16 5\nenter ro0 s0 {\ncopy_to s0 len\n}\n"
        done = call(REPRO, "--lib", broken_lib("S12"), self.write("a.trace", program))
        self.check(done, 1, "kind=access check=load-not-named op=copy_to",
                   "Memory around p0.ram+21, as it is now:", "[", "X")

    def test_recognises_bytes_of_a_fuzzer(self):
        text = self.write("a.trace", PROGRAM)
        call(BUILD / "fuzz/procbuf-convert", text, self.folder / "crash-0123")
        done = call(REPRO, "--lib", broken_lib("A05"), self.folder / "crash-0123")
        self.check(done, 1, IDENTITY)

    def test_takes_the_harness_from_the_name_and_doubts_a_wrong_one(self):
        crash = self.folder / "clusterfuzz-testcase-minimized-fuzz-slices-5733"
        program = "trace 1\nbuild_readonly ro0 p0 p0.ram+16 5\nenter ro0 s0 {\ncopy_to s0 len\n}\n"
        call(BUILD / "fuzz/procbuf-convert", self.write("a.trace", program), crash)
        done = call(REPRO, "--lib", broken_lib("S12"), crash)
        self.check(done, 1, "op=copy_to", "taken for an input of the harness slices, by its name")
        done = call(REPRO, "--lib", broken_lib("S12"), "--harness", "life", crash)
        self.check(done, 0, f"for life it runs clean; as an input of {sorted(HARNESSES)[0]} it breaks: is --harness right?")

    def test_reads_standard_input(self):
        done = call(REPRO, "--lib", broken_lib("A05"), "-", stdin=PROGRAM.encode())
        self.check(done, 1, IDENTITY)
        crash = self.folder / "crash"
        call(BUILD / "fuzz/procbuf-convert", self.write("a.trace", PROGRAM), crash)
        self.check(call(REPRO, "--lib", broken_lib("A05"), "-", stdin=crash.read_bytes()), 1, IDENTITY)

    def test_prints_results(self):
        path = self.write("a.trace", "trace 1\nprocess\nlen rw0\nbuild_readwrite rw0 p0 p0.break 1\n")
        done = call(REPRO, "--results", path)
        self.check(done, 0)
        self.assertEqual(done.stdout.splitlines()[1:],
                         ["len rw0 -> done 0", "build_readwrite rw0 p0 p0.break 1 -> INVAL"])
        self.check(call(REPRO, "--results", "--lib", broken_lib("A05"), path), 1, IDENTITY)
        self.check(call(REPRO, "--results", self.write("b.trace", "x\n")), 2, "b.trace:1:")

    def test_several_files_give_the_worst_status(self):
        good, bad = self.write("good.trace", "trace 1\n"), self.write("bad.trace", PROGRAM)
        self.check(call(REPRO, "--lib", broken_lib("A05"), good, bad), 1, "no bug found", IDENTITY)
        self.check(call(REPRO, good, self.folder / "none"), 2, "none: no such file")
        other = self.finding("PROCBUF-BUG kind=state check=state-mark op=build_readwrite")
        for files in ((bad, other), (other, bad)):
            self.check(call(REPRO, "--lib", broken_lib("A05"), *files), 3, "a different bug")
        self.check(call(REPRO, "--lib", broken_lib("A05"), other, self.folder / "none", bad), 2, "a different bug", "none: no such file")

    def finding(self, identity: str):
        folder = self.folder / "finding"
        folder.mkdir()
        (folder / "trace.trace").write_text(PROGRAM)
        (folder / "finding.json").write_text(json.dumps({"identity": identity}))
        return folder

    def test_a_finding_is_the_same_bug_or_fixed(self):
        folder = self.finding(IDENTITY)
        self.check(call(REPRO, "--lib", broken_lib("A05"), folder), 1, IDENTITY)
        self.check(call(REPRO, folder), 0, f"no bug found; the finding was: {IDENTITY}")

    def test_a_finding_may_be_a_different_bug_now(self):
        folder = self.finding("PROCBUF-BUG kind=state check=state-mark op=build_readwrite")
        self.check(call(REPRO, "--lib", broken_lib("A05"), folder), 3, "a different bug")

    def test_says_how_often_the_bug_shows(self):
        done = call(REPRO, "--lib", broken_lib("A05"), "--repeat", "4", self.write("a.trace", PROGRAM))
        self.check(done, 1, "Is it reliable? 4 of 4 runs show it")

    def test_says_which_builds_see_the_bug(self):
        """Some of them: that each builds and replays is shown by other_builds.*."""
        done = call(REPRO, "--lib", broken_lib("A05"), "--matrix", "--builds", "plain,msan,gcc_O0,gcc_O3,clang19_O2",
                    self.write("a.trace", PROGRAM), timeout=1200)
        rows = done.stdout.split("Who sees it?\n")[1].splitlines()
        self.assertEqual(len(rows), 6, done.stdout)
        for row in rows[:-1]:
            self.assertTrue(row.endswith("the same bug"), row)
        bad = call(REPRO, "--lib", broken_lib("A05"), "--matrix", "--builds", "nonsense", self.write("a.trace", PROGRAM))
        self.check(bad, 2, "--builds nonsense: there are plain, msan, afl, asan_alone, ubsan_alone")
        self.check(done, 1, "every build sees a bug")

    def test_a_file_that_runs_clean_is_tried_elsewhere_if_asked(self):
        """As a crash file of another build's fuzzer is. What needs a bug says that there is none."""
        lib = edited_lib("only_gcc", "src/range.c", "    return len <= (procbuf_addr_t)(high - start);\n",
                         "#ifndef __clang__\n    len--;\n#endif\n    return len <= (procbuf_addr_t)(high - start);\n")
        file = self.write("a.trace", PROGRAM)
        done = call(REPRO, "--lib", lib, "--repeat", "3", "--matrix", "--builds", "plain,gcc_O0", file, timeout=1200)
        self.check(done, 1, "no bug found", "Is it reliable? 3 of 3 runs are clean", f"gcc -O0, guard pages        {IDENTITY}", "seen by gcc_O0 alone")
        self.check(call(REPRO, "--matrix", "--builds", "gcc_O0", file), 0, "no build sees a bug")
        for option in ("--bisect HEAD..HEAD", "--suspects", "--debug"):
            self.check(call(REPRO, *option.split(), file), 2, f"{option.split()[0]}: no bug found, so there is nothing to ")
        self.check(call(REPRO, "--bisect", "HEAD", file), 2, "--bisect HEAD: write GOOD..BAD, two revisions")

    def test_tells_what_only_one_sanitizer_sees(self):
        """An offset of 0 to a null pointer is undefined, and nothing comes of it."""
        done = call(REPRO, "--lib", broken_lib("L08x"), "--matrix", "--builds", "asan_alone,ubsan_alone",
                    self.write("a.trace", "trace 1\ntable_slot 0\n"), timeout=1200)
        self.check(done, 1, "clang -O1, UBSan alone      the same bug\n")
        self.check(done, 1, "clang -O1, ASan alone ")
        self.assertNotIn("ASan alone    the same bug", done.stdout)

    def test_what_sanitizers_are_told_from_outside_hides_no_bug(self):
        """UBSan reads the options of all of them, and AddressSanitizer UBSan's."""
        log = self.folder / "log"
        told = f"exitcode=0:halt_on_error=0:silence_unsigned_overflow=1:log_path={log}"
        done = call("env", f"UBSAN_OPTIONS={told}", f"ASAN_OPTIONS={told}", REPRO, "--lib", broken_lib("L08x"),
                    self.write("a.trace", "trace 1\ntable_slot 0\n"))
        self.check(done, 1, "kind=ubsan-", "runtime error: ")
        self.assertEqual(list(self.folder.glob("log*")), [])

    def test_finds_the_commit_that_brought_the_bug(self):
        clone = self.folder / "clone"
        git = ["git", "-C", clone, "-c", "user.name=a", "-c", "user.email=a@example.org"]
        self.check(call("git", "clone", "-q", ROOT, clone), 0)
        for number, patch in enumerate((None, "A05", None), 1):
            if patch:
                self.check(call("patch", "-s", "-p1", "-d", clone, "-i", PATCHES / f"{patch}.patch"), 0)
            readme = clone / "lib/README.md"
            readme.write_text(readme.read_text() + f"\nchange {number}\n")
            self.check(call(*git, "commit", "-qam", f"lib: change {number}"), 0)
        done = call(clone / "fuzz/repro", "--bisect", "HEAD~3..HEAD", self.write("a.trace", PROGRAM),
                    timeout=1200)
        self.check(done, 1, "the first commit with the bug", "lib: change 2", "lib/src/range.c")
        done = call(clone / "fuzz/repro", "--bisect", "HEAD", self.write("a.trace", PROGRAM))
        self.check(done, 2, "write GOOD..BAD")
        self.promotes_once_it_is_fixed(clone, git)

    def promotes_once_it_is_fixed(self, clone, git):
        finding = self.folder / "finding"
        finding.mkdir()
        (finding / "trace.trace").write_text("trace 1\nbuild_readwrite rw2 p0 p0.break 1\n")
        (finding / "finding.json").write_text(json.dumps({"identity": IDENTITY, "revision": "abc"}))
        self.check(call(clone / "fuzz/repro", "--as-found", finding), 2, "its revision abc is not in this repository")
        repro = [clone / "fuzz/repro", "--promote"]
        self.check(call(*repro, finding), 2, "--promote needs --failed-at")
        self.check(call(*repro, "--failed-at", "HEAD", finding), 2, "still breaks")
        self.check(call("patch", "-R", "-s", "-p1", "-d", clone, "-i", PATCHES / "A05.patch"), 0)
        self.check(call(*git, "commit", "-qam", "lib: fix"), 0)
        self.check(call(*repro, "--failed-at", "HEAD~3", finding), 2, "runs clean")
        done = call(*repro, "--failed-at", "HEAD~1", finding)
        self.check(done, 0, "it failed at HEAD~1, and passes now", "git add corpus/regressions/result__outcome_status__build_readwrite.trace")
        written = (clone / "corpus/regressions/result__outcome_status__build_readwrite.trace").read_text()
        self.assertIn("# Expected: INVAL\n# Actual: OK\n", written)
        self.assertTrue(written.endswith("trace 1\nbuild_readwrite rw2 p0 p0.break 1\n"), written)
        self.check(call(*repro, "--failed-at", "HEAD~1", finding), 2, "there is one already")
        (finding / "trace.trace").unlink()
        (finding / "trace.sequence").write_text("sequence 1\ntrace 1\nlen rw0\ntrace 1\nbuild_readwrite rw2 p0 p0.break 1\n")
        self.check(call(*repro, "--failed-at", "HEAD~1", finding), 2, "there is one already")
        (clone / "corpus/regressions/result__outcome_status__build_readwrite.trace").unlink()
        self.check(call(*repro, "--failed-at", "HEAD~1", finding), 0, "git add corpus/regressions/result__outcome_status__build_readwrite.sequence")
        written = clone / "corpus/regressions/result__outcome_status__build_readwrite.sequence"
        self.assertRegex(written.read_text(), r"^# build_readwrite broke rule B3\.\n(#.*\n)+sequence 1\ntrace 1\nlen rw0\ntrace 1\n")
        self.check(call(clone / "fuzz/repro", "--emit-trace", self.folder / "again.sequence", written), 0, "no bug found")
        written.unlink()
        (finding / "trace.sequence").unlink()  # a bug of the testbed's own parser: the program is bytes
        self.check(call(BUILD / "fuzz/procbuf-convert", self.write("bytes.trace", "trace 1\nbuild_readwrite rw2 p0 p0.break 1\n"), finding / "trace.bin"), 0)
        self.check(call(*repro, "--failed-at", "HEAD~1", finding), 0, "git add corpus/regressions/result__outcome_status__build_readwrite.trace")
        self.assertEqual(written.with_suffix(".trace").read_text().splitlines()[-2:], ["trace 1", "build_readwrite rw2 p0 p0.break 1"])
        self.check(call(REPRO, "--lib", broken_lib("A05"), self.folder / "again.sequence"), 1, IDENTITY)

    def test_opens_gdb_at_the_failing_operation(self):
        if shutil.which("gdb") is None:
            done = call(REPRO, "--lib", broken_lib("A05"), "--debug", self.write("a.trace", PROGRAM))
            self.check(done, 2, "gdb is missing")
            return
        done = call(REPRO, "--lib", broken_lib("A05"), "--debug", self.write("a.trace", PROGRAM),
                    stdin=b"print walk->position\nquit\n")
        self.check(done, 1, "Breakpoint 1, run_op", "$1 = 5")

    def test_refuses_damaged_findings(self):
        self.check(call(REPRO, self.folder), 2, "without finding.json")
        folder = self.finding(IDENTITY)
        (folder / "trace.trace").unlink()
        self.check(call(REPRO, folder), 2, "trace.trace: missing")
        (folder / "finding.json").write_text("{")
        self.check(call(REPRO, folder), 2, "the finding is damaged")

    def test_refuses_bad_input(self):
        self.check(call(REPRO), 2, "usage")
        self.check(call(REPRO, "--lib", "/nonsense", "x"), 2, "not a library")
        self.check(call(REPRO, "--harness", "nonsense", self.write("a", "")), 2, f"there are {', '.join(HARNESSES)}")
        bad = self.write("bad.trace", "trace 1\nx\n")
        self.check(call(REPRO, bad), 2, "bad.trace:2: unknown operation")
        self.check(call(REPRO, "--as-found", bad), 2, "--as-found takes a finding's folder")
        for option in ("--emit-test", "--emit-trace"):
            self.check(call(REPRO, option, "x", bad, bad), 2, f"{option} takes one FILE")
        self.check(call(REPRO, self.write("junk", bytes(range(256)) * 9)), 0, "no bug found")

    def test_a_replay_that_somebody_kills_is_no_bug(self):
        """The kernel does so when memory is short, and who restarts a machine."""
        program = self.write("a.trace", PROGRAM)
        (self.folder / "fuzz").mkdir()
        fake = self.write("fuzz/procbuf-replay", f"#!/bin/sh\n[ -e {self.folder}/once ] && exit 0\n"
                          f": > {self.folder}/once\nkill -9 $$\n")
        fake.chmod(0o755)
        self.assertFalse(replay.replay(Build(self.folder, ROOT / "lib"), program).found)
        fake.write_text("#!/bin/sh\nkill -9 $$\n")
        with self.assertRaisesRegex(ToolError, "was killed 5 times"):
            replay.replay(Build(self.folder, ROOT / "lib"), program)

    def test_writes_nothing_half(self):
        done = call(REPRO, "--emit-trace", "/dev/full/x", self.write("a.trace", PROGRAM))
        self.check(done, 2, "cannot write")
