/* What was tried: which operations ran and what they answered, what followed on what, and how the
 * ranges of buffers lay when they were entered. Counted by replay when asked, not while fuzzing. */
#ifndef FUZZ_STATISTICS_H
#define FUZZ_STATISTICS_H

#include "interpret.h"

#include <stdio.h>

/* Counts: for machine_count(). */
extern const struct observer statistics_observer;

/* As JSON: "operations": "name outcome" to count; "pairs": "a b" to count, of operations that
 * followed on each other; "overlaps": "relation first second process phase" to count, all of them. */
void statistics_print(FILE *out);

#endif
