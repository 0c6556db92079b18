/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Slices over objects of exactly their length. */
#ifndef PROOF_CBMC_SLICES_H
#define PROOF_CBMC_SLICES_H

#define LONGEST_COPY 8 /* a word */
#include "world.h"

void *malloc(size_t len); /* CBMC's own */

/* Bytes that a loop goes over. */
#define LEN 5
/* The largest object that CBMC knows: the top byte of its pointers is the object's number. */
#define LARGEST ((size_t)-1 >> 9)

static uint8_t *any_array(size_t len)
{
    uint8_t *array = malloc(len);
    ASSUME(array != NULL);
    return array;
}

/* Of any length. */
static struct procbuf_writable any_slice(void)
{
    const size_t len = nondet_size();
    ASSUME(len <= LARGEST);
    return (struct procbuf_writable){ any_array(len), len };
}

static size_t any_len(void)
{
    const size_t len = nondet_size();
    ASSUME(len <= LEN);
    return len;
}

static struct procbuf_writable any_short_slice(void)
{
    const size_t len = any_len();
    return (struct procbuf_writable){ any_array(len), len };
}

#endif
