/* Maps, lenders, vectors and slots of the kernel's: see ops.def. */
#include "bug.h"
#include "execute.h"
#include "lookups.h"
#include "out.h"
#include "pieces.h"
#include "testbed.h"

#include <procbuf/capability.h>

#include <string.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

_Static_assert(MODEL_MOST_PIECES - MOST_PIECES == 0, "the model knows how long pieces are");

/* ---- What the other kernel's functions find ---- */

void lookups_begin(struct testbed *t)
{
    t->machine.lookups_made = 0;
    t->machine.lookups_watched = true;
}

void lookups_end(struct testbed *t)
{
    t->machine.lookups_watched = false;
    if (t->machine.lookups_made != t->model.lookups.count)
        bug_found("result", "lookups",
                  "expected: %u calls of lookup functions, one for each region on the way (M3)\n"
                  "actual: %u",
                  t->model.lookups.count, t->machine.lookups_made);
    t->machine.lookups_made = 0;
}

static struct procbuf_region region_as(const struct model_region *region)
{
    return (struct procbuf_region){
        .start = (procbuf_addr_t)region->start,
        .end = (procbuf_addr_t)region->end,
        .access = region->writable ? PROCBUF_ACCESS_READ_WRITE : PROCBUF_ACCESS_READ,
    };
}

static void watch_lookup(struct testbed *t, unsigned map, procbuf_addr_t addr)
{
    if (!t->machine.lookups_watched)
        return;
    const unsigned n = t->machine.lookups_made++;
    if (n >= t->model.lookups.count ||
        (n < MODEL_MAX_LOOKUPS &&
         (t->model.lookups.calls[n].map != map || t->model.lookups.calls[n].addr != addr)))
        bug_found(
            "result", "callback-lookup",
            "expected: the lookup function of a map is called for the next byte on the way (M3)\n"
            "actual: call %u is of map %u, for another byte",
            n, map);
}

static bool find_region(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    struct testbed *t = testbed_now();
    const unsigned map = (unsigned)((const struct map_number *)data - t->world->map_numbers);
    if (map >= TRACE_MAP_COUNT)
        bug_found("result", "callback-lookup-data",
                  "expected: a lookup function is given the data that came with it (M1)\n"
                  "actual: other data");
    watch_lookup(t, map, addr);
    struct model_region found;
    if (!model_find_region(&t->model, map, addr, &found))
        return false;
    *region_out = region_as(&found);
    return true;
}

/* ---- Making ---- */

void run_map_region(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct model_region *region = &t->model.regions[call->args[0]];
    (void)outcome;
    t->world->regions[call->args[0]] = region_as(region);
}

void run_map_of_pieces(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    struct procbuf_region *end = &t->world->pieces[call->args[0]][WORLD_PIECES];
    const size_t count = cut(&t->world->regions[call->args[0] * TRACE_MAP_REGIONS],
                             (size_t)call->args[1], (procbuf_addr_t)call->args[2], end);
    (void)outcome;
    t->world->maps[call->args[0]] = procbuf_map_of_regions(end - count, count, &capability);
}

void run_map_of_lookup(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    t->world->maps[call->args[0]] =
        procbuf_map_of_lookup(find_region, &t->world->map_numbers[call->args[0]], &capability);
}

void run_map_none(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    memset(&t->world->maps[call->args[0]], 0, sizeof t->world->maps[0]);
}

/* ---- Lending ---- */

struct procbuf_lender lender_named(struct testbed *t, uint64_t map, uint32_t index, uint64_t how)
{
    const struct procbuf_map *the_map = map == TRACE_MAP_COUNT - 1 ? NULL : &t->world->maps[map];
    const struct procbuf_id id = foreign_id_named(t, index);
    t->world->lending = (struct lending){ index, t->world->foreign_lives[index].identifier };
    return how == 1 ? procbuf_lender_rechecked(the_map, id) : procbuf_lender_pinned(the_map, id);
}

/* ---- Vectors ---- */

/* From operand `addr` on, into so many buffers as there is room for. Returns: how many the library writes (M5). */
static size_t build_vector(struct testbed *t, const struct call *call,
                           const struct procbuf_lender *lender, unsigned addr,
                           struct procbuf_readonly *readonly, struct procbuf_readwrite *readwrite,
                           struct outcome *outcome)
{
    const bool writable = op_table[call->op->code].operands[0] == 'W';
    const size_t count = (size_t)call->args[addr + 1], max = model_vector_room(&t->model, call);
    const procbuf_addr_t array = (procbuf_addr_t)call->args[addr];
    size_t failed;
    const struct out out = out_fill(&failed, sizeof failed);
    answer_code(outcome,
                writable
                    ? procbuf_readwrite_build_vector(lender, array, count, readwrite, max, &failed)
                    : procbuf_readonly_build_vector(lender, array, count, readonly, max, &failed));
    if (outcome->status == 0) {
        out_check_kept(&out);
        return count;
    }
    value(outcome, 'l', failed);
    return failed < count ? count : 0;
}

/* What the registers hold is the model's: nothing is left built that should not be (M5). */
static void compare_registers(const struct testbed *t, const struct call *call)
{
    const unsigned from = (unsigned)call->args[0], room = model_vector_room(&t->model, call);
    for (unsigned b = from; b < TRACE_BUFFER_COUNT && b - from < room; b++) {
        const bool writable = op_table[call->op->code].operands[0] == 'W';
        const unsigned number = b + (writable ? TRACE_BUFFER_COUNT : 0);
        const struct model_buffer *buffer = &t->model.buffers[number];
        if ((writable ? procbuf_readwrite_addr(&t->world->readwrite[b])
                      : procbuf_readonly_addr(&t->world->readonly[b])) !=
            (buffer->len == 0 ? 0 : buffer->addr))
            bug_found("result", "vector-register",
                      "expected: buffer register %u holds its pair of the vector, or nothing (M5)\n"
                      "actual: another address",
                      number);
    }
}

void run_map_vector(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct procbuf_lender lender =
        lender_named(t, call->args[1], (uint32_t)call->args[2], call->args[3]);
    (void)build_vector(t, call, &lender, 4, &t->world->readonly[call->args[0]],
                       &t->world->readwrite[call->args[0]], outcome);
    compare_registers(t, call);
}

void run_vector(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct procbuf_lender lender = procbuf_lender_process(&t->world->slots[call->args[1]]);
    (void)build_vector(t, call, &lender, 2, &t->world->readonly[call->args[0]],
                       &t->world->readwrite[call->args[0]], outcome);
    compare_registers(t, call);
}

/* Beyond the registers, too: a pair of the vector, nothing if one was refused, and what was there where none is written. */
static void compare_in_row(const struct testbed *t, bool writable, size_t i, bool is_written,
                           const struct model_range *pair)
{
    const struct procbuf_readonly *readonly = &t->world->row.readonly[i];
    const struct procbuf_readwrite *readwrite = &t->world->row.readwrite[i];
    bool good = true;
    for (size_t b = 0; !is_written && b < sizeof *readonly; b++)
        good &= ((const uint8_t *)readonly)[b] == 0xa5;
    if (is_written) {
        const size_t len =
            writable ? procbuf_readwrite_len(readwrite) : procbuf_readonly_len(readonly);
        const procbuf_addr_t addr =
            writable ? procbuf_readwrite_addr(readwrite) : procbuf_readonly_addr(readonly);
        good = len == pair->len && addr == (pair->len == 0 ? 0 : pair->addr);
    }
    if (!good)
        bug_found("result", "vector-row",
                  "expected: buffer %zu of many holds its pair of the vector, or nothing (M5)\n"
                  "actual: another range",
                  i);
}

void run_vector_many(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    static const struct model_range nothing;
    const bool writable = op_table[call->op->code].operands[0] == 'W';
    const struct procbuf_lender lender = procbuf_lender_process(&t->world->slots[call->args[1]]);
    const size_t first = (size_t)call->args[0];
    memset(&t->world->row, 0xa5, sizeof t->world->row);
    const size_t written =
        build_vector(t, call, &lender, 2, t->world->row.readonly, t->world->row.readwrite, outcome);
    for (size_t i = 0; i < WORLD_LONG_STREAM; i++)
        compare_in_row(t, writable, i, i < written,
                       outcome->status == 0 ? &t->model.far->pairs[i] : &nothing);
    for (size_t i = 0; i < written && first + i < TRACE_BUFFER_COUNT; i++) {
        if (writable)
            t->world->readwrite[first + i] = t->world->row.readwrite[i];
        else
            t->world->readonly[first + i] = t->world->row.readonly[i];
    }
    compare_registers(t, call);
}

static void show_pairs(struct testbed *t, uint64_t addr, uint64_t count)
{
    const uint32_t at = (uint32_t)(addr - ARENA_BASE);
    world_show_user_write(t, (struct span){ at, at + (uint32_t)count * MODEL_PAIR_LEN });
}

void run_put_pair(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    show_pairs(t, call->args[0] + call->args[1] * MODEL_PAIR_LEN, 1);
}

void run_put_pairs(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)outcome;
    show_pairs(t, call->args[0], call->args[1]);
}
