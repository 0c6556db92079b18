/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Range arithmetic. Every comparison of user addresses that decides about memory is here.
 *
 * All tests are in subtract form: no sum is formed before it is known not to wrap. Contract: P1
 * to P3, G1.
 *
 * The comments that begin with an at sign say what each function promises, in ACSL; tests/proof
 * proves it. Their numbers have no width: sums in them do not wrap.
 */
#ifndef PROCBUF_SRC_RANGE_H
#define PROCBUF_SRC_RANGE_H

#include <procbuf/addr.h>

#define PROCBUF_ADDR_MAX ((procbuf_addr_t) - 1)

/*@ predicate lies_within(integer start, integer len, integer low, integer high) =
      low <= start && start + len <= high; */

/* Add len to start. Returns: false if the sum reaches 2^width or more. Out: *end_out. */
/*@ requires \valid(end_out);
    assigns *end_out;
    ensures \result <==> start + len <= PROCBUF_ADDR_MAX;
    ensures \result ==> *end_out == start + len;
    ensures !\result ==> *end_out == \old(*end_out); */
bool procbuf_range_end(procbuf_addr_t start, size_t len, procbuf_addr_t *end_out);

/* Say whether [start, start + len) is wholly in [low, high). Requires: low <= high. */
/*@ requires low <= high;
    assigns \nothing;
    ensures \result <==> lies_within(start, len, low, high); */
bool procbuf_range_within(procbuf_addr_t start, size_t len, procbuf_addr_t low,
                          procbuf_addr_t high);

/* Say whether [start, end) has byte `at`. Inline: the walk over a map asks it of each region. M1. */
/*@ assigns \nothing;
    ensures \result <==> start <= at < end; */
static inline bool procbuf_range_holds(procbuf_addr_t at, procbuf_addr_t start, procbuf_addr_t end)
{
    return start <= at && at < end;
}

/* Say whether [start, start + len), which does not wrap, holds address 0. P3. */
/*@ assigns \nothing;
    ensures \result <==> start == 0 && len != 0; */
bool procbuf_range_has_null(procbuf_addr_t start, size_t len);

/* Say whether [a_start, a_end) and [b_start, b_end) share a byte. */
/*@ requires a_start <= a_end && b_start <= b_end;
    assigns \nothing;
    ensures \result <==> \exists integer at; a_start <= at < a_end && b_start <= at < b_end; */
bool procbuf_range_overlaps(procbuf_addr_t a_start, procbuf_addr_t a_end, procbuf_addr_t b_start,
                            procbuf_addr_t b_end);

/* Find the highest place for len bytes in [low, high) that begins at a multiple of align.
 * Returns: false if there is none. Out: *addr_out. Requires: low <= high, align is above 0. */
/*@ requires low <= high && align > 0 && \valid(addr_out);
    assigns *addr_out;
    ensures \result ==> lies_within(*addr_out, len, low, high) && *addr_out % align == 0;
    ensures \result ==> high - len - *addr_out < align;
    ensures !\result ==> *addr_out == \old(*addr_out);
    ensures !\result ==> high - len < low || high - len - (high - len) % align < low; */
bool procbuf_range_place(procbuf_addr_t low, procbuf_addr_t high, size_t len, size_t align,
                         procbuf_addr_t *addr_out);

#endif
