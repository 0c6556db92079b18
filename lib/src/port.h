/* The port's hooks again, with what the proofs take for granted of them: they leave the library's own
 * objects alone, and no proved function ever reaches the panic hook (E4). Contract: C1. */
#ifndef PROCBUF_SRC_PORT_H
#define PROCBUF_SRC_PORT_H

#include <procbuf/port.h>

/*@ assigns \nothing; */
void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access);

/*@ assigns \nothing; */
void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access);

/*@ requires \false;
    assigns \nothing;
    ensures \false; */
void procbuf_port_panic(const char *message);

#endif
