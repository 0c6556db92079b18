/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* All that the library uses of a C library: no headers for 32 bits need to be installed. world.h has the functions. */
#ifndef PROOF_CBMC_STRING_H
#define PROOF_CBMC_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);

#endif
