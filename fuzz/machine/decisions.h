/* A driver that userspace offers a buffer, and what it decides.
 *
 * Included by whoever asks one: run_grants.c, and tests in C that ./fuzz/repro writes, which take this
 * file over whole. So it needs the library's headers alone. */
#ifndef FUZZ_DECISIONS_H
#define FUZZ_DECISIONS_H

#include <procbuf.h>

/* It is asked with what was passed, and keeps what it is handed, or rejects it with a code. */
struct decision {
    const struct procbuf_process *process;
    uint32_t number;
    procbuf_addr_t addr;
    size_t len;
    struct procbuf_readwrite *held;
    enum procbuf_error code;
    void (*body)(void *data); /* what it does before it answers; null: nothing */
    void *data;
};

static inline void ignore(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
}

/* Returns: what the driver is asked with that is not what was passed; null if all is. */
static inline const char *wrong_in(const struct decision *asked, const struct procbuf_table *table,
                                   struct procbuf_id id, uint32_t number,
                                   const struct procbuf_readwrite *buffer)
{
    if (procbuf_table_lookup(table, id) != asked->process)
        return "id";
    if (number != asked->number)
        return "number";
    if (procbuf_readwrite_len(buffer) != asked->len ||
        procbuf_readwrite_addr(buffer) != (asked->len == 0 ? 0 : asked->addr))
        return "buffer";
    if (asked->len == 0 && procbuf_readwrite_enter(buffer, ignore, NULL) != PROCBUF_OK)
        return "life"; /* which no length shows; an enter of nothing calls no hook */
    return NULL;
}

static inline enum procbuf_error decide(const struct decision *decision,
                                        struct procbuf_readwrite *buffer)
{
    if (decision->code == PROCBUF_OK) {
        const struct procbuf_readwrite old = *decision->held;
        *decision->held = *buffer;
        *buffer = old;
    } else {
        *buffer = procbuf_readwrite_default(); /* it counts for nothing now */
    }
    return decision->code;
}

#endif
