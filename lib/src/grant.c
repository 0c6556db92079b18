/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Grants and the slots in them. Contract: G, L9, H6. */
#include "implementation.h"

#include <procbuf/grant.h>
#include <procbuf/port.h>

#include <string.h>

#include "grant.h"
#include "memory.h"
#include "process.h"
#include "proved/grant.h"
#include "range.h"
#include "require.h"
#include "table.h"
#include "valid.h"

/* What a slot holds in grant memory. `swaps` shows buffers that were read from it that it moved on. It is aligned
 * alike on every target, so that a grant is in the same place. */
struct slot {
    procbuf_addr_t addr;
    size_t len;
    _Alignas(8) uint64_t swaps;
};

static bool is_power_of_two(size_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

/* ---- Entries ---- */

void procbuf_table_use_grants(struct procbuf_table *table, struct procbuf_grant_entry *entries,
                              uint32_t grants_per_process)
{
    PROCBUF_KEEPS(table, table);
    PROCBUF_REQUIRE(R4, table->private_.next_identifier == 0 && table->private_.grants == NULL);
    table->private_.grants = entries;
    table->private_.grants_per_process = grants_per_process;
}

/* ---- Process level ---- */

/* G1 and L9. I3 and I4: what is taken is above the break, below every grant that is there. */
static bool take_room(struct procbuf_process *process, size_t len, size_t align,
                      procbuf_addr_t *addr_out)
{
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (!procbuf_range_place(self->app_break, self->kernel_break, len, align, addr_out) ||
        procbuf_process_has_open_enter(self, *addr_out,
                                       (procbuf_addr_t)(*addr_out + (procbuf_addr_t)len)) ||
        !procbuf_process_give(process, self->app_break, *addr_out))
        return false;
    self->kernel_break = *addr_out;
    return true;
}

/* G1 and G2, for a driver or, if it is null, for the process level. */
static enum procbuf_error allocate(struct procbuf_process *process,
                                   const struct procbuf_driver *driver, uint32_t grant_number,
                                   uint32_t driver_number, size_t len, size_t align)
{
    struct procbuf_process_private *self = procbuf_process_self(process);
    uint32_t other;
    procbuf_addr_t addr;
    if (!procbuf_state_is_active(self->state))
        return PROCBUF_INACTIVE_APP;
    if (grant_number >= procbuf_table_grant_count(process))
        return PROCBUF_ADDRESS_OUT_OF_BOUNDS;
    if (procbuf_table_grant_entry(process, grant_number)->allocated ||
        procbuf_process_lookup_driver(process, driver_number, &other))
        return PROCBUF_ALREADY;
    if (!take_room(process, len, align < 2 ? 2 : align, &addr))
        return PROCBUF_OUT_OF_MEMORY;
    *procbuf_table_grant_entry(process, grant_number) =
        (struct procbuf_grant_entry_private){ .driver = driver,
                                              .addr = addr,
                                              .len = len,
                                              .driver_number = driver_number,
                                              .allocated = true };
    PROCBUF_VERIFY(procbuf_process_is_in_order(self));
    return PROCBUF_OK;
}

enum procbuf_error procbuf_process_allocate_grant(struct procbuf_process *process,
                                                  uint32_t grant_number, uint32_t driver_number,
                                                  size_t len, size_t align)
{
    PROCBUF_KEEPS(process, process);
    (void)procbuf_process_look(process);
    PROCBUF_REQUIRE(R6, is_power_of_two(align));
    return allocate(process, NULL, grant_number, driver_number, len, align);
}

bool procbuf_process_lookup_driver(const struct procbuf_process *process, uint32_t driver_number,
                                   uint32_t *grant_number_out)
{
    PROCBUF_KEEPS(process, process);
    (void)procbuf_process_look(process);
    for (uint32_t number = 0; number < procbuf_table_grant_count(process); number++) {
        const struct procbuf_grant_entry_private *entry =
            procbuf_table_grant_entry(process, number);
        if (entry->allocated && entry->driver_number == driver_number) {
            *grant_number_out = number;
            return true;
        }
    }
    return false;
}

/* Returns: null if the id is dead or foreign. */
static struct procbuf_process *process_of(struct procbuf_id id)
{
    return id.private_.table == NULL ? NULL : procbuf_table_lookup(id.private_.table, id);
}

enum procbuf_error procbuf_process_enter_grant(struct procbuf_id id, uint32_t grant_number,
                                               procbuf_addr_t *addr_out)
{
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&id.private_));
    struct procbuf_process *process = process_of(id);
    if (process == NULL)
        return PROCBUF_NO_SUCH_APP;
    if (!procbuf_process_is_active(process))
        return PROCBUF_INACTIVE_APP;
    if (grant_number >= procbuf_table_grant_count(process))
        return PROCBUF_ADDRESS_OUT_OF_BOUNDS;
    struct procbuf_grant_entry_private *entry = procbuf_table_grant_entry(process, grant_number);
    if (!entry->allocated)
        return PROCBUF_OUT_OF_MEMORY;
    if (entry->entered)
        return PROCBUF_ALREADY_IN_USE;
    entry->entered = true;
    *addr_out = entry->addr;
    return PROCBUF_OK;
}

/* The entry of a grant that an active process has in the life of `id`; null if there is none. G3. */
static struct procbuf_grant_entry_private *entry_of_life(struct procbuf_id id,
                                                         uint32_t grant_number)
{
    struct procbuf_process *process = process_of(id);
    if (process == NULL || !procbuf_process_is_active(process) ||
        grant_number >= procbuf_table_grant_count(process))
        return NULL;
    return procbuf_table_grant_entry(process, grant_number);
}

void procbuf_process_leave_grant(struct procbuf_id id, uint32_t grant_number)
{
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&id.private_));
    struct procbuf_grant_entry_private *entry = entry_of_life(id, grant_number);
    if (entry == NULL)
        return;
    PROCBUF_KEEPS(grant_entry_private, entry);
    PROCBUF_REQUIRE(R8, !entry->entered_by_driver);
    entry->entered = false;
}

/* ---- The layout of a driver's grant: slots, then data ---- */

static size_t grant_align(const struct procbuf_driver_config *config)
{
    return config->data_align < _Alignof(struct slot) ? _Alignof(struct slot) : config->data_align;
}

/* Where the data begins. Returns: SIZE_MAX if that does not fit. */
static size_t data_offset(const struct procbuf_driver_config *config)
{
    const uint64_t slot_count = (uint64_t)config->readonly_count + config->readwrite_count;
    const size_t align = grant_align(config);
    if (slot_count > (SIZE_MAX - align) / sizeof(struct slot))
        return SIZE_MAX;
    const size_t end = (size_t)slot_count * sizeof(struct slot);
    return (end + align - 1) & ~(align - 1);
}

size_t procbuf_grant_len(const struct procbuf_driver_config *config)
{
    const size_t offset = data_offset(config);
    return config->data_len > SIZE_MAX - offset ? SIZE_MAX : offset + config->data_len;
}

void procbuf_driver_init(struct procbuf_driver *driver, const struct procbuf_driver_config *config)
{
    PROCBUF_REQUIRE(R6, is_power_of_two(config->data_align));
    driver->private_ = *config;
}

/* Slots of both kinds are in a row, read-only ones first. `slot` is in range. */
static procbuf_addr_t slot_addr(procbuf_addr_t grant_addr, uint32_t slot)
{
    return (procbuf_addr_t)(grant_addr + (procbuf_addr_t)(slot * sizeof(struct slot)));
}

static struct slot slot_read(procbuf_addr_t addr)
{
    struct slot slot;
    procbuf_memory_fetch(&slot, procbuf_memory_at(addr), sizeof slot);
    return slot;
}

bool procbuf_slot_is_unswapped(procbuf_addr_t addr, uint64_t swaps)
{
    const procbuf_addr_t swaps_addr = (procbuf_addr_t)(addr + offsetof(struct slot, swaps));
    uint64_t now;
    procbuf_port_user_access_open(swaps_addr, sizeof now, PROCBUF_ACCESS_READ);
    procbuf_memory_fetch(&now, procbuf_memory_at(swaps_addr), sizeof now);
    procbuf_port_user_access_close(swaps_addr, sizeof now, PROCBUF_ACCESS_READ);
    return now == swaps;
}

/* ---- Driver level ---- */

enum procbuf_error procbuf_grant_begin(const struct procbuf_driver *driver,
                                       struct procbuf_process *process, procbuf_addr_t *addr_out)
{
    const struct procbuf_driver_config *config = &driver->private_;
    const size_t len = procbuf_grant_len(config);
    if (!procbuf_state_is_active(procbuf_process_self(process)->state))
        return PROCBUF_INACTIVE_APP;
    PROCBUF_REQUIRE(R7, config->grant_number < procbuf_table_grant_count(process));
    struct procbuf_grant_entry_private *entry =
        procbuf_table_grant_entry(process, config->grant_number);
    PROCBUF_KEEPS(grant_entry_private, entry);
    const bool is_new = !entry->allocated;
    if (is_new && allocate(process, driver, config->grant_number, config->driver_number, len,
                           grant_align(config)) != PROCBUF_OK)
        return PROCBUF_OUT_OF_MEMORY;
    PROCBUF_REQUIRE(R7, entry->driver == driver && entry->len == len);
    if (entry->entered)
        return PROCBUF_ALREADY_IN_USE;
    entry->entered = entry->entered_by_driver = true;
    *addr_out = entry->addr;
    if (len != 0)
        procbuf_port_user_access_open(*addr_out, len, PROCBUF_ACCESS_READ_WRITE);
    if (is_new && len != 0)
        memset(procbuf_memory_at(*addr_out), 0, len);
    return PROCBUF_OK;
}

void procbuf_grant_end(const struct procbuf_driver *driver, struct procbuf_id id,
                       procbuf_addr_t addr)
{
    const size_t len = procbuf_grant_len(&driver->private_);
    if (len != 0)
        procbuf_port_user_access_close(addr, len, PROCBUF_ACCESS_READ_WRITE);
    struct procbuf_grant_entry_private *entry = entry_of_life(id, driver->private_.grant_number);
    if (entry == NULL)
        return;
    PROCBUF_KEEPS(grant_entry_private, entry);
    entry->entered = entry->entered_by_driver = false;
}

enum procbuf_error procbuf_driver_enter(const struct procbuf_driver *driver, struct procbuf_id id,
                                        procbuf_grant_body *body, void *data)
{
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&id.private_));
    struct procbuf_process *process = process_of(id);
    struct procbuf_grant grant = { { driver, id, 0 } };
    if (process == NULL)
        return PROCBUF_NO_SUCH_APP;
    const enum procbuf_error error = procbuf_grant_begin(driver, process, &grant.private_.addr);
    if (error != PROCBUF_OK)
        return error;
    struct procbuf_open_enter open = { .addr = grant.private_.addr,
                                       .len = procbuf_grant_len(&driver->private_),
                                       .is_grant = true };
    procbuf_process_push_enter(process, &open);
    procbuf_compiler_barrier();
    body(&grant, data);
    procbuf_compiler_barrier();
    procbuf_grant_end(driver, id, grant.private_.addr);
    procbuf_process_pop_enter(process, &open);
    return PROCBUF_OK;
}

struct procbuf_writable procbuf_grant_data(const struct procbuf_grant *grant)
{
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&grant->private_.id.private_));
    const struct procbuf_driver_config *config = &grant->private_.driver->private_;
    const procbuf_addr_t addr =
        (procbuf_addr_t)(grant->private_.addr + (procbuf_addr_t)data_offset(config));
    if (config->data_len == 0)
        return procbuf_writable_from_array(NULL, 0);
    return procbuf_writable_from_array(procbuf_memory_at(addr), config->data_len);
}

static struct procbuf_buffer_private buffer_in(const struct procbuf_grant *grant, uint32_t slot)
{
    const procbuf_addr_t addr = slot_addr(grant->private_.addr, slot);
    const struct slot content = slot_read(addr);
    return (struct procbuf_buffer_private){
        .id = grant->private_.id.private_,
        .addr = content.addr,
        .len = content.len,
        .slot_addr = addr,
        .index = grant->private_.id.index_,
        .slot_swaps = content.swaps,
    };
}

enum procbuf_error procbuf_grant_readonly(const struct procbuf_grant *grant, uint32_t slot,
                                          struct procbuf_readonly *buffer_out)
{
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&grant->private_.id.private_));
    if (slot >= grant->private_.driver->private_.readonly_count)
        return PROCBUF_ADDRESS_OUT_OF_BOUNDS;
    *buffer_out = (struct procbuf_readonly){ buffer_in(grant, slot) };
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(&buffer_out->private_));
    return PROCBUF_OK;
}

enum procbuf_error procbuf_grant_readwrite(const struct procbuf_grant *grant, uint32_t slot,
                                           struct procbuf_readwrite *buffer_out)
{
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&grant->private_.id.private_));
    const struct procbuf_driver_config *config = &grant->private_.driver->private_;
    if (slot >= config->readwrite_count)
        return PROCBUF_ADDRESS_OUT_OF_BOUNDS;
    *buffer_out = (struct procbuf_readwrite){ buffer_in(grant, config->readonly_count + slot) };
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(&buffer_out->private_));
    return PROCBUF_OK;
}

void procbuf_slot_swap(procbuf_addr_t grant_addr, uint32_t slot, procbuf_addr_t *addr, size_t *len)
{
    const procbuf_addr_t where = slot_addr(grant_addr, slot);
    const struct slot old = slot_read(where);
    const struct slot new = { *addr, *len, old.swaps + 1 };
    memcpy(procbuf_memory_at(where), &new, sizeof new);
    *addr = old.addr;
    *len = old.len;
}
