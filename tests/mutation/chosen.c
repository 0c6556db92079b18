/* Which mutants of a library that has them all a process runs: their numbers, of which 0 is none; and which mutants would
 * have differed from it in some number. */
#include <stdio.h>
#include <stdlib.h>

unsigned procbuf_chosen_mutants[2];
unsigned char procbuf_differs[65536];

__attribute__((constructor)) static void choose(void)
{
    char *text = getenv("PROCBUF_MUTANTS");
    for (unsigned i = 0; i < 2 && text != NULL && *text != '\0'; i++) {
        procbuf_chosen_mutants[i] = (unsigned)strtoul(text, &text, 10);
        text += *text == ',';
    }
}

__attribute__((destructor)) static void print_differing(void)
{
    const char *name = getenv("PROCBUF_DIFFERING");
    FILE *out = name == NULL ? NULL : fopen(name, "w");
    if (out == NULL)
        return;
    for (unsigned i = 0; i < sizeof procbuf_differs; i++)
        if (procbuf_differs[i])
            fprintf(out, "%u\n", i);
    if (fclose(out) != 0)
        abort();
}
