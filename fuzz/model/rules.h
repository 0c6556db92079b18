/* What the rules of the model share: how they write predictions down, and a few questions about the
 * world. Only the files of this folder include it. */
#ifndef FUZZ_RULES_H
#define FUZZ_RULES_H

#include "model.h"

#include <string.h>

/* A sum that cannot wrap. */
#if UINTPTR_MAX > 0xffffffffu
typedef unsigned __int128 wide;
#else
typedef uint64_t wide;
#endif

/* 2^width: the first number that is not an address. */
#define ADDRESS_SPACE ((wide)UINTPTR_MAX + 1)

/* Process errors, by their place in E1's list, from 1; their numbers come after those of codes. */
enum { PROCESS_ERRORS = 63 };

/* E2: what userspace sees of a process error, by its place in E1's list. */
int model_code_of(uint64_t process_error);
enum { OK, NO_SUCH_APP, OUT_OF_MEMORY, ADDRESS_OUT_OF_BOUNDS, INACTIVE_APP, ALREADY_IN_USE = 6 };
/* Codes, E1. */
enum {
    FAIL = 1,
    BUSY = 2,
    ALREADY = 3,
    INVAL = 6,
    SIZE = 7,
    NOMEM = 9,
    NOSUPPORT = 10,
    NODEVICE = 11
};

/* ---- Writing predictions down ---- */

/* Which rule decides now: findings cite it. */
#define RULE(number) (p->rule = (number))

static inline void begin_prediction(struct prediction *p)
{
    p->rule = "";
    p->outcome.kind = OUTCOME_SKIPPED;
    p->outcome.status = p->outcome.reason = 0;
    p->outcome.value_count = 0;
    p->access.read_count = p->access.write_count = p->access.hook_count = 0;
    p->access.act_count = 0;
    p->access.stepwise = false;
    p->access.opaque = (struct span){ 0, 0 };
}

static inline void answers(struct prediction *p, enum outcome_kind kind, int status)
{
    p->outcome.kind = kind;
    p->outcome.status = status;
    p->outcome.reason = 0;
}

/* Whether a driver has a slot of that number that the model does not keep. */
static inline bool is_slot_between(const struct model_driver *driver, unsigned kind,
                                   uint64_t number)
{
    return number < driver->slot_counts[kind] && model_slot_kept(number) < 0;
}

/* Yes, or no and why. */
static inline void answers_why(struct prediction *p, int reason)
{
    answers(p, reason == OK ? OUTCOME_YES : OUTCOME_NO, 0);
    p->outcome.reason = reason;
}

/* The library is not called. `requirement` says why: a number of section R of the contract, which a
 * kernel that keeps it never breaks and the library cannot check; or one of fuzz/TRACE.md's list of
 * what the testbed itself cannot do (T1 …). */
static inline void skips(struct prediction *p, const char *requirement)
{
    RULE(requirement);
    answers(p, OUTCOME_SKIPPED, 0);
}

static inline void answers_with(struct prediction *p, char kind, uint64_t number)
{
    p->outcome.values[p->outcome.value_count].kind = kind;
    p->outcome.values[p->outcome.value_count++].value = number;
}

/* A rule that predicts more than a prediction has room for must not write past its end: nothing else would see that. */
static inline void needs_room(unsigned count, unsigned most)
{
    if (count >= most)
        bug_found("testbed", "prediction-room",
                  "expected: a call that touches, or calls hooks, fewer than %u times\n"
                  "actual: one that does so more often: its rule has to skip it (T4)",
                  most);
}

static inline void may_read(struct prediction *p, uint32_t start, uint32_t end)
{
    needs_room(p->access.read_count, MAX_SPANS);
    p->access.reads[p->access.read_count++] = (struct span){ start, end };
}

static inline void may_write(struct prediction *p, uint32_t start, uint32_t end)
{
    needs_room(p->access.write_count, MAX_SPANS);
    p->access.writes[p->access.write_count++] = (struct span){ start, end };
}

/* user.c: what userspace does during the operation, at the hook that comes now, and after the
 * bytes that a call fetches. */
void model_act_at_hook(struct model *m, struct prediction *p);
void model_act_when_fetched(struct model *m, struct prediction *p);

static inline struct hook *calls_hook(struct model *m, struct prediction *p, enum hook_kind kind)
{
    if (kind == HOOK_OPEN || kind == HOOK_PROTECT || kind == HOOK_BARRIER)
        model_act_at_hook(m, p);
    needs_room(p->access.hook_count, MAX_HOOKS);
    struct hook *h = &p->access.hooks[p->access.hook_count++];
    memset(h, 0, sizeof *h);
    h->kind = kind;
    return h;
}

/* C2: access to process memory is opened and closed around it. */
static inline void opens(struct model *m, struct prediction *p, enum hook_kind kind, uint64_t addr,
                         uint64_t len, bool writable)
{
    struct hook *h = calls_hook(m, p, kind);
    h->addr = addr;
    h->len = len;
    h->writable = writable;
}

static inline void opens_and_closes(struct model *m, struct prediction *p, uint64_t addr,
                                    uint64_t len, bool writable)
{
    opens(m, p, HOOK_OPEN, addr, len, writable);
    opens(m, p, HOOK_CLOSE, addr, len, writable);
}

static inline void zeroes(struct model *m, struct prediction *p, uint64_t start, uint64_t end)
{
    if (start >= end)
        return;
    opens_and_closes(m, p, start, end - start, true);
    may_write(p, (uint32_t)(start - ARENA_BASE), (uint32_t)(end - ARENA_BASE));
    arena_set(&m->bytes[start - ARENA_BASE], 0, end - start);
}

/* C1: the port is asked once, and told the whole process. Returns: the hook, whose answer says whether
 * it agrees. */
static inline struct hook *asks_port(struct model *m, struct prediction *p, unsigned slot,
                                     uint64_t app_break, uint64_t kernel_break)
{
    const struct model_process *process = &m->processes[slot];
    struct hook *h = calls_hook(m, p, HOOK_PROTECT);
    m->requests_seen++;
    h->process_index = slot;
    h->identifier = process->identifier;
    h->flash_start = process->flash_start;
    h->flash_protected_end = process->flash_protected_end;
    h->flash_end = process->flash_end;
    h->addr = process->mem_start;
    h->mem_end = process->mem_end;
    h->app_break = app_break;
    h->kernel_break = kernel_break;
    h->answer = m->requests_seen != m->refuse_now;
    h->answer &=
        model_expresses(m, h->addr, app_break) && model_expresses(m, h->flash_start, h->flash_end);
    return h;
}

/* A mistake of the kernel, and the number of section R that the panic hook is passed. */
static inline void panics(struct model *m, struct prediction *p, const char *requirement)
{
    RULE(requirement);
    answers(p, OUTCOME_PANIC, 0);
    p->outcome.value_count = 0;
    calls_hook(m, p, HOOK_PANIC)->message = requirement;
}

/* ---- What the rules share ---- */

/* memory.c */
enum purpose { FREE, APP, GAP, KERNEL_PART, HEADER, FLASH };
uint8_t model_cell(unsigned slot, enum purpose purpose);
void model_label(struct model *m, uint64_t start, uint64_t end, uint8_t what);
void model_label_ram(struct model *m, unsigned slot);
bool model_is_app_memory(const struct model *m, uint64_t addr);
bool model_app_owned(const struct model *m, unsigned slot, uint64_t addr, uint64_t len);
bool model_in_flash(const struct model *m, unsigned slot, uint64_t addr, uint64_t len);

/* processes.c */
bool model_gives(struct model *m, unsigned slot, uint64_t app_break, uint64_t kernel_break,
                 struct prediction *p);
bool model_is_empty_slot(struct model *m, unsigned slot, struct prediction *p);
bool model_is_active(const struct model_process *process);

/* Whether a life goes on: of a process of ours; or of either table's, which every look at a buffer asks. */
static inline bool model_is_live(const struct model *m, unsigned slot, uint64_t identifier)
{
    return m->processes[slot].used && m->processes[slot].identifier == identifier;
}

static inline bool model_goes_on(const struct model *m, bool foreign, unsigned slot,
                                 uint64_t identifier)
{
    if (foreign)
        return m->foreign[slot].live && m->foreign[slot].identifier == identifier;
    return model_is_live(m, slot, identifier);
}

/* buffers.c */
void model_fill_buffer(struct model *m, unsigned number, const struct model_buffer *buffer);
int model_share(struct model *m, unsigned slot, uint64_t addr, uint64_t len, bool writable,
                struct prediction *p);
struct model_slice model_slice_of(uint64_t addr, uint64_t len, bool writable);

/* Whether a buffer is live, as a library call finds out: for one from a slot it looks into the
 * grant. */
bool model_asks_whether_live(struct model *m, const struct model_buffer *buffer,
                             struct prediction *p);

/* maps.c: whether each byte of a range that is not empty has the right. With `asks`, what the library calls for that. */
bool model_map_permits(struct model *m, unsigned map, uint64_t addr, uint64_t len, bool writable,
                       bool asks);

/* slices.c */
uint64_t model_slice_len(const struct model_slice *slice);
const struct model_slice *model_slice_named(const struct model *m, const struct call *call,
                                            struct prediction *p);
const struct model_slice *model_writable_named(const struct model *m, const struct call *call,
                                               struct prediction *p);

/* grants.c */
enum { KERNELS_MISTAKE = -1 }; /* in place of an error: the prediction is a panic */
bool model_is_under_open_enter(const struct model *m, unsigned slot, uint64_t start, uint64_t end,
                               bool grants_only);
bool model_find_driver_number(struct model *m, unsigned slot, uint64_t driver_number,
                              unsigned *number_out);
int model_begin_driver_grant(struct model *m, unsigned slot, unsigned v, struct prediction *p);

/* ---- Operations: the rules that ops.def names ---- */

typedef void predict_function(struct model *m, const struct call *call, struct prediction *p);
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    predict_function predict_##rule;
#include "ops.def"
#undef OP

#endif
