/* Small pieces of code whose accesses are known, compiled as the library is. */
#ifndef TESTS_PROBES_H
#define TESTS_PROBES_H

#include <stddef.h>
#include <stdint.h>

void probe_two_volatile_loads(uint8_t *p);
void probe_load_thrown_away(uint8_t *p);
void probe_store_itself(volatile uint8_t *p);
void probe_two_stores(volatile uint8_t *p);
void probe_or_one(volatile uint8_t *p);
void probe_struct_copy(uint8_t *to, uint8_t *from);
uint32_t probe_unaligned_load(const uint8_t *p);
void probe_unaligned_store(uint8_t *p);
void probe_byte_loop(uint8_t *to, const uint8_t *from, size_t len);
void probe_memcpy(uint8_t *to, const uint8_t *from, size_t len);
void probe_memmove(uint8_t *to, const uint8_t *from, size_t len);
void probe_memset(uint8_t *to, size_t len);
void probe_store8(uint64_t *p);

/* Call `leave` with the address of one of 4 local bytes. */
void probe_lend_local(void (*leave)(const uint8_t *local));

/* One access of 1, 2, 4 or 8 bytes. */
void probe_load(const void *p, size_t len);
void probe_store(void *p, size_t len);

/* One copy out of process memory, of 1, 2, 4 or 8 bytes, as the library makes it. */
void probe_fetch(void *array_out, const uint8_t *bytes, size_t len);

/* Two ways through one function. */
void probe_branch(unsigned way);

/* Change a variable of the probes' own, and with the next call change it back. */
enum probe_variable {
    PROBE_ZERO,
    PROBE_DATA,
    PROBE_POINTER,
    PROBE_LOCAL,
    PROBE_THREAD,
    PROBE_SECTION, /* one of its own */
    PROBE_GLOBAL,
    PROBE_VARIABLES
};
void probe_change(enum probe_variable variable);

#endif
