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

/* The break, moved by a distance: addresses wrap. */
static uint64_t moved(unsigned slot, uint64_t distance)
{
    return (uintptr_t)(model.processes[slot].app_break + distance);
}

void predict_brk(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    if (!model_is_empty_slot(slot, p))
        answers(p, OUTCOME_PROCESS_ERROR, brk(slot, call->args[1], p));
}

void predict_sbrk(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    if (model_is_empty_slot(slot, p))
        return;
    const int error = brk(slot, moved(slot, call->args[1]), p);
    RULE("K2");
    answers(p, OUTCOME_PROCESS_ERROR, error);
}

/* K3 */
static void predict_memop(unsigned slot, uint64_t new_break, struct prediction *p)
{
    const int error = brk(slot, new_break, p);
    RULE("K3");
    answers(p, OUTCOME_CODE, error == OK ? OK : NOMEM);
}

void predict_memop_brk(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    if (model_is_empty_slot(slot, p))
        return;
    predict_memop(slot, call->args[1], p);
    p->outcome.value_count = 0;
}

void predict_memop_sbrk(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    if (!model_is_empty_slot(slot, p))
        predict_memop(slot, moved(slot, call->args[1]), p);
}
