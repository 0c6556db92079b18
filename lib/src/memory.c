#include "memory.h"

#include <procbuf/port.h>

#include <string.h>

/* In a world whose addresses are narrower than pointers, its owner says where they lie. */
#ifdef PROCBUF_MEMORY_BASE
extern uint8_t *PROCBUF_MEMORY_BASE;
#endif

uint8_t *procbuf_memory_at(procbuf_addr_t addr)
{
#ifdef PROCBUF_MEMORY_BASE
    return PROCBUF_MEMORY_BASE + addr;
#else
    return (uint8_t *)addr;
#endif
}

void procbuf_memory_zero(procbuf_addr_t addr, size_t len)
{
    if (len == 0)
        return;
    procbuf_port_user_access_open(addr, len, PROCBUF_ACCESS_READ_WRITE);
    memset(procbuf_memory_at(addr), 0, len);
    procbuf_port_user_access_close(addr, len, PROCBUF_ACCESS_READ_WRITE);
}
