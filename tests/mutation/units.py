"""The unit tests as judge of mutants, and the exhaustive tests."""
from __future__ import annotations

import re
import signal
from collections import defaultdict
from pathlib import Path

from judge import KILLED, QUIETLY, SURVIVED, TIMEOUT, TRIES, Judge
from orchestrate import planted, tools
from orchestrate.tools import ToolError

TEST_LIMIT_S, PART_LIMIT_S = 5, 60
"""Of the processor. A unit test takes some hundredths of a second, an exhaustive part some seconds."""
FIRST, MOST = 2, 64
"""Tests that run at once: Criterion runs them in an order of its own, so the likeliest come in portions; and it can choose
among so many names."""
SUITE = re.compile(r"(\w+): \d+ tests?")
TEST = re.compile(r"\S+ (\w+)")
FAILED = re.compile(r"^(?:\[FAIL\] |\[----\] Warning! The test `)(\w+)::(\w+)(?:: |` crashed during its setup)", re.MULTILINE)
TESTED = re.compile(r"Synthesis: Tested: (\d+) ")


def listed(program: Path) -> list[str]:
    """The tests of a Criterion program, as SUITE/TEST."""
    done = tools.run([program, "--list", "--color=never"], cwd=program.parent, environment=QUIETLY)
    found: list[str] = []
    suite = ""
    for line in done.stdout.splitlines():
        if head := SUITE.fullmatch(line):
            suite = head[1]
        elif test := TEST.fullmatch(line):
            found.append(f"{suite}/{test[1]}")
    if done.returncode != 0 or not found:
        raise ToolError(f"{program} lists no tests: status {done.returncode}")
    return found


def pattern(names: list[str]) -> str:
    """What Criterion's --filter takes for these tests."""
    of_suite: dict[str, list[str]] = defaultdict(list)
    for name in names:
        suite, test = name.split("/")
        of_suite[suite].append(test)
    return "@(" + "|".join(f"{suite}/@({'|'.join(tests)})" for suite, tests in of_suite.items()) + ")"


class UnitTests(Judge):
    """Each in a process of its own."""

    def __init__(self, name: str, built: Path):
        program = "tests/unit/unit-lib"
        super().__init__(name, built, program, "lib/CMakeFiles/procbuf.dir", listed(built / program))

    def run(self, program: Path, names: list[str], **environment: str) -> tuple[str, str]:
        size, done = FIRST, 0
        while done < len(names):
            some = names[done:done + size]
            result, by = self.run_some(program, some, environment)
            if result != SURVIVED:
                return result, by
            done, size = done + size, min(4 * size, MOST)
        return SURVIVED, ""

    def run_some(self, program: Path, names: list[str], environment: dict[str, str]) -> tuple[str, str]:
        command = [str(program), "--jobs", "1", "--fail-fast", "--color=never", "--filter", pattern(names)]
        for _ in range(TRIES):
            done = self.limited(command, TEST_LIMIT_S, environment)
            if done is None:
                return TIMEOUT, ""
            if failed := FAILED.search(done.stderr):
                return KILLED, f"{failed[1]}/{failed[2]}"
            tested = TESTED.search(done.stderr)
            if done.returncode == 0 and tested and int(tested[1]) == len(names):
                return SURVIVED, ""
        raise ToolError(f"{self.name} failed to run {len(names)} tests: status {done.returncode}: {done.stderr.strip()}")


class Exhaustive(Judge):
    """Each part in a process."""

    def __init__(self, built: Path):
        program = "tests/exhaustive/exhaustive"
        usage = planted.run([built / program, "none of them"], built).stderr
        super().__init__("exhaustive", built, program, "exhaustive.dir", re.findall(r"\w+", usage[usage.index("["):]))

    def run(self, program: Path, names: list[str], **environment: str) -> tuple[str, str]:
        for name in names:
            done = self.limited([str(program), name], PART_LIMIT_S, environment)
            if done is None:
                return TIMEOUT, ""
            if done.returncode == 1 or done.returncode < 0 and done.returncode != -signal.SIGKILL:  # a failed check, a crash
                return KILLED, name
            if done.returncode != 0:
                raise ToolError(f"exhaustive {name} failed to run: status {done.returncode}: {done.stderr.strip()}")
        return SURVIVED, ""
