/* What the library keeps outside of what it is given: nothing. Its writable memory, thread-locals included,
 * is compared after each input with what it was before the first one. */
#ifndef FUZZ_STATE_H
#define FUZZ_STATE_H

/* An input begins: the first time, remember the memory. */
void state_begin(void);

/* The input has ended. */
void state_check(void);

#endif
