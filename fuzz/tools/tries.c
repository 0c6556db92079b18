#include "tries.h"

#include "arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

void limit_processor(double seconds)
{
    const time_t whole = (time_t)seconds;
    const struct itimerval limit = { .it_value = {
                                         whole, (suseconds_t)((seconds - (double)whole) * 1e6) } };
    if (setitimer(ITIMER_PROF, &limit, NULL) != 0)
        unable("cannot limit the time: ", strerror(errno));
}

void *share(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        unable("out of memory", "");
    return memory;
}

void be_silent(void)
{
    const int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere < 0 || dup2(nowhere, STDERR_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
        _exit(2);
}
