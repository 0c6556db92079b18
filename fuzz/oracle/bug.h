/* What happens when something is wrong: one line that names the bug, and an end that no engine
 * overlooks.
 *
 *   PROCBUF-BUG kind=<what> check=<where> op=<operation>
 *
 * The line is the bug's identity: buckets, "is it new?", regression names and reports key on it.
 * Every check in fuzz/ calls bug_found() with a `check` of its own, a literal that is nowhere
 * else. Reports of the sanitizers end in the same line: kind=asan-…, ubsan-… or msan-…, and check=
 * the first function of the library on the stack. Faults of the machine: kind=fault.
 */
#ifndef FUZZ_BUG_H
#define FUZZ_BUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { BUG_DETAIL_LEN = 160 };

/* What a report says beyond its check, and how it ends: of each testbed (oracle.h). */
struct bug {
    const char *op; /* the library call that is going on, as named in the table of operations */
    const char *rule; /* of lib/CONTRACT.md by which it is judged, for the explanation */
    long arena_byte; /* that a finding is about, or -1: set it before bug_found() */
    char detail[BUG_DETAIL_LEN]; /* what a check knows beyond the identity: likewise */
    /* A build that is deaf passed over a finding after which model and library are no longer about the same:
     * what follows in the trace means nothing. */
    bool unheard;
    int reporting; /* a bug inside a bug ends at once */

    /* Called once before the identity line, to explain. May be null. */
    void (*explain)(void);

    /* Called with the identity line, without its newline, and what distinguishes two bugs that share it:
     * what was expected and came instead, or the place in the source. May be null. */
    void (*identified)(const char *identity, const char *detail);

    /* Write down the names of the functions at `pc`, innermost first, each as "name|file|line", each
     * ended by 0, one more 0 at the end; nothing in builds that cannot know. bug_symbolize(), unless a
     * program that asks often puts a version that remembers in its place. */
    void (*symbolize)(void *pc, char *out, size_t out_len);

    /* How the process ends: under an engine a trap that it catches, which is what null means; else exit. */
    void (*end)(void);
};

/* The state before the first report. */
void bug_begin(struct bug *bug);

/* To measure what a part of the testbed is worth, a build may be deaf to kinds of bugs, a list with
 * spaces around each: PROCBUF_DEAF_TO of CMake. */
#ifdef BUG_DEAF_TO
#define BUG_ENDS
#else
#define BUG_ENDS noreturn,
#endif

/* Report a bug, of the testbed that hooks report to. `format` says what was expected and what happened instead. */
__attribute__((BUG_ENDS format(printf, 3, 4))) void bug_found(const char *kind, const char *check,
                                                              const char *format, ...);

/* A program that goes on in `end`, with another input: a bug that it finds then is not one inside this one. */
void bug_go_on(void);

/* Make the sanitizers' reports end in an identity line. */
void bug_watch_sanitizers(void);

/* What struct bug's symbolize is at first: it asks the sanitizer each time. */
void bug_symbolize(void *pc, char *out, size_t out_len);

/* Print the functions of the library that are being called, innermost first. */
void bug_print_stack(FILE *out);

/* Exit status of a finding, in every program that runs traces. libFuzzer's own. */
enum { BUG_EXIT_STATUS = 77 };

#endif
