/* Counters whose end no one lives to see: of identifiers (L1), and of swaps of a slot of the kernel's (H6). */
#ifndef FUZZ_IDENTIFIERS_H
#define FUZZ_IDENTIFIERS_H

#include <stdbool.h>
#include <stdint.h>

struct testbed;

/* The model has wound its counter forward: so has the table of the trace's world. Ends in bug_found() if until then
 * that gave out others than one for each life. */
void identifiers_follow(struct testbed *t);

/* The table of the trace's world, which has given out none, has given out so many. */
void identifiers_begin_at(struct testbed *t, uint64_t count);

/* A slot of the kernel's was swapped so many times. */
void identifiers_add_swaps(struct testbed *t, bool writable, uint64_t number, uint64_t count);

#endif
