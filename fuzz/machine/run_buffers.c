/* Buffers: building, holding, streams. Enters are machine.c's. */
#include "execute.h"
#include "out.h"
#include "testbed.h"

#include <procbuf/capability.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

void run_build_readonly(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    struct procbuf_readonly *buffer = &t->world->readonly[call->args[0]];
    const struct out out = out_keep(buffer, sizeof *buffer);
    answer_code(outcome, procbuf_readonly_build(&t->world->slots[call->args[1]],
                                                (procbuf_addr_t)call->args[2],
                                                (size_t)call->args[3], buffer));
    (void)out_is_told(&out, outcome);
}

void run_build_readwrite(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    struct procbuf_readwrite *buffer = &t->world->readwrite[call->args[0]];
    const struct out out = out_keep(buffer, sizeof *buffer);
    answer_code(outcome, procbuf_readwrite_build(&t->world->slots[call->args[1]],
                                                 (procbuf_addr_t)call->args[2],
                                                 (size_t)call->args[3], buffer));
    (void)out_is_told(&out, outcome);
}

void run_external_readonly(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->readonly[call->args[0]] = procbuf_readonly_new_external(
        (procbuf_addr_t)call->args[2], (size_t)call->args[3],
        procbuf_process_id(&t->world->slots[call->args[1]]), &capability);
}

void run_external_readwrite(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->readwrite[call->args[0]] = procbuf_readwrite_new_external(
        (procbuf_addr_t)call->args[2], (size_t)call->args[3],
        procbuf_process_id(&t->world->slots[call->args[1]]), &capability);
}

/* ---- Either kind of register ---- */

static struct procbuf_readonly *readonly_of(const struct testbed *t, const struct call *call)
{
    return call->args[0] < TRACE_BUFFER_COUNT ? &t->world->readonly[call->args[0]] : NULL;
}

static struct procbuf_readwrite *readwrite_of(const struct testbed *t, const struct call *call)
{
    return &t->world->readwrite[call->args[0] % TRACE_BUFFER_COUNT];
}

void run_len(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct procbuf_readonly *readonly = readonly_of(t, call);
    value(outcome, 'l',
          readonly != NULL ? procbuf_readonly_len(readonly)
                           : procbuf_readwrite_len(readwrite_of(t, call)));
}

void run_ptr(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct procbuf_readonly *readonly = readonly_of(t, call);
    value(outcome, 'a',
          readonly != NULL ? procbuf_readonly_addr(readonly)
                           : procbuf_readwrite_addr(readwrite_of(t, call)));
}

void run_consume(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    struct procbuf_readonly *readonly = readonly_of(t, call);
    procbuf_addr_t addr;
    size_t len;
    if (readonly != NULL)
        procbuf_readonly_consume(readonly, &addr, &len);
    else
        procbuf_readwrite_consume(readwrite_of(t, call), &addr, &len);
    value(outcome, 'a', addr);
    value(outcome, 'l', len);
}

/* ---- Copies of handles ---- */

void run_copy_readonly(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->readonly[call->args[0]] = t->world->readonly[call->args[1]];
}

void run_copy_readwrite(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->readwrite[call->args[0]] = t->world->readwrite[call->args[1]];
}

void run_as_readonly(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->readonly[call->args[0]] =
        procbuf_readwrite_as_readonly(&t->world->readwrite[call->args[1]]);
}

/* ---- Streams ---- */

/* What a call that moves bytes answers; `len`: what it wrote there. */
static void answer_moved(struct outcome *outcome, const struct out *out, enum procbuf_error error,
                         const size_t *len)
{
    answer_process_error(outcome, error);
    if (out_is_told(out, outcome))
        value(outcome, 'l', *len);
}

void run_read_at(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t offset = (size_t)call->args[1], len = (size_t)call->args[2];
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_readonly_read_at(&t->world->readonly[call->args[0]], offset,
                                          array_at(arena_out(t->model.is_large), len), len, &moved),
                 &moved);
}

void run_read_at_readwrite(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t offset = (size_t)call->args[1], len = (size_t)call->args[2];
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_readwrite_read_at(&t->world->readwrite[call->args[0]], offset,
                                           array_at(arena_out(t->model.is_large), len), len,
                                           &moved),
                 &moved);
}

void run_write_at(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t offset = (size_t)call->args[1], len = (size_t)call->args[2];
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_readwrite_write_at(
                     &t->world->readwrite[call->args[0]], offset,
                     array_at(arena_in(t->model.is_large) + call->args[3], len), len, &moved),
                 &moved);
}

void run_reader_over(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)call, (void)outcome;
    t->world->reader =
        procbuf_reader_over(&t->world->readonly[t->model.reader.first], t->model.reader.count);
}

void run_writer_over(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)call, (void)outcome;
    t->world->writer = procbuf_writer_over(
        &t->world->readwrite[t->model.writer.first - TRACE_BUFFER_COUNT], t->model.writer.count);
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

void run_reader_read(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)t;
    const size_t len = (size_t)call->args[0];
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_reader_read(&t->world->reader, array_at(arena_out(t->model.is_large), len),
                                     len, &moved),
                 &moved);
}

void run_reader_skip(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_reader_skip(&t->world->reader, (size_t)call->args[0], &moved), &moved);
}

void run_writer_write(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const size_t len = (size_t)call->args[0];
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_writer_write(&t->world->writer,
                                      array_at(arena_in(t->model.is_large) + call->args[1], len),
                                      len, &moved),
                 &moved);
}

void run_writer_skip(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_writer_skip(&t->world->writer, (size_t)call->args[0], &moved), &moved);
}

void run_stream_copy(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(
        outcome, &out,
        procbuf_stream_copy(&t->world->writer, &t->world->reader, (size_t)call->args[0], &moved),
        &moved);
}
