/* QEMU's virt, rv32 or rv64, with ePMP: riscv_pmp.c's unit. Machine mode is the kernel's, user mode the processes'. */
#include "arena.h"
#include "board.h"

void riscv_enter_process(uint32_t process_index);
void riscv_leave_process(void);

const unsigned board_granule = sizeof(uintptr_t), board_window_granule = sizeof(uintptr_t);
const unsigned board_windows = 3;
const bool board_has_read_windows = true;

__attribute__((section(".stage"))) uint8_t board_stage[BOARD_STAGE_LEN];
const uint8_t board_trap[] = { 0x73, 0, 0, 0 }; /* ecall */
const unsigned board_trap_len = sizeof board_trap;

#if __riscv_xlen == 32
#define REGISTER "4"
#define LOAD "lw"
#define STORE "sw"
#else
#define REGISTER "8"
#define LOAD "ld"
#define STORE "sd"
#endif

/* ---- Unprivileged code ---- */

__asm__(
    ".section .user, \"ax\"\n .option push\n .option norvc\n .globl user_call, user_load, "
    "user_store, user_copy, user_jump\n"
    "user_call: ecall\n ecall\n j .\n"
    "user_load: lbu a1, 0(a0)\n ecall\n j .\n"
    "user_store: sb a1, 0(a0)\n ecall\n j .\n"
    "user_copy: lbu a3, 0(a1)\n sb a3, 0(a0)\n addi a0, a0, 1\n addi a1, a1, 1\n addi a2, a2, -1\n"
    " bnez a2, user_copy\n ecall\n j .\n"
    "user_jump: jr a0\n .option pop\n .text\n");

/* ---- Switches ---- */

/* mscratch is the board_user that runs, 0 while the kernel does. */
static uintptr_t kernel_stack __attribute__((used));
__asm__(
    ".text\n"
    ".macro all_registers what\n .set n, 0\n"
    " .irp r, ra, gp, tp, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11\n"
    " \\what \\r, n(sp)\n .set n, n + " REGISTER "\n .endr\n .endm\n"
    ".macro user_registers what base\n .set n, " REGISTER "\n .irp r, a1, a2, a3, a4, a5\n"
    " .set n, n + " REGISTER "\n \\what \\r, n(\\base)\n .endr\n .endm\n"
    "switch_to_user:\n addi sp, sp, -16 * " REGISTER "\n all_registers " STORE "\n"
    " la t0, kernel_stack\n " STORE " sp, 0(t0)\n csrw mscratch, a0\n"
    " " LOAD " t0, 0(a0)\n csrw mepc, t0\n li t0, 3 << 11\n csrc mstatus, t0\n"
    " user_registers " LOAD " a0\n " LOAD " a0, " REGISTER "(a0)\n mret\n"
    ".balign 4\non_trap:\n csrrw sp, mscratch, sp\n bnez sp, 1f\n"
    " csrrw sp, mscratch, sp\n csrr t0, mepc\n"
    " la t1, board_kernel_stores\n beq t0, t1, 2f\n la t1, board_kernel_loads\n beq t0, t1, 2f\n"
    " csrr a0, mtval\n csrr a1, mcause\n mv a2, t0\n j kernel_trapped\n"
    "2: la t0, kernel_may_not\n csrw mepc, t0\n mret\n"
    "1: " STORE " a0, " REGISTER "(sp)\n user_registers " STORE " sp\n csrr t0, mepc\n"
    " " STORE " t0, 0(sp)\n csrw mscratch, zero\n la t0, kernel_stack\n " LOAD " sp, 0(t0)\n"
    " all_registers " LOAD "\n addi sp, sp, 16 * " REGISTER "\n ret\n"
    ".option push\n .option norvc\n .globl board_kernel_stores, board_kernel_loads\n"
    "board_kernel_stores: sb a1, 0(a0)\n li a0, 1\n ret\n"
    "board_kernel_loads: lbu a1, 0(a0)\n li a0, 1\n ret\n"
    "kernel_may_not: li a0, 0\n ret\n .option pop\n");
void switch_to_user(struct board_user *user);
void on_trap(void);

#define READ(csr)                                                                                  \
    ({                                                                                             \
        uintptr_t value_;                                                                          \
        __asm__ volatile("csrr %0, " #csr : "=r"(value_));                                         \
        value_;                                                                                    \
    })
#define WRITE(csr, value) __asm__ volatile("csrw " #csr ", %0" ::"r"((uintptr_t)(value)) : "memory")

enum { FETCH_FAULTS = 1, ILLEGAL = 2, STORE_FAULTS = 7, ECALL = 8 };

static enum board_access access_of(uintptr_t cause)
{
    return cause == FETCH_FAULTS ? BOARD_EXECUTE : cause == STORE_FAULTS ? BOARD_WRITE : BOARD_READ;
}

__attribute__((used)) static void kernel_trapped(uintptr_t addr, uintptr_t cause, uintptr_t at)
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
        user->at += sizeof board_trap;
        return BOARD_CALLED;
    }
    user->fault_addr = READ(mtval);
    user->fault_access = access_of(cause);
    return BOARD_FAULTED;
}

/* ---- The unit ---- */

enum { KERNEL_DATA = 0x8b, KERNEL_CODE = 0x8d, USER_CODE = 0x0d, SHARED_DATA = 0x0a };
enum { KERNEL_ARRAYS = 0x80 | 3 << 3 | 3 }; /* of a power of two, by its address alone */

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

extern uint8_t code_start[], code_end[], user_end[], bss_start[], bss_end[], stage_end[];

void board_start_unit(void)
{
    const uintptr_t arena = ARENA_BASE;
    WRITE(0x747, 4); /* mseccfg: locked entries stay writable */
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
    WRITE(0x747, 7); /* MML, MMWP: machine mode has what its entries give */
    set_entry(14, USER_CODE);
    set_entry(15, SHARED_DATA);
    WRITE(pmpaddr0, arena >> 2);
    WRITE(pmpaddr1, UINTPTR_MAX); /* the programs are up there, too */
    riscv_leave_process();
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

void board_enter_process(unsigned process)
{
    riscv_enter_process(process);
}

void board_leave_process(void)
{
    riscv_leave_process();
}

/* ---- Semihosting, and the start ---- */

__asm__(".text\n .balign 16\n .option push\n .option norvc\n"
        "semihost: slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n ret\n .option pop\n");
uintptr_t semihost(uintptr_t operation, const void *argument);

void board_write(const char *text, size_t len)
{
    static uintptr_t console;
    if (console == 0)
        console = semihost(1, &(struct {
                               const char *name;
                               uintptr_t mode, len;
                           }){ ":tt", 4, 3 });
    semihost(5, &(struct {
                 uintptr_t handle;
                 const char *text;
                 size_t len;
             }){ console, text, len });
}

void board_exit(int status)
{
    semihost(0x20, (const uintptr_t[]){ 0x20026, (uintptr_t)status });
    for (;;)
        ;
}

__asm__(".section .start, \"ax\"\n .globl board_start\n board_start:\n la sp, stack_top\n"
        " la t0, on_trap\n csrw mtvec, t0\n csrw mscratch, zero\n j start\n .text\n");

__attribute__((used)) static void start(void)
{
    for (uintptr_t *word = (uintptr_t *)bss_start; word < (uintptr_t *)bss_end; word++)
        *word = 0;
    board_start_unit();
    kernel_main();
}
