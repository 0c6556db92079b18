/* QEMU's virt, AArch64 with PAN: aarch64_pan.c's lock, and the page tables that it asks for. */
#include "arena.h"
#include "board.h"

#define READ(name)                                                                                 \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " #name : "=r"(value_));                                         \
        value_;                                                                                    \
    })
#define WRITE(name, value) __asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

/* ---- Exceptions ---- */

void switch_to_user(struct board_user *user);

enum { CALLS = 0x15, FETCH_FAULTS = 0x20, KERNEL_FETCH_FAULTS = 0x21 };

static enum board_access access_of(uint64_t syndrome)
{
    const unsigned class = (unsigned)(syndrome >> 26);
    if (class == FETCH_FAULTS || class == KERNEL_FETCH_FAULTS)
        return BOARD_EXECUTE;
    return (syndrome & 1 << 6) != 0 ? BOARD_WRITE : BOARD_READ;
}

void kernel_trapped(uintptr_t addr, uint64_t syndrome, uintptr_t at);
void kernel_trapped(uintptr_t addr, uint64_t syndrome, uintptr_t at)
{
    kernel_faulted(addr, access_of(syndrome), at);
}

enum board_event board_run(struct board_user *user)
{
    switch_to_user(user);
    const uint64_t syndrome = READ(esr_el1);
    if (syndrome >> 26 == CALLS)
        return BOARD_CALLED;
    user->fault_addr = READ(far_el1);
    user->fault_access = access_of(syndrome);
    return BOARD_FAULTED;
}

/* ---- Page tables: 39 bits ---- */

#define NORMAL (1 << 10 | 3 << 8) /* accessed; shared */
#define USER_NEVER ((uint64_t)1 << 54)
#define KERNEL_NEVER ((uint64_t)1 << 53)
#define KERNEL_PAGE (3 | NORMAL | USER_NEVER | KERNEL_NEVER)
#define DATA_PAGE (3 | NORMAL | 1 << 6 | USER_NEVER | KERNEL_NEVER)
#define CODE_PAGE (3 | NORMAL | 3 << 6 | KERNEL_NEVER)

enum { GIGABYTE = 1 << 30 };
static _Alignas(4096) uint64_t root[512], directory[512];

static void use(const uint64_t *table)
{
    directory[ARENA_BASE % GIGABYTE >> 21] = (uintptr_t)table | 3;
    __asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb ish\n\tisb" ::: "memory");
}

#include "pages.h"

void board_start_unit(void)
{
    enum { M = 1, A = 2, C = 4, I = 1 << 12, WXN = 1 << 19, SPAN = 1 << 23 };
    extern uint8_t vectors[];
    if ((READ(id_aa64mmfr1_el1) >> 20 & 15) == 0)
        kernel_unable("the processor has no PAN");
    WRITE(vbar_el1, (uintptr_t)vectors);
    root[1] = (uintptr_t)directory | 3;
    for (unsigned block = 0; block < 512; block++)
        directory[block] = (GIGABYTE + ((uint64_t)block << 21)) | 1 | NORMAL | USER_NEVER;
    start_pages();
    WRITE(mair_el1, 0xff);
    WRITE(tcr_el1, 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | (uint64_t)2 << 32);
    WRITE(ttbr0_el1, (uintptr_t)root);
    __asm__ volatile("isb");
    WRITE(sctlr_el1, (READ(sctlr_el1) | M | C | I) & ~(uint64_t)(A | WXN | SPAN));
    __asm__ volatile("isb\n\tmsr pan, #1");
    board_watch();
}

/* ---- The lock ---- */

static uint64_t lock_unwatched;

void board_watch(void)
{
    lock_unwatched = READ(pan);
    __asm__ volatile("msr pan, #0" ::: "memory");
}

void board_unwatch(void)
{
    WRITE(pan, lock_unwatched);
}

/* ---- The start ---- */

void start(void);
void start(void)
{
    board_clear_bss();
    board_start_unit();
    kernel_main();
}
