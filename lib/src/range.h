/* Range arithmetic. Every comparison of user addresses that decides about memory is here.
 *
 * All tests are in subtract form: no sum is formed before it is known not to wrap. Contract: P1
 * to P3.
 */
#ifndef PROCBUF_SRC_RANGE_H
#define PROCBUF_SRC_RANGE_H

#include <procbuf/addr.h>

/* Add len to start. Returns: false if the sum reaches 2^width or more. Out: *end_out. */
bool procbuf_range_end(procbuf_addr_t start, size_t len, procbuf_addr_t *end_out);

/* Say whether [start, start + len) lies wholly in [low, high). Requires: low <= high. */
bool procbuf_range_within(procbuf_addr_t start, size_t len, procbuf_addr_t low,
                          procbuf_addr_t high);

/* Say whether [a_start, a_end) and [b_start, b_end) share a byte. */
bool procbuf_range_overlaps(procbuf_addr_t a_start, procbuf_addr_t a_end, procbuf_addr_t b_start,
                            procbuf_addr_t b_end);

#endif
