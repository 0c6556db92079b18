/* The one place where a user address becomes a pointer. */
#ifndef PROCBUF_SRC_MEMORY_H
#define PROCBUF_SRC_MEMORY_H

#include <procbuf/addr.h>

/* Turn the start of a checked range into memory.
 * Requires: the range was found inside process memory, and an open hook was called for it. */
uint8_t *procbuf_memory_at(procbuf_addr_t addr);

/* Zero process memory, between an open and a close hook. len may be 0: then no hook is called. */
void procbuf_memory_zero(procbuf_addr_t addr, size_t len);

#endif
