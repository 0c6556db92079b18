#include "files.h"

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

static bool read_stream(FILE *file, const char *path, uint8_t **bytes_out, size_t *len_out)
{
    size_t room = 65536, len = 0;
    uint8_t *bytes = malloc(room);
    while (bytes != NULL) {
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

bool file_read(const char *path, uint8_t **bytes_out, size_t *len_out)
{
    if (strcmp(path, "-") == 0)
        return read_stream(stdin, "standard input", bytes_out, len_out);
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

static bool begins_as_text(const uint8_t *bytes, size_t len)
{
    static const char header[] = "trace ";
    while (len > 0 && (*bytes == '#' || *bytes == '\n')) {
        const uint8_t *end = memchr(bytes, '\n', len);
        if (end == NULL)
            return false;
        len -= (size_t)(end + 1 - bytes);
        bytes = end + 1;
    }
    return len >= sizeof header - 1 && memcmp(bytes, header, sizeof header - 1) == 0;
}

bool file_read_trace(const char *path, const uint8_t *enabled, struct trace *trace_out)
{
    uint8_t *bytes;
    size_t len;
    bool ok = true;
    if (!file_read(path, &bytes, &len))
        return false;
    if (ends_in(path, ".trace") || (strcmp(path, "-") == 0 && begins_as_text(bytes, len)))
        ok = trace_parse(trace_out, (const char *)bytes, len,
                         strcmp(path, "-") == 0 ? "standard input" : path);
    else
        trace_decode(trace_out, bytes, len, enabled);
    free(bytes);
    return ok;
}

bool file_write(const char *path, const void *bytes, size_t len)
{
    char temporary[4096];
    const int needed = snprintf(temporary, sizeof temporary, "%s.tmp", path);
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
