/* AArch64: the start, switches between the kernel and unprivileged code, exceptions, semihosting. */
    .arch_extension pan

    .section .start, "ax"
    .globl board_start
board_start:
    msr spsel, #1
    ldr x0, =stack_top
    mov sp, x0
    b start
    .ltorg

    .text
/* switch_to_user(user). tpidr_el1 is the board_user that runs. Whatever comes from a process goes back to where the
 * kernel had left for it, with the lock of then. */
    .globl switch_to_user
switch_to_user:
    mrs x9, pan
    stp x19, x20, [sp, #-112]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    str x9, [sp, #96]
    msr tpidr_el1, x0
    ldr x9, [x0]
    msr elr_el1, x9
    msr spsr_el1, xzr
    ldp x2, x3, [x0, #24]
    ldp x4, x5, [x0, #40]
    ldp x0, x1, [x0, #8]
    eret

from_user:
    mrs x9, tpidr_el1
    stp x0, x1, [x9, #8]
    stp x2, x3, [x9, #24]
    stp x4, x5, [x9, #40]
    mrs x10, elr_el1
    str x10, [x9]
    ldr x9, [sp, #96]
    msr pan, x9
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp x19, x20, [sp], #112
    ret

from_kernel:
    mrs x9, elr_el1
    adr x10, board_kernel_stores
    cmp x9, x10
    b.eq refused
    adr x10, board_kernel_loads
    cmp x9, x10
    b.eq refused
    cmp x9, x0                  /* of board_kernel_jumps */
    b.eq refused
    mrs x0, far_el1
    mrs x1, esr_el1
    mov x2, x9
    b kernel_trapped
refused:
    adr x9, kernel_may_not
    msr elr_el1, x9
    eret

    .globl vectors
    .balign 2048
vectors:
    .skip 0x200
    b from_kernel
    .balign 0x200
    b from_user
    .balign 0x200

/* Accesses of the kernel's that may fault. */
    .globl board_kernel_stores, board_kernel_loads, board_kernel_jumps
board_kernel_stores:
    strb w1, [x0]
    mov w0, #1
    ret
board_kernel_loads:
    ldrb w1, [x0]
    mov w0, #1
    ret
board_kernel_jumps:
    br x0
kernel_may_not:
    mov x0, #0
    ret

    .globl semihost
semihost:
    hlt #0xf000
    ret

/* What a call keeps: the compiler has no builtin of these here. */
    .globl setjmp, longjmp
setjmp:
    stp x19, x20, [x0]
    stp x21, x22, [x0, #16]
    stp x23, x24, [x0, #32]
    stp x25, x26, [x0, #48]
    stp x27, x28, [x0, #64]
    stp x29, x30, [x0, #80]
    mov x9, sp
    str x9, [x0, #96]
    mov w0, #0
    ret
longjmp:
    ldp x19, x20, [x0]
    ldp x21, x22, [x0, #16]
    ldp x23, x24, [x0, #32]
    ldp x25, x26, [x0, #48]
    ldp x27, x28, [x0, #64]
    ldp x29, x30, [x0, #80]
    ldr x9, [x0, #96]
    mov sp, x9
    mov w0, w1
    ret
