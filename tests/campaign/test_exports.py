"""What other programs read of a campaign, from a record with everything in it that is awkward."""
import json
import tempfile
import unittest
import xml.etree.ElementTree as xml
from dataclasses import replace
from pathlib import Path

from support import ROOT

from orchestrate.coverage import ranges
from orchestrate.parts import parts_of
from orchestrate.record import Canary, FileCoverage, Finding, Harness, HarnessCoverage, Night, Record, Residual, Span
from orchestrate.report import exports, page, pictures, source, words

NASTY = "<script>alert('&')</script> | `x` \x00\x1b[31m"
FINDING = Finding("PROCBUF-BUG kind=result check=outcome-status op=brk", "life", "medium", 1.5, 1, 2, "folder",
                  f"expected: OK\n{NASTY}\nRule of lib/CONTRACT.md: K1\n", "./fuzz/repro folder")
MISSED = Canary("H06", "a bug", "allow", None, "", "not found in 30 s")
RECORD = Record(
    night=3, fuzzing_s=2.0, harnesses=[Harness("life", "lives", runs=3, checked_operations=4, corpus=7, seconds=2.0, crashes=1)],
    findings=[FINDING], canaries=[Canary("A01", "a bug", "ranges", 0.2, FINDING.identity), MISSED],
    coverage={"src/brk.c": FileCoverage(9, 5, 4, 2, [], [], [], [])}, no_longer_reached=["src/brk.c: return 1;"],
    broken=[f"life afl-asan: {NASTY}"], notes=[NASTY], verdict=f"1 finding {NASTY}")


class Exports(unittest.TestCase):
    def test_the_page_shows_missed_planted_bugs_first_and_folds_the_many_that_were_found(self):
        found = [Canary(f"F{n}", "a bug", "life", n / 10, FINDING.identity) for n in (1, 9, 5)]
        self.assertEqual([c.id for c in words.hardest_first([*found, MISSED])], ["H06", "F9", "F5", "F1"])

    def test_junit_has_a_case_for_each(self):
        suite = xml.fromstring(exports.junit(RECORD))
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("6", "4"))
        self.assertEqual([case.get("classname") for case in suite],
                         ["life", "life", "ranges", "allow", "night", "coverage"])
        self.assertIn("<script>", suite.find("testcase/failure").text)

    def test_junit_fails_for_a_night_that_was_interrupted(self):
        suite = xml.fromstring(exports.junit(replace(RECORD, interrupted=True)))
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("7", "5"))

    def test_sarif_points_at_the_rule(self):
        sarif = json.loads(json.dumps(exports.sarif(RECORD)))
        self.assertEqual(sarif["version"], "2.1.0")
        result = sarif["runs"][0]["results"][0]
        place = result["locations"][0]["physicalLocation"]
        line = (ROOT / place["artifactLocation"]["uri"]).read_text().splitlines()[
            place["region"]["startLine"] - 1]
        self.assertRegex(line, r"^- (\*\*)?K1\b")
        self.assertEqual(result["ruleId"], sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"])
        self.assertEqual(result["level"], "error")

    def test_sarif_points_into_the_library_where_a_stack_does(self):
        stack = "In the library, innermost first:\n  f (nowhere.c:1)\n  procbuf_range (range.c:7)\n"
        result = exports.sarif(replace(RECORD, findings=[replace(FINDING, explanation=f"expected: 1\n\n{stack}\nKind: x\n")]))["runs"][0]["results"][0]
        place = result["locations"][0]["physicalLocation"]
        self.assertEqual((place["artifactLocation"]["uri"], place["region"]["startLine"]), ("lib/src/range.c", 7))

    def test_two_bugs_are_two_alerts_and_one_is_one(self):
        """Over all pairs of identities made of words that run into each other."""
        words = ("a", "a-b", "b", "a/b", "b/a", "a--b")
        identities = [f"PROCBUF-BUG kind={k} check={c} op={o}" for k in words for c in words for o in words]
        keys = {}
        for identity in identities:
            for variant in (FINDING, replace(FINDING, explanation="other", seconds=9.0, severity="low", harness="maps", trace="trace 1\n", operations=5)):
                record = replace(RECORD, findings=[replace(variant, identity=identity)])
                result = exports.sarif(record)["runs"][0]["results"][0]
                key = (result["ruleId"], result["partialFingerprints"]["primaryLocationLineHash"])
                self.assertEqual(keys.setdefault(key, identity), identity, "two bugs are one alert")
        self.assertEqual(len(keys), len(identities), "one bug is two alerts")

    def test_the_program_is_in_every_report_for_people(self):
        record = replace(RECORD, findings=[replace(FINDING, trace="trace 1\nbrk p0 <7>\n")])
        self.assertIn("trace 1\nbrk p0 <7>", xml.fromstring(exports.junit(record)).find("testcase/failure").text)
        self.assertIn("\n\n    trace 1\n    brk p0 <7>\n\n", exports.markdown(record))
        self.assertIn("    | brk p0 <7>", words.summary(record))
        self.assertIn("brk p0 <7>", exports.sarif(record)["runs"][0]["results"][0]["message"]["text"])

    def test_a_finding_without_a_rule_has_a_place_all_the_same(self):
        record = replace(RECORD, findings=[replace(FINDING, explanation="no rule")])
        result = exports.sarif(record)["runs"][0]["results"][0]
        self.assertEqual(result["locations"][0]["physicalLocation"]["region"]["startLine"], 1)

    def test_markdown_shows_text_as_it_is(self):
        text = exports.markdown(RECORD)
        for line in text.splitlines():
            self.assertNotRegex(line, r"(?<!\\)[<`]")
        self.assertIn("| life | 3 | 4 | 1 |", text)

    def test_prometheus_has_gauges(self):
        text = exports.prometheus(RECORD)
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) procbuf_\w+ .*|procbuf_\w+(\{\w+="[^"]*"\})? [\d.]+)$')
        self.assertIn('procbuf_campaign_findings{status="new"} 1', text)
        self.assertIn("procbuf_campaign_planted_bugs_missed 1", text)
        self.assertIn('procbuf_campaign_runs{harness="life"} 3', text)


EXPLANATION = """==1==ERROR: AddressSanitizer: a report
    #0 0x1 in f

expected: INVAL
actual: OK
input: a.trace, operation 1

The program, 1 process laid out:
->   1  p0 shares 1 byte

Process memory (a app-owned):
p0: break at ram+256

p1: break at ram+0

In the library, innermost first:
  procbuf_build (buffer.c:87)
  procbuf_lend (lender.c:1)

Rule of lib/CONTRACT.md: B3
Kind: A kind.
Rule B3 The range must be
  app-owned. (section B)
PROCBUF-BUG kind=result check=outcome-status op=build_readonly
"""


class Page(unittest.TestCase):
    """What the page shows, before it is drawn."""

    def test_an_explanation_is_taken_apart(self):
        parts = parts_of(EXPLANATION)
        self.assertEqual((parts.expected, parts.actual, parts.rule, parts.kind), ("INVAL", "OK", "B3", "A kind."))
        self.assertEqual(parts.rule_text, "B3 The range must be app-owned. (section B)")
        self.assertEqual(parts.stack, ["procbuf_build (buffer.c:87)", "procbuf_lend (lender.c:1)"])
        self.assertTrue(parts.said.startswith("==1==ERROR") and parts.said.endswith("operation 1"))
        self.assertIn("p1: break", parts.memory)
        self.assertEqual(parts.touched, "")
        self.assertEqual(parts_of("no more than this").said, "no more than this")

    def test_the_timeline_puts_findings_on_the_core_that_made_them(self):
        spans = [Span(0, "life", "libfuzzer-asan", 0.0, 10.0, 5, [(0, 2)]), Span(1, "maps", "afl-asan", 0.0, 20.0, 5, [(19, 8)])]
        drawn = pictures.timeline(replace(RECORD, spans=spans, findings=[FINDING, replace(FINDING, harness="maps", seconds=15.0)]))
        self.assertEqual([[mark.number for mark in core.marks] for core in drawn.cores], [[1], [2]])
        self.assertEqual((drawn.cores[0].blocks[0].left, drawn.cores[0].blocks[0].width), (0.0, 50.0))
        self.assertEqual((drawn.cores[0].discoveries[0], max(drawn.cores[1].discoveries)), (50, 100))

    def test_discoveries_are_those_of_both_engines(self):
        spans = [Span(0, "life", setup, 0.0, 10.0, 5, [(1, 2), (5, 1)]) for setup in ("libfuzzer-asan", "libfuzzer-msan", "afl-asan")]
        panel, = pictures.discoveries(replace(RECORD, spans=spans))
        self.assertEqual([(c.name, c.total) for c in panel.curves], [("libFuzzer", 6), ("AFL++", 3)])
        self.assertTrue(panel.curves[0].points.endswith("100.0,2.0"), panel.curves[0].points)
        self.assertTrue(panel.curves[1].points.endswith("100.0,50.0"), panel.curves[1].points)
        panel, = pictures.discoveries(replace(RECORD, spans=[*spans[:2], replace(spans[2], harness="maps")]))
        self.assertEqual(panel.missing, ["AFL++"])

    def test_a_night_that_measured_nothing_has_no_bar(self):
        night = Night(1, "", "", 10.0, "x", 0, 100, "", 0, 2, 2, 0.5, 10, 9)
        first, second = pictures.strip([night, Night(2, "", "", 0.0, None, None, None, None, 0, 0, 0, None, None, None)])
        self.assertEqual([bar.words for bar in first.bars], ["0.5 s", "90.0 % of lines", "10 runs a second"])
        self.assertEqual((first.verdict, second.verdict, [bar.height for bar in second.bars]), ("good", "none", [0, 0, 0]))
        self.assertEqual(len(pictures.strip([night] * 99)), pictures.NIGHTS)

    def test_the_chance_falls_from_left_to_right(self):
        points = [Residual("life", 1.0, 10 ** k, 100, 10) for k in (2, 3, 4)]
        self.assertEqual(pictures.residual(replace(RECORD, residual=points), "life"), "0.0,5.0 50.0,50.0 100.0,95.0")
        self.assertEqual(pictures.residual(replace(RECORD, residual=points[:1]), "life"), "")

    def test_a_harness_that_counts_no_behaviours_has_no_chance(self):
        """The harness forms runs no operations: 0 inputs say nothing of the next one."""
        record = replace(RECORD, harnesses=[Harness("life", "", runs=100), Harness("forms", "", runs=9), Harness("wide", "")],
                         residual=[Residual("life", 1.0, 100, 50, 10), Residual("forms", 2.0, 0, 0, 0)])
        self.assertEqual(page.next_is_new(record), "1 in 10")
        self.assertEqual(words.residual_line(record), "the next input of life shows a new behaviour with a chance of about 1 in 10; "
                         "the others' chances are smaller; not counted: forms")
        self.assertEqual(page.next_is_new(replace(record, residual=record.residual[1:])), "not known")

    def test_each_line_of_the_source_has_its_count_and_its_harnesses(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.c"
            path.write_text("/* no code */\nint a;\nint b;\n")
            by_harness = {"life": HarnessCoverage(1, 1, 0, 0, {"a.c": "2-3"}), "lives": HarnessCoverage(1, 1, 0, 0, {"a.c": "9"})}
            lines = source.lines_of(path, "a.c", FileCoverage(2, 1, 0, 0, [], [], [], [None, 12345, 0]), by_harness)
        self.assertEqual([(line.count, line.letters, line.missed) for line in lines],
                         [("", "", False), ("12k", "l\u00b7", False), ("0", "l\u00b7", True)])
        self.assertEqual(source.lines_of(path, "a.c", FileCoverage(0, 0, 0, 0, [], [], [], []), {}), [])
        self.assertEqual(source.letters(["life", "lives", "fe"]), {"life": "l", "lives": "i", "fe": "f"})
        self.assertEqual(ranges([1, 2, 3, 7, 9, 10]), "1-3,7,9-10")

    def test_what_changed_in_coverage_is_counted(self):
        self.assertEqual(page.coverage_change(Record()), "not measured")
        self.assertEqual(page.coverage_change(RECORD), "\N{MINUS SIGN}1")
        self.assertEqual(page.coverage_change(replace(RECORD, no_longer_reached=[])), "unchanged")
        self.assertEqual(page.coverage_change(replace(RECORD, first_reached=["a", "b"])), "+2 \N{MINUS SIGN}1")
