/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What can go wrong, as values.
 *
 * One vocabulary in two ranges, as Tock has two: codes, which a system call answers to userspace as
 * they are; and above them process errors, which the kernel learns about a process. A process error
 * leaves the kernel as what procbuf_error_to_code() makes of it, and in no other way.
 *
 * @see Contract: E1, E2.
 */
#ifndef PROCBUF_ERROR_H
#define PROCBUF_ERROR_H

#include <procbuf/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The answer of a call: `PROCBUF_OK`, a code, or a process error.
 *
 * The numbers of the codes, below 64, are the system call ABI. Each function lists its errors in
 * the order in which it checks for them.
 *
 * @see Contract: E1. Tock: `ErrorCode`, kernel/src/errorcode.rs; `process::Error`, process.rs.
 */
enum procbuf_error {
    PROCBUF_OK = 0, /**< No error. */
    PROCBUF_FAIL = 1, /**< The operation failed: to build, the process must be active. */
    PROCBUF_BUSY = 2, /**< An enter on the process is open. */
    PROCBUF_ALREADY = 3, /**< It is done already. */
    PROCBUF_OFF = 4, /**< A device is off. For drivers: the library does not return it. */
    PROCBUF_RESERVE = 5, /**< A reservation is missing. For drivers. */
    PROCBUF_INVAL = 6, /**< A parameter is invalid: the range is not the process's. */
    PROCBUF_SIZE = 7, /**< A length is not the right one. */
    PROCBUF_CANCEL = 8, /**< An operation was cancelled. For drivers. */
    PROCBUF_NOMEM = 9, /**< There is not enough memory. */
    PROCBUF_NOSUPPORT = 10, /**< It is not supported: there is no such slot. */
    PROCBUF_NODEVICE = 11, /**< Userspace named a driver that does not exist. */
    PROCBUF_UNINSTALLED = 12, /**< A device is not installed. For drivers. */
    PROCBUF_NOACK = 13, /**< A packet was not acknowledged. For drivers. */

    PROCBUF_NO_SUCH_APP = 64, /**< The life is over. */
    PROCBUF_OUT_OF_MEMORY = 65, /**< The process has not enough memory, or the port refuses. */
    PROCBUF_ADDRESS_OUT_OF_BOUNDS = 66, /**< An address, an offset or a number is out of range. */
    PROCBUF_INACTIVE_APP = 67, /**< The process is faulted or terminated. */
    PROCBUF_KERNEL_ERROR = 68, /**< Reserved: nothing returns it. */
    PROCBUF_ALREADY_IN_USE = 69 /**< The grant is entered. */
} PROCBUF_ONE_BYTE;

/**
 * Name an error.
 *
 * @param[in] error the error
 * @return its enumerator without the prefix, as in "OK" or "NO_SUCH_APP"; "?" for any other number.
 *   The string is static.
 * @par Cost
 * O(1), no hook.
 * @see Contract: E1. Tock: `Debug for ErrorCode`.
 */
const char *procbuf_error_name(enum procbuf_error error);

/**
 * Translate an error to the code that userspace sees.
 *
 * @param[in] error the error
 * @return `PROCBUF_OK` and codes as they are; `PROCBUF_NOMEM` for `PROCBUF_OUT_OF_MEMORY`;
 *   `PROCBUF_INVAL` for `PROCBUF_ADDRESS_OUT_OF_BOUNDS` and `PROCBUF_NO_SUCH_APP`; `PROCBUF_FAIL`
 *   for every other number
 * @par Cost
 * O(1), no hook.
 * @see Contract: E2. Tock: `From<process::Error> for ErrorCode`, kernel/src/process.rs.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_error_to_code(enum procbuf_error error);

/**
 * Discard an error, or the answer of a function that may refuse, in writing: a cast to void does
 * not satisfy every compiler. `result` is a number, a bool or an enumeration.
 */
#define procbuf_ignore(result) ((void)!(result))

#ifdef __cplusplus
}
#endif
#endif
