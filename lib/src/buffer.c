/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Building, holding and entering buffers. Contract: B, H. */
#include "implementation.h"

#include <procbuf/buffer.h>
#include <procbuf/capability.h>
#include <procbuf/port.h>

#include "grant.h"
#include "keeper.h"
#include "memory.h"
#include "process.h"
#include "proved/buffer.h"
#include "range.h"
#include "require.h"
#include "valid.h"

/* ---- Building ---- */

static bool is_app_owned(const struct procbuf_process_private *self, procbuf_addr_t addr,
                         size_t len)
{
    return procbuf_range_within(addr, len, self->mem_start, self->app_break);
}

static bool is_in_flash(const struct procbuf_process_private *self, procbuf_addr_t addr, size_t len)
{
    return procbuf_range_within(addr, len, self->flash_protected_end, self->flash_end);
}

/* B4, for a range that is app-owned. */
static void raise_mark(struct procbuf_process_private *self, procbuf_addr_t addr, size_t len)
{
    const procbuf_addr_t end = (procbuf_addr_t)(addr + (procbuf_addr_t)len);
    if (self->mark < end)
        self->mark = end;
}

/* B1 to B4. Flash serves only buffers that are read. */
PROCBUF_INLINE enum procbuf_error check_share(struct procbuf_process_private *self,
                                              procbuf_addr_t addr, size_t len,
                                              enum procbuf_access access)
{
    if (!procbuf_state_is_active(self->state))
        return PROCBUF_FAIL;
    if (len == 0)
        return PROCBUF_OK;
    if (is_app_owned(self, addr, len)) {
        raise_mark(self, addr, len);
        return PROCBUF_OK;
    }
    if (access == PROCBUF_ACCESS_READ && is_in_flash(self, addr, len))
        return PROCBUF_OK;
    return PROCBUF_INVAL;
}

static struct procbuf_buffer_private buffer_of(struct procbuf_id id, procbuf_addr_t addr,
                                               size_t len)
{
    return (struct procbuf_buffer_private){
        .id = id.private_, .addr = addr, .len = len, .index = id.index_
    };
}

/* B1 to B4; I2: what is lent ends below the mark, or is in readable flash. */
PROCBUF_INLINE enum procbuf_error build(struct procbuf_process *process, procbuf_addr_t addr,
                                        size_t len, struct procbuf_buffer_private *buffer_out,
                                        enum procbuf_access access)
{
    struct procbuf_process_private *self = procbuf_process_self_inline(process);
    const enum procbuf_error code = check_share(self, addr, len, access);
    if (code != PROCBUF_OK)
        return code;
    buffer_out->id = (struct procbuf_id_private){ process, self->table, self->identifier };
    buffer_out->addr = addr;
    buffer_out->len = len;
    buffer_out->slot_addr = 0;
    buffer_out->index = 0;
    buffer_out->slot_swaps = 0;
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(buffer_out));
    return PROCBUF_OK;
}

/* B1 to B4; I2: what is lent ends below the mark, or is in readable flash. */
enum procbuf_error procbuf_readonly_build(struct procbuf_process *process, procbuf_addr_t addr,
                                          size_t len, struct procbuf_readonly *buffer_out)
{
    PROCBUF_KEEPS(process, process);
    return build(process, addr, len, &buffer_out->private_, PROCBUF_ACCESS_READ);
}

/* B1 to B4; I2: what is lent ends below the mark, or is in readable flash. */
enum procbuf_error procbuf_readwrite_build(struct procbuf_process *process, procbuf_addr_t addr,
                                           size_t len, struct procbuf_readwrite *buffer_out)
{
    PROCBUF_KEEPS(process, process);
    return build(process, addr, len, &buffer_out->private_, PROCBUF_ACCESS_READ_WRITE);
}

struct procbuf_readonly
procbuf_readonly_new_external(procbuf_addr_t addr, size_t len, struct procbuf_id id,
                              const struct procbuf_external_process_capability *capability)
{
    PROCBUF_REQUIRE(R2, capability != NULL);
    return (struct procbuf_readonly){ buffer_of(id, addr, len) };
}

struct procbuf_readwrite
procbuf_readwrite_new_external(procbuf_addr_t addr, size_t len, struct procbuf_id id,
                               const struct procbuf_external_process_capability *capability)
{
    PROCBUF_REQUIRE(R2, capability != NULL);
    return (struct procbuf_readwrite){ buffer_of(id, addr, len) };
}

struct procbuf_readonly procbuf_readonly_default(void)
{
    return (struct procbuf_readonly)PROCBUF_READONLY_DEFAULT;
}

struct procbuf_readwrite procbuf_readwrite_default(void)
{
    return (struct procbuf_readwrite)PROCBUF_READWRITE_DEFAULT;
}

/* ---- Looking ---- */

/* H6, for a buffer that was read from a slot of a live process; M4, for one over a map. */
PROCBUF_APART bool slot_holds(const struct procbuf_buffer_private *buffer)
{
    if (buffer->id.process == NULL)
        return procbuf_keeper_holds(buffer);
    return procbuf_slot_is_unswapped((procbuf_addr_t)buffer->slot_addr, buffer->slot_swaps);
}

/* Its process lives, and the slot it was read from, or its keeper, if there is one, still holds it. */
PROCBUF_INLINE bool buffer_is_live(const struct procbuf_buffer_private *buffer)
{
    return procbuf_life_goes_on(&buffer->index, &buffer->id) &&
           (buffer->slot_addr == 0 || slot_holds(buffer));
}

static size_t buffer_len(const struct procbuf_buffer_private *buffer)
{
    return buffer_is_live(buffer) ? buffer->len : 0;
}

static procbuf_addr_t buffer_addr(const struct procbuf_buffer_private *buffer)
{
    return buffer->len == 0 ? 0 : buffer->addr;
}

size_t procbuf_readonly_len(const struct procbuf_readonly *buffer)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    return buffer_len(&buffer->private_);
}

size_t procbuf_readwrite_len(const struct procbuf_readwrite *buffer)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    return buffer_len(&buffer->private_);
}

procbuf_addr_t procbuf_readonly_addr(const struct procbuf_readonly *buffer)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    return buffer_addr(&buffer->private_);
}

procbuf_addr_t procbuf_readwrite_addr(const struct procbuf_readwrite *buffer)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    return buffer_addr(&buffer->private_);
}

/* ---- Using ---- */

/* Where the bytes begin. Of an empty buffer there are none: the address of an empty array (H5). */
PROCBUF_INLINE uint8_t *base_of(procbuf_addr_t addr, bool is_empty)
{
    if (is_empty)
        return procbuf_writable_from_array(NULL, 0).base_;
    return procbuf_memory_at(addr);
}

/* Run one of two bodies, as the access says. The body may change or forget the buffer itself: what
 * the way back needs is in `open` and `process`. */
PROCBUF_INLINE enum procbuf_error enter(const struct procbuf_buffer_private *buffer,
                                        enum procbuf_access access, procbuf_read_body *read,
                                        procbuf_write_body *write, void *data)
{
    struct procbuf_process *const process = buffer->id.process; /* null for a foreign table's */
    const bool is_empty = buffer->len == 0;
    struct procbuf_open_enter open;
    open.addr = buffer->addr;
    open.len = buffer->len;
    open.is_grant = false;
    if (!buffer_is_live(buffer))
        return PROCBUF_NO_SUCH_APP;
    if (process != NULL)
        procbuf_process_push_enter(process, &open);
    if (!is_empty)
        procbuf_port_user_access_open(open.addr, open.len, access);
    procbuf_compiler_barrier();
    if (access == PROCBUF_ACCESS_READ)
        read((struct procbuf_readable){ base_of(open.addr, is_empty), open.len }, data);
    else
        write((struct procbuf_writable){ base_of(open.addr, is_empty), open.len }, data);
    procbuf_compiler_barrier();
    if (!is_empty)
        procbuf_port_user_access_close(open.addr, open.len, access);
    if (process != NULL)
        procbuf_process_pop_enter(process, &open);
    return PROCBUF_OK;
}

/* The same code twice: once where the compiler knows that the buffer is none of these, and drops
 * all checks for them. `tests/bench/run instructions` counts that path. */
static bool is_unusual(const struct procbuf_buffer_private *buffer)
{
    return buffer->id.process == NULL || buffer->slot_addr != 0 || buffer->len == 0;
}

PROCBUF_APART enum procbuf_error enter_unusual(const struct procbuf_buffer_private *buffer,
                                               enum procbuf_access access, procbuf_read_body *read,
                                               procbuf_write_body *write, void *data)
{
    return enter(buffer, access, read, write, data);
}

PROCBUF_INLINE enum procbuf_error enter_to_read(const struct procbuf_buffer_private *buffer,
                                                procbuf_read_body *body, void *data)
{
    if (is_unusual(buffer))
        return enter_unusual(buffer, PROCBUF_ACCESS_READ, body, NULL, data);
    return enter(buffer, PROCBUF_ACCESS_READ, body, NULL, data);
}

enum procbuf_error procbuf_readonly_enter(const struct procbuf_readonly *buffer,
                                          procbuf_read_body *body, void *data)
{
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(&buffer->private_));
    return enter_to_read(&buffer->private_, body, data);
}

enum procbuf_error procbuf_readwrite_enter(const struct procbuf_readwrite *buffer,
                                           procbuf_read_body *body, void *data)
{
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(&buffer->private_));
    return enter_to_read(&buffer->private_, body, data);
}

enum procbuf_error procbuf_readwrite_mut_enter(const struct procbuf_readwrite *buffer,
                                               procbuf_write_body *body, void *data)
{
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(&buffer->private_));
    if (is_unusual(&buffer->private_))
        return enter_unusual(&buffer->private_, PROCBUF_ACCESS_READ_WRITE, NULL, body, data);
    return enter(&buffer->private_, PROCBUF_ACCESS_READ_WRITE, NULL, body, data);
}

/* ---- Giving back ---- */

static void consume(struct procbuf_buffer_private *buffer, procbuf_addr_t *addr_out,
                    size_t *len_out)
{
    *addr_out = buffer->addr;
    *len_out = buffer->len;
    *buffer = procbuf_readonly_default().private_;
}

void procbuf_readonly_consume(struct procbuf_readonly *buffer, procbuf_addr_t *addr_out,
                              size_t *len_out)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    consume(&buffer->private_, addr_out, len_out);
}

void procbuf_readwrite_consume(struct procbuf_readwrite *buffer, procbuf_addr_t *addr_out,
                               size_t *len_out)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    consume(&buffer->private_, addr_out, len_out);
}
