{#- A Criterion test made from a finding: see emit.py. -#}
/* {{ title }}
 *
{% for line in story %} *{{ " " if line }}{{ line }}
{% endfor %} *
 * It needs the library's headers, the library, and Criterion: the port is below.
{% for line in needs %} * {{ line }}
{% endfor %} */
{% if uses.watch %}
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
{% endif %}
{% if uses.private %}
/* To wind the counter of identifiers forward: nobody lives 2^64 lives. */
#define PROCBUF_IMPLEMENTATION
{% endif %}
#include <criterion/criterion.h>
#include <procbuf.h>
{% if uses.capability or uses.misuse %}
#include <procbuf/capability.h>
{% endif %}

{% if uses.panic %}
#include <setjmp.h>
{% endif %}
{% if uses.watch %}
#include <signal.h>
{% endif %}
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
{% if uses.watch %}
#include <sys/mman.h>
#include <ucontext.h>
{% endif %}

/* ---- Memory ---- */

/* The kernel's own part comes first; processes lie behind it, side by side. */
static _Alignas(4096) uint8_t memory[{{ memory_len }}];
#define MEMORY ((procbuf_addr_t)(uintptr_t)memory)
{% for name, offset in places %}
#define {{ name }} (MEMORY + {{ offset }})
{% endfor %}
{% if uses.arrays %}

{% for name, offset in arrays %}
#define {{ name }} (&memory[{{ offset }}])
{% endfor %}
{% endif %}
{% if uses.pattern %}

/* Never 0, and different from its neighbours. */
static uint8_t pattern(size_t at)
{
    return (uint8_t)(1 + at * 37 % 251);
}
{% endif %}
{% if uses.memory %}

/* What memory must hold, and which of it is the library's own business. */
static uint8_t expected[sizeof memory];
static bool is_library_s[sizeof memory];

{% if uses.expect_bytes %}
static void expect_bytes(procbuf_addr_t addr, const char *bytes, size_t len)
{
    memcpy(&expected[addr - MEMORY], bytes, len);
}

{% endif %}
{% if uses.expect_zeros %}
static void expect_zeros(procbuf_addr_t addr, size_t len)
{
    memset(&expected[addr - MEMORY], 0, len);
}

{% endif %}

{% if uses.opaque %}
static void leave_to_library(procbuf_addr_t addr, size_t len)
{
    memset(&is_library_s[addr - MEMORY], true, len);
}

{% endif %}
static void check_memory(void)
{
    for (size_t at = 0; at < sizeof memory; at++)
        cr_assert(is_library_s[at] || memory[at] == expected[at],
                  "byte %zu of memory holds 0x%02x instead of 0x%02x", at, memory[at], expected[at]);
}
{% endif %}
{% if uses.pattern %}

static void make_memory(void)
{
    for (size_t at = 0; at < sizeof memory; at++)
        {{ "memory[at] = expected[at] = pattern(at);" if uses.memory else "memory[at] = pattern(at);" }}
}
{% endif %}
{% if uses.poke %}

/* Userspace writes its own memory. */
static void poke(procbuf_addr_t addr, uint8_t value)
{
    memory[addr - MEMORY] = value;
{% if uses.memory %}
    expected[addr - MEMORY] = value;
{% endif %}
}
{% endif %}
{% if uses.fill %}

/* … all of it. */
static void fill(procbuf_addr_t addr, size_t len, uint8_t seed)
{
    for (size_t i = 0; i < len; i++)
        {{ "memory[addr - MEMORY + i] = expected[addr - MEMORY + i] =" if uses.memory else "memory[addr - MEMORY + i] =" }}
            (uint8_t)(pattern(addr - MEMORY + i) + seed);
}
{% endif %}
{% if uses.watch %}

/* ---- Every access to process memory, one by one ---- */

#if !defined(__linux__) || !defined(__x86_64__)
#error "accesses are watched by closing pages and by single steps, as x86-64 Linux does it"
#endif

enum { KERNEL_LEN = 4096, MAX_RANGES = 40, MAX_FETCHES = 4096 };

struct range {
    procbuf_addr_t start, end;
};
static struct range readable_now[MAX_RANGES], writable_now[MAX_RANGES], open_now[MAX_RANGES];
static unsigned readable_count, writable_count, open_count;
static procbuf_addr_t fetches[MAX_FETCHES];
static unsigned fetch_count;
static bool watching, fetches_may_repeat;
static const char *complaint;
{% if uses.acts %}

static struct act {
    bool done;
    procbuf_addr_t trigger, target;
    uint8_t value;
} acts[8];
static unsigned act_count;
{% endif %}

static bool is_in(procbuf_addr_t addr, const struct range *ranges, unsigned count)
{
    for (unsigned r = 0; r < count; r++)
        if (addr >= ranges[r].start && addr < ranges[r].end)
            return true;
    return false;
}

static bool was_fetched(procbuf_addr_t addr)
{
    for (unsigned f = 0; f < fetch_count; f++)
        if (fetches[f] == addr)
            return true;
    return false;
}

{% if uses.may_read %}
static void may_read(procbuf_addr_t addr, size_t len)
{
    readable_now[readable_count++] = (struct range){ addr, addr + len };
}

{% endif %}
{% if uses.may_write %}
static void may_write(procbuf_addr_t addr, size_t len)
{
    writable_now[writable_count++] = (struct range){ addr, addr + len };
}

{% endif %}

static void protect(int rights)
{
    mprotect(memory + KERNEL_LEN, sizeof memory - KERNEL_LEN, rights);
}

static void judge(procbuf_addr_t addr, bool writing)
{
    if (!is_in(addr, writing ? writable_now : readable_now, writing ? writable_count : readable_count))
        complaint = writing ? "a store that the call does not name" : "a load that the call does not name";
    else if (!is_in(addr, open_now, open_count))
        complaint = "an access outside of an open and a close hook";
    else if (!writing && !fetches_may_repeat && was_fetched(addr))
        complaint = "a byte is fetched twice";
    if (!writing && fetch_count < MAX_FETCHES)
        fetches[fetch_count++] = addr;
}

/* A page that is closed: note who wants what, and let this one instruction through. */
static void on_access(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    const procbuf_addr_t addr = (procbuf_addr_t)(uintptr_t)info->si_addr;
    (void)number;
    if (!watching || addr - MEMORY < KERNEL_LEN || addr - MEMORY >= sizeof memory) {
        signal(SIGSEGV, SIG_DFL); /* a wild access: let it crash */
        return;
    }
    judge(addr, (user->uc_mcontext.gregs[REG_ERR] & 2) != 0);
    protect(PROT_READ | PROT_WRITE);
    user->uc_mcontext.gregs[REG_EFL] |= 0x100;
}

{% if uses.acts %}
/* What the call is yet to fetch changes after that. */
static void act_where_due(bool at_end)
{
    for (unsigned a = 0; a < act_count; a++) {
        struct act *act = &acts[a];
        if (act->done || !was_fetched(act->trigger) ||
            (!at_end && is_in(act->target, readable_now, readable_count) && !was_fetched(act->target)))
            continue;
        memory[act->target - MEMORY] = act->value;
        act->done = true;
    }
}

{% endif %}
static void on_step(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    (void)number, (void)info;
{% if uses.acts %}
    act_where_due(false);
{% endif %}
    if (watching)
        protect(PROT_NONE);
    user->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

static void watch(void)
{
    struct sigaction access = { .sa_sigaction = on_access, .sa_flags = SA_SIGINFO };
    struct sigaction step = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &access, NULL);
    sigaction(SIGTRAP, &step, NULL);
    watching = true;
    protect(PROT_NONE);
}

static void unwatch(void)
{
    watching = false;
    protect(PROT_READ | PROT_WRITE);
{% if uses.acts %}
    act_where_due(true);
    act_count = 0;
{% endif %}
    readable_count = writable_count = fetch_count = 0;
    cr_assert_null(complaint, "%s", complaint);
}

/* Byte by byte, so that each is an access of its own. */
void *memmove(void *to, const void *from, size_t len)
{
    volatile uint8_t *target = to;
    const volatile uint8_t *source = from;
    const bool upwards = (uintptr_t)to <= (uintptr_t)from;
    for (size_t i = 0; i < len; i++)
        target[upwards ? i : len - 1 - i] = source[upwards ? i : len - 1 - i];
    return to;
}

void *memcpy(void *to, const void *from, size_t len)
{
    const uintptr_t a = (uintptr_t)to, b = (uintptr_t)from;
    if (watching && a != b && (a > b ? a - b : b - a) < len)
        complaint = "memcpy between ranges that overlap";
    return memmove(to, from, len);
}

void *memset(void *to, int value, size_t len)
{
    volatile uint8_t *target = to;
    for (size_t i = 0; i < len; i++)
        target[i] = (uint8_t)value;
    return to;
}
{% endif %}

/* ---- The port ---- */
{% if uses.panic %}

static jmp_buf panicked;
static bool panic_expected;
#define PANICS(call)                                                                               \
    do {                                                                                           \
        panic_expected = true;                                                                     \
        if (setjmp(panicked) == 0) {                                                               \
            call;                                                                                  \
            cr_assert_fail("no panic: " #call);                                                    \
        }                                                                                          \
        panic_expected = false;                                                                    \
    } while (0)
{% endif %}
{% if uses.refuse %}

static unsigned requests, refused_request;

/* The port will refuse this request of the next call; 0: none. */
static void refuse(unsigned request)
{
    requests = 0;
    refused_request = request;
}
{% endif %}
{% if uses.foreign %}

/* Another kernel's table: it only knows which of its lives go on. */
static struct procbuf_table foreign_table;
static struct {
    bool live;
    uint64_t identifier;
} foreign[4];

/* It is only asked for lives that there are handles of. */
static bool foreign_is_live(uint32_t index, uint64_t identifier, const void *data)
{
    cr_assert_eq(data, foreign);
    cr_assert({% for index, identifier in foreign_lives %}(index == {{ index }} && identifier == {{ identifier }}){{ " || " if not loop.last }}{% else %}false{% endfor %});
    return index < 4 && foreign[index].live && foreign[index].identifier == identifier;
}
{% endif %}
{% if uses.regions %}

/* What that kernel says of its processes' memory: regions 0 to 3 are those of the first map. */
static struct procbuf_region regions[8];
{% endif %}
{% if uses.maps %}
static struct procbuf_map maps[2];
{% endif %}
{% if uses.lookup %}
static unsigned region_counts[2];
{% if uses.lookup_count %}
static unsigned lookups;
{% endif %}

static bool find_region(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
{% if uses.lookup_count %}
    lookups++;
{% endif %}
    const unsigned map = (unsigned)((const unsigned *)data - region_counts);
    for (unsigned r = 4 * map; r < 4 * map + region_counts[map]; r++) {
        if (regions[r].start <= addr && addr < regions[r].end) {
            *region_out = regions[r];
            return true;
        }
    }
    return false;
}
{% endif %}
{% if uses.lender %}
static struct procbuf_lender lender;
{% endif %}
{% if uses.readonly_slots %}
static struct procbuf_readonly_slot readonly_slots[4];
{% endif %}
{% if uses.readwrite_slots %}
static struct procbuf_readwrite_slot readwrite_slots[4];
{% endif %}
{% if uses.put_pair %}

/* Userspace writes a pair of a vector. */
static void put_pair(procbuf_addr_t vector, size_t index, procbuf_addr_t addr, size_t len)
{
    const struct procbuf_pair pair = { addr, (procbuf_addr_t)len };
    memcpy(&memory[vector - MEMORY + index * sizeof pair], &pair, sizeof pair);
{% if uses.memory %}
    memcpy(&expected[vector - MEMORY + index * sizeof pair], &pair, sizeof pair);
{% endif %}
}
{% endif %}
{% if uses.hook_acts %}

static struct {
    unsigned hook;
    procbuf_addr_t target;
    uint8_t value;
    bool of_life; /* of a foreign process */
} hook_acts[8];
static unsigned hook_act_count, hooks_seen;

/* Userspace writes while the next call is at this hook of its own, counted from 0. */
{% if uses.byte_acts %}
static void at_hook(unsigned hook, procbuf_addr_t target, uint8_t value)
{
    hook_acts[hook_act_count].hook = hook;
    hook_acts[hook_act_count].target = target;
    hook_acts[hook_act_count].of_life = false;
    hook_acts[hook_act_count++].value = value;
    hooks_seen = 0;
}
{% endif %}
{% if uses.life_acts %}
/* … and a foreign process ends, or begins a new life. */
static void foreign_at_hook(unsigned hook, unsigned process)
{
    hook_acts[hook_act_count].hook = hook;
    hook_acts[hook_act_count].target = process;
    hook_acts[hook_act_count++].of_life = true;
    hooks_seen = 0;
}
{% endif %}

static void act_at_hook(void)
{
    for (unsigned a = 0; a < hook_act_count; a++) {
        if (hook_acts[a].hook != hooks_seen)
            continue;
{% if uses.life_acts %}
        if (hook_acts[a].of_life) {
            foreign[hook_acts[a].target].identifier += !foreign[hook_acts[a].target].live;
            foreign[hook_acts[a].target].live = !foreign[hook_acts[a].target].live;
            continue;
        }
{% endif %}
        memory[hook_acts[a].target - MEMORY] = hook_acts[a].value;
    }
    hooks_seen++;
}
{% endif %}

static struct procbuf_table table;
{% if uses.hooks %}

/* The hooks that a call must use, in order. */
enum hook_kind { OPEN, CLOSE, PROTECT, BARRIER };
static struct hook {
    enum hook_kind kind;
    bool part; /* of the range, as the call chooses: its close is of the same */
    procbuf_addr_t addr;
    size_t len;
    enum procbuf_access access;
    struct procbuf_protection told;
} expected_hooks[64];
static struct hook opened; /* last */
static unsigned expected_hook_count, hook_count;
static bool hooks_count;

{% if uses.expect_hook %}
static void expect_hook(struct hook hook)
{
    expected_hooks[expected_hook_count++] = hook;
}

{% endif %}

static void expect_no_more_hooks(void)
{
    cr_assert_eq(hook_count, expected_hook_count, "%u hooks were called, of %u", hook_count,
                 expected_hook_count);
    hooks_count = false;
}

static void take_hook(struct hook hook)
{
    if (!hooks_count || (hook.kind == PROTECT && hook.told.table != &table))
        return;
    cr_assert_lt(hook_count, expected_hook_count, "a hook too many");
    const struct hook *next = &expected_hooks[hook_count++];
    cr_assert_eq(hook.kind, next->kind);
    if (next->part && hook.kind == OPEN)
        cr_assert(hook.addr >= next->addr && hook.addr + hook.len <= next->addr + next->len);
    else if (next->part)
        cr_assert(hook.addr == opened.addr && hook.len == opened.len);
    else
        cr_assert(hook.addr == next->addr && hook.len == next->len);
    cr_assert_eq(hook.access, next->access);
    cr_assert(hook.told.table == next->told.table &&
              hook.told.process_index == next->told.process_index &&
              hook.told.identifier == next->told.identifier);
    cr_assert(hook.told.flash_start == next->told.flash_start &&
              hook.told.flash_protected_end == next->told.flash_protected_end &&
              hook.told.flash_end == next->told.flash_end);
    cr_assert(hook.told.mem_start == next->told.mem_start &&
              hook.told.app_break == next->told.app_break &&
              hook.told.kernel_break == next->told.kernel_break &&
              hook.told.mem_end == next->told.mem_end);
    if (hook.kind == OPEN)
        opened = hook;
}
{% endif %}

{% if uses.skip_swaps %}
/* What was opened last: where a slot counts its swaps, when a buffer that was read from it has been asked for its
 * length. */
static procbuf_addr_t counter_addr;
static size_t counter_len;

/* As many swaps, each for what the slot holds. */
static void add_to_counter(uint64_t count)
{
    uint8_t *at = &memory[counter_addr - MEMORY];
    const bool low_first = *(const uint8_t *)&(const uint16_t){ 1 } == 1;
    unsigned carry = 0;
    for (size_t i = 0; i < counter_len; i++) {
        uint8_t *byte = &at[low_first ? i : counter_len - 1 - i];
        const unsigned sum = *byte + (i < 8 ? (unsigned)(count >> 8 * i & 0xff) : 0) + carry;
        *byte = (uint8_t)sum;
        carry = sum >> 8;
    }
}

{% endif %}
void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
{% if uses.skip_swaps %}
    counter_addr = addr;
    counter_len = len;
{% endif %}
{% if uses.hooks %}
    take_hook((struct hook){ .kind = OPEN, .addr = addr, .len = len, .access = access });
{% endif %}
{% if uses.hook_acts %}
    act_at_hook();
{% endif %}
{% if uses.watch %}
    open_now[open_count++] = (struct range){ addr, addr + len };
{% endif %}
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
{% if uses.hooks %}
    take_hook((struct hook){ .kind = CLOSE, .addr = addr, .len = len, .access = access });
{% endif %}
{% if uses.hook_acts %}
    act_at_hook();
{% endif %}
{% if uses.watch %}
    open_count -= open_count > 0;
{% endif %}
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    (void)protection;
{% if uses.hooks %}
    take_hook((struct hook){ .kind = PROTECT, .told = *protection });
{% endif %}
{% if uses.hook_acts %}
    act_at_hook();
{% endif %}
    return {{ "protection->table != &table || ++requests != refused_request" if uses.refuse else "true" }};
}

void procbuf_port_barrier(void)
{
{% if uses.hooks %}
    take_hook((struct hook){ .kind = BARRIER });
{% endif %}
{% if uses.hook_acts %}
    act_at_hook();
{% endif %}
}

void procbuf_port_panic(const char *message)
{
{% if uses.panic %}
    if (panic_expected)
        longjmp(panicked, 1);
{% endif %}
    cr_assert_fail("panic: %s", message);
    for (;;)
        ;
}

{% if uses.kept %}
/* ---- Results of calls that are refused ---- */

static uint8_t kept[64];
#define KEEP(place) memcpy(kept, &(place), sizeof(place))
#define MUST_BE_KEPT(place) cr_assert_arr_eq((const uint8_t *)&(place), kept, sizeof(place))

{% endif %}
/* ---- The kernel ---- */

static struct procbuf_process processes[{{ slots }}{% if uses.slot_beyond %} + 1{% endif %}];{% if uses.slot_beyond %} /* one more than the table is told of */{% endif %}

{% if uses.grants %}
static struct procbuf_grant_entry grants[{{ slots }} * {{ grants }}];
{% endif %}
{% for number in used.p %}
static struct procbuf_process *const p{{ number }} = &processes[{{ number }}];
{% endfor %}
{% if used.o %}
static struct procbuf_readonly ro[{{ used.o|max + 1 }}] = { PROCBUF_READONLY_DEFAULT };
{% endif %}
{% if used.w %}
static struct procbuf_readwrite rw[{{ used.w|max + 1 }}] = { PROCBUF_READWRITE_DEFAULT };
{% endif %}
{% for number in used.r %}
static struct procbuf_readable s{{ number }};
{% endfor %}
{% for number in used.s %}
static struct procbuf_writable ws{{ number }};
{% endfor %}
{% for number in used.d %}
static struct procbuf_id id{{ number }};
{% endfor %}
{% for number in used.v %}
static struct procbuf_driver driver{{ number }};
{% endfor %}
{% if uses.reader %}
static struct procbuf_reader reader;
{% endif %}
{% if uses.writer %}
static struct procbuf_writer writer;
{% endif %}
{% if uses.grant %}
static const struct procbuf_grant *grant; /* the one that is entered, innermost */
{% endif %}
{% for name, type in variables %}
static {{ type }} {{ name }};
{% endfor %}
{% if uses.capability %}
PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);
{% endif %}
{% if uses.misuse %}

/* ---- A kernel apart, and its mistakes ---- */

{{ mistakes }}
{% endif %}
{% if uses.other %}

/* Another table of this kernel, and its one process, which has no memory that the library touches. */
static struct procbuf_table other_table;
static struct procbuf_process other_process;

static void make_other(void)
{
    const struct procbuf_process_config config = { .flash_start = FOREIGN, .mem_start = FOREIGN };
    struct procbuf_process *process;
    procbuf_table_init(&other_table, &other_process, 1);
    cr_assert_eq(procbuf_process_create(&other_table, &config, &process), PROCBUF_OK);
}
{% endif %}

static void create(uint32_t slot, struct procbuf_process_config config)
{
    struct procbuf_process *process = NULL;
    cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_OK);
    cr_assert_eq(process, &processes[slot]);
}
{% if uses.declare %}

/* A driver whose grant is of this length: behind its slots come data. */
static void declare(struct procbuf_driver *driver, struct procbuf_driver_config config, size_t len)
{
    config.data_len = len - procbuf_grant_len(&config);
    procbuf_driver_init(driver, &config);
}
{% endif %}
{% if uses.allow %}

static void expect_allow(struct procbuf_allow_result result, enum procbuf_error code,
                         procbuf_addr_t answer_addr, size_t answer_len)
{
    cr_assert_eq(result.code, code, "%s instead of %s", procbuf_error_name(result.code),
                 procbuf_error_name(code));
    cr_assert_eq(result.addr, answer_addr);
    cr_assert_eq(result.len, answer_len);
}
{% endif %}
{% if uses.accept %}

/* A driver that is asked with what was passed, and keeps what it is handed, or rejects it with a code. */
struct decision {
    const struct procbuf_process *process;
    uint32_t number;
    procbuf_addr_t addr;
    size_t len;
    struct procbuf_readwrite *held;
    enum procbuf_error code;
    void (*body)(void); /* what the driver does before it answers; null: nothing */
};
{% for number in used.v %}
static struct procbuf_readwrite held{{ number }} = PROCBUF_READWRITE_DEFAULT;
{% endfor %}

static enum procbuf_error accept(struct procbuf_id id, uint32_t number,
                                 struct procbuf_readwrite *buffer, void *data)
{
    const struct decision *decision = data;
    cr_assert_eq(procbuf_table_lookup(&table, id), decision->process);
    cr_assert_eq(number, decision->number);
    cr_assert_eq(procbuf_readwrite_len(buffer), decision->len);
    cr_assert_eq(procbuf_readwrite_addr(buffer), decision->len == 0 ? 0 : decision->addr);
    if (decision->body != NULL)
        decision->body();
    if (decision->code == PROCBUF_OK) {
        const struct procbuf_readwrite old = *decision->held;
        *decision->held = *buffer;
        *buffer = old;
    } else {
        *buffer = procbuf_readwrite_default(); /* it counts for nothing now */
    }
    return decision->code;
}
{% endif %}
{% if uses.expect_slice %}

static void expect_slice(const uint8_t *base, size_t actual_len, procbuf_addr_t start, size_t expected_len)
{
    cr_assert_eq(actual_len, expected_len, "a slice of %zu bytes instead of %zu", actual_len, expected_len);
    cr_assert_eq((procbuf_addr_t)(uintptr_t)base, start, "a slice that begins %td bytes away",
                 (ptrdiff_t)((procbuf_addr_t)(uintptr_t)base - start));
}
{% endif %}
{% if uses.expect_empty %}

/* Of no bytes: its base is the library's own, not what the process passed. */
static void expect_empty(const uint8_t *base, size_t actual_len, procbuf_addr_t passed)
{
    cr_assert_eq(actual_len, 0);
    cr_assert_not_null(base);
    cr_assert((procbuf_addr_t)(uintptr_t)base != passed &&
              (procbuf_addr_t)(uintptr_t)base - MEMORY >= sizeof memory,
              "the slice of an empty buffer begins where the process said");
}
{% endif %}
{% if uses.state %}

struct expected_process {
    enum procbuf_state_kind state, stopped_from;
    uint32_t yielded_for, restarts, code;
    enum procbuf_completion completion;
    procbuf_addr_t app_break, kernel_break, mark;
};

static void expect_process(const struct procbuf_process *process, struct expected_process is)
{
    const struct procbuf_state state = procbuf_process_state(process);
    const uint32_t untold = 0x5a5a5a5a;
    uint32_t code = untold;
    cr_assert_eq(state.kind, is.state);
    cr_assert_eq(state.stopped_from, is.stopped_from);
    cr_assert_eq(state.yielded_for, is.yielded_for);
    cr_assert_eq(procbuf_process_is_active(process), is.state != PROCBUF_STATE_FAULTED &&
                                                         is.state != PROCBUF_STATE_TERMINATED);
    cr_assert_eq(procbuf_process_completion(process, &code), is.completion);
    cr_assert_eq(code, is.completion == PROCBUF_COMPLETION_WITH_CODE ? is.code : untold);
    cr_assert_eq(procbuf_process_restart_count(process), is.restarts);
    cr_assert_eq(procbuf_process_app_break(process), is.app_break);
    cr_assert_eq(procbuf_process_kernel_break(process), is.kernel_break);
    cr_assert_eq(procbuf_process_mark(process), is.mark);
}
{% endif %}
{% for name in never %}

static void never_{{ name }}({{ never[name] }}, void *data)
{
    (void){{ "entered" if name == "grant" else "slice" }}, (void)data;
    cr_assert_fail("the body of a dead buffer ran");
}
{% endfor %}

/* ---- The program ---- */
{% for body in bodies %}

{{ body }}
{%- endfor %}

{% if programs|length > 1 %}
/* The next program begins as the first one did: all but what the library keeps is forgotten. */
static void forget(void)
{
{% if used.o %}
    for (unsigned i = 0; i < sizeof ro / sizeof ro[0]; i++)
        ro[i] = procbuf_readonly_default();
{% endif %}
{% if used.w %}
    for (unsigned i = 0; i < sizeof rw / sizeof rw[0]; i++)
        rw[i] = procbuf_readwrite_default();
{% endif %}
{% for number in used.d %}
    memset(&id{{ number }}, 0, sizeof id{{ number }});
{% endfor %}
{% if uses.reader %}
    memset(&reader, 0, sizeof reader);
{% endif %}
{% if uses.writer %}
    memset(&writer, 0, sizeof writer);
{% endif %}
{% if uses.accept %}
{% for number in used.v %}
    held{{ number }} = procbuf_readwrite_default();
{% endfor %}
{% endif %}
{% if uses.foreign %}
    memset(foreign, 0, sizeof foreign);
{% endif %}
{% if uses.regions %}
    memset(regions, 0, sizeof regions);
{% endif %}
{% if uses.maps %}
    memset(maps, 0, sizeof maps);
{% endif %}
{% if uses.readonly_slots %}
    memset(readonly_slots, 0, sizeof readonly_slots);
{% endif %}
{% if uses.readwrite_slots %}
    memset(readwrite_slots, 0, sizeof readwrite_slots);
{% endif %}
{% if uses.refuse %}
    refuse(0);
{% endif %}
{% if uses.opaque %}
    memset(is_library_s, 0, sizeof is_library_s);
{% endif %}
}

{% for program in programs %}
static void program_{{ loop.index }}(void)
{
    forget();
{{ program -}}
}

{% endfor %}
{% endif %}
Test(found, {{ name }}, .timeout = 10)
{
{% if programs|length > 1 %}
{% for program in programs %}
    program_{{ loop.index }}();
{% endfor %}
{% else %}
{{ programs[0] -}}
{% endif %}
}
