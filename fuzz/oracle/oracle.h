/* The access oracle: sees every access the library makes, and checks it, byte by byte, against
 * what the model allowed for this call.
 *
 * Before a call the machine says what may happen (`struct expectation`): which bytes the call may
 * read and write, and which hooks it calls, in order. The compiler's callbacks report accesses
 * here (access_load, access_store), the port reports hooks. Everything else is a bug:
 *
 *   an access to a byte that the call does not name            kind=access
 *   an access to process memory outside the open windows       kind=window
 *   a byte of process memory fetched twice in one call         kind=double-fetch
 *   a hook too many, too few, out of order, with other values  kind=hook
 */
#ifndef FUZZ_ORACLE_H
#define FUZZ_ORACLE_H

#include "arena.h"
#include "bug.h"
#include "watched.h"

enum hook_kind { HOOK_OPEN, HOOK_CLOSE, HOOK_PROTECT, HOOK_BARRIER, HOOK_PANIC };

/* One call of a port hook. */
struct hook {
    enum hook_kind kind;
    bool writable;          /* open, close: for reading and writing */
    bool answer;            /* protect: what the port answers */
    uint64_t addr;          /* open, close: start. protect: mem_start */
    uint64_t len;           /* open, close */
    /* protect, all that the port is passed: */
    uint32_t process_index;
    uint64_t identifier;
    uint64_t flash_start, flash_protected_end, flash_end;
    uint64_t app_break, kernel_break, mem_end;
    const char *message; /* panic: what the library says; expected: the rule that it names */
    /* Open, close: null, or the call chooses a part of the range, all of which it then fetches. Which, is noted here
     * the first time, and must be the same from then on. Until then it is empty. */
    struct span *part;
};

enum { MAX_SPANS = 32, MAX_HOOKS = 64, MAX_ACTS = 8 };

/* Userspace writes a byte of its own while a call runs: at one of its hooks, or once it has fetched
 * a byte. A byte that the call is yet to fetch changes after that, since compilers choose in which
 * order bytes are fetched: so what the call sees is the same in every build. */
struct act {
    bool at_hook;
    bool of_life; /* not userspace's: `target` is a foreign process, whose life ends or begins */
    uint32_t trigger; /* the hook's number in the expectation, or the byte */
    uint32_t target;
    uint8_t value;
};

/* What one library call may do, stated before it runs. */
struct expectation {
    unsigned read_count;
    unsigned write_count;
    unsigned hook_count;
    unsigned act_count;
    bool stepwise; /* a call of many enters: bytes are fetched once in each (H8) */
    struct span opaque; /* bytes that the library lays out as it likes: written, not compared */
    struct span reads[MAX_SPANS];
    struct span writes[MAX_SPANS];
    struct hook hooks[MAX_HOOKS];
    struct act acts[MAX_ACTS];
};

/* A library call that is going on. Calls nest: an enter's body makes calls of its own. */
struct oracle_call {
    const struct expectation *expected;
    struct oracle_call *outer;
    unsigned hooks_seen;
    unsigned fetched_count;
    unsigned acts_due, acts_done; /* a bit for each act */
    struct span fetched[64];
};

/* A range that an open hook opened, and no close hook has closed. */
struct window {
    struct span span;
    bool writable;
};

enum { MAX_WINDOWS = 64 };

/* All that hooks reach: of each testbed, one (machine/testbed.h). */
struct oracle {
    uint8_t *arena; /* as userspace, the model and dumps see it: no sanitizer looks there */
    struct oracle_call *call; /* that runs, innermost; null between calls */

    /* Accesses to the arena so far: zero after a trace that copies means a build without callbacks. And bytes that
     * userspace changed during calls. */
    uint64_t access_count, act_count;

    struct watched watched;
    struct bug bug;

    /* While a panic is expected, the frame that longjmp will go back to; else null. The frames of the library below
     * it are left without returning. */
    const char *landing;

    /* Called when the life of a foreign process is to end or to begin. */
    void (*life_act)(struct oracle *oracle, uint32_t process);

    /* Called for each access to the arena before it is judged, if not null. */
    void (*access_listener)(struct oracle *oracle, uint32_t start, uint32_t end, bool writing);

    /* Called for each byte that userspace has changed during a call, if not null. */
    void (*act_listener)(struct oracle *oracle, uint32_t arena_byte);

    unsigned window_count;
    struct window windows[MAX_WINDOWS]; /* that are open, outermost first */
};

/* From now on it is the one that hooks report to; and it has the arena. */
void oracle_begin(struct oracle *oracle);

/* The one that hooks report to: for functions of which others say what they are passed, as the compiler's callbacks,
 * the port's, an engine's, handlers of signals, and for reports of bugs. All others are passed theirs. */
struct oracle *oracle_now(void);

/* Forget all windows and calls. */
void oracle_reset(struct oracle *oracle);

/* Bracket a library call. In the body of an enter, oracle_call_pause() hands over to the calls
 * that the body makes, and oracle_call_resume() takes back. */
void oracle_call_begin(struct oracle *oracle, struct oracle_call *call,
                       const struct expectation *expected);
void oracle_call_end(struct oracle *oracle, struct oracle_call *call);
void oracle_call_pause(struct oracle *oracle, struct oracle_call *call);
void oracle_call_resume(struct oracle *oracle, struct oracle_call *call);

/* The port reports a hook. Returns: what the expectation says that the port answers. */
bool oracle_hook(struct oracle *oracle, const struct hook *hook);

/* What the call that runs may do; null between calls. */
const struct expectation *oracle_current_expectation(const struct oracle *oracle);

/* ---- The compiler's callbacks report to the oracle of now ---- */

/* An access to [addr, addr + len), which the arena holds. */
void access_load(uintptr_t addr, size_t len);
void access_store(uintptr_t addr, size_t len);

/* … a store that, if it is to the arena, is reported otherwise. */
void access_watched_store(uintptr_t addr, size_t len);

/* … a store to wherever, perhaps of no bytes. */
static inline void access_any_store(uintptr_t addr, size_t len)
{
    if (len != 0 && arena_holds(addr))
        access_store(addr, len);
    else
        access_watched_store(addr, len);
}

/* … a call of memmove; and one of memcpy, whose overlap ASan reports by itself. */
void access_move(uintptr_t to, uintptr_t from, size_t len);
void access_memcpy(uintptr_t to, uintptr_t from, size_t len);

#endif
