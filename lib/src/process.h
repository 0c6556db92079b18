/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the library's files share about processes. */
#ifndef PROCBUF_SRC_PROCESS_H
#define PROCBUF_SRC_PROCESS_H

#include "implementation.h"

#include <procbuf/process.h>

#include "require.h"
#include "table.h"

/* An enter that has not returned. It lives in the stack frame of that enter, in a list per slot,
 * innermost first, so that its bytes (L9) and its slot (L8) are not given away. */
struct procbuf_open_enter {
    struct procbuf_open_enter *outer;
    procbuf_addr_t addr;
    size_t len;
    bool is_grant; /* a driver's grant, which the process may not access */
};

/* What no proof looks into: the list, which lives in stack frames. */
/*@ axiomatic open_grants {
      predicate open_grant_in{L}(struct procbuf_process_private *self, integer start, integer end)
        reads self->open_enters;
    } */

/* Say whether [start, end) shares a byte with an open enter of the slot, or with an open grant.
 * Contract: L9. */
/*@ assigns \nothing; */
bool procbuf_process_has_open_enter(const struct procbuf_process_private *self,
                                    procbuf_addr_t start, procbuf_addr_t end);
/*@ assigns \nothing;
    ensures \result <==> open_grant_in(self, start, end); */
bool procbuf_process_has_open_grant(const struct procbuf_process_private *self,
                                    procbuf_addr_t start, procbuf_addr_t end);

/* I1, and that the places of a new life are in order too. */
/*@ predicate in_order{L}(struct procbuf_process_private *self) =
      self->mem_start <= self->mark <= self->app_break <= self->kernel_break <= self->mem_end &&
      self->mem_start <= self->initial_app_break <= self->initial_kernel_break <= self->mem_end &&
      self->flash_protected_end <= self->flash_end;

    predicate occupied{L}(struct procbuf_process *process) =
      \valid(process) && \valid(process->private_.table) && in_order(&process->private_);

    predicate is_active{L}(struct procbuf_process_private *self) =
      self->state.kind != PROCBUF_STATE_FAULTED && self->state.kind != PROCBUF_STATE_TERMINATED; */

/* I1, for checked builds. */
/*@ requires \valid_read(self);
    assigns \nothing;
    ensures \result <==> self->mem_start <= self->mark <= self->app_break <= self->kernel_break &&
                         self->kernel_break <= self->mem_end; */
bool procbuf_process_is_in_order(const struct procbuf_process_private *self);

/* The private part of an occupied slot. Panics on an empty one. Inline for a path that is short. */
/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == &process->private_; */
PROCBUF_INLINE struct procbuf_process_private *
procbuf_process_self_inline(struct procbuf_process *process)
{
    PROCBUF_REQUIRE(R1, process->private_.table != NULL);
    PROCBUF_VERIFY(procbuf_process_is_in_order(&process->private_));
    return &process->private_;
}

/* The same. */
/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == &process->private_; */
struct procbuf_process_private *procbuf_process_self(struct procbuf_process *process);
const struct procbuf_process_private *procbuf_process_look(const struct procbuf_process *process);

/* An enter on the process begins, and ends. They nest. */
PROCBUF_INLINE void procbuf_process_push_enter(struct procbuf_process *process,
                                               struct procbuf_open_enter *open)
{
    open->outer = process->private_.open_enters;
    process->private_.open_enters = open;
}

PROCBUF_INLINE void procbuf_process_pop_enter(struct procbuf_process *process,
                                              const struct procbuf_open_enter *open)
{
    PROCBUF_REQUIRE(R11, process->private_.open_enters == open);
    process->private_.open_enters = open->outer;
}

/*@ assigns \nothing;
    ensures \result <==> state.kind != PROCBUF_STATE_FAULTED &&
                         state.kind != PROCBUF_STATE_TERMINATED; */
static inline bool procbuf_state_is_active(struct procbuf_state state)
{
    return state.kind != PROCBUF_STATE_FAULTED && state.kind != PROCBUF_STATE_TERMINATED;
}

/* The port was asked for all memory of this life, with these breaks. */
/*@ predicate gives{L}(struct procbuf_process_private *self, integer app_break,
                       integer kernel_break) =
      asked.table == self->table && asked.identifier == self->identifier &&
      asked.flash_start == self->flash_start &&
      asked.flash_protected_end == self->flash_protected_end &&
      asked.flash_end == self->flash_end && asked.mem_start == self->mem_start &&
      asked.app_break == app_break && asked.kernel_break == kernel_break &&
      asked.mem_end == self->mem_end; */

/* Ask the port to give a process [mem_start, app_break), and to keep [kernel_break, mem_end). What
 * becomes accessible above the break of now is zeroed first: no byte reaches a process before that.
 * Returns: false if the port refuses, or an open grant reaches below app_break (L9). The breaks are
 * the caller's to move. Contract: I9. */
/*@ requires occupied(process);
    assigns zeroed_start, zeroed_end, asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    behavior reaches_an_open_grant:
      assumes open_grant_in(&process->private_, process->private_.mem_start, app_break);
      assigns \nothing;
      ensures \result == \false;
    behavior asks:
      assumes !open_grant_in(&process->private_, process->private_.mem_start, app_break);
      ensures \result == agreed;
      ensures gives(&process->private_, app_break, kernel_break);
      ensures was_zeroed_before(process->private_.app_break, app_break);
    complete behaviors;
    disjoint behaviors; */
bool procbuf_process_give(const struct procbuf_process *process, procbuf_addr_t app_break,
                          procbuf_addr_t kernel_break);

/* Tell the port that a process is going away: nothing of it stays accessible. Contract: L8. */
/*@ requires occupied(process);
    assigns asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    ensures asked.table == process->private_.table;
    ensures asked.identifier == process->private_.identifier && leaves_nothing(asked); */
void procbuf_process_revoke(const struct procbuf_process *process);

#endif
