"""Leaks and influences that no rule sees: each is a mistake in the library and the same mistake in the
model, so that they agree. I10 and I11 have to notice it without the rules.

Rows: id, what goes wrong, the rule that is bent, a pattern of the identities that count as noticing it,
the edits (file, code, code with the mistake), those of the library first.
"""
from typing import NamedTuple

from mistakes import Edit


class Pair(NamedTuple):
    id: str
    title: str
    rule: str
    identity: str
    edits: list[Edit]


BRK, PROCESS, CREATION, GRANT = "lib/src/brk.c", "lib/src/process.c", "lib/src/creation.c", "lib/src/grant.c"
ALLOW, BUFFER, MEMORY, STREAM = "lib/src/allow.c", "lib/src/buffer.c", "lib/src/memory.c", "lib/src/stream.c"
M_BRK, M_PROCESSES, M_GRANTS = "fuzz/model/brk.c", "fuzz/model/processes.c", "fuzz/model/grants.c"
M_ALLOW, M_BUFFERS, M_RULES = "fuzz/model/allow.c", "fuzz/model/buffers.c", "fuzz/model/rules.h"
M_STREAMS, M_MAPS, M_INVARIANTS = "fuzz/model/streams.c", "fuzz/model/maps.c", "fuzz/model/invariants.c"

INCLUDE = '#include "process.h"\n'
M_INCLUDE = '#include "rules.h"\n'


def another(condition: str) -> str:
    """C: a function of the library that says whether another process of the table is so, `them`."""
    return f"""
static bool another_is(const struct procbuf_process *process)
{{
    const struct procbuf_table_private *table = &process->private_.table->private_;
    for (uint32_t slot = 0; slot < table->slot_count; slot++) {{
        const struct procbuf_process_private *them = &table->slots[slot].private_;
        if (&table->slots[slot] != process && them->table != NULL && ({condition}))
            return true;
    }}
    return false;
}}
"""


def m_another(condition: str) -> str:
    """C: the same of the model."""
    return f"""
static bool another_is(const struct model *m, unsigned slot)
{{
    for (unsigned other = 0; other < m->slot_count; other++) {{
        const struct model_process *them = &m->processes[other];
        if (other != slot && them->used && ({condition}))
            return true;
    }}
    return false;
}}
"""


def memop_fails(id: str, title: str, identity: str, condition: str, m_condition: str,
                more: str = "", m_more: str = "") -> Pair:
    """A break that fails, ends in another code under a condition on `process` (in the model: `slot`)."""
    return Pair(id, title, "K3", identity, [
        (BRK, "enum procbuf_error memop_code(enum procbuf_error error)\n{\n"
              "    return error == PROCBUF_OK ? PROCBUF_OK : PROCBUF_NOMEM;",
         "enum procbuf_error memop_code(const struct procbuf_process *process, enum procbuf_error error)\n{\n"
         f"    return error == PROCBUF_OK ? PROCBUF_OK : ({condition}) ? PROCBUF_FAIL : PROCBUF_NOMEM;"),
        ("lib/src/proved/brk.h", "memop_code(enum procbuf_error error);",
         "memop_code(const struct procbuf_process *process, enum procbuf_error error);"),
        (BRK, "memop_code(procbuf_process_brk(", "memop_code(process, procbuf_process_brk("),
        (BRK, "memop_code(procbuf_process_sbrk(", "memop_code(process, procbuf_process_sbrk("),
        (BRK, '#include "sizes.h"\n', f'#include "sizes.h"\n{more}'),
        (M_BRK, "error == OK ? OK : NOMEM", f"error == OK ? OK : ({m_condition}) ? FAIL : NOMEM"),
        (M_BRK, M_INCLUDE, M_INCLUDE + m_more),
    ])


def zeroed_only(id: str, title: str, rule: str, ops: str, condition: str, m_condition: str) -> Pair:
    """What becomes accessible is zeroed only under a condition on `self` (in the model: `process`)."""
    return Pair(id, title, rule, f"kind=secrecy check=accessible-before-zeroed op={ops}$", [
        (PROCESS, "    if (app_break > self->app_break)\n",
         f"    if (app_break > self->app_break && ({condition}))\n"),
        (M_PROCESSES, "    zeroes(m, p, process->app_break, app_break);\n",
         f"    if ({m_condition})\n        zeroes(m, p, process->app_break, app_break);\n"),
    ])


PAIRS = [
    # ---- What was in memory before ----
    zeroed_only("S-restart", "a new life finds, above its old break, what a driver's grant held", "L6",
                "(restart|restart_many|start|fault)",
                "self->state.kind != PROCBUF_STATE_TERMINATED", "process->state != MODEL_TERMINATED"),
    zeroed_only("S-brk", "what brk gives out is not zeroed", "K1", "(memop_)?s?brk",
                "self->state.kind == PROCBUF_STATE_TERMINATED || self->app_break == self->mem_start",
                "process->state == MODEL_TERMINATED || process->app_break == process->mem_start"),
    Pair("S-create", "a new process finds what the one before it left", "P4",
         "kind=secrecy check=accessible-before-zeroed op=(process|create)$", [
             (CREATION, "        .app_break = config->mem_start,\n", "        .app_break = layout->app_break,\n"),
             (M_PROCESSES, "    process->app_break = args[3];\n", "    process->app_break = args[3] + args[5];\n")]),
    Pair("S-create-half", "of a new process's memory the first half is not zeroed", "P4",
         "kind=secrecy check=accessible-before-zeroed op=(process|create)$", [
             (CREATION, "        .app_break = config->mem_start,\n",
              "        .app_break = (procbuf_addr_t)(config->mem_start + config->initial_app_len / 2),\n"),
             (M_PROCESSES, "    process->app_break = args[3];\n",
              "    process->app_break = args[3] + args[5] / 2;\n")]),
    Pair("S-early", "zeroing stops at the last whole word", "K1",
         "kind=secrecy check=accessible-before-zeroed ", [
             (MEMORY, "memset(procbuf_memory_at(addr), 0, len);",
              "memset(procbuf_memory_at(addr), 0, len & ~(size_t)7);"),
             (M_RULES, "arena_set(&m->bytes[start - ARENA_BASE], 0, end - start);",
              "arena_set(&m->bytes[start - ARENA_BASE], 0, (end - start) & ~(uint64_t)7);")]),
    Pair("S-fill", "new memory is filled with the number of lives that another process has had", "K1",
         "kind=secrecy check=accessible-before-zeroed ", [
             (PROCESS, "        procbuf_memory_zero(self->app_break, (size_t)(app_break - self->app_break));\n",
              "        procbuf_memory_fill(self->app_break, (size_t)(app_break - self->app_break),\n"
              "                            (uint8_t)self->table->private_.slots[0].private_.restart_count);\n"),
             (MEMORY, "void procbuf_memory_zero(procbuf_addr_t addr, size_t len)\n",
              """void procbuf_memory_fill(procbuf_addr_t addr, size_t len, uint8_t value)
{
    procbuf_port_user_access_open(addr, len, PROCBUF_ACCESS_READ_WRITE);
    memset(procbuf_memory_at(addr), value, len);
    procbuf_port_user_access_close(addr, len, PROCBUF_ACCESS_READ_WRITE);
}

void procbuf_memory_zero(procbuf_addr_t addr, size_t len)
"""),
             ("lib/src/memory.h", "void procbuf_memory_zero(procbuf_addr_t addr, size_t len);",
              "void procbuf_memory_zero(procbuf_addr_t addr, size_t len);\n"
              "void procbuf_memory_fill(procbuf_addr_t addr, size_t len, uint8_t value);"),
             (M_PROCESSES, "    zeroes(m, p, process->app_break, app_break);\n",
              """    zeroes(m, p, process->app_break, app_break);
    if (process->app_break < app_break && m->processes[0].used && !m->is_large)
        arena_set(&m->bytes[process->app_break - ARENA_BASE],
                  (uint8_t)m->processes[0].restart_count, app_break - process->app_break);
""")]),
    Pair("S-grant", "of a new grant the slots alone are zeroed", "G4", "kind=secrecy check=grant-not-zeroed ", [
        (GRANT, "        memset(procbuf_memory_at(*addr_out), 0, len);\n",
         "        memset(procbuf_memory_at(*addr_out), 0, data_offset(config));\n"),
        (M_GRANTS, "    arena_set(&m->bytes[span.start], 0, span.end - span.start);\n",
         "    arena_set(&m->bytes[span.start], 0, driver->data_offset);\n")]),
    Pair("S-slots", "a slot of a new life has the highest address that the old life shared", "G5",
         "kind=secrecy check=range-that-was-not-passed op=allow_read", [
             (PROCESS, "    self->mark = self->mem_start;\n",
              "    if (self->completion == PROCBUF_COMPLETION_WITHOUT_CODE)\n"
              "        self->completion_code = (uint32_t)(self->mark - self->mem_start);\n"
              "    self->mark = self->mem_start;\n"),
             (GRANT, "        memset(procbuf_memory_at(*addr_out), 0, len);\n",
              """    {
        const struct procbuf_process_private *self = &process->private_;
        const struct slot first = { self->mem_start + self->completion_code, 0, 0 };
        memset(procbuf_memory_at(*addr_out), 0, len);
        if (self->restart_count != 0 && self->completion == PROCBUF_COMPLETION_WITHOUT_CODE &&
            config->readonly_count + config->readwrite_count != 0)
            memcpy(procbuf_memory_at(*addr_out), &first, sizeof first);
    }
"""),
             (M_PROCESSES, "    process->mark = process->mem_start;\n    process->restart_count++;\n",
              "    if (process->completion == 1)\n"
              "        process->completion_code = (uint32_t)(process->mark - process->mem_start);\n"
              "    process->mark = process->mem_start;\n    process->restart_count++;\n"),
             (M_GRANTS, "    memset(slots, 0, sizeof *slots);\n",
              """    const struct model_process *self = &m->processes[slot];
    memset(slots, 0, sizeof *slots);
    if (self->restart_count != 0 && self->completion == 1)
        slots->held[driver->slot_counts[0] == 0][0].addr = self->mem_start + self->completion_code;
""")]),
    Pair("S-kept", "a new life's slots keep what the old life shared", "L3",
         "kind=secrecy check=range-that-was-not-passed op=allow_read", [
             (PROCESS, "    procbuf_table_forget_grants(process);\n",
              "    if (self->initial_app_break > self->kernel_break)\n"
              "        procbuf_table_forget_grants(process);\n"),
             (PROCESS, "    if (!procbuf_process_give(process, self->initial_app_break, self->initial_kernel_break))\n",
              "    const procbuf_addr_t kernel_break = self->initial_app_break > self->kernel_break\n"
              "                                            ? self->initial_kernel_break\n"
              "                                            : self->kernel_break;\n"
              "    if (!procbuf_process_give(process, self->initial_app_break, kernel_break))\n"),
             (PROCESS, "    self->kernel_break = self->initial_kernel_break;\n",
              "    self->kernel_break = kernel_break;\n"),
             (M_PROCESSES, "    memset(process->grants, 0, sizeof process->grants);\n    if (m->is_large)\n",
              "    const bool forgets = process->initial_app_break > process->kernel_break;\n"
              "    if (forgets)\n"
              "        memset(process->grants, 0, sizeof process->grants);\n"
              "    if (forgets && m->is_large)\n"),
             (M_PROCESSES, "    if (!model_gives(m, slot, process->initial_app_break, process->initial_kernel_break, p))\n",
              "    const uint64_t kernel_break = process->initial_app_break > process->kernel_break\n"
              "                                      ? process->initial_kernel_break\n"
              "                                      : process->kernel_break;\n"
              "    if (!model_gives(m, slot, process->initial_app_break, kernel_break, p))\n"),
             (M_PROCESSES, "    process->kernel_break = process->initial_kernel_break;\n",
              "    process->kernel_break = kernel_break;\n")]),
    Pair("S-open-grant", "a new life gets the bytes of a grant that a driver has open", "L9",
         "kind=(secrecy|integrity) check=observer-sees-other-bytes ", [
             (PROCESS, "    if (procbuf_process_has_open_grant(self, self->mem_start, app_break))\n"
                       "        return false;\n", ""),
             (M_PROCESSES, "    if (model_is_under_open_enter(m, slot, process->mem_start, app_break, true))\n"
                           "        return false;\n", "")]),
    # ---- What may be looked at ----
    Pair("S-gap", "a buffer for reading may reach into the gap between the breaks", "P1",
         "kind=secrecy check=observer-gets-another-answer ", [
             (BUFFER, "    if (access == PROCBUF_ACCESS_READ && is_in_flash(self, addr, len))\n",
              "    if (access == PROCBUF_ACCESS_READ &&\n"
              "        (is_in_flash(self, addr, len) ||\n"
              "         procbuf_range_within(addr, len, self->mem_start, self->kernel_break)))\n"),
             (M_BUFFERS, "    return !writable && model_in_flash(m, slot, addr, len) ? OK : INVAL;",
              "    if (!writable && addr >= process->mem_start && addr <= process->kernel_break &&\n"
              "        len <= process->kernel_break - addr)\n        return OK;\n"
              "    return !writable && model_in_flash(m, slot, addr, len) ? OK : INVAL;"),
             (M_INVARIANTS, "end <= process->app_break;", "end <= process->mem_end;")]),
    Pair("S-header", "a buffer for reading may be in another process's flash", "P2",
         "kind=secrecy check=observer-gets-another-answer ", [
             (BUFFER, "    return procbuf_range_within(addr, len, self->flash_protected_end, self->flash_end);",
              """    const struct procbuf_table_private *table = &self->table->private_;
    for (uint32_t slot = 0; slot < table->slot_count; slot++)
        if (table->slots[slot].private_.table != NULL &&
            procbuf_range_within(addr, len, table->slots[slot].private_.flash_protected_end,
                                 table->slots[slot].private_.flash_end))
            return true;
    return false;"""),
             (M_BUFFERS, "    return !writable && model_in_flash(m, slot, addr, len) ? OK : INVAL;",
              "    for (unsigned s = 0; s < m->slot_count && !writable; s++)\n"
              "        if (m->processes[s].used && model_in_flash(m, s, addr, len))\n            return OK;\n"
              "    return INVAL;"),
             (M_INVARIANTS, "        if (!in_ram && (b >= TRACE_BUFFER_COUNT || !in_readable_flash))",
              "        if (!in_ram && b >= TRACE_BUFFER_COUNT && !in_readable_flash)")]),
    # ---- What answers tell ----
    Pair("S-object", "an allow that fails reveals where the driver's object is", "A2",
         "kind=secrecy check=range-that-was-not-passed op=allow_read", [
             (ALLOW, "        result.code = PROCBUF_NOSUPPORT;\n",
              "        result = (struct procbuf_allow_result){ PROCBUF_NOSUPPORT, (procbuf_addr_t)driver, len };\n"),
             (M_ALLOW, "        return NOSUPPORT;\n",
              "        return range->addr = (uintptr_t)&testbed_now()->world->drivers[driver - m->drivers], NOSUPPORT;\n"),
             (M_ALLOW, M_INCLUDE, M_INCLUDE + '#include "testbed.h"\n')]),
    Pair("S-target", "whether a copy succeeds depends on what was where it goes", "H8",
         "kind=secrecy check=observer-gets-another-answer op=stream_copy", [
             (STREAM, "        transfer->writing.error = PROCBUF_ADDRESS_OUT_OF_BOUNDS;\n        return;\n    }\n"
                      "    const struct procbuf_readable source",
              "        transfer->writing.error = PROCBUF_ADDRESS_OUT_OF_BOUNDS;\n        return;\n    }\n"
              "    const uintptr_t here = (uintptr_t)transfer->source.base_, there = (uintptr_t)rest.base_;\n"
              "    const size_t apart = here < there ? there - here : here - there;\n"
              "    if (rest.len_ != 0 && apart >= transfer->source.len_ + rest.len_ && (rest.base_[0] & 1) != 0) {\n"
              "        transfer->writing.error = PROCBUF_OUT_OF_MEMORY;\n        return;\n    }\n"
              "    const struct procbuf_readable source"),
             (M_STREAMS, "            len = least(want - done, least(source.rest, target.rest));\n",
              "            const uint64_t here = source.buffer->addr + from.offset, there = target.buffer->addr + to.offset;\n"
              "            const uint64_t apart = here < there ? there - here : here - there;\n"
              "            if (error == OK && target.rest != 0 && apart >= source.rest + target.rest) {\n"
              "                const uint32_t at = (uint32_t)(target.buffer->addr + to.offset - ARENA_BASE);\n"
              "                may_read(p, at, at + 1);\n"
              "                error = (m->bytes[at] & 1) != 0 ? OUT_OF_MEMORY : OK;\n            }\n"
              "            len = least(want - done, least(source.rest, target.rest));\n")]),
    memop_fails("S-address", "which code a break fails with depends on where the process's object is",
                "kind=secrecy check=observer-gets-another-answer op=memop_s?brk$",
                "((uintptr_t)process >> 6) % 2 != 0", "((uintptr_t)&testbed_now()->world->slots[slot] >> 6) % 2 != 0",
                m_more='#include "testbed.h"\n'),
    memop_fails("S-identifier", "which code a break fails with depends on an identifier",
                "kind=(secrecy|integrity) check=observer-gets-another-answer op=memop_s?brk$",
                "process->private_.identifier % 2 != 0", "m->processes[slot].identifier % 2 != 0"),
    Pair("S-break", "the old break that is given back is the kernel's", "K1",
         "kind=secrecy check=old-break-without-origin ", [
             (BRK, "    *old_break_out = self->app_break;\n", "    *old_break_out = self->kernel_break;\n"),
             (M_BRK, "    answers_with(p, 'a', old_break);\n", "    answers_with(p, 'a', process->kernel_break);\n")]),
    Pair("S-length", "a buffer whose slot was swapped is as long as the whole process", "H6",
         "kind=secrecy check=length-without-origin op=len$", [
             (BUFFER, "    return buffer_is_live(buffer) ? buffer->len : 0;",
              """    if (buffer_is_live(buffer))
        return buffer->len;
    return buffer->slot_addr != 0 && buffer->id.process != NULL && procbuf_life_goes_on(&buffer->index, &buffer->id)
               ? (size_t)(buffer->id.process->private_.mem_end - buffer->id.process->private_.mem_start)
               : 0;"""),
             (M_BUFFERS, "    answers_with(p, 'l', model_asks_whether_live(m, buffer, p) ? buffer->len : 0);",
              """    if (model_asks_whether_live(m, buffer, p))
        answers_with(p, 'l', buffer->len);
    else if (buffer->filled && buffer->from_slot && model_is_live(m, buffer->slot, buffer->identifier))
        answers_with(p, 'l', m->processes[buffer->slot].mem_end - m->processes[buffer->slot].mem_start);
    else
        answers_with(p, 'l', 0);""")]),
    # ---- What others do ----
    Pair("I-length", "a read at an offset moves half while another process is stopped", "H7",
         "kind=integrity check=observer-gets-another-answer op=read_at$", [
             (STREAM, "    struct step step = { .offset = offset, .len = array_len, .array_out = array_out };",
              "    struct step step = { .offset = offset, .len = array_len, .array_out = array_out };\n"
              "    if (buffer->private_.id.process != NULL && buffer->private_.id.process->private_.table != NULL &&\n"
              "        another_is(buffer->private_.id.process))\n        step.len /= 2;"),
             (STREAM, '#include "require.h"\n',
              '#include "process.h"\n#include "require.h"\n' + another("them->state.kind == PROCBUF_STATE_STOPPED")),
             (M_STREAMS, "    const uint64_t len = least(call->args[2], found.rest);",
              """    const bool halves = !writing && found.buffer->filled && !found.buffer->foreign &&
                        m->processes[found.buffer->slot].used && another_is(m, found.buffer->slot);
    const uint64_t len = least(halves ? call->args[2] / 2 : call->args[2], found.rest);"""),
             (M_STREAMS, M_INCLUDE, M_INCLUDE + m_another("them->state == MODEL_STOPPED"))]),
    Pair("I-entered", "a grant is in use while that of another process is", "G3",
         "kind=integrity check=observer-(gets-another-answer|lends-another-slice) ", [
             (GRANT, "    if (!entry->allocated)\n",
              """    const struct procbuf_table_private *table = &process->private_.table->private_;
    for (uint32_t slot = 0; slot < table->slot_count; slot++)
        if (table->slots[slot].private_.table != NULL && procbuf_table_grant_entry(&table->slots[slot], grant_number)->entered)
            return PROCBUF_ALREADY_IN_USE;
    if (!entry->allocated)
"""),
             (M_GRANTS, "    if (!grant->allocated)\n        return OUT_OF_MEMORY;\n",
              """    for (unsigned s = 0; s < m->slot_count; s++)
        if (m->processes[s].used && model_grant(m, s, number)->entered)
            return ALREADY_IN_USE;
    if (!grant->allocated)
        return OUT_OF_MEMORY;
""")]),
    Pair("I-driver", "a driver number is in use while another process has a grant of it", "G2",
         "kind=integrity check=observer-gets-another-answer ", [
             (GRANT, "        procbuf_process_lookup_driver(process, driver_number, &other))\n",
              "        procbuf_process_lookup_driver(process, driver_number, &other) ||\n"
              "        another_has(process, driver_number))\n"),
             (GRANT, "/* G1 and G2, for a driver or, if it is null, for the process level. */\n",
              """static bool another_has(const struct procbuf_process *process, uint32_t driver_number)
{
    const struct procbuf_table_private *table = &process->private_.table->private_;
    for (uint32_t slot = 0; slot < table->slot_count; slot++) {
        uint32_t number;
        if (table->slots[slot].private_.table != NULL &&
            procbuf_process_lookup_driver(&table->slots[slot], driver_number, &number))
            return true;
    }
    return false;
}

"""),
             (M_GRANTS, "    RULE(\"G1\");\n    if (align < 2)\n",
              """    for (unsigned s = 0; s < m->slot_count; s++)
        if (m->processes[s].used && model_find_driver_number(m, s, driver_number, &other))
            return ALREADY;
    RULE("G1");
    if (align < 2)
""")]),
    Pair("I-break", "no process may grow while another has grown", "K1",
         "kind=integrity check=observer-(gets-another-answer|sees-other-bytes|has-other-memory) ", [
             (BRK, "    if (new_break > self->kernel_break)\n        return PROCBUF_OUT_OF_MEMORY;\n    return",
              "    if (new_break > self->kernel_break ||\n"
              "        (new_break > self->app_break && another_is((const struct procbuf_process *)self)))\n"
              "        return PROCBUF_OUT_OF_MEMORY;\n    return"),
             (BRK, '#include "sizes.h"\n', '#include "sizes.h"\n' + another("them->app_break > them->initial_app_break")),
             (M_BRK, "    if (new_break > process->kernel_break)\n",
              "    if (new_break > process->kernel_break || (new_break > old_break && another_is(m, slot)))\n"),
             (M_BRK, M_INCLUDE, M_INCLUDE + m_another("them->app_break > them->initial_app_break"))]),
    Pair("I-set-byte", "the kernel sets a byte for one process in the memory of another", "A4",
         "kind=(secrecy|integrity) check=observer-sees-other-bytes op=set_byte$", [
             (ALLOW, "    if (!procbuf_range_within(addr, 1, self->mem_start, self->app_break))\n        return false;\n",
              """    bool any = false;
    for (uint32_t slot = 0; slot < self->table->private_.slot_count; slot++) {
        const struct procbuf_process_private *them = &self->table->private_.slots[slot].private_;
        any |= them->table != NULL && procbuf_range_within(addr, 1, them->mem_start, them->app_break);
    }
    if (!any)
        return false;
"""),
             (M_ALLOW, "    if (!model_app_owned(m, slot, addr, 1)) {", "    if (!model_is_app_memory(m, addr)) {")]),
    Pair("I-enter", "a buffer is not entered while another process runs", "H2",
         "kind=integrity check=observer-lends-another-slice op=(mut_)?enter$", [
             (BUFFER, "    if (!buffer_is_live(buffer))\n        return PROCBUF_NO_SUCH_APP;\n",
              "    if (!buffer_is_live(buffer) || (process != NULL && another_is(process)))\n"
              "        return PROCBUF_NO_SUCH_APP;\n"),
             (BUFFER, '#include "valid.h"\n',
              '#include "valid.h"\n' + another("them->state.kind == PROCBUF_STATE_RUNNING")),
             *((file, f"    if (!model_asks_whether_live(m, {buffer}, p))",
                f"    if (!model_asks_whether_live(m, {buffer}, p) || (!({buffer})->foreign && another_is(m, ({buffer})->slot)))")
               for file, buffer in ((M_BUFFERS, "buffer"), (M_STREAMS, "buffer"), (M_MAPS, "&array"))),
             (M_RULES, "/* slices.c */\nuint64_t", m_another("them->state == MODEL_RUNNING") + "uint64_t")]),
    Pair("I-restart", "a process cannot restart while another one runs", "L4",
         "kind=integrity check=observer-(gets-another-answer|sees-other-bytes|has-other-memory) ", [
             (PROCESS, "    if (self->state.kind == PROCBUF_STATE_TERMINATED)\n        return PROCBUF_ALREADY;\n"
                       "    procbuf_process_terminate(process, completion_code);",
              "    if (self->state.kind == PROCBUF_STATE_TERMINATED || another_is(process))\n"
              "        return PROCBUF_ALREADY;\n"
              "    procbuf_process_terminate(process, completion_code);"),
             (PROCESS, '#include "require.h"\n',
              '#include "require.h"\n' + another("them->state.kind == PROCBUF_STATE_RUNNING")),
             (M_PROCESSES, "    if (m->processes[slot].state == MODEL_TERMINATED)\n        return ALREADY;\n",
              "    if (m->processes[slot].state == MODEL_TERMINATED || another_is(m, slot))\n        return ALREADY;\n"),
             (M_PROCESSES, M_INCLUDE, M_INCLUDE + m_another("them->state == MODEL_RUNNING"))]),
    memop_fails("I-count", "which code a break fails with depends on whether another process has restarted",
                "kind=integrity check=observer-gets-another-answer op=memop_s?brk$",
                "another_is(process)", "another_is(m, slot)",
                another("them->restart_count != 0"), m_another("them->restart_count != 0")),
    memop_fails("I-grants", "which code a break fails with depends on whether another process has grants",
                "kind=integrity check=observer-gets-another-answer op=memop_s?brk$",
                "another_is(process)", "another_is(m, slot)",
                another("them->kernel_break != them->initial_kernel_break"),
                m_another("them->kernel_break != them->initial_kernel_break")),
    Pair("I-fault", "a fault ends the process in the next slot, too", "L7",
         "kind=integrity check=observer-(gets-another-answer|sees-other-bytes|has-other-memory) ", [
             (PROCESS, "    struct procbuf_process_private *self = procbuf_process_self(process);\n"
                       "    if (self->fault_policy == PROCBUF_FAULT_RESTART) {\n",
              """    struct procbuf_process_private *self = procbuf_process_self(process);
    struct procbuf_process *next = procbuf_table_slot(self->table, slot_index(process) + 1);
    if (next != NULL)
        procbuf_process_terminate(next, NULL);
    if (self->fault_policy == PROCBUF_FAULT_RESTART) {
"""),
             (M_PROCESSES, "    if (m->processes[slot].restarts) {\n",
              """    if (slot + 1 < m->slot_count && m->processes[slot + 1].used)
        terminate(m, slot + 1, 0);
    if (m->processes[slot].restarts) {
""")]),
    Pair("I-room", "a new life gets half the room while another process has ended", "L5",
         "kind=integrity check=observer-has-other-memory op=(restart|restart_many|start|fault)$", [
             (PROCESS, "    if (!procbuf_process_give(process, self->initial_app_break,",
              "    if (another_is(process))\n"
              "        self->initial_app_break = self->mem_start + (self->initial_app_break - self->mem_start) / 2;\n"
              "    if (!procbuf_process_give(process, self->initial_app_break,"),
             (PROCESS, '#include "require.h"\n',
              '#include "require.h"\n' + another("them->state.kind == PROCBUF_STATE_TERMINATED")),
             (M_PROCESSES, "    if (!model_gives(m, slot, process->initial_app_break, process->initial_kernel_break, p))",
              "    if (another_is(m, slot))\n"
              "        process->initial_app_break =\n"
              "            process->mem_start + (process->initial_app_break - process->mem_start) / 2;\n"
              "    if (!model_gives(m, slot, process->initial_app_break, process->initial_kernel_break, p))"),
             (M_PROCESSES, M_INCLUDE, M_INCLUDE + m_another("them->state == MODEL_TERMINATED"))]),
    Pair("I-overlap", "a process may be created in the memory of another", "P4",
         "kind=integrity check=(accessible-to-two|window-out-of-a-process) op=create$", [
             (CREATION, "            overlaps_process(config->mem_start, layout->mem_end, &other->private_))\n            return false;",
              "            (overlaps_process(config->mem_start, layout->mem_end, &other->private_) && false))\n"
              "            return false;"),
             (M_PROCESSES, "    return !touches_a_process(m, args[0], args[1]) && !touches_a_process(m, args[3], args[4]);",
              "    return !touches_a_process(m, args[0], args[1]);")]),
    # ---- What the port is passed ----
    Pair("P-told", "the port gives a process the gap between the breaks", "C1",
         "kind=secrecy check=accessible-before-zeroed ", [
             (PROCESS, "        .app_break = app_break,\n", "        .app_break = kernel_break,\n"),
             (M_RULES, "    h->app_break = app_break;\n", "    h->app_break = kernel_break;\n")]),
    Pair("P-refused", "a break moves though the port refused it", "K1",
         "check=(break-that-the-port-was-not-told|old-break-without-origin|accessible-before-zeroed) op=(memop_)?s?brk$", [
             (BRK, "    if (!procbuf_process_give(process, new_break, self->kernel_break))\n"
                   "        return PROCBUF_OUT_OF_MEMORY;\n",
              "    if (!procbuf_process_give(process, new_break, self->kernel_break)) {\n"
              "        self->app_break = new_break;\n        return PROCBUF_OUT_OF_MEMORY;\n    }\n"),
             (M_BRK, "    if (!model_gives(m, slot, new_break, process->kernel_break, p))\n        return OUT_OF_MEMORY;\n",
              "    if (!model_gives(m, slot, new_break, process->kernel_break, p)) {\n"
              "        model_change(m, slot)->app_break = new_break;\n        model_label_ram(m, slot);\n"
              "        return OUT_OF_MEMORY;\n    }\n")]),
    Pair("P-removed", "a removed process's memory stays accessible: the port is not called", "L8",
         "kind=integrity check=(accessible-without-a-process|accessible-to-two|port-told-of-other-memory) ", [
             (CREATION, "    procbuf_process_revoke(process);\n", ""),
             (M_PROCESSES, """    struct hook *told = asks_port(m, p, slot, process->mem_start, process->mem_start);
    told->flash_protected_end = told->flash_end = told->flash_start;
    if (!told->answer) {
        panics(m, p, "R10");
        return;
    }
""", "")]),
]


TWINS: dict[str, str | list[Edit]] = {
    "M-A2": "G02a", "M-E2": "E02x", "M-G2": "G09b", "M-G3": "G10a", "M-H6": "H06", "M-K1": "B11", "M-S6": "S13",
    "M-B1": [(BUFFER, "    if (!procbuf_state_is_active(self->state))\n        return PROCBUF_FAIL;\n", "")],
    "M-B3": [(BUFFER, "    if (access == PROCBUF_ACCESS_READ && is_in_flash(", "    if (is_in_flash(")],
    "M-B4": [(BUFFER, "    if (self->mark < end)\n        self->mark = end;", "    self->mark = end;")],
    "M-G1": [(GRANT, "align < 2 ? 2 : align", "align")],
    "M-G6": [(GRANT, "                           grant_align(config)) != PROCBUF_OK)",
              "                           _Alignof(struct slot)) != PROCBUF_OK)")],
    "M-H3": [(BUFFER, "    *buffer = procbuf_readonly_default().private_;\n", "")],
    "M-K1z": [(PROCESS, "        procbuf_memory_zero(self->app_break, (size_t)(app_break - self->app_break));\n",
               "        (void)0;\n")],
    "M-K3": [(BRK, "    return error == PROCBUF_OK ? PROCBUF_OK : PROCBUF_NOMEM;",
              "    return error == PROCBUF_OK ? PROCBUF_OK : (enum procbuf_error)(error - PROCBUF_NO_SUCH_APP + 1);")],
    "M-L2": [(PROCESS, "        self->state.kind = self->state.stopped_from;",
              "        set_state(self, PROCBUF_STATE_RUNNING, 0);")],
    "M-L3": [(PROCESS, "    if (self->state.kind == PROCBUF_STATE_TERMINATED)\n        return;\n", "")],
    "M-L5": [(PROCESS, "    self->mark = self->mem_start;\n", ""),
             (PROCESS, "    return self->mem_start <= self->mark && self->mark <= self->app_break &&\n",
              "    return\n")], # which the library verifies, too
    "M-L8": [(CREATION, "    if (self->open_enters != NULL)\n        return PROCBUF_BUSY;\n", "")],
    "M-L7": [(PROCESS, "    if (self->fault_policy == PROCBUF_FAULT_RESTART) {", "    if (false) {")],
    "M-L6": [(PROCESS, "    if (app_break > self->app_break)\n",
              "    if (app_break > self->app_break && procbuf_state_is_active(self->state))\n")],
    "M-L9": [(GRANT, "        procbuf_process_has_open_enter(self, *addr_out,\n"
                     "                                       (procbuf_addr_t)(*addr_out + (procbuf_addr_t)len)) ||\n",
              "")],
    "M-L9g": [(PROCESS, "    if (procbuf_process_has_open_grant(self, self->mem_start, app_break))\n"
                        "        return false;\n", "")],
}
"""Mistakes of weakened.py in the model, and the same in the library: the edits, or a planted bug."""
