/* What every source of the library includes first: it may touch private fields, and checks arguments
 * that callers promise (procbuf/addr.h). */
#ifndef PROCBUF_SRC_IMPLEMENTATION_H
#define PROCBUF_SRC_IMPLEMENTATION_H

#ifndef PROCBUF_IMPLEMENTATION
#define PROCBUF_IMPLEMENTATION
#endif

#endif
