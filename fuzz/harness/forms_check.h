/* Programs as bytes and as text: whatever is read is understood or refused, and what is written reads the same. */
#ifndef FUZZ_FORMS_CHECK_H
#define FUZZ_FORMS_CHECK_H

#include "testbed.h"

enum { FORMS_TIMES = 4 }; /* for a program of many */

/* Write a program in each form and read that again; then damage what was written so many times, always in the same
 * ways, and read that. Returns if the program stays what it is, as does each program that damaged text or bytes mean. */
void forms_check(struct testbed *t, const struct trace *trace, unsigned times);

#endif
