/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The two checks of the library. Contract: E4, R. */
#ifndef PROCBUF_SRC_REQUIRE_H
#define PROCBUF_SRC_REQUIRE_H

#include "port.h"

/* The kernel broke rule `rule` of section R. Always compiled. User data must not decide
 * `condition`. As it ships, the hook is passed the rule alone; checked builds add the condition. */
#define PROCBUF_REQUIRE(rule, condition)                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            procbuf_port_panic("procbuf: " #rule PROCBUF_DETAIL(": " #condition));                 \
    } while (0)

/* We are wrong. In checked builds only. */
#ifdef PROCBUF_CHECKED
#define PROCBUF_DETAIL(words) words
#define PROCBUF_VERIFY(condition)                                                                  \
    do {                                                                                           \
        if (!(condition))                                                                          \
            procbuf_port_panic("procbuf: internal: " #condition);                                  \
    } while (0)
#else
#define PROCBUF_DETAIL(words)
#define PROCBUF_VERIFY(condition) ((void)0)
#endif

#endif
