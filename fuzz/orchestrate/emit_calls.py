"""How each operation looks as a call in C, and what is asserted of it. The words are those of the
library's headers; what is expected comes from procbuf-expect, a line an operation."""
from __future__ import annotations

import itertools
import re
from collections import defaultdict

from .tools import ToolError

WIDTH = 100

SKIPPED, DONE, CODE, PROCESS_ERROR, YES, NO, PANIC = range(7)
"""Kinds of outcomes, numbered as in fuzz/model/model.h."""

WATCHED_KINDS = ("access", "window", "double-fetch", "fault", "asan-", "crash")
NEAR = 1 << 20
"""Addresses that far from the arena are written as counted from it."""


PROTECTION = (("flash_start", "flash_start"), ("flash_protected_end", "flash_protected_end"),
              ("flash_end", "flash_end"), ("mem_start", "addr"), ("app_break", "app_break"),
              ("kernel_break", "kernel_break"), ("mem_end", "mem_end"))
"""What the port is told: fields of struct procbuf_protection, and their keys in an expectation."""


class CannotEmit(ToolError):
    """The program has something that a test in C has no way to do."""


def wrap(line: str) -> str:
    """Break a statement that is too long, behind commas."""
    indent = len(line) - len(line.lstrip())
    lines = []
    while len(line) > WIDTH:
        at = line.rfind(", ", indent + 20, WIDTH)
        if at < 0:
            break
        lines.append(line[:at + 1])
        line = " " * (indent + 4) + line[at + 2:]
    return "\n".join([*lines, line])


def c_string(octets: bytes) -> str:
    """Bytes as C string literals, sixteen a piece."""
    pieces = [octets[at:at + 16] for at in range(0, len(octets), 16)]
    return " ".join('"' + "".join(f"\\x{byte:02x}" for byte in piece) + '"' for piece in pieces)


class Calls:
    """Statements for the lines of procbuf-expect, one after another; emit.Writer goes through them."""

    def __init__(self, identity: str):
        self.kind = identity.split()[1].removeprefix("kind=")
        self.check = identity.split()[2].removeprefix("check=")
        self.places: dict[str, int] = {}
        """Macros for where processes are, as offsets in memory."""
        self.ends: list[int] = []
        self.uses: set[str] = set()
        self.used: dict[str, set[int]] = defaultdict(set)
        self.variables: dict[str, str] = {}
        self.never: dict[str, str] = {}
        self.bodies: list[str] = []
        self.body_count = 0
        self.foreign_lives: set[tuple[int, int]] = set()
        """Index and identifier of each that a handle is made of."""
        self.watches = self.kind.startswith(WATCHED_KINDS)
        self.compares_memory = self.kind in ("memory", "panic") or self.kind.startswith("msan-")
        self.checks_hooks = self.kind == "hook"
        self.counts_lookups = self.check in ("lookups", "callback-lookup")

    def begin(self, lines: list[dict], last: int) -> None:
        """The next program: what holds for it alone."""
        self.lines = lines
        self.last = last
        """Position of the operation that fails; beyond the end: what is compared there fails."""
        self.world = lines[0]
        self.regions: list[tuple[str, int, int]] = []
        self.setup: list[str] = []
        self.statements: list[str] = []
        self.out = self.statements
        self.entered: list[tuple[list[str], dict, str, int]] = []
        """Bodies that are being written: where the enter stands, its record, its call, its number."""
        self.lengths: dict[int, str] = {}
        self.pending_refusal = 0
        self.pending_acts = False
        self.finished = False
        self.declared: set[int] = set()
        self.now: dict = {}
        """The record that is being written."""
        self.last_kind: dict[int, bool] = {}
        """Of a slice register, whether what it holds can write."""

    def region(self, name: str, start: int, end: int) -> None:
        """A part of memory, by its name; in a later program that has it elsewhere, by another."""
        offset = start - self.world["base"]
        names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
        free = next(name for name in names if self.places.setdefault(name, offset) == offset)
        self.regions.append((free, start, end))
        self.ends.append(end - self.world["base"])

    # ---- Values ----

    def address(self, addr: int) -> str:
        most, base = self.world["address_max"], self.world["base"]
        if addr == 0:
            return "0"
        if addr > most - 4096:
            return "UINTPTR_MAX" + (f" - {most - addr}" if addr != most else "")
        for at_end in (0, 1):
            for name, start, end in self.regions:
                if start <= addr < end + at_end:
                    return name + (f" + {addr - start}" if addr != start else "")
        foreign = base + self.world["foreign_at"]
        if foreign <= addr <= base + self.world["len"]:
            self.uses.add("foreign_memory")
            return "FOREIGN" + (f" + {addr - foreign}" if addr != foreign else "")
        if abs(addr - base) < NEAR:
            return "MEMORY" + (f" + {addr - base}" if addr > base else f" - {base - addr}" if addr < base else "")
        return f"(procbuf_addr_t)0x{addr:x}"

    def length(self, operand: dict, last_addr: int) -> str:
        """A length; one that leads up to a place is written as the difference."""
        value, most = operand["value"], self.world["address_max"]
        text = self.number(value)
        if value > 1 << 24 and operand["is_place"]:
            place = (value + last_addr) & most
            text = f"(size_t)({self.address(place)} - ({self.address(last_addr)}))"
        self.lengths[value] = text
        return text

    def number(self, value: int) -> str:
        most = self.world["address_max"]
        if value <= 1 << 24:
            return str(value)
        if value > most - 4096:
            return "SIZE_MAX" + (f" - {most - value}" if value != most else "")
        return self.lengths.get(value, f"(size_t)0x{value:x}")

    def distance(self, operand: dict) -> str:
        value, most = operand["value"], self.world["address_max"]
        signed = value - most - 1 if value > most // 2 else value
        if abs(signed) <= 1 << 24:
            return str(signed)
        if operand["is_place"]:
            place = (value + operand["from"]) & most
            return f"(intptr_t)({self.address(place)} - ({self.address(operand['from'])}))"
        return f"(intptr_t)0x{value:x}"

    def texts(self, operands: list[dict]) -> list[str]:
        """Operands as they stand in a call; registers and small numbers as numbers."""
        texts, last_addr = [], 0
        for operand in operands:
            if operand["kind"] == "a":
                last_addr = operand["value"]
                texts.append(self.address(last_addr))
            elif operand["kind"] == "n":
                texts.append(self.length(operand, last_addr))
            elif operand["kind"] == "z":
                texts.append(self.distance(operand))
            else:
                texts.append(self.number(operand["value"]))
        return texts

    def span(self, span: list[int]) -> tuple[str, int]:
        return self.address(self.world["base"] + span[0]), span[1] - span[0]

    def variable(self, name: str, kind: str) -> str:
        self.variables[name] = kind
        return name

    def process(self, number: int) -> str:
        self.used["p"].add(number)
        return f"p{number}"

    def buffer(self, number: int) -> str:
        """Registers are numbered through: read-only, then read-write."""
        return self.readonly(number) if number < 8 else self.readwrite(number - 8)

    def readonly(self, number: int) -> str:
        self.used["o"].add(number)
        return f"&ro[{number}]"

    def readwrite(self, number: int) -> str:
        self.used["w"].add(number)
        return f"&rw[{number}]"

    def slice(self, number: int, writable: bool) -> str:
        self.used["s" if writable else "r"].add(number)
        return f"{'ws' if writable else 's'}{number}"

    def id(self, number: int) -> str:
        self.used["d"].add(number)
        return f"id{number}"

    def driver(self, number: int) -> str:
        self.used["v"].add(number)
        return f"driver{number}"

    def array(self, name: str, offset: int = 0) -> str:
        self.uses.add("arrays")
        return name + (f" + {offset}" if offset else "")

    # ---- Statements ----

    def say(self, text: str) -> None:
        self.out.append(wrap("    " + text))

    def expect(self, call: str, outcome: dict, says_why: bool = False) -> None:
        """A call with what it must answer; some say why not. One that is refused leaves its result."""
        kind = outcome["kind"]
        left = re.search(r", &([\w\[\]]+)\)$", call)
        if left and kind in (CODE, PROCESS_ERROR, NO) and outcome.get("name") != "OK" \
                and self.check == "written-on-refusal" and self.is_last(self.now):
            self.uses.add("kept")
            if left[1] in self.variables:
                self.say(f"memset(&{left[1]}, 0x5a, sizeof {left[1]});")
            self.say(f"KEEP({left[1]});")
            self.answer(call, outcome, says_why)
            self.say(f"MUST_BE_KEPT({left[1]});")
        else:
            self.answer(call, outcome, says_why)

    def answer(self, call: str, outcome: dict, says_why: bool) -> None:
        kind = outcome["kind"]
        if kind == PANIC:
            self.uses.add("panic")
            self.say(f"PANICS({'(void)' if not call.startswith('byte =') else ''}{call});")
        elif kind in (CODE, PROCESS_ERROR):
            self.say(f"cr_assert_eq({call}, PROCBUF_{outcome['name']});")
        elif kind in (YES, NO) and says_why:
            self.say(f"cr_assert_eq({call}, PROCBUF_{outcome['reason']});")
        elif kind == YES:
            self.say(f"cr_assert({call});")
        elif kind == NO:
            self.say(f"cr_assert_not({call});")
        else:
            self.say(f"{call};")

    def value(self, outcome: dict) -> int | None:
        """The first value that was given back; None if there is none."""
        return self.given(outcome, 0) if outcome["values"] else None

    def given(self, outcome: dict, index: int = 0) -> int:
        """A value that was given back."""
        return outcome["values"][index][1]

    def expect_slice(self, shown: dict) -> None:
        writable = bool(shown["writable"])
        name = self.slice(shown["number"], writable)
        prefix = "procbuf_writable" if writable else "procbuf_readable"
        base_and_len = f"{prefix}_base_unchecked({name}), {prefix}_len({name})"
        if shown["dummy"]:
            self.uses.add("expect_empty")
            self.say(f"expect_empty({base_and_len}, {self.address(shown['wild'])});")
        else:
            self.uses.add("expect_slice")
            start, count = self.span(shown["span"])
            self.say(f"expect_slice({base_and_len}, {start}, {count});")

    # ---- Around a call ----

    def hook_text(self, hook: dict) -> str:
        if hook["kind"] == "protect":
            told = ", ".join(f".{field} = {self.address(hook[key])}" for field, key in PROTECTION)
            return (f"expect_hook((struct hook){{ .kind = PROTECT, .told = {{ .table = &table, "
                    f".process_index = {hook['process']}, .identifier = {hook['identifier']}, {told} }} }});")
        if hook["kind"] == "barrier":
            return "expect_hook((struct hook){ .kind = BARRIER });"
        access = "READ_WRITE" if hook["writable"] else "READ"
        part = ", .part = true" if hook["part"] else ""
        return (f"expect_hook((struct hook){{ .kind = {hook['kind'].upper()}{part}, "
                f".addr = {self.address(hook['addr'])}, .len = {hook['len']}, "
                f".access = PROCBUF_ACCESS_{access} }});")

    def is_last(self, record: dict) -> bool:
        """Whether the bug shows in this operation; of an enter, also in its end."""
        return self.last in (record["position"], record.get("end"))

    def is_watched(self, record: dict) -> bool:
        acts = any(not act["at_hook"] for act in record.get("acts", []))
        return acts or (self.watches and self.is_last(record))

    def expect_lookups(self, record: dict) -> None:
        """Lookup functions are called once for each region on the way."""
        if self.counts_lookups and self.is_last(record):
            self.say(f"cr_assert_eq(lookups, {record['lookups']});")

    def expect_hooks(self, record: dict) -> None:
        self.uses.add("hooks")
        self.say("hooks_count = true;")
        for hook in record.get("hooks", []):
            if hook["kind"] != "panic":
                self.uses.add("expect_hook")
                self.say(self.hook_text(hook))

    def before(self, record: dict) -> None:
        for act in record.get("acts", []):
            if act["of_life"]:
                self.uses |= {"hook_acts", "foreign", "life_acts"}
                self.say(f"foreign_at_hook({act['trigger']}, {act['target']});")
                continue
            target = self.address(self.world["base"] + act["target"])
            if act["at_hook"]:
                self.uses |= {"hook_acts", "byte_acts"}
                self.say(f"at_hook({act['trigger']}, {target}, {act['value']});")
            else:
                self.uses.add("acts")
                trigger = self.address(self.world["base"] + act["trigger"])
                self.say(f"acts[act_count++] = (struct act){{ .trigger = {trigger}, .target = {target}, "
                         f".value = {act['value']} }};")
        if self.counts_lookups and self.is_last(record):
            self.uses.add("lookup_count")
            self.say("lookups = 0;")
        if self.checks_hooks and self.is_last(record):
            self.expect_hooks(record)
        if self.is_watched(record):
            self.uses.add("watch")
            reads = record.get("reads", [])
            if record["op"] == "iterate":
                reads = [record["slice"]["span"]]
            for name, spans in (("may_read", reads), ("may_write", record.get("writes", []))):
                for span in spans:
                    if span[0] >= self.world["processes_at"] and span[0] != span[1]:
                        start, count = self.span(span)
                        self.uses.add(name)
                        self.say(f"{name}({start}, {count});")
            if record["op"] in ("reader_read", "stream_copy", "iterate"):
                self.say("fetches_may_repeat = true;")
            self.say("watch();")

    def after(self, record: dict) -> None:
        if self.is_watched(record):
            self.say("unwatch();")
        if not record.get("enters"):
            self.expect_lookups(record)
        if self.checks_hooks and self.is_last(record):
            self.say("expect_no_more_hooks();")
        if any(act["at_hook"] for act in record.get("acts", [])):
            self.say("hook_act_count = 0;")
        if self.pending_refusal and record["op"] != "refuse":
            self.say("refuse(0);")
            self.pending_refusal = 0

    def bytes_changed(self, record: dict) -> None:
        """What memory must hold from now on, where it is compared in the end."""
        if not self.compares_memory:
            return
        for span in record.get("opaque", []):
            if span[0] != span[1]:
                self.uses.add("opaque")
                start, count = self.span(span)
                self.say(f"leave_to_library({start}, {count});")
        for offset, text in record["bytes"]:
            octets = bytes.fromhex(text)
            start = self.address(self.world["base"] + offset)
            if not any(octets):
                self.uses.add("expect_zeros")
                self.say(f"expect_zeros({start}, {len(octets)});")
            else:
                self.uses.add("expect_bytes")
                self.say(f"expect_bytes({start}, {c_string(octets)}, {len(octets)});")

    # ---- Operations ----

    def op(self, record: dict) -> None:
        outcome, name = record["outcome"], record["op"]
        self.now = record
        if outcome["kind"] == SKIPPED:
            return
        values = [operand["value"] for operand in record["operands"]]
        record["texts"] = self.texts(record["operands"])
        if name in ("poke", "fill", "refuse", "when_fetched", "at_hook", "declare_driver",
                    "declare_driver_with", "spend_ids", "skip_ids", "skip_swaps", "widen",
                    "foreign_at_hook", "map_region", "map_none", "put_pair"):
            getattr(self, f"op_{name}")(record, values)
            return
        if name == "iterate" and self.pending_acts:
            raise CannotEmit("userspace acts between the steps of an iteration")
        self.pending_acts = False
        self.before(record)
        if name == "allow_userspace_readable_with":
            self.begin_asking(record, values)
            return
        if name in ("enter", "mut_enter", "driver_enter"):
            self.begin_enter(record, values)
            return
        if hasattr(self, f"op_{name}"):
            getattr(self, f"op_{name}")(record, values)
        elif name in self.FAMILIES:
            self.FAMILIES[name](self, record, values)
        else:
            raise CannotEmit(f"{name}: there is no C for this operation")
        self.end_op(record)

    def end_op(self, record: dict) -> None:
        self.after(record)
        self.bytes_changed(record)
        if "slice" in record and record["op"] not in ("iterate", "chunks"):
            self.expect_slice(record["slice"])
        if record["op"] == "create" and record["outcome"]["values"]:
            self.used["p"].add(record["outcome"]["values"][0][1])

    def op_poke(self, record, values):
        self.uses.add("poke")
        self.say(f"poke({self.address(values[0])}, {values[1]});")

    def op_fill(self, record, values):
        self.uses |= {"fill", "pattern"}
        start, count = self.span(record["filled"][0])
        self.say(f"fill({start}, {count}, {values[1]});")

    def op_refuse(self, record, values):
        self.uses.add("refuse")
        self.pending_refusal = values[0]
        self.say(f"refuse({values[0]});")

    def op_when_fetched(self, record, values):
        self.pending_acts = True  # the next operation's "acts" say what comes of it

    op_at_hook = op_foreign_at_hook = op_when_fetched
    op_widen = op_when_fetched  # the next operation's operands are as wide as they are

    def op_declare_driver(self, record, values):
        driver = record["driver"]
        self.uses |= {"declare", "grants"}
        self.say(f"declare(&{self.driver(values[0])}, (struct procbuf_driver_config){{ "
                 f".grant_number = {driver['grant']}, .driver_number = {driver['number']}, "
                 f".readonly_count = {driver['readonly']}, .readwrite_count = {driver['readwrite']}, "
                 f".data_align = {driver['align']} }}, {driver['len']});")

    op_declare_driver_with = op_declare_driver

    def op_spend_ids(self, record, values):
        self.uses.add("private")
        self.say(f"table.private_.next_identifier = UINT64_MAX - {values[0]};")

    def op_skip_ids(self, record, values):
        self.uses.add("private")
        self.say(f"table.private_.next_identifier += (UINT64_C(1) << {values[0] % 64}) - 1;")

    def op_skip_swaps(self, record, values):
        self.uses.add("skip_swaps")
        kind = "readonly" if values[0] < 8 else "readwrite"
        self.say(f"(void)procbuf_{kind}_len({self.buffer(values[0])});")
        self.say(f"add_to_counter((UINT64_C(1) << {values[1] % 64}) - 1);")

    def op_return_to_user(self, record, values):
        self.say("procbuf_return_to_user();")

    def config(self, args: list[int]) -> str:
        policy = "RESTART" if args[7] & 1 else "STOP"
        return (f"(struct procbuf_process_config){{ .flash_start = {self.address(args[0])}, "
                f".flash_len = {self.number(args[1])}, .flash_protected_len = {self.number(args[2])}, "
                f".mem_start = {self.address(args[3])}, .mem_len = {self.number(args[4])}, "
                f".initial_app_len = {self.number(args[5])}, .initial_kernel_len = {self.number(args[6])}, "
                f".fault_policy = PROCBUF_FAULT_{policy} }}")

    def op_create(self, record, values):
        created = self.variable("created", "struct procbuf_process *")
        self.expect(f"procbuf_process_create(&table, &{self.config(values)}, &{created})", record["outcome"])
        if record["outcome"]["values"]:
            self.say(f"cr_assert_eq({created}, &processes[{record['outcome']['values'][0][1]}]);")

    def completion(self, number: int) -> str:
        return "NULL" if number == 0 else f"&(uint32_t){{ {number - 1} }}"

    def life(self, record, values):
        name, process = record["op"], self.process(values[0])
        more = ""
        if name in ("terminate", "restart"):
            more = f", {self.completion(values[1])}"
        elif name == "set_yielded_for":
            more = f", {values[1]}"
        self.expect(f"procbuf_process_{name}({process}{more})", record["outcome"], says_why=True)

    def op_restart_many(self, record, values):
        count, process = record["count"], self.process(values[0])
        if count:
            self.say(f"for (unsigned life = 0; life < {count}; life++)")
            self.say(f"    cr_assert_eq(procbuf_process_restart({process}, NULL), PROCBUF_OK);")
        if record["outcome"]["kind"] == PANIC:
            self.expect(f"procbuf_process_restart({process}, NULL)", record["outcome"])
        elif record["refusal"]:
            self.say(f"cr_assert_eq(procbuf_process_restart({process}, NULL), PROCBUF_{record['refusal']});")

    def op_brk(self, record, values):
        old = self.variable("old_break", "procbuf_addr_t")
        self.expect(f"procbuf_process_brk({self.process(values[0])}, {self.address(values[1])}, &{old})",
                    record["outcome"])
        self.break_value(record)

    def op_sbrk(self, record, values):
        old = self.variable("old_break", "procbuf_addr_t")
        self.expect(f"procbuf_process_sbrk({self.process(values[0])}, "
                    f"{record['texts'][1]}, &{old})", record["outcome"])
        self.break_value(record)

    def op_memop_brk(self, record, values):
        self.expect(f"procbuf_process_memop_brk({self.process(values[0])}, {self.address(values[1])})",
                    record["outcome"])

    def op_memop_sbrk(self, record, values):
        old = self.variable("old_break", "procbuf_addr_t")
        self.expect(f"procbuf_process_memop_sbrk({self.process(values[0])}, "
                    f"{record['texts'][1]}, &{old})", record["outcome"])
        self.break_value(record)

    def break_value(self, record):
        value = self.value(record["outcome"])
        if value is not None:
            self.say(f"cr_assert_eq(old_break, {self.address(value)});")

    def op_take_id(self, record, values):
        call = f"procbuf_process_id({self.process(values[1])})"
        if record["outcome"]["kind"] == PANIC:
            self.expect(call, record["outcome"])
        else:
            self.say(f"{self.id(values[0])} = {call};")

    def op_lookup(self, record, values):
        name = self.id(values[0])
        found = self.value(record["outcome"])
        process = "NULL" if found is None else f"&processes[{found}]"
        self.say(f"cr_assert_eq(procbuf_table_lookup(&table, {name}), {process});")
        if record["outcome"]["kind"] == YES:
            self.say(f"cr_assert(procbuf_id_is_live({name}));")
        if self.check == "lookup-in-another-table" and self.is_last(record):
            self.uses.add("other")
            other = "&other_process" if record["of_other"] else "NULL"
            self.say(f"cr_assert_eq(procbuf_table_lookup(&other_table, {name}), {other});")

    def op_id_equal(self, record, values):
        self.expect(f"procbuf_id_equal({self.id(values[0])}, {self.id(values[1])})", record["outcome"])

    def op_table_slot(self, record, values):
        found = self.value(record["outcome"])
        process = "NULL" if found is None else f"&processes[{found}]"
        self.uses.add("slot_beyond")
        self.say(f"cr_assert_eq(procbuf_table_slot(&table, {values[0]}), {process});")
        if record["position"] == self.last:  # a foreign table is asked, too, and has no slots
            self.uses.add("foreign")
            self.say(f"cr_assert_null(procbuf_table_slot(&foreign_table, {values[0]}));")

    def error_name(self, record, values):
        number = values[0] if record["op"] == "code_name" else self.process_error(values[0])
        self.say(f"cr_assert_str_eq(procbuf_error_name((enum procbuf_error){number}), "
                 f"\"{self.value(record['outcome'])}\");")
        if record["op"] == "code_name" and number <= 13:
            self.say(f"cr_assert_eq(procbuf_error_to_code((enum procbuf_error){number}), {number});")

    def process_error(self, place: int) -> int:
        """Traces number process errors by their place in E1's list."""
        return place and min(63 + place, 255)

    def op_process_error_to_code(self, record, values):
        self.expect(f"procbuf_error_to_code((enum procbuf_error){self.process_error(values[0])})", record["outcome"])

    def build(self, record, values):
        name = record["op"]
        out = self.readonly(values[0]) if name.endswith("readonly") else self.readwrite(values[0])
        process, addr = self.process(values[1]), self.address(values[2])
        count = record["texts"][3]
        kind = name.split("_")[1]
        if name.startswith("build"):
            self.expect(f"procbuf_{kind}_build({process}, {addr}, {count}, {out})", record["outcome"])
            return
        self.uses.add("capability")
        self.say(f"{out[1:]} = procbuf_{kind}_new_external({addr}, {count}, procbuf_process_id({process}), "
                 "&capability);")

    def op_len(self, record, values):
        kind = "readonly" if values[0] < 8 else "readwrite"
        self.say(f"cr_assert_eq(procbuf_{kind}_len({self.buffer(values[0])}), "
                 f"{self.number(self.given(record['outcome']))});")

    def op_ptr(self, record, values):
        kind = "readonly" if values[0] < 8 else "readwrite"
        self.say(f"cr_assert_eq(procbuf_{kind}_addr({self.buffer(values[0])}), "
                 f"{self.address(self.given(record['outcome']))});")

    def op_consume(self, record, values):
        kind = "readonly" if values[0] < 8 else "readwrite"
        addr, count = self.variable("addr", "procbuf_addr_t"), self.variable("len", "size_t")
        self.say(f"procbuf_{kind}_consume({self.buffer(values[0])}, &{addr}, &{count});")
        self.say(f"cr_assert_eq(addr, {self.address(self.given(record['outcome']))});")
        self.say(f"cr_assert_eq(len, {self.number(self.given(record['outcome'], 1))});")

    def op_copy_readonly(self, record, values):
        self.say(f"{self.readonly(values[0])[1:]} = {self.readonly(values[1])[1:]};")

    def op_copy_readwrite(self, record, values):
        self.say(f"{self.readwrite(values[0])[1:]} = {self.readwrite(values[1])[1:]};")

    def op_as_readonly(self, record, values):
        self.say(f"{self.readonly(values[0])[1:]} = procbuf_readwrite_as_readonly({self.readwrite(values[1])});")

    # ---- Enters ----

    def begin_enter(self, record, values):
        name = record["op"]
        if name == "driver_enter":
            self.uses.add("grants")
            what, kind = "grant", "const struct procbuf_grant *entered"
            call = f"procbuf_driver_enter(&{self.driver(values[0])}, {self.id(values[1])}"
        elif name == "mut_enter":
            what, kind = "write", "struct procbuf_writable slice"
            call = f"procbuf_readwrite_mut_enter({self.readwrite(values[0])}"
        else:
            what, kind = "read", "struct procbuf_readable slice"
            call = (f"procbuf_{'readonly' if values[0] < 8 else 'readwrite'}_enter("
                    f"{self.buffer(values[0])}")
        if not record["enters"]:
            self.never[what] = kind
            self.expect(f"{call}, never_{what}, NULL)", record["outcome"])
            self.end_op(record)
            return
        self.body_count += 1
        function = f"body_{self.body_count}"
        self.entered.append((self.out, record, f"{call}, {function}, &{function}_runs)", self.body_count))
        self.out = [f"static void {function}({kind}, void *data)", "{"]
        self.begin_body(record, what)

    def begin_asking(self, record, values):
        if not record["enters"]:
            self.allow(record, values)
            self.end_op(record)
            return
        self.body_count += 1
        function = f"body_{self.body_count}"
        self.entered.append((self.out, record, "", self.body_count))
        self.out = [f"static void {function}(void)", "{"]
        self.variable(f"{function}_runs", "unsigned")
        self.say(f"{function}_runs++;")
        self.interrupt(record)

    def interrupt(self, record) -> None:
        """What the call is held to does not count while a body of its runs."""
        self.expect_lookups(record)
        if self.is_watched(record):
            self.say("unwatch();")
        if self.checks_hooks and self.is_last(record):
            self.say("hooks_count = false;")
        self.bytes_changed(record)

    def begin_body(self, record, what):
        shown = record["slice"]
        if what == "grant":
            self.uses.add("grant")
            self.say("const struct procbuf_grant *const outer = grant;")
        self.variable(f"body_{self.body_count}_runs", "unsigned")
        self.say("(*(unsigned *)data)++;")
        self.interrupt(record)
        register = self.slice(shown["number"], bool(shown["writable"]))
        if what == "grant":
            self.say("grant = entered;")
            self.say(f"{register} = procbuf_grant_data(grant);")
            self.say(f"cr_assert(procbuf_writable_range_to({register}, {record['data_len']}, &{register}));")
        else:
            self.say(f"{register} = slice;")
        if what != "grant" or record["data_len"]:
            self.expect_slice(shown)

    def leave(self, ended: dict) -> None:
        """The body that is being written ends; the call that runs it stands where it was entered."""
        body = self.out
        self.out, record, call, number = self.entered.pop()
        if record["op"] == "driver_enter":
            body.append("    grant = outer;")
        if self.checks_hooks and self.is_last(record):
            body.append("    hooks_count = true;")
        if self.is_watched(record):
            body.append("    watch();")
        self.bodies.append("\n".join([*body, "}\n"]))
        if "outcome" in ended:
            record["outcome"] = ended["outcome"]
            self.allow(record, [operand["value"] for operand in record["operands"]], f"body_{number}")
        else:
            self.expect(call, record["outcome"])
        self.say(f"cr_assert_eq(body_{number}_runs, 1, \"the body runs once\");")
        self.after(record)

    # ---- Slices ----

    def readable(self, record, number: int, writable: bool) -> str:
        name = self.slice(number, writable)
        return f"procbuf_writable_as_readable({name})" if writable else name

    def op_slice_len(self, record, values):
        pass  # expect_slice() asks for both

    def op_get(self, record, values):
        byte = self.variable("byte", "uint8_t")
        self.expect(f"procbuf_readable_get({self.readable(record, values[0], bool(record['was_writable']))}, "
                    f"{self.number(values[1])}, &{byte})", record["outcome"])
        if record["outcome"]["kind"] == YES:
            self.say(f"cr_assert_eq(byte, 0x{self.value(record['outcome']):02x});")

    def op_get_or_panic(self, record, values):
        byte = self.variable("byte", "uint8_t")
        call = (f"{byte} = procbuf_readable_get_or_panic("
                f"{self.readable(record, values[0], bool(record['was_writable']))}, {self.number(values[1])})")
        if record["outcome"]["kind"] == PANIC:
            self.expect(call, record["outcome"])
        else:
            self.say(f"{call};")
            self.say(f"cr_assert_eq(byte, 0x{self.value(record['outcome']):02x});")

    def op_set(self, record, values):
        self.expect(f"procbuf_writable_set({self.slice(values[0], True)}, {self.number(values[1])}, {values[2]})",
                    record["outcome"])

    def range(self, record, values):
        writable = bool(record["was_writable"])
        kind = "writable" if writable else "readable"
        bounds = ", ".join(self.number(value) for value in values[2:])
        self.expect(f"procbuf_{kind}_{record['op']}({self.slice(values[0], writable)}, {bounds}, "
                    f"&{self.slice(values[1], writable)})", record["outcome"])

    def op_element(self, record, values):
        writable = bool(record["was_writable"])
        kind = "writable" if writable else "readable"
        elements = self.variable("written_elements" if writable else "elements",
                                 f"struct procbuf_{kind}_elements")
        view = (f"procbuf_{kind}_as_elements({self.slice(values[0], writable)}, {self.number(values[2])}, "
                f"{self.number(values[3])}, &{elements})")
        outcome = record["outcome"]
        count = self.value(outcome)
        if outcome["kind"] == PANIC or count is None:
            self.expect(view, outcome)
            return
        self.say(f"cr_assert({view});")
        self.say(f"cr_assert_eq(procbuf_{kind}_elements_count(&{elements}), {self.number(count)});")
        self.expect(f"procbuf_{kind}_elements_at(&{elements}, {self.number(values[4])}, "
                    f"&{self.slice(values[1], writable)})", outcome)

    def op_iterate(self, record, values):
        writable = bool(record["slice"]["writable"])
        iterator, byte = self.variable("iter", "struct procbuf_iter"), self.variable("byte", "uint8_t")
        self.say(f"{iterator} = procbuf_readable_iterate({self.readable(record, values[0], writable)});")
        for step in record["steps"]:
            self.say(f"cr_assert(procbuf_iter_next(&iter, &{byte}) && byte == 0x{step:02x});")
        if len(record["steps"]) == record["slice"]["span"][1] - record["slice"]["span"][0]:
            self.expect("procbuf_iter_next(&iter, &byte)", {"kind": NO})

    def op_chunks(self, record, values):
        if record["outcome"]["kind"] == PANIC:
            self.expect(f"procbuf_readable_split({self.readable(record, values[0], bool(record['was_writable']))}, 0)",
                        record["outcome"])
            return
        writable = bool(record["slice"]["writable"])
        kind = "writable" if writable else "readable"
        chunks = self.variable("written_chunks" if writable else "chunks", f"struct procbuf_{kind}_chunks")
        part = self.variable("written_part" if writable else "part", f"struct procbuf_{kind}")
        self.uses.add("expect_slice")
        self.say(f"{chunks} = procbuf_{kind}_split({self.slice(values[0], writable)}, {self.number(values[1])});")
        for step in record["steps"]:
            start, count = self.span(step)
            self.say(f"cr_assert(procbuf_{kind}_chunks_next(&{chunks}, &{part}));")
            self.say(f"expect_slice(procbuf_{kind}_base_unchecked({part}), procbuf_{kind}_len({part}), "
                     f"{start}, {count});")
        if len(record["steps"]) < 40:
            self.expect(f"procbuf_{kind}_chunks_next(&{chunks}, &{part})", {"kind": NO})

    def kernel_array(self, name: str, count: int, offset: int = 0) -> str:
        return "NULL" if count == 0 else self.array(name, offset)

    def op_copy_to(self, record, values):
        self.expect(f"procbuf_readable_copy_to({self.readable(record, values[0], bool(record['was_writable']))}, "
                    f"{self.kernel_array('KERNEL_OUT', values[1])}, {self.number(values[1])})", record["outcome"])

    def op_copy_to_or_panic(self, record, values):
        self.expect("procbuf_readable_copy_to_or_panic("
                    f"{self.readable(record, values[0], bool(record['was_writable']))}, "
                    f"{self.kernel_array('KERNEL_OUT', values[1])}, {self.number(values[1])})", record["outcome"])

    def copy_from(self, record, values):
        self.expect(f"procbuf_writable_{record['op']}({self.slice(values[0], True)}, "
                    f"{self.kernel_array('KERNEL_IN', values[1], values[2])}, {self.number(values[1])})",
                    record["outcome"])

    def op_copy_slice(self, record, values):
        source = self.source_slice(values[1])
        self.expect(f"procbuf_writable_copy_from_slice({self.slice(values[0], True)}, {source})",
                    record["outcome"])

    def source_slice(self, number: int) -> str:
        """The other slice of a copy: of the kind that was last put into the register."""
        return self.readable({}, number, self.last_kind.get(number, True))

    def op_as_readable(self, record, values):
        self.say(f"{self.slice(values[1], False)} = procbuf_writable_as_readable({self.slice(values[0], True)});")

    def from_array(self, record, values):
        writable = record["op"].endswith("mut")
        kind = "writable" if writable else "readable"
        array = self.kernel_array("KERNEL_SCRATCH", values[2], values[1])
        self.say(f"{self.slice(values[0], writable)} = procbuf_{kind}_from_array({array}, {values[2]});")

    # ---- Bytes ----

    def op_slice_fill(self, record, values):
        self.say(f"procbuf_writable_fill({self.slice(values[0], True)}, {values[1]});")

    def op_compare(self, record, values):
        order = self.variable("order", "int")
        self.expect(f"procbuf_readable_compare({self.readable(record, values[0], bool(record['was_writable']))}, "
                    f"{self.kernel_array('KERNEL_IN', values[1], values[2])}, {self.number(values[1])}, &{order})",
                    record["outcome"])
        value = self.value(record["outcome"])
        if value is not None:
            self.say(f"cr_assert({order} {('< 0', '== 0', '> 0')[value]});")

    def op_find(self, record, values):
        index = self.variable("found_at", "size_t")
        self.expect(f"procbuf_readable_find({self.readable(record, values[0], bool(record['was_writable']))}, "
                    f"{values[1]}, &{index})", record["outcome"])
        self.says("found_at", record)

    def says(self, variable: str, record) -> None:
        value = self.value(record["outcome"])
        if value is not None:
            self.say(f"cr_assert_eq({variable}, {self.number(value)});")

    def op_string_len(self, record, values):
        count = self.variable("len", "size_t")
        self.expect(f"procbuf_readable_string_len({self.readable(record, values[0], bool(record['was_writable']))}, "
                    f"&{count})", record["outcome"])
        self.says("len", record)

    def op_string_copy(self, record, values):
        count = self.variable("len", "size_t")
        array = self.kernel_array("KERNEL_OUT", values[1])
        array = array if array == "NULL" else f"(char *){array}"
        self.expect(f"procbuf_readable_string_copy({self.readable(record, values[0], bool(record['was_writable']))}, "
                    f"{array}, {self.number(values[1])}, &{count})", record["outcome"])
        self.says("len", record)

    def op_load(self, record, values):
        kind = ("le16", "be16", "le32", "be32", "le64", "be64")[values[2] % 6]
        word = self.variable(f"word{kind[2:]}", f"uint{kind[2:]}_t")
        self.expect(f"procbuf_readable_load_{kind}({self.readable(record, values[0], bool(record['was_writable']))}, "
                    f"{self.number(values[1])}, &{word})", record["outcome"])
        value = self.value(record["outcome"])
        if value is not None:
            self.say(f"cr_assert_eq({word}, 0x{value:x});")

    def op_store(self, record, values):
        kind = ("le16", "be16", "le32", "be32", "le64", "be64")[values[2] % 6]
        word = 0x0102030405060708 * values[3] & (1 << int(kind[2:])) - 1
        self.expect(f"procbuf_writable_store_{kind}({self.slice(values[0], True)}, {self.number(values[1])}, "
                    f"0x{word:x})", record["outcome"])

    def op_copy_to_fitting(self, record, values):
        self.say(f"cr_assert_eq(procbuf_readable_copy_to_fitting("
                 f"{self.readable(record, values[0], bool(record['was_writable']))}, "
                 f"{self.kernel_array('KERNEL_OUT', values[1])}, {self.number(values[1])}), "
                 f"{self.number(self.given(record['outcome']))});")

    def op_copy_from_fitting(self, record, values):
        self.say(f"cr_assert_eq(procbuf_writable_copy_from_fitting({self.slice(values[0], True)}, "
                 f"{self.kernel_array('KERNEL_IN', values[1], values[2])}, {self.number(values[1])}), "
                 f"{self.number(self.given(record['outcome']))});")

    # ---- Grants and allow ----

    def op_allocate_grant(self, record, values):
        self.uses.add("grants")
        self.expect(f"procbuf_process_allocate_grant({self.process(values[0])}, {values[1]}, {values[2]}, "
                    f"{record['texts'][3]}, {values[4]})", record["outcome"], says_why=True)

    def op_lookup_driver(self, record, values):
        number = self.variable("number", "uint32_t")
        self.uses.add("grants")
        self.expect(f"procbuf_process_lookup_driver({self.process(values[0])}, {values[1]}, &{number})",
                    record["outcome"])
        self.says("number", record)

    def op_enter_grant(self, record, values):
        addr = self.variable("addr", "procbuf_addr_t")
        self.uses.add("grants")
        self.expect(f"procbuf_process_enter_grant(procbuf_process_id({self.process(values[0])}), {values[1]}, &{addr})",
                    record["outcome"])
        value = self.value(record["outcome"])
        if value is not None:
            self.say(f"cr_assert_eq({addr}, {self.address(value)});")

    def op_leave_grant(self, record, values):
        self.uses.add("grants")
        self.expect(f"procbuf_process_leave_grant({self.id(values[0])}, {values[1]})", record["outcome"])
        if self.check == "dead-id-enters-grant" and self.is_last(record):
            self.expect(f"procbuf_process_enter_grant({self.id(values[0])}, {values[1]}, "
                        f"&{self.variable('addr', 'procbuf_addr_t')})",
                        {"kind": PROCESS_ERROR,
                         "name": "ADDRESS_OUT_OF_BOUNDS" if record["of_other"] else "NO_SUCH_APP"})

    def read_slot(self, record, values):
        kind = record["op"].removeprefix("read_")
        out = self.readonly(values[0]) if kind == "readonly" else self.readwrite(values[0])
        self.expect(f"procbuf_grant_{kind}(grant, {values[1]}, {out})", record["outcome"])

    def allow(self, record, values, body="NULL"):
        self.uses |= {"allow", "grants"}
        name, process, outcome = record["op"], self.process(values[0]), record["outcome"]
        declared = outcome["name"] != "NODEVICE"
        addr, count = record["texts"][3:]
        if name.startswith("allow_userspace_readable"):
            self.uses.add("accept")
            self.driver(values[1])
            code = values[2] % 14
            declared = values[1] in self.declared
            decision = (f"(struct decision){{ {process}, {values[2]}, {addr}, {count}, &held{values[1]}, "
                        f"(enum procbuf_error){code}, {body} }}")
            call = (f"procbuf_process_allow_userspace_readable({process}, {values[2]}, {addr}, {count}, "
                    f"{'accept' if declared else 'NULL'}, &{decision})")
        else:
            driver = f"&{self.driver(values[1])}" if values[1] in self.declared else "NULL"
            call = f"procbuf_process_{name}({process}, {driver}, {values[2]}, {addr}, {count})"
        if outcome["kind"] == PANIC:
            self.expect(call, outcome)
            return
        self.say(f"expect_allow({call}, PROCBUF_{outcome['name']}, {self.address(self.given(outcome))}, "
                 f"{self.number(self.given(outcome, 1))});")

    def op_set_byte(self, record, values):
        self.expect(f"procbuf_process_set_byte({self.process(values[0])}, {self.address(values[1])}, {values[2]})",
                    record["outcome"])

    def op_grant_len(self, record, values):
        slots = (f".readonly_count = {values[0]}, .readwrite_count = {values[1]}, "
                 f".data_align = {1 << values[3] % 8}")
        config = f"&(struct procbuf_driver_config){{ {slots}, .data_len = {record['texts'][2]} }}"
        fits = record["outcome"]["kind"] == YES
        expected = (f"procbuf_grant_len(&(struct procbuf_driver_config){{ {slots} }}) + {record['texts'][2]}"
                    if fits else "SIZE_MAX")
        self.say(f"cr_assert_eq(procbuf_grant_len({config}), {expected});")

    def op_misuse(self, record, values):
        self.uses.add("misuse")
        self.expect(f"make_mistake({values[0]})", record["outcome"])

    # ---- Streams ----

    def moves(self, function: str, arguments: str, record) -> None:
        """A call that moves bytes, and tells how many; an error tells nothing."""
        count = self.variable("len", "size_t")
        self.expect(f"procbuf_{function}({arguments}, &{count})", record["outcome"])
        self.says("len", record)

    def op_read_at(self, record, values):
        self.moves("readonly_read_at", f"{self.readonly(values[0])}, {record['texts'][1]}, "
                   f"{self.kernel_array('KERNEL_OUT', values[2])}, {values[2]}", record)

    def op_read_at_readwrite(self, record, values):
        self.moves("readwrite_read_at", f"{self.readwrite(values[0])}, {record['texts'][1]}, "
                   f"{self.kernel_array('KERNEL_OUT', values[2])}, {values[2]}", record)

    def op_write_at(self, record, values):
        self.moves("readwrite_write_at", f"{self.readwrite(values[0])}, {record['texts'][1]}, "
                   f"{self.kernel_array('KERNEL_IN', values[2], values[3])}, {values[2]}", record)

    def op_reader_over(self, record, values):
        first, count = record["stream"]
        self.uses.add("reader")
        self.used["o"] |= set(range(first, first + max(count, 1)))
        self.say(f"reader = procbuf_reader_over(&ro[{first}], {count});")

    def op_writer_over(self, record, values):
        first, count = record["stream"]
        self.uses.add("writer")
        self.used["w"] |= set(range(first, first + max(count, 1)))
        self.say(f"writer = procbuf_writer_over(&rw[{first}], {count});")

    def stream(self, record, values):
        name = record["op"]
        self.uses |= {"reader", "writer"} if name == "stream_copy" else {name.split("_")[0]}
        arguments = {
            "reader_read": f"&reader, {self.kernel_array('KERNEL_OUT', values[0])}, {self.number(values[0])}"
            if name == "reader_read" else "",
            "writer_write": f"&writer, {self.kernel_array('KERNEL_IN', values[0], values[-1])}, "
                            f"{self.number(values[0])}" if name == "writer_write" else "",
            # These two are calls of the library, procbuf_reader_skip() and its pair: no test is skipped.
            "reader_skip": f"&reader, {record['texts'][0]}",
            "writer_skip": f"&writer, {record['texts'][0]}",
            "stream_copy": f"&writer, &reader, {record['texts'][0]}",
        }[name]
        self.moves(name, arguments, record)

    # ---- A foreign table ----

    def foreign_life(self, record, values):
        live, identifier = record["foreign"]
        self.uses.add("foreign")
        self.say(f"foreign[{values[0] % 4}].live = {'true' if live else 'false'};")
        self.say(f"foreign[{values[0] % 4}].identifier = {identifier};")

    def foreign_id(self, index: int, identifier: int) -> str:
        self.uses |= {"foreign", "capability"}
        self.foreign_lives.add((index, identifier))
        return f"procbuf_id_new_external(&foreign_table, {index}, {identifier}, &capability)"

    def op_take_foreign_id(self, record, values):
        self.say(f"{self.id(values[0])} = {self.foreign_id(values[1] % 4, record['foreign'][1])};")

    def foreign_build(self, record, values):
        kind = record["op"].removeprefix("foreign_")
        out = self.readonly(values[0]) if kind == "readonly" else self.readwrite(values[0])
        index = values[1] % 4
        addr = self.address(self.world["base"] + self.world["foreign_at"]
                            + index * self.world["foreign_len"] + values[2])
        self.say(f"{out[1:]} = procbuf_{kind}_new_external({addr}, {values[3]}, "
                 f"{self.foreign_id(index, record['foreign'][1])}, &capability);")

    # ---- Maps, lenders and vectors ----

    def op_map_region(self, record, values):
        self.uses.add("regions")
        access = "READ_WRITE" if values[3] else "READ"
        end = (values[1] + values[2]) & self.world["address_max"]
        self.say(f"regions[{values[0]}] = (struct procbuf_region){{ {self.address(values[1])}, {self.address(end)}, "
                 f"PROCBUF_ACCESS_{access} }};")

    def op_map_of_regions(self, record, values):
        self.uses |= {"maps", "regions", "capability"} if values[1] else {"maps", "capability"}
        regions = f"&regions[{4 * values[0]}]" if values[1] else "NULL"
        self.say(f"maps[{values[0]}] = procbuf_map_of_regions({regions}, {values[1]}, &capability);")

    def op_map_of_lookup(self, record, values):
        self.uses |= {"maps", "regions", "capability", "lookup"}
        self.say(f"region_counts[{values[0]}] = {values[1]};")
        self.say(f"maps[{values[0]}] = procbuf_map_of_lookup(find_region, &region_counts[{values[0]}], &capability);")

    def op_map_none(self, record, values):
        self.uses.add("maps")
        self.say(f"memset(&maps[{values[0]}], 0, sizeof maps[0]);")

    def lender(self, record, values) -> str:
        """What lends: a process of ours, or a foreign one by its map."""
        self.uses.add("lender")
        if "foreign" not in record:
            call = f"procbuf_lender_process({self.process(values[1])})"
            if record["outcome"]["kind"] == PANIC:
                self.expect(call, record["outcome"])
                return ""
        else:
            how = "rechecked" if values[3] else "pinned"
            map_ = "NULL" if values[1] == 2 else f"&maps[{values[1]}]"
            self.uses |= {"maps"} if values[1] != 2 else set()
            call = f"procbuf_lender_{how}({map_}, {self.foreign_id(values[2], record['foreign'][1])})"
        self.say(f"lender = {call};")
        return "&lender"

    def lend(self, record, values):
        kind = record["op"].split("_")[1]
        out = self.readonly(values[0]) if kind == "readonly" else self.readwrite(values[0])
        lender = self.lender(record, values)
        if lender:
            addr = self.address(values[-2])
            self.expect(f"procbuf_{kind}_build_from({lender}, {addr}, {record['texts'][-1]}, {out})", record["outcome"])

    def vector(self, record, values):
        kind = record["op"].removeprefix("map_").removesuffix("_vector")
        of = self.readonly if kind == "readonly" else self.readwrite
        lender = self.lender(record, values)
        if not lender:
            return
        failed, room = self.variable("failed", "size_t"), min(values[-1], 8 - values[0])
        self.expect(f"procbuf_{kind}_build_vector({lender}, {self.address(values[-3])}, {record['texts'][-2]}, "
                    f"{of(values[0])}, {room}, &{failed})", record["outcome"])
        self.says(failed, record)
        for number, addr in enumerate(record["registers"], values[0]):
            self.say(f"cr_assert_eq(procbuf_{kind}_addr({of(number)}), {self.address(addr)});")

    def op_put_pair(self, record, values):
        self.uses |= {"put_pair", "foreign_memory"}
        self.say(f"put_pair({self.address(values[0])}, {values[1]}, {self.address(values[2])}, {record['texts'][3]});")

    def op_pair(self, record, values):
        pair = self.variable("pair", "struct procbuf_pair")
        self.expect(f"procbuf_readable_pair({self.readable(record, values[0], bool(record['was_writable']))}, "
                    f"{self.number(values[1])}, &{pair})", record["outcome"])
        if record["outcome"]["kind"] == YES:
            self.say(f"cr_assert_eq({pair}.addr, {self.address(self.given(record['outcome']))});")
            self.say(f"cr_assert_eq({pair}.len, {self.number(self.given(record['outcome'], 1))});")

    def map_allow(self, record, values):
        kind, outcome = record["op"].removeprefix("map_allow_"), record["outcome"]
        lender = self.lender(record, values)
        self.uses |= {"allow", f"{kind}_slots"}
        self.say(f"expect_allow(procbuf_{kind}_slot_allow(&{kind}_slots[{values[0]}], {lender}, "
                 f"{self.address(values[4])}, {record['texts'][5]}), PROCBUF_{outcome['name']}, "
                 f"{self.address(self.given(outcome))}, {self.number(self.given(outcome, 1))});")

    def map_slot(self, record, values):
        kind = record["op"].removeprefix("map_slot_")
        out = self.readonly(values[0]) if kind == "readonly" else self.readwrite(values[0])
        self.uses.add(f"{kind}_slots")
        self.say(f"{out[1:]} = procbuf_{kind}_slot_get(&{kind}_slots[{values[1]}]);")

    # ---- Another table of ours ----

    def other_id(self) -> str:
        self.uses.add("other")
        return "procbuf_process_id(&other_process)"

    def op_take_other_id(self, record, values):
        self.say(f"{self.id(values[0])} = {self.other_id()};")

    def op_other_restart(self, record, values):
        self.uses.add("other")
        self.expect("procbuf_process_restart(&other_process, NULL)", record["outcome"], says_why=True)

    def other_build(self, record, values):
        kind = record["op"].removeprefix("other_")
        out = self.readonly(values[0]) if kind == "readonly" else self.readwrite(values[0])
        addr = self.address(self.world["base"] + self.world["foreign_at"] + values[1])
        self.uses.add("capability")
        self.say(f"{out[1:]} = procbuf_{kind}_new_external({addr}, {values[2]}, {self.other_id()}, &capability);")

    FAMILIES = {
        **dict.fromkeys(("remove", "terminate", "restart", "start", "fault", "stop", "resume", "set_running",
                         "set_yielded", "set_yielded_for"), life),
        **dict.fromkeys(("build_readonly", "build_readwrite", "external_readonly", "external_readwrite"), build),
        **dict.fromkeys(("code_name", "process_error_name"), error_name),
        **dict.fromkeys(("range", "range_from", "range_to"), range),
        **dict.fromkeys(("copy_from", "copy_from_or_panic"), copy_from),
        **dict.fromkeys(("from_array", "from_array_mut"), from_array),
        **dict.fromkeys(("read_readonly", "read_readwrite"), read_slot),
        **dict.fromkeys(("allow_readonly", "allow_readwrite", "allow_userspace_readable"), allow),
        **dict.fromkeys(("reader_read", "reader_skip", "writer_write", "writer_skip", "stream_copy"), stream),
        **dict.fromkeys(("foreign_start", "foreign_end"), foreign_life),
        **dict.fromkeys(("foreign_readonly", "foreign_readwrite"), foreign_build),
        **dict.fromkeys(("other_readonly", "other_readwrite"), other_build),
        **dict.fromkeys(("map_readonly", "map_readwrite", "lend_readonly", "lend_readwrite"), lend),
        **dict.fromkeys(("map_readonly_vector", "map_readwrite_vector", "readonly_vector", "readwrite_vector"), vector),
        **dict.fromkeys(("map_allow_readonly", "map_allow_readwrite"), map_allow),
        **dict.fromkeys(("map_slot_readonly", "map_slot_readwrite"), map_slot),
    }
