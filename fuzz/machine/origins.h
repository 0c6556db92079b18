/* Where answers come from. Whatever a call gives back to a process, the process gave it before: a
 * range is one that this life passed, or (0, 0); a length is 0, or that with which the buffer was
 * made; an old break is the one before. Nothing of the model is asked. Contract: I10. */
#ifndef FUZZ_ORIGINS_H
#define FUZZ_ORIGINS_H

#include "model.h"

struct testbed;

struct origins {
    struct model_range passed[TRACE_MAX_PROCESSES][TRACE_DRIVER_COUNT][2][MODEL_SLOT_COUNT];
    /* What a driver whose body still runs may read of a life that is over (L9), for each depth. */
    struct ended {
        uint64_t identifier;
        struct model_range passed[2][MODEL_SLOT_COUNT];
    } ended[TRACE_MAX_DEPTH];
    struct model_range held[TRACE_DRIVER_COUNT]; /* by allow_userspace_readable */
    bool any; /* anything of this is not 0 */
    struct model_range made[2 * TRACE_BUFFER_COUNT]; /* what each buffer register was made with */
};

/* A driver is declared: nothing was passed to it yet. */
void origins_declared(struct testbed *t, unsigned v);

/* A library call has answered. Ends in bug_found() if the answer holds what the process cannot
 * have given. */
void origins_answered(struct testbed *t, const struct call *call, const struct outcome *outcome);

#endif
