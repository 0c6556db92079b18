/* Userspace: writes its own memory between operations, and during them. */
#include "rules.h"

static bool writes(struct model *m, uint64_t addr, uint8_t new_value)
{
    if (!model_is_app_memory(m, addr))
        return false;
    m->bytes[addr - ARENA_BASE] = new_value;
    return true;
}

void predict_poke(struct model *m, const struct call *call, struct prediction *p)
{
    if (writes(m, call->args[0], (uint8_t)call->args[1]))
        answers(p, OUTCOME_DONE, 0);
    else
        skips(p, "T5");
}

/* Bytes that differ from their neighbours and from one seed to the next. */
struct span model_fill(struct model *m, unsigned slot, uint8_t seed)
{
    const struct model_process *process = &m->processes[slot];
    const struct span filled = { (uint32_t)(process->mem_start - ARENA_BASE),
                                 (uint32_t)(process->app_break - ARENA_BASE) };
    const uint8_t *const pristine = arena_pristine();
    for (uint32_t at = filled.start; at < filled.end; at++)
        m->bytes[at] = (uint8_t)(pristine[at] + seed);
    return filled;
}

void predict_fill(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    skips(p, "T5");
    if (!m->processes[slot].used)
        return;
    (void)model_fill(m, slot, (uint8_t)call->args[1]);
    answers(p, OUTCOME_DONE, 0);
}

/* ---- What the next operation will meet ---- */

void predict_refuse(struct model *m, const struct call *call, struct prediction *p)
{
    m->refuse_next = (unsigned)call->args[0];
    answers(p, OUTCOME_DONE, 0);
}

void predict_widen(struct model *m, const struct call *call, struct prediction *p)
{
    skips(p, "T5");
    if (call->args[0] == 0 || call->args[0] > TRACE_MAX_OPERANDS)
        return; /* no operation has such an operand */
    m->widen_next = (struct model_widening){ (uint8_t)call->args[0], (uint8_t)call->args[1] };
    answers(p, OUTCOME_DONE, 0);
}

/* Skipped if userspace has too much to do already. */
static void plans(struct model *m, const struct model_act *act, struct prediction *p)
{
    struct model_acts *next = &m->acts_next;
    skips(p, "T5");
    if (next->count == MAX_ACTS)
        return;
    answers(p, OUTCOME_DONE, 0);
    next->acts[next->count++] = *act;
}

void predict_act(struct model *m, const struct call *call, struct prediction *p)
{
    const bool at_hook = call->op->code == OP_AT_HOOK;
    plans(m,
          &(struct model_act){ at_hook, false, false, call->args[0], call->args[1],
                               (uint8_t)call->args[2] },
          p);
}

void predict_foreign_at_hook(struct model *m, const struct call *call, struct prediction *p)
{
    plans(m, &(struct model_act){ true, false, true, call->args[0], call->args[1], 0 }, p);
}

/* ---- During an operation ---- */

void model_plan_hostile_byte(struct model *m, uint32_t arena_byte)
{
    const uint64_t addr = (uint64_t)ARENA_BASE + arena_byte;
    m->acts_now.count = 1;
    m->acts_now.acts[0] =
        (struct model_act){ false, false, false, addr, addr, (uint8_t)~m->bytes[arena_byte] };
}

static void act(struct model *m, struct model_act *act, uint32_t trigger, struct prediction *p)
{
    act->done = true;
    if (act->of_life) {
        model_foreign_turns(&m->foreign[act->target]);
        m->any_foreign = true;
        p->access.acts[p->access.act_count++] =
            (struct act){ true, true, trigger, (uint32_t)act->target, 0 };
        return;
    }
    if (!writes(m, act->target, act->value))
        return;
    p->access.acts[p->access.act_count++] =
        (struct act){ act->at_hook, false, trigger, (uint32_t)(act->target - ARENA_BASE),
                      act->value };
}

void model_act_at_hook(struct model *m, struct prediction *p)
{
    m->hooks_seen++;
    for (unsigned a = 0; a < m->acts_now.count; a++) {
        struct model_act *planned = &m->acts_now.acts[a];
        if (planned->at_hook && !planned->done && planned->trigger == m->hooks_seen)
            act(m, planned, p->access.hook_count, p);
    }
}

static bool is_in(uint64_t addr, const struct span *spans, unsigned count)
{
    for (unsigned s = 0; s < count; s++)
        if (addr - ARENA_BASE >= spans[s].start && addr - ARENA_BASE < spans[s].end)
            return true;
    return false;
}

static bool is_written_already(uint64_t target, const struct prediction *p)
{
    for (unsigned a = 0; a < p->access.act_count; a++)
        if (!p->access.acts[a].at_hook && p->access.acts[a].target == target - ARENA_BASE)
            return true;
    return false;
}

/* Whatever the call answers, it has fetched each byte once: as it was. Which of two writes to a
 * byte comes last is not for anyone to say, so the call's own remain, and of userspace's the one that
 * the trace has first. A call of many enters fetches
 * bytes more than once; there userspace acts at hooks only. */
void model_act_when_fetched(struct model *m, struct prediction *p)
{
    for (unsigned a = 0; a < m->acts_now.count && !p->access.stepwise; a++) {
        struct model_act *planned = &m->acts_now.acts[a];
        if (!planned->at_hook && !planned->done && model_is_app_memory(m, planned->trigger) &&
            is_in(planned->trigger, p->access.reads, p->access.read_count) &&
            !is_in(planned->target, p->access.writes, p->access.write_count) &&
            !is_written_already(planned->target, p))
            act(m, planned, (uint32_t)(planned->trigger - ARENA_BASE), p);
    }
}
