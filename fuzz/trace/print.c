/* Traces as text: the printer. The grammar is in fuzz/TRACE.md. */
#include "trace.h"

#include <string.h>

/* Numbers are most of a text, and fprintf() is most of the time that it takes. */
static void print_number(FILE *out, int32_t number)
{
    char text[12];
    char *at = &text[sizeof text - 1];
    const bool negative = number < 0;
    *at = '\0';
    for (; number / 10 != 0; number /= 10)
        *--at = (char)('0' + (negative ? -(number % 10) : number % 10));
    *--at = (char)('0' + (negative ? -number : number));
    if (negative)
        *--at = '-';
    fputs(at, out);
}

static void print_numbered(FILE *out, const char *prefix, unsigned number)
{
    fputs(prefix, out);
    print_number(out, (int32_t)number);
}

static void print_offset(FILE *out, int32_t offset)
{
    if (offset > 0)
        fputc('+', out);
    if (offset != 0)
        print_number(out, offset);
}

static void print_buffer_register(FILE *out, unsigned number)
{
    print_numbered(out, number < TRACE_BUFFER_COUNT ? "ro" : "rw", number % TRACE_BUFFER_COUNT);
}

/* Of an anchor that counts from a process, a register and the like. */
static void print_part_of(FILE *out, const char *prefix, unsigned number, const char *name)
{
    print_numbered(out, prefix, number);
    fputc('.', out);
    fputs(name, out);
}

static void print_place(const struct operand *operand, FILE *out)
{
    const char *name = anchor_name(operand->anchor);
    if (operand->anchor == ANCHOR_BUFFER_START || operand->anchor == ANCHOR_BUFFER_END) {
        print_buffer_register(out, operand->index);
        fputc('.', out);
        fputs(name, out);
    } else if (operand->anchor >= ANCHOR_RAM && operand->anchor <= ANCHOR_MARK) {
        print_part_of(out, "p", operand->index, name);
    } else if (operand->anchor == ANCHOR_FOREIGN) {
        print_part_of(out, "f", operand->index, name);
    } else if (operand->anchor == ANCHOR_REGION_LOW || operand->anchor == ANCHOR_REGION_HIGH) {
        print_part_of(out, "g", operand->index, name);
    } else {
        fputs(name, out);
    }
    print_offset(out, operand->number);
}

static void print_value(char kind, const struct operand *operand, FILE *out)
{
    if (operand->anchor == ANCHOR_NUMBER) {
        if (kind != 'a')
            print_number(out, operand->number);
        else if (operand->number == 0)
            fputs("null", out);
        else
            fprintf(out, "0x%x", (unsigned)operand->number);
        return;
    }
    if (operand->anchor == ANCHOR_PART) {
        print_number(out, operand->number);
        fputs("/65536", out);
        return;
    }
    if (operand->anchor >= ANCHOR_RAM && operand->anchor != ANCHOR_LEN)
        fputs(kind == 'n' ? "until " : kind == 'z' ? "to " : "", out);
    print_place(operand, out);
}

void operand_print(char kind, const struct operand *operand, FILE *out)
{
    const struct operand_kind *row = kind_row(kind);
    const int number = (int)operand->number;
    if (kind_is_value(kind))
        print_value(kind, operand, out);
    else if (kind == 'h')
        print_buffer_register(out, (unsigned)number);
    else if (kind == 'c' && number == 0)
        fputs("none", out);
    else if (kind == 'c')
        print_number(out, number - 1);
    else if (number < row->name_count)
        fputs(row->names[number], out);
    else
        print_numbered(out, row->prefix, (unsigned)number);
}

void op_print(const struct op *op, FILE *out)
{
    if (op->code == OP_END) {
        fputc('}', out);
        return;
    }
    const struct op_row *row = &op_table[op->code];
    fputs(row->text, out);
    for (unsigned k = 0; row->operands[k] != '\0'; k++) {
        fputc(' ', out);
        operand_print(row->operands[k], &op->operands[k], out);
    }
    if (op_opens_block(op->code))
        fputs(" {", out);
}

static void print_number_field(FILE *out, const char *name, unsigned value, unsigned usual)
{
    if (value != usual)
        fprintf(out, " %s=%u", name, value);
}

/* Only what the line would not lay out anyway. */
static void print_layout(const struct layout *layout, FILE *out)
{
    const struct layout *usual = &layout_default;
    fputs("process", out);
    print_number_field(out, "ram", layout->ram, usual->ram);
    print_number_field(out, "app", layout->app, usual->app);
    print_number_field(out, "kernel", layout->kernel, usual->kernel);
    print_number_field(out, "flash", layout->flash, usual->flash);
    print_number_field(out, "protected", layout->protected_len, usual->protected_len);
    if (layout->flash_above)
        fputs(" place=above", out);
    print_number_field(out, "apart", layout->apart, usual->apart);
    print_number_field(out, "gap", layout->gap, usual->gap);
    fputs(layout->restarts ? " fault=restart\n" : "\n", out);
}

void trace_print(const struct trace *trace, FILE *out)
{
    unsigned depth = 0;
    fprintf(out, "trace %d\n", TRACE_FORMAT);
    for (unsigned p = 0; p < trace->process_count && !trace_has_usual_layout(trace); p++)
        print_layout(&trace->processes[p], out);
    for (unsigned o = 0; o < trace->op_count; o++) {
        const struct op *op = &trace->ops[o];
        depth -= op->code == OP_END && depth > 0;
        for (unsigned d = 0; d < depth; d++)
            fputs("    ", out);
        op_print(op, out);
        fputc('\n', out);
        depth += op_opens_block(op->code);
    }
}
