/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A port for RISC-V with PMP and ePMP (Smepmp), 32 and 64 bits: a kernel in machine mode, processes in
 * user mode. The unit keeps processes in their memory, and the kernel out of it but in windows, to read
 * or to read and write.
 *
 * The kernel has set mseccfg to MML and MMWP (and RLB), so that it, too, may touch only what an entry
 * gives to machine mode. Its own entries are those outside of [2, 8), which are three pairs.
 * PORT_HAS_SUPERVISOR is 0 for a processor without supervisor mode, which has no fence to execute.
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

/* Where the pairs of entries are. Those of a process, regions 0 and 1, are in one register of pmpcfg:
 * what it takes to switch them is one write. */
static const uint8_t first_entries[REGIONS] = { 4, 6, 2 };
enum { BYTES = sizeof(uintptr_t), CFGS = 8 / BYTES };
static void add_pair(uintptr_t cfg[CFGS], unsigned region, uint8_t first, uint8_t last)
{
    const unsigned entry = first_entries[region];
    cfg[entry / BYTES] |= ((uintptr_t)last << 8 | first) << entry % BYTES * 8;
}

/* Clear or set bits of pmpcfg. */
#define CHANGE_CFG(what, cfg)                                                                      \
    do {                                                                                           \
        if ((cfg)[0] != 0)                                                                         \
            CSR(what, pmpcfg0, (cfg)[0]);                                                          \
        if (CFGS > 1 && (cfg)[CFGS - 1] != 0)                                                      \
            CSR(what, pmpcfg1, (cfg)[CFGS - 1]);                                                   \
    } while (0)

static void set_ends(unsigned region, procbuf_addr_t start, procbuf_addr_t end)
{
#define SET_PAIR(low, high)                                                                        \
    CSR("w", pmpaddr##low, start >> 2);                                                            \
    CSR("w", pmpaddr##high, end >> 2)
    switch (region) {
    case 0: SET_PAIR(4, 5); break;
    case 1: SET_PAIR(6, 7); break;
    default: SET_PAIR(2, 3); break;
    }
}

/* The fence makes the processor forget what was allowed before. Without supervisor mode nothing is kept. */
#ifndef PORT_HAS_SUPERVISOR
#define PORT_HAS_SUPERVISOR 1
#endif
static void change(unsigned off, unsigned on, const struct region wanted[])
{
    uintptr_t clear[CFGS] = { 0 }, set[CFGS] = { 0 };
    for (; off != 0; off &= off - 1)
        add_pair(clear, (unsigned)__builtin_ctz(off), 0xff, 0xff);
    CHANGE_CFG("c", clear);
    for (; on != 0; on &= on - 1) {
        const unsigned r = (unsigned)__builtin_ctz(on);
        if (wanted[r].start != loaded[r].start || wanted[r].end != loaded[r].end)
            set_ends(r, wanted[r].start, wanted[r].end);
        add_pair(set, r, 0, rights[wanted[r].right]);
    }
    CHANGE_CFG("s", set);
#if PORT_HAS_SUPERVISOR
    __asm__ volatile("sfence.vma" ::: "memory");
#endif
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("fence rw, rw" ::: "memory");
}
