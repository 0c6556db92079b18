// refused: private
#include <procbuf.h>
bool f(struct procbuf_id id, struct procbuf_id other);
bool f(struct procbuf_id id, struct procbuf_id other)
{
#ifndef RIGHT
    id.index_ = 1;
#endif
    return procbuf_id_equal(id, other);
}
