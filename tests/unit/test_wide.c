/* Lengths, offsets and numbers that do not fit into 8 or 16 bits, each in a world that is large enough
 * for it: 256 KiB of RAM, 3,000 slots of a driver, 300 grants, 300 processes. Contract: B, H, S, K, A, G. */
#include "kernel.h"

#include <errno.h>
#include <procbuf/capability.h>
#include <sys/mman.h>

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
    buffer = lend(0, 256);
    cr_assert_eq(procbuf_process_mark(process), place(4 + FAR + 100), "it does not go down");
}

static void note_len(struct procbuf_readable slice, void *data)
{
    *(size_t *)data = procbuf_readable_len(slice);
}

Test(wide, a_buffer_of_2_16_bytes_is_not_empty)
{
    const struct procbuf_readonly buffer = share(4, FAR);
    ACCEPTS("H1 H2 C3");
    cr_assert_eq(procbuf_readonly_addr(&buffer), place(4));
    cr_assert_eq(procbuf_readonly_enter(&buffer, note_len, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR);
    cr_assert_str_eq(port_story(), "oc");
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
    memset(&ram[APP], 0x5a, RAM - APP);
    cr_assert_eq(procbuf_process_sbrk(process, FAR, &old), PROCBUF_OK);
    for (size_t i = 0; i < FAR; i++)
        cr_assert_eq(ram[APP + i], 0);
    cr_assert_eq(procbuf_process_brk(process, place(APP), &old), PROCBUF_OK);
    ACCEPTS("K3");
    cr_assert_eq(procbuf_process_memop_sbrk(process, FAR + 1000, &old), PROCBUF_OK);
    cr_assert_eq(old, place(APP));
    cr_assert_eq(procbuf_process_app_break(process), place(APP + FAR + 1000));
    cr_assert_eq(procbuf_process_brk(process, place(APP), &old), PROCBUF_OK);
    REFUSES("K1 K3");
    cr_assert_eq(procbuf_process_sbrk(process, FAR + RAM, &old), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
#if SIZE_MAX > UINT32_MAX
    cr_assert_eq(procbuf_process_memop_sbrk(process, ((intptr_t)1 << 32) + 8, &old), PROCBUF_NOMEM);
    cr_assert_eq(procbuf_process_app_break(process), place(APP));
#endif
}

/* ---- Slices ---- */

/* In a slice of 150,000 bytes: where the offset, the length, or what is between them would be too short
 * if it was cut to 8 or 16 bits. */
static const size_t word_offsets[] = { 239,     250,      150000 % FAR - 1, 150000 % FAR,
                                       FAR - 5, FAR + 11, 150000 - FAR - 1, 149998 };

static void read_far(struct procbuf_readable slice, void *data)
{
    struct procbuf_readable part;
    struct procbuf_readable_chunks chunks = procbuf_readable_split(slice, FAR + 1);
    struct procbuf_readable_elements elements;
    struct procbuf_pair pair;
    uint8_t byte;
    uint16_t word;
    int order = 1;
    (void)data;
    cr_assert_eq(procbuf_readable_len(slice), 150000);
    cr_assert(procbuf_readable_get(slice, FAR + 300, &byte) && byte == pattern(FAR + 300));
    cr_assert(procbuf_readable_get(slice, FAR - 1, &byte) && byte == pattern(FAR - 1));
    cr_assert_not(procbuf_readable_get(slice, 150000, &byte));
    cr_assert_not(procbuf_readable_get(slice, (size_t)1 << 31, &byte));
    cr_assert_eq(procbuf_readable_get_or_panic(slice, FAR + 301), pattern(FAR + 301));
    cr_assert(procbuf_readable_range(slice, 0, FAR - 1, &part));
    cr_assert_eq(procbuf_readable_len(part), FAR - 1);
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
    for (size_t o = 0; o < sizeof word_offsets / sizeof word_offsets[0]; o++) {
        cr_assert(procbuf_readable_load_le16(slice, word_offsets[o], &word));
        cr_assert_eq(word, pattern(word_offsets[o]) | pattern(word_offsets[o] + 1) << 8);
        if (word_offsets[o] <= 150000 - sizeof pair) {
            cr_assert(procbuf_readable_pair(slice, word_offsets[o], &pair));
            cr_assert_eq(memcmp(&pair, &ram[word_offsets[o]], sizeof pair), 0);
        }
    }
    cr_assert_not(procbuf_readable_pair(slice, SIZE_MAX / 2 + 9, &pair));
    cr_assert(procbuf_readable_as_elements(slice, 50000, 3, &elements));
    cr_assert_eq(procbuf_readable_elements_count(&elements), 50000);
    cr_assert(procbuf_readable_elements_at(&elements, 49999, &part));
    cr_assert(procbuf_readable_get(part, 2, &byte) && byte == pattern(149999));
    cr_assert(procbuf_readable_as_elements(slice, 150000, 1, &elements));
    cr_assert_eq(procbuf_readable_elements_count(&elements), 150000);
    cr_assert(procbuf_readable_elements_at(&elements, FAR - 1, &part));
    cr_assert(procbuf_readable_elements_at(&elements, FAR + 2, &part));
    cr_assert(procbuf_readable_get(part, 0, &byte) && byte == pattern(FAR + 2));
    cr_assert(procbuf_readable_as_elements(slice, 2, FAR + 3, &elements));
    cr_assert(procbuf_readable_elements_at(&elements, 1, &part));
    cr_assert_eq(procbuf_readable_len(part), FAR + 3);
    cr_assert_eq(procbuf_readable_base_unchecked(part), &ram[FAR + 3]);
    cr_assert_not(procbuf_readable_as_elements(slice, 150000, FAR + 1, &elements));
}

Test(wide, slices_are_read_beyond_2_16)
{
    const struct procbuf_readonly buffer = share(0, 150000);
    ACCEPTS("S1 S2 S3 S7 S8 H5");
    cr_assert_eq(procbuf_readonly_enter(&buffer, read_far, NULL), PROCBUF_OK);
    cr_assert(port_events[0].len == 150000 && port_events[1].len == 150000);
}

/* Of lengths that are 0 in 16 bits, or alike. */
static void write_round(struct procbuf_writable slice, void *data)
{
    const struct procbuf_readable source = procbuf_readable_from_array(array, FAR);
    struct procbuf_writable part;
    (void)data;
    procbuf_writable_fill(slice, 7);
    for (size_t i = 0; i < FAR; i++)
        cr_assert(ram[i] == 7);
    cr_assert_eq(procbuf_writable_copy_from_slice(slice, source), PROCBUF_OK);
    for (size_t i = 0; i < FAR; i++)
        cr_assert(ram[i] == 0);
    cr_assert(procbuf_writable_range_to(slice, 9, &part));
    cr_assert_eq(
        procbuf_writable_copy_from_slice(part, procbuf_readable_from_array(array, FAR + 9)),
        PROCBUF_SIZE);
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
    cr_assert(procbuf_writable_set(slice, FAR - 1, 1));
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
    cr_assert_eq(procbuf_writable_len(procbuf_writable_from_array(array, FAR + 9)), FAR + 9);
    source = procbuf_readable_from_array(array, FAR + 9);
    cr_assert_eq(procbuf_writable_copy_from_slice(part, source), PROCBUF_OK);
    procbuf_readable_copy_to_or_panic(procbuf_writable_as_readable(part), array, FAR + 9);
    procbuf_writable_copy_from_or_panic(part, array, FAR + 9);
    must_hold_the_pattern(ram, 3, 150000);
    for (size_t o = 0; o < sizeof word_offsets / sizeof word_offsets[0]; o++) {
        cr_assert(procbuf_writable_store_le16(slice, word_offsets[o], 0x102));
        cr_assert(ram[word_offsets[o]] == 2 && ram[word_offsets[o] + 1] == 1);
    }
    cr_assert(procbuf_writable_as_elements(slice, 150000, 1, &elements));
    cr_assert_eq(procbuf_writable_elements_count(&elements), 150000);
    cr_assert(procbuf_writable_elements_at(&elements, FAR - 1, &part));
    cr_assert(procbuf_writable_elements_at(&elements, FAR + 2, &part));
    cr_assert(procbuf_writable_set(part, 0, 9) && ram[FAR + 2] == 9);
    cr_assert(procbuf_writable_as_elements(slice, 2, FAR + 3, &elements));
    cr_assert(procbuf_writable_elements_at(&elements, 1, &part));
    cr_assert_eq(procbuf_writable_len(part), FAR + 3);
    cr_assert_eq(procbuf_writable_base_unchecked(part), &ram[FAR + 3]);
}

Test(wide, slices_are_written_beyond_2_16)
{
    const struct procbuf_readwrite buffer = lend(0, 150000), round = lend(0, FAR);
    ACCEPTS("S1 S2 S3 S7 S8");
    cr_assert_eq(procbuf_readwrite_mut_enter(&buffer, write_far, NULL), PROCBUF_OK);
    memset(array, 0, sizeof array);
    cr_assert_eq(procbuf_readwrite_mut_enter(&round, write_round, NULL), PROCBUF_OK);
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

/* A step that leaves just as many bytes as 16 bits count. */
Test(wide, a_step_that_leaves_2_16_bytes_is_not_at_the_end)
{
    const struct procbuf_readonly from[] = { share(0, FAR + 10), share(FAR + 10, 10) };
    const struct procbuf_readwrite to[] = { lend(FAR + 100, FAR + 10), lend(0, 9) };
    struct procbuf_reader reader = procbuf_reader_over(from, 2);
    struct procbuf_writer writer = procbuf_writer_over(to, 2);
    ACCEPTS("H8");
    cr_assert_eq(procbuf_reader_read(&reader, array, 10, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_reader_read(&reader, array, 2, &len), PROCBUF_OK);
    must_hold_the_pattern(array, 10, 2);
    cr_assert_eq(procbuf_writer_write(&writer, array, 10, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_writer_write(&writer, array, 2, &len), PROCBUF_OK);
    must_hold_the_pattern(&ram[FAR + 110], 10, 2);
    reader = procbuf_reader_over(from, 2);
    writer = procbuf_writer_over(to, 2);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 10, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 3, &len), PROCBUF_OK);
    must_hold_the_pattern(&ram[FAR + 100], 0, 13);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, FAR - 10, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 2, &len), PROCBUF_OK);
    must_hold_the_pattern(&ram[FAR + 100], 0, FAR + 5);
}

/* As many as 16 bits count, and a length that is 0 in 32 bits. */
Test(wide, readers_and_writers_go_as_far_as_is_asked)
{
    const struct procbuf_readonly from = share(0, FAR + 10);
    const struct procbuf_readwrite to = lend(FAR + 100, FAR + 10);
    struct procbuf_reader reader = procbuf_reader_over(&from, 1);
    struct procbuf_writer writer = procbuf_writer_over(&to, 1);
    ACCEPTS("H8");
    cr_assert_eq(procbuf_reader_read(&reader, array, FAR, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR);
    must_hold_the_pattern(array, 0, FAR);
    cr_assert_eq(procbuf_writer_write(&writer, array, FAR, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR);
    must_hold_the_pattern(&ram[FAR + 100], 0, FAR);
    reader = procbuf_reader_over(&from, 1);
    writer = procbuf_writer_over(&to, 1);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, FAR, &len), PROCBUF_OK);
    cr_assert_eq(len, FAR);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, SIZE_MAX / 2 + 1, &len), PROCBUF_OK);
    cr_assert_eq(len, 10);
    must_hold_the_pattern(&ram[FAR + 100], 0, FAR + 10);
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
    port_forget();
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 5, &len), PROCBUF_OK);
    cr_assert_eq(len, 4);
    cr_assert_eq(procbuf_reader_read(&reader, array, 5, &len), PROCBUF_OK);
    cr_assert_eq(len, 0, "the end");
    reader = procbuf_reader_over(from, 300);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 5, &len), PROCBUF_OK);
    cr_assert_eq(len, 0, "the end of the writer");
    writer = procbuf_writer_over(to, 300);
    port_forget();
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 4, &len), PROCBUF_OK);
    cr_assert_eq(len, 4);
    port_forget();
    cr_assert_eq(procbuf_reader_read(&reader, array, 9, &len), PROCBUF_OK);
    cr_assert_eq(len, 6);
    cr_assert_eq(procbuf_stream_copy(&writer, &reader, 4, &len), PROCBUF_OK);
    cr_assert_eq(len, 0, "the end of the reader");
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

static void read_round(const struct procbuf_grant *grant, void *data)
{
    static const uint32_t there[] = { 0, 43, 44, 255, 299 };
    static const uint32_t absent[] = { 300, 300 + 255, FAR, FAR + 1 };
    struct procbuf_readwrite buffer;
    (void)data;
    cr_assert_eq(procbuf_writable_len(procbuf_grant_data(grant)), FAR);
    for (size_t s = 0; s < sizeof there / sizeof there[0]; s++) {
        cr_assert_eq(procbuf_grant_readwrite(grant, there[s], &buffer), PROCBUF_OK);
        cr_assert_eq(procbuf_readwrite_len(&buffer), there[s] == 299 ? 8 : 0);
    }
    for (size_t s = 0; s < sizeof absent / sizeof absent[0]; s++)
        cr_assert_eq(procbuf_grant_readwrite(grant, absent[s], &buffer),
                     PROCBUF_ADDRESS_OUT_OF_BOUNDS);
}

/* 44 is the number of slots modulo 2^8. */
Test(wide, a_driver_has_300_slots_to_write_and_2_16_bytes)
{
    const struct procbuf_driver_config config = { .readwrite_count = 300,
                                                  .data_len = FAR,
                                                  .data_align = 8 };
    ACCEPTS("A1 G4 G6");
    REFUSES("G4");
    procbuf_driver_init(&driver, &config);
    cr_assert_eq(procbuf_process_allow_readwrite(process, &driver, 299, place(0), 8).code,
                 PROCBUF_OK);
    cr_assert_eq(procbuf_driver_enter(&driver, procbuf_process_id(process), read_round, NULL),
                 PROCBUF_OK);
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
    memset(many, 0xa5, sizeof many);
    memset(entries, 0xa5, sizeof entries);
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

/* 44 is the number of grants of each modulo 2^8. */
Test(wide, two_processes_have_300_grants_each)
{
    static struct procbuf_process two[2];
    static struct procbuf_grant_entry entries[2][GRANTS];
    const struct procbuf_process_config configs[] = { { .mem_start = place(0), .mem_len = 64 },
                                                      { .mem_start = place(64), .mem_len = 64 } };
    struct procbuf_process *processes[2];
    uint32_t number;
    ACCEPTS("G2");
    procbuf_table_init(&table, two, 2);
    procbuf_table_use_grants(&table, &entries[0][0], GRANTS);
    for (size_t p = 0; p < 2; p++)
        cr_assert_eq(procbuf_process_create(&table, &configs[p], &processes[p]), PROCBUF_OK);
    cr_assert_eq(procbuf_process_allocate_grant(processes[0], 44, 1, 8, 2), PROCBUF_OK);
    cr_assert_eq(procbuf_process_allocate_grant(processes[1], 0, 2, 8, 2), PROCBUF_OK);
    cr_assert(procbuf_process_lookup_driver(processes[0], 1, &number) && number == 44);
    cr_assert_not(procbuf_process_lookup_driver(processes[1], 1, &number));
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
    cr_assert(procbuf_id_equal(id, id));
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
    const struct procbuf_region region = { place(0), place(RAM), PROCBUF_ACCESS_READ };
    const struct procbuf_map map = procbuf_map_of_regions(&region, 1, &capability);
    const struct procbuf_lender lender = procbuf_lender_pinned(&map, id);
    struct procbuf_readonly lent;
    asked_index = 0;
    cr_assert_eq(procbuf_readonly_build_from(&lender, place(0), 8, &lent), PROCBUF_OK);
    cr_assert(asked_index == 0x12345678 && asked_identifier == UINT64_C(0x123456789abcdef0));
    asked_index = 0;
    cr_assert_eq(procbuf_readonly_len(&lent), 8);
    cr_assert(asked_index == 0x12345678 && asked_identifier == UINT64_C(0x123456789abcdef0));
}

static void take_slot(const struct procbuf_grant *grant, void *data)
{
    cr_assert_eq(procbuf_grant_readonly(grant, 0, data), PROCBUF_OK);
}

Test(wide, a_grant_is_aligned_to_2_17)
{
    static _Alignas(1 << 17) uint8_t aligned[1 << 18];
    const procbuf_addr_t start = (procbuf_addr_t)(uintptr_t)aligned;
    const struct procbuf_process_config whole = { .mem_start = start,
                                                  .mem_len = (1 << 17) + FAR + 64 };
    procbuf_addr_t addr;
    ACCEPTS("G1");
    procbuf_table_init(&table, slots, 1);
    procbuf_table_use_grants(&table, grants, 1);
    cr_assert_eq(procbuf_process_create(&table, &whole, &process), PROCBUF_OK);
    cr_assert_eq(procbuf_process_allocate_grant(process, 0, 1, 8, 1 << 17), PROCBUF_OK);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(process), 0, &addr), PROCBUF_OK);
    cr_assert_eq(addr, start + (1 << 17));
}

/* ---- Addresses count with all bits ---- */

static bool look_up(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    const struct procbuf_region *regions = data;
    for (size_t r = 0; r < 3; r++) {
        *region_out = regions[r];
        if (regions[r].start <= addr && addr < regions[r].end)
            return true;
    }
    return false;
}

static void build_on_both_sides(procbuf_addr_t middle)
{
    PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);
    struct procbuf_region regions[] = { { middle + 16, middle + 48, PROCBUF_ACCESS_READ },
                                        { middle - 16, middle + 16, PROCBUF_ACCESS_READ },
                                        { middle - 48, middle - 16, PROCBUF_ACCESS_READ } };
    const struct procbuf_map maps[] = { procbuf_map_of_regions(regions, 3, &capability),
                                        procbuf_map_of_lookup(look_up, regions, &capability) };
    struct procbuf_table foreign;
    struct procbuf_readonly buffer;
    procbuf_table_init_external(&foreign, notes_who_it_was, NULL);
    const struct procbuf_id id = procbuf_id_new_external(&foreign, 0, 0, &capability);
    for (size_t m = 0; m < 2; m++) {
        const struct procbuf_lender lender = procbuf_lender_pinned(&maps[m], id);
        regions[1].end = middle + 16;
        for (procbuf_addr_t addr = middle - 48; addr < middle + 40; addr += 8)
            cr_assert_eq(
                procbuf_readonly_build_from(&lender, addr, (size_t)(middle + 48 - addr), &buffer),
                PROCBUF_OK);
        cr_assert_eq(procbuf_readonly_build_from(&lender, middle - 40, 89, &buffer), PROCBUF_INVAL);
        regions[1].end = middle - 8;
        cr_assert_eq(procbuf_readonly_build_from(&lender, middle - 40, 48, &buffer), PROCBUF_INVAL);
    }
}

/* A process that owns memory on both sides of an address that ends in zero bits. */
static void live_on_both_sides(uint8_t *middle)
{
    const procbuf_addr_t start = (procbuf_addr_t)(uintptr_t)middle - 64;
    const struct procbuf_process_config whole = { .mem_start = start,
                                                  .mem_len = 512,
                                                  .initial_app_len = 256 };
    const struct procbuf_process_config inside = { .mem_start = start + 56, .mem_len = 64 };
    const struct procbuf_process_config after = { .mem_start = start + 512, .mem_len = 64 };
    static struct procbuf_process both[2];
    struct procbuf_process *other;
    struct procbuf_readonly buffer;
    procbuf_addr_t old_break, addr;
    procbuf_table_init(&table, both, 2);
    procbuf_table_use_grants(&table, grants, 1);
    cr_assert_eq(procbuf_process_create(&table, &whole, &process), PROCBUF_OK);
    cr_assert_eq(procbuf_process_create(&table, &inside, &other), PROCBUF_INVAL);
    cr_assert_eq(procbuf_process_create(&table, &after, &other), PROCBUF_OK);
    for (size_t offset = 0; offset < 256; offset += 8) {
        port_forget();
        cr_assert_eq(procbuf_readonly_build(process, start + offset, 256 - offset, &buffer),
                     PROCBUF_OK);
        cr_assert_eq(procbuf_readonly_len(&buffer), 256 - offset);
        cr_assert(procbuf_process_set_byte(process, start + offset, 1));
    }
    cr_assert_eq(procbuf_readonly_build(process, start + 250, 7, &buffer), PROCBUF_INVAL);
    cr_assert_eq(procbuf_readonly_build(process, start - 8, 16, &buffer), PROCBUF_INVAL);
    cr_assert_eq(procbuf_readonly_build(process, start, 20, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_process_mark(process), start + 256, "it does not go down");
    cr_assert_eq(procbuf_process_restart(process, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_process_brk(process, start + 32, &old_break), PROCBUF_OK);
    memset(middle, 0x5a, 256);
    port_forget();
    cr_assert_eq(procbuf_process_brk(process, start + 300, &old_break), PROCBUF_OK);
    for (size_t i = 0; i < 236; i++)
        cr_assert_eq(middle[i], 0);
    cr_assert_eq(middle[236], 0x5a);
    cr_assert_eq(procbuf_process_brk(process, start + 513, &old_break),
                 PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(procbuf_process_brk(process, start, &old_break), PROCBUF_OK);
    cr_assert_eq(procbuf_process_allocate_grant(process, 0, 1, 500, 2), PROCBUF_OK);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(process), 0, &addr), PROCBUF_OK);
    cr_assert_eq(addr, start + 12);
}

/* What was read from a slot at a round address dies when the slot is swapped, too. */
static void swap_at(uint8_t *round)
{
    const procbuf_addr_t slot_addr = (procbuf_addr_t)(uintptr_t)round;
    const struct procbuf_driver_config config = { .readonly_count = 1,
                                                  .data_len = 8,
                                                  .data_align = 8 };
    const struct procbuf_process_config whole = { .mem_start = slot_addr - 128,
                                                  .mem_len = 128 + procbuf_grant_len(&config),
                                                  .initial_app_len = 100 };
    struct procbuf_driver one_slot;
    struct procbuf_readonly buffer;
    procbuf_table_init(&table, slots, 1);
    procbuf_table_use_grants(&table, grants, 1);
    cr_assert_eq(procbuf_process_create(&table, &whole, &process), PROCBUF_OK);
    procbuf_driver_init(&one_slot, &config);
    cr_assert_eq(procbuf_process_allow_readonly(process, &one_slot, 0, whole.mem_start + 1, 9).code,
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_kernel_break(process), slot_addr);
    cr_assert_eq(procbuf_driver_enter(&one_slot, procbuf_process_id(process), take_slot, &buffer),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&buffer), 9);
    cr_assert_eq(procbuf_process_allow_readonly(process, &one_slot, 0, 0, 0).code, PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&buffer), 0);
}

Test(wide, a_process_is_on_both_sides_of_a_multiple_of_2_16)
{
    static _Alignas(1 << 16) uint8_t sides[1 << 17];
    ACCEPTS("P1 P2 P4 B3 B4 H6 K1 G1 M2");
    REFUSES("P4 B3 K1 M2");
    live_on_both_sides(&sides[FAR]);
    build_on_both_sides((procbuf_addr_t)(uintptr_t)&sides[FAR]);
    swap_at(&sides[FAR]);
}

#if SIZE_MAX > UINT32_MAX
Test(wide, a_process_is_on_both_sides_of_a_multiple_of_2_32)
{
    procbuf_addr_t middle = (procbuf_addr_t)0x3000 << 32;
    void *sides;
    ACCEPTS("P1 P2 P4 B3 B4 H6 K1 G1 M2");
    REFUSES("P4 B3 K1 M2");
    do { /* until nothing else is there */
        middle += (procbuf_addr_t)1 << 32;
        sides = mmap((void *)(uintptr_t)(middle - FAR), (size_t)2 * FAR, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    } while (sides == MAP_FAILED && errno == EEXIST);
    cr_assert_eq((procbuf_addr_t)(uintptr_t)sides, middle - FAR);
    live_on_both_sides((uint8_t *)(uintptr_t)middle);
    build_on_both_sides(middle);
    swap_at((uint8_t *)(uintptr_t)middle);
}

Test(wide, a_region_is_2_32_bytes_long)
{
    PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);
    const procbuf_addr_t start = 4096, end = start + ((procbuf_addr_t)1 << 32);
    const struct procbuf_region regions[] = { { end, end + 8, PROCBUF_ACCESS_READ },
                                              { start, end, PROCBUF_ACCESS_READ } };
    const struct procbuf_map map = procbuf_map_of_regions(regions, 2, &capability);
    struct procbuf_table foreign;
    struct procbuf_readonly buffer;
    ACCEPTS("M2 M3");
    procbuf_table_init_external(&foreign, notes_who_it_was, NULL);
    const struct procbuf_lender lender =
        procbuf_lender_pinned(&map, procbuf_id_new_external(&foreign, 0, 0, &capability));
    cr_assert_eq(procbuf_readonly_build_from(&lender, start, (size_t)(end - start) + 8, &buffer),
                 PROCBUF_OK);
}

/* Of which no byte is touched. */
Test(wide, flash_is_on_both_sides_of_a_multiple_of_2_32)
{
    const struct procbuf_process_config config = { .flash_start = ((procbuf_addr_t)1 << 33) - 16,
                                                   .flash_len = 256,
                                                   .mem_start = place(0),
                                                   .mem_len = 8 };
    struct procbuf_readonly buffer;
    ACCEPTS("P1 P4 B3");
    procbuf_table_init(&table, slots, 1);
    cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_OK);
    for (size_t offset = 0; offset < 256; offset += 8)
        cr_assert_eq(
            procbuf_readonly_build(process, config.flash_start + offset, 256 - offset, &buffer),
            PROCBUF_OK);
}
#endif

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

static void restart_refused(const struct procbuf_grant *grant, void *data)
{
    (void)grant, (void)data;
    cr_assert_eq(procbuf_process_restart(process, NULL), PROCBUF_OUT_OF_MEMORY);
}

Test(wide, no_new_life_owns_a_byte_of_an_open_grant_of_2_16_bytes)
{
    const struct procbuf_driver_config long_one = { .data_len = FAR, .data_align = 8 };
    procbuf_addr_t old_break;
    REFUSES("L9 L5");
    procbuf_driver_init(&driver, &long_one);
    cr_assert_eq(procbuf_process_brk(process, place(8), &old_break), PROCBUF_OK);
    cr_assert_eq(procbuf_process_allocate_grant(process, 1, 9, RAM - APP, 8), PROCBUF_OK);
    cr_assert_eq(procbuf_driver_enter(&driver, procbuf_process_id(process), restart_refused, NULL),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_kernel_break(process), place(APP - FAR));
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

/* With memory of the process that ends in zero bits, and parts that do when they are too long. */
Test(wide, parts_of_a_process_are_compared_in_full)
{
    static const size_t lens[] = { 256, FAR, SIZE_MAX / 2 + 1 };
    const struct procbuf_process_config whole = {
        .mem_start = place(0), .mem_len = RAM, .initial_app_len = 8, .initial_kernel_len = 8
    };
    ACCEPTS("P4");
    procbuf_table_init(&table, slots, 1);
    cr_assert_eq(procbuf_process_create(&table, &whole, &process), PROCBUF_OK);
    cr_assert_eq(procbuf_process_kernel_break(process), place(RAM - 8));
    struct procbuf_process_config parts = whole;
    parts.initial_kernel_len = FAR;
    procbuf_table_init(&table, slots, 1);
    cr_assert_eq(procbuf_process_create(&table, &parts, &process), PROCBUF_OK);
    cr_assert_eq(procbuf_process_kernel_break(process), place(RAM - FAR));
#if SIZE_MAX > UINT32_MAX
    parts.mem_len = ((size_t)1 << 32) + 4;
    parts.initial_kernel_len = 0;
    procbuf_table_init(&table, slots, 1);
    cr_assert_eq(procbuf_process_create(&table, &parts, &process), PROCBUF_OK);
#endif
    REFUSES("P4");
    parts.mem_len = FAR + 64;
    parts.initial_kernel_len = FAR;
    parts.initial_app_len = 100;
    procbuf_table_init(&table, slots, 1);
    cr_assert_eq(procbuf_process_create(&table, &parts, &process), PROCBUF_INVAL);
    procbuf_table_init(&table, slots, 1);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct procbuf_process_config config = { .mem_start = place(0), .mem_len = 128 };
        config.initial_app_len = lens[i];
        cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_INVAL);
        config.initial_kernel_len = 8;
        config.initial_app_len = lens[i] + 120;
        cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_INVAL);
        config.initial_kernel_len = lens[i];
        config.initial_app_len = 0;
        cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_INVAL);
        config.initial_kernel_len = 0;
        config.flash_start = place(4096);
        config.flash_len = 8;
        config.flash_protected_len = lens[i];
        cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_INVAL);
        config.flash_protected_len = lens[i] + 8;
        cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_INVAL);
        config.flash_protected_len = SIZE_MAX;
        cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_INVAL);
    }
}

/* Address 0 is in a range however long that is, and no address is it that merely ends in 32 zero bits. */
Test(wide, no_range_of_a_process_has_null_in_it)
{
    static const size_t lens[] = { 256, FAR, (size_t)UINT32_MAX + 1 };
    struct procbuf_process_config config = { .mem_start = place(0), .mem_len = RAM };
    REFUSES("P4");
    procbuf_table_init(&table, slots, 1);
    port_refuse_at = 1; /* of this one, nothing may be left */
    cr_assert_neq(procbuf_process_create(&table, &config, &process), PROCBUF_OK);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        const size_t wanted = lens[i] == 0 ? FAR : lens[i]; /* 0 on 32 bits */
        config.flash_len = wanted;
        cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_INVAL);
        const struct procbuf_process_config no_flash = { .mem_start = 0, .mem_len = wanted };
        cr_assert_eq(procbuf_process_create(&table, &no_flash, &process), PROCBUF_INVAL);
    }
    ACCEPTS("P4");
#if SIZE_MAX > UINT32_MAX
    const struct procbuf_process_config round = { .flash_start = (procbuf_addr_t)1 << 33,
                                                  .flash_len = 8,
                                                  .mem_start = (procbuf_addr_t)1 << 32,
                                                  .mem_len = 8 };
    cr_assert_eq(procbuf_process_create(&table, &round, &process), PROCBUF_OK);
#endif
}
