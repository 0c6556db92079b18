/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Fill, compare, find, strings, words, and copies of what fits. Contract: S5, S7, R5. */
#include "slices.h"

HARNESS(fill)
{
    const struct procbuf_writable slice = any_short_slice();
    const uint8_t value = nondet_u8();
    const size_t at = nondet_size();
    ASSUME(at < slice.len_);
    procbuf_writable_fill(slice, value);
    CLAIM(slice.base_[at] == value);
    REACH(at == LEN - 1);
}

/* The first index whose bytes differ, or the length. */
static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < LEN; i++)
        if (i < len && a[i] != b[i])
            return i;
    return len;
}

HARNESS(compare)
{
    const struct procbuf_readable slice = procbuf_writable_as_readable(any_short_slice());
    const size_t len = any_len();
    const uint8_t *array = any_array(len);
    int order = 1000;
    const enum procbuf_error error = procbuf_readable_compare(slice, array, len, &order);
    CLAIM(error == (len == slice.len_ ? PROCBUF_OK : PROCBUF_SIZE));
    if (error == PROCBUF_OK) {
        const size_t at = first_difference(slice.base_, array, len);
        CLAIM(order == (at == len ? 0 : (int)slice.base_[at] - (int)array[at]));
        REACH(order < 0 && at == LEN - 1);
        REACH(order > 0);
        REACH(order == 0 && len == LEN);
    } else {
        CLAIM(order == 1000);
    }
    REACH(error == PROCBUF_SIZE);
}

static size_t first_of(const uint8_t *bytes, size_t len, uint8_t value)
{
    for (size_t i = 0; i < LEN; i++)
        if (i < len && bytes[i] == value)
            return i;
    return len;
}

HARNESS(find)
{
    const struct procbuf_readable slice = procbuf_writable_as_readable(any_short_slice());
    const uint8_t value = nondet_u8();
    size_t index = 1000;
    const size_t first = first_of(slice.base_, slice.len_, value);
    const bool result = procbuf_readable_find(slice, value, &index);
    CLAIM(result == (first != slice.len_));
    CLAIM(index == (result ? first : 1000));
    REACH(result && index == LEN - 1);
    REACH(!result && slice.len_ == LEN);
}

HARNESS(string_len)
{
    const struct procbuf_readable slice = procbuf_writable_as_readable(any_short_slice());
    size_t len = 1000;
    const size_t first = first_of(slice.base_, slice.len_, 0);
    const enum procbuf_error error = procbuf_readable_string_len(slice, &len);
    CLAIM(error == (first != slice.len_ ? PROCBUF_OK : PROCBUF_SIZE));
    CLAIM(len == (error == PROCBUF_OK ? first : 1000));
    REACH(error == PROCBUF_OK && len == 0);
    REACH(error == PROCBUF_SIZE && slice.len_ == LEN);
}

/* Each byte is written or zeroed as far as it was copied, and no further. */
HARNESS(string_copy)
{
    const struct procbuf_readable slice = procbuf_writable_as_readable(any_short_slice());
    const size_t room = any_len(), at = nondet_size();
    char *array = (char *)any_array(room);
    size_t len = 1000;
    ASSUME(at < room);
    const char before = array[at];
    const size_t first = first_of(slice.base_, slice.len_, 0);
    const enum procbuf_error error = procbuf_readable_string_copy(slice, array, room, &len);
    CLAIM(error == (first < slice.len_ && first < room ? PROCBUF_OK : PROCBUF_SIZE));
    CLAIM(len == (error == PROCBUF_OK ? first : 1000));
    if (error == PROCBUF_OK)
        CLAIM(array[at] == (at <= first ? (char)slice.base_[at] : before));
    else
        CLAIM(array[at] == (at < slice.len_ ? 0 : before));
    REACH(error == PROCBUF_OK && len == LEN - 1);
    REACH(error == PROCBUF_SIZE && first < slice.len_);
    REACH(error == PROCBUF_SIZE && slice.len_ < room);
}

/* S7: a word of any width and order, at any offset. */
#define LOADS(order, width, WORTH)                                                                 \
    HARNESS(load_##order##width)                                                                   \
    {                                                                                              \
        const struct procbuf_readable slice = procbuf_writable_as_readable(any_slice());           \
        const size_t offset = nondet_size();                                                       \
        uint##width##_t value = 99;                                                                \
        const bool result = procbuf_readable_load_##order##width(slice, offset, &value);           \
        CLAIM(result == (slice.len_ >= width / 8 && offset <= slice.len_ - width / 8));            \
        uint##width##_t expected = 0;                                                              \
        if (result)                                                                                \
            for (unsigned i = 0; i < width / 8; i++)                                               \
                expected |=                                                                        \
                    (uint##width##_t)((uint##width##_t)slice.base_[offset + i] << (8 * (WORTH)));  \
        CLAIM(value == (result ? expected : 99));                                                  \
        REACH(result);                                                                             \
        REACH(!result);                                                                            \
    }
LOADS(le, 16, i)
LOADS(le, 32, i)
LOADS(le, 64, i)
LOADS(be, 16, 1 - i)
LOADS(be, 32, 3 - i)
LOADS(be, 64, 7 - i)

#define STORES(order, width, WORTH)                                                                \
    HARNESS(store_##order##width)                                                                  \
    {                                                                                              \
        const struct procbuf_writable slice = any_slice();                                         \
        const size_t offset = nondet_size(), at = nondet_size();                                   \
        const uint##width##_t value = (uint##width##_t)nondet_u64();                               \
        ASSUME(at < slice.len_);                                                                   \
        const uint8_t before = slice.base_[at];                                                    \
        const bool result = procbuf_writable_store_##order##width(slice, offset, value);           \
        CLAIM(result == (slice.len_ >= width / 8 && offset <= slice.len_ - width / 8));            \
        const bool is_stored = result && at >= offset && at - offset < width / 8;                  \
        const unsigned i = is_stored ? (unsigned)(at - offset) : 0;                                \
        CLAIM(slice.base_[at] == (is_stored ? (uint8_t)(value >> (8 * (WORTH))) : before));        \
        REACH(is_stored);                                                                          \
        REACH(!result);                                                                            \
    }
STORES(le, 16, i)
STORES(le, 32, i)
STORES(le, 64, i)
STORES(be, 16, 1 - i)
STORES(be, 32, 3 - i)
STORES(be, 64, 7 - i)

HARNESS(copy_to_fitting)
{
    const struct procbuf_writable slice = any_short_slice();
    const size_t len = any_len(), at = nondet_size();
    uint8_t *array = any_array(len);
    ASSUME(at < len);
    const uint8_t before = array[at];
    const size_t done =
        procbuf_readable_copy_to_fitting(procbuf_writable_as_readable(slice), array, len);
    CLAIM(done == (len < slice.len_ ? len : slice.len_));
    CLAIM(array[at] == (at < done ? slice.base_[at] : before));
    REACH(done < len && done < LEN);
}

HARNESS(copy_from_fitting)
{
    const struct procbuf_writable slice = any_short_slice();
    const size_t len = any_len(), at = nondet_size();
    const uint8_t *array = any_array(len);
    ASSUME(at < slice.len_);
    const uint8_t before = slice.base_[at];
    const size_t done = procbuf_writable_copy_from_fitting(slice, array, len);
    CLAIM(done == (len < slice.len_ ? len : slice.len_));
    CLAIM(slice.base_[at] == (at < done ? array[at] : before));
    REACH(done < slice.len_);
}
