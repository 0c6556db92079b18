/* Out-parameters: what a call gives in addition to its answer. One that refuses leaves them as they were (E3). */
#ifndef FUZZ_OUT_H
#define FUZZ_OUT_H

#include "model.h"

enum { OUT_MAX_LEN = 64, OUT_PATTERN = 0x5a };

struct out {
    const void *place;
    size_t len;
    uint8_t before[OUT_MAX_LEN];
};

/* A call is about to be given this place: a variable, which is filled with a pattern, or a register,
 * which keeps what it holds. */
struct out out_fill(void *place, size_t len);
struct out out_keep(const void *place, size_t len);

/* Whether an answer is an error, "no" or "none". */
bool outcome_is_refusal(const struct outcome *outcome);

/* The call had nothing to tell: ends in bug_found() if it has written all the same. */
void out_check_kept(const struct out *out);

/* After the call: ends in bug_found() if it answered so and has written all the same. Returns: whether
 * it may have told something. */
bool out_is_told(const struct out *out, const struct outcome *outcome);

#endif
