/* User addresses.
 *
 * A user address is a number, not a pointer: the kernel must not dereference it before it was
 * checked. Keeping it an integer makes every arithmetic step on it defined, and a forgotten
 * check a type error. Contract: P3.
 */
#ifndef PROCBUF_ADDR_H
#define PROCBUF_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The address type of userspace: unsigned, as wide as a user pointer. One typedef, so that a
 * world with 8-bit addresses can be tried exhaustively: build library and users alike with
 * -DPROCBUF_ADDR_TYPE=uint8_t. */
#ifndef PROCBUF_ADDR_TYPE
#define PROCBUF_ADDR_TYPE uintptr_t
#endif
typedef PROCBUF_ADDR_TYPE procbuf_addr_t;

/* Attributes. The library itself defines PROCBUF_IMPLEMENTATION (src/implementation.h): it may touch
 * private fields, and must check arguments that callers promise, so `nonnull` is for callers alone. */
#define PROCBUF_NODISCARD __attribute__((warn_unused_result))
#if defined(PROCBUF_IMPLEMENTATION)
#define PROCBUF_PRIVATE
#define PROCBUF_NONNULL
#define PROCBUF_NONNULL_ARGS(...)
#else
#if defined(__clang__) && defined(__cplusplus) /* would refuse implicit copies too */
#define PROCBUF_PRIVATE
#else
#define PROCBUF_PRIVATE __attribute__((unavailable("private to the procbuf library")))
#endif
#define PROCBUF_NONNULL __attribute__((nonnull))
#define PROCBUF_NONNULL_ARGS(...) __attribute__((nonnull(__VA_ARGS__)))
#endif

#endif
