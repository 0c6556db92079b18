/* What the testbed calls of ASan, in hooks_asan.c; null in other builds, which call no function of ASan: OSS-Fuzz counts
 * such calls, and takes one for a build with two sanitizers. */
#ifndef FUZZ_HOOKS_H
#define FUZZ_HOOKS_H

#include <stddef.h>

/* Each access to these bytes by sanitized code is a report from now on. */
__attribute__((weak)) void hooks_poison(const volatile void *start, size_t len);

/* Returns: the kind of the report that ASan is making, or null. */
__attribute__((weak)) const char *hooks_asan_report(void);

#endif
