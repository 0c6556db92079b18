/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A port for a kernel's own tests, built with AddressSanitizer: process memory is poisoned but
 * between open and close, so that a driver that keeps a pointer beyond its enter, or reaches past a
 * slice, ends in a report. ASan knows granules of 8 bytes: within one, a neighbour may pass unseen.
 *
 * Name the memory of each process once with sanitizer_port_watch(). The test's own userspace has to
 * open what it touches, too, or to use another mapping of it.
 */
#include <procbuf/port.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>

void sanitizer_port_watch(procbuf_addr_t addr, size_t len);

enum { MAX_WINDOWS = 32, GRANULE = 8 };

struct window {
    procbuf_addr_t addr;
    size_t len;
};
static struct window windows[MAX_WINDOWS];
static unsigned window_count;

void sanitizer_port_watch(procbuf_addr_t addr, size_t len)
{
    ASAN_POISON_MEMORY_REGION((void *)addr, len);
}

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)access;
    if (window_count == MAX_WINDOWS)
        procbuf_port_panic("sanitizer port: too many opens at once");
    windows[window_count++] = (struct window){ addr, len };
    ASAN_UNPOISON_MEMORY_REGION((void *)addr, len);
}

/* Opens nest, and may overlap: what is still open stays so. */
void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    const procbuf_addr_t start = addr / GRANULE * GRANULE;
    const procbuf_addr_t end = (addr + len + GRANULE - 1) / GRANULE * GRANULE;
    (void)access;
    window_count--;
    ASAN_POISON_MEMORY_REGION((void *)start, end - start);
    for (unsigned w = 0; w < window_count; w++)
        ASAN_UNPOISON_MEMORY_REGION((void *)windows[w].addr, windows[w].len);
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    (void)protection;
    return true;
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

void procbuf_port_panic(const char *message)
{
    fprintf(stderr, "%s\n", message);
    abort();
}
