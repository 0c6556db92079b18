/* Fill, compare, find, strings, words, copies of what fits. Contract: S7. */
#include "kernel.h"

static uint8_t array[12];
static struct procbuf_readable readable;
static struct procbuf_writable writable;

static void make(void)
{
    for (uint8_t i = 0; i < sizeof array; i++)
        array[i] = (uint8_t)(i + 1);
    readable = procbuf_readable_from_array(array, 10);
    writable = procbuf_writable_from_array(array, 10);
}

TestSuite(bytes, .init = make);

static const struct procbuf_readable *empty(void)
{
    static struct procbuf_readable none;
    none = procbuf_readable_from_array(NULL, 0);
    return &none;
}

Test(bytes, fill_sets_every_byte_and_no_other)
{
    ACCEPTS("S7 S4");
    procbuf_writable_fill(writable, 9);
    for (size_t i = 0; i < 10; i++)
        cr_assert_eq(array[i], 9);
    cr_assert(array[10] == 11 && array[11] == 12);
    procbuf_writable_fill(procbuf_writable_from_array(&array[11], 1), 3);
    cr_assert(array[10] == 11 && array[11] == 3);
    procbuf_writable_fill(procbuf_writable_from_array(NULL, 0), 1);
}

Test(bytes, compare_orders_as_memcmp_does)
{
    uint8_t other[10];
    int order = 5;
    ACCEPTS("S7");
    memcpy(other, array, 10);
    cr_assert_eq(procbuf_readable_compare(readable, other, 10, &order), PROCBUF_OK);
    cr_assert_eq(order, 0);
    other[9] = 200;
    cr_assert_eq(procbuf_readable_compare(readable, other, 10, &order), PROCBUF_OK);
    cr_assert_lt(order, 0);
    other[3] = 0;
    cr_assert_eq(procbuf_readable_compare(readable, other, 10, &order), PROCBUF_OK);
    cr_assert_gt(order, 0, "the first difference decides");
    cr_assert_eq(procbuf_readable_compare(*empty(), NULL, 0, &order), PROCBUF_OK);
    cr_assert_eq(order, 0);
}

Test(bytes, small_numbers_have_all_their_bytes)
{
    static const uint8_t le[8] = { 1 }, be[8] = { 0, 0, 0, 0, 0, 0, 0, 1 };
    ACCEPTS("S7");
    cr_assert(procbuf_writable_store_be64(writable, 1, UINT64_MAX));
    cr_assert(procbuf_writable_store_be64(writable, 1, 1));
    cr_assert_arr_eq(&array[1], be, 8);
    cr_assert(procbuf_writable_store_le64(writable, 1, UINT64_MAX));
    cr_assert(procbuf_writable_store_le64(writable, 1, 1));
    cr_assert_arr_eq(&array[1], le, 8);
}

/* Lengths and offsets that would be right if they were cut to fewer bits. */
Test(bytes, numbers_count_with_all_bits)
{
    static const size_t wide[] = { 1 << 8, 1 << 16, SIZE_MAX / 2 + 1 };
    uint8_t other[12];
    uint16_t word = 9;
    int order = 5;
    REFUSES("S7");
    memcpy(other, array, sizeof other);
    for (size_t w = 0; w < sizeof wide / sizeof wide[0]; w++) {
        const size_t more = wide[w];
        cr_assert_eq(procbuf_readable_compare(readable, other, more + 10, &order), PROCBUF_SIZE);
        cr_assert_not(procbuf_readable_load_le16(readable, more + 1, &word));
        cr_assert_not(procbuf_writable_store_le16(writable, more + 1, 1));
    }
    cr_assert(order == 5 && word == 9);
    cr_assert_arr_eq(array, other, sizeof array);
}

/* Programs have no kernel array with a 0 or a byte above 251. */
Test(bytes, compare_orders_bytes_of_every_value)
{
    ACCEPTS("S7");
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            const uint8_t ours[] = { (uint8_t)a, 5 }, other[] = { (uint8_t)b, 6 };
            const struct procbuf_readable slice = procbuf_readable_from_array(ours, 2);
            int order = 0;
            cr_assert_eq(procbuf_readable_compare(slice, other, 2, &order), PROCBUF_OK);
            cr_assert(a > b ? order > 0 : order < 0, "%u and %u, %d", a, b, order);
        }
}

Test(bytes, bytes_of_every_value_are_copied)
{
    uint8_t every[256], copy[256];
    ACCEPTS("S7 S3");
    for (unsigned i = 0; i < 256; i++)
        every[i] = (uint8_t)(i + 1); /* 0 is the last, and then the first */
    for (unsigned turn = 0; turn < 2; turn++, memmove(every + 1, every, 255), every[0] = 0) {
        const struct procbuf_writable to = procbuf_writable_from_array(copy, 256);
        const struct procbuf_readable from = procbuf_readable_from_array(every, 256);
        memset(copy, 7, 256);
        cr_assert_eq(procbuf_writable_copy_from(to, every, 256), PROCBUF_OK);
        cr_assert_arr_eq(copy, every, 256);
        memset(copy, 7, 256);
        cr_assert_eq(procbuf_writable_copy_from_fitting(to, every, 256), 256);
        cr_assert_arr_eq(copy, every, 256);
        memset(copy, 7, 256);
        cr_assert_eq(procbuf_writable_copy_from_slice(to, from), PROCBUF_OK);
        cr_assert_arr_eq(copy, every, 256);
        memset(copy, 7, 256);
        cr_assert_eq(procbuf_readable_copy_to(from, copy, 256), PROCBUF_OK);
        cr_assert_arr_eq(copy, every, 256);
        memset(copy, 7, 256);
        cr_assert_eq(procbuf_readable_copy_to_fitting(from, copy, 256), 256);
        cr_assert_arr_eq(copy, every, 256);
    }
}

Test(bytes, compare_refuses_unequal_lengths)
{
    int order = 5;
    REFUSES("S7");
    cr_assert_eq(procbuf_readable_compare(readable, array, 9, &order), PROCBUF_SIZE);
    cr_assert_eq(procbuf_readable_compare(readable, array, 11, &order), PROCBUF_SIZE);
    cr_assert_eq(procbuf_readable_compare(readable, array, SIZE_MAX, &order), PROCBUF_SIZE);
    cr_assert_eq(order, 5);
}

Test(bytes, find_tells_the_first)
{
    size_t index = 77;
    ACCEPTS("S7");
    REFUSES("S7");
    cr_assert(procbuf_readable_find(readable, 1, &index));
    cr_assert_eq(index, 0);
    cr_assert(procbuf_readable_find(readable, 10, &index));
    cr_assert_eq(index, 9);
    array[4] = 10;
    cr_assert(procbuf_readable_find(readable, 10, &index));
    cr_assert_eq(index, 4);
    cr_assert_not(procbuf_readable_find(readable, 11, &index), "that is after the slice");
    cr_assert_not(procbuf_readable_find(*empty(), 0, &index));
    cr_assert_eq(index, 4);
}

Test(bytes, strings_end_with_a_zero_inside)
{
    char copy[12];
    size_t len = 77;
    ACCEPTS("S7");
    array[6] = 0;
    cr_assert_eq(procbuf_readable_string_len(readable, &len), PROCBUF_OK);
    cr_assert_eq(len, 6);
    memset(copy, 'x', sizeof copy);
    cr_assert_eq(procbuf_readable_string_copy(readable, copy, 7, &len), PROCBUF_OK);
    cr_assert_eq(len, 6);
    cr_assert_arr_eq(copy, array, 7);
    cr_assert_eq(copy[7], 'x');
    array[0] = 0;
    cr_assert_eq(procbuf_readable_string_copy(readable, copy, 1, &len), PROCBUF_OK);
    cr_assert(len == 0 && copy[0] == 0);
}

Test(bytes, a_missing_terminator_is_an_error)
{
    char copy[12];
    size_t len = 77;
    REFUSES("S7 E3");
    array[10] = 0; /* after the slice */
    cr_assert_eq(procbuf_readable_string_len(readable, &len), PROCBUF_SIZE);
    memset(copy, 'x', sizeof copy);
    cr_assert_eq(procbuf_readable_string_copy(readable, copy, 12, &len), PROCBUF_SIZE);
    for (size_t i = 0; i < 12; i++)
        cr_assert_eq(copy[i], i < 10 ? 0 : 'x', "what was copied is zeroed again");
    array[6] = 0;
    memset(copy, 'x', sizeof copy);
    cr_assert_eq(procbuf_readable_string_copy(readable, copy, 6, &len), PROCBUF_SIZE);
    cr_assert(copy[5] == 0 && copy[6] == 'x');
    memset(copy, 'x', sizeof copy);
    cr_assert_eq(procbuf_readable_string_copy(readable, copy, 1, &len), PROCBUF_SIZE);
    cr_assert(copy[0] == 0 && copy[1] == 'x', "one byte, too");
    cr_assert_eq(procbuf_readable_string_copy(readable, NULL, 0, &len), PROCBUF_SIZE);
    cr_assert_eq(procbuf_readable_string_copy(*empty(), copy, 12, &len), PROCBUF_SIZE);
    cr_assert_eq(len, 77);
}

Test(bytes, words_of_both_orders_load)
{
    uint16_t w16;
    uint32_t w32;
    uint64_t w64;
    ACCEPTS("S7");
    cr_assert(procbuf_readable_load_le16(readable, 1, &w16) && w16 == 0x0302);
    cr_assert(procbuf_readable_load_be16(readable, 1, &w16) && w16 == 0x0203);
    cr_assert(procbuf_readable_load_le32(readable, 3, &w32) && w32 == 0x07060504);
    cr_assert(procbuf_readable_load_be32(readable, 3, &w32) && w32 == 0x04050607);
    cr_assert(procbuf_readable_load_le64(readable, 2, &w64) && w64 == 0x0a09080706050403);
    cr_assert(procbuf_readable_load_be64(readable, 2, &w64) && w64 == 0x030405060708090a);
}

Test(bytes, words_of_both_orders_store)
{
    static const uint8_t expected[12] = { 0x34, 0x12, 0x12, 0x34, 5, 6, 7, 8, 9, 10, 11, 12 };
    ACCEPTS("S7");
    cr_assert(procbuf_writable_store_le16(writable, 0, 0x1234));
    cr_assert(procbuf_writable_store_be16(writable, 2, 0x1234));
    cr_assert_arr_eq(array, expected, 12);
    cr_assert(procbuf_writable_store_le32(writable, 6, 0x01020304));
    cr_assert(array[5] == 6 && array[6] == 4 && array[9] == 1 && array[10] == 11);
    cr_assert(procbuf_writable_store_be32(writable, 6, 0x01020304));
    cr_assert(array[6] == 1 && array[9] == 4);
    cr_assert(procbuf_writable_store_le64(writable, 1, 0x0102030405060708));
    cr_assert(array[1] == 8 && array[8] == 1);
    cr_assert(procbuf_writable_store_be64(writable, 2, 0x0102030405060708));
    cr_assert(array[2] == 1 && array[9] == 8 && array[10] == 11);
}

Test(bytes, words_that_do_not_fit_are_none)
{
    static const size_t far[] = { 10, 11, SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 7 };
    uint8_t before[12];
    uint16_t w16 = 1;
    uint32_t w32 = 2;
    uint64_t w64 = 3;
    REFUSES("S7 S2 E3");
    memcpy(before, array, sizeof before);
    cr_assert_not(procbuf_readable_load_le16(readable, 9, &w16));
    cr_assert_not(procbuf_readable_load_be32(readable, 7, &w32));
    cr_assert_not(procbuf_readable_load_le64(readable, 3, &w64));
    cr_assert_not(procbuf_writable_store_be16(writable, 9, 0));
    cr_assert_not(procbuf_writable_store_le32(writable, 7, 0));
    cr_assert_not(procbuf_writable_store_be64(writable, 3, 0));
    for (size_t f = 0; f < sizeof far / sizeof far[0]; f++) {
        cr_assert_not(procbuf_readable_load_be16(readable, far[f], &w16));
        cr_assert_not(procbuf_readable_load_le32(readable, far[f], &w32));
        cr_assert_not(procbuf_readable_load_be64(readable, far[f], &w64));
        cr_assert_not(procbuf_writable_store_le16(writable, far[f], 0));
        cr_assert_not(procbuf_writable_store_be32(writable, far[f], 0));
        cr_assert_not(procbuf_writable_store_le64(writable, far[f], 0));
    }
    cr_assert(w16 == 1 && w32 == 2 && w64 == 3);
    cr_assert_arr_eq(array, before, sizeof array);
}

Test(bytes, what_fits_is_copied_and_counted)
{
    uint8_t other[12];
    ACCEPTS("S7");
    memset(other, 0, sizeof other);
    cr_assert_eq(procbuf_readable_copy_to_fitting(readable, other, 4), 4);
    cr_assert(other[3] == 4 && other[4] == 0);
    cr_assert_eq(procbuf_readable_copy_to_fitting(readable, other, 12), 10);
    cr_assert(other[9] == 10 && other[10] == 0);
    cr_assert_eq(procbuf_readable_copy_to_fitting(readable, NULL, 0), 0);
    memset(other, 0, sizeof other);
    cr_assert_eq(procbuf_readable_copy_to_fitting(readable, other, 1), 1);
    cr_assert(other[0] == 1 && other[1] == 0);
    memset(other, 50, sizeof other);
    cr_assert_eq(procbuf_writable_copy_from_fitting(writable, other, 1), 1);
    cr_assert(array[0] == 50 && array[1] == 2);
    cr_assert_eq(procbuf_writable_copy_from_fitting(writable, other, 3), 3);
    cr_assert(array[2] == 50 && array[3] == 4);
    cr_assert_eq(procbuf_writable_copy_from_fitting(writable, other, 12), 10);
    cr_assert(array[9] == 50 && array[10] == 11);
    cr_assert_eq(procbuf_writable_copy_from_fitting(writable, NULL, 0), 0);
}
