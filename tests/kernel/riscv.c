/* QEMU's virt, rv32 or rv64, with ePMP: riscv_pmp.c's unit. Machine mode is the kernel's, user mode the processes'. */
#include "arena.h"
#include "board.h"

const unsigned board_granule = sizeof(uintptr_t), board_windows = 3;
const bool board_in_eighths = false, board_has_exact_windows = true;

#define READ(csr)                                                                                  \
    ({                                                                                             \
        uintptr_t value_;                                                                          \
        __asm__ volatile("csrr %0, " #csr : "=r"(value_));                                         \
        value_;                                                                                    \
    })
#define WRITE(csr, value) __asm__ volatile("csrw " #csr ", %0" ::"r"((uintptr_t)(value)) : "memory")

/* ---- Traps ---- */

enum { FETCH_FAULTS = 1, ILLEGAL = 2, STORE_FAULTS = 7, ECALL = 8, ECALL_LEN = 4 };

void switch_to_user(struct board_user *user);

static enum board_access access_of(uintptr_t cause)
{
    return cause == FETCH_FAULTS ? BOARD_EXECUTE : cause == STORE_FAULTS ? BOARD_WRITE : BOARD_READ;
}

void kernel_trapped(uintptr_t addr, uintptr_t cause, uintptr_t at);
void kernel_trapped(uintptr_t addr, uintptr_t cause, uintptr_t at)
{
    if (cause == ILLEGAL)
        kernel_unable("the processor has no ePMP");
    kernel_faulted(addr, access_of(cause), at);
}

enum board_event board_run(struct board_user *user)
{
    switch_to_user(user);
    const uintptr_t cause = READ(mcause);
    if (cause == ECALL) {
        user->at += ECALL_LEN;
        return BOARD_CALLED;
    }
    user->fault_addr = READ(mtval);
    user->fault_access = access_of(cause);
    return BOARD_FAULTED;
}

/* ---- The unit ---- */

enum { KERNEL_DATA = 0x8b, KERNEL_CODE = 0x8d, USER_CODE = 0x0d, SHARED_DATA = 0x0a };
enum { KERNEL_ARRAYS = 0x80 | 3 << 3 | 3 }; /* of a power of two, by its address alone */
enum { MML = 1, MMWP = 2, RLB = 4 }; /* mseccfg: CSR 0x747 */

static void set_entry(unsigned entry, uintptr_t rights)
{
    const unsigned each = sizeof(uintptr_t);
    const uintptr_t bits = rights << entry % each * 8, mask = (uintptr_t)0xff << entry % each * 8;
    switch (entry / 4) {
    case 0: WRITE(pmpcfg0, (READ(pmpcfg0) & ~mask) | bits); break;
#if __riscv_xlen == 32
    case 2: WRITE(pmpcfg2, (READ(pmpcfg2) & ~mask) | bits); break;
    case 3: WRITE(pmpcfg3, (READ(pmpcfg3) & ~mask) | bits); break;
#else
    default: WRITE(pmpcfg2, (READ(pmpcfg2) & ~mask) | bits); break;
#endif
    }
}

void board_start_unit(void)
{
    const uintptr_t arena = ARENA_BASE;
    WRITE(0x747, RLB); /* locked entries stay writable */
    WRITE(pmpaddr8, (arena + ARENA_LARGE_IN) >> 2);
    WRITE(pmpaddr9, (arena + ARENA_LEN) >> 2);
    WRITE(pmpaddr10, arena >> 2 | ((ARENA_PROCESSES >> 3) - 1));
    WRITE(pmpaddr11, (uintptr_t)code_start >> 2);
    WRITE(pmpaddr12, (uintptr_t)code_end >> 2);
    WRITE(pmpaddr13, (uintptr_t)bss_end >> 2);
    WRITE(pmpaddr14, (uintptr_t)user_end >> 2);
    WRITE(pmpaddr15, (uintptr_t)stage_end >> 2);
    set_entry(9, KERNEL_DATA);
    set_entry(10, KERNEL_ARRAYS);
    set_entry(12, KERNEL_CODE);
    set_entry(13, KERNEL_DATA);
    WRITE(0x747, RLB | MML | MMWP); /* machine mode has what its entries give */
    set_entry(14, USER_CODE);
    set_entry(15, SHARED_DATA);
    WRITE(pmpaddr0, arena >> 2);
    WRITE(pmpaddr1, UINTPTR_MAX); /* the programs are up there, too */
    port_leave_process();
    board_watch();
}

void board_watch(void)
{
    set_entry(1, KERNEL_DATA);
}

void board_unwatch(void)
{
    set_entry(1, 0);
}

/* ---- The start ---- */

void start(void);
void start(void)
{
    board_clear_bss();
    board_start_unit();
    kernel_main();
}
