// refused: private
#include <procbuf.h>
void f(struct procbuf_readwrite *buffer);
void f(struct procbuf_readwrite *buffer)
{
#ifdef RIGHT
    *buffer = procbuf_readwrite_default();
#else
    buffer->private_.len = 4096;
#endif
}
