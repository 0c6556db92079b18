/* As much of the C library as the testbed calls; ../libc.c has the functions. */
#ifndef KERNEL_STDIO_H
#define KERNEL_STDIO_H
#include <stdarg.h>
#include <stddef.h>

typedef struct kernel_file FILE;
extern struct kernel_file {
    char unused;
} kernel_console; /* the only one: what the board prints */
#define stdout (&kernel_console)
#define stderr (&kernel_console)

int fprintf(FILE *file, const char *format, ...);
int vfprintf(FILE *file, const char *format, va_list arguments);
int snprintf(char *out, size_t out_len, const char *format, ...);
int fputs(const char *text, FILE *file);
int fputc(int character, FILE *file);
int fflush(FILE *file);
#endif
