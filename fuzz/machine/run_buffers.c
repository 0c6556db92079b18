/* Buffers: building, holding, streams. Enters are machine.c's. */
#include "execute.h"
#include "out.h"
#include "world.h"

#include <procbuf/capability.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

void run_build_readonly(const struct call *call, struct outcome *outcome)
{
    struct procbuf_readonly *buffer = &world.readonly[call->args[0]];
    const struct out out = out_keep(buffer, sizeof *buffer);
    answer_code(outcome,
                procbuf_readonly_build(&world.slots[call->args[1]], (procbuf_addr_t)call->args[2],
                                       (size_t)call->args[3], buffer));
    (void)out_is_told(&out, outcome);
}

void run_build_readwrite(const struct call *call, struct outcome *outcome)
{
    struct procbuf_readwrite *buffer = &world.readwrite[call->args[0]];
    const struct out out = out_keep(buffer, sizeof *buffer);
    answer_code(outcome,
                procbuf_readwrite_build(&world.slots[call->args[1]], (procbuf_addr_t)call->args[2],
                                        (size_t)call->args[3], buffer));
    (void)out_is_told(&out, outcome);
}

void run_external_readonly(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.readonly[call->args[0]] =
        procbuf_readonly_new_external((procbuf_addr_t)call->args[2], (size_t)call->args[3],
                                      procbuf_process_id(&world.slots[call->args[1]]), &capability);
}

void run_external_readwrite(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.readwrite[call->args[0]] = procbuf_readwrite_new_external(
        (procbuf_addr_t)call->args[2], (size_t)call->args[3],
        procbuf_process_id(&world.slots[call->args[1]]), &capability);
}

/* ---- Either kind of register ---- */

static struct procbuf_readonly *readonly_of(const struct call *call)
{
    return call->args[0] < TRACE_BUFFER_COUNT ? &world.readonly[call->args[0]] : NULL;
}

static struct procbuf_readwrite *readwrite_of(const struct call *call)
{
    return &world.readwrite[call->args[0] % TRACE_BUFFER_COUNT];
}

void run_len(const struct call *call, struct outcome *outcome)
{
    const struct procbuf_readonly *readonly = readonly_of(call);
    value(outcome, 'l',
          readonly != NULL ? procbuf_readonly_len(readonly)
                           : procbuf_readwrite_len(readwrite_of(call)));
}

void run_ptr(const struct call *call, struct outcome *outcome)
{
    const struct procbuf_readonly *readonly = readonly_of(call);
    value(outcome, 'a',
          readonly != NULL ? procbuf_readonly_addr(readonly)
                           : procbuf_readwrite_addr(readwrite_of(call)));
}

void run_consume(const struct call *call, struct outcome *outcome)
{
    struct procbuf_readonly *readonly = readonly_of(call);
    procbuf_addr_t addr;
    size_t len;
    if (readonly != NULL)
        procbuf_readonly_consume(readonly, &addr, &len);
    else
        procbuf_readwrite_consume(readwrite_of(call), &addr, &len);
    value(outcome, 'a', addr);
    value(outcome, 'l', len);
}

/* ---- Copies of handles ---- */

void run_copy_readonly(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.readonly[call->args[0]] = world.readonly[call->args[1]];
}

void run_copy_readwrite(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.readwrite[call->args[0]] = world.readwrite[call->args[1]];
}

void run_as_readonly(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.readonly[call->args[0]] = procbuf_readwrite_as_readonly(&world.readwrite[call->args[1]]);
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

void run_read_at(const struct call *call, struct outcome *outcome)
{
    const size_t offset = (size_t)call->args[1], len = (size_t)call->args[2];
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_readonly_read_at(&world.readonly[call->args[0]], offset,
                                          array_at(arena_out(), len), len, &moved),
                 &moved);
}

void run_read_at_readwrite(const struct call *call, struct outcome *outcome)
{
    const size_t offset = (size_t)call->args[1], len = (size_t)call->args[2];
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_readwrite_read_at(&world.readwrite[call->args[0]], offset,
                                           array_at(arena_out(), len), len, &moved),
                 &moved);
}

void run_write_at(const struct call *call, struct outcome *outcome)
{
    const size_t offset = (size_t)call->args[1], len = (size_t)call->args[2];
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_readwrite_write_at(&world.readwrite[call->args[0]], offset,
                                            array_at(arena_in() + call->args[3], len), len, &moved),
                 &moved);
}

void run_reader_over(const struct call *call, struct outcome *outcome)
{
    (void)call, (void)outcome;
    world.reader = procbuf_reader_over(&world.readonly[model.reader.first], model.reader.count);
}

void run_writer_over(const struct call *call, struct outcome *outcome)
{
    (void)call, (void)outcome;
    world.writer = procbuf_writer_over(&world.readwrite[model.writer.first - TRACE_BUFFER_COUNT],
                                       model.writer.count);
}

void run_reader_over_many(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    for (unsigned n = 0; n < model.reader.count; n++)
        world.many_readonly[n] =
            world.readonly[(call->args[0] + n % model.reader.copied) % TRACE_BUFFER_COUNT];
    world.reader = procbuf_reader_over(world.many_readonly, model.reader.count);
}

void run_writer_over_many(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    for (unsigned n = 0; n < model.writer.count; n++)
        world.many_readwrite[n] =
            world.readwrite[(call->args[0] + n % model.writer.copied) % TRACE_BUFFER_COUNT];
    world.writer = procbuf_writer_over(world.many_readwrite, model.writer.count);
}

void run_reader_read(const struct call *call, struct outcome *outcome)
{
    const size_t len = (size_t)call->args[0];
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_reader_read(&world.reader, array_at(arena_out(), len), len, &moved),
                 &moved);
}

void run_reader_skip(const struct call *call, struct outcome *outcome)
{
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out, procbuf_reader_skip(&world.reader, (size_t)call->args[0], &moved),
                 &moved);
}

void run_writer_write(const struct call *call, struct outcome *outcome)
{
    const size_t len = (size_t)call->args[0];
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(
        outcome, &out,
        procbuf_writer_write(&world.writer, array_at(arena_in() + call->args[1], len), len, &moved),
        &moved);
}

void run_writer_skip(const struct call *call, struct outcome *outcome)
{
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out, procbuf_writer_skip(&world.writer, (size_t)call->args[0], &moved),
                 &moved);
}

void run_stream_copy(const struct call *call, struct outcome *outcome)
{
    size_t moved;
    const struct out out = out_fill(&moved, sizeof moved);
    answer_moved(outcome, &out,
                 procbuf_stream_copy(&world.writer, &world.reader, (size_t)call->args[0], &moved),
                 &moved);
}
