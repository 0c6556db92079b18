/* The break. Contract: K. */
#include "rules.h"

/* K1. Returns: the process error. */
static int brk(unsigned slot, uint64_t new_break, struct prediction *p)
{
    const struct model_process *process = &model.processes[slot];
    const uint64_t old_break = process->app_break;
    RULE("K1");
    if (!model_is_active(process))
        return INACTIVE_APP;
    if (new_break < process->mark || new_break >= process->mem_end)
        return ADDRESS_OUT_OF_BOUNDS;
    if (new_break > process->kernel_break)
        return OUT_OF_MEMORY;
    if (!model_gives(slot, new_break, process->kernel_break, p))
        return OUT_OF_MEMORY;
    RULE("K1");
    model_change(slot)->app_break = new_break;
    model_label_ram(slot);
    answers_with(p, 'a', old_break);
    return OK;
}

void predict_break(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    const uint8_t code = call->op->code;
    const bool by_distance = code == OP_SBRK || code == OP_MEMOP_SBRK;
    const uint64_t old_break = model.processes[slot].app_break;
    const int error =
        brk(slot, by_distance ? (uintptr_t)(old_break + call->args[1]) : call->args[1], p);
    if (code == OP_BRK || code == OP_SBRK) {
        if (code == OP_SBRK)
            RULE("K2");
        answers(p, OUTCOME_PROCESS_ERROR, error);
        return;
    }
    RULE("K3");
    if (code == OP_MEMOP_BRK)
        p->outcome.value_count = 0;
    answers(p, OUTCOME_CODE, error == OK ? OK : NOMEM);
}
