/* The world of a trace, with its processes. */
#ifndef FUZZ_LAYOUT_H
#define FUZZ_LAYOUT_H

#include "trace.h"

#include <stdio.h>

struct testbed;

/* Begin a trace: its processes are created one by one, each compared as an operation is. With `results`, a line for
 * each. */
void layout_begin(struct testbed *t, const struct trace *trace, FILE *results);

/* Where the next process goes: regions side by side, with the gaps that the layout says. Out: operands of its creation.
 * Returns: where it ends. */
uint64_t place_process(const struct testbed *t, const struct layout *asked, uint64_t at,
                       uint64_t args_out[8]);

#endif
