/* procbuf-emit: a trace or a sequence that shows a bug, as a C test. See usage().
 *
 * A backend of the walk that calls nothing: what a call must answer, touch and tell, the model says;
 * how it looks is in ops.def, and what else it needs in support.h. */
#include "arena.h"
#include "arguments.h"
#include "execute.h"
#include "files.h"
#include "interpret.h"
#include "layout.h"
#include "out.h"
#include "results.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const templates[256] = {
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = c,
#include "ops.def"
#undef OP
};

enum { MAX_PLACES = 4096, MAX_LENGTHS = 64, LAID_OUT = UINT_MAX - 1 };

static struct {
    const char *identity;
    bool compares_memory, checks_hooks, watches,
        counts_lookups; /* as the kind of the bug demands */
    bool any_is_large; /* of the traces */
    unsigned failing;   /* the operation that shows it; LAID_OUT: none yet; UINT_MAX: the end */
    FILE *out, *bodies; /* where statements go, and functions that are whole */
    const char *body;   /* the argument of the call that is written, if it opens a block */
    unsigned body_count;
    unsigned refusal;   /* what the port is to refuse of the next call */
    bool finished;
    uint8_t known[ARENA_LEN]; /* memory as far as the test knows it */
    bool opaque[ARENA_LEN];
    unsigned place_count, length_count;
    struct place {
        const char *name;
        uint64_t start, end;
        bool is_now; /* in the program that is written */
    } places[MAX_PLACES];
    struct length {
        uint64_t value;
        const char *text;
    } lengths[MAX_LENGTHS]; /* those that lead up to a place: they may come back */
} test;

/* ---- Text ---- */

static const char *text_of(const char *format, va_list arguments)
{
    static struct string {
        struct string *older; /* strings live as long as the program */
        char text[];
    } *newest;
    va_list again;
    va_copy(again, arguments);
    const size_t size = (size_t)vsnprintf(NULL, 0, format, again) + 1;
    va_end(again);
    struct string *string = malloc(sizeof *string + size);
    if (string == NULL)
        abort();
    vsnprintf(string->text, size, format, arguments);
    string->older = newest;
    newest = string;
    return string->text;
}

__attribute__((format(printf, 1, 2))) static const char *text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *string = text_of(format, arguments);
    va_end(arguments);
    return string;
}

static bool is_kind(const char *kinds)
{
    const char *is = strstr(test.identity, " kind=") + strlen(" kind=");
    const size_t len = strcspn(is, " -");
    return memmem(kinds, strlen(kinds), text(" %.*s ", (int)len, is), len + 2) != NULL;
}

/* A statement, in lines of at most 100 columns where commas let it. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *rest = text_of(format, arguments);
    va_end(arguments);
    for (int indent = 4; rest != NULL; indent = 8) {
        int len = 100 - indent;
        const bool fits = strlen(rest) <= (size_t)len;
        while (!fits && len > 0 && strncmp(&rest[len - 1], ", ", 2) != 0)
            len--;
        fprintf(test.out, "%*s%.*s\n", indent, "", fits || len == 0 ? INT_MAX : len, rest);
        rest = fits || len == 0 ? NULL : rest + len + 1;
    }
}

static const char *beyond(const char *name, uint64_t distance)
{
    return distance == 0 ? name : text("%s + %" PRIu64, name, distance);
}

static const char *below(const char *name, uint64_t distance)
{
    return distance == 0 ? name : text("%s - %" PRIu64, name, distance);
}

static const char *address(uint64_t addr)
{
    if (addr == 0)
        return "0";
    if (addr > UINTPTR_MAX - 4096)
        return below("UINTPTR_MAX", UINTPTR_MAX - addr);
    for (unsigned at_end = 0; at_end <= 1; at_end++)
        for (const struct place *p = test.places; p < test.places + test.place_count; p++)
            if (p->is_now && addr >= p->start && addr < p->end + at_end)
                return beyond(p->name, addr - p->start);
    const uint64_t offset = addr - ARENA_BASE;
    if (offset >= ARENA_FOREIGN && offset <= ARENA_FOREIGN_END)
        return beyond("FOREIGN", offset - ARENA_FOREIGN);
    if (offset < 1 << 20)
        return beyond("MEMORY", offset);
    return -offset < 1 << 20 ? below("MEMORY", -offset) : text("(procbuf_addr_t)0x%" PRIx64, addr);
}

static const char *in_memory(uint32_t offset)
{
    return address((uint64_t)ARENA_BASE + offset);
}

static const char *number(uint64_t value)
{
    if (value > UINTPTR_MAX - 4096)
        return below("SIZE_MAX", UINTPTR_MAX - value);
    for (unsigned l = test.length_count; value > 1 << 24 && l-- > 0;)
        if (test.lengths[l].value == value)
            return test.lengths[l].text;
    return text(value > 1 << 24 ? "(size_t)0x%" PRIx64 : "%" PRIu64, value);
}

/* One that leads up to a place is written as the difference to where it is counted from. */
static const char *length(const struct call *call, unsigned k)
{
    const char *kinds = op_table[call->op->code].operands;
    const struct operand *operand = &call->op->operands[k];
    const uint64_t value = call->args[k];
    const bool is_signed = kinds[k] == 'z';
    if (value <= 1 << 24)
        return number(value);
    if (is_signed && (uintptr_t)-value <= 1 << 24)
        return text("-%" PRIu64, (uint64_t)(uintptr_t)-value);
    if (operand->anchor < ANCHOR_RAM || operand->anchor == ANCHOR_LEN)
        return is_signed ? text("(intptr_t)0x%" PRIx64, value) : number(value);
    uint64_t from = is_signed ? model.processes[call->args[0]].app_break : 0;
    for (unsigned a = 0; a < k; a++)
        if (kinds[a] == 'a')
            from = call->args[a];
    const char *shown = text("(%s)(%s - (%s))", is_signed ? "intptr_t" : "size_t",
                             address((uintptr_t)(value + from)), address(from));
    test.lengths[test.length_count++ % MAX_LENGTHS] = (struct length){ value, shown };
    return shown;
}

static const char *element(const char *array, uint64_t index)
{
    return text("%s[%" PRIu64 "]", array, index);
}

/* One of the kernel's. */
static const char *array(const char *name, uint64_t len, uint64_t offset)
{
    return len == 0 ? "NULL"
                    : beyond(text("%s_%s", arena_is_large ? "LARGE" : "KERNEL", name), offset);
}

static const char *buffer(unsigned number)
{
    return element(number < TRACE_BUFFER_COUNT ? "ro" : "rw", number % TRACE_BUFFER_COUNT);
}

/* ---- Templates ---- */

static const char *operand(const struct call *call, unsigned k)
{
    const char kind = kind_read(op_table[call->op->code].operands[k]);
    const uint64_t value = call->args[k];
    switch (kind) {
    case 'p': return text("p%" PRIu64, value);
    case 'o':
    case 'w':
    case 'h': return buffer(model_buffer_named(call, k));
    case 's':
        if (kind_is_filled(op_table[call->op->code].operands[k]))
            return element(call->cuts_writable ? "ws" : "s", value);
        if (k == 0 ? call->cuts_writable : model.slices[value].writable)
            return text("procbuf_writable_as_readable(ws[%" PRIu64 "])", value);
        return element("s", value);
    case 'd': return element("id", value);
    case 'v': return element("drivers", value);
    case 'a': return address(value);
    case 'n':
    case 'z': return length(call, k);
    case 'c': return value == 0 ? "NULL" : text("&(uint32_t){ %" PRIu64 " }", value - 1);
    case 'k':
    case 'l': return kind_row(kind)->names[value];
    case 't': return value == 0 ? "PROCBUF_ACCESS_READ" : "PROCBUF_ACCESS_READ_WRITE";
    case 'q': return value == 0 ? "PROCBUF_FAULT_STOP" : "PROCBUF_FAULT_RESTART";
    case 'g':
    case 'x': return value < 24 ? number(1u << value) : text("(UINT64_C(1) << %" PRIu64 ")", value);
    default: return number(value);
    }
}

static const char *given(const struct outcome *outcome, unsigned v)
{
    const uint64_t value = outcome->values[v].value;
    if (v >= outcome->value_count)
        return NULL;
    switch (outcome->values[v].kind) {
    case 'a': return address(value);
    case 'p':
        return value < TRACE_MAX_PROCESSES ? text("p%" PRIu64, value)
                                           : text("&processes[%" PRId64 "]", (int64_t)value);
    case 't': return text("\"%s\"", (const char *)(uintptr_t)value);
    case 'w': return text("0x%" PRIx64, value);
    default: return number(value);
    }
}

/* What a letter stands for: of operand `k`, of the model, or of what is answered. Returns: null if the statement is
 * not for this call. */
static const char *letter(char letter, const struct call *call, unsigned k, unsigned offset,
                          const struct outcome *outcome)
{
    const uint64_t *args = call->args;
    const char kind = op_table[call->op->code].operands[k];
    const struct model_id *id = &model.ids[args[0] % TRACE_ID_COUNT];
    const unsigned driver_at = op_table[call->op->code].operands[0] == 'v' ? 0 : 1;
    const struct model_driver *driver = &model.drivers[args[driver_at] % TRACE_DRIVER_COUNT];
    const struct model_process *p = &model.processes[args[k] % TRACE_MAX_PROCESSES];
    switch (letter) {
    case 't': /* the type of a buffer, or of a slice */
        return kind == 'h'           ? args[k] < TRACE_BUFFER_COUNT ? "readonly" : "readwrite"
               : call->cuts_writable ? "writable"
                                     : "readable";
    case 'c': return element(call->cuts_writable ? "ws" : "s", args[k]);
    case 'r': return element("s", args[k]);
    case 'w': return element("ws", args[k]);
    case 'O': return array("OUT", args[k], 0);
    case 'I': return array("IN", args[k], args[offset]);
    case 'A': return array("SCRATCH", args[k], args[offset]);
    case 'M': return text("%s, %s", address(p->mem_start), number(p->app_break - p->mem_start));
    case 'W':
        return text("0x%" PRIx64,
                    model_word((uint8_t)args[3]) & UINT64_MAX >> (64 - (16 << args[2] / 2)));
    case 'P': return number((uint64_t)process_error_at((unsigned)args[0]));
    case 'S':
        return number(call->op->code == OP_READER_OVER ? model.reader.count : model.writer.count);
    case 'G': return number(driver->data_align);
    case 'L': return number(driver->len);
    case 'D': return driver->declared ? text("&drivers[%" PRIu64 "]", args[1]) : "NULL";
    case 'F': return driver->declared ? "accept" : "NULL";
    case 'H': return text("&held[%" PRIu64 "]", args[1]);
    case 'E': return text("PROCBUF_%s", model_error_name((unsigned)model_answer(args[2])));
    case 'Z': return args[k] + 1 == TRACE_MAP_COUNT ? "NULL" : text("&maps[%" PRIu64 "]", args[k]);
    case 'R':
        return args[1] == 0 ? "NULL" : text("&regions[%" PRIu64 "]", TRACE_MAP_REGIONS * args[0]);
    case 'Q':
        return number(args[k] < TRACE_BUFFER_COUNT - args[0] ? args[k]
                                                             : TRACE_BUFFER_COUNT - args[0]);
    case 'V': return model_id_is_live(id) ? "true" : "false";
    case 'X': return model_id_is_others(id) ? "&other_process" : "NULL";
    case 'Y':
        return model_id_is_others(id)                 ? "PROCBUF_ADDRESS_OUT_OF_BOUNDS"
               : id->foreign || !model_id_is_live(id) ? "PROCBUF_NO_SUCH_APP"
                                                      : NULL;
    case 'C':
        if (args[0] >= PROCBUF_NO_SUCH_APP && args[0] <= PROCBUF_ALREADY_IN_USE)
            return NULL;
        return number(args[0] <= PROCBUF_NOACK ? args[0] : PROCBUF_FAIL);
    case 'N': return given(outcome, 0);
    default: return test.body; /* B */
    }
}

/* Statement `n` of the template. Returns: null if it is not for this call. */
static const char *expand(const char *template, unsigned n, const struct call *call,
                          const struct outcome *outcome)
{
    const char *expanded = "";
    for (; n > 0 && *template != '\0'; template ++)
        n -= *template == ';';
    for (template += *template == ' '; *template != '\0' && *template != ';'; template ++) {
        const char *part = text("%c", *template);
        if (*template == '$' && isdigit((unsigned char)template[1])) {
            part = operand(call, (unsigned)(*++template - '1'));
        } else if (*template == '$') {
            const char what = *++template;
            unsigned operands[2] = { 0, 0 };
            for (unsigned o = 0;
                 isdigit((unsigned char)template[1]) && strchr("tcrwOIAMZQ", what) != NULL; o++)
                operands[o] = (unsigned)(*++template - '1');
            part = letter(what, call, operands[0], operands[1], outcome);
        }
        if (part == NULL)
            return NULL;
        expanded = text("%s%s", expanded, part);
    }
    return expanded;
}

/* A call, and what it must answer. A first letter says more: '=' it returns a value, '?' why not, '@' what allow does. */
static void say_call(const char *call, const struct outcome *outcome)
{
    const char *name = outcome_name(outcome->kind, outcome->status), *value = given(outcome, 0);
    const char how = *call;
    call += strchr("=?@", how) != NULL;
    if (outcome->kind == OUTCOME_PANIC)
        say("PANICS(%s);", call);
    else if (how == '@')
        say("expect_allow(%s, PROCBUF_%s, %s, %s);", call, name, value, given(outcome, 1));
    else if (how == '=')
        say("cr_assert_%s(%s, %s);", value != NULL && *value == '"' ? "str_eq" : "eq", call,
            value == NULL ? "NULL" : value);
    else if (how == '?')
        say("cr_assert_eq(%s, PROCBUF_%s);", call, model_error_name((unsigned)outcome->reason));
    else if (outcome->kind == OUTCOME_CODE || outcome->kind == OUTCOME_PROCESS_ERROR)
        say("cr_assert_eq(%s, PROCBUF_%s);", call, name);
    else if (outcome->kind == OUTCOME_YES || outcome->kind == OUTCOME_NO)
        say("%s(%s);", outcome->kind == OUTCOME_YES ? "cr_assert" : "cr_assert_not", call);
    else
        say("%s;", call);
}

/* … and what it is passed: the places in which it differs are listed, in order. */
static void say_told(const char *call, const struct outcome *outcome)
{
    static const char *const orders[] = { "< 0", "== 0", "> 0" };
    unsigned v = 0;
    for (const char *at = call; v < outcome->value_count && (at = strstr(at, "&told.")) != NULL;
         at++) {
        const char *place = text("%.*s", (int)strcspn(at + 1, ",)"), at + 1);
        if (strcmp(place, "told.order") == 0)
            say("cr_assert(told.order %s);", orders[outcome->values[v++].value]);
        else if (strcmp(place, "told.pair") == 0)
            say("cr_assert(told.pair.addr == %s && told.pair.len == %s);", given(outcome, v),
                given(outcome, v + 1)),
                v += 2;
        else if (strstr(place, "able") == NULL && strcmp(place, "told.iter") != 0)
            say("cr_assert_eq(%s, %s);", place, given(outcome, v++));
    }
}

/* … or leaves as it was; `fails`: it shows the bug. */
static void say_all(const char *call, const struct outcome *outcome, bool fails)
{
    const char *last = strrchr(call, '&');
    const char *kept = last == NULL ? "" : text("%.*s", (int)strcspn(last, ")") - 1, last + 1);
    const bool keeps = fails && outcome_is_refusal(outcome) && *kept != '\0' &&
                       strstr(test.identity, " check=written-on-refusal ") != NULL;
    if (keeps && strncmp(kept, "told.", 5) == 0)
        say("memset(&%s, 0x5a, sizeof %s);", kept, kept);
    if (keeps)
        say("KEEP(%s);", kept);
    say_call(call, outcome);
    if (keeps)
        say("MUST_BE_KEPT(%s);", kept);
    say_told(call, outcome);
}

/* All statements of an operation. */
static void say_template(const struct call *call, const struct outcome *outcome, bool fails)
{
    const char *template = templates[call->op->code];
    for (unsigned n = 0; n == 0 || outcome->kind != OUTCOME_PANIC; n++) {
        const char *statement = expand(template, n, call, outcome);
        if (statement != NULL && *statement == '\0')
            break;
        if (statement == NULL)
            continue;
        if (n == 0)
            say_all(statement, outcome, fails);
        else
            say("%s;", statement);
    }
}

static void say_slice(uint64_t number)
{
    const struct model_slice *is = &model.slices[number];
    const char *kind = is->writable ? "writable" : "readable";
    const char *name = element(is->writable ? "ws" : "s", number);
    const char *shown =
        text("procbuf_%s_base_unchecked(%s), procbuf_%s_len(%s)", kind, name, kind, name);
    if (is->dummy)
        say("expect_empty(%s, %s);", shown, address(is->wild));
    else
        say("expect_slice(%s, %s, %u);", shown, in_memory(is->span.start),
            is->span.end - is->span.start);
}

/* ---- Around a call ---- */

static void say_hooks(const struct expectation *access)
{
    static const char *const kinds[] = { "OPEN", "CLOSE", "PROTECT", "BARRIER" };
    const char *all = "";
    for (unsigned h = 0; h < access->hook_count; h++) {
        const struct hook *hook = &access->hooks[h];
        const char *told = "";
        if (hook->kind == HOOK_PANIC)
            continue;
        if (hook->kind == HOOK_PROTECT)
            told = text(", %u, %" PRIu64 ", %s, %s, %s, %s, %s, %s, %s",
                        hook->process_index + model_first_place(), hook->identifier,
                        address(hook->flash_start), address(hook->flash_protected_end),
                        address(hook->flash_end), address(hook->addr), address(hook->app_break),
                        address(hook->kernel_break), address(hook->mem_end));
        else if (hook->kind != HOOK_BARRIER)
            told = text("%s, %s, %s, PROCBUF_ACCESS_%s", hook->part != NULL ? " | ANY_PART" : "",
                        address(hook->addr), number(hook->len),
                        hook->writable ? "READ_WRITE" : "READ");
        all = text("%s%s{ %s%s }", all, *all == '\0' ? "" : ", ", kinds[hook->kind], told);
    }
    say("expect_hooks(%s);", all);
}

static void say_spans(const char *what, const struct span *spans, unsigned count)
{
    for (unsigned s = 0; s < count; s++)
        if (arena_is_of_process(spans[s].start) && spans[s].start != spans[s].end)
            say("%s%s, %u);", what, in_memory(spans[s].start), spans[s].end - spans[s].start);
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
    for (unsigned a = 0; a < access->act_count; a++) {
        const struct act *act = &access->acts[a];
        if (act->of_life)
            say("foreign_at_hook(%u, %u);", act->trigger, act->target);
        else if (act->at_hook)
            say("at_hook(%u, %s, %u);", act->trigger, in_memory(act->target), act->value);
        else
            say("when_fetched(%s, %s, %u);", in_memory(act->trigger), in_memory(act->target),
                act->value);
    }
    if (fails && test.counts_lookups)
        say("lookups = 0;");
    if (fails && test.checks_hooks)
        say_hooks(access);
    if (is_watched(access, fails)) {
        say_spans("permit(READ, ", access->reads, access->read_count);
        say_spans("permit(WRITE, ", access->writes, access->write_count);
        if (access->stepwise)
            say("fetches_may_repeat = true;");
        say("watch();");
    }
}

/* Of what a trace may touch. */
static uint32_t memory_len(void)
{
    return arena_is_large ? ARENA_LEN : ARENA_FOREIGN_END;
}

static const char *bytes_of(const uint8_t *bytes, unsigned len)
{
    static char literal[1 << 16];
    char *at = literal;
    if (len > 8192)
        unable("more bytes change than C says in a line", "");
    for (unsigned b = 0; b < len; b++)
        at += sprintf(at, "%s\\x%02x", b == 0 ? "\"" : b % 16 == 0 ? "\" \"" : "", bytes[b]);
    strcpy(at, "\"");
    return literal;
}

/* A map's lookup function is called once for each region on the way. */
static void say_lookups(bool fails)
{
    if (fails && test.counts_lookups)
        say("cr_assert_eq(lookups, %u);", model.lookups.count);
}

/* The registers that a vector fills: where each buffer is. */
static void say_registers(const struct call *call)
{
    const char *kinds = op_table[call->op->code].operands, *most = strchr(kinds, 'r');
    if (most == NULL || (kinds[0] != 'O' && kinds[0] != 'W'))
        return;
    for (unsigned b = 0; b < call->args[most - kinds] && b + call->args[0] < TRACE_BUFFER_COUNT;
         b++) {
        const unsigned number = model_buffer_named(call, 0) + b;
        const struct model_buffer *is = &model.buffers[number];
        say("cr_assert_eq(procbuf_%s_addr(&%s), %s);", kinds[0] == 'O' ? "readonly" : "readwrite",
            buffer(number), address(is->len == 0 ? 0 : is->addr));
    }
}

/* What memory must hold from now on, where it is compared. */
static void note_bytes(const struct expectation *access)
{
    const struct span *opaque = &access->opaque;
    const uint32_t from = access->read_count == 0 ? 0 : access->reads[0].start;
    if (test.compares_memory)
        say_spans("leave_to_library(", opaque, 1);
    memset(&test.opaque[opaque->start], true, opaque->end - opaque->start);
    for (uint32_t at = 0, end; test.compares_memory && at < memory_len(); at = end + 1) {
        const uint8_t *is = &model.bytes[at], *source;
        bool alike = true;
        for (end = at;
             end < memory_len() && model.bytes[end] != test.known[end] && !test.opaque[end]; end++)
            alike &= model.bytes[end] == *is;
        const unsigned len = end - at;
        if (len > 0 && alike)
            say("expect_all(%s, %u, %u);", in_memory(at), *is, len);
        else if (len > 64 &&
                 (source = memmem(test.known + from, memory_len() - from, is, len)) != NULL)
            say("expect_copy(%s, %s, %u);", in_memory(at),
                in_memory((uint32_t)(source - test.known)), len);
        else if (len > 0)
            say("expect_bytes(%s, %s, %u);", in_memory(at), bytes_of(is, len), len);
    }
    memcpy(test.known, model.bytes, memory_len());
}

static void after(const struct expectation *access, bool fails)
{
    if (is_watched(access, fails))
        say("unwatch();");
    if (fails && test.checks_hooks)
        say("expect_no_more_hooks();");
    if (access->act_count != 0)
        say("act_count = 0;");
    if (test.refusal != 0)
        say("refuse(0);");
    test.refusal = 0;
    note_bytes(access);
}

/* What must hold in the end, in addition to what calls answered. */
static void finish(void)
{
    static const char *const states[] = { "RUNNING", "YIELDED", "YIELDED_FOR",
                                          "STOPPED", "FAULTED", "TERMINATED" };
    static const char *const completions[] = { "NEVER_ENDED", "WITHOUT_CODE", "WITH_CODE" };
    const char *check = strstr(test.identity, " check=") + strlen(" check");
    const bool of_state = is_kind(" state invariant panic "),
               of_layout = strncmp(check, "=layout-", 8) == 0;
    const bool of_handles =
        strncmp(check, "=handle-", 8) == 0 || strncmp(check, "=callback-l", 11) == 0;
    test.finished = true;
    if (test.compares_memory)
        say("check_memory();");
    for (unsigned slot = 0; of_state && slot < model.slot_count; slot++) {
        const struct model_process *p = &model.processes[slot];
        const char *name = text("p%u", slot);
        if (!p->used)
            say("cr_assert_null(procbuf_table_slot(&table, %u));", model_first_place() + slot);
        else
            say("expect_process(%s, (struct expected_process){ .state = PROCBUF_STATE_%s, "
                ".stopped_from = PROCBUF_STATE_%s, "
                ".yielded_for = %u, .restarts = %u, .code = 0x%x, .completion = "
                "PROCBUF_COMPLETION_%s, .app_break = %s, "
                ".kernel_break = %s, .mark = %s });",
                name, states[p->state], states[p->stopped_from], p->yielded_for, p->restart_count,
                p->completion == 2 ? p->completion_code : 0x5a5a5a5a, completions[p->completion],
                address(p->app_break), address(p->kernel_break), address(p->mark));
        if (p->used && of_layout)
            say("cr_assert(procbuf_process_mem_start(%s) == %s && procbuf_process_mem_end(%s) == "
                "%s && "
                "procbuf_process_flash_start(%s) == %s && procbuf_process_flash_protected_end(%s) "
                "== %s && "
                "procbuf_process_flash_end(%s) == %s);",
                name, address(p->mem_start), name, address(p->mem_end), name,
                address(p->flash_start), name, address(p->flash_protected_end), name,
                address(p->flash_end));
    }
    for (unsigned b = 0; of_handles && b < 2 * TRACE_BUFFER_COUNT; b++)
        if (model.buffers[b].filled && !model.buffers[b].from_slot)
            say("cr_assert_eq(procbuf_%s_len(&%s), %s);",
                b < TRACE_BUFFER_COUNT ? "readonly" : "readwrite", buffer(b),
                number(model_buffer_is_live(&model.buffers[b]) ? model.buffers[b].len : 0));
    for (unsigned d = 0; of_handles && d < TRACE_ID_COUNT; d++)
        if (model.ids[d].taken)
            say("cr_assert_eq(procbuf_id_is_live(id[%u]), %d);", d,
                model_id_is_live(&model.ids[d]));
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
            (void)place_driver_data(&model.drivers[call->args[0]]);
        if (call->op->code == OP_REFUSE)
            test.refusal = (unsigned)call->args[0];
        say_template(call, outcome, false);
        memcpy(test.known, model.bytes, memory_len()); /* the test's own functions know it */
        return;
    }
    before(&p->access, fails);
    say_template(call, outcome, fails);
    after(&p->access, fails);
    say_lookups(fails);
    say_registers(call);
    if (row->slice_made >= 0 && (outcome->kind == OUTCOME_YES || outcome->kind == OUTCOME_DONE))
        say_slice(call->args[row->slice_made]);
    if ((row->flags & OP_SHOWS) != 0)
        say_slice(call->args[0]);
    if (fails)
        finish();
}

/* A slice is watched as a whole; restarts are counted, and the last one may be refused. */
static void write_step(struct walk *walk, const struct call *call, const struct step *step,
                       struct prediction *p)
{
    const bool fails = walk->position == test.failing, iterates = call->op->code == OP_ITERATE;
    const bool ends = p->outcome.kind != OUTCOME_YES || step->number + 1 == step->most;
    const struct expectation whole = { .read_count = iterates,
                                       .stepwise = true,
                                       .reads = { model.slices[call->args[0]].span } };
    if (call->op->code == OP_RESTART_MANY) {
        const uint64_t lives = step->number + (p->outcome.kind == OUTCOME_YES);
        if (ends && lives != 0) {
            say("for (unsigned life = 0; life < %" PRIu64 "; life++)", lives);
            say("    cr_assert_eq(procbuf_process_restart(%s, NULL), PROCBUF_OK);",
                operand(call, 0));
        }
        if (p->outcome.kind != OUTCOME_YES)
            say_template(call, &p->outcome, false);
        return;
    }
    if (iterates && model.acts_now.count != 0)
        unable("userspace acts between the steps of an iteration", "");
    if (step->number == 0) {
        before(&whole, fails);
        say("%s;", expand(templates[call->op->code], 0, call, NULL));
    }
    say_all(expand(templates[call->op->code], 1, call, NULL), &p->outcome, fails);
    if (!iterates && p->outcome.kind == OUTCOME_YES)
        say("expect_slice(%s, %s, %u);",
            expand("procbuf_$t1_base_unchecked(told.$t1), procbuf_$t1_len(told.$t1)", 0, call,
                   NULL),
            in_memory(step->chunk.start), step->chunk.end - step->chunk.start);
    if (ends)
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

static unsigned end_of_block(const struct walk *walk)
{
    unsigned at = walk->position;
    for (unsigned depth = 1; depth > 0 && ++at < walk->trace->op_count;) {
        depth += op_opens_block(walk->trace->ops[at].code);
        depth -= walk->trace->ops[at].code == OP_END;
    }
    return at;
}

/* While a body runs, nothing counts that the call around it is held to. */
static void say_interrupted(const struct expectation *access, bool fails, bool begins)
{
    if (is_watched(access, fails))
        say("%s();", begins ? "unwatch" : "watch");
    if (fails && test.checks_hooks)
        say("hooks_count = %s;", begins ? "false" : "true");
}

/* What the call lends is put into its register. */
static void say_lent(const struct call *call)
{
    const bool drives = call->op->code == OP_DRIVER_ENTER;
    const struct model_slice *lent = &model.slices[entered_slice(call)];
    const char *name = element(lent->writable ? "ws" : "s", entered_slice(call));
    const unsigned len = lent->span.end - lent->span.start;
    if (drives) {
        say("const struct procbuf_grant *const outer = grant;");
        say("grant = lent;");
        say("%s = procbuf_grant_data(grant);", name);
        say("cr_assert(procbuf_writable_range_to(%s, %u, &%s));", name, len, name);
    } else {
        say("%s = lent;", name);
    }
    if (!drives || len != 0)
        say_slice(entered_slice(call));
}

/* The body is a function before the program. */
static void write_enter(struct walk *walk, const struct call *call, struct prediction *p, bool runs,
                        struct outcome *outcome)
{
    const bool asks = op_table[call->op->code].how == HOW_ASK;
    const bool fails = walk->position == test.failing || end_of_block(walk) == test.failing;
    const char *lent =
        asks                                ? "void"
        : call->op->code == OP_DRIVER_ENTER ? "const struct procbuf_grant *lent, void *data"
        : call->op->code == OP_MUT_ENTER    ? "struct procbuf_writable lent, void *data"
                                            : "struct procbuf_readable lent, void *data";
    const unsigned body = ++test.body_count;
    FILE *const outside = test.out;
    char *written;
    size_t len;
    before(&p->access, fails);
    test.body = !asks  ? text("body_%u, &body_%u_runs", body, body)
                : runs ? text("body_%u", body)
                       : "NULL";
    const char *expanded = expand(templates[call->op->code], 0, call, NULL);
    test.body = "NULL";
    test.out = open_memstream(&written, &len);
    if (runs) {
        say(asks ? "body_%u_runs++;" : "(*(unsigned *)data)++;", body);
        say_lookups(fails);
        say_interrupted(&p->access, fails, true);
        note_bytes(&p->access);
        walk_begin_body(call);
        if (!asks)
            say_lent(call);
        walk_run_body(walk, call, p);
        if (call->op->code == OP_DRIVER_ENTER)
            say("grant = outer;");
        say_interrupted(&p->access, fails, false);
    } else {
        say("(void)lent, (void)data;");
        say("cr_assert_fail(\"the body of what is dead runs\");");
    }
    fclose(test.out);
    test.out = outside;
    if (runs || !asks)
        fprintf(test.bodies, "static unsigned body_%u_runs;\n\nstatic void body_%u(%s)\n{\n%s}\n\n",
                body, body, lent, written);
    free(written);
    *outcome = p->outcome;
    say_call(expanded, outcome);
    if (runs)
        say("cr_assert_eq(body_%u_runs, 1, \"the body runs once\");", body);
    after(&p->access, fails);
    say_lookups(fails && !runs);
}

static const struct backend writer = { write_call, write_step, write_steps_end, write_enter };

/* ---- Programs ---- */

/* A part of memory by its name; where an earlier program has it elsewhere, by another. */
static void name_place(const char *name, uint64_t start, uint64_t len)
{
    const char *free_name = name;
    for (unsigned p = 0, copy = 2; p < test.place_count; p++) {
        struct place *place = &test.places[p];
        if (strcmp(place->name, free_name) != 0)
            continue;
        if (place->start == start) {
            *place = (struct place){ place->name, start, start + len, true };
            return;
        }
        free_name = text("%s_%u", name, copy++);
    }
    if (test.place_count < MAX_PLACES)
        test.places[test.place_count++] = (struct place){ free_name, start, start + len, true };
}

static void lay_out(const struct trace *trace, bool fails)
{
    const struct op op = { .code = OP_CREATE };
    struct call call = { .op = &op };
    uint64_t at = (uint64_t)ARENA_BASE + arena_processes();
    for (unsigned i = 0, slot = 0; i < trace->process_count; i++) {
        struct prediction p = { .rule = "P4" };
        const uint64_t end = place_process(&trace->processes[i], at, call.args);
        if (end > (uint64_t)ARENA_BASE + arena_processes_end())
            continue; /* it does not fit */
        at = end;
        if (call.args[1] != 0)
            name_place(text("P%u_FLASH", slot), call.args[0], call.args[1]);
        name_place(text("P%u_RAM", slot), call.args[3], call.args[4]);
        model_predict_create(call.args, &p);
        before(&p.access, fails);
        const char *config = strchr(expand(templates[OP_CREATE], 0, &call, NULL), '(') + 1;
        config = strchr(config, '(');
        say("create(&table, %s, %.*s);", text("p%u", slot),
            (int)(strrchr(config, '}') + 1 - config), config);
        after(&p.access, fails);
        if (fails && test.compares_memory)
            say("check_memory();");
        say("fill(%s, %s, 0);", address(call.args[3]), number(call.args[5]));
        (void)model_fill(slot++, 0);
        memcpy(test.known, model.bytes, memory_len());
    }
}

static void write_program(const struct trace *trace, unsigned failing)
{
    struct walk walk = { .trace = trace, .backend = &writer, .last = failing };
    test.failing = failing;
    test.length_count = 0;
    test.finished = false;
    for (unsigned p = 0; p < test.place_count; p++)
        test.places[p].is_now = false;
    arena_is_large = trace_is_large(trace);
    memset(test.opaque, 0, sizeof test.opaque);
    model_reset();
    memcpy(test.known, model.bytes, memory_len());
    model.slot_count = trace_slot_count(trace);
    model.next_identifier = model_first_place();
    say("%s(%u);",
        !test.any_is_large ? "begin"
        : arena_is_large   ? "begin_many"
                           : "begin_few",
        model.slot_count);
    lay_out(trace, failing == LAID_OUT);
    if (failing != LAID_OUT)
        walk_block(&walk);
    if (!test.finished)
        finish();
}

/* ---- What else programs need ---- */

_Static_assert(ARENA_PROCESSES == 4096 && ARENA_IN == 64 && ARENA_OUT == 1408 &&
                   ARENA_SCRATCH == 2496 && ARENA_FOREIGN == 17408 &&
                   (ARENA_LARGE_LEN == 0 ||
                    (ARENA_LARGE_IN == 544768 && ARENA_LARGE_OUT == 741632 &&
                     ARENA_LARGE_SCRATCH == 938240)) &&
                   ARENA_LEN <= 1138688,
               "support.h has these numbers");

static bool is_of_word(char c)
{
    return isalnum((unsigned char)c) || strchr("_%'/", c) != NULL;
}

/* Whether one of the words "a|b" is in the text; ".*" is in all. */
static bool uses(const char *all, const char *words)
{
    bool any = strcmp(words, ".*") == 0;
    for (size_t len; *words != '\0' && !any; words += len + (words[len] == '|')) {
        len = strcspn(words, "|");
        for (const char *at = all; !any && (at = memmem(at, strlen(at), words, len)) != NULL;
             at += len)
            any = (at == all || !is_of_word(at[-1])) && !is_of_word(at[len]);
    }
    return any;
}

/* The lines of support.h, and of whom they are. */
static struct line {
    const char *text, *part, *words;
    bool is_printed;
} lines[1024];
static unsigned line_count;

static void read_lines(const char *path, const char *part)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        unable("cannot read ", path);
    while (getline(&line, &size, file) > 0) {
        char *says = strstr(line, "/* [");
        const char *words =
            says == NULL ? part : text("%.*s", (int)strcspn(says + 4, "]"), says + 4);
        if (strncmp(line, "#include \"", 10) == 0) {
            read_lines(text("%.*s%.*s", (int)(strrchr(path, '/') + 1 - path), path,
                            (int)strcspn(line + 10, "\""), line + 10),
                       part);
            continue;
        }
        if (says != NULL && says == line + strspn(line, " ")) {
            part = words;
            continue;
        }
        while (says != NULL && says[-1] == ' ')
            says--;
        if (says != NULL)
            strcpy(says, "\n");
        if (line_count < sizeof lines / sizeof lines[0])
            lines[line_count++] = (struct line){ text("%s", line), part, words, false };
    }
    free(line);
    fclose(file);
}

/* Whether the program uses one of the words, or what is printed does. */
static bool is_used(const char *program, const char *words)
{
    bool used = uses(program, words);
    for (const struct line *line = lines; !used && line < lines + line_count; line++)
        used = line->is_printed && strncmp(line->text, "/*", 2) != 0 && uses(line->text, words);
    return used;
}

static void print_support(const char *program)
{
    bool blank = true, more = true;
    while (more) {
        more = false;
        for (struct line *line = lines; line < lines + line_count; line++)
            if (!line->is_printed && is_used(program, line->part) && is_used(program, line->words))
                line->is_printed = more = true;
    }
    for (const struct line *line = lines; line < lines + line_count; line++)
        if (line->is_printed && !(blank && line->text[0] == '\n')) {
            fputs(line->text, stdout);
            blank = line->text[0] == '\n';
        }
}

/* ---- The file ---- */

static void print_file(const char *programs, const char *bodies, unsigned count)
{
    const char *all = text("%s%s", bodies, programs), *name = strstr(test.identity, " kind=");
    print_support(all);
    putchar('\n');
    for (const struct place *p = test.places; p < test.places + test.place_count; p++)
        if (uses(all, p->name))
            printf("#define %s (MEMORY + %u)\n", p->name, (unsigned)(p->start - ARENA_BASE));
    for (unsigned slot = 0; slot < TRACE_MAX_PROCESSES; slot++)
        if (uses(all, text("p%u", slot)))
            printf("static struct procbuf_process *const p%u = &processes[%u];\n", slot, slot);
    printf("\n%s%sTest(found, ", bodies, count > 1 ? programs : "");
    for (const char *at = name; (at = strchr(at, '=')) != NULL;)
        for (at++, fputs(name == NULL ? "__" : "", stdout), name = NULL; *at != ' ' && *at != '\0';
             at++)
            putchar(isalnum((unsigned char)*at) ? *at : '_');
    puts(", .timeout = 10)\n{");
    for (unsigned m = 1; m <= count && count > 1; m++)
        printf("    program_%u();\n", m);
    printf("%s}\n", count > 1 ? "" : programs);
}

static const char usage[] =
    "usage: procbuf-emit [--operation N] IDENTITY SUPPORT FILE\n"
    "\n"
    "Prints a C test that expects of the library what the model does, for a trace, or for the\n"
    "programs of a sequence (text, or - for standard input); of the last one up to operation N, "
    "in\n"
    "which the bug of this identity shows, or 0, while processes are laid out. SUPPORT is\n"
    "fuzz/emit/support.h.\n"
    "\n"
    "Exit status: 0 printed; 2 bad arguments, a file that cannot be read, or nothing that C can "
    "do.\n";

int main(int argc, char **argv)
{
    static struct sequence members;
    static struct trace trace;
    char *programs, *bodies;
    size_t len[2];
    long operation = -1;
    const int at = arguments_read(
        argc, argv, usage,
        (const struct argument[]){ { "operation", ARGUMENT_COUNT, &operation }, { 0 } });
    if (argc - at != 3 || strstr(argv[at], " kind=") == NULL) {
        fputs(usage, stderr);
        return 2;
    }
    const unsigned failing = operation < 0    ? UINT_MAX
                             : operation == 0 ? (unsigned)LAID_OUT
                                              : (unsigned)operation - 1;
    test.identity = argv[at];
    test.body = "NULL";
    test.compares_memory = is_kind(" memory panic msan ");
    test.checks_hooks = is_kind(" hook ");
    test.counts_lookups = strstr(test.identity, " check=lookups ") != NULL ||
                          strstr(test.identity, " check=callback-lookup ") != NULL;
    test.watches = is_kind(" access window double fault asan crash ");
    read_lines(argv[at + 1], "");
    if (!file_read_inputs(argv[at + 2], NULL, &members))
        return 2;
    arena_map();
    test.out = open_memstream(&programs, &len[0]);
    test.bodies = open_memstream(&bodies, &len[1]);
    for (unsigned m = 0; m < members.count; m++) {
        sequence_get(&members, m, &trace);
        test.any_is_large |= trace_is_large(&trace);
    }
    for (unsigned m = 0; m < members.count; m++) {
        sequence_get(&members, m, &trace);
        if (members.count > 1)
            fprintf(test.out, "static void program_%u(void)\n{\n", m + 1);
        write_program(&trace, m + 1 == members.count ? failing : UINT_MAX);
        if (members.count > 1)
            fputs("}\n\n", test.out);
    }
    fclose(test.out);
    fclose(test.bodies);
    print_file(programs, bodies, members.count);
    return fflush(stdout) == 0 ? 0 : 2;
}
