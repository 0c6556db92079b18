/* The one place where a user address becomes a pointer. */
#ifndef PROCBUF_SRC_MEMORY_H
#define PROCBUF_SRC_MEMORY_H

#include <procbuf/addr.h>

/* In a world whose addresses are narrower than pointers, its owner says where they lie. */
#ifdef PROCBUF_MEMORY_BASE
extern uint8_t *PROCBUF_MEMORY_BASE;
#endif

/* Turn the start of a checked range into memory.
 * Requires: the range was found inside process memory, and an open hook was called for it. */
static inline uint8_t *procbuf_memory_at(procbuf_addr_t addr)
{
#ifdef PROCBUF_MEMORY_BASE
    return PROCBUF_MEMORY_BASE + addr;
#else
    return (uint8_t *)addr;
#endif
}

/* Zero process memory, between an open and a close hook. len may be 0: then no hook is called. */
/*@ assigns \nothing; // of the kernel's own objects: process memory lies apart from them
 */
void procbuf_memory_zero(procbuf_addr_t addr, size_t len);

#endif
