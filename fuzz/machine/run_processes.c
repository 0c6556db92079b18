/* Processes, lives, states, the break, ids. */
#include "bug.h"
#include "execute.h"
#include "out.h"
#include "testbed.h"

static struct procbuf_process *process_of(const struct testbed *t, const struct call *call)
{
    return &t->world->slots[call->args[0]];
}

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

void run_remove(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_code(outcome, procbuf_process_remove(process_of(t, call)));
}

/* ---- Lives. Completion codes come as operands do: 0 none, else the code + 1 ---- */

void run_terminate(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const uint32_t code = (uint32_t)call->args[1] - 1;
    (void)outcome;
    procbuf_process_terminate(process_of(t, call), call->args[1] == 0 ? NULL : &code);
}

void run_restart(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const uint32_t code = (uint32_t)call->args[1] - 1;
    answer_why(outcome,
               procbuf_process_restart(process_of(t, call), call->args[1] == 0 ? NULL : &code));
}

/* Once: machine.c goes on. */
void run_restart_many(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_why(outcome, procbuf_process_restart(process_of(t, call), NULL));
}

void run_start(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_why(outcome, procbuf_process_start(process_of(t, call)));
}

void run_fault(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    procbuf_process_fault(process_of(t, call));
}

/* ---- States ---- */

void run_stop(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    procbuf_process_stop(process_of(t, call));
}

void run_resume(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    procbuf_process_resume(process_of(t, call));
}

void run_set_running(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    procbuf_process_set_running(process_of(t, call));
}

void run_set_yielded(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    procbuf_process_set_yielded(process_of(t, call));
}

void run_set_yielded_for(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    procbuf_process_set_yielded_for(process_of(t, call), (uint32_t)call->args[1]);
}

void run_return_to_user(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)t, (void)call, (void)outcome;
    procbuf_return_to_user();
}

/* ---- The break ---- */

void run_brk(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    procbuf_addr_t old_break;
    const struct out out = out_fill(&old_break, sizeof old_break);
    answer_process_error(outcome, procbuf_process_brk(process_of(t, call),
                                                      (procbuf_addr_t)call->args[1], &old_break));
    if (out_is_told(&out, outcome))
        value(outcome, 'a', old_break);
}

void run_sbrk(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    procbuf_addr_t old_break;
    const struct out out = out_fill(&old_break, sizeof old_break);
    answer_process_error(
        outcome, procbuf_process_sbrk(process_of(t, call), (intptr_t)call->args[1], &old_break));
    if (out_is_told(&out, outcome))
        value(outcome, 'a', old_break);
}

void run_memop_brk(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_code(outcome,
                procbuf_process_memop_brk(process_of(t, call), (procbuf_addr_t)call->args[1]));
}

void run_memop_sbrk(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    procbuf_addr_t old_break;
    const struct out out = out_fill(&old_break, sizeof old_break);
    answer_code(outcome, procbuf_process_memop_sbrk(process_of(t, call), (intptr_t)call->args[1],
                                                    &old_break));
    if (out_is_told(&out, outcome))
        value(outcome, 'a', old_break);
}

/* ---- Ids ---- */

void run_take_id(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->ids[call->args[0]] = procbuf_process_id(&t->world->slots[call->args[1]]);
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

void run_id_equal(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer_bool(outcome,
                procbuf_id_equal(t->world->ids[call->args[0]], t->world->ids[call->args[1]]));
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
    answer_bool(outcome, process != NULL);
    if (process != NULL)
        value(outcome, 'p', (uint64_t)(process - t->world->slots));
}
