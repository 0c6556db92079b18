/* Marks: which rules of lib/CONTRACT.md a unit test shows. tests/build/rules compares those that
 * were reached by tests that passed with the contract. */
#ifndef TESTS_MARKS_H
#define TESTS_MARKS_H

/* This test shows the rules accepting, or refusing. In: "B2", or several: "B2 E3". A mark counts
 * when the test reaches it, and then passes. */
#define ACCEPTS(rules) mark_reached("accepts", rules, __FILE__, __LINE__)
#define REFUSES(rules) mark_reached("refuses", rules, __FILE__, __LINE__)

void mark_reached(const char *what, const char *rules, const char *file, int line);

#endif
