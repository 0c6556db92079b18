/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Steps at an offset, readers and writers, over buffers of a foreign table that live or not. Contract: H7, H8, S5, C3. */
#define LONGEST_COPY 5 /* as many as are asked for */
#include "memory.h"

#define BUFFERS 2
#define MOST 3 /* bytes of a buffer */
#define ASKED 5

static bool alive[BUFFERS];
static struct procbuf_readonly sources[BUFFERS];
static struct procbuf_readwrite targets[BUFFERS];
static uint8_t array[ASKED], array_before[ASKED];

/* Odd identifiers are a writer's: the reader's buffers live by themselves. */
static bool target_alive[BUFFERS];
static bool answers(uint32_t index, uint64_t identifier, const void *data)
{
    (void)data;
    return identifier == 1 ? target_alive[index] : alive[index];
}

static struct procbuf_buffer_private any_buffer(uint32_t index, uint64_t identifier)
{
    const procbuf_addr_t addr = nondet_addr();
    const size_t len = nondet_size();
    ASSUME(len <= MOST && addr >= 1 && addr <= BYTES - len);
    return (struct procbuf_buffer_private){
        .id = { NULL, &foreign, identifier }, .addr = addr, .len = len, .index = index
    };
}

static void any_buffers(void)
{
    foreign.private_ = (struct procbuf_table_private){ .is_live = answers };
    for (unsigned i = 0; i < BUFFERS; i++) {
        alive[i] = any_bool();
        target_alive[i] = any_bool();
        sources[i].private_ = any_buffer(i, 0);
        targets[i].private_ = any_buffer(i, 1);
    }
    any_memory();
    for (unsigned i = 0; i < ASKED; i++)
        array_before[i] = array[i] = nondet_u8();
}

static struct procbuf_position any_position(size_t count)
{
    const struct procbuf_position position = { nondet_size(), nondet_size() };
    ASSUME(position.index < count || (position.index == count && position.offset == 0));
    return position;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- One step: H7 ---- */

HARNESS(read_at)
{
    any_buffers();
    const size_t offset = nondet_size(), len = nondet_size();
    const size_t have = sources[0].private_.len;
    size_t done = 77;
    ASSUME(len <= ASKED);
    const procbuf_addr_t addr = sources[0].private_.addr;
    struct procbuf_readwrite readwrite = { sources[0].private_ };
    const enum procbuf_error error =
        any_bool() ? procbuf_readonly_read_at(&sources[0], offset, array, len, &done)
                   : procbuf_readwrite_read_at(&readwrite, offset, array, len, &done);
    CLAIM(error == (!alive[0]       ? PROCBUF_NO_SUCH_APP
                    : offset > have ? PROCBUF_ADDRESS_OUT_OF_BOUNDS
                                    : PROCBUF_OK));
    CLAIM(done == (error == PROCBUF_OK ? smaller(len, have - offset) : 77));
    for (unsigned i = 0; i < ASKED; i++)
        CLAIM(array[i] ==
              (error == PROCBUF_OK && i < done ? memory[addr + offset + i] : array_before[i]));
    if (alive[0] && have != 0)
        CLAIM(next_is(OPEN, addr, have, PROCBUF_ACCESS_READ) &&
              next_is(CLOSE, addr, have, PROCBUF_ACCESS_READ));
    CLAIM(no_more());
    REACH(error == PROCBUF_OK && done == MOST);
    REACH(error == PROCBUF_OK && offset == have && len != 0);
    REACH(error == PROCBUF_ADDRESS_OUT_OF_BOUNDS);
}

HARNESS(write_at)
{
    any_buffers();
    const size_t offset = nondet_size(), len = nondet_size();
    const size_t have = targets[0].private_.len;
    const procbuf_addr_t addr = targets[0].private_.addr, at = any_place();
    size_t done = 77;
    ASSUME(len <= ASKED);
    const enum procbuf_error error =
        procbuf_readwrite_write_at(&targets[0], offset, array, len, &done);
    CLAIM(error == (!target_alive[0] ? PROCBUF_NO_SUCH_APP
                    : offset > have  ? PROCBUF_ADDRESS_OUT_OF_BOUNDS
                                     : PROCBUF_OK));
    CLAIM(done == (error == PROCBUF_OK ? smaller(len, have - offset) : 77));
    const bool is_written =
        error == PROCBUF_OK && at >= addr + offset && at - (addr + offset) < done;
    CLAIM(memory[at] == (is_written ? array_before[at - (addr + offset)] : memory_before[at]));
    if (target_alive[0] && have != 0)
        CLAIM(next_is(OPEN, addr, have, PROCBUF_ACCESS_READ_WRITE) &&
              next_is(CLOSE, addr, have, PROCBUF_ACCESS_READ_WRITE));
    CLAIM(no_more());
    REACH(is_written && done == MOST);
    REACH(error == PROCBUF_NO_SUCH_APP);
}

/* R5 */
HARNESS(steps_without_an_array)
{
    any_buffers();
    const uint8_t which = nondet_u8();
    const size_t len = nondet_size();
    size_t done;
    struct procbuf_reader reader;
    struct procbuf_writer writer;
    ASSUME(which <= 5);
    if (which >= 2) {
        reader = procbuf_reader_over(sources, BUFFERS);
        writer = procbuf_writer_over(targets, BUFFERS);
    }
    PANICS(5, len != 0);
    switch (which) {
    case 0: reader = procbuf_reader_over(NULL, len); break;
    case 1: writer = procbuf_writer_over(NULL, len); break;
    case 2: (void)procbuf_readonly_read_at(&sources[0], 0, NULL, len, &done); break;
    case 3: (void)procbuf_readwrite_write_at(&targets[0], 0, NULL, len, &done); break;
    case 4: (void)procbuf_reader_read(&reader, NULL, len, &done); break;
    default: (void)procbuf_writer_write(&writer, NULL, len, &done); break;
    }
    NO_PANIC();
    CLAIM(IMPLIES(which == 0,
                  reader.buffers_ == NULL && reader.count_ == 0 && reader.position_.index == 0));
    CLAIM(IMPLIES(which == 1,
                  writer.buffers_ == NULL && writer.count_ == 0 && writer.position_.index == 0));
}

/* ---- H8, as the contract says it: what a call moves, where it stops, and why ---- */

static struct procbuf_position now;
static enum procbuf_error stopped_by;
static size_t moved;

/* A step of the reader's or the writer's buffer. Returns: how many bytes it moves. */
static size_t step(const struct procbuf_buffer_private *buffer, bool lives_on, size_t wanted)
{
    if (!lives_on || now.offset > buffer->len) {
        stopped_by = lives_on ? PROCBUF_ADDRESS_OUT_OF_BOUNDS : PROCBUF_NO_SUCH_APP;
        return 0;
    }
    return smaller(wanted, buffer->len - now.offset);
}

static void pass(const struct procbuf_buffer_private *buffer, size_t len)
{
    moved += len;
    now.offset += len;
    if (now.offset == buffer->len)
        now = (struct procbuf_position){ now.index + 1, 0 };
}

static enum procbuf_error answer(void)
{
    return moved == 0 ? stopped_by : PROCBUF_OK;
}

HARNESS(reader)
{
    any_buffers();
    const size_t len = nondet_size(), count = nondet_size();
    const bool skips = any_bool();
    ASSUME(count <= BUFFERS && len <= ASKED);
    struct procbuf_reader reader = procbuf_reader_over(sources, count);
    reader.position_ = now = any_position(count);
    const struct procbuf_position before = now;
    uint8_t expected[ASKED];
    for (unsigned i = 0; i < ASKED; i++)
        expected[i] = array_before[i];
    for (unsigned i = 0;
         i < BUFFERS && moved < len && now.index < count && stopped_by == PROCBUF_OK; i++) {
        const struct procbuf_buffer_private *buffer = &sources[now.index].private_;
        const size_t more = step(buffer, alive[now.index], len - moved);
        if (stopped_by != PROCBUF_OK)
            break;
        for (unsigned j = 0; j < MOST; j++)
            if (!skips && j < more)
                expected[moved + j] = memory[buffer->addr + now.offset + j];
        pass(buffer, more);
    }
    size_t done = 77;
    const enum procbuf_error error = skips ? procbuf_reader_skip(&reader, len, &done)
                                           : procbuf_reader_read(&reader, array, len, &done);
    CLAIM(error == answer());
    CLAIM(done == (error == PROCBUF_OK ? moved : 77));
    if (error != PROCBUF_OK)
        now = before;
    CLAIM(reader.position_.index == now.index && reader.position_.offset == now.offset);
    for (unsigned i = 0; i < ASKED; i++)
        CLAIM(array[i] == expected[i]);
    CLAIM(window_count == 0 && procbuf_reader_is_valid(&reader));
    REACH(error == PROCBUF_OK && done == 5 && !skips);
    REACH(error == PROCBUF_OK && done != 0 && stopped_by == PROCBUF_NO_SUCH_APP);
    REACH(error == PROCBUF_NO_SUCH_APP);
    REACH(error == PROCBUF_ADDRESS_OUT_OF_BOUNDS);
}

HARNESS(writer)
{
    any_buffers();
    const size_t len = nondet_size(), count = nondet_size();
    const procbuf_addr_t at = any_place();
    const bool skips = any_bool();
    ASSUME(count <= BUFFERS && len <= ASKED);
    struct procbuf_writer writer = procbuf_writer_over(targets, count);
    writer.position_ = now = any_position(count);
    const struct procbuf_position before = now;
    uint8_t expected = memory[at];
    for (unsigned i = 0;
         i < BUFFERS && moved < len && now.index < count && stopped_by == PROCBUF_OK; i++) {
        const struct procbuf_buffer_private *buffer = &targets[now.index].private_;
        const size_t more = step(buffer, target_alive[now.index], len - moved);
        if (stopped_by != PROCBUF_OK)
            break;
        const procbuf_addr_t first = buffer->addr + now.offset;
        if (!skips && at >= first && at - first < more)
            expected = array[moved + (at - first)];
        pass(buffer, more);
    }
    size_t done = 77;
    const enum procbuf_error error = skips ? procbuf_writer_skip(&writer, len, &done)
                                           : procbuf_writer_write(&writer, array, len, &done);
    CLAIM(error == answer());
    CLAIM(done == (error == PROCBUF_OK ? moved : 77));
    if (error != PROCBUF_OK)
        now = before;
    CLAIM(writer.position_.index == now.index && writer.position_.offset == now.offset);
    CLAIM(memory[at] == expected && window_count == 0 && procbuf_writer_is_valid(&writer));
    REACH(error == PROCBUF_OK && done == 5 && !skips);
    REACH(error == PROCBUF_ADDRESS_OUT_OF_BOUNDS);
}
