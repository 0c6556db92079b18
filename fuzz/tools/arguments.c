#include "arguments.h"

#include "harness.h"
#include "testbed.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

enum { MOST_ARGUMENTS = 16, HELP = MOST_ARGUMENTS };

void unable(const char *message, const char *what)
{
    fprintf(stderr, "%s: %s%s\n", program_invocation_short_name, message, what);
    exit(2);
}

static long count(const char *word)
{
    char *end;
    errno = 0;
    const long number = strtol(word, &end, 10);
    if (errno != 0 || end == word || *end != '\0' || number < 0)
        unable("not a number: ", word);
    return number;
}

static double seconds(const char *word)
{
    char *end;
    const double number = strtod(word, &end);
    if (end == word || *end != '\0' || !(number >= 1e-3 && number < 1e6))
        unable("not a number of seconds: ", word);
    return number;
}

static const struct harness *harness_named(const char *word)
{
    const struct harness *harness = harness_find(word);
    if (harness == NULL)
        unable("no such harness (procbuf-replay --list shows them): ", word);
    return harness;
}

static void take(const struct argument *argument, const char *word)
{
    switch (argument->kind) {
    case ARGUMENT_FLAG: *(bool *)argument->value = true; break;
    case ARGUMENT_COUNT: *(long *)argument->value = count(word); break;
    case ARGUMENT_SECONDS: *(double *)argument->value = seconds(word); break;
    case ARGUMENT_HARNESS: *(const struct harness **)argument->value = harness_named(word); break;
    }
}

int arguments_read(int argc, char **argv, const char *usage, const struct argument *arguments)
{
    struct option options[MOST_ARGUMENTS + 2] = { { "help", no_argument, NULL, HELP } };
    for (int a = 0; arguments[a].name != NULL; a++)
        options[a + 1] =
            (struct option){ arguments[a].name,
                             arguments[a].kind == ARGUMENT_FLAG ? no_argument : required_argument,
                             NULL, a };
    for (;;) {
        const char *word = argv[optind];
        const int which = getopt_long(argc, argv, "+:", options, NULL);
        if (which == -1)
            return optind;
        if (which == ':')
            unable("this option needs a value: ", word);
        if (which == '?')
            unable("unknown option (--help shows them): ", word);
        if (which == HELP) {
            fputs(usage, stdout);
            exit(0);
        }
        take(&arguments[which], optarg);
    }
}
