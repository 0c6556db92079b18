/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * User addresses.
 *
 * A user address is a number, not a pointer: the kernel must not dereference it before it was
 * checked. Keeping it an integer makes every arithmetic step on it defined, and a forgotten check a
 * type error.
 *
 * @see Contract: P3.
 */
#ifndef PROCBUF_ADDR_H
#define PROCBUF_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * @def PROCBUF_ADDR_TYPE
 * The type of procbuf_addr_t. To change it, build library and users alike with, for example,
 * -DPROCBUF_ADDR_TYPE=uint8_t. Objects that do not agree do not link: names.h.
 */
#ifdef PROCBUF_ADDR_TYPE
#include <procbuf/names.h>
#else
#define PROCBUF_ADDR_TYPE uintptr_t
#endif

/**
 * An address of userspace: unsigned, as wide as a user pointer.
 *
 * It is one typedef, so that a world with 8-bit addresses can be tried exhaustively.
 *
 * @see Contract: P3. Tock: `*const u8`.
 */
typedef PROCBUF_ADDR_TYPE procbuf_addr_t;

/* ---- What a compiler can do -------------------------------------------------------------------
 * One that lacks an attribute goes without it, and prints no warning. */

/**
 * @def PROCBUF_HAS_ATTRIBUTE
 * Whether the compiler has an attribute of that name.
 */
#ifndef PROCBUF_HAS_ATTRIBUTE
#if defined(__has_attribute)
#define PROCBUF_HAS_ATTRIBUTE(name) __has_attribute(name)
#else
#define PROCBUF_HAS_ATTRIBUTE(name) 0
#endif
#endif

/**
 * @def PROCBUF_NODISCARD
 * A caller must not drop the result in silence: procbuf_ignore().
 */
#if PROCBUF_HAS_ATTRIBUTE(warn_unused_result)
#define PROCBUF_NODISCARD __attribute__((warn_unused_result))
#else
#define PROCBUF_NODISCARD
#endif

/**
 * @def PROCBUF_NORETURN
 * The function does not return.
 */
#if PROCBUF_HAS_ATTRIBUTE(noreturn)
#define PROCBUF_NORETURN __attribute__((noreturn))
#else
#define PROCBUF_NORETURN
#endif

/**
 * @def PROCBUF_ONE_BYTE
 * An enumeration of one byte, with -fshort-enums and without.
 */
#if PROCBUF_HAS_ATTRIBUTE(packed)
#define PROCBUF_ONE_BYTE __attribute__((packed))
#else
#define PROCBUF_ONE_BYTE
#endif

/**
 * @def PROCBUF_NONNULL
 * No pointer may be null. The library itself checks arguments that callers promise: this is for
 * callers alone.
 */
/**
 * @def PROCBUF_NONNULL_ARGS
 * The pointers of these numbers, from 1, may not be null. For callers alone.
 */
#if PROCBUF_HAS_ATTRIBUTE(nonnull) && !defined(PROCBUF_IMPLEMENTATION)
#define PROCBUF_NONNULL __attribute__((nonnull))
#define PROCBUF_NONNULL_ARGS(...) __attribute__((nonnull(__VA_ARGS__)))
#else
#define PROCBUF_NONNULL
#define PROCBUF_NONNULL_ARGS(...)
#endif

/**
 * @def PROCBUF_PRIVATE
 * A field that the library alone touches. The library defines PROCBUF_IMPLEMENTATION
 * (src/implementation.h); elsewhere a compiler that can refuses. In C++ the field is private (and
 * marked as unused, for clang, which sees no use of it).
 */
#if defined(PROCBUF_IMPLEMENTATION)
#define PROCBUF_PRIVATE(field) field
#elif defined(__cplusplus) && PROCBUF_HAS_ATTRIBUTE(unused)
#define PROCBUF_PRIVATE(field)                                                                     \
  private:                                                                                         \
    field __attribute__((unused))
#elif defined(__cplusplus)
#define PROCBUF_PRIVATE(field)                                                                     \
  private:                                                                                         \
    field
#elif PROCBUF_HAS_ATTRIBUTE(unavailable)
#define PROCBUF_PRIVATE(field) field __attribute__((unavailable("private to the procbuf library")))
#else
#define PROCBUF_PRIVATE(field) field
#endif

#endif
