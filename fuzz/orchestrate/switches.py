"""A copy of a library with switches: at each statement and condition, small changes of it that a running program turns on.

What procbuf-suspects runs. A *site* is a statement, a condition, a value, or the place before a statement; it notes that it was
reached, and of a condition how it was decided. A site has *variants*: the small changes of mutants.py, and some that would undo
a mistake. Nothing changes until one is turned on, and each line stays where it is.
"""
from __future__ import annotations

import bisect
import hashlib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .mutants import BINARY, COMPARISONS, Finder, Mutant, arguments, bare, ci, fields_of, span
from .tools import ToolError

SITES_OF_A_FILE = 4096
PROLOGUE = ("#pragma clang diagnostic ignored \"-Weverything\"\n#pragma clang diagnostic error \"-Wimplicit-function-declaration\"\n"
            "extern unsigned procbuf_guard; unsigned procbuf_site(unsigned site); _Bool procbuf_decided(unsigned site, _Bool value); void procbuf_wanted(void);\n#line 1\n")
CHECKED = ("-DPROCBUF_CHECKED",)
"""How the testbed compiles the library, but for what is tested as it ships."""
MOST_PASSES = 10
MOST_DONATED = 160
MOST_JOINED = 16
CONSTANT = re.compile(r"\bPROCBUF_[A-Z_]+\b(?!\()")
MOST_ASKED = 3
MOST_GUARDS = 14
MOST_FIELDS = 6
MOST_COMPARED = 8
GUARD = 1 << 20
"""From which on numbers are those of guards, not of variants."""
VARIANTS = 1 << 12
"""As procbuf-suspects counts them: the number of a guard times this is added to that of a variant."""
WANTED = VARIANTS - 1
"""The variant that calls the hook which the finding's report expects, and which the call ended without."""
CUTS = "cut"
"""A kind of mutant: a cast, or a mask, that is not there."""
CHANGED, JOINED, MOVED, ADDED, GUARDED = "changed", "joined", "moved", "added", "guarded"
"""How a variant undoes a mistake: what is there is another; it is asked more; a statement that its function has elsewhere; one
more; that, under a condition."""
LEFT_OUT = ("narrowed", "moved", "statements swapped", "macro", "early return", "early exit")
"""Kinds of mutants that undo no mistake, or have no place here; early returns are made here, for each value."""
if ci is not None:
    K = ci.CursorKind
    NUMBERS = (ci.TypeKind.UINT, ci.TypeKind.ULONG, ci.TypeKind.ULONGLONG, ci.TypeKind.INT, ci.TypeKind.LONG)
    SCALARS = (ci.TypeKind.BOOL, ci.TypeKind.ENUM, ci.TypeKind.POINTER)
    LOOPS = (K.WHILE_STMT, K.FOR_STMT, K.DO_STMT)
    LISTED = (K.BINARY_OPERATOR, K.RETURN_STMT)
    """Statements that may end with a list in braces, and then a semicolon."""


@dataclass
class Variant:
    """What a site does instead."""
    line: int
    said: str
    """The line's text then."""
    how: str


@dataclass
class Site:
    """Where it is, and what its variants are: the change in words, and the lines that it shows."""
    number: int
    file: str
    line: int
    last_line: int
    function: str
    kind: str  # statement, condition, value, before
    text: str
    variants: list[Variant] = field(default_factory=list)
    guards: list[str] = field(default_factory=list)
    """Conditions under which alone a variant may be on, from 1."""

    @property
    def places(self) -> list[str]:
        """What can be called here, in addition to variants."""
        return ["procbuf_wanted();"] if self.kind == "before" else []

    def variant(self, number: int) -> Variant:
        guard = number // VARIANTS
        if number % VARIANTS == WANTED:
            variant = Variant(self.line, "PROCBUF_REQUIRE(the rule that the report expects, 0);", ADDED)
        else:
            variant = self.variants[number % VARIANTS - 1]
        if not guard:
            return variant
        asked = self.guards[guard - 1]
        return Variant(variant.line, f"if ({asked}) {variant.said}" if self.kind == "before" else f"{variant.said} where {asked}", GUARDED)


@dataclass
class Field:
    """A field that a function mentions, or one next to it in its structure."""
    text: str
    kind: str  # its type
    is_number: bool
    first_use: int = 0
    distance: int = 0
    """From the nearest field that is mentioned, in fields."""


@dataclass
class Region:
    start: int
    end: int
    line: int
    kind: str
    function: str
    texts: list[str] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    """Of each text."""
    guards: list[str] = field(default_factory=list)

    def offer(self, text: str, how: str, line: int = 0, said: str = "") -> None:
        if text not in self.texts:
            self.texts.append(text)
            self.variants.append(Variant(line or self.line, " ".join((said or text).split()), how))

    def offer_all(self, texts: Iterable[str], how: str) -> None:
        for text in texts:
            self.offer(text, how)

    def short_first(self) -> None:
        """If time is short: what has less in it is more likely to be right."""
        self.put(sorted(range(len(self.texts)), key=lambda n: len(self.texts[n])))

    def other_constants_last(self, original: str) -> None:
        """There are dozens of errors and codes, of which one is hardly the only right one."""
        masked = CONSTANT.sub("C", original)
        self.put(sorted(range(len(self.texts)), key=lambda n: CONSTANT.sub("C", self.texts[n]) == masked))

    def put(self, order: Sequence[int]) -> None:
        self.texts, self.variants = [self.texts[n] for n in order], [self.variants[n] for n in order]


class Rewriter(Finder):
    """Of one file: its sites, and its text with switches."""
    most_fields = None

    def __init__(self, path: Path, root: Path, first: int, flags: Sequence[str] = CHECKED):
        super().__init__(path, root)
        self.first, self.flags = first, flags
        self.regions: list[Region] = []
        self.name = ""
        self.loops = 0
        self.walked: dict[str, str] = {}
        """By the index of a loop of this function, how many elements it walks."""
        self.names: dict[str, list] = {}
        self.begins: dict[str, int] = {}
        self.assignments: list[tuple[str, str]] = []
        self.operands: dict[str, int] = {}
        """Conditions and their parts, and where the last of each is."""
        self.donors: dict[str, str] = {}
        """Statements of this file, which may be missing elsewhere in it, and the function of the last of each."""
        self.filled: dict[str, dict[str, None]] = {}
        """By function, what would make 0 each field of the structures that it fills."""
        self.calls: dict[str, list] = {}
        self.functions: dict[str, tuple[list[str], str]] = {}
        """Of this file, above: what they are given, and give."""
        self.makers: set[str] = set()
        """Those of them that give a number."""
        self.fields: dict[str, dict[str, Field]] = {}
        """By function, the fields that it mentions, by their text."""
        self.places: dict[str, str] = {}
        """What this file gives values, and its type."""
        self.predicates: dict[str, list[str]] = {}
        """Functions that say yes or no, which this file calls or defines, and the types of what they are asked."""

    # ---- More that would undo a mistake ----

    def visit(self, cursor) -> None:
        super().visit(cursor)
        children = [child for child in cursor.get_children() if self.is_plain(child)]
        if cursor.kind == K.IF_STMT and children:
            self.operands[self.flat(children[0])] = span(cursor)[0]
        if cursor.kind == K.BINARY_OPERATOR and len(children) == 2:
            self.more_of_binary(cursor, *children)
        elif cursor.kind == K.CONDITIONAL_OPERATOR and len(children) == 3:
            self.instead(cursor, children[1:])
        elif cursor.kind == K.COMPOUND_ASSIGNMENT_OPERATOR and len(children) == 2:
            self.other_values(cursor, children[0])
        elif cursor.kind == K.CSTYLE_CAST_EXPR and children:
            for kind in ("", "(uintptr_t)", "(uint64_t)"):
                self.replace(cursor, f"{kind}({self.text_of(children[-1])})", CUTS)
        elif cursor.kind == K.MEMBER_REF_EXPR and self.is_plain(cursor):
            self.mention(cursor)
        elif cursor.kind == K.VAR_DECL:
            if children and children[-1].kind.is_expression():
                self.bounded(children[-1], cursor)
            self.names[self.name].append(cursor)
        elif cursor.kind == K.CALL_EXPR:
            self.add_predicate(cursor.referenced)
            kind = cursor.type.get_canonical().spelling
            if kind != "void":
                self.instead(cursor, [a for a in children if a.type.get_canonical().spelling == kind])
            for argument in cursor.get_arguments():
                if argument is not None and self.is_plain(argument):
                    self.one_off(argument)
                    self.named(argument)
                    self.made(argument)
            self.calls.setdefault(self.name, []).append(cursor)
        elif cursor.kind == K.DECL_REF_EXPR and cursor.referenced is not None and \
                cursor.referenced.kind == K.ENUM_CONSTANT_DECL:
            for other in cursor.referenced.semantic_parent.get_children():
                self.replace(cursor, other.spelling, "constant")

    def more_of_binary(self, cursor, one, two) -> None:
        between, left, end = self.text_between(one, two), one.type.get_canonical().kind, span(cursor)[1]
        if between.strip() in ("&&", "||"):
            self.operands |= {self.flat(child): span(cursor)[0] for child in (one, two)}
        if cursor.type.kind == ci.TypeKind.VOID:
            return
        if between.strip() == "=":
            if one.kind == K.MEMBER_REF_EXPR:
                self.fill(one)
            self.other_values(cursor, one)
            if left != ci.TypeKind.RECORD:
                self.places.setdefault(self.flat(one), bare(one.type))
        if between.strip() == "&" and two.kind == K.INTEGER_LITERAL:
            self.replace(cursor, f"({self.text_of(one)})", CUTS)
        elif between.strip(" ()\n") not in ("=", *COMPARISONS, ","):
            self.instead(cursor, [one, two])
        elif between.strip() == "=" and left in NUMBERS and self.source[end:end + 1] == b";":
            for order in "<>":
                self.replace(cursor, f"if ({self.text_of(one)} {order} {self.text_of(two)}) {self.text_of(cursor)}", "guard")
        elif between.strip(" ()\n") in COMPARISONS:
            for value in ("1", "0", f"!({self.text_of(cursor)})"):
                self.replace(cursor, value, "comparison")

    def add_predicate(self, function) -> None:
        if function is not None and function.kind == K.FUNCTION_DECL and function.result_type.get_canonical().kind == ci.TypeKind.BOOL:
            self.predicates[function.spelling] = [bare(argument.type) for argument in function.get_arguments()]

    def end_of(self, statement) -> int:
        """After its semicolon, even where a list in braces comes before that."""
        end = super().end_of(statement)
        return end + 1 if statement.kind in LISTED and self.source[end - 1:end + 1] == b"};" else end

    def flat(self, cursor) -> str:
        """Its text, on one line."""
        return " ".join(self.text_of(cursor).split())

    def flat_text(self, start: int, end: int) -> str:
        return " ".join(self.source[start:end].decode(errors="replace").split())

    def instead(self, cursor, others: list) -> None:
        for other in others:
            self.replace(cursor, f"({self.text_of(other)})", "part of it")

    def named(self, value) -> None:
        """A variable in the place of a number."""
        if self.is_literal(value):
            for variable in self.names[self.name]:
                if variable.type.get_canonical().kind in NUMBERS:
                    self.replace(value, variable.spelling, "variable")

    def made(self, value) -> None:
        """What a function of this file makes of a variable, in the place of a constant."""
        text = self.text_of(value)
        if value.type.get_canonical().kind not in NUMBERS or not (self.is_literal(value) or re.match(r"(sizeof|_Alignof)\b", text)):
            return
        for variable in self.names[self.name]:
            for name, (given, _) in self.functions.items():
                if given == [bare(variable.type)] and name in self.makers:
                    self.replace(value, f"{name}({variable.spelling})", "made by")

    def mention(self, cursor) -> None:
        """Of this function: a field, and those next to it."""
        text, others = self.flat(cursor), fields_of(cursor)
        if not others or not re.fullmatch(r"[\w.>-]+", text) or not text.endswith(cursor.spelling):
            return
        known = self.fields.setdefault(self.name, {})
        place = [other.spelling for other in others].index(cursor.spelling)
        for number, other in enumerate(others):
            kind, distance = other.type.get_canonical(), abs(number - place)
            if kind.kind in (*NUMBERS, *SCALARS):
                name = text[:len(text) - len(cursor.spelling)] + other.spelling
                one = known.setdefault(name, Field(name, bare(other.type), kind.kind in NUMBERS, 0, distance))
                one.distance = min(one.distance, distance)
                one.first_use = one.first_use or (span(cursor)[0] if not distance else 0)

    def other_values(self, cursor, place) -> None:
        """What is given a value gets another variable's, or what one points to."""
        kind = bare(place.type)
        for variable in self.names[self.name]:
            pointee = variable.type.get_canonical().get_pointee()
            for value in [variable.spelling] * (bare(variable.type) == kind) + [f"*{variable.spelling}"] * (bare(pointee) == kind):
                if value != self.text_of(place):
                    self.replace(cursor, f"{self.text_of(place)} = {value}", "value")

    def bounded(self, value, variable) -> None:
        """What a number begins with, but at most another variable, or a field of one; what a function of this file makes of one."""
        text = self.text_of(value)
        for other in self.names[self.name]:
            fields = [f"{other.spelling}.{f.spelling}" for f in other.type.get_canonical().get_fields() if bare(f.type) == bare(variable.type)]
            for most in [other.spelling] * (bare(other.type) == bare(variable.type)) + fields:
                if variable.type.get_canonical().kind in NUMBERS and most != text:
                    self.replace(value, f"({text}) < {most} ? ({text}) : {most}", "bound")
            for name, (given, gives) in self.functions.items():
                if given == [bare(other.type)] and gives == bare(variable.type):
                    self.replace(value, f"{name}({other.spelling})", "made by")

    def fill(self, place) -> None:
        """A function gives a field its value: the other fields of that structure may be forgotten."""
        for base in list(place.get_children())[:1]:
            joint = "->" if base.type.get_canonical().kind == ci.TypeKind.POINTER else "."
            for other in fields_of(place):
                if other.type.get_canonical().kind in NUMBERS:
                    self.filled.setdefault(self.name, {})[f"{self.text_of(base)}{joint}{other.spelling} = 0;"] = None

    def like_other_calls(self) -> None:
        """A call with what another one near it is given."""
        for one, two in itertools.permutations(self.calls.get(self.name, []), 2):
            given, others = list(one.get_arguments()), list(two.get_arguments())
            if len(given) < 2 or len(given) != len(others) or not all(map(self.is_plain, [*given, *others])) or \
                    [bare(a.type) for a in given] != [bare(a.type) for a in others]:
                continue
            self.add(span(given[0])[0], span(given[-1])[1], self.source[span(others[0])[0]:span(others[-1])[1]].decode(), "arguments")

    def one_off(self, value) -> None:
        if value.type.get_canonical().kind in NUMBERS:
            for change in ("+ 1", "- 1"):
                self.replace(value, f"({self.text_of(value)}) {change}", "one off")

    # ---- Sites ----

    def line_of(self, at: int) -> int:
        return self.source[:at].count(b"\n") + 1

    def function(self, cursor) -> None:
        body = next((child for child in cursor.get_children() if child.kind == K.COMPOUND_STMT), None)
        self.name, self.loops, self.walked = cursor.spelling, 0, {}
        self.names[self.name] = list(cursor.get_arguments())
        super().function(cursor)
        if body is not None:
            self.begins[self.name] = span(cursor)[0]
            self.add_predicate(cursor)
            self.functions[self.name] = [bare(a.type) for a in cursor.get_arguments()], bare(cursor.result_type)
            self.makers |= {self.name} if cursor.result_type.get_canonical().kind in NUMBERS else set()
            if not list(body.get_children()):
                self.site_before(span(body)[1] - 1)
                self.regions[-1].offer_all(self.passed_on(cursor), ADDED)
            self.like_other_calls()
            self.site_of(body)

    def passed_on(self, function) -> list[str]:
        """Of a function that does nothing: a call of what the library's headers declare and takes the same."""
        given, calls = [bare(a.type) for a in function.get_arguments()], []
        for other in function.translation_unit.cursor.get_children():
            if other.kind == K.FUNCTION_DECL and other.spelling != function.spelling and other.location.file is not None and \
                    Path(other.location.file.name).is_relative_to(self.root) and [bare(a.type) for a in other.get_arguments()] == given:
                calls.append(f"{other.spelling}({', '.join(a.spelling for a in function.get_arguments())});")
        return list(dict.fromkeys(calls))

    def region(self, start: int, end: int, kind: str) -> Region | None:
        text = self.source[start:end]
        if start >= end and kind != "before" or re.search(rb"^\s*#|//", text, re.MULTILINE):
            return None
        self.regions.append(Region(start, end, self.line_of(start), kind, self.name))
        return self.regions[-1]

    def ways_out(self) -> list[str]:
        constants = [c.spelling for c in self.returns.get_declaration().get_children() if c.kind == K.ENUM_CONSTANT_DECL]
        values = {ci.TypeKind.VOID: [""], ci.TypeKind.RECORD: [f"({self.returns.spelling}){{ 0 }}"], ci.TypeKind.ENUM: constants,
                  ci.TypeKind.POINTER: ["((void *)0)"]}.get(self.returns.kind, ["0", "1"])
        return [f"return {value};".replace(" ;", ";") for value in values] + ["continue;", "break;"] * (self.loops > 0)

    def goes_on(self, statement) -> list[str]:
        """Of a loop that ends with what its first round says: the loop that goes on."""
        values = list(statement.get_children())
        if statement.kind != K.RETURN_STMT or self.returns.kind != ci.TypeKind.BOOL or not self.loops or not values:
            return []
        value = self.flat(values[0])
        return [f"if ({value}) return 1; else continue;", f"if (!({value})) return 0; else continue;", *self.walks_on(value)]

    def walks_on(self, value: str) -> list[str]:
        """A loop that goes on from where a field says, until a variable is reached."""
        names = self.names[self.name]
        fields = [(f"{one.spelling}.{other.spelling}", bare(other.type)) for one in names for other in one.type.get_canonical().get_fields()
                  if other.type.get_canonical().kind in NUMBERS]
        return [f"if ({end.spelling} <= {text}) return {value}; {at.spelling} = {text};" for text, kind in fields
                for at, end in itertools.permutations(names, 2) if bare(at.type) == bare(end.type) == kind]

    def heeded(self, statement) -> list[str]:
        """Of a call whose answer is thrown away: a way out when it says no."""
        call = statement
        while call.kind in (K.CSTYLE_CAST_EXPR, K.UNEXPOSED_EXPR) and list(call.get_children()):
            call = list(call.get_children())[-1]
        if call.kind != K.CALL_EXPR or not self.is_plain(call) or call.type.get_canonical().kind not in (ci.TypeKind.BOOL, ci.TypeKind.ENUM):
            return []
        no = "!" if call.type.get_canonical().kind == ci.TypeKind.BOOL else ""
        return [f"if ({no}{self.text_of(call)}) {way}" for way in self.ways_out()]

    def to_all(self, statement) -> list[str]:
        """What is done to one element, done to all that a loop walks."""
        text = self.statement_text(statement)
        loop = "for (__SIZE_TYPE__ procbuf_i = 0; procbuf_i < {}; procbuf_i++) {}"
        return [loop.format(count, text.replace(f"[{index}]", "[procbuf_i]")) for index, count in self.walked.items() if f"[{index}]" in text]

    def statement_text(self, statement) -> str:
        """With its semicolon."""
        return self.source[span(statement)[0]:self.end_of(statement)].decode()

    def site_before(self, at: int) -> None:
        before = self.region(at, at, "before")
        if before is not None:
            before.offer_all(self.ways_out(), ADDED)

    def site_of(self, statement) -> None:
        """The sites of a statement, and of what is in it."""
        kind = statement.kind
        children = list(statement.get_children())
        if kind == K.COMPOUND_STMT:
            for child in children:
                if self.is_whole(child) and child.kind not in (K.NULL_STMT, K.CASE_STMT, K.DEFAULT_STMT, K.LABEL_STMT):
                    self.site_before(span(child)[0])
                self.site_of(child)
            if children and children[-1].kind not in (K.RETURN_STMT, K.BREAK_STMT, K.CONTINUE_STMT):
                self.site_before(span(statement)[1] - 1)  # its end
        elif kind == K.DECL_STMT:
            for variable in children:
                if variable.kind == K.VAR_DECL and variable.storage_class != ci.StorageClass.STATIC:
                    for value in list(variable.get_children())[-1:]:
                        if value.kind.is_expression():
                            self.value(value)
        elif kind in (K.IF_STMT, K.SWITCH_STMT, *LOOPS) and self.is_written(statement):
            is_loop = kind in LOOPS
            if kind == K.FOR_STMT and children[0].kind == K.DECL_STMT:
                self.site_of(children[0])
            for child in children:
                if child.kind.is_statement() and child.kind not in (K.DECL_STMT,) or child is children[-1]:
                    continue
                if kind != K.SWITCH_STMT and self.is_condition(child):
                    self.region(*span(child), "condition")
                    if is_loop and (walk := re.fullmatch(r"(\w+) < (.+)", self.text_of(child), re.DOTALL)):
                        self.walked[walk[1]] = walk[2]
            if kind == K.IF_STMT and len(children) == 2 and children[1].kind == K.RETURN_STMT:
                self.donors[self.flat_text(span(statement)[0], self.end_of(children[1]))] = self.name
            elif kind == K.IF_STMT and children[1].kind == K.COMPOUND_STMT and self.is_way_out(children[1]):
                self.donors[self.flat(children[1])] = self.name
            self.loops += is_loop
            bodies = children[1:] if kind == K.IF_STMT else children[-1:] if kind != K.DO_STMT else children[:1]
            for child in bodies:
                self.site_of(child)
            self.loops -= is_loop
        elif kind in (K.CASE_STMT, K.DEFAULT_STMT, K.LABEL_STMT):
            self.site_of(children[-1])
        elif kind == K.RETURN_STMT and (ways := self.goes_on(statement)):
            region = self.region(span(statement)[0], self.end_of(statement), "statement")
            if region is not None:
                region.offer_all(ways, CHANGED)
        elif kind == K.RETURN_STMT and self.returns.kind == ci.TypeKind.BOOL and children and self.is_condition(children[0]):
            self.region(*span(children[0]), "condition")
        elif kind != K.NULL_STMT and self.is_whole(statement):
            region = self.region(span(statement)[0], self.end_of(statement), "statement")
            if region is not None:
                region.offer_all(self.heeded(statement), ADDED)
                region.offer_all(self.to_all(statement), CHANGED)
            text = " ".join(self.statement_text(statement).split())
            is_action = kind in (K.BINARY_OPERATOR, K.CALL_EXPR, K.COMPOUND_ASSIGNMENT_OPERATOR) and self.is_plain(statement)
            if is_action or text.startswith("PROCBUF_REQUIRE"):
                self.donors[text] = self.name
            if is_action and kind == K.BINARY_OPERATOR:
                self.assignments.append((text, self.name))

    def is_way_out(self, block) -> bool:
        """Whether it does something, and then leaves the function."""
        statements = list(block.get_children())
        return len(statements) > 1 and statements[-1].kind == K.RETURN_STMT and self.is_plain(block)

    def is_condition(self, expression) -> bool:
        """Whether it says yes or no, and changes nothing of its own."""
        return bool(expression.kind.is_expression() and expression.type.kind in (ci.TypeKind.BOOL, ci.TypeKind.INT) and
                    self.is_plain(expression) and not re.search(r"\+\+|--|[^=!<>]=[^=]", self.text_of(expression)))

    def is_written(self, statement) -> bool:
        """Whether its keyword is there, not a macro's name."""
        text = self.text_of(statement)
        return self.is_plain(statement) and text.startswith(("if", "while", "for", "do ", "switch"))

    def value(self, expression) -> None:
        """Of what a variable begins with; of a list, of each of its values."""
        if expression.kind == K.INIT_LIST_EXPR:
            for child in expression.get_children():
                below = [c for c in child.get_children() if c.kind.is_expression()]
                self.value(below[-1] if child.kind == K.UNEXPOSED_EXPR and below and self.text_of(child).startswith(".") else child)
        elif self.is_plain(expression) and not self.text_of(expression).startswith((".", "{")):
            self.region(*span(expression), "value")

    def add_donors(self, region: Region) -> None:
        """What other places of the file do, done before a statement, too; and what they change, 0 again."""
        resets = [f"{place[1]} = 0;" for text in self.donors if (place := re.match(r"([\w.>*-]+) [-+|&]?= ", text))]
        follows = self.flat_text(region.start, region.start + MOST_DONATED)
        for text in dict.fromkeys([*self.donors, *self.like_others(region), *resets, *self.filled.get(region.function, []),
                                   *self.emptied(region)]):
            if len(text) <= MOST_DONATED and self.is_known(text, region) and not follows.startswith(text):
                region.offer(text, MOVED if self.donors.get(text) == region.function else ADDED)

    def emptied(self, region: Region) -> list[str]:
        """What the function may change, made empty."""
        pointees = [(v.spelling, v.type.get_canonical().get_pointee()) for v in self.names.get(region.function, [])
                    if v.type.get_canonical().kind == ci.TypeKind.POINTER]
        return [f"*{name} = ({kind.spelling}){{ 0 }};" for name, kind in pointees
                if kind.kind == ci.TypeKind.RECORD and not kind.is_const_qualified()]

    def scalars(self, region: Region) -> list[str]:
        """Variables that are 0 or not."""
        return list(dict.fromkeys(variable.spelling for variable in self.names.get(region.function, [])
                                  if variable.type.get_canonical().kind != ci.TypeKind.RECORD))

    def add_guards(self, region: Region) -> None:
        """What may be the condition of a way out that is missing: variables, what the file asks near by, fields, and how what the
        function knows compares. Of a condition, what it may ask first."""
        near = sorted((o for o in self.operands if len(o) <= MOST_DONATED // 2), key=lambda o: abs(self.operands[o] - region.start))
        asked = [*self.scalars(region)[:MOST_GUARDS // 4], *self.asked(region)[:MOST_GUARDS // 4], *near[:MOST_GUARDS // 2]]
        asked = asked * (region.kind == "before") + self.fields_of(region) + self.comparisons(region)
        asked = [one[1:] if re.fullmatch(r"![\w.>()-]+", one) else one for one in asked]
        region.guards = [no + f"({one})" for one in dict.fromkeys(asked) if self.is_known(one, region) for no in ("", "!")]

    def in_scope(self, region: Region) -> list:
        return [variable for variable in self.names.get(region.function, []) if span(variable)[0] < region.start]

    def known_fields(self, region: Region) -> list[Field]:
        """Of variables that are declared before it: those that the function mentions, the nearest first, then those next to them."""
        names = {variable.spelling for variable in self.in_scope(region)}
        fields = [one for one in self.fields.get(region.function, {}).values() if re.split(r"\W", one.text)[0] in names]
        return sorted(fields, key=lambda one: (one.distance, abs(one.first_use - region.start)))

    def fields_of(self, region: Region) -> list[str]:
        """Fields that are 0 or not; or, of numbers, all ones."""
        fields = self.known_fields(region)[:MOST_FIELDS]
        wide = [one.text for one in fields if one.is_number and one.first_use]
        return [one.text for one in fields] + [f"~{text}" for text in wide[:MOST_FIELDS // 3]]

    def comparisons(self, region: Region) -> list[str]:
        """How variables and fields of one type compare."""
        values = [Field(v.spelling, bare(v.type), v.type.get_canonical().kind in NUMBERS, 1) for v in self.in_scope(region)
                  if v.type.get_canonical().kind in (*NUMBERS, *SCALARS)]
        fields = self.known_fields(region)
        used = [one for one in fields if one.first_use]
        pairs = [*itertools.product(values, used), *itertools.combinations(values, 2), *itertools.combinations(used, 2),
                 *itertools.product(values, fields)]
        pairs = list({(one.text, two.text): (one, two) for one, two in pairs if one.kind == two.kind and one.text != two.text}.values())
        return [f"{one.text} {order} {two.text}" for one, two in pairs[:MOST_COMPARED] for order in ("<>" if one.is_number else ["=="])]

    def add_replaced(self, region: Region) -> None:
        """Another variable gets the value, as elsewhere in this file."""
        text = self.flat_text(region.start, region.end)
        if region.kind != "statement" or not re.match(r"[\w>.*-]+( =|\()", text):
            return
        values = dict.fromkeys(re.findall(r"\b(?:PROCBUF_[A-Z_]+|[a-z_]+)\b(?![(.>=-])", text))
        for place in dict.fromkeys(one.split(" = ")[0] for one, _ in self.assignments if " = " in one):
            for value in list(values)[:MOST_ASKED]:
                if place != value and f"{place} = {value};" != text:
                    region.offer(f"{place} = {value};", CHANGED)
        for place, kind in self.places.items():
            for variable in self.in_scope(region):
                if bare(variable.type) == kind and f"{place} = {variable.spelling};" != text and place != variable.spelling:
                    region.offer(f"{place} = {variable.spelling};", CHANGED)

    def is_known(self, text: str, region: Region) -> bool:
        """Whether what it calls was declared before; a call of the function itself would not end."""
        return all(self.begins.get(name, 0) < region.start and name != region.function for name in re.findall(r"\w+(?=\()", text))

    def like_others(self, region: Region) -> list[str]:
        """Assignments of the same function, done to another parameter: *len = old.len as *addr = old.addr."""
        names = [variable.spelling for variable in self.names.get(region.function, [])]
        return [re.sub(rf"\b{one}\b", two, text) for text, place in self.assignments if place == region.function
                for one in names for two in names if one != two and re.search(rf"\b{one}\b", text)]

    def add_joined(self, region: Region) -> None:
        """A condition with one more, which the file has near by: what was dropped may be elsewhere."""
        text = self.flat_text(region.start, region.end)
        if region.kind != "condition":
            return
        near = sorted(self.operands, key=lambda o: abs(self.operands[o] - region.start))
        near = [o for o in near if len(o) <= MOST_DONATED // 2][:MOST_JOINED] + self.asked(region) + self.scalars(region)[:MOST_ASKED]
        near = [o for o in dict.fromkeys(near) if o not in text and self.is_known(o, region)]
        for other in near + [f"!({o})" for o in near if not o.startswith("!")]:
            for operator in ("&&", "||"):
                region.offer(f"({text}) {operator} ({other})", JOINED)

    def asked(self, region: Region) -> list[str]:
        """What a function that says yes or no can be asked here."""
        names: dict[str, list[str]] = {}
        for variable in self.names.get(region.function, []):
            names.setdefault(bare(variable.type), []).append(variable.spelling)
        return [f"{function}({', '.join(given)})" for function, types in self.predicates.items() if types
                for given in [given for given in itertools.product(*(names.get(kind, []) for kind in types))
                              if len(set(given)) == len(given)][:MOST_ASKED]]

    def add_required(self, region: Region, rule: str) -> None:
        """A requirement that is not asked, never met, or asked in other words: a macro has no tree."""
        text = self.flat_text(region.start, region.end)
        condition = text[text.index(",") + 1:text.rindex(")")].strip()
        others = [f"PROCBUF_REQUIRE({rule}, 0);"]
        for operator in re.finditer(r"[<>=!]=|&&|\|\||(?<!-)[<>]|(?<=\w )[-+](?= )", condition):
            for other in BINARY.get(operator[0], []):
                others.append(f"PROCBUF_REQUIRE({rule}, {condition[:operator.start()]}{other}{condition[operator.end():]});")
        parts = condition.split(" && ")
        for number in range(len(parts) if len(parts) > 1 else 0):
            others.append(f"PROCBUF_REQUIRE({rule}, {' && '.join(parts[:number] + parts[number + 1:])});")
        names = [variable.spelling for variable in self.names.get(region.function, [])]
        for compared in re.finditer(r"([\w.>-]+) [<>=!]=? ([\w.>-]+)(?![\w.(>-])", condition):
            others += [f"PROCBUF_REQUIRE({rule}, {condition[:compared.start()]}{compared[1]} == {name}{condition[compared.end():]});"
                       for name in names]
        for word in re.finditer(r"(?<![\w.>])(NULL|[a-z]\w*)(?!\w*\()", condition):
            others += [f"PROCBUF_REQUIRE({rule}, {condition[:word.start()]}{name}{condition[word.end():]});"
                       for name in names if name != word[0]]
        region.offer(";", CHANGED, said="(deleted)")
        region.offer_all(others, CHANGED)

    def add_uncut(self, region: Region) -> None:
        """Nothing in it cut: one cut alone may be hidden by another."""
        cuts = [m for m in self.found.values() if m.operator == CUTS and region.start <= m.start and m.end <= region.end]
        text, line = self.source[region.start:region.end], self.line_of(region.start)
        apart: list[Mutant] = []
        for cut in sorted(cuts, key=lambda m: (m.start, -m.end)):
            if not apart or cut.start >= apart[-1].end:
                apart.append(cut)
        for cut in reversed(apart if len(apart) > 1 else []):
            text = text[:cut.start - region.start] + cut.text.encode() + text[cut.end - region.start:]
            line = self.line_of(cut.start)
        if len(apart) > 1:
            region.offer(text.decode(), CHANGED, line)

    def sort_in(self, found: list[Mutant]) -> None:
        """Each mutant into the smallest region that holds it."""
        for mutant in found:
            holds = [r for r in self.regions if r.kind != "before" and r.start <= mutant.start and mutant.end <= r.end]
            if mutant.operator in LEFT_OUT or not holds:
                continue
            region = min(holds, key=lambda r: r.end - r.start)
            text = (self.source[region.start:mutant.start] + mutant.text.encode() + self.source[mutant.end:region.end]).decode()
            region.offer(text, CHANGED, self.line_of(mutant.start))
        for region in self.regions:
            region.short_first()
            self.add_uncut(region)
            self.add_joined(region)
            self.add_replaced(region)
            region.other_constants_last(self.source[region.start:region.end].decode(errors="replace"))
            required = re.match(r"PROCBUF_REQUIRE\((\w+),", self.source[region.start:region.end].decode())
            asserted = re.fullmatch(r"PROCBUF_VERIFY\((.+)\);", self.source[region.start:region.end].decode(), re.DOTALL)
            if region.kind == "statement" and required:
                self.add_required(region, required[1])
            elif region.kind == "statement" and asserted and not self.flags:
                region.offer(f"(void)({asserted[1]});", CHANGED)  # as shipped, what an assertion asks is not done
            elif region.kind == "before" and self.path.suffix == ".c":
                self.add_donors(region)
            if region.kind in ("before", "condition"):
                self.add_guards(region)

    def rewritten(self) -> tuple[bytes, list[Site]]:
        """What compiles of it: a variant that does not is left out, as a region that cannot hold a switch."""
        self.sort_in(self.run())
        kept: list[Region] = []
        for region in sorted(self.regions, key=lambda r: (r.start, r.kind != "before", r.end)):
            if not kept or region.start >= kept[-1].end:  # else it is in another one
                kept.append(region)
        if len(kept) >= SITES_OF_A_FILE:
            raise ToolError(f"{self.path}: too many statements")
        for _ in range(MOST_PASSES):
            text, spans = self.joined(kept)
            if not (errors := self.errors_in(text)):
                return text, [self.site(number, region) for number, region in enumerate(kept)]
            self.leave_out(kept, spans, errors)
        raise ToolError(f"{self.path}: its copy with switches does not compile")

    def site(self, number: int, region: Region) -> Site:
        original = self.source[region.start:region.end].decode()
        return Site(self.first + number, self.file, region.line, region.line + original.count("\n"), region.function, region.kind,
                    " ".join(original.split()), region.variants, region.guards)

    def joined(self, regions: list[Region]) -> tuple[bytes, list[tuple[int, int, Region, int | None]]]:
        """The file with these regions switched, and where in it each variant is, and the whole of each region."""
        out, at = bytearray(PROLOGUE.encode()), 0
        spans: list[tuple[int, int, Region, int | None]] = []
        for number, region in enumerate(regions):
            original = self.source[region.start:region.end]
            out += self.source[at:region.start]
            begin = len(out)
            for part, variant in self.parts(region, self.first + number, original):
                if variant is not None:
                    spans.append((len(out), len(out) + len(part), region, variant))
                out += part
            spans.append((begin, len(out), region, None))
            at = region.end
        return bytes(out + self.source[at:]), spans

    @staticmethod
    def parts(region: Region, number: int, original: bytes) -> list[tuple[bytes, int | None]]:
        """What replaces a region, piece by piece; with each variant its number."""
        head = f"unsigned procbuf_v = procbuf_site({number});".encode()
        texts = [" ".join(text.splitlines()) for text in region.texts]
        if region.kind in ("condition", "value"):
            # An assignment each: what is of another type is then that variant's error.
            out: list[tuple[bytes, int | None]] = [(b"({ " + head + b" __typeof__((0, (" + original + b"))) procbuf_value;", None),
                                                   *Rewriter.guarded(region), (b" if (!procbuf_v) procbuf_value = (" + original + b");", None)
                                                   ] if texts else [(b"({ " + head + b" (" + original + b");", None)]
            out += [(f" else if (procbuf_v == {n + 1}) procbuf_value = ({text});".encode(), n) for n, text in enumerate(texts)]
            out.append((b" procbuf_value; })" if texts else b" })", None))
        else:
            out = [(b"{ " + head + b" if (!procbuf_v) {", None), (original + b" } else {", None), *Rewriter.guarded(region)]
            out += [(f" if (procbuf_v == {WANTED}) procbuf_wanted();".encode(), None)] * (region.kind == "before")
            out += [(f" if (procbuf_v == {n + 1}) {{ {text} }}{' else' * (n + 1 < len(texts))}".encode(), n) for n, text in enumerate(texts)]
            out.append((b" } }", None))
        if region.kind == "condition":
            out = [(f"procbuf_decided({number}, ".encode(), None), *out, (b")", None)]
        return out

    @staticmethod
    def guarded(region: Region) -> list[tuple[bytes, int | None]]:
        """The variant is off where its guard says no."""
        if not region.guards:
            return []
        return [(b" if (procbuf_v && (", None),
                *((f"procbuf_guard == {n + 1} ? !({guard}) : ".encode(), GUARD + n) for n, guard in enumerate(region.guards)),
                (b"0)) procbuf_v = 0;", None)]

    def errors_in(self, text: bytes) -> list[int]:
        """Where the compiler says that something is wrong."""
        unit = ci.Index.create().parse(
            str(self.path), args=[*arguments(), "-ferror-limit=0", *self.flags, "-DPROCBUF_EXITS_ARE_COMPARED", "-I", str(self.root / "include")],
            unsaved_files=[(str(self.path), text.decode())])
        return [d.location.offset for d in unit.diagnostics if d.severity >= ci.Diagnostic.Error
                and d.location.file is not None and d.location.file.name == str(self.path)]

    @staticmethod
    def leave_out(regions: list[Region], spans: list[tuple[int, int, Region, int | None]], errors: list[int]) -> None:
        wrong: dict[int, set[int]] = {}
        wholes = sorted((s for s in spans if s[3] is None), key=lambda s: s[0])
        variants_at = sorted((s for s in spans if s[3] is not None), key=lambda s: s[0])
        for error in errors:
            place = bisect.bisect_right(variants_at, error, key=lambda s: s[0]) - 1
            if place >= 0 and error < variants_at[place][1]:
                wrong.setdefault(id(variants_at[place][2]), set()).add(variants_at[place][3] or 0)
                continue
            place = bisect.bisect_right(wholes, error, key=lambda s: s[0]) - 1
            if place < 0 or error >= wholes[place][1]:
                place += 1  # what a variable begins with, and its name is blamed
            if place < len(wholes):
                wrong.setdefault(id(wholes[place][2]), set()).add(-1)
        for region in list(regions):
            variants = wrong.get(id(region), set())
            if variants == {-1} and not region.texts:
                regions.remove(region)
            elif variants == {-1}:
                region.texts, region.variants, region.guards = [], [], []
            elif variants:
                region.texts = [t for n, t in enumerate(region.texts) if n not in variants]
                region.variants = [t for n, t in enumerate(region.variants) if n not in variants]
                region.guards = [t for n, t in enumerate(region.guards) if GUARD + n not in variants]


# ---- A whole library ----

_known: dict[tuple, tuple[bytes, list[Site]]] = {}
"""Of files that were rewritten before, with the same headers: most of a library that differs in one."""


def _rewritten(path: Path, lib: Path, first: int, headers: str, flags: Sequence[str]) -> tuple[bytes, list[Site]]:
    key = (path.name, first, path.read_bytes(), headers, tuple(flags))
    if key not in _known:
        _known[key] = Rewriter(path, lib, first, flags).rewritten()
    return _known[key]


def rewrite(lib: Path, folder: Path, flags: Sequence[str] = CHECKED) -> list[Site]:
    """Write a copy of a library with switches; what is there and the same stays. Returns: its sites."""
    if ci is None:
        raise ToolError("Python's clang.cindex is missing: run fuzz/setup/install")
    files: dict[str, bytes] = {str(path.relative_to(lib)): path.read_bytes()
                               for part in ("src", "include") for path in (lib / part).rglob("*.h")}
    headers = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
    sites: list[Site] = []
    for place, path in enumerate(sorted([*(lib / "src").glob("*.c"), *(lib / "src").glob("*.h")])):
        text, found = _rewritten(path, lib, place * SITES_OF_A_FILE, headers, flags)
        # Copies of what is inlined take long to compile.
        files[str(path.relative_to(lib))] = re.sub(rb"\balways_inline\b", b"unused", text if found else path.read_bytes())
        sites += found
    if not sites:
        raise ToolError(f"{lib}: nothing in it can have a switch")
    files["src/switches.c"] = f"extern const unsigned procbuf_site_count;\nconst unsigned procbuf_site_count = {sites[-1].number + 1};\n".encode()
    for name in ("variants", "guards", "places"):
        counts = "\n".join(f"[{site.number}] = {len(getattr(site, name))}," for site in sites)
        files["src/switches.c"] += (f"extern const unsigned short procbuf_site_{name}[];\n"
                                    f"const unsigned short procbuf_site_{name}[] = {{\n{counts}\n}};\n").encode()
    for name, octets in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != octets:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(octets)
    for path in [path for path in folder.rglob("*.[ch]") if str(path.relative_to(folder)) not in files]:
        path.unlink()
    return sites
