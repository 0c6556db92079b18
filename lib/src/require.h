/* The two checks of the library. Contract: E4. */
#ifndef PROCBUF_SRC_REQUIRE_H
#define PROCBUF_SRC_REQUIRE_H

#include "port.h"

/* The caller broke a documented rule. Always compiled. User data must not decide `condition`. */
#define PROCBUF_REQUIRE(condition)                                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            procbuf_port_panic("procbuf: caller broke: " #condition);                              \
    } while (0)

/* We are wrong. In checked builds only. */
#ifdef PROCBUF_CHECKED
#define PROCBUF_VERIFY(condition)                                                                  \
    do {                                                                                           \
        if (!(condition))                                                                          \
            procbuf_port_panic("procbuf: internal: " #condition);                                  \
    } while (0)
#else
#define PROCBUF_VERIFY(condition) ((void)0)
#endif

#endif
