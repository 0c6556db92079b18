/* What the unit tests share: two processes in real memory, a port that records, snapshots.
 *
 *   flash of p0 [0, 128), header 16      RAM of p0 [128, 384): app 128, kernel 32
 *   RAM of p1 [384, 640): app 100, kernel 0      flash of p1 [640, 704), header 0
 *
 * so p0's flash touches p0's RAM, p0's RAM touches p1's RAM, which touches p1's flash.
 */
#ifndef TESTS_KERNEL_H
#define TESTS_KERNEL_H

#include <criterion/criterion.h>
#include <procbuf.h>
#include <setjmp.h>
#include <string.h>

#include "marks.h"

enum { WORLD_LEN = 768, FLASH0 = 0, RAM0 = 128, RAM1 = 384, FLASH1 = 640, FREE_MEMORY = 704 };

struct world {
    struct procbuf_table table;
    struct procbuf_process slots[3];
    struct procbuf_grant_entry grants[3 * 3]; /* three for each slot */
    struct procbuf_process *p0;
    struct procbuf_process *p1;
};
extern struct world world;
extern uint8_t world_memory[WORLD_LEN];

/* Make the world again: memory full of 0xa5 but for what creation zeroes, hooks forgotten. */
void world_make(void);

/* The address of byte `offset` of the world. */
procbuf_addr_t at(size_t offset);

/* The id of no process. */
extern const struct procbuf_id no_id;

/* ---- The port ---- */

enum { MAX_EVENTS = 32 };
struct event {
    char kind; /* o open, c close, p protect, b barrier */
    procbuf_addr_t addr;
    size_t len;
    enum procbuf_access access;
    struct procbuf_protection protection;
};
extern struct event port_events[MAX_EVENTS];
extern unsigned port_event_count;
extern unsigned port_refuse_at; /* protection request that is refused, counted from 1; 0 none */

void port_forget(void);

/* From now on, the port closes memory: what is in no window reads inverted. So does [addr, addr + len)
 * at once. */
void port_invert(procbuf_addr_t addr, size_t len);

/* The events so far, one letter each: "poc". */
const char *port_story(void);

/* Run an expression that must reach the panic hook. */
extern jmp_buf port_panic_target;
extern bool port_panic_expected;
extern const char *port_panic_message; /* of the last one */
#define MUST_PANIC(expression)                                                                     \
    do {                                                                                           \
        port_panic_expected = true;                                                                \
        if (setjmp(port_panic_target) == 0) {                                                      \
            (void)(expression);                                                                    \
            cr_assert_fail("%s did not panic", #expression);                                       \
        }                                                                                          \
        port_panic_expected = false;                                                               \
    } while (0)

/* ---- E3: an error changes nothing ---- */

struct snapshot {
    uint8_t memory[WORLD_LEN];
    struct {
        bool used;
        struct procbuf_state state;
        procbuf_addr_t app_break, kernel_break, mark;
        uint32_t restart_count, completion_code;
        enum procbuf_completion completion;
        struct procbuf_id id;
    } processes[3];
};
struct snapshot world_look(void);
void world_must_equal(const struct snapshot *before);
#define CHANGES_NOTHING(statement)                                                                 \
    do {                                                                                           \
        const struct snapshot before_ = world_look();                                              \
        statement;                                                                                 \
        world_must_equal(&before_);                                                                \
    } while (0)

#endif
