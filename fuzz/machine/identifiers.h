/* The end of the counter of identifiers, which no one lives to see. Contract: L1. */
#ifndef FUZZ_IDENTIFIERS_H
#define FUZZ_IDENTIFIERS_H

#include <stdint.h>

/* The model has wound its counter forward: so has the table of the trace's world. Ends in bug_found() if until then
 * that gave out others than one for each life. */
void identifiers_follow(void);

/* The table of the trace's world, which has given out none, has given out so many. */
void identifiers_begin_at(uint64_t count);

#endif
