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
#include "testbed.h"
#include "machine.h"
#include "mutator.h"
#include "oracle.h"
#include "tries.h"
#include "worlds.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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
    "  --seconds S     the most that it takes of the processor (default 4.5)\n"
    "\n"
    "Exit status: 0 printed; 1 PROGRAM breaks nothing; 2 failed to run.\n";

/* ---- The library's switches ---- */

/* Of the library, made by switches.py. Null: it has none. */
extern const unsigned short procbuf_site_variants[] __attribute__((weak));
extern const unsigned short procbuf_site_guards[] __attribute__((weak));
extern const unsigned short procbuf_site_places[] __attribute__((weak)); /* 1: before a statement */
extern const unsigned procbuf_site_count __attribute__((weak));

/* The condition under which alone the variant is on, from 1; 0: always. The library asks it. */
unsigned procbuf_guard;

unsigned procbuf_site(unsigned site);
bool procbuf_decided(unsigned site, bool value);
void procbuf_wanted(void);

/* What a site reports: that it was reached, and that a condition was false, or true. */
enum { REACHED, WAS_FALSE, WAS_TRUE, KEYS };

enum { MOST_EVENTS = 1 << 19, MOST_IDENTITY = 400, MOST_WANTED = 32, ANYWHERE = -1 };

/* A job's variant is its number, and VARIANTS times that of its guard. The last number, before a statement, calls the panic hook
 * that the report expects. */
enum { VARIANTS = 1 << 12, WANTED = VARIANTS - 1 };

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
    unsigned cure; /* that is tried */
    /* No call of an operation reaches the site, but those with which the testbed looks; nor those, but set-up. */
    bool is_outside, is_in_set_up;
};

static struct shared {
    unsigned next; /* job */
    uint32_t run;
    unsigned event_count;
    unsigned batch_begin, batch_len; /* of jobs, after which the testbed is checked */
    bool in_second_world;
    unsigned member;
    double spent_before; /* by workers that have ended, and in a worker by those who began it */
    struct event {
        uint32_t key;
        uint16_t position;
        uint16_t member;
    } events[MOST_EVENTS];
    char identity[MOST_IDENTITY];
    char wanted[MOST_WANTED]; /* what the hook that is due is passed; empty: none */
} *shared;

static struct result finding;
static bool is_known; /* the finding */
static struct job active;
static bool
    everywhere; /* switches work outside of calls, too: no change of what the calls do undoes the bug */
static bool is_logging;

/* The position of what runs before the first operation, and of calls with which the testbed looks. */
enum { SET_UP = UINT16_MAX - 1, NO_CALL = UINT16_MAX };

/* Processes are laid out, before the first operation. After the body of an enter there is no call, either. */
static bool is_setting_up(const struct testbed *t)
{
    return t->machine.walk.call == NULL && t->machine.walk.position == 0 &&
           strcmp(t->oracle.bug.op, "end") != 0;
}

/* In a call that an operation makes, also after the body of an enter, not in one with which the testbed compares. */
static bool is_in_call(const struct testbed *t)
{
    return oracle_current_expectation(&t->oracle) != NULL && !is_setting_up(t);
}

/* How often a run reaches sites once its processes are laid out: with a variant that reaches far more than without, it never
 * ends. Laying out takes any number, since a large world is made only when it is not there. A call that no longer breaks may
 * walk all of that world. */
static unsigned long hit_count, most_hits = ULONG_MAX;
static unsigned long set_up_hit_count;
static unsigned long *most_hits_of; /* by program; 0: not known */
enum { LONGER = 10, MORE_HITS = 2000 };

static sigjmp_buf after_run;

static void land(struct testbed *t, int how)
{
    t->oracle.landing = NULL;
    siglongjmp(after_run, how);
}

/* When each key was reached last, and when this run began. */
static uint32_t *reached_at, reach_count, run_began;

/* By key, what was noted last: once a call is enough, which may be long. */
static struct noted {
    uint32_t run;
    uint16_t position, member;
} *noted;

static void note(struct testbed *t, uint32_t key)
{
    if (is_setting_up(t))
        set_up_hit_count++;
    else if (++hit_count > most_hits)
        land(t, HUNG);
    if (!is_logging)
        return;
    const unsigned position = is_setting_up(t) ? SET_UP
                              : is_in_call(t)  ? t->machine.walk.position
                                               : NO_CALL;
    const struct noted now = { shared->run, (uint16_t)position, (uint16_t)shared->member };
    reached_at[key] = ++reach_count;
    if (memcmp(&noted[key], &now, sizeof now) == 0 || shared->event_count == MOST_EVENTS)
        return;
    noted[key] = now;
    shared->events[shared->event_count++] = (struct event){ key, now.position, now.member };
}

/* Processes are laid out as ever, unless that is where the bug is. */
static bool is_where_switches_work(const struct testbed *t)
{
    return active.is_in_set_up || finding.in_set_up ? is_setting_up(t) || is_in_call(t)
           : everywhere || active.is_outside        ? !is_setting_up(t)
                                                    : is_in_call(t);
}

unsigned procbuf_site(unsigned site)
{
    struct testbed *t = testbed_now();
    note(t, site * KEYS + REACHED);
    procbuf_guard = 0;
    if (active.site != site || !is_where_switches_work(t) ||
        (active.only_at != ANYWHERE && t->machine.walk.position != (unsigned)active.only_at))
        return 0;
    procbuf_guard = active.variant / VARIANTS;
    return active.variant % VARIANTS;
}

bool procbuf_decided(unsigned site, bool value)
{
    struct testbed *t = testbed_now();
    note(t, site * KEYS + (value ? WAS_TRUE : WAS_FALSE));
    return value;
}

void procbuf_wanted(void)
{
    procbuf_port_panic(shared->wanted);
}

/* The hook that is due says so: a requirement that was not checked. */
static void note_wanted(const struct oracle_call *call)
{
    if (call == NULL || call->hooks_seen >= call->expected->hook_count)
        return;
    const struct hook *due = &call->expected->hooks[call->hooks_seen];
    if (due->kind == HOOK_PANIC && due->message != NULL)
        snprintf(shared->wanted, sizeof shared->wanted, "procbuf: %s", due->message);
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

static double most_s = 4.5, phase_ends_s = 4.5;
static unsigned run_count, worker_count;
static long finding_ms; /* in which its program ends, or never does */

static void run_program(struct testbed *t, const struct trace *trace)
{
    static struct trace other;
    for (shared->member = 0; shared->member < failing_member; shared->member++) {
        sequence_get(&members, shared->member, &other);
        machine_run(t, &other, NULL);
    }
    machine_run(t, trace, NULL);
    if (!needs_second_world)
        return;
    shared->in_second_world = true;
    worlds_run_all(t, trace);
}

/* To find out which member fails. */
static void run_all_members(struct testbed *t, const struct trace *unused)
{
    static struct trace trace;
    (void)unused;
    for (unsigned world = 0; world < 2; world++) {
        shared->in_second_world = world != 0;
        for (shared->member = 0; shared->member < members.count; shared->member++) {
            sequence_get(&members, shared->member, &trace);
            world == 0 ? machine_run(t, &trace, NULL) : worlds_run_all(t, &trace);
        }
    }
}

/* What runs from now on may take the time up to this share of all, so that something is left for what comes after. */
static void end_phase(double share)
{
    phase_ends_s = share * most_s;
}

/* ---- Workers ---- */

enum { RUN_MS = 100, FIRST_RUN_MS = 3000, LARGE_SET_UP_MS = 1000 };

static struct job *jobs;
static unsigned job_count;

/* Always the same ones. */
static uint32_t next_random(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random >> 8;
}

static uint32_t hash(const char *text)
{
    uint32_t sum = 2166136261u;
    for (; *text != '\0'; text++)
        sum = (sum ^ (unsigned char)*text) * 16777619u;
    return sum;
}

static void note_identity(const char *identity, const char *detail)
{
    struct testbed *t = testbed_now();
    struct result *result = &jobs[shared->next].result;
    (void)detail;
    if (!is_known)
        note_wanted(t->oracle.call);
    snprintf(shared->identity, sizeof shared->identity, "%s", identity);
    *result = (struct result){ .verdict = BROKE,
                               .member = (uint8_t)shared->member,
                               .in_second_world = shared->in_second_world,
                               .in_set_up = is_setting_up(t),
                               .position = t->machine.walk.position,
                               .identity = hash(identity) };
}

static void end_run(void)
{
    struct testbed *t = testbed_now();
    bug_go_on();
    land(t, BROKE);
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
    struct testbed *t = testbed_now();
    (void)signal_number;
    land(t, HUNG);
}

static void say_nothing(void *pc, char *out, size_t out_len)
{
    (void)pc;
    memset(out, 0, out_len);
}

static void run_job(struct testbed *t, struct job *job,
                    void (*run)(struct testbed *t, const struct trace *trace), long most_ms)
{
    static struct trace trace;
    sequence_get(&programs, job->program, &trace);
    active = *job;
    hit_count = set_up_hit_count = 0;
    most_hits = job->variant != 0 && most_hits_of[job->program] != 0 ? most_hits_of[job->program]
                                                                     : ULONG_MAX;
    shared->event_count = 0;
    shared->run++;
    run_began = reach_count;
    shared->in_second_world = false;
    if (finding.in_set_up || job->is_in_set_up)
        machine_forget_made();
    const int how = sigsetjmp(after_run, 1);
    if (how == 0) {
        limit_processor((double)most_ms / 1000);
        run(t, &trace);
        job->result.verdict = CLEAN;
    } else {
        machine_forget_touched();
        if (how == HUNG)
            job->result.verdict = HUNG;
    }
    limit_processor(0);
    if (job->is_in_set_up || job->result.in_set_up)
        machine_forget_made();
    const unsigned long most = LONGER * hit_count + set_up_hit_count + MORE_HITS;
    if (job->variant == 0 && most_hits_of[job->program] < most)
        most_hits_of[job->program] = most;
    active.site = UINT_MAX;
}

/* What a job says of the sites that it reached. */
static void (*when_run)(const struct job *job);

enum { AGAIN = 3, BATCH = 64 };

/* What broke may have left traces in the testbed that the next run meets. Returns: whether the finding's program shows the same
 * bug as ever. */
static bool is_sane(struct testbed *t)
{
    struct job check = { .site = UINT_MAX, .only_at = ANYWHERE };
    struct job *const job = &jobs[shared->next];
    const struct job kept = *job;
    *job = check;
    run_job(t, job, run_program, FIRST_RUN_MS);
    check = *job;
    *job = kept;
    return check.result.verdict == BROKE && check.result.identity == finding.identity;
}

/* What the jobs of this batch said may come of those before them. */
static void forget_batch(void)
{
    for (unsigned j = shared->batch_begin; j < shared->next; j++)
        jobs[j].result = (struct result){ .verdict = NOT_RUN };
}

/* If it was this job's, look whether the testbed is sane. If not, the batch runs again, in halves, until one job is left: what
 * that says is true, but it is its worker's last. */
static void end_batch(struct testbed *t)
{
    const unsigned done = shared->next + 1 - shared->batch_begin;
    if (done < shared->batch_len && shared->next + 1 < job_count)
        return;
    if (is_sane(t)) {
        shared->batch_len = shared->batch_len < BATCH ? 2 * shared->batch_len : BATCH;
        shared->batch_begin = shared->next + 1;
        return;
    }
    shared->next++;
    if (done != 1) { /* there may be no time to run it again */
        forget_batch();
        shared->next = shared->batch_begin;
    }
    shared->batch_begin = shared->next;
    shared->batch_len = (done + 1) / 2;
    _exit(AGAIN);
}

static _Noreturn void work(struct testbed *t,
                           void (*run)(struct testbed *t, const struct trace *trace), long most_ms)
{
    be_silent();
    if (is_known && finding.in_set_up)
        (void)is_sane(t); /* makes once, as it is, what later runs copy of a large world */
    for (; shared->next < job_count && spent() < phase_ends_s; shared->next++) {
        struct job *job = &jobs[shared->next];
        run_job(t, job, run, most_ms);
        if (when_run != NULL)
            when_run(job);
        if (is_known && when_run == NULL)
            end_batch(t);
    }
    if (is_known && when_run == NULL && shared->next < job_count && !is_sane(t))
        forget_batch(); /* time is up within it */
    _exit(0);
}

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* Run those of the jobs, which are in shared memory, that have not run, until time is up. */
static void run_rest_with(struct testbed *t,
                          void (*run)(struct testbed *t, const struct trace *trace), long most_ms)
{
    const unsigned first = shared->next;
    while (shared->next < job_count && spent() < phase_ends_s) {
        int status;
        struct rusage usage;
        const double before = shared->spent_before, parent = spent() - before;
        shared->spent_before += parent;
        const pid_t child = fork();
        worker_count++;
        if (child < 0)
            unable("cannot fork: ", strerror(errno));
        if (child == 0)
            work(t, run, most_ms);
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
        shared->batch_begin = ++shared->next;
    }
    run_count += shared->next - first;
}

static void run_jobs_with(struct testbed *t,
                          void (*run)(struct testbed *t, const struct trace *trace), long most_ms)
{
    for (unsigned j = 0; j < job_count; j++)
        jobs[j].result = (struct result){ .verdict = NOT_RUN };
    shared->next = shared->batch_begin = 0;
    shared->batch_len = BATCH;
    run_rest_with(t, run, most_ms);
}

enum { MOST_JOBS = 1 << 18 };

/* ---- What is reached ---- */

static struct count {
    uint16_t by_failing, by_passing; /* programs, in a call of the kind that fails */
    uint16_t by_any; /* programs that pass, in any call */
    uint16_t in_program,
        in_call; /* how often, by the finding's program, and in its call that fails */
    uint16_t in_calls, in_looks; /* of its program; of those with which the testbed looks */
    uint32_t last; /* in its program: the place of the last time, from 1 */
    uint32_t stamp, any_stamp;
} *counts;
static uint32_t *stamp;

static uint8_t *reached; /* by program: of each key a bit, whether one of its calls reaches it, */
static uint8_t *looked; /* and whether the testbed does when it looks */

static size_t bits_len(void)
{
    return ((size_t)procbuf_site_count * KEYS + CHAR_BIT - 1) / CHAR_BIT;
}

static bool has_bit(const uint8_t *bits, unsigned program, size_t key)
{
    return (bits[program * bits_len() + key / CHAR_BIT] >> key % CHAR_BIT & 1) != 0;
}

/* What only the testbed reaches, when it looks, */
static bool is_outside(unsigned site)
{
    return counts[(size_t)site * KEYS].in_calls == 0;
}

/* or lays processes out. */
static bool is_in_set_up(unsigned site)
{
    return is_outside(site) && counts[(size_t)site * KEYS].in_looks == 0;
}

static bool reaches(unsigned program, unsigned site)
{
    return has_bit(is_outside(site) ? looked : reached, program, (size_t)site * KEYS);
}

/* One of a program's calls reached this, or one with which the testbed looks. */
static void count_any(unsigned program, bool broke, const struct event *event)
{
    struct count *count = &counts[event->key];
    if (reached == NULL)
        return;
    const bool looks = event->position >= SET_UP;
    (looks ? looked : reached)[program * bits_len() + event->key / CHAR_BIT] |=
        (uint8_t)(1u << event->key % CHAR_BIT);
    count->by_any += !looks && !broke && count->any_stamp != *stamp;
    count->any_stamp = looks ? count->any_stamp : *stamp;
}

static struct job *add_job(unsigned program, unsigned site, unsigned variant, int only_at)
{
    if (job_count == MOST_JOBS)
        return NULL;
    jobs[job_count] =
        (struct job){ .program = program,
                      .site = site,
                      .variant = variant,
                      .only_at = only_at,
                      .is_outside = site < procbuf_site_count && is_outside(site),
                      .is_in_set_up = site < procbuf_site_count && is_in_set_up(site) };
    return &jobs[job_count++];
}

/* In any order, so that none of them is left out alone when time is up. */
static void shuffle_jobs(void)
{
    uint32_t random = 1;
    for (unsigned j = job_count; j > 1; j--) {
        const unsigned other = next_random(&random) % j;
        const struct job kept = jobs[j - 1];
        jobs[j - 1] = jobs[other];
        jobs[other] = kept;
    }
}

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
        count_any(job->program, broke, event);
        if (job->program == 0) {
            count->in_program += count->in_program < UINT16_MAX;
            count->in_call += in_call && count->in_call < UINT16_MAX;
            count->in_calls += event->position < SET_UP && count->in_calls < UINT16_MAX;
            count->in_looks += event->position == NO_CALL && count->in_looks < UINT16_MAX;
            count->last = reached_at[event->key] - run_began;
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

enum { MOST_KEYS = 1 << 12, FEW = 12, NEAR = 500, MOST_FAILING = 24, MOST_PASSING = 96 };

static unsigned failing[MOST_FAILING], failing_count;
static unsigned others[MOST_FAILING], other_count; /* that break in another way */
static unsigned *passing, passing_count; /* in an order that mixes all kinds */
static unsigned near_failing, near_other, near_passing;

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

/* As many of them as there is room for, evenly: a library of many inputs has more. */
static bool add_neighbours(char **paths, unsigned count)
{
    static struct trace trace;
    const unsigned room = SEQUENCE_MAX_MEMBERS - programs.count;
    for (unsigned n = 0; n < count; n++) {
        if (count > room && n * room / count == (n + 1) * room / count)
            continue;
        if (!file_read_trace(paths[n], NULL, &trace))
            return false;
        if (!sequence_add(&programs, &trace))
            unable("out of memory", "");
    }
    return true;
}

/* How much of what the failing call reaches, and few programs do, this one's calls reach. */
static double likeness(unsigned program)
{
    static unsigned keys[MOST_KEYS], key_count;
    double sum = 0;
    for (unsigned key = 0; key_count == 0 && key < procbuf_site_count * KEYS; key++)
        if (counts[key].in_call != 0 && key_count < MOST_KEYS)
            keys[key_count++] = key;
    for (unsigned k = 0; k < key_count; k++)
        if (has_bit(reached, program, keys[k]))
            sum += 1 / (1.0 + counts[keys[k]].by_any);
    return sum;
}

static double *likenesses; /* by program */

static int most_alike_first(const void *one, const void *two)
{
    const unsigned a = *(const unsigned *)one, b = *(const unsigned *)two;
    return likenesses[a] < likenesses[b] || likenesses[a] > likenesses[b]
               ? likenesses[a] < likenesses[b] ? 1 : -1
           : a < b ? -1
                   : 1;
}

/* Those that are most like the finding, and any others, in turn: a change must break neither what nearly fails, nor what shares
 * the place. */
static void order_passing(void)
{
    unsigned *alike = share(programs.count * sizeof *alike);
    bool *taken = share(programs.count * sizeof *taken);
    likenesses = share(programs.count * sizeof *likenesses);
    for (unsigned p = 0; p < passing_count; p++) {
        alike[p] = passing[p];
        likenesses[passing[p]] = likeness(passing[p]);
    }
    qsort(alike, passing_count, sizeof alike[0], most_alike_first);
    unsigned *any = share(programs.count * sizeof *any);
    memcpy(any, passing, passing_count * sizeof *any);
    uint32_t random = 1;
    for (unsigned p = passing_count; p > 1; p--) {
        const unsigned other = next_random(&random) % p, kept = any[p - 1];
        any[p - 1] = any[other];
        any[other] = kept;
    }
    unsigned next[2] = { 0, 0 };
    for (unsigned count = 0; count < passing_count;) {
        unsigned *list = count % 2 == 0 ? alike : any, *at = &next[count % 2];
        while (taken[list[*at]])
            ++*at;
        taken[list[*at]] = true;
        passing[count++] = list[*at];
    }
}

/* Of programs near the finding, and of saved ones, which do more: a change must leave that right, too. */
static void choose_failing(void)
{
    for (unsigned n = 0; n < job_count; n++) {
        const struct job *job = &jobs[n % 2 == 0 ? n / 2 : job_count - 1 - n / 2];
        if (job->result.verdict != BROKE)
            continue;
        if (job->result.identity != finding.identity && other_count < MOST_FAILING)
            others[other_count++] = job->program;
        else if (job->result.identity == finding.identity && failing_count < MOST_FAILING)
            failing[failing_count++] = job->program;
    }
}

static void judge_near_programs(struct testbed *t)
{
    job_count = 0;
    reached = share(programs.count * bits_len());
    looked = share(programs.count * bits_len());
    passing = share(programs.count * sizeof *passing);
    for (unsigned p = 1; p < programs.count; p++)
        (void)add_job(p, UINT_MAX, 0, ANYWHERE);
    is_logging = true;
    when_run = count_sites;
    run_jobs_with(t, run_program, RUN_MS);
    is_logging = false;
    when_run = NULL;
    for (unsigned j = 0; j < job_count; j++) {
        const struct result *result = &jobs[j].result;
        if (result->verdict == BROKE && result->identity == finding.identity) {
            near_failing++;
        } else if (result->verdict == BROKE) {
            near_other++;
        } else if (result->verdict == CLEAN) {
            near_passing++;
            passing[passing_count++] = jobs[j].program;
        }
    }
    order_passing();
    choose_failing();
}

/* ---- Variants ---- */

/* What a cure is tried on: programs that break in the same way, that pass and reach it, and that break in another way. */
enum evidence { FAILING, PASSING, OTHERS, EVIDENCE_COUNT };

enum { BROKEN = 3 };

/* One that undoes the bug in the finding's program. */
struct cure {
    unsigned site, variant;
    struct tally {
        unsigned clean, tried; /* programs that run clean with it, of so many */
        unsigned next;
    } tallies[EVIDENCE_COUNT];
    unsigned broken[BROKEN], broken_count; /* programs that pass without it */
    int only_at; /* the last operation in which alone it does it; ANYWHERE: there is none */
};
enum { MOST_CURES = 1 << 12 };
static struct cure cures[MOST_CURES];
static unsigned cure_count;
static unsigned variant_count, untried_count;
static unsigned next_variant; /* of the list in turn: the first one that was not tried */
static uint16_t *changes; /* by site: variants with which it breaks in another way */

enum { AT_ONCE = 8 };

/* A few of each site, the latest site first, then a few more: if time is short. */
static int in_turn(const void *one, const void *two)
{
    const struct job *a = one, *b = two;
    const uint32_t last_a = counts[(size_t)a->site * KEYS].last,
                   last_b = counts[(size_t)b->site * KEYS].last;
    const unsigned turn_a = a->variant == WANTED ? 0 : a->variant / AT_ONCE,
                   turn_b = b->variant == WANTED ? 0 : b->variant / AT_ONCE;
    return turn_a != turn_b          ? turn_a < turn_b ? -1 : 1
           : last_a != last_b        ? last_a < last_b ? 1 : -1
           : a->site != b->site      ? a->site < b->site ? -1 : 1
           : a->variant < b->variant ? -1
                                     : a->variant > b->variant;
}

static void take_cures(void)
{
    for (unsigned j = 0; j < job_count; j++)
        if (jobs[j].result.verdict == CLEAN && cure_count < MOST_CURES)
            cures[cure_count++] = (struct cure){ .site = jobs[j].site,
                                                 .variant = jobs[j].variant,
                                                 .only_at = ANYWHERE };
}

/* All variants, in turn: none has run. */
static void list_variants(void)
{
    job_count = 0;
    for (unsigned site = 0; site < procbuf_site_count; site++)
        for (unsigned v = 1;
             counts[(size_t)site * KEYS].in_program != 0 && v <= procbuf_site_variants[site]; v++)
            (void)add_job(0, site, v, ANYWHERE);
    for (unsigned site = 0; site < procbuf_site_count && shared->wanted[0] != '\0'; site++)
        if (procbuf_site_places[site] != 0 && counts[(size_t)site * KEYS].in_program != 0)
            (void)add_job(0, site, WANTED, ANYWHERE);
    qsort(jobs, job_count, sizeof jobs[0], in_turn);
    for (unsigned j = 0; j < job_count; j++)
        jobs[j].result = (struct result){ .verdict = NOT_RUN };
    variant_count = job_count;
}

/* From that variant on, until a share of the time. */
static void run_variants(struct testbed *t, unsigned from, double ends)
{
    end_phase(ends);
    shared->next = shared->batch_begin = from;
    shared->batch_len = BATCH;
    run_rest_with(t, run_program, finding_ms);
    next_variant = shared->next;
}

static void count_variants(unsigned from)
{
    untried_count = 0;
    for (unsigned j = from; j < job_count; j++) {
        untried_count += jobs[j].result.verdict == NOT_RUN;
        changes[jobs[j].site] +=
            jobs[j].result.verdict == BROKE && jobs[j].result.identity != finding.identity;
    }
}

/* Until that share of the time; if nothing is found by then, until the other. */
static void find_cures(struct testbed *t, double ends, double latest)
{
    list_variants();
    run_variants(t, 0, ends);
    take_cures();
    if (cure_count == 0) {
        run_variants(t, next_variant, latest);
        take_cures();
    }
    count_variants(0);
}

/* Those for which there was no time at first. */
static void find_more_cures(struct testbed *t, double ends)
{
    const unsigned from = next_variant;
    list_variants();
    run_variants(t, from, ends);
    take_cures();
    count_variants(from);
}

enum { FEWEST = 60, MOST_OF_SITE = 6 };
static const double GOOD = 0.4; /* of a cure's value: more of them need not be looked for */

static double share_of(const struct cure *cure, enum evidence evidence)
{
    return (cure->tallies[evidence].clean + 1.0) / (cure->tallies[evidence].tried + 1.0);
}

/* To leave alone what passes counts most: what is right has no exceptions. */
static double value_of(const struct cure *cure)
{
    const double passing = share_of(cure, PASSING);
    return share_of(cure, FAILING) * share_of(cure, FAILING) * passing * passing * passing *
           passing;
}

static int compare_cures(const void *one, const void *two)
{
    const struct cure *a = one, *b = two;
    const double of_a = value_of(a), of_b = value_of(b);
    if (of_a < of_b || of_a > of_b)
        return of_a < of_b ? 1 : -1;
    const uint32_t last_a = counts[(size_t)a->site * KEYS].last,
                   last_b = counts[(size_t)b->site * KEYS].last;
    return last_a != last_b          ? last_a < last_b ? 1 : -1
           : a->site != b->site      ? a->site < b->site ? -1 : 1
           : a->variant < b->variant ? -1
                                     : 1;
}

static bool has_good_cure(void)
{
    for (unsigned c = 0; c < cure_count; c++)
        if (value_of(&cures[c]) >= GOOD)
            return true;
    return false;
}

/* Not many of one site: where one change undoes the bug, often a dozen do. */
static void keep_best(unsigned most, unsigned most_of_site)
{
    unsigned kept = 0;
    qsort(cures, cure_count, sizeof cures[0], compare_cures);
    for (unsigned c = 0; c < cure_count && kept < most; c++) {
        unsigned of_site = 0;
        for (unsigned k = 0; k < kept; k++)
            of_site += cures[k].site == cures[c].site;
        if (of_site < most_of_site)
            cures[kept++] = cures[c];
    }
    cure_count = kept;
}

static void note_broken(struct cure *cure, const struct job *job)
{
    if (job->result.verdict != CLEAN && job->result.verdict != NOT_RUN &&
        cure->broken_count < BROKEN)
        cure->broken[cure->broken_count++] = job->program;
}

/* How many of these programs run clean with each cure. Those that are far from the best do not go on. */
static void try_cures_on(struct testbed *t, enum evidence evidence, const unsigned *which,
                         unsigned count)
{
    /* Before they ran on what passes, those of a site look alike. */
    const unsigned of_site = evidence == FAILING ? MOST_CURES : MOST_OF_SITE;
    unsigned kept = evidence == FAILING ? MOST_CURES : MOST_CURES / 8;
    for (unsigned tried = 0; tried < MOST_PASSING && spent() < phase_ends_s; tried += FEW) {
        job_count = 0;
        for (unsigned c = 0; c < cure_count; c++) {
            struct tally *tally = &cures[c].tallies[evidence];
            for (unsigned found = 0; tally->next < count && found < FEW; tally->next++) {
                const unsigned program = which[tally->next];
                if (evidence == PASSING && !everywhere && !reaches(program, cures[c].site))
                    continue;
                struct job *job = add_job(program, cures[c].site, cures[c].variant, ANYWHERE);
                if (job == NULL)
                    break;
                job->cure = c;
                found++;
            }
        }
        if (job_count == 0)
            break;
        shuffle_jobs();
        run_jobs_with(t, run_program, RUN_MS);
        for (unsigned j = 0; j < job_count; j++) {
            struct tally *tally = &cures[jobs[j].cure].tallies[evidence];
            tally->tried += jobs[j].result.verdict != NOT_RUN;
            tally->clean += jobs[j].result.verdict == CLEAN;
            if (evidence == PASSING)
                note_broken(&cures[jobs[j].cure], &jobs[j]);
        }
        kept = kept / 2 > FEWEST ? kept / 2 : FEWEST;
        keep_best(kept, of_site);
    }
}

/* Until these shares of the time. */
static void try_cures(struct testbed *t, double failing_ends, double passing_ends)
{
    end_phase(failing_ends);
    try_cures_on(t, FAILING, failing, failing_count);
    end_phase(passing_ends);
    try_cures_on(t, PASSING, passing, passing_count);
}

/* In which operation alone a cure suffices. */
static void place_cures(struct testbed *t)
{
    static struct trace trace;
    job_count = 0;
    sequence_get(&programs, 0, &trace);
    for (unsigned c = 0; c < cure_count; c++)
        for (unsigned at = 0; at < trace.op_count && at <= finding.position; at++) {
            struct job *job = add_job(0, cures[c].site, cures[c].variant, (int)at);
            if (job != NULL)
                job->cure = c;
        }
    run_jobs_with(t, run_program, finding_ms);
    for (unsigned j = 0; j < job_count; j++)
        if (jobs[j].result.verdict == CLEAN)
            cures[jobs[j].cure].only_at = jobs[j].only_at;
}

/* ---- Guards ---- */

enum { MOST_GUARDED = 3000, GUARDED_OF_SITE = 2 };

static struct cure unguarded[MOST_CURES];
static unsigned unguarded_count;

/* Each guard of those that break what passes, on the finding's program. The best of a site say what there is to say of it. */
static void find_guarded(struct testbed *t)
{
    job_count = 0;
    for (unsigned c = 0; c < unguarded_count && job_count < MOST_GUARDED; c++) {
        const struct cure *cure = &unguarded[c];
        unsigned of_site = 0;
        for (unsigned before = 0; before < c; before++)
            of_site += unguarded[before].site == cure->site;
        for (unsigned g = 1; g <= procbuf_site_guards[cure->site] && of_site < GUARDED_OF_SITE &&
                             cure->broken_count != 0;
             g++) {
            struct job *job = add_job(0, cure->site, cure->variant + g * VARIANTS, ANYWHERE);
            if (job != NULL)
                job->cure = c;
        }
    }
    run_jobs_with(t, run_program, finding_ms);
    cure_count = 0;
    for (unsigned j = 0; j < job_count; j++) {
        if (jobs[j].result.verdict != CLEAN || cure_count == MOST_CURES)
            continue;
        cures[cure_count] = unguarded[jobs[j].cure];
        cures[cure_count].variant = jobs[j].variant;
        memset(cures[cure_count++].tallies, 0, sizeof cures[0].tallies);
    }
}

/* What one breaks without its guard must be right with it: one program leaves half of the guards. */
static void keep_guards_that_help(struct testbed *t)
{
    for (unsigned b = 0; b < BROKEN; b++) {
        job_count = 0;
        for (unsigned c = 0; c < cure_count; c++) {
            struct job *job = b < cures[c].broken_count ? add_job(cures[c].broken[b], cures[c].site,
                                                                  cures[c].variant, ANYWHERE)
                                                        : NULL;
            if (job != NULL)
                job->cure = c;
        }
        run_jobs_with(t, run_program, RUN_MS);
        bool *helps_not = share(MOST_CURES * sizeof *helps_not);
        for (unsigned j = 0; j < job_count; j++)
            helps_not[jobs[j].cure] =
                jobs[j].result.verdict != CLEAN && jobs[j].result.verdict != NOT_RUN;
        unsigned kept = 0;
        for (unsigned c = 0; c < cure_count; c++)
            if (!helps_not[c])
                cures[kept++] = cures[c];
        cure_count = kept;
    }
}

/* What undoes the bug where it is on each time, and breaks what passes, may be right under a condition. */
static void guard_cures(struct testbed *t, bool is_late)
{
    static const double ends[2][4] = { { 0.79, 0.83, 0.86, 0.93 }, { 0.9, 0.92, 0.94, 0.96 } };
    unguarded_count = cure_count;
    memcpy(unguarded, cures, cure_count * sizeof cures[0]);
    end_phase(ends[is_late][0]);
    find_guarded(t);
    end_phase(ends[is_late][1]);
    keep_guards_that_help(t);
    try_cures(t, ends[is_late][2], ends[is_late][3]);
    for (unsigned c = 0; c < unguarded_count && cure_count < MOST_CURES; c++)
        cures[cure_count++] = unguarded[c];
    keep_best(FEWEST, MOST_OF_SITE);
}

/* ---- All of it ---- */

static void print(void)
{
    printf("{\"identity\": \"%s\", \"position\": %u, \"member\": %u, \"second_world\": %s, "
           "\"runs\": %u, \"workers\": %u, \"seconds\": %.2f, \"out_of_time\": %s,\n",
           shared->identity, finding.position, failing_member,
           finding.in_second_world ? "true" : "false", run_count, worker_count, spent(),
           spent() >= most_s ? "true" : "false");
    printf("\"near\": {\"failing\": %u, \"other\": %u, \"passing\": %u}, \"variants\": %u, "
           "\"untried\": %u,\n\"sites\": [",
           near_failing, near_other, near_passing, variant_count, untried_count);
    const char *comma = "";
    for (unsigned key = 0; key < procbuf_site_count * KEYS; key++) {
        const struct count *count = &counts[key];
        if (count->in_program == 0 && count->by_failing == 0)
            continue;
        printf("%s\n[%u, %u, %u, %u, %u, %u, %u, %u, %u, %u]", comma, key / KEYS, key % KEYS,
               count->in_calls, count->in_call, count->last, count->by_failing, count->by_passing,
               changes[key / KEYS], count->by_any, count->in_looks);
        comma = ",";
    }
    printf("],\n\"cures\": [");
    comma = "";
    for (unsigned c = 0; c < cure_count; c++) {
        printf("%s\n[%u, %u, %d", comma, cures[c].site, cures[c].variant, cures[c].only_at);
        for (unsigned e = 0; e < EVIDENCE_COUNT; e++)
            printf(", %u, %u", cures[c].tallies[e].clean, cures[c].tallies[e].tried);
        printf("]");
        comma = ",";
    }
    printf("]}\n");
}

/* The finding's program, without a variant: which member fails, where, and what it reaches. */
static void run_finding(struct testbed *t, const char *path)
{
    static struct trace trace;
    static char identity[MOST_IDENTITY];
    (void)add_job(0, UINT_MAX, 0, ANYWHERE);
    sequence_get(&members, 0, &trace);
    if (!sequence_add(&programs, &trace))
        unable("out of memory", "");
    run_jobs_with(t, run_all_members, FIRST_RUN_MS);
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
    run_jobs_with(t, run_program, FIRST_RUN_MS);
    finding_ms = 5 + (long)(4000 * (spent() - before));
    if (finding.in_set_up && trace_is_large(&trace))
        finding_ms += LARGE_SET_UP_MS; /* it was not made to the end */
    is_logging = false;
    when_run = NULL;
    if (jobs[0].result.verdict != BROKE || strcmp(identity, shared->identity) != 0) {
        fprintf(stderr, "%s: it breaks in another way each time\n", path);
        exit(STATUS_CLEAN);
    }
    is_known = true;
}

/* What comes before the processes of a large world takes longer to make than most programs: once, here, for all workers. */
static void make_large_world(struct testbed *t)
{
    static struct trace trace;
    sequence_get(&programs, 0, &trace);
    if (finding.in_set_up || !trace_is_large(&trace))
        return;
    trace.op_count = 0; /* as far as that, the finding's program ran clean */
    if (!sequence_add(&programs, &trace))
        unable("out of memory", "");
    struct job *job = add_job(programs.count - 1, UINT_MAX, 0, ANYWHERE);
    if (job != NULL)
        run_job(t, job, run_program, FIRST_RUN_MS);
}

/* A variant that calls the hook that is due is none where the report expects no hook. */
static void add_named(char **words, int count)
{
    job_count = 0;
    for (int w = 0; w < count; w++) {
        char *end;
        const unsigned long site = strtoul(words[w], &end, 10);
        const unsigned long variant = *end == ':' ? strtoul(end + 1, &end, 10) : 0;
        const bool is_wanted = variant % VARIANTS == WANTED;
        if (*end != '\0' || site >= procbuf_site_count || variant % VARIANTS == 0 ||
            (is_wanted ? procbuf_site_places[site] == 0
                       : variant % VARIANTS > procbuf_site_variants[site]) ||
            variant / VARIANTS > procbuf_site_guards[site])
            unable("no such variant: ", words[w]);
        if (!is_wanted || shared->wanted[0] != '\0')
            (void)add_job(0, (unsigned)site, (unsigned)variant, ANYWHERE);
    }
}

/* Outside of calls, too, if nothing undoes the bug within them: as where cures are looked for. */
static void try_named(struct testbed *t, char **words, int count)
{
    bool is_cured = false;
    add_named(words, count);
    everywhere = finding.in_set_up;
    for (unsigned round = 0; round < 2 && !is_cured; round++) {
        run_jobs_with(t, run_program, finding_ms);
        for (unsigned j = 0; j < job_count; j++)
            is_cured |= jobs[j].result.verdict == CLEAN;
        everywhere = true;
    }
    for (unsigned j = 0; j < job_count; j++)
        if (jobs[j].result.verdict == CLEAN)
            printf("%u:%u\n", jobs[j].site, jobs[j].variant);
}

int main(int argc, char **argv)
{
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
    reached_at = share((size_t)procbuf_site_count * KEYS * sizeof *reached_at);
    noted = share((size_t)procbuf_site_count * KEYS * sizeof *noted);
    changes = share(procbuf_site_count * sizeof *changes);
    most_hits_of = share(SEQUENCE_MAX_MEMBERS * sizeof *most_hits_of);
    active.site = UINT_MAX;
    struct testbed *t = harness_start();
    t->oracle.bug.symbolize = say_nothing;
    t->oracle.bug.identified = note_identity;
    t->oracle.bug.end = end_run;
    fault_watch_all();
    signal(SIGPROF, on_limit);
    signal(SIGILL, on_trap);
    end_phase(1);
    run_finding(t, argv[at]);
    make_large_world(t);
    if (tries) {
        try_named(t, argv + at + 1, argc - at - 1);
        return fflush(stdout) == 0 ? STATUS_OK : STATUS_UNABLE;
    }
    memcpy(identity, shared->identity, sizeof identity);
    make_near_programs();
    if (!add_neighbours(argv + at + 1, (unsigned)(argc - at - 1)))
        return STATUS_UNABLE; /* said by file_read_trace() */
    end_phase(0.2);
    judge_near_programs(t);
    everywhere = finding.in_set_up;
    find_cures(t, 0.48, 0.62);
    if (cure_count == 0 && !everywhere) {
        everywhere = true;
        find_cures(t, 0.66, 0.7);
    }
    try_cures(t, 0.6, 0.75);
    const bool is_weak = !has_good_cure() && untried_count != 0;
    if (is_weak) {
        const bool is_any = cure_count != 0; /* and may be right under a guard */
        find_more_cures(t, is_any ? 0.78 : 0.9);
        try_cures(t, is_any ? 0.82 : 0.93, is_any ? 0.86 : 0.96);
    }
    guard_cures(t, is_weak);
    end_phase(0.97);
    try_cures_on(t, OTHERS, others, other_count);
    end_phase(1);
    place_cures(t);
    memcpy(shared->identity, identity, sizeof identity);
    print();
    return fflush(stdout) == 0 ? STATUS_OK : STATUS_UNABLE;
}
