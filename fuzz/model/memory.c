/* The map of memory: who owns each byte, and what it is for. Contract: P1 to P3. */
#include "rules.h"

uint8_t model_cell(unsigned slot, enum purpose purpose)
{
    return purpose == FREE ? 0 : (uint8_t)(slot * 8 + purpose);
}

void model_label(struct model *m, uint64_t start, uint64_t end, uint8_t what)
{
    if (start < end) /* flash of no bytes may be anywhere */
        arena_set(&m->cells[start - ARENA_BASE], what, end - start);
}

void model_label_ram(struct model *m, unsigned slot)
{
    const struct model_process *p = &m->processes[slot];
    model_label(m, p->mem_start, p->app_break, model_cell(slot, APP));
    model_label(m, p->app_break, p->kernel_break, model_cell(slot, GAP));
    model_label(m, p->kernel_break, p->mem_end, model_cell(slot, KERNEL_PART));
}

/* Every byte of [addr, addr + len) has this owner and purpose. P1 to P3. */
static bool all_bytes_are(const struct model *m, uint64_t addr, uint64_t len, uint8_t what)
{
    const wide end = (wide)addr + len;
    if (end >= ADDRESS_SPACE || addr < ARENA_BASE || end > (wide)ARENA_BASE + ARENA_LEN)
        return false;
    unsigned others = 0;
    const uint8_t *cells = &m->cells[addr - ARENA_BASE];
    if (len > 0 && cells[len - 1] != what)
        return false; /* as most long ranges do: it saves a look at each byte */
    for (uint64_t i = 0; i < len; i++)
        others += cells[i] != what;
    return others == 0;
}

bool model_app_owned(const struct model *m, unsigned slot, uint64_t addr, uint64_t len)
{
    return all_bytes_are(m, addr, len, model_cell(slot, APP));
}

bool model_in_flash(const struct model *m, unsigned slot, uint64_t addr, uint64_t len)
{
    return all_bytes_are(m, addr, len, model_cell(slot, FLASH));
}

bool model_is_app_memory(const struct model *m, uint64_t addr)
{
    return addr - ARENA_BASE < ARENA_LEN && m->cells[addr - ARENA_BASE] % 8 == APP;
}
