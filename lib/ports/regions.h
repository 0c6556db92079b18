/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the ports share whose unit has few regions, and locks the kernel out of process memory too:
 * where each process may go, which windows are open, and what the unit has to be told of it. Each of
 * those ports includes this once.
 *
 * While a process runs, region 0 is the app's part of its RAM and region 1 its flash. While the kernel
 * runs, both are off, and windows have the regions, from the last one on. What is in the unit already
 * is not written again.
 * Opens nest and may overlap. With more windows than regions some become one: the lock is weaker then,
 * and never too strong. One processor. Processes of a second process table are refused.
 */
#ifndef PROCBUF_PORTS_REGIONS_H
#define PROCBUF_PORTS_REGIONS_H

#include <procbuf/port.h>

#ifndef PORT_PROCESS_COUNT /* slots of the table */
#define PORT_PROCESS_COUNT 8
#endif
#ifndef PORT_MOST_WINDOWS /* that are open at once */
#define PORT_MOST_WINDOWS 16
#endif
enum { PROCESS_COUNT = PORT_PROCESS_COUNT, MOST_WINDOWS = PORT_MOST_WINDOWS };
enum { MOST_PIECES = 2 * MOST_WINDOWS };

enum right { KERNEL_READ, KERNEL_READ_WRITE, PROCESS_READ_EXECUTE, PROCESS_READ_WRITE };

/* [start, end); none if that is empty. */
struct region {
    procbuf_addr_t start, end;
    enum right right;
};

/* What a port of these supplies: GRANULE, REGIONS, and
 * whether a region can begin and end so; */
static bool expresses(procbuf_addr_t start, procbuf_addr_t end);
/* what to tell the unit of one window, and of all that are open: at most REGIONS, and how many; */
static struct region region_of_window(const struct region *window);
static unsigned regions_of_windows(struct region regions_out[MOST_PIECES]);
/* and the unit itself, whose regions count from 0 here: those of `off` go off, then those of `on` go
 * on as wanted, a bit for each; after that the processor goes by them. Until then loaded[] is what
 * the registers of a region hold. */
static void change(unsigned off, unsigned on, const struct region wanted[]);

__attribute__((noreturn)) void kernel_panic(const char *message);

/* ---- The unit ---- */

/* What its registers hold, of regions that are on, and of those that were. What a reset leaves is not
 * known: no process has address 0, so that none begins as these do. */
static struct region loaded[REGIONS];

static bool is_empty(const struct region *region)
{
    return region->start == region->end;
}

static bool are_same(const struct region *a, const struct region *b)
{
    return a->start == b->start && a->end == b->end && a->right == b->right;
}

/* The regions that have a bit in `on`, and no others. What changes is off before anything goes on: old
 * and new regions may overlap. */
static void load(unsigned on, const struct region wanted[])
{
    static unsigned loaded_off; /* none at first: a reset may leave any on */
    const unsigned loaded_on = ((1u << REGIONS) - 1) & ~loaded_off;
    unsigned same = 0;
    for (unsigned rest = on & loaded_on; rest != 0; rest &= rest - 1) {
        const unsigned r = (unsigned)__builtin_ctz(rest);
        if (are_same(&loaded[r], &wanted[r]))
            same |= 1u << r;
    }
    const unsigned goes_off = loaded_on & ~same, goes_on = on & ~same;
    loaded_off = ~on;
    if ((goes_off | goes_on) != 0)
        change(goes_off, goes_on, wanted);
    for (unsigned rest = goes_on; rest != 0; rest &= rest - 1)
        loaded[__builtin_ctz(rest)] = wanted[__builtin_ctz(rest)];
}

/* ---- Windows ---- */

static struct region windows[MOST_WINDOWS]; /* outermost first */
static unsigned window_count;

/* It has a large frame. */
__attribute__((noinline)) static void load_nested_windows(void)
{
    struct region pieces[MOST_PIECES], wanted[REGIONS];
    const unsigned count = regions_of_windows(pieces);
    for (unsigned p = 0; p < count; p++)
        wanted[REGIONS - 1 - p] = pieces[p];
    load(((1u << count) - 1) << (REGIONS - count), wanted);
}

static void load_windows(void)
{
    struct region wanted[REGIONS];
    if (window_count > 1) {
        load_nested_windows();
    } else if (window_count == 1) {
        wanted[REGIONS - 1] = region_of_window(&windows[0]);
        load(1u << (REGIONS - 1), wanted);
    } else {
        load(0, windows);
    }
}

static struct region window(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    return (struct region){ addr, addr + len,
                            access == PROCBUF_ACCESS_READ ? KERNEL_READ : KERNEL_READ_WRITE };
}

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    if (window_count == MOST_WINDOWS)
        procbuf_port_panic("more windows than the port has room for");
    windows[window_count++] = window(addr, len, access);
    load_windows();
}

/* Of two that are the same, the inner one. */
void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    const struct region closed = window(addr, len, access);
    unsigned w = window_count - 1;
    while (w > 0 && !are_same(&windows[w], &closed))
        w--;
    for (window_count--; w < window_count; w++)
        windows[w] = windows[w + 1];
    load_windows();
}

/* ---- Processes ---- */

static struct region memory[PROCESS_COUNT][2]; /* RAM and flash */

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    static const struct procbuf_table *table; /* whose processes these are */
    const uint32_t index = protection->process_index;
    if (table == NULL)
        table = protection->table;
    if (protection->table != table || index >= PROCESS_COUNT ||
        !expresses(protection->mem_start, protection->app_break) ||
        !expresses(protection->flash_start, protection->flash_end))
        return false;
    memory[index][0] =
        (struct region){ protection->mem_start, protection->app_break, PROCESS_READ_WRITE };
    memory[index][1] =
        (struct region){ protection->flash_start, protection->flash_end, PROCESS_READ_EXECUTE };
    return true;
}

/* The kernel calls these on the way to a process, after procbuf_return_to_user(), and first of all when
 * it comes back. */
void port_enter_process(uint32_t process_index);
void port_leave_process(void);

void port_enter_process(uint32_t process_index)
{
    const struct region *its = memory[process_index];
    load((is_empty(&its[0]) ? 0 : 1u) | (is_empty(&its[1]) ? 0 : 2u), its);
}

void port_leave_process(void)
{
    load_windows();
}

void procbuf_port_panic(const char *message)
{
    kernel_panic(message);
}

#endif
