/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Names and translation of errors. Contract: E1, E2. */
#include "implementation.h"

#include <procbuf/error.h>

#include "proved/error.h"

/* Two tables: the numbers between the two ranges have no names, and no place in one either. */
static const char *const code_names[] = {
    [PROCBUF_OK] = "OK",
    [PROCBUF_FAIL] = "FAIL",
    [PROCBUF_BUSY] = "BUSY",
    [PROCBUF_ALREADY] = "ALREADY",
    [PROCBUF_OFF] = "OFF",
    [PROCBUF_RESERVE] = "RESERVE",
    [PROCBUF_INVAL] = "INVAL",
    [PROCBUF_SIZE] = "SIZE",
    [PROCBUF_CANCEL] = "CANCEL",
    [PROCBUF_NOMEM] = "NOMEM",
    [PROCBUF_NOSUPPORT] = "NOSUPPORT",
    [PROCBUF_NODEVICE] = "NODEVICE",
    [PROCBUF_UNINSTALLED] = "UNINSTALLED",
    [PROCBUF_NOACK] = "NOACK",
};

static const char *const process_error_names[] = {
    [0] = "NO_SUCH_APP",
    [PROCBUF_OUT_OF_MEMORY - PROCBUF_NO_SUCH_APP] = "OUT_OF_MEMORY",
    [PROCBUF_ADDRESS_OUT_OF_BOUNDS - PROCBUF_NO_SUCH_APP] = "ADDRESS_OUT_OF_BOUNDS",
    [PROCBUF_INACTIVE_APP - PROCBUF_NO_SUCH_APP] = "INACTIVE_APP",
    [PROCBUF_KERNEL_ERROR - PROCBUF_NO_SUCH_APP] = "KERNEL_ERROR",
    [PROCBUF_ALREADY_IN_USE - PROCBUF_NO_SUCH_APP] = "ALREADY_IN_USE",
};

const char *procbuf_error_name(enum procbuf_error error)
{
    const unsigned number = (unsigned)error;
    if (number <= PROCBUF_NOACK)
        return code_names[number];
    if (number >= PROCBUF_NO_SUCH_APP && number <= PROCBUF_ALREADY_IN_USE)
        return process_error_names[number - PROCBUF_NO_SUCH_APP];
    return "?";
}

enum procbuf_error procbuf_error_to_code(enum procbuf_error error)
{
    if ((unsigned)error <= PROCBUF_NOACK)
        return error;
    if (error == PROCBUF_OUT_OF_MEMORY)
        return PROCBUF_NOMEM;
    if (error == PROCBUF_ADDRESS_OUT_OF_BOUNDS || error == PROCBUF_NO_SUCH_APP)
        return PROCBUF_INVAL;
    return PROCBUF_FAIL;
}
