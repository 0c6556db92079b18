/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The allow system calls, and set_byte. Contract: A. */
#include "implementation.h"

#include <procbuf/allow.h>

#include "grant.h"
#include "memory.h"
#include "process.h"
#include "range.h"
#include "require.h"
#include "valid.h"

#include <procbuf/port.h>

/* A1, the build: its buffer is not kept, the slot holds the range. */
static enum procbuf_error share(struct procbuf_process *process, procbuf_addr_t addr, size_t len,
                                enum procbuf_access access)
{
    struct procbuf_readonly readonly;
    struct procbuf_readwrite readwrite;
    return access == PROCBUF_ACCESS_READ ? procbuf_readonly_build(process, addr, len, &readonly)
                                         : procbuf_readwrite_build(process, addr, len, &readwrite);
}

/* A1 after the build: put the range into the slot of its kind. */
static struct procbuf_allow_result swap_slot(struct procbuf_process *process,
                                             const struct procbuf_driver *driver, uint32_t slot,
                                             procbuf_addr_t addr, size_t len,
                                             enum procbuf_access access)
{
    const struct procbuf_driver_config *config = &driver->private_;
    const bool is_read = access == PROCBUF_ACCESS_READ;
    const uint32_t slot_count = is_read ? config->readonly_count : config->readwrite_count;
    const uint32_t first_slot = is_read ? 0 : config->readonly_count;
    struct procbuf_allow_result result = { PROCBUF_OK, addr, len };
    procbuf_addr_t grant_addr;
    if (procbuf_grant_begin(driver, process, &grant_addr) != PROCBUF_OK) {
        result.code = PROCBUF_NOMEM;
        return result;
    }
    if (slot < slot_count)
        procbuf_slot_swap(grant_addr, first_slot + slot, &result.addr, &result.len);
    else
        result.code = PROCBUF_NOSUPPORT;
    procbuf_grant_end(driver, procbuf_process_id(process), grant_addr);
    return result;
}

static struct procbuf_allow_result allow(struct procbuf_process *process,
                                         const struct procbuf_driver *driver, uint32_t slot,
                                         procbuf_addr_t addr, size_t len,
                                         enum procbuf_access access)
{
    (void)procbuf_process_look(process);
    if (driver == NULL)
        return (struct procbuf_allow_result){ PROCBUF_NODEVICE, addr, len };
    const enum procbuf_error code = share(process, addr, len, access);
    if (code != PROCBUF_OK)
        return (struct procbuf_allow_result){ code, addr, len };
    return swap_slot(process, driver, slot, addr, len, access);
}

struct procbuf_allow_result procbuf_process_allow_readonly(struct procbuf_process *process,
                                                           const struct procbuf_driver *driver,
                                                           uint32_t slot, procbuf_addr_t addr,
                                                           size_t len)
{
    PROCBUF_KEEPS(process, process);
    return allow(process, driver, slot, addr, len, PROCBUF_ACCESS_READ);
}

struct procbuf_allow_result procbuf_process_allow_readwrite(struct procbuf_process *process,
                                                            const struct procbuf_driver *driver,
                                                            uint32_t slot, procbuf_addr_t addr,
                                                            size_t len)
{
    PROCBUF_KEEPS(process, process);
    return allow(process, driver, slot, addr, len, PROCBUF_ACCESS_READ_WRITE);
}

struct procbuf_allow_result
procbuf_process_allow_userspace_readable(struct procbuf_process *process, uint32_t number,
                                         procbuf_addr_t addr, size_t len,
                                         procbuf_accept_function *accept, void *data)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_allow_result result = { PROCBUF_NODEVICE, addr, len };
    struct procbuf_readwrite buffer;
    (void)procbuf_process_look(process);
    if (accept == NULL)
        return result;
    result.code = procbuf_readwrite_build(process, addr, len, &buffer);
    if (result.code != PROCBUF_OK)
        return result;
    result.code = accept(procbuf_process_id(process), number, &buffer, data);
    result.code = procbuf_error_to_code(result.code);
    if (result.code == PROCBUF_OK)
        procbuf_readwrite_consume(&buffer, &result.addr, &result.len);
    return result;
}

bool procbuf_process_set_byte(struct procbuf_process *process, procbuf_addr_t addr, uint8_t value)
{
    PROCBUF_KEEPS(process, process);
    const struct procbuf_process_private *self = procbuf_process_self(process);
    if (!procbuf_range_within(addr, 1, self->mem_start, self->app_break))
        return false;
    procbuf_port_user_access_open(addr, 1, PROCBUF_ACCESS_READ_WRITE);
    *(volatile uint8_t *)procbuf_memory_at(addr) = value;
    procbuf_port_user_access_close(addr, 1, PROCBUF_ACCESS_READ_WRITE);
    return true;
}
