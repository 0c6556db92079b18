/* The one place of the testbed that looks into the library, and winds a counter forward there. */
#define PROCBUF_IMPLEMENTATION
#include "identifiers.h"

#include "bug.h"
#include "world.h"

#include <inttypes.h>

/* The model's counter has moved on from there. */
static void follow(uint64_t given_out)
{
    uint64_t *counter = &world.table.private_.next_identifier;
    if (*counter != given_out)
        bug_found("state", "identifiers",
                  "expected: one identifier for each life that began, from 0 on (L1): %" PRIu64 "\n"
                  "actual: %" PRIu64,
                  given_out, *counter);
    *counter = model.next_identifier;
}

bool identifiers_spend(uint64_t left)
{
    const uint64_t given_out = model.next_identifier;
    const bool moves = model_spend_ids(left);
    follow(given_out);
    return moves;
}

bool identifiers_skip(uint64_t power)
{
    const uint64_t given_out = model.next_identifier;
    const bool moves = model_skip_ids(power);
    follow(given_out);
    return moves;
}

void identifiers_begin_at(uint64_t count)
{
    model.next_identifier = world.table.private_.next_identifier = count;
}
