/* The compiler's callbacks: every access is reported, once, with its size. A compiler that stops
 * doing so makes the access oracle blind, and is found here; so is one that does not tell engines of
 * each edge. Links the build's fuzz/oracle/hooks_*.c with a recorder in place of the oracle. Plain C,
 * because it runs on every machine that replays. Also: what the library keeps in its own memory is seen.
 *
 * Exit status: 0 all is reported; 1 something is not.
 */
#include "fault.h"
#include "oracle.h"
#include "probes.h"
#include "state.h"

#include <setjmp.h>
#include <stdio.h>
#if defined(__unix__)
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

static struct oracle oracle;

struct oracle *oracle_now(void)
{
    return &oracle;
}

static unsigned loads, stores;
static size_t load_bytes, store_bytes;
static uintptr_t last_loaded;

void access_load(uintptr_t addr, size_t len)
{
    last_loaded = addr;
    loads++;
    load_bytes += len;
}

void access_store(uintptr_t addr, size_t len)
{
    (void)addr;
    stores++;
    store_bytes += len;
}

void access_watched_store(uintptr_t addr, size_t len)
{
    watched_store(&oracle.watched, addr, len);
}

void access_memcpy(uintptr_t to, uintptr_t from, size_t len)
{
    access_move(to, from, len);
}

void access_move(uintptr_t to, uintptr_t from, size_t len)
{
    if (len != 0 && arena_holds(from))
        access_load(from, len);
    access_any_store(to, len);
}

static uint8_t *at(uint32_t offset)
{
    return (uint8_t *)((uintptr_t)ARENA_BASE + offset);
}

static unsigned wrong;

static void expect(const char *what, unsigned want_loads, size_t want_load_bytes,
                   unsigned want_stores, size_t want_store_bytes)
{
    if (loads != want_loads || load_bytes != want_load_bytes || stores != want_stores ||
        store_bytes != want_store_bytes) {
        printf("%s: expected %u loads of %u bytes, %u stores of %u; seen %u of %u, %u of %u\n",
               what, want_loads, (unsigned)want_load_bytes, want_stores, (unsigned)want_store_bytes,
               loads, (unsigned)load_bytes, stores, (unsigned)store_bytes);
        wrong++;
    }
    loads = stores = 0;
    load_bytes = store_bytes = 0;
}

static void every_access_is_reported_once(void)
{
    uint8_t *a = at(ARENA_SCRATCH), *b = at(ARENA_OUT);
    probe_two_volatile_loads(a);
    expect("two volatile loads", 2, 2, 0, 0);
    probe_load_thrown_away(a);
    expect("a load thrown away", 1, 1, 0, 0);
    probe_store_itself(a);
    expect("*p = *p", 1, 1, 1, 1);
    probe_two_stores(a);
    expect("two stores", 0, 0, 2, 2);
    probe_or_one(a);
    expect("*p |= 1", 1, 1, 1, 1);
    probe_struct_copy(a, b);
    expect("struct copy", 1, 40, 1, 40);
    (void)probe_unaligned_load(a + 1);
    expect("unaligned load", 1, 4, 0, 0);
    (void)probe_unaligned_load(a + 1);
    (void)probe_unaligned_load(a + 4);
    expect("unaligned loads, the second from the last byte of the first", 2, 8, 0, 0);
    if (last_loaded != (uintptr_t)(a + 4)) {
        printf("of the second, byte %u is said to be the first\n",
               (unsigned)(last_loaded - (uintptr_t)a));
        wrong++;
    }
    (void)probe_unaligned_load(a + 1);
    (void)probe_unaligned_load(a + 7);
    expect("unaligned loads, two bytes apart", 2, 8, 0, 0);
    probe_unaligned_store(a + 1);
    probe_unaligned_store(a + 4);
    expect("unaligned stores, the second from the last byte of the first", 0, 0, 2, 8);
    probe_byte_loop(a, b, 9);
    expect("byte loop", 9, 9, 9, 9);
    probe_store8((uint64_t *)a);
    expect("store of 8", 0, 0, 1, 8);
}

static void bulk_copies_are_reported_whole(void)
{
    static const size_t lens[] = { 0, 1, 5, 40 };
    uint8_t *a = at(ARENA_SCRATCH), *b = at(ARENA_OUT);
    for (size_t l = 0; l < 4; l++) {
        const size_t len = lens[l];
        const unsigned once = len != 0;
        probe_memcpy(a, b, len);
        expect("memcpy", once, len, once, len);
        probe_memmove(a + 1, a, len);
        expect("memmove", once, len, once, len);
        probe_memset(a, len);
        expect("memset", 0, 0, once, len);
    }
}

/* S5, at any address. */
static void fetches_are_reported_once(void)
{
    uint8_t array[8];
    for (size_t len = 1; len <= sizeof array; len *= 2)
        for (uint32_t offset = 0; offset < 8; offset++) {
            probe_fetch(array, at(ARENA_SCRATCH + offset), len);
            expect("fetch", 1, len, 0, 0);
        }
}

static void memory_outside_the_arena_is_not_reported(void)
{
    uint8_t local[8] = { 0 }, *a = at(ARENA_SCRATCH);
    probe_or_one(local);
    expect("a local", 0, 0, 0, 0);
    probe_memcpy(local, a, 8);
    expect("arena to local", 1, 8, 0, 0);
    probe_memcpy(a, local, 8);
    expect("local to arena", 0, 0, 1, 8);
}

static void expect_noted(const char *what, unsigned want)
{
    const unsigned noted = watched_take(&oracle.watched);
    if (noted != want) {
        printf("%s: expected objects 0x%x, seen 0x%x\n", what, want, noted);
        wrong++;
    }
}

/* Four objects of 16 bytes, and 8 bytes on either side. */
static void stores_to_watched_objects_are_noted(void)
{
    _Alignas(8) static uint8_t memory[8 + 4 * 16 + 8];
    uint8_t *objects = &memory[8];
    watched_begin(&oracle.watched, objects, 4, 16);
    probe_two_stores(objects - 1);
    probe_two_stores(objects + 64);
    probe_two_volatile_loads(objects + 16);
    expect_noted("none", 0);
    probe_two_stores(objects + 31);
    expect_noted("one", 1u << 1);
    probe_two_stores(objects + 16);
    probe_memset(objects + 16, 17);
    expect_noted("one, and from it into the next", 1u << 1 | 1u << 2);
    probe_store8((uint64_t *)(objects + 48));
    expect_noted("the last", 1u << 3);
    probe_memset(objects + 31, 17);
    expect_noted("one, and the last byte of that before", 1u << 1 | 1u << 2);
    probe_memset(objects + 32, 0);
    expect_noted("no bytes", 0);
    probe_memcpy(objects - 4, at(ARENA_SCRATCH), 5);
    expect_noted("the first byte of the first", 1u << 0);
    probe_memmove(objects + 56, at(ARENA_SCRATCH), 16);
    expect_noted("from the last on", 1u << 3);
}

#if defined(WITH_FEEDBACK)

/* What an engine gets: libFuzzer a counter for each edge, AFL++ a call with its guard. */
void __sanitizer_cov_8bit_counters_init(uint8_t *start, const uint8_t *end);
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, const uint32_t *end);
void __sanitizer_cov_trace_pc_guard(const uint32_t *guard);

static uint8_t *counters;
static const uint8_t *counters_end;
static uint64_t guards_seen;

void __sanitizer_cov_8bit_counters_init(uint8_t *start, const uint8_t *end)
{
    counters = start;
    counters_end = end;
}

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, const uint32_t *end)
{
    for (uint32_t number = 0; start + number < end; number++)
        start[number] = number;
}

void __sanitizer_cov_trace_pc_guard(const uint32_t *guard)
{
    guards_seen |= (uint64_t)1 << *guard % 64;
}

/* Returns: a bit for each edge taken, as far as 64 numbers tell edges apart. */
static uint64_t edges_of(unsigned way)
{
    guards_seen = 0;
    for (uint8_t *counter = counters; counter != counters_end; counter++)
        *counter = 0;
    probe_branch(way);
    uint64_t edges = guards_seen;
    for (const uint8_t *counter = counters; counter != counters_end; counter++)
        if (*counter != 0)
            edges |= (uint64_t)1 << (counter - counters) % 64;
    return edges;
}

/* By edge, not by function: or an input that is the first to go another way is not kept. */
static void engines_see_which_way_was_taken(void)
{
    const uint64_t one = edges_of(0), other = edges_of(1);
    if (one == 0 || other == 0 || one == other || one != edges_of(0)) {
        puts("the engine is not told which branch was taken");
        wrong++;
    }
}

#endif

#if defined(__unix__)

extern void __asan_poison_memory_region(const volatile void *, size_t) __attribute__((weak));

/* No one reads the reports. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "symbolize=0";
}

static bool ends_the_process(uint8_t *p, size_t len, bool storing)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        if (storing)
            probe_store(p, len);
        else
            probe_load(p, len);
        _exit(0);
    }
    return waitpid(child, &status, 0) == child && status != 0;
}

/* Of memory that is not the arena's it is ASan that knows, to the byte: here of 20 bytes of the heap. */
static void asan_is_asked_about_all_else(void)
{
    uint8_t *block = malloc(20);
    for (size_t len = 1; block != NULL && len <= 8; len *= 2)
        for (int storing = 0; storing <= 1; storing++)
            for (size_t start = 0; start < 32; start += len)
                if (ends_the_process(block + start, len, storing) != (start + len > 20)) {
                    printf(
                        "ASan: a %s of %u bytes at byte %u of 20 is not judged as it should be\n",
                        storing ? "store" : "load", (unsigned)len, (unsigned)start);
                    wrong++;
                }
    free(block);
}

extern void *__asan_region_is_poisoned(void *, size_t) __attribute__((weak));

static jmp_buf landing;
static uintptr_t left;

/* What is around the local bytes, poisoned while their frame is in use. */
static bool has_poison_around(uintptr_t local)
{
    return __asan_region_is_poisoned((void *)(local - 16), 48) != NULL;
}

static void leave_by_longjmp(const uint8_t *local)
{
    left = (uintptr_t)local;
    if (!has_poison_around(left)) {
        puts("ASan: a frame in use has nothing poisoned");
        wrong++;
    }
    longjmp(landing, 1);
}

/* Once as a panic that is expected, once as any other. */
static void frames_left_by_longjmp_are_open_again(void)
{
    for (int expected = 0; expected <= 1; expected++) {
        oracle.landing = expected != 0 ? __builtin_frame_address(0) : NULL;
        if (setjmp(landing) == 0)
            probe_lend_local(leave_by_longjmp);
        oracle.landing = NULL;
        if (has_poison_around(left)) {
            printf("ASan: a frame that was left by longjmp%s is still poisoned\n",
                   expected != 0 ? ", as was expected," : "");
            wrong++;
        }
    }
}

#endif

/* ---- What probes keep ---- */

static jmp_buf found;

void bug_found(const char *kind, const char *check, const char *format, ...)
{
    (void)kind, (void)check, (void)format;
    longjmp(found, 1);
}

static bool is_noticed(void)
{
    if (setjmp(found) != 0)
        return true;
    state_check();
    return false;
}

static void variables_that_change_are_noticed(void)
{
    static volatile int variable;
    state_begin();
    for (variable = 0; variable < PROBE_VARIABLES; variable++) {
        probe_change((enum probe_variable)variable);
        const bool noticed = is_noticed();
        probe_change((enum probe_variable)variable);
        if (noticed && !is_noticed())
            continue;
        printf("variable %d of the probes: %s\n", variable,
               noticed ? "seen to differ when it does not" : "not seen to change");
        wrong++;
    }
}

#ifdef ARENA_GUARD_PAGES

/* An access that the compiler does not instrument, as it does none of assembly's. */
static bool faults(uint32_t offset, bool storing)
{
    volatile uint8_t *byte = at(offset);
    sigset_t fault;
    sigemptyset(&fault);
    sigaddset(&fault, SIGSEGV);
    if (setjmp(found) != 0) {
        sigprocmask(SIG_UNBLOCK, &fault, NULL);
        return true;
    }
    if (storing)
        *byte = 1;
    else
        (void)*byte;
    return false;
}

static void expect_rights(const char *what, uint32_t page, bool readable, bool writable)
{
    for (uint32_t byte = 0; byte < ARENA_PAGE; byte += ARENA_PAGE - 1)
        for (int storing = 0; storing <= 1; storing++)
            if (faults(page * ARENA_PAGE + byte, storing) == (storing ? writable : readable)) {
                printf("%s: a %s of byte %u of page %u is not judged as it should be\n", what,
                       storing ? "store" : "load", (unsigned)byte, (unsigned)page);
                wrong++;
            }
}

static void pages_are_open_as_windows_permit(void)
{
    const struct span pages = { ARENA_PAGE, 4 * ARENA_PAGE };
    const struct span last = { 2 * ARENA_PAGE - 1, 2 * ARENA_PAGE },
                      two = { last.start, last.end + 1 };
    fault_watch();
    for (uint32_t page = 1; page < 4; page++)
        expect_rights("no window", page, false, false);
    arena_permit(last, false);
    expect_rights("a byte to read", 1, true, false);
    expect_rights("the page after it", 2, false, false);
    arena_permit(two, true);
    arena_permit(two, false);
    if (!arena_touched(two) || arena_touched(pages)) {
        puts("pages are said to open when they do not");
        wrong++;
    }
    for (uint32_t page = 1; page < 3; page++)
        expect_rights("bytes to write in two pages", page, true, true);
    expect_rights("the page after them", 3, false, false);
    arena_forbid(pages);
    arena_permit(last, false);
    arena_enforce(pages);
    expect_rights("written before, now to read", 1, true, false);
    expect_rights("written before", 2, false, false);
    arena_forbid(pages);
    arena_enforce(pages);
    for (uint32_t page = 1; page < 4; page++)
        expect_rights("no window again", page, false, false);
}

#endif

int main(void)
{
    oracle.arena = arena_map();
    variables_that_change_are_noticed();
    every_access_is_reported_once();
    bulk_copies_are_reported_whole();
    fetches_are_reported_once();
    memory_outside_the_arena_is_not_reported();
    stores_to_watched_objects_are_noted();
#if defined(WITH_FEEDBACK)
    engines_see_which_way_was_taken();
#endif
#ifdef ARENA_GUARD_PAGES
    pages_are_open_as_windows_permit();
#endif
#if defined(__unix__)
    if (__asan_poison_memory_region != NULL) {
        asan_is_asked_about_all_else();
        frames_left_by_longjmp_are_open_again();
    }
#endif
    if (wrong == 0)
        puts("every access is reported, and what the library keeps");
    return wrong != 0;
}
