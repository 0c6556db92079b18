"""The evidence of each rule: its floor, what is joined, and what is stale."""
import json
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

import jsonschema

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sources  # pylint: disable=wrong-import-position

from orchestrate import coverage, evidence  # pylint: disable=wrong-import-position
from orchestrate.functions import functions_in, library  # pylint: disable=wrong-import-position
from orchestrate.record import Canary, EvidenceCell, EvidenceRow, FileCoverage, Record  # pylint: disable=wrong-import-position
from orchestrate.tools import ROOT  # pylint: disable=wrong-import-position

CELL = EvidenceCell("shown", "a test", counts={"unit tests": 2}, faults={"missed": 0}, items=["P04"])
EMPTY = EvidenceCell("empty", "a test", "no part tries it")


def row(rule: str = "B3", **cells: EvidenceCell) -> EvidenceRow:
    names = [name for name in EvidenceRow.__dataclass_fields__ if name not in ("rule", "text")]
    return EvidenceRow(rule, "a range", **{name: cells.get(name, CELL) for name in names})


class Floor(unittest.TestCase):
    def worse(self, now: EvidenceRow, before: EvidenceRow | None = None) -> list[str]:
        return evidence.worse([before or row()], [now])

    def test_the_same_and_better_are_not_worse(self):
        self.assertEqual(self.worse(row()), [])
        self.assertEqual(self.worse(row(), row(proof=EMPTY)), [])
        self.assertEqual(self.worse(row(accepts=replace(CELL, counts={"unit tests": 3}))), [])

    def test_rule_and_cell_are_named(self):
        self.assertEqual(self.worse(row(accepts=replace(CELL, counts={"unit tests": 1}))), ["B3 accepts: unit tests: 1, were 2"])
        self.assertEqual(self.worse(row(planted=replace(CELL, faults={"missed": 1}))), ["B3 planted: missed: 1, were 0"])
        self.assertEqual(self.worse(row(functions=EMPTY)), ["B3 functions: was shown, is empty: no part tries it"])
        self.assertEqual(self.worse(row(proof=replace(CELL, state="stale", why="f: changed since"))),
                         ["B3 proof: was shown, is stale: f: changed since"])
        self.assertEqual(self.worse(row("B4")), ["B3: has no row any more"])

    def test_a_night_measures_decisions_and_planted_bugs(self):
        places = replace(CELL, items=["src/a.c: f"])
        files = {"src/a.c": FileCoverage(9, 9, 4, 4, [], [], [], [], {"f": 3, "g": 1}, [("f", "x"), ("g", "y")])}
        record = Record(coverage=files, canaries=[Canary("P04", "t", "buffers", None, "", "not found")])
        with mock.patch.object(evidence, "read", lambda: evidence.Evidence(rows=[row(functions=places)])):
            rows, worse = evidence.of_night(record, True)
            self.assertEqual(worse, ["B3 mcdc: was shown, is partly: 1 of 3 conditions are not shown to decide", "B3 planted: missed tonight: 1, were 0"])
            self.assertEqual((rows[0].mcdc.source, rows[0].proof.source), ("tonight", "a test"))
            self.assertEqual(evidence.of_night(record, False)[1], [])
        excused = evidence.mcdc(places.items, files, {("src/a.c", "never true: x")}, "here")
        self.assertEqual((excused.state, excused.faults), ("shown", {evidence.UNDECIDED: 0}))


class Joined(unittest.TestCase):
    def test_the_committed_file_is_as_its_schema_says(self):
        jsonschema.validate(json.loads(evidence.FILE.read_text()), json.loads((ROOT / "fuzz/evidence.schema.json").read_text()))
        self.assertEqual([r.rule for r in evidence.read().rows], list(sources.TITLES))

    def test_what_is_not_shown_says_why(self):
        for one in evidence.read().rows:
            for name, cell in evidence.cells(one).items():
                self.assertEqual(cell.state == "shown", not cell.why, f"{one.rule} {name}")

    def test_a_patch_leads_to_its_function(self):
        found = sources.hunks("--- a/lib/src/x.c\n+++ b/lib/src/x.c\n@@ -1,3 +1,3 @@\n int f(void)\n {\n-    return 1;\n+    return 2;\n }\n")
        self.assertEqual(found, [("src/x.c", [" int f(void)", " {", "-    return 1;", " }"])])

    def test_comments_lead_to_functions(self):
        said = sources.declared("/* One. B3. */\nint procbuf_a(int x);\nint procbuf_b(void);\n\nint procbuf_c(void);\n/** Two: H1 */ int procbuf_d(void);\n")
        self.assertEqual({name: sources.rules_in(text) for name, text in said.items()},
                         {"procbuf_a": {"B3"}, "procbuf_b": {"B3"}, "procbuf_d": {"H1"}})

    def test_only_another_text_is_stale(self):
        one = library(ROOT / "lib")[0]
        kept = {"file": one.file, "function": one.name, "text": one.digest}
        gone = {"file": one.file, "function": "gone", "text": one.digest}
        self.assertEqual(sources.stale([kept, gone]), {f"{one.file}: {one.name}": False, f"{one.file}: gone": True})
        self.assertEqual(replace(one, text=one.text.replace("{", "{ /* said */\n", 1)).digest, one.digest)
        self.assertNotEqual(replace(one, text=one.text + ";").digest, one.digest)

    def test_a_condition_decides_in_any_file_that_includes_it(self):
        with tempfile.TemporaryDirectory() as name:
            path = str(Path(name) / "a.h")
            Path(path).write_text("if (a || b)\n    CHECK(c || d);\nif (e)\n")

            def compiled(file: str, alone: list[bool], macro: list[bool], seen: tuple[int, int]) -> dict:
                pairs = [[1, 5, 1, 6, 1, 1, 0, 0, 6], [1, 10, 1, 11, 1, 1, 0, 0, 6], [9, 1, 9, 2, 1, 1, 1, 0, 6], [9, 1, 9, 2, 1, 1, 1, 0, 6]]
                return {"name": f"{file}:f", "filenames": [path, "check.h"], "branches": [*pairs, [3, 5, 3, 6, *seen, 0, 0, 4]],
                        "mcdc_records": [[1, 5, 1, 11, 0, 5, alone], [9, 1, 9, 2, 0, 5, macro]]}
            unused = {"name": "c.c:f", "filenames": [path], "branches": [], "mcdc_records": []}
            found = coverage.conditions_of([compiled("a.c", [True, False], [False, True], (1, 0)), unused, compiled("b.c", [False, True], [False, True], (0, 0))])
        self.assertEqual(found, {path: {"f": [("e", False), ("a", True), ("b", True), ("f(), condition 1 in a macro", False),
                                              ("f(), condition 2 in a macro", True)]}})

    def test_functions_are_found_by_their_brackets(self):
        self.assertEqual(functions_in("/* of */\nstatic int\nf(int a)\n{\n    if (a) {\n    }\n}\n\nint g;\n"), [(2, 7, "f")])


if __name__ == "__main__":
    unittest.main()
