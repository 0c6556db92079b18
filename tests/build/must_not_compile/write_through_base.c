// refused: read-only|const-qualified
#include <procbuf.h>
void f(struct procbuf_readable readable, struct procbuf_writable writable);
void f(struct procbuf_readable readable, struct procbuf_writable writable)
{
    (void)readable, (void)writable;
#ifdef RIGHT
    *procbuf_writable_base_unchecked(writable) = 1;
#else
    *procbuf_readable_base_unchecked(readable) = 1;
#endif
}
