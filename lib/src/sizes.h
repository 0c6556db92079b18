/* Sizes. */
#ifndef PROCBUF_SRC_SIZES_H
#define PROCBUF_SRC_SIZES_H

#include <stddef.h>

/* A function whose sums may wrap, because the contract says what then (K2). Everywhere else a sum
 * that wraps is a mistake, and clang's sanitizer for it is on in the testbed. */
#if defined(__clang__)
#define PROCBUF_WRAPS __attribute__((no_sanitize("unsigned-integer-overflow")))
#else
#define PROCBUF_WRAPS
#endif

/*@ assigns \nothing;
    ensures \result == \min(a, b); */
static inline size_t procbuf_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

#endif
