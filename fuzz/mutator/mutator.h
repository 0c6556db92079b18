/* The structure-aware mutator: changes programs, not bytes.
 *
 * Every engine's glue decodes an input, lets this change it, and encodes the result, which decodes
 * to exactly what was meant.
 */
#ifndef FUZZ_MUTATOR_H
#define FUZZ_MUTATOR_H

#include "harness.h"

/* Change a trace in one to a few places, with operations of the harness. */
void mutator_change(struct trace *trace, const struct harness *harness, uint32_t seed);

/* Put pieces of two traces together. */
void mutator_splice(const struct trace *a, const struct trace *b, struct trace *out,
                    uint32_t seed);

#endif
