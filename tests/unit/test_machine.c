/* The machine: nothing of a trace is left for the next, and what either side changes is compared. */
#include <criterion/criterion.h>

#include "compare.h"
#include "execute.h"
#include "harness.h"
#include "lookups.h"
#include "marks.h"
#include "out.h"
#include "testbed.h"

#include <procbuf/capability.h>

#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct trace trace;
static struct testbed *t;

static void start(void)
{
    t = harness_start();
}

static void run(const char *text)
{
    cr_assert(trace_parse(&trace, text, strlen(text), "test"));
    machine_run(t, &trace, NULL);
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

TestSuite(machine, .init = start);

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
    return memcmp(&t->oracle.arena[ARENA_OUT], &arena_pristine()[ARENA_OUT], len) == 0 &&
           memcmp(&t->model.bytes[ARENA_OUT], &arena_pristine()[ARENA_OUT], len) == 0;
}

Test(machine, kernel_arrays_are_as_new_for_each_trace)
{
    for (unsigned a = 0; a < sizeof writes_arrays / sizeof writes_arrays[0]; a++) {
        run(writes_arrays[a]);
        cr_assert_not(arrays_are_pristine(), "%u: nothing was written", a);
        run(usual);
        cr_assert(arrays_are_pristine(), "after %u", a);
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
    const uint32_t ram = (uint32_t)(t->model.processes[0].mem_start - ARENA_BASE);
    for (unsigned position = 4; position < 9; position++)
        for (uint32_t byte = ram; byte < ram + 8; byte++) {
            machine_set_hostile_byte(t, position, byte);
            machine_run(t, &trace, NULL);
        }
    machine_set_hostile_byte(t, UINT_MAX, 0);
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
    t->oracle.bug.identified = keep_identity;
    t->oracle.bug.end = end_as_foreseen;
    run("trace 1\nset_running p1\n");
    compare_after(t, &nothing);
}

Test(machine, a_process_that_only_the_library_changes_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=state check=state-kind ");
    procbuf_process_stop(&t->world->slots[1]);
    compare_after(t, &nothing);
}

Test(machine, a_process_that_only_the_model_changes_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=state check=state-kind ");
    model_change(&t->model, 1)->state = MODEL_STOPPED;
    compare_after(t, &nothing);
}

Test(machine, each_process_that_changed_is_compared, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=state check=state-kind ");
    procbuf_process_stop(&t->world->slots[0]);
    model_change(&t->model, 0)->state = MODEL_STOPPED;
    compare_after(t, &nothing);
    (void)model_change(&t->model, 0);
    procbuf_process_stop(&t->world->slots[1]);
    compare_after(t, &nothing);
}

/* I4, after an operation that names no buffer. */
Test(machine, invariants_are_checked_when_a_process_changes, .exit_code = BUG_EXIT_STATUS)
{
    static const struct op op = { .code = OP_STOP };
    static const struct call call = { .op = &op };
    begin_world("kind=invariant check=I4-grants-apart ");
    t->machine.walk.call = &call;
    struct model_process *process = model_change(&t->model, 1);
    compare_after(t, &nothing);
    for (unsigned g = 0; g < 2; g++)
        process->grants[g] = (struct model_grant){ .allocated = true, .span = { 64 + g, 80 } };
    compare_after(t, &nothing); /* no process has changed */
    (void)model_change(&t->model, 1);
    compare_after(t, &nothing);
}

/* Of a process that ended with a code, the model says something else in one byte. */
static const struct field {
    const char *identity;
    size_t offset;
} state_fields[] = {
    { "check=state-kind ", offsetof(struct model_process, state) },
    { "check=state-stopped-from ", offsetof(struct model_process, stopped_from) },
    { "check=state-yielded-for ", offsetof(struct model_process, yielded_for) },
    { "check=state-completion ", offsetof(struct model_process, completion) },
    { "check=state-completion-code ", offsetof(struct model_process, completion_code) },
    { "check=state-restart-count ", offsetof(struct model_process, restart_count) },
    { "check=state-app-break ", offsetof(struct model_process, app_break) },
    { "check=state-kernel-break ", offsetof(struct model_process, kernel_break) },
    { "check=state-mark ", offsetof(struct model_process, mark) },
}, layout_fields[] = {
    { "check=layout-mem-start ", offsetof(struct model_process, mem_start) },
    { "check=layout-mem-end ", offsetof(struct model_process, mem_end) },
    { "check=layout-flash-start ", offsetof(struct model_process, flash_start) },
    { "check=layout-flash-protected-end ", offsetof(struct model_process, flash_protected_end) },
    { "check=layout-flash-end ", offsetof(struct model_process, flash_end) },
};

static void compare_state_of_one(void)
{
    compare_after(t, &nothing);
}

static void compare_layout_of_one(void)
{
    compare_layout(t, 1);
}

static void check_field(const struct field *field, void (*compare)(void))
{
    int status;
    const pid_t child = fork();
    if (child == 0) {
        begin_world(field->identity);
        run("trace 1\nterminate p1 7\n");
        compare();
        ((uint8_t *)model_change(&t->model, 1))[field->offset] ^= 1;
        compare();
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(WEXITSTATUS(status), BUG_EXIT_STATUS, "%s", field->identity);
}

Test(machine, each_field_of_a_process_is_compared)
{
    for (size_t f = 0; f < sizeof state_fields / sizeof state_fields[0]; f++)
        check_field(&state_fields[f], compare_state_of_one);
    for (size_t f = 0; f < sizeof layout_fields / sizeof layout_fields[0]; f++)
        check_field(&layout_fields[f], compare_layout_of_one);
}

/* ---- Callbacks ---- */

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

/* A world with a live foreign process and a map of a function, which ends well unless the finding comes. */
static bool is_found(const char *identity, void (*act)(unsigned row), unsigned row)
{
    int status;
    const pid_t child = fork();
    if (child == 0) {
        begin_world(identity);
        run("trace 1\nforeign_start f0\nmap_region g0 f0.memory 64 write\nmap_of_lookup m0 1\n");
        t->world->lending = (struct lending){ 0, t->model.foreign[0].identifier };
        act(row);
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == BUG_EXIT_STATUS, "%s, row %u",
              identity, row);
    return status != 0;
}

/* Which lookups the model expects, of the one that the library makes. */
static const struct {
    unsigned count, map, offset;
    const char *identity; /* null: none */
} lookup_rows[] = {
    { 1, 0, 0, NULL },
    { 0, 0, 0, "check=callback-lookup " },
    { 1, 1, 0, "check=callback-lookup " },
    { 1, 0, 1, "check=callback-lookup " },
    { 2, 0, 0, "check=lookups " },
};

static void build_by_lookup(unsigned row)
{
    const uint64_t addr = model_foreign_memory(0);
    const struct procbuf_id id =
        procbuf_id_new_external(&t->world->foreign, world_foreign_place(t->model.is_large, 0),
                                t->model.foreign[0].identifier, &capability);
    const struct procbuf_lender lender = procbuf_lender_pinned(&t->world->maps[0], id);
    struct procbuf_readonly buffer;
    t->model.lookups.count = lookup_rows[row].count;
    t->model.lookups.calls[0].map = lookup_rows[row].map;
    t->model.lookups.calls[0].addr = addr + lookup_rows[row].offset;
    lookups_begin(t);
    (void)!procbuf_readonly_build_from(&lender, (procbuf_addr_t)addr, 8, &buffer);
    lookups_end(t);
}

Test(machine, each_call_of_a_lookup_function_is_compared)
{
    REFUSES("M3");
    for (unsigned r = 0; r < sizeof lookup_rows / sizeof lookup_rows[0]; r++)
        cr_assert_eq(is_found(lookup_rows[r].identity != NULL ? lookup_rows[r].identity : "none",
                              build_by_lookup, r),
                     lookup_rows[r].identity != NULL, "row %u", r);
}

/* The life that is held, and what differs from it in one point. */
static void ask_foreign(unsigned row)
{
    (void)execute_foreign_is_live(world_foreign_place(t->model.is_large, row == 1),
                                  t->model.foreign[0].identifier + (row == 2),
                                  row == 3 ? (const void *)t->world : t->world->foreign_lives);
}

Test(machine, a_foreign_table_is_asked_for_lives_that_are_held)
{
    REFUSES("B7");
    for (unsigned row = 0; row < 4; row++)
        cr_assert_eq(is_found("check=callback-liveness ", ask_foreign, row), row != 0, "row %u",
                     row);
}

static void write_on_refusal(unsigned byte)
{
    uint8_t result[24];
    const struct outcome none = { .kind = OUTCOME_NO }, yes = { .kind = OUTCOME_YES };
    const struct out out = out_fill(result, sizeof result);
    (void)out_is_told(&out, &none);
    if (byte == sizeof result) {
        result[0] ^= 1;
        (void)out_is_told(&out, &yes);
        return;
    }
    result[byte] ^= 1;
    (void)out_is_told(&out, &none);
}

Test(machine, every_byte_of_a_result_is_kept_on_refusal)
{
    REFUSES("E3");
    for (unsigned byte = 0; byte <= 24; byte++)
        cr_assert_eq(is_found("check=written-on-refusal ", write_on_refusal, byte), byte != 24,
                     "byte %u", byte);
}

Test(machine, grants_of_processes_before_are_not_written, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=state check=grants-before ");
    watched_forbid(&t->oracle.watched, &t->world->grants[3], sizeof t->world->grants[3]);
    watched_store(&t->oracle.watched, (uintptr_t)&t->world->grants[3] - 1, 1);
    watched_store(&t->oracle.watched, (uintptr_t)&t->world->grants[4], 1);
    compare_after(t, &nothing);
    watched_store(&t->oracle.watched, (uintptr_t)&t->world->grants[4] - 1, 1);
    compare_after(t, &nothing);
}

Test(machine, a_slot_that_the_table_was_not_told_of_is_not_written, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=state check=store-behind-the-table ");
    watched_store(&t->oracle.watched, (uintptr_t)&t->world->slots[t->model.slot_count], 1);
    compare_after(t, &nothing);
}

Test(machine, the_last_slot_of_the_table_may_be_written)
{
    begin_world("none");
    watched_store(&t->oracle.watched, (uintptr_t)&t->world->slots[t->model.slot_count] - 1, 1);
    compare_after(t, &nothing);
}

/* Nor is the library asked for it. */
Test(machine, a_slot_that_the_table_was_not_told_of_is_not_compared)
{
    begin_world("none");
    t->model.slot_count = 2;
    model_change(&t->model, 2)->state = MODEL_STOPPED;
    compare_after(t, &nothing);
}

/* H1, for each way in which a buffer register is filled. */
Test(machine, every_buffer_that_is_held_is_asked_for_its_length, .exit_code = BUG_EXIT_STATUS)
{
    foreseen = "kind=result check=handle-length ";
    t->oracle.bug.identified = keep_identity;
    t->oracle.bug.end = end_as_foreseen;
    run("trace 1\nbuild_readwrite rw3 p1 p1.ram 4\n");
    compare_handles(t);
    t->world->readwrite[3] = procbuf_readwrite_default();
    compare_handles(t);
}

static void lose_id(unsigned d)
{
    for (unsigned id = 0; id < TRACE_ID_COUNT; id++) {
        t->world->ids[id] = procbuf_process_id(&t->world->slots[1]);
        t->model.ids[id] = (struct model_id){ .taken = true,
                                              .slot = 1,
                                              .identifier = t->model.processes[1].identifier };
    }
    if (d < TRACE_ID_COUNT)
        memset(&t->world->ids[d], 0, sizeof t->world->ids[d]);
    compare_handles(t);
}

Test(machine, every_id_that_is_held_is_asked_whether_it_lives)
{
    REFUSES("L1");
    for (unsigned d = 0; d <= TRACE_ID_COUNT; d++)
        cr_assert_eq(is_found("check=handle-liveness ", lose_id, d), d != TRACE_ID_COUNT, "d%u", d);
}

Test(machine, a_slice_that_is_shorter_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=slice check=slice-length ");
    t->model.slices[0] = (struct model_slice){ .valid = true,
                                               .writable = true,
                                               .span = { ARENA_SCRATCH, ARENA_SCRATCH + 8 } };
    t->world->slices[0].writable =
        procbuf_writable_from_array((void *)(uintptr_t)(ARENA_BASE + ARENA_SCRATCH), 8);
    compare_slice(t, 0);
    t->world->slices[0].writable =
        procbuf_writable_from_array((void *)(uintptr_t)(ARENA_BASE + ARENA_SCRATCH), 7);
    compare_slice(t, 0);
}

/* Of an empty slice, in the arena, or what the process passed; and a byte further than it should be. */
static void wrong_base(unsigned row)
{
    const uintptr_t arena = ARENA_BASE + ARENA_SCRATCH, wild = 0x77777;
    const uintptr_t bases[] = { arena, wild, arena + 1 };
    t->model.slices[0] = (struct model_slice){ .valid = true,
                                               .writable = true,
                                               .dummy = row < 2,
                                               .wild = wild,
                                               .span = { ARENA_SCRATCH, ARENA_SCRATCH } };
    t->world->slices[0].writable = procbuf_writable_from_array((void *)bases[row], 0);
    compare_slice(t, 0);
}

Test(machine, a_slice_with_another_base_is_noticed)
{
    static const char *const identities[] = { "check=slice-base-leaks ", "check=slice-base-leaks ",
                                              "check=slice-base " };
    REFUSES("H5");
    for (unsigned row = 0; row < 3; row++)
        cr_assert(is_found(identities[row], wrong_base, row), "row %u", row);
}

Test(machine, a_buffer_below_no_break_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    foreseen = "kind=invariant check=I2-buffer-in-owned-memory ";
    t->oracle.bug.identified = keep_identity;
    t->oracle.bug.end = end_as_foreseen;
    run("trace 1\nbuild_readonly ro7 p1 p1.ram 4\n");
    model_check_invariants(&t->model, 0);
    struct model_process *process = model_change(&t->model, 1);
    process->app_break = process->mark = process->mem_start + 3;
    model_check_invariants(&t->model, 0);
}

/* What no trace touches is compared, too, by programs that have the time. */
static void run_after_change(uint8_t *byte, const char *identity)
{
    begin_world(identity);
    t->checks_itself = true;
    run(usual);
    run(usual);
    *byte ^= 1;
    run(usual);
}

Test(machine, a_model_that_is_not_as_new_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    run_after_change(&t->model.cells[ARENA_FOREIGN - 1], "kind=testbed check=model-not-restored ");
}

Test(machine, memory_that_is_not_as_new_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    run_after_change(&t->oracle.arena[ARENA_FOREIGN - 1], "kind=testbed check=arena-not-restored ");
}
