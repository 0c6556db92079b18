/* The operations, done: calls of the library, as ops.def has them, and a run_ function each where that is more. */
#ifndef FUZZ_EXECUTE_H
#define FUZZ_EXECUTE_H

#include "model.h"

#include <procbuf.h>

struct testbed;

/* Do what the operation says. Out: what the library answered, "done" where it answers nothing. The model has
 * already moved on: what it knows of slices is as after the call, but for call->cuts_writable. Requires: the
 * operation is not an enter. */
void execute(struct testbed *t, const struct call *call, struct outcome *outcome_out);

/* Create a process: flash, its length, header, RAM, its length, app part, kernel part, policy. */
void execute_create(struct testbed *t, const uint64_t args[8], struct outcome *outcome_out);

/* What the foreign table answers. data: world.foreign_lives. */
bool execute_foreign_is_live(uint32_t place, uint64_t number, const void *data);

/* The library says where a driver's data begins; the trace says how long all of it is. Returns: as it is declared,
 * without data. */
struct procbuf_driver_config place_driver_data(struct model_driver *driver);

/* ---- What operands name ---- */

/* The slice of a register, as one that only reads. */
struct procbuf_readable readable_of(const struct testbed *t, uint64_t number);

/* Returns: null if it is not declared. */
const struct procbuf_driver *driver_named(const struct testbed *t, uint64_t number);

/* Of a life of a foreign process, in a table of another kernel. */
struct procbuf_id foreign_id_in(const struct testbed *t, const struct procbuf_table *table,
                                uint32_t index, uint64_t identifier);

/* Of a foreign process's life: it has ended if the call under way ends it. */
struct procbuf_id foreign_id_named(const struct testbed *t, uint32_t index);

/* A foreign process lends: by a map, and pinned (0) or checked again (1). The life is that of before the call. */
struct procbuf_lender lender_named(struct testbed *t, uint64_t map, uint32_t index, uint64_t how);

/* ---- Putting an answer together. Kinds of values: model.h ---- */

void answer(struct outcome *outcome, enum outcome_kind kind, int status);
void answer_allow(struct outcome *outcome, struct procbuf_allow_result result);
void answer_bool(struct outcome *outcome, bool yes);
void answer_code(struct outcome *outcome, enum procbuf_error code);
void answer_process_error(struct outcome *outcome, enum procbuf_error error);
void answer_why(struct outcome *outcome, enum procbuf_error error); /* yes, or no and why */
void value(struct outcome *outcome, char kind, uint64_t number);

/* The process error at a place of E1's list. */
enum procbuf_error process_error_at(unsigned place);

/* An array of the kernel, which begins `offset` bytes into the arena. Returns: null for none. */
static inline void *array_at(uint64_t offset, uint64_t len)
{
    return len == 0 ? NULL : (void *)(uintptr_t)(ARENA_BASE + offset);
}

/* ---- Operations: what ops.def names ---- */

typedef void run_function(struct testbed *t, const struct call *call, struct outcome *outcome);
#define OP_CALL(...)
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    run_function run_##run;
#include "ops.def"
#undef OP

#endif
