"""What a pull request runs: fuzzing of a change, how much of it was reached, the build matrix."""
import os
import subprocess

from support import ROOT, Case


class Change(Case):
    def setUp(self):
        super().setUp()
        self.clone = self.folder / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, self.clone], check=True)

    def call(self, *command, **environment):
        done = subprocess.run([str(word) for word in command], cwd=self.clone, capture_output=True, text=True,
                              errors="replace", timeout=1200, check=False, env=os.environ | environment)
        return done

    def test_says_which_changed_lines_nothing_reached(self):
        path = self.clone / "lib/src/range.c"
        text = path.read_text()
        line = "    return len <= (procbuf_addr_t)(high - start);\n"
        self.assertEqual(text.count(line), 1)
        text = text.replace(line, "    const procbuf_addr_t room = (procbuf_addr_t)(high - start);\n"
                                  "    if (len == SIZE_MAX - 41)\n        return high == 7;\n    return len <= room;\n")
        path.write_text(text)
        done = self.call("tests/changed_lines", "HEAD")
        self.check(done, 1, "not reached: lib/src/range.c:", "return high == 7;", "changed lines reached: 3 of 4")
        path.write_text(text.replace("    if (len == SIZE_MAX - 41)\n        return high == 7;\n", ""))
        self.check(self.call("tests/changed_lines", "HEAD"), 0, "changed lines reached: 2 of 2")
        self.check(self.call("tests/changed_lines", "nonsense"), 2, "git diff nonsense")
        self.check(self.call("tests/changed_lines", "HEAD", "--corpus", "nonsense"), 2, "no such folder")

    def test_fuzzes_a_change(self):
        self.check(self.call(".ci/fuzz-change"), 2, "usage")
        self.check(self.call(".ci/fuzz-change", "nonsense"), 2, "no such revision")
        self.check(self.call(".ci/fuzz-change", "HEAD", "x"), 2, "no number of seconds")
        summary = self.folder / "summary.md"
        done = self.call(".ci/fuzz-change", "HEAD", "2", FUZZ_OUT=str(self.folder / "out"), GITHUB_STEP_SUMMARY=str(summary))
        self.check(done, 0, "Nothing found", "changed lines reached: 0 of 0")
        self.assertIn("Nothing found", summary.read_text())

    def test_builds_and_tests_a_cell_of_the_matrix(self):
        self.check(self.call(".ci/matrix", "gcc", "16"), 2, "usage")
        self.check(self.call(".ci/matrix", "clang-19", "64"), 0, "100% tests passed")

    def test_workflows_run_scripts_that_are_there(self):
        found = 0
        for workflow in (ROOT / ".github/workflows").glob("*.yml"):
            for line in workflow.read_text().splitlines():
                for word in line.split():
                    if line.strip().startswith("- run:") and word.startswith((".ci/", "./fuzz/", "fuzz/setup/", "tests/")):
                        found += 1
                        self.assertTrue(os.access(ROOT / word, os.X_OK), f"{workflow.name}: {word}")
        self.assertGreaterEqual(found, 5)
