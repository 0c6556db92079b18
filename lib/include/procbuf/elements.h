/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Slices as arrays: count elements of one length, with a product that is checked. Contract: S8.
 *
 * For system calls that pass "n structures of this kind". The count may come from userspace; the
 * length of an element is the kernel's own, as in sizeof.
 */
#ifndef PROCBUF_ELEMENTS_H
#define PROCBUF_ELEMENTS_H

#include <procbuf/slice.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Holding one inside its enter proves: count * element_len bytes from its base may be read.
 * It does not prove: that an element is aligned, or makes sense. */
struct procbuf_readable_elements {
    PROCBUF_PRIVATE(struct procbuf_readable slice_); /* of exactly count * element_len bytes */
    PROCBUF_PRIVATE(size_t count_);
    PROCBUF_PRIVATE(size_t element_len_);
};

/* Holding one inside its enter proves: as above, and that they may be written. */
struct procbuf_writable_elements {
    PROCBUF_PRIVATE(struct procbuf_writable slice_);
    PROCBUF_PRIVATE(size_t count_);
    PROCBUF_PRIVATE(size_t element_len_);
};

/* View the front of a slice as `count` elements of `element_len` bytes. What is behind them is left
 * out: ask for the length of the slice first if there must be nothing.
 * Returns: false if count * element_len, in numbers without an end, exceeds the slice's length, and
 * *elements_out is untouched.
 * Requires: element_len is above 0, else the panic hook (R6).
 * Lifetime: the slice's. Cost: a division; no byte is touched. */
PROCBUF_NODISCARD bool
procbuf_readable_as_elements(struct procbuf_readable slice, size_t count, size_t element_len,
                             struct procbuf_readable_elements *elements_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool
procbuf_writable_as_elements(struct procbuf_writable slice, size_t count, size_t element_len,
                             struct procbuf_writable_elements *elements_out) PROCBUF_NONNULL;

/* Returns: how many there are. */
PROCBUF_NODISCARD size_t
procbuf_readable_elements_count(const struct procbuf_readable_elements *elements) PROCBUF_NONNULL;
PROCBUF_NODISCARD size_t
procbuf_writable_elements_count(const struct procbuf_writable_elements *elements) PROCBUF_NONNULL;

/* Cut element `index` out, to be copied with procbuf_readable_copy_to() and its kind.
 * Returns: false if index >= count, and *slice_out is untouched. Out: *slice_out, of element_len
 * bytes. Lifetime: the slice's. */
PROCBUF_NODISCARD bool
procbuf_readable_elements_at(const struct procbuf_readable_elements *elements, size_t index,
                             struct procbuf_readable *slice_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool
procbuf_writable_elements_at(const struct procbuf_writable_elements *elements, size_t index,
                             struct procbuf_writable *slice_out) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
