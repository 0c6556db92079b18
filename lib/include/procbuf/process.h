/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Processes: memory layout, identity, life, and the break. Contract: P, L, K.
 *
 *     RAM    mem_start ......... app_break ......... kernel_break ......... mem_end
 *            | app-owned: rw      | not accessible    | grant region: kernel  |
 *     FLASH  flash_start ......... flash_protected_end ................ flash_end
 *            | header: not accessible to buffers | readable, never writable    |
 *
 * Addresses are those of userspace, in one flat address space: process memory is mapped for the kernel
 * at these addresses whenever a function touches it (R19; procbuf/port.h says when that is).
 *
 * The caller owns all memory: a table and its slots are the caller's objects, in any storage
 * that outlives their use.
 */
#ifndef PROCBUF_PROCESS_H
#define PROCBUF_PROCESS_H

#include <procbuf/addr.h>
#include <procbuf/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct procbuf_external_process_capability;
struct procbuf_grant_entry;
struct procbuf_open_enter;
struct procbuf_process;
struct procbuf_table;

/* ---- State ---------------------------------------------------------------------------------- */

/* Where a process is in its life. Active: all but FAULTED and TERMINATED. Contract: L2.
 * Source: Tock State, kernel/src/process.rs. */
enum procbuf_state_kind {
    PROCBUF_STATE_RUNNING,
    PROCBUF_STATE_YIELDED,
    PROCBUF_STATE_YIELDED_FOR, /* for one upcall: `yielded_for` says which */
    PROCBUF_STATE_STOPPED,     /* `stopped_from` says what resume goes back to */
    PROCBUF_STATE_FAULTED,
    PROCBUF_STATE_TERMINATED
} PROCBUF_ONE_BYTE;

struct procbuf_state {
    enum procbuf_state_kind kind;
    enum procbuf_state_kind stopped_from; /* RUNNING, YIELDED or YIELDED_FOR; else equals kind */
    uint32_t yielded_for;                 /* 0 unless one of the two above is YIELDED_FOR */
};

/* What a fault does. Contract: L7. */
enum procbuf_fault_policy { PROCBUF_FAULT_STOP, PROCBUF_FAULT_RESTART } PROCBUF_ONE_BYTE;

/* How the last life ended. Contract: L3. */
enum procbuf_completion {
    PROCBUF_COMPLETION_NEVER_ENDED,
    PROCBUF_COMPLETION_WITHOUT_CODE,
    PROCBUF_COMPLETION_WITH_CODE
} PROCBUF_ONE_BYTE;

/* ---- Identity ------------------------------------------------------------------------------- */

struct procbuf_id_private {
    struct procbuf_process *process;   /* the slot in one of our tables; null in a foreign one */
    const struct procbuf_table *table; /* null: belongs to no process */
    uint64_t identifier;
};

/* One life of one process.
 * Holding one proves: a process with this identity existed (or a trusted foreign table said so).
 * It does not prove: that this life still goes on; ask procbuf_id_is_live(). An object of static
 * storage that was never assigned names no life. Contract: L1. */
struct procbuf_id {
    PROCBUF_PRIVATE(struct procbuf_id_private private_);
    PROCBUF_PRIVATE(uint32_t index_); /* slot in its table */
};

/* The liveness question, as a foreign process table answers it. Contract: B7.
 * Returns: true iff slot `index` of that table holds the process with `identifier`.
 * Requires: it does not call the library on that process (R17). */
typedef bool procbuf_is_live_function(uint32_t index, uint64_t identifier, const void *data);

/* ---- Table ---------------------------------------------------------------------------------- */

struct procbuf_table_private {
    procbuf_is_live_function *is_live; /* of a foreign table; null in one of ours */
    const void *is_live_data;
    struct procbuf_process *slots;
    uint32_t slot_count;
    uint32_t grants_per_process;
    struct procbuf_grant_entry *grants; /* those of slot 0, of slot 1, … */
    uint64_t next_identifier; /* UINT64_MAX: spent */
};

/* A process table. Fields are private. */
struct procbuf_table {
    PROCBUF_PRIVATE(struct procbuf_table_private private_);
};

struct procbuf_process_private {
    struct procbuf_table *table; /* null: the slot is empty */
    uint64_t identifier;
    procbuf_addr_t flash_start;
    procbuf_addr_t flash_protected_end;
    procbuf_addr_t flash_end;
    procbuf_addr_t mem_start;
    procbuf_addr_t mem_end;
    procbuf_addr_t initial_app_break;
    procbuf_addr_t initial_kernel_break;
    procbuf_addr_t app_break;
    procbuf_addr_t kernel_break;
    procbuf_addr_t mark; /* no live buffer in RAM ends above it */
    struct procbuf_state state;
    enum procbuf_fault_policy fault_policy;
    enum procbuf_completion completion;
    uint32_t completion_code;
    uint32_t restart_count;
    struct procbuf_open_enter *open_enters; /* innermost first; they live on the stack */
};

/* One slot of a table. Fields are private.
 * Holding a pointer to an occupied slot proves: the kernel may act on whatever process lives
 * there now. It does not prove: that it is the process it was a moment ago; keep an id for that. */
struct procbuf_process {
    PROCBUF_PRIVATE(struct procbuf_process_private private_);
};

/* Make an empty table of `slot_count` slots. The counter of identifiers starts at 0.
 * Requires: slots has slot_count elements (R13); table and slots stay where they are, and are not made
 * again, as long as an id or a buffer of theirs is in use (R12). Cost: linear in slot_count. */
void procbuf_table_init(struct procbuf_table *table, struct procbuf_process *slots,
                        uint32_t slot_count) PROCBUF_NONNULL;

/* Make a table that stands for processes which the library does not manage: it only passes the
 * liveness question on.
 * Requires: is_live is not null, else the panic hook (R2); table stays where it is (R12).
 * Contract: B7. */
void procbuf_table_init_external(struct procbuf_table *table, procbuf_is_live_function *is_live,
                                 const void *data) PROCBUF_NONNULL_ARGS(1, 2);

/* Name a process of a foreign table. Contract: B6, B7.
 * Requires: a capability, and a table that procbuf_table_init_external() made, else the panic hook (R2).
 * (index, identifier) is one life of one process. Identifiers need not be unique: a table may count
 * them for each slot. */
PROCBUF_NODISCARD struct procbuf_id procbuf_id_new_external(
    const struct procbuf_table *table, uint32_t index, uint64_t identifier,
    const struct procbuf_external_process_capability *capability) PROCBUF_NONNULL;

/* Say whether the life that `id` names still goes on. The state is not looked at: a terminated
 * process is alive until it starts again or is removed. Contract: L1. Cost: constant. */
PROCBUF_NODISCARD bool procbuf_id_is_live(struct procbuf_id id);

/* Say whether two ids name the same life: same table, index and identifier. Contract: L1. */
PROCBUF_NODISCARD bool procbuf_id_equal(struct procbuf_id a, struct procbuf_id b);

/* Find the process of `id`.
 * Returns: its slot; null if the id is dead, or belongs to another or to a foreign table. */
PROCBUF_NODISCARD struct procbuf_process *
procbuf_table_lookup(const struct procbuf_table *table, struct procbuf_id id) PROCBUF_NONNULL;

/* Look at slot `index`.
 * Returns: the process there; null if the slot is empty or does not exist. */
PROCBUF_NODISCARD struct procbuf_process *procbuf_table_slot(const struct procbuf_table *table,
                                                             uint32_t index) PROCBUF_NONNULL;

/* ---- Creation and removal ------------------------------------------------------------------- */

/* Where a new process is to lie. Lengths are bytes. */
struct procbuf_process_config {
    procbuf_addr_t flash_start;
    size_t flash_protected_len; /* header, from flash_start: no buffer reaches it */
    size_t flash_len;           /* header included */
    procbuf_addr_t mem_start;
    size_t mem_len;
    size_t initial_app_len;    /* app_break = mem_start + this */
    size_t initial_kernel_len; /* kernel_break = mem_end - this */
    enum procbuf_fault_policy fault_policy;
};

/* Create a process in the lowest empty slot, yielded; zero [mem_start, app_break), and then ask the
 * port to protect it.
 * Returns, in this order: INVAL if flash or RAM contains address 0 or wraps, the app part ends above
 * the kernel break, the protected part is longer than flash, or flash and RAM overlap each other or
 * those of another process; NOMEM if no slot is empty, the counter of identifiers is spent, or the
 * port refuses; OK.
 * Out: *process_out, on OK only. On an error nothing is created; when the port refuses, an identifier
 * is spent, and the app part may have been zeroed.
 * Requires: both ranges are this kernel's to give (R14); a table of ours, else the panic hook (R3).
 * Contract: P4, I9. Source: Tock `ProcessStandard::create`, kernel/src/process_standard.rs. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_create(struct procbuf_table *table, const struct procbuf_process_config *config,
                       struct procbuf_process **process_out) PROCBUF_NONNULL;

/* Remove a process: tell the port that nothing of it is accessible any more, and empty its slot. All
 * its ids and buffers are dead.
 * Returns: BUSY while an enter on it is open, and nothing has changed; OK.
 * Requires: the slot is occupied (R1), and the port does not refuse (R10), else the panic hook.
 * Contract: L8. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_remove(struct procbuf_process *process) PROCBUF_NONNULL;

/* ---- Looking at a process -------------------------------------------------------------------
 * Requires, of every function from here on: the slot is occupied, else the panic hook (R1).
 * Cost: constant, unless said. */

PROCBUF_NODISCARD struct procbuf_id
procbuf_process_id(const struct procbuf_process *process) PROCBUF_NONNULL;
PROCBUF_NODISCARD struct procbuf_state
procbuf_process_state(const struct procbuf_process *process) PROCBUF_NONNULL;
PROCBUF_NODISCARD bool
procbuf_process_is_active(const struct procbuf_process *process) PROCBUF_NONNULL;
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_flash_start(const struct procbuf_process *process)
    PROCBUF_NONNULL;
PROCBUF_NODISCARD procbuf_addr_t
procbuf_process_flash_protected_end(const struct procbuf_process *process) PROCBUF_NONNULL;
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_flash_end(const struct procbuf_process *process)
    PROCBUF_NONNULL;
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_mem_start(const struct procbuf_process *process)
    PROCBUF_NONNULL;
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_mem_end(const struct procbuf_process *process)
    PROCBUF_NONNULL;
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_app_break(const struct procbuf_process *process)
    PROCBUF_NONNULL;
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_kernel_break(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/* The high-water mark: the highest end of any buffer built in RAM in this life. The break never
 * goes below it. Contract: B4. Source: Tock `allow_high_water_mark`. */
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_mark(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/* How many new lives this process had since it was created. */
PROCBUF_NODISCARD uint32_t procbuf_process_restart_count(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/* How the last life ended. Out: *code_out, when it ended with a code; else untouched. */
PROCBUF_NODISCARD enum procbuf_completion
procbuf_process_completion(const struct procbuf_process *process,
                           uint32_t *code_out) PROCBUF_NONNULL;

/* ---- Life ----------------------------------------------------------------------------------- */

/* Scheduling. set_running: from yielded or yielded-for. set_yielded and set_yielded_for: from
 * running. From any other state they do nothing. Contract: L2.
 * Source: Tock `set_yielded_state`, `set_yielded_for_state`. */
void procbuf_process_set_running(struct procbuf_process *process) PROCBUF_NONNULL;
void procbuf_process_set_yielded(struct procbuf_process *process) PROCBUF_NONNULL;
void procbuf_process_set_yielded_for(struct procbuf_process *process,
                                     uint32_t number) PROCBUF_NONNULL;

/* Stop: remember where an active process was; does nothing if stopped or inactive.
 * Resume: go back there; does nothing unless stopped. Contract: L2. */
void procbuf_process_stop(struct procbuf_process *process) PROCBUF_NONNULL;
void procbuf_process_resume(struct procbuf_process *process) PROCBUF_NONNULL;

/* End this life, from any state but terminated. Identifier, breaks, mark, memory and built
 * buffers stay. In: completion_code may be null, "ended without a code". Contract: L3. */
void procbuf_process_terminate(struct procbuf_process *process, const uint32_t *completion_code)
    PROCBUF_NONNULL_ARGS(1);

/* End this life and begin a new one, from any state but terminated.
 * If the new life's break is above the old one, what is between is zeroed; below, memory stays.
 * Returns: ALREADY if the process was terminated, and nothing has changed; OUT_OF_MEMORY if the new
 * life is refused, because the counter of identifiers is spent, an open grant reaches into its app
 * part (L9), or the port refuses: the process is then terminated, its breaks, mark and restart count
 * as they were, and procbuf_process_start() may try again; OK.
 * Lifetime: every id and buffer of the old life is dead as soon as a new identifier is given, which
 * comes before all else. Contract: L4, L5, L6, I9. */
PROCBUF_NODISCARD enum procbuf_error procbuf_process_restart(struct procbuf_process *process,
                                                             const uint32_t *completion_code)
    PROCBUF_NONNULL_ARGS(1);

/* Begin a new life of a terminated process.
 * Returns: ALREADY from any other state, and nothing has changed; else as
 * procbuf_process_restart(). Contract: L4, L5, L6. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_start(struct procbuf_process *process) PROCBUF_NONNULL;

/* Tell that the process faulted, and apply its policy. Stop: terminate it without a code unless
 * terminated, then state faulted. Restart: as procbuf_process_restart() without a code.
 * Contract: L7. Source: Tock `set_fault_state`. */
void procbuf_process_fault(struct procbuf_process *process) PROCBUF_NONNULL;

/* ---- The break ------------------------------------------------------------------------------ */

/* Move the app break, after what it gives out was zeroed and the port was asked.
 * Returns, in this order: INACTIVE_APP; ADDRESS_OUT_OF_BOUNDS if new_break is below the mark, or
 * mem_end or above; OUT_OF_MEMORY if it is above the kernel break, or above a byte of a grant of an
 * earlier life that is still open (L9), or if the port refuses; OK. On an error nothing has changed,
 * but when the port refuses, what it would have given out may have been zeroed.
 * Out: *old_break_out, the break before, on OK only.
 * Cost: linear in the bytes given out. Contract: K1, I9. Source: Tock `brk`. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_brk(struct procbuf_process *process, procbuf_addr_t new_break,
                    procbuf_addr_t *old_break_out) PROCBUF_NONNULL;

/* Move the app break by `delta` bytes, wrapping. sbrk(0) runs all checks too.
 * Returns, Out, Cost: as procbuf_process_brk(). Contract: K2. Source: Tock `sbrk`. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_sbrk(struct procbuf_process *process, intptr_t delta,
                     procbuf_addr_t *old_break_out) PROCBUF_NONNULL;

/* The system calls memop 0 (brk) and memop 1 (sbrk).
 * Returns: NOMEM for every error; OK, for sbrk with the old break in *old_break_out.
 * Contract: K3. Source: Tock kernel/src/memop.rs. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_memop_brk(struct procbuf_process *process,
                          procbuf_addr_t new_break) PROCBUF_NONNULL;
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_memop_sbrk(struct procbuf_process *process, intptr_t delta,
                           procbuf_addr_t *old_break_out) PROCBUF_NONNULL;

/* ---- Memory --------------------------------------------------------------------------------- */

/* Write one byte of a process's memory, as the kernel does for userspace.
 * Returns: false, and nothing was written, unless it is app-owned. Works on inactive processes too.
 * Contract: A4. Source: Tock `set_byte`. */
PROCBUF_NODISCARD bool procbuf_process_set_byte(struct procbuf_process *process,
                                                procbuf_addr_t addr, uint8_t value) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
