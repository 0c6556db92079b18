/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A port for Armv8-M (Cortex-M23, M33 and later) with 16 MPU regions: the unit keeps processes in
 * their memory, and the kernel out of it but in windows, to read or to read and write.
 *
 * The kernel runs privileged without the default map (MPU_CTRL is 1): what it touches has regions of
 * its own, 0 to FIRST - 1, which it sets up before it switches the unit on. Regions must not overlap:
 * an access to what two of them hold is a fault. MAIR0 says in its lowest byte that memory is ordinary.
 * A region begins and ends on multiples of 32 bytes. What does not is refused: creation answers NOMEM,
 * brk OUT_OF_MEMORY. Windows are rounded outward. tests/kernel has a kernel around it.
 */
enum { GRANULE = 32, FIRST = 6, REGIONS = 16 - FIRST };

#include "regions.h"

#include "pieces.h"

#define MPU_RNR (*(volatile uint32_t *)0xE000ED98u)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_RLAR (*(volatile uint32_t *)0xE000EDA0u)

enum { EXECUTE_NEVER = 1 << 0, RLAR_ENABLE = 1 << 0 };

static const uint32_t rights[] = {
    [KERNEL_READ] = 2 << 1 | EXECUTE_NEVER, /* AP: privileged code may read */
    [KERNEL_READ_WRITE] = 0 << 1 | EXECUTE_NEVER,
    [PROCESS_READ_EXECUTE] = 3 << 1, /* AP: any privilege may */
    [PROCESS_READ_WRITE] = 1 << 1 | EXECUTE_NEVER,
};

static void change(unsigned off, unsigned on, const struct region wanted[])
{
    for (; off != 0; off &= off - 1) {
        MPU_RNR = FIRST + (uint32_t)__builtin_ctz(off);
        MPU_RLAR = 0;
    }
    for (; on != 0; on &= on - 1) {
        const unsigned number = (unsigned)__builtin_ctz(on);
        const struct region *region = &wanted[number];
        MPU_RNR = FIRST + number;
        if (region->start != loaded[number].start || region->right != loaded[number].right)
            MPU_RBAR = (uint32_t)region->start | rights[region->right];
        MPU_RLAR = (uint32_t)(region->end - GRANULE) | RLAR_ENABLE;
    }
    procbuf_port_barrier();
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}
