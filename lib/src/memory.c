/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
#include "implementation.h"

#include "memory.h"

#include <procbuf/port.h>

void procbuf_memory_zero(procbuf_addr_t addr, size_t len)
{
    procbuf_port_user_access_open(addr, len, PROCBUF_ACCESS_READ_WRITE);
    memset(procbuf_memory_at(addr), 0, len);
    procbuf_port_user_access_close(addr, len, PROCBUF_ACCESS_READ_WRITE);
}
