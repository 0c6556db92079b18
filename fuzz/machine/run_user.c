/* Userspace, the port and the testbed itself: what the model has done, shown to the library's world. */
#include "counters.h"
#include "execute.h"
#include "identifiers.h"
#include "testbed.h"

/* The port's and userspace's plans are the model's to keep. */
void run_nothing(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)t, (void)call, (void)outcome;
}

void run_poke(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const uint32_t at = (uint32_t)(call->args[0] - ARENA_BASE);
    (void)outcome;
    world_show_user_write(t, (struct span){ at, at + 1 });
}

void run_fill(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct model_process *process = &t->model.processes[call->args[0]];
    (void)outcome;
    world_show_user_write(t, (struct span){ (uint32_t)(process->mem_start - ARENA_BASE),
                                            (uint32_t)(process->app_break - ARENA_BASE) });
}

/* ---- Counters ---- */

void run_wind_ids(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)call, (void)outcome;
    identifiers_follow(t);
}

/* Add to a number of the library's, as wide as the library has shown that it is. */
static void add_to_counter(struct testbed *t, struct span counter, uint64_t count)
{
    uint8_t *at = &t->oracle.arena[counter.start];
    const uint32_t len = counter.end - counter.start;
    add_to_bytes(at, len, count);
    arena_copy(&t->model.bytes[counter.start], at, len);
    arena_wrote(counter);
}

/* 2^32 and more swaps cannot be made one by one: the model and the counter in the grant are both moved by as many.
 * Where the library keeps the counter is what it has shown (H6); that of a slot of the kernel's is in an object of its own. */
void run_skip_swaps(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct model_buffer *buffer = &t->model.buffers[call->args[0]];
    const uint64_t count = ((uint64_t)1 << call->args[1]) - 1;
    (void)outcome;
    if (buffer->from_kernel_slot)
        identifiers_add_swaps(t, buffer->kind != 0, buffer->number, count);
    else
        add_to_counter(t,
                       model_slots(&t->model, buffer->slot, buffer->grant_number)
                           ->counters[buffer->kind][buffer->number],
                       count);
}
