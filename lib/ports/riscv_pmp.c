/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A port for RISC-V with PMP and ePMP (Smepmp), 32 and 64 bits: a kernel in machine mode, processes in
 * user mode. The unit keeps processes in their memory, and the kernel out of it but in windows, to read
 * or to read and write.
 *
 * The kernel has set mseccfg to MML and MMWP (and RLB), so that it, too, may touch only what an entry
 * gives to machine mode. Its own entries are those outside of [2, 8), which are three pairs.
 * A boundary is on a multiple of 4 bytes, 8 with 64 bits. What does not is refused: creation answers
 * NOMEM, brk OUT_OF_MEMORY. Windows are rounded outward. tests/kernel has a kernel around it.
 */
#include <stdint.h>

enum { GRANULE = sizeof(uintptr_t), REGIONS = 3 };

#include "regions.h"

#include "pieces.h"

/* An entry's byte of pmpcfg: it ends where its address says, and begins where that of the one before
 * does (TOR). With MML, L says that the rule is for machine mode alone. */
enum { READ = 1, WRITE = 2, EXECUTE = 4, TOR = 1 << 3, L = 1 << 7 };

static const uint8_t rights[] = {
    [KERNEL_READ] = L | TOR | READ,
    [KERNEL_READ_WRITE] = L | TOR | READ | WRITE,
    [PROCESS_READ_EXECUTE] = TOR | READ | EXECUTE,
    [PROCESS_READ_WRITE] = TOR | READ | WRITE,
};

#define CSR(what, csr, value) __asm__ volatile("csr" what " " #csr ", %0" ::"r"(value) : "memory")

/* Two entries, which are off, and the second one's byte of pmpcfg; with a byte of 0, off. */
#define SET_PAIR(low, high, cfg, shift)                                                            \
    if (byte == 0) {                                                                               \
        CSR("c", cfg, (uintptr_t)0xff << shift);                                                   \
    } else {                                                                                       \
        CSR("w", pmpaddr##low, start >> 2);                                                        \
        CSR("w", pmpaddr##high, end >> 2);                                                         \
        CSR("s", cfg, byte << shift);                                                              \
    }                                                                                              \
    break

static void set(unsigned number, procbuf_addr_t start, procbuf_addr_t end, uintptr_t byte)
{
    switch (number) {
    case 0: SET_PAIR(2, 3, pmpcfg0, 24);
#if __riscv_xlen == 32
    case 1: SET_PAIR(4, 5, pmpcfg1, 8);
    default: SET_PAIR(6, 7, pmpcfg1, 24);
#else
    case 1: SET_PAIR(4, 5, pmpcfg0, 40);
    default: SET_PAIR(6, 7, pmpcfg0, 56);
#endif
    }
}

static void switch_on(unsigned number, const struct region *region)
{
    set(number, region->start, region->end, rights[region->right]);
}

static void switch_off(unsigned number)
{
    set(number, 0, 0, 0);
}

/* The processor forgets what was allowed before. */
static void settle(void)
{
    __asm__ volatile("sfence.vma" ::: "memory");
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("fence rw, rw" ::: "memory");
}
