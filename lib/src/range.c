/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
#include "implementation.h"

#include "range.h"

bool procbuf_range_end(procbuf_addr_t start, size_t len, procbuf_addr_t *end_out)
{
    const procbuf_addr_t room = (procbuf_addr_t)(PROCBUF_ADDR_MAX - start);
    if (len > room)
        return false;
    *end_out = (procbuf_addr_t)(start + (procbuf_addr_t)len);
    return true;
}

bool procbuf_range_within(procbuf_addr_t start, size_t len, procbuf_addr_t low, procbuf_addr_t high)
{
    if (start < low || start > high)
        return false;
    return len <= (procbuf_addr_t)(high - start);
}

bool procbuf_range_has_null(procbuf_addr_t start, size_t len)
{
    return start == 0 && len != 0;
}

bool procbuf_range_overlaps(procbuf_addr_t a_start, procbuf_addr_t a_end, procbuf_addr_t b_start,
                            procbuf_addr_t b_end)
{
    if (a_start == a_end || b_start == b_end)
        return false;
    return a_start < b_end && b_start < a_end;
}

bool procbuf_range_place(procbuf_addr_t low, procbuf_addr_t high, size_t len, size_t align,
                         procbuf_addr_t *addr_out)
{
    if (len > (procbuf_addr_t)(high - low))
        return false;
    const procbuf_addr_t end = (procbuf_addr_t)(high - (procbuf_addr_t)len);
    const procbuf_addr_t misaligned = (procbuf_addr_t)(end % align);
    if (misaligned > (procbuf_addr_t)(end - low))
        return false;
    *addr_out = (procbuf_addr_t)(end - misaligned);
    return true;
}
