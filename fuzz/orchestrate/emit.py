"""A finding as a Criterion test in C, which calls the library's public functions alone. What it
asserts is what the model expects (procbuf-expect); how each call looks is in emit_calls.py."""
from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

import jinja2

from .emit_calls import DONE, WIDTH, Calls, CannotEmit
from .replay import members_of, text_of
from .tools import Build, ToolError, run

TEMPLATES = Path(__file__).resolve().parent / "templates"
MISTAKES = Path(__file__).resolve().parents[1] / "machine/mistakes.h"
STATES = ["RUNNING", "YIELDED", "YIELDED_FOR", "STOPPED", "FAULTED", "TERMINATED"]
BEYOND = 1 << 30
"""After the last operation."""
COMPLETIONS = ["NEVER_ENDED", "WITHOUT_CODE", "WITH_CODE"]


class Writer(Calls):
    """A whole test: the world, the program, and what must hold in the end."""

    # ---- The whole ----

    def create(self, record) -> None:
        args, slot = record["args"], record["slot"]
        if args[1]:
            self.region(f"P{slot}_FLASH", args[0], args[0] + args[1])
        self.region(f"P{slot}_RAM", args[3], args[3] + args[4])
        counts_hooks = self.last < 0 and self.checks_hooks
        if counts_hooks:
            self.expect_hooks(record)
        self.say(f"create({slot}, {self.config(args)});")
        if counts_hooks:
            self.say("expect_no_more_hooks();")
        self.bytes_changed(record)
        if self.last < 0 and self.compares_memory:
            self.say("check_memory();")

    def finish(self, state: dict) -> None:
        """What must hold in the end, besides what the calls answered."""
        if self.compares_memory:
            self.say("check_memory();")
        if self.kind in ("state", "invariant", "panic"):
            self.state(state)
        if self.check.startswith(("handle-", "callback-liveness")):
            for number, count in state["buffers"]:
                kind = "readonly" if number < 8 else "readwrite"
                self.say(f"cr_assert_eq(procbuf_{kind}_len({self.buffer(number)}), {self.number(count)});")
            for number, live in state["ids"]:
                self.say(f"cr_assert_eq(procbuf_id_is_live({self.id(number)}), {'true' if live else 'false'});")

    def state(self, state: dict) -> None:
        for slot, p in enumerate(state["processes"]):
            if not p["used"]:
                self.say(f"cr_assert_null(procbuf_table_slot(&table, {slot}));")
                continue
            self.uses.add("state")
            self.say(f"expect_process({self.process(slot)}, (struct expected_process){{ "
                     f".state = PROCBUF_STATE_{STATES[p['state']]}, "
                     f".stopped_from = PROCBUF_STATE_{STATES[p['stopped_from']]}, "
                     f".yielded_for = {p['yielded_for']}, .restarts = {p['restarts']}, .code = {p['code']}, "
                     f".completion = PROCBUF_COMPLETION_{COMPLETIONS[p['completion']]}, "
                     f".app_break = {self.address(p['app_break'])}, "
                     f".kernel_break = {self.address(p['kernel_break'])}, .mark = {self.address(p['mark'])} }});")
            if self.check.startswith("layout-"):
                for field in ("mem_start", "mem_end", "flash_start", "flash_protected_end", "flash_end"):
                    self.say(f"cr_assert_eq(procbuf_process_{field}({self.process(slot)}), "
                             f"{self.address(p[field])});")

    def fill(self, record) -> None:
        start, count = self.span(record["filled"][0])
        if count:
            self.uses.add("fill")
            self.say(f"fill({start}, {count}, 0);")

    def contents_matter(self, lines: list[dict]) -> bool:
        """Whether anything depends on what memory holds."""
        return self.compares_memory or any(
            span[0] != span[1] for record in lines for span in record.get("reads", [])) or any(
            record.get("steps") and record["op"] == "iterate" for record in lines)

    def write(self) -> None:
        """Go through all lines."""
        state = self.lines[-1]
        self.out = self.setup
        if self.contents_matter(self.lines):
            self.uses.add("pattern")
            self.say("make_memory();")
        for record in self.lines[1:-1]:
            kind = record["type"]
            if kind == "create":
                self.create(record)
            elif kind == "fill" and "pattern" in self.uses:
                self.fill(record)
            elif self.last < 0:
                continue
            elif kind == "op":
                self.out = self.statements if self.out is self.setup else self.out
                self.op(record)
                self.note(record)
            elif kind == "leave":
                self.leave(record)
        self.out = self.statements if self.out is self.setup else self.out
        if not self.finished:
            self.finish(state)

    def note(self, record: dict) -> None:
        """What later operations need to know of this one."""
        if record["op"] in ("declare_driver", "declare_driver_with") and record["outcome"]["kind"] == DONE:
            self.declared.add(record["operands"][0]["value"])
        if "slice" in record:
            self.last_kind[record["slice"]["number"]] = bool(record["slice"]["writable"])
        if record["position"] == self.last and not record.get("enters"):
            self.finish(self.lines[-1])
            self.finished = True

    # ---- The file ----

    def kernel(self, slots: int, room: int) -> list[str]:
        """How a program begins, whose table has so many slots; there is room for others, which are empty."""
        lines = ["    memset(processes, 0xa5, sizeof processes); /* nothing is zero by luck */"]
        if slots < room:
            lines.append(f"    procbuf_table_init(&table, processes, {room}); /* all are empty */")
        if "grants" in self.uses:
            lines.append("    memset(grants, 0xa5, sizeof grants);")
        lines.append(f"    procbuf_table_init(&table, processes, {slots});")
        if "grants" in self.uses:
            lines.append(f"    procbuf_table_use_grants(&table, grants, {self.world['grants']});")
        if "foreign" in self.uses:
            lines.append("    procbuf_table_init_external(&foreign_table, foreign_is_live, foreign);")
        if "other" in self.uses:
            lines.append("    make_other();")
        return lines

    def fields(self, members: list[list[dict]], last: int) -> dict:
        """What the template needs, for programs that run one after another; `last`: where the last one fails."""
        written = []
        for lines in members:
            self.begin(lines, last if lines is members[-1] else BEYOND)
            self.write()
            written.append((self.world["slots"], self.setup, self.statements))
        if "other" in self.uses:
            self.uses.add("foreign_memory")
        room = max([slots for slots, _, _ in written] + [number + 1 for number in self.used["p"]])
        programs = ["\n".join([*self.kernel(slots, room), *setup, *statements]) + "\n" for slots, setup, statements in written]
        text = "\n".join([*self.bodies, *programs])
        ends = [*self.ends, self.world["processes_at"] + 1]
        if "foreign_memory" in self.uses or "foreign" in self.uses:
            ends.append(self.world["len"])
        places = [*self.places.items(), ("FOREIGN", self.world["foreign_at"])]
        arrays = [(name, self.world[key]) for name, key in
                  (("KERNEL_IN", "in"), ("KERNEL_OUT", "out"), ("KERNEL_SCRATCH", "scratch"))]

        def used(pairs):
            return [(name, offset) for name, offset in pairs
                    if re.search(rf"\b{name}\b", text) or (name == "FOREIGN" and "other" in self.uses)]
        return {
            "uses": {name: True for name in self.uses},
            "used": {kind: sorted(numbers) for kind, numbers in self.used.items()},
            "variables": sorted((name, kind) for name, kind in self.variables.items()),
            "never": self.never,
            "foreign_lives": sorted(self.foreign_lives),
            "bodies": self.bodies,
            "programs": programs,
            "slots": room,
            "grants": self.world["grants"],
            "memory_len": -(-max(ends) // 4096) * 4096,
            "places": used(places),
            "arrays": used(arrays),
            "mistakes": re.split(r"(?m)^#(?:include|endif).*\n", MISTAKES.read_text())[-2].strip(),
        }


# ---- From a trace to a file ----

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


def failing_position(report: str) -> int:
    """Of the operation that failed, from 0; -1: while processes were laid out."""
    where = re.search(r"^input: .*, operation (\d+)$", report, re.MULTILINE)
    if where is None:
        raise CannotEmit("the report names no operation that failed")
    if re.search(r"^PROCBUF-BUG kind=(secrecy|integrity) ", report, re.MULTILINE):
        raise CannotEmit("secrecy and integrity: the model does not say what is wrong, so that no C test can")
    return -1 if re.search(r" op=process$", report, re.MULTILINE) else int(where[1]) - 1


NEEDS = {
    "ubsan-": "It needs UBSan to fail: clang -fsanitize=undefined,integer,implicit-conversion -fno-sanitize-recover=all.",
    "msan-": "It needs MSan to fail for sure: clang -fsanitize=memory.",
}


def needs(identity: str) -> list[str]:
    """What a build needs to see the bug, where a plain one may not."""
    return [text for prefix, text in NEEDS.items() if f"kind={prefix}" in identity]


def expectations(built: Build, text: str, last: int) -> list[list[dict]]:
    """What the model expects of each program; of the last one, up to an operation."""
    command: list[object] = [built.tool("procbuf-expect")]
    if last >= 0:
        command += ["--operation", str(last + 1)]
    done = run([*command, "-"], stdin=text.encode(errors="surrogateescape"))
    if done.returncode != 0:
        raise ToolError(done.stderr.strip())
    members: list[list[dict]] = []
    for line in map(json.loads, done.stdout.splitlines()):
        if line["type"] == "world":
            members.append([])
        members[-1].append(line)
    return members


def test_name(identity: str) -> str:
    return "__".join(re.sub(r"\W", "_", word.split("=", 1)[1]) for word in identity.split()[1:])


UNSEEN = {
    "static": "what the library keeps in memory of its own cannot be seen from outside",
    "part-not-fetched": "which bytes were fetched cannot be seen from outside",
}


def unseen(identity: str) -> str:
    """Why a C test alone cannot see this bug; '' if it may."""
    return next((why for check, why in UNSEEN.items() if f" check={check} " in identity), "")


def criterion_test(built: Build, text: str, identity: str, report: str) -> str:
    """The C file. `report` is what the replay said, with its explanation."""
    if why := unseen(identity):
        raise CannotEmit(why)
    last = BEYOND if " kind=hang " in identity else failing_position(report)
    if member := member_in(report):
        text = text_of(members_of(text)[:member])
    writer = Writer(identity)
    fields = writer.fields(expectations(built, text, last), last)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True,
                                     lstrip_blocks=True, undefined=jinja2.StrictUndefined,
                                     keep_trailing_newline=True)
    uses = defaultdict(bool, fields.pop("uses"))
    if writer.compares_memory:
        uses["memory"] = True
    used = defaultdict(list, fields.pop("used"))
    file = environment.get_template("test.c").render(
        **fields, uses=uses, used=used, name=test_name(identity), title="A finding of the fuzzers.",
        story=story(identity, report), needs=needs(identity))
    return re.sub(r"\n{3,}", "\n\n", file)
