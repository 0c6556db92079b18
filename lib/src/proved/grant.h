/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* What the functions of grant.c promise, for the proof. */
#ifndef PROCBUF_SRC_PROVED_GRANT_H
#define PROCBUF_SRC_PROVED_GRANT_H

#include "../process.h"
#include "../range.h"

/*@ requires occupied(process) && align > 0;
    requires \valid(addr_out) && \separated(process, process->private_.table, addr_out);
    assigns process->private_.kernel_break, *addr_out,
            zeroed_start, zeroed_end, asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    ensures occupied(process);
    ensures \result ==>
              process->private_.kernel_break == *addr_out && *addr_out % align == 0 &&
              lies_within(*addr_out, len, process->private_.app_break,
                          \old(process->private_.kernel_break)) &&
              agreed == \true &&
              gives(&process->private_, process->private_.app_break, *addr_out);
    ensures !\result ==>
              process->private_.kernel_break == \old(process->private_.kernel_break); */
static bool take_room(struct procbuf_process *process, size_t len, size_t align,
                      procbuf_addr_t *addr_out);

#endif
