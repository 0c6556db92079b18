/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Slices as arrays of elements. Contract: S8. */
#include "implementation.h"

#include <procbuf/elements.h>

#include "proved/elements.h"
#include "require.h"
#include "slice.h"
#include "valid.h"

/* Divide instead of multiplying: a product could wrap. */
static bool fits(size_t count, size_t element_len, size_t len)
{
    PROCBUF_REQUIRE(R6, element_len != 0);
    return count <= len / element_len;
}

bool procbuf_readable_as_elements(struct procbuf_readable slice, size_t count, size_t element_len,
                                  struct procbuf_readable_elements *elements_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    if (!fits(count, element_len, slice.len_))
        return false;
    *elements_out = (struct procbuf_readable_elements){ { slice.base_, count * element_len },
                                                        count,
                                                        element_len };
    return true;
}

bool procbuf_writable_as_elements(struct procbuf_writable slice, size_t count, size_t element_len,
                                  struct procbuf_writable_elements *elements_out)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    if (!fits(count, element_len, slice.len_))
        return false;
    *elements_out = (struct procbuf_writable_elements){ { slice.base_, count * element_len },
                                                        count,
                                                        element_len };
    return true;
}

size_t procbuf_readable_elements_count(const struct procbuf_readable_elements *elements)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&elements->slice_));
    return elements->count_;
}

size_t procbuf_writable_elements_count(const struct procbuf_writable_elements *elements)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&elements->slice_));
    return elements->count_;
}

/* An index below the count, times the length, is below the slice's length: no wrap. */
bool procbuf_readable_elements_at(const struct procbuf_readable_elements *elements, size_t index,
                                  struct procbuf_readable *slice_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&elements->slice_));
    if (index >= elements->count_)
        return false;
    const size_t start = index * elements->element_len_;
    return procbuf_readable_range(elements->slice_, start, start + elements->element_len_,
                                  slice_out);
}

bool procbuf_writable_elements_at(const struct procbuf_writable_elements *elements, size_t index,
                                  struct procbuf_writable *slice_out)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&elements->slice_));
    if (index >= elements->count_)
        return false;
    const size_t start = index * elements->element_len_;
    return procbuf_writable_range(elements->slice_, start, start + elements->element_len_,
                                  slice_out);
}
