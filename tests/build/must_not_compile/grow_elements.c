// refused: private
#include <procbuf.h>
size_t f(struct procbuf_readable_elements *elements);
size_t f(struct procbuf_readable_elements *elements)
{
#ifdef RIGHT
    return procbuf_readable_elements_count(elements);
#else
    return elements->count_++;
#endif
}
