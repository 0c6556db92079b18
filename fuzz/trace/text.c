/* Traces as text: the parser. The grammar is in fuzz/TRACE.md. */
#include "trace.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 512, MAX_WORDS = 32 };

struct parser {
    struct trace *trace;
    const char *file_name;
    unsigned line;
    unsigned depth;
    unsigned memory_used; /* by the processes so far */
    bool has_header;
    unsigned word_count;
    unsigned next_word;
    char *words[MAX_WORDS];
};

static bool fail(const struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(const struct parser *parser, const char *format, ...)
{
    char message[2 * MAX_LINE];
    va_list arguments;
    if (parser->file_name == NULL)
        return false;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    for (char *at = message; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at)) /* bytes of the file, which a terminal would obey */
            *at = '?';
    fprintf(stderr, "%s:%u: %s\n", parser->file_name, parser->line, message);
    return false;
}

static const char *take_word(struct parser *parser)
{
    return parser->next_word < parser->word_count ? parser->words[parser->next_word++] : NULL;
}

/* Most words differ in their first character: that costs less than a call, which sanitizers intercept. */
static bool is_word(const char *word, const char *name)
{
    return word[0] == name[0] && strcmp(word, name) == 0;
}

/* A whole word as a number in [low, high]. */
static bool parse_number(const char *word, long low, long high, int32_t *number_out)
{
    char *end;
    if (!isdigit((unsigned char)word[0]) && !(low < 0 && (word[0] == '-' || word[0] == '+')))
        return false;
    const bool is_hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    errno = 0;
    const long number = strtol(word, &end, is_hex ? 16 : 10);
    if (errno != 0 || end == word || *end != '\0' || number < low || number > high)
        return false;
    *number_out = (int32_t)number;
    return true;
}

/* A register: a prefix, and a number below count. */
static bool parse_register(const char *word, const char *prefix, long count, int32_t *number_out)
{
    const size_t len = strlen(prefix);
    return strncmp(word, prefix, len) == 0 && parse_number(word + len, 0, count - 1, number_out);
}

static bool parse_buffer_register(const char *word, int32_t *number_out)
{
    if (parse_register(word, "ro", TRACE_BUFFER_COUNT, number_out))
        return true;
    if (!parse_register(word, "rw", TRACE_BUFFER_COUNT, number_out))
        return false;
    *number_out += TRACE_BUFFER_COUNT;
    return true;
}

static bool find_anchor(const char *name, uint8_t *anchor_out)
{
    for (unsigned anchor = 1; anchor < ANCHOR_COUNT; anchor++) {
        const char *const known = anchor_name((uint8_t)anchor);
        if (known != NULL && is_word(name, known)) {
            *anchor_out = (uint8_t)anchor;
            return true;
        }
    }
    return false;
}

/* p0.ram, rw2.end, kernel, max … without the offset. */
static bool parse_anchor(char *name, struct operand *operand)
{
    int32_t index = 0;
    char *dot = strchr(name, '.');
    if (dot == NULL) {
        return find_anchor(name, &operand->anchor) &&
               (operand->anchor < ANCHOR_RAM || operand->anchor == ANCHOR_KERNEL ||
                operand->anchor == ANCHOR_TOP || operand->anchor == ANCHOR_LEN);
    }
    *dot = '\0';
    if (!find_anchor(dot + 1, &operand->anchor))
        return false;
    if (operand->anchor == ANCHOR_BUFFER_START || operand->anchor == ANCHOR_BUFFER_END) {
        if (!parse_buffer_register(name, &index))
            return false;
    } else if (operand->anchor == ANCHOR_FOREIGN) {
        if (!parse_register(name, "f", TRACE_FOREIGN_COUNT, &index))
            return false;
    } else if (operand->anchor == ANCHOR_REGION_LOW || operand->anchor == ANCHOR_REGION_HIGH) {
        if (!parse_register(name, "g", TRACE_REGION_COUNT, &index))
            return false;
    } else if (operand->anchor < ANCHOR_RAM || operand->anchor > ANCHOR_MARK ||
               !parse_register(name, "p", TRACE_MAX_PROCESSES, &index)) {
        return false;
    }
    operand->index = (uint8_t)index;
    return true;
}

/* An anchor, followed by an offset. */
static bool parse_place(const char *word, struct operand *operand)
{
    char name[64];
    const size_t name_len = strcspn(word, "+-");
    if (name_len >= sizeof name)
        return false;
    memcpy(name, word, name_len);
    name[name_len] = '\0';
    operand->number = 0;
    if (word[name_len] != '\0' &&
        !parse_number(word + name_len, -ANCHOR_MAX_OFFSET, ANCHOR_MAX_OFFSET, &operand->number))
        return false;
    if (!parse_anchor(name, operand))
        return false;
    return operand->anchor != ANCHOR_MAX || operand->number <= 0;
}

/* "K/65536": that part of the address space. */
static bool parse_part(const char *word, struct operand *operand)
{
    static const char of[] = "/65536";
    char number[8] = "";
    const char *slash = strchr(word, '/');
    if (slash == NULL || strcmp(slash, of) != 0 || (size_t)(slash - word) >= sizeof number)
        return false;
    memcpy(number, word, (size_t)(slash - word));
    operand->anchor = ANCHOR_PART;
    return parse_number(number, 0, UINT16_MAX, &operand->number);
}

static bool parse_value(struct parser *parser, char kind, const char *word, struct operand *operand)
{
    const char *marker = kind == 'n' ? "until" : kind == 'z' ? "to" : NULL;
    const bool marked = marker != NULL && strcmp(word, marker) == 0;
    if (marked && (word = take_word(parser)) == NULL)
        return fail(parser, "\"%s\" needs an address after it", marker);
    operand->anchor = ANCHOR_NUMBER;
    operand->index = 0;
    operand->number = 0;
    if (kind == 'a' && strcmp(word, "null") == 0)
        return true;
    const long low = kind == 'z' ? INT16_MIN : 0;
    const long high = kind == 'z' ? INT16_MAX : 0xffffff;
    if (!marked && parse_number(word, low, high, &operand->number))
        return true;
    if (!marked && parse_part(word, operand))
        return true;
    if (!parse_place(word, operand) || !anchor_fits(kind, operand->anchor))
        return fail(parser, "\"%s\" is not a valid %s", word, kind_row(kind)->what);
    const bool is_address = operand->anchor >= ANCHOR_RAM && operand->anchor != ANCHOR_LEN;
    if (marker != NULL && is_address != marked)
        return fail(parser, "an address as a %s is written \"%s ADDRESS\", and nothing else is",
                    kind == 'n' ? "length" : "distance", marker);
    return true;
}

/* Traces of older tables say numbers where there are names and powers now: any number below 256 is good, and taken
 * modulo, as in the binary form. */
static bool parse_older(char kind, const char *word, int32_t *number_out)
{
    const struct operand_kind *row = kind_row(kind);
    if (kind_is_name(kind) || !parse_number(word, 0, 255, number_out))
        return false;
    *number_out %= row->count;
    return true;
}

static bool parse_named(const struct operand_kind *row, const char *word, int32_t *number_out)
{
    for (unsigned n = 0; n < row->name_count; n++) {
        if (is_word(word, row->names[n])) {
            *number_out = (int32_t)n;
            return true;
        }
    }
    return parse_register(word, row->prefix, row->count, number_out);
}

static bool parse_completion(const char *word, int32_t *number_out)
{
    *number_out = 0;
    if (strcmp(word, "none") == 0)
        return true;
    if (!parse_number(word, 0, 254, number_out))
        return false;
    ++*number_out;
    return true;
}

static bool parse_plain(struct parser *parser, char kind, const char *word, struct operand *operand)
{
    const struct operand_kind *row = kind_row(kind);
    int32_t *number = &operand->number;
    operand->anchor = ANCHOR_NUMBER;
    operand->index = 0;
    if (kind == 'h'   ? parse_buffer_register(word, number)
        : kind == 'c' ? parse_completion(word, number)
                      : parse_named(row, word, number) || parse_older(kind, word, number))
        return true;
    return fail(parser, "\"%s\" is not a valid %s", word, row->what);
}

static bool parse_operands(struct parser *parser, struct op *op)
{
    const struct op_row *row = &op_table[op->code];
    for (unsigned k = 0; row->operands[k] != '\0'; k++) {
        const char kind = row->operands[k];
        const char *word = take_word(parser);
        if (word == NULL || is_word(word, "{"))
            return fail(parser, "%s takes %zu operands, %u given", row->text, strlen(row->operands),
                        k);
        const bool ok = kind_is_value(kind) ? parse_value(parser, kind, word, &op->operands[k])
                                            : parse_plain(parser, kind, word, &op->operands[k]);
        if (!ok)
            return false;
    }
    if (op_opens_block(op->code)) {
        const char *word = take_word(parser);
        if (word == NULL || !is_word(word, "{"))
            return fail(parser, "%s opens a block: end the line with \"{\"", row->text);
        parser->depth++;
    }
    return parser->next_word == parser->word_count ||
           fail(parser, "\"%s\" is one word too many", parser->words[parser->next_word]);
}

static bool parse_op(struct parser *parser, const char *name)
{
    struct trace *trace = parser->trace;
    if (!is_word(name, "}") && trace->op_count + parser->depth + 2 > TRACE_MAX_OPS)
        return fail(parser, "more than %d operations and block ends", TRACE_MAX_OPS);
    struct op *op = &trace->ops[trace->op_count];
    if (is_word(name, "}")) {
        if (parser->depth == 0)
            return fail(parser, "\"}\" without a block to end");
        if (parser->word_count > 1)
            return fail(parser, "\"}\" must be alone on its line");
        parser->depth--;
        op->code = OP_END;
        trace->op_count++;
        return true;
    }
    for (unsigned code = 0; code < 256; code++) {
        if (op_table[code].text != NULL && is_word(name, op_table[code].text)) {
            op->code = (uint8_t)code;
            if (!parse_operands(parser, op))
                return false;
            trace->op_count++;
            return true;
        }
    }
    return fail(parser, "unknown operation \"%s\"", name);
}

/* ---- Layout lines ---- */

static bool parse_choice(const char *word, const char *no, const char *yes, bool *choice_out)
{
    *choice_out = strcmp(word, yes) == 0;
    return *choice_out || strcmp(word, no) == 0;
}

static bool parse_field(struct parser *parser, const char *key, const char *value,
                        struct layout *layout)
{
    const struct {
        const char *key;
        uint32_t *field;
        long most;
    } sizes[] = {
        { "ram", &layout->ram, TRACE_MAX_LARGE_RAM },
        { "flash", &layout->flash, TRACE_MAX_LARGE_FLASH },
        { "protected", &layout->protected_len, TRACE_MAX_LARGE_FLASH },
        { "app", &layout->app, TRACE_MAX_LARGE_RAM },
        { "kernel", &layout->kernel, TRACE_MAX_LARGE_RAM },
    };
    int32_t number;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        if (strcmp(key, sizes[s].key) == 0) {
            if (!parse_number(value, 0, sizes[s].most, &number))
                return fail(parser, "%s=%s: not a number from 0 to %ld", key, value, sizes[s].most);
            *sizes[s].field = (uint32_t)number;
            return true;
        }
    }
    if (strcmp(key, "gap") == 0 || strcmp(key, "apart") == 0) {
        if (!parse_number(value, 0, 255, &number))
            return fail(parser, "%s=%s: not a number from 0 to 255", key, value);
        *(key[0] == 'g' ? &layout->gap : &layout->apart) = (uint8_t)number;
        return true;
    }
    if (strcmp(key, "place") == 0)
        return parse_choice(value, "below", "above", &layout->flash_above) ||
               fail(parser, "place=%s: flash is below or above", value);
    if (strcmp(key, "fault") == 0)
        return parse_choice(value, "stop", "restart", &layout->restarts) ||
               fail(parser, "fault=%s: a policy is stop or restart", value);
    return fail(parser, "unknown field \"%s\" of a process", key);
}

static bool parse_process(struct parser *parser, bool is_first)
{
    struct trace *trace = parser->trace;
    if (trace->op_count != 0)
        return fail(parser, "processes are laid out before the first operation");
    if (is_first)
        trace->process_count = 0;
    if (trace->process_count == TRACE_MAX_PROCESSES)
        return fail(parser, "more than %d processes", TRACE_MAX_PROCESSES);
    struct layout layout = layout_default;
    const char *word;
    while ((word = take_word(parser)) != NULL) {
        char *value = strchr(word, '=');
        if (value == NULL)
            return fail(parser, "\"%s\": a process takes FIELD=VALUE", word);
        *value++ = '\0';
        if (!parse_field(parser, word, value, &layout))
            return false;
    }
    layout.large = layout.ram > TRACE_MAX_RAM || layout.flash > TRACE_MAX_FLASH;
    if (layout.large &&
        (layout.ram | layout.flash | layout.protected_len | layout.app | layout.kernel) %
                TRACE_LARGE_UNIT !=
            0)
        return fail(parser, "more than ram=%d or flash=%d: all sizes are multiples of %d, then",
                    TRACE_MAX_RAM, TRACE_MAX_FLASH, TRACE_LARGE_UNIT);
    if (layout.protected_len > layout.flash)
        return fail(parser, "protected=%u is more than flash=%u", layout.protected_len,
                    layout.flash);
    if (layout.app + layout.kernel > layout.ram)
        return fail(parser, "app=%u and kernel=%u do not fit into ram=%u", layout.app,
                    layout.kernel, layout.ram);
    trace->processes[trace->process_count++] = layout;
    parser->memory_used += layout_len(&layout);
    const uint32_t memory = trace_memory(trace);
    return parser->memory_used <= memory ||
           fail(parser, "the processes so far need %u bytes of memory, there are %u",
                parser->memory_used, memory);
}

/* ---- Lines ---- */

static bool split_words(struct parser *parser, char *line)
{
    static const char blanks[] = " \t\r";
    parser->word_count = 0;
    parser->next_word = 0;
    line[strcspn(line, "#")] = '\0';
    for (char *word = strtok(line, blanks); word != NULL; word = strtok(NULL, blanks)) {
        if (parser->word_count == MAX_WORDS)
            return fail(parser, "more than %d words in a line", MAX_WORDS);
        parser->words[parser->word_count++] = word;
    }
    return true;
}

static bool parse_line(struct parser *parser, char *line, bool *laid_out)
{
    if (!split_words(parser, line))
        return false;
    const char *name = take_word(parser);
    if (name == NULL)
        return true;
    if (!parser->has_header) {
        const char *format = take_word(parser);
        if (strcmp(name, "trace") != 0 || format == NULL || parser->word_count != 2)
            return fail(parser, "not a text trace: the first line must be \"trace %d\"",
                        TRACE_FORMAT);
        if (strcmp(format, "1") != 0)
            return fail(parser, "format \"%s\" of the text form is not known here, %d is", format,
                        TRACE_FORMAT);
        parser->has_header = true;
        return true;
    }
    if (is_word(name, "process")) {
        const bool is_first = !*laid_out;
        *laid_out = true;
        return parse_process(parser, is_first);
    }
    return parse_op(parser, name);
}

bool trace_parse(struct trace *trace, const char *text, size_t len, const char *file_name)
{
    return trace_parse_member(trace, text, len, file_name, 0);
}

bool trace_parse_member(struct trace *trace, const char *text, size_t len, const char *file_name,
                        unsigned lines_before)
{
    struct parser parser = { .trace = trace, .file_name = file_name, .line = lines_before };
    bool laid_out = false;
    trace_init(trace);
    for (size_t at = 0; at < len;) {
        char line[MAX_LINE];
        const char *end = memchr(text + at, '\n', len - at);
        const size_t line_len = end != NULL ? (size_t)(end - (text + at)) : len - at;
        parser.line++;
        if (memchr(text + at, '\0', line_len) != NULL)
            return fail(&parser, "a zero byte: this is not text");
        /* Lines are as deeply indented as blocks nest. */
        size_t indent = 0;
        while (indent < line_len && (text[at + indent] == ' ' || text[at + indent] == '\t'))
            indent++;
        const char *used = text + at + indent;
        const char *comment = memchr(used, '#', line_len - indent);
        const size_t used_len = comment != NULL ? (size_t)(comment - used) : line_len - indent;
        if (used_len >= sizeof line)
            return fail(&parser, "a line longer than %d characters", MAX_LINE - 1);
        memcpy(line, used, used_len);
        line[used_len] = '\0';
        if (!parse_line(&parser, line, &laid_out))
            return false;
        at += line_len + 1;
    }
    if (!parser.has_header) {
        parser.line++;
        return fail(&parser, "not a text trace: the first line must be \"trace %d\"", TRACE_FORMAT);
    }
    if (parser.depth != 0)
        return fail(&parser, "the end, but a block is still open: \"}\" is missing");
    return true;
}
