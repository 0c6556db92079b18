"""Benchmarks: that they run and measure something. No test asserts what they measure."""
import json

from support import ROOT, Case, call

BENCH = ROOT / "tests/bench/run"


class Bench(Case):
    def test_measures_what_it_says(self):
        figures = self.folder / "figures.json"
        done = call(BENCH, "testbed", "afl", "library", "sizes", "--harness", "memory", "--rounds", "1", "--seconds", "1",
                    "--json", figures)
        self.check(done, 0, "memory", "checked calls/s")
        measured = json.loads(figures.read_text())
        row = measured["testbed"]["targets"]["memory"]
        self.assertGreater(row["short_calls"], 1)
        self.assertGreater(row["calls"], row["short_calls"])
        self.assertGreater(row["checked_calls_per_s"], row["executions_per_s"])
        self.assertGreater(row["short_share_of_empty"], 0)
        self.assertGreater(row["short_share_at_most"], row["short_share_of_empty"])
        row = measured["afl"]["targets"]["memory"]
        self.assertGreater(row["checked_calls_of_an_execution"], 50)
        self.assertGreater(row["share_of_empty"], 0)
        self.assertEqual({call["call"] for call in measured["library"]["calls"]} & {"enter", "len"}, {"enter", "len"})
        self.assertIn("procbuf_readonly_build", measured["sizes"]["code"])

    def test_what_is_not_there_is_refused(self):
        self.check(call(BENCH, "speed"), 2, "no such benchmark: speed")
        self.check(call(BENCH, "testbed", "--harness", "speed"), 2, "no such harness: speed")
