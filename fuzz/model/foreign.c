/* Processes of another kernel's table, which answers one question: is this life going on.
 * Contract: B6, B7, L1. */
#include "rules.h"

void predict_foreign_life(const struct call *call, struct prediction *p)
{
    const bool takes_id = call->op->code == OP_TAKE_FOREIGN_ID;
    const unsigned slot = (unsigned)call->args[takes_id ? 1 : 0] % MODEL_FOREIGN_COUNT;
    struct model_foreign *process = &model.foreign[slot];
    RULE("B7");
    answers(p, OUTCOME_DONE, 0);
    if (takes_id) {
        model.ids[call->args[0]] = (struct model_id){ true, true, slot, process->identifier };
    } else if (call->op->code == OP_FOREIGN_START) {
        *process = (struct model_foreign){ true, process->identifier + 1 };
        model.any_foreign = true;
    } else {
        process->live = false;
    }
}

/* Nothing is checked, liveness neither: it is the caller's duty that the memory is the process's. */
static void vouch(unsigned number, unsigned slot, uint64_t offset, uint64_t len,
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
        .identifier = model.foreign[slot].identifier,
        .addr = (uint64_t)ARENA_BASE + ARENA_FOREIGN + (uint64_t)place * MODEL_FOREIGN_LEN + offset,
        .len = len,
    };
    model_fill_buffer(number, &buffer);
}

void predict_foreign_build(const struct call *call, struct prediction *p)
{
    const bool writable = call->op->code == OP_FOREIGN_READWRITE;
    vouch((unsigned)call->args[0] + (writable ? TRACE_BUFFER_COUNT : 0),
          (unsigned)call->args[1] % MODEL_FOREIGN_COUNT, call->args[2], call->args[3], p);
}

/* Our other table's process: no id or buffer of it is one of ours, however its numbers look. */
void predict_other(const struct call *call, struct prediction *p)
{
    const uint8_t code = call->op->code;
    struct model_foreign *process = &model.foreign[MODEL_OTHER];
    RULE("L1");
    answers(p, OUTCOME_DONE, 0);
    if (code == OP_TAKE_OTHER_ID) {
        model.ids[call->args[0]] =
            (struct model_id){ true, true, MODEL_OTHER, process->identifier };
    } else if (code == OP_OTHER_RESTART) {
        process->identifier++;
        answers_why(p, OK);
    } else {
        model.any_foreign = true;
        vouch((unsigned)call->args[0] + (code == OP_OTHER_READWRITE ? TRACE_BUFFER_COUNT : 0),
              MODEL_OTHER, call->args[1], call->args[2], p);
    }
}
