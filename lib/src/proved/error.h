/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of error.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_ERROR_H
#define PROCBUF_SRC_PROVED_ERROR_H

#include <procbuf/error.h>

/*@ assigns \nothing;
    behavior code:
      assumes 0 <= error <= PROCBUF_NOACK;
      ensures \result == error;
    behavior room:
      assumes error == PROCBUF_OUT_OF_MEMORY;
      ensures \result == PROCBUF_NOMEM;
    behavior value:
      assumes error == PROCBUF_ADDRESS_OUT_OF_BOUNDS || error == PROCBUF_NO_SUCH_APP;
      ensures \result == PROCBUF_INVAL;
    behavior other:
      assumes !(0 <= error <= PROCBUF_NOACK) && error != PROCBUF_OUT_OF_MEMORY &&
              error != PROCBUF_ADDRESS_OUT_OF_BOUNDS && error != PROCBUF_NO_SUCH_APP;
      ensures \result == PROCBUF_FAIL;
    complete behaviors;
    disjoint behaviors; */
enum procbuf_error procbuf_error_to_code(enum procbuf_error error);

#endif
