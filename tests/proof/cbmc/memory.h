/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* The world in which process memory has bytes, and a driver with one slot of each kind. */
#ifndef PROOF_CBMC_MEMORY_H
#define PROOF_CBMC_MEMORY_H

#define WORLD_HAS_MEMORY
#include "world.h"

#define DATA_LEN 8
#define GRANT_LEN (2 * sizeof(struct slot) + DATA_LEN)

static uint8_t memory_before[BYTES];

static void remember_memory(void)
{
    for (unsigned i = 0; i < BYTES; i++)
        memory_before[i] = memory[i];
}

/* Any bytes, of which the harness looks at one that CBMC picks. */
static void any_memory(void)
{
    uint8_t any[BYTES];
    for (unsigned i = 0; i < BYTES; i++)
        memory[i] = any[i];
    remember_memory();
}

static procbuf_addr_t any_place(void)
{
    const procbuf_addr_t at = nondet_addr();
    ASSUME(at < BYTES);
    return at;
}

static void any_driver(struct procbuf_driver *made, uint32_t number)
{
    procbuf_driver_init(made, &(const struct procbuf_driver_config){ .grant_number = number,
                                                                     .driver_number = nondet_u32(),
                                                                     .readonly_count = 1,
                                                                     .readwrite_count = 1,
                                                                     .data_len = DATA_LEN,
                                                                     .data_align = 1 });
}

static struct slot slot_in(procbuf_addr_t addr)
{
    struct slot slot;
    for (unsigned i = 0; i < sizeof slot; i++)
        ((uint8_t *)&slot)[i] = memory[addr + i];
    return slot;
}

#endif
