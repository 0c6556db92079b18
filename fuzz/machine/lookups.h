/* The lookup functions of the other kernel's maps: which call of the library calls them, for which bytes. M3. */
#ifndef FUZZ_LOOKUPS_H
#define FUZZ_LOOKUPS_H

struct testbed;

/* A call of the library begins: from now on each lookup is compared with what the model says. It has made all of
 * them: when it ends, and when it runs a body. */
void lookups_begin(struct testbed *t);
void lookups_end(struct testbed *t);

#endif
