/* Sequences: traces that run one after another in one process, as one input. What a bug needs that
 * shows only because of an earlier input. fuzz/TRACE.md has the grammar of the text form. */
#ifndef FUZZ_SEQUENCE_H
#define FUZZ_SEQUENCE_H

#include "trace.h"

enum {
    SEQUENCE_FORMAT = 1, /* of the text form: its first line is "sequence 1" */
    SEQUENCE_MAX_MEMBERS = 1024
};

/* Members are kept in the binary form: a trace that is not has room for all it could be. */
struct sequence {
    unsigned count;
    struct sequence_member {
        uint8_t *bytes;
        size_t len;
    } members[SEQUENCE_MAX_MEMBERS];
};

/* Append a copy of the trace. Returns: false if it does not fit. */
bool sequence_add(struct sequence *sequence, const struct trace *trace);

/* Put a copy of the trace in the place of member `index`. Returns: false if it does not fit. */
bool sequence_set(struct sequence *sequence, unsigned index, const struct trace *trace);

/* Member `index`, as a trace. */
void sequence_get(const struct sequence *sequence, unsigned index, struct trace *trace_out);

/* Make it one without members. */
void sequence_clear(struct sequence *sequence);

/* Text form. Appends the members. Returns: false after printing "FILE:LINE: what is wrong" to stderr, without a word if
 * there is no name. */
bool sequence_parse(struct sequence *sequence, const char *text, size_t len, const char *file_name);
void sequence_print(const struct sequence *sequence, FILE *out);

#endif
