#include "machine.h"

#include "bug.h"
#include "compare.h"
#include "execute.h"
#include "layout.h"
#include "lookups.h"
#include "origins.h"
#include "out.h"
#include "port.h"
#include "results.h"
#include "state.h"
#include "view.h"
#include "world.h"
#include "worlds.h"

#include <limits.h>
#include <string.h>

uint64_t machine_checked_ops;
bool machine_uncounted;

/* What the backend knows of the trace that runs. */
static struct machine {
    struct walk walk;
    bool vouched; /* a buffer was made by trusted code */
    struct body *entered; /* innermost, from before its call to the end of it */
    struct procbuf_iter iter; /* of the operation of many calls that runs */
    struct procbuf_readable_chunks chunks;
    struct procbuf_writable_chunks written_chunks;
} machine;
const struct walk *const machine_walk = &machine.walk;

static struct hostile_byte hostile = { UINT_MAX, 0 };

void machine_set_hostile_byte(unsigned position, uint32_t arena_byte)
{
    hostile = (struct hostile_byte){ position, arena_byte };
}

/* ---- One call ---- */

/* One library call, bracketed and compared. A panic that was predicted comes back here. */
static void checked_call(const struct call *call, const struct prediction *prediction,
                         struct outcome *outcome)
{
    struct oracle_call oracle;
    bug_current_rule = prediction->rule;
    oracle_call_begin(&oracle, &prediction->access);
    lookups_begin();
    if (prediction->outcome.kind == OUTCOME_PANIC) {
        oracle_landing = __builtin_frame_address(0);
        if (setjmp(port_panic_target) == 0)
            execute(call, outcome);
        else
            answer(outcome, OUTCOME_PANIC, 0);
        oracle_landing = NULL;
    } else {
        execute(call, outcome);
    }
    oracle_call_end(&oracle);
    lookups_end();
    compare_outcome(&prediction->outcome, outcome);
    machine_checked_ops++;
}

/* What an operation has done in addition to answering. */
static void compare_effects(const struct call *call, const struct outcome *outcome)
{
    const struct op_row *row = &op_table[call->op->code];
    const int made = op_slice_made(call->op->code);
    if (made >= 0 && !outcome_is_refusal(outcome) && outcome->kind != OUTCOME_PANIC)
        compare_slice(call->args[made]);
    if ((row->flags & OP_SHOWS) != 0)
        compare_slice(call->args[0]);
    if ((row->flags & OP_LIVES) != 0 && outcome->value_count == 1 &&
        outcome->values[0].kind == 'p') {
        compare_layout((unsigned)outcome->values[0].value);
        world_note_process((unsigned)outcome->values[0].value);
    }
}

/* All calls of an operation were made. */
static void settle(const struct call *call, const struct outcome *outcome)
{
    const unsigned flags = op_table[call->op->code].flags;
    origins_answered(call, outcome);
    if ((flags & OP_VOUCHES) != 0) {
        machine.vouched = true;
        arena_wrote((struct span){ arena_processes(), arena_processes_end() });
    }
    if ((flags & OP_LIVES) != 0) {
        compare_handles();
        world_note_lives(model.depth == 0 && !machine.vouched);
    }
}

static void run_call(struct walk *walk, const struct call *call, struct prediction *prediction,
                     struct outcome *outcome)
{
    const uint8_t code = call->op->code;
    (void)walk;
    if (op_table[code].how == HOW_USER) {
        execute(call, outcome);
        machine_checked_ops += code == OP_DECLARE_DRIVER || code == OP_DECLARE_DRIVER_WITH ||
                               code == OP_DECLARE_DRIVER_MANY; /* its length is compared */
        return;
    }
    checked_call(call, prediction, outcome);
    if (code == OP_ALLOW_READONLY || code == OP_ALLOW_READWRITE)
        view_grant_seen((unsigned)call->args[0], &model.drivers[call->args[1]]);
    compare_after(prediction);
    compare_effects(call, outcome);
    settle(call, outcome);
}

/* ---- Operations of many calls ---- */

/* Every step fetches one byte. */
static void read_next(const struct call *call, const struct step *step,
                      const struct prediction *prediction)
{
    struct oracle_call oracle;
    struct outcome actual;
    uint8_t byte;
    const struct out out = out_fill(&byte, sizeof byte);
    if (step->number == 0)
        machine.iter = procbuf_readable_iterate(readable_of(call->args[0]));
    oracle_call_begin(&oracle, &prediction->access);
    answer_bool(&actual, procbuf_iter_next(&machine.iter, &byte));
    oracle_call_end(&oracle);
    if (out_is_told(&out, &actual))
        value(&actual, 'u', byte);
    compare_outcome(&prediction->outcome, &actual);
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

static void take_chunk(const struct call *call, const struct step *step,
                       const struct prediction *prediction)
{
    const bool writable = model.slices[call->args[0]].writable;
    const struct slice *whole = &world.slices[call->args[0]];
    struct oracle_call oracle;
    struct outcome actual;
    struct slice part;
    const struct out out = out_fill(&part, sizeof part);
    if (step->number == 0 && writable)
        machine.written_chunks = procbuf_writable_split(whole->writable, (size_t)call->args[1]);
    else if (step->number == 0)
        machine.chunks = procbuf_readable_split(whole->readable, (size_t)call->args[1]);
    oracle_call_begin(&oracle, &prediction->access);
    answer_bool(&actual, writable
                             ? procbuf_writable_chunks_next(&machine.written_chunks, &part.writable)
                             : procbuf_readable_chunks_next(&machine.chunks, &part.readable));
    oracle_call_end(&oracle);
    const bool told = out_is_told(&out, &actual);
    const size_t len = !told      ? 0
                       : writable ? procbuf_writable_len(part.writable)
                                  : procbuf_readable_len(part.readable);
    if (told)
        value(&actual, 'l', len);
    compare_outcome(&prediction->outcome, &actual);
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
        checked_call(call, prediction, &outcome);
        return;
    }
    if (call->op->code == OP_ITERATE)
        read_next(call, step, prediction);
    else
        take_chunk(call, step, prediction);
    machine_checked_ops++;
}

/* The world is compared once: there may be 2^16 restarts. */
static void end_steps(struct walk *walk, const struct call *call, const struct step *step,
                      struct prediction *prediction, const struct outcome *outcome)
{
    (void)walk, (void)step;
    compare_after(prediction);
    settle(call, outcome);
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
static struct body *body_of(void *data)
{
    if (data != machine.entered)
        bug_found("body", "callback-data",
                  "expected: the body is given the data that came with it (H2)\n"
                  "actual: other data");
    return machine.entered;
}

/* What an enter lends. */
static void compare_lent(const struct call *call)
{
    const uint64_t number = entered_slice(call);
    model_check_invariants(~0u);
    compare_slice(number);
    if (call->op->code == OP_DRIVER_ENTER) {
        arena_wrote(model.slices[number].span); /* what a driver's data begin as is its business */
        view_grant_seen(model.ids[call->args[1]].slot, &model.drivers[call->args[0]]);
        view_settle();
    }
}

/* The body begins: run the operations of the block, and hand back to the library. */
static void run_body(struct body *body)
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
    oracle_call_pause(body->oracle);
    lookups_end();
    walk_begin_body(body->call);
    if (lends)
        compare_lent(body->call);
    walk_run_body(&machine.walk, body->call, body->prediction);
    bug_current_op = op_table[body->call->op->code].text;
    bug_current_rule = lends ? "H2" : body->prediction->rule;
    oracle_call_resume(body->oracle);
}

static void read_body(struct procbuf_readable slice, void *data)
{
    struct body *body = body_of(data);
    world.slices[entered_slice(body->call)].readable = slice;
    run_body(body);
}

static void write_body(struct procbuf_writable slice, void *data)
{
    struct body *body = body_of(data);
    world.slices[entered_slice(body->call)].writable = slice;
    run_body(body);
}

static void grant_body(const struct procbuf_grant *grant, void *data)
{
    struct body *body = body_of(data);
    const struct procbuf_grant *outer = world.grant;
    const struct model_driver *driver = &model.drivers[body->call->args[0]];
    struct procbuf_writable *slice = &world.slices[entered_slice(body->call)].writable;
    *slice = procbuf_grant_data(grant);
    if (!procbuf_writable_range_to(*slice, driver->data_len, slice))
        bug_found("slice", "grant-data-length",
                  "expected: at least %u bytes of data\n"
                  "actual: %zu",
                  driver->data_len, procbuf_writable_len(*slice));
    world.grant = grant;
    run_body(body);
    world.grant = outer;
}

/* The driver of the innermost allow that asks one acts. */
static void driver_body(void)
{
    run_body(machine.entered);
}

static void call_enter(struct body *body, struct outcome *outcome)
{
    const struct call *call = body->call;
    const size_t number = (size_t)call->args[0];
    enum procbuf_error error;
    switch (call->op->code) {
    case OP_ALLOW_USERSPACE_READABLE_WITH:
        execute_driver_body = body->expected ? driver_body : NULL;
        execute(call, outcome);
        execute_driver_body = NULL;
        return;
    case OP_DRIVER_ENTER:
        error = procbuf_driver_enter(&world.drivers[number], world.ids[call->args[1]], grant_body,
                                     body);
        break;
    case OP_MUT_ENTER:
        error = procbuf_readwrite_mut_enter(&world.readwrite[number], write_body, body);
        break;
    default:
        error = number < TRACE_BUFFER_COUNT
                    ? procbuf_readonly_enter(&world.readonly[number], read_body, body)
                    : procbuf_readwrite_enter(&world.readwrite[number - TRACE_BUFFER_COUNT],
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
                         .outer = machine.entered,
                         .expected = runs };
    (void)walk;
    machine.entered = &body;
    bug_current_rule = prediction->rule;
    oracle_call_begin(&oracle, &prediction->access);
    lookups_begin();
    if (prediction->outcome.kind != OUTCOME_PANIC) {
        call_enter(&body, outcome);
    } else if (setjmp(port_panic_target) == 0) {
        oracle_landing = __builtin_frame_address(0);
        call_enter(&body, outcome);
    } else {
        answer(outcome, OUTCOME_PANIC, 0);
    }
    oracle_landing = NULL;
    oracle_call_end(&oracle);
    if (!runs)
        lookups_end();
    machine.entered = body.outer;
    machine_checked_ops++;
    if (asks && runs && body.runs == 0)
        bug_found("body", "driver-not-asked",
                  "expected: the driver is asked (A3)\nactual: it is not");
    compare_outcome(&prediction->outcome, outcome);
    if (runs && body.runs == 0)
        bug_found("body", "body-not-run", "expected: the body runs once (H2)\nactual: not at all");
    compare_after(prediction);
    if (asks)
        origins_answered(call, outcome);
}

/* ---- A trace ---- */

/* Those that count what runs, in every trace from when they are asked for. */
static const struct observer *counting[MAX_OBSERVERS];
static unsigned counting_count;

void machine_count(const struct observer *observer)
{
    counting[counting_count++] = observer;
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

void machine_run(const struct trace *trace, FILE *results)
{
    memset(&machine, 0, sizeof machine);
    execute_driver_body = NULL; /* the last run may have ended anywhere */
    lookups_forget();
    machine.walk = (struct walk){
        .trace = trace,
        .backend = &library,
        .results = results,
        .last = UINT_MAX,
        .hostile = hostile,
    };
    bug_unheard = false;
    bug_arena_byte = -1;
    bug_detail[0] = '\0';
    for (unsigned o = 0; o < counting_count && !machine_uncounted; o++)
        walk_observe(&machine.walk, counting[o]);
    if (worlds_compared)
        walk_observe(&machine.walk, &worlds_observer);
    if (results != NULL)
        walk_observe(&machine.walk, &results_observer);
    state_begin();
    layout_begin(trace, results);
    walk_block(&machine.walk);
    bug_current_op = "end";
    compare_all_bytes();
    world_check_those_before();
    view_ended();
    state_check();
}
