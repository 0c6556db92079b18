"""procbuf-replay and procbuf-convert: what they print, and what bad input gets."""
from support import BUILD, Case, call

REPLAY = BUILD / "fuzz/procbuf-replay"
CONVERT = BUILD / "fuzz/procbuf-convert"

PROGRAM = """trace 1
process ram=100 app=50 kernel=20 flash=40 protected=8
build_readwrite rw0 p0 p0.ram+10 4
build_readonly ro0 p0 p0.break 1
mut_enter rw0 s0 {
    set s0 1 77
    get s0 1
    get s0 len
    restart p0 3
    build_readwrite rw1 p5 null 0
}
len rw0
ptr rw0
enter rw0 s0 {
    get s0 0
}
brk p0 p0.ram_end
brk p0 p0.kernel_break
refuse 1
brk p0 p0.ram
from_array s1 0 0
get_or_panic s1 0
consume rw0
build_readwrite rw0 p0 max-3 0
consume rw0
"""

RESULTS = """\
process 0 -> OK p0; p0 state=yielded life=0 restarts=0 break=p0.ram+50 kernel_break=p0.ram+80 mark=p0.ram+0
build_readwrite rw0 p0 p0.ram+10 4 -> OK; p0 mark=p0.ram+14
build_readonly ro0 p0 p0.break 1 -> INVAL
mut_enter rw0 s0 { -> done 4
set s0 1 77 -> yes
get s0 1 -> yes 77
get s0 len -> none
restart p0 3 -> yes; p0 life=1 restarts=1 ended=3 mark=p0.ram+0
build_readwrite rw1 p5 null 0 -> skipped
} -> OK
len rw0 -> done 0
ptr rw0 -> done p0.ram+10
enter rw0 s0 { -> NO_SUCH_APP
get s0 0 -> not run
} -> not run
brk p0 p0.ram_end -> ADDRESS_OUT_OF_BOUNDS
brk p0 p0.kernel_break -> OK p0.ram+50; p0 break=p0.ram+80
refuse 1 -> done
brk p0 p0.ram -> OUT_OF_MEMORY
from_array s1 0 0 -> done
get_or_panic s1 0 -> panic
consume rw0 -> done p0.ram+10 4
build_readwrite rw0 p0 max-3 0 -> OK
consume rw0 -> done max-3 0
"""


class Replay(Case):
    def test_prints_a_line_for_each_operation(self):
        done = call(REPLAY, "--results", self.write("a.trace", PROGRAM))
        self.check(done, 0)
        self.assertEqual(done.stdout, RESULTS)

    def test_reads_standard_input(self):
        done = call(REPLAY, "--results", "-", stdin=PROGRAM.encode())
        self.check(done, 0)
        self.assertEqual(done.stdout, RESULTS)

    def test_any_bytes_are_a_program(self):
        for content in (b"", b"\0", b"\xff" * 3000, bytes(range(256)) * 20):
            self.check(call(REPLAY, self.write("bytes", content)), 0, "replayed 1 inputs")

    def test_names_file_and_line_of_a_mistake(self):
        path = self.write("a.trace", "trace 1\nlen rw0\nlenn rw0\n")
        self.check(call(REPLAY, path), 2, f"{path}:3: unknown operation \"lenn\"")

    def test_refuses_a_missing_file(self):
        self.check(call(REPLAY, self.folder / "none"), 2, "No such file")

    def test_refuses_an_empty_folder(self):
        self.check(call(REPLAY, self.folder), 2, "no input in the folder")

    def test_refuses_no_input_at_all(self):
        self.check(call(REPLAY), 2, "no input given")

    def test_refuses_fewer_inputs_than_expected(self):
        path = self.write("a.trace", PROGRAM)
        self.check(call(REPLAY, "--expect", "2", path), 2, "1 inputs ran, 2 were expected")
        self.check(call(REPLAY, "--expect", "x", path), 2, "not a number: x")
        self.check(call(REPLAY, "--expect"), 2, "needs a value")

    def test_refuses_unknown_options_and_harnesses(self):
        self.check(call(REPLAY, "--nonsense", "x"), 2, "unknown option")
        self.check(call(REPLAY, "--harness", "nonsense", "x"), 2, "no such harness")

    def test_says_when_the_results_cannot_be_written(self):
        path = self.write("a.trace", PROGRAM)
        done = call("sh", "-c", f"{REPLAY} --results {path} >/dev/full")
        self.check(done, 2, "cannot write the results")


class Convert(Case):
    def test_text_to_bytes_and_back(self):
        text = self.write("a.trace", PROGRAM)
        self.check(call(CONVERT, text, self.folder / "a"), 0)
        self.check(call(CONVERT, self.folder / "a", self.folder / "b.trace"), 0)
        self.check(call(CONVERT, self.folder / "b.trace", self.folder / "b"), 0)
        self.assertEqual((self.folder / "a").read_bytes(), (self.folder / "b").read_bytes())

    def test_writes_whole_files_or_none(self):
        text = self.write("a.trace", PROGRAM)
        self.check(call(CONVERT, text, self.folder / "none/a"), 2, "No such file")
        self.check(call(CONVERT, text, "/dev/full/a"), 2)
        bad = self.write("bad.trace", "trace 1\nx\n")
        self.check(call(CONVERT, bad, self.folder / "c"), 2, "bad.trace:2: unknown operation")
        self.assertFalse((self.folder / "c").exists())

    def test_refuses_bad_arguments(self):
        self.check(call(CONVERT), 2, "usage")
        self.check(call(CONVERT, "--harness", "nonsense", "a", "b"), 2, "no such harness")
