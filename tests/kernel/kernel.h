/* The kernel: what it does with a process that runs, makes a system call, or faults. */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "board.h"

#include <procbuf.h>

/* Numbers of system calls, in register 0; arguments follow. The answer has the error in register 0. */
enum kernel_call {
    CALL_BRK, /* address -> old break */
    CALL_SBRK, /* distance -> old break */
    CALL_MEMOP_BRK, /* address */
    CALL_MEMOP_SBRK, /* distance -> old break */
    CALL_ALLOW_READONLY, /* driver, slot, address, length -> address, length */
    CALL_ALLOW_READWRITE, /* the same */
    CALL_EXIT, /* whether there is a completion code, the code */
    CALL_RESTART, /* the same */
    CALL_NONE, /* no call has this number: NOSUPPORT */
};

/* The drivers, which have the numbers 0 to count - 1. */
void kernel_use_drivers(struct procbuf_driver *drivers, uint32_t count);

/* Let a process, at its place in the table, go on until it makes a system call or faults. */
enum board_event kernel_run(uint32_t process_index, struct board_user *user);

/* Do what has to be done with it then. */
void kernel_handle(struct procbuf_process *process, enum board_event event,
                   struct board_user *user);

#endif
