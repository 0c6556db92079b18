/* Creation, ids and removal. Contract: P3, P4, L1, L8, B7. */
#include "kernel.h"

#include <procbuf/capability.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

TestSuite(table, .init = world_make);

/* A third process that fits into the free end of the world. */
static struct procbuf_process_config third(void)
{
    return (struct procbuf_process_config){
        .flash_start = at(FREE_MEMORY),
        .flash_protected_len = 4,
        .flash_len = 16,
        .mem_start = at(FREE_MEMORY + 16),
        .mem_len = 48,
        .initial_app_len = 30,
        .initial_kernel_len = 18,
        .fault_policy = PROCBUF_FAULT_STOP,
    };
}

static enum procbuf_error create(const struct procbuf_process_config *config)
{
    struct procbuf_process *process = NULL;
    const enum procbuf_error code = procbuf_process_create(&world.table, config, &process);
    cr_assert_eq(process != NULL, code == PROCBUF_OK);
    return code;
}

Test(table, creation_lays_out_and_zeroes)
{
    const struct procbuf_process_config config = third();
    struct procbuf_process *process;
    uint32_t code = 77;
    ACCEPTS("P4 C2 C3");
    cr_assert_eq(procbuf_process_create(&world.table, &config, &process), PROCBUF_OK);
    cr_assert_eq(process, procbuf_table_slot(&world.table, 2));
    cr_assert_eq(procbuf_process_state(process).yielded_for, 0);
    cr_assert_eq(procbuf_process_flash_start(process), at(FREE_MEMORY));
    cr_assert_eq(procbuf_process_flash_protected_end(process), at(FREE_MEMORY + 4));
    cr_assert_eq(procbuf_process_flash_end(process), at(FREE_MEMORY + 16));
    cr_assert_eq(procbuf_process_mem_start(process), at(FREE_MEMORY + 16));
    cr_assert_eq(procbuf_process_mem_end(process), at(FREE_MEMORY + 64));
    cr_assert_eq(procbuf_process_app_break(process), at(FREE_MEMORY + 46));
    cr_assert_eq(procbuf_process_kernel_break(process), at(FREE_MEMORY + 46));
    cr_assert_eq(procbuf_process_mark(process), at(FREE_MEMORY + 16));
    cr_assert_eq(procbuf_process_state(process).kind, PROCBUF_STATE_YIELDED);
    cr_assert(procbuf_process_is_active(process));
    cr_assert_eq(procbuf_process_restart_count(process), 0);
    cr_assert_eq(procbuf_process_completion(process, &code), PROCBUF_COMPLETION_NEVER_ENDED);
    cr_assert_eq(code, 77);
    for (size_t i = FREE_MEMORY; i < WORLD_LEN; i++)
        cr_assert_eq(world_memory[i], i >= FREE_MEMORY + 16 && i < FREE_MEMORY + 46 ? 0 : 0xa5);
    cr_assert_str_eq(port_story(), "ocp");
    cr_assert_eq(port_events[0].addr, at(FREE_MEMORY + 16));
    cr_assert_eq(port_events[0].len, 30);
    cr_assert_eq(port_events[0].access, PROCBUF_ACCESS_READ_WRITE);
}

Test(table, creation_of_an_empty_app_part_opens_nothing)
{
    struct procbuf_process_config config = third();
    ACCEPTS("C3");
    config.initial_app_len = 0;
    cr_assert_eq(create(&config), PROCBUF_OK);
    cr_assert_str_eq(port_story(), "p");
}

Test(table, creation_refuses_parts_that_do_not_fit)
{
    struct procbuf_process_config config = third();
    REFUSES("P4 E3");
    config.initial_kernel_len = 19;
    CHANGES_NOTHING(cr_assert_eq(create(&config), PROCBUF_INVAL));
    config = third();
    config.initial_app_len = 49;
    CHANGES_NOTHING(cr_assert_eq(create(&config), PROCBUF_INVAL));
    config = third();
    config.initial_app_len = SIZE_MAX;
    CHANGES_NOTHING(cr_assert_eq(create(&config), PROCBUF_INVAL));
    config = third();
    config.initial_kernel_len = SIZE_MAX;
    CHANGES_NOTHING(cr_assert_eq(create(&config), PROCBUF_INVAL));
    config = third();
    config.flash_protected_len = 17;
    CHANGES_NOTHING(cr_assert_eq(create(&config), PROCBUF_INVAL));
    config.flash_protected_len = 16;
    cr_assert_eq(create(&config), PROCBUF_OK);
}

Test(table, creation_refuses_regions_that_wrap)
{
    struct procbuf_process_config config = third();
    REFUSES("P3 P4");
    config.flash_start = UINTPTR_MAX - 15; /* an end of exactly 2^width */
    CHANGES_NOTHING(cr_assert_eq(create(&config), PROCBUF_INVAL));
    config.flash_start = UINTPTR_MAX - 16;
    cr_assert_eq(create(&config), PROCBUF_OK);
    world_make();
    config = third();
    config.mem_len = UINTPTR_MAX - config.mem_start + 1;
    CHANGES_NOTHING(cr_assert_eq(create(&config), PROCBUF_INVAL));
    config.mem_start = UINTPTR_MAX - 47;
    config.mem_len = 48;
    CHANGES_NOTHING(cr_assert_eq(create(&config), PROCBUF_INVAL));
}

Test(table, creation_refuses_overlap_of_any_two_regions)
{
    static const struct {
        size_t flash, ram;
    } rows[] = {
        { FREE_MEMORY, FREE_MEMORY + 15 },      /* its own flash and RAM */
        { FREE_MEMORY - 1, FREE_MEMORY + 16 },  /* flash on p1's flash */
        { RAM1 + 255, FREE_MEMORY + 16 },       /* flash on p1's RAM */
        { FREE_MEMORY, FREE_MEMORY - 48 },      /* RAM on p1's flash */
        { FREE_MEMORY, RAM0 + 10 },             /* RAM inside p0's RAM */
        { FLASH0 + 3, FREE_MEMORY + 16 },       /* flash inside p0's flash */
        { FREE_MEMORY, FLASH0 },                /* RAM on p0's flash, header and more */
    };
    REFUSES("P4 I5");
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct procbuf_process_config config = third();
        config.flash_start = at(rows[r].flash);
        config.mem_start = at(rows[r].ram);
        CHANGES_NOTHING(cr_assert_eq(create(&config), PROCBUF_INVAL, "row %zu", r));
    }
    cr_assert_str_eq(port_story(), "");
}

/* A table of its own, over memory of which nothing is touched: app parts are empty. */
static struct procbuf_table small;
static struct procbuf_process small_slots[2];
static struct procbuf_grant_entry small_grants[2 * 4];

static enum procbuf_error create_small(size_t flash, size_t flash_len, size_t header, size_t ram,
                                       size_t ram_len, struct procbuf_process **process_out)
{
    const struct procbuf_process_config config = { .flash_start = at(flash),
                                                   .flash_len = flash_len,
                                                   .flash_protected_len = header,
                                                   .mem_start = at(ram),
                                                   .mem_len = ram_len };
    return procbuf_process_create(&small, &config, process_out);
}

static void make_small(void)
{
    memset(&small, 0xa5, sizeof small);
    memset(small_slots, 0xa5, sizeof small_slots);
    memset(small_grants, 0xa5, sizeof small_grants);
    procbuf_table_init(&small, small_slots, 2);
    procbuf_table_use_grants(&small, small_grants, 4);
}

Test(table, creation_refuses_overlap_with_a_header_alone_or_behind_a_header_alone)
{
    struct procbuf_process *process;
    REFUSES("P4 I5");
    make_small();
    cr_assert_eq(create_small(100, 60, 20, 200, 50, &process), PROCBUF_OK);
    cr_assert_eq(create_small(0, 0, 0, 104, 12, &process), PROCBUF_INVAL, "RAM in the header");
    cr_assert_eq(create_small(90, 20, 20, 300, 9, &process), PROCBUF_INVAL,
                 "flash into the header");
    cr_assert_eq(create_small(90, 20, 5, 300, 9, &process), PROCBUF_INVAL,
                 "flash whose own header is apart from it");
    cr_assert_eq(create_small(90, 10, 10, 160, 40, &process), PROCBUF_OK, "directly next to both");
}

Test(table, an_empty_part_overlaps_nothing)
{
    struct procbuf_process *process;
    const struct procbuf_process_config inside = { .flash_start = at(RAM0 + 5),
                                                   .mem_start = at(FREE_MEMORY),
                                                   .mem_len = 8 };
    ACCEPTS("P4");
    cr_assert_eq(procbuf_process_create(&world.table, &inside, &process), PROCBUF_OK);
    cr_assert_eq(procbuf_process_remove(process), PROCBUF_OK);
    cr_assert_eq(procbuf_process_remove(world.p0), PROCBUF_OK);
    const struct procbuf_process_config apart = { .flash_start = at(RAM0 + 5),
                                                  .mem_start = at(FREE_MEMORY),
                                                  .mem_len = 8 };
    const struct procbuf_process_config around = { .mem_start = at(RAM0), .mem_len = 8 };
    cr_assert_eq(procbuf_process_create(&world.table, &apart, &process), PROCBUF_OK);
    cr_assert_eq(procbuf_process_create(&world.table, &around, &process), PROCBUF_OK);
}

/* Parts as long as fewer bits count from 0 to 0. */
Test(table, a_part_of_2_8_2_16_or_2_32_bytes_is_not_empty)
{
    static const size_t lens[] = { 256, 1 << 16, (size_t)UINT32_MAX + 1 };
    REFUSES("P4");
    for (size_t l = 0; l < sizeof lens / sizeof lens[0]; l++) {
        const size_t len = lens[l] != 0 ? lens[l] : 256; /* 0 on 32 bits */
        const struct procbuf_process_config first = { .mem_start = 4096, .mem_len = len };
        const struct procbuf_process_config inside = { .mem_start = 4096 + 128, .mem_len = 8 };
        const struct procbuf_process_config around = {
            .flash_start = 2048, .flash_len = 8, .mem_start = 4096 - 128, .mem_len = len
        };
        struct procbuf_process own[2], *process;
        struct procbuf_table table;
        procbuf_table_init(&table, own, 2);
        cr_assert_eq(procbuf_process_create(&table, &first, &process), PROCBUF_OK);
        cr_assert_eq(procbuf_process_create(&table, &inside, &process), PROCBUF_INVAL);
        cr_assert_eq(procbuf_process_create(&table, &around, &process), PROCBUF_INVAL);
        procbuf_table_init(&table, own, 2);
        cr_assert_eq(procbuf_process_create(&table, &inside, &process), PROCBUF_OK);
        cr_assert_eq(procbuf_process_create(&table, &first, &process), PROCBUF_INVAL);
    }
}

Test(table, slots_and_grants_are_counted_apart)
{
    struct procbuf_process *first, *second;
    procbuf_addr_t addr;
    ACCEPTS("G2 G3");
    REFUSES("G3 L1");
    make_small();
    cr_assert_eq(create_small(0, 0, 0, 100, 100, &first), PROCBUF_OK);
    cr_assert_eq(create_small(0, 0, 0, 300, 100, &second), PROCBUF_OK);
    for (uint32_t grant = 0; grant < 4; grant++)
        cr_assert_eq(procbuf_process_allocate_grant(first, grant, grant, 4, 2), PROCBUF_OK);
    for (uint32_t grant = 0; grant < 4; grant++)
        cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(second), grant, &addr),
                     PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(second), 4, &addr),
                 PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_null(procbuf_table_slot(&small, 2));
    cr_assert_null(procbuf_table_slot(&small, 3));
}

Test(table, creation_refuses_when_full)
{
    struct procbuf_process_config config = third();
    REFUSES("P4");
    config.mem_len = 20;
    config.initial_app_len = 20;
    config.initial_kernel_len = 0;
    config.flash_len = 4;
    cr_assert_eq(create(&config), PROCBUF_OK);
    config.flash_start = at(FREE_MEMORY + 4);
    config.mem_start = at(FREE_MEMORY + 40);
    CHANGES_NOTHING(cr_assert_eq(create(&config), PROCBUF_NOMEM));
    config.mem_start = at(FREE_MEMORY + 16); /* bad places come first */
    cr_assert_eq(create(&config), PROCBUF_INVAL);
}

Test(table, ids_name_one_life)
{
    const struct procbuf_id a = procbuf_process_id(world.p0);
    const struct procbuf_id b = procbuf_process_id(world.p1);
    ACCEPTS("L1");
    REFUSES("L1");
    cr_assert(procbuf_id_is_live(a) && procbuf_id_is_live(b) && !procbuf_id_is_live(no_id));
    cr_assert(procbuf_id_equal(a, procbuf_process_id(world.p0)) && !procbuf_id_equal(a, b));
    cr_assert_not(procbuf_id_equal(a, no_id));
    cr_assert_eq(procbuf_table_lookup(&world.table, a), world.p0);
    cr_assert_eq(procbuf_table_lookup(&world.table, b), world.p1);
    cr_assert_null(procbuf_table_lookup(&world.table, no_id));
    procbuf_process_terminate(world.p0, NULL);
    cr_assert(procbuf_id_is_live(a), "the state is not looked at");
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OK);
    cr_assert_not(procbuf_id_is_live(a));
    cr_assert_null(procbuf_table_lookup(&world.table, a));
    cr_assert_not(procbuf_id_equal(a, procbuf_process_id(world.p0)));
}

Test(table, ids_of_another_table_are_not_found)
{
    static struct procbuf_table other;
    static struct procbuf_process slots[1];
    struct procbuf_process_config config = third();
    struct procbuf_process *process;
    REFUSES("L1");
    procbuf_table_init(&other, slots, 1);
    cr_assert_eq(procbuf_process_create(&other, &config, &process), PROCBUF_OK);
    const struct procbuf_id theirs = procbuf_process_id(process);
    cr_assert(procbuf_id_is_live(theirs));
    cr_assert_null(procbuf_table_lookup(&world.table, theirs));
    cr_assert_not(procbuf_id_equal(theirs, procbuf_process_id(world.p0)), "both are the first");
}

Test(table, begins_on_dirty_memory_and_stays_in_it)
{
    static struct procbuf_table other;
    static struct procbuf_process slots[3], untouched;
    struct procbuf_process_config config = third();
    struct procbuf_process *process;
    procbuf_addr_t addr;
    ACCEPTS("P4 G4");
    memset(&other, 0xa5, sizeof other);
    memset(slots, 0xa5, sizeof slots);
    untouched = slots[2];
    procbuf_table_init(&other, slots, 2);
    cr_assert_eq(memcmp(&slots[2], &untouched, sizeof untouched), 0, "it is not the table's");
    cr_assert_null(procbuf_table_slot(&other, 0));
    cr_assert_null(procbuf_table_slot(&other, 1));
    cr_assert_eq(procbuf_process_create(&other, &config, &process), PROCBUF_OK);
    cr_assert_eq(procbuf_table_slot(&other, 0), process);
    cr_assert_eq(procbuf_process_create(&other, &config, &process), PROCBUF_INVAL,
                 "its memory is taken");
    cr_assert_eq(procbuf_process_allocate_grant(process, 0, 1, 1, 1), PROCBUF_ADDRESS_OUT_OF_BOUNDS,
                 "it was given no entries");
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(process), 0, &addr),
                 PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(memcmp(&slots[2], &untouched, sizeof untouched), 0);
}

Test(table, slots_are_counted)
{
    ACCEPTS("L1");
    cr_assert_eq(procbuf_table_slot(&world.table, 0), world.p0);
    cr_assert_null(procbuf_table_slot(&world.table, 2));
    cr_assert_null(procbuf_table_slot(&world.table, 3));
    cr_assert_null(procbuf_table_slot(&world.table, UINT32_MAX));
}

Test(table, removal_kills_and_frees_the_slot)
{
    const struct procbuf_id old = procbuf_process_id(world.p0);
    struct procbuf_process_config config = third();
    struct procbuf_process *process;
    ACCEPTS("L8");
    cr_assert_eq(procbuf_process_remove(world.p0), PROCBUF_OK);
    cr_assert_not(procbuf_id_is_live(old));
    cr_assert_null(procbuf_table_slot(&world.table, 0));
    config.mem_start = at(RAM0); /* its memory is free again */
    cr_assert_eq(procbuf_process_create(&world.table, &config, &process), PROCBUF_OK);
    cr_assert_eq(process, world.p0);
    cr_assert_not(procbuf_id_is_live(old));
    cr_assert_not(procbuf_id_equal(old, procbuf_process_id(process)));
}

Test(table, what_is_removed_may_access_nothing)
{
    struct procbuf_process *const processes[] = { world.p0, world.p1 };
    const size_t starts[] = { RAM0, RAM1 }, flashes[] = { FLASH0, FLASH1 };
    const struct procbuf_protection *said = &port_events[0].protection;
    ACCEPTS("L8");
    for (size_t p = 0; p < 2; p++) {
        port_forget();
        cr_assert_eq(procbuf_process_remove(processes[p]), PROCBUF_OK);
        cr_assert_str_eq(port_story(), "p");
        cr_assert(said->mem_start == at(starts[p]) && said->app_break == at(starts[p]));
        cr_assert(said->kernel_break >= at(starts[p]) && said->kernel_break <= said->mem_end);
        cr_assert(said->flash_start == at(flashes[p]) && said->flash_end == at(flashes[p]));
        cr_assert_eq(said->flash_protected_end, at(flashes[p]));
    }
}

static void try_to_remove(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
    CHANGES_NOTHING(cr_assert_eq(procbuf_process_remove(world.p0), PROCBUF_BUSY));
}

Test(table, removal_is_refused_under_an_open_enter)
{
    struct procbuf_readonly buffer;
    REFUSES("L8");
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0), 4, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&buffer, try_to_remove, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_build(world.p0, 0, 0, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&buffer, try_to_remove, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_process_remove(world.p0), PROCBUF_OK);
}

Test(table, an_empty_slot_is_a_programming_error)
{
    struct procbuf_readonly buffer;
    uint32_t number;
    REFUSES("E4 C3 R1");
    MUST_PANIC(procbuf_process_mark(&world.slots[2]));
    MUST_PANIC(procbuf_readonly_build(&world.slots[2], 0, 0, &buffer));
    MUST_PANIC(procbuf_process_remove(&world.slots[2]));
    MUST_PANIC(procbuf_process_lookup_driver(&world.slots[2], 0, &number));
}

Test(table, room_for_grants_comes_before_processes_and_once)
{
    static struct procbuf_process slots[1];
    static struct procbuf_grant_entry entries[1];
    struct procbuf_table fresh;
    REFUSES("E4 R4");
    MUST_PANIC((procbuf_table_use_grants(&world.table, world.grants, 3), 0));
    procbuf_table_init(&fresh, slots, 1);
    procbuf_table_use_grants(&fresh, entries, 1);
    MUST_PANIC((procbuf_table_use_grants(&fresh, entries, 1), 0));
    cr_assert(strstr(port_panic_message, "R4") != NULL);
}

struct foreign {
    uint32_t index;
    uint64_t identifier;
};

static bool foreign_is_live(uint32_t index, uint64_t identifier, const void *data)
{
    const struct foreign *alive = data;
    return index == alive->index && identifier == alive->identifier;
}

static void count_body(struct procbuf_readable slice, void *data)
{
    *(size_t *)data += procbuf_readable_len(slice);
}

Test(table, a_foreign_table_answers_for_its_processes)
{
    struct foreign alive = { 5, UINT64_C(1) << 40 };
    struct procbuf_table foreign;
    procbuf_addr_t addr;
    size_t seen = 0;
    ACCEPTS("B6 B7");
    REFUSES("B7 R3");
    memset(&foreign, 0xa5, sizeof foreign);
    procbuf_table_init_external(&foreign, foreign_is_live, &alive);
    const struct procbuf_process_config config = third();
    struct procbuf_process *process;
    MUST_PANIC(procbuf_process_create(&foreign, &config, &process)); /* it is the other kernel's */
    const struct procbuf_id id =
        procbuf_id_new_external(&foreign, 5, UINT64_C(1) << 40, &capability);
    struct procbuf_readonly buffer =
        procbuf_readonly_new_external(at(FREE_MEMORY), 9, id, &capability);
    cr_assert(procbuf_id_is_live(id));
    cr_assert_eq(procbuf_readonly_len(&buffer), 9);
    cr_assert_eq(procbuf_readonly_enter(&buffer, count_body, &seen), PROCBUF_OK);
    cr_assert_eq(seen, 9);
    cr_assert_null(procbuf_table_lookup(&foreign, id));
    cr_assert_null(procbuf_table_slot(&foreign, 0));
    cr_assert_eq(procbuf_process_enter_grant(id, 0, &addr), PROCBUF_NO_SUCH_APP);
    alive.identifier++;
    cr_assert_not(procbuf_id_is_live(id));
    cr_assert_eq(procbuf_readonly_len(&buffer), 0);
    cr_assert_eq(procbuf_readonly_enter(&buffer, count_body, &seen), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(seen, 9);
}
