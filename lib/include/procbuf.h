/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* procbuf: process buffers for kernels, after Tock OS. This header includes all others but
 * <procbuf/capability.h>, which only trusted code includes.
 *
 * The rules of the whole API. lib/CONTRACT.md holds what each function promises.
 *
 *  1. Arguments come in this order: the object acted on; what is read, a length right behind
 *     what it measures; results (`…_out`); a callback, its data last.
 *  2. `procbuf_addr_t` is an address of userspace: a number, never dereferenced by the caller.
 *     C pointers are the kernel's own.
 *  3. Lengths are bytes, ranges are half-open: [start, end).
 *  4. On an error nothing was changed and no result was written, but for the exceptions of E3.
 *  5. Bad user data is an answer, never a panic. A kernel that breaks a "Requires" reaches the
 *     panic hook where the library can tell. The numbers there, R1 and so on, are those of section R
 *     of lib/CONTRACT.md.
 *  6. The library never allocates, blocks, prints, recurses, or fetches a byte of process memory
 *     twice in a call. It keeps no global state; it touches process RAM only inside an enter, in
 *     brk's and creation's zeroing, in set_byte, and in its own grants, and there between an open
 *     and a close hook.
 *  7. Requires, of every function: one caller at a time per table, by the kernel's own lock (R18);
 *     pointers that are not null unless the header says that they may be, and lengths that their
 *     arrays have (R13); casts that take no `const` away, and no access to a private field (R21).
 */
#ifndef PROCBUF_H
#define PROCBUF_H

#include <procbuf/addr.h>
#include <procbuf/allow.h>
#include <procbuf/buffer.h>
#include <procbuf/bytes.h>
#include <procbuf/elements.h>
#include <procbuf/error.h>
#include <procbuf/grant.h>
#include <procbuf/lender.h>
#include <procbuf/map.h>
#include <procbuf/port.h>
#include <procbuf/process.h>
#include <procbuf/slice.h>
#include <procbuf/stream.h>
#include <procbuf/version.h>

#endif
