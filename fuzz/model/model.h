/* The shadow model: what must happen, worked out a second time and as plainly as possible.
 *
 * It shares no code and no representation with the library: process memory is a map with one
 * entry a byte (who owns it, what it is for, what it holds), sums are made in a type that cannot
 * wrap, and every rule is written out from lib/CONTRACT.md. Each rule names the number it follows
 * (RULE("B3")), so that a finding can say what was broken.
 *
 * Before a library call the machine asks model_predict() for the outcome, the bytes that the call
 * may read and write, and the hooks that it calls. The model's own state is then already that
 * after the call.
 */
#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include "oracle.h"
#include "trace.h"

/* ---- Outcomes: what an operation answers ---- */

enum outcome_kind {
    OUTCOME_SKIPPED,       /* makes no sense here; the library was not called */
    OUTCOME_DONE,          /* returns nothing */
    OUTCOME_CODE,          /* status: 0 is OK, else a number of E1 */
    OUTCOME_PROCESS_ERROR, /* status: 0 is OK, else the place in E1's list of process errors */
    OUTCOME_YES,
    OUTCOME_NO, /* also "none" */
    OUTCOME_PANIC
};

/* Kinds of values, by letter: a address, l length, u number, w word, x digest of bytes,
 * p process, t text (the address of a string). */
struct outcome {
    enum outcome_kind kind;
    int status;
    int reason; /* of a no, where the library gives one: a number of E1; else 0. Not in results. */
    unsigned value_count;
    struct {
        char kind;
        uint64_t value;
    } values[3];
};

struct prediction {
    const char *rule;
    struct outcome outcome;
    struct expectation access;
};

/* An operation with its operands worked out. */
struct call {
    const struct op *op;
    uint64_t args[TRACE_MAX_OPERANDS];
    bool cuts_writable; /* the slice it names first could write when it began: its parts can, too */
};

/* The buffer register that operand `k` is. */
static inline unsigned model_buffer_named(const struct call *call, unsigned k)
{
    return buffer_number(op_table[call->op->code].operands[k], call->args[k]);
}

/* ---- State, for the machine to compare and to print ---- */

enum model_state {
    MODEL_RUNNING,
    MODEL_YIELDED,
    MODEL_YIELDED_FOR,
    MODEL_STOPPED,
    MODEL_FAULTED,
    MODEL_TERMINATED
};

enum {
    MODEL_GRANT_COUNT = 4, /* of a trace that is not large */
    MODEL_NEAR_SLOTS =
        4, /* slots 0 to 3; those of a large trace that follow them here are the same in 8 bits: */
    MODEL_FAR_SLOT = 256,
    MODEL_SLOT_COUNT = MODEL_NEAR_SLOTS * (ARENA_LARGE_LEN != 0 ? 2 : 1),
    MODEL_FOREIGN_COUNT = TRACE_FOREIGN_COUNT,
    MODEL_OTHER = 4, /* its place, after those of the foreign table */
    MODEL_FOREIGN_LEN = 256,
    MODEL_MAX_LOOKUPS = 64, /* of which the places are known */
    MODEL_MOST_PIECES = 80, /* of a region */
    MODEL_PAIR_LEN = 2 * sizeof(uintptr_t)
};

/* A range as userspace passed it. */
struct model_range {
    uint64_t addr;
    uint64_t len;
};

/* What the library keeps in a grant's memory for a driver. It outlives the grant, as the memory
 * does, until that grant is made again. */
struct model_slots {
    struct span place; /* of all slots; where they are in it is the library's business */
    struct model_range held[2][MODEL_SLOT_COUNT]; /* read-only, read-write */
    uint64_t swaps[2][MODEL_SLOT_COUNT];
    bool shown[2][MODEL_SLOT_COUNT]; /* whether the library has looked there, and so shown where: */
    struct span
        counters[2][MODEL_SLOT_COUNT]; /* where swaps are counted: as the library first showed */
};

/* Where the model keeps slot `number`. Returns: -1 if it keeps none of that number. */
static inline int model_slot_kept(uint64_t number)
{
    if (number < MODEL_NEAR_SLOTS)
        return (int)number;
    const uint64_t kept = number - MODEL_FAR_SLOT + MODEL_NEAR_SLOTS;
    return number >= MODEL_FAR_SLOT && kept < MODEL_SLOT_COUNT ? (int)kept : -1;
}

struct model_grant {
    bool allocated;
    bool entered;
    bool entered_by_driver;
    bool is_drivers; /* else the process level allocated it */
    unsigned driver; /* whose it is */
    uint32_t driver_number;
    struct span span;
};

struct model_driver {
    bool declared;
    uint32_t grant_number, driver_number;
    uint32_t slot_counts[2]; /* read-only, read-write */
    uint32_t len; /* of the whole grant */
    uint32_t data_align; /* as it is declared; slots want 8 */
    uint32_t data_offset; /* as the library publishes it */
    uint32_t data_len; /* that traces see: the same on every target */
    struct model_range held; /* by allow_userspace_readable */
};

/* An enter whose body runs. */
struct model_open {
    unsigned slot;
    bool foreign;
    bool of_grant;
    struct span span;
    unsigned driver;
    uint64_t identifier; /* of the life it began in */
    bool
        outlived; /* a later life has made a grant of the same number: what this one held is here */
    struct model_slots slots;
};

struct model_process {
    bool used;
    bool restarts; /* fault policy */
    uint64_t identifier;
    uint64_t flash_start, flash_protected_end, flash_end;
    uint64_t mem_start, mem_end;
    uint64_t initial_app_break, initial_kernel_break;
    uint64_t app_break, kernel_break, mark;
    enum model_state state;
    enum model_state stopped_from;
    unsigned yielded_for;
    unsigned completion; /* 0 never ended, 1 without a code, 2 with one */
    uint32_t completion_code;
    uint32_t restart_count;
    unsigned open_enters;
    struct model_grant grants[MODEL_GRANT_COUNT];
};

struct model_buffer {
    bool filled; /* false: the default buffer */
    bool built; /* by B, not vouched for by trusted code */
    unsigned slot;
    uint64_t identifier;
    uint64_t addr;
    uint64_t len;
    bool foreign; /* of the foreign table: `slot` is a place there; or MODEL_OTHER */
    bool from_slot; /* read from a driver's slot, when that had been swapped so many times */
    unsigned grant_number, kind, number; /* of a driver's: where the model keeps it */
    uint64_t swaps;
    bool from_kernel_slot; /* … or from one of the kernel's: of `kind`, `number` */
    bool rechecked; /* each use asks map `map` again, for this right: */
    bool writable;
    unsigned map;
};

/* What the kernel says of memory; half-open. */
struct model_region {
    uint64_t start, end;
    bool writable;
};

struct model_map {
    enum { MODEL_NO_MAP, MODEL_ARRAY, MODEL_FUNCTION } kind;
    unsigned count; /* of its regions */
    uint64_t piece; /* of a function that finds pieces: how long they are; else 0 */
    bool is_cut; /* its regions are those that it was made of, */
    struct model_region cut[TRACE_MAP_REGIONS];
};

/* Who lends memory (M5). */
struct model_lender {
    enum { MODEL_NO_LENDER, MODEL_PROCESS, MODEL_FOREIGN } kind;
    unsigned slot; /* of the process, or of the foreign one, */
    uint64_t identifier; /* … which lived then, and may have ended */
    unsigned map;
    bool rechecked;
};

/* What a driver of another kernel was allowed. */
struct model_kernel_slot {
    struct model_buffer held;
    uint64_t swaps;
};

struct model_slice {
    bool valid;
    bool writable;
    bool dummy; /* the slice of an empty buffer or array: it has no place in the arena */
    unsigned depth;
    struct span span;
    uint64_t wild; /* of a dummy: the address that came with length 0 */
};

struct model_id {
    bool taken;
    bool foreign;
    unsigned slot;
    uint64_t identifier;
};

/* A process of the foreign table, which counts lives for each slot: identifiers of two slots are
 * often equal. Its memory is at ARENA_FOREIGN. */
struct model_foreign {
    bool live;
    uint64_t identifier;
};

/* A reader's or writer's place: in buffer register `first` + `index`. A long one goes over `copied` copies in turn. */
struct model_stream {
    unsigned first, count, index;
    unsigned copied; /* 0: it is not long */
    uint64_t offset;
};

/* What userspace is going to do during an operation. */
struct model_acts {
    unsigned count;
    struct model_act {
        bool at_hook, done;
        bool of_life; /* a foreign process's, which `target` is */
        uint64_t trigger; /* number of the hook, or address of the byte */
        uint64_t target;
        uint8_t value;
    } acts[MAX_ACTS];
};

/* What else a large trace has: grants from MODEL_GRANT_COUNT on, and their slots, which mean nothing until one is made. */
enum { MODEL_FAR_GRANT_COUNT = ARENA_LARGE_LEN != 0 ? TRACE_LARGE_GRANTS - MODEL_GRANT_COUNT : 1 };
enum { MODEL_LONG_VECTOR = ARENA_LARGE_LEN != 0 ? TRACE_LONG_STREAM : TRACE_BUFFER_COUNT };
struct model_far {
    struct model_grant grants[TRACE_MAX_PROCESSES][MODEL_FAR_GRANT_COUNT];
    struct model_slots slots[TRACE_MAX_PROCESSES][MODEL_FAR_GRANT_COUNT];

    /* The pairs of the vector that was built last. */
    struct model_range pairs[MODEL_LONG_VECTOR];

    /* What a long stream goes over: read-only, read-write. They mean nothing until one is made. */
    struct model_buffer rows[2][TRACE_MOST_COPIED];
};

struct model {
    bool is_large; /* the trace is: its processes and arrays are where there is room for them */
    unsigned slot_count;
    uint64_t next_identifier;
    uint64_t wound_from; /* … before it was last wound forward */
    const struct model_process *processes; /* of each slot; model_change() is how to write one */
    struct model_process written[TRACE_MAX_PROCESSES];
    unsigned changed; /* a bit for each process that was written since the machine compared it */
    struct model_buffer buffers[2 * TRACE_BUFFER_COUNT]; /* ro0 to ro7, then rw0 to rw7 */
    unsigned filled_buffers; /* a bit for each that is */
    struct model_slice slices[TRACE_SLICE_COUNT];
    struct model_id ids[TRACE_ID_COUNT];
    unsigned depth;
    unsigned asked; /* drivers that act and have not answered */
    struct model_driver drivers[TRACE_DRIVER_COUNT];
    struct model_foreign foreign[MODEL_FOREIGN_COUNT + 1]; /* and the process of our other table */
    bool any_foreign; /* a foreign process has begun a life */
    struct model_region regions[TRACE_REGION_COUNT];
    struct model_map maps[TRACE_MAP_COUNT];
    struct model_lender kept_lender;
    struct model_kernel_slot kernel_slots[2][TRACE_KERNEL_SLOT_COUNT]; /* read-only, read-write */
    struct model_lookups {
        unsigned count; /* the first ones are: */
        struct {
            unsigned map;
            uint64_t addr;
        } calls[MODEL_MAX_LOOKUPS];
    } lookups; /* which of another kernel's functions this operation calls, in order */
    struct model_stream reader, writer;
    struct model_acts acts_next; /* during the next operation */
    struct model_acts acts_now; /* … during this one */
    unsigned hooks_seen; /* in this operation, closes left out */
    struct model_widening {
        uint8_t operand; /* from 1; 0 none */
        uint8_t power;
    } widen_next, widen_now; /* in the next operation, and in this one */
    unsigned refuse_next; /* protection request that the next operation is refused */
    unsigned refuse_now; /* … that this operation is refused; 0 none */
    unsigned requests_seen; /* in this operation */
    struct model_slots slots[TRACE_MAX_PROCESSES]
                            [MODEL_GRANT_COUNT]; /* while no driver is declared: all 0 */
    struct model_open open[TRACE_MAX_DEPTH]; /* what is deeper than `depth` is 0 */
    uint8_t cells[ARENA_LEN]; /* owner and purpose of each byte: model.c */
    uint8_t bytes[ARENA_LEN]; /* B5: one value of each byte, whoever looks at it */

    /* What follows is the same for all traces of a program. */
    struct model_far *far;

    /* On what the port draws boundaries: a power of two. 1 unless said otherwise. What is in between it refuses;
     * processes that a trace lays out have their sizes rounded, and operations that move the break have most of their
     * addresses. */
    uint32_t granule;

    /* Whether it draws them in eighths of blocks: a block is a power of two of at least 8 granules, on a multiple of its
     * length. */
    bool eighths;
};

/* A program begins. */
void model_begin(struct model *m, struct model_far *far);

static inline unsigned model_grant_count(const struct model *m)
{
    return m->is_large ? TRACE_LARGE_GRANTS : MODEL_GRANT_COUNT;
}

static inline unsigned model_max_depth(const struct model *m)
{
    return m->is_large ? TRACE_MAX_DEPTH : TRACE_USUAL_DEPTH;
}

/* The place of p0 in the table, as the library counts. */
static inline unsigned model_first_place(const struct model *m)
{
    return m->is_large ? TRACE_LARGE_BEFORE : 0;
}

static inline uint64_t model_round_up(uint64_t number, uint64_t unit)
{
    return (number + unit - 1) / unit * unit;
}

/* Returns: on multiples of what the port draws the ends of [start, end), which is not empty: a granule, or an eighth of
 * the least block that holds it. */
static inline uint64_t model_unit(const struct model *m, uint64_t start, uint64_t end)
{
    uint64_t unit = m->granule;
    while (m->eighths && unit < UINT64_C(1) << 60 && start / 8 / unit != (end - 1) / 8 / unit)
        unit *= 2;
    return unit;
}

/* Whether the port can say that a range is accessible: nothing at all, or whole units. */
static inline bool model_expresses(const struct model *m, uint64_t start, uint64_t end)
{
    return start == end ||
           (start % model_unit(m, start, end) == 0 && end % model_unit(m, start, end) == 0);
}

/* Begin a world without processes. How many slots its table has is the machine's to say. */
void model_reset(struct model *m);

/* An operation begins, which may make several library calls. */
void model_op_begin(struct model *m);

/* Work out the operands. Returns: false when one counts from something that is not there. */
bool model_resolve(const struct model *m, const struct op *op, struct call *call_out);

/* Of a call whose operands are known otherwise: what its slice is now. */
void model_note_slice(const struct model *m, struct call *call);

/* State what the call will do, and do it to the model. */
void model_predict(struct model *m, const struct call *call, struct prediction *prediction_out);

/* The same for a process that the trace lays out. */
void model_predict_create(struct model *m, const uint64_t args[8],
                          struct prediction *prediction_out);

/* One step of an iteration over a slice: byte `step`, or the chunk that begins there. */
void model_predict_iter(struct model *m, const struct model_slice *slice, uint64_t step,
                        struct prediction *prediction_out);
void model_predict_chunk(const struct model_slice *slice, uint64_t step, uint64_t chunk_len,
                         struct prediction *prediction_out, struct span *chunk_out);

/* The body of an enter begins, and ends. */
void model_enter(struct model *m, unsigned buffer, unsigned slice_register, bool writable);
void model_enter_driver(struct model *m, unsigned v, unsigned slot, unsigned slice_register);
void model_leave(struct model *m);

/* A driver has acted, and answers what userspace offered it: the outcome that was predicted is now whole. */
void model_driver_answers(struct model *m, const struct call *call, struct prediction *prediction);

/* A process to be written. The machine compares it after the operation: ask for it only where something is written. */
static inline struct model_process *model_change(struct model *m, unsigned slot)
{
    m->changed |= 1u << slot;
    return &m->written[slot];
}

/* The same for what neither accessors tell nor an invariant is about: enters that have not returned, and which grants
 * are entered. */
static inline struct model_process *model_change_unseen(struct model *m, unsigned slot)
{
    return &m->written[slot];
}

/* Requires: the table has grants of that number. */
static inline struct model_grant *model_grant(struct model *m, unsigned slot, uint64_t number)
{
    return number < MODEL_GRANT_COUNT ? &m->written[slot].grants[number]
                                      : &m->far->grants[slot][number - MODEL_GRANT_COUNT];
}

static inline struct model_slots *model_slots(struct model *m, unsigned slot, uint64_t number)
{
    return number < MODEL_GRANT_COUNT ? &m->slots[slot][number]
                                      : &m->far->slots[slot][number - MODEL_GRANT_COUNT];
}

/* Buffer number `index` of a stream. Requires: it has one. */
static inline const struct model_buffer *
model_stream_buffer(const struct model *m, const struct model_stream *stream, unsigned index)
{
    const bool writable = stream->first >= TRACE_BUFFER_COUNT;
    return stream->copied != 0 ? &m->far->rows[writable][index % stream->copied]
                               : &m->buffers[stream->first + index];
}

/* Of numbers that have a bit in `set`, take the lowest out. Requires: there is one. */
static inline unsigned take_lowest(unsigned *set)
{
    const unsigned lowest = (unsigned)__builtin_ctz(*set);
    *set &= *set - 1;
    return lowest;
}

/* Whether it is a live id of the other table's process. */
bool model_id_is_others(const struct model *m, const struct model_id *id);

bool model_id_is_live(const struct model *m, const struct model_id *id);
bool model_buffer_is_live(struct model *m, const struct model_buffer *buffer);

/* The driver enter whose body runs, innermost; null if there is none. */
const struct model_open *model_current_driver(const struct model *m);

/* Names of a number of E1, and of a process error by its place in E1's list. Returns: "?" for numbers
 * that are none. */
const char *model_error_name(unsigned error);
const char *model_process_error_name(unsigned place);

/* What a kernel does wrong that makes mistake `number` of `misuse`. Returns: null if there is none. */
const char *model_mistake(unsigned number);

/* What a driver answers, which a trace asks with this number: a code or, if it is wide, a process error. */
int model_answer(uint64_t number);

/* The word that `store` stores for a pattern, before it is cut to its width. */
uint64_t model_word(uint8_t pattern);

/* Where the memory of a foreign process begins. */
static inline uint64_t model_foreign_memory(unsigned process)
{
    return (uint64_t)ARENA_BASE + ARENA_FOREIGN + (uint64_t)process * MODEL_FOREIGN_LEN;
}

/* How many buffers the kernel has room for, of a vector that is built as its first register and the next: they keep the first ones. */
unsigned model_vector_room(const struct model *m, const struct call *call);

/* The region, or the piece of one, that a map's function finds. Returns: false if none has addr. */
bool model_find_region(const struct model *m, unsigned map, uint64_t addr,
                       struct model_region *region_out);

/* It ends, or begins. */
static inline void model_foreign_turns(struct model_foreign *process)
{
    process->identifier += !process->live;
    process->live = !process->live;
}

/* During the operation that has begun: a byte changes as soon as it has been fetched. */
void model_plan_hostile_byte(struct model *m, uint32_t arena_byte);

/* Userspace fills the app part of its memory. Requires: the slot is not empty. Returns: which bytes. */
struct span model_fill(struct model *m, unsigned slot, uint8_t seed);

/* Check the invariants on the model's own state, which equals the library's: I1, I3 and I4 of the processes
 * that have a bit in `slots`, I2 of all buffers. */
void model_check_invariants(struct model *m, unsigned slots);

#endif
