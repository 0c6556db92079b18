#include "results.h"

#include "testbed.h"

#include <inttypes.h>
#include <string.h>

static struct model_process printed[TRACE_MAX_PROCESSES];

static void forget(void)
{
    memset(printed, 0, sizeof printed);
}

/* ---- Addresses ---- */

static bool print_in_process(const struct testbed *t, unsigned slot, uint64_t addr, bool at_end,
                             FILE *out)
{
    const struct model_process *p = &t->model.processes[slot];
    if (!p->used)
        return false;
    if (addr >= p->mem_start && addr < p->mem_end + at_end) {
        fprintf(out, "p%u.ram+%" PRIu64, slot, addr - p->mem_start);
        return true;
    }
    if (addr >= p->flash_start && addr < p->flash_end + at_end) {
        fprintf(out, "p%u.flash+%" PRIu64, slot, addr - p->flash_start);
        return true;
    }
    return false;
}

/* Numbers that mean the same on every target have the same text on every target. */
static bool print_near(uint64_t number, uint64_t base, const char *name, FILE *out)
{
    const int64_t distance = (int64_t)(intptr_t)(uintptr_t)(number - base);
    if (distance < -(ANCHOR_MAX_OFFSET + 1) || distance > ANCHOR_MAX_OFFSET + 1)
        return false;
    fputs(name, out);
    if (distance != 0)
        fprintf(out, "%+" PRId64, distance);
    return true;
}

/* Below it are the numbers that traces can say; the arena is above it, at a place that depends on
 * the target. */
enum { NEAR_ENOUGH = 1 << 25 };

static void print_far_number(uint64_t number, const char *format, FILE *out)
{
    const bool is_64 = UINTPTR_MAX > 0xffffffffu;
    if (number != 0 && number < NEAR_ENOUGH)
        fprintf(out, format, number);
    else if (!print_near(number, UINTPTR_MAX, "max", out) &&
             !print_near(number, UINTPTR_MAX / 2 + 1, "half", out) &&
             !print_near(number, is_64 ? (uint64_t)1 << 31 : (uint64_t)1 << 30, "w31", out) &&
             !print_near(number, is_64 ? (uint64_t)1 << 32 : (uint64_t)3 << 30, "w32", out))
        fputs("far", out); /* the distance of far places depends on the target */
}

void place_print(const struct testbed *t, uint64_t addr, FILE *out)
{
    if (addr == 0) {
        fputs("null", out);
        return;
    }
    for (int at_end = 0; at_end <= 1; at_end++)
        for (unsigned slot = 0; slot < TRACE_MAX_PROCESSES; slot++)
            if (print_in_process(t, slot, addr, at_end, out))
                return;
    if (addr - ARENA_BASE - ARENA_FOREIGN <= ARENA_FOREIGN_END - ARENA_FOREIGN)
        fprintf(out, "foreign+%" PRIu64, addr - ARENA_BASE - ARENA_FOREIGN);
    else if (addr - ARENA_BASE <= ARENA_LEN)
        fprintf(out, "kernel+%" PRIu64, addr - ARENA_BASE);
    else
        print_far_number(addr, "0x%" PRIx64, out);
}

static void print_number(uint64_t number, FILE *out)
{
    if (number <= ARENA_LEN)
        fprintf(out, "%" PRIu64, number);
    else
        print_far_number(number, "%" PRIu64, out);
}

/* ---- Outcomes ---- */

const char *outcome_name(enum outcome_kind kind, int status)
{
    switch (kind) {
    case OUTCOME_SKIPPED: return "skipped";
    case OUTCOME_DONE: return "done";
    case OUTCOME_CODE: return model_error_name((unsigned)status);
    case OUTCOME_PROCESS_ERROR: return model_process_error_name((unsigned)status);
    case OUTCOME_YES: return "yes";
    case OUTCOME_NO: return "none";
    case OUTCOME_PANIC: return "panic";
    }
    return "?";
}

void outcome_print(const struct testbed *t, const struct outcome *outcome, FILE *out)
{
    fputs(outcome_name(outcome->kind, outcome->status), out);
    for (unsigned v = 0; v < outcome->value_count; v++) {
        const uint64_t number = outcome->values[v].value;
        fputc(' ', out);
        switch (outcome->values[v].kind) {
        case 'a': place_print(t, number, out); break;
        case 'p':
            if (number < TRACE_MAX_PROCESSES)
                fprintf(out, "p%" PRIu64, number);
            else
                fputs("another", out);
            break;
        case 'w': fprintf(out, "0x%" PRIx64, number); break;
        case 't': fputs((const char *)(uintptr_t)number, out); break;
        case 'x': fprintf(out, "digest=%08" PRIx64, number); break;
        default: print_number(number, out); break;
        }
    }
}

/* ---- Processes ---- */

static const char *state_name(enum model_state state)
{
    static const char *const names[] = { "running", "yielded", "yielded_for",
                                         "stopped", "faulted", "terminated" };
    return names[state];
}

/* A break or mark, always relative to its own RAM, also at the end of it. */
static void print_field(const struct testbed *t, const char *name, unsigned slot, uint64_t addr,
                        FILE *out)
{
    fprintf(out, " %s=p%u.ram+%" PRIu64, name, slot, addr - t->model.processes[slot].mem_start);
}

static void print_state(const struct model_process *p, FILE *out)
{
    fprintf(out, " state=%s", state_name(p->state));
    if (p->state == MODEL_STOPPED)
        fprintf(out, "(%s)", state_name(p->stopped_from));
    if (p->state == MODEL_YIELDED_FOR || p->stopped_from == MODEL_YIELDED_FOR)
        fprintf(out, " upcall=%u", p->yielded_for);
}

static void print_changes(const struct testbed *t, FILE *out)
{
    for (unsigned slot = 0; slot < TRACE_MAX_PROCESSES; slot++) {
        const struct model_process *now = &t->model.processes[slot];
        struct model_process *was = &printed[slot];
        if (!now->used && !was->used)
            continue;
        const bool fresh = now->used && !was->used;
        const bool state = fresh || now->state != was->state ||
                           now->stopped_from != was->stopped_from ||
                           now->yielded_for != was->yielded_for;
        const bool life =
            fresh || now->identifier != was->identifier || now->restart_count != was->restart_count;
        const bool ended =
            now->completion != was->completion || now->completion_code != was->completion_code;
        if (!now->used) {
            fprintf(out, "; p%u removed", slot);
        } else if (state || life || ended || now->app_break != was->app_break ||
                   now->kernel_break != was->kernel_break || now->mark != was->mark) {
            fprintf(out, "; p%u", slot);
            if (state)
                print_state(now, out);
            if (life)
                fprintf(out, " life=%" PRIu64 " restarts=%u", now->identifier, now->restart_count);
            if (ended && now->completion == 2)
                fprintf(out, " ended=%u", now->completion_code);
            else if (ended)
                fputs(now->completion == 1 ? " ended=without_code" : " ended=never", out);
            if (fresh || now->app_break != was->app_break)
                print_field(t, "break", slot, now->app_break, out);
            if (fresh || now->kernel_break != was->kernel_break)
                print_field(t, "kernel_break", slot, now->kernel_break, out);
            if (fresh || now->mark != was->mark)
                print_field(t, "mark", slot, now->mark, out);
        }
        *was = *now;
    }
}

static void print_op(const struct testbed *t, const struct op *op, const struct outcome *outcome,
                     FILE *out)
{
    op_print(op, out);
    fputs(" -> ", out);
    outcome_print(t, outcome, out);
    print_changes(t, out);
    fputc('\n', out);
}

static void print_ended(const struct walk *walk, const struct op *op, unsigned begin,
                        const struct outcome *outcome)
{
    (void)begin;
    print_op(walk->t, op, outcome, walk->results);
}

static void print_not_run(const struct walk *walk, const struct op *op)
{
    op_print(op, walk->results);
    fputs(" -> not run\n", walk->results);
}

/* What is lent: how long it is. */
static void print_body(const struct walk *walk, const struct call *call)
{
    struct outcome outcome = { .kind = OUTCOME_DONE };
    if (op_table[call->op->code].how == HOW_ENTER) {
        const struct span lent = walk->t->model.slices[entered_slice(call)].span;
        outcome.value_count = 1;
        outcome.values[0].kind = 'l';
        outcome.values[0].value = lent.end - lent.start;
    }
    print_op(walk->t, call->op, &outcome, walk->results);
}

const struct observer results_observer = {
    .body_begins = print_body,
    .trace_begins = forget,
    .ended = print_ended,
    .not_run = print_not_run,
};

void results_print_created(const struct testbed *t, unsigned process, const struct outcome *outcome,
                           FILE *out)
{
    fprintf(out, "process %u -> ", process);
    outcome_print(t, outcome, out);
    print_changes(t, out);
    fputc('\n', out);
}
