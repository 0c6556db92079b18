/* What C tests of findings need in addition to their programs: ./fuzz/repro --emit-test takes over what a program uses.
 *
 * A definition of one line is taken if its name is used; the rest of a paragraph if one of its names is, or if it defines
 * none. Names in brackets, before a paragraph or after a line, say what else must use one of them or, after a !, must not. */

/* [watch] */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* [private_] */
#define PROCBUF_IMPLEMENTATION /* to wind a counter forward: no one waits for 2^64 lives */

#include <criterion/criterion.h>
#include <procbuf.h>
#include <procbuf/capability.h> /* [capability|make_mistake] */
#include <setjmp.h> /* [PANICS|make_mistake] */
#include <signal.h> /* [watch] */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h> /* [watch] */
#include <ucontext.h> /* [watch] */

/* ---- Memory ---- */

/* The kernel's own arrays come first and last; processes are between them, side by side. */
enum { PROCESSES = 4096, PROCESSES_END = 544768, MEMORY_LEN = 1138688 };
static _Alignas(131072) uint8_t memory[MEMORY_LEN]; /* grants have alignments up to that */
#define MEMORY ((procbuf_addr_t)(uintptr_t)memory)
#define FOREIGN (MEMORY + 17408)
#define KERNEL_IN (&memory[64])
#define KERNEL_OUT (&memory[1408])
#define KERNEL_SCRATCH (&memory[2496])
#define LARGE_IN (&memory[544768])
#define LARGE_OUT (&memory[741632])
#define LARGE_SCRATCH (&memory[938240])

/* [check_memory] */
/* What it must hold, and which of it is the library's own business. */
static uint8_t expected[sizeof memory];
static bool is_library_s[sizeof memory];
#define expect_bytes(addr, bytes, len) memcpy(&expected[(addr) - MEMORY], bytes, len)
#define expect_all(addr, byte, len) memset(&expected[(addr) - MEMORY], byte, len)
#define expect_copy(to, from, len)                                                                 \
    memmove(&expected[(to) - MEMORY], &expected[(from) - MEMORY], len)
#define leave_to_library(addr, len) memset(&is_library_s[(addr) - MEMORY], true, len)

static void check_memory(void)
{
    for (size_t at = 0; at < sizeof memory; at++)
        cr_assert(is_library_s[at] || memory[at] == expected[at],
                  "byte %zu holds 0x%02x instead of 0x%02x", at, memory[at], expected[at]);
}

/* Userspace writes a byte … */
static void poke(procbuf_addr_t addr, uint8_t value)
{
    memory[addr - MEMORY] = value;
    expected[addr - MEMORY] = value; /* [check_memory] */
}

/* … or many: never 0, and different from their neighbours. */
static void fill(procbuf_addr_t addr, size_t len, uint8_t seed)
{
    for (; len > 0; addr++, len--)
        poke(addr, (uint8_t)(1 + (addr - MEMORY) * 37 % 251 + seed));
}

/* Userspace writes a pair of a vector. */
static void put_pair(procbuf_addr_t vector, size_t index, procbuf_addr_t addr, size_t len)
{
    const struct procbuf_pair pair = { addr, (procbuf_addr_t)len };
    for (size_t i = 0; i < sizeof pair; i++)
        poke(vector + index * sizeof pair + i, ((const uint8_t *)&pair)[i]);
}

static void put_pairs(procbuf_addr_t vector, size_t count, procbuf_addr_t addr, size_t len)
{
    for (size_t i = 0; i < count; i++)
        put_pair(vector, i, addr, len);
}

/* It writes during the next call: at its hook of this number, from 0, or when this byte has been fetched. */
static struct act {
    bool at_hook, done;
    procbuf_addr_t trigger, target;
    uint32_t value;
} acts[8];
static unsigned act_count;
static unsigned hooks_seen;
#define when_fetched(...) (acts[act_count++] = (struct act){ false, false, __VA_ARGS__ })
#define at_hook(...) (hooks_seen = 0, acts[act_count++] = (struct act){ true, false, __VA_ARGS__ })
#define foreign_at_hook(hook, index) at_hook(hook, 0, index)

/* [watch] */
/* ---- Every access to process memory, one by one ---- */

/* [watch] */
#if !defined(__linux__) || !defined(__x86_64__)
#error "accesses are watched by closing pages and by single steps, as x86-64 Linux does it"
#endif

enum { READ = 1, WRITE = 2, FETCHED = 4 };
static uint8_t marks[sizeof memory]; /* of each byte: what the call may do, and has done */
static bool watching;
static bool fetches_may_repeat;
static const char *complaint;

static void permit(uint8_t what, procbuf_addr_t addr, size_t len)
{
    for (size_t i = 0; i < len; i++)
        marks[addr - MEMORY + i] |= what;
}

/* What the call is yet to fetch changes after that. */
static void act_where_due(bool at_end)
{
    for (struct act *act = acts; act < acts + act_count; act++) {
        if (act->at_hook || act->done || (marks[act->trigger - MEMORY] & FETCHED) == 0 ||
            (!at_end && (marks[act->target - MEMORY] & (READ | FETCHED)) == READ))
            continue;
        memory[act->target - MEMORY] = (uint8_t)act->value;
        act->done = true;
    }
}

static void protect(int rights)
{
    mprotect(memory + PROCESSES, PROCESSES_END - PROCESSES, rights);
}

static uint8_t windows[sizeof memory]; /* of each byte: how many are open */

static void turn_window(bool opens, size_t at, size_t len)
{
    for (; len > 0 && at < sizeof memory; at++, len--)
        windows[at] += opens ? 1 : -1;
}

/* A page that is closed: note who wants what, and let this one instruction through. */
static void on_access(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const size_t at = (size_t)((uintptr_t)info->si_addr - MEMORY);
    const bool writing = (registers[REG_ERR] & 2) != 0;
    if (!watching || at < PROCESSES || at >= PROCESSES_END) {
        signal(number, SIG_DFL); /* a wild access: let it crash */
        return;
    }
    if ((marks[at] & (writing ? WRITE : READ)) == 0)
        complaint =
            writing ? "a store that the call does not name" : "a load that the call does not name";
    else if (windows[at] == 0)
        complaint = "an access outside of an open and a close hook";
    else if (!writing && !fetches_may_repeat && (marks[at] & FETCHED) != 0)
        complaint = "a byte is fetched twice";
    marks[at] |= writing ? 0 : FETCHED;
    protect(PROT_READ | PROT_WRITE);
    registers[REG_EFL] |= 0x100;
}

static void on_step(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    act_where_due(false); /* [when_fetched] */
    if (watching)
        protect(PROT_NONE);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100;
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
    watching = fetches_may_repeat = false;
    protect(PROT_READ | PROT_WRITE);
    act_where_due(true); /* [when_fetched] */
    memset(marks, 0, sizeof marks);
    cr_assert_null(complaint, "%s", complaint);
}

/* [watch] */
/* Byte by byte, so that each is an access of its own. */
void *memmove(void *to, const void *from, size_t len)
{
    const bool upwards = (uintptr_t)to <= (uintptr_t)from;
    for (size_t i = 0; i < len; i++)
        ((volatile uint8_t *)to)[upwards ? i : len - 1 - i] =
            ((const volatile uint8_t *)from)[upwards ? i : len - 1 - i];
    return to;
}

/* [watch] */
void *memcpy(void *to, const void *from, size_t len)
{
    const uintptr_t a = (uintptr_t)to, b = (uintptr_t)from;
    if (watching && a != b && (a > b ? a - b : b - a) < len)
        complaint = "memcpy between ranges that overlap";
    return memmove(to, from, len);
}

/* [watch] */
void *memset(void *to, int value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((volatile uint8_t *)to)[i] = (uint8_t)value;
    return to;
}

/* ---- The port ---- */

static struct procbuf_table table;

static jmp_buf panicked;
static bool panic_expected;
#define PANICS(call)                                                                               \
    do {                                                                                           \
        panic_expected = true;                                                                     \
        if (setjmp(panicked) == 0) {                                                               \
            (void)(call);                                                                          \
            cr_assert_fail("no panic: " #call);                                                    \
        }                                                                                          \
        panic_expected = false;                                                                    \
    } while (0)

/* The processes before those of the program are made. */
static bool is_making_many;

/* The port will refuse this request of the next call; 0: none. */
static unsigned requests;
static unsigned refused_request;
#define refuse(request) (requests = 0, refused_request = (request))

/* Another kernel's table: which lives go on, and, a bit for each, which there are handles of. */
static struct procbuf_table foreign_table;
static struct {
    bool live;
    uint64_t identifier, handles;
} foreign[4];

/* Places of foreign processes in their table. Identifiers of their lives are the same in 32 bits. */
static const uint32_t far[4] = { 65534, 65535, 65790, 131070 };
#define far_identifier(identifier) ((identifier) << 32 | 7)

static bool foreign_is_live(uint32_t place, uint64_t number, const void *data)
{
    const uint32_t index = place; /* [!begin_many] */
    const uint64_t identifier = number; /* [!begin_many] */
    const uint64_t identifier = number >> 32; /* [begin_many] */
    uint32_t index = 0; /* [begin_many] */
    while (index < 4 && far[index] != place) /* [begin_many] */
        index++; /* [begin_many] */
    cr_assert(index < 4 && number == far_identifier(identifier)); /* [begin_many] */
    cr_assert(data == foreign && (foreign[index].handles >> identifier & 1) != 0);
    return foreign[index].live && foreign[index].identifier == identifier;
}

/* A foreign process ends, or begins a new life. */
static void turn_life(uint32_t index)
{
    foreign[index].identifier += !foreign[index].live;
    foreign[index].live = !foreign[index].live;
}

/* What a hook is passed: of OPEN and CLOSE an address, a length and an access. */
enum { OPEN = 1, CLOSE, PROTECT, BARRIER };
typedef uint64_t numbers[12];
static numbers opened; /* last */

/* The hooks that a call must use, in order; with ANY_PART of a range, which the call then closes. */
enum { ANY_PART = 8 };
static numbers expected_hooks[64];
static unsigned expected_hook_count;
static unsigned hook_count;
static bool hooks_count;
#define expect_hooks(...)                                                                          \
    do {                                                                                           \
        const numbers hooks[] = { { 0 }, __VA_ARGS__ };                                            \
        memcpy(expected_hooks, hooks, sizeof hooks);                                               \
        expected_hook_count = sizeof hooks / sizeof hooks[0];                                      \
        hook_count = 1;                                                                            \
        hooks_count = true;                                                                        \
    } while (0)

static void expect_no_more_hooks(void)
{
    cr_assert_eq(hook_count, expected_hook_count, "a hook is missing");
    hooks_count = false;
}

static void take_hook(const uint64_t *hook)
{
    cr_assert_lt(hook_count, expected_hook_count, "a hook too many");
    uint64_t *must_be = expected_hooks[hook_count++];
    if (must_be[0] == (ANY_PART | OPEN))
        cr_assert(hook[1] >= must_be[1] && hook[1] + hook[2] <= must_be[1] + must_be[2]);
    if (must_be[0] > ANY_PART)
        memcpy(&must_be[1], hook[0] == OPEN ? &hook[1] : &opened[1], 2 * sizeof hook[0]);
    must_be[0] &= ANY_PART - 1;
    for (unsigned n = 0; n < sizeof(numbers) / sizeof hook[0]; n++)
        cr_assert_eq(hook[n], must_be[n], "hook %u is not as it must be", hook_count - 1);
}

static void act_at_hook(void)
{
    for (struct act *act = acts; act < acts + act_count; act++)
        if (act->at_hook && act->trigger == hooks_seen && act->target != 0)
            memory[act->target - MEMORY] = (uint8_t)act->value;
        else if (act->at_hook && act->trigger == hooks_seen) /* [foreign_at_hook] */
            turn_life(act->value); /* [foreign_at_hook] */
    hooks_seen++;
}

/* [expect_hooks|at_hook|foreign_at_hook|watch|add_to_counter] */
static void on_hook(const numbers hook)
{
    if (hooks_count) /* [expect_hooks] */
        take_hook(hook); /* [expect_hooks] */
    if (hook[0] == OPEN)
        memcpy(opened, hook, sizeof opened);
    act_at_hook(); /* [at_hook|foreign_at_hook] */
    if (hook[0] < PROTECT) /* [watch] */
        turn_window(hook[0] == OPEN, hook[1] - MEMORY, hook[2]); /* [watch] */
}

static void on_protect(const struct procbuf_protection *protection)
{
    on_hook((numbers){ PROTECT, protection->process_index, protection->identifier,
                       protection->flash_start, protection->flash_protected_end,
                       protection->flash_end, protection->mem_start, protection->app_break,
                       protection->kernel_break, protection->mem_end });
}

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
    on_hook((numbers){ OPEN, addr, len, access }); /* [on_hook] */
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
    on_hook((numbers){ CLOSE, addr, len, access }); /* [on_hook] */
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    (void)protection;
    if (protection->table != &table) /* [on_hook|refuse] */
        return true; /* [on_hook|refuse] */
    if (is_making_many) /* [begin_many] */
        return true; /* [begin_many] */
    on_protect(protection); /* [on_hook] */
    if (++requests == refused_request) /* [refuse] */
        return false; /* [refuse] */
    return true;
}

void procbuf_port_barrier(void)
{
    on_hook((numbers){ BARRIER }); /* [on_hook] */
}

void procbuf_port_panic(const char *message)
{
    if (panic_expected) /* [PANICS] */
        longjmp(panicked, 1); /* [PANICS] */
    cr_assert_fail("panic: %s", message);
    for (;;)
        ;
}

/* ---- The kernel ---- */

static struct procbuf_process processes[9]; /* one more than any table has */ /* [!begin_many] */
/* A large table: processes without memory come before those of the program. */ /* [begin_many] */
static struct procbuf_process many[254 + 9];
static struct procbuf_grant_entry many_grants[(254 + 8) * 300];
#define processes (&many[254]) /* [begin_many] */
static struct procbuf_grant_entry grants[8 * 4];
static struct procbuf_readonly ro[8];
static struct procbuf_readwrite rw[8];
static struct procbuf_readable s[8];
static struct procbuf_writable ws[8];
static struct procbuf_id id[8];
static struct procbuf_driver drivers[4];
static struct procbuf_readwrite held[4];
static struct procbuf_readonly_slot readonly_slots[4];
static struct procbuf_readwrite_slot readwrite_slots[4];
static struct procbuf_reader reader;
static struct procbuf_writer writer;
static const struct procbuf_grant *grant;
static struct procbuf_lender lender;
#define lent_by(how) (lender = (how), &lender)
static struct procbuf_lender kept_lender;
PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

/* What calls give in addition to their answers. */
static struct {
    struct procbuf_process *process;
    procbuf_addr_t addr, old_break;
    size_t len, index, failed;
    struct procbuf_pair pair;
    uint32_t number;
    int order;
    uint8_t byte;
    uint16_t le16, be16;
    uint32_t le32, be32;
    uint64_t le64, be64;
    struct procbuf_iter iter;
    struct procbuf_readable readable;
    struct procbuf_writable writable;
    struct procbuf_readable_chunks readable_chunks;
    struct procbuf_writable_chunks writable_chunks;
    struct procbuf_readable_elements readable_elements;
    struct procbuf_writable_elements writable_elements;
} told;

/* What a process ended with; if it has no code, what was there stays. */
static uint32_t ended_with;
#define UNTOLD 0x5a5a5a5a

/* A call that is refused gives nothing. */
static uint8_t kept[64];
#define KEEP(place) memcpy(kept, &(place), sizeof(place))
#define MUST_BE_KEPT(place) cr_assert_arr_eq((const uint8_t *)&(place), kept, sizeof(place))

/* As many swaps of the slot that a buffer was read from, each for what it holds. Where a grant's are counted was opened last,
 * when it was looked at. */
static void add_to_counter(const struct procbuf_buffer_private *buffer, uint64_t count)
{
    if (buffer->id.process == NULL) {
        ((struct procbuf_slot_private *)buffer->slot_addr)->swaps += count;
        return;
    }
    const bool low_first = *(const uint8_t *)&(const uint16_t){ 1 } == 1;
    for (size_t i = 0, carry = 0; i < opened[2]; i++) {
        uint8_t *byte = &memory[opened[1] - MEMORY + (low_first ? i : opened[2] - 1 - i)];
        carry += *byte + (i < 8 ? count >> 8 * i & 0xff : 0);
        *byte = (uint8_t)carry;
        carry >>= 8;
    }
}

/* [make_mistake] */
#include "../machine/mistakes.h"

static void begin_foreign(void)
{
    memset(foreign, 0, sizeof foreign);
    procbuf_table_init_external(&foreign_table, foreign_is_live, foreign);
}

static struct procbuf_id foreign_id(uint32_t index)
{
    const uint64_t life = foreign[index].identifier;
    const uint32_t place = index; /* [!begin_many] */
    const uint32_t place = far[index]; /* [begin_many] */
    const uint64_t number = life; /* [!begin_many] */
    const uint64_t number = far_identifier(life); /* [begin_many] */
    foreign[index].handles |= UINT64_C(1) << life;
    return procbuf_id_new_external(&foreign_table, place, number, &capability);
}

/* What that kernel says of its processes' memory: regions 0 to 3 are those of the first map. */
static struct procbuf_region regions[8];
static struct procbuf_map maps[2];
static unsigned region_counts[2];
static unsigned lookups;

static bool find_region(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    const unsigned map = (unsigned)((const unsigned *)data - region_counts);
    lookups++; /* [lookups] */
    for (unsigned r = 4 * map; r < 4 * map + region_counts[map]; r++) {
        if (regions[r].start > addr || regions[r].end <= addr)
            continue;
        *region_out = regions[r];
        return true;
    }
    return false;
}

/* [find_piece|in_pieces] */
#include "../machine/pieces.h"

/* The same, of a piece. */
static procbuf_addr_t piece_lens[2];
static bool find_piece(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    const unsigned map = (unsigned)((const unsigned *)data - region_counts);
    const bool is_found = find_region(addr, region_out, data);
    if (is_found)
        *region_out = piece_with(region_out, addr, piece_lens[map]);
    return is_found;
}

/* A map of the first regions of this one, as they are now. */
static struct procbuf_map in_pieces(unsigned map, size_t count, size_t len)
{
    static struct procbuf_region pieces[2][4 * MOST_PIECES];
    struct procbuf_region *end = pieces[map] + 4 * MOST_PIECES;
    count = cut(&regions[4 * map], count, len, end);
    return procbuf_map_of_regions(end - count, count, &capability);
}

static void create(struct procbuf_table *in, struct procbuf_process *slot,
                   struct procbuf_process_config config)
{
    struct procbuf_process *process = NULL;
    cr_assert_eq(procbuf_process_create(in, &config, &process), PROCBUF_OK);
    cr_assert_eq(process, slot);
}

/* Another table of this kernel, and its one process, which has no memory that the library touches. */
static struct procbuf_table other_table;
static struct procbuf_process other_process;

static void begin_other(void)
{
    procbuf_table_init(&other_table, &other_process, 1);
    create(&other_table, &other_process, (struct procbuf_process_config){ .mem_start = FOREIGN });
}

/* A kernel whose table has so many slots, and memory as new. */
static void begin(uint32_t slots)
{
    fill(MEMORY, sizeof memory, 0);
    memset(is_library_s, false, sizeof is_library_s); /* [check_memory] */
    memset(processes, 0xa5, 9 * sizeof processes[0]); /* nothing is zero by luck */
    memset(grants, 0xa5, sizeof grants);
    begin_foreign(); /* [foreign|foreign_table] */
    procbuf_table_init(&table, processes, 8); /* all are empty */
    procbuf_table_init(&table, processes, slots);
    procbuf_table_use_grants(&table, grants, 4);
    begin_other(); /* [other_table|other_process] */
}

/* The same with a large table. */
static void begin_many(uint32_t slots)
{
    begin(slots);
    memset(many_grants, 0xa5, sizeof many_grants);
    procbuf_table_init(&table, many, 254 + slots);
    procbuf_table_use_grants(&table, many_grants, 300);
    is_making_many = true;
    for (unsigned i = 0; i < 254; i++)
        create(&table, &many[i], (struct procbuf_process_config){ .mem_start = FOREIGN });
    is_making_many = false;
}

/* A driver whose grant is of this length: after its slots come data. */
static void declare(struct procbuf_driver *place, struct procbuf_driver_config config, size_t len)
{
    config.data_len = len - procbuf_grant_len(&config);
    procbuf_driver_init(place, &config);
}

/* Copies of registers in turn. */
static struct procbuf_readonly *readonly_in_turn(const struct procbuf_readonly *first,
                                                 size_t copied, size_t count)
{
    static struct procbuf_readonly row[300];
    for (size_t n = 0; n < count; n++)
        row[n] = ro[((size_t)(first - ro) + n % copied) % 8];
    return row;
}

/* Copies of registers in turn. */
static struct procbuf_readwrite *readwrite_in_turn(const struct procbuf_readwrite *first,
                                                   size_t copied, size_t count)
{
    static struct procbuf_readwrite row[300];
    for (size_t n = 0; n < count; n++)
        row[n] = rw[((size_t)(first - rw) + n % copied) % 8];
    return row;
}

/* What a long vector is built into: registers from this one on, and more past the last. */
static struct procbuf_readonly readonly_row[300];
static struct procbuf_readonly *row_of_readonly(const struct procbuf_readonly *first)
{
    memset(readonly_row, 0, sizeof readonly_row);
    memcpy(readonly_row, first, (size_t)(ro + 8 - first) * sizeof *first);
    return readonly_row;
}

static void keep_readonly(struct procbuf_readonly *first)
{
    memcpy(first, readonly_row, (size_t)(ro + 8 - first) * sizeof *first);
}

/* What a long vector is built into: registers from this one on, and more past the last. */
static struct procbuf_readwrite readwrite_row[300];
static struct procbuf_readwrite *row_of_readwrite(const struct procbuf_readwrite *first)
{
    memset(readwrite_row, 0, sizeof readwrite_row);
    memcpy(readwrite_row, first, (size_t)(rw + 8 - first) * sizeof *first);
    return readwrite_row;
}

static void keep_readwrite(struct procbuf_readwrite *first)
{
    memcpy(first, readwrite_row, (size_t)(rw + 8 - first) * sizeof *first);
}

/* How long the data of a grant are. Returns: false if it is too long. */
static bool len_of_data(struct procbuf_driver_config config, size_t *len_out)
{
    const size_t len = procbuf_grant_len(&config);
    config.data_len = 0;
    *len_out = len - procbuf_grant_len(&config);
    return len != SIZE_MAX;
}

static void expect_allow(struct procbuf_allow_result result, enum procbuf_error code,
                         procbuf_addr_t passed_addr, size_t passed_len)
{
    cr_assert_eq(result.code, code, "%s instead of %s", procbuf_error_name(result.code),
                 procbuf_error_name(code));
    cr_assert(result.addr == passed_addr && result.len == passed_len, "another range");
}

/* A driver that is asked with what was passed, and keeps what it is handed, or rejects it with a code. */
struct decision {
    const struct procbuf_process *process;
    uint32_t number;
    procbuf_addr_t addr;
    size_t len;
    struct procbuf_readwrite *keeps;
    enum procbuf_error code;
    void (*body)(void); /* what the driver does before it answers; null: nothing */
};

static void ignore(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
}

static enum procbuf_error accept(struct procbuf_id of, uint32_t number,
                                 struct procbuf_readwrite *buffer, void *data)
{
    const struct decision *decision = data;
    cr_assert(procbuf_table_lookup(&table, of) == decision->process && number == decision->number);
    cr_assert_eq(procbuf_readwrite_len(buffer), decision->len);
    cr_assert_eq(procbuf_readwrite_addr(buffer), decision->len == 0 ? 0 : decision->addr);
    if (decision->len == 0)
        cr_assert_eq(procbuf_readwrite_enter(buffer, ignore, NULL), PROCBUF_OK);
    if (decision->body != NULL)
        decision->body();
    const struct procbuf_readwrite offered = *buffer;
    const bool takes = decision->code == PROCBUF_OK;
    *buffer = takes ? *decision->keeps : procbuf_readwrite_default(); /* which counts for nothing */
    if (takes)
        *decision->keeps = offered;
    return decision->code;
}

static void expect_slice(const uint8_t *base, size_t len, procbuf_addr_t start, size_t is_len)
{
    cr_assert_eq(len, is_len, "a slice of %zu bytes instead of %zu", len, is_len);
    cr_assert_eq((uintptr_t)base, start, "a slice that begins %td bytes away",
                 (ptrdiff_t)((uintptr_t)base - start));
}

/* Of no bytes: its base is the library's own, not what the process passed. */
static void expect_empty(const uint8_t *base, size_t len, procbuf_addr_t passed)
{
    cr_assert(len == 0 && base != NULL && (uintptr_t)base != passed, "not an empty slice");
    cr_assert_geq((uintptr_t)base - MEMORY, sizeof memory, "its base is the process's");
}

/* ---- The program ---- */
