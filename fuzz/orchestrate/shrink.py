"""Making a program small whose bug only a machine's protection hardware shows. Many candidates run in one boot; the bug ends
it, so the first candidate that shows it is the next program to make smaller. What stays is the identity, and what should have
happened."""
from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import hardware
from .replay import Minimised, text_of
from .tools import ToolError

BATCH = 64
"""Candidates of a boot."""
TIMEOUT_S = 30
SIMPLE = (0, 1, 8, 32)
PROCESS = re.compile(r"\bp([0-9]+)\b")
DIFFERS = " check=answers-differ "


def signature(wrong: hardware.Wrong) -> tuple[str, str]:
    """What two programs with the same bug have in common. Answers that differ name values, which change as operands do."""
    expected = re.search(r"^expected: (.*)$", wrong.said, re.MULTILINE)
    if expected is None or DIFFERS in wrong.identity:
        return wrong.identity, ""
    return wrong.identity, PROCESS.sub("p", expected[1])


@dataclass(frozen=True)
class Program:
    """Lines of a trace: its processes, and its operations."""
    processes: tuple[str, ...]
    ops: tuple[str, ...]

    @property
    def text(self) -> str:
        lines, depth = ["trace 1", *self.processes], 0
        for line in self.ops:
            depth -= line == "}"
            lines.append("    " * depth + line)
            depth += line.endswith("{")
        return "\n".join(lines) + "\n"

    def with_ops(self, *parts: tuple[str, ...]) -> Program:
        return Program(self.processes, sum(parts, ()))


def parse(text: str) -> Program:
    """Comments go."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("trace ", "sequence "))]
    return Program(tuple(line for line in lines if line.split()[0] == "process"),
                   tuple(line for line in lines if line.split()[0] != "process"))


# ---- Smaller programs ----

def depths(ops: tuple[str, ...]) -> list[int]:
    """In how many blocks one is after each operation, if that begins in none."""
    return list(itertools.accumulate(line.endswith("{") - (line == "}") for line in ops))


def block_end(ops: tuple[str, ...], at: int) -> int:
    """Where the block that an operation opens is closed."""
    return next((at + further for further, depth in enumerate(depths(ops[at:])) if depth == 0), at)


def is_balanced(ops: tuple[str, ...]) -> bool:
    return min(depths(ops), default=0) >= 0 and depths(ops)[-1:] in ([], [0])


def fewer_ops(program: Program) -> Iterator[Program]:
    """Without runs of operations, long ones first; then without the brackets of blocks."""
    ops, size = program.ops, len(program.ops)
    while size:
        for at in range(len(ops) - size, -1, -1):
            if is_balanced(ops[at:at + size]):
                yield program.with_ops(ops[:at], ops[at + size:])
        size //= 2
    for at, line in enumerate(ops):
        if line.endswith("{") and (end := block_end(ops, at)) > at:
            yield program.with_ops(ops[:at], ops[at + 1:end], ops[end + 1:])


def renumbered(line: str, gone: int) -> str:
    """An operation, where a process that it does not name is gone."""
    def name(found: re.Match[str]) -> str:
        number = int(found[1])
        return f"p{number - (number > gone)}"
    return PROCESS.sub(name, line)


def simpler_processes(program: Program) -> Iterator[Program]:
    """Without those that no operation names, and without what a line says of a layout."""
    every = program.processes
    named = {int(number) for line in program.ops for number in PROCESS.findall(line)}
    for at in range(len(every) - 1, -1, -1):
        if at not in named and len(every) > 1:
            yield Program(every[:at] + every[at + 1:], tuple(renumbered(line, at) for line in program.ops))
    for at, line in enumerate(every):
        words = line.split()
        for fewer in [words[:1], *(words[:w] + words[w + 1:] for w in range(1, len(words)))]:
            if len(fewer) < len(words):
                yield Program((*every[:at], " ".join(fewer), *every[at + 1:]), program.ops)


def simpler_numbers(program: Program) -> Iterator[Program]:
    """Numbers and offsets that are nearer to 0."""
    for at, line in enumerate(program.ops):
        for found in re.finditer(r"(?<= )[0-9]+\b|(?<=\w)[+-][0-9]+\b", line):
            number = abs(int(found[0]))
            for simple in sorted({n for n in (*SIMPLE, number // 2) if n < number}):
                sign = found[0][0] if found[0][0] in "+-" else ""
                changed = line[:found.start()] + ("" if sign and simple == 0 else f"{sign}{simple}") + line[found.end():]
                yield program.with_ops(program.ops[:at], (changed,), program.ops[at + 1:])


PASSES: list[Callable[[Program], Iterator[Program]]] = [fewer_ops, simpler_processes, simpler_numbers]


# ---- On a machine ----

@dataclass
class Shrinker:
    """Candidates are judged on a machine, until there is no time."""
    machine: str
    built: Path
    kernel: Path
    wanted: tuple[str, str]
    end: float
    said: str = ""

    def first_of(self, texts: list[str]) -> int | None:
        """The first of the candidates that shows the bug."""
        try:
            judged = hardware.judge(self.machine, self.built, self.kernel, texts, TIMEOUT_S, until=self._is_it)
        except ToolError:  # one of them is not a program: it has a number that no operand can be
            if len(texts) == 1:
                return None
            half = len(texts) // 2
            first = self.first_of(texts[:half])
            second = self.first_of(texts[half:]) if first is None else None
            return first if second is None else half + second
        shows = next((wrong for wrong in judged.wrong if self._is_it(wrong)), None)
        if shows is None:
            return None
        self.said = shows.said
        return texts.index(shows.text)

    def _is_it(self, wrong: hardware.Wrong) -> bool:
        return signature(wrong) == self.wanted

    def one_pass(self, best: Program, smaller: Callable[[Program], Iterator[Program]]) -> Program:
        """The smallest that a kind of change leads to. Candidates that were tried are not again."""
        tried: set[Program] = {best}
        while time.monotonic() < self.end:
            batch = [candidate for candidate in dict.fromkeys(smaller(best)) if candidate not in tried][:BATCH]
            if not batch:
                break
            first = self.first_of([candidate.text for candidate in batch])
            tried.update(batch if first is None else batch[:first + 1])
            best = best if first is None else batch[first]
        return best


def minimise(machine: str, built: Path, kernel: Path, text: str, wrong: hardware.Wrong, seconds: float) -> tuple[Minimised, hardware.Wrong]:
    """A program that is smaller, and what the machine says of it. Of a sequence, the member that shows the bug alone."""
    end = time.monotonic() + seconds
    shrinker = Shrinker(machine, built, kernel, signature(wrong), end)
    members = hardware.members(text)
    alone = next((member for member in members if shrinker.first_of([member]) is not None), None)
    if alone is None:
        return Minimised(text_of(members), f"not minimised: on {machine}, no program shows it alone"), wrong
    before = best = parse(alone)
    while time.monotonic() < end:
        last = best
        for smaller in PASSES:
            best = shrinker.one_pass(best, smaller)
        if best == last:
            break
    how_far = f"minimised on {machine} from {count(before)} to {count(best)} operations" + ("" if time.monotonic() < end else "; time was up")
    return Minimised(best.text, how_far), hardware.Wrong(best.text, wrong.identity, shrinker.said or wrong.said)


def count(program: Program) -> int:
    return sum(line != "}" for line in program.ops)
