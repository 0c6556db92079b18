#include "behaviours.h"

#include "machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Behaviours are hashed into slots: two that share one count as one, which is rare. */
enum { SLOT_COUNT = 1 << 18 };
static struct {
    uint32_t inputs; /* that showed it */
    uint32_t last;   /* … of them; 0: none */
} *slots;
static uint32_t input_number;
static uint32_t last_answer;

static void begin_input(void)
{
    input_number++;
    last_answer = 0;
}

static void count(const struct walk *walk, const struct op *op, unsigned begin,
                  const struct outcome *outcome)
{
    (void)walk, (void)begin;
    const uint32_t answer =
        (uint32_t)op->code << 16 | (uint32_t)outcome->kind << 8 | (uint32_t)outcome->status;
    const uint32_t mixed = (last_answer * 0x9e3779b1u ^ answer) * 0x85ebca6bu;
    const uint32_t slot = mixed >> 14;
    last_answer = answer + 1;
    if (slots[slot].last == input_number)
        return;
    slots[slot].last = input_number;
    slots[slot].inputs++;
}

void behaviours_begin(struct testbed *t)
{
    static const struct observer observer = { .trace_begins = begin_input, .ended = count };
    if (getenv("PROCBUF_BEHAVIOURS") != NULL)
        slots = calloc(SLOT_COUNT, sizeof *slots);
    if (slots != NULL)
        machine_count(t, &observer);
}

void behaviours_write(void)
{
    const char *path = getenv("PROCBUF_BEHAVIOURS");
    FILE *file = slots == NULL || path == NULL ? NULL : fopen(path, "w");
    if (file == NULL)
        return;
    fprintf(file, "inputs %" PRIu32 "\n", input_number);
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++)
        if (slots[slot].inputs != 0)
            fprintf(file, "%" PRIu32 " %" PRIu32 "\n", slot, slots[slot].inputs);
    fclose(file);
}
