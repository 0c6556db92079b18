"""What a change does to the tests that CTest knows: gone, moved to where CI does not look, given more time, or told to look away."""
from __future__ import annotations

from .builds import Broken, Workshop, ctest_knows
from .change import Change
from .said import Said

LOOKS_AWAY = ("DISABLED", "WILL_FAIL", "SKIP_REGULAR_EXPRESSION", "SKIP_RETURN_CODE", "PASS_REGULAR_EXPRESSION")
SEES = ("FAIL_REGULAR_EXPRESSION",)
SELDOM = ("_slow", "long")
"""Ends of labels that `tests/run --all`, or `tests/run`, leaves out."""


def registered(change: Change, workshop: Workshop) -> Said:
    said = Said()
    if not change.touched("tests/*", "CMake*", "fuzz/CMakeLists.txt", "corpus/*", "fuzz/harness/*", "fuzz/setup/*"):
        return Said(skipped="nothing that registers tests has changed")
    try:
        old = ctest_knows(workshop, "old")
    except Broken as broken:
        return Said(unable=f"BASE: {broken}")
    try:
        new = ctest_knows(workshop, "new")
    except Broken as broken:
        return Said(refusals=[str(broken)])
    for name, before in old.items():
        if name not in new:
            found = "it is gone"
        else:
            found = altered(before, new[name])
        if not found:
            continue
        where = next((path for path in change.files if path.startswith("corpus/") and path.rsplit("/", 1)[1].startswith(f"{name.split('.')[-1]}.")
                      or path.endswith("CMakeLists.txt")), next(iter(change.files)))
        declaration = change.declared("Weakens", where) or change.declared("Weakens", name)
        if declaration:
            said.declared.append(f"{name}: {found} ({declaration.why})")
        else:
            said.refusals.append(f"test {name}: {found}")
    said.notes.append(f"{len(new)} tests are registered, {len(new.keys() - old.keys())} of them new")
    return said


def altered(old: dict, new: dict) -> str:
    """In what way a test asks for less; '' if it does not."""
    labels = set(new.get("LABELS", [])) - set(old.get("LABELS", []))
    if any(label.endswith(SELDOM) for label in labels):
        return f"its labels are now {', '.join(new['LABELS'])}"
    if float(new.get("TIMEOUT", 0)) > float(old.get("TIMEOUT", 0)) > 0:
        return f"its time limit is {new['TIMEOUT']:g} s, and was {old['TIMEOUT']:g} s"
    for name in LOOKS_AWAY:
        if new.get(name) and new.get(name) != old.get(name):
            return f"{name} is new"
    for name in SEES:
        if old.get(name) and new.get(name) != old.get(name):
            return f"{name} has changed"
    gone = [word for word in old["command"] if word not in new["command"]]
    if gone:
        return f"its command has no longer {gone[0]}"
    return ""
