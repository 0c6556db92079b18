#include "files.h"

#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
}

static bool refuse(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    return false;
}

/* The engines' own bound of an input, and more than any text of ours has. */
enum { MOST_BYTES = 1 << 20, MOST_TEXT = 1 << 24 };

static bool read_stream(FILE *file, const char *path, uint8_t **bytes_out, size_t *len_out)
{
    size_t room = 65536, len = 0;
    uint8_t *bytes = malloc(room);
    while (bytes != NULL && len <= MOST_TEXT) {
        const size_t got = fread(bytes + len, 1, room - len, file);
        len += got;
        if (got == 0 || feof(file) || ferror(file))
            break;
        if (len == room) {
            uint8_t *more = realloc(bytes, room *= 2);
            if (more == NULL)
                free(bytes);
            bytes = more;
        }
    }
    if (bytes == NULL || ferror(file)) {
        complain(path);
        free(bytes);
        return false;
    }
    *bytes_out = bytes;
    *len_out = len;
    return true;
}

/* Only regular files: one would wait for whoever writes into a fifo, and read a device without end. Where files
 * are a debugger's there is but one kind. */
static bool is_regular(const char *path)
{
#if defined(__unix__)
    struct stat status;
    if (stat(path, &status) != 0)
        return complain(path);
    if (S_ISDIR(status.st_mode))
        return refuse(path, "is a folder, not a file");
    if (!S_ISREG(status.st_mode))
        return refuse(path, "is not a regular file (for a pipe, use -)");
#else
    (void)path;
#endif
    return true;
}

static bool read_file(const char *path, uint8_t **bytes_out, size_t *len_out)
{
    if (strcmp(path, "-") == 0)
        return read_stream(stdin, "standard input", bytes_out, len_out);
    if (!is_regular(path))
        return false;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return complain(path);
    const bool ok = read_stream(file, path, bytes_out, len_out);
    fclose(file);
    return ok;
}

static bool ends_in(const char *path, const char *ending)
{
    const size_t len = strlen(path), ending_len = strlen(ending);
    return len >= ending_len && strcmp(path + len - ending_len, ending) == 0;
}

bool file_is_trace(const char *path)
{
    return ends_in(path, ".trace");
}

bool file_is_sequence(const char *path)
{
    return ends_in(path, ".sequence");
}

bool file_is_programs(const char *path)
{
    return ends_in(path, ".programs");
}

bool file_is_ring(const char *path)
{
    return ends_in(path, ".ring");
}

/* Whether the first line that is neither empty nor a comment begins so. */
static bool begins_with(const uint8_t *bytes, size_t len, const char *word)
{
    const size_t word_len = strlen(word);
    while (len > 0 && (*bytes == '#' || *bytes == '\n')) {
        const uint8_t *end = memchr(bytes, '\n', len);
        if (end == NULL)
            return false;
        len -= (size_t)(end + 1 - bytes);
        bytes = end + 1;
    }
    return len >= word_len && memcmp(bytes, word, word_len) == 0;
}

static bool add_input(const char *name, const struct trace *trace, struct sequence *inputs)
{
    return sequence_add(inputs, trace) || refuse(name, "too many inputs in all");
}

/* What some editors put before text. */
static const uint8_t byte_order_mark[] = { 0xef, 0xbb, 0xbf };

static bool take_inputs(const char *path, const uint8_t *bytes, size_t len, const uint8_t *enabled,
                        struct sequence *inputs)
{
    static struct trace trace;
    const bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "standard input" : path;
    const bool is_marked = len >= sizeof byte_order_mark &&
                           memcmp(bytes, byte_order_mark, sizeof byte_order_mark) == 0;
    const uint8_t *text = is_marked ? bytes + sizeof byte_order_mark : bytes;
    const size_t text_len = len - (size_t)(text - bytes);
    if (len > MOST_TEXT)
        return refuse(name, "larger than 16 MiB: not an input");
    if (file_is_ring(path))
        return ring_read(bytes, len, name, inputs);
    if (file_is_sequence(path) || (is_stdin && begins_with(text, text_len, "sequence ")))
        return sequence_parse(inputs, (const char *)text, text_len, name);
    if (file_is_trace(path) || (is_stdin && begins_with(text, text_len, "trace ")))
        return trace_parse(&trace, (const char *)text, text_len, name) &&
               add_input(name, &trace, inputs);
    if (len > MOST_BYTES)
        return refuse(name, "larger than 1 MiB: not an input");
    trace_decode(&trace, bytes, len, enabled);
    return add_input(name, &trace, inputs);
}

bool file_read_inputs(const char *path, const uint8_t *enabled, struct sequence *inputs)
{
    uint8_t *bytes;
    size_t len;
    if (!read_file(path, &bytes, &len))
        return false;
    const bool ok = take_inputs(path, bytes, len, enabled, inputs);
    free(bytes);
    return ok;
}

bool file_read_trace(const char *path, const uint8_t *enabled, struct trace *trace_out)
{
    static struct sequence inputs;
    sequence_clear(&inputs);
    if (!file_read_inputs(path, enabled, &inputs))
        return false;
    if (inputs.count != 1) {
        fprintf(stderr, "%s: has %u members: a trace has one\n", path, inputs.count);
        return false;
    }
    sequence_get(&inputs, 0, trace_out);
    return true;
}

/* What is there is replaced if it is a file: no device, link or folder. */
static bool is_replaceable(const char *path)
{
#if defined(__unix__)
    struct stat status;
    if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return refuse(path, "is there, and is not a regular file");
#else
    (void)path;
#endif
    return true;
}

bool file_write(const char *path, const void *bytes, size_t len)
{
    char temporary[4096];
    const int needed = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (!is_replaceable(path))
        return false;
    if (needed < 0 || (size_t)needed >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return complain(path);
    }
    FILE *file = fopen(temporary, "wb");
    if (file == NULL)
        return complain(temporary);
    const bool written = fwrite(bytes, 1, len, file) == len;
    const bool closed = fclose(file) == 0;
    if (written && closed && rename(temporary, path) == 0)
        return true;
    complain(path);
    unlink(temporary);
    return false;
}
