/* procbuf-convert: turn inputs from bytes to text and back. See usage(). */
#include "arguments.h"
#include "files.h"
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: procbuf-convert [--harness NAME] IN… OUT\n"
    "\n"
    "Reads inputs, and writes the same programs in the form that OUT's name asks for.\n"
    "\n"
    "  IN   bytes of a fuzzer; text (*.trace); a sequence of traces (*.sequence); the last\n"
    "       inputs that a fuzz target noted (*.ring)\n"
    "  OUT  *.sequence: text of all of them, in order; *.trace: text of the only one;\n"
    "       *.programs: how many, and the bytes of each after their length, as the kernel of\n"
    "       tests/kernel reads them (32 bits, the least first); else the bytes of the only one.\n"
    "       - prints text. A folder: the bytes of each, as a file with IN's name, without its\n"
    "       suffix; no two may have the same.\n"
    "\n"
    "With --harness, bytes are decoded as this harness decodes them. A ring knows its own.\n"
    "\n"
    "Exit status: 0 written; 2 bad arguments, or a file that cannot be read or written.\n";

static struct sequence inputs;
static struct trace trace; /* the only one */

static void print_text(bool as_sequence, FILE *out)
{
    if (as_sequence)
        sequence_print(&inputs, out);
    else
        trace_print(&trace, out);
}

static void put_number(size_t number, FILE *out)
{
    for (unsigned shift = 0; shift < 32; shift += 8)
        fputc((int)(number >> shift & 0xff), out);
}

static void put_programs(bool as_sequence, FILE *out)
{
    (void)as_sequence;
    put_number(inputs.count, out);
    for (unsigned m = 0; m < inputs.count; m++) {
        put_number(inputs.members[m].len, out);
        fwrite(inputs.members[m].bytes, 1, inputs.members[m].len, out);
    }
}

/* As text, a trace if that will do; or as a machine takes them. */
static bool write_all(void (*print)(bool as_sequence, FILE *out), bool as_sequence,
                      const char *path)
{
    char *content = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&content, &len);
    if (memory == NULL)
        return false;
    print(as_sequence, memory);
    bool ok = fclose(memory) == 0;
    if (ok && strcmp(path, "-") != 0)
        ok = file_write(path, content, len);
    else if (ok && (fwrite(content, 1, len, stdout) != len || fflush(stdout) != 0))
        unable("cannot write the text: ", strerror(errno));
    free(content);
    return ok;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The bytes of the only one. */
static bool write_bytes(const char *out)
{
    static uint8_t bytes[TRACE_MAX_BYTES];
    sequence_get(&inputs, 0, &trace);
    return file_write(out, bytes, trace_encode(&trace, bytes));
}

static bool write_as_asked(const char *out)
{
    const bool to_stdout = strcmp(out, "-") == 0;
    if (file_is_sequence(out) || (to_stdout && inputs.count > 1))
        return write_all(print_text, true, out);
    if (file_is_programs(out))
        return write_all(put_programs, true, out);
    if (inputs.count > 1) {
        fprintf(stderr, "procbuf-convert: %u members, and %s would hold one: name it *.sequence\n",
                inputs.count, out);
        return false;
    }
    if (!to_stdout && !file_is_trace(out))
        return write_bytes(out);
    sequence_get(&inputs, 0, &trace);
    return write_all(print_text, false, out);
}

/* One of many in a folder: its name, without the suffix. */
struct stem {
    const char *text;
    int len;
};

static struct stem stem_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *suffix = strrchr(name, '.');
    const size_t len = suffix != NULL && suffix != name ? (size_t)(suffix - name) : strlen(name);
    return (struct stem){ name, (int)len };
}

/* Two inputs of one name would be one file. */
static bool are_apart(char **in, int count)
{
    for (int a = 0; a < count; a++) {
        const struct stem one = stem_of(in[a]);
        for (int b = 0; b < a; b++) {
            const struct stem other = stem_of(in[b]);
            if (one.len == other.len && memcmp(one.text, other.text, (size_t)one.len) == 0) {
                fprintf(stderr, "procbuf-convert: %s and %s would be one file\n", in[b], in[a]);
                return false;
            }
        }
    }
    return true;
}

static bool write_into(const char *folder, const char *in)
{
    const struct stem stem = stem_of(in);
    char *out = NULL;
    if (inputs.count > 1) {
        fprintf(stderr, "procbuf-convert: %s: %u members, and a file in %s holds one\n", in,
                inputs.count, folder);
        return false;
    }
    if (asprintf(&out, "%s/%.*s", folder, stem.len, stem.text) < 0)
        return false;
    const bool ok = write_bytes(out);
    free(out);
    sequence_clear(&inputs);
    return ok;
}

int main(int argc, char **argv)
{
    const struct harness *harness = NULL;
    int at = arguments_read(
        argc, argv, usage,
        (const struct argument[]){ { "harness", ARGUMENT_HARNESS, &harness }, { 0 } });
    const uint8_t *enabled = harness != NULL ? harness->weights : NULL;
    if (argc - at < 2) {
        fputs(usage, stderr);
        return 2;
    }
    const char *const out = argv[argc - 1];
    const bool into = is_folder(out);
    if (into && !are_apart(argv + at, argc - 1 - at))
        return 2;
    for (; at < argc - 1; at++)
        if (!file_read_inputs(argv[at], enabled, &inputs) || (into && !write_into(out, argv[at])))
            return 2;
    return into || write_as_asked(out) ? 0 : 2;
}
