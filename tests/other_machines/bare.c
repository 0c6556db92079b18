/* Replays the inputs that the file "inputs" lists, one path a line, as procbuf-replay does with
 * --verbose --results: for machines without folders and arguments. */
#include "bug.h"
#include "files.h"
#include "harness.h"
#include "testbed.h"
#include "machine.h"

#include <stdlib.h>
#include <string.h>

static struct trace trace;

int main(void)
{
    static char output[1 << 16], list[1 << 16];
    FILE *inputs = fopen("inputs", "r");
    setvbuf(stdout, output, _IOFBF, sizeof output);
    if (inputs == NULL) {
        fputs("cannot read the list of inputs\n", stderr);
        return 2;
    }
    list[fread(list, 1, sizeof list - 1, inputs)] = '\0';
    struct testbed *t = harness_start();
    char *rest = list;
    for (char *path = strtok_r(rest, "\n", &rest); path != NULL;
         path = strtok_r(NULL, "\n", &rest)) {
        printf("# %s\n", path);
        if (!file_read_trace(path, NULL, &trace))
            return 2;
        machine_run(t, &trace, stdout);
    }
    return fflush(stdout) == 0 ? 0 : 2;
}
