/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Slices: bytes that the kernel may touch right now. Contract: S.
 *
 * `procbuf_readable` reads; `procbuf_writable` reads and writes, and turns into a readable one,
 * never back. Slices are values of two words. Checked forms come first; the ones that end in
 * `_or_panic` are for indices and lengths that the kernel itself chose, never for user data.
 *
 * Every byte of process memory is fetched at most once per call: decide on the copy, not on the
 * slice. Userspace may change the bytes between any two calls. Contract: S5.
 *
 * Requires, of every function that takes a slice: its enter is open (R15).
 */
#ifndef PROCBUF_SLICE_H
#define PROCBUF_SLICE_H

#include <procbuf/addr.h>
#include <procbuf/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Holding one inside its enter proves: [base, base + len) may be read.
 * It does not prove: that the bytes stay as they are, or that no other slice overlaps it. */
struct procbuf_readable {
    PROCBUF_PRIVATE(const uint8_t *base_);
    PROCBUF_PRIVATE(size_t len_);
};

/* Holding one inside its enter proves: [base, base + len) may be read and written. */
struct procbuf_writable {
    PROCBUF_PRIVATE(uint8_t *base_);
    PROCBUF_PRIVATE(size_t len_);
};

/* ---- Making --------------------------------------------------------------------------------- */

/* View a kernel array as a slice. In: array may be null if len is 0. Requires: it is not null
 * otherwise, else the panic hook (R5).
 * Lifetime: the array's. Contract: S1. */
PROCBUF_NODISCARD struct procbuf_readable procbuf_readable_from_array(const void *array,
                                                                      size_t len);
PROCBUF_NODISCARD struct procbuf_writable procbuf_writable_from_array(void *array, size_t len);

/* Give up the right to write. There is no way back. */
PROCBUF_NODISCARD struct procbuf_readable
procbuf_writable_as_readable(struct procbuf_writable slice);

/* ---- Looking -------------------------------------------------------------------------------- */

/* Returns: the length in bytes. */
PROCBUF_NODISCARD size_t procbuf_readable_len(struct procbuf_readable slice);
PROCBUF_NODISCARD size_t procbuf_writable_len(struct procbuf_writable slice);

/* Returns: the first byte's address; for the slice of an empty buffer some address that is not
 * null and must not be dereferenced. What is done through it, the library no longer checks.
 * Requires: the address is used while the slice is (R15), within its length, and as its kind allows
 * (R21).
 * Contract: H5. */
PROCBUF_NODISCARD const uint8_t *procbuf_readable_base_unchecked(struct procbuf_readable slice);
PROCBUF_NODISCARD uint8_t *procbuf_writable_base_unchecked(struct procbuf_writable slice);

/* ---- One byte ------------------------------------------------------------------------------- */

/* Read byte `index`. Returns: false if index >= len, and nothing was touched. Out: *value_out.
 * Contract: S2, S4. Source: Tock `ReadableProcessSlice::get`. */
PROCBUF_NODISCARD bool procbuf_readable_get(struct procbuf_readable slice, size_t index,
                                            uint8_t *value_out) PROCBUF_NONNULL;

/* Write byte `index`. Returns: false if index >= len, and nothing was touched. */
PROCBUF_NODISCARD bool procbuf_writable_set(struct procbuf_writable slice, size_t index,
                                            uint8_t value);

/* Read byte `index`. Requires: the kernel knows that it is below len, else the panic hook (R9).
 * Source: Tock's `slice[index]`. */
PROCBUF_NODISCARD uint8_t procbuf_readable_get_or_panic(struct procbuf_readable slice,
                                                        size_t index);

/* ---- Sub-slices ----------------------------------------------------------------------------- */

/* Cut [start, end), [start, len) or [0, end). start == end gives an empty slice, also at len.
 * Returns: false if start > end or end > len, and *slice_out is untouched. Contract: S2.
 * Source: Tock `get(Range<usize>)` and its siblings. */
PROCBUF_NODISCARD bool procbuf_readable_range(struct procbuf_readable slice, size_t start,
                                              size_t end,
                                              struct procbuf_readable *slice_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool
procbuf_readable_range_from(struct procbuf_readable slice, size_t start,
                            struct procbuf_readable *slice_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool
procbuf_readable_range_to(struct procbuf_readable slice, size_t end,
                          struct procbuf_readable *slice_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool procbuf_writable_range(struct procbuf_writable slice, size_t start,
                                              size_t end,
                                              struct procbuf_writable *slice_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool
procbuf_writable_range_from(struct procbuf_writable slice, size_t start,
                            struct procbuf_writable *slice_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool
procbuf_writable_range_to(struct procbuf_writable slice, size_t end,
                          struct procbuf_writable *slice_out) PROCBUF_NONNULL;

/* ---- Iteration ------------------------------------------------------------------------------ */

/* Byte by byte: start with _iterate, then call _next until it returns false. Each _next fetches one
 * byte. Lifetime: the slice's. Contract: S1. */
struct procbuf_iter {
    PROCBUF_PRIVATE(struct procbuf_readable rest_);
};
PROCBUF_NODISCARD struct procbuf_iter procbuf_readable_iterate(struct procbuf_readable slice);
PROCBUF_NODISCARD bool procbuf_iter_next(struct procbuf_iter *iter,
                                         uint8_t *value_out) PROCBUF_NONNULL;

/* In pieces of chunk_len bytes, the last one shorter if it must be; none for an empty slice.
 * Requires: chunk_len is above 0, else the panic hook (R6). Contract: S1, E4.
 * Source: Tock `chunks`. */
struct procbuf_readable_chunks {
    PROCBUF_PRIVATE(struct procbuf_readable rest_);
    PROCBUF_PRIVATE(size_t chunk_len_);
};
struct procbuf_writable_chunks {
    PROCBUF_PRIVATE(struct procbuf_writable rest_);
    PROCBUF_PRIVATE(size_t chunk_len_);
};
PROCBUF_NODISCARD struct procbuf_readable_chunks
procbuf_readable_split(struct procbuf_readable slice, size_t chunk_len);
PROCBUF_NODISCARD struct procbuf_writable_chunks
procbuf_writable_split(struct procbuf_writable slice, size_t chunk_len);
PROCBUF_NODISCARD bool
procbuf_readable_chunks_next(struct procbuf_readable_chunks *chunks,
                             struct procbuf_readable *slice_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool
procbuf_writable_chunks_next(struct procbuf_writable_chunks *chunks,
                             struct procbuf_writable *slice_out) PROCBUF_NONNULL;

/* ---- Copies ---------------------------------------------------------------------------------
 * Lengths must be equal. In: a null array is fine if its length is 0.
 * Requires, of every copy from or to an array here: if the lengths are equal and above 0, the array is
 * not null and does not overlap the slice, else the panic hook (R5).
 * Cost: one memcpy or memmove of `len` bytes. Contract: S3, S5. */

/* Copy the slice to a kernel array.
 * Returns: SIZE if array_len is not the slice's length, and no byte moved; OK.
 * Source: Tock `copy_to_slice_or_err`. */
PROCBUF_NODISCARD enum procbuf_error procbuf_readable_copy_to(struct procbuf_readable slice,
                                                              void *array_out, size_t array_len);

/* Copy a kernel array into the slice. Returns: as above.
 * Source: Tock `copy_from_slice_or_err`. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_writable_copy_from(struct procbuf_writable slice, const void *array, size_t array_len);

/* Copy one slice to another; they may overlap, and it behaves as memmove. Returns: as above. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_writable_copy_from_slice(struct procbuf_writable slice, struct procbuf_readable source);

/* As the checked forms. Requires: the kernel knows that the lengths are equal, else the panic hook (R9).
 * Source: Tock `copy_to_slice`, `copy_from_slice`. */
void procbuf_readable_copy_to_or_panic(struct procbuf_readable slice, void *array_out,
                                       size_t array_len);
void procbuf_writable_copy_from_or_panic(struct procbuf_writable slice, const void *array,
                                         size_t array_len);

#ifdef __cplusplus
}
#endif
#endif
