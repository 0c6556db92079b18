/* A Cortex-M: switches between the kernel and unprivileged code, faults, semihosting. */
    .syntax unified
    .thumb

    .macro function name
    .global \name
    .thumb_func
\name:
    .endm

    .section .vectors, "a"
    .word stack_top, board_start, on_fault, on_fault, on_fault, on_fault, on_fault
    .word 0, 0, 0, 0, on_svc, 0, 0, 0, 0

    .text
/* The kernel is in the handler of a system call, where the start has gone with one of its own; unprivileged code is what
 * it returns to. switch_to_user(user, frame): to a process, whose frame psp is. Its next system call comes back, and so
 * do its faults, which leave one pending. */
function switch_to_user
    push {r0, r4-r11, lr}
    msr psp, r1
    ldr r4, [r0, #20]
    ldr r5, [r0, #24]
    mvn lr, #2                  /* to the process: its stack, its frame */
    bx lr

function on_svc
    tst lr, #4
    beq start                   /* from the kernel's stack */
    ldr r0, [sp]
    str r4, [r0, #20]
    str r5, [r0, #24]
    pop {r0, r4-r11, pc}

function on_fault
    tst lr, #4
    ite eq
    mrseq r0, msp
    mrsne r0, psp
    mov r1, lr
    push {r1, lr}
    bl note_fault
    pop {r1, pc}

/* Accesses of the kernel's that may fault. */
function board_kernel_stores
    strb r1, [r0]
    movs r0, #1
    bx lr
function board_kernel_loads
    ldrb r1, [r0]
    movs r0, #1
    bx lr
function kernel_may_not
    movs r0, #0
    bx lr

function semihost
    bkpt 0xab
    bx lr
