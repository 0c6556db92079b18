/* The port's view: which bytes each process may access, as the port was told, and what real memory
 * holds there. It asks neither the model nor the library's own state, so that a model that is wrong
 * in the same way as the library hides nothing from it. Contract: I9, I10, I11. */
#ifndef FUZZ_VIEW_H
#define FUZZ_VIEW_H

#include "model.h"

struct testbed;

/* What one process may access: its RAM up to the break, and its flash. */
struct view {
    bool used;
    uint64_t ram, ram_end;
    uint64_t flash, flash_end;
    uint64_t app_break, kernel_break;
    uint64_t break_before; /* … the last that the port was told */
    struct span grown;     /* bytes that the call under way made accessible … */
    long unzeroed;         /* … the first that was not zero when the port was told; -1: none */
    long grant_unzeroed;   /* … likewise of the grant that the call under way made */
    bool made_grant;       /* the call under way moved the kernel break down */
};

/* The port agrees to a protection request, or refuses. A process that it did not know is a new one;
 * one of which nothing is accessible any more is gone. What becomes accessible is zero by now (I9). */
void view_told(struct testbed *t, const struct hook *told);
void view_refused(struct testbed *t, unsigned slot);

/* The kernel opens a range to itself. */
void view_opened(const struct testbed *t, uint64_t addr, uint64_t len);

/* A library call has ended: what it made accessible belongs to one process, which the table has, and
 * the accessors publish the breaks that the port was told. Ends in bug_found() if not. There is nothing to
 * settle while no slot has a bit in view_unsettled. */
void view_settle(struct testbed *t);

/* The same of every process, asked about or not, when a trace has ended. */
void view_ended(struct testbed *t);

/* The call under way has given a driver its grant. If it made it, its data are zero. */
void view_grant_seen(struct testbed *t, unsigned slot, const struct model_driver *driver);

/* The parts of the arena that the process may access. */
void view_parts(const struct testbed *t, unsigned slot, struct span parts_out[2]);

bool view_holds(const struct testbed *t, unsigned slot, uint32_t arena_byte);

#endif
