/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Fill, compare, find, strings, words, and copies of what fits. Contract: S7. */
#include "implementation.h"

#include <procbuf/bytes.h>

#include <string.h>

#include "memory.h"
#include "proved/bytes.h"
#include "sizes.h"
#include "slice.h"
#include "valid.h"

/* ---- Fill, compare, find ---- */

void procbuf_writable_fill(struct procbuf_writable slice, uint8_t value)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    if (slice.len_ != 0)
        memset(slice.base_, value, slice.len_);
}

enum procbuf_error procbuf_readable_compare(struct procbuf_readable slice, const void *array,
                                            size_t array_len, int *order_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    const uint8_t *other = array;
    struct procbuf_iter iter = procbuf_readable_iterate(slice);
    uint8_t byte;
    int order = 0;
    if (array_len != slice.len_)
        return PROCBUF_SIZE;
    if (array_len != 0)
        procbuf_require_array(array, array_len, slice.base_);
    while (order == 0 && procbuf_iter_next(&iter, &byte))
        order = (int)byte - (int)*other++;
    *order_out = order;
    return PROCBUF_OK;
}

bool procbuf_readable_find(struct procbuf_readable slice, uint8_t value, size_t *index_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    struct procbuf_iter iter = procbuf_readable_iterate(slice);
    uint8_t byte;
    for (size_t index = 0; procbuf_iter_next(&iter, &byte); index++) {
        if (byte == value) {
            *index_out = index;
            return true;
        }
    }
    return false;
}

/* ---- Strings ---- */

enum procbuf_error procbuf_readable_string_len(struct procbuf_readable slice, size_t *len_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return procbuf_readable_find(slice, 0, len_out) ? PROCBUF_OK : PROCBUF_SIZE;
}

enum procbuf_error procbuf_readable_string_copy(struct procbuf_readable slice, char *array_out,
                                                size_t array_len, size_t *len_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    struct procbuf_iter iter = procbuf_readable_iterate(slice);
    uint8_t byte;
    size_t len = 0;
    const size_t room = procbuf_smaller(slice.len_, array_len);
    if (room != 0)
        procbuf_require_array(array_out, room, slice.base_);
    while (len < array_len && procbuf_iter_next(&iter, &byte)) {
        array_out[len] = (char)byte;
        if (byte == 0) {
            *len_out = len;
            return PROCBUF_OK;
        }
        len++;
    }
    if (len != 0)
        memset(array_out, 0, len);
    return PROCBUF_SIZE;
}

/* ---- Words: through bytes of the kernel, so that each is fetched once ---- */

static bool load(struct procbuf_readable slice, size_t offset, uint8_t *bytes_out, size_t len)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    if (offset > slice.len_ || len > slice.len_ - offset)
        return false;
    procbuf_memory_fetch(bytes_out, slice.base_ + offset, len);
    return true;
}

static bool store(struct procbuf_writable slice, size_t offset, const uint8_t *bytes, size_t len)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    if (offset > slice.len_ || len > slice.len_ - offset)
        return false;
    memcpy(slice.base_ + offset, bytes, len);
    return true;
}

static uint64_t from_le(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;
    for (; len > 0; len--)
        value = value << 8 | bytes[len - 1];
    return value;
}

static uint64_t from_be(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void to_le(uint64_t value, uint8_t *bytes_out, size_t len)
{
    for (size_t i = 0; i < len; i++, value >>= 8)
        bytes_out[i] = (uint8_t)value;
}

static void to_be(uint64_t value, uint8_t *bytes_out, size_t len)
{
    for (; len > 0; len--, value >>= 8)
        bytes_out[len - 1] = (uint8_t)value;
}

#define LOAD_FUNCTION(order, width)                                                                \
    bool procbuf_readable_load_##order##width(struct procbuf_readable slice, size_t offset,        \
                                              uint##width##_t *value_out)                          \
    {                                                                                              \
        uint8_t bytes[width / 8];                                                                  \
        if (!load(slice, offset, bytes, sizeof bytes))                                             \
            return false;                                                                          \
        *value_out = (uint##width##_t)from_##order(bytes, sizeof bytes);                           \
        return true;                                                                               \
    }
LOAD_FUNCTION(le, 16)
LOAD_FUNCTION(be, 16)
LOAD_FUNCTION(le, 32)
LOAD_FUNCTION(be, 32)
LOAD_FUNCTION(le, 64)
LOAD_FUNCTION(be, 64)

#define STORE_FUNCTION(order, width)                                                               \
    bool procbuf_writable_store_##order##width(struct procbuf_writable slice, size_t offset,       \
                                               uint##width##_t value)                              \
    {                                                                                              \
        uint8_t bytes[width / 8];                                                                  \
        to_##order(value, bytes, sizeof bytes);                                                    \
        return store(slice, offset, bytes, sizeof bytes);                                          \
    }
STORE_FUNCTION(le, 16)
STORE_FUNCTION(be, 16)
STORE_FUNCTION(le, 32)
STORE_FUNCTION(be, 32)
STORE_FUNCTION(le, 64)
STORE_FUNCTION(be, 64)

/* ---- What fits ---- */

size_t procbuf_readable_copy_to_fitting(struct procbuf_readable slice, void *array_out,
                                        size_t array_len)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    const size_t len = procbuf_smaller(slice.len_, array_len);
    if (len != 0) {
        procbuf_require_array(array_out, len, slice.base_);
        procbuf_memory_fetch(array_out, slice.base_, len);
    }
    return len;
}

size_t procbuf_writable_copy_from_fitting(struct procbuf_writable slice, const void *array,
                                          size_t array_len)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    const size_t len = procbuf_smaller(slice.len_, array_len);
    if (len != 0) {
        procbuf_require_array(array, len, slice.base_);
        memcpy(slice.base_, array, len);
    }
    return len;
}
