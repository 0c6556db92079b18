// refused: incomplete type|storage size
#include <procbuf.h>
#ifdef RIGHT
#include <procbuf/capability.h>
#endif
struct procbuf_readonly f(struct procbuf_id id);
struct procbuf_readonly f(struct procbuf_id id)
{
    static const struct procbuf_external_process_capability capability;
    return procbuf_readonly_new_external(0, 0, id, &capability);
}
