#include "origins.h"

#include "testbed.h"

#include <string.h>

static bool range_equal(struct model_range a, struct model_range b)
{
    return a.addr == b.addr && a.len == b.len;
}

static void print_range(const struct testbed *t, const char *what, struct model_range range)
{
    fputs(what, stderr);
    place_print(t, range.addr, stderr);
    fprintf(stderr, ", %llu bytes\n", (unsigned long long)range.len);
}

static void check_range(struct testbed *t, struct model_range passed, struct model_range answer)
{
    if (range_equal(passed, answer) || t->view_unasked)
        return;
    print_range(t, "expected: what this life passed last, ", passed);
    print_range(t, "actual: ", answer);
    t->oracle.bug.rule = "I10";
    bug_found("secrecy", "range-that-was-not-passed",
              "a range is given back that this life of the process did not pass (I10)");
}

static void check_number(struct testbed *t, const char *check, uint64_t given, uint64_t answer)
{
    if (answer == given || t->view_unasked)
        return;
    fputs("expected: what was given before, ", stderr);
    place_print(t, given, stderr);
    fputs("\nactual: ", stderr);
    place_print(t, answer, stderr);
    fputc('\n', stderr);
    t->oracle.bug.rule = "I10";
    bug_found("secrecy", check, "an answer has no origin in what was given before (I10)");
}

static bool is_ok(const struct outcome *outcome)
{
    return outcome->kind == OUTCOME_DONE ||
           ((outcome->kind == OUTCOME_CODE || outcome->kind == OUTCOME_PROCESS_ERROR) &&
            outcome->status == 0);
}

static void make(struct testbed *t, unsigned number, struct model_range range)
{
    t->origins.made[number] = range;
    t->origins.any = true;
}

/* A life that ended keeps its slots until then, for a driver that has them open. */
static void begin_life(struct testbed *t, uint64_t slot)
{
    for (unsigned d = 0; d < t->model.depth; d++) {
        const struct model_open *open = &t->model.open[d];
        struct ended *ended = &t->origins.ended[d];
        if (!open->of_grant || open->slot != slot || ended->identifier == open->identifier + 1)
            continue;
        ended->identifier = open->identifier + 1; /* 0: no life */
        t->origins.any = true;
        memcpy(ended->passed, t->origins.passed[slot][open->driver], sizeof ended->passed);
    }
    if (t->origins.any)
        memset(t->origins.passed[slot], 0, sizeof t->origins.passed[slot]);
}

void origins_declared(struct testbed *t, unsigned v)
{
    for (unsigned slot = 0; slot < TRACE_MAX_PROCESSES; slot++)
        memset(t->origins.passed[slot][v], 0, sizeof t->origins.passed[slot][v]);
}

/* ---- What ops.def names ---- */

typedef void origin_function(struct testbed *t, const struct call *call,
                             const struct outcome *outcome);

static void origin_none(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    (void)t, (void)call, (void)outcome;
}

static void origin_create(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    (void)call;
    if (outcome->value_count == 1)
        begin_life(t, outcome->values[0].value);
}

/* Whether a new life began: the answer says so, or how often; of a fault, its process. */
static void origin_life(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    const bool counts = outcome->kind == OUTCOME_DONE && outcome->value_count == 1;
    const bool began = counts ? outcome->values[0].value != 0
                       : outcome->kind == OUTCOME_DONE
                           ? procbuf_process_is_active(&t->world->slots[call->args[0]])
                           : outcome->kind == OUTCOME_YES;
    if (began)
        begin_life(t, call->args[0]);
}

static void origin_break(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    if (outcome->value_count == 1)
        check_number(t, "old-break-without-origin", t->views[call->args[0]].break_before,
                     outcome->values[0].value);
}

/* ---- Buffers ---- */

static void origin_build(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    if (is_ok(outcome))
        make(t, model_buffer_named(call, 0), (struct model_range){ call->args[2], call->args[3] });
}

static void origin_kept_build(struct testbed *t, const struct call *call,
                              const struct outcome *outcome)
{
    if (is_ok(outcome))
        make(t, model_buffer_named(call, 0), (struct model_range){ call->args[1], call->args[2] });
}

static void vouched_for(struct testbed *t, const struct call *call, uint64_t index, uint64_t offset,
                        uint64_t len)
{
    make(t, model_buffer_named(call, 0),
         (struct model_range){
             (uint64_t)ARENA_BASE + ARENA_FOREIGN + index * MODEL_FOREIGN_LEN + offset, len });
}

static void origin_foreign(struct testbed *t, const struct call *call,
                           const struct outcome *outcome)
{
    (void)outcome;
    vouched_for(t, call, call->args[1], call->args[2], call->args[3]);
}

static void origin_map_build(struct testbed *t, const struct call *call,
                             const struct outcome *outcome)
{
    if (is_ok(outcome))
        make(t, model_buffer_named(call, 0), (struct model_range){ call->args[4], call->args[5] });
}

static void origin_map_slot(struct testbed *t, const struct call *call,
                            const struct outcome *outcome)
{
    const struct model_buffer *buffer = &t->model.buffers[model_buffer_named(call, 0)];
    (void)outcome;
    make(t, model_buffer_named(call, 0), (struct model_range){ buffer->addr, buffer->len });
}

/* The pairs were userspace's: the array is what was passed. */
static void origin_vector(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    const unsigned first = model_buffer_named(call, 0),
                   left = TRACE_BUFFER_COUNT - first % TRACE_BUFFER_COUNT;
    (void)outcome;
    for (unsigned b = first; b < first + left; b++)
        make(t, b, (struct model_range){ t->model.buffers[b].addr, t->model.buffers[b].len });
}

static void origin_other(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    (void)outcome;
    vouched_for(t, call, 0, call->args[1], call->args[2]);
}

static void origin_len(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    if (outcome->values[0].value != 0)
        check_number(t, "length-without-origin", t->origins.made[call->args[0]].len,
                     outcome->values[0].value);
}

static void origin_ptr(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    if (outcome->values[0].value != 0)
        check_number(t, "address-without-origin", t->origins.made[call->args[0]].addr,
                     outcome->values[0].value);
}

static void origin_consume(struct testbed *t, const struct call *call,
                           const struct outcome *outcome)
{
    check_range(t, t->origins.made[call->args[0]],
                (struct model_range){ outcome->values[0].value, outcome->values[1].value });
    make(t, (unsigned)call->args[0], (struct model_range){ 0, 0 });
}

static void origin_copy(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    (void)outcome;
    make(t, model_buffer_named(call, 0), t->origins.made[model_buffer_named(call, 1)]);
}

/* ---- Slots ---- */

/* A success gives back what was passed before, a failure what was passed now. */
static void origin_allow(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    const uint64_t *args = call->args;
    const uint8_t code = call->op->code;
    const struct model_range now = { args[3], args[4] };
    const struct model_range answer = { outcome->values[0].value, outcome->values[1].value };
    if (!is_ok(outcome)) {
        check_range(t, now, answer);
        return;
    }
    struct model_range no_slot = { 0, 0 }, *before = &no_slot;
    if (code != OP_ALLOW_READONLY && code != OP_ALLOW_READWRITE)
        before = &t->origins.held[args[1]];
    else if (model_slot_kept(args[2]) >= 0)
        before =
            &t->origins
                 .passed[args[0]][args[1]][code == OP_ALLOW_READWRITE][model_slot_kept(args[2])];
    check_range(t, *before, answer);
    *before = now;
    t->origins.any = true;
}

static void origin_slot(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    const unsigned kind = call->op->code == OP_READ_READWRITE;
    const struct model_open *driver = model_current_driver(&t->model);
    if (!is_ok(outcome))
        return;
    const struct ended *ended = &t->origins.ended[driver - t->model.open];
    const bool is_over = ended->identifier == driver->identifier + 1;
    const int kept = model_slot_kept(call->args[1]);
    make(t, model_buffer_named(call, 0),
         is_over ? ended->passed[kind][kept]
                 : t->origins.passed[driver->slot][driver->driver][kind][kept]);
}

static origin_function *const functions[256] = {
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = origin_##origin,
#include "ops.def"
#undef OP
};

void origins_answered(struct testbed *t, const struct call *call, const struct outcome *outcome)
{
    if (outcome->kind != OUTCOME_PANIC)
        functions[call->op->code](t, call, outcome);
}
