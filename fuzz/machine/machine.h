/* The machine: runs a trace on the library, asks the model what must happen, and compares after
 * every operation. */
#ifndef FUZZ_MACHINE_H
#define FUZZ_MACHINE_H

#include "interpret.h"

#include <stdio.h>

/* Run a trace. Ends in bug_found() when the library and the model disagree. With `results`,
 * prints a line per operation, `operation -> result`, that is the same in every build and on
 * every target. */
void machine_run(const struct trace *trace, FILE *results);

/* The last run was left where it was: the next one makes all of its world again. */
void machine_forget_touched(void);

/* The next run lays its processes out itself, and copies none. */
void machine_forget_made(void);

/* In every run from now on, userspace changes this byte as soon as the operation at this position
 * has fetched it. Position UINT_MAX: no longer. */
void machine_set_hostile_byte(unsigned position, uint32_t arena_byte);

/* For explanations: the trace that runs, and the operation it is at. */
extern const struct walk *const machine_walk;

/* From now on, one more counts what runs; and nothing of it does, since it ran before. */
void machine_count(const struct observer *observer);
extern bool machine_uncounted;

/* Library calls that were checked since the program began. */
extern uint64_t machine_checked_ops;

/* From now on, remember what the library touches in the operation that runs; and print it, next to
 * what the call may touch. */
void machine_watch_accesses(void);
void machine_print_accesses(FILE *out);

/* Print the memory of the processes as a map: buffers, open windows, and the byte that a finding is
 * about are marked. */
void machine_print_map(FILE *out, bool color);

/* Print the operations up to the current one, in words. */
void machine_print_program(FILE *out, bool color);

/* Print an address relative to where it is: p0.ram+16. */
void place_print(uint64_t addr, FILE *out);

#endif
