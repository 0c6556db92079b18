"""Suspects and likely causes: the switches, the ranking, the groups, and what bad input gets."""
import json
import os
import subprocess
import tempfile
import textwrap
import unittest
import unittest.mock
from dataclasses import asdict, replace
from pathlib import Path

from support import ROOT, broken_lib

from orchestrate import causes, suspects
from orchestrate.bundle import Bundles, read_bundle
from orchestrate.record import Finding, Record, Suspect
from orchestrate.report import exports, words
from orchestrate.suspects import Opinion, Switched
from orchestrate.switches import ADDED, CHANGED, GUARDED, JOINED, MOVED, VARIANTS, WANTED, Region, Site, Variant, rewrite
from orchestrate.tools import CORPUS, ToolError, clang, identity_in

PLENTY_S = 10
"""Of the processor: enough on a machine that others keep busy, too, where the same takes several times as long."""
IDENTITY = "PROCBUF-BUG kind=result check=outcome-status op=brk"
FINDING = Finding(IDENTITY, "life", "medium", 1.5, 1, 2, "folder", f"expected: OK\nRule of lib/CONTRACT.md: K1\n{IDENTITY}\n", "./fuzz/repro folder")
NEAR = {"failing": 9, "other": 0, "passing": 10}
SITES = {number: Site(number, f"src/{file}.c", line, line, function, "statement", "", [Variant(line, "one", CHANGED), Variant(line, "two", CHANGED)])
         for number, (file, line, function) in enumerate([("a", 10, "wrapper"), ("a", 20, "guilty"), ("b", 30, "bystander")])}


def measured(sites, cures, **more):
    return {"near": NEAR, "position": 2, "identity": IDENTITY, "sites": sites, "cures": cures} | more


def row(number, by_failing, by_passing, last=1, in_calls=1, in_looks=0):
    return [number, 0, in_calls, in_calls, last, by_failing, by_passing, 0, by_passing, in_looks]


def suspect(function, score=1.0, line=1):
    return Suspect("lib/src/a.c", line, function, score, "")


def finding(identity, *suspected, **more):
    return replace(FINDING, identity=identity, suspects=list(suspected), **more)


class Ranking(unittest.TestCase):
    def test_where_a_check_stopped_the_library_weighs_more_than_who_called(self):
        stopped = measured([row(0, 10, 10), row(2, 10, 10)], [])
        stack = "actual: x\n\nIn the library, innermost first:\n  {} (a.c:3)\n  {} (a.c:9)\n\nKind: x"
        for innermost, outer in (("wrapper", "bystander"), ("bystander", "wrapper")):
            ranked = suspects.rank(SITES, stopped, stack.format(innermost, outer))
            self.assertEqual(suspects.functions(ranked)[:2], [innermost, outer])

    def test_what_only_failing_calls_reach_comes_first(self):
        ranked = suspects.rank(SITES, measured([row(0, 10, 10), row(1, 10, 0), row(2, 0, 10)], []))
        self.assertEqual(suspects.functions(ranked), ["guilty", "wrapper", "bystander"])

    def test_a_cure_weighs_more_than_what_is_reached(self):
        ranked = suspects.rank(SITES, measured([row(0, 10, 0), row(2, 10, 9)], [[2, 1, -1, 9, 9, 10, 10, 0, 0]]))
        self.assertEqual((ranked[0].function, ranked[0].file, ranked[0].line), ("bystander", "lib/src/b.c", 30))
        self.assertIn("one", ranked[0].why)

    def test_a_change_that_breaks_what_passes_is_hardly_a_cure(self):
        ranked = suspects.rank(SITES, measured([row(0, 10, 5), row(1, 10, 5)], [[0, 1, -1, 9, 9, 2, 10, 0, 0], [1, 2, -1, 9, 9, 10, 10, 0, 0]]))
        self.assertEqual(suspects.functions(ranked), ["guilty", "wrapper"])

    def test_a_change_that_cures_one_program_alone_is_worth_less(self):
        ranked = suspects.rank(SITES, measured([row(0, 10, 5), row(1, 10, 5)], [[0, 1, -1, 0, 9, 10, 10, 0, 0], [1, 2, -1, 9, 9, 10, 10, 0, 0]]))
        self.assertEqual(suspects.functions(ranked), ["guilty", "wrapper"])

    def test_of_equal_cures_the_simplest_comes_first(self):
        sites = SITES | {0: replace(SITES[0], variants=[Variant(10, "one", GUARDED)])}
        cures = [[0, 1, -1, 9, 9, 10, 10, 0, 0], [1, 1, -1, 9, 9, 10, 10, 0, 0]]
        self.assertEqual(suspects.functions(suspects.rank(sites, measured([row(0, 10, 5), row(1, 10, 5)], cures)))[0], "guilty")

    def test_a_cure_in_what_the_testbed_looks_with_is_worth_less(self):
        cures = [[0, 1, -1, 9, 9, 10, 10, 0, 0], [1, 1, -1, 9, 9, 10, 10, 0, 0]]
        rows = [row(0, 10, 5, in_calls=0, in_looks=1), row(1, 10, 5, in_calls=0)]  # the second: where processes are laid out
        self.assertEqual(suspects.functions(suspects.rank(SITES, measured(rows, cures)))[0], "guilty")

    def test_a_function_that_only_hands_on_comes_after_the_one_that_does_the_work(self):
        lines = [(10, "hands_on"), *((line, "works") for line in range(20, 26))]
        sites = {number: Site(number, "src/a.c", line, line, function, "statement", "", []) for number, (line, function) in enumerate(lines)}
        ranked = suspects.rank(sites, measured([row(number, 10, 5) for number in sites], []))
        self.assertEqual(suspects.functions(ranked), ["works", "hands_on"])

    def test_of_panics_that_were_due_the_first_of_what_passing_calls_do_not_reach_is_likeliest(self):
        sites = {number: Site(number, "src/a.c", line, line, function, "before", "", [], ["(n)"])
                 for number, (line, function) in enumerate([(10, "everywhere"), (20, "seldom"), (21, "seldom")])}
        guarded = VARIANTS + WANTED
        cures = [[0, guarded, 0, 9, 9, 10, 10, 0, 0], [1, guarded, 0, 9, 9, 8, 8, 0, 0], [2, guarded, 0, 9, 9, 10, 10, 0, 0]]
        ranked = suspects.rank(sites, measured([row(0, 10, 90), row(1, 10, 8, 3), row(2, 10, 8, 4)], cures))
        self.assertEqual([one.line for one in ranked], [20, 21, 10])
        self.assertIn("if ((n)) PROCBUF_REQUIRE(the rule that the report expects, 0);", ranked[0].why)

    def test_state_that_was_wrong_earlier_is_named(self):
        sites, best = SITES, Suspect("lib/src/a.c", 20, "guilty", 1.0, "")
        self.assertEqual(suspects.first_wrong(sites, measured([], [[1, 1, 0, 9, 9, 10, 10, 0, 0]]), best), 0)
        self.assertIsNone(suspects.first_wrong(sites, measured([], [[1, 1, 2, 9, 9, 10, 10, 0, 0]]), best))  # the one that was noticed
        self.assertIsNone(suspects.first_wrong(sites, measured([], [[1, 1, -1, 9, 9, 10, 10, 0, 0]]), best))  # in more than one

    def test_a_variable_that_the_report_names_is_named(self):
        with tempfile.TemporaryDirectory() as name:
            lib = Path(name)
            (lib / "src").mkdir()
            (lib / "src/a.c").write_text("int f(void)\n{\n    static int count;\n    return ++count;\n}\n")
            report = "expected: nothing is kept\nactual: its variable f.count holds 0x1, and held 0x0\n"
            self.assertEqual([(s.file, s.line, s.function) for s in suspects.named_in(report, lib)],
                             [("lib/src/a.c", 3, "f"), ("lib/src/a.c", 4, "f")])
            self.assertEqual(suspects.named_in("actual: another", lib), [])

    def test_a_variable_is_looked_for_where_it_is_not_where_its_name_is_a_word(self):
        with tempfile.TemporaryDirectory() as name:
            lib = Path(name)
            (lib / "src").mkdir()
            (lib / "src/a.c").write_text("/* A turn is\n * one turn. */\nvoid f(int turn)\n{\n    (void)turn; // a turn\n}\n")
            (lib / "src/b.c").write_text("static int turn; /* kept */\n\nvoid g(void)\n{\n    /* a turn */\n    turn++;\n}\n")
            (lib / "src/c.c").write_text("void h(void)\n{\n    static int turn;\n    turn++;\n}\n")
            self.assertEqual([(s.file, s.line, s.function) for s in suspects.named_in("actual: its variable turn holds 0x1", lib)],
                             [("lib/src/b.c", 1, "g"), ("lib/src/b.c", 6, "g")])
            self.assertEqual([(s.file, s.line, s.function) for s in suspects.named_in("actual: its variable h.turn holds 0x1", lib)],
                             [("lib/src/c.c", 3, "h"), ("lib/src/c.c", 4, "h")])

    def test_ochiai(self):
        self.assertEqual(suspects.ochiai(0, 5, 10), 0)
        self.assertEqual(suspects.ochiai(10, 0, 10), 1)
        self.assertAlmostEqual(suspects.ochiai(10, 30, 10), 0.5)


class Switches(unittest.TestCase):
    def test_other_constants_of_a_condition_come_last(self):
        region = Region(0, 0, 1, "condition", "f")
        region.offer_all(["error != PROCBUF_BUSY", "0", "error == PROCBUF_OK", "error != PROCBUF_SIZE"], CHANGED)
        region.offer("(error != PROCBUF_OK) && (done)", JOINED)
        region.other_constants_last("error != PROCBUF_OK")
        self.assertEqual(region.texts, ["0", "error == PROCBUF_OK", "(error != PROCBUF_OK) && (done)", "error != PROCBUF_BUSY",
                                        "error != PROCBUF_SIZE"])
        self.assertEqual([one.said for one in region.variants], region.texts)

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        (self.folder / "lib/src").mkdir(parents=True)
        (self.folder / "lib/include").mkdir()

    def rewritten(self, source):
        (self.folder / "lib/src/small.c").write_text(textwrap.dedent(source))
        sites = rewrite(self.folder / "lib", self.folder / "copy")
        return sites, (self.folder / "copy/src/small.c").read_text()

    def answers(self, site, declared, main):
        """What a program prints that turns variants of one site on."""
        (self.folder / "main.c").write_text(f"""#include <stdio.h>
            unsigned procbuf_guard, turned; {declared}
            void procbuf_wanted(void) {{ printf("wanted "); }}
            unsigned procbuf_site(unsigned site) {{ return site == {site.number} ? turned : 0; }}
            _Bool procbuf_decided(unsigned site, _Bool value) {{ (void)site; return value; }}
            int main(void) {{ {main} }}""")
        sources = [self.folder / "main.c", *(self.folder / "copy/src").glob("*.c")]
        subprocess.run([clang(), "-w", *map(str, sources), "-o", str(self.folder / "program")], check=True)
        return subprocess.run([str(self.folder / "program")], check=True, capture_output=True, text=True).stdout.split()

    def test_a_guard_says_when_a_variant_is_on(self):
        sites, _ = self.rewritten("int code(int error)\n{\n    return error;\n}\n")
        before = next(s for s in sites if s.kind == "before")
        variant, guard = [v.said for v in before.variants].index("return 1;") + 1, before.guards.index("(error)") + 1
        self.assertEqual(before.variant(variant + guard * VARIANTS), Variant(3, "if ((error)) return 1;", GUARDED))
        show = 'printf("%d %d ", code(0), code(5));'
        self.assertEqual(self.answers(before, "int code(int error);", f"{show} turned = {variant}; {show} procbuf_guard = {guard}; {show}"),
                         ["0", "5", "1", "1", "0", "1"])

    def test_a_guard_asks_a_field_that_the_function_mentions_and_those_next_to_it(self):
        sites, _ = self.rewritten("""\
            struct room { unsigned guests; unsigned beds; unsigned door; };
            unsigned key(const struct room *room)
            {
                return room->door;
            }
            """)
        before = next(s for s in sites if s.kind == "before")
        for one in ("(room->door)", "!(room->guests)", "!(room->beds)", "!(~room->door)"):
            self.assertIn(one, before.guards)
        variant, guard = [v.said for v in before.variants].index("return 0;") + 1, before.guards.index("!(room->guests)") + 1
        main = f'turned = {variant}; procbuf_guard = {guard}; printf("%u %u ", key(&(struct room){{ 0, 2, 7 }}), key(&(struct room){{ 1, 2, 7 }}));'
        declared = "struct room { unsigned guests; unsigned beds; unsigned door; }; unsigned key(const struct room *room);"
        self.assertEqual(self.answers(before, declared, main), ["0", "7"])

    def test_a_guard_compares_what_is_of_one_type(self):
        sites, _ = self.rewritten("""\
            struct shelf { unsigned long end; unsigned long limit; char name; };
            int put(struct shelf *shelf, unsigned long at)
            {
                if (at < shelf->end)
                    return 1;
                return 0;
            }
            """)
        last = [s for s in sites if s.kind == "before"][-1]
        self.assertIn("(at > shelf->limit)", last.guards)
        self.assertFalse([g for g in last.guards if "name" in g and ("<" in g or "shelf->end" in g)])
        condition = next(s for s in sites if s.kind == "condition")
        never, guard = [v.said for v in condition.variants].index("0") + 1, condition.guards.index("(at > shelf->limit)") + 1
        self.assertEqual(condition.variant(never + guard * VARIANTS), Variant(4, "0 where (at > shelf->limit)", GUARDED))
        show = 'printf("%d%d ", put(&(struct shelf){ 9, 3, 0 }, 2), put(&(struct shelf){ 9, 3, 0 }, 5));'
        declared = "struct shelf { unsigned long end; unsigned long limit; char name; }; int put(struct shelf *shelf, unsigned long at);"
        self.assertEqual(self.answers(condition, declared, f"{show} turned = {never}; {show} procbuf_guard = {guard}; {show}"), ["11", "00", "10"])

    def test_the_hook_that_is_due_is_called_before_a_statement(self):
        sites, _ = self.rewritten("int half(int n)\n{\n    return n / 2;\n}\n")
        before = next(s for s in sites if s.kind == "before")
        guard = before.guards.index("!(n)") + 1
        self.assertEqual(before.places, ["procbuf_wanted();"])
        self.assertEqual((before.variant(WANTED).how, before.variant(WANTED + guard * VARIANTS).how), (ADDED, GUARDED))
        show = 'printf("%d ", half(4)); printf("%d ", half(0));'
        self.assertEqual(self.answers(before, "int half(int n);", f"turned = {WANTED}; {show} procbuf_guard = {guard}; {show}"),
                         ["wanted", "2", "wanted", "0", "2", "wanted", "0"])

    def test_a_function_that_does_nothing_calls_what_takes_the_same(self):
        (self.folder / "lib/include/bell.h").write_text("void ring(int times);\nvoid stop(void);\n")
        sites, _ = self.rewritten('#include "../include/bell.h"\nvoid alarm(int times)\n{\n}\n')
        self.assertEqual([(s.line, s.kind, [v.said for v in s.variants if "(" in v.said]) for s in sites], [(4, "before", ["ring(times);"])])

    def test_what_was_noted_elsewhere_is_noted_here(self):
        sites, _ = self.rewritten("""\
            enum colour { RED, BLUE };
            struct light { enum colour left, right; int is_on; };
            static unsigned long width(const struct light *light)
            {
                return light->is_on ? 8 : 4;
            }
            void paint(unsigned long width, struct light *light);
            int change(struct light *light, enum colour wanted)
            {
                if (wanted == RED) {
                    light->left = wanted;
                    return 1;
                }
                light->is_on = 1;
                paint(sizeof(long), light);
                return 0;
            }
            """)
        offered = {(s.line, v.said) for s in sites for v in s.variants}
        for line, fix, kind in ((14, "light->left = wanted;", "the wrong thing is noted"),
                                (14, "{ light->left = wanted; return 1; }", "a way out that notes why"),
                                (15, "paint(width(light), light);", "a constant in a function's place")):
            self.assertIn((line, fix), offered, kind)

    def test_what_ends_with_braces_and_where_a_loop_begins_have_sites(self):
        sites, _ = self.rewritten("""\
            struct s { int a; };
            void f(struct s *p)
            {
                for (int i = 1; i < 3; i++)
                    *p = (struct s){ i };
            }
            """)
        self.assertIn((4, "value", "1"), [(s.line, s.kind, s.text) for s in sites])
        self.assertIn((5, "statement", "*p = (struct s){ i };"), [(s.line, s.kind, s.text) for s in sites])

    def test_lines_stay_where_they_are_and_nothing_changes_until_one_is_turned(self):
        source = """\
            static int smaller(int a, int b)
            {
                if (a < b)
                    return a;
                return b;
            }

            int twice_smaller(int a, int b)
            {
                const int found = smaller(a, b);
                return found * 2;
            }
            """
        sites, text = self.rewritten(source)
        self.assertEqual(text.split("#line 1\n")[1].count("\n"), textwrap.dedent(source).count("\n"))
        self.assertEqual({(s.line, s.kind) for s in sites if s.kind != "before"},
                         {(3, "condition"), (4, "statement"), (5, "statement"), (10, "value"), (11, "statement")})
        condition = next(s for s in sites if s.kind == "condition")
        self.assertIn(Variant(3, "a <= b", CHANGED), condition.variants)
        answers = self.answers(condition, "int twice_smaller(int a, int b);",
                               f'for (turned = 0; turned <= {len(condition.variants)}; turned++) printf("%d ", twice_smaller(3, 5));')
        self.assertEqual(answers[0], "6")
        wanted = {"false": "10", "true": "6", "!(a < b)": "10", "a <= b": "6", "a >= b": "10"}
        for variant, answer in zip(condition.variants, answers[1:]):
            self.assertEqual(answer, wanted.get(variant.said, answer), variant.said)

    def test_a_value_is_made_once(self):
        sites, _ = self.rewritten("int count;\nstatic int next(int by)\n{\n    return count += by;\n}\n"
                                  "int f(void)\n{\n    const int n = next(1);\n    return n;\n}\n")
        value = next(s for s in sites if s.kind == "value")
        print_one = 'count = 0; f(); printf("%d ", count);'
        two = [v.said for v in value.variants].index("next((1) + 1)") + 1
        self.assertEqual(self.answers(value, "int f(void); extern int count;", f"{print_one} turned = {two}; {print_one}"), ["1", "2"])

    def test_what_would_undo_mistakes_of_these_kinds_is_offered(self):
        sites, _ = self.rewritten("""\
            struct s { int a; int b; };
            _Bool may(int n);
            void open(int at, int len);
            void close(int at, int len);
            void take(struct s s);
            static struct s *twin(struct s *p)
            {
                return p;
            }
            int f(struct s *p, unsigned char *all, int at, int len)
            {
                struct s one = *p, two = *p;
                struct s *other = p;
                int most = len;
                if (at < 0)
                    return 0;
                p->a = at;
                p->b -= at;
                (void)may(at);
                open(at, len);
                close(p->a, 8);
                take((struct s){ one.a, 0 });
                return two.b + most + other->a + (all == 0);
            }
            void g(struct s *p)
            {
                p->a = 1;
            }
            """)
        offered = {v.said for s in sites for v in s.variants}
        moved = [v for s in sites for v in s.variants if v.how == MOVED]
        self.assertIn(Variant(14, "if (at < 0) return 0;", MOVED), moved)  # "one": before it
        self.assertIn((28, "*p = (struct s){ 0 };"), [(s.line, v.said) for s in sites for v in s.variants], "it is not emptied at the end")
        for fix, kind in (("p->b = 0;", "a field is forgotten"), ("if (!may(at)) return 1;", "an answer is thrown away"),
                          ("p->b = len;", "another value"), ("(len) < one.a ? (len) : one.a", "a bound is missing"),
                          ("twin(p)", "what a function makes of it"),
                          ("close(at, len);", "what is closed is not what was opened"), ("close(p->a, len);", "a number in a variable's place"),
                          ("take((struct s){ two.a, 0 });", "another structure's field")):
            self.assertIn(fix, offered, kind)

    def test_a_loop_that_ends_in_its_first_round_walks_on(self):
        sites, _ = self.rewritten("""\
            struct piece { unsigned long start; unsigned long end; };
            _Bool find(unsigned long at, struct piece *found);
            _Bool covers(unsigned long at, unsigned long end)
            {
                struct piece piece;
                for (;;) {
                    if (!find(at, &piece))
                        return 0;
                    return 1;
                }
            }
            """)
        site = next(s for s in sites if s.kind == "statement" and s.line == 9)
        walk = "if (end <= piece.end) return 1; at = piece.end;"
        self.assertIn(Variant(9, walk, CHANGED), site.variants)
        found = "_Bool find(unsigned long at, struct piece *found) { found->end = at + 2; return at < 10; }"
        self.assertEqual(self.answers(site, f"struct piece {{ unsigned long start; unsigned long end; }}; {found} _Bool covers(unsigned long, unsigned long);",
                                      f'turned = {[v.said for v in site.variants].index(walk) + 1}; printf("%d%d", covers(0, 10), covers(0, 11));'), ["10"])

    def test_what_is_done_to_one_element_is_done_to_all(self):
        sites, _ = self.rewritten("""\
            struct row { int *cells; unsigned count; };
            int sum(struct row *row)
            {
                int found = 0;
                for (unsigned i = 0; i < row->count; i++) {
                    if (row->cells[i] == 9) {
                        row->cells[i] = 0;
                        break;
                    }
                }
                for (unsigned i = 0; i < row->count; i++)
                    found += row->cells[i];
                return found;
            }
            """)
        site = next(s for s in sites if s.kind == "statement" and s.line == 7)
        number = [v.said for v in site.variants].index("for (__SIZE_TYPE__ procbuf_i = 0; procbuf_i < row->count; procbuf_i++) row->cells[procbuf_i] = 0;") + 1
        main = 'for (turned = 0; turned <= %d; turned += %d) printf("%%d ", sum(&(struct row){ (int[]){ 1, 9, 5 }, 3 }));' % (number, number)
        self.assertEqual(self.answers(site, "struct row { int *cells; unsigned count; }; int sum(struct row *row);", main), ["6", "0"])

    def test_what_does_not_compile_is_left_out(self):
        sites, _ = self.rewritten("struct s { int a; struct s *b; };\nint f(struct s *p)\n{\n    return p->a + (p == p->b);\n}\n")
        self.assertTrue(sites)

    def test_a_library_with_nothing_to_switch_has_no_suspects(self):
        (self.folder / "lib/src/small.c").write_text("int x;\n")
        with self.assertRaisesRegex(ToolError, "nothing in it can have a switch"):
            rewrite(self.folder / "lib", self.folder / "copy")


class Command(unittest.TestCase):
    def test_names_the_line_of_a_planted_bug(self):
        """A busy machine may give the command too little of a processor for the right one, and never none."""
        with tempfile.TemporaryDirectory() as name:
            trace = Path(name) / "broken.trace"
            trace.write_text("trace 1\nprocess\nset_byte p0 p0.break 1\n")
            done = subprocess.run([str(ROOT / "fuzz/repro"), "--lib", str(broken_lib("A05")), "--suspects", str(trace)],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stdout, r"Suspects, the likeliest line first:\n  1  lib/src/\w+\.c:\d+ procbuf_")
            opinion = suspects.opinion_of(suspects.switched(broken_lib("A05")), trace, identity_in(done.stdout), done.stdout, 6 * PLENTY_S)
        lines = (ROOT / "lib/src/range.c").read_text().splitlines()
        line = lines.index("    return len <= (procbuf_addr_t)(high - start);") + 1
        self.assertIn(f"Suspects, the likeliest line first:\n  1  lib/src/range.c:{line} procbuf_range_within()", suspects.told(opinion))

    def test_a_library_of_inputs_is_never_too_large(self):
        with tempfile.TemporaryDirectory() as name:
            trace = Path(name) / "broken.trace"
            trace.write_text("trace 1\nprocess\nset_byte p0 p0.break 1\n")
            measured = suspects.measure(suspects.switched(broken_lib("A05")), trace, 3 * sorted(CORPUS.glob("*/*.trace")))
        self.assertTrue(suspects.strong_cures(measured))

    def test_a_panic_that_the_report_does_not_expect_keeps_no_other_change_from_being_tried(self):
        library = suspects.switched(broken_lib("A05"))
        with tempfile.TemporaryDirectory() as name:
            trace = Path(name) / "broken.trace"
            trace.write_text("trace 1\nprocess\nset_byte p0 p0.break 1\n")
            cure = suspects.strong_cures(suspects.measure(library, trace, []))[0]
            before = next(number for number, site in library.sites.items() if site.places)
            self.assertEqual(suspects.cured_by(library, trace, [(before, WANTED), cure], PLENTY_S), {cure})

    def test_what_one_change_makes_of_the_processes_of_large_traces_is_gone_for_the_next(self):
        library = suspects.switched(broken_lib("P04"))
        with tempfile.TemporaryDirectory() as name:
            trace = Path(name) / "broken.trace"
            trace.write_text("trace 1\nprocess ram=131072 kernel=256 flash=0\n")
            cures = suspects.strong_cures(suspects.measure(library, trace, []))[:8]
            unrelated = [(number, 1) for number, site in library.sites.items() if site.file == "src/slice.c" and site.variants]
            undone = suspects.cured_by(library, trace, cures + unrelated[:40], PLENTY_S)
            self.assertTrue(undone)
            self.assertLessEqual(undone, set(cures))


class Groups(unittest.TestCase):
    def groups(self, *findings, shared=()):
        return [g.findings for g in causes.grouped(findings, set(shared))]

    def test_findings_that_suspect_the_same_code_are_one(self):
        made = self.groups(finding("a", suspect("f"), suspect("g", 0.2)), finding("b", suspect("f", 0.9), suspect("g", 0.3)))
        self.assertEqual(made, [["a", "b"]])

    def test_those_that_suspect_other_code_are_not(self):
        self.assertEqual(self.groups(finding("a", suspect("f")), finding("b", suspect("g"))), [["a"], ["b"]])

    def test_findings_of_one_check_that_suspect_one_function_are_one_whatever_is_around_it(self):
        around = [[suspect("f", 0.23), *(suspect(name, 0.22) for name in names)] for names in ("ghi", "jkl")]
        of_one_check = [finding(f"PROCBUF-BUG kind=result check=lookups op={op}", *code) for op, code in zip(("len", "brk"), around)]
        self.assertEqual(len(self.groups(*of_one_check)), 1)
        self.assertEqual(len(self.groups(of_one_check[0], finding("PROCBUF-BUG kind=result check=outcome op=len", *around[1]))), 2)
        self.assertEqual(len(self.groups(of_one_check[0], replace(of_one_check[1], suspects=around[1][1:]))), 2)

    def test_where_nothing_speaks_for_one_function_any_of_the_best_is_enough(self):
        checks = [f"PROCBUF-BUG kind=hook check=hook-missing op={op}" for op in ("enter", "reader_read")]
        entered, read = finding(checks[0], suspect("enter", 0.22)), [suspect("advance", 0.24), suspect("enter", 0.23), suspect("read_step", 0.1)]
        self.assertEqual(len(self.groups(entered, finding(checks[1], *read))), 1)
        self.assertEqual(len(self.groups(entered, finding(checks[1], suspect("advance", 0.7), suspect("enter", 0.69)))), 2)
        self.assertEqual(len(self.groups(entered, finding(checks[1], suspect("advance", 0.24), suspect("enter", 0.2)))), 2)

    def test_what_the_same_check_stops_at_one_line_is_one_whatever_came_before(self):
        def stopped(kind, op, line):
            return finding(f"PROCBUF-BUG kind={kind} op={op}", suspect(f"before_{op}", 0.6),
                           explanation=f"actual: x\n\nIn the library, innermost first:\n  fetch (slice.c:{line})\n  procbuf_{op} (slice.c:9)\n\nKind: x")
        for kind in ("access check=store-not-named", "ubsan-unsigned-integer-overflow check=procbuf_range_end"):
            self.assertEqual(len(self.groups(stopped(kind, "get", 7), stopped(kind, "compare", 7))), 1)
            self.assertEqual(len(self.groups(stopped(kind, "get", 7), stopped(kind, "compare", 8))), 2)
        self.assertEqual(len(self.groups(stopped("hook check=hook-missing", "get", 7), stopped("hook check=hook-missing", "compare", 7))), 2)
        self.assertEqual(len(self.groups(stopped("window check=load", "get", 7), stopped("access check=load", "compare", 7))), 2)
        panics = [stopped(f"panic check=hook-{how}", op, 7) for how, op in (("differs", "get"), ("unexpected", "compare"))]
        self.assertEqual(len(self.groups(*panics)), 2)
        self.assertEqual(len(self.groups(*(replace(panic, suspects=[]) for panic in panics))), 1)
        silent = [replace(stopped("access check=load", op, 7), explanation="") for op in ("get", "compare")]
        self.assertEqual(len(self.groups(*silent)), 2)

    def test_many_findings_share_the_time(self):
        self.assertEqual([causes.seconds_each(count) for count in (0, 1, 20)], [4.5] * 3)
        self.assertEqual([causes.seconds_each(count) for count in (30, 60, 600)], [3, 1.5, 1.5])

    def test_a_change_that_undoes_both_makes_them_one_and_the_third_by_way_of_the_second(self):
        made = self.groups(finding("a", suspect("f")), finding("b", suspect("g")), finding("c", suspect("h")), shared=[("a", "b"), ("c", "b")])
        self.assertEqual(made, [["a", "b", "c"]])

    def test_those_without_suspects_stay_alone(self):
        self.assertEqual(self.groups(finding("a"), finding("b")), [["a"], ["b"]])

    def test_the_best_is_sure_and_short(self):
        long, short = finding("a", suspect("f"), operations=9), finding("b", suspect("f"), operations=1)
        unsure = finding("c", suspect("f", 0.3), operations=1)
        self.assertEqual(self.groups(long, short, unsure), [["b", "a", "c"]])

    def test_a_group_is_known_as_soon_as_one_of_it_is(self):
        new, known = finding("a", suspect("f"), status="new"), finding("b", suspect("f"), status="known")
        self.assertEqual([g.status for g in causes.grouped([new, known])], ["known"])
        self.assertEqual([g.status for g in causes.grouped([new, replace(known, status="regressed")])], ["regressed"])
        self.assertEqual([g.status for g in causes.grouped([new])], ["new"])


class Reports(unittest.TestCase):
    def test_sarif_points_at_the_likeliest_line_and_names_the_rule_besides(self):
        record = Record(findings=[finding(IDENTITY, suspect("f", line=7), suspect("g", line=9))])
        result = exports.sarif(record)["runs"][0]["results"][0]
        self.assertEqual(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "lib/src/a.c")
        self.assertEqual(result["locations"][0]["physicalLocation"]["region"]["startLine"], 7)
        self.assertEqual([p["physicalLocation"]["artifactLocation"]["uri"] for p in result["relatedLocations"]],
                         ["lib/src/a.c", "lib/CONTRACT.md"])

    def test_the_summary_says_one_bug_and_its_symptoms(self):
        record = Record(findings=[finding("a", suspect("f")), finding("b", suspect("f"))])
        record.groups = causes.grouped(record.findings)
        self.assertIn("one bug, 2 symptoms, likely at lib/src/a.c:1", words.summary(record))
        self.assertIn("1 likely cause", words.triage_line(record))

    def test_a_bundle_keeps_them(self):
        with tempfile.TemporaryDirectory() as name:
            bundles, one = Bundles(Path(name), None), finding(IDENTITY)
            bundles.of(one).mkdir()
            (bundles.of(one) / "explanation.txt").write_text(one.explanation)
            (bundles.of(one) / "finding.json").write_text(json.dumps(asdict(one)))
            opinion = Opinion([suspect("f")], "", "operation 1, before operation 2, which was noticed")
            causes.take_in(bundles, [one], opinion)
            self.assertEqual(read_bundle(bundles.of(one)).suspects, [suspect("f")])
            said = (bundles.of(one) / "explanation.txt").read_text()
            self.assertTrue(said.endswith(f"State was wrong first in operation 1, before operation 2, which was noticed.\n{IDENTITY}\n"), said)
            causes.take_in(bundles, [one], opinion)  # the next night
            self.assertEqual((bundles.of(one) / "explanation.txt").read_text(), said)


    def test_suspects_replace_what_a_short_campaign_said(self):
        with tempfile.TemporaryDirectory() as name:
            bundles, one = Bundles(Path(name), None), finding(IDENTITY)
            bundles.of(one).mkdir()
            (bundles.of(one) / "explanation.txt").write_text(one.explanation)
            (bundles.of(one) / "finding.json").write_text(json.dumps(asdict(one)))
            causes.take_in(bundles, [one], Opinion(none_since="too short"))
            self.assertIn("\nNo suspects: too short.\n", (bundles.of(one) / "explanation.txt").read_text())
            self.assertEqual(read_bundle(bundles.of(one)).no_suspects, "too short")
            causes.take_in(bundles, [one], Opinion([suspect("f")]))
            said = (bundles.of(one) / "explanation.txt").read_text()
            self.assertNotIn("No suspects", said)
            self.assertIn("f()", said)


class BadInput(unittest.TestCase):
    """No suspects, said so, and never a guess."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def bundle(self, **fields):
        (self.folder / "trace.trace").write_text("trace 1\nprocess\nbrk p0 p0.break\n")
        (self.folder / "finding.json").write_text(json.dumps(asdict(replace(FINDING, **fields))))
        return self.folder

    def library(self, script):
        program = self.folder / "procbuf-suspects"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return Switched(program, self.folder, SITES)

    def none_since(self, script="exit 9", **fields):
        opinion = suspects.examine(self.bundle(**fields), self.library(script))
        self.assertEqual(opinion.suspects, [])
        self.assertEqual(suspects.told(opinion), f"No suspects: {opinion.none_since}.\n")
        return opinion.none_since

    def test_a_finding_that_no_replay_shows(self):
        self.assertEqual(self.none_since(identity="PROCBUF-BUG kind=unexplained check=crash op=life"), "no replay shows it")

    def test_a_flaky_finding(self):
        self.assertEqual(self.none_since(shows="3 of 10"), "it shows in 3 of 10 replays")

    def test_a_hang(self):
        self.assertIn("all of the time", self.none_since(identity="PROCBUF-BUG kind=hang check=limit op=brk"))

    def test_one_that_the_library_with_switches_does_not_show(self):
        self.assertIn("does not show: no bug found", self.none_since("echo 'trace.trace: no bug found' >&2; exit 1"))

    def test_one_that_shows_as_another_there(self):
        other = json.dumps(measured([], [], identity=IDENTITY.replace("brk", "sbrk")))
        self.assertIn("shows as PROCBUF-BUG", self.none_since(f"echo '{other}'"))

    def test_an_answer_that_is_none(self):
        self.assertIn("does not show", self.none_since("echo nonsense"))

    def test_a_finding_that_is_damaged(self):
        (self.folder / "finding.json").write_text("{}")
        with self.assertRaises(ToolError):
            suspects.examine(self.folder, self.library("exit 9"))

    def test_a_night_names_suspects_and_joins_what_one_change_undoes(self):
        said = json.dumps(measured([row(1, 10, 0)], [[1, 1, 0, 9, 9, 10, 10, 0, 0]]))
        library = self.library(f"""case $3 in --try) shift 4; printf '%s\\n' "$@" ;; *) echo '{said}' ;; esac""")
        bundles = Bundles(self.folder / "findings", None)
        one = finding(IDENTITY)
        bundles.of(one).mkdir(parents=True)
        (bundles.of(one) / "trace.trace").write_text("trace 1\nprocess\nbrk p0 p0.break\n")
        (bundles.of(one) / "explanation.txt").write_text(one.explanation)
        (bundles.of(one) / "finding.json").write_text(json.dumps(asdict(one)))
        with unittest.mock.patch.object(causes, "switched", return_value=library):
            self.assertEqual(causes.name_suspects(bundles, [one], self.folder), set())
        self.assertEqual(one.suspects[0].function, "guilty")
        self.assertIn("operation 1, before operation 3", one.first_wrong)
        opinion = suspects.examine(bundles.of(one), library)
        later = suspects.examine(bundles.of(one), library, "one of many")
        self.assertEqual((later.suspects, later.none_since), ([], "one of many"))
        self.assertEqual(causes.one_cause(library, {"a": opinion, "b": opinion, "c": later}),
                         {("a", "b"), ("b", "a"), ("c", "a"), ("c", "b")})

    def test_a_single_strong_cure_that_undoes_both_joins_them(self):
        library = self.library("echo 7:2")
        opinion = Opinion(cures=[(number, 1) for number in range(20)] + [(7, 2)], program=self.folder / "trace.trace")
        other = Opinion(program=self.folder / "trace.trace")
        self.assertEqual(causes.one_cause(library, {"a": opinion, "b": other}), {("b", "a")})

    def test_on_a_program_that_does_not_show_it_each_time_nothing_is_tried(self):
        library, steady = self.library("echo 1:1"), Opinion(cures=[(1, 1)])
        self.assertEqual(causes.one_cause(library, {"a": steady, "b": Opinion(none_since="it shows in 3 of 10 replays")}), set())

    def test_the_best_changes_of_each_are_tried_first(self):
        library = self.library('shift 3; echo "$@" > "$1.tried"')
        opinions = {name: Opinion(cures=[(site, 1), (site, 2)], program=self.folder / "trace.trace") for site, name in enumerate("ab")}
        causes.one_cause(library, opinions)
        self.assertEqual((self.folder / "trace.trace.tried").read_text().split()[1:], ["0:1", "1:1", "0:2", "1:2"])

    def test_a_build_without_switches(self):
        tool = Path(os.environ["PROCBUF_BUILD"]) / "fuzz/procbuf-suspects"
        done = subprocess.run([str(tool), str(ROOT / "corpus/regressions" / sorted(os.listdir(ROOT / "corpus/regressions"))[0])],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("no switches", done.stderr)

    def test_a_library_that_cannot_be_built(self):
        one = finding(IDENTITY, folder="folder")
        bundles = Bundles(self.folder, None)
        bundles.of(one).mkdir()
        (bundles.of(one) / "explanation.txt").write_text(one.explanation)
        (bundles.of(one) / "finding.json").write_text(json.dumps(asdict(one)))
        (self.folder / "lib/src").mkdir(parents=True)
        (self.folder / "lib/src/broken.c").write_text("int f( {")
        self.assertEqual(causes.name_suspects(bundles, [one], self.folder / "lib"), set())
        self.assertIn("could not be built", one.no_suspects)


if __name__ == "__main__":
    unittest.main()
