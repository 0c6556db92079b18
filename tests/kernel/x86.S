/* x86-64: the start, switches between the kernel and unprivileged code, exceptions. */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad board_start

/* ---- The start: paging, and 64 bits ---- */

    .section .data.boot, "aw"
    .balign 4096
boot_root:
    .quad boot_pointers + 7
    .fill 511, 8
boot_pointers:
    .quad boot_directory + 7
    .fill 511, 8
    .globl boot_directory
boot_directory:
    .set at, 0
    .rept 512
    .quad at + 0x83             /* 2 MiB, the kernel's */
    .set at, at + 0x200000
    .endr
    .globl descriptors, interrupts
descriptors:                    /* none; code and data of the kernel; data and code of processes; the task */
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff, 0, 0
interrupts:
    .fill 256 * 2, 8
descriptors_place:
    .word 55
    .quad descriptors
interrupts_place:
    .word 4095
    .quad interrupts

    .section .start, "ax"
    .code32
    .globl board_start
board_start:
    cli
    mov $0x20, %eax             /* CR4.PAE */
    mov %eax, %cr4
    mov $boot_root, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx       /* EFER: LME, NXE */
    mov $0x900, %eax
    xor %edx, %edx
    wrmsr
    mov %cr0, %eax
    or $0x80010001, %eax        /* PG, WP, PE */
    mov %eax, %cr0
    lgdt descriptors_place
    ljmp $8, $1f
    .code64
1:  mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    lidt interrupts_place
    mov $stack_top, %rsp
    mov $bss_start, %rdi
    mov $bss_end, %rcx
    sub %rdi, %rcx
    xor %eax, %eax
    rep stosb
    mov $0xff, %al              /* no interrupts of devices */
    out %al, $0x21
    out %al, $0xa1
    call start

/* ---- Switches ---- */

    .bss
    .globl task, error_code
    .balign 8
running:
    .skip 8
kernel_stack:
    .skip 8
error_code:
    .skip 8
task:
    .skip 104

    .text
/* switch_to_user(user), whose registers are rdi, rsi, rdx, r8, r9, r10. Whatever comes from a process goes back to
 * where the kernel had left for it, with the flags of then, AC too: processes run with AC set, which must not last. */
    .globl switch_to_user
switch_to_user:
    pushfq
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, kernel_stack
    mov %rsp, task + 4
    mov %rdi, running
    push $0x1b                  /* data of processes */
    push $0
    push $0x40002               /* AC */
    push $0x23                  /* code of processes */
    push (%rdi)
    mov 16(%rdi), %rsi
    mov 24(%rdi), %rdx
    mov 32(%rdi), %r8
    mov 40(%rdi), %r9
    mov 48(%rdi), %r10
    mov 8(%rdi), %rdi
    iretq

    .globl on_call, on_fault
on_call:
    push $0x80
    jmp from_user
on_fault:
    testb $3, 16(%rsp)
    jnz from_user
    push %rax
    lea board_kernel_stores(%rip), %rax
    cmp %rax, 16(%rsp)
    je 1f
    lea board_kernel_loads(%rip), %rax
    cmp %rax, 16(%rsp)
    je 1f
    cmp %rdi, 16(%rsp)          /* of board_kernel_jumps */
    je 1f
    mov 8(%rsp), %rdi
    mov 16(%rsp), %rsi
    and $-16, %rsp
    call kernel_trapped
1:  lea kernel_may_not(%rip), %rax
    mov %rax, 16(%rsp)
    pop %rax
    add $8, %rsp
    iretq
from_user:
    mov running, %rax
    mov %rdi, 8(%rax)
    mov %rsi, 16(%rax)
    mov %rdx, 24(%rax)
    mov %r8, 32(%rax)
    mov %r9, 40(%rax)
    mov %r10, 48(%rax)
    pop error_code
    pop (%rax)
    mov kernel_stack, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    popfq
    ret

/* Accesses of the kernel's that may fault. */
    .globl board_kernel_stores, board_kernel_loads, board_kernel_jumps
board_kernel_stores:
    movb %sil, (%rdi)
    mov $1, %eax
    ret
board_kernel_loads:
    movb (%rdi), %cl
    mov $1, %eax
    ret
board_kernel_jumps:
    mov %rdi, %rax
    jmp *%rdi
kernel_may_not:
    xor %eax, %eax
    ret
