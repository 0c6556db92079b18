/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What can go wrong, as values. Contract: E1, E2.
 *
 * One vocabulary in two ranges, as Tock has two: codes, which a system call answers to userspace as
 * they are; and above them process errors, which the kernel learns about a process. A process error
 * leaves the kernel as what procbuf_error_to_code() makes of it, and in no other way.
 */
#ifndef PROCBUF_ERROR_H
#define PROCBUF_ERROR_H

#include <procbuf/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

enum procbuf_error {
    PROCBUF_OK = 0,

    /* Codes: these numbers are the system call ABI.
     * Source: Tock ErrorCode, kernel/src/errorcode.rs. */
    PROCBUF_FAIL = 1,
    PROCBUF_BUSY = 2,
    PROCBUF_ALREADY = 3,
    PROCBUF_OFF = 4,
    PROCBUF_RESERVE = 5,
    PROCBUF_INVAL = 6,
    PROCBUF_SIZE = 7,
    PROCBUF_CANCEL = 8,
    PROCBUF_NOMEM = 9,
    PROCBUF_NOSUPPORT = 10,
    PROCBUF_NODEVICE = 11,
    PROCBUF_UNINSTALLED = 12,
    PROCBUF_NOACK = 13,

    /* Process errors. Source: Tock process::Error, kernel/src/process.rs. */
    PROCBUF_NO_SUCH_APP = 64,
    PROCBUF_OUT_OF_MEMORY = 65,
    PROCBUF_ADDRESS_OUT_OF_BOUNDS = 66,
    PROCBUF_INACTIVE_APP = 67,
    PROCBUF_KERNEL_ERROR = 68, /* reserved: nothing returns it */
    PROCBUF_ALREADY_IN_USE = 69
} PROCBUF_ONE_BYTE;

/* Name an error.
 * Returns: "OK", "FAIL", "NO_SUCH_APP", … as in the enumerators without their prefix; "?" for any
 * other number. Lifetime: static. Cost: constant. */
const char *procbuf_error_name(enum procbuf_error error);

/* Translate an error to the code that userspace sees. Contract: E2.
 * Returns: OK and codes as they are; NOMEM for OUT_OF_MEMORY; INVAL for ADDRESS_OUT_OF_BOUNDS and
 * NO_SUCH_APP; FAIL for every other number. Cost: constant.
 * Source: Tock `From<process::Error> for ErrorCode`, kernel/src/process.rs. */
PROCBUF_NODISCARD enum procbuf_error procbuf_error_to_code(enum procbuf_error error);

/* Discard an error, or what a function that may refuse says, in writing: a cast to void does not
 * satisfy every compiler. In: a number, a bool or an enumeration. */
#define procbuf_ignore(result) ((void)!(result))

#ifdef __cplusplus
}
#endif
#endif
