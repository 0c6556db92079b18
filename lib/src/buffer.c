/* Building, holding and entering buffers. Contract: B, H. */
#include <procbuf/buffer.h>
#include <procbuf/capability.h>
#include <procbuf/port.h>

#include "grant.h"
#include "memory.h"
#include "process.h"
#include "range.h"
#include "require.h"

/* ---- Building ---- */

static bool is_app_owned(const struct procbuf_process_private *self, procbuf_addr_t addr,
                         size_t len)
{
    return procbuf_range_within(addr, len, self->mem_start, self->app_break);
}

static bool is_in_flash(const struct procbuf_process_private *self, procbuf_addr_t addr,
                        size_t len)
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
static enum procbuf_code check_share(struct procbuf_process_private *self, procbuf_addr_t addr,
                                     size_t len, enum procbuf_access access)
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
    return (struct procbuf_buffer_private){ .id = id.private_, .addr = addr, .len = len };
}

enum procbuf_code procbuf_build_readonly(struct procbuf_process *process, procbuf_addr_t addr,
                                         size_t len, struct procbuf_readonly *buffer_out)
{
    const enum procbuf_code code =
        check_share(procbuf_process_self(process), addr, len, PROCBUF_ACCESS_READ);
    if (code != PROCBUF_OK)
        return code;
    const struct procbuf_id id = procbuf_process_id(process);
    *buffer_out = (struct procbuf_readonly){ id.index_, buffer_of(id, addr, len) };
    return PROCBUF_OK;
}

enum procbuf_code procbuf_build_readwrite(struct procbuf_process *process, procbuf_addr_t addr,
                                          size_t len, struct procbuf_readwrite *buffer_out)
{
    const enum procbuf_code code =
        check_share(procbuf_process_self(process), addr, len, PROCBUF_ACCESS_READ_WRITE);
    if (code != PROCBUF_OK)
        return code;
    const struct procbuf_id id = procbuf_process_id(process);
    *buffer_out = (struct procbuf_readwrite){ id.index_, buffer_of(id, addr, len) };
    return PROCBUF_OK;
}

struct procbuf_readonly
procbuf_readonly_new_external(procbuf_addr_t addr, size_t len, struct procbuf_id id,
                              const struct procbuf_external_process_capability *capability)
{
    PROCBUF_REQUIRE(capability != NULL);
    return (struct procbuf_readonly){ id.index_, buffer_of(id, addr, len) };
}

struct procbuf_readwrite
procbuf_readwrite_new_external(procbuf_addr_t addr, size_t len, struct procbuf_id id,
                               const struct procbuf_external_process_capability *capability)
{
    PROCBUF_REQUIRE(capability != NULL);
    return (struct procbuf_readwrite){ id.index_, buffer_of(id, addr, len) };
}

/* ---- Looking ---- */

static struct procbuf_id buffer_id(uint32_t index, const struct procbuf_buffer_private *buffer)
{
    return (struct procbuf_id){ .index_ = index, .private_ = buffer->id };
}

/* Its process lives, and the slot it was read from, if it was, still holds it (H6). */
static bool buffer_is_live(uint32_t index, const struct procbuf_buffer_private *buffer)
{
    return procbuf_id_is_live(buffer_id(index, buffer)) &&
           (buffer->slot_addr == 0 ||
            procbuf_slot_is_unswapped(buffer->slot_addr, buffer->slot_swaps));
}

static size_t buffer_len(uint32_t index, const struct procbuf_buffer_private *buffer)
{
    return buffer_is_live(index, buffer) ? buffer->len : 0;
}

static procbuf_addr_t buffer_ptr(const struct procbuf_buffer_private *buffer)
{
    return buffer->len == 0 ? 0 : buffer->addr;
}

size_t procbuf_readonly_len(const struct procbuf_readonly *buffer)
{
    return buffer_len(buffer->index_, &buffer->private_);
}

size_t procbuf_readwrite_len(const struct procbuf_readwrite *buffer)
{
    return buffer_len(buffer->index_, &buffer->private_);
}

procbuf_addr_t procbuf_readonly_ptr(const struct procbuf_readonly *buffer)
{
    return buffer_ptr(&buffer->private_);
}

procbuf_addr_t procbuf_readwrite_ptr(const struct procbuf_readwrite *buffer)
{
    return buffer_ptr(&buffer->private_);
}

/* ---- Using ---- */

/* What one enter has to remember. The buffer itself may change or go away while the body runs. */
struct enter {
    struct procbuf_open_enter open;
    struct procbuf_process *process; /* null for a foreign table's */
    enum procbuf_access access;
};

static bool enter_begin(struct enter *enter, uint32_t index,
                        const struct procbuf_buffer_private *buffer, enum procbuf_access access)
{
    const struct procbuf_id id = buffer_id(index, buffer);
    if (!buffer_is_live(index, buffer))
        return false;
    enter->access = access;
    enter->open = (struct procbuf_open_enter){ NULL, buffer->addr, buffer->len };
    enter->process = procbuf_table_lookup(id.private_.table, id);
    if (enter->process != NULL)
        procbuf_process_push_enter(enter->process, &enter->open);
    if (enter->open.len != 0)
        procbuf_port_user_access_open(enter->open.addr, enter->open.len, access);
    procbuf_compiler_barrier();
    return true;
}

static void enter_end(struct enter *enter)
{
    procbuf_compiler_barrier();
    if (enter->open.len != 0)
        procbuf_port_user_access_close(enter->open.addr, enter->open.len, enter->access);
    if (enter->process != NULL)
        procbuf_process_pop_enter(enter->process, &enter->open);
}

/* The bytes of an enter as a slice. An empty one gets the address of an empty array (H5). */
static struct procbuf_writable enter_slice(const struct enter *enter)
{
    if (enter->open.len == 0)
        return procbuf_writable_from_array(NULL, 0);
    return (struct procbuf_writable){ procbuf_memory_at(enter->open.addr), enter->open.len };
}

static enum procbuf_process_error enter_to_read(uint32_t index,
                                                const struct procbuf_buffer_private *buffer,
                                                procbuf_read_body *body, void *data)
{
    struct enter enter;
    if (!enter_begin(&enter, index, buffer, PROCBUF_ACCESS_READ))
        return PROCBUF_NO_SUCH_APP;
    body(procbuf_writable_as_readable(enter_slice(&enter)), data);
    enter_end(&enter);
    return PROCBUF_PROCESS_OK;
}

enum procbuf_process_error procbuf_readonly_enter(const struct procbuf_readonly *buffer,
                                                  procbuf_read_body *body, void *data)
{
    return enter_to_read(buffer->index_, &buffer->private_, body, data);
}

enum procbuf_process_error procbuf_readwrite_enter(const struct procbuf_readwrite *buffer,
                                                   procbuf_read_body *body, void *data)
{
    return enter_to_read(buffer->index_, &buffer->private_, body, data);
}

enum procbuf_process_error procbuf_readwrite_mut_enter(const struct procbuf_readwrite *buffer,
                                                       procbuf_write_body *body, void *data)
{
    struct enter enter;
    if (!enter_begin(&enter, buffer->index_, &buffer->private_, PROCBUF_ACCESS_READ_WRITE))
        return PROCBUF_NO_SUCH_APP;
    body(enter_slice(&enter), data);
    enter_end(&enter);
    return PROCBUF_PROCESS_OK;
}

/* ---- Giving back ---- */

void procbuf_readonly_consume(struct procbuf_readonly *buffer, procbuf_addr_t *addr_out,
                              size_t *len_out)
{
    *addr_out = buffer->private_.addr;
    *len_out = buffer->private_.len;
    *buffer = (struct procbuf_readonly)PROCBUF_READONLY_DEFAULT;
}

void procbuf_readwrite_consume(struct procbuf_readwrite *buffer, procbuf_addr_t *addr_out,
                               size_t *len_out)
{
    *addr_out = buffer->private_.addr;
    *len_out = buffer->private_.len;
    *buffer = (struct procbuf_readwrite)PROCBUF_READWRITE_DEFAULT;
}
