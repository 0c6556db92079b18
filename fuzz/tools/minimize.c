/* procbuf-minimize: make a trace small while its bug stays the same. See usage().
 *
 * Every candidate runs in a child of its own, since a finding ends the process. What must stay is
 * the signature: the identity, and what distinguishes two bugs that share it (the rule that was
 * broken, expected and actual answer, what a panic says, or the place in the source where a sanitizer
 * saw it).
 */
#include "arguments.h"
#include "bug.h"
#include "fault.h"
#include "files.h"
#include "forms_check.h"
#include "harness.h"
#include "testbed.h"
#include "machine.h"
#include "tries.h"
#include "world.h"
#include "worlds.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_SMALLER = 0, STATUS_CLEAN = 1, STATUS_UNABLE = 2 };

static const char usage[] =
    "usage: procbuf-minimize [--harness NAME] [--seconds S] IN OUT\n"
    "\n"
    "Drops, shortens and simplifies operations of a trace, and writes to OUT (text) whenever it\n"
    "has become smaller; the bug that IN shows stays the same. IN is bytes of a fuzzer, text\n"
    "(*.trace), a sequence of traces (*.sequence) or a fuzz target's last inputs (*.ring). Of a\n"
    "sequence, members go first; OUT is then *.sequence, too. If OUT is there and shows the same\n"
    "bug, it goes on from there.\n"
    "\n"
    "  --harness NAME  decode bytes for this harness\n"
    "  --seconds S     stop after so much of the processor (default 60)\n"
    "\n"
    "Ctrl-C stops it; OUT holds the smallest so far. How far it got is said on standard error,\n"
    "the last line beginning with \"minimised\".\n"
    "\n"
    "Exit status: 0 OUT shows the bug; 1 IN breaks nothing; 2 failed to run.\n";

/* ---- What children say ---- */

/* How a run ended. `signature` is empty if no bug found. */
struct verdict {
    unsigned member;   /* that failed */
    unsigned position; /* of its operation that failed */
    bool in_second_world; /* only there; what one world shows is shown without another */
    const char *hanging;  /* the operation that does not end; null: it ended */
    char signature[400];
};

/* Shared with the children. Symbols are looked up once: the program that knows them is slow. */
enum { CACHE_SIZE = 256 };
struct shared {
    struct verdict verdict;
    unsigned symbol_count;
    struct symbol {
        void *pc;
        char text[512];
    } symbols[CACHE_SIZE];
};
static struct shared *shared;
static unsigned running_member;

static void symbolize_from_cache(void *pc, char *out, size_t out_len)
{
    for (unsigned s = 0; s < shared->symbol_count; s++) {
        if (shared->symbols[s].pc == pc) {
            memcpy(out, shared->symbols[s].text,
                   out_len < sizeof shared->symbols[s].text ? out_len
                                                            : sizeof shared->symbols[s].text);
            return;
        }
    }
    bug_symbolize(pc, out, out_len);
    if (shared->symbol_count == CACHE_SIZE)
        return;
    struct symbol *symbol = &shared->symbols[shared->symbol_count++];
    symbol->pc = pc;
    memcpy(symbol->text, out, sizeof symbol->text - 2); /* the rest is 0, and stays so */
}

static void note_identity(const char *identity, const char *detail)
{
    struct testbed *t = testbed_now();
    shared->verdict.member = running_member;
    shared->verdict.position = t->machine.walk.position;
    snprintf(shared->verdict.signature, sizeof shared->verdict.signature, "%s\n%s\n%s", identity,
             t->oracle.bug.rule, detail);
}

static void end_child(void)
{
    _exit(BUG_EXIT_STATUS);
}

/* ---- Running ---- */

static struct verdict wanted; /* of the trace that is made small */

static const double most_s = 0.5, most_s_first = 3;
static unsigned run_count;
static volatile sig_atomic_t interrupted;
static double deadline;

/* Seconds of the processor, in this process and in its tries: a busy machine tries as much. */
static double now(void)
{
    double seconds = 0;
    for (unsigned k = 0; k < 2; k++) {
        struct rusage used;
        getrusage(k == 0 ? RUSAGE_SELF : RUSAGE_CHILDREN, &used);
        seconds += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    }
    return seconds;
}

static bool needs_second_world(void)
{
    return wanted.signature[0] == '\0' || wanted.in_second_world;
}

/* What runs: the members of a sequence, and a trace in the place of the one that is being made small. */
static struct sequence members;
static unsigned at_work;

static void run_plainly(struct testbed *t, const struct trace *trace)
{
    machine_run(t, trace, NULL);
}

static void check_forms(struct testbed *t, const struct trace *trace)
{
    forms_check(t, trace, FORMS_TIMES);
}

static void run_each(struct testbed *t, const struct trace *trace,
                     void (*run)(struct testbed *t, const struct trace *trace))
{
    static struct trace other;
    for (running_member = 0; running_member < members.count; running_member++) {
        const bool is_other = running_member != at_work;
        if (is_other)
            sequence_get(&members, running_member, &other);
        run(t, is_other ? &other : trace);
    }
}

static void run_members(struct testbed *t, const struct trace *trace)
{
    run_each(t, trace, run_plainly);
    run_each(t, trace, check_forms);
    if (!needs_second_world())
        return;
    shared->verdict.in_second_world = true;
    run_each(t, trace, worlds_run_all);
}

static void end_with_hang(int signal_number)
{
    (void)signal_number;
    shared->verdict.hanging = testbed_now()->oracle.bug.op;
    end_child();
}

static _Noreturn void run_as_child(struct testbed *t, const struct trace *trace, double limit_s)
{
    be_silent();
    signal(SIGINT, SIG_IGN);
    signal(SIGPROF, end_with_hang);
    limit_processor(limit_s);
    run_members(t, trace);
    _exit(0);
}

static struct verdict run(struct testbed *t, const struct trace *trace, double limit_s)
{
    int status;
    memset(&shared->verdict, 0, sizeof shared->verdict);
    run_count++;
    const pid_t child = fork();
    if (child < 0)
        unable("cannot fork: ", strerror(errno));
    if (child == 0)
        run_as_child(t, trace, limit_s);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    struct verdict verdict = shared->verdict;
    if (verdict.hanging != NULL) {
        verdict.position = UINT32_MAX;
        snprintf(verdict.signature, sizeof verdict.signature, "hang\n%s", verdict.hanging);
    } else if (WIFSIGNALED(status) && verdict.signature[0] == '\0') {
        verdict.position = UINT32_MAX;
        snprintf(verdict.signature, sizeof verdict.signature, "signal %d", WTERMSIG(status));
    }
    return verdict;
}

/* ---- The smallest so far ---- */

static struct trace best; /* of the member at work */
static struct trace candidate;
static const char *out_path;

static bool must_stop(void)
{
    return interrupted || now() > deadline;
}

/* The member at work among the others again. */
static void put_back(void)
{
    if (!sequence_set(&members, at_work, &best))
        unable("out of memory", "");
}

static void take_up(unsigned member)
{
    at_work = member;
    sequence_get(&members, member, &best);
}

static void write_best(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    if (memory == NULL)
        unable("out of memory", "");
    put_back();
    if (file_is_sequence(out_path))
        sequence_print(&members, memory);
    else
        trace_print(&best, memory);
    if (fclose(memory) != 0 || !file_write(out_path, text, len))
        exit(STATUS_UNABLE); /* said by file_write() */
    free(text);
}

/* Try the candidate. Returns: whether it is the best now. */
static bool try(struct testbed *t)
{
    if (must_stop())
        return false;
    trace_leave_out(&candidate); /* a process may have grown: what is written must be read again */
    const bool hangs = wanted.position == UINT32_MAX;
    const struct verdict verdict = run(t, &candidate, hangs ? most_s_first / 3 : most_s);
    if (strcmp(verdict.signature, wanted.signature) != 0)
        return false;
    best = candidate;
    wanted.member = verdict.member;
    wanted.position = verdict.position;
    write_best();
    return true;
}

/* ---- Fewer members ---- */

/* Whether the bug shows without members [from, to), and with `changed` in the place of the one before them, if it is
 * not null. If so, they are gone. */
static bool try_without(struct testbed *t, unsigned from, unsigned to, const struct trace *changed)
{
    static struct sequence all;
    if (must_stop())
        return false;
    all = members;
    members.count = from;
    for (unsigned m = to; m < all.count; m++)
        members.members[members.count++] = all.members[m];
    take_up(changed != NULL ? from - 1 : 0);
    candidate = changed != NULL ? *changed : best;
    if (try(t)) {
        for (unsigned m = from; m < to; m++)
            free(all.members[m].bytes);
        return true;
    }
    members = all;
    take_up(0);
    return false;
}

/* What runs after the member that fails does not matter. */
static bool drop_members(struct testbed *t)
{
    bool any =
        wanted.member + 1 < members.count && try_without(t, wanted.member + 1, members.count, NULL);
    for (unsigned size = members.count / 2; size >= 1; size /= 2)
        for (unsigned from = members.count; from-- > 0 && !must_stop();)
            if (from + size <= members.count && size < members.count)
                any |= try_without(t, from, from + size, NULL);
    return any;
}

/* One program in place of two: the operations of both. */
static bool join_members(struct testbed *t)
{
    static struct trace joined, next;
    bool any = false;
    for (unsigned m = members.count; m-- > 1 && !must_stop();) {
        sequence_get(&members, m - 1, &joined);
        sequence_get(&members, m, &next);
        const bool fewer = joined.process_count < next.process_count;
        if (!layouts_equal(joined.processes, next.processes,
                           fewer ? joined.process_count : next.process_count) ||
            joined.op_count + next.op_count > TRACE_MAX_OPS)
            continue;
        if (fewer) {
            memcpy(joined.processes, next.processes, sizeof joined.processes);
            joined.process_count = next.process_count;
        }
        ops_copy(&joined.ops[joined.op_count], next.ops, next.op_count);
        joined.op_count += next.op_count;
        any |= try_without(t, m, m + 1, &joined);
    }
    return any;
}

/* ---- Fewer operations ---- */

/* Operations [from, to) can go without leaving half a block. */
static bool is_balanced(const struct trace *trace, unsigned from, unsigned to)
{
    int depth = 0;
    for (unsigned o = from; o < to; o++) {
        depth += op_turns(trace->ops[o].code);
        if (depth < 0)
            return false;
    }
    return depth == 0;
}

static void take_out(unsigned from, unsigned to)
{
    memmove(&candidate.ops[from], &candidate.ops[to],
            (candidate.op_count - to) * sizeof candidate.ops[0]);
    candidate.op_count -= to - from;
}

/* What comes after the operation that fails does not matter; open blocks end there. */
static bool cut_tail(struct testbed *t)
{
    int depth = 0;
    if (wanted.member != at_work || wanted.position >= best.op_count)
        return false;
    candidate = best;
    candidate.op_count = wanted.position + 1;
    for (unsigned o = 0; o < candidate.op_count; o++)
        depth += op_turns(candidate.ops[o].code);
    for (; depth > 0; depth--)
        candidate.ops[candidate.op_count++] = (struct op){ .code = OP_END };
    return candidate.op_count < best.op_count && try(t);
}

static bool drop_runs(struct testbed *t)
{
    bool any = false;
    for (unsigned size = best.op_count / 2; size >= 1; size /= 2) {
        for (unsigned from = best.op_count; from-- > 0 && !must_stop();) {
            if (from + size > best.op_count || !is_balanced(&best, from, from + size))
                continue;
            candidate = best;
            take_out(from, from + size);
            any |= try(t);
        }
    }
    return any;
}

/* A block goes whole, or its brackets go and what is in it stays. */
static bool drop_blocks(struct testbed *t)
{
    bool any = false;
    for (unsigned at = best.op_count; at-- > 0 && !must_stop();) {
        if (at >= best.op_count || !op_opens_block(best.ops[at].code))
            continue;
        const unsigned end = trace_block_end(&best, at);
        candidate = best;
        take_out(at, end + 1);
        if (try(t)) {
            any = true;
            continue;
        }
        candidate = best;
        take_out(end, end + 1);
        take_out(at, at + 1);
        any |= try(t);
    }
    return any;
}

/* ---- Fewer processes and registers, simpler layouts ---- */

typedef void visit_function(char kind, struct operand *operand);

static void for_each_operand(struct trace *trace, visit_function *visit)
{
    for (unsigned o = 0; o < trace->op_count; o++) {
        struct op *op = &trace->ops[o];
        const char *kinds = op->code == OP_END ? "" : op_table[op->code].operands;
        for (unsigned k = 0; kinds[k] != '\0'; k++)
            visit(kind_read(kinds[k]), &op->operands[k]);
    }
}

static bool counts_from_process(const struct operand *operand)
{
    return operand->anchor >= ANCHOR_RAM && operand->anchor <= ANCHOR_MARK;
}

static bool counts_from_buffer(const struct operand *operand)
{
    return operand->anchor == ANCHOR_BUFFER_START || operand->anchor == ANCHOR_BUFFER_END;
}

static unsigned dropped; /* process */
static bool is_used;

static void look_for_process(char kind, struct operand *operand)
{
    is_used |= (kind == 'p' && (unsigned)operand->number == dropped) ||
               (kind_is_value(kind) && counts_from_process(operand) && operand->index == dropped);
}

static void renumber_process(char kind, struct operand *operand)
{
    if (kind == 'p' && (unsigned)operand->number > dropped)
        operand->number--;
    if (kind_is_value(kind) && counts_from_process(operand) && operand->index > dropped)
        operand->index--;
}

static bool drop_processes(struct testbed *t)
{
    bool any = false;
    for (unsigned p = best.process_count; p-- > 0 && best.process_count > 1;) {
        candidate = best;
        dropped = p;
        is_used = false;
        for_each_operand(&candidate, look_for_process);
        if (is_used)
            continue;
        for_each_operand(&candidate, renumber_process);
        memmove(&candidate.processes[p], &candidate.processes[p + 1],
                (candidate.process_count - p - 1) * sizeof candidate.processes[0]);
        candidate.process_count--;
        any |= try(t);
    }
    return any;
}

enum {
    RAM = 1 << 0,
    APP = 1 << 1,
    KERNEL = 1 << 2,
    FLASH = 1 << 3,
    PROTECTED = 1 << 4,
    PLACE = 1 << 5,
    RESTARTS = 1 << 6,
    GAP = 1 << 7,
    APART = 1 << 8,
};

static void make_usual(struct layout *layout, unsigned fields)
{
    const struct layout *usual = &layout_default;
    layout->ram = fields & RAM ? usual->ram : layout->ram;
    layout->app = fields & APP ? usual->app : layout->app;
    layout->kernel = fields & KERNEL ? usual->kernel : layout->kernel;
    layout->flash = fields & FLASH ? usual->flash : layout->flash;
    layout->protected_len = fields & PROTECTED ? usual->protected_len : layout->protected_len;
    layout->flash_above = fields & PLACE ? usual->flash_above : layout->flash_above;
    layout->restarts = fields & RESTARTS ? usual->restarts : layout->restarts;
    layout->gap = fields & GAP ? usual->gap : layout->gap;
    layout->apart = fields & APART ? usual->apart : layout->apart;
    layout_clip(layout);
}

/* All of a layout, what RAM is divided into, or one field. */
static bool simplify_layouts(struct testbed *t)
{
    static const unsigned choices[] = {
        ~0u, RAM | APP | KERNEL, RAM, APP, KERNEL, FLASH, PROTECTED, PLACE, RESTARTS, GAP, APART,
    };
    bool any = false;
    for (unsigned p = 0; p < best.process_count; p++)
        for (unsigned c = 0; c < sizeof choices / sizeof choices[0] && !must_stop(); c++) {
            candidate = best;
            make_usual(&candidate.processes[p], choices[c]);
            if (!layouts_equal(&candidate.processes[p], &best.processes[p], 1))
                any |= try(t);
        }
    return any;
}

static char renamed_kind;
static unsigned renamed_from, renamed_to;

/* Buffer registers are numbered through: read-only, then read-write. */
static int register_base(char kind)
{
    return kind == 'w' ? TRACE_BUFFER_COUNT : 0;
}

static bool is_of_kind(char kind)
{
    return renamed_kind == 'h' ? kind == 'o' || kind == 'w' || kind == 'h' : kind == renamed_kind;
}

static void look_for_register(char kind, struct operand *operand)
{
    is_used |= is_of_kind(kind) && operand->number + register_base(kind) == (int)renamed_from;
    is_used |= renamed_kind == 'h' && kind_is_value(kind) && counts_from_buffer(operand) &&
               operand->index == renamed_from;
}

static void rename_register(char kind, struct operand *operand)
{
    if (is_of_kind(kind) && operand->number + register_base(kind) == (int)renamed_from)
        operand->number = (int32_t)renamed_to - register_base(kind);
    if (renamed_kind == 'h' && kind_is_value(kind) && counts_from_buffer(operand) &&
        operand->index == renamed_from)
        operand->index = (uint8_t)renamed_to;
}

/* The lowest register of its kind that will do: one register in place of two, or a lower number. */
static bool merge_registers(struct testbed *t)
{
    static const char kinds[] = { 'h', 's', 'd', 'v' };
    bool any = false;
    for (unsigned k = 0; k < sizeof kinds; k++) {
        renamed_kind = kinds[k];
        const unsigned count = kinds[k] == 'h' ? 2 * TRACE_BUFFER_COUNT : 8;
        for (renamed_from = count; renamed_from-- > 1 && !must_stop();) {
            is_used = false;
            for_each_operand(&best, look_for_register);
            const unsigned lowest =
                renamed_from < TRACE_BUFFER_COUNT || kinds[k] != 'h' ? 0 : TRACE_BUFFER_COUNT;
            for (renamed_to = lowest; is_used && renamed_to < renamed_from; renamed_to++) {
                candidate = best;
                for_each_operand(&candidate, rename_register);
                if (try(t)) {
                    any = true;
                    break;
                }
            }
        }
    }
    return any;
}

/* ---- Simpler operands ---- */

/* How much there is to understand: 0 for 0. A place counts more than a number, an odd offset more
 * than a round one. */
static unsigned complexity(const struct operand *operand)
{
    unsigned bits = 0;
    const uint32_t size = (uint32_t)(operand->number < 0 ? -operand->number : operand->number);
    while (bits < 31 && size >> bits != 0)
        bits++;
    const bool is_round = size % 8 == 0;
    const unsigned place = operand->anchor == ANCHOR_NUMBER ? 0
                           : operand->anchor == ANCHOR_RAM  ? 4
                           : operand->anchor < ANCHOR_RAM   ? 8
                                                            : 6;
    return 2 * place + 2 * bits + !is_round + (operand->number < 0);
}

/* Number `choice` of the things to try for an operand. Returns: false when there are no more. */
static bool simpler_operand(char kind, unsigned choice, const struct operand *is,
                            struct operand *out)
{
    static const int32_t numbers[] = { 0, 1, 2, 4, 8, 16 };
    enum { NUMBERS = sizeof numbers / sizeof numbers[0] };
    *out = *is;
    if (choice < NUMBERS) { /* a plain number */
        out->anchor = ANCHOR_NUMBER;
        out->index = 0;
        out->number = numbers[choice];
        return true;
    }
    choice -= NUMBERS;
    switch (
        choice) { /* the same place without its offset, or with a rounder one; a nearer number */
    case 0: out->number = 0; return true;
    case 1: out->number = is->number / 2; return true;
    case 2: out->number = is->number / 8 * 8; return true;
    case 3: out->number = is->number - (is->number > 0); return true;
    case 4: out->number = is->number + (is->number < 0); return true;
    default: break;
    }
    if (!kind_is_value(kind))
        return false;
    choice -= 5;
    static const uint8_t anchors[] = { ANCHOR_RAM, ANCHOR_MAX, ANCHOR_BREAK };
    if (choice >= NUMBERS * sizeof anchors)
        return false;
    out->anchor = anchors[choice / NUMBERS];
    out->index = counts_from_process(is) ? is->index : 0;
    out->number = numbers[choice % NUMBERS];
    if (out->anchor == ANCHOR_MAX) {
        out->index = 0;
        out->number = -out->number;
    }
    return true;
}

static bool simplify_operands(struct testbed *t)
{
    bool any = false;
    for (unsigned o = 0; o < best.op_count; o++) {
        const char *kinds = best.ops[o].code == OP_END ? "" : op_table[best.ops[o].code].operands;
        for (unsigned k = 0; kinds[k] != '\0' && !must_stop(); k++) {
            if (kind_is_name(kinds[k]))
                continue; /* processes and registers: renumbered all together */
            for (unsigned choice = 0;; choice++) {
                const struct operand is = best.ops[o].operands[k];
                struct operand simpler;
                if (complexity(&is) == 0 || !simpler_operand(kinds[k], choice, &is, &simpler))
                    break;
                if (complexity(&simpler) >= complexity(&is) ||
                    (kind_is_value(kinds[k]) && !anchor_fits(kinds[k], simpler.anchor)))
                    continue;
                candidate = best;
                candidate.ops[o].operands[k] = simpler;
                any |= try(t);
            }
        }
    }
    return any;
}

/* ---- All of it ---- */

static void minimize_member(struct testbed *t)
{
    bool any = true;
    (void)cut_tail(t);
    while (any && !must_stop()) {
        any = drop_runs(t);
        any |= drop_blocks(t);
        any |= cut_tail(t);
        any |= drop_processes(t);
        any |= simplify_layouts(t);
        any |= merge_registers(t);
        any |= simplify_operands(t);
    }
}

/* Operations that are gone may have been what other members were for. */
static void minimize(struct testbed *t)
{
    bool any;
    (void)drop_members(t);
    do {
        for (unsigned m = members.count; m-- > 0 && !must_stop();) {
            take_up(m);
            minimize_member(t);
        }
        any = join_members(t);
        any |= drop_members(t);
    } while (any && !must_stop());
}

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static unsigned count_ops(void)
{
    static struct trace trace;
    unsigned count = 0;
    for (unsigned m = 0; m < members.count; m++) {
        sequence_get(&members, m, &trace);
        count += trace.op_count;
    }
    return count;
}

/* OUT, from an earlier time, may be further on. */
static void go_on_from(struct testbed *t, const char *path, const uint8_t *enabled)
{
    static struct sequence given, earlier;
    if (access(path, R_OK) != 0 || !file_read_inputs(path, enabled, &earlier))
        return;
    given = members;
    members = earlier;
    take_up(0);
    const struct verdict verdict = run(t, &best, most_s_first);
    if (strcmp(verdict.signature, wanted.signature) == 0) {
        fprintf(stderr, "going on from %s\n", path);
        wanted = verdict;
        sequence_clear(&given);
    } else {
        sequence_clear(&members);
        members = given;
        take_up(0);
    }
}

int main(int argc, char **argv)
{
    const struct harness *harness = NULL;
    double seconds = 60;
    const int at =
        arguments_read(argc, argv, usage,
                       (const struct argument[]){ { "harness", ARGUMENT_HARNESS, &harness },
                                                  { "seconds", ARGUMENT_SECONDS, &seconds },
                                                  { 0 } });
    const uint8_t *enabled = harness != NULL ? harness->weights : NULL;
    if (argc - at != 2) {
        fputs(usage, stderr);
        return STATUS_UNABLE;
    }
    out_path = argv[at + 1];
    if (!file_read_inputs(argv[at], enabled, &members))
        return STATUS_UNABLE;
    if (members.count > 1 && !file_is_sequence(out_path))
        unable("a sequence becomes one: name it *.sequence: ", out_path);
    shared = share(sizeof *shared);
    struct testbed *t = harness_start();
    t->oracle.bug.symbolize = symbolize_from_cache;
    t->oracle.bug.identified = note_identity;
    t->oracle.bug.end = end_child;
    fault_watch_all();
    t->checks_itself = true;
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    deadline = now() + seconds;
    take_up(0);
    wanted = run(t, &best, most_s_first);
    if (wanted.signature[0] == '\0') {
        fprintf(stderr, "%s: no bug found\n", argv[at]);
        return STATUS_CLEAN;
    }
    const unsigned ops_before = count_ops(), members_before = members.count;
    go_on_from(t, out_path, enabled);
    write_best();
    minimize(t);
    fprintf(stderr, "minimised from %u to %u operations", ops_before, count_ops());
    if (members_before > 1)
        fprintf(stderr, ", from %u to %u members,", members_before, members.count);
    fprintf(stderr, " in %u runs%s\n", run_count,
            interrupted        ? ", interrupted: run it again to go on"
            : now() > deadline ? ", out of time: run it again to go on"
                               : "");
    return STATUS_SMALLER;
}
