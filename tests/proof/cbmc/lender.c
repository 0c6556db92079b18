/* SPDX-FileCopyrightText: 2026 The procbuf authors */
/* SPDX-License-Identifier: MIT */
/* Lenders, pairs and vectors, from a process of ours and from any lender. Contract: M5, B, S5, S7, E3. */
#include "memory.h"

#define PAIRS 2
#define PAIR sizeof(struct procbuf_pair)

HARNESS_OF_PROCESS(lender_process)
{
    const procbuf_addr_t addr = nondet_addr();
    const size_t len = nondet_size();
    const bool writes = any_bool();
    const struct procbuf_lender lender = procbuf_lender_process(process);
    CLAIM(procbuf_lender_is_valid(&lender) && lender.process_ == process && lender.map_ == NULL);
    struct procbuf_readonly readonly = procbuf_readonly_default(), direct;
    struct procbuf_readwrite readwrite = procbuf_readwrite_default(), direct_writable;
    const enum procbuf_error error =
        writes ? procbuf_readwrite_build_from(&lender, addr, len, &readwrite)
               : procbuf_readonly_build_from(&lender, addr, len, &readonly);
    const procbuf_addr_t mark = process->private_.mark;
    CLAIM(error == (writes ? procbuf_readwrite_build(process, addr, len, &direct_writable)
                           : procbuf_readonly_build(process, addr, len, &direct)));
    CLAIM(mark == process->private_.mark);
    const struct procbuf_buffer_private *made = writes ? &readwrite.private_ : &readonly.private_;
    CLAIM(made->addr == (error == PROCBUF_OK ? addr : 0) &&
          made->len == (error == PROCBUF_OK ? len : 0));
    CLAIM(made->id.process == (error == PROCBUF_OK ? process : NULL) && made->slot_addr == 0);
    CLAIM(SAME_BUT(process, mark) && no_more());
    REACH(error == PROCBUF_OK && writes && len != 0);
    REACH(error == PROCBUF_INVAL);
}

HARNESS(readable_pair)
{
    uint8_t bytes[24];
    const size_t len = nondet_size(), offset = nondet_size(), i = nondet_size();
    struct procbuf_pair pair = { 77, 77 };
    ASSUME(len <= sizeof bytes && i < PAIR);
    const bool result =
        procbuf_readable_pair((struct procbuf_readable){ bytes, len }, offset, &pair);
    CLAIM(result == (len >= PAIR && offset <= len - PAIR));
    if (result)
        CLAIM(((const uint8_t *)&pair)[i] == bytes[offset + i]);
    else
        CLAIM(pair.addr == 77 && pair.len == 77);
    REACH(result && offset != 0);
    REACH(!result && offset < len);
}

/* Any lender: it answers as it likes, and writes down what it was asked. Its buffers are of no process but for the array's. */
#define BUILDS (PAIRS + 2)
static enum procbuf_error answers[BUILDS];
static struct event builds[BUILDS];
static unsigned build_count;
static bool array_lives;

static bool array_is_live(uint32_t index, uint64_t identifier, const void *data)
{
    (void)index;
    (void)identifier;
    (void)data;
    return array_lives;
}

static enum procbuf_error any_build(const struct procbuf_lender *lender, procbuf_addr_t addr,
                                    size_t len, enum procbuf_access access,
                                    struct procbuf_buffer_private *buffer_out)
{
    (void)lender;
    CLAIM(build_count < BUILDS && window_count == 0);
    const unsigned number = build_count++;
    builds[number] = (struct event){ OPEN, addr, len, access };
    if (answers[number] == PROCBUF_OK)
        *buffer_out = (struct procbuf_buffer_private){ .id = { NULL, &foreign, number },
                                                       .addr = addr,
                                                       .len = len };
    return answers[number];
}

static bool was_built(unsigned number, procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    return builds[number].addr == addr && builds[number].len == len &&
           builds[number].access == access;
}

static struct procbuf_pair pair_at(procbuf_addr_t addr)
{
    struct procbuf_pair pair;
    for (unsigned i = 0; i < sizeof pair; i++)
        ((uint8_t *)&pair)[i] = memory[addr + i];
    return pair;
}

/* The answers of the first two builds and the count are constants: a buffer that may have been built or not costs a hundredfold. */
static void claim_vector(bool writes, enum procbuf_error first, enum procbuf_error second_build,
                         size_t count)
{
    any_memory();
    foreign.private_ = (struct procbuf_table_private){ .is_live = array_is_live };
    array_lives = any_bool();
    const struct procbuf_lender lender = { .build_ = any_build };
    for (unsigned i = 0; i < BUILDS; i++) {
        answers[i] = any_bool() ? PROCBUF_OK : any_bool() ? PROCBUF_INVAL : PROCBUF_FAIL;
    }
    answers[0] = first;
    answers[1] = second_build;
    const procbuf_addr_t addr = 16; /* where the array is decides nothing here */
    const size_t max = nondet_size(), place = nondet_size();
    const enum procbuf_access access = writes ? PROCBUF_ACCESS_READ_WRITE : PROCBUF_ACCESS_READ;
    ASSUME(max <= PAIRS && place < PAIRS);
    struct procbuf_buffer_private buffers[PAIRS];
    for (unsigned i = 0; i < PAIRS; i++)
        buffers[i] = (struct procbuf_buffer_private){ .addr = 77, .len = 77 };
    size_t failed = 99;
    const enum procbuf_error error =
        writes ? procbuf_readwrite_build_vector(&lender, addr, count,
                                                (struct procbuf_readwrite *)buffers, max, &failed)
               : procbuf_readonly_build_vector(&lender, addr, count,
                                               (struct procbuf_readonly *)buffers, max, &failed);
    CLAIM(was_built(0, 0, 0, access));
    bool writes_none = true;
    if (answers[0] != PROCBUF_OK || count > max) {
        CLAIM(error == (answers[0] != PROCBUF_OK ? answers[0] : PROCBUF_SIZE));
        CLAIM(build_count == 1 && failed == count);
    } else if (count == 0) {
        CLAIM(error == PROCBUF_OK && build_count == 1 && failed == 99);
    } else {
        CLAIM(was_built(1, addr, count * PAIR, PROCBUF_ACCESS_READ));
        if (answers[1] != PROCBUF_OK || !array_lives) {
            CLAIM(error == (answers[1] != PROCBUF_OK ? answers[1] : PROCBUF_NO_SUCH_APP));
            CLAIM(build_count == 2 && failed == count);
        } else {
            writes_none = false;
            CLAIM(next_is(OPEN, addr, count * PAIR, PROCBUF_ACCESS_READ) &&
                  next_is(CLOSE, addr, count * PAIR, PROCBUF_ACCESS_READ));
            const struct procbuf_pair one = pair_at(addr), two = pair_at(addr + PAIR);
            const bool second = count == 2 && answers[2] == PROCBUF_OK;
            CLAIM(was_built(2, one.addr, one.len, access));
            CLAIM(IMPLIES(second, was_built(3, two.addr, two.len, access)));
            CLAIM(build_count == (second ? 4 : 3));
            CLAIM(error == (second ? answers[3] : answers[2]));
            CLAIM(failed == (error == PROCBUF_OK ? 99 : second ? 1 : 0));
            const struct procbuf_pair pair = place == 0 ? one : two;
            if (place < count) {
                CLAIM(buffers[place].addr == (error == PROCBUF_OK ? pair.addr : 0));
                CLAIM(buffers[place].len == (error == PROCBUF_OK ? pair.len : 0));
                CLAIM(buffers[place].id.table == (error == PROCBUF_OK ? &foreign : NULL));
            }
            REACH(error == PROCBUF_OK && count == 2);
            REACH(error == PROCBUF_INVAL && second);
        }
    }
    if (writes_none || place >= count)
        CLAIM(buffers[place].addr == 77 && buffers[place].len == 77);
    CLAIM(no_more());
    REACH(error == PROCBUF_SIZE);
    REACH(error == PROCBUF_NO_SUCH_APP);
}

static void claim_vectors(bool writes)
{
    switch (nondet_u8()) {
    case 0: claim_vector(writes, PROCBUF_FAIL, PROCBUF_OK, nondet_size()); break;
    case 1: claim_vector(writes, PROCBUF_OK, PROCBUF_INVAL, 1); break;
    case 2: claim_vector(writes, PROCBUF_OK, PROCBUF_OK, 0); break;
    case 3: claim_vector(writes, PROCBUF_OK, PROCBUF_OK, 1); break;
    case 4: claim_vector(writes, PROCBUF_OK, PROCBUF_OK, 2); break;
    default: claim_vector(writes, PROCBUF_OK, PROCBUF_OK, PAIRS + 1); break;
    }
}

HARNESS(readonly_vector)
{
    claim_vectors(false);
}

HARNESS(readwrite_vector)
{
    claim_vectors(true);
}
