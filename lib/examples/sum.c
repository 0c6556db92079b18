/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The shortest use of a buffer: a system call that adds up bytes of userspace. */
#include "kernel.h"

/* [sum] */
static void add_up(struct procbuf_readable bytes, void *sum)
{
    uint8_t byte;
    for (size_t i = 0; procbuf_readable_get(bytes, i, &byte); i++)
        *(uint32_t *)sum += byte;
}

static enum procbuf_error sys_sum(struct procbuf_process *process, procbuf_addr_t addr, size_t len,
                                  uint32_t *sum)
{
    struct procbuf_readonly buffer;
    const enum procbuf_error error = procbuf_readonly_build(process, addr, len, &buffer);
    return error == PROCBUF_OK ? procbuf_readonly_enter(&buffer, add_up, sum) : error;
}
/* [sum] */

int main(void)
{
    uint32_t sum = 0;
    kernel_start();
    kernel_ram[0][8] = 20;
    kernel_ram[0][9] = 22;
    if (sys_sum(kernel.processes[0], (procbuf_addr_t)&kernel_ram[0][8], 2, &sum) != PROCBUF_OK ||
        sum != 42)
        return 1;
    /* A range of another process, one that wraps, and none at all. */
    if (sys_sum(kernel.processes[0], (procbuf_addr_t)&kernel_ram[1][8], 2, &sum) != PROCBUF_INVAL ||
        sys_sum(kernel.processes[0], (procbuf_addr_t)-1, 2, &sum) != PROCBUF_INVAL ||
        sys_sum(kernel.processes[0], 0, 0, &sum) != PROCBUF_OK || sum != 42)
        return 1;
    return 0;
}
