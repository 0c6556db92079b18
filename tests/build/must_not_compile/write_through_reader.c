// refused: incompatible pointer type|incompatible-pointer-types
#include <procbuf.h>
struct procbuf_writer f(const struct procbuf_readonly *readonly,
                        const struct procbuf_readwrite *readwrite);
struct procbuf_writer f(const struct procbuf_readonly *readonly,
                        const struct procbuf_readwrite *readwrite)
{
#ifdef RIGHT
    (void)readonly;
    return procbuf_writer_over(readwrite, 1);
#else
    (void)readwrite;
    return procbuf_writer_over(readonly, 1);
#endif
}
