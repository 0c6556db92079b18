/* Fill, compare, find, strings, words, what fits. Contract: S7. */
#include "rules.h"

/* How many bytes come before the first one of this value, or all of them. */
static uint32_t count_before(const struct model *m, const struct model_slice *slice, uint8_t byte,
                             uint32_t most)
{
    uint32_t count = 0;
    while (count < most && m->bytes[slice->span.start + count] != byte)
        count++;
    return count;
}

void predict_compare(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_slice_named(m, call, p);
    if (slice == NULL)
        return;
    RULE("S7");
    const uint32_t len = (uint32_t)model_slice_len(slice);
    const uint32_t array = arena_in(m->is_large) + (uint32_t)call->args[2];
    uint32_t same = 0;
    if (call->args[1] != len) {
        answers(p, OUTCOME_CODE, SIZE);
        return;
    }
    while (same < len && m->bytes[slice->span.start + same] == m->bytes[array + same])
        same++;
    const uint32_t looked_at = same < len ? same + 1 : len;
    may_read(p, slice->span.start, slice->span.start + looked_at);
    may_read(p, array, array + looked_at);
    answers(p, OUTCOME_CODE, OK);
    answers_with(p, 'u',
                 same == len                                                   ? 1
                 : m->bytes[slice->span.start + same] < m->bytes[array + same] ? 0
                                                                               : 2);
}

void predict_find(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_slice_named(m, call, p);
    if (slice == NULL)
        return;
    RULE("S7");
    const bool is_string = call->op->code == OP_STRING_LEN;
    const uint32_t len = (uint32_t)model_slice_len(slice);
    const uint32_t before = count_before(m, slice, is_string ? 0 : (uint8_t)call->args[1], len);
    const bool found = before < len;
    may_read(p, slice->span.start, slice->span.start + before + found);
    if (is_string)
        answers(p, OUTCOME_CODE, found ? OK : SIZE);
    else
        answers(p, found ? OUTCOME_YES : OUTCOME_NO, 0);
    if (found)
        answers_with(p, 'l', before);
}

void predict_string_copy(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_slice_named(m, call, p);
    if (slice == NULL)
        return;
    RULE("S7");
    const uint32_t len = (uint32_t)model_slice_len(slice);
    if (call->args[1] > arena_out_len(m->is_large)) {
        skips(p, "R13"); /* the kernel has no such array */
        return;
    }
    const uint32_t most = call->args[1] < len ? (uint32_t)call->args[1] : len;
    const uint32_t before = count_before(m, slice, 0, most);
    const bool found = before < most;
    may_read(p, slice->span.start, slice->span.start + before + found);
    may_write(p, arena_out(m->is_large), arena_out(m->is_large) + before + found);
    for (uint32_t i = 0; i < before + found; i++)
        m->bytes[arena_out(m->is_large) + i] = found ? m->bytes[slice->span.start + i] : 0;
    answers(p, OUTCOME_CODE, found ? OK : SIZE);
    if (found)
        answers_with(p, 'l', before);
}

/* Words of 2, 4 and 8 bytes, even kinds with the least significant byte first. */
void predict_word(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned kind = (unsigned)call->args[2];
    const uint32_t width = 2u << kind / 2;
    const bool storing = call->op->code == OP_STORE;
    const struct model_slice *slice =
        storing ? model_writable_named(m, call, p) : model_slice_named(m, call, p);
    uint64_t word = storing ? model_word((uint8_t)call->args[3]) : 0;
    if (slice == NULL)
        return;
    RULE("S7");
    if ((wide)call->args[1] + width > model_slice_len(slice)) {
        answers(p, OUTCOME_NO, 0);
        return;
    }
    const uint32_t at = slice->span.start + (uint32_t)call->args[1];
    answers(p, OUTCOME_YES, 0);
    for (uint32_t i = 0; i < width; i++) {
        const uint32_t significance = kind % 2 == 0 ? i : width - 1 - i;
        if (storing)
            m->bytes[at + i] = (uint8_t)(word >> 8 * significance);
        else
            word |= (uint64_t)m->bytes[at + i] << 8 * significance;
    }
    if (storing) {
        may_write(p, at, at + width);
    } else {
        may_read(p, at, at + width);
        answers_with(p, 'w', word);
    }
}

uint64_t model_word(uint8_t pattern)
{
    return UINT64_C(0x0102030405060708) * pattern;
}

void predict_fitting(struct model *m, const struct call *call, struct prediction *p)
{
    const bool to_array = call->op->code == OP_COPY_TO_FITTING;
    const struct model_slice *slice =
        to_array ? model_slice_named(m, call, p) : model_writable_named(m, call, p);
    if (slice == NULL)
        return;
    if (call->args[1] > arena_out_len(m->is_large)) {
        skips(p, "R13");
        return;
    }
    RULE("S7");
    const uint32_t len = (uint32_t)model_slice_len(slice);
    const uint32_t count = call->args[1] < len ? (uint32_t)call->args[1] : len;
    const uint32_t array =
        to_array ? arena_out(m->is_large) : arena_in(m->is_large) + (uint32_t)call->args[2];
    const uint32_t from = to_array ? slice->span.start : array;
    const uint32_t to = to_array ? array : slice->span.start;
    may_read(p, from, from + count);
    may_write(p, to, to + count);
    for (uint32_t i = 0; i < count; i++)
        m->bytes[to + i] = m->bytes[from + i];
    answers_with(p, 'l', count);
}

void predict_slice_fill(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_writable_named(m, call, p);
    if (slice == NULL)
        return;
    RULE("S7");
    may_write(p, slice->span.start, slice->span.end);
    for (uint32_t at = slice->span.start; at < slice->span.end; at++)
        m->bytes[at] = (uint8_t)call->args[1];
}
