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

/* Userspace writes so many pairs of a vector, from this one on. */
static void put_pairs(procbuf_addr_t vector, size_t first, size_t count, procbuf_addr_t addr,
                      size_t len)
{
    const struct procbuf_pair pair = { addr, (procbuf_addr_t)len };
    for (size_t i = 0; i < count * sizeof pair; i++)
        poke(vector + first * sizeof pair + i, ((const uint8_t *)&pair)[i % sizeof pair]);
}

/* It writes during the next call: at its hook of this number, from 0, or when this byte has been fetched. */
static struct act {
    bool at_hook, done;
    procbuf_addr_t trigger, target;
    uint32_t value;
} acts[8];
static unsigned act_count;
#define when_fetched(...) (acts[act_count++] = (struct act){ false, false, __VA_ARGS__ })
#define at_hook(...) (hook_count = 0, acts[act_count++] = (struct act){ true, false, __VA_ARGS__ })
#define foreign_at_hook(hook, index) at_hook(hook, 0, index)

/* [watch] */
/* ---- Every access to process memory, one by one ---- */
#if !defined(__linux__) || !defined(__x86_64__)
#error "accesses are watched by closing pages and by single steps, as x86-64 Linux does it"
#endif

enum { READ = 1, WRITE = 2, FETCHED = 4 };
static uint8_t marks[sizeof memory]; /* of each byte: what the call may do, and has done */
static uint8_t windows[sizeof memory]; /* … and how many are open there */
static bool watching, fetches_may_repeat;
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

/* A page that is closed: note who wants what, and let this one instruction through. */
static void on_access(size_t at, bool writing, greg_t *registers)
{
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

static void on_signal(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const size_t at = (size_t)((uintptr_t)info->si_addr - MEMORY);
    if (number == SIGTRAP) { /* the instruction is done */
        act_where_due(false); /* [when_fetched] */
        if (watching)
            protect(PROT_NONE);
        registers[REG_EFL] &= ~0x100;
    } else if (watching && at >= PROCESSES && at < PROCESSES_END) {
        on_access(at, (registers[REG_ERR] & 2) != 0, registers);
    } else {
        signal(number, SIG_DFL); /* a wild access: let it crash */
    }
}

static void watch(void)
{
    const struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
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
static unsigned first_place; /* in it, of the program's processes */

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

/* The port will refuse this request of the next call; 0: none. */
static unsigned requests, refused_request;
#define refuse(request) (requests = 0, refused_request = (request))

/* Another kernel's table: which lives go on, and, a bit for each, which there are handles of. */
static struct procbuf_table foreign_table;
static struct {
    bool live;
    uint64_t life, handles;
} foreign[4];

/* Its processes' places, and the identifiers of their lives. */
#define PLACE(i) (i) /* [!begin_many] */
#define IDENTIFIER(life) (life) /* [!begin_many] */
#define PLACE(i) ((const uint32_t[]){ 65534, 65535, 65790, 2147549182 }[i]) /* [begin_many] */
#define IDENTIFIER(life) ((life) % 2ull << 63 | (life) / 2ull << 32 | 7) /* [begin_many] */

static bool foreign_is_live(uint32_t place, uint64_t identifier, const void *data)
{
    uint32_t index = 0;
    uint64_t life = 0;
    while (index < 4 && PLACE(index) != place)
        index++;
    while (life < 64 && IDENTIFIER(life) != identifier)
        life++;
    cr_assert(index < 4 && life < 64 && data == foreign);
    cr_assert((foreign[index].handles >> life & 1) != 0);
    return foreign[index].live && foreign[index].life == life;
}

/* A foreign process ends, or begins a new life. */
static void turn_life(uint32_t index)
{
    foreign[index].life += !foreign[index].live;
    foreign[index].live = !foreign[index].live;
}

/* The hooks since this was 0: of OPEN and CLOSE an address, a length and an access. */
enum { OPEN = 1, CLOSE, PROTECT, BARRIER };
typedef uint64_t numbers[12];
static numbers hooks[64];
static unsigned hook_count;

/* They must be these, in order; with ANY_PART of a range, which the call then closes. */
enum { ANY_PART = 8 };
#define expect_hooks(...)                                                                          \
    check_hooks((const numbers[]){ { 0 }, __VA_ARGS__ },                                           \
                sizeof((const numbers[]){ { 0 }, __VA_ARGS__ }) / sizeof(numbers))

static void check_hooks(const numbers *expected_hooks, unsigned count)
{
    cr_assert_eq(hook_count + 1, count, "%u hooks instead of %u", hook_count, count - 1);
    for (unsigned h = 1; h < count; h++) {
        const uint64_t *is = hooks[h - 1];
        numbers must_be;
        memcpy(must_be, expected_hooks[h], sizeof must_be);
        if (must_be[0] == (ANY_PART | OPEN))
            cr_assert(is[1] >= must_be[1] && is[1] + is[2] <= must_be[1] + must_be[2]);
        if (must_be[0] > ANY_PART)
            memcpy(&must_be[1], is[0] == OPEN ? &is[1] : &hooks[h - 2][1], 2 * sizeof is[0]);
        must_be[0] &= ANY_PART - 1;
        cr_assert_arr_eq(is, must_be, sizeof must_be, "hook %u is not as it must be", h);
    }
}

static void act_at_hook(void)
{
    for (struct act *act = acts; act < acts + act_count; act++)
        if (act->at_hook && act->trigger == hook_count && act->target != 0)
            memory[act->target - MEMORY] = (uint8_t)act->value;
        else if (act->at_hook && act->trigger == hook_count) /* [foreign_at_hook] */
            turn_life(act->value); /* [foreign_at_hook] */
}

/* [hook_count|watch] */
static void on_hook(const numbers hook)
{
    act_at_hook(); /* [at_hook|foreign_at_hook] */
    memcpy(hooks[hook_count++ % 64], hook, sizeof hooks[0]);
    for (uint64_t i = 0; hook[0] < PROTECT && i < hook[2]; i++) /* [watch] */
        if (hook[1] - MEMORY + i < sizeof windows) /* [watch] */
            windows[hook[1] - MEMORY + i] += hook[0] == OPEN ? 1 : -1; /* [watch] */
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
    if (protection->process_index < first_place) /* [begin_many] */
        return true; /* [begin_many] */
    on_hook((numbers){ PROTECT, protection->process_index, protection->identifier, /* [on_hook] */
                       protection->flash_start, protection->flash_protected_end, /* [on_hook] */
                       protection->flash_end, protection->mem_start, /* [on_hook] */
                       protection->app_break, protection->kernel_break, /* [on_hook] */
                       protection->mem_end }); /* [on_hook] */
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
static struct procbuf_readonly ro[8]; /* [!ROOM] */
static struct procbuf_readwrite rw[8]; /* [!ROOM] */
static struct procbuf_readonly ro[8 + 300]; /* [ROOM] */
static struct procbuf_readwrite rw[8 + 300]; /* [ROOM] */
static struct procbuf_readonly many_ro[300];
static struct procbuf_readwrite many_rw[300];
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

/* Copies of so many registers of either kind in turn, from this one on. */
static void copy_in_turn(void *to, const void *registers, size_t len_of_each, size_t first,
                         size_t copied, size_t count)
{
    const uint8_t *from = registers;
    for (size_t n = 0; n < count; n++)
        memcpy((uint8_t *)to + n * len_of_each, &from[(first + n % copied) % 8 * len_of_each],
               len_of_each);
}

/* For so many buffers of a vector: registers, and those after them, which hold nothing. */
#define ROOM(count)                                                                                \
    (memset(&ro[8], 0, 300 * sizeof ro[8]), memset(&rw[8], 0, 300 * sizeof rw[8]), (count))

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

/* [add_to_bytes] */
#include "../machine/counters.h"

/* As many swaps of the slot that a buffer was read from, each for what it holds. Where a grant's are counted was closed last,
 * when it was looked at. */
static void add_to_counter(const struct procbuf_buffer_private *buffer, uint64_t count)
{
    const uint64_t *closed = hooks[(hook_count - 1) % 64];
    if (buffer->id.process == NULL)
        ((struct procbuf_slot_private *)buffer->slot_addr)->swaps += count;
    else
        add_to_bytes(&memory[closed[1] - MEMORY], closed[2], count);
}

/* [make_mistake] */
#include "../machine/mistakes.h"

static struct procbuf_id foreign_id(uint32_t index)
{
    const uint64_t life = foreign[index].life;
    foreign[index].handles |= UINT64_C(1) << life;
    return procbuf_id_new_external(&foreign_table, PLACE(index), IDENTIFIER(life), &capability);
}

/* What that kernel says of its processes' memory: regions 0 to 3 are those of the first map. */
static struct procbuf_region regions[8];
static struct procbuf_map maps[2];
static unsigned region_counts[2];
static unsigned lookups;

static bool find_region(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    const unsigned map = (unsigned)((const unsigned *)data - region_counts);
    cr_assert_lt(map, 2, "a lookup function is given other data");
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
    if (!find_region(addr, region_out, data))
        return false;
    *region_out = piece_with(region_out, addr, piece_lens[(const unsigned *)data - region_counts]);
    return true;
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
#define NO_MEMORY ((struct procbuf_process_config){ .mem_start = FOREIGN })

/* A kernel whose table has so many slots, and memory as new. */
static void begin(uint32_t slots)
{
    fill(MEMORY, sizeof memory, 0);
    memset(is_library_s, false, sizeof is_library_s); /* [check_memory] */
    memset(processes, 0xa5, 9 * sizeof processes[0]); /* nothing is zero by luck */
    memset(grants, 0xa5, sizeof grants);
    first_place = 0; /* [begin_many] */
    memset(foreign, 0, sizeof foreign); /* [foreign|foreign_table] */
    procbuf_table_init_external(&foreign_table, /* [foreign|foreign_table] */
                                foreign_is_live, foreign); /* [foreign|foreign_table] */
    procbuf_table_init(&table, processes, 8); /* all are empty */
    procbuf_table_init(&table, processes, slots);
    procbuf_table_use_grants(&table, grants, 4);
    procbuf_table_init(&other_table, &other_process, 1); /* [other_table|other_process] */
    create(&other_table, &other_process, NO_MEMORY); /* [other_table|other_process] */
}

/* The same with a large table. */
static void begin_many(uint32_t slots)
{
    begin(slots);
    memset(many_grants, 0xa5, sizeof many_grants);
    procbuf_table_init(&table, many, 254 + slots);
    procbuf_table_use_grants(&table, many_grants, 300);
    first_place = 254;
    for (unsigned i = 0; i < first_place; i++)
        create(&table, &many[i], NO_MEMORY);
}

/* A driver whose grant is of this length: after its slots come data. */
static void declare(struct procbuf_driver *place, struct procbuf_driver_config config, size_t len)
{
    config.data_len = len - procbuf_grant_len(&config);
    cr_assert_eq(procbuf_grant_len(&config), len);
    procbuf_driver_init(place, &config);
}

/* How long the data of a grant are, after slots of one length. Returns: false if it is too long. */
static bool len_of_data(struct procbuf_driver_config config, size_t *len_out)
{
    const size_t len = procbuf_grant_len(&config);
    config.data_len = 0;
    const size_t slots = procbuf_grant_len(&config);
    const struct procbuf_driver_config one = { .readonly_count = 1, .data_align = 1 };
    const uint64_t count = (uint64_t)config.readonly_count + config.readwrite_count;
    const uint64_t end = count * procbuf_grant_len(&one) + config.data_align - 1;
    const uint64_t expected = end - end % config.data_align;
    cr_assert_eq(slots, expected < SIZE_MAX ? expected : SIZE_MAX);
    *len_out = len - slots;
    return len != SIZE_MAX;
}

static void expect_allow(struct procbuf_allow_result result, enum procbuf_error code,
                         procbuf_addr_t passed_addr, size_t passed_len)
{
    cr_assert_eq(result.code, code, "%s instead of %s", procbuf_error_name(result.code),
                 procbuf_error_name(code));
    cr_assert(result.addr == passed_addr && result.len == passed_len, "another range");
}

/* [accept|decision] */
#include "../machine/decisions.h"

static enum procbuf_error accept(struct procbuf_id of, uint32_t number,
                                 struct procbuf_readwrite *buffer, void *data)
{
    const struct decision *decision = data;
    const char *wrong = wrong_in(decision, &table, of, number, buffer);
    cr_assert_null(wrong, "the driver is asked with another %s", wrong);
    if (decision->body != NULL)
        decision->body(decision->data);
    return decide(decision, buffer);
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
