/* What the first edition of the contract allowed: one program a hole. Each was right by its rules, and
 * wrong. Contract: P3, P4, L1, L5, L6, L8, L9, K1, G4, I9 to I11, R7. */
#include "kernel.h"

#include <procbuf/capability.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

TestSuite(holes, .init = world_make);

static procbuf_addr_t old_break;

static struct procbuf_driver driver_of(uint32_t grant_number, uint32_t driver_number, size_t len)
{
    const struct procbuf_driver_config config = {
        .grant_number = grant_number,
        .driver_number = driver_number,
        .data_len = len,
        .data_align = 1,
    };
    struct procbuf_driver driver;
    procbuf_driver_init(&driver, &config);
    return driver;
}

static void fill_with_secrets(const struct procbuf_grant *grant, void *data)
{
    (void)data;
    procbuf_writable_fill(procbuf_grant_data(grant), 0x5e);
}

static void no_secret_below_the_break(void)
{
    const size_t end = (size_t)(procbuf_process_app_break(world.p0) - at(RAM0));
    for (size_t i = 0; i < end; i++)
        cr_assert_neq(world_memory[RAM0 + i], 0x5e, "byte %zu of RAM is a driver's", i);
}

/* p0's break begins at 128. It moves down, a grant is taken below that, and a new life moves it up. */
static void leave_secrets_below_the_initial_break(void)
{
    const struct procbuf_driver driver = driver_of(0, 7, 150);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 32), &old_break), PROCBUF_OK);
    cr_assert_eq(
        procbuf_driver_enter(&driver, procbuf_process_id(world.p0), fill_with_secrets, NULL),
        PROCBUF_OK);
    cr_assert_eq(procbuf_process_kernel_break(world.p0), at(RAM0 + 72));
    world_memory[RAM0 + 31] = 31;
}

Test(holes, a_restart_shows_no_grant)
{
    ACCEPTS("L5 L6 I9 I10");
    leave_secrets_below_the_initial_break();
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    no_secret_below_the_break();
    cr_assert_eq(world_memory[RAM0 + 31], 31, "below the old break nothing is cleared");
    cr_assert_eq(world_memory[RAM0 + 32], 0);
    cr_assert_eq(world_memory[RAM0 + 127], 0);
    cr_assert_neq(world_memory[RAM0 + 128], 0, "nor above the initial one");
}

Test(holes, a_start_after_the_end_shows_no_grant)
{
    ACCEPTS("L5 L6 I9 I10");
    leave_secrets_below_the_initial_break();
    procbuf_process_terminate(world.p0, NULL);
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OK);
    no_secret_below_the_break();
}

/* The process wrote the slots of a driver itself, while they were its own memory. */
Test(holes, a_driver_enters_only_what_it_allocated)
{
    const struct procbuf_driver small = driver_of(1, 7, 8), large = driver_of(1, 8, 64);
    REFUSES("G4 R7");
    cr_assert_eq(procbuf_process_allocate_grant(world.p0, 1, 7, 8, 8), PROCBUF_OK);
    MUST_PANIC(procbuf_driver_enter(&small, procbuf_process_id(world.p0), fill_with_secrets, NULL));
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(
        procbuf_driver_enter(&small, procbuf_process_id(world.p0), fill_with_secrets, NULL),
        PROCBUF_OK);
    MUST_PANIC(procbuf_driver_enter(&large, procbuf_process_id(world.p0), fill_with_secrets, NULL));
}

Test(holes, a_driver_enters_with_the_size_it_allocated)
{
    struct procbuf_driver driver = driver_of(1, 7, 8);
    REFUSES("G4 R7");
    cr_assert_eq(
        procbuf_driver_enter(&driver, procbuf_process_id(world.p0), fill_with_secrets, NULL),
        PROCBUF_OK);
    driver = driver_of(1, 7, 64);
    MUST_PANIC(
        procbuf_driver_enter(&driver, procbuf_process_id(world.p0), fill_with_secrets, NULL));
}

Test(holes, a_number_out_of_range_is_the_kernels_mistake)
{
    const struct procbuf_driver driver = driver_of(3, 7, 8); /* a table of three */
    REFUSES("G4 R7");
    MUST_PANIC(
        procbuf_driver_enter(&driver, procbuf_process_id(world.p0), fill_with_secrets, NULL));
}

static void leave_grant_1(const struct procbuf_grant *grant, void *data)
{
    (void)grant, (void)data;
    MUST_PANIC((procbuf_process_leave_grant(procbuf_process_id(world.p0), 1), 0));
}

Test(holes, the_process_level_leaves_only_what_it_entered)
{
    const struct procbuf_driver driver = driver_of(1, 7, 8);
    REFUSES("G3 R8");
    cr_assert_eq(procbuf_driver_enter(&driver, procbuf_process_id(world.p0), leave_grant_1, NULL),
                 PROCBUF_OK);
}

static bool one_generation_lives(uint32_t index, uint64_t identifier, const void *data)
{
    (void)data;
    return index < 2 && identifier == 1;
}

Test(holes, generations_of_two_slots_are_two_lives)
{
    struct procbuf_table tasks;
    ACCEPTS("L1 B7");
    procbuf_table_init_external(&tasks, one_generation_lives, NULL);
    const struct procbuf_id a = procbuf_id_new_external(&tasks, 0, 1, &capability);
    const struct procbuf_id b = procbuf_id_new_external(&tasks, 1, 1, &capability);
    cr_assert(procbuf_id_is_live(a) && procbuf_id_is_live(b));
    cr_assert_not(procbuf_id_equal(a, b));
    cr_assert(procbuf_id_equal(a, procbuf_id_new_external(&tasks, 0, 1, &capability)));
    cr_assert_not(procbuf_id_equal(a, procbuf_id_new_external(&tasks, 0, 2, &capability)));
}

Test(holes, no_process_has_address_0)
{
    struct procbuf_process *process;
    struct procbuf_process_config config = { .flash_start = 0, .flash_len = 8, .mem_start = 16 };
    REFUSES("P3 P4");
    cr_assert_eq(procbuf_process_create(&world.table, &config, &process), PROCBUF_INVAL);
    config = (struct procbuf_process_config){ .flash_start = 16, .mem_start = 0, .mem_len = 8 };
    cr_assert_eq(procbuf_process_create(&world.table, &config, &process), PROCBUF_INVAL);
    config.mem_len = 0; /* no byte: any address will do */
    cr_assert_eq(procbuf_process_create(&world.table, &config, &process), PROCBUF_OK);
}

static struct procbuf_process_config third_config(void)
{
    return (struct procbuf_process_config){
        .flash_start = at(FREE_MEMORY),
        .flash_protected_len = 4,
        .flash_len = 16,
        .mem_start = at(FREE_MEMORY + 16),
        .mem_len = 48,
        .initial_app_len = 16,
        .initial_kernel_len = 8,
    };
}

Test(holes, the_port_hears_of_a_new_process)
{
    const struct procbuf_process_config config = third_config();
    struct procbuf_process *process;
    ACCEPTS("P4 C3 I9");
    cr_assert_eq(procbuf_process_create(&world.table, &config, &process), PROCBUF_OK);
    cr_assert_str_eq(port_story(), "ocp");
    const struct procbuf_protection *told = &port_events[2].protection;
    cr_assert_eq(told->table, &world.table);
    cr_assert_eq(told->process_index, 2);
    cr_assert_eq(told->identifier, 2);
    cr_assert_eq(told->flash_start, at(FREE_MEMORY));
    cr_assert_eq(told->flash_protected_end, at(FREE_MEMORY + 4));
    cr_assert_eq(told->flash_end, at(FREE_MEMORY + 16));
    cr_assert_eq(told->mem_start, at(FREE_MEMORY + 16));
    cr_assert_eq(told->app_break, at(FREE_MEMORY + 32));
    cr_assert_eq(told->kernel_break, at(FREE_MEMORY + 56));
    cr_assert_eq(told->mem_end, at(FREE_MEMORY + 64));
}

Test(holes, the_port_may_refuse_a_new_process)
{
    const struct procbuf_process_config config = third_config();
    struct procbuf_process *process = NULL;
    REFUSES("P4 E3");
    port_refuse_at = 1;
    cr_assert_eq(procbuf_process_create(&world.table, &config, &process), PROCBUF_NOMEM);
    cr_assert_null(process);
    cr_assert_null(procbuf_table_slot(&world.table, 2));
    cr_assert_eq(procbuf_process_create(&world.table, &config, &process), PROCBUF_OK);
    cr_assert_eq(process, procbuf_table_slot(&world.table, 2));
}

Test(holes, the_port_hears_of_a_removal)
{
    ACCEPTS("L8 C3");
    cr_assert_eq(procbuf_process_remove(world.p0), PROCBUF_OK);
    cr_assert_str_eq(port_story(), "p");
    const struct procbuf_protection *told = &port_events[0].protection;
    cr_assert_eq(told->table, &world.table);
    cr_assert_eq(told->process_index, 0);
    cr_assert_eq(told->identifier, 0);
    cr_assert_eq(told->mem_start, at(RAM0));
    cr_assert_eq(told->app_break, at(RAM0));
    cr_assert_eq(told->mem_end, at(RAM0 + 256));
    cr_assert_eq(told->flash_end, told->flash_start);
}

Test(holes, the_port_may_not_refuse_a_removal)
{
    REFUSES("L8 R10");
    port_refuse_at = 1;
    MUST_PANIC(procbuf_process_remove(world.p0));
}

/* Whether all that the port was told to give was zero when it was told. */
static void zero_before_the_port_hears(size_t from, size_t to)
{
    cr_assert_str_eq(port_story(), "ocp");
    cr_assert_eq(port_events[0].addr, at(from));
    cr_assert_eq(port_events[0].len, to - from);
}

Test(holes, bytes_are_zero_before_a_process_gets_them)
{
    ACCEPTS("K1 L5 I9");
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 200), &old_break), PROCBUF_OK);
    zero_before_the_port_hears(RAM0 + 128, RAM0 + 200);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 8), &old_break), PROCBUF_OK);
    port_forget();
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    zero_before_the_port_hears(RAM0 + 8, RAM0 + 128);
}

/* The running body keeps the bytes of its grant (L9): a new life must not get them meanwhile. */
static void restart_and_grow(const struct procbuf_grant *grant, void *data)
{
    (void)grant, (void)data;
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OUT_OF_MEMORY,
                 "its app part would reach the grant");
    cr_assert_eq(procbuf_process_state(world.p0).kind, PROCBUF_STATE_TERMINATED);
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OUT_OF_MEMORY);
}

static void restart_and_brk(const struct procbuf_grant *grant, void *data)
{
    (void)grant, (void)data;
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 160), &old_break), PROCBUF_OK);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 161), &old_break), PROCBUF_OUT_OF_MEMORY);
}

Test(holes, a_new_life_gets_no_byte_of_an_open_grant)
{
    const struct procbuf_driver low = driver_of(0, 7, 150), high = driver_of(0, 7, 64);
    REFUSES("L9 I9 I10");
    cr_assert_eq(procbuf_driver_enter(&high, procbuf_process_id(world.p0), restart_and_brk, NULL),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 161), &old_break), PROCBUF_OK);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 32), &old_break), PROCBUF_OK);
    cr_assert_eq(procbuf_driver_enter(&low, procbuf_process_id(world.p0), restart_and_grow, NULL),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OK, "the body has returned");
}
