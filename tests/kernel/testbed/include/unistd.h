#ifndef KERNEL_UNISTD_H
#define KERNEL_UNISTD_H
__attribute__((noreturn)) void _exit(int status);
#endif
