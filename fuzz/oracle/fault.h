/* Signals that would end the program without a word: each ends in a bug's identity line. */
#ifndef FUZZ_FAULT_H
#define FUZZ_FAULT_H

/* Where the build has guard pages, an access to a closed one is a fault of the machine. In every build, a trap is
 * a bug: neither sanitizers nor libFuzzer watch for one, and a function without an end runs into it. */
void fault_watch(void);

/* The same for every other signal, for programs without an engine, which watches itself. Does nothing in
 * builds with a sanitizer that watches. */
void fault_watch_all(void);

#endif
