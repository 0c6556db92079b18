// refused: incompatible pointer type
#include <procbuf.h>
void g(struct procbuf_writable slice, void *data);
enum procbuf_error f(struct procbuf_readonly *ro, struct procbuf_readwrite *rw);
enum procbuf_error f(struct procbuf_readonly *ro, struct procbuf_readwrite *rw)
{
    (void)ro, (void)rw;
#ifdef RIGHT
    return procbuf_readwrite_mut_enter(rw, g, 0);
#else
    return procbuf_readwrite_mut_enter(ro, g, 0);
#endif
}
