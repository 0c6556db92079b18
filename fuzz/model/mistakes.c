/* Mistakes of a kernel, which machine/mistakes.h makes: each ends in the panic hook. Contract: E4. */
#include "rules.h"

static const struct {
    const char *rule;
    const char *words;
} mistakes[] = {
    { "R2", "it vouches for a read-only range without the capability" },
    { "R2", "it vouches for a read-write range without the capability" },
    { "R2", "it makes an id of a foreign table without the capability" },
    { "R2", "its foreign table has no liveness function" },
    { "R3", "it creates a process in a foreign table" },
    { "R5", "it views one byte of no array, to read" },
    { "R5", "it views one byte of no array, to write" },
    { "R5", "it reads one byte of a buffer into no array" },
    { "R5", "it writes one byte of no array to a buffer" },
    { "R5", "its reader reads one byte into no array" },
    { "R5", "its writer writes one byte of no array" },
    { "R5", "its reader goes over one buffer of no array" },
    { "R5", "its writer goes over one buffer of no array" },
    { "R6", "a driver's data are aligned to 0" },
    { "R6", "a driver's data are aligned to 6" },
    { "R1", "it looks at the state of an empty slot" },
    { "R1", "it stops the process of an empty slot" },
    { "R11", "the body of an enter is left by a jump" },
    { "R2", "it makes an id of one of our tables as if it were foreign" },
    { "R4", "it gives a table room for grants twice" },
    { "R4", "it gives a table room for grants after its first process" },
    { "R5", "it copies a slice to no array" },
    { "R5", "it copies a slice to an array that overlaps the slice's last byte" },
    { "R5", "it copies no array to a slice" },
    { "R5", "it copies an array to a slice whose first byte it overlaps" },
    { "R5", "it copies what fits of a slice to an array inside the slice" },
    { "R5", "it copies what fits of an array that ends inside the slice" },
    { "R5", "it compares a slice with an array that overlaps its last byte" },
    { "R5", "it copies a string to an array inside the slice" },
    { "R2", "it makes a map of regions without the capability" },
    { "R2", "it makes a map of a function without the capability" },
    { "R2", "it makes a map of no function" },
    { "R5", "it makes a map of one region of no array" },
    { "R2", "it lets a process of ours lend by a map, pinned" },
    { "R2", "it lets a process of ours lend by a map, rechecked" },
    { "R1", "it lets the process of an empty slot lend" },
    { "R22", "its lookup function returns a region that begins after the address" },
    { "R22", "its lookup function returns a region that ends at the address" },
    { "R22", "its lookup function returns the same region for the next address" },
    { "R24", "a process of ours allows a read-only slot of the kernel's" },
    { "R24", "a process of ours allows a read-write slot of the kernel's" },
    { "R5", "it copies a slice to where the slice is" },
    { "R5", "it copies to a slice from where the slice is" },
    { "R2", "it makes a map of one region of no array without the capability" },
    { "R5", "it copies a slice of one byte to where it is" },
    { "R5", "it copies to a slice of one byte from where it is" },
    { "R5", "it copies what fits of a slice to its first byte" },
    { "R5", "it copies what fits of an array into a slice of one byte, where the array begins" },
    { "R5", "it compares a slice of one byte with itself" },
    { "R5", "it copies a string of one byte to where it is" },
    { "R4", "it gives a table room for grants after its first process has gone" },
};
_Static_assert(sizeof mistakes / sizeof mistakes[0] == TRACE_MISTAKE_COUNT, "fuzzers make each");

const char *model_mistake(unsigned number)
{
    return number < TRACE_MISTAKE_COUNT ? mistakes[number].words : NULL;
}

void predict_misuse(struct model *m, const struct call *call, struct prediction *p)
{
    const uint64_t number = call->args[0];
    if (number < TRACE_MISTAKE_COUNT)
        panics(m, p, mistakes[number].rule);
    else
        skips(p, "T5");
}
