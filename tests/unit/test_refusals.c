/* Each call once with each error that the contract names for it. Nothing changes: every byte of the
 * world and all that the accessors return is compared before and after. Contract: E3; the rules are
 * with the tests. tests/build/errors compares the list of calls and errors with all unit tests. */
#include "kernel.h"

#define REFUSED(call, error) CHANGES_NOTHING(cr_assert_eq(call, error))
#define ALLOW_REFUSED(call, error) CHANGES_NOTHING(cr_assert_eq((call).code, error))

static struct procbuf_driver driver;
static procbuf_addr_t addr;
static size_t len;

static void make(void)
{
    static const struct procbuf_driver_config config = {
        .grant_number = 0,
        .driver_number = 3,
        .readonly_count = 2,
        .readwrite_count = 1,
        .data_len = 4,
        .data_align = 1,
    };
    world_make();
    procbuf_driver_init(&driver, &config);
}

TestSuite(refusals, .init = make);

Test(refusals, of_creation)
{
    const struct procbuf_process_config good = {
        .mem_start = at(FREE_MEMORY),
        .mem_len = 8,
        .initial_app_len = 8,
    };
    struct procbuf_process_config config = good;
    struct procbuf_process *process;
    REFUSES("P4");
    config.initial_app_len = 9;
    REFUSED(procbuf_process_create(&world.table, &config, &process), PROCBUF_INVAL);
    config = good;
    config.mem_start = at(RAM0);
    REFUSED(procbuf_process_create(&world.table, &config, &process), PROCBUF_INVAL);
    cr_assert_eq(procbuf_process_create(&world.table, &good, &process), PROCBUF_OK);
    config.mem_start = at(FREE_MEMORY + 8);
    REFUSED(procbuf_process_create(&world.table, &config, &process), PROCBUF_NOMEM);
}

static void remove_self(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
    REFUSED(procbuf_process_remove(world.p0), PROCBUF_BUSY);
}

Test(refusals, of_removal)
{
    struct procbuf_readonly buffer;
    REFUSES("L8");
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0), 4, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&buffer, remove_self, NULL), PROCBUF_OK);
    /* An empty one is open as well. */
    cr_assert_eq(procbuf_readonly_build(world.p0, 0, 0, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&buffer, remove_self, NULL), PROCBUF_OK);
}

Test(refusals, of_building)
{
    struct procbuf_readonly ro;
    struct procbuf_readwrite rw;
    REFUSES("B1 B3");
    REFUSED(procbuf_readonly_build(world.p0, at(RAM0 + 127), 2, &ro), PROCBUF_INVAL);
    REFUSED(procbuf_readwrite_build(world.p0, at(RAM0 + 127), 2, &rw), PROCBUF_INVAL);
    procbuf_process_terminate(world.p0, NULL);
    REFUSED(procbuf_readonly_build(world.p0, at(RAM0), 2, &ro), PROCBUF_FAIL);
    REFUSED(procbuf_readwrite_build(world.p0, at(RAM0), 2, &rw), PROCBUF_FAIL);
}

static void must_not_read(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
    cr_assert_fail("the body ran");
}

static void must_not_write(struct procbuf_writable slice, void *data)
{
    (void)slice, (void)data;
    cr_assert_fail("the body ran");
}

Test(refusals, of_entering)
{
    struct procbuf_readonly ro;
    struct procbuf_readwrite rw;
    REFUSES("H2");
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0), 2, &ro), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM0), 2, &rw), PROCBUF_OK);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    port_forget();
    REFUSED(procbuf_readonly_enter(&ro, must_not_read, NULL), PROCBUF_NO_SUCH_APP);
    REFUSED(procbuf_readwrite_enter(&rw, must_not_read, NULL), PROCBUF_NO_SUCH_APP);
    REFUSED(procbuf_readwrite_mut_enter(&rw, must_not_write, NULL), PROCBUF_NO_SUCH_APP);
    cr_assert_str_eq(port_story(), "");
}

Test(refusals, of_skipping)
{
    struct procbuf_readonly ro = PROCBUF_READONLY_DEFAULT;
    struct procbuf_readwrite rw = PROCBUF_READWRITE_DEFAULT;
    struct procbuf_reader reader = procbuf_reader_over(&ro, 1);
    struct procbuf_writer writer = procbuf_writer_over(&rw, 1);
    REFUSES("H8");
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0), 9, &ro), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM0), 9, &rw), PROCBUF_OK);
    cr_assert_eq(procbuf_reader_skip(&reader, 8, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_writer_skip(&writer, 8, &len), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0), 7, &ro), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM0), 7, &rw), PROCBUF_OK);
    REFUSED(procbuf_reader_skip(&reader, 1, &len), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    REFUSED(procbuf_writer_skip(&writer, 1, &len), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
}

Test(refusals, of_comparing_and_of_strings)
{
    const struct procbuf_readable slice = procbuf_readable_from_array("abc", 3);
    char array[8] = "zzzzzzz";
    int order = 5;
    len = 77;
    REFUSES("S7");
    REFUSED(procbuf_readable_compare(slice, "ab", 2, &order), PROCBUF_SIZE);
    REFUSED(procbuf_readable_string_len(slice, &len), PROCBUF_SIZE);
    REFUSED(procbuf_readable_string_copy(slice, array, 0, &len), PROCBUF_SIZE);
    cr_assert_arr_eq(array, "zzzzzzz", 8);
    cr_assert_eq(order, 5);
    cr_assert_eq(len, 77);
}

Test(refusals, of_the_break)
{
    REFUSES("K1 K2 K3");
    REFUSED(procbuf_process_brk(world.p0, at(RAM0) - 1, &addr), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    REFUSED(procbuf_process_brk(world.p0, at(RAM0 + 225), &addr), PROCBUF_OUT_OF_MEMORY);
    REFUSED(procbuf_process_sbrk(world.p0, 128, &addr), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    REFUSED(procbuf_process_sbrk(world.p0, 97, &addr), PROCBUF_OUT_OF_MEMORY);
    REFUSED(procbuf_process_memop_brk(world.p0, at(RAM0 + 225)), PROCBUF_NOMEM);
    REFUSED(procbuf_process_memop_sbrk(world.p0, 128, &addr), PROCBUF_NOMEM);
    port_refuse_at = 1;
    memset(&world_memory[RAM0 + 128], 0, 72); /* what it would have given out may become zero */
    REFUSED(procbuf_process_brk(world.p0, at(RAM0 + 200), &addr), PROCBUF_OUT_OF_MEMORY);
    procbuf_process_terminate(world.p0, NULL);
    REFUSED(procbuf_process_brk(world.p0, at(RAM0), &addr), PROCBUF_INACTIVE_APP);
    REFUSED(procbuf_process_sbrk(world.p0, 0, &addr), PROCBUF_INACTIVE_APP);
    REFUSED(procbuf_process_memop_brk(world.p0, at(RAM0)), PROCBUF_NOMEM);
    REFUSED(procbuf_process_memop_sbrk(world.p0, 0, &addr), PROCBUF_NOMEM);
}

Test(refusals, of_new_lives)
{
    REFUSES("L4 L5");
    REFUSED(procbuf_process_start(world.p0), PROCBUF_ALREADY);
    procbuf_process_terminate(world.p0, NULL);
    REFUSED(procbuf_process_restart(world.p0, NULL), PROCBUF_ALREADY);
}

Test(refusals, of_allocating_a_grant)
{
    REFUSES("G1 G2");
    REFUSED(procbuf_process_allocate_grant(world.p0, 3, 9, 8, 4), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    REFUSED(procbuf_process_allocate_grant(world.p0, 1, 9, 97, 2), PROCBUF_OUT_OF_MEMORY);
    port_refuse_at = 1;
    REFUSED(procbuf_process_allocate_grant(world.p0, 1, 9, 8, 4), PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(procbuf_process_allocate_grant(world.p0, 1, 9, 8, 4), PROCBUF_OK);
    REFUSED(procbuf_process_allocate_grant(world.p0, 1, 8, 97, 2), PROCBUF_ALREADY);
    REFUSED(procbuf_process_allocate_grant(world.p0, 2, 9, 97, 2), PROCBUF_ALREADY);
    procbuf_process_terminate(world.p0, NULL);
    REFUSED(procbuf_process_allocate_grant(world.p0, 3, 9, 8, 4), PROCBUF_INACTIVE_APP);
}

Test(refusals, of_entering_a_grant)
{
    const struct procbuf_id id = procbuf_process_id(world.p0);
    REFUSES("G3");
    REFUSED(procbuf_process_enter_grant(no_id, 1, &addr), PROCBUF_NO_SUCH_APP);
    REFUSED(procbuf_process_enter_grant(id, 3, &addr), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    REFUSED(procbuf_process_enter_grant(id, 1, &addr), PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(procbuf_process_allocate_grant(world.p0, 1, 9, 8, 4), PROCBUF_OK);
    cr_assert_eq(procbuf_process_enter_grant(id, 1, &addr), PROCBUF_OK);
    REFUSED(procbuf_process_enter_grant(id, 1, &addr), PROCBUF_ALREADY_IN_USE);
    procbuf_process_terminate(world.p0, NULL);
    REFUSED(procbuf_process_enter_grant(id, 1, &addr), PROCBUF_INACTIVE_APP);
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OK);
    REFUSED(procbuf_process_enter_grant(id, 3, &addr), PROCBUF_NO_SUCH_APP);
}

static void must_not_run(const struct procbuf_grant *grant, void *data)
{
    (void)grant, (void)data;
    cr_assert_fail("the body ran");
}

static void enter_again(const struct procbuf_grant *grant, void *data)
{
    struct procbuf_readonly ro;
    struct procbuf_readwrite rw;
    (void)data;
    REFUSED(procbuf_driver_enter(&driver, procbuf_process_id(world.p0), must_not_run, NULL),
            PROCBUF_ALREADY_IN_USE);
    REFUSED(procbuf_grant_readonly(grant, 2, &ro), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    REFUSED(procbuf_grant_readwrite(grant, 1, &rw), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    ALLOW_REFUSED(procbuf_process_allow_readonly(world.p0, &driver, 0, 0, 0), PROCBUF_NOMEM);
    ALLOW_REFUSED(procbuf_process_allow_readwrite(world.p0, &driver, 0, 0, 0), PROCBUF_NOMEM);
}

Test(refusals, of_a_driver)
{
    const struct procbuf_id id = procbuf_process_id(world.p0);
    REFUSES("G4");
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 224), &addr), PROCBUF_OK);
    REFUSED(procbuf_driver_enter(&driver, id, must_not_run, NULL), PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 100), &addr), PROCBUF_OK);
    cr_assert_eq(procbuf_driver_enter(&driver, id, enter_again, NULL), PROCBUF_OK);
    procbuf_process_terminate(world.p0, NULL);
    REFUSED(procbuf_driver_enter(&driver, id, must_not_run, NULL), PROCBUF_INACTIVE_APP);
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OK);
    REFUSED(procbuf_driver_enter(&driver, id, must_not_run, NULL), PROCBUF_NO_SUCH_APP);
}

static enum procbuf_error take_all(struct procbuf_id id, uint32_t number,
                                   struct procbuf_readwrite *buffer, void *data)
{
    (void)id, (void)number, (void)buffer, (void)data;
    cr_assert_fail("the driver was asked");
    return PROCBUF_OK;
}

Test(refusals, of_allowing)
{
    struct procbuf_process *p = world.p0;
    const procbuf_addr_t gap = at(RAM0 + 128);
    REFUSES("A1 A3");
    ALLOW_REFUSED(procbuf_process_allow_readonly(p, NULL, 0, 0, 0), PROCBUF_NODEVICE);
    ALLOW_REFUSED(procbuf_process_allow_readwrite(p, NULL, 0, 0, 0), PROCBUF_NODEVICE);
    ALLOW_REFUSED(procbuf_process_allow_userspace_readable(p, 0, 0, 0, NULL, NULL),
                  PROCBUF_NODEVICE);
    ALLOW_REFUSED(procbuf_process_allow_readonly(p, &driver, 0, gap, 1), PROCBUF_INVAL);
    ALLOW_REFUSED(procbuf_process_allow_readwrite(p, &driver, 0, gap, 1), PROCBUF_INVAL);
    ALLOW_REFUSED(procbuf_process_allow_userspace_readable(p, 0, gap, 1, take_all, NULL),
                  PROCBUF_INVAL);
    cr_assert_eq(procbuf_process_allow_readonly(p, &driver, 0, 0, 0).code, PROCBUF_OK);
    ALLOW_REFUSED(procbuf_process_allow_readonly(p, &driver, 2, 0, 0), PROCBUF_NOSUPPORT);
    ALLOW_REFUSED(procbuf_process_allow_readwrite(p, &driver, 1, 0, 0), PROCBUF_NOSUPPORT);
    procbuf_process_terminate(p, NULL);
    ALLOW_REFUSED(procbuf_process_allow_readonly(p, &driver, 0, 0, 0), PROCBUF_FAIL);
    ALLOW_REFUSED(procbuf_process_allow_readwrite(p, &driver, 0, 0, 0), PROCBUF_FAIL);
    ALLOW_REFUSED(procbuf_process_allow_userspace_readable(p, 0, 0, 0, take_all, NULL),
                  PROCBUF_FAIL);
}
