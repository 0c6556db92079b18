/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The right to vouch for memory that the library cannot check.
 *
 * Include this header only in the few trusted files that implement processes outside the library.
 * Everywhere else `struct procbuf_external_process_capability` is an incomplete type: code without
 * this include cannot make one, and so cannot call the functions that ask for one.
 *
 * @see Contract: B6. Tock: `ExternalProcessCapability`, kernel/src/capabilities.rs.
 */
#ifndef PROCBUF_CAPABILITY_H
#define PROCBUF_CAPABILITY_H

/**
 * The right to vouch for memory.
 *
 * Holding one proves: its owner was allowed to include this header.
 *
 * It does not prove: anything about the memory that is vouched for.
 *
 * @see Contract: B6. Tock: `ExternalProcessCapability`, kernel/src/capabilities.rs.
 */
struct procbuf_external_process_capability {
    char unused_; /**< C has no empty structs. */
};

/** Define a capability named NAME, in the file that vouches. */
#define PROCBUF_EXTERNAL_PROCESS_CAPABILITY(NAME)                                                  \
    static const struct procbuf_external_process_capability NAME = { 0 }

#endif
