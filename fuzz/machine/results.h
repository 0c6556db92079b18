/* One line of text for each operation: what --results prints. */
#ifndef FUZZ_RESULTS_H
#define FUZZ_RESULTS_H

#include "model.h"

#include <stdio.h>

/* Forget what was printed about processes. */
void results_reset(void);

/* The word for an answer, without its values. */
const char *outcome_name(enum outcome_kind kind, int status);

/* "OK", "NO_SUCH_APP", "yes, 17", "skipped" … */
void outcome_print(const struct outcome *outcome, FILE *out);

/* "operation -> result", then the processes that changed since the last line. */
void results_print(const struct op *op, const struct outcome *outcome, FILE *out);

/* The same for an operation that was not reached, and for a process that was laid out. */
void results_print_not_run(const struct op *op, FILE *out);
void results_print_created(unsigned process, const struct outcome *outcome, FILE *out);

#endif
