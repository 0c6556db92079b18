/* Output and the end, where QEMU offers both as semihosting. */
#include "board.h"

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_EXIT_EXTENDED = 0x20 };
enum { FOR_WRITING = 4, APPLICATION_EXIT = 0x20026 };

uintptr_t semihost(uintptr_t operation, const void *argument);

void board_write(const char *text, size_t len)
{
    static uintptr_t console;
    if (console == 0)
        console = semihost(SYS_OPEN, (const uintptr_t[]){ (uintptr_t)":tt", FOR_WRITING, 3 });
    semihost(SYS_WRITE, (const uintptr_t[]){ console, (uintptr_t)text, len });
}

void board_exit(int status)
{
    semihost(SYS_EXIT_EXTENDED, (const uintptr_t[]){ APPLICATION_EXIT, (uintptr_t)status });
    for (;;)
        ;
}
