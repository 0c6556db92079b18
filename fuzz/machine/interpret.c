#include "interpret.h"

#include "testbed.h"
#include "worlds.h"

static const struct outcome skipped = { .kind = OUTCOME_SKIPPED };

#define OBSERVE(walk, what, ...)                                                                   \
    for (const struct observer *const *o = (walk)->observers; *o != NULL; o++)                     \
        if ((*o)->what != NULL)                                                                    \
    (*o)->what(__VA_ARGS__)

void walk_observe(struct walk *walk, const struct observer *observer)
{
    unsigned count = 0;
    while (walk->observers[count] != NULL)
        count++;
    walk->observers[count] = observer;
    if (observer->trace_begins != NULL)
        observer->trace_begins();
}

/* Step over a block that is not entered, and its end. */
static void skip_block(struct walk *walk)
{
    int depth = 1;
    while (depth > 0 && walk->position < walk->trace->op_count) {
        const struct op *op = &walk->trace->ops[walk->position++];
        depth += op_turns(op->code);
        OBSERVE(walk, not_run, walk, op);
    }
}

static void end_op(struct walk *walk, const struct op *op, unsigned begin,
                   const struct outcome *outcome)
{
    OBSERVE(walk, ended, walk, op, begin, outcome);
    walk->position++;
}

/* ---- Blocks ---- */

void walk_begin_body(struct testbed *t, const struct call *call)
{
    const uint8_t code = call->op->code;
    if (code == OP_DRIVER_ENTER)
        model_enter_driver(&t->model, (unsigned)call->args[0], t->model.ids[call->args[1]].slot,
                           (unsigned)entered_slice(call));
    else if (op_table[code].how == HOW_ENTER)
        model_enter(&t->model, model_buffer_named(call, 0), (unsigned)entered_slice(call),
                    code == OP_MUT_ENTER);
}

void walk_run_body(struct walk *walk, const struct call *call, struct prediction *prediction)
{
    OBSERVE(walk, body_begins, walk, call);
    walk->position++;
    walk_block(walk);
    if (op_table[call->op->code].how == HOW_ASK)
        model_driver_answers(&walk->t->model, call, prediction);
    else
        model_leave(&walk->t->model);
}

/* A body runs if the call is good. */
static bool is_good(const struct outcome *outcome)
{
    return (outcome->kind == OUTCOME_PROCESS_ERROR || outcome->kind == OUTCOME_CODE) &&
           outcome->status == 0;
}

static void enter(struct walk *walk, const struct call *call, struct prediction *prediction)
{
    static const struct op end = { .code = OP_END };
    struct outcome outcome = prediction->outcome;
    const unsigned begin = walk->position;
    const bool runs = is_good(&outcome);
    if (outcome.kind != OUTCOME_SKIPPED)
        walk->backend->enter(walk, call, prediction, runs, &outcome);
    end_op(walk, runs ? &end : call->op, begin,
           &outcome); /* the walk is at the block's end, then */
    if (!runs)
        skip_block(walk);
}

/* ---- Operations of many calls ---- */

static void predict_step(struct testbed *t, const struct call *call, struct step *step,
                         struct prediction *p)
{
    const struct model_slice *slice = &t->model.slices[call->args[0]];
    if (call->op->code == OP_ITERATE)
        model_predict_iter(&t->model, slice, step->number, p);
    else if (call->op->code == OP_CHUNKS)
        model_predict_chunk(slice, step->number, call->args[1], p, &step->chunk);
    else if (step->number != 0) /* the first is the operation's own */
        model_predict(&t->model, call, p);
}

static void run_steps(struct walk *walk, const struct call *call, struct prediction *p,
                      struct outcome *outcome)
{
    const uint8_t code = call->op->code;
    const bool restarts = code == OP_RESTART_MANY;
    struct step step = { .most = restarts ? ((uint64_t)1 << call->args[1]) + call->args[2]
                                          : MAX_STEPS };
    uint64_t digest = 2166136261u, last = 0;
    for (; step.number < step.most; step.number++) {
        predict_step(walk->t, call, &step, p);
        walk->backend->step(walk, call, &step, p);
        if (p->outcome.kind != OUTCOME_YES)
            break;
        last = restarts ? 0 : p->outcome.values[0].value;
        digest = ((digest ^ last) * 16777619u) & 0xffffffffu;
    }
    *outcome = (struct outcome){ .kind = OUTCOME_DONE, .value_count = restarts ? 1 : 2 };
    outcome->values[0].kind = 'u';
    outcome->values[0].value = step.number;
    outcome->values[1].kind = code == OP_ITERATE ? 'x' : 'l';
    outcome->values[1].value = code == OP_ITERATE ? digest : last;
    walk->backend->steps_end(walk, call, &step, p, outcome);
}

/* ---- One operation ---- */

static void run_resolved(struct walk *walk, struct call *call)
{
    const enum op_how how = op_table[call->op->code].how;
    struct prediction prediction;
    struct outcome outcome;
    OBSERVE(walk, begins, walk, call);
    model_predict(&walk->t->model, call, &prediction);
    if (how == HOW_ENTER || how == HOW_ASK) {
        enter(walk, call, &prediction);
        return;
    }
    if (prediction.outcome.kind == OUTCOME_SKIPPED)
        outcome = prediction.outcome;
    else if (how == HOW_STEPS && prediction.outcome.kind != OUTCOME_PANIC)
        run_steps(walk, call, &prediction, &outcome);
    else
        walk->backend->call(walk, call, &prediction, &outcome);
    end_op(walk, call->op, walk->position, &outcome);
}

/* Never inlined: ./fuzz/repro --debug stops here. */
__attribute__((noinline)) static void run_op(struct walk *walk)
{
    const struct op *op = &walk->trace->ops[walk->position];
    struct call call = { .op = op }; /* arguments that the operation lacks are 0 */
    walk->t->oracle.bug.op = op_table[op->code].text;
    if (!op_prepares(op->code))
        model_op_begin(&walk->t->model);
    if (walk->hostile.position == walk->position)
        model_plan_hostile_byte(&walk->t->model, walk->hostile.arena_byte);
    if (walk->t->worlds_compared ? worlds_resolve(walk->t, walk->position, op, &call)
                                 : model_resolve(&walk->t->model, op, &call)) {
        walk->call = &call;
        run_resolved(walk, &call);
        walk->call = NULL;
    } else if (walk->t->worlds_compared && worlds_body_goes_on(walk->t, walk->position)) {
        walk->position++;
    } else {
        end_op(walk, op, walk->position, &skipped);
        if (op_opens_block(op->code))
            skip_block(walk);
    }
}

void walk_block(struct walk *walk)
{
    while (walk->position < walk->trace->op_count && walk->position <= walk->last &&
           !walk->t->oracle.bug.unheard) {
        if (walk->trace->ops[walk->position].code != OP_END) {
            run_op(walk);
        } else if (walk->t->worlds_compared && worlds_end_is_bare(walk->position)) {
            end_op(walk, &walk->trace->ops[walk->position], walk->position,
                   &skipped); /* it began in the other world */
        } else {
            return;
        }
    }
}
