/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The app break. Contract: K, I1, I9, L9. */
#define WORLD_HAS_NO_BYTES
#include "world.h"

static bool opens_reach(const struct procbuf_process *process, procbuf_addr_t app_break)
{
    return procbuf_process_has_open_grant(&process->private_, process->private_.mem_start,
                                          app_break);
}

/* K1's answer, if the port is asked and agrees. */
static enum procbuf_error expected(const struct procbuf_process *process, procbuf_addr_t new_break)
{
    const struct procbuf_process_private *self = &process->private_;
    if (!is_active_in(self->state))
        return PROCBUF_INACTIVE_APP;
    if (new_break < self->mark || new_break >= self->mem_end)
        return PROCBUF_ADDRESS_OUT_OF_BOUNDS;
    if (new_break > self->kernel_break || opens_reach(process, new_break))
        return PROCBUF_OUT_OF_MEMORY;
    return PROCBUF_OK;
}

static void claim_moved(struct procbuf_process *process, procbuf_addr_t new_break,
                        enum procbuf_error before, enum procbuf_error error)
{
    const procbuf_addr_t old_break = slots_before[slot_of(process)].private_.app_break;
    CLAIM(error == (before == PROCBUF_OK && !agreed ? PROCBUF_OUT_OF_MEMORY : before));
    if (before != PROCBUF_OK) {
        CLAIM(no_more());
    } else {
        if (new_break > old_break) {
            CLAIM(next_is(OPEN, old_break, new_break - old_break, PROCBUF_ACCESS_READ_WRITE));
            CLAIM(next_is(ZERO, old_break, new_break - old_break, PROCBUF_ACCESS_READ_WRITE));
            CLAIM(next_is(CLOSE, old_break, new_break - old_break, PROCBUF_ACCESS_READ_WRITE));
        }
        CLAIM(next_is(PROTECT, new_break, process->private_.kernel_break, PROCBUF_ACCESS_READ) &&
              no_more());
        CLAIM(asked.identifier == process->private_.identifier &&
              asked.process_index == slot_of(process));
    }
    CLAIM(process->private_.app_break == (error == PROCBUF_OK ? new_break : old_break));
    CLAIM(SAME_BUT(process, app_break) && world_is_well_formed());
    REACH(error == PROCBUF_OK && new_break > old_break);
    REACH(error == PROCBUF_OK && new_break < old_break);
    REACH(error == PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    REACH(error == PROCBUF_INACTIVE_APP);
    REACH(before == PROCBUF_OK && !agreed);
    REACH(before == PROCBUF_OUT_OF_MEMORY);
}

HARNESS_OF_PROCESS(brk)
{
    const procbuf_addr_t new_break = nondet_addr(), old_break = process->private_.app_break;
    const enum procbuf_error before = expected(process, new_break);
    procbuf_addr_t out = nondet_addr();
    const procbuf_addr_t out_before = out;
    const enum procbuf_error error = procbuf_process_brk(process, new_break, &out);
    claim_moved(process, new_break, before, error);
    CLAIM(out == (error == PROCBUF_OK ? old_break : out_before));
}

HARNESS_OF_PROCESS(sbrk)
{
    const intptr_t delta = nondet_distance();
    const procbuf_addr_t old_break = process->private_.app_break;
    const procbuf_addr_t new_break = (procbuf_addr_t)((exact)old_break + (exact)(uintptr_t)delta);
    const enum procbuf_error before = expected(process, new_break);
    procbuf_addr_t out = nondet_addr();
    const procbuf_addr_t out_before = out;
    const enum procbuf_error error = procbuf_process_sbrk(process, delta, &out);
    claim_moved(process, new_break, before, error);
    CLAIM(out == (error == PROCBUF_OK ? old_break : out_before));
}

HARNESS_OF_PROCESS(memop_brk)
{
    const procbuf_addr_t new_break = nondet_addr();
    const enum procbuf_error before = expected(process, new_break);
    const enum procbuf_error error = procbuf_process_memop_brk(process, new_break);
    CLAIM(error == (before == PROCBUF_OK && agreed ? PROCBUF_OK : PROCBUF_NOMEM));
    CLAIM(IMPLIES(error == PROCBUF_OK, process->private_.app_break == new_break));
    CLAIM(SAME_BUT(process, app_break) && world_is_well_formed());
    REACH(error == PROCBUF_OK);
}

HARNESS_OF_PROCESS(memop_sbrk)
{
    const intptr_t delta = nondet_distance();
    const procbuf_addr_t old_break = process->private_.app_break;
    const procbuf_addr_t new_break = (procbuf_addr_t)((exact)old_break + (exact)(uintptr_t)delta);
    const enum procbuf_error before = expected(process, new_break);
    procbuf_addr_t out = nondet_addr();
    const enum procbuf_error error = procbuf_process_memop_sbrk(process, delta, &out);
    CLAIM(error == (before == PROCBUF_OK && agreed ? PROCBUF_OK : PROCBUF_NOMEM));
    CLAIM(
        IMPLIES(error == PROCBUF_OK, process->private_.app_break == new_break && out == old_break));
    CLAIM(SAME_BUT(process, app_break));
    REACH(error == PROCBUF_OK && delta < 0);
}
