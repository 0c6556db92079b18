/* The mutator as AFL++ loads it (AFL_CUSTOM_MUTATOR_LIBRARY). Which harness it is for, the build
 * says: -DHARNESS=harness_buffers. */
#include "mutator.h"

#include "trace.h"

#include <stdlib.h>

extern const struct harness HARNESS;

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *state, uint8_t *bytes, size_t len, uint8_t **out, uint8_t *other,
                       size_t other_len, size_t max_len);
void afl_custom_deinit(void *state);

struct state {
    uint32_t seed;
    uint8_t out[TRACE_MAX_BYTES];
};

void *afl_custom_init(void *afl, unsigned seed)
{
    (void)afl;
    struct state *state = calloc(1, sizeof *state); /* null: AFL++ ends with a message */
    if (state != NULL)
        state->seed = seed;
    return state;
}

/* Mutate, or one time in eight splice with the other input that AFL++ offers. */
size_t afl_custom_fuzz(void *data, uint8_t *bytes, size_t len, uint8_t **out, uint8_t *other,
                       size_t other_len, size_t max_len)
{
    struct state *state = data;
    const size_t room = max_len < sizeof state->out ? max_len : sizeof state->out;
    const uint32_t seed = state->seed++;
    const size_t new_len =
        other != NULL && seed % 8 == 0
            ? mutator_splice_inputs(&HARNESS, bytes, len, other, other_len, state->out, room, seed)
            : mutator_change_input(&HARNESS, bytes, len, state->out, room, seed);
    *out = new_len != 0 ? state->out : bytes;
    return new_len != 0 ? new_len : len;
}

void afl_custom_deinit(void *state)
{
    free(state);
}
