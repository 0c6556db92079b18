/* What was tried: which operations ran and what they answered, what followed on what, and how the
 * ranges of buffers lay when they were entered. Counted by replay when asked, not while fuzzing. */
#ifndef FUZZ_STATISTICS_H
#define FUZZ_STATISTICS_H

#include "model.h"

#include <stdio.h>

/* Count from now on. */
void statistics_begin(void);

/* A trace begins; an operation is over; a buffer register's body is about to run. */
void statistics_trace(void);
void statistics_op(uint8_t code, const struct outcome *outcome);
void statistics_enter(unsigned number);

/* As JSON: "operations": "name outcome" to count; "pairs": "a b" to count, of operations that
 * followed on each other; "overlaps": "relation first second process phase" to count, all of them. */
void statistics_print(FILE *out);

#endif
