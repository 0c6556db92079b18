/* Lengths, offsets and numbers that do not fit into 8 or 16 bits, each in a world that is large enough
 * for it: 256 KiB of RAM, 3,000 slots of a driver, 300 grants, 300 processes. Contract: B, H, S, K, A, G. */
#include "kernel.h"

#include <procbuf/capability.h>

enum { RAM = 1 << 18, APP = 160000, FAR = 65536, GRANTS = 300, SLOTS = 3000 };

static struct procbuf_table table;
static struct procbuf_process slots[1], *process;
static struct procbuf_grant_entry grants[GRANTS];
static _Alignas(4096) uint8_t ram[RAM];
static uint8_t array[APP];
static size_t len;

static procbuf_addr_t place(size_t offset)
{
    return (procbuf_addr_t)(uintptr_t)ram + (procbuf_addr_t)offset;
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(1 + (i ^ i >> 8 ^ i >> 16) % 251);
}

static void make(void)
{
    const struct procbuf_process_config config = { .mem_start = place(0),
                                                   .mem_len = RAM,
                                                   .initial_app_len = APP };
    procbuf_table_init(&table, slots, 1);
    procbuf_table_use_grants(&table, grants, GRANTS);
    cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_OK);
    for (size_t i = 0; i < APP; i++)
        ram[i] = pattern(i);
    memset(array, 0, sizeof array);
    len = 0;
    port_forget();
}

TestSuite(wide, .init = make);

static struct procbuf_readonly share(size_t offset, size_t count)
{
    struct procbuf_readonly buffer;
    cr_assert_eq(procbuf_readonly_build(process, place(offset), count, &buffer), PROCBUF_OK);
    return buffer;
}

static struct procbuf_readwrite lend(size_t offset, size_t count)
{
    struct procbuf_readwrite buffer;
    cr_assert_eq(procbuf_readwrite_build(process, place(offset), count, &buffer), PROCBUF_OK);
    return buffer;
}

static void must_hold_the_pattern(const uint8_t *bytes, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(bytes[i], pattern(from + i), "byte %zu", i);
}

/* ---- Buffers and the break ---- */

Test(wide, a_buffer_is_as_long_as_it_was_built)
{
    struct procbuf_readwrite buffer = lend(4, FAR + 100);
    procbuf_addr_t addr;
    ACCEPTS("B3 B4 H1");
    cr_assert_eq(procbuf_process_mark(process), place(4 + FAR + 100));
    cr_assert_eq(procbuf_readwrite_len(&buffer), FAR + 100);
    procbuf_readwrite_consume(&buffer, &addr, &len);
    cr_assert(addr == place(4) && len == FAR + 100);
}

Test(wide, a_range_that_fits_when_it_is_cut_is_refused)
{
    struct procbuf_readonly readonly;
    struct procbuf_readwrite readwrite;
    const size_t wide = sizeof(size_t) > 4 ? (size_t)UINT32_MAX + 9 : SIZE_MAX - 7;
    const size_t lens[] = { APP + 1, RAM + 8, 3 * FAR + 8, wide, SIZE_MAX };
    REFUSES("B3");
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        cr_assert_eq(procbuf_readonly_build(process, place(0), lens[i], &readonly), PROCBUF_INVAL);
        cr_assert_eq(procbuf_readwrite_build(process, place(0), lens[i], &readwrite),
                     PROCBUF_INVAL);
    }
    cr_assert_eq(procbuf_process_mark(process), place(0));
}

Test(wide, the_break_moves_by_more_than_2_16)
{
    procbuf_addr_t old;
    ACCEPTS("K1 K2 I9");
    memset(&ram[APP], 0x5a, RAM - APP);
    cr_assert_eq(procbuf_process_sbrk(process, FAR + 1000, &old), PROCBUF_OK);
    cr_assert_eq(procbuf_process_app_break(process), place(APP + FAR + 1000));
    for (size_t i = 0; i < FAR + 1000; i++)
        cr_assert_eq(ram[APP + i], 0);
    cr_assert_eq(ram[APP + FAR + 1000], 0x5a);
    cr_assert_eq(procbuf_process_sbrk(process, -(intptr_t)FAR - 1000, &old), PROCBUF_OK);
    cr_assert_eq(procbuf_process_app_break(process), place(APP));
    REFUSES("K1");
    cr_assert_eq(procbuf_process_sbrk(process, FAR + RAM, &old), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
}

/* ---- Slices ---- */

static void read_far(struct procbuf_readable slice, void *data)
{
    struct procbuf_readable part;
    struct procbuf_readable_chunks chunks = procbuf_readable_split(slice, FAR + 1);
    struct procbuf_readable_elements elements;
    uint8_t byte;
    uint16_t word;
    int order = 1;
    (void)data;
    cr_assert_eq(procbuf_readable_len(slice), 150000);
    cr_assert(procbuf_readable_get(slice, FAR + 300, &byte) && byte == pattern(FAR + 300));
    cr_assert_not(procbuf_readable_get(slice, 150000, &byte));
    cr_assert_not(procbuf_readable_get(slice, (size_t)1 << 31, &byte));
    cr_assert_eq(procbuf_readable_get_or_panic(slice, FAR + 301), pattern(FAR + 301));
    cr_assert(procbuf_readable_range(slice, FAR + 5, 2 * FAR + 7, &part));
    cr_assert_eq(procbuf_readable_len(part), FAR + 2);
    cr_assert(procbuf_readable_get(part, FAR + 1, &byte) && byte == pattern(2 * FAR + 6));
    cr_assert(procbuf_readable_range_from(slice, FAR + 5, &part));
    cr_assert_eq(procbuf_readable_len(part), 150000 - FAR - 5);
    cr_assert(procbuf_readable_range_to(slice, FAR + 5, &part));
    cr_assert_eq(procbuf_readable_len(part), FAR + 5);
    cr_assert(procbuf_readable_chunks_next(&chunks, &part));
    cr_assert_eq(procbuf_readable_len(part), FAR + 1);
    cr_assert(procbuf_readable_chunks_next(&chunks, &part));
    cr_assert(procbuf_readable_chunks_next(&chunks, &part));
    cr_assert_eq(procbuf_readable_len(part), 150000 - 2 * (FAR + 1));
    cr_assert_not(procbuf_readable_chunks_next(&chunks, &part));
    cr_assert_eq(procbuf_readable_copy_to(slice, array, 150000), PROCBUF_OK);
    must_hold_the_pattern(array, 0, 150000);
    cr_assert_eq(procbuf_readable_copy_to(slice, array, 150000 - FAR), PROCBUF_SIZE);
    cr_assert_eq(procbuf_readable_compare(slice, array, 150000, &order), PROCBUF_OK);
    cr_assert_eq(order, 0);
    cr_assert_eq(procbuf_readable_compare(slice, array, 150000 - FAR, &order), PROCBUF_SIZE);
    array[FAR + 400]++;
    cr_assert_eq(procbuf_readable_compare(slice, array, 150000, &order), PROCBUF_OK);
    cr_assert_neq(order, 0);
    memset(array, 0, sizeof array);
    cr_assert_eq(procbuf_readable_copy_to_fitting(slice, array, FAR + 9), FAR + 9);
    must_hold_the_pattern(array, 0, FAR + 9);
    cr_assert(procbuf_readable_load_le16(slice, FAR + 11, &word));
    cr_assert_eq(word, pattern(FAR + 11) | pattern(FAR + 12) << 8);
    cr_assert(procbuf_readable_as_elements(slice, 50000, 3, &elements));
    cr_assert_eq(procbuf_readable_elements_count(&elements), 50000);
    cr_assert(procbuf_readable_elements_at(&elements, 49999, &part));
    cr_assert(procbuf_readable_get(part, 2, &byte) && byte == pattern(149999));
    cr_assert(procbuf_readable_as_elements(slice, 150000, 1, &elements));
    cr_assert_eq(procbuf_readable_elements_count(&elements), 150000);
    cr_assert(procbuf_readable_elements_at(&elements, FAR + 2, &part));
    cr_assert(procbuf_readable_get(part, 0, &byte) && byte == pattern(FAR + 2));
    cr_assert(procbuf_readable_as_elements(slice, 2, FAR + 3, &elements));
    cr_assert(procbuf_readable_elements_at(&elements, 1, &part));
    cr_assert_eq(procbuf_readable_len(part), FAR + 3);
    cr_assert_not(procbuf_readable_as_elements(slice, 150000, FAR + 1, &elements));
}

Test(wide, slices_are_read_beyond_2_16)
{
    const struct procbuf_readonly buffer = share(0, 150000);
    ACCEPTS("S1 S2 S3 S7 S8 H5");
    cr_assert_eq(procbuf_readonly_enter(&buffer, read_far, NULL), PROCBUF_OK);
    cr_assert(port_events[0].len == 150000 && port_events[1].len == 150000);
}

static void write_far(struct procbuf_writable slice, void *data)
{
    struct procbuf_writable part;
    struct procbuf_readable source;
    struct procbuf_writable_chunks chunks = procbuf_writable_split(slice, FAR + 1);
    struct procbuf_writable_elements elements;
    (void)data;
    cr_assert_eq(procbuf_writable_len(slice), 150000);
    procbuf_writable_fill(slice, 1);
    cr_assert(ram[FAR] == 1 && ram[149999] == 1 && ram[150000] == pattern(150000));
    cr_assert(procbuf_writable_set(slice, FAR + 300, 0) && ram[FAR + 300] == 0);
    cr_assert_eq(procbuf_readable_string_len(procbuf_writable_as_readable(slice), &len),
                 PROCBUF_OK);
    cr_assert_eq(len, FAR + 300);
    cr_assert_eq(procbuf_readable_string_copy(procbuf_writable_as_readable(slice), (char *)array,
                                              FAR + 301, &len),
                 PROCBUF_OK);
    cr_assert(len == FAR + 300 && array[FAR + 299] == 1 && array[FAR + 300] == 0);
    cr_assert_eq(procbuf_readable_string_copy(procbuf_writable_as_readable(slice), (char *)array,
                                              FAR + 300, &len),
                 PROCBUF_SIZE);
    cr_assert_eq(array[FAR + 299], 0, "all of it is zero again");
    cr_assert(procbuf_writable_range(slice, FAR + 5, 2 * FAR + 7, &part));
    cr_assert_eq(procbuf_writable_len(part), FAR + 2);
    cr_assert(procbuf_writable_set(part, FAR + 1, 7) && ram[2 * FAR + 6] == 7);
    cr_assert(procbuf_writable_range_from(slice, FAR + 5, &part));
    cr_assert_eq(procbuf_writable_len(part), 150000 - FAR - 5);
    cr_assert(procbuf_writable_range_to(slice, FAR + 5, &part));
    cr_assert_eq(procbuf_writable_len(part), FAR + 5);
    cr_assert(procbuf_writable_chunks_next(&chunks, &part));
    cr_assert_eq(procbuf_writable_len(part), FAR + 1);
    for (size_t i = 0; i < 150000; i++)
        array[i] = pattern(i + 3);
    cr_assert_eq(procbuf_writable_copy_from(slice, array, 150000), PROCBUF_OK);
    must_hold_the_pattern(ram, 3, 150000);
    cr_assert_eq(procbuf_writable_copy_from(slice, array, 150000 - FAR), PROCBUF_SIZE);
    cr_assert_eq(procbuf_writable_copy_from_fitting(slice, array + 1, FAR + 9), FAR + 9);
    cr_assert_eq(ram[FAR + 8], pattern(FAR + 12));
    cr_assert(procbuf_writable_range_to(slice, FAR + 9, &part));
    source = procbuf_readable_from_array(array, FAR + 9);
    cr_assert_eq(procbuf_writable_copy_from_slice(part, source), PROCBUF_OK);
    must_hold_the_pattern(ram, 3, 150000);
    cr_assert(procbuf_writable_store_le16(slice, FAR + 11, 0x102));
    cr_assert(ram[FAR + 11] == 2 && ram[FAR + 12] == 1);
    cr_assert(procbuf_writable_as_elements(slice, 150000, 1, &elements));
    cr_assert_eq(procbuf_writable_elements_count(&elements), 150000);
    cr_assert(procbuf_writable_elements_at(&elements, FAR + 2, &part));
    cr_assert(procbuf_writable_set(part, 0, 9) && ram[FAR + 2] == 9);
}

Test(wide, slices_are_written_beyond_2_16)
{
    const struct procbuf_readwrite buffer = lend(0, 150000);
    ACCEPTS("S1 S2 S3 S7 S8");
    cr_assert_eq(procbuf_readwrite_mut_enter(&buffer, write_far, NULL), PROCBUF_OK);
}

/* ---- Streams ---- */

Test(wide, a_step_goes_beyond_2_16)
{
    const struct procbuf_readonly from = share(0, 150000);
    const struct procbuf_readwrite to = lend(0, 150000);
    ACCEPTS("H7");
    cr_assert_eq(procbuf_readonly_read_at(&from, FAR + 4, array, FAR + 8, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR + 8);
    must_hold_the_pattern(array, FAR + 4, FAR + 8);
    cr_assert_eq(procbuf_readwrite_read_at(&to, FAR + 5, array, FAR + 8, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR + 8);
    must_hold_the_pattern(array, FAR + 5, FAR + 8);
    cr_assert_eq(procbuf_readwrite_write_at(&to, FAR, array, FAR + 8, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR + 8);
    must_hold_the_pattern(&ram[FAR], FAR + 5, FAR + 8);
    REFUSES("H7");
    cr_assert_eq(procbuf_readonly_read_at(&from, 2 * FAR + FAR, array, 1, &len),
                 PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(procbuf_readwrite_write_at(&to, 2 * FAR + FAR, array, 1, &len),
                 PROCBUF_ADDRESS_OUT_OF_BOUNDS);
}

Test(wide, readers_and_writers_go_beyond_2_16)
{
    const struct procbuf_readonly from[] = { share(0, FAR + 10), share(FAR + 10, 10) };
    const struct procbuf_readwrite to[] = { lend(FAR + 100, FAR + 20), lend(0, 9) };
    struct procbuf_reader reader = procbuf_reader_over(from, 2);
    struct procbuf_writer writer = procbuf_writer_over(to, 2);
    ACCEPTS("H8");
    cr_assert_eq(procbuf_reader_skip(&reader, FAR + 4, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR + 4);
    cr_assert_eq(procbuf_reader_read(&reader, array, 8, &len), PROCBUF_OK);
    cr_assert_eq(len, 8);
    must_hold_the_pattern(array, FAR + 4, 8);
    reader = procbuf_reader_over(from, 2);
    cr_assert_eq(procbuf_reader_read(&reader, array, FAR + 15, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR + 15);
    must_hold_the_pattern(array, 0, FAR + 15);
    cr_assert_eq(procbuf_writer_skip(&writer, FAR + 1, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR + 1);
    cr_assert_eq(procbuf_writer_write(&writer, array, 5, &len), PROCBUF_OK);
    cr_assert_eq(len, 5);
    must_hold_the_pattern(&ram[2 * FAR + 101], 0, 5);
    writer = procbuf_writer_over(to, 2);
    cr_assert_eq(procbuf_writer_write(&writer, array, FAR + 15, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR + 15);
    must_hold_the_pattern(&ram[FAR + 100], 0, FAR + 15);
    reader = procbuf_reader_over(from, 2);
    writer = procbuf_writer_over(to, 2);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, FAR + 15, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR + 15);
    must_hold_the_pattern(&ram[FAR + 100], 0, FAR + 15);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 5, &len), PROCBUF_OK);
    cr_assert_eq(len, 5);
    must_hold_the_pattern(&ram[2 * FAR + 115], FAR + 15, 5);
}

/* More buffers than 8 bits can count. What is empty opens no window. */
Test(wide, a_row_has_300_buffers)
{
    static struct procbuf_readonly from[300];
    static struct procbuf_readwrite to[300];
    struct procbuf_reader reader = procbuf_reader_over(from, 300);
    struct procbuf_writer writer = procbuf_writer_over(to, 300);
    ACCEPTS("H8");
    for (size_t i = 0; i < 300; i++) {
        from[i] = share(i, i < 290 ? 0 : 1);
        to[i] = lend(1000 + i, i < 290 ? 0 : 1);
    }
    cr_assert_eq(procbuf_reader_read(&reader, array, 2, &len), PROCBUF_OK);
    cr_assert_eq(len, 2);
    must_hold_the_pattern(array, 290, 2);
    cr_assert_eq(procbuf_writer_write(&writer, array, 2, &len), PROCBUF_OK);
    cr_assert_eq(len, 2);
    must_hold_the_pattern(&ram[1290], 290, 2);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 4, &len), PROCBUF_OK);
    cr_assert_eq(len, 4);
    must_hold_the_pattern(&ram[1292], 292, 4);
}

/* ---- Grants, slots, tables ---- */

enum { DATA_LEN = FAR + 50 };

static struct procbuf_driver driver;
static size_t slots_len; /* of all of them */

static void declare(void)
{
    const struct procbuf_driver_config config = { .driver_number = 5,
                                                  .grant_number = GRANTS - 1,
                                                  .readonly_count = SLOTS - 10,
                                                  .readwrite_count = 10,
                                                  .data_len = 20,
                                                  .data_align = 8 };
    procbuf_driver_init(&driver, &config);
    slots_len = procbuf_grant_len(&config) - config.data_len;
}

static void read_slots(const struct procbuf_grant *grant, void *data)
{
    struct procbuf_readonly readonly;
    struct procbuf_readwrite readwrite;
    const struct procbuf_writable own = procbuf_grant_data(grant);
    (void)data;
    cr_assert_eq(procbuf_grant_readonly(grant, SLOTS - 11, &readonly), PROCBUF_OK);
    cr_assert(procbuf_readonly_addr(&readonly) == place(7) && procbuf_readonly_len(&readonly) == 8);
    cr_assert_eq(procbuf_grant_readwrite(grant, 9, &readwrite), PROCBUF_OK);
    cr_assert(procbuf_readwrite_addr(&readwrite) == place(9) &&
              procbuf_readwrite_len(&readwrite) == FAR + 10);
    for (uint32_t slot = 0; slot < SLOTS - 11; slot++) {
        cr_assert_eq(procbuf_grant_readonly(grant, slot, &readonly), PROCBUF_OK);
        cr_assert_eq(procbuf_readonly_addr(&readonly), 0, "slot %u was never allowed", slot);
    }
    cr_assert_eq(procbuf_grant_readonly(grant, SLOTS - 10, &readonly),
                 PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(procbuf_grant_readonly(grant, FAR, &readonly), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(procbuf_writable_len(own), 20);
    cr_assert_eq(procbuf_writable_base_unchecked(own),
                 &ram[procbuf_process_kernel_break(process) - place(0) + slots_len]);
}

Test(wide, a_driver_has_slots_beyond_2_16_bytes)
{
    ACCEPTS("A1 G4 G6 H6");
    declare();
    const struct procbuf_allow_result first =
        procbuf_process_allow_readonly(process, &driver, SLOTS - 11, place(7), 8);
    cr_assert(first.code == PROCBUF_OK && first.addr == 0 && first.len == 0);
    const struct procbuf_allow_result second =
        procbuf_process_allow_readwrite(process, &driver, 9, place(9), FAR + 10);
    cr_assert(second.code == PROCBUF_OK && second.addr == 0 && second.len == 0);
    cr_assert_leq(procbuf_process_kernel_break(process), place(RAM - slots_len - 20));
    cr_assert_gt(procbuf_process_kernel_break(process), place(RAM - slots_len - 20 - 16));
    cr_assert_eq(procbuf_driver_enter(&driver, procbuf_process_id(process), read_slots, NULL),
                 PROCBUF_OK);
    const struct procbuf_allow_result third =
        procbuf_process_allow_readwrite(process, &driver, 9, 0, 0);
    cr_assert(third.code == PROCBUF_OK && third.addr == place(9) && third.len == FAR + 10);
    REFUSES("A1");
    cr_assert_eq(procbuf_process_allow_readonly(process, &driver, SLOTS - 10, place(7), 8).code,
                 PROCBUF_NOSUPPORT);
    cr_assert_eq(procbuf_process_allow_readwrite(process, &driver, 10, place(7), 8).code,
                 PROCBUF_NOSUPPORT);
}

Test(wide, a_grant_is_longer_than_2_16_and_one_of_300)
{
    uint32_t number;
    procbuf_addr_t addr;
    ACCEPTS("G1 G2 G3");
    cr_assert_eq(procbuf_process_allocate_grant(process, GRANTS - 1, 7, FAR + 50, 2), PROCBUF_OK);
    cr_assert_eq(procbuf_process_kernel_break(process), place(RAM - FAR - 50));
    cr_assert_eq(procbuf_process_allocate_grant(process, GRANTS - 1 - 256, 8, 16, 1 << 12),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_kernel_break(process) % 4096, 0);
    cr_assert(procbuf_process_lookup_driver(process, 7, &number) && number == GRANTS - 1);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(process), GRANTS - 1, &addr),
                 PROCBUF_OK);
    cr_assert_eq(addr, place(RAM - FAR - 50));
    REFUSES("G1 G2");
    cr_assert_eq(procbuf_process_allocate_grant(process, GRANTS, 9, 16, 2),
                 PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(procbuf_process_allocate_grant(process, 1, 9, RAM - APP, 2),
                 PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(procbuf_process_restart(process, NULL), PROCBUF_OK);
    cr_assert_not(procbuf_process_lookup_driver(process, 7, &number));
}

Test(wide, a_grant_is_aligned_to_pages_and_more)
{
    procbuf_addr_t addr;
    uint32_t number = 0;
    ACCEPTS("G1");
    for (size_t align = 2; align <= 4096; align *= 2, number++) {
        cr_assert_eq(procbuf_process_allocate_grant(process, number, 50 + number, 3, align),
                     PROCBUF_OK);
        cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(process), number, &addr),
                     PROCBUF_OK);
        cr_assert_eq(addr % align, 0);
        cr_assert_eq(addr, procbuf_process_kernel_break(process));
        procbuf_process_leave_grant(procbuf_process_id(process), number);
    }
}

Test(wide, a_grant_of_a_driver_is_zeroed_and_closed_as_a_whole)
{
    const struct procbuf_driver_config config = {
        .driver_number = 6, .grant_number = 0, .data_len = DATA_LEN, .data_align = 8
    };
    procbuf_driver_init(&driver, &config);
    ACCEPTS("G4 C2");
    memset(&ram[RAM - DATA_LEN - 64], 0x5a, DATA_LEN + 64);
    const struct procbuf_allow_result result =
        procbuf_process_allow_readonly(process, &driver, 0, place(0), 1);
    cr_assert_eq(result.code, PROCBUF_NOSUPPORT);
    const size_t start = (size_t)(procbuf_process_kernel_break(process) - place(0));
    for (size_t i = 0; i < DATA_LEN; i++)
        cr_assert_eq(ram[start + i], 0);
    cr_assert_eq(ram[start - 1], 0x5a);
    cr_assert_str_eq(port_story(), "poc");
    cr_assert(port_events[1].len == DATA_LEN && port_events[2].len == DATA_LEN);
}

Test(wide, a_table_has_300_processes)
{
    static struct procbuf_process many[300];
    static struct procbuf_grant_entry entries[300][2];
    struct procbuf_table large;
    struct procbuf_process *one, *last = NULL;
    uint32_t number;
    ACCEPTS("P4 L1 B7 G2");
    procbuf_table_init(&large, many, 300);
    procbuf_table_use_grants(&large, &entries[0][0], 2);
    for (uint32_t slot = 0; slot < 300; slot++) {
        const struct procbuf_process_config config = { .mem_start = place(slot * 64),
                                                       .mem_len = 64 };
        cr_assert_eq(procbuf_process_create(&large, &config, &one), PROCBUF_OK);
        cr_assert_eq(one, &many[slot]);
        last = one;
        port_forget();
    }
    const struct procbuf_id id = procbuf_process_id(last);
    cr_assert(procbuf_table_slot(&large, 299) == last && procbuf_table_lookup(&large, id) == last);
    cr_assert_not(procbuf_id_equal(id, procbuf_process_id(&many[299 - 256])));
    cr_assert_eq(procbuf_process_allocate_grant(last, 1, 4, 8, 2), PROCBUF_OK);
    cr_assert_eq(port_events[0].protection.process_index, 299);
    cr_assert(procbuf_process_lookup_driver(last, 4, &number) && number == 1);
    cr_assert_not(procbuf_process_lookup_driver(&many[299 - 256], 4, &number));
    REFUSES("P4");
    cr_assert_null(procbuf_table_slot(&large, 300));
    cr_assert_null(procbuf_table_slot(&large, FAR + 1));
    const struct procbuf_process_config more = { .mem_start = place(300 * 64), .mem_len = 64 };
    cr_assert_eq(procbuf_process_create(&large, &more, &one), PROCBUF_NOMEM);
    cr_assert_eq(procbuf_process_remove(&many[280]), PROCBUF_OK);
    const struct procbuf_process_config over = { .mem_start = place(299 * 64 + 8), .mem_len = 64 };
    cr_assert_eq(procbuf_process_create(&large, &over, &one), PROCBUF_INVAL);
    cr_assert_eq(procbuf_process_create(&large, &more, &one), PROCBUF_OK);
    cr_assert_eq(one, &many[280]);
}

/* ---- What trusted code says ---- */

static uint32_t asked_index;
static uint64_t asked_identifier;

static bool notes_who_it_was(uint32_t index, uint64_t identifier, const void *data)
{
    (void)data;
    asked_index = index;
    asked_identifier = identifier;
    return true;
}

Test(wide, a_foreign_process_is_asked_for_with_all_bits)
{
    PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);
    struct procbuf_table foreign;
    ACCEPTS("B6 B7");
    procbuf_table_init_external(&foreign, notes_who_it_was, NULL);
    const struct procbuf_id id =
        procbuf_id_new_external(&foreign, 0x12345678, UINT64_C(0x123456789abcdef0), &capability);
    const struct procbuf_id near[] = {
        procbuf_id_new_external(&foreign, 0x02345678, UINT64_C(0x123456789abcdef0), &capability),
        procbuf_id_new_external(&foreign, 0x12345678, UINT64_C(0x023456789abcdef0), &capability),
    };
    cr_assert_not(procbuf_id_equal(id, near[0]));
    cr_assert_not(procbuf_id_equal(id, near[1]));
    const struct procbuf_readonly readonly =
        procbuf_readonly_new_external(place(0), FAR + 8, id, &capability);
    const struct procbuf_readwrite readwrite =
        procbuf_readwrite_new_external(place(0), FAR + 9, id, &capability);
    cr_assert_eq(procbuf_readonly_len(&readonly), FAR + 8);
    cr_assert(asked_index == 0x12345678 && asked_identifier == UINT64_C(0x123456789abcdef0));
    asked_index = 0;
    cr_assert_eq(procbuf_readwrite_len(&readwrite), FAR + 9);
    cr_assert(asked_index == 0x12345678 && asked_identifier == UINT64_C(0x123456789abcdef0));
}

static void take_slot(const struct procbuf_grant *grant, void *data)
{
    cr_assert_eq(procbuf_grant_readonly(grant, 0, data), PROCBUF_OK);
}

/* What was read from a slot at a multiple of 2^16 dies when the slot is swapped, too. */
Test(wide, a_slot_at_a_round_address_is_a_slot)
{
    static _Alignas(1 << 16) uint8_t round_ram[3 << 16];
    const procbuf_addr_t start = (procbuf_addr_t)(uintptr_t)round_ram;
    const struct procbuf_driver_config config = { .readonly_count = 1,
                                                  .data_len = 8,
                                                  .data_align = 1 << 16 };
    const struct procbuf_process_config whole = { .mem_start = start,
                                                  .mem_len = sizeof round_ram,
                                                  .initial_app_len = 100 };
    struct procbuf_driver one_slot;
    struct procbuf_readonly buffer;
    ACCEPTS("H6");
    procbuf_table_init(&table, slots, 1);
    procbuf_table_use_grants(&table, grants, 1);
    cr_assert_eq(procbuf_process_create(&table, &whole, &process), PROCBUF_OK);
    procbuf_driver_init(&one_slot, &config);
    cr_assert_eq(procbuf_process_allow_readonly(process, &one_slot, 0, start + 1, 9).code,
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_kernel_break(process), start + FAR);
    cr_assert_eq(procbuf_driver_enter(&one_slot, procbuf_process_id(process), take_slot, &buffer),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&buffer), 9);
    cr_assert_eq(procbuf_process_allow_readonly(process, &one_slot, 0, 0, 0).code, PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&buffer), 0);
}

/* In a slice of 2^16 bytes, which the next life does not own. */
static void begin_anew(struct procbuf_readable slice, void *data)
{
    (void)slice;
    (void)data;
    cr_assert_eq(procbuf_process_restart(process, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_process_allocate_grant(process, 0, 1, 80000, 8), PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(procbuf_process_allocate_grant(process, 0, 1, 20000, 8), PROCBUF_OK);
}

static void begin_anew_inside(struct procbuf_readable slice, void *data)
{
    const struct procbuf_readonly *inner = data;
    (void)slice;
    cr_assert_eq(procbuf_readonly_enter(inner, begin_anew, NULL), PROCBUF_OK);
}

Test(wide, no_grant_covers_a_byte_of_a_long_open_slice)
{
    const procbuf_addr_t start = place(APP + 10000);
    struct procbuf_readonly buffer, inner;
    procbuf_addr_t old_break;
    REFUSES("L9 G1");
    cr_assert_eq(procbuf_process_brk(process, start + FAR, &old_break), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_build(process, start, FAR, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&buffer, begin_anew, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_process_allocate_grant(process, 1, 2, 70000, 8), PROCBUF_OK,
                 "once it has ended");
    cr_assert_eq(procbuf_process_restart(process, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_process_brk(process, start + FAR, &old_break), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_build(process, start, FAR, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_build(process, place(0), 8, &inner), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&buffer, begin_anew_inside, &inner), PROCBUF_OK);
}

Test(wide, flash_is_longer_than_2_16_and_2_32)
{
    static uint8_t flash[FAR + 16], small[64];
    const procbuf_addr_t start = (procbuf_addr_t)(uintptr_t)flash;
    struct procbuf_process_config config = {
        .flash_start = start,
        .flash_protected_len = FAR + 8,
        .flash_len = sizeof flash,
        .mem_start = (procbuf_addr_t)(uintptr_t)small,
        .mem_len = sizeof small,
    };
    ACCEPTS("P4");
    procbuf_table_init(&table, slots, 1);
    cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_OK);
    cr_assert_eq(procbuf_process_flash_end(process), start + sizeof flash);
    cr_assert_eq(procbuf_process_flash_protected_end(process), start + FAR + 8);
#if SIZE_MAX > UINT32_MAX
    config.flash_start = 4096; /* no byte of it is touched */
    config.flash_len = ((size_t)1 << 32) + FAR;
    procbuf_table_init(&table, slots, 1);
    cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_OK);
    cr_assert_eq(procbuf_process_flash_end(process), 4096 + config.flash_len);
#endif
}
