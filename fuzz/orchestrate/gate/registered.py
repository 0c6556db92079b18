"""What a change does to the tests that CTest knows: gone, moved to where CI does not look, given more time, or told to look away."""
from __future__ import annotations

from .builds import Broken, Workshop, ctest_knows
from .change import Change
from .said import Said

LOOKS_AWAY = ("DISABLED", "WILL_FAIL", "SKIP_REGULAR_EXPRESSION", "SKIP_RETURN_CODE", "PASS_REGULAR_EXPRESSION")
SEES = ("FAIL_REGULAR_EXPRESSION",)
KEPT = ("ENVIRONMENT", "ENVIRONMENT_MODIFICATION", "WORKING_DIRECTORY", "FIXTURES_REQUIRED")
"""What else says which program runs, and with what."""
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
        found = altered(before, new[name]) if name in new else "it is gone"
        if not found:
            continue
        where = next((path for path in change.files if path.startswith("corpus/") and path.rsplit("/", 1)[1].startswith(f"{name.split('.')[-1]}.")
                      or path.endswith("CMakeLists.txt")), next(iter(change.files)))
        said.weigh(change.declared("Weakens", where) or change.declared("Weakens", name), f"{name}: {found}", f"test {name}: {found}")
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
    for name in KEPT:
        if new.get(name) != old.get(name):
            return f"{name} has changed"
    return another_command(old["command"], new["command"])


def another_command(old: list[str], new: list[str]) -> str:
    """What differs; '' if it only has more inputs, and counts them."""
    gone, came = [word for word in old if word not in new], [word for word in new if word not in old]
    counted = {(old[old.index(word) - 1], word) for word in gone if word.isdigit()}
    for option, word in counted:
        at = new.index(option) + 1 if option == "--expect" and option in new else 0
        if at and new[at].isdigit() and int(new[at]) > int(word):
            gone.remove(word)
            came.remove(new[at])
    more = [word for word in came if not word.startswith("/corpus/")]
    return f"its command has no longer {gone[0]}" if gone else f"its command has {more[0]}, too" if more else ""
