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
    MUST_PANIC((procbuf_id_new_external(&world.table, 0, 0, none), 0));
}

Test(misuse, a_foreign_table_needs_somebody_to_ask)
{
    struct procbuf_table foreign;
    procbuf_is_live_function *volatile no_function = NULL;
    REFUSES("E4 R2");
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
