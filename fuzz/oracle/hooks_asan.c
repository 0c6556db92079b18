/* The compiler's callbacks, for clang with ASan. The library is compiled with
 *
 *   -fsanitize=address -fsanitize-recover=address -fsanitize-coverage=edge,trace-stores
 *   -mllvm -asan-memory-access-callback-prefix=tb_ -mllvm -asan-opt-same-temp=0
 *
 * (without the last, clang merges repeated accesses, and double fetches pass unseen). Each load and store looks at
 * its shadow in place, which takes three instructions, and goes on after a report. All that the library
 * sees of the arena is poisoned: an access there is a report, and --wrap brings it here, to be judged by the oracle.
 * A report of any other access is ASan's. Bulk copies are calls with the prefix; stores to what is watched outside of
 * the arena are reported by trace-stores. Built without a sanitizer.
 *
 * Linked with -Wl,--wrap= for __asan_report_load1_noabort and the eleven like it, and __asan_handle_no_return.
 */
#include "hooks.h"
#include "oracle.h"

#include <string.h>

#define CALLBACKS(bytes)                                                                           \
    void __asan_report_load##bytes(uintptr_t addr);                                                \
    void __asan_report_store##bytes(uintptr_t addr);                                               \
    void __wrap___asan_report_load##bytes##_noabort(uintptr_t addr);                               \
    void __wrap___asan_report_store##bytes##_noabort(uintptr_t addr);                              \
    void __sanitizer_cov_store##bytes(uintptr_t addr);                                             \
    void __wrap___asan_report_load##bytes##_noabort(uintptr_t addr)                                \
    {                                                                                              \
        if (arena_holds(addr))                                                                     \
            access_load(addr, bytes);                                                              \
        else                                                                                       \
            __asan_report_load##bytes(addr);                                                       \
    }                                                                                              \
    void __wrap___asan_report_store##bytes##_noabort(uintptr_t addr)                               \
    {                                                                                              \
        if (arena_holds(addr))                                                                     \
            access_store(addr, bytes);                                                             \
        else                                                                                       \
            __asan_report_store##bytes(addr);                                                      \
    }                                                                                              \
    void __sanitizer_cov_store##bytes(uintptr_t addr)                                              \
    {                                                                                              \
        access_watched_store(addr, bytes);                                                         \
    }
CALLBACKS(1)
CALLBACKS(2)
CALLBACKS(4)
CALLBACKS(8)
CALLBACKS(16)

void __asan_report_load_n(uintptr_t addr, size_t len);
void __asan_report_store_n(uintptr_t addr, size_t len);
void __wrap___asan_report_load_n_noabort(uintptr_t addr, size_t len);
void __wrap___asan_report_store_n_noabort(uintptr_t addr, size_t len);

/* Of an access that is aligned less than it is long, the first byte is reported and then the last one, each with the
 * length of the whole. */
static bool is_of_last_byte(uintptr_t addr, size_t len)
{
    static uintptr_t last;
    const bool is_second = addr == last;
    last = is_second ? 0 : addr + len - 1;
    return is_second;
}

void __wrap___asan_report_load_n_noabort(uintptr_t addr, size_t len)
{
    if (!arena_holds(addr))
        __asan_report_load_n(addr, len);
    else if (!is_of_last_byte(addr, len))
        access_load(addr, len);
}

void __wrap___asan_report_store_n_noabort(uintptr_t addr, size_t len)
{
    if (!arena_holds(addr))
        __asan_report_store_n(addr, len);
    else if (!is_of_last_byte(addr, len))
        access_store(addr, len);
}

/* ---- Bulk copies ---- */

void *__asan_memcpy(void *to, const void *from, size_t len);
void *__asan_memmove(void *to, const void *from, size_t len);
void *__asan_memset(void *to, int value, size_t len);
void *tb_memcpy(void *to, const void *from, size_t len);
void *tb_memmove(void *to, const void *from, size_t len);
void *tb_memset(void *to, int value, size_t len);

/* The same bytes where nothing is poisoned; what is not in the arena as a whole stays where it is, for ASan to
 * judge. */
static void *unpoisoned(const void *start, size_t len)
{
    const uintptr_t addr = (uintptr_t)start;
    if (!arena_holds(addr) || len > ARENA_LEN - (addr - ARENA_BASE))
        return (void *)addr;
    return &oracle_now()->arena[addr - ARENA_BASE];
}

void *tb_memcpy(void *to, const void *from, size_t len)
{
    access_move((uintptr_t)to, (uintptr_t)from, len);
    __asan_memcpy(unpoisoned(to, len), unpoisoned(from, len), len);
    return to;
}

void *tb_memmove(void *to, const void *from, size_t len)
{
    access_move((uintptr_t)to, (uintptr_t)from, len);
    __asan_memmove(unpoisoned(to, len), unpoisoned(from, len), len);
    return to;
}

void *tb_memset(void *to, int value, size_t len)
{
    access_any_store((uintptr_t)to, len);
    __asan_memset(unpoisoned(to, len), value, len);
    return to;
}

/* ---- What other builds do without ---- */

void __asan_poison_memory_region(const volatile void *, size_t);
int __asan_report_present(void);
const char *__asan_get_report_description(void);

void hooks_poison(const volatile void *start, size_t len)
{
    __asan_poison_memory_region(start, len);
}

const char *hooks_asan_report(void)
{
    return __asan_report_present() ? __asan_get_report_description() : NULL;
}

/* ---- Panics ---- */

/* Before a call that does not return, and in longjmp: frames that are left so do not open their bytes again, others
 * will be there. ASan opens all of the stack, and the one for signals, and asks the kernel where that is, each time. Of a
 * panic that is expected we know which frames it leaves. */
void __asan_unpoison_memory_region(const volatile void *, size_t);
void __real___asan_handle_no_return(void);
void __wrap___asan_handle_no_return(void);

void __wrap___asan_handle_no_return(void)
{
    const char *here = __builtin_frame_address(0);
    const char *landing = oracle_now()->landing;
    if (landing == NULL)
        __real___asan_handle_no_return();
    else
        __asan_unpoison_memory_region(here, (size_t)(landing - here));
}
