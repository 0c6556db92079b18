/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Slices. Each is over an object of exactly its length, which is any: an access outside is an access outside the object.
 * Contract: S1 to S5, H5, R5, R6, R9. */
#include "slices.h"

HARNESS(from_array)
{
    uint8_t array[8];
    const bool is_null = any_bool();
    const size_t len = nondet_size();
    PANICS(5, is_null && len != 0);
    const struct procbuf_readable readable =
        procbuf_readable_from_array(is_null ? NULL : array, len);
    const struct procbuf_writable writable =
        procbuf_writable_from_array(is_null ? NULL : array, len);
    NO_PANIC();
    CLAIM(readable.len_ == len && writable.len_ == len);
    CLAIM(readable.base_ != NULL && writable.base_ != NULL);
    CLAIM(IMPLIES(!is_null, readable.base_ == array && writable.base_ == array));
    REACH(is_null);
}

HARNESS(slice_looking)
{
    const struct procbuf_writable slice = any_slice();
    const struct procbuf_readable readable = procbuf_writable_as_readable(slice);
    CLAIM(readable.base_ == slice.base_ && readable.len_ == slice.len_);
    CLAIM(procbuf_readable_len(readable) == slice.len_ &&
          procbuf_writable_len(slice) == slice.len_);
    CLAIM(procbuf_readable_base_unchecked(readable) == slice.base_ &&
          procbuf_writable_base_unchecked(slice) == slice.base_);
    CLAIM(procbuf_readable_iterate(readable).rest_.base_ == slice.base_ &&
          procbuf_readable_iterate(readable).rest_.len_ == slice.len_);
}

HARNESS(get)
{
    const struct procbuf_readable slice = procbuf_writable_as_readable(any_slice());
    const size_t index = nondet_size();
    uint8_t value = nondet_u8();
    const uint8_t before = value;
    const bool result = procbuf_readable_get(slice, index, &value);
    CLAIM(result == (index < slice.len_));
    CLAIM(value == (result ? slice.base_[index] : before));
    PANICS(9, index >= slice.len_);
    const uint8_t got = procbuf_readable_get_or_panic(slice, index);
    NO_PANIC();
    CLAIM(got == value);
    REACH(result && index == slice.len_ - 1);
}

HARNESS(set)
{
    const struct procbuf_writable slice = any_slice();
    const size_t index = nondet_size(), other = nondet_size();
    const uint8_t value = nondet_u8();
    ASSUME(other < slice.len_);
    const uint8_t before = slice.base_[other];
    const bool result = procbuf_writable_set(slice, index, value);
    CLAIM(result == (index < slice.len_));
    CLAIM(slice.base_[other] == (index == other ? value : before));
    REACH(result && index != other);
    REACH(!result);
}

/* S2, for both kinds and the three forms. */
HARNESS(ranges)
{
    const struct procbuf_writable slice = any_slice();
    const struct procbuf_readable readable = procbuf_writable_as_readable(slice);
    const uint8_t form = nondet_u8();
    const size_t start = form == 2 ? 0 : nondet_size(),
                 end = form == 1 ? slice.len_ : nondet_size();
    uint8_t nothing;
    struct procbuf_readable r = { &nothing, 7 };
    struct procbuf_writable w = { &nothing, 7 };
    bool r_result, w_result;
    if (form == 1) {
        r_result = procbuf_readable_range_from(readable, start, &r);
        w_result = procbuf_writable_range_from(slice, start, &w);
    } else if (form == 2) {
        r_result = procbuf_readable_range_to(readable, end, &r);
        w_result = procbuf_writable_range_to(slice, end, &w);
    } else {
        r_result = procbuf_readable_range(readable, start, end, &r);
        w_result = procbuf_writable_range(slice, start, end, &w);
    }
    CLAIM(r_result == (start <= end && end <= slice.len_) && w_result == r_result);
    if (r_result) {
        CLAIM(r.base_ == slice.base_ + start && r.len_ == end - start);
        CLAIM(w.base_ == slice.base_ + start && w.len_ == end - start);
    } else {
        CLAIM(r.base_ == &nothing && r.len_ == 7 && w.base_ == &nothing && w.len_ == 7);
    }
    REACH(r_result && form == 1 && r.len_ == 0);
    REACH(r_result && form == 0);
    REACH(!r_result && form == 2);
}

HARNESS(iter_next)
{
    const struct procbuf_readable slice = procbuf_writable_as_readable(any_slice());
    struct procbuf_iter iter = procbuf_readable_iterate(slice);
    uint8_t value;
    const bool result = procbuf_iter_next(&iter, &value);
    CLAIM(result == (slice.len_ != 0));
    CLAIM(IMPLIES(result, value == slice.base_[0] && iter.rest_.base_ == slice.base_ + 1 &&
                              iter.rest_.len_ == slice.len_ - 1));
    CLAIM(IMPLIES(!result, iter.rest_.base_ == slice.base_ && iter.rest_.len_ == 0));
    REACH(result);
    REACH(!result);
}

HARNESS(chunks)
{
    const struct procbuf_writable slice = any_slice();
    const size_t chunk_len = nondet_size();
    PANICS(6, chunk_len == 0);
    struct procbuf_readable_chunks r_chunks =
        procbuf_readable_split(procbuf_writable_as_readable(slice), chunk_len);
    struct procbuf_writable_chunks w_chunks = procbuf_writable_split(slice, chunk_len);
    NO_PANIC();
    struct procbuf_readable r;
    struct procbuf_writable w;
    const size_t len = slice.len_ < chunk_len ? slice.len_ : chunk_len;
    const bool result = procbuf_readable_chunks_next(&r_chunks, &r);
    CLAIM(procbuf_writable_chunks_next(&w_chunks, &w) == result && result == (slice.len_ != 0));
    if (result) {
        CLAIM(r.base_ == slice.base_ && r.len_ == len && w.base_ == slice.base_ && w.len_ == len);
        CLAIM(r_chunks.rest_.base_ == slice.base_ + len && r_chunks.rest_.len_ == slice.len_ - len);
        CLAIM(w_chunks.rest_.base_ == slice.base_ + len && w_chunks.rest_.len_ == slice.len_ - len);
        CLAIM(r_chunks.chunk_len_ == chunk_len && w_chunks.chunk_len_ == chunk_len);
    }
    REACH(result && len < chunk_len);
    REACH(result && r_chunks.rest_.len_ != 0);
    REACH(!result);
}

/* R5: null, or bytes that overlap the slice. */
HARNESS(require_array)
{
    uint8_t bytes[8], elsewhere[8];
    const size_t base = nondet_size(), array = nondet_size(), len = nondet_size();
    const uint8_t which = nondet_u8();
    ASSUME(len > 0 && len <= 8 && base <= 8 - len && array <= 8 - len);
    PANICS(5, which == 0 || (which == 1 && base < array + len && array < base + len));
    procbuf_require_array(which == 0   ? NULL
                          : which == 1 ? bytes + array
                                       : elsewhere + array,
                          len, bytes + base);
    NO_PANIC();
    REACH(which == 1);
}

HARNESS(copy_to)
{
    const struct procbuf_writable slice = any_short_slice();
    const size_t len = any_len(), at = nondet_size();
    uint8_t *array = any_array(len);
    ASSUME(at < len);
    const uint8_t before = array[at];
    const uint8_t source = at < slice.len_ ? slice.base_[at] : 0;
    const uint8_t form = nondet_u8();
    enum procbuf_error error = PROCBUF_OK;
    if (form == 0) {
        error = procbuf_readable_copy_to(procbuf_writable_as_readable(slice), array, len);
    } else {
        PANICS(9, len != slice.len_);
        procbuf_readable_copy_to_or_panic(procbuf_writable_as_readable(slice), array, len);
        NO_PANIC();
    }
    CLAIM(error == (len == slice.len_ ? PROCBUF_OK : PROCBUF_SIZE));
    CLAIM(array[at] == (error == PROCBUF_OK ? source : before));
    REACH(error == PROCBUF_OK && form == 0 && len == LEN);
    REACH(error == PROCBUF_SIZE);
}

HARNESS(copy_from)
{
    const struct procbuf_writable slice = any_short_slice();
    const size_t len = any_len(), at = nondet_size();
    const uint8_t *array = any_array(len);
    ASSUME(at < slice.len_);
    const uint8_t before = slice.base_[at];
    const uint8_t form = nondet_u8();
    enum procbuf_error error = PROCBUF_OK;
    if (form == 0) {
        error = procbuf_writable_copy_from(slice, array, len);
    } else {
        PANICS(9, len != slice.len_);
        procbuf_writable_copy_from_or_panic(slice, array, len);
        NO_PANIC();
    }
    CLAIM(error == (len == slice.len_ ? PROCBUF_OK : PROCBUF_SIZE));
    CLAIM(slice.base_[at] == (error == PROCBUF_OK ? array[at] : before));
    REACH(error == PROCBUF_OK && form == 0 && len == LEN);
    REACH(error == PROCBUF_SIZE);
}

/* Two slices of one object, which may overlap. */
HARNESS(copy_from_slice)
{
    uint8_t bytes[2 * LEN], before[2 * LEN];
    const size_t from = any_len(), to = any_len(), from_len = any_len(), to_len = any_len(),
                 at = nondet_size();
    ASSUME(at < 2 * LEN);
    for (size_t i = 0; i < 2 * LEN; i++)
        before[i] = bytes[i];
    const enum procbuf_error error =
        procbuf_writable_copy_from_slice((struct procbuf_writable){ bytes + to, to_len },
                                         (struct procbuf_readable){ bytes + from, from_len });
    CLAIM(error == (from_len == to_len ? PROCBUF_OK : PROCBUF_SIZE));
    const bool moved = error == PROCBUF_OK && at >= to && at - to < to_len;
    CLAIM(bytes[at] == (moved ? before[from + (at - to)] : before[at]));
    REACH(moved && from > to && from < to + to_len);
    REACH(moved && to > from && to < from + to_len);
    REACH(error == PROCBUF_SIZE);
}
