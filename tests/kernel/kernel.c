/* The kernel: the testbed's machine on real hardware. It links the library as it ships, with a port that runs.
 *
 * What the testbed does between the library's calls, it does watching: it may touch all memory. While the library runs,
 * the protection unit lets the kernel into process memory only through the windows that the port opens: a byte outside
 * of one is a fault.
 * What a trace has userspace do, unprivileged code does, with the memory of its process and nothing else: stores, and
 * system calls, whose arguments the kernel takes out of the process's registers and whose answers it puts there.
 * Whenever the protection has moved, probes try every boundary.
 *
 * The functions that userspace reaches, and those that the library reaches the port by, are wrapped at link time
 * (--wrap): __wrap_f stands in for f, __real_f is f itself.
 */
#include "board.h"
#include "bug.h"
#include "machine.h"
#include "oracle.h"
#include "results.h"
#include "state.h"
#include "view.h"
#include "world.h"
#include "worlds.h"

#include <procbuf.h>
#include <procbuf/port.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    uint64_t traces, system_calls, stores, probes, expected, faults;
} counts;

/* ---- Who may touch what ---- */

static bool watching = true;

/* Returns: whether it watched. */
static bool watch(bool now)
{
    const bool before = watching;
    watching = now;
    if (now != before && now)
        board_watch();
    else if (now != before)
        board_unwatch();
    return before;
}

/* A system call is being handled: what the library itself calls is none (lld wraps that, too). */
static bool handling;

void __real_oracle_call_begin(struct oracle_call *call, const struct expectation *expected);
void __wrap_oracle_call_begin(struct oracle_call *call, const struct expectation *expected);
void __wrap_oracle_call_begin(struct oracle_call *call, const struct expectation *expected)
{
    __real_oracle_call_begin(call, expected);
    handling = false;
    watch(false);
}

/* The library as it ships reports no fetches: what userspace does after one it does at the call's end, which is
 * the same to all but the library (fuzz/TRACE.md). */
void __real_oracle_call_end(struct oracle_call *call);
void __wrap_oracle_call_end(struct oracle_call *call);
void __wrap_oracle_call_end(struct oracle_call *call)
{
    watch(true);
    for (unsigned a = 0; a < call->expected->act_count; a++) {
        const struct act *act = &call->expected->acts[a];
        if (act->at_hook || (call->acts_done & 1u << a) != 0)
            continue;
        arena_user_stores(act->target, act->value);
        call->acts_done |= 1u << a;
    }
    __real_oracle_call_end(call);
}

void __real_oracle_call_pause(struct oracle_call *call);
void __wrap_oracle_call_pause(struct oracle_call *call);
void __wrap_oracle_call_pause(struct oracle_call *call)
{
    watch(true);
    __real_oracle_call_pause(call);
}

void __real_oracle_call_resume(struct oracle_call *call);
void __wrap_oracle_call_resume(struct oracle_call *call);
void __wrap_oracle_call_resume(struct oracle_call *call)
{
    __real_oracle_call_resume(call);
    watch(false);
}

/* ---- Userspace ---- */

void __real_procbuf_port_barrier(void);

static enum board_event run_as(unsigned process, struct board_user *user)
{
    const bool before = watch(false);
    __real_procbuf_port_barrier(); /* of procbuf_return_to_user(), which the trace does not call */
    board_enter_process(model_first_place() + process);
    const enum board_event event = board_run(user);
    board_leave_process();
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

/* Whose app part holds it. Returns: -1 for none of ours. */
static int owner_of(uint32_t at)
{
    const uint64_t addr = ARENA_BASE + (uint64_t)at;
    for (unsigned p = 0; p < TRACE_MAX_PROCESSES; p++)
        if (model.processes[p].used && addr >= model.processes[p].mem_start &&
            addr < model.processes[p].mem_end)
            return (int)p;
    return -1;
}

static void store_as(unsigned process, uint32_t at, const uint8_t *bytes, uint32_t len)
{
    while (len > 0) {
        const uint32_t part = len < BOARD_STAGE_LEN ? len : BOARD_STAGE_LEN;
        struct board_user user = {
            (uintptr_t)user_copy,
            { (uintptr_t)ARENA_BASE + at, (uintptr_t)board_stage, part },
            0,
            BOARD_READ,
        };
        arena_copy(board_stage, bytes, part);
        must_not_fault(run_as(process, &user), &user, "stores to its own memory");
        counts.stores += part;
        at += part;
        bytes += part;
        len -= part;
    }
}

void __real_world_show_user_write(struct span span);
void __wrap_world_show_user_write(struct span span);
void __wrap_world_show_user_write(struct span span)
{
    const int process = owner_of(span.start);
    if (process < 0)
        __real_world_show_user_write(span); /* a process of another kernel */
    else
        store_as((unsigned)process, span.start, &model.bytes[span.start], span.end - span.start);
}

void __real_arena_user_stores(uint32_t at, uint8_t value);
void __wrap_arena_user_stores(uint32_t at, uint8_t value);
void __wrap_arena_user_stores(uint32_t at, uint8_t value)
{
    const bool before = watch(true);
    const int process = owner_of(at);
    if (process < 0)
        __real_arena_user_stores(at, value);
    else
        store_as((unsigned)process, at, &value, 1);
    watch(before);
}

/* ---- The lock, probed by the kernel itself ---- */

static const char *const access_names[] = { "load", "store", "jump" };
static uintptr_t probed; /* address; 0 between probes */

static bool is_process_memory(procbuf_addr_t addr)
{
    return arena_holds(addr) && arena_is_of_process((uint32_t)(addr - ARENA_BASE));
}

/* Whether the kernel should get at a byte now: 1, 0, or -1, the lock does not know bytes as exactly. */
static int window_lets(uintptr_t addr, bool writing)
{
    const struct window *open;
    const uintptr_t granule = board_window_granule;
    const unsigned count = oracle_open_windows(&open);
    int lets = count > board_windows ? -1 : 0;
    for (unsigned w = count; w-- > 0;) {
        const uintptr_t start = ARENA_BASE + (uintptr_t)open[w].span.start;
        const uintptr_t end = ARENA_BASE + (uintptr_t)open[w].span.end;
        if (granule == 0)
            return 1; /* all of it is open */
        if (addr < start - start % granule || addr >= (end + granule - 1) / granule * granule)
            continue;
        if (writing && board_has_read_windows && !open[w].writable)
            continue;
        if (addr >= start && addr < end)
            return 1;
        lets = -1;
    }
    return lets;
}

static void probe_window(uintptr_t addr, bool writing)
{
    const int expected = window_lets(addr, writing);
    if (expected < 0 || !is_process_memory(addr))
        return;
    const uint8_t value = *(const uint8_t *)addr;
    watch(false);
    const bool may = writing ? board_kernel_stores(addr, value) : board_kernel_loads(addr);
    watch(true);
    counts.probes++;
    counts.expected += expected == 0;
    counts.faults += !may;
    probed = addr;
    if (may != (expected == 1))
        bug_found("hardware", may ? "window-reaches" : "window-faults",
                  "expected: a %s by the kernel %s (C2)\nactual: it does%s", access_names[writing],
                  may ? "faults" : "does not fault", may ? " not" : "");
    probed = 0;
}

/* A window has been opened or closed: its ends, and what is next to it. */
static void probe_windows(uintptr_t addr, size_t len)
{
    const uintptr_t granule = board_window_granule == 0 ? 1 : board_window_granule;
    const uintptr_t below = addr - addr % granule - 1;
    const uintptr_t above = (addr + len + granule - 1) / granule * granule;
    probe_window(below, false);
    probe_window(addr, false);
    probe_window(addr + len - 1, true);
    probe_window(above, true);
}

/* ---- System calls ---- */

/* Not a process of another table, or of the kernel in which mistakes are made: those have no memory. */
static bool is_ours(const struct procbuf_process *process)
{
    return !handling && process >= world.slots && process < world.slots + TRACE_MAX_PROCESSES;
}

/* A process makes one. In: its number and arguments; out: what arrived in the kernel. The process goes on later, if it
 * lives, and finds the answer in its registers. */
static struct board_user call_as(const struct procbuf_process *process, uintptr_t number,
                                 const uintptr_t arguments[4])
{
    struct board_user user = {
        (uintptr_t)user_call,
        { number, arguments[0], arguments[1], arguments[2], arguments[3] },
        0,
        BOARD_READ,
    };
    must_not_fault(run_as((unsigned)(process - world.slots), &user), &user, "a system call");
    counts.system_calls++;
    const bool before = watch(true);
    probe_window((uintptr_t)model.processes[process - world.slots].mem_start, false);
    watch(before);
    handling = true;
    return user;
}

/* It gets its answer. Out: what it shows of it. */
static void answer_to(const struct procbuf_process *process, struct board_user *user,
                      uintptr_t first, uintptr_t second, uintptr_t third)
{
    user->registers[0] = first;
    user->registers[1] = second;
    user->registers[2] = third;
    must_not_fault(run_as((unsigned)(process - world.slots), user), user, "an answer");
}

enum { CALL_BRK, CALL_SBRK, CALL_MEMOP_BRK, CALL_MEMOP_SBRK, CALL_EXIT, CALL_RESTART, CALL_ALLOW };

#define MOVES_BREAK(function, number, type)                                                        \
    enum procbuf_error __real_##function(struct procbuf_process *process, type to,                 \
                                         procbuf_addr_t *old_break);                               \
    enum procbuf_error __wrap_##function(struct procbuf_process *process, type to,                 \
                                         procbuf_addr_t *old_break);                               \
    enum procbuf_error __wrap_##function(struct procbuf_process *process, type to,                 \
                                         procbuf_addr_t *old_break)                                \
    {                                                                                              \
        if (!is_ours(process))                                                                     \
            return __real_##function(process, to, old_break);                                      \
        struct board_user user = call_as(process, number, (const uintptr_t[4]){ (uintptr_t)to });  \
        const enum procbuf_error error =                                                           \
            __real_##function(process, (type)user.registers[1], old_break);                        \
        const bool moved = error == PROCBUF_OK;                                                    \
        answer_to(process, &user, error, moved ? *old_break : 0, 0);                               \
        if (moved)                                                                                 \
            *old_break = user.registers[1];                                                        \
        return (enum procbuf_error)user.registers[0];                                              \
    }
MOVES_BREAK(procbuf_process_brk, CALL_BRK, procbuf_addr_t)
MOVES_BREAK(procbuf_process_sbrk, CALL_SBRK, intptr_t)
MOVES_BREAK(procbuf_process_memop_sbrk, CALL_MEMOP_SBRK, intptr_t)

enum procbuf_error __real_procbuf_process_memop_brk(struct procbuf_process *process,
                                                    procbuf_addr_t to);
enum procbuf_error __wrap_procbuf_process_memop_brk(struct procbuf_process *process,
                                                    procbuf_addr_t to);
enum procbuf_error __wrap_procbuf_process_memop_brk(struct procbuf_process *process,
                                                    procbuf_addr_t to)
{
    if (!is_ours(process))
        return __real_procbuf_process_memop_brk(process, to);
    struct board_user user = call_as(process, CALL_MEMOP_BRK, (const uintptr_t[4]){ to });
    answer_to(process, &user, __real_procbuf_process_memop_brk(process, user.registers[1]), 0, 0);
    return (enum procbuf_error)user.registers[0];
}

#define ALLOWS(function)                                                                           \
    struct procbuf_allow_result __real_##function(struct procbuf_process *process,                 \
                                                  const struct procbuf_driver *driver,             \
                                                  uint32_t slot, procbuf_addr_t addr, size_t len); \
    struct procbuf_allow_result __wrap_##function(struct procbuf_process *process,                 \
                                                  const struct procbuf_driver *driver,             \
                                                  uint32_t slot, procbuf_addr_t addr, size_t len); \
    struct procbuf_allow_result __wrap_##function(struct procbuf_process *process,                 \
                                                  const struct procbuf_driver *driver,             \
                                                  uint32_t slot, procbuf_addr_t addr, size_t len)  \
    {                                                                                              \
        if (!is_ours(process))                                                                     \
            return __real_##function(process, driver, slot, addr, len);                            \
        const uintptr_t number =                                                                   \
            driver == NULL ? UINTPTR_MAX : (uintptr_t)(driver - world.drivers);                    \
        struct board_user user =                                                                   \
            call_as(process, CALL_ALLOW, (const uintptr_t[4]){ number, slot, addr, len });         \
        const uintptr_t *in = user.registers;                                                      \
        const struct procbuf_allow_result result =                                                 \
            __real_##function(process, in[1] == UINTPTR_MAX ? NULL : &world.drivers[in[1]],        \
                              (uint32_t)in[2], in[3], in[4]);                                      \
        answer_to(process, &user, result.code, result.addr, result.len);                           \
        return (struct procbuf_allow_result){ .code = (enum procbuf_error)in[0],                   \
                                              .addr = in[1],                                       \
                                              .len = in[2] };                                      \
    }
ALLOWS(procbuf_process_allow_readonly)
ALLOWS(procbuf_process_allow_readwrite)

/* Exits do not come back to the process. A completion code comes as operands do: 0 none, else the code + 1. */
#define EXITS(function, number, type)                                                              \
    type __real_##function(struct procbuf_process *process, const uint32_t *code);                 \
    type __wrap_##function(struct procbuf_process *process, const uint32_t *code);                 \
    type __wrap_##function(struct procbuf_process *process, const uint32_t *code)                  \
    {                                                                                              \
        if (!is_ours(process))                                                                     \
            return __real_##function(process, code);                                               \
        const struct board_user user = call_as(                                                    \
            process, number, (const uintptr_t[4]){ code != NULL, code == NULL ? 0 : *code });      \
        const uint32_t passed = (uint32_t)user.registers[2];                                       \
        return __real_##function(process, user.registers[1] == 0 ? NULL : &passed);                \
    }
EXITS(procbuf_process_terminate, CALL_EXIT, void)
EXITS(procbuf_process_restart, CALL_RESTART, enum procbuf_error)

static uint32_t bait; /* of the kernel's own, which no process reaches */

/* The process really faults: it stores to the kernel's memory. */
void __real_procbuf_process_fault(struct procbuf_process *process);
void __wrap_procbuf_process_fault(struct procbuf_process *process);
void __wrap_procbuf_process_fault(struct procbuf_process *process)
{
    struct board_user user = { (uintptr_t)user_store, { (uintptr_t)&bait, 1 }, 0, BOARD_READ };
    if (!is_ours(process)) {
        __real_procbuf_process_fault(process);
        return;
    }
    counts.expected++;
    if (run_as((unsigned)(process - world.slots), &user) != BOARD_FAULTED)
        bug_found("hardware", "no-fault",
                  "expected: a store to the kernel's memory faults (I5)\nactual: it does not");
    counts.faults++;
    __real_procbuf_process_fault(process);
}

/* ---- The port, which the testbed sees first ---- */

void testbed_open(procbuf_addr_t addr, size_t len, enum procbuf_access access);
void testbed_close(procbuf_addr_t addr, size_t len, enum procbuf_access access);
bool testbed_protect(const struct procbuf_protection *protection);
void testbed_barrier(void);
__attribute__((noreturn)) void testbed_panic(const char *message);
void __real_procbuf_port_user_access_open(procbuf_addr_t addr, size_t len,
                                          enum procbuf_access access);
void __real_procbuf_port_user_access_close(procbuf_addr_t addr, size_t len,
                                           enum procbuf_access access);
bool __real_procbuf_port_protect_memory(const struct procbuf_protection *protection);
void __wrap_procbuf_port_user_access_open(procbuf_addr_t addr, size_t len,
                                          enum procbuf_access access);
void __wrap_procbuf_port_user_access_close(procbuf_addr_t addr, size_t len,
                                           enum procbuf_access access);
bool __wrap_procbuf_port_protect_memory(const struct procbuf_protection *protection);
void __wrap_procbuf_port_barrier(void);

static unsigned moved; /* a bit for each process whose protection has moved since the last probes */

/* Memory of the kernel apart, in which mistakes are made, has no lock. */
void __wrap_procbuf_port_user_access_open(procbuf_addr_t addr, size_t len,
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
    const struct expectation *expected = oracle_current_expectation();
    for (unsigned h = 0; expected != NULL && h < expected->hook_count; h++)
        if (expected->hooks[h].part != NULL && expected->hooks[h].kind == HOOK_CLOSE &&
            addr - ARENA_BASE == expected->hooks[h].part->start)
            return true;
    return false;
}

void __wrap_procbuf_port_user_access_close(procbuf_addr_t addr, size_t len,
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
bool __wrap_procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    const bool before = watch(true);
    const bool agrees = testbed_protect(protection);
    const bool can = model_expresses(protection->mem_start, protection->app_break) &&
                     model_expresses(protection->flash_start, protection->flash_end);
    if (protection->table == &world.table && (agrees || !can)) {
        if (__real_procbuf_port_protect_memory(protection) != agrees)
            bug_found("hardware", "port-answers",
                      "expected: the port %s boundaries on multiples of %u, and no others (C1)\n"
                      "actual: it does not",
                      agrees ? "agrees to" : "refuses all but", (unsigned)model_granule);
        if (agrees && protection->process_index >= model_first_place())
            moved |= 1u << (protection->process_index - model_first_place());
    }
    watch(before);
    return agrees;
}

void __wrap_procbuf_port_barrier(void)
{
    const bool before = watch(true);
    testbed_barrier();
    watch(before);
    __real_procbuf_port_barrier();
}

void kernel_panic(const char *message);
void kernel_panic(const char *message)
{
    watch(true);
    testbed_panic(message);
}

/* ---- Probes ---- */

/* P1, P2 and port.h: what unprivileged code of a process may do. */
static bool may(unsigned process, uintptr_t addr, enum board_access access)
{
    const struct model_process *p = &model.processes[process];
    const bool in_ram = p->used && addr >= p->mem_start && addr < p->app_break;
    const bool in_flash = p->used && addr >= p->flash_start && addr < p->flash_end;
    return access == BOARD_READ ? in_ram || in_flash : access == BOARD_WRITE ? in_ram : in_flash;
}

/* Unprivileged code of a process tries one access. A store writes what is there already; what is jumped to is a system
 * call, for as long as that takes. */
static void probe(unsigned process, uintptr_t addr, enum board_access access)
{
    static const uint8_t *const programs[] = { user_load, user_store, user_jump };
    uint8_t kept[8];
    if (access == BOARD_EXECUTE)
        addr -= addr % board_trap_len;
    struct board_user user = {
        (uintptr_t)programs[access], { addr, *(uint8_t *)addr }, 0, BOARD_READ
    };
    const bool allowed = may(process, addr, access);
    probed = addr;
    if (access == BOARD_EXECUTE) {
        arena_copy(kept, (const void *)addr, board_trap_len);
        arena_copy((void *)addr, board_trap, board_trap_len);
    }
    const bool faults = run_as(process, &user) == BOARD_FAULTED;
    if (access == BOARD_EXECUTE)
        arena_copy((void *)addr, kept, board_trap_len);
    counts.probes++;
    counts.expected += !allowed;
    counts.faults += faults;
    if (faults == allowed)
        bug_found("hardware", allowed ? "probe-faults" : "probe-reaches",
                  "expected: a %s by p%u %s (P1, P2, I5, I9)\nactual: it does%s",
                  access_names[access], process, allowed ? "does not fault" : "faults",
                  allowed ? "" : " not");
    if (faults && (user.fault_addr != addr || user.fault_access != access))
        bug_found("hardware", "fault-differs", "expected: a fault of this %s\nactual: a %s of %p",
                  access_names[access], access_names[user.fault_access], (void *)user.fault_addr);
    if (!faults && access == BOARD_READ && (uint8_t)user.registers[1] != *(uint8_t *)addr)
        bug_found("hardware", "loads-another-byte",
                  "expected: the byte that is there\nactual: 0x%02x", (unsigned)user.registers[1]);
    probed = 0;
}

static void probe_all(unsigned process, uint64_t addr)
{
    if (!arena_holds((uintptr_t)addr) && addr != (uintptr_t)&bait)
        return; /* there may be no memory */
    probe(process, (uintptr_t)addr, BOARD_READ);
    probe(process, (uintptr_t)addr, BOARD_WRITE);
    probe(process, (uintptr_t)addr, BOARD_EXECUTE);
}

static void probe_boundary(unsigned process, uint64_t addr)
{
    probe_all(process, addr - 1);
    probe_all(process, addr);
}

static uint32_t by_chance(uint32_t below)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

/* What it may touch, and what it may not: its own boundaries, the kernel, and the others. */
static void probe_process(unsigned process)
{
    const struct model_process *p = &model.processes[process];
    const uint64_t boundaries[] = {
        p->mem_start, p->app_break,   p->app_break + model_granule, p->mark,     p->kernel_break,
        p->mem_end,   p->flash_start, p->flash_protected_end,       p->flash_end
    };
    for (unsigned b = 0; b < sizeof boundaries / sizeof boundaries[0]; b++)
        probe_boundary(process, boundaries[b]);
    probe_all(process, (uintptr_t)&bait);
    probe_all(process, (uint64_t)ARENA_BASE + arena_in());
    probe_all(process, (uint64_t)ARENA_BASE + ARENA_FOREIGN);
    const uint32_t area = arena_processes_end() - arena_processes();
    probe_all(process, (uint64_t)ARENA_BASE + arena_processes() + by_chance(area));
    for (unsigned other = 0; other < TRACE_MAX_PROCESSES; other++) {
        const struct model_process *o = &model.processes[other];
        if (other == process || !o->used)
            continue;
        probe_boundary(process, o->app_break);
        probe_all(process, o->flash_start);
        probe_all(other, p->mem_start);
        probe_all(other, p->flash_start);
    }
}

static void probe_moved(const struct walk *walk, const struct op *op, unsigned begin,
                        const struct outcome *outcome)
{
    (void)walk, (void)op, (void)begin, (void)outcome;
    while (moved != 0)
        probe_process(take_lowest(&moved));
}
static const struct observer prober = { .ended = probe_moved };

/* ---- The kernel's own faults ---- */

void kernel_faulted(uintptr_t addr, enum board_access access, uintptr_t at)
{
    watch(true);
    probed = addr;
    bug_found("hardware", "kernel-faults",
              "expected: the library touches process memory in open windows only (C2, I7)\n"
              "actual: a %s outside of them, by the instruction at %p",
              access_names[access], (void *)at);
    board_exit(BUG_EXIT_STATUS);
}

/* ---- Programs ---- */

void kernel_unable(const char *why)
{
    fprintf(stderr, "unable: %s\n", why);
    _exit(2);
}

static void explain(void)
{
    if (probed != 0) {
        fputs("at ", stderr);
        place_print(probed, stderr);
        fputs(", ", stderr);
    }
    fprintf(stderr, "operation %u\n", machine_walk->position + 1);
}

static void end_with_finding(void)
{
    _exit(BUG_EXIT_STATUS);
}

/* The processes of the program before are gone. */
static void forget_processes(void)
{
    for (unsigned p = 0; p < TRACE_LARGE_BEFORE + TRACE_MAX_PROCESSES; p++)
        if (!__real_procbuf_port_protect_memory(
                &(struct procbuf_protection){ .table = &world.table, .process_index = p }))
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
    model_granule = board_granule;
    bug_explain = explain;
    bug_end = end_with_finding;
    arena_map();
    arena_copy(&bait, board_trap, board_trap_len);
    machine_count(&prober);
    for (uint32_t count = take_number(&at); count > 0; count--) {
        const uint32_t len = take_number(&at);
        fprintf(stdout, "# %u\n", (unsigned)counts.traces++);
        trace_decode(&trace, at, len, NULL);
        forget_processes();
        machine_run(&trace, stdout);
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

bool worlds_compared;
const struct observer worlds_observer;

bool worlds_resolve(unsigned position, const struct op *op, struct call *call)
{
    (void)position;
    return model_resolve(op, call);
}

bool worlds_body_goes_on(unsigned position)
{
    (void)position;
    return false;
}

bool worlds_end_is_bare(unsigned position)
{
    (void)position;
    return false;
}

void worlds_laid_out(void)
{
}
