#ifndef KERNEL_SETJMP_H
#define KERNEL_SETJMP_H
typedef void *jmp_buf[5];
#define setjmp(target) __builtin_setjmp(target)
#define longjmp(target, value) __builtin_longjmp(target, value)
#endif
