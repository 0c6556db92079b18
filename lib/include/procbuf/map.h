/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Maps: what a process of the kernel's own table may access. Contract: M.
 *
 * For kernels whose processes are not one RAM and one flash: memory domains, MPU regions, areas of
 * virtual memory. The kernel says where its processes may read and write, as an array of regions or
 * as a function that finds one. The library checks each range against that, to the byte.
 *
 * The process is one of a table that procbuf_table_init_external() made. A kernel that uses no maps
 * links none of this.
 */
#ifndef PROCBUF_MAP_H
#define PROCBUF_MAP_H

#include <procbuf/allow.h>
#include <procbuf/buffer.h>
#include <procbuf/lender.h>
#include <procbuf/port.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Maps ----------------------------------------------------------------------------------- */

/* [start, end), and what the process may do there. Regions may touch and overlap, in any order. One
 * whose end is not above its start holds nothing; address 0 is never accessible. Contract: M1. */
struct procbuf_region {
    procbuf_addr_t start;
    procbuf_addr_t end;
    enum procbuf_access access;
};

/* Find the region that holds `addr`.
 * Returns: false if there is none. Out: *region_out, on true.
 * Requires: it holds addr, else the panic hook (R22); it does not call the library on that process
 * (R17). Contract: M1, M3. */
typedef bool procbuf_lookup_function(procbuf_addr_t addr, struct procbuf_region *region_out,
                                     const void *data);

/* What one or more processes may access. A value: assigning to it changes the map.
 * Holding one proves: trusted code vouched for these regions. An object of static storage that was
 * never assigned is a map that permits nothing. */
struct procbuf_map {
    PROCBUF_PRIVATE(struct procbuf_keeper keeper_);
    PROCBUF_PRIVATE(const struct procbuf_region *regions_);
    PROCBUF_PRIVATE(size_t count_);
    PROCBUF_PRIVATE(procbuf_lookup_function *lookup_); /* null: the array */
    PROCBUF_PRIVATE(const void *data_);
};

/* Make a map of `count` regions. A byte may be read (written) if a region with that right holds it.
 * In: regions may be null if count is 0. The array stays the caller's, who may change it whenever no
 * call of the library is at work: that changes the map.
 * Requires: a capability, else the panic hook (R2); regions is not null otherwise, else the panic
 * hook (R5); the array stays where it is (R12).
 * Contract: M1. */
PROCBUF_NODISCARD struct procbuf_map
procbuf_map_of_regions(const struct procbuf_region *regions, size_t count,
                       const struct procbuf_external_process_capability *capability)
    PROCBUF_NONNULL_ARGS(3);

/* Make a map of a function. A byte may be read (written) if the region that holds it has that right.
 * Where regions that the function returns overlap, the walk takes the one in which it comes there.
 * Requires: a capability, and a function, else the panic hook (R2). Contract: M1. */
PROCBUF_NODISCARD struct procbuf_map
procbuf_map_of_lookup(procbuf_lookup_function *lookup, const void *data,
                      const struct procbuf_external_process_capability *capability)
    PROCBUF_NONNULL_ARGS(1, 3);

/* ---- Building over a map -------------------------------------------------------------------- */

/* Let the process `id` lend what `map` permits, by procbuf_readonly_build_from() and its kind.
 *
 * pinned      the kernel promises that what was lent stays accessible while that life goes on.
 * rechecked   every use walks the map again. While a byte has lost the right that the buffer was
 *             built with, the buffer is as good as dead: NO_SUCH_APP, length 0, no byte is touched.
 *             This is how a kernel that unmaps revokes. A body that runs already keeps its slice.
 *
 * In: map may be null, which permits nothing.
 * Requires: `id` is of a table that procbuf_table_init_external() made, or of no process, else the
 * panic hook (R2). For both, what leaves the map is not unmapped, and not given to anyone else, until
 * the enters end that began before (R23). Pinned: no range of a live buffer leaves the map (R23).
 * Rechecked: map stays where it is while a buffer is in use (R12).
 * Cost of each walk: a few instructions for each region of the array, for a range inside one region
 * and for regions in ascending order; once through the array more for each region on the way that
 * comes before its predecessor. One call of a lookup function for each region on the way.
 * Contract: M2 to M4. */
PROCBUF_NODISCARD struct procbuf_lender procbuf_lender_pinned(const struct procbuf_map *map,
                                                              struct procbuf_id id);
PROCBUF_NODISCARD struct procbuf_lender procbuf_lender_rechecked(const struct procbuf_map *map,
                                                                 struct procbuf_id id);

/* ---- Slots ---------------------------------------------------------------------------------- */

struct procbuf_slot_private {
    struct procbuf_keeper keeper;
    struct procbuf_buffer_private held; /* as its lender built it */
    uint64_t swaps;
};

/* What a driver was last allowed, in memory of the kernel: one slot for each process. Slots of grants
 * serve processes of ours; these serve the kernel's own. At first, and zeroed, a slot holds the
 * default buffer. Contract: M6. */
struct procbuf_readonly_slot {
    PROCBUF_PRIVATE(struct procbuf_slot_private private_);
};
struct procbuf_readwrite_slot {
    PROCBUF_PRIVATE(struct procbuf_slot_private private_);
};

/* The allow system call: let the driver use [addr, addr + len) in place of what its slot held.
 * Returns: the code of procbuf_readonly_build_from() or procbuf_readwrite_build_from(); with OK the
 * range that the slot held, as it was passed, (0, 0) at first; else the range just passed, and the
 * slot is untouched. Buffers that were taken from the slot before are dead after OK.
 * Requires: a lender of a map, else the panic hook (R24); the rest as for those two (R22); the slot
 * stays where it is while buffers that were taken from it are in use (R12).
 * Contract: A2, H6, M6. */
PROCBUF_NODISCARD struct procbuf_allow_result
procbuf_readonly_slot_allow(struct procbuf_readonly_slot *slot, const struct procbuf_lender *lender,
                            procbuf_addr_t addr, size_t len) PROCBUF_NONNULL;
PROCBUF_NODISCARD struct procbuf_allow_result
procbuf_readwrite_slot_allow(struct procbuf_readwrite_slot *slot,
                             const struct procbuf_lender *lender, procbuf_addr_t addr,
                             size_t len) PROCBUF_NONNULL;

/* Take the buffer that a slot holds. It is pinned or rechecked as its lender was, and dies when the
 * slot is allowed something else.
 * Requires: as procbuf_readonly_slot_allow() of the slot (R12). Contract: H6, M6. */
PROCBUF_NODISCARD struct procbuf_readonly
procbuf_readonly_slot_get(const struct procbuf_readonly_slot *slot) PROCBUF_NONNULL;
PROCBUF_NODISCARD struct procbuf_readwrite
procbuf_readwrite_slot_get(const struct procbuf_readwrite_slot *slot) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
