/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The allow system calls. Contract: A. */
#ifndef PROCBUF_ALLOW_H
#define PROCBUF_ALLOW_H

#include <procbuf/buffer.h>
#include <procbuf/error.h>
#include <procbuf/grant.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What userspace gets back. OK: the range that was allowed before, exactly as it was passed, (0, 0)
 * the first time. Else: the error, and the range just passed. Contract: A2. */
struct procbuf_allow_result {
    enum procbuf_error code;
    procbuf_addr_t addr;
    size_t len;
};

/* Let a driver read (and write) a range, in place of what its slot held.
 * Returns, in this order: NODEVICE if driver is null, that is, userspace named none that exists;
 * what the builder says; NOMEM if the grant is missing and cannot be allocated, or is entered;
 * NOSUPPORT if there is no such slot; OK. On an error the slot is untouched; a mark that was
 * raised and a grant that was allocated stay (E3).
 * Requires: the slot of the table is occupied (R1), and the driver's grant is its own, as for
 * procbuf_driver_enter() (R7); else the panic hook.
 * Contract: A1, A2. Source: Tock kernel/src/kernel.rs, `handle_syscall`. */
PROCBUF_NODISCARD struct procbuf_allow_result
procbuf_process_allow_readonly(struct procbuf_process *process, const struct procbuf_driver *driver,
                               uint32_t slot, procbuf_addr_t addr, size_t len)
    PROCBUF_NONNULL_ARGS(1);
PROCBUF_NODISCARD struct procbuf_allow_result
procbuf_process_allow_readwrite(struct procbuf_process *process,
                                const struct procbuf_driver *driver, uint32_t slot,
                                procbuf_addr_t addr, size_t len) PROCBUF_NONNULL_ARGS(1);

/* A driver's decision about a buffer that userspace keeps reading.
 * Accepting: keep *buffer, put what was held before in its place, return OK. Rejecting: leave
 * *buffer alone, return an error. */
typedef enum procbuf_error procbuf_accept_function(struct procbuf_id id, uint32_t number,
                                                   struct procbuf_readwrite *buffer, void *data);

/* Hand a range, built as read-write, to a driver that decides itself. The process may read it all
 * along.
 * Returns: NODEVICE if accept is null; what the builder says; what the driver says, a process error
 * as a code (E2). The range is
 * the one the driver held on OK, else the one just passed.
 * Requires: the slot of the table is occupied, else the panic hook (R1). Contract: A3. */
PROCBUF_NODISCARD struct procbuf_allow_result procbuf_process_allow_userspace_readable(
    struct procbuf_process *process, uint32_t number, procbuf_addr_t addr, size_t len,
    procbuf_accept_function *accept, void *data) PROCBUF_NONNULL_ARGS(1);

#ifdef __cplusplus
}
#endif
#endif
