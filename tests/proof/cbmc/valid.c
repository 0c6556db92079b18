/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What checked builds test: the predicates say what the contract's invariants do, and no more. The other harnesses assume them,
 * and claim them of what the library leaves. Contract: I1, L1, L2, B3, B6, G2, H5, H8, M1, M5, M6. */
#define WORLD_HAS_NO_BYTES
#define WORLD_HAS_MAPS
#include "world.h"

HARNESS(valid_state)
{
    const struct procbuf_state state = { (enum procbuf_state_kind)(nondet_u8() & 7),
                                         (enum procbuf_state_kind)(nondet_u8() & 7), nondet_u32() };
    const bool from_active = state.stopped_from == PROCBUF_STATE_RUNNING ||
                             state.stopped_from == PROCBUF_STATE_YIELDED ||
                             state.stopped_from == PROCBUF_STATE_YIELDED_FOR;
    const bool is_kind =
        state.kind == PROCBUF_STATE_STOPPED ? from_active : state.stopped_from == state.kind;
    const bool is_number =
        state.yielded_for == 0 || state.stopped_from == PROCBUF_STATE_YIELDED_FOR;
    const bool result = procbuf_state_is_valid(state);
    CLAIM(result == (state.kind <= PROCBUF_STATE_TERMINATED && is_kind && is_number));
    REACH(result && state.kind == PROCBUF_STATE_STOPPED && state.yielded_for != 0);
    REACH(!result && state.kind == PROCBUF_STATE_STOPPED && from_active);
}

/* One field of a process out of order at a time is enough for a refusal. */
HARNESS(valid_process)
{
    struct procbuf_process any;
    table.private_ = (struct procbuf_table_private){ .slots = slots,
                                                     .slot_count = SLOTS,
                                                     .next_identifier = nondet_u64() };
    any.private_.table = &table;
    slots[1] = any;
    const struct procbuf_process_private *self = &slots[1].private_;
    const bool is_ram = self->mem_start <= self->mark && self->mark <= self->app_break &&
                        self->app_break <= self->kernel_break &&
                        self->kernel_break <= self->mem_end;
    const bool is_first = self->mem_start <= self->initial_app_break &&
                          self->initial_app_break <= self->initial_kernel_break &&
                          self->initial_kernel_break <= self->mem_end;
    const bool is_flash = self->flash_start <= self->flash_protected_end &&
                          self->flash_protected_end <= self->flash_end;
    const bool is_rest = procbuf_state_is_valid(self->state) &&
                         self->completion <= PROCBUF_COMPLETION_WITH_CODE &&
                         self->identifier < table.private_.next_identifier;
    const bool result = procbuf_process_is_valid(&slots[1]);
    CLAIM(procbuf_is_slot_of(&table, &slots[0]) && procbuf_is_slot_of(&table, &slots[1]) &&
          !procbuf_is_slot_of(&table, &slots[2]));
    CLAIM(procbuf_process_is_in_order(self) == is_ram);
    CLAIM(result == (is_ram && is_first && is_flash && is_rest));
    CLAIM(procbuf_table_is_valid(&table));
    slots[1].private_.table = NULL;
    CLAIM(procbuf_process_is_valid(&slots[1]) == (self->identifier == PROCBUF_NO_IDENTIFIER));
    table.private_.is_live = foreign_is_live;
    CLAIM(!procbuf_table_is_valid(&table));
    REACH(result);
    REACH(!result && is_ram && is_first && is_rest);
}

HARNESS(valid_id_and_buffer)
{
    any_world();
    any_foreign();
    const struct procbuf_id id = any_id();
    struct procbuf_buffer_private buffer = { .id = id.private_,
                                             .addr = nondet_addr(),
                                             .len = nondet_size() };
    CLAIM(procbuf_id_private_is_valid(&id.private_) && procbuf_table_is_valid(&foreign));
    const bool is_range =
        buffer.addr != 0 && (exact)buffer.addr + (exact)buffer.len <= (exact)PROCBUF_ADDR_MAX;
    CLAIM(procbuf_buffer_private_is_valid(&buffer) == (buffer.len == 0 || is_range));
    buffer.len = 0;
    buffer.slot_swaps = 1;
    CLAIM(procbuf_buffer_private_is_valid(&buffer) == (id.private_.process == NULL));
    buffer.id.table = NULL;
    CLAIM(procbuf_buffer_private_is_valid(&buffer) == (id.private_.process == NULL));
    buffer.id.process = NULL;
    buffer.id.table = &table;
    CLAIM(!procbuf_buffer_private_is_valid(&buffer));
    REACH(is_range);
}

HARNESS(valid_rest)
{
    const size_t count = nondet_size(), index = nondet_size(), offset = nondet_size();
    const bool has_buffers = any_bool(),
               is_place = index < count || (index == count && offset == 0);
    struct procbuf_readonly sources[1];
    struct procbuf_readwrite targets[1];
    const struct procbuf_position position = { index, offset };
    const struct procbuf_reader reader = { has_buffers ? sources : NULL, count, position };
    const struct procbuf_writer writer = { has_buffers ? targets : NULL, count, position };
    CLAIM(procbuf_position_is_valid(&position, count) == is_place);
    CLAIM(procbuf_reader_is_valid(&reader) == (is_place && (has_buffers || count == 0)));
    CLAIM(procbuf_writer_is_valid(&writer) == procbuf_reader_is_valid(&reader));
    uint8_t byte;
    CLAIM(procbuf_readable_is_valid(&(const struct procbuf_readable){ has_buffers ? &byte : NULL,
                                                                      count }) == has_buffers);
    CLAIM(procbuf_writable_is_valid(&(const struct procbuf_writable){ has_buffers ? &byte : NULL,
                                                                      count }) == has_buffers);
    any_entry(0);
    const struct procbuf_grant_entry_private *entry = &entries[0].private_;
    const bool is_free = !entry->entered && !entry->entered_by_driver && entry->driver == NULL;
    const bool is_kept = IMPLIES(entry->entered_by_driver, entry->entered && entry->driver != NULL);
    CLAIM(procbuf_grant_entry_private_is_valid(entry) == (entry->allocated ? is_kept : is_free));
    const struct procbuf_region region = { 1, 2, PROCBUF_ACCESS_READ };
    const struct procbuf_map map = { .regions_ = has_buffers ? &region : NULL, .count_ = count };
    CLAIM(procbuf_map_is_valid(&map) == (has_buffers || count == 0));
    any_foreign();
    struct procbuf_lender lender =
        procbuf_lender_pinned(&map, (struct procbuf_id){ { NULL, &foreign, 1 }, 1 });
    CLAIM(procbuf_lender_is_valid(&lender));
    lender.build_ = any_bool() ? NULL : lender.build_;
    lender.process_ = any_bool() ? &slots[0] : NULL;
    CLAIM(procbuf_lender_is_valid(&lender) == (lender.build_ != NULL && lender.process_ == NULL));
    struct procbuf_slot_private slot = { .swaps = nondet_u64() };
    CLAIM(procbuf_slot_private_is_valid(&slot) == (slot.swaps == 0));
    slot.keeper.holds = kernel_slot_holds;
    slot.held.id.process = any_bool() ? &slots[0] : NULL;
    CLAIM(procbuf_slot_private_is_valid(&slot) == (slot.held.id.process == NULL));
    REACH(is_place && has_buffers && index == count);
}
