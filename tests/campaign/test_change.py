"""What a pull request runs: the gate, the build matrix."""
import fnmatch
import json
import os
import re
import subprocess

from support import ROOT, Case, call

from orchestrate.gate import others
from orchestrate.gate.judge import CHECKS

CASES = ROOT / "tests/gate_cases/run"


class Change(Case):
    call = staticmethod(call)

    def gate(self, *words):
        return self.call(ROOT / "tests/gate", *words, "--trees", self.folder / "trees")

    def test_cannot_judge_what_it_cannot_compare(self):
        clone = self.folder / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        self.check(self.call("tests/gate"), 2, "BASE is missing")
        self.check(self.gate("nonsense", "--repository", clone), 2, "nonsense: no such revision")
        self.check(self.gate("HEAD", "--repository", clone), 2, "nothing differs from HEAD")
        self.check(self.gate("HEAD", "--repository", self.folder), 2, "not a git repository")
        self.check(self.gate("HEAD", "--repository", self.folder / "nothing"), 2, "nothing: No such file or directory")
        self.check(self.gate("HEAD", "--check", "nonsense"), 2, "invalid choice")
        (clone / ".gitignore").write_text("/build/\n")
        self.check(self.gate("HEAD", "--repository", clone), 2, ".gitignore", "--worktree")
        done = self.gate("HEAD", "--repository", clone, "--worktree", "--page", self.folder / "page.md")
        self.check(done, 0, "gate: accepted", "the working tree")
        page = (self.folder / "page.md").read_text()
        self.assertIn("# The gate: accepted", page)
        self.assertRegex(page, r"(?m)^\d+\.\d minutes, \d+\.\d of processors$")
        (clone / "corpus/ranges/from_everywhere.trace").unlink()
        words = ["HEAD", "--repository", clone, "--worktree", "--check", "deleted"]
        self.check(self.gate(*words), 1, "gate: refused, by deleted", "corpus/ranges/from_everywhere.trace: the file is gone")
        message = self.write("message", "corpus: drop a seed\n\nWeakens: corpus/ranges/*: another seed contains it whole\n")
        self.check(self.gate(*words, "--message", message), 0, "a reviewer has to look at what it declares: deleted")

    def test_refuses_a_change_that_says_too_much(self):
        self.check(self.call(CASES, "a_test_deleted", "a_trivial_assertion", "a_self_check_removed", "a_floor_lowered",
                             "the_contract_in_silence", "a_test_disabled", "a_sanitizer_suppressed", "a_time_limit_doubled",
                             "a_label_that_ci_leaves_out", "a_configuration_that_nothing_builds", "a_test_shadowed",
                             "an_assertion_under_a_condition", "a_question_where_it_runs", "the_gate_forgets"), 0, "14 of 14 cases")
        self.check(self.call(CASES, "--first", "a_regression_altered"), 0, "1 of 1 cases")

    def test_accepts_a_fix(self):
        checks = "declared,contract,deleted,floors,checks,skips,suppressions,limits,proof-text,judge,configurations,corpora,fix,size"
        self.check(self.call(CASES, "fix_B11", "--only", checks), 0, "1 of 1 cases")

    def test_has_cases_of_each_check(self):
        listed = self.call(CASES, "--list")
        self.check(listed, 0)
        rows = [line.split()[1:3] for line in listed.stdout.splitlines()]
        self.assertEqual({row[1] for row in rows if row[0] == "refused"}, set(CHECKS))
        self.assertGreaterEqual(sum(row[0] == "accepted" for row in rows), 10)
        self.check(self.call(CASES, "nonsense"), 2, "no such case")

    def test_keeps_what_came_of_each_case(self):
        rows = json.loads((CASES.parent / "results.json").read_text())["rows"]
        self.assertEqual([row["case"] for row in rows], sorted(path.stem for path in CASES.parent.glob("*.patch")))
        stale = self.call(CASES, "--stale")
        self.check(stale, 0)
        tried = {row["case"] for row in rows if row["by"] != "not tried yet"}
        self.assertEqual(set(stale.stdout.split()) & tried, set(), "run tests/gate_cases/run --stale --update")

    def test_looks_at_what_is_there(self):
        """Each row of what runs which file is of a file, and says "cannot judge" of one that nothing runs."""
        files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
        patterns = [*others.ROWS, *(f"fuzz/orchestrate/{name}" for name in others.MODULES)]
        self.assertEqual([one for one in patterns if not fnmatch.filter(files, one)], [])
        self.check(self.call(CASES, "a_container_altered", "a_module_of_others"), 0, "2 of 2 cases")

    def test_judges_a_merge_and_what_has_left_base(self):
        clone = self.folder / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)

        def git(*words):
            subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=clone, check=True, capture_output=True)

        git("checkout", "-qb", "side")
        git("commit", "-q", "--allow-empty", "-m", "side: do nothing")
        git("checkout", "-q", "-")
        git("commit", "-q", "--allow-empty", "-m", "main: do nothing")
        words = ("side", "--repository", clone, "--check", "deleted", "--check", "declared")
        self.check(self.gate(*words), 2, "nothing differs from side")
        git("merge", "-q", "--no-commit", "side")
        (clone / "corpus/ranges/from_everywhere.trace").unlink()
        git("commit", "-qam", "Merge branch side")  # with a change that neither side has
        self.check(self.gate(*words), 1, "refused, by deleted", "Merge branch side")
        git("checkout", "-q", "--orphan", "alone")
        git("commit", "-qm", "alone: begin")
        self.check(self.gate("side", "--repository", clone), 2, "no commit in common")

    def test_builds_and_tests_a_cell_of_the_matrix(self):
        self.check(self.call(".ci/matrix", "gcc", "16"), 2, "usage")
        self.check(self.call(".ci/matrix", "clang", "64"), 0, "100% tests passed")

    def test_each_night_runs_what_is_too_slow_for_all(self):
        listed = subprocess.run(["ctest", "--test-dir", os.environ["PROCBUF_BUILD"], "--print-labels"], capture_output=True, text=True, check=True)
        slow = set(re.findall(r"^ *(\w+)_slow$", listed.stdout, re.MULTILINE))
        areas = re.search(r"area: \[(.*)\]", (ROOT / ".github/workflows/nightly.yml").read_text())
        self.assertLessEqual(slow, set(areas[1].split(", ")))
        self.assertIn("gate", slow)
        self.check(self.call("tests/run", "--slow", "gate", "--nonsense"), 2, "unknown argument: --nonsense")

    def test_workflows_run_scripts_that_are_there(self):
        found = 0
        for workflow in (ROOT / ".github/workflows").glob("*.yml"):
            for line in workflow.read_text().splitlines():
                for word in line.split():
                    if line.strip().startswith("- run:") and word.startswith((".ci/", "./fuzz/", "fuzz/setup/", "tests/")):
                        found += 1
                        self.assertTrue(os.access(ROOT / word, os.X_OK), f"{workflow.name}: {word}")
        self.assertGreaterEqual(found, 5)
