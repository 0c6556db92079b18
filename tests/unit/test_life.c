/* States and lives of a process. Contract: L2 to L7. */
#include "kernel.h"

TestSuite(life, .init = world_make);

static enum procbuf_state_kind kind(void)
{
    return procbuf_process_state(world.p0).kind;
}

Test(life, scheduling_goes_round)
{
    ACCEPTS("L2");
    procbuf_process_set_running(world.p0);
    cr_assert_eq(kind(), PROCBUF_STATE_RUNNING);
    procbuf_process_set_yielded_for(world.p0, 9);
    cr_assert_eq(kind(), PROCBUF_STATE_YIELDED_FOR);
    cr_assert_eq(procbuf_process_state(world.p0).yielded_for, 9);
    procbuf_process_set_running(world.p0);
    cr_assert_eq(kind(), PROCBUF_STATE_RUNNING);
    cr_assert_eq(procbuf_process_state(world.p0).yielded_for, 0);
    procbuf_process_set_yielded(world.p0);
    cr_assert_eq(kind(), PROCBUF_STATE_YIELDED);
    cr_assert_eq(procbuf_process_state(world.p0).yielded_for, 0);
}

Test(life, what_is_stopped_is_not_scheduled)
{
    REFUSES("L2");
    for (unsigned from = 0; from < 3; from++) {
        world_make();
        if (from > 0)
            procbuf_process_set_running(world.p0);
        if (from > 1)
            procbuf_process_set_yielded_for(world.p0, 9);
        procbuf_process_stop(world.p0);
        CHANGES_NOTHING(procbuf_process_set_running(world.p0));
        CHANGES_NOTHING(procbuf_process_set_yielded(world.p0));
        CHANGES_NOTHING(procbuf_process_set_yielded_for(world.p0, 7));
    }
}

Test(life, yielding_needs_running)
{
    REFUSES("L2");
    CHANGES_NOTHING(procbuf_process_set_yielded_for(world.p0, 9));
    CHANGES_NOTHING(procbuf_process_set_yielded(world.p0));
    procbuf_process_set_running(world.p0);
    CHANGES_NOTHING(procbuf_process_set_running(world.p0));
    procbuf_process_stop(world.p0);
    CHANGES_NOTHING(procbuf_process_set_running(world.p0));
    CHANGES_NOTHING(procbuf_process_set_yielded(world.p0));
    CHANGES_NOTHING(procbuf_process_set_yielded_for(world.p0, 9));
}

Test(life, stopping_remembers)
{
    ACCEPTS("L2");
    procbuf_process_set_running(world.p0);
    procbuf_process_set_yielded_for(world.p0, 3);
    procbuf_process_stop(world.p0);
    cr_assert_eq(kind(), PROCBUF_STATE_STOPPED);
    cr_assert_eq(procbuf_process_state(world.p0).stopped_from, PROCBUF_STATE_YIELDED_FOR);
    cr_assert(procbuf_process_is_active(world.p0));
    CHANGES_NOTHING(procbuf_process_stop(world.p0));
    procbuf_process_resume(world.p0);
    cr_assert_eq(kind(), PROCBUF_STATE_YIELDED_FOR);
    cr_assert_eq(procbuf_process_state(world.p0).yielded_for, 3);
    CHANGES_NOTHING(procbuf_process_resume(world.p0));
}

Test(life, inactive_processes_neither_stop_nor_resume)
{
    REFUSES("L2");
    procbuf_process_terminate(world.p0, NULL);
    CHANGES_NOTHING(procbuf_process_stop(world.p0));
    CHANGES_NOTHING(procbuf_process_resume(world.p0));
    CHANGES_NOTHING(procbuf_process_set_running(world.p0));
    procbuf_process_fault(world.p0);
    cr_assert_eq(kind(), PROCBUF_STATE_FAULTED);
    CHANGES_NOTHING(procbuf_process_stop(world.p0));
    CHANGES_NOTHING(procbuf_process_resume(world.p0));
    cr_assert_not(procbuf_process_is_active(world.p0));
}

static void touch(struct procbuf_writable slice, void *data)
{
    *(bool *)data = procbuf_writable_set(slice, 0, 42);
}

Test(life, termination_keeps_what_was_built)
{
    struct procbuf_readwrite buffer;
    const uint32_t code = 17;
    uint32_t code_out = 0;
    bool touched = false;
    ACCEPTS("L3");
    cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM0 + 8), 8, &buffer), PROCBUF_OK);
    const struct snapshot before = world_look();
    procbuf_process_terminate(world.p0, &code);
    const struct snapshot after = world_look();
    cr_assert_eq(kind(), PROCBUF_STATE_TERMINATED);
    cr_assert_eq(procbuf_process_state(world.p0).yielded_for, 0);
    cr_assert_eq(procbuf_process_completion(world.p0, &code_out), PROCBUF_COMPLETION_WITH_CODE);
    cr_assert_eq(code_out, 17);
    cr_assert(procbuf_id_equal(after.processes[0].id, before.processes[0].id));
    cr_assert_eq(after.processes[0].mark, before.processes[0].mark);
    cr_assert_eq(after.processes[0].app_break, before.processes[0].app_break);
    cr_assert_arr_eq(after.memory, before.memory, WORLD_LEN);
    cr_assert_eq(procbuf_readwrite_len(&buffer), 8);
    cr_assert_eq(procbuf_readwrite_mut_enter(&buffer, touch, &touched), PROCBUF_OK);
    cr_assert(touched && world_memory[RAM0 + 8] == 42);
}

Test(life, a_terminated_process_is_not_terminated_again)
{
    const uint32_t code = 17;
    REFUSES("L3 L4");
    procbuf_process_terminate(world.p0, NULL);
    CHANGES_NOTHING(procbuf_process_terminate(world.p0, &code));
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_restart(world.p0, &code), PROCBUF_ALREADY));
    cr_assert_str_eq(port_story(), "");
}

Test(life, a_new_life_resets_and_clears_nothing)
{
    struct procbuf_readwrite buffer;
    procbuf_addr_t old_break;
    uint32_t code;
    ACCEPTS("L4 L5 L6 C3");
    world_memory[RAM0 + 8] = 99;
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 200), &old_break), PROCBUF_OK);
    world_memory[RAM0 + 190] = 98;
    cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM0 + 150), 8, &buffer), PROCBUF_OK);
    const struct procbuf_id old = procbuf_process_id(world.p0);
    port_forget();
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_not(procbuf_id_is_live(old));
    cr_assert_eq(procbuf_readwrite_len(&buffer), 0);
    cr_assert_eq(procbuf_process_app_break(world.p0), at(RAM0 + 128));
    cr_assert_eq(procbuf_process_kernel_break(world.p0), at(RAM0 + 224));
    cr_assert_eq(procbuf_process_mark(world.p0), at(RAM0));
    cr_assert_eq(procbuf_process_restart_count(world.p0), 1);
    cr_assert_eq(kind(), PROCBUF_STATE_YIELDED);
    cr_assert_eq(procbuf_process_completion(world.p0, &code), PROCBUF_COMPLETION_WITHOUT_CODE);
    cr_assert_eq(world_memory[RAM0 + 8], 99);
    cr_assert_eq(world_memory[RAM0 + 190], 98);
    cr_assert_str_eq(port_story(), "p");
    cr_assert_eq(port_events[0].protection.process_index, 0);
    cr_assert_eq(port_events[0].protection.mem_start, at(RAM0));
    cr_assert_eq(port_events[0].protection.app_break, at(RAM0 + 128));
    cr_assert_eq(port_events[0].protection.kernel_break, at(RAM0 + 224));
}

Test(life, a_new_life_waits_for_no_upcall)
{
    ACCEPTS("L5 L2");
    procbuf_process_set_running(world.p0);
    procbuf_process_set_yielded_for(world.p0, 9);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(kind(), PROCBUF_STATE_YIELDED);
    cr_assert_eq(procbuf_process_state(world.p0).yielded_for, 0);
}

Test(life, a_refused_new_life_leaves_a_terminated_process)
{
    struct procbuf_readonly buffer;
    procbuf_addr_t old_break;
    REFUSES("L5 E3");
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 200), &old_break), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0 + 150), 8, &buffer), PROCBUF_OK);
    port_forget();
    port_refuse_at = 1;
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(kind(), PROCBUF_STATE_TERMINATED);
    cr_assert_eq(procbuf_readonly_len(&buffer), 0, "the old life is over all the same");
    cr_assert_eq(procbuf_process_app_break(world.p0), at(RAM0 + 200));
    cr_assert_eq(procbuf_process_mark(world.p0), at(RAM0 + 158));
    cr_assert_eq(procbuf_process_restart_count(world.p0), 0);
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OK, "start may try again");
    cr_assert_eq(procbuf_process_restart_count(world.p0), 1);
}

Test(life, start_needs_a_terminated_process)
{
    REFUSES("L4");
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_ALREADY));
    procbuf_process_fault(world.p0);
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_ALREADY));
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK, "a faulted process restarts");
}

Test(life, numbers_keep_all_bits)
{
    enum { LIVES = (1 << 16) + 300 };
    const uint32_t code = 0x12345678;
    uint32_t code_out = 0;
    struct procbuf_readonly buffer;
    ACCEPTS("L2 L3 L5");
    procbuf_process_set_running(world.p0);
    procbuf_process_set_yielded_for(world.p0, 0x87654321);
    cr_assert_eq(procbuf_process_state(world.p0).yielded_for, 0x87654321);
    procbuf_process_terminate(world.p0, &code);
    cr_assert_eq(procbuf_process_completion(world.p0, &code_out), PROCBUF_COMPLETION_WITH_CODE);
    cr_assert_eq(code_out, 0x12345678);
    cr_assert_eq(procbuf_readonly_build(world.p1, at(RAM1), 4, &buffer), PROCBUF_OK);
    for (unsigned life = 0; life < LIVES; life++) {
        port_forget();
        cr_assert_eq(procbuf_process_restart(world.p1, NULL), PROCBUF_OK);
        cr_assert_eq(procbuf_readonly_len(&buffer), 0);
    }
    cr_assert_eq(procbuf_process_restart_count(world.p1), LIVES);
}

Test(life, faults_follow_the_policy)
{
    uint32_t code;
    ACCEPTS("L7");
    procbuf_process_fault(world.p0);
    cr_assert_eq(procbuf_process_state(world.p0).yielded_for, 0);
    cr_assert_eq(kind(), PROCBUF_STATE_FAULTED);
    cr_assert_eq(procbuf_process_completion(world.p0, &code), PROCBUF_COMPLETION_WITHOUT_CODE);
    procbuf_process_fault(world.p1);
    cr_assert_eq(procbuf_process_state(world.p1).kind, PROCBUF_STATE_YIELDED);
    cr_assert_eq(procbuf_process_restart_count(world.p1), 1);
}

Test(life, a_fault_of_a_terminated_process)
{
    const uint32_t code = 5;
    uint32_t code_out = 0;
    REFUSES("L7");
    procbuf_process_terminate(world.p0, &code);
    procbuf_process_fault(world.p0);
    cr_assert_eq(kind(), PROCBUF_STATE_FAULTED);
    cr_assert_eq(procbuf_process_completion(world.p0, &code_out), PROCBUF_COMPLETION_WITH_CODE);
    cr_assert_eq(code_out, 5, "it had ended before");
    procbuf_process_terminate(world.p1, &code);
    CHANGES_NOTHING(procbuf_process_fault(world.p1));
}
