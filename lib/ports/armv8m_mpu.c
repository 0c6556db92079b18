/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A port for Armv8-M (Cortex-M23, M33 and later): while a process runs, one MPU region is the app's
 * part of its RAM and one its flash; while the kernel runs, both are off, and a region for each window
 * lets the library in, to read or to read and write.
 *
 * The kernel runs privileged without the default map (MPU_CTRL is 1): what it touches has regions of
 * its own, 0 to FIRST - 1, which it sets up before it switches the unit on. Regions must not overlap:
 * an access to what two of them hold is a fault.
 * A region begins and ends on multiples of 32 bytes. What does not is refused: creation answers NOMEM,
 * brk OUT_OF_MEMORY. Windows are rounded outward.
 * Regions are kept for one process table; processes of a second one are refused.
 * Call armv8m_enter_process() on the way to a process, after procbuf_return_to_user(), and
 * armv8m_leave_process() first of all when it comes back. tests/kernel does.
 */
#include <procbuf/port.h>

#include "windows.h"

#ifndef PORT_PROCESS_COUNT /* slots of the table */
#define PORT_PROCESS_COUNT 8
#endif
enum { PROCESS_COUNT = PORT_PROCESS_COUNT, GRANULE = 32 };
enum { FIRST = 6, REGION_RAM = FIRST, REGION_FLASH, FIRST_WINDOW = FIRST, WINDOWS = 16 - FIRST };

#define MPU_RNR (*(volatile uint32_t *)0xE000ED98u)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_RLAR (*(volatile uint32_t *)0xE000EDA0u)

enum {
    RBAR_KERNEL_READ_WRITE = 0u << 1, /* AP: privileged code may */
    RBAR_READ_WRITE = 1u << 1, /* AP: any privilege may */
    RBAR_KERNEL_READ_ONLY = 2u << 1,
    RBAR_READ_ONLY = 3u << 1,
    RBAR_EXECUTE_NEVER = 1u << 0,
    RLAR_ENABLE = 1u << 0
};

struct region {
    uint32_t rbar;
    uint32_t rlar;
};
static struct region ram[PROCESS_COUNT], flash[PROCESS_COUNT];
static const struct procbuf_table *table; /* whose processes these are */
static unsigned used = WINDOWS; /* regions from FIRST on that may be on */

__attribute__((noreturn)) void kernel_panic(const char *message);
void armv8m_enter_process(uint32_t process_index);
void armv8m_leave_process(void);

/* No region at all for an empty range. */
static struct region region_of(procbuf_addr_t start, procbuf_addr_t end, uint32_t rights)
{
    if (start == end)
        return (struct region){ 0, 0 };
    return (struct region){ (uint32_t)start | rights, (uint32_t)(end - GRANULE) | RLAR_ENABLE };
}

static void load(uint32_t number, struct region region)
{
    MPU_RNR = number;
    MPU_RLAR = 0; /* never a region of which one half is another's */
    MPU_RBAR = region.rbar;
    MPU_RLAR = region.rlar;
}

/* These regions, and no others that were on. All are off first: old and new ones may overlap. */
static void load_all(const struct region *regions, unsigned count)
{
    for (unsigned r = 0; r < used; r++)
        load(FIRST + r, (struct region){ 0, 0 });
    for (unsigned r = 0; r < count; r++)
        load(FIRST + r, regions[r]);
    used = count;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

static void load_windows(void)
{
    struct window pieces[MOST_PIECES];
    struct region regions[WINDOWS];
    const unsigned count = window_pieces(GRANULE, WINDOWS, pieces);
    for (unsigned p = 0; p < count; p++)
        regions[p] =
            region_of(pieces[p].start, pieces[p].end,
                      (pieces[p].writable ? RBAR_KERNEL_READ_WRITE : RBAR_KERNEL_READ_ONLY) |
                          RBAR_EXECUTE_NEVER);
    load_all(regions, count);
}

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    window_open(addr, len, access);
    load_windows();
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    window_close(addr, len, access);
    load_windows();
}

static bool is_expressible(procbuf_addr_t start, procbuf_addr_t end)
{
    return start == end || (start % GRANULE == 0 && end % GRANULE == 0);
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    const uint32_t index = protection->process_index;
    if (table == NULL)
        table = protection->table;
    if (protection->table != table || index >= PROCESS_COUNT ||
        !is_expressible(protection->mem_start, protection->app_break) ||
        !is_expressible(protection->flash_start, protection->flash_end))
        return false;
    ram[index] = region_of(protection->mem_start, protection->app_break,
                           RBAR_READ_WRITE | RBAR_EXECUTE_NEVER);
    flash[index] = region_of(protection->flash_start, protection->flash_end, RBAR_READ_ONLY);
    return true;
}

void armv8m_enter_process(uint32_t process_index)
{
    const struct region regions[] = { ram[process_index], flash[process_index] };
    load_all(regions, 2);
}

void armv8m_leave_process(void)
{
    load_windows();
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

void procbuf_port_panic(const char *message)
{
    kernel_panic(message);
}
