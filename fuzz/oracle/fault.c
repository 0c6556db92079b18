#include "fault.h"

#ifdef ARENA_GUARD_PAGES

#include "arena.h"
#include "bug.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void on_fault(int signal, siginfo_t *info, void *context)
{
    const uintptr_t addr = (uintptr_t)info->si_addr;
    (void)signal, (void)context;
    if (!arena_holds(addr))
        bug_found("fault", "wild-address",
                  "expected: no access outside the arena\n"
                  "actual: a fault at address %p",
                  info->si_addr);
    bug_arena_byte = (long)(addr - ARENA_BASE);
    bug_found("fault", "closed-page",
              "expected: no access to pages without an open window\n"
              "actual: a fault at arena byte %ld",
              bug_arena_byte);
}

void fault_watch(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGSEGV, &action, NULL) != 0 || sigaction(SIGBUS, &action, NULL) != 0) {
        perror("procbuf testbed: cannot watch for faults");
        exit(2);
    }
}

#else

void fault_watch(void)
{
}

#endif
