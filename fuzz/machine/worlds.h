/* Two worlds. A trace runs a second time in a world that differs only in what must not matter to
 * one process, the observer: it must not notice.
 *
 *   secrets   what the observer may not access holds other bytes: the kernel's memory, the gaps
 *             between breaks, grants, other processes' memory, and what is written there later; the
 *             kernel's own objects are at other addresses, and identifiers begin at another number.
 *             A difference is kind=secrecy. Contract: I10.
 *   alone     nothing that concerns other processes alone happens: their calls, lives, breaks,
 *             buffers and grants (the purge of Goguen and Meseguer). A difference is
 *             kind=integrity. Contract: I11.
 *
 * Compared are the answers of what concerns the observer, and all bytes that it may access (view.h),
 * after each operation. What the contract shares stays the same in both worlds: slots and places of
 * processes, ranges of drivers, what a driver holds for all processes. What the kernel copies to the
 * observer on purpose is made the same: first the source (secrets), or the bytes that arrive
 * (alone). The operands are those of the first world, since the observer does not know the other. */
#ifndef FUZZ_WORLDS_H
#define FUZZ_WORLDS_H

#include "interpret.h"

/* Run a trace, and for one input of WORLDS_EVERY, chosen by what is in it, compare it with a second
 * world, of an observer and of a kind chosen likewise. Which inputs are chosen does not depend on
 * what ran before. */
enum { WORLDS_EVERY = 256 };
void worlds_run_some(struct testbed *t, const struct trace *trace);

/* Compare with both kinds of worlds, for each process in turn. Requires: the trace runs clean. */
void worlds_run_all(struct testbed *t, const struct trace *trace);

/* ---- For the machine. Where no worlds are compared, it need not call these ---- */

/* Work out the operands of an operation: in the second world those of the first. Returns: false if
 * the operation is not run. */
bool worlds_resolve(struct testbed *t, unsigned position, const struct op *op,
                    struct call *call_out);

/* In the second world: an operation does not run, but the body that it opened in the first does. */
bool worlds_body_goes_on(struct testbed *t, unsigned position);

/* In the second world: the enter that ends here did not run. */
bool worlds_end_is_bare(unsigned position);

/* The processes are laid out. */
void worlds_laid_out(struct testbed *t);

/* Looks on while worlds are compared. */
extern const struct observer worlds_observer;

#endif
