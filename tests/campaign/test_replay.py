"""procbuf-replay and procbuf-convert: what they print, and what bad input gets."""
import json
import os

from support import BUILD, ROOT, Case, build_of, call, edited_lib

from orchestrate import corpora, tools

REPLAY = BUILD / "fuzz/procbuf-replay"
CONVERT = BUILD / "fuzz/procbuf-convert"
MINIMIZE = BUILD / "fuzz/procbuf-minimize"
EMIT = BUILD / "fuzz/procbuf-emit"

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
build_readwrite rw1 p5 null 0 -> panic
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

    def test_counts_what_it_ran(self):
        first = self.write("a.trace", "trace 1\nbuild_readonly ro0 p0 p0.ram+10 4\nbuild_readwrite rw0 p0 p0.ram+10 2\n"
                           "enter ro0 s0 {\n mut_enter rw0 s1 {\n  set s1 0 7\n }\n}\nforeign_start f0\n"
                           "foreign_readonly ro1 f0 0 8\nenter ro0 s0 {\n}\n")
        done = call(REPLAY, "--statistics", first, self.write("b.trace", "trace 1\nset_running p0\nstart p7\n"))
        self.check(done, 0)
        counts = {part: {name: count for name, count in names.items() if count} for part, names in json.loads(done.stdout).items()}
        self.assertEqual(counts["operations"], {
            "build_readonly OK": 1, "build_readwrite OK": 1, "set yes": 1, "leave OK": 3, "foreign_start done": 1,
            "foreign_readonly done": 1, "set_running done": 1, "start panic": 1})
        self.assertEqual(counts["pairs"], {  # in the order in which they end, and none from one program to the next
            "build_readonly build_readwrite": 1, "build_readwrite set": 1, "set leave": 1, "leave leave": 1,
            "leave foreign_start": 1, "foreign_start foreign_readonly": 1, "foreign_readonly leave": 1, "set_running start": 1})
        self.assertEqual(counts["overlaps"], {
            "started_by readonly readwrite same_process before_any_enter": 1, "starts readwrite readonly same_process inside_an_enter": 1,
            "started_by readonly readwrite same_process after_an_enter": 1, "before readonly readonly other_process after_an_enter": 1})
        self.assertEqual(counts["states"], {
            "build_readonly yielded OK": 1, "build_readwrite yielded OK": 1, "enter yielded OK": 2, "mut_enter yielded OK": 1,
            "mut_enter yielded_entered OK": 1, "set_running yielded done": 1, "start empty panic": 1})
        self.assertEqual(counts["numbers"], {"set 2 0": 1})

    def test_reads_standard_input(self):
        done = call(REPLAY, "--results", "-", stdin=PROGRAM.encode())
        self.check(done, 0)
        self.assertEqual(done.stdout, RESULTS)

    def test_a_port_with_granules_refuses_what_lies_between_them(self):
        program = ("trace 1\nprocess ram=100 app=50 kernel=20 flash=40 protected=8 gap=5\nbrk p0 p0.ram+99\nbrk p0 p0.ram+100\n"
                   "brk p0 p0.ram+70\nsbrk p0 -2\nsbrk p0 -1\ncreate p0.ram_end 0 0 p0.ram_end+1 64 32 0 stop\n"
                   "restart p0 none\n")
        done = call(REPLAY, "--granule", "32", "--results", self.write("a.trace", program))
        self.check(done, 0)
        self.assertEqual([line.split(" -> ")[1] for line in done.stdout.splitlines()], [
            "OK p0; p0 state=yielded life=0 restarts=0 break=p0.ram+96 kernel_break=p0.ram+128 mark=p0.ram+0",
            "OUT_OF_MEMORY", "OK p0.ram+96; p0 break=p0.ram+128", "OK p0.ram+128; p0 break=p0.ram+64",
            "OK p0.ram+64; p0 break=p0.ram+32", "OUT_OF_MEMORY", "NOMEM",
            "yes; p0 life=2 restarts=1 ended=without_code break=p0.ram+96"])

    def test_a_port_with_blocks_refuses_what_no_eighth_of_one_says(self):
        program = ("trace 1\nprocess ram=500 app=100 kernel=20 flash=300 protected=8 gap=5\nbrk p0 p0.ram+160\nbrk p0 p0.ram+162\n"
                   "brk p0 p0.ram+268\nbrk p0 p0.ram+266\nbrk p0 p0.ram+300\nbrk p0 p0.ram+500\nbrk p0 p0.ram+161\nbrk p0 p0.ram+258\n"
                   "brk p0 p0.ram+322\n")
        done = call(REPLAY, "--granule", "32", "--eighths", "--results", self.write("a.trace", program))
        self.check(done, 0)
        # RAM of 660 bytes (256 for the app, 20, and 384) has a block of 1024 bytes: an end is on an eighth of that, or
        # of 512 in its first half, or of 256 in its first quarter.
        self.assertEqual([line.split(" -> ")[1] for line in done.stdout.splitlines()], [
            "OK p0; p0 state=yielded life=0 restarts=0 break=p0.ram+256 kernel_break=p0.ram+640 mark=p0.ram+0",
            "OK p0.ram+256; p0 break=p0.ram+160", "OK p0.ram+160; p0 break=p0.ram+192",
            "OK p0.ram+192; p0 break=p0.ram+320", "OK p0.ram+320; p0 break=p0.ram+256",
            "OK p0.ram+256; p0 break=p0.ram+320", "OK p0.ram+320; p0 break=p0.ram+512", "OUT_OF_MEMORY",
            "OK p0.ram+512; p0 break=p0.ram+256", "OUT_OF_MEMORY"])

    def test_programs_for_a_machine_are_one_file(self):
        first, second = self.write("a.trace", "trace 1\nlen rw0\n"), self.write("b.trace", PROGRAM)
        alone = []
        for path in (first, second):
            self.check(call(CONVERT, path, self.folder / "bytes"), 0)
            alone.append((self.folder / "bytes").read_bytes())
        self.check(call(CONVERT, first, second, self.folder / "all.programs"), 0)
        numbers = [number.to_bytes(4, "little") for number in (2, *map(len, alone))]
        self.assertEqual((self.folder / "all.programs").read_bytes(), numbers[0] + numbers[1] + alone[0] + numbers[2] + alone[1])

    def test_refuses_what_is_no_granule(self):
        self.check(call(REPLAY, "--eighths", self.write("a.trace", PROGRAM)), 2, "--eighths needs --granule")
        for granule in ("0", "3", "8192", "-1", "x"):
            self.check(call(REPLAY, "--granule", granule, self.write("a.trace", PROGRAM)), 2)

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
        self.check(call("sh", "-c", f"{CONVERT} {path} - >/dev/full"), 2, "cannot write the text: No space left")
        self.check(call("sh", "-c", f"{EMIT} {path} >/dev/full"), 2, "cannot write what the test says: No space left")

    def test_refuses_what_is_no_file(self):
        os.mkfifo(self.folder / "fifo.trace")
        (self.folder / "dangling").symlink_to("nowhere")
        (self.folder / "folder").mkdir()
        for path, why in ((self.folder / "fifo.trace", "not a regular file"), ("/dev/zero", "not a regular file"),
                          (self.folder / "dangling", "No such file"), (self.folder / "folder", "")):
            self.check(call(REPLAY, path), 2, why)
            self.check(call(CONVERT, path, self.folder / "out"), 2, why)
            self.check(call(MINIMIZE, path, self.folder / "out"), 2, why)

    def test_what_runs_clean_is_not_made_small(self):
        self.check(call(MINIMIZE, self.write("a.trace", PROGRAM), self.folder / "out.trace"), 1, "a.trace: no bug found")
        self.assertFalse((self.folder / "out.trace").exists())

    def test_only_a_file_is_written_over(self):
        """As root, /dev/null would be a file from then on."""
        path, pipe, link = self.write("a.trace", PROGRAM), self.folder / "pipe", self.folder / "link"
        os.mkfifo(pipe)
        link.symlink_to(path)
        for target in (pipe, link):
            self.check(call(CONVERT, path, target), 2, f"{target}: is there, and is not a regular file")
        self.assertTrue(pipe.is_fifo() and link.is_symlink())

    def test_no_two_inputs_become_one_file(self):
        self.write("other/a.sequence", "sequence 1\ntrace 1\nlen rw0\n")
        first, second, into = self.write("a.trace", PROGRAM), self.folder / "other/a.sequence", self.folder / "into"
        into.mkdir()
        self.check(call(CONVERT, first, second, into), 2, f"{first} and {second} would be one file")
        self.assertEqual(list(into.iterdir()), [])
        self.check(call(CONVERT, first, self.write("ab", b""), into), 0)
        self.assertEqual({path.name for path in into.iterdir()}, {"a", "ab"})

    def test_refuses_what_is_larger_than_any_input(self):
        for name, size in (("bytes", (1 << 20) + 1), ("huge", 3 << 30), ("huge.trace", 3 << 30)):
            with open(self.folder / name, "wb") as file:
                file.truncate(size)
            self.check(call(REPLAY, self.folder / name), 2, f"{name}: larger than")

    def test_text_may_begin_with_a_mark_and_have_comments_in_any_encoding(self):
        self.check(call(REPLAY, self.write("a.trace", b"\xef\xbb\xbftrace 1\r\nlen rw0 # caf\xe9\n")), 0)
        self.check(call(REPLAY, "-", stdin=b"\xef\xbb\xbfsequence 1\ntrace 1\n"), 0)
        self.check(call(REPLAY, self.write("a.trace", b"\xff\xfet\0r\0")), 2, "a zero byte: this is not text")

    def test_names_need_no_encoding(self):
        path = os.fsencode(self.folder) + b"/bad\xff.trace"
        with open(path, "wb") as file:
            file.write(b"trace 1\n")
        self.check(call(REPLAY, os.fsdecode(path)), 0)


class Hangs(Case):
    def setUp(self):
        super().setUp()
        lib = edited_lib("hangs", "src/barrier.c", "    procbuf_port_barrier();\n",
                         "    for (volatile int i = 0; i < 1;)\n        ;\n")
        self.replay = build_of(lib) / "fuzz/procbuf-replay"

    def test_an_input_that_hangs_is_named_and_the_others_run(self):
        hangs, ends = (self.write(name, f"trace 1\nlen rw0\n{last}\n")
                       for name, last in (("hangs.trace", "return_to_user"), ("ends.trace", "len rw0")))
        done = call(self.replay, "--limit", "0.2", hangs, ends, hangs)
        self.check(done, 77, f"hang: {hangs}, operation 2 (op=return_to_user)", "replayed 3 inputs")
        self.assertEqual(done.stderr.splitlines()[-1], "PROCBUF-BUG kind=hang check=limit op=return_to_user")
        self.assertEqual(done.stderr.count("\nhang: ") + done.stderr.startswith("hang: "), 2)
        self.check(call(self.replay, "--limit", "0", ends), 2, "not a number of seconds")


    def test_another_hang_is_another_bug(self):
        tools = build_of(edited_lib("hangs_twice", "src/buffer.c", "    if (code != PROCBUF_OK)\n        return code;\n    buffer_out->id",
                                    "    for (volatile int i = 0; code == PROCBUF_OK && i < 1;)\n        ;\n    if (code != PROCBUF_OK)\n        return code;\n    buffer_out->id")) / "fuzz"
        small = self.folder / "small.trace"
        path = self.write("two.trace", "trace 1\nlen rw0\nlen rw0\nbuild_readonly ro0 p0 p0.ram 1\nbuild_readwrite rw0 p0 p0.ram 1\n")
        self.check(call(tools / "procbuf-minimize", "--seconds", "9", path, small), 0, " to 1 operations")
        self.assertIn("\nbuild_readonly ", small.read_text())


SHARE = "    return build(process, addr, len, &buffer_out->private_, PROCBUF_ACCESS_READ_WRITE);\n"
FIFTH = """    extern long lrand48(void); /* the state is the C library's: nothing of ours changes */
    if (lrand48() == 782977366)
        return PROCBUF_BUSY;
"""
BUG = "PROCBUF-BUG kind=result check=outcome-status op=build_readwrite"


class Sequences(Case):
    """A library whose fifth read-write buffer in a process is refused."""

    def setUp(self):
        super().setUp()
        lib = edited_lib("fifth", "src/buffer.c", SHARE, FIFTH + SHARE)
        self.tools = build_of(lib, "fuzz-buffers") / "fuzz"
        self.inputs = [self.write(f"{n}.trace", f"trace 1\nbuild_readwrite rw0 p0 p0.ram+{n} 4\nlen rw0\n"
                                                f"build_readwrite rw1 p0 p0.ram+{n + 8} 4\nlen rw1\n")
                       for n in range(4)]
        self.sequence = self.folder / "all.sequence"
        self.check(call(CONVERT, *self.inputs, self.sequence), 0)

    def test_each_input_alone_runs_clean(self):
        self.check(call(self.tools / "procbuf-replay", "--rules-only", self.inputs[2]), 0)

    def test_a_finding_names_the_member_and_explains_all(self):
        done = call(self.tools / "procbuf-replay", "--explain", "--results", self.sequence)
        self.check(done, 77, f"input: {self.sequence}, member 3 of 4, operation 1\n", "Member 1 of 4:\ntrace 1\n",
                   "build_readwrite rw1 p0 p0.ram+9 4", "Member 3 of 4, which fails:", "->   1  p0 shares")
        self.assertEqual(done.stderr.splitlines()[-1], BUG)
        self.assertEqual([line for line in done.stdout.splitlines() if line.startswith("#")],
                         [f"# member {n} of 4" for n in (1, 2, 3)])

    def test_it_is_minimised_until_a_trace_is_enough(self):
        small = self.folder / "small.sequence"
        done = call(self.tools / "procbuf-minimize", self.sequence, small)
        self.check(done, 0, "minimised from 16 to 5 operations, from 4 to 1 members, in")
        self.check(call(self.tools / "procbuf-replay", small), 77, f"input: {small}, operation 5", BUG)
        trace = self.folder / "small.trace"
        self.check(call(CONVERT, small, trace), 0)
        self.check(call(self.tools / "procbuf-replay", trace), 77, BUG)
        self.check(call(self.tools / "procbuf-minimize", self.sequence, trace), 2, "name it *.sequence")

    def test_the_ring_of_a_target_that_broke_shows_what_it_ran(self):
        ring = self.folder / "a.ring"
        for path in self.inputs:
            self.check(call(CONVERT, path, path.with_suffix("")), 0)
        done = call("env", f"PROCBUF_RING={ring}", self.tools / "fuzz-buffers",
                    *(path.with_suffix("") for path in self.inputs))
        self.check(done, 77, BUG)
        # Before the first, the target runs the two smallest: no bytes, and one.
        self.check(call(self.tools / "procbuf-replay", ring), 77, "member 5 of 5, operation 1", BUG)
        small = self.folder / "small.sequence"
        self.check(call(self.tools / "procbuf-minimize", ring, small), 0, "minimised from", " to 5 operations, from 5 to 1")
        self.check(call("env", f"PROCBUF_RING={self.folder}", self.tools / "fuzz-buffers", "-runs=1"), 2, "PROCBUF_RING: ")

    def test_a_merge_says_whether_all_ran_to_their_end(self):
        source, target = self.folder / "source", self.folder / "target"
        source.mkdir()
        target.mkdir()
        built = tools.Build(self.tools.parent, ROOT / "lib", "fuzz")
        for path in self.inputs[:2]:
            self.check(call(CONVERT, path, source / path.stem), 0)
        self.assertTrue(corpora.merge(built, "buffers", target, source, counts=True))
        for path in self.inputs[2:]:
            self.check(call(CONVERT, path, source / path.stem), 0)
        self.assertFalse(corpora.merge(built, "buffers", target, source, counts=True))

    def test_a_sequence_is_one_input(self):
        good = self.write("good.sequence", "sequence 1\ntrace 1\nlen rw0\ntrace 1\nlen rw1\n")
        self.check(call(REPLAY, "--expect", "1", "--repeat", "2", "--hostile", good), 0, "4 operations")


class Convert(Case):
    def test_text_to_bytes_and_back(self):
        text = self.write("a.trace", PROGRAM)
        self.check(call(CONVERT, text, self.folder / "a"), 0)
        self.check(call(CONVERT, self.folder / "a", self.folder / "b.trace"), 0)
        self.check(call(CONVERT, self.folder / "b.trace", self.folder / "b"), 0)
        self.assertEqual((self.folder / "a").read_bytes(), (self.folder / "b").read_bytes())

    def test_each_of_many_becomes_a_file_in_a_folder(self):
        texts = [self.write(f"{name}.trace", f"trace 1\nlen {name}\n") for name in ("rw0", "rw1")]
        two, into, alone = self.write("two.sequence", "sequence 1\n" + PROGRAM + PROGRAM), self.folder / "into", self.folder / "alone"
        into.mkdir()
        self.check(call(CONVERT, *texts, into), 0)
        for text in texts:
            self.check(call(CONVERT, text, alone), 0)
            self.assertEqual((into / text.stem).read_bytes(), alone.read_bytes())
        self.check(call(CONVERT, self.write("none.trace", ""), into), 2, "none.trace:1")
        self.check(call(CONVERT, two, into), 2, "two.sequence: 2 members, and a file in")
        self.assertEqual(sorted(path.name for path in into.iterdir()), ["rw0", "rw1"])

    def test_writes_whole_files_or_none(self):
        text = self.write("a.trace", PROGRAM)
        self.check(call(CONVERT, text, self.folder / "none/a"), 2, "No such file")
        self.check(call(CONVERT, text, "/dev/full/a"), 2)
        bad = self.write("bad.trace", "trace 1\nx\n")
        self.check(call(CONVERT, bad, self.folder / "c"), 2, "bad.trace:2: unknown operation")
        self.assertFalse((self.folder / "c").exists())

    def test_blocks_nest_deeply(self):
        text = self.write("a.trace", "trace 1\n" + "enter ro0 s0 {\n" * 130 + "}\n" * 130)
        self.check(call(CONVERT, text, self.folder / "b.trace"), 0)
        self.check(call(CONVERT, self.folder / "b.trace", self.folder / "c.trace"), 0)
        self.assertEqual((self.folder / "b.trace").read_bytes(), (self.folder / "c.trace").read_bytes())

    def test_sequences_of_one_member_are_traces(self):
        one = self.write("one.sequence", "sequence 1\n" + PROGRAM)
        self.check(call(CONVERT, one, self.folder / "a.trace"), 0)
        self.check(call(CONVERT, self.folder / "a.trace", self.folder / "b.sequence"), 0)
        self.check(call(CONVERT, self.folder / "b.sequence", self.folder / "b"), 0)
        self.check(call(CONVERT, self.folder / "b", self.folder / "b.trace"), 0)
        self.assertEqual((self.folder / "a.trace").read_text(), (self.folder / "b.trace").read_text())
        two = self.write("two.sequence", "sequence 1\n" + PROGRAM + PROGRAM)
        self.check(call(CONVERT, two, self.folder / "c.trace"), 2, "2 members")
        self.check(call(CONVERT, two, "-"), 0, "# member 2 of 2")
        self.check(call(CONVERT, self.write("none.ring", "x"), "-"), 2, "is not a ring")

    def test_refuses_bad_arguments(self):
        self.check(call(CONVERT), 2, "usage")
        self.check(call(CONVERT, "--harness", "nonsense", "a", "b"), 2, "no such harness")
