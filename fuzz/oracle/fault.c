#include "fault.h"

#include "oracle.h"

#if defined(__unix__)

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void watch(int number, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigemptyset(&action.sa_mask);
    if (sigaction(number, &action, NULL) != 0) {
        perror("procbuf testbed: cannot watch for faults");
        exit(2);
    }
}

/* For a signal that would end the program, and that neither a sanitizer nor an engine watches. */
static void on_fatal_signal(int number, siginfo_t *info, void *context)
{
    char check[32];
    (void)info, (void)context;
    snprintf(check, sizeof check, "signal-%d", number);
    bug_found("crash", check, "expected: no signal\nactual: signal %d", number);
}

static void watch_unless_watched(int number)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        watch(number, on_fatal_signal);
}

#ifdef ARENA_GUARD_PAGES

static void on_fault(int number, siginfo_t *info, void *context)
{
    const uintptr_t addr = (uintptr_t)info->si_addr;
    (void)number, (void)context;
    if (!arena_holds(addr))
        bug_found("fault", "wild-address",
                  "expected: no access outside the arena\n"
                  "actual: a fault at address %p",
                  info->si_addr);
    const uint32_t byte = (uint32_t)(addr - ARENA_BASE);
    if (arena_touched((struct span){ byte, byte + 1 }))
        return; /* the compiler did not tell us of the access, and it is permitted: again */
    oracle_now()->bug.arena_byte = (long)byte;
    bug_found("fault", "closed-page",
              "expected: no access to pages without an open window\n"
              "actual: a fault at arena byte %lu",
              (unsigned long)byte);
}

#endif

extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

void fault_watch(void)
{
#ifdef ARENA_GUARD_PAGES
    watch(SIGSEGV, on_fault);
    watch(SIGBUS, on_fault);
#endif
    watch_unless_watched(
        SIGTRAP); /* padding between functions, into which undefined code may run */
}

void fault_watch_all(void)
{
    static const int numbers[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
    static char stack[1 << 16]; /* a recursion without end leaves none */
    const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
    if (__sanitizer_set_death_callback != NULL)
        return; /* a sanitizer has its own */
    (void)sigaltstack(&alternate, NULL);
    for (size_t s = 0; s < sizeof numbers / sizeof numbers[0]; s++)
        watch_unless_watched(numbers[s]);
}

#else

void fault_watch(void)
{
}

void fault_watch_all(void)
{
}

#endif
