/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What C kernels do with bytes all day, over slices: fill, compare, find, strings, words of either
 * byte order, and copies of what fits.
 *
 * A byte is fetched at most once in a call, and only bytes that the call names.
 *
 * @see Contract: S1 to S5, S7.
 */
#ifndef PROCBUF_BYTES_H
#define PROCBUF_BYTES_H

#include <procbuf/error.h>
#include <procbuf/slice.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Set every byte to one value.
 *
 * @param[in] slice what to fill
 * @param[in] value the value
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memset, no hook.
 * @see Contract: S7. Tock: none.
 */
void procbuf_writable_fill(struct procbuf_writable slice, uint8_t value);

/**
 * Compare a slice with a kernel array of the same length, as memcmp does.
 *
 * It reads up to the first difference. Its time shows where that is: do not compare secrets.
 *
 * @param[in]  slice     what to compare
 * @param[in]  array     the kernel's array; may be null if its length is 0
 * @param[in]  array_len its length in bytes
 * @param[out] order_out below 0, 0 or above 0; written on `PROCBUF_OK` only
 * @retval PROCBUF_SIZE `array_len` is not the slice's length; nothing was read
 * @retval PROCBUF_OK   they are compared
 * @pre R5: if the lengths are equal and above 0, `array` is not null and does not overlap the
 *   slice, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(length), no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_readable_compare(struct procbuf_readable slice,
                                                              const void *array, size_t array_len,
                                                              int *order_out);

/**
 * Find the first byte of a value. It reads up to that byte.
 *
 * @param[in]  slice     where to look
 * @param[in]  value     what to look for
 * @param[out] index_out where it is; written on true only
 * @retval true  there is one
 * @retval false there is none
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(length), no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_readable_find(struct procbuf_readable slice, uint8_t value,
                                             size_t *index_out) PROCBUF_NONNULL;

/* ---- Strings ------------------------------------------------------------------------------- */

/**
 * Measure a string, which must end with a zero byte inside the slice. It reads up to that byte.
 *
 * The string may change before it is read again: to use it, copy it.
 *
 * @param[in]  slice   the string, and perhaps more
 * @param[out] len_out its length without the zero byte; written on `PROCBUF_OK` only
 * @retval PROCBUF_SIZE the slice has no zero byte
 * @retval PROCBUF_OK   the string is measured
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(length), no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_readable_string_len(struct procbuf_readable slice,
                                                                 size_t *len_out) PROCBUF_NONNULL;

/**
 * Copy a string, with its zero byte, to a kernel array. It is never truncated in silence.
 *
 * On an error the array holds zeros as far as it was written: each byte is fetched once, so the
 * array cannot be left alone.
 *
 * @param[in]  slice     the string, and perhaps more
 * @param[out] array_out the kernel's array; may be null if the slice or the array has length 0
 * @param[in]  array_len its length in bytes
 * @param[out] len_out   length without the zero byte; written on `PROCBUF_OK` only
 * @retval PROCBUF_SIZE the slice has no zero byte, or none among its first `array_len` bytes
 * @retval PROCBUF_OK   the string is copied
 * @pre R5: unless the slice or the array has length 0, `array_out` is not null and does not overlap
 *   the slice, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(length), no hook.
 * @par Example
 * @code
 * char name[32];
 * size_t len;
 * if (procbuf_readable_string_copy(slice, name, sizeof name, &len) != PROCBUF_OK)
 *     return; // too long, or without an end
 * @endcode
 * @see Contract: S7. Tock: none; as Linux's strncpy_from_user(), but for the error.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_readable_string_copy(struct procbuf_readable slice,
                                                                  char *array_out, size_t array_len,
                                                                  size_t *len_out);

/* ---- Words --------------------------------------------------------------------------------- */

/**
 * Read a word of 16 bits at any offset, least significant byte first.
 *
 * @param[in]  slice     where to read
 * @param[in]  offset    its first byte, aligned or not
 * @param[out] value_out the word; written on true only
 * @retval true  the word is read
 * @retval false it is not wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 2 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_readable_load_le16(struct procbuf_readable slice, size_t offset,
                                                  uint16_t *value_out) PROCBUF_NONNULL;

/**
 * Read a word of 16 bits at any offset, most significant byte first.
 *
 * @param[in]  slice     where to read
 * @param[in]  offset    its first byte, aligned or not
 * @param[out] value_out the word; written on true only
 * @retval true  the word is read
 * @retval false it is not wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 2 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_readable_load_be16(struct procbuf_readable slice, size_t offset,
                                                  uint16_t *value_out) PROCBUF_NONNULL;

/**
 * Read a word of 32 bits at any offset, least significant byte first.
 *
 * @param[in]  slice     where to read
 * @param[in]  offset    its first byte, aligned or not
 * @param[out] value_out the word; written on true only
 * @retval true  the word is read
 * @retval false it is not wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 4 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_readable_load_le32(struct procbuf_readable slice, size_t offset,
                                                  uint32_t *value_out) PROCBUF_NONNULL;

/**
 * Read a word of 32 bits at any offset, most significant byte first.
 *
 * @param[in]  slice     where to read
 * @param[in]  offset    its first byte, aligned or not
 * @param[out] value_out the word; written on true only
 * @retval true  the word is read
 * @retval false it is not wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 4 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_readable_load_be32(struct procbuf_readable slice, size_t offset,
                                                  uint32_t *value_out) PROCBUF_NONNULL;

/**
 * Read a word of 64 bits at any offset, least significant byte first.
 *
 * @param[in]  slice     where to read
 * @param[in]  offset    its first byte, aligned or not
 * @param[out] value_out the word; written on true only
 * @retval true  the word is read
 * @retval false it is not wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 8 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_readable_load_le64(struct procbuf_readable slice, size_t offset,
                                                  uint64_t *value_out) PROCBUF_NONNULL;

/**
 * Read a word of 64 bits at any offset, most significant byte first.
 *
 * @param[in]  slice     where to read
 * @param[in]  offset    its first byte, aligned or not
 * @param[out] value_out the word; written on true only
 * @retval true  the word is read
 * @retval false it is not wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 8 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_readable_load_be64(struct procbuf_readable slice, size_t offset,
                                                  uint64_t *value_out) PROCBUF_NONNULL;

/**
 * Write a word of 16 bits at any offset, least significant byte first.
 *
 * @param[in] slice  where to write
 * @param[in] offset its first byte, aligned or not
 * @param[in] value  the word
 * @retval true  the word is written
 * @retval false it would not be wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 2 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_writable_store_le16(struct procbuf_writable slice, size_t offset,
                                                   uint16_t value);

/**
 * Write a word of 16 bits at any offset, most significant byte first.
 *
 * @param[in] slice  where to write
 * @param[in] offset its first byte, aligned or not
 * @param[in] value  the word
 * @retval true  the word is written
 * @retval false it would not be wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 2 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_writable_store_be16(struct procbuf_writable slice, size_t offset,
                                                   uint16_t value);

/**
 * Write a word of 32 bits at any offset, least significant byte first.
 *
 * @param[in] slice  where to write
 * @param[in] offset its first byte, aligned or not
 * @param[in] value  the word
 * @retval true  the word is written
 * @retval false it would not be wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 4 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_writable_store_le32(struct procbuf_writable slice, size_t offset,
                                                   uint32_t value);

/**
 * Write a word of 32 bits at any offset, most significant byte first.
 *
 * @param[in] slice  where to write
 * @param[in] offset its first byte, aligned or not
 * @param[in] value  the word
 * @retval true  the word is written
 * @retval false it would not be wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 4 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_writable_store_be32(struct procbuf_writable slice, size_t offset,
                                                   uint32_t value);

/**
 * Write a word of 64 bits at any offset, least significant byte first.
 *
 * @param[in] slice  where to write
 * @param[in] offset its first byte, aligned or not
 * @param[in] value  the word
 * @retval true  the word is written
 * @retval false it would not be wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 8 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_writable_store_le64(struct procbuf_writable slice, size_t offset,
                                                   uint64_t value);

/**
 * Write a word of 64 bits at any offset, most significant byte first.
 *
 * @param[in] slice  where to write
 * @param[in] offset its first byte, aligned or not
 * @param[in] value  the word
 * @retval true  the word is written
 * @retval false it would not be wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy of 8 bytes, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_writable_store_be64(struct procbuf_writable slice, size_t offset,
                                                   uint64_t value);

/* ---- What fits ------------------------------------------------------------------------------- */

/**
 * Copy as many bytes from the front as both sides have, to a kernel array.
 *
 * @param[in]  slice     what to copy
 * @param[out] array_out the kernel's array; may be null if the slice or the array has length 0
 * @param[in]  array_len its length in bytes
 * @return how many bytes were copied
 * @pre R5: if bytes are copied, `array_out` is not null and does not overlap the slice, else the
 *   panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy, no hook. It fetches each byte once.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD size_t procbuf_readable_copy_to_fitting(struct procbuf_readable slice,
                                                          void *array_out, size_t array_len);

/**
 * Copy as many bytes to the front as both sides have, from a kernel array.
 *
 * @param[in] slice     where to write
 * @param[in] array     the kernel's array; may be null if the slice or the array has length 0
 * @param[in] array_len its length in bytes
 * @return how many bytes were copied
 * @pre R5: if bytes are copied, `array` is not null and does not overlap the slice, else the panic
 *   hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy, no hook.
 * @see Contract: S7. Tock: none.
 */
PROCBUF_NODISCARD size_t procbuf_writable_copy_from_fitting(struct procbuf_writable slice,
                                                            const void *array, size_t array_len);

#ifdef __cplusplus
}
#endif
#endif
