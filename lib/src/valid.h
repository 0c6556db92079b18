/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What holds for each type while no function of the library works on it: one predicate for each
 * type, in constant time, over the kernel's own objects alone. Checked builds test it on entry and
 * exit of every public function, or on entry only if the function only reads. */
#ifndef PROCBUF_SRC_VALID_H
#define PROCBUF_SRC_VALID_H

#include "implementation.h"

#include <procbuf/elements.h>
#include <procbuf/grant.h>
#include <procbuf/map.h>
#include <procbuf/stream.h>

#include "process.h"
#include "require.h"

#ifndef PROCBUF_CHECKED
#define PROCBUF_KEEPS(type, object) ((void)0)
#else

#ifdef PROCBUF_EXITS_ARE_COMPARED
/* After each call the testbed compares all state with its model, which says more than a panic here
 * would, and would never be reached. */
#define PROCBUF_KEEPS(type, object) PROCBUF_VERIFY(procbuf_##type##_is_valid(object))
#define PROCBUF_VERIFIER(type)
#else
/* The object is valid here, and will be when the function returns, by whatever way. */
#define PROCBUF_KEEPS(type, object)                                                                \
    PROCBUF_VERIFY(procbuf_##type##_is_valid(object));                                             \
    const struct procbuf_##type *const kept_##type                                                 \
        __attribute__((cleanup(procbuf_##type##_verify))) = (object)

#define PROCBUF_VERIFIER(type)                                                                     \
    static inline void procbuf_##type##_verify(const struct procbuf_##type *const *object)         \
    {                                                                                              \
        PROCBUF_VERIFY(procbuf_##type##_is_valid(*object));                                        \
    }
#endif

/* Ours has slots, a foreign one a liveness function; neither has what is the other's. */
static inline bool procbuf_table_is_valid(const struct procbuf_table *table)
{
    const struct procbuf_table_private *self = &table->private_;
    if (self->is_live != NULL)
        return self->slots == NULL && self->slot_count == 0 && self->grants == NULL;
    return (self->slots != NULL || self->slot_count == 0) &&
           (self->grants != NULL || self->grants_per_process == 0);
}
PROCBUF_VERIFIER(table)

static inline bool procbuf_is_slot_of(const struct procbuf_table *table,
                                      const struct procbuf_process *process)
{
    return process >= table->private_.slots &&
           process < table->private_.slots + table->private_.slot_count;
}

/* L2 */
static inline bool procbuf_state_is_valid(struct procbuf_state state)
{
    const bool was_yielded_for = state.stopped_from == PROCBUF_STATE_YIELDED_FOR;
    if (state.kind == PROCBUF_STATE_STOPPED)
        return state.stopped_from <= PROCBUF_STATE_YIELDED_FOR &&
               (was_yielded_for || state.yielded_for == 0);
    return state.kind <= PROCBUF_STATE_TERMINATED && state.stopped_from == state.kind &&
           (was_yielded_for || state.yielded_for == 0);
}

/* A slot: empty, or a process in a table of ours, in order (I1) and with an identifier that was given
 * out (L1). */
static inline bool procbuf_process_is_valid(const struct procbuf_process *process)
{
    const struct procbuf_process_private *self = &process->private_;
    if (self->table == NULL)
        return self->identifier == PROCBUF_NO_IDENTIFIER;
    return procbuf_table_is_valid(self->table) && procbuf_is_slot_of(self->table, process) &&
           self->identifier < self->table->private_.next_identifier &&
           procbuf_process_is_in_order(self) && self->mem_start <= self->initial_app_break &&
           self->initial_app_break <= self->initial_kernel_break &&
           self->initial_kernel_break <= self->mem_end &&
           self->flash_start <= self->flash_protected_end &&
           self->flash_protected_end <= self->flash_end && procbuf_state_is_valid(self->state) &&
           self->completion <= PROCBUF_COMPLETION_WITH_CODE;
}
PROCBUF_VERIFIER(process)

/* No process, one of a slot of ours, or one of a foreign table. */
static inline bool procbuf_id_private_is_valid(const struct procbuf_id_private *id)
{
    if (id->table == NULL)
        return id->process == NULL;
    return procbuf_table_is_valid(id->table) &&
           (id->process == NULL ? id->table->private_.is_live != NULL
                                : procbuf_is_slot_of(id->table, id->process));
}
PROCBUF_VERIFIER(id_private)

/* A range of at least one byte is not null and does not wrap, whoever built it (B3, B6). */
static inline bool procbuf_buffer_private_is_valid(const struct procbuf_buffer_private *buffer)
{
    return procbuf_id_private_is_valid(&buffer->id) &&
           (buffer->len == 0 ||
            (buffer->addr != 0 &&
             buffer->len <= (procbuf_addr_t)((procbuf_addr_t)-1 - buffer->addr))) &&
           (buffer->slot_addr != 0 || buffer->slot_swaps == 0 || buffer->id.process == NULL);
}
PROCBUF_VERIFIER(buffer_private)

/* M5: a process of ours, or one of the kernel's own. */
static inline bool procbuf_lender_is_valid(const struct procbuf_lender *lender)
{
    return lender->build_ != NULL && lender->id_.private_.process == NULL &&
           procbuf_id_private_is_valid(&lender->id_.private_) &&
           (lender->keeper_ == NULL || lender->map_ != NULL) &&
           (lender->process_ == NULL || lender->map_ == NULL);
}
PROCBUF_VERIFIER(lender)

/* M1: zeroed, an array, or a function. */
static inline bool procbuf_map_is_valid(const struct procbuf_map *map)
{
    return (map->regions_ != NULL || map->count_ == 0) &&
           (map->lookup_ == NULL || map->regions_ == NULL);
}

/* M6: zeroed, or what a lender of a map built. */
static inline bool procbuf_slot_private_is_valid(const struct procbuf_slot_private *slot)
{
    return procbuf_buffer_private_is_valid(&slot->held) && slot->held.id.process == NULL &&
           (slot->keeper.holds != NULL || slot->swaps == 0);
}
PROCBUF_VERIFIER(slot_private)

/* H5 */
static inline bool procbuf_readable_is_valid(const struct procbuf_readable *slice)
{
    return slice->base_ != NULL;
}

static inline bool procbuf_writable_is_valid(const struct procbuf_writable *slice)
{
    return slice->base_ != NULL;
}

/* G2, G3: what is entered is allocated, and what a driver has entered is a driver's. */
static inline bool
procbuf_grant_entry_private_is_valid(const struct procbuf_grant_entry_private *entry)
{
    if (!entry->allocated)
        return !entry->entered && !entry->entered_by_driver && entry->driver == NULL;
    return !entry->entered_by_driver || (entry->entered && entry->driver != NULL);
}
PROCBUF_VERIFIER(grant_entry_private)

static inline bool procbuf_position_is_valid(const struct procbuf_position *position, size_t count)
{
    return position->index < count || (position->index == count && position->offset == 0);
}

/* H8 */
static inline bool procbuf_reader_is_valid(const struct procbuf_reader *reader)
{
    return (reader->buffers_ != NULL || reader->count_ == 0) &&
           procbuf_position_is_valid(&reader->position_, reader->count_);
}
PROCBUF_VERIFIER(reader)

static inline bool procbuf_writer_is_valid(const struct procbuf_writer *writer)
{
    return (writer->buffers_ != NULL || writer->count_ == 0) &&
           procbuf_position_is_valid(&writer->position_, writer->count_);
}
PROCBUF_VERIFIER(writer)

#endif
#endif
