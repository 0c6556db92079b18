"""What a change costs: bytes of code and of stack, instructions; and what has to be proved again."""
from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from .builds import Workshop, call
from .change import Change
from .lines import changed_functions
from .said import Said
from .weakened import functions_of

CODE_BYTES, CODE_SHARE = 160, 0.01
"""Growth of the whole library that passes undeclared, for Armv8-M at -Os: a check more costs 10 to 20 bytes."""
STACK_BYTES = 32
"""Of one frame."""
CALL_INSTRUCTIONS, CALL_SHARE = 16, 0.25
"""Of a round of the fixed program, tests/bench/calls.c: more of both passes for slower."""


def bench(trees: Workshop, what: str, lib: str) -> dict | str:
    """Figures, by BASE's benchmark, so that both sides are measured alike. Returns: them, or why there are none."""
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.json"
        done = call([sys.executable, "-B", trees.tree("old") / "tests/bench/run", what, "--lib", trees.tree(lib) / "lib", "--json", report],
                    trees.tree("old"), trees.environment)
        if done.returncode != 0 or not report.exists():
            lines = (done.stderr or done.stdout).strip().splitlines()
            return next((line for line in lines if "error" in line), (lines or ["it said nothing"])[-1])
        return json.loads(report.read_text())[what]


def weigh(change: Change, said: Said, kind: str, lines: list[str]) -> None:
    """More than passes undeclared."""
    for line in lines:
        said.weigh(change.declared("Costs", kind), line, f"{line}, and no trailer \"Costs: {kind}: REASON\" says why")


def size(change: Change, trees: Workshop) -> Said:
    if not change.library:
        return Said(skipped="no code of the library has changed")
    old, new = bench(trees, "sizes", "old"), bench(trees, "sizes", "new")
    if isinstance(old, str):
        return Said(unable=f"BASE: {old}")
    if isinstance(new, str):
        return Said(refusals=[f"tests/bench/run sizes: {new}"])
    said = Said()
    before, after = (sum(one["code"].values()) for one in (old, new))
    said.notes.append(f"{before:,} bytes of code before, {after:,} after ({after - before:+}); Armv8-M, -Os")
    added = {name: count for name, count in new["code"].items() if name not in old["code"]}
    if after - before > max(CODE_BYTES, CODE_SHARE * before):
        grown = sorted(((count - old["code"].get(name, 0), name) for name, count in new["code"].items()), reverse=True)[:3]
        weigh(change, said, "code", [f"the library grows by {after - before} bytes: " + ", ".join(f"{name} {more:+}" for more, name in grown)])
    deepest = max(old["stack"].values())
    weigh(change, said, "stack", [f"the frame of {name} grows from {old['stack'].get(name, 0)} to {count} bytes" for name, count in sorted(new["stack"].items())
                                  if count > (old["stack"][name] + STACK_BYTES if name in old["stack"] else deepest)])
    said.notes.append(f"{len(added)} functions are new; the deepest frame had {deepest} bytes, and has {max(new['stack'].values())}")
    return said


def instructions(change: Change, trees: Workshop) -> Said:
    if not change.library:
        return Said(skipped="no code of the library has changed")
    if shutil.which("valgrind") is None:
        return Said(unable="valgrind is not installed: nothing counts instructions")
    old, new = bench(trees, "calls", "old"), bench(trees, "calls", "new")
    if isinstance(old, str):
        return Said(unable=f"BASE: {old}")
    if isinstance(new, str):
        # Nothing to compare. That BASE's tests still hold with the new library is another check, which refuses.
        return Said(skipped=f"BASE's program does not run with the new library: {new}")
    said, slower, faster = Said(), [], 0
    for level, before in old.items():
        for name, count in before.items():
            now = new[level].get(name, 0.0)
            if now > count + CALL_INSTRUCTIONS and now > count * (1 + CALL_SHARE):
                slower.append(f"{name} takes {now:,.0f} instructions in a round, and took {count:,.0f} (gcc {level})")
            faster += now < count
    weigh(change, said, "instructions", slower[:6])
    said.notes.append(f"{len(next(iter(old.values())))} functions counted; {faster} counts are lower than before")
    return said


# ---- Proof ----

def to_prove(change: Change) -> list[str]:
    """Functions of functions.txt that changed, or whose contract did, and those that call one."""
    listed = [line.split(": ", 1)[0] for line in change.new.text("tests/proof/functions.txt").splitlines() if line and not line.startswith("#")]
    changed: set[str] = set()
    for file in change.touched("lib/src/*.[ch]", "lib/src/proved/*.h", "lib/include/*.h"):
        if file.new is None:
            continue
        changed |= changed_functions(file)
        if "/proved/" in file.path or "/*@" in "\n".join(file.added + file.removed):
            for hunk in file.hunks:
                after = "\n".join(file.new.splitlines()[max(0, hunk.new_at - 1):hunk.new_at + len(hunk.added) + 60])
                changed |= set(re.findall(r"\*/\s*(?:\w+[\s*]+)+(\w+)\(", after)[:1])
    new = {path: functions_of(change.new.text(path)) for path in change.new.paths("lib/src/*.c")}
    callers = {name for functions in new.values() for name, body in functions.items()
               if any(re.search(rf"\b{one}\(", body) for one in changed)}
    return [name for name in listed if name in changed | callers]


def proof(change: Change, trees: Workshop) -> Said:
    if not change.touched("lib/src/*", "lib/include/*", "tests/proof/*"):
        return Said(skipped="no code of the library has changed")
    functions = to_prove(change)
    if not functions:
        return Said(skipped="no function that is proved has changed, nor one that such a function calls")
    for program in ("frama-c", "why3"):
        if shutil.which(program) is None:
            return Said(unable=f"{program} is not installed: {len(functions)} functions would have to be proved again")
    tree = trees.tree("new")
    done = call([sys.executable, "-B", tree / "tests/proof/run", "--functions", *functions], tree)
    lines = done.stdout.strip().splitlines()
    if done.returncode == 2:
        return Said(unable=f"tests/proof/run: {(done.stderr.strip().splitlines() or lines)[-1]}")
    said = Said(notes=[lines[-1] if lines else "", "proved again: " + ", ".join(functions)])
    said.refusals += [line for line in lines if line.startswith("open: ") or "nothing to prove" in line]
    if done.returncode != 0 and not said.refusals:
        said.refusals.append("a goal is open")
    return said
