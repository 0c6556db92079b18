/* QEMU's mps2-an505: a Cortex-M33, whose MPU is armv8m_mpu.c's. */
#include "arena.h"
#include "board.h"

const unsigned board_granule = 32, board_windows = 10;
const bool board_in_eighths = false, board_has_exact_windows = true;

#define MPU_TYPE (*(volatile uint32_t *)0xE000ED90u)
#define MPU_CTRL (*(volatile uint32_t *)0xE000ED94u)
#define MPU_RNR (*(volatile uint32_t *)0xE000ED98u)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_RLAR (*(volatile uint32_t *)0xE000EDA0u)
#define MPU_MAIR0 (*(volatile uint32_t *)0xE000EDC0u)

enum { KERNEL_ONLY = 0, ALL = 1 << 1, READ_ONLY = 2 << 1, EXECUTE_NEVER = 1 };

/* [start, end), of whole granules. */
static void set_region(uint32_t number, const uint8_t *start, const uint8_t *end, uint32_t rights)
{
    MPU_RNR = number;
    MPU_RBAR = (uint32_t)start | rights;
    MPU_RLAR = ((uint32_t)end - board_granule) | 1;
}

void board_start_unit(void)
{
    const uint8_t *arena = (const uint8_t *)ARENA_BASE;
    if ((MPU_TYPE >> 8 & 0xff) < 16)
        kernel_unable("the processor has no MPU of 16 regions");
    MPU_MAIR0 = 0x44;
    set_region(0, code_start, code_end, READ_ONLY | KERNEL_ONLY);
    set_region(1, user_start, user_end, READ_ONLY | ALL);
    set_region(2, data_start, bss_end, KERNEL_ONLY | EXECUTE_NEVER);
    set_region(3, stage_start, stage_end, ALL | EXECUTE_NEVER); /* and unprivileged code's stack */
    set_region(4, arena, arena + ARENA_PROCESSES, KERNEL_ONLY | EXECUTE_NEVER); /* kernel arrays */
    set_region(5, arena + ARENA_LARGE_IN, arena + ARENA_LEN, KERNEL_ONLY | EXECUTE_NEVER);
    port_leave_process();
}

void board_watch(void)
{
    MPU_CTRL = 0;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

void board_unwatch(void)
{
    MPU_CTRL = 1; /* on, without the default map */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}
