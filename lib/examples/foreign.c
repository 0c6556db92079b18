/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A kernel with a process table of its own: its processes are not this library's, and it uses the
 * buffers alone. It answers one question, whether a life goes on, and vouches for memory itself. */
#include <procbuf.h>
#include <procbuf/capability.h>

#include <stdio.h>
#include <string.h>

/* [foreign] */
/* The kernel's own processes, in its own words. */
struct task {
    bool runs;
    uint64_t birth; /* no two lives have the same */
    uint8_t memory[256];
};
static struct task tasks[2];
static struct procbuf_table task_table;

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(trusted);

static bool task_is_live(uint32_t index, uint64_t identifier, const void *data)
{
    const struct task *all = data;
    return index < 2 && all[index].runs && all[index].birth == identifier;
}

/* The system call: task `index` lends [addr, addr + len). The check is the kernel's own duty. */
static bool task_lends(uint32_t index, procbuf_addr_t addr, size_t len,
                       struct procbuf_readwrite *buffer_out)
{
    const struct task *task = &tasks[index];
    const procbuf_addr_t start = (procbuf_addr_t)task->memory;
    const struct procbuf_id id = procbuf_id_new_external(&task_table, index, task->birth, &trusted);
    if (len != 0 && (addr < start || addr - start > sizeof task->memory ||
                     len > sizeof task->memory - (addr - start)))
        return false;
    *buffer_out = procbuf_readwrite_new_external(addr, len, id, &trusted);
    return true;
}
/* [foreign] */

static void start_task(uint32_t index)
{
    static uint64_t births;
    tasks[index].runs = true;
    tasks[index].birth = births++;
}

int main(void)
{
    struct procbuf_readwrite from[2], to;
    size_t len;
    procbuf_table_init_external(&task_table, task_is_live, tasks);
    start_task(0);
    start_task(1);
    memcpy(&tasks[0].memory[10], "two pieces, ", 12);
    memcpy(&tasks[0].memory[90], "one message", 12);
    if (!task_lends(0, (procbuf_addr_t)&tasks[0].memory[10], 12, &from[0]) ||
        !task_lends(0, (procbuf_addr_t)&tasks[0].memory[90], 12, &from[1]) ||
        !task_lends(1, (procbuf_addr_t)&tasks[1].memory[0], 64, &to) ||
        task_lends(1, (procbuf_addr_t)&tasks[1].memory[200], 57, &to) ||
        task_lends(1, (procbuf_addr_t)&tasks[1].memory[200], SIZE_MAX, &to) ||
        task_lends(0, (procbuf_addr_t)&tasks[1].memory[0], 1, &to))
        return 1;

    /* From task to task, gathered from two buffers, with nothing in between. */
    const struct procbuf_readonly pieces[2] = { procbuf_readwrite_as_readonly(&from[0]),
                                                procbuf_readwrite_as_readonly(&from[1]) };
    struct procbuf_reader reader = procbuf_reader_over(pieces, 2);
    struct procbuf_writer writer = procbuf_writer_over(&to, 1);
    if (procbuf_stream_copy(&writer, &reader, SIZE_MAX, &len) != PROCBUF_OK || len != 24)
        return 1;
    printf("%zu bytes: %s\n", len, (const char *)tasks[1].memory);

    /* The sender ends and another task takes its place: the handles are dead. */
    tasks[0].runs = false;
    start_task(0);
    reader = procbuf_reader_over(pieces, 2);
    writer = procbuf_writer_over(&to, 1);
    if (procbuf_readonly_len(&pieces[0]) != 0 ||
        procbuf_stream_copy(&writer, &reader, 1, &len) != PROCBUF_NO_SUCH_APP)
        return 1;
    return 0;
}
