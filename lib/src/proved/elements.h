/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of elements.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_ELEMENTS_H
#define PROCBUF_SRC_PROVED_ELEMENTS_H

#include <procbuf/elements.h>

#include "../slice.h"

/*@ requires element_len != 0;
    assigns \nothing;
    ensures \result <==> count * element_len <= len; */
static bool fits(size_t count, size_t element_len, size_t len);

/*@ requires element_len != 0 && \valid(elements_out);
    assigns *elements_out;
    ensures \result <==> count * element_len <= slice.len_;
    ensures \result ==> elements_out->slice_.base_ == slice.base_ &&
                        elements_out->slice_.len_ == count * element_len &&
                        elements_out->count_ == count && elements_out->element_len_ == element_len;
    ensures !\result ==> *elements_out == \old(*elements_out); */
bool procbuf_readable_as_elements(struct procbuf_readable slice, size_t count, size_t element_len,
                                  struct procbuf_readable_elements *elements_out);

/*@ requires element_len != 0 && \valid(elements_out);
    assigns *elements_out;
    ensures \result <==> count * element_len <= slice.len_;
    ensures \result ==> elements_out->slice_.base_ == slice.base_ &&
                        elements_out->slice_.len_ == count * element_len &&
                        elements_out->count_ == count && elements_out->element_len_ == element_len;
    ensures !\result ==> *elements_out == \old(*elements_out); */
bool procbuf_writable_as_elements(struct procbuf_writable slice, size_t count, size_t element_len,
                                  struct procbuf_writable_elements *elements_out);

/*@ requires \valid_read(elements) && \valid(slice_out) && \separated(elements, slice_out);
    requires readable(elements->slice_) && elements->element_len_ != 0;
    requires elements->slice_.len_ == elements->count_ * elements->element_len_;
    assigns *slice_out;
    ensures \result <==> index < elements->count_;
    ensures \result ==>
              slice_out->base_ == elements->slice_.base_ + index * elements->element_len_ &&
              slice_out->len_ == elements->element_len_ && readable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_readable_elements_at(const struct procbuf_readable_elements *elements, size_t index,
                                  struct procbuf_readable *slice_out);

/*@ requires \valid_read(elements) && \valid(slice_out) && \separated(elements, slice_out);
    requires writable(elements->slice_) && elements->element_len_ != 0;
    requires elements->slice_.len_ == elements->count_ * elements->element_len_;
    assigns *slice_out;
    ensures \result <==> index < elements->count_;
    ensures \result ==>
              slice_out->base_ == elements->slice_.base_ + index * elements->element_len_ &&
              slice_out->len_ == elements->element_len_ && writable(*slice_out);
    ensures !\result ==> *slice_out == \old(*slice_out); */
bool procbuf_writable_elements_at(const struct procbuf_writable_elements *elements, size_t index,
                                  struct procbuf_writable *slice_out);

/*@ requires \valid_read(elements);
    assigns \nothing;
    ensures \result == elements->count_; */
size_t procbuf_readable_elements_count(const struct procbuf_readable_elements *elements);

/*@ requires \valid_read(elements);
    assigns \nothing;
    ensures \result == elements->count_; */
size_t procbuf_writable_elements_count(const struct procbuf_writable_elements *elements);

#endif
