/* procbuf-emit: what a C test says, from which orchestrate/emit.py makes a file. See usage().
 *
 * A backend of the walk that calls nothing: what a call must answer, touch and tell, the model says; how it looks is in
 * ops.def. Each line has a word and fields. Of statements, the word is a topic: emit.py takes those that the finding is
 * about, and names addresses (@) and numbers (#). */
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
#include <stdarg.h>
#include <string.h>

#define ADDRESS "@%" PRIx64
#define NUMBER "#%" PRIx64

/* What an operation gives, and how it looks in C: as ops.def has it. */
static const char *const templates[256] = {
#define OP_CALL(code, NAME, text, since, operands, flags, rule, concern, origin, words, gives,     \
                reports, ...)                                                                      \
    [code] = #gives " " #__VA_ARGS__,
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = c,
#include "ops.def"
#undef OP
};

enum { LAID_OUT = UINT_MAX - 1, MOST_BYTES = 8192 };

static struct {
    struct testbed *t; /* of which only the model runs */
    const struct model *m; /* … this one */
    unsigned failing; /* the operation that shows it; LAID_OUT: none yet; UINT_MAX: the end */
    unsigned refusal; /* what the port is to refuse of the next call */
    bool finished;
    unsigned body_count;
    uint8_t known[ARENA_LEN]; /* memory as far as the test knows it */
    bool opaque[ARENA_LEN];
} test;

/* A statement, which is of no topic ("") if every test has it, and not to be said if that is null. */
__attribute__((format(printf, 2, 3))) static void say(const char *topic, const char *format, ...)
{
    va_list arguments;
    if (topic == NULL)
        return;
    va_start(arguments, format);
    printf("%s\t", topic);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

static uint64_t in_memory(uint32_t offset)
{
    return (uint64_t)ARENA_BASE + offset;
}

/* ---- Calls ---- */

/* "$!": a statement is not for this call. */
static void print_letters_of_id(const struct model_id *id)
{
    const bool is_live = model_id_is_live(test.m, id), is_others = model_id_is_others(test.m, id);
    printf("\tV%s\tX%s\tY%s", is_live ? "true" : "false", is_others ? "&other_process" : "NULL",
           is_others                 ? "PROCBUF_ADDRESS_OUT_OF_BOUNDS"
           : id->foreign || !is_live ? "PROCBUF_NO_SUCH_APP"
                                     : "$!");
}

/* What letters stand for that depend on an operand of this kind. */
static void print_letters(const struct call *call, unsigned k)
{
    const char *kinds = op_table[call->op->code].operands;
    const struct model_stream *stream =
        kind_read(kinds[0]) == 'w' ? &test.m->writer : &test.m->reader;
    const uint64_t arg = call->args[k];
    switch (kind_read(kinds[k])) {
    case 'p':
        printf("\tM" ADDRESS ", " NUMBER, test.m->processes[arg].mem_start,
               test.m->processes[arg].app_break - test.m->processes[arg].mem_start);
        break;
    case 'h': printf("\tH%s", arg < TRACE_BUFFER_COUNT ? "readonly" : "readwrite"); break;
    case 'd': print_letters_of_id(&test.m->ids[arg]); break;
    case 'v':
        printf("\tG%u\tL" NUMBER "\tF%s", test.m->drivers[arg].data_align,
               (uint64_t)test.m->drivers[arg].len,
               test.m->drivers[arg].declared ? "accept" : "NULL");
        break;
    case 'e': printf("\tEPROCBUF_%s", model_error_name((unsigned)model_answer(arg))); break;
    case 'k': /* le16, be16, le32, … */
        printf("\tW0x%" PRIx64,
               model_word((uint8_t)call->args[k + 1]) & UINT64_MAX >> (64 - (16 << arg / 2)));
        break;
    case 'M':
        printf(arg == TRACE_MAP_COUNT - 1 ? "\tJNULL" : "\tJ&maps[%u]", (unsigned)arg);
        printf("\tI&regions[%u]", (unsigned)arg * TRACE_MAP_REGIONS);
        break;
    case 'r': printf("\tU%u", stream->copied); break;
    case 'u':
        printf("\tP%u", (unsigned)process_error_at((unsigned)arg));
        if (arg < PROCBUF_NO_SUCH_APP || arg > PROCBUF_ALREADY_IN_USE)
            printf("\tC%u", arg <= PROCBUF_NOACK ? (unsigned)arg : (unsigned)PROCBUF_FAIL);
        break;
    default: break;
    }
}

/* An operand: by its name if it has one. A length that leads up to a place comes with the address that it is counted from. */
static void print_operand(const struct call *call, unsigned k)
{
    const char *kinds = op_table[call->op->code].operands;
    const struct operand_kind *kind = kind_row(kinds[k]);
    const uint8_t anchor = call->op->operands[k].anchor;
    const uint64_t arg = call->args[k];
    uint64_t from = kinds[k] == 'z' ? test.m->processes[call->args[0]].app_break : 0;
    for (unsigned a = 0; a < k; a++)
        if (kinds[a] == 'a')
            from = call->args[a];
    if (kind->names != NULL && kind->name_count == kind->count)
        printf("\t%u%s", k + 1, kind->names[arg]);
    else /* a buffer's number is that among its kind */
        printf("\t%u%" PRIx64, k + 1, kind_is_name(kinds[k]) ? arg % TRACE_BUFFER_COUNT : arg);
    if (kinds[k] != 'a' && anchor >= ANCHOR_RAM && anchor != ANCHOR_LEN)
        printf(":%" PRIx64, from);
}

static void print_value(char kind, uint64_t value)
{
    switch (kind) {
    case 'a': printf("\t=" ADDRESS, value); break;
    case 'p':
        printf(value < TRACE_MAX_PROCESSES ? "\t=p%" PRIu64 : "\t=&processes[%" PRId64 "]", value);
        break;
    case 't': printf("\t=\"%s\"", (const char *)(uintptr_t)value); break;
    case 'w': printf("\t=0x%" PRIx64, value); break;
    default: printf("\t=" NUMBER, value); break;
    }
}

/* All statements of a call, or of those that an operation is made of, one. */
#define WHOLE "0:9"
#define FIRST "0:1"
#define NEXT "1:2"

#define NO_BODY "NULL, NULL"

/* How a call looks, what digits and letters stand for there, and what it must answer. body: what it is to run. */
static void print_call(const char *statements, const struct call *call, const char *body,
                       bool fails, const struct outcome *outcome)
{
    const char *operands = op_table[call->op->code].operands;
    printf("call\t%s\t%s\t%d\t%s\t", statements, body, fails && outcome_is_refusal(outcome),
           templates[call->op->code]);
    for (unsigned s = 0; s < TRACE_SLICE_COUNT; s++)
        putchar(test.m->slices[s].writable ? '1' : '0');
    printf("\tK%s\tR%u\tT%s", test.m->is_large ? "LARGE" : "KERNEL",
           model_vector_room(test.m, call), call->cuts_writable ? "writable" : "readable");
    for (unsigned k = 0; operands[k] != '\0'; k++) {
        print_operand(call, k);
        print_letters(call, k);
    }
    printf("\tA%s", outcome->reason != 0 ? model_error_name((unsigned)outcome->reason)
                                         : outcome_name(outcome->kind, outcome->status));
    for (unsigned v = 0; v < outcome->value_count; v++)
        print_value(outcome->values[v].kind, outcome->values[v].value);
    putchar('\n');
}

static void say_slice_at(const char *name, bool writable, const struct model_slice *is)
{
    const char *type = writable ? "writable" : "readable";
    printf("\texpect_%s(procbuf_%s_base_unchecked(%s), procbuf_%s_len(%s), " ADDRESS,
           is->dummy ? "empty" : "slice", type, name, type, name,
           is->dummy ? is->wild : in_memory(is->span.start));
    if (!is->dummy)
        printf(", %u", is->span.end - is->span.start);
    puts(")");
}

static const char *slice_name(uint64_t number)
{
    static char name[16];
    snprintf(name, sizeof name, "%s[%u]", test.m->slices[number].writable ? "ws" : "s",
             (unsigned)number);
    return name;
}

static void say_slice(uint64_t number)
{
    say_slice_at(slice_name(number), test.m->slices[number].writable, &test.m->slices[number]);
}

/* ---- Around a call ---- */

static void print_hook(const struct hook *hook)
{
    if (hook->kind == HOOK_PROTECT)
        printf("{ PROTECT, %u, %" PRIu64 ", " ADDRESS ", " ADDRESS ", " ADDRESS ", " ADDRESS
               ", " ADDRESS ", " ADDRESS ", " ADDRESS " }",
               hook->process_index + model_first_place(test.m), hook->identifier, hook->flash_start,
               hook->flash_protected_end, hook->flash_end, hook->addr, hook->app_break,
               hook->kernel_break, hook->mem_end);
    else if (hook->kind == HOOK_BARRIER)
        fputs("{ BARRIER }", stdout);
    else
        printf("{ %s%s, " ADDRESS ", " NUMBER ", PROCBUF_ACCESS_%s }",
               hook->kind == HOOK_OPEN ? "OPEN" : "CLOSE", hook->part != NULL ? " | ANY_PART" : "",
               hook->addr, hook->len, hook->writable ? "READ_WRITE" : "READ");
}

static void say_hooks(const struct expectation *access)
{
    const char *separator = "";
    printf("hooks\texpect_hooks(");
    for (const struct hook *hook = access->hooks; hook < access->hooks + access->hook_count; hook++)
        if (hook->kind != HOOK_PANIC) {
            fputs(separator, stdout);
            print_hook(hook);
            separator = ", ";
        }
    puts(")");
}

static void say_spans(const char *topic, const char *what, const struct span *spans, unsigned count)
{
    for (unsigned s = 0; s < count; s++)
        if (arena_is_of_process(spans[s].start) && spans[s].start != spans[s].end)
            say(topic, "%s" ADDRESS ", %u)", what, in_memory(spans[s].start),
                spans[s].end - spans[s].start);
}

/* A call is watched for its accesses, and always if a byte changes once it has been fetched. */
static const char *watching(const struct expectation *access, bool fails)
{
    for (unsigned a = 0; a < access->act_count; a++)
        if (!access->acts[a].at_hook)
            return "";
    return fails ? "watch" : NULL;
}

static void before(const struct expectation *access, bool fails)
{
    const char *watched = watching(access, fails);
    for (const struct act *act = access->acts; act < access->acts + access->act_count; act++) {
        if (act->of_life)
            say("", "foreign_at_hook(%u, %u)", act->trigger, act->target);
        else if (act->at_hook)
            say("", "at_hook(%u, " ADDRESS ", %u)", act->trigger, in_memory(act->target),
                act->value);
        else
            say("", "when_fetched(" ADDRESS ", " ADDRESS ", %u)", in_memory(act->trigger),
                in_memory(act->target), act->value);
    }
    say(fails ? "lookups" : NULL, "lookups = 0");
    say(fails ? "hooks" : NULL, "hook_count = 0");
    say_spans(watched, "permit(READ, ", access->reads, access->read_count);
    say_spans(watched, "permit(WRITE, ", access->writes, access->write_count);
    say(access->stepwise ? watched : NULL, "fetches_may_repeat = true");
    say(watched, "watch()");
}

/* Of what a trace may touch. */
static uint32_t memory_len(void)
{
    return test.m->is_large ? ARENA_LEN : ARENA_FOREIGN_END;
}

/* Bytes that changed: of one value, of others that were elsewhere, or listed. */
static void say_changed(uint32_t at, uint32_t len, uint32_t copied_from)
{
    const uint8_t *is = &test.m->bytes[at], *source = NULL;
    const bool are_alike = memcmp(is, is + 1, len - 1) == 0;
    if (!are_alike && len > 64)
        source = memmem(test.known + copied_from, memory_len() - copied_from, is, len);
    if (are_alike) {
        say("memory", "expect_all(" ADDRESS ", %u, %u)", in_memory(at), *is, len);
    } else if (source != NULL) {
        say("memory", "expect_copy(" ADDRESS ", " ADDRESS ", %u)", in_memory(at),
            in_memory((uint32_t)(source - test.known)), len);
    } else if (len > MOST_BYTES) {
        say("memory", "$!");
    } else {
        printf("memory\texpect_bytes(" ADDRESS ", ", in_memory(at));
        for (unsigned b = 0; b < len; b++)
            printf("%s\\x%02x", b == 0 ? "\"" : b % 16 == 0 ? "\" \"" : "", is[b]);
        printf("\", %u)\n", len);
    }
}

/* What memory must hold from now on. */
static void note_bytes(const struct expectation *access)
{
    const struct span *opaque = &access->opaque;
    say_spans("memory", "leave_to_library(", opaque, 1);
    memset(&test.opaque[opaque->start], true, opaque->end - opaque->start);
    for (uint32_t at = 0, end; at < memory_len(); at = end + 1) {
        end = at;
        while (end < memory_len() && test.m->bytes[end] != test.known[end] && !test.opaque[end])
            end++;
        if (end > at)
            say_changed(at, end - at, access->read_count == 0 ? 0 : access->reads[0].start);
    }
    memcpy(test.known, test.m->bytes, memory_len());
}

static void after(const struct expectation *access, bool fails)
{
    const char *watched = watching(access, fails);
    say(watched, "unwatch()");
    if (fails)
        say_hooks(access);
    if (access->act_count != 0)
        say("", "act_count = 0");
    if (test.refusal != 0)
        say("", "refuse(0)");
    test.refusal = 0;
    note_bytes(access);
}

/* A map's lookup function is called once for each region on the way. */
static void say_lookups(bool fails)
{
    say(fails ? "lookups" : NULL, "cr_assert_eq(lookups, %u)", test.m->lookups.count);
}

static void say_buffer(const char *topic, bool writable, unsigned index, const char *what,
                       uint64_t expected)
{
    say(topic, "cr_assert_eq(procbuf_%s_%s(&%s[%u]), %s%" PRIx64 ")",
        writable ? "readwrite" : "readonly", what, writable ? "rw" : "ro", index,
        strcmp(what, "addr") == 0 ? "@" : "#", expected);
}

/* What a vector fills: registers, and buffers beyond them: where each is. */
static void say_filled(const struct call *call, const struct outcome *outcome, bool fails)
{
    const unsigned number = model_buffer_named(call, 0), first = (unsigned)call->args[0];
    for (unsigned b = 0; b < model_vector_room(test.m, call); b++) {
        const struct model_range *pair = &test.m->far->pairs[b];
        if (first + b < TRACE_BUFFER_COUNT)
            say_buffer("", number != first, first + b, "addr",
                       test.m->buffers[number + b].len == 0 ? 0 : test.m->buffers[number + b].addr);
        else if (fails && b < call->args[3])
            say_buffer("rows", number != first, first + b, "addr",
                       outcome->status != 0 || pair->len == 0 ? 0 : pair->addr);
    }
}

/* ---- The end ---- */

static void print_told(unsigned slot, const char *check, char form, const char *actual,
                       uint64_t expected)
{
    static const char *const states[] = { "RUNNING", "YIELDED", "YIELDED_FOR",
                                          "STOPPED", "FAULTED", "TERMINATED" };
    static const char *const completions[] = { "NEVER_ENDED", "WITHOUT_CODE", "WITH_CODE" };
    printf("told\t%s\tp%u\t%s\t", check, slot, actual);
    switch (form) {
    case 'a': printf(ADDRESS "\n", expected); break;
    case 'b': puts(expected ? "true" : "false"); break;
    case 's': printf("PROCBUF_STATE_%s\n", states[expected]); break;
    case 'c': printf("PROCBUF_COMPLETION_%s\n", completions[expected]); break;
    default: printf(expected == UNTOLD ? "UNTOLD\n" : "%" PRIu64 "\n", expected);
    }
}

static void print_process(unsigned slot)
{
    const struct model_process *p = &test.m->processes[slot];
    printf("told\tstate-occupied\tp%u\tprocbuf_table_slot(&table, %u)\t", slot,
           model_first_place(test.m) + slot);
    printf(p->used ? "p%u\n" : "NULL\n", slot);
    if (!p->used)
        return;
#define STATE(check, form, actual, expected)                                                       \
    print_told(slot, "state-" check, #form[0], #actual, expected);
#define LAYOUT(check, form, actual, expected)                                                      \
    print_told(slot, "layout-" check, #form[0], #actual, expected);
#include "accessors.def"
}

/* What must hold in the end, in addition to what calls answered. */
static void finish(void)
{
    test.finished = true;
    say("memory", "check_memory()");
    for (unsigned slot = 0; slot < test.m->slot_count; slot++)
        print_process(slot);
    for (unsigned b = 0; b < 2 * TRACE_BUFFER_COUNT; b++) {
        const struct model_buffer *is = &test.m->buffers[b];
        if (is->filled && !is->from_slot)
            say_buffer("handles", b >= TRACE_BUFFER_COUNT, b % TRACE_BUFFER_COUNT, "len",
                       model_buffer_is_live(&test.t->model, is) ? is->len : 0);
    }
    for (unsigned d = 0; d < TRACE_ID_COUNT; d++)
        if (test.m->ids[d].taken)
            say("handles", "cr_assert_eq(procbuf_id_is_live(id[%u]), %d)", d,
                model_id_is_live(test.m, &test.m->ids[d]));
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
        print_call(WHOLE, call, NO_BODY, false, outcome);
        memcpy(test.known, test.m->bytes, memory_len()); /* the test's own functions know it */
        return;
    }
    before(&p->access, fails);
    print_call(WHOLE, call, NO_BODY, fails, outcome);
    after(&p->access, fails);
    say_lookups(fails);
    if (strstr(row->text, "_vector") != NULL)
        say_filled(call, outcome, fails);
    if (row->slice_made >= 0 && (outcome->kind == OUTCOME_YES || outcome->kind == OUTCOME_DONE))
        say_slice(call->args[row->slice_made]);
    if ((row->flags & OP_SHOWS) != 0)
        say_slice(call->args[0]);
    if (fails)
        finish();
}

/* What has ended is asked again. */
static void print_next(const struct call *call, const struct outcome *outcome, bool fails)
{
    for (unsigned left = outcome->kind == OUTCOME_YES ? 1 : 2; left > 0; left--)
        print_call(NEXT, call, NO_BODY, fails, outcome);
}

/* A slice is watched as a whole. */
static void write_step(struct walk *walk, const struct call *call, const struct step *step,
                       struct prediction *p)
{
    const bool fails = walk->position == test.failing, iterates = call->op->code == OP_ITERATE;
    const bool good = p->outcome.kind == OUTCOME_YES, writable = call->cuts_writable;
    const struct outcome done = { .kind = OUTCOME_DONE };
    const struct expectation whole = { .read_count = iterates,
                                       .stepwise = true,
                                       .reads = { test.m->slices[call->args[0]].span } };
    if (call->op->code == OP_RESTART_MANY)
        return; /* they are counted */
    if (iterates && test.m->acts_now.count != 0)
        unable("userspace acts between the steps of an iteration", "");
    if (step->number == 0) {
        before(&whole, fails);
        print_call(FIRST, call, NO_BODY, false, &done);
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
    const uint64_t count = outcome->values[0].value;
    if (call->op->code == OP_RESTART_MANY && count != 0)
        say("",
            "for (unsigned life = 0; life < %" PRIu64 "; life++) "
            "cr_assert_eq(procbuf_process_restart(p%u, NULL), PROCBUF_OK)",
            count, (unsigned)call->args[0]);
    if (call->op->code == OP_RESTART_MANY && count != step->most) /* the last one is refused */
        print_call(WHOLE, call, NO_BODY, false, &p->outcome);
    note_bytes(&p->access);
    if (walk->position == test.failing)
        finish();
}

/* While a body runs, nothing counts that the call around it is held to. */
static void say_interrupted(const struct expectation *access, bool fails, bool begins)
{
    const char *watched = watching(access, fails);
    say(watched, "%s()", begins ? "unwatch" : "watch");
    say(fails ? "hooks" : NULL,
        begins ? "const unsigned hooks_before = hook_count" : "hook_count = hooks_before");
}

/* What the call lends is put into its register. */
static void say_lent(const struct call *call)
{
    const uint64_t number = entered_slice(call);
    const unsigned len = test.m->slices[number].span.end - test.m->slices[number].span.start;
    const char *name = slice_name(number);
    if (call->op->code != OP_DRIVER_ENTER) {
        say("", "%s = lent", name);
    } else {
        say("", "const struct procbuf_grant *const outer = grant");
        say("", "grant = lent");
        say("", "%s = procbuf_grant_data(grant)", name);
        say("", "cr_assert(procbuf_writable_range_to(%s, %u, &%s))", name, len, name);
        if (len == 0)
            return;
    }
    say_slice(number);
}

static void write_body(struct walk *walk, const struct call *call, struct prediction *p, bool fails)
{
    say("", "(*(unsigned *)data)++");
    say_interrupted(&p->access, fails, true);
    say_lookups(fails);
    note_bytes(&p->access);
    walk_begin_body(test.t, call);
    if (op_table[call->op->code].how == HOW_ENTER)
        say_lent(call);
    walk_run_body(walk, call, p);
    if (call->op->code == OP_DRIVER_ENTER)
        say("", "grant = outer");
    say_interrupted(&p->access, fails, false);
}

/* The body is a function before the program. A driver that is not asked has none. */
static void write_enter(struct walk *walk, const struct call *call, struct prediction *p, bool runs,
                        struct outcome *outcome)
{
    const bool fails = walk->position == test.failing ||
                       trace_block_end(walk->trace, walk->position) == test.failing;
    const bool has_body = runs || op_table[call->op->code].how == HOW_ENTER;
    const unsigned body = test.body_count += has_body;
    char passed[64] = NO_BODY;
    before(&p->access, fails);
    if (has_body) {
        puts("body");
        if (runs) {
            write_body(walk, call, p, fails);
        } else {
            say("", "(void)lent, (void)data");
            say("", "cr_assert_fail(\"the body of what is dead runs\")");
        }
        printf("body_ends\tbody_%u\t%s\n", body, op_table[call->op->code].text);
        snprintf(passed, sizeof passed, "body_%u, &body_%u_runs", body, body);
    }
    *outcome = p->outcome;
    print_call(WHOLE, call, passed, false, outcome);
    if (runs)
        say("", "cr_assert_eq(body_%u_runs, 1, \"the body runs once\")", body);
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
    uint64_t at = in_memory(arena_processes(test.m->is_large));
    for (unsigned i = 0, slot = 0; i < trace->process_count; i++) {
        struct prediction p = { .rule = "P4" };
        const uint64_t end = place_process(test.t, &trace->processes[i], at, call.args);
        if (end > in_memory(arena_processes_end(test.m->is_large)))
            continue; /* it does not fit */
        at = end;
        if (args[1] != 0)
            printf("place\tP%u_FLASH\t%" PRIx64 "\t%" PRIx64 "\n", slot, args[0], args[1]);
        printf("place\tP%u_RAM\t%" PRIx64 "\t%" PRIx64 "\n", slot, args[3], args[4]);
        model_predict_create(&test.t->model, args, &p);
        before(&p.access, fails);
        printf("create\tp%u\t", slot);
        print_call(WHOLE, &call, NO_BODY, false, &p.outcome);
        after(&p.access, fails);
        if (fails)
            say("memory", "check_memory()");
        say("", "fill(" ADDRESS ", " NUMBER ", 0)", args[3], args[5]);
        (void)model_fill(&test.t->model, slot++, 0);
        memcpy(test.known, test.m->bytes, memory_len());
    }
}

static void write_program(const struct trace *trace, unsigned failing)
{
    struct walk walk = { .t = test.t, .trace = trace, .backend = &writer, .last = failing };
    struct model *m = &test.t->model;
    test.failing = failing;
    test.finished = false;
    memset(test.opaque, 0, sizeof test.opaque);
    model_reset(m);
    m->is_large = trace_is_large(trace);
    memcpy(test.known, m->bytes, memory_len());
    m->slot_count = trace_slot_count(trace);
    m->next_identifier = model_first_place(m);
    printf("program\t%" PRIx64 "\t%" PRIx64 "\t%" PRIx64 "\t%" PRIx64 "\n", (uint64_t)UINTPTR_MAX,
           (uint64_t)ARENA_BASE, in_memory(ARENA_FOREIGN), in_memory(ARENA_FOREIGN_END));
    say("", "%s(%u)", m->is_large ? "begin_many" : "begin", m->slot_count);
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
    "usage: procbuf-emit [--operation N] FILE\n"
    "\n"
    "Prints what a C test says that expects of the library what the model does, for a trace, or\n"
    "for the programs of a sequence (text, or - for standard input); of the last one up to\n"
    "operation N, in which a bug shows, or 0, while processes are laid out.\n"
    "./fuzz/repro --emit-test makes a C file of it.\n"
    "\n"
    "Exit status: 0 printed; 2 bad arguments, a file that cannot be read, or nothing that C can "
    "do.\n";

int main(int argc, char **argv)
{
    static struct sequence members;
    static struct trace trace;
    long operation = -1;
    const int at = arguments_read(
        argc, argv, usage,
        (const struct argument[]){ { "operation", ARGUMENT_COUNT, &operation }, { 0 } });
    if (argc - at != 1) {
        fputs(usage, stderr);
        return 2;
    }
    const unsigned failing = operation < 0    ? UINT_MAX
                             : operation == 0 ? (unsigned)LAID_OUT
                                              : (unsigned)operation - 1;
    if (!file_read_inputs(argv[at], NULL, &members))
        return 2;
    test.t = testbed_begin();
    test.m = &test.t->model;
    for (unsigned m = 0; m < members.count; m++) {
        sequence_get(&members, m, &trace);
        write_program(&trace, m + 1 == members.count ? failing : UINT_MAX);
    }
    if (fflush(stdout) != 0)
        unable("cannot write what the test says: ", strerror(errno));
    return 0;
}
