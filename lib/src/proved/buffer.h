/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of buffer.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_BUFFER_H
#define PROCBUF_SRC_PROVED_BUFFER_H

#include <procbuf/buffer.h>

#include "../process.h"
#include "../range.h"

/*@ requires \valid_read(self) && in_order(self);
    assigns \nothing;
    ensures \result <==> lies_within(addr, len, self->mem_start, self->app_break); */
static bool is_app_owned(const struct procbuf_process_private *self, procbuf_addr_t addr,
                         size_t len);

/*@ requires \valid_read(self) && in_order(self);
    assigns \nothing;
    ensures \result <==> lies_within(addr, len, self->flash_protected_end, self->flash_end); */
static bool is_in_flash(const struct procbuf_process_private *self, procbuf_addr_t addr,
                        size_t len);

/*@ requires \valid(self) && in_order(self);
    requires lies_within(addr, len, self->mem_start, self->app_break);
    assigns self->mark;
    ensures self->mark == \max(\old(self->mark), addr + len);
    ensures in_order(self); */
static void raise_mark(struct procbuf_process_private *self, procbuf_addr_t addr, size_t len);

/*@ requires \valid(self) && in_order(self);
    assigns self->mark;
    ensures in_order(self);
    behavior inactive:
      assumes !is_active(self);
      ensures \result == PROCBUF_FAIL && self->mark == \old(self->mark);
    behavior empty:
      assumes is_active(self) && len == 0;
      ensures \result == PROCBUF_OK && self->mark == \old(self->mark);
    behavior app_owned:
      assumes is_active(self) && len != 0;
      assumes lies_within(addr, len, self->mem_start, self->app_break);
      ensures \result == PROCBUF_OK && self->mark == \max(\old(self->mark), addr + len);
    behavior flash:
      assumes is_active(self) && len != 0 && access == PROCBUF_ACCESS_READ;
      assumes !lies_within(addr, len, self->mem_start, self->app_break);
      assumes lies_within(addr, len, self->flash_protected_end, self->flash_end);
      ensures \result == PROCBUF_OK && self->mark == \old(self->mark);
    behavior outside:
      assumes is_active(self) && len != 0;
      assumes !lies_within(addr, len, self->mem_start, self->app_break);
      assumes access != PROCBUF_ACCESS_READ ||
              !lies_within(addr, len, self->flash_protected_end, self->flash_end);
      ensures \result == PROCBUF_INVAL && self->mark == \old(self->mark);
    complete behaviors;
    disjoint behaviors; */
static enum procbuf_error check_share(struct procbuf_process_private *self, procbuf_addr_t addr,
                                      size_t len, enum procbuf_access access);

/*@ assigns \nothing;
    ensures \result.addr == addr && \result.len == len && \result.slot_addr == 0; */
static struct procbuf_buffer_private buffer_of(struct procbuf_id id, procbuf_addr_t addr,
                                               size_t len);

/*@ requires occupied(process) && \valid(buffer_out) && \separated(process, buffer_out);
    assigns process->private_.mark, *buffer_out;
    ensures occupied(process) && process->private_.mark >= \old(process->private_.mark);
    ensures \result == PROCBUF_FAIL <==> !is_active(&process->private_);
    ensures \result == PROCBUF_INVAL <==>
              is_active(&process->private_) && len != 0 &&
              !lies_within(addr, len, process->private_.mem_start, process->private_.app_break) &&
              (access != PROCBUF_ACCESS_READ ||
               !lies_within(addr, len, process->private_.flash_protected_end,
                            process->private_.flash_end));
    ensures \result == PROCBUF_OK || \result == PROCBUF_FAIL || \result == PROCBUF_INVAL;
    ensures \result == PROCBUF_OK ==> buffer_out->addr == addr && buffer_out->len == len;
    ensures \result == PROCBUF_OK && len != 0 ==>
              lies_within(addr, len, process->private_.mem_start, process->private_.mark) ||
              (access == PROCBUF_ACCESS_READ &&
               lies_within(addr, len, process->private_.flash_protected_end,
                           process->private_.flash_end));
    ensures \result != PROCBUF_OK ==>
              *buffer_out == \old(*buffer_out) &&
              process->private_.mark == \old(process->private_.mark); */
static enum procbuf_error build(struct procbuf_process *process, procbuf_addr_t addr, size_t len,
                                struct procbuf_buffer_private *buffer_out,
                                enum procbuf_access access);

/*@ requires occupied(process) && \valid(buffer_out) && \separated(process, buffer_out);
    assigns process->private_.mark, *buffer_out;
    ensures occupied(process) && process->private_.mark >= \old(process->private_.mark);
    ensures \result == PROCBUF_FAIL <==> !is_active(&process->private_);
    ensures \result == PROCBUF_INVAL <==>
              is_active(&process->private_) && len != 0 &&
              !lies_within(addr, len, process->private_.mem_start, process->private_.app_break) &&
              !lies_within(addr, len, process->private_.flash_protected_end,
                          process->private_.flash_end);
    ensures \result == PROCBUF_OK || \result == PROCBUF_FAIL || \result == PROCBUF_INVAL;
    ensures \result == PROCBUF_OK ==>
              buffer_out->private_.addr == addr && buffer_out->private_.len == len;
    ensures \result == PROCBUF_OK && len != 0 ==>
              lies_within(addr, len, process->private_.mem_start, process->private_.mark) ||
              lies_within(addr, len, process->private_.flash_protected_end,
                          process->private_.flash_end);
    ensures \result != PROCBUF_OK ==>
              *buffer_out == \old(*buffer_out) &&
              process->private_.mark == \old(process->private_.mark); */
enum procbuf_error procbuf_readonly_build(struct procbuf_process *process, procbuf_addr_t addr,
                                          size_t len, struct procbuf_readonly *buffer_out);

/*@ requires occupied(process) && \valid(buffer_out) && \separated(process, buffer_out);
    assigns process->private_.mark, *buffer_out;
    ensures occupied(process) && process->private_.mark >= \old(process->private_.mark);
    ensures \result == PROCBUF_FAIL <==> !is_active(&process->private_);
    ensures \result == PROCBUF_INVAL <==>
              is_active(&process->private_) && len != 0 &&
              !lies_within(addr, len, process->private_.mem_start, process->private_.app_break);
    ensures \result == PROCBUF_OK || \result == PROCBUF_FAIL || \result == PROCBUF_INVAL;
    ensures \result == PROCBUF_OK ==>
              buffer_out->private_.addr == addr && buffer_out->private_.len == len;
    ensures \result == PROCBUF_OK && len != 0 ==>
              lies_within(addr, len, process->private_.mem_start, process->private_.mark);
    ensures \result != PROCBUF_OK ==>
              *buffer_out == \old(*buffer_out) &&
              process->private_.mark == \old(process->private_.mark); */
enum procbuf_error procbuf_readwrite_build(struct procbuf_process *process, procbuf_addr_t addr,
                                           size_t len, struct procbuf_readwrite *buffer_out);

#endif
