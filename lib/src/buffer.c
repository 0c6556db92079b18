/* Building, holding and entering buffers. Contract: B, H. */
#include "implementation.h"

#include <procbuf/buffer.h>
#include <procbuf/capability.h>
#include <procbuf/port.h>

#include "grant.h"
#include "memory.h"
#include "process.h"
#include "range.h"
#include "require.h"
#include "valid.h"

/* ---- Building ---- */

/*@ requires \valid_read(self) && in_order(self);
    assigns \nothing;
    ensures \result <==> lies_within(addr, len, self->mem_start, self->app_break); */
static bool is_app_owned(const struct procbuf_process_private *self, procbuf_addr_t addr,
                         size_t len)
{
    return procbuf_range_within(addr, len, self->mem_start, self->app_break);
}

/*@ requires \valid_read(self) && in_order(self);
    assigns \nothing;
    ensures \result <==> lies_within(addr, len, self->flash_protected_end, self->flash_end); */
static bool is_in_flash(const struct procbuf_process_private *self, procbuf_addr_t addr, size_t len)
{
    return procbuf_range_within(addr, len, self->flash_protected_end, self->flash_end);
}

/* B4, for a range that is app-owned. */
/*@ requires \valid(self) && in_order(self);
    requires lies_within(addr, len, self->mem_start, self->app_break);
    assigns self->mark;
    ensures self->mark == \max(\old(self->mark), addr + len);
    ensures in_order(self); */
static void raise_mark(struct procbuf_process_private *self, procbuf_addr_t addr, size_t len)
{
    const procbuf_addr_t end = (procbuf_addr_t)(addr + (procbuf_addr_t)len);
    if (self->mark < end)
        self->mark = end;
}

/* B1 to B4. Flash serves only buffers that are read. */
/*@ requires \valid(self) && in_order(self);
    assigns self->mark;
    ensures in_order(self);
    behavior inactive:
      assumes !is_active(self);
      ensures \result == PROCBUF_FAIL && self->mark == \old(self->mark);
    behavior empty:
      assumes is_active(self) && len == 0;
      ensures \result == PROCBUF_OK && self->mark == \old(self->mark);
    behavior app_owned:
      assumes is_active(self) && len != 0;
      assumes lies_within(addr, len, self->mem_start, self->app_break);
      ensures \result == PROCBUF_OK && self->mark == \max(\old(self->mark), addr + len);
    behavior flash:
      assumes is_active(self) && len != 0 && access == PROCBUF_ACCESS_READ;
      assumes !lies_within(addr, len, self->mem_start, self->app_break);
      assumes lies_within(addr, len, self->flash_protected_end, self->flash_end);
      ensures \result == PROCBUF_OK && self->mark == \old(self->mark);
    behavior outside:
      assumes is_active(self) && len != 0;
      assumes !lies_within(addr, len, self->mem_start, self->app_break);
      assumes access != PROCBUF_ACCESS_READ ||
              !lies_within(addr, len, self->flash_protected_end, self->flash_end);
      ensures \result == PROCBUF_INVAL && self->mark == \old(self->mark);
    complete behaviors;
    disjoint behaviors; */
static enum procbuf_error check_share(struct procbuf_process_private *self, procbuf_addr_t addr,
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

/*@ assigns \nothing;
    ensures \result.addr == addr && \result.len == len && \result.slot_addr == 0; */
static struct procbuf_buffer_private buffer_of(struct procbuf_id id, procbuf_addr_t addr,
                                               size_t len)
{
    return (struct procbuf_buffer_private){
        .id = id.private_, .addr = addr, .len = len, .index = id.index_
    };
}

/* B1 to B4; I2: what is lent ends below the mark, or lies in readable flash. */
/*@ requires occupied(process) && \valid(buffer_out) && \separated(process, buffer_out);
    assigns process->private_.mark, *buffer_out;
    ensures occupied(process) && process->private_.mark >= \old(process->private_.mark);
    ensures \result == PROCBUF_FAIL <==> !is_active(&process->private_);
    ensures \result == PROCBUF_INVAL <==>
              is_active(&process->private_) && len != 0 &&
              !lies_within(addr, len, process->private_.mem_start, process->private_.app_break) &&
              (access != PROCBUF_ACCESS_READ ||
               !lies_within(addr, len, process->private_.flash_protected_end,
                            process->private_.flash_end));
    ensures \result == PROCBUF_OK || \result == PROCBUF_FAIL || \result == PROCBUF_INVAL;
    ensures \result == PROCBUF_OK ==> buffer_out->addr == addr && buffer_out->len == len;
    ensures \result == PROCBUF_OK && len != 0 ==>
              lies_within(addr, len, process->private_.mem_start, process->private_.mark) ||
              (access == PROCBUF_ACCESS_READ &&
               lies_within(addr, len, process->private_.flash_protected_end,
                           process->private_.flash_end));
    ensures \result != PROCBUF_OK ==>
              *buffer_out == \old(*buffer_out) &&
              process->private_.mark == \old(process->private_.mark); */
PROCBUF_APART enum procbuf_error build(struct procbuf_process *process, procbuf_addr_t addr,
                                       size_t len, struct procbuf_buffer_private *buffer_out,
                                       enum procbuf_access access)
{
    struct procbuf_process_private *self = procbuf_process_self_inline(process);
    const enum procbuf_error code = check_share(self, addr, len, access);
    if (code != PROCBUF_OK)
        return code;
    buffer_out->id.process = process;
    buffer_out->id.table = self->table;
    buffer_out->id.identifier = self->identifier;
    buffer_out->addr = addr;
    buffer_out->len = len;
    buffer_out->slot_addr = 0;
    buffer_out->index = 0;
    buffer_out->slot_swaps = 0;
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(buffer_out));
    return PROCBUF_OK;
}

/* B1 to B4; I2: what is lent ends below the mark, or lies in readable flash. */
/*@ requires occupied(process) && \valid(buffer_out) && \separated(process, buffer_out);
    assigns process->private_.mark, *buffer_out;
    ensures occupied(process) && process->private_.mark >= \old(process->private_.mark);
    ensures \result == PROCBUF_FAIL <==> !is_active(&process->private_);
    ensures \result == PROCBUF_INVAL <==>
              is_active(&process->private_) && len != 0 &&
              !lies_within(addr, len, process->private_.mem_start, process->private_.app_break) &&
              !lies_within(addr, len, process->private_.flash_protected_end,
                          process->private_.flash_end);
    ensures \result == PROCBUF_OK || \result == PROCBUF_FAIL || \result == PROCBUF_INVAL;
    ensures \result == PROCBUF_OK ==>
              buffer_out->private_.addr == addr && buffer_out->private_.len == len;
    ensures \result == PROCBUF_OK && len != 0 ==>
              lies_within(addr, len, process->private_.mem_start, process->private_.mark) ||
              lies_within(addr, len, process->private_.flash_protected_end,
                          process->private_.flash_end);
    ensures \result != PROCBUF_OK ==>
              *buffer_out == \old(*buffer_out) &&
              process->private_.mark == \old(process->private_.mark); */
enum procbuf_error procbuf_readonly_build(struct procbuf_process *process, procbuf_addr_t addr,
                                          size_t len, struct procbuf_readonly *buffer_out)
{
    PROCBUF_KEEPS(process, process);
    return build(process, addr, len, &buffer_out->private_, PROCBUF_ACCESS_READ);
}

/* B1 to B4; I2: what is lent ends below the mark, or lies in readable flash. */
/*@ requires occupied(process) && \valid(buffer_out) && \separated(process, buffer_out);
    assigns process->private_.mark, *buffer_out;
    ensures occupied(process) && process->private_.mark >= \old(process->private_.mark);
    ensures \result == PROCBUF_FAIL <==> !is_active(&process->private_);
    ensures \result == PROCBUF_INVAL <==>
              is_active(&process->private_) && len != 0 &&
              !lies_within(addr, len, process->private_.mem_start, process->private_.app_break);
    ensures \result == PROCBUF_OK || \result == PROCBUF_FAIL || \result == PROCBUF_INVAL;
    ensures \result == PROCBUF_OK ==>
              buffer_out->private_.addr == addr && buffer_out->private_.len == len;
    ensures \result == PROCBUF_OK && len != 0 ==>
              lies_within(addr, len, process->private_.mem_start, process->private_.mark);
    ensures \result != PROCBUF_OK ==>
              *buffer_out == \old(*buffer_out) &&
              process->private_.mark == \old(process->private_.mark); */
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

/* H6, for a buffer that was read from a slot of a live process. */
PROCBUF_APART bool slot_holds(const struct procbuf_buffer_private *buffer)
{
    return procbuf_slot_is_unswapped(buffer->slot_addr, buffer->slot_swaps);
}

/* Its process lives, and the slot it was read from, if it was, still holds it. */
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

/* What an enter remembers: the body may change or forget the buffer itself. */
struct enter {
    struct procbuf_process *process; /* null for a foreign table's */
    bool is_empty;
    enum procbuf_access access;
};

/* Out: *open_out lives in the caller's frame, since the process's list may lead to it.
 * Returns: false if the buffer is dead. */
PROCBUF_INLINE bool enter_begin(struct enter *enter, struct procbuf_open_enter *open_out,
                                const struct procbuf_buffer_private *buffer)
{
    enter->process = buffer->id.process;
    enter->is_empty = buffer->len == 0;
    open_out->addr = buffer->addr;
    open_out->len = buffer->len;
    open_out->is_grant = false;
    if (!buffer_is_live(buffer))
        return false;
    if (enter->process != NULL)
        procbuf_process_push_enter(enter->process, open_out);
    if (!enter->is_empty)
        procbuf_port_user_access_open(open_out->addr, open_out->len, enter->access);
    procbuf_compiler_barrier();
    return true;
}

PROCBUF_INLINE void enter_end(const struct enter *enter, const struct procbuf_open_enter *open)
{
    procbuf_compiler_barrier();
    if (!enter->is_empty)
        procbuf_port_user_access_close(open->addr, open->len, enter->access);
    if (enter->process != NULL)
        procbuf_process_pop_enter(enter->process, open);
}

/* Where the bytes begin. Of an empty buffer there are none: the address of an empty array (H5). */
PROCBUF_INLINE uint8_t *enter_base(const struct enter *enter, const struct procbuf_open_enter *open)
{
    if (enter->is_empty)
        return procbuf_writable_from_array(NULL, 0).base_;
    return procbuf_memory_at(open->addr);
}

PROCBUF_INLINE enum procbuf_error enter_to_read(const struct procbuf_buffer_private *buffer,
                                                procbuf_read_body *body, void *data)
{
    struct enter enter = { .access = PROCBUF_ACCESS_READ };
    struct procbuf_open_enter open;
    if (!enter_begin(&enter, &open, buffer))
        return PROCBUF_NO_SUCH_APP;
    body((struct procbuf_readable){ enter_base(&enter, &open), open.len }, data);
    enter_end(&enter, &open);
    return PROCBUF_OK;
}

PROCBUF_INLINE enum procbuf_error enter_to_write(const struct procbuf_buffer_private *buffer,
                                                 procbuf_write_body *body, void *data)
{
    struct enter enter = { .access = PROCBUF_ACCESS_READ_WRITE };
    struct procbuf_open_enter open;
    if (!enter_begin(&enter, &open, buffer))
        return PROCBUF_NO_SUCH_APP;
    body((struct procbuf_writable){ enter_base(&enter, &open), open.len }, data);
    enter_end(&enter, &open);
    return PROCBUF_OK;
}

/* The same code twice: once where the compiler knows that the buffer is none of these, and leaves
 * all questions about them out. That path is 40 instructions. */
static bool is_unusual(const struct procbuf_buffer_private *buffer)
{
    return buffer->id.process == NULL || buffer->slot_addr != 0 || buffer->len == 0;
}

PROCBUF_APART enum procbuf_error enter_unusual_to_read(const struct procbuf_buffer_private *buffer,
                                                       procbuf_read_body *body, void *data)
{
    return enter_to_read(buffer, body, data);
}

PROCBUF_APART enum procbuf_error enter_unusual_to_write(const struct procbuf_buffer_private *buffer,
                                                        procbuf_write_body *body, void *data)
{
    return enter_to_write(buffer, body, data);
}

enum procbuf_error procbuf_readonly_enter(const struct procbuf_readonly *buffer,
                                          procbuf_read_body *body, void *data)
{
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(&buffer->private_));
    if (is_unusual(&buffer->private_))
        return enter_unusual_to_read(&buffer->private_, body, data);
    return enter_to_read(&buffer->private_, body, data);
}

enum procbuf_error procbuf_readwrite_enter(const struct procbuf_readwrite *buffer,
                                           procbuf_read_body *body, void *data)
{
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(&buffer->private_));
    if (is_unusual(&buffer->private_))
        return enter_unusual_to_read(&buffer->private_, body, data);
    return enter_to_read(&buffer->private_, body, data);
}

enum procbuf_error procbuf_readwrite_mut_enter(const struct procbuf_readwrite *buffer,
                                               procbuf_write_body *body, void *data)
{
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(&buffer->private_));
    if (is_unusual(&buffer->private_))
        return enter_unusual_to_write(&buffer->private_, body, data);
    return enter_to_write(&buffer->private_, body, data);
}

/* ---- Giving back ---- */

void procbuf_readonly_consume(struct procbuf_readonly *buffer, procbuf_addr_t *addr_out,
                              size_t *len_out)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    *addr_out = buffer->private_.addr;
    *len_out = buffer->private_.len;
    *buffer = procbuf_readonly_default();
}

void procbuf_readwrite_consume(struct procbuf_readwrite *buffer, procbuf_addr_t *addr_out,
                               size_t *len_out)
{
    PROCBUF_KEEPS(buffer_private, &buffer->private_);
    *addr_out = buffer->private_.addr;
    *len_out = buffer->private_.len;
    *buffer = procbuf_readwrite_default();
}
