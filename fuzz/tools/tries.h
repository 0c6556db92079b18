/* Trying programs, of which some never end and some end the process. */
#ifndef FUZZ_TRIES_H
#define FUZZ_TRIES_H

#include <stddef.h>

/* SIGPROF comes after so much of the processor; 0: never. */
void limit_processor(double seconds);

/* Memory that children share with their parent, all 0. Ends with status 2 if there is none. */
void *share(size_t size);

/* Nothing that this process prints is seen. */
void be_silent(void);

#endif
