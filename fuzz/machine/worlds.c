#include "worlds.h"

#include "compare.h"
#include "results.h"
#include "testbed.h"

#include <inttypes.h>
#include <string.h>

enum kind { SECRETS, ALONE };

/* What an operation is about, seen by the observer.
 *
 *            runs alone   compared with secrets   compared alone   values change with secrets
 *   MINE     yes          yes                     yes              no
 *   GRANT    yes          no                      yes              yes
 *   MIXED    no           yes                     no               no
 *   OTHERS   no           no                      no               yes
 *   SHARED   yes          no                      no               no
 */
enum concern { MINE, GRANT, MIXED, OTHERS, SHARED };

/* What happened at a position of the trace in the first world. */
struct event {
    bool ran;       /* its operands were worked out */
    bool ended;     /* what follows is known */
    bool body;      /* its body ran */
    bool is_end;    /* of the enter that begins at `begin` */
    bool no_values; /* its values are not the library's, but what a driver holds for all */
    enum concern concern;
    unsigned begin;
    uint64_t args[TRACE_MAX_OPERANDS];
    struct outcome outcome;
    uint64_t memory; /* digest of what the observer may access, after it */
    uint64_t body_len, body_memory;
};

/* Bytes that are made the same. */
enum when { BEFORE, INSTEAD, AFTER };
struct saved {
    unsigned position;
    enum when when;
    struct span span;
    uint32_t at; /* in `bytes` */
};

enum { MAX_SAVED = 4096, MAX_SAVED_BYTES = 1 << 20 };

static struct {
    enum { FIRST, SECOND } phase;
    enum kind kind;
    unsigned observer;
    const struct trace *trace;
    struct event events[TRACE_MAX_OPS + 1]; /* a block may end with the trace */
    struct saved saved[MAX_SAVED];
    uint8_t bytes[MAX_SAVED_BYTES];
    unsigned saved_count, byte_count;
    unsigned next_saved;   /* in the second world: those before it are of operations before */
    unsigned at; /* the operation that runs; after one that ended, where its block may end */
    bool over; /* nothing is recorded or compared any more */
    unsigned over_at; /* … from this position on */
    bool moved[2]; /* the reader, the writer was moved by what does not run alone */
    unsigned
        holder[TRACE_DRIVER_COUNT]; /* whose range the driver holds; TRACE_MAX_PROCESSES: none */
    struct {
        bool mine, grant;
    } slices[TRACE_SLICE_COUNT];
    /* Where the worlds parted, once that is known: the bytes of the first world are kept there. */
    bool parted, parted_in_body;
    unsigned parted_at;
    uint8_t kept[ARENA_LEN];
} worlds;

/* ---- Digests and copies of memory ---- */

static uint64_t mix(uint64_t digest, uint64_t word)
{
    digest = (digest ^ word) * 0x9e3779b97f4a7c15u;
    return digest ^ digest >> 29;
}

static uint64_t digest_of(const struct testbed *t, struct span span, uint64_t digest)
{
    enum { LANES = 4 }; /* that do not wait for each other */
    uint64_t lanes[LANES] = { digest, 1, 2, 3 };
    uint32_t at = span.start;
    for (; span.end - at >= 8 * LANES; at += 8 * LANES)
        for (unsigned lane = 0; lane < LANES; lane++) {
            uint64_t word;
            memcpy(&word, &t->oracle.arena[at + 8 * lane], 8);
            lanes[lane] = mix(lanes[lane], word);
        }
    for (; at < span.end; at++)
        lanes[at % LANES] = mix(lanes[at % LANES], t->oracle.arena[at]);
    return mix(mix(lanes[0], lanes[1]), mix(lanes[2], lanes[3]));
}

static uint64_t digest_memory(const struct testbed *t)
{
    struct span parts[2];
    view_parts(t, worlds.observer, parts);
    return digest_of(t, parts[1], digest_of(t, parts[0], parts[0].end - parts[0].start));
}

/* In the first world: keep what a span holds. If it does not fit, the comparison ends here. */
static void save(struct testbed *t, unsigned position, enum when when, struct span span)
{
    const uint32_t len = span.end - span.start;
    if (len == 0)
        return;
    if (worlds.saved_count == MAX_SAVED || len > MAX_SAVED_BYTES - worlds.byte_count) {
        if (position < worlds.over_at)
            worlds.over_at = position;
        return;
    }
    worlds.saved[worlds.saved_count++] = (struct saved){ position, when, span, worlds.byte_count };
    memcpy(&worlds.bytes[worlds.byte_count], &t->oracle.arena[span.start], len);
    worlds.byte_count += len;
}

/* In the second: make it the same. */
static void restore(struct testbed *t, unsigned position, enum when when)
{
    while (worlds.next_saved < worlds.saved_count &&
           worlds.saved[worlds.next_saved].position < position)
        worlds.next_saved++;
    for (unsigned s = worlds.next_saved;
         s < worlds.saved_count && worlds.saved[s].position == position; s++) {
        const struct saved *saved = &worlds.saved[s];
        if (saved->when != when)
            continue;
        memcpy(&t->model.bytes[saved->span.start], &worlds.bytes[saved->at],
               saved->span.end - saved->span.start);
        world_show_user_write(t, saved->span);
        world_note_written(saved->span);
    }
}

/* ---- Whose is it ---- */

static bool is_mine(uint64_t slot)
{
    return slot == worlds.observer;
}

static enum concern of_process(uint64_t slot)
{
    return is_mine(slot) ? MINE : OTHERS;
}

static bool is_of_mine(const struct model_buffer *buffer)
{
    return buffer->filled && !buffer->foreign && is_mine(buffer->slot);
}

static bool buffer_is_mine(const struct testbed *t, uint64_t number)
{
    return is_of_mine(&t->model.buffers[number]);
}

static bool id_is_mine(const struct testbed *t, uint64_t number)
{
    (void)t;
    const struct model_id *id = &t->model.ids[number];
    return id->taken && !id->foreign && is_mine(id->slot);
}

static enum concern of_mine(bool mine)
{
    return mine ? MINE : OTHERS;
}

static struct span buffer_span(const struct model_buffer *buffer)
{
    if (!buffer->filled || buffer->len == 0)
        return (struct span){ 0, 0 };
    return (struct span){ (uint32_t)(buffer->addr - ARENA_BASE),
                          (uint32_t)(buffer->addr - ARENA_BASE + buffer->len) };
}

/* ---- Copies to the observer on purpose ---- */

static bool all_mine(const struct testbed *t, const struct model_stream *stream)
{
    unsigned mine = 0;
    for (unsigned b = 0; b < stream->count; b++)
        mine += is_of_mine(model_stream_buffer(&t->model, stream, b));
    return mine == stream->count;
}

/* The other way round from the view of a stream's buffers: those that are the observer's. */
static void save_buffers(struct testbed *t, unsigned position, enum when when,
                         const struct model_stream *stream, bool mine)
{
    const unsigned most = stream->copied != 0 ? stream->copied : stream->count;
    for (unsigned b = 0; b < stream->count && b < most; b++) {
        const struct model_buffer *buffer = model_stream_buffer(&t->model, stream, b);
        if (model_buffer_is_live(&t->model, buffer) && is_of_mine(buffer) == mine)
            save(t, position, when, buffer_span(buffer));
    }
}

/* ---- Concerns: what ops.def names ---- */

typedef enum concern concern_function(struct testbed *t, unsigned position, const struct call *call,
                                      struct event *event);

static enum concern of_slice(uint64_t number)
{
    return worlds.slices[number].mine ? MINE : worlds.slices[number].grant ? GRANT : OTHERS;
}

/* Whose a process, register or foreign process is that an operation reads. */
static enum concern of_operand(const struct testbed *t, char kind, uint64_t number)
{
    switch (kind) {
    case 'p': return of_process(number);
    case 'd': return of_mine(id_is_mine(t, number));
    case 's': return of_slice(number);
    case 'f': return OTHERS;
    default: return of_mine(buffer_is_mine(t, buffer_number(kind, number)));
    }
}

/* That of those that the operation reads; the observer's, if that is so of all of them. */
static enum concern concern_operands(struct testbed *t, unsigned position, const struct call *call,
                                     struct event *event)
{
    const char *kinds = op_table[call->op->code].operands;
    (void)position, (void)event;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        if (kind_is_filled(kinds[k]) || kinds[k] == 'v' ||
            (!kind_is_name(kinds[k]) && kinds[k] != 'f'))
            continue;
        const enum concern concern = of_operand(t, kinds[k], call->args[k]);
        if (concern != MINE)
            return concern;
    }
    return MINE;
}

/* About no process: what the port will do. */
static enum concern concern_mine(struct testbed *t, unsigned position, const struct call *call,
                                 struct event *event)
{
    (void)t, (void)position, (void)call, (void)event;
    return MINE;
}

static enum concern concern_others(struct testbed *t, unsigned position, const struct call *call,
                                   struct event *event)
{
    (void)t, (void)position, (void)call, (void)event;
    return OTHERS;
}

static enum concern concern_shared(struct testbed *t, unsigned position, const struct call *call,
                                   struct event *event)
{
    (void)t, (void)position, (void)call, (void)event;
    return SHARED;
}

static enum concern concern_poke(struct testbed *t, unsigned position, const struct call *call,
                                 struct event *event)
{
    const uint64_t addr = call->args[0];
    (void)position, (void)event;
    return of_mine(arena_holds((uintptr_t)addr) &&
                   view_holds(t, worlds.observer, (uint32_t)(addr - ARENA_BASE)));
}

static enum concern concern_copy(struct testbed *t, unsigned position, const struct call *call,
                                 struct event *event)
{
    const uint64_t to = call->args[0], from = call->args[1];
    const bool to_mine = worlds.slices[to].mine, to_grant = worlds.slices[to].grant;
    (void)event;
    if (!to_mine && !to_grant)
        return OTHERS;
    if (worlds.slices[from].mine)
        return to_mine ? MINE : GRANT;
    if (t->model.slices[from].valid)
        save(t, position, BEFORE, t->model.slices[from].span);
    if (worlds.slices[from].grant)
        return to_mine ? MINE : GRANT;
    return MIXED;
}

/* Another's vector names the same ranges in both worlds, whatever else its memory holds. */
static enum concern concern_vector(struct testbed *t, unsigned position, const struct call *call,
                                   struct event *event)
{
    const uint64_t addr = call->args[2], len = call->args[3] * MODEL_PAIR_LEN;
    const enum concern concern = concern_operands(t, position, call, event);
    if (concern != MINE && call->args[3] <= MODEL_LONG_VECTOR && arena_holds((uintptr_t)addr) &&
        addr + len <= (uint64_t)ARENA_BASE + ARENA_LEN)
        save(t, position, BEFORE,
             (struct span){ (uint32_t)(addr - ARENA_BASE), (uint32_t)(addr - ARENA_BASE + len) });
    return concern;
}

static enum concern concern_of_byte(const struct testbed *t, uint64_t addr)
{
    return of_mine(arena_holds((uintptr_t)addr) &&
                   view_holds(t, worlds.observer, (uint32_t)(addr - ARENA_BASE)));
}

static enum concern concern_pair(struct testbed *t, unsigned position, const struct call *call,
                                 struct event *event)
{
    (void)position, (void)event;
    return concern_of_byte(t, call->args[0] + call->args[1] * MODEL_PAIR_LEN);
}

static enum concern concern_pairs(struct testbed *t, unsigned position, const struct call *call,
                                  struct event *event)
{
    (void)position, (void)event;
    return concern_of_byte(t, call->args[0]);
}

static enum concern concern_kept(struct testbed *t, unsigned position, const struct call *call,
                                 struct event *event)
{
    const struct model_lender *lender = &t->model.kept_lender;
    return lender->kind == MODEL_PROCESS ? of_operand(t, 'p', lender->slot)
                                         : concern_others(t, position, call, event);
}

/* A slot of the innermost driver enter. */
static enum concern concern_slot(struct testbed *t, unsigned position, const struct call *call,
                                 struct event *event)
{
    const struct model_open *driver = model_current_driver(&t->model);
    (void)position, (void)call, (void)event;
    return of_mine(driver != NULL && is_mine(driver->slot));
}

/* What the driver held until now, whoever passed it, is given back. */
static enum concern concern_offer(struct testbed *t, unsigned position, const struct call *call,
                                  struct event *event)
{
    (void)t, (void)position;
    event->no_values = !is_mine(worlds.holder[call->args[1]]);
    return is_mine(call->args[0]) ? MINE : SHARED;
}

/* The reader or the writer begins again, unless the operation is skipped: note_first_end(). */
static enum concern concern_over(struct testbed *t, unsigned position, const struct call *call,
                                 struct event *event)
{
    return concern_shared(t, position, call, event);
}

static enum concern concern_stream(struct testbed *t, unsigned position, const struct call *call,
                                   struct event *event)
{
    const uint8_t code = call->op->code;
    const bool reads = code == OP_READER_READ || code == OP_READER_SKIP || code == OP_STREAM_COPY;
    const bool writes = code == OP_WRITER_WRITE || code == OP_WRITER_SKIP || code == OP_STREAM_COPY;
    const bool mine = (!reads || (all_mine(t, &t->model.reader) && !worlds.moved[0])) &&
                      (!writes || (all_mine(t, &t->model.writer) && !worlds.moved[1]));
    (void)position, (void)event;
    if (!mine) {
        worlds.moved[0] |= reads;
        worlds.moved[1] |= writes;
    }
    return mine ? MINE : MIXED;
}

static concern_function *const concerns[256] = {
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = concern_##concern,
#include "ops.def"
#undef OP
};

/* ---- The first world: what is kept of it ---- */

static void note_first(struct testbed *t, unsigned position, const struct call *call)
{
    struct event *event = &worlds.events[position];
    event->ran = true;
    worlds.at = position;
    memcpy(event->args, call->args, sizeof event->args);
    event->concern = concerns[call->op->code](t, position, call, event);
    if (call->op->code == OP_STREAM_COPY && event->concern == MIXED)
        save_buffers(t, position, BEFORE, &t->model.reader, false);
}

static bool succeeded(const struct outcome *outcome)
{
    return outcome->kind == OUTCOME_DONE || outcome->kind == OUTCOME_YES ||
           ((outcome->kind == OUTCOME_CODE || outcome->kind == OUTCOME_PROCESS_ERROR) &&
            outcome->status == 0);
}

/* Who owns the slice that an operation made: whose it was cut from, or the kernel. */
static void note_slice(uint8_t code, const uint64_t args[TRACE_MAX_OPERANDS])
{
    const int made = op_slice_made(code);
    if (made < 0)
        return;
    if (op_table[code].operands[0] == 's')
        worlds.slices[args[made]] = worlds.slices[args[0]];
    else
        worlds.slices[args[made]].mine = worlds.slices[args[made]].grant = false;
}

/* What reached the observer on purpose, by a call that does not run alone. */
static void save_what_arrived(struct testbed *t, unsigned position, const struct op *op,
                              const struct event *event)
{
    struct span parts[2];
    if (op->code == OP_COPY_SLICE)
        save(t, position, INSTEAD, t->model.slices[event->args[0]].span);
    else if (op->code == OP_STREAM_COPY || op->code == OP_WRITER_WRITE)
        save_buffers(t, position, INSTEAD, &t->model.writer, true);
    else if (op->code == OP_CREATE && is_mine(event->outcome.values[0].value)) {
        view_parts(t, worlds.observer, parts); /* its program was in flash already */
        save(t, position, AFTER, parts[1]);
    }
}

static void note_first_end(struct testbed *t, unsigned position, unsigned begin,
                           const struct outcome *outcome)
{
    const struct op *op = &worlds.trace->ops[begin];
    struct event *event = &worlds.events[position];
    event->ended = true;
    event->outcome = *outcome;
    event->begin = begin;
    if (position != begin) {
        event->is_end = true;
        event->concern = worlds.events[begin].concern;
        if (op->code == OP_ALLOW_USERSPACE_READABLE_WITH) {
            unsigned *holder = &worlds.holder[worlds.events[begin].args[1]];
            event->no_values = !is_mine(*holder);
            if (succeeded(outcome))
                *holder = (unsigned)worlds.events[begin].args[0];
        }
    } else if (succeeded(outcome)) {
        note_slice(op->code, event->args);
        if (concerns[op->code] == concern_over)
            worlds.moved[kind_read(op_table[op->code].operands[0]) == 'w'] = false;
        if (event->concern == MIXED || op->code == OP_CREATE)
            save_what_arrived(t, position, op, event);
        if (op->code == OP_ALLOW_USERSPACE_READABLE)
            worlds.holder[event->args[1]] = (unsigned)event->args[0];
    }
    event->memory = digest_memory(t);
    worlds.at = position + 1;
    if (worlds.parted && worlds.parted_at == position && !worlds.parted_in_body)
        memcpy(worlds.kept, t->oracle.arena, ARENA_LEN);
}

/* Userspace wrote a byte during the call. */
static void note_act(struct oracle *oracle, uint32_t target)
{
    struct testbed *t = testbed_of(oracle);
    if (view_holds(t, worlds.observer, target))
        save(t, worlds.at, INSTEAD, (struct span){ target, target + 1 });
}

/* ---- The second world ---- */

static bool runs_in_second(unsigned position)
{
    const struct event *event = &worlds.events[position];
    if (!event->ran || (!event->body && event->outcome.kind == OUTCOME_SKIPPED))
        return false;
    if (worlds.kind == SECRETS)
        return true;
    return event->concern == MINE || event->concern == GRANT ||
           (event->concern == SHARED && succeeded(&event->outcome));
}

/* What others write is a secret, and other than in the first world. */
static void change_values(const struct op *op, uint64_t args[TRACE_MAX_OPERANDS])
{
    const char *kinds = op_table[op->code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++)
        if (kinds[k] == 'b')
            args[k] ^= 0x5a;
}

/* It runs on secrets: which bytes it fetches may depend on them, and so what userspace does when it
 * has. What userspace did in the first world is done after it. */
static bool acts_apart(const struct event *event)
{
    return worlds.kind == SECRETS && (event->concern == OTHERS || event->concern == GRANT);
}

static void forget_acts(struct testbed *t)
{
    unsigned kept = 0;
    for (unsigned a = 0; a < t->model.acts_now.count; a++)
        if (t->model.acts_now.acts[a].of_life)
            t->model.acts_now.acts[kept++] = t->model.acts_now.acts[a];
    t->model.acts_now.count = kept;
}

static bool recall(struct testbed *t, unsigned position, const struct op *op, struct call *call)
{
    const struct event *event = &worlds.events[position];
    if (!runs_in_second(position))
        return false;
    memcpy(call->args, event->args, sizeof call->args);
    call->op = op;
    model_note_slice(&t->model, call);
    if (worlds.kind == SECRETS)
        restore(t, position, BEFORE);
    if (acts_apart(event)) {
        change_values(op, call->args);
        forget_acts(t);
    }
    return true;
}

static void change_span(struct testbed *t, struct span span)
{
    for (uint32_t at = span.start; at < span.end; at++)
        t->model.bytes[at] = t->oracle.arena[at] = (uint8_t)~t->oracle.arena[at];
}

/* All of a span, but what the observer may access: that is changed twice. */
static void change_bytes(struct testbed *t, struct span span)
{
    struct span parts[2];
    view_parts(t, worlds.observer, parts);
    change_span(t, span);
    for (unsigned part = 0; part < 2; part++)
        if (parts[part].start >= span.start && parts[part].end <= span.end)
            change_span(t, parts[part]);
    world_note_written(span);
}

/* ---- The comparison ---- */

/* The first time only the place is kept: both worlds then run again up to it, so that the report can
 * say what each holds. */
static bool parts_here(unsigned position, bool in_body)
{
    if (worlds.over)
        return false;
    if (worlds.parted)
        return worlds.parted_at == position && worlds.parted_in_body == in_body;
    worlds.parted = worlds.over = true;
    worlds.parted_at = position;
    worlds.parted_in_body = in_body;
    return false;
}

static const char *kind_word(void)
{
    return worlds.kind == SECRETS ? "secrecy" : "integrity";
}

static const char *other_world(void)
{
    return worlds.kind == SECRETS ? "what others hold is different (I10)"
                                  : "other processes do nothing (I11)";
}

static void say_rule(struct testbed *t)
{
    t->oracle.bug.rule = worlds.kind == SECRETS ? "I10" : "I11";
}

static void compare_memory(struct testbed *t, unsigned position, bool in_body, uint64_t first)
{
    struct span parts[2];
    if (digest_memory(t) == first || !parts_here(position, in_body))
        return;
    say_rule(t);
    view_parts(t, worlds.observer, parts);
    for (unsigned part = 0; part < 2; part++)
        for (uint32_t at = parts[part].start; at < parts[part].end; at++) {
            if (worlds.kept[at] == t->oracle.arena[at])
                continue;
            t->oracle.bug.arena_byte = (long)at;
            bug_found(kind_word(), "observer-sees-other-bytes",
                      "expected: arena byte %u of p%u holds 0x%02x, even where %s\n"
                      "actual: there it holds 0x%02x",
                      at, worlds.observer, worlds.kept[at], other_world(), t->oracle.arena[at]);
        }
    bug_found(kind_word(), "observer-has-other-memory",
              "expected: p%u may access the same bytes, even where %s\nactual: it may not",
              worlds.observer, other_world());
}

static bool outcomes_equal(const struct outcome *a, const struct outcome *b, bool with_values)
{
    if (a->kind != b->kind || a->status != b->status || a->value_count != b->value_count)
        return false;
    for (unsigned v = 0; with_values && v < a->value_count; v++)
        if (a->values[v].value != b->values[v].value)
            return false;
    return true;
}

static bool is_compared(const struct event *event)
{
    return event->concern == MINE || event->concern == (worlds.kind == SECRETS ? MIXED : GRANT);
}

static void compare_answer(struct testbed *t, unsigned position, const struct event *event,
                           const struct outcome *outcome)
{
    if (!is_compared(event) || outcomes_equal(&event->outcome, outcome, !event->no_values) ||
        !parts_here(position, false))
        return;
    say_rule(t);
    fputs("expected: ", stderr);
    outcome_print(t, &event->outcome, stderr);
    fprintf(stderr, ", even where %s\nactual: there ", other_world());
    outcome_print(t, outcome, stderr);
    fputc('\n', stderr);
    snprintf(t->oracle.bug.detail, sizeof t->oracle.bug.detail, "%s/%s",
             outcome_name(event->outcome.kind, event->outcome.status),
             outcome_name(outcome->kind, outcome->status));
    bug_found(kind_word(), "observer-gets-another-answer",
              "what concerns p%u depends on what must not matter to it", worlds.observer);
}

static void compare_end(struct testbed *t, unsigned position, const struct outcome *outcome)
{
    const struct event *event = &worlds.events[position];
    if (worlds.over || position >= worlds.over_at || !event->ended)
        return;
    const uint8_t code = worlds.trace->ops[position].code;
    /* The testbed's own answer: it skips swaps only where the library has shown the counter, perhaps
     * in a call that does not run in this world. */
    if (code == OP_SKIP_SWAPS) {
        worlds.over = true;
        return;
    }
    const bool runs = runs_in_second(event->is_end ? event->begin : position);
    if (!runs || acts_apart(event))
        restore(t, position, INSTEAD);
    if (runs) {
        restore(t, position, AFTER);
        compare_answer(t, position, event, outcome);
    }
    compare_memory(t, position, false, event->memory);
    /* What is left of a resource that is shared may now differ. */
    if (!event->is_end && (code == OP_SKIP_IDS || (code == OP_SPEND_IDS && worlds.kind == ALONE)))
        worlds.over = true;
}

/* ---- For the machine ---- */

bool worlds_resolve(struct testbed *t, unsigned position, const struct op *op, struct call *call)
{
    if (worlds.phase == SECOND)
        return recall(t, position, op, call);
    if (!model_resolve(&t->model, op, call))
        return false;
    note_first(t, position, call);
    return true;
}

bool worlds_body_goes_on(struct testbed *t, unsigned position)
{
    const struct event *event = &worlds.events[position];
    if (worlds.phase != SECOND || !event->body)
        return false;
    restore(t, position, INSTEAD);
    if (!worlds.over && position < worlds.over_at)
        compare_memory(t, position, true, event->body_memory);
    return true;
}

bool worlds_end_is_bare(unsigned position)
{
    const struct event *event = &worlds.events[position];
    return worlds.phase == SECOND && event->is_end && !runs_in_second(event->begin);
}

void worlds_laid_out(struct testbed *t)
{
    struct span parts[WORLD_PARTS];
    if (worlds.phase != SECOND || worlds.kind != SECRETS)
        return;
    const unsigned count = world_touched(t, parts);
    for (unsigned part = 0; part < count; part++)
        if (arena_is_of_process(parts[part].start))
            change_bytes(t, parts[part]);
    change_bytes(t, (struct span){ arena_scratch(t->model.is_large),
                                   arena_scratch(t->model.is_large) +
                                       arena_scratch_len(t->model.is_large) });
}

static void body_begins(const struct walk *walk, const struct call *call)
{
    const unsigned position = walk->position;
    const size_t len = op_table[call->op->code].how == HOW_ENTER
                           ? world_slice_len(walk->t, entered_slice(call))
                           : 0; /* a driver that acts is lent nothing */
    struct event *event = &worlds.events[position];
    if (worlds.phase == FIRST) {
        const bool is_driver = call->op->code == OP_DRIVER_ENTER;
        worlds.at = position;
        const int made = op_slice_made(call->op->code);
        if (made >= 0) {
            const uint64_t slice = call->args[made];
            worlds.slices[slice].mine = event->concern == MINE && !is_driver;
            worlds.slices[slice].grant = event->concern == MINE && is_driver;
        }
        event->body = true;
        event->body_len = len;
        event->body_memory = digest_memory(walk->t);
        if (worlds.parted && worlds.parted_at == position && worlds.parted_in_body)
            memcpy(worlds.kept, walk->t->oracle.arena, ARENA_LEN);
        return;
    }
    if (worlds.over || position >= worlds.over_at)
        return;
    if (acts_apart(event))
        restore(walk->t, position, INSTEAD);
    if (event->concern == MINE && (!event->body || event->body_len != len) &&
        parts_here(position, true)) {
        say_rule(walk->t);
        bug_found(kind_word(), "observer-lends-another-slice",
                  "expected: a slice of %" PRIu64 " bytes, even where %s\nactual: %zu bytes",
                  event->body_len, other_world(), len);
    }
    compare_memory(walk->t, position, true, event->body_memory);
}

static void op_ended(const struct walk *walk, const struct op *op, unsigned begin,
                     const struct outcome *outcome)
{
    const unsigned position = walk->position;
    (void)op;
    if (worlds.phase == FIRST)
        note_first_end(walk->t, position, begin, outcome);
    else
        compare_end(walk->t, position, outcome);
}

const struct observer worlds_observer = { .body_begins = body_begins, .ended = op_ended };

/* ---- Running ---- */

static void begin_first(struct testbed *t, const struct trace *trace, unsigned observer)
{
    worlds.phase = FIRST;
    t->worlds_compared = true;
    worlds.observer = observer;
    worlds.trace = trace;
    worlds.over = false;
    worlds.over_at = UINT32_MAX;
    worlds.saved_count = worlds.byte_count = 0;
    worlds.moved[0] = worlds.moved[1] = false;
    memset(worlds.events, 0, (trace->op_count + 1) * sizeof worlds.events[0]);
    memset(worlds.slices, 0, sizeof worlds.slices);
    for (unsigned v = 0; v < TRACE_DRIVER_COUNT; v++)
        worlds.holder[v] = TRACE_MAX_PROCESSES;
    t->oracle.act_listener = note_act;
}

static void run_first(struct testbed *t, const struct trace *trace, unsigned observer)
{
    begin_first(t, trace, observer);
    machine_run(t, trace, NULL);
    t->oracle.act_listener = NULL;
    t->worlds_compared = false;
}

static void run_second(struct testbed *t, const struct trace *trace, enum kind kind)
{
    worlds.phase = SECOND;
    t->worlds_compared = true;
    worlds.kind = kind;
    worlds.next_saved = 0;
    worlds.over = false;
    world_use(t, kind == SECRETS);
    machine_run(t, trace, NULL);
    world_use(t, false);
    t->worlds_compared = false;
}

/* Requires: the first world is recorded. */
static void compare_second(struct testbed *t, const struct trace *trace, enum kind kind)
{
    worlds.parted = false;
    run_second(t, trace, kind);
    if (worlds.parted) {
        run_first(t, trace, worlds.observer);
        run_second(t, trace, kind);
        bug_found("testbed", "worlds-part-once", "the two worlds differed, and then they did not");
    }
    worlds.parted = false;
}

/* What runs again is not counted again. */
static void count_again(struct testbed *t, bool again)
{
    static uint64_t checked_ops, accesses;
    t->uncounted = !again;
    if (again) {
        t->checked_ops = checked_ops;
        t->oracle.access_count = accesses;
    } else {
        checked_ops = t->checked_ops;
        accesses = t->oracle.access_count;
    }
}

/* What is in a trace, in a number: of some of its operations. */
static uint64_t number_of(const struct trace *trace)
{
    uint64_t digest = (uint64_t)trace->process_count << 32 | trace->op_count;
    const unsigned step = trace->op_count / 16 + 1;
    for (unsigned o = 0; o < trace->op_count; o += step)
        digest = mix(digest, (uint64_t)trace->ops[o].code << 32 ^
                                 (uint32_t)trace->ops[o].operands[0].number ^
                                 (uint64_t)(uint32_t)trace->ops[o].operands[1].number << 8);
    return digest >> 16;
}

static enum kind first_kind(uint64_t choice)
{
    return choice / TRACE_MAX_PROCESSES % 2 == 0 ? SECRETS : ALONE;
}

void worlds_run_some(struct testbed *t, const struct trace *trace)
{
    const uint64_t number = number_of(trace);
    if (number % WORLDS_EVERY != 0) {
        machine_run(t, trace, NULL);
        return;
    }
    const uint64_t choice = number / WORLDS_EVERY;
    run_first(t, trace, (unsigned)(choice % trace_slot_count(trace)));
    if (t->oracle.bug.unheard)
        return;
    count_again(t, false);
    compare_second(t, trace, first_kind(choice));
    count_again(t, true);
}

void worlds_run_all(struct testbed *t, const struct trace *trace)
{
    const uint64_t choice = number_of(trace) / WORLDS_EVERY;
    const enum kind first = first_kind(choice);
    const unsigned count = trace_slot_count(trace);
    count_again(t, false);
    for (unsigned n = 0; n < count && !t->oracle.bug.unheard; n++) {
        run_first(t, trace, (unsigned)((choice + n) % count));
        compare_second(t, trace, first);
        compare_second(t, trace, first == SECRETS ? ALONE : SECRETS);
    }
    count_again(t, true);
}
