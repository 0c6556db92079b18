/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Slices: indexed access, sub-slices, iteration and copies. Contract: S. */
#include "implementation.h"

#include <procbuf/slice.h>

#include <string.h>

#include "memory.h"
#include "proved/slice.h"
#include "require.h"
#include "sizes.h"
#include "slice.h"
#include "valid.h"

/* What the slice of an empty buffer points at. It is never read or written. Contract: H5. */
static uint8_t empty_array[1];

void procbuf_require_array(const void *array, size_t len, const uint8_t *base)
{
    const uintptr_t a = (uintptr_t)array, b = (uintptr_t)base;
    PROCBUF_REQUIRE(R5, array != NULL && (a < b ? len <= b - a : len <= a - b));
}

/* ---- Making ---- */

struct procbuf_readable procbuf_readable_from_array(const void *array, size_t len)
{
    PROCBUF_REQUIRE(R5, array != NULL || len == 0);
    return (struct procbuf_readable){ array != NULL ? array : empty_array, len };
}

struct procbuf_writable procbuf_writable_from_array(void *array, size_t len)
{
    PROCBUF_REQUIRE(R5, array != NULL || len == 0);
    return (struct procbuf_writable){ array != NULL ? array : empty_array, len };
}

struct procbuf_readable procbuf_writable_as_readable(struct procbuf_writable slice)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    return (struct procbuf_readable){ slice.base_, slice.len_ };
}

/* ---- Looking ---- */

size_t procbuf_readable_len(struct procbuf_readable slice)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return slice.len_;
}

size_t procbuf_writable_len(struct procbuf_writable slice)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    return slice.len_;
}

const uint8_t *procbuf_readable_base_unchecked(struct procbuf_readable slice)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return slice.base_;
}

uint8_t *procbuf_writable_base_unchecked(struct procbuf_writable slice)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    return slice.base_;
}

/* ---- One byte ---- */

/* Fetch one byte exactly once: volatile, so that the compiler cannot fetch it again (S5). */
static uint8_t fetch(const uint8_t *byte)
{
    return *(const volatile uint8_t *)byte;
}

/* S2, S4 */
bool procbuf_readable_get(struct procbuf_readable slice, size_t index, uint8_t *value_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    if (index >= slice.len_)
        return false;
    *value_out = fetch(&slice.base_[index]);
    return true;
}

bool procbuf_writable_set(struct procbuf_writable slice, size_t index, uint8_t value)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    if (index >= slice.len_)
        return false;
    *(volatile uint8_t *)&slice.base_[index] = value;
    return true;
}

uint8_t procbuf_readable_get_or_panic(struct procbuf_readable slice, size_t index)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    PROCBUF_REQUIRE(R9, index < slice.len_);
    return fetch(&slice.base_[index]);
}

/* ---- Sub-slices ---- */

static bool is_subrange(size_t start, size_t end, size_t len)
{
    return start <= end && end <= len;
}

bool procbuf_readable_range(struct procbuf_readable slice, size_t start, size_t end,
                            struct procbuf_readable *slice_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    if (!is_subrange(start, end, slice.len_))
        return false;
    *slice_out = (struct procbuf_readable){ slice.base_ + start, end - start };
    return true;
}

bool procbuf_readable_range_from(struct procbuf_readable slice, size_t start,
                                 struct procbuf_readable *slice_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return procbuf_readable_range(slice, start, slice.len_, slice_out);
}

bool procbuf_readable_range_to(struct procbuf_readable slice, size_t end,
                               struct procbuf_readable *slice_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return procbuf_readable_range(slice, 0, end, slice_out);
}

bool procbuf_writable_range(struct procbuf_writable slice, size_t start, size_t end,
                            struct procbuf_writable *slice_out)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    if (!is_subrange(start, end, slice.len_))
        return false;
    *slice_out = (struct procbuf_writable){ slice.base_ + start, end - start };
    return true;
}

bool procbuf_writable_range_from(struct procbuf_writable slice, size_t start,
                                 struct procbuf_writable *slice_out)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    return procbuf_writable_range(slice, start, slice.len_, slice_out);
}

bool procbuf_writable_range_to(struct procbuf_writable slice, size_t end,
                               struct procbuf_writable *slice_out)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    return procbuf_writable_range(slice, 0, end, slice_out);
}

/* ---- Iteration ---- */

struct procbuf_iter procbuf_readable_iterate(struct procbuf_readable slice)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return (struct procbuf_iter){ slice };
}

bool procbuf_iter_next(struct procbuf_iter *iter, uint8_t *value_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&iter->rest_));
    return procbuf_readable_get(iter->rest_, 0, value_out) &&
           procbuf_readable_range_from(iter->rest_, 1, &iter->rest_);
}

struct procbuf_readable_chunks procbuf_readable_split(struct procbuf_readable slice,
                                                      size_t chunk_len)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    PROCBUF_REQUIRE(R6, chunk_len != 0);
    return (struct procbuf_readable_chunks){ slice, chunk_len };
}

struct procbuf_writable_chunks procbuf_writable_split(struct procbuf_writable slice,
                                                      size_t chunk_len)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    PROCBUF_REQUIRE(R6, chunk_len != 0);
    return (struct procbuf_writable_chunks){ slice, chunk_len };
}

/* S1: the next piece has chunk_len bytes, or all that remain; the rest begins after it. */
bool procbuf_readable_chunks_next(struct procbuf_readable_chunks *chunks,
                                  struct procbuf_readable *slice_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&chunks->rest_) && chunks->chunk_len_ != 0);
    const struct procbuf_readable rest = chunks->rest_;
    const size_t len = procbuf_smaller(rest.len_, chunks->chunk_len_);
    return len != 0 && procbuf_readable_range_to(rest, len, slice_out) &&
           procbuf_readable_range_from(rest, len, &chunks->rest_);
}

/* S1: the next piece has chunk_len bytes, or all that remain; the rest begins after it. */
bool procbuf_writable_chunks_next(struct procbuf_writable_chunks *chunks,
                                  struct procbuf_writable *slice_out)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&chunks->rest_) && chunks->chunk_len_ != 0);
    const struct procbuf_writable rest = chunks->rest_;
    const size_t len = procbuf_smaller(rest.len_, chunks->chunk_len_);
    return len != 0 && procbuf_writable_range_to(rest, len, slice_out) &&
           procbuf_writable_range_from(rest, len, &chunks->rest_);
}

/* ---- Copies ---- */

/* S3, S4 */
enum procbuf_error procbuf_readable_copy_to(struct procbuf_readable slice, void *array_out,
                                            size_t array_len)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    if (array_len != slice.len_)
        return PROCBUF_SIZE;
    if (array_len != 0) {
        procbuf_require_array(array_out, array_len, slice.base_);
        procbuf_memory_fetch(array_out, slice.base_, array_len);
    }
    return PROCBUF_OK;
}

enum procbuf_error procbuf_writable_copy_from(struct procbuf_writable slice, const void *array,
                                              size_t array_len)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    if (array_len != slice.len_)
        return PROCBUF_SIZE;
    if (array_len != 0) {
        procbuf_require_array(array, array_len, slice.base_);
        memcpy(slice.base_, array, array_len);
    }
    return PROCBUF_OK;
}

/* The two may overlap. */
enum procbuf_error procbuf_writable_copy_from_slice(struct procbuf_writable slice,
                                                    struct procbuf_readable source)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    PROCBUF_VERIFY(procbuf_readable_is_valid(&source));
    if (source.len_ != slice.len_)
        return PROCBUF_SIZE;
    if (source.len_ != 0)
        memmove(slice.base_, source.base_, source.len_);
    return PROCBUF_OK;
}

void procbuf_readable_copy_to_or_panic(struct procbuf_readable slice, void *array_out,
                                       size_t array_len)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    const enum procbuf_error code = procbuf_readable_copy_to(slice, array_out, array_len);
    PROCBUF_REQUIRE(R9, code == PROCBUF_OK);
}

void procbuf_writable_copy_from_or_panic(struct procbuf_writable slice, const void *array,
                                         size_t array_len)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    const enum procbuf_error code = procbuf_writable_copy_from(slice, array, array_len);
    PROCBUF_REQUIRE(R9, code == PROCBUF_OK);
}
