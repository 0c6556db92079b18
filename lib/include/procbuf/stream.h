/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Streams: several buffers as one, read and written piece by piece.
 *
 * A driver that answers an interrupt for each few bytes comes back to a buffer many times. In
 * between the process may have ended, restarted, or allowed another range (TRD 104, 4.4.1). So
 * every step here enters the buffer from scratch, and asks again whether it is alive and how long
 * it is. One step at an offset is procbuf_readonly_read_at() and its kind.
 *
 * @see Contract: H7, H8.
 */
#ifndef PROCBUF_STREAM_H
#define PROCBUF_STREAM_H

#include <procbuf/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A place in an array of buffers.
 *
 * @see Contract: H8. Tock: none.
 */
struct procbuf_position {
    size_t index; /**< of the buffer; the number of buffers at the end of all */
    size_t offset; /**< in it, in bytes */
};

/**
 * A place in an array of read-only buffers. A value: a copy goes its own way.
 *
 * Holding one proves: the buffers were there when it was made.
 *
 * It does not prove: that any of them is alive.
 *
 * @see Contract: H8. Tock: none.
 */
struct procbuf_reader {
    PROCBUF_PRIVATE(const struct procbuf_readonly *buffers_);
    PROCBUF_PRIVATE(size_t count_);
    PROCBUF_PRIVATE(struct procbuf_position position_);
};

/**
 * A place in an array of read-write buffers. A value: a copy goes its own way.
 *
 * Holding one proves: the buffers were there when it was made.
 *
 * It does not prove: that any of them is alive.
 *
 * @see Contract: H8. Tock: none.
 */
struct procbuf_writer {
    PROCBUF_PRIVATE(const struct procbuf_readwrite *buffers_);
    PROCBUF_PRIVATE(size_t count_);
    PROCBUF_PRIVATE(struct procbuf_position position_);
};

/**
 * Start at the first byte of the first buffer of an array.
 *
 * The array stays the caller's, who may change it between calls. Buffers that were passed are not
 * read again.
 *
 * @param[in] buffers the array; may be null if `count` is 0
 * @param[in] count   how many buffers it has
 * @return a place at its start
 * @pre R5: `buffers` is not null, unless `count` is 0, else the panic hook.
 * @pre R12: the array stays where it is, as long as the reader is in use.
 * @par Cost
 * O(1), no hook.
 * @see Contract: H8. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_reader procbuf_reader_over(const struct procbuf_readonly *buffers,
                                                            size_t count);

/**
 * Start at the first byte of the first buffer of an array.
 *
 * The array stays the caller's, who may change it between calls. Buffers that were passed are not
 * read again.
 *
 * @param[in] buffers the array; may be null if `count` is 0
 * @param[in] count   how many buffers it has
 * @return a place at its start
 * @pre R5: `buffers` is not null, unless `count` is 0, else the panic hook.
 * @pre R12: the array stays where it is, as long as the writer is in use.
 * @par Cost
 * O(1), no hook.
 * @see Contract: H8. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_writer procbuf_writer_over(const struct procbuf_readwrite *buffers,
                                                            size_t count);

/**
 * Copy the next bytes to a kernel array, and move on past them.
 *
 * Fewer bytes than asked for, with `PROCBUF_OK`: the last buffer ends there, or the next call has
 * an error. 0 bytes: the end. If the first step fails, its error is the answer, and the place is as
 * it was.
 *
 * @param[in,out] reader    the place
 * @param[out]    array_out the kernel's array; written on `PROCBUF_OK` only; may be null if
 *                          `array_len` is 0
 * @param[in]     array_len how many bytes to copy at most
 * @param[out]    len_out   how many bytes were copied; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP           the next buffer is dead
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS the next buffer has become shorter than the place in it
 * @retval PROCBUF_OK                    bytes are copied, or the end is reached
 * @pre R5: `array_out` is not null, unless `array_len` is 0, and does not overlap a buffer on the
 *   way, else the panic hook.
 * @par Cost
 * For each buffer on the way one enter and one memcpy. No hook for 0 bytes.
 * @par Example
 * @code
 * struct procbuf_reader reader = procbuf_reader_over(&buffer, 1);
 * uint8_t fifo[16];
 * size_t len;
 * while (procbuf_reader_read(&reader, fifo, sizeof fifo, &len) == PROCBUF_OK && len != 0)
 *     send(fifo, len);
 * @endcode
 * @see Contract: H8, S5. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_reader_read(struct procbuf_reader *reader,
                                                         void *array_out, size_t array_len,
                                                         size_t *len_out)
    PROCBUF_NONNULL_ARGS(1, 4);

/**
 * Copy bytes of a kernel array to the next bytes, and move on past them.
 *
 * Fewer bytes than asked for, with `PROCBUF_OK`: the last buffer ends there, or the next call has
 * an error. 0 bytes: the end. If the first step fails, its error is the answer, and the place is as
 * it was.
 *
 * @param[in,out] writer    the place
 * @param[in]     array     the kernel's array; may be null if `array_len` is 0
 * @param[in]     array_len how many bytes to copy at most
 * @param[out]    len_out   how many bytes were copied; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP           the next buffer is dead
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS the next buffer has become shorter than the place in it
 * @retval PROCBUF_OK                    bytes are copied, or the end is reached
 * @pre R5: `array` is not null, unless `array_len` is 0, and does not overlap a buffer on the way,
 *   else the panic hook.
 * @par Cost
 * For each buffer on the way one enter, to write, and one memcpy. No hook for 0 bytes.
 * @see Contract: H8. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_writer_write(struct procbuf_writer *writer,
                                                          const void *array, size_t array_len,
                                                          size_t *len_out)
    PROCBUF_NONNULL_ARGS(1, 4);

/**
 * Move on by a number of bytes, and touch none of them.
 *
 * @param[in,out] reader  the place
 * @param[in]     len     how many bytes to skip at most
 * @param[out]    len_out how many bytes were skipped; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP           the next buffer is dead
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS the next buffer has become shorter than the place in it
 * @retval PROCBUF_OK                    bytes are skipped, or the end is reached
 * @par Cost
 * For each buffer on the way one enter. No hook for 0 bytes.
 * @see Contract: H8. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_reader_skip(struct procbuf_reader *reader, size_t len,
                                                         size_t *len_out) PROCBUF_NONNULL;

/**
 * Move on by a number of bytes, and touch none of them.
 *
 * @param[in,out] writer  the place
 * @param[in]     len     how many bytes to skip at most
 * @param[out]    len_out how many bytes were skipped; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP           the next buffer is dead
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS the next buffer has become shorter than the place in it
 * @retval PROCBUF_OK                    bytes are skipped, or the end is reached
 * @par Cost
 * For each buffer on the way one enter. No hook for 0 bytes.
 * @see Contract: H8. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_writer_skip(struct procbuf_writer *writer, size_t len,
                                                         size_t *len_out) PROCBUF_NONNULL;

/**
 * Copy bytes from a reader to a writer, even from process to process, without an array between, and
 * move both on past them.
 *
 * Where the two overlap, each step behaves as memmove. Of the two buffers of a step the reader's
 * error comes first. 0 bytes: one of the two is at its end.
 *
 * @param[in,out] writer  where to write
 * @param[in,out] reader  where to read
 * @param[in]     len     how many bytes to copy at most
 * @param[out]    len_out how many bytes were copied; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP           the next buffer of one of the two is dead
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS the next buffer of one of the two has become shorter than
 *                                       the place in it
 * @retval PROCBUF_OK                    bytes are copied, or an end is reached
 * @par Cost
 * For each pair of buffers on the way two enters and one memmove. No hook for 0 bytes.
 * @see Contract: H8, S5. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_stream_copy(struct procbuf_writer *writer,
                                                         struct procbuf_reader *reader, size_t len,
                                                         size_t *len_out) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
