/* The lookup functions of the other kernel's maps: which call of the library calls them, for which bytes. M3. */
#ifndef FUZZ_LOOKUPS_H
#define FUZZ_LOOKUPS_H

/* A call of the library begins: from now on each lookup is compared with what the model says. It has made all of
 * them: when it ends, and when it runs a body. */
void lookups_begin(void);
void lookups_end(void);

/* The call that began was left where it was. */
void lookups_forget(void);

#endif
