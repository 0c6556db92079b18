/* The table of operations, and what all forms of a trace share. */
#include "trace.h"

#include <string.h>

const struct op_row op_table[256] = {
#define OP(code, NAME, text, operands, words) [code] = { text, operands, words },
#include "ops.def"
#undef OP
};

enum { FIRST = 1 << 1, SECOND = 1 << 2, THIRD = 1 << 3 };

const uint8_t op_wide_operands[256] = {
    [OP_TERMINATE] = SECOND,
    [OP_RESTART] = SECOND,
    [OP_SET_YIELDED_FOR] = SECOND,
    [OP_TABLE_SLOT] = FIRST,
    [OP_FROM_ARRAY] = SECOND | THIRD,
    [OP_FROM_ARRAY_MUT] = SECOND | THIRD,
    [OP_DECLARE_DRIVER] = SECOND | THIRD,
    [OP_DECLARE_DRIVER_WITH] = SECOND | THIRD,
    [OP_ALLOCATE_GRANT] = SECOND | THIRD,
    [OP_LOOKUP_DRIVER] = SECOND,
    [OP_ENTER_GRANT] = SECOND,
    [OP_LEAVE_GRANT] = SECOND,
    [OP_READ_READONLY] = SECOND,
    [OP_READ_READWRITE] = SECOND,
    [OP_ALLOW_READONLY] = THIRD,
    [OP_ALLOW_READWRITE] = THIRD,
    [OP_ALLOW_USERSPACE_READABLE] = THIRD,
    [OP_ALLOW_USERSPACE_READABLE_WITH] = THIRD,
    [OP_READ_AT] = THIRD,
    [OP_READ_AT_READWRITE] = THIRD,
    [OP_WRITE_AT] = THIRD,
    [OP_READER_READ] = FIRST,
    [OP_WRITER_WRITE] = FIRST,
};

/* Loops, because the sanitizers intercept memmove; the compiler is kept from making one of them. */
void ops_copy(struct op *to, const struct op *from, unsigned count)
{
    for (unsigned o = 0; o < count; o++) {
        to[o] = from[o];
        __asm__ volatile("" ::: "memory");
    }
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
        [ANCHOR_LEN] = "len",
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
           a->flash_above == b->flash_above && a->restarts == b->restarts;
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

static uint16_t clip(uint16_t value, unsigned most)
{
    return (uint16_t)(value > most ? value % (most + 1) : value);
}

void layout_clip(struct layout *layout)
{
    layout->ram = clip(layout->ram, TRACE_MAX_RAM);
    layout->flash = clip(layout->flash, TRACE_MAX_FLASH);
    layout->protected_len = clip(layout->protected_len, layout->flash);
    layout->app = clip(layout->app, layout->ram);
    layout->kernel = clip(layout->kernel, (unsigned)layout->ram - layout->app);
}
