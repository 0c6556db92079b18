#include "machine.h"

#include "behaviours.h"
#include "bug.h"
#include "compare.h"
#include "execute.h"
#include "origins.h"
#include "out.h"
#include "port.h"
#include "results.h"
#include "state.h"
#include "statistics.h"
#include "view.h"
#include "world.h"
#include "worlds.h"

#include <limits.h>
#include <string.h>

const struct trace *machine_trace;
unsigned machine_position;
const struct call *machine_call;
uint64_t machine_checked_ops;
bool machine_uncounted;
static FILE *results;
static bool vouched; /* a buffer was made by trusted code */

/* ---- One operation ---- */

/* One library call, bracketed and compared. A panic that was predicted comes back here. */
static void checked_call(const struct call *call, const struct prediction *prediction,
                         struct outcome *outcome)
{
    struct oracle_call oracle;
    bug_current_rule = prediction->rule;
    oracle_call_begin(&oracle, &prediction->access);
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
    compare_outcome(&prediction->outcome, outcome);
    machine_checked_ops++;
}

/* An operation that began at `begin` is over, an enter whose body ran further on: here. */
static void finish_op(const struct op *op, unsigned begin, const struct outcome *outcome)
{
    if (!machine_uncounted) {
        statistics_op(op->code, outcome);
        behaviours_op(op->code, outcome);
    }
    if (worlds_compared)
        worlds_op_ended(op->code == OP_END ? machine_position : begin, begin, outcome);
    if (results != NULL)
        results_print(op, outcome, results);
}

/* ---- Operations of many calls ---- */

enum { MAX_STEPS = 40 };

/* Every step is a call of its own: it fetches one byte. */
static void run_iterate_steps(const struct call *call, struct prediction *p,
                              struct outcome *outcome)
{
    const struct model_slice *slice = &model.slices[call->args[0]];
    struct procbuf_iter iter = procbuf_readable_iterate(readable_of(call->args[0]));
    uint64_t count = 0, digest = 2166136261u;
    for (uint64_t step = 0; step < MAX_STEPS; step++) {
        struct oracle_call oracle;
        struct outcome actual = { 0 };
        uint8_t byte;
        const struct out out = out_fill(&byte, sizeof byte);
        model_predict_iter(slice, step, p);
        oracle_call_begin(&oracle, &p->access);
        answer_bool(&actual, procbuf_iter_next(&iter, &byte));
        oracle_call_end(&oracle);
        if (out_is_told(&out, &actual))
            value(&actual, 'u', byte);
        compare_outcome(&p->outcome, &actual);
        machine_checked_ops++;
        if (actual.kind == OUTCOME_NO)
            break;
        digest = ((digest ^ byte) * 16777619u) & 0xffffffffu;
        count++;
    }
    compare_after(p);
    answer(outcome, OUTCOME_DONE, 0);
    value(outcome, 'u', count);
    value(outcome, 'x', digest);
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

static void run_chunks_steps(const struct call *call, struct prediction *p, struct outcome *outcome)
{
    const struct model_slice *slice = &model.slices[call->args[0]];
    const size_t chunk_len = (size_t)call->args[1];
    const bool writable = slice->writable;
    struct procbuf_readable_chunks readable;
    struct procbuf_writable_chunks written;
    uint64_t count = 0, last_len = 0;
    if (writable)
        written = procbuf_writable_split(world.slices[call->args[0]].writable, chunk_len);
    else
        readable = procbuf_readable_split(world.slices[call->args[0]].readable, chunk_len);
    for (uint64_t step = 0; step < MAX_STEPS; step++) {
        struct oracle_call oracle;
        struct outcome actual = { 0 };
        struct slice part;
        const struct out out = out_fill(&part, sizeof part);
        struct span expected;
        model_predict_chunk(slice, step, chunk_len, p, &expected);
        oracle_call_begin(&oracle, &p->access);
        answer_bool(&actual, writable ? procbuf_writable_chunks_next(&written, &part.writable)
                                      : procbuf_readable_chunks_next(&readable, &part.readable));
        oracle_call_end(&oracle);
        machine_checked_ops++;
        if (out_is_told(&out, &actual)) {
            const size_t len = writable ? procbuf_writable_len(part.writable)
                                        : procbuf_readable_len(part.readable);
            value(&actual, 'l', len);
            compare_outcome(&p->outcome, &actual);
            check_chunk(&expected,
                        writable ? procbuf_writable_base_unchecked(part.writable)
                                 : procbuf_readable_base_unchecked(part.readable),
                        len);
            last_len = len;
            count++;
        } else {
            compare_outcome(&p->outcome, &actual);
            break;
        }
    }
    compare_after(p);
    answer(outcome, OUTCOME_DONE, 0);
    value(outcome, 'u', count);
    value(outcome, 'l', last_len);
}

/* The world is compared once, after the last restart: there may be 2^16. */
static void run_restarts(const struct call *call, struct prediction *p, struct outcome *outcome)
{
    const uint64_t most = ((uint64_t)1 << call->args[1]) + call->args[2];
    uint64_t count = 0;
    for (;;) {
        checked_call(call, p, outcome);
        if (outcome->kind != OUTCOME_YES || ++count == most)
            break;
        model_predict(call, p);
    }
    compare_after(p);
    answer(outcome, OUTCOME_DONE, 0);
    value(outcome, 'u', count);
}

/* ---- Enters ---- */

static void run_block(void);

struct body {
    const struct call *call;
    struct oracle_call *oracle;
    unsigned position;
    unsigned runs;
    bool expected;
};

static struct body *entered; /* innermost, from before its call to the end of it */

/* The body that a callback's data says. */
static struct body *body_of(void *data)
{
    if (data != entered)
        bug_found("body", "callback-data",
                  "expected: the body is given the data that came with it (H2)\n"
                  "actual: other data");
    return entered;
}

/* Which slice register an enter fills. */
static uint64_t slice_register(const struct call *call)
{
    return call->args[op_slice_made(call->op->code)];
}

static void enter_model(const struct call *call)
{
    const unsigned first = (unsigned)call->args[0];
    const unsigned number = (unsigned)slice_register(call);
    if (call->op->code == OP_DRIVER_ENTER)
        model_enter_driver(first, model.ids[call->args[1]].slot, number);
    else if (call->op->code == OP_MUT_ENTER)
        model_enter(model_buffer_named(call, 0), number, true);
    else
        model_enter(first, number, false);
}

/* The body has its slice: run the operations of the block, and hand back to the library. */
static void run_body(struct body *body)
{
    const uint64_t number = slice_register(body->call);
    if (!body->expected)
        bug_found("body", "body-ran-when-dead",
                  "expected: a dead buffer's body does not run (H2)\n"
                  "actual: it ran");
    if (++body->runs > 1)
        bug_found("body", "body-ran-twice",
                  "expected: the body runs once (H2)\n"
                  "actual: it ran again");
    oracle_call_pause(body->oracle);
    enter_model(body->call);
    model_check_invariants(~0u);
    compare_slice(number);
    if (body->call->op->code == OP_DRIVER_ENTER) {
        arena_wrote(model.slices[number].span); /* what a driver's data begin as is its business */
        view_grant_seen(model.ids[body->call->args[1]].slot, &model.drivers[body->call->args[0]]);
        view_settle();
    } else if (!machine_uncounted)
        statistics_enter(model_buffer_named(body->call, 0));
    if (results != NULL) {
        struct outcome outcome;
        answer(&outcome, OUTCOME_DONE, 0);
        value(&outcome, 'l', model.slices[number].span.end - model.slices[number].span.start);
        results_print(body->call->op, &outcome, results);
    }
    if (worlds_compared)
        worlds_body_began(body->position, body->call,
                          model.slices[number].writable
                              ? procbuf_writable_len(world.slices[number].writable)
                              : procbuf_readable_len(world.slices[number].readable));
    run_block();
    model_leave();
    bug_current_op = op_table[body->call->op->code].text;
    bug_current_rule = "H2";
    oracle_call_resume(body->oracle);
}

static void read_body(struct procbuf_readable slice, void *data)
{
    struct body *body = body_of(data);
    world.slices[slice_register(body->call)].readable = slice;
    run_body(body);
}

static void write_body(struct procbuf_writable slice, void *data)
{
    struct body *body = body_of(data);
    world.slices[slice_register(body->call)].writable = slice;
    run_body(body);
}

static void grant_body(const struct procbuf_grant *grant, void *data)
{
    struct body *body = body_of(data);
    const struct procbuf_grant *outer = world.grant;
    const struct model_driver *driver = &model.drivers[body->call->args[0]];
    struct procbuf_writable *slice = &world.slices[slice_register(body->call)].writable;
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

/* Step over a block that is not entered, and its end. */
static void skip_block(void)
{
    unsigned depth = 1;
    while (depth > 0 && machine_position < machine_trace->op_count) {
        const struct op *op = &machine_trace->ops[machine_position++];
        depth += op_opens_block(op->code);
        depth -= op->code == OP_END;
        if (results != NULL)
            results_print_not_run(op, results);
    }
}

static enum procbuf_error call_enter(const struct call *call, struct body *body)
{
    const size_t number = (size_t)call->args[0];
    if (call->op->code == OP_DRIVER_ENTER)
        return procbuf_driver_enter(&world.drivers[number], world.ids[call->args[1]], grant_body,
                                    body);
    if (call->op->code == OP_MUT_ENTER)
        return procbuf_readwrite_mut_enter(&world.readwrite[number], write_body, body);
    if (number < TRACE_BUFFER_COUNT)
        return procbuf_readonly_enter(&world.readonly[number], read_body, body);
    return procbuf_readwrite_enter(&world.readwrite[number - TRACE_BUFFER_COUNT], read_body, body);
}

static void run_block_of(const struct op *op, const struct call *call,
                         const struct prediction *prediction)
{
    struct oracle_call oracle;
    struct outcome outcome;
    const unsigned position = machine_position++;
    struct body body = { call, &oracle, position, 0,
                         prediction->outcome.kind == OUTCOME_PROCESS_ERROR &&
                             prediction->outcome.status == 0 };
    if (prediction->outcome.kind == OUTCOME_SKIPPED) {
        finish_op(op, position, &prediction->outcome);
        skip_block();
        return;
    }
    struct body *const outer = entered;
    entered = &body;
    bug_current_rule = prediction->rule;
    oracle_call_begin(&oracle, &prediction->access);
    answer(&outcome, OUTCOME_PANIC, 0);
    if (prediction->outcome.kind != OUTCOME_PANIC) {
        answer_process_error(&outcome, call_enter(call, &body));
    } else if (setjmp(port_panic_target) == 0) {
        oracle_landing = __builtin_frame_address(0);
        answer_process_error(&outcome, call_enter(call, &body));
    }
    oracle_landing = NULL;
    oracle_call_end(&oracle);
    entered = outer;
    machine_checked_ops++;
    compare_outcome(&prediction->outcome, &outcome);
    if (body.expected && body.runs == 0)
        bug_found("body", "body-not-run", "expected: the body runs once (H2)\nactual: not at all");
    compare_after(prediction);
    if (body.expected) {
        const struct op end = { .code = OP_END };
        finish_op(&end, position, &outcome);
        machine_position++;
    } else {
        finish_op(op, position, &outcome);
        skip_block();
    }
}

/* ---- Drivers that act before they answer ---- */

static struct asking {
    const struct call *call;
    struct oracle_call *oracle;
    struct prediction *prediction;
    unsigned position;
    bool acted;
} *asking; /* innermost */

static void act_as_driver(void)
{
    struct asking *const now = asking;
    now->acted = true;
    oracle_call_pause(now->oracle);
    if (results != NULL) {
        struct outcome outcome;
        answer(&outcome, OUTCOME_DONE, 0);
        results_print(now->call->op, &outcome, results);
    }
    if (worlds_compared)
        worlds_body_began(now->position, now->call, 0);
    run_block();
    model_driver_answers(now->call, now->prediction);
    bug_current_op = op_table[now->call->op->code].text;
    bug_current_rule = now->prediction->rule;
    oracle_call_resume(now->oracle);
}

static void run_asking(const struct op *op, const struct call *call, struct prediction *prediction)
{
    struct oracle_call oracle;
    struct outcome outcome = prediction->outcome;
    const unsigned position = machine_position;
    struct asking now = { call, &oracle, prediction, position, false };
    struct asking *const outer = asking;
    if (!model_asks_driver(prediction)) {
        if (outcome.kind != OUTCOME_SKIPPED) {
            checked_call(call, prediction, &outcome);
            compare_after(prediction);
            origins_answered(call, &outcome);
        }
        finish_op(op, position, &outcome);
        machine_position++;
        skip_block();
        return;
    }
    machine_position++;
    asking = &now;
    execute_driver_body = act_as_driver;
    bug_current_rule = prediction->rule;
    oracle_call_begin(&oracle, &prediction->access);
    execute(call, &outcome);
    oracle_call_end(&oracle);
    execute_driver_body = NULL;
    asking = outer;
    machine_checked_ops++;
    if (!now.acted)
        bug_found("body", "driver-not-asked",
                  "expected: the driver is asked (A3)\nactual: it is not");
    compare_outcome(&prediction->outcome, &outcome);
    compare_after(prediction);
    origins_answered(call, &outcome);
    const struct op end = { .code = OP_END };
    finish_op(&end, position, &outcome);
    machine_position++;
}

/* ---- The interpreter ---- */

static struct {
    unsigned position;
    uint32_t arena_byte;
} hostile = { UINT_MAX, 0 };

void machine_set_hostile_byte(unsigned position, uint32_t arena_byte)
{
    hostile.position = position;
    hostile.arena_byte = arena_byte;
}

static void run_resolved(const struct op *op, struct call *call);

/* Never inlined: ./fuzz/repro --debug stops here. */
__attribute__((noinline)) static void run_op(const struct op *op)
{
    struct call call = { .op = op }; /* arguments that the operation lacks are 0 */
    struct outcome outcome;
    bug_current_op = op_table[op->code].text;
    if (!op_prepares(op->code))
        model_op_begin();
    if (hostile.position == machine_position)
        model_plan_hostile_byte(hostile.arena_byte);
    if (worlds_compared ? worlds_resolve(machine_position, op, &call) : model_resolve(op, &call)) {
        machine_call = &call;
        run_resolved(op, &call);
        machine_call = NULL;
        return;
    }
    if (worlds_compared && worlds_body_goes_on(machine_position)) {
        machine_position++;
        return;
    }
    answer(&outcome, OUTCOME_SKIPPED, 0);
    finish_op(op, machine_position, &outcome);
    machine_position++;
    if (op_opens_block(op->code))
        skip_block();
}

/* An operation that is not a call of the library. */
static void run_user_op(const struct call *call, const struct prediction *prediction,
                        struct outcome *outcome)
{
    if (prediction->outcome.kind == OUTCOME_SKIPPED) {
        *outcome = prediction->outcome;
    } else {
        execute(call, outcome);
        machine_checked_ops +=
            call->op->code == OP_DECLARE_DRIVER ||
            call->op->code == OP_DECLARE_DRIVER_WITH; /* its length is compared */
    }
    finish_op(call->op, machine_position, outcome);
    machine_position++;
}

/* What an operation has done beside its answer. */
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

static void run_steps(const struct call *call, struct prediction *p, struct outcome *outcome)
{
    switch (call->op->code) {
    case OP_ITERATE: run_iterate_steps(call, p, outcome); break;
    case OP_CHUNKS: run_chunks_steps(call, p, outcome); break;
    default: run_restarts(call, p, outcome); break;
    }
}

static void run_resolved(const struct op *op, struct call *call)
{
    struct prediction prediction;
    struct outcome outcome;
    const struct op_row *row = &op_table[op->code];
    model_predict(call, &prediction);
    switch (row->how) {
    case HOW_USER: run_user_op(call, &prediction, &outcome); return;
    case HOW_ENTER: run_block_of(op, call, &prediction); return;
    case HOW_ASK: run_asking(op, call, &prediction); return;
    default: break;
    }
    if (prediction.outcome.kind == OUTCOME_SKIPPED) {
        outcome = prediction.outcome;
    } else if (row->how == HOW_STEPS && prediction.outcome.kind != OUTCOME_PANIC) {
        run_steps(call, &prediction, &outcome);
    } else {
        checked_call(call, &prediction, &outcome);
        if (op->code == OP_ALLOW_READONLY || op->code == OP_ALLOW_READWRITE)
            view_grant_seen((unsigned)call->args[0], &model.drivers[call->args[1]]);
        compare_after(&prediction);
        compare_effects(call, &outcome);
    }
    if (prediction.outcome.kind != OUTCOME_SKIPPED)
        origins_answered(call, &outcome);
    if ((row->flags & OP_VOUCHES) != 0) {
        vouched = true;
        arena_wrote((struct span){ ARENA_PROCESSES, ARENA_LEN });
    }
    if ((row->flags & OP_LIVES) != 0) {
        compare_handles();
        world_note_lives(model.depth == 0 && !vouched);
    }
    finish_op(op, machine_position, &outcome);
    machine_position++;
}

/* The end of an enter that does not run in this world. */
static void pass_end(void)
{
    static const struct outcome none;
    worlds_op_ended(machine_position, machine_position, &none);
    machine_position++;
}

/* Until the end of the block, or of the trace. */
static void run_block(void)
{
    while (machine_position < machine_trace->op_count && !bug_unheard) {
        const struct op *op = &machine_trace->ops[machine_position];
        if (op->code != OP_END)
            run_op(op);
        else if (worlds_compared && worlds_end_is_bare(machine_position))
            pass_end();
        else
            return;
    }
}

/* ---- A trace ---- */

void machine_run(const struct trace *trace, FILE *results_file)
{
    machine_trace = trace;
    machine_call = NULL;
    machine_position = 0;
    results = results_file;
    bug_unheard = false;
    bug_arena_byte = -1;
    bug_detail[0] = '\0';
    vouched = false;
    if (!machine_uncounted) {
        statistics_trace();
        behaviours_input();
    }
    state_begin();
    world_begin(trace, results);
    run_block();
    bug_current_op = "end";
    compare_all_bytes();
    view_ended();
    state_check();
}
