"""Both states of a change, built: the testbed of one with the library of one, and what runs there."""
from __future__ import annotations

import functools
import itertools
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .. import replay
from ..engine import INPUT_BYTES, INPUT_TIMEOUT_S
from ..tools import MEMORY, ROOT, Build, ToolError, first_error, identity_in, run
from .change import Change, Tree

SILENCE_S = 60.0
"""Which no input takes, however busy the machine: only a hang reaches it."""
HANG_S = 1800
MOST_SEEDS = 24
"""To begin a short fuzz with: each is converted by a process of its own."""
QUIET = {"ASAN_OPTIONS": "detect_leaks=0:symbolize=0", "UBSAN_OPTIONS": "symbolize=0"}


class Broken(ToolError):
    """It does not build: the first error."""


@dataclass
class Tests:
    """Of Criterion's programs: name, as SUITE.TEST, to whether it passed."""
    passed: dict[str, bool]

    def failed(self) -> set[str]:
        return {name for name, passed in self.passed.items() if not passed}


def call(command: Sequence[object], cwd: Path | None = None, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return run(command, cwd=cwd, environment=environment, timeout=HANG_S)
    except FileNotFoundError as problem:
        raise ToolError(f"{command[0]} is not installed: fuzz/setup/install --all") from problem
    except subprocess.TimeoutExpired as problem:
        raise ToolError(f"{command[0]}: no end after {HANG_S} s") from problem


class Workshop:
    """Builds what is asked for, once."""

    def __init__(self, change: Change):
        self.change = change
        self.environment = {"CCACHE_DIR": os.environ.get("CCACHE_DIR", str(ROOT / "build/ccache"))}

    def state(self, side: str) -> Tree:
        return self.change.old if side == "old" else self.change.new

    @functools.cache
    def tree(self, side: str) -> Path:
        """Its folder, written when it is first asked for: most refusals need none."""
        self.state(side).write()
        return self.state(side).folder

    @functools.cache
    def configured(self, side: str, lib: str, preset: str) -> Path:
        """The folder for a build. Raises Broken."""
        tree = self.tree(side)
        folder = tree / "build" / (preset if side == lib else f"{preset}-other-lib")
        done = call(["cmake", "-S", tree, "--preset", preset, "-B", folder, f"-DPROCBUF_LIB_DIR={self.tree(lib) / 'lib'}"], tree,
                    self.environment)
        if done.returncode != 0:
            raise Broken(f"cmake: {first_error(done.stderr)}")
        return folder

    @functools.cache
    def built(self, side: str, lib: str, *targets: str, preset: str = "asan") -> Path:
        """The testbed of one state with the library of one. Raises Broken."""
        tree, folder = self.tree(side), self.configured(side, lib, preset)
        done = call(["cmake", "--build", folder, "--target", *targets], tree, self.environment)
        if done.returncode != 0:
            lines = (done.stdout + done.stderr).splitlines()
            errors = [line.strip() for line in lines if re.search(r"\berror\b|undefined (?:symbol|reference)", line, re.IGNORECASE)]
            raise Broken((errors or lines or ["it did not say why"])[0].replace(str(self.change.new.folder) + "/", "")[:300])
        return folder

    def for_tests(self, side: str, *targets: str) -> Path:
        """A build with all tests, and these targets. Raises Broken."""
        tree, folder = self.tree(side), self.built(side, side, "procbuf-replay", "procbuf-convert")
        done = call(["cmake", "-DPROCBUF_ALL_TESTS=ON", folder], tree, self.environment)
        if done.returncode != 0:
            raise Broken(f"cmake: {first_error(done.stderr)}")
        cache = tree / "build/ccache"
        if not cache.is_symlink() and not cache.exists():
            cache.symlink_to(self.environment["CCACHE_DIR"], target_is_directory=True)  # which tests that build look for
        return self.built(side, side, *targets)

    def replayer(self, side: str, lib: str, *more: str) -> Build:
        folder = self.built(side, lib, "procbuf-replay", "procbuf-convert", *more)
        return Build(folder, self.tree(lib) / "lib")

    # ---- Saved inputs ----

    def saved(self, side: str) -> list[Path]:
        return [self.tree(side) / path for path in self.state(side).paths("corpus/*.trace", "corpus/*.sequence")]

    def all_saved(self) -> list[Path]:
        """Of the change, and those of the base that it deletes or alters."""
        gone = [self.tree("old") / path for path in self.change.old.paths("corpus/*.trace", "corpus/*.sequence")
                if self.change.new.entries.get(path) != self.change.old.entries[path]]
        return [*self.saved("new"), *gone]

    def findings(self, side: str, lib: str, inputs: Iterable[Path], *options: str, most: int | None = None) -> dict[Path, str]:
        """Inputs that break, with the identity, or with what the program said if it gave none."""
        inputs = list(inputs)
        if not inputs:
            return {}
        build = self.replayer(side, lib)
        halves = [inputs[0::2], inputs[1::2]]
        with ThreadPoolExecutor(2) as pool:
            stops = pool.map(lambda half: list(itertools.islice(replay.run_all(
                build, half, options=options, silence_s=SILENCE_S, environment=QUIET), most)), halves)
            return {stop.path: identity_in(stop.report) or ("it hangs" if stop.hung else first_error(stop.report))
                    for some in stops for stop in some}

    def verdict(self, side: str, lib: str, path: Path) -> str | None:
        """Of one input: its identity, '' if it is clean, None if this testbed cannot read it."""
        done = call([self.replayer(side, lib).tool("procbuf-replay"), "--limit", "10", path], environment=QUIET)
        if done.returncode == 0:
            return ""
        if done.returncode == 2:
            return None
        return identity_in(done.stderr) or f"status {done.returncode}"

    def explained(self, side: str, lib: str, path: Path) -> str:
        return call([self.replayer(side, lib).tool("procbuf-replay"), "--explain", path], environment=QUIET).stderr

    # ---- Unit tests ----

    def unit_programs(self, side: str, lib: str) -> list[Path]:
        """unit-lib and the tests that findings became; unit-testbed with its own library alone, since it looks inside, and where
        that or tests have changed: of a library, corpora show more."""
        tree = self.state(side)
        names = ["unit-lib"] if "tests/unit/CMakeLists.txt" in tree.entries else []
        found = [f"found-{path.rsplit('/', 1)[1][:-2]}" for path in tree.paths("tests/found/*.c")]
        bed = ["unit-testbed"] if side == lib and (self.change.testbed or self.change.units) else []
        folder = self.built(side, lib, *names, *found, *bed)
        return [folder / "tests/unit" / name for name in [*names, *bed]] + [folder / "tests/found" / name for name in found]

    @functools.cache
    def tests(self, side: str, lib: str) -> Tests:
        """All of them."""
        result = Tests({})
        for program in self.unit_programs(side, lib):
            result.passed |= run_tests(program, "2").passed
        return result

    # ---- Fuzzing, by a number of executions ----

    def harnesses(self, side: str) -> list[str]:
        tree, names = self.state(side), []
        for path in tree.paths("fuzz/harness/*.c"):
            names += re.findall(r"^const struct harness harness_(\w+)", tree.text(path), re.MULTILINE)
        return sorted(names)

    def fuzz(self, side: str, lib: str, harness: str, seeds: Iterable[Path], runs: int, seed: int = 1) -> tuple[str, Path | None]:
        """So many executions of programs near the seeds. Returns: the identity of what broke and the input, or '' and None."""
        build = self.replayer(side, lib, f"fuzz-{harness}")
        keep = self.change.new.folder.parent / "inputs"
        keep.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=MEMORY) as name:
            corpus, kept = Path(name) / "corpus", Path(name) / "kept"
            corpus.mkdir()
            kept.mkdir()
            some = list(seeds)
            for number, path in enumerate(some[::len(some) // MOST_SEEDS + 1]):
                done = call([build.tool("procbuf-convert"), path, corpus / f"seed{number}"])
                if done.returncode != 0:
                    continue  # a sequence: no single input of an engine says it
            done = call([build.tool(f"fuzz-{harness}"), f"-runs={runs}", f"-seed={seed}", f"-max_len={INPUT_BYTES}", "-len_control=0",
                         f"-timeout={INPUT_TIMEOUT_S}", f"-artifact_prefix={kept}/", corpus])
            if done.returncode == 0:
                return "", None
            identity = identity_in(done.stderr) or f"status {done.returncode}: {first_error(done.stderr)}"
            for artefact in kept.iterdir():
                path = keep / f"{side}-{lib}-{harness}-{artefact.name[:24]}.trace"
                call([build.tool("procbuf-convert"), "--harness", harness, artefact, path])
                return identity, path if path.exists() else None
            return identity, None


    def drawn(self, side: str, harness: str, runs: int, seed: int) -> dict[str, float]:
        """Operation to its share of all that did something, in what so many executions from nothing kept."""
        build = self.replayer(side, side, f"fuzz-{harness}")
        with tempfile.TemporaryDirectory(dir=MEMORY) as name:
            done = call([build.tool(f"fuzz-{harness}"), f"-runs={runs}", f"-seed={seed}", f"-max_len={INPUT_BYTES}", "-len_control=0",
                         f"-artifact_prefix={name}/", name], environment=QUIET)
            if done.returncode != 0:
                raise ToolError(f"fuzz-{harness}: {first_error(done.stderr)}")
            done = call([build.tool("procbuf-replay"), "--harness", harness, "--statistics", name], environment=QUIET)
        if done.returncode != 0:
            raise ToolError(f"procbuf-replay --statistics: {first_error(done.stderr)}")
        counts: dict[str, int] = {}
        for name, count in json.loads(done.stdout)["operations"].items():
            if not name.endswith(" skipped"):
                counts[name.split()[0]] = counts.get(name.split()[0], 0) + count
        return {name: count / sum(counts.values()) for name, count in counts.items()}


def run_tests(program: Path, jobs: str, pattern: str = "") -> Tests:
    """A program of Criterion's, or those of its tests that a pattern names."""
    with tempfile.TemporaryDirectory() as name:
        tap = Path(name) / "tap"
        done = call([program, "-q", f"--tap={tap}", f"-j{jobs}", *(["--filter", pattern] if pattern else [])], environment=QUIET | {
            "PROCBUF_MARKS": name})
        text = tap.read_text(errors="replace") if tap.exists() else ""
    passed = {f"{suite}.{test}": verdict == "ok" for verdict, suite, test, skipped in
              re.findall(r"^(ok|not ok) - (\w+)::(\w+)(.*)$", text, re.MULTILINE) if "# SKIP" not in skipped}
    if not passed and not pattern:
        raise ToolError(f"{program.name} ran no test: {first_error(done.stderr or done.stdout)}")
    if re.search("Sanitizer:|runtime error:", done.stdout + done.stderr) and all(passed.values()):
        passed[f"{program.name}.sanitizer"] = False
    return Tests(passed)


def ctest_knows(workshop: Workshop, side: str) -> dict[str, dict]:
    """What CMake registers with all tests, without building: name to command and properties."""
    tree = workshop.tree(side)
    folder = tree / "build/known"
    done = call(["cmake", "-S", tree, "--preset", "asan", "-B", folder, "-DPROCBUF_ALL_TESTS=ON"], tree, workshop.environment)
    if done.returncode != 0:
        raise Broken(f"cmake: {first_error(done.stderr)}")
    commands: dict[str, list[str]] = {}  # ctest has none for a program that is not built
    for listing in folder.rglob("CTestTestfile.cmake"):
        text = listing.read_text()
        for name in re.findall(r'^include\("(.*)"\)', text, re.MULTILINE):
            if not Path(name).exists():
                Path(name).touch()
        for name, words in re.findall(r"^add_test\(\[=*\[(.*?)\]=*\] (.*)\)$", text, re.MULTILINE):
            commands[name] = [word.replace(str(tree), "") for word in re.findall(r'"((?:[^"\\]|\\.)*)"', words)]
    done = call(["ctest", "--test-dir", folder, "--show-only=json-v1"])
    if done.returncode != 0:
        raise Broken(f"ctest: {first_error(done.stderr)}")
    return {test["name"]: {"command": commands.get(test["name"], []),
                           **{item["name"]: without(str(tree), item["value"]) for item in test.get("properties", [])}}
            for test in json.loads(done.stdout)["tests"]}


def without(folder: str, value: object) -> object:
    """A property, which may be a list, without a folder's name."""
    return [without(folder, one) for one in value] if isinstance(value, list) else value.replace(folder, "") if isinstance(value, str) else value

