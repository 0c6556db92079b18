// refused: incompatible type
#include <procbuf.h>
bool f(struct procbuf_readable readable, struct procbuf_writable writable);
bool f(struct procbuf_readable readable, struct procbuf_writable writable)
{
    (void)readable, (void)writable;
#ifdef RIGHT
    return procbuf_writable_set(writable, 0, 1);
#else
    return procbuf_writable_set(readable, 0, 1);
#endif
}
