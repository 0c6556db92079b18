/* The build gives the writable sections of the library names of their own (name_state), and makes its thread-locals
 * plain variables. So the linker marks where they begin and end. */
#include "state.h"

#include "oracle.h"

#include <stdint.h>
#include <stdlib.h>

/* Between variables are ASan's redzones: where the testbed is sanitized too, reading them is not an error here.
 * Nothing that is called may look, either. */
#define NOT_SANITIZED __attribute__((no_sanitize_address))

/* Null where the library has no such section. */
#define SECTION_MARKS(name)                                                                        \
    extern uint8_t __start_##name[] __attribute__((weak, visibility("hidden")));                   \
    extern uint8_t __stop_##name[] __attribute__((weak, visibility("hidden")));
SECTION_MARKS(lib_data)
SECTION_MARKS(lib_zeros)

extern int __sanitizer_symbolize_global(void *addr, const char *format, char *out, size_t out_len)
    __attribute__((weak));

static struct section {
    uint8_t *start, *stop;
    uint8_t *before; /* what it held at the start; null until then */
} sections[] = { { __start_lib_data, __stop_lib_data, NULL },
                 { __start_lib_zeros, __stop_lib_zeros, NULL } };
enum { SECTIONS = sizeof sections / sizeof sections[0] };

static size_t section_len(const struct section *section)
{
    return (size_t)(section->stop - section->start);
}

NOT_SANITIZED static void remember(struct section *section)
{
    for (size_t at = 0; at < section_len(section); at++) {
        section->before[at] = section->start[at];
        __asm__ volatile("" ::: "memory"); /* or the compiler calls memcpy */
    }
}

NOT_SANITIZED static bool is_as_before(const struct section *section)
{
    const size_t len = section_len(section);
    uint8_t differs = 0;
    for (size_t at = 0; at < len; at++)
        differs = (uint8_t)(differs | (section->start[at] ^ section->before[at]));
    return differs == 0;
}

void state_begin(void)
{
    for (unsigned s = 0; s < SECTIONS; s++) {
        struct section *section = &sections[s];
        if (section->before != NULL || section_len(section) == 0)
            continue;
        section->before = malloc(section_len(section));
        if (section->before == NULL) {
            fputs("procbuf testbed: no memory to remember the library's\n", stderr);
            exit(2);
        }
        remember(section);
    }
}

/* Which variable, where the build knows names. */
static void name_variable(uint8_t *at, size_t offset, char *out, size_t out_len)
{
    snprintf(out, out_len, "at byte %zu", offset);
    if (__sanitizer_symbolize_global != NULL)
        __sanitizer_symbolize_global(at, "%g", out, out_len);
}

NOT_SANITIZED static void find_difference(const struct section *section)
{
    for (size_t at = 0; at < section_len(section); at++) {
        if (section->start[at] == section->before[at])
            continue;
        struct bug *bug = &oracle_now()->bug;
        bug->rule = "I12";
        name_variable(&section->start[at], at, bug->detail, sizeof bug->detail);
        bug_found("state", "static",
                  "expected: the library keeps nothing from one input to the next\n"
                  "actual: its variable %s holds 0x%02x, and held 0x%02x at the start",
                  bug->detail, section->start[at], section->before[at]);
    }
}

void state_check(void)
{
    for (unsigned s = 0; s < SECTIONS; s++)
        if (!is_as_before(&sections[s]))
            find_difference(&sections[s]);
}
