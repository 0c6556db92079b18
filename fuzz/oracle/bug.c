#include "bug.h"

#include "hooks.h"
#include "oracle.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

void bug_begin(struct bug *bug)
{
    bug->op = "none";
    bug->rule = "";
    bug->arena_byte = -1;
    bug->symbolize = bug_symbolize;
}

static struct bug *bug_now(void)
{
    return &oracle_now()->bug;
}

/* ClusterFuzz drops frames with "assert" in their name: the next one then names the crash. */
__attribute__((noinline)) static void bug_assert_trap(void)
{
    __builtin_trap();
}

static void print_identity(const struct bug *bug, const char *kind, const char *check)
{
    char identity[256];
    snprintf(identity, sizeof identity, "PROCBUF-BUG kind=%s check=%s op=%s", kind, check, bug->op);
    if (bug->identified != NULL)
        bug->identified(identity, bug->detail);
    fprintf(stderr, "%s\n", identity);
    fflush(stderr);
}

void bug_go_on(void)
{
    bug_now()->reporting = 0;
}

void bug_found(const char *kind, const char *check, const char *format, ...)
{
    struct bug *bug = bug_now();
#ifdef BUG_DEAF_TO
    char word[32];
    snprintf(word, sizeof word, " %s ", kind);
    if (strstr(BUG_DEAF_TO, word) != NULL) {
        bug->unheard |= strcmp(kind, "access") != 0 && strcmp(kind, "window") != 0 &&
                        strcmp(kind, "double-fetch") != 0;
        return;
    }
#endif
    if (bug->reporting++)
        _exit(BUG_EXIT_STATUS);
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    if (bug->explain != NULL)
        bug->explain();
    print_identity(bug, kind, check);
    if (bug->end != NULL)
        bug->end();
    bug_assert_trap();
    abort();
}

/* ---- Reports of the sanitizers ---- */

extern void __msan_init(void) __attribute__((weak));
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

/* ---- The stack ---- */

void bug_symbolize(void *pc, char *out, size_t out_len)
{
    memset(out, 0, out_len);
    if (__sanitizer_symbolize_pc != NULL)
        __sanitizer_symbolize_pc(pc, "%f|%s|%l", out, out_len - 2);
}

/* A function of the library on the stack, and where it is. */
struct frame {
    char function[96];
    char place[BUG_DETAIL_LEN]; /* file:line, without folders */
    bool is_of_sources; /* the file is in a folder src, as a library's are */
};

struct walk {
    FILE *out; /* null: stop at the first */
    struct frame first;
};

static bool is_of_library(const char *name)
{
    return strncmp(name, "procbuf_", 8) == 0 && strncmp(name, "procbuf_port_", 13) != 0;
}

/* "function|folder/file|line" in two parts. */
static struct frame split_frame(const char *text)
{
    struct frame frame = { "", "", false };
    const char *file = strchr(text, '|');
    const char *line = file == NULL ? NULL : strchr(file + 1, '|');
    if (line == NULL)
        return frame;
    snprintf(frame.function, sizeof frame.function, "%.*s", (int)(file - text), text);
    for (const char *slash = file; slash < line; slash++)
        if (*slash == '/')
            file = slash;
    frame.is_of_sources = file - text >= 4 && strncmp(file - 4, "/src", 4) == 0;
    snprintf(frame.place, sizeof frame.place, "%.*s:%s", (int)(line - file - 1), file + 1,
             line + 1);
    return frame;
}

static _Unwind_Reason_Code look_at_frame(struct _Unwind_Context *context, void *data)
{
    struct walk *walk = data;
    char names[1024]; /* of the functions inlined there too */
    bug_now()->symbolize((void *)(_Unwind_GetIP(context) - 1), names, sizeof names);
    for (const char *name = names; *name != '\0'; name += strlen(name) + 1) {
        const struct frame frame = split_frame(name);
        const bool is_public = is_of_library(frame.function);
        if (walk->out == NULL && is_public) {
            walk->first = frame;
            return _URC_END_OF_STACK;
        }
        if (walk->out != NULL && (is_public || frame.is_of_sources))
            fprintf(walk->out, "  %s (%s)\n", frame.function, frame.place);
    }
    return _URC_NO_REASON;
}

static struct frame find_library_frame(void)
{
    struct walk walk = { NULL, { "unknown", "", false } };
    _Unwind_Backtrace(look_at_frame, &walk);
    return walk.first;
}

void bug_print_stack(FILE *out)
{
    struct walk walk = { out, { "", "", false } };
    _Unwind_Backtrace(look_at_frame, &walk);
}

static void on_sanitizer_death(void)
{
    struct bug *bug = bug_now();
    if (bug->reporting++)
        return;
    if (bug->explain != NULL)
        bug->explain();
    const struct frame frame = find_library_frame();
    snprintf(bug->detail, sizeof bug->detail, "%s", frame.place);
    const char *asan_report = hooks_asan_report != NULL ? hooks_asan_report() : NULL;
    if (asan_report != NULL) {
        char kind[64];
        snprintf(kind, sizeof kind, "asan-%s", asan_report);
        print_identity(bug, kind, frame.function);
    } else if (ubsan_kind[0] != '\0') {
        print_identity(bug, ubsan_kind, frame.function);
    } else if (__msan_init != NULL) {
        print_identity(bug, "msan-use-of-unwritten-value", frame.function);
    } else {
        print_identity(bug, "sanitizer", frame.function);
    }
}

void bug_watch_sanitizers(void)
{
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(on_sanitizer_death);
}
