/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Buffers: building, holding, entering, giving back. Buffers read from a slot are in grant.c, over maps in map.c.
 * Contract: B, H, L1, L9, C3, R2, R11. */
#define WORLD_HAS_NO_BYTES
#include "world.h"

static bool is_in(procbuf_addr_t addr, size_t len, procbuf_addr_t low, procbuf_addr_t high)
{
    return low <= addr && (exact)addr + (exact)len <= (exact)high;
}

/* B1 to B3 */
static enum procbuf_error expected(const struct procbuf_process_private *self, procbuf_addr_t addr,
                                   size_t len, bool writes)
{
    if (!is_active_in(self->state))
        return PROCBUF_FAIL;
    if (len == 0 || is_in(addr, len, self->mem_start, self->app_break) ||
        (!writes && is_in(addr, len, self->flash_protected_end, self->flash_end)))
        return PROCBUF_OK;
    return PROCBUF_INVAL;
}

static bool is_buffer(const struct procbuf_buffer_private *buffer, struct procbuf_id id,
                      procbuf_addr_t addr, size_t len)
{
    return buffer->id.process == id.private_.process && buffer->id.table == id.private_.table &&
           buffer->id.identifier == id.private_.identifier && buffer->addr == addr &&
           buffer->len == len && buffer->slot_addr == 0 && buffer->slot_swaps == 0;
}

static bool same_buffer(const struct procbuf_buffer_private *a,
                        const struct procbuf_buffer_private *b)
{
    return a->id.process == b->id.process && a->id.table == b->id.table &&
           a->id.identifier == b->id.identifier && a->addr == b->addr && a->len == b->len &&
           a->slot_addr == b->slot_addr && a->index == b->index && a->slot_swaps == b->slot_swaps;
}

HARNESS_OF_PROCESS(build)
{
    const procbuf_addr_t addr = nondet_addr();
    const size_t len = nondet_size();
    const bool writes = any_bool();
    const struct procbuf_process_private old = process->private_;
    struct procbuf_readonly readonly = procbuf_readonly_default();
    struct procbuf_readwrite readwrite = procbuf_readwrite_default();
    const enum procbuf_error error = writes
                                         ? procbuf_readwrite_build(process, addr, len, &readwrite)
                                         : procbuf_readonly_build(process, addr, len, &readonly);
    const struct procbuf_buffer_private *made = writes ? &readwrite.private_ : &readonly.private_;
    CLAIM(error == expected(&old, addr, len, writes));
    const bool is_in_ram =
        error == PROCBUF_OK && len != 0 && is_in(addr, len, old.mem_start, old.app_break);
    CLAIM(process->private_.mark == (is_in_ram && addr + len > old.mark ? addr + len : old.mark));
    if (error == PROCBUF_OK) {
        CLAIM(is_buffer(made, procbuf_process_id(process), addr, len));
        CLAIM(writes ? procbuf_readwrite_len(&readwrite) == len
                     : procbuf_readonly_len(&readonly) == len);
        CLAIM(procbuf_buffer_private_is_valid(made));
    } else {
        CLAIM(is_buffer(made, (struct procbuf_id){ { NULL, NULL, 0 }, 0 }, 0, 0));
    }
    CLAIM(SAME_BUT(process, mark) && world_is_well_formed() && no_more());
    REACH(error == PROCBUF_OK && len == 0 && addr == 0);
    REACH(is_in_ram && process->private_.mark != old.mark);
    REACH(error == PROCBUF_OK && !writes && len != 0 && !is_in_ram);
    REACH(error == PROCBUF_INVAL && writes &&
          is_in(addr, len, old.flash_protected_end, old.flash_end));
    REACH(error == PROCBUF_FAIL);
}

/* B6, H3: what was given is held, and comes back. */
HARNESS(external)
{
    any_world();
    any_foreign();
    remember();
    const struct procbuf_id id = any_id();
    const procbuf_addr_t addr = nondet_addr();
    const size_t len = nondet_size();
    const bool has_capability = any_bool();
    procbuf_addr_t out_addr;
    size_t out_len;
    PANICS(2, !has_capability);
    struct procbuf_readonly readonly =
        procbuf_readonly_new_external(addr, len, id, has_capability ? &capability : NULL);
    struct procbuf_readwrite readwrite =
        procbuf_readwrite_new_external(addr, len, id, has_capability ? &capability : NULL);
    NO_PANIC();
    ASSUME(len == 0 || (addr != 0 && len <= PROCBUF_ADDR_MAX - addr)); /* the caller's duty: B6 */
    CLAIM(is_buffer(&readonly.private_, id, addr, len) &&
          same_buffer(&readonly.private_, &readwrite.private_));
    CLAIM(readonly.private_.index == id.index_ &&
          procbuf_buffer_private_is_valid(&readonly.private_));
    CLAIM(procbuf_readonly_len(&readonly) == (lives(id) ? len : 0) &&
          procbuf_readwrite_len(&readwrite) == (lives(id) ? len : 0));
    CLAIM(procbuf_readonly_addr(&readonly) == (len == 0 ? 0 : addr) &&
          procbuf_readwrite_addr(&readwrite) == (len == 0 ? 0 : addr));
    const struct procbuf_readonly same = procbuf_readwrite_as_readonly(&readwrite);
    CLAIM(same_buffer(&same.private_, &readwrite.private_));
    procbuf_readonly_consume(&readonly, &out_addr, &out_len);
    CLAIM(out_addr == addr && out_len == len && procbuf_readonly_len(&readonly) == 0 &&
          procbuf_readonly_addr(&readonly) == 0);
    procbuf_readwrite_consume(&readwrite, &out_addr, &out_len);
    const struct procbuf_readwrite nobodys = procbuf_readwrite_default();
    CLAIM(out_addr == addr && out_len == len &&
          same_buffer(&readwrite.private_, &nobodys.private_));
    const struct procbuf_readonly nothing = procbuf_readonly_default();
    CLAIM(same_buffer(&nothing.private_, &readonly.private_) && nothing.private_.id.table == NULL);
    CLAIM(all_is_same() && no_more());
    REACH(lives(id) && len != 0 && id.private_.table == &table);
    REACH(lives(id) && len != 0 && id.private_.table == &foreign);
}

/* ---- Enters: H2, H4, H5, L9 ---- */

static procbuf_addr_t entered_addr;
static size_t entered_len;
static unsigned bodies;
static char body_data;
static struct procbuf_process *entered;

static void in_body(const uint8_t *base, size_t len, void *data)
{
    bodies++;
    CLAIM(data == &body_data && len == entered_len);
    CLAIM(len == 0 ? base != NULL : (procbuf_addr_t)base == entered_addr);
    note(BODY, 0, 0, PROCBUF_ACCESS_READ);
    if (entered != NULL) { /* L9, L8: the kernel sees the enter while it runs */
        CLAIM(entered->private_.open_enters != NULL && !entered->private_.open_enters->is_grant);
        CLAIM(entered->private_.open_enters->addr == entered_addr &&
              entered->private_.open_enters->len == entered_len);
        CLAIM(procbuf_process_remove(entered) == PROCBUF_BUSY);
    }
}

static void read_body(struct procbuf_readable slice, void *data)
{
    in_body(slice.base_, slice.len_, data);
}

static void write_body(struct procbuf_writable slice, void *data)
{
    in_body(slice.base_, slice.len_, data);
}

HARNESS(enter)
{
    any_world_with(1);
    const struct procbuf_id id = any_id();
    const uint8_t form = nondet_u8();
    const enum procbuf_access access = form == 2 ? PROCBUF_ACCESS_READ_WRITE : PROCBUF_ACCESS_READ;
    entered_addr = nondet_addr();
    entered_len = nondet_size();
    ASSUME(entered_len == 0 ||
           (entered_addr != 0 && entered_len <= PROCBUF_ADDR_MAX - entered_addr));
    ASSUME(id.private_.process != &slots[0]);
    entered = lives(id) && id.private_.process != NULL ? &slots[1] : NULL;
    const struct procbuf_readonly readonly =
        procbuf_readonly_new_external(entered_addr, entered_len, id, &capability);
    const struct procbuf_readwrite readwrite =
        procbuf_readwrite_new_external(entered_addr, entered_len, id, &capability);
    foreign_questions = 0;
    enum procbuf_error error;
    if (form == 0)
        error = procbuf_readonly_enter(&readonly, read_body, &body_data);
    else if (form == 1)
        error = procbuf_readwrite_enter(&readwrite, read_body, &body_data);
    else
        error = procbuf_readwrite_mut_enter(&readwrite, write_body, &body_data);
    ASSUME(form <= 2);
    CLAIM(error == (lives(id) ? PROCBUF_OK : PROCBUF_NO_SUCH_APP));
    CLAIM(bodies == (lives(id) ? 1 : 0));
    CLAIM(foreign_questions == (id.private_.table == &foreign ? 1 : 0));
    if (error == PROCBUF_OK) {
        CLAIM(IMPLIES(entered_len != 0, next_is(OPEN, entered_addr, entered_len, access)));
        CLAIM(next_is(BODY, 0, 0, PROCBUF_ACCESS_READ));
        CLAIM(IMPLIES(entered_len != 0, next_is(CLOSE, entered_addr, entered_len, access)));
    }
    CLAIM(all_is_same() && no_more());
    REACH(error == PROCBUF_OK && entered != NULL && entered_len != 0 && form == 0);
    REACH(error == PROCBUF_OK && id.private_.table == &foreign && form == 2);
    REACH(error == PROCBUF_OK && entered_len == 0 && form == 1);
    REACH(error == PROCBUF_NO_SUCH_APP && id.private_.table == &table);
}

/* R11: a body that jumped out of an inner enter. */
static void jumping_body(struct procbuf_readable slice, void *data)
{
    (void)slice;
    (void)data;
    slots[1].private_.open_enters = any_bool() ? &inner_open : NULL;
    must_panic = 11;
}

HARNESS_THAT_PANICS(jump_out_of_an_enter)
{
    any_world_with(1);
    struct procbuf_readonly buffer;
    ASSUME(procbuf_readonly_build(&slots[1], slots[1].private_.mem_start, 1, &buffer) ==
           PROCBUF_OK);
    REACH(true);
    (void)procbuf_readonly_enter(&buffer, jumping_body, NULL);
    CLAIM(false);
}
