/* QEMU's mps2-an385: a Cortex-M3, whose MPU is armv7m_mpu.c's. */
#include "arena.h"
#include "board.h"

const unsigned board_granule = 32, board_windows = 3;
const bool board_in_eighths = true, board_has_exact_windows = true;

#define MPU_TYPE (*(volatile uint32_t *)0xE000ED90u)
#define MPU_CTRL (*(volatile uint32_t *)0xE000ED94u)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_RASR (*(volatile uint32_t *)0xE000EDA0u)

enum {
    NO_ONE = 0,
    KERNEL_ONLY = 1 << 24,
    ALL = 3 << 24,
    READ_ONLY = 6 << 24,
    EXECUTE_NEVER = 1 << 28
};
enum { RBAR_VALID = 1 << 4, RASR_CACHEABLE = 1 << 17, RASR_ENABLE = 1 };
enum { HALF_MIB = 1 << 19, LAST_EIGHTHS_OFF = 0xe0 << 8 };

/* A block of 2^log2 bytes. */
static void set_region(uint32_t number, uintptr_t start, unsigned log2, uint32_t rights)
{
    MPU_RBAR = start | RBAR_VALID | number;
    MPU_RASR = rights | RASR_CACHEABLE | (log2 - 1) << 1 | RASR_ENABLE;
}

/* What processes may get is no one's but in windows: all of the arena except for the kernel's arrays at its start, and
 * at its end. */

void board_start_unit(void)
{
    const uintptr_t arena = ARENA_BASE;
    _Static_assert(ARENA_PROCESSES == 1 << 12 && ARENA_LARGE_IN == HALF_MIB + 5 * (1 << 12),
                   "regions 0 to 2 say so");
    if ((MPU_TYPE >> 8 & 0xff) < 8)
        kernel_unable("the processor has no MPU of 8 regions");
    set_region(0, arena, 19, NO_ONE | EXECUTE_NEVER);
    set_region(1, arena + HALF_MIB, 15, NO_ONE | EXECUTE_NEVER | LAST_EIGHTHS_OFF);
    set_region(2, arena, 12, KERNEL_ONLY | EXECUTE_NEVER);
    set_region(3, (uintptr_t)user_start, 12, READ_ONLY);
    set_region(4, (uintptr_t)stage_start, 12,
               ALL | EXECUTE_NEVER); /* and unprivileged code's stack */
    port_leave_process();
}

void board_watch(void)
{
    MPU_CTRL = 0;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

void board_unwatch(void)
{
    MPU_CTRL = 5; /* on; the kernel has the default map where no region says otherwise */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}
