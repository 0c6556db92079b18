// refused: is unavailable: private to the procbuf library|unavailable
#include <procbuf.h>
void f(struct procbuf_readwrite *buffer);
void f(struct procbuf_readwrite *buffer)
{
#ifdef RIGHT
    *buffer = (struct procbuf_readwrite)PROCBUF_READWRITE_DEFAULT;
#else
    buffer->private_.len = 4096;
#endif
}
