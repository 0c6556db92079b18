#include "statistics.h"

#include "results.h"

#include <inttypes.h>
#include <string.h>

/* ---- The ways in which two ranges can lie: Allen's thirteen ---- */

static const char *const relations[] = {
    "before",      "meets",    "overlaps",   "starts",        "during", "finishes", "equal",
    "finished_by", "contains", "started_by", "overlapped_by", "met_by", "after",
};
enum { RELATION_COUNT = sizeof relations / sizeof relations[0] };

static int order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* How [a, a_end) lies to [b, b_end), neither empty. Returns: an index of relations. */
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

static bool any_enter_ended;
static unsigned depth_seen;
static int last_code; /* -1: none */
static uint64_t outcomes[256][OUTCOME_COUNT][STATUS_COUNT];
static uint64_t pairs[256][256];
static uint64_t overlaps[RELATION_COUNT][2][2][2][PHASE_COUNT];

static void begin_trace(void)
{
    any_enter_ended = false;
    depth_seen = 0;
    last_code = -1;
}

static void count_op(const struct walk *walk, const struct op *op, unsigned begin,
                     const struct outcome *outcome)
{
    (void)walk, (void)begin;
    any_enter_ended |= model.depth < depth_seen;
    depth_seen = model.depth;
    outcomes[op->code][outcome->kind][outcome->status]++;
    if (outcome->kind == OUTCOME_SKIPPED)
        return;
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
    const struct model_buffer *entered = &model.buffers[number];
    if (entered->len == 0)
        return;
    /* The enter that begins is already open in the model. */
    const enum phase phase = model.depth > 1 ? INSIDE : any_enter_ended ? AFTER : BEFORE;
    for (unsigned b = 0; b < 2 * TRACE_BUFFER_COUNT; b++) {
        const struct model_buffer *other = &model.buffers[b];
        if (b == number || other->len == 0 || !model_buffer_is_live(other))
            continue;
        const bool same = other->foreign == entered->foreign && other->slot == entered->slot;
        overlaps[relation(entered->addr, entered->addr + entered->len, other->addr,
                          other->addr + other->len)][number >= TRACE_BUFFER_COUNT]
                [b >= TRACE_BUFFER_COUNT][!same][phase]++;
    }
}

const struct observer statistics_observer = {
    .trace_begins = begin_trace,
    .body_begins = count_enter,
    .ended = count_op,
};

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

void statistics_print(FILE *out)
{
    static const struct {
        const char *name;
        void (*print)(FILE *out);
    } parts[] = { { "operations", print_outcomes },
                  { "pairs", print_pairs },
                  { "overlaps", print_overlaps } };
    for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++) {
        fprintf(out, "%s\n  \"%s\": {", part == 0 ? "{" : ",", parts[part].name);
        first_line = true;
        parts[part].print(out);
        fputs("\n  }", out);
    }
    fputs("\n}\n", out);
}
