/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The way back to userspace. Contract: S6. */
#include "implementation.h"

#include <procbuf/port.h>

void procbuf_return_to_user(void)
{
    procbuf_port_barrier();
}
