/* Comparing the library with the model. Each function ends in bug_found() when they differ. */
#ifndef FUZZ_COMPARE_H
#define FUZZ_COMPARE_H

#include "model.h"

#include <procbuf.h>

struct testbed;

/* What stays in place of a completion code where there is none. */
#define UNTOLD 0x5a5a5a5au

/* What a call answered. */
void compare_outcome(struct testbed *t, const struct outcome *expected,
                     const struct outcome *actual);

/* After an operation: the bytes it may have written, the processes that it may have changed, the
 * invariants. */
void compare_after(struct testbed *t, const struct prediction *prediction);

/* What never changes in a process's time in the table. */
void compare_layout(struct testbed *t, unsigned slot);

/* After a life began or ended: every handle and id that is kept is live or dead as it should be. */
void compare_handles(struct testbed *t);

/* Base and length of the slice in a register. */
void compare_slice(const struct testbed *t, uint64_t number);

/* All memory that can have been touched, at the end of a trace: an access to any other is a finding
 * of the oracle. */
void compare_all_bytes(struct testbed *t);

#endif
