/* The build gives all writable sections of the library one name, lib_state, and makes its thread-locals
 * plain: see lib_under_test in fuzz/CMakeLists.txt. So the linker tells where they begin and end. */
#include "state.h"

#include "arena.h"
#include "bug.h"
#include "bytes.h"

#include <stdlib.h>
#include <string.h>

extern uint8_t __start_lib_state[] __attribute__((weak, visibility("hidden")));
extern uint8_t __stop_lib_state[] __attribute__((weak, visibility("hidden")));
extern int __sanitizer_symbolize_global(void *addr, const char *format, char *out, size_t out_len)
    __attribute__((weak));

static uint8_t *at_start;

static size_t state_len(void)
{
    return (size_t)(__stop_lib_state - __start_lib_state);
}

void state_begin(void)
{
    if (at_start != NULL || state_len() == 0)
        return;
    at_start = malloc(state_len());
    if (at_start == NULL) {
        fputs("procbuf testbed: no memory to remember the library's\n", stderr);
        exit(2);
    }
    arena_copy(at_start, __start_lib_state, state_len());
}

/* Which variable, where the build knows names. */
static void name_variable(size_t offset, char *out, size_t out_len)
{
    snprintf(out, out_len, "at byte %zu", offset);
    if (__sanitizer_symbolize_global != NULL)
        __sanitizer_symbolize_global(&__start_lib_state[offset], "%g", out, out_len);
}

void state_check(void)
{
    const uint8_t *now = __start_lib_state;
    if (state_len() == 0 || bytes_equal(now, at_start, state_len()))
        return;
    for (size_t at = 0; at < state_len(); at++) {
        if (now[at] == at_start[at])
            continue;
        name_variable(at, bug_detail, sizeof bug_detail);
        bug_found("state", "static",
                  "expected: the library keeps nothing from one input to the next\n"
                  "actual: its variable %s, byte %zu of what it can write to, was 0x%02x at the start "
                  "and is 0x%02x",
                  bug_detail, at, at_start[at], now[at]);
    }
}
