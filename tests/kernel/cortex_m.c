/* A Cortex-M under QEMU: start, switches to unprivileged code and back, faults. */
#include "board.h"

#define SHCSR (*(volatile uint32_t *)0xE000ED24u)
#define SHPR2 (*(volatile uint32_t *)0xE000ED1Cu)
#define CFSR (*(volatile uint32_t *)0xE000ED28u)
#define MMFAR (*(volatile uint32_t *)0xE000ED34u)
#define BFAR (*(volatile uint32_t *)0xE000ED38u)

enum { SVC_PENDING = 1 << 15, OWN_FAULTS = 3 << 16 };
enum { CFSR_FETCH = 1, CFSR_MMFAR_VALID = 0x80, CFSR_BFAR_VALID = 0x8000 };
enum { THUMB = 1, THUMB_STATE = 1 << 24, FRAME_PC = 6, FROM_PROCESS = 4 };

__attribute__((section(".stage"), aligned(32))) static uint32_t user_stack[24];
static struct board_user *running;
static bool has_faulted;

void kernel_may_not(void);
void switch_to_user(struct board_user *user, uint32_t *frame);

enum board_event board_run(struct board_user *user)
{
    uint32_t *frame = &user_stack[sizeof user_stack / sizeof user_stack[0] - 8];
    for (unsigned r = 0; r < 4; r++)
        frame[r] = user->registers[r];
    frame[4] = frame[5] = 0;
    frame[FRAME_PC] = user->at & ~(uintptr_t)THUMB;
    frame[7] = THUMB_STATE;
    running = user;
    has_faulted = false;
    switch_to_user(user, frame);
    __asm__ volatile("mrs %0, psp" : "=r"(frame));
    for (unsigned r = 0; r < 4; r++)
        user->registers[r] = frame[r];
    user->at = frame[FRAME_PC];
    return has_faulted ? BOARD_FAULTED : BOARD_CALLED;
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

static bool is_at(uint32_t at, const void *function)
{
    return at == ((uintptr_t)function & ~(uintptr_t)THUMB);
}

void note_fault(uint32_t *frame, uint32_t exc_return);
void note_fault(uint32_t *frame, uint32_t exc_return)
{
    const uint32_t status = CFSR, at = frame[FRAME_PC];
    CFSR = status; /* or the address counts as valid next time */
    const uint32_t addr = (status & CFSR_MMFAR_VALID) != 0  ? MMFAR
                          : (status & CFSR_BFAR_VALID) != 0 ? BFAR
                                                            : at;
    const enum board_access access =
        (status & CFSR_FETCH) != 0 ? BOARD_EXECUTE : access_of((const uint16_t *)at);
    if ((exc_return & FROM_PROCESS) != 0) {
        running->fault_addr = addr;
        running->fault_access = access;
        has_faulted = true;
        SHCSR |= SVC_PENDING;
    } else if (is_at(at, board_kernel_stores) || is_at(at, board_kernel_loads)) {
        frame[FRAME_PC] = (uintptr_t)kernel_may_not;
    } else {
        kernel_faulted(addr, access, at);
    }
}

void start(void);
void start(void)
{
    __asm__ volatile("msr control, %0" ::"r"(1)); /* what is not in a handler is unprivileged */
    board_start_unit();
    kernel_main();
}

void board_start(void)
{
    board_clear_bss();
    SHCSR |= OWN_FAULTS; /* faults of their own, above system calls */
    SHPR2 = 0x80u << 24;
    __asm__ volatile("svc 0" ::: "memory");
}
