/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* One process: what it says of itself, its states, its lives. Contract: L2 to L9, I9, R1, R10, R11. */
#define WORLD_HAS_NO_BYTES
#include "world.h"

/* ---- Looking ---- */

HARNESS_OF_PROCESS(looking)
{
    const struct procbuf_process_private *self = &process->private_;
    CLAIM(procbuf_process_flash_start(process) == self->flash_start);
    CLAIM(procbuf_process_flash_protected_end(process) == self->flash_protected_end);
    CLAIM(procbuf_process_flash_end(process) == self->flash_end);
    CLAIM(procbuf_process_mem_start(process) == self->mem_start);
    CLAIM(procbuf_process_mem_end(process) == self->mem_end);
    CLAIM(procbuf_process_app_break(process) == self->app_break);
    CLAIM(procbuf_process_kernel_break(process) == self->kernel_break);
    CLAIM(procbuf_process_mark(process) == self->mark);
    CLAIM(procbuf_process_restart_count(process) == self->restart_count);
    CLAIM(same_state(procbuf_process_state(process), self->state));
    CLAIM(procbuf_process_is_active(process) == is_active_in(self->state));
    CLAIM(procbuf_process_self(process) == self && procbuf_process_look(process) == self);
    uint32_t code = nondet_u32();
    const uint32_t before = code;
    CLAIM(procbuf_process_completion(process, &code) == self->completion);
    CLAIM(code ==
          (self->completion == PROCBUF_COMPLETION_WITH_CODE ? self->completion_code : before));
    CLAIM(all_is_same() && no_more());
}

/* R1: an empty slot, in place of a process. */
HARNESS_THAT_PANICS(empty_slot)
{
    any_world();
    const uint8_t which = nondet_u8();
    uint32_t out;
    procbuf_addr_t addr;
    struct procbuf_readonly readonly;
    struct procbuf_readwrite readwrite;
    ASSUME(slots[0].private_.table == NULL);
    PANICS(1, true);
    switch (which) {
    case 0: (void)procbuf_process_state(&slots[0]); break;
    case 1: procbuf_process_stop(&slots[0]); break;
    case 2: procbuf_process_terminate(&slots[0], NULL); break;
    case 3: (void)procbuf_process_start(&slots[0]); break;
    case 4: (void)procbuf_process_brk(&slots[0], nondet_addr(), &addr); break;
    case 5: (void)procbuf_process_remove(&slots[0]); break;
    case 6: (void)procbuf_readonly_build(&slots[0], nondet_addr(), nondet_size(), &readonly); break;
    case 7:
        (void)procbuf_readwrite_build(&slots[0], nondet_addr(), nondet_size(), &readwrite);
        break;
    case 8:
        (void)procbuf_process_allocate_grant(&slots[0], nondet_u32(), nondet_u32(), nondet_size(),
                                             nondet_size());
        break;
    case 9: (void)procbuf_process_lookup_driver(&slots[0], nondet_u32(), &out); break;
    case 10: (void)procbuf_process_id(&slots[0]); break;
    case 11:
        (void)procbuf_process_allow_readonly(&slots[0], NULL, nondet_u32(), nondet_addr(),
                                             nondet_size());
        break;
    case 12: (void)procbuf_process_set_byte(&slots[0], nondet_addr(), nondet_u8()); break;
    case 13: (void)procbuf_lender_process(&slots[0]); break;
    case 14: (void)procbuf_process_allow_userspace_readable(&slots[0], 0, 0, 0, NULL, NULL); break;
    default: (void)procbuf_process_is_active(&slots[0]); break;
    }
    NO_PANIC();
}

/* ---- Scheduling: L2 ---- */

static bool state_is(const struct procbuf_process *process, enum procbuf_state_kind kind,
                     uint32_t yielded_for)
{
    return same_state(process->private_.state, (struct procbuf_state){ kind, kind, yielded_for });
}

HARNESS_OF_PROCESS(scheduling)
{
    const struct procbuf_state old = process->private_.state;
    const uint32_t number = nondet_u32();
    const uint8_t which = nondet_u8();
    const bool waits = old.kind == PROCBUF_STATE_YIELDED || old.kind == PROCBUF_STATE_YIELDED_FOR;
    const bool runs = old.kind == PROCBUF_STATE_RUNNING;
    bool moves;
    if (which == 0) {
        procbuf_process_set_running(process);
        moves = waits;
        CLAIM(IMPLIES(moves, state_is(process, PROCBUF_STATE_RUNNING, 0)));
    } else if (which == 1) {
        procbuf_process_set_yielded(process);
        moves = runs;
        CLAIM(IMPLIES(moves, state_is(process, PROCBUF_STATE_YIELDED, 0)));
    } else {
        procbuf_process_set_yielded_for(process, number);
        moves = runs;
        CLAIM(IMPLIES(moves, state_is(process, PROCBUF_STATE_YIELDED_FOR, number)));
    }
    CLAIM(IMPLIES(!moves, same_state(process->private_.state, old)));
    CLAIM(procbuf_process_is_valid(process) && SAME_BUT(process, state) && no_more());
    REACH(moves && which == 0);
    REACH(!moves && which == 1);
}

HARNESS_OF_PROCESS(stop_and_resume)
{
    const struct procbuf_state old = process->private_.state;
    const bool is_stopped = old.kind == PROCBUF_STATE_STOPPED;
    if (any_bool()) {
        procbuf_process_stop(process);
        const struct procbuf_state now = process->private_.state;
        CLAIM(IMPLIES(!is_active_in(old) || is_stopped, same_state(now, old)));
        CLAIM(IMPLIES(is_active_in(old) && !is_stopped, now.kind == PROCBUF_STATE_STOPPED &&
                                                            now.stopped_from == old.kind &&
                                                            now.yielded_for == old.yielded_for));
        REACH(is_active_in(old) && !is_stopped);
    } else {
        procbuf_process_resume(process);
        const struct procbuf_state now = process->private_.state;
        CLAIM(IMPLIES(!is_stopped, same_state(now, old)));
        CLAIM(IMPLIES(is_stopped,
                      now.kind == old.stopped_from && now.yielded_for == old.yielded_for));
        REACH(is_stopped);
    }
    CLAIM(procbuf_process_is_valid(process) && SAME_BUT(process, state) && no_more());
}

/* ---- Open enters: L9, R11 ---- */

static bool one_shares(const struct procbuf_open_enter *open, procbuf_addr_t start,
                       procbuf_addr_t end, bool grants_alone)
{
    return (open->is_grant || !grants_alone) &&
           share_a_byte(start, end, open->addr, open->addr + open->len);
}

static bool open_shares(const struct procbuf_process *process, procbuf_addr_t start,
                        procbuf_addr_t end, bool grants_alone)
{
    const struct procbuf_open_enter *first = process->private_.open_enters;
    return (first != NULL && one_shares(&outer_open, start, end, grants_alone)) ||
           (first == &inner_open && one_shares(&inner_open, start, end, grants_alone));
}

HARNESS_OF_PROCESS(open_enters)
{
    const procbuf_addr_t start = nondet_addr(), end = nondet_addr();
    ASSUME(start <= end);
    const bool any = procbuf_process_has_open_enter(&process->private_, start, end);
    const bool grant = procbuf_process_has_open_grant(&process->private_, start, end);
    CLAIM(any == open_shares(process, start, end, false));
    CLAIM(grant == open_shares(process, start, end, true));
    CLAIM(all_is_same());
    REACH(any && !grant);
    REACH(!any && process->private_.open_enters == &inner_open);
    REACH(grant);
}

HARNESS_OF_PROCESS(push_and_pop)
{
    struct procbuf_open_enter open, stranger;
    struct procbuf_open_enter *outer = process->private_.open_enters;
    procbuf_process_push_enter(process, &open);
    CLAIM(process->private_.open_enters == &open && open.outer == outer);
    const bool jumped = any_bool();
    PANICS(11, jumped);
    procbuf_process_pop_enter(process, jumped ? &stranger : &open);
    NO_PANIC();
    CLAIM(all_is_same());
}

/* ---- What the port is asked: C3, I9, L8, R10 ---- */

static bool asked_for(const struct procbuf_process *process, procbuf_addr_t app_break,
                      procbuf_addr_t kernel_break)
{
    const struct procbuf_process_private *self = &process->private_;
    return asked.table == self->table && asked.identifier == self->identifier &&
           asked.process_index == slot_of(process) && asked.flash_start == self->flash_start &&
           asked.flash_protected_end == self->flash_protected_end &&
           asked.flash_end == self->flash_end && asked.mem_start == self->mem_start &&
           asked.app_break == app_break && asked.kernel_break == kernel_break &&
           asked.mem_end == self->mem_end;
}

/* Open, zero and close what becomes accessible, then protect; or none of them. */
static bool gave(procbuf_addr_t old_break, procbuf_addr_t app_break, procbuf_addr_t kernel_break)
{
    const size_t len = app_break > old_break ? app_break - old_break : 0;
    return (len == 0 || (next_is(OPEN, old_break, len, PROCBUF_ACCESS_READ_WRITE) &&
                         next_is(ZERO, old_break, len, PROCBUF_ACCESS_READ_WRITE) &&
                         next_is(CLOSE, old_break, len, PROCBUF_ACCESS_READ_WRITE))) &&
           next_is(PROTECT, app_break, kernel_break, PROCBUF_ACCESS_READ) && no_more();
}

HARNESS_OF_PROCESS(give)
{
    const procbuf_addr_t app_break = nondet_addr(), kernel_break = nondet_addr();
    const struct procbuf_process_private *self = &process->private_;
    ASSUME(app_break >= self->mem_start && app_break <= self->mem_end);
    const bool is_open = open_shares(process, self->mem_start, app_break, true);
    const bool result = procbuf_process_give(process, app_break, kernel_break);
    CLAIM(all_is_same());
    if (is_open) {
        CLAIM(!result && no_more());
    } else {
        CLAIM(result == agreed && asked_for(process, app_break, kernel_break));
        CLAIM(gave(self->app_break, app_break, kernel_break));
    }
    REACH(is_open);
    REACH(result && app_break > self->app_break);
    REACH(!result && !is_open);
}

HARNESS_OF_PROCESS(revoke)
{
    const struct procbuf_process_private *self = &process->private_;
    procbuf_process_revoke(process);
    CLAIM(asked.table == self->table && asked.identifier == self->identifier &&
          asked.process_index == slot_of(process));
    CLAIM(asked.app_break == asked.mem_start && asked.flash_end == asked.flash_start);
    CLAIM(asked.flash_protected_end == asked.flash_start && asked.mem_start == self->mem_start);
    CLAIM(next_is(PROTECT, self->mem_start, self->mem_start, PROCBUF_ACCESS_READ) && no_more());
    CLAIM(all_is_same());
}

/* ---- Lives: L3 to L7, L9 ---- */

HARNESS_OF_PROCESS(terminate)
{
    const uint32_t code = nondet_u32();
    const bool has_code = any_bool();
    const struct procbuf_process_private old = process->private_;
    procbuf_process_terminate(process, has_code ? &code : NULL);
    const struct procbuf_process_private *self = &process->private_;
    if (old.state.kind == PROCBUF_STATE_TERMINATED) {
        CLAIM(all_is_same());
    } else {
        CLAIM(state_is(process, PROCBUF_STATE_TERMINATED, 0));
        CLAIM(self->completion ==
              (has_code ? PROCBUF_COMPLETION_WITH_CODE : PROCBUF_COMPLETION_WITHOUT_CODE));
        CLAIM(IMPLIES(has_code, self->completion_code == code));
        for (unsigned number = 0; number < GRANTS; number++)
            CLAIM(!entry_at(slot_of(process), number)->allocated &&
                  !entry_at(slot_of(process), number)->entered);
        slots_before[slot_of(process)].private_.state = self->state;
        slots_before[slot_of(process)].private_.completion = self->completion;
        slots_before[slot_of(process)].private_.completion_code = self->completion_code;
        CLAIM(same_slot(slot_of(process)) && others_are_same(process) &&
              same_table(&table.private_, &table_before.private_));
    }
    CLAIM(no_more() && world_is_well_formed());
    REACH(old.state.kind == PROCBUF_STATE_FAULTED && has_code);
}

/* L5. `old` is what was there before. */
static void claim_new_life(const struct procbuf_process *process,
                           const struct procbuf_process_private *old, bool result)
{
    const struct procbuf_process_private *self = &process->private_;
    const uint64_t next = table_before.private_.next_identifier;
    const bool is_spent = next == UINT64_MAX;
    const bool is_open = open_shares(process, old->mem_start, old->initial_app_break, true);
    CLAIM(result == (!is_spent && !is_open && agreed));
    CLAIM(self->identifier == (is_spent ? old->identifier : next));
    if (is_spent || is_open) {
        CLAIM(no_more());
    } else {
        CLAIM(gave(old->app_break, old->initial_app_break, old->initial_kernel_break));
        CLAIM(asked_for(process, old->initial_app_break, old->initial_kernel_break));
    }
    CLAIM(self->app_break == (result ? old->initial_app_break : old->app_break));
    CLAIM(self->kernel_break == (result ? old->initial_kernel_break : old->kernel_break));
    CLAIM(self->mark == (result ? old->mem_start : old->mark));
    CLAIM(self->restart_count == old->restart_count + (result ? 1 : 0));
    CLAIM(others_are_same(process) &&
          table.private_.next_identifier == (is_spent ? next : next + 1));
    CLAIM(self->mem_start == old->mem_start && self->mem_end == old->mem_end &&
          self->open_enters == old->open_enters);
    CLAIM(self->initial_app_break == old->initial_app_break &&
          self->initial_kernel_break == old->initial_kernel_break);
    CLAIM(self->flash_end == old->flash_end && self->fault_policy == old->fault_policy);
    CLAIM(world_is_well_formed());
    REACH(result);
    REACH(!result && is_open && !is_spent);
    REACH(!result && is_spent);
}

/* What a life that ended before had: no id of it is live any more. */
static struct procbuf_id id_of(const struct procbuf_process *process)
{
    return (struct procbuf_id){ { (struct procbuf_process *)process, &table,
                                  process->private_.identifier },
                                slot_of(process) };
}

static void assume_countable(const struct procbuf_process *process)
{
    ASSUME(process->private_.restart_count < UINT32_MAX); /* else it wraps to 0, harmlessly */
}

HARNESS_OF_PROCESS(start)
{
    const struct procbuf_process_private old = process->private_;
    const struct procbuf_id id = id_of(process);
    assume_countable(process);
    /* L3, G3: a life that is over has no grants. */
    ASSUME(
        old.state.kind != PROCBUF_STATE_TERMINATED ||
        (!entry_at(slot_of(process), 0)->allocated && !entry_at(slot_of(process), 1)->allocated));
    agreed = true;
    const enum procbuf_error error = procbuf_process_start(process);
    if (old.state.kind != PROCBUF_STATE_TERMINATED) {
        CLAIM(error == PROCBUF_ALREADY && all_is_same() && no_more());
    } else {
        CLAIM(error == PROCBUF_OK || error == PROCBUF_OUT_OF_MEMORY);
        claim_new_life(process, &old, error == PROCBUF_OK);
        CLAIM(state_is(process,
                       error == PROCBUF_OK ? PROCBUF_STATE_YIELDED : PROCBUF_STATE_TERMINATED, 0));
        CLAIM(process->private_.completion == old.completion &&
              process->private_.completion_code == old.completion_code);
        CLAIM(IMPLIES(error == PROCBUF_OK, !procbuf_id_is_live(id)));
    }
}

HARNESS_OF_PROCESS(restart)
{
    const struct procbuf_process_private old = process->private_;
    const uint32_t code = nondet_u32();
    assume_countable(process);
    agreed = true;
    const enum procbuf_error error = procbuf_process_restart(process, &code);
    if (old.state.kind == PROCBUF_STATE_TERMINATED) {
        CLAIM(error == PROCBUF_ALREADY && all_is_same() && no_more());
    } else {
        CLAIM(error == PROCBUF_OK || error == PROCBUF_OUT_OF_MEMORY);
        claim_new_life(process, &old, error == PROCBUF_OK);
        CLAIM(state_is(process,
                       error == PROCBUF_OK ? PROCBUF_STATE_YIELDED : PROCBUF_STATE_TERMINATED, 0));
        CLAIM(process->private_.completion == PROCBUF_COMPLETION_WITH_CODE &&
              process->private_.completion_code == code);
        CLAIM(!entry_at(slot_of(process), 0)->allocated &&
              !entry_at(slot_of(process), 1)->allocated);
    }
}

HARNESS_OF_PROCESS(fault)
{
    const struct procbuf_process_private old = process->private_;
    const bool restarts = old.fault_policy == PROCBUF_FAULT_RESTART;
    assume_countable(process);
    agreed = true;
    procbuf_process_fault(process);
    const struct procbuf_process_private *self = &process->private_;
    if (restarts && old.state.kind == PROCBUF_STATE_TERMINATED) {
        CLAIM(all_is_same() && no_more());
    } else if (restarts) {
        claim_new_life(process, &old, self->state.kind == PROCBUF_STATE_YIELDED);
        CLAIM(self->completion == PROCBUF_COMPLETION_WITHOUT_CODE);
    } else {
        CLAIM(state_is(process, PROCBUF_STATE_FAULTED, 0) && no_more());
        CLAIM(self->identifier == old.identifier && self->app_break == old.app_break &&
              self->mark == old.mark);
        CLAIM(self->completion == (old.state.kind == PROCBUF_STATE_TERMINATED
                                       ? old.completion
                                       : PROCBUF_COMPLETION_WITHOUT_CODE));
        CLAIM(others_are_same(process));
        REACH(old.state.kind == PROCBUF_STATE_TERMINATED);
    }
}
