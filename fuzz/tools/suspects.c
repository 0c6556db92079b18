/* procbuf-suspects: which places of the library a finding hangs on. See usage().
 *
 * The library under test has switches (orchestrate/switches.py): it reports each site that it reaches, and a site does something
 * else when one of its variants is turned on. Programs run in a worker, one after another; one that ends the worker is over, and
 * another worker goes on.
 */
#include "arguments.h"
#include "bug.h"
#include "fault.h"
#include "files.h"
#include "harness.h"
#include "machine.h"
#include "mutator.h"
#include "oracle.h"
#include "worlds.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_OK = 0, STATUS_CLEAN = 1, STATUS_UNABLE = 2 };

static const char usage[] =
    "usage: procbuf-suspects [--seconds S] PROGRAM [NEIGHBOUR]…\n"
    "       procbuf-suspects --try PROGRAM SITE:VARIANT…\n"
    "\n"
    "Of a program that breaks: which sites of the library its failing operation reached, and "
    "programs\n"
    "near it that break or do not; and which small changes of the library (variants of sites) undo "
    "the\n"
    "bug. Prints JSON; ./fuzz/repro makes suspects of it. The library needs switches.\n"
    "PROGRAM is text (*.trace, *.sequence); NEIGHBOURs are traces that run too.\n"
    "\n"
    "  --try           print those of the variants named with which PROGRAM breaks nothing\n"
    "  --seconds S     the most that it takes of the processor (default 4)\n"
    "\n"
    "Exit status: 0 printed; 1 PROGRAM breaks nothing; 2 failed to run.\n";

/* ---- The library's switches ---- */

/* Of the library, made by switches.py. Null: it has none. */
extern const unsigned short procbuf_site_variants[] __attribute__((weak));
extern const unsigned procbuf_site_count __attribute__((weak));

unsigned procbuf_site(unsigned site);
bool procbuf_decided(unsigned site, bool value);

/* What a site reports: that it was reached, and that a condition was false, or true. */
enum { REACHED, WAS_FALSE, WAS_TRUE, KEYS };

enum { MOST_EVENTS = 1 << 19, MOST_IDENTITY = 400, ANYWHERE = -1 };

enum verdict { CLEAN, BROKE, HUNG, DIED, NOT_RUN };

struct result {
    uint8_t verdict;
    uint8_t member; /* that failed */
    bool in_second_world;
    bool in_set_up; /* before its first operation: such a failure leaves the testbed half made */
    bool is_related; /* it ran an operation of the kind that fails */
    unsigned position; /* of the operation that failed */
    uint32_t identity; /* hash */
};

/* What is run: a program with one variant on, or none (variant 0), in one operation or in all. */
struct job {
    unsigned program;
    unsigned site;
    unsigned variant;
    int only_at;
    struct result result;
};

static struct shared {
    unsigned next; /* job */
    unsigned event_count;
    unsigned alone_until; /* before this one, each job that breaks is its worker's last */
    bool in_second_world;
    unsigned member;
    double spent_before; /* by workers that have ended, and in a worker by those who began it */
    struct event {
        uint32_t key;
        uint16_t position;
        uint16_t member;
    } events[MOST_EVENTS];
    char identity[MOST_IDENTITY];
} *shared;

static struct result finding;
static struct job active;
static bool
    everywhere; /* switches work outside of calls, too: no change of what the calls do undoes the bug */
static bool is_logging;

enum {
    NO_CALL = UINT16_MAX
}; /* the position of what runs before the first operation, and after the last */

/* In a call that an operation makes, not in one with which the testbed compares. */
static bool is_in_call(void)
{
    return machine_walk->call != NULL && oracle_current_expectation() != NULL;
}

static void note(uint32_t key)
{
    const unsigned position = is_in_call() ? machine_walk->position : NO_CALL;
    if (!is_logging || shared->event_count == MOST_EVENTS)
        return;
    shared->events[shared->event_count++] =
        (struct event){ key, (uint16_t)position, (uint16_t)shared->member };
}

unsigned procbuf_site(unsigned site)
{
    note(site * KEYS + REACHED);
    if (active.site != site ||
        (everywhere ? machine_walk->call == NULL && !finding.in_set_up : !is_in_call()))
        return 0; /* processes are laid out as ever */
    return active.only_at == ANYWHERE || machine_walk->position == (unsigned)active.only_at
               ? active.variant
               : 0;
}

bool procbuf_decided(unsigned site, bool value)
{
    note(site * KEYS + (value ? WAS_TRUE : WAS_FALSE));
    return value;
}

/* ---- Programs ---- */

static struct sequence members; /* of the finding */
static unsigned failing_member;
static struct sequence
    programs; /* that run in the place of the member that fails; the first is it */
static bool needs_second_world;
static uint8_t failing_op; /* OP_END: none, the end of the program */

/* Of the processor, by this process and workers before it. */
static double spent(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return shared->spent_before + (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double most_s = 4, phase_ends_s = 4;
static unsigned run_count;
static long finding_ms; /* in which its program ends, or never does */

static void run_program(const struct trace *trace)
{
    static struct trace other;
    for (shared->member = 0; shared->member < failing_member; shared->member++) {
        sequence_get(&members, shared->member, &other);
        machine_run(&other, NULL);
    }
    machine_run(trace, NULL);
    if (!needs_second_world)
        return;
    shared->in_second_world = true;
    worlds_run_all(trace);
}

/* To find out which member fails. */
static void run_all_members(const struct trace *unused)
{
    static struct trace trace;
    (void)unused;
    for (unsigned world = 0; world < 2; world++) {
        shared->in_second_world = world != 0;
        for (shared->member = 0; shared->member < members.count; shared->member++) {
            sequence_get(&members, shared->member, &trace);
            world == 0 ? machine_run(&trace, NULL) : worlds_run_all(&trace);
        }
    }
}

/* ---- Workers ---- */

enum { RUN_MS = 100, FIRST_RUN_MS = 3000 };

static sigjmp_buf after_run;
static struct job *jobs;
static unsigned job_count;

static uint32_t hash(const char *text)
{
    uint32_t sum = 2166136261u;
    for (; *text != '\0'; text++)
        sum = (sum ^ (unsigned char)*text) * 16777619u;
    return sum;
}

static void note_identity(const char *identity, const char *detail)
{
    struct result *result = &jobs[shared->next].result;
    (void)detail;
    snprintf(shared->identity, sizeof shared->identity, "%s", identity);
    *result = (struct result){ .verdict = BROKE,
                               .member = (uint8_t)shared->member,
                               .in_second_world = shared->in_second_world,
                               .in_set_up =
                                   machine_walk->call == NULL && strcmp(bug_current_op, "end") != 0,
                               .position = machine_walk->position,
                               .identity = hash(identity) };
}

static void land(int how)
{
    oracle_landing = NULL;
    siglongjmp(after_run, how);
}

static void end_run(void)
{
    bug_go_on();
    land(BROKE);
}

/* UBSan's way to say so, where it must not end the process. */
static void on_trap(int signal_number)
{
    (void)signal_number;
    // NOLINTNEXTLINE(bugprone-signal-handler,cert-*): it comes of an instruction, not at any time
    bug_found("ubsan", "trap", "actual: undefined, or a sum that wraps");
}

static void on_limit(int signal_number)
{
    (void)signal_number;
    land(HUNG);
}

static void say_nothing(void *pc, char *out, size_t out_len)
{
    (void)pc;
    memset(out, 0, out_len);
}

static void set_limit(long ms)
{
    const struct itimerval limit = { .it_value = { ms / 1000, ms % 1000 * 1000L } };
    setitimer(ITIMER_PROF, &limit, NULL);
}

static void run_job(struct job *job, void (*run)(const struct trace *trace), long most_ms)
{
    static struct trace trace;
    sequence_get(&programs, job->program, &trace);
    active = *job;
    shared->event_count = 0;
    shared->in_second_world = false;
    const int how = sigsetjmp(after_run, 1);
    if (how == 0) {
        set_limit(most_ms);
        run(&trace);
        job->result.verdict = CLEAN;
    } else if (how == HUNG) {
        job->result.verdict = HUNG;
    }
    set_limit(0);
    active.site = UINT_MAX;
}

/* What a job says of the sites that it reached. */
static void (*when_run)(const struct job *job);

enum { AGAIN = 3, BATCH = 64 };

static bool is_known; /* the finding */

/* What broke may have left traces in the testbed that the next run meets. Returns: whether the finding's program shows the same
 * bug as ever. */
static bool is_sane(void)
{
    struct job check = { 0, UINT_MAX, 0, ANYWHERE, { 0 } };
    struct job *const job = &jobs[shared->next];
    const struct job kept = *job;
    *job = check;
    run_job(job, run_program, FIRST_RUN_MS);
    check = *job;
    *job = kept;
    return check.result.verdict == BROKE && check.result.identity == finding.identity;
}

static _Noreturn void work(void (*run)(const struct trace *trace), long most_ms)
{
    const int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere < 0 || dup2(nowhere, STDERR_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
        _exit(STATUS_UNABLE);
    for (; shared->next < job_count && spent() < phase_ends_s; shared->next++) {
        struct job *job = &jobs[shared->next];
        run_job(job, run, most_ms);
        if (when_run != NULL)
            when_run(job);
        const bool alone = shared->next < shared->alone_until;
        if (job->result.verdict != CLEAN && (job->result.in_set_up || alone)) {
            shared->next++;
            _exit(AGAIN);
        }
        if (is_known && !alone && when_run == NULL &&
            (shared->next % BATCH == BATCH - 1 || shared->next + 1 == job_count) && !is_sane()) {
            shared->alone_until = shared->next + 1;
            shared->next -= shared->next % BATCH;
            _exit(AGAIN);
        }
    }
    _exit(0);
}

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* Run the jobs, which are in shared memory, until time is up. */
static void run_jobs_with(void (*run)(const struct trace *trace), long most_ms)
{
    for (unsigned j = 0; j < job_count; j++)
        jobs[j].result = (struct result){ .verdict = NOT_RUN };
    shared->next = shared->alone_until = 0;
    while (shared->next < job_count && spent() < phase_ends_s) {
        int status;
        struct rusage usage;
        const double before = shared->spent_before, parent = spent() - before;
        shared->spent_before += parent;
        const pid_t child = fork();
        if (child < 0)
            unable("cannot fork: ", strerror(errno));
        if (child == 0)
            work(run, most_ms);
        while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR)
            continue;
        shared->spent_before = before + seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            break;
        if (WIFEXITED(status) && WEXITSTATUS(status) == AGAIN)
            continue;
        struct job *job = &jobs[shared->next];
        if (job->result.verdict == NOT_RUN) /* it said nothing */
            job->result.verdict = DIED;
        if (when_run != NULL)
            when_run(job);
        shared->next++;
    }
    run_count += shared->next;
}

static void *share(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        unable("out of memory", "");
    return memory;
}

enum { MOST_JOBS = 1 << 18 };

static struct job *add_job(unsigned program, unsigned site, unsigned variant, int only_at)
{
    if (job_count == MOST_JOBS)
        return NULL;
    jobs[job_count] = (struct job){ program, site, variant, only_at, { 0 } };
    return &jobs[job_count++];
}

/* ---- What is reached ---- */

static struct count {
    uint16_t by_failing, by_passing; /* programs */
    uint16_t in_program,
        in_call; /* how often, by the finding's program, and in its call that fails */
    uint32_t last; /* in its program: the place of the last time, from 1 */
    uint32_t stamp;
} *counts;
static uint32_t *stamp;

static bool is_of_call(const struct job *job, const struct event *event)
{
    const struct result *result = &job->result;
    if (job->program == 0 || result->verdict == BROKE)
        return event->member == result->member && event->position == result->position;
    return false;
}

/* Of the failing call, what it reached; of one that passes, what calls of that kind reached. */
static void count_sites(const struct job *job)
{
    static struct trace trace;
    struct result *result = &jobs[shared->next].result;
    sequence_get(&programs, job->program, &trace);
    const bool broke = result->verdict == BROKE;
    if (!broke && result->verdict != CLEAN)
        return;
    bool any_in_call = false;
    for (unsigned e = 0; e < shared->event_count && broke; e++)
        any_in_call |= is_of_call(job, &shared->events[e]);
    ++*stamp;
    for (unsigned e = 0; e < shared->event_count; e++) {
        const struct event *event = &shared->events[e];
        struct count *count = &counts[event->key];
        const uint8_t code =
            event->position < trace.op_count ? trace.ops[event->position].code : OP_END;
        const bool in_call = broke ? !any_in_call || is_of_call(job, event)
                                   : failing_op == OP_END || code == failing_op;
        if (job->program == 0) {
            count->in_program += count->in_program < UINT16_MAX;
            count->in_call += in_call && count->in_call < UINT16_MAX;
            count->last = e + 1;
        }
        if (!in_call || count->stamp == *stamp)
            continue;
        count->stamp = *stamp;
        result->is_related = true;
        if (!broke)
            count->by_passing++;
        else if (result->identity == finding.identity || job->program == 0)
            count->by_failing++;
    }
}

/* ---- Near programs ---- */

enum { FEW = 12, NEAR = 500, MOST_FAILING = 24, MOST_PASSING = 96 };

static unsigned failing[MOST_FAILING], failing_count;
static unsigned others[MOST_FAILING], other_count; /* that break in another way */
static unsigned passing[MOST_PASSING], passing_count;
static unsigned near_failing, near_other, near_passing;
static int positions
    [SEQUENCE_MAX_MEMBERS]; /* by program: where it fails, or its last operation of the kind that fails */

static void make_near_programs(void)
{
    static struct trace trace;
    const struct harness *everything = harness_find("everything");
    for (uint32_t seed = 1; seed <= (finding.in_set_up ? NEAR / 16 : NEAR) && everything != NULL;
         seed++) {
        sequence_get(&programs, 0, &trace);
        mutator_change(&trace, everything, seed);
        if (!sequence_add(&programs, &trace))
            unable("out of memory", "");
    }
}

static int position_of(const struct job *job)
{
    static struct trace trace;
    int at = 0;
    if (job->result.verdict == BROKE)
        return (int)job->result.position;
    sequence_get(&programs, job->program, &trace);
    for (unsigned o = 0; o < trace.op_count; o++)
        if (trace.ops[o].code == failing_op)
            at = (int)o;
    return at;
}

static void judge_near_programs(void)
{
    job_count = 0;
    for (unsigned p = 1; p < programs.count; p++)
        (void)add_job(p, UINT_MAX, 0, ANYWHERE);
    is_logging = true;
    when_run = count_sites;
    run_jobs_with(run_program, RUN_MS);
    is_logging = false;
    when_run = NULL;
    for (unsigned j = 0; j < job_count; j++) {
        const struct result *result = &jobs[j].result;
        positions[jobs[j].program] = position_of(&jobs[j]);
        if (result->verdict == BROKE && result->identity == finding.identity) {
            near_failing++;
            if (failing_count < MOST_FAILING)
                failing[failing_count++] = jobs[j].program;
        } else if (result->verdict == BROKE) {
            near_other++;
            if (other_count < MOST_FAILING)
                others[other_count++] = jobs[j].program;
        } else if (result->verdict == CLEAN) {
            near_passing++;
        }
    }
    /* One of three does something else, but for the first: a change of what many calls share must not break those. */
    unsigned left[2] = { job_count, job_count };
    while (passing_count < MOST_PASSING && (left[0] != 0 || left[1] != 0)) {
        const bool related =
            left[1] != 0 && (passing_count < FEW || passing_count % 3 != 2 || left[0] == 0);
        const struct result *result = &jobs[--left[related]].result;
        if (result->verdict == CLEAN && result->is_related == related)
            passing[passing_count++] = jobs[left[related]].program;
    }
}

/* ---- Variants ---- */

/* One that undoes the bug in the finding's program. */
struct cure {
    unsigned site, variant;
    unsigned of_failing, of_others, of_passing; /* programs that run clean with it */
    int only_at; /* the last operation in which alone it does it; ANYWHERE: there is none */
    bool is_local; /* it does it there alone, and not when it is on everywhere */
};
enum { MOST_CURES = 1 << 12 };
static struct cure cures[MOST_CURES];
static unsigned cure_count;
static unsigned variant_count;
static uint16_t *changes; /* by site: variants with which it breaks in another way */

static int latest_first(const void *one, const void *two)
{
    const struct job *a = one, *b = two;
    const uint32_t last_a = counts[(size_t)a->site * KEYS].last,
                   last_b = counts[(size_t)b->site * KEYS].last;
    return last_a != last_b          ? last_a < last_b ? 1 : -1
           : a->variant < b->variant ? -1
                                     : a->variant > b->variant;
}

static void find_cures(void)
{
    job_count = 0;
    for (unsigned site = 0; site < procbuf_site_count; site++)
        for (unsigned v = 1;
             counts[(size_t)site * KEYS].in_program != 0 && v <= procbuf_site_variants[site]; v++)
            (void)add_job(0, site, v, ANYWHERE);
    qsort(jobs, job_count, sizeof jobs[0], latest_first); /* if time is short */
    run_jobs_with(run_program, finding_ms);
    variant_count = job_count;
    for (unsigned j = 0; j < job_count; j++) {
        const struct job *job = &jobs[j];
        if (job->result.verdict == CLEAN && cure_count < MOST_CURES)
            cures[cure_count++] =
                (struct cure){ job->site, job->variant, 0, 0, 0, ANYWHERE, false };
        else if (job->result.verdict == BROKE && job->result.identity != finding.identity)
            changes[job->site]++;
    }
}

enum { FEWEST = 60 };

static int compare_cures(const void *one, const void *two)
{
    const struct cure *a = one, *b = two;
    const unsigned long of_a = (a->of_failing + 1ul) * (a->of_passing + 1ul);
    const unsigned long of_b = (b->of_failing + 1ul) * (b->of_passing + 1ul);
    if (of_a != of_b)
        return of_a < of_b ? 1 : -1;
    return a->site != b->site ? a->site < b->site ? -1 : 1 : a->variant < b->variant ? -1 : 1;
}

/* How many of these programs run clean with each cure; those that are far from the best do not go on. Returns: on how many
 * programs all were tried, before time was up. */
static unsigned try_cures_on(const unsigned *which, unsigned count, size_t field, unsigned kept)
{
    unsigned done = 0;
    for (unsigned from = 0; from < count && done == from; from += FEW) {
        job_count = 0;
        for (unsigned p = from; p < count && p < from + FEW; p++)
            for (unsigned c = 0; c < cure_count; c++)
                (void)add_job(which[p], cures[c].site, cures[c].variant,
                              cures[c].is_local ? positions[which[p]] : ANYWHERE);
        run_jobs_with(run_program, RUN_MS);
        for (unsigned p = from; p < count && p < from + FEW && cure_count != 0; p++) {
            const struct job *of_program = &jobs[(size_t)(p - from) * cure_count];
            if (of_program[cure_count - 1].result.verdict == NOT_RUN)
                break;
            for (unsigned c = 0; c < cure_count; c++)
                *(unsigned *)((char *)&cures[c] + field) += of_program[c].result.verdict == CLEAN;
            done++;
        }
        qsort(cures, cure_count, sizeof cures[0], compare_cures);
        if (cure_count > kept)
            cure_count = kept;
        kept = kept / 2 > FEWEST ? kept / 2 : FEWEST;
    }
    return done;
}

/* In which operation alone a cure suffices; and what cures only there, as a statement that is right in other calls. */
static void place_cures(void)
{
    static struct trace trace;
    const unsigned everywhere = cure_count;
    job_count = 0;
    sequence_get(&programs, 0, &trace);
    for (unsigned c = 0; c < everywhere; c++)
        for (unsigned at = 0; at < trace.op_count && at <= finding.position; at++)
            (void)add_job(0, cures[c].site, cures[c].variant, (int)at);
    const unsigned known = job_count;
    for (unsigned site = 0; site < procbuf_site_count; site++)
        for (unsigned v = 1;
             counts[(size_t)site * KEYS].in_call != 0 && v <= procbuf_site_variants[site]; v++)
            if (changes[site] != 0)
                (void)add_job(0, site, v, (int)finding.position);
    run_jobs_with(run_program, finding_ms);
    for (unsigned j = 0, c = 0; j < known; j++) {
        while (cures[c].site != jobs[j].site || cures[c].variant != jobs[j].variant)
            c++;
        if (jobs[j].result.verdict == CLEAN)
            cures[c].only_at = jobs[j].only_at;
    }
    for (unsigned j = known; j < job_count; j++) {
        const struct job *job = &jobs[j];
        bool is_new = job->result.verdict == CLEAN && cure_count < MOST_CURES;
        for (unsigned c = 0; c < everywhere && is_new; c++)
            is_new = cures[c].site != job->site || cures[c].variant != job->variant;
        if (is_new)
            cures[cure_count++] =
                (struct cure){ job->site, job->variant, 0, 0, 0, job->only_at, true };
    }
}

/* ---- All of it ---- */

static void print(void)
{
    printf("{\"identity\": \"%s\", \"position\": %u, \"member\": %u, \"second_world\": %s, "
           "\"runs\": %u, \"seconds\": %.2f, \"out_of_time\": %s,\n",
           shared->identity, finding.position, failing_member,
           finding.in_second_world ? "true" : "false", run_count, spent(),
           spent() >= most_s ? "true" : "false");
    printf("\"near\": {\"failing\": %u, \"other\": %u, \"passing\": %u}, \"tried\": {\"failing\": "
           "%u, \"other\": %u, "
           "\"passing\": %u}, \"variants\": %u,\n\"sites\": [",
           near_failing, near_other, near_passing, failing_count, other_count, passing_count,
           variant_count);
    const char *comma = "";
    for (unsigned key = 0; key < procbuf_site_count * KEYS; key++) {
        const struct count *count = &counts[key];
        if (count->in_program == 0 && count->by_failing == 0)
            continue;
        printf("%s\n[%u, %u, %u, %u, %u, %u, %u, %u]", comma, key / KEYS, key % KEYS,
               count->in_program, count->in_call, count->last, count->by_failing, count->by_passing,
               changes[key / KEYS]);
        comma = ",";
    }
    printf("],\n\"cures\": [");
    comma = "";
    for (unsigned c = 0; c < cure_count; c++) {
        printf("%s\n[%u, %u, %u, %u, %u, %d, %d]", comma, cures[c].site, cures[c].variant,
               cures[c].of_failing, cures[c].of_others, cures[c].of_passing, cures[c].only_at,
               cures[c].is_local);
        comma = ",";
    }
    printf("]}\n");
}

/* The finding's program, without a variant: which member fails, where, and what it reaches. */
static void run_finding(const char *path)
{
    static struct trace trace;
    static char identity[MOST_IDENTITY];
    (void)add_job(0, UINT_MAX, 0, ANYWHERE);
    sequence_get(&members, 0, &trace);
    if (!sequence_add(&programs, &trace))
        unable("out of memory", "");
    run_jobs_with(run_all_members, FIRST_RUN_MS);
    if (jobs[0].result.verdict != BROKE) {
        fprintf(stderr, "%s: %s\n", path,
                jobs[0].result.verdict == CLEAN ? "no bug found"
                                                : "it does not end, or says nothing when it does");
        exit(STATUS_CLEAN);
    }
    finding = jobs[0].result;
    failing_member = finding.member;
    needs_second_world = finding.in_second_world;
    sequence_get(&members, failing_member, &trace);
    failing_op = finding.position < trace.op_count ? trace.ops[finding.position].code : OP_END;
    if (!sequence_set(&programs, 0, &trace))
        unable("out of memory", "");
    memcpy(identity, shared->identity, sizeof identity);
    is_logging = true;
    when_run = count_sites;
    const double before = spent();
    run_jobs_with(run_program, FIRST_RUN_MS);
    finding_ms = 10 + (long)(2000 * (spent() - before));
    is_logging = false;
    when_run = NULL;
    if (jobs[0].result.verdict != BROKE || strcmp(identity, shared->identity) != 0) {
        fprintf(stderr, "%s: it breaks in another way each time\n", path);
        exit(STATUS_CLEAN);
    }
    is_known = true;
}

static void try_named(char **words, int count)
{
    job_count = 0;
    for (int w = 0; w < count; w++) {
        char *end;
        const unsigned long site = strtoul(words[w], &end, 10);
        const unsigned long variant = *end == ':' ? strtoul(end + 1, &end, 10) : 0;
        if (*end != '\0' || site >= procbuf_site_count || variant == 0 ||
            variant > procbuf_site_variants[site])
            unable("no such variant: ", words[w]);
        (void)add_job(0, (unsigned)site, (unsigned)variant, ANYWHERE);
    }
    run_jobs_with(run_program, RUN_MS);
    for (unsigned j = 0; j < job_count; j++)
        if (jobs[j].result.verdict == CLEAN)
            printf("%u:%u\n", jobs[j].site, jobs[j].variant);
}

/* What runs from now on may take the time up to this share of all, so that something is left for what comes after. */
static void end_phase(double share)
{
    phase_ends_s = share * most_s;
}

int main(int argc, char **argv)
{
    static struct trace trace;
    static char identity[MOST_IDENTITY];
    bool tries = false;
    const int at = arguments_read(
        argc, argv, usage,
        (const struct argument[]){
            { "seconds", ARGUMENT_SECONDS, &most_s }, { "try", ARGUMENT_FLAG, &tries }, { 0 } });
    if (at == argc)
        unable("no program given", "; see --help");
    if (procbuf_site_variants == NULL)
        unable("the library has no switches", "");
    if (!file_read_inputs(argv[at], NULL, &members))
        return STATUS_UNABLE;
    shared = share(sizeof *shared);
    jobs = share(MOST_JOBS * sizeof *jobs);
    counts = share((size_t)procbuf_site_count * KEYS * sizeof *counts);
    stamp = share(sizeof *stamp);
    changes = share(procbuf_site_count * sizeof *changes);
    active.site = UINT_MAX;
    harness_start();
    bug_symbolize = say_nothing;
    bug_identified = note_identity;
    bug_end = end_run;
    fault_watch_all();
    signal(SIGPROF, on_limit);
    signal(SIGILL, on_trap);
    end_phase(1);
    run_finding(argv[at]);
    if (tries) {
        try_named(argv + at + 1, argc - at - 1);
        return fflush(stdout) == 0 ? STATUS_OK : STATUS_UNABLE;
    }
    memcpy(identity, shared->identity, sizeof identity);
    make_near_programs();
    for (int i = at + 1; i < argc; i++)
        if (!file_read_trace(argv[i], NULL, &trace) || !sequence_add(&programs, &trace))
            return STATUS_UNABLE;
    end_phase(0.2);
    judge_near_programs();
    end_phase(0.6);
    everywhere = finding.in_set_up;
    find_cures();
    place_cures();
    if (cure_count == 0 && !everywhere) {
        everywhere = true;
        find_cures();
        place_cures();
    }
    end_phase(0.75);
    failing_count =
        try_cures_on(failing, failing_count, offsetof(struct cure, of_failing), MOST_CURES);
    end_phase(0.95);
    passing_count =
        try_cures_on(passing, passing_count, offsetof(struct cure, of_passing), MOST_CURES / 8);
    end_phase(1);
    other_count = try_cures_on(others, other_count, offsetof(struct cure, of_others), FEWEST);
    memcpy(shared->identity, identity, sizeof identity);
    print();
    return fflush(stdout) == 0 ? STATUS_OK : STATUS_UNABLE;
}
