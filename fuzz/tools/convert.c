/* procbuf-convert: turn inputs from bytes to text and back. See usage(). */
#include "files.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

static _Noreturn void usage(FILE *out, int status)
{
    fputs("usage: procbuf-convert [--harness NAME] IN OUT\n"
          "\n"
          "Reads an input, bytes or text (*.trace), and writes the same program in the form that "
          "OUT's\n"
          "name asks for: text if it ends in .trace, else bytes. OUT - prints text.\n"
          "With --harness, bytes are decoded as this harness decodes them.\n"
          "\n"
          "Exit status: 0 written; 2 bad arguments, or a file that cannot be read or written.\n",
          out);
    exit(status);
}

static bool is_text(const char *path)
{
    const size_t len = strlen(path);
    return strcmp(path, "-") == 0 || (len >= 6 && strcmp(path + len - 6, ".trace") == 0);
}

static bool write_text(const struct trace *trace, const char *path)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    if (memory == NULL)
        return false;
    trace_print(trace, memory);
    bool ok = fclose(memory) == 0;
    if (ok)
        ok = strcmp(path, "-") == 0 ? fwrite(text, 1, len, stdout) == len && fflush(stdout) == 0
                                    : file_write(path, text, len);
    free(text);
    return ok;
}

int main(int argc, char **argv)
{
    static struct trace trace;
    static uint8_t bytes[TRACE_MAX_BYTES];
    const uint8_t *enabled = NULL;
    int at = 1;
    if (at < argc && strcmp(argv[at], "--help") == 0)
        usage(stdout, 0);
    if (at + 1 < argc && strcmp(argv[at], "--harness") == 0) {
        const struct harness *harness = harness_find(argv[at + 1]);
        if (harness == NULL) {
            fprintf(stderr, "procbuf-convert: no such harness: %s\n", argv[at + 1]);
            return 2;
        }
        enabled = harness->weights;
        at += 2;
    }
    if (argc - at != 2 || (argv[at][0] == '-' && argv[at][1] != '\0'))
        usage(stderr, 2);
    if (!file_read_trace(argv[at], enabled, &trace))
        return 2;
    const char *out = argv[at + 1];
    const bool ok = is_text(out) ? write_text(&trace, out)
                                 : file_write(out, bytes, trace_encode(&trace, bytes));
    return ok ? 0 : 2;
}
