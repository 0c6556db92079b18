/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A port for x86-64 kernels with SMAP: user memory is locked but between open and close.
 *
 * The lock is one flag of the processor (EFLAGS.AC), and opens nest, so that the depth is counted:
 * a close must not lock out the body around it. One count per processor; this file is for one.
 * The flag is the process's to set, too: system calls must clear it (SFMASK), and so must the first
 * instruction of every exception (clac), or SMAP is off in the kernel.
 * What the kernel supplies: its page tables and its panic. tests/kernel has both.
 */
#include <procbuf/port.h>

/* Let a process read and execute its flash, read and write the app's part of its RAM, and no more.
 * The kernel itself keeps all of it mapped. Returns: whether the page tables can say so. */
bool kernel_map_process(const struct procbuf_protection *protection);
__attribute__((noreturn)) void kernel_panic(const char *message);

static unsigned open_depth;

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
    if (open_depth++ == 0)
        __asm__ volatile("stac" ::: "memory", "cc");
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
    if (--open_depth == 0)
        __asm__ volatile("clac" ::: "memory", "cc");
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    return kernel_map_process(protection);
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("mfence" ::: "memory");
}

void procbuf_port_panic(const char *message)
{
    kernel_panic(message);
}
