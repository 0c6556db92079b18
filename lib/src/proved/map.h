/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of map.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_MAP_H
#define PROCBUF_SRC_PROVED_MAP_H

#include <procbuf/map.h>

#include "../range.h"

/*@ predicate allows{L}(struct procbuf_region *region, integer at, enum procbuf_access access) =
      region->start <= at < region->end && region->access >= access;

    predicate permitted{L}(struct procbuf_region *regions, integer count, integer at,
                           enum procbuf_access access) =
      \exists integer i; 0 <= i < count && allows(&regions[i], at, access);

    predicate all_permitted{L}(struct procbuf_region *regions, integer count, integer addr,
                               integer end, enum procbuf_access access) =
      \forall integer at; addr <= at < end ==> permitted(regions, count, at, access); */

/* For the proof: a lookup function that keeps what it owes (R22), and whose regions do not overlap. */
/*@ axiomatic lookups {
      predicate found(integer addr);
      logic integer start_of(integer addr);
      logic integer end_of(integer addr);
      logic integer access_of(integer addr);
      axiom holds: \forall integer at; found(at) ==> start_of(at) <= at < end_of(at);
      axiom is_the_only_one: \forall integer a, integer b;
        found(a) && start_of(a) <= b < end_of(a) ==>
          found(b) && start_of(b) == start_of(a) && end_of(b) == end_of(a) &&
          access_of(b) == access_of(a);
    }

    predicate all_found{L}(integer addr, integer end, enum procbuf_access access) =
      \forall integer at; addr <= at < end ==> found(at) && access_of(at) >= access; */
#ifdef __FRAMAC__
/*@ requires \valid(region_out);
    assigns *region_out;
    ensures \result <==> found(addr);
    ensures \result ==> region_out->start == start_of(addr) && region_out->end == end_of(addr) &&
                        region_out->access == access_of(addr); */
bool procbuf_any_lookup(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data);
#endif

/*@ requires \valid_read(region);
    assigns \nothing;
    ensures \result <==> region->access >= access; */
static bool has_right(const struct procbuf_region *region, enum procbuf_access access);

/*@ requires \valid_read(region);
    assigns \nothing;
    ensures \result <==> allows(region, at, access); */
static bool leads_on(const struct procbuf_region *region, procbuf_addr_t at,
                     enum procbuf_access access);

/*@ requires \valid_read(regions + (0 .. count - 1));
    requires at < end;
    assigns \nothing;
    ensures \result <==> all_permitted(regions, count, at, end, access); */
static bool regions_permit(const struct procbuf_region *regions, size_t count, procbuf_addr_t at,
                           procbuf_addr_t end, enum procbuf_access access);

/*@ requires \valid_read(map) && map->lookup_ == &procbuf_any_lookup && at < end;
    assigns \nothing;
    ensures \result <==> all_found(at, end, access); */
static bool lookup_permits(const struct procbuf_map *map, procbuf_addr_t at, procbuf_addr_t end,
                           enum procbuf_access access);

/*@ requires \valid_read(map) && map->lookup_ == \null;
    requires \valid_read(map->regions_ + (0 .. map->count_ - 1));
    requires addr < end;
    assigns \nothing;
    ensures \result <==> all_permitted(map->regions_, map->count_, addr, end, access); */
static bool map_permits(const struct procbuf_map *map, procbuf_addr_t addr, procbuf_addr_t end,
                        enum procbuf_access access);

/*@ requires \valid_read(map) && map->lookup_ == \null;
    requires \valid_read(map->regions_ + (0 .. map->count_ - 1));
    assigns \nothing;
    ensures \result <==> len == 0 || (addr != 0 && addr + len <= PROCBUF_ADDR_MAX &&
              all_permitted(map->regions_, map->count_, addr, addr + len, access)); */
static bool walk_permits(const struct procbuf_map *map, procbuf_addr_t addr, size_t len,
                         enum procbuf_access access);

/*@ requires \valid_read(map) && map->lookup_ == \null;
    requires \valid_read(map->regions_ + (0 .. map->count_ - 1));
    assigns \nothing;
    ensures \result <==> len == 0 || (addr != 0 && addr + len <= PROCBUF_ADDR_MAX &&
              all_permitted(map->regions_, map->count_, addr, addr + len, access)); */
static bool is_permitted(const struct procbuf_map *map, procbuf_addr_t addr, size_t len,
                         enum procbuf_access access);

#endif
