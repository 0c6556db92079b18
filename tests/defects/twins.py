#!/usr/bin/python3
"""Two bugs at once that look alike: minimising a program that shows one never ends at the other.

Twins of one identity: build_readwrite takes one length that it must refuse, and refuses another that
it must take; it refuses two that it must take by two rules; one function asserts two things that do not hold; two lines of one function touch memory
that no one has, which ASan reports. Each
program shows one of a pair first, and has operations that would show the other.

usage: twins.py [--build DIR] [--count N]
"""
import argparse
import random
import re
import shutil
from pathlib import Path

from mistakes import built

from orchestrate.planted import Failure, compile_changed, link, run
from orchestrate.tools import ROOT, front_door, identity_in

TOOLS = ("procbuf-replay", "procbuf-minimize")
WRONG_CHECK = ("src/range.c", "    if (start < low || start > high)\n        return false;\n",
               "    if (len == 5)\n        return false;\n    if (len == 1000)\n        return true;\n"
               "    if (start < low || start > high)\n        return false;\n")
WRONG_ASSERT = ("src/range.c", "    if (start < low || start > high)\n        return false;\n",
                "    extern void procbuf_port_panic(const char *message);\n"
                "    if (len == 5)\n        procbuf_port_panic(\"twin: len != 5\");\n"
                "    if (len == 1)\n        procbuf_port_panic(\"twin: len != 1\");\n"
                "    if (start < low || start > high)\n        return false;\n")
WRONG_READ = ("src/slice.c", "    if (index >= slice.len_)\n        return false;\n    *value_out = fetch(&slice.base_[index]);\n",
              "    if (index >= slice.len_)\n        return false;\n    *value_out = fetch(&slice.base_[index]);\n"
              "    if (index == 3)\n        *value_out = *(volatile const uint8_t *)(uintptr_t)64;\n"
              "    if (index == 4)\n        *value_out = (uint8_t)*(volatile const uint16_t *)(uintptr_t)80;\n")
WRONG_RULES = ("src/buffer.c", "    if (len == 0)\n        return PROCBUF_OK;\n", "    if (len == 0 || len == 5)\n        return PROCBUF_INVAL;\n")
FILLER = ["len rw3", "poke p0.ram+9 7", "brk p0 p0.break", "stop p1", "resume p1", "take_id d0 p0",
          "lookup d0", "build_readonly ro1 p1 p1.ram 2", "ptr ro1", "sbrk p2 0"]


def broken_library(folder: Path, *edits: tuple[str, str, str]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "lib", folder / "lib")
    for file, old, new in edits:
        path = folder / "lib" / file
        text = path.read_text()
        if text.count(old) < 1:
            raise Failure(f"{file}: the place for a twin is gone:\n{old}")
        path.write_text(text.replace(old, new, 1))
    return folder / "lib"


def noise(chance: random.Random, count: int) -> list[str]:
    return [chance.choice(FILLER) for _ in range(count)]


def program(chance: random.Random, first: list[str], second: list[str]) -> str:
    lines = ["trace 1", *noise(chance, chance.randrange(20)), *first, *noise(chance, chance.randrange(9)),
             *second, *noise(chance, chance.randrange(9)), *second, *first]
    return "\n".join(lines) + "\n"


RULE_TWINS = (["build_readwrite rw0 p0 p0.ram 0"], ["build_readwrite rw1 p0 p0.ram 5"])
CHECK_TWINS = (["build_readwrite rw0 p0 p0.ram+4 5"], ["build_readwrite rw1 p1 p1.ram+8 1000"])
ASSERT_TWINS = (["build_readwrite rw0 p0 p0.ram+4 5"], ["build_readwrite rw1 p1 p1.ram+8 1"])
READ_TWINS = (["build_readonly ro0 p0 p0.ram 9", "enter ro0 s0 {", "get s0 3", "}"],
              ["build_readonly ro0 p0 p0.ram 9", "enter ro0 s0 {", "get s0 4", "}"])


def told_apart(report: str) -> str:
    """What a report says that its twin's does not: expected, actual and rule, what a panic says, or the line in the library."""
    answers = re.findall(r"^(?:expected|actual): (\w+(?:: .+)?)", report, re.MULTILINE)
    place = re.search(r"^\s+#\d+ .* in procbuf_\w+ \S+?(\w+\.c:\d+)", report, re.MULTILINE)
    rule = re.search(r"^Rule of lib/CONTRACT.md: (\S+)$", report, re.MULTILINE)
    return " ".join([*answers, *([rule[1]] if rule else [])]) if answers else place[1] if place else ""


def try_pair(name: str, library: Path, pair: tuple, folder: Path, build: Path, count: int) -> int:
    """Returns: how many of `count` programs ended at the other twin."""
    objects = compile_changed(library, folder, build)
    for tool in TOOLS:
        link(f"fuzz/{tool}", objects, folder, build)
    drifted = 0
    signs = set()
    for number in range(count):
        chance = random.Random(number)
        first, second = pair if chance.randrange(2) else pair[::-1]
        path, small = folder / "program.trace", folder / "small.trace"
        small.unlink(missing_ok=True)
        path.write_text(program(chance, first, second))
        before = run([str(folder / "procbuf-replay"), "--explain", str(path)], folder).stderr
        done = run([str(folder / "procbuf-minimize"), str(path), str(small)], folder)
        if done.returncode != 0:
            raise Failure(f"{name}: the minimiser ended with status {done.returncode}:\n{done.stderr}")
        after = run([str(folder / "procbuf-replay"), "--explain", str(small)], folder).stderr
        signs.add(told_apart(before))
        if (identity_in(before), told_apart(before)) != (identity_in(after), told_apart(after)):
            drifted += 1
            print(f"{name} {number}: from {told_apart(before)} to {told_apart(after)}\n{small.read_text()}")
    if len(signs) != 2:
        raise Failure(f"{name}: the twins cannot be told apart, or only one showed: {signs}")
    print(f"{name}: {drifted} of {count} programs drifted to the other bug")
    return drifted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\nusage")[0],
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Exit status: 0 none drifted; 1 one did; 2 could not tell.")
    parser.add_argument("--build", type=Path, default=ROOT / "build/asan", metavar="DIR")
    parser.add_argument("--count", type=int, default=20, metavar="N", help="programs for each pair (20)")
    options = parser.parse_args()
    build = built(options)
    drifted = 0
    for name, edit, pair in (("two wrong answers", WRONG_CHECK, CHECK_TWINS),
                             ("two rules", WRONG_RULES, RULE_TWINS),
                             ("two asserts", WRONG_ASSERT, ASSERT_TWINS),
                             ("two reports of ASan", WRONG_READ, READ_TWINS)):
        folder = build / "twins" / name.replace(" ", "-")
        drifted += try_pair(name, broken_library(folder, edit), pair, folder, build, options.count)
        shutil.rmtree(folder)
    return 1 if drifted else 0


if __name__ == "__main__":
    front_door("twins", main)
