// refused: makes integer from pointer|incompatible pointer to integer
#include <procbuf.h>
enum procbuf_error f(struct procbuf_process *process, char *p, struct procbuf_readonly *buffer);
enum procbuf_error f(struct procbuf_process *process, char *p, struct procbuf_readonly *buffer)
{
#ifdef RIGHT
    return procbuf_readonly_build(process, (procbuf_addr_t)p, 1, buffer);
#else
    return procbuf_readonly_build(process, p, 1, buffer);
#endif
}
