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

/* Go on with a piece of another trace, from somewhere on. */
void mutator_splice(struct trace *trace, const struct trace *other, uint32_t seed);

/* The same for inputs as engines have them: bytes in, bytes out. Out: at most max_len bytes.
 * Returns: their number; 0 if the result does not fit. */
size_t mutator_change_input(const struct harness *harness, const uint8_t *bytes, size_t len,
                            uint8_t *out, size_t max_len, uint32_t seed);
size_t mutator_splice_inputs(const struct harness *harness, const uint8_t *a, size_t a_len,
                             const uint8_t *b, size_t b_len, uint8_t *out, size_t max_len,
                             uint32_t seed);

/* The program that these bytes mean, if they are what was made last: they need not be decoded. Valid
 * until something else is made. Returns: null if they are not. */
const struct trace *mutator_made(const struct harness *harness, const uint8_t *bytes, size_t len);

#endif
