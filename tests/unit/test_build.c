/* Building buffers. Contract: P1 to P3, B1 to B6. */
#include "kernel.h"

#include <procbuf/capability.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

TestSuite(build, .init = world_make);

/* Both builders answer alike. Returns: the code. */
static enum procbuf_error build_both(size_t offset, size_t len)
{
    struct procbuf_readonly ro = PROCBUF_READONLY_DEFAULT;
    struct procbuf_readwrite rw = PROCBUF_READWRITE_DEFAULT;
    const enum procbuf_error a = procbuf_readonly_build(world.p0, at(offset), len, &ro);
    const enum procbuf_error b = procbuf_readwrite_build(world.p0, at(offset), len, &rw);
    cr_assert_eq(a, b, "offset %zu, length %zu", offset, len);
    cr_assert_eq(procbuf_readonly_len(&ro), a == PROCBUF_OK ? len : 0);
    cr_assert_eq(procbuf_readwrite_len(&rw), a == PROCBUF_OK ? len : 0);
    return a;
}

static enum procbuf_error build_readonly(procbuf_addr_t addr, size_t len)
{
    struct procbuf_readonly ro;
    return procbuf_readonly_build(world.p0, addr, len, &ro);
}

static enum procbuf_error build_readwrite(procbuf_addr_t addr, size_t len)
{
    struct procbuf_readwrite rw;
    return procbuf_readwrite_build(world.p0, addr, len, &rw);
}

Test(build, accepts_app_memory_to_the_byte)
{
    ACCEPTS("P1 P2 B3");
    cr_assert_eq(build_both(RAM0, 1), PROCBUF_OK);
    cr_assert_eq(build_both(RAM0, 128), PROCBUF_OK);
    cr_assert_eq(build_both(RAM0 + 127, 1), PROCBUF_OK);
    cr_assert_eq(build_both(RAM0 + 3, 7), PROCBUF_OK);
}

Test(build, refuses_one_byte_outside_app_memory)
{
    REFUSES("P1 P2 B3 E3");
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0 + 128, 1), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0 + 127, 2), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0, 129), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0 - 1, 2), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0 + 224, 1), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0 + 255, 1), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM1, 1), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_both(FREE_MEMORY, 1), PROCBUF_INVAL));
}

Test(build, accepts_readable_flash_to_read_only)
{
    ACCEPTS("P1 B3");
    REFUSES("B3");
    cr_assert_eq(build_readonly(at(FLASH0 + 16), 112), PROCBUF_OK);
    cr_assert_eq(build_readonly(at(FLASH0 + 16), 1), PROCBUF_OK);
    cr_assert_eq(build_readonly(at(FLASH0 + 127), 1), PROCBUF_OK);
    CHANGES_NOTHING(cr_assert_eq(build_readwrite(at(FLASH0 + 16), 1), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_readonly(at(FLASH0 + 15), 1), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_readonly(at(FLASH0 + 15), 2), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_readonly(at(FLASH0), 1), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_readonly(at(FLASH1), 1), PROCBUF_INVAL));
}

Test(build, refuses_flash_and_ram_at_once)
{
    REFUSES("P2");
    CHANGES_NOTHING(cr_assert_eq(build_readonly(at(FLASH0 + 127), 2), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_readonly(at(FLASH0 + 16), 112 + 128), PROCBUF_INVAL));
}

/* Lengths that would fit if they were cut to fewer bits. */
Test(build, refuses_what_is_longer_than_flash)
{
    static const size_t lens[] = { 256 + 8, (1 << 16) + 8, SIZE_MAX / 2 + 9 };
    REFUSES("P2 B3");
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        CHANGES_NOTHING(cr_assert_eq(build_readonly(at(FLASH0 + 16), lens[i]), PROCBUF_INVAL));
}

Test(build, refuses_ranges_that_wrap)
{
    const size_t half = SIZE_MAX / 2 + 1;
    REFUSES("P3");
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0 + 1, SIZE_MAX), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0 + 1, SIZE_MAX - at(RAM0)), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0 + 1, half), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_readonly(at(FLASH0 + 17), SIZE_MAX), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_readonly(UINTPTR_MAX, 1), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(build_readonly(0, 1), PROCBUF_INVAL));
}

Test(build, length_zero_takes_any_pointer)
{
    ACCEPTS("B2");
    CHANGES_NOTHING(cr_assert_eq(build_readonly(0, 0), PROCBUF_OK));
    CHANGES_NOTHING(cr_assert_eq(build_readwrite(5, 0), PROCBUF_OK));
    CHANGES_NOTHING(cr_assert_eq(build_readonly(UINTPTR_MAX, 0), PROCBUF_OK));
    CHANGES_NOTHING(cr_assert_eq(build_readwrite(at(RAM1), 0), PROCBUF_OK));
    CHANGES_NOTHING(cr_assert_eq(build_readwrite(at(RAM0 + 100), 0), PROCBUF_OK));
}

Test(build, inactive_processes_share_nothing)
{
    REFUSES("B1 B2");
    procbuf_process_terminate(world.p0, NULL);
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0, 1), PROCBUF_FAIL));
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0, 0), PROCBUF_FAIL));
    CHANGES_NOTHING(cr_assert_eq(build_readonly(at(FLASH0 + 16), 1), PROCBUF_FAIL));
    procbuf_process_fault(world.p0);
    CHANGES_NOTHING(cr_assert_eq(build_both(RAM0, 0), PROCBUF_FAIL));
}

Test(build, stopped_processes_still_share)
{
    ACCEPTS("B1");
    procbuf_process_stop(world.p0);
    cr_assert_eq(build_both(RAM0, 1), PROCBUF_OK);
}

Test(build, raises_the_mark_to_the_highest_end)
{
    ACCEPTS("B4 I1");
    cr_assert_eq(build_readonly(at(RAM0 + 10), 20), PROCBUF_OK);
    cr_assert_eq(procbuf_process_mark(world.p0), at(RAM0 + 30));
    cr_assert_eq(build_readwrite(at(RAM0 + 5), 20), PROCBUF_OK);
    cr_assert_eq(procbuf_process_mark(world.p0), at(RAM0 + 30));
    cr_assert_eq(build_readwrite(at(RAM0 + 30), 1), PROCBUF_OK);
    cr_assert_eq(procbuf_process_mark(world.p0), at(RAM0 + 31));
}

Test(build, flash_and_refusals_do_not_move_the_mark)
{
    struct procbuf_readonly ro;
    REFUSES("B4");
    CHANGES_NOTHING(cr_assert_eq(build_readonly(at(FLASH0 + 16), 8), PROCBUF_OK));
    /* p1's flash is above its RAM */
    cr_assert_eq(procbuf_readonly_build(world.p1, at(FLASH1 + 8), 8, &ro), PROCBUF_OK);
    cr_assert_eq(procbuf_process_mark(world.p1), at(RAM1));
}

Test(build, trusted_code_vouches_and_nothing_is_checked)
{
    ACCEPTS("B6");
    procbuf_process_terminate(world.p0, NULL);
    const struct snapshot before = world_look();
    struct procbuf_readonly ro =
        procbuf_readonly_new_external(at(RAM0 + 200), 4, procbuf_process_id(world.p0), &capability);
    struct procbuf_readwrite rw = procbuf_readwrite_new_external(
        at(RAM0 + 204), 5, procbuf_process_id(world.p0), &capability);
    world_must_equal(&before);
    cr_assert_eq(procbuf_readonly_len(&ro), 4);
    cr_assert_eq(procbuf_readonly_addr(&ro), at(RAM0 + 200));
    cr_assert_eq(procbuf_readwrite_len(&rw), 5);
    cr_assert_eq(procbuf_readwrite_addr(&rw), at(RAM0 + 204));
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&ro), 0);
    cr_assert_eq(procbuf_readwrite_len(&rw), 0);
}

Test(build, builders_call_no_hook)
{
    ACCEPTS("C3");
    cr_assert_eq(build_both(RAM0, 100), PROCBUF_OK);
    cr_assert_eq(build_both(RAM0, 1000), PROCBUF_INVAL);
    cr_assert_str_eq(port_story(), "");
}
