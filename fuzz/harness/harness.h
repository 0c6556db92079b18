/* A harness: which operations a fuzzer plays with, and how often each. */
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include "trace.h"

struct testbed;

struct harness {
    const char *name;
    const char *about;
    bool large; /* its processes are large, unless a seed says otherwise */
    bool forms; /* its programs do not run: they are written, damaged and read */
    uint8_t weights[256]; /* by operation code; 0: the harness does not use it */
};

extern const struct harness *const harnesses[]; /* ends with null */

/* Returns: null if there is none of that name. */
const struct harness *harness_find(const char *name);

/* Run a program as the harness does. */
void harness_run_trace(struct testbed *t, const struct harness *harness, const struct trace *trace);

/* Run one input of the engine: decode it for the harness, and run it. Never rejects. */
void harness_run(struct testbed *t, const struct harness *harness, const uint8_t *bytes,
                 size_t len);

/* What every program does once, before the first input. Returns: the testbed. */
struct testbed *harness_start(void);

#endif
