/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of bytes.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_BYTES_H
#define PROCBUF_SRC_PROVED_BYTES_H

#include <procbuf/bytes.h>

#include "../slice.h"

/*@ requires readable(slice) && len > 0 && \valid(bytes_out + (0 .. len - 1));
    requires slice.len_ == 0 || \separated(bytes_out + (0 .. len - 1),
                                           slice.base_ + (0 .. slice.len_ - 1));
    assigns bytes_out[0 .. len - 1];
    ensures \result <==> offset + len <= slice.len_;
    ensures !\result ==> \forall integer i; 0 <= i < len ==>
                           bytes_out[i] == \old(bytes_out[i]); */
static bool load(struct procbuf_readable slice, size_t offset, uint8_t *bytes_out, size_t len);

/*@ requires writable(slice) && len > 0 && \valid_read(bytes + (0 .. len - 1));
    requires slice.len_ == 0 || \separated(bytes + (0 .. len - 1),
                                           slice.base_ + (0 .. slice.len_ - 1));
    assigns slice.base_[offset .. offset + len - 1];
    behavior inside:
      assumes offset + len <= slice.len_;
      assigns slice.base_[offset .. offset + len - 1];
      ensures \result == \true;
    behavior outside:
      assumes offset + len > slice.len_;
      assigns \nothing;
      ensures \result == \false;
    complete behaviors;
    disjoint behaviors; */
static bool store(struct procbuf_writable slice, size_t offset, const uint8_t *bytes, size_t len);

/*@ requires readable(slice);
    requires array_len == 0 || \valid((uint8_t *)array_out + (0 .. array_len - 1));
    requires array_len == 0 || slice.len_ == 0 ||
             \separated((uint8_t *)array_out + (0 .. array_len - 1),
                        slice.base_ + (0 .. slice.len_ - 1));
    assigns ((uint8_t *)array_out)[0 .. \min(slice.len_, array_len) - 1];
    ensures \result == \min(slice.len_, array_len); */
size_t procbuf_readable_copy_to_fitting(struct procbuf_readable slice, void *array_out,
                                        size_t array_len);

/*@ requires writable(slice);
    requires array_len == 0 || \valid_read((const uint8_t *)array + (0 .. array_len - 1));
    requires array_len == 0 || slice.len_ == 0 ||
             \separated((const uint8_t *)array + (0 .. array_len - 1),
                        slice.base_ + (0 .. slice.len_ - 1));
    assigns slice.base_[0 .. \min(slice.len_, array_len) - 1];
    ensures \result == \min(slice.len_, array_len); */
size_t procbuf_writable_copy_from_fitting(struct procbuf_writable slice, const void *array,
                                          size_t array_len);

#endif
