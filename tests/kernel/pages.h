/* The page tables that the ports for pages ask for, once for each machine that has pages. One table covers the arena and
 * what unprivileged code is made of: there is one for the kernel, and one for each process. The machine has said what
 * pages are (KERNEL_PAGE, DATA_PAGE, CODE_PAGE), and how a table is put in place: use(). */
#include <procbuf/port.h>

enum { PAGE = 4096, BIG_PAGE = 1 << 21, PER_TABLE = 512, PROCESSES = PORT_PROCESS_COUNT };
const unsigned board_granule = PAGE, board_windows = PORT_MOST_WINDOWS;
const bool board_in_eighths = false, board_has_exact_windows = false;

typedef uint64_t page_table[PER_TABLE];
static _Alignas(PAGE) page_table of_kernel, of_process[PROCESSES];

static void map(page_table table, uint64_t start, uint64_t end, uint64_t page)
{
    for (uint64_t at = start; at < end; at += PAGE)
        table[at % BIG_PAGE / PAGE] = at | page;
}

/* What is the same whoever runs. */
static void map_rest(page_table table)
{
    map(table, ARENA_BASE, ARENA_BASE + BIG_PAGE, KERNEL_PAGE);
    map(table, (uintptr_t)user_start, (uintptr_t)user_end, CODE_PAGE);
    map(table, (uintptr_t)stage_start, (uintptr_t)stage_end, DATA_PAGE);
}

bool kernel_map_process(const struct procbuf_protection *protection);
bool kernel_map_process(const struct procbuf_protection *p)
{
    const bool has_ram = p->mem_start != p->app_break, has_flash = p->flash_start != p->flash_end;
    if (p->process_index >= PROCESSES || (has_ram && (p->mem_start | p->app_break) % PAGE != 0) ||
        (has_flash && (p->flash_start | p->flash_end) % PAGE != 0))
        return false;
    uint64_t *table = of_process[p->process_index];
    map_rest(table);
    if (has_ram)
        map(table, p->mem_start, p->app_break, DATA_PAGE);
    if (has_flash)
        map(table, p->flash_start, p->flash_end, CODE_PAGE);
    return true;
}

void port_enter_process(uint32_t process)
{
    use(of_process[process]);
}

void port_leave_process(void)
{
    use(of_kernel);
}

/* The kernel has process memory mapped for user mode, too: else there was nothing to lock. */
static void start_pages(void)
{
    map_rest(of_kernel);
    map(of_kernel, ARENA_BASE + ARENA_PROCESSES, ARENA_BASE + ARENA_LARGE_IN, DATA_PAGE);
    port_leave_process();
}
