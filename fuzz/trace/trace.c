/* The table of operations, and what all forms of a trace share. */
#include "trace.h"

#include <string.h>

#define PREPARES OP_PREPARES
#define LIVES OP_LIVES
#define VOUCHES OP_VOUCHES
#define SHOWS OP_SHOWS
/* The first three operands count: blanks are those that are missing. */
#define SLICE_MADE(operands)                                                                       \
    (operands "   ")[0] == 'S'   ? 0                                                               \
    : (operands "   ")[1] == 'S' ? 1                                                               \
    : (operands "   ")[2] == 'S' ? 2                                                               \
                                 : -1
const struct op_row op_table[256] = {
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = { text, operands, words, since, HOW_##how, flags, SLICE_MADE(operands) },
#include "ops.def"
#undef OP
    [OP_END] = { .slice_made = -1 },
};

static const char *const words[] = { "le16", "be16", "le32", "be32", "le64", "be64" };
static const char *const policies[] = { "stop", "restart" };
static const char *const rights[] = { "read", "write" };
static const char *const holds[] = { "pinned", "rechecked" };
static const char *const codes[] = { "OK",        "FAIL",     "BUSY",        "ALREADY", "OFF",
                                     "RESERVE",   "INVAL",    "SIZE",        "CANCEL",  "NOMEM",
                                     "NOSUPPORT", "NODEVICE", "UNINSTALLED", "NOACK" };
#define NAMED(names) names, sizeof names / sizeof names[0]

#define READONLY_KIND                                                                              \
    { "read-only buffer register (ro0 to ro7)", "ro", NULL, 0, TRACE_BUFFER_COUNT, false }
#define READWRITE_KIND                                                                             \
    { "read-write buffer register (rw0 to rw7)", "rw", NULL, 0, TRACE_BUFFER_COUNT, false }
#define SLICE_KIND { "slice register (s0 to s7)", "s", NULL, 0, TRACE_SLICE_COUNT, false }
#define ID_KIND { "id register (d0 to d7)", "d", NULL, 0, TRACE_ID_COUNT, false }

const struct operand_kind operand_kinds[128] = {
    ['p'] = { "process (p0 to p7)", "p", NULL, 0, TRACE_MAX_PROCESSES, false },
    ['o'] = READONLY_KIND,
    ['O'] = READONLY_KIND,
    ['w'] = READWRITE_KIND,
    ['W'] = READWRITE_KIND,
    ['h'] = { "buffer register (ro0 to ro7, rw0 to rw7)", NULL, NULL, 0, 2 * TRACE_BUFFER_COUNT,
              false },
    ['s'] = SLICE_KIND,
    ['S'] = SLICE_KIND,
    ['d'] = ID_KIND,
    ['D'] = ID_KIND,
    ['v'] = { "driver (v0 to v3)", "v", NULL, 0, TRACE_DRIVER_COUNT, false },
    ['f'] = { "foreign process (f0 to f3)", "f", NULL, 0, TRACE_FOREIGN_COUNT, false },
    ['a'] = { "address", NULL, NULL, 0, 0, true },
    ['n'] = { "length", NULL, NULL, 0, 0, false },
    ['i'] = { "index", NULL, NULL, 0, 0, false },
    ['z'] = { "distance", NULL, NULL, 0, 0, false },
    ['b'] = { "byte", "", NULL, 0, 256, false },
    ['u'] = { "number below 256", "", NULL, 0, 256, false },
    ['N'] = { "number below 256", "", NULL, 0, 256, true },
    ['e'] = { "code (OK to NOACK) or number below 256", "", NAMED(codes), 256, true },
    ['c'] = { "completion code (none, or 0 to 254)", NULL, NULL, 0, 256, true },
    ['k'] = { "kind of a word (le16 be16 le32 be32 le64 be64)", "", NAMED(words), 6, false },
    ['M'] = { "map (m0 to m2)", "m", NULL, 0, TRACE_MAP_COUNT, false },
    ['G'] = { "region of a map (g0 to g7)", "g", NULL, 0, TRACE_REGION_COUNT, false },
    ['K'] = { "slot of the kernel's (k0 to k3)", "k", NULL, 0, TRACE_KERNEL_SLOT_COUNT, false },
    ['t'] = { "right (read, write)", "", NAMED(rights), 2, false },
    ['l'] = { "way to hold (pinned, rechecked)", "", NAMED(holds), 2, false },
    ['q'] = { "fault policy (stop, restart)", "", NAMED(policies), 2, false },
    ['m'] = { "count of slots (0 to 3)", "", NULL, 0, 4, false },
    ['r'] = { "count of buffers (0 to 4)", "", NULL, 0, 5, false },
    ['g'] = { "power of two (2^0 to 2^7)", "2^", NULL, 0, 8, false },
    ['j'] = { "power of two (2^0 to 2^16)", "2^", NULL, 0, 17, false },
    ['x'] = { "power of two (2^0 to 2^63)", "2^", NULL, 0, 64, false },
    ['y'] = { "power of two (2^0 to 2^32)", "2^", NULL, 0, 33, false },
};

/* Loops, because the sanitizers intercept memmove; the compiler is kept from making one of them. */
void ops_copy(struct op *to, const struct op *from, unsigned count)
{
    for (unsigned o = 0; o < count; o++) {
        to[o] = from[o];
        __asm__ volatile("" ::: "memory");
    }
}

unsigned trace_block_end(const struct trace *trace, unsigned at)
{
    for (int depth = op_turns(trace->ops[at].code); depth > 0 && ++at < trace->op_count;)
        depth += op_turns(trace->ops[at].code);
    return at;
}

void ops_open_gap(struct trace *trace, unsigned at)
{
    for (unsigned o = trace->op_count++; o > at; o--) {
        trace->ops[o] = trace->ops[o - 1];
        __asm__ volatile("" ::: "memory");
    }
}

const char *anchor_name(uint8_t anchor)
{
    static const char *const names[ANCHOR_COUNT] = {
        [ANCHOR_MAX] = "max",
        [ANCHOR_HALF] = "half",
        [ANCHOR_W31] = "w31",
        [ANCHOR_W32] = "w32",
        [ANCHOR_RAM] = "ram",
        [ANCHOR_BREAK] = "break",
        [ANCHOR_KERNEL_BREAK] = "kernel_break",
        [ANCHOR_RAM_END] = "ram_end",
        [ANCHOR_FLASH] = "flash",
        [ANCHOR_FLASH_PROTECTED] = "flash_protected_end",
        [ANCHOR_FLASH_END] = "flash_end",
        [ANCHOR_MARK] = "mark",
        [ANCHOR_KERNEL] = "kernel",
        [ANCHOR_TOP] = "top",
        [ANCHOR_BUFFER_START] = "start",
        [ANCHOR_BUFFER_END] = "end",
        [ANCHOR_FOREIGN] = "memory",
        [ANCHOR_LEN] = "len",
        [ANCHOR_REGION_LOW] = "low",
        [ANCHOR_REGION_HIGH] = "high",
    };
    return anchor < ANCHOR_COUNT ? names[anchor] : NULL;
}

void trace_lay_out_usually(struct trace *trace)
{
    static const struct layout defaults[] = {
        { .ram = 512, .flash = 256, .protected_len = 32, .app = 259, .kernel = 64 },
        { .ram = 512,
          .flash = 128,
          .protected_len = 20,
          .app = 256,
          .kernel = 100,
          .flash_above = true,
          .restarts = true },
        { .ram = 300,
          .flash = 100,
          .protected_len = 1,
          .app = 131,
          .kernel = 169,
          .gap = 3,
          .apart = 9 },
    };
    trace->process_count = sizeof defaults / sizeof defaults[0];
    memcpy(trace->processes, defaults, sizeof defaults);
}

void trace_init(struct trace *trace)
{
    trace_lay_out_usually(trace);
    trace->op_count = 0;
}

static bool layout_equal(const struct layout *a, const struct layout *b)
{
    return a->ram == b->ram && a->flash == b->flash && a->protected_len == b->protected_len &&
           a->app == b->app && a->kernel == b->kernel && a->gap == b->gap && a->apart == b->apart &&
           a->flash_above == b->flash_above && a->restarts == b->restarts && a->large == b->large;
}

bool layouts_equal(const struct layout *a, const struct layout *b, unsigned count)
{
    for (unsigned l = 0; l < count; l++)
        if (!layout_equal(&a[l], &b[l]))
            return false;
    return true;
}

bool trace_has_usual_layout(const struct trace *trace)
{
    static struct trace usual;
    if (usual.process_count == 0)
        trace_lay_out_usually(&usual);
    return trace->process_count == usual.process_count &&
           layouts_equal(trace->processes, usual.processes, usual.process_count);
}

const struct layout layout_default = { .ram = 512, .app = 256, .kernel = 64, .flash = 128 };

static uint32_t clip(uint32_t value, uint32_t most)
{
    return value > most ? value % (most + 1) : value;
}

void layout_clip(struct layout *layout)
{
    const uint32_t unit = layout->large ? TRACE_LARGE_UNIT : 1;
    layout->ram =
        clip(layout->ram, layout->large ? TRACE_MAX_LARGE_RAM : TRACE_MAX_RAM) / unit * unit;
    layout->flash =
        clip(layout->flash, layout->large ? TRACE_MAX_LARGE_FLASH : TRACE_MAX_FLASH) / unit * unit;
    layout->protected_len = clip(layout->protected_len, layout->flash) / unit * unit;
    layout->app = clip(layout->app, layout->ram) / unit * unit;
    layout->kernel = clip(layout->kernel, layout->ram - layout->app) / unit * unit;
    layout->large = layout->ram > TRACE_MAX_RAM || layout->flash > TRACE_MAX_FLASH;
}

uint32_t layout_len(const struct layout *layout)
{
    return layout->gap + layout->ram + layout->apart + layout->flash;
}

uint32_t trace_memory(const struct trace *trace)
{
    return trace_is_large(trace) ? TRACE_MAX_LARGE_MEMORY : TRACE_MAX_MEMORY;
}

void trace_leave_out(struct trace *trace)
{
    const uint32_t memory = trace_memory(trace);
    uint32_t used = 0;
    unsigned kept = 0;
    for (unsigned p = 0; p < trace->process_count; p++) {
        const struct layout layout = trace->processes[p];
        if (used + layout_len(&layout) > memory)
            continue;
        used += layout_len(&layout);
        trace->processes[kept++] = layout;
    }
    trace->process_count = kept;
}

void trace_lay_out_large(struct trace *trace)
{
    static const struct layout layouts[] = {
        { .ram = 81920,
          .flash = 69632,
          .protected_len = 512,
          .app = 67840,
          .kernel = 2048,
          .gap = 1,
          .large = true },
        { .ram = 70656,
          .flash = 512,
          .app = 66048,
          .kernel = 256,
          .apart = 5,
          .restarts = true,
          .large = true },
        { .ram = 1024, .flash = 256, .app = 512, .kernel = 128 },
        { .ram = 1024, .flash = 256, .app = 512, .kernel = 128, .flash_above = true },
    };
    trace->process_count = sizeof layouts / sizeof layouts[0];
    memcpy(trace->processes, layouts, sizeof layouts);
}

bool trace_is_large(const struct trace *trace)
{
    for (unsigned p = 0; p < trace->process_count; p++)
        if (trace->processes[p].large)
            return true;
    return false;
}
