/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of slice.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_SLICE_H
#define PROCBUF_SRC_PROVED_SLICE_H

#include "../slice.h"

/*@ assigns \nothing;
    ensures \result.base_ == slice.base_ && \result.len_ == slice.len_; */
struct procbuf_readable procbuf_writable_as_readable(struct procbuf_writable slice);

/*@ requires \valid_read(byte);
    assigns \nothing; */
static uint8_t fetch(const uint8_t *byte);

/*@ requires readable(slice) && \valid(value_out);
    assigns *value_out;
    ensures \result <==> index < slice.len_;
    ensures !\result ==> *value_out == \old(*value_out); */
bool procbuf_readable_get(struct procbuf_readable slice, size_t index, uint8_t *value_out);

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
bool procbuf_writable_set(struct procbuf_writable slice, size_t index, uint8_t value);

/*@ requires readable(slice) && index < slice.len_;
    assigns \nothing; */
uint8_t procbuf_readable_get_or_panic(struct procbuf_readable slice, size_t index);

/*@ assigns \nothing;
    ensures \result <==> start <= end <= len; */
static bool is_subrange(size_t start, size_t end, size_t len);

/*@ requires readable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> start <= end <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ + start &&
                        slice_out->len_ == end - start && readable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_readable_range(struct procbuf_readable slice, size_t start, size_t end,
                            struct procbuf_readable *slice_out);

/*@ requires readable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> start <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ + start &&
                        slice_out->len_ == slice.len_ - start && readable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_readable_range_from(struct procbuf_readable slice, size_t start,
                                 struct procbuf_readable *slice_out);

/*@ requires readable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> end <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ && slice_out->len_ == end &&
                        readable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_readable_range_to(struct procbuf_readable slice, size_t end,
                               struct procbuf_readable *slice_out);

/*@ requires writable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> start <= end <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ + start &&
                        slice_out->len_ == end - start && writable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_writable_range(struct procbuf_writable slice, size_t start, size_t end,
                            struct procbuf_writable *slice_out);

/*@ requires writable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> start <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ + start &&
                        slice_out->len_ == slice.len_ - start && writable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_writable_range_from(struct procbuf_writable slice, size_t start,
                                 struct procbuf_writable *slice_out);

/*@ requires writable(slice) && \valid(slice_out);
    assigns *slice_out;
    ensures \result <==> end <= slice.len_;
    ensures \result ==> slice_out->base_ == slice.base_ && slice_out->len_ == end &&
                        writable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_writable_range_to(struct procbuf_writable slice, size_t end,
                               struct procbuf_writable *slice_out);

/*@ requires \valid(iter) && \valid(value_out) && \separated(iter, value_out);
    requires readable(iter->rest_);
    assigns *value_out, iter->rest_;
    ensures \result <==> \old(iter->rest_.len_) != 0;
    ensures \result ==> iter->rest_.base_ == \old(iter->rest_.base_) + 1 &&
                        iter->rest_.len_ == \old(iter->rest_.len_) - 1 && readable(iter->rest_);
    ensures !\result ==> *value_out == \old(*value_out) && iter->rest_ == \old(iter->rest_); */
bool procbuf_iter_next(struct procbuf_iter *iter, uint8_t *value_out);

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
                                  struct procbuf_readable *slice_out);

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
                                  struct procbuf_writable *slice_out);

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
                                            size_t array_len);

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
                                              size_t array_len);

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
                                                    struct procbuf_readable source);

/*@ requires array != \null || len == 0;
    requires len == 0 || \valid_read((uint8_t *)array + (0 .. len - 1));
    assigns \nothing;
    ensures \result.len_ == len && \result.base_ != \null;
    ensures len == 0 || \valid_read(\result.base_ + (0 .. len - 1));
    ensures array != \null ==> \result.base_ == array; */
struct procbuf_readable procbuf_readable_from_array(const void *array, size_t len);

/*@ requires array != \null || len == 0;
    requires len == 0 || \valid((uint8_t *)array + (0 .. len - 1));
    assigns \nothing;
    ensures \result.len_ == len && \result.base_ != \null;
    ensures len == 0 || \valid(\result.base_ + (0 .. len - 1));
    ensures array != \null ==> \result.base_ == array; */
struct procbuf_writable procbuf_writable_from_array(void *array, size_t len);

/*@ assigns \nothing;
    ensures \result == slice.len_; */
size_t procbuf_readable_len(struct procbuf_readable slice);

/*@ assigns \nothing;
    ensures \result == slice.len_; */
size_t procbuf_writable_len(struct procbuf_writable slice);

/*@ assigns \nothing;
    ensures (uint8_t *)\result == slice.base_; */
const uint8_t *procbuf_readable_base_unchecked(struct procbuf_readable slice);

/*@ assigns \nothing;
    ensures (uint8_t *)\result == slice.base_; */
uint8_t *procbuf_writable_base_unchecked(struct procbuf_writable slice);

/*@ assigns \nothing;
    ensures \result.rest_.base_ == slice.base_ && \result.rest_.len_ == slice.len_; */
struct procbuf_iter procbuf_readable_iterate(struct procbuf_readable slice);

/*@ requires chunk_len != 0;
    assigns \nothing;
    ensures \result.rest_.base_ == slice.base_ && \result.rest_.len_ == slice.len_ &&
            \result.chunk_len_ == chunk_len; */
struct procbuf_readable_chunks procbuf_readable_split(struct procbuf_readable slice,
                                                      size_t chunk_len);

/*@ requires chunk_len != 0;
    assigns \nothing;
    ensures \result.rest_.base_ == slice.base_ && \result.rest_.len_ == slice.len_ &&
            \result.chunk_len_ == chunk_len; */
struct procbuf_writable_chunks procbuf_writable_split(struct procbuf_writable slice,
                                                      size_t chunk_len);

#endif
