/* procbuf-replay: run saved inputs without an engine. See usage(). */
#include "arena.h"
#include "arguments.h"
#include "bug.h"
#include "fault.h"
#include "files.h"
#include "forms_check.h"
#include "harness.h"
#include "testbed.h"
#include "machine.h"
#include "oracle.h"
#include "statistics.h"
#include "tries.h"
#include "view.h"
#include "worlds.h"
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATUS_OK = 0, STATUS_UNABLE = 2, MOST_GRANULE = 4096 };

struct options {
    const struct harness *harness; /* null: every operation */
    bool results;
    bool explain;
    bool color;
    bool verbose;
    bool hostile;
    bool statistics;
    bool rules_only;
    bool eighths;
    long expected_count; /* -1: any but 0 */
    long repeat;
    long granule;
    double limit_s; /* 0: none */
};

static struct options options = { .expected_count = -1, .repeat = 1, .granule = 1 };
static const char *current_path = "";
static struct sequence current; /* the input that runs */
static unsigned current_member;
static bool has_printed; /* its results */
static unsigned long input_count;
static uint64_t op_total;

static const char usage[] =
    "usage: procbuf-replay [OPTION]… FILE|FOLDER…\n"
    "\n"
    "Runs saved inputs on the library: text traces (*.trace), and any other file as the bytes\n"
    "of a fuzzer. A folder means the files in it. - is standard input.\n"
    "A sequence of traces (*.sequence), and the last inputs that a fuzz target noted (*.ring),\n"
    "are one input: its members run one after another.\n"
    "\n"
    "  --harness NAME  decode bytes for this harness (default: every operation is enabled)\n"
    "  --results       print \"operation -> result\" for each operation\n"
    "  --explain       on a finding, print the program in words and a map of memory\n"
    "  --color         with --explain, use colour\n"
    "  --verbose       name each input before it runs, as \"# NAME\"; in between the results,\n"
    "                  if there are any\n"
    "  --expect N      fail unless exactly N inputs ran\n"
    "  --repeat N      run each input N times in a row\n"
    "  --limit SECONDS leave an input that takes more of the processor, as a finding, and go on "
    "with\n"
    "                  the others\n"
    "  --hostile       run each input again for every byte that a call fetches, which userspace\n"
    "                  changes as soon as it has been fetched: nothing may come out differently\n"
    "  --rules-only    do not compare with second worlds, and report nothing of kind secrecy or\n"
    "                  integrity: what the rules of the model alone see\n"
    "  --granule N     as on a machine whose port draws boundaries on multiples of N bytes;\n"
    "                  implies --rules-only\n"
    "  --eighths       with --granule N: in eighths of blocks, powers of two of at least 8 N\n"
    "                  bytes\n"
    "  --statistics    print as JSON which operations ran and what they answered, what followed\n"
    "                  on what, and how ranges of buffers overlapped when entered; does not\n"
    "                  check that each program reads the same as text and as bytes\n"
    "  --list          list the harnesses\n"
    "  --help          this\n"
    "\n"
    "Exit status: 0 all ran clean; 77 a finding (its identity is the last line, PROCBUF-BUG);\n"
    "2 failed to run: bad arguments, an unreadable file, no input at all.\n"
    "Any other, or 77 without such a line: the program could not run, as a sanitizer that finds\n"
    "not enough memory (under ulimit -v). An input never ends it so.\n";

/* ---- A finding ---- */

static void print_stack(void)
{
    char *stack = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&stack, &len);
    if (memory == NULL)
        return;
    bug_print_stack(memory);
    if (fclose(memory) == 0 && len != 0)
        fprintf(stderr, "\nIn the library, innermost first:\n%s", stack);
    free(stack);
}

/* What ran before the member that fails. */
static void print_earlier_members(void)
{
    static struct trace trace;
    for (unsigned m = 0; m < current_member; m++) {
        fprintf(stderr, "\nMember %u of %u:\n", m + 1, current.count);
        sequence_get(&current, m, &trace);
        trace_print(&trace, stderr);
    }
    if (current.count > 1)
        fprintf(stderr, "\nMember %u of %u, which fails:\n", current_member + 1, current.count);
}

static void explain(void)
{
    struct testbed *t = testbed_now();
    fflush(stdout);
    fprintf(stderr, "input: %s, ", current_path);
    if (current.count > 1)
        fprintf(stderr, "member %u of %u, ", current_member + 1, current.count);
    fprintf(stderr, "operation %u\n", t->machine.walk.position + 1);
    if (!options.explain)
        return;
    print_earlier_members();
    machine_print_program(t, stderr, options.color);
    machine_print_accesses(t, stderr);
    machine_print_map(t, stderr, options.color);
    print_stack();
    fprintf(stderr, "\nRule of lib/CONTRACT.md: %s\n", t->oracle.bug.rule);
}

static void end_with_finding(void)
{
    _exit(BUG_EXIT_STATUS);
}

/* ---- Inputs ---- */

/* Fetches of the input that runs: where in the trace, and which bytes. */
static struct fetch {
    unsigned position;
    uint32_t start, end;
} *fetches;
static size_t fetch_count;

static void remember_fetch(struct oracle *oracle, uint32_t start, uint32_t end, bool writing)
{
    struct testbed *t = testbed_of(oracle);
    if (writing || !arena_is_of_process(start))
        return;
    if (fetch_count != 0 && fetches[fetch_count - 1].position == t->machine.walk.position &&
        fetches[fetch_count - 1].end == start) {
        fetches[fetch_count - 1].end = end; /* byte by byte */
        return;
    }
    if ((fetch_count & (fetch_count + 1)) == 0) { /* full: 0, 1, 3, 7 … */
        struct fetch *more = realloc(fetches, (2 * fetch_count + 1) * sizeof *fetches);
        if (more == NULL)
            unable("out of memory", "");
        fetches = more;
    }
    fetches[fetch_count++] = (struct fetch){ t->machine.walk.position, start, end };
}

/* Of a long fetch, its ends and what is around each power of two; else every byte. */
static bool is_tried(uint32_t offset, uint32_t len)
{
    enum { SHORT = 1024, EDGE = 4 };
    return len <= SHORT || offset < EDGE || len - offset <= EDGE || (offset & (offset - 1)) == 0 ||
           (offset & (offset + 1)) == 0;
}

/* Enumeration, not luck: every byte that any call fetches. */
static void run_hostile(struct testbed *t, const struct trace *trace)
{
    fetch_count = 0;
    t->oracle.access_listener = remember_fetch;
    machine_run(t, trace, NULL);
    t->oracle.access_listener = NULL;
    for (size_t f = 0; f < fetch_count; f++) {
        for (uint32_t byte = fetches[f].start; byte < fetches[f].end; byte++) {
            if (!is_tried(byte - fetches[f].start, fetches[f].end - fetches[f].start))
                continue;
            machine_set_hostile_byte(t, fetches[f].position, byte);
            machine_run(t, trace, NULL);
        }
    }
    machine_set_hostile_byte(t, UINT_MAX, 0);
}

static void run_plainly(struct testbed *t, const struct trace *trace)
{
    const bool prints = options.results && !has_printed;
    if (prints && current.count > 1)
        printf("# member %u of %u\n", current_member + 1, current.count);
    machine_run(t, trace, prints ? stdout : NULL);
    op_total += trace->op_count;
}

static void check_forms(struct testbed *t, const struct trace *trace)
{
    forms_check(t, trace, FORMS_TIMES);
}

static void for_each_member(struct testbed *t,
                            void (*run)(struct testbed *t, const struct trace *trace))
{
    static struct trace trace;
    for (current_member = 0; current_member < current.count; current_member++) {
        sequence_get(&current, current_member, &trace);
        run(t, &trace);
    }
}

/* ---- The limit ---- */

static sigjmp_buf out_of_time;
static const char *first_hang; /* the operation; null: none */

/* Whatever runs is left as it is: the next input begins from nothing. */
static void on_limit(int signal_number)
{
    struct testbed *t = testbed_now();
    (void)signal_number;
    t->oracle.landing = NULL;
    siglongjmp(out_of_time, 1);
}

static void note_hang(struct testbed *t)
{
    if (first_hang == NULL)
        first_hang = t->oracle.bug.op;
    t->oracle.access_listener = NULL;
    machine_set_hostile_byte(t, UINT_MAX, 0);
    fprintf(stderr, "hang: %s, operation %u (op=%s)\n", current_path, t->machine.walk.position + 1,
            t->oracle.bug.op);
    explain();
}

static void end_with_hang(struct testbed *t)
{
    t->oracle.bug.explain = NULL;
    t->oracle.bug.op = first_hang;
    bug_found("hang", "limit",
              "expected: an input takes at most %g s of the processor\nactual: more",
              options.limit_s);
}

/* ---- Files ---- */

static void replay_file(struct testbed *t, const char *path)
{
    current_path = path;
    if (options.verbose)
        fprintf(options.results ? stdout : stderr, "# %s\n", path);
    sequence_clear(&current);
    if (!file_read_inputs(path, options.harness != NULL ? options.harness->weights : NULL,
                          &current))
        exit(STATUS_UNABLE);
    input_count++;
    if (sigsetjmp(out_of_time, 1) != 0) {
        note_hang(t);
        return;
    }
    limit_processor(options.limit_s);
    has_printed = false;
    for (long i = 0; i < options.repeat; i++) {
        for_each_member(t, run_plainly);
        has_printed = true;
    }
    if (!options.rules_only) /* after all of them: a sequence shows what runs in a row */
        for_each_member(t, worlds_run_all);
    if (options.hostile)
        for_each_member(t, run_hostile);
    if (!options.statistics) /* they are of the library */
        for_each_member(t, check_forms);
    limit_processor(0);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay(struct testbed *t, const char *path);

static void replay_folder(struct testbed *t, const char *path)
{
    struct dirent **entries;
    const int count = scandir(path, &entries, is_visible, alphasort);
    if (count < 0)
        unable("cannot read the folder ", path);
    if (count == 0)
        unable("no input in the folder ", path);
    for (int e = 0; e < count; e++) {
        char *name = NULL;
        if (asprintf(&name, "%s/%s", path, entries[e]->d_name) < 0)
            unable("out of memory", "");
        replay(t, name);
        free(name);
        free(entries[e]);
    }
    free(entries);
}

static void replay(struct testbed *t, const char *path)
{
    struct stat status = { 0 };
    if (strcmp(path, "-") != 0 && stat(path, &status) != 0) {
        fprintf(stderr, "procbuf-replay: %s: %s\n", path, strerror(errno));
        exit(STATUS_UNABLE);
    }
    if (S_ISDIR(status.st_mode))
        replay_folder(t, path);
    else
        replay_file(t, path);
}

/* ---- All of it ---- */

static void list_harnesses(void)
{
    for (size_t h = 0; harnesses[h] != NULL; h++)
        printf("%s\t%s\n", harnesses[h]->name, harnesses[h]->about);
}

int main(int argc, char **argv)
{
    bool lists = false;
    const int first = arguments_read(
        argc, argv, usage,
        (const struct argument[]){ { "harness", ARGUMENT_HARNESS, &options.harness },
                                   { "results", ARGUMENT_FLAG, &options.results },
                                   { "explain", ARGUMENT_FLAG, &options.explain },
                                   { "color", ARGUMENT_FLAG, &options.color },
                                   { "verbose", ARGUMENT_FLAG, &options.verbose },
                                   { "expect", ARGUMENT_COUNT, &options.expected_count },
                                   { "repeat", ARGUMENT_COUNT, &options.repeat },
                                   { "limit", ARGUMENT_SECONDS, &options.limit_s },
                                   { "hostile", ARGUMENT_FLAG, &options.hostile },
                                   { "rules-only", ARGUMENT_FLAG, &options.rules_only },
                                   { "granule", ARGUMENT_COUNT, &options.granule },
                                   { "eighths", ARGUMENT_FLAG, &options.eighths },
                                   { "statistics", ARGUMENT_FLAG, &options.statistics },
                                   { "list", ARGUMENT_FLAG, &lists },
                                   { 0 } });
    if (lists) {
        list_harnesses();
        return STATUS_OK;
    }
    if (first == argc)
        unable("no input given", "; see --help");
    if (options.granule < 1 || options.granule > MOST_GRANULE ||
        (options.granule & (options.granule - 1)) != 0)
        unable("a granule is a power of two of at most 4096 bytes", "");
    if (options.eighths && options.granule == 1)
        unable("--eighths needs --granule", "");
    struct testbed *t = harness_start();
    t->model.granule = (uint32_t)options.granule;
    t->model.eighths = options.eighths;
    options.rules_only |= options.granule != 1;
    t->view_unasked = options.rules_only;
    if (options.explain)
        machine_watch_accesses(t);
    if (options.statistics && !statistics_begin(t))
        unable("no memory for statistics", "");
    t->oracle.bug.explain = explain;
    t->oracle.bug.end = end_with_finding;
    fault_watch_all();
    t->checks_itself = true;
    if (options.limit_s != 0)
        signal(SIGPROF, on_limit);
    for (int i = first; i < argc; i++)
        replay(t, argv[i]);
    if (input_count == 0)
        unable("no input ran", "");
    if (options.expected_count >= 0 && input_count != (unsigned long)options.expected_count) {
        fprintf(stderr, "procbuf-replay: %lu inputs ran, %ld were expected\n", input_count,
                options.expected_count);
        return STATUS_UNABLE;
    }
    if (options.statistics)
        statistics_print(stdout);
    if (fflush(stdout) != 0)
        unable("cannot write the results: ", strerror(errno));
    fprintf(stderr,
            "replayed %lu inputs: %" PRIu64 " operations, %" PRIu64 " checked calls, %" PRIu64
            " accesses\n",
            input_count, op_total, t->checked_ops, t->oracle.access_count);
    if (options.hostile)
        fprintf(stderr, "userspace changed %" PRIu64 " bytes as soon as they were fetched\n",
                t->oracle.act_count);
    if (first_hang != NULL)
        end_with_hang(t);
    return STATUS_OK;
}
