/* QEMU's pc, x86-64 with SMAP and SMEP: x86_smap.c's lock, and the page tables that it asks for. */
#include "arena.h"
#include "board.h"

const uint8_t board_trap[] = { 0xcd, 0x80 }; /* int 0x80 */
const unsigned board_trap_len = sizeof board_trap;

/* ---- Unprivileged code: registers are rdi, rsi, rdx, r8, r9, r10 ---- */

__asm__(".section .user, \"ax\"\n .globl user_call, user_load, user_store, user_copy, user_jump\n"
        "user_call: int $0x80\n int $0x80\n jmp .\n"
        "user_load: movzbl (%rdi), %esi\n int $0x80\n jmp .\n"
        "user_store: movb %sil, (%rdi)\n int $0x80\n jmp .\n"
        "user_copy: movb (%rsi), %al\n movb %al, (%rdi)\n inc %rsi\n inc %rdi\n dec %rdx\n jnz "
        "user_copy\n"
        " int $0x80\n jmp .\n"
        "user_jump: jmp *%rdi\n .text\n");

/* ---- Switches ---- */

enum { KERNEL_CODE = 0x08, USER_DATA = 0x1b, USER_CODE = 0x23, TASK = 0x28 };
enum { CALL = 0x80, FLAGS_OF_PROCESSES = 0x40002 }; /* with AC set: the kernel must not keep it */

static struct board_user *running __attribute__((used));
static uintptr_t kernel_stack __attribute__((used)), error_code __attribute__((used));
static struct __attribute__((packed)) {
    uint32_t unused;
    uint64_t stack; /* where the processor begins when it comes from a process */
    uint32_t rest[23];
} task __attribute__((used));

/* Whatever comes from a process goes back to where the kernel had left for it, with the flags of then: AC, too. */
__asm__(".text\n"
        "switch_to_user:\n pushfq\n push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n "
        "push %r15\n"
        " mov %rsp, kernel_stack\n mov %rsp, task + 4\n mov %rdi, running\n"
        " push $0x1b\n push $0\n push $0x40002\n push $0x23\n push (%rdi)\n"
        " mov 16(%rdi), %rsi\n mov 24(%rdi), %rdx\n mov 32(%rdi), %r8\n mov 40(%rdi), %r9\n"
        " mov 48(%rdi), %r10\n mov 8(%rdi), %rdi\n iretq\n"
        "on_call: push $0x80\n jmp from_user\n"
        "on_fault:\n testb $3, 16(%rsp)\n jnz from_user\n"
        " push %rax\n lea board_kernel_stores(%rip), %rax\n cmp %rax, 16(%rsp)\n je 1f\n"
        " lea board_kernel_loads(%rip), %rax\n cmp %rax, 16(%rsp)\n je 1f\n"
        " mov 8(%rsp), %rdi\n mov 16(%rsp), %rsi\n and $-16, %rsp\n call kernel_trapped\n"
        "1: lea kernel_may_not(%rip), %rax\n mov %rax, 16(%rsp)\n pop %rax\n add $8, %rsp\n iretq\n"
        "from_user:\n mov running, %rax\n mov %rdi, 8(%rax)\n mov %rsi, 16(%rax)\n mov "
        "%rdx, 24(%rax)\n"
        " mov %r8, 32(%rax)\n mov %r9, 40(%rax)\n mov %r10, 48(%rax)\n"
        " pop error_code\n pop (%rax)\n mov kernel_stack, %rsp\n"
        " pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n popfq\n ret\n"
        ".globl board_kernel_stores, board_kernel_loads\n"
        "board_kernel_stores: movb %sil, (%rdi)\n mov $1, %eax\n ret\n"
        "board_kernel_loads: movb (%rdi), %cl\n mov $1, %eax\n ret\n"
        "kernel_may_not: xor %eax, %eax\n ret\n");
void switch_to_user(struct board_user *user);
void on_call(void);
void on_fault(void);

static uintptr_t fault_addr(void)
{
    uintptr_t addr;
    __asm__ volatile("mov %%cr2, %0" : "=r"(addr));
    return addr;
}

static enum board_access access_of(uintptr_t error)
{
    return (error & 0x10) != 0 ? BOARD_EXECUTE : (error & 2) != 0 ? BOARD_WRITE : BOARD_READ;
}

__attribute__((used)) static void kernel_trapped(uintptr_t error, uintptr_t at)
{
    kernel_faulted(fault_addr(), access_of(error), at);
}

enum board_event board_run(struct board_user *user)
{
    switch_to_user(user);
    if (error_code == CALL)
        return BOARD_CALLED;
    user->fault_addr = fault_addr();
    user->fault_access = access_of(error_code);
    return BOARD_FAULTED;
}

/* ---- Page tables ---- */

#define NO_EXECUTE ((uint64_t)1 << 63)
enum { PRESENT = 1, WRITABLE = 2, USER = 4 };
#define KERNEL_PAGE (PRESENT | WRITABLE | NO_EXECUTE)
#define DATA_PAGE (PRESENT | WRITABLE | USER | NO_EXECUTE)
#define CODE_PAGE (PRESENT | USER)
extern uint64_t boot_directory[]; /* of 2 MiB each, all the kernel's */

static void use(const uint64_t *table)
{
    uintptr_t root;
    boot_directory[ARENA_BASE >> 21] = (uintptr_t)table | PRESENT | WRITABLE | USER;
    __asm__ volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=&r"(root)::"memory");
}

#include "pages.h"

/* ---- The lock ---- */

static uintptr_t flags_unwatched;
enum { FLAG_AC = 1 << 18 };

void board_watch(void)
{
    __asm__ volatile("pushfq\n\tpop %0\n\tstac" : "=r"(flags_unwatched)::"memory", "cc");
}

void board_unwatch(void)
{
    if ((flags_unwatched & FLAG_AC) == 0)
        __asm__ volatile("clac" ::: "memory", "cc");
}

static void set_gate(unsigned vector, void (*handler)(void), unsigned privilege)
{
    extern uint64_t interrupts[][2];
    const uint64_t at = (uintptr_t)handler;
    interrupts[vector][0] = (at & 0xffff) | KERNEL_CODE << 16 |
                            (uint64_t)(0x8e00 | privilege << 13) << 32 | at >> 16 << 48;
    interrupts[vector][1] = at >> 32;
}

void board_start_unit(void)
{
    extern uint64_t descriptors[];
    const uint64_t at = (uintptr_t)&task;
    uint32_t features = 7, count = 0;
    uintptr_t control;
    __asm__("cpuid" : "+a"(features), "=b"(count) : "c"(0) : "edx");
    if ((count >> 7 & 1) == 0 || (count >> 20 & 1) == 0)
        kernel_unable("the processor has no SMEP or no SMAP");
    descriptors[TASK / 8] = 103 | (at & 0xffffff) << 16 | (uint64_t)0x89 << 40 | at >> 24 << 56;
    __asm__ volatile("ltr %w0" ::"r"(TASK));
    set_gate(6, on_fault, 0);
    set_gate(13, on_fault, 0);
    set_gate(14, on_fault, 0);
    set_gate(CALL, on_call, 3);
    start_pages();
    __asm__ volatile("mov %%cr4, %0\n\tor %1, %0\n\tmov %0, %%cr4\n\tclac"
                     : "=&r"(control)
                     : "i"(1 << 20 | 1 << 21));
    board_watch();
}

/* ---- Output, and the start ---- */

void board_write(const char *text, size_t len)
{
    __asm__ volatile("rep outsb" : "+S"(text), "+c"(len) : "d"(0xe9) : "memory");
}

/* The device makes 2n + 1 of it. */
void board_exit(int status)
{
    __asm__ volatile("outb %b0, %w1" ::"a"(status == 0 ? 16 : status), "d"(0xf4));
    for (;;)
        __asm__ volatile("hlt");
}

__asm__(
    ".section .note.pvh, \"a\", @note\n .balign 4\n .long 4, 8, 18\n .asciz \"Xen\"\n .quad "
    "board_start\n"
    ".section .data.boot, \"aw\"\n .balign 4096\n"
    "boot_root: .quad boot_pointers + 7\n .fill 511, 8\n"
    "boot_pointers: .quad boot_directory + 7\n .fill 511, 8\n .globl boot_directory\n"
    "boot_directory: .set at, 0\n .rept 512\n .quad at + 0x83\n .set at, at + 0x200000\n .endr\n"
    ".globl descriptors, interrupts\n"
    "descriptors: .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, "
    "0x00affb000000ffff, 0, 0\n"
    "interrupts: .fill 256 * 2, 8\n"
    "descriptors_place: .word 55\n .quad descriptors\n"
    "interrupts_place: .word 4095\n .quad interrupts\n"
    ".section .start, \"ax\"\n .code32\n .globl board_start\n board_start: cli\n"
    " mov $0x20, %eax\n mov %eax, %cr4\n mov $boot_root, %eax\n mov %eax, %cr3\n"
    " mov $0xc0000080, %ecx\n mov $0x900, %eax\n xor %edx, %edx\n wrmsr\n"
    " mov %cr0, %eax\n or $0x80010001, %eax\n mov %eax, %cr0\n lgdt descriptors_place\n ljmp $8, "
    "$1f\n"
    " .code64\n 1: mov $0x10, %eax\n mov %eax, %ds\n mov %eax, %es\n mov %eax, %ss\n lidt "
    "interrupts_place\n"
    " mov $stack_top, %rsp\n mov $bss_start, %rdi\n mov $bss_end, %rcx\n sub %rdi, %rcx\n xor "
    "%eax, %eax\n"
    " rep stosb\n mov $0xff, %al\n out %al, $0x21\n out %al, $0xa1\n call start\n .text\n");

__attribute__((used)) static void start(void)
{
    board_start_unit();
    kernel_main();
}
