/* How a trace begins. Most of the time of a short input would go into that, so it is done but once
 * for the layout that traces have unless they say otherwise, and copied from then on; and only what
 * the last trace can have touched is copied. */
#include "world.h"

#include "bytes.h"
#include "execute.h"
#include "identifiers.h"
#include "testbed.h"

#if defined(__unix__)
#include <pthread.h>
#endif
#include <string.h>

_Static_assert(ARENA_FOREIGN - ARENA_PROCESSES == TRACE_MAX_MEMORY &&
                   (ARENA_LARGE_LEN == 0 || ARENA_LARGE_LEN - TRACE_MAX_LARGE_MEMORY == 0),
               "traces know how much fits");

/* Of the addresses of the two, one more bit differs than chance has it. */
static struct {
    _Alignas(128) struct world_objects first;
    _Alignas(128) uint8_t apart[64];
    struct world_objects second;
} objects;

/* What is copied when a trace begins: all but the processes of large traces. */
enum { COPIED_FROM = offsetof(struct world_objects, slots) };

/* The processes that come before its own, as they were made. */
static struct before {
    bool made;
    struct procbuf_process processes[sizeof objects.first.before / sizeof objects.first.before[0]];
} before[2];

bool world_is_second(const struct testbed *t)
{
    return t->world == &objects.second;
}

size_t world_slice_len(const struct testbed *t, uint64_t number)
{
    return t->model.slices[number].writable
               ? procbuf_writable_len(t->world->slices[number].writable)
               : procbuf_readable_len(t->world->slices[number].readable);
}

void world_use(struct testbed *t, bool second)
{
    t->world = second ? &objects.second : &objects.first;
    watched_begin(&t->oracle.watched, t->world->slots, TRACE_MAX_PROCESSES,
                  sizeof t->world->slots[0]);
}

/* ---- What was touched ---- */

/* Nothing past these was touched: where processes are, and where those of a large trace are, and its arrays. */
static uint32_t processes_end = ARENA_PROCESSES, large_end = ARENA_LARGE;
static uint32_t large_out_end = ARENA_LARGE_OUT, large_scratch_end = ARENA_LARGE_SCRATCH;
static bool large_is_used; /* by a trace so far */
static bool foreign_touched;
static bool arrays_touched; /* the kernel's own, ARENA_OUT and ARENA_SCRATCH */

static void raise(uint32_t *end, uint64_t to)
{
    if (to > *end)
        *end = (uint32_t)to;
}

/* Flash of no bytes may be anywhere. */
static void note_end(uint64_t end)
{
    const uint64_t at = end - ARENA_BASE;
    if (at <= ARENA_FOREIGN)
        raise(&processes_end, at);
    else if (at > ARENA_LARGE && at <= ARENA_LARGE + ARENA_LARGE_LEN)
        raise(&large_end, at);
}

void world_note_process(struct testbed *t, unsigned slot)
{
    note_end(t->model.processes[slot].mem_end);
    note_end(t->model.processes[slot].flash_end);
}

void world_note_written(struct span span)
{
    arrays_touched |= span.start < ARENA_PROCESSES;
    if (span.start >= ARENA_LARGE_SCRATCH && ARENA_LARGE_LEN != 0)
        raise(&large_scratch_end, span.end);
    else if (span.start >= ARENA_LARGE_OUT && ARENA_LARGE_LEN != 0)
        raise(&large_out_end, span.end);
    else
        note_end((uint64_t)ARENA_BASE + span.end); /* perhaps of a process that the port refused */
}

static const struct span arrays = { ARENA_OUT, ARENA_SCRATCH + ARENA_SCRATCH_LEN };

static uint32_t rounded(uint32_t at)
{
    return (at + 63) & ~63u;
}

unsigned world_touched(const struct testbed *t, struct span parts[WORLD_PARTS])
{
    unsigned count = 0;
    parts[count++] = (struct span){ ARENA_PROCESSES, rounded(processes_end) };
    parts[count++] = arrays;
    if (foreign_touched || t->model.any_foreign) /* else no process has its memory */
        parts[count++] = (struct span){ ARENA_FOREIGN, ARENA_FOREIGN_END };
    if (large_end != ARENA_LARGE) {
        parts[count++] = (struct span){ ARENA_LARGE, rounded(large_end) };
        parts[count++] = (struct span){ ARENA_LARGE_OUT, large_out_end };
        parts[count++] = (struct span){ ARENA_LARGE_SCRATCH, large_scratch_end };
    }
    return count;
}

void world_forget_touched(void)
{
    processes_end = ARENA_FOREIGN;
    foreign_touched = true;
    arrays_touched = true;
    if (large_is_used) {
        large_end = ARENA_LARGE + ARENA_LARGE_LEN;
        large_out_end = ARENA_LARGE_SCRATCH;
        large_scratch_end = ARENA_LEN;
    }
}

void world_show_user_write(struct testbed *t, struct span span)
{
    arena_copy(&t->oracle.arena[span.start], &t->model.bytes[span.start], span.end - span.start);
    arena_wrote(span);
}

void world_note_lives(struct testbed *t, bool gaps_are_nobodys)
{
    for (unsigned slot = 0; arena_has_shadow() && slot < t->model.slot_count; slot++) {
        const struct model_process *p = &t->model.processes[slot];
        if (!p->used)
            continue;
        const uint32_t app_break = (uint32_t)(p->app_break - ARENA_BASE);
        if (gaps_are_nobodys)
            arena_forget((struct span){ app_break, (uint32_t)(p->kernel_break - ARENA_BASE) });
        /* A new life finds its memory as the old one left it (L5), whatever the break was then. */
        arena_wrote((struct span){ (uint32_t)(p->mem_start - ARENA_BASE), app_break });
    }
}

/* ---- Snapshots ---- */

struct snapshot {
    bool made;
    uint32_t processes_end;
    struct world_objects objects;
    struct view views[TRACE_MAX_PROCESSES];
    struct model model; /* its bytes are the arena's, too */
};

/* Without processes; and with those of a trace that lays none out. */
static struct snapshot blank, usual;

static void save(struct testbed *t, struct snapshot *snapshot)
{
    snapshot->made = true;
    snapshot->processes_end = processes_end;
    memcpy((uint8_t *)&snapshot->objects + COPIED_FROM, (const uint8_t *)t->world + COPIED_FROM,
           sizeof *t->world - COPIED_FROM);
    memcpy(snapshot->views, t->views, sizeof t->views);
    snapshot->model = t->model;
}

static bool any_driver(const struct testbed *t)
{
    for (unsigned v = 0; v < TRACE_DRIVER_COUNT; v++)
        if (t->model.drivers[v].declared)
            return true;
    return false;
}

/* Only what was touched was copied: the rest must be as it was. */
static void check_restored(const struct testbed *t, const struct snapshot *snapshot)
{
    const size_t len = large_is_used || ARENA_LARGE_LEN == 0 ? ARENA_LEN : ARENA_LARGE;
    const struct model *was = &snapshot->model;
    if (!bytes_equal((const uint8_t *)&t->model, (const uint8_t *)was,
                     offsetof(struct model, cells)) ||
        !bytes_equal(t->model.cells, was->cells, len) ||
        !bytes_equal(t->model.bytes, was->bytes, len))
        bug_found("testbed", "model-not-restored",
                  "expected: a trace finds the model as the first one did\nactual: it differs");
    if (!bytes_equal(t->oracle.arena, was->bytes, len))
        bug_found("testbed", "arena-not-restored",
                  "expected: a trace finds memory as the first one did\nactual: it differs");
}

static void restore(struct testbed *t, const struct snapshot *snapshot)
{
    struct span parts[WORLD_PARTS];
    if (snapshot->processes_end > processes_end)
        processes_end = snapshot->processes_end;
    const unsigned count = world_touched(t, parts);
    for (unsigned part = 0; part < count; part++) {
        const bool are_arrays = !arena_is_of_process(parts[part].start);
        const uint32_t at = parts[part].start, len = parts[part].end - at;
        if (parts[part].start == arrays.start && !arrays_touched)
            continue;
        arena_copy(&t->oracle.arena[at], &snapshot->model.bytes[at], len);
        arena_copy(&t->model.bytes[at], &snapshot->model.bytes[at], len);
        if (!are_arrays) /* whose cells never change */
            arena_copy(&t->model.cells[at], &snapshot->model.cells[at], len);
    }
    const bool has_drivers = any_driver(t);
    arena_copy(&t->model, &snapshot->model, offsetof(struct model, slots));
    if (t->model.depth != 0) /* the last trace was left where it was */
        memset(t->model.open, 0, sizeof t->model.open);
    if (has_drivers)
        arena_copy(t->model.slots, snapshot->model.slots, sizeof t->model.slots);
    arena_copy((uint8_t *)t->world + COPIED_FROM, (const uint8_t *)&snapshot->objects + COPIED_FROM,
               sizeof *t->world - COPIED_FROM);
    arena_copy(t->views, snapshot->views, sizeof t->views);
    processes_end = snapshot->processes_end;
    large_end = ARENA_LARGE;
    large_out_end = ARENA_LARGE_OUT;
    large_scratch_end = ARENA_LARGE_SCRATCH;
    foreign_touched = arrays_touched = false;
    (void)watched_take(&t->oracle.watched);
    if (t->checks_itself)
        check_restored(t, snapshot);
}

static void turn_life(struct oracle *oracle, uint32_t process)
{
    struct testbed *t = testbed_of(oracle);
    model_foreign_turns(&t->world->foreign_lives[process]);
}

/* Another table of this kernel, whose process has no memory that the library would touch. */
static void make_other(struct testbed *t)
{
    const struct procbuf_process_config config = { .flash_start = ARENA_BASE + ARENA_FOREIGN,
                                                   .mem_start = ARENA_BASE + ARENA_FOREIGN };
    struct procbuf_process *process;
    procbuf_table_init(&t->world->other, &t->world->other_process, 1);
    procbuf_table_use_grants(&t->world->other, &t->world->other_grant, 0);
    if (procbuf_process_create(&t->world->other, &config, &process) != PROCBUF_OK)
        bug_found("result", "other-table",
                  "expected: each table of ours has processes of its own (L1, P4)\n"
                  "actual: its first process is refused");
}

/* ---- Large traces ---- */

#ifndef ARENA_SMALL_ONLY
/* Grants of a large trace: those of its own processes are new in each. */
static struct procbuf_grant_entry
    large_grants[2][(TRACE_LARGE_BEFORE + TRACE_MAX_PROCESSES) * TRACE_LARGE_GRANTS];

/* A table whose first places are taken, by processes without memory. They are made once, and copied from then on. */
static void begin_large(struct testbed *t)
{
    struct before *made = &before[world_is_second(t)];
    struct procbuf_grant_entry *grants = large_grants[world_is_second(t)];
    struct procbuf_process *process;
    memset(&grants[(size_t)TRACE_LARGE_BEFORE * TRACE_LARGE_GRANTS], 0xa5,
           (size_t)TRACE_MAX_PROCESSES * TRACE_LARGE_GRANTS * sizeof *grants);
    procbuf_table_init(&t->world->table, t->world->before,
                       TRACE_LARGE_BEFORE + t->model.slot_count);
    procbuf_table_use_grants(&t->world->table, grants, TRACE_LARGE_GRANTS);
    for (unsigned place = 0; !made->made && place < TRACE_LARGE_BEFORE; place++) {
        const struct procbuf_process_config config = { .flash_start = ARENA_BASE + ARENA_FOREIGN,
                                                       .mem_start = ARENA_BASE + ARENA_FOREIGN };
        if (procbuf_process_create(&t->world->table, &config, &process) != PROCBUF_OK ||
            process != &t->world->before[place])
            bug_found("result", "large-table",
                      "expected: process %u of many takes the place after the last one (P4, L8)\n"
                      "actual: it is refused, or gets another place",
                      place);
    }
    if (made->made)
        memcpy(t->world->before, made->processes, sizeof made->processes);
    else
        memcpy(made->processes, t->world->before, sizeof made->processes);
    made->made = true;
    watched_forbid(&t->oracle.watched, grants,
                   (size_t)TRACE_LARGE_BEFORE * TRACE_LARGE_GRANTS * sizeof *grants);
    identifiers_begin_at(t, TRACE_LARGE_BEFORE);
}
#else
static void begin_large(struct testbed *t)
{
    (void)t;
} /* there is none */
#endif

void world_check_those_before(const struct testbed *t)
{
    const struct before *made = &before[world_is_second(t)];
    if (t->model.is_large && !bytes_equal((const uint8_t *)t->world->before,
                                          (const uint8_t *)made->processes, sizeof made->processes))
        bug_found("state", "processes-before",
                  "expected: calls for p0 to p%u change no other process of the table (I6)\n"
                  "actual: one that comes before them has changed",
                  t->model.slot_count - 1);
}

static void make_blank(struct testbed *t)
{
#if defined(__unix__)
    /* The arena is shared with a process that forks, as AFL++'s does for every so many inputs: what the other one touches there,
     * this one cannot know. */
    pthread_atfork(NULL, world_forget_touched, world_forget_touched);
#endif
    model_reset(&t->model);
    memcpy(t->oracle.arena, arena_pristine(), ARENA_LEN);
    memset(t->world, 0xa5, sizeof *t->world); /* nothing is zero by luck */
    for (unsigned b = 0; b < TRACE_BUFFER_COUNT; b++) {
        t->world->readonly[b] = procbuf_readonly_default();
        t->world->readwrite[b] = procbuf_readwrite_default();
    }
    for (unsigned v = 0; v < TRACE_DRIVER_COUNT; v++)
        t->world->held[v] = procbuf_readwrite_default();
    memset(t->world->ids, 0, sizeof t->world->ids);
    t->world->grant = NULL;
    t->world->reader = procbuf_reader_over(NULL, 0);
    t->world->writer = procbuf_writer_over(NULL, 0);
    world_use(t, world_is_second(t));
    memset(t->world->foreign_lives, 0, sizeof t->world->foreign_lives);
    memset(t->world->regions, 0, sizeof t->world->regions);
    memset(t->world->maps, 0, sizeof t->world->maps);
    memset(t->world->readonly_slots, 0, sizeof t->world->readonly_slots);
    memset(t->world->readwrite_slots, 0, sizeof t->world->readwrite_slots);
    t->oracle.life_act = turn_life;
    save(t, &blank);
}

void world_forget_made(void)
{
    usual.made = false;
}

/* ---- A trace begins ---- */

/* How many identifiers the table of the second world has given out when a trace begins. */
static const uint64_t other_identifiers = 0x100000003;

bool world_begin(struct testbed *t, const struct trace *trace, bool may_copy)
{
    oracle_reset(&t->oracle);
    if (t->origins.any)
        memset(&t->origins, 0, sizeof t->origins);
    if (!blank.made)
        make_blank(t);
    if (may_copy && usual.made) {
        restore(t, &usual);
        return true;
    }
    restore(t, &blank);
    t->model.is_large = trace_is_large(trace) || t->model.granule > TRACE_MAX_FLASH;
    watched_forbid(&t->oracle.watched, NULL, 0);
    large_is_used |= t->model.is_large;
    arena_wrote((struct span){ 0, t->model.is_large ? ARENA_LEN : ARENA_FOREIGN_END });
    t->model.slot_count = trace_slot_count(trace);
    procbuf_table_init_external(&t->world->foreign, execute_foreign_is_live,
                                t->world->foreign_lives);
    make_other(t);
    procbuf_table_init(&t->world->table, t->world->slots, TRACE_MAX_PROCESSES); /* all are empty */
    procbuf_table_init(&t->world->table, t->world->slots, t->model.slot_count);
    (void)watched_take(&t->oracle.watched);
    procbuf_table_use_grants(&t->world->table, t->world->grants, MODEL_GRANT_COUNT);
    if (t->model.is_large)
        begin_large(t);
    if (world_is_second(t))
        identifiers_begin_at(t, other_identifiers);
    return false;
}

void world_keep_usual(struct testbed *t)
{
    save(t, &usual);
}
