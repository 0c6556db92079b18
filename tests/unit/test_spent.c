/* The end of the counter of identifiers, 2^64 lives away. Contract: L1. The only test that touches
 * private fields: it winds the counter forward. */
#define PROCBUF_IMPLEMENTATION
#include "kernel.h"

static void wind_forward(void)
{
    world_make();
    world.table.private_.next_identifier = UINT64_MAX - 1;
}

static enum procbuf_error create(struct procbuf_process **process_out)
{
    const struct procbuf_process_config config = {
        .mem_start = at(FREE_MEMORY),
        .mem_len = 8,
        .initial_app_len = 8,
    };
    return procbuf_process_create(&world.table, &config, process_out);
}

TestSuite(spent, .init = wind_forward);

Test(spent, it_begins_at_0)
{
    struct procbuf_table other;
    struct procbuf_process slots[1];
    ACCEPTS("L1");
    memset(&other, 0xa5, sizeof other);
    procbuf_table_init(&other, slots, 1);
    cr_assert_eq(other.private_.next_identifier, 0);
}

Test(spent, the_last_identifier_is_given_out)
{
    const struct procbuf_id old = procbuf_process_id(world.p0);
    ACCEPTS("L1");
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_not(procbuf_id_is_live(old));
    cr_assert(procbuf_id_is_live(procbuf_process_id(world.p0)));
    cr_assert_eq(port_events[port_event_count - 1].protection.identifier, UINT64_MAX - 1);
}

Test(spent, a_creation_takes_the_last_one_whole)
{
    struct procbuf_process *process;
    ACCEPTS("L1");
    cr_assert_eq(create(&process), PROCBUF_OK);
    cr_assert_eq(port_events[port_event_count - 1].protection.identifier, UINT64_MAX - 1);
}

Test(spent, then_creation_and_new_lives_are_refused)
{
    struct procbuf_process *process;
    REFUSES("L1 L5");
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    port_forget();
    CHANGES_NOTHING(cr_assert_eq(create(&process), PROCBUF_NOMEM));
    const struct snapshot before = world_look();
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(procbuf_process_state(world.p0).kind, PROCBUF_STATE_TERMINATED);
    cr_assert_eq(procbuf_process_restart_count(world.p0), before.processes[0].restart_count);
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OUT_OF_MEMORY));
    procbuf_process_fault(world.p1);
    cr_assert_eq(procbuf_process_state(world.p1).kind, PROCBUF_STATE_TERMINATED);
    cr_assert_str_eq(port_story(), "", "the port is not even asked");
}
