// refused: non-?null
/* A pointer that no one may leave out (R13): compilers see it where it is written so. */
#include <procbuf.h>

bool is_active(const struct procbuf_process *process);

bool is_active(const struct procbuf_process *process)
{
#ifdef RIGHT
    return procbuf_process_is_active(process);
#else
    (void)process;
    return procbuf_process_is_active(NULL);
#endif
}
