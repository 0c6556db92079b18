/* Slices: indexing, cutting, copying, what is in them. */
#include "execute.h"
#include "out.h"
#include "testbed.h"

struct procbuf_readable readable_of(const struct testbed *t, uint64_t number)
{
    return t->model.slices[number].writable
               ? procbuf_writable_as_readable(t->world->slices[number].writable)
               : t->world->slices[number].readable;
}

static struct procbuf_writable writable_of(const struct testbed *t, const struct call *call)
{
    return t->world->slices[call->args[0]].writable;
}

static struct procbuf_readable slice_of(const struct testbed *t, const struct call *call)
{
    return readable_of(t, call->args[0]);
}

void run_slice_len(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    value(outcome, 'l',
          call->cuts_writable ? procbuf_writable_len(writable_of(t, call))
                              : procbuf_readable_len(slice_of(t, call)));
}

/* ---- One byte ---- */

void run_get(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t index = (size_t)call->args[1];
    uint8_t byte;
    const struct out out = out_fill(&byte, sizeof byte);
    answer_bool(outcome, procbuf_readable_get(slice_of(t, call), index, &byte));
    if (out_is_told(&out, outcome))
        value(outcome, 'u', byte);
}

void run_get_or_panic(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_bool(outcome, true);
    value(outcome, 'u', procbuf_readable_get_or_panic(slice_of(t, call), (size_t)call->args[1]));
}

void run_set(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_bool(outcome, procbuf_writable_set(writable_of(t, call), (size_t)call->args[1],
                                              (uint8_t)call->args[2]));
}

/* ---- Parts ---- */

void run_range(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t start = (size_t)call->args[2], end = (size_t)call->args[3];
    struct slice *to = &t->world->slices[call->args[1]];
    const struct slice from = t->world->slices[call->args[0]];
    const struct out out = out_keep(to, sizeof *to);
    answer_bool(outcome, call->cuts_writable
                             ? procbuf_writable_range(from.writable, start, end, &to->writable)
                             : procbuf_readable_range(from.readable, start, end, &to->readable));
    (void)out_is_told(&out, outcome);
}

void run_range_from(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t start = (size_t)call->args[2];
    struct slice *to = &t->world->slices[call->args[1]];
    const struct slice from = t->world->slices[call->args[0]];
    const struct out out = out_keep(to, sizeof *to);
    answer_bool(outcome, call->cuts_writable
                             ? procbuf_writable_range_from(from.writable, start, &to->writable)
                             : procbuf_readable_range_from(from.readable, start, &to->readable));
    (void)out_is_told(&out, outcome);
}

void run_range_to(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t end = (size_t)call->args[2];
    struct slice *to = &t->world->slices[call->args[1]];
    const struct slice from = t->world->slices[call->args[0]];
    const struct out out = out_keep(to, sizeof *to);
    answer_bool(outcome, call->cuts_writable
                             ? procbuf_writable_range_to(from.writable, end, &to->writable)
                             : procbuf_readable_range_to(from.readable, end, &to->readable));
    (void)out_is_told(&out, outcome);
}

void run_element(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t count = (size_t)call->args[2], element_len = (size_t)call->args[3];
    const size_t index = (size_t)call->args[4];
    const struct slice from = t->world->slices[call->args[0]];
    struct slice *to = &t->world->slices[call->args[1]];
    struct procbuf_readable_elements readable;
    struct procbuf_writable_elements writable;
    struct out out;
    if (call->cuts_writable) {
        out = out_fill(&writable, sizeof writable);
        answer_bool(outcome,
                    procbuf_writable_as_elements(from.writable, count, element_len, &writable));
        if (!out_is_told(&out, outcome))
            return;
        out = out_keep(to, sizeof *to);
        answer_bool(outcome, procbuf_writable_elements_at(&writable, index, &to->writable));
        (void)out_is_told(&out, outcome);
        value(outcome, 'u', procbuf_writable_elements_count(&writable));
    } else {
        out = out_fill(&readable, sizeof readable);
        answer_bool(outcome,
                    procbuf_readable_as_elements(from.readable, count, element_len, &readable));
        if (!out_is_told(&out, outcome))
            return;
        out = out_keep(to, sizeof *to);
        answer_bool(outcome, procbuf_readable_elements_at(&readable, index, &to->readable));
        (void)out_is_told(&out, outcome);
        value(outcome, 'u', procbuf_readable_elements_count(&readable));
    }
}

void run_as_readable(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->slices[call->args[1]].readable = procbuf_writable_as_readable(writable_of(t, call));
}

/* Only the panics are here: machine.c goes step by step. */
void run_iterate(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct procbuf_iter iter = procbuf_readable_iterate(slice_of(t, call));
    (void)iter, (void)outcome;
}

void run_chunks(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t len = (size_t)call->args[1];
    struct procbuf_readable_chunks readable;
    struct procbuf_writable_chunks writable;
    (void)outcome;
    if (call->cuts_writable)
        writable = procbuf_writable_split(writable_of(t, call), len);
    else
        readable = procbuf_readable_split(slice_of(t, call), len);
    (void)readable, (void)writable;
}

/* ---- Arrays of the kernel ---- */

void run_from_array(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->slices[call->args[0]].readable = procbuf_readable_from_array(
        array_at(arena_scratch(t->model.is_large) + call->args[1], call->args[2]),
        (size_t)call->args[2]);
}

void run_from_array_mut(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->slices[call->args[0]].writable = procbuf_writable_from_array(
        array_at(arena_scratch(t->model.is_large) + call->args[1], call->args[2]),
        (size_t)call->args[2]);
}

/* ---- Copies ---- */

/* The kernel's array that a call copies to, and the one that it copies from: operand 2 says how long it is, operand 3
 * where its pattern begins. */
static void *array_out(const struct testbed *t, const struct call *call)
{
    return array_at(arena_out(t->model.is_large), call->args[1]);
}

static const void *array_in(const struct testbed *t, const struct call *call)
{
    return array_at(arena_in(t->model.is_large) + call->args[2], call->args[1]);
}

void run_copy_to(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_code(outcome, procbuf_readable_copy_to(slice_of(t, call), array_out(t, call),
                                                  (size_t)call->args[1]));
}

void run_copy_to_or_panic(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    procbuf_readable_copy_to_or_panic(slice_of(t, call), array_out(t, call), (size_t)call->args[1]);
}

void run_copy_to_fitting(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    value(outcome, 'l',
          procbuf_readable_copy_to_fitting(slice_of(t, call), array_out(t, call),
                                           (size_t)call->args[1]));
}

void run_copy_from(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_code(outcome, procbuf_writable_copy_from(writable_of(t, call), array_in(t, call),
                                                    (size_t)call->args[1]));
}

void run_copy_from_or_panic(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    procbuf_writable_copy_from_or_panic(writable_of(t, call), array_in(t, call),
                                        (size_t)call->args[1]);
}

void run_copy_from_fitting(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    value(outcome, 'l',
          procbuf_writable_copy_from_fitting(writable_of(t, call), array_in(t, call),
                                             (size_t)call->args[1]));
}

void run_copy_slice(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_code(outcome, procbuf_writable_copy_from_slice(writable_of(t, call),
                                                          readable_of(t, call->args[1])));
}

void run_slice_fill(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    procbuf_writable_fill(writable_of(t, call), (uint8_t)call->args[1]);
}

/* ---- What is in it ---- */

void run_compare(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    int order;
    const struct out out = out_fill(&order, sizeof order);
    answer_code(outcome, procbuf_readable_compare(slice_of(t, call), array_in(t, call),
                                                  (size_t)call->args[1], &order));
    if (out_is_told(&out, outcome))
        value(outcome, 'u', order == 0 ? 1 : order < 0 ? 0 : 2);
}

void run_find(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    size_t index;
    const struct out out = out_fill(&index, sizeof index);
    answer_bool(outcome, procbuf_readable_find(slice_of(t, call), (uint8_t)call->args[1], &index));
    if (out_is_told(&out, outcome))
        value(outcome, 'l', index);
}

void run_string_len(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    size_t len;
    const struct out out = out_fill(&len, sizeof len);
    answer_code(outcome, procbuf_readable_string_len(slice_of(t, call), &len));
    if (out_is_told(&out, outcome))
        value(outcome, 'l', len);
}

void run_string_copy(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    size_t len;
    const struct out out = out_fill(&len, sizeof len);
    answer_code(outcome, procbuf_readable_string_copy(slice_of(t, call), array_out(t, call),
                                                      (size_t)call->args[1], &len));
    if (out_is_told(&out, outcome))
        value(outcome, 'l', len);
}

/* ---- Words ---- */

void run_load(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct procbuf_readable slice = readable_of(t, call->args[0]);
    const size_t offset = (size_t)call->args[1];
    const unsigned kind = (unsigned)call->args[2];
    struct {
        uint64_t word64;
        uint32_t word32;
        uint16_t word16;
    } to;
    const struct out out = out_fill(&to, sizeof to);
    bool yes;
    switch (kind) {
    case 0: yes = procbuf_readable_load_le16(slice, offset, &to.word16); break;
    case 1: yes = procbuf_readable_load_be16(slice, offset, &to.word16); break;
    case 2: yes = procbuf_readable_load_le32(slice, offset, &to.word32); break;
    case 3: yes = procbuf_readable_load_be32(slice, offset, &to.word32); break;
    case 4: yes = procbuf_readable_load_le64(slice, offset, &to.word64); break;
    default: yes = procbuf_readable_load_be64(slice, offset, &to.word64); break;
    }
    answer_bool(outcome, yes);
    if (out_is_told(&out, outcome))
        value(outcome, 'w', kind < 2 ? to.word16 : kind < 4 ? to.word32 : to.word64);
}

static bool store_word(struct testbed *t, const struct call *call)
{
    const struct procbuf_writable slice = t->world->slices[call->args[0]].writable;
    const size_t offset = (size_t)call->args[1];
    const uint64_t word = model_word((uint8_t)call->args[3]);
    switch (call->args[2]) {
    case 0: return procbuf_writable_store_le16(slice, offset, (uint16_t)word);
    case 1: return procbuf_writable_store_be16(slice, offset, (uint16_t)word);
    case 2: return procbuf_writable_store_le32(slice, offset, (uint32_t)word);
    case 3: return procbuf_writable_store_be32(slice, offset, (uint32_t)word);
    case 4: return procbuf_writable_store_le64(slice, offset, word);
    default: return procbuf_writable_store_be64(slice, offset, word);
    }
}

void run_store(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_bool(outcome, store_word(t, call));
}
