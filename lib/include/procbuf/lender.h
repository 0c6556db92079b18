/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Lenders: whoever lends memory to the kernel, and several pieces lent in one call. Contract: M5.
 *
 * A lender is a process of ours, or a process of the kernel's own with a map (map.h). Code that
 * builds from a lender serves both. Userspace passes several pieces as an array of pairs, as readv
 * does, or one pair inside a structure. Either is copied once; checks and uses see the copy only.
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

typedef enum procbuf_error procbuf_lender_function(const struct procbuf_lender *lender,
                                                   procbuf_addr_t addr, size_t len,
                                                   enum procbuf_access access,
                                                   struct procbuf_buffer_private *buffer_out);

/* Whoever may lend memory. A value.
 * Holding one proves: the kernel named a process, or one life and its map.
 * It does not prove: that the process is alive. */
struct procbuf_lender {
    PROCBUF_PRIVATE(procbuf_lender_function *build_);
    PROCBUF_PRIVATE(struct procbuf_process *process_); /* null: of the kernel's own */
    PROCBUF_PRIVATE(const struct procbuf_map *map_);
    PROCBUF_PRIVATE(const struct procbuf_keeper *keeper_); /* of buffers: null if pinned */
    PROCBUF_PRIVATE(struct procbuf_id id_);
};

/* Let a process of ours lend. Maps: procbuf_lender_pinned() and procbuf_lender_rechecked().
 * Requires: the slot of the table is occupied, else the panic hook (R1). */
PROCBUF_NODISCARD struct procbuf_lender
procbuf_lender_process(struct procbuf_process *process) PROCBUF_NONNULL;

/* Lend [addr, addr + len) to the kernel, for reading; or for reading and writing.
 * Returns: for a process as procbuf_readonly_build() and procbuf_readwrite_build(). For a map, in
 * this order: NO_SUCH_APP if that life is over; OK if len is 0, whatever addr is; INVAL if the range
 * wraps, contains null, or has a byte for which no region of the map has the right; OK.
 * Out: *buffer_out, on OK only.
 * Requires: of a process, that the slot is still occupied (R1); of a map, that its lookup function
 * returns regions that hold the address asked for (R22); else the panic hook.
 * Cost: constant for a process; of a map, the walk (map.h). Contract: B1 to B5, M2. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readonly_build_from(const struct procbuf_lender *lender, procbuf_addr_t addr, size_t len,
                            struct procbuf_readonly *buffer_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_build_from(const struct procbuf_lender *lender, procbuf_addr_t addr, size_t len,
                             struct procbuf_readwrite *buffer_out) PROCBUF_NONNULL;

/* ---- Pairs ---------------------------------------------------------------------------------- */

/* A range as userspace writes it into its own memory: two numbers as wide as a user address, in
 * native byte order. Holding one proves nothing about the range: build a buffer from it. */
struct procbuf_pair {
    procbuf_addr_t addr;
    procbuf_addr_t len;
};

/* Take the pair at byte `offset` out of a slice, aligned or not.
 * Returns: false unless all of it is inside the slice, and no byte was touched.
 * Out: *pair_out, on true only: the kernel's copy, which userspace cannot change any more.
 * Cost: one memcpy. Contract: M5, S5. */
PROCBUF_NODISCARD bool procbuf_readable_pair(struct procbuf_readable slice, size_t offset,
                                             struct procbuf_pair *pair_out) PROCBUF_NONNULL;

/* Copy an array of `count` pairs at addr once, and build a buffer from each, in order.
 * Returns: the error for an empty array of this lender, if there is one (a process that is inactive,
 * a life that is over); OK if count is 0, whatever addr is; SIZE if count exceeds max; INVAL if the
 * array is not wholly the lender's to read; the first error of a pair; OK.
 * Out: buffers_out[0 .. count), ready for a reader or writer, on OK; default buffers if a pair is
 * refused; untouched otherwise. *failed_out, on an error: the index of the pair, or count if it was
 * no pair's.
 * In: buffers_out may be null if max is 0.
 * Requires: buffers_out is not null otherwise, and has room for max buffers (R13); the rest as for
 * procbuf_readonly_build_from() (R1, R22).
 * Cost: one enter of the array, and one build for it and for each pair. Contract: M5. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readonly_build_vector(const struct procbuf_lender *lender, procbuf_addr_t addr,
                              size_t count, struct procbuf_readonly *buffers_out, size_t max,
                              size_t *failed_out) PROCBUF_NONNULL_ARGS(1, 6);
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_build_vector(const struct procbuf_lender *lender, procbuf_addr_t addr,
                               size_t count, struct procbuf_readwrite *buffers_out, size_t max,
                               size_t *failed_out) PROCBUF_NONNULL_ARGS(1, 6);

#ifdef __cplusplus
}
#endif
#endif
