/* What holds after every operation, and the rules that no single call is about. Contract: I1 to I8,
 * with P3, L6, B5, C2 and E4. */
#include "kernel.h"

TestSuite(invariants, .init = world_make);

static procbuf_addr_t old_break;

static enum procbuf_error brk_to(size_t offset)
{
    return procbuf_process_brk(world.p0, at(RAM0 + offset), &old_break);
}

Test(invariants, any_alignment_is_fine)
{
    struct procbuf_readonly ro;
    struct procbuf_readwrite rw;
    ACCEPTS("P3");
    for (size_t offset = 0; offset < 16; offset++)
        for (size_t len = 1; len < 16; len++) {
            cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM0 + offset), len, &rw),
                         PROCBUF_OK);
            cr_assert_eq(procbuf_readonly_build(world.p0, at(FLASH0 + 16 + offset), len, &ro),
                         PROCBUF_OK);
        }
}

/* What was below both breaks, the last one and the first, is there in the new life. */
Test(invariants, a_new_life_keeps_what_is_below_both_breaks)
{
    uint8_t before[128];
    REFUSES("L6");
    for (size_t end = 64; end <= 192; end += 64) {
        const size_t kept = end < 128 ? end : 128;
        world_make();
        cr_assert_eq(brk_to(end), PROCBUF_OK);
        for (size_t i = 0; i < kept; i++)
            before[i] = world_memory[RAM0 + i] = (uint8_t)(i + 1);
        cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
        cr_assert_arr_eq(&world_memory[RAM0], before, kept, "break at %zu", end);
    }
}

Test(invariants, buffers_overlap_in_one_process_only)
{
    struct procbuf_readwrite own, other;
    REFUSES("B5 I11");
    cr_assert_eq(procbuf_readwrite_build(world.p1, at(RAM1), 8, &own), PROCBUF_OK);
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM1), 8, &other), PROCBUF_INVAL));
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_readwrite_build(world.p1, at(RAM1) - 1, 2, &other), PROCBUF_INVAL));
    cr_assert_eq(procbuf_readwrite_build(world.p1, at(RAM1 + 4), 8, &other), PROCBUF_OK);
}

static void must_not_read(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
    cr_assert_fail("the body ran");
}

Test(invariants, what_is_refused_opens_no_window)
{
    struct procbuf_readonly ro;
    struct procbuf_process *process;
    const struct procbuf_process_config over_p0 = { .mem_start = at(RAM0),
                                                    .mem_len = 8,
                                                    .initial_app_len = 8 };
    REFUSES("C2 I7");
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0), 8, &ro), PROCBUF_OK);
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_process_create(&world.table, &over_p0, &process), PROCBUF_INVAL));
    CHANGES_NOTHING(cr_assert_eq(brk_to(225), PROCBUF_OUT_OF_MEMORY));
    CHANGES_NOTHING(cr_assert_not(procbuf_process_set_byte(world.p0, at(RAM0 + 128), 7)));
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_allocate_grant(world.p0, 0, 7, 1000, 8),
                                 PROCBUF_OUT_OF_MEMORY));
    cr_assert_str_eq(port_story(), "");
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    port_forget();
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_readonly_enter(&ro, must_not_read, NULL), PROCBUF_NO_SUCH_APP));
    cr_assert_str_eq(port_story(), "");
}

/* Their checked forms, and the same calls with good arguments, never get to the panic hook. */
Test(invariants, only_programming_errors_panic)
{
    uint8_t array[8] = { 1, 2, 3 }, copy[8];
    uint8_t byte = 0;
    struct procbuf_readable part;
    struct procbuf_readable_chunks chunks;
    const struct procbuf_writable slice = procbuf_writable_from_array(array, 8);
    const struct procbuf_readable readable = procbuf_writable_as_readable(slice);
    ACCEPTS("E4");
    cr_assert_eq(procbuf_readable_get_or_panic(readable, 7), 0);
    cr_assert_not(procbuf_readable_get(readable, 8, &byte));
    procbuf_readable_copy_to_or_panic(readable, copy, 8);
    cr_assert_eq(procbuf_readable_copy_to(readable, copy, 7), PROCBUF_SIZE);
    chunks = procbuf_readable_split(readable, 1);
    cr_assert(procbuf_readable_chunks_next(&chunks, &part));
    cr_assert_eq(procbuf_process_allocate_grant(world.p0, 0, 7, 8, 1), PROCBUF_OK,
                 "1 is a power of two");
    cr_assert_neq(procbuf_process_allocate_grant(world.p0, UINT32_MAX, 8, SIZE_MAX, 1), PROCBUF_OK);
}

/* ---- I2 to I4 ---- */

Test(invariants, the_break_stays_above_live_buffers)
{
    struct procbuf_readwrite rw;
    ACCEPTS("I2");
    REFUSES("I2");
    cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM0 + 40), 20, &rw), PROCBUF_OK);
    cr_assert_eq(brk_to(60), PROCBUF_OK, "the buffer is still below it");
    cr_assert_eq(procbuf_readwrite_len(&rw), 20);
    CHANGES_NOTHING(cr_assert_eq(brk_to(59), PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(brk_to(0), PROCBUF_OK, "the buffer is dead");
    cr_assert_eq(procbuf_readwrite_len(&rw), 0);
}

static void grant_next_to_it(struct procbuf_readable slice, void *data)
{
    cr_assert_eq(procbuf_readable_len(slice), 8);
    cr_assert_eq(procbuf_process_allocate_grant(world.p0, 0, 7, 96, 8), PROCBUF_OK,
                 "it begins where the slice ends");
    *(procbuf_addr_t *)data = procbuf_process_kernel_break(world.p0);
}

Test(invariants, a_grant_may_touch_a_live_buffer)
{
    struct procbuf_readonly ro;
    procbuf_addr_t start = 0;
    ACCEPTS("I3");
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0 + 120), 8, &ro), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&ro, grant_next_to_it, &start), PROCBUF_OK);
    cr_assert_eq(start, at(RAM0 + 128));
    CHANGES_NOTHING(
        cr_assert_eq(procbuf_process_allocate_grant(world.p0, 1, 8, 2, 2), PROCBUF_OUT_OF_MEMORY));
}

Test(invariants, grants_are_apart_and_aligned)
{
    procbuf_addr_t first, second;
    ACCEPTS("I4");
    REFUSES("I4");
    cr_assert_eq(procbuf_process_allocate_grant(world.p0, 0, 7, 5, 1), PROCBUF_OK);
    cr_assert_eq(procbuf_process_allocate_grant(world.p0, 1, 8, 40, 32), PROCBUF_OK);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 0, &first), PROCBUF_OK);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 1, &second), PROCBUF_OK);
    cr_assert_eq(first % 2, 0);
    cr_assert_eq(second % 32, 0);
    cr_assert_leq(second + 40, first);
    const procbuf_addr_t room = second - procbuf_process_app_break(world.p0);
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_allocate_grant(world.p0, 2, 9, room + 1, 1),
                                 PROCBUF_OUT_OF_MEMORY, "it would reach into the one above"));
    cr_assert_eq(procbuf_process_allocate_grant(world.p0, 2, 9, room & ~(procbuf_addr_t)1, 1),
                 PROCBUF_OK);
}

/* ---- I5 to I8 ---- */

/* Everything that a process, or a kernel for it, can do to p1. */
static void live_a_life_of_p1(void)
{
    struct procbuf_readwrite rw;
    const procbuf_addr_t top = at(RAM1 + 256);
    cr_assert_eq(procbuf_readwrite_build(world.p1, at(RAM1), 100, &rw), PROCBUF_OK);
    cr_assert_eq(procbuf_process_brk(world.p1, top - 16, &old_break), PROCBUF_OK);
    cr_assert(procbuf_process_set_byte(world.p1, at(RAM1), 7));
    cr_assert(procbuf_process_set_byte(world.p1, top - 17, 7));
    cr_assert_eq(procbuf_process_allocate_grant(world.p1, 0, 7, 16, 8), PROCBUF_OK);
    procbuf_process_set_running(world.p1);
    procbuf_process_stop(world.p1);
    procbuf_process_resume(world.p1);
    procbuf_process_fault(world.p1);
    cr_assert_eq(procbuf_process_brk(world.p1, top - 1, &old_break), PROCBUF_OK);
    procbuf_process_terminate(world.p1, NULL);
}

/* RAM of p1 touches that of p0 at one end, its own flash at the other. */
Test(invariants, a_process_changes_its_own_memory_and_state_only)
{
    ACCEPTS("I5 I6 I8 I11");
    struct snapshot expected = world_look();
    live_a_life_of_p1();
    const struct snapshot after = world_look();
    memcpy(&expected.memory[RAM1], &after.memory[RAM1], FLASH1 - RAM1);
    expected.processes[1] = after.processes[1];
    world_must_equal(&expected);
}

static void count_length(struct procbuf_readable slice, void *data)
{
    *(size_t *)data += procbuf_readable_len(slice);
}

/* Windows are what the port may close memory by: one for each use, of no byte too many. */
Test(invariants, memory_is_open_for_the_call_that_needs_it_only)
{
    struct procbuf_readonly ro;
    size_t len = 0;
    ACCEPTS("I7");
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0 + 5), 3, &ro), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&ro, count_length, &len), PROCBUF_OK);
    cr_assert(procbuf_process_set_byte(world.p0, at(RAM0 + 9), 7));
    cr_assert_eq(brk_to(130), PROCBUF_OK);
    static const struct {
        char kind;
        size_t offset, len;
    } expected[] = { { 'o', 5, 3 }, { 'c', 5, 3 },   { 'o', 9, 1 },
                     { 'c', 9, 1 }, { 'o', 128, 2 }, { 'c', 128, 2 } };
    unsigned seen = 0;
    for (unsigned e = 0; e < port_event_count; e++) {
        if (port_events[e].kind == 'p')
            continue;
        cr_assert_lt(seen, 6);
        cr_assert_eq(port_events[e].kind, expected[seen].kind);
        cr_assert_eq(port_events[e].addr, at(RAM0 + expected[seen].offset));
        cr_assert_eq(port_events[e].len, expected[seen].len);
        seen++;
    }
    cr_assert_eq(seen, 6);
}

Test(invariants, no_one_writes_to_flash)
{
    struct procbuf_readwrite rw;
    REFUSES("I6");
    for (size_t offset = FLASH0; offset < FLASH0 + 128; offset += 127) {
        CHANGES_NOTHING(
            cr_assert_eq(procbuf_readwrite_build(world.p0, at(offset), 1, &rw), PROCBUF_INVAL));
        CHANGES_NOTHING(cr_assert_not(procbuf_process_set_byte(world.p0, at(offset), 7)));
    }
    CHANGES_NOTHING(cr_assert_not(procbuf_process_set_byte(world.p1, at(FLASH1), 7)));
}

static enum procbuf_error reject(struct procbuf_id id, uint32_t number,
                                 struct procbuf_readwrite *buffer, void *data)
{
    (void)id, (void)number, (void)buffer, (void)data;
    return PROCBUF_BUSY;
}

/* What changes on the way to a refusal is E3's to name: here the mark, and nothing else. */
Test(invariants, a_rejected_buffer_raises_the_mark_alone)
{
    REFUSES("I8");
    struct snapshot before = world_look();
    cr_assert_eq(
        procbuf_process_allow_userspace_readable(world.p0, 1, at(RAM0 + 10), 20, reject, NULL).code,
        PROCBUF_BUSY);
    before.processes[0].mark = at(RAM0 + 30);
    world_must_equal(&before);
}
