"""All mutants of a file in one program: compiling one takes a hundred times as long as running what kills it.

Each function becomes a choice between itself and a copy for each of its mutants:

    static bool fits__0(size_t len) { return len <= 8; }
    static bool fits__1(size_t len) { return len < 8; }
    static bool fits(size_t len) { switch (procbuf_chosen_mutants[0]) { case 1: return fits__1(len); } … return fits__0(len); }

The copies are compiled as the function is, and the choice without sanitizers, so that what they see stays the same.
"""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from orchestrate import mutants
from orchestrate.functions import functions_in
from orchestrate.tools import ROOT

COPY = "mutant-{}"
"""As which file the compiler names the text of a mutant's copy."""
FAILED = re.compile(r"^mutant-(\d+):\d+:\d+: (?:fatal )?error:", re.MULTILINE)
HEAD = """
extern unsigned procbuf_chosen_mutants[2];
#ifdef __clang__
#define PROCBUF_NOT_WATCHED __attribute__((no_sanitize("address", "memory", "undefined", "integer", "coverage"), noinline, unused))
#else
#define PROCBUF_NOT_WATCHED __attribute__((no_sanitize_address, no_sanitize_undefined, noinline, unused))
#endif
#define PROCBUF_COPY __attribute__((noinline, unused))
"""
Mutation = mutants.Mutant | mutants.Pair


def parts_of(mutant: Mutation) -> tuple[mutants.Mutant, ...]:
    return (mutant.one, mutant.two) if isinstance(mutant, mutants.Pair) else (mutant,)


class Source:
    """A file of the library, and where its functions begin and end."""

    def __init__(self, file: str):
        self.file = file
        self.source = (ROOT / "lib" / file).read_bytes()
        self.lines = [0]
        for line in self.source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.functions = functions_in(self.source.decode())

    def span(self, function: tuple[int, int, str]) -> tuple[int, int]:
        return self.lines[function[0] - 1], self.lines[function[1]]

    def head_of(self, function: tuple[int, int, str]) -> bytes:
        """What comes before its body."""
        start, end = self.span(function)
        text = self.source[start:end]
        return text[:text.index(b"\n{") + 1]

    def function_of(self, one: mutants.Mutant) -> tuple[int, int, str] | None:
        """In whose body a mutant is."""
        for function in self.functions:
            start, end = self.span(function)
            if start + len(self.head_of(function)) <= one.start and one.end <= end:
                return function
        return None


def numbered(found: Sequence[Mutation], source: Source) -> dict[Mutation, tuple[int, ...]]:
    """Those that are in bodies of functions, and the numbers that choose each: of a pair in two functions, both."""
    numbers: dict[Mutation, tuple[int, ...]] = {}
    next_number = 1
    for mutant in found:
        places = [source.function_of(one) for one in parts_of(mutant)]
        if None not in places:
            count = len(set(places))
            numbers[mutant] = tuple(range(next_number, next_number + count))
            next_number += count
    return numbers


def copies(source: Source, numbers: dict[Mutation, tuple[int, ...]]) -> dict[tuple[int, int, str], dict[int, bytes]]:
    """Of each function: numbers to texts."""
    found: dict[tuple[int, int, str], dict[int, bytes]] = defaultdict(dict)
    for mutant, chosen in numbers.items():
        parts = parts_of(mutant)
        whole = [(mutant, chosen[0])] if len(chosen) == 1 else list(zip(parts, chosen))
        for one, number in whole:
            function = source.function_of(parts_of(one)[0])
            assert function is not None
            start, end = source.span(function)
            text = one.apply(source.source)
            found[function][number] = text[start:end + len(text) - len(source.source)]
    return found


def renamed(text: str, name: str, number: int) -> str:
    text = re.sub(rf"\b{name}(\s*\()", rf"{name}__{number}\1", text, count=1)
    return "PROCBUF_COPY " + text.replace("PROCBUF_INLINE", "static", 1)


def choice(head: str, name: str, numbers: Iterable[int]) -> str:
    """The function that calls itself as it is, or one of the copies."""
    at = re.search(rf"\b{name}\s*\(", head)
    assert at is not None
    inside = head[at.end():head.rindex(")")]
    parameters = [re.findall(r"\w+", one)[-1] for one in inside.split(",") if one.strip() not in ("", "void")]
    call = f"({', '.join(parameters)});"
    gives = "" if re.search(r"\bvoid\s*$", head[:at.start()]) else "return "
    leave = "" if gives else " return;"
    cases = "".join(f"    case {number}: {gives}{name}__{number}{call}{leave}\n" for number in numbers)
    body = "".join(f"    switch (procbuf_chosen_mutants[{i}]) {{\n{cases}    default: break;\n    }}\n" for i in range(2))
    return f"PROCBUF_NOT_WATCHED {head.replace('PROCBUF_INLINE', 'static', 1)}{{\n{body}    {gives}{name}__0{call}\n}}\n"


def text_of(source: Source, numbers: dict[Mutation, tuple[int, ...]], failed: set[int]) -> bytes:
    """The file with all of them, but for those that do not compile."""
    made = copies(source, numbers)
    text = b""
    at = 0
    for function in source.functions:
        if function not in made:
            continue
        start, end = source.span(function)
        name, head = function[2], source.head_of(function).decode()
        here = {number: copy for number, copy in made[function].items() if number not in failed}
        text += source.source[at:start]
        for number, copy in {0: source.source[start:end], **here}.items():
            line = f'#line {function[0]} "{source.file}"' if number == 0 else f'#line 1 "{COPY.format(number)}"'
            text += f"{line}\n{renamed(copy.decode(), name, number)}".encode()
        text += choice(head, name, here).encode() + f'#line {function[1] + 1} "{source.file}"\n'.encode()
        at = end
    first = source.span(source.functions[0])[0] if source.functions else 0
    text += source.source[at:]
    return text[:first] + HEAD.encode() + f'#line {source.functions[0][0]} "{source.file}"\n'.encode() + text[first:]


def compiling(source: Source, numbers: dict[Mutation, tuple[int, ...]], complaints: Callable[[bytes], str]) -> tuple[bytes, set[int]]:
    """The file, and the numbers of what does not compile; `complaints` says what a compiler does of a text."""
    failed: set[int] = set()
    while True:
        text = text_of(source, numbers, failed)
        more = {int(number) for number in FAILED.findall(complaints(text))} - failed
        if not more:
            return text, failed
        failed |= more


# ---- Numbers that are cut: whether any of them ever matters ----

ACTS = re.compile(r"\w\s*\(|\+\+|--|[^=!<>]=[^=]")
"""What must not be done twice: calls and assignments."""
MOST_NUMBERS = 65536
NOTE = """
extern unsigned char *procbuf_differs;
#define PROCBUF_NOTE(number, differs) ((void)(procbuf_differs[number] |= (unsigned char)(differs)))
"""


def noting(one: mutants.Mutant, source: bytes, number: int) -> str | None:
    """An expression that notes whether a cut changes a value."""
    old = source[one.start:one.end].decode()
    if parameter := re.fullmatch(r" (\w+) = (.*);", one.text):
        return f"PROCBUF_NOTE({number}, {parameter[1]} != {parameter[2]})"
    return None if ACTS.search(old) or not old else f"PROCBUF_NOTE({number}, ({old}) != ({one.text}))"


def layers(found: Iterable[mutants.Mutant]) -> list[list[list[mutants.Mutant]]]:
    """Mutants by span, in layers whose spans are apart."""
    spans: dict[tuple[int, int], list[mutants.Mutant]] = defaultdict(list)
    for one in found:
        spans[one.start, one.end].append(one)
    made: list[list[list[mutants.Mutant]]] = []
    for (start, end), same in sorted(spans.items()):
        free = next((layer for layer in made if layer[-1][0].end <= start and (start, end) != (layer[-1][0].start, layer[-1][0].end)), None)
        if free is None:
            free = []
            made.append(free)
        free.append(same)
    return made


def noted(source: bytes, layer: list[list[mutants.Mutant]], numbers: dict[mutants.Mutant, int]) -> bytes:
    """A file in which each of a layer notes whether it differs."""
    for same in reversed(layer):
        start, end = same[0].start, same[0].end
        notes = [note for one in same if (note := noting(one, source, numbers[one]))]
        old = source[start:end].decode()
        text = f" {'; '.join(notes)};" if start == end else f"({', '.join([*notes, f'({old})'])})"
        source = source[:start] + text.encode() + source[end:]
    first = source.index(b"\n#include")
    return source[:first] + NOTE.encode() + source[first:]
