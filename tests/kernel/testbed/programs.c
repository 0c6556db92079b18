/* Programs of the testbed, run in the kernel. What a trace has userspace do, unprivileged code does, with the memory of
 * its process and nothing else: stores, and system calls. While the library runs, the unit lets the kernel into process
 * memory only through the windows that the port opens: a byte outside of one is a fault.
 *
 * Functions that userspace reaches, and those that the library reaches the port by, are wrapped at link time (--wrap):
 * __wrap_f stands in for f, __real_f is f itself.
 */
#include "results.h"
#include "state.h"
#include "probes.h"
#include "testbed.h"
#include "worlds.h"

#include <procbuf.h>
#include <procbuf/port.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WRAPPED(type, function, ...)                                                               \
    type __real_##function(__VA_ARGS__);                                                           \
    type __wrap_##function(__VA_ARGS__);                                                           \
    type __wrap_##function(__VA_ARGS__)

/* ---- Who may touch what ---- */

static bool watching = true;

bool watch(bool now)
{
    const bool before = watching;
    watching = now;
    if (now != before && now)
        board_watch();
    else if (now != before)
        board_unwatch();
    return before;
}

/* A system call is being handled: what the kernel then calls is none. */
static bool handling;

WRAPPED(void, oracle_call_begin, struct oracle *oracle, struct oracle_call *call,
        const struct expectation *expected)
{
    __real_oracle_call_begin(oracle, call, expected);
    handling = false;
    watch(false);
}

/* The library as it ships reports no fetches: what userspace does after one it does at the call's end, which is
 * the same to all but the library (fuzz/TRACE.md). */
WRAPPED(void, oracle_call_end, struct oracle *oracle, struct oracle_call *call)
{
    watch(true);
    for (unsigned a = 0; a < call->expected->act_count; a++) {
        const struct act *act = &call->expected->acts[a];
        if (act->at_hook || (call->acts_done & 1u << a) != 0)
            continue;
        arena_user_stores(oracle->arena, act->target, act->value);
        call->acts_done |= 1u << a;
    }
    __real_oracle_call_end(oracle, call);
}

WRAPPED(void, oracle_call_pause, struct oracle *oracle, struct oracle_call *call)
{
    watch(true);
    __real_oracle_call_pause(oracle, call);
}

WRAPPED(void, oracle_call_resume, struct oracle *oracle, struct oracle_call *call)
{
    __real_oracle_call_resume(oracle, call);
    watch(false);
}

/* ---- Userspace ---- */

static bool returning; /* to userspace: a barrier that no trace asked for */

static enum board_event run_as(unsigned process, struct board_user *user)
{
    const bool before = watch(false);
    returning = true;
    const enum board_event event =
        kernel_run(model_first_place(&testbed_now()->model) + process, user);
    probe_lock(process);
    watch(before);
    return event;
}

static void must_not_fault(enum board_event event, const struct board_user *user, const char *what)
{
    if (event == BOARD_FAULTED)
        bug_found("hardware", "userspace-faults",
                  "expected: userspace may do this: %s (P1)\nactual: a fault at %p", what,
                  (void *)user->fault_addr);
}

/* Whose RAM holds it. Returns: -1 for none of ours. */
static int owner_of(const struct model *m, uint32_t at)
{
    const uint64_t addr = ARENA_BASE + (uint64_t)at;
    for (unsigned p = 0; p < TRACE_MAX_PROCESSES; p++)
        if (m->processes[p].used && addr >= m->processes[p].mem_start &&
            addr < m->processes[p].mem_end)
            return (int)p;
    return -1;
}

/* What unprivileged code takes bytes from. */
enum { STAGE_LEN = 2048 };
__attribute__((section(".stage"))) static uint8_t stage[STAGE_LEN];

static void store_as(unsigned process, uint32_t at, const uint8_t *bytes, uint32_t len)
{
    while (len > 0) {
        const uint32_t part = len < STAGE_LEN ? len : STAGE_LEN;
        struct board_user user = { .at = (uintptr_t)user_copy,
                                   .registers = { (uintptr_t)ARENA_BASE + at, (uintptr_t)stage,
                                                  part } };
        arena_copy(stage, bytes, part);
        must_not_fault(run_as(process, &user), &user, "stores to its own memory");
        counts.stores += part;
        at += part;
        bytes += part;
        len -= part;
    }
}

WRAPPED(void, world_show_user_write, struct testbed *t, struct span span)
{
    const int process = owner_of(&t->model, span.start);
    if (process < 0)
        __real_world_show_user_write(t, span); /* a process of another kernel */
    else
        store_as((unsigned)process, span.start, &t->model.bytes[span.start], span.end - span.start);
}

WRAPPED(void, arena_user_stores, uint8_t *view, uint32_t at, uint8_t value)
{
    const bool before = watch(true);
    const int process = owner_of(&testbed_now()->model, at);
    if (process < 0)
        __real_arena_user_stores(view, at, value);
    else
        store_as((unsigned)process, at, &value, 1);
    watch(before);
}

/* ---- System calls: a process makes one, the kernel handles it, the process gets the answer ---- */

/* Not a process of another table, or of the kernel in which mistakes are made: those have no memory. */
static bool is_ours(const struct procbuf_process *process)
{
    return !handling && process >= testbed_now()->world->slots &&
           process < testbed_now()->world->slots + TRACE_MAX_PROCESSES;
}

static unsigned number_of(const struct procbuf_process *process)
{
    return (unsigned)(process - testbed_now()->world->slots);
}

static void handle(struct procbuf_process *process, enum board_event event, struct board_user *user)
{
    handling = true;
    kernel_handle(process, event, user);
    handling = false;
}

/* In: number and arguments. Returns: what the process shows of the answer; of calls from which it does not come back,
 * what the kernel had for it. */
static struct board_user call_as(struct procbuf_process *process, enum kernel_call call,
                                 const uintptr_t arguments[4])
{
    const bool comes_back = call != CALL_EXIT && call != CALL_RESTART;
    struct board_user user = {
        .at = (uintptr_t)user_call,
        .registers = { call, arguments[0], arguments[1], arguments[2], arguments[3] },
    };
    enum board_event event = run_as(number_of(process), &user);
    must_not_fault(event, &user, "a system call");
    counts.system_calls++;
    handle(process, event, &user);
    if (comes_back)
        must_not_fault(run_as(number_of(process), &user), &user, "an answer");
    return user;
}

static enum procbuf_error move_break(struct procbuf_process *process, enum kernel_call call,
                                     uintptr_t to, procbuf_addr_t *old_break_out)
{
    const struct board_user user = call_as(process, call, (const uintptr_t[4]){ to });
    const enum procbuf_error error = (enum procbuf_error)user.registers[0];
    if (error == PROCBUF_OK && old_break_out != NULL)
        *old_break_out = user.registers[1];
    return error;
}

WRAPPED(enum procbuf_error, procbuf_process_brk, struct procbuf_process *process, procbuf_addr_t to,
        procbuf_addr_t *old_break)
{
    return is_ours(process) ? move_break(process, CALL_BRK, to, old_break)
                            : __real_procbuf_process_brk(process, to, old_break);
}

WRAPPED(enum procbuf_error, procbuf_process_sbrk, struct procbuf_process *process, intptr_t by,
        procbuf_addr_t *old_break)
{
    return is_ours(process) ? move_break(process, CALL_SBRK, (uintptr_t)by, old_break)
                            : __real_procbuf_process_sbrk(process, by, old_break);
}

WRAPPED(enum procbuf_error, procbuf_process_memop_brk, struct procbuf_process *process,
        procbuf_addr_t to)
{
    return is_ours(process) ? move_break(process, CALL_MEMOP_BRK, to, NULL)
                            : __real_procbuf_process_memop_brk(process, to);
}

WRAPPED(enum procbuf_error, procbuf_process_memop_sbrk, struct procbuf_process *process,
        intptr_t by, procbuf_addr_t *old_break)
{
    return is_ours(process) ? move_break(process, CALL_MEMOP_SBRK, (uintptr_t)by, old_break)
                            : __real_procbuf_process_memop_sbrk(process, by, old_break);
}

static struct procbuf_allow_result allow(struct procbuf_process *process, enum kernel_call call,
                                         const struct procbuf_driver *driver, uint32_t slot,
                                         procbuf_addr_t addr, size_t len)
{
    struct procbuf_driver *const drivers = testbed_now()->world->drivers;
    const uintptr_t number = driver == NULL ? TRACE_DRIVER_COUNT /* the first that is none */
                                            : (uintptr_t)(driver - drivers);
    const struct board_user user =
        call_as(process, call, (const uintptr_t[4]){ number, slot, addr, len });
    return (struct procbuf_allow_result){ .code = (enum procbuf_error)user.registers[0],
                                          .addr = user.registers[1],
                                          .len = user.registers[2] };
}

WRAPPED(struct procbuf_allow_result, procbuf_process_allow_readonly,
        struct procbuf_process *process, const struct procbuf_driver *driver, uint32_t slot,
        procbuf_addr_t addr, size_t len)
{
    return is_ours(process)
               ? allow(process, CALL_ALLOW_READONLY, driver, slot, addr, len)
               : __real_procbuf_process_allow_readonly(process, driver, slot, addr, len);
}

WRAPPED(struct procbuf_allow_result, procbuf_process_allow_readwrite,
        struct procbuf_process *process, const struct procbuf_driver *driver, uint32_t slot,
        procbuf_addr_t addr, size_t len)
{
    return is_ours(process)
               ? allow(process, CALL_ALLOW_READWRITE, driver, slot, addr, len)
               : __real_procbuf_process_allow_readwrite(process, driver, slot, addr, len);
}

static uintptr_t end(struct procbuf_process *process, enum kernel_call call, const uint32_t *code)
{
    const uintptr_t arguments[4] = { code != NULL, code == NULL ? 0 : *code };
    return call_as(process, call, arguments).registers[0];
}

WRAPPED(void, procbuf_process_terminate, struct procbuf_process *process, const uint32_t *code)
{
    if (is_ours(process))
        end(process, CALL_EXIT, code);
    else
        __real_procbuf_process_terminate(process, code);
}

WRAPPED(enum procbuf_error, procbuf_process_restart, struct procbuf_process *process,
        const uint32_t *code)
{
    return is_ours(process) ? (enum procbuf_error)end(process, CALL_RESTART, code)
                            : __real_procbuf_process_restart(process, code);
}

/* The process really faults: it stores to the kernel's memory. */
WRAPPED(void, procbuf_process_fault, struct procbuf_process *process)
{
    struct board_user user = { .at = (uintptr_t)user_store, .registers = { (uintptr_t)&bait, 1 } };
    if (!is_ours(process)) {
        __real_procbuf_process_fault(process);
        return;
    }
    counts.expected++;
    const enum board_event event = run_as(number_of(process), &user);
    if (event != BOARD_FAULTED)
        bug_found("hardware", "no-fault",
                  "expected: a store to the kernel's memory faults (I5)\nactual: it does not");
    counts.faults++;
    handle(process, event, &user);
}

/* ---- The port, which the testbed sees first ---- */

void testbed_open(procbuf_addr_t addr, size_t len, enum procbuf_access access);
void testbed_close(procbuf_addr_t addr, size_t len, enum procbuf_access access);
bool testbed_protect(const struct procbuf_protection *protection);
void testbed_barrier(void);
__attribute__((noreturn)) void testbed_panic(const char *message);

static unsigned moved; /* a bit for each process whose protection has moved since the last probes */

/* Memory of the kernel apart, in which mistakes are made, has no lock. */
WRAPPED(void, procbuf_port_user_access_open, procbuf_addr_t addr, size_t len,
        enum procbuf_access access)
{
    const bool before = watch(true);
    testbed_open(addr, len, access);
    watch(before);
    if (!is_process_memory(addr))
        return;
    __real_procbuf_port_user_access_open(addr, len, access);
    watch(true);
    probe_windows(addr, len);
    watch(before);
}

/* Whether it is what a call opens of a slot, which it then fetches whole (H6): no one reports that here. */
static bool is_counter(procbuf_addr_t addr)
{
    const struct expectation *expected = oracle_current_expectation(&testbed_now()->oracle);
    for (unsigned h = 0; expected != NULL && h < expected->hook_count; h++)
        if (expected->hooks[h].part != NULL && expected->hooks[h].kind == HOOK_CLOSE &&
            addr - ARENA_BASE == expected->hooks[h].part->start)
            return true;
    return false;
}

WRAPPED(void, procbuf_port_user_access_close, procbuf_addr_t addr, size_t len,
        enum procbuf_access access)
{
    if (is_process_memory(addr))
        __real_procbuf_port_user_access_close(addr, len, access);
    const bool before = watch(true);
    if (is_counter(addr))
        access_load(addr, len);
    testbed_close(addr, len, access);
    if (is_process_memory(addr))
        probe_windows(addr, len);
    watch(before);
}

/* What a trace has refused, this port is not asked. */
WRAPPED(bool, procbuf_port_protect_memory, const struct procbuf_protection *protection)
{
    const bool before = watch(true);
    const bool agrees = testbed_protect(protection);
    const bool can =
        model_expresses(&testbed_now()->model, protection->mem_start, protection->app_break) &&
        model_expresses(&testbed_now()->model, protection->flash_start, protection->flash_end);
    if (protection->table == &testbed_now()->world->table && (agrees || !can)) {
        if (__real_procbuf_port_protect_memory(protection) != agrees)
            bug_found("hardware", "port-answers",
                      "expected: the port %s what the unit can say, in granules of %u (C1)\n"
                      "actual: it does not",
                      agrees ? "agrees to" : "refuses all but",
                      (unsigned)testbed_now()->model.granule);
        if (agrees && protection->process_index >= model_first_place(&testbed_now()->model))
            moved |= 1u << (protection->process_index - model_first_place(&testbed_now()->model));
    }
    watch(before);
    return agrees;
}

WRAPPED(void, procbuf_port_barrier, void)
{
    const bool before = watch(true);
    if (!returning)
        testbed_barrier();
    returning = false;
    watch(before);
    __real_procbuf_port_barrier();
}

/* ---- The kernel's own faults, and its end ---- */

void kernel_panic(const char *message);
void kernel_panic(const char *message)
{
    watch(true);
    testbed_panic(message);
}

void kernel_faulted(uintptr_t addr, enum board_access access, uintptr_t at)
{
    static const char *const names[] = { "load", "store", "jump" };
    watch(true);
    probed = addr;
    bug_found("hardware", "kernel-faults",
              "expected: the library touches process memory in open windows only (C2, I7)\n"
              "actual: a %s outside of them, by the instruction at %p",
              names[access], (void *)at);
    board_exit(BUG_EXIT_STATUS);
}

void kernel_unable(const char *why)
{
    fprintf(stderr, "unable: %s\n", why);
    _exit(2);
}

static void explain(void)
{
    if (probed != 0) {
        fputs("at ", stderr);
        place_print(testbed_now(), probed, stderr);
        fputs(", ", stderr);
    }
    fprintf(stderr, "operation %u\n", testbed_now()->machine.walk.position + 1);
}

static void end_with_finding(void)
{
    _exit(BUG_EXIT_STATUS);
}

/* ---- Programs ---- */

/* Programs to run, which whoever started the machine has put there. */
extern const uint8_t board_programs[];

static void probe_moved(const struct walk *walk, const struct op *op, unsigned begin,
                        const struct outcome *outcome)
{
    (void)walk, (void)op, (void)begin, (void)outcome;
    while (moved != 0)
        probe_process(take_lowest(&moved));
}
static const struct observer prober = { .ended = probe_moved };

/* The processes of the program before are gone. */
static void forget_processes(void)
{
    for (unsigned p = 0; p < TRACE_LARGE_BEFORE + TRACE_MAX_PROCESSES; p++)
        if (!__real_procbuf_port_protect_memory(&(struct procbuf_protection){
                .table = &testbed_now()->world->table, .process_index = p }))
            bug_found("hardware", "removal-refused", "expected: a removal is not refused (R10)");
    moved = 0;
}

/* A number of the programs' image, least significant byte first. */
static uint32_t take_number(const uint8_t **at)
{
    uint32_t number = 0;
    for (unsigned b = 0; b < 4; b++)
        number |= (uint32_t)*(*at)++ << 8 * b;
    return number;
}

void kernel_main(void)
{
    static struct trace trace;
    const uint8_t *at = board_programs;
    struct testbed *t = testbed_begin();
    t->model.granule = board_granule;
    t->model.eighths = board_in_eighths;
    t->oracle.bug.explain = explain;
    t->oracle.bug.end = end_with_finding;
    arena_copy(&bait, user_trap, (size_t)(user_trap_end - user_trap));
    kernel_use_drivers(t->world->drivers, sizeof t->world->drivers / sizeof t->world->drivers[0]);
    machine_count(t, &prober);
    probe_start();
    for (uint32_t count = take_number(&at); count > 0; count--) {
        const uint32_t len = take_number(&at);
        fprintf(stdout, "# %llu\n", counts.traces++);
        trace_decode(&trace, at, len, NULL);
        forget_processes();
        machine_run(t, &trace, stdout);
        at += len;
    }
    fprintf(stdout,
            "= traces %llu system_calls %llu stores %llu probes %llu expected %llu faults %llu\n",
            counts.traces, counts.system_calls, counts.stores, counts.probes, counts.expected,
            counts.faults);
    _exit(0);
}

/* ---- What is the host's to look at: the library's variables, of which it has none (I12), and second worlds (I10, I11) ---- */

void state_begin(void)
{
}

void state_check(void)
{
}

const struct observer worlds_observer;

bool worlds_resolve(struct testbed *t, unsigned position, const struct op *op, struct call *call)
{
    (void)position;
    return model_resolve(&t->model, op, call);
}

bool worlds_body_goes_on(struct testbed *t, unsigned position)
{
    (void)t, (void)position;
    return false;
}

bool worlds_end_is_bare(unsigned position)
{
    (void)position;
    return false;
}

void worlds_laid_out(struct testbed *t)
{
    (void)t;
}
