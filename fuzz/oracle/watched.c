#include "watched.h"

struct watched watched;

void watched_note(uintptr_t addr, size_t len)
{
    const uint32_t start = addr > watched.start ? (uint32_t)(addr - watched.start) : 0;
    const uint32_t end = addr + len - watched.start < watched.len
                             ? (uint32_t)(addr + len - watched.start)
                             : watched.len;
    for (uint32_t each = start / watched.len_of_each; each * watched.len_of_each < end; each++)
        watched.stored |= 1u << each;
}
