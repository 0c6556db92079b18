/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Process buffers: pieces of a process's memory, lent to the kernel. Contract: B, H.
 *
 * Two kinds: `procbuf_readonly` (the kernel may read) and `procbuf_readwrite` (and write).
 * A buffer is a small value; copies of one are the same loan. It stays safe whatever its process
 * does: every use asks again whether that life of the process still goes on.
 */
#ifndef PROCBUF_BUFFER_H
#define PROCBUF_BUFFER_H

#include <procbuf/process.h>
#include <procbuf/slice.h>

#ifdef __cplusplus
extern "C" {
#endif

struct procbuf_buffer_private {
    struct procbuf_id_private id;
    procbuf_addr_t addr;
    size_t len;
    uintptr_t slot_addr; /* where in a grant it was read, or its keeper if foreign; 0: neither */
    uint32_t index;      /* in a foreign table; counts for nothing in one of ours */
    uint64_t slot_swaps; /* of that slot, when it was read; what the keeper wants to know */
};

/* What a buffer of a foreign process asks besides its life: a map that may have changed, or a slot
 * that may hold something else. Part of both (map.h). Contract: M4, M6. */
struct procbuf_keeper {
    bool (*holds)(const struct procbuf_keeper *keeper, const struct procbuf_buffer_private *buffer);
};

/* Holding one proves: when it was built, [addr, addr + len) lay wholly in one process's app-owned
 * RAM or readable flash, and no break moves below its end while that life goes on.
 * It does not prove: that the process is alive, that the bytes keep their value, or that no other
 * buffer overlaps it. Source: Tock ReadOnlyProcessBuffer, kernel/src/processbuffer.rs. */
struct procbuf_readonly {
    PROCBUF_PRIVATE(struct procbuf_buffer_private private_);
};

/* Holding one proves: as above, and wholly in app-owned RAM.
 * Source: Tock ReadWriteProcessBuffer. */
struct procbuf_readwrite {
    PROCBUF_PRIVATE(struct procbuf_buffer_private private_);
};

/* The default buffer, a constant initialiser: no process, length 0, null. Contract: H3.
 * For an object that is there already: procbuf_readonly_default() and its pair. */
#if defined(__clang__) && !defined(__cplusplus) /* refuses to initialise what it refuses to touch */
#define PROCBUF_BUFFER_DEFAULT                                                                     \
    _Pragma("clang diagnostic push")                                                               \
        _Pragma("clang diagnostic ignored \"-Wunknown-warning-option\"")                           \
            _Pragma("clang diagnostic ignored \"-Wgnu-empty-initializer\"")                        \
                _Pragma("clang diagnostic ignored \"-Wc23-extensions\"")                           \
    {                                                                                              \
    }                                                                                              \
    _Pragma("clang diagnostic pop")
#elif defined(__cplusplus)
#define PROCBUF_BUFFER_DEFAULT                                                                     \
    {                                                                                              \
    }
#else
#define PROCBUF_BUFFER_DEFAULT { { { 0, 0, 0 }, 0, 0, 0, 0, 0 } }
#endif
#define PROCBUF_READONLY_DEFAULT PROCBUF_BUFFER_DEFAULT
#define PROCBUF_READWRITE_DEFAULT PROCBUF_BUFFER_DEFAULT

/* ---- Building ------------------------------------------------------------------------------- */

/* Lend [addr, addr + len) of the process to the kernel, for reading.
 * Returns, in this order: FAIL if the process is inactive, also for len 0; OK if len is 0,
 * whatever addr is (how a process revokes); INVAL unless the range lies wholly in app-owned RAM
 * or wholly in readable flash; OK.
 * Out: *buffer_out, on OK only. Raises the mark to addr + len for a range in RAM.
 * Requires: the slot of the table is occupied, else the panic hook (R1).
 * Cost: constant. Contract: B1 to B5. Source: Tock `build_readonly_process_buffer`. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readonly_build(struct procbuf_process *process, procbuf_addr_t addr, size_t len,
                       struct procbuf_readonly *buffer_out) PROCBUF_NONNULL;

/* Lend [addr, addr + len) for reading and writing.
 * As procbuf_readonly_build(), but INVAL unless the range lies wholly in app-owned RAM.
 * Requires: as procbuf_readonly_build() (R1).
 * Contract: B1 to B5. Source: Tock `build_readwrite_process_buffer`. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_build(struct procbuf_process *process, procbuf_addr_t addr, size_t len,
                        struct procbuf_readwrite *buffer_out) PROCBUF_NONNULL;

/* Build without a check, for process implementations outside the library. Moves no mark.
 * Requires: len is 0, or [addr, addr + len) is memory of the process `id` that the kernel may
 * read (and write, for read-write), and not null, for the buffer's whole life (R14); a capability,
 * else the panic hook (R2).
 * Contract: B6. Source: Tock `new_external`. */
PROCBUF_NODISCARD struct procbuf_readonly procbuf_readonly_new_external(
    procbuf_addr_t addr, size_t len, struct procbuf_id id,
    const struct procbuf_external_process_capability *capability) PROCBUF_NONNULL;
PROCBUF_NODISCARD struct procbuf_readwrite procbuf_readwrite_new_external(
    procbuf_addr_t addr, size_t len, struct procbuf_id id,
    const struct procbuf_external_process_capability *capability) PROCBUF_NONNULL;

/* Make a default buffer. Contract: H3. */
PROCBUF_NODISCARD struct procbuf_readonly procbuf_readonly_default(void);
PROCBUF_NODISCARD struct procbuf_readwrite procbuf_readwrite_default(void);

/* Hold a read-write buffer as a read-only one: the same loan, and it dies with it. No way back.
 * Contract: H7. */
PROCBUF_NODISCARD struct procbuf_readonly
procbuf_readwrite_as_readonly(const struct procbuf_readwrite *buffer) PROCBUF_NONNULL;

/* ---- Looking -------------------------------------------------------------------------------- */

/* Returns: the length in bytes if the process is alive, else 0. Contract: H1. */
PROCBUF_NODISCARD size_t procbuf_readonly_len(const struct procbuf_readonly *buffer)
    PROCBUF_NONNULL;
PROCBUF_NODISCARD size_t procbuf_readwrite_len(const struct procbuf_readwrite *buffer)
    PROCBUF_NONNULL;

/* Returns: 0 (null) if the buffer was built with length 0, else its address, alive or dead. A
 * number to compare and to print: to reach the bytes, enter. Contract: H1. */
PROCBUF_NODISCARD procbuf_addr_t procbuf_readonly_addr(const struct procbuf_readonly *buffer)
    PROCBUF_NONNULL;
PROCBUF_NODISCARD procbuf_addr_t procbuf_readwrite_addr(const struct procbuf_readwrite *buffer)
    PROCBUF_NONNULL;

/* ---- Using ---------------------------------------------------------------------------------- */

/* What runs inside an enter. Lifetime: the slice, and every slice cut from it, ends with the call.
 * Requires: no use of the slice after that (R15); the body returns and never jumps out, else the panic
 * hook when an outer enter of that process ends (R11). */
typedef void procbuf_read_body(struct procbuf_readable slice, void *data);
typedef void procbuf_write_body(struct procbuf_writable slice, void *data);

/* Run body once, with the buffer's bytes.
 * Returns: NO_SUCH_APP if the process is dead or the buffer is the default one, and body has not
 * run; else OK, also for length 0. The body may do anything but leave by another way than
 * returning: enter again, build, move the break, end or restart the process. Its slice stays
 * usable until it returns.
 * Cost: constant, one open and one close hook (none for length 0), and the body.
 * Contract: H2, H4, L9. Source: Tock `ReadableProcessBuffer::enter`, `mut_enter`. */
PROCBUF_NODISCARD enum procbuf_error procbuf_readonly_enter(const struct procbuf_readonly *buffer,
                                                            procbuf_read_body *body, void *data)
    PROCBUF_NONNULL_ARGS(1, 2);
PROCBUF_NODISCARD enum procbuf_error procbuf_readwrite_enter(const struct procbuf_readwrite *buffer,
                                                             procbuf_read_body *body, void *data)
    PROCBUF_NONNULL_ARGS(1, 2);
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_mut_enter(const struct procbuf_readwrite *buffer, procbuf_write_body *body,
                            void *data) PROCBUF_NONNULL_ARGS(1, 2);

/* ---- One step at an offset ------------------------------------------------------------------ */

/* Copy up to array_len bytes of the buffer, from byte `offset` on, to a kernel array.
 * Returns: NO_SUCH_APP if the buffer is dead; ADDRESS_OUT_OF_BOUNDS if offset exceeds the length
 * that it has now; OK, also at its end, with 0 bytes.
 * Out: array_out, and *len_out, how many bytes; on OK only. In: array_out may be null if array_len
 * is 0. Requires: array_out does not overlap the buffer, and is not null otherwise; else the panic
 * hook (R5). Cost: one enter, one memcpy. Contract: H7. */
PROCBUF_NODISCARD enum procbuf_error procbuf_readonly_read_at(const struct procbuf_readonly *buffer,
                                                              size_t offset, void *array_out,
                                                              size_t array_len, size_t *len_out)
    PROCBUF_NONNULL_ARGS(1, 5);
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_read_at(const struct procbuf_readwrite *buffer, size_t offset, void *array_out,
                          size_t array_len, size_t *len_out) PROCBUF_NONNULL_ARGS(1, 5);

/* Copy up to array_len bytes of a kernel array to the buffer, from byte `offset` on.
 * Returns, Out, In, Cost: as procbuf_readonly_read_at(). Requires: the same of array (R5).
 * Contract: H7. */
PROCBUF_NODISCARD enum procbuf_error
procbuf_readwrite_write_at(const struct procbuf_readwrite *buffer, size_t offset, const void *array,
                           size_t array_len, size_t *len_out) PROCBUF_NONNULL_ARGS(1, 5);

/* ---- Giving back ---------------------------------------------------------------------------- */

/* Take address and length out of a buffer, exactly as they were given when it was built (the
 * address of a zero-length one too), and leave a default buffer. Contract: H3.
 * Out: *addr_out, *len_out. Source: Tock `consume`. */
void procbuf_readonly_consume(struct procbuf_readonly *buffer, procbuf_addr_t *addr_out,
                              size_t *len_out) PROCBUF_NONNULL;
void procbuf_readwrite_consume(struct procbuf_readwrite *buffer, procbuf_addr_t *addr_out,
                               size_t *len_out) PROCBUF_NONNULL;

#ifdef __cplusplus
}
#endif
#endif
