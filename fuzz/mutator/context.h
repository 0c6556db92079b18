/* Operations put where they can do something: with what they need before them, and around them. */
#ifndef FUZZ_CONTEXT_H
#define FUZZ_CONTEXT_H

#include "trace.h"

/* The end of a block. */
extern const struct op context_end;

/* Insert this very operation. Returns: false if the program is full. */
bool context_insert(struct trace *trace, unsigned at, const struct op *op);

/* Insert an operation drawn by chance, somewhere, in a context. */
void context_insert_random(struct trace *trace);

/* Insert a new life for a process, if the swarm has them. Returns: where to go on. */
unsigned context_insert_restart(struct trace *trace, unsigned at, const struct operand *process);

/* So many lives are begun for what was kept from before: if `restart_many` begins many, make it one of a process that
 * the trace lays out, and insert what keeps an id or a buffer of that process's newest life: identifiers that are cut
 * come back after so many lives from that one on. Returns: where to go on. */
unsigned context_insert_kept(struct trace *trace, unsigned at, struct op *restart_many);

/* The process that an operation names. Returns: false if it names none. */
bool context_process_of(const struct op *op, struct operand *process_out);

#endif
