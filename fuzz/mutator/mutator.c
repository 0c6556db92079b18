#include "mutator.h"

#include <string.h>

/* ---- Chance ---- */

static uint32_t random_state;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13; /* xorshift32 */
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static uint32_t below(uint32_t count)
{
    return count == 0 ? 0 : next_random() % count;
}

static bool one_in(uint32_t count)
{
    return below(count) == 0;
}

static void seed_random(uint32_t seed)
{
    random_state = seed * 2654435761u + 0x9e3779b9u;
    if (random_state == 0)
        random_state = 1;
}

/* ---- Operands ---- */

/* Small numbers often, edges of powers of two sometimes. */
static int32_t random_number(void)
{
    if (!one_in(3))
        return (int32_t)below(40);
    const uint32_t power = 1u << below(11);
    return (int32_t)(power - 1 + below(3));
}

static int32_t random_offset(void)
{
    static const int32_t edges[] = { 0, 0, 0, 1, -1, 2, -2, 3, 7, 8, -8, 16 };
    if (!one_in(4))
        return edges[below(sizeof edges / sizeof edges[0])];
    return (int32_t)below(600) - 200;
}

static uint8_t random_place(void)
{
    static const uint8_t places[] = {
        ANCHOR_RAM,        ANCHOR_RAM,    ANCHOR_RAM,
        ANCHOR_BREAK,      ANCHOR_BREAK,  ANCHOR_KERNEL_BREAK,
        ANCHOR_RAM_END,    ANCHOR_FLASH,  ANCHOR_FLASH_PROTECTED,
        ANCHOR_FLASH_END,  ANCHOR_MARK,   ANCHOR_BUFFER_START,
        ANCHOR_BUFFER_END, ANCHOR_KERNEL, ANCHOR_TOP,
    };
    return places[below(sizeof places)];
}

static uint8_t random_far(void)
{
    static const uint8_t far[] = { ANCHOR_MAX, ANCHOR_MAX, ANCHOR_HALF,
                                   ANCHOR_W31, ANCHOR_W32, ANCHOR_PART };
    return far[below(sizeof far)];
}

/* The process that an operation is about: places near it are the interesting ones. */
static uint8_t favourite_process(const struct op *op)
{
    const char *kinds = op_table[op->code].operands;
    const char *where = strchr(kinds, 'p');
    return where != NULL ? (uint8_t)op->operands[where - kinds].number : (uint8_t)below(3);
}

static void random_anchored(struct op *op, struct operand *operand, uint8_t anchor)
{
    operand->anchor = anchor;
    operand->number = random_offset();
    operand->index = 0;
    if (anchor == ANCHOR_MAX && operand->number > 0)
        operand->number = -operand->number;
    if (anchor == ANCHOR_PART)
        operand->number = (int32_t)below(65536);
    if (anchor == ANCHOR_BUFFER_START || anchor == ANCHOR_BUFFER_END)
        operand->index = (uint8_t)(below(3) + (one_in(2) ? TRACE_BUFFER_COUNT : 0));
    else if (anchor >= ANCHOR_RAM && anchor <= ANCHOR_MARK)
        operand->index = one_in(6) ? (uint8_t)below(4) : favourite_process(op);
}

static void random_value(struct op *op, char kind, struct operand *operand)
{
    const uint32_t choice = below(16);
    if (choice == 0) {
        random_anchored(op, operand, random_far());
    } else if (kind == 'i' && choice < 8) {
        random_anchored(op, operand, ANCHOR_LEN);
    } else if ((kind == 'a' && choice < 15) || (kind == 'n' && choice < 6) ||
               (kind == 'z' && choice < 8)) {
        random_anchored(op, operand, random_place());
    } else {
        operand->anchor = ANCHOR_NUMBER;
        operand->index = 0;
        operand->number = kind == 'z' ? random_offset() : random_number();
    }
}

/* An operand that the program has already, so that operations are about the same things. Returns:
 * false if the operation that chance picked has none of that kind. */
static bool operand_again(const struct trace *trace, char kind, struct operand *operand)
{
    if (trace->op_count == 0)
        return false;
    const struct op *op = &trace->ops[below(trace->op_count)];
    const char *kinds = op->code == OP_END ? "" : op_table[op->code].operands;
    const char *where = strchr(kinds, kind);
    if (where == NULL)
        return false;
    *operand = op->operands[where - kinds];
    return true;
}

/* Few registers and processes, so that operations meet. */
static void random_operand(const struct trace *trace, struct op *op, char kind,
                           struct operand *operand)
{
    if (one_in(3) && operand_again(trace, kind, operand))
        return;
    operand->anchor = ANCHOR_NUMBER;
    operand->index = 0;
    switch (kind) {
    case 'p':
        operand->number = (int32_t)(one_in(12) ? below(TRACE_MAX_PROCESSES) : below(3));
        break;
    case 'h': operand->number = (int32_t)(below(3) + (one_in(2) ? TRACE_BUFFER_COUNT : 0)); break;
    case 'o':
    case 'w':
    case 's':
    case 'd': operand->number = (int32_t)below(one_in(8) ? 8 : 3); break;
    case 'v': operand->number = (int32_t)below(2); break;
    case 'c': operand->number = (int32_t)below(3); break;
    case 'u': operand->number = (int32_t)below(one_in(24) ? 256 : 6); break;
    case 'b': operand->number = (int32_t)below(256); break;
    default: random_value(op, kind, operand); break;
    }
}

/* Swarm: for a while, some operations are not inserted. Programs without them go where those with
 * a little of everything never come: what ends a life also ends what it would have led to. */
enum { SWARM_CHANGES = 2048 };
static uint8_t swarm_weights[256];
static uint32_t swarm_total;
static uint32_t changes_left;
static const struct harness *swarm_of;

static void choose_swarm(const struct harness *harness)
{
    const bool all = one_in(2);
    swarm_of = harness;
    changes_left = SWARM_CHANGES;
    swarm_total = 0;
    for (unsigned code = 0; code < 256; code++) {
        swarm_weights[code] = all || !one_in(4) ? harness->weights[code] : 0;
        swarm_total += swarm_weights[code];
    }
    if (swarm_total == 0)
        choose_swarm(harness);
}

static uint8_t random_code(void)
{
    uint32_t pick = below(swarm_total);
    for (unsigned code = 0; code < 256; code++) {
        if (pick < swarm_weights[code])
            return (uint8_t)code;
        pick -= swarm_weights[code];
    }
    return OP_END;
}

/* Exponents of restart_many: 2^8 and 2^16 lives take time, and are worth it only now and then. */
static int32_t random_exponent(void)
{
    if (one_in(30))
        return 16;
    return one_in(12) ? 8 : (int32_t)below(4);
}

/* Numbers of one operation are often equal, or one apart: there its boundaries are. */
static void relate_operands(struct op *op)
{
    const char *kinds = op_table[op->code].operands;
    for (unsigned k = kinds[0] != '\0'; kinds[k] != '\0'; k++) {
        const unsigned earlier = below(k);
        if (kinds[k] != kinds[earlier] || !kind_is_value(kinds[k]) || !one_in(4))
            continue;
        op->operands[k] = op->operands[earlier];
        if (op->operands[k].anchor == ANCHOR_NUMBER)
            op->operands[k].number += op->operands[k].number > 0 ? (int32_t)below(3) - 1 : 0;
    }
}

static struct op random_op_of(const struct trace *trace, uint8_t code)
{
    struct op op;
    memset(&op, 0, sizeof op);
    op.code = code;
    const char *kinds = op_table[op.code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++) /* processes first: places lean on them */
        if (kinds[k] == 'p')
            random_operand(trace, &op, kinds[k], &op.operands[k]);
    for (unsigned k = 0; kinds[k] != '\0'; k++)
        if (kinds[k] != 'p')
            random_operand(trace, &op, kinds[k], &op.operands[k]);
    relate_operands(&op);
    if (op.code == OP_WHEN_FETCHED && !one_in(4))
        op.operands[1] = op.operands[0]; /* a byte that changes once it is fetched */
    if (op.code == OP_AT_HOOK)
        op.operands[0].number = 1 + (int32_t)below(3);
    if (op.code == OP_DECLARE_DRIVER &&
        !one_in(4)) /* room for its slots, three times 8 bytes each */
        op.operands[5].number =
            3 * (op.operands[3].number % 4 + op.operands[4].number % 4) + (int32_t)below(3);
    if (op.code == OP_RESTART_MANY) {
        op.operands[1].number = random_exponent();
        if (one_in(2))
            op.operands[2].number = 0;
    }
    return op;
}

static struct op random_op(const struct trace *trace)
{
    return random_op_of(trace, random_code());
}

/* ---- Changes ---- */

static bool insert(struct trace *trace, unsigned at, const struct op *op)
{
    if (trace->op_count >= TRACE_MAX_OPS - 2 * TRACE_MAX_DEPTH)
        return false;
    memmove(&trace->ops[at + 1], &trace->ops[at], (trace->op_count - at) * sizeof *op);
    trace->ops[at] = *op;
    trace->op_count++;
    return true;
}

static void delete(struct trace *trace, unsigned at)
{
    trace->op_count--;
    memmove(&trace->ops[at], &trace->ops[at + 1], (trace->op_count - at) * sizeof trace->ops[0]);
}

/* Which operation fills a register of this kind. Returns: OP_END if none does. */
static uint8_t filler(char kind, int32_t number)
{
    switch (kind) {
    case 'v': return OP_DECLARE_DRIVER;
    case 'd': return OP_TAKE_ID;
    case 'o': return OP_BUILD_READONLY;
    case 'w': return OP_BUILD_READWRITE;
    case 'h': return number < TRACE_BUFFER_COUNT ? OP_BUILD_READONLY : OP_BUILD_READWRITE;
    default: return OP_END;
    }
}

static bool is_filled(const struct trace *trace, unsigned at, uint8_t code, int32_t number)
{
    for (unsigned o = 0; o < at; o++)
        if (trace->ops[o].code == code && trace->ops[o].operands[0].number == number)
            return true;
    return false;
}

/* Fill registers that the operation needs and nothing before it fills: else it would do nothing.
 * Returns: where to put the operation now. */
static unsigned insert_fillers(struct trace *trace, unsigned at, const struct op *op)
{
    const char *kinds = op_table[op->code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        const int32_t number = op->operands[k].number % TRACE_BUFFER_COUNT;
        const uint8_t code = filler(kinds[k], op->operands[k].number);
        if (code == OP_END || code == op->code || swarm_weights[code] == 0 ||
            is_filled(trace, at, code, number) || one_in(3))
            continue;
        struct op fill = random_op_of(trace, code);
        fill.operands[0].number = number;
        if (!insert(trace, at, &fill))
            break;
        at++;
    }
    if (op->code == OP_ENTER_GRANT && swarm_weights[OP_ALLOCATE_GRANT] != 0 && one_in(2)) {
        struct op allocate = random_op_of(trace, OP_ALLOCATE_GRANT);
        memcpy(allocate.operands, op->operands, 2 * sizeof op->operands[0]); /* process, number */
        at += insert(trace, at, &allocate);
    }
    if (op->code == OP_LEAVE_GRANT && swarm_weights[OP_ENTER_GRANT] != 0 && one_in(2)) {
        struct op enter = random_op_of(trace, OP_ENTER_GRANT);
        enter.operands[1] = op->operands[1]; /* number */
        at = insert_fillers(trace, at, &enter);
        at += insert(trace, at, &enter);
    }
    return at;
}

static const struct op end = { .code = OP_END };

/* A slot is read inside the driver's grant, and something was allowed there before. Returns: where to
 * put the reading now; the block around it is closed behind it. */
static unsigned insert_allow_and_enter(struct trace *trace, unsigned at, const struct op *read)
{
    struct op allow = random_op_of(trace, read->code == OP_READ_READONLY ? OP_ALLOW_READONLY
                                                                         : OP_ALLOW_READWRITE);
    struct op enter = random_op_of(trace, OP_DRIVER_ENTER);
    struct op take = random_op_of(trace, OP_TAKE_ID);
    allow.operands[2] = read->operands[1]; /* slot */
    enter.operands[0] = allow.operands[1]; /* driver */
    take.operands[0] = enter.operands[1]; /* id */
    take.operands[1] = allow.operands[0]; /* process */
    at = insert_fillers(trace, at, &allow);
    at += insert(trace, at, &allow);
    at += insert(trace, at, &take);
    if (!insert(trace, at, &enter))
        return at;
    (void)insert(trace, at + 1, &end);
    return at + 1;
}

static void insert_random(struct trace *trace)
{
    unsigned at = below(trace->op_count + 1);
    struct op op = random_op(trace);
    at = insert_fillers(trace, at, &op);
    if ((op.code == OP_READ_READONLY || op.code == OP_READ_READWRITE) && one_in(2))
        at = insert_allow_and_enter(trace, at, &op);
    if (!insert(trace, at, &op) || !op_opens_block(op.code))
        return;
    /* A block around what follows, or around something new that uses its slice. */
    unsigned inner = at + 1;
    if (!one_in(3)) {
        for (unsigned i = 0, count = 1 + below(3); i < count; i++) {
            struct op body = random_op(trace);
            if (!op_opens_block(body.code) && insert(trace, inner, &body))
                inner++;
        }
    } else {
        inner += below(trace->op_count - inner + 1);
    }
    (void)insert(trace, inner, &end);
}

static void change_operand(struct trace *trace)
{
    struct op *op = &trace->ops[below(trace->op_count)];
    if (op->code == OP_END)
        return;
    if (op->code == OP_RESTART_MANY) {
        op->operands[1].number = random_exponent();
        return;
    }
    const char *kinds = op_table[op->code].operands;
    if (kinds[0] == '\0')
        return;
    const unsigned k = below((uint32_t)strlen(kinds));
    struct operand *operand = &op->operands[k];
    if (!kind_is_value(kinds[k]) || one_in(2)) {
        random_operand(trace, op, kinds[k], operand);
        return;
    }
    operand->number += one_in(2) ? 1 : -1; /* nudge */
    if (operand->anchor == ANCHOR_MAX && operand->number > 0)
        operand->number = 0; /* there is no number behind the largest */
    if (operand->anchor == ANCHOR_PART)
        operand->number &= 0xffff;
    if (operand->anchor == ANCHOR_NUMBER && kinds[k] != 'z' && operand->number < 0)
        operand->number = 0;
}

/* The process that an operation names. Returns: false if it names none. */
static bool process_of(const struct op *op, struct operand *process_out)
{
    const char *where = op->code == OP_END ? NULL : strchr(op_table[op->code].operands, 'p');
    if (where == NULL)
        return false;
    *process_out = op->operands[where - op_table[op->code].operands];
    return true;
}

/* Do a part of the program again, often in a new life of its process: what was kept from the old one
 * meets what looks the same in the new one. */
static void repeat(struct trace *trace)
{
    struct op part[8];
    const unsigned first = below(trace->op_count);
    const unsigned left = trace->op_count - first;
    const unsigned count = 1 + below(left < 8 ? left : 8);
    unsigned at = first + count;
    struct operand process;
    memcpy(part, &trace->ops[first], count * sizeof part[0]);
    if (swarm_weights[OP_RESTART] != 0 && one_in(2) && process_of(&part[below(count)], &process)) {
        struct op restart = random_op_of(trace, OP_RESTART);
        restart.operands[0] = process;
        at += insert(trace, at, &restart);
    }
    for (unsigned o = 0; o < count; o++)
        at += insert(trace, at, &part[o]);
}

static void change_layout(struct trace *trace)
{
    struct layout *layout = &trace->processes[below(trace->process_count)];
    switch (below(8)) {
    case 0: layout->flash_above = !layout->flash_above; break;
    case 1: layout->restarts = !layout->restarts; break;
    case 2: layout->gap = (uint8_t)below(10); break;
    case 3: layout->apart = (uint8_t)below(10); break;
    case 4: layout->app = (uint16_t)below(layout->ram + 1u); break;
    case 5: layout->kernel = (uint16_t)below(layout->ram - layout->app + 1u); break;
    case 6: layout->protected_len = (uint16_t)below(layout->flash + 1u); break;
    default:
        if (one_in(2) && trace->process_count < TRACE_MAX_PROCESSES) {
            trace->processes[trace->process_count] = *layout;
            trace->process_count++;
        } else {
            layout->ram = (uint16_t)(1 + below(600));
        }
        break;
    }
    layout_clip(layout);
}

/* Ends without a block go, blocks without an end get one: as the decoder reads what is encoded. */
static void balance(struct trace *trace)
{
    unsigned depth = 0, count = 0;
    for (unsigned o = 0; o < trace->op_count && count + depth + 2 <= TRACE_MAX_OPS; o++) {
        const struct op op = trace->ops[o];
        if (op.code == OP_END && depth == 0)
            continue;
        if (op.code == OP_END)
            depth--;
        else
            depth += op_opens_block(op.code);
        trace->ops[count++] = op;
    }
    for (; depth > 0; depth--)
        trace->ops[count++] = end;
    trace->op_count = count;
}

void mutator_change(struct trace *trace, const struct harness *harness, uint32_t seed)
{
    seed_random(seed);
    if (swarm_of != harness || changes_left-- == 0)
        choose_swarm(harness);
    for (unsigned i = 0, count = 1 + below(4); i < count; i++) {
        const uint32_t choice = below(32);
        if (trace->op_count == 0 || choice < 12) {
            insert_random(trace);
        } else if (choice < 22) {
            change_operand(trace);
        } else if (choice < 25) {
            delete (trace, below(trace->op_count));
        } else if (choice < 26) {
            repeat(trace);
        } else if (choice < 29) {
            const struct op copy = trace->ops[below(trace->op_count)];
            (void)insert(trace, below(trace->op_count + 1), &copy);
        } else if (choice < 31) {
            struct op *a = &trace->ops[below(trace->op_count)];
            struct op *b = &trace->ops[below(trace->op_count)];
            const struct op swap = *a;
            *a = *b;
            *b = swap;
        } else {
            change_layout(trace);
        }
    }
    balance(trace);
}

void mutator_splice(const struct trace *a, const struct trace *b, struct trace *out, uint32_t seed)
{
    seed_random(seed);
    out->process_count = a->process_count;
    memcpy(out->processes, a->processes, sizeof out->processes);
    out->op_count = below(a->op_count + 1);
    memcpy(out->ops, a->ops, out->op_count * sizeof out->ops[0]);
    for (unsigned o = below(b->op_count + 1); o < b->op_count; o++)
        if (!insert(out, out->op_count, &b->ops[o]))
            break;
    balance(out);
}

/* ---- Inputs ---- */

static size_t put(const struct trace *trace, uint8_t *out, size_t max_len)
{
    static uint8_t encoded[TRACE_MAX_BYTES];
    const size_t len = trace_encode(trace, encoded);
    if (len > max_len)
        return 0;
    memcpy(out, encoded, len);
    return len;
}

size_t mutator_change_input(const struct harness *harness, const uint8_t *bytes, size_t len,
                            uint8_t *out, size_t max_len, uint32_t seed)
{
    static struct trace trace;
    trace_decode(&trace, bytes, len, harness->weights);
    mutator_change(&trace, harness, seed);
    return put(&trace, out, max_len);
}

size_t mutator_splice_inputs(const struct harness *harness, const uint8_t *a, size_t a_len,
                             const uint8_t *b, size_t b_len, uint8_t *out, size_t max_len,
                             uint32_t seed)
{
    static struct trace first, second, both;
    trace_decode(&first, a, a_len, harness->weights);
    trace_decode(&second, b, b_len, harness->weights);
    mutator_splice(&first, &second, &both, seed);
    return put(&both, out, max_len);
}
