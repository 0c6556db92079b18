/* A port for Armv8-M (Cortex-M23, M33 and later): one MPU region is the app's part of RAM.
 *
 * The kernel runs privileged with the default map (MPU_CTRL.PRIVDEFENA), so that it may always
 * touch user memory: open and close do nothing. A region begins and ends on multiples of 32 bytes;
 * a break that does not is refused, and brk answers OUT_OF_MEMORY.
 * Call armv8m_load_region() on the way to a process, before procbuf_return_to_user().
 */
#include <procbuf/port.h>

enum { PROCESS_COUNT = 8, REGION = 0, GRANULE = 32 };

#define MPU_RNR (*(volatile uint32_t *)0xE000ED98u)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_RLAR (*(volatile uint32_t *)0xE000EDA0u)

enum {
    RBAR_READ_WRITE = 1u << 1, /* AP: any privilege may read and write */
    RBAR_EXECUTE_NEVER = 1u << 0,
    RLAR_ENABLE = 1u << 0
};

struct region {
    uint32_t rbar;
    uint32_t rlar;
};
static struct region regions[PROCESS_COUNT];

__attribute__((noreturn)) void kernel_panic(const char *message);
void armv8m_load_region(uint32_t process_index);

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    if (protection->process_index >= PROCESS_COUNT || protection->mem_start % GRANULE != 0 ||
        protection->app_break % GRANULE != 0)
        return false;
    struct region *region = &regions[protection->process_index];
    if (protection->app_break == protection->mem_start) {
        *region = (struct region){ 0, 0 }; /* an empty app part: no region */
        return true;
    }
    region->rbar = (uint32_t)protection->mem_start | RBAR_READ_WRITE | RBAR_EXECUTE_NEVER;
    region->rlar = (uint32_t)(protection->app_break - GRANULE) | RLAR_ENABLE;
    return true;
}

void armv8m_load_region(uint32_t process_index)
{
    MPU_RNR = REGION;
    MPU_RBAR = regions[process_index].rbar;
    MPU_RLAR = regions[process_index].rlar;
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

void procbuf_port_panic(const char *message)
{
    kernel_panic(message);
}
