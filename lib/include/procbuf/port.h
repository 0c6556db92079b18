/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The port: the functions that the kernel supplies.
 *
 * The library calls each of these as the table under C3 in lib/CONTRACT.md says: how often, and in
 * which order. They are bound at link time. lib/ports/host.c is the smallest port: every access is
 * open, protection never refuses, panic aborts.
 *
 * The library reaches process memory at the addresses that userspace uses: one flat address space,
 * in which a process's RAM and flash are mapped for the kernel whenever a function touches them (an
 * enter's body, zeroing, set_byte, grants; R19). A kernel with page tables maps the memory of all
 * processes of a table into the kernel's part of every address space, or switches to the process's
 * own before it calls. A page that is not there is a fault of the kernel: the library does not
 * catch it.
 *
 * A hook may run userspace, or any code that userspace controls. The library keeps no fact about
 * process memory across one.
 *
 * @see Contract: C1 to C3, S6, E4.
 */
#ifndef PROCBUF_PORT_H
#define PROCBUF_PORT_H

#include <procbuf/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What the library is about to do with a range of user memory.
 *
 * @see Contract: C1. Tock: none.
 */
enum procbuf_access {
    PROCBUF_ACCESS_READ, /**< It reads. */
    PROCBUF_ACCESS_READ_WRITE /**< It reads and writes. */
} PROCBUF_ONE_BYTE;

struct procbuf_table;

/**
 * One process, as the memory-protection hook has to set it up: all of its memory, and what of it
 * the process may access from now on.
 *
 * (table, process_index, identifier) is one life. A process that is being removed may access
 * nothing: its flash and its app part are empty.
 *
 * @see Contract: C1, L8. Tock: `MpuConfig`.
 */
struct procbuf_protection {
    const struct procbuf_table *table; /**< where the process is */
    uint64_t identifier; /**< of the life that this is for */
    uint32_t process_index; /**< slot in the table */
    procbuf_addr_t flash_start; /**< [flash_start, flash_end): may be read and executed */
    procbuf_addr_t flash_protected_end; /**< [flash_start, this): header, which no buffer reaches */
    procbuf_addr_t flash_end; /**< one past the end of flash */
    procbuf_addr_t mem_start; /**< [mem_start, app_break): may be read and written */
    procbuf_addr_t app_break; /**< [app_break, kernel_break): no one's */
    procbuf_addr_t kernel_break; /**< [kernel_break, mem_end): the kernel's */
    procbuf_addr_t mem_end; /**< one past the end of RAM */
};

/**
 * Let the kernel touch `[addr, addr + len)` until the matching close.
 *
 * Opens nest and may overlap. On machines without a lock on user memory (no SMAP, no PAN) it does
 * nothing.
 *
 * @param[in] addr   start of the range
 * @param[in] len    length of the range, in bytes; above 0
 * @param[in] access what the library will do with it
 * @pre R17: it does what is said here, and does not call the library on the process that it was
 *   called for.
 * @par Cost
 * The kernel's. C3 in lib/CONTRACT.md says which call uses it, and how often.
 * @see Contract: C1 to C3. Tock: none.
 */
void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access);

/**
 * Lock again what an open unlocked. A close always names the range and kind of its open.
 *
 * @param[in] addr   start of the range
 * @param[in] len    length of the range, in bytes; above 0
 * @param[in] access as in the open
 * @pre R17: it does what is said here, and does not call the library on the process that it was
 *   called for.
 * @par Cost
 * The kernel's. C3 in lib/CONTRACT.md says which call uses it, and how often.
 * @see Contract: C1 to C3. Tock: none.
 */
void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access);

/**
 * Program the memory protection for the next run of the process. Every byte that becomes accessible
 * was zeroed for it before (I9).
 *
 * @param[in] protection the process, and what it may access
 * @retval true  it is done
 * @retval false it is refused, for example because the hardware cannot express the boundary; the
 *               operation then fails
 * @pre R10: it does not refuse a removal, else the panic hook.
 * @pre R17: it does what is said here, and does not call the library on the process that it was
 *   called for.
 * @par Cost
 * The kernel's. C3 in lib/CONTRACT.md says which call uses it, and how often.
 * @see Contract: C1, C3, I9, L8. Tock: `MPU::update_app_memory_region`.
 */
PROCBUF_NODISCARD bool procbuf_port_protect_memory(const struct procbuf_protection *protection);

/**
 * Order all earlier accesses to user memory before all later code: a compiler barrier at least, and
 * what the processor needs in addition.
 *
 * @pre R17: it does what is said here, and does not call the library on the process that it was
 *   called for.
 * @par Cost
 * The kernel's. procbuf_return_to_user() calls it once.
 * @see Contract: S6, C3. Tock: none.
 */
void procbuf_port_barrier(void);

/**
 * Report a programming error in the kernel. User data never leads here.
 *
 * @param[in] message one static line, with the number of the rule that the kernel broke
 * @pre R17: it does not return, and does not call the library.
 * @par Cost
 * The kernel's.
 * @see Contract: E4. Tock: `panic!`.
 */
PROCBUF_NORETURN void procbuf_port_panic(const char *message);

/**
 * Order every access made through slices before the return to userspace. The kernel calls this on
 * the way out, before it switches.
 *
 * @pre R16: the kernel calls it on each way back, while no enter is open on this core whose body
 *   still uses its slice.
 * @par Cost
 * O(1): it calls barrier once.
 * @see Contract: S6, C3. Tock: none: the architecture's `switch_to_process` does it.
 */
void procbuf_return_to_user(void);

#ifdef __cplusplus
}
#endif
#endif
