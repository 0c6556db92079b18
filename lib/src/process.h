/* What the library's files share about processes. */
#ifndef PROCBUF_SRC_PROCESS_H
#define PROCBUF_SRC_PROCESS_H

#include <procbuf/process.h>

/* An enter that has not returned. It lives in the stack frame of that enter, in a list per slot,
 * innermost first, so that nobody gives its bytes away (L9) or its slot (L8). */
struct procbuf_open_enter {
    struct procbuf_open_enter *outer;
    procbuf_addr_t addr;
    size_t len;
};

/* The private part of an occupied slot. Panics on an empty one. */
struct procbuf_process_private *procbuf_process_self(struct procbuf_process *process);
const struct procbuf_process_private *
procbuf_process_look(const struct procbuf_process *process);

/* Keep the compiler from moving accesses to slices out of their enter, also when all of it is
 * inlined into the caller. Contract: S6. */
static inline void procbuf_compiler_barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

/* An enter on the process begins, and ends. They nest. */
void procbuf_process_push_enter(struct procbuf_process *process, struct procbuf_open_enter *open);
void procbuf_process_pop_enter(struct procbuf_process *process,
                               const struct procbuf_open_enter *open);

bool procbuf_state_is_active(struct procbuf_state state);

/* Take the next identifier. Returns: false when the counter is spent. */
bool procbuf_table_take_identifier(struct procbuf_table *table, uint64_t *identifier_out);

/* Ask the port to protect [mem_start, app_break) and [kernel_break, mem_end) of a slot. */
bool procbuf_process_protect(const struct procbuf_process *process, procbuf_addr_t app_break,
                             procbuf_addr_t kernel_break);

/* I1, for checked builds. */
bool procbuf_process_is_valid(const struct procbuf_process_private *self);

#endif
