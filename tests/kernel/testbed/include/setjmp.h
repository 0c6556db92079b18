#ifndef KERNEL_SETJMP_H
#define KERNEL_SETJMP_H
typedef void *jmp_buf[16];
#ifdef __aarch64__ /* clang has none built in: ../aarch64.c */
__attribute__((returns_twice)) int setjmp(jmp_buf target);
__attribute__((noreturn)) void longjmp(jmp_buf target, int value);
#else
#define setjmp(target) __builtin_setjmp(target)
#define longjmp(target, value) __builtin_longjmp(target, value)
#endif
#endif
