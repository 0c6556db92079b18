/* Loads and stores as -fsanitize-coverage=trace-loads,trace-stores reports them: for MSan, and for clang without sanitizers
 * where -fsanitize=thread does not know the target. Bulk copies are calls of another name, and a copied struct is none.
 */
#include "oracle.h"

#define CALLBACKS(bytes)                                                                           \
    void __sanitizer_cov_load##bytes(const void *addr);                                            \
    void __sanitizer_cov_store##bytes(void *addr);                                                 \
    void __sanitizer_cov_load##bytes(const void *addr)                                             \
    {                                                                                              \
        if (arena_holds((uintptr_t)addr))                                                          \
            access_load((uintptr_t)addr, bytes);                                                   \
    }                                                                                              \
    void __sanitizer_cov_store##bytes(void *addr)                                                  \
    {                                                                                              \
        access_any_store((uintptr_t)addr, bytes);                                                  \
    }
CALLBACKS(1)
CALLBACKS(2)
CALLBACKS(4)
CALLBACKS(8)
CALLBACKS(16)
