/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A console driver: userspace allows a buffer to be read, then asks for some of it to be written.
 *
 *   allow_readonly(CONSOLE, slot 0, text, length)
 *   command(CONSOLE, count)
 */
#include "kernel.h"

#include <stdio.h>
#include <string.h>

static struct procbuf_driver console;

struct write_request {
    size_t count;   /* in: how much to write */
    size_t written; /* out */
};

/* Inside the buffer: write what fits, piece by piece, as a UART with a small FIFO would. */
static void write_bytes(struct procbuf_readable text, void *data)
{
    struct write_request *request = data;
    struct procbuf_readable_chunks chunks;
    struct procbuf_readable piece;
    uint8_t fifo[16];
    if (!procbuf_readable_range_to(text, request->count, &text))
        return; /* userspace asked for more than it allowed */
    chunks = procbuf_readable_split(text, sizeof fifo);
    while (procbuf_readable_chunks_next(&chunks, &piece)) {
        const size_t len = procbuf_readable_len(piece);
        procbuf_readable_copy_to_or_panic(piece, fifo, len);
        request->written += fwrite(fifo, 1, len, stdout);
    }
}

/* [enter] */
/* Inside the driver's grant: take the buffer out of slot 0 and enter it. */
static void write_slot(const struct procbuf_grant *grant, void *data)
{
    struct procbuf_readonly text;
    if (procbuf_grant_readonly(grant, 0, &text) == PROCBUF_OK &&
        procbuf_readonly_enter(&text, write_bytes, data) != PROCBUF_OK)
        return; /* the process went away in between */
}

/* The system call. */
static enum procbuf_error command_write(struct procbuf_id caller, size_t count, size_t *written_out)
{
    struct write_request request = { count, 0 };
    const enum procbuf_error error = procbuf_driver_enter(&console, caller, write_slot, &request);
    *written_out = request.written;
    return procbuf_error_to_code(error);
}
/* [enter] */

int main(void)
{
    static const char greeting[] = "Hello from userspace, in pieces of sixteen.\n";
    const struct procbuf_driver_config config = {
        .grant_number = 0,
        .driver_number = 1,
        .readonly_count = 1,
        .data_align = 1,
    };
    size_t written;
    kernel_start();
    procbuf_driver_init(&console, &config);

    /* Userspace of process 0 puts a text into its memory, and makes three system calls. */
    memcpy(&kernel_ram[0][100], greeting, sizeof greeting);
    const struct procbuf_allow_result allowed = procbuf_process_allow_readonly(
        kernel.processes[0], &console, 0, (procbuf_addr_t)&kernel_ram[0][100], sizeof greeting - 1);
    const struct procbuf_id caller = procbuf_process_id(kernel.processes[0]);
    if (allowed.code != PROCBUF_OK ||
        command_write(caller, sizeof greeting - 1, &written) != PROCBUF_OK ||
        written != sizeof greeting - 1)
        return 1;
    if (command_write(caller, sizeof greeting, &written) != PROCBUF_OK || written != 0)
        return 1;

    /* A new life has allowed nothing yet, and the old caller is gone. */
    if (procbuf_process_restart(kernel.processes[0], NULL) != PROCBUF_OK ||
        command_write(caller, 1, &written) != PROCBUF_INVAL ||
        command_write(procbuf_process_id(kernel.processes[0]), 1, &written) != PROCBUF_OK ||
        written != 0)
        return 1;
    procbuf_return_to_user();
    return 0;
}
