/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Slices: bytes that the kernel may touch right now.
 *
 * `procbuf_readable` reads. `procbuf_writable` writes, and turns into a readable one, never back.
 * Slices are values of two words. The checked forms come first. The ones that end in `_or_panic`
 * are for indices and lengths that the kernel itself chose, never for user data.
 *
 * Each byte of process memory is fetched at most once in a call: decide on the copy, not on the
 * slice. Userspace may change the bytes between any two calls (S5).
 *
 * @see Contract: S, H4, H5.
 */
#ifndef PROCBUF_SLICE_H
#define PROCBUF_SLICE_H

#include <procbuf/addr.h>
#include <procbuf/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Bytes that may be read.
 *
 * Holding one inside its enter proves: `[base, base + len)` may be read.
 *
 * It does not prove: that the bytes stay as they are, or that no other slice overlaps it.
 *
 * @see Contract: S1, S5. Tock: `ReadableProcessSlice`, kernel/src/processbuffer.rs.
 */
struct procbuf_readable {
    PROCBUF_PRIVATE(const uint8_t *base_);
    PROCBUF_PRIVATE(size_t len_);
};

/**
 * Bytes that may be written, and be read once the slice has turned into a readable one.
 *
 * Holding one inside its enter proves: `[base, base + len)` may be read and written.
 *
 * It does not prove: that the bytes stay as they are, or that no other slice overlaps it.
 *
 * @see Contract: S1, S5. Tock: `WriteableProcessSlice`, kernel/src/processbuffer.rs.
 */
struct procbuf_writable {
    PROCBUF_PRIVATE(uint8_t *base_);
    PROCBUF_PRIVATE(size_t len_);
};

/* ---- Making --------------------------------------------------------------------------------- */

/**
 * View a kernel array as a slice that may be read. It may be used as long as the array.
 *
 * @param[in] array the kernel's array; may be null if `len` is 0
 * @param[in] len   its length in bytes
 * @return the slice
 * @pre R5: `array` is not null, unless `len` is 0, else the panic hook.
 * @pre R13: the array has `len` bytes.
 * @par Cost
 * O(1), no hook.
 * @see Contract: S1. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_readable procbuf_readable_from_array(const void *array,
                                                                      size_t len);

/**
 * View a kernel array as a slice that may be written. It may be used as long as the array.
 *
 * @param[in] array the kernel's array; may be null if `len` is 0
 * @param[in] len   its length in bytes
 * @return the slice
 * @pre R5: `array` is not null, unless `len` is 0, else the panic hook.
 * @pre R13: the array has `len` bytes.
 * @par Cost
 * O(1), no hook.
 * @see Contract: S1. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_writable procbuf_writable_from_array(void *array, size_t len);

/**
 * Give up the right to write, for good.
 *
 * @param[in] slice bytes that may be written
 * @return the same bytes, which may be read
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook.
 * @see Contract: S1. Tock: none: `WriteableProcessSlice` reads, too.
 */
PROCBUF_NODISCARD struct procbuf_readable
procbuf_writable_as_readable(struct procbuf_writable slice);

/* ---- Looking -------------------------------------------------------------------------------- */

/**
 * Measure a slice.
 *
 * @param[in] slice what to measure
 * @return its length in bytes
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook.
 * @see Contract: S1. Tock: `ReadableProcessSlice::len`.
 */
PROCBUF_NODISCARD size_t procbuf_readable_len(struct procbuf_readable slice);

/**
 * Measure a slice.
 *
 * @param[in] slice what to measure
 * @return its length in bytes
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook.
 * @see Contract: S1. Tock: `WriteableProcessSlice::len`.
 */
PROCBUF_NODISCARD size_t procbuf_writable_len(struct procbuf_writable slice);

/**
 * Look at the address of a slice's first byte. The library does not check what is done through it.
 *
 * @param[in] slice what to look at
 * @return the address; for the slice of an empty buffer some address that is not null and must not
 *   be dereferenced
 * @pre R15: the address is used only while the enter that `slice` comes from is open, and within
 *   its length.
 * @pre R21: nothing is written through it.
 * @par Cost
 * O(1), no hook.
 * @see Contract: H5. Tock: none.
 */
PROCBUF_NODISCARD const uint8_t *procbuf_readable_base_unchecked(struct procbuf_readable slice);

/**
 * Look at the address of a slice's first byte. The library does not check what is done through it.
 *
 * @param[in] slice what to look at
 * @return the address; for the slice of an empty buffer some address that is not null and must not
 *   be dereferenced
 * @pre R15: the address is used only while the enter that `slice` comes from is open, and within
 *   its length.
 * @pre R21: what is done through it is what the slice permits.
 * @par Cost
 * O(1), no hook.
 * @see Contract: H5. Tock: none.
 */
PROCBUF_NODISCARD uint8_t *procbuf_writable_base_unchecked(struct procbuf_writable slice);

/* ---- One byte ------------------------------------------------------------------------------- */

/**
 * Read one byte.
 *
 * @param[in]  slice     where to read
 * @param[in]  index     which byte
 * @param[out] value_out the byte; written on true only
 * @retval true  the byte is read
 * @retval false `index` is the length or above; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It fetches one byte.
 * @see Contract: S2, S4. Tock: `ReadableProcessSlice::get`.
 */
PROCBUF_NODISCARD bool procbuf_readable_get(struct procbuf_readable slice, size_t index,
                                            uint8_t *value_out) PROCBUF_NONNULL;

/**
 * Write one byte.
 *
 * @param[in] slice where to write
 * @param[in] index which byte
 * @param[in] value what to write
 * @retval true  the byte is written
 * @retval false `index` is the length or above; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook.
 * @see Contract: S2, S4. Tock: `Cell::set`, on what `WriteableProcessSlice::get` returns.
 */
PROCBUF_NODISCARD bool procbuf_writable_set(struct procbuf_writable slice, size_t index,
                                            uint8_t value);

/**
 * Read one byte whose index the kernel itself chose.
 *
 * @param[in] slice where to read
 * @param[in] index which byte
 * @return the byte
 * @pre R9: `index` is below the length, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It fetches one byte.
 * @see Contract: S4, E4. Tock: `slice[index]`.
 */
PROCBUF_NODISCARD uint8_t procbuf_readable_get_or_panic(struct procbuf_readable slice,
                                                        size_t index);

/* ---- Sub-slices ----------------------------------------------------------------------------- */

/**
 * Cut `[start, end)` out of a slice. `start` equal to `end` gives an empty slice, even at the
 * length.
 *
 * @param[in]  slice     what to cut
 * @param[in]  start     first byte
 * @param[in]  end       one past the last byte
 * @param[out] slice_out the sub-slice; written on true only
 * @retval true  the sub-slice is cut
 * @retval false `start` is above `end`, or `end` is above the length
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @par Example
 * @code
 * struct procbuf_readable header;
 * if (!procbuf_readable_range(slice, 0, 16, &header))
 *     return; // userspace passed fewer than 16 bytes
 * @endcode
 * @see Contract: S2. Tock: `get(Range<usize>)`.
 */
PROCBUF_NODISCARD bool procbuf_readable_range(struct procbuf_readable slice, size_t start,
                                              size_t end,
                                              struct procbuf_readable *slice_out) PROCBUF_NONNULL;

/**
 * Cut `[start, length)` out of a slice. `start` at the length gives an empty slice.
 *
 * @param[in]  slice     what to cut
 * @param[in]  start     first byte
 * @param[out] slice_out the sub-slice; written on true only
 * @retval true  the sub-slice is cut
 * @retval false `start` is above the length
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @see Contract: S2. Tock: `get(RangeFrom<usize>)`.
 */
PROCBUF_NODISCARD bool
procbuf_readable_range_from(struct procbuf_readable slice, size_t start,
                            struct procbuf_readable *slice_out) PROCBUF_NONNULL;

/**
 * Cut `[0, end)` out of a slice. `end` of 0 gives an empty slice.
 *
 * @param[in]  slice     what to cut
 * @param[in]  end       one past the last byte
 * @param[out] slice_out the sub-slice; written on true only
 * @retval true  the sub-slice is cut
 * @retval false `end` is above the length
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @see Contract: S2. Tock: `get(RangeTo<usize>)`.
 */
PROCBUF_NODISCARD bool
procbuf_readable_range_to(struct procbuf_readable slice, size_t end,
                          struct procbuf_readable *slice_out) PROCBUF_NONNULL;

/**
 * Cut `[start, end)` out of a slice. `start` equal to `end` gives an empty slice, even at the
 * length.
 *
 * @param[in]  slice     what to cut
 * @param[in]  start     first byte
 * @param[in]  end       one past the last byte
 * @param[out] slice_out the sub-slice; written on true only
 * @retval true  the sub-slice is cut
 * @retval false `start` is above `end`, or `end` is above the length
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @see Contract: S2. Tock: `get(Range<usize>)`.
 */
PROCBUF_NODISCARD bool procbuf_writable_range(struct procbuf_writable slice, size_t start,
                                              size_t end,
                                              struct procbuf_writable *slice_out) PROCBUF_NONNULL;

/**
 * Cut `[start, length)` out of a slice. `start` at the length gives an empty slice.
 *
 * @param[in]  slice     what to cut
 * @param[in]  start     first byte
 * @param[out] slice_out the sub-slice; written on true only
 * @retval true  the sub-slice is cut
 * @retval false `start` is above the length
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @see Contract: S2. Tock: `get(RangeFrom<usize>)`.
 */
PROCBUF_NODISCARD bool
procbuf_writable_range_from(struct procbuf_writable slice, size_t start,
                            struct procbuf_writable *slice_out) PROCBUF_NONNULL;

/**
 * Cut `[0, end)` out of a slice. `end` of 0 gives an empty slice.
 *
 * @param[in]  slice     what to cut
 * @param[in]  end       one past the last byte
 * @param[out] slice_out the sub-slice; written on true only
 * @retval true  the sub-slice is cut
 * @retval false `end` is above the length
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @see Contract: S2. Tock: `get(RangeTo<usize>)`.
 */
PROCBUF_NODISCARD bool
procbuf_writable_range_to(struct procbuf_writable slice, size_t end,
                          struct procbuf_writable *slice_out) PROCBUF_NONNULL;

/* ---- Iteration ------------------------------------------------------------------------------ */

/**
 * A place in a slice that is read byte by byte: start with procbuf_readable_iterate(), then call
 * procbuf_iter_next() until it returns false.
 *
 * @see Contract: S1. Tock: `ReadableProcessSlice::iter`.
 */
struct procbuf_iter {
    PROCBUF_PRIVATE(struct procbuf_readable rest_);
};

/**
 * Start to read a slice byte by byte.
 *
 * @param[in] slice what to read
 * @return a place before its first byte; it may be used as long as the slice
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @par Example
 * @code
 * struct procbuf_iter iter = procbuf_readable_iterate(slice);
 * uint8_t byte;
 * while (procbuf_iter_next(&iter, &byte))
 *     sum += byte;
 * @endcode
 * @see Contract: S1. Tock: `ReadableProcessSlice::iter`.
 */
PROCBUF_NODISCARD struct procbuf_iter procbuf_readable_iterate(struct procbuf_readable slice);

/**
 * Read the next byte, and move on.
 *
 * @param[in,out] iter      the place
 * @param[out]    value_out the byte; written on true only
 * @retval true  a byte is read
 * @retval false there is none left
 * @pre R15: the enter that `iter` comes from is still open.
 * @par Cost
 * O(1), no hook. It fetches one byte.
 * @see Contract: S1. Tock: `Iterator::next`.
 */
PROCBUF_NODISCARD bool procbuf_iter_next(struct procbuf_iter *iter,
                                         uint8_t *value_out) PROCBUF_NONNULL;

/**
 * A slice that is read in pieces of one length: start with procbuf_readable_split(), then call
 * procbuf_readable_chunks_next() until it returns false.
 *
 * @see Contract: S1. Tock: `ReadableProcessSlice::chunks`.
 */
struct procbuf_readable_chunks {
    PROCBUF_PRIVATE(struct procbuf_readable rest_);
    PROCBUF_PRIVATE(size_t chunk_len_);
};

/**
 * A slice that is written in pieces of one length: start with procbuf_writable_split(), then call
 * procbuf_writable_chunks_next() until it returns false.
 *
 * @see Contract: S1. Tock: `WriteableProcessSlice::chunks`.
 */
struct procbuf_writable_chunks {
    PROCBUF_PRIVATE(struct procbuf_writable rest_);
    PROCBUF_PRIVATE(size_t chunk_len_);
};

/**
 * Split a slice into pieces of one length. The last is shorter if it must be; an empty slice has
 * none.
 *
 * @param[in] slice     what to split
 * @param[in] chunk_len length of a piece, in bytes
 * @return a place before the first piece; it may be used as long as the slice
 * @pre R6: `chunk_len` is above 0, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @par Example
 * @code
 * struct procbuf_readable_chunks chunks = procbuf_readable_split(text, sizeof fifo);
 * struct procbuf_readable piece;
 * while (procbuf_readable_chunks_next(&chunks, &piece))
 *     procbuf_readable_copy_to_or_panic(piece, fifo, procbuf_readable_len(piece));
 * @endcode
 * @see Contract: S1, E4. Tock: `ReadableProcessSlice::chunks`.
 */
PROCBUF_NODISCARD struct procbuf_readable_chunks
procbuf_readable_split(struct procbuf_readable slice, size_t chunk_len);

/**
 * Split a slice into pieces of one length. The last is shorter if it must be; an empty slice has
 * none.
 *
 * @param[in] slice     what to split
 * @param[in] chunk_len length of a piece, in bytes
 * @return a place before the first piece; it may be used as long as the slice
 * @pre R6: `chunk_len` is above 0, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @see Contract: S1, E4. Tock: `WriteableProcessSlice::chunks`.
 */
PROCBUF_NODISCARD struct procbuf_writable_chunks
procbuf_writable_split(struct procbuf_writable slice, size_t chunk_len);

/**
 * Cut the next piece, and move on.
 *
 * @param[in,out] chunks    the place
 * @param[out]    slice_out the piece; written on true only
 * @retval true  a piece is cut
 * @retval false there is none left
 * @pre R15: the enter that `chunks` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @see Contract: S1. Tock: `Iterator::next`.
 */
PROCBUF_NODISCARD bool
procbuf_readable_chunks_next(struct procbuf_readable_chunks *chunks,
                             struct procbuf_readable *slice_out) PROCBUF_NONNULL;

/**
 * Cut the next piece, and move on.
 *
 * @param[in,out] chunks    the place
 * @param[out]    slice_out the piece; written on true only
 * @retval true  a piece is cut
 * @retval false there is none left
 * @pre R15: the enter that `chunks` comes from is still open.
 * @par Cost
 * O(1), no hook. It touches no byte.
 * @see Contract: S1. Tock: `Iterator::next`.
 */
PROCBUF_NODISCARD bool
procbuf_writable_chunks_next(struct procbuf_writable_chunks *chunks,
                             struct procbuf_writable *slice_out) PROCBUF_NONNULL;

/* ---- Copies -------------------------------------------------------------------------------- */

/**
 * Copy a slice to a kernel array of the same length.
 *
 * @param[in]  slice     what to copy
 * @param[out] array_out the kernel's array; may be null if its length is 0
 * @param[in]  array_len its length in bytes
 * @retval PROCBUF_SIZE `array_len` is not the slice's length; no byte moved
 * @retval PROCBUF_OK   all bytes are copied
 * @pre R5: if the lengths are equal and above 0, `array_out` is not null and does not overlap the
 *   slice, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy, no hook. It fetches each byte once.
 * @par Example
 * @code
 * struct request request; // the kernel's copy: userspace cannot change it any more
 * if (procbuf_readable_copy_to(slice, &request, sizeof request) != PROCBUF_OK)
 *     return; // not the size of a request
 * @endcode
 * @see Contract: S3, S5. Tock: `copy_to_slice_or_err`.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_readable_copy_to(struct procbuf_readable slice,
                                                              void *array_out, size_t array_len);

/**
 * Copy a kernel array of the same length into a slice.
 *
 * @param[in] slice     where to write
 * @param[in] array     the kernel's array; may be null if its length is 0
 * @param[in] array_len its length in bytes
 * @retval PROCBUF_SIZE `array_len` is not the slice's length; no byte moved
 * @retval PROCBUF_OK   all bytes are copied
 * @pre R5: if the lengths are equal and above 0, `array` is not null and does not overlap the
 *   slice, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy, no hook.
 * @see Contract: S3. Tock: `copy_from_slice_or_err`.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_writable_copy_from(struct procbuf_writable slice, const void *array, size_t array_len);

/**
 * Copy one slice to another of the same length. They may overlap: it behaves as memmove.
 *
 * @param[in] slice  where to write
 * @param[in] source what to copy
 * @retval PROCBUF_SIZE the lengths differ; no byte moved
 * @retval PROCBUF_OK   all bytes are copied
 * @pre R15: the enters that `slice` and `source` come from are still open.
 * @par Cost
 * One memmove, no hook. It fetches each byte once.
 * @see Contract: S3, S5. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_writable_copy_from_slice(struct procbuf_writable slice, struct procbuf_readable source);

/**
 * Copy a slice to a kernel array whose length the kernel itself made equal.
 *
 * @param[in]  slice     what to copy
 * @param[out] array_out the kernel's array; may be null if its length is 0
 * @param[in]  array_len its length in bytes
 * @pre R5: if the length is above 0, `array_out` is not null and does not overlap the slice, else
 *   the panic hook.
 * @pre R9: `array_len` is the slice's length, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy, no hook. It fetches each byte once.
 * @see Contract: S3, S5, E4. Tock: `copy_to_slice`.
 */
void procbuf_readable_copy_to_or_panic(struct procbuf_readable slice, void *array_out,
                                       size_t array_len);

/**
 * Copy a kernel array, whose length the kernel itself made equal, into a slice.
 *
 * @param[in] slice     where to write
 * @param[in] array     the kernel's array; may be null if its length is 0
 * @param[in] array_len its length in bytes
 * @pre R5: if the length is above 0, `array` is not null and does not overlap the slice, else the
 *   panic hook.
 * @pre R9: `array_len` is the slice's length, else the panic hook.
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy, no hook.
 * @see Contract: S3, E4. Tock: `copy_from_slice`.
 */
void procbuf_writable_copy_from_or_panic(struct procbuf_writable slice, const void *array,
                                         size_t array_len);

#ifdef __cplusplus
}
#endif
#endif
