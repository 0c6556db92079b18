#ifndef KERNEL_INTTYPES_H
#define KERNEL_INTTYPES_H
#include <stdint.h>
#define PRId64                                                                                     \
    "lld" /* ../libc.c takes 64 bits for ll and for l alike, wherever a long has as many */
#define PRIu64 "llu"
#define PRIx64 "llx"
#define PRIx32 "x"
#endif
