#!/usr/bin/python3
"""The mutants that are made of a small file, who judges them and how, and what equivalent.txt says of results."""
import importlib.machinery
import importlib.util
import json
import subprocess
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

import units
from judge import KILLED, NOT_BUILT, SURVIVED, TIMEOUT, Judge, Likeliest
from orchestrate import mutants, tools

HERE = Path(__file__).resolve().parent


def load_command():
    loader = importlib.machinery.SourceFileLoader("mutation_run", str(HERE / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutation_run", loader))
    loader.exec_module(module)
    return module


command = load_command()


class Mutants(unittest.TestCase):
    def found(self, source: str) -> tuple[list[mutants.Mutant], bytes]:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "small.c"
            path.write_text(textwrap.dedent(source))
            return mutants.Finder(path, Path(name)).run(), path.read_bytes()

    def check(self, source: str, operator: str, *expected: str) -> None:
        """Of this kind, just these mutants: each said by its changed lines, one space for all white space."""
        made, text = self.found(source)
        after = [" ".join(" ".join(line[1:] for line in m.diff(text).splitlines() if line[0] == "+").split())
                 for m in made if m.operator == operator]
        self.assertEqual(sorted(after), sorted(expected))

    def check_whole(self, source: str, operator: str, *expected: str) -> None:
        """Of this kind, just these mutants: each said by the body of its last function."""
        made, text = self.found(source)
        bodies = [" ".join(m.apply(text).decode().rsplit("{", 1)[1].split()).removesuffix(" }")
                  for m in made if m.operator == operator]
        self.assertEqual(sorted(bodies), sorted(expected))

    def test_a_parameter_is_cut_to_fewer_bits(self):
        self.check("""\
            unsigned long f(unsigned long a, unsigned short b, unsigned char c, long d, void *e)
            { return a + b + c + (unsigned long)d + (e != 0); }
            """, "narrowed", *[f"{{ {name} = ({kind})({sign}int{bits}_t)({name}); return a + b + c + (unsigned long)d + (e != 0); }}"
                               for name, kind, sign, widths in (("a", "unsigned long", "u", (8, 16, 32)),
                                                                ("b", "unsigned short", "u", (8,)),
                                                                ("d", "long", "", (8, 16, 32))) for bits in widths])

    def test_what_is_assigned_compared_or_read_from_a_field_is_cut(self):
        self.check("""\
            struct s { unsigned a; };
            unsigned g(void);
            int f(struct s *s)
            {
                const unsigned x = g();
                s->a = x;
                if (x < 3)
                    return s->a == x;
                return 0;
            }
            """, "narrowed",
                   "const unsigned x = (unsigned int)(uint8_t)(g());", "const unsigned x = (unsigned int)(uint16_t)(g());",
                   "s->a = (unsigned int)(uint8_t)(x);", "s->a = (unsigned int)(uint16_t)(x);",
                   "return (unsigned int)(uint8_t)(s->a) == x;", "return (unsigned int)(uint16_t)(s->a) == x;",
                   "return (unsigned int)(uint8_t)(s->a) == (unsigned int)(uint8_t)(x);",
                   "return (unsigned int)(uint16_t)(s->a) == (unsigned int)(uint16_t)(x);")

    def test_a_variable_in_scope_takes_the_place_of_another_of_its_type(self):
        self.check("""\
            int f(int a, char b)
            {
                for (int i = 0; a != 0; )
                    return i;
                int late = b;
                return a;
            }
            """, "variable", "for (int i = 0; i != 0; )", "return a;", "return late;")

    def test_a_variable_that_is_not_set_takes_no_place(self):
        self.check("""\
            int g(int *a);
            int f(int a)
            {
                int never, later, passed;
                if (a)
                    later = a;
                return g(&passed) + a;
            }
            """, "variable", "return g(&passed) + later;", "return g(&passed) + passed;")

    def test_a_field_takes_the_place_of_another_of_its_type(self):
        self.check("struct s { int a, b; char c; };\nint f(struct s *s) { return s->a; }\n", "field",
                   "int f(struct s *s) { return s->b; }")

    BLOCK = """\
        void procbuf_port_open(int *a);
        void f(int *a)
        {
            procbuf_port_open(a);
            *a = 1;
            *a = 2;
            return;
        }
        """

    def test_neighbours_are_swapped(self):
        self.check(self.BLOCK, "statements swapped", "... after: *a = 1;", "... after: *a = 2;")
        self.check_whole(self.BLOCK, "statements swapped", "procbuf_port_open(a); *a = 2; *a = 1; return;",
                         "*a = 1; procbuf_port_open(a); *a = 2; return;")

    def test_a_self_check_stays_where_it_is(self):
        source = """\
            #define PROCBUF_VERIFY(condition) do { if (!(condition)) a = 0; } while (0)
            int procbuf_port_open(void);
            void f(int *a)
            {
                PROCBUF_VERIFY(a != 0);
                procbuf_port_open();
                PROCBUF_VERIFY(a != 0);
            }
            """
        self.check(source, "statements swapped")
        self.check(source, "moved")
        self.check(source, "early exit", "return; procbuf_port_open();")

    def test_a_hook_is_moved_over_what_follows(self):
        self.check(self.BLOCK, "moved", "... after: *a = 2;")
        self.check_whole(self.BLOCK, "moved", "*a = 1; *a = 2; procbuf_port_open(a); return;")

    def test_a_check_is_moved_over_what_precedes_it(self):
        source = """\
            int f(int *a)
            {
                int b = *a;
                a[0] = 1;
                a[1] = b;
                if (b == 3)
                    return 1;
                return 0;
            }
            """
        self.check(source, "moved", "... before: a[0] = 1;")
        self.check_whole(source, "moved", "int b = *a; if (b == 3) return 1; a[0] = 1; a[1] = b; return 0;")

    def test_each_statement_may_be_the_first_that_does_not_run(self):
        self.check(self.BLOCK, "early exit", "return; *a = 1;", "return; *a = 2;")

    LOOPS = """\
        int g(int i);
        int f(int n)
        {
            for (int i = 0; i < n; i++) {
                if (g(i) || n == 7)
                    break;
                continue;
            }
            while (g(n))
                g(1);
            return 1;
        }
        """

    def test_a_loop_ends_a_round_early(self):
        self.check(self.LOOPS, "loop's bound", "for (int i = 0; i + 1 < n; i++) {")

    def test_a_loop_ends_after_its_first_round(self):
        self.check(self.LOOPS, "early exit", "break; }", "{ g(1); break; }", "return 0; while (g(n))",
                   "return 0; continue;")

    def test_break_and_continue_are_exchanged(self):
        self.check(self.LOOPS, "break or continue", "continue;", "break;")

    def test_a_check_of_two_is_dropped(self):
        self.check(self.LOOPS, "operand dropped", "if (g(i))", "if (n == 7)")

    def test_any_two_arguments_of_a_type_are_exchanged(self):
        self.check("int g(int a, char b, int c);\nint f(int x, char y, int z) { return g(x, y, z); }\n",
                   "arguments swapped", "int f(int x, char y, int z) { return g(z, y, x); }")

    def test_second_order_mutants_are_two_that_are_apart_and_always_the_same(self):
        made, text = self.found(self.LOOPS)
        pairs = mutants.second_order(made, 50)
        self.assertEqual([pair.key(text) for pair in pairs],
                         [pair.key(text) for pair in mutants.second_order(made, 50)])
        self.assertEqual(len({pair.key(text) for pair in pairs}), 50)
        for pair in pairs:
            self.assertLess(pair.one.end, pair.two.start)
            self.assertEqual(pair.apply(text), pair.one.apply(pair.two.apply(text)))
            self.assertNotIn(pair.apply(text), (text, pair.one.apply(text), pair.two.apply(text)))


class UnitTests(unittest.TestCase):
    """A small program of Criterion as judge."""
    SOURCE = """\
        #include <criterion/criterion.h>
        #include <signal.h>
        #include <stdlib.h>
        static void no_world(void) { cr_assert(0); }
        Test(good, passes) {}
        Test(good, aborts_as_it_has_to, .signal = SIGABRT) { abort(); }
        Test(bad, fails) { cr_assert(0); }
        Test(bad, crashes) { *(volatile int *)0 = 1; }
        Test(bad, exits) { exit(3); }
        Test(bad, has_no_world, .init = no_world) {}
        Test(bad, does_not_end) { for (volatile int i = 0;; i++) ; }
        Test(bad, notices_a_mutant) { extern unsigned procbuf_chosen_mutants[2]; cr_assert(procbuf_chosen_mutants[0] != 7); }
        """

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        source, cls.program = Path(folder.name) / "small.c", Path(folder.name) / "small"
        many = "".join(f"Test(many, test_{number}) {{}}\n" for number in range(100))
        source.write_text(textwrap.dedent(cls.SOURCE) + many)
        subprocess.run([tools.clang(), "-w", source, HERE / "chosen.c", "-lcriterion", "-o", cls.program], check=True)

    def setUp(self):
        self.judge = units.UnitTests.__new__(units.UnitTests)  # of no build
        self.judge.name = "small"

    program: Path

    def run_tests(self, *names: str, program: Path | None = None, chosen: str = "") -> tuple[str, str]:
        return self.judge.run(program or self.program, list(names), PROCBUF_MUTANTS=chosen)

    def test_a_test_that_fails_or_crashes_notices(self):
        for name in ("bad/fails", "bad/crashes", "bad/exits", "bad/has_no_world"):
            self.assertEqual(self.run_tests("good/passes", name), (KILLED, name))

    def test_tests_that_pass_do_not(self):
        self.assertEqual(self.run_tests("good/passes", "good/aborts_as_it_has_to", "bad/notices_a_mutant"), (SURVIVED, ""))

    def test_the_mutant_that_is_chosen_is_noticed(self):
        self.assertEqual(self.run_tests("bad/notices_a_mutant", chosen="7"), (KILLED, "bad/notices_a_mutant"))

    def test_what_uses_up_the_processors_time_does_not_end_and_is_not_a_crash(self):
        with mock.patch.object(units, "TEST_LIMIT_S", 1):
            self.assertEqual(self.run_tests("bad/does_not_end"), (TIMEOUT, ""))

    def test_each_of_many_tests_runs(self):
        many = [f"many/test_{number}" for number in range(100)]
        self.assertEqual(self.run_tests(*many), (SURVIVED, ""))
        self.assertEqual(self.run_tests(*many, "bad/fails"), (KILLED, "bad/fails"))

    def test_a_filter_that_matches_no_test_is_neither_a_kill_nor_a_survivor(self):
        for names in (["good/is_not_there"], ["good/passes", "good/is_not_there"]):
            with self.assertRaises(tools.ToolError):
                self.run_tests(*names)

    def test_a_program_that_does_not_start_is_not_a_kill(self):
        broken = self.program.with_name("broken")
        broken.write_text("#!/bin/sh\nexit 1\n")
        broken.chmod(0o755)
        for program in (broken, self.program.with_name("absent")):
            with self.assertRaises(tools.ToolError):
                self.run_tests("good/passes", program=program)

    def test_all_tests_of_a_program_are_listed(self):
        self.assertEqual(set(units.listed(self.program)), {
            "good/passes", "good/aborts_as_it_has_to", "bad/fails", "bad/crashes", "bad/exits", "bad/has_no_world", "bad/does_not_end",
            "bad/notices_a_mutant", *(f"many/test_{number}" for number in range(100))})


class Small(Judge):
    """Without a build: it has an answer for each mutant."""

    def __init__(self, name: str, answers: dict[str, tuple[str, str]], built: bool = True):
        self.name, self.answers, self.is_built = name, answers, built
        self.likeliest, self.entering, self.without_effect, self.passing = Likeliest(["a", "b"]), {}, set(), {}
        self.asked: list[tuple[str, list[str]]] = []

    def run(self, program, names, **environment):
        chosen = environment.get("PROCBUF_MUTANTS", "")
        self.asked.append((chosen, names))
        return self.answers.get(chosen, (SURVIVED, ""))

    def complaints(self, file, lib, text):
        return ""

    def build(self, lib, folder, changed, options=(), more="chosen.c"):
        return folder / "program" if self.is_built else None


class Judging(unittest.TestCase):
    def setUp(self):
        self.mutant = next(one for one in mutants.all_mutants(["range.h"]) if one.operator == "operator")

    def judged(self, *judges: Judge) -> dict:
        trial = command.Trial(self.mutant, {"key": "", "same_code": False})
        command.run_suite("units", list(judges), [trial], lambda one: None)
        return trial.result

    def test_what_no_judge_notices_next_to_others_is_tried_alone(self):
        for alone, expected in (((SURVIVED, ""), SURVIVED), ((KILLED, "a"), KILLED), ((TIMEOUT, ""), TIMEOUT)):
            judges = Small("one", {}), Small("two", {"": alone})
            self.assertEqual(self.judged(*judges)["units"], expected)

    def test_the_first_judge_that_notices_decides(self):
        one, two = Small("one", {"1": (KILLED, "b")}), Small("two", {})
        result = self.judged(one, two)
        self.assertEqual((result["units"], result["by"], two.asked), (KILLED, {"one": "b"}, []))

    def test_what_a_later_judge_cannot_build_lives_and_what_the_first_cannot_does_not(self):
        self.assertEqual(self.judged(Small("one", {}), Small("two", {}, built=False))["units"], SURVIVED)
        self.assertEqual(self.judged(Small("one", {}, built=False), Small("two", {}))["units"], NOT_BUILT)

    def test_a_test_that_fails_without_a_mutant_is_not_a_kill(self):
        with self.assertRaises(tools.ToolError):
            self.judged(Small("one", {"": (KILLED, "b"), "1": (KILLED, "b")}))

    def test_what_noticed_a_neighbour_runs_first(self):
        one = Small("one", {"1": (KILLED, "b")})
        self.judged(one)
        self.judged(one)
        self.assertEqual([names for chosen, names in one.asked if chosen], [["a", "b"], ["b"]])


class Arguments(unittest.TestCase):
    """Of a small library, with an equivalent.txt of its own."""
    LINE = "    if (len > room)"
    FILE = "src/small.c"

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name in ("EQUIVALENT", "ROOT"):
            self.addCleanup(setattr, command, name, getattr(command, name))
        for cached in (command.arguments, command.functions):
            cached.cache_clear()
            self.addCleanup(cached.cache_clear)
        command.ROOT = Path(self.folder.name)
        (command.ROOT / "lib/src").mkdir(parents=True)
        (command.ROOT / "lib" / self.FILE).write_text(f"bool fits(size_t len)\n{{\n{self.LINE}\n        return false;\n}}\n")

    def argue(self, head: str) -> None:
        command.EQUIVALENT = Path(self.folder.name) / "equivalent.txt"
        command.EQUIVALENT.write_text(f"{head} {self.FILE} fits\n-{self.LINE}\n+    if (false)\n  So.\n")
        command.arguments.cache_clear()

    def result(self, corpora: str, units: str, same_code: bool = False) -> dict:
        return {"file": self.FILE, "line": 3, "operator": "condition",
                "diff": f"-{self.LINE}\n+    if (false)", "corpora": corpora, "units": units, "same_code": same_code}

    def test_an_argument_for_both_suites_covers_both(self):
        self.argue("@")
        result = self.result(command.SURVIVED, command.SURVIVED)
        self.assertEqual([command.lives(result, suite) for suite in command.SUITES], [False, False])
        self.assertEqual(command.wrongly_argued([result]) + command.argued_in_vain([result]), [])

    def test_an_argument_for_the_corpora_leaves_the_units_to_notice(self):
        self.argue("@corpora")
        noticed = self.result(command.SURVIVED, command.KILLED)
        self.assertEqual([command.lives(noticed, suite) for suite in command.SUITES], [False, False])
        self.assertEqual(command.wrongly_argued([noticed]) + command.argued_in_vain([noticed]), [])
        lives = self.result(command.SURVIVED, command.SURVIVED)
        self.assertEqual([command.lives(lives, suite) for suite in command.SUITES], [False, True])

    def test_an_argument_that_a_suite_refutes_is_wrong(self):
        self.argue("@")
        self.assertIn("which the units notice", command.wrongly_argued([self.result(command.SURVIVED, command.KILLED)])[0])
        self.argue("@corpora")
        self.assertIn("which the corpora notice", command.wrongly_argued([self.result(command.KILLED, command.KILLED)])[0])

    def test_an_argument_that_nothing_needs_is_in_vain(self):
        self.argue("@")
        for result in ([], [self.result(command.KILLED, command.KILLED)],
                       [self.result(command.SURVIVED, command.SURVIVED, same_code=True)]):
            self.assertIn("+    if (false)", command.argued_in_vain(result)[0])

    def test_an_argument_for_two_cuts_covers_neither_alone(self):
        line, cut = "-    if (at != from)", "+    if ({} != {})"
        a, b = ("(unsigned)(uint8_t)(at)", "(unsigned)(uint8_t)(from)")
        for after, covered in ((cut.format(a, b), True), (cut.format(a, "from"), False), (cut.format("at", b), False)):
            self.assertEqual(command.is_cut(line, after, "~uint8_t at and from"), covered, after)
        self.assertTrue(command.is_cut("-{", "+{ at = (unsigned)(uint8_t)(at);", "~uint8_t at"))
        self.assertFalse(command.is_cut("-{", "+{ at = (unsigned)(uint8_t)(at);", "~uint8_t at and from"))

    def test_two_at_once_are_argued_if_each_is(self):
        self.argue("@")
        part = self.result(command.SURVIVED, command.SURVIVED)
        both = part | {"diff": "", "parts": [part, part]}
        self.assertFalse(command.lives(both, "corpora"))
        both["parts"] = [part, part | {"diff": "-a\n+b"}]
        self.assertTrue(command.lives(both, "corpora"))
        self.assertFalse(command.lives(both | {"same_parts": [False, True]}, "corpora"))

    def test_what_is_kept_of_second_order_leaves_the_rest(self):
        kept = Path(self.folder.name) / "results.json"
        outside = {"file": self.FILE, "function": "", "text": ""} | command.counted([self.result(command.KILLED, command.KILLED)])
        kept.write_text(json.dumps({"functions": [outside]}))
        with mock.patch.object(command, "KEPT", kept), mock.patch.object(command.measured, "record") as record:
            command.keep({}, [self.result(command.KILLED, command.SURVIVED)])
        self.assertEqual(record.call_args.kwargs["functions"], [outside])
        self.assertEqual([row["file"] for row in record.call_args.args[2]], [Path(self.FILE).name, "all", command.TWO])

    def test_a_scores_share_leaves_out_what_the_suite_cannot_notice(self):
        self.argue("@corpora")
        rows = command.by_function([self.result(command.SURVIVED, command.KILLED),
                                    self.result(command.KILLED, command.KILLED) | {"diff": "-a\n+b"}])
        self.assertEqual(dict(zip(command.HEADS, command.scores(rows)[-1])), {
            "file": "all", "mutants": "2", "equivalent": "0", "corpora": "100.0%", "units": "100.0%", "either": "100.0%",
            "in units": "2", "do not end": "0"})


if __name__ == "__main__":
    unittest.main()
