"""An explanation, taken apart: what ./fuzz/repro --json and the page of a campaign show one by one."""
from __future__ import annotations

import re
from dataclasses import dataclass, field

HEADS = {"program": "The program, ", "touched": "What the library touched", "memory": "Process memory (",
         "stack": "In the library, innermost first:", "rule": "Rule of lib/CONTRACT.md: ", "kind": "Kind: ",
         "suspects": "Suspects, the likeliest", "none": "No suspects: "}
"""How its paragraphs begin."""


@dataclass
class Parts:
    """Of one explanation; a part that it does not have is empty."""
    expected: str = ""
    actual: str = ""
    said: str = ""  # of the check or of the sanitizer, before all else
    program: str = ""  # in words, with the operation that fails marked
    touched: str = ""
    memory: str = ""
    stack: list[str] = field(default_factory=list)  # of the library, innermost first: function (file:line)
    rule: str = ""  # its number
    rule_text: str = ""
    kind: str = ""  # what kind of bug it is, in a sentence


def parts_of(explanation: str) -> Parts:
    sections: dict[str, list[str]] = {"said": []}
    current = "said"
    for paragraph in explanation.strip().split("\n\n"):
        current = next((name for name, head in HEADS.items() if paragraph.startswith(head)), current)
        sections.setdefault(current, []).append(paragraph)
    text = {name: "\n\n".join(paragraphs) for name, paragraphs in sections.items()}

    def value(pattern: str) -> str:
        found = re.search(rf"^{pattern}: (.*)$", explanation, re.MULTILINE)
        return found[1] if found else ""
    rule_text = re.search(r"^Rule ((?!of )\w+ .*?)(?=^PROCBUF-BUG |\Z)", text.get("rule", ""), re.MULTILINE | re.DOTALL)
    return Parts(value("expected"), value("actual"), text["said"], text.get("program", ""), text.get("touched", ""), text.get("memory", ""),
                 [line.strip() for line in text.get("stack", "").splitlines()[1:]], value("Rule of lib/CONTRACT.md"),
                 " ".join(rule_text[1].split()) if rule_text else "", value("Kind"))
