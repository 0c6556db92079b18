/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Processes: memory layout, identity, life, and the break.
 *
 * @verbatim
 * RAM    mem_start ......... app_break ......... kernel_break ......... mem_end
 *        | app-owned: rw      | not accessible    | grant region: kernel  |
 * FLASH  flash_start ......... flash_protected_end ................ flash_end
 *        | header: not accessible to buffers | readable, never writable    |
 * @endverbatim
 *
 * Addresses are those of userspace, in one flat address space: process memory is mapped for the
 * kernel at these addresses whenever a function touches it (R19; procbuf/port.h says when that is).
 *
 * The caller owns all memory. A table and its slots are the caller's objects, in any storage that
 * outlives their use.
 *
 * @see Contract: P, L, K.
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

/**
 * Where a process is in its life. It is *active* in all states but the last two.
 *
 * @see Contract: L2. Tock: `State`, kernel/src/process.rs.
 */
enum procbuf_state_kind {
    PROCBUF_STATE_RUNNING, /**< It runs, or may run. */
    PROCBUF_STATE_YIELDED, /**< It waits for an upcall. A life starts so. */
    PROCBUF_STATE_YIELDED_FOR, /**< It waits for one upcall: `yielded_for` says which. */
    PROCBUF_STATE_STOPPED, /**< It is stopped: `stopped_from` says what resume goes back to. */
    PROCBUF_STATE_FAULTED, /**< It faulted, and its policy is to stop. */
    PROCBUF_STATE_TERMINATED /**< Its life has ended. It may start again. */
} PROCBUF_ONE_BYTE;

/**
 * The state of a process. A value.
 *
 * @see Contract: L2. Tock: `State`, kernel/src/process.rs.
 */
struct procbuf_state {
    enum procbuf_state_kind kind; /**< where the process is */
    enum procbuf_state_kind stopped_from; /**< RUNNING, YIELDED or YIELDED_FOR; else equals kind */
    uint32_t yielded_for; /**< 0 unless one of the two above is YIELDED_FOR */
};

/**
 * What a fault does.
 *
 * @see Contract: L7. Tock: `ProcessFaultPolicy`.
 */
enum procbuf_fault_policy {
    PROCBUF_FAULT_STOP, /**< The process is terminated, then faulted. */
    PROCBUF_FAULT_RESTART /**< The process restarts, without a completion code. */
} PROCBUF_ONE_BYTE;

/**
 * How the last life ended.
 *
 * @see Contract: L3. Tock: `get_completion_code`.
 */
enum procbuf_completion {
    PROCBUF_COMPLETION_NEVER_ENDED, /**< No life has ended yet. */
    PROCBUF_COMPLETION_WITHOUT_CODE, /**< It ended without a code. */
    PROCBUF_COMPLETION_WITH_CODE /**< It ended with a code. */
} PROCBUF_ONE_BYTE;

/* ---- Identity ------------------------------------------------------------------------------- */

struct procbuf_id_private {
    struct procbuf_process *process; /* the slot in one of our tables; null in a foreign one */
    const struct procbuf_table *table; /* null: belongs to no process */
    uint64_t identifier;
};

/**
 * One life of one process.
 *
 * Holding one proves: a process with this identity existed, or a trusted foreign table said so.
 *
 * It does not prove: that this life still goes on; ask procbuf_id_is_live(). An object of static
 * storage that was never assigned names no life.
 *
 * @see Contract: L1. Tock: `ProcessId`, kernel/src/process.rs.
 */
struct procbuf_id {
    PROCBUF_PRIVATE(struct procbuf_id_private private_);
    PROCBUF_PRIVATE(uint32_t index_); /* slot in its table */
};

/**
 * The liveness question, as a foreign process table answers it.
 *
 * @param[in] index      a slot of that table
 * @param[in] identifier which life
 * @param[in] data       as passed to procbuf_table_init_external()
 * @retval true  the slot holds the process with that identifier
 * @retval false it does not
 * @pre R17: it does not call the library on that process.
 * @see Contract: B7. Tock: `processid_is_valid`, kernel/src/kernel.rs.
 */
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

/**
 * A process table: ours, or one that stands for a table of the kernel's own. Fields are private.
 *
 * @see Contract: L1, B7. Tock: `Kernel`, kernel/src/kernel.rs.
 */
struct procbuf_table {
    PROCBUF_PRIVATE(struct procbuf_table_private private_);
};

struct procbuf_process_private {
    struct procbuf_table *table; /* null: the slot is empty */
    uint64_t identifier;
    procbuf_addr_t flash_start; /**< first byte of flash */
    procbuf_addr_t flash_protected_end;
    procbuf_addr_t flash_end;
    procbuf_addr_t mem_start; /**< first byte of RAM */
    procbuf_addr_t mem_end;
    procbuf_addr_t initial_app_break;
    procbuf_addr_t initial_kernel_break;
    procbuf_addr_t app_break;
    procbuf_addr_t kernel_break;
    procbuf_addr_t mark; /* no live buffer in RAM ends above it */
    struct procbuf_state state;
    enum procbuf_fault_policy fault_policy; /**< what a fault does */
    enum procbuf_completion completion;
    uint32_t completion_code;
    uint32_t restart_count;
    struct procbuf_open_enter *open_enters; /* innermost first; they live on the stack */
};

/**
 * One slot of a table. Fields are private.
 *
 * Holding a pointer to an occupied slot proves: the kernel may act on whatever process lives there
 * now.
 *
 * It does not prove: that it is the process it was a moment ago; keep an id for that.
 *
 * @see Contract: P4, L1. Tock: `ProcessStandard`, kernel/src/process_standard.rs.
 */
struct procbuf_process {
    PROCBUF_PRIVATE(struct procbuf_process_private private_);
};

/**
 * Make an empty table. Its counter of identifiers starts at 0.
 *
 * @param[out] table      the table
 * @param[out] slots      its slots, all of which become empty
 * @param[in]  slot_count how many there are
 * @pre R12: `table` and `slots` stay where they are, and are not made again, as long as an id or a
 *   buffer of theirs is in use.
 * @pre R13: `slots` has `slot_count` elements.
 * @par Cost
 * O(`slot_count`), no hook.
 * @see Contract: L1. Tock: `Kernel::new`.
 */
void procbuf_table_init(struct procbuf_table *table, struct procbuf_process *slots,
                        uint32_t slot_count) PROCBUF_NONNULL;

/**
 * Make a table that stands for processes which the library does not manage. It only passes the
 * liveness question on.
 *
 * @param[out] table   the table
 * @param[in]  is_live what answers the question
 * @param[in]  data    passed to `is_live`; may be null
 * @pre R2: `is_live` is not null, else the panic hook.
 * @pre R12: `table` stays where it is, and is not made again, as long as an id or a buffer of its
 *   is in use.
 * @par Cost
 * O(1), no hook. `is_live` is not called.
 * @see Contract: B7. Tock: none: `Process` is a trait there.
 */
void procbuf_table_init_external(struct procbuf_table *table, procbuf_is_live_function *is_live,
                                 const void *data) PROCBUF_NONNULL_ARGS(1, 2);

/**
 * Name a process of a foreign table.
 *
 * (index, identifier) is one life of one process. Identifiers need not be unique: a table may count
 * them for each slot.
 *
 * @param[in] table      a table of procbuf_table_init_external()
 * @param[in] index      the slot of the process in the kernel's own table
 * @param[in] identifier which life of that slot
 * @param[in] capability the caller's right to vouch for memory (procbuf/capability.h)
 * @return the id
 * @pre R2: `capability` is not null and `table` was made by procbuf_table_init_external(), else the
 *   panic hook.
 * @par Cost
 * O(1), no hook. The liveness function is not called.
 * @see Contract: B6, B7. Tock: `ProcessId::new`.
 */
PROCBUF_NODISCARD struct procbuf_id procbuf_id_new_external(
    const struct procbuf_table *table, uint32_t index, uint64_t identifier,
    const struct procbuf_external_process_capability *capability) PROCBUF_NONNULL;

/**
 * Say whether a life still goes on. The state is not looked at: a terminated process is alive until
 * it starts again or is removed.
 *
 * @param[in] id which life
 * @retval true  it goes on
 * @retval false it has ended, or `id` names no life
 * @par Cost
 * O(1), no hook. In a foreign table, one call of its liveness function.
 * @see Contract: L1, B7. Tock: `processid_is_valid`, kernel/src/kernel.rs.
 */
PROCBUF_NODISCARD bool procbuf_id_is_live(struct procbuf_id id);

/**
 * Say whether two ids name the same life.
 *
 * @param[in] a one id
 * @param[in] b another id
 * @retval true  table, index and identifier are the same
 * @retval false they are not
 * @par Cost
 * O(1), no hook.
 * @see Contract: L1. Tock: `PartialEq for ProcessId`.
 */
PROCBUF_NODISCARD bool procbuf_id_equal(struct procbuf_id a, struct procbuf_id b);

/**
 * Find the process of an id.
 *
 * @param[in] table where to look
 * @param[in] id    which life
 * @return its slot; null if that life is over, or belongs to another or to a foreign table
 * @par Cost
 * O(1), no hook.
 * @see Contract: L1. Tock: `process_map_or`, kernel/src/kernel.rs.
 */
PROCBUF_NODISCARD struct procbuf_process *
procbuf_table_lookup(const struct procbuf_table *table, struct procbuf_id id) PROCBUF_NONNULL;

/**
 * Look at a slot.
 *
 * @param[in] table where to look
 * @param[in] index which slot, from 0
 * @return the process there; null if the slot is empty or does not exist
 * @par Cost
 * O(1), no hook.
 * @see Contract: L1. Tock: none.
 */
PROCBUF_NODISCARD struct procbuf_process *procbuf_table_slot(const struct procbuf_table *table,
                                                             uint32_t index) PROCBUF_NONNULL;

/* ---- Creation and removal ------------------------------------------------------------------- */

/**
 * Where the memory of a new process is. Lengths are bytes.
 *
 * @see Contract: P4. Tock: `ProcessStandard::create`.
 */
struct procbuf_process_config {
    procbuf_addr_t flash_start; /**< first byte of flash */
    size_t flash_protected_len; /**< header, from flash_start: no buffer reaches it */
    size_t flash_len; /**< header included */
    procbuf_addr_t mem_start; /**< first byte of RAM */
    size_t mem_len; /**< all of it, grants included */
    size_t initial_app_len; /**< app_break = mem_start + this */
    size_t initial_kernel_len; /**< kernel_break = mem_end - this */
    enum procbuf_fault_policy fault_policy; /**< what a fault does */
};

/**
 * Create a process in the lowest empty slot, yielded.
 *
 * It zeroes `[mem_start, app_break)`, then asks the port to protect the process. On an error
 * nothing is created. If the port refuses, an identifier is spent, and the app part may have been
 * zeroed.
 *
 * @param[in,out] table       where to create it
 * @param[in]     config      its memory
 * @param[out]    process_out its slot; written on `PROCBUF_OK` only
 * @retval PROCBUF_INVAL flash or RAM contains address 0 or wraps; the app part ends above the
 *                       kernel break; the protected part is longer than flash; or flash and RAM
 *                       overlap each other, or those of another process
 * @retval PROCBUF_NOMEM no slot is empty, the counter of identifiers is spent, or the port refuses
 * @retval PROCBUF_OK    the process is there
 * @pre R3: `table` was made by procbuf_table_init(), else the panic hook.
 * @pre R14: both ranges are this kernel's to give.
 * @par Cost
 * O(slots + `initial_app_len`). If all checks pass: it opens and closes the app part, if that is
 * not empty, then calls protect once.
 * @par Example
 * @code
 * const struct procbuf_process_config config = {
 *     .mem_start = (procbuf_addr_t)ram,
 *     .mem_len = sizeof ram,
 *     .initial_app_len = 256,
 * };
 * struct procbuf_process *process;
 * if (procbuf_process_create(&table, &config, &process) != PROCBUF_OK)
 *     return; // nothing was created
 * @endcode
 * @see Contract: P4, I9. Tock: `ProcessStandard::create`, kernel/src/process_standard.rs.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_create(struct procbuf_table *table, const struct procbuf_process_config *config,
                       struct procbuf_process **process_out) PROCBUF_NONNULL;

/**
 * Remove a process: tell the port that nothing of it is accessible any more, and empty its slot.
 * All its ids and buffers are dead.
 *
 * @param[in,out] process what to remove
 * @retval PROCBUF_BUSY an enter on it is open; nothing has changed
 * @retval PROCBUF_OK   the slot is empty
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @pre R10: the port does not refuse, else the panic hook.
 * @par Cost
 * O(1). It calls protect once, with an empty app part and no flash; not if it answers
 * `PROCBUF_BUSY`.
 * @see Contract: L8, L9. Tock: none.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_remove(struct procbuf_process *process) PROCBUF_NONNULL;

/* ---- Looking at a process ------------------------------------------------------------------ */

/**
 * Name the life that goes on in a slot.
 *
 * @param[in] process the slot
 * @return its id
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: L1. Tock: `processid`.
 */
PROCBUF_NODISCARD struct procbuf_id
procbuf_process_id(const struct procbuf_process *process) PROCBUF_NONNULL;

/**
 * Look at the state of a process.
 *
 * @param[in] process what to look at
 * @return its state
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: L2. Tock: `get_state`.
 */
PROCBUF_NODISCARD struct procbuf_state
procbuf_process_state(const struct procbuf_process *process) PROCBUF_NONNULL;

/**
 * Say whether a process is active.
 *
 * @param[in] process what to look at
 * @retval true  it is in any state but faulted and terminated
 * @retval false it is faulted or terminated
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: L2. Tock: `is_running`.
 */
PROCBUF_NODISCARD bool
procbuf_process_is_active(const struct procbuf_process *process) PROCBUF_NONNULL;

/**
 * Look at the first byte of a process's flash.
 *
 * @param[in] process what to look at
 * @return its address
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: P4. Tock: `flash_start`.
 */
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_flash_start(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/**
 * Look at the end of the header in a process's flash.
 *
 * @param[in] process what to look at
 * @return the first address past the header, which no buffer reaches
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: P4. Tock: `flash_non_protected_start`.
 */
PROCBUF_NODISCARD procbuf_addr_t
procbuf_process_flash_protected_end(const struct procbuf_process *process) PROCBUF_NONNULL;

/**
 * Look at the end of a process's flash.
 *
 * @param[in] process what to look at
 * @return the first address past it
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: P4. Tock: `flash_end`.
 */
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_flash_end(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/**
 * Look at the first byte of a process's RAM.
 *
 * @param[in] process what to look at
 * @return its address
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: P4. Tock: `mem_start`.
 */
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_mem_start(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/**
 * Look at the end of a process's RAM.
 *
 * @param[in] process what to look at
 * @return the first address past it
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: P4. Tock: `mem_end`.
 */
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_mem_end(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/**
 * Look at the app break of a process.
 *
 * @param[in] process what to look at
 * @return the first address past what the process may read and write
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: P4. Tock: `app_memory_break`.
 */
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_app_break(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/**
 * Look at the kernel break of a process.
 *
 * @param[in] process what to look at
 * @return the first address of its grants
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: P4. Tock: `kernel_memory_break`.
 */
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_kernel_break(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/**
 * Look at the high-water mark of a process.
 *
 * @param[in] process what to look at
 * @return the highest end of a buffer built in RAM in this life; the app break never goes below it
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: B4. Tock: `allow_high_water_mark`.
 */
PROCBUF_NODISCARD procbuf_addr_t procbuf_process_mark(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/**
 * Count the new lives that a process had since it was created.
 *
 * @param[in] process what to look at
 * @return how many
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: L5. Tock: `get_restart_count`.
 */
PROCBUF_NODISCARD uint32_t procbuf_process_restart_count(const struct procbuf_process *process)
    PROCBUF_NONNULL;

/**
 * Look at how the last life ended.
 *
 * @param[in]  process  what to look at
 * @param[out] code_out its code; written only if it ended with one
 * @return how it ended
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: L3. Tock: `get_completion_code`.
 */
PROCBUF_NODISCARD enum procbuf_completion
procbuf_process_completion(const struct procbuf_process *process,
                           uint32_t *code_out) PROCBUF_NONNULL;

/* ---- Life ----------------------------------------------------------------------------------- */

/**
 * Schedule a process: from yielded or yielded-for to running. From any other state it does nothing.
 *
 * @param[in,out] process what to schedule
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: L2. Tock: `State::Running`.
 */
void procbuf_process_set_running(struct procbuf_process *process) PROCBUF_NONNULL;

/**
 * Let a process wait for any upcall: from running to yielded. From any other state it does nothing.
 *
 * @param[in,out] process what waits
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: L2. Tock: `set_yielded_state`.
 */
void procbuf_process_set_yielded(struct procbuf_process *process) PROCBUF_NONNULL;

/**
 * Let a process wait for one upcall: from running to yielded-for. From any other state it does
 * nothing.
 *
 * @param[in,out] process what waits
 * @param[in]     number  which upcall
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: L2. Tock: `set_yielded_for_state`.
 */
void procbuf_process_set_yielded_for(struct procbuf_process *process,
                                     uint32_t number) PROCBUF_NONNULL;

/**
 * Stop a process, and remember where it was. It does nothing if the process is stopped or inactive.
 *
 * @param[in,out] process what to stop
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: L2. Tock: `stop`.
 */
void procbuf_process_stop(struct procbuf_process *process) PROCBUF_NONNULL;

/**
 * Resume a process: go back to where it was. It does nothing unless the process is stopped.
 *
 * @param[in,out] process what to resume
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1), no hook.
 * @see Contract: L2. Tock: `resume`.
 */
void procbuf_process_resume(struct procbuf_process *process) PROCBUF_NONNULL;

/**
 * End this life, from any state but terminated.
 *
 * Identifier, breaks, mark, memory and built buffers stay. The grants are forgotten.
 *
 * @param[in,out] process         whose life ends
 * @param[in]     completion_code why, as the process says; null: without a code
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(grants of the process), no hook.
 * @see Contract: L3. Tock: `terminate`.
 */
void procbuf_process_terminate(struct procbuf_process *process, const uint32_t *completion_code)
    PROCBUF_NONNULL_ARGS(1);

/**
 * End this life and begin a new one, from any state but terminated.
 *
 * All ids and buffers of the old life are dead as soon as a new identifier is given, which comes
 * before all else. If the new life's break is above the old one, what is between is zeroed. Memory
 * below the old break stays.
 *
 * A new life that is refused leaves the process terminated, with its breaks, mark and restart count
 * as they were; procbuf_process_start() may try again.
 *
 * @param[in,out] process         what to restart
 * @param[in]     completion_code why the old life ends; null: without a code
 * @retval PROCBUF_ALREADY       the process was terminated; nothing has changed
 * @retval PROCBUF_OUT_OF_MEMORY the counter of identifiers is spent, an open grant reaches into the
 *                               new app part (L9), or the port refuses
 * @retval PROCBUF_OK            a new life has begun
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(grants of the process + open enters + bytes zeroed). If the new life is not refused before: it
 * opens and closes what it zeroes, if anything, then calls protect once.
 * @see Contract: L4, L5, L6, I9. Tock: `try_restart`.
 */
PROCBUF_NODISCARD enum procbuf_error procbuf_process_restart(struct procbuf_process *process,
                                                             const uint32_t *completion_code)
    PROCBUF_NONNULL_ARGS(1);

/**
 * Begin a new life of a terminated process. The rest is as for procbuf_process_restart().
 *
 * @param[in,out] process what to start
 * @retval PROCBUF_ALREADY       the process is in another state; nothing has changed
 * @retval PROCBUF_OUT_OF_MEMORY the counter of identifiers is spent, an open grant reaches into the
 *                               new app part (L9), or the port refuses
 * @retval PROCBUF_OK            a new life has begun
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(grants of the process + open enters + bytes zeroed). If the new life is not refused before: it
 * opens and closes what it zeroes, if anything, then calls protect once.
 * @see Contract: L4, L5, L6, I9. Tock: `start`.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_start(struct procbuf_process *process) PROCBUF_NONNULL;

/**
 * Apply the fault policy of a process that faulted.
 *
 * `PROCBUF_FAULT_STOP` terminates it without a code, unless it is terminated, then makes it
 * faulted. `PROCBUF_FAULT_RESTART` restarts it without a code.
 *
 * @param[in,out] process what faulted
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * That of procbuf_process_terminate() or procbuf_process_restart().
 * @see Contract: L7. Tock: `set_fault_state`.
 */
void procbuf_process_fault(struct procbuf_process *process) PROCBUF_NONNULL;

/* ---- The break ------------------------------------------------------------------------------ */

/**
 * Move the app break.
 *
 * What it gives out is zeroed, then the port is asked. On an error nothing has changed; but if the
 * port refuses, what would have been given out may have been zeroed.
 *
 * @param[in,out] process       whose break it is
 * @param[in]     new_break     the first address past what the process wants to own
 * @param[out]    old_break_out the break before; written on `PROCBUF_OK` only
 * @retval PROCBUF_INACTIVE_APP          the process is faulted or terminated
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS `new_break` is below the mark, or `mem_end` or above
 * @retval PROCBUF_OUT_OF_MEMORY         `new_break` is above the kernel break or above a byte of an
 *                                       open grant of an earlier life (L9), or the port refuses
 * @retval PROCBUF_OK                    the break has moved, or is where it was
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(bytes given out + open enters). If all earlier checks pass: it opens and closes what it gives
 * out, if anything, then calls protect once, even if the break shrinks or stays.
 * @see Contract: K1, I9. Tock: `brk`, kernel/src/process_standard.rs.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_brk(struct procbuf_process *process, procbuf_addr_t new_break,
                    procbuf_addr_t *old_break_out) PROCBUF_NONNULL;

/**
 * Move the app break by a number of bytes. The sum wraps. 0 runs all checks, too.
 *
 * @param[in,out] process       whose break it is
 * @param[in]     delta         by how many bytes, up or down
 * @param[out]    old_break_out the break before; written on `PROCBUF_OK` only
 * @retval PROCBUF_INACTIVE_APP          the process is faulted or terminated
 * @retval PROCBUF_ADDRESS_OUT_OF_BOUNDS the new break is below the mark, or `mem_end` or above
 * @retval PROCBUF_OUT_OF_MEMORY         the new break is above the kernel break or above a byte of
 *                                       an open grant of an earlier life (L9), or the port refuses
 * @retval PROCBUF_OK                    the break has moved, or is where it was
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * That of procbuf_process_brk().
 * @see Contract: K2, I9. Tock: `sbrk`, kernel/src/process_standard.rs.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_sbrk(struct procbuf_process *process, intptr_t delta,
                     procbuf_addr_t *old_break_out) PROCBUF_NONNULL;

/**
 * The system call memop 0: procbuf_process_brk() with the answer that userspace gets.
 *
 * @param[in,out] process   whose break it is
 * @param[in]     new_break the first address past what the process wants to own
 * @retval PROCBUF_NOMEM any error of procbuf_process_brk()
 * @retval PROCBUF_OK    the break has moved, or is where it was
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * That of procbuf_process_brk().
 * @see Contract: K3. Tock: `memop`, kernel/src/memop.rs.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_memop_brk(struct procbuf_process *process,
                          procbuf_addr_t new_break) PROCBUF_NONNULL;

/**
 * The system call memop 1: procbuf_process_sbrk() with the answer that userspace gets.
 *
 * @param[in,out] process       whose break it is
 * @param[in]     delta         by how many bytes, up or down
 * @param[out]    old_break_out the break before; written on `PROCBUF_OK` only
 * @retval PROCBUF_NOMEM any error of procbuf_process_sbrk()
 * @retval PROCBUF_OK    the break has moved, or is where it was
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * That of procbuf_process_brk().
 * @see Contract: K3. Tock: `memop`, kernel/src/memop.rs.
 */
PROCBUF_NODISCARD enum procbuf_error
procbuf_process_memop_sbrk(struct procbuf_process *process, intptr_t delta,
                           procbuf_addr_t *old_break_out) PROCBUF_NONNULL;

/* ---- Memory --------------------------------------------------------------------------------- */

/**
 * Write one byte of a process's memory, as the kernel does for userspace. It works on inactive
 * processes, too.
 *
 * @param[in,out] process whose memory it is
 * @param[in]     addr    where to write
 * @param[in]     value   what to write
 * @retval true  the byte is written
 * @retval false it is not app-owned; nothing was written
 * @pre R1: `process` is an occupied slot, else the panic hook.
 * @par Cost
 * O(1). It opens and closes the byte, if that is app-owned.
 * @see Contract: A4. Tock: `set_byte`.
 */
PROCBUF_NODISCARD bool procbuf_process_set_byte(struct procbuf_process *process,
                                                procbuf_addr_t addr, uint8_t value) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
