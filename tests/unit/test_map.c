/* Maps, buffers over them, lenders, vectors and slots of the kernel's. Contract: M. */
#include "kernel.h"

#include <procbuf/capability.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(trusted);

/* Two tasks of a table of the kernel's own; regions of the world's memory. */
static struct procbuf_table tasks;
static uint64_t births[2];
static struct procbuf_region regions[4];
static struct procbuf_map map;
static struct procbuf_readonly ro;
static struct procbuf_readwrite rw;
static uint8_t array[64];
static size_t len;
static unsigned lookups;

enum { READ = PROCBUF_ACCESS_READ, WRITE = PROCBUF_ACCESS_READ_WRITE };

static bool is_live(uint32_t index, uint64_t identifier, const void *data)
{
    (void)data;
    return index < 2 && births[index] == identifier;
}

static struct procbuf_id task(uint32_t index)
{
    return procbuf_id_new_external(&tasks, index, births[index], &trusted);
}

static struct procbuf_region region(size_t start, size_t end, int access)
{
    return (struct procbuf_region){ at(start), at(end), (enum procbuf_access)access };
}

/* [100, 140) to read and write, [140, 160) to read, then a gap, [170, 180) to read and write. */
static void make(void)
{
    world_make();
    procbuf_table_init_external(&tasks, is_live, NULL);
    births[0] = 10;
    births[1] = 11;
    regions[0] = region(170, 180, WRITE);
    regions[1] = region(140, 160, READ);
    regions[2] = region(100, 140, WRITE);
    map = procbuf_map_of_regions(regions, 3, &trusted);
    for (size_t i = 0; i < WORLD_LEN; i++)
        world_memory[i] = (uint8_t)i;
    memset(array, 0xee, sizeof array);
    len = 77;
    lookups = 0;
}

TestSuite(map, .init = make);

static enum procbuf_error build_ro(size_t offset, size_t count)
{
    const struct procbuf_lender lender = procbuf_lender_rechecked(&map, task(0));
    return procbuf_readonly_build_from(&lender, at(offset), count, &ro);
}

static enum procbuf_error build_rw(size_t offset, size_t count)
{
    const struct procbuf_lender lender = procbuf_lender_rechecked(&map, task(0));
    return procbuf_readwrite_build_from(&lender, at(offset), count, &rw);
}

/* ---- M1, M2: what a map permits ---- */

Test(map, a_range_inside_a_region_is_lent)
{
    ACCEPTS("M1 M2");
    cr_assert_eq(build_ro(100, 40), PROCBUF_OK);
    cr_assert(procbuf_readonly_len(&ro) == 40 && procbuf_readonly_addr(&ro) == at(100));
    cr_assert_eq(build_rw(100, 1), PROCBUF_OK);
    cr_assert_eq(build_rw(139, 1), PROCBUF_OK);
    cr_assert_eq(build_rw(170, 10), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_len(&rw), 10);
    cr_assert_eq(port_event_count, 0);
}

Test(map, a_range_goes_over_regions_that_touch_in_any_order)
{
    ACCEPTS("M1 M2 M3");
    cr_assert_eq(build_ro(100, 60), PROCBUF_OK);
    cr_assert_eq(build_ro(139, 2), PROCBUF_OK);
    regions[3] = region(150, 175, READ); /* overlaps both sides of the gap */
    map = procbuf_map_of_regions(regions, 4, &trusted);
    cr_assert_eq(build_ro(100, 80), PROCBUF_OK);
}

Test(map, a_byte_without_the_right_refuses_the_range)
{
    REFUSES("M1 M2");
    cr_assert_eq(build_ro(100, 61), PROCBUF_INVAL, "a byte past the end");
    cr_assert_eq(build_ro(99, 2), PROCBUF_INVAL);
    cr_assert_eq(build_ro(150, 25), PROCBUF_INVAL, "over the gap");
    cr_assert_eq(build_ro(160, 10), PROCBUF_INVAL, "the gap");
    cr_assert_eq(build_ro(160, 1), PROCBUF_INVAL, "the end of a region is not in it");
    cr_assert_eq(build_rw(140, 1), PROCBUF_INVAL, "to read only");
    cr_assert_eq(build_rw(139, 2), PROCBUF_INVAL);
    cr_assert_eq(build_ro(180, 1), PROCBUF_INVAL);
}

Test(map, of_overlapping_regions_one_with_the_right_is_enough)
{
    ACCEPTS("M1");
    regions[0] = region(100, 160, READ);
    regions[1] = region(100, 160, WRITE);
    map = procbuf_map_of_regions(regions, 2, &trusted);
    cr_assert_eq(build_rw(100, 60), PROCBUF_OK);
}

Test(map, a_range_that_wraps_or_contains_null_is_refused)
{
    const procbuf_addr_t top = (procbuf_addr_t)-1;
    const struct procbuf_lender lender = procbuf_lender_pinned(&map, task(0));
    REFUSES("M1 M2");
    regions[0] = (struct procbuf_region){ 0, top, PROCBUF_ACCESS_READ_WRITE };
    cr_assert_eq(procbuf_readonly_build_from(&lender, 0, 1, &ro), PROCBUF_INVAL);
    cr_assert_eq(procbuf_readonly_build_from(&lender, 0, (size_t)top, &ro), PROCBUF_INVAL);
    cr_assert_eq(procbuf_readonly_build_from(&lender, top, 1, &ro), PROCBUF_INVAL);
    cr_assert_eq(procbuf_readonly_build_from(&lender, 2, (size_t)top, &ro), PROCBUF_INVAL);
    cr_assert_eq(procbuf_readonly_build_from(&lender, at(100), SIZE_MAX, &ro), PROCBUF_INVAL);
    cr_assert_eq(procbuf_readonly_build_from(&lender, top - 1, 1, &ro), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_build_from(&lender, 1, (size_t)top - 1, &ro), PROCBUF_OK);
}

Test(map, a_region_whose_end_is_not_above_its_start_holds_nothing)
{
    REFUSES("M1");
    regions[0] = region(180, 170, WRITE);
    regions[1] = region(150, 150, WRITE);
    map = procbuf_map_of_regions(regions, 2, &trusted);
    for (size_t i = 140; i < 190; i++)
        cr_assert_eq(build_ro(i, 1), PROCBUF_INVAL);
}

Test(map, no_map_permits_nothing)
{
    const struct procbuf_lender none = procbuf_lender_rechecked(NULL, task(0));
    static struct procbuf_map zeroed;
    REFUSES("M2");
    cr_assert_eq(procbuf_readonly_build_from(&none, at(100), 1, &ro), PROCBUF_INVAL);
    cr_assert_eq(procbuf_readonly_build_from(&none, at(100), 0, &ro), PROCBUF_OK);
    map = zeroed;
    cr_assert_eq(build_ro(100, 1), PROCBUF_INVAL);
    map = procbuf_map_of_regions(NULL, 0, &trusted);
    cr_assert_eq(build_ro(100, 1), PROCBUF_INVAL);
    cr_assert_eq(build_ro(100, 0), PROCBUF_OK);
}

Test(map, a_life_that_is_over_comes_before_all_else)
{
    const struct procbuf_lender lender = procbuf_lender_rechecked(&map, task(0));
    const struct procbuf_lender absent = procbuf_lender_rechecked(&map, no_id);
    REFUSES("M2");
    births[0] = 12;
    ro = procbuf_readonly_default();
    cr_assert_eq(procbuf_readonly_build_from(&lender, at(100), 0, &ro), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readonly_build_from(&lender, 0, 1, &ro), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readonly_build_from(&absent, at(100), 0, &ro), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readonly_addr(&ro), 0);
}

Test(map, an_empty_range_is_lent_wherever_it_is)
{
    procbuf_addr_t addr;
    ACCEPTS("M2");
    cr_assert_eq(build_ro(500, 0), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_addr(&ro), 0);
    procbuf_readonly_consume(&ro, &addr, &len);
    cr_assert(addr == at(500) && len == 0);
}

Test(map, an_error_writes_nothing)
{
    REFUSES("M2 E3");
    cr_assert_eq(build_ro(100, 7), PROCBUF_OK);
    cr_assert_eq(build_ro(160, 1), PROCBUF_INVAL);
    const struct procbuf_lender other = procbuf_lender_rechecked(&map, task(1));
    cr_assert_eq(procbuf_readonly_build_from(&other, at(160), 1, &ro), PROCBUF_INVAL);
    births[1]++;
    cr_assert(procbuf_readonly_addr(&ro) == at(100) && procbuf_readonly_len(&ro) == 7);
}

/* Neither the length nor the end is where a region would have to be. */
Test(map, a_range_begins_at_its_address)
{
    const struct procbuf_lender lender = procbuf_lender_pinned(&map, task(0));
    REFUSES("M2");
    cr_assert_eq(procbuf_readonly_build_from(&lender, 1, (size_t)at(170), &ro), PROCBUF_INVAL);
}

Test(map, a_range_is_held_to_its_last_byte)
{
    static const size_t wholes[] = { 256, 1 << 16 };
    ACCEPTS("M4");
    REFUSES("M4");
    for (size_t w = 0; w < 2; w++) {
        regions[0] = region(0, wholes[w] + 8, READ); /* of which no byte is touched */
        cr_assert_eq(build_ro(0, wholes[w] + 8), PROCBUF_OK);
        cr_assert_eq(procbuf_readonly_len(&ro), wholes[w] + 8);
        regions[0].end--;
        cr_assert_eq(procbuf_readonly_len(&ro), 0);
        regions[0].end++;
        struct procbuf_readonly_slot slot;
        memset(&slot, 0, sizeof slot);
        const struct procbuf_lender lender = procbuf_lender_pinned(&map, task(0));
        cr_assert_eq(procbuf_readonly_slot_allow(&slot, &lender, at(0), wholes[w] + 8).code,
                     PROCBUF_OK);
        cr_assert_eq(procbuf_readonly_slot_allow(&slot, &lender, at(0), 1).len, wholes[w] + 8);
    }
}

/* ---- M1, M3: functions ---- */

static bool look_up(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    const struct procbuf_region *all = data;
    lookups++;
    for (int i = 0; i < 3; i++) {
        if (all[i].start <= addr && addr < all[i].end) {
            *region_out = all[i];
            return true;
        }
    }
    return false;
}

static bool answer_wrongly(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    (void)addr;
    *region_out = *(const struct procbuf_region *)data;
    return true;
}

Test(map, a_function_is_called_once_for_each_region_on_the_way)
{
    ACCEPTS("M1 M3");
    map = procbuf_map_of_lookup(look_up, regions, &trusted);
    cr_assert_eq(build_ro(100, 60), PROCBUF_OK);
    cr_assert_eq(lookups, 2);
    cr_assert_eq(build_ro(110, 30), PROCBUF_OK);
    cr_assert_eq(lookups, 3);
    cr_assert_eq(build_ro(110, 0), PROCBUF_OK);
    cr_assert_eq(lookups, 3);
}

Test(map, a_function_that_finds_none_or_too_little_refuses)
{
    REFUSES("M1 M2 M3");
    map = procbuf_map_of_lookup(look_up, regions, &trusted);
    cr_assert_eq(build_ro(100, 61), PROCBUF_INVAL);
    cr_assert_eq(lookups, 3, "two regions, and the address past them");
    cr_assert_eq(build_rw(130, 20), PROCBUF_INVAL);
    cr_assert_eq(lookups, 5);
    cr_assert_eq(build_ro(99, 1), PROCBUF_INVAL);
}

Test(map, a_region_without_the_address_is_a_kernels_mistake)
{
    REFUSES("M3 E4 R22");
    map = procbuf_map_of_lookup(answer_wrongly, &regions[0], &trusted);
    cr_assert_eq(build_ro(170, 10), PROCBUF_OK);
    MUST_PANIC(build_ro(169, 1));
    cr_assert(strstr(port_panic_message, "R22") != NULL);
    MUST_PANIC(build_ro(180, 1));
    MUST_PANIC(build_ro(170, 11));
    map = procbuf_map_of_lookup(answer_wrongly, &regions[1], &trusted);
    MUST_PANIC(build_rw(169, 1)); /* before the right is looked at */
}

/* ---- M4: rechecked and pinned ---- */

static void must_not_run(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
    cr_assert_fail("the body runs");
}

static void must_not_write(struct procbuf_writable slice, void *data)
{
    (void)slice, (void)data;
    cr_assert_fail("the body runs");
}

static void fetch(struct procbuf_readable slice, void *data)
{
    (void)data;
    len = procbuf_readable_len(slice);
    cr_assert_eq(procbuf_readable_copy_to(slice, array, len), PROCBUF_OK);
}

Test(map, a_rechecked_buffer_sleeps_while_a_byte_is_missing)
{
    ACCEPTS("M4");
    REFUSES("M4");
    cr_assert_eq(build_ro(130, 20), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&ro, fetch, NULL), PROCBUF_OK);
    cr_assert(len == 20 && array[0] == 130 && array[19] == 149);
    cr_assert_str_eq(port_story(), "oc");
    port_forget();

    regions[1].end = at(149);
    cr_assert_eq(procbuf_readonly_len(&ro), 0);
    cr_assert_eq(procbuf_readonly_enter(&ro, must_not_run, NULL), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readonly_read_at(&ro, 0, array, 1, &len), PROCBUF_NO_SUCH_APP);
    cr_assert_str_eq(port_story(), "", "no byte is touched");
    cr_assert_eq(procbuf_readonly_addr(&ro), at(130));

    regions[1].end = at(150);
    cr_assert_eq(procbuf_readonly_len(&ro), 20);
    memset(&map, 0, sizeof map); /* never made */
    cr_assert_eq(procbuf_readonly_len(&ro), 0);
}

Test(map, a_pinned_buffer_does_not_ask)
{
    const struct procbuf_lender lender = procbuf_lender_pinned(&map, task(0));
    ACCEPTS("M4");
    cr_assert_eq(procbuf_readonly_build_from(&lender, at(130), 20, &ro), PROCBUF_OK);
    map = procbuf_map_of_lookup(look_up, regions, &trusted);
    cr_assert_eq(procbuf_readonly_enter(&ro, fetch, NULL), PROCBUF_OK);
    cr_assert(len == 20 && lookups == 0);
    births[0]++;
    cr_assert_eq(procbuf_readonly_len(&ro), 0);
    cr_assert_eq(procbuf_readonly_enter(&ro, must_not_run, NULL), PROCBUF_NO_SUCH_APP);
}

Test(map, each_use_walks_once_and_only_while_its_life_goes_on)
{
    ACCEPTS("M3 M4");
    map = procbuf_map_of_lookup(look_up, regions, &trusted);
    cr_assert_eq(build_ro(130, 20), PROCBUF_OK);
    lookups = 0;
    cr_assert_eq(procbuf_readonly_len(&ro), 20);
    cr_assert_eq(lookups, 2);
    cr_assert_eq(procbuf_readonly_enter(&ro, fetch, NULL), PROCBUF_OK);
    cr_assert_eq(lookups, 4);
    births[0]++;
    cr_assert_eq(procbuf_readonly_len(&ro), 0);
    cr_assert_eq(lookups, 4);
}

Test(map, a_read_write_buffer_needs_its_right_in_every_use)
{
    REFUSES("M4");
    cr_assert_eq(build_rw(110, 10), PROCBUF_OK);
    const struct procbuf_readonly held = procbuf_readwrite_as_readonly(&rw);
    cr_assert_eq(procbuf_readonly_len(&held), 10);
    regions[2].access = PROCBUF_ACCESS_READ;
    cr_assert_eq(procbuf_readonly_len(&held), 0);
    cr_assert_eq(procbuf_readwrite_len(&rw), 0);
    cr_assert_eq(procbuf_readwrite_enter(&rw, must_not_run, NULL), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readwrite_mut_enter(&rw, must_not_write, NULL), PROCBUF_NO_SUCH_APP);
}

Test(map, an_empty_buffer_stays)
{
    ACCEPTS("M4");
    cr_assert_eq(build_ro(110, 0), PROCBUF_OK);
    map = procbuf_map_of_regions(NULL, 0, &trusted);
    cr_assert_eq(procbuf_readonly_enter(&ro, fetch, NULL), PROCBUF_OK);
    cr_assert_eq(len, 0);
    memset(&map, 0, sizeof map);
    cr_assert_eq(procbuf_readonly_enter(&ro, fetch, NULL), PROCBUF_OK);
}

static void shrink_and_read(struct procbuf_readable slice, void *data)
{
    uint8_t byte = 0;
    (void)data;
    map = procbuf_map_of_regions(NULL, 0, &trusted);
    cr_assert_eq(procbuf_readonly_len(&ro), 0);
    cr_assert_eq(procbuf_readonly_enter(&ro, must_not_run, NULL), PROCBUF_NO_SUCH_APP);
    cr_assert(procbuf_readable_get(slice, 9, &byte) && byte == 119);
}

Test(map, a_map_that_shrinks_inside_leaves_the_body_its_slice)
{
    ACCEPTS("M4");
    cr_assert_eq(build_ro(110, 10), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&ro, shrink_and_read, NULL), PROCBUF_OK);
    cr_assert_str_eq(port_story(), "oc");
}

Test(map, streams_ask_at_each_step)
{
    struct procbuf_readonly from[2];
    struct procbuf_readwrite to;
    ACCEPTS("M6");
    REFUSES("M4 M6");
    cr_assert_eq(build_ro(100, 5), PROCBUF_OK);
    from[0] = ro;
    cr_assert_eq(build_ro(170, 5), PROCBUF_OK);
    from[1] = ro;
    cr_assert_eq(build_rw(120, 10), PROCBUF_OK);
    to = rw;
    struct procbuf_reader reader = procbuf_reader_over(from, 2);
    struct procbuf_writer writer = procbuf_writer_over(&to, 1);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 7, &len), PROCBUF_OK);
    cr_assert(len == 7 && world_memory[120] == 100 && world_memory[126] == 171);
    regions[0].end = at(174);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 7, &len), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_reader_read(&reader, array, 1, &len), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_reader_skip(&reader, 1, &len), PROCBUF_NO_SUCH_APP);
    regions[0].end = at(175);
    cr_assert_eq(procbuf_reader_read(&reader, array, 9, &len), PROCBUF_OK);
    cr_assert(len == 3 && array[0] == 172);
    regions[2].start = at(121);
    cr_assert_eq(procbuf_writer_write(&writer, array, 1, &len), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readwrite_write_at(&to, 0, array, 1, &len), PROCBUF_NO_SUCH_APP);
}

/* ---- M5: pairs and vectors ---- */

static void put_pair(size_t offset, procbuf_addr_t addr, procbuf_addr_t pair_len)
{
    const struct procbuf_pair pair = { addr, pair_len };
    memcpy(&world_memory[offset], &pair, sizeof pair);
}

enum { PAIR = sizeof(struct procbuf_pair) };
static struct procbuf_readonly ros[4];
static struct procbuf_readwrite rws[4];

static void fill_vector(void)
{
    regions[3] = region(200, 300, WRITE);
    map = procbuf_map_of_regions(regions, 4, &trusted);
    put_pair(201, at(100), 10);
    put_pair(201 + PAIR, at(900), 0);
    put_pair(201 + 2 * PAIR, at(170), 5);
    len = 77;
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(build_ro(100, 1), PROCBUF_OK);
        ros[i] = ro;
    }
}

static enum procbuf_error build_vector(size_t offset, size_t count, size_t max)
{
    const struct procbuf_lender lender = procbuf_lender_rechecked(&map, task(0));
    return procbuf_readonly_build_vector(&lender, at(offset), count, ros, max, &len);
}

Test(map, a_vector_is_built_in_order_ready_for_a_reader)
{
    ACCEPTS("M5");
    fill_vector();
    cr_assert_eq(build_vector(201, 3, 3), PROCBUF_OK);
    cr_assert_str_eq(port_story(), "oc", "one enter of the array");
    cr_assert(port_events[0].addr == at(201) && port_events[0].len == (size_t)3 * PAIR);
    cr_assert_eq(procbuf_readonly_len(&ros[0]), 10);
    cr_assert_eq(procbuf_readonly_len(&ros[1]), 0);
    cr_assert_eq(procbuf_readonly_len(&ros[2]), 5);
    struct procbuf_reader reader = procbuf_reader_over(ros, 3);
    cr_assert_eq(procbuf_reader_read(&reader, array, 64, &len), PROCBUF_OK);
    cr_assert(len == 15 && array[9] == 109 && array[10] == 170);
    cr_assert_eq(procbuf_readonly_addr(&ros[3]), at(100), "no more than count");
    ros[3] = procbuf_readonly_new_external(at(900), 5, task(0), &trusted);
    cr_assert_eq(build_vector(201, 3, 3), PROCBUF_OK, "nor what was there");
    cr_assert_eq(procbuf_readonly_addr(&ros[3]), at(900));
}

static bool end_a_life(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    (void)addr, (void)data;
    if (++lookups == 2)
        births[0]++;
    *region_out = region(0, WORLD_LEN, READ);
    return true;
}

Test(map, a_life_that_ends_between_two_pairs_is_the_answer)
{
    REFUSES("M5 M2");
    fill_vector();
    map = procbuf_map_of_lookup(end_a_life, NULL, &trusted);
    const struct procbuf_lender lender = procbuf_lender_pinned(&map, task(0));
    cr_assert_eq(procbuf_readonly_build_vector(&lender, at(201), 3, ros, 4, &len),
                 PROCBUF_NO_SUCH_APP);
    cr_assert(len == 1 && procbuf_readonly_addr(&ros[0]) == 0);
}

/* ---- As many as there may be ---- */

enum { MANY = 300 };
static struct procbuf_region many[MANY];
static struct procbuf_pair pairs[MANY];
static struct procbuf_readonly row[MANY];
static struct procbuf_readwrite rw_row[MANY];

/* One byte a region, the last byte first: no two steps are in the order of the array. */
static void make_many(void)
{
    for (size_t i = 0; i < MANY; i++)
        many[MANY - 1 - i] = region(i, i + 1, READ);
}

/* At addresses below their number, of which no byte is touched; the second is before the first. */
Test(map, regions_may_be_more_than_an_address_is_high)
{
    const struct procbuf_lender lender = procbuf_lender_pinned(&map, task(0));
    memset(many, 0, sizeof many);
    many[0] = (struct procbuf_region){ 4, 8, PROCBUF_ACCESS_READ };
    many[1] = (struct procbuf_region){ 1, 4, PROCBUF_ACCESS_READ };
    map = procbuf_map_of_regions(many, MANY, &trusted);
    ACCEPTS("M2 M3");
    cr_assert_eq(procbuf_readonly_build_from(&lender, 1, 7, &ro), PROCBUF_OK);
}

Test(map, a_map_has_300_regions)
{
    make_many();
    map = procbuf_map_of_regions(many, MANY, &trusted);
    ACCEPTS("M2 M3");
    cr_assert_eq(build_ro(0, MANY), PROCBUF_OK);
    cr_assert_eq(build_ro(0, 1), PROCBUF_OK);
    cr_assert_eq(build_ro(MANY - 1, 1), PROCBUF_OK);
    REFUSES("M2");
    cr_assert_eq(build_ro(0, MANY + 1), PROCBUF_INVAL);
    for (size_t gone = 0; gone < MANY; gone += 23) {
        many[gone].end = many[gone].start;
        cr_assert_eq(build_ro(0, MANY), PROCBUF_INVAL);
        make_many();
    }
}

/* Each step is by as much as a smaller type holds, and regions come from the last to the first. */
Test(map, regions_are_as_long_as_a_smaller_type_holds)
{
    const size_t strides[] = { 256, 65536 };
    for (size_t s = 0; s < 2; s++) {
        const size_t stride = strides[s];
        for (size_t i = 0; i < 20; i++)
            many[19 - i] = region(stride * i, stride * (i + 1), READ);
        map = procbuf_map_of_regions(many, 20, &trusted);
        ACCEPTS("M2");
        cr_assert_eq(build_ro(0, 20 * stride), PROCBUF_OK);
        cr_assert_eq(procbuf_readonly_len(&ro), 20 * stride);
        cr_assert_eq(build_ro(stride - 1, stride + 2), PROCBUF_OK);
        REFUSES("M2");
        cr_assert_eq(build_ro(1, 20 * stride), PROCBUF_INVAL);
        cr_assert_eq(build_ro(0, 21 * stride), PROCBUF_INVAL);
    }
}

static bool find_a_byte(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    (void)data;
    lookups++;
    *region_out = (struct procbuf_region){ addr, addr + 1, PROCBUF_ACCESS_READ };
    return addr < at(MANY);
}

Test(map, a_function_is_called_300_times)
{
    map = procbuf_map_of_lookup(find_a_byte, NULL, &trusted);
    ACCEPTS("M3");
    cr_assert_eq(build_ro(0, MANY), PROCBUF_OK);
    cr_assert_eq(lookups, MANY);
    REFUSES("M2");
    cr_assert_eq(build_ro(0, MANY + 1), PROCBUF_INVAL);
    cr_assert_eq(lookups, 2 * MANY + 1);
}

Test(map, a_vector_has_300_pairs)
{
    const procbuf_addr_t array_at = (procbuf_addr_t)(uintptr_t)pairs;
    const struct procbuf_lender lender = procbuf_lender_pinned(&map, task(0));
    size_t failed = 7;
    for (size_t i = 0; i < MANY; i++)
        pairs[i] = (struct procbuf_pair){ at(i), (procbuf_addr_t)(i % 40) };
    regions[0] = region(0, MANY + 40, READ);
    regions[1] = (struct procbuf_region){ array_at, array_at + sizeof pairs, PROCBUF_ACCESS_READ };
    ACCEPTS("M5");
    cr_assert_eq(procbuf_readonly_build_vector(&lender, array_at, MANY, row, MANY, &failed),
                 PROCBUF_OK);
    cr_assert_eq(failed, 7);
    for (size_t i = 0; i < MANY; i++)
        cr_assert(procbuf_readonly_len(&row[i]) == i % 40 &&
                  procbuf_readonly_addr(&row[i]) == (i % 40 == 0 ? 0 : at(i)));
    REFUSES("M5");
    cr_assert_eq(procbuf_readonly_build_vector(&lender, array_at, MANY, row, MANY - 1, &failed),
                 PROCBUF_SIZE);
    pairs[MANY - 1].len = MANY;
    cr_assert_eq(procbuf_readonly_build_vector(&lender, array_at, MANY, row, MANY, &failed),
                 PROCBUF_INVAL);
    cr_assert_eq(failed, MANY - 1);
    for (size_t i = 0; i < MANY; i++)
        cr_assert_eq(procbuf_readonly_len(&row[i]), 0);
    ACCEPTS("M5");
    cr_assert_eq(procbuf_readonly_build_vector(&lender, array_at, 256, row, MANY, &failed),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&row[255]), 255 % 40);
    pairs[MANY - 1].len = 1;
    regions[0].access = PROCBUF_ACCESS_READ_WRITE;
    cr_assert_eq(procbuf_readwrite_build_vector(&lender, array_at, MANY, rw_row, MANY, &failed),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_len(&rw_row[255]), 255 % 40);
}

Test(map, a_vector_of_nothing_needs_no_array)
{
    ACCEPTS("M5");
    fill_vector();
    cr_assert_eq(build_vector(900, 0, 0), PROCBUF_OK);
    cr_assert(port_event_count == 0 && len == 77);
}

Test(map, a_failed_pair_is_named_and_nothing_stays_built)
{
    REFUSES("M5 E3");
    fill_vector();
    put_pair(201 + 2 * PAIR, at(170), 11);
    cr_assert_eq(build_vector(201, 3, 4), PROCBUF_INVAL);
    cr_assert_eq(len, 2);
    for (int i = 0; i < 3; i++)
        cr_assert(procbuf_readonly_addr(&ros[i]) == 0 && procbuf_readonly_len(&ros[i]) == 0);
    cr_assert_eq(procbuf_readonly_addr(&ros[3]), at(100));
    cr_assert_eq(build_vector(201, 2, 4), PROCBUF_OK);
}

/* Lengths that would be lent if they were cut to fewer bits. */
static const size_t long_lens[] = { 256 + 4, (1 << 16) + 4, SIZE_MAX / 2 + 5 };

Test(map, a_pair_is_as_long_as_it_says)
{
    const struct procbuf_lender lender = procbuf_lender_pinned(&map, task(0));
    REFUSES("M5 M2");
    fill_vector();
    for (size_t l = 0; l < sizeof long_lens / sizeof long_lens[0]; l++) {
        put_pair(201 + PAIR, at(100), (procbuf_addr_t)long_lens[l]);
        cr_assert_eq(build_vector(201, 3, 4), PROCBUF_INVAL);
        cr_assert_eq(len, 1);
        cr_assert_eq(procbuf_readwrite_build_vector(&lender, at(201), 3, rws, 4, &len),
                     PROCBUF_INVAL);
        cr_assert_eq(len, 1);
        cr_assert_eq(build_ro(100, long_lens[l]), PROCBUF_INVAL);
        cr_assert_eq(build_rw(100, long_lens[l]), PROCBUF_INVAL);
        cr_assert_eq(build_rw(170, long_lens[l]), PROCBUF_INVAL);
        struct procbuf_readonly_slot slot;
        memset(&slot, 0, sizeof slot);
        struct procbuf_readwrite_slot mut_slot;
        memset(&mut_slot, 0, sizeof mut_slot);
        cr_assert_eq(procbuf_readonly_slot_allow(&slot, &lender, at(100), long_lens[l]).code,
                     PROCBUF_INVAL);
        cr_assert_eq(procbuf_readwrite_slot_allow(&mut_slot, &lender, at(100), long_lens[l]).code,
                     PROCBUF_INVAL);
    }
}

Test(map, errors_of_a_vector_come_in_order)
{
    REFUSES("M5");
    fill_vector();
    cr_assert_eq(build_vector(201, 3, 2), PROCBUF_SIZE, "more than there is room for");
    cr_assert(len == 3 && procbuf_readonly_addr(&ros[0]) == at(100));
    static const size_t counts[] = { 256, 1 << 16, SIZE_MAX / 2 + 1, SIZE_MAX };
    const struct procbuf_lender pinned = procbuf_lender_pinned(&map, task(0));
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        cr_assert_eq(build_vector(201, counts[c], 2), PROCBUF_SIZE);
        cr_assert_eq(len, counts[c]);
        cr_assert_eq(procbuf_readwrite_build_vector(&pinned, at(201), counts[c], rws, 2, &len),
                     PROCBUF_SIZE);
        cr_assert_eq(len, counts[c]);
    }
    cr_assert_eq(build_vector(300 - PAIR + 1, 1, 4), PROCBUF_INVAL, "a byte of the array missing");
    cr_assert(len == 1 && procbuf_readonly_addr(&ros[0]) == at(100));
    const struct procbuf_lender lender = procbuf_lender_rechecked(&map, task(0));
    births[0]++;
    cr_assert_eq(procbuf_readonly_build_vector(&lender, at(201), 9, ros, 4, &len),
                 PROCBUF_NO_SUCH_APP);
    cr_assert_eq(len, 9);
    cr_assert_eq(procbuf_readonly_build_vector(&lender, at(201), 0, ros, 4, &len),
                 PROCBUF_NO_SUCH_APP);
}

Test(map, a_vector_to_write_needs_the_right_for_each_pair)
{
    const struct procbuf_lender lender = procbuf_lender_pinned(&map, task(0));
    ACCEPTS("M5");
    REFUSES("M5");
    fill_vector();
    regions[3].access = PROCBUF_ACCESS_READ; /* the array is only read */
    cr_assert_eq(procbuf_readwrite_build_vector(&lender, at(201), 3, rws, 4, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_len(&rws[2]), 5);
    put_pair(201 + PAIR, at(140), 1);
    cr_assert_eq(procbuf_readwrite_build_vector(&lender, at(201), 3, rws, 4, &len), PROCBUF_INVAL);
    cr_assert(len == 1 && procbuf_readwrite_len(&rws[0]) == 0);
}

Test(map, a_process_of_ours_lends_a_vector_and_marks_stay)
{
    const struct procbuf_lender lender = procbuf_lender_process(world.p0);
    ACCEPTS("M5");
    REFUSES("M5 E3 R1");
    put_pair(RAM0, at(RAM0 + 40), 10);
    put_pair(RAM0 + PAIR, at(FLASH0 + 16), 4);
    put_pair(RAM0 + 2 * PAIR, at(RAM0 + 127), 2); /* a byte past the break */
    cr_assert_eq(procbuf_readonly_build_vector(&lender, at(RAM0), 2, ros, 4, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&ros[1]), 4);
    cr_assert_eq(procbuf_process_mark(world.p0), at(RAM0 + 50));
    put_pair(RAM0, at(RAM0 + 60), 10);
    cr_assert_eq(procbuf_readonly_build_vector(&lender, at(RAM0), 3, ros, 4, &len), PROCBUF_INVAL);
    cr_assert_eq(len, 2);
    cr_assert_eq(procbuf_process_mark(world.p0), at(RAM0 + 70));
    cr_assert_eq(procbuf_readwrite_build_vector(&lender, at(RAM0), 2, rws, 4, &len), PROCBUF_INVAL);
    cr_assert_eq(len, 1, "flash");
    cr_assert_eq(procbuf_readonly_build_from(&lender, at(RAM0), 4, &ro), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_build_from(&lender, at(RAM0), 4, &rw), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_len(&rw), 4);
    for (size_t l = 0; l < sizeof long_lens / sizeof long_lens[0]; l++) {
        cr_assert_eq(procbuf_readonly_build_from(&lender, at(RAM0), long_lens[l], &ro),
                     PROCBUF_INVAL);
        cr_assert_eq(procbuf_readwrite_build_from(&lender, at(RAM0), long_lens[l], &rw),
                     PROCBUF_INVAL);
    }
    cr_assert_eq(procbuf_readwrite_build_from(&lender, at(FLASH0 + 16), 4, &rw), PROCBUF_INVAL);
    procbuf_process_terminate(world.p0, NULL);
    cr_assert_eq(procbuf_readonly_build_vector(&lender, at(RAM0), 0, ros, 4, &len), PROCBUF_FAIL);
    MUST_PANIC(procbuf_lender_process(world.slots + 2));
}

Test(map, a_pair_is_taken_out_of_a_slice_wherever_it_begins)
{
    uint8_t bytes[PAIR + 3];
    struct procbuf_pair pair = { 1, 2 };
    const struct procbuf_pair there = { at(100), 5 };
    const struct procbuf_readable slice = procbuf_readable_from_array(bytes, sizeof bytes);
    ACCEPTS("M5");
    REFUSES("M5");
    memset(bytes, 0, sizeof bytes);
    memcpy(&bytes[3], &there, sizeof there);
    cr_assert(procbuf_readable_pair(slice, 3, &pair));
    cr_assert(pair.addr == at(100) && pair.len == 5);
    cr_assert_not(procbuf_readable_pair(slice, 4, &pair));
    cr_assert_not(procbuf_readable_pair(slice, sizeof bytes + 1, &pair));
    cr_assert_not(procbuf_readable_pair(slice, SIZE_MAX, &pair));
    cr_assert_eq(pair.len, 5);
}

/* ---- M6: slots of the kernel's ---- */

static struct procbuf_readonly_slot ro_slot;
static struct procbuf_readwrite_slot rw_slot;

static struct procbuf_allow_result allow_ro(size_t offset, size_t count)
{
    const struct procbuf_lender lender = procbuf_lender_rechecked(&map, task(0));
    return procbuf_readonly_slot_allow(&ro_slot, &lender, at(offset), count);
}

Test(map, an_allow_gives_back_what_the_slot_held)
{
    ACCEPTS("M6 A2");
    REFUSES("M6 H6");
    const struct procbuf_readonly unused = procbuf_readonly_slot_get(&ro_slot);
    cr_assert_eq(procbuf_readonly_enter(&unused, must_not_run, NULL), PROCBUF_NO_SUCH_APP);
    struct procbuf_allow_result result = allow_ro(100, 10);
    cr_assert(result.code == PROCBUF_OK && result.addr == 0 && result.len == 0);
    ro = procbuf_readonly_slot_get(&ro_slot);
    cr_assert_eq(procbuf_readonly_len(&ro), 10);

    result = allow_ro(160, 3); /* refused: the slot is untouched */
    cr_assert(result.code == PROCBUF_INVAL && result.addr == at(160) && result.len == 3);
    cr_assert_eq(procbuf_readonly_enter(&ro, fetch, NULL), PROCBUF_OK);

    result = allow_ro(900, 0);
    cr_assert(result.code == PROCBUF_OK && result.addr == at(100) && result.len == 10);
    cr_assert_eq(procbuf_readonly_len(&ro), 0, "swapped");
    cr_assert_eq(procbuf_readonly_enter(&ro, must_not_run, NULL), PROCBUF_NO_SUCH_APP);
    ro = procbuf_readonly_slot_get(&ro_slot);
    cr_assert_eq(procbuf_readonly_enter(&ro, fetch, NULL), PROCBUF_OK);
    cr_assert_eq(len, 0);
    result = allow_ro(100, 10);
    cr_assert(result.code == PROCBUF_OK && result.addr == at(900) && result.len == 0);
    cr_assert_eq(procbuf_readonly_len(&ro), 0, "an empty one dies too");
    cr_assert_eq(procbuf_readonly_enter(&ro, must_not_run, NULL), PROCBUF_NO_SUCH_APP);
}

Test(map, a_handle_is_dead_after_2_16_swaps)
{
    REFUSES("H6");
    cr_assert_eq(allow_ro(100, 10).code, PROCBUF_OK);
    ro = procbuf_readonly_slot_get(&ro_slot);
    for (unsigned swap = 0; swap < 65536; swap++) {
        cr_assert_eq(allow_ro(100, 10).code, PROCBUF_OK);
        if (swap == 255)
            cr_assert_eq(procbuf_readonly_len(&ro), 0);
    }
    cr_assert_eq(procbuf_readonly_len(&ro), 0);
}

Test(map, what_a_slot_holds_is_rechecked)
{
    REFUSES("M4 M6");
    const struct procbuf_lender lender = procbuf_lender_rechecked(&map, task(0));
    const struct procbuf_lender pinned = procbuf_lender_pinned(&map, task(0));
    cr_assert_eq(procbuf_readwrite_slot_allow(&rw_slot, &lender, at(110), 10).code, PROCBUF_OK);
    rw = procbuf_readwrite_slot_get(&rw_slot);
    cr_assert_eq(procbuf_readwrite_len(&rw), 10);
    regions[2].access = PROCBUF_ACCESS_READ;
    cr_assert_eq(procbuf_readwrite_len(&rw), 0);
    cr_assert_eq(procbuf_readwrite_slot_allow(&rw_slot, &lender, at(110), 10).code, PROCBUF_INVAL);
    regions[2].access = PROCBUF_ACCESS_READ_WRITE;
    cr_assert_eq(procbuf_readwrite_len(&rw), 10);
    births[0]++;
    cr_assert_eq(procbuf_readwrite_len(&rw), 0);
    cr_assert_eq(procbuf_readwrite_slot_allow(&rw_slot, &lender, at(110), 10).code,
                 PROCBUF_NO_SUCH_APP);
    births[0]--;
    const struct procbuf_allow_result result =
        procbuf_readwrite_slot_allow(&rw_slot, &pinned, at(111), 9);
    cr_assert(result.addr == at(110) && result.len == 10);
    rw = procbuf_readwrite_slot_get(&rw_slot);
    map = procbuf_map_of_regions(NULL, 0, &trusted);
    cr_assert_eq(procbuf_readwrite_len(&rw), 9, "pinned");
}

/* ---- R: the kernel's mistakes ---- */

/* ---- E3 ---- */

Test(map, errors_change_nothing)
{
    const struct procbuf_lender of_map = procbuf_lender_rechecked(&map, task(0));
    const struct procbuf_lender of_process = procbuf_lender_process(world.p0);
    struct procbuf_allow_result result;
    REFUSES("M2 M5 M6 E3");
    fill_vector();
    cr_assert_eq(build_rw(100, 3), PROCBUF_OK);
    const struct procbuf_readonly ro_before = ro;
    const struct procbuf_readwrite rw_before = rw;
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_readonly_build_from(&of_map, at(160), 1, &ro), PROCBUF_INVAL));
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_readwrite_build_from(&of_map, at(140), 1, &rw), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(procbuf_readonly_build_vector(&of_map, at(201), 3, ros, 2, &len),
                                 PROCBUF_SIZE));
    CHANGES_NOTHING(cr_assert_eq(procbuf_readwrite_build_vector(&of_map, at(201), 3, rws, 2, &len),
                                 PROCBUF_SIZE));
    CHANGES_NOTHING(cr_assert_eq(procbuf_readonly_build_vector(&of_map, at(160), 1, ros, 2, &len),
                                 PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(procbuf_readwrite_build_vector(&of_map, at(160), 1, rws, 2, &len),
                                 PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(
        (result = procbuf_readonly_slot_allow(&ro_slot, &of_map, at(160), 1)).code, PROCBUF_INVAL));
    cr_assert(result.addr == at(160) && result.len == 1);
    CHANGES_NOTHING(
        cr_assert_eq((result = procbuf_readwrite_slot_allow(&rw_slot, &of_map, at(140), 1)).code,
                     PROCBUF_INVAL));
    cr_assert(result.addr == at(140) && result.len == 1);
    births[0]++;
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_readonly_build_from(&of_map, at(100), 1, &ro), PROCBUF_NO_SUCH_APP));
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_readwrite_build_from(&of_map, at(100), 1, &rw), PROCBUF_NO_SUCH_APP));
    CHANGES_NOTHING(cr_assert_eq(procbuf_readonly_build_vector(&of_map, at(201), 3, ros, 4, &len),
                                 PROCBUF_NO_SUCH_APP));
    CHANGES_NOTHING(cr_assert_eq(procbuf_readwrite_build_vector(&of_map, at(201), 3, rws, 4, &len),
                                 PROCBUF_NO_SUCH_APP));
    CHANGES_NOTHING(
        cr_assert_eq((result = procbuf_readonly_slot_allow(&ro_slot, &of_map, at(100), 1)).code,
                     PROCBUF_NO_SUCH_APP));
    CHANGES_NOTHING(
        cr_assert_eq((result = procbuf_readwrite_slot_allow(&rw_slot, &of_map, at(100), 1)).code,
                     PROCBUF_NO_SUCH_APP));
    procbuf_process_terminate(world.p0, NULL);
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_readonly_build_from(&of_process, at(RAM0), 1, &ro), PROCBUF_FAIL));
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_readwrite_build_from(&of_process, at(RAM0), 1, &rw), PROCBUF_FAIL));
    CHANGES_NOTHING(cr_assert_eq(
        procbuf_readonly_build_vector(&of_process, at(RAM0), 1, ros, 4, &len), PROCBUF_FAIL));
    CHANGES_NOTHING(cr_assert_eq(
        procbuf_readwrite_build_vector(&of_process, at(RAM0), 1, rws, 4, &len), PROCBUF_FAIL));
    cr_assert(memcmp(&ro, &ro_before, sizeof ro) == 0 && memcmp(&rw, &rw_before, sizeof rw) == 0);
}

Test(map, mistakes_reach_the_panic_hook)
{
    const struct procbuf_lender ours = procbuf_lender_process(world.p0);
    REFUSES("M6 E4 R2 R5 R24");
    MUST_PANIC(procbuf_map_of_regions(NULL, 3, &trusted));
    MUST_PANIC(procbuf_lender_pinned(&map, procbuf_process_id(world.p0)));
    MUST_PANIC(procbuf_lender_rechecked(&map, procbuf_process_id(world.p0)));
    MUST_PANIC(procbuf_readonly_slot_allow(&ro_slot, &ours, at(RAM0), 1));
    cr_assert(strstr(port_panic_message, "R24") != NULL);
    MUST_PANIC(procbuf_readwrite_slot_allow(&rw_slot, &ours, at(RAM0), 1));
}
