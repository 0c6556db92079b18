/* The binary form: total decoder, and encoder.
 *
 *   byte 0      version of a table that has all its rows; rows added later stay unknown to it
 *   then        records: a code byte, and operands of fixed width as the row says
 *
 * Code 0x01 lays a process out, and counts only before the first operation. Codes without a row
 * are skipped. What is missing at the end reads as zero; blocks that are open there end. So every byte string is a program, and a
 * new row changes no saved input.
 */
#include "trace.h"

#include <string.h>

enum { RECORD_PROCESS = 0x01, PROCESS_FLASH_ABOVE = 1, PROCESS_RESTARTS = 2, PROCESS_LARGE = 4 };

/* The version whose operands first counted in parts of the address space. */
enum { PARTS_SINCE = 3 };

/* The version that first had large processes. */
enum { LARGE_SINCE = 8 };

/* The version whose operands first counted from places of maps. */
enum { MAPS_SINCE = 9 };

static uint8_t anchor_since(uint8_t anchor)
{
    if (anchor == ANCHOR_PART)
        return PARTS_SINCE;
    return anchor == ANCHOR_FOREIGN || anchor == ANCHOR_REGION_LOW || anchor == ANCHOR_REGION_HIGH
               ? MAPS_SINCE
               : 1;
}

/* ---- Reading ---- */

/* No record is longer, whatever its code. */
enum { LONGEST_RECORD = 1 + 4 * TRACE_MAX_OPERANDS };

struct reader {
    uint8_t version;
    const uint8_t *at, *end;
    uint8_t
        tail[2 * LONGEST_RECORD]; /* the last bytes, and the zeros that are missing after them */
};

/* A record begins: whatever it is, its bytes are there to be read. */
static void begin_record(struct reader *reader)
{
    const size_t left = (size_t)(reader->end - reader->at);
    if (left >= LONGEST_RECORD || reader->end == &reader->tail[LONGEST_RECORD])
        return;
    for (size_t i = 0; i < left; i++) {
        reader->tail[LONGEST_RECORD - left + i] = reader->at[i];
        __asm__ volatile("" ::: "memory"); /* no memcpy, which sanitizers intercept */
    }
    reader->at = &reader->tail[LONGEST_RECORD - left];
    reader->end = &reader->tail[LONGEST_RECORD];
}

static uint8_t read_u8(struct reader *reader)
{
    return *reader->at++;
}

static uint16_t read_u16(struct reader *reader)
{
    const uint8_t low = read_u8(reader);
    return (uint16_t)(low | read_u8(reader) << 8);
}

static void read_layout(struct reader *reader, struct trace *trace)
{
    struct layout layout;
    const uint8_t flags = read_u8(reader);
    layout.flash_above = flags & PROCESS_FLASH_ABOVE;
    layout.restarts = flags & PROCESS_RESTARTS;
    layout.large = (flags & PROCESS_LARGE) != 0 && reader->version >= LARGE_SINCE;
    const uint32_t unit = layout.large ? TRACE_LARGE_UNIT : 1;
    layout.gap = read_u8(reader);
    layout.apart = read_u8(reader);
    layout.ram = unit * read_u16(reader);
    layout.flash = unit * read_u16(reader);
    layout.protected_len = unit * read_u16(reader);
    layout.app = unit * read_u16(reader);
    layout.kernel = unit * read_u16(reader);
    layout_clip(&layout);
    if (trace->process_count < TRACE_MAX_PROCESSES)
        trace->processes[trace->process_count++] = layout;
}

/* Which bits of its index an anchor uses: those that name a process or a buffer. */
static const uint8_t index_mask[ANCHOR_COUNT] = {
    [ANCHOR_RAM] = TRACE_MAX_PROCESSES - 1,
    [ANCHOR_BREAK] = TRACE_MAX_PROCESSES - 1,
    [ANCHOR_KERNEL_BREAK] = TRACE_MAX_PROCESSES - 1,
    [ANCHOR_RAM_END] = TRACE_MAX_PROCESSES - 1,
    [ANCHOR_FLASH] = TRACE_MAX_PROCESSES - 1,
    [ANCHOR_FLASH_PROTECTED] = TRACE_MAX_PROCESSES - 1,
    [ANCHOR_FLASH_END] = TRACE_MAX_PROCESSES - 1,
    [ANCHOR_MARK] = TRACE_MAX_PROCESSES - 1,
    [ANCHOR_BUFFER_START] = 2 * TRACE_BUFFER_COUNT - 1,
    [ANCHOR_BUFFER_END] = 2 * TRACE_BUFFER_COUNT - 1,
    [ANCHOR_FOREIGN] = TRACE_FOREIGN_COUNT - 1,
    [ANCHOR_REGION_LOW] = TRACE_REGION_COUNT - 1,
    [ANCHOR_REGION_HIGH] = TRACE_REGION_COUNT - 1,
};

/* A place, number or distance: four bytes. Returns: false if its anchor means nothing there. */
static bool read_value(const uint8_t *at, char kind, uint8_t version, struct operand *operand)
{
    const uint8_t anchor = at[0] % ANCHOR_COUNT;
    const uint16_t low = (uint16_t)(at[2] | at[3] << 8);
    operand->anchor = anchor;
    operand->index = at[1] & index_mask[anchor];
    if (anchor == ANCHOR_NUMBER) {
        operand->number = kind == 'z' ? (int16_t)low : at[1] << 16 | low;
        return true;
    }
    if (anchor == ANCHOR_PART) {
        operand->number = low;
        return version >= anchor_since(anchor);
    }
    operand->number = (int16_t)low % (ANCHOR_MAX_OFFSET + 1);
    if (anchor == ANCHOR_MAX && operand->number > 0)
        operand->number = -operand->number;
    return anchor_fits(kind, anchor) && version >= anchor_since(anchor);
}

static bool read_operands(struct reader *reader, struct op *op)
{
    bool fits = true;
    const uint8_t *at = reader->at;
    struct operand *operand = op->operands;
    for (const char *kind = op_table[op->code].operands; *kind != '\0'; kind++, operand++) {
        const unsigned count = kind_row(*kind)->count;
        if (count == 0) {
            fits &= read_value(at, *kind, reader->version, operand);
            at += 4;
        } else {
            const unsigned number = *at++;
            *operand =
                (struct operand){ .anchor = ANCHOR_NUMBER,
                                  .number = (int32_t)(number < count ? number : number % count) };
        }
    }
    reader->at = at;
    return fits;
}

void trace_decode(struct trace *trace, const uint8_t *bytes, size_t len, const uint8_t *enabled)
{
    static const uint8_t nothing[1];
    const uint8_t *at = len != 0 ? bytes : nothing; /* engines pass null for no bytes */
    struct reader reader = { .version = TRACE_TABLE_VERSION, .at = at, .end = at + len };
    unsigned depth = 0;
    begin_record(&reader);
    const uint8_t version = read_u8(&reader);
    if (version != 0 && version < TRACE_TABLE_VERSION)
        reader.version = version;
    trace->process_count = 0;
    trace->op_count = 0;
    /* Leave room for the operation, and an end for every block that is open after it. */
    while (reader.at < reader.end && trace->op_count + depth + 2 <= TRACE_MAX_OPS) {
        struct op *op = &trace->ops[trace->op_count];
        begin_record(&reader);
        op->code = read_u8(&reader);
        if (op->code == RECORD_PROCESS && trace->op_count == 0) {
            read_layout(&reader, trace);
        } else if (op->code == OP_END) {
            if (depth > 0) {
                depth--;
                trace->op_count++;
            }
        } else if (op_table[op->code].text != NULL && op_table[op->code].since <= reader.version) {
            if (!read_operands(&reader, op) || (enabled != NULL && enabled[op->code] == 0))
                continue;
            depth += op_opens_block(op->code);
            trace->op_count++;
        }
    }
    for (; depth > 0; depth--)
        trace->ops[trace->op_count++].code = OP_END;
    trace_leave_out(trace);
    if (trace->process_count == 0)
        trace_lay_out_usually(trace);
}

/* ---- Writing ---- */

static uint8_t *write_u16(uint8_t *at, unsigned value)
{
    *at++ = (uint8_t)value;
    *at++ = (uint8_t)(value >> 8);
    return at;
}

static uint8_t *write_layout(uint8_t *at, const struct layout *layout)
{
    *at++ = RECORD_PROCESS;
    *at++ =
        (uint8_t)((layout->flash_above ? PROCESS_FLASH_ABOVE : 0) |
                  (layout->restarts ? PROCESS_RESTARTS : 0) | (layout->large ? PROCESS_LARGE : 0));
    const uint32_t unit = layout->large ? TRACE_LARGE_UNIT : 1;
    *at++ = layout->gap;
    *at++ = layout->apart;
    at = write_u16(at, layout->ram / unit);
    at = write_u16(at, layout->flash / unit);
    at = write_u16(at, layout->protected_len / unit);
    at = write_u16(at, layout->app / unit);
    return write_u16(at, layout->kernel / unit);
}

static uint8_t *write_operand(uint8_t *at, char kind, const struct operand *operand)
{
    if (!kind_is_value(kind)) {
        *at++ = (uint8_t)operand->number;
        return at;
    }
    *at++ = operand->anchor;
    *at++ = operand->anchor == ANCHOR_NUMBER ? (uint8_t)(operand->number >> 16) : operand->index;
    return write_u16(at, (unsigned)operand->number);
}

/* Its version is that of the oldest table that has all that the trace uses: what was saved with that one
 * stays as it was. */
size_t trace_encode(const struct trace *trace, uint8_t *bytes_out)
{
    uint8_t *at = bytes_out + 1;
    uint8_t version = trace_is_large(trace) ? LARGE_SINCE : 1;
    if (!trace_has_usual_layout(trace))
        for (unsigned p = 0; p < trace->process_count; p++)
            at = write_layout(at, &trace->processes[p]);
    for (unsigned o = 0; o < trace->op_count; o++) {
        const struct op *op = &trace->ops[o];
        *at++ = op->code;
        if (op->code == OP_END)
            continue;
        if (op_table[op->code].since > version)
            version = op_table[op->code].since;
        const struct operand *operand = op->operands;
        for (const char *kind = op_table[op->code].operands; *kind != '\0'; kind++, operand++) {
            at = write_operand(at, *kind, operand);
            if (kind_is_value(*kind) && version < anchor_since(operand->anchor))
                version = anchor_since(operand->anchor);
        }
    }
    bytes_out[0] = version;
    return (size_t)(at - bytes_out);
}
