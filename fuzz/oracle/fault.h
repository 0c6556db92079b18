/* Where the build has guard pages, an access to a closed one is a fault of the machine. */
#ifndef FUZZ_FAULT_H
#define FUZZ_FAULT_H

/* Make faults end in a bug's identity line. Does nothing in builds without guard pages. */
void fault_watch(void);

#endif
