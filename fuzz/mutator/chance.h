/* Chance, as a seed has it: the same seed, the same numbers, on every machine. */
#ifndef FUZZ_CHANCE_H
#define FUZZ_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

/* Begin again. Neighbouring seeds give unrelated numbers, since AFL++'s count up. */
void chance_seed(uint32_t seed);

/* A number below count; 0 if count is 0. */
uint32_t chance_below(uint32_t count);

/* True once in so many times. */
bool chance_one_in(uint32_t count);

#endif
