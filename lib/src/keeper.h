/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What buffers of foreign processes ask in addition to their life. Contract: M4, M6. */
#ifndef PROCBUF_SRC_KEEPER_H
#define PROCBUF_SRC_KEEPER_H

#include "implementation.h"

#include <procbuf/buffer.h>

/* Ask the keeper of a buffer that has one. A map that was zeroed holds nothing but empty ranges. */
static inline bool procbuf_keeper_holds(const struct procbuf_buffer_private *buffer)
{
    const struct procbuf_keeper *keeper = (const struct procbuf_keeper *)buffer->slot_addr;
    return keeper->holds == NULL ? buffer->len == 0 : keeper->holds(keeper, buffer);
}

#endif
