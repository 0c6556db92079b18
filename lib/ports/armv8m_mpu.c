/* A port for Armv8-M (Cortex-M23, M33 and later): one MPU region is the app's part of RAM, one its
 * flash.
 *
 * The kernel runs privileged with the default map (MPU_CTRL.PRIVDEFENA), so that it may always
 * touch user memory: open and close do nothing. A region begins and ends on multiples of 32 bytes.
 * What does not is refused: creation answers NOMEM, brk OUT_OF_MEMORY.
 * Regions are kept for one process table; processes of a second one are refused.
 * Call armv8m_load_regions() on the way to a process, before procbuf_return_to_user().
 */
#include <procbuf/port.h>

enum { PROCESS_COUNT = 8, REGION_RAM = 0, REGION_FLASH = 1, GRANULE = 32 };

#define MPU_RNR (*(volatile uint32_t *)0xE000ED98u)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_RLAR (*(volatile uint32_t *)0xE000EDA0u)

enum {
    RBAR_READ_WRITE = 1u << 1, /* AP: any privilege may read and write */
    RBAR_READ_ONLY = 3u << 1,  /* AP: any privilege may read */
    RBAR_EXECUTE_NEVER = 1u << 0,
    RLAR_ENABLE = 1u << 0
};

struct region {
    uint32_t rbar;
    uint32_t rlar;
};
static struct region ram[PROCESS_COUNT], flash[PROCESS_COUNT];
static const struct procbuf_table *table; /* whose processes these are */

__attribute__((noreturn)) void kernel_panic(const char *message);
void armv8m_load_regions(uint32_t process_index);

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
}

static bool is_expressible(procbuf_addr_t start, procbuf_addr_t end)
{
    return start == end || (start % GRANULE == 0 && end % GRANULE == 0);
}

/* No region at all for an empty range. */
static struct region region_of(procbuf_addr_t start, procbuf_addr_t end, uint32_t rights)
{
    if (start == end)
        return (struct region){ 0, 0 };
    return (struct region){ (uint32_t)start | rights, (uint32_t)(end - GRANULE) | RLAR_ENABLE };
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    const uint32_t index = protection->process_index;
    if (table == NULL)
        table = protection->table;
    if (protection->table != table || index >= PROCESS_COUNT ||
        !is_expressible(protection->mem_start, protection->app_break) ||
        !is_expressible(protection->flash_start, protection->flash_end))
        return false;
    ram[index] = region_of(protection->mem_start, protection->app_break,
                           RBAR_READ_WRITE | RBAR_EXECUTE_NEVER);
    flash[index] = region_of(protection->flash_start, protection->flash_end, RBAR_READ_ONLY);
    return true;
}

static void load(uint32_t number, const struct region *region)
{
    MPU_RNR = number;
    MPU_RLAR = 0; /* never a region of which one half is another process's */
    MPU_RBAR = region->rbar;
    MPU_RLAR = region->rlar;
}

void armv8m_load_regions(uint32_t process_index)
{
    load(REGION_RAM, &ram[process_index]);
    load(REGION_FLASH, &flash[process_index]);
}

void procbuf_port_barrier(void)
{
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

void procbuf_port_panic(const char *message)
{
    kernel_panic(message);
}
