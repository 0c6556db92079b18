/* Traces as text: the printer. The grammar is in fuzz/TRACE.md. */
#include "trace.h"

#include <string.h>

static void print_offset(FILE *out, int32_t offset)
{
    if (offset != 0)
        fprintf(out, "%+d", (int)offset);
}

static void print_buffer_register(FILE *out, unsigned number)
{
    fprintf(out, "%s%u", number < TRACE_BUFFER_COUNT ? "ro" : "rw", number % TRACE_BUFFER_COUNT);
}

static void print_place(const struct operand *operand, FILE *out)
{
    const char *name = anchor_name(operand->anchor);
    if (operand->anchor == ANCHOR_BUFFER_START || operand->anchor == ANCHOR_BUFFER_END) {
        print_buffer_register(out, operand->index);
        fprintf(out, ".%s", name);
    } else if (operand->anchor >= ANCHOR_RAM && operand->anchor <= ANCHOR_MARK) {
        fprintf(out, "p%u.%s", operand->index, name);
    } else if (operand->anchor == ANCHOR_FOREIGN) {
        fprintf(out, "f%u.%s", operand->index, name);
    } else if (operand->anchor == ANCHOR_REGION_LOW || operand->anchor == ANCHOR_REGION_HIGH) {
        fprintf(out, "g%u.%s", operand->index, name);
    } else {
        fputs(name, out);
    }
    print_offset(out, operand->number);
}

static void print_value(char kind, const struct operand *operand, FILE *out)
{
    if (operand->anchor == ANCHOR_NUMBER) {
        if (kind != 'a')
            fprintf(out, "%d", (int)operand->number);
        else if (operand->number == 0)
            fputs("null", out);
        else
            fprintf(out, "0x%x", (unsigned)operand->number);
        return;
    }
    if (operand->anchor == ANCHOR_PART) {
        fprintf(out, "%d/65536", (int)operand->number);
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
        fprintf(out, "%d", number - 1);
    else if (number < row->name_count)
        fputs(row->names[number], out);
    else
        fprintf(out, "%s%d", row->prefix, number);
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
        fprintf(out, "%*s", (int)(4 * depth), "");
        op_print(op, out);
        fputc('\n', out);
        depth += op_opens_block(op->code);
    }
}
