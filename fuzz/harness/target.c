/* A fuzz target for libFuzzer, and for every engine that calls LLVMFuzzerTestOneInput. Which
 * harness it is, the build says: -DHARNESS=harness_buffers. */
#include "behaviours.h"
#include "harness.h"
#include "testbed.h"
#include "mutator.h"
#include "ring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__linux__)
#include <signal.h>
#include <sys/prctl.h>
#endif

extern const struct harness HARNESS;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t max_len, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                                 uint8_t *out, size_t out_len, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t max_len);

/* An AFL++ that is killed would leave its fork server running, and that server's child, stopped. Both ask
 * for their end when their parent's comes: a fork does not inherit it. */
static void end_with_parent(void)
{
#if defined(__linux__)
    if (getenv("__AFL_SHM_ID") != NULL)
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

/* What of an execution is ours, for the benchmark, by the environment PROCBUF_TIMED: the rest is the engine's. */
static bool timed;
static uint64_t nanoseconds_inside;

static uint64_t nanoseconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) // NOLINT(readability-non-const-parameter)
{
    (void)argc, (void)argv;
    end_with_parent();
    timed = getenv("PROCBUF_TIMED") != NULL;
    if (getenv("PROCBUF_RING") != NULL)
        ring_open(getenv("PROCBUF_RING"), HARNESS.name);
    behaviours_begin(harness_start());
    return 0;
}

/* Some engines never try these two. Not before the first input: an engine is not ready to catch
 * what breaks there. */
static void run_the_smallest(struct testbed *t)
{
    static const uint8_t one_byte[1] = { 0 };
    for (size_t len = 0; len <= sizeof one_byte; len++) {
        ring_note(one_byte, len);
        harness_run(t, &HARNESS, one_byte, len);
        ring_note_return();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static bool any_input_ran;
    struct testbed *t = testbed_now();
    if (!any_input_ran) {
        end_with_parent();
        run_the_smallest(t);
    }
    any_input_ran = true;
    const uint64_t began = timed ? nanoseconds() : 0;
    ring_note(bytes, len);
    const struct trace *made = mutator_made(&HARNESS, bytes, len);
    if (made != NULL)
        harness_run_trace(t, &HARNESS, made);
    else
        harness_run(t, &HARNESS, bytes, len);
    ring_note_return();
    if (timed)
        nanoseconds_inside += nanoseconds() - began;
    return 0;
}

#ifndef WITHOUT_MUTATOR /* to measure what it is worth */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t max_len, unsigned seed)
{
    if (seed % 16 == 0)
        return LLVMFuzzerMutate(bytes, len, max_len);
    const size_t new_len = mutator_change_input(&HARNESS, bytes, len, bytes, max_len, seed);
    return new_len != 0 ? new_len : len;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                                 uint8_t *out, size_t out_len, unsigned seed)
{
    return mutator_splice_inputs(&HARNESS, a, a_len, b, b_len, out, out_len, seed);
}

#endif

/* When the program ends, how much was checked: the campaign reads this line. */
__attribute__((destructor)) static void print_statistics(void)
{
    fprintf(stderr, "stat::checked_operations: %" PRIu64 "\n", testbed_begin()->checked_ops);
    if (timed)
        fprintf(stderr, "stat::nanoseconds_inside: %" PRIu64 "\n", nanoseconds_inside);
    behaviours_write();
}
