"""A finding as a Criterion test in C, which calls the library's public functions alone. procbuf-emit says what each call
is and must answer; this writes it down with names for addresses and numbers, what it needs of support.h, and what the bug was."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .parts import parts_of
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
    parts, member = parts_of(report), member_in(report)
    said = {"Expected: %s": parts.expected, "Actual: %s": parts.actual, "Broke rule %s of lib/CONTRACT.md.": parts.rule, "%s": identity,
            "It shows in program %s only after those before it have run in the same process.": member}
    program = [line[:WIDTH - 3].rstrip() for line in parts.program.split("\n\n")[0].splitlines()[1:] if not line.startswith("->    (")]
    lines = [line % what for line, what in said.items() if what]
    lines += ["", f"Program {member}:" if member else "The program:", *program] if program else []
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
    " kind=ubsan-": "It needs UBSan to fail: clang -fsanitize=undefined,integer,implicit-conversion -fno-sanitize-recover=all.",
    " kind=msan-": "It needs MSan to fail for sure: clang -fsanitize=memory.",
}
"""What a build needs to see a bug, where a plain one may not."""

UNSEEN = {
    " check=static ": "what the library keeps in memory of its own cannot be seen from outside",
    " check=part-not-fetched ": "which bytes were fetched cannot be seen from outside",
    " check=ids-of-two-foreign-tables ": "a C test has one foreign table",
    " check=outer-grant-data ": "a C test asks for the data of a grant before anything else happens in its body",
}


def unseen(identity: str) -> str:
    """Why a C test alone cannot see this bug; '' if it may."""
    return next((why for part, why in UNSEEN.items() if part in identity), "")


LENT = {"enter": "struct procbuf_readable lent, ", "mut_enter": "struct procbuf_writable lent, ",
        "driver_enter": "const struct procbuf_grant *lent, "}
"""What the body of an operation is handed."""

TOPICS = {
    "memory": r"kind=(memory|panic|msan)\b", "hooks": r"kind=hook\b", "watch": r"kind=(access|window|double|fault|asan|crash)\b",
    "state": r"kind=(state|invariant|panic)\b", "lookups": r"check=(lookups|callback-lookup) ", "rows": r"check=vector-row ",
    "handles": r"check=(handle-|callback-l)", "kept": r"check=written-on-refusal ",
}
"""What a test is about, of a bug of which identity. What has no topic, it is about anyway."""


class Program:
    """The functions of a test, from what procbuf-emit prints: a word and fields in each line, or the topic of a statement."""

    def __init__(self, identity: str):
        self.topics = {"", *(topic for topic, pattern in TOPICS.items() if re.search(f" {pattern}", identity))}
        wrong = re.search(r" check=((?:state|layout)-\S+)", identity)
        self.wrong = wrong[1] if wrong else ""  # of a process, if it is that
        self.places: dict[str, int] = {}  # of all programs: where they begin
        self.bodies: list[str] = []
        self.programs: list[str] = []
        self.functions: list[str] = []  # that are not whole yet: the innermost is last

    def take(self, word: str, *fields: str) -> None:
        if method := getattr(self, f"on_{word}", None):
            method(*fields)
        elif word in self.topics:
            self.say(*fields)

    # Names of addresses and numbers

    def on_program(self, most: str, memory: str, foreign: str, foreign_end: str) -> None:
        self.most, self.memory = int(most, 16), int(memory, 16)
        self.here = {"FOREIGN": range(int(foreign, 16), int(foreign_end, 16))}
        self.lengths: dict[int, str] = {}  # those that lead up to a place: they may come back
        self.functions.append("")

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
        if abs(addr - self.memory) < 1 << 20:
            return beyond("MEMORY", addr - self.memory)
        for bit in range(24, self.most.bit_length()):  # one more than in an address of the program
            if abs(addr - (1 << bit) - self.memory) < 1 << 20:
                return f"{self.address(addr - (1 << bit))} + ((procbuf_addr_t)1 << {bit})"
        return f"(procbuf_addr_t)0x{addr:x}"

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

    def say(self, *statements: str) -> None:
        """Statements, in lines of at most WIDTH columns, where commas let it."""
        for text in statements:
            if text == "$!":
                raise CannotEmit("more bytes change than C says in a line")
            rest, indent = self.named(text) + ";", 4
            if loop := re.match(r"for \(.*?\) ", rest):
                self.functions[-1] += f"{' ' * indent}{rest[:loop.end() - 1]}\n"
                rest, indent = rest[loop.end():], 8
            while len(rest) > WIDTH - indent and (comma := rest.rfind(", ", 0, WIDTH - indent + 1)) > 0:
                self.functions[-1] += f"{' ' * indent}{rest[:comma + 1]}\n"
                rest, indent = rest[comma + 2:], 8
            self.functions[-1] += f"{' ' * indent}{rest}\n"

    def on_program_ends(self) -> None:
        self.programs.append(self.functions.pop())

    def on_body(self) -> None:
        self.functions.append("")

    def on_body_ends(self, name: str, operation: str) -> None:
        self.bodies.append(f"static unsigned {name}_runs;\n\nstatic void {name}({LENT.get(operation, '')}void *data)\n"
                           f"{{\n{self.functions.pop()}}}\n\n")

    def on_told(self, check: str, process: str, actual: str, expected: str) -> None:
        """What the library shows of a process: all that operations change, or what is wrong alone."""
        if "state" in self.topics and (self.wrong.startswith(check) if self.wrong else check.startswith("state-")):
            actual = re.sub("^state", "procbuf_process_state(process)", actual).replace("(process", f"({process}")
            self.say(f"cr_assert_eq({actual}, {expected})")

    # Calls, and what they must answer

    def on_create(self, slot: str, _call: str, _statements: str, _body: str, _refused: str, template: str, *facts: str) -> None:
        config = template[template.index("(struct"):template.rindex("}") + 1]
        self.say(f"create(&table, {slot}, {expanded(config, *facts)})")

    def on_call(self, statements: str, body: str, refused: str, template: str, *facts: str) -> None:
        """Statements of a call, and what it must answer."""
        gives, _, looks = template.partition(" ")
        values = [fact[1:] for fact in facts if fact[0] == "="]
        [outcome] = [fact[1:] for fact in facts if fact[0] == "A"]
        looks = self.named(expanded(looks, *facts, f"B{body}", f"N{values[0] if values else '$!'}"))
        values = [self.named(value) for value in values]  # they may be lengths of the call, which have names by now
        first, *others = looks.split("; ")[slice(*map(int, statements.split(":")))]
        place = re.search(r"&([^&),]*)\)[^&]*$", first)
        kept = place[1] if place and "kept" in self.topics and refused == "1" and not values else ""
        self.say(*[f"memset(&{kept}, 0x5a, sizeof {kept})"] * kept.startswith("told."), *[f"KEEP({kept})"] * bool(kept),
                 *[asserted(gives, first, outcome, values)] * bool(first), *[f"MUST_BE_KEPT({kept})"] * bool(kept), *told(first, values),
                 *(other for other in others if "$!" not in other and outcome != "panic"))


RIGHTS = {"read": "READ", "write": "READ_WRITE"}
BUFFERS = {"readonly": "ro", "readwrite": "rw"}
REGISTERS = {"p": "p%d", "o": "ro[%d]", "w": "rw[%d]", "rs": "s[%d]", "ws": "ws[%d]", "d": "id[%d]", "v": "drivers[%d]", "held": "&held[%d]"}
NUMBERS = {"a": "@", "z": "~", "n": "#", "i": "#", "u": "#", "b": "#"}
WORD = re.compile(r"\$([A-Z\d])|(?<![\w.])([a-z_]+)\((\d(?:, \d)*)\)")
CHOICE = re.compile(r"(either|cut)\((procbuf_.*\)), (procbuf_.*)\)")


def expanded(template: str, writable_slices: str, *facts: str) -> str:
    """What an operation looks like in C: p(2) is the process that operand 2 names, $2 the operand's name, and a letter what
    else is known of the call."""
    known = {fact[0]: fact[1:] for fact in facts}
    cuts_writable = known["T"] == "writable"

    def word(name: str, k: str, *more: str) -> str:
        said = known[k]
        number = int(said.split(":")[0], 16) if name not in ("t", "q") else 0
        match name:
            case _ if name in REGISTERS: return REGISTERS[name] % number
            case _ if name in NUMBERS: return NUMBERS[name] + said
            case "h": return f"{BUFFERS[known['H']]}[{number}]"
            case "cs": return f"{'w' * cuts_writable}s[{number}]"
            case "s" if (cuts_writable if k == "1" else writable_slices[number] == "1"):
                return f"procbuf_writable_as_readable(ws[{number}])"
            case "s": return f"s[{number}]"
            case "c": return f"&(uint32_t){{ {number - 1} }}" if number else "NULL"
            case "t": return f"PROCBUF_ACCESS_{RIGHTS[said]}"
            case "q": return f"PROCBUF_FAULT_{said.upper()}"
            case "g": return str(1 << number) if number < 24 else f"(UINT64_C(1) << {number})"
            case "error": return f"(enum procbuf_error){known['P']}"
            case "memory": return known["M"]
            case "out" | "in" | "scratch":
                return beyond(f"{known['K']}_{name.upper()}", int(known[more[0]], 16) if more else 0) if number else "NULL"
            case "driver": return f"&drivers[{number}]" if known["F"] != "NULL" else "NULL"
            case "lender": return f"lent_by(procbuf_lender_{known[more[1]]}({known['J']}, foreign_id(#{known[more[0]]})))"
            case "regions_of": return known["I"] if int(known[more[0]], 16) else "NULL"
            case "left": return known["R"]
        raise CannotEmit(f"ops.def has a word that C has not: {name}")

    def chosen(found: re.Match[str]) -> str:
        return found[2] if (known["H"] == "readonly" if found[1] == "either" else cuts_writable) else found[3]

    return WORD.sub(lambda found: known.get(found[1], "$!") if found[1] else word(found[2], *found[3].split(", ")), CHOICE.sub(chosen, template))


def beyond(name: str, distance: int) -> str:
    return f"{name} {'-' if distance < 0 else '+'} {abs(distance)}" if distance else name


VALUES = ("LEN", "ADDR", "BYTE", "TEXT", "PROCESS")
"""What a call may give that is a value, of which it must answer one."""


def asserted(gives: str, call: str, outcome: str, values: list[str]) -> str:
    """A call, and what it must answer."""
    if outcome == "panic":
        return f"PANICS({call})"
    if gives == "ALLOW":
        return f"expect_allow({call}, PROCBUF_{outcome}, {values[0]}, {values[1]})"
    if gives in VALUES:
        return f"cr_assert_{'str_eq' if gives == 'TEXT' else 'eq'}({call}, {values[0] if values else 'NULL'})"
    if gives == "WHY":
        return f"cr_assert_eq({call}, PROCBUF_{'OK' if outcome == 'yes' else outcome})"
    return {"done": call, "yes": f"cr_assert({call})", "none": f"cr_assert_not({call})"}.get(outcome, f"cr_assert_eq({call}, PROCBUF_{outcome})")


ORDERS = {"0": "< 0", "1": "== 0", "2": "> 0"}


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


def lines_of_support() -> Iterator[tuple[str, list[str]]]:
    """Each with what it needs: of "a|!b", that a is used or b is not."""
    for paragraph in SUPPORT.read_text().strip().split("\n\n")[1:]:  # the first one is about the file
        mark, text = re.findall(r"\A(?:/\* \[(\S*)\] \*/\n)?(.*)", paragraph, re.DOTALL)[0]
        for line in text.split("\n"):
            own = mark or "|".join(defined(line if ALONE.match(line) else text))
            yield MARK.sub("", line), [*([own] if own else []), *MARK.findall(line)]
        yield "", []


def support(program: str) -> str:
    """What the program uses, and what that uses."""
    lines, text, before = list(lines_of_support()), "", "?"
    while text != before:
        before, names = text, used(text + program)
        text = "\n".join(line for line, needs in lines if all(any((name[0] != "!") == (name.lstrip("!") in names) for name in need.split("|"))
                                                              for need in needs))
    text = re.sub(r"\n{3,}", "\n\n", text).lstrip()
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
    return "\n".join([needed, *lines, "", f"{functions}Test(found, {name}, .timeout = {10 * count})\n{{\n{body}}}\n"])


def criterion_test(built: Build, text: str, identity: str, report: str) -> str:
    """The C file. `report` is what the replay said, with its explanation."""
    if why := unseen(identity):
        raise CannotEmit(why)
    command: list[object] = [built.tool("procbuf-emit")]
    if " kind=hang " not in identity:
        command += ["--operation", failing_operation(report)]
    if member := member_in(report):
        text = text_of(members_of(text)[:member])
    done = run([*command, "-"], stdin=text.encode(errors="surrogateescape"))
    if done.returncode != 0:
        raise CannotEmit(done.stderr.strip())
    program = Program(identity)
    for line in done.stdout.splitlines():
        program.take(*line.split("\t"))
    lines = ["", *story(identity, report), "",
             "It needs the library's headers, the library, and Criterion: the port is below.", *(need for part, need in NEEDS.items() if part in identity)]
    return "\n".join(["/* A finding of the fuzzers.", *(f" * {line}".rstrip() for line in lines), " */", c_file(identity, program)])
