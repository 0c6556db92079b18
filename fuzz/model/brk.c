/* The break. Contract: K. */
#include "rules.h"

/* K1. Returns: the process error. */
static int brk(struct model *m, unsigned slot, uint64_t new_break, struct prediction *p)
{
    const struct model_process *process = &m->processes[slot];
    const uint64_t old_break = process->app_break;
    RULE("K1");
    if (!model_is_active(process))
        return INACTIVE_APP;
    if (new_break < process->mark || new_break >= process->mem_end)
        return ADDRESS_OUT_OF_BOUNDS;
    if (new_break > process->kernel_break)
        return OUT_OF_MEMORY;
    if (!model_gives(m, slot, new_break, process->kernel_break, p))
        return OUT_OF_MEMORY;
    RULE("K1");
    model_change(m, slot)->app_break = new_break;
    model_label_ram(m, slot);
    answers_with(p, 'a', old_break);
    return OK;
}

/* The break, moved by a distance: addresses wrap. */
static uint64_t moved(const struct model *m, unsigned slot, uint64_t distance)
{
    return (uintptr_t)(m->processes[slot].app_break + distance);
}

void predict_brk(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    if (!model_is_empty_slot(m, slot, p))
        answers(p, OUTCOME_PROCESS_ERROR, brk(m, slot, call->args[1], p));
}

void predict_sbrk(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    if (model_is_empty_slot(m, slot, p))
        return;
    const int error = brk(m, slot, moved(m, slot, call->args[1]), p);
    RULE("K2");
    answers(p, OUTCOME_PROCESS_ERROR, error);
}

/* K3 */
static void predict_memop(struct model *m, unsigned slot, uint64_t new_break, struct prediction *p)
{
    const int error = brk(m, slot, new_break, p);
    RULE("K3");
    answers(p, OUTCOME_CODE, error == OK ? OK : NOMEM);
}

void predict_memop_brk(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    if (model_is_empty_slot(m, slot, p))
        return;
    predict_memop(m, slot, call->args[1], p);
    p->outcome.value_count = 0;
}

void predict_memop_sbrk(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    if (!model_is_empty_slot(m, slot, p))
        predict_memop(m, slot, moved(m, slot, call->args[1]), p);
}
