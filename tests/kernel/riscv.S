/* RISC-V, 32 or 64 bits: the start, switches between the kernel and unprivileged code, traps, semihosting. */
#if __riscv_xlen == 32
#define WORD 4
#define LOAD lw
#define STORE sw
#else
#define WORD 8
#define LOAD ld
#define STORE sd
#endif

    .section .start, "ax"
    .globl board_start
board_start:
    la sp, stack_top
    la t0, on_trap
    csrw mtvec, t0
    csrw mscratch, zero
    j start

    .text
    .option norvc
/* What a function keeps for its caller, on the stack. */
    .macro kept_registers what
    .set n, 0
    .irp r, ra, gp, tp, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
    \what \r, n(sp)
    .set n, n + WORD
    .endr
    .endm

/* registers[1] to [5] of a board_user. */
    .macro user_registers what, base
    .set n, 2 * WORD
    .irp r, a1, a2, a3, a4, a5
    \what \r, n(\base)
    .set n, n + WORD
    .endr
    .endm

/* switch_to_user(user). mscratch is the board_user that runs, 0 while the kernel does. */
    .globl switch_to_user
switch_to_user:
    addi sp, sp, -16 * WORD
    kept_registers STORE
    la t0, kernel_stack
    STORE sp, 0(t0)
    csrw mscratch, a0
    LOAD t0, 0(a0)
    csrw mepc, t0
    li t0, 3 << 11              /* mstatus.MPP: user mode */
    csrc mstatus, t0
    user_registers LOAD, a0
    LOAD a0, WORD(a0)
    mret

    .balign 4
on_trap:
    csrrw sp, mscratch, sp
    bnez sp, from_user
    csrrw sp, mscratch, sp
    csrr t0, mepc
    la t1, board_kernel_stores
    beq t0, t1, refused
    la t1, board_kernel_loads
    beq t0, t1, refused
    beq t0, a0, refused         /* of board_kernel_jumps */
    csrr a0, mtval
    csrr a1, mcause
    mv a2, t0
    j kernel_trapped
refused:
    la t0, kernel_may_not
    csrw mepc, t0
    mret
from_user:
    STORE a0, WORD(sp)
    user_registers STORE, sp
    csrr t0, mepc
    STORE t0, 0(sp)
    csrw mscratch, zero
    la t0, kernel_stack
    LOAD sp, 0(t0)
    kept_registers LOAD
    addi sp, sp, 16 * WORD
    ret

/* Accesses of the kernel's that may fault. */
    .globl board_kernel_stores, board_kernel_loads, board_kernel_jumps
board_kernel_stores:
    sb a1, 0(a0)
    li a0, 1
    ret
board_kernel_loads:
    lbu a1, 0(a0)
    li a0, 1
    ret
board_kernel_jumps:
    jr a0
kernel_may_not:
    li a0, 0
    ret

    .globl semihost
    .balign 16
semihost:
    slli x0, x0, 0x1f
    ebreak
    srai x0, x0, 7
    ret

    .bss
    .balign WORD
kernel_stack:
    .skip WORD
