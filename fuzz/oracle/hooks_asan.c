/* The compiler's callbacks, for clang with ASan: every load, store and bulk copy of the library
 * is a call here, because it is compiled with
 *
 *   -fsanitize=address -mllvm -asan-instrumentation-with-call-threshold=0
 *   -mllvm -asan-memory-access-callback-prefix=tb_ -mllvm -asan-opt-same-temp=0
 *
 * (without the last, clang merges repeated accesses, and double fetches pass unseen). An access to
 * the arena is judged by the oracle; any other is ASan's: passed on to it, unless its shadow says at a look that
 * the access is good. Built without a sanitizer.
 *
 * Linked with -Wl,--wrap=__asan_handle_no_return, or without: then a panic takes longer.
 */
#include "oracle.h"

#include <string.h>

/* Where ASan's shadow begins: as in code that the compiler instruments, a constant where it has one. */
#if defined(__x86_64__) && defined(__linux__)
#define SHADOW 0x7fff8000u
#else
extern uintptr_t __asan_shadow_memory_dynamic_address;
#define SHADOW __asan_shadow_memory_dynamic_address
#endif

/* What __asan_load1() to __asan_load16() begin with: a byte of shadow for each 8 of memory, 0 when all of them may
 * be touched. Shadow has none itself: OSS-Fuzz builds this file with ASan, too. */
__attribute__((no_sanitize("address"))) static inline bool is_good(uintptr_t addr, size_t len)
{
    const uint8_t *shadow = (const uint8_t *)((addr >> 3) + SHADOW);
    return len <= 8 ? shadow[0] == 0 : (shadow[0] | shadow[1]) == 0;
}

#define CALLBACKS(bytes)                                                                           \
    void __asan_load##bytes(uintptr_t addr);                                                       \
    void __asan_store##bytes(uintptr_t addr);                                                      \
    void tb_load##bytes(uintptr_t addr);                                                           \
    void tb_store##bytes(uintptr_t addr);                                                          \
    void tb_load##bytes(uintptr_t addr)                                                            \
    {                                                                                              \
        if (__builtin_expect(arena_holds(addr), 0))                                                \
            access_load(addr, bytes);                                                              \
        else if (!is_good(addr, bytes))                                                            \
            __asan_load##bytes(addr);                                                              \
    }                                                                                              \
    void tb_store##bytes(uintptr_t addr)                                                           \
    {                                                                                              \
        if (arena_holds(addr))                                                                     \
            access_store(addr, bytes);                                                             \
        else {                                                                                     \
            watched_store(addr, bytes);                                                            \
            if (!is_good(addr, bytes))                                                             \
                __asan_store##bytes(addr);                                                         \
        }                                                                                          \
    }
CALLBACKS(1)
CALLBACKS(2)
CALLBACKS(4)
CALLBACKS(8)
CALLBACKS(16)

void __asan_loadN(uintptr_t addr, size_t len);
void __asan_storeN(uintptr_t addr, size_t len);
void tb_loadN(uintptr_t addr, size_t len);
void tb_storeN(uintptr_t addr, size_t len);
void *__asan_memcpy(void *to, const void *from, size_t len);
void *__asan_memmove(void *to, const void *from, size_t len);
void *__asan_memset(void *to, int value, size_t len);
void *tb_memcpy(void *to, const void *from, size_t len);
void *tb_memmove(void *to, const void *from, size_t len);
void *tb_memset(void *to, int value, size_t len);

void tb_loadN(uintptr_t addr, size_t len)
{
    if (arena_holds(addr))
        access_load(addr, len);
    else
        __asan_loadN(addr, len);
}

void tb_storeN(uintptr_t addr, size_t len)
{
    if (arena_holds(addr))
        access_store(addr, len);
    else {
        watched_store(addr, len);
        __asan_storeN(addr, len);
    }
}

void *tb_memcpy(void *to, const void *from, size_t len)
{
    access_move((uintptr_t)to, (uintptr_t)from, len);
    return __asan_memcpy(to, from, len);
}

void *tb_memmove(void *to, const void *from, size_t len)
{
    access_move((uintptr_t)to, (uintptr_t)from, len);
    return __asan_memmove(to, from, len);
}

void *tb_memset(void *to, int value, size_t len)
{
    access_any_store((uintptr_t)to, len);
    return __asan_memset(to, value, len);
}

/* Before a call that does not return, and in longjmp: frames that are left so do not open their bytes again, others
 * will lie there. ASan opens all of the stack, and the one for signals, and asks the kernel where that is, each time. Of a
 * panic that is expected we know which frames it leaves. */
void __asan_unpoison_memory_region(const volatile void *, size_t);
void __real___asan_handle_no_return(void) __attribute__((weak));
void __wrap___asan_handle_no_return(void);

void __wrap___asan_handle_no_return(void)
{
    const char *here = __builtin_frame_address(0);
    if (oracle_landing == NULL)
        __real___asan_handle_no_return();
    else
        __asan_unpoison_memory_region(here, (size_t)(oracle_landing - here));
}
