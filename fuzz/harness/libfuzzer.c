/* A fuzz target for libFuzzer, and for every engine that calls LLVMFuzzerTestOneInput. Which
 * harness it is, the build says: -DHARNESS=harness_buffers. */
#include "harness.h"
#include "machine.h"
#include "mutator.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const struct harness HARNESS;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t max_len, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                                 uint8_t *out, size_t out_len, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t max_len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    static const uint8_t one_byte[1] = { 0 };
    harness_start();
    /* Some engines never try these two. */
    harness_run(&HARNESS, one_byte, 0);
    harness_run(&HARNESS, one_byte, 1);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    harness_run(&HARNESS, bytes, len);
    return 0;
}

/* Hand a trace back if it fits, else keep the input as it was. */
static size_t put(const struct trace *trace, uint8_t *out, size_t max_len, size_t old_len)
{
    static uint8_t encoded[TRACE_MAX_BYTES];
    const size_t len = trace_encode(trace, encoded);
    if (len > max_len)
        return old_len;
    memcpy(out, encoded, len);
    return len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t max_len, unsigned seed)
{
    static struct trace trace;
    if (seed % 16 == 0)
        return LLVMFuzzerMutate(bytes, len, max_len);
    trace_decode(&trace, bytes, len, HARNESS.weights);
    mutator_change(&trace, &HARNESS, seed);
    return put(&trace, bytes, max_len, len);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                                 uint8_t *out, size_t out_len, unsigned seed)
{
    static struct trace first, second, both;
    trace_decode(&first, a, a_len, HARNESS.weights);
    trace_decode(&second, b, b_len, HARNESS.weights);
    mutator_splice(&first, &second, &both, seed);
    return put(&both, out, out_len, 0);
}

/* When the program ends, how much was checked: the campaign reads this line. */
__attribute__((destructor)) static void print_statistics(void)
{
    fprintf(stderr, "stat::checked_operations: %" PRIu64 "\n", machine_checked_ops);
}
