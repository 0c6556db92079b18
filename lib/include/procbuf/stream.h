/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Streams: buffers read and written piece by piece, and several buffers as one. Contract: H7, H8.
 *
 * A driver that answers an interrupt for each few bytes comes back to a buffer many times, and in
 * between the process may have ended, restarted, or allowed another range (TRD 104, 4.4.1). So
 * every step here enters the buffer anew, and asks again whether it lives and how long it is. One
 * step at an offset is procbuf_readonly_read_at() and its kind, in buffer.h.
 */
#ifndef PROCBUF_STREAM_H
#define PROCBUF_STREAM_H

#include <procbuf/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct procbuf_position {
    size_t index; /* of the buffer; the number of buffers at the end of all */
    size_t offset; /* in it */
};

/* A place in a row of read-only buffers. A value: a copy goes its own way.
 * It does not prove: that any of its buffers is alive. */
struct procbuf_reader {
    PROCBUF_PRIVATE(const struct procbuf_readonly *buffers_);
    PROCBUF_PRIVATE(size_t count_);
    PROCBUF_PRIVATE(struct procbuf_position position_);
};

/* A place in a row of read-write buffers. */
struct procbuf_writer {
    PROCBUF_PRIVATE(const struct procbuf_readwrite *buffers_);
    PROCBUF_PRIVATE(size_t count_);
    PROCBUF_PRIVATE(struct procbuf_position position_);
};

/* Begin at the first byte of the first of `count` buffers.
 * In: buffers may be null if count is 0. The array stays the caller's, who may change it between calls:
 * buffers that were passed are not looked at again.
 * Requires: buffers is not null otherwise, else the panic hook (R5); the array stays where it is (R12).
 * Lifetime: the array's. */
PROCBUF_NODISCARD struct procbuf_reader procbuf_reader_over(const struct procbuf_readonly *buffers,
                                                            size_t count);
PROCBUF_NODISCARD struct procbuf_writer procbuf_writer_over(const struct procbuf_readwrite *buffers,
                                                            size_t count);

/* Copy the next bytes, up to array_len, to a kernel array, and move on behind them.
 * Returns: if a step fails before a byte has moved its error, NO_SUCH_APP or
 * ADDRESS_OUT_OF_BOUNDS, and the place is as it was; else OK. Fewer bytes than asked for, with OK: the end of the last buffer, or a buffer that
 * the next call has an error for. 0 bytes: the end.
 * Out: array_out, and *len_out, how many bytes; on OK only. In: array_out may be null if array_len
 * is 0. Requires: it is not null otherwise, and does not overlap a buffer on the way, else the panic
 * hook (R5).
 * Cost: for each buffer on the way one enter and one memcpy. */
PROCBUF_NODISCARD enum procbuf_error procbuf_reader_read(struct procbuf_reader *reader,
                                                         void *array_out, size_t array_len,
                                                         size_t *len_out)
    PROCBUF_NONNULL_ARGS(1, 4);

/* Copy up to array_len bytes of a kernel array to the next bytes, and move on behind them.
 * Returns, Out, In, Cost: as procbuf_reader_read(). Requires: the same of array (R5). */
PROCBUF_NODISCARD enum procbuf_error procbuf_writer_write(struct procbuf_writer *writer,
                                                          const void *array, size_t array_len,
                                                          size_t *len_out)
    PROCBUF_NONNULL_ARGS(1, 4);

/* Move on by up to `len` bytes and touch none of them.
 * Returns, Out: as procbuf_reader_read(). Cost: for each buffer on the way one enter. */
PROCBUF_NODISCARD enum procbuf_error procbuf_reader_skip(struct procbuf_reader *reader, size_t len,
                                                         size_t *len_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD enum procbuf_error procbuf_writer_skip(struct procbuf_writer *writer, size_t len,
                                                         size_t *len_out) PROCBUF_NONNULL;

/* Copy up to `len` bytes from reader to writer, also from process to process, without an array
 * between, and move both on behind them. Where the two overlap, each step behaves as memmove.
 * Returns: as procbuf_reader_read(); of the two buffers of a step the reader's error comes first.
 * 0 bytes: one of the two is at its end.
 * Out: *len_out, how many bytes; on OK only.
 * Cost: for each pair of buffers on the way two enters and one memmove. */
PROCBUF_NODISCARD enum procbuf_error procbuf_stream_copy(struct procbuf_writer *writer,
                                                         struct procbuf_reader *reader, size_t len,
                                                         size_t *len_out) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
