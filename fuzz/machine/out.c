#include "out.h"

#include "bug.h"

/* Registers have padding, which MSan takes for unwritten wherever the library copied it. */
#if defined(__clang__)
#define IGNORES_PADDING __attribute__((no_sanitize("memory")))
#else
#define IGNORES_PADDING
#endif

IGNORES_PADDING struct out out_keep(const void *place, size_t len)
{
    struct out out = { .place = place, .len = len };
    if (len > OUT_MAX_LEN)
        bug_found("testbed", "out-too-long", "an out-parameter of %zu bytes", len);
    for (size_t i = 0; i < len; i++)
        out.before[i] = ((const uint8_t *)place)[i];
    return out;
}

struct out out_fill(void *place, size_t len)
{
    arena_set(place, OUT_PATTERN, len);
    return out_keep(place, len);
}

bool outcome_is_refusal(const struct outcome *outcome)
{
    return outcome->kind == OUTCOME_NO ||
           ((outcome->kind == OUTCOME_CODE || outcome->kind == OUTCOME_PROCESS_ERROR) &&
            outcome->status != 0);
}

IGNORES_PADDING void out_check_kept(const struct out *out)
{
    for (size_t i = 0; i < out->len; i++)
        if (((const uint8_t *)out->place)[i] != out->before[i])
            bug_found("result", "written-on-refusal",
                      "expected: a call writes no result that it does not have (E3)\n"
                      "actual: it has written to byte %zu of %zu",
                      i, out->len);
}

bool out_is_told(const struct out *out, const struct outcome *outcome)
{
    if (!outcome_is_refusal(outcome))
        return true;
    out_check_kept(out);
    return false;
}
