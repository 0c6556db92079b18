/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the allow calls and buffers need of grants. */
#ifndef PROCBUF_SRC_GRANT_H
#define PROCBUF_SRC_GRANT_H

#include "implementation.h"

#include <procbuf/grant.h>

/* Enter a driver's grant, allocate and zero it if need be, and open access to it; and the way
 * back. Returns: as procbuf_driver_enter(), for a process that is there. */
enum procbuf_error procbuf_grant_begin(const struct procbuf_driver *driver,
                                       struct procbuf_process *process, procbuf_addr_t *addr_out);
void procbuf_grant_end(const struct procbuf_driver *driver, struct procbuf_id id,
                       procbuf_addr_t addr);

/* Put a range into a slot that is in range, and take out what it held. The grant is open.
 * Read-write slots are numbered after the read-only ones. */
void procbuf_slot_swap(procbuf_addr_t grant_addr, uint32_t slot, procbuf_addr_t *addr, size_t *len);

/* Whether the slot of a live process still holds what it held after so many swaps. H6. */
bool procbuf_slot_is_unswapped(procbuf_addr_t addr, uint64_t swaps);

#endif
