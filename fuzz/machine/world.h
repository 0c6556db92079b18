/* The world that a trace acts on, as the library sees it. The model has one of its own. */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "model.h"

#include <procbuf.h>

struct testbed;

/* A slice of the library, of the kind that the model says. */
struct slice {
    struct procbuf_readable readable;
    struct procbuf_writable writable;
};

/* What a lookup function is given: its place is the map's number. */
struct map_number {
    uint8_t unused;
};

/* The life for which the operation lends. */
struct lending {
    uint32_t index;
    uint64_t identifier;
};

enum { WORLD_LONG_STREAM = ARENA_LARGE_LEN != 0 ? TRACE_LONG_STREAM : TRACE_BUFFER_COUNT };

enum { WORLD_PIECES = TRACE_MAP_REGIONS * MODEL_MOST_PIECES };

struct world_objects {
    /* What a long stream goes over. */
    struct procbuf_readonly many_readonly[WORLD_LONG_STREAM];
    struct procbuf_readwrite many_readwrite[WORLD_LONG_STREAM];
    union {
        struct procbuf_readonly readonly[WORLD_LONG_STREAM];
        struct procbuf_readwrite readwrite[WORLD_LONG_STREAM];
    } row; /* what a long vector is built into */
    struct procbuf_region pieces[TRACE_MAP_COUNT - 1][WORLD_PIECES]; /* of maps' regions */
    /* Of a large trace: processes without memory, which come before its own in the table. */
    struct procbuf_process before[ARENA_LARGE_LEN != 0 ? TRACE_LARGE_BEFORE : 0];
    struct procbuf_process slots[TRACE_MAX_PROCESSES];
    struct procbuf_table table;
    struct procbuf_readonly readonly[TRACE_BUFFER_COUNT];
    struct procbuf_readwrite readwrite[TRACE_BUFFER_COUNT];
    struct slice slices[TRACE_SLICE_COUNT];
    struct procbuf_id ids[TRACE_ID_COUNT];
    struct procbuf_grant_entry grants[TRACE_MAX_PROCESSES * MODEL_GRANT_COUNT];
    struct procbuf_driver drivers[TRACE_DRIVER_COUNT];
    struct procbuf_readwrite held[TRACE_DRIVER_COUNT]; /* by allow_userspace_readable */
    struct procbuf_table foreign; /* of another kernel */
    struct model_foreign foreign_lives[MODEL_FOREIGN_COUNT]; /* as they are while a call runs */
    struct procbuf_region regions[TRACE_REGION_COUNT]; /* of the foreign table's processes */
    struct procbuf_map maps[TRACE_MAP_COUNT];
    struct map_number map_numbers[TRACE_MAP_COUNT];
    struct lending lending;
    struct procbuf_lender kept_lender;
    struct procbuf_readonly_slot readonly_slots[TRACE_KERNEL_SLOT_COUNT];
    struct procbuf_readwrite_slot readwrite_slots[TRACE_KERNEL_SLOT_COUNT];
    struct procbuf_table other; /* of ours */
    struct procbuf_grant_entry other_grant; /* room, of which it uses none */
    struct procbuf_process other_process; /* its only slot */
    struct procbuf_reader reader;
    struct procbuf_writer writer;
    const struct procbuf_grant *grant; /* innermost driver enter; null outside of one */
};

/* Of the slice in a register. */
size_t world_slice_len(const struct testbed *t, uint64_t number);

/* There are two worlds: from the next trace on, in that of worlds.h the objects are at other addresses, and the first
 * identifier is not 0. */
void world_use(struct testbed *t, bool second);

bool world_is_second(const struct testbed *t);

/* The place of a foreign process in its table, as the library counts. In a large trace f0, f2 and f3 have the same one in
 * 8 bits, f0 and f3 in 16 to 31. */
static inline uint32_t world_foreign_place(bool is_large, uint32_t process)
{
    static const uint32_t far[MODEL_FOREIGN_COUNT] = { 65534, 65535, 65534 + 256,
                                                       65534 + (1u << 31) };
    return is_large ? far[process] : process;
}

/* The identifier of a foreign life, as the library gets it. In a large trace all are the same in 32 bits, and those of an
 * even number and the next one in 63. */
static inline uint64_t world_foreign_identifier(bool is_large, uint64_t identifier)
{
    return is_large ? (identifier & 1) << 63 | identifier / 2 << 32 | 7 : identifier;
}

/* A large trace ends: nothing changed the processes that come before its own. */
void world_check_those_before(const struct testbed *t);

/* Begin a trace: oracle, model, arena and library as if nothing had ever been, without processes. With `may_copy`, and
 * once such a world was kept, it has the usual ones. Returns: whether it has. */
bool world_begin(struct testbed *t, const struct trace *trace, bool may_copy);

/* The usual processes are laid out: worlds that may be copied begin so from now on. */
void world_keep_usual(struct testbed *t);

/* A process was created: its memory may be touched from now on. */
void world_note_process(struct testbed *t, unsigned slot);

/* A call may have written there. */
void world_note_written(struct span span);

/* Any byte of the arena may have been written: the next trace begins with all of it as it was. */
void world_forget_touched(void);

/* It lays its processes out itself, and copies them from no trace before. */
void world_forget_made(void);

/* The parts of the arena that anything may have written since the trace began. Returns: how many. */
enum { WORLD_PARTS = 6 };
unsigned world_touched(const struct testbed *t, struct span parts_out[WORLD_PARTS]);

/* What userspace wrote in the model, it writes in the arena. */
void world_show_user_write(struct testbed *t, struct span span);

/* A life began or ended: what is below a process's break holds what was written there, in whichever
 * life. Between its break and the kernel's it holds nothing that anyone may rely on, unless an open
 * enter, or who vouches, reaches there. */
void world_note_lives(struct testbed *t, bool gaps_are_nobodys);

#endif
