/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of creation.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_CREATION_H
#define PROCBUF_SRC_PROVED_CREATION_H

#include <procbuf/process.h>

#include "../process.h"
#include "../range.h"

/*@ requires \valid_read(config) && \valid(layout_out) && \separated(config, layout_out);
    assigns *layout_out;
    ensures \result <==>
              (config->flash_start != 0 || config->flash_len == 0) &&
              (config->mem_start != 0 || config->mem_len == 0) &&
              config->flash_start + config->flash_len <= PROCBUF_ADDR_MAX &&
              config->mem_start + config->mem_len <= PROCBUF_ADDR_MAX &&
              config->flash_protected_len <= config->flash_len &&
              config->initial_app_len + config->initial_kernel_len <= config->mem_len;
    ensures \result ==>
              layout_out->flash_protected_end == config->flash_start + config->flash_protected_len &&
              layout_out->flash_end == config->flash_start + config->flash_len &&
              layout_out->mem_end == config->mem_start + config->mem_len &&
              layout_out->app_break == config->mem_start + config->initial_app_len &&
              layout_out->kernel_break == layout_out->mem_end - config->initial_kernel_len &&
              layout_out->app_break <= layout_out->kernel_break;
    ensures !\result ==> *layout_out == \old(*layout_out); */
static bool layout_from_config(const struct procbuf_process_config *config,
                               struct layout *layout_out);

/*@ assigns \nothing; */
static bool layout_is_free(const struct procbuf_table *table,
                           const struct procbuf_process_config *config,
                           const struct layout *layout);

/*@ requires has_slots(table);
    assigns \nothing;
    ensures \result != \null ==> is_slot(\result, table) && \result->private_.table == \null;
    ensures \result == \null ==>
              \forall integer i; 0 <= i < table->private_.slot_count ==>
                table->private_.slots[i].private_.table != \null; */
static struct procbuf_process *find_empty_slot(const struct procbuf_table *table);

/*@ requires \valid(process) && \valid(table) && \valid_read(config) && \valid_read(layout);
    requires \separated(process, table, config, layout);
    requires config->mem_start <= layout->app_break <= layout->kernel_break <= layout->mem_end;
    requires layout->flash_protected_end <= layout->flash_end;
    assigns process->private_;
    ensures occupied(process) && is_active(&process->private_);
    ensures process->private_.table == table;
    ensures process->private_.identifier == identifier;
    ensures process->private_.mem_start == config->mem_start;
    ensures process->private_.app_break == config->mem_start;
    ensures process->private_.mark == config->mem_start;
    ensures process->private_.kernel_break == layout->kernel_break; */
static void fill_slot(struct procbuf_process *process, struct procbuf_table *table,
                      uint64_t identifier, const struct procbuf_process_config *config,
                      const struct layout *layout);

/*@ requires has_slots(table) && table->private_.slots != \null;
    requires \valid_read(config) && \valid(process_out);
    requires \separated(table, config, process_out,
                        table->private_.slots + (0 .. table->private_.slot_count - 1));
    assigns table->private_.next_identifier,
            table->private_.slots[0 .. table->private_.slot_count - 1], *process_out,
            zeroed_start, zeroed_end, asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    ensures \result == PROCBUF_OK || \result == PROCBUF_INVAL || \result == PROCBUF_NOMEM;
    ensures \result == PROCBUF_OK ==>
              occupied(*process_out) && is_active(&(*process_out)->private_);
    ensures \result == PROCBUF_OK ==> is_slot(*process_out, table);
    ensures \result == PROCBUF_OK ==> (*process_out)->private_.table == table;
    ensures \result == PROCBUF_OK ==>
              (*process_out)->private_.identifier == \old(table->private_.next_identifier);
    ensures \result == PROCBUF_OK ==>
              (*process_out)->private_.mark == config->mem_start &&
              (*process_out)->private_.app_break == config->mem_start + config->initial_app_len;
    ensures \result == PROCBUF_OK ==>
              agreed == \true &&
              gives(&(*process_out)->private_, (*process_out)->private_.app_break,
                    (*process_out)->private_.kernel_break) &&
              was_zeroed_before(config->mem_start, (*process_out)->private_.app_break);
    ensures \result != PROCBUF_OK ==> *process_out == \old(*process_out);
    ensures \result != PROCBUF_OK ==>
              \forall integer i; 0 <= i < table->private_.slot_count ==>
                table->private_.slots[i].private_.table ==
                  \old(table->private_.slots[i].private_.table); */
enum procbuf_error procbuf_process_create(struct procbuf_table *table,
                                          const struct procbuf_process_config *config,
                                          struct procbuf_process **process_out);

/*@ requires occupied(process);
    assigns process->private_.table, process->private_.identifier,
            asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    behavior entered:
      assumes process->private_.open_enters != \null;
      assigns \nothing;
      ensures \result == PROCBUF_BUSY;
    behavior removed:
      assumes process->private_.open_enters == \null;
      ensures \result == PROCBUF_OK && process->private_.table == \null;
      ensures process->private_.identifier == PROCBUF_NO_IDENTIFIER;
      ensures asked.table == \old(process->private_.table);
      ensures asked.identifier == \old(process->private_.identifier) && leaves_nothing(asked);
    complete behaviors;
    disjoint behaviors; */
enum procbuf_error procbuf_process_remove(struct procbuf_process *process);

#endif
