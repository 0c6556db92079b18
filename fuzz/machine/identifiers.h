/* The end of the counter of identifiers, which nobody lives to see. Contract: L1. */
#ifndef FUZZ_IDENTIFIERS_H
#define FUZZ_IDENTIFIERS_H

#include <stdbool.h>
#include <stdint.h>

/* The table of the trace's world has given out all identifiers but `left`. Ends in bug_found() if until then it
 * gave out others than one for each life. Returns: false if it has fewer already; nothing has changed. */
bool identifiers_spend(uint64_t left);

/* … has given out (1 << power % 64) - 1 more. Returns: false if it has not so many. */
bool identifiers_skip(uint64_t power);

/* The table of the trace's world, which has given out none, has given out so many. */
void identifiers_begin_at(uint64_t count);

#endif
