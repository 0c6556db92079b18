/* Maps: what foreign processes may access, buffers over that, vectors, slots of the kernel's. Contract: M. */
#include "rules.h"

/* ---- What a map permits ---- */

static bool region_has(const struct model_region *region, uint64_t addr)
{
    return region->start <= addr && addr < region->end;
}

static const struct model_region *regions_of(const struct model *m, unsigned map)
{
    return m->maps[map].is_cut ? m->maps[map].cut : &m->regions[(size_t)map * TRACE_MAP_REGIONS];
}

/* Pieces of that length, from its start on, or of a longer one if there were too many. */
static struct model_region piece_of(struct model_region region, uint64_t addr, uint64_t len)
{
    const wide all = region.end - region.start;
    const uint64_t longer = (uint64_t)((all + MODEL_MOST_PIECES - 1) / MODEL_MOST_PIECES);
    if (len < longer)
        len = longer;
    const uint64_t start = region.start + (addr - region.start) / len * len;
    const uint64_t rest = region.end - start;
    return (struct model_region){ start, start + (len < rest ? len : rest), region.writable };
}

bool model_find_region(const struct model *m, unsigned map, uint64_t addr,
                       struct model_region *region_out)
{
    const uint64_t piece = m->maps[map].piece;
    for (unsigned r = 0; r < m->maps[map].count; r++) {
        const struct model_region region = regions_of(m, map)[r];
        if (!region_has(&region, addr))
            continue;
        *region_out = piece == 0 ? region : piece_of(region, addr, piece);
        return true;
    }
    return false;
}

/* M1, of an array: some region with the right holds the byte. */
static bool byte_is_permitted(const struct model *m, unsigned map, uint64_t addr, bool writable)
{
    for (unsigned r = 0; r < m->maps[map].count; r++) {
        const struct model_region *region = &regions_of(m, map)[r];
        if (region_has(region, addr) && (region->writable || !writable))
            return true;
    }
    return false;
}

/* The first byte that is missing, if there is one, is the range's first, or follows a region. */
static bool array_permits(const struct model *m, unsigned map, uint64_t addr, wide end,
                          bool writable)
{
    bool good = byte_is_permitted(m, map, addr, writable);
    for (unsigned r = 0; r < m->maps[map].count; r++) {
        const uint64_t next = regions_of(m, map)[r].end;
        if (addr < next && next < end)
            good &= byte_is_permitted(m, map, next, writable);
    }
    return good;
}

/* M3: one call for each region on the way. */
static bool function_permits(struct model *m, unsigned map, uint64_t addr, wide end, bool writable,
                             bool asks)
{
    struct model_region region;
    while (addr < end) {
        struct model_lookups *lookups = &m->lookups;
        if (asks && lookups->count < MODEL_MAX_LOOKUPS) {
            lookups->calls[lookups->count].map = map;
            lookups->calls[lookups->count].addr = addr;
        }
        lookups->count += asks;
        if (!model_find_region(m, map, addr, &region) || (writable && !region.writable))
            return false;
        addr = region.end;
    }
    return true;
}

bool model_map_permits(struct model *m, unsigned map, uint64_t addr, uint64_t len, bool writable,
                       bool asks)
{
    const wide end = (wide)addr + len;
    switch (m->maps[map].kind) {
    case MODEL_ARRAY: return array_permits(m, map, addr, end, writable);
    case MODEL_FUNCTION: return function_permits(m, map, addr, end, writable, asks);
    default: return false;
    }
}

/* ---- The kernel makes maps ---- */

void predict_map_region(struct model *m, const struct call *call, struct prediction *p)
{
    RULE("M1");
    answers(p, OUTCOME_DONE, 0);
    m->regions[call->args[0]] =
        (struct model_region){ .start = call->args[1],
                               .end = (uintptr_t)(call->args[1] + call->args[2]),
                               .writable = call->args[3] == 1 };
}

void predict_map_make(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned map = (unsigned)call->args[0];
    const uint8_t code = call->op->code;
    RULE("M1");
    if (map == TRACE_MAP_COUNT - 1) {
        skips(p, "T5");
        return;
    }
    answers(p, OUTCOME_DONE, 0);
    m->maps[map] = (struct model_map){ .kind = MODEL_ARRAY, .count = (unsigned)call->args[1] };
    if (code == OP_MAP_NONE)
        m->maps[map].kind = MODEL_NO_MAP;
    if (code == OP_MAP_OF_LOOKUP || code == OP_MAP_OF_LOOKUP_PIECES)
        m->maps[map].kind = MODEL_FUNCTION;
    if (code == OP_MAP_OF_LOOKUP_PIECES)
        m->maps[map].piece = call->args[2];
    if (code == OP_MAP_OF_PIECES) { /* which permit what they were cut from */
        memcpy(m->maps[map].cut, regions_of(m, map), sizeof m->maps[map].cut);
        m->maps[map].is_cut = true;
    }
}

/* ---- Who lends ---- */

/* From operand `k` on: a map, a foreign process, a way to hold. */
static struct model_lender lender_of(const struct model *m, const struct call *call, unsigned k)
{
    return (struct model_lender){ .kind = MODEL_FOREIGN,
                                  .map = (unsigned)call->args[k],
                                  .slot = (unsigned)call->args[k + 1],
                                  .identifier = m->foreign[call->args[k + 1]].identifier,
                                  .rechecked = call->args[k + 2] == 1 };
}

/* M2, of a range that is not empty, by map `map`. */
static bool range_is_permitted(struct model *m, unsigned map, uint64_t addr, uint64_t len,
                               bool writable, bool asks)
{
    return addr != 0 && (wide)addr + len < ADDRESS_SPACE &&
           model_map_permits(m, map, addr, len, writable, asks);
}

/* M2. Returns: the error. */
static int share(struct model *m, const struct model_lender *lender, uint64_t addr, uint64_t len,
                 bool writable, struct prediction *p)
{
    const struct model_id id = { true, true, lender->slot, lender->identifier };
    if (lender->kind == MODEL_PROCESS)
        return model_share(m, lender->slot, addr, len, writable, p);
    RULE("M2");
    if (!model_id_is_live(m, &id))
        return PROCESS_ERRORS + NO_SUCH_APP;
    return len == 0 || range_is_permitted(m, lender->map, addr, len, writable, true) ? OK : INVAL;
}

/* What a kernel's map says is its own business, but for memory that is not the process's. */
static bool may_be_lent(struct model *m, const struct model_lender *lender, uint64_t addr,
                        uint64_t len, bool writable)
{
    const uint64_t memory = model_foreign_memory(lender->slot);
    return lender->kind == MODEL_PROCESS || len == 0 ||
           (addr >= memory && (wide)addr + len <= (wide)memory + MODEL_FOREIGN_LEN) ||
           !range_is_permitted(m, lender->map, addr, len, writable, false);
}

static struct model_buffer buffer_of(const struct model *m, const struct model_lender *lender,
                                     uint64_t addr, uint64_t len, bool writable)
{
    return (struct model_buffer){
        .filled = true,
        .built = lender->kind == MODEL_PROCESS,
        .foreign = lender->kind == MODEL_FOREIGN,
        .slot = lender->slot,
        .identifier = lender->kind == MODEL_PROCESS ? m->processes[lender->slot].identifier
                                                    : lender->identifier,
        .addr = addr,
        .len = len,
        .rechecked = lender->rechecked,
        .writable = writable,
        .map = lender->map,
    };
}

/* The range is operand `k`, and the length after it. */
static void build_by(struct model *m, const struct call *call, const struct model_lender *lender,
                     unsigned k, struct prediction *p)
{
    const bool writable = op_table[call->op->code].operands[0] == 'W';
    const uint64_t addr = call->args[k], len = call->args[k + 1];
    if (!may_be_lent(m, lender, addr, len, writable)) {
        skips(p, "R14");
        return;
    }
    answers(p, OUTCOME_CODE, share(m, lender, addr, len, writable, p));
    const struct model_buffer buffer = buffer_of(m, lender, addr, len, writable);
    if (p->outcome.status == OK)
        model_fill_buffer(m, model_buffer_named(call, 0), &buffer);
}

void predict_map_build(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_lender lender = lender_of(m, call, 1);
    build_by(m, call, &lender, 4, p);
}

/* A lender says who, and by which map: what is asked of these is as it is when it lends. */
void predict_keep_lender(struct model *m, const struct call *call, struct prediction *p)
{
    RULE("M5");
    if (model_is_empty_slot(m, (unsigned)call->args[0], p))
        return;
    answers(p, OUTCOME_DONE, 0);
    m->kept_lender =
        (struct model_lender){ .kind = MODEL_PROCESS, .slot = (unsigned)call->args[0] };
}

void predict_keep_map_lender(struct model *m, const struct call *call, struct prediction *p)
{
    RULE("M5");
    answers(p, OUTCOME_DONE, 0);
    m->kept_lender = lender_of(m, call, 0);
}

void predict_kept_build(struct model *m, const struct call *call, struct prediction *p)
{
    if (m->kept_lender.kind == MODEL_NO_LENDER)
        skips(p, "T5"); /* none is kept: there is nothing to call the library with */
    else if (m->kept_lender.kind == MODEL_FOREIGN ||
             !model_is_empty_slot(m, m->kept_lender.slot, p))
        build_by(m, call, &m->kept_lender, 1, p);
}

/* ---- M5 ---- */

static uint64_t word_at(const struct model *m, uint64_t addr)
{
    uintptr_t word;
    memcpy(&word, &m->bytes[addr - ARENA_BASE], sizeof word);
    return word;
}

static struct model_range pair_at(const struct model *m, uint64_t addr)
{
    return (struct model_range){ word_at(m, addr), word_at(m, addr + sizeof(uintptr_t)) };
}

/* A vector, and the registers for what it names. */
struct vector {
    struct model_lender lender;
    uint64_t addr, count;
    unsigned first, kept, max;
    bool writable;
};

/* The array is entered, and copied. Returns: the error. */
static int fetch_pairs(struct model *m, const struct vector *v, struct model_range *pairs,
                       struct prediction *p)
{
    const uint64_t len = v->count * MODEL_PAIR_LEN;
    const int error = share(m, &v->lender, v->addr, len, false, p);
    const struct model_buffer array = buffer_of(m, &v->lender, v->addr, len, false);
    if (error != OK)
        return error;
    if (!model_asks_whether_live(m, &array, p))
        return PROCESS_ERRORS + NO_SUCH_APP;
    opens(m, p, HOOK_OPEN, v->addr, len, false);
    for (unsigned i = 0; i < v->count; i++)
        pairs[i] = pair_at(m, v->addr + (uint64_t)i * MODEL_PAIR_LEN);
    may_read(p, (uint32_t)(v->addr - ARENA_BASE), (uint32_t)(v->addr - ARENA_BASE + len));
    opens(m, p, HOOK_CLOSE, v->addr, len, false);
    return OK;
}

/* Of a foreign vector, whose bytes nothing changes meanwhile. */
static bool vector_may_be_lent(struct model *m, const struct vector *v)
{
    const uint64_t len = v->count * MODEL_PAIR_LEN;
    if (v->lender.kind == MODEL_PROCESS || v->count > v->max)
        return true;
    if (!may_be_lent(m, &v->lender, v->addr, len, false))
        return false;
    if (v->count == 0 || !range_is_permitted(m, v->lender.map, v->addr, len, false, false))
        return true;
    for (unsigned i = 0; i < v->count; i++) {
        const struct model_range pair = pair_at(m, v->addr + (uint64_t)i * MODEL_PAIR_LEN);
        if (!may_be_lent(m, &v->lender, pair.addr, pair.len, v->writable))
            return false;
    }
    return true;
}

static void build_vector(struct model *m, const struct vector *v, struct prediction *p)
{
    static const struct model_buffer none;
    struct model_range *pairs = m->far->pairs;
    uint64_t failed = v->count;
    int error = share(m, &v->lender, 0, 0, v->writable, p);
    RULE("M5");
    if (error == OK && v->count > v->max)
        error = SIZE;
    if (error == OK && v->count != 0)
        error = fetch_pairs(m, v, pairs, p);
    for (unsigned i = 0; error == OK && i < v->count; i++) {
        const struct model_buffer buffer =
            buffer_of(m, &v->lender, pairs[i].addr, pairs[i].len, v->writable);
        error = share(m, &v->lender, pairs[i].addr, pairs[i].len, v->writable, p);
        if (error != OK)
            failed = i;
        else if (i < v->kept)
            model_fill_buffer(m, v->first + i, &buffer);
    }
    RULE("M5");
    answers(p, OUTCOME_CODE, error);
    if (error == OK)
        return;
    answers_with(p, 'l', failed);
    for (unsigned i = 0; failed < v->count && i < v->count && i < v->kept; i++)
        model_fill_buffer(m, v->first + i, &none);
}

unsigned model_vector_room(const struct model *m, const struct call *call)
{
    const char *most = strchr(op_table[call->op->code].operands, 'r');
    const unsigned left = TRACE_BUFFER_COUNT - (unsigned)call->args[0];
    if (most == NULL)
        return m->is_large ? MODEL_LONG_VECTOR : TRACE_BUFFER_COUNT;
    const unsigned asked = (unsigned)call->args[most - op_table[call->op->code].operands];
    return asked < left ? asked : left;
}

/* From operand `k` on: address and count. */
static struct vector vector_of(const struct model *m, const struct call *call, unsigned k,
                               const struct model_lender *lender)
{
    return (struct vector){ .lender = *lender,
                            .addr = call->args[k],
                            .count = call->args[k + 1],
                            .first = model_buffer_named(call, 0),
                            .kept = TRACE_BUFFER_COUNT - (unsigned)call->args[0],
                            .max = model_vector_room(m, call),
                            .writable = op_table[call->op->code].operands[0] == 'W' };
}

void predict_vector(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_lender lender = { .kind = MODEL_PROCESS, .slot = (unsigned)call->args[1] };
    const struct vector v = vector_of(m, call, 2, &lender);
    if (!model_is_empty_slot(m, lender.slot, p))
        build_vector(m, &v, p);
}

void predict_map_vector(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_lender lender = lender_of(m, call, 1);
    const struct vector v = vector_of(m, call, 4, &lender);
    if (vector_may_be_lent(m, &v))
        build_vector(m, &v, p);
    else
        skips(p, "R14");
}

/* Userspace writes so many pairs: one owner, and one purpose. */
static void put_pairs(struct model *m, uint64_t addr, uint64_t count, const uint64_t *pair,
                      struct prediction *p)
{
    const uintptr_t words[2] = { (uintptr_t)pair[0], (uintptr_t)pair[1] };
    const uint64_t foreign = model_foreign_memory(0), len = count * sizeof words;
    const uint64_t foreign_len = (uint64_t)TRACE_FOREIGN_COUNT * MODEL_FOREIGN_LEN;
    skips(p, "T5");
    if (count > TRACE_LONG_STREAM) /* no vector that is built has more */
        return;
    if (addr >= foreign && len <= foreign_len && addr - foreign <= foreign_len - len)
        m->any_foreign = true;
    else if (!model_is_app_memory(m, addr))
        return;
    for (uint64_t i = 0; i < len; i++)
        if (!arena_holds((uintptr_t)(addr + i)) ||
            m->cells[addr + i - ARENA_BASE] != m->cells[addr - ARENA_BASE])
            return;
    for (uint64_t i = 0; i < len; i += sizeof words)
        memcpy(&m->bytes[addr + i - ARENA_BASE], words, sizeof words);
    answers(p, OUTCOME_DONE, 0);
}

void predict_put_pair(struct model *m, const struct call *call, struct prediction *p)
{
    put_pairs(m, call->args[0] + call->args[1] * MODEL_PAIR_LEN, 1, &call->args[2], p);
}

void predict_put_pairs(struct model *m, const struct call *call, struct prediction *p)
{
    put_pairs(m, call->args[0], call->args[1], &call->args[2], p);
}

void predict_pair(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = model_slice_named(m, call, p);
    if (slice == NULL)
        return;
    const uint64_t len = model_slice_len(slice), offset = call->args[1];
    RULE("M5");
    if ((wide)offset + MODEL_PAIR_LEN > len) {
        answers(p, OUTCOME_NO, 0);
        return;
    }
    const struct model_range pair = pair_at(m, (uint64_t)ARENA_BASE + slice->span.start + offset);
    may_read(p, slice->span.start + (uint32_t)offset,
             slice->span.start + (uint32_t)offset + MODEL_PAIR_LEN);
    answers(p, OUTCOME_YES, 0);
    answers_with(p, 'a', pair.addr);
    answers_with(p, 'l', pair.len);
}

/* ---- M6 ---- */

void predict_map_allow(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_lender lender = lender_of(m, call, 1);
    const bool writable = call->op->code == OP_MAP_ALLOW_READWRITE;
    struct model_kernel_slot *slot = &m->kernel_slots[writable][call->args[0]];
    struct model_range gives = { call->args[4], call->args[5] };
    if (!may_be_lent(m, &lender, gives.addr, gives.len, writable)) {
        skips(p, "R14");
        return;
    }
    answers(p, OUTCOME_CODE, share(m, &lender, gives.addr, gives.len, writable, p));
    if (p->outcome.status == OK) {
        const struct model_buffer held = buffer_of(m, &lender, gives.addr, gives.len, writable);
        RULE("M6");
        gives = (struct model_range){ slot->held.addr, slot->held.len };
        slot->held = held;
        slot->swaps++;
    }
    answers_with(p, 'a', gives.addr);
    answers_with(p, 'l', gives.len);
}

void predict_map_slot(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned kind = call->op->code == OP_MAP_SLOT_READWRITE;
    const struct model_kernel_slot *slot = &m->kernel_slots[kind][call->args[1]];
    struct model_buffer buffer = slot->held;
    RULE("M6");
    buffer.from_kernel_slot = buffer.filled;
    buffer.kind = kind;
    buffer.number = (unsigned)call->args[1];
    buffer.swaps = slot->swaps;
    answers(p, OUTCOME_DONE, 0);
    model_fill_buffer(m, model_buffer_named(call, 0), &buffer);
}
