/* Operations and operands drawn by chance: from the edges, and about the same few things. */
#ifndef FUZZ_DRAW_H
#define FUZZ_DRAW_H

#include "harness.h"

/* A change begins: from time to time another swarm of the harness's operations is chosen. */
void draw_begin(const struct harness *harness);

/* Whether the harness's processes are large. */
bool draw_is_large(void);

/* Whether the swarm has the operation. */
bool draw_has(uint8_t code);

/* An operation of the swarm, or the one named, for a program that is so far `trace`. */
struct op draw_op(const struct trace *trace);
struct op draw_op_of(const struct trace *trace, uint8_t code);

/* An operand of an operation, whose process is drawn already: places near it are likely. */
void draw_operand(const struct trace *trace, struct op *op, char kind, struct operand *operand);

/* How many lives a restart_many begins: seldom very many, which take time. */
void draw_lives(struct op *restart_many);

/* An exponent for few. */
int32_t draw_few_lives(void);

#endif
