/* One library call for an operation. */
#ifndef FUZZ_EXECUTE_H
#define FUZZ_EXECUTE_H

#include "model.h"

#include <procbuf.h>

/* Call the library as the operation says. Out: what it answered. The model has already moved on:
 * what it knows of slices is as after the call; args[TRACE_MAX_OPERANDS - 1] of a sub-slice
 * operation says whether its parent was writable. */
void execute(const struct call *call, struct outcome *outcome_out);

/* Create a process: flash, its length, header, RAM, its length, app part, kernel part, policy. */
void execute_create(const uint64_t args[8], struct outcome *outcome_out);

/* What the driver of the next allow_userspace_readable_with does before it answers. Null: nothing more than that. */
extern void (*execute_driver_body)(void);

/* What the foreign table answers. data: world.foreign_lives. */
bool execute_foreign_is_live(uint32_t index, uint64_t identifier, const void *data);

/* The slice of a register, as one that only reads. */
struct procbuf_readable readable_of(uint64_t number);

/* Put an answer together. Kinds of values: model.h. */
void answer(struct outcome *outcome, enum outcome_kind kind, int status);
void answer_bool(struct outcome *outcome, bool yes);
void answer_process_error(struct outcome *outcome, enum procbuf_error error);
void value(struct outcome *outcome, char kind, uint64_t number);

#endif
