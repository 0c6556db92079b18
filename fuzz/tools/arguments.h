/* Command lines of the tools. */
#ifndef FUZZ_ARGUMENTS_H
#define FUZZ_ARGUMENTS_H

enum argument_kind {
    ARGUMENT_FLAG,    /* bool */
    ARGUMENT_COUNT,   /* long, from 0 */
    ARGUMENT_SECONDS, /* double, from a millisecond to some days */
    ARGUMENT_HARNESS, /* const struct harness *; "--list" lists them */
};

struct argument {
    const char *name; /* without its dashes; null: after the last */
    enum argument_kind kind;
    void *value; /* stays as it is when the option is not given */
};

/* Read options up to the first word that is none. --help prints `usage` and ends the program. Returns: the place of that
 * word. */
int arguments_read(int argc, char **argv, const char *usage, const struct argument *arguments);

/* End with status 2 and a line that says why. */
_Noreturn void unable(const char *message, const char *what);

#endif
