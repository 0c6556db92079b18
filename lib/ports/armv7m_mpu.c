/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A port for Armv7-M (Cortex-M3, M4, M7) with 8 MPU regions: the unit keeps processes in their memory,
 * and the kernel out of it but in windows, to read or to read and write.
 *
 * The kernel runs with the default map (MPU_CTRL is 5), and its own regions, 0 to FIRST - 1, forbid
 * everyone (AP 0) all memory that processes may get: where regions overlap, the higher number wins.
 * They also hold what unprivileged code needs next to the memory of its process.
 * A region is a block, a power of two of at least 256 bytes on a multiple of its length, or some
 * eighths of it that follow each other. What is not is refused: creation answers NOMEM, brk
 * OUT_OF_MEMORY. So give a process a block for its RAM, and move its break by eighths.
 * A window is rounded outward to eighths of the least block that holds it: 32 bytes, if that is 256.
 * tests/kernel has a kernel around it.
 */
enum { GRANULE = 32, FIRST = 5, REGIONS = 8 - FIRST };

#include "regions.h"

#define MPU_RNR (*(volatile uint32_t *)0xE000ED98u)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_RASR (*(volatile uint32_t *)0xE000EDA0u)

enum { RASR_ENABLE = 1 << 0, RASR_CACHEABLE = 1 << 17, EXECUTE_NEVER = 1 << 28 };

static const uint32_t rights[] = {
    [KERNEL_READ] = 5 << 24 | EXECUTE_NEVER, /* AP: privileged code may read */
    [KERNEL_READ_WRITE] = 1 << 24 | EXECUTE_NEVER,
    [PROCESS_READ_EXECUTE] = 6 << 24, /* AP: any privilege may */
    [PROCESS_READ_WRITE] = 3 << 24 | EXECUTE_NEVER,
};

/* Of the least block that holds a range which is not empty: the logarithm of an eighth of it. */
static unsigned eighth_of(procbuf_addr_t start, procbuf_addr_t end)
{
    const unsigned differ = (unsigned)(start ^ (end - 1)) | (8 * GRANULE - 1);
    return 32 - (unsigned)__builtin_clz(differ) - 3;
}

static bool expresses(procbuf_addr_t start, procbuf_addr_t end)
{
    return start == end || ((start | end) & ((1u << eighth_of(start, end)) - 1)) == 0;
}

static uint32_t rasr_of(const struct region *region)
{
    const unsigned eighth = eighth_of(region->start, region->end);
    const unsigned first = region->start >> eighth & 7, last = (region->end - 1) >> eighth & 7;
    const uint32_t disabled = ~(0xffu << first & 0xffu >> (7 - last)) & 0xff;
    return rights[region->right] | RASR_CACHEABLE | disabled << 8 | (eighth + 2) << 1 | RASR_ENABLE;
}

static void change(unsigned off, unsigned on, const struct region wanted[])
{
    for (; off != 0; off &= off - 1) {
        MPU_RNR = FIRST + (uint32_t)__builtin_ctz(off);
        MPU_RASR = 0;
    }
    for (; on != 0; on &= on - 1) {
        const unsigned number = (unsigned)__builtin_ctz(on);
        const struct region *region = &wanted[number];
        const unsigned block = eighth_of(region->start, region->end) + 3;
        const uint32_t base = (uint32_t)region->start & ~(0xffffffffu >> (32 - block));
        MPU_RNR = FIRST + number;
        if (region->start != loaded[number].start || region->end != loaded[number].end)
            MPU_RBAR = base;
        MPU_RASR = rasr_of(region);
    }
    procbuf_port_barrier();
}

/* Rounded by rasr_of(). */
static struct region region_of_window(const struct region *window)
{
    return *window;
}

/* From the last region on those to write, which win, and then those to read. */
static unsigned regions_of_windows(struct region regions_out[MOST_PIECES])
{
    unsigned count = 0;
    for (unsigned right = KERNEL_READ_WRITE + 1; right-- > KERNEL_READ;)
        for (unsigned w = 0; w < window_count; w++) {
            if (windows[w].right != right)
                continue;
            if (count < REGIONS) {
                regions_out[count++] = windows[w];
                continue;
            }
            struct region *last = &regions_out[REGIONS - 1]; /* all that do not fit, in one */
            last->start = windows[w].start < last->start ? windows[w].start : last->start;
            last->end = windows[w].end > last->end ? windows[w].end : last->end;
        }
    return count;
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}
