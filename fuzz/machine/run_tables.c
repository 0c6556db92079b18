/* Processes of other tables; errors; the kernel's own mistakes. */
#include "bug.h"
#include "execute.h"
#include "mistakes.h"
#include "testbed.h"

#include <procbuf/capability.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

/* ---- A foreign table ---- */

static bool is_of(const struct model_buffer *buffer, uint32_t index, uint64_t identifier)
{
    return buffer->filled && buffer->foreign && buffer->slot == index &&
           buffer->identifier == identifier;
}

/* Whether an id, a buffer register, a slot of the kernel's or who lends now is of this life. */
static bool is_held(const struct testbed *t, uint32_t index, uint64_t identifier)
{
    for (unsigned d = 0; d < TRACE_ID_COUNT; d++)
        if (t->model.ids[d].taken && t->model.ids[d].foreign && t->model.ids[d].slot == index &&
            t->model.ids[d].identifier == identifier)
            return true;
    for (unsigned b = 0; b < 2 * TRACE_BUFFER_COUNT; b++)
        if (is_of(&t->model.buffers[b], index, identifier))
            return true;
    for (unsigned k = 0; k < TRACE_KERNEL_SLOT_COUNT; k++)
        for (unsigned kind = 0; kind < 2; kind++)
            if (is_of(&t->model.kernel_slots[kind][k].held, index, identifier))
                return true;
    for (unsigned b = 0; b < t->model.reader.copied; b++)
        if (is_of(model_stream_buffer(&t->model, &t->model.reader, b), index, identifier))
            return true;
    for (unsigned b = 0; b < t->model.writer.copied; b++)
        if (is_of(model_stream_buffer(&t->model, &t->model.writer, b), index, identifier))
            return true;
    const struct model_lender *kept = &t->model.kept_lender;
    if (kept->kind == MODEL_FOREIGN && kept->slot == index && kept->identifier == identifier)
        return true;
    return t->world->lending.index == index && t->world->lending.identifier == identifier;
}

/* The other kernel's one answer. */
bool execute_foreign_is_live(uint32_t place, uint64_t number, const void *data)
{
    struct testbed *t = testbed_now();
    const uint64_t identifier =
        t->model.is_large ? (uint32_t)(number >> 31) | number >> 63 : number;
    uint32_t index = 0;
    while (index < MODEL_FOREIGN_COUNT && world_foreign_place(t->model.is_large, index) != place)
        index++;
    if (data != t->world->foreign_lives ||
        number != world_foreign_identifier(t->model.is_large, identifier) ||
        !is_held(t, index, identifier))
        bug_found("result", "callback-liveness",
                  "expected: the foreign table is asked for a life that a handle is of (B7)\n"
                  "actual: %s, index %u",
                  data != t->world->foreign_lives ? "another table's data" : "another life", place);
    return t->world->foreign_lives[index].live &&
           t->world->foreign_lives[index].identifier == identifier;
}

/* The other kernel's own business. */
void run_foreign_life(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->foreign_lives[call->args[0]] = t->model.foreign[call->args[0]];
}

struct procbuf_id foreign_id_in(const struct testbed *t, const struct procbuf_table *table,
                                uint32_t index, uint64_t identifier)
{
    return procbuf_id_new_external(table, world_foreign_place(t->model.is_large, index),
                                   world_foreign_identifier(t->model.is_large, identifier),
                                   &capability);
}

struct procbuf_id foreign_id_named(const struct testbed *t, uint32_t index)
{
    return foreign_id_in(t, &t->world->foreign, index, t->world->foreign_lives[index].identifier);
}

/* ---- Errors ---- */

void run_code_name(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)t;
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

/* ---- Mistakes ---- */

void run_misuse(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)t, (void)outcome;
    make_mistake((unsigned)call->args[0]);
}
