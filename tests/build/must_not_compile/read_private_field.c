// refused: private
#include <procbuf.h>
procbuf_addr_t f(const struct procbuf_readonly *buffer);
procbuf_addr_t f(const struct procbuf_readonly *buffer)
{
#ifdef RIGHT
    return procbuf_readonly_addr(buffer);
#else
    return buffer->private_.addr;
#endif
}
