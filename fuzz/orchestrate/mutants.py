"""Every first-order mutant of the library's sources: one small change each, found by libclang. And second-order ones, two
such changes in one file, by sample.

Operators: relational, arithmetic, logical and bit operators; constants plus and minus one; conditions
negated and held true or false, one side of && and || dropped; statements deleted; two arguments exchanged; a
field or variable for another of its type; an early return, exit or break; another value returned; numbers cut to 8, 16
and 32 bits where they are passed, assigned, read from a field, or compared; neighbouring statements swapped; a hook or check
moved over what follows or precedes it; a loop that ends early; `continue` for `break`. What macros define is changed
word by word, since it has no tree of its own.
"""
from __future__ import annotations

import functools
import hashlib
import random
import re
from dataclasses import dataclass
from pathlib import Path

from .tools import ROOT, ToolError, clang, run

try:
    import clang.cindex as ci
except ImportError:  # --help is there without it
    ci = None

BINARY = {
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "&&": ["||"], "||": ["&&"],
    "&": ["|"], "|": ["&"], "^": ["|"], "<<": [">>"], ">>": ["<<"], "+=": ["-=", "="], "-=": ["+=", "="],
    "|=": ["&="], "&=": ["|="],
}
if ci is not None:
    K = ci.CursorKind
    CONDITIONS = (K.IF_STMT, K.WHILE_STMT, K.CONDITIONAL_OPERATOR, K.FOR_STMT)
    LOOPS = (K.WHILE_STMT, K.FOR_STMT)
    ACTIONS = (K.CALL_EXPR, K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR, K.UNARY_OPERATOR)
    UNSIGNED = (ci.TypeKind.USHORT, ci.TypeKind.UINT, ci.TypeKind.ULONG, ci.TypeKind.ULONGLONG)
    SIGNED = (ci.TypeKind.LONG, ci.TypeKind.LONGLONG)
SELF_CHECKS = ("PROCBUF_VERIFY", "PROCBUF_KEEPS")
"""They hold wherever they are, and are left alone: no statement is moved over one, and no function returns before one."""
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@functools.cache
def arguments() -> tuple[str, ...]:
    """How libclang reads the library: the headers that come with a compiler are clang()'s."""
    return "-std=c11", "-I", run([clang(), "-print-resource-dir"]).stdout.strip() + "/include"


@dataclass(frozen=True)
class Mutant:
    """`file` of lib/ with bytes [start, end) replaced."""
    file: str
    start: int
    end: int
    text: str
    operator: str
    said: str = ""
    """The diff, where the lines would say less: a statement, and where it goes."""

    def apply(self, source: bytes) -> bytes:
        return source[:self.start] + self.text.encode() + source[self.end:]

    def line(self, source: bytes) -> int:
        return source[:self.start].count(b"\n") + 1

    def diff(self, source: bytes) -> str:
        """The lines that change, before and after."""
        if self.said:
            return self.said
        first = source.rfind(b"\n", 0, self.start) + 1
        last = source.find(b"\n", self.end)
        before = source[first:last].decode()
        after = (source[first:self.start] + self.text.encode() + source[self.end:last]).decode()
        return "\n".join(["-" + line for line in before.splitlines()] + ["+" + line for line in after.splitlines()])

    def key(self, source: bytes) -> str:
        """The same as long as file and change are."""
        return hashlib.sha1(source + repr((self.file, self.start, self.end, self.text)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Pair:
    """Two mutants of one file at once: a mutant of second order."""
    one: Mutant
    two: Mutant
    """After the first."""
    operator: str = "second order"

    @property
    def file(self) -> str:
        return self.one.file

    def apply(self, source: bytes) -> bytes:
        return self.one.apply(self.two.apply(source))

    def line(self, source: bytes) -> int:
        return self.one.line(source)

    def diff(self, source: bytes) -> str:
        return f"{self.one.diff(source)}\n{self.two.diff(source)}"

    def key(self, source: bytes) -> str:
        return hashlib.sha1(f"{self.one.key(source)} {self.two.key(source)}".encode()).hexdigest()[:16]


def bare(kind) -> str:
    """A type as it is compared: constant or not is the same."""
    return kind.get_canonical().spelling.replace("const ", "")


def span(cursor) -> tuple[int, int]:
    """Its bytes in the file."""
    return cursor.extent.start.offset, cursor.extent.end.offset


def fields_of(mention) -> list:
    """All fields of a structure of which one is mentioned; none if it is something else."""
    field = mention.referenced
    if field is None or field.kind != K.FIELD_DECL:
        return []
    return [one for one in field.semantic_parent.get_children() if one.kind == K.FIELD_DECL]


class Finder:
    """Walks one file."""
    most_fields: int | None = 2
    """That take another's place; None: all of its type."""

    def __init__(self, path: Path, root: Path = ROOT / "lib"):
        self.path, self.root = path, root
        self.file = str(path.relative_to(root))
        self.source = path.read_bytes()
        self.found: dict[tuple[int, int, str], Mutant] = {}

    def add(self, start: int, end: int, text: str, operator: str, said: str = "") -> None:
        old = self.source[start:end].decode()
        if text != old:
            self.found.setdefault((start, end, text), Mutant(self.file, start, end, text, operator, said))

    def replace(self, cursor, text: str, operator: str) -> None:
        self.add(*span(cursor), text, operator)

    def delete(self, statement) -> None:
        start, end = span(statement)
        self.add(start, self.source.index(b";", end - 1) + 1, ";", "statement deleted")

    def text_of(self, cursor) -> str:
        start, end = span(cursor)
        return self.source[start:end].decode()

    def text_between(self, one, two) -> str:
        return self.source[one.extent.end.offset:two.extent.start.offset].decode()

    def is_plain(self, cursor) -> bool:
        """Whether it is in this file as written, not in a macro's expansion."""
        start, end = cursor.extent.start, cursor.extent.end
        return (start.file is not None and start.file.name == str(self.path) and end.file is not None
                and end.file.name == str(self.path) and end.offset > start.offset
                and not any(low <= start.offset < high for low, high in self.macro_uses))

    def run(self) -> list[Mutant]:
        unit = ci.Index.create().parse(str(self.path), args=[*arguments(), "-I", str(self.root / "include")],
                                       options=ci.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
        errors = [d for d in unit.diagnostics if d.severity >= ci.Diagnostic.Error]
        if errors:
            raise ToolError(f"{self.path}: {errors[0]}")
        self.macro_uses = []
        for cursor in unit.cursor.get_children():
            if cursor.location.file is None or cursor.location.file.name != str(self.path):
                continue
            if cursor.kind == K.MACRO_INSTANTIATION and cursor.spelling.endswith("_FUNCTION"):
                self.macro_uses.append(span(cursor))
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
        self.variables: list = []
        for parameter in cursor.get_arguments():
            self.variables.append(parameter)
            for cut in self.cuts(parameter.type, parameter.spelling):
                self.add(at, at, f" {parameter.spelling} = {cut};", "narrowed")
        self.block(body[0])
        self.statements(body[0])
        self.walk(body[0])

    def default_return(self) -> str:
        spelling = self.returns.spelling
        values = {ci.TypeKind.VOID: "", ci.TypeKind.RECORD: f" ({spelling}){{ 0 }}", ci.TypeKind.ENUM: f" ({spelling})0"}
        return f"return{values.get(self.returns.kind, ' 0')};"

    def statements(self, block) -> None:
        """Statements that can go."""
        for child in block.get_children():
            if self.is_plain(child) and child.kind in ACTIONS:
                self.delete(child)
            elif self.is_plain(child) and child.kind in (K.BREAK_STMT, K.CONTINUE_STMT):
                self.replace(child, "", "statement deleted")

    def walk(self, cursor) -> None:
        for child in cursor.get_children():
            in_scope = len(self.variables)
            if child.kind == K.COMPOUND_STMT:
                self.block(child)
                self.statements(child)
            if self.is_plain(child):
                self.visit(child)
            self.walk(child)
            if child.kind in (K.COMPOUND_STMT, K.FOR_STMT):
                del self.variables[in_scope:]
            elif child.kind == K.VAR_DECL:
                self.variables.append(child)

    def visit(self, cursor) -> None:
        kind, children = cursor.kind, list(cursor.get_children())
        if kind in (K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR) and len(children) == 2:
            self.binary(cursor, children)
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
            if children and children[0].kind == K.DECL_REF_EXPR:
                self.another(children[0])
        elif kind == K.UNEXPOSED_EXPR and len(children) == 1:
            self.read(children[0])
        elif kind == K.VAR_DECL and children and children[-1].kind.is_expression():
            self.assigned(children[-1], cursor.type)
        elif kind in (K.BREAK_STMT, K.CONTINUE_STMT):
            self.replace(cursor, "continue" if kind == K.BREAK_STMT else "break", "break or continue")
        if kind in CONDITIONS and children:
            self.condition(cursor, children)
        if kind in LOOPS:
            self.loop(children)
        if kind in (K.IF_STMT, *LOOPS):
            for child in children[1:]:  # those without braces
                if child.kind in (*ACTIONS, K.RETURN_STMT) and self.is_plain(child):
                    self.delete(child)

    def end_of(self, statement) -> int:
        """After its semicolon."""
        end = statement.extent.end.offset
        if statement.kind in (K.COMPOUND_STMT, K.DECL_STMT) or self.source[end - 1:end] in (b";", b"}"):
            return end
        return self.source.index(b";", end) + 1

    def block(self, block) -> None:
        """Statements in another order, and a way out before each."""
        children = [child for child in block.get_children() if child.kind != K.NULL_STMT]
        spans = [(child.extent.start.offset, self.end_of(child)) for child in children]
        texts = [self.source[start:end].decode() for start, end in spans]

        def can_move(index: int) -> bool:
            return (self.is_whole(children[index]) and not texts[index].startswith(SELF_CHECKS)
                    and children[index].kind not in (K.DECL_STMT, K.RETURN_STMT, K.BREAK_STMT, K.CONTINUE_STMT))

        def moved(index: int, to: int) -> None:
            low, high = min(index, to), max(index, to)
            order = texts[low:high + 1]
            order.insert(to - low, order.pop(index - low))
            indent = " " * (spans[index][0] - self.source.rfind(b"\n", 0, spans[index][0]) - 1)
            said = [f"-{line}" for line in (indent + texts[index]).splitlines()]
            said.append(f"+... {'before' if to < index else 'after'}: {texts[to].splitlines()[0]}")
            self.add(spans[low][0], spans[high][1], "\n".join(order), "statements swapped"
                     if high == low + 1 else "moved", "\n".join(said))

        for index, child in enumerate(children):
            if index > 0 and self.is_whole(child) and child.kind != K.RETURN_STMT and \
                    not texts[index].startswith(SELF_CHECKS):
                self.add(spans[index][0], spans[index][0], f"{self.default_return()} ", "early exit")
            if not can_move(index):
                continue
            if index + 1 < len(children) and can_move(index + 1):
                moved(index, index + 1)
            if self.is_hook_or_check(child):
                first = next(i for i in range(len(children)) if i == index or can_move(i))
                last = max(i for i in range(len(children)) if can_move(i))
                for to in {first, last} - {index - 1, index, index + 1}:
                    moved(index, to)

    def is_whole(self, statement) -> bool:
        """Whether the statement is written in this file, and not the expansion of a macro's definition."""
        place = statement.extent.start
        return place.file is not None and place.file.name == str(self.path)

    def is_hook_or_check(self, statement) -> bool:
        text = self.text_of(statement)
        return (text.startswith(("procbuf_port_", "PROCBUF_REQUIRE", "procbuf_compiler_barrier", "procbuf_require_"))
                or statement.kind == K.IF_STMT and "return" in text)

    @staticmethod
    def tested_by(children):
        """Of the parts of a loop, its condition."""
        return next((c for c in children[:-1] if c.kind == K.BINARY_OPERATOR and c.type.spelling in ("int", "bool", "_Bool")), None)

    def loop(self, children) -> None:
        """It ends before its last round, or after its first."""
        body, tested = children[-1], self.tested_by(children)
        if tested is not None and self.is_plain(tested) and re.fullmatch(r"[\w.>-]+ < .*", self.text_of(tested), re.DOTALL):
            end = next(tested.get_children()).extent.end.offset
            self.add(end, end, " + 1", "loop's bound")
        if self.is_plain(body):
            end = self.end_of(body)
            if body.kind == K.COMPOUND_STMT:
                self.add(end - 1, end - 1, "break; ", "early exit")
            else:
                start = body.extent.start.offset
                self.add(start, end, f"{{ {self.source[start:end].decode()} break; }}", "early exit")

    # ---- Numbers that are cut ----

    @staticmethod
    def cuts(kind, text: str) -> list[str]:
        """An expression of a type, cut to fewer bits."""
        canonical = kind.get_canonical()
        sign = "u" if canonical.kind in UNSIGNED else ""
        if not sign and canonical.kind not in SIGNED:
            return []
        spelling = kind.spelling.replace("const ", "")
        return [f"({spelling})({sign}int{bits}_t)({text})" for bits in (8, 16, 32) if bits < 8 * canonical.get_size()]

    def is_literal(self, value) -> bool:
        return self.text_of(value)[:1].isdigit()

    def assigned(self, value, kind) -> None:
        if self.is_plain(value) and value.kind != K.INIT_LIST_EXPR and not self.is_literal(value):
            for cut in self.cuts(kind, self.text_of(value)):
                self.replace(value, cut, "narrowed")

    def compared(self, children) -> None:
        if not all(map(self.is_plain, children)) or any(map(self.is_literal, children)):
            return
        one, two = children
        for left, right in zip(self.cuts(one.type, self.text_of(one)), self.cuts(two.type, self.text_of(two))):
            self.add(span(one)[0], span(two)[1], left + self.text_between(one, two) + right, "narrowed")

    def read(self, place) -> None:
        """What a variable or a field holds is used."""
        if place.kind == K.MEMBER_REF_EXPR and self.is_plain(place):
            for cut in self.cuts(place.type, self.text_of(place)):
                self.replace(place, cut, "narrowed")
        elif place.kind == K.DECL_REF_EXPR:
            self.another(place)

    def is_set(self, variable, at: int) -> bool:
        """Whether it may have a value there: what reads it before is undefined, and does anything."""
        children = list(variable.get_children())
        if variable.kind == K.PARM_DECL or children and children[-1].kind.is_expression():
            return True
        between = self.source[span(variable)[1]:at].decode()
        return re.search(rf"&{variable.spelling}\b|\b{variable.spelling}\b[^;=<>!]*=[^=][^;]*;", between) is not None

    def another(self, place) -> None:
        """Each other variable of that type."""
        for other in self.variables if self.is_plain(place) else []:
            if bare(other.type) == bare(place.type) and other.spelling != place.spelling and self.is_set(other, span(place)[0]):
                self.replace(place, other.spelling, "variable")

    def binary(self, cursor, children) -> None:
        if not all(map(self.is_plain, children)) or not (between := self.text_between(*children)):
            return
        operator = between.strip().strip("()").strip()
        at = span(children[0])[1] + between.find(operator)
        for other in BINARY.get(operator, []):
            self.add(at, at + len(operator), other, "operator")
        if operator in ("&&", "||"):
            for child in children:
                self.replace(cursor, self.text_of(child), "operand dropped")
        elif operator in COMPARISONS:
            self.compared(children)
        elif operator == "=":
            self.assigned(children[1], children[0].type)

    def unary(self, cursor) -> None:
        (at, end), text = span(cursor), self.text_of(cursor)
        if text.startswith("!"):
            self.add(at, at + 1, "", "condition")
        elif text.startswith("~"):
            self.add(at, at + 1, "", "operator")
        for step, other in (("++", "--"), ("--", "++")):
            if text.endswith(step):
                self.add(end - 2, end, other, "operator")
            elif text.startswith(step):
                self.add(at, at + 2, other, "operator")

    def integer(self, cursor) -> None:
        if match := re.fullmatch(r"(0x[0-9a-fA-F]+|\d+)([uUlL]*)", self.text_of(cursor)):
            number = int(match[1], 0)
            for other in {number + 1, max(number - 1, 0)}:
                self.replace(cursor, f"{other}{match[2]}", "constant")

    def condition(self, cursor, children) -> None:
        tested = self.tested_by(children) if cursor.kind == K.FOR_STMT else children[0]
        if tested is not None and self.is_plain(tested):
            always = ["true"] * (cursor.kind in (K.IF_STMT, K.CONDITIONAL_OPERATOR))
            for other in (f"!({self.text_of(tested)})", "false", *always):
                self.replace(tested, other, "condition")

    def returned(self, value) -> None:
        if not self.is_plain(value):
            return
        text = self.text_of(value)
        others: dict[object, list[str]] = {ci.TypeKind.BOOL: [f"!({text})"], ci.TypeKind.ENUM: [f"({self.returns.spelling}){number}" for number in (0, 1, 6)],
                  ci.TypeKind.RECORD: [], ci.TypeKind.VOID: [], ci.TypeKind.POINTER: ["((void *)0)"]}
        for other in others.get(self.returns.kind, [f"({text}) + 1", "0"]):
            self.replace(value, other, "return value")

    def arguments(self, cursor) -> None:
        arguments = [a for a in cursor.get_arguments() if a is not None and self.is_plain(a)]
        for index, one in enumerate(arguments):
            for two in arguments[index + 1:]:
                if one.type.get_canonical().spelling == two.type.get_canonical().spelling:
                    swapped = self.text_of(two) + self.text_between(one, two) + self.text_of(one)
                    self.add(span(one)[0], span(two)[1], swapped, "arguments swapped")

    def field(self, cursor) -> None:
        """Other fields of that type."""
        field, end = cursor.referenced, span(cursor)[1]
        start = end - len(cursor.spelling)
        others = [one.spelling for one in fields_of(cursor)
                  if one.spelling != cursor.spelling and one.type.get_canonical().spelling == field.type.get_canonical().spelling]
        if self.source[start:end].decode() == cursor.spelling:
            for other in others[:self.most_fields]:
                self.add(start, end, other, "field")


def all_mutants(names: list[str] | None = None) -> list[Mutant]:
    """Of lib/src and of what inline code the headers hold, in the order of the files."""
    paths = sorted([*(ROOT / "lib/src").glob("*.[ch]"), *(ROOT / "lib/include").rglob("*.h")])
    return [mutant for path in paths if not names or path.name in names for mutant in Finder(path).run()]


def second_order(found: list[Mutant], count: int) -> list[Pair]:
    """So many pairs, always the same: each of two mutants of one file that are apart."""
    chance = random.Random(1)
    pairs: dict[Pair, None] = {}
    while len(pairs) < count:
        one = chance.choice(found)
        two = chance.choice([other for other in found if other.file == one.file])
        if one.end < two.start:
            pairs[Pair(one, two)] = None
    return list(pairs)
