/* The access oracle: one planted violation of each kind, and each is named. */
#include <criterion/criterion.h>

#include "fault.h"
#include "marks.h"
#include "oracle.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RAM = ARENA_PROCESSES + 64 };

static struct oracle oracle;

static void end_quietly(void)
{
    _exit(BUG_EXIT_STATUS);
}

/* Run in a process of its own. Returns: what it said last; "" if it found nothing. */
static const char *identity_of(void (*plant)(void))
{
    static char text[4096];
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        oracle_begin(&oracle);
        oracle.bug.end = end_quietly;
        oracle_reset(&oracle);
        plant();
        _exit(0);
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t got; (got = read(ends[0], text + len, sizeof text - 1 - len)) > 0;)
        len += (size_t)got;
    close(ends[0]);
    text[len] = '\0';
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    char *line = strstr(text, "PROCBUF-BUG ");
    cr_assert_eq(WEXITSTATUS(status), line != NULL ? BUG_EXIT_STATUS : 0);
    if (line == NULL)
        return "";
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static uintptr_t at(uint32_t offset)
{
    return (uintptr_t)ARENA_BASE + offset;
}

static struct hook access_hook(enum hook_kind kind, uint32_t offset, uint32_t len, bool writable)
{
    return (struct hook){ .kind = kind, .addr = at(offset), .len = len, .writable = writable };
}

/* A call that opens [3, 13) and [13, 21) of RAM and may read [3, 21) and write [13, 21). */
static struct expectation expected;
static struct oracle_call call;

static void begin(void)
{
    expected = (struct expectation){
        .read_count = 1,
        .write_count = 1,
        .hook_count = 4,
        .reads = { { RAM + 3, RAM + 21 } },
        .writes = { { RAM + 13, RAM + 21 } },
        .hooks = { access_hook(HOOK_OPEN, RAM + 3, 10, false),
                   access_hook(HOOK_OPEN, RAM + 13, 8, true),
                   access_hook(HOOK_CLOSE, RAM + 13, 8, true),
                   access_hook(HOOK_CLOSE, RAM + 3, 10, false) },
    };
    oracle_call_begin(&oracle, &call, &expected);
    (void)oracle_hook(&oracle, &expected.hooks[0]);
    (void)oracle_hook(&oracle, &expected.hooks[1]);
}

static void end(void)
{
    (void)oracle_hook(&oracle, &expected.hooks[2]);
    (void)oracle_hook(&oracle, &expected.hooks[3]);
    oracle_call_end(&oracle, &call);
}

static void allowed(void)
{
    begin();
    access_load(at(RAM + 3), 1);
    access_load(at(RAM + 8), 8); /* over both windows, which together hold it */
    access_load(at(RAM + 20), 1);
    access_store(at(RAM + 13), 8);
    access_store(at(RAM + 20), 1);
    end();
}
static void load_before(void)
{
    begin();
    access_load(at(RAM + 2), 1);
}
static void load_behind(void)
{
    begin();
    access_load(at(RAM + 21), 1);
}
static void load_over_the_end(void)
{
    begin();
    access_load(at(RAM + 20), 2);
}
static void store_read_only(void)
{
    begin();
    access_store(at(RAM + 12), 1);
}
static void store_named_but_read_only(void)
{
    begin();
    expected.writes[0].start = RAM + 3;
    access_store(at(RAM + 12), 1);
}
static void store_half_read_only(void)
{
    begin();
    access_store(at(RAM + 12), 2);
}
static void fetch_twice(void)
{
    begin();
    access_load(at(RAM + 5), 1);
    access_load(at(RAM + 5), 1);
}
static void fetch_partly_twice(void)
{
    begin();
    access_load(at(RAM + 4), 4);
    access_load(at(RAM + 10), 2);
    access_load(at(RAM + 7), 1);
}
static void load_after_close(void)
{
    begin();
    (void)oracle_hook(&oracle, &expected.hooks[2]);
    access_load(at(RAM + 14), 1);
}
static void store_after_close(void)
{
    begin();
    (void)oracle_hook(&oracle, &expected.hooks[2]);
    access_store(at(RAM + 14), 1);
}
static void load_between_calls(void)
{
    begin();
    end();
    access_load(at(RAM + 5), 1);
}
static void store_between_calls(void)
{
    begin();
    end();
    access_store(at(RAM + 14), 1);
}
static void hook_missing(void)
{
    begin();
    (void)oracle_hook(&oracle, &expected.hooks[2]);
    oracle_call_end(&oracle, &call);
}
static void hook_too_many(void)
{
    begin();
    (void)oracle_hook(&oracle, &expected.hooks[2]);
    (void)oracle_hook(&oracle, &expected.hooks[3]);
    (void)oracle_hook(&oracle, &expected.hooks[3]);
}
static void one_too_many(enum hook_kind kind)
{
    const struct hook more = { .kind = kind, .message = "" };
    begin();
    (void)oracle_hook(&oracle, &expected.hooks[2]);
    (void)oracle_hook(&oracle, &expected.hooks[3]);
    (void)oracle_hook(&oracle, &more);
}
static void barrier_too_many(void)
{
    one_too_many(HOOK_BARRIER);
}
static void protect_too_many(void)
{
    one_too_many(HOOK_PROTECT);
}
static void open_too_many(void)
{
    one_too_many(HOOK_OPEN);
}
static void hook_of_another_range(void)
{
    const struct hook wrong = access_hook(HOOK_CLOSE, RAM + 13, 9, true);
    begin();
    (void)oracle_hook(&oracle, &wrong);
}
static void hook_of_another_kind(void)
{
    const struct hook wrong = access_hook(HOOK_CLOSE, RAM + 13, 8, false);
    begin();
    (void)oracle_hook(&oracle, &wrong);
}
static void hook_out_of_order(void)
{
    begin();
    (void)oracle_hook(&oracle, &expected.hooks[3]);
}
static void kernel_array_overrun(void)
{
    expected = (struct expectation){ .write_count = 1, .writes = { { ARENA_OUT, ARENA_OUT + 4 } } };
    oracle_call_begin(&oracle, &call, &expected);
    access_store(at(ARENA_OUT + 4), 1);
}
static void neighbour_while_other_is_open(void)
{
    begin();
    access_load(at(RAM + 300), 1);
}
static void memcpy_of_overlapping_ranges(void)
{
    begin();
    access_memcpy(at(RAM + 13), at(RAM + 9), 5);
}

/* A call that opens a part of [3, 13), as it chooses, and of the second time the same. */
static struct span part;

static void begin_part(uint32_t offset, uint32_t len)
{
    struct hook open = access_hook(HOOK_OPEN, RAM + 3, 10, false);
    struct hook close = access_hook(HOOK_CLOSE, RAM + 3, 10, false);
    const struct hook chosen = access_hook(HOOK_OPEN, RAM + offset, len, false);
    open.part = close.part = &part;
    expected = (struct expectation){
        .read_count = 1,
        .hook_count = 2,
        .reads = { { RAM + 3, RAM + 13 } },
        .hooks = { open, close },
    };
    oracle_call_begin(&oracle, &call, &expected);
    (void)oracle_hook(&oracle, &chosen);
    access_load(at(RAM + offset), len < 8 ? len : 8);
}

static void end_part(uint32_t offset, uint32_t len)
{
    const struct hook chosen = access_hook(HOOK_CLOSE, RAM + offset, len, false);
    (void)oracle_hook(&oracle, &chosen);
    oracle_call_end(&oracle, &call);
}

static void the_same_part_twice(void)
{
    for (int time = 0; time < 2; time++) {
        begin_part(5, 8);
        end_part(5, 8);
    }
}
static void part_of_another_range(void)
{
    begin_part(2, 8);
}
static void another_part_than_before(void)
{
    begin_part(5, 8);
    end_part(5, 8);
    begin_part(4, 8);
}
static void part_closed_as_another(void)
{
    begin_part(5, 8);
    end_part(5, 7);
}
static void part_closed_as_all_of_it(void)
{
    begin_part(5, 8);
    end_part(3, 10);
}
static void part_not_fetched(void)
{
    begin_part(4, 9);
    end_part(4, 9);
}
static void model_closes_what_is_not_open(void)
{
    begin();
    expected.hooks[2].len--;
    (void)oracle_hook(&oracle, &expected.hooks[2]);
}
static void trigger_not_fetched(void)
{
    begin();
    expected.acts[expected.act_count++] =
        (struct act){ .trigger = RAM + 5, .target = RAM + 5, .value = 1 };
    access_load(at(RAM + 6), 1);
    end();
}
static void panic_unexpected(void)
{
    const struct hook panic = { .kind = HOOK_PANIC };
    expected = (struct expectation){ 0 };
    oracle_call_begin(&oracle, &call, &expected);
    (void)oracle_hook(&oracle, &panic);
}

Test(oracle, allows_what_the_call_names)
{
    ACCEPTS("S4 S5 S6 C2 I7");
    cr_assert_str_eq(identity_of(allowed), "");
    cr_assert_str_eq(identity_of(the_same_part_twice), "");
}

Test(oracle, names_every_kind_of_violation)
{
    static const struct {
        void (*plant)(void);
        const char *identity;
    } rows[] = {
        { load_before, "PROCBUF-BUG kind=access check=load-not-named op=none" },
        { load_behind, "PROCBUF-BUG kind=access check=load-not-named op=none" },
        { load_over_the_end, "PROCBUF-BUG kind=access check=load-not-named op=none" },
        { neighbour_while_other_is_open, "PROCBUF-BUG kind=access check=load-not-named op=none" },
        { store_read_only, "PROCBUF-BUG kind=access check=store-not-named op=none" },
        { store_named_but_read_only, "PROCBUF-BUG kind=window check=store-outside-window op=none" },
        { store_half_read_only, "PROCBUF-BUG kind=access check=store-not-named op=none" },
        { kernel_array_overrun, "PROCBUF-BUG kind=access check=store-not-named op=none" },
        { fetch_twice, "PROCBUF-BUG kind=double-fetch check=fetched-twice op=none" },
        { fetch_partly_twice, "PROCBUF-BUG kind=double-fetch check=fetched-twice op=none" },
        { load_after_close, "PROCBUF-BUG kind=window check=load-outside-window op=none" },
        { store_after_close, "PROCBUF-BUG kind=window check=store-outside-window op=none" },
        { load_between_calls, "PROCBUF-BUG kind=access check=outside-any-call op=none" },
        { store_between_calls, "PROCBUF-BUG kind=access check=outside-any-call op=none" },
        { hook_missing, "PROCBUF-BUG kind=hook check=hook-missing op=none" },
        { hook_too_many, "PROCBUF-BUG kind=hook check=hook-unexpected op=none" },
        { barrier_too_many, "PROCBUF-BUG kind=hook check=hook-unexpected op=none" },
        { protect_too_many, "PROCBUF-BUG kind=hook check=hook-unexpected op=none" },
        { open_too_many, "PROCBUF-BUG kind=hook check=hook-unexpected op=none" },
        { hook_of_another_range, "PROCBUF-BUG kind=hook check=hook-differs op=none" },
        { hook_of_another_kind, "PROCBUF-BUG kind=hook check=hook-differs op=none" },
        { hook_out_of_order, "PROCBUF-BUG kind=hook check=hook-differs op=none" },
        { part_of_another_range, "PROCBUF-BUG kind=hook check=hook-differs op=none" },
        { another_part_than_before, "PROCBUF-BUG kind=hook check=hook-differs op=none" },
        { part_closed_as_another, "PROCBUF-BUG kind=hook check=hook-differs op=none" },
        { part_closed_as_all_of_it, "PROCBUF-BUG kind=hook check=hook-differs op=none" },
        { part_not_fetched, "PROCBUF-BUG kind=hook check=part-not-fetched op=none" },
        { model_closes_what_is_not_open,
          "PROCBUF-BUG kind=testbed check=close-of-another-open op=none" },
        { memcpy_of_overlapping_ranges, "PROCBUF-BUG kind=access check=memcpy-overlaps op=none" },
        { trigger_not_fetched, "PROCBUF-BUG kind=access check=byte-not-fetched op=none" },
        { panic_unexpected, "PROCBUF-BUG kind=panic check=hook-unexpected op=none" },
    };
    REFUSES("S3 S4 S5 S6 C2 C3 I7");
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        cr_assert_str_eq(identity_of(rows[r].plant), rows[r].identity, "row %zu", r);
}

/* A hook that is as expected but for one byte. */
static struct {
    enum hook_kind kind;
    size_t offset;
} changed;

static void hook_that_is_changed(void)
{
    struct hook hook = { .kind = changed.kind, .addr = at(RAM), .len = 8 };
    expected = (struct expectation){ .hook_count = 1, .hooks = { hook } };
    oracle_call_begin(&oracle, &call, &expected);
    ((uint8_t *)&hook)[changed.offset] ^= 1;
    (void)oracle_hook(&oracle, &hook);
}

static void rule_that_begins_alike(void)
{
    const struct hook panic = { .kind = HOOK_PANIC, .message = "procbuf: R11" };
    expected = (struct expectation){ .hook_count = 1, .hooks = { panic } };
    expected.hooks[0].message = "R1";
    oracle_call_begin(&oracle, &call, &expected);
    (void)oracle_hook(&oracle, &panic);
}

static void part_opened_to_write(void)
{
    const struct hook chosen = access_hook(HOOK_OPEN, RAM + 5, 8, true);
    begin_part(5, 8);
    end_part(5, 8);
    part = (struct span){ 0, 0 };
    expected.hooks[0].part = &part;
    oracle_call_begin(&oracle, &call, &expected);
    (void)oracle_hook(&oracle, &chosen);
}

Test(oracle, every_value_of_a_hook_is_compared)
{
    static const struct {
        enum hook_kind kind;
        size_t offset;
    } rows[] = {
        { HOOK_OPEN, offsetof(struct hook, addr) },
        { HOOK_OPEN, offsetof(struct hook, len) },
        { HOOK_OPEN, offsetof(struct hook, writable) },
        { HOOK_CLOSE, offsetof(struct hook, addr) },
        { HOOK_CLOSE, offsetof(struct hook, len) },
        { HOOK_CLOSE, offsetof(struct hook, writable) },
        { HOOK_PROTECT, offsetof(struct hook, addr) },
        { HOOK_PROTECT, offsetof(struct hook, process_index) },
        { HOOK_PROTECT, offsetof(struct hook, identifier) },
        { HOOK_PROTECT, offsetof(struct hook, flash_start) },
        { HOOK_PROTECT, offsetof(struct hook, flash_protected_end) },
        { HOOK_PROTECT, offsetof(struct hook, flash_end) },
        { HOOK_PROTECT, offsetof(struct hook, app_break) },
        { HOOK_PROTECT, offsetof(struct hook, kernel_break) },
        { HOOK_PROTECT, offsetof(struct hook, mem_end) },
    };
    static const char differs[] = "PROCBUF-BUG kind=hook check=hook-differs op=none";
    REFUSES("C3");
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        changed.kind = rows[r].kind;
        changed.offset = rows[r].offset;
        cr_assert_str_eq(identity_of(hook_that_is_changed), differs, "row %zu", r);
    }
    changed.offset = offsetof(struct hook, answer); /* which is the port's to give */
    cr_assert_str_eq(identity_of(hook_that_is_changed), "");
    cr_assert_str_eq(identity_of(part_opened_to_write), differs);
    cr_assert_str_eq(identity_of(rule_that_begins_alike),
                     "PROCBUF-BUG kind=panic check=hook-differs op=none");
}

/* What ASan finds poisoned is what is reported to the oracle: all that the library sees, whatever windows are open;
 * and nothing that userspace and the model see. */
extern int __asan_address_is_poisoned(const volatile void *addr);

static void everything_is_poisoned_for_the_library(void)
{
    for (uint32_t byte = 0; byte < ARENA_LEN; byte++) {
        cr_assert(__asan_address_is_poisoned((void *)at(byte)), "byte %u", byte);
        cr_assert_not(__asan_address_is_poisoned(&oracle.arena[byte]), "byte %u", byte);
    }
}

Test(oracle, is_told_of_every_access_whatever_windows_are_open)
{
    oracle_begin(&oracle);
    oracle_reset(&oracle);
    everything_is_poisoned_for_the_library();
    begin();
    everything_is_poisoned_for_the_library();
    (void)oracle_hook(&oracle, &expected.hooks[2]);
    (void)oracle_hook(&oracle, &expected.hooks[3]);
    everything_is_poisoned_for_the_library();
    oracle_call_end(&oracle, &call);
}

/* ---- Userspace, acting during a call ---- */

/* The call of begin(), during which userspace writes 77 at `target`. */
static void begin_with_act(bool at_hook, uint32_t trigger, uint32_t target)
{
    oracle_begin(&oracle);
    oracle_reset(&oracle);
    oracle.arena[target] = 1;
    begin();
    expected.acts[expected.act_count++] =
        (struct act){ .at_hook = at_hook, .trigger = trigger, .target = target, .value = 77 };
}

Test(oracle, a_byte_changes_after_it_has_been_fetched)
{
    begin_with_act(false, RAM + 5, RAM + 5);
    access_load(at(RAM + 4), 1);
    access_load(at(RAM + 5), 1);
    cr_assert_eq(oracle.arena[RAM + 5], 1, "the callback comes before the load");
    access_load(at(RAM + 6), 1);
    cr_assert_eq(oracle.arena[RAM + 5], 77);
    end();
}

Test(oracle, a_byte_yet_to_be_fetched_changes_after_that)
{
    begin_with_act(false, RAM + 5, RAM + 8);
    access_load(at(RAM + 4), 2);
    access_load(at(RAM + 6), 1);
    access_store(at(RAM + 13), 1);
    cr_assert_eq(oracle.arena[RAM + 8], 1);
    access_load(at(RAM + 7), 4);
    cr_assert_eq(oracle.arena[RAM + 8], 1);
    (void)oracle_hook(&oracle, &expected.hooks[2]);
    cr_assert_eq(oracle.arena[RAM + 8], 77);
    (void)oracle_hook(&oracle, &expected.hooks[3]);
    oracle_call_end(&oracle, &call);
}

Test(oracle, a_byte_that_is_never_fetched_changes_in_the_end)
{
    begin_with_act(false, RAM + 5, RAM + 8);
    access_load(at(RAM + 5), 1);
    end();
    cr_assert_eq(oracle.arena[RAM + 8], 77);
}

Test(oracle, bulk_copies_see_what_was_there)
{
    begin_with_act(false, RAM + 5, RAM + 6);
    access_move(at(RAM + 13), at(RAM + 4), 4);
    cr_assert_eq(oracle.arena[RAM + 6], 1);
    end();
    cr_assert_eq(oracle.arena[RAM + 6], 77);
}

Test(oracle, a_hook_is_a_moment)
{
    begin_with_act(true, 2, RAM + 200);
    access_load(at(RAM + 5), 1);
    cr_assert_eq(oracle.arena[RAM + 200], 1);
    (void)oracle_hook(&oracle, &expected.hooks[2]);
    cr_assert_eq(oracle.arena[RAM + 200], 77);
    (void)oracle_hook(&oracle, &expected.hooks[3]);
    oracle_call_end(&oracle, &call);
}

/* ---- Signals ---- */

static void trap(void)
{
    signal(SIGTRAP, SIG_DFL);
    fault_watch();
    raise(SIGTRAP);
}

static void trap_of_another(void)
{
    signal(SIGTRAP, SIG_IGN);
    fault_watch();
    raise(SIGTRAP);
}

Test(oracle, a_trap_is_a_crash_unless_it_is_watched)
{
    cr_assert_str_eq(identity_of(trap), "PROCBUF-BUG kind=crash check=signal-5 op=none");
    cr_assert_str_eq(identity_of(trap_of_another), "");
}

/* One frame of each kind, and then no more. */
static void name_frames(void *pc, char *out, size_t out_len)
{
    static const char *const frames[] = { "access_store|/t/fuzz/oracle/oracle.c|9",
                                          "fetch|/t/lib/src/slice.c|76",
                                          "procbuf_readable_get|/t/lib/src/slice.c|88",
                                          "run_get|/t/fuzz/machine/run_buffers.c|5" };
    static size_t next;
    (void)pc;
    memset(out, 0, out_len);
    if (next < sizeof frames / sizeof frames[0])
        snprintf(out, out_len - 1, "%s", frames[next++]);
}

Test(oracle, the_stack_has_functions_of_the_library_static_ones_too)
{
    char text[512] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    oracle_begin(&oracle);
    oracle.bug.symbolize = name_frames;
    bug_print_stack(out);
    fclose(out);
    cr_assert_str_eq(text, "  fetch (slice.c:76)\n  procbuf_readable_get (slice.c:88)\n");
}
