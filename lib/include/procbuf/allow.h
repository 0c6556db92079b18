/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The allow system calls.
 *
 * @see Contract: A.
 */
#ifndef PROCBUF_ALLOW_H
#define PROCBUF_ALLOW_H

#include <procbuf/buffer.h>
#include <procbuf/error.h>
#include <procbuf/grant.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What userspace gets back from an allow.
 *
 * `code` and a range. With `PROCBUF_OK` it is the range that was allowed before, exactly as it was
 * passed, (0, 0) the first time. With an error it is the range just passed.
 *
 * @see Contract: A2. Tock: `SyscallReturn`, kernel/src/syscall.rs.
 */
struct procbuf_allow_result {
    enum procbuf_error code; /**< `PROCBUF_OK`, or a code for userspace */
    procbuf_addr_t addr; /**< start of the range */
    size_t len; /**< its length in bytes */
};

/**
 * Let a driver read a range, in place of what its slot held.
 *
 * On an error the slot is untouched. A mark that was raised and a grant that was allocated stay
 * (E3).
 *
 * @param[in,out] process whose memory it is
 * @param[in]     driver  the driver that userspace named; null if there is none of that number
 * @param[in]     slot    which slot of the driver, as userspace passed it
 * @param[in]     addr    start of the range, as userspace passed it
 * @param[in]     len     length of the range, in bytes
 * @return a code as below, and a range: with `PROCBUF_OK` the one before, else the one just passed
 * @retval PROCBUF_NODEVICE  `driver` is null
 * @retval PROCBUF_FAIL      the process is inactive, even if `len` is 0
 * @retval PROCBUF_INVAL     `len` is not 0, and the range is not wholly in app-owned RAM or wholly
 *                           in readable flash
 * @retval PROCBUF_NOMEM     the grant is not there and cannot be allocated, or is entered
 * @retval PROCBUF_NOSUPPORT the driver has no such slot
 * @retval PROCBUF_OK        the slot holds the new range
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @pre R7: the number of the driver's grant is below the table's, and a grant of that number that
 *   is there already was allocated by this driver, with the size that it has now; else the panic
 *   hook.
 * @par Cost
 * That of procbuf_driver_enter(), which allocates the grant on first use.
 * @par Example
 * @code
 * const struct procbuf_allow_result result =
 *     procbuf_process_allow_readonly(process, driver_of(number), slot, addr, len);
 * return_to_process(result.code, result.addr, result.len);
 * @endcode
 * @see Contract: A1, A2. Tock: `handle_syscall`, kernel/src/kernel.rs.
 */
PROCBUF_NODISCARD struct procbuf_allow_result
procbuf_process_allow_readonly(struct procbuf_process *process, const struct procbuf_driver *driver,
                               uint32_t slot, procbuf_addr_t addr, size_t len)
    PROCBUF_NONNULL_ARGS(1);

/**
 * Let a driver read and write a range, in place of what its slot held.
 *
 * On an error the slot is untouched. A mark that was raised and a grant that was allocated stay
 * (E3).
 *
 * @param[in,out] process whose memory it is
 * @param[in]     driver  the driver that userspace named; null if there is none of that number
 * @param[in]     slot    which slot of the driver, as userspace passed it
 * @param[in]     addr    start of the range, as userspace passed it
 * @param[in]     len     length of the range, in bytes
 * @return a code as below, and a range: with `PROCBUF_OK` the one before, else the one just passed
 * @retval PROCBUF_NODEVICE  `driver` is null
 * @retval PROCBUF_FAIL      the process is inactive, even if `len` is 0
 * @retval PROCBUF_INVAL     `len` is not 0, and the range is not wholly in app-owned RAM
 * @retval PROCBUF_NOMEM     the grant is not there and cannot be allocated, or is entered
 * @retval PROCBUF_NOSUPPORT the driver has no such slot
 * @retval PROCBUF_OK        the slot holds the new range
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @pre R7: the number of the driver's grant is below the table's, and a grant of that number that
 *   is there already was allocated by this driver, with the size that it has now; else the panic
 *   hook.
 * @par Cost
 * That of procbuf_driver_enter(), which allocates the grant on first use.
 * @see Contract: A1, A2. Tock: `handle_syscall`, kernel/src/kernel.rs.
 */
PROCBUF_NODISCARD struct procbuf_allow_result
procbuf_process_allow_readwrite(struct procbuf_process *process,
                                const struct procbuf_driver *driver, uint32_t slot,
                                procbuf_addr_t addr, size_t len) PROCBUF_NONNULL_ARGS(1);

/**
 * A driver's decision about a buffer that userspace keeps reading.
 *
 * To accept, it keeps `*buffer`, puts what it held before in its place, and returns `PROCBUF_OK`.
 * To reject, it leaves `*buffer` alone and returns an error.
 *
 * @param[in]     id     which life lends the buffer
 * @param[in]     number as passed to procbuf_process_allow_userspace_readable()
 * @param[in,out] buffer the new buffer; on acceptance the one before
 * @param[in]     data   as passed to procbuf_process_allow_userspace_readable()
 * @return `PROCBUF_OK`, or why the driver rejects
 * @see Contract: A3. Tock: `SyscallDriver::allow_userspace_readable`.
 */
typedef enum procbuf_error procbuf_accept_function(struct procbuf_id id, uint32_t number,
                                                   struct procbuf_readwrite *buffer, void *data);

/**
 * Hand a range, built as read-write, to a driver that decides itself. The process may read it all
 * along.
 *
 * @param[in,out] process whose memory it is
 * @param[in]     number  which buffer of the driver, as userspace passed it
 * @param[in]     addr    start of the range, as userspace passed it
 * @param[in]     len     length of the range, in bytes
 * @param[in]     accept  the driver's decision; null if userspace named a driver that does not
 *                        exist
 * @param[in]     data    passed to `accept`; may be null
 * @return a code as below, or what the driver answers, where a process error is its code (E2); and
 *   a range: with `PROCBUF_OK` the one that the driver held, else the one just passed
 * @retval PROCBUF_NODEVICE `accept` is null
 * @retval PROCBUF_FAIL     the process is inactive, even if `len` is 0
 * @retval PROCBUF_INVAL    `len` is not 0, and the range is not wholly in app-owned RAM
 * @retval PROCBUF_OK       the driver holds the new range
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1) and one call of `accept`, no hook.
 * @see Contract: A3, E2. Tock: `handle_syscall`, kernel/src/kernel.rs.
 */
PROCBUF_NODISCARD struct procbuf_allow_result procbuf_process_allow_userspace_readable(
    struct procbuf_process *process, uint32_t number, procbuf_addr_t addr, size_t len,
    procbuf_accept_function *accept, void *data) PROCBUF_NONNULL_ARGS(1);

#ifdef __cplusplus
}
#endif
#endif
