/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Creation and removal of processes. Contract: P4, L8, I9. */
#include "implementation.h"

#include <procbuf/process.h>

#include "process.h"
#include "range.h"
#include "require.h"
#include "table.h"
#include "valid.h"

/* The ends of a new process's two regions, none of which wraps. */
struct layout {
    procbuf_addr_t flash_protected_end;
    procbuf_addr_t flash_end;
    procbuf_addr_t mem_end;
    procbuf_addr_t app_break;
    procbuf_addr_t kernel_break;
};

#include "proved/creation.h" /* which speaks of layouts */

/* P4, the half that looks at one process alone. What comes out keeps I1. */
static bool layout_from_config(const struct procbuf_process_config *config,
                               struct layout *layout_out)
{
    struct layout layout;
    if (procbuf_range_has_null(config->flash_start, config->flash_len) ||
        procbuf_range_has_null(config->mem_start, config->mem_len))
        return false;
    if (!procbuf_range_end(config->flash_start, config->flash_len, &layout.flash_end) ||
        !procbuf_range_end(config->mem_start, config->mem_len, &layout.mem_end))
        return false;
    if (config->flash_protected_len > config->flash_len)
        return false;
    if (config->initial_kernel_len > config->mem_len ||
        config->initial_app_len > config->mem_len - config->initial_kernel_len)
        return false;
    layout.flash_protected_end =
        (procbuf_addr_t)(config->flash_start + (procbuf_addr_t)config->flash_protected_len);
    layout.app_break =
        (procbuf_addr_t)(config->mem_start + (procbuf_addr_t)config->initial_app_len);
    layout.kernel_break =
        (procbuf_addr_t)(layout.mem_end - (procbuf_addr_t)config->initial_kernel_len);
    *layout_out = layout;
    return true;
}

static bool overlaps_process(procbuf_addr_t start, procbuf_addr_t end,
                             const struct procbuf_process_private *other)
{
    return procbuf_range_overlaps(start, end, other->mem_start, other->mem_end) ||
           procbuf_range_overlaps(start, end, other->flash_start, other->flash_end);
}

/* What P4 says about two processes is not proved: the loop is over all slots. */
static bool layout_is_free(const struct procbuf_table *table,
                           const struct procbuf_process_config *config, const struct layout *layout)
{
    if (procbuf_range_overlaps(config->flash_start, layout->flash_end, config->mem_start,
                               layout->mem_end))
        return false;
    for (uint32_t index = 0; index < table->private_.slot_count; index++) {
        const struct procbuf_process *other = procbuf_table_slot(table, index);
        if (other == NULL)
            continue;
        if (overlaps_process(config->flash_start, layout->flash_end, &other->private_) ||
            overlaps_process(config->mem_start, layout->mem_end, &other->private_))
            return false;
    }
    return true;
}

static struct procbuf_process *find_empty_slot(const struct procbuf_table *table)
{
    /*@ loop assigns index;
        loop invariant 0 <= index <= table->private_.slot_count;
        loop invariant \forall integer i; 0 <= i < index ==>
                         table->private_.slots[i].private_.table != \null;
        loop variant table->private_.slot_count - index; */
    for (uint32_t index = 0; index < table->private_.slot_count; index++)
        if (procbuf_table_slot(table, index) == NULL)
            return &table->private_.slots[index];
    return NULL;
}

/* Fill an empty slot. No byte of RAM is the process's yet: its break is where its RAM begins. */
static void fill_slot(struct procbuf_process *process, struct procbuf_table *table,
                      uint64_t identifier, const struct procbuf_process_config *config,
                      const struct layout *layout)
{
    process->private_ = (struct procbuf_process_private){
        .table = table,
        .identifier = identifier,
        .flash_start = config->flash_start,
        .flash_protected_end = layout->flash_protected_end,
        .flash_end = layout->flash_end,
        .mem_start = config->mem_start,
        .mem_end = layout->mem_end,
        .initial_app_break = layout->app_break,
        .initial_kernel_break = layout->kernel_break,
        .app_break = config->mem_start,
        .kernel_break = layout->kernel_break,
        .mark = config->mem_start,
        .state = { PROCBUF_STATE_YIELDED, PROCBUF_STATE_YIELDED, 0 },
        .fault_policy = config->fault_policy,
        .completion = PROCBUF_COMPLETION_NEVER_ENDED,
    };
    procbuf_table_forget_grants(process);
}

/* P4 and I9, but for other processes' memory. */
enum procbuf_error procbuf_process_create(struct procbuf_table *table,
                                          const struct procbuf_process_config *config,
                                          struct procbuf_process **process_out)
{
    PROCBUF_KEEPS(table, table);
    PROCBUF_REQUIRE(R3, table->private_.slots != NULL);
    struct layout layout;
    if (!layout_from_config(config, &layout) || !layout_is_free(table, config, &layout))
        return PROCBUF_INVAL;
    struct procbuf_process *process = find_empty_slot(table);
    uint64_t identifier;
    if (process == NULL || !procbuf_table_take_identifier(table, &identifier))
        return PROCBUF_NOMEM;
    fill_slot(process, table, identifier, config, &layout);
    if (!procbuf_process_give(process, layout.app_break, layout.kernel_break)) {
        procbuf_table_empty_slot(process);
        return PROCBUF_NOMEM;
    }
    process->private_.app_break = layout.app_break;
    *process_out = process;
    return PROCBUF_OK;
}

enum procbuf_error procbuf_process_remove(struct procbuf_process *process)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (self->open_enters != NULL)
        return PROCBUF_BUSY;
    procbuf_process_revoke(process);
    procbuf_table_empty_slot(process);
    return PROCBUF_OK;
}
