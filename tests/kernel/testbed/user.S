/* Unprivileged programs, a few instructions each, whose registers hold what they act on (testbed.h). After a system
 * call they go on with the next instruction, and show its answer. */
    .section .user, "ax"

    .macro program name
    .globl \name
#ifdef __arm__
    .thumb_func
#endif
\name:
    .endm

#if defined(__arm__)
    .syntax unified
    .thumb
#define CALL svc 0
program user_call
    CALL
    CALL
program user_load
    ldrb r1, [r0]
    CALL
program user_store
    strb r1, [r0]
    CALL
program user_copy
    ldrb r3, [r1], #1
    strb r3, [r0], #1
    subs r2, #1
    bne user_copy
    CALL
program user_jump
    orr r0, #1                  /* Thumb */
    bx r0

#elif defined(__riscv)
    .option norvc
#define CALL ecall
program user_call
    CALL
    CALL
program user_load
    lbu a1, 0(a0)
    CALL
program user_store
    sb a1, 0(a0)
    CALL
program user_copy
    lbu a3, 0(a1)
    sb a3, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    bnez a2, user_copy
    CALL
program user_jump
    jr a0
program user_return
    ret

#elif defined(__x86_64__)
#define CALL int $0x80
program user_call
    CALL
    CALL
program user_load
    movzbl (%rdi), %esi
    CALL
program user_store
    movb %sil, (%rdi)
    CALL
program user_copy
    movb (%rsi), %al
    movb %al, (%rdi)
    inc %rsi
    inc %rdi
    dec %rdx
    jnz user_copy
    CALL
program user_jump
    jmp *%rdi
program user_return
    ret

#else
#define CALL svc #0
program user_call
    CALL
    CALL
program user_load
    ldrb w1, [x0]
    CALL
program user_store
    strb w1, [x0]
    CALL
program user_copy
    ldrb w3, [x1], #1
    strb w3, [x0], #1
    subs x2, x2, #1
    b.ne user_copy
    CALL
program user_jump
    br x0
program user_return
    ret
#endif

/* The instruction of a system call: what a probe jumps to. */
    .section .rodata
    .balign 4
    .globl user_trap, user_trap_end
user_trap:
    CALL
user_trap_end:
