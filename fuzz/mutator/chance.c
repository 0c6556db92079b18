#include "chance.h"

static uint32_t random_state;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13; /* xorshift32 */
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

uint32_t chance_below(uint32_t count)
{
    return count == 0 ? 0 : next_random() % count;
}

bool chance_one_in(uint32_t count)
{
    return chance_below(count) == 0;
}

/* Neighbouring seeds give unrelated numbers: AFL++'s count up. (MurmurHash3's finalizer.) */
void chance_seed(uint32_t seed)
{
    seed = (seed ^ seed >> 16) * 0x85ebca6bu;
    seed = (seed ^ seed >> 13) * 0xc2b2ae35u;
    random_state = seed ^ seed >> 16;
    if (random_state == 0)
        random_state = 1;
}
