"""Every first-order mutant of the library's sources: one small change each, found by libclang.

Operators: relational, arithmetic, logical and bit operators; constants plus and minus one; conditions
negated and held true or false; statements deleted; neighbouring arguments of one type swapped; a
field for another of its type; an early return; another value returned. What macros define is changed
word by word, since it has no tree of its own.
"""
from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

try:
    import clang.cindex as ci
except ImportError:  # --help is there without it
    ci = None

ROOT = Path(__file__).resolve().parents[2]
LIBCLANG = "/usr/lib/llvm-19/lib/libclang-19.so.1"
ARGUMENTS = ["-std=c11", "-I", str(ROOT / "lib/include"),
             "-I", "/usr/lib/llvm-19/lib/clang/19/include"]
BINARY = {
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "&&": ["||"], "||": ["&&"],
    "&": ["|"], "|": ["&"], "^": ["|"], "<<": [">>"], ">>": ["<<"], "+=": ["-=", "="], "-=": ["+=", "="],
    "|=": ["&="], "&=": ["|="],
}
if ci is not None:
    K = ci.CursorKind
    CONDITIONS = (K.IF_STMT, K.WHILE_STMT, K.CONDITIONAL_OPERATOR, K.FOR_STMT)


@dataclass(frozen=True)
class Mutant:
    """`file` of lib/ with bytes [start, end) replaced."""
    file: str
    start: int
    end: int
    text: str
    operator: str

    def apply(self, source: bytes) -> bytes:
        return source[:self.start] + self.text.encode() + source[self.end:]

    def line(self, source: bytes) -> int:
        return source[:self.start].count(b"\n") + 1

    def diff(self, source: bytes) -> str:
        """The lines that change, before and after."""
        first = source.rfind(b"\n", 0, self.start) + 1
        last = source.find(b"\n", self.end)
        before = source[first:last].decode()
        after = (source[first:self.start] + self.text.encode() + source[self.end:last]).decode()
        return "\n".join(["-" + line for line in before.splitlines()] + ["+" + line for line in after.splitlines()])

    def key(self, source: bytes) -> str:
        """The same as long as file and change are."""
        return hashlib.sha1(source + repr((self.file, self.start, self.end, self.text)).encode()).hexdigest()[:16]


class Finder:
    """Walks one file."""

    def __init__(self, path: Path):
        self.path = path
        self.file = str(path.relative_to(ROOT / "lib"))
        self.source = path.read_bytes()
        self.found: dict[tuple[int, int, str], Mutant] = {}

    def add(self, start: int, end: int, text: str, operator: str) -> None:
        old = self.source[start:end].decode()
        if text != old:
            self.found.setdefault((start, end, text), Mutant(self.file, start, end, text, operator))

    def text_of(self, cursor) -> str:
        return self.source[cursor.extent.start.offset:cursor.extent.end.offset].decode()

    def is_plain(self, cursor) -> bool:
        """Whether it stands in this file as written, not in a macro's expansion."""
        start, end = cursor.extent.start, cursor.extent.end
        return (start.file is not None and start.file.name == str(self.path) and end.file is not None
                and end.file.name == str(self.path) and end.offset > start.offset
                and not any(low <= start.offset < high for low, high in self.macro_uses))

    def run(self) -> list[Mutant]:
        unit = ci.Index.create().parse(str(self.path), args=ARGUMENTS,
                                       options=ci.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
        errors = [d for d in unit.diagnostics if d.severity >= ci.Diagnostic.Error]
        if errors:
            raise SystemExit(f"{self.path}: {errors[0]}")
        self.macro_uses = []
        for cursor in unit.cursor.get_children():
            if cursor.location.file is None or cursor.location.file.name != str(self.path):
                continue
            if cursor.kind == K.MACRO_INSTANTIATION and cursor.spelling.endswith("_FUNCTION"):
                self.macro_uses.append((cursor.extent.start.offset, cursor.extent.end.offset))
            elif cursor.kind == K.MACRO_DEFINITION:
                self.macro(cursor)
        for cursor in unit.cursor.get_children():
            if cursor.kind == K.FUNCTION_DECL and cursor.is_definition() and self.is_plain(cursor):
                self.function(cursor)
        return sorted(self.found.values(), key=lambda m: (m.start, m.end, m.text))

    # ---- Macros ----

    def macro(self, cursor) -> None:
        tokens = list(cursor.get_tokens())[1:]
        for token in tokens:
            text, at = token.spelling, token.extent.start.offset
            if text in BINARY and text not in ("*", "&", "-", "+", "|"):
                for other in BINARY[text]:
                    self.add(at, at + len(text), other, "macro")
            elif re.fullmatch(r"\d+", text):
                self.add(at, at + len(text), str(int(text) + 1), "macro")

    # ---- Trees ----

    def function(self, cursor) -> None:
        body = [child for child in cursor.get_children() if child.kind == K.COMPOUND_STMT]
        if not body:
            return
        self.returns = cursor.result_type.get_canonical()
        at = body[0].extent.start.offset + 1
        self.add(at, at, f" {self.default_return()}", "early return")
        self.statements(body[0])
        self.walk(body[0])

    def default_return(self, other: bool = False) -> str:
        kind, spelling = self.returns.kind, self.returns.spelling
        if kind == ci.TypeKind.VOID:
            return "return;"
        if kind == ci.TypeKind.RECORD:
            return f"return ({spelling}){{ 0 }};"
        if kind == ci.TypeKind.ENUM:
            return f"return ({spelling}){1 if other else 0};"
        return f"return {1 if other else 0};"

    def statements(self, block) -> None:
        """Statements that can go."""
        for child in block.get_children():
            if not self.is_plain(child):
                continue
            if child.kind in (K.CALL_EXPR, K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR, K.UNARY_OPERATOR):
                end = self.source.index(b";", child.extent.end.offset) + 1
                self.add(child.extent.start.offset, end, ";", "statement deleted")
            elif child.kind in (K.BREAK_STMT, K.CONTINUE_STMT):
                self.add(child.extent.start.offset, child.extent.end.offset, "", "statement deleted")

    def walk(self, cursor) -> None:
        for child in cursor.get_children():
            if child.kind == K.COMPOUND_STMT:
                self.statements(child)
            if self.is_plain(child):
                self.visit(child)
            self.walk(child)

    def visit(self, cursor) -> None:
        kind, children = cursor.kind, list(cursor.get_children())
        if kind in (K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR) and len(children) == 2:
            self.binary(children)
        elif kind == K.UNARY_OPERATOR:
            self.unary(cursor)
        elif kind == K.INTEGER_LITERAL:
            self.integer(cursor)
        elif kind == K.RETURN_STMT and children:
            self.returned(children[0])
        elif kind == K.CALL_EXPR:
            self.arguments(cursor)
        elif kind == K.MEMBER_REF_EXPR:
            self.field(cursor)
        if kind in CONDITIONS and children:
            self.condition(cursor, children)
        if kind in (K.IF_STMT, K.WHILE_STMT, K.FOR_STMT):
            for child in children[1:]:
                if child.kind != K.COMPOUND_STMT:
                    self.single(child)

    def single(self, child) -> None:
        """A statement without braces, under a condition."""
        if self.is_plain(child) and child.kind in (K.CALL_EXPR, K.BINARY_OPERATOR, K.UNARY_OPERATOR,
                                                    K.COMPOUND_ASSIGNMENT_OPERATOR, K.RETURN_STMT):
            end = self.source.index(b";", child.extent.end.offset - 1) + 1
            self.add(child.extent.start.offset, end, ";", "statement deleted")

    def binary(self, children) -> None:
        low, high = children[0].extent.end.offset, children[1].extent.start.offset
        if not all(map(self.is_plain, children)) or high <= low:
            return
        between = self.source[low:high].decode()
        operator = between.strip().strip("()").strip()
        at = low + between.find(operator)
        for other in BINARY.get(operator, []):
            self.add(at, at + len(operator), other, "operator")

    def unary(self, cursor) -> None:
        at, text = cursor.extent.start.offset, self.text_of(cursor)
        if text.startswith("!"):
            self.add(at, at + 1, "", "condition")
        elif text.startswith("~"):
            self.add(at, at + 1, "", "operator")
        for step, other in (("++", "--"), ("--", "++")):
            if text.endswith(step):
                self.add(cursor.extent.end.offset - 2, cursor.extent.end.offset, other, "operator")
            elif text.startswith(step):
                self.add(at, at + 2, other, "operator")

    def integer(self, cursor) -> None:
        text = self.text_of(cursor)
        match = re.fullmatch(r"(0x[0-9a-fA-F]+|\d+)([uUlL]*)", text)
        if match:
            number = int(match[1], 0)
            for other in {number + 1, max(number - 1, 0)}:
                self.add(cursor.extent.start.offset, cursor.extent.end.offset, f"{other}{match[2]}", "constant")

    def condition(self, cursor, children) -> None:
        tested = children[0]
        if cursor.kind == K.FOR_STMT:
            tested = next((c for c in children[:-1] if c.kind == K.BINARY_OPERATOR
                           and c.type.spelling in ("int", "bool", "_Bool")), None)
        if tested is None or not self.is_plain(tested):
            return
        start, end, text = tested.extent.start.offset, tested.extent.end.offset, self.text_of(tested)
        self.add(start, end, f"!({text})", "condition")
        self.add(start, end, "false", "condition")
        if cursor.kind in (K.IF_STMT, K.CONDITIONAL_OPERATOR):
            self.add(start, end, "true", "condition")

    def returned(self, value) -> None:
        if not self.is_plain(value):
            return
        start, end, text = value.extent.start.offset, value.extent.end.offset, self.text_of(value)
        kind = self.returns.kind
        if kind == ci.TypeKind.BOOL:
            self.add(start, end, f"!({text})", "return value")
        elif kind == ci.TypeKind.ENUM:
            for number in (0, 1, 6):
                self.add(start, end, f"({self.returns.spelling}){number}", "return value")
        elif kind not in (ci.TypeKind.RECORD, ci.TypeKind.POINTER, ci.TypeKind.VOID):
            self.add(start, end, f"({text}) + 1", "return value")
            self.add(start, end, "0", "return value")
        elif kind == ci.TypeKind.POINTER:
            self.add(start, end, "((void *)0)", "return value")

    def arguments(self, cursor) -> None:
        arguments = [a for a in cursor.get_arguments() if a is not None]
        for one, two in zip(arguments, arguments[1:]):
            if self.is_plain(one) and self.is_plain(two) and \
                    one.type.get_canonical().spelling == two.type.get_canonical().spelling:
                start, end = one.extent.start.offset, two.extent.end.offset
                between = self.source[one.extent.end.offset:two.extent.start.offset].decode()
                self.add(start, end, self.text_of(two) + between + self.text_of(one), "arguments swapped")

    def field(self, cursor) -> None:
        declaration = cursor.referenced
        if declaration is None or declaration.kind != K.FIELD_DECL:
            return
        kind = declaration.type.get_canonical().spelling
        start = cursor.extent.end.offset - len(cursor.spelling)
        others = [f.spelling for f in declaration.semantic_parent.get_children() if f.kind == K.FIELD_DECL
                  and f.spelling != cursor.spelling and f.type.get_canonical().spelling == kind]
        if self.source[start:cursor.extent.end.offset].decode() == cursor.spelling:
            for other in others[:2]:
                self.add(start, cursor.extent.end.offset, other, "field")


def all_mutants(names: list[str] | None = None) -> list[Mutant]:
    """Of lib/src and of what inline code the headers hold, in the order of the files."""
    ci.Config.set_library_file(LIBCLANG)
    paths = sorted([*(ROOT / "lib/src").glob("*.[ch]"), *(ROOT / "lib/include").rglob("*.h")])
    return [mutant for path in paths if not names or path.name in names for mutant in Finder(path).run()]
