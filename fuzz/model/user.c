/* Userspace: writes its own memory between operations, and during them. */
#include "rules.h"

bool model_user_write(uint64_t addr, uint8_t new_value)
{
    if (!model_is_app_memory(addr))
        return false;
    model.bytes[addr - ARENA_BASE] = new_value;
    return true;
}

/* Bytes that differ from their neighbours and from one seed to the next. */
bool model_user_fill(unsigned slot, uint8_t seed, struct span *filled_out)
{
    const struct model_process *process = &model.processes[slot];
    if (!process->used)
        return false;
    filled_out->start = (uint32_t)(process->mem_start - ARENA_BASE);
    filled_out->end = (uint32_t)(process->app_break - ARENA_BASE);
    for (uint32_t at = filled_out->start; at < filled_out->end; at++)
        model.bytes[at] = (uint8_t)(arena_pristine[at] + seed);
    return true;
}

/* ---- During an operation ---- */

bool model_plan_act(bool at_hook, uint64_t trigger, uint64_t target, uint8_t value)
{
    struct model_acts *next = &model.acts_next;
    if (next->count == MAX_ACTS)
        return false;
    next->acts[next->count++] = (struct model_act){ at_hook, false, false, trigger, target, value };
    return true;
}

bool model_plan_life(uint64_t trigger, uint64_t process)
{
    if (!model_plan_act(true, trigger, process % MODEL_FOREIGN_COUNT, 0))
        return false;
    model.acts_next.acts[model.acts_next.count - 1].of_life = true;
    return true;
}

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
    if (!model_user_write(act->target, act->value))
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
 * byte comes last is not for anyone to say, so the call's own stand, and of userspace's the one that
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
