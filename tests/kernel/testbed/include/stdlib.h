#ifndef KERNEL_STDLIB_H
#define KERNEL_STDLIB_H
__attribute__((noreturn)) void abort(void);
#endif
