/* The walk of a trace: what its operations mean, in which order they run, and which do not. There is
 * one, whatever is done with an operation: a backend runs it on the library and compares (machine.c),
 * or writes it as C (emit.c). At each operation the model has been asked, and has moved on. */
#ifndef FUZZ_INTERPRET_H
#define FUZZ_INTERPRET_H

#include "model.h"

#include <stdio.h>

struct testbed;

enum {
    MAX_STEPS = 40, /* of iterate and chunks */
    MAX_OBSERVERS = 4
};

struct walk {
    struct testbed *t; /* whose model moves on, and whose library is called */
    const struct trace *trace;
    const struct backend *backend;
    const struct observer *observers[MAX_OBSERVERS + 1]; /* ends with null */
    FILE *results; /* where the results' observer prints */
    unsigned position; /* of the operation that the walk is at */
    unsigned last; /* … that it ends after: UINT_MAX, the last one */
    const struct call *call; /* … null before its operands are worked out */
    struct hostile_byte {
        unsigned position;
        uint32_t arena_byte;
    } hostile; /* userspace changes it as soon as the operation at this position has fetched it */
};

/* A call of an operation that is many: a byte of an iteration, a chunk, a life. */
struct step {
    uint64_t number; /* from 0 */
    uint64_t most; /* the number of none */
    struct span chunk;
};

struct backend {
    /* One call of the library, or a step of userspace, of the port or of the testbed. Out: what it answers. */
    void (*call)(struct walk *walk, const struct call *call, struct prediction *prediction,
                 struct outcome *outcome_out);

    /* One of many; and when all were made, the last of them as `prediction` says. */
    void (*step)(struct walk *walk, const struct call *call, const struct step *step,
                 struct prediction *prediction);
    void (*steps_end)(struct walk *walk, const struct call *call, const struct step *step,
                      struct prediction *prediction, const struct outcome *outcome);

    /* A call that opens a block. If it runs, walk_begin_body() and walk_run_body() belong into it. */
    void (*enter)(struct walk *walk, const struct call *call, struct prediction *prediction,
                  bool runs, struct outcome *outcome_out);
};

/* Who looks on. What it does not ask for is null. */
struct observer {
    void (*trace_begins)(void);

    /* An operation's operands are worked out: nothing else has happened. */
    void (*begins)(const struct walk *walk, const struct call *call);

    /* The body of an enter begins, or a driver acts. */
    void (*body_begins)(const struct walk *walk, const struct call *call);

    /* An operation has ended, or does not run; one that opened a block which ran, at the end of that:
     * then `op` is the end. It began at position `begin`. */
    void (*ended)(const struct walk *walk, const struct op *op, unsigned begin,
                  const struct outcome *outcome);

    /* A block is not entered: none of its operations runs. */
    void (*not_run)(const struct walk *walk, const struct op *op);
};

/* Add one to those of a walk that begins. */
void walk_observe(struct walk *walk, const struct observer *observer);

/* Walk from the operation at walk->position to the end of the block, or of the trace. */
void walk_block(struct walk *walk);

/* In a backend's enter: the body begins, and has its slice; and runs, until the call takes over. */
void walk_begin_body(struct testbed *t, const struct call *call);
void walk_run_body(struct walk *walk, const struct call *call, struct prediction *prediction);

/* Of an enter, the register that its slice is put into. */
static inline uint64_t entered_slice(const struct call *call)
{
    return call->args[op_slice_made(call->op->code)];
}

#endif
