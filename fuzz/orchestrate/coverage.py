"""Which lines of the library the corpora reach, by clang's source coverage."""
from __future__ import annotations

import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path

from .record import FileCoverage, HarnessCoverage, Totals
from .replay import Stopped, run_all
from .tools import ROOT, Build, ToolError, llvm, need, run

UNCOVERED = ROOT / "tests/regression/uncovered.txt"
SILENCE_S = 60.0
"""No input takes that long, however busy the machine."""


@dataclass
class Misses(Totals):
    """Of a file, all that did not run, so that it can be intersected with another's; functions with their first and last line."""
    counts: list[int | None]
    functions: dict[str, tuple[int, int]]
    begins: list[int]
    branches_missed: list[tuple[int, str, str]]
    conditions: dict[str, int] = field(default_factory=dict)
    undecided: list[tuple[str, str]] = field(default_factory=list)

    def recorded(self) -> FileCoverage:
        """Lines and conditions that were not reached are of functions that ran."""
        inside = {n for first, last in self.functions.values() for n in range(first, last + 1)}
        return FileCoverage(self.lines, self.covered_lines, self.branches, self.covered_branches, sorted(self.functions),
                            [n for n in self.begins if n not in inside], [b for b in self.branches_missed if b[0] not in inside],
                            self.counts, self.conditions, self.undecided)

    def and_also(self, other: Misses) -> Misses:
        """What neither of two runs of one library reached. Lines are counted here: llvm-cov's own number counts some twice."""
        counts = [None if one is None or two is None else one + two for one, two in zip(self.counts, other.counts)]
        branches = [b for b in self.branches_missed if b in other.branches_missed]
        lines = sum(count is not None for count in counts)
        return Misses(lines, lines - counts.count(0), self.branches,
                      min(self.branches, self.covered_branches + len(self.branches_missed) - len(branches)), counts,
                      {name: lines for name, lines in self.functions.items() if name in other.functions},
                      sorted({*self.begins} & {*other.begins}), branches, self.conditions,
                      [condition for condition in self.undecided if condition in other.undecided])


@dataclass(kw_only=True)
class Measured(FileCoverage):
    """Of a file: what is recorded, and which lines ran."""
    reached_lines: list[int]
    misses: Misses

    def recorded(self) -> FileCoverage:
        return FileCoverage(*(getattr(self, part.name) for part in fields(FileCoverage)))


class Broke(ToolError):
    """An input ended the replay."""

    def __init__(self, stopped: Stopped):
        super().__init__(f"its replay {'hangs' if stopped.hung else 'ended'} at {stopped.path}:\n{stopped.report[-2000:]}")
        self.stopped = stopped


def _files(inputs: list[Path]) -> list[Path]:
    """Inputs, and those in folders."""
    files: list[Path] = []
    for path in inputs:
        files += sorted(p for p in path.rglob("*") if p.is_file() and p.name[0] != ".") if path.is_dir() else [path]
    if not files:
        raise ToolError("there is no input to measure coverage with")
    return files


def measure(built: Build, inputs: list[Path]) -> dict[str, Measured]:
    """Replay inputs in a coverage build. Returns: file name to what was reached; lines and conditions that were not are of
    functions that ran."""
    return measure_each(built, {None: inputs})[0]


def measure_each(built: Build, inputs: Mapping[str | None, list[Path]]) -> tuple[dict[str, Measured], dict[str | None, dict[str, Measured]]]:
    """The same of the inputs of several harnesses: all together, and each."""
    for program in ("llvm-profdata", "llvm-cov"):
        need(llvm(program))
    with tempfile.TemporaryDirectory() as name:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            begun = {harness: pool.submit(_profile, built, paths, harness, Path(name) / str(number))
                     for number, (harness, paths) in enumerate(inputs.items())}
            profiles = {harness: profile.result() for harness, profile in begun.items()}
        return (_export(built, _merged(list(profiles.values()), Path(name) / "all.profdata")),
                {harness: _export(built, profile) for harness, profile in profiles.items() if harness is not None})


def _profile(built: Build, inputs: list[Path], harness: str | None, folder: Path) -> Path:
    for stopped in run_all(built, _files(inputs), harness, environment={"LLVM_PROFILE_FILE": f"{folder}/%p.profraw"},
                           silence_s=SILENCE_S):
        raise Broke(stopped)
    return _merged(list(folder.glob("*.profraw")), folder / "merged.profdata")


def _merged(profiles: list[Path], target: Path) -> Path:
    done = run([llvm("llvm-profdata"), "merge", "-o", target, *profiles])
    if done.returncode != 0:
        raise ToolError(f"llvm-profdata failed: {done.stderr}")
    return target


def _export(built: Build, profile: Path) -> dict[str, Measured]:
    done = run([llvm("llvm-cov"), "export", built.tool("procbuf-replay"), f"-instr-profile={profile}", built.lib / "src"])
    if done.returncode != 0:
        raise ToolError(f"llvm-cov failed: {done.stderr}")
    return _summarise(json.loads(done.stdout), built.lib)


def statistics(built: Build, inputs: list[Path]) -> dict:
    """What ran, what it answered, what followed on what, how ranges overlapped: replay --statistics."""
    done = run([built.tool("procbuf-replay"), "--statistics", "--rules-only", *inputs], timeout=SILENCE_S + len(_files(inputs)),
               environment={"LLVM_PROFILE_FILE": "/dev/null"})
    if done.returncode != 0:
        raise ToolError(f"the replay for statistics failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def totals(files: Mapping[str, Totals]) -> Totals:
    """Lines and branches of the whole library."""
    return Totals(*(sum(getattr(entry, part.name) for entry in files.values()) for part in fields(Totals)))


def reached(files: dict[str, Measured], lib: Path) -> set[str]:
    """What was reached, as FILE: CODE."""
    return {f"{name}: {line}" for name, entry in files.items()
            for line in (_code(lib / name, number) for number in entry.reached_lines) if line}


def _code(path: Path, number: int) -> str:
    return path.read_text().splitlines()[number - 1].rstrip(" \\").strip()


def named_exceptions() -> set[tuple[str, str]]:
    """Lines of uncovered.txt: FILE: CODE, FILE: FUNCTION(), FILE: never true: CONDITION, or
    FILE: never decides: CONDITION. What follows "  #" says why."""
    lines = [line for line in UNCOVERED.read_text().splitlines() if line and not line.startswith("#")]
    return {(line.split(": ", 1)[0], line.split(": ", 1)[1].split("  #")[0].strip())
            for line in lines}


def missed(files: Mapping[str, FileCoverage], lib: Path) -> set[tuple[str, str]]:
    """What was not reached, in the same words."""
    found = set()
    for name, c in files.items():
        source = (lib / name).read_text().splitlines()
        found |= {(name, source[number - 1].rstrip(" \\").strip()) for number in c.missed_lines}
        found |= {(name, f"{function}()") for function in c.missed_functions}
        found |= {(name, f"never {value}: {code}") for _, value, code in c.missed_branches}
        constant = {code for _, _, code in c.missed_branches}
        found |= {(name, f"never decides: {code}") for function, code in c.undecided
                  if function not in c.missed_functions and code not in constant}
    return found


def no_longer_reached(files: Mapping[str, FileCoverage]) -> list[str]:
    """Code of our library that uncovered.txt does not name, and that was not reached all the same."""
    return sorted(f"{name}: {code}" for name, code in missed(files, ROOT / "lib") - named_exceptions())


def _summarise(exported: dict, lib: Path) -> dict[str, Measured]:
    files = {}
    never_called = _never_called(exported["data"][0]["functions"])
    conditions = conditions_of(exported["data"][0]["functions"])
    for entry in exported["data"][0]["files"]:
        lines, branches = entry["summary"]["lines"], entry["summary"]["branches"]
        misses = Misses(lines["count"], lines["covered"], branches["count"], branches["covered"],
                        _by_line(_line_counts(entry["segments"])), never_called.get(entry["filename"], {}),
                        _missed_lines(entry["segments"]), _missed_branches(entry),
                        {name: len(decide) for name, decide in conditions[entry["filename"]].items()},
                        [(name, code) for name, decide in conditions[entry["filename"]].items() for code, alone in decide if not alone])
        files[str(Path(entry["filename"]).relative_to(lib))] = Measured(
            **vars(misses.recorded()), misses=misses,
            reached_lines=sorted({s[0] for s in entry["segments"] if s[3] and s[4] and s[2] and not s[5]}))
    return files


def _by_line(counts: dict[int, int]) -> list[int | None]:
    return [counts.get(number) for number in range(1, max(counts, default=0) + 1)]


def ranges(numbers: list[int]) -> str:
    """Numbers that go up, as one writes them: 3-7,9."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in runs)


def of_harness(files: Mapping[str, FileCoverage]) -> HarnessCoverage:
    """What one harness reached."""
    all_of = totals(files)
    ran = {name: ranges([number for number, count in enumerate(entry.counts, 1) if count]) for name, entry in files.items()}
    return HarnessCoverage(**vars(all_of), ran={name: text for name, text in ran.items() if text})


def _line_counts(segments: list) -> dict[int, int]:
    """Of each line, how often it ran, as llvm-cov counts: the most of the regions that begin on it and
    of the one that goes on there. A segment: line, column, count, has a count, begins a region, is a
    gap."""
    counts: dict[int, int] = {}
    by_line: dict[int, list] = {}
    for segment in segments:
        by_line.setdefault(segment[0], []).append(segment)
    goes_on = None
    for number in range(segments[0][0], segments[-1][0] + 1) if segments else []:
        here = by_line.get(number, [])
        starts = [s[2] for s in here if s[3] and s[4] and not s[5]]
        if goes_on is not None and goes_on[3]:
            starts.append(goes_on[2])
        if starts:
            counts[number] = max(starts)
        goes_on = here[-1] if here else goes_on
    return counts


def _missed_branches(entry: dict) -> list[tuple[int, str, str]]:
    """A condition in several functions, as macros make them, counts once."""
    counts: dict[tuple, tuple[int, int]] = {}
    for branch in entry["branches"]:
        true, false = counts.get(tuple(branch[:4]), (0, 0))
        counts[tuple(branch[:4])] = (true + branch[4], false + branch[5])
    source = Path(entry["filename"]).read_text().splitlines()
    missed = []
    for region, (true, false) in sorted(counts.items()):
        code = _text(source, region)
        missed += [(region[0], "true", code)] * (true == 0) + [(region[0], "false", code)] * (false == 0)
    return missed


ALONE, IN_A_DECISION = 4, 6
"""Kinds of branches of llvm-cov: a condition that is all of its decision, and one of several."""


def conditions_of(functions: list) -> dict[str, dict[str, list[tuple[str, bool]]]]:
    """File to function to its conditions, each with its code and whether it was shown to decide: one that is alone, by both of
    its values; one of several, by two runs that differ in nothing else which was evaluated (MC/DC, as clang masks). A function
    that several files include counts once. A condition in a macro has no code of its own."""
    found: dict[str, dict[str, list[tuple[str, bool]]]] = defaultdict(dict)
    same: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for function in functions:
        same[function["filenames"][0], _plain_name(function)].append(function)
    for (path, name), compiled in sorted(same.items()):
        whole = [one for one in compiled if one["branches"]]  # else an inline function that this file does not use
        source = Path(path).read_text().splitlines()
        found[path][name] = []
        for row in zip(*([b for b in one["branches"] if b[8] == ALONE] for one in whole)):
            code = _text(source, row[0]) if row[0][6] == 0 else f"{name}(), a condition in a macro"
            found[path][name].append((code, any(b[4] for b in row) and any(b[5] for b in row)))
        for row in zip(*(one["mcdc_records"] for one in whole)):
            codes = sorted({tuple(b[:4]) for b in whole[0]["branches"] if b[8] == IN_A_DECISION and b[6] == 0
                            and row[0][:2] <= b[:2] and b[2:4] <= row[0][2:4]})
            alone = [any(values) for values in zip(*(record[-1] for record in row))]
            found[path][name] += [(_text(source, codes[at]) if len(codes) == len(alone) else f"{name}(), condition {at + 1} in a macro", one)
                                  for at, one in enumerate(alone)]
    return found


def _text(source: list[str], region: Sequence[int]) -> str:
    line, column, end_line, end_column = region[:4]
    return source[line - 1][column - 1:end_column - 1 if end_line == line else None]


def _never_called(functions: list) -> dict[str, dict[str, tuple[int, int]]]:
    """File name to functions that never ran, each with its first and last line."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    called = {_plain_name(function) for function in functions if function["count"] != 0}
    for function in functions:
        name = _plain_name(function)
        if name not in called:
            first, last = function["regions"][0][0], function["regions"][0][2]
            found.setdefault(function["filenames"][0], {})[name] = (first, last)
    return found


def _plain_name(function: dict) -> str:
    """Without the file that clang puts before the name of a static function."""
    return function["name"].rsplit(":", 1)[-1]


def _missed_lines(segments: list) -> list[int]:
    """Lines on which a region that was never run begins. A segment: line, column, count,
    has a count, begins a region, is a gap."""
    return sorted({s[0] for s in segments if s[3] and s[4] and s[2] == 0 and not s[5]})
