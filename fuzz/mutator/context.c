#include "context.h"

#include "chance.h"
#include "draw.h"

#include <string.h>

const struct op context_end = { .code = OP_END };

bool context_insert(struct trace *trace, unsigned at, const struct op *op)
{
    if (trace->op_count >= TRACE_MAX_OPS - 2 * TRACE_MAX_DEPTH)
        return false;
    ops_open_gap(trace, at);
    trace->ops[at] = *op;
    return true;
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

static bool is_driver_declared(const struct trace *trace, unsigned at, int32_t number)
{
    return is_filled(trace, at, OP_DECLARE_DRIVER, number) ||
           is_filled(trace, at, OP_DECLARE_DRIVER_WITH, number) ||
           is_filled(trace, at, OP_DECLARE_DRIVER_MANY, number);
}

static bool has_code(const struct trace *trace, unsigned at, uint8_t code)
{
    for (unsigned o = 0; o < at; o++)
        if (trace->ops[o].code == code)
            return true;
    return false;
}

/* The process whose id a register holds there. Returns: false if no operation before takes one. */
static bool process_named(const struct trace *trace, unsigned at, const struct operand *id,
                          struct operand *process_out)
{
    while (at-- > 0) {
        const struct op *op = &trace->ops[at];
        if (op->code == OP_TAKE_ID && op->operands[0].number == id->number) {
            *process_out = op->operands[1];
            return true;
        }
    }
    return false;
}

unsigned context_insert_restart(struct trace *trace, unsigned at, const struct operand *process)
{
    if (!draw_has(OP_RESTART))
        return at;
    struct op restart = draw_op_of(trace, OP_RESTART);
    restart.operands[0] = *process;
    return at + context_insert(trace, at, &restart);
}

bool context_process_of(const struct op *op, struct operand *process_out)
{
    const char *where = op->code == OP_END ? NULL : strchr(op_table[op->code].operands, 'p');
    if (where == NULL)
        return false;
    *process_out = op->operands[where - op_table[op->code].operands];
    return true;
}

/* A range that the operation's process may share: address and length are operands `first` and the next. */
static void share_own_memory(struct op *op, unsigned first)
{
    struct operand process = { 0 };
    (void)context_process_of(op, &process);
    op->operands[first] = (struct operand){ .anchor = ANCHOR_RAM,
                                            .index = (uint8_t)process.number,
                                            .number = (int32_t)chance_below(64) };
    op->operands[first + 1] =
        (struct operand){ .number = (int32_t)chance_below(chance_one_in(4) ? 256 : 32) };
    if (chance_one_in(6))
        op->operands[first + 1].number = (int32_t)chance_below(2);
    else if (chance_one_in(draw_is_large() ? 2 : 8)) /* all of it */
        op->operands[first + 1] =
            (struct operand){ .anchor = ANCHOR_BREAK, .index = (uint8_t)process.number };
}

/* The same of what a process may only read: up to the end of it, or about there. */
static void share_own_flash(struct op *op, unsigned first)
{
    struct operand process = { 0 };
    (void)context_process_of(op, &process);
    op->operands[first] = (struct operand){ .anchor = ANCHOR_FLASH_PROTECTED,
                                            .index = (uint8_t)process.number,
                                            .number = (int32_t)chance_below(8) };
    op->operands[first + 1] = (struct operand){ .anchor = ANCHOR_FLASH_END,
                                                .index = (uint8_t)process.number,
                                                .number = (int32_t)chance_below(3) - 1 };
}

static unsigned insert_fillers(struct trace *trace, unsigned at, const struct op *op);

/* Fill a buffer register with bytes of a foreign process that lives. */
static unsigned fill_foreign(struct trace *trace, unsigned at, uint8_t code, int32_t number)
{
    struct op build =
        draw_op_of(trace, code == OP_BUILD_READONLY ? OP_FOREIGN_READONLY : OP_FOREIGN_READWRITE);
    build.operands[0].number = number;
    if (draw_has(OP_FOREIGN_START) && !has_code(trace, at, OP_FOREIGN_START)) {
        struct op start = draw_op_of(trace, OP_FOREIGN_START);
        start.operands[0] = build.operands[1];
        at += context_insert(trace, at, &start);
    }
    return at + context_insert(trace, at, &build);
}

/* ---- Maps ---- */

static bool lends_by_map(uint8_t code)
{
    return op_table[code].operands[0] != '\0' &&
           strncmp(op_table[code].operands + 1, "Mfl", 3) == 0;
}

/* A region of the map, in memory of the foreign process. */
static struct op region_of(const struct trace *trace, int32_t map, int32_t process, int32_t which)
{
    struct op region = draw_op_of(trace, OP_MAP_REGION);
    region.operands[0].number = map % 2 * TRACE_MAP_REGIONS + which;
    region.operands[1] = (struct operand){ .anchor = ANCHOR_FOREIGN,
                                           .index = (uint8_t)process,
                                           .number = (int32_t)chance_below(64) };
    if (which > 0 && !chance_one_in(4)) /* it touches the one before, more or less */
        region.operands[1] =
            (struct operand){ .anchor = ANCHOR_REGION_HIGH,
                              .index = (uint8_t)(region.operands[0].number - 1),
                              .number = chance_one_in(3) ? (int32_t)chance_below(3) - 1 : 0 };
    region.operands[2] = (struct operand){ .number = 1 + (int32_t)chance_below(64) };
    region.operands[3].number = !chance_one_in(3);
    return region;
}

/* The second two in pieces. */
static const uint8_t makers[] = { OP_MAP_OF_REGIONS, OP_MAP_OF_LOOKUP, OP_MAP_OF_PIECES,
                                  OP_MAP_OF_LOOKUP_PIECES };

static bool has_maker(const struct trace *trace, unsigned at, int32_t map)
{
    for (unsigned n = 0; n < sizeof makers; n++)
        if (is_filled(trace, at, makers[n], map))
            return true;
    return false;
}

/* Make the map, of regions that are set before. Often there are as many pieces as can be. */
static unsigned insert_maker(struct trace *trace, unsigned at, int32_t map, int32_t process)
{
    const bool in_pieces = chance_one_in(4), many = in_pieces && chance_one_in(2);
    struct op maker = draw_op_of(trace, makers[2 * in_pieces + chance_one_in(3)]);
    const int32_t count = many ? TRACE_MAP_REGIONS : 1 + (int32_t)chance_below(TRACE_MAP_REGIONS);
    maker.operands[0].number = map;
    maker.operands[1].number = count;
    if (many)
        maker.operands[2].number = 0;
    for (int32_t which = 0; which < count; which++) {
        struct op region = region_of(trace, map, process, which);
        if (many)
            region.operands[2].number = 64 + (int32_t)chance_below(2);
        at += context_insert(trace, at, &region);
    }
    return at + context_insert(trace, at, &maker);
}

/* The map has regions, the process lives, and the range is about there. Operands of what lends: register, map,
 * foreign process, way to hold, address, length or count. */
static unsigned insert_map(struct trace *trace, unsigned at, struct op *op)
{
    const int32_t map = op->operands[1].number, process = op->operands[2].number;
    if (!is_filled(trace, at, OP_FOREIGN_START, process) && !chance_one_in(8)) {
        struct op start = draw_op_of(trace, OP_FOREIGN_START);
        start.operands[0].number = process;
        at += context_insert(trace, at, &start);
    }
    if (!has_maker(trace, at, map) && !chance_one_in(8))
        at = insert_maker(trace, at, map, process);
    if (chance_one_in(2)) {
        op->operands[4] = (struct operand){
            .anchor = chance_one_in(3) ? ANCHOR_REGION_HIGH : ANCHOR_REGION_LOW,
            .index = (uint8_t)(map % 2 * TRACE_MAP_REGIONS +
                               (int32_t)chance_below(chance_one_in(4) ? TRACE_MAP_REGIONS : 2)),
            .number = (int32_t)chance_below(12) - 2
        };
        op->operands[5] =
            (struct operand){ .number = (int32_t)chance_below(chance_one_in(4) ? 257 : 24) };
    }
    return at;
}

/* What a pair of the vector names is often near the vector itself. */
static void draw_range(struct op *put, const struct operand *vector)
{
    if (chance_one_in(4) || vector->anchor < ANCHOR_RAM || vector->number >= 512)
        return;
    put->operands[2] = *vector;
    put->operands[2].number += (int32_t)chance_below(8);
    put->operands[3] =
        (struct operand){ .number = (int32_t)chance_below(chance_one_in(4) ? 256 : 8) };
}

/* As many pairs as the vector has, of ranges that may be lent. In: which operand its address is. */
static unsigned insert_pairs(struct trace *trace, unsigned at, struct op *op, unsigned k)
{
    const int32_t count = 1 + (int32_t)chance_below(4);
    if (chance_one_in(3))
        return at;
    op->operands[k + 1] = (struct operand){ .number = count };
    op->operands[k + 2].number = chance_one_in(4) ? count - 1 : 4;
    for (int32_t i = 0; i < count; i++) {
        struct op put = draw_op_of(trace, OP_PUT_PAIR);
        put.operands[0] = op->operands[k];
        put.operands[1].number = i;
        draw_range(&put, &op->operands[k]);
        at += context_insert(trace, at, &put);
    }
    return at;
}

/* A long vector: all pairs are alike, but for one that comes late. */
static unsigned insert_many_pairs(struct trace *trace, unsigned at, struct op *op)
{
    const int32_t count =
        (int32_t)(draw_is_large() && !chance_one_in(3) ? 250 + chance_below(52) : chance_below(10));
    struct op puts = draw_op_of(trace, OP_PUT_PAIRS), put = draw_op_of(trace, OP_PUT_PAIR);
    share_own_memory(op, 2);
    if (chance_one_in(4))
        return at;
    op->operands[3] = puts.operands[1] = (struct operand){ .number = count };
    puts.operands[0] = put.operands[0] = op->operands[2];
    draw_range(&puts, &op->operands[2]);
    at += context_insert(trace, at, &puts);
    put.operands[0].number += (int32_t)chance_below(45) * 16;
    put.operands[1].number = count < 255 ? (int32_t)chance_below(8) : 255;
    draw_range(&put, &op->operands[2]);
    return chance_one_in(3) ? at : at + context_insert(trace, at, &put);
}

/* Who lends is kept, and something changes before it does. */
static unsigned insert_lender(struct trace *trace, unsigned at, struct op *op)
{
    static const uint8_t of_process[] = { OP_BRK, OP_RESTART, OP_TERMINATE, OP_STOP },
                         of_foreign[] = { OP_FOREIGN_END, OP_FOREIGN_START, OP_MAP_REGION };
    const bool by_map = chance_one_in(2);
    struct op keep = draw_op_of(trace, OP_KEEP_LENDER), change;
    if (by_map) {
        struct op lends = draw_op_of(trace, OP_MAP_READWRITE);
        at = insert_map(trace, at, &lends);
        keep = draw_op_of(trace, OP_KEEP_MAP_LENDER);
        memcpy(keep.operands, &lends.operands[1], 3 * sizeof lends.operands[0]);
        memcpy(&op->operands[1], &lends.operands[4], 2 * sizeof lends.operands[0]);
    } else {
        struct op own = draw_op_of(trace, OP_LEND_READWRITE);
        own.operands[1] = keep.operands[0];
        share_own_memory(&own, 2);
        memcpy(&op->operands[1], &own.operands[2], 2 * sizeof own.operands[0]);
    }
    at += context_insert(trace, at, &keep);
    change = draw_op_of(trace, by_map ? of_foreign[chance_below(sizeof of_foreign)]
                                      : of_process[chance_below(sizeof of_process)]);
    if (change.code != OP_MAP_REGION)
        change.operands[0] = keep.operands[by_map];
    if (chance_one_in(3) || !draw_has(change.code))
        return at;
    at += context_insert(trace, at, &change);
    change.code = OP_FOREIGN_START; /* and another life begins */
    return change.operands[0].number != keep.operands[1].number || !by_map || !chance_one_in(2)
               ? at
               : at + context_insert(trace, at, &change);
}

/* What was taken out of a slot is used after so many swaps that their number is the same where it is cut. */
static void insert_stale_slot(struct trace *trace, unsigned at, const struct op *take,
                              const struct op *allow)
{
    struct op skip = draw_op_of(trace, OP_SKIP_SWAPS), use = draw_op_of(trace, OP_LEN);
    skip.operands[0].number = use.operands[0].number = (int32_t)buffer_number(
        op_table[take->code].operands[0], (uint64_t)take->operands[0].number);
    at += context_insert(trace, at, take);
    at += context_insert(trace, at, &skip);
    at += context_insert(trace, at, allow);
    if (draw_has(OP_LEN))
        (void)context_insert(trace, at, &use);
}

/* What an operation about maps, vectors or slots of the kernel's needs before it. */
static unsigned insert_for_maps(struct trace *trace, unsigned at, struct op *op)
{
    const uint8_t code = op->code;
    if (lends_by_map(code))
        at = insert_map(trace, at, op);
    if (code == OP_MAP_READONLY_VECTOR || code == OP_MAP_READWRITE_VECTOR)
        return insert_pairs(trace, at, op, 4);
    if (code == OP_READONLY_VECTOR || code == OP_READWRITE_VECTOR) {
        share_own_memory(op, 2);
        return insert_pairs(trace, at, op, 2);
    }
    if ((code == OP_KEPT_READONLY || code == OP_KEPT_READWRITE) && !chance_one_in(4))
        return insert_lender(trace, at, op);
    if (code == OP_READONLY_VECTOR_MANY || code == OP_READWRITE_VECTOR_MANY)
        return insert_many_pairs(trace, at, op);
    if (code == OP_MAP_SLOT_READONLY || code == OP_MAP_SLOT_READWRITE) {
        const uint8_t allows =
            code == OP_MAP_SLOT_READONLY ? OP_MAP_ALLOW_READONLY : OP_MAP_ALLOW_READWRITE;
        struct op allow = draw_op_of(trace, allows);
        allow.operands[0] = op->operands[1];
        if (draw_has(allows) && !is_filled(trace, at, allows, allow.operands[0].number)) {
            at = insert_map(trace, at, &allow);
            at += context_insert(trace, at, &allow);
        }
        if (draw_has(allows) && chance_one_in(3)) { /* another allows it, too */
            struct op again = draw_op_of(trace, allows);
            again.operands[0] = op->operands[1];
            at = insert_map(trace, at, &again);
            at += context_insert(trace, at, &again);
        }
        if (draw_has(allows) && draw_has(OP_SKIP_SWAPS) && chance_one_in(4))
            insert_stale_slot(trace, at, op, &allow);
    }
    return at;
}

/* The kernel changes its mind about the memory that was lent, and someone uses it. */
static void insert_change_of_map(struct trace *trace, unsigned at, const struct op *lends)
{
    struct op taken = *lends;
    struct op change = region_of(trace, lends->operands[1].number, lends->operands[2].number,
                                 (int32_t)chance_below(2));
    struct op use = draw_op_of(trace, chance_one_in(3) ? OP_READER_READ : OP_LEN);
    if (op_table[lends->code].operands[0] == 'K') { /* into a slot, from which it is read first */
        taken = draw_op_of(trace, lends->code == OP_MAP_ALLOW_READONLY ? OP_MAP_SLOT_READONLY
                                                                       : OP_MAP_SLOT_READWRITE);
        taken.operands[1] = lends->operands[0];
    }
    if (!draw_has(OP_MAP_REGION) || !draw_has(use.code) || !draw_has(taken.code))
        return;
    if (taken.code != lends->code)
        at += context_insert(trace, at, &taken);
    if (use.code == OP_LEN)
        use.operands[0].number = (int32_t)buffer_number(kind_read(op_table[taken.code].operands[0]),
                                                        (uint64_t)taken.operands[0].number);
    if (chance_one_in(3))
        change = draw_op_of(trace, OP_MAP_REGION);
    at += context_insert(trace, at, &change);
    (void)context_insert(trace, at, &use);
}

/* Fill a buffer register by a map. */
static unsigned fill_by_map(struct trace *trace, unsigned at, uint8_t code, int32_t number)
{
    struct op build =
        draw_op_of(trace, code == OP_BUILD_READONLY ? OP_MAP_READONLY : OP_MAP_READWRITE);
    build.operands[0].number = number;
    at = insert_map(trace, at, &build);
    return at + context_insert(trace, at, &build);
}

/* A large trace has more than 256 of what the operation counts. Returns: where the operation goes now. */
static unsigned insert_many(struct trace *trace, unsigned at, const struct op *op)
{
    struct op widen = draw_op_of(trace, OP_WIDEN);
    const bool is_driver = op->code == OP_DECLARE_DRIVER_MANY;
    if ((!is_driver && op->code != OP_READER_OVER_MANY && op->code != OP_WRITER_OVER_MANY) ||
        !draw_is_large() || !draw_has(OP_WIDEN) || chance_one_in(3))
        return at;
    widen.operands[0].number = is_driver ? 4 + (int32_t)chance_below(2) : 3;
    widen.operands[1].number = 8;
    return at + context_insert(trace, at, &widen);
}

/* The process of the trace that has the most room for grants. */
static struct operand roomiest(const struct trace *trace)
{
    struct operand process = { 0 };
    uint32_t most = 0;
    for (unsigned p = 0; p < trace->process_count; p++) {
        const struct layout *layout = &trace->processes[p];
        const uint32_t room = layout->ram - layout->app - layout->kernel;
        if (room > most) {
            most = room;
            process.number = (int32_t)p;
        }
    }
    return process;
}

/* In a large trace, what the operation allows is for a driver with more than 2^8 slots, in a process that has room for
 * them. Returns: where the operation goes now. */
static unsigned insert_driver_of_many(struct trace *trace, unsigned at, struct op *allow)
{
    if (!draw_is_large() || !draw_has(OP_DECLARE_DRIVER_MANY) || chance_one_in(3))
        return at;
    struct op driver = draw_op_of(trace, OP_DECLARE_DRIVER_MANY);
    driver.operands[0] = allow->operands[1];
    allow->operands[0] = roomiest(trace);
    share_own_memory(allow, 3);
    at = insert_many(trace, at, &driver);
    return at + context_insert(trace, at, &driver);
}

/* What a large trace has put into a slot is in another one, which 8 bits mistake for it. Returns: where the operation goes
 * now. */
static unsigned insert_twin_slot(struct trace *trace, unsigned at, struct op *op)
{
    struct op widen = draw_op_of(trace, OP_WIDEN), twin = draw_op_of(trace, op->code);
    if (!draw_is_large() || !draw_has(OP_WIDEN))
        return at;
    at = insert_driver_of_many(trace, at, op);
    op->operands[2].number = (int32_t)chance_below(4);
    twin.operands[0] = op->operands[0];
    twin.operands[1] = op->operands[1];
    twin.operands[2] = op->operands[2];
    widen.operands[0].number = 3;
    widen.operands[1].number = 8;
    at += context_insert(trace, at, &widen);
    share_own_memory(&twin, 3);
    return at + context_insert(trace, at, &twin);
}

/* Fill a register, if nothing before does. Returns: where to go on. */
static unsigned fill(struct trace *trace, unsigned at, uint8_t code, int32_t number)
{
    if (!draw_has(code) || is_filled(trace, at, code, number) || chance_one_in(3))
        return at;
    if (code == OP_DECLARE_DRIVER && is_driver_declared(trace, at, number))
        return at;
    if (code == OP_DECLARE_DRIVER && draw_has(OP_DECLARE_DRIVER_WITH) && chance_one_in(3))
        code = OP_DECLARE_DRIVER_WITH;
    if (code == OP_DECLARE_DRIVER && draw_is_large() && draw_has(OP_DECLARE_DRIVER_MANY) &&
        chance_one_in(2))
        code = OP_DECLARE_DRIVER_MANY;
    if (code == OP_TAKE_ID && draw_has(OP_TAKE_FOREIGN_ID) && chance_one_in(4))
        code = OP_TAKE_FOREIGN_ID;
    if (code == OP_TAKE_ID && draw_has(OP_TAKE_OTHER_ID) && chance_one_in(8))
        code = OP_TAKE_OTHER_ID;
    const bool builds = code == OP_BUILD_READONLY || code == OP_BUILD_READWRITE;
    if (builds && draw_has(OP_FOREIGN_READONLY) && draw_has(OP_FOREIGN_READWRITE) &&
        chance_one_in(6))
        return fill_foreign(trace, at, code, number);
    if (builds && draw_has(OP_MAP_READONLY) && draw_has(OP_MAP_READWRITE) &&
        (draw_is_large() ? chance_one_in(6) : !chance_one_in(3))) /* no region is large */
        return fill_by_map(trace, at, code, number);
    struct op op = draw_op_of(trace, code);
    op.operands[0].number = number;
    if (code == OP_BUILD_READONLY && chance_one_in(8))
        share_own_flash(&op, 2);
    else if (builds && chance_one_in(2))
        share_own_memory(&op, 2);
    at = insert_many(trace, at, &op);
    return at + context_insert(trace, at, &op);
}

/* In a large trace, the reader or the writer goes over more than 2^8 buffers, few of them with bytes, and often moves on to
 * about there. Returns: where to go on. */
static unsigned insert_long_row(struct trace *trace, unsigned at, bool writes)
{
    enum { AT_ONCE = 28 }; /* buffers with bytes: more hooks do not fit into a prediction */
    const uint8_t builds = writes ? OP_BUILD_READWRITE : OP_BUILD_READONLY;
    const uint8_t skips = writes ? OP_WRITER_SKIP : OP_READER_SKIP;
    struct op over = draw_op_of(trace, writes ? OP_WRITER_OVER_MANY : OP_READER_OVER_MANY);
    struct op skip = draw_op_of(trace, skips);
    const int32_t registers = chance_one_in(2) ? 3 : 1 + (int32_t)chance_below(4);
    const int32_t filled = chance_one_in(3) ? registers : 1;
    const struct op first = draw_op_of(trace, builds);
    over.operands[0].number = (int32_t)chance_below(3);
    over.operands[1].number = registers;
    for (int32_t i = 0; i < registers; i++) {
        struct op build = draw_op_of(trace, builds);
        build.operands[0].number = over.operands[0].number + i;
        build.operands[1] = first.operands[1];
        share_own_memory(&build, 2);
        build.operands[3] = (struct operand){ .number = i < filled };
        at += context_insert(trace, at, &build);
    }
    at = insert_many(trace, at, &over);
    at += context_insert(trace, at, &over);
    if (!draw_has(skips) || chance_one_in(4))
        return at;
    int32_t left = 256 * filled / registers + (int32_t)chance_below(8) - 2;
    for (; left > 0; left -= AT_ONCE) {
        skip.operands[0] = (struct operand){ .number = left < AT_ONCE ? left : AT_ONCE };
        at += context_insert(trace, at, &skip);
    }
    return at;
}

/* The reader, or the writer, is about 2^8 bytes into a buffer that holds all memory of a process, which has grown. Returns:
 * where to go on. */
static unsigned insert_far_place(struct trace *trace, unsigned at, bool writes)
{
    const uint8_t builds = writes ? OP_BUILD_READWRITE : OP_BUILD_READONLY;
    const uint8_t skips = writes ? OP_WRITER_SKIP : OP_READER_SKIP;
    struct op over = draw_op_of(trace, writes ? OP_WRITER_OVER : OP_READER_OVER);
    struct op build = draw_op_of(trace, builds), brk = draw_op_of(trace, OP_BRK);
    struct op skip = draw_op_of(trace, skips);
    const uint8_t process = (uint8_t)build.operands[1].number;
    brk.operands[0] = build.operands[1];
    brk.operands[1] = (struct operand){ ANCHOR_KERNEL_BREAK, process, 0 };
    build.operands[0].number = over.operands[0].number;
    build.operands[2] = (struct operand){ ANCHOR_RAM, process, (int32_t)chance_below(8) };
    build.operands[3] = (struct operand){ ANCHOR_BREAK, process, 0 };
    skip.operands[0] = (struct operand){ .number = 240 + (int32_t)chance_below(40) };
    at += context_insert(trace, at, &brk);
    at += context_insert(trace, at, &build);
    at += context_insert(trace, at, &over);
    return at + context_insert(trace, at, &skip);
}

/* The reader, or the writer, goes over something, and over buffers that are filled. */
static unsigned insert_over(struct trace *trace, unsigned at, uint8_t code)
{
    const uint8_t many = code == OP_READER_OVER ? OP_READER_OVER_MANY : OP_WRITER_OVER_MANY;
    if (draw_is_large() && draw_has(many) && chance_one_in(8))
        return insert_long_row(trace, at, code == OP_WRITER_OVER);
    if (draw_has(code) && draw_has(OP_BRK) && chance_one_in(12))
        return insert_far_place(trace, at, code == OP_WRITER_OVER);
    if (!draw_has(code) || has_code(trace, at, code) || has_code(trace, at, many) ||
        chance_one_in(3))
        return at;
    struct op over = draw_op_of(trace, draw_has(many) && chance_one_in(4) ? many : code);
    at = insert_fillers(trace, at, &over);
    at = insert_many(trace, at, &over);
    return at + context_insert(trace, at, &over);
}

/* Fill registers that the operation needs and nothing before it fills: else it would do nothing.
 * Returns: where to put the operation now. */
static unsigned insert_fillers(struct trace *trace, unsigned at, const struct op *op)
{
    const bool reads = op->code == OP_READER_READ || op->code == OP_READER_SKIP;
    const bool writes = op->code == OP_WRITER_WRITE || op->code == OP_WRITER_SKIP;
    const char *kinds = op_table[op->code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        const uint8_t code = filler(kind_read(kinds[k]), op->operands[k].number);
        if (code != OP_END && code != op->code)
            at = fill(trace, at, code, op->operands[k].number % TRACE_BUFFER_COUNT);
    }
    if (op->code == OP_READER_OVER || op->code == OP_WRITER_OVER ||
        op->code == OP_READER_OVER_MANY || op->code == OP_WRITER_OVER_MANY)
        for (int32_t i = 1; i < op->operands[1].number; i++)
            at = fill(trace, at, filler(kinds[0], TRACE_BUFFER_COUNT),
                      (op->operands[0].number + i) % TRACE_BUFFER_COUNT);
    if (reads || op->code == OP_STREAM_COPY)
        at = insert_over(trace, at, OP_READER_OVER);
    if (writes || op->code == OP_STREAM_COPY)
        at = insert_over(trace, at, OP_WRITER_OVER);
    if ((op->code == OP_SET_YIELDED_FOR || op->code == OP_SET_YIELDED) &&
        draw_has(OP_SET_RUNNING) && chance_one_in(2)) {
        struct op run = draw_op_of(trace, OP_SET_RUNNING);
        run.operands[0] = op->operands[0];
        at += context_insert(trace, at, &run);
    }
    if (op->code == OP_ENTER_GRANT && draw_has(OP_ALLOCATE_GRANT) && chance_one_in(2)) {
        struct op allocate = draw_op_of(trace, OP_ALLOCATE_GRANT);
        memcpy(allocate.operands, op->operands, 2 * sizeof op->operands[0]); /* process, number */
        at += context_insert(trace, at, &allocate);
    }
    if (op->code == OP_LEAVE_GRANT && draw_has(OP_ENTER_GRANT) && chance_one_in(2)) {
        struct op enter = draw_op_of(trace, OP_ENTER_GRANT);
        enter.operands[1] = op->operands[1]; /* number */
        if (process_named(trace, at, &op->operands[0], &enter.operands[0]) && chance_one_in(2))
            at = context_insert_restart(trace, at, &enter.operands[0]);
        at = insert_fillers(trace, at, &enter);
        at += context_insert(trace, at, &enter);
    }
    return at;
}

/* The life ends of whose memory or name a register of the operation holds: what was kept is stale. */
static unsigned insert_end_of_life(struct trace *trace, unsigned at, const struct op *op)
{
    const char *kinds = op_table[op->code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        const uint8_t code = filler(kind_read(kinds[k]), op->operands[k].number);
        if (code == OP_END || code == OP_DECLARE_DRIVER || code == op->code)
            continue;
        for (unsigned o = at; o-- > 0;)
            if (trace->ops[o].code == code &&
                trace->ops[o].operands[0].number == op->operands[k].number % TRACE_BUFFER_COUNT)
                return context_insert_restart(trace, at, &trace->ops[o].operands[1]);
    }
    return at;
}

unsigned context_insert_kept(struct trace *trace, unsigned at, struct op *restart_many)
{
    uint8_t code = chance_one_in(2) ? OP_TAKE_ID : OP_BUILD_READWRITE;
    if (restart_many->operands[1].number < 8 || chance_one_in(64))
        return at;
    if (trace->process_count != 0)
        restart_many->operands[0].number %= trace->process_count;
    if (!draw_has(code))
        code ^= OP_TAKE_ID ^ OP_BUILD_READWRITE; /* the other */
    if (!draw_has(code))
        return at;
    struct op keep = draw_op_of(trace, code);
    keep.operands[1] = restart_many->operands[0];
    if (code == OP_BUILD_READWRITE)
        share_own_memory(&keep, 2);
    at = context_insert_restart(trace, at, &restart_many->operands[0]);
    return at + context_insert(trace, at, &keep);
}

/* Whether the operations before, in the blocks that are open there, make that slice. */
static bool has_slice(const struct trace *trace, unsigned at, int32_t number)
{
    unsigned closed = 0;
    while (at-- > 0) {
        const struct op *op = &trace->ops[at];
        if (op->code == OP_END) {
            closed++;
        } else if (closed != 0) {
            closed -= op_opens_block(op->code);
        } else {
            const int made = op_slice_made(op->code);
            if (made >= 0 && op->operands[made].number == number)
                return true;
        }
    }
    return false;
}

/* The buffer that is entered holds all memory of one of the two large processes. Returns: where to go on. */
static unsigned insert_all_of_memory(struct trace *trace, unsigned at, const struct op *enter)
{
    const bool is_readonly =
        enter->code == OP_ENTER && enter->operands[0].number < TRACE_BUFFER_COUNT;
    const uint8_t code = is_readonly ? OP_BUILD_READONLY : OP_BUILD_READWRITE;
    const uint8_t process = (uint8_t)chance_below(2);
    if (!draw_has(code))
        return at;
    struct op build = draw_op_of(trace, code);
    build.operands[0].number = enter->operands[0].number % TRACE_BUFFER_COUNT;
    build.operands[1].number = process;
    build.operands[2] = (struct operand){ ANCHOR_RAM, process, (int32_t)chance_below(64) };
    build.operands[3] = (struct operand){ ANCHOR_BREAK, process, 0 };
    return at + context_insert(trace, at, &build);
}

/* Enter a buffer, its bytes as that slice. Returns: where its users go; the block ends after them. */
static unsigned insert_enter(struct trace *trace, unsigned at, int32_t slice)
{
    const uint8_t code = chance_one_in(3) ? OP_ENTER : OP_MUT_ENTER;
    if (!draw_has(code))
        return at;
    struct op enter = draw_op_of(trace, code);
    enter.operands[1].number = slice;
    if (draw_is_large() && chance_one_in(2))
        at = insert_all_of_memory(trace, at, &enter);
    at = insert_fillers(trace, at, &enter);
    if (!context_insert(trace, at, &enter))
        return at;
    (void)context_insert(trace, at + 1, &context_end);
    return at + 1;
}

/* Two parts of one slice, equally long, one some bytes after the other: ranges that overlap. */
static unsigned insert_shifted(struct trace *trace, unsigned at, const struct op *op)
{
    const unsigned first = chance_below(2);
    const int32_t whole = (int32_t)chance_below(3), shift = 1 + (int32_t)chance_below(4);
    if (!has_slice(trace, at, whole))
        at = insert_enter(trace, at, whole);
    struct op from = { .code = OP_RANGE_FROM }, to = { .code = OP_RANGE_TO };
    from.operands[0].number = to.operands[0].number = whole;
    from.operands[1] = op->operands[first];
    to.operands[1] = op->operands[1 - first];
    from.operands[2].number = shift;
    to.operands[2].anchor = ANCHOR_LEN;
    to.operands[2].number = -shift;
    if (from.operands[1].number == whole) { /* what is overwritten comes last */
        at += context_insert(trace, at, &to);
        return at + context_insert(trace, at, &from);
    }
    at += context_insert(trace, at, &from);
    return at + context_insert(trace, at, &to);
}

/* Slices that the operation reads, and that nothing open at this place makes. */
static unsigned insert_slices(struct trace *trace, unsigned at, const struct op *op)
{
    if (op->code == OP_COPY_SLICE && draw_has(OP_RANGE_FROM) && draw_has(OP_RANGE_TO) &&
        chance_one_in(2))
        return insert_shifted(trace, at, op);
    const char *kinds = op_table[op->code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++)
        if (kinds[k] == 's' && !has_slice(trace, at, op->operands[k].number) && !chance_one_in(3))
            at = insert_enter(trace, at, op->operands[k].number);
    return at;
}

/* All bytes of the slice are alike but one, which the operation looks for near its end. Returns: where to go on. */
static unsigned insert_far_byte(struct trace *trace, unsigned at, struct op *find)
{
    if ((find->code != OP_FIND && find->code != OP_STRING_LEN) || !draw_is_large() ||
        !draw_has(OP_SLICE_FILL) || !draw_has(OP_SET) || !chance_one_in(2))
        return at;
    struct op fill_all = draw_op_of(trace, OP_SLICE_FILL), set = draw_op_of(trace, OP_SET);
    fill_all.operands[0] = set.operands[0] = find->operands[0];
    fill_all.operands[1].number = 1 + (int32_t)chance_below(4);
    set.operands[1] =
        (struct operand){ .anchor = ANCHOR_LEN, .number = -1 - (int32_t)chance_below(64) };
    set.operands[2].number = 0;
    if (find->code == OP_FIND)
        find->operands[1].number = 0;
    at += context_insert(trace, at, &fill_all);
    return at + context_insert(trace, at, &set);
}

/* The operation looks for a byte in a slice, or in a short part of one, of which it is the first or the last, or is not
 * there. Returns: where to go on. */
static unsigned insert_near_byte(struct trace *trace, unsigned at, struct op *find)
{
    const bool is_string = find->code == OP_STRING_LEN || find->code == OP_STRING_COPY;
    if ((!is_string && find->code != OP_FIND) || !chance_one_in(3))
        return at;
    if (draw_has(OP_RANGE_TO) && chance_one_in(2)) {
        struct op part = draw_op_of(trace, OP_RANGE_TO);
        part.operands[0] = find->operands[0];
        part.operands[2] = (struct operand){ .number = (int32_t)chance_below(4) };
        find->operands[0] = part.operands[1];
        at += context_insert(trace, at, &part);
    }
    if (draw_has(OP_SET) && chance_one_in(2)) {
        struct op set = draw_op_of(trace, OP_SET);
        set.operands[0] = find->operands[0];
        set.operands[1] =
            (struct operand){ .anchor = chance_one_in(2) ? ANCHOR_LEN : ANCHOR_NUMBER };
        set.operands[1].number = set.operands[1].anchor == ANCHOR_LEN ? -1 : 0;
        set.operands[2].number = is_string ? 0 : find->operands[1].number;
        at += context_insert(trace, at, &set);
    }
    return at;
}

/* In a large trace, a slice and the number that the operation compares with its length differ by 2^16. Returns: where to go
 * on. */
static unsigned insert_cut_length(struct trace *trace, unsigned at, struct op *op)
{
    if (!draw_is_large() || strncmp(op_table[op->code].operands, "si", 2) != 0 ||
        !draw_has(OP_RANGE_TO) || !chance_one_in(4))
        return at;
    const bool is_slice_long = chance_one_in(2);
    const int32_t low = (int32_t)chance_below(8), high = 65536 + low;
    struct op part = draw_op_of(trace, OP_RANGE_TO);
    part.operands[0] = op->operands[0];
    part.operands[2] = (struct operand){ .number = is_slice_long ? high : low };
    op->operands[0] = part.operands[1];
    op->operands[1] = (struct operand){ .number = is_slice_long ? low : high };
    return at + context_insert(trace, at, &part);
}

/* A range, by address and length, becomes another of the same process, often one that differs in one of its ends, or
 * stays. */
static void change_range(struct op *op, unsigned first)
{
    struct operand *addr = &op->operands[first], *len = &op->operands[first + 1];
    const int32_t by = 1 + (int32_t)chance_below(8);
    const bool may_move = len->anchor == ANCHOR_NUMBER && addr->anchor >= ANCHOR_RAM &&
                          addr->number >= 0 && addr->number < 512 && len->number < 512;
    switch (chance_below(may_move ? 8 : 4)) {
    case 0: break;
    case 1: *len = (struct operand){ .number = 0 }; break;
    case 2:
    case 3: share_own_memory(op, first); break;
    case 4:
    case 5: len->number += by; break;
    case 6: len->number -= len->number < by ? len->number : by; break;
    default:
        addr->number += by;
        len->number -= len->number < by ? len->number : by;
        break;
    }
}

/* A slot is read inside the driver's grant, and something was allowed there before. Returns: where to
 * put the reading now; the block around it is closed after it. */
static unsigned insert_allow_and_enter(struct trace *trace, unsigned at, struct op *read)
{
    const bool writing = read->code == OP_READ_READWRITE;
    const uint8_t allow_code = writing ? OP_ALLOW_READWRITE : OP_ALLOW_READONLY;
    if (!draw_has(allow_code) || !draw_has(OP_TAKE_ID) || !draw_has(OP_DRIVER_ENTER))
        return at;
    if (chance_one_in(2))
        read->operands[1].number = (int32_t)chance_below(2); /* drivers have few slots */
    struct op allow = draw_op_of(trace, allow_code);
    struct op enter = draw_op_of(trace, OP_DRIVER_ENTER);
    struct op take = draw_op_of(trace, OP_TAKE_ID);
    allow.operands[2] = read->operands[1]; /* slot */
    enter.operands[0] = allow.operands[1]; /* driver */
    take.operands[0] = enter.operands[1]; /* id */
    if (chance_one_in(2))
        share_own_memory(&allow, 3);
    if (chance_one_in(8))
        allow.operands[4] = (struct operand){ .number = 0 };
    at = insert_driver_of_many(trace, at, &allow);
    take.operands[1] = allow.operands[0]; /* process */
    at = insert_fillers(trace, at, &allow);
    at += context_insert(trace, at, &allow);
    at += context_insert(trace, at, &take);
    if (!context_insert(trace, at, &enter))
        return at;
    (void)context_insert(trace, at + 1, &context_end);
    at++;
    if (draw_has(OP_LEN) && chance_one_in(2)) { /* a swap, often to the very same range */
        change_range(&allow, 3);
        struct op use = draw_op_of(trace, OP_LEN);
        use.operands[0].number = read->operands[0].number + (writing ? TRACE_BUFFER_COUNT : 0);
        if (draw_has(OP_SKIP_SWAPS) && chance_one_in(3)) { /* many, after the block */
            struct op skip = draw_op_of(trace, OP_SKIP_SWAPS);
            skip.operands[0] = use.operands[0];
            const struct op after[] = { use, skip, allow, use };
            for (unsigned i = 0; i < sizeof after / sizeof after[0]; i++)
                (void)context_insert(trace, at + 1 + i, &after[i]);
            return at;
        }
        if (context_insert(trace, at + 1,
                           &allow)) /* after the block, in which the grant is entered */
            (void)context_insert(trace, at + 2, &use);
    }
    return at;
}

/* The grant that is left was allocated, often of no bytes, and entered. Returns: where the operation goes now. */
static unsigned insert_entered_grant(struct trace *trace, unsigned at, const struct op *leave)
{
    struct op allocate = draw_op_of(trace, OP_ALLOCATE_GRANT);
    struct op enter = draw_op_of(trace, OP_ENTER_GRANT);
    if (leave->code != OP_LEAVE_GRANT || !draw_has(OP_ALLOCATE_GRANT) ||
        !draw_has(OP_ENTER_GRANT) || chance_one_in(2) ||
        !process_named(trace, at, &leave->operands[0], &allocate.operands[0]))
        return at;
    allocate.operands[1] = leave->operands[1]; /* number */
    allocate.operands[3].number = chance_one_in(3) ? 0 : (int32_t)chance_below(64);
    allocate.operands[3].anchor = ANCHOR_NUMBER;
    allocate.operands[4].number = 1 << chance_below(4);
    enter.operands[0] = allocate.operands[0];
    enter.operands[1] = leave->operands[1];
    at += context_insert(trace, at, &allocate);
    return at + context_insert(trace, at, &enter);
}

/* Was the grant left? Whoever is let in now says so. */
static void insert_another_enter(struct trace *trace, unsigned at, const struct op *leave)
{
    struct op enter = draw_op_of(trace, OP_ENTER_GRANT);
    enter.operands[1] = leave->operands[1]; /* number */
    (void)process_named(trace, at, &leave->operands[0], &enter.operands[0]);
    (void)context_insert(trace, at, &enter);
}

/* A far address is mostly one more that is refused: it is widened less often than a number. */
static bool may_widen(char kind, bool addresses)
{
    return kind_row(kind)->is_wide && (kind == 'a') == addresses;
}

/* A number or an address of the operation comes as wide as the library takes it: often one that is small, or the process's,
 * again where it is cut. Returns: where the operation goes now. */
static unsigned insert_widening(struct trace *trace, unsigned at, struct op *op)
{
    const char *kinds = op_table[op->code].operands;
    const bool addresses = chance_one_in(6);
    unsigned wide = 0;
    for (unsigned k = 0; kinds[k] != '\0'; k++)
        wide += may_widen(kinds[k], addresses);
    if (wide == 0 || op_table[op->code].how == HOW_USER || op->code == OP_READER_OVER_MANY ||
        op->code == OP_WRITER_OVER_MANY || !draw_has(OP_WIDEN) ||
        !chance_one_in(draw_is_large() ? 3 : 6))
        return at;
    struct op widen = draw_op_of(trace, OP_WIDEN);
    unsigned nth = chance_below(wide), k = 0;
    while (!may_widen(kinds[k], addresses) || nth-- != 0)
        k++;
    widen.operands[0].number = 1 + (int32_t)k;
    if (!addresses && chance_one_in(3)) /* the power of two itself */
        op->operands[k].number = 0;
    return at + context_insert(trace, at, &widen);
}

/* The process that the operation is about is not active. Returns: where the operation goes now. */
static unsigned insert_inactivity(struct trace *trace, unsigned at, const struct op *op)
{
    static const uint8_t codes[] = { OP_TERMINATE, OP_FAULT };
    const uint8_t code = codes[chance_below(sizeof codes)];
    struct operand process;
    if ((op_table[op->code].flags & OP_LIVES) != 0 || !draw_has(code) ||
        !context_process_of(op, &process) || !chance_one_in(24))
        return at;
    struct op ends = draw_op_of(trace, code);
    ends.operands[0] = process;
    return at + context_insert(trace, at, &ends);
}

/* The port refuses what the operation asks of it. Returns: where the operation goes now. */
static unsigned insert_refusal(struct trace *trace, unsigned at, const struct op *op)
{
    const bool asks = (op_table[op->code].flags & OP_LIVES) != 0 || op->code == OP_BRK ||
                      op->code == OP_SBRK || op->code == OP_MEMOP_BRK || op->code == OP_MEMOP_SBRK;
    if (!asks || !draw_has(OP_REFUSE) || !chance_one_in(6))
        return at;
    const struct op refuse = draw_op_of(trace, OP_REFUSE);
    return at + context_insert(trace, at, &refuse);
}

/* The reader, or the writer, goes through several buffers of one foreign process. Returns: where to go on. */
static unsigned insert_foreign_row(struct trace *trace, unsigned at, bool writes,
                                   const struct operand *process)
{
    struct op over = draw_op_of(trace, writes ? OP_WRITER_OVER : OP_READER_OVER);
    over.operands[0].number = (int32_t)chance_below(3);
    over.operands[1].number = 2 + (int32_t)chance_below(2);
    for (int32_t i = 0; i < over.operands[1].number; i++) {
        struct op build = draw_op_of(trace, writes ? OP_FOREIGN_READWRITE : OP_FOREIGN_READONLY);
        build.operands[0].number = over.operands[0].number + i;
        build.operands[1] = *process;
        build.operands[3].number = 1 + (int32_t)chance_below(4);
        at += context_insert(trace, at, &build);
    }
    return at + context_insert(trace, at, &over);
}

/* A foreign process ends while a call of several steps is under way. Returns: where the call goes now. */
static unsigned insert_turn(struct trace *trace, unsigned at, struct op *move)
{
    const bool copies = move->code == OP_STREAM_COPY;
    const bool writes = move->code == OP_WRITER_WRITE || move->code == OP_WRITER_SKIP;
    if (move->code < OP_READER_READ || move->code > OP_STREAM_COPY ||
        !draw_has(OP_FOREIGN_AT_HOOK) || !draw_has(OP_FOREIGN_START) || !chance_one_in(4))
        return at;
    struct op turn = draw_op_of(trace, OP_FOREIGN_AT_HOOK);
    if (chance_one_in(2)) {
        struct op start = draw_op_of(trace, OP_FOREIGN_START);
        start.operands[0] = turn.operands[1];
        at += context_insert(trace, at, &start);
        if (!writes)
            at = insert_foreign_row(trace, at, false, &turn.operands[1]);
        if (writes || copies)
            at = insert_foreign_row(trace, at, true, &turn.operands[1]);
        move->operands[0] = (struct operand){ .number = 4 + (int32_t)chance_below(12) };
    }
    return at + context_insert(trace, at, &turn);
}

/* Open a block. Returns: where its operations go, or `at` if it does not fit. */
static unsigned insert_block(struct trace *trace, unsigned at, const struct op *opens)
{
    if (!context_insert(trace, at, opens))
        return at;
    (void)context_insert(trace, at + 1, &context_end);
    return at + 1;
}

/* A driver, whose grant is small if it is declared now, enters it in a process. Returns: where the block goes on, or `at`
 * if there is none. */
static unsigned insert_driver_enter(struct trace *trace, unsigned at, const struct operand *process,
                                    int32_t driver)
{
    struct op enter = draw_op_of(trace, OP_DRIVER_ENTER), take = draw_op_of(trace, OP_TAKE_ID);
    struct op declare = draw_op_of(trace, OP_DECLARE_DRIVER);
    if (!draw_has(OP_DRIVER_ENTER) || !draw_has(OP_TAKE_ID))
        return at;
    enter.operands[0].number = declare.operands[0].number = driver;
    declare.operands[3].number = (int32_t)chance_below(2);
    declare.operands[4].number = (int32_t)chance_below(2);
    declare.operands[5].number =
        3 * (declare.operands[3].number + declare.operands[4].number) + (int32_t)chance_below(3);
    take.operands[0] = enter.operands[1];
    take.operands[1] = *process;
    if (draw_has(OP_DECLARE_DRIVER) && !is_driver_declared(trace, at, driver))
        at += context_insert(trace, at, &declare);
    at += context_insert(trace, at, &take);
    return insert_block(trace, at, &enter);
}

/* One or two drivers enter, sometimes one whose grant was allocated before the other's. Returns: where the innermost
 * block goes on. */
static unsigned insert_driver_enters(struct trace *trace, unsigned at,
                                     const struct operand *process)
{
    int32_t driver = (int32_t)chance_below(2);
    if (chance_one_in(2)) {
        at = insert_driver_enter(trace, at, process, driver ^ 1);
        at += at < trace->op_count && trace->ops[at].code == OP_END;
    }
    for (unsigned drivers = 1 + chance_below(2); drivers > 0; drivers--, driver ^= 1)
        at = insert_driver_enter(trace, at, process, driver);
    return at;
}

/* A part of a process's RAM, near its start or near where grants begin in a new life: bytes from the start of RAM. */
struct part {
    int32_t start, end;
    int32_t grants; /* where they begin */
};

static struct part draw_part(const struct layout *layout)
{
    const int32_t grants = (int32_t)(layout->ram - layout->kernel);
    struct part part = { .start = (int32_t)chance_below(64), .grants = grants };
    if (chance_one_in(3) && grants < ANCHOR_MAX_OFFSET)
        part.start = grants - 1 - (int32_t)chance_below(64);
    if (part.start < 0 || part.start >= grants)
        part.start = 0;
    const uint32_t most = (uint32_t)(grants - part.start);
    part.end = part.start + 1 + (int32_t)chance_below(chance_one_in(2) && most > 64 ? 64 : most);
    return part;
}

/* A grant that begins about where the part ends or, aligned, some bytes before it. */
static struct op grant_that_meets(const struct trace *trace, const struct part *part)
{
    struct op allocate = draw_op_of(trace, OP_ALLOCATE_GRANT);
    int32_t len = part->grants - part->end + (int32_t)chance_below(3) - 1;
    if (len < 0 || chance_one_in(3))
        len = (int32_t)chance_below(chance_one_in(2) ? 16 : (uint32_t)part->grants + 1);
    allocate.operands[3] = (struct operand){ .number = len };
    allocate.operands[4].number = chance_one_in(2) ? 1 : 1 << chance_below(8);
    return allocate;
}

/* Inside an enter, and others inside it, a process begins a new life, in which a grant comes about to where the outermost is
 * open, or the break to where a driver's grant is. Returns: whether there is one now. */
static bool insert_meeting(struct trace *trace, unsigned at, const struct op *op)
{
    struct op build = draw_op_of(trace, OP_BUILD_READWRITE), brk = draw_op_of(trace, OP_BRK);
    struct op enter = draw_op_of(trace, chance_one_in(2) ? OP_ENTER : OP_MUT_ENTER);
    struct operand process = build.operands[1];
    (void)context_process_of(op, &process);
    if (!draw_has(build.code) || !draw_has(OP_BRK) || !draw_has(enter.code) ||
        !draw_has(OP_ALLOCATE_GRANT) || (unsigned)process.number >= trace->process_count ||
        trace->processes[process.number].ram == trace->processes[process.number].kernel)
        return false;
    const struct part part = draw_part(&trace->processes[process.number]);
    struct op allocate = grant_that_meets(trace, &part);
    const uint8_t index = (uint8_t)process.number;
    build.operands[1] = brk.operands[0] = allocate.operands[0] = process;
    build.operands[2] = (struct operand){ ANCHOR_RAM, index, part.start };
    build.operands[3] = (struct operand){ .number = part.end - part.start };
    brk.operands[1] = (struct operand){ ANCHOR_KERNEL_BREAK, index, 0 };
    enter.operands[0].number =
        build.operands[0].number + (enter.code == OP_ENTER ? TRACE_BUFFER_COUNT : 0);
    if (chance_one_in(2))
        at = insert_driver_enters(trace, at, &process);
    at += context_insert(trace, at, &brk);
    at += context_insert(trace, at, &build);
    at = insert_block(trace, at, &enter);
    build.operands[2].number = 0;
    build.operands[3].number = 1;
    at += context_insert(trace, at, &build);
    for (unsigned depth = chance_below(5); depth > 0; depth--)
        at = insert_block(trace, at, &enter);
    at = context_insert_restart(trace, at, &process);
    brk.operands[1] = (struct operand){ ANCHOR_RAM, index, (int32_t)chance_below(8) };
    at += context_insert(trace, at, &brk);
    at += context_insert(trace, at, &allocate);
    brk.operands[1] = (struct operand){ ANCHOR_KERNEL_BREAK, index, -(int32_t)chance_below(160) };
    (void)context_insert(trace, at, &brk);
    return true;
}

/* Two ids of one table, of different processes. Returns: where their comparison goes. */
static unsigned insert_ids(struct trace *trace, unsigned at, const struct op *equal)
{
    const uint8_t code =
        draw_has(OP_TAKE_FOREIGN_ID) && chance_one_in(2) ? OP_TAKE_FOREIGN_ID : OP_TAKE_ID;
    if (!draw_has(code) || !chance_one_in(2))
        return at;
    struct op a = draw_op_of(trace, code), b = a;
    a.operands[0] = equal->operands[0];
    b.operands[0] = equal->operands[1];
    b.operands[1].number = (int32_t)chance_below(TRACE_FOREIGN_COUNT);
    at += context_insert(trace, at, &a);
    return at + context_insert(trace, at, &b);
}

/* A grant of the process level that only differs from a driver's in whose it is, and the driver that meets it. */
static void insert_anothers_grant(struct trace *trace, unsigned at, struct op *allocate)
{
    static const uint8_t codes[] = { OP_ALLOW_READONLY, OP_ALLOW_READWRITE };
    struct op meets = draw_op_of(trace, codes[chance_below(2)]);
    for (unsigned o = 0; o < at; o++) {
        const struct op *driver = &trace->ops[o];
        if (driver->code != OP_DECLARE_DRIVER || driver->operands[1].number >= 4)
            continue;
        allocate->operands[1] = driver->operands[1]; /* grant */
        allocate->operands[3] = (struct operand){ .number = 8 * driver->operands[5].number };
        meets.operands[1] = driver->operands[0];
    }
    meets.operands[0] = allocate->operands[0];
    at += context_insert(trace, at, allocate);
    if (draw_has(meets.code))
        (void)context_insert(trace, at, &meets);
}

/* Someone looks at what the operation has changed. */
static void insert_look(struct trace *trace, unsigned at, const struct op *op)
{
    uint8_t code = OP_END;
    switch (op->code) {
    case OP_CONSUME: code = chance_one_in(2) ? OP_CONSUME : OP_PTR; break;
    case OP_ALLOCATE_GRANT: code = OP_LOOKUP_DRIVER; break;
    case OP_SET_YIELDED_FOR: code = OP_STOP; break;
    case OP_READ_READONLY:
    case OP_READ_READWRITE:
    case OP_MAP_SLOT_READONLY:
    case OP_MAP_SLOT_READWRITE: code = OP_LEN; break;
    default: break;
    }
    if (code == OP_END || !draw_has(code) || !chance_one_in(2))
        return;
    struct op look = draw_op_of(trace, code);
    look.operands[0] = op->operands[0];
    if (code == OP_LOOKUP_DRIVER)
        look.operands[1] = op->operands[2]; /* driver number */
    if (op->code == OP_READ_READWRITE || op->code == OP_MAP_SLOT_READWRITE)
        look.operands[0].number += TRACE_BUFFER_COUNT;
    (void)context_insert(trace, at, &look);
}

/* The end of a block that begins before `at`: after something new that uses its slice, or somewhere
 * in what follows. */
static void insert_end(struct trace *trace, unsigned at)
{
    if (chance_one_in(3)) {
        at += chance_below(trace->op_count - at + 1);
    } else {
        for (unsigned i = 0, count = 1 + chance_below(3); i < count; i++) {
            struct op body = draw_op(trace);
            if (!op_opens_block(body.code))
                at += context_insert(trace, at, &body);
        }
    }
    (void)context_insert(trace, at, &context_end);
}

/* A driver that acts is asked with something that its process has, agrees often, and acts on that process. Returns:
 * where its block goes on. */
static unsigned insert_acting_driver(struct trace *trace, unsigned at, struct op *ask)
{
    static const uint8_t acts[] = { OP_RESTART, OP_RESTART, OP_TERMINATE, OP_REMOVE };
    const uint8_t code = acts[chance_below(sizeof acts)];
    if (!chance_one_in(3))
        share_own_memory(ask, 3);
    if (!chance_one_in(3))
        ask->operands[2].number = 0;
    if (!context_insert(trace, at, ask))
        return at;
    at++;
    if (!draw_has(code) || chance_one_in(4))
        return at;
    struct op act = draw_op_of(trace, code);
    act.operands[0] = ask->operands[0];
    return at + context_insert(trace, at, &act);
}

/* In a large trace, a small grant has a number beyond 2^8. Returns: where the operation goes now. */
static unsigned insert_far_number(struct trace *trace, unsigned at, struct op *allocate)
{
    if (allocate->code != OP_ALLOCATE_GRANT || !draw_is_large() || !draw_has(OP_WIDEN) ||
        !chance_one_in(2))
        return at;
    struct op widen = draw_op_of(trace, OP_WIDEN);
    widen.operands[0].number = 2;
    widen.operands[1].number = 8;
    allocate->operands[0] = roomiest(trace);
    allocate->operands[1].number = (int32_t)chance_below(44);
    allocate->operands[3] = (struct operand){ .number = (int32_t)chance_below(64) };
    allocate->operands[4] = (struct operand){ .number = 1 << chance_below(4) };
    return at + context_insert(trace, at, &widen);
}

/* What is kept of the newest life meets one whose identifier is the same where it is cut. */
static void insert_skip(struct trace *trace, unsigned at, const struct op *skip)
{
    struct op lives = draw_op_of(trace, OP_RESTART_MANY);
    lives.operands[1].number = 16; /* as if there were many */
    at = context_insert_kept(trace, at, &lives);
    at += context_insert(trace, at, skip);
    at = context_insert_restart(trace, at, &lives.operands[0]);
    if (draw_has(OP_LOOKUP) && chance_one_in(2)) {
        const struct op lookup = draw_op_of(trace, OP_LOOKUP);
        (void)context_insert(trace, at, &lookup);
    }
}

/* The same several times: what happens when it is done for the n-th time only. */
static void insert_again(struct trace *trace, unsigned at, const struct op *op)
{
    if (op->code == OP_RESTART_MANY || strpbrk(op_table[op->code].operands, "sS") != NULL)
        return;
    for (unsigned times = 1 + chance_below(12); times > 0; times--)
        (void)context_insert(trace, at, op);
}

static bool may_meet(uint8_t code)
{
    return code == OP_ENTER || code == OP_MUT_ENTER || code == OP_ALLOCATE_GRANT;
}

void context_insert_random(struct trace *trace)
{
    unsigned at = chance_below(trace->op_count + 1);
    struct op op = draw_op(trace);
    if (may_meet(op.code) && chance_one_in(8) && insert_meeting(trace, at, &op))
        return;
    if (op.code == OP_ID_EQUAL)
        at = insert_ids(trace, at, &op);
    at = insert_fillers(trace, at, &op);
    at = insert_for_maps(trace, at, &op);
    if (chance_one_in(12))
        at = insert_end_of_life(trace, at, &op);
    at = insert_slices(trace, at, &op);
    at = insert_far_byte(trace, at, &op);
    at = insert_near_byte(trace, at, &op);
    at = insert_cut_length(trace, at, &op);
    if (op.code == OP_RESTART_MANY)
        at = context_insert_kept(trace, at, &op);
    if (op.code == OP_SKIP_IDS) {
        insert_skip(trace, at, &op);
        return;
    }
    if ((op.code == OP_READ_READONLY || op.code == OP_READ_READWRITE) && chance_one_in(2))
        at = insert_allow_and_enter(trace, at, &op);
    at = insert_many(trace, at, &op);
    if ((op.code == OP_ALLOW_READONLY || op.code == OP_ALLOW_READWRITE) && chance_one_in(2)) {
        op.operands[2].number = (int32_t)chance_below(3); /* drivers have few slots */
        share_own_memory(&op, 3);
    }
    if ((op.code == OP_ALLOW_READONLY || op.code == OP_ALLOW_READWRITE) && chance_one_in(3))
        at = insert_twin_slot(trace, at, &op);
    at = insert_widening(trace, at, &op);
    at = insert_far_number(trace, at, &op);
    at = insert_inactivity(trace, at, &op);
    at = insert_refusal(trace, at, &op);
    at = insert_entered_grant(trace, at, &op);
    at = insert_turn(trace, at, &op);
    if (op.code == OP_ALLOW_USERSPACE_READABLE_WITH) {
        insert_end(trace, insert_acting_driver(trace, at, &op));
        return;
    }
    if (op.code == OP_ALLOCATE_GRANT && chance_one_in(4)) {
        insert_anothers_grant(trace, at, &op);
        return;
    }
    if (!context_insert(trace, at, &op))
        return;
    if (chance_one_in(24))
        insert_again(trace, at, &op);
    if (op_opens_block(op.code))
        insert_end(trace, at + 1);
    else if (lends_by_map(op.code) && chance_one_in(2))
        insert_change_of_map(trace, at + 1, &op);
    else if (op.code == OP_LEAVE_GRANT && draw_has(OP_ENTER_GRANT) && chance_one_in(2))
        insert_another_enter(trace, at + 1, &op);
    else
        insert_look(trace, at + 1, &op);
}
