/* The last inputs that a fuzz target ran, in a file that is mapped: what it held when the process ended
 * is there, whatever ended it. Each is noted before it runs, so the newest is the one that ended it. */
#ifndef FUZZ_RING_H
#define FUZZ_RING_H

#include "sequence.h"

enum { RING_INPUTS = 256, RING_INPUT_LEN = 4096 };

/* From now on, note inputs there. Goes on with a ring that is there. Exits with status 2 and a message
 * when it cannot. */
void ring_open(const char *path, const char *harness_name);

/* An input is going to run. Does nothing when no ring is open. */
void ring_note(const uint8_t *bytes, size_t len);

/* It has returned. */
void ring_note_return(void);

/* Append the inputs of the process that noted last, as its harness decodes them.
 * Returns: false after a message to stderr. */
bool ring_read(const uint8_t *bytes, size_t len, const char *file_name, struct sequence *sequence);

#endif
