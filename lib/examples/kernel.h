/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The smallest kernel around the examples: two processes in static memory. */
#ifndef EXAMPLES_KERNEL_H
#define EXAMPLES_KERNEL_H

#include <procbuf.h>

struct kernel {
    struct procbuf_table table;
    struct procbuf_process slots[2];
    struct procbuf_grant_entry grants[2 * 1]; /* one driver, two processes */
    struct procbuf_process *processes[2];
};
extern struct kernel kernel;

/* RAM of the processes, as userspace sees it. */
extern uint8_t kernel_ram[2][1024];

/* Create both processes, each with 512 bytes of its own. */
void kernel_start(void);

#endif
