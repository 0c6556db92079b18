/* Slices over kernel arrays: what holds for them holds inside every enter. Contract: S, E4. */
#include "kernel.h"

static uint8_t array[10];
static struct procbuf_readable readable;
static struct procbuf_writable writable;

static void make(void)
{
    for (uint8_t i = 0; i < sizeof array; i++)
        array[i] = (uint8_t)(i + 100);
    readable = procbuf_readable_from_array(array, sizeof array);
    writable = procbuf_writable_from_array(array, sizeof array);
}

TestSuite(slice, .init = make);

Test(slice, arrays_become_slices)
{
    ACCEPTS("S1");
    cr_assert_eq(procbuf_readable_len(readable), 10);
    cr_assert_eq(procbuf_writable_len(writable), 10);
    cr_assert_eq(procbuf_readable_base_unchecked(readable), array);
    cr_assert_eq(procbuf_writable_base_unchecked(writable), array);
    const struct procbuf_readable given_up = procbuf_writable_as_readable(writable);
    cr_assert_eq(procbuf_readable_len(given_up), 10);
    cr_assert_eq(procbuf_readable_base_unchecked(given_up), array);
}

Test(slice, empty_arrays_have_a_base)
{
    ACCEPTS("H5 S1");
    REFUSES("S1 E4 R5");
    cr_assert_not_null(procbuf_readable_base_unchecked(procbuf_readable_from_array(NULL, 0)));
    cr_assert_not_null(procbuf_writable_base_unchecked(procbuf_writable_from_array(NULL, 0)));
    MUST_PANIC(procbuf_readable_len(procbuf_readable_from_array(NULL, 1)));
    MUST_PANIC(procbuf_writable_len(procbuf_writable_from_array(NULL, 1)));
}

Test(slice, get_and_set_reach_every_byte)
{
    uint8_t value = 0;
    ACCEPTS("S1 S4");
    for (size_t i = 0; i < 10; i++) {
        cr_assert(procbuf_readable_get(readable, i, &value));
        cr_assert_eq(value, i + 100);
        cr_assert(procbuf_writable_set(writable, i, (uint8_t)(i + 50)));
        cr_assert(procbuf_readable_get(readable, i, &value));
        cr_assert_eq(value, i + 50);
        cr_assert_eq(procbuf_readable_get_or_panic(readable, i), i + 50);
    }
}

Test(slice, get_and_set_refuse_the_end_and_beyond)
{
    static const size_t indices[] = { 10, 11, SIZE_MAX / 2, SIZE_MAX };
    uint8_t before[10], value = 9;
    REFUSES("S2 S4 E4 R9");
    memcpy(before, array, sizeof before);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_not(procbuf_readable_get(readable, indices[i], &value));
        cr_assert_not(procbuf_writable_set(writable, indices[i], 1));
        MUST_PANIC(procbuf_readable_get_or_panic(readable, indices[i]));
    }
    cr_assert_eq(value, 9);
    cr_assert_arr_eq(array, before, sizeof array);
}

/* [start, end) of a slice of 10, and whether it exists. */
static const struct {
    size_t start, end;
    bool exists;
} ranges[] = {
    { 0, 10, true },
    { 0, 0, true },
    { 10, 10, true },
    { 3, 3, true },
    { 3, 7, true },
    { 9, 10, true },
    { 4, 3, false },
    { 10, 9, false },
    { 0, 11, false },
    { 10, 11, false },
    { 11, 11, false },
    { SIZE_MAX, SIZE_MAX, false },
    { SIZE_MAX - 1, 4, false },
    { SIZE_MAX - 1, 2, false },
    { 0, SIZE_MAX, false },
};

Test(slice, ranges_exist_or_not)
{
    ACCEPTS("S2");
    REFUSES("S2");
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        struct procbuf_readable part = procbuf_readable_from_array(NULL, 0);
        struct procbuf_writable part_mut = procbuf_writable_from_array(NULL, 0);
        const uint8_t *old_base = procbuf_readable_base_unchecked(part);
        const size_t start = ranges[r].start, end = ranges[r].end;
        cr_assert_eq(procbuf_readable_range(readable, start, end, &part), ranges[r].exists);
        cr_assert_eq(procbuf_writable_range(writable, start, end, &part_mut), ranges[r].exists);
        const size_t len = ranges[r].exists ? end - start : 0;
        const uint8_t *base = ranges[r].exists ? array + start : old_base;
        cr_assert_eq(procbuf_readable_len(part), len);
        cr_assert_eq(procbuf_readable_base_unchecked(part), base);
        cr_assert_eq(procbuf_writable_len(part_mut), len);
        cr_assert_eq(procbuf_writable_base_unchecked(part_mut), base);
    }
}

Test(slice, half_open_ranges)
{
    struct procbuf_readable part;
    struct procbuf_writable part_mut;
    ACCEPTS("S1 S2");
    REFUSES("S2");
    cr_assert(procbuf_readable_range_from(readable, 4, &part));
    cr_assert_eq(procbuf_readable_len(part), 6);
    cr_assert_eq(procbuf_readable_base_unchecked(part), array + 4);
    cr_assert(procbuf_readable_range_to(part, 2, &part));
    cr_assert_eq(procbuf_readable_len(part), 2);
    cr_assert_eq(procbuf_readable_base_unchecked(part), array + 4);
    cr_assert_not(procbuf_readable_range_to(part, 3, &part), "bounded by its parent");
    cr_assert_not(procbuf_readable_range_from(part, 3, &part));
    cr_assert(procbuf_readable_range_from(part, 2, &part));
    cr_assert_eq(procbuf_readable_len(part), 0);
    cr_assert(procbuf_writable_range_from(writable, 4, &part_mut));
    cr_assert(procbuf_writable_range_to(part_mut, 2, &part_mut));
    cr_assert_eq(procbuf_writable_len(part_mut), 2);
    cr_assert_eq(procbuf_writable_base_unchecked(part_mut), array + 4);
    cr_assert_not(procbuf_writable_range_to(part_mut, 3, &part_mut));
    cr_assert_not(procbuf_writable_range_from(part_mut, 3, &part_mut));
    cr_assert_not(procbuf_writable_range_from(part_mut, SIZE_MAX, &part_mut));
}

Test(slice, iteration_visits_each_byte_once)
{
    struct procbuf_iter iter = procbuf_readable_iterate(readable);
    uint8_t value = 0;
    ACCEPTS("S1");
    REFUSES("S1");
    for (size_t i = 0; i < 10; i++) {
        cr_assert(procbuf_iter_next(&iter, &value));
        cr_assert_eq(value, i + 100);
    }
    cr_assert_not(procbuf_iter_next(&iter, &value));
    cr_assert_not(procbuf_iter_next(&iter, &value));
}

Test(slice, chunks_cover_the_slice)
{
    static const size_t chunk_lens[] = { 1, 2, 3, 9, 10, 11, SIZE_MAX };
    ACCEPTS("S1");
    for (size_t c = 0; c < sizeof chunk_lens / sizeof chunk_lens[0]; c++) {
        struct procbuf_readable_chunks chunks = procbuf_readable_split(readable, chunk_lens[c]);
        struct procbuf_writable_chunks chunks_mut = procbuf_writable_split(writable, chunk_lens[c]);
        struct procbuf_readable part;
        struct procbuf_writable part_mut;
        for (size_t done = 0; done < 10;) {
            const size_t len = 10 - done < chunk_lens[c] ? 10 - done : chunk_lens[c];
            cr_assert(procbuf_readable_chunks_next(&chunks, &part));
            cr_assert(procbuf_writable_chunks_next(&chunks_mut, &part_mut));
            cr_assert_eq(procbuf_readable_len(part), len);
            cr_assert_eq(procbuf_writable_len(part_mut), len);
            cr_assert_eq(procbuf_readable_base_unchecked(part), array + done);
            cr_assert_eq(procbuf_writable_base_unchecked(part_mut), array + done);
            done += len;
        }
        cr_assert_not(procbuf_readable_chunks_next(&chunks, &part));
        cr_assert_not(procbuf_writable_chunks_next(&chunks_mut, &part_mut));
    }
}

Test(slice, chunks_of_nothing)
{
    struct procbuf_readable_chunks none =
        procbuf_readable_split(procbuf_readable_from_array(NULL, 0), 3);
    struct procbuf_readable part;
    REFUSES("S1 E4 R6");
    cr_assert_not(procbuf_readable_chunks_next(&none, &part));
    MUST_PANIC(procbuf_readable_split(readable, 0));
    MUST_PANIC(procbuf_writable_split(writable, 0));
}

Test(slice, copies_of_equal_length)
{
    uint8_t other[10];
    ACCEPTS("S3");
    cr_assert_eq(procbuf_readable_copy_to(readable, other, 10), PROCBUF_OK);
    cr_assert_arr_eq(other, array, 10);
    for (size_t i = 0; i < 10; i++)
        other[i] = (uint8_t)i;
    cr_assert_eq(procbuf_writable_copy_from(writable, other, 10), PROCBUF_OK);
    cr_assert_arr_eq(array, other, 10);
    other[3] = 200;
    procbuf_writable_copy_from_or_panic(writable, other, 10);
    cr_assert_eq(array[3], 200);
    other[3] = 0;
    procbuf_readable_copy_to_or_panic(readable, other, 10);
    cr_assert_eq(other[3], 200);
    other[0] = 0;
    cr_assert_eq(procbuf_readable_copy_to(procbuf_readable_from_array(&array[3], 1), other, 1),
                 PROCBUF_OK);
    cr_assert_eq(other[0], 200, "a single byte");
    other[0] = 201;
    cr_assert_eq(procbuf_writable_copy_from(procbuf_writable_from_array(&array[3], 1), other, 1),
                 PROCBUF_OK);
    cr_assert_eq(array[3], 201);
    const struct procbuf_readable none = procbuf_readable_from_array(NULL, 0);
    cr_assert_eq(procbuf_readable_copy_to(none, NULL, 0), PROCBUF_OK);
    cr_assert_eq(procbuf_writable_copy_from(procbuf_writable_from_array(NULL, 0), NULL, 0),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_writable_copy_from_slice(procbuf_writable_from_array(NULL, 0), none),
                 PROCBUF_OK);
}

Test(slice, copies_of_unequal_length_move_nothing)
{
    static const size_t lens[] = { 0, 9, 11, SIZE_MAX };
    uint8_t other[11], before[10];
    REFUSES("S3 E4 R9");
    memcpy(before, array, 10);
    memset(other, 5, sizeof other);
    for (size_t l = 0; l < 4; l++) {
        cr_assert_eq(procbuf_readable_copy_to(readable, other, lens[l]), PROCBUF_SIZE);
        cr_assert_eq(procbuf_writable_copy_from(writable, other, lens[l]), PROCBUF_SIZE);
        MUST_PANIC((procbuf_readable_copy_to_or_panic(readable, other, lens[l]), 0));
        MUST_PANIC((procbuf_writable_copy_from_or_panic(writable, other, lens[l]), 0));
    }
    cr_assert_eq(procbuf_writable_copy_from_slice(writable, procbuf_readable_from_array(other, 9)),
                 PROCBUF_SIZE);
    cr_assert_eq(procbuf_writable_copy_from_slice(writable, procbuf_readable_from_array(other, 11)),
                 PROCBUF_SIZE);
    cr_assert_arr_eq(array, before, 10);
    for (size_t i = 0; i < sizeof other; i++)
        cr_assert_eq(other[i], 5);
}

Test(slice, overlapping_slices_copy_as_memmove)
{
    ACCEPTS("S3 B5");
    for (size_t from = 0; from <= 4; from++) {
        for (size_t to = 0; to <= 4; to++) {
            uint8_t expected[10];
            struct procbuf_readable source;
            struct procbuf_writable target;
            make();
            for (size_t i = 0; i < 10; i++)
                expected[i] = array[i];
            for (size_t i = 0; i < 6; i++)
                expected[to + i] = (uint8_t)(from + i + 100);
            cr_assert(procbuf_readable_range(readable, from, from + 6, &source));
            cr_assert(procbuf_writable_range(writable, to, to + 6, &target));
            cr_assert_eq(procbuf_writable_copy_from_slice(target, source), PROCBUF_OK);
            cr_assert_arr_eq(array, expected, 10);
        }
    }
}

/* Numbers that would be right if they were cut to fewer bits. */
Test(slice, numbers_count_with_all_bits)
{
    static const size_t wide[] = { 1 << 8, 1 << 16, SIZE_MAX / 2 + 1 };
    uint8_t value = 9, other[10] = { 0 };
    struct procbuf_readable part;
    struct procbuf_writable mut_part;
    REFUSES("S1 S2 S3");
    for (size_t w = 0; w < sizeof wide / sizeof wide[0]; w++) {
        const size_t more = wide[w];
        cr_assert_not(procbuf_readable_get(readable, more + 3, &value));
        cr_assert_not(procbuf_writable_set(writable, more + 3, 1));
        MUST_PANIC(procbuf_readable_get_or_panic(readable, more + 3));
        cr_assert_not(procbuf_readable_range(readable, 1, more + 3, &part));
        cr_assert_not(procbuf_readable_range(readable, more + 1, 3, &part));
        cr_assert_not(procbuf_readable_range(readable, more + 1, more + 3, &part));
        cr_assert_not(procbuf_readable_range_from(readable, more + 1, &part));
        cr_assert_not(procbuf_readable_range_to(readable, more + 3, &part));
        cr_assert_not(procbuf_writable_range(writable, 1, more + 3, &mut_part));
        cr_assert_not(procbuf_writable_range(writable, more + 1, 3, &mut_part));
        cr_assert_not(procbuf_writable_range(writable, more + 1, more + 3, &mut_part));
        cr_assert_not(procbuf_writable_range_from(writable, more + 1, &mut_part));
        cr_assert_not(procbuf_writable_range_to(writable, more + 3, &mut_part));
        cr_assert_eq(procbuf_readable_copy_to(readable, other, more + 10), PROCBUF_SIZE);
        cr_assert_eq(procbuf_writable_copy_from(writable, other, more + 10), PROCBUF_SIZE);
        MUST_PANIC((procbuf_readable_copy_to_or_panic(readable, other, more + 10), 0));
        MUST_PANIC((procbuf_writable_copy_from_or_panic(writable, other, more + 10), 0));
        struct procbuf_readable_chunks chunks = procbuf_readable_split(readable, more);
        struct procbuf_writable_chunks mut_chunks = procbuf_writable_split(writable, more);
        cr_assert(procbuf_readable_chunks_next(&chunks, &part) && procbuf_readable_len(part) == 10);
        cr_assert(procbuf_writable_chunks_next(&mut_chunks, &mut_part) &&
                  procbuf_writable_len(mut_part) == 10);
    }
    cr_assert_eq(value, 9);
    for (uint8_t i = 0; i < sizeof array; i++)
        cr_assert(array[i] == i + 100 && other[i] == 0);
}
