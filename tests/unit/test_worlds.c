/* Secrecy and integrity: each check of the port's view, of origins and of two worlds that no mistake in
 * tests/defects/pairs.py shows, and that what is shared on purpose is not a finding. Contract: I9 to I11. */
#include <criterion/criterion.h>

#include "harness.h"
#include "marks.h"
#include "testbed.h"
#include "worlds.h"

#include <string.h>
#include <unistd.h>

static struct trace trace;
static struct testbed *t;

static void start(void)
{
    t = harness_start();
}

static char seen[256];
static const char *foreseen;

static void keep_identity(const char *identity, const char *detail)
{
    (void)detail;
    snprintf(seen, sizeof seen, "%s", identity);
}

static void end_as_foreseen(void)
{
    _exit(strstr(seen, foreseen) != NULL ? BUG_EXIT_STATUS : 1);
}

static void parse(const char *text)
{
    cr_assert(trace_parse(&trace, text, strlen(text), "test"));
}

static void begin_world(const char *identity)
{
    foreseen = identity;
    t->oracle.bug.identified = keep_identity;
    t->oracle.bug.end = end_as_foreseen;
    parse("trace 1\nset_running p1\n");
    machine_run(t, &trace, NULL);
    view_ended(t); /* nothing is wrong yet */
}

/* What the port would be told of a process as it is. */
static struct hook told_of(unsigned slot)
{
    return (struct hook){ .kind = HOOK_PROTECT,
                          .process_index = slot,
                          .flash_start = t->views[slot].flash,
                          .flash_end = t->views[slot].flash_end,
                          .addr = t->views[slot].ram,
                          .mem_end = t->views[slot].ram_end,
                          .app_break = t->views[slot].app_break,
                          .kernel_break = t->views[slot].kernel_break };
}

TestSuite(worlds, .init = start);

/* ---- The port's view ---- */

Test(worlds, a_port_that_is_told_of_other_ram_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=integrity check=port-told-of-other-memory ");
    struct hook told = told_of(1);
    told.process_index = 0;
    view_told(t, &told);
}

Test(worlds, a_port_that_is_told_of_an_app_part_in_the_grants_is_noticed,
     .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=integrity check=port-told-of-other-memory ");
    struct hook told = told_of(0);
    told.app_break = told.kernel_break + 1;
    view_told(t, &told);
}

Test(worlds, a_window_beyond_the_end_of_a_process_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=integrity check=window-out-of-a-process ");
    view_opened(t, t->views[0].ram, t->views[0].ram_end - t->views[0].ram);
    view_opened(t, t->views[0].ram_end - 1, 2);
}

/* The last of as many processes as there can be. */
static unsigned begin_full_world(const char *identity)
{
    begin_world(identity);
    parse("trace 1\nprocess\nprocess\nprocess\nprocess\nprocess\nprocess\nprocess\nprocess\n");
    machine_run(t, &trace, NULL);
    return TRACE_MAX_PROCESSES - 1;
}

Test(worlds, a_window_beyond_the_end_of_the_last_process_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    const unsigned last = begin_full_world("kind=integrity check=window-out-of-a-process ");
    view_opened(t, t->views[last].ram_end - 1, 2);
}

Test(worlds, a_byte_of_the_last_process_that_is_not_zero_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    const unsigned last = begin_full_world("kind=secrecy check=accessible-before-zeroed ");
    struct hook told = told_of(last);
    told.app_break++;
    view_told(t, &told);
    view_settle(t);
}

/* What was never written is not zero: all of the grant's data but one byte are cleared. */
static void see_a_grant(uint32_t dirty)
{
    static const struct model_driver driver = { .declared = true, .data_offset = 8, .len = 24 };
    begin_world("kind=secrecy check=grant-not-zeroed ");
    struct hook told = told_of(0);
    told.kernel_break -= driver.len;
    memset(&t->oracle.arena[told.kernel_break - ARENA_BASE], 0, driver.len);
    t->oracle.arena[told.kernel_break - ARENA_BASE + dirty] = 1;
    view_told(t, &told);
    view_grant_seen(t, 0, &driver);
    view_settle(t);
}

Test(worlds, the_first_byte_of_a_grant_that_is_not_zero_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    see_a_grant(8);
}

Test(worlds, the_last_byte_of_a_grant_that_is_not_zero_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    see_a_grant(23);
}

Test(worlds, a_process_holds_its_app_part_and_its_flash)
{
    begin_world("");
    struct span parts[2];
    view_parts(t, 0, parts);
    for (unsigned part = 0; part < 2; part++) {
        cr_assert_lt(parts[part].start, parts[part].end);
        cr_assert(view_holds(t, 0, parts[part].start) && view_holds(t, 0, parts[part].end - 1));
        cr_assert_not(view_holds(t, 1, parts[part].start) || view_holds(t, 1, parts[part].end - 1));
    }
    cr_assert_not(view_holds(t, 0, parts[0].end) || view_holds(t, 0, parts[1].start - 1));
}

Test(worlds, a_process_in_the_memory_of_another_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=integrity check=accessible-to-two ");
    t->views[0].ram_end++;
    t->views[1].ram = t->views[0].ram_end - 1;
    view_ended(t);
}

/* … whichever process the port was asked about. */
Test(worlds, a_break_that_the_port_was_not_told_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=integrity check=break-that-the-port-was-not-told ");
    t->views[1].app_break--;
    view_ended(t);
}

Test(worlds, memory_that_stays_accessible_without_its_process_is_noticed,
     .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=integrity check=accessible-without-a-process ");
    t->views[TRACE_MAX_PROCESSES - 1] = (struct view){ .used = true };
    view_ended(t);
}

Test(worlds, a_byte_that_is_not_zero_when_it_becomes_accessible_is_noticed,
     .exit_code = BUG_EXIT_STATUS)
{
    begin_world("kind=secrecy check=accessible-before-zeroed ");
    struct hook told = told_of(0);
    told.app_break++;
    view_told(t, &told);
    view_settle(t);
}

/* ---- Origins ---- */

Test(worlds, an_address_that_was_not_given_is_noticed, .exit_code = BUG_EXIT_STATUS)
{
    const struct op op = { .code = OP_PTR };
    const struct call call = { .op = &op, .args = { 2 } };
    const struct outcome null = { .kind = OUTCOME_DONE,
                                  .value_count = 1,
                                  .values = { { 'a', 0 } } };
    const struct outcome other = { .kind = OUTCOME_DONE,
                                   .value_count = 1,
                                   .values = { { 'a', 17 } } };
    begin_world("kind=secrecy check=address-without-origin ");
    t->origins.made[2] = (struct model_range){ 16, 4 };
    origins_answered(t, &call, &null);
    origins_answered(t, &call, &other);
}

/* ---- Two worlds: what is shared on purpose ---- */

static const char *const shared[] = {
    /* the kernel copies from one process to another, and from a grant to its process */
    "trace 1\nbuild_readonly ro0 p1 p1.ram 16\nbuild_readwrite rw0 p0 p0.ram 16\n"
    "enter ro0 s0 {\nmut_enter rw0 s1 {\ncopy_slice s1 s0\niterate s1\n}\n}\n",
    "trace 1\nbuild_readonly ro0 p1 p1.ram 16\nbuild_readwrite rw0 p0 p0.ram 16\n"
    "reader_over ro0 1\nwriter_over rw0 1\nstream_copy 5\nstream_copy 20\nread_at ro0 0 4\n",
    "trace 1\ndeclare_driver v0 0 7 1 1 9\ntake_id d0 p0\nbuild_readwrite rw0 p0 p0.ram 8\n"
    "driver_enter v0 d0 s0 {\nset s0 0 7\nmut_enter rw0 s1 {\nrange_to s0 s2 8\ncopy_slice s1 "
    "s2\n}\n}\n",
    /* a driver holds one range for all processes */
    "trace 1\ndeclare_driver v0 0 7 0 0 0\nallow_userspace_readable p0 v0 0 p0.ram 4\n"
    "allow_userspace_readable p1 v0 0 p1.ram 4\nallow_userspace_readable p0 v0 0 p0.ram 8\n",
    /* slots of the table, places, identifiers */
    "trace 1\nprocess\nprocess\nremove p0\ncreate p1.flash-100 0 0 p1.flash-256 64 32 0 "
    "0\nspend_ids 1\n"
    "restart p1 none\nrestart p0 none\n",
    /* one process acts while another's bytes are fetched, and how many depends on those */
    "trace 1\nbuild_readonly ro0 p1 p1.ram 16\nenter ro0 s0 {\nwhen_fetched p1.ram+9 p0.ram+3 77\n"
    "find s0 0x5b\n}\nbuild_readonly ro1 p0 p0.ram 8\nenter ro1 s1 {\niterate s1\n}\n",
    /* a register changes hands */
    "trace 1\nbuild_readonly ro0 p0 p0.ram 8\nbuild_readonly ro0 p1 p1.ram 4\nconsume ro0\n"
    "copy_readonly ro1 ro0\nlen ro1\nenter ro1 s0 {\n}\nreader_over ro0 2\nreader_read 8\n",
    /* the writer was moved by what does not run alone, and does not begin again: no row is that long */
    "trace 1\nbuild_readwrite rw0 p1 p1.ram 8\nbuild_readwrite rw1 p0 p0.ram 8\nwriter_over rw0 2\n"
    "writer_write 4 0\nbuild_readwrite rw0 p0 p0.ram+16 8\nwriter_over_many rw0 2 45\n"
    "writer_write 16 1\n",
};

Test(worlds, what_is_shared_on_purpose_is_no_finding)
{
    for (unsigned s = 0; s < sizeof shared / sizeof shared[0]; s++) {
        parse(shared[s]);
        machine_run(t, &trace, NULL);
        worlds_run_all(t, &trace);
    }
}

/* What runs twice is counted once, and what follows finds the world as it was. */
Test(worlds, a_second_world_leaves_nothing)
{
    parse(shared[0]);
    machine_run(t, &trace, NULL);
    const uint64_t checked_ops = t->checked_ops;
    const struct world_objects *before = t->world;
    worlds_run_all(t, &trace);
    cr_assert_eq(t->checked_ops, checked_ops);
    cr_assert_eq(t->world, before);
    parse("trace 1\n");
    machine_run(t, &trace, NULL);
    cr_assert_eq(memcmp(t->oracle.arena, t->model.bytes, ARENA_LEN), 0);
    cr_assert_eq(t->oracle.arena[ARENA_SCRATCH], arena_pristine()[ARENA_SCRATCH]);
}

static unsigned fetches;

static void count_fetch(struct oracle *oracle, uint32_t start, uint32_t end, bool writing)
{
    (void)oracle, (void)start, (void)end;
    fetches += !writing;
}

/* The observer p0 runs its own operation in both of its second worlds; another one's, where that holds other bytes. */
Test(worlds, each_process_is_the_observer_once)
{
    ACCEPTS("I10");
    parse("trace 1\nbuild_readonly ro0 p0 p0.ram 4\nread_at ro0 1 1\n");
    t->oracle.access_listener = count_fetch;
    machine_run(t, &trace, NULL);
    const unsigned once = fetches;
    cr_assert_gt(once, 0);
    fetches = 0;
    worlds_run_all(t, &trace);
    t->oracle.access_listener = NULL;
    cr_assert_eq(fetches, once * (3 + 2 * (trace_slot_count(&trace) - 1)));
}
