/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the library assumes about a target, checked when it is compiled. */
#ifndef PROCBUF_SRC_ASSUMPTIONS_H
#define PROCBUF_SRC_ASSUMPTIONS_H

#include <procbuf/buffer.h>
#include <procbuf/port.h>

#include <limits.h>

/* Bytes are what userspace counts in. */
_Static_assert(CHAR_BIT == 8, "a byte has 8 bits");

/* Addresses: src/range.c compares them with lengths, and src/brk.c adds a distance (P3, K2). */
_Static_assert((procbuf_addr_t)-1 > 0, "an address is unsigned");
_Static_assert(sizeof(size_t) >= sizeof(procbuf_addr_t), "a length can be as large as an address");
_Static_assert(sizeof(uintptr_t) >= sizeof(procbuf_addr_t), "a pointer holds an address");
_Static_assert(sizeof(intptr_t) == sizeof(uintptr_t), "a distance is as wide as a pointer");
_Static_assert((intptr_t)UINTPTR_MAX == -1, "distances are in two's complement");

/* Structs that both sides of the library know: the same layout with -fshort-enums and without. */
#if PROCBUF_HAS_ATTRIBUTE(packed)
_Static_assert(sizeof(enum procbuf_error) == 1 && sizeof(enum procbuf_access) == 1 &&
                   sizeof(enum procbuf_state_kind) == 1 && sizeof(enum procbuf_fault_policy) == 1 &&
                   sizeof(enum procbuf_completion) == 1,
               "an enumeration is one byte");
#endif

/* Drivers hold many of these. */
_Static_assert(sizeof(void *) > 4 || sizeof(struct procbuf_readonly) <= 40,
               "a buffer is 40 bytes on targets of 32 bits");
_Static_assert(sizeof(struct procbuf_readonly) <= 64, "a buffer is 64 bytes");
_Static_assert(2 * sizeof(procbuf_addr_t) < sizeof(struct procbuf_readonly),
               "an array of pairs is shorter than one of buffers");
_Static_assert(sizeof(struct procbuf_readwrite) == sizeof(struct procbuf_readonly),
               "both kinds are alike");

#endif
