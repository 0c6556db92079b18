/* Processes of other tables; errors; the kernel's own mistakes. */
#include "bug.h"
#include "execute.h"
#include "mistakes.h"
#include "world.h"

#include <procbuf/capability.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

/* ---- A foreign table ---- */

static bool is_of(const struct model_buffer *buffer, uint32_t index, uint64_t identifier)
{
    return buffer->filled && buffer->foreign && buffer->slot == index &&
           buffer->identifier == identifier;
}

/* Whether an id, a buffer register, a slot of the kernel's or who lends now is of this life. */
static bool is_held(uint32_t index, uint64_t identifier)
{
    for (unsigned d = 0; d < TRACE_ID_COUNT; d++)
        if (model.ids[d].taken && model.ids[d].foreign && model.ids[d].slot == index &&
            model.ids[d].identifier == identifier)
            return true;
    for (unsigned b = 0; b < 2 * TRACE_BUFFER_COUNT; b++)
        if (is_of(&model.buffers[b], index, identifier))
            return true;
    for (unsigned k = 0; k < TRACE_KERNEL_SLOT_COUNT; k++)
        for (unsigned kind = 0; kind < 2; kind++)
            if (is_of(&model.kernel_slots[kind][k].held, index, identifier))
                return true;
    return world.lending.index == index && world.lending.identifier == identifier;
}

/* The other kernel's one answer. */
bool execute_foreign_is_live(uint32_t place, uint64_t number, const void *data)
{
    const uint64_t identifier = arena_is_large ? number >> 32 : number;
    uint32_t index = 0;
    while (index < MODEL_FOREIGN_COUNT && world_foreign_place(index) != place)
        index++;
    if (data != world.foreign_lives || number != world_foreign_identifier(identifier) ||
        !is_held(index, identifier))
        bug_found("result", "callback-liveness",
                  "expected: the foreign table is asked for a life that a handle is of (B7)\n"
                  "actual: %s, index %u",
                  data != world.foreign_lives ? "another table's data" : "another life", place);
    return world.foreign_lives[index].live && world.foreign_lives[index].identifier == identifier;
}

/* The other kernel's own business. */
void run_foreign_life(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.foreign_lives[call->args[0]] = model.foreign[call->args[0]];
}

static struct procbuf_id foreign_id(const struct call *call)
{
    const uint32_t index = (uint32_t)call->args[1];
    return procbuf_id_new_external(&world.foreign, world_foreign_place(index),
                                   world_foreign_identifier(model.foreign[index].identifier),
                                   &capability);
}

void run_take_foreign_id(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.ids[call->args[0]] = foreign_id(call);
}

static procbuf_addr_t foreign_addr(uint64_t index, uint64_t offset)
{
    return (procbuf_addr_t)(ARENA_BASE + ARENA_FOREIGN + index * MODEL_FOREIGN_LEN + offset);
}

void run_foreign_readonly(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.readonly[call->args[0]] =
        procbuf_readonly_new_external(foreign_addr(call->args[1], call->args[2]),
                                      (size_t)call->args[3], foreign_id(call), &capability);
}

void run_foreign_readwrite(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.readwrite[call->args[0]] =
        procbuf_readwrite_new_external(foreign_addr(call->args[1], call->args[2]),
                                       (size_t)call->args[3], foreign_id(call), &capability);
}

/* ---- Another table of ours ---- */

void run_take_other_id(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.ids[call->args[0]] = procbuf_process_id(&world.other_process);
}

void run_other_restart(const struct call *call, struct outcome *outcome)
{
    (void)call;
    answer_why(outcome, procbuf_process_restart(&world.other_process, NULL));
}

void run_other_readonly(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.readonly[call->args[0]] =
        procbuf_readonly_new_external(foreign_addr(0, call->args[1]), (size_t)call->args[2],
                                      procbuf_process_id(&world.other_process), &capability);
}

void run_other_readwrite(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    world.readwrite[call->args[0]] =
        procbuf_readwrite_new_external(foreign_addr(0, call->args[1]), (size_t)call->args[2],
                                       procbuf_process_id(&world.other_process), &capability);
}

/* ---- Errors ---- */

void run_code_name(const struct call *call, struct outcome *outcome)
{
    const enum procbuf_error error = (enum procbuf_error)call->args[0];
    const bool is_process_error = error >= PROCBUF_NO_SUCH_APP && error <= PROCBUF_ALREADY_IN_USE;
    const enum procbuf_error seen = error <= PROCBUF_NOACK ? error : PROCBUF_FAIL;
    if (!is_process_error && procbuf_error_to_code(error) != seen)
        bug_found(
            "result", "code-is-translated",
            "expected: a code leaves the kernel as it is, a number that is none as FAIL (E2)\n"
            "actual: %u becomes %d",
            (unsigned)call->args[0], (int)procbuf_error_to_code(error));
    value(outcome, 't', (uintptr_t)procbuf_error_name(error));
}

void run_process_error_name(const struct call *call, struct outcome *outcome)
{
    value(outcome, 't', (uintptr_t)procbuf_error_name(process_error_at((unsigned)call->args[0])));
}

void run_process_error_to_code(const struct call *call, struct outcome *outcome)
{
    answer_code(outcome, procbuf_error_to_code(process_error_at((unsigned)call->args[0])));
}

/* ---- Mistakes ---- */

void run_misuse(const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    make_mistake((unsigned)call->args[0]);
}
