/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The port's hooks again, with what the proofs take for granted of them: they leave the library's own
 * objects alone, and no proved function ever reaches the panic hook (E4). Contract: C1. */
#ifndef PROCBUF_SRC_PORT_H
#define PROCBUF_SRC_PORT_H

#include <procbuf/port.h>

#include "memory.h"

/*@ assigns \nothing; */
void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access);

/*@ assigns \nothing; */
void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access);

/* What the port was asked last, what had been zeroed last by then, and what it answered. I9: what is
 * given out is zeroed before the port is asked. */
/*@ ghost extern struct procbuf_protection asked; */
/*@ ghost extern procbuf_addr_t zeroed_start_when_asked, zeroed_end_when_asked; */
/*@ ghost extern bool agreed; */
/*@ predicate was_zeroed_before{L}(integer start, integer end) =
      start < end ==> zeroed_start_when_asked == start && zeroed_end_when_asked == end;

    predicate leaves_nothing{L}(struct procbuf_protection what) =
      what.app_break == what.mem_start && what.kernel_break == what.mem_start &&
      what.flash_protected_end == what.flash_start && what.flash_end == what.flash_start; */

/*@ requires \valid_read(protection);
    assigns asked, zeroed_start_when_asked, zeroed_end_when_asked, agreed;
    ensures asked == *protection && agreed == \result;
    ensures zeroed_start_when_asked == zeroed_start && zeroed_end_when_asked == zeroed_end;
    ensures leaves_nothing(*protection) ==> \result != 0; // R10 */
bool procbuf_port_protect_memory(const struct procbuf_protection *protection);

/*@ requires \false;
    assigns \nothing;
    ensures \false; */
void procbuf_port_panic(const char *message);

#endif
