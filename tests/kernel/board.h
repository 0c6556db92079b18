/* What a machine brings: a file each, armv8m.c and its like, and a port of lib/ports. */
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

/* The process whose memory the unit opens to unprivileged code, and closes again. */
void board_enter_process(unsigned process);
void board_leave_process(void);

/* The kernel may touch process memory anywhere, or only in the windows of the port. It begins so that it may. */
void board_watch(void);
void board_unwatch(void);

/* While it may not, does an access of the kernel itself fault? A store of `value`, or a load. */
bool board_kernel_stores(uintptr_t addr, uint8_t value);
bool board_kernel_loads(uintptr_t addr);

/* What the kernel's lock knows: windows in granules of so many bytes, or (0) only whether one is open; and whether
 * there are windows to read only. */
extern const unsigned board_window_granule;
extern const unsigned board_windows; /* so many at once; with more the lock is weaker */
extern const bool board_has_read_windows;

/* The protection unit, switched on. */
void board_start_unit(void);

void board_write(const char *text, size_t len);
__attribute__((noreturn)) void board_exit(int status);

/* Unprivileged programs, a few instructions each (user_….S). Registers hold what they act on. */
extern const uint8_t
    user_call[]; /* a system call, and another that shows what the first one answered */
extern const uint8_t user_load[]; /* a byte: of [0] into 1 */
extern const uint8_t user_store[]; /* a byte: 1 to [0] */
extern const uint8_t user_copy[]; /* bytes: 2 of them, from [1] to [0] */
extern const uint8_t user_jump[]; /* to 0 */

/* A place that programs read, and the kernel fills. */
enum { BOARD_STAGE_LEN = 256 };
extern uint8_t board_stage[BOARD_STAGE_LEN];

/* A system call as it is in memory: what a probe jumps to. */
extern const uint8_t board_trap[];
extern const unsigned board_trap_len;
extern const unsigned board_granule;

/* What the boards call: main, when all is ready; and when the kernel itself faults. */
__attribute__((noreturn)) void kernel_main(void);
__attribute__((noreturn)) void kernel_faulted(uintptr_t addr, enum board_access access,
                                              uintptr_t at);

/* The machine lacks what the kernel needs. */
__attribute__((noreturn)) void kernel_unable(const char *why);

/* Programs to run, which whoever started the machine has put there. */
extern const uint8_t board_programs[];

#endif
