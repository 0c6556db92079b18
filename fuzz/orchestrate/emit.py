"""A finding as a Criterion test in C, which calls the library's public functions alone: procbuf-emit writes
it, and this puts over it what the bug was."""
from __future__ import annotations

import re
from pathlib import Path

from .replay import members_of, text_of
from .tools import Build, ToolError, run

SUPPORT = Path(__file__).resolve().parents[1] / "emit/support.h"
WIDTH = 100


class CannotEmit(ToolError):
    """The program has something that a test in C has no way to do."""


def story(identity: str, report: str) -> list[str]:
    """What broke, in a few lines: from the report of the replay."""
    rule = re.search(r"^Rule of lib/CONTRACT.md: (\S+)$", report, re.MULTILINE)
    said = re.findall(r"^(expected|actual): (.+)$", report, re.MULTILINE)[:2]
    program = re.search(r"^The program,.*?:\n(.*?)\n\n", report, re.MULTILINE | re.DOTALL)
    lines = [f"{word.capitalize()}: {what}" for word, what in said]
    if rule:
        lines.append(f"Broke rule {rule[1]} of lib/CONTRACT.md.")
    lines.append(identity)
    if member := member_in(report):
        lines.append(f"It shows in program {member} only after those before it have run in the same process.")
    if program:
        lines += ["", f"Program {member}:" if member else "The program:"] + [line[:WIDTH - 3].rstrip() for line in program[1].splitlines()
                                         if not line.startswith("->    (")]
    return [line.replace("*/", "* /") for line in lines]


def member_in(report: str) -> int:
    """Which program of a sequence fails, from 1; 0: there is but one."""
    where = re.search(r"^input: .*, member (\d+) of \d+, operation \d+$", report, re.MULTILINE)
    return int(where[1]) if where else 0


def failing_operation(report: str) -> int:
    """Number of the operation that failed, from 1; 0: while processes were laid out."""
    where = re.search(r"^input: .*, operation (\d+)$", report, re.MULTILINE)
    if where is None:
        raise CannotEmit("the report names no operation that failed")
    if re.search(r"^PROCBUF-BUG kind=(secrecy|integrity) ", report, re.MULTILINE):
        raise CannotEmit("secrecy and integrity: the model does not say what is wrong, so that no C test can")
    return 0 if re.search(r" op=process$", report, re.MULTILINE) else int(where[1])


NEEDS = {
    "ubsan-": "It needs UBSan to fail: clang -fsanitize=undefined,integer,implicit-conversion -fno-sanitize-recover=all.",
    "msan-": "It needs MSan to fail for sure: clang -fsanitize=memory.",
}


def needs(identity: str) -> list[str]:
    """What a build needs to see the bug, where a plain one may not."""
    return [text for prefix, text in NEEDS.items() if f"kind={prefix}" in identity]


UNSEEN = {
    "static": "what the library keeps in memory of its own cannot be seen from outside",
    "part-not-fetched": "which bytes were fetched cannot be seen from outside",
}


def unseen(identity: str) -> str:
    """Why a C test alone cannot see this bug; '' if it may."""
    return next((why for check, why in UNSEEN.items() if f" check={check} " in identity), "")


def criterion_test(built: Build, text: str, identity: str, report: str) -> str:
    """The C file. `report` is what the replay said, with its explanation."""
    if why := unseen(identity):
        raise CannotEmit(why)
    command: list[object] = [built.tool("procbuf-emit")]
    if " kind=hang " not in identity:
        command += ["--operation", failing_operation(report)]
    if member := member_in(report):
        text = text_of(members_of(text)[:member])
    done = run([*command, identity, SUPPORT, "-"], stdin=text.encode(errors="surrogateescape"))
    if done.returncode != 0:
        raise CannotEmit(done.stderr.strip())
    lines = ["", *story(identity, report), "",
             "It needs the library's headers, the library, and Criterion: the port is below.", *needs(identity)]
    return "\n".join(["/* A finding of the fuzzers.", *(f" * {line}".rstrip() for line in lines), " */", done.stdout])
