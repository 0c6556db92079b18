/* Userspace: writes its own memory between operations, and during them. */
#include "rules.h"

static bool writes(uint64_t addr, uint8_t new_value)
{
    if (!model_is_app_memory(addr))
        return false;
    model.bytes[addr - ARENA_BASE] = new_value;
    return true;
}

void predict_poke(const struct call *call, struct prediction *p)
{
    if (writes(call->args[0], (uint8_t)call->args[1]))
        answers(p, OUTCOME_DONE, 0);
    else
        skips(p, "T5");
}

/* Bytes that differ from their neighbours and from one seed to the next. */
struct span model_fill(unsigned slot, uint8_t seed)
{
    const struct model_process *process = &model.processes[slot];
    const struct span filled = { (uint32_t)(process->mem_start - ARENA_BASE),
                                 (uint32_t)(process->app_break - ARENA_BASE) };
    for (uint32_t at = filled.start; at < filled.end; at++)
        model.bytes[at] = (uint8_t)(arena_pristine[at] + seed);
    return filled;
}

void predict_fill(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    skips(p, "T5");
    if (!model.processes[slot].used)
        return;
    (void)model_fill(slot, (uint8_t)call->args[1]);
    answers(p, OUTCOME_DONE, 0);
}

/* ---- What the next operation will meet ---- */

void predict_refuse(const struct call *call, struct prediction *p)
{
    model.refuse_next = (unsigned)call->args[0];
    answers(p, OUTCOME_DONE, 0);
}

void predict_widen(const struct call *call, struct prediction *p)
{
    skips(p, "T5");
    if (call->args[0] == 0 || call->args[0] > TRACE_MAX_OPERANDS)
        return; /* no operation has such an operand */
    model.widen_next = (struct model_widening){ (uint8_t)call->args[0], (uint8_t)call->args[1] };
    answers(p, OUTCOME_DONE, 0);
}

/* Skipped if userspace has too much to do already. */
static void plans(const struct model_act *act, struct prediction *p)
{
    struct model_acts *next = &model.acts_next;
    skips(p, "T5");
    if (next->count == MAX_ACTS)
        return;
    answers(p, OUTCOME_DONE, 0);
    next->acts[next->count++] = *act;
}

void predict_act(const struct call *call, struct prediction *p)
{
    const bool at_hook = call->op->code == OP_AT_HOOK;
    plans(&(struct model_act){ at_hook, false, false, call->args[0], call->args[1],
                               (uint8_t)call->args[2] },
          p);
}

void predict_foreign_at_hook(const struct call *call, struct prediction *p)
{
    plans(&(struct model_act){ true, false, true, call->args[0], call->args[1], 0 }, p);
}

/* ---- During an operation ---- */

void model_plan_hostile_byte(uint32_t arena_byte)
{
    const uint64_t addr = (uint64_t)ARENA_BASE + arena_byte;
    model.acts_now.count = 1;
    model.acts_now.acts[0] =
        (struct model_act){ false, false, false, addr, addr, (uint8_t)~model.bytes[arena_byte] };
}

static void act(struct model_act *act, uint32_t trigger, struct prediction *p)
{
    act->done = true;
    if (act->of_life) {
        model_foreign_turns(&model.foreign[act->target]);
        model.any_foreign = true;
        p->access.acts[p->access.act_count++] =
            (struct act){ true, true, trigger, (uint32_t)act->target, 0 };
        return;
    }
    if (!writes(act->target, act->value))
        return;
    p->access.acts[p->access.act_count++] =
        (struct act){ act->at_hook, false, trigger, (uint32_t)(act->target - ARENA_BASE),
                      act->value };
}

void model_act_at_hook(struct prediction *p)
{
    model.hooks_seen++;
    for (unsigned a = 0; a < model.acts_now.count; a++) {
        struct model_act *planned = &model.acts_now.acts[a];
        if (planned->at_hook && !planned->done && planned->trigger == model.hooks_seen)
            act(planned, p->access.hook_count, p);
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
void model_act_when_fetched(struct prediction *p)
{
    for (unsigned a = 0; a < model.acts_now.count && !p->access.stepwise; a++) {
        struct model_act *planned = &model.acts_now.acts[a];
        if (!planned->at_hook && !planned->done && model_is_app_memory(planned->trigger) &&
            is_in(planned->trigger, p->access.reads, p->access.read_count) &&
            !is_in(planned->target, p->access.writes, p->access.write_count) &&
            !is_written_already(planned->target, p))
            act(planned, (uint32_t)(planned->trigger - ARENA_BASE), p);
    }
}
