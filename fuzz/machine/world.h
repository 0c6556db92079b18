/* The world that a trace acts on, as the library sees it. The model has one of its own. */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "model.h"

#include <procbuf.h>

/* A slice of the library, of the kind that the model says. */
struct slice {
    struct procbuf_readable readable;
    struct procbuf_writable writable;
};

struct world {
    struct procbuf_table table;
    struct procbuf_process slots[TRACE_MAX_PROCESSES];
    struct procbuf_readonly readonly[TRACE_BUFFER_COUNT];
    struct procbuf_readwrite readwrite[TRACE_BUFFER_COUNT];
    struct slice slices[TRACE_SLICE_COUNT];
    struct procbuf_id ids[TRACE_ID_COUNT];
    struct procbuf_grant_entry grants[TRACE_MAX_PROCESSES * MODEL_GRANT_COUNT];
    struct procbuf_driver drivers[TRACE_DRIVER_COUNT];
    struct procbuf_readwrite held[TRACE_DRIVER_COUNT]; /* by allow_userspace_readable */
    struct procbuf_table foreign; /* of another kernel: the model answers for it */
    struct procbuf_reader reader;
    struct procbuf_writer writer;
    const struct procbuf_grant *grant; /* innermost driver enter; null outside of one */
};

extern struct world world;

#endif
