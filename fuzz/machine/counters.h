/* Counters of the library's are moved forward where no one waits until it has counted.
 *
 * Included by whoever moves them: run_user.c, and tests in C that ./fuzz/repro writes, which take this
 * file over whole. */
#ifndef FUZZ_COUNTERS_H
#define FUZZ_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

/* Add to a number of so many bytes, in the machine's order. */
static void add_to_bytes(uint8_t *bytes, size_t len, uint64_t count)
{
    const int low_first = *(const uint8_t *)&(const uint16_t){ 1 };
    unsigned carry = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t *byte = &bytes[low_first ? i : len - 1 - i];
        const unsigned sum = *byte + (i < 8 ? (unsigned)(count >> 8 * i & 0xff) : 0) + carry;
        *byte = (uint8_t)sum;
        carry = sum >> 8;
    }
}

#endif
