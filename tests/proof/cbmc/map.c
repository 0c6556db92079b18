/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Maps, lenders over them, and slots of the kernel's. Contract: M1 to M4, M6, R2, R5, R22, R24. */
#define WORLD_HAS_NO_BYTES
#define WORLD_HAS_MAPS
#include "world.h"

#define REGIONS 3

static struct procbuf_region regions[REGIONS];

static void any_regions(void)
{
    for (unsigned i = 0; i < REGIONS; i++)
        regions[i] =
            (struct procbuf_region){ nondet_addr(), nondet_addr(),
                                     any_bool() ? PROCBUF_ACCESS_READ : PROCBUF_ACCESS_READ_WRITE };
}

/* M1: a byte is accessible if a region that has the right holds it. */
static bool permits(procbuf_addr_t at, size_t count, enum procbuf_access access)
{
    for (unsigned i = 0; i < REGIONS; i++)
        if (i < count && regions[i].start <= at && at < regions[i].end &&
            (access == PROCBUF_ACCESS_READ || regions[i].access == PROCBUF_ACCESS_READ_WRITE))
            return true;
    return false;
}

/* Of a range that is refused, one of these is a byte without the right: where it begins, or a region ends. */
static bool lacks_a_byte(procbuf_addr_t addr, procbuf_addr_t end, size_t count,
                         enum procbuf_access access)
{
    if (!permits(addr, count, access))
        return true;
    for (unsigned i = 0; i < REGIONS; i++)
        if (i < count && regions[i].end > addr && regions[i].end < end &&
            !permits(regions[i].end, count, access))
            return true;
    return false;
}

/* M2, of a range whose life goes on. */
static bool is_accessible(procbuf_addr_t addr, size_t len, size_t count, enum procbuf_access access)
{
    return len == 0 || (addr != 0 && (exact)addr + (exact)len <= (exact)PROCBUF_ADDR_MAX &&
                        !lacks_a_byte(addr, addr + len, count, access));
}

static enum procbuf_access any_access(void)
{
    return any_bool() ? PROCBUF_ACCESS_READ : PROCBUF_ACCESS_READ_WRITE;
}

HARNESS(walk_regions)
{
    any_regions();
    const uint8_t count = nondet_u8();
    ASSUME(count <= REGIONS);
    const procbuf_addr_t addr = nondet_addr(), at = nondet_addr();
    const size_t len = nondet_size();
    const enum procbuf_access access = any_access();
    const struct procbuf_map map = procbuf_map_of_regions(regions, count, &capability);
    CLAIM(procbuf_map_is_valid(&map));
    const bool result = is_permitted(&map, addr, len, access);
    CLAIM(result == is_accessible(addr, len, count, access));
    CLAIM(IMPLIES(result && at >= addr && at - addr < len, permits(at, count, access)));
    const procbuf_addr_t last = len == 0 ? addr : (procbuf_addr_t)((exact)addr + (exact)(len - 1));
    REACH(result && len != 0 && !permits(addr, 1, access) && !permits(last, 1, access));
    REACH(!result && permits(addr, count, access) && permits(last, count, access) && last > addr);
}

/* M3: a function, which answers once for each region on the way. */
static unsigned lookups;
static bool is_honest;

static bool find_region(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    CLAIM(data == regions && lookups < REGIONS + 1);
    lookups++;
    for (unsigned i = 0; i < REGIONS; i++)
        if (regions[i].start <= addr && addr < regions[i].end) {
            *region_out = regions[i];
            return true;
        }
    if (is_honest)
        return false;
    *region_out = regions[0];
    must_panic = 22;
    return true;
}

HARNESS(walk_lookup)
{
    any_regions();
    is_honest = true;
    for (unsigned i = 0; i < REGIONS; i++)
        for (unsigned j = 0; j < i; j++)
            ASSUME(
                !share_a_byte(regions[i].start, regions[i].end, regions[j].start, regions[j].end));
    const procbuf_addr_t addr = nondet_addr();
    const size_t len = nondet_size();
    const enum procbuf_access access = any_access();
    const struct procbuf_map map = procbuf_map_of_lookup(find_region, regions, &capability);
    const bool result = is_permitted(&map, addr, len, access);
    CLAIM(result == is_accessible(addr, len, REGIONS, access));
    REACH(result && lookups == 3);
    REACH(!result && lookups == 2);
    REACH(result && lookups == 0);
}

/* R22 */
HARNESS(walk_lookup_that_lies)
{
    any_regions();
    const procbuf_addr_t addr = nondet_addr();
    ASSUME(addr != 0);
    const struct procbuf_map map = procbuf_map_of_lookup(find_region, regions, &capability);
    (void)is_permitted(&map, addr, 1, PROCBUF_ACCESS_READ);
    NO_PANIC();
    REACH(lookups == 1);
}

HARNESS(map_making)
{
    const uint8_t which = nondet_u8();
    const bool has_capability = any_bool(), has_array = any_bool(), has_function = any_bool();
    const size_t count = nondet_size();
    const struct procbuf_external_process_capability *const given =
        has_capability ? &capability : NULL;
    if (which == 0) {
        PANICS(2, !has_capability);
        if (has_capability)
            PANICS(5, !has_array && count != 0);
        const struct procbuf_map map =
            procbuf_map_of_regions(has_array ? regions : NULL, count, given);
        NO_PANIC();
        CLAIM(map.regions_ == (has_array ? regions : NULL) && map.count_ == count &&
              map.lookup_ == NULL);
        CLAIM(map.keeper_.holds == map_holds);
    } else {
        PANICS(2, !has_capability || !has_function);
        const struct procbuf_map map =
            procbuf_map_of_lookup(has_function ? find_region : NULL, regions, given);
        NO_PANIC();
        CLAIM(map.regions_ == NULL && map.count_ == 0 && map.lookup_ == find_region &&
              map.data_ == regions);
        CLAIM(map.keeper_.holds == map_holds);
    }
}

static struct procbuf_map the_map;

static struct procbuf_id any_life(void)
{
    return (struct procbuf_id){ { NULL, &foreign, foreign_identifier }, foreign_index };
}

/* M2, M4: built exactly if accessible; a rechecked one is alive exactly while the map permits it, a pinned one always. The kind
 * of lender is a constant, so that CBMC need not follow what others would do. */
static void lend(bool is_rechecked, bool has_map, bool writes)
{
    any_foreign();
    any_regions();
    const uint8_t count = nondet_u8(), new_count = nondet_u8();
    ASSUME(count <= 2 && new_count <= 2);
    the_map = procbuf_map_of_regions(regions, count, &capability);
    const struct procbuf_lender lender =
        is_rechecked ? procbuf_lender_rechecked(has_map ? &the_map : NULL, any_life())
                     : procbuf_lender_pinned(has_map ? &the_map : NULL, any_life());
    CLAIM(procbuf_lender_is_valid(&lender));
    const procbuf_addr_t addr = nondet_addr();
    const size_t len = nondet_size();
    const enum procbuf_access access = writes ? PROCBUF_ACCESS_READ_WRITE : PROCBUF_ACCESS_READ;
    struct procbuf_readonly readonly = procbuf_readonly_default();
    struct procbuf_readwrite readwrite = procbuf_readwrite_default();
    const enum procbuf_error error =
        writes ? procbuf_readwrite_build_from(&lender, addr, len, &readwrite)
               : procbuf_readonly_build_from(&lender, addr, len, &readonly);
    const bool is_right = is_accessible(addr, len, has_map ? count : 0, access);
    CLAIM(error == (!foreign_lives ? PROCBUF_NO_SUCH_APP : is_right ? PROCBUF_OK : PROCBUF_INVAL));
    CLAIM(no_more());
    REACH(error == PROCBUF_INVAL);
    REACH(error == PROCBUF_NO_SUCH_APP && is_right);
    const struct procbuf_buffer_private *made = writes ? &readwrite.private_ : &readonly.private_;
    if (error != PROCBUF_OK) {
        CLAIM(made->id.table == NULL && made->len == 0 && made->slot_addr == 0);
        return;
    }
    const uintptr_t keeper = is_rechecked && has_map ? (uintptr_t)&the_map.keeper_ : 0;
    CLAIM(made->addr == addr && made->len == len && made->id.table == &foreign &&
          made->index == foreign_index);
    CLAIM(made->id.identifier == foreign_identifier && made->id.process == NULL);
    CLAIM(made->slot_addr == keeper && made->slot_swaps == access);
    /* The same, as constants. */
    const struct procbuf_buffer_private same = { any_life().private_, addr,  len, keeper,
                                                 foreign_index,       access };
    the_map.count_ = new_count;
    foreign_lives = any_bool();
    const bool holds =
        foreign_lives && (keeper == 0 || is_accessible(addr, len, new_count, access));
    CLAIM(buffer_len(&same) == (holds ? len : 0));
    REACH(!holds);
    REACH(holds && len != 0);
}

HARNESS(lend_from_map)
{
    switch (nondet_u8()) {
    case 0: lend(true, true, true); break;
    case 1: lend(true, true, false); break;
    case 2: lend(false, true, true); break;
    case 3: lend(false, true, false); break;
    case 4: lend(true, false, false); break;
    default: lend(false, false, true); break;
    }
}

/* R2: an id of a process of ours has no map. */
HARNESS(lender_of_ours)
{
    any_world();
    any_foreign();
    const struct procbuf_id id = any_id();
    PANICS(2, id.private_.process != NULL);
    const struct procbuf_lender lender =
        any_bool() ? procbuf_lender_pinned(NULL, id) : procbuf_lender_rechecked(NULL, id);
    NO_PANIC();
    CLAIM(procbuf_lender_is_valid(&lender) && lender.process_ == NULL && lender.keeper_ == NULL);
}

/* M6, A2, H6: a slot in any state that an allow leaves, with the kind of lender as a constant. */
static struct procbuf_slot_private any_kernel_slot(uintptr_t keeper)
{
    const struct procbuf_slot_private slot = { { kernel_slot_holds },
                                               { any_life().private_, nondet_addr(), nondet_size(),
                                                 keeper, foreign_index, PROCBUF_ACCESS_READ_WRITE },
                                               nondet_u64() };
    ASSUME(slot.held.len == 0 ||
           (slot.held.addr != 0 && slot.held.len <= PROCBUF_ADDR_MAX - slot.held.addr));
    ASSUME(slot.swaps >= 1 && slot.swaps < UINT64_MAX);
    return slot;
}

static void claim_slot_allow(bool is_rechecked, bool writes)
{
    any_foreign();
    any_regions();
    the_map = procbuf_map_of_regions(regions, 1, &capability);
    const uintptr_t keeper = is_rechecked ? (uintptr_t)&the_map.keeper_ : 0;
    const struct procbuf_slot_private old = any_kernel_slot(keeper);
    struct procbuf_readonly_slot readonly = { old };
    struct procbuf_readwrite_slot readwrite = { old };
    const struct procbuf_lender lender = is_rechecked
                                             ? procbuf_lender_rechecked(&the_map, any_life())
                                             : procbuf_lender_pinned(&the_map, any_life());
    const procbuf_addr_t addr = nondet_addr();
    const size_t len = nondet_size();
    const struct procbuf_allow_result result =
        writes ? procbuf_readwrite_slot_allow(&readwrite, &lender, addr, len)
               : procbuf_readonly_slot_allow(&readonly, &lender, addr, len);
    const struct procbuf_slot_private *now = writes ? &readwrite.private_ : &readonly.private_;
    const enum procbuf_access access = writes ? PROCBUF_ACCESS_READ_WRITE : PROCBUF_ACCESS_READ;
    const bool is_right = is_accessible(addr, len, 1, access);
    CLAIM(result.code == (!foreign_lives ? PROCBUF_NO_SUCH_APP
                          : is_right     ? PROCBUF_OK
                                         : PROCBUF_INVAL));
    const bool is_ok = result.code == PROCBUF_OK;
    CLAIM(result.addr == (is_ok ? old.held.addr : addr) &&
          result.len == (is_ok ? old.held.len : len));
    CLAIM(now->held.addr == (is_ok ? addr : old.held.addr) &&
          now->held.len == (is_ok ? len : old.held.len));
    CLAIM(now->swaps == old.swaps + (is_ok ? 1 : 0) && now->keeper.holds == kernel_slot_holds &&
          now->held.slot_addr == keeper);
    CLAIM(now->held.id.table == &foreign && now->held.id.identifier == foreign_identifier &&
          now->held.index == foreign_index);
    CLAIM(procbuf_slot_private_is_valid(now) && no_more());
    REACH(is_ok);
    REACH(result.code == PROCBUF_INVAL);
}

HARNESS(slot_of_the_kernel)
{
    switch (nondet_u8()) {
    case 0: claim_slot_allow(true, true); break;
    case 1: claim_slot_allow(true, false); break;
    case 2: claim_slot_allow(false, true); break;
    default: claim_slot_allow(false, false); break;
    }
}

/* H6, M4: what was read from a slot lives until the slot is swapped, and while the map permits it, if that is rechecked. */
static void read_kernel_slot(bool is_rechecked)
{
    any_foreign();
    any_regions();
    the_map = procbuf_map_of_regions(regions, 1, &capability);
    struct procbuf_readonly_slot readonly = { any_kernel_slot(
        is_rechecked ? (uintptr_t)&the_map.keeper_ : 0) };
    const struct procbuf_readwrite_slot readwrite = { readonly.private_ };
    const struct procbuf_slot_private slot = readonly.private_;
    const struct procbuf_readonly held = procbuf_readonly_slot_get(&readonly);
    const struct procbuf_readwrite writable = procbuf_readwrite_slot_get(&readwrite);
    CLAIM(held.private_.addr == slot.held.addr && held.private_.len == slot.held.len &&
          held.private_.slot_swaps == slot.swaps);
    CLAIM(held.private_.slot_addr == (uintptr_t)&readonly.private_.keeper &&
          held.private_.id.table == &foreign);
    CLAIM(writable.private_.slot_addr == (uintptr_t)&readwrite.private_.keeper &&
          writable.private_.len == slot.held.len);
    const bool is_swapped = any_bool();
    if (is_swapped)
        readonly.private_.swaps++;
    const bool holds =
        !is_swapped && (!is_rechecked ||
                        is_accessible(slot.held.addr, slot.held.len, 1, PROCBUF_ACCESS_READ_WRITE));
    CLAIM(kernel_slot_holds(&readonly.private_.keeper, &held.private_) == holds);
    REACH(holds && slot.held.len != 0);
    REACH(is_swapped);
}

HARNESS(read_slot_of_the_kernel)
{
    if (any_bool())
        read_kernel_slot(true);
    else
        read_kernel_slot(false);
}

/* H1: its length asks the keeper, of a pinned one. */
HARNESS(keeper)
{
    any_foreign();
    const struct procbuf_slot_private slot = any_kernel_slot(0);
    const struct procbuf_buffer_private buffer = {
        any_life().private_, 8, 8, (uintptr_t)&slot.keeper, foreign_index, slot.swaps
    };
    const struct procbuf_slot_private never = { { NULL }, { { NULL, NULL, 0 }, 0, 0, 0, 0, 0 }, 0 };
    struct procbuf_buffer_private empty = { any_life().private_, 0, 0, (uintptr_t)&never.keeper,
                                            foreign_index,       0 };
    CLAIM(procbuf_keeper_holds(&buffer) && buffer_len(&buffer) == (foreign_lives ? 8 : 0));
    CLAIM(procbuf_keeper_holds(&empty) && buffer_len(&empty) == 0);
    empty.len = 1;
    CLAIM(!procbuf_keeper_holds(&empty));
    REACH(foreign_lives);
}

/* R24 */
HARNESS_OF_PROCESS(slot_and_a_process)
{
    struct procbuf_readonly_slot slot = { 0 };
    const struct procbuf_lender lender =
        any_bool() ? procbuf_lender_process(process) : procbuf_lender_pinned(NULL, any_life());
    PANICS(24, lender.process_ != NULL);
    (void)procbuf_readonly_slot_allow(&slot, &lender, nondet_addr(), nondet_size());
    NO_PANIC();
}
