/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The one place where a user address becomes a pointer. */
#ifndef PROCBUF_SRC_MEMORY_H
#define PROCBUF_SRC_MEMORY_H

#include <procbuf/addr.h>

#include <string.h>

/* In a world whose addresses are narrower than pointers, its owner says where they are. */
#ifdef PROCBUF_MEMORY_BASE
extern uint8_t *PROCBUF_MEMORY_BASE;
#endif

/* Keep the compiler from moving accesses to process memory across this point, and from going back
 * to process memory for a value that it has already, even when all of it is inlined into the
 * caller. Contract: S5, S6. */
/*@ assigns \nothing; */
static inline void procbuf_compiler_barrier(void)
{
#ifndef __FRAMAC__ /* which takes it for a store to everything */
    __asm__ volatile("" ::: "memory");
#endif
}

/* Turn the start of a checked range into memory.
 * Requires: the range was found inside process memory, and an open hook was called for it. */
static inline uint8_t *procbuf_memory_at(procbuf_addr_t addr)
{
#ifdef PROCBUF_MEMORY_BASE
    return PROCBUF_MEMORY_BASE + addr;
#else
    return (uint8_t *)addr;
#endif
}

/* Copy out of process memory. What is decided from now on is decided on the copy. Contract: S5. */
/*@ requires len > 0 && \valid((uint8_t *)array_out + (0 .. len - 1));
    requires \valid_read(bytes + (0 .. len - 1));
    requires \separated((uint8_t *)array_out + (0 .. len - 1), bytes + (0 .. len - 1));
    assigns ((uint8_t *)array_out)[0 .. len - 1]; */
static inline void procbuf_memory_fetch(void *array_out, const uint8_t *bytes, size_t len)
{
    memcpy(array_out, bytes, len);
    procbuf_compiler_barrier();
}

/* What was zeroed last. For the proofs. */
/*@ ghost extern procbuf_addr_t zeroed_start, zeroed_end; */

/* Zero process memory, at least one byte, between an open and a close hook. */
/*@ requires len > 0 && addr + len <= (procbuf_addr_t)-1;
    assigns zeroed_start, zeroed_end; // process memory is apart from the kernel's own objects
    ensures zeroed_start == addr && zeroed_end == addr + len; */
void procbuf_memory_zero(procbuf_addr_t addr, size_t len);

#endif
