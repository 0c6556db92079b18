/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A port for AArch64 kernels with PAN (Armv8.1 and later): user memory is locked but between open and
 * close. Opens nest, so that the depth is counted: a close must not lock out the body around it. One
 * count per processor; this file is for one.
 * SCTLR_EL1.SPAN has to be 0, so that each exception locks again.
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
        __asm__ volatile(".arch_extension pan\n\tmsr pan, #0" ::: "memory");
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
    if (--open_depth == 0)
        __asm__ volatile(".arch_extension pan\n\tmsr pan, #1" ::: "memory");
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    return kernel_map_process(protection);
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

void procbuf_port_panic(const char *message)
{
    kernel_panic(message);
}
