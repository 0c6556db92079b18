/* What runs before main() on a bare Cortex-M: memory is made ready, semihosting opened. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern uint8_t data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern uint32_t stack_top[];
void initialise_monitor_handles(void);
int main(int argc, char **argv);
void reset(void);
void _fini(void);

/* exit() calls it. */
void _fini(void)
{
}

static void fault(void)
{
    _exit(3); /* a bad access: no such memory, or a broken instruction */
}

void reset(void)
{
    static char *arguments[] = { "bare", NULL };
    memcpy(data_start, data_load, (size_t)(data_end - data_start));
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    initialise_monitor_handles();
    exit(main(1, arguments));
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    stack_top,     (void *)reset, (void *)fault, (void *)fault,
    (void *)fault, (void *)fault, (void *)fault,
};
