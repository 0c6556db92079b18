/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The host port: no memory protection, no locked user memory. The smallest port there is. */
#include <procbuf/port.h>

#include <stdio.h>
#include <stdlib.h>

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    (void)protection;
    return true;
}

void procbuf_port_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void procbuf_port_panic(const char *message)
{
    fprintf(stderr, "%s\n", message);
    abort();
}
