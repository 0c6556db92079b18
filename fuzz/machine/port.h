/* The testbed's port: every hook goes to the oracle; a panic comes back to the machine. */
#ifndef FUZZ_PORT_H
#define FUZZ_PORT_H

#include <setjmp.h>
#include <stdbool.h>

/* Where a predicted panic continues. */
extern jmp_buf port_panic_target;

/* What the last panic said. */
extern const char *port_panic_message;

#endif
