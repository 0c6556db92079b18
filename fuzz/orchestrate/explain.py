"""What a report means: which kind of bug it is, and what the rule that it broke says."""
from __future__ import annotations

import itertools
import re
import textwrap

from .tools import ROOT

KINDS = {
    "result": "The library's answer is not what the contract says.",
    "state": "The state of a process, or one of its breaks, is not what the contract says.",
    "memory": "Memory does not hold the bytes that the contract says.",
    "slice": "A slice does not begin or end where the contract says.",
    "body": "The body of an enter ran when it must not, or did not run when it must.",
    "invariant": "An invariant does not hold after this operation.",
    "secrecy": "A process can observe what it must not know: bytes of the kernel, of grants, of other processes, "
               "or what was in memory before.",
    "integrity": "What one process does changes what another process, or the kernel, observes.",
    "access": "The library touched a byte that this call must not touch.",
    "window": "Process memory was touched while access to it was closed.",
    "double-fetch": "A byte was fetched twice in one call: userspace can change it in between.",
    "hook": "The port's hooks were not called as the contract says.",
    "panic": "The library called the panic hook where the contract has no panic, or one of another rule. User data must never lead there (E4).",
    "hang": "The call does not end.",
    "oom": "It takes more memory than its limit, although the library allocates none.",
    "slow": "It takes a thousand times as long as it should.",
    "crash": "The process died of a signal that no sanitizer explains.",
    "fault": "The library touched a page of memory that is closed to it.",
    "hardware": "Under protection hardware, a process or the kernel reached a byte that it must not, or did not reach one that it may; "
                "or answers there are others than the model's.",
    "unexplained": "A fuzzing process ended, and no replay shows why.",
    "testbed": "A bug of the testbed itself, not of the library.",
    "sanitizer": "A sanitizer stopped the library.",
}
SANITIZERS = {
    "asan-": "AddressSanitizer: the library touched memory that is not its own.",
    "ubsan-": "UndefinedBehaviorSanitizer: undefined behaviour, or a sum that wraps.",
    "msan-": "MemorySanitizer: the library used bytes that were never written.",
}


def kind_of(identity: str) -> str:
    return identity.split()[1].removeprefix("kind=")


def meaning(identity: str) -> str:
    """One sentence about this kind of bug."""
    kind = kind_of(identity)
    for prefix, text in SANITIZERS.items():
        if kind.startswith(prefix):
            return text
    return KINDS.get(kind, KINDS["sanitizer"])


def rule_at(number: str) -> tuple[int, str]:
    """A rule of lib/CONTRACT.md: its line, and with the section that it is in, in one paragraph; 1 and '' if there is none of
    that number."""
    section = ""
    lines = (ROOT / "lib/CONTRACT.md").read_text().splitlines()
    for at, line in enumerate(lines, 1):
        if line.startswith("## "):
            section = line.removeprefix("## ")
        if row := re.match(rf"\| {re.escape(number)} \| ([^|]+) \|", line):  # a row of section R
            return at, f"{number} The kernel {row[1]}. (section {section})"
        if re.match(rf"- (\*\*)?{re.escape(number)}\b", line):
            more = itertools.takewhile(lambda next_line: next_line.startswith("  ") and next_line.strip(), lines[at:])
            return at, f"{' '.join([line[2:], *map(str.strip, more)]).replace('**', '')} (section {section})"
    return 1, ""


def explanation(identity: str, report: str) -> str:
    """A report of the replay program, with what it means in two lines more."""
    lines = [f"Kind: {meaning(identity)}"]
    rule = re.search(r"^Rule of lib/CONTRACT.md: (\S+)$", report, re.MULTILINE)
    if rule and (text := rule_at(rule[1])[1]):
        lines.append(textwrap.fill(f"Rule {text}", 98, subsequent_indent="  "))
    identity_at = report.rfind(identity)
    if identity_at < 0:
        return "\n".join([report.rstrip(), *lines, identity]) + "\n"
    return report[:identity_at] + "\n".join(lines) + "\n" + report[identity_at:].rstrip() + "\n"
