/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Slices as arrays of elements. Contract: S8, R6. */
#include "slices.h"

/* A product of two unknown words is beyond a SAT solver: the length of an element is one of four, the rest is any. */
#define ELEMENTS(kind, slice_of)                                                                   \
    static void as_##kind(struct procbuf_writable slice, size_t element_len)                       \
    {                                                                                              \
        const size_t count = nondet_size(), index = nondet_size();                                 \
        struct procbuf_##kind##_elements elements = { { slice.base_, 77 }, 77, 77 };               \
        const bool result =                                                                        \
            procbuf_##kind##_as_elements(slice_of(slice), count, element_len, &elements);          \
        CLAIM(result == ((exact)count * (exact)element_len <= (exact)slice.len_));                 \
        if (!result) {                                                                             \
            CLAIM(elements.count_ == 77 && elements.element_len_ == 77 &&                          \
                  elements.slice_.len_ == 77);                                                     \
            REACH(true);                                                                           \
            return;                                                                                \
        }                                                                                          \
        CLAIM(elements.slice_.base_ == slice.base_ &&                                              \
              elements.slice_.len_ == count * element_len);                                        \
        CLAIM(procbuf_##kind##_elements_count(&elements) == count);                                \
        struct procbuf_##kind element = { slice.base_, 77 };                                       \
        const bool is_there = procbuf_##kind##_elements_at(&elements, index, &element);            \
        CLAIM(is_there == (index < count));                                                        \
        CLAIM(element.len_ == (is_there ? element_len : 77));                                      \
        CLAIM(element.base_ == slice.base_ + (is_there ? index * element_len : 0));                \
        REACH(is_there);                                                                           \
        REACH(!is_there);                                                                          \
    }                                                                                              \
    HARNESS(kind##_elements)                                                                       \
    {                                                                                              \
        const struct procbuf_writable slice = any_slice();                                         \
        const uint8_t which = nondet_u8();                                                         \
        if (which == 0)                                                                            \
            as_##kind(slice, 1);                                                                   \
        else if (which == 1)                                                                       \
            as_##kind(slice, 3);                                                                   \
        else if (which == 2)                                                                       \
            as_##kind(slice, 8);                                                                   \
        else                                                                                       \
            as_##kind(slice, (size_t)1 << (sizeof(size_t) * 8 - 12));                              \
    }

#define itself(slice) (slice)
ELEMENTS(readable, procbuf_writable_as_readable)
ELEMENTS(writable, itself)

HARNESS(elements_of_nothing)
{
    const struct procbuf_writable slice = any_slice();
    struct procbuf_writable_elements elements;
    const size_t element_len = any_bool() ? 0 : 4;
    PANICS(6, element_len == 0);
    (void)procbuf_writable_as_elements(slice, nondet_size(), element_len, &elements);
    NO_PANIC();
}
