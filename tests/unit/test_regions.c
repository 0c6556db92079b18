/* What lib/ports/regions.h and pieces.h tell a unit of few regions, which here is a table of them. The machines of
 * tests/kernel have more regions than the windows of a usual program need, and one table of processes. */
#define procbuf_port_user_access_open regions_open
#define procbuf_port_user_access_close regions_close
#define procbuf_port_protect_memory regions_protect
#define procbuf_port_panic regions_panic

enum { GRANULE = 32, REGIONS = 4 };
#define PORT_PROCESS_COUNT 2
#define PORT_MOST_WINDOWS 6

#include "../../lib/ports/regions.h"

#include "../../lib/ports/pieces.h"

#include <procbuf/process.h>

#include <criterion/criterion.h>
#include <setjmp.h>
#include <string.h>

#include "marks.h"

static struct region unit[REGIONS];
static unsigned unit_on;
static jmp_buf panicked;

static void change(unsigned off, unsigned on, const struct region wanted[])
{
    unit_on = (unit_on & ~off) | on;
    for (; on != 0; on &= on - 1)
        unit[__builtin_ctz(on)] = wanted[__builtin_ctz(on)];
}

void kernel_panic(const char *message)
{
    (void)message;
    longjmp(panicked, 1);
}

/* What the unit lets the kernel, or a process, do with a byte: one of two rights, or -1. */
static int right_at(procbuf_addr_t at)
{
    int right = -1;
    for (unsigned r = 0; r < REGIONS; r++)
        if ((unit_on & 1u << r) != 0 && unit[r].start <= at && at < unit[r].end) {
            cr_assert_eq(right, -1, "two regions hold one byte");
            right = (int)unit[r].right;
        }
    return right;
}

static procbuf_addr_t granule(unsigned number)
{
    return 4096 + (procbuf_addr_t)number * GRANULE;
}

static void open_granule(unsigned number, enum procbuf_access access)
{
    procbuf_port_user_access_open(granule(number) + 3, 7, access);
}

/* The closest two are joined, with the greater right of both; what is far from them stays exact. */
Test(regions, windows_beyond_the_last_region_join_the_closest)
{
    static const struct {
        unsigned number;
        int right;
    } rows[] = {
        { 0, KERNEL_READ },
        { 1, -1 },
        { 9, -1 },
        { 10, KERNEL_READ_WRITE },
        { 11, KERNEL_READ_WRITE },
        { 12, KERNEL_READ_WRITE },
        { 13, -1 },
        { 29, -1 },
        { 30, KERNEL_READ },
        { 31, -1 },
        { 50, KERNEL_READ },
        { 51, -1 },
    };
    ACCEPTS("C2");
    open_granule(0, PROCBUF_ACCESS_READ);
    open_granule(50, PROCBUF_ACCESS_READ);
    open_granule(10, PROCBUF_ACCESS_READ);
    open_granule(30, PROCBUF_ACCESS_READ);
    cr_assert_eq(right_at(granule(11)), -1);
    open_granule(12, PROCBUF_ACCESS_READ_WRITE);
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        cr_assert_eq(right_at(granule(rows[r].number)), rows[r].right, "granule %u",
                     rows[r].number);
}

Test(regions, no_window_is_open_beyond_the_last)
{
    REFUSES("C2");
    for (unsigned w = 0; w < PORT_MOST_WINDOWS; w++)
        open_granule(2 * w, PROCBUF_ACCESS_READ);
    if (setjmp(panicked) == 0) {
        open_granule(0, PROCBUF_ACCESS_READ);
        cr_assert_fail("it does not fit");
    }
}

static struct procbuf_table ours, another;

static struct procbuf_protection protection_of(uint32_t index, unsigned first)
{
    return (struct procbuf_protection){ .table = &ours,
                                        .process_index = index,
                                        .mem_start = granule(first),
                                        .app_break = granule(first + 1),
                                        .kernel_break = granule(first + 2),
                                        .mem_end = granule(first + 2),
                                        .flash_start = granule(first + 3),
                                        .flash_protected_end = granule(first + 3),
                                        .flash_end = granule(first + 4) };
}

static void has_memory(unsigned first)
{
    port_enter_process(0);
    cr_assert_eq(right_at(granule(first)), PROCESS_READ_WRITE);
    cr_assert_eq(right_at(granule(first + 1)), -1);
    cr_assert_eq(right_at(granule(first + 3)), PROCESS_READ_EXECUTE);
    port_leave_process();
    cr_assert_eq(right_at(granule(first)), -1);
}

/* A process of another table, one more than fit, and what no region says: nothing changes. */
Test(regions, what_is_refused_changes_nothing)
{
    struct procbuf_protection first = protection_of(0, 0);
    ACCEPTS("C1");
    REFUSES("C1");
    cr_assert(procbuf_port_protect_memory(&first));
    struct procbuf_protection others = protection_of(0, 10);
    others.table = &another;
    cr_assert_not(procbuf_port_protect_memory(&others));
    const struct procbuf_protection third = protection_of(PORT_PROCESS_COUNT, 10);
    cr_assert_not(procbuf_port_protect_memory(&third));
    struct procbuf_protection odd = protection_of(0, 10);
    odd.flash_end--;
    cr_assert_not(procbuf_port_protect_memory(&odd));
    odd = protection_of(0, 10);
    odd.app_break--;
    cr_assert_not(procbuf_port_protect_memory(&odd));
    has_memory(0);
    first = protection_of(0, 10);
    cr_assert(procbuf_port_protect_memory(&first));
    has_memory(10);
}
