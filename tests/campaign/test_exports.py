"""What other programs read of a campaign, from a record with everything in it that is awkward."""
import json
import unittest
import xml.etree.ElementTree as xml
from dataclasses import replace

from support import ROOT

from orchestrate import exports, report
from orchestrate.record import Canary, FileCoverage, Finding, Harness, Record

NASTY = "<script>alert('&')</script> | `x` \x00\x1b[31m"
FINDING = Finding("PROCBUF-BUG kind=result check=outcome-status op=brk", "life", "medium", 1.5, 1, 2, "folder",
                  f"expected: OK\n{NASTY}\nRule of lib/CONTRACT.md: K1\n", "./fuzz/repro folder")
MISSED = Canary("H06", "a bug", "allow", None, "", "not found in 30 s")
RECORD = Record(
    night=3, fuzzing_s=2.0, harnesses=[Harness("life", "lives", runs=3, checked_operations=4, corpus=7, seconds=2.0, crashes=1)],
    findings=[FINDING], canaries=[Canary("A01", "a bug", "ranges", 0.2, FINDING.identity), MISSED],
    coverage={"src/brk.c": FileCoverage(9, 5, 4, 2, [], [], [])}, no_longer_reached=["src/brk.c: return 1;"],
    broken=[f"life afl-asan: {NASTY}"], notes=[NASTY], verdict=f"1 finding {NASTY}")


class Exports(unittest.TestCase):
    def test_the_page_shows_missed_planted_bugs_first_and_folds_the_many_that_were_found(self):
        found = [Canary(f"F{n}", "a bug", "life", n / 10, FINDING.identity) for n in (1, 9, 5)]
        self.assertEqual([c.id for c in report.hardest_first([*found, MISSED])], ["H06", "F9", "F5", "F1"])

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
