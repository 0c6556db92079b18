/* Bytes compared by a loop of our own: the sanitizers and the engines intercept memcmp. */
#ifndef FUZZ_BYTES_H
#define FUZZ_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint8_t differs = 0;
    for (size_t i = 0; i < len; i++)
        differs = (uint8_t)(differs | (a[i] ^ b[i]));
    return differs == 0;
}

#endif
