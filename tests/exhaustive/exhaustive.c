/* Everything, in a world so small that everything can be tried.
 *
 * The library is built with 8-bit addresses, so that every pointer, every length and every wrap is
 * a case. What must happen is worked out here with plain ints, from lib/CONTRACT.md. Each part
 * prints how many cases it tried; that number is part of the test.
 *
 * usage: exhaustive PART     Exit status: 0 all as expected; 1 not; 2 no such part.
 */
#include <procbuf.h>
#include <procbuf/capability.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPACE = 256 };

static uint8_t memory[SPACE];
uint8_t *world_base = memory;

static struct procbuf_table table;
static struct procbuf_process slots[2];
static struct procbuf_grant_entry grants[2];
static unsigned long cases;
static bool port_refuses;

/* ---- The port ---- */

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    (void)addr, (void)len, (void)access;
}

static void fail(const char *what, const int *numbers, int count);

/* I9, in every part: what a process gets above the break that it has is zero by now. */
bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    const int now = (int)procbuf_process_app_break(&slots[protection->process_index]);
    for (int at = now; at < (int)protection->app_break; at++)
        if (memory[at] != 0)
            fail("given before it was zeroed", &at, 1);
    return !port_refuses;
}

void procbuf_port_barrier(void)
{
}

void procbuf_port_panic(const char *message)
{
    printf("panic: %s\n", message);
    exit(1);
}

/* ---- Saying what is wrong ---- */

static void fail(const char *what, const int *numbers, int count)
{
    printf("after %lu cases: %s:", cases, what);
    for (int n = 0; n < count; n++)
        printf(" %d", numbers[n]);
    printf("\n");
    exit(1);
}
#define EXPECT(condition, what, ...)                                                               \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            const int numbers_[] = { __VA_ARGS__ };                                                \
            fail(what, numbers_, (int)(sizeof numbers_ / sizeof numbers_[0]));                     \
        }                                                                                          \
    } while (0)

/* ---- Worlds of one process ---- */

struct layout {
    int ram, ram_len, app, kernel;
    int flash, flash_len, header;
};

static enum procbuf_error create(const struct layout *l, struct procbuf_process **process_out)
{
    const struct procbuf_process_config config = {
        .flash_start = (procbuf_addr_t)l->flash,
        .flash_protected_len = (size_t)l->header,
        .flash_len = (size_t)l->flash_len,
        .mem_start = (procbuf_addr_t)l->ram,
        .mem_len = (size_t)l->ram_len,
        .initial_app_len = (size_t)l->app,
        .initial_kernel_len = (size_t)l->kernel,
    };
    return procbuf_process_create(&table, &config, process_out);
}

static void make_table(void)
{
    procbuf_table_init(&table, slots, 2);
    procbuf_table_use_grants(&table, grants, 1);
}

static struct procbuf_process *make(const struct layout *l)
{
    struct procbuf_process *process = NULL;
    make_table();
    const enum procbuf_error code = create(l, &process);
    EXPECT(code == PROCBUF_OK, "a good layout is refused", l->ram, l->ram_len, l->flash);
    return process;
}

/* Starts that are worth trying: both ends of the space, and its middle. */
static const int starts[] = { 1,   2,   3,   4,   63,  126, 127, 128, 129, 200,
                              240, 243, 246, 249, 250, 251, 252, 253, 254, 255 };
enum { START_COUNT = sizeof starts / sizeof starts[0], MOST_LEN = 9 };

/* ---- P4: every two regions ---- */

/* Whether [a, a + a_len) and [b, b + b_len) share a byte: look at every byte. */
static bool share_a_byte(int a, int a_len, int b, int b_len)
{
    for (int at = a; at < a + a_len; at++)
        if (at >= b && at < b + b_len)
            return true;
    return false;
}

static void part_creation(void)
{
    for (int ram = 0; ram < SPACE; ram++) {
        for (int flash = 0; flash < SPACE; flash++) {
            for (int ram_len = 0; ram_len <= 5; ram_len++) {
                for (int flash_len = 0; flash_len <= 5; flash_len++) {
                    const struct layout l = { ram, ram_len, 0, 0, flash, flash_len, 0 };
                    struct procbuf_process *process;
                    const bool good = ram + ram_len < SPACE && flash + flash_len < SPACE &&
                                      !(ram == 0 && ram_len > 0) &&
                                      !(flash == 0 && flash_len > 0) &&
                                      !share_a_byte(ram, ram_len, flash, flash_len);
                    make_table();
                    cases++;
                    port_refuses = true;
                    EXPECT(create(&l, &process) == (good ? PROCBUF_NOMEM : PROCBUF_INVAL) &&
                               procbuf_table_slot(&table, 0) == NULL,
                           "refused creation", ram, ram_len, flash, flash_len);
                    port_refuses = false;
                    EXPECT(create(&l, &process) == (good ? PROCBUF_OK : PROCBUF_INVAL), "creation",
                           ram, ram_len, flash, flash_len);
                }
            }
        }
    }
    for (int len = 0; len <= 12; len++) {
        for (int app = 0; app < SPACE; app++) {
            for (int kernel = 0; kernel < SPACE; kernel++) {
                const struct layout l = { 100, len, app, kernel, 200, len, kernel };
                struct procbuf_process *process;
                make_table();
                cases++;
                EXPECT((create(&l, &process) == PROCBUF_OK) ==
                           (app + kernel <= len && kernel <= len),
                       "parts", len, app, kernel);
            }
        }
    }
}

/* ---- B, H: every pointer and length, read-only and read-write, alive and dead ---- */

static bool within(int addr, int len, int low, int high)
{
    if (addr + len >= SPACE)
        return false;
    for (int at = addr; at < addr + len; at++)
        if (at < low || at >= high)
            return false;
    return true;
}

static void build_all(const struct layout *l)
{
    struct procbuf_process *process = make(l);
    int mark = l->ram;
    for (int addr = 0; addr < SPACE; addr++) {
        for (int len = 0; len < SPACE; len++) {
            struct procbuf_readonly ro = PROCBUF_READONLY_DEFAULT;
            struct procbuf_readwrite rw = PROCBUF_READWRITE_DEFAULT;
            const bool in_ram = within(addr, len, l->ram, l->ram + l->app);
            const bool in_flash = within(addr, len, l->flash + l->header, l->flash + l->flash_len);
            enum procbuf_error a, b;
            if (len > 0 && in_ram && addr + len > mark)
                mark = addr + len;
            /* The first of the two must raise the mark by itself: take turns. */
            if ((addr + len) % 2 == 0)
                a = procbuf_readonly_build(process, (procbuf_addr_t)addr, (size_t)len, &ro);
            else
                b = procbuf_readwrite_build(process, (procbuf_addr_t)addr, (size_t)len, &rw);
            EXPECT(procbuf_process_mark(process) == mark, "mark", addr, len, l->ram, l->app);
            if ((addr + len) % 2 == 0)
                b = procbuf_readwrite_build(process, (procbuf_addr_t)addr, (size_t)len, &rw);
            else
                a = procbuf_readonly_build(process, (procbuf_addr_t)addr, (size_t)len, &ro);
            cases += 2;
            EXPECT((a == PROCBUF_OK) == (len == 0 || in_ram || in_flash), "read-only", addr, len,
                   l->ram, l->app, l->flash, l->header, l->flash_len);
            EXPECT((b == PROCBUF_OK) == (len == 0 || in_ram), "read-write", addr, len, l->ram,
                   l->app, l->flash, l->header, l->flash_len);
            EXPECT(a == PROCBUF_OK || a == PROCBUF_INVAL, "code", addr, len);
            EXPECT(b == PROCBUF_OK || b == PROCBUF_INVAL, "code", addr, len);
            EXPECT(procbuf_process_mark(process) == mark, "mark", addr, len, l->ram, l->app);
            EXPECT(procbuf_readonly_len(&ro) == (a == PROCBUF_OK ? (size_t)len : 0), "len", len);
            EXPECT(procbuf_readonly_addr(&ro) == (a == PROCBUF_OK && len != 0 ? addr : 0), "ptr",
                   addr);
        }
    }
}

static void part_buffers(void)
{
    for (int s = 0; s < START_COUNT; s++) {
        for (int len = 0; len <= MOST_LEN; len++) {
            for (int part = 0; part <= len; part++) {
                const int other = starts[s] < 128 ? 140 : 30;
                const struct layout in_ram = { starts[s], len, part, 0, other, 7, 2 };
                const struct layout in_flash = { other, 7, 5, 1, starts[s], len, part };
                if (starts[s] + len >= SPACE)
                    continue;
                build_all(&in_ram);
                build_all(&in_flash);
            }
        }
    }
    /* Flash and RAM that touch, either way round. */
    const struct layout above = { 40, 8, 8, 0, 48, 6, 0 }, below = { 40, 8, 5, 2, 33, 7, 3 };
    build_all(&above);
    build_all(&below);
}

/* ---- K: every break from every break, mark and layout ---- */

static enum procbuf_error expect_brk(const struct layout *l, int mark, int to)
{
    if (to < mark || to >= l->ram + l->ram_len)
        return PROCBUF_ADDRESS_OUT_OF_BOUNDS;
    if (to > l->ram + l->ram_len - l->kernel || port_refuses)
        return PROCBUF_OUT_OF_MEMORY;
    return PROCBUF_OK;
}

static void brk_one(const struct layout *l, int shared, int to, bool by_distance, bool refuses)
{
    struct procbuf_process *process = make(l);
    struct procbuf_readonly ro;
    procbuf_addr_t old = 0;
    const int from = l->ram + l->app;
    const int mark = l->ram + shared;
    if (shared != 0)
        EXPECT(procbuf_readonly_build(process, (procbuf_addr_t)l->ram, (size_t)shared, &ro) ==
                   PROCBUF_OK,
               "share", shared);
    memset(memory, 0xa5, sizeof memory);
    port_refuses = refuses;
    const enum procbuf_error expected = expect_brk(l, mark, to);
    const enum procbuf_error error = by_distance
                                         ? procbuf_process_sbrk(process, (intptr_t)to - from, &old)
                                         : procbuf_process_brk(process, (procbuf_addr_t)to, &old);
    const int now = error == PROCBUF_OK ? to : from;
    const bool asked = to >= mark && to <= l->ram + l->ram_len - l->kernel;
    port_refuses = false;
    cases++;
    EXPECT(error == expected, "brk", l->ram, l->ram_len, l->app, l->kernel, shared, to, (int)error,
           (int)expected);
    EXPECT(procbuf_process_app_break(process) == now, "break", to);
    EXPECT(error != PROCBUF_OK || old == from, "old break", to);
    for (int at = 0; at < SPACE; at++) {
        const bool given = at >= from && at < now;
        const bool refused = refuses && asked && at >= from && at < to; /* may be zero (E3) */
        EXPECT(memory[at] == (given ? 0 : 0xa5) || (refused && memory[at] == 0), "zeroing", at,
               from, now);
    }
}

static void part_breaks(void)
{
    static const int rams[] = { 1, 2, 60, 127, 240, 246 };
    for (int refuses = 0; refuses <= 1; refuses++)
        for (size_t r = 0; r < sizeof rams / sizeof rams[0]; r++)
            for (int len = 1; len <= 6; len++)
                for (int app = 0; app <= len; app++)
                    for (int kernel = 0; app + kernel <= len; kernel++)
                        for (int shared = 0; shared <= app; shared++)
                            for (int to = 0; to < SPACE; to++)
                                for (int how = 0; how <= 1; how++) {
                                    const struct layout l = {
                                        rams[r], len, app, kernel, rams[r] < 128 ? 200 : 20, 3, 1
                                    };
                                    brk_one(&l, shared, to, how != 0, refuses != 0);
                                }
}

/* ---- G1: every grant in every gap ---- */

static void part_grants(void)
{
    static const int rams[] = { 1, 2, 8, 61, 127, 235 };
    for (size_t r = 0; r < sizeof rams / sizeof rams[0]; r++)
        for (int len = 0; len <= 20; len++)
            for (int app = 0; app <= len; app++)
                for (int size = 0; size < SPACE; size++)
                    for (int align = 1; align <= 128; align *= 2) {
                        const struct layout l = { rams[r], len, app, 0, rams[r] < 128 ? 200 : 20,
                                                  3,       1 };
                        struct procbuf_process *process = make(&l);
                        int at = l.ram + len - size;
                        const int step = align < 2 ? 2 : align;
                        while (at > 0 && at % step != 0)
                            at--;
                        const bool fits = size <= len && at >= l.ram + app;
                        const enum procbuf_error error = procbuf_process_allocate_grant(
                            process, 0, 1, (size_t)size, (size_t)align);
                        cases++;
                        EXPECT(error == (fits ? PROCBUF_OK : PROCBUF_OUT_OF_MEMORY), "grant", l.ram,
                               len, app, size, align);
                        EXPECT(procbuf_process_kernel_break(process) == (fits ? at : l.ram + len),
                               "kernel break", l.ram, len, size, align);
                    }
}

/* ---- S: every sub-slice, index, chunk and overlapping copy ---- */

static void part_slices(void)
{
    static uint8_t array[16], expected[16];
    for (size_t len = 0; len <= 10; len++) {
        const struct procbuf_readable r = procbuf_readable_from_array(array, len);
        const struct procbuf_writable w = procbuf_writable_from_array(array, len);
        for (size_t x = 0; x < 28; x++) {
            const size_t a = x < 14 ? x : SIZE_MAX - (x - 14);
            uint8_t byte;
            EXPECT(procbuf_readable_get(r, a, &byte) == (a < len), "get", (int)len, (int)a);
            EXPECT(procbuf_writable_set(w, a, 1) == (a < len), "set", (int)len, (int)a);
            for (size_t y = 0; y < 28; y++) {
                const size_t b = y < 14 ? y : SIZE_MAX - (y - 14);
                struct procbuf_readable part = r;
                const bool exists = a <= b && b <= len;
                cases++;
                EXPECT(procbuf_readable_range(r, a, b, &part) == exists, "range", (int)len, (int)a,
                       (int)b);
                EXPECT(procbuf_readable_len(part) == (exists ? b - a : len), "range length",
                       (int)len, (int)a, (int)b);
                EXPECT(procbuf_readable_base_unchecked(part) == (exists ? array + a : array),
                       "range base", (int)a, (int)b);
            }
        }
        for (size_t chunk_len = 1; chunk_len <= 12; chunk_len++) {
            struct procbuf_readable_chunks chunks = procbuf_readable_split(r, chunk_len);
            struct procbuf_readable part;
            size_t done = 0;
            cases++;
            while (procbuf_readable_chunks_next(&chunks, &part)) {
                const size_t left = len - done;
                EXPECT(procbuf_readable_len(part) == (left < chunk_len ? left : chunk_len) &&
                           left > 0,
                       "chunk", (int)len, (int)chunk_len, (int)done);
                done += procbuf_readable_len(part);
            }
            EXPECT(done == len, "chunks", (int)len, (int)chunk_len);
        }
    }
    for (size_t from = 0; from <= 10; from++)
        for (size_t to = 0; to <= 10; to++)
            for (size_t n = 0; from + n <= 10 && to + n <= 10; n++) {
                for (size_t i = 0; i < sizeof array; i++)
                    array[i] = expected[i] = (uint8_t)(i + 1);
                for (size_t i = 0; i < n; i++)
                    expected[to + i] = (uint8_t)(from + i + 1);
                cases++;
                EXPECT(procbuf_writable_copy_from_slice(
                           procbuf_writable_from_array(array + to, n),
                           procbuf_readable_from_array(array + from, n)) == PROCBUF_OK,
                       "copy");
                EXPECT(memcmp(array, expected, sizeof array) == 0, "copied", (int)from, (int)to,
                       (int)n);
            }
}

/* ---- Sequences: everything that can happen to one process and two handles, in any order ---- */

enum { DEPTH = 7 };

/* What must be known to say what comes next. RAM is [250, 254): it ends at the last address. */
struct state {
    int app_break, mark, life, handle_life[2], handle_len[2], next_life;
    bool active, terminated;
};
enum { BUILD_ONE, BUILD_TWO, BUILD_EMPTY, SHRINK, GROW, END, AGAIN, BEGIN, BREAK_DOWN, OP_COUNT };
static const struct layout sequence_layout = { 250, 5, 2, 1, 10, 4, 1 };

static void build_step(struct state *s, struct procbuf_process *process,
                       struct procbuf_readwrite *handle, int number, int addr, int len)
{
    const enum procbuf_error code =
        procbuf_readwrite_build(process, (procbuf_addr_t)addr, (size_t)len, &handle[number]);
    const bool owned = len == 0 || within(addr, len, 250, s->app_break);
    EXPECT(code == (!s->active ? PROCBUF_FAIL
                    : owned    ? PROCBUF_OK
                               : PROCBUF_INVAL),
           "sequence: build", addr, len, s->app_break);
    if (code != PROCBUF_OK)
        return;
    s->handle_life[number] = s->life;
    s->handle_len[number] = len;
    if (len != 0 && addr + len > s->mark)
        s->mark = addr + len;
}

static void brk_step(struct state *s, struct procbuf_process *process, int to)
{
    procbuf_addr_t old;
    const enum procbuf_error error = procbuf_process_brk(process, (procbuf_addr_t)to, &old);
    const enum procbuf_error expected =
        s->active ? expect_brk(&sequence_layout, s->mark, to) : PROCBUF_INACTIVE_APP;
    EXPECT(error == expected, "sequence: brk", to, (int)error, (int)expected);
    if (error == PROCBUF_OK)
        s->app_break = to;
}

static void begin_life(struct state *s)
{
    s->life = s->next_life++;
    s->app_break = 252;
    s->mark = 250;
    s->active = true;
    s->terminated = false;
}

static void step(struct state *s, struct procbuf_process *process, struct procbuf_readwrite *handle,
                 int op)
{
    switch (op) {
    case BUILD_ONE: build_step(s, process, handle, 0, 250, 2); break;
    case BUILD_TWO: build_step(s, process, handle, 1, 251, 3); break;
    case BUILD_EMPTY: build_step(s, process, handle, 1, 255, 0); break;
    case SHRINK: brk_step(s, process, 251); break;
    case GROW: brk_step(s, process, 254); break;
    case BREAK_DOWN: brk_step(s, process, 250); break;
    case END:
        procbuf_process_terminate(process, NULL);
        s->active = false;
        s->terminated = true;
        break;
    case AGAIN:
        EXPECT(procbuf_process_restart(process, NULL) ==
                   (s->terminated ? PROCBUF_ALREADY : PROCBUF_OK),
               "sequence: restart");
        if (!s->terminated)
            begin_life(s);
        break;
    default:
        EXPECT(procbuf_process_start(process) == (s->terminated ? PROCBUF_OK : PROCBUF_ALREADY),
               "sequence: start");
        if (s->terminated)
            begin_life(s);
        break;
    }
}

/* Before a step the process has written all that it may, and the kernel the rest. */
static void write_memory(const struct state *s)
{
    for (int at = 250; at < 255; at++)
        memory[at] = at < s->app_break ? 7 : 0xa5;
}

/* L6, I9, I10: what a step gives out is zero, and all else stays. */
static void look_at_memory(int old_break, int new_break)
{
    for (int at = 250; at < 255; at++) {
        const int kept = at < old_break ? 7 : 0xa5;
        EXPECT(memory[at] == (at >= old_break && at < new_break ? 0 : kept), "sequence: memory", at,
               old_break, new_break, memory[at]);
    }
}

static void count_run(struct procbuf_writable slice, void *data)
{
    (void)slice;
    (*(int *)data)++;
}

static void look(const struct state *s, struct procbuf_process *process,
                 struct procbuf_readwrite *handle)
{
    EXPECT(procbuf_process_app_break(process) == s->app_break, "sequence: break", s->app_break);
    EXPECT(procbuf_process_mark(process) == s->mark, "sequence: mark", s->mark);
    for (int n = 0; n < 2; n++) {
        int runs = 0;
        const bool live = s->handle_life[n] == s->life;
        EXPECT(procbuf_readwrite_len(&handle[n]) == (size_t)(live ? s->handle_len[n] : 0),
               "sequence: len", n);
        EXPECT((procbuf_readwrite_mut_enter(&handle[n], count_run, &runs) == PROCBUF_OK) == live &&
                   runs == live,
               "sequence: enter", n, runs);
    }
}

static void part_sequences(void)
{
    int ops[DEPTH] = { 0 };
    for (;;) {
        struct procbuf_process *process = make(&sequence_layout);
        struct procbuf_readwrite handle[2] = { PROCBUF_READWRITE_DEFAULT,
                                               PROCBUF_READWRITE_DEFAULT };
        struct state s = { .app_break = 252,
                           .mark = 250,
                           .life = 0,
                           .handle_life = { -1, -1 },
                           .next_life = 1,
                           .active = true };
        for (int d = 0; d < DEPTH; d++) {
            const int old_break = s.app_break;
            write_memory(&s);
            step(&s, process, handle, ops[d]);
            look_at_memory(old_break, s.app_break);
            look(&s, process, handle);
        }
        cases++;
        int at = DEPTH - 1;
        while (at >= 0 && ++ops[at] == OP_COUNT)
            ops[at--] = 0;
        if (at < 0)
            return;
    }
}

/* ---- The protocol: processes, lives, a driver's slot, and the handle read from it ---- */

enum { PROTOCOL_DEPTH = 6 };

/* What must be known of process 0. Process 1 does nothing, and must never change. */
struct protocol {
    enum procbuf_state_kind kind;
    int life, next_life; /* identifiers */
    int slot_addr, slot_len;
    int swaps;           /* of the slot, in any life: no two fillings have the same */
    bool held;           /* a handle was read … */
    int held_life, held_swaps, held_addr, held_len; /* … in that life, after so many swaps */
};

enum {
    ALLOW,
    ALLOW_OTHER,
    REVOKE,
    READ_SLOT,
    FINISH,
    RESTART,
    RESTART_REFUSED,
    START,
    FAULT,
    REPLACE,
    PROTOCOL_OPS
};

static const struct layout protocol_layouts[2] = { { 100, 100, 20, 0, 50, 10, 0 },
                                                   { 200, 40, 8, 0, 40, 5, 0 } };
static struct procbuf_driver protocol_driver;
static struct procbuf_readonly protocol_handle;

static bool protocol_active(const struct protocol *s)
{
    return s->kind == PROCBUF_STATE_YIELDED;
}

/* A1, A2: what is allowed takes the place of what was. */
static void allow_step(struct protocol *s, int addr, int len)
{
    const struct procbuf_allow_result result = procbuf_process_allow_readonly(
        &slots[0], &protocol_driver, 0, (procbuf_addr_t)addr, (size_t)len);
    const bool good = protocol_active(s);
    EXPECT(result.code == (good ? PROCBUF_OK : PROCBUF_FAIL), "protocol: allow", (int)result.code);
    EXPECT(result.addr == (good ? s->slot_addr : addr) &&
               result.len == (size_t)(good ? s->slot_len : len),
           "protocol: what allow gives back", result.addr, (int)result.len);
    if (!good)
        return;
    s->slot_addr = addr;
    s->slot_len = len;
    s->swaps++;
}

static void read_slot(const struct procbuf_grant *grant, void *data)
{
    (void)data;
    EXPECT(procbuf_grant_readonly(grant, 0, &protocol_handle) == PROCBUF_OK, "protocol: read");
}

/* G4, G5 */
static void read_step(struct protocol *s)
{
    const enum procbuf_error error =
        procbuf_driver_enter(&protocol_driver, procbuf_process_id(&slots[0]), read_slot, NULL);
    EXPECT(error == (protocol_active(s) ? PROCBUF_OK : PROCBUF_INACTIVE_APP),
           "protocol: driver enters", (int)error);
    if (error != PROCBUF_OK)
        return;
    s->held = true;
    s->held_life = s->life;
    s->held_swaps = s->swaps;
    s->held_addr = s->slot_addr;
    s->held_len = s->slot_len;
}

/* L5. A new life begins with empty slots. */
static void begin_protocol_life(struct protocol *s, bool refused)
{
    s->life = s->next_life++;
    s->kind = refused ? PROCBUF_STATE_TERMINATED : PROCBUF_STATE_YIELDED;
    s->slot_addr = s->slot_len = 0;
    s->swaps++;
}

static void end_protocol_life(struct protocol *s, enum procbuf_state_kind kind)
{
    s->kind = kind;
    s->slot_addr = s->slot_len = 0;
}

static void restart_step(struct protocol *s, bool refused)
{
    const bool due = s->kind != PROCBUF_STATE_TERMINATED;
    port_refuses = refused;
    const enum procbuf_error answer = refused ? PROCBUF_OUT_OF_MEMORY : PROCBUF_OK;
    EXPECT(procbuf_process_restart(&slots[0], NULL) == (due ? answer : PROCBUF_ALREADY),
           "protocol: restart");
    port_refuses = false;
    if (due)
        begin_protocol_life(s, refused);
}

static void replace_step(struct protocol *s)
{
    struct procbuf_process *process;
    EXPECT(procbuf_process_remove(&slots[0]) == PROCBUF_OK, "protocol: remove");
    EXPECT(create(&protocol_layouts[0], &process) == PROCBUF_OK && process == &slots[0],
           "protocol: create again");
    begin_protocol_life(s, false);
}

static void protocol_step(struct protocol *s, int op)
{
    switch (op) {
    case ALLOW: allow_step(s, 104, 3); break;
    case ALLOW_OTHER: allow_step(s, 52, 2); break;
    case REVOKE: allow_step(s, 255, 0); break;
    case READ_SLOT: read_step(s); break;
    case FINISH:
        procbuf_process_terminate(&slots[0], NULL);
        if (s->kind != PROCBUF_STATE_TERMINATED)
            end_protocol_life(s, PROCBUF_STATE_TERMINATED);
        break;
    case RESTART: restart_step(s, false); break;
    case RESTART_REFUSED: restart_step(s, true); break;
    case START:
        EXPECT(procbuf_process_start(&slots[0]) ==
                   (s->kind == PROCBUF_STATE_TERMINATED ? PROCBUF_OK : PROCBUF_ALREADY),
               "protocol: start");
        if (s->kind == PROCBUF_STATE_TERMINATED)
            begin_protocol_life(s, false);
        break;
    case FAULT:
        procbuf_process_fault(&slots[0]);
        end_protocol_life(s, PROCBUF_STATE_FAULTED);
        break;
    default: replace_step(s); break;
    }
}

/* L8: while a body runs, its process stays. */
static void must_be_busy(struct procbuf_readable slice, void *data)
{
    (void)slice;
    (*(int *)data)++;
    EXPECT(procbuf_process_remove(&slots[0]) == PROCBUF_BUSY, "protocol: remove inside an enter");
}

/* H1, H2, H6: the handle lives in its life, while its slot holds it. */
static void protocol_look(const struct protocol *s, struct procbuf_id standing_by)
{
    int runs = 0;
    const bool live = s->held && s->held_life == s->life && s->held_swaps == s->swaps;
    EXPECT(procbuf_process_state(&slots[0]).kind == s->kind, "protocol: state", (int)s->kind);
    EXPECT(procbuf_readonly_len(&protocol_handle) == (size_t)(live ? s->held_len : 0),
           "protocol: length of the handle", live, s->held_len);
    EXPECT(procbuf_readonly_addr(&protocol_handle) ==
               (s->held && s->held_len != 0 ? s->held_addr : 0),
           "protocol: its address");
    EXPECT((procbuf_readonly_enter(&protocol_handle, must_be_busy, &runs) == PROCBUF_OK) == live &&
               runs == live,
           "protocol: its enter", live, runs);
    EXPECT(procbuf_id_is_live(standing_by) && procbuf_process_app_break(&slots[1]) == 208,
           "protocol: the other process");
}

static void part_protocol(void)
{
    static const struct procbuf_driver_config config = { .driver_number = 1,
                                                         .readonly_count = 1,
                                                         .data_align = 1 };
    int ops[PROTOCOL_DEPTH] = { 0 };
    procbuf_driver_init(&protocol_driver, &config);
    for (;;) {
        struct procbuf_process *process;
        struct protocol s = { .kind = PROCBUF_STATE_YIELDED, .life = 0, .next_life = 2 };
        make_table();
        EXPECT(create(&protocol_layouts[0], &process) == PROCBUF_OK &&
                   create(&protocol_layouts[1], &process) == PROCBUF_OK,
               "protocol: two processes");
        const struct procbuf_id standing_by = procbuf_process_id(process);
        protocol_handle = procbuf_readonly_default();
        for (int d = 0; d < PROTOCOL_DEPTH; d++) {
            protocol_step(&s, ops[d]);
            protocol_look(&s, standing_by);
        }
        cases++;
        int at = PROTOCOL_DEPTH - 1;
        while (at >= 0 && ++ops[at] == PROTOCOL_OPS)
            ops[at--] = 0;
        if (at < 0)
            return;
    }
}

/* ---- M: every map of up to three regions, every range, every recheck after every change ----
 *
 * What a walk does depends on how its numbers compare, not on what they are: six ends of regions and
 * two of the range. So ten addresses are enough, eight that may all differ, address 0 and the last
 * one: each order that 8-bit numbers can have is among them. Regions that hold nothing are two, an
 * empty and a reversed one. What is left out: other numbers in the same order. Sums and wraps do
 * depend on the numbers; every_sum() tries all of those.
 *
 * A buffer keeps nothing of the map that it was built over, which every_buffer_alike() checks. So one
 * buffer of each range, checked over each map, is a recheck after every change of a map. */

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(trusted);

enum { PLACES = 10, RANGES = PLACES * (PLACES - 1) / 2, KINDS = 2 * RANGES + 2, MOST_REGIONS = 3 };
static const int places[PLACES] = { 0, 1, 40, 41, 100, 127, 128, 200, 254, 255 };

/* What is between places, a bit for each piece: which pieces may be read, and written. */
struct kind {
    struct procbuf_region region;
    unsigned pieces;
    bool writable;
};
static struct kind kinds[KINDS];
static struct {
    int addr, end;
    unsigned pieces;
    struct procbuf_readonly ro; /* built once, over everything */
    struct procbuf_readwrite rw;
} ranges[RANGES];

static struct procbuf_table task_table;
static struct procbuf_map map;
static struct procbuf_region map_regions[MOST_REGIONS];
static size_t map_count;

static bool task_is_live(uint32_t index, uint64_t identifier, const void *data)
{
    (void)data;
    return index == 1 && identifier == 5;
}

static struct procbuf_lender lender_of_map(void)
{
    return procbuf_lender_rechecked(&map, procbuf_id_new_external(&task_table, 1, 5, &trusted));
}

static bool find_region(procbuf_addr_t addr, struct procbuf_region *region_out, const void *data)
{
    (void)data;
    for (size_t r = 0; r < map_count; r++) {
        if (map_regions[r].start <= addr && addr < map_regions[r].end) {
            *region_out = map_regions[r];
            return true;
        }
    }
    return false;
}

/* Everything but address 0, so that a buffer of each range can be built. */
static const struct procbuf_region everything[1] = { { 1, 255, PROCBUF_ACCESS_READ_WRITE } };

static void make_kinds_and_ranges(void)
{
    int n = 0;
    procbuf_table_init_external(&task_table, task_is_live, NULL);
    map = procbuf_map_of_regions(everything, 1, &trusted);
    const struct procbuf_lender lender = lender_of_map();
    for (int a = 0; a < PLACES; a++) {
        for (int b = a + 1; b < PLACES; b++, n++) {
            unsigned pieces = 0;
            for (int piece = a; piece < b; piece++)
                pieces |= 1u << piece;
            const procbuf_addr_t start = (procbuf_addr_t)places[a], end = (procbuf_addr_t)places[b];
            kinds[2 * n] = (struct kind){ { start, end, PROCBUF_ACCESS_READ }, pieces, false };
            kinds[2 * n + 1] =
                (struct kind){ { start, end, PROCBUF_ACCESS_READ_WRITE }, pieces, true };
            ranges[n].addr = places[a];
            ranges[n].end = places[b];
            ranges[n].pieces = pieces;
            const size_t len = (size_t)(places[b] - places[a]);
            const enum procbuf_error expected = a == 0 ? PROCBUF_INVAL : PROCBUF_OK;
            EXPECT(procbuf_readonly_build_from(&lender, start, len, &ranges[n].ro) == expected &&
                       procbuf_readwrite_build_from(&lender, start, len, &ranges[n].rw) == expected,
                   "map: null", start, end);
        }
    }
    kinds[KINDS - 2] = (struct kind){ { 127, 127, PROCBUF_ACCESS_READ_WRITE }, 0, true };
    kinds[KINDS - 1] = (struct kind){ { 200, 40, PROCBUF_ACCESS_READ_WRITE }, 0, true };
}

/* Of an array, a piece has the rights of all regions that hold it. */
static bool array_permits(const int *which, unsigned pieces, bool to_write)
{
    for (size_t r = 0; r < map_count; r++)
        if (kinds[which[r]].writable || !to_write)
            pieces &= ~kinds[which[r]].pieces;
    return pieces == 0;
}

/* Of a function, it has the right of the region in which the walk comes to it. */
static bool function_permits(const int *which, unsigned pieces, bool to_write)
{
    while (pieces != 0) {
        const unsigned next = pieces & -pieces;
        size_t r = 0;
        while (r < map_count && (kinds[which[r]].pieces & next) == 0)
            r++;
        if (r == map_count || (to_write && !kinds[which[r]].writable))
            return false;
        pieces &= ~kinds[which[r]].pieces;
    }
    return true;
}

/* M2 and M4 for every range over the map as it is. */
static void try_ranges(const int *which, bool (*permits)(const int *, unsigned, bool))
{
    const struct procbuf_lender lender = lender_of_map();
    for (int n = 0; n < RANGES; n++) {
        const bool has_null = ranges[n].addr == 0;
        const bool ro_good = !has_null && permits(which, ranges[n].pieces, false);
        const bool rw_good = !has_null && permits(which, ranges[n].pieces, true);
        const procbuf_addr_t addr = (procbuf_addr_t)ranges[n].addr;
        const size_t len = (size_t)(ranges[n].end - ranges[n].addr);
        struct procbuf_readonly ro;
        struct procbuf_readwrite rw;
        cases += 4;
        EXPECT(procbuf_readonly_build_from(&lender, addr, len, &ro) ==
                   (ro_good ? PROCBUF_OK : PROCBUF_INVAL),
               "map: read-only", addr, len, map_count, which[0], which[1], which[2]);
        EXPECT(procbuf_readwrite_build_from(&lender, addr, len, &rw) ==
                   (rw_good ? PROCBUF_OK : PROCBUF_INVAL),
               "map: read-write", addr, len, map_count, which[0], which[1], which[2]);
        if (has_null)
            continue;
        EXPECT(procbuf_readonly_len(&ranges[n].ro) == (ro_good ? len : 0), "map: rechecked to read",
               addr, len, map_count, which[0], which[1], which[2]);
        EXPECT(procbuf_readwrite_len(&ranges[n].rw) == (rw_good ? len : 0),
               "map: rechecked to write", addr, len, map_count, which[0], which[1], which[2]);
    }
}

static void try_map(const int *which, size_t count)
{
    map_count = count;
    for (size_t r = 0; r < MOST_REGIONS; r++) /* what is past count would permit everything */
        map_regions[r] = r < count ? kinds[which[r]].region : everything[0];
    map = procbuf_map_of_regions(map_regions, count, &trusted);
    try_ranges(which, array_permits);
    map = procbuf_map_of_lookup(find_region, NULL, &trusted);
    try_ranges(which, function_permits);
}

static void every_map(void)
{
    for (size_t count = 0; count <= MOST_REGIONS; count++) {
        int which[MOST_REGIONS] = { 0, 0, 0 };
        for (;;) {
            try_map(which, count);
            size_t r = 0;
            while (r < count && ++which[r] == KINDS)
                which[r++] = 0;
            if (r == count)
                break;
        }
    }
}

/* Every pointer and length, over each single region that begins and ends at a place. */
static void every_sum(void)
{
    for (int k = 0; k < KINDS; k += 2) {
        map = procbuf_map_of_regions(&kinds[k].region, 1, &trusted);
        const struct procbuf_lender lender = lender_of_map();
        const int start = kinds[k].region.start == 0 ? 1 : kinds[k].region.start;
        for (int addr = 0; addr < SPACE; addr++) {
            for (int len = 0; len <= SPACE; len++) {
                struct procbuf_readonly ro;
                const bool good = len == 0 || within(addr, len, start, kinds[k].region.end);
                cases++;
                EXPECT((procbuf_readonly_build_from(&lender, (procbuf_addr_t)addr, (size_t)len,
                                                    &ro) == PROCBUF_OK) == good,
                       "map: sum", addr, len, start, kinds[k].region.end);
            }
        }
    }
}

/* What a buffer is does not depend on the regions it was built over. */
static void every_buffer_alike(void)
{
    for (int n = 0; n < RANGES; n++) {
        for (int k = 1; k < KINDS - 2; k += 2) {
            struct procbuf_readonly ro = ranges[n].ro;
            map = procbuf_map_of_regions(&kinds[k].region, 1, &trusted);
            const struct procbuf_lender lender = lender_of_map();
            cases++;
            procbuf_ignore(procbuf_readonly_build_from(&lender, (procbuf_addr_t)ranges[n].addr,
                                                       (size_t)(ranges[n].end - ranges[n].addr),
                                                       &ro));
            EXPECT(memcmp(&ro, &ranges[n].ro, sizeof ro) == 0, "map: a buffer remembers its map", n,
                   k);
        }
    }
}

static void part_maps(void)
{
    make_kinds_and_ranges();
    every_map();
    every_sum();
    every_buffer_alike();
}

/* ---- Parts ---- */

static const struct {
    const char *name;
    void (*run)(void);
    unsigned long cases; /* exactly so many: a loop that shrinks by mistake fails */
} parts[] = {
    /* with the rules that each tries, for tests/evidence */
    { "creation", part_creation, 3211264 }, /* P3 P4 */
    { "buffers", part_buffers, 209715200 }, /* P1 P2 P3 B2 B3 B4 H1 */
    { "breaks", part_breaks, 1284096 }, /* K1 K2 E3 I9 */
    { "grants", part_grants, 2838528 }, /* G1 */
    { "slices", part_slices, 9262 }, /* S1 S2 S3 */
    { "sequences", part_sequences, 4782969 }, /* B1 B2 B3 B4 H1 H2 K1 L3 L4 L5 L6 I9 */
    { "protocol", part_protocol, 1000000 }, /* A1 A2 G4 G5 H1 H2 H6 I5 L3 L4 L5 L7 L8 */
    { "maps", part_maps, 286436657 }, /* M1 M2 M3 M4 */
};

static bool run_part(size_t p)
{
    cases = 0;
    parts[p].run();
    printf("%s: %lu cases\n", parts[p].name, cases);
    if (cases != parts[p].cases)
        printf("expected: %lu\n", parts[p].cases);
    return cases == parts[p].cases;
}

int main(int argc, char **argv)
{
    bool ok = true, known = false;
    for (size_t p = 0; argc <= 2 && p < sizeof parts / sizeof parts[0]; p++) {
        if (argc == 2 && strcmp(argv[1], parts[p].name) != 0)
            continue;
        known = true;
        ok &= run_part(p);
    }
    if (!known) {
        fprintf(
            stderr,
            "usage: exhaustive [creation|buffers|breaks|grants|slices|sequences|protocol|maps]\n");
        return 2;
    }
    return ok ? 0 : 1;
}
