/* A readable sub-slice grew back over its parent (the planted bug S04; see the regression of that name in corpus).
 *
 * Expected: none
 * Actual: yes
 * Broke rule S2 of lib/CONTRACT.md.
 * PROCBUF-BUG kind=result check=outcome-kind op=range
 *
 * The program:
 *      1  p0 shares 16 bytes at p0.ram+8 for reading, as ro0
 *      2  enter ro0 to read, its bytes as s0
 *      3     let s1 be bytes [2, 6) of s0
 * ->   4     let s2 be bytes [2, 5) of s1
 *
 * It needs the library's headers, the library, and Criterion: the port is below.
 */
#include <criterion/criterion.h>
#include <procbuf.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* ---- Memory ---- */

/* The kernel's own part comes first; processes are after it, side by side. */
static _Alignas(4096) uint8_t memory[8192];
#define MEMORY ((procbuf_addr_t)(uintptr_t)memory)
#define P0_FLASH (MEMORY + 4096)
#define P0_RAM (MEMORY + 4352)
#define P1_FLASH (MEMORY + 5376)
#define P1_RAM (MEMORY + 4864)
#define P2_FLASH (MEMORY + 5507)
#define P2_RAM (MEMORY + 5616)

/* ---- The port ---- */

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
    (void)protection;
    return true;
}

void procbuf_port_barrier(void)
{
}

void procbuf_port_panic(const char *message)
{
    cr_assert_fail("panic: %s", message);
    for (;;)
        ;
}

/* ---- The kernel ---- */

static struct procbuf_table table;
static struct procbuf_process processes[4];
static struct procbuf_process *const p0 = &processes[0];
static struct procbuf_readonly ro[1] = { PROCBUF_READONLY_DEFAULT };
static struct procbuf_readable s0;
static struct procbuf_readable s1;
static struct procbuf_readable s2;
static unsigned body_1_runs;

static void create(uint32_t slot, struct procbuf_process_config config)
{
    struct procbuf_process *process = NULL;
    cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_OK);
    cr_assert_eq(process, &processes[slot]);
}

static void expect_slice(const uint8_t *base, size_t actual_len, procbuf_addr_t start, size_t expected_len)
{
    cr_assert_eq(actual_len, expected_len, "a slice of %zu bytes instead of %zu", actual_len, expected_len);
    cr_assert_eq((procbuf_addr_t)(uintptr_t)base, start, "a slice that begins %td bytes away",
                 (ptrdiff_t)((procbuf_addr_t)(uintptr_t)base - start));
}

/* ---- The program ---- */

static void body_1(struct procbuf_readable slice, void *data)
{
    (void)data;
    body_1_runs++;
    s0 = slice;
    expect_slice(procbuf_readable_base_unchecked(s0), procbuf_readable_len(s0), P0_RAM + 8, 16);
    cr_assert(procbuf_readable_range(s0, 2, 6, &s1));
    expect_slice(procbuf_readable_base_unchecked(s1), procbuf_readable_len(s1), P0_RAM + 10, 4);
    cr_assert_not(procbuf_readable_range(s1, 2, 5, &s2));
}

Test(found, result__outcome_kind__range, .timeout = 10)
{
    memset(processes, 0xa5, sizeof processes); /* nothing is zero by luck */
    procbuf_table_init(&table, processes, 4);
    create(0, (struct procbuf_process_config){ .flash_start = P0_FLASH, .flash_len = 256,
        .flash_protected_len = 32, .mem_start = P0_RAM, .mem_len = 512, .initial_app_len = 259,
        .initial_kernel_len = 64, .fault_policy = PROCBUF_FAULT_STOP });
    create(1, (struct procbuf_process_config){ .flash_start = P1_FLASH, .flash_len = 128,
        .flash_protected_len = 20, .mem_start = P1_RAM, .mem_len = 512, .initial_app_len = 256,
        .initial_kernel_len = 100, .fault_policy = PROCBUF_FAULT_RESTART });
    create(2, (struct procbuf_process_config){ .flash_start = P2_FLASH, .flash_len = 100,
        .flash_protected_len = 1, .mem_start = P2_RAM, .mem_len = 300, .initial_app_len = 131,
        .initial_kernel_len = 169, .fault_policy = PROCBUF_FAULT_STOP });
    cr_assert_eq(procbuf_readonly_build(p0, P0_RAM + 8, 16, &ro[0]), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&ro[0], body_1, NULL), PROCBUF_OK);
    cr_assert_eq(body_1_runs, 1, "the body runs once");
}
