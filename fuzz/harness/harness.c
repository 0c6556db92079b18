#include "harness.h"

#include "arena.h"
#include "bug.h"
#include "fault.h"
#include "worlds.h"

#include <string.h>

extern const struct harness harness_buffers;
extern const struct harness harness_slices;
extern const struct harness harness_life;
extern const struct harness harness_allow;
extern const struct harness harness_streams;
extern const struct harness harness_ranges;
extern const struct harness harness_memory;
extern const struct harness harness_everything;

const struct harness *const harnesses[] = { &harness_buffers, &harness_slices,     &harness_life,
                                            &harness_allow,   &harness_streams,    &harness_ranges,
                                            &harness_memory,  &harness_everything, NULL };

const struct harness *harness_find(const char *name)
{
    for (size_t h = 0; harnesses[h] != NULL; h++)
        if (strcmp(harnesses[h]->name, name) == 0)
            return harnesses[h];
    return NULL;
}

void harness_start(void)
{
    arena_map();
    bug_watch_sanitizers();
    fault_watch();
}

void harness_run(const struct harness *harness, const uint8_t *bytes, size_t len)
{
    static struct trace trace;
    trace_decode(&trace, bytes, len, harness->weights);
    worlds_run_some(&trace);
}
