/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The version, in its one place: CMake reads it here, and tests compare what else names it.
 */
#ifndef PROCBUF_VERSION_H
#define PROCBUF_VERSION_H

/** It grows when a caller must change. */
#define PROCBUF_VERSION_MAJOR 0
/** It grows with what is new; before 1.0, even when a caller must change. */
#define PROCBUF_VERSION_MINOR 1
/** It grows with fixes. */
#define PROCBUF_VERSION_PATCH 0

/** One number, to compare in `#if`: 1.2.3 is 10203. */
#define PROCBUF_VERSION                                                                            \
    (PROCBUF_VERSION_MAJOR * 10000 + PROCBUF_VERSION_MINOR * 100 + PROCBUF_VERSION_PATCH)

#endif
