#include "harness.h"
#include "testbed.h"

#include "fault.h"
#include "forms_check.h"
#include "worlds.h"

#include <string.h>

/* HARNESS(name) for each file here that defines one, by name; the build makes it. */
#define HARNESS(name) extern const struct harness harness_##name;
#include "harnesses.def"
#undef HARNESS

const struct harness *const harnesses[] = {
#define HARNESS(name) &harness_##name,
#include "harnesses.def"
    NULL
};

const struct harness *harness_find(const char *name)
{
    for (size_t h = 0; harnesses[h] != NULL; h++)
        if (strcmp(harnesses[h]->name, name) == 0)
            return harnesses[h];
    return NULL;
}

struct testbed *harness_start(void)
{
    struct testbed *t = testbed_begin();
    bug_watch_sanitizers();
    fault_watch();
    return t;
}

void harness_run_trace(struct testbed *t, const struct harness *harness, const struct trace *trace)
{
    if (harness->forms)
        forms_check(t, trace, FORMS_TIMES);
    else
        worlds_run_some(t, trace);
}

void harness_run(struct testbed *t, const struct harness *harness, const uint8_t *bytes, size_t len)
{
    static struct trace trace;
    trace_decode(&trace, bytes, len, harness->weights);
    harness_run_trace(t, harness, &trace);
}
