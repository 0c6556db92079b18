/* The machine between traces: nothing of one is left for the next. */
#include <criterion/criterion.h>

#include "harness.h"
#include "machine.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct trace trace;

static void run(const char *text)
{
    cr_assert(trace_parse(&trace, text, strlen(text), "test"));
    machine_run(&trace, NULL);
}

/* Two processes that fill memory far behind that of the usual three. */
static const char far[] = "trace 1\n"
                          "process ram=1024 app=1000 kernel=24 flash=512\n"
                          "process ram=1024 app=1000 kernel=24 flash=512\n"
                          "process ram=1024 app=1000 kernel=24 flash=512\n"
                          "fill p2 77\n"
                          "build_readwrite rw0 p2 p2.ram+900 50\n"
                          "mut_enter rw0 s0 {\n"
                          "slice_fill s0 3\n"
                          "}\n";
static const char usual[] =
    "trace 1\nbuild_readwrite rw0 p0 p0.ram 8\nmut_enter rw0 s0 {\niterate s0\n}\n";
/* The same memory, seen as it was before anyone wrote: all of it is compared in the end. */
static const char looks[] = "trace 1\n"
                            "process ram=1024 app=0 kernel=1024 flash=512\n"
                            "process ram=1024 app=0 kernel=1024 flash=512\n"
                            "process ram=1024 app=0 kernel=1024 flash=512\n";

TestSuite(machine, .init = harness_start);

Test(machine, memory_is_as_new_for_each_trace)
{
    for (unsigned i = 0; i < 3; i++) {
        run(usual);
        run(far);
        run(looks);
    }
}

Test(machine, identifiers_are_as_new_for_each_trace)
{
    for (unsigned i = 0; i < 3; i++) {
        run("trace 1\nspend_ids 0\nrestart p0 none\n");
        run("trace 1\nrestart p0 none\nspend_ids 1\nrestart p0 none\n");
    }
}

/* The arena is one memory for both sides of a fork, and AFL++ forks between inputs. */
Test(machine, memory_is_as_new_after_another_process_wrote_there)
{
    run(usual);
    const pid_t child = fork();
    if (child == 0) {
        run(far);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    run(looks);
    run(usual);
}
