// refused: private
#include <procbuf.h>
struct procbuf_readable f(struct procbuf_readable slice);
struct procbuf_readable f(struct procbuf_readable slice)
{
#ifndef RIGHT
    slice.len_ += 1;
#endif
    return slice;
}
