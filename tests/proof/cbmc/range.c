/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Range arithmetic, in exact arithmetic, and names of errors. Contract: P1 to P3, G1, M1, E1, E2. */
#define WORLD_HAS_NO_BYTES
#include "world.h"

HARNESS(ranges_of_addresses)
{
    const procbuf_addr_t start = nondet_addr(), low = nondet_addr(), high = nondet_addr();
    const size_t len = nondet_size();
    procbuf_addr_t end = 77;
    const bool fits = (exact)start + (exact)len <= (exact)PROCBUF_ADDR_MAX;
    CLAIM(procbuf_range_end(start, len, &end) == fits);
    CLAIM((exact)end == (fits ? (exact)start + (exact)len : (exact)77));
    CLAIM(procbuf_range_has_null(start, len) == (start == 0 && len != 0));
    CLAIM(procbuf_range_holds(start, low, high) == (low <= start && start < high));
    CLAIM(procbuf_smaller(start, len) == (start < len ? start : len));
    ASSUME(low <= high);
    const bool is_within = procbuf_range_within(start, len, low, high);
    CLAIM(is_within == (low <= start && (exact)start + (exact)len <= (exact)high));
    REACH(!fits);
    REACH(is_within && len != 0);
}

/* Two ranges share a byte exactly if the higher of the starts is one. */
HARNESS(overlaps)
{
    const procbuf_addr_t a = nondet_addr(), a_end = nondet_addr(), b = nondet_addr(),
                         b_end = nondet_addr();
    const procbuf_addr_t at = nondet_addr(), higher = a < b ? b : a;
    ASSUME(a <= a_end && b <= b_end);
    const bool result = procbuf_range_overlaps(a, a_end, b, b_end);
    CLAIM(IMPLIES(a <= at && at < a_end && b <= at && at < b_end, result));
    CLAIM(IMPLIES(result, a <= higher && higher < a_end && b <= higher && higher < b_end));
    REACH(result);
    REACH(!result && a == b_end && a < a_end && b < b_end);
}

static void place(size_t align)
{
    const procbuf_addr_t low = nondet_addr(), high = nondet_addr(), other = nondet_addr();
    const size_t len = nondet_size();
    procbuf_addr_t addr = 77;
    ASSUME(low <= high);
    const bool result = procbuf_range_place(low, high, len, align, &addr);
    if (result) {
        CLAIM(low <= addr && (addr & (align - 1)) == 0 && (exact)addr + (exact)len <= (exact)high);
    } else {
        CLAIM(addr == 77);
    }
    /* Any other place is lower, or does not fit. */
    const bool is_place =
        low <= other && (other & (align - 1)) == 0 && (exact)other + (exact)len <= (exact)high;
    CLAIM(IMPLIES(is_place, result && other <= addr));
    REACH(result);
    REACH(!result && len < high - low);
}

/* The remainder of two unknown words is beyond a SAT solver: alignments are five of the powers of two. */
HARNESS(range_place)
{
    switch (nondet_u8()) {
    case 0: place(2); break;
    case 1: place(8); break;
    case 2: place(64); break;
    case 3: place(4096); break;
    default: place((size_t)1 << (sizeof(size_t) * 8 - 1)); break;
    }
}

static bool starts_with(const char *name, const char *expected)
{
    for (unsigned i = 0; i < 24; i++) {
        if (name[i] != expected[i])
            return false;
        if (expected[i] == 0)
            return true;
    }
    return false;
}

/* Every number that a byte holds: for CBMC some of them are negative. */
HARNESS(error_to_code)
{
    const enum procbuf_error error = (enum procbuf_error)nondet_u8();
    const int number = (uint8_t)error;
    const enum procbuf_error code = procbuf_error_to_code(error);
    if (number <= 13)
        CLAIM(code == error);
    else if (number == 65)
        CLAIM(code == PROCBUF_NOMEM);
    else if (number == 66 || number == 64)
        CLAIM(code == PROCBUF_INVAL);
    else
        CLAIM(code == PROCBUF_FAIL);
}

HARNESS(error_name)
{
    static const char *const names[] = { "OK",        "FAIL",     "BUSY",        "ALREADY", "OFF",
                                         "RESERVE",   "INVAL",    "SIZE",        "CANCEL",  "NOMEM",
                                         "NOSUPPORT", "NODEVICE", "UNINSTALLED", "NOACK" };
    static const char *const process_names[] = { "NO_SUCH_APP",           "OUT_OF_MEMORY",
                                                 "ADDRESS_OUT_OF_BOUNDS", "INACTIVE_APP",
                                                 "KERNEL_ERROR",          "ALREADY_IN_USE" };
    for (unsigned i = 0; i < 14; i++)
        CLAIM(starts_with(procbuf_error_name((enum procbuf_error)i), names[i]));
    for (unsigned i = 0; i < 6; i++)
        CLAIM(starts_with(procbuf_error_name((enum procbuf_error)(64 + i)), process_names[i]));
    const uint8_t other = nondet_u8();
    ASSUME((other > 13 && other < 64) || other > 69);
    CLAIM(starts_with(procbuf_error_name((enum procbuf_error)other), "?"));
}
