/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the library's files share about tables: slots, identifiers, and the entries of grants. */
#ifndef PROCBUF_SRC_TABLE_H
#define PROCBUF_SRC_TABLE_H

#include "implementation.h"

#include <procbuf/grant.h>
#include <procbuf/process.h>

/*@ predicate has_slots{L}(struct procbuf_table *table) =
      \valid(table) && \valid(table->private_.slots + (0 .. table->private_.slot_count - 1));

    predicate is_slot{L}(struct procbuf_process *process, struct procbuf_table *table) =
      \exists integer i; 0 <= i < table->private_.slot_count &&
                         process == table->private_.slots + i; */

/* An empty slot's identifier: no process ever has it. */
#define PROCBUF_NO_IDENTIFIER UINT64_MAX

/* Leave a slot without a process. */
/*@ requires \valid(process);
    assigns process->private_.table, process->private_.identifier;
    ensures process->private_.table == \null;
    ensures process->private_.identifier == PROCBUF_NO_IDENTIFIER; */
void procbuf_table_empty_slot(struct procbuf_process *process);

/* Take the next identifier. Returns: false when the counter is spent. */
/*@ requires \valid(table) && \valid(identifier_out) && \separated(table, identifier_out);
    assigns table->private_.next_identifier, *identifier_out;
    ensures \result <==> \old(table->private_.next_identifier) != PROCBUF_NO_IDENTIFIER;
    ensures \result ==> *identifier_out == \old(table->private_.next_identifier) &&
                        table->private_.next_identifier == *identifier_out + 1;
    ensures !\result ==> *identifier_out == \old(*identifier_out) &&
                         table->private_.next_identifier == PROCBUF_NO_IDENTIFIER; */
bool procbuf_table_take_identifier(struct procbuf_table *table, uint64_t *identifier_out);

/* Ask whether a life goes on, of an id without a slot: a foreign one's, or no one's. Inline for a path
 * that is short. */
static inline bool procbuf_foreign_life_goes_on_inline(uint32_t index,
                                                       const struct procbuf_id_private *id)
{
    const struct procbuf_table *table = id->table;
    return table != NULL &&
           table->private_.is_live(index, id->identifier, table->private_.is_live_data);
}

/* The same. In: index by its place, since only a foreign table needs it. */
bool procbuf_foreign_life_goes_on(const uint32_t *index, const struct procbuf_id_private *id);

/* Ask whether a life goes on. In: index by its place, since only a foreign table needs it.
 * Contract: L1, B7. */
PROCBUF_INLINE bool procbuf_life_goes_on(const uint32_t *index, const struct procbuf_id_private *id)
{
    if (id->process == NULL)
        return procbuf_foreign_life_goes_on(index, id);
    return id->process->private_.identifier == id->identifier;
}

/* How many grants a process of this one's table has. */
static inline uint32_t procbuf_table_grant_count(const struct procbuf_process *process)
{
    return process->private_.table->private_.grants_per_process;
}

/* The entry of a grant of the process: its number is below the count. */
static inline struct procbuf_grant_entry_private *
procbuf_table_grant_entry(const struct procbuf_process *process, uint32_t grant_number)
{
    const struct procbuf_table_private *table = &process->private_.table->private_;
    const size_t slot = (size_t)(process - table->slots);
    return &table->grants[slot * table->grants_per_process + grant_number].private_;
}

/* End of a life: no grant is allocated or entered any more. */
/*@ assigns \nothing; // of what proofs speak of: the entries of grants are apart */
void procbuf_table_forget_grants(const struct procbuf_process *process);

#endif
