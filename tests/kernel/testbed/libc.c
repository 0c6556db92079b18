/* As much of the C library as the testbed and the library call. Only whole words on their boundaries are moved at
 * once: no granule of a protection unit is smaller, and an emulated MPU looks at the first byte of an access only
 * (README.md). */
#include "board.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

/* ---- string.h ---- */

typedef uintptr_t __attribute__((may_alias)) word_of_any;
enum { WORD = sizeof(word_of_any) };

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    return memmove(to, from, len);
}

void *memmove(void *to, const void *from, size_t len)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    if (out > in && out < in + len) {
        while (len-- > 0)
            out[len] = in[len];
        return to;
    }
    if (((uintptr_t)to | (uintptr_t)from) % WORD == 0)
        for (; len >= WORD; len -= WORD, out += WORD, in += WORD)
            *(word_of_any *)out = *(const word_of_any *)in;
    while (len-- > 0)
        *out++ = *in++;
    return to;
}

void *memset(void *to, int value, size_t len)
{
    uint8_t *out = to;
    if ((uintptr_t)to % WORD == 0)
        for (; len >= WORD; len -= WORD, out += WORD)
            *(word_of_any *)out = (uintptr_t)-1 / 0xff * (uint8_t)value;
    while (len-- > 0)
        *out++ = (uint8_t)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;
    for (; len > 0; len--, x++, y++)
        if (*x != *y)
            return *x < *y ? -1 : 1;
    return 0;
}

size_t strlen(const char *text)
{
    size_t len = 0;
    while (text[len] != '\0')
        len++;
    return len;
}

int strncmp(const char *a, const char *b, size_t len)
{
    for (; len > 0; len--, a++, b++)
        if (*a != *b || *a == '\0')
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *text, int character)
{
    for (; *text != (char)character; text++)
        if (*text == '\0')
            return NULL;
    return (char *)(uintptr_t)text;
}

/* ---- stdio.h ---- */

struct kernel_file kernel_console;
static char printed[4096];
static size_t printed_len;

int fflush(FILE *file)
{
    (void)file;
    board_write(printed, printed_len);
    printed_len = 0;
    return 0;
}

int fputc(int character, FILE *file)
{
    if (printed_len == sizeof printed)
        fflush(file);
    printed[printed_len++] = (char)character;
    return character;
}

int fputs(const char *text, FILE *file)
{
    for (; *text != '\0'; text++)
        fputc(*text, file);
    return 0;
}

/* Where formatted text goes: an array, or the board. */
struct output {
    char *array;
    size_t room, len;
};

static void put(struct output *out, char character)
{
    if (out->array == NULL)
        fputc(character, stdout);
    else if (out->len + 1 < out->room)
        out->array[out->len] = character;
    out->len++;
}

static void put_text(struct output *out, const char *text, size_t len, size_t width, char pad)
{
    for (; width > len; width--)
        put(out, pad);
    for (size_t at = 0; at < len; at++)
        put(out, text[at]);
}

static void put_number(struct output *out, uint64_t number, unsigned base, const char *sign,
                       size_t width, char pad)
{
    char digits[32];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    for (size_t s = strlen(sign); s-- > 0;)
        digits[--at] = sign[s];
    put_text(out, &digits[at], sizeof digits - at, width, pad);
}

/* One conversion, after its "%". */
static const char *convert(struct output *out, const char *format, va_list *arguments)
{
    bool plus = false;
    char pad = ' ';
    size_t width = 0, most = SIZE_MAX;
    unsigned longs = 0;
    for (; *format == '+' || *format == '0'; format++) {
        plus |= *format == '+';
        pad = *format == '0' ? '0' : pad;
    }
    for (; *format >= '0' && *format <= '9'; format++)
        width = width * 10 + (size_t)(*format - '0');
    if (*format == '.') {
        most = (size_t)va_arg(*arguments, int); /* ".*" is all there is */
        format += 2;
    }
    for (; *format == 'l' || *format == 'z'; format++)
        longs += *format == 'z' ? sizeof(size_t) / 8 * 2 : 1;
    const bool is_64 = longs >= 2 || (longs == 1 && sizeof(long) == 8);
    switch (*format) {
    case 's': {
        const char *text = va_arg(*arguments, const char *);
        size_t len = 0;
        while (len < most && text[len] != '\0')
            len++;
        put_text(out, text, len, width, ' ');
        break;
    }
    case 'd': {
        const int64_t number = is_64 ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
        put_number(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10,
                   number < 0 ? "-"
                   : plus     ? "+"
                              : "",
                   width, pad);
        break;
    }
    case 'p': put_number(out, (uintptr_t)va_arg(*arguments, void *), 16, "0x", width, pad); break;
    case 'u':
    case 'x':
        put_number(out, is_64 ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned),
                   *format == 'x' ? 16 : 10, "", width, pad);
        break;
    default: put(out, *format); break; /* "%%" */
    }
    return format + 1;
}

static void print(struct output *out, const char *format, va_list *arguments)
{
    while (*format != '\0') {
        if (*format != '%')
            put(out, *format++);
        else
            format = convert(out, format + 1, arguments);
    }
}

int vfprintf(FILE *file, const char *format, va_list arguments)
{
    struct output out = { NULL, 0, 0 };
    va_list copy;
    (void)file;
    va_copy(copy, arguments);
    print(&out, format, &copy);
    va_end(copy);
    return (int)out.len;
}

int fprintf(FILE *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int len = vfprintf(file, format, arguments);
    va_end(arguments);
    return len;
}

int snprintf(char *text, size_t text_len, const char *format, ...)
{
    struct output out = { text, text_len, 0 };
    va_list arguments;
    va_start(arguments, format);
    print(&out, format, &arguments);
    va_end(arguments);
    if (text_len != 0)
        text[out.len < text_len ? out.len : text_len - 1] = '\0';
    return (int)out.len;
}

/* ---- The end ---- */

/* A stack has no names here. What libgcc has for it wants memory, but for Arm. */
#ifndef __arm__
_Unwind_Reason_Code _Unwind_Backtrace(_Unwind_Trace_Fn each, void *data)
{
    (void)each, (void)data;
    return _URC_END_OF_STACK;
}

_Unwind_Ptr _Unwind_GetIP(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}
#endif

void _exit(int status)
{
    fflush(stdout);
    board_exit(status);
}

void abort(void)
{
    _exit(3);
}
