/* What can go wrong, as values. Contract: E1, E2.
 *
 * Two vocabularies, as in Tock: `procbuf_code` is what a system call answers to userspace,
 * `procbuf_process_error` is what the kernel learns about a process.
 */
#ifndef PROCBUF_ERROR_H
#define PROCBUF_ERROR_H

#include <procbuf/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Answers of system calls. The numbers are the system call ABI.
 * Source: Tock ErrorCode, kernel/src/errorcode.rs. */
enum procbuf_code {
    PROCBUF_OK = 0,
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
    PROCBUF_NOACK = 13
};

/* Answers about a process, inside the kernel.
 * Source: Tock process::Error, kernel/src/process.rs. */
enum procbuf_process_error {
    PROCBUF_PROCESS_OK = 0,
    PROCBUF_NO_SUCH_APP,
    PROCBUF_OUT_OF_MEMORY,
    PROCBUF_ADDRESS_OUT_OF_BOUNDS,
    PROCBUF_INACTIVE_APP,
    PROCBUF_KERNEL_ERROR, /* reserved: nothing returns it */
    PROCBUF_ALREADY_IN_USE
};

/* Name a code.
 * Returns: "OK", "FAIL", … as in the enumerators without their prefix; "?" for any other number.
 * Lifetime: static. Cost: constant. */
const char *procbuf_code_name(enum procbuf_code code);

/* Name a process error.
 * Returns: "OK", "NO_SUCH_APP", …; "?" for any other number. Lifetime: static. Cost: constant. */
const char *procbuf_process_error_name(enum procbuf_process_error error);

/* Translate a process error to the code that userspace sees. Contract: E2.
 * Returns: OK for OK; NOMEM for OUT_OF_MEMORY; INVAL for ADDRESS_OUT_OF_BOUNDS and NO_SUCH_APP;
 * FAIL for every other. Cost: constant.
 * Source: Tock `From<process::Error> for ErrorCode`, kernel/src/process.rs. */
PROCBUF_NODISCARD enum procbuf_code procbuf_process_error_to_code(enum procbuf_process_error error);

#ifdef __cplusplus
}
#endif
#endif
