/* What a machine brings: armv8m.c and its like, and a port of lib/ports. */
#ifndef KERNEL_BOARD_H
#define KERNEL_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum board_access { BOARD_READ, BOARD_WRITE, BOARD_EXECUTE };
enum board_event { BOARD_CALLED, BOARD_FAULTED };

/* An unprivileged program: where it goes on, and its registers. After a fault: where, and what it did there. */
struct board_user {
    uintptr_t at;
    uintptr_t registers[6];
    uintptr_t fault_addr;
    enum board_access fault_access;
};

/* Let it run, with the memory of one process and nothing else, until it makes a system call or faults. Nests: the
 * kernel's stack keeps what was there. */
enum board_event board_run(struct board_user *user);

/* The process whose memory the unit opens to unprivileged code, and closes again (lib/ports, pages.h). */
void port_enter_process(uint32_t process);
void port_leave_process(void);

/* The kernel may touch process memory anywhere, or only in the windows of the port. It begins so that it may. */
void board_watch(void);
void board_unwatch(void);

/* While it may not: a store of `value`, or a load, by the kernel itself. Returns: whether it went through. */
bool board_kernel_stores(uintptr_t addr, uint8_t value);
bool board_kernel_loads(uintptr_t addr);
uintptr_t board_kernel_jumps(uintptr_t addr); /* the same: 0 if it faults. Not on Cortex-M */

/* On what multiples the port draws boundaries: of so many bytes, or of eighths of blocks of at least 8 times as many. */
extern const unsigned board_granule;
extern const bool board_in_eighths;

/* Whether windows are as exact, and may be for reading only; else all memory is open, or none. */
extern const bool board_has_exact_windows;
extern const unsigned board_windows; /* regions for them; if it takes more, the lock is weaker */

/* The protection unit, set up. */
void board_start_unit(void);

void board_write(const char *text, size_t len);
__attribute__((noreturn)) void board_exit(int status);

/* What the boards call: main, when all is ready; and when the kernel itself faults, or the machine lacks something. */
__attribute__((noreturn)) void kernel_main(void);
__attribute__((noreturn)) void kernel_faulted(uintptr_t addr, enum board_access access,
                                              uintptr_t at);
__attribute__((noreturn)) void kernel_unable(const char *why);

/* Where the linker has put things (kernel.ld); a stage is what unprivileged code may touch whoever it is. */
extern uint8_t code_start[], code_end[], data_start[], bss_start[], bss_end[], user_start[],
    user_end[], stage_start[], stage_end[];

void board_start(void);
static inline void board_clear_bss(void)
{
    for (volatile uintptr_t *word = (uintptr_t *)bss_start; word < (uintptr_t *)bss_end; word++)
        *word = 0;
}

#endif
