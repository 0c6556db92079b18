// refused: makes integer from pointer|incompatible pointer to integer
#include <procbuf.h>
enum procbuf_code f(struct procbuf_process *process, char *p, struct procbuf_readonly *buffer);
enum procbuf_code f(struct procbuf_process *process, char *p, struct procbuf_readonly *buffer)
{
#ifdef RIGHT
    return procbuf_build_readonly(process, (procbuf_addr_t)p, 1, buffer);
#else
    return procbuf_build_readonly(process, p, 1, buffer);
#endif
}
