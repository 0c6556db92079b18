/* The compiler's callbacks: every access is reported, once, with its size. A compiler that stops
 * doing so makes the access oracle blind, and is found here. Links hooks_asan.c with a recorder
 * in place of the oracle. */
#include <criterion/criterion.h>

#include "oracle.h"
#include "probes.h"

static unsigned loads, stores;
static size_t load_bytes, store_bytes;

void access_load(uintptr_t addr, size_t len)
{
    (void)addr;
    loads++;
    load_bytes += len;
}

void access_store(uintptr_t addr, size_t len)
{
    (void)addr;
    stores++;
    store_bytes += len;
}

static uint8_t *at(uint32_t offset)
{
    return (uint8_t *)((uintptr_t)ARENA_BASE + offset);
}

static void expect(const char *what, unsigned want_loads, size_t want_load_bytes,
                   unsigned want_stores, size_t want_store_bytes)
{
    cr_assert_eq(loads, want_loads, "%s: %u loads", what, loads);
    cr_assert_eq(load_bytes, want_load_bytes, "%s: %zu bytes loaded", what, load_bytes);
    cr_assert_eq(stores, want_stores, "%s: %u stores", what, stores);
    cr_assert_eq(store_bytes, want_store_bytes, "%s: %zu bytes stored", what, store_bytes);
    loads = stores = 0;
    load_bytes = store_bytes = 0;
}

Test(hooks, every_access_is_reported_once)
{
    uint8_t *a = at(ARENA_SCRATCH), *b = at(ARENA_OUT);
    arena_map();
    probe_two_volatile_loads(a);
    expect("two volatile loads", 2, 2, 0, 0);
    probe_load_thrown_away(a);
    expect("a load thrown away", 1, 1, 0, 0);
    probe_store_itself(a);
    expect("*p = *p", 1, 1, 1, 1);
    probe_two_stores(a);
    expect("two stores", 0, 0, 2, 2);
    probe_or_one(a);
    expect("*p |= 1", 1, 1, 1, 1);
    probe_struct_copy(a, b);
    expect("struct copy", 1, 40, 1, 40);
    (void)probe_unaligned_load(a + 1);
    expect("unaligned load", 1, 4, 0, 0);
    probe_byte_loop(a, b, 9);
    expect("byte loop", 9, 9, 9, 9);
    probe_store8((uint64_t *)a);
    expect("store of 8", 0, 0, 1, 8);
}

Test(hooks, bulk_copies_are_reported_whole)
{
    static const size_t lens[] = { 0, 1, 5, 40 };
    uint8_t *a = at(ARENA_SCRATCH), *b = at(ARENA_OUT);
    arena_map();
    for (size_t l = 0; l < 4; l++) {
        const size_t len = lens[l];
        const unsigned once = len != 0;
        probe_memcpy(a, b, len);
        expect("memcpy", once, len, once, len);
        probe_memmove(a + 1, a, len);
        expect("memmove", once, len, once, len);
        probe_memset(a, len);
        expect("memset", 0, 0, once, len);
    }
}

Test(hooks, memory_outside_the_arena_is_left_to_asan)
{
    uint8_t local[8] = { 0 }, *a = at(ARENA_SCRATCH);
    arena_map();
    probe_or_one(local);
    expect("a local", 0, 0, 0, 0);
    probe_memcpy(local, a, 8);
    expect("arena to local", 1, 8, 0, 0);
    probe_memcpy(a, local, 8);
    expect("local to arena", 0, 0, 1, 8);
}
