/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A copy between two processes: both sides share a range, the kernel moves the bytes, and neither
 * ever sees the other's memory. */
#include "kernel.h"

#include <stdio.h>
#include <string.h>

/* [ipc] */
struct transfer {
    struct procbuf_readonly from;
    struct procbuf_readwrite to;
    struct procbuf_readable source; /* while the outer enter runs */
    size_t copied;
};

static void copy_what_fits(struct procbuf_writable target, void *data)
{
    struct transfer *transfer = data;
    const size_t room = procbuf_writable_len(target);
    const size_t len = procbuf_readable_len(transfer->source);
    const size_t count = len < room ? len : room;
    struct procbuf_readable source;
    if (procbuf_readable_range_to(transfer->source, count, &source) &&
        procbuf_writable_range_to(target, count, &target) &&
        procbuf_writable_copy_from_slice(target, source) == PROCBUF_OK)
        transfer->copied = count;
}

static void with_source(struct procbuf_readable source, void *data)
{
    struct transfer *transfer = data;
    transfer->source = source;
    if (procbuf_readwrite_mut_enter(&transfer->to, copy_what_fits, transfer) != PROCBUF_OK)
        transfer->copied = 0; /* the receiver is gone */
}

static enum procbuf_error transfer_run(struct transfer *transfer)
{
    transfer->copied = 0;
    return procbuf_readonly_enter(&transfer->from, with_source, transfer);
}
/* [ipc] */

int main(void)
{
    struct transfer transfer;
    kernel_start();
    memcpy(&kernel_ram[0][8], "a message", 9);
    if (procbuf_readonly_build(kernel.processes[0], (procbuf_addr_t)&kernel_ram[0][8], 9,
                               &transfer.from) != PROCBUF_OK ||
        procbuf_readwrite_build(kernel.processes[1], (procbuf_addr_t)&kernel_ram[1][200], 64,
                                &transfer.to) != PROCBUF_OK)
        return 1;
    if (transfer_run(&transfer) != PROCBUF_OK || transfer.copied != 9 ||
        memcmp(&kernel_ram[1][200], "a message", 10) != 0)
        return 1;
    printf("%zu bytes: %s\n", transfer.copied, (const char *)&kernel_ram[1][200]);

    /* A receiver with less room has as much as fits. */
    if (procbuf_readwrite_build(kernel.processes[1], (procbuf_addr_t)&kernel_ram[1][300], 4,
                                &transfer.to) != PROCBUF_OK ||
        transfer_run(&transfer) != PROCBUF_OK || transfer.copied != 4 ||
        memcmp(&kernel_ram[1][300], "a me", 5) != 0)
        return 1;

    /* The receiver restarts: nothing is written into its new life. */
    if (procbuf_process_restart(kernel.processes[1], NULL) != PROCBUF_OK ||
        transfer_run(&transfer) != PROCBUF_OK || transfer.copied != 0)
        return 1;
    /* The sender restarts: its message is gone. */
    if (procbuf_process_restart(kernel.processes[0], NULL) != PROCBUF_OK ||
        transfer_run(&transfer) != PROCBUF_NO_SUCH_APP)
        return 1;
    return 0;
}
