#include "forms_check.h"

#include "bug.h"
#include "machine.h"
#include "sequence.h"

#include <stdlib.h>
#include <string.h>

/* ---- Text in memory ---- */

struct text {
    char *bytes;
    size_t len;
};

static FILE *text_open(struct text *text)
{
    *text = (struct text){ NULL, 0 };
    FILE *memory = open_memstream(&text->bytes, &text->len);
    if (memory == NULL)
        abort(); /* out of memory, which engines know */
    return memory;
}

static void text_close(FILE *memory)
{
    if (fclose(memory) != 0)
        abort();
}

static struct text text_of(const struct trace *trace)
{
    struct text text;
    FILE *memory = text_open(&text);
    trace_print(trace, memory);
    text_close(memory);
    return text;
}

static struct text text_of_sequence(const struct sequence *sequence)
{
    struct text text;
    FILE *memory = text_open(&text);
    sequence_print(sequence, memory);
    text_close(memory);
    return text;
}

static bool texts_equal(const struct text *a, const struct text *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* ---- What is written reads the same ---- */

/* Blocks end as often as they begin, and not earlier; numbers are those that their kinds have. */
static void check_soundness(const struct trace *trace)
{
    unsigned depth = 0;
    bool is_sound = trace->op_count <= TRACE_MAX_OPS && trace->process_count > 0 &&
                    trace->process_count <= TRACE_MAX_PROCESSES;
    for (unsigned o = 0; is_sound && o < trace->op_count; o++) {
        const struct op *op = &trace->ops[o];
        if (op->code == OP_END) {
            is_sound = depth-- > 0;
            continue;
        }
        depth += op_opens_block(op->code);
        const char *kinds = op_table[op->code].operands;
        for (unsigned k = 0; kinds[k] != '\0'; k++) {
            const struct operand *operand = &op->operands[k];
            const unsigned count = kind_row(kinds[k])->count;
            is_sound &= kind_is_value(kinds[k])
                            ? anchor_fits(kinds[k], operand->anchor)
                            : operand->number >= 0 && (unsigned)operand->number < count;
        }
    }
    if (!is_sound || depth != 0)
        bug_found("testbed", "forms-sound",
                  "expected: a program whose blocks end and whose numbers are of their kinds\n"
                  "actual: one of %u operations, which is not",
                  trace->op_count);
}

static void check_bytes(const struct trace *trace, const uint8_t *bytes, size_t len)
{
    static struct trace read;
    static uint8_t again[TRACE_MAX_BYTES];
    trace_decode(&read, bytes, len, NULL);
    check_soundness(&read);
    const size_t again_len = trace_encode(&read, again);
    size_t same = 0;
    while (same < len && same < again_len && bytes[same] == again[same])
        same++;
    if (same != len || again_len != len || read.op_count != trace->op_count ||
        read.process_count != trace->process_count)
        bug_found(
            "testbed", "forms-bytes",
            "expected: the bytes of a program are read as that program\n"
            "actual: %zu bytes, %u operations, became %zu and %u, other ones from byte %zu on",
            len, trace->op_count, again_len, read.op_count, same);
}

static void check_text(const struct trace *trace, const uint8_t *bytes, size_t len)
{
    static struct trace read;
    static uint8_t again[TRACE_MAX_BYTES];
    struct text text = text_of(trace);
    if (!trace_parse(&read, text.bytes, text.len, "printed"))
        bug_found("testbed", "forms-text-refused",
                  "expected: the text of a program is read\nactual: it is refused:\n%s",
                  text.bytes);
    struct text printed = text_of(&read);
    if (trace_encode(&read, again) != len || memcmp(bytes, again, len) != 0 ||
        !texts_equal(&text, &printed))
        bug_found("testbed", "forms-text",
                  "expected: the text of a program is read as that program\nactual: it is\n%s",
                  printed.bytes);
    free(text.bytes);
    free(printed.bytes);
}

/* Returns: the length of its bytes. */
static size_t check_forms(struct testbed *t, const struct trace *trace, uint8_t *bytes)
{
    check_soundness(trace);
    const size_t len = trace_encode(trace, bytes);
    check_bytes(trace, bytes, len);
    check_text(trace, bytes, len);
    t->checked_ops++;
    return len;
}

static void check_sequence(const struct trace *first, const struct trace *second)
{
    static struct sequence made, read;
    sequence_clear(&made);
    sequence_clear(&read);
    if (!sequence_add(&made, first) || !sequence_add(&made, second))
        abort();
    struct text text = text_of_sequence(&made);
    if (!sequence_parse(&read, text.bytes, text.len, "printed"))
        bug_found("testbed", "forms-sequence-refused",
                  "expected: the text of a sequence is read\nactual: it is refused:\n%s",
                  text.bytes);
    struct text printed = text_of_sequence(&read);
    if (!texts_equal(&text, &printed))
        bug_found("testbed", "forms-sequence",
                  "expected: the text of a sequence is read as that sequence\nactual: it is\n%s",
                  printed.bytes);
    free(text.bytes);
    free(printed.bytes);
}

/* ---- Damage ---- */

static uint64_t random_state;

static uint32_t below(uint32_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return bound == 0 ? 0 : (uint32_t)(random_state >> 32) % bound;
}

/* The same program is damaged in the same ways. */
static void random_begin(const uint8_t *bytes, size_t len)
{
    random_state = 14695981039346656037u;
    for (size_t i = 0; i < len; i++)
        random_state = (random_state ^ bytes[i]) * 1099511628211u;
    random_state |= 1;
}

/* What names and lines are made of, and what is none. */
static const char *const pieces[] = {
    "\n",
    "{",
    "}",
    " ",
    "#",
    "trace 1\n",
    "sequence 1\n",
    "process",
    "ram=",
    "app=131072",
    "flash=",
    "gap=256",
    "place=",
    "=",
    "-",
    "+",
    "0x",
    "/65536",
    "until",
    "to",
    "null",
    "len",
    "p0.ram+",
    "p9.mark",
    "rw7.end",
    "f3.memory",
    "g7.high",
    "kernel",
    "max+1",
    "top",
    "2^64",
    "le64",
    "read",
    "NOACK",
    "\t",
    "\r",
    "%s%n",
    "\377\376\201",
    "enter ro0",
    "misuse 255",
};

/* Limits of numbers, and of how often something may be given. */
static const uint32_t edges[] = { 0,     1,     2,     5,     7,        8,         9,
                                  16,    31,    32,    33,    63,       64,        65,
                                  127,   128,   254,   255,   256,      511,       512,
                                  513,   1022,  1023,  1024,  1025,     2047,      2048,
                                  32767, 32768, 65535, 65536, 0xffffff, 0x1000000, UINT32_MAX };

static uint32_t an_edge(uint32_t most)
{
    uint32_t edge;
    do
        edge = edges[below(sizeof edges / sizeof edges[0])];
    while (edge > most);
    return edge;
}

/* A part of a text: some bytes, a word, or a line with its end. */
static struct text a_part(const struct text *text, size_t *from_out)
{
    const char *ends[] = { NULL, " \n", "\n" };
    const uint32_t kind = below(3);
    size_t from = below((uint32_t)text->len);
    size_t end = from;
    if (kind == 0) {
        end += below(9);
        end = end < text->len ? end : text->len;
    } else {
        while (from > 0 && strchr(ends[kind], text->bytes[from - 1]) == NULL)
            from--;
        while (end < text->len && strchr(ends[kind], text->bytes[end]) == NULL)
            end++;
        end += kind == 2 && end < text->len;
    }
    *from_out = from;
    return (struct text){ text->bytes + from, end - from };
}

static void print_often(const struct text *part, FILE *out)
{
    enum { MOST = 1 << 15 };
    const bool are_words = below(2) == 0;
    for (uint32_t left = an_edge(MOST / (uint32_t)(part->len + 1)); left > 0; left--) {
        fwrite(part->bytes, 1, part->len, out);
        if (are_words)
            fputc(' ', out);
    }
}

/* The text, with something in place of a part. */
static struct text damage_text(const struct text *text)
{
    struct text damaged;
    size_t from;
    FILE *memory = text_open(&damaged);
    const struct text part = a_part(text, &from);
    fwrite(text->bytes, 1, from, memory);
    switch (below(6)) {
    case 0: break;
    case 1: fputc((int)below(256), memory); break;
    case 2: fprintf(memory, "%u", (unsigned)an_edge(UINT32_MAX)); break;
    case 3: print_often(&part, memory); break;
    case 4: /* as long as a limit */
        fwrite(part.bytes, 1, part.len, memory);
        for (size_t len = part.len, limit = an_edge(2048); len < limit; len++)
            fputc(part.len == 0 ? '9' : part.bytes[part.len - 1], memory);
        break;
    default: fputs(pieces[below(sizeof pieces / sizeof pieces[0])], memory); break;
    }
    fwrite(part.bytes + part.len, 1, text->len - from - part.len, memory);
    text_close(memory);
    return damaged;
}

static void check_damaged_text(struct testbed *t, const struct trace *trace, uint8_t *bytes)
{
    static struct trace read;
    static struct sequence members;
    struct text text = text_of(trace);
    struct text damaged = damage_text(&text);
    if (trace_parse(&read, damaged.bytes, damaged.len, NULL)) {
        (void)check_forms(t, &read, bytes);
        check_sequence(trace, &read);
    }
    sequence_clear(&members);
    (void)sequence_parse(&members, damaged.bytes, damaged.len, NULL);
    free(text.bytes);
    free(damaged.bytes);
}

static void check_damaged_bytes(struct testbed *t, uint8_t *bytes, size_t len)
{
    static struct trace read;
    static uint8_t again[TRACE_MAX_BYTES];
    for (unsigned i = 1 + below(4); i > 0; i--)
        bytes[below((uint32_t)len)] = (uint8_t)below(256);
    trace_decode(&read, bytes, len - below((uint32_t)len), NULL);
    (void)check_forms(t, &read, again);
}

void forms_check(struct testbed *t, const struct trace *trace, unsigned times)
{
    static uint8_t bytes[TRACE_MAX_BYTES], others[TRACE_MAX_BYTES];
    const char *const current_op = t->oracle.bug.op;
    t->oracle.bug.op = "forms";
    const size_t len = check_forms(t, trace, bytes);
    random_begin(bytes, len);
    check_sequence(trace, trace);
    for (unsigned i = 0; i < times; i++) {
        check_damaged_text(t, trace, others);
        memcpy(others, bytes, len);
        check_damaged_bytes(t, others, len);
    }
    t->oracle.bug.op = current_op;
}
