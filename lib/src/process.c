/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* One process: what it is now, what it may access, and how its state and life change.
 * Contract: L2 to L9, I9. */
#include "implementation.h"

#include <procbuf/process.h>

#include "memory.h"
#include "process.h"
#include "proved/process.h"
#include "range.h"
#include "require.h"
#include "valid.h"

#include <procbuf/port.h>

struct procbuf_process_private *procbuf_process_self(struct procbuf_process *process)
{
    return procbuf_process_self_inline(process);
}

const struct procbuf_process_private *procbuf_process_look(const struct procbuf_process *process)
{
    PROCBUF_KEEPS(process, process);
    PROCBUF_REQUIRE(R1, process->private_.table != NULL);
    return &process->private_;
}

bool procbuf_process_is_in_order(const struct procbuf_process_private *self)
{
    return self->mem_start <= self->mark && self->mark <= self->app_break &&
           self->app_break <= self->kernel_break && self->kernel_break <= self->mem_end;
}

/* ---- Looking ---- */

static uint32_t slot_index(const struct procbuf_process *process)
{
    return (uint32_t)(process - process->private_.table->private_.slots);
}

struct procbuf_id procbuf_process_id(const struct procbuf_process *process)
{
    const struct procbuf_process_private *self = procbuf_process_look(process);
    return (struct procbuf_id){ .index_ = slot_index(process),
                                .private_ = { &self->table->private_.slots[slot_index(process)],
                                              self->table, self->identifier } };
}

struct procbuf_state procbuf_process_state(const struct procbuf_process *process)
{
    return procbuf_process_look(process)->state;
}

bool procbuf_process_is_active(const struct procbuf_process *process)
{
    return procbuf_state_is_active(procbuf_process_look(process)->state);
}

procbuf_addr_t procbuf_process_flash_start(const struct procbuf_process *process)
{
    return procbuf_process_look(process)->flash_start;
}

procbuf_addr_t procbuf_process_flash_protected_end(const struct procbuf_process *process)
{
    return procbuf_process_look(process)->flash_protected_end;
}

procbuf_addr_t procbuf_process_flash_end(const struct procbuf_process *process)
{
    return procbuf_process_look(process)->flash_end;
}

procbuf_addr_t procbuf_process_mem_start(const struct procbuf_process *process)
{
    return procbuf_process_look(process)->mem_start;
}

procbuf_addr_t procbuf_process_mem_end(const struct procbuf_process *process)
{
    return procbuf_process_look(process)->mem_end;
}

procbuf_addr_t procbuf_process_app_break(const struct procbuf_process *process)
{
    return procbuf_process_look(process)->app_break;
}

procbuf_addr_t procbuf_process_kernel_break(const struct procbuf_process *process)
{
    return procbuf_process_look(process)->kernel_break;
}

procbuf_addr_t procbuf_process_mark(const struct procbuf_process *process)
{
    return procbuf_process_look(process)->mark;
}

uint32_t procbuf_process_restart_count(const struct procbuf_process *process)
{
    return procbuf_process_look(process)->restart_count;
}

enum procbuf_completion procbuf_process_completion(const struct procbuf_process *process,
                                                   uint32_t *code_out)
{
    const struct procbuf_process_private *self = procbuf_process_look(process);
    if (self->completion == PROCBUF_COMPLETION_WITH_CODE)
        *code_out = self->completion_code;
    return self->completion;
}

/* ---- Scheduling ---- */

static void set_state(struct procbuf_process_private *self, enum procbuf_state_kind kind,
                      uint32_t yielded_for)
{
    self->state = (struct procbuf_state){ kind, kind, yielded_for };
}

void procbuf_process_set_running(struct procbuf_process *process)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (self->state.kind == PROCBUF_STATE_YIELDED || self->state.kind == PROCBUF_STATE_YIELDED_FOR)
        set_state(self, PROCBUF_STATE_RUNNING, 0);
}

void procbuf_process_set_yielded(struct procbuf_process *process)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (self->state.kind == PROCBUF_STATE_RUNNING)
        set_state(self, PROCBUF_STATE_YIELDED, 0);
}

void procbuf_process_set_yielded_for(struct procbuf_process *process, uint32_t number)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (self->state.kind == PROCBUF_STATE_RUNNING)
        set_state(self, PROCBUF_STATE_YIELDED_FOR, number);
}

void procbuf_process_stop(struct procbuf_process *process)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (procbuf_state_is_active(self->state))
        self->state.kind = PROCBUF_STATE_STOPPED;
}

void procbuf_process_resume(struct procbuf_process *process)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (self->state.kind == PROCBUF_STATE_STOPPED)
        self->state.kind = self->state.stopped_from;
}

/* ---- Life ---- */

void procbuf_process_terminate(struct procbuf_process *process, const uint32_t *completion_code)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (self->state.kind == PROCBUF_STATE_TERMINATED)
        return;
    self->completion = PROCBUF_COMPLETION_WITHOUT_CODE;
    if (completion_code != NULL) {
        self->completion = PROCBUF_COMPLETION_WITH_CODE;
        self->completion_code = *completion_code;
    }
    procbuf_table_forget_grants(process);
    set_state(self, PROCBUF_STATE_TERMINATED, 0);
}

/* ---- What a process may access ---- */

static bool overlaps_open_enter(const struct procbuf_open_enter *open, procbuf_addr_t start,
                                procbuf_addr_t end)
{
    return procbuf_range_overlaps(start, end, open->addr,
                                  (procbuf_addr_t)(open->addr + (procbuf_addr_t)open->len));
}

bool procbuf_process_has_open_enter(const struct procbuf_process_private *self,
                                    procbuf_addr_t start, procbuf_addr_t end)
{
    for (const struct procbuf_open_enter *open = self->open_enters; open != NULL;
         open = open->outer)
        if (open->len != 0 && overlaps_open_enter(open, start, end))
            return true;
    return false;
}

bool procbuf_process_has_open_grant(const struct procbuf_process_private *self,
                                    procbuf_addr_t start, procbuf_addr_t end)
{
    for (const struct procbuf_open_enter *open = self->open_enters; open != NULL;
         open = open->outer)
        if (open->is_grant && open->len != 0 && overlaps_open_enter(open, start, end))
            return true;
    return false;
}

static struct procbuf_protection protection_of(const struct procbuf_process *process,
                                               procbuf_addr_t app_break,
                                               procbuf_addr_t kernel_break)
{
    const struct procbuf_process_private *self = &process->private_;
    return (struct procbuf_protection){
        .table = self->table,
        .identifier = self->identifier,
        .process_index = slot_index(process),
        .flash_start = self->flash_start,
        .flash_protected_end = self->flash_protected_end,
        .flash_end = self->flash_end,
        .mem_start = self->mem_start,
        .app_break = app_break,
        .kernel_break = kernel_break,
        .mem_end = self->mem_end,
    };
}

bool procbuf_process_give(const struct procbuf_process *process, procbuf_addr_t app_break,
                          procbuf_addr_t kernel_break)
{
    const struct procbuf_process_private *self = &process->private_;
    if (procbuf_process_has_open_grant(self, self->mem_start, app_break))
        return false;
    if (app_break > self->app_break)
        procbuf_memory_zero(self->app_break, (size_t)(app_break - self->app_break));
    const struct procbuf_protection protection = protection_of(process, app_break, kernel_break);
    return procbuf_port_protect_memory(&protection);
}

void procbuf_process_revoke(const struct procbuf_process *process)
{
    struct procbuf_protection protection =
        protection_of(process, process->private_.mem_start, process->private_.mem_start);
    protection.flash_protected_end = protection.flash_end = protection.flash_start;
    PROCBUF_REQUIRE(R10, procbuf_port_protect_memory(&protection));
}

/* ---- A new life ---- */

/* L5, for a terminated process. */
static bool begin_new_life(struct procbuf_process *process)
{
    struct procbuf_process_private *self = &process->private_;
    if (!procbuf_table_take_identifier(self->table, &self->identifier))
        return false;
    if (!procbuf_process_give(process, self->initial_app_break, self->initial_kernel_break))
        return false;
    self->app_break = self->initial_app_break;
    self->kernel_break = self->initial_kernel_break;
    self->mark = self->mem_start;
    //@ assert occupied(process);
    self->restart_count++;
    set_state(self, PROCBUF_STATE_YIELDED, 0);
    return true;
}

enum procbuf_error procbuf_process_restart(struct procbuf_process *process,
                                           const uint32_t *completion_code)
{
    PROCBUF_KEEPS(process, process);
    const struct procbuf_process_private *self = procbuf_process_self(process);
    if (self->state.kind == PROCBUF_STATE_TERMINATED)
        return PROCBUF_ALREADY;
    procbuf_process_terminate(process, completion_code);
    return procbuf_process_start(process);
}

enum procbuf_error procbuf_process_start(struct procbuf_process *process)
{
    PROCBUF_KEEPS(process, process);
    const struct procbuf_process_private *self = procbuf_process_self(process);
    if (self->state.kind != PROCBUF_STATE_TERMINATED)
        return PROCBUF_ALREADY;
    return begin_new_life(process) ? PROCBUF_OK : PROCBUF_OUT_OF_MEMORY;
}

void procbuf_process_fault(struct procbuf_process *process)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (self->fault_policy == PROCBUF_FAULT_RESTART) {
        procbuf_ignore(procbuf_process_restart(process, NULL));
        return;
    }
    procbuf_process_terminate(process, NULL);
    set_state(self, PROCBUF_STATE_FAULTED, 0);
}
