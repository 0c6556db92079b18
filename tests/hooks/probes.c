#include "probes.h"

#include <string.h>

#include "memory.h"

struct forty {
    uint8_t bytes[40];
};

void probe_two_volatile_loads(uint8_t *p)
{
    (void)*(volatile uint8_t *)p;
    (void)*(volatile uint8_t *)p;
}

void probe_load_thrown_away(uint8_t *p)
{
    (void)*(volatile uint8_t *)p;
}

void probe_store_itself(volatile uint8_t *p)
{
    *p = *p;
}

void probe_two_stores(volatile uint8_t *p)
{
    *p = 1;
    *p = 2;
}

void probe_or_one(volatile uint8_t *p)
{
    *p |= 1;
}

void probe_struct_copy(uint8_t *to, uint8_t *from)
{
    *(struct forty *)to = *(struct forty *)from;
}

uint32_t probe_unaligned_load(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

void probe_unaligned_store(uint8_t *p)
{
    const uint32_t value = 0x01020304;
    memcpy(p, &value, sizeof value);
}

void probe_byte_loop(uint8_t *to, const uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((volatile uint8_t *)to)[i] = from[i];
}

void probe_memcpy(uint8_t *to, const uint8_t *from, size_t len)
{
    memcpy(to, from, len);
}

void probe_memmove(uint8_t *to, const uint8_t *from, size_t len)
{
    memmove(to, from, len);
}

void probe_memset(uint8_t *to, size_t len)
{
    memset(to, 7, len);
}

void probe_store8(uint64_t *p)
{
    *p = 5;
}

void probe_lend_local(void (*leave)(const uint8_t *local))
{
    uint8_t local[4] = { 0 };
    leave(local);
}

void probe_load(const void *p, size_t len)
{
    switch (len) {
    case 1: (void)*(const volatile uint8_t *)p; break;
    case 2: (void)*(const volatile uint16_t *)p; break;
    case 4: (void)*(const volatile uint32_t *)p; break;
    default: (void)*(const volatile uint64_t *)p; break;
    }
}

void probe_store(void *p, size_t len)
{
    switch (len) {
    case 1: *(volatile uint8_t *)p = 1; break;
    case 2: *(volatile uint16_t *)p = 1; break;
    case 4: *(volatile uint32_t *)p = 1; break;
    default: *(volatile uint64_t *)p = 1; break;
    }
}

void probe_fetch(void *array_out, const uint8_t *bytes, size_t len)
{
    switch (len) {
    case 1: procbuf_memory_fetch(array_out, bytes, 1); break;
    case 2: procbuf_memory_fetch(array_out, bytes, 2); break;
    case 4: procbuf_memory_fetch(array_out, bytes, 4); break;
    default: procbuf_memory_fetch(array_out, bytes, 8); break;
    }
}

void probe_branch(unsigned way)
{
    static volatile unsigned sink;
    if (way == 0) {
        sink = 1;
        sink = 2;
    } else {
        sink = 3;
    }
}

static volatile int zero;
static volatile long data = 7;
static volatile int *volatile pointer = &zero;
static _Thread_local volatile short thread = 3;
static volatile int elsewhere __attribute__((section(".kept"))) = 1;
int probe_global;

void probe_change(enum probe_variable variable)
{
    static volatile uint8_t local;
    switch (variable) {
    case PROBE_ZERO: zero ^= 1; break;
    case PROBE_DATA: data ^= 1; break;
    case PROBE_POINTER: pointer = pointer == NULL ? &zero : NULL; break;
    case PROBE_LOCAL: local ^= 1; break;
    case PROBE_THREAD: thread ^= 1; break;
    case PROBE_SECTION: elsewhere ^= 1; break;
    default: probe_global ^= 1; break;
    }
}
