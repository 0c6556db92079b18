/* The world of a trace, with its processes. */
#ifndef FUZZ_LAYOUT_H
#define FUZZ_LAYOUT_H

#include "trace.h"

#include <stdio.h>

/* Begin a trace: its processes are created one by one, each compared as an operation is. With `results`, a line for
 * each. */
void layout_begin(const struct trace *trace, FILE *results);

#endif
