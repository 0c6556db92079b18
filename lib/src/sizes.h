/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Sizes. */
#ifndef PROCBUF_SRC_SIZES_H
#define PROCBUF_SRC_SIZES_H

#include <stddef.h>

/*@ assigns \nothing;
    ensures \result == \min(a, b); */
static inline size_t procbuf_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

#endif
