/* Traces: programs of library calls, and their binary and text forms.
 *
 * A trace lays processes out, then lists operations. It is what a fuzzer's bytes decode to and
 * what a person reads, reviews and edits. fuzz/TRACE.md has the grammar of the text form.
 */
#ifndef FUZZ_TRACE_H
#define FUZZ_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    TRACE_FORMAT = 1,        /* of the text form: its first line is "trace 1" */
    TRACE_TABLE_VERSION = 11, /* of the table of operations: first byte of the binary form */
    TRACE_MAX_OPS = 1024,
    TRACE_MAX_OPERANDS = 8,
    TRACE_MAX_PROCESSES = 8,
    TRACE_USUAL_DEPTH = 4, /* of nested enters */
    TRACE_MAX_DEPTH = 32, /* … in a large trace */
    TRACE_BUFFER_COUNT = 8,
    TRACE_SLICE_COUNT = 8,
    TRACE_ID_COUNT = 8,
    TRACE_DRIVER_COUNT = 4,
    TRACE_FOREIGN_COUNT = 4,
    TRACE_MAP_COUNT = 3, /* the last one is missing */
    TRACE_MAP_REGIONS = 4, /* of each map */
    TRACE_REGION_COUNT = 8,
    TRACE_KERNEL_SLOT_COUNT = 4, /* of each kind */
    TRACE_MISTAKE_COUNT = 51, /* of a kernel, which misuse makes */
    TRACE_MAX_RAM = 1024,
    TRACE_MAX_FLASH = 512,
    TRACE_MAX_MEMORY = 13312, /* of all processes, with the gaps between */
    TRACE_LARGE_UNIT = 256, /* of the sizes of a large process */
    TRACE_MAX_LARGE_RAM = 256 * TRACE_LARGE_UNIT + 65536,
    TRACE_MAX_LARGE_FLASH = 256 * TRACE_LARGE_UNIT + 16384,
    TRACE_MAX_LARGE_MEMORY = 1 << 19,
    TRACE_MAX_BYTES = 65536 /* an upper bound of the binary form of any trace */
};

enum op_code {
    OP_END = 0x02, /* "}": ends the innermost enter */
#define OP(code, NAME, ...) OP_##NAME = code,
#include "ops.def"
#undef OP
};

enum op_how { HOW_CALL, HOW_STEPS, HOW_USER, HOW_ENTER, HOW_ASK };

enum op_flag { OP_PREPARES = 1, OP_LIVES = 2, OP_VOUCHES = 4, OP_SHOWS = 8 };

struct op_row {
    const char *text; /* null: the code is not assigned */
    const char *operands;
    const char *words;
    uint8_t since; /* version of the table */
    uint8_t how; /* enum op_how */
    uint8_t flags; /* enum op_flag */
    int8_t slice_made; /* which operand is the slice that it makes; -1: it makes none */
};
extern const struct op_row op_table[256];

/* Says whether the operation only prepares what happens during the next one. */
static inline bool op_prepares(uint8_t code)
{
    return (op_table[code].flags & OP_PREPARES) != 0;
}

/* Says whether the operation opens a block that a "}" ends. */
static inline bool op_opens_block(uint8_t code)
{
    return op_table[code].how >= HOW_ENTER;
}

/* How it changes how many blocks are open. */
static inline int op_turns(uint8_t code)
{
    return op_opens_block(code) - (code == OP_END);
}

/* What a number in an operand is counted from. Numbers never change. */
enum anchor {
    ANCHOR_NUMBER = 0, /* a plain number, below 2^24 */
    ANCHOR_MAX = 1, /* max-k: the largest address */
    ANCHOR_HALF = 2, /* half+k: the middle of the address space */
    ANCHOR_W31 = 3, /* w31+k: 2^31, on 32-bit targets 2^30 */
    ANCHOR_W32 = 4, /* w32+k: 2^32, on 32-bit targets 3 * 2^30 */
    ANCHOR_PART = 5, /* k/65536 of the address space, k below 65536 */
    ANCHOR_RAM = 8,
    ANCHOR_BREAK = 9,
    ANCHOR_KERNEL_BREAK = 10,
    ANCHOR_RAM_END = 11,
    ANCHOR_FLASH = 12,
    ANCHOR_FLASH_PROTECTED = 13,
    ANCHOR_FLASH_END = 14,
    ANCHOR_MARK = 15,
    ANCHOR_KERNEL = 16, /* memory of the kernel itself */
    ANCHOR_TOP = 17, /* top-k: one above the largest address, which wraps to 0 */
    ANCHOR_BUFFER_START = 20,
    ANCHOR_BUFFER_END = 21,
    ANCHOR_FOREIGN = 22, /* memory of a foreign process */
    ANCHOR_LEN = 24, /* len-k: the length of the slice */
    ANCHOR_REGION_LOW = 25, /* of a map's region: where it begins */
    ANCHOR_REGION_HIGH = 26, /* … and ends */
    ANCHOR_COUNT = 32
};

enum { ANCHOR_MAX_OFFSET = 2047 }; /* |offset| of anything but a plain number */

struct operand {
    uint8_t anchor; /* a, n, i, z only */
    uint8_t index; /* of the anchor's process or buffer */
    int32_t number; /* offset, or the whole operand */
};

struct op {
    uint8_t code;
    struct operand operands[TRACE_MAX_OPERANDS];
};

/* Where a process is: see "process" in fuzz/TRACE.md. All in bytes. */
struct layout {
    uint32_t ram;
    uint32_t flash;
    uint32_t protected_len;
    uint32_t app;
    uint32_t kernel;
    uint8_t gap; /* before the process */
    uint8_t apart; /* between its two regions */
    bool flash_above;
    bool restarts; /* fault policy */
    bool large; /* up to TRACE_MAX_LARGE_…, in units of TRACE_LARGE_UNIT */
};

struct trace {
    unsigned process_count;
    struct layout processes[TRACE_MAX_PROCESSES];
    unsigned op_count;
    struct op ops[TRACE_MAX_OPS];
};

/* A kind of operand: a letter of ops.def. */
struct operand_kind {
    const char *what; /* as messages say it; null: there is no such letter */
    const char *prefix; /* of its text, before the number */
    const char *const *names; /* … in place of the first numbers */
    uint8_t name_count;
    uint16_t count; /* its byte in the binary form is taken modulo this; 0: a value of four bytes */
    bool is_wide; /* the library takes it in 32 bits or more: "widen" may widen it */
};
extern const struct operand_kind operand_kinds[128];

static inline const struct operand_kind *kind_row(char kind)
{
    return &operand_kinds[(unsigned char)kind];
}

/* Says whether operands of this kind are values: anchor, index and number (a, n, i, z). */
static inline bool kind_is_value(char kind)
{
    return kind == 'a' || kind == 'n' || kind == 'i' || kind == 'z';
}

/* The kind of a register, whether it is read or filled. */
static inline char kind_read(char kind)
{
    return kind == 'O' || kind == 'W' || kind == 'S' || kind == 'D' ? (char)(kind - 'A' + 'a')
                                                                    : kind;
}

/* Says whether the operation fills registers of this kind. */
static inline bool kind_is_filled(char kind)
{
    return kind_read(kind) != kind;
}

/* Says whether operands of this kind are processes, drivers or registers, whose numbers are names. */
static inline bool kind_is_name(char kind)
{
    const char read = kind_read(kind);
    return read == 'p' || read == 'v' || read == 'o' || read == 'w' || read == 'h' || read == 's' ||
           read == 'd' || read == 'M' || read == 'G' || read == 'K';
}

/* Of a buffer register, its place among all: ro0 to ro7, then rw0 to rw7. */
static inline unsigned buffer_number(char kind, uint64_t number)
{
    return (unsigned)number + (kind_read(kind) == 'w' ? TRACE_BUFFER_COUNT : 0);
}

/* Which operand is the slice that the operation makes. Returns: -1 if it makes none. */
static inline int op_slice_made(uint8_t code)
{
    return op_table[code].slice_made;
}

/* Says whether an operand of kind `kind` may count from `anchor`. */
static inline bool anchor_fits(char kind, uint8_t anchor)
{
    const bool is_place = (anchor >= ANCHOR_RAM && anchor <= ANCHOR_TOP) ||
                          (anchor >= ANCHOR_BUFFER_START && anchor <= ANCHOR_FOREIGN) ||
                          anchor == ANCHOR_REGION_LOW || anchor == ANCHOR_REGION_HIGH;
    if (anchor <= ANCHOR_PART)
        return true;
    return kind == 'i' ? anchor == ANCHOR_LEN : is_place;
}

/* Copy operations one after another: to somewhere else, or down to lower places of the same trace. */
void ops_copy(struct op *to, const struct op *from, unsigned count);

/* Where the block ends that the operation at `at` opens: the place of its "}". */
unsigned trace_block_end(const struct trace *trace, unsigned at);

/* Make room for one operation at `at`. The trace must have room for it. */
void ops_open_gap(struct trace *trace, unsigned at);

/* A trace without operations, and with the three processes of one that lays none out. */
void trace_init(struct trace *trace);

/* Give a trace those processes; its operations stay. */
void trace_lay_out_usually(struct trace *trace);

/* How many slots the table of a trace's world has: one more than processes are laid out, if there can be more. */
static inline unsigned trace_slot_count(const struct trace *trace)
{
    return trace->process_count + (trace->process_count < TRACE_MAX_PROCESSES);
}

/* The world of a large trace: places in the table before those of its processes, so that these are on both sides of 2^8;
 * and grants of each. */
enum { TRACE_LARGE_BEFORE = 254, TRACE_LARGE_GRANTS = 300 };

/* The most slots of a kind that a driver of a large trace has. */
enum { TRACE_LARGE_SLOTS = 300 };

/* The most buffers of a long stream, in a large trace: copies of up to so many registers in turn. */
enum { TRACE_LONG_STREAM = 300, TRACE_MOST_COPIED = 4 };

/* Says whether the trace has the processes of one that lays none out. */
bool trace_has_usual_layout(const struct trace *trace);

/* Give a trace two large processes, and two that are not. */
void trace_lay_out_large(struct trace *trace);

/* Says whether a process of the trace is large: all are laid out where there is room for them, then. */
bool trace_is_large(const struct trace *trace);

/* What a line "process" without fields lays out. */
extern const struct layout layout_default;

bool layouts_equal(const struct layout *a, const struct layout *b, unsigned count);

/* Force sizes into bounds and, of a large process, to whole units; and each part into its region. */
void layout_clip(struct layout *layout);

/* Returns: how many bytes a process takes, with the gaps. */
uint32_t layout_len(const struct layout *layout);

/* Returns: how many bytes there are for all processes of the trace. */
uint32_t trace_memory(const struct trace *trace);

/* Remove each process that does not fit after those before it. The others keep their order. */
void trace_leave_out(struct trace *trace);

/* Binary form. Decoding is total: every byte string is a program. `enabled` says which codes the
 * harness uses (null: all); others are dropped. */
void trace_decode(struct trace *trace, const uint8_t *bytes, size_t len, const uint8_t *enabled);

/* Returns: the length written, at most TRACE_MAX_BYTES. */
size_t trace_encode(const struct trace *trace, uint8_t *bytes_out);

/* Text form. Returns: false after printing "FILE:LINE: what is wrong" to stderr, without a word if there is no name. */
bool trace_parse(struct trace *trace, const char *text, size_t len, const char *file_name);
/* … of text that begins after `lines_before` lines of its file. */
bool trace_parse_member(struct trace *trace, const char *text, size_t len, const char *file_name,
                        unsigned lines_before);
void trace_print(const struct trace *trace, FILE *out);
void op_print(const struct op *op, FILE *out);
void operand_print(char kind, const struct operand *operand, FILE *out);

/* Names shared by parser and printer. anchor_name: null for anchors that have no dotted name. */
const char *anchor_name(uint8_t anchor);

#endif
