/* Reading traces from files, for the command line tools. */
#ifndef FUZZ_FILES_H
#define FUZZ_FILES_H

#include "trace.h"

/* Read a whole file; "-" is standard input. Returns: false after a message to stderr.
 * Out: *bytes_out, for the caller to free. */
bool file_read(const char *path, uint8_t **bytes_out, size_t *len_out);

/* Read a trace: text if the name ends in ".trace" or the bytes come from standard input and begin
 * as text does, else binary. Returns: false after a message. */
bool file_read_trace(const char *path, const uint8_t *enabled, struct trace *trace_out);

/* Write a file whole or not at all: to a temporary file beside it, then renamed. */
bool file_write(const char *path, const void *bytes, size_t len);

#endif
