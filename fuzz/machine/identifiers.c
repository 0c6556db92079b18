/* The one place of the testbed that looks into the library, and winds counters forward there. */
#define PROCBUF_IMPLEMENTATION
#include "identifiers.h"

#include "bug.h"
#include "testbed.h"

#include <inttypes.h>

void identifiers_follow(struct testbed *t)
{
    uint64_t *counter = &t->world->table.private_.next_identifier;
    if (*counter != t->model.wound_from)
        bug_found("state", "identifiers",
                  "expected: one identifier for each life that began, from 0 on (L1): %" PRIu64 "\n"
                  "actual: %" PRIu64,
                  t->model.wound_from, *counter);
    *counter = t->model.next_identifier;
}

void identifiers_add_swaps(struct testbed *t, bool writable, uint64_t number, uint64_t count)
{
    if (writable)
        t->world->readwrite_slots[number].private_.swaps += count;
    else
        t->world->readonly_slots[number].private_.swaps += count;
}

void identifiers_begin_at(struct testbed *t, uint64_t count)
{
    t->model.next_identifier = t->world->table.private_.next_identifier = count;
}
