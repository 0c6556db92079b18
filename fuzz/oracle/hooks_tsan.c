/* The compiler's callbacks, for gcc on any target and for clang without sanitizers: the library is
 * compiled with
 *
 *   -fsanitize=thread -Dmemcpy=tb_memcpy -Dmemmove=tb_memmove -Dmemset=tb_memset   (gcc)
 *   -fsanitize=thread -mllvm -tsan-instrument-read-before-write=1                  (clang)
 *
 * (for 32 bits, which clang's -fsanitize=thread does not know, hooks_cov.c) and linked with this file in place of the compiler's run-time. Every load and store of the library is a
 * call here; that no data race is looked for does not matter. (gcc's ASan drops repeated accesses
 * to an address, and so would not see a double fetch.) There is no poison in this build: guard
 * pages, where it has them, and addresses that are not mapped fault by themselves.
 */
#include "oracle.h"

#include <string.h>

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void)
{
}

static void load(uintptr_t addr, size_t len)
{
    if (len != 0 && arena_holds(addr))
        access_load(addr, len);
}

#define CALLBACK(name, direction, bytes)                                                           \
    void __tsan_##name##bytes(uintptr_t addr);                                                     \
    void __tsan_##name##bytes(uintptr_t addr)                                                      \
    {                                                                                              \
        direction(addr, bytes);                                                                    \
    }
#define CALLBACKS(bytes)                                                                           \
    CALLBACK(read, load, bytes)                                                                    \
    CALLBACK(write, access_any_store, bytes)                                                       \
    CALLBACK(unaligned_read, load, bytes)                                                          \
    CALLBACK(unaligned_write, access_any_store, bytes)
CALLBACKS(1)
CALLBACKS(2)
CALLBACKS(4)
CALLBACKS(8)
CALLBACKS(16)

void __tsan_read_range(uintptr_t addr, size_t len);
void __tsan_write_range(uintptr_t addr, size_t len);

void __tsan_read_range(uintptr_t addr, size_t len)
{
    load(addr, len);
}

void __tsan_write_range(uintptr_t addr, size_t len)
{
    access_any_store(addr, len);
}

/* gcc's bulk copies by tb_…, clang's by __tsan_… */
#define BULK_COPIES(prefix)                                                                        \
    void *prefix##memcpy(void *to, const void *from, size_t len);                                  \
    void *prefix##memmove(void *to, const void *from, size_t len);                                 \
    void *prefix##memset(void *to, int value, size_t len);                                         \
    void *prefix##memcpy(void *to, const void *from, size_t len)                                   \
    {                                                                                              \
        access_memcpy((uintptr_t)to, (uintptr_t)from, len);                                        \
        return memcpy(to, from, len);                                                              \
    }                                                                                              \
    void *prefix##memmove(void *to, const void *from, size_t len)                                  \
    {                                                                                              \
        access_move((uintptr_t)to, (uintptr_t)from, len);                                          \
        return memmove(to, from, len);                                                             \
    }                                                                                              \
    void *prefix##memset(void *to, int value, size_t len)                                          \
    {                                                                                              \
        access_any_store((uintptr_t)to, len);                                                      \
        return memset(to, value, len);                                                             \
    }
BULK_COPIES(tb_)
BULK_COPIES(__tsan_)
