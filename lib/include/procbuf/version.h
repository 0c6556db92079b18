/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The version, in its one place: CMake reads it here, and tests compare what else names it. */
#ifndef PROCBUF_VERSION_H
#define PROCBUF_VERSION_H

#define PROCBUF_VERSION_MAJOR 0
#define PROCBUF_VERSION_MINOR 1
#define PROCBUF_VERSION_PATCH 0

/* One number, to compare in `#if`: 1.2.3 is 10203. */
#define PROCBUF_VERSION                                                                            \
    (PROCBUF_VERSION_MAJOR * 10000 + PROCBUF_VERSION_MINOR * 100 + PROCBUF_VERSION_PATCH)

#endif
