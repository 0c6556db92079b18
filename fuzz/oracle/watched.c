#include "watched.h"

void watched_begin(struct watched *watched, const void *start, uint32_t count, uint32_t len_of_each)
{
    *watched = (struct watched){ .start = (uintptr_t)start,
                                 .len = count * len_of_each,
                                 .len_of_each = len_of_each };
}

uint32_t watched_take(struct watched *watched)
{
    const uint32_t stored = watched->stored;
    watched->stored = 0;
    watched->last = 0;
    return stored;
}

void watched_forbid(struct watched *watched, const void *start, size_t len)
{
    watched->forbidden = (uintptr_t)start;
    watched->forbidden_len = len;
    watched->strayed = false;
}

bool watched_strayed(const struct watched *watched)
{
    return watched->strayed;
}

/* The part of the store that meets the objects, and each object that it meets. */
void watched_note(struct watched *watched, uintptr_t addr, size_t len)
{
    const uint32_t start = addr > watched->start ? (uint32_t)(addr - watched->start) : 0;
    const uint32_t end = addr + len - watched->start < watched->len
                             ? (uint32_t)(addr + len - watched->start)
                             : watched->len;
    uint32_t each = start / watched->len_of_each;
    for (uint32_t at = each * watched->len_of_each; at < end; at += watched->len_of_each) {
        watched->stored |= 1u << each++;
        watched->last = watched->start + at;
    }
}
