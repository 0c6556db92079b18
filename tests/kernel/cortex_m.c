/* A Cortex-M under QEMU: start, switches to unprivileged code and back, faults, semihosting. */
#include "board.h"

#include <stdbool.h>

#define CFSR (*(volatile uint32_t *)0xE000ED28u)
#define MMFAR (*(volatile uint32_t *)0xE000ED34u)
#define BFAR (*(volatile uint32_t *)0xE000ED38u)
#define SHCSR (*(volatile uint32_t *)0xE000ED24u)
#define SHPR2 (*(volatile uint32_t *)0xE000ED1Cu)

enum { CFSR_FETCH = 1, CFSR_MMFAR_VALID = 0x80, CFSR_BFAR_VALID = 0x8000 };
enum { THUMB = 1, THUMB_STATE = 1 << 24, FRAME_PC = 6 };

__attribute__((section(".stage"))) uint8_t board_stage[BOARD_STAGE_LEN];
__attribute__((section(".stage"), aligned(32))) static uint32_t user_stack[24];

/* ---- Unprivileged code ---- */

__asm__(".section .user, \"ax\"\n .thumb\n .syntax unified\n"
        ".macro program name\n .global \\name\n .thumb_func\n \\name:\n .endm\n"
        "program user_call\n svc 0\n svc 0\n b .\n"
        "program user_load\n ldrb r1, [r0]\n svc 0\n b .\n"
        "program user_store\n strb r1, [r0]\n svc 0\n b .\n"
        "program user_copy\n 1: ldrb r3, [r1], #1\n strb r3, [r0], #1\n subs r2, #1\n bne 1b\n"
        " svc 0\n b .\n"
        "program user_jump\n orr r0, #1\n bx r0\n"
        ".text\n");
const uint8_t board_trap[] = { 0x00, 0xdf }; /* svc 0 */
const unsigned board_trap_len = sizeof board_trap;

/* ---- Switches ---- */

static struct board_user *running;
static uint32_t faulted;

/* The kernel's svc goes to the process, whose frame psp is; the process's svc, and its faults, come back. */
__asm__(".text\n .thumb\n .syntax unified\n"
        ".thumb_func\n switch_to_user:\n"
        " push {r0, r4-r11, lr}\n msr psp, r1\n ldr r4, [r0, #20]\n ldr r5, [r0, #24]\n svc 0\n"
        " ldr r0, [sp]\n str r4, [r0, #20]\n str r5, [r0, #24]\n pop {r0, r4-r11, pc}\n"
        ".thumb_func\n on_svc:\n tst lr, #4\n bne to_kernel\n"
        " mrs r0, control\n orr r0, #1\n msr control, r0\n isb\n mvn lr, #2\n bx lr\n"
        ".thumb_func\n to_kernel:\n"
        " mrs r0, control\n bic r0, #1\n msr control, r0\n isb\n mvn lr, #6\n bx lr\n"
        ".thumb_func\n on_fault:\n"
        " tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n mov r1, lr\n push {r1, lr}\n"
        " bl note_fault\n pop {r1, lr}\n tst lr, #4\n bne to_kernel\n bx lr\n"
        ".global board_kernel_stores, board_kernel_loads\n .thumb_func\n board_kernel_stores:\n "
        "strb r1, [r0]\n movs r0, #1\n bx lr\n"
        ".thumb_func\n board_kernel_loads:\n ldrb r1, [r0]\n movs r0, #1\n bx lr\n"
        ".thumb_func\n kernel_may_not:\n movs r0, #0\n bx lr\n");
void kernel_may_not(void);
void switch_to_user(struct board_user *user, uint32_t *frame);
void on_svc(void);
void on_fault(void);

enum board_event board_run(struct board_user *user)
{
    uint32_t *frame = &user_stack[sizeof user_stack / sizeof user_stack[0] - 8];
    for (unsigned r = 0; r < 4; r++)
        frame[r] = user->registers[r];
    frame[4] = frame[5] = 0;
    frame[FRAME_PC] = user->at & ~(uintptr_t)THUMB;
    frame[7] = THUMB_STATE;
    running = user;
    faulted = 0;
    switch_to_user(user, frame);
    __asm__ volatile("mrs %0, psp" : "=r"(frame));
    for (unsigned r = 0; r < 4; r++)
        user->registers[r] = frame[r];
    user->at = frame[FRAME_PC];
    return faulted ? BOARD_FAULTED : BOARD_CALLED;
}

/* The processor does not tell a store from a load: the instruction does. */
static enum board_access access_of(const uint16_t *instruction)
{
    const unsigned half = *instruction;
    if (half >> 11 >= 0x1D)
        return (half & 1 << 4) != 0 ? BOARD_READ : BOARD_WRITE;
    if (half >> 12 == 5)
        return (half >> 9 & 7) < 3 ? BOARD_WRITE : BOARD_READ;
    return (half & 1 << 11) != 0 ? BOARD_READ : BOARD_WRITE;
}

/* Of the kernel's own accesses, those that test for a fault return that they do. */
__attribute__((used)) void note_fault(uint32_t *frame, uint32_t exc_return)
{
    const uint32_t status = CFSR, at = frame[FRAME_PC];
    CFSR = status; /* or the address counts as valid next time */
    const bool fetches = (status & CFSR_FETCH) != 0;
    const uint32_t addr = (status & CFSR_MMFAR_VALID) != 0  ? MMFAR
                          : (status & CFSR_BFAR_VALID) != 0 ? BFAR
                                                            : at;
    const enum board_access access = fetches ? BOARD_EXECUTE : access_of((const uint16_t *)at);
    if ((exc_return & 4) == 0) {
        if (at != ((uintptr_t)board_kernel_stores & ~(uintptr_t)THUMB) &&
            at != ((uintptr_t)board_kernel_loads & ~(uintptr_t)THUMB))
            kernel_faulted(addr, access, at);
        frame[FRAME_PC] = (uintptr_t)kernel_may_not;
        return;
    }
    running->fault_addr = addr;
    running->fault_access = access;
    faulted = 1;
}

/* ---- Semihosting ---- */

static uint32_t semihost(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_write(const char *text, size_t len)
{
    static uint32_t console;
    if (console == 0)
        console = semihost(1, &(struct {
                               const char *name;
                               uint32_t mode, len;
                           }){ ":tt", 4, 3 });
    semihost(5, &(struct {
                 uint32_t handle;
                 const char *text;
                 size_t len;
             }){ console, text, len });
}

void board_exit(int status)
{
    semihost(0x20, (const uint32_t[]){ 0x20026, (uint32_t)status });
    for (;;)
        ;
}

/* ---- The start ---- */

extern uint8_t bss_start[], bss_end[];
extern uint32_t stack_top[];

void board_start(void);
void board_start(void)
{
    for (uint32_t *word = (uint32_t *)bss_start; word < (uint32_t *)bss_end; word++)
        *word = 0;
    SHCSR |= 3 << 16; /* faults of their own, above system calls */
    SHPR2 = 0x80u << 24;
    board_start_unit();
    kernel_main();
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    [0] = stack_top,        [1] = (void *)board_start, [2] = (void *)on_fault,
    [3] = (void *)on_fault, [4] = (void *)on_fault,    [5] = (void *)on_fault,
    [6] = (void *)on_fault, [11] = (void *)on_svc,
};
