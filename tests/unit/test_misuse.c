/* A kernel that passes null where the headers promise the compiler that no one does. Contract: B6, E4.
 * Seen through the library's eyes, for which that promise is not made: or these calls had no meaning. */
#define PROCBUF_IMPLEMENTATION
#include "kernel.h"

#include <ctype.h>

#include <procbuf/capability.h>

TestSuite(misuse, .init = world_make);

Test(misuse, nobody_vouches_without_the_capability)
{
    const struct procbuf_external_process_capability *volatile none = NULL;
    const struct procbuf_id id = procbuf_process_id(world.p0);
    REFUSES("B6 R2");
    MUST_PANIC((procbuf_readonly_new_external(at(RAM0), 4, id, none), 0));
    MUST_PANIC((procbuf_readwrite_new_external(at(RAM0), 4, id, none), 0));
}

static bool nobody_lives(uint32_t index, uint64_t identifier, const void *data)
{
    (void)index, (void)identifier, (void)data;
    return false;
}

Test(misuse, a_foreign_table_needs_somebody_to_ask)
{
    static const struct procbuf_external_process_capability trusted;
    const struct procbuf_external_process_capability *volatile none = NULL;
    struct procbuf_table foreign;
    procbuf_is_live_function *volatile no_function = NULL;
    REFUSES("E4 B6 R2");
    MUST_PANIC((procbuf_id_new_external(&world.table, 0, 0, &trusted), 0));
    procbuf_table_init_external(&foreign, nobody_lives, NULL);
    MUST_PANIC((procbuf_id_new_external(&foreign, 0, 0, none), 0));
    MUST_PANIC((procbuf_table_init_external(&foreign, no_function, NULL), 0));
}

static bool look_nowhere(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    (void)addr, (void)region_out, (void)data;
    return false;
}

Test(misuse, a_map_needs_the_capability_and_someone_to_ask)
{
    static const struct procbuf_external_process_capability trusted;
    const struct procbuf_external_process_capability *volatile none = NULL;
    const struct procbuf_region region = { at(RAM0), at(RAM1), PROCBUF_ACCESS_READ };
    procbuf_lookup_function *volatile no_function = NULL;
    REFUSES("M1 R2");
    MUST_PANIC((procbuf_map_of_regions(&region, 1, none), 0));
    MUST_PANIC((procbuf_map_of_lookup(look_nowhere, NULL, none), 0));
    MUST_PANIC((procbuf_map_of_lookup(no_function, NULL, &trusted), 0));
}

/* Section R: of several mistakes in one call, the lowest number is named. */
#define MUST_NAME(rule, expression)                                                                \
    do {                                                                                           \
        MUST_PANIC(expression);                                                                    \
        const char *named = strstr(port_panic_message, " " rule);                                  \
        cr_assert(named != NULL && !isdigit((unsigned char)named[sizeof rule]), "%s: %s",          \
                  #expression, port_panic_message);                                                \
    } while (0)

Test(misuse, of_several_mistakes_the_lowest_is_named)
{
    const struct procbuf_external_process_capability *volatile none = NULL;
    const struct procbuf_region *volatile no_regions = NULL;
    struct procbuf_process *const empty = &world.slots[2];
    REFUSES("R1 R2");
    MUST_NAME("R2", (procbuf_map_of_regions(no_regions, 1, none), 0));
    MUST_NAME("R1", procbuf_process_allocate_grant(empty, 0, 0, 8, 3));
}

/* ---- R5: arrays ---- */

static void copy_to(struct procbuf_writable slice, void *array, size_t len)
{
    (void)procbuf_readable_copy_to(procbuf_writable_as_readable(slice), array, len);
}

static void copy_to_fitting(struct procbuf_writable slice, void *array, size_t len)
{
    (void)procbuf_readable_copy_to_fitting(procbuf_writable_as_readable(slice), array, len);
}

static void copy_from(struct procbuf_writable slice, void *array, size_t len)
{
    (void)procbuf_writable_copy_from(slice, array, len);
}

static void copy_from_fitting(struct procbuf_writable slice, void *array, size_t len)
{
    (void)procbuf_writable_copy_from_fitting(slice, array, len);
}

static void compare(struct procbuf_writable slice, void *array, size_t len)
{
    int order;
    (void)procbuf_readable_compare(procbuf_writable_as_readable(slice), array, len, &order);
}

static void string_copy(struct procbuf_writable slice, void *array, size_t len)
{
    size_t found;
    (void)procbuf_readable_string_copy(procbuf_writable_as_readable(slice), array, len, &found);
}

static const struct use {
    void (*call)(struct procbuf_writable slice, void *array, size_t len);
    enum { NOTHING, TO_ARRAY, TO_SLICE, ZEROES_TO_ARRAY } moves;
} uses[] = {
    { copy_to, TO_ARRAY },
    { copy_to_fitting, TO_ARRAY },
    { copy_from, TO_SLICE },
    { copy_from_fitting, TO_SLICE },
    { compare, NOTHING },
    { string_copy, ZEROES_TO_ARRAY }, /* no byte of the slice ends a string: S7 */
};

/* A slice, and the room for as many bytes on either side of it. */
enum { MOST = (1 << 16) + 1 };
static uint8_t bytes[3 * MOST], bytes_after[sizeof bytes];

/* What an array that touches the slice makes of all bytes, which were as in `bytes_after`. */
static void expect_moved(const struct use *use, size_t array, size_t slice, size_t len)
{
    if (use->moves == TO_ARRAY)
        memcpy(&bytes_after[array], &bytes_after[slice], len);
    else if (use->moves == TO_SLICE)
        memcpy(&bytes_after[slice], &bytes_after[array], len);
    else if (use->moves == ZEROES_TO_ARRAY)
        memset(&bytes_after[array], 0, len);
}

static void must_not_overlap(size_t len)
{
    const size_t offsets[] = { 0, 1, len - 1, len, len + 1, 2 * len - 1, 2 * len };
    const struct procbuf_writable slice = procbuf_writable_from_array(&bytes[len], len);
    for (size_t u = 0; u < sizeof uses / sizeof uses[0]; u++) {
        for (size_t o = 0; o < sizeof offsets / sizeof offsets[0]; o++) {
            for (size_t i = 0; i < sizeof bytes; i++)
                bytes[i] = bytes_after[i] = (uint8_t)(i % 255 + 1);
            if (offsets[o] == 0 || offsets[o] == 2 * len) {
                uses[u].call(slice, &bytes[offsets[o]], len);
                expect_moved(&uses[u], offsets[o], len, len);
            } else {
                MUST_PANIC((uses[u].call(slice, &bytes[offsets[o]], len), 0));
            }
            cr_assert_eq(memcmp(bytes, bytes_after, sizeof bytes), 0);
        }
        MUST_PANIC((uses[u].call(slice, NULL, len), 0));
    }
}

Test(misuse, no_array_overlaps_the_slice)
{
    REFUSES("R5 S3 S7");
    must_not_overlap(16);
    must_not_overlap(MOST);
}
