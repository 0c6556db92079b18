/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A driver's grant, its slots, and the allow calls, in memory with bytes. Contract: G4, G5, H6, A, L9, R7, C2, I7. */
#include "memory.h"

/* Where the driver's grant is, or will be: at the end of memory. A constant, since each byte at an unknown place would be one of
 * all; what else decides the place is in grant.c. */
#define PLACE ((BYTES - GRANT_LEN) & ~(size_t)7)

/* One process, the second of two, whose grant 1 is of the driver, or of the process level, or not there yet. The first slot is
 * empty: what is between two processes is in the other files. */
static struct procbuf_process *any_user_of_driver(bool is_allocated)
{
    any_driver(&driver, 1);
    any_memory();
    any_world_with(1);
    ASSUME(slots[0].private_.table == NULL);
    struct procbuf_grant_entry_private *entry = entry_at(1, 1);
    struct procbuf_process_private *self = &slots[1].private_;
    ASSUME(entry->allocated == is_allocated);
    ASSUME(self->mem_end == BYTES && self->kernel_break == (is_allocated ? PLACE : BYTES));
    ASSUME(!is_allocated || (entry->addr == PLACE && entry->len == GRANT_LEN));
    ASSUME(entry->driver != &driver || entry->driver_number == driver.private_.driver_number);
    entry->allocated = is_allocated; /* the same, as constants */
    self->mem_end = BYTES;
    self->kernel_break = is_allocated ? PLACE : BYTES;
    entry->addr = PLACE; /* no one reads it of a grant that is not there */
    entry->len = GRANT_LEN;
    remember();
    return &slots[1];
}

/* With the grant there, and without. */
#define HARNESS_OF_DRIVER(name)                                                                    \
    static void try_##name(struct procbuf_process *process);                                       \
    void prove_##name(void)                                                                        \
    {                                                                                              \
        if (any_bool()) {                                                                          \
            try_##name(any_user_of_driver(true));                                                  \
            REACH(true);                                                                           \
        } else {                                                                                   \
            try_##name(any_user_of_driver(false));                                                 \
            REACH(true);                                                                           \
        }                                                                                          \
    }                                                                                              \
    static void try_##name(struct procbuf_process *process)

static struct procbuf_id id_now(void)
{
    return (struct procbuf_id){ { &slots[1], &table, slots[1].private_.identifier }, 1 };
}

/* ---- Slots ---- */

/* Any grant that is open, anywhere. */
static procbuf_addr_t any_open_grant(void)
{
    const procbuf_addr_t addr = nondet_addr();
    ASSUME(addr <= BYTES - GRANT_LEN);
    procbuf_port_user_access_open(addr, GRANT_LEN, PROCBUF_ACCESS_READ_WRITE);
    return addr;
}

HARNESS(slot_swap)
{
    any_memory();
    const procbuf_addr_t grant_addr = any_open_grant(), at = any_place();
    const bool second = any_bool();
    const procbuf_addr_t where = grant_addr + (second ? sizeof(struct slot) : 0);
    const struct slot old = slot_in(where);
    const procbuf_addr_t new_addr = nondet_addr();
    const size_t new_len = nondet_size();
    procbuf_addr_t addr = new_addr;
    size_t len = new_len;
    ASSUME(old.swaps < UINT64_MAX);
    procbuf_slot_swap(grant_addr, second, &addr, &len);
    const struct slot now = slot_in(where);
    CLAIM(addr == old.addr && len == old.len);
    CLAIM(now.addr == new_addr && now.len == new_len && now.swaps == old.swaps + 1);
    CLAIM(
        IMPLIES(at < where || at - where >= sizeof(struct slot), memory[at] == memory_before[at]));
    REACH(second && grant_addr != 0);
}

HARNESS(slot_is_unswapped)
{
    any_memory();
    const procbuf_addr_t where = nondet_addr(), at = any_place();
    const uint64_t swaps = nondet_u64();
    ASSUME(where <= BYTES - sizeof(struct slot));
    const bool result = procbuf_slot_is_unswapped(where, swaps);
    CLAIM(result == (slot_in(where).swaps == swaps));
    const procbuf_addr_t swaps_addr = where + offsetof(struct slot, swaps);
    CLAIM(next_is(OPEN, swaps_addr, 8, PROCBUF_ACCESS_READ) &&
          next_is(CLOSE, swaps_addr, 8, PROCBUF_ACCESS_READ) && no_more());
    CLAIM(memory[at] == memory_before[at]);
    REACH(result);
    REACH(!result);
}

/* G4, G5, H6: what a slot holds is lent by the life of the grant, until the slot is swapped. */
static void claim_read(bool writes, uint32_t slot)
{
    struct procbuf_process *process = any_user_of_driver(true);
    procbuf_port_user_access_open(PLACE, GRANT_LEN, PROCBUF_ACCESS_READ_WRITE);
    const struct procbuf_grant grant = { { &driver, id_now(), PLACE } };
    const procbuf_addr_t where = PLACE + (writes ? sizeof(struct slot) : 0);
    const struct slot held = slot_in(where);
    ASSUME(held.len == 0 ||
           (held.addr != 0 &&
            held.len <= PROCBUF_ADDR_MAX - held.addr)); /* I2: what an allow put there */
    struct procbuf_readonly readonly = procbuf_readonly_default();
    struct procbuf_readwrite readwrite = procbuf_readwrite_default();
    const enum procbuf_error error = writes ? procbuf_grant_readwrite(&grant, slot, &readwrite)
                                            : procbuf_grant_readonly(&grant, slot, &readonly);
    const struct procbuf_buffer_private *made = writes ? &readwrite.private_ : &readonly.private_;
    CLAIM(error == (slot == 0 ? PROCBUF_OK : PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    CLAIM(all_is_same());
    if (slot != 0) {
        CLAIM(made->id.table == NULL && made->len == 0);
        return;
    }
    CLAIM(made->addr == held.addr && made->len == held.len && made->slot_addr == where &&
          made->slot_swaps == held.swaps);
    CLAIM(made->id.process == process && made->id.identifier == process->private_.identifier);
    CLAIM((writes ? procbuf_readwrite_len(&readwrite) : procbuf_readonly_len(&readonly)) ==
          held.len);
    procbuf_addr_t addr = nondet_addr();
    size_t new_len = nondet_size();
    ASSUME(held.swaps < UINT64_MAX);
    procbuf_slot_swap(PLACE, writes, &addr, &new_len);
    CLAIM((writes ? procbuf_readwrite_len(&readwrite) : procbuf_readonly_len(&readonly)) == 0);
    REACH(held.len != 0);
}

HARNESS(read_slots)
{
    const uint32_t other = nondet_u32();
    ASSUME(other != 0);
    switch (nondet_u8()) {
    case 0: claim_read(false, 0); break;
    case 1: claim_read(true, 0); break;
    case 2: claim_read(false, other); break;
    default: claim_read(true, other); break;
    }
}

HARNESS(grant_data)
{
    const procbuf_addr_t grant_addr = any_open_grant();
    const struct procbuf_grant grant = { { &driver, (struct procbuf_id){ { NULL, NULL, 0 }, 0 },
                                           grant_addr } };
    any_driver(&driver, 1);
    const bool has_data = any_bool();
    if (!has_data)
        driver.private_.data_len = 0;
    const struct procbuf_writable data = procbuf_grant_data(&grant);
    CLAIM(data.len_ == (has_data ? DATA_LEN : 0) && data.base_ != NULL);
    CLAIM(IMPLIES(has_data, data.base_ == memory + grant_addr + 2 * sizeof(struct slot)));
    REACH(has_data);
}

/* ---- Entering: G4 ---- */

static unsigned bodies;
static uint8_t byte_in_body;
static procbuf_addr_t looked_at, grant_in_body;

static void in_grant(const struct procbuf_grant *grant, void *data)
{
    CLAIM(data == &bodies && grant->private_.driver == &driver);
    bodies++;
    grant_in_body = grant->private_.addr;
    byte_in_body = memory[looked_at];
    note(BODY, 0, 0, PROCBUF_ACCESS_READ);
    CLAIM(window_count == 1 && windows[0].addr == grant_in_body && windows[0].len == GRANT_LEN);
    CLAIM(entry_at(1, 1)->entered && entry_at(1, 1)->entered_by_driver);
    const struct procbuf_open_enter *open = slots[1].private_.open_enters;
    CLAIM(open->is_grant && open->addr == grant_in_body && open->len == GRANT_LEN);
}

/* The answers of an entry before the driver enters it. `fits`: its place does, and no port refuses. */
static enum procbuf_error expected(const struct procbuf_process_private *old,
                                   const struct procbuf_grant_entry_private *entry,
                                   bool was_allocated)
{
    if (!is_active_in(old->state))
        return PROCBUF_INACTIVE_APP;
    if (!entry->allocated)
        return was_allocated ? PROCBUF_OK : PROCBUF_OUT_OF_MEMORY;
    return entry->entered ? PROCBUF_ALREADY_IN_USE : PROCBUF_OK;
}

static void claim_driver_enter(struct procbuf_process *process, struct procbuf_id id)
{
    const struct procbuf_grant_entry_private entry = *entry_at(1, 1);
    const struct procbuf_process_private old = process->private_;
    looked_at = any_place();
    ASSUME(id.private_.process == NULL || id.private_.process == process);
    ASSUME(process->private_.open_enters == NULL || process->private_.open_enters == &outer_open);
    const bool is_there = id.private_.process == process && lives(id);
    PANICS(7, is_there && is_active_in(old.state) && entry.allocated && entry.driver != &driver);
    const enum procbuf_error error = procbuf_driver_enter(&driver, id, in_grant, &bodies);
    NO_PANIC();
    const bool is_new = !entry.allocated && entry_at(1, 1)->allocated;
    CLAIM(error == (is_there ? expected(&old, &entry, is_new) : PROCBUF_NO_SUCH_APP));
    CLAIM(bodies == (error == PROCBUF_OK ? 1 : 0));
    if (error == PROCBUF_OK) {
        const procbuf_addr_t addr = entry_at(1, 1)->addr;
        if (is_new) {
            CLAIM(next_is(PROTECT, old.app_break, addr, PROCBUF_ACCESS_READ) && addr % 8 == 0 &&
                  entry_at(1, 1)->driver == &driver);
            CLAIM(entry_at(1, 1)->len == GRANT_LEN && process->private_.kernel_break == addr);
        } else {
            CLAIM(addr == entry.addr && process->private_.kernel_break == old.kernel_break);
        }
        CLAIM(grant_in_body == addr && next_is(OPEN, addr, GRANT_LEN, PROCBUF_ACCESS_READ_WRITE));
        CLAIM(IMPLIES(is_new, next_is(ZERO, addr, GRANT_LEN, PROCBUF_ACCESS_READ_WRITE)));
        CLAIM(next_is(BODY, 0, 0, PROCBUF_ACCESS_READ) &&
              next_is(CLOSE, addr, GRANT_LEN, PROCBUF_ACCESS_READ_WRITE) && no_more());
        const bool is_inside = looked_at >= addr && looked_at - addr < GRANT_LEN;
        CLAIM(byte_in_body == (is_new && is_inside ? 0 : memory_before[looked_at]));
        CLAIM(!entry_at(1, 1)->entered && !entry_at(1, 1)->entered_by_driver);
    } else {
        CLAIM(memory[looked_at] == memory_before[looked_at] && !is_new && window_count == 0);
    }
    CLAIM(process->private_.open_enters == old.open_enters &&
          same_entry(entry_at(1, 0), &entries_before[2].private_));
    entries_before[3].private_ = *entry_at(1, 1);
    CLAIM(SAME_BUT(process, kernel_break) && world_is_well_formed());
    REACH(error == PROCBUF_OK && is_new);
    REACH(error == PROCBUF_OK && !is_new);
    REACH(error == PROCBUF_ALREADY_IN_USE);
    REACH(error == PROCBUF_OUT_OF_MEMORY);
    REACH(error == PROCBUF_INACTIVE_APP);
}

HARNESS_OF_DRIVER(driver_enter)
{
    if (any_bool())
        claim_driver_enter(process, (struct procbuf_id){ { process, &table, nondet_u64() }, 1 });
    else
        claim_driver_enter(
            process, (struct procbuf_id){ { NULL, &foreign, foreign_identifier }, foreign_index });
}

/* R7: the number is out of range. */
HARNESS_THAT_PANICS(driver_without_a_grant)
{
    any_user_of_driver(true);
    any_driver(&driver, GRANTS);
    ASSUME(is_active_in(slots[1].private_.state));
    PANICS(7, true);
    (void)procbuf_driver_enter(&driver, id_now(), in_grant, &bodies);
    NO_PANIC();
}

/* A process that ends inside the body, and lives again, keeps no entered grant; the grant's end finds none of its own. */
static void ending_body(const struct procbuf_grant *grant, void *data)
{
    (void)grant;
    (void)data;
    procbuf_process_terminate(&slots[1], NULL);
}

HARNESS(life_ends_in_a_grant)
{
    struct procbuf_process *process = any_user_of_driver(true);
    ASSUME(is_active_in(process->private_.state) && entry_at(1, 1)->driver == &driver);
    ASSUME(!entry_at(1, 1)->entered);
    CLAIM(procbuf_driver_enter(&driver, id_now(), ending_body, NULL) == PROCBUF_OK);
    CLAIM(!entry_at(1, 1)->allocated && !entry_at(1, 1)->entered &&
          process->private_.state.kind == PROCBUF_STATE_TERMINATED);
    CLAIM(world_is_well_formed());
}

/* ---- Allow: A1, A2, B4 ---- */

static bool is_in(procbuf_addr_t addr, size_t len, procbuf_addr_t low, procbuf_addr_t high)
{
    return low <= addr && (exact)addr + (exact)len <= (exact)high;
}

static enum procbuf_error expected_build(const struct procbuf_process_private *self,
                                         procbuf_addr_t addr, size_t len, bool writes)
{
    if (!is_active_in(self->state))
        return PROCBUF_FAIL;
    if (len == 0 || is_in(addr, len, self->mem_start, self->app_break) ||
        (!writes && is_in(addr, len, self->flash_protected_end, self->flash_end)))
        return PROCBUF_OK;
    return PROCBUF_INVAL;
}

static void claim_allow(struct procbuf_process *process, bool writes)
{
    const struct procbuf_grant_entry_private entry = *entry_at(1, 1);
    const struct procbuf_process_private old = process->private_;
    const uint32_t slot = nondet_u32();
    const procbuf_addr_t addr = nondet_addr(), at = any_place();
    const size_t len = nondet_size();
    const bool has_driver = any_bool();
    ASSUME(process->private_.open_enters == NULL);
    const enum procbuf_error built = expected_build(&old, addr, len, writes);
    const bool is_ours = entry.allocated && entry.driver == &driver;
    const procbuf_addr_t where = PLACE + (writes ? sizeof(struct slot) : 0);
    const struct slot held = slot_in(where);
    ASSUME(held.swaps < UINT64_MAX);
    PANICS(7, has_driver && built == PROCBUF_OK && entry.allocated && !is_ours);
    const struct procbuf_allow_result result =
        writes
            ? procbuf_process_allow_readwrite(process, has_driver ? &driver : NULL, slot, addr, len)
            : procbuf_process_allow_readonly(process, has_driver ? &driver : NULL, slot, addr, len);
    NO_PANIC();
    const bool is_new = !entry.allocated && entry_at(1, 1)->allocated;
    if (!has_driver)
        CLAIM(result.code == PROCBUF_NODEVICE);
    else if (built != PROCBUF_OK)
        CLAIM(result.code == built);
    else if (entry.allocated ? entry.entered : !is_new)
        CLAIM(result.code == PROCBUF_NOMEM);
    else
        CLAIM(result.code == (slot == 0 ? PROCBUF_OK : PROCBUF_NOSUPPORT));
    const procbuf_addr_t grant_addr = entry_at(1, 1)->addr;
    if (result.code == PROCBUF_OK) {
        const struct slot now = slot_in(grant_addr + (writes ? sizeof(struct slot) : 0));
        CLAIM(now.addr == addr && now.len == len && now.swaps == (is_new ? 1 : held.swaps + 1));
        CLAIM(result.addr == (is_new ? 0 : held.addr) && result.len == (is_new ? 0 : held.len));
        CLAIM(IMPLIES(at < grant_addr || at - grant_addr >= GRANT_LEN,
                      memory[at] == memory_before[at]));
    } else {
        CLAIM(result.addr == addr && result.len == len);
        CLAIM(IMPLIES(!is_new, memory[at] == memory_before[at]));
    }
    const bool raises = has_driver && built == PROCBUF_OK && len != 0 &&
                        is_in(addr, len, old.mem_start, old.app_break);
    CLAIM(process->private_.mark == (raises && addr + len > old.mark ? addr + len : old.mark));
    CLAIM(IMPLIES(result.code == PROCBUF_NODEVICE || result.code == built,
                  IMPLIES(result.code != PROCBUF_OK, event_count == 0)));
    CLAIM(window_count == 0 && same_entry(entry_at(1, 0), &entries_before[2].private_));
    CLAIM(IMPLIES(result.code == PROCBUF_OK || result.code == PROCBUF_NOSUPPORT,
                  !entry_at(1, 1)->entered && !entry_at(1, 1)->entered_by_driver));
    entries_before[3].private_ = *entry_at(1, 1);
    slots_before[1].private_.mark = process->private_.mark;
    CLAIM(SAME_BUT(process, kernel_break) && world_is_well_formed());
    REACH(result.code == PROCBUF_OK && is_new);
    REACH(result.code == PROCBUF_OK && !is_new && held.len != 0);
    REACH(result.code == PROCBUF_NOMEM && entry.entered);
    REACH(result.code == PROCBUF_NOMEM && !entry.allocated && raises);
    REACH(result.code == PROCBUF_NOSUPPORT);
}

HARNESS_OF_DRIVER(allow_readonly)
{
    claim_allow(process, false);
}

HARNESS_OF_DRIVER(allow_readwrite)
{
    claim_allow(process, true);
}

/* A3: the driver keeps what it gets and gives back what it held, or refuses. */
static enum procbuf_error answer;
static struct procbuf_readwrite held_by_driver;

static enum procbuf_error accept(struct procbuf_id id, uint32_t number,
                                 struct procbuf_readwrite *buffer, void *data)
{
    CLAIM(procbuf_id_equal(id, id_now()) && number == 9 && data == &answer);
    if (answer == PROCBUF_OK) {
        const struct procbuf_readwrite old = held_by_driver;
        held_by_driver = *buffer;
        *buffer = old;
    }
    return answer;
}

HARNESS_OF_PROCESS(allow_userspace_readable)
{
    const procbuf_addr_t addr = nondet_addr(), old_addr = nondet_addr();
    const size_t len = nondet_size(), old_len = nondet_size();
    const bool has_driver = any_bool();
    const enum procbuf_error built = expected_build(&process->private_, addr, len, true);
    ASSUME(old_len == 0 || (old_addr != 0 && old_len <= PROCBUF_ADDR_MAX - old_addr));
    held_by_driver = procbuf_readwrite_new_external(old_addr, old_len, id_now(), &capability);
    answer = nondet_u8() == 0 ? PROCBUF_OK : any_bool() ? PROCBUF_BUSY : PROCBUF_NO_SUCH_APP;
    const struct procbuf_allow_result result = procbuf_process_allow_userspace_readable(
        process, 9, addr, len, has_driver ? accept : NULL, &answer);
    const enum procbuf_error as_code = answer == PROCBUF_NO_SUCH_APP ? PROCBUF_INVAL : answer;
    CLAIM(result.code == (!has_driver ? PROCBUF_NODEVICE : built != PROCBUF_OK ? built : as_code));
    CLAIM(result.addr == (result.code == PROCBUF_OK ? old_addr : addr) &&
          result.len == (result.code == PROCBUF_OK ? old_len : len));
    if (result.code == PROCBUF_OK)
        CLAIM(held_by_driver.private_.addr == addr && held_by_driver.private_.len == len);
    CLAIM(SAME_BUT(process, mark) && world_is_well_formed() && no_more());
    REACH(result.code == PROCBUF_OK && old_len != 0);
    REACH(result.code == PROCBUF_INVAL && built == PROCBUF_OK);
    REACH(result.code == PROCBUF_FAIL);
}

/* A4 */
HARNESS_OF_PROCESS(set_byte)
{
    any_memory();
    const procbuf_addr_t addr = nondet_addr(), at = any_place();
    const uint8_t value = nondet_u8();
    const bool is_right = addr >= process->private_.mem_start && addr < process->private_.app_break;
    const bool result = procbuf_process_set_byte(process, addr, value);
    CLAIM(result == is_right);
    CLAIM(memory[at] == (is_right && at == addr ? value : memory_before[at]));
    CLAIM(IMPLIES(is_right, next_is(OPEN, addr, 1, PROCBUF_ACCESS_READ_WRITE) &&
                                next_is(CLOSE, addr, 1, PROCBUF_ACCESS_READ_WRITE)));
    CLAIM(all_is_same() && no_more());
    REACH(result && !is_active_in(process->private_.state));
    REACH(!result);
}

/* C2: what a break or a new life zeroes has bytes here. */
HARNESS(memory_zero)
{
    any_memory();
    const procbuf_addr_t addr = nondet_addr(), at = any_place();
    const size_t len = nondet_size();
    ASSUME(addr < BYTES && len >= 1 && len <= BYTES - addr);
    procbuf_memory_zero(addr, len);
    CLAIM(memory[at] == (at >= addr && at - addr < len ? 0 : memory_before[at]));
    CLAIM(next_is(OPEN, addr, len, PROCBUF_ACCESS_READ_WRITE) &&
          next_is(ZERO, addr, len, PROCBUF_ACCESS_READ_WRITE));
    CLAIM(next_is(CLOSE, addr, len, PROCBUF_ACCESS_READ_WRITE) && no_more());
    REACH(len == BYTES);
}
