/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Grants: memory of a process that the kernel keeps for its drivers.
 *
 * Each driver has one grant per process. It is taken from the top of the process's RAM when it is
 * first needed, and is gone when that life ends. It contains the driver's slots (what the process
 * allowed) and its data.
 *
 * @see Contract: G, H6.
 */
#ifndef PROCBUF_GRANT_H
#define PROCBUF_GRANT_H

#include <procbuf/buffer.h>
#include <procbuf/process.h>
#include <procbuf/slice.h>

#ifdef __cplusplus
extern "C" {
#endif

struct procbuf_grant_entry_private {
    const struct procbuf_driver *driver; /* whose it is; null: the process level allocated it */
    procbuf_addr_t addr;
    size_t len;
    uint32_t driver_number; /**< what userspace calls it */
    bool allocated;
    bool entered;
    bool entered_by_driver;
};

/**
 * One grant of one process. Fields are private.
 *
 * @see Contract: G1 to G4. Tock: `GrantPointerEntry`, kernel/src/process_standard.rs.
 */
struct procbuf_grant_entry {
    PROCBUF_PRIVATE(struct procbuf_grant_entry_private private_);
};

/**
 * Give a table room for grants: numbers 0 to `grants_per_process` - 1 in every process. Without
 * this call a table has no grants.
 *
 * @param[in,out] table              whose processes will have grants
 * @param[out]    entries            one for each slot and number; the table's from now on
 * @param[in]     grants_per_process how many drivers have a grant
 * @pre R4: it is the first call for this table, which never had a process, else the panic hook.
 * @pre R12: `entries` outlives the table.
 * @pre R13: `entries` has (slots of the table) * `grants_per_process` elements.
 * @par Cost
 * O(1), no hook.
 * @see Contract: G1, G2. Tock: `create_grant`, kernel/src/kernel.rs.
 */
void procbuf_table_use_grants(struct procbuf_table *table, struct procbuf_grant_entry *entries,
                              uint32_t grants_per_process) PROCBUF_NONNULL;

/* ---- Process level --------------------------------------------------------------------------- */

/**
 * Take memory for a grant from the top of the process's RAM, and lower the kernel break to it. The
 * memory is not touched.
 *
 * @param[in,out] process       whose memory it is
 * @param[in]     grant_number  which grant
 * @param[in]     driver_number what userspace calls its driver
 * @param[in]     len           length of the grant, in bytes
 * @param[in]     align         its alignment in bytes; at least 2 is taken
 * @retval PROCBUF_INACTIVE_APP          the process is faulted or terminated
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS `grant_number` is not below the table's
 *                                       `grants_per_process`
 * @retval PROCBUF_ALREADY               it is allocated, or `driver_number` is in use by another
 *                                       grant
 * @retval PROCBUF_OUT_OF_MEMORY         it does not fit above the app break, an open enter of an
 *                                       earlier life covers a byte of it (L9), or the port refuses
 * @retval PROCBUF_OK                    the grant is allocated
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @pre R6: `align` is a power of two, else the panic hook.
 * @par Cost
 * O(grants of the process + open enters). If all earlier checks pass, it calls protect once, with
 * the new kernel break.
 * @see Contract: G1, G2, L9. Tock: `allocate_grant`, kernel/src/process_standard.rs.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_allocate_grant(struct procbuf_process *process, uint32_t grant_number,
                               uint32_t driver_number, size_t len, size_t align) PROCBUF_NONNULL;

/**
 * Find the allocated grant of a driver number.
 *
 * @param[in]  process          where to look
 * @param[in]  driver_number    what userspace calls the driver
 * @param[out] grant_number_out which grant; written on true only
 * @retval true  there is one
 * @retval false there is none
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(grants of the process), no hook.
 * @see Contract: G2. Tock: `lookup_grant_from_driver_num`, kernel/src/process_standard.rs.
 */
PROCBUF_NODISCARD bool procbuf_process_lookup_driver(const struct procbuf_process *process,
                                                     uint32_t driver_number,
                                                     uint32_t *grant_number_out) PROCBUF_NONNULL;

/**
 * Enter a grant at the process level. No one else may enter it until procbuf_process_leave_grant().
 *
 * @param[in]  id           which life
 * @param[in]  grant_number which grant
 * @param[out] addr_out     where the grant is; written on `PROCBUF_OK` only
 * @retval PROCBUF_NO_SUCH_APP           the life is over, or of a foreign table
 * @retval PROCBUF_INACTIVE_APP          the process is faulted or terminated
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS `grant_number` is not below the table's
 *                                       `grants_per_process`
 * @retval PROCBUF_OUT_OF_MEMORY         the grant was never allocated
 * @retval PROCBUF_ALREADY_IN_USE        it is entered
 * @retval PROCBUF_OK                    it is entered now
 * @pre R20: the grant's memory is not accessed once that life has ended.
 * @par Cost
 * O(1), no hook.
 * @see Contract: G3. Tock: `enter_grant`, kernel/src/process_standard.rs.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_enter_grant(struct procbuf_id id, uint32_t grant_number,
                            procbuf_addr_t *addr_out) PROCBUF_NONNULL;

/**
 * Leave a grant that the process level entered. It does nothing if that life is over, or the
 * process inactive.
 *
 * @param[in] id           which life
 * @param[in] grant_number which grant
 * @pre R8: no driver has entered it, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: G3. Tock: `leave_grant`, kernel/src/process_standard.rs.
 */
void procbuf_process_leave_grant(struct procbuf_id id, uint32_t grant_number);

/* ---- Driver level ---------------------------------------------------------------------------- */

/**
 * What a driver keeps in each process.
 *
 * @see Contract: G6. Tock: `Grant::new`, kernel/src/grant.rs.
 */
struct procbuf_driver_config {
    uint32_t grant_number; /**< its own, below grants_per_process */
    uint32_t driver_number; /**< what userspace calls it */
    uint32_t readonly_count; /**< slots for read-only buffers, numbered from 0 */
    uint32_t readwrite_count; /**< slots for read-write buffers, numbered from 0 */
    size_t data_len; /**< its data, in bytes */
    size_t data_align; /**< a power of two */
};

/**
 * A driver, as far as its grants go. Fields are private.
 *
 * @see Contract: G4, G6. Tock: `Grant`, kernel/src/grant.rs.
 */
struct procbuf_driver {
    PROCBUF_PRIVATE(struct procbuf_driver_config private_);
};

/**
 * Compute the size of the whole grant of a driver: its slots, then its data, which ends with it.
 *
 * @param[in] config the driver's numbers and sizes
 * @return the size in bytes; `SIZE_MAX` if it does not fit into a `size_t`. A size that fits,
 *         and is at most max(`data_align`, 8) below `SIZE_MAX`, may be `SIZE_MAX` too: so many
 *         slots there are with 32 bits alone
 * @par Cost
 * O(1), no hook.
 * @see Contract: G6. Tock: `grant_size`, kernel/src/grant.rs.
 */
PROCBUF_NODISCARD size_t procbuf_grant_len(const struct procbuf_driver_config *config)
    PROCBUF_NONNULL;

/**
 * Make a driver.
 *
 * @param[out] driver the driver
 * @param[in]  config its numbers and sizes, which are copied
 * @pre R6: `data_align` is a power of two, else the panic hook.
 * @pre R12: `driver` stays where it is, and is not made again, as long as a grant or a buffer of
 *   its is in use.
 * @par Cost
 * O(1), no hook.
 * @see Contract: G6. Tock: `Grant::new`, kernel/src/grant.rs.
 */
void procbuf_driver_init(struct procbuf_driver *driver,
                         const struct procbuf_driver_config *config) PROCBUF_NONNULL;

struct procbuf_grant_private {
    const struct procbuf_driver *driver;
    struct procbuf_id id;
    procbuf_addr_t addr;
};

/**
 * A driver's grant while it is entered. It ends with the body. Fields are private.
 *
 * Holding one inside its body proves: the grant is allocated, and no one else has entered it.
 *
 * It does not prove: that a buffer in its slots is of any length.
 *
 * @see Contract: G4, G5. Tock: `GrantData` and `GrantKernelData`, kernel/src/grant.rs.
 */
struct procbuf_grant {
    PROCBUF_PRIVATE(struct procbuf_grant_private private_);
};

/**
 * What runs while a grant is entered.
 *
 * @param[in] grant the grant
 * @param[in] data  as passed to procbuf_driver_enter()
 * @pre R11: it returns and never jumps out, else the panic hook when an outer enter of that process
 *   ends.
 * @pre R15: nothing uses the grant after it has returned.
 * @see Contract: G4. Tock: the closure of `Grant::enter`.
 */
typedef void procbuf_grant_body(const struct procbuf_grant *grant, void *data);

/**
 * Run a body once, with the driver's grant of a process. The first use allocates the grant, zeroed.
 *
 * @param[in] driver whose grant it is
 * @param[in] id     which life
 * @param[in] body   what to run
 * @param[in] data   passed to the body; may be null
 * @retval PROCBUF_NO_SUCH_APP    the life is over, or of a foreign table
 * @retval PROCBUF_INACTIVE_APP   the process is faulted or terminated
 * @retval PROCBUF_OUT_OF_MEMORY  the grant is not there, and cannot be allocated
 * @retval PROCBUF_ALREADY_IN_USE it is entered
 * @retval PROCBUF_OK             the body has run
 * @pre R7: the number of the driver's grant is below the table's, and a grant of that number that
 *   is there already was allocated by this driver, with the size that it has now; else the panic
 *   hook.
 * @par Cost
 * O(1) and the body: it opens and closes the grant, if that has any bytes. The first use costs
 * procbuf_process_allocate_grant() in addition, and zeroes the grant.
 * @par Example
 * @code
 * static void print_slot(const struct procbuf_grant *grant, void *data)
 * {
 *     struct procbuf_readonly text;
 *     if (procbuf_grant_readonly(grant, 0, &text) == PROCBUF_OK)
 *         procbuf_ignore(procbuf_readonly_enter(&text, print_text, data));
 * }
 *
 * return procbuf_error_to_code(procbuf_driver_enter(&console, caller, print_slot, NULL));
 * @endcode
 * @see Contract: G4, G5, C2. Tock: `Grant::enter`, kernel/src/grant.rs.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_driver_enter(const struct procbuf_driver *driver,
                                                          struct procbuf_id id,
                                                          procbuf_grant_body *body, void *data)
    PROCBUF_NONNULL_ARGS(1, 3);

/**
 * Look at the driver's own data in an entered grant.
 *
 * @param[in] grant the grant
 * @return its data, which ends with the body
 * @pre R15: the body that `grant` was passed to has not returned.
 * @par Cost
 * O(1), no hook.
 * @see Contract: G4. Tock: `GrantData`, kernel/src/grant.rs.
 */
PROCBUF_NODISCARD struct procbuf_writable
procbuf_grant_data(const struct procbuf_grant *grant) PROCBUF_NONNULL;

/**
 * Read a slot for read-only buffers.
 *
 * @param[in]  grant      the grant
 * @param[in]  slot       which slot, from 0
 * @param[out] buffer_out a live buffer, empty if the slot was never allowed; it dies when the slot
 *                        is swapped, and with its process; written on `PROCBUF_OK` only
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS the driver has no such slot
 * @retval PROCBUF_OK                    the slot is read
 * @pre R15: the body that `grant` was passed to has not returned.
 * @par Cost
 * O(1), no hook.
 * @see Contract: G4, G5, H6. Tock: `GrantKernelData::get_readonly_processbuffer`.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_grant_readonly(const struct procbuf_grant *grant, uint32_t slot,
                       struct procbuf_readonly *buffer_out) PROCBUF_NONNULL;

/**
 * Read a slot for read-write buffers.
 *
 * @param[in]  grant      the grant
 * @param[in]  slot       which slot, from 0
 * @param[out] buffer_out a live buffer, empty if the slot was never allowed; it dies when the slot
 *                        is swapped, and with its process; written on `PROCBUF_OK` only
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS the driver has no such slot
 * @retval PROCBUF_OK                    the slot is read
 * @pre R15: the body that `grant` was passed to has not returned.
 * @par Cost
 * O(1), no hook.
 * @see Contract: G4, G5, H6. Tock: `GrantKernelData::get_readwrite_processbuffer`.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_grant_readwrite(const struct procbuf_grant *grant, uint32_t slot,
                        struct procbuf_readwrite *buffer_out) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
