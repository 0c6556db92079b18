/* The testbed's part of the kernel: programs.c runs traces through it, probes.c tries what the protection unit lets
 * through. Both may touch all memory while they "watch"; the library, and processes, never run so. */
#ifndef KERNEL_PROBES_H
#define KERNEL_PROBES_H

#include "kernel.h"

struct counts {
    unsigned long long traces, system_calls, stores, probes, expected, faults;
};
extern struct counts counts;

/* Unprivileged programs (user.S). Registers hold what they act on. */
extern const uint8_t
    user_call[]; /* a system call, and another that shows what the first one answered */
extern const uint8_t user_load[]; /* a byte: of [0] into 1 */
extern const uint8_t user_store[]; /* a byte: 1 to [0] */
extern const uint8_t user_copy[]; /* bytes: 2 of them, from [1] to [0] */
extern const uint8_t user_jump[]; /* to 0 */
extern const uint8_t user_return[]; /* as a function does. Not on Cortex-M */
extern const uint8_t user_trap[], user_trap_end[]; /* the instruction of a system call */

/* Touch all memory, or not. Returns: whether it could. */
bool watch(bool now);

/* Where a bug is: printed with a finding. 0 between probes. */
extern uintptr_t probed;

/* The kernel's own memory, which no process reaches. */
extern uint32_t bait;

bool is_process_memory(procbuf_addr_t addr);

/* A process has come back: the kernel must be locked out of its memory. While it does not watch. */
void probe_lock(unsigned process);

/* A window has been opened or closed: its ends, and what is next to it. */
void probe_windows(uintptr_t addr, size_t len);

/* No window is open: all that processes may get is locked. The kernel does not execute their code: SMEP, PXN, MML. */
void probe_start(void);

/* The protection of a process has moved: it tries what it may touch, and what it may not. */
void probe_process(unsigned process);

#endif
