/* The arena: all memory that the library under test may be asked to touch.
 *
 * One memfd, mapped twice. The library sees it at ARENA_BASE, where for ASan every byte is poisoned, so that
 * every access is reported to the oracle; userspace, the model and dumps use the other view, which never
 * trips a sanitizer.
 *
 *   [0, 64)           nothing
 *   ARENA_IN          kernel array that copies read; its bytes never change
 *   ARENA_OUT         kernel array that copies write
 *   ARENA_SCRATCH     kernel memory that slices view
 *   ARENA_PROCESSES   flash and RAM of the processes, and gaps; a page begins here
 *   ARENA_FOREIGN     RAM of processes that another kernel's table holds
 *   ARENA_LARGE       flash and RAM of the processes of a large trace; a page begins here
 *   ARENA_LARGE_IN    … and its kernel arrays
 */
#ifndef FUZZ_ARENA_H
#define FUZZ_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ARENA_IN = 64,
    ARENA_IN_LEN = 1024 + 256,
    ARENA_OUT = 1408,
    ARENA_OUT_LEN = 1024,
    ARENA_SCRATCH = 2496,
    ARENA_SCRATCH_LEN = 512,
    ARENA_PROCESSES = 4096,
    ARENA_FOREIGN = 17408,
    ARENA_FOREIGN_END = 18432,
    ARENA_LARGE = 20480,
    ARENA_LARGE_ARRAY_LEN = 3 << 16, /* more than 16 bits can count, and again */
#ifdef ARENA_SMALL_ONLY /* where memory is dear */
    ARENA_LARGE_LEN = 0,
    ARENA_LARGE_IN = ARENA_LARGE,
    ARENA_LARGE_OUT = ARENA_LARGE,
    ARENA_LARGE_SCRATCH = ARENA_LARGE,
    ARENA_LEN = ARENA_FOREIGN_END
#else
    ARENA_LARGE_LEN = 1 << 19,
    ARENA_LARGE_IN = ARENA_LARGE + ARENA_LARGE_LEN,
    ARENA_LARGE_OUT = ARENA_LARGE_IN + ARENA_LARGE_ARRAY_LEN + 256,
    ARENA_LARGE_SCRATCH = ARENA_LARGE_OUT + ARENA_LARGE_ARRAY_LEN,
    ARENA_LEN = ARENA_LARGE_SCRATCH + ARENA_LARGE_ARRAY_LEN
#endif
};

/* Where ASan, MSan and plain programs all have memory of the application's. With 64 bits it is far above 2^32, so that
 * an address that is cut to 32 bits is another one; and a multiple of 2^32 is where the second large process of a trace
 * usually is, so that two that are compared in 32 bits come in another order. It is a multiple of what alignments of
 * grants and the regions of Armv7-M ask for, so that these mean the same on every machine. */
#ifndef ARENA_BASE
#if defined(__x86_64__) && !defined(__ILP32__)
#define ARENA_BASE (UINT64_C(0x5a0100000000) - 0x40000)
#else
#define ARENA_BASE 0x18000000u
#endif
_Static_assert(ARENA_BASE % (1 << 18) == 0, "alignments mean the same on every machine");
#endif

/* What every byte of the arena holds before a trace begins: never 0, so that nothing is zero by
 * luck, and different from its neighbours. Requires: the arena is mapped. */
const uint8_t *arena_pristine(void);

/* Where things are in a trace, which is large or not: see the table above. */

static inline uint32_t arena_in(bool is_large)
{
    return is_large ? ARENA_LARGE_IN : ARENA_IN;
}

static inline uint32_t arena_out(bool is_large)
{
    return is_large ? ARENA_LARGE_OUT : ARENA_OUT;
}

static inline uint32_t arena_scratch(bool is_large)
{
    return is_large ? ARENA_LARGE_SCRATCH : ARENA_SCRATCH;
}

/* How long they are; the one that is read is 256 bytes longer, for its patterns. */
static inline uint32_t arena_out_len(bool is_large)
{
    return is_large ? ARENA_LARGE_ARRAY_LEN : ARENA_OUT_LEN;
}

static inline uint32_t arena_scratch_len(bool is_large)
{
    return is_large ? ARENA_LARGE_ARRAY_LEN : ARENA_SCRATCH_LEN;
}

/* Where the processes of the trace may be. */
static inline uint32_t arena_processes(bool is_large)
{
    return is_large ? ARENA_LARGE : ARENA_PROCESSES;
}

static inline uint32_t arena_processes_end(bool is_large)
{
    return is_large ? ARENA_LARGE + ARENA_LARGE_LEN : ARENA_FOREIGN;
}

/* Whether a byte is not the kernel's own. */
static inline bool arena_is_of_process(uint32_t at)
{
    return at >= ARENA_PROCESSES && (at < ARENA_LARGE_IN || ARENA_LARGE_LEN == 0);
}

/* Map the arena, once. Exits with status 2 and a message when it cannot. Returns: userspace's view. */
uint8_t *arena_map(void);

/* Bytes [start, end) of the arena. */
struct span {
    uint32_t start;
    uint32_t end;
};

static inline bool arena_holds(uintptr_t addr)
{
    return addr - ARENA_BASE < ARENA_LEN;
}

/* Userspace stores a byte, through its view, while a call runs. */
void arena_user_stores(uint8_t *view, uint32_t at, uint8_t value);

/* What the library may see, in whole pages, where the build has guard pages; else nothing. What is permitted for
 * writing stays so when it is permitted for reading. What is forbidden is closed when that is enforced; what is
 * permitted opens when the library touches it. Returns: whether a page of the span opened. */
enum { ARENA_PAGE = 4096 };
#ifdef ARENA_GUARD_PAGES
void arena_permit(struct span span, bool writable);
void arena_forbid(struct span span);
void arena_enforce(struct span span);
bool arena_touched(struct span span);
#else
static inline void arena_permit(struct span span, bool writable)
{
    (void)span, (void)writable;
}
static inline void arena_forbid(struct span span)
{
    (void)span;
}
static inline void arena_enforce(struct span span)
{
    (void)span;
}
static inline bool arena_touched(struct span span)
{
    (void)span;
    return false;
}
#endif

/* Copy bytes that do not overlap, and set bytes, without the detour that sanitizers make of memcpy and
 * memset. */
void arena_copy(void *to, const void *from, size_t len);
void arena_set(void *to, uint8_t value, size_t len);

/* Whether the build knows of bytes that were never written: MSan's, which keeps a shadow. */
bool arena_has_shadow(void);

/* For MSan, which keeps a shadow for each mapping: these bytes hold values now, written through
 * the other view; and these bytes were never written. Elsewhere they do nothing. */
void arena_wrote(struct span span);
void arena_forget(struct span span);

/* Returns: the first byte in [start, end) that MSan knows was never written, or -1. */
long arena_first_unwritten(struct span span);

#endif
