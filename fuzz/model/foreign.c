/* Processes of another kernel's table, which answers one question: is this life going on.
 * Contract: B6, B7, L1. */
#include "rules.h"

void predict_foreign_start(struct model *m, const struct call *call, struct prediction *p)
{
    struct model_foreign *process = &m->foreign[call->args[0]];
    RULE("B7");
    answers(p, OUTCOME_DONE, 0);
    *process = (struct model_foreign){ true, process->identifier + 1 };
    m->any_foreign = true;
}

void predict_foreign_end(struct model *m, const struct call *call, struct prediction *p)
{
    RULE("B7");
    answers(p, OUTCOME_DONE, 0);
    m->foreign[call->args[0]].live = false;
}

static void takes_id(struct model *m, const struct call *call, unsigned slot)
{
    m->ids[call->args[0]] = (struct model_id){ true, true, slot, m->foreign[slot].identifier };
}

void predict_take_foreign_id(struct model *m, const struct call *call, struct prediction *p)
{
    RULE("B7");
    answers(p, OUTCOME_DONE, 0);
    takes_id(m, call, (unsigned)call->args[1]);
}

/* Nothing is checked, liveness neither: it is the caller's duty that the memory is the process's. */
static void vouch(struct model *m, unsigned number, unsigned slot, uint64_t offset, uint64_t len,
                  struct prediction *p)
{
    const unsigned place = slot % MODEL_FOREIGN_COUNT; /* the other table's has that of the first */
    RULE("B6");
    if (offset + len > MODEL_FOREIGN_LEN) {
        skips(p, "R14");
        return;
    }
    answers(p, OUTCOME_DONE, 0);
    const struct model_buffer buffer = {
        .filled = true,
        .foreign = true,
        .slot = slot,
        .identifier = m->foreign[slot].identifier,
        .addr = (uint64_t)ARENA_BASE + ARENA_FOREIGN + (uint64_t)place * MODEL_FOREIGN_LEN + offset,
        .len = len,
    };
    model_fill_buffer(m, number, &buffer);
}

void predict_foreign_build(struct model *m, const struct call *call, struct prediction *p)
{
    vouch(m, model_buffer_named(call, 0), (unsigned)call->args[1], call->args[2], call->args[3], p);
}

/* ---- Our other table's process: no id or buffer of it is one of ours, however its numbers look ---- */

void predict_take_other_id(struct model *m, const struct call *call, struct prediction *p)
{
    RULE("L1");
    answers(p, OUTCOME_DONE, 0);
    takes_id(m, call, MODEL_OTHER);
}

void predict_other_restart(struct model *m, const struct call *call, struct prediction *p)
{
    (void)call;
    RULE("L1");
    m->foreign[MODEL_OTHER].identifier++;
    answers_why(p, OK);
}

void predict_other_build(struct model *m, const struct call *call, struct prediction *p)
{
    m->any_foreign = true;
    vouch(m, model_buffer_named(call, 0), MODEL_OTHER, call->args[1], call->args[2], p);
}
