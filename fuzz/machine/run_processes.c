/* Processes and ids: what is more than one call. */
#include "bug.h"
#include "execute.h"
#include "out.h"
#include "testbed.h"

void execute_create(struct testbed *t, const uint64_t args[8], struct outcome *outcome)
{
    const struct procbuf_process_config config = {
        .flash_start = (procbuf_addr_t)args[0],
        .flash_len = (size_t)args[1],
        .flash_protected_len = (size_t)args[2],
        .mem_start = (procbuf_addr_t)args[3],
        .mem_len = (size_t)args[4],
        .initial_app_len = (size_t)args[5],
        .initial_kernel_len = (size_t)args[6],
        .fault_policy = (args[7] & 1) != 0 ? PROCBUF_FAULT_RESTART : PROCBUF_FAULT_STOP,
    };
    struct procbuf_process *process;
    const struct out out = out_fill(&process, sizeof(struct procbuf_process *));
    answer_code(outcome, procbuf_process_create(&t->world->table, &config, &process));
    if (out_is_told(&out, outcome))
        value(outcome, 'p', (uint64_t)(process - t->world->slots));
}

void run_create(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    execute_create(t, call->args, outcome);
}

/* Once: machine.c goes on. */
void run_restart_many(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_why(outcome, procbuf_process_restart(&t->world->slots[call->args[0]], NULL));
}

/* A table of a third kernel has the same places, and counts the same lives. */
static void compare_with_third(const struct testbed *t, const struct model_id *expected,
                               struct procbuf_id id)
{
    const struct procbuf_table third = t->world->foreign;
    if (procbuf_id_equal(id, foreign_id_in(t, &third, expected->slot, expected->identifier)))
        bug_found("result", "ids-of-two-foreign-tables",
                  "expected: ids of two tables are not equal (L1)\n"
                  "actual: they are");
}

void run_lookup(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct procbuf_id id = t->world->ids[call->args[0]];
    const struct procbuf_process *process = procbuf_table_lookup(&t->world->table, id);
    const bool live = procbuf_id_is_live(id);
    const struct model_id *expected = &t->model.ids[call->args[0]];
    const struct procbuf_process *other = procbuf_table_lookup(&t->world->other, id);
    if (other != (model_id_is_others(&t->model, expected) ? &t->world->other_process : NULL))
        bug_found("result", "lookup-in-another-table",
                  "expected: each table finds its own processes (L1)\n"
                  "actual: the other table found %s",
                  other == NULL ? "none" : "a process");
    if (expected->foreign && !model_id_is_others(&t->model, expected))
        compare_with_third(t, expected, id);
    if (expected->foreign ? procbuf_table_lookup(&t->world->foreign, id) != NULL
                          : live != (process != NULL))
        bug_found("result", "lookup-and-liveness-differ",
                  "expected: an id is live iff its process can be looked up (L1)\n"
                  "actual: live %d, found %d",
                  live, process != NULL);
    answer_bool(outcome, process != NULL);
    if (process != NULL)
        value(outcome, 'p', (uint64_t)(process - t->world->slots));
}

void run_table_slot(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct procbuf_process *process =
        procbuf_table_slot(&t->world->table, (uint32_t)call->args[0]);
    if (procbuf_table_slot(&t->world->foreign, (uint32_t)call->args[0]) != NULL)
        bug_found("result", "foreign-table-has-slots",
                  "expected: a table of another kernel has no slots here (B7)\n"
                  "actual: it has slot %u",
                  (unsigned)call->args[0]);
    if (procbuf_table_slot(&t->world->other, (uint32_t)call->args[0]) !=
        (call->args[0] == 0 ? &t->world->other_process : NULL))
        bug_found("result", "other-table-slot",
                  "expected: the other table has one slot, in which its process is (L8)\n"
                  "actual: it is not, or there is slot %u",
                  (unsigned)call->args[0]);
    answer_bool(outcome, process != NULL);
    if (process != NULL)
        value(outcome, 'p', (uint64_t)(process - t->world->slots));
}
