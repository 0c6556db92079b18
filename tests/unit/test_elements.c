/* Slices as arrays of elements. Contract: S8. */
#include "kernel.h"

static uint8_t array[12];
static struct procbuf_readable readable;
static struct procbuf_writable writable;

static void make(void)
{
    for (uint8_t i = 0; i < sizeof array; i++)
        array[i] = i;
    readable = procbuf_readable_from_array(array, 10);
    writable = procbuf_writable_from_array(array, 10);
}

TestSuite(elements, .init = make);

Test(elements, cut_a_slice_into_pieces_of_one_length)
{
    struct procbuf_readable_elements elements;
    struct procbuf_writable_elements writables;
    struct procbuf_readable part;
    struct procbuf_writable place;
    ACCEPTS("S8");
    cr_assert(procbuf_readable_as_elements(readable, 3, 3, &elements));
    cr_assert_eq(procbuf_readable_elements_count(&elements), 3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert(procbuf_readable_elements_at(&elements, i, &part));
        cr_assert_eq(procbuf_readable_base_unchecked(part), &array[3 * i]);
        cr_assert_eq(procbuf_readable_len(part), 3);
    }
    cr_assert(procbuf_readable_as_elements(readable, 4, 2, &elements),
              "more of them than bytes in each");
    for (size_t i = 0; i < 4; i++) {
        cr_assert(procbuf_readable_elements_at(&elements, i, &part));
        cr_assert_eq(procbuf_readable_base_unchecked(part), &array[2 * i]);
        cr_assert_eq(procbuf_readable_len(part), 2);
    }
    cr_assert(procbuf_writable_as_elements(writable, 5, 2, &writables), "all of it");
    cr_assert_eq(procbuf_writable_elements_count(&writables), 5);
    cr_assert(procbuf_writable_elements_at(&writables, 4, &place));
    cr_assert_eq(procbuf_writable_base_unchecked(place), &array[8]);
    cr_assert_eq(procbuf_writable_len(place), 2);
    cr_assert_eq(procbuf_writable_copy_from(place, "xy", 2), PROCBUF_OK);
    cr_assert(array[7] == 7 && array[8] == 'x' && array[9] == 'y' && array[10] == 10);
}

Test(elements, none_is_a_view_too)
{
    struct procbuf_readable_elements elements;
    struct procbuf_writable_elements writables;
    struct procbuf_readable part;
    ACCEPTS("S8");
    REFUSES("S8");
    cr_assert(procbuf_readable_as_elements(readable, 0, SIZE_MAX, &elements));
    cr_assert_eq(procbuf_readable_elements_count(&elements), 0);
    cr_assert_not(procbuf_readable_elements_at(&elements, 0, &part));
    cr_assert(procbuf_readable_as_elements(procbuf_readable_from_array(NULL, 0), 0, 1, &elements));
    cr_assert(procbuf_writable_as_elements(procbuf_writable_from_array(NULL, 0), 0, 1, &writables));
    cr_assert_not(
        procbuf_writable_as_elements(procbuf_writable_from_array(NULL, 0), 1, 1, &writables));
}

Test(elements, a_product_that_is_too_large_is_refused)
{
    static const struct {
        size_t count, element_len;
    } cases[] = {
        { 11, 1 },
        { 1, 11 },
        { 4, 3 },
        { 2, 6 },
        { SIZE_MAX, 1 },
        { 1, SIZE_MAX },
        { SIZE_MAX / 2 + 1, 2 },          /* wraps to 0 */
        { SIZE_MAX / 2 + 2, 2 },          /* wraps to 2 */
        { SIZE_MAX / 4 + 2, 4 },          /* wraps to 4 */
        { 2, SIZE_MAX / 2 + 2 },          /* wraps to 2 */
        { SIZE_MAX, SIZE_MAX },           /* wraps to 1 */
    };
    REFUSES("S8");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct procbuf_readable_elements elements;
        struct procbuf_writable_elements writables;
        cr_expect_not(
            procbuf_readable_as_elements(readable, cases[i].count, cases[i].element_len, &elements),
            "case %zu", i);
        cr_expect_not(procbuf_writable_as_elements(writable, cases[i].count, cases[i].element_len,
                                                   &writables),
                      "case %zu", i);
    }
}

Test(elements, an_index_from_the_count_on_is_refused)
{
    static const size_t wrong[] = { 3, 4, SIZE_MAX, SIZE_MAX / 3 + 1 };
    struct procbuf_readable_elements elements;
    struct procbuf_writable_elements writables;
    struct procbuf_readable part = readable;
    struct procbuf_writable place = writable;
    REFUSES("S8 S2");
    cr_assert(procbuf_readable_as_elements(readable, 3, 3, &elements));
    cr_assert(procbuf_writable_as_elements(writable, 3, 3, &writables));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_expect_not(procbuf_readable_elements_at(&elements, wrong[i], &part));
        cr_expect_not(procbuf_writable_elements_at(&writables, wrong[i], &place));
    }
    cr_assert_eq(procbuf_readable_len(part), 10, "and nothing is written");
    cr_assert_eq(procbuf_writable_len(place), 10);
}

Test(elements, a_length_of_zero_is_the_kernels_own_mistake)
{
    struct procbuf_readable_elements elements;
    struct procbuf_writable_elements writables;
    REFUSES("E4 R6");
    MUST_PANIC(procbuf_readable_as_elements(readable, 1, 0, &elements));
    MUST_PANIC(procbuf_writable_as_elements(writable, 0, 0, &writables));
}

/* Numbers that would be right if they were cut to fewer bits. */
Test(elements, numbers_count_with_all_bits)
{
    static const size_t wide[] = { 1 << 8, 1 << 16, SIZE_MAX / 2 + 1 };
    struct procbuf_readable_elements elements;
    struct procbuf_writable_elements writables;
    struct procbuf_readable part;
    struct procbuf_writable place;
    ACCEPTS("S8");
    REFUSES("S8");
    cr_assert(procbuf_readable_as_elements(readable, 2, 5, &elements));
    cr_assert(procbuf_writable_as_elements(writable, 2, 5, &writables));
    cr_assert(procbuf_readable_elements_at(&elements, 1, &part) &&
              procbuf_readable_base_unchecked(part) == &array[5]);
    cr_assert(procbuf_writable_elements_at(&writables, 1, &place) &&
              procbuf_writable_base_unchecked(place) == &array[5]);
    for (size_t w = 0; w < sizeof wide / sizeof wide[0]; w++) {
        const size_t more = wide[w];
        struct procbuf_readable_elements none;
        struct procbuf_writable_elements no_writables;
        cr_assert_not(procbuf_readable_elements_at(&elements, more + 1, &part));
        cr_assert_not(procbuf_writable_elements_at(&writables, more + 1, &place));
        cr_assert_not(procbuf_readable_as_elements(readable, more + 2, 5, &none));
        cr_assert_not(procbuf_writable_as_elements(writable, more + 2, 5, &no_writables));
        cr_assert_not(procbuf_readable_as_elements(readable, 2, more + 5, &none));
        cr_assert_not(procbuf_writable_as_elements(writable, 2, more + 5, &no_writables));
    }
}
