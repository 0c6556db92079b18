/* The machine: runs a trace on the library, asks the model what must happen, and compares after
 * every operation. */
#ifndef FUZZ_MACHINE_H
#define FUZZ_MACHINE_H

#include "interpret.h"

#include <procbuf.h>
#include <stdio.h>

/* The trace that runs. */
struct machine {
    struct walk walk; /* the operation that it is at */
    bool vouched; /* a buffer was made by trusted code */
    struct body *entered; /* innermost, from before its call to the end of it */
    struct procbuf_iter iter; /* of the operation of many calls that runs */
    struct procbuf_readable_chunks chunks;
    struct procbuf_writable_chunks written_chunks;

    /* What the driver of the next allow_userspace_readable_with does before it answers. Null: nothing more than that. */
    void (*driver_body)(struct testbed *t);

    unsigned lookups_made; /* in this operation */
    bool lookups_watched; /* see lookups.h */
};

/* Run a trace. Ends in bug_found() when the library and the model disagree. With `results`,
 * prints a line per operation, `operation -> result`, that is the same in every build and on
 * every target. */
void machine_run(struct testbed *t, const struct trace *trace, FILE *results);

/* The last run was left where it was: the next one makes all of its world again. */
void machine_forget_touched(void);

/* The next run lays its processes out itself, and copies none. */
void machine_forget_made(void);

/* In every run from now on, userspace changes this byte as soon as the operation at this position
 * has fetched it. Position UINT_MAX: no longer. */
void machine_set_hostile_byte(struct testbed *t, unsigned position, uint32_t arena_byte);

/* From now on, one more counts what runs. */
void machine_count(struct testbed *t, const struct observer *observer);

/* From now on, remember what the library touches in the operation that runs; and print it, next to
 * what the call may touch. */
void machine_watch_accesses(struct testbed *t);
void machine_print_accesses(const struct testbed *t, FILE *out);

/* Print the memory of the processes as a map: buffers, open windows, and the byte that a finding is
 * about are marked. */
void machine_print_map(struct testbed *t, FILE *out, bool color);

/* Print the operations up to the current one, in words. */
void machine_print_program(const struct testbed *t, FILE *out, bool color);

/* Print an address relative to where it is: p0.ram+16. */
void place_print(const struct testbed *t, uint64_t addr, FILE *out);

#endif
