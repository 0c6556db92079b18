/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The app break. Contract: K. */
#include "implementation.h"

#include <procbuf/process.h>

#include "memory.h"
#include "process.h"
#include "proved/brk.h"
#include "require.h"
#include "sizes.h"
#include "valid.h"

/* K1's checks before the port is asked. */
static enum procbuf_error check_break(const struct procbuf_process_private *self,
                                      procbuf_addr_t new_break)
{
    if (new_break < self->mark || new_break >= self->mem_end)
        return PROCBUF_ADDRESS_OUT_OF_BOUNDS;
    if (new_break > self->kernel_break)
        return PROCBUF_OUT_OF_MEMORY;
    return PROCBUF_OK;
}

/* K1, and I1 to I3, and I9: the break stays between the mark, below which all buffers are, and the grants,
 * and the port is asked after what it gives was zeroed. */
enum procbuf_error procbuf_process_brk(struct procbuf_process *process, procbuf_addr_t new_break,
                                       procbuf_addr_t *old_break_out)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (!procbuf_state_is_active(self->state))
        return PROCBUF_INACTIVE_APP;
    const enum procbuf_error error = check_break(self, new_break);
    if (error != PROCBUF_OK)
        return error;
    if (!procbuf_process_give(process, new_break, self->kernel_break))
        return PROCBUF_OUT_OF_MEMORY;
    *old_break_out = self->app_break;
    self->app_break = new_break;
    PROCBUF_VERIFY(procbuf_process_is_in_order(self));
    return PROCBUF_OK;
}

/* K2. The sum wraps on purpose. */
PROCBUF_WRAPS
enum procbuf_error procbuf_process_sbrk(struct procbuf_process *process, intptr_t delta,
                                        procbuf_addr_t *old_break_out)
{
    PROCBUF_KEEPS(process, process);
    const struct procbuf_process_private *self = procbuf_process_self(process);
    if (!procbuf_state_is_active(self->state))
        return PROCBUF_INACTIVE_APP;
    const procbuf_addr_t new_break =
        (procbuf_addr_t)((uintptr_t)self->app_break + (uintptr_t)delta);
    return procbuf_process_brk(process, new_break, old_break_out);
}

static enum procbuf_error memop_code(enum procbuf_error error)
{
    return error == PROCBUF_OK ? PROCBUF_OK : PROCBUF_NOMEM;
}

enum procbuf_error procbuf_process_memop_brk(struct procbuf_process *process,
                                             procbuf_addr_t new_break)
{
    PROCBUF_KEEPS(process, process);
    procbuf_addr_t old_break;
    return memop_code(procbuf_process_brk(process, new_break, &old_break));
}

enum procbuf_error procbuf_process_memop_sbrk(struct procbuf_process *process, intptr_t delta,
                                              procbuf_addr_t *old_break_out)
{
    PROCBUF_KEEPS(process, process);
    return memop_code(procbuf_process_sbrk(process, delta, old_break_out));
}
