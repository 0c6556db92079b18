/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of brk.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_BRK_H
#define PROCBUF_SRC_PROVED_BRK_H

#include <procbuf/process.h>

#include "../process.h"

/*@ requires \valid_read(self) && in_order(self);
    assigns \nothing;
    behavior outside:
      assumes new_break < self->mark || new_break >= self->mem_end;
      ensures \result == PROCBUF_ADDRESS_OUT_OF_BOUNDS;
    behavior above:
      assumes self->mark <= new_break < self->mem_end && new_break > self->kernel_break;
      ensures \result == PROCBUF_OUT_OF_MEMORY;
    behavior good:
      assumes self->mark <= new_break < self->mem_end && new_break <= self->kernel_break;
      ensures \result == PROCBUF_OK;
    complete behaviors;
    disjoint behaviors; */
static enum procbuf_error check_break(const struct procbuf_process_private *self,
                                      procbuf_addr_t new_break);

/*@ requires occupied(process);
    requires \valid(old_break_out) && \separated(process, process->private_.table, old_break_out);
    assigns process->private_.app_break, *old_break_out,
            zeroed_start, zeroed_end, asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    ensures occupied(process);
    ensures \result != PROCBUF_OK ==>
              process->private_.app_break == \old(process->private_.app_break) &&
              *old_break_out == \old(*old_break_out);
    ensures \result == PROCBUF_OK ==>
              process->private_.app_break == new_break &&
              *old_break_out == \old(process->private_.app_break) && agreed == \true &&
              gives(&process->private_, new_break, process->private_.kernel_break) &&
              was_zeroed_before(\old(process->private_.app_break), new_break);
    behavior inactive:
      assumes !is_active(&process->private_);
      ensures \result == PROCBUF_INACTIVE_APP;
    behavior outside:
      assumes is_active(&process->private_);
      assumes new_break < process->private_.mark || new_break >= process->private_.mem_end;
      ensures \result == PROCBUF_ADDRESS_OUT_OF_BOUNDS;
    behavior above:
      assumes is_active(&process->private_);
      assumes process->private_.mark <= new_break < process->private_.mem_end;
      assumes new_break > process->private_.kernel_break;
      ensures \result == PROCBUF_OUT_OF_MEMORY;
    behavior up_to_the_port:
      assumes is_active(&process->private_);
      assumes process->private_.mark <= new_break < process->private_.mem_end;
      assumes new_break <= process->private_.kernel_break;
      ensures \result == PROCBUF_OK || \result == PROCBUF_OUT_OF_MEMORY;
    complete behaviors;
    disjoint behaviors; */
enum procbuf_error procbuf_process_brk(struct procbuf_process *process, procbuf_addr_t new_break,
                                       procbuf_addr_t *old_break_out);

/*@ requires occupied(process);
    requires \valid(old_break_out) && \separated(process, process->private_.table, old_break_out);
    assigns process->private_.app_break, *old_break_out,
            zeroed_start, zeroed_end, asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    ensures occupied(process);
    ensures \result == PROCBUF_INACTIVE_APP <==> !is_active(&process->private_);
    ensures \result != PROCBUF_OK ==>
              process->private_.app_break == \old(process->private_.app_break) &&
              *old_break_out == \old(*old_break_out);
    ensures \result == PROCBUF_OK ==>
              process->private_.app_break ==
                (uintptr_t)(\old(process->private_.app_break) + (uintptr_t)delta) &&
              *old_break_out == \old(process->private_.app_break); */
enum procbuf_error procbuf_process_sbrk(struct procbuf_process *process, intptr_t delta,
                                        procbuf_addr_t *old_break_out);

/*@ assigns \nothing;
    ensures \result == (error == PROCBUF_OK ? PROCBUF_OK : PROCBUF_NOMEM); */
static enum procbuf_error memop_code(enum procbuf_error error);

#endif
