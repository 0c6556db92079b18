/* The shadow model against tables taken by hand from lib/CONTRACT.md. One process: flash of 64
 * bytes with a header of 8, directly below RAM of 128 bytes, break at 40, kernel break at 100. */
#include <criterion/criterion.h>

#include "testbed.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t flash = (uint64_t)ARENA_BASE + ARENA_PROCESSES;
static const uint64_t ram = (uint64_t)ARENA_BASE + ARENA_PROCESSES + 64;
static struct model *m;
static struct prediction p;

static void make(void)
{
    const uint64_t args[8] = { flash, 64, 8, ram, 128, 40, 28, 0 };
    m = &testbed_begin()->model;
    model_reset(m);
    m->slot_count = 2;
    memset(&p, 0, sizeof p);
    model_predict_create(m, args, &p);
    cr_assert_eq(p.outcome.status, 0);
}

TestSuite(model, .init = make);

static const struct outcome *predict(uint8_t code, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const struct op op = { .code = code };
    const struct call call = { .op = &op, .args = { a, b, c, d } };
    if (!op_prepares(code))
        model_op_begin(m);
    model_predict(m, &call, &p);
    return &p.outcome;
}

/* An operation that is not a call of the library. Returns: whether it did anything. */
static bool did(uint8_t code, uint64_t a, uint64_t b, uint64_t c)
{
    return predict(code, a, b, c, 0)->kind == OUTCOME_DONE;
}

/* Codes of E1. */
enum { OK = 0, FAIL = 1, INVAL = 6, SIZE = 7, NOMEM = 9 };
/* Process errors of E1, in its order. */
enum { NO_SUCH_APP = 1, OUT_OF_MEMORY = 2, ADDRESS_OUT_OF_BOUNDS = 3, INACTIVE_APP = 4 };

Test(model, builds_as_section_b_says)
{
    const struct {
        uint64_t addr, len;
        int readonly, readwrite;
        const char *rule;
    } rows[] = {
        { ram, 40, OK, OK, "P1: all of the app part" },
        { ram + 39, 1, OK, OK, "P1: its last byte" },
        { ram + 40, 1, INVAL, INVAL, "P2: the gap" },
        { ram + 39, 2, INVAL, INVAL, "P2: one byte of the gap" },
        { ram + 100, 1, INVAL, INVAL, "P2: the grant region" },
        { ram + 128, 1, INVAL, INVAL, "P2: past RAM" },
        { flash + 8, 56, OK, INVAL, "B3: all of readable flash" },
        { flash + 63, 1, OK, INVAL, "B3: its last byte" },
        { flash + 7, 1, INVAL, INVAL, "P2: the header" },
        { flash + 7, 2, INVAL, INVAL, "P2: one byte of the header" },
        { flash + 63, 2, INVAL, INVAL, "P2: flash and RAM at once" },
        { ram - 1, 1, OK, INVAL, "flash again" },
        { ram + 1, UINTPTR_MAX, INVAL, INVAL, "P3: wraps" },
        { ram, (uint64_t)0 - ram, INVAL, INVAL, "P3: ends at 2^width" },
        { 0, 1, INVAL, INVAL, "P3: null" },
        { 0, 0, OK, OK, "B2" },
        { UINTPTR_MAX, 0, OK, OK, "B2" },
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        cr_assert_eq(predict(OP_BUILD_READONLY, 0, 0, rows[r].addr, rows[r].len)->status,
                     rows[r].readonly, "read-only, %s", rows[r].rule);
        cr_assert_eq(predict(OP_BUILD_READWRITE, 0, 0, rows[r].addr, rows[r].len)->status,
                     rows[r].readwrite, "read-write, %s", rows[r].rule);
        cr_assert_eq(p.access.read_count + p.access.write_count + p.access.hook_count, 0);
    }
    cr_assert_eq(m->processes[0].mark, ram + 40);
    predict(OP_TERMINATE, 0, 0, 0, 0);
    cr_assert_eq(predict(OP_BUILD_READONLY, 0, 0, 0, 0)->status, FAIL, "B1");
}

Test(model, moves_the_break_as_k1_says)
{
    const struct {
        uint64_t to;
        int error;
    } rows[] = {
        { ram + 19, ADDRESS_OUT_OF_BOUNDS },
        { ram + 20, OK },
        { ram + 100, OK },
        { ram + 101, OUT_OF_MEMORY },
        { ram + 127, OUT_OF_MEMORY },
        { ram + 128, ADDRESS_OUT_OF_BOUNDS },
        { UINTPTR_MAX, ADDRESS_OUT_OF_BOUNDS },
        { 0, ADDRESS_OUT_OF_BOUNDS },
    };
    predict(OP_BUILD_READONLY, 0, 0, ram, 20);
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const uint64_t old = m->processes[0].app_break;
        cr_assert_eq(predict(OP_BRK, 0, rows[r].to, 0, 0)->status, rows[r].error, "row %zu", r);
        cr_assert_eq(m->processes[0].app_break, rows[r].error == OK ? rows[r].to : old);
        cr_assert_eq(p.outcome.value_count, rows[r].error == OK);
    }
    /* From 20 to 100: the port once, then 80 bytes opened, zeroed, closed. */
    predict(OP_BRK, 0, ram + 20, 0, 0);
    cr_assert_eq(p.access.hook_count, 1);
    predict(OP_BRK, 0, ram + 100, 0, 0);
    cr_assert_eq(p.access.hook_count, 3);
    cr_assert_eq(p.access.writes[0].end - p.access.writes[0].start, 80);
    cr_assert_eq(m->bytes[ram + 99 - ARENA_BASE], 0);
    cr_assert_neq(m->bytes[ram + 100 - ARENA_BASE], 0);
    m->refuse_next = 1;
    cr_assert_eq(predict(OP_SBRK, 0, (uint64_t)-1, 0, 0)->status, OUT_OF_MEMORY);
    cr_assert_eq(m->processes[0].app_break, ram + 100);
    cr_assert_eq(predict(OP_MEMOP_BRK, 0, ram + 101, 0, 0)->status, NOMEM);
    predict(OP_TERMINATE, 0, 0, 0, 0);
    cr_assert_eq(predict(OP_BRK, 0, ram + 100, 0, 0)->status, INACTIVE_APP);
}

Test(model, lives_end_and_begin_as_section_l_says)
{
    predict(OP_BUILD_READWRITE, 0, 0, ram, 20);
    predict(OP_BRK, 0, ram + 90, 0, 0);
    cr_assert_eq(predict(OP_LEN, 8, 0, 0, 0)->values[0].value, 20);
    predict(OP_TERMINATE, 0, 5, 0, 0);
    cr_assert_eq(m->processes[0].state, MODEL_TERMINATED);
    cr_assert(m->processes[0].completion == 2 && m->processes[0].completion_code == 4);
    cr_assert_eq(predict(OP_LEN, 8, 0, 0, 0)->values[0].value, 20, "L3: still alive");
    cr_assert_eq(predict(OP_RESTART, 0, 0, 0, 0)->kind, OUTCOME_NO, "L4");
    m->refuse_next = 1;
    cr_assert_eq(predict(OP_START, 0, 0, 0, 0)->kind, OUTCOME_NO, "L5");
    cr_assert_eq(predict(OP_LEN, 8, 0, 0, 0)->values[0].value, 0, "L5: the identifier came first");
    cr_assert_eq(predict(OP_PTR, 8, 0, 0, 0)->values[0].value, ram, "H1");
    cr_assert_eq(m->processes[0].app_break, ram + 90);
    cr_assert_eq(m->processes[0].restart_count, 0);
    cr_assert_eq(predict(OP_START, 0, 0, 0, 0)->kind, OUTCOME_YES);
    cr_assert_eq(m->processes[0].app_break, ram + 40);
    cr_assert_eq(m->processes[0].mark, ram);
    cr_assert_eq(m->processes[0].restart_count, 1);
    cr_assert_eq(predict(OP_ENTER, 8, 0, 0, 0)->status, NO_SUCH_APP, "H2");
}

/* L1, L4, L5: of two identifiers that are left one goes to a process, one to a life. */
Test(model, identifiers_end_as_l1_says)
{
    const uint64_t above = ram + 128;
    cr_assert(did(OP_SPEND_IDS, 2, 0, 0));
    cr_assert_eq(predict(OP_RESTART, 0, 0, 0, 0)->kind, OUTCOME_YES);
    cr_assert(did(OP_SPEND_IDS, 1, 0, 0), "it is at one already");
    cr_assert_not(did(OP_SPEND_IDS, 2, 0, 0), "none comes back");
    const uint64_t args[8] = { 0, 0, 0, above, 64, 0, 0, 0 };
    memset(&p, 0, sizeof p);
    model_predict_create(m, args, &p);
    cr_assert_eq(p.outcome.status, OK, "the last one");
    const uint64_t last = m->processes[1].identifier;
    cr_assert_eq(last, UINT64_MAX - 1);
    cr_assert_eq(predict(OP_FAULT, 0, 0, 0, 0)->kind, OUTCOME_DONE);
    cr_assert_eq(predict(OP_RESTART, 1, 0, 0, 0)->kind, OUTCOME_NO);
    cr_assert_eq(p.access.hook_count, 0, "the port is not asked");
    cr_assert_eq(m->processes[1].state, MODEL_TERMINATED);
    cr_assert_eq(m->processes[1].identifier, last);
    cr_assert_eq(predict(OP_START, 1, 0, 0, 0)->kind, OUTCOME_NO);
    cr_assert_eq(predict(OP_REMOVE, 1, 0, 0, 0)->status, OK);
    memset(&p, 0, sizeof p);
    model_predict_create(m, args, &p);
    cr_assert_eq(p.outcome.status, NOMEM);
}

/* G6: 24 bytes a slot at most, 16 at least; then data, aligned as asked; SIZE_MAX: fits nowhere. */
Test(model, grants_are_as_long_as_g6_says)
{
    const struct {
        uint64_t readonly, readwrite, data_len, align;
        enum outcome_kind answer;
    } rows[] = {
        { 0, 0, 0, 0, OUTCOME_YES },
        { 0, 0, UINTPTR_MAX - 1, 7, OUTCOME_YES },
        { 0, 0, UINTPTR_MAX, 0, OUTCOME_NO },
        { 1, 0, UINTPTR_MAX - 16, 0, OUTCOME_NO },
        { 1, 0, UINTPTR_MAX - 17, 0, OUTCOME_SKIPPED },
        { 1, 0, UINTPTR_MAX - 24, 0, OUTCOME_SKIPPED },
        { 1, 0, UINTPTR_MAX - 25, 0, OUTCOME_YES },
        { 2, 1, UINTPTR_MAX - 128, 7, OUTCOME_NO },
        { 2, 1, UINTPTR_MAX - 129, 7, OUTCOME_YES },
        { 3, 3, UINTPTR_MAX - 129, 7, OUTCOME_SKIPPED },
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        cr_assert_eq(predict(OP_GRANT_LEN, rows[r].readonly, rows[r].readwrite, rows[r].data_len,
                             rows[r].align)
                         ->kind,
                     rows[r].answer, "row %zu", r);
}

Test(model, mistakes_panic_as_section_r_says)
{
    unsigned number = 0;
    for (; model_mistake(number) != NULL; number++) {
        cr_assert_eq(predict(OP_MISUSE, number, 0, 0, 0)->kind, OUTCOME_PANIC);
        cr_assert_eq(p.access.hook_count, 1);
    }
    cr_assert_eq(number, TRACE_MISTAKE_COUNT);
    cr_assert_eq(predict(OP_MISUSE, number, 0, 0, 0)->kind, OUTCOME_SKIPPED);
}

Test(model, no_region_has_address_0)
{
    const uint64_t flash_at_0[8] = { 0, 8, 0, 0, 0, 0, 0, 0 },
                   ram_at_0[8] = { 0, 0, 0, 0, 8, 0, 0, 0 };
    model_predict_create(m, flash_at_0, &p);
    cr_assert_eq(p.outcome.kind, OUTCOME_CODE);
    cr_assert_eq(p.outcome.status, 6);
    model_predict_create(m, ram_at_0, &p);
    cr_assert_eq(p.outcome.kind, OUTCOME_CODE);
    cr_assert_eq(p.outcome.status, 6);
}

Test(model, slices_answer_as_section_s_says)
{
    predict(OP_BUILD_READWRITE, 0, 0, ram + 4, 8);
    predict(OP_MUT_ENTER, 0, 0, 0, 0);
    cr_assert_eq(p.access.hook_count, 2);
    model_enter(m, TRACE_BUFFER_COUNT, 0, true);
    cr_assert_eq(predict(OP_GET, 0, 7, 0, 0)->kind, OUTCOME_YES);
    cr_assert_eq(p.access.reads[0].start, ram + 11 - ARENA_BASE);
    cr_assert_eq(p.access.reads[0].end, ram + 12 - ARENA_BASE);
    cr_assert_eq(predict(OP_GET, 0, 8, 0, 0)->kind, OUTCOME_NO);
    cr_assert_eq(p.access.read_count, 0);
    cr_assert_eq(predict(OP_GET_OR_PANIC, 0, 8, 0, 0)->kind, OUTCOME_PANIC);
    cr_assert_eq(predict(OP_SET, 0, 8, 1, 0)->kind, OUTCOME_NO);
    cr_assert_eq(predict(OP_RANGE, 0, 1, 3, 2)->kind, OUTCOME_NO);
    cr_assert_eq(predict(OP_RANGE, 0, 1, 8, 8)->kind, OUTCOME_YES);
    cr_assert_eq(predict(OP_RANGE, 0, 1, 2, 5)->kind, OUTCOME_YES);
    cr_assert_eq(predict(OP_RANGE, 1, 2, 2, 4)->kind, OUTCOME_NO, "bounded by its parent");
    cr_assert_eq(predict(OP_COPY_TO, 1, 3, 0, 0)->status, OK);
    cr_assert_eq(p.access.reads[0].end - p.access.reads[0].start, 3);
    cr_assert_eq(predict(OP_COPY_TO, 1, 2, 0, 0)->status, SIZE);
    cr_assert_eq(p.access.read_count + p.access.write_count, 0);
    cr_assert_eq(predict(OP_AS_READABLE, 0, 1, 0, 0)->kind, OUTCOME_DONE);
    cr_assert_eq(predict(OP_SET, 1, 0, 1, 0)->kind, OUTCOME_SKIPPED, "the compiler refuses it");
    model_leave(m);
    cr_assert_eq(predict(OP_GET, 0, 0, 0, 0)->kind, OUTCOME_SKIPPED, "H4");
}

Test(model, overlapping_copies_read_before_they_write)
{
    predict(OP_BUILD_READWRITE, 0, 0, ram, 8);
    model_enter(m, TRACE_BUFFER_COUNT, 0, true);
    for (uint8_t i = 0; i < 8; i++)
        m->bytes[ram + i - ARENA_BASE] = i;
    predict(OP_RANGE, 0, 1, 0, 5);
    predict(OP_RANGE, 0, 2, 3, 8);
    predict(OP_COPY_SLICE, 2, 1, 0, 0);
    static const uint8_t expected[8] = { 0, 1, 2, 0, 1, 2, 3, 4 };
    cr_assert_arr_eq(&m->bytes[ram - ARENA_BASE], expected, 8);
}

Test(model, userspace_writes_only_what_it_owns)
{
    cr_assert(did(OP_POKE, ram, 1, 0));
    cr_assert(did(OP_POKE, ram + 39, 1, 0));
    cr_assert_not(did(OP_POKE, ram + 40, 1, 0));
    cr_assert_not(did(OP_POKE, flash + 20, 1, 0));
    cr_assert_not(did(OP_POKE, 0, 1, 0));
}

/* ---- Userspace, acting during a call ---- */

static uint8_t *byte(uint64_t addr)
{
    return &m->bytes[addr - ARENA_BASE];
}

static const struct outcome *predict_with_act(bool at_hook, uint64_t trigger, uint64_t target,
                                              uint8_t code, uint64_t a, uint64_t b)
{
    cr_assert(did(at_hook ? OP_AT_HOOK : OP_WHEN_FETCHED, trigger, target, 77));
    return predict(code, a, b, 0, 0);
}

Test(model, a_call_sees_bytes_as_they_were_before_userspace_changed_them)
{
    predict(OP_BUILD_READWRITE, 0, 0, ram, 8);
    model_enter(m, TRACE_BUFFER_COUNT, 0, true);
    *byte(ram + 3) = 5;
    const struct outcome *outcome = predict_with_act(false, ram + 3, ram + 3, OP_GET, 0, 3);
    cr_assert_eq(outcome->values[0].value, 5);
    cr_assert_eq(p.access.act_count, 1);
    cr_assert_eq(*byte(ram + 3), 77);
    cr_assert_eq(predict(OP_GET, 0, 3, 0, 0)->values[0].value, 77, "and the next one as they are");
    cr_assert_eq(p.access.act_count, 0, "once");
}

Test(model, userspace_acts_on_what_is_fetched_and_on_what_is_its_own)
{
    predict(OP_BUILD_READWRITE, 0, 0, ram, 8);
    model_enter(m, TRACE_BUFFER_COUNT, 0, true);
    predict_with_act(false, ram + 4, ram + 4, OP_GET, 0, 3);
    cr_assert_eq(p.access.act_count, 0, "another byte is fetched");
    predict(OP_GET, 0, 4, 0, 0);
    cr_assert_eq(p.access.act_count, 0, "of the operation before");
    predict_with_act(false, ram + 3, flash + 20, OP_GET, 0, 3);
    cr_assert_eq(p.access.act_count, 0, "flash is not userspace's to write");
    predict(OP_RANGE, 0, 1, 0, 4);
    predict(OP_RANGE, 0, 2, 4, 8);
    predict_with_act(false, ram + 5, ram + 1, OP_COPY_SLICE, 1, 2);
    cr_assert_eq(p.access.act_count, 0, "the call writes that byte itself");
}

Test(model, of_two_writes_to_a_byte_after_fetches_only_the_first_counts)
{
    predict(OP_BUILD_READWRITE, 0, 0, ram, 8);
    model_enter(m, TRACE_BUFFER_COUNT, 0, true);
    cr_assert(did(OP_WHEN_FETCHED, ram + 5, ram + 4, 99));
    cr_assert(did(OP_WHEN_FETCHED, ram + 3, ram + 4, 1));
    predict(OP_COPY_TO, 0, 8, 0, 0);
    cr_assert_eq(p.access.act_count, 1, "bytes are fetched in an order of the compiler's choosing");
    cr_assert_eq(*byte(ram + 4), 99);
}

Test(model, at_a_hook_the_memory_is_as_it_is_at_that_moment)
{
    uint64_t moved = 48;
    predict_with_act(true, 2, ram + 39, OP_BRK, 0, ram + moved);
    cr_assert_eq(p.access.act_count, 1);
    cr_assert_eq(p.access.acts[0].trigger, 2,
                 "the protection, after the zeroing; closes count not");
    cr_assert_eq(*byte(ram + 39), 77);
    predict_with_act(true, 2, ram + moved, OP_BRK, 0, ram + moved + 1);
    cr_assert_eq(p.access.act_count, 0, "not userspace's before the port has agreed (I9)");
    cr_assert_eq(*byte(ram + moved), 0);
    predict_with_act(true, 3, ram, OP_BRK, 0, ram + moved + 2);
    cr_assert_eq(p.access.act_count, 0, "closes do not count");
}

Test(model, userspace_has_only_so_much_to_do_in_one_operation)
{
    for (unsigned a = 0; a < MAX_ACTS; a++)
        cr_assert(did(OP_AT_HOOK, 1, ram, 1));
    cr_assert_not(did(OP_AT_HOOK, 1, ram, 1));
}

/* ---- Invariants ---- */

static void end_with_status(void)
{
    exit(BUG_EXIT_STATUS);
}

static void break_the_order(uint64_t mark, uint64_t app_break, uint64_t kernel_break)
{
    testbed_now()->oracle.bug.end = end_with_status;
    model_change(m, 0)->mark = ram + mark;
    model_change(m, 0)->app_break = ram + app_break;
    model_change(m, 0)->kernel_break = ram + kernel_break;
    model_check_invariants(m, ~0u);
}

Test(model, breaks_in_order_are_fine)
{
    break_the_order(40, 40, 40);
    break_the_order(0, 0, 128);
}

Test(model, a_mark_above_the_break_is_a_finding, .exit_code = BUG_EXIT_STATUS)
{
    break_the_order(41, 40, 100);
}

Test(model, a_break_above_the_kernels_is_a_finding, .exit_code = BUG_EXIT_STATUS)
{
    break_the_order(0, 101, 100);
}

Test(model, a_kernel_break_above_ram_is_a_finding, .exit_code = BUG_EXIT_STATUS)
{
    break_the_order(0, 40, 129);
}
