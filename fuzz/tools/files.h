/* Reading traces from files, for the command line tools. */
#ifndef FUZZ_FILES_H
#define FUZZ_FILES_H

#include "sequence.h"

/* Read a file's inputs, and append them to the sequence: those of a sequence (*.sequence), or of a ring (*.ring);
 * else a single one, from text (*.trace) or from bytes. "-" is standard input, where what begins as text is text.
 * `enabled`: as for trace_decode(). Returns: false after a message to stderr. */
bool file_read_inputs(const char *path, const uint8_t *enabled, struct sequence *inputs);

/* The same for a file that holds a single input. */
bool file_read_trace(const char *path, const uint8_t *enabled, struct trace *trace_out);

/* What a file holds, by its name. */
bool file_is_trace(const char *path);
bool file_is_sequence(const char *path);
bool file_is_ring(const char *path);
bool file_is_programs(const char *path); /* for a machine: convert.c */

/* Write a file whole or not at all: to a temporary file next to it, then renamed. */
bool file_write(const char *path, const void *bytes, size_t len);

#endif
