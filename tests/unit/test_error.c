/* Names and translation of errors. Contract: E1, E2. */
#include "kernel.h"

Test(error, codes_have_the_numbers_and_names_of_the_abi)
{
    static const char *const names[] = { "OK",        "FAIL",     "BUSY",        "ALREADY", "OFF",
                                         "RESERVE",   "INVAL",    "SIZE",        "CANCEL",  "NOMEM",
                                         "NOSUPPORT", "NODEVICE", "UNINSTALLED", "NOACK" };
    ACCEPTS("E1");
    for (int code = 0; code <= 13; code++)
        cr_assert_str_eq(procbuf_error_name((enum procbuf_error)code), names[code]);
    cr_assert_eq(PROCBUF_OK, 0);
    cr_assert_eq(PROCBUF_INVAL, 6);
    cr_assert_eq(PROCBUF_NOACK, 13);
}

Test(error, unknown_numbers_have_no_name)
{
    REFUSES("E1");
    cr_assert_str_eq(procbuf_error_name((enum procbuf_error)14), "?");
    cr_assert_str_eq(procbuf_error_name((enum procbuf_error)63), "?");
    cr_assert_str_eq(procbuf_error_name((enum procbuf_error)70), "?");
    cr_assert_str_eq(procbuf_error_name((enum procbuf_error) - 1), "?");
}

Test(error, process_errors_have_numbers_and_names)
{
    ACCEPTS("E1");
    cr_assert(PROCBUF_NO_SUCH_APP == 64 && PROCBUF_OUT_OF_MEMORY == 65);
    cr_assert(PROCBUF_ADDRESS_OUT_OF_BOUNDS == 66 && PROCBUF_INACTIVE_APP == 67);
    cr_assert(PROCBUF_KERNEL_ERROR == 68 && PROCBUF_ALREADY_IN_USE == 69);
    cr_assert_str_eq(procbuf_error_name(PROCBUF_NO_SUCH_APP), "NO_SUCH_APP");
    cr_assert_str_eq(procbuf_error_name(PROCBUF_OUT_OF_MEMORY), "OUT_OF_MEMORY");
    cr_assert_str_eq(procbuf_error_name(PROCBUF_ADDRESS_OUT_OF_BOUNDS), "ADDRESS_OUT_OF_BOUNDS");
    cr_assert_str_eq(procbuf_error_name(PROCBUF_INACTIVE_APP), "INACTIVE_APP");
    cr_assert_str_eq(procbuf_error_name(PROCBUF_KERNEL_ERROR), "KERNEL_ERROR");
    cr_assert_str_eq(procbuf_error_name(PROCBUF_ALREADY_IN_USE), "ALREADY_IN_USE");
}

Test(error, process_errors_translate_to_codes)
{
    ACCEPTS("E2");
    REFUSES("E2");
    for (int code = 0; code <= 13; code++)
        cr_assert_eq((int)procbuf_error_to_code((enum procbuf_error)code), code, "a code is one");
    cr_assert_eq(procbuf_error_to_code(PROCBUF_OUT_OF_MEMORY), PROCBUF_NOMEM);
    cr_assert_eq(procbuf_error_to_code(PROCBUF_ADDRESS_OUT_OF_BOUNDS), PROCBUF_INVAL);
    cr_assert_eq(procbuf_error_to_code(PROCBUF_NO_SUCH_APP), PROCBUF_INVAL);
    cr_assert_eq(procbuf_error_to_code(PROCBUF_INACTIVE_APP), PROCBUF_FAIL);
    cr_assert_eq(procbuf_error_to_code(PROCBUF_KERNEL_ERROR), PROCBUF_FAIL);
    cr_assert_eq(procbuf_error_to_code(PROCBUF_ALREADY_IN_USE), PROCBUF_FAIL);
    cr_assert_eq(procbuf_error_to_code((enum procbuf_error)14), PROCBUF_FAIL);
    cr_assert_eq(procbuf_error_to_code((enum procbuf_error)63), PROCBUF_FAIL);
    cr_assert_eq(procbuf_error_to_code((enum procbuf_error)70), PROCBUF_FAIL);
    cr_assert_eq(procbuf_error_to_code((enum procbuf_error) - 1), PROCBUF_FAIL);
}

Test(error, results_can_be_ignored_in_writing)
{
    struct procbuf_readonly buffer;
    procbuf_addr_t old_break;
    world_make();
    procbuf_ignore(procbuf_readonly_build(world.p0, at(RAM0), 1, &buffer));
    procbuf_ignore(procbuf_process_brk(world.p0, 0, &old_break));
    procbuf_ignore(procbuf_process_set_byte(world.p0, at(RAM0), 1));
    cr_assert_eq(procbuf_readonly_len(&buffer), 1, "the calls are made");
    cr_assert_eq(world_memory[RAM0], 1);
}
