"""The public headers: which functions they declare, and what the comment over each says."""
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "lib/include"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TYPES = re.compile(r"typedef[^;]*;|#define[^\n]*")  # types of callbacks, and macros
BLOCK = re.compile(r"/\*\*((?:(?!\*/).)*)\*/\n([^;{}#/]*?\b(procbuf_[a-z0-9_]+)\s*\(([^;{}#/]*?)\)[^;{}#/()]*(?:\([0-9, ]+\))?);", re.DOTALL)


def texts() -> dict[str, str]:
    """Path below lib/include to text."""
    return {str(path.relative_to(INCLUDE)): path.read_text() for path in sorted(INCLUDE.rglob("*.h"))}


def declared(text: str) -> set[str]:
    """The functions that a header declares."""
    return set(re.findall(r"\b(procbuf_[a-z0-9_]+)\s*\(", TYPES.sub("", COMMENT.sub("", text))))


def content(comment: str) -> str:
    """What a comment says, without the stars before its lines."""
    return re.sub(r"^ ?\* ?", "", comment.removeprefix("/*").removesuffix("*/"), flags=re.MULTILINE)


def at(tag: str) -> re.Pattern[str]:
    return re.compile(rf"^@{tag}\b(.*?)(?=^@|^$|\Z)", re.MULTILINE | re.DOTALL)


def tags(text: str, tag: str) -> list[str]:
    """What the content of a comment says at each `@tag`, in one line each."""
    return [" ".join(found.split()) for found in at(tag).findall(text)]


def without(text: str, tag: str) -> str:
    """The content of a comment, and nothing of what it says at `@tag`."""
    return at(tag).sub("", text)


@dataclass
class Function:
    header: str
    comment: str
    returns: str
    parameters: list[str]

    def tags(self, tag: str) -> list[str]:
        return tags(self.comment, tag)

    def errors(self) -> list[str]:
        """Those that it returns, in the order in which its comment lists them."""
        values = [text.split()[0].removeprefix("PROCBUF_") for text in self.tags("retval")]
        return [value for value in values if value not in ("OK", "true", "false")]


def documented() -> dict[str, Function]:
    """Those functions that have a comment of Doxygen's form, by name."""
    found = {}
    for header, text in texts().items():
        for comment, start, name, arguments in BLOCK.findall(text):
            if "typedef" not in start:
                returns = re.sub(rf"PROCBUF_\w+|\b{name}\b.*", "", start, flags=re.DOTALL)
                parameters = [] if arguments.strip() == "void" else [
                    re.findall(r"\w+", argument)[-1] for argument in arguments.split(",")]
                found[name] = Function(header, content(comment), " ".join(returns.split()), parameters)
    return found
