/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Memory domains with partitions, as Zephyr has them: threads of a domain share what it lists. The
 * system call is checked in one place, before the driver sees it, and lends for as long as it runs. */
#include <procbuf.h>
#include <procbuf/capability.h>

#include <stdio.h>
#include <string.h>

/* [domains] */
enum { MOST_PARTITIONS = 4, THREADS = 2 };

/* A partition is a region; a domain is an array of them, and so a map. */
struct domain {
    struct procbuf_region partitions[MOST_PARTITIONS];
    struct procbuf_map map;
};

struct thread {
    struct domain *domain;
    bool runs;
    uint64_t birth; /* no two threads have the same */
};

static struct thread threads[THREADS];
static struct procbuf_table thread_table;

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(trusted);

static bool thread_is_live(uint32_t index, uint64_t birth, const void *data)
{
    const struct thread *all = data;
    return index < THREADS && all[index].runs && all[index].birth == birth;
}

/* Who makes the system call, and what of the address space it may lend. Domains change only when no
 * thread of theirs is in a system call: so what is lent is pinned. */
static struct procbuf_lender caller(uint32_t index)
{
    const struct thread *thread = &threads[index];
    return procbuf_lender_pinned(
        &thread->domain->map,
        procbuf_id_new_external(&thread_table, index, thread->birth, &trusted));
}

/* The driver: it is given a buffer, never an address. */
static void uart_write(struct procbuf_readable text, void *data)
{
    struct procbuf_readable_chunks pieces = procbuf_readable_split(text, 8);
    struct procbuf_readable piece;
    size_t *written = data;
    uint8_t fifo[8];
    while (procbuf_readable_chunks_next(&pieces, &piece)) {
        const size_t len = procbuf_readable_len(piece);
        procbuf_readable_copy_to_or_panic(piece, fifo, len);
        *written += fwrite(fifo, 1, len, stdout);
    }
}

/* The system call, from its entry to the driver. */
static enum procbuf_error syscall_print(uint32_t thread, procbuf_addr_t text, size_t len)
{
    const struct procbuf_lender lender = caller(thread);
    struct procbuf_readonly buffer;
    size_t written = 0;
    enum procbuf_error error = procbuf_readonly_build_from(&lender, text, len, &buffer);
    if (error == PROCBUF_OK)
        error = procbuf_readonly_enter(&buffer, uart_write, &written);
    return procbuf_error_to_code(error);
}
/* [domains] */

static uint8_t shared[64], secret[64]; /* of one domain, and of another */

static void start_thread(uint32_t index, struct domain *domain)
{
    static uint64_t births;
    threads[index] = (struct thread){ domain, true, births++ };
}

static struct procbuf_region partition(const uint8_t *start, size_t len, enum procbuf_access access)
{
    return (struct procbuf_region){ (procbuf_addr_t)start, (procbuf_addr_t)start + len, access };
}

int main(void)
{
    static struct domain application, server;
    const procbuf_addr_t text = (procbuf_addr_t)shared;
    procbuf_table_init_external(&thread_table, thread_is_live, threads);
    application.partitions[0] = partition(&shared[32], 32, PROCBUF_ACCESS_READ_WRITE);
    application.partitions[1] = partition(&shared[0], 32, PROCBUF_ACCESS_READ);
    application.map = procbuf_map_of_regions(application.partitions, MOST_PARTITIONS, &trusted);
    server.partitions[0] = partition(secret, sizeof secret, PROCBUF_ACCESS_READ_WRITE);
    server.map = procbuf_map_of_regions(server.partitions, MOST_PARTITIONS, &trusted);
    start_thread(0, &application);
    start_thread(1, &server);
    memcpy(&shared[24], "over two partitions\n", 20);

    /* A range may go over partitions that touch. */
    if (syscall_print(0, text + 24, 20) != PROCBUF_OK)
        return 1;

    /* A wrong length, owner, and end of the address space: INVAL, and no output. */
    if (syscall_print(0, text + 24, 41) != PROCBUF_INVAL ||
        syscall_print(0, (procbuf_addr_t)secret, 1) != PROCBUF_INVAL ||
        syscall_print(0, text, (size_t)-1) != PROCBUF_INVAL ||
        syscall_print(0, 0, 1) != PROCBUF_INVAL)
        return 1;

    /* A partition is taken out of the domain: what it held is not lent any more. */
    application.partitions[1] = (struct procbuf_region){ 0, 0, PROCBUF_ACCESS_READ };
    if (syscall_print(0, text + 24, 20) != PROCBUF_INVAL ||
        syscall_print(0, text + 32, 12) != PROCBUF_OK)
        return 1;

    /* A thread that has ended lends nothing. */
    threads[0].runs = false;
    return syscall_print(0, text + 32, 1) != PROCBUF_INVAL;
}
