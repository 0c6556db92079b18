/* Slices: indexing, cutting, copying. Contract: S. */
#include "rules.h"

uint64_t model_slice_len(const struct model_slice *slice)
{
    return slice->span.end - slice->span.start;
}

/* The slice that the operation names first. Returns: null if the call is skipped, since it has ended. */
const struct model_slice *model_slice_named(const struct model *m, const struct call *call,
                                            struct prediction *p)
{
    const struct model_slice *slice = &m->slices[call->args[0]];
    if (!slice->valid) {
        skips(p, "R15");
        return NULL;
    }
    answers(p, OUTCOME_DONE, 0);
    return slice;
}

/* … and that is to be written. */
const struct model_slice *model_writable_named(const struct model *m, const struct call *call,
                                               struct prediction *p)
{
    const struct model_slice *slice = model_slice_named(m, call, p);
    if (slice == NULL || slice->writable)
        return slice;
    skips(p, "R21");
    return NULL;
}

void predict_slice_len(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_slice_named(m, call, p);
    if (slice == NULL)
        return;
    RULE("S1");
    answers_with(p, 'l', model_slice_len(slice));
}

void predict_get(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_slice_named(m, call, p);
    const uint64_t index = call->args[1];
    if (slice == NULL)
        return;
    RULE("S2");
    if (index >= model_slice_len(slice)) {
        if (call->op->code == OP_GET_OR_PANIC)
            panics(m, p, "R9");
        else
            answers(p, OUTCOME_NO, 0);
        return;
    }
    const uint32_t at = slice->span.start + (uint32_t)index;
    RULE("S4");
    may_read(p, at, at + 1);
    answers(p, OUTCOME_YES, 0);
    answers_with(p, 'u', m->bytes[at]);
}

void predict_set(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_writable_named(m, call, p);
    const uint64_t index = call->args[1];
    if (slice == NULL)
        return;
    RULE("S2");
    if (index >= model_slice_len(slice)) {
        answers(p, OUTCOME_NO, 0);
        return;
    }
    const uint32_t at = slice->span.start + (uint32_t)index;
    RULE("S4");
    may_write(p, at, at + 1);
    m->bytes[at] = (uint8_t)call->args[2];
    answers(p, OUTCOME_YES, 0);
}

void predict_range(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_slice_named(m, call, p);
    if (slice == NULL)
        return;
    const uint64_t len = model_slice_len(slice);
    uint64_t start = call->args[2], end = call->args[3];
    RULE("S2");
    if (call->op->code == OP_RANGE_FROM)
        end = len;
    if (call->op->code == OP_RANGE_TO) {
        end = start;
        start = 0;
    }
    if (start > end || end > len) {
        answers(p, OUTCOME_NO, 0);
        return;
    }
    struct model_slice part = *slice;
    part.span.start = slice->span.start + (uint32_t)start;
    part.span.end = slice->span.start + (uint32_t)end;
    m->slices[call->args[1]] = part;
    answers(p, OUTCOME_YES, 0);
}

void predict_copy(struct model *m, const struct call *call, struct prediction *p)
{
    const uint8_t code = call->op->code;
    const bool to_array = code == OP_COPY_TO || code == OP_COPY_TO_OR_PANIC;
    const bool may_panic = code == OP_COPY_TO_OR_PANIC || code == OP_COPY_FROM_OR_PANIC;
    const struct model_slice *slice =
        to_array ? model_slice_named(m, call, p) : model_writable_named(m, call, p);
    if (slice == NULL)
        return;
    const uint32_t len = (uint32_t)model_slice_len(slice);
    RULE("S3");
    if (call->args[1] != len) {
        if (may_panic)
            panics(m, p, "R9");
        else
            answers(p, OUTCOME_CODE, SIZE);
        return;
    }
    answers(p, may_panic ? OUTCOME_DONE : OUTCOME_CODE, OK);
    const uint32_t array =
        to_array ? arena_out(m->is_large) : arena_in(m->is_large) + (uint32_t)call->args[2];
    const uint32_t from = to_array ? slice->span.start : array;
    const uint32_t to = to_array ? array : slice->span.start;
    may_read(p, from, from + len);
    may_write(p, to, to + len);
    for (uint32_t i = 0; i < len; i++)
        m->bytes[to + i] = m->bytes[from + i];
}

/* Bytes may overlap: all are read before one is written. */
void predict_copy_slice(struct model *m, const struct call *call, struct prediction *p)
{
    static uint8_t bytes[ARENA_LEN];
    const struct model_slice *to = model_writable_named(m, call, p);
    const struct model_slice *from = &m->slices[call->args[1]];
    if (to == NULL)
        return;
    if (!from->valid) {
        skips(p, "R15");
        return;
    }
    const uint32_t len = (uint32_t)model_slice_len(to);
    RULE("S3");
    if (model_slice_len(from) != len) {
        answers(p, OUTCOME_CODE, SIZE);
        return;
    }
    answers(p, OUTCOME_CODE, OK);
    may_read(p, from->span.start, from->span.end);
    may_write(p, to->span.start, to->span.end);
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = m->bytes[from->span.start + i];
    for (uint32_t i = 0; i < len; i++)
        m->bytes[to->span.start + i] = bytes[i];
}

/* S8: a product of numbers that cannot wrap. */
void predict_element(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_slice_named(m, call, p);
    if (slice == NULL)
        return;
    const wide count = call->args[2], element_len = call->args[3], index = call->args[4];
    RULE("S8");
    if (element_len == 0) {
        panics(m, p, "R6");
        return;
    }
    /* Both are below 2^width: their product fits into twice that. */
    if (count * element_len > model_slice_len(slice)) {
        answers(p, OUTCOME_NO, 0);
        return;
    }
    answers_with(p, 'u', (uint64_t)count);
    if (index >= count) {
        answers(p, OUTCOME_NO, 0);
        return;
    }
    struct model_slice part = *slice;
    part.span.start = slice->span.start + (uint32_t)(index * element_len);
    part.span.end = part.span.start + (uint32_t)element_len;
    m->slices[call->args[1]] = part;
    answers(p, OUTCOME_YES, 0);
}

void model_predict_iter(struct model *m, const struct model_slice *slice, uint64_t step,
                        struct prediction *p)
{
    begin_prediction(p);
    RULE("S1");
    if (step >= model_slice_len(slice)) {
        answers(p, OUTCOME_NO, 0);
        return;
    }
    const uint32_t at = slice->span.start + (uint32_t)step;
    may_read(p, at, at + 1);
    answers(p, OUTCOME_YES, 0);
    answers_with(p, 'u', m->bytes[at]);
    model_act_when_fetched(m, p);
}

void model_predict_chunk(const struct model_slice *slice, uint64_t step, uint64_t chunk_len,
                         struct prediction *p, struct span *chunk_out)
{
    begin_prediction(p);
    RULE("S1");
    const wide start = (wide)step * chunk_len;
    if (start >= model_slice_len(slice)) {
        answers(p, OUTCOME_NO, 0);
        return;
    }
    wide end = start + chunk_len;
    if (end > model_slice_len(slice))
        end = model_slice_len(slice);
    chunk_out->start = slice->span.start + (uint32_t)start;
    chunk_out->end = slice->span.start + (uint32_t)end;
    answers(p, OUTCOME_YES, 0);
    answers_with(p, 'l', (uint64_t)(end - start));
}

/* Steps: model_predict_iter(). */
void predict_iterate(struct model *m, const struct call *call, struct prediction *p)
{
    RULE("S1");
    (void)model_slice_named(m, call, p);
}

/* Steps: model_predict_chunk(). */
void predict_chunks(struct model *m, const struct call *call, struct prediction *p)
{
    RULE("S1");
    if (model_slice_named(m, call, p) != NULL && call->args[1] == 0)
        panics(m, p, "R6");
}

void predict_as_readable(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_writable_named(m, call, p);
    if (slice == NULL)
        return;
    RULE("S1");
    m->slices[call->args[1]] = *slice;
    m->slices[call->args[1]].writable = false;
}

void predict_from_array(struct model *m, const struct call *call, struct prediction *p)
{
    if (call->args[1] + call->args[2] > arena_scratch_len(m->is_large)) {
        skips(p, "R13");
        return;
    }
    RULE("S1");
    answers(p, OUTCOME_DONE, 0);
    m->slices[call->args[0]] =
        model_slice_of((uint64_t)ARENA_BASE + arena_scratch(m->is_large) + call->args[1],
                       call->args[2], call->op->code == OP_FROM_ARRAY_MUT);
}
