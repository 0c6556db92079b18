/* What holding a slice means, in ACSL, for the proofs. */
#ifndef PROCBUF_SRC_SLICE_H
#define PROCBUF_SRC_SLICE_H

#include <procbuf/slice.h>

/*@ predicate readable{L}(struct procbuf_readable slice) =
      slice.len_ == 0 || \valid_read(slice.base_ + (0 .. slice.len_ - 1));

    predicate writable{L}(struct procbuf_writable slice) =
      slice.len_ == 0 || \valid(slice.base_ + (0 .. slice.len_ - 1)); */

#endif
