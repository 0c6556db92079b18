/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* All that the library uses of it: gcc's own asks a C library for more. */
#ifndef PROOF_CBMC_LIMITS_H
#define PROOF_CBMC_LIMITS_H

#define CHAR_BIT __CHAR_BIT__

#endif
