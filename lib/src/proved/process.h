/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of process.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_PROCESS_H
#define PROCBUF_SRC_PROVED_PROCESS_H

#include "../process.h"

/*@ requires \valid_read(process) && \valid_read(process->private_.table);
    assigns \nothing; */
static uint32_t slot_index(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing; */
struct procbuf_id procbuf_process_id(const struct procbuf_process *process);

/*@ requires \valid(self);
    assigns self->state;
    ensures self->state.kind == kind && self->state.stopped_from == kind &&
            self->state.yielded_for == yielded_for; */
static void set_state(struct procbuf_process_private *self, enum procbuf_state_kind kind,
                      uint32_t yielded_for);

/*@ requires \valid_read(process) && \valid_read(process->private_.table);
    assigns \nothing;
    ensures \result.table == process->private_.table;
    ensures \result.identifier == process->private_.identifier;
    ensures \result.flash_start == process->private_.flash_start;
    ensures \result.flash_protected_end == process->private_.flash_protected_end;
    ensures \result.flash_end == process->private_.flash_end;
    ensures \result.mem_start == process->private_.mem_start;
    ensures \result.app_break == app_break && \result.kernel_break == kernel_break;
    ensures \result.mem_end == process->private_.mem_end; */
static struct procbuf_protection protection_of(const struct procbuf_process *process,
                                               procbuf_addr_t app_break,
                                               procbuf_addr_t kernel_break);

/*@ requires occupied(process);
    requires \separated(process, process->private_.table);
    requires process->private_.identifier < process->private_.table->private_.next_identifier;
    requires process->private_.restart_count < UINT32_MAX; // else it wraps to 0, harmlessly
    assigns process->private_.identifier, process->private_.app_break,
            process->private_.kernel_break, process->private_.mark,
            process->private_.restart_count, process->private_.state,
            process->private_.table->private_.next_identifier,
            zeroed_start, zeroed_end, asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    ensures occupied(process);
    ensures \result ==>
              process->private_.app_break == process->private_.initial_app_break &&
              process->private_.kernel_break == process->private_.initial_kernel_break &&
              process->private_.mark == process->private_.mem_start &&
              is_active(&process->private_);
    ensures \result ==> agreed == \true &&
              gives(&process->private_, process->private_.initial_app_break,
                    process->private_.initial_kernel_break) &&
              was_zeroed_before(\old(process->private_.app_break),
                                process->private_.initial_app_break);
    ensures !\result ==>
              process->private_.app_break == \old(process->private_.app_break) &&
              process->private_.kernel_break == \old(process->private_.kernel_break) &&
              process->private_.mark == \old(process->private_.mark) &&
              process->private_.restart_count == \old(process->private_.restart_count) &&
              process->private_.state == \old(process->private_.state);
    ensures \old(process->private_.table->private_.next_identifier) != PROCBUF_NO_IDENTIFIER ==>
              process->private_.identifier ==
                \old(process->private_.table->private_.next_identifier) &&
              process->private_.identifier > \old(process->private_.identifier); */
static bool begin_new_life(struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == &process->private_; */
const struct procbuf_process_private *procbuf_process_look(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == process->private_.flash_start; */
procbuf_addr_t procbuf_process_flash_start(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == process->private_.flash_protected_end; */
procbuf_addr_t procbuf_process_flash_protected_end(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == process->private_.flash_end; */
procbuf_addr_t procbuf_process_flash_end(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == process->private_.mem_start; */
procbuf_addr_t procbuf_process_mem_start(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == process->private_.mem_end; */
procbuf_addr_t procbuf_process_mem_end(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == process->private_.app_break; */
procbuf_addr_t procbuf_process_app_break(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == process->private_.kernel_break; */
procbuf_addr_t procbuf_process_kernel_break(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == process->private_.mark; */
procbuf_addr_t procbuf_process_mark(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result == process->private_.restart_count; */
uint32_t procbuf_process_restart_count(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result.kind == process->private_.state.kind &&
            \result.stopped_from == process->private_.state.stopped_from &&
            \result.yielded_for == process->private_.state.yielded_for; */
struct procbuf_state procbuf_process_state(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns \nothing;
    ensures \result <==> is_active(&process->private_); */
bool procbuf_process_is_active(const struct procbuf_process *process);

/*@ requires occupied(process);
    assigns process->private_.state;
    behavior waiting:
      assumes process->private_.state.kind == PROCBUF_STATE_YIELDED ||
              process->private_.state.kind == PROCBUF_STATE_YIELDED_FOR;
      ensures process->private_.state.kind == PROCBUF_STATE_RUNNING &&
              process->private_.state.yielded_for == 0;
    behavior other:
      assumes process->private_.state.kind != PROCBUF_STATE_YIELDED &&
              process->private_.state.kind != PROCBUF_STATE_YIELDED_FOR;
      ensures process->private_.state == \old(process->private_.state);
    complete behaviors; */
void procbuf_process_set_running(struct procbuf_process *process);

/*@ requires occupied(process);
    assigns process->private_.state;
    behavior running:
      assumes process->private_.state.kind == PROCBUF_STATE_RUNNING;
      ensures process->private_.state.kind == PROCBUF_STATE_YIELDED &&
              process->private_.state.yielded_for == 0;
    behavior other:
      assumes process->private_.state.kind != PROCBUF_STATE_RUNNING;
      ensures process->private_.state == \old(process->private_.state);
    complete behaviors; */
void procbuf_process_set_yielded(struct procbuf_process *process);

/*@ requires occupied(process);
    assigns process->private_.state;
    behavior running:
      assumes process->private_.state.kind == PROCBUF_STATE_RUNNING;
      ensures process->private_.state.kind == PROCBUF_STATE_YIELDED_FOR &&
              process->private_.state.yielded_for == number;
    behavior other:
      assumes process->private_.state.kind != PROCBUF_STATE_RUNNING;
      ensures process->private_.state == \old(process->private_.state);
    complete behaviors; */
void procbuf_process_set_yielded_for(struct procbuf_process *process, uint32_t number);

/*@ requires occupied(process);
    assigns process->private_.state.kind;
    behavior active:
      assumes is_active(&process->private_);
      ensures process->private_.state.kind == PROCBUF_STATE_STOPPED;
    behavior other:
      assumes !is_active(&process->private_);
      ensures process->private_.state.kind == \old(process->private_.state.kind);
    complete behaviors; */
void procbuf_process_stop(struct procbuf_process *process);

/*@ requires occupied(process);
    assigns process->private_.state.kind;
    behavior stopped:
      assumes process->private_.state.kind == PROCBUF_STATE_STOPPED;
      ensures process->private_.state.kind == process->private_.state.stopped_from;
    behavior other:
      assumes process->private_.state.kind != PROCBUF_STATE_STOPPED;
      ensures process->private_.state.kind == \old(process->private_.state.kind);
    complete behaviors; */
void procbuf_process_resume(struct procbuf_process *process);

#endif
