/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What every harness includes: the library as one unit, a port that writes down what it is asked, and any state that keeps the
 * contract's invariants.
 *
 * There are two worlds. In the first, addresses are any numbers, and they have no bytes: what the library zeroes or copies
 * there is written down. In the second (WORLD_HAS_MEMORY), process memory is `memory`, whose bytes have the addresses 0 to
 * BYTES - 1; arguments are still any numbers.
 *
 * The library is compiled as it ships, but with its own checks: each PROCBUF_VERIFY is a claim too. */
#ifndef PROOF_CBMC_WORLD_H
#define PROOF_CBMC_WORLD_H

/* Bounds. --unwinding-assertions finds a loop that would go further. */
#define SLOTS 2
#define GRANTS 2
#define EVENTS 10
#define WINDOWS 4
#ifndef LONGEST_COPY
#define LONGEST_COPY 24 /* a slot */
#endif
#define BYTES 64 /* as many as CBMC takes apart: with more, one write costs as much as all */

#define PROCBUF_CHECKED
#define PROCBUF_EXITS_ARE_COMPARED
#ifdef WORLD_HAS_MEMORY
#define PROCBUF_MEMORY_BASE world_memory_base
#endif

#include <valid.h>

/* From here on the text that ships, with the checks. */
#undef PROCBUF_CHECKED

#include <allow.c>
#include <barrier.c>
#include <brk.c>
#include <buffer.c>
#include <bytes.c>
#include <creation.c>
#include <elements.c>
#include <error.c>
#include <grant.c>
#include <lender.c>
#ifdef WORLD_HAS_MAPS /* else no buffer has a keeper, whose functions CBMC would follow */
#include <map.c>
#endif
#include <memory.c>
#include <process.c>
#include <range.c>
#include <slice.c>
#include <stream.c>
#include <table.c>

/* ---- Claims ---- */

/* Must hold. */
#define CLAIM(condition) __CPROVER_assert((condition), "claim: " #condition)
/* Must be possible: the runner wants a run that gets here with it. */
#define REACH(condition) __CPROVER_assert(!(condition), "reach: " #condition)
#define ASSUME(condition) __CPROVER_assume(condition)
#define IMPLIES(a, b) (!(a) || (b))

/* Each harness must get to its end: else it assumes what nothing can be. */
#define HARNESS(name)                                                                              \
    static void try_##name(void);                                                                  \
    void prove_##name(void)                                                                        \
    {                                                                                              \
        try_##name();                                                                              \
        REACH(true);                                                                               \
    }                                                                                              \
    static void try_##name(void)

/* One whose call never comes back: PANICS() has shown that it is made. */
#define HARNESS_THAT_PANICS(name) void prove_##name(void)

/* The same for a process of any world: in the second slot, since the first hides mistakes with an index of 0. */
#define HARNESS_OF_PROCESS(name)                                                                   \
    static void try_##name(struct procbuf_process *process);                                       \
    void prove_##name(void)                                                                        \
    {                                                                                              \
        any_world_with(1);                                                                         \
        try_##name(&slots[1]);                                                                     \
        REACH(true);                                                                               \
    }                                                                                              \
    static void try_##name(struct procbuf_process *process)

/* And for what the place of the slot decides: in either. */
#define HARNESS_OF_EITHER(name)                                                                    \
    static void try_##name(struct procbuf_process *process);                                       \
    void prove_##name(void)                                                                        \
    {                                                                                              \
        if (any_bool()) {                                                                          \
            any_world_with(0);                                                                     \
            try_##name(&slots[0]);                                                                 \
            REACH(true);                                                                           \
        } else {                                                                                   \
            any_world_with(1);                                                                     \
            try_##name(&slots[1]);                                                                 \
            REACH(true);                                                                           \
        }                                                                                          \
    }                                                                                              \
    static void try_##name(struct procbuf_process *process)

/* Any value: CBMC knows the prefix. */
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
size_t nondet_size(void);
intptr_t nondet_distance(void);
procbuf_addr_t nondet_addr(void);

static bool any_bool(void)
{
    return nondet_u8() & 1;
}

/* Wide enough for every sum and product of two words. */
typedef unsigned __CPROVER_bitvector[136] exact;

/* ---- The port ---- */

enum kind { OPEN, CLOSE, PROTECT, ZERO, BODY, BARRIER };

struct event {
    enum kind kind;
    procbuf_addr_t addr;
    size_t len;
    enum procbuf_access access;
};

static struct event events[EVENTS];
static unsigned event_count;
static unsigned event_next;
static struct event windows[WINDOWS];
static unsigned window_count;
static struct procbuf_protection asked;
static bool agreed;
static unsigned must_panic; /* rule of section R that the call breaks; 0: none */

static void note(enum kind kind, procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    CLAIM(event_count < EVENTS);
    events[event_count++] = (struct event){ kind, addr, len, access };
}

/* C3: what the library asked next, in order. */
static bool next_is(enum kind kind, procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    if (event_next >= event_count)
        return false;
    const struct event *event = &events[event_next++];
    return event->kind == kind && event->addr == addr && event->len == len &&
           event->access == access;
}

static bool no_more(void)
{
    return event_next == event_count && window_count == 0;
}

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    CLAIM(len != 0);
    CLAIM(window_count < WINDOWS);
    note(OPEN, addr, len, access);
    windows[window_count++] = (struct event){ OPEN, addr, len, access };
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    CLAIM(window_count > 0);
    window_count--;
    CLAIM(windows[window_count].addr == addr && windows[window_count].len == len &&
          windows[window_count].access == access);
    note(CLOSE, addr, len, access);
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    asked = *protection;
    note(PROTECT, protection->app_break, protection->kernel_break, PROCBUF_ACCESS_READ);
    const bool leaves_nothing =
        asked.app_break == asked.mem_start && asked.kernel_break == asked.mem_start &&
        asked.flash_protected_end == asked.flash_start && asked.flash_end == asked.flash_start;
    agreed = leaves_nothing || any_bool(); /* R10 */
    return agreed;
}

void procbuf_port_barrier(void)
{
    note(BARRIER, 0, 0, PROCBUF_ACCESS_READ);
}

/* "procbuf: R5…" is 5; "procbuf: internal…" is 0. */
static unsigned rule_in(const char *message)
{
    if (message[9] != 'R')
        return 0;
    const unsigned first = (unsigned)(message[10] - '0');
    return message[11] < '0' || message[11] > '9' ? first
                                                  : first * 10 + (unsigned)(message[11] - '0');
}

/* E4: only a rule that the kernel broke leads here. */
void procbuf_port_panic(const char *message)
{
    CLAIM(must_panic != 0 && rule_in(message) == must_panic);
    ASSUME(false);
}

/* The next call breaks a rule exactly if the condition holds; NO_PANIC() after it, else it came back. */
#define PANICS(rule, condition)                                                                    \
    do {                                                                                           \
        must_panic = (condition) ? (rule) : 0;                                                     \
        REACH(must_panic != 0);                                                                    \
    } while (0)
#define NO_PANIC() CLAIM(must_panic == 0)

/* ---- Process memory, and what moves bytes ---- */

static bool in_a_window(procbuf_addr_t addr, size_t len, bool writes)
{
    for (unsigned i = 0; i < WINDOWS; i++)
        if (i < window_count && addr >= windows[i].addr &&
            addr - windows[i].addr <= windows[i].len &&
            len <= windows[i].len - (addr - windows[i].addr) &&
            (!writes || windows[i].access == PROCBUF_ACCESS_READ_WRITE))
            return true;
    return false;
}

#ifdef WORLD_HAS_MEMORY
static uint8_t memory[BYTES];
uint8_t *world_memory_base = memory;

static bool is_memory(const void *bytes)
{
    return __CPROVER_same_object(bytes, memory);
}
#else
static bool is_memory(const void *bytes)
{
    (void)bytes;
    return false;
}
#endif

/* I7: only what is in a window. */
static void check_window(const void *bytes, size_t len, bool writes)
{
    if (is_memory(bytes))
        CLAIM(in_a_window((procbuf_addr_t)__CPROVER_POINTER_OFFSET(bytes), len, writes));
}

void *memcpy(void *to, const void *from, size_t len)
{
    check_window(to, len, true);
    check_window(from, len, false);
    CLAIM(len <= LONGEST_COPY);
    for (size_t i = 0; i < LONGEST_COPY; i++)
        if (i < len)
            ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    return to;
}

void *memmove(void *to, const void *from, size_t len)
{
    uint8_t bytes[LONGEST_COPY];
    check_window(to, len, true);
    check_window(from, len, false);
    CLAIM(len <= LONGEST_COPY);
    for (size_t i = 0; i < LONGEST_COPY; i++)
        if (i < len)
            bytes[i] = ((const uint8_t *)from)[i];
    for (size_t i = 0; i < LONGEST_COPY; i++)
        if (i < len)
            ((uint8_t *)to)[i] = bytes[i];
    return to;
}

#ifdef WORLD_HAS_MEMORY
static void zero_memory(size_t start, size_t len, int value)
{
    CLAIM(start <= BYTES && len <= BYTES - start);
    note(ZERO, (procbuf_addr_t)start, len, PROCBUF_ACCESS_READ_WRITE);
    for (size_t i = 0; i < BYTES; i++)
        if (i >= start && i - start < len)
            memory[i] = (uint8_t)value;
}
#endif

void *memset(void *to, int value, size_t len)
{
#ifdef WORLD_HAS_MEMORY
    check_window(to, len, true);
    if (is_memory(to)) {
        zero_memory(__CPROVER_POINTER_OFFSET(to), len, value);
        return to;
    }
#endif
#ifdef WORLD_HAS_NO_BYTES
    CLAIM(value == 0 && in_a_window((procbuf_addr_t)to, len, true));
    note(ZERO, (procbuf_addr_t)to, len, PROCBUF_ACCESS_READ_WRITE);
#else
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)to)[i] = (uint8_t)value;
#endif
    return to;
}

/* ---- Tables, processes, grants ---- */

static struct procbuf_table table;
static struct procbuf_process slots[SLOTS];
static struct procbuf_grant_entry entries[SLOTS * GRANTS];
static struct procbuf_open_enter inner_open, outer_open, others_open;
static struct procbuf_driver driver, other_driver;
static struct procbuf_table foreign;
static const struct procbuf_external_process_capability capability;

/* The liveness function of the foreign table: it answers once and for all. */
static bool foreign_lives;
static uint32_t foreign_index;
static uint64_t foreign_identifier;
static unsigned foreign_questions;
static char foreign_data;

static bool foreign_is_live(uint32_t index, uint64_t identifier, const void *data)
{
    CLAIM(index == foreign_index && identifier == foreign_identifier && data == &foreign_data);
    foreign_questions++;
    return foreign_lives;
}

/* P4, for one region. */
static bool is_region(procbuf_addr_t start, procbuf_addr_t end)
{
    return start <= end && (start == end || start != 0);
}

static bool share_a_byte(procbuf_addr_t a, procbuf_addr_t a_end, procbuf_addr_t b,
                         procbuf_addr_t b_end)
{
    return a < a_end && b < b_end && a < b_end && b < a_end;
}

/* One of an enumeration's values: for CBMC its byte may be negative. */
static bool is_below(int value, int last)
{
    return value >= 0 && value <= last;
}

/* P4 and I1 of one slot, in addition to what checked builds test. */
static bool is_well_formed(const struct procbuf_process *process)
{
    const struct procbuf_process_private *self = &process->private_;
    if (!procbuf_process_is_valid(process))
        return false;
    if (self->table == NULL)
        return true;
    return is_region(self->mem_start, self->mem_end) &&
           is_region(self->flash_start, self->flash_end) &&
           !share_a_byte(self->mem_start, self->mem_end, self->flash_start, self->flash_end) &&
           is_below(self->fault_policy, PROCBUF_FAULT_RESTART) &&
           is_below(self->completion, PROCBUF_COMPLETION_WITH_CODE) &&
           is_below(self->state.kind, PROCBUF_STATE_TERMINATED) &&
           is_below(self->state.stopped_from, PROCBUF_STATE_TERMINATED);
}

/* I5, and L1: a life has its identifier alone. */
static bool are_apart(const struct procbuf_process_private *a,
                      const struct procbuf_process_private *b)
{
    return a->table == NULL || b->table == NULL ||
           (a->identifier != b->identifier &&
            !share_a_byte(a->mem_start, a->mem_end, b->mem_start, b->mem_end) &&
            !share_a_byte(a->mem_start, a->mem_end, b->flash_start, b->flash_end) &&
            !share_a_byte(a->flash_start, a->flash_end, b->mem_start, b->mem_end) &&
            !share_a_byte(a->flash_start, a->flash_end, b->flash_start, b->flash_end));
}

static bool is_bool(const bool *value)
{
    return *(const uint8_t *)value <= 1;
}

static struct procbuf_grant_entry_private *entry_at(unsigned slot, unsigned number)
{
    return &entries[slot * table.private_.grants_per_process + number].private_;
}

/* I3, I4: in the grant region. */
static bool is_grant_of(const struct procbuf_grant_entry_private *entry,
                        const struct procbuf_process_private *self)
{
    return entry->addr >= self->kernel_break && entry->addr <= self->mem_end &&
           entry->len <= self->mem_end - entry->addr;
}

static bool grants_are_apart(const struct procbuf_grant_entry_private *a,
                             const struct procbuf_grant_entry_private *b)
{
    return !a->allocated || !b->allocated ||
           (a->driver_number != b->driver_number &&
            (a->addr + a->len <= b->addr || b->addr + b->len <= a->addr));
}

static bool grants_are_well_formed(unsigned slot)
{
    const struct procbuf_process_private *self = &slots[slot].private_;
    if (self->table == NULL)
        return true;
    for (unsigned number = 0; number < GRANTS; number++) {
        if (number >= table.private_.grants_per_process)
            break;
        const struct procbuf_grant_entry_private *entry = entry_at(slot, number);
        if (!procbuf_grant_entry_private_is_valid(entry) ||
            (entry->allocated && !is_grant_of(entry, self)))
            return false;
        if (number > 0 && !grants_are_apart(entry_at(slot, 0), entry))
            return false;
    }
    return true;
}

/* Everything that the invariants say between two calls. */
static bool world_is_well_formed(void)
{
    for (unsigned slot = 0; slot < SLOTS; slot++)
        if (slot < table.private_.slot_count &&
            (!is_well_formed(&slots[slot]) || !grants_are_well_formed(slot)))
            return false;
    return procbuf_table_is_valid(&table) &&
           (table.private_.slot_count < 2 || are_apart(&slots[0].private_, &slots[1].private_));
}

static void any_open(struct procbuf_open_enter *open, struct procbuf_open_enter *outer)
{
    open->addr = nondet_addr();
    open->len = nondet_size();
    open->is_grant = any_bool();
    open->outer = outer;
    ASSUME(open->len <= PROCBUF_ADDR_MAX - open->addr);
}

/* A list of at most two open enters. */
static struct procbuf_open_enter *any_opens(void)
{
    const uint8_t count = nondet_u8();
    any_open(&outer_open, NULL);
    any_open(&inner_open, &outer_open);
    return count == 0 ? NULL : count == 1 ? &outer_open : &inner_open;
}

static void any_slot(unsigned slot)
{
    struct procbuf_process any;
    any.private_.table = any_bool() ? &table : NULL;
    any.private_.open_enters = any_bool() ? NULL : &others_open;
    slots[slot] = any;
#ifdef WORLD_HAS_MEMORY
    ASSUME(any.private_.mem_end <= BYTES && any.private_.flash_end <= BYTES);
#endif
}

static void any_entry(unsigned place)
{
    struct procbuf_grant_entry any;
    const uint8_t whose = nondet_u8();
    any.private_.driver = whose == 0 ? NULL : whose == 1 ? &driver : &other_driver;
    any.private_.allocated = any_bool();
    any.private_.entered = any_bool();
    any.private_.entered_by_driver = any_bool();
    entries[place] = any;
}

/* Any table of ours, with any processes and grants. */
static void any_world(void)
{
    table.private_.is_live = NULL;
    table.private_.is_live_data = NULL;
    table.private_.slots = slots;
    table.private_.slot_count = SLOTS;
    table.private_.grants = entries;
    table.private_.grants_per_process = GRANTS;
    table.private_.next_identifier = nondet_u64();
    for (unsigned slot = 0; slot < SLOTS; slot++)
        any_slot(slot);
    for (unsigned place = 0; place < SLOTS * GRANTS; place++)
        any_entry(place);
    ASSUME(world_is_well_formed());
}

/* The same, with a process in a slot, which may have open enters. */
static void remember(void);
static void any_foreign(void);
static void any_world_with(unsigned slot)
{
    any_world();
    any_foreign();
    ASSUME(slots[slot].private_.table != NULL);
    slots[slot].private_.table = &table; /* the same: as a constant it costs less */
    slots[slot].private_.open_enters = any_opens();
    remember();
}

static unsigned slot_of(const struct procbuf_process *process)
{
    return process == &slots[0] ? 0 : 1;
}

/* Any foreign table, with what it will be asked. */
static void any_foreign(void)
{
    foreign.private_ =
        (struct procbuf_table_private){ .is_live = foreign_is_live, .is_live_data = &foreign_data };
    foreign_lives = any_bool();
    foreign_index = nondet_u32();
    foreign_identifier = nondet_u64();
}

/* Any id: of one of our slots, of the foreign table, or of no process. L1: no life has a number that was not given out. */
static struct procbuf_id any_id(void)
{
    const uint8_t whose = nondet_u8();
    if (whose == 0)
        return (struct procbuf_id){ { NULL, NULL, nondet_u64() }, nondet_u32() };
    if (whose == 1)
        return (struct procbuf_id){ { NULL, &foreign, foreign_identifier }, foreign_index };
    const uint8_t slot = nondet_u8();
    ASSUME(slot < table.private_.slot_count);
    struct procbuf_id id = { { &slots[slot == 0 ? 0 : 1], &table, nondet_u64() }, slot };
    ASSUME(id.private_.identifier != PROCBUF_NO_IDENTIFIER);
    return id;
}

/* L1, said without the library. */
static bool lives(struct procbuf_id id)
{
    if (id.private_.table == NULL)
        return false;
    if (id.private_.table == &foreign)
        return foreign_lives;
    return slots[id.index_ == 0 ? 0 : 1].private_.table != NULL &&
           slots[id.index_ == 0 ? 0 : 1].private_.identifier == id.private_.identifier;
}

static bool is_active_in(struct procbuf_state state)
{
    return state.kind == PROCBUF_STATE_RUNNING || state.kind == PROCBUF_STATE_YIELDED ||
           state.kind == PROCBUF_STATE_YIELDED_FOR || state.kind == PROCBUF_STATE_STOPPED;
}

/* ---- Nothing else changed (E3, I5, I8) ---- */

static struct procbuf_table table_before;
static struct procbuf_process slots_before[SLOTS];
static struct procbuf_grant_entry entries_before[SLOTS * GRANTS];

static void remember(void)
{
    table_before = table;
    for (unsigned slot = 0; slot < SLOTS; slot++)
        slots_before[slot] = slots[slot];
    for (unsigned place = 0; place < SLOTS * GRANTS; place++)
        entries_before[place] = entries[place];
}

static bool same_state(struct procbuf_state a, struct procbuf_state b)
{
    return a.kind == b.kind && a.stopped_from == b.stopped_from && a.yielded_for == b.yielded_for;
}

static bool same_table(const struct procbuf_table_private *a, const struct procbuf_table_private *b)
{
    return a->is_live == b->is_live && a->is_live_data == b->is_live_data && a->slots == b->slots &&
           a->slot_count == b->slot_count && a->grants == b->grants &&
           a->grants_per_process == b->grants_per_process &&
           a->next_identifier == b->next_identifier;
}

static bool same_process(const struct procbuf_process_private *a,
                         const struct procbuf_process_private *b)
{
    return a->table == b->table && a->identifier == b->identifier &&
           a->flash_start == b->flash_start && a->flash_protected_end == b->flash_protected_end &&
           a->flash_end == b->flash_end && a->mem_start == b->mem_start &&
           a->mem_end == b->mem_end && a->initial_app_break == b->initial_app_break &&
           a->initial_kernel_break == b->initial_kernel_break && a->app_break == b->app_break &&
           a->kernel_break == b->kernel_break && a->mark == b->mark &&
           same_state(a->state, b->state) && a->fault_policy == b->fault_policy &&
           a->completion == b->completion && a->completion_code == b->completion_code &&
           a->restart_count == b->restart_count && a->open_enters == b->open_enters;
}

static bool same_entry(const struct procbuf_grant_entry_private *a,
                       const struct procbuf_grant_entry_private *b)
{
    return a->driver == b->driver && a->addr == b->addr && a->len == b->len &&
           a->driver_number == b->driver_number && a->allocated == b->allocated &&
           a->entered == b->entered && a->entered_by_driver == b->entered_by_driver;
}

static bool same_entries_of(unsigned slot)
{
    for (unsigned number = 0; number < GRANTS; number++)
        if (number < table.private_.grants_per_process &&
            !same_entry(
                entry_at(slot, number),
                &entries_before[slot * table.private_.grants_per_process + number].private_))
            return false;
    return true;
}

static bool same_slot(unsigned slot)
{
    return same_process(&slots[slot].private_, &slots_before[slot].private_);
}

/* Everything but one process, and its grants. */
static bool others_are_same(const struct procbuf_process *process)
{
    const unsigned other = 1 - slot_of(process);
    return same_slot(other) && same_entries_of(other);
}

static bool all_is_same(void)
{
    return same_table(&table.private_, &table_before.private_) && same_slot(0) && same_slot(1) &&
           same_entries_of(0) && same_entries_of(1);
}

/* The same but for one field, which the harness looks at itself. */
#define SAME_BUT(process, field)                                                                   \
    ((slots_before[slot_of(process)].private_.field = (process)->private_.field), all_is_same())

#endif
