#include "sequence.h"

#include <stdlib.h>
#include <string.h>

/* A copy in the binary form; its bytes are null if memory is short. */
static struct sequence_member member_of(const struct trace *trace)
{
    static uint8_t bytes[TRACE_MAX_BYTES];
    const size_t len = trace_encode(trace, bytes);
    struct sequence_member member = { malloc(len), len }; /* one byte at least: the version */
    if (member.bytes != NULL)
        memcpy(member.bytes, bytes, len);
    return member;
}

bool sequence_add(struct sequence *sequence, const struct trace *trace)
{
    if (sequence->count == SEQUENCE_MAX_MEMBERS)
        return false;
    const struct sequence_member member = member_of(trace);
    if (member.bytes == NULL)
        return false;
    sequence->members[sequence->count++] = member;
    return true;
}

bool sequence_set(struct sequence *sequence, unsigned index, const struct trace *trace)
{
    const struct sequence_member member = member_of(trace);
    if (member.bytes == NULL)
        return false;
    free(sequence->members[index].bytes);
    sequence->members[index] = member;
    return true;
}

void sequence_get(const struct sequence *sequence, unsigned index, struct trace *trace_out)
{
    const struct sequence_member *member = &sequence->members[index];
    trace_decode(trace_out, member->bytes, member->len, NULL);
}

void sequence_clear(struct sequence *sequence)
{
    while (sequence->count > 0)
        free(sequence->members[--sequence->count].bytes);
}

/* ---- Text ---- */

/* Whether a line begins with this word. */
static bool line_begins(const char *line, size_t len, const char *word)
{
    const size_t word_len = strlen(word);
    while (len > 0 && (*line == ' ' || *line == '\t'))
        line++, len--;
    return len >= word_len && memcmp(line, word, word_len) == 0 &&
           (len == word_len || strchr(" \t\r#", line[word_len]) != NULL);
}

static bool line_is_empty(const char *line, size_t len)
{
    while (len > 0 && strchr(" \t\r", *line) != NULL && *line != '\0')
        line++, len--;
    return len == 0 || *line == '#';
}

static bool line_is_header(const char *line, size_t len)
{
    char word[16], format[16], more[2];
    char text[128];
    snprintf(text, sizeof text, "%.*s", (int)len, line);
    text[strcspn(text, "#")] = '\0';
    return sscanf(text, "%15s %15s %1s", word, format, more) == 2 &&
           strcmp(word, "sequence") == 0 && strcmp(format, "1") == 0;
}

static bool fail(const char *file_name, unsigned line, const char *message)
{
    if (file_name != NULL)
        fprintf(stderr, "%s:%u: %s\n", file_name, line, message);
    return false;
}

static bool take_member(struct sequence *sequence, const char *text, size_t len,
                        const char *file_name, unsigned lines_before)
{
    static struct trace trace;
    if (!trace_parse_member(&trace, text, len, file_name, lines_before))
        return false;
    return sequence_add(sequence, &trace) ||
           fail(file_name, lines_before + 1, "too many members: 1024 are the most");
}

bool sequence_parse(struct sequence *sequence, const char *text, size_t len, const char *file_name)
{
    const char *member = NULL; /* where the last one begins */
    unsigned line = 0, lines_before_member = 0;
    bool has_header = false;
    for (size_t at = 0; at < len;) {
        const char *here = text + at;
        const char *end = memchr(here, '\n', len - at);
        const size_t line_len = end != NULL ? (size_t)(end - here) : len - at;
        line++;
        at += line_len + (end != NULL);
        if (!has_header && !line_is_empty(here, line_len)) {
            if (!line_is_header(here, line_len))
                break;
            has_header = true;
        } else if (line_begins(here, line_len, "trace")) {
            if (member != NULL && !take_member(sequence, member, (size_t)(here - member), file_name,
                                               lines_before_member))
                return false;
            member = here;
            lines_before_member = line - 1;
        } else if (member == NULL && !line_is_empty(here, line_len)) {
            return fail(file_name, line, "a member of a sequence begins with a line \"trace 1\"");
        }
    }
    if (!has_header)
        return fail(file_name, line == 0 ? 1 : line,
                    "not a sequence: the first line must be \"sequence 1\"");
    if (member == NULL)
        return fail(file_name, line, "a sequence without a member");
    return take_member(sequence, member, (size_t)(text + len - member), file_name,
                       lines_before_member);
}

void sequence_print(const struct sequence *sequence, FILE *out)
{
    static struct trace trace;
    fprintf(out, "sequence %d\n", SEQUENCE_FORMAT);
    for (unsigned m = 0; m < sequence->count; m++) {
        if (sequence->count > 1)
            fprintf(out, "# member %u of %u\n", m + 1, sequence->count);
        sequence_get(sequence, m, &trace);
        trace_print(&trace, out);
    }
}
