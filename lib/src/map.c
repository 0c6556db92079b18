/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Maps: the walk over regions, buffers that are rechecked, and slots of the kernel's. Contract: M. */
#include "implementation.h"

#include <procbuf/map.h>

#include "keeper.h"
#include "proved/map.h"
#include "range.h"
#include "require.h"
#include "table.h"
#include "valid.h"

/* ---- The walk ---- */

/* Reading is the lesser right. */
static bool has_right(const struct procbuf_region *region, enum procbuf_access access)
{
    return region->access >= access;
}

PROCBUF_INLINE bool leads_on(const struct procbuf_region *region, procbuf_addr_t at,
                             enum procbuf_access access)
{
    return procbuf_range_holds(at, region->start, region->end) && has_right(region, access);
}

/* M2, M3: from `at` on, take each region that leads further. Once through is enough for regions in
 * ascending order; the walk ends when no region leads further. */
PROCBUF_APART bool regions_permit(const struct procbuf_region *regions, size_t count,
                                  procbuf_addr_t at, procbuf_addr_t end, enum procbuf_access access)
{
    procbuf_addr_t from;
    /*@ loop invariant \at(at, Pre) <= at;
        loop invariant all_permitted(regions, count, \at(at, Pre), at, access);
        loop assigns at, from;
        loop variant PROCBUF_ADDR_MAX - at; */
    do {
        from = at;
        /*@ loop invariant 0 <= i <= count && from <= at;
            loop invariant all_permitted(regions, count, \at(at, Pre), at, access);
            loop invariant at == from ==> !permitted(regions, i, at, access);
            loop assigns i, at;
            loop variant count - i; */
        for (size_t i = 0; i < count; i++) {
            if (leads_on(&regions[i], at, access))
                at = regions[i].end;
        }
    } while (at < end && at != from);
    return at >= end;
}

/* The same with a function. */
PROCBUF_APART bool lookup_permits(const struct procbuf_map *map, procbuf_addr_t at,
                                  procbuf_addr_t end, enum procbuf_access access)
{
    struct procbuf_region region;
    bool is_found;
    /*@ loop invariant \at(at, Pre) <= at < end;
        loop invariant all_found(\at(at, Pre), at, access);
        loop assigns at, region, is_found;
        loop variant end - at; */
    for (;;) {
        //@ calls procbuf_any_lookup;
        is_found = map->lookup_(at, &region, map->data_);
        if (!is_found)
            return false;
        PROCBUF_REQUIRE(R22, procbuf_range_holds(at, region.start, region.end));
        if (!has_right(&region, access))
            return false;
        if (region.end >= end)
            return true;
        at = region.end;
    }
}

/* Whether each byte of [addr, end), which is not empty, has the right. */
static bool map_permits(const struct procbuf_map *map, procbuf_addr_t addr, procbuf_addr_t end,
                        enum procbuf_access access)
{
    if (map->lookup_ != NULL)
        return lookup_permits(map, addr, end, access);
    return regions_permit(map->regions_, map->count_, addr, end, access);
}

/* M2 */
PROCBUF_APART bool walk_permits(const struct procbuf_map *map, procbuf_addr_t addr, size_t len,
                                enum procbuf_access access)
{
    procbuf_addr_t end;
    if (len == 0)
        return true;
    return !procbuf_range_has_null(addr, len) && procbuf_range_end(addr, len, &end) &&
           map_permits(map, addr, end, access);
}

/* The same, for a path that is short where the first region is enough, as it is if there is one. It
 * ends below the end of the address space, and so does what is in it. */
PROCBUF_INLINE bool is_permitted(const struct procbuf_map *map, procbuf_addr_t addr, size_t len,
                                 enum procbuf_access access)
{
    const struct procbuf_region *first = map->regions_;
    PROCBUF_VERIFY(procbuf_map_is_valid(map));
    if (map->count_ != 0 && leads_on(first, addr, access) && addr != 0 &&
        len <= (procbuf_addr_t)(first->end - addr))
        return true;
    return walk_permits(map, addr, len, access);
}

/* M4. The right that the buffer needs is in slot_swaps. */
static bool map_holds(const struct procbuf_keeper *keeper,
                      const struct procbuf_buffer_private *buffer)
{
    return is_permitted((const struct procbuf_map *)keeper, buffer->addr, buffer->len,
                        (enum procbuf_access)buffer->slot_swaps);
}

/* ---- Making ---- */

struct procbuf_map
procbuf_map_of_regions(const struct procbuf_region *regions, size_t count,
                       const struct procbuf_external_process_capability *capability)
{
    PROCBUF_REQUIRE(R2, capability != NULL);
    PROCBUF_REQUIRE(R5, regions != NULL || count == 0);
    return (struct procbuf_map){ .keeper_ = { map_holds }, .regions_ = regions, .count_ = count };
}

struct procbuf_map
procbuf_map_of_lookup(procbuf_lookup_function *lookup, const void *data,
                      const struct procbuf_external_process_capability *capability)
{
    PROCBUF_REQUIRE(R2, capability != NULL && lookup != NULL);
    return (struct procbuf_map){ .keeper_ = { map_holds }, .lookup_ = lookup, .data_ = data };
}

/* ---- Lending ---- */

/* M2: no map at all permits nothing. */
static const struct procbuf_map no_map;

static enum procbuf_error build_from_map(const struct procbuf_lender *lender, procbuf_addr_t addr,
                                         size_t len, enum procbuf_access access,
                                         struct procbuf_buffer_private *buffer_out)
{
    if (!procbuf_foreign_life_goes_on_inline(lender->id_.index_, &lender->id_.private_))
        return PROCBUF_NO_SUCH_APP;
    if (!is_permitted(lender->map_, addr, len, access))
        return PROCBUF_INVAL;
    buffer_out->id = lender->id_.private_;
    buffer_out->addr = addr;
    buffer_out->len = len;
    buffer_out->slot_addr = (uintptr_t)lender->keeper_;
    buffer_out->index = lender->id_.index_;
    buffer_out->slot_swaps = (uint64_t)access;
    PROCBUF_VERIFY(procbuf_buffer_private_is_valid(buffer_out));
    return PROCBUF_OK;
}

static struct procbuf_lender lender_of(const struct procbuf_map *map, struct procbuf_id id,
                                       const struct procbuf_keeper *keeper)
{
    PROCBUF_REQUIRE(R2, id.private_.process == NULL);
    return (struct procbuf_lender){
        .build_ = build_from_map, .map_ = map == NULL ? &no_map : map, .keeper_ = keeper, .id_ = id
    };
}

struct procbuf_lender procbuf_lender_pinned(const struct procbuf_map *map, struct procbuf_id id)
{
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&id.private_));
    return lender_of(map, id, NULL);
}

struct procbuf_lender procbuf_lender_rechecked(const struct procbuf_map *map, struct procbuf_id id)
{
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&id.private_));
    return lender_of(map, id, map == NULL ? NULL : &map->keeper_);
}

/* ---- Slots ---- */

/* H6, and M4 if what it holds is rechecked. */
static bool kernel_slot_holds(const struct procbuf_keeper *keeper,
                              const struct procbuf_buffer_private *buffer)
{
    const struct procbuf_slot_private *slot = (const struct procbuf_slot_private *)keeper;
    return slot->swaps == buffer->slot_swaps &&
           (slot->held.slot_addr == 0 || procbuf_keeper_holds(&slot->held));
}

static struct procbuf_allow_result slot_allow(struct procbuf_slot_private *slot,
                                              const struct procbuf_lender *lender,
                                              procbuf_addr_t addr, size_t len,
                                              enum procbuf_access access)
{
    PROCBUF_KEEPS(slot_private, slot);
    PROCBUF_REQUIRE(R24, lender->process_ == NULL);
    const struct procbuf_buffer_private old = slot->held;
    const enum procbuf_error code = lender->build_(lender, addr, len, access, &slot->held);
    if (code != PROCBUF_OK)
        return (struct procbuf_allow_result){ code, addr, len };
    slot->keeper.holds = kernel_slot_holds;
    slot->swaps++;
    return (struct procbuf_allow_result){ PROCBUF_OK, old.addr, old.len };
}

static struct procbuf_buffer_private slot_get(const struct procbuf_slot_private *slot)
{
    PROCBUF_VERIFY(procbuf_slot_private_is_valid(slot));
    struct procbuf_buffer_private buffer = slot->held;
    buffer.slot_addr = (uintptr_t)&slot->keeper;
    buffer.slot_swaps = slot->swaps;
    return buffer;
}

struct procbuf_allow_result procbuf_readonly_slot_allow(struct procbuf_readonly_slot *slot,
                                                        const struct procbuf_lender *lender,
                                                        procbuf_addr_t addr, size_t len)
{
    PROCBUF_KEEPS(lender, lender);
    return slot_allow(&slot->private_, lender, addr, len, PROCBUF_ACCESS_READ);
}

struct procbuf_allow_result procbuf_readwrite_slot_allow(struct procbuf_readwrite_slot *slot,
                                                         const struct procbuf_lender *lender,
                                                         procbuf_addr_t addr, size_t len)
{
    PROCBUF_KEEPS(lender, lender);
    return slot_allow(&slot->private_, lender, addr, len, PROCBUF_ACCESS_READ_WRITE);
}

struct procbuf_readonly procbuf_readonly_slot_get(const struct procbuf_readonly_slot *slot)
{
    PROCBUF_VERIFY(procbuf_slot_private_is_valid(&slot->private_));
    return (struct procbuf_readonly){ slot_get(&slot->private_) };
}

struct procbuf_readwrite procbuf_readwrite_slot_get(const struct procbuf_readwrite_slot *slot)
{
    PROCBUF_VERIFY(procbuf_slot_private_is_valid(&slot->private_));
    return (struct procbuf_readwrite){ slot_get(&slot->private_) };
}
