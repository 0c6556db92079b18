/* Process tables, ids, creation and removal. Contract: P4, L1, L8, B7. */
#include "implementation.h"

#include <procbuf/capability.h>
#include <procbuf/process.h>

#include "grant.h"
#include "memory.h"
#include "process.h"
#include "range.h"
#include "require.h"
#include "valid.h"

/*@ requires \valid(process);
    assigns process->private_.table, process->private_.identifier;
    ensures process->private_.table == \null;
    ensures process->private_.identifier == PROCBUF_NO_IDENTIFIER; */
static void empty_slot(struct procbuf_process *process)
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
        empty_slot(&slots[index]);
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
    const struct procbuf_table *table = id->table;
    return table != NULL &&
           table->private_.is_live(*index, id->identifier, table->private_.is_live_data);
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

/*@ predicate has_slots{L}(struct procbuf_table *table) =
      \valid(table) && \valid(table->private_.slots + (0 .. table->private_.slot_count - 1));

    predicate is_slot{L}(struct procbuf_process *process, struct procbuf_table *table) =
      \exists integer i; 0 <= i < table->private_.slot_count &&
                         process == table->private_.slots + i; */

/*@ requires has_slots(table);
    assigns \nothing;
    ensures \result != \null <==>
              index < table->private_.slot_count &&
              table->private_.slots[index].private_.table != \null;
    ensures \result != \null ==>
              (struct procbuf_process *)\result == table->private_.slots + index; */
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

/* The ends of a new process's two regions, none of which wraps. */
struct layout {
    procbuf_addr_t flash_protected_end;
    procbuf_addr_t flash_end;
    procbuf_addr_t mem_end;
    procbuf_addr_t app_break;
    procbuf_addr_t kernel_break;
};

/* P4, the half that looks at one process alone. What comes out keeps I1. */
/*@ requires \valid_read(config) && \valid(layout_out) && \separated(config, layout_out);
    assigns *layout_out;
    ensures \result <==>
              (config->flash_start != 0 || config->flash_len == 0) &&
              (config->mem_start != 0 || config->mem_len == 0) &&
              config->flash_start + config->flash_len <= PROCBUF_ADDR_MAX &&
              config->mem_start + config->mem_len <= PROCBUF_ADDR_MAX &&
              config->flash_protected_len <= config->flash_len &&
              config->initial_app_len + config->initial_kernel_len <= config->mem_len;
    ensures \result ==>
              layout_out->flash_protected_end == config->flash_start + config->flash_protected_len &&
              layout_out->flash_end == config->flash_start + config->flash_len &&
              layout_out->mem_end == config->mem_start + config->mem_len &&
              layout_out->app_break == config->mem_start + config->initial_app_len &&
              layout_out->kernel_break == layout_out->mem_end - config->initial_kernel_len &&
              layout_out->app_break <= layout_out->kernel_break;
    ensures !\result ==> *layout_out == \old(*layout_out); */
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
/*@ assigns \nothing; */
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

/*@ requires has_slots(table);
    assigns \nothing;
    ensures \result != \null ==> is_slot(\result, table) && \result->private_.table == \null;
    ensures \result == \null ==>
              \forall integer i; 0 <= i < table->private_.slot_count ==>
                table->private_.slots[i].private_.table != \null; */
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
/*@ requires \valid(process) && \valid(table) && \valid_read(config) && \valid_read(layout);
    requires \separated(process, table, config, layout);
    requires config->mem_start <= layout->app_break <= layout->kernel_break <= layout->mem_end;
    requires layout->flash_protected_end <= layout->flash_end;
    assigns process->private_;
    ensures occupied(process) && is_active(&process->private_);
    ensures process->private_.table == table;
    ensures process->private_.identifier == identifier;
    ensures process->private_.mem_start == config->mem_start;
    ensures process->private_.app_break == config->mem_start;
    ensures process->private_.mark == config->mem_start;
    ensures process->private_.kernel_break == layout->kernel_break; */
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
    procbuf_process_forget_grants(process);
}

/* P4 and I9, but for other processes' memory. */
/*@ requires has_slots(table) && table->private_.slots != \null;
    requires \valid_read(config) && \valid(process_out);
    requires \separated(table, config, process_out,
                        table->private_.slots + (0 .. table->private_.slot_count - 1));
    assigns table->private_.next_identifier,
            table->private_.slots[0 .. table->private_.slot_count - 1], *process_out,
            zeroed_start, zeroed_end, asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    ensures \result == PROCBUF_OK || \result == PROCBUF_INVAL || \result == PROCBUF_NOMEM;
    ensures \result == PROCBUF_OK ==>
              occupied(*process_out) && is_active(&(*process_out)->private_);
    ensures \result == PROCBUF_OK ==> is_slot(*process_out, table);
    ensures \result == PROCBUF_OK ==> (*process_out)->private_.table == table;
    ensures \result == PROCBUF_OK ==>
              (*process_out)->private_.identifier == \old(table->private_.next_identifier);
    ensures \result == PROCBUF_OK ==>
              (*process_out)->private_.mark == config->mem_start &&
              (*process_out)->private_.app_break == config->mem_start + config->initial_app_len;
    ensures \result == PROCBUF_OK ==>
              agreed == \true &&
              gives(&(*process_out)->private_, (*process_out)->private_.app_break,
                    (*process_out)->private_.kernel_break) &&
              was_zeroed_before(config->mem_start, (*process_out)->private_.app_break);
    ensures \result != PROCBUF_OK ==> *process_out == \old(*process_out);
    ensures \result != PROCBUF_OK ==>
              \forall integer i; 0 <= i < table->private_.slot_count ==>
                table->private_.slots[i].private_.table ==
                  \old(table->private_.slots[i].private_.table); */
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
        empty_slot(process);
        return PROCBUF_NOMEM;
    }
    process->private_.app_break = layout.app_break;
    *process_out = process;
    return PROCBUF_OK;
}

/*@ requires occupied(process);
    assigns process->private_.table, process->private_.identifier,
            asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    behavior entered:
      assumes process->private_.open_enters != \null;
      assigns \nothing;
      ensures \result == PROCBUF_BUSY;
    behavior removed:
      assumes process->private_.open_enters == \null;
      ensures \result == PROCBUF_OK && process->private_.table == \null;
      ensures process->private_.identifier == PROCBUF_NO_IDENTIFIER;
      ensures asked.table == \old(process->private_.table);
      ensures asked.identifier == \old(process->private_.identifier) && leaves_nothing(asked);
    complete behaviors;
    disjoint behaviors; */
enum procbuf_error procbuf_process_remove(struct procbuf_process *process)
{
    PROCBUF_KEEPS(process, process);
    struct procbuf_process_private *self = procbuf_process_self(process);
    if (self->open_enters != NULL)
        return PROCBUF_BUSY;
    procbuf_process_revoke(process);
    empty_slot(process);
    return PROCBUF_OK;
}
