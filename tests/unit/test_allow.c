/* The allow system calls, and set_byte. Contract: A. */
#include "kernel.h"

static struct procbuf_driver driver;

static void make(void)
{
    static const struct procbuf_driver_config config = {
        .grant_number = 0,
        .driver_number = 3,
        .readonly_count = 2,
        .readwrite_count = 1,
        .data_align = 1,
    };
    world_make();
    procbuf_driver_init(&driver, &config);
}

TestSuite(allow, .init = make);

static void is(struct procbuf_allow_result result, enum procbuf_error code, procbuf_addr_t addr,
               size_t len)
{
    cr_assert_eq(result.code, code, "%s", procbuf_error_name(result.code));
    cr_assert_eq(result.addr, addr);
    cr_assert_eq(result.len, len);
}

Test(allow, gives_back_what_was_allowed_before)
{
    ACCEPTS("A1 A2");
    is(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 8), 16), PROCBUF_OK, 0, 0);
    is(procbuf_process_allow_readonly(world.p0, &driver, 0, 0x77, 0), PROCBUF_OK, at(RAM0 + 8), 16);
    is(procbuf_process_allow_readonly(world.p0, &driver, 0, at(FLASH0 + 20), 4), PROCBUF_OK, 0x77,
       0);
    is(procbuf_process_allow_readonly(world.p0, &driver, 1, at(RAM0), 1), PROCBUF_OK, 0, 0);
    is(procbuf_process_allow_readonly(world.p0, &driver, 0, 0, 0), PROCBUF_OK, at(FLASH0 + 20), 4);
    is(procbuf_process_allow_readwrite(world.p0, &driver, 0, UINTPTR_MAX, 0), PROCBUF_OK, 0, 0);
    is(procbuf_process_allow_readwrite(world.p0, &driver, 0, at(RAM0 + 2), 2), PROCBUF_OK,
       UINTPTR_MAX, 0);
}

Test(allow, slots_of_the_two_kinds_are_apart)
{
    ACCEPTS("A1 A2");
    is(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 8), 16), PROCBUF_OK, 0, 0);
    is(procbuf_process_allow_readonly(world.p0, &driver, 1, at(RAM0 + 4), 2), PROCBUF_OK, 0, 0);
    is(procbuf_process_allow_readwrite(world.p0, &driver, 0, at(RAM0 + 40), 5), PROCBUF_OK, 0, 0);
    is(procbuf_process_allow_readonly(world.p0, &driver, 0, 0, 0), PROCBUF_OK, at(RAM0 + 8), 16);
    is(procbuf_process_allow_readonly(world.p0, &driver, 1, 0, 0), PROCBUF_OK, at(RAM0 + 4), 2);
    is(procbuf_process_allow_readwrite(world.p0, &driver, 0, 0, 0), PROCBUF_OK, at(RAM0 + 40), 5);
}

Test(allow, errors_come_in_order_and_give_back_what_was_passed)
{
    REFUSES("A1 A2 E3");
    CHANGES_NOTHING(is(procbuf_process_allow_readonly(world.p0, NULL, 9, at(RAM0 + 128), 1),
                       PROCBUF_NODEVICE, at(RAM0 + 128), 1));
    CHANGES_NOTHING(
        is(procbuf_process_allow_readwrite(world.p0, NULL, 9, 5, 0), PROCBUF_NODEVICE, 5, 0));
    CHANGES_NOTHING(is(procbuf_process_allow_readonly(world.p0, &driver, 9, at(RAM0 + 128), 1),
                       PROCBUF_INVAL, at(RAM0 + 128), 1));
    CHANGES_NOTHING(is(procbuf_process_allow_readwrite(world.p0, &driver, 0, at(FLASH0 + 20), 1),
                       PROCBUF_INVAL, at(FLASH0 + 20), 1));
    is(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0), 8), PROCBUF_OK, 0, 0);
    CHANGES_NOTHING(is(procbuf_process_allow_readonly(world.p0, &driver, 2, at(RAM0), 7),
                       PROCBUF_NOSUPPORT, at(RAM0), 7));
    CHANGES_NOTHING(is(procbuf_process_allow_readwrite(world.p0, &driver, 1, at(RAM0), 7),
                       PROCBUF_NOSUPPORT, at(RAM0), 7));
    is(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0), 1), PROCBUF_OK, at(RAM0), 8);
    procbuf_process_terminate(world.p0, NULL);
    CHANGES_NOTHING(
        is(procbuf_process_allow_readonly(world.p0, &driver, 0, 0, 0), PROCBUF_FAIL, 0, 0));
}

/* Lengths and slots that would do if they were cut to fewer bits. */
Test(allow, numbers_count_with_all_bits)
{
    static const size_t lens[] = { 256 + 4, (1 << 16) + 4, SIZE_MAX / 2 + 5 };
    static const uint32_t slots[] = { 1 << 8, 1 << 16 };
    REFUSES("A1");
    for (size_t l = 0; l < sizeof lens / sizeof lens[0]; l++) {
        is(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0), lens[l]), PROCBUF_INVAL,
           at(RAM0), lens[l]);
        is(procbuf_process_allow_readwrite(world.p0, &driver, 0, at(RAM0), lens[l]), PROCBUF_INVAL,
           at(RAM0), lens[l]);
    }
    for (size_t s = 0; s < sizeof slots / sizeof slots[0]; s++) {
        is(procbuf_process_allow_readonly(world.p0, &driver, slots[s], at(RAM0), 4),
           PROCBUF_NOSUPPORT, at(RAM0), 4);
        is(procbuf_process_allow_readwrite(world.p0, &driver, slots[s], at(RAM0), 4),
           PROCBUF_NOSUPPORT, at(RAM0), 4);
    }
}

Test(allow, a_slot_is_swapped_in_a_window_on_the_grant)
{
    ACCEPTS("A1 C2 C3");
    port_invert(at(RAM0 + 128), 96);
    is(procbuf_process_allow_readonly(world.p0, &driver, 1, at(RAM0 + 8), 16), PROCBUF_OK, 0, 0);
    is(procbuf_process_allow_readonly(world.p0, &driver, 1, 0, 0), PROCBUF_OK, at(RAM0 + 8), 16);
    cr_assert_str_eq(port_story(), "pococ");
    for (unsigned e = 1; e < 5; e++) {
        cr_assert_eq(port_events[e].addr, procbuf_process_kernel_break(world.p0));
        cr_assert_eq(port_events[e].len, port_events[1].len);
    }
}

Test(allow, what_stays_after_an_error)
{
    procbuf_addr_t old_break;
    ACCEPTS("E3");
    REFUSES("E3");
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 220), &old_break), PROCBUF_OK);
    is(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 10), 5), PROCBUF_NOMEM,
       at(RAM0 + 10), 5);
    cr_assert_eq(procbuf_process_mark(world.p0), at(RAM0 + 15), "the mark stays");
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 100), &old_break), PROCBUF_OK);
    is(procbuf_process_allow_readonly(world.p0, &driver, 2, at(RAM0), 1), PROCBUF_NOSUPPORT,
       at(RAM0), 1);
    cr_assert_lt(procbuf_process_kernel_break(world.p0), at(RAM0 + 224), "the grant stays");
}

/* ---- A buffer that userspace keeps reading ---- */

struct keeper {
    struct procbuf_readwrite held;
    enum procbuf_error code;
    uint32_t number;
};

static enum procbuf_error keep(struct procbuf_id id, uint32_t number,
                               struct procbuf_readwrite *buffer, void *data)
{
    struct keeper *keeper = data;
    cr_assert(procbuf_id_equal(id, procbuf_process_id(world.p0)));
    keeper->number = number;
    if (keeper->code != PROCBUF_OK)
        return keeper->code;
    const struct procbuf_readwrite old = keeper->held;
    keeper->held = *buffer;
    *buffer = old;
    return PROCBUF_OK;
}

static struct procbuf_allow_result share(struct keeper *keeper, procbuf_addr_t addr, size_t len)
{
    return procbuf_process_allow_userspace_readable(world.p0, 6, addr, len, keep, keeper);
}

Test(allow, a_driver_keeps_or_rejects)
{
    struct keeper keeper = { .held = PROCBUF_READWRITE_DEFAULT };
    ACCEPTS("A3");
    REFUSES("A3 E3");
    is(share(&keeper, at(RAM0 + 3), 4), PROCBUF_OK, 0, 0);
    cr_assert_eq(keeper.number, 6);
    cr_assert_eq(procbuf_readwrite_len(&keeper.held), 4);
    is(share(&keeper, 0x55, 0), PROCBUF_OK, at(RAM0 + 3), 4);
    keeper.code = PROCBUF_BUSY;
    is(share(&keeper, at(RAM0 + 30), 4), PROCBUF_BUSY, at(RAM0 + 30), 4);
    cr_assert_eq(procbuf_process_mark(world.p0), at(RAM0 + 34), "the mark stays");
    keeper.code = PROCBUF_OK;
    is(share(&keeper, at(FLASH0 + 20), 1), PROCBUF_INVAL, at(FLASH0 + 20), 1);
    is(share(&keeper, at(RAM0), 1), PROCBUF_OK, 0x55, 0);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    is(share(&keeper, at(RAM0 + 1), 1), PROCBUF_OK, at(RAM0), 1);
    is(procbuf_process_allow_userspace_readable(world.p0, 0, 7, 0, NULL, NULL), PROCBUF_NODEVICE, 7,
       0);
}

static enum procbuf_error take_and_reject(struct procbuf_id id, uint32_t number,
                                          struct procbuf_readwrite *buffer, void *data)
{
    (void)id, (void)number;
    *(struct procbuf_readwrite *)data = *buffer;
    *buffer = procbuf_readwrite_default();
    return PROCBUF_NOACK;
}

static enum procbuf_error answer(struct procbuf_id id, uint32_t number,
                                 struct procbuf_readwrite *buffer, void *data)
{
    (void)id, (void)buffer;
    *(uint32_t *)data = number;
    return PROCBUF_OUT_OF_MEMORY;
}

Test(allow, userspace_sees_codes_alone)
{
    static const size_t lens[] = { 256 + 4, (1 << 16) + 4, SIZE_MAX / 2 + 5 };
    uint32_t number = 0;
    REFUSES("A3 E2 R1");
    is(procbuf_process_allow_userspace_readable(world.p0, 0x12345678, at(RAM0), 4, answer, &number),
       PROCBUF_NOMEM, at(RAM0), 4);
    cr_assert_eq(number, 0x12345678);
    for (size_t l = 0; l < sizeof lens / sizeof lens[0]; l++)
        is(procbuf_process_allow_userspace_readable(world.p0, 1, at(RAM0), lens[l], answer,
                                                    &number),
           PROCBUF_INVAL, at(RAM0), lens[l]);
    cr_assert_eq(number, 0x12345678);
    MUST_PANIC(procbuf_process_allow_userspace_readable(&world.slots[2], 0, 0, 0, NULL, NULL).code);
}

Test(allow, a_driver_that_rejects_gives_back_what_was_passed_whatever_it_did)
{
    struct procbuf_readwrite taken = PROCBUF_READWRITE_DEFAULT;
    REFUSES("A2 A3");
    is(procbuf_process_allow_userspace_readable(world.p0, 0, at(RAM0 + 5), 6, take_and_reject,
                                                &taken),
       PROCBUF_NOACK, at(RAM0 + 5), 6);
}

/* ---- set_byte ---- */

Test(allow, set_byte_writes_app_memory_only)
{
    ACCEPTS("A4 C2");
    REFUSES("A4");
    cr_assert(procbuf_process_set_byte(world.p0, at(RAM0), 1));
    cr_assert(procbuf_process_set_byte(world.p0, at(RAM0 + 127), 2));
    cr_assert(world_memory[RAM0] == 1 && world_memory[RAM0 + 127] == 2);
    cr_assert_str_eq(port_story(), "ococ");
    cr_assert_eq(port_events[2].addr, at(RAM0 + 127));
    cr_assert_eq(port_events[2].len, 1);
    cr_assert(port_events[3].addr == at(RAM0 + 127) && port_events[3].len == 1);
    CHANGES_NOTHING(cr_assert_not(procbuf_process_set_byte(world.p0, at(RAM0 + 128), 3)));
    CHANGES_NOTHING(cr_assert_not(procbuf_process_set_byte(world.p0, at(RAM0) - 1, 3)));
    CHANGES_NOTHING(cr_assert_not(procbuf_process_set_byte(world.p0, 0, 3)));
    CHANGES_NOTHING(cr_assert_not(procbuf_process_set_byte(world.p0, UINTPTR_MAX, 3)));
    procbuf_process_terminate(world.p0, NULL);
    cr_assert(procbuf_process_set_byte(world.p0, at(RAM0 + 1), 4));
    port_invert(at(RAM0), 128);
    cr_assert(procbuf_process_set_byte(world.p0, at(RAM0 + 2), 5));
    cr_assert_eq(world_memory[RAM0 + 2], (uint8_t)~5, "written in a window");
}
