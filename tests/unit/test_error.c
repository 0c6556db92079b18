/* Names and translation of errors. Contract: E1, E2. */
#include "kernel.h"

Test(error, codes_have_the_numbers_and_names_of_the_abi)
{
    static const char *const names[] = { "OK",        "FAIL",     "BUSY",        "ALREADY", "OFF",
                                         "RESERVE",   "INVAL",    "SIZE",        "CANCEL",  "NOMEM",
                                         "NOSUPPORT", "NODEVICE", "UNINSTALLED", "NOACK" };
    ACCEPTS("E1");
    for (int code = 0; code <= 13; code++)
        cr_assert_str_eq(procbuf_code_name((enum procbuf_code)code), names[code]);
    cr_assert_eq(PROCBUF_INVAL, 6);
    cr_assert_eq(PROCBUF_NOACK, 13);
}

Test(error, unknown_numbers_have_no_name)
{
    REFUSES("E1");
    cr_assert_str_eq(procbuf_code_name((enum procbuf_code)14), "?");
    cr_assert_str_eq(procbuf_process_error_name((enum procbuf_process_error)7), "?");
}

Test(error, process_errors_have_names)
{
    ACCEPTS("E1");
    cr_assert_str_eq(procbuf_process_error_name(PROCBUF_PROCESS_OK), "OK");
    cr_assert_str_eq(procbuf_process_error_name(PROCBUF_NO_SUCH_APP), "NO_SUCH_APP");
    cr_assert_str_eq(procbuf_process_error_name(PROCBUF_OUT_OF_MEMORY), "OUT_OF_MEMORY");
    cr_assert_str_eq(procbuf_process_error_name(PROCBUF_ADDRESS_OUT_OF_BOUNDS),
                     "ADDRESS_OUT_OF_BOUNDS");
    cr_assert_str_eq(procbuf_process_error_name(PROCBUF_INACTIVE_APP), "INACTIVE_APP");
    cr_assert_str_eq(procbuf_process_error_name(PROCBUF_KERNEL_ERROR), "KERNEL_ERROR");
    cr_assert_str_eq(procbuf_process_error_name(PROCBUF_ALREADY_IN_USE), "ALREADY_IN_USE");
}

Test(error, process_errors_translate_to_codes)
{
    ACCEPTS("E2");
    REFUSES("E2");
    cr_assert_eq(procbuf_process_error_to_code(PROCBUF_PROCESS_OK), PROCBUF_OK);
    cr_assert_eq(procbuf_process_error_to_code(PROCBUF_OUT_OF_MEMORY), PROCBUF_NOMEM);
    cr_assert_eq(procbuf_process_error_to_code(PROCBUF_ADDRESS_OUT_OF_BOUNDS), PROCBUF_INVAL);
    cr_assert_eq(procbuf_process_error_to_code(PROCBUF_NO_SUCH_APP), PROCBUF_INVAL);
    cr_assert_eq(procbuf_process_error_to_code(PROCBUF_INACTIVE_APP), PROCBUF_FAIL);
    cr_assert_eq(procbuf_process_error_to_code(PROCBUF_KERNEL_ERROR), PROCBUF_FAIL);
    cr_assert_eq(procbuf_process_error_to_code(PROCBUF_ALREADY_IN_USE), PROCBUF_FAIL);
}
