/* The machine: nothing of a trace is left for the next, and what either side changes is compared. */
#include <criterion/criterion.h>

#include "bug.h"
#include "compare.h"
#include "harness.h"
#include "machine.h"
#include "marks.h"
#include "world.h"

#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct trace trace;

static void run(const char *text)
{
    cr_assert(trace_parse(&trace, text, strlen(text), "test"));
    machine_run(&trace, NULL);
}

/* Two processes that fill memory far beyond that of the usual three. */
static const char far[] = "trace 1\n"
                          "process ram=1024 app=1000 kernel=24 flash=512\n"
                          "process ram=1024 app=1000 kernel=24 flash=512\n"
                          "process ram=1024 app=1000 kernel=24 flash=512\n"
                          "fill p2 77\n"
                          "build_readwrite rw0 p2 p2.ram+900 50\n"
                          "mut_enter rw0 s0 {\n"
                          "slice_fill s0 3\n"
                          "}\n";
static const char usual[] =
    "trace 1\nbuild_readwrite rw0 p0 p0.ram 8\nmut_enter rw0 s0 {\niterate s0\n}\n";
/* The same memory, seen as it was before anyone wrote: all of it is compared in the end. */
static const char looks[] = "trace 1\n"
                            "process ram=1024 app=0 kernel=1024 flash=512\n"
                            "process ram=1024 app=0 kernel=1024 flash=512\n"
                            "process ram=1024 app=0 kernel=1024 flash=512\n";

TestSuite(machine, .init = harness_start);

Test(machine, memory_is_as_new_for_each_trace)
{
    for (unsigned i = 0; i < 3; i++) {
        run(usual);
        run(far);
        run(looks);
    }
}

/* The kernel's own arrays, whoever wrote to them: both sides may have kept the same. */
static const char *const writes_arrays[] = {
    "trace 1\nbuild_readonly ro0 p0 p0.ram 8\nenter ro0 s0 {\ncopy_to s0 8\n}\n",
    "trace 1\nbuild_readonly ro0 p0 p0.ram 8\nenter ro0 s0 {\ncopy_to_fitting s0 8\n}\n",
    "trace 1\nfrom_array_mut s1 10 20\nslice_fill s1 3\n",
    "trace 1\nbuild_readonly ro0 p0 p0.ram 8\nread_at ro0 0 8\n",
};

static bool arrays_are_pristine(void)
{
    const size_t len = ARENA_SCRATCH + ARENA_SCRATCH_LEN - ARENA_OUT;
    return memcmp(&arena_view[ARENA_OUT], &arena_pristine[ARENA_OUT], len) == 0 &&
           memcmp(&model.bytes[ARENA_OUT], &arena_pristine[ARENA_OUT], len) == 0;
}

Test(machine, kernel_arrays_are_as_new_for_each_trace)
{
    for (unsigned t = 0; t < sizeof writes_arrays / sizeof writes_arrays[0]; t++) {
        run(writes_arrays[t]);
        cr_assert_not(arrays_are_pristine(), "%u: nothing was written", t);
        run(usual);
        cr_assert(arrays_are_pristine(), "after %u", t);
    }
}

Test(machine, kernel_arrays_are_as_new_after_another_process_wrote_there)
{
    run(usual);
    const pid_t child = fork();
    if (child == 0) {
        run(writes_arrays[0]);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    cr_assert_not(arrays_are_pristine());
    run(usual);
    cr_assert(arrays_are_pristine());
}

Test(machine, identifiers_are_as_new_for_each_trace)
{
    for (unsigned i = 0; i < 3; i++) {
        run("trace 1\nspend_ids 0\nrestart p0 none\n");
        run("trace 1\nrestart p0 none\nspend_ids 1\nrestart p0 none\n");
    }
}

/* The arena is one memory for both sides of a fork, and AFL++ forks between inputs. */
Test(machine, memory_is_as_new_after_another_process_wrote_there)
{
    run(usual);
    const pid_t child = fork();
    if (child == 0) {
        run(far);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    run(looks);
    run(usual);
}

/* Userspace changes any byte as soon as a call has fetched it: the call never looks again, and what
 * it answers is of the byte as it was. */
Test(machine, each_byte_of_a_call_is_fetched_once)
{
    static const char reads[] = "trace 1\n"
                                "build_readwrite rw0 p0 p0.ram 8\n"
                                "build_readwrite rw1 p0 p0.ram+4 8\n"
                                "enter rw0 s0 {\n"
                                "mut_enter rw1 s1 {\n"
                                "copy_to s0 8\n"
                                "compare s0 8 0\n"
                                "string_len s0\n"
                                "load s0 1 3\n"
                                "copy_slice s1 s0\n"
                                "}\n"
                                "}\n";
    ACCEPTS("S5");
    run(reads);
    const uint32_t ram = (uint32_t)(model.processes[0].mem_start - ARENA_BASE);
    for (unsigned position = 4; position < 9; position++)
        for (uint32_t byte = ram; byte < ram + 8; byte++) {
            machine_set_hostile_byte(position, byte);
            machine_run(&trace, NULL);
        }
    machine_set_hostile_byte(UINT_MAX, 0);
}

/* ---- What is compared after an operation ---- */

static const struct prediction nothing;
static char seen[256];

static void keep_identity(const char *identity, const char *detail)
{
    (void)detail;
    snprintf(seen, sizeof seen, "%s", identity);
}

static const char *foreseen;

static void end_as_foreseen(void)
{
    _exit(strstr(seen, foreseen) != NULL ? BUG_EXIT_STATUS : 1);
}

static void begin_world(const char *identity)
{
    foreseen = identity;
    bug_identified = keep_identity;
    bug_end = end_as_foreseen;
    run("trace 1\nset_running p1\n");
    compare_after(&nothing);
}

Test(machine, a_process_that_only_the_library_changes_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=state check=state-kind ");
    procbuf_process_stop(&world.slots[1]);
    compare_after(&nothing);
}

Test(machine, a_process_that_only_the_model_changes_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=state check=state-kind ");
    model_change(1)->state = MODEL_STOPPED;
    compare_after(&nothing);
}

Test(machine, a_slot_that_the_table_was_not_told_of_is_not_written, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=state check=store-behind-the-table ");
    watched_store((uintptr_t)&world.slots[model.slot_count], 1);
    compare_after(&nothing);
}

Test(machine, the_last_slot_of_the_table_may_be_written)
{
    begin_world("none");
    watched_store((uintptr_t)&world.slots[model.slot_count] - 1, 1);
    compare_after(&nothing);
}

/* Nor is the library asked for it. */
Test(machine, a_slot_that_the_table_was_not_told_of_is_not_compared)
{
    begin_world("none");
    model.slot_count = 2;
    model_change(2)->state = MODEL_STOPPED;
    compare_after(&nothing);
}

/* H1, for each way in which a buffer register is filled. */
Test(machine, every_buffer_that_is_held_is_asked_for_its_length, .exit_code = BUG_EXIT_STATUS)
{
    foreseen = "kind=result check=handle-length ";
    bug_identified = keep_identity;
    bug_end = end_as_foreseen;
    run("trace 1\nbuild_readwrite rw3 p1 p1.ram 4\n");
    compare_handles();
    world.readwrite[3] = procbuf_readwrite_default();
    compare_handles();
}

Test(machine, a_slice_that_is_shorter_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=slice check=slice-length ");
    model.slices[0] = (struct model_slice){ .valid = true,
                                            .writable = true,
                                            .span = { ARENA_SCRATCH, ARENA_SCRATCH + 8 } };
    world.slices[0].writable =
        procbuf_writable_from_array((void *)(uintptr_t)(ARENA_BASE + ARENA_SCRATCH), 8);
    compare_slice(0);
    world.slices[0].writable =
        procbuf_writable_from_array((void *)(uintptr_t)(ARENA_BASE + ARENA_SCRATCH), 7);
    compare_slice(0);
}

Test(machine, a_buffer_below_no_break_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    foreseen = "kind=invariant check=I2-buffer-in-owned-memory ";
    bug_identified = keep_identity;
    bug_end = end_as_foreseen;
    run("trace 1\nbuild_readonly ro7 p1 p1.ram 4\n");
    model_check_invariants(0);
    struct model_process *process = model_change(1);
    process->app_break = process->mark = process->mem_start + 3;
    model_check_invariants(0);
}

/* What no trace touches is compared, too, by programs that have the time. */
static void run_after_change(uint8_t *byte, const char *identity)
{
    begin_world(identity);
    world_checks_itself = true;
    run(usual);
    run(usual);
    *byte ^= 1;
    run(usual);
}

Test(machine, a_model_that_is_not_as_new_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    run_after_change(&model.cells[ARENA_FOREIGN - 1], "kind=testbed check=model-not-restored ");
}

Test(machine, memory_that_is_not_as_new_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    run_after_change(&arena_view[ARENA_FOREIGN - 1], "kind=testbed check=arena-not-restored ");
}
