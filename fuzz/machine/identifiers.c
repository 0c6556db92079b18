/* The one place of the testbed that looks into the library, and winds counters forward there. */
#define PROCBUF_IMPLEMENTATION
#include "identifiers.h"

#include "bug.h"
#include "world.h"

#include <inttypes.h>

void identifiers_follow(void)
{
    uint64_t *counter = &world.table.private_.next_identifier;
    if (*counter != model.wound_from)
        bug_found("state", "identifiers",
                  "expected: one identifier for each life that began, from 0 on (L1): %" PRIu64 "\n"
                  "actual: %" PRIu64,
                  model.wound_from, *counter);
    *counter = model.next_identifier;
}

void identifiers_add_swaps(bool writable, uint64_t number, uint64_t count)
{
    if (writable)
        world.readwrite_slots[number].private_.swaps += count;
    else
        world.readonly_slots[number].private_.swaps += count;
}

void identifiers_begin_at(uint64_t count)
{
    model.next_identifier = world.table.private_.next_identifier = count;
}
