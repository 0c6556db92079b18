/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Streams: steps at an offset, readers and writers. Contract: H7, H8. */
#include "implementation.h"

#include <procbuf/stream.h>

#include <procbuf/bytes.h>

#include "require.h"
#include "sizes.h"
#include "valid.h"

struct procbuf_readonly procbuf_readwrite_as_readonly(const struct procbuf_readwrite *buffer)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    return (struct procbuf_readonly){ buffer->private_ };
}

/* ---- One step ---- */

/* What one step is to do, and what it did. The error stays OK unless the offset is out of bounds:
 * the enter reports that a buffer is dead. */
struct step {
    size_t offset;
    size_t len;         /* at most so many bytes */
    uint8_t *array_out; /* of a step that reads; null to skip */
    const uint8_t *array;
    size_t done;
    bool reached_end;
    enum procbuf_error error;
};

static void end_step(struct step *step, size_t done, size_t rest_len)
{
    step->done = done;
    step->reached_end = done == rest_len;
}

static void read_step(struct procbuf_readable slice, void *data)
{
    struct step *step = data;
    struct procbuf_readable rest;
    if (!procbuf_readable_range_from(slice, step->offset, &rest)) {
        step->error = PROCBUF_ADDRESS_OUT_OF_BOUNDS;
        return;
    }
    const size_t done = step->array_out == NULL
                            ? procbuf_smaller(step->len, rest.len_)
                            : procbuf_readable_copy_to_fitting(rest, step->array_out, step->len);
    end_step(step, done, rest.len_);
}

static void write_step(struct procbuf_writable slice, void *data)
{
    struct step *step = data;
    struct procbuf_writable rest;
    if (!procbuf_writable_range_from(slice, step->offset, &rest)) {
        step->error = PROCBUF_ADDRESS_OUT_OF_BOUNDS;
        return;
    }
    const size_t done = step->array == NULL
                            ? procbuf_smaller(step->len, rest.len_)
                            : procbuf_writable_copy_from_fitting(rest, step->array, step->len);
    end_step(step, done, rest.len_);
}

static enum procbuf_error run_read_step(const struct procbuf_readonly *buffer, struct step *step)
{
    const enum procbuf_error error = procbuf_readonly_enter(buffer, read_step, step);
    return error != PROCBUF_OK ? error : step->error;
}

static enum procbuf_error run_write_step(const struct procbuf_readwrite *buffer, struct step *step)
{
    const enum procbuf_error error = procbuf_readwrite_mut_enter(buffer, write_step, step);
    return error != PROCBUF_OK ? error : step->error;
}

enum procbuf_error procbuf_readonly_read_at(const struct procbuf_readonly *buffer, size_t offset,
                                            void *array_out, size_t array_len, size_t *len_out)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    struct step step = { .offset = offset, .len = array_len, .array_out = array_out };
    PROCBUF_REQUIRE(R5, array_out != NULL || array_len == 0);
    const enum procbuf_error error = run_read_step(buffer, &step);
    if (error == PROCBUF_OK)
        *len_out = step.done;
    return error;
}

enum procbuf_error procbuf_readwrite_read_at(const struct procbuf_readwrite *buffer, size_t offset,
                                             void *array_out, size_t array_len, size_t *len_out)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    const struct procbuf_readonly readonly = procbuf_readwrite_as_readonly(buffer);
    return procbuf_readonly_read_at(&readonly, offset, array_out, array_len, len_out);
}

enum procbuf_error procbuf_readwrite_write_at(const struct procbuf_readwrite *buffer, size_t offset,
                                              const void *array, size_t array_len, size_t *len_out)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    struct step step = { .offset = offset, .len = array_len, .array = array };
    PROCBUF_REQUIRE(R5, array != NULL || array_len == 0);
    const enum procbuf_error error = run_write_step(buffer, &step);
    if (error == PROCBUF_OK)
        *len_out = step.done;
    return error;
}

/* ---- Readers and writers ---- */

struct procbuf_reader procbuf_reader_over(const struct procbuf_readonly *buffers, size_t count)
{
    PROCBUF_REQUIRE(R5, buffers != NULL || count == 0);
    return (struct procbuf_reader){ buffers, count, { 0, 0 } };
}

struct procbuf_writer procbuf_writer_over(const struct procbuf_readwrite *buffers, size_t count)
{
    PROCBUF_REQUIRE(R5, buffers != NULL || count == 0);
    return (struct procbuf_writer){ buffers, count, { 0, 0 } };
}

/* Step over the bytes that a step has moved. */
static void move_on(struct procbuf_position *position, size_t done, bool reached_end)
{
    position->offset += done;
    if (reached_end) {
        position->index++;
        position->offset = 0;
    }
}

/* A call that has moved bytes succeeds, whatever its last step said. */
static enum procbuf_error end_call(enum procbuf_error error, size_t done, size_t *len_out)
{
    if (error != PROCBUF_OK && done == 0)
        return error;
    *len_out = done;
    return PROCBUF_OK;
}

/* The buffers of a reader or of a writer: the other's are null. */
struct row {
    const struct procbuf_readonly *readonly;
    const struct procbuf_readwrite *readwrite;
    size_t count;
};

static enum procbuf_error run_step(const struct row *row, size_t index, struct step *step)
{
    return row->readonly != NULL ? run_read_step(&row->readonly[index], step)
                                 : run_write_step(&row->readwrite[index], step);
}

/* Do what `whole` says, a step for each buffer, from *position on. */
static enum procbuf_error advance(const struct row *row, struct procbuf_position *position,
                                  const struct step *whole, size_t *len_out)
{
    enum procbuf_error error = PROCBUF_OK;
    struct procbuf_position now = *position;
    size_t done = 0;
    while (done < whole->len && now.index < row->count) {
        struct step step = { .offset = now.offset,
                             .len = whole->len - done,
                             .array_out = whole->array_out != NULL ? whole->array_out + done : NULL,
                             .array = whole->array != NULL ? whole->array + done : NULL };
        error = run_step(row, now.index, &step);
        if (error != PROCBUF_OK)
            break;
        move_on(&now, step.done, step.reached_end);
        done += step.done;
    }
    error = end_call(error, done, len_out);
    if (error == PROCBUF_OK)
        *position = now;
    return error;
}

static enum procbuf_error advance_reader(struct procbuf_reader *reader, uint8_t *array_out,
                                         size_t len, size_t *len_out)
{
    const struct row row = { .readonly = reader->buffers_, .count = reader->count_ };
    const struct step whole = { .len = len, .array_out = array_out };
    return advance(&row, &reader->position_, &whole, len_out);
}

static enum procbuf_error advance_writer(struct procbuf_writer *writer, const uint8_t *array,
                                         size_t len, size_t *len_out)
{
    const struct row row = { .readwrite = writer->buffers_, .count = writer->count_ };
    const struct step whole = { .len = len, .array = array };
    return advance(&row, &writer->position_, &whole, len_out);
}

enum procbuf_error procbuf_reader_read(struct procbuf_reader *reader, void *array_out,
                                       size_t array_len, size_t *len_out)
{
    PROCBUF_KEEPS(reader, reader);
    PROCBUF_REQUIRE(R5, array_out != NULL || array_len == 0);
    return advance_reader(reader, array_out, array_len, len_out);
}

enum procbuf_error procbuf_writer_write(struct procbuf_writer *writer, const void *array,
                                        size_t array_len, size_t *len_out)
{
    PROCBUF_KEEPS(writer, writer);
    PROCBUF_REQUIRE(R5, array != NULL || array_len == 0);
    return advance_writer(writer, array, array_len, len_out);
}

enum procbuf_error procbuf_reader_skip(struct procbuf_reader *reader, size_t len, size_t *len_out)
{
    PROCBUF_KEEPS(reader, reader);
    return advance_reader(reader, NULL, len, len_out);
}

enum procbuf_error procbuf_writer_skip(struct procbuf_writer *writer, size_t len, size_t *len_out)
{
    PROCBUF_KEEPS(writer, writer);
    return advance_writer(writer, NULL, len, len_out);
}

/* ---- From a reader to a writer ---- */

/* A step with two sides. */
struct transfer {
    const struct procbuf_readwrite *target;
    struct procbuf_readable source; /* after the reader's offset, while its enter runs */
    struct step reading;
    struct step writing;
};

static void transfer_into(struct procbuf_writable slice, void *data)
{
    struct transfer *transfer = data;
    struct procbuf_writable rest;
    if (!procbuf_writable_range_from(slice, transfer->writing.offset, &rest)) {
        transfer->writing.error = PROCBUF_ADDRESS_OUT_OF_BOUNDS;
        return;
    }
    const struct procbuf_readable source = transfer->source;
    const size_t len =
        procbuf_smaller(transfer->writing.len, procbuf_smaller(source.len_, rest.len_));
    const enum procbuf_error code =
        procbuf_writable_copy_from_slice((struct procbuf_writable){ rest.base_, len },
                                         (struct procbuf_readable){ source.base_, len });
    PROCBUF_VERIFY(code == PROCBUF_OK);
    (void)code;
    end_step(&transfer->reading, len, source.len_);
    end_step(&transfer->writing, len, rest.len_);
}

static void transfer_from(struct procbuf_readable slice, void *data)
{
    struct transfer *transfer = data;
    if (!procbuf_readable_range_from(slice, transfer->reading.offset, &transfer->source)) {
        transfer->reading.error = PROCBUF_ADDRESS_OUT_OF_BOUNDS;
        return;
    }
    const enum procbuf_error error =
        procbuf_readwrite_mut_enter(transfer->target, transfer_into, transfer);
    if (error != PROCBUF_OK)
        transfer->writing.error = error;
}

/* Errors in the order of H8: the reader's enter and offset, then the writer's. */
static enum procbuf_error run_transfer(const struct procbuf_readonly *source,
                                       struct transfer *transfer)
{
    const enum procbuf_error error = procbuf_readonly_enter(source, transfer_from, transfer);
    if (error != PROCBUF_OK)
        return error;
    return transfer->reading.error != PROCBUF_OK ? transfer->reading.error
                                                 : transfer->writing.error;
}

enum procbuf_error procbuf_stream_copy(struct procbuf_writer *writer, struct procbuf_reader *reader,
                                       size_t len, size_t *len_out)
{
    PROCBUF_KEEPS(reader, reader);
    PROCBUF_KEEPS(writer, writer);
    enum procbuf_error error = PROCBUF_OK;
    struct procbuf_position from = reader->position_;
    struct procbuf_position to = writer->position_;
    size_t done = 0;
    while (done < len && from.index < reader->count_ && to.index < writer->count_) {
        struct transfer transfer = { .target = &writer->buffers_[to.index],
                                     .reading = { .offset = from.offset },
                                     .writing = { .offset = to.offset, .len = len - done } };
        error = run_transfer(&reader->buffers_[from.index], &transfer);
        if (error != PROCBUF_OK)
            break;
        move_on(&from, transfer.reading.done, transfer.reading.reached_end);
        move_on(&to, transfer.writing.done, transfer.writing.reached_end);
        done += transfer.writing.done;
    }
    error = end_call(error, done, len_out);
    if (error == PROCBUF_OK) {
        reader->position_ = from;
        writer->position_ = to;
    }
    return error;
}
