#include "statistics.h"

#include "results.h"
#include "testbed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- The ways in which two ranges can overlap: Allen's thirteen relations ---- */

static const char *const relations[] = {
    "before",      "meets",    "overlaps",   "starts",        "during", "finishes", "equal",
    "finished_by", "contains", "started_by", "overlapped_by", "met_by", "after",
};
enum { RELATION_COUNT = sizeof relations / sizeof relations[0] };

static int order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* How [a, a_end) relates to [b, b_end), neither empty. Returns: an index of relations. */
static unsigned relation(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
    static const unsigned char inside[3][3] = {
                                                /* by order of starts, then of ends */
        { 2, 7, 8 }, /* starts first: overlaps, finished_by, contains */
        { 3, 6, 9 }, /* starts together: starts, equal, started_by */
        { 4, 5, 10 }, /* starts later: during, finishes, overlapped_by */
    };
    if (a_end <= b)
        return a_end < b ? 0 : 1;
    if (b_end <= a)
        return b_end < a ? 12 : 11;
    return inside[order(a, b) + 1][order(a_end, b_end) + 1];
}

/* ---- Counting ---- */

enum phase { BEFORE, INSIDE, AFTER, PHASE_COUNT };
static const char *const phases[] = { "before_any_enter", "inside_an_enter", "after_an_enter" };

/* Outcomes by kind and status; errors of E1 go up to 69. */
enum { OUTCOME_COUNT = OUTCOME_PANIC + 1, STATUS_COUNT = 70 };

/* ---- States of the process that an operation is about ---- */

enum { NO_STATE, STATE_COUNT = 11 };
static const char *const states[STATE_COUNT] = {
    "",
    "running",
    "yielded",
    "yielded_for",
    "faulted",
    "terminated",
    "stopped_running",
    "stopped_yielded",
    "stopped_yielded_for",
    "empty",
    "another_life",
};
enum { EMPTY = STATE_COUNT - 2, ANOTHER_LIFE };

static unsigned state_of(const struct testbed *t, unsigned slot)
{
    const struct model_process *process = &t->model.processes[slot];
    if (!process->used)
        return EMPTY;
    switch (process->state) {
    case MODEL_RUNNING: return 1;
    case MODEL_YIELDED: return 2;
    case MODEL_YIELDED_FOR: return 3;
    case MODEL_FAULTED: return 4;
    case MODEL_TERMINATED: return 5;
    default: return 6 + process->stopped_from - MODEL_RUNNING;
    }
}

static unsigned state_of_life(const struct testbed *t, unsigned slot, uint64_t identifier)
{
    const struct model_process *process = &t->model.processes[slot];
    return process->used && process->identifier != identifier ? ANOTHER_LIFE : state_of(t, slot);
}

/* How many enters on a process are open: any number, one at least, two at least. */
enum { ENTERS_COUNT = 3 };
static const char *const enters[ENTERS_COUNT] = { "", "_entered", "_entered_twice" };

static unsigned enters_of(const struct testbed *t, unsigned slot)
{
    unsigned count = 0;
    for (unsigned d = 0; d < t->model.depth; d++)
        count += !t->model.open[d].foreign && t->model.open[d].slot == slot;
    return count < ENTERS_COUNT ? count : ENTERS_COUNT - 1;
}

/* Of the first operand that is of a process of ours. Out: *slot_out, if there is one. */
static unsigned state_concerned(const struct testbed *t, const struct call *call,
                                unsigned *slot_out)
{
    const char *kinds = op_table[call->op->code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        const struct model_buffer *buffer;
        const struct model_id *id;
        switch (kinds[k]) {
        case 'p': *slot_out = (unsigned)call->args[k]; return state_of(t, *slot_out);
        case 'd':
            id = &t->model.ids[call->args[k]];
            *slot_out = id->slot;
            if (id->taken && !id->foreign)
                return state_of_life(t, id->slot, id->identifier);
            break;
        case 'o':
        case 'w':
        case 'h':
            buffer = &t->model.buffers[model_buffer_named(call, k)];
            *slot_out = buffer->slot;
            if (buffer->filled && !buffer->foreign)
                return state_of_life(t, buffer->slot, buffer->identifier);
            break;
        default: break;
        }
    }
    return NO_STATE;
}

/* ---- Classes of numbers ---- */

static const unsigned powers[] = { 7, 8, 15, 16, 31, 32, 63 };
enum { POWER_COUNT = sizeof powers / sizeof powers[0], CLASS_COUNT = 3 + 3 * POWER_COUNT };

/* Returns: an index of what print_numbers() names; CLASS_COUNT for a number that is none of these. */
static unsigned class_of(uint64_t number, uint64_t largest)
{
    if (number <= 1)
        return (unsigned)number;
    if (number == largest)
        return 2;
    for (unsigned p = 0; p < POWER_COUNT; p++) {
        const uint64_t power = (uint64_t)1 << powers[p];
        if (number - (power - 1) <= 2)
            return 3 + 3 * p + (unsigned)(number - (power - 1));
    }
    return CLASS_COUNT;
}

static bool any_enter_ended;
static unsigned depth_seen;
static int last_code; /* -1: none */
static uint64_t outcomes[256][OUTCOME_COUNT][STATUS_COUNT];
static uint64_t pairs[256][256];
/* Of an operation that has begun, by its position. */
static struct {
    unsigned state;
    unsigned enters;
    uint8_t classes[TRACE_MAX_OPERANDS];
} begun[TRACE_MAX_OPS];
/* 256; null if nothing is counted: as a static array, each replay's search for leaks would read these 33 MB. */
static uint64_t (*in_states)[STATE_COUNT][ENTERS_COUNT][OUTCOME_COUNT][STATUS_COUNT];
static uint64_t numbers[256][TRACE_MAX_OPERANDS][CLASS_COUNT + 1];
/* Calls by the rule that decided their answer. */
enum { MOST_RULES = 128 };
static struct {
    const char *name;
    uint64_t count;
} rules[MOST_RULES];
static uint64_t overlaps[RELATION_COUNT][2][2][2][PHASE_COUNT];

static void begin_trace(void)
{
    any_enter_ended = false;
    depth_seen = 0;
    last_code = -1;
}

static void note_begin(const struct walk *walk, const struct call *call)
{
    const char *kinds = op_table[call->op->code].operands;
    unsigned slot = 0;
    const unsigned state = state_concerned(walk->t, call, &slot);
    begun[walk->position].state = state;
    begun[walk->position].enters = state == NO_STATE ? 0 : enters_of(walk->t, slot);
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        const char kind = kinds[k];
        uint8_t *class = &begun[walk->position].classes[k];
        *class = CLASS_COUNT;
        if (kind == 'n' || kind == 'i' || kind == 'z')
            *class = (uint8_t)class_of(call->args[k], UINTPTR_MAX);
        else if (kind == 'N' || (kind == 'c' && call->args[k] != 0))
            *class = (uint8_t)class_of(call->args[k] - (kind == 'c'), UINT32_MAX);
    }
}

static void count_rule(const char *name)
{
    unsigned r = 0;
    while (r < MOST_RULES - 1 && rules[r].name != NULL && strcmp(rules[r].name, name) != 0)
        r++;
    rules[r].name = name;
    rules[r].count++;
}

static void count_op(const struct walk *walk, const struct op *op, unsigned begin,
                     const struct outcome *outcome)
{
    const uint8_t code = op->code == OP_END ? walk->trace->ops[begin].code : op->code;
    any_enter_ended |= walk->t->model.depth < depth_seen;
    depth_seen = walk->t->model.depth;
    outcomes[op->code][outcome->kind][outcome->status]++;
    if (outcome->kind == OUTCOME_SKIPPED)
        return;
    if (op_table[code].how != HOW_USER)
        count_rule(walk->t->oracle.bug.rule);
    for (unsigned open = 0; begun[begin].state != NO_STATE && open <= begun[begin].enters; open++)
        in_states[code][begun[begin].state][open][outcome->kind][outcome->status]++;
    for (unsigned k = 0; op_table[code].operands[k] != '\0'; k++)
        numbers[code][k][begun[begin].classes[k]]++;
    if (last_code >= 0)
        pairs[last_code][op->code]++;
    last_code = op->code;
}

static void count_enter(const struct walk *walk, const struct call *call)
{
    (void)walk;
    if (call->op->code != OP_ENTER && call->op->code != OP_MUT_ENTER)
        return;
    const unsigned number = model_buffer_named(call, 0);
    const struct model_buffer *entered = &walk->t->model.buffers[number];
    if (entered->len == 0)
        return;
    /* The enter that begins is already open in the model. */
    const enum phase phase = walk->t->model.depth > 1 ? INSIDE : any_enter_ended ? AFTER : BEFORE;
    for (unsigned b = 0; b < 2 * TRACE_BUFFER_COUNT; b++) {
        const struct model_buffer *other = &walk->t->model.buffers[b];
        if (b == number || other->len == 0 || !model_buffer_is_live(&walk->t->model, other))
            continue;
        const bool same = other->foreign == entered->foreign && other->slot == entered->slot;
        overlaps[relation(entered->addr, entered->addr + entered->len, other->addr,
                          other->addr + other->len)][number >= TRACE_BUFFER_COUNT]
                [b >= TRACE_BUFFER_COUNT][!same][phase]++;
    }
}

bool statistics_begin(struct testbed *t)
{
    static const struct observer observer = {
        .trace_begins = begin_trace,
        .begins = note_begin,
        .body_begins = count_enter,
        .ended = count_op,
    };
    in_states = calloc(256, sizeof *in_states);
    if (in_states == NULL)
        return false;
    machine_count(t, &observer);
    return true;
}

/* ---- Printing ---- */

static bool first_line;

static void print_count(FILE *out, const char *name, uint64_t count)
{
    fprintf(out, "%s\n    \"%s\": %" PRIu64, first_line ? "" : ",", name, count);
    first_line = false;
}

static const char *op_name(unsigned code)
{
    return code == OP_END ? "leave" : op_table[code].text;
}

static void print_outcomes(FILE *out)
{
    char name[128];
    for (unsigned code = 0; code < 256; code++)
        for (unsigned kind = 0; kind < OUTCOME_COUNT; kind++)
            for (unsigned status = 0; status < STATUS_COUNT; status++)
                if (outcomes[code][kind][status] != 0) {
                    snprintf(name, sizeof name, "%s %s", op_name(code),
                             outcome_name((enum outcome_kind)kind, (int)status));
                    print_count(out, name, outcomes[code][kind][status]);
                }
}

static void print_pairs(FILE *out)
{
    char name[128];
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            if (pairs[a][b] != 0) {
                snprintf(name, sizeof name, "%s %s", op_name(a), op_name(b));
                print_count(out, name, pairs[a][b]);
            }
}

static void print_overlaps(FILE *out)
{
    static const char *const kinds[] = { "readonly", "readwrite" };
    static const char *const processes[] = { "same_process", "other_process" };
    char name[128];
    for (unsigned r = 0; r < RELATION_COUNT; r++)
        for (unsigned i = 0; i < 8 * PHASE_COUNT; i++) {
            const unsigned a = i & 1, b = i >> 1 & 1, other = i >> 2 & 1, phase = i >> 3;
            snprintf(name, sizeof name, "%s %s %s %s %s", relations[r], kinds[a], kinds[b],
                     processes[other], phases[phase]);
            print_count(out, name, overlaps[r][a][b][other][phase]);
        }
}

static void print_states(FILE *out)
{
    char name[128];
    for (unsigned code = 0; code < 256; code++)
        for (unsigned i = ENTERS_COUNT; i < STATE_COUNT * ENTERS_COUNT; i++)
            for (unsigned kind = 0; kind < OUTCOME_COUNT; kind++)
                for (unsigned status = 0; status < STATUS_COUNT; status++) {
                    const unsigned state = i / ENTERS_COUNT, open = i % ENTERS_COUNT;
                    if (in_states[code][state][open][kind][status] == 0)
                        continue;
                    snprintf(name, sizeof name, "%s %s%s %s", op_name(code), states[state],
                             enters[open], outcome_name((enum outcome_kind)kind, (int)status));
                    print_count(out, name, in_states[code][state][open][kind][status]);
                }
}

static void print_numbers(FILE *out)
{
    static const char *const small[] = { "0", "1", "largest" };
    static const char *const sides[] = { "-1", "", "+1" };
    char name[128];
    for (unsigned code = 0; code < 256; code++)
        for (unsigned k = 0; k < TRACE_MAX_OPERANDS; k++)
            for (unsigned c = 0; c < CLASS_COUNT; c++) {
                if (numbers[code][k][c] == 0)
                    continue;
                if (c < 3)
                    snprintf(name, sizeof name, "%s %u %s", op_name(code), k + 1, small[c]);
                else
                    snprintf(name, sizeof name, "%s %u 2^%u%s", op_name(code), k + 1,
                             powers[(c - 3) / 3], sides[(c - 3) % 3]);
                print_count(out, name, numbers[code][k][c]);
            }
}

static void print_rules(FILE *out)
{
    for (unsigned r = 0; r < MOST_RULES && rules[r].name != NULL; r++)
        print_count(out, rules[r].name, rules[r].count);
}

void statistics_print(FILE *out)
{
    static const struct {
        const char *name;
        void (*print)(FILE *out);
    } parts[] = { { "operations", print_outcomes }, { "pairs", print_pairs },
                  { "overlaps", print_overlaps },   { "states", print_states },
                  { "numbers", print_numbers },     { "rules", print_rules } };
    for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++) {
        fprintf(out, "%s\n  \"%s\": {", part == 0 ? "{" : ",", parts[part].name);
        first_line = true;
        parts[part].print(out);
        fputs("\n  }", out);
    }
    fputs("\n}\n", out);
}
