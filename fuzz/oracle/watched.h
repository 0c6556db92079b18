/* Objects of the kernel's own, outside of the arena, of which the machine wants to know whether the library
 * stored to them: one array. The compiler's callbacks report every store outside of the arena here. */
#ifndef FUZZ_WATCHED_H
#define FUZZ_WATCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watched {
    uintptr_t start;
    uint32_t len, len_of_each;
    uint32_t stored;
    uintptr_t last; /* start of an object that is noted already; 0: none is */
    uintptr_t forbidden;
    size_t forbidden_len;
    bool strayed;
};

/* Watch `count` objects of `len_of_each` bytes from `start` on; at most 32. */
void watched_begin(struct watched *watched, const void *start, uint32_t count,
                   uint32_t len_of_each);

/* Returns: a bit for each object that was stored to since this was last asked. */
uint32_t watched_take(struct watched *watched);

/* Objects that no call may store to. */
void watched_forbid(struct watched *watched, const void *start, size_t len);

/* Returns: whether one did since then. */
bool watched_strayed(const struct watched *watched);

void watched_note(struct watched *watched, uintptr_t addr, size_t len);

/* A store to [addr, addr + len). */
static inline void watched_store(struct watched *watched, uintptr_t addr, size_t len)
{
    const uintptr_t in_last = addr - watched->last;
    watched->strayed |= addr - watched->forbidden < watched->forbidden_len;
    if (addr < watched->start + watched->len && watched->start < addr + len &&
        (in_last >= watched->len_of_each || len > watched->len_of_each - in_last))
        watched_note(watched, addr, len);
}

#endif
