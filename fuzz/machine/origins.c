#include "origins.h"

#include "bug.h"
#include "machine.h"
#include "view.h"
#include "world.h"

#include <string.h>

struct origins origins;

static bool range_equal(struct model_range a, struct model_range b)
{
    return a.addr == b.addr && a.len == b.len;
}

static void print_range(const char *what, struct model_range range)
{
    fputs(what, stderr);
    place_print(range.addr, stderr);
    fprintf(stderr, ", %llu bytes\n", (unsigned long long)range.len);
}

static void check_range(struct model_range passed, struct model_range answer)
{
    if (range_equal(passed, answer) || view_unasked)
        return;
    print_range("expected: what this life passed last, ", passed);
    print_range("actual: ", answer);
    bug_current_rule = "I10";
    bug_found("secrecy", "range-that-was-not-passed",
              "a range is given back that this life of the process did not pass (I10)");
}

static void check_number(const char *check, uint64_t given, uint64_t answer)
{
    if (answer == given || view_unasked)
        return;
    fputs("expected: what was given before, ", stderr);
    place_print(given, stderr);
    fputs("\nactual: ", stderr);
    place_print(answer, stderr);
    fputc('\n', stderr);
    bug_current_rule = "I10";
    bug_found("secrecy", check, "an answer has no origin in what was given before (I10)");
}

static bool is_ok(const struct outcome *outcome)
{
    return outcome->kind == OUTCOME_DONE ||
           ((outcome->kind == OUTCOME_CODE || outcome->kind == OUTCOME_PROCESS_ERROR) &&
            outcome->status == 0);
}

static void make(unsigned number, struct model_range range)
{
    origins.made[number] = range;
    origins.any = true;
}

/* A life that ended keeps its slots until then, for a driver that has them open. */
static void begin_life(uint64_t slot)
{
    for (unsigned d = 0; d < model.depth; d++) {
        const struct model_open *open = &model.open[d];
        struct ended *ended = &origins.ended[d];
        if (!open->of_grant || open->slot != slot || ended->identifier == open->identifier + 1)
            continue;
        ended->identifier = open->identifier + 1; /* 0: no life */
        origins.any = true;
        memcpy(ended->passed, origins.passed[slot][open->driver], sizeof ended->passed);
    }
    if (origins.any)
        memset(origins.passed[slot], 0, sizeof origins.passed[slot]);
}

void origins_declared(unsigned v)
{
    for (unsigned slot = 0; slot < TRACE_MAX_PROCESSES; slot++)
        memset(origins.passed[slot][v], 0, sizeof origins.passed[slot][v]);
}

/* ---- What ops.def names ---- */

typedef void origin_function(const struct call *call, const struct outcome *outcome);

static void origin_none(const struct call *call, const struct outcome *outcome)
{
    (void)call, (void)outcome;
}

static void origin_create(const struct call *call, const struct outcome *outcome)
{
    (void)call;
    if (outcome->value_count == 1)
        begin_life(outcome->values[0].value);
}

/* Whether a new life began: the answer says so, or how often; of a fault, its process. */
static void origin_life(const struct call *call, const struct outcome *outcome)
{
    const bool counts = outcome->kind == OUTCOME_DONE && outcome->value_count == 1;
    const bool began = counts ? outcome->values[0].value != 0
                       : outcome->kind == OUTCOME_DONE
                           ? procbuf_process_is_active(&world.slots[call->args[0]])
                           : outcome->kind == OUTCOME_YES;
    if (began)
        begin_life(call->args[0]);
}

static void origin_break(const struct call *call, const struct outcome *outcome)
{
    if (outcome->value_count == 1)
        check_number("old-break-without-origin", views[call->args[0]].break_before,
                     outcome->values[0].value);
}

/* ---- Buffers ---- */

static void origin_build(const struct call *call, const struct outcome *outcome)
{
    if (is_ok(outcome))
        make(model_buffer_named(call, 0), (struct model_range){ call->args[2], call->args[3] });
}

static void vouched_for(const struct call *call, uint64_t index, uint64_t offset, uint64_t len)
{
    make(model_buffer_named(call, 0),
         (struct model_range){
             (uint64_t)ARENA_BASE + ARENA_FOREIGN + index * MODEL_FOREIGN_LEN + offset, len });
}

static void origin_foreign(const struct call *call, const struct outcome *outcome)
{
    (void)outcome;
    vouched_for(call, call->args[1], call->args[2], call->args[3]);
}

static void origin_map_build(const struct call *call, const struct outcome *outcome)
{
    if (is_ok(outcome))
        make(model_buffer_named(call, 0), (struct model_range){ call->args[4], call->args[5] });
}

static void origin_map_slot(const struct call *call, const struct outcome *outcome)
{
    const struct model_buffer *buffer = &model.buffers[model_buffer_named(call, 0)];
    (void)outcome;
    make(model_buffer_named(call, 0), (struct model_range){ buffer->addr, buffer->len });
}

/* The pairs were userspace's: the array is what was passed. */
static void origin_vector(const struct call *call, const struct outcome *outcome)
{
    const unsigned first = model_buffer_named(call, 0),
                   left = TRACE_BUFFER_COUNT - first % TRACE_BUFFER_COUNT;
    (void)outcome;
    for (unsigned b = first; b < first + left; b++)
        make(b, (struct model_range){ model.buffers[b].addr, model.buffers[b].len });
}

static void origin_other(const struct call *call, const struct outcome *outcome)
{
    (void)outcome;
    vouched_for(call, 0, call->args[1], call->args[2]);
}

static void origin_len(const struct call *call, const struct outcome *outcome)
{
    if (outcome->values[0].value != 0)
        check_number("length-without-origin", origins.made[call->args[0]].len,
                     outcome->values[0].value);
}

static void origin_ptr(const struct call *call, const struct outcome *outcome)
{
    if (outcome->values[0].value != 0)
        check_number("address-without-origin", origins.made[call->args[0]].addr,
                     outcome->values[0].value);
}

static void origin_consume(const struct call *call, const struct outcome *outcome)
{
    check_range(origins.made[call->args[0]],
                (struct model_range){ outcome->values[0].value, outcome->values[1].value });
    make((unsigned)call->args[0], (struct model_range){ 0, 0 });
}

static void origin_copy(const struct call *call, const struct outcome *outcome)
{
    (void)outcome;
    make(model_buffer_named(call, 0), origins.made[model_buffer_named(call, 1)]);
}

/* ---- Slots ---- */

/* A success gives back what was passed before, a failure what was passed now. */
static void origin_allow(const struct call *call, const struct outcome *outcome)
{
    const uint64_t *args = call->args;
    const uint8_t code = call->op->code;
    const struct model_range now = { args[3], args[4] };
    const struct model_range answer = { outcome->values[0].value, outcome->values[1].value };
    if (!is_ok(outcome)) {
        check_range(now, answer);
        return;
    }
    struct model_range no_slot = { 0, 0 }, *before = &no_slot;
    if (code != OP_ALLOW_READONLY && code != OP_ALLOW_READWRITE)
        before = &origins.held[args[1]];
    else if (model_slot_kept(args[2]) >= 0)
        before =
            &origins.passed[args[0]][args[1]][code == OP_ALLOW_READWRITE][model_slot_kept(args[2])];
    check_range(*before, answer);
    *before = now;
    origins.any = true;
}

static void origin_slot(const struct call *call, const struct outcome *outcome)
{
    const unsigned kind = call->op->code == OP_READ_READWRITE;
    const struct model_open *driver = model_current_driver();
    if (!is_ok(outcome))
        return;
    const struct ended *ended = &origins.ended[driver - model.open];
    const bool is_over = ended->identifier == driver->identifier + 1;
    const int kept = model_slot_kept(call->args[1]);
    make(model_buffer_named(call, 0),
         is_over ? ended->passed[kind][kept]
                 : origins.passed[driver->slot][driver->driver][kind][kept]);
}

static origin_function *const functions[256] = {
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = origin_##origin,
#include "ops.def"
#undef OP
};

void origins_answered(const struct call *call, const struct outcome *outcome)
{
    if (outcome->kind != OUTCOME_PANIC)
        functions[call->op->code](call, outcome);
}
