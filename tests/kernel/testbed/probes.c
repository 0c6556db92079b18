/* Probes: what the protection unit lets through, tried by unprivileged code and by the kernel, at every boundary. */
#include "probes.h"
#include "testbed.h"

uintptr_t probed;
uint32_t bait;
struct counts counts;

static const char *const access_names[] = { "load", "store", "jump" };

static void count(bool expected, bool faults)
{
    counts.probes++;
    counts.expected += expected;
    counts.faults += faults;
}

/* ---- The kernel's own accesses ---- */

bool is_process_memory(procbuf_addr_t addr)
{
    return arena_holds(addr) && arena_is_of_process((uint32_t)(addr - ARENA_BASE));
}

/* Where an open window begins, or ends, in whole units. */
static uintptr_t edge_of(const struct window *open, bool is_end)
{
    const uintptr_t start = ARENA_BASE + (uintptr_t)open->span.start;
    const uintptr_t end = ARENA_BASE + (uintptr_t)open->span.end;
    const uintptr_t unit = (uintptr_t)model_unit(&testbed_now()->model, start, end);
    return is_end ? (uintptr_t)model_round_up(end, unit) : start - start % unit;
}

static bool holds(const struct window *open, uintptr_t addr)
{
    return addr >= edge_of(open, false) && addr < edge_of(open, true);
}

/* 0 for a byte that no window holds, 1 if the kernel may read it, 2 if it may write it, too. */
static unsigned right_to(uintptr_t addr)
{
    const struct oracle *oracle = &testbed_now()->oracle;
    unsigned right = 0;
    for (unsigned w = 0; w < oracle->window_count && right < 2; w++)
        if (holds(&oracle->windows[w], addr))
            right = oracle->windows[w].writable ? 2 : 1;
    return right;
}

/* How many regions say what is open: one for each window where they may overlap, else one for each stretch of a right. */
static unsigned regions_needed(void)
{
    const struct window *open = testbed_now()->oracle.windows;
    const unsigned count = testbed_now()->oracle.window_count;
    unsigned needed = 0;
    if (board_in_eighths || 2 * count <= board_windows + 1)
        return count; /* or so few that there are enough in any case */
    for (unsigned e = 0; e < 2 * count; e++) {
        const uintptr_t at = edge_of(&open[e / 2], e % 2 != 0);
        bool is_known = false;
        for (unsigned earlier = 0; earlier < e; earlier++)
            is_known |= edge_of(&open[earlier / 2], earlier % 2 != 0) == at;
        needed += !is_known && right_to(at) != 0 && right_to(at) != right_to(at - 1);
    }
    return needed;
}

/* Whether the kernel should get at a byte now: 1, 0, or -1, the lock does not know bytes as exactly. */
static int window_lets(uintptr_t addr, bool writing)
{
    const struct window *open = testbed_now()->oracle.windows;
    const unsigned count = testbed_now()->oracle.window_count;
    if (!board_has_exact_windows)
        return count > 0;
    int lets = 0;
    for (unsigned w = count; w-- > 0;) {
        if (!holds(&open[w], addr) || (writing && !open[w].writable))
            continue;
        if (addr >= ARENA_BASE + (uintptr_t)open[w].span.start &&
            addr < ARENA_BASE + (uintptr_t)open[w].span.end)
            return 1;
        lets = -1;
    }
    return lets == 0 && regions_needed() > board_windows ? -1 : lets;
}

static void check_window(uintptr_t addr, bool writing, int expected, bool may)
{
    count(expected == 0, !may);
    probed = addr;
    if (may != (expected == 1)) {
        watch(true);
        bug_found("hardware", may ? "window-reaches" : "window-faults",
                  "expected: a %s by the kernel %s (C2)\nactual: it does%s", access_names[writing],
                  may ? "faults" : "does not fault", may ? " not" : "");
    }
    probed = 0;
}

void probe_windows(uintptr_t addr, size_t len)
{
    const uintptr_t unit = board_has_exact_windows
                               ? (uintptr_t)model_unit(&testbed_now()->model, addr, addr + len)
                               : 1;
    struct {
        uintptr_t addr;
        bool writing, may;
        uint8_t value;
        int expected;
    } all[] = {
        { .addr = addr - addr % unit - 1 },
        { .addr = addr },
        { .addr = addr + len - 1, .writing = true },
        { .addr = (uintptr_t)model_round_up(addr + len, unit), .writing = true },
    };
    enum { COUNT = sizeof all / sizeof all[0] };
    for (unsigned p = 0; p < COUNT; p++) {
        all[p].expected =
            is_process_memory(all[p].addr) ? window_lets(all[p].addr, all[p].writing) : -1;
        all[p].value = all[p].expected < 0 ? 0 : *(const uint8_t *)all[p].addr;
    }
    watch(false);
    for (unsigned p = 0; p < COUNT; p++)
        if (all[p].expected >= 0)
            all[p].may = all[p].writing ? board_kernel_stores(all[p].addr, all[p].value)
                                        : board_kernel_loads(all[p].addr);
    watch(true);
    for (unsigned p = 0; p < COUNT; p++)
        if (all[p].expected >= 0)
            check_window(all[p].addr, all[p].writing, all[p].expected, all[p].may);
}

void probe_lock(unsigned process)
{
    const uintptr_t addr = (uintptr_t)testbed_now()->model.processes[process].mem_start;
    const int expected = is_process_memory(addr) ? window_lets(addr, false) : -1;
    if (expected >= 0)
        check_window(addr, false, expected, board_kernel_loads(addr));
}

void probe_start(void)
{
    const uintptr_t ends[] = { ARENA_BASE + ARENA_PROCESSES, ARENA_BASE + ARENA_LARGE_IN - 1 };
    for (unsigned e = 0; e < 2; e++) {
        watch(false);
        const bool may = board_kernel_loads(ends[e]);
        watch(true);
        check_window(ends[e], false, 0, may);
    }
#ifndef __arm__ /* whose MPU lets the kernel execute what processes may */
    watch(false);
    const bool may = board_kernel_jumps((uintptr_t)user_return) != 0;
    watch(true);
    count(true, !may);
    if (may)
        bug_found("hardware", "kernel-executes",
                  "expected: a jump by the kernel to code of processes faults\n"
                  "actual: it does not");
#endif
}

/* ---- Unprivileged code ---- */

struct probe {
    unsigned process;
    enum board_access access;
    uintptr_t addr;
    uint8_t value; /* that is there */
    uint8_t kept[4]; /* where a trap is for as long as it takes */
    bool faults;
    struct board_user user;
};
enum { MOST_PROBES = 256 };
static struct probe probes[MOST_PROBES];
static unsigned probe_count;

static size_t trap_len(void)
{
    return (size_t)(user_trap_end - user_trap);
}

static void add(unsigned process, uint64_t addr, enum board_access access)
{
    const uintptr_t at = (uintptr_t)addr;
    probes[probe_count++] = (struct probe){
        .process = process,
        .access = access,
        .addr = access == BOARD_EXECUTE ? at - at % trap_len() : at,
    };
}

static void add_all(unsigned process, uint64_t addr)
{
    if (!arena_holds((uintptr_t)addr) && addr != (uintptr_t)&bait)
        return; /* there may be no memory */
    add(process, addr, BOARD_READ);
    add(process, addr, BOARD_WRITE);
    add(process, addr, BOARD_EXECUTE);
}

static void add_boundary(unsigned process, uint64_t addr)
{
    add_all(process, addr - 1);
    add_all(process, addr);
}

static bool lacks_trap(const struct probe *p)
{
    return p->access == BOARD_EXECUTE && p->addr != (uintptr_t)user_trap;
}

/* What is jumped to is a system call meanwhile. A store writes what is there already. */
static void prepare(void)
{
    static const uint8_t *const programs[] = { user_load, user_store, user_jump };
    for (struct probe *p = probes; p < probes + probe_count; p++) {
        if (!lacks_trap(p))
            continue;
        arena_copy(p->kept, (const void *)p->addr, trap_len());
        arena_copy((void *)p->addr, user_trap, trap_len());
    }
    for (struct probe *p = probes; p < probes + probe_count; p++) {
        if (arena_holds(p->addr)) /* elsewhere each access faults */
            p->value = *(const uint8_t *)p->addr;
        p->user.at = (uintptr_t)programs[p->access];
        p->user.registers[0] = p->addr;
        p->user.registers[1] = p->value;
    }
}

static void put_back(void)
{
    for (struct probe *p = probes + probe_count; p-- > probes;)
        if (lacks_trap(p))
            arena_copy((void *)p->addr, p->kept, trap_len());
}

static void run_all_of(unsigned process)
{
    bool is_entered = false;
    for (struct probe *p = probes; p < probes + probe_count; p++) {
        if (p->process != process)
            continue;
        if (!is_entered)
            port_enter_process(model_first_place(&testbed_now()->model) + process);
        is_entered = true;
        p->faults = board_run(&p->user) == BOARD_FAULTED;
    }
    if (is_entered)
        port_leave_process();
}

/* P1, P2 and port.h: what unprivileged code of a process may do. */
static bool may(unsigned process, uintptr_t addr, enum board_access access)
{
    const struct model_process *p = &testbed_now()->model.processes[process];
    const bool in_ram = p->used && addr >= p->mem_start && addr < p->app_break;
    const bool in_flash = p->used && addr >= p->flash_start && addr < p->flash_end;
    return access == BOARD_READ ? in_ram || in_flash : access == BOARD_WRITE ? in_ram : in_flash;
}

static void check(const struct probe *p)
{
    const bool allowed = may(p->process, p->addr, p->access);
    count(!allowed, p->faults);
    probed = p->addr;
    if (p->faults == allowed)
        bug_found("hardware", allowed ? "probe-faults" : "probe-reaches",
                  "expected: a %s by p%u %s (P1, P2, I5, I9)\nactual: it does%s",
                  access_names[p->access], p->process, allowed ? "does not fault" : "faults",
                  allowed ? "" : " not");
    if (p->faults && (p->user.fault_addr != p->addr || p->user.fault_access != p->access))
        bug_found("hardware", "fault-differs", "expected: a fault of this %s\nactual: a %s of %p",
                  access_names[p->access], access_names[p->user.fault_access],
                  (void *)p->user.fault_addr);
    if (!p->faults && p->access == BOARD_READ && (uint8_t)p->user.registers[1] != p->value)
        bug_found("hardware", "loads-another-byte",
                  "expected: the byte that is there, 0x%02x\nactual: 0x%02x", (unsigned)p->value,
                  (unsigned)(uint8_t)p->user.registers[1]);
    probed = 0;
}

static uint32_t by_chance(uint32_t below)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

/* Its own boundaries, the kernel, what it shares with the others, and these. */
static void choose(unsigned process)
{
    const struct model *m = &testbed_now()->model;
    const struct model_process *p = &m->processes[process];
    const uint64_t boundaries[] = {
        p->mem_start, p->app_break,   p->app_break + m->granule, p->mark,     p->kernel_break,
        p->mem_end,   p->flash_start, p->flash_protected_end,    p->flash_end
    };
    for (unsigned b = 0; b < sizeof boundaries / sizeof boundaries[0]; b++) {
        bool is_known = false;
        for (unsigned earlier = 0; earlier < b; earlier++)
            is_known |= boundaries[earlier] == boundaries[b];
        if (!is_known)
            add_boundary(process, boundaries[b]);
    }
    add_all(process, (uintptr_t)&bait);
    add(process, (uintptr_t)user_trap, BOARD_EXECUTE);
    add(process, (uintptr_t)user_call, BOARD_WRITE);
    add(process, (uintptr_t)stage_start, BOARD_EXECUTE);
    add_all(process, (uint64_t)ARENA_BASE + arena_in(m->is_large));
    add_all(process, (uint64_t)ARENA_BASE + ARENA_FOREIGN);
    const uint32_t area = arena_processes_end(m->is_large) - arena_processes(m->is_large);
    add_all(process, (uint64_t)ARENA_BASE + arena_processes(m->is_large) + by_chance(area));
    for (unsigned other = 0; other < TRACE_MAX_PROCESSES; other++) {
        const struct model_process *o = &m->processes[other];
        if (other == process || !o->used)
            continue;
        add_boundary(process, o->app_break);
        add_all(process, o->flash_start);
        add_all(other, p->mem_start);
        add_all(other, p->flash_start);
    }
}

void probe_process(unsigned process)
{
    probe_count = 0;
    choose(process);
    prepare();
    watch(false);
    for (unsigned p = 0; p < TRACE_MAX_PROCESSES; p++)
        run_all_of(p);
    watch(true);
    put_back();
    for (const struct probe *p = probes; p < probes + probe_count; p++)
        check(p);
}
