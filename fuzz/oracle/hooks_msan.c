/* The compiler's callbacks, for clang with MSan: the library is compiled with
 *
 *   -fsanitize=memory -fsanitize-coverage=edge,trace-loads,trace-stores
 *
 * which reports every load and store to hooks_cov.c, and linked with --wrap for MSan's own bulk copies, which it
 * does not. What is in no window is not poisoned here: MSan knows only of values that were never
 * wrote.
 */
#include "oracle.h"

void *__real___msan_memcpy(void *to, const void *from, size_t len);
void *__real___msan_memmove(void *to, const void *from, size_t len);
void *__real___msan_memset(void *to, int value, size_t len);
void *__wrap___msan_memcpy(void *to, const void *from, size_t len);
void *__wrap___msan_memmove(void *to, const void *from, size_t len);
void *__wrap___msan_memset(void *to, int value, size_t len);

void *__wrap___msan_memcpy(void *to, const void *from, size_t len)
{
    access_memcpy((uintptr_t)to, (uintptr_t)from, len);
    return __real___msan_memcpy(to, from, len);
}

void *__wrap___msan_memmove(void *to, const void *from, size_t len)
{
    access_move((uintptr_t)to, (uintptr_t)from, len);
    return __real___msan_memmove(to, from, len);
}

void *__wrap___msan_memset(void *to, int value, size_t len)
{
    access_any_store((uintptr_t)to, len);
    return __real___msan_memset(to, value, len);
}
