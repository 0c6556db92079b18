"""A finding as a Criterion test in C, which calls the library's public functions alone. procbuf-emit says what each call
is and must answer; this writes it down with names for addresses and numbers, what it needs of support.h, and what the bug was."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .replay import members_of, text_of
from .tools import Build, ToolError, run

SUPPORT = Path(__file__).resolve().parents[1] / "emit/support.h"
WIDTH = 100
NAMELESS = 1 << 24
"""Larger numbers are rather distances, to a place or to the end of all numbers."""


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


class Program:
    """The functions of a test, from what procbuf-emit prints: a word and fields in each line; a statement has no word."""

    def __init__(self, identity: str):
        self.checks_kept = " check=written-on-refusal " in identity
        self.places: dict[str, int] = {}  # of all programs: where they begin
        self.bodies: list[str] = []
        self.programs: list[str] = []
        self.calls: list[tuple[str, bool]] = []  # that have not been answered, innermost last; whether they show the bug
        self.functions: list[list[str]] = []  # that are not whole yet

    # Names of addresses and numbers

    def on_program(self, most: str, memory: str, foreign: str, foreign_end: str) -> None:
        self.most, self.memory, self.foreign, self.foreign_end = (int(word, 16) for word in (most, memory, foreign, foreign_end))
        self.here: dict[str, range] = {}
        self.lengths: dict[int, str] = {}  # those that lead up to a place: they may come back
        self.functions.append([])

    def on_place(self, name: str, start: str, length: str) -> None:
        """Where an earlier program has it elsewhere, it has another name."""
        at, copy, free = int(start, 16), 2, name
        while self.places.get(free, at) != at:
            free, copy = f"{name}_{copy}", copy + 1
        self.places[free], self.here[free] = at, range(at, at + int(length, 16))

    def address(self, addr: int) -> str:
        if addr == 0 or addr > self.most - 4096:
            return beyond("UINTPTR_MAX", addr - self.most) if addr else "0"
        for at_end in (0, 1):
            for name, place in self.here.items():
                if place.start <= addr < place.stop + at_end:
                    return beyond(name, addr - place.start)
        if self.foreign <= addr <= self.foreign_end:
            return beyond("FOREIGN", addr - self.foreign)
        return beyond("MEMORY", addr - self.memory) if abs(addr - self.memory) < 1 << 20 else f"(procbuf_addr_t)0x{addr:x}"

    def number(self, value: int, signed: bool, counted_from: str | None) -> str:
        if value <= NAMELESS or (signed and self.most - value < NAMELESS):
            return str(value if value <= NAMELESS else value - self.most - 1)
        if counted_from:
            start = int(counted_from, 16)
            self.lengths[value] = f"({self.address(value + start & self.most)} - ({self.address(start)}))"
        elif value > self.most - 4096 and not signed:
            return beyond("SIZE_MAX", value - self.most)
        return f"({'intptr_t' if signed else 'size_t'}){self.lengths.get(value, hex(value))}"

    def named(self, text: str) -> str:
        return re.sub(r"([@#~])([0-9a-f]+)(?::([0-9a-f]+))?", lambda found: self.address(int(found[2], 16)) if found[1] == "@" else
                      self.number(int(found[2], 16), found[1] == "~", found[3]), text)

    # Functions

    def on_(self, text: str) -> None:
        """A statement, in lines of at most WIDTH columns, where commas let it."""
        rest, indent = self.named(text) + (";" if not text.startswith("for ") else ""), 4
        while len(rest) > WIDTH - indent and (comma := rest.rfind(", ", 0, WIDTH - indent + 1)) > 0:
            self.functions[-1].append(f"{' ' * indent}{rest[:comma + 1]}\n")
            rest, indent = rest[comma + 2:], 8
        self.functions[-1].append(f"{' ' * indent}{rest}\n")

    def on_program_ends(self) -> None:
        self.programs.append("".join(self.functions.pop()))

    def on_create(self, slot: str, _word: str, _fails: str, template: str, *facts: str) -> None:
        config = template[template.index("(struct"):template.rindex("}") + 1]
        self.on_(f"create(&table, {slot}, {expanded(config, *facts)})")

    def on_body(self) -> None:
        self.functions.append([])

    def on_body_ends(self, name: str, parameters: str, passed: str) -> None:
        self.bodies.append(f"static unsigned {name}_runs;\n\nstatic void {name}({parameters})\n{{\n{''.join(self.functions.pop())}}}\n\n")
        template, fails = self.calls.pop()
        self.calls.append((template.replace("$B", passed), fails))

    # Calls, and what they must answer

    def on_call(self, fails: str, template: str, *facts: str) -> None:
        self.calls.append((self.named(expanded(template, *facts)), fails == "1"))

    def on_first(self, _fails: str, template: str, *facts: str) -> None:
        """What begins an operation of many calls."""
        self.on_(expanded(template.split("; ")[0], *facts))

    def on_next(self, fails: str, template: str, *facts: str) -> None:
        self.on_call(fails, template.split("; ")[1], *facts)

    def on_answer(self, kind: str, name: str, reason: str, refused: str, *values: str) -> None:
        template, fails = self.calls.pop()
        first, *others = template.replace("$B", "NULL").replace("$N", values[0] if values else "$!").split("; ")
        place = re.search(r"&([^&),]*)\)[^&]*$", first)
        kept = place[1] if place and fails and self.checks_kept and refused == "1" else ""
        statements = [f"memset(&{kept}, 0x5a, sizeof {kept})"] if kept.startswith("told.") else []
        statements += [f"KEEP({kept})"] if kept else []
        statements += [asserted(first, kind, name, reason, values)] if first else []
        statements += [f"MUST_BE_KEPT({kept})"] if kept else []
        statements += told(first, list(values))
        for statement in statements + [other for other in others if "$!" not in other and kind != "P"]:
            self.on_(statement)


RIGHTS = {"read": "READ", "write": "READ_WRITE"}
WORD = re.compile(r"\$([A-Za-z\d])|(?<![\w.])([a-z_]+)\((\d(?:, \d)*)\)")
CHOICE = re.compile(r"(either|cut)\((procbuf_.*\)), (procbuf_.*)\)")


def expanded(template: str, writable_slices: str, *facts: str) -> str:
    """What an operation looks like in C: p(2) is the process that operand 2 names, $2 the operand's name, and a letter what
    else is known of the call."""
    known = {fact[0]: fact[1:] for fact in facts}
    cuts_writable = known["T"] == "writable"

    def number(k: str) -> int:
        return int(known[k].split(":")[0], 16)

    def buffer(k: str) -> str:
        return f"{'ro' if number(k) < 8 else 'rw'}[{number(k) % 8}]"

    def word(name: str, k: str, *more: str) -> str:
        match name:
            case "p": return f"p{number(k)}"
            case "h": return buffer(k)
            case "o" | "rs" | "ws" | "d" | "v": return f"{ {'o': 'ro', 'rs': 's', 'd': 'id', 'v': 'drivers'}.get(name, name)}[{number(k)}]"
            case "w": return f"rw[{number(k) % 8}]"
            case "cs": return f"{'w' * cuts_writable}s[{number(k)}]"
            case "s" if (cuts_writable if k == "1" else writable_slices[number(k)] == "1"):
                return f"procbuf_writable_as_readable(ws[{number(k)}])"
            case "s": return f"s[{number(k)}]"
            case "a": return f"@{known[k]}"
            case "z": return f"~{known[k]}"
            case "n" | "i" | "u" | "b": return f"#{known[k]}"
            case "c": return f"&(uint32_t){{ {number(k) - 1} }}" if number(k) else "NULL"
            case "t": return f"PROCBUF_ACCESS_{RIGHTS[known[k]]}"
            case "q": return f"PROCBUF_FAULT_{known[k].upper()}"
            case "g": return str(1 << number(k)) if number(k) < 24 else f"(UINT64_C(1) << {number(k)})"
            case "error": return f"(enum procbuf_error){known['P']}"
            case "memory": return known["M"]
            case "out" | "in" | "scratch":
                return beyond(f"{known['K']}_{name.upper()}", number(more[0]) if more else 0) if number(k) else "NULL"
            case "driver": return f"&drivers[{number(k)}]" if known["F"] != "NULL" else "NULL"
            case "held": return f"&held[{number(k)}]"
            case "map": return f"&maps[{number(k)}]" if number(k) < 2 else "NULL"
            case "lender": return f"lent_by(procbuf_lender_{known[more[1]]}({word('map', k)}, foreign_id({word('u', more[0])})))"
            case "regions_of": return f"&regions[{4 * number(k)}]" if number(more[0]) else "NULL"
            case "left": return str(min(number(k), 8 - number("1")))
        raise CannotEmit(f"ops.def has a word that C has not: {name}")

    def chosen(found: re.Match[str]) -> str:
        return found[2] if (buffer("1")[:2] == "ro" if found[1] == "either" else cuts_writable) else found[3]

    def letter(name: str) -> str:
        return {"B": "$B", "N": "$N", "t": known["T"], "h": "readonly" if name == "h" and buffer("1")[:2] == "ro" else "readwrite"}.get(
            name, known.get(name, "$!"))

    return WORD.sub(lambda found: letter(found[1]) if found[1] else word(found[2], *found[3].split(", ")), CHOICE.sub(chosen, template))


def beyond(name: str, distance: int) -> str:
    return f"{name} {'-' if distance < 0 else '+'} {abs(distance)}" if distance else name


def asserted(call: str, kind: str, name: str, reason: str, values: tuple[str, ...]) -> str:
    """A call, and what it must answer. A first letter says more: '=' it returns a value, '?' why not, '@' what allow does."""
    how, bare = call[0], call.lstrip("=?@")
    if kind == "P":
        return f"PANICS({bare})"
    if how == "@":
        return f"expect_allow({bare}, PROCBUF_{name}, {values[0]}, {values[1]})"
    if how == "=":
        value = values[0] if values else "NULL"
        is_text = value.startswith('"')
        return f"cr_assert_{'str_eq' if is_text else 'eq'}({bare}, {value})"
    if how == "?" or kind in "CE":
        return f"cr_assert_eq({bare}, PROCBUF_{reason if how == '?' else name})"
    return {"Y": f"cr_assert({bare})", "N": f"cr_assert_not({bare})"}.get(kind, bare)


ORDERS = {"#0": "< 0", "#1": "== 0", "#2": "> 0"}


def told(call: str, values: list[str]) -> Iterator[str]:
    """What it is passed: the places in which it differs are listed, in order."""
    for place in re.findall(r"&(told\.(?!iter|\w+able)\w+)", call):
        if values and place == "told.order":
            yield f"cr_assert(told.order {ORDERS[values.pop(0)]})"
        elif values and place == "told.pair":
            yield f"cr_assert(told.pair.addr == {values.pop(0)} && told.pair.len == {values.pop(0)})"
        elif values:
            yield f"cr_assert_eq({place}, {values.pop(0)})"


# What programs need of support.h

DEFINED = re.compile(r"^(?:static|typedef)\b(?: _Alignas\(\d+\))?[^;=([{\n]*?(\w+)(?: =|[;([])|^#define (\w+)|^} (\w+)|^struct (\w+) \{|^[A-Z_]+\((\w+)\);",
                     re.MULTILINE)
ALONE = re.compile(r"static .*;|#define .*[^\\]$|[A-Z_]+\(\w+\);")
MARK = re.compile(r" ?/\* \[(\S*)\] \*/")
IGNORED = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\])*"|#include [^\n]*', re.DOTALL)


def defined(text: str) -> set[str]:
    return {next(filter(None, names)) for names in DEFINED.findall(text)}


def used(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w.>])[A-Za-z_]\w*|\bprivate_\b", IGNORED.sub("", text)))


class Line(NamedTuple):
    text: str
    needs: list[set[str]]
    """Of each set, that a name is used, or that one after a '!' is not."""


def is_needed(line: Line, names: set[str]) -> bool:
    return all(any((name[0] != "!") == (name.lstrip("!") in names) for name in either) for either in line.needs)


def paragraphs() -> Iterator[list[Line]]:
    for text in SUPPORT.read_text().strip().split("\n\n")[1:]:  # the first one is about the file
        mark = re.match(MARK.pattern + "\n", text)
        own, text = set(mark[1].split("|") if mark else ()), text[mark.end() if mark else 0:]
        lines = []
        for line in text.split("\n"):
            needs = own or defined(line if ALONE.match(line) else text)
            lines.append(Line(MARK.sub("", line), [*([needs] if needs else []), *(set(more.split("|")) for more in MARK.findall(line))]))
        yield lines


def support(program: str) -> str:
    """What the program uses, and what that uses."""
    parts, text, before = list(paragraphs()), "", "?"
    while text != before:
        before, names = text, used(text + program)
        text = "\n\n".join(filter(None, ("\n".join(line.text for line in lines if is_needed(line, names)) for lines in parts))) + "\n"
    return re.sub('#include "(.*)"', lambda found: (SUPPORT.parent / found[1]).read_text().strip(), text)  # it uses the library alone


def c_file(identity: str, program: Program) -> str:
    functions = "".join(program.bodies)
    whole = functions + "".join(program.programs)
    names = used(whole)
    needed = support(whole)
    lines = [f"#define {name} (MEMORY + {start - program.memory})" for name, start in program.places.items() if name in names]
    lines += [f"static struct procbuf_process *const p{slot} = &processes[{slot}];" for slot in range(8) if f"p{slot}" in names]
    body = program.programs[0]
    if (count := len(program.programs)) > 1:
        registers = re.findall(r"^static struct procbuf_\w+ (\w+)(?:\[|;)", needed, re.MULTILINE)
        forgotten = "".join(f"    memset(&{name}, 0, sizeof {name});\n" for name in registers)
        functions += f"/* A program knows nothing of those before it. */\nstatic void forget(void)\n{{\n{forgotten}}}\n\n"
        for m, text in enumerate(program.programs, 1):
            forgets = "    forget();\n" if m > 1 else ""
            functions += f"static void program_{m}(void)\n{{\n{forgets}{text}}}\n\n"
        body = "".join(f"    program_{m}();\n" for m in range(1, count + 1))
    name = re.sub(r"\W", "_", "__".join(re.findall(r"=(\S*)", identity)))
    return "\n".join([needed, *lines, "", f"{functions}Test(found, {name}, .timeout = 10)\n{{\n{body}}}\n"])


def criterion_test(built: Build, text: str, identity: str, report: str) -> str:
    """The C file. `report` is what the replay said, with its explanation."""
    if why := unseen(identity):
        raise CannotEmit(why)
    command: list[object] = [built.tool("procbuf-emit")]
    if " kind=hang " not in identity:
        command += ["--operation", failing_operation(report)]
    if member := member_in(report):
        text = text_of(members_of(text)[:member])
    done = run([*command, identity, "-"], stdin=text.encode(errors="surrogateescape"))
    if done.returncode != 0:
        raise CannotEmit(done.stderr.strip())
    program = Program(identity)
    for word, *fields in (line.split("\t") for line in done.stdout.splitlines()):
        getattr(program, f"on_{word}")(*fields)
    lines = ["", *story(identity, report), "",
             "It needs the library's headers, the library, and Criterion: the port is below.", *needs(identity)]
    return "\n".join(["/* A finding of the fuzzers.", *(f" * {line}".rstrip() for line in lines), " */", c_file(identity, program)])
