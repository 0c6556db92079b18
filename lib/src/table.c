/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Process tables and ids. Contract: L1, B7. */
#include "implementation.h"

#include <procbuf/capability.h>
#include <procbuf/process.h>

#include "proved/table.h"
#include "require.h"
#include "table.h"
#include "valid.h"

void procbuf_table_empty_slot(struct procbuf_process *process)
{
    process->private_.table = NULL;
    process->private_.identifier = PROCBUF_NO_IDENTIFIER;
}

void procbuf_table_init(struct procbuf_table *table, struct procbuf_process *slots,
                        uint32_t slot_count)
{
    table->private_.is_live = NULL;
    table->private_.is_live_data = NULL;
    table->private_.slots = slots;
    table->private_.slot_count = slot_count;
    table->private_.grants = NULL;
    table->private_.grants_per_process = 0;
    table->private_.next_identifier = 0;
    for (uint32_t index = 0; index < slot_count; index++)
        procbuf_table_empty_slot(&slots[index]);
}

void procbuf_table_init_external(struct procbuf_table *table, procbuf_is_live_function *is_live,
                                 const void *data)
{
    PROCBUF_REQUIRE(R2, is_live != NULL);
    table->private_.is_live = is_live;
    table->private_.is_live_data = data;
    table->private_.slots = NULL;
    table->private_.slot_count = 0;
    table->private_.grants = NULL;
    table->private_.grants_per_process = 0;
    table->private_.next_identifier = 0;
}

struct procbuf_id
procbuf_id_new_external(const struct procbuf_table *table, uint32_t index, uint64_t identifier,
                        const struct procbuf_external_process_capability *capability)
{
    PROCBUF_KEEPS(table, table);
    PROCBUF_REQUIRE(R2, capability != NULL);
    PROCBUF_REQUIRE(R2, table->private_.is_live != NULL);
    return (struct procbuf_id){ { NULL, table, identifier }, index };
}

bool procbuf_foreign_life_goes_on(const uint32_t *index, const struct procbuf_id_private *id)
{
    return procbuf_foreign_life_goes_on_inline(*index, id);
}

bool procbuf_id_is_live(struct procbuf_id id)
{
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&id.private_));
    return procbuf_life_goes_on(&id.index_, &id.private_);
}

bool procbuf_id_equal(struct procbuf_id a, struct procbuf_id b)
{
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&a.private_) &&
                   procbuf_id_private_is_valid(&b.private_));
    return a.private_.table == b.private_.table && a.index_ == b.index_ &&
           a.private_.identifier == b.private_.identifier;
}

struct procbuf_process *procbuf_table_slot(const struct procbuf_table *table, uint32_t index)
{
    PROCBUF_KEEPS(table, table);
    if (index >= table->private_.slot_count)
        return NULL;
    struct procbuf_process *process = &table->private_.slots[index];
    return process->private_.table != NULL ? process : NULL;
}

struct procbuf_process *procbuf_table_lookup(const struct procbuf_table *table,
                                             struct procbuf_id id)
{
    PROCBUF_KEEPS(table, table);
    PROCBUF_VERIFY(procbuf_id_private_is_valid(&id.private_));
    if (id.private_.table != table || !procbuf_id_is_live(id))
        return NULL;
    return id.private_.process;
}

bool procbuf_table_take_identifier(struct procbuf_table *table, uint64_t *identifier_out)
{
    if (table->private_.next_identifier == PROCBUF_NO_IDENTIFIER)
        return false;
    *identifier_out = table->private_.next_identifier++;
    return true;
}

void procbuf_table_forget_grants(const struct procbuf_process *process)
{
    for (uint32_t number = 0; number < procbuf_table_grant_count(process); number++)
        *procbuf_table_grant_entry(process, number) =
            (struct procbuf_grant_entry_private){ .allocated = false };
}
