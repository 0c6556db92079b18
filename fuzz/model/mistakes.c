/* Mistakes of a kernel, which machine/mistakes.h makes: each ends in the panic hook. Contract: E4. */
#include "rules.h"

static const struct {
    const char *rule;
    const char *words;
} mistakes[] = {
    { "B6", "it vouches for a read-only range without the capability" },
    { "B6", "it vouches for a read-write range without the capability" },
    { "B6", "it makes an id of a foreign table without the capability" },
    { "B7", "its foreign table has nobody to ask" },
    { "E4", "it creates a process in a foreign table" },
    { "E4", "it views one byte of no array, to read" },
    { "E4", "it views one byte of no array, to write" },
    { "E4", "it reads one byte of a buffer into no array" },
    { "E4", "it writes one byte of no array to a buffer" },
    { "E4", "its reader reads one byte into no array" },
    { "E4", "its writer writes one byte of no array" },
    { "E4", "its reader goes over one buffer of no array" },
    { "E4", "its writer goes over one buffer of no array" },
    { "G6", "a driver's data are aligned to 0" },
    { "G6", "a driver's data are aligned to 6" },
    { "E4", "it looks at the state of an empty slot" },
    { "E4", "it stops the process of an empty slot" },
    { "E4", "the body of an enter is left by a jump" },
};

const char *model_mistake(unsigned number)
{
    return number < sizeof mistakes / sizeof mistakes[0] ? mistakes[number].words : NULL;
}

void predict_misuse(const struct call *call, struct prediction *p)
{
    const uint64_t number = call->args[0];
    answers(p, OUTCOME_SKIPPED, 0);
    if (number >= sizeof mistakes / sizeof mistakes[0])
        return;
    RULE(mistakes[number].rule);
    panics(p);
}
