/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Lenders, pairs and vectors of them. Contract: M5. */
#include "implementation.h"

#include <procbuf/lender.h>

#include "memory.h"
#include "process.h"
#include "require.h"
#include "sizes.h"
#include "slice.h"
#include "valid.h"

/* ---- Lenders ---- */

static enum procbuf_error build_from_process(const struct procbuf_lender *lender,
                                             procbuf_addr_t addr, size_t len,
                                             enum procbuf_access access,
                                             struct procbuf_buffer_private *buffer_out)
{
    struct procbuf_readonly readonly;
    struct procbuf_readwrite readwrite;
    enum procbuf_error code;
    if (access == PROCBUF_ACCESS_READ) {
        code = procbuf_readonly_build(lender->process_, addr, len, &readonly);
        if (code == PROCBUF_OK)
            *buffer_out = readonly.private_;
    } else {
        code = procbuf_readwrite_build(lender->process_, addr, len, &readwrite);
        if (code == PROCBUF_OK)
            *buffer_out = readwrite.private_;
    }
    return code;
}

struct procbuf_lender procbuf_lender_process(struct procbuf_process *process)
{
    (void)procbuf_process_look(process);
    return (struct procbuf_lender){ .build_ = build_from_process, .process_ = process };
}

enum procbuf_error procbuf_readonly_build_from(const struct procbuf_lender *lender,
                                               procbuf_addr_t addr, size_t len,
                                               struct procbuf_readonly *buffer_out)
{
    PROCBUF_KEEPS(lender, lender);
    return lender->build_(lender, addr, len, PROCBUF_ACCESS_READ, &buffer_out->private_);
}

enum procbuf_error procbuf_readwrite_build_from(const struct procbuf_lender *lender,
                                                procbuf_addr_t addr, size_t len,
                                                struct procbuf_readwrite *buffer_out)
{
    PROCBUF_KEEPS(lender, lender);
    return lender->build_(lender, addr, len, PROCBUF_ACCESS_READ_WRITE, &buffer_out->private_);
}

/* ---- Pairs ---- */

bool procbuf_readable_pair(struct procbuf_readable slice, size_t offset,
                           struct procbuf_pair *pair_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    if (offset > slice.len_ || slice.len_ - offset < sizeof *pair_out)
        return false;
    procbuf_memory_fetch(pair_out, slice.base_ + offset, sizeof *pair_out);
    return true;
}

/* An array of buffers of either kind: both have the same layout (assumptions.h). */
struct vector {
    struct procbuf_buffer_private *buffers;
    size_t count;
};

/* Copy the pairs to where their buffers will be, as buffers of no process. */
static void fetch_pairs(struct procbuf_readable slice, void *data)
{
    const struct vector *vector = data;
    for (size_t i = 0; i < vector->count; i++) {
        struct procbuf_pair pair = { 0, 0 };
        const bool is_inside = procbuf_readable_pair(slice, i * sizeof pair, &pair);
        PROCBUF_VERIFY(is_inside);
        (void)is_inside;
        vector->buffers[i] =
            (struct procbuf_buffer_private){ .addr = pair.addr, .len = (size_t)pair.len };
    }
}

/* The length does not wrap: the kernel has an array of as many buffers, which are larger (R13).
 * Returns: what a build of the array says, and its enter. */
static enum procbuf_error fetch_array(const struct procbuf_lender *lender, procbuf_addr_t addr,
                                      struct vector *vector)
{
    struct procbuf_readonly array;
    const enum procbuf_error code = procbuf_readonly_build_from(
        lender, addr, vector->count * sizeof(struct procbuf_pair), &array);
    return code != PROCBUF_OK ? code : procbuf_readonly_enter(&array, fetch_pairs, vector);
}

/* Returns: the first error, and nothing stays built. Out: *failed_out, on an error. */
static enum procbuf_error build_pairs(const struct procbuf_lender *lender,
                                      const struct vector *vector, enum procbuf_access access,
                                      size_t *failed_out)
{
    for (size_t i = 0; i < vector->count; i++) {
        struct procbuf_buffer_private *buffer = &vector->buffers[i];
        const enum procbuf_error code =
            lender->build_(lender, buffer->addr, buffer->len, access, buffer);
        if (code == PROCBUF_OK)
            continue;
        *failed_out = i;
        for (size_t built = 0; built < vector->count; built++)
            vector->buffers[built] = (struct procbuf_buffer_private){ .len = 0 };
        return code;
    }
    return PROCBUF_OK;
}

static enum procbuf_error build_vector(const struct procbuf_lender *lender, procbuf_addr_t addr,
                                       struct vector vector, size_t max, enum procbuf_access access,
                                       size_t *failed_out)
{
    struct procbuf_buffer_private nothing;
    size_t failed = vector.count;
    enum procbuf_error code = lender->build_(lender, 0, 0, access, &nothing);
    if (code == PROCBUF_OK && vector.count > max)
        code = PROCBUF_SIZE;
    if (code == PROCBUF_OK && vector.count != 0)
        code = fetch_array(lender, addr, &vector);
    if (code == PROCBUF_OK)
        code = build_pairs(lender, &vector, access, &failed);
    if (code != PROCBUF_OK)
        *failed_out = failed;
    return code;
}

enum procbuf_error procbuf_readonly_build_vector(const struct procbuf_lender *lender,
                                                 procbuf_addr_t addr, size_t count,
                                                 struct procbuf_readonly *buffers_out, size_t max,
                                                 size_t *failed_out)
{
    PROCBUF_KEEPS(lender, lender);
    const struct vector vector = { (struct procbuf_buffer_private *)buffers_out, count };
    return build_vector(lender, addr, vector, max, PROCBUF_ACCESS_READ, failed_out);
}

enum procbuf_error procbuf_readwrite_build_vector(const struct procbuf_lender *lender,
                                                  procbuf_addr_t addr, size_t count,
                                                  struct procbuf_readwrite *buffers_out, size_t max,
                                                  size_t *failed_out)
{
    PROCBUF_KEEPS(lender, lender);
    const struct vector vector = { (struct procbuf_buffer_private *)buffers_out, count };
    return build_vector(lender, addr, vector, max, PROCBUF_ACCESS_READ_WRITE, failed_out);
}
