/* Objects of the kernel's own, outside of the arena, of which the machine wants to know whether the library
 * stored to them: one array. The compiler's callbacks report every store outside of the arena here. */
#ifndef FUZZ_WATCHED_H
#define FUZZ_WATCHED_H

#include <stddef.h>
#include <stdint.h>

struct watched {
    uintptr_t start;
    uint32_t len, len_of_each; /* bytes; at most 32 objects */
    uint32_t stored; /* a bit for each object that was stored to since someone cleared them */
};
extern struct watched watched;

/* A store to [addr, addr + len), which meets the objects. */
void watched_note(uintptr_t addr, size_t len);

static inline void watched_store(uintptr_t addr, size_t len)
{
    if (addr < watched.start + watched.len && watched.start < addr + len)
        watched_note(addr, len);
}

#endif
