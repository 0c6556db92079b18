/* The testbed, in one struct: all that it knows while traces run, and that more than one file looks at. It is passed
 * as `t`. There is one in a program, since the library has one port, and the arena is at one place.
 *
 * A function of which others say what it is passed asks testbed_now() instead: the port's functions, bodies and
 * callbacks that the library calls, an engine's entry points, and what a report calls, as from a handler of signals. */
#ifndef FUZZ_TESTBED_H
#define FUZZ_TESTBED_H

#include "machine.h"
#include "oracle.h"
#include "origins.h"
#include "view.h"
#include "world.h"

#include <setjmp.h>

struct testbed {
    struct oracle oracle; /* the first: testbed_of() */
    struct world_objects *world; /* that the trace acts on */
    struct model model; /* that says what must happen there */
    struct machine machine;
    struct view views[TRACE_MAX_PROCESSES];
    unsigned view_unsettled; /* a bit for each slot that the call under way asked the port about */
    struct origins origins;

    /* Where a predicted panic continues, and what the last one said. */
    jmp_buf panic_target;
    const char *panic_message;

    bool worlds_compared; /* this run is one of two (worlds.h) */
    bool uncounted; /* nothing of it counts, since it ran before */
    uint64_t checked_ops; /* library calls that were checked since the program began */

    /* How a program wants it. */
    bool checks_itself; /* where there is time: its own state is compared when a trace begins */
    bool view_unasked; /* neither view.h nor origins.h reports anything: what do rules see alone? */
    struct hostile_byte hostile; /* of every run */
    unsigned counting_count;
    const struct observer *counting[MAX_OBSERVERS]; /* what runs, in every trace */

    struct model_far model_far;
};

/* What every program does first, and may do again. Returns: the testbed. */
struct testbed *testbed_begin(void);

static inline struct testbed *testbed_of(struct oracle *oracle)
{
    return (struct testbed *)oracle;
}

/* Requires: it has begun. */
static inline struct testbed *testbed_now(void)
{
    // NOLINTNEXTLINE(bugprone-signal-handler,cert-*): all that it does is to read a pointer
    return testbed_of(oracle_now());
}

#endif
