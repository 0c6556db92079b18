"""The functions of the library, in its sources: where each is, what is said of it, and whether a result is of this text."""
from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

PLAIN_COMMENT = re.compile(r"/\*(?!@).*?\*/|//(?!@)[^\n]*", re.DOTALL)
"""Which says nothing to a compiler, nor to a prover."""


@dataclass(frozen=True)
class Function:
    file: str
    name: str
    first: int
    last: int
    text: str
    said: str
    """The comment over its definition."""

    @property
    def digest(self) -> str:
        """The same as long as the text is, but for comments and white space."""
        return hashlib.sha256(" ".join(PLAIN_COMMENT.sub(" ", self.text).split()).encode()).hexdigest()[:12]


def functions_in(text: str) -> list[tuple[int, int, str]]:
    """First line, last line and name of each; brackets of functions are in the first column."""
    found, lines, begin, name = [], text.splitlines(), 0, ""
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            begin = number - 1
            while begin > 0 and lines[begin - 1].strip() and not lines[begin - 1].startswith(("}", "#")) and \
                    not lines[begin - 1].rstrip().endswith(("*/", ";")):
                begin -= 1
            match = re.search(r"(\w+)\s*\(", " ".join(lines[begin:number]).replace("__attribute__((", ""))
            name = match[1] if match else ""
        elif line.startswith("}") and name:
            found.append((begin + 1, number, name))
            name = ""
    return found


def _comment_over(lines: list[str], first: int) -> str:
    """That ends in the line before."""
    begin = end = first - 1
    if end == 0 or not lines[end - 1].rstrip().endswith("*/"):
        return ""
    while begin > 0 and "/*" not in lines[begin]:
        begin -= 1
    return "\n".join(lines[begin:end])


def functions_of(folder: Path, *patterns: str) -> list[Function]:
    """Of all files that match, in a folder."""
    found = []
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        text = path.read_text()
        lines = text.splitlines()
        found += [Function(str(path.relative_to(folder)), name, first, last, "\n".join(lines[first - 1:last]), _comment_over(lines, first))
                  for first, last, name in functions_in(text)]
    return found


def library(lib: Path) -> list[Function]:
    return functions_of(lib, "src/*.[ch]", "include/**/*.h")
