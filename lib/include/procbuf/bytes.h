/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What C kernels do with bytes all day, over slices: fill, compare, find, strings, words of either
 * byte order, and copies of what fits. Contract: S1 to S5, S7.
 *
 * As everywhere, a byte is fetched at most once in a call, and only bytes that the call names.
 * Requires, of every function here: the slice's enter is open (R15).
 */
#ifndef PROCBUF_BYTES_H
#define PROCBUF_BYTES_H

#include <procbuf/error.h>
#include <procbuf/slice.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Set every byte to value. Cost: one memset. */
void procbuf_writable_fill(struct procbuf_writable slice, uint8_t value);

/* Compare with a kernel array of the same length, as memcmp does.
 * Returns: SIZE if array_len is not the slice's length, and nothing was read; OK.
 * Out: *order_out, below 0, 0 or above 0. Reads up to the first difference.
 * Requires: if the lengths are equal and above 0, array is not null and does not overlap the slice,
 * else the panic hook (R5).
 * Cost: linear; tells by its time where the difference is: not for secrets. */
PROCBUF_NODISCARD enum procbuf_error procbuf_readable_compare(struct procbuf_readable slice,
                                                              const void *array, size_t array_len,
                                                              int *order_out);

/* Find the first byte of a value. Returns: false if there is none. Out: *index_out.
 * Reads up to it. */
PROCBUF_NODISCARD bool procbuf_readable_find(struct procbuf_readable slice, uint8_t value,
                                             size_t *index_out) PROCBUF_NONNULL;

/* ---- Strings ---------------------------------------------------------------------------------
 * A string ends with a zero byte inside the slice. That it does not is an error, never a
 * truncation in silence. */

/* Measure a string. Returns: SIZE if the slice holds no zero byte; OK.
 * Out: *len_out, without the zero byte. Reads up to it. The string may change before it is read
 * again: to use it, copy it. */
PROCBUF_NODISCARD enum procbuf_error procbuf_readable_string_len(struct procbuf_readable slice,
                                                                 size_t *len_out) PROCBUF_NONNULL;

/* Copy a string with its zero byte to a kernel array.
 * Returns: SIZE if there is no zero byte in the slice, or none among its first array_len bytes;
 * OK. Out: array_out; *len_out, without the zero byte. On an error *len_out is untouched and
 * array_out holds zeros as far as it was written: each byte is fetched once, so it cannot be left
 * alone.
 * Requires: unless the slice or the array has length 0, array_out is not null and does not overlap
 * the slice, else the panic hook (R5).
 * Cost: linear. Source: as Linux's strncpy_from_user, but for the error. */
PROCBUF_NODISCARD enum procbuf_error procbuf_readable_string_copy(struct procbuf_readable slice,
                                                                  char *array_out, size_t array_len,
                                                                  size_t *len_out);

/* ---- Words -----------------------------------------------------------------------------------
 * At any offset, aligned or not, least (le) or most (be) significant byte first.
 * Returns: false if not all bytes of the word lie in the slice, and nothing was touched. */

PROCBUF_NODISCARD bool procbuf_readable_load_le16(struct procbuf_readable slice, size_t offset,
                                                  uint16_t *value_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool procbuf_readable_load_be16(struct procbuf_readable slice, size_t offset,
                                                  uint16_t *value_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool procbuf_readable_load_le32(struct procbuf_readable slice, size_t offset,
                                                  uint32_t *value_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool procbuf_readable_load_be32(struct procbuf_readable slice, size_t offset,
                                                  uint32_t *value_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool procbuf_readable_load_le64(struct procbuf_readable slice, size_t offset,
                                                  uint64_t *value_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool procbuf_readable_load_be64(struct procbuf_readable slice, size_t offset,
                                                  uint64_t *value_out) PROCBUF_NONNULL;

PROCBUF_NODISCARD bool procbuf_writable_store_le16(struct procbuf_writable slice, size_t offset,
                                                   uint16_t value);
PROCBUF_NODISCARD bool procbuf_writable_store_be16(struct procbuf_writable slice, size_t offset,
                                                   uint16_t value);
PROCBUF_NODISCARD bool procbuf_writable_store_le32(struct procbuf_writable slice, size_t offset,
                                                   uint32_t value);
PROCBUF_NODISCARD bool procbuf_writable_store_be32(struct procbuf_writable slice, size_t offset,
                                                   uint32_t value);
PROCBUF_NODISCARD bool procbuf_writable_store_le64(struct procbuf_writable slice, size_t offset,
                                                   uint64_t value);
PROCBUF_NODISCARD bool procbuf_writable_store_be64(struct procbuf_writable slice, size_t offset,
                                                   uint64_t value);

/* ---- What fits ------------------------------------------------------------------------------- */

/* Copy as many bytes from the front as both sides hold.
 * Returns: how many.
 * Requires: if there are any, the array is not null and does not overlap the slice, else the panic
 * hook (R5). Cost: one memcpy. */
PROCBUF_NODISCARD size_t procbuf_readable_copy_to_fitting(struct procbuf_readable slice,
                                                          void *array_out, size_t array_len);
PROCBUF_NODISCARD size_t procbuf_writable_copy_from_fitting(struct procbuf_writable slice,
                                                            const void *array, size_t array_len);

#ifdef __cplusplus
}
#endif
#endif
