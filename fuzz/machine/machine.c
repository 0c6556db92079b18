#include "machine.h"

#include "bug.h"
#include "compare.h"
#include "execute.h"
#include "layout.h"
#include "lookups.h"
#include "out.h"
#include "results.h"
#include "state.h"
#include "testbed.h"
#include "worlds.h"

#include <limits.h>
#include <string.h>

void machine_set_hostile_byte(struct testbed *t, unsigned position, uint32_t arena_byte)
{
    t->hostile = (struct hostile_byte){ position, arena_byte };
}

/* ---- One call ---- */

/* One library call, bracketed and compared. A panic that was predicted comes back here. */
static void checked_call(struct testbed *t, const struct call *call,
                         const struct prediction *prediction, struct outcome *outcome)
{
    struct oracle_call oracle;
    t->oracle.bug.rule = prediction->rule;
    oracle_call_begin(&t->oracle, &oracle, &prediction->access);
    lookups_begin(t);
    if (prediction->outcome.kind == OUTCOME_PANIC) {
        t->oracle.landing = __builtin_frame_address(0);
        if (setjmp(t->panic_target) == 0)
            execute(t, call, outcome);
        else
            answer(outcome, OUTCOME_PANIC, 0);
        t->oracle.landing = NULL;
    } else {
        execute(t, call, outcome);
    }
    oracle_call_end(&t->oracle, &oracle);
    lookups_end(t);
    compare_outcome(t, &prediction->outcome, outcome);
    t->checked_ops++;
}

/* What an operation has done in addition to answering. */
static void compare_effects(struct testbed *t, const struct call *call,
                            const struct outcome *outcome)
{
    const struct op_row *row = &op_table[call->op->code];
    const int made = op_slice_made(call->op->code);
    if (made >= 0 && !outcome_is_refusal(outcome) && outcome->kind != OUTCOME_PANIC)
        compare_slice(t, call->args[made]);
    if ((row->flags & OP_SHOWS) != 0)
        compare_slice(t, call->args[0]);
    if ((row->flags & OP_LIVES) != 0 && outcome->value_count == 1 &&
        outcome->values[0].kind == 'p') {
        compare_layout(t, (unsigned)outcome->values[0].value);
        world_note_process(t, (unsigned)outcome->values[0].value);
    }
}

/* All calls of an operation were made. */
static void settle(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    const unsigned flags = op_table[call->op->code].flags;
    origins_answered(t, call, outcome);
    if ((flags & OP_VOUCHES) != 0) {
        t->machine.vouched = true;
        arena_wrote((struct span){ arena_processes(t->model.is_large),
                                   arena_processes_end(t->model.is_large) });
    }
    if ((flags & OP_LIVES) != 0) {
        compare_handles(t);
        world_note_lives(t, t->model.depth == 0 && !t->machine.vouched);
    }
}

static void run_call(struct walk *walk, const struct call *call, struct prediction *prediction,
                     struct outcome *outcome)
{
    const uint8_t code = call->op->code;
    (void)walk;
    if (op_table[code].how == HOW_USER) {
        execute(walk->t, call, outcome);
        walk->t->checked_ops += code == OP_DECLARE_DRIVER || code == OP_DECLARE_DRIVER_WITH ||
                                code == OP_DECLARE_DRIVER_MANY; /* its length is compared */
        return;
    }
    checked_call(walk->t, call, prediction, outcome);
    if (code == OP_ALLOW_READONLY || code == OP_ALLOW_READWRITE)
        view_grant_seen(walk->t, (unsigned)call->args[0], &walk->t->model.drivers[call->args[1]]);
    compare_after(walk->t, prediction);
    compare_effects(walk->t, call, outcome);
    settle(walk->t, call, outcome);
}

/* ---- Operations of many calls ---- */

/* Every step fetches one byte. */
static void read_next(struct testbed *t, const struct call *call, const struct step *step,
                      const struct prediction *prediction)
{
    struct oracle_call oracle;
    struct outcome actual;
    uint8_t byte;
    const struct out out = out_fill(&byte, sizeof byte);
    if (step->number == 0)
        t->machine.iter = procbuf_readable_iterate(readable_of(t, call->args[0]));
    oracle_call_begin(&t->oracle, &oracle, &prediction->access);
    answer_bool(&actual, procbuf_iter_next(&t->machine.iter, &byte));
    oracle_call_end(&t->oracle, &oracle);
    if (out_is_told(&out, &actual))
        value(&actual, 'u', byte);
    compare_outcome(t, &prediction->outcome, &actual);
}

static void check_chunk(const struct span *expected, const uint8_t *base, size_t len)
{
    if (len != expected->end - expected->start ||
        (uintptr_t)base != ARENA_BASE + (uintptr_t)expected->start)
        bug_found("slice", "chunk-place",
                  "expected: a chunk of %u bytes at arena byte %u\n"
                  "actual: %zu bytes at %zu",
                  expected->end - expected->start, expected->start, len,
                  (size_t)((uintptr_t)base - ARENA_BASE));
}

static void take_chunk(struct testbed *t, const struct call *call, const struct step *step,
                       const struct prediction *prediction)
{
    const bool writable = t->model.slices[call->args[0]].writable;
    const struct slice *whole = &t->world->slices[call->args[0]];
    struct oracle_call oracle;
    struct outcome actual;
    struct slice part;
    const struct out out = out_fill(&part, sizeof part);
    if (step->number == 0 && writable)
        t->machine.written_chunks = procbuf_writable_split(whole->writable, (size_t)call->args[1]);
    else if (step->number == 0)
        t->machine.chunks = procbuf_readable_split(whole->readable, (size_t)call->args[1]);
    oracle_call_begin(&t->oracle, &oracle, &prediction->access);
    answer_bool(&actual,
                writable ? procbuf_writable_chunks_next(&t->machine.written_chunks, &part.writable)
                         : procbuf_readable_chunks_next(&t->machine.chunks, &part.readable));
    oracle_call_end(&t->oracle, &oracle);
    const bool told = out_is_told(&out, &actual);
    const size_t len = !told      ? 0
                       : writable ? procbuf_writable_len(part.writable)
                                  : procbuf_readable_len(part.readable);
    if (told)
        value(&actual, 'l', len);
    compare_outcome(t, &prediction->outcome, &actual);
    if (told)
        check_chunk(&step->chunk,
                    writable ? procbuf_writable_base_unchecked(part.writable)
                             : procbuf_readable_base_unchecked(part.readable),
                    len);
}

static void run_step(struct walk *walk, const struct call *call, const struct step *step,
                     struct prediction *prediction)
{
    struct outcome outcome;
    (void)walk;
    if (call->op->code == OP_RESTART_MANY) {
        checked_call(walk->t, call, prediction, &outcome);
        return;
    }
    walk->t->oracle.bug.rule = prediction->rule;
    /* What has ended has ended for good: it is asked again. */
    for (unsigned left = prediction->outcome.kind == OUTCOME_NO ? 2 : 1; left > 0; left--) {
        if (call->op->code == OP_ITERATE)
            read_next(walk->t, call, step, prediction);
        else
            take_chunk(walk->t, call, step, prediction);
    }
    walk->t->checked_ops++;
}

/* The world is compared once: there may be 2^16 restarts. */
static void end_steps(struct walk *walk, const struct call *call, const struct step *step,
                      struct prediction *prediction, const struct outcome *outcome)
{
    (void)walk, (void)step;
    compare_after(walk->t, prediction);
    settle(walk->t, call, outcome);
}

/* ---- Enters, and drivers that act before they answer ---- */

struct body {
    const struct call *call;
    struct prediction *prediction;
    struct oracle_call *oracle;
    struct body *outer;
    unsigned runs;
    bool expected;
};

/* The body that a callback's data says. */
static struct body *body_of(const struct testbed *t, void *data)
{
    if (data != t->machine.entered)
        bug_found("body", "callback-data",
                  "expected: the body is given the data that came with it (H2)\n"
                  "actual: other data");
    return t->machine.entered;
}

/* What an enter lends. */
static void compare_lent(struct testbed *t, const struct call *call)
{
    const uint64_t number = entered_slice(call);
    model_check_invariants(&t->model, ~0u);
    compare_slice(t, number);
    if (call->op->code == OP_DRIVER_ENTER) {
        arena_wrote(
            t->model.slices[number].span); /* what a driver's data begin as is its business */
        view_grant_seen(t, t->model.ids[call->args[1]].slot, &t->model.drivers[call->args[0]]);
        view_settle(t);
    }
}

/* The body begins: run the operations of the block, and hand back to the library. */
static void run_body(struct testbed *t, struct body *body)
{
    const bool lends = op_table[body->call->op->code].how == HOW_ENTER;
    if (!body->expected)
        bug_found("body", "body-ran-when-dead",
                  "expected: a dead buffer's body does not run (H2)\n"
                  "actual: it ran");
    if (++body->runs > 1)
        bug_found("body", "body-ran-twice",
                  "expected: the body runs once (H2)\n"
                  "actual: it ran again");
    oracle_call_pause(&t->oracle, body->oracle);
    lookups_end(t);
    walk_begin_body(t, body->call);
    if (lends)
        compare_lent(t, body->call);
    walk_run_body(&t->machine.walk, body->call, body->prediction);
    t->oracle.bug.op = op_table[body->call->op->code].text;
    t->oracle.bug.rule = lends ? "H2" : body->prediction->rule;
    oracle_call_resume(&t->oracle, body->oracle);
}

static void read_body(struct procbuf_readable slice, void *data)
{
    struct testbed *t = testbed_now();
    struct body *body = body_of(t, data);
    t->world->slices[entered_slice(body->call)].readable = slice;
    run_body(t, body);
}

static void write_body(struct procbuf_writable slice, void *data)
{
    struct testbed *t = testbed_now();
    struct body *body = body_of(t, data);
    t->world->slices[entered_slice(body->call)].writable = slice;
    run_body(t, body);
}

/* What the body around this one has is still its own. Requires: the model has not entered this one. */
static void compare_outer_data(const struct testbed *t, const struct procbuf_grant *outer)
{
    const struct model_open *open = model_current_driver(&t->model);
    const struct model_driver *driver = &t->model.drivers[open->driver];
    const struct procbuf_writable data = procbuf_grant_data(outer);
    const uintptr_t base = ARENA_BASE + (uintptr_t)open->span.start + driver->data_offset;
    if (driver->data_len != 0 && (uintptr_t)procbuf_writable_base_unchecked(data) != base)
        bug_found(
            "slice", "outer-grant-data",
            "expected: the outer driver's data at arena byte %u, in an enter inside its own too\n"
            "actual: at %p",
            open->span.start + driver->data_offset,
            (const void *)procbuf_writable_base_unchecked(data));
}

static void grant_body(const struct procbuf_grant *grant, void *data)
{
    struct testbed *t = testbed_now();
    struct body *body = body_of(t, data);
    const struct procbuf_grant *outer = t->world->grant;
    const struct model_driver *driver = &t->model.drivers[body->call->args[0]];
    struct procbuf_writable *slice = &t->world->slices[entered_slice(body->call)].writable;
    *slice = procbuf_grant_data(grant);
    if (!procbuf_writable_range_to(*slice, driver->data_len, slice))
        bug_found("slice", "grant-data-length",
                  "expected: at least %u bytes of data\n"
                  "actual: %zu",
                  driver->data_len, procbuf_writable_len(*slice));
    if (outer != NULL)
        compare_outer_data(t, outer);
    t->world->grant = grant;
    run_body(t, body);
    t->world->grant = outer;
}

/* The driver of the innermost allow that asks one acts. */
static void driver_body(struct testbed *t)
{
    run_body(t, t->machine.entered);
}

static void call_enter(struct testbed *t, struct body *body, struct outcome *outcome)
{
    const struct call *call = body->call;
    const size_t number = (size_t)call->args[0];
    enum procbuf_error error;
    switch (call->op->code) {
    case OP_ALLOW_USERSPACE_READABLE_WITH:
        t->machine.driver_body = body->expected ? driver_body : NULL;
        execute(t, call, outcome);
        t->machine.driver_body = NULL;
        return;
    case OP_DRIVER_ENTER:
        error = procbuf_driver_enter(&t->world->drivers[number], t->world->ids[call->args[1]],
                                     grant_body, body);
        break;
    case OP_MUT_ENTER:
        error = procbuf_readwrite_mut_enter(&t->world->readwrite[number], write_body, body);
        break;
    default:
        error = number < TRACE_BUFFER_COUNT
                    ? procbuf_readonly_enter(&t->world->readonly[number], read_body, body)
                    : procbuf_readwrite_enter(&t->world->readwrite[number - TRACE_BUFFER_COUNT],
                                              read_body, body);
        break;
    }
    answer_process_error(outcome, error);
}

static void lend(struct walk *walk, const struct call *call, struct prediction *prediction,
                 bool runs, struct outcome *outcome)
{
    const bool asks = op_table[call->op->code].how == HOW_ASK;
    struct oracle_call oracle;
    struct body body = { .call = call,
                         .prediction = prediction,
                         .oracle = &oracle,
                         .outer = walk->t->machine.entered,
                         .expected = runs };
    (void)walk;
    walk->t->machine.entered = &body;
    walk->t->oracle.bug.rule = prediction->rule;
    oracle_call_begin(&walk->t->oracle, &oracle, &prediction->access);
    lookups_begin(walk->t);
    if (prediction->outcome.kind != OUTCOME_PANIC) {
        call_enter(walk->t, &body, outcome);
    } else if (setjmp(walk->t->panic_target) == 0) {
        walk->t->oracle.landing = __builtin_frame_address(0);
        call_enter(walk->t, &body, outcome);
    } else {
        answer(outcome, OUTCOME_PANIC, 0);
    }
    walk->t->oracle.landing = NULL;
    oracle_call_end(&walk->t->oracle, &oracle);
    if (!runs)
        lookups_end(walk->t);
    walk->t->machine.entered = body.outer;
    walk->t->checked_ops++;
    if (asks && runs && body.runs == 0)
        bug_found("body", "driver-not-asked",
                  "expected: the driver is asked (A3)\nactual: it is not");
    compare_outcome(walk->t, &prediction->outcome, outcome);
    if (runs && body.runs == 0)
        bug_found("body", "body-not-run", "expected: the body runs once (H2)\nactual: not at all");
    compare_after(walk->t, prediction);
    if (asks)
        origins_answered(walk->t, call, outcome);
}

/* ---- A trace ---- */

void machine_count(struct testbed *t, const struct observer *observer)
{
    t->counting[t->counting_count++] = observer;
}

static const struct backend library = {
    .call = run_call,
    .step = run_step,
    .steps_end = end_steps,
    .enter = lend,
};

void machine_forget_touched(void)
{
    world_forget_touched();
}

void machine_forget_made(void)
{
    world_forget_made();
}

void machine_run(struct testbed *t, const struct trace *trace, FILE *results)
{
    memset(&t->machine, 0, sizeof t->machine); /* the last run may have ended anywhere */
    t->machine.walk = (struct walk){
        .t = t,
        .trace = trace,
        .backend = &library,
        .results = results,
        .last = UINT_MAX,
        .hostile = t->hostile,
    };
    t->oracle.bug.unheard = false;
    t->oracle.bug.arena_byte = -1;
    t->oracle.bug.detail[0] = '\0';
    for (unsigned o = 0; o < t->counting_count && !t->uncounted; o++)
        walk_observe(&t->machine.walk, t->counting[o]);
    if (t->worlds_compared)
        walk_observe(&t->machine.walk, &worlds_observer);
    if (results != NULL)
        walk_observe(&t->machine.walk, &results_observer);
    state_begin();
    layout_begin(t, trace, results);
    walk_block(&t->machine.walk);
    t->oracle.bug.op = "end";
    compare_all_bytes(t);
    world_check_those_before(t);
    view_ended(t);
    state_check();
}
