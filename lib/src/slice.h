/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What holding a slice means, in ACSL, for the proofs. */
#ifndef PROCBUF_SRC_SLICE_H
#define PROCBUF_SRC_SLICE_H

#include <procbuf/slice.h>

/*@ predicate readable{L}(struct procbuf_readable slice) =
      slice.len_ == 0 || \valid_read(slice.base_ + (0 .. slice.len_ - 1));

    predicate writable{L}(struct procbuf_writable slice) =
      slice.len_ == 0 || \valid(slice.base_ + (0 .. slice.len_ - 1)); */

/* Panic unless there is an array of `len` bytes, above 0, apart from the bytes of a slice. R5. */
/*@ requires len > 0 && \separated((const uint8_t *)array + (0 .. len - 1), base + (0 .. len - 1));
    assigns \nothing; */
void procbuf_require_array(const void *array, size_t len, const uint8_t *base);

#endif
