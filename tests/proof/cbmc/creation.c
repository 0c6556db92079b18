/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Creation and removal. Contract: P4, L1, L8, I5, I9, R3, R10. */
#define WORLD_HAS_NO_BYTES
#include "world.h"

static struct procbuf_process_config any_config(void)
{
    struct procbuf_process_config config;
    config.fault_policy = any_bool() ? PROCBUF_FAULT_STOP : PROCBUF_FAULT_RESTART;
    return config;
}

static bool fits_exactly(procbuf_addr_t start, size_t len)
{
    return (exact)start + (exact)len <= (exact)PROCBUF_ADDR_MAX && (start != 0 || len == 0);
}

/* P4, one process alone, in exact arithmetic. */
static bool is_acceptable(const struct procbuf_process_config *config)
{
    return fits_exactly(config->flash_start, config->flash_len) &&
           fits_exactly(config->mem_start, config->mem_len) &&
           config->flash_protected_len <= config->flash_len &&
           (exact)config->initial_app_len + (exact)config->initial_kernel_len <=
               (exact)config->mem_len;
}

HARNESS(layout)
{
    const struct procbuf_process_config config = any_config();
    struct layout layout;
    const bool result = layout_from_config(&config, &layout);
    CLAIM(result == is_acceptable(&config));
    if (result) {
        CLAIM((exact)layout.flash_end == (exact)config.flash_start + (exact)config.flash_len);
        CLAIM((exact)layout.mem_end == (exact)config.mem_start + (exact)config.mem_len);
        CLAIM((exact)layout.flash_protected_end ==
              (exact)config.flash_start + (exact)config.flash_protected_len);
        CLAIM((exact)layout.app_break == (exact)config.mem_start + (exact)config.initial_app_len);
        CLAIM((exact)layout.kernel_break + (exact)config.initial_kernel_len ==
              (exact)layout.mem_end);
        CLAIM(config.mem_start <= layout.app_break && layout.app_break <= layout.kernel_break);
    }
    REACH(result && layout.mem_end == PROCBUF_ADDR_MAX);
    REACH(!result);
}

static bool is_free_of(procbuf_addr_t start, procbuf_addr_t end,
                       const struct procbuf_process_private *other)
{
    return other->table == NULL ||
           (!share_a_byte(start, end, other->mem_start, other->mem_end) &&
            !share_a_byte(start, end, other->flash_start, other->flash_end));
}

static bool is_free(const struct procbuf_process_config *config, const struct layout *layout)
{
    return !share_a_byte(config->flash_start, layout->flash_end, config->mem_start,
                         layout->mem_end) &&
           is_free_of(config->flash_start, layout->flash_end, &slots[0].private_) &&
           is_free_of(config->flash_start, layout->flash_end, &slots[1].private_) &&
           is_free_of(config->mem_start, layout->mem_end, &slots[0].private_) &&
           is_free_of(config->mem_start, layout->mem_end, &slots[1].private_);
}

HARNESS(layout_is_free)
{
    any_world();
    remember();
    const struct procbuf_process_config config = any_config();
    struct layout layout;
    ASSUME(layout_from_config(&config, &layout));
    const bool result = layout_is_free(&table, &config, &layout);
    CLAIM(result == is_free(&config, &layout));
    CLAIM(all_is_same());
    REACH(result && slots[0].private_.table != NULL && slots[1].private_.table != NULL);
    REACH(!result);
}

/* In a table whose slots are occupied or not, as constants: the place of the new process is one then. */
static void create_with(bool first, bool second)
{
    any_world();
    ASSUME((slots[0].private_.table != NULL) == first &&
           (slots[1].private_.table != NULL) == second);
    slots[0].private_.table = first ? &table : NULL;
    slots[1].private_.table = second ? &table : NULL;
    remember();
    const struct procbuf_process_config config = any_config();
    struct procbuf_process *const untouched = &slots[1] + 1;
    struct procbuf_process *process = untouched;
    struct layout layout;
    const bool is_alone_right = layout_from_config(&config, &layout);
    const bool is_right = is_alone_right && is_free(&config, &layout);
    const bool is_full = first && second;
    const bool is_spent = table.private_.next_identifier == UINT64_MAX;
    const unsigned place = first ? 1 : 0;
    const enum procbuf_error error = procbuf_process_create(&table, &config, &process);
    if (!is_right)
        CLAIM(error == PROCBUF_INVAL);
    else if (is_full || is_spent || !agreed)
        CLAIM(error == PROCBUF_NOMEM);
    else
        CLAIM(error == PROCBUF_OK);
    if (!is_right || is_full || is_spent) {
        CLAIM(all_is_same() && no_more() && process == untouched);
    } else {
        const struct procbuf_process_private *self = &slots[place].private_;
        CLAIM(same_slot(1 - place) && same_entries_of(1 - place));
        CLAIM(table.private_.next_identifier == table_before.private_.next_identifier + 1);
        CLAIM(asked.table == &table && asked.identifier == table_before.private_.next_identifier &&
              asked.process_index == place);
        CLAIM(asked.mem_start == config.mem_start && asked.mem_end == layout.mem_end &&
              asked.flash_start == config.flash_start);
        CLAIM(asked.flash_protected_end == layout.flash_protected_end &&
              asked.flash_end == layout.flash_end);
        if (config.initial_app_len != 0) {
            CLAIM(
                next_is(OPEN, config.mem_start, config.initial_app_len, PROCBUF_ACCESS_READ_WRITE));
            CLAIM(
                next_is(ZERO, config.mem_start, config.initial_app_len, PROCBUF_ACCESS_READ_WRITE));
            CLAIM(next_is(CLOSE, config.mem_start, config.initial_app_len,
                          PROCBUF_ACCESS_READ_WRITE));
        }
        CLAIM(next_is(PROTECT, layout.app_break, layout.kernel_break, PROCBUF_ACCESS_READ) &&
              no_more());
        if (error == PROCBUF_OK) {
            CLAIM(process == &slots[place] && self->table == &table);
            CLAIM(self->identifier == table_before.private_.next_identifier &&
                  self->fault_policy == config.fault_policy);
            CLAIM(self->mem_start == config.mem_start && self->mem_end == layout.mem_end &&
                  self->mark == config.mem_start);
            CLAIM(self->app_break == layout.app_break && self->kernel_break == layout.kernel_break);
            CLAIM(self->initial_app_break == layout.app_break &&
                  self->initial_kernel_break == layout.kernel_break);
            CLAIM(self->flash_start == config.flash_start && self->flash_end == layout.flash_end);
            CLAIM(self->flash_protected_end == layout.flash_protected_end);
            CLAIM(same_state(self->state, (struct procbuf_state){ PROCBUF_STATE_YIELDED,
                                                                  PROCBUF_STATE_YIELDED, 0 }));
            CLAIM(self->restart_count == 0 && self->completion == PROCBUF_COMPLETION_NEVER_ENDED &&
                  self->open_enters == NULL);
            for (unsigned number = 0; number < GRANTS; number++)
                CLAIM(!entry_at(place, number)->allocated && !entry_at(place, number)->entered);
        } else {
            CLAIM(self->table == NULL && self->identifier == PROCBUF_NO_IDENTIFIER &&
                  process == untouched);
        }
    }
    CLAIM(world_is_well_formed());
    REACH(error == PROCBUF_OK && place == 1);
    REACH(error == PROCBUF_OK && place == 0 && second);
    REACH(error == PROCBUF_INVAL && is_alone_right);
    REACH(error == PROCBUF_NOMEM && is_full);
    REACH(error == PROCBUF_NOMEM && is_spent && !is_full);
    REACH(error == PROCBUF_NOMEM && !is_spent && !is_full);
}

HARNESS(create)
{
    switch (nondet_u8()) {
    case 0: create_with(false, false); break;
    case 1: create_with(false, true); break;
    case 2: create_with(true, false); break;
    default: create_with(true, true); break;
    }
}

HARNESS_THAT_PANICS(create_in_foreign_table)
{
    any_foreign();
    const struct procbuf_process_config config = any_config();
    struct procbuf_process *process;
    PANICS(3, true);
    (void)procbuf_process_create(&foreign, &config, &process);
    NO_PANIC();
}

HARNESS_OF_PROCESS(remove)
{
    const struct procbuf_process_private old = process->private_;
    const struct procbuf_id id = procbuf_process_id(process);
    const enum procbuf_error error = procbuf_process_remove(process);
    CLAIM(error == (old.open_enters != NULL ? PROCBUF_BUSY : PROCBUF_OK));
    CLAIM(procbuf_id_is_live(id) == (error == PROCBUF_BUSY));
    if (error == PROCBUF_BUSY) {
        CLAIM(all_is_same() && no_more());
    } else {
        CLAIM(next_is(PROTECT, old.mem_start, old.mem_start, PROCBUF_ACCESS_READ) && no_more());
        CLAIM(asked.identifier == old.identifier && asked.flash_end == asked.flash_start &&
              asked.mem_start == old.mem_start);
        CLAIM(process->private_.table == NULL &&
              procbuf_table_slot(&table, slot_of(process)) == NULL);
        CLAIM(others_are_same(process) && same_table(&table.private_, &table_before.private_));
    }
    CLAIM(world_is_well_formed());
    REACH(error == PROCBUF_BUSY);
    REACH(error == PROCBUF_OK);
}
