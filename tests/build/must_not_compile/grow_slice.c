// refused: is unavailable: private to the procbuf library|unavailable
#include <procbuf.h>
struct procbuf_readable f(struct procbuf_readable slice);
struct procbuf_readable f(struct procbuf_readable slice)
{
#ifndef RIGHT
    slice.len_ += 1;
#endif
    return slice;
}
