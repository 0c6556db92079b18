/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What every source of the library includes first: it may touch private fields, and checks arguments
 * that callers promise (procbuf/addr.h). */
#ifndef PROCBUF_SRC_IMPLEMENTATION_H
#define PROCBUF_SRC_IMPLEMENTATION_H

#ifndef PROCBUF_IMPLEMENTATION
#define PROCBUF_IMPLEMENTATION
#endif

#include "assumptions.h"

/* The path of every enter, which a driver takes for a few bytes at a time: one more call is a tenth
 * of its cost, even at -Os. */
#if PROCBUF_HAS_ATTRIBUTE(always_inline)
#define PROCBUF_INLINE static inline __attribute__((always_inline))
#else
#define PROCBUF_INLINE static inline
#endif

/* What that path leaves aside. */
#if PROCBUF_HAS_ATTRIBUTE(noinline)
#define PROCBUF_APART static __attribute__((noinline))
#else
#define PROCBUF_APART static
#endif

/* A function whose sums may wrap, because the contract says what then (K2). Everywhere else a sum
 * that wraps is a mistake, and clang's sanitizer for it is on in the testbed. */
#if PROCBUF_HAS_ATTRIBUTE(no_sanitize) && defined(__clang__)
#define PROCBUF_WRAPS __attribute__((no_sanitize("unsigned-integer-overflow")))
#else
#define PROCBUF_WRAPS
#endif

#endif
