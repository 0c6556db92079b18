/* A port of lib/ports on a unit that remembers every write: what an interrupt in between would find, which no emulator
 * shows. `check unit_writes` puts unit_register() in the place of the registers of an MPU, unit_csr() in that of PMP's, and
 * unit_barrier() in that of the barrier. */
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef ENTRIES
static void unit_csr(const char *what, const char *csr, uintptr_t value);
#else
static uint32_t *unit_register(uint32_t addr);
#endif
static void unit_barrier(void);

#include PORT

enum { GRANULES = 64, CALLS = 20000, MOST_WRITES = 64 };
#define ARENA 0x20000000u

static void fail(const char *what)
{
    printf("%s\n", what);
    exit(1);
}

/* ---- The unit ---- */

struct rights {
    uint64_t kernel, process; /* a bit for each granule: what they can read */
    uint64_t written; /* … and the kernel can write */
};

static uint32_t pending; /* the register that was written; 0: a barrier followed */
static struct rights found[MOST_WRITES]; /* after each write since the call began */
static unsigned writes;

static uint64_t granules(uint64_t start, uint64_t end)
{
    uint64_t bits = 0;
    for (unsigned g = 0; g < GRANULES; g++)
        if (start < ARENA + (g + 1) * 32ull && end > ARENA + g * 32ull)
            bits |= (uint64_t)1 << g;
    return bits;
}

/* Of each kind of unit: which granules its region or entry r holds, and for whom. */
enum { UNITS = 16 };
#ifdef ENTRIES /* RISC-V: entries of PMP with MML */
enum { FIRST = 2, OWN = 2 * REGIONS };
static uintptr_t ends[UNITS]; /* pmpaddr: in words */
static uint8_t configs[UNITS];

static uint64_t held_by(unsigned e)
{
    const uint8_t range = configs[e] >> 3 & 3;
    if (range > 1 || (configs[e] & 7) == 2)
        fail("an entry that the port does not know of");
    return range == 0 ? 0
                      : granules((uint64_t)(e == 0 ? 0 : ends[e - 1]) << 2, (uint64_t)ends[e] << 2);
}

static bool is_process_s(unsigned e)
{
    return (configs[e] & 0x80) == 0;
}

static bool is_written(unsigned e)
{
    return (configs[e] & 0x82) == 0x82;
}

static bool is_executed(unsigned e)
{
    return (configs[e] & 4) != 0;
}

static bool is_ordinary(unsigned e)
{
    (void)e; /* PMP does not say what memory is */
    return true;
}

static void leave_open(unsigned e)
{
    ends[e] = (ARENA >> 2) + 8 * e;
    configs[e] = 0x0b; /* TOR, W, R */
}
#else
enum { OWN = REGIONS };
static struct {
    uint32_t base, attributes;
} regions[UNITS];
#endif
#if defined(BLOCKS) /* Armv7-M; its rights: AP */
static uint64_t held_by(unsigned r)
{
    const uint32_t attributes = regions[r].attributes, base = regions[r].base;
    const uint64_t len = (uint64_t)2 << (attributes >> 1 & 31);
    uint64_t bits = 0;
    if ((attributes & 1) == 0)
        return 0;
    if ((base & (len - 1)) != 0)
        fail("a region that is on does not begin on a multiple of its length");
    for (unsigned eighth = 0; eighth < 8; eighth++)
        if ((attributes >> (8 + eighth) & 1) == 0)
            bits |= granules(base + len / 8 * eighth, base + len / 8 * (eighth + 1));
    return bits;
}

static bool is_process_s(unsigned r)
{
    const uint32_t ap = regions[r].attributes >> 24 & 7;
    return ap == 6 || ap == 3;
}

static bool is_written(unsigned r)
{
    return (regions[r].attributes >> 24 & 7) == 1;
}

static bool is_executed(unsigned r)
{
    return (regions[r].attributes >> 28 & 1) == 0;
}

static bool is_ordinary(unsigned r)
{
    return (regions[r].attributes >> 17 & 0x1d) == 1; /* TEX 0, C 1 */
}

static void leave_open(unsigned r)
{
    regions[r].base = ARENA + 256 * r;
    regions[r].attributes = 0x1302000f; /* XN, AP 3, C; 256 bytes */
}
#elif !defined(ENTRIES) /* Armv8-M */
static uint64_t held_by(unsigned r)
{
    if ((regions[r].attributes & 1) == 0)
        return 0;
    return granules(regions[r].base & ~31u, (uint64_t)(regions[r].attributes | 31u) + 1);
}

static bool is_process_s(unsigned r)
{
    return (regions[r].base >> 1 & 1) == 1;
}

static bool is_written(unsigned r)
{
    return (regions[r].base >> 1 & 3) == 0;
}

static bool is_executed(unsigned r)
{
    return (regions[r].base & 1) == 0;
}

static bool is_ordinary(unsigned r)
{
    return (regions[r].attributes >> 1 & 7) == 0; /* as the kernel's MAIR0 says */
}

static void leave_open(unsigned r)
{
    regions[r].base = (ARENA + 32 * r) | 3; /* AP 1, XN */
    regions[r].attributes = (ARENA + 32 * r) | 1;
}
#endif

static struct rights look(void)
{
    struct rights now = { 0, 0, 0 };
    for (unsigned r = 0; r < UNITS; r++) {
        const uint64_t bits = held_by(r);
#if !defined(BLOCKS) && !defined(ENTRIES)
        if (((now.kernel | now.process) & bits) != 0)
            fail("two regions that are on overlap: any access there is a fault");
#endif
        if (bits != 0 && !is_process_s(r) && is_executed(r))
            fail("the kernel may execute what is in a window");
        if (bits != 0 && !is_ordinary(r))
            fail("a region is not ordinary memory");
        if (is_process_s(r))
            now.process |= bits;
        else
            now.kernel |= bits;
        if (is_written(r))
            now.written |= bits;
    }
    return now;
}

static void note_write(void)
{
    if (writes == MOST_WRITES)
        fail("more writes than there are registers");
    found[writes++] = look();
}

#ifdef ENTRIES
static void unit_csr(const char *what, const char *csr, uintptr_t value)
{
    const bool is_end = strncmp(csr, "pmpaddr", strlen("pmpaddr")) == 0;
    const unsigned number = (unsigned)atoi(csr + strlen(is_end ? "pmpaddr" : "pmpcfg"));
    if (is_end != (*what == 'w') || number >= UNITS)
        fail("an end is written, and bits of what an entry is are set or cleared");
    if (is_end)
        ends[number] = value;
    for (unsigned b = 0; !is_end && b < sizeof value; b++) {
        uint8_t *config =
            &configs[4 * number + b]; /* with 64 bits, those of odd numbers are not there */
        const uint8_t bits = (uint8_t)(value >> 8 * b);
        *config = (uint8_t)(*what == 's' ? *config | bits : *config & ~bits);
    }
    pending = 1;
    note_write();
}

static void unit_barrier(void)
{
    pending = 0;
}
#else
enum { RNR = 0xED98, RBAR = 0xED9C };
static uint32_t selected, cell;

static void take_effect(void)
{
    if (pending == 0)
        return;
    if (pending == RNR)
        selected = cell;
    else if (pending == RBAR)
        regions[selected].base = cell;
    else
        regions[selected].attributes = cell;
    pending = 0;
    note_write();
}

static uint32_t *unit_register(uint32_t addr)
{
    take_effect();
    pending = addr & 0xffff;
    return &cell;
}

static void unit_barrier(void)
{
    take_effect();
}
#endif

/* ---- What must hold ---- */

static struct rights before;

/* Between a call's writes nothing is open that was closed before and is closed after it, and the last write has a barrier. */
static void check_call(void)
{
    if (pending != 0)
        fail("no barrier follows the last write");
    const struct rights after = look();
    for (unsigned w = 0; w < writes; w++)
        if ((found[w].kernel & ~(before.kernel | after.kernel)) != 0 ||
            (found[w].process & ~(before.process | after.process)) != 0 ||
            (found[w].written & ~(before.written | after.written)) != 0)
            fail("between two writes something is open that is so neither before nor after");
    before = after;
    writes = 0;
}

static struct region opened[PORT_MOST_WINDOWS]; /* and not closed since */
static unsigned depth;

static void check_kernel(void)
{
    uint64_t read = 0, written = 0;
    check_call();
    for (unsigned w = 0; w < depth; w++) {
        const uint64_t bits = granules(opened[w].start, opened[w].end);
        read |= bits;
        if (opened[w].right == KERNEL_READ_WRITE)
            written |= bits;
    }
    if (before.process != 0)
        fail("the kernel runs, and memory of a process is open to the process");
    if ((read & ~before.kernel) != 0 || (written & ~before.written) != 0)
        fail("a window that is open is closed");
    if (depth < 2 && before.kernel != 0 && read == 0)
        fail("a window that is closed is open");
    if (depth < 2 && before.written != 0 && written == 0)
        fail("a window to read is open to write");
}

/* ---- Calls by chance ---- */

static jmp_buf panicked;

void kernel_panic(const char *message)
{
    (void)message;
    longjmp(panicked, 1);
}

static uint32_t chance(uint32_t below)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static struct procbuf_protection some_process(uint32_t index, const void *table)
{
    /* Processes are 256 bytes apart: flash of 64 bytes, then RAM. */
    const procbuf_addr_t start = ARENA + 256u * index;
    return (struct procbuf_protection){ .table = table,
                                        .process_index = index,
                                        .flash_start = start,
                                        .flash_end = start + 32 * chance(3),
                                        .mem_start = start + 64,
                                        .app_break = start + 64 + 32 * chance(6),
                                        .kernel_break = start + 256,
                                        .mem_end = start + 256 };
}

static struct procbuf_protection told[PORT_PROCESS_COUNT]; /* what the port has agreed to */

static void run_process(uint32_t index)
{
    const struct procbuf_protection *process = &told[index];
    port_enter_process(index);
    check_call();
    if (before.kernel != 0)
        fail("a process runs, and a window is open");
    if (before.process != (granules(process->mem_start, process->app_break) |
                           granules(process->flash_start, process->flash_end)))
        fail("a process has other memory than the port was told");
    port_leave_process();
    check_kernel();
}

static enum procbuf_access access_of(const struct region *window)
{
    return window->right == KERNEL_READ ? PROCBUF_ACCESS_READ : PROCBUF_ACCESS_READ_WRITE;
}

/* Some are as one that is open, but for the right. They are closed in any order. */
static void open_or_close(void)
{
    if (depth < PORT_MOST_WINDOWS && chance(2) == 0) {
        const procbuf_addr_t addr = ARENA + chance(1500);
        struct region one = { addr, addr + 1 + chance(chance(4) == 0 ? 500 : 40), KERNEL_READ };
        if (depth > 0 && chance(4) == 0)
            one = opened[chance(depth)];
        one.right = chance(2) == 0 ? KERNEL_READ : KERNEL_READ_WRITE;
        procbuf_port_user_access_open(one.start, one.end - one.start, access_of(&one));
        opened[depth++] = one;
    } else if (depth > 0) {
        const unsigned any = chance(depth--);
        const struct region one = opened[any];
        opened[any] = opened[depth];
        procbuf_port_user_access_close(one.start, one.end - one.start, access_of(&one));
    }
    check_kernel();
}

int main(void)
{
    static const char tables[2];
    for (unsigned r = FIRST; r < FIRST + OWN; r++)
        leave_open(r); /* as a reset may */
    before = look();
    for (unsigned call = 0; call < CALLS; call++) {
        const uint32_t index = chance(PORT_PROCESS_COUNT);
        struct procbuf_protection process = some_process(index, &tables[0]);
        if (chance(4) != 0)
            open_or_close();
        else if (chance(2) != 0)
            run_process(index);
        else if (procbuf_port_protect_memory(&process))
            told[index] = process;
    }
    struct procbuf_protection process = some_process(0, &tables[1]);
    process.app_break = process.mem_start;
    process.flash_end = process.flash_start;
    if (procbuf_port_protect_memory(&process))
        fail("a process of a second table is accepted");
    process.table = (const void *)&tables[0];
    process.process_index = PORT_PROCESS_COUNT;
    if (procbuf_port_protect_memory(&process))
        fail("a process past the last one is accepted");
    if (setjmp(panicked) == 0) {
        for (unsigned depth = 0; depth <= PORT_MOST_WINDOWS; depth++)
            procbuf_port_user_access_open(ARENA, 8, PROCBUF_ACCESS_READ);
        fail("more windows are opened than there is room for");
    }
    return 0;
}
