/* Sequences of traces, and the ring of inputs that one is made of. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "harness.h"
#include "ring.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sequence sequence;
static struct trace trace;

static bool parse(const char *text)
{
    sequence_clear(&sequence);
    return sequence_parse(&sequence, text, strlen(text), "test");
}

static char *printed(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    sequence_print(&sequence, memory);
    fclose(memory);
    return text;
}

Test(sequence, members_are_traces_in_order)
{
    cr_assert(parse("# what it is about\nsequence 1 # the format\n\n  trace 1\nlen rw0\n# between\n"
                    "trace 1 #\nprocess ram=100 app=50 kernel=20\nlen rw1\nlen ro1\ntrace 1"));
    cr_assert_eq(sequence.count, 3);
    static const unsigned op_counts[] = { 1, 2, 0 }, process_counts[] = { 3, 1, 3 };
    for (unsigned m = 0; m < 3; m++) {
        sequence_get(&sequence, m, &trace);
        cr_assert_eq(trace.op_count, op_counts[m]);
        cr_assert_eq(trace.process_count, process_counts[m]);
    }
}

Test(sequence, what_is_printed_is_the_same_sequence)
{
    cr_assert(parse("sequence 1\ntrace 1\nlen rw0\ntrace 1\nenter ro0 s0 {\n}\n"));
    char *first = printed();
    cr_assert(parse(first));
    char *second = printed();
    cr_assert_str_eq(first, second);
    free(first);
    free(second);
}

Test(sequence, a_member_can_be_changed)
{
    cr_assert(parse("sequence 1\ntrace 1\nlen rw0\ntrace 1\nlen rw1\n"));
    trace_init(&trace);
    cr_assert(sequence_set(&sequence, 0, &trace));
    sequence_get(&sequence, 0, &trace);
    cr_assert_eq(trace.op_count, 0);
    sequence_get(&sequence, 1, &trace);
    cr_assert_eq(trace.op_count, 1);
}

static void is_refused(const char *text, const char *message)
{
    FILE *err = cr_get_redirected_stderr();
    char said[256] = "";
    cr_assert_not(parse(text), "%s", text);
    fflush(stderr);
    cr_assert_not_null(fgets(said, sizeof said, err));
    cr_assert_str_eq(said, message);
}

Test(sequence, mistakes_are_named_by_line, .init = cr_redirect_stderr)
{
    static const char header[] = "not a sequence: the first line must be \"sequence 1\"\n";
    char message[128];
    static const char *const no_headers[] = {
        "", "trace 1\n", "sequence\n", "sequence 2\n", "sequence 1 2\n", "sequence 11\n"
    };
    snprintf(message, sizeof message, "test:1: %s", header);
    for (size_t t = 0; t < sizeof no_headers / sizeof no_headers[0]; t++)
        is_refused(no_headers[t], message);
    is_refused("sequence 1\n# nothing\n", "test:2: a sequence without a member\n");
    is_refused("sequence 1\nlen rw0\ntrace 1\n",
               "test:2: a member of a sequence begins with a line \"trace 1\"\n");
    is_refused("sequence 1\ntrace 1\nlen rw0\ntrace 1\nlenn rw0\ntrace 1\n",
               "test:5: unknown operation \"lenn\"\n");
    is_refused("sequence 1\ntrace 1\nenter ro0 s0 {\ntrace 1\n",
               "test:3: the end, but a block is still open: \"}\" is missing\n");
    is_refused("sequence 1\ntrace 2\n",
               "test:2: format \"2\" of the text form is not known here, 1 is\n");
}

Test(sequence, it_has_1024_members_at_most, .init = cr_redirect_stderr)
{
    char text[16 + 8 * (SEQUENCE_MAX_MEMBERS + 1)] = "sequence 1\n";
    for (unsigned m = 0; m < SEQUENCE_MAX_MEMBERS; m++)
        strcat(text, "trace 1\n");
    cr_assert(parse(text));
    cr_assert_eq(sequence.count, SEQUENCE_MAX_MEMBERS);
    strcat(text, "trace 1\n");
    is_refused(text, "test:1026: too many members: 1024 are the most\n");
}

/* ---- The ring ---- */

static char folder[] = "/tmp/procbuf-ring-XXXXXX";
static char path[64], saved_path[64];

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.ring", folder);
    snprintf(saved_path, sizeof saved_path, "%s/a.1.ring", folder);
    cr_redirect_stderr();
}

static void remove_folder(void)
{
    (void)unlink(path);
    (void)unlink(saved_path);
    (void)rmdir(folder);
}

TestSuite(ring, .init = make_folder, .fini = remove_folder);

/* An input that says which it is: so many `len rw0`. */
static void note(unsigned number)
{
    static uint8_t bytes[8192];
    trace_init(&trace);
    for (unsigned o = 0; o < number; o++)
        trace.ops[trace.op_count++] = (struct op){ .code = OP_LEN };
    ring_note(bytes, trace_encode(&trace, bytes));
}

/* A process that notes inputs [from, to), and is killed in the last one if it does not return. */
static void run_process(unsigned from, unsigned to, bool last_returns)
{
    const pid_t child = fork();
    if (child == 0) {
        ring_open(path, "everything");
        for (unsigned number = from; number < to; number++) {
            note(number);
            if (number + 1 < to || last_returns)
                ring_note_return();
        }
        raise(SIGKILL);
    }
    cr_assert_eq(waitpid(child, NULL, 0), child);
}

static bool read_ring(const char *name)
{
    static uint8_t bytes[1 << 21];
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        return false;
    const size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    sequence_clear(&sequence);
    return ring_read(bytes, len, "ring", &sequence);
}

static void holds(unsigned from, unsigned to)
{
    cr_assert_eq(sequence.count, to - from, "%u", sequence.count);
    for (unsigned m = 0; m < sequence.count; m++) {
        sequence_get(&sequence, m, &trace);
        cr_assert_eq(trace.op_count, from + m);
    }
}

Test(ring, holds_what_a_killed_process_ran)
{
    run_process(1, 4, false);
    cr_assert(read_ring(path));
    holds(1, 4);
}

Test(ring, holds_the_last_256_inputs)
{
    run_process(0, 600, true);
    cr_assert(read_ring(path));
    holds(600 - RING_INPUTS, 600);
}

Test(ring, holds_those_of_the_last_process)
{
    run_process(1, 300, true);
    run_process(7, 9, true);
    cr_assert(read_ring(path));
    holds(7, 9);
    cr_assert_neq(access(saved_path, F_OK), 0);
}

Test(ring, what_a_process_died_of_is_saved_before_the_next_one_runs)
{
    run_process(1, 4, false);
    run_process(7, 9, true);
    cr_assert(read_ring(path));
    holds(7, 9);
    cr_assert(read_ring(saved_path));
    holds(1, 4);
}

Test(ring, an_input_that_is_too_long_is_cut)
{
    static const uint8_t bytes[RING_INPUT_LEN + 1] = { TRACE_TABLE_VERSION };
    char said[128] = "";
    ring_open(path, "everything");
    ring_note(bytes, sizeof bytes);
    cr_assert(read_ring(path));
    cr_assert_eq(sequence.count, 1);
    fflush(stderr);
    cr_assert_not_null(fgets(said, sizeof said, cr_get_redirected_stderr()));
    cr_assert_str_eq(said, "ring: an input of 4097 bytes: only its first 4096 are there\n");
}

Test(ring, what_is_none_is_refused)
{
    FILE *file = fopen(path, "wb");
    fputs("something else", file);
    fclose(file);
    cr_assert_not(read_ring(path));
    const pid_t child = fork();
    if (child == 0)
        ring_open(path, "everything");
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), 2);
}
