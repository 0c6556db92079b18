/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Lenders: whoever lends memory to the kernel, and several pieces lent in one call.
 *
 * A lender is a process of ours, or a process of the kernel's own with a map (procbuf/map.h). Code
 * that builds from a lender serves both. Userspace passes several pieces as an array of pairs, as
 * readv does, or one pair inside a structure. Either is copied once; checks and uses see the copy
 * only.
 *
 * @see Contract: M5.
 */
#ifndef PROCBUF_LENDER_H
#define PROCBUF_LENDER_H

#include <procbuf/buffer.h>
#include <procbuf/port.h>

#ifdef __cplusplus
extern "C" {
#endif

struct procbuf_lender;
struct procbuf_map;

/**
 * How a lender builds. The library has one for each kind of lender.
 *
 * @param[in]  lender     who lends
 * @param[in]  addr       start of the range
 * @param[in]  len        length of the range, in bytes
 * @param[in]  access     what the kernel will do with it
 * @param[out] buffer_out the buffer; written on `PROCBUF_OK` only
 * @return as procbuf_readonly_build_from()
 * @see Contract: M5. Tock: none.
 */
typedef enum procbuf_error procbuf_lender_function(const struct procbuf_lender *lender,
                                                   procbuf_addr_t addr, size_t len,
                                                   enum procbuf_access access,
                                                   struct procbuf_buffer_private *buffer_out);

/**
 * Whoever may lend memory. A value.
 *
 * Holding one proves: the kernel named a process, or one life and its map.
 *
 * It does not prove: that the process is alive.
 *
 * @see Contract: M5. Tock: none.
 */
struct procbuf_lender {
    PROCBUF_PRIVATE(procbuf_lender_function *build_);
    PROCBUF_PRIVATE(struct procbuf_process *process_); /* null: of the kernel's own */
    PROCBUF_PRIVATE(const struct procbuf_map *map_);
    PROCBUF_PRIVATE(const struct procbuf_keeper *keeper_); /* of buffers: null if pinned */
    PROCBUF_PRIVATE(struct procbuf_id id_);
};

/**
 * Let a process of ours lend. For a process with a map: procbuf_lender_pinned() and
 * procbuf_lender_rechecked().
 *
 * @param[in] process who lends
 * @return the lender
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: M5. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_lender
procbuf_lender_process(struct procbuf_process *process) PROCBUF_NONNULL;

/**
 * Lend `[addr, addr + len)` to the kernel, for reading.
 *
 * A process of ours lends as by procbuf_readonly_build(). A process with a map lends what the map
 * permits. Length 0 succeeds with any address.
 *
 * @param[in]  lender     who lends
 * @param[in]  addr       start of the range, as userspace passed it
 * @param[in]  len        length of the range, in bytes
 * @param[out] buffer_out the buffer; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP of a map: the life is over, even if `len` is 0
 * @retval PROCBUF_FAIL        of a process of ours: it is inactive, even if `len` is 0
 * @retval PROCBUF_INVAL       `len` is not 0, and the range is not wholly the lender's to read; of
 *                             a map: it wraps, contains null, or has a byte for which no region has
 *                             the right
 * @retval PROCBUF_OK          the buffer is built, or `len` is 0, whatever `addr` is
 * @pre R1: of a process of ours, its slot is still occupied, else the panic hook.
 * @pre R22: of a map, its lookup function returns regions that contain the address asked for, else
 *   the panic hook.
 * @par Cost
 * O(1) for a process of ours; of a map, one liveness question and the walk
 * (procbuf_lender_pinned()). No hook.
 * @see Contract: B1 to B5, M2. Tock: `build_readonly_process_buffer`, for a process of ours.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readonly_build_from(const struct procbuf_lender *lender, procbuf_addr_t addr, size_t len,
                            struct procbuf_readonly *buffer_out) PROCBUF_NONNULL;

/**
 * Lend `[addr, addr + len)` to the kernel, for reading and writing.
 *
 * A process of ours lends as by procbuf_readwrite_build(). A process with a map lends what the map
 * permits. Length 0 succeeds with any address.
 *
 * @param[in]  lender     who lends
 * @param[in]  addr       start of the range, as userspace passed it
 * @param[in]  len        length of the range, in bytes
 * @param[out] buffer_out the buffer; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP of a map: the life is over, even if `len` is 0
 * @retval PROCBUF_FAIL        of a process of ours: it is inactive, even if `len` is 0
 * @retval PROCBUF_INVAL       `len` is not 0, and the range is not wholly the lender's to write; of
 *                             a map: it wraps, contains null, or has a byte for which no region has
 *                             the right
 * @retval PROCBUF_OK          the buffer is built, or `len` is 0, whatever `addr` is
 * @pre R1: of a process of ours, its slot is still occupied, else the panic hook.
 * @pre R22: of a map, its lookup function returns regions that contain the address asked for, else
 *   the panic hook.
 * @par Cost
 * O(1) for a process of ours; of a map, one liveness question and the walk
 * (procbuf_lender_pinned()). No hook.
 * @see Contract: B1 to B5, M2. Tock: `build_readwrite_process_buffer`, for a process of ours.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_build_from(const struct procbuf_lender *lender, procbuf_addr_t addr, size_t len,
                             struct procbuf_readwrite *buffer_out) PROCBUF_NONNULL;

/* ---- Pairs ---------------------------------------------------------------------------------- */

/**
 * A range as userspace writes it into its own memory: two numbers as wide as a user address, in
 * native byte order.
 *
 * Holding one proves nothing about the range: build a buffer from it.
 *
 * @see Contract: M5. Tock: none.
 */
struct procbuf_pair {
    procbuf_addr_t addr; /**< start of the range */
    procbuf_addr_t len; /**< its length in bytes */
};

/**
 * Take a pair out of a slice.
 *
 * @param[in]  slice    where to read
 * @param[in]  offset   the first byte of the pair, aligned or not
 * @param[out] pair_out the kernel's copy, which userspace cannot change any more; written on true
 *                      only
 * @retval true  the pair is copied
 * @retval false it is not wholly in the slice; nothing was touched
 * @pre R15: the enter that `slice` comes from is still open.
 * @par Cost
 * One memcpy, no hook.
 * @see Contract: M5, S5. Tock: none.
 */
PROCBUF_NODISCARD bool procbuf_readable_pair(struct procbuf_readable slice, size_t offset,
                                             struct procbuf_pair *pair_out) PROCBUF_NONNULL;

/**
 * Copy an array of pairs once, and build a read-only buffer from each, in order.
 *
 * If a pair is refused, all `count` buffers are default ones. After other errors none is written.
 *
 * @param[in]  lender      who lends the array, and the range of each pair
 * @param[in]  addr        start of the array, as userspace passed it
 * @param[in]  count       how many pairs it has, as userspace passed it
 * @param[out] buffers_out the buffers, ready for a reader; may be null if `max` is 0
 * @param[in]  max         how many buffers the kernel has room for
 * @param[out] failed_out  on an error, the index of the pair that was refused; `count` if the error
 *                         is not a pair's
 * @retval PROCBUF_NO_SUCH_APP of a map: the life is over, even if `count` is 0
 * @retval PROCBUF_FAIL        of a process of ours: it is inactive, even if `count` is 0
 * @retval PROCBUF_SIZE        `count` is above `max`
 * @retval PROCBUF_INVAL       the array is not wholly the lender's to read, or the range of a pair
 *                             is not wholly the lender's to read
 * @retval PROCBUF_OK          all buffers are built, or `count` is 0, whatever `addr` is
 * @pre R1: of a process of ours, its slot is still occupied, else the panic hook.
 * @pre R13: `buffers_out` has room for `max` buffers.
 * @pre R22: of a map, its lookup function returns regions that contain the address asked for, else
 *   the panic hook.
 * @par Cost
 * One enter of the array, and one build for it and for each pair. No hook if `count` is 0.
 * @par Example
 * @code
 * struct procbuf_readonly pieces[8];
 * size_t failed;
 * if (procbuf_readonly_build_vector(&lender, addr, count, pieces, 8, &failed) != PROCBUF_OK)
 *     return PROCBUF_INVAL;
 * struct procbuf_reader reader = procbuf_reader_over(pieces, count);
 * @endcode
 * @see Contract: M5, B3, S5. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readonly_build_vector(const struct procbuf_lender *lender, procbuf_addr_t addr,
                              size_t count, struct procbuf_readonly *buffers_out, size_t max,
                              size_t *failed_out) PROCBUF_NONNULL_ARGS(1, 6);

/**
 * Copy an array of pairs once, and build a read-write buffer from each, in order.
 *
 * If a pair is refused, all `count` buffers are default ones. After other errors none is written.
 *
 * @param[in]  lender      who lends the array, and the range of each pair
 * @param[in]  addr        start of the array, as userspace passed it
 * @param[in]  count       how many pairs it has, as userspace passed it
 * @param[out] buffers_out the buffers, ready for a writer; may be null if `max` is 0
 * @param[in]  max         how many buffers the kernel has room for
 * @param[out] failed_out  on an error, the index of the pair that was refused; `count` if the error
 *                         is not a pair's
 * @retval PROCBUF_NO_SUCH_APP of a map: the life is over, even if `count` is 0
 * @retval PROCBUF_FAIL        of a process of ours: it is inactive, even if `count` is 0
 * @retval PROCBUF_SIZE        `count` is above `max`
 * @retval PROCBUF_INVAL       the array is not wholly the lender's to read, or the range of a pair
 *                             is not wholly the lender's to write
 * @retval PROCBUF_OK          all buffers are built, or `count` is 0, whatever `addr` is
 * @pre R1: of a process of ours, its slot is still occupied, else the panic hook.
 * @pre R13: `buffers_out` has room for `max` buffers.
 * @pre R22: of a map, its lookup function returns regions that contain the address asked for, else
 *   the panic hook.
 * @par Cost
 * One enter of the array, and one build for it and for each pair. No hook if `count` is 0.
 * @see Contract: M5, B3, S5. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_build_vector(const struct procbuf_lender *lender, procbuf_addr_t addr,
                               size_t count, struct procbuf_readwrite *buffers_out, size_t max,
                               size_t *failed_out) PROCBUF_NONNULL_ARGS(1, 6);

#ifdef __cplusplus
}
#endif
#endif
