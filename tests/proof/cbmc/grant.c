/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Grants at the process level, and their layout. Contract: G1 to G3, G6, L9, I3, I4, R6, R8. */
#define WORLD_HAS_NO_BYTES
#include "world.h"

HARNESS(power_of_two)
{
    const size_t number = nondet_size();
    unsigned bits = 0;
    for (unsigned i = 0; i < sizeof(size_t) * 8; i++)
        bits += number >> i & 1;
    CLAIM(is_power_of_two(number) == (bits == 1));
    REACH(bits == 1);
}

/* Which place is the highest is in range.c. */
static void allocate_aligned(struct procbuf_process *process, size_t align)
{
    const uint32_t number = nondet_u32(), driver_number = nondet_u32();
    const size_t len = nondet_size();
    const struct procbuf_process_private old = process->private_;
    const bool is_right_number = number < GRANTS;
    const struct procbuf_grant_entry_private *const a = entry_at(1, 0), *const b = entry_at(1, 1);
    const bool is_there = is_right_number && (number == 0 ? a->allocated : b->allocated);
    const bool is_named = (a->allocated && a->driver_number == driver_number) ||
                          (b->allocated && b->driver_number == driver_number);
    procbuf_addr_t place = 0;
    const bool fits =
        procbuf_range_place(old.app_break, old.kernel_break, len, align < 2 ? 2 : align, &place);
    const bool meets = fits && procbuf_process_has_open_enter(&old, place, place + len);
    const bool meets_grant = procbuf_process_has_open_grant(&old, old.mem_start, old.app_break);
    const enum procbuf_error error =
        procbuf_process_allocate_grant(process, number, driver_number, len, align);
    if (!is_active_in(old.state))
        CLAIM(error == PROCBUF_INACTIVE_APP);
    else if (!is_right_number)
        CLAIM(error == PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    else if (is_there || is_named)
        CLAIM(error == PROCBUF_ALREADY);
    else if (!fits || meets || meets_grant || !agreed)
        CLAIM(error == PROCBUF_OUT_OF_MEMORY);
    else
        CLAIM(error == PROCBUF_OK);
    if (error == PROCBUF_OK) {
        const struct procbuf_grant_entry_private *made = entry_at(1, number);
        CLAIM(made->allocated && made->addr == place && made->len == len &&
              made->driver_number == driver_number);
        CLAIM(made->driver == NULL && !made->entered && !made->entered_by_driver);
        CLAIM(process->private_.kernel_break == place);
        CLAIM(next_is(PROTECT, old.app_break, place, PROCBUF_ACCESS_READ) && no_more());
        entries_before[GRANTS + number].private_ = *made;
    } else {
        CLAIM(process->private_.kernel_break == old.kernel_break);
    }
    CLAIM(SAME_BUT(process, kernel_break) && world_is_well_formed());
    REACH(error == PROCBUF_OK && len == 0);
    REACH(error == PROCBUF_OK && len != 0 && place == old.app_break);
    REACH(error == PROCBUF_OUT_OF_MEMORY && meets);
    REACH(error == PROCBUF_OUT_OF_MEMORY && fits && !meets && !meets_grant);
    REACH(error == PROCBUF_ALREADY && !is_there);
}

HARNESS_OF_PROCESS(allocate_grant)
{
    allocate_aligned(process, 1);
}

HARNESS_OF_PROCESS(allocate_aligned_grant)
{
    allocate_aligned(process, 64);
}

HARNESS_THAT_PANICS(allocate_misaligned_grant)
{
    any_world_with(1);
    PANICS(6, true);
    if (any_bool())
        (void)procbuf_process_allocate_grant(&slots[1], nondet_u32(), nondet_u32(), nondet_size(),
                                             3);
    else
        (void)procbuf_process_allocate_grant(&slots[1], nondet_u32(), nondet_u32(), nondet_size(),
                                             0);
    NO_PANIC();
}

HARNESS_OF_PROCESS(lookup_driver)
{
    const uint32_t driver_number = nondet_u32();
    uint32_t number = 77;
    const bool is_first =
        entry_at(1, 0)->allocated && entry_at(1, 0)->driver_number == driver_number;
    const bool is_second =
        entry_at(1, 1)->allocated && entry_at(1, 1)->driver_number == driver_number;
    const bool result = procbuf_process_lookup_driver(process, driver_number, &number);
    CLAIM(result == (is_first || is_second));
    CLAIM(number == (is_first ? 0 : is_second ? 1 : 77));
    CLAIM(all_is_same() && no_more());
    REACH(is_second);
    REACH(!result && entry_at(1, 0)->driver_number == driver_number);
}

/* G3: every error, in its order. */
static void claim_enter_grant(struct procbuf_process *process, struct procbuf_id id)
{
    const uint32_t number = nondet_u32();
    const bool is_there = id.private_.process == process && lives(id);
    const struct procbuf_grant_entry_private old =
        number < GRANTS ? *entry_at(1, number) : *entry_at(1, 0);
    procbuf_addr_t addr = 77;
    const enum procbuf_error error = procbuf_process_enter_grant(id, number, &addr);
    if (!is_there)
        CLAIM(error == PROCBUF_NO_SUCH_APP);
    else if (!is_active_in(process->private_.state))
        CLAIM(error == PROCBUF_INACTIVE_APP);
    else if (number >= GRANTS)
        CLAIM(error == PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    else if (!old.allocated)
        CLAIM(error == PROCBUF_OUT_OF_MEMORY);
    else if (old.entered)
        CLAIM(error == PROCBUF_ALREADY_IN_USE);
    else
        CLAIM(error == PROCBUF_OK);
    CLAIM(addr == (error == PROCBUF_OK ? old.addr : 77));
    if (error == PROCBUF_OK) {
        CLAIM(entry_at(1, number)->entered && !entry_at(1, number)->entered_by_driver);
        entries_before[GRANTS + number].private_.entered = true;
    }
    CLAIM(all_is_same() && no_more() && world_is_well_formed());
    REACH(error == PROCBUF_OK && number == 1);
    REACH(error == PROCBUF_ALREADY_IN_USE);
    REACH(error == PROCBUF_NO_SUCH_APP && id.private_.process == process);
    REACH(error == PROCBUF_NO_SUCH_APP && id.private_.table == &foreign && foreign_lives);
}

HARNESS_OF_PROCESS(enter_grant)
{
    if (any_bool())
        claim_enter_grant(process, (struct procbuf_id){ { process, &table, nondet_u64() }, 1 });
    else
        claim_enter_grant(
            process, (struct procbuf_id){ { NULL, &foreign, foreign_identifier }, foreign_index });
}

static void claim_leave_grant(struct procbuf_process *process, struct procbuf_id id)
{
    const uint32_t number = nondet_u32();
    const bool leaves = id.private_.process == process && lives(id) &&
                        is_active_in(process->private_.state) && number < GRANTS;
    const bool is_drivers = leaves && entry_at(1, number < GRANTS ? number : 0)->entered_by_driver;
    PANICS(8, is_drivers);
    procbuf_process_leave_grant(id, number);
    NO_PANIC();
    if (leaves) {
        CLAIM(!entry_at(1, number)->entered);
        entries_before[GRANTS + number].private_.entered = false;
    }
    CLAIM(all_is_same() && no_more() && world_is_well_formed());
    REACH(leaves);
    REACH(!leaves && id.private_.process == process && lives(id));
}

HARNESS_OF_PROCESS(leave_grant)
{
    if (any_bool())
        claim_leave_grant(process, (struct procbuf_id){ { process, &table, nondet_u64() }, 1 });
    else
        claim_leave_grant(
            process, (struct procbuf_id){ { NULL, &foreign, foreign_identifier }, foreign_index });
}

/* G6, in exact arithmetic: slots of 8-byte alignment, then the data, or the largest number if that is not one. */
static void claim_layout(size_t data_align)
{
    struct procbuf_driver_config config;
    config.data_align = data_align;
    const size_t align = data_align < 8 ? 8 : data_align;
    const exact slot_len = sizeof(size_t) == 8 ? 24 : 16;
    const exact slots_len =
        ((exact)config.readonly_count + (exact)config.readwrite_count) * slot_len;
    const exact offset = (slots_len + (exact)(align - 1)) & ~(exact)(align - 1);
    const exact whole = offset + (exact)config.data_len;
    const size_t len = procbuf_grant_len(&config);
    CLAIM(IMPLIES(len != SIZE_MAX, (exact)len == whole));
    CLAIM(IMPLIES(whole < (exact)SIZE_MAX - (exact)align, (exact)len == whole));
    CLAIM(IMPLIES(whole > (exact)SIZE_MAX, len == SIZE_MAX));
    CLAIM(sizeof(struct slot) == (size_t)slot_len && _Alignof(struct slot) == 8);
    CLAIM(slot_addr(0, 1) == (procbuf_addr_t)slot_len);
    REACH(len == SIZE_MAX);
    REACH(config.readonly_count == 1 && config.readwrite_count == 2 && len > 200);
}

HARNESS(grant_layout)
{
    if (any_bool())
        claim_layout(1);
    else
        claim_layout(64);
}

HARNESS(driver_init)
{
    struct procbuf_driver made;
    struct procbuf_driver_config config;
    config.data_align = any_bool() ? 16 : any_bool() ? 0 : 12;
    PANICS(6, config.data_align != 16);
    procbuf_driver_init(&made, &config);
    NO_PANIC();
    CLAIM(made.private_.grant_number == config.grant_number &&
          made.private_.driver_number == config.driver_number);
    CLAIM(made.private_.readonly_count == config.readonly_count &&
          made.private_.readwrite_count == config.readwrite_count);
    CLAIM(made.private_.data_len == config.data_len &&
          made.private_.data_align == config.data_align);
}

HARNESS(return_to_user)
{
    procbuf_return_to_user();
    CLAIM(next_is(BARRIER, 0, 0, PROCBUF_ACCESS_READ) && no_more());
}
