#include "bug.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

const char *bug_current_op = "none";
const char *bug_current_rule = "";
long bug_arena_byte = -1;
void (*bug_explain)(void);
void (*bug_end)(void);

static int reporting; /* a bug inside a bug ends at once */

/* ClusterFuzz drops frames with "assert" in their name: the next one then names the crash. */
__attribute__((noinline)) static void bug_assert_trap(void)
{
    __builtin_trap();
}

static void print_identity(const char *kind, const char *check)
{
    fprintf(stderr, "PROCBUF-BUG kind=%s check=%s op=%s\n", kind, check, bug_current_op);
    fflush(stderr);
}

void bug_found(const char *kind, const char *check, const char *format, ...)
{
    if (reporting++)
        _exit(BUG_EXIT_STATUS);
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    if (bug_explain != NULL)
        bug_explain();
    print_identity(kind, check);
    if (bug_end != NULL)
        bug_end();
    bug_assert_trap();
    abort();
}

/* ---- Reports of the sanitizers ---- */

extern void __msan_init(void) __attribute__((weak));
extern int __asan_report_present(void) __attribute__((weak));
extern const char *__asan_get_report_description(void) __attribute__((weak));
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
extern void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t out_len)
    __attribute__((weak));
extern void __ubsan_get_current_report_data(const char **kind, const char **message,
                                            const char **file, unsigned *line, unsigned *column,
                                            char **address) __attribute__((weak));

static char ubsan_kind[64];

/* UBSan calls this for every report, before it dies. */
__attribute__((used, visibility("default"))) void __ubsan_on_report(void)
{
    const char *kind, *message, *file;
    unsigned line, column;
    char *address;
    if (__ubsan_get_current_report_data == NULL)
        return;
    __ubsan_get_current_report_data(&kind, &message, &file, &line, &column, &address);
    snprintf(ubsan_kind, sizeof ubsan_kind, "ubsan-%s", kind);
}

/* The first function of the library on the stack. */
struct frame {
    char name[128];
};

static bool is_of_library(const char *name)
{
    return strncmp(name, "procbuf_", 8) == 0 && strncmp(name, "procbuf_port_", 13) != 0;
}

static _Unwind_Reason_Code look_at_frame(struct _Unwind_Context *context, void *data)
{
    struct frame *frame = data;
    char names[1024] = ""; /* of the functions inlined there, innermost first, each ended by 0 */
    const uintptr_t pc = _Unwind_GetIP(context);
    __sanitizer_symbolize_pc((void *)(pc - 1), "%f", names, sizeof names - 1);
    for (const char *name = names; *name != '\0'; name += strlen(name) + 1) {
        if (is_of_library(name)) {
            snprintf(frame->name, sizeof frame->name, "%s", name);
            return _URC_END_OF_STACK;
        }
    }
    return _URC_NO_REASON;
}

static struct frame find_library_frame(void)
{
    struct frame frame = { "unknown" };
    if (__sanitizer_symbolize_pc != NULL)
        _Unwind_Backtrace(look_at_frame, &frame);
    return frame;
}

static void on_sanitizer_death(void)
{
    if (reporting++)
        return;
    if (bug_explain != NULL)
        bug_explain();
    const struct frame frame = find_library_frame();
    if (__asan_report_present != NULL && __asan_report_present()) {
        char kind[64];
        snprintf(kind, sizeof kind, "asan-%s", __asan_get_report_description());
        print_identity(kind, frame.name);
    } else if (ubsan_kind[0] != '\0') {
        print_identity(ubsan_kind, frame.name);
    } else if (__msan_init != NULL) {
        print_identity("msan-use-of-unwritten-value", frame.name);
    } else {
        print_identity("sanitizer", frame.name);
    }
}

void bug_watch_sanitizers(void)
{
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(on_sanitizer_death);
}
