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

enum { RECORD_PROCESS = 0x01, PROCESS_FLASH_ABOVE = 1, PROCESS_RESTARTS = 2 };

/* The first table version that had a code. Operands counted in parts came with version 3. */
static uint8_t row_since(uint8_t code)
{
    const bool since_2 = code == OP_AS_READONLY || code == OP_ELEMENT ||
                         (code >= OP_READ_AT && code <= OP_STREAM_COPY) ||
                         (code >= OP_FOREIGN_START && code <= OP_TAKE_FOREIGN_ID);
    if (code == OP_SPEND_IDS || code == OP_DECLARE_DRIVER_WITH || code == OP_GRANT_LEN ||
        code == OP_MISUSE)
        return 5;
    if (code == OP_TABLE_SLOT || (code >= OP_CODE_NAME && code <= OP_PROCESS_ERROR_TO_CODE))
        return 4;
    if (code == OP_WHEN_FETCHED || code == OP_AT_HOOK)
        return 3;
    return since_2 ? 2 : 1;
}

/* ---- Reading ---- */

struct reader {
    uint8_t version;
    const uint8_t *bytes;
    size_t len;
};

static uint8_t read_u8(struct reader *reader)
{
    if (reader->len == 0)
        return 0;
    reader->len--;
    return *reader->bytes++;
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
    layout.gap = read_u8(reader);
    layout.apart = read_u8(reader);
    layout.ram = read_u16(reader);
    layout.flash = read_u16(reader);
    layout.protected_len = read_u16(reader);
    layout.app = read_u16(reader);
    layout.kernel = read_u16(reader);
    layout_clip(&layout);
    if (trace->process_count < TRACE_MAX_PROCESSES)
        trace->processes[trace->process_count++] = layout;
}

/* A place, number or distance. Returns: false if its anchor means nothing there. */
static bool read_value(struct reader *reader, char kind, struct operand *operand)
{
    const uint8_t anchor = read_u8(reader) % ANCHOR_COUNT;
    const uint8_t index = read_u8(reader);
    const uint16_t low = read_u16(reader);
    operand->anchor = anchor;
    operand->index = 0;
    if (anchor == ANCHOR_NUMBER) {
        operand->number = kind == 'z' ? (int16_t)low : index << 16 | low;
        return true;
    }
    if (anchor == ANCHOR_PART) {
        operand->number = low;
        return reader->version >= 3;
    }
    operand->number = (int16_t)low % (ANCHOR_MAX_OFFSET + 1);
    if (anchor == ANCHOR_MAX && operand->number > 0)
        operand->number = -operand->number;
    if (anchor == ANCHOR_BUFFER_START || anchor == ANCHOR_BUFFER_END)
        operand->index = index % (2 * TRACE_BUFFER_COUNT);
    else if (anchor >= ANCHOR_RAM && anchor <= ANCHOR_MARK)
        operand->index = index % TRACE_MAX_PROCESSES;
    return anchor_fits(kind, anchor);
}

static unsigned register_count(char kind)
{
    switch (kind) {
    case 'p': return TRACE_MAX_PROCESSES;
    case 'o':
    case 'w': return TRACE_BUFFER_COUNT;
    case 'h': return 2 * TRACE_BUFFER_COUNT;
    case 's': return TRACE_SLICE_COUNT;
    case 'd': return TRACE_ID_COUNT;
    case 'v': return TRACE_DRIVER_COUNT;
    default: return 256;
    }
}

static bool read_operands(struct reader *reader, struct op *op)
{
    bool fits = true;
    const char *kinds = op_table[op->code].operands;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        struct operand *operand = &op->operands[k];
        if (kind_is_value(kinds[k])) {
            fits &= read_value(reader, kinds[k], operand);
        } else {
            operand->anchor = ANCHOR_NUMBER;
            operand->index = 0;
            operand->number = (int32_t)(read_u8(reader) % register_count(kinds[k]));
        }
    }
    return fits;
}

void trace_decode(struct trace *trace, const uint8_t *bytes, size_t len, const uint8_t *enabled)
{
    struct reader reader = { TRACE_TABLE_VERSION, bytes, len };
    unsigned depth = 0;
    const uint8_t version = read_u8(&reader);
    if (version != 0 && version < TRACE_TABLE_VERSION)
        reader.version = version;
    trace->process_count = 0;
    trace->op_count = 0;
    /* Leave room for the operation, and an end for every block that is open after it. */
    while (reader.len != 0 && trace->op_count + depth + 2 <= TRACE_MAX_OPS) {
        struct op *op = &trace->ops[trace->op_count];
        op->code = read_u8(&reader);
        if (op->code == RECORD_PROCESS && trace->op_count == 0) {
            read_layout(&reader, trace);
        } else if (op->code == OP_END) {
            if (depth > 0) {
                depth--;
                trace->op_count++;
            }
        } else if (op_table[op->code].text != NULL && row_since(op->code) <= reader.version) {
            if (!read_operands(&reader, op) || (enabled != NULL && enabled[op->code] == 0))
                continue;
            depth += op_opens_block(op->code);
            trace->op_count++;
        }
    }
    for (; depth > 0; depth--)
        trace->ops[trace->op_count++].code = OP_END;
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
    *at++ = (uint8_t)((layout->flash_above ? PROCESS_FLASH_ABOVE : 0) |
                      (layout->restarts ? PROCESS_RESTARTS : 0));
    *at++ = layout->gap;
    *at++ = layout->apart;
    at = write_u16(at, layout->ram);
    at = write_u16(at, layout->flash);
    at = write_u16(at, layout->protected_len);
    at = write_u16(at, layout->app);
    return write_u16(at, layout->kernel);
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

static uint8_t op_since(const struct op *op)
{
    const char *kinds = op->code == OP_END ? "" : op_table[op->code].operands;
    uint8_t version = row_since(op->code);
    for (unsigned k = 0; kinds[k] != '\0'; k++)
        if (kind_is_value(kinds[k]) && op->operands[k].anchor == ANCHOR_PART && version < 3)
            version = 3;
    return version;
}

/* The oldest table that has all that the trace uses: what was saved with it stays as it was. */
static uint8_t oldest_version(const struct trace *trace)
{
    uint8_t version = 1;
    for (unsigned o = 0; o < trace->op_count; o++)
        if (op_since(&trace->ops[o]) > version)
            version = op_since(&trace->ops[o]);
    return version;
}

size_t trace_encode(const struct trace *trace, uint8_t *bytes_out)
{
    uint8_t *at = bytes_out;
    *at++ = oldest_version(trace);
    if (!trace_has_usual_layout(trace))
        for (unsigned p = 0; p < trace->process_count; p++)
            at = write_layout(at, &trace->processes[p]);
    for (unsigned o = 0; o < trace->op_count; o++) {
        const struct op *op = &trace->ops[o];
        *at++ = op->code;
        if (op->code == OP_END)
            continue;
        const char *kinds = op_table[op->code].operands;
        for (unsigned k = 0; kinds[k] != '\0'; k++)
            at = write_operand(at, kinds[k], &op->operands[k]);
    }
    return (size_t)(at - bytes_out);
}
