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

/* A success gives back what was passed before, a failure what was passed now. */
static void check_allow(const struct call *call, const struct outcome *outcome)
{
    const uint64_t *args = call->args;
    const struct model_range now = { args[3], args[4] };
    const struct model_range answer = { outcome->values[0].value, outcome->values[1].value };
    if (!is_ok(outcome)) {
        check_range(now, answer);
        return;
    }
    struct model_range no_slot = { 0, 0 }, *before = &no_slot;
    if (call->op->code == OP_ALLOW_USERSPACE_READABLE ||
        call->op->code == OP_ALLOW_USERSPACE_READABLE_WITH)
        before = &origins.held[args[1]];
    else if (args[2] < MODEL_SLOT_COUNT)
        before = &origins.passed[args[0]][args[1]][call->op->code == OP_ALLOW_READWRITE][args[2]];
    check_range(*before, answer);
    *before = now;
    origins.any = true;
}

static void make(uint64_t number, struct model_range range)
{
    origins.made[number] = range;
    origins.any = true;
}

static void check_buffer(const struct call *call, const struct outcome *outcome)
{
    const uint64_t *args = call->args;
    const struct model_range made = origins.made[args[0]];
    const uint64_t answer = outcome->values[0].value;
    switch (call->op->code) {
    case OP_LEN:
        if (answer != 0)
            check_number("length-without-origin", made.len, answer);
        break;
    case OP_PTR:
        if (answer != 0)
            check_number("address-without-origin", made.addr, answer);
        break;
    case OP_CONSUME:
        check_range(made, (struct model_range){ answer, outcome->values[1].value });
        make(args[0], (struct model_range){ 0, 0 });
        break;
    case OP_COPY_READONLY: make(args[0], origins.made[args[1]]); break;
    case OP_AS_READONLY: make(args[0], origins.made[TRACE_BUFFER_COUNT + args[1]]); break;
    default: make(TRACE_BUFFER_COUNT + args[0], origins.made[TRACE_BUFFER_COUNT + args[1]]); break;
    }
}

static void note_slot_read(const struct call *call)
{
    const unsigned kind = call->op->code == OP_READ_READWRITE;
    const struct model_open *driver = model_current_driver();
    const struct ended *ended = &origins.ended[driver - model.open];
    const bool is_over = ended->identifier == driver->identifier + 1;
    make(call->args[0] + (kind ? TRACE_BUFFER_COUNT : 0),
         is_over ? ended->passed[kind][call->args[1]]
                 : origins.passed[driver->slot][driver->driver][kind][call->args[1]]);
}

/* A life that ended keeps its slots until then, for a driver that has them open. */
static void begin_life(uint64_t slot)
{
    if (!origins.any)
        return;
    for (unsigned d = 0; d < model.depth; d++) {
        const struct model_open *open = &model.open[d];
        struct ended *ended = &origins.ended[d];
        if (!open->of_grant || open->slot != slot || ended->identifier == open->identifier + 1)
            continue;
        ended->identifier = open->identifier + 1; /* 0: no life */
        memcpy(ended->passed, origins.passed[slot][open->driver], sizeof ended->passed);
    }
    memset(origins.passed[slot], 0, sizeof origins.passed[slot]);
}

void origins_declared(unsigned v)
{
    for (unsigned slot = 0; slot < TRACE_MAX_PROCESSES; slot++)
        memset(origins.passed[slot][v], 0, sizeof origins.passed[slot][v]);
}

void origins_answered(const struct call *call, const struct outcome *outcome)
{
    const uint64_t *args = call->args;
    if (outcome->kind == OUTCOME_PANIC)
        return;
    switch (call->op->code) {
    case OP_CREATE:
        if (outcome->value_count == 1)
            begin_life(outcome->values[0].value);
        break;
    case OP_RESTART:
    case OP_START:
        if (outcome->kind == OUTCOME_YES)
            begin_life(args[0]);
        break;
    case OP_RESTART_MANY:
        if (outcome->values[0].value != 0)
            begin_life(args[0]);
        break;
    case OP_FAULT:
        if (procbuf_process_is_active(&world.slots[args[0]]))
            begin_life(args[0]);
        break;
    case OP_BRK:
    case OP_SBRK:
    case OP_MEMOP_SBRK:
        if (outcome->value_count == 1)
            check_number("old-break-without-origin", views[args[0]].break_before,
                         outcome->values[0].value);
        break;
    case OP_ALLOW_READONLY:
    case OP_ALLOW_READWRITE:
    case OP_ALLOW_USERSPACE_READABLE:
    case OP_ALLOW_USERSPACE_READABLE_WITH: check_allow(call, outcome); break;
    case OP_LEN:
    case OP_PTR:
    case OP_CONSUME:
    case OP_COPY_READONLY:
    case OP_COPY_READWRITE:
    case OP_AS_READONLY: check_buffer(call, outcome); break;
    case OP_BUILD_READONLY:
    case OP_EXTERNAL_READONLY:
        if (is_ok(outcome))
            make(args[0], (struct model_range){ args[2], args[3] });
        break;
    case OP_BUILD_READWRITE:
    case OP_EXTERNAL_READWRITE:
        if (is_ok(outcome))
            make(TRACE_BUFFER_COUNT + args[0], (struct model_range){ args[2], args[3] });
        break;
    case OP_FOREIGN_READONLY:
    case OP_FOREIGN_READWRITE:
        make(args[0] + (call->op->code == OP_FOREIGN_READWRITE ? TRACE_BUFFER_COUNT : 0),
             (struct model_range){ (uint64_t)ARENA_BASE + ARENA_FOREIGN +
                                       args[1] % MODEL_FOREIGN_COUNT * MODEL_FOREIGN_LEN + args[2],
                                   args[3] });
        break;
    case OP_OTHER_READONLY:
    case OP_OTHER_READWRITE:
        make(args[0] + (call->op->code == OP_OTHER_READWRITE ? TRACE_BUFFER_COUNT : 0),
             (struct model_range){ (uint64_t)ARENA_BASE + ARENA_FOREIGN + args[1], args[2] });
        break;
    case OP_READ_READONLY:
    case OP_READ_READWRITE:
        if (is_ok(outcome))
            note_slot_read(call);
        break;
    default: break;
    }
}
