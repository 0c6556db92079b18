/* The end of the counter of identifiers, 2^64 lives away, and counts of swaps as high. Contract: L1, M6.
 * The only test that touches private fields: it winds the counters forward. */
#define PROCBUF_IMPLEMENTATION
#include "kernel.h"

#include <procbuf/capability.h>

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
    struct procbuf_readonly buffer;
    ACCEPTS("L1");
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_not(procbuf_id_is_live(old));
    cr_assert(procbuf_id_is_live(procbuf_process_id(world.p0)));
    cr_assert_eq(port_events[port_event_count - 1].protection.identifier, UINT64_MAX - 1);
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0), 4, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&buffer), 4);
}

Test(spent, a_creation_takes_the_last_one_whole)
{
    struct procbuf_process *process;
    ACCEPTS("L1");
    cr_assert_eq(create(&process), PROCBUF_OK);
    cr_assert_eq(port_events[port_event_count - 1].protection.identifier, UINT64_MAX - 1);
}

Test(spent, an_identifier_that_ends_like_the_last_is_not_the_last)
{
    ACCEPTS("L1");
    world.table.private_.next_identifier = UINT64_C(0x5ffffffff);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
}

Test(spent, a_life_is_not_another_with_the_same_last_bits)
{
    struct procbuf_readonly buffer;
    const struct procbuf_id id = procbuf_process_id(world.p0);
    REFUSES("L1 B7");
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0), 4, &buffer), PROCBUF_OK);
    cr_assert_eq(port_event_count, 0);
    for (unsigned bit = 8; bit < 64; bit++) {
        world.table.private_.next_identifier = UINT64_C(1) << bit; /* the first had 0 */
        port_forget();
        cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
        cr_assert_not(procbuf_id_is_live(id));
        cr_assert_not(procbuf_id_equal(id, procbuf_process_id(world.p0)));
        cr_assert_eq(procbuf_readonly_len(&buffer), 0);
    }
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

static bool every_life_goes_on(uint32_t index, uint64_t identifier, const void *data)
{
    (void)index, (void)identifier, (void)data;
    return true;
}

Test(spent, each_bit_of_a_count_of_swaps_matters)
{
    PROCBUF_EXTERNAL_PROCESS_CAPABILITY(trusted);
    static struct procbuf_table tasks;
    static struct procbuf_readonly_slot slot;
    const struct procbuf_region region = { at(0), at(WORLD_LEN), PROCBUF_ACCESS_READ };
    const struct procbuf_map map = procbuf_map_of_regions(&region, 1, &trusted);
    procbuf_table_init_external(&tasks, every_life_goes_on, NULL);
    const struct procbuf_lender lender =
        procbuf_lender_pinned(&map, procbuf_id_new_external(&tasks, 0, 0, &trusted));
    ACCEPTS("M6");
    REFUSES("M6");
    cr_assert_eq(procbuf_readonly_slot_allow(&slot, &lender, at(0), 4).code, PROCBUF_OK);
    slot.private_.swaps = UINT64_C(0x5a5a5a5a5a5a5a5a);
    const struct procbuf_readonly buffer = procbuf_readonly_slot_get(&slot);
    cr_assert_eq(procbuf_readonly_len(&buffer), 4);
    for (unsigned bit = 0; bit < 64; bit++) {
        slot.private_.swaps ^= UINT64_C(1) << bit;
        cr_assert_eq(procbuf_readonly_len(&buffer), 0);
        slot.private_.swaps ^= UINT64_C(1) << bit;
    }
    cr_assert_eq(procbuf_readonly_slot_allow(&slot, &lender, at(0), 4).code, PROCBUF_OK);
    cr_assert_eq(slot.private_.swaps, UINT64_C(0x5a5a5a5a5a5a5a5b));
}
