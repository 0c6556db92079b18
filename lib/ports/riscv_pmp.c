/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* A port for RISC-V with PMP and ePMP (Smepmp), 32 and 64 bits: a kernel in machine mode, processes in
 * user mode. While a process runs, one pair of entries is the app's part of its RAM and one its flash;
 * while the kernel runs, the same entries are the windows, to read or to read and write.
 *
 * The kernel has set mseccfg to MML and MMWP (and RLB), so that it, too, may touch only what an entry
 * gives to machine mode. Its own entries are those outside of [FIRST, FIRST + ENTRIES).
 * A boundary is on a multiple of 4 bytes, 8 with 64 bits. What does not is refused: creation answers
 * NOMEM, brk OUT_OF_MEMORY. Windows are rounded outward.
 * Regions are kept for one process table; processes of a second one are refused.
 * Call riscv_enter_process() on the way to a process, after procbuf_return_to_user(), and
 * riscv_leave_process() first of all when it comes back. tests/kernel does.
 */
#include <procbuf/port.h>

#include "windows.h"

#ifndef PORT_PROCESS_COUNT /* slots of the table */
#define PORT_PROCESS_COUNT 8
#endif
enum { PROCESS_COUNT = PORT_PROCESS_COUNT, GRANULE = sizeof(uintptr_t) };
enum { FIRST = 2, ENTRIES = 6, REGIONS = ENTRIES / 2 };

/* An entry's byte of pmpcfg: it ends where its address says, and begins where that of the one before
 * does (TOR). With MML, L says that the rule is for machine mode alone. */
enum {
    PMP_OFF = 0,
    PMP_TOR = 1 << 3,
    PMP_USER_READ_WRITE = PMP_TOR | 3,
    PMP_USER_READ_EXECUTE = PMP_TOR | 5,
    PMP_KERNEL_READ = 0x80 | PMP_TOR | 1,
    PMP_KERNEL_READ_WRITE = 0x80 | PMP_TOR | 3
};

struct region {
    procbuf_addr_t start, end;
    uint8_t rights; /* PMP_OFF: none */
};
static struct region ram[PROCESS_COUNT], flash[PROCESS_COUNT];
static const struct procbuf_table *table; /* whose processes these are */

__attribute__((noreturn)) void kernel_panic(const char *message);
void riscv_enter_process(uint32_t process_index);
void riscv_leave_process(void);

#define WRITE(csr, value) __asm__ volatile("csrw " #csr ", %0" ::"r"(value) : "memory")
#define SET(csr, value) __asm__ volatile("csrs " #csr ", %0" ::"r"(value) : "memory")
#define CLEAR(csr, value) __asm__ volatile("csrc " #csr ", %0" ::"r"(value) : "memory")

/* Entries 2 to 7. First all are off; the fence makes the processor forget what was allowed. */
static void load(const struct region regions[REGIONS])
{
#if __riscv_xlen == 32
    CLEAR(pmpcfg0, 0xffff0000u);
    CLEAR(pmpcfg1, 0xffffffffu);
#else
    CLEAR(pmpcfg0, 0xffffffffffff0000u);
#endif
    WRITE(pmpaddr2, regions[0].start >> 2);
    WRITE(pmpaddr3, regions[0].end >> 2);
    WRITE(pmpaddr4, regions[1].start >> 2);
    WRITE(pmpaddr5, regions[1].end >> 2);
    WRITE(pmpaddr6, regions[2].start >> 2);
    WRITE(pmpaddr7, regions[2].end >> 2);
#if __riscv_xlen == 32
    SET(pmpcfg0, (uint32_t)regions[0].rights << 24);
    SET(pmpcfg1, (uint32_t)regions[1].rights << 8 | (uint32_t)regions[2].rights << 24);
#else
    SET(pmpcfg0, (uint64_t)regions[0].rights << 24 | (uint64_t)regions[1].rights << 40 |
                     (uint64_t)regions[2].rights << 56);
#endif
    __asm__ volatile("sfence.vma" ::: "memory");
}

static struct region region_of(procbuf_addr_t start, procbuf_addr_t end, uint8_t rights)
{
    return (struct region){ start, end, start == end ? PMP_OFF : rights };
}

static void load_windows(void)
{
    struct window pieces[MOST_PIECES];
    struct region regions[REGIONS] = { { 0, 0, PMP_OFF } };
    const unsigned count = window_pieces(GRANULE, REGIONS, pieces);
    for (unsigned p = 0; p < count; p++)
        regions[p] = region_of(pieces[p].start, pieces[p].end,
                               pieces[p].writable ? PMP_KERNEL_READ_WRITE : PMP_KERNEL_READ);
    load(regions);
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
    ram[index] = region_of(protection->mem_start, protection->app_break, PMP_USER_READ_WRITE);
    flash[index] = region_of(protection->flash_start, protection->flash_end, PMP_USER_READ_EXECUTE);
    return true;
}

void riscv_enter_process(uint32_t process_index)
{
    load((const struct region[REGIONS]){ ram[process_index], flash[process_index] });
}

void riscv_leave_process(void)
{
    load_windows();
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("fence rw, rw" ::: "memory");
}

void procbuf_port_panic(const char *message)
{
    kernel_panic(message);
}
