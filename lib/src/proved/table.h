/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of table.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_TABLE_H
#define PROCBUF_SRC_PROVED_TABLE_H

#include "../table.h"

/*@ requires has_slots(table);
    assigns \nothing;
    ensures \result != \null <==>
              index < table->private_.slot_count &&
              table->private_.slots[index].private_.table != \null;
    ensures \result != \null ==>
              (struct procbuf_process *)\result == table->private_.slots + index; */
struct procbuf_process *procbuf_table_slot(const struct procbuf_table *table, uint32_t index);

/*@ assigns \nothing;
    ensures \result <==> a.private_.table == b.private_.table && a.index_ == b.index_ &&
                         a.private_.identifier == b.private_.identifier; */
bool procbuf_id_equal(struct procbuf_id a, struct procbuf_id b);

#endif
