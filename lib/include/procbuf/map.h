/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Maps: what a process of the kernel's own table may access.
 *
 * For kernels whose processes are not one RAM and one flash: memory domains, MPU regions, areas of
 * virtual memory. The kernel says where its processes may read and write, as an array of regions or
 * as a function that finds one. The library checks each range against that, to the byte.
 *
 * The process is one of a table that procbuf_table_init_external() made. A kernel that uses no maps
 * links none of this.
 *
 * @see Contract: M.
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

/**
 * `[start, end)`, and what the process may do there.
 *
 * Regions may touch and overlap, in any order. One whose end is not above its start contains
 * nothing. Address 0 is never accessible.
 *
 * @see Contract: M1. Tock: none.
 */
struct procbuf_region {
    procbuf_addr_t start; /**< first address */
    procbuf_addr_t end; /**< first address past it */
    enum procbuf_access access; /**< read, or read and write */
};

/**
 * Find the region that contains an address.
 *
 * @param[in]  addr       the address
 * @param[out] region_out the region; read on true only
 * @param[in]  data       as passed to procbuf_map_of_lookup()
 * @retval true  there is one
 * @retval false there is none
 * @pre R17: it does not call the library on that process.
 * @pre R22: the region contains `addr`, else the panic hook.
 * @see Contract: M1, M3. Tock: none.
 */
typedef bool procbuf_lookup_function(procbuf_addr_t addr, struct procbuf_region *region_out,
                                     const void *data);

/**
 * What one or more processes may access. A value: assigning to it changes the map.
 *
 * Holding one proves: trusted code vouched for these regions. An object of static storage that was
 * never assigned is a map that permits nothing.
 *
 * It does not prove: that the regions are as they were. The kernel may change them between any two
 * calls.
 *
 * @see Contract: M1. Tock: none.
 */
struct procbuf_map {
    PROCBUF_PRIVATE(struct procbuf_keeper keeper_);
    PROCBUF_PRIVATE(const struct procbuf_region *regions_);
    PROCBUF_PRIVATE(size_t count_);
    PROCBUF_PRIVATE(procbuf_lookup_function *lookup_); /* null: the array */
    PROCBUF_PRIVATE(const void *data_);
};

/**
 * Make a map of an array of regions. A byte may be read (written) if a region with that right
 * contains it.
 *
 * The array stays the caller's, who may change it whenever no call of the library is at work: that
 * changes the map.
 *
 * @param[in] regions    the array; may be null if `count` is 0
 * @param[in] count      how many regions it has
 * @param[in] capability the caller's right to vouch for memory (procbuf/capability.h)
 * @return the map
 * @pre R2: `capability` is not null, else the panic hook.
 * @pre R5: `regions` is not null, unless `count` is 0, else the panic hook.
 * @pre R12: the array stays where it is, as long as the map is in use.
 * @par Cost
 * O(1), no hook.
 * @par Example
 * @code
 * static struct procbuf_region regions[] = {
 *     { 0x20000000, 0x20004000, PROCBUF_ACCESS_READ_WRITE },
 *     { 0x08010000, 0x08018000, PROCBUF_ACCESS_READ },
 * };
 * struct procbuf_map map = procbuf_map_of_regions(regions, 2, &capability);
 * const struct procbuf_lender lender = procbuf_lender_rechecked(&map, id);
 * @endcode
 * @see Contract: M1. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_map
procbuf_map_of_regions(const struct procbuf_region *regions, size_t count,
                       const struct procbuf_external_process_capability *capability)
    PROCBUF_NONNULL_ARGS(3);

/**
 * Make a map of a function. A byte may be read (written) if the region that contains it has that
 * right.
 *
 * Where regions that the function returns overlap, the right is that of the region in which the
 * walk comes to the byte.
 *
 * @param[in] lookup     the function
 * @param[in] data       passed to `lookup`; may be null
 * @param[in] capability the caller's right to vouch for memory (procbuf/capability.h)
 * @return the map
 * @pre R2: `lookup` and `capability` are not null, else the panic hook.
 * @par Cost
 * O(1), no hook. `lookup` is not called.
 * @see Contract: M1. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_map
procbuf_map_of_lookup(procbuf_lookup_function *lookup, const void *data,
                      const struct procbuf_external_process_capability *capability)
    PROCBUF_NONNULL_ARGS(1, 3);

/* ---- Building over a map -------------------------------------------------------------------- */

/**
 * Let a process lend what its map permits, and promise that what was lent stays accessible while
 * that life goes on.
 *
 * @param[in] map what the process may access; null permits nothing
 * @param[in] id  which life lends: of a table of procbuf_table_init_external(), or of no process
 * @return the lender, for procbuf_readonly_build_from() and its kind
 * @pre R2: the table of `id` was made by procbuf_table_init_external(), or `id` names no life, else
 *   the panic hook.
 * @pre R23: no range of a live buffer leaves the map. What leaves it is not unmapped, and not given
 *   to anyone else, until the enters that began before have ended.
 * @par Cost
 * O(1), no hook. Building walks the map: a few instructions for each region of the array, for a
 * range inside one region and for regions in ascending order; once more through the array for each
 * region on the way that comes before its predecessor. A lookup function is called once for each
 * region on the way.
 * @see Contract: M2 to M4. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_lender procbuf_lender_pinned(const struct procbuf_map *map,
                                                              struct procbuf_id id);

/**
 * Let a process lend what its map permits, and walk the map again in every use.
 *
 * As long as a byte lacks the right that the buffer was built with, the buffer is as good as dead:
 * `PROCBUF_NO_SUCH_APP`, length 0, no byte is touched. This is how a kernel that unmaps revokes. A
 * body that runs already keeps its slice.
 *
 * @param[in] map what the process may access; null permits nothing
 * @param[in] id  which life lends: of a table of procbuf_table_init_external(), or of no process
 * @return the lender, for procbuf_readonly_build_from() and its kind
 * @pre R2: the table of `id` was made by procbuf_table_init_external(), or `id` names no life, else
 *   the panic hook.
 * @pre R12: `map` stays where it is as long as a buffer is in use.
 * @pre R23: what leaves the map is not unmapped, and not given to anyone else, until the enters
 *   that began before have ended.
 * @par Cost
 * O(1), no hook. Building and each use walk the map, as for procbuf_lender_pinned().
 * @see Contract: M2 to M4. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_lender procbuf_lender_rechecked(const struct procbuf_map *map,
                                                                 struct procbuf_id id);

/* ---- Slots ---------------------------------------------------------------------------------- */

struct procbuf_slot_private {
    struct procbuf_keeper keeper;
    struct procbuf_buffer_private held; /* as its lender built it */
    uint64_t swaps;
};

/**
 * What a driver was last allowed to read, in memory of the kernel: one slot for each process.
 *
 * Slots of grants serve processes of ours; these serve the kernel's own. At first, and zeroed, a
 * slot contains the default buffer.
 *
 * @see Contract: M6. Tock: none.
 */
struct procbuf_readonly_slot {
    PROCBUF_PRIVATE(struct procbuf_slot_private private_);
};

/**
 * What a driver was last allowed to read and write, in memory of the kernel: one slot for each
 * process.
 *
 * Slots of grants serve processes of ours; these serve the kernel's own. At first, and zeroed, a
 * slot contains the default buffer.
 *
 * @see Contract: M6. Tock: none.
 */
struct procbuf_readwrite_slot {
    PROCBUF_PRIVATE(struct procbuf_slot_private private_);
};

/**
 * The allow system call: let the driver read `[addr, addr + len)` in place of what its slot
 * contained.
 *
 * On an error the slot is untouched. After `PROCBUF_OK`, buffers that were taken from the slot
 * before are dead.
 *
 * @param[in,out] slot   the driver's slot for that process
 * @param[in]     lender who lends: of a map
 * @param[in]     addr   start of the range, as userspace passed it
 * @param[in]     len    length of the range, in bytes
 * @return a code as below, and a range: with `PROCBUF_OK` the one before, as it was passed, (0, 0)
 *   at first; else the one just passed
 * @retval PROCBUF_NO_SUCH_APP the life is over, even if `len` is 0
 * @retval PROCBUF_INVAL       `len` is not 0, and the range wraps, contains null, or has a byte for
 *                             which no region has the right
 * @retval PROCBUF_OK          the slot contains the new range
 * @pre R12: `slot` stays where it is as long as buffers that were taken from it are in use.
 * @pre R22: a lookup function returns regions that contain the address asked for, else the panic
 *   hook.
 * @pre R24: `lender` is of a map, else the panic hook.
 * @par Cost
 * That of procbuf_readonly_build_from(), no hook.
 * @see Contract: A2, H6, M6. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_allow_result
procbuf_readonly_slot_allow(struct procbuf_readonly_slot *slot, const struct procbuf_lender *lender,
                            procbuf_addr_t addr, size_t len) PROCBUF_NONNULL;

/**
 * The allow system call: let the driver read and write `[addr, addr + len)` in place of what its
 * slot contained.
 *
 * On an error the slot is untouched. After `PROCBUF_OK`, buffers that were taken from the slot
 * before are dead.
 *
 * @param[in,out] slot   the driver's slot for that process
 * @param[in]     lender who lends: of a map
 * @param[in]     addr   start of the range, as userspace passed it
 * @param[in]     len    length of the range, in bytes
 * @return a code as below, and a range: with `PROCBUF_OK` the one before, as it was passed, (0, 0)
 *   at first; else the one just passed
 * @retval PROCBUF_NO_SUCH_APP the life is over, even if `len` is 0
 * @retval PROCBUF_INVAL       `len` is not 0, and the range wraps, contains null, or has a byte for
 *                             which no region has the right
 * @retval PROCBUF_OK          the slot contains the new range
 * @pre R12: `slot` stays where it is as long as buffers that were taken from it are in use.
 * @pre R22: a lookup function returns regions that contain the address asked for, else the panic
 *   hook.
 * @pre R24: `lender` is of a map, else the panic hook.
 * @par Cost
 * That of procbuf_readwrite_build_from(), no hook.
 * @see Contract: A2, H6, M6. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_allow_result
procbuf_readwrite_slot_allow(struct procbuf_readwrite_slot *slot,
                             const struct procbuf_lender *lender, procbuf_addr_t addr,
                             size_t len) PROCBUF_NONNULL;

/**
 * Take the buffer that a slot contains. It is pinned or rechecked as its lender was, and dies when
 * the slot is allowed another.
 *
 * @param[in] slot the driver's slot for that process
 * @return the buffer; the default one if the slot was never allowed
 * @pre R12: `slot` stays where it is as long as the buffer is in use.
 * @par Cost
 * O(1), no hook.
 * @see Contract: H6, M6. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_readonly
procbuf_readonly_slot_get(const struct procbuf_readonly_slot *slot) PROCBUF_NONNULL;

/**
 * Take the buffer that a slot contains. It is pinned or rechecked as its lender was, and dies when
 * the slot is allowed another.
 *
 * @param[in] slot the driver's slot for that process
 * @return the buffer; the default one if the slot was never allowed
 * @pre R12: `slot` stays where it is as long as the buffer is in use.
 * @par Cost
 * O(1), no hook.
 * @see Contract: H6, M6. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_readwrite
procbuf_readwrite_slot_get(const struct procbuf_readwrite_slot *slot) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
