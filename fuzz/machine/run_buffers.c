/* Buffers, streams and slices: what is more than one call. Enters are machine.c's. */
#include "execute.h"
#include "out.h"
#include "testbed.h"

/* ---- Buffers and streams ---- */

void run_consume(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t number = (size_t)call->args[0];
    procbuf_addr_t addr;
    size_t len;
    if (number < TRACE_BUFFER_COUNT)
        procbuf_readonly_consume(&t->world->readonly[number], &addr, &len);
    else
        procbuf_readwrite_consume(&t->world->readwrite[number - TRACE_BUFFER_COUNT], &addr, &len);
    value(outcome, 'a', addr);
    value(outcome, 'l', len);
}

void run_reader_over_many(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    for (unsigned n = 0; n < t->model.reader.count; n++)
        t->world->many_readonly[n] =
            t->world->readonly[(call->args[0] + n % t->model.reader.copied) % TRACE_BUFFER_COUNT];
    t->world->reader = procbuf_reader_over(t->world->many_readonly, t->model.reader.count);
}

void run_writer_over_many(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    for (unsigned n = 0; n < t->model.writer.count; n++)
        t->world->many_readwrite[n] =
            t->world->readwrite[(call->args[0] + n % t->model.writer.copied) % TRACE_BUFFER_COUNT];
    t->world->writer = procbuf_writer_over(t->world->many_readwrite, t->model.writer.count);
}

/* ---- Slices ---- */

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
