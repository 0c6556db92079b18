/* procbuf-emit: what a C test says, from which orchestrate/emit.py makes a file. See usage().
 *
 * A backend of the walk that calls nothing: what a call must answer, touch and tell, the model says;
 * how it looks is in ops.def. Addresses and numbers are left to be named. */
#include "arguments.h"
#include "compare.h"
#include "execute.h"
#include "files.h"
#include "interpret.h"
#include "layout.h"
#include "out.h"
#include "results.h"
#include "testbed.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <regex.h>
#include <stdarg.h>
#include <string.h>

#define ADDRESS "@%" PRIx64
#define NUMBER "#%" PRIx64

/* How an operation looks in C. Before what a call returns there is a sign: '=' a value, '?' why not, '@' what allow
 * does. */
#define SIGN_DONE ""
#define SIGN_CODE ""
#define SIGN_ERROR ""
#define SIGN_YES ""
#define SIGN_WHY "?"
#define SIGN_ALLOW "@"
#define SIGN_LEN "="
#define SIGN_ADDR "="
#define SIGN_BYTE "="
#define SIGN_TEXT "="
static const char *const templates[256] = {
#define OP_CALL(code, NAME, text, since, operands, flags, rule, concern, origin, words, gives,     \
                reports, ...)                                                                      \
    [code] = SIGN_##gives #__VA_ARGS__,
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = c,
#include "ops.def"
#undef OP
};

enum { LAID_OUT = UINT_MAX - 1, MOST_BYTES = 8192 };

static struct {
    struct testbed *t; /* of which only the model runs */
    bool compares_memory, checks_hooks, watches, counts_lookups, checks_rows, of_state,
        of_handles; /* as the identity of the bug demands */
    const char *told; /* … of state: the check that failed; null: all of it */
    unsigned failing; /* the operation that shows it; LAID_OUT: none yet; UINT_MAX: the end */
    unsigned refusal; /* what the port is to refuse of the next call */
    bool finished;
    unsigned body_count;
    uint8_t known[ARENA_LEN]; /* memory as far as the test knows it */
    bool opaque[ARENA_LEN];
} test;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    putchar('\t');
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

static uint64_t in_memory(uint32_t offset)
{
    return (uint64_t)ARENA_BASE + offset;
}

/* ---- Calls ---- */

static const char *buffer_type(unsigned number)
{
    return number < TRACE_BUFFER_COUNT ? "readonly" : "readwrite";
}

static void print_buffer(unsigned number)
{
    printf("%s[%u]", number < TRACE_BUFFER_COUNT ? "ro" : "rw", number % TRACE_BUFFER_COUNT);
}

/* By its name if it has one. A length that leads up to a place comes with the address that it is counted from. */
static void print_operand(const struct call *call, unsigned k)
{
    const char *kinds = op_table[call->op->code].operands;
    const uint8_t anchor = call->op->operands[k].anchor;
    uint64_t from = kinds[k] == 'z' ? test.t->model.processes[call->args[0]].app_break : 0;
    for (unsigned a = 0; a < k; a++)
        if (kinds[a] == 'a')
            from = call->args[a];
    if (kind_row(kinds[k])->names != NULL && kinds[k] != 'e')
        printf("\t%u%s", k + 1, kind_row(kinds[k])->names[call->args[k]]);
    else if (anchor >= ANCHOR_RAM && anchor != ANCHOR_LEN && kinds[k] != 'a')
        printf("\t%u%" PRIx64 ":%" PRIx64, k + 1, call->args[k], from);
    else
        printf("\t%u%" PRIx64, k + 1, call->args[k]);
}

/* How it looks, and what letters and digits stand for there. "$!": the statement is not for this call. */
static void print_call(const char *word, const struct call *call, bool fails)
{
    const struct op_row *row = &op_table[call->op->code];
    const uint64_t *args = call->args;
    const struct model_id *id = &test.t->model.ids[args[0] % TRACE_ID_COUNT];
    const struct model_process *p = &test.t->model.processes[args[0] % TRACE_MAX_PROCESSES];
    const struct model_driver *driver =
        &test.t->model.drivers[args[row->operands[0] != 'v'] % TRACE_DRIVER_COUNT];
    const uint64_t word_mask = UINT64_MAX >> (64 - (16 << args[2] % 6 / 2));
    const bool is_live = model_id_is_live(&test.t->model, id),
               is_others = model_id_is_others(&test.t->model, id);
    printf("%s\t%d\t%s\t", word, fails, templates[call->op->code]);
    for (unsigned s = 0; s < TRACE_SLICE_COUNT; s++)
        putchar(test.t->model.slices[s].writable ? '1' : '0');
    printf("\tK%s\tT%s", test.t->model.is_large ? "LARGE" : "KERNEL",
           call->cuts_writable ? "writable" : "readable");
    printf("\tM" ADDRESS ", " NUMBER, p->mem_start, p->app_break - p->mem_start);
    printf("\tW0x%" PRIx64, model_word((uint8_t)args[3]) & word_mask);
    printf("\tP%u", (unsigned)process_error_at((unsigned)args[0]));
    printf("\tEPROCBUF_%s", model_error_name((unsigned)model_answer(args[2])));
    printf(
        "\tU%u",
        (kind_read(row->operands[0]) == 'w' ? test.t->model.writer : test.t->model.reader).copied);
    printf("\tR%u", test.t->model.is_large ? MODEL_LONG_VECTOR : TRACE_BUFFER_COUNT);
    printf("\tG%u\tL" NUMBER "\tF%s", driver->data_align, (uint64_t)driver->len,
           driver->declared ? "accept" : "NULL");
    printf("\tV%s\tX%s\tY%s", is_live ? "true" : "false", is_others ? "&other_process" : "NULL",
           is_others                 ? "PROCBUF_ADDRESS_OUT_OF_BOUNDS"
           : id->foreign || !is_live ? "PROCBUF_NO_SUCH_APP"
                                     : "$!");
    if (args[0] < PROCBUF_NO_SUCH_APP || args[0] > PROCBUF_ALREADY_IN_USE)
        printf("\tC%u", args[0] <= PROCBUF_NOACK ? (unsigned)args[0] : (unsigned)PROCBUF_FAIL);
    for (unsigned k = 0; row->operands[k] != '\0'; k++)
        print_operand(call, k);
    putchar('\n');
}

/* What the call before it must answer. */
static void print_answer(const struct outcome *outcome)
{
    printf("answer\t%c\t%s\t%s\t%d", "SDCEYNP"[outcome->kind],
           outcome_name(outcome->kind, outcome->status),
           model_error_name((unsigned)outcome->reason), outcome_is_refusal(outcome));
    for (unsigned v = 0; v < outcome->value_count; v++) {
        const uint64_t value = outcome->values[v].value;
        putchar('\t');
        switch (outcome->values[v].kind) {
        case 'a': printf(ADDRESS, value); break;
        case 'p':
            printf(value < TRACE_MAX_PROCESSES ? "p%" PRId64 : "&processes[%" PRId64 "]",
                   (int64_t)value);
            break;
        case 't': printf("\"%s\"", (const char *)(uintptr_t)value); break;
        case 'w': printf("0x%" PRIx64, value); break;
        default: printf(NUMBER, value); break;
        }
    }
    putchar('\n');
}

static void say_slice_at(const char *name, bool writable, const struct model_slice *is)
{
    const char *type = writable ? "writable" : "readable";
    const uint64_t start = is->dummy ? is->wild : in_memory(is->span.start);
    printf("\texpect_%s(procbuf_%s_base_unchecked(%s), procbuf_%s_len(%s), " ADDRESS,
           is->dummy ? "empty" : "slice", type, name, type, name, start);
    if (!is->dummy)
        printf(", %u", is->span.end - is->span.start);
    puts(")");
}

static const char *slice_name(uint64_t number)
{
    static char name[16];
    snprintf(name, sizeof name, "%s[%u]", test.t->model.slices[number].writable ? "ws" : "s",
             (unsigned)number % TRACE_SLICE_COUNT);
    return name;
}

static void say_slice(uint64_t number)
{
    say_slice_at(slice_name(number), test.t->model.slices[number].writable,
                 &test.t->model.slices[number]);
}

/* ---- Around a call ---- */

static void say_hooks(const struct expectation *access)
{
    const char *separator = "\texpect_hooks(";
    for (unsigned h = 0; h < access->hook_count; h++) {
        const struct hook *hook = &access->hooks[h];
        if (hook->kind == HOOK_PANIC)
            continue;
        fputs(separator, stdout);
        separator = ", ";
        if (hook->kind == HOOK_PROTECT)
            printf("{ PROTECT, %u, %" PRIu64 ", " ADDRESS ", " ADDRESS ", " ADDRESS ", " ADDRESS
                   ", " ADDRESS ", " ADDRESS ", " ADDRESS " }",
                   hook->process_index + model_first_place(&test.t->model), hook->identifier,
                   hook->flash_start, hook->flash_protected_end, hook->flash_end, hook->addr,
                   hook->app_break, hook->kernel_break, hook->mem_end);
        else if (hook->kind == HOOK_BARRIER)
            fputs("{ BARRIER }", stdout);
        else
            printf("{ %s%s, " ADDRESS ", " NUMBER ", PROCBUF_ACCESS_%s }",
                   hook->kind == HOOK_OPEN ? "OPEN" : "CLOSE",
                   hook->part != NULL ? " | ANY_PART" : "", hook->addr, hook->len,
                   hook->writable ? "READ_WRITE" : "READ");
    }
    puts(*separator == '\t' ? "\texpect_hooks()" : ")");
}

static void say_spans(const char *what, const struct span *spans, unsigned count)
{
    for (unsigned s = 0; s < count; s++)
        if (arena_is_of_process(spans[s].start) && spans[s].start != spans[s].end)
            say("%s" ADDRESS ", %u)", what, in_memory(spans[s].start),
                spans[s].end - spans[s].start);
}

static bool is_watched(const struct expectation *access, bool fails)
{
    bool watched = fails && test.watches;
    for (unsigned a = 0; a < access->act_count; a++)
        watched |= !access->acts[a].at_hook;
    return watched;
}

static void before(const struct expectation *access, bool fails)
{
    for (const struct act *act = access->acts; act < access->acts + access->act_count; act++) {
        if (act->of_life)
            say("foreign_at_hook(%u, %u)", act->trigger, act->target);
        else if (act->at_hook)
            say("at_hook(%u, " ADDRESS ", %u)", act->trigger, in_memory(act->target), act->value);
        else
            say("when_fetched(" ADDRESS ", " ADDRESS ", %u)", in_memory(act->trigger),
                in_memory(act->target), act->value);
    }
    if (fails && test.counts_lookups)
        say("lookups = 0");
    if (fails && test.checks_hooks)
        say_hooks(access);
    if (is_watched(access, fails)) {
        say_spans("permit(READ, ", access->reads, access->read_count);
        say_spans("permit(WRITE, ", access->writes, access->write_count);
        if (access->stepwise)
            say("fetches_may_repeat = true");
        say("watch()");
    }
}

/* Of what a trace may touch. */
static uint32_t memory_len(void)
{
    return test.t->model.is_large ? ARENA_LEN : ARENA_FOREIGN_END;
}

/* Bytes that changed: of one value, of others that were elsewhere, or listed. */
static void say_changed(uint32_t at, uint32_t len, uint32_t copied_from)
{
    const uint8_t *is = &test.t->model.bytes[at], *source = NULL;
    unsigned alike = 1;
    while (alike < len && is[alike] == *is)
        alike++;
    if (alike != len && len > 64)
        source = memmem(test.known + copied_from, memory_len() - copied_from, is, len);
    if (alike == len) {
        say("expect_all(" ADDRESS ", %u, %u)", in_memory(at), *is, len);
    } else if (source != NULL) {
        say("expect_copy(" ADDRESS ", " ADDRESS ", %u)", in_memory(at),
            in_memory((uint32_t)(source - test.known)), len);
    } else {
        if (len > MOST_BYTES)
            unable("more bytes change than C says in a line", "");
        printf("\texpect_bytes(" ADDRESS ", ", in_memory(at));
        for (unsigned b = 0; b < len; b++)
            printf("%s\\x%02x", b == 0 ? "\"" : b % 16 == 0 ? "\" \"" : "", is[b]);
        printf("\", %u)\n", len);
    }
}

/* What memory must hold from now on, where it is compared. */
static void note_bytes(const struct expectation *access)
{
    const struct span *opaque = &access->opaque;
    if (test.compares_memory)
        say_spans("leave_to_library(", opaque, 1);
    memset(&test.opaque[opaque->start], true, opaque->end - opaque->start);
    for (uint32_t at = 0, end; test.compares_memory && at < memory_len(); at = end + 1) {
        end = at;
        while (end < memory_len() && test.t->model.bytes[end] != test.known[end] &&
               !test.opaque[end])
            end++;
        if (end > at)
            say_changed(at, end - at, access->read_count == 0 ? 0 : access->reads[0].start);
    }
    memcpy(test.known, test.t->model.bytes, memory_len());
}

static void after(const struct expectation *access, bool fails)
{
    if (is_watched(access, fails))
        say("unwatch()");
    if (fails && test.checks_hooks)
        say("expect_no_more_hooks()");
    if (access->act_count != 0)
        say("act_count = 0");
    if (test.refusal != 0)
        say("refuse(0)");
    test.refusal = 0;
    note_bytes(access);
}

/* A map's lookup function is called once for each region on the way. */
static void say_lookups(bool fails)
{
    if (fails && test.counts_lookups)
        say("cr_assert_eq(lookups, %u)", test.t->model.lookups.count);
}

/* The registers that a vector fills, and buffers beyond them: where each is. */
static void say_registers(const struct call *call, bool fails, const struct outcome *outcome)
{
    const unsigned room = model_vector_room(&test.t->model, call);
    const unsigned left = TRACE_BUFFER_COUNT - (unsigned)call->args[0];
    if (strstr(op_table[call->op->code].text, "_vector") == NULL)
        return;
    for (unsigned b = left; fails && test.checks_rows && b < room && b < call->args[3]; b++)
        say("cr_assert_eq(procbuf_%s_addr(&%s_row[%u]), " ADDRESS ")",
            buffer_type(model_buffer_named(call, 0)), buffer_type(model_buffer_named(call, 0)), b,
            outcome->status != 0 || test.t->model.far->pairs[b].len == 0
                ? 0
                : test.t->model.far->pairs[b].addr);
    for (unsigned b = 0; b < room && b < left; b++) {
        const unsigned number = model_buffer_named(call, 0) + b;
        const struct model_buffer *is = &test.t->model.buffers[number];
        printf("\tcr_assert_eq(procbuf_%s_addr(&", buffer_type(number));
        print_buffer(number);
        printf("), " ADDRESS ")\n", is->len == 0 ? 0 : is->addr);
    }
}

/* Of what the library shows of a process: all that operations change, or what is wrong alone. */
static bool is_asked(const char *check)
{
    return test.told == NULL ? strncmp(check, "state-", 6) == 0
                             : strncmp(test.told, check, strlen(check)) == 0;
}

static void say_told(unsigned slot, const char *check, char form, const char *actual,
                     uint64_t expected)
{
    static const char *const states[] = { "RUNNING", "YIELDED", "YIELDED_FOR",
                                          "STOPPED", "FAULTED", "TERMINATED" };
    static const char *const completions[] = { "NEVER_ENDED", "WITHOUT_CODE", "WITH_CODE" };
    const char *of_process = strstr(actual, "(process");
    if (!is_asked(check))
        return;
    if (of_process != NULL)
        printf("\tcr_assert_eq(%.*s(p%u%s, ", (int)(of_process - actual), actual, slot,
               of_process + strlen("(process"));
    else if (strncmp(actual, "state.", 6) == 0)
        printf("\tcr_assert_eq(procbuf_process_state(p%u)%s, ", slot, actual + 5);
    else
        printf("\tcr_assert_eq(%s, ", actual);
    switch (form) {
    case 'a': printf(ADDRESS ")\n", expected); break;
    case 'b': printf("%s)\n", expected ? "true" : "false"); break;
    case 's': printf("PROCBUF_STATE_%s)\n", states[expected]); break;
    case 'c': printf("PROCBUF_COMPLETION_%s)\n", completions[expected]); break;
    default:
        if (expected == UNTOLD)
            puts("UNTOLD)");
        else
            printf("%" PRIu64 ")\n", expected);
    }
}

static void say_process(unsigned slot)
{
    const struct model_process *p = &test.t->model.processes[slot];
    if (is_asked("state-occupied"))
        say("cr_assert_%s(procbuf_table_slot(&table, %u))", p->used ? "not_null" : "null",
            model_first_place(&test.t->model) + slot);
    if (!p->used)
        return;
#define STATE(check, form, actual, expected)                                                       \
    say_told(slot, "state-" check, #form[0], #actual, expected);
#define LAYOUT(check, form, actual, expected)                                                      \
    say_told(slot, "layout-" check, #form[0], #actual, expected);
#include "accessors.def"
}

/* What must hold in the end, in addition to what calls answered. */
static void finish(void)
{
    test.finished = true;
    if (test.compares_memory)
        say("check_memory()");
    for (unsigned slot = 0; test.of_state && slot < test.t->model.slot_count; slot++)
        say_process(slot);
    for (unsigned b = 0; test.of_handles && b < 2 * TRACE_BUFFER_COUNT; b++) {
        const struct model_buffer *is = &test.t->model.buffers[b];
        if (!is->filled || is->from_slot)
            continue;
        printf("\tcr_assert_eq(procbuf_%s_len(&", buffer_type(b));
        print_buffer(b);
        printf("), " NUMBER ")\n", model_buffer_is_live(&test.t->model, is) ? is->len : 0);
    }
    for (unsigned d = 0; test.of_handles && d < TRACE_ID_COUNT; d++)
        if (test.t->model.ids[d].taken)
            say("cr_assert_eq(procbuf_id_is_live(id[%u]), %d)", d,
                model_id_is_live(&test.t->model, &test.t->model.ids[d]));
}

/* ---- The walk ---- */

static void write_call(struct walk *walk, const struct call *call, struct prediction *p,
                       struct outcome *outcome)
{
    const struct op_row *row = &op_table[call->op->code];
    const bool fails = walk->position == test.failing;
    *outcome = p->outcome;
    if (row->how == HOW_USER) {
        if (row->operands[0] == 'v')
            (void)place_driver_data(&test.t->model.drivers[call->args[0]]);
        if (call->op->code == OP_REFUSE)
            test.refusal = (unsigned)call->args[0];
        print_call("call", call, false);
        print_answer(outcome);
        memcpy(test.known, test.t->model.bytes,
               memory_len()); /* the test's own functions know it */
        return;
    }
    before(&p->access, fails);
    print_call("call", call, fails);
    print_answer(outcome);
    after(&p->access, fails);
    say_lookups(fails);
    say_registers(call, fails, outcome);
    if (row->slice_made >= 0 && (outcome->kind == OUTCOME_YES || outcome->kind == OUTCOME_DONE))
        say_slice(call->args[row->slice_made]);
    if ((row->flags & OP_SHOWS) != 0)
        say_slice(call->args[0]);
    if (fails)
        finish();
}

/* Restarts are counted, and the last one may be refused. */
static void write_restart(const struct call *call, const struct step *step,
                          const struct outcome *outcome)
{
    const bool good = outcome->kind == OUTCOME_YES;
    const uint64_t lives = step->number + good;
    if (lives != 0 && (!good || lives == step->most)) {
        say("for (unsigned life = 0; life < %" PRIu64 "; life++)", lives);
        say("    cr_assert_eq(procbuf_process_restart(p%u, NULL), PROCBUF_OK)",
            (unsigned)call->args[0]);
    }
    if (!good) {
        print_call("call", call, false);
        print_answer(outcome);
    }
}

/* What has ended is asked again. */
static void print_next(const struct call *call, const struct outcome *outcome, bool fails)
{
    for (unsigned left = outcome->kind == OUTCOME_YES ? 1 : 2; left > 0; left--) {
        print_call("next", call, fails);
        print_answer(outcome);
    }
}

/* A slice is watched as a whole. */
static void write_step(struct walk *walk, const struct call *call, const struct step *step,
                       struct prediction *p)
{
    const bool fails = walk->position == test.failing, iterates = call->op->code == OP_ITERATE;
    const bool good = p->outcome.kind == OUTCOME_YES, writable = call->cuts_writable;
    const struct expectation whole = { .read_count = iterates,
                                       .stepwise = true,
                                       .reads = { test.t->model.slices[call->args[0]].span } };
    if (call->op->code == OP_RESTART_MANY) {
        write_restart(call, step, &p->outcome);
        return;
    }
    if (iterates && test.t->model.acts_now.count != 0)
        unable("userspace acts between the steps of an iteration", "");
    if (step->number == 0) {
        before(&whole, fails);
        print_call("first", call, fails);
    }
    print_next(call, &p->outcome, fails);
    if (!iterates && good)
        say_slice_at(writable ? "told.writable" : "told.readable", writable,
                     &(struct model_slice){ .span = step->chunk });
    if (!good || step->number + 1 == step->most)
        after(&whole, fails);
}

static void write_steps_end(struct walk *walk, const struct call *call, const struct step *step,
                            struct prediction *p, const struct outcome *outcome)
{
    (void)call, (void)step, (void)outcome;
    note_bytes(&p->access);
    if (walk->position == test.failing)
        finish();
}

/* While a body runs, nothing counts that the call around it is held to. */
static void say_interrupted(const struct expectation *access, bool fails, bool begins)
{
    if (is_watched(access, fails))
        say("%s()", begins ? "unwatch" : "watch");
    if (fails && test.checks_hooks)
        say("hooks_count = %s", begins ? "false" : "true");
}

/* What the call lends is put into its register. */
static void say_lent(const struct call *call)
{
    const uint64_t number = entered_slice(call);
    const struct model_slice *lent = &test.t->model.slices[number];
    const unsigned len = lent->span.end - lent->span.start;
    const char *name = slice_name(number);
    if (call->op->code != OP_DRIVER_ENTER) {
        say("%s = lent", name);
    } else {
        say("const struct procbuf_grant *const outer = grant");
        say("grant = lent");
        say("%s = procbuf_grant_data(grant)", name);
        say("cr_assert(procbuf_writable_range_to(%s, %u, &%s))", name, len, name);
        if (len == 0)
            return;
    }
    say_slice(number);
}

/* The body is a function before the program. */
static void write_enter(struct walk *walk, const struct call *call, struct prediction *p, bool runs,
                        struct outcome *outcome)
{
    const uint8_t code = call->op->code;
    const bool asks = op_table[code].how == HOW_ASK;
    const bool fails = walk->position == test.failing ||
                       trace_block_end(walk->trace, walk->position) == test.failing;
    const unsigned body = ++test.body_count;
    before(&p->access, fails);
    print_call("call", call, false);
    if (runs || !asks)
        puts("body");
    if (runs) {
        say(asks ? "body_%u_runs++" : "(*(unsigned *)data)++", body);
        say_lookups(fails);
        say_interrupted(&p->access, fails, true);
        note_bytes(&p->access);
        walk_begin_body(test.t, call);
        if (!asks)
            say_lent(call);
        walk_run_body(walk, call, p);
        if (code == OP_DRIVER_ENTER)
            say("grant = outer");
        say_interrupted(&p->access, fails, false);
    } else if (!asks) {
        say("(void)lent, (void)data");
        say("cr_assert_fail(\"the body of what is dead runs\")");
    }
    if (runs && asks)
        printf("body_ends\tbody_%u\tvoid\tbody_%u\n", body, body);
    else if (!asks)
        printf("body_ends\tbody_%u\t%slent, void *data\tbody_%u, &body_%u_runs\n", body,
               code == OP_DRIVER_ENTER ? "const struct procbuf_grant *"
               : code == OP_MUT_ENTER  ? "struct procbuf_writable "
                                       : "struct procbuf_readable ",
               body, body);
    *outcome = p->outcome;
    print_answer(outcome);
    if (runs)
        say("cr_assert_eq(body_%u_runs, 1, \"the body runs once\")", body);
    after(&p->access, fails);
    say_lookups(fails && !runs);
}

static const struct backend writer = { write_call, write_step, write_steps_end, write_enter };

/* ---- Programs ---- */

static void lay_out(const struct trace *trace, bool fails)
{
    const struct op op = { .code = OP_CREATE };
    struct call call = { .op = &op };
    const uint64_t *args = call.args;
    uint64_t at = in_memory(arena_processes(test.t->model.is_large));
    for (unsigned i = 0, slot = 0; i < trace->process_count; i++) {
        struct prediction p = { .rule = "P4" };
        const uint64_t end = place_process(test.t, &trace->processes[i], at, call.args);
        if (end > in_memory(arena_processes_end(test.t->model.is_large)))
            continue; /* it does not fit */
        at = end;
        if (args[1] != 0)
            printf("place\tP%u_FLASH\t%" PRIx64 "\t%" PRIx64 "\n", slot, args[0], args[1]);
        printf("place\tP%u_RAM\t%" PRIx64 "\t%" PRIx64 "\n", slot, args[3], args[4]);
        model_predict_create(&test.t->model, args, &p);
        before(&p.access, fails);
        printf("create\tp%u\t", slot);
        print_call("", &call, fails);
        after(&p.access, fails);
        if (fails && test.compares_memory)
            say("check_memory()");
        say("fill(" ADDRESS ", " NUMBER ", 0)", args[3], args[5]);
        (void)model_fill(&test.t->model, slot++, 0);
        memcpy(test.known, test.t->model.bytes, memory_len());
    }
}

static void write_program(const struct trace *trace, unsigned failing)
{
    struct walk walk = { .t = test.t, .trace = trace, .backend = &writer, .last = failing };
    test.failing = failing;
    test.finished = false;
    memset(test.opaque, 0, sizeof test.opaque);
    model_reset(&test.t->model);
    test.t->model.is_large = trace_is_large(trace);
    memcpy(test.known, test.t->model.bytes, memory_len());
    test.t->model.slot_count = trace_slot_count(trace);
    test.t->model.next_identifier = model_first_place(&test.t->model);
    printf("program\t%" PRIx64 "\t%" PRIx64 "\t%" PRIx64 "\t%" PRIx64 "\n", (uint64_t)UINTPTR_MAX,
           (uint64_t)ARENA_BASE, in_memory(ARENA_FOREIGN), in_memory(ARENA_FOREIGN_END));
    say("%s(%u)", test.t->model.is_large ? "begin_many" : "begin", test.t->model.slot_count);
    lay_out(trace, failing == LAID_OUT);
    if (failing != LAID_OUT)
        walk_block(&walk);
    if (!test.finished)
        finish();
    puts("program_ends");
}

_Static_assert(ARENA_PROCESSES == 4096 && ARENA_IN == 64 && ARENA_OUT == 1408 &&
                   ARENA_SCRATCH == 2496 && ARENA_FOREIGN == 17408 &&
                   (ARENA_LARGE_LEN == 0 ||
                    (ARENA_LARGE_IN == 544768 && ARENA_LARGE_OUT == 741632 &&
                     ARENA_LARGE_SCRATCH == 938240)) &&
                   ARENA_LEN <= 1138688,
               "support.h has these numbers");

static const char usage[] =
    "usage: procbuf-emit [--operation N] IDENTITY FILE\n"
    "\n"
    "Prints what a C test says that expects of the library what the model does, for a trace, or\n"
    "for the programs of a sequence (text, or - for standard input); of the last one up to\n"
    "operation N, in which the bug of this identity shows, or 0, while processes are laid out.\n"
    "./fuzz/repro --emit-test makes a C file of it.\n"
    "\n"
    "Exit status: 0 printed; 2 bad arguments, a file that cannot be read, or nothing that C can "
    "do.\n";

static bool matches(const char *identity, const char *pattern)
{
    regex_t regex;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    const bool does = regexec(&regex, identity, 0, NULL, 0) == 0;
    regfree(&regex);
    return does;
}

int main(int argc, char **argv)
{
    static struct sequence members;
    static struct trace trace;
    long operation = -1;
    const int at = arguments_read(
        argc, argv, usage,
        (const struct argument[]){ { "operation", ARGUMENT_COUNT, &operation }, { 0 } });
    if (argc - at != 2 || strstr(argv[at], " kind=") == NULL) {
        fputs(usage, stderr);
        return 2;
    }
    const unsigned failing = operation < 0    ? UINT_MAX
                             : operation == 0 ? (unsigned)LAID_OUT
                                              : (unsigned)operation - 1;
    test.compares_memory = matches(argv[at], " kind=(memory|panic|msan)[ -]");
    test.checks_hooks = matches(argv[at], " kind=hook[ -]");
    test.watches = matches(argv[at], " kind=(access|window|double|fault|asan|crash)[ -]");
    test.of_state = matches(argv[at], " kind=(state|invariant|panic)[ -]");
    test.counts_lookups = matches(argv[at], " check=(lookups|callback-lookup) ");
    if (matches(argv[at], " check=(state|layout)-"))
        test.told = strstr(argv[at], " check=") + strlen(" check=");
    test.checks_rows = matches(argv[at], " check=vector-row ");
    test.of_handles = matches(argv[at], " check=(handle-|callback-l)");
    if (!file_read_inputs(argv[at + 1], NULL, &members))
        return 2;
    test.t = testbed_begin();
    for (unsigned m = 0; m < members.count; m++) {
        sequence_get(&members, m, &trace);
        write_program(&trace, m + 1 == members.count ? failing : UINT_MAX);
    }
    if (fflush(stdout) != 0)
        unable("cannot write what the test says: ", strerror(errno));
    return 0;
}
