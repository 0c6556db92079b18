/* QEMU's pc, x86-64 with SMAP and SMEP: x86_smap.c's lock, and the page tables that it asks for. */
#include "arena.h"
#include "board.h"

/* x86.S */
extern uint64_t boot_directory[]; /* pages of 2 MiB each, all the kernel's */
extern uint64_t descriptors[], interrupts[][2];
extern uintptr_t error_code;
void switch_to_user(struct board_user *user);
void on_call(void);
void on_fault(void);

/* ---- Exceptions ---- */

enum { KERNEL_CODE = 0x08, TASK = 0x28 };
enum { CALL = 0x80 };

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

void kernel_trapped(uintptr_t error, uintptr_t at);
void kernel_trapped(uintptr_t error, uintptr_t at)
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
    const uint64_t at = (uintptr_t)handler;
    interrupts[vector][0] = (at & 0xffff) | KERNEL_CODE << 16 |
                            (uint64_t)(0x8e00 | privilege << 13) << 32 | at >> 16 << 48;
    interrupts[vector][1] = at >> 32;
}

void board_start_unit(void)
{
    extern uint8_t
        task[]; /* a task state segment: the stack to begin with, coming from a process */
    const uint64_t at = (uintptr_t)task;
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

void start(void);
void start(void)
{
    board_start_unit();
    kernel_main();
}
