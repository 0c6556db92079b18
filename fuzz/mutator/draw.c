#include "draw.h"

#include "chance.h"

#include <string.h>

static const struct harness *harness_now;

bool draw_is_large(void)
{
    return harness_now != NULL && harness_now->large;
}

/* Small numbers often, edges of powers of two sometimes. */
static int32_t random_number(void)
{
    if (!chance_one_in(3))
        return (int32_t)chance_below(40);
    const uint32_t power = 1u << (draw_is_large() ? 8 + chance_below(10) : chance_below(11));
    return (int32_t)(power - 1 + chance_below(3));
}

static int32_t random_offset(void)
{
    static const int32_t edges[] = { 0, 0, 0, 1, -1, 2, -2, 3, 7, 8, -8, 16 };
    if (!chance_one_in(4))
        return edges[chance_below(sizeof edges / sizeof edges[0])];
    return (int32_t)chance_below(600) - 200;
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
    return places[chance_below(sizeof places)];
}

/* Of an operation about maps, where the kernel says what is accessible. */
static uint8_t random_map_place(void)
{
    static const uint8_t places[] = { ANCHOR_FOREIGN,     ANCHOR_FOREIGN,    ANCHOR_REGION_LOW,
                                      ANCHOR_REGION_LOW,  ANCHOR_REGION_LOW, ANCHOR_REGION_HIGH,
                                      ANCHOR_REGION_HIGH, ANCHOR_BUFFER_END };
    return places[chance_below(sizeof places)];
}

static bool is_about_maps(uint8_t code)
{
    return strpbrk(op_table[code].operands, "MG") != NULL ||
           (code == OP_PUT_PAIR && chance_one_in(2));
}

/* The first operand of that kind, or one of the first two of all. */
static uint32_t favourite(const struct op *op, char kind)
{
    const char *kinds = op_table[op->code].operands;
    const char *where = strchr(kinds, kind);
    return where != NULL ? (uint32_t)op->operands[where - kinds].number : chance_below(2);
}

static uint8_t random_far(void)
{
    static const uint8_t far[] = { ANCHOR_MAX, ANCHOR_MAX, ANCHOR_HALF,
                                   ANCHOR_W31, ANCHOR_W32, ANCHOR_PART };
    return far[chance_below(sizeof far)];
}

/* The process that an operation is about: places near it are the interesting ones. */
static uint8_t favourite_process(const struct op *op)
{
    const char *kinds = op_table[op->code].operands;
    const char *where = strchr(kinds, 'p');
    return where != NULL ? (uint8_t)op->operands[where - kinds].number : (uint8_t)chance_below(3);
}

static void random_anchored(struct op *op, struct operand *operand, uint8_t anchor)
{
    operand->anchor = anchor;
    operand->number = random_offset();
    operand->index = 0;
    if (anchor == ANCHOR_MAX && operand->number > 0)
        operand->number = -operand->number;
    if (anchor == ANCHOR_PART)
        operand->number = (int32_t)chance_below(65536);
    if (anchor == ANCHOR_BUFFER_START || anchor == ANCHOR_BUFFER_END)
        operand->index = (uint8_t)(chance_below(3) + (chance_one_in(2) ? TRACE_BUFFER_COUNT : 0));
    else if (anchor == ANCHOR_FOREIGN)
        operand->index = (uint8_t)favourite(op, 'f');
    else if (anchor == ANCHOR_REGION_LOW || anchor == ANCHOR_REGION_HIGH)
        operand->index = (uint8_t)(favourite(op, 'M') % 2 * TRACE_MAP_REGIONS + chance_below(3));
    else if (anchor >= ANCHOR_RAM && anchor <= ANCHOR_MARK)
        operand->index = chance_one_in(6) ? (uint8_t)chance_below(4) : favourite_process(op);
}

static void random_value(struct op *op, char kind, struct operand *operand)
{
    const uint32_t choice = chance_below(16);
    if (choice == 0) {
        random_anchored(op, operand, random_far());
    } else if (kind == 'i' && choice < 8) {
        random_anchored(op, operand, ANCHOR_LEN);
    } else if ((kind == 'a' && choice < 15) || (kind == 'n' && choice < 6) ||
               (kind == 'z' && choice < 8)) {
        random_anchored(op, operand, is_about_maps(op->code) ? random_map_place() : random_place());
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
    const struct op *op = &trace->ops[chance_below(trace->op_count)];
    const char *kinds = op->code == OP_END ? "" : op_table[op->code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        if (kind_read(kinds[k]) == kind_read(kind)) {
            *operand = op->operands[k];
            return true;
        }
    }
    return false;
}

/* Few registers and processes, so that operations meet. */
void draw_operand(const struct trace *trace, struct op *op, char kind, struct operand *operand)
{
    if (chance_one_in(3) && operand_again(trace, kind, operand))
        return;
    operand->anchor = ANCHOR_NUMBER;
    operand->index = 0;
    if (kind_is_value(kind)) {
        random_value(op, kind, operand);
        return;
    }
    switch (kind_read(kind)) {
    case 'p':
        operand->number =
            (int32_t)(chance_one_in(12) ? chance_below(TRACE_MAX_PROCESSES) : chance_below(3));
        break;
    case 'h':
        operand->number = (int32_t)(chance_below(3) + (chance_one_in(2) ? TRACE_BUFFER_COUNT : 0));
        break;
    case 'o':
    case 'w':
    case 's':
    case 'd': operand->number = (int32_t)chance_below(chance_one_in(8) ? 8 : 3); break;
    case 'v': operand->number = (int32_t)chance_below(2); break;
    case 'M': operand->number = (int32_t)chance_below(chance_one_in(16) ? 3 : 2); break;
    case 'K': operand->number = (int32_t)chance_below(2); break;
    case 'c': operand->number = (int32_t)chance_below(3); break;
    case 'u':
    case 'N':
    case 'e': operand->number = (int32_t)chance_below(chance_one_in(24) ? 256 : 6); break;
    default: operand->number = (int32_t)chance_below(kind_row(kind)->count); break;
    }
}

/* Swarm: for a while, some operations are not inserted. Programs without them go where those with
 * a little of everything never come: what ends a life also ends what it would have led to. */
enum { SWARM_CHANGES = 2048 };
static bool swarm_has[256];
static struct {
    uint8_t code;
    uint32_t up_to; /* weights of the codes so far, summed */
} swarm[256];
static unsigned swarm_count;
static uint32_t changes_left;
static const struct harness *swarm_of;

static void choose_swarm(const struct harness *harness)
{
    const bool all = chance_one_in(2);
    uint32_t total = 0;
    swarm_of = harness;
    changes_left = SWARM_CHANGES;
    swarm_count = 0;
    for (unsigned code = 0; code < 256; code++) {
        const uint8_t weight = all || !chance_one_in(4) ? harness->weights[code] : 0;
        swarm_has[code] = weight != 0;
        if (weight == 0)
            continue;
        total += weight;
        swarm[swarm_count].code = (uint8_t)code;
        swarm[swarm_count++].up_to = total;
    }
    if (swarm_count == 0)
        choose_swarm(harness);
}

void draw_begin(const struct harness *harness)
{
    harness_now = harness;
    if (swarm_of != harness || changes_left-- == 0)
        choose_swarm(harness);
}

bool draw_has(uint8_t code)
{
    return swarm_has[code];
}

static uint8_t random_code(void)
{
    const uint32_t pick = chance_below(swarm[swarm_count - 1].up_to);
    unsigned at = 0;
    while (pick >= swarm[at].up_to)
        at++;
    return swarm[at].code;
}

/* Exponents of restart_many: 2^8 and 2^16 lives take time, and are worth it only now and then. */
int32_t draw_few_lives(void)
{
    return (int32_t)chance_below(4);
}

/* An identifier that is cut to so many bits comes back after exactly so many lives. */
void draw_lives(struct op *restart_many)
{
    int32_t *exponent = &restart_many->operands[1].number,
            *more = &restart_many->operands[2].number;
    *exponent = chance_one_in(400) ? 16 : chance_one_in(12) ? 8 : draw_few_lives();
    *more = chance_one_in(*exponent < 8 ? 2 : 8) ? (int32_t)chance_below(6) : 0;
}

/* Numbers of one operation are often equal, or one apart: there its boundaries are. */
static void relate_operands(struct op *op)
{
    const char *kinds = op_table[op->code].operands;
    for (unsigned k = kinds[0] != '\0'; kinds[k] != '\0'; k++) {
        const unsigned earlier = chance_below(k);
        if (kinds[k] != kinds[earlier] || !kind_is_value(kinds[k]) || !chance_one_in(4))
            continue;
        op->operands[k] = op->operands[earlier];
        if (op->operands[k].anchor == ANCHOR_NUMBER)
            op->operands[k].number += op->operands[k].number > 0 ? (int32_t)chance_below(3) - 1 : 0;
    }
}

/* A process in memory that often belongs to none: past the RAM of another, which leaves such gaps. */
static void place_process(struct op *create)
{
    struct operand *at = create->operands;
    const uint8_t neighbour = (uint8_t)chance_below(3);
    const int32_t flash = 1 + (int32_t)chance_below(64);
    const int32_t ram = chance_one_in(8) ? 0 : 1 + (int32_t)chance_below(128);
    const int32_t app = (int32_t)chance_below((uint32_t)ram + 1);
    at[0] = (struct operand){ .anchor = ANCHOR_RAM_END,
                              .index = neighbour,
                              .number = 100 + (int32_t)chance_below(200) };
    at[1] = (struct operand){ .number = flash };
    at[2] = (struct operand){ .number = (int32_t)chance_below((uint32_t)flash + 1) };
    at[3] = at[0];
    at[3].number += flash + (int32_t)chance_below(64);
    at[4] = (struct operand){ .number = ram };
    at[5] = (struct operand){ .number = app };
    at[6] = (struct operand){ .number = (int32_t)chance_below((uint32_t)(ram - app) + 1) };
    if (chance_one_in(3)) { /* flash or RAM comes up to memory of the other, or a byte into it */
        static const uint8_t starts[] = { ANCHOR_FLASH, ANCHOR_RAM },
                             ends[] = { ANCHOR_FLASH_END, ANCHOR_RAM_END };
        struct operand *start = &at[chance_one_in(2) ? 0 : 3];
        const unsigned which = chance_below(2);
        const bool before = chance_one_in(2);
        start->anchor = before ? starts[which] : ends[which];
        start->number = (int32_t)chance_below(3) - 1 - (before ? start[1].number : 0);
    }
    if (chance_one_in(6)) /* no flash, which then may be anywhere */
        at[0] = at[1] = at[2] = (struct operand){ .number = 0 };
}

struct op draw_op_of(const struct trace *trace, uint8_t code)
{
    static const char leant_on[] = "pMf";
    struct op op;
    memset(&op, 0, sizeof op);
    op.code = code;
    const char *kinds = op_table[op.code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++) /* processes and maps first: places lean on them */
        if (strchr(leant_on, kinds[k]) != NULL)
            draw_operand(trace, &op, kinds[k], &op.operands[k]);
    for (unsigned k = 0; kinds[k] != '\0'; k++)
        if (strchr(leant_on, kinds[k]) == NULL)
            draw_operand(trace, &op, kinds[k], &op.operands[k]);
    relate_operands(&op);
    if (op.code == OP_WHEN_FETCHED && !chance_one_in(4))
        op.operands[1] = op.operands[0]; /* a byte that changes once it is fetched */
    if (op.code >= OP_CODE_NAME && op.code <= OP_PROCESS_ERROR_TO_CODE)
        op.operands[0].number = (int32_t)chance_below(chance_one_in(24) ? 256 : 15);
    if (op.code == OP_REFUSE && !chance_one_in(8))
        op.operands[0].number = 1 + (int32_t)chance_below(2);
    if (op.code == OP_CREATE && chance_one_in(2))
        place_process(&op);
    if ((op.code == OP_READER_SKIP || op.code == OP_WRITER_SKIP) && draw_is_large() &&
        chance_one_in(2)) /* about 2^16, and the buffer goes on */
        op.operands[0] = (struct operand){ .number = 65500 + (int32_t)chance_below(2300) };
    if (op.code == OP_MISUSE)
        op.operands[0].number = (int32_t)chance_below(TRACE_MISTAKE_COUNT + 2);
    if (op.code == OP_GRANT_LEN && chance_one_in(2)) /* all of it does not fit */
        random_anchored(&op, &op.operands[2], ANCHOR_MAX);
    if (op.code == OP_SKIP_IDS ||
        op.code == OP_SKIP_SWAPS) { /* what is cut to so many bits comes back */
        static const uint8_t powers[] = { 8, 8, 16, 32, 32, 31, 63, 1 };
        op.operands[op.code == OP_SKIP_SWAPS].number = powers[chance_below(sizeof powers)];
    }
    if (op.code == OP_WIDEN) {
        static const uint8_t powers[] = { 8, 8, 16, 16, 31, 32, 9, 10 };
        op.operands[0].number = 1 + (int32_t)chance_below(3);
        op.operands[1].number = powers[chance_below(sizeof powers)];
    }
    if (op.code == OP_AT_HOOK || op.code == OP_FOREIGN_AT_HOOK)
        op.operands[0].number = 1 + (int32_t)chance_below(3);
    if (op.code == OP_DECLARE_DRIVER &&
        !chance_one_in(4)) /* room for its slots, three times 8 bytes each */
        op.operands[5].number =
            3 * (op.operands[3].number + op.operands[4].number) + (int32_t)chance_below(3);
    if (op.code == OP_DECLARE_DRIVER_MANY && !chance_one_in(4)) { /* it fits, even when widened */
        op.operands[3].number = (int32_t)chance_below(45);
        op.operands[4].number = (int32_t)chance_below(45);
        op.operands[6].number = (int32_t)chance_below(9);
    }
    if (op.code == OP_READER_OVER_MANY || op.code == OP_WRITER_OVER_MANY)
        op.operands[2].number = (int32_t)chance_below(45);
    if (op.code == OP_ELEMENT &&
        chance_one_in(2)) { /* as many as there are, and the last or none of them */
        op.operands[2] =
            (struct operand){ .anchor = ANCHOR_LEN, .number = -(int32_t)chance_below(2) };
        op.operands[3] = (struct operand){ .number = 1 };
        op.operands[4] = op.operands[2];
        op.operands[4].number += (int32_t)chance_below(3) - 1;
    }
    if (op.code == OP_RESTART_MANY)
        draw_lives(&op);
    return op;
}

struct op draw_op(const struct trace *trace)
{
    return draw_op_of(trace, random_code());
}
