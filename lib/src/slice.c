/* Slices: indexed access, sub-slices, iteration and copies. Contract: S. */
#include "implementation.h"

#include <procbuf/slice.h>

#include <string.h>

#include "memory.h"
#include "require.h"
#include "slice.h"
#include "valid.h"

/* What the slice of an empty buffer points at. Nobody reads or writes it. Contract: H5. */
static uint8_t empty_array[1];

void procbuf_require_array(const void *array, size_t len, const uint8_t *base)
{
    const uintptr_t a = (uintptr_t)array, b = (uintptr_t)base;
    PROCBUF_REQUIRE(R5, array != NULL && (a < b ? len <= b - a : len <= a - b));
}

/* ---- Making ---- */

struct procbuf_readable procbuf_readable_from_array(const void *array, size_t len)
{
    PROCBUF_REQUIRE(R5, array != NULL || len == 0);
    return (struct procbuf_readable){ array != NULL ? array : empty_array, len };
}

struct procbuf_writable procbuf_writable_from_array(void *array, size_t len)
{
    PROCBUF_REQUIRE(R5, array != NULL || len == 0);
    return (struct procbuf_writable){ array != NULL ? array : empty_array, len };
}

/*@ assigns \nothing;
    ensures \result.base_ == slice.base_ && \result.len_ == slice.len_; */
struct procbuf_readable procbuf_writable_as_readable(struct procbuf_writable slice)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    return (struct procbuf_readable){ slice.base_, slice.len_ };
}

/* ---- Looking ---- */

size_t procbuf_readable_len(struct procbuf_readable slice)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return slice.len_;
}

size_t procbuf_writable_len(struct procbuf_writable slice)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    return slice.len_;
}

const uint8_t *procbuf_readable_base_unchecked(struct procbuf_readable slice)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return slice.base_;
}

uint8_t *procbuf_writable_base_unchecked(struct procbuf_writable slice)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    return slice.base_;
}

/* ---- One byte ---- */

/* Fetch one byte exactly once: volatile, so that the compiler cannot fetch it again (S5). */
/*@ requires \valid_read(byte);
    assigns \nothing; */
static uint8_t fetch(const uint8_t *byte)
{
    return *(const volatile uint8_t *)byte;
}

/* S2, S4 */
/*@ requires readable(slice) && \valid(value_out);
    assigns *value_out;
    ensures \result <==> index < slice.len_;
    ensures !\result ==> *value_out == \old(*value_out); */
bool procbuf_readable_get(struct procbuf_readable slice, size_t index, uint8_t *value_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    if (index >= slice.len_)
        return false;
    *value_out = fetch(&slice.base_[index]);
    return true;
}

/*@ requires writable(slice);
    assigns slice.base_[index];
    behavior inside:
      assumes index < slice.len_;
      assigns slice.base_[index];
      ensures \result == \true;
    behavior outside:
      assumes index >= slice.len_;
      assigns \nothing;
      ensures \result == \false;
    complete behaviors;
    disjoint behaviors; */
bool procbuf_writable_set(struct procbuf_writable slice, size_t index, uint8_t value)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    if (index >= slice.len_)
        return false;
    *(volatile uint8_t *)&slice.base_[index] = value;
    return true;
}

/*@ requires readable(slice) && index < slice.len_;
    assigns \nothing; */
uint8_t procbuf_readable_get_or_panic(struct procbuf_readable slice, size_t index)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    PROCBUF_REQUIRE(R9, index < slice.len_);
    return fetch(&slice.base_[index]);
}

/* ---- Sub-slices ---- */

/*@ assigns \nothing;
    ensures \result <==> start <= end <= len; */
static bool is_subrange(size_t start, size_t end, size_t len)
{
    return start <= end && end <= len;
}

/*@ requires readable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> start <= end <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ + start &&
                        slice_out->len_ == end - start && readable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_readable_range(struct procbuf_readable slice, size_t start, size_t end,
                            struct procbuf_readable *slice_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    if (!is_subrange(start, end, slice.len_))
        return false;
    *slice_out = (struct procbuf_readable){ slice.base_ + start, end - start };
    return true;
}

/*@ requires readable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> start <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ + start &&
                        slice_out->len_ == slice.len_ - start && readable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_readable_range_from(struct procbuf_readable slice, size_t start,
                                 struct procbuf_readable *slice_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return procbuf_readable_range(slice, start, slice.len_, slice_out);
}

/*@ requires readable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> end <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ && slice_out->len_ == end &&
                        readable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_readable_range_to(struct procbuf_readable slice, size_t end,
                               struct procbuf_readable *slice_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return procbuf_readable_range(slice, 0, end, slice_out);
}

/*@ requires writable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> start <= end <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ + start &&
                        slice_out->len_ == end - start && writable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_writable_range(struct procbuf_writable slice, size_t start, size_t end,
                            struct procbuf_writable *slice_out)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    if (!is_subrange(start, end, slice.len_))
        return false;
    *slice_out = (struct procbuf_writable){ slice.base_ + start, end - start };
    return true;
}

/*@ requires writable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> start <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ + start &&
                        slice_out->len_ == slice.len_ - start && writable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_writable_range_from(struct procbuf_writable slice, size_t start,
                                 struct procbuf_writable *slice_out)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    return procbuf_writable_range(slice, start, slice.len_, slice_out);
}

/*@ requires writable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> end <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ && slice_out->len_ == end &&
                        writable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_writable_range_to(struct procbuf_writable slice, size_t end,
                               struct procbuf_writable *slice_out)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    return procbuf_writable_range(slice, 0, end, slice_out);
}

/* ---- Iteration ---- */

struct procbuf_iter procbuf_readable_iterate(struct procbuf_readable slice)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    return (struct procbuf_iter){ slice };
}

/*@ requires \valid(iter) && \valid(value_out) && \separated(iter, value_out);
    requires readable(iter->rest_);
    assigns *value_out, iter->rest_;
    ensures \result <==> \old(iter->rest_.len_) != 0;
    ensures \result ==> iter->rest_.base_ == \old(iter->rest_.base_) + 1 &&
                        iter->rest_.len_ == \old(iter->rest_.len_) - 1 && readable(iter->rest_);
    ensures !\result ==> *value_out == \old(*value_out) && iter->rest_ == \old(iter->rest_); */
bool procbuf_iter_next(struct procbuf_iter *iter, uint8_t *value_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&iter->rest_));
    return procbuf_readable_get(iter->rest_, 0, value_out) &&
           procbuf_readable_range_from(iter->rest_, 1, &iter->rest_);
}

struct procbuf_readable_chunks procbuf_readable_split(struct procbuf_readable slice,
                                                      size_t chunk_len)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    PROCBUF_REQUIRE(R6, chunk_len != 0);
    return (struct procbuf_readable_chunks){ slice, chunk_len };
}

struct procbuf_writable_chunks procbuf_writable_split(struct procbuf_writable slice,
                                                      size_t chunk_len)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    PROCBUF_REQUIRE(R6, chunk_len != 0);
    return (struct procbuf_writable_chunks){ slice, chunk_len };
}

/*@ assigns \nothing;
    ensures \result == \min(rest_len, chunk_len); */
static size_t next_chunk_len(size_t rest_len, size_t chunk_len)
{
    return rest_len < chunk_len ? rest_len : chunk_len;
}

/* S1: the next piece has chunk_len bytes, or all that are left; what is left begins behind it. */
/*@ requires \valid(chunks) && \valid(slice_out) && \separated(chunks, slice_out);
    requires readable(chunks->rest_) && chunks->chunk_len_ != 0;
    assigns *slice_out, chunks->rest_;
    ensures \result <==> \old(chunks->rest_.len_) != 0;
    ensures \result ==>
              slice_out->base_ == \old(chunks->rest_.base_) &&
              slice_out->len_ == \min(\old(chunks->rest_.len_), chunks->chunk_len_) &&
              chunks->rest_.base_ == slice_out->base_ + slice_out->len_ &&
              chunks->rest_.len_ == \old(chunks->rest_.len_) - slice_out->len_ &&
              readable(*slice_out) && readable(chunks->rest_);
    ensures !\result ==> *slice_out == \old(*slice_out) &&
                         chunks->rest_ == \old(chunks->rest_); */
bool procbuf_readable_chunks_next(struct procbuf_readable_chunks *chunks,
                                  struct procbuf_readable *slice_out)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&chunks->rest_) && chunks->chunk_len_ != 0);
    const struct procbuf_readable rest = chunks->rest_;
    const size_t len = next_chunk_len(rest.len_, chunks->chunk_len_);
    return len != 0 && procbuf_readable_range_to(rest, len, slice_out) &&
           procbuf_readable_range_from(rest, len, &chunks->rest_);
}

/* S1: the next piece has chunk_len bytes, or all that are left; what is left begins behind it. */
/*@ requires \valid(chunks) && \valid(slice_out) && \separated(chunks, slice_out);
    requires writable(chunks->rest_) && chunks->chunk_len_ != 0;
    assigns *slice_out, chunks->rest_;
    ensures \result <==> \old(chunks->rest_.len_) != 0;
    ensures \result ==>
              slice_out->base_ == \old(chunks->rest_.base_) &&
              slice_out->len_ == \min(\old(chunks->rest_.len_), chunks->chunk_len_) &&
              chunks->rest_.base_ == slice_out->base_ + slice_out->len_ &&
              chunks->rest_.len_ == \old(chunks->rest_.len_) - slice_out->len_ &&
              writable(*slice_out) && writable(chunks->rest_);
    ensures !\result ==> *slice_out == \old(*slice_out) &&
                         chunks->rest_ == \old(chunks->rest_); */
bool procbuf_writable_chunks_next(struct procbuf_writable_chunks *chunks,
                                  struct procbuf_writable *slice_out)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&chunks->rest_) && chunks->chunk_len_ != 0);
    const struct procbuf_writable rest = chunks->rest_;
    const size_t len = next_chunk_len(rest.len_, chunks->chunk_len_);
    return len != 0 && procbuf_writable_range_to(rest, len, slice_out) &&
           procbuf_writable_range_from(rest, len, &chunks->rest_);
}

/* ---- Copies ---- */

/* S3, S4 */
/*@ requires readable(slice);
    requires array_len == 0 || \valid((uint8_t *)array_out + (0 .. array_len - 1));
    requires array_len == 0 || slice.len_ == 0 ||
             \separated((uint8_t *)array_out + (0 .. array_len - 1),
                        slice.base_ + (0 .. slice.len_ - 1));
    assigns ((uint8_t *)array_out)[0 .. array_len - 1];
    behavior equal:
      assumes array_len == slice.len_;
      ensures \result == PROCBUF_OK;
    behavior unequal:
      assumes array_len != slice.len_;
      ensures \result == PROCBUF_SIZE;
      ensures \forall integer i; 0 <= i < array_len ==>
                ((uint8_t *)array_out)[i] == \old(((uint8_t *)array_out)[i]);
    complete behaviors;
    disjoint behaviors; */
enum procbuf_error procbuf_readable_copy_to(struct procbuf_readable slice, void *array_out,
                                            size_t array_len)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    if (array_len != slice.len_)
        return PROCBUF_SIZE;
    if (array_len != 0) {
        procbuf_require_array(array_out, array_len, slice.base_);
        procbuf_memory_fetch(array_out, slice.base_, array_len);
    }
    return PROCBUF_OK;
}

/*@ requires writable(slice);
    requires array_len == 0 || \valid_read((const uint8_t *)array + (0 .. array_len - 1));
    requires array_len == 0 || slice.len_ == 0 ||
             \separated((const uint8_t *)array + (0 .. array_len - 1),
                        slice.base_ + (0 .. slice.len_ - 1));
    assigns slice.base_[0 .. slice.len_ - 1];
    behavior equal:
      assumes array_len == slice.len_;
      ensures \result == PROCBUF_OK;
    behavior unequal:
      assumes array_len != slice.len_;
      assigns \nothing;
      ensures \result == PROCBUF_SIZE;
    complete behaviors;
    disjoint behaviors; */
enum procbuf_error procbuf_writable_copy_from(struct procbuf_writable slice, const void *array,
                                              size_t array_len)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    if (array_len != slice.len_)
        return PROCBUF_SIZE;
    if (array_len != 0) {
        procbuf_require_array(array, array_len, slice.base_);
        memcpy(slice.base_, array, array_len);
    }
    return PROCBUF_OK;
}

/* The two may overlap. */
/*@ requires writable(slice) && readable(source);
    assigns slice.base_[0 .. slice.len_ - 1];
    behavior equal:
      assumes source.len_ == slice.len_;
      ensures \result == PROCBUF_OK;
    behavior unequal:
      assumes source.len_ != slice.len_;
      assigns \nothing;
      ensures \result == PROCBUF_SIZE;
    complete behaviors;
    disjoint behaviors; */
enum procbuf_error procbuf_writable_copy_from_slice(struct procbuf_writable slice,
                                                    struct procbuf_readable source)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    PROCBUF_VERIFY(procbuf_readable_is_valid(&source));
    if (source.len_ != slice.len_)
        return PROCBUF_SIZE;
    if (source.len_ != 0)
        memmove(slice.base_, source.base_, source.len_);
    return PROCBUF_OK;
}

void procbuf_readable_copy_to_or_panic(struct procbuf_readable slice, void *array_out,
                                       size_t array_len)
{
    PROCBUF_VERIFY(procbuf_readable_is_valid(&slice));
    const enum procbuf_error code = procbuf_readable_copy_to(slice, array_out, array_len);
    PROCBUF_REQUIRE(R9, code == PROCBUF_OK);
}

void procbuf_writable_copy_from_or_panic(struct procbuf_writable slice, const void *array,
                                         size_t array_len)
{
    PROCBUF_VERIFY(procbuf_writable_is_valid(&slice));
    const enum procbuf_error code = procbuf_writable_copy_from(slice, array, array_len);
    PROCBUF_REQUIRE(R9, code == PROCBUF_OK);
}
