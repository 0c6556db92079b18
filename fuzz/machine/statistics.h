/* What was tried: which operations ran, what they answered, in which state of their process and with which numbers; what
 * followed on what; and how the ranges of buffers overlapped when they were entered. Counted by replay when asked, not while
 * fuzzing. */
#ifndef FUZZ_STATISTICS_H
#define FUZZ_STATISTICS_H

#include "interpret.h"

#include <stdio.h>

/* Counts from now on. Returns: false if there is no memory for it. */
bool statistics_begin(struct testbed *t);

/* After statistics_begin(), as JSON: "operations": "name outcome" to count; "pairs": "a b" to count, of operations that
 * followed on each other; "overlaps": "relation first second process phase" to count, all of them; "states": "name state
 * outcome" to count; "numbers": "name operand class" to count, operands from 1;
 * "rules": the rule that decided a call to count. */
void statistics_print(FILE *out);

#endif
