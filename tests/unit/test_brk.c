/* The app break. Contract: K. p0 has RAM of 256 bytes, break at 128, kernel break at 224. */
#include "kernel.h"

TestSuite(brk, .init = world_make);

Test(brk, zeroes_in_a_window)
{
    procbuf_addr_t old_break;
    ACCEPTS("K1 C2");
    port_invert(at(RAM0 + 128), 72);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 200), &old_break), PROCBUF_OK);
    for (size_t i = 128; i < 200; i++)
        cr_assert_eq(world_memory[RAM0 + i], 0xff, "closed again");
}

Test(brk, a_refusal_by_the_port_writes_nothing)
{
    procbuf_addr_t old_break = 77;
    REFUSES("K1 E3");
    port_refuse_at = 1;
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 100), &old_break), PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(old_break, 77);
}

static procbuf_addr_t old_break;

static enum procbuf_error brk_to(size_t offset)
{
    return procbuf_process_brk(world.p0, at(RAM0 + offset), &old_break);
}

Test(brk, grows_to_the_kernel_break_and_zeroes)
{
    ACCEPTS("K1 C2 C3");
    world_memory[RAM0 + 127] = 1;
    cr_assert_eq(brk_to(224), PROCBUF_OK);
    cr_assert_eq(old_break, at(RAM0 + 128));
    cr_assert_eq(procbuf_process_app_break(world.p0), at(RAM0 + 224));
    cr_assert_eq(world_memory[RAM0 + 127], 1);
    for (size_t i = 128; i < 224; i++)
        cr_assert_eq(world_memory[RAM0 + i], 0);
    cr_assert_eq(world_memory[RAM0 + 224], 0xa5);
    cr_assert_str_eq(port_story(), "ocp");
    cr_assert_eq(port_events[2].protection.app_break, at(RAM0 + 224));
    cr_assert_eq(port_events[2].protection.kernel_break, at(RAM0 + 224));
    for (unsigned e = 0; e < 2; e++) {
        cr_assert_eq(port_events[e].addr, at(RAM0 + 128));
        cr_assert_eq(port_events[e].len, 96);
        cr_assert_eq(port_events[e].access, PROCBUF_ACCESS_READ_WRITE);
    }
}

Test(brk, tells_the_port_both_breaks)
{
    ACCEPTS("K1 C3");
    cr_assert_eq(brk_to(140), PROCBUF_OK);
    cr_assert_eq(port_events[2].protection.process_index, 0);
    cr_assert_eq(port_events[2].protection.mem_start, at(RAM0));
    cr_assert_eq(port_events[2].protection.app_break, at(RAM0 + 140));
    cr_assert_eq(port_events[2].protection.kernel_break, at(RAM0 + 224));
}

Test(brk, moves_wherever_flash_lies)
{
    const struct procbuf_process_config config = { .flash_start = at(FREE_MEMORY + 24),
                                                   .flash_len = 8,
                                                   .mem_start = at(FREE_MEMORY),
                                                   .mem_len = 16,
                                                   .initial_app_len = 4 };
    struct procbuf_process *process;
    ACCEPTS("K1 P4");
    cr_assert_eq(procbuf_process_create(&world.table, &config, &process), PROCBUF_OK);
    cr_assert_eq(procbuf_process_sbrk(process, 4, &old_break), PROCBUF_OK);
    cr_assert_eq(procbuf_process_app_break(process), at(FREE_MEMORY + 8));
}

Test(brk, shrinks_and_zeroes_nothing)
{
    ACCEPTS("K1 C3");
    memset(&world_memory[RAM0], 7, 128);
    cr_assert_eq(brk_to(0), PROCBUF_OK);
    cr_assert_eq(world_memory[RAM0], 7);
    cr_assert_eq(world_memory[RAM0 + 127], 7);
    cr_assert_str_eq(port_story(), "p");
    cr_assert_eq(brk_to(0), PROCBUF_OK);
    cr_assert_str_eq(port_story(), "pp");
}

Test(brk, refuses_above_the_kernel_break)
{
    REFUSES("K1 E3");
    CHANGES_NOTHING(cr_assert_eq(brk_to(225), PROCBUF_OUT_OF_MEMORY));
    CHANGES_NOTHING(cr_assert_eq(brk_to(255), PROCBUF_OUT_OF_MEMORY));
    cr_assert_str_eq(port_story(), "");
}

Test(brk, refuses_the_end_of_ram_and_beyond)
{
    REFUSES("K1 E3");
    CHANGES_NOTHING(cr_assert_eq(brk_to(256), PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    CHANGES_NOTHING(cr_assert_eq(brk_to(257), PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_brk(world.p0, UINTPTR_MAX, &old_break),
                                 PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    /* p1 has no kernel part: its end of RAM is its kernel break, and out of bounds all the same. */
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_brk(world.p1, at(RAM1 + 256), &old_break),
                                 PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    cr_assert_eq(procbuf_process_brk(world.p1, at(RAM1 + 255), &old_break), PROCBUF_OK);
}

Test(brk, refuses_below_ram_and_below_the_mark)
{
    struct procbuf_readonly buffer;
    REFUSES("K1 I1");
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0) - 1, &old_break),
                                 PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_process_brk(world.p0, 0, &old_break), PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0 + 10), 20, &buffer), PROCBUF_OK);
    CHANGES_NOTHING(cr_assert_eq(brk_to(29), PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    cr_assert_eq(brk_to(30), PROCBUF_OK);
}

Test(brk, refuses_for_inactive_processes_first)
{
    REFUSES("K1 K2 K3");
    procbuf_process_terminate(world.p0, NULL);
    CHANGES_NOTHING(cr_assert_eq(brk_to(128), PROCBUF_INACTIVE_APP));
    CHANGES_NOTHING(cr_assert_eq(brk_to(1000), PROCBUF_INACTIVE_APP));
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_process_sbrk(world.p0, 0, &old_break), PROCBUF_INACTIVE_APP));
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_process_memop_brk(world.p0, at(RAM0 + 128)), PROCBUF_NOMEM));
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_process_memop_sbrk(world.p0, 0, &old_break), PROCBUF_NOMEM));
}

/* But what it would have given out, which is no one's, may have become zero. */
Test(brk, a_refusing_port_changes_nothing)
{
    REFUSES("K1 C1 C3 E3");
    memset(&world_memory[RAM0 + 128], 0, 72);
    port_refuse_at = 1;
    CHANGES_NOTHING(cr_assert_eq(brk_to(200), PROCBUF_OUT_OF_MEMORY));
    cr_assert_str_eq(port_story(), "ocp");
    port_forget();
    port_refuse_at = 1;
    CHANGES_NOTHING(cr_assert_eq(brk_to(100), PROCBUF_OUT_OF_MEMORY));
    port_forget();
    port_refuse_at = 1;
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_process_memop_sbrk(world.p0, 1, &old_break), PROCBUF_NOMEM));
}

Test(brk, sbrk_moves_by_a_distance)
{
    ACCEPTS("K2");
    cr_assert_eq(procbuf_process_sbrk(world.p0, 16, &old_break), PROCBUF_OK);
    cr_assert_eq(old_break, at(RAM0 + 128));
    cr_assert_eq(procbuf_process_sbrk(world.p0, -40, &old_break), PROCBUF_OK);
    cr_assert_eq(old_break, at(RAM0 + 144));
    cr_assert_eq(procbuf_process_app_break(world.p0), at(RAM0 + 104));
    port_forget();
    cr_assert_eq(procbuf_process_sbrk(world.p0, 0, &old_break), PROCBUF_OK);
    cr_assert_eq(old_break, at(RAM0 + 104));
    cr_assert_str_eq(port_story(), "p", "sbrk(0) runs all checks");
}

Test(brk, sbrk_refuses_what_brk_refuses)
{
    REFUSES("K2 E3");
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_process_sbrk(world.p0, 97, &old_break), PROCBUF_OUT_OF_MEMORY));
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_sbrk(world.p0, 128, &old_break),
                                 PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_sbrk(world.p0, -129, &old_break),
                                 PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_sbrk(world.p0, INTPTR_MIN, &old_break),
                                 PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_sbrk(world.p0, INTPTR_MAX, &old_break),
                                 PROCBUF_ADDRESS_OUT_OF_BOUNDS));
}

Test(brk, memops_answer_userspace)
{
    ACCEPTS("K3");
    cr_assert_eq(procbuf_process_memop_brk(world.p0, at(RAM0 + 200)), PROCBUF_OK);
    cr_assert_eq(procbuf_process_memop_sbrk(world.p0, -8, &old_break), PROCBUF_OK);
    cr_assert_eq(old_break, at(RAM0 + 200));
}

Test(brk, memops_hide_the_reason)
{
    REFUSES("K3");
    old_break = 5;
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_process_memop_brk(world.p0, at(RAM0 + 225)), PROCBUF_NOMEM));
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_memop_brk(world.p0, 0), PROCBUF_NOMEM));
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_process_memop_sbrk(world.p0, 500, &old_break), PROCBUF_NOMEM));
    cr_assert_eq(old_break, 5, "no result is written on an error");
}
