#include "mutator.h"

#include "bytes.h"
#include "chance.h"
#include "context.h"
#include "draw.h"

#include <string.h>

static void delete(struct trace *trace, unsigned at)
{
    trace->op_count--;
    ops_copy(&trace->ops[at], &trace->ops[at + 1], trace->op_count - at);
}

/* One more or less, among those that the forms of a trace have. */
static void nudge(char kind, struct operand *operand)
{
    int32_t low = -ANCHOR_MAX_OFFSET, high = ANCHOR_MAX_OFFSET;
    if (operand->anchor == ANCHOR_NUMBER) {
        low = kind == 'z' ? INT16_MIN : 0;
        high = kind == 'z' ? INT16_MAX : 0xffffff;
    } else if (operand->anchor == ANCHOR_PART) {
        low = 0;
        high = UINT16_MAX;
    } else if (operand->anchor == ANCHOR_MAX) {
        high = 0; /* nothing is larger than the largest */
    }
    operand->number += chance_one_in(2) ? 1 : -1;
    if (operand->number < low)
        operand->number = low;
    if (operand->number > high)
        operand->number = high;
}

static void change_operand(struct trace *trace)
{
    const unsigned at = chance_below(trace->op_count);
    struct op *op = &trace->ops[at];
    if (op->code == OP_END)
        return;
    if (op->code == OP_RESTART_MANY) {
        draw_lives(op);
        (void)context_insert_kept(trace, at, op);
        return;
    }
    const char *kinds = op_table[op->code].operands;
    if (kinds[0] == '\0')
        return;
    const unsigned k = chance_below((uint32_t)strlen(kinds));
    struct operand *operand = &op->operands[k];
    if (!kind_is_value(kinds[k]) || chance_one_in(2)) {
        draw_operand(trace, op, kinds[k], operand);
        return;
    }
    nudge(kinds[k], operand);
}

/* Do a part of the program again, often in a new life of its process: what was kept from the old one
 * meets what looks the same in the new one. */
static void repeat(struct trace *trace)
{
    struct op part[8];
    const unsigned first = chance_below(trace->op_count);
    const unsigned left = trace->op_count - first;
    const unsigned count = 1 + chance_below(left < 8 ? left : 8);
    unsigned at = first + count;
    struct operand process;
    ops_copy(part, &trace->ops[first], count);
    if (chance_one_in(2) && context_process_of(&part[chance_below(count)], &process))
        at = context_insert_restart(trace, at, &process);
    for (unsigned o = 0; o < count; o++)
        at += context_insert(trace, at, &part[o]);
}

/* Of so many bytes, often none or all: there, two boundaries of a process are one. */
static uint32_t part_of(uint32_t len)
{
    if (chance_one_in(4))
        return chance_one_in(2) ? len : 0;
    return chance_below(len + 1);
}

/* Processes like this one: another, or as many as there may be. */
static void add_processes(struct trace *trace, const struct layout *layout)
{
    unsigned count = chance_one_in(8) ? TRACE_MAX_PROCESSES : trace->process_count + 1;
    for (; trace->process_count < count; trace->process_count++)
        trace->processes[trace->process_count] = *layout;
}

static void change_field(struct trace *trace, struct layout *layout)
{
    switch (chance_below(8)) {
    case 0: layout->flash_above = !layout->flash_above; break;
    case 1: layout->restarts = !layout->restarts; break;
    case 2: layout->gap = (uint8_t)chance_below(10); break;
    case 3: layout->apart = (uint8_t)chance_below(10); break;
    case 4: layout->app = part_of(layout->ram); break;
    case 5: layout->kernel = part_of(layout->ram - layout->app); break;
    case 6: layout->protected_len = part_of(layout->flash); break;
    default:
        if (chance_one_in(2) && trace->process_count < TRACE_MAX_PROCESSES) {
            add_processes(trace, layout);
        } else {
            layout->ram = layout->large ? TRACE_LARGE_UNIT * (128 + chance_below(256))
                                        : 1 + chance_below(600);
        }
        break;
    }
}

static void change_layout(struct trace *trace)
{
    struct layout *layout = &trace->processes[chance_below(trace->process_count)];
    for (unsigned count = 1 + chance_below(3); count > 0; count--) {
        change_field(trace, layout);
        layout_clip(layout);
    }
    trace_leave_out(trace);
}

/* Ends without a block go, blocks without an end get one: as the decoder reads what is encoded. */
static void balance(struct trace *trace)
{
    unsigned depth = 0, count = 0;
    for (unsigned o = 0; o < trace->op_count && count + depth + 2 <= TRACE_MAX_OPS; o++) {
        const uint8_t code = trace->ops[o].code;
        if (code == OP_END && depth == 0)
            continue;
        if (code == OP_END)
            depth--;
        else
            depth += op_opens_block(code);
        if (count != o)
            trace->ops[count] = trace->ops[o];
        count++;
    }
    for (; depth > 0; depth--)
        trace->ops[count++] = context_end;
    trace->op_count = count;
}

/* A program that begins 2^16 lives takes a thousand times as long as others, and so would all that come
 * of it: most have few instead. */
static void shorten(struct trace *trace)
{
    for (unsigned o = 0; o < trace->op_count; o++) {
        struct op *op = &trace->ops[o];
        if (op->code == OP_RESTART_MANY && op->operands[1].number >= 8 && !chance_one_in(8))
            op->operands[1].number = draw_few_lives();
    }
}

void mutator_change(struct trace *trace, const struct harness *harness, uint32_t seed)
{
    chance_seed(seed);
    draw_begin(harness);
    shorten(trace);
    if (chance_one_in(24)) /* a new program: nothing disturbs what is made whole there */
        trace->op_count = 0;
    if (harness->large && (!trace_is_large(trace) || chance_one_in(8)))
        trace_lay_out_large(trace);
    else if (chance_one_in(8)) /* other layouts take longer to make, and would but gather */
        trace_lay_out_usually(trace);
    for (unsigned i = 0, count = 1 + chance_below(4); i < count; i++) {
        const uint32_t choice = chance_below(32);
        if (trace->op_count == 0 || choice < 12) {
            context_insert_random(trace);
        } else if (choice < 22) {
            change_operand(trace);
        } else if (choice < 25) {
            delete (trace, chance_below(trace->op_count));
        } else if (choice < 26) {
            repeat(trace);
        } else if (choice < 29) {
            const struct op copy = trace->ops[chance_below(trace->op_count)];
            (void)context_insert(trace, chance_below(trace->op_count + 1), &copy);
        } else if (choice < 31) {
            struct op *a = &trace->ops[chance_below(trace->op_count)];
            struct op *b = &trace->ops[chance_below(trace->op_count)];
            const struct op swap = *a;
            *a = *b;
            *b = swap;
        } else {
            change_layout(trace);
        }
    }
    balance(trace);
}

void mutator_splice(struct trace *trace, const struct trace *other, uint32_t seed)
{
    chance_seed(seed);
    trace->op_count = chance_below(trace->op_count + 1);
    for (unsigned o = chance_below(other->op_count + 1); o < other->op_count; o++)
        if (!context_insert(trace, trace->op_count, &other->ops[o]))
            break;
    shorten(trace);
    balance(trace);
}

/* ---- Inputs ---- */

/* What was made last, and its bytes. The engine runs it next, and then often changes it again. */
static struct {
    const struct harness *harness; /* null: nothing yet */
    struct trace trace;
    uint8_t bytes[TRACE_MAX_BYTES];
    size_t len;
} made;

const struct trace *mutator_made(const struct harness *harness, const uint8_t *bytes, size_t len)
{
    const bool is_it =
        made.harness == harness && made.len == len && bytes_equal(made.bytes, bytes, len);
    return is_it ? &made.trace : NULL;
}

/* Decode an input into what is made next. */
static void begin(const struct harness *harness, const uint8_t *bytes, size_t len)
{
    if (mutator_made(harness, bytes, len) == NULL)
        trace_decode(&made.trace, bytes, len, harness->weights);
}

static size_t finish(const struct harness *harness, uint8_t *out, size_t max_len)
{
    made.harness = harness;
    made.len = trace_encode(&made.trace, made.bytes);
    if (made.len > max_len)
        return 0;
    memcpy(out, made.bytes, made.len);
    return made.len;
}

size_t mutator_change_input(const struct harness *harness, const uint8_t *bytes, size_t len,
                            uint8_t *out, size_t max_len, uint32_t seed)
{
    begin(harness, bytes, len);
    mutator_change(&made.trace, harness, seed);
    return finish(harness, out, max_len);
}

size_t mutator_splice_inputs(const struct harness *harness, const uint8_t *a, size_t a_len,
                             const uint8_t *b, size_t b_len, uint8_t *out, size_t max_len,
                             uint32_t seed)
{
    static struct trace other;
    begin(harness, a, a_len);
    trace_decode(&other, b, b_len, harness->weights);
    mutator_splice(&made.trace, &other, seed);
    return finish(harness, out, max_len);
}
