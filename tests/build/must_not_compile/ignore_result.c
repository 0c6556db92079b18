// refused: warn_unused_result|unused-result
#include <procbuf.h>
void f(struct procbuf_process *process, struct procbuf_readonly *buffer);
void f(struct procbuf_process *process, struct procbuf_readonly *buffer)
{
#ifdef RIGHT
    if (procbuf_readonly_build(process, 0, 0, buffer) != PROCBUF_OK)
        return;
#else
    procbuf_readonly_build(process, 0, 0, buffer);
#endif
}
