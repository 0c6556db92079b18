/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Tables, identity and liveness. Contract: L1, L3, B7, R2, R4. */
#define WORLD_HAS_NO_BYTES
#include "world.h"

HARNESS(table_init)
{
    struct procbuf_table made;
    const uint8_t count = nondet_u8();
    ASSUME(count <= SLOTS);
    procbuf_table_init(&made, slots, count);
    CLAIM(procbuf_table_is_valid(&made));
    CLAIM(made.private_.slots == slots && made.private_.slot_count == count &&
          made.private_.next_identifier == 0);
    CLAIM(made.private_.grants == NULL && made.private_.grants_per_process == 0);
    for (unsigned slot = 0; slot < SLOTS; slot++)
        if (slot < count)
            CLAIM(slots[slot].private_.table == NULL &&
                  slots[slot].private_.identifier == PROCBUF_NO_IDENTIFIER);
    CLAIM(no_more());
}

HARNESS(table_init_external)
{
    struct procbuf_table made;
    const bool has_function = any_bool();
    PANICS(2, !has_function);
    procbuf_table_init_external(&made, has_function ? foreign_is_live : NULL, &foreign_data);
    NO_PANIC();
    CLAIM(procbuf_table_is_valid(&made));
    CLAIM(made.private_.is_live == foreign_is_live && made.private_.is_live_data == &foreign_data);
    CLAIM(made.private_.slots == NULL && made.private_.slot_count == 0 &&
          made.private_.grants == NULL);
    CLAIM(procbuf_table_slot(&made, nondet_u32()) == NULL);
}

HARNESS(id_new_external)
{
    any_world();
    any_foreign();
    const bool is_foreign = any_bool(), has_capability = any_bool();
    const uint32_t index = nondet_u32();
    const uint64_t identifier = nondet_u64();
    PANICS(2, !has_capability || !is_foreign);
    const struct procbuf_id id = procbuf_id_new_external(
        is_foreign ? &foreign : &table, index, identifier, has_capability ? &capability : NULL);
    NO_PANIC();
    CLAIM(id.private_.table == &foreign && id.private_.process == NULL && id.index_ == index);
    CLAIM(id.private_.identifier == identifier && procbuf_id_private_is_valid(&id.private_));
}

HARNESS(id_is_live)
{
    any_world();
    any_foreign();
    remember();
    const struct procbuf_id id = any_id();
    const bool result = procbuf_id_is_live(id);
    CLAIM(result == lives(id));
    CLAIM(foreign_questions == (id.private_.table == &foreign ? 1 : 0));
    CLAIM(all_is_same() && no_more());
    REACH(result && id.private_.table == &table);
    REACH(result && id.private_.table == &foreign);
    REACH(!result && id.private_.table == &table && slots[id.index_].private_.table != NULL);
    REACH(!result && id.private_.table == NULL);
}

HARNESS(id_equal)
{
    any_world();
    any_foreign();
    const struct procbuf_id a = any_id(), b = any_id();
    const bool result = procbuf_id_equal(a, b);
    CLAIM(result == (a.private_.table == b.private_.table && a.index_ == b.index_ &&
                     a.private_.identifier == b.private_.identifier));
    CLAIM(IMPLIES(result, lives(a) == lives(b)));
    REACH(result);
    REACH(!result && a.private_.table == b.private_.table && a.index_ == b.index_);
    REACH(!result && a.private_.table == b.private_.table &&
          a.private_.identifier == b.private_.identifier);
}

HARNESS(table_slot)
{
    any_world();
    table.private_.slot_count = nondet_u32();
    ASSUME(table.private_.slot_count <= SLOTS);
    remember();
    const uint32_t index = nondet_u32();
    struct procbuf_process *process = procbuf_table_slot(&table, index);
    const bool is_there = index < table.private_.slot_count &&
                          slots[index < SLOTS ? index : 0].private_.table != NULL;
    CLAIM(process == (is_there ? &slots[index] : NULL));
    CLAIM(all_is_same());
    REACH(process == &slots[1]);
    REACH(process == NULL && index < table.private_.slot_count);
}

HARNESS(table_lookup)
{
    any_world();
    any_foreign();
    remember();
    const struct procbuf_id id = any_id();
    struct procbuf_process *process = procbuf_table_lookup(&table, id);
    const bool is_there = id.private_.table == &table && lives(id);
    CLAIM(process == (is_there ? &slots[id.index_] : NULL));
    CLAIM(procbuf_table_lookup(&foreign, id) == NULL);
    CLAIM(all_is_same() && no_more());
    REACH(process != NULL && !is_active_in(process->private_.state));
    REACH(process == NULL && id.private_.table == &table);
}

/* An id that a process has now finds it, whatever its state; after its life it finds nothing. */
HARNESS_OF_EITHER(process_id)
{
    const struct procbuf_id id = procbuf_process_id(process);
    CLAIM(id.private_.table == &table && id.private_.process == process &&
          id.index_ == slot_of(process));
    CLAIM(id.private_.identifier == process->private_.identifier && procbuf_id_is_live(id));
    CLAIM(procbuf_table_lookup(&table, id) == process);
    CLAIM(all_is_same() && no_more());
    procbuf_table_empty_slot(process);
    CLAIM(!procbuf_id_is_live(id) && procbuf_table_lookup(&table, id) == NULL);
}

HARNESS(take_identifier)
{
    any_world();
    remember();
    uint64_t taken = nondet_u64();
    const uint64_t before = taken;
    const bool result = procbuf_table_take_identifier(&table, &taken);
    const uint64_t first = table_before.private_.next_identifier;
    CLAIM(result == (first != UINT64_MAX));
    CLAIM(taken == (result ? first : before));
    CLAIM(table.private_.next_identifier == (result ? first + 1 : first));
    CLAIM(IMPLIES(result, taken != PROCBUF_NO_IDENTIFIER));
    REACH(!result);
    REACH(table.private_.next_identifier == UINT64_MAX && result);
}

HARNESS_OF_EITHER(forget_grants)
{
    procbuf_table_forget_grants(process);
    for (unsigned number = 0; number < GRANTS; number++)
        if (number < table.private_.grants_per_process) {
            const struct procbuf_grant_entry_private *entry = entry_at(slot_of(process), number);
            CLAIM(!entry->allocated && !entry->entered && !entry->entered_by_driver &&
                  entry->driver == NULL);
        }
    CLAIM(others_are_same(process) && same_slot(slot_of(process)) &&
          same_table(&table.private_, &table_before.private_));
}

HARNESS_OF_EITHER(grant_entry)
{
    const uint32_t number = nondet_u32();
    CLAIM(procbuf_table_grant_count(process) == table.private_.grants_per_process);
    ASSUME(number < table.private_.grants_per_process);
    CLAIM(procbuf_table_grant_entry(process, number) == entry_at(slot_of(process), number));
}

HARNESS(use_grants)
{
    any_world();
    const bool is_fresh = any_bool();
    if (is_fresh)
        procbuf_table_init(&table, slots, SLOTS);
    const uint32_t count = nondet_u32();
    PANICS(4, table.private_.next_identifier != 0 || table.private_.grants != NULL);
    procbuf_table_use_grants(&table, entries, count);
    NO_PANIC();
    CLAIM(table.private_.grants == entries && table.private_.grants_per_process == count);
    CLAIM(table.private_.slots == slots && table.private_.next_identifier == 0);
}
