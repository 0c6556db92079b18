/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include <stdlib.h>

struct kernel kernel;
_Alignas(16) uint8_t kernel_ram[2][1024];

void kernel_start(void)
{
    procbuf_table_init(&kernel.table, kernel.slots, 2);
    procbuf_table_use_grants(&kernel.table, kernel.grants, 1);
    for (int p = 0; p < 2; p++) {
        const struct procbuf_process_config config = {
            .mem_start = (procbuf_addr_t)kernel_ram[p],
            .mem_len = sizeof kernel_ram[p],
            .initial_app_len = 512,
            .fault_policy = PROCBUF_FAULT_RESTART,
        };
        if (procbuf_process_create(&kernel.table, &config, &kernel.processes[p]) != PROCBUF_OK)
            abort();
    }
}
