/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Process buffers: pieces of a process's memory, lent to the kernel.
 *
 * There are two kinds: `procbuf_readonly` (the kernel may read) and `procbuf_readwrite` (and
 * write). A buffer is a small value, and copies of it are the same loan. It stays safe whatever its
 * process does: every use asks again whether the buffer is alive.
 *
 * A buffer is *dead* when its life of the process is over. It is dead, too, when it was read from a
 * slot that has been swapped since (H6), as long as it is rechecked and its map does not permit it
 * (M4), and if it is the default one (H3).
 *
 * The cost of that question is constant, and in most cases no hook is called. For a buffer that was
 * read from a slot of a grant it opens and closes a few bytes of the slot. For a process outside
 * the library it calls the table's liveness function, and for a buffer that is rechecked it walks
 * the map (procbuf_lender_rechecked()).
 *
 * @see Contract: B, H.
 */
#ifndef PROCBUF_BUFFER_H
#define PROCBUF_BUFFER_H

#include <procbuf/process.h>
#include <procbuf/slice.h>

#ifdef __cplusplus
extern "C" {
#endif

struct procbuf_buffer_private {
    struct procbuf_id_private id;
    procbuf_addr_t addr;
    size_t len;
    uintptr_t slot_addr; /* where in a grant it was read, or its keeper if foreign; 0: neither */
    uint32_t index;      /* in a foreign table; counts for nothing in one of ours */
    uint64_t slot_swaps; /* of that slot, when it was read; what the keeper wants to know */
};

/**
 * What a buffer of a process outside the library asks in addition to its life: a map that may have
 * changed, or a slot that may hold another buffer. It is a part of both.
 *
 * @see Contract: M4, M6. Tock: none.
 */
struct procbuf_keeper {
    /** whether `buffer` may be used now */
    bool (*holds)(const struct procbuf_keeper *keeper, const struct procbuf_buffer_private *buffer);
};

/**
 * A buffer that the kernel may read.
 *
 * Holding one proves: when it was built, `[addr, addr + len)` was wholly in one process's app-owned
 * RAM or readable flash, and no break moves below its end while that life goes on.
 *
 * It does not prove: that the process is alive, that the bytes keep their value, or that no other
 * buffer overlaps it.
 *
 * @see Contract: B, H. Tock: `ReadOnlyProcessBuffer`, kernel/src/processbuffer.rs.
 */
struct procbuf_readonly {
    PROCBUF_PRIVATE(struct procbuf_buffer_private private_);
};

/**
 * A buffer that the kernel may read and write.
 *
 * Holding one proves: what a `procbuf_readonly` proves, and that the range was wholly in app-owned
 * RAM.
 *
 * It does not prove: that the process is alive, that the bytes keep their value, or that no other
 * buffer overlaps it.
 *
 * @see Contract: B, H. Tock: `ReadWriteProcessBuffer`, kernel/src/processbuffer.rs.
 */
struct procbuf_readwrite {
    PROCBUF_PRIVATE(struct procbuf_buffer_private private_);
};

/**
 * @def PROCBUF_BUFFER_DEFAULT
 * What the two constant initialisers below expand to. Use those.
 */
#if defined(__clang__) && !defined(__cplusplus) /* refuses to initialise what it refuses to touch */
#define PROCBUF_BUFFER_DEFAULT                                                                     \
    _Pragma("clang diagnostic push")                                                               \
        _Pragma("clang diagnostic ignored \"-Wunknown-warning-option\"")                           \
            _Pragma("clang diagnostic ignored \"-Wgnu-empty-initializer\"")                        \
                _Pragma("clang diagnostic ignored \"-Wc23-extensions\"")                           \
    {                                                                                              \
    }                                                                                              \
    _Pragma("clang diagnostic pop")
#elif defined(__cplusplus)
#define PROCBUF_BUFFER_DEFAULT                                                                     \
    {                                                                                              \
    }
#else
#define PROCBUF_BUFFER_DEFAULT { { { 0, 0, 0 }, 0, 0, 0, 0, 0 } }
#endif

/**
 * Initialise a read-only buffer as the default one: no process, length 0, null.
 *
 * procbuf_readonly_default() does it for an object that is there already.
 *
 * @see Contract: H3. Tock: `ReadOnlyProcessBuffer::const_default`.
 */
#define PROCBUF_READONLY_DEFAULT PROCBUF_BUFFER_DEFAULT

/**
 * Initialise a read-write buffer as the default one: no process, length 0, null.
 *
 * procbuf_readwrite_default() does it for an object that is there already.
 *
 * @see Contract: H3. Tock: `ReadWriteProcessBuffer::const_default`.
 */
#define PROCBUF_READWRITE_DEFAULT PROCBUF_BUFFER_DEFAULT

/* ---- Building ------------------------------------------------------------------------------- */

/**
 * Lend `[addr, addr + len)` of a process to the kernel, for reading.
 *
 * A range in RAM raises the high-water mark to its end: the app break cannot move below it in this
 * life. Length 0 succeeds with any address, and is how a process revokes. Overlap with other
 * buffers is allowed.
 *
 * @param[in,out] process    whose memory it is
 * @param[in]     addr       start of the range, as userspace passed it
 * @param[in]     len        length of the range, in bytes
 * @param[out]    buffer_out the buffer; written on `PROCBUF_OK` only
 * @retval PROCBUF_FAIL  the process is inactive, even if `len` is 0
 * @retval PROCBUF_INVAL `len` is not 0, and the range is not wholly in app-owned RAM or wholly in
 *                       readable flash
 * @retval PROCBUF_OK    the buffer is built, or `len` is 0, whatever `addr` is
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @par Example
 * @code
 * struct procbuf_readonly buffer;
 * const enum procbuf_error error = procbuf_readonly_build(process, addr, len, &buffer);
 * if (error != PROCBUF_OK)
 *     return error;
 * @endcode
 * @see Contract: B1 to B5. Tock: `build_readonly_process_buffer`, kernel/src/process_standard.rs.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readonly_build(struct procbuf_process *process, procbuf_addr_t addr, size_t len,
                       struct procbuf_readonly *buffer_out) PROCBUF_NONNULL;

/**
 * Lend `[addr, addr + len)` of a process to the kernel, for reading and writing.
 *
 * As procbuf_readonly_build(), but flash is refused.
 *
 * @param[in,out] process    whose memory it is
 * @param[in]     addr       start of the range, as userspace passed it
 * @param[in]     len        length of the range, in bytes
 * @param[out]    buffer_out the buffer; written on `PROCBUF_OK` only
 * @retval PROCBUF_FAIL  the process is inactive, even if `len` is 0
 * @retval PROCBUF_INVAL `len` is not 0, and the range is not wholly in app-owned RAM
 * @retval PROCBUF_OK    the buffer is built, or `len` is 0, whatever `addr` is
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: B1 to B5. Tock: `build_readwrite_process_buffer`, kernel/src/process_standard.rs.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_build(struct procbuf_process *process, procbuf_addr_t addr, size_t len,
                        struct procbuf_readwrite *buffer_out) PROCBUF_NONNULL;

/**
 * Build a read-only buffer without a check, for process implementations outside the library.
 *
 * It moves no mark, and does not ask whether the process is alive.
 *
 * @param[in] addr       start of the range; anything if `len` is 0
 * @param[in] len        length of the range, in bytes
 * @param[in] id         whose memory it is: a life in a table of procbuf_table_init_external()
 * @param[in] capability the caller's right to vouch for memory (procbuf/capability.h)
 * @return the buffer
 * @pre R2: `capability` is not null, else the panic hook.
 * @pre R14: `len` is 0, or `[addr, addr + len)` is not null and is memory of that process which the
 *   kernel may read, for the buffer's whole life.
 * @par Cost
 * O(1), no hook.
 * @see Contract: B6. Tock: `ReadOnlyProcessBuffer::new_external`.
 */
PROCBUF_NODISCARD struct procbuf_readonly procbuf_readonly_new_external(
    procbuf_addr_t addr, size_t len, struct procbuf_id id,
    const struct procbuf_external_process_capability *capability) PROCBUF_NONNULL;

/**
 * Build a read-write buffer without a check, for process implementations outside the library.
 *
 * It moves no mark, and does not ask whether the process is alive.
 *
 * @param[in] addr       start of the range; anything if `len` is 0
 * @param[in] len        length of the range, in bytes
 * @param[in] id         whose memory it is: a life in a table of procbuf_table_init_external()
 * @param[in] capability the caller's right to vouch for memory (procbuf/capability.h)
 * @return the buffer
 * @pre R2: `capability` is not null, else the panic hook.
 * @pre R14: `len` is 0, or `[addr, addr + len)` is not null and is memory of that process which the
 *   kernel may read and write, for the buffer's whole life.
 * @par Cost
 * O(1), no hook.
 * @see Contract: B6. Tock: `ReadWriteProcessBuffer::new_external`.
 */
PROCBUF_NODISCARD struct procbuf_readwrite procbuf_readwrite_new_external(
    procbuf_addr_t addr, size_t len, struct procbuf_id id,
    const struct procbuf_external_process_capability *capability) PROCBUF_NONNULL;

/**
 * Make a default read-only buffer: no process, length 0, null.
 *
 * @return the buffer, which enters nothing
 * @par Cost
 * O(1), no hook.
 * @see Contract: H3. Tock: `ReadOnlyProcessBuffer::default`.
 */
PROCBUF_NODISCARD struct procbuf_readonly procbuf_readonly_default(void);

/**
 * Make a default read-write buffer: no process, length 0, null.
 *
 * @return the buffer, which enters nothing
 * @par Cost
 * O(1), no hook.
 * @see Contract: H3. Tock: `ReadWriteProcessBuffer::default`.
 */
PROCBUF_NODISCARD struct procbuf_readwrite procbuf_readwrite_default(void);

/**
 * Hold a read-write buffer as a read-only one.
 *
 * It is the same loan, and dies with it. It never becomes a read-write one again. Over a map it
 * still needs the right to write.
 *
 * @param[in] buffer the loan
 * @return the same loan, without the right to write
 * @par Cost
 * O(1), no hook.
 * @see Contract: H7, M4. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_readonly
procbuf_readwrite_as_readonly(const struct procbuf_readwrite *buffer) PROCBUF_NONNULL;

/* ---- Looking -------------------------------------------------------------------------------- */

/**
 * Measure a buffer.
 *
 * @param[in] buffer what to measure
 * @return its length in bytes; 0 if it is dead
 * @par Cost
 * O(1): it asks whether the buffer is alive.
 * @see Contract: H1. Tock: `ReadableProcessBuffer::len`.
 */
PROCBUF_NODISCARD size_t procbuf_readonly_len(const struct procbuf_readonly *buffer)
    PROCBUF_NONNULL;

/**
 * Measure a buffer.
 *
 * @param[in] buffer what to measure
 * @return its length in bytes; 0 if it is dead
 * @par Cost
 * O(1): it asks whether the buffer is alive.
 * @see Contract: H1. Tock: `ReadableProcessBuffer::len`.
 */
PROCBUF_NODISCARD size_t procbuf_readwrite_len(const struct procbuf_readwrite *buffer)
    PROCBUF_NONNULL;

/**
 * Look at the address of a buffer: a number to compare and to print. To reach the bytes, enter.
 *
 * @param[in] buffer what to look at
 * @return its address, alive or dead; 0 (null) if it was built with length 0
 * @par Cost
 * O(1), no hook. It does not ask whether the buffer is alive.
 * @see Contract: H1. Tock: `ReadableProcessBuffer::ptr`.
 */
PROCBUF_NODISCARD procbuf_addr_t procbuf_readonly_addr(const struct procbuf_readonly *buffer)
    PROCBUF_NONNULL;

/**
 * Look at the address of a buffer: a number to compare and to print. To reach the bytes, enter.
 *
 * @param[in] buffer what to look at
 * @return its address, alive or dead; 0 (null) if it was built with length 0
 * @par Cost
 * O(1), no hook. It does not ask whether the buffer is alive.
 * @see Contract: H1. Tock: `ReadableProcessBuffer::ptr`.
 */
PROCBUF_NODISCARD procbuf_addr_t procbuf_readwrite_addr(const struct procbuf_readwrite *buffer)
    PROCBUF_NONNULL;

/* ---- Using ---------------------------------------------------------------------------------- */

/**
 * What runs inside an enter that reads.
 *
 * The slice, and every slice cut from it, ends with the call. The body may do anything but leave by
 * another way than returning: enter again, build, move the break, end or restart the process. Its
 * slice stays usable until it returns.
 *
 * @param[in] slice the buffer's bytes
 * @param[in] data  as passed to the enter
 * @pre R11: it returns and never jumps out, else the panic hook when an outer enter of that process
 *   ends.
 * @pre R15: nothing uses the slice after it has returned.
 * @see Contract: H4, L9. Tock: the closure of `enter`.
 */
typedef void procbuf_read_body(struct procbuf_readable slice, void *data);

/**
 * What runs inside an enter that writes. As procbuf_read_body, with a slice that may be written.
 *
 * @param[in] slice the buffer's bytes
 * @param[in] data  as passed to the enter
 * @pre R11: it returns and never jumps out, else the panic hook when an outer enter of that process
 *   ends.
 * @pre R15: nothing uses the slice after it has returned.
 * @see Contract: H4, L9. Tock: the closure of `mut_enter`.
 */
typedef void procbuf_write_body(struct procbuf_writable slice, void *data);

/**
 * Run a body once, with the buffer's bytes, to read them.
 *
 * @param[in] buffer what to enter
 * @param[in] body   what to run: procbuf_read_body
 * @param[in] data   passed to the body; may be null
 * @retval PROCBUF_NO_SUCH_APP the buffer is dead; the body has not run
 * @retval PROCBUF_OK          the body has run, even if the length is 0
 * @par Cost
 * O(1) and the body. It asks whether the buffer is alive, then opens and closes the range; no open
 * and close for length 0.
 * @par Example
 * @code
 * static void count_bytes(struct procbuf_readable slice, void *data)
 * {
 *     size_t *total = data;
 *     *total += procbuf_readable_len(slice);
 * }
 *
 * size_t total = 0;
 * if (procbuf_readonly_enter(&buffer, count_bytes, &total) != PROCBUF_OK)
 *     return PROCBUF_INVAL;
 * @endcode
 * @see Contract: H2, H4, L9. Tock: `ReadableProcessBuffer::enter`.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_readonly_enter(const struct procbuf_readonly *buffer,
                                                            procbuf_read_body *body, void *data)
    PROCBUF_NONNULL_ARGS(1, 2);

/**
 * Run a body once, with the buffer's bytes, to read them.
 *
 * @param[in] buffer what to enter
 * @param[in] body   what to run: procbuf_read_body
 * @param[in] data   passed to the body; may be null
 * @retval PROCBUF_NO_SUCH_APP the buffer is dead; the body has not run
 * @retval PROCBUF_OK          the body has run, even if the length is 0
 * @par Cost
 * O(1) and the body. It asks whether the buffer is alive, then opens and closes the range; no open
 * and close for length 0.
 * @see Contract: H2, H4, L9. Tock: `ReadableProcessBuffer::enter`.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_readwrite_enter(const struct procbuf_readwrite *buffer,
                                                             procbuf_read_body *body, void *data)
    PROCBUF_NONNULL_ARGS(1, 2);

/**
 * Run a body once, with the buffer's bytes, to read and write them.
 *
 * @param[in] buffer what to enter
 * @param[in] body   what to run: procbuf_write_body
 * @param[in] data   passed to the body; may be null
 * @retval PROCBUF_NO_SUCH_APP the buffer is dead; the body has not run
 * @retval PROCBUF_OK          the body has run, even if the length is 0
 * @par Cost
 * O(1) and the body. It asks whether the buffer is alive, then opens and closes the range; no open
 * and close for length 0.
 * @see Contract: H2, H4, L9. Tock: `WriteableProcessBuffer::mut_enter`.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_mut_enter(const struct procbuf_readwrite *buffer, procbuf_write_body *body,
                            void *data) PROCBUF_NONNULL_ARGS(1, 2);

/* ---- One step at an offset ------------------------------------------------------------------ */

/**
 * Copy bytes of the buffer, from an offset on, to a kernel array: what fits.
 *
 * @param[in]  buffer    where to read
 * @param[in]  offset    first byte to copy
 * @param[out] array_out the kernel's array; written on `PROCBUF_OK` only; may be null if
 *                       `array_len` is 0
 * @param[in]  array_len how many bytes to copy at most
 * @param[out] len_out   how many bytes were copied; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP           the buffer is dead
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS `offset` is above the length that the buffer has now
 * @retval PROCBUF_OK                    the bytes are copied; 0 bytes at the end
 * @pre R5: `array_out` is not null, unless `array_len` is 0, and does not overlap the buffer, else
 *   the panic hook.
 * @par Cost
 * One enter of the whole buffer, one memcpy.
 * @see Contract: H7. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_readonly_read_at(const struct procbuf_readonly *buffer,
                                                              size_t offset, void *array_out,
                                                              size_t array_len, size_t *len_out)
    PROCBUF_NONNULL_ARGS(1, 5);

/**
 * Copy bytes of the buffer, from an offset on, to a kernel array: what fits.
 *
 * @param[in]  buffer    where to read
 * @param[in]  offset    first byte to copy
 * @param[out] array_out the kernel's array; written on `PROCBUF_OK` only; may be null if
 *                       `array_len` is 0
 * @param[in]  array_len how many bytes to copy at most
 * @param[out] len_out   how many bytes were copied; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP           the buffer is dead
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS `offset` is above the length that the buffer has now
 * @retval PROCBUF_OK                    the bytes are copied; 0 bytes at the end
 * @pre R5: `array_out` is not null, unless `array_len` is 0, and does not overlap the buffer, else
 *   the panic hook.
 * @par Cost
 * One enter of the whole buffer, one memcpy.
 * @see Contract: H7. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_read_at(const struct procbuf_readwrite *buffer, size_t offset, void *array_out,
                          size_t array_len, size_t *len_out) PROCBUF_NONNULL_ARGS(1, 5);

/**
 * Copy bytes of a kernel array to the buffer, from an offset on: what fits.
 *
 * @param[in]  buffer    where to write
 * @param[in]  offset    first byte to write
 * @param[in]  array     the kernel's array; may be null if `array_len` is 0
 * @param[in]  array_len how many bytes to copy at most
 * @param[out] len_out   how many bytes were copied; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP           the buffer is dead
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS `offset` is above the length that the buffer has now
 * @retval PROCBUF_OK                    the bytes are copied; 0 bytes at the end
 * @pre R5: `array` is not null, unless `array_len` is 0, and does not overlap the buffer, else the
 *   panic hook.
 * @par Cost
 * One enter of the whole buffer, to write; one memcpy.
 * @see Contract: H7. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_write_at(const struct procbuf_readwrite *buffer, size_t offset, const void *array,
                           size_t array_len, size_t *len_out) PROCBUF_NONNULL_ARGS(1, 5);

/* ---- Giving back ---------------------------------------------------------------------------- */

/**
 * Take address and length out of a buffer, and leave a default buffer.
 *
 * They are exactly what was passed when it was built, including the address of a buffer of length
 * 0.
 *
 * @param[in,out] buffer   what to give back
 * @param[out]    addr_out its address, alive or dead
 * @param[out]    len_out  its length in bytes, alive or dead
 * @par Cost
 * O(1), no hook. It does not ask whether the buffer is alive.
 * @see Contract: H3. Tock: `ReadOnlyProcessBuffer::consume`.
 */
void procbuf_readonly_consume(struct procbuf_readonly *buffer, procbuf_addr_t *addr_out,
                              size_t *len_out) PROCBUF_NONNULL;

/**
 * Take address and length out of a buffer, and leave a default buffer.
 *
 * They are exactly what was passed when it was built, including the address of a buffer of length
 * 0.
 *
 * @param[in,out] buffer   what to give back
 * @param[out]    addr_out its address, alive or dead
 * @param[out]    len_out  its length in bytes, alive or dead
 * @par Cost
 * O(1), no hook. It does not ask whether the buffer is alive.
 * @see Contract: H3. Tock: `ReadWriteProcessBuffer::consume`.
 */
void procbuf_readwrite_consume(struct procbuf_readwrite *buffer, procbuf_addr_t *addr_out,
                               size_t *len_out) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
