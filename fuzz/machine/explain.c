/* What a person needs to understand a finding: the program in words, and a map of memory. */
#include "testbed.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

static void paint(FILE *out, bool color, const char *sequence)
{
    if (color)
        fputs(sequence, out);
}

/* ---- The program ---- */

/* A length as a person says it: "1 byte", "the bytes until p0.break". */
static void print_length(const struct operand *operand, FILE *out)
{
    const bool is_place = operand->anchor >= ANCHOR_RAM;
    if (is_place)
        fputs("the bytes ", out);
    operand_print('n', operand, out);
    if (!is_place)
        fputs(operand->anchor == ANCHOR_NUMBER && operand->number == 1 ? " byte" : " bytes", out);
}

static void print_words(const struct op *op, FILE *out)
{
    const struct op_row *row = &op_table[op->code];
    for (const char *c = row->words; *c != '\0'; c++) {
        if (*c == '$' && c[1] >= '1' && c[1] <= '8') {
            const unsigned k = (unsigned)(*++c - '1');
            if (row->operands[k] == 'n')
                print_length(&op->operands[k], out);
            else
                operand_print(row->operands[k], &op->operands[k], out);
        } else {
            fputc(*c, out);
        }
    }
    if (op->code == OP_MISUSE && model_mistake((unsigned)op->operands[0].number) != NULL)
        fprintf(out, ": %s", model_mistake((unsigned)op->operands[0].number));
}

/* Where the operands of the current operation are, and their values. */
static void print_numbers(const struct testbed *t, const struct call *call, FILE *out)
{
    const char *kinds = op_table[call->op->code].operands;
    bool any = false;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        const struct operand *operand = &call->op->operands[k];
        if (!kind_is_value(kinds[k]) || (operand->anchor == ANCHOR_NUMBER && kinds[k] != 'z'))
            continue;
        fputs(any ? ", " : "        that is: ", out);
        operand_print(kinds[k], operand, out);
        fputs(" = ", out);
        if (kinds[k] == 'a') {
            place_print(t, call->args[k], out);
            fprintf(out, " (0x%" PRIx64 ")", call->args[k]);
        } else if (kinds[k] == 'z') {
            fprintf(out, "%" PRId64, (int64_t)(intptr_t)(uintptr_t)call->args[k]);
        } else {
            fprintf(out, "%" PRIu64, call->args[k]);
        }
        any = true;
    }
    if (any)
        fputc('\n', out);
}

void machine_print_program(const struct testbed *t, FILE *out, bool color)
{
    unsigned depth = 0;
    fprintf(out, "\nThe program, %u process%s laid out:\n", t->machine.walk.trace->process_count,
            t->machine.walk.trace->process_count == 1 ? "" : "es");
    for (unsigned o = 0; o < t->machine.walk.trace->op_count && o <= t->machine.walk.position;
         o++) {
        const struct op *op = &t->machine.walk.trace->ops[o];
        const bool here = o == t->machine.walk.position;
        depth -= op->code == OP_END && depth > 0;
        paint(out, color && here, "\033[1;31m");
        fprintf(out, "%s%4u  %*s", here ? "->" : "  ", o + 1, (int)(3 * depth), "");
        if (op->code == OP_END)
            fputs("leave", out);
        else
            print_words(op, out);
        paint(out, color && here, "\033[0m");
        fputc('\n', out);
        if (here && t->machine.walk.call != NULL && t->machine.walk.call->op == op)
            print_numbers(t, t->machine.walk.call, out);
        depth += op_opens_block(op->code);
    }
    if (t->machine.walk.position >= t->machine.walk.trace->op_count)
        fputs("->    (the end, where all memory is compared)\n", out);
}

/* ---- Accesses ---- */

enum { MAX_ACCESSES = 24 };
static struct seen {
    struct span span;
    bool writing;
} seen[MAX_ACCESSES];
static unsigned seen_count, seen_at;

/* Whose accesses were seen: those of the operation at a position, or of the laying out. */
static unsigned access_time(const struct testbed *t)
{
    return t->machine.walk.call == NULL ? UINT_MAX : t->machine.walk.position;
}

/* Accesses in a row are one. */
static void note_access(struct oracle *oracle, uint32_t start, uint32_t end, bool writing)
{
    struct testbed *t = testbed_of(oracle);
    if (seen_at != access_time(t)) {
        seen_at = access_time(t);
        seen_count = 0;
    }
    struct seen *last = seen_count == 0 || seen_count > MAX_ACCESSES ? NULL : &seen[seen_count - 1];
    if (last != NULL && last->writing == writing && last->span.end == start) {
        last->span.end = end;
        return;
    }
    if (seen_count < MAX_ACCESSES)
        seen[seen_count] = (struct seen){ { start, end }, writing };
    seen_count++;
}

void machine_watch_accesses(struct testbed *t)
{
    t->oracle.access_listener = note_access;
}

static void print_span(const struct testbed *t, const struct span *span, FILE *out)
{
    const uint32_t len = span->end - span->start;
    place_print(t, (uint64_t)ARENA_BASE + span->start, out);
    fprintf(out, " (%u byte%s)", len, len == 1 ? "" : "s");
}

static void print_spans(const struct testbed *t, const char *what, const struct span *spans,
                        unsigned count, FILE *out)
{
    bool any = false;
    for (unsigned s = 0; s < count; s++) {
        if (spans[s].start == spans[s].end)
            continue;
        fputs(any ? ", " : what, out);
        print_span(t, &spans[s], out);
        any = true;
    }
    if (any)
        fputc('\n', out);
}

void machine_print_accesses(const struct testbed *t, FILE *out)
{
    const struct expectation *expected = oracle_current_expectation(&t->oracle);
    if (seen_at != access_time(t))
        seen_count = 0;
    fputs("\nWhat the library touched in this operation:\n", out);
    for (unsigned a = 0; a < seen_count && a < MAX_ACCESSES; a++) {
        fputs(seen[a].writing ? "  store to " : "  load of ", out);
        print_span(t, &seen[a].span, out);
        fputc('\n', out);
    }
    if (seen_count > MAX_ACCESSES)
        fprintf(out, "  and %u more\n", seen_count - MAX_ACCESSES);
    if (seen_count == 0)
        fputs("  nothing\n", out);
    if (expected == NULL)
        return;
    print_spans(t, "  it may read: ", expected->reads, expected->read_count, out);
    print_spans(t, "  it may write: ", expected->writes, expected->write_count, out);
}

/* ---- The map ---- */

enum { MAP_WIDTH = 64, ROW_BYTES = 16, ROWS_AROUND = 2 };

/* Which of a process's places an arena byte belongs to, as a letter of the map. */
static char place_letter(const struct model_process *p, uint64_t addr)
{
    if (addr >= p->mem_start && addr < p->mem_end)
        return addr < p->app_break ? 'a' : addr < p->kernel_break ? '.' : 'K';
    if (addr >= p->flash_start && addr < p->flash_end)
        return addr < p->flash_protected_end ? 'h' : 'f';
    return 0;
}

static char letter_at(const struct testbed *t, uint64_t addr)
{
    for (unsigned slot = 0; slot < TRACE_MAX_PROCESSES; slot++) {
        const struct model_process *p = &t->model.processes[slot];
        const char letter = p->used ? place_letter(p, addr) : 0;
        if (letter != 0)
            return letter;
    }
    return ' ';
}

/* What else is in a column of the map: r or w, nothing 0. */
typedef char letter_function(struct testbed *t, uint64_t low, uint64_t high);

static char window_letter(struct testbed *t, uint64_t low, uint64_t high)
{
    const struct window *windows = t->oracle.windows;
    char letter = 0;
    for (unsigned w = 0; w < t->oracle.window_count; w++)
        if ((uint64_t)ARENA_BASE + windows[w].span.start < high &&
            (uint64_t)ARENA_BASE + windows[w].span.end > low && letter != 'w')
            letter = windows[w].writable ? 'w' : 'r';
    return letter;
}

static char buffer_letter(struct testbed *t, uint64_t low, uint64_t high)
{
    char letter = 0;
    for (unsigned b = 0; b < 2 * TRACE_BUFFER_COUNT; b++) {
        const struct model_buffer *buffer = &t->model.buffers[b];
        if (buffer->filled && buffer->addr < high && buffer->addr + buffer->len > low &&
            letter != 'w' && model_buffer_is_live(&t->model, buffer))
            letter = b < TRACE_BUFFER_COUNT ? 'r' : 'w';
    }
    return letter;
}

static void print_marks(struct testbed *t, const char *name, uint64_t start, uint64_t len,
                        letter_function *letter_of, FILE *out)
{
    char row[MAP_WIDTH + 1] = "";
    bool any = false;
    for (unsigned column = 0; column < MAP_WIDTH; column++) {
        const uint64_t low = start + len * column / MAP_WIDTH;
        const uint64_t high = start + len * (column + 1) / MAP_WIDTH;
        const char letter = letter_of(t, low, high > low ? high : low + 1);
        any |= letter != 0;
        row[column] = letter == 0 ? ' ' : letter;
    }
    if (any)
        fprintf(out, "  %-7s|%s|\n", name, row);
}

static void print_region(struct testbed *t, const char *name, uint64_t start, uint64_t end,
                         FILE *out)
{
    const uint64_t len = end - start;
    const uint64_t marked = t->oracle.bug.arena_byte < 0
                                ? 0
                                : (uint64_t)ARENA_BASE + (uint64_t)t->oracle.bug.arena_byte;
    if (len == 0)
        return;
    fprintf(out, "  %-7s|", name);
    for (unsigned column = 0; column < MAP_WIDTH; column++) {
        const uint64_t low = start + len * column / MAP_WIDTH;
        const uint64_t high = start + len * (column + 1) / MAP_WIDTH;
        fputc(marked >= low && marked < high ? 'X' : letter_at(t, low), out);
    }
    fprintf(out, "| %u bytes\n", (unsigned)len);
    print_marks(t, "shared", start, len, buffer_letter, out);
    print_marks(t, "open", start, len, window_letter, out);
}

static void print_process(struct testbed *t, unsigned slot, FILE *out)
{
    const struct model_process *p = &t->model.processes[slot];
    fprintf(out, "p%u: break at ram+%u, mark at ram+%u, kernel break at ram+%u\n", slot,
            (unsigned)(p->app_break - p->mem_start), (unsigned)(p->mark - p->mem_start),
            (unsigned)(p->kernel_break - p->mem_start));
    const bool flash_first = p->flash_start < p->mem_start;
    for (int second = 0; second <= 1; second++) {
        if (flash_first != (bool)second)
            print_region(t, "flash", p->flash_start, p->flash_end, out);
        else
            print_region(t, "RAM", p->mem_start, p->mem_end, out);
    }
}

static void print_buffers(struct testbed *t, FILE *out)
{
    bool any = false;
    for (unsigned b = 0; b < 2 * TRACE_BUFFER_COUNT; b++) {
        const struct model_buffer *buffer = &t->model.buffers[b];
        if (!buffer->filled)
            continue;
        fprintf(out, "%s%s%u: ", any ? "; " : "Buffers: ", b < TRACE_BUFFER_COUNT ? "ro" : "rw",
                b % TRACE_BUFFER_COUNT);
        place_print(t, buffer->addr, out);
        fprintf(out, " + %u%s", (unsigned)buffer->len,
                model_buffer_is_live(&t->model, buffer) ? "" : " (dead)");
        any = true;
    }
    if (any)
        fputc('\n', out);
}

static void print_row(const struct testbed *t, uint32_t start, bool color, FILE *out)
{
    fprintf(out, "  %-16s", "");
    for (uint32_t at = start; at < start + ROW_BYTES && at < ARENA_LEN; at++) {
        const bool here = (long)at == t->oracle.bug.arena_byte;
        paint(out, color && here, "\033[1;31m");
        fprintf(out, here ? "[%02x]" : " %02x ", t->oracle.arena[at]);
        paint(out, color && here, "\033[0m");
    }
    fputs("\n  ", out);
    place_print(t, (uint64_t)ARENA_BASE + start, out);
    fputc('\n', out);
}

static void print_around(const struct testbed *t, bool color, FILE *out)
{
    if (t->oracle.bug.arena_byte < 0)
        return;
    const uint32_t middle = (uint32_t)t->oracle.bug.arena_byte / ROW_BYTES * ROW_BYTES;
    fputs("Memory around ", out);
    place_print(t, (uint64_t)ARENA_BASE + (uint64_t)t->oracle.bug.arena_byte, out);
    fputs(", as it is now:\n", out);
    for (int row = -ROWS_AROUND; row <= ROWS_AROUND; row++) {
        const int64_t start = (int64_t)middle + (int64_t)row * ROW_BYTES;
        if (start >= 0 && start < ARENA_LEN)
            print_row(t, (uint32_t)start, color, out);
    }
}

void machine_print_map(struct testbed *t, FILE *out, bool color)
{
    fputs("\nProcess memory (a app-owned, . between the breaks, K kernel's, h flash header, f "
          "flash, X here;\n"
          "live buffers and open windows: r to read, w to read and write):\n",
          out);
    for (unsigned slot = 0; slot < TRACE_MAX_PROCESSES; slot++)
        if (t->model.processes[slot].used)
            print_process(t, slot, out);
    print_buffers(t, out);
    print_around(t, color, out);
}
