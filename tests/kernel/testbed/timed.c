/* What a system call costs: the kernel with one process, and nothing of the testbed. Its programs are how many calls of
 * each kind to make. */
#include "arena.h"
#include "probes.h"

#include <procbuf.h>
#include <procbuf/port.h>
#include <stdio.h>
#include <unistd.h>

void kernel_unable(const char *why)
{
    fprintf(stdout, "unable: %s\n", why);
    _exit(2);
}

void kernel_panic(const char *message);
void kernel_panic(const char *message)
{
    kernel_unable(message);
}

void kernel_faulted(uintptr_t addr, enum board_access access, uintptr_t at)
{
    fprintf(stdout, "unable: a fault of kind %u at %p, by %p\n", (unsigned)access, (void *)addr,
            (void *)at);
    _exit(2);
}

/* Its RAM is a block of two pages, for every unit. */
enum { PAGE = 4096, FLASH = ARENA_PROCESSES, RAM = FLASH + PAGE };

static struct procbuf_process *make_process(void)
{
    static struct procbuf_table table;
    static struct procbuf_process slots[1];
    static struct procbuf_grant_entry entries[1];
    static struct procbuf_driver driver;
    const struct procbuf_process_config config = {
        .flash_start = (procbuf_addr_t)ARENA_BASE + FLASH,
        .flash_len = PAGE,
        .mem_start = (procbuf_addr_t)ARENA_BASE + RAM,
        .mem_len = 2 * PAGE,
        .initial_app_len = PAGE,
    };
    struct procbuf_process *process;
    procbuf_driver_init(&driver,
                        &(struct procbuf_driver_config){ .readwrite_count = 1, .data_align = 1 });
    procbuf_table_init(&table, slots, 1);
    procbuf_table_use_grants(&table, entries, 1);
    kernel_use_drivers(&driver, 1);
    if (procbuf_process_create(&table, &config, &process) != PROCBUF_OK)
        kernel_unable("the process cannot be made");
    return process;
}

/* The way there, what the kernel does, and the way back. */
static void make_calls(uint32_t count, struct procbuf_process *process, enum kernel_call call,
                       enum procbuf_error answer)
{
    for (; count > 0; count--) {
        struct board_user user = {
            .at = (uintptr_t)user_call,
            .registers = { call, 0, 0, (uintptr_t)ARENA_BASE + RAM, 16 },
        };
        const enum board_event event = kernel_run(0, &user);
        kernel_handle(process, event, &user);
        if (event != BOARD_CALLED || user.registers[0] != answer)
            kernel_unable("a call does not answer what it should");
    }
}

extern volatile uint32_t board_programs[];

void kernel_main(void)
{
    const uint32_t bare = board_programs[0], allow = board_programs[1];
    struct procbuf_process *process;
    board_unwatch();
    process = make_process();
    make_calls(bare, process, CALL_NONE, PROCBUF_NOSUPPORT);
    make_calls(allow, process, CALL_ALLOW_READWRITE, PROCBUF_OK); /* with a window on the grant */
    board_watch();
    fprintf(stdout, "= calls %u\n", (unsigned)(bare + allow));
    _exit(0);
}
