/* One line of text for each operation: what --results prints. */
#ifndef FUZZ_RESULTS_H
#define FUZZ_RESULTS_H

#include "interpret.h"

#include <stdio.h>

/* The word for an answer, without its values. */
const char *outcome_name(enum outcome_kind kind, int status);

/* "OK", "NO_SUCH_APP", "yes, 17", "skipped" … */
void outcome_print(const struct testbed *t, const struct outcome *outcome, FILE *out);

/* Prints "operation -> result" of each operation, then the processes that changed since the last
 * line. */
extern const struct observer results_observer;

/* The same for a process that was laid out. */
void results_print_created(const struct testbed *t, unsigned process, const struct outcome *outcome,
                           FILE *out);

#endif
