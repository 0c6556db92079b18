/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Grants: memory of a process that the kernel keeps for its drivers. Contract: G, H6.
 *
 * Each driver has one grant per process, taken from the top of the process's RAM when it is first
 * needed, and gone when that life ends. It holds the driver's slots (what the process allowed) and
 * its data.
 */
#ifndef PROCBUF_GRANT_H
#define PROCBUF_GRANT_H

#include <procbuf/buffer.h>
#include <procbuf/process.h>
#include <procbuf/slice.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One grant of one process. Fields are private. */
struct procbuf_grant_entry_private {
    const struct procbuf_driver *driver; /* whose it is; null: the process level allocated it */
    procbuf_addr_t addr;
    size_t len;
    uint32_t driver_number;
    bool allocated;
    bool entered;
    bool entered_by_driver;
};
struct procbuf_grant_entry {
    PROCBUF_PRIVATE(struct procbuf_grant_entry_private private_);
};

/* Give a table room for grants: numbers 0 to grants_per_process - 1 in every process.
 * Requires: the table never held a process, and has no room for grants yet, else the panic hook (R4);
 * entries has slot_count * grants_per_process elements (R13) and outlives the table (R12). Without this
 * call a table has no grants. */
void procbuf_table_use_grants(struct procbuf_table *table, struct procbuf_grant_entry *entries,
                              uint32_t grants_per_process) PROCBUF_NONNULL;

/* ---- Process level --------------------------------------------------------------------------- */

/* Take memory for a grant from the top of the process's RAM, and lower the kernel break to it.
 * Returns, in this order: INACTIVE_APP; ADDRESS_OUT_OF_BOUNDS if grant_number is out of range;
 * ALREADY if it is allocated, or driver_number is in use by another grant; OUT_OF_MEMORY if there
 * is no room above the app break, an open enter of an earlier life covers a byte of it, or the port
 * refuses; OK. On an error nothing has changed.
 * Requires: the slot of the table is occupied (R1), and align is a power of two (R6), else the panic
 * hook. It is raised to 2.
 * The memory is not touched. Contract: G1, G2, L9. Source: Tock `allocate_grant`. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_allocate_grant(struct procbuf_process *process, uint32_t grant_number,
                               uint32_t driver_number, size_t len, size_t align) PROCBUF_NONNULL;

/* Find the allocated grant of a driver number. Returns: false if there is none.
 * Out: *grant_number_out. Requires: the slot of the table is occupied, else the panic hook (R1).
 * Contract: G2. Source: Tock `lookup_grant_from_driver_num`. */
PROCBUF_NODISCARD bool procbuf_process_lookup_driver(const struct procbuf_process *process,
                                                     uint32_t driver_number,
                                                     uint32_t *grant_number_out) PROCBUF_NONNULL;

/* Enter a grant: nobody else may until it is left.
 * Returns, in this order: NO_SUCH_APP if the id is dead or foreign; INACTIVE_APP; ADDRESS_OUT_OF_BOUNDS for a bad number; OUT_OF_MEMORY if
 * it was never allocated; ALREADY_IN_USE; OK. Out: *addr_out, where it lies.
 * Requires: no access to the grant's memory once that life has ended (R20).
 * Contract: G3. Source: Tock `enter_grant`. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_enter_grant(struct procbuf_id id, uint32_t grant_number,
                            procbuf_addr_t *addr_out) PROCBUF_NONNULL;

/* Leave a grant that the process level entered. Does nothing if that life is over, or the process
 * inactive. Requires: no driver has entered it, else the panic hook (R8). Contract: G3. */
void procbuf_process_leave_grant(struct procbuf_id id, uint32_t grant_number);

/* ---- Driver level ---------------------------------------------------------------------------- */

/* What a driver keeps in each process. */
struct procbuf_driver_config {
    uint32_t grant_number; /* its own, below grants_per_process */
    uint32_t driver_number; /* what userspace calls it */
    uint32_t readonly_count; /* slots for read-only buffers, numbered from 0 */
    uint32_t readwrite_count; /* slots for read-write buffers, numbered from 0 */
    size_t data_len;
    size_t data_align; /* a power of two */
};

/* A driver, as far as its grants go. Fields are private. */
struct procbuf_driver {
    PROCBUF_PRIVATE(struct procbuf_driver_config private_);
};

/* Returns: the size in bytes of the whole grant of a driver: its slots, then its data. SIZE_MAX if
 * it would not fit into a size_t. The data lies at the end of it. Contract: G6. */
PROCBUF_NODISCARD size_t procbuf_grant_len(const struct procbuf_driver_config *config)
    PROCBUF_NONNULL;

/* Make a driver. Requires: data_align is a power of two, else the panic hook (R6); the driver stays
 * where it is, and is not made again, while a grant or a buffer of its is there (R12). */
void procbuf_driver_init(struct procbuf_driver *driver,
                         const struct procbuf_driver_config *config) PROCBUF_NONNULL;

/* A driver's grant while it is entered. Lifetime: the body's. Requires: no use after that (R15). Fields
 * are private. */
struct procbuf_grant_private {
    const struct procbuf_driver *driver;
    struct procbuf_id id;
    procbuf_addr_t addr;
};
struct procbuf_grant {
    PROCBUF_PRIVATE(struct procbuf_grant_private private_);
};

/* What runs while a grant is entered. Requires: it returns and never jumps out, else the panic hook when
 * an outer enter of that process ends (R11). */
typedef void procbuf_grant_body(const struct procbuf_grant *grant, void *data);

/* Run body once, with the driver's grant of a process; allocate it, zeroed, on first use.
 * Returns, in this order: NO_SUCH_APP if the id is dead or foreign; INACTIVE_APP; OUT_OF_MEMORY if
 * it is not there and cannot be allocated; ALREADY_IN_USE; OK. The body ran on OK only.
 * Requires: the driver's number is below grants_per_process, and a grant of that number that is there
 * already was allocated by this driver, with the size that it has now; else the panic hook (R7).
 * Contract: G4, G5, C2. Source: Tock `Grant::enter`, kernel/src/grant.rs. */
PROCBUF_NODISCARD enum procbuf_error procbuf_driver_enter(const struct procbuf_driver *driver,
                                                          struct procbuf_id id,
                                                          procbuf_grant_body *body, void *data)
    PROCBUF_NONNULL_ARGS(1, 3);

/* The driver's own data in an entered grant. Lifetime: the body's. */
PROCBUF_NODISCARD struct procbuf_writable
procbuf_grant_data(const struct procbuf_grant *grant) PROCBUF_NONNULL;

/* Read a slot. Returns: ADDRESS_OUT_OF_BOUNDS if there is none of that number; OK.
 * Out: *buffer_out, live; empty for a slot that was never allowed. Lifetime: it dies when the slot
 * is swapped, and with its process. Contract: G4, G5, H6.
 * Source: Tock `GrantKernelData::get_readonly_processbuffer`. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_grant_readonly(const struct procbuf_grant *grant, uint32_t slot,
                       struct procbuf_readonly *buffer_out) PROCBUF_NONNULL;
PROCBUF_NODISCARD enum procbuf_error
procbuf_grant_readwrite(const struct procbuf_grant *grant, uint32_t slot,
                        struct procbuf_readwrite *buffer_out) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
