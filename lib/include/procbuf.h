/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * All of procbuf: process buffers for kernels, after Tock OS.
 *
 * This header includes all others but <procbuf/capability.h>, which only trusted code includes.
 *
 * The rules of the whole API follow. lib/CONTRACT.md says what each function promises; R1 and so on
 * are the numbers of its section R.
 *
 * 1. Arguments come in this order: the object acted on; what is read, a length right after what it
 *    measures; results (`…_out`); a callback, its data last.
 * 2. `procbuf_addr_t` is an address of userspace: a number, never dereferenced by the caller. C
 *    pointers are the kernel's own.
 * 3. Lengths are bytes, ranges are half-open: [start, end).
 * 4. On an error nothing was changed and no result was written, but for the exceptions of E3.
 * 5. Bad user data is an answer, never a panic. A kernel that breaks a precondition reaches the
 *    panic hook where the library can tell.
 * 6. The library never allocates, blocks, prints, recurses, or fetches a byte of process memory
 *    twice in a call. It keeps no global state; it touches process RAM only inside an enter, in
 *    brk's and creation's zeroing, in set_byte, and in its own grants, and there between an open
 *    and a close hook.
 *
 * @pre R18: of every function, one caller at a time for each table, by the kernel's own lock.
 * @pre R13: of every function, pointers are not null unless the header says that they may be, and
 *   arrays have the lengths that are passed.
 * @pre R21: of every function, no cast takes `const` away, and no private field is accessed.
 * @see Contract: E3, E4, S5, C2, R.
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
