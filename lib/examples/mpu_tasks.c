/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* MPU regions of tasks, as FreeRTOS has them: each task has a few regions, which it may be given again
 * while it waits. So what a waiting task lent is asked again when it is used. */
#include <procbuf.h>
#include <procbuf/capability.h>

#include <stdio.h>
#include <string.h>

/* [mpu_tasks] */
enum { REGIONS = 3, TASKS = 2, ITEM_LEN = 8 };

struct task {
    struct procbuf_region regions[REGIONS]; /* as the MPU is programmed when it runs */
    struct procbuf_map map;
    struct procbuf_readwrite_slot awaited; /* where it wants the next item */
    bool exists;
    uint64_t birth;
};

static struct task tasks[TASKS];
static struct procbuf_table task_table;

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(trusted);

static bool task_is_live(uint32_t index, uint64_t birth, const void *data)
{
    const struct task *all = data;
    return index < TASKS && all[index].exists && all[index].birth == birth;
}

/* Regions may change while a task waits: so what it lent is rechecked. */
static struct procbuf_lender caller(uint32_t index)
{
    const struct task *task = &tasks[index];
    return procbuf_lender_rechecked(
        &task->map, procbuf_id_new_external(&task_table, index, task->birth, &trusted));
}

/* The system call of a receiver: it says where the next item is to go, and waits. */
static enum procbuf_error syscall_receive(uint32_t receiver, procbuf_addr_t item)
{
    const struct procbuf_lender lender = caller(receiver);
    const struct procbuf_allow_result result =
        procbuf_readwrite_slot_allow(&tasks[receiver].awaited, &lender, item, ITEM_LEN);
    return procbuf_error_to_code(result.code);
}

/* The queue, which is the driver here: from the sender's buffer to the receiver's, with nothing between. */
static enum procbuf_error hand_over(const struct procbuf_readonly *from, uint32_t receiver)
{
    const struct procbuf_readwrite to = procbuf_readwrite_slot_get(&tasks[receiver].awaited);
    struct procbuf_reader reader = procbuf_reader_over(from, 1);
    struct procbuf_writer writer = procbuf_writer_over(&to, 1);
    size_t len;
    return procbuf_stream_copy(&writer, &reader, ITEM_LEN, &len);
}

/* The system call of a sender. It only reads: read-only regions will do. */
static enum procbuf_error syscall_send(uint32_t sender, uint32_t receiver, procbuf_addr_t item)
{
    const struct procbuf_lender lender = caller(sender);
    struct procbuf_readonly from;
    enum procbuf_error error = procbuf_readonly_build_from(&lender, item, ITEM_LEN, &from);
    if (error == PROCBUF_OK)
        error = hand_over(&from, receiver);
    return procbuf_error_to_code(error);
}
/* [mpu_tasks] */

static uint8_t flash[32], stacks[TASKS][64];

static void create_task(uint32_t index)
{
    static uint64_t births;
    struct task *task = &tasks[index];
    const procbuf_addr_t stack = (procbuf_addr_t)stacks[index], text = (procbuf_addr_t)flash;
    task->regions[0] =
        (struct procbuf_region){ stack, stack + sizeof stacks[0], PROCBUF_ACCESS_READ_WRITE };
    task->regions[1] = (struct procbuf_region){ text, text + sizeof flash, PROCBUF_ACCESS_READ };
    task->regions[2] = (struct procbuf_region){ 0, 0, PROCBUF_ACCESS_READ }; /* not used */
    task->map = procbuf_map_of_regions(task->regions, REGIONS, &trusted);
    task->exists = true;
    task->birth = births++;
}

int main(void)
{
    const procbuf_addr_t constant = (procbuf_addr_t)flash, stack0 = (procbuf_addr_t)stacks[0],
                         stack1 = (procbuf_addr_t)stacks[1];
    procbuf_table_init_external(&task_table, task_is_live, tasks);
    create_task(0);
    create_task(1);
    memcpy(flash, "an item", ITEM_LEN);

    if (syscall_receive(1, stack1 + 8) != PROCBUF_OK || syscall_send(0, 1, constant) != PROCBUF_OK)
        return 1;
    printf("task 1 has: %s\n", (const char *)&stacks[1][8]);

    /* Wrong ranges: an item half outside, another task's stack, a place that it may only read. */
    if (syscall_send(0, 1, stack0 + 57) != PROCBUF_INVAL ||
        syscall_send(0, 1, stack1) != PROCBUF_INVAL ||
        syscall_receive(1, constant) != PROCBUF_INVAL)
        return 1;

    /* The receiver loses its stack's upper half while it waits: nothing is written there. */
    memset(stacks[1], 0, sizeof stacks[1]);
    if (syscall_receive(1, stack1 + 32) != PROCBUF_OK)
        return 1;
    tasks[1].regions[0].end = stack1 + 32;
    if (syscall_send(0, 1, constant) != PROCBUF_INVAL || stacks[1][32] != 0)
        return 1;
    tasks[1].regions[0].end = stack1 + 64;
    if (syscall_send(0, 1, constant) != PROCBUF_OK || stacks[1][32] != 'a')
        return 1;

    /* It is deleted, and another task takes its place: what the old one awaited is dead. */
    tasks[1].exists = false;
    if (syscall_send(0, 1, constant) != PROCBUF_INVAL)
        return 1;
    create_task(1);
    return syscall_send(0, 1, constant) != PROCBUF_INVAL;
}
