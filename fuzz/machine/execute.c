#include "execute.h"

#include "out.h"
#include "testbed.h"

#include <procbuf/capability.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

void answer(struct outcome *outcome, enum outcome_kind kind, int status)
{
    outcome->kind = kind;
    outcome->status = status;
    outcome->reason = 0;
    outcome->value_count = 0;
}

void value(struct outcome *outcome, char kind, uint64_t number)
{
    outcome->values[outcome->value_count].kind = kind;
    outcome->values[outcome->value_count++].value = number;
}

void answer_code(struct outcome *outcome, enum procbuf_error code)
{
    answer(outcome, OUTCOME_CODE, (int)code);
}

/* Process errors have small numbers in traces: their place in E1's list. This way into the library,
 * and back. Numbers that are none stay none; the library's have one byte. */
enum { BEFORE_PROCESS_ERRORS = PROCBUF_NO_SUCH_APP - 1, LARGEST_ERROR = 255 };

enum procbuf_error process_error_at(unsigned place)
{
    const unsigned number = BEFORE_PROCESS_ERRORS + place;
    if (place == 0)
        return PROCBUF_OK;
    return (enum procbuf_error)(number < LARGEST_ERROR ? number : LARGEST_ERROR);
}

void answer_process_error(struct outcome *outcome, enum procbuf_error error)
{
    answer(outcome, OUTCOME_PROCESS_ERROR,
           error == PROCBUF_OK ? 0 : (int)error - BEFORE_PROCESS_ERRORS);
}

void answer_bool(struct outcome *outcome, bool yes)
{
    answer(outcome, yes ? OUTCOME_YES : OUTCOME_NO, 0);
}

void answer_why(struct outcome *outcome, enum procbuf_error error)
{
    answer_bool(outcome, error == PROCBUF_OK);
    outcome->reason = (int)error;
}

void answer_allow(struct outcome *outcome, struct procbuf_allow_result result)
{
    answer_code(outcome, result.code);
    value(outcome, 'a', result.addr);
    value(outcome, 'l', result.len);
}

/* ---- Operations that are one call: as ops.def has it, with these words ---- */

/* What a call gives in addition to its answer. */
union told {
    size_t len, index;
    procbuf_addr_t addr, old_break;
    uint32_t number;
    int order;
    uint8_t byte;
    struct procbuf_pair pair;
};

/* Operands, by their number from 1. */
#define arg(k) (call->args[(k) - 1])
#define p(k) (&t->world->slots[arg(k)])
#define o(k) (t->world->readonly[arg(k)])
#define w(k) (t->world->readwrite[arg(k) % TRACE_BUFFER_COUNT])
#define slice(k) (t->world->slices[arg(k)])
#define rs(k) (slice(k).readable)
#define ws(k) (slice(k).writable)
#define s(k) readable_of(t, arg(k))
#define d(k) (t->world->ids[arg(k)])
#define a(k) ((procbuf_addr_t)arg(k))
#define n(k) ((size_t)arg(k))
#define i(k) n(k)
#define u(k) ((uint32_t)arg(k))
#define b(k) ((uint8_t)arg(k))
#define z(k) ((intptr_t)arg(k))
#define c(k) (arg(k) == 0 ? NULL : &(const uint32_t){ (uint32_t)arg(k) - 1 })
#define error(k) process_error_at((unsigned)arg(k))
#define driver(k) driver_named(t, arg(k))
#define regions_of(map, k) (arg(k) != 0 ? &t->world->regions[arg(map) * TRACE_MAP_REGIONS] : NULL)

/* Arrays of the kernel: their length, and where in a pattern they begin. */
#define out(len) array_at(arena_out(t->model.is_large), arg(len))
#define in(len, from) array_at(arena_in(t->model.is_large) + arg(from), arg(len))
#define scratch(len, from) array_at(arena_scratch(t->model.is_large) + arg(from), arg(len))

/* So many buffers from operand 1 on, or all that are left. */
#define left(k) (arg(k) < TRACE_BUFFER_COUNT - arg(1) ? n(k) : TRACE_BUFFER_COUNT - n(1))

/* One of two calls: as operand 1 is a buffer to read or not; as a slice to write is cut or not. */
#define either(reading, writing) (arg(1) < TRACE_BUFFER_COUNT ? (reading) : (writing))
#define cut(writing, reading) (call->cuts_writable ? (writing) : (reading))

#define lent_by(lender)                                                                            \
    (const struct procbuf_lender[])                                                                \
    {                                                                                              \
        lender                                                                                     \
    }
#define lender(map, foreign, how) lent_by(lender_named(t, arg(map), u(foreign), arg(how)))

/* What is there once. */
#define FOREIGN ((procbuf_addr_t)(ARENA_BASE + ARENA_FOREIGN))
#define foreign_id(index) foreign_id_named(t, index)
#define other_process (t->world->other_process)
#define grant (t->world->grant)
#define reader (t->world->reader)
#define writer (t->world->writer)
#define maps (t->world->maps)
#define kept_lender (t->world->kept_lender)
#define readonly_slots (t->world->readonly_slots)
#define readwrite_slots (t->world->readwrite_slots)

#define ANSWER_DONE(...) __VA_ARGS__
#define ANSWER_CODE(...) answer_code(outcome, __VA_ARGS__)
#define ANSWER_ERROR(...) answer_process_error(outcome, __VA_ARGS__)
#define ANSWER_WHY(...) answer_why(outcome, __VA_ARGS__)
#define ANSWER_YES(...) answer_bool(outcome, __VA_ARGS__)
#define ANSWER_ALLOW(...) answer_allow(outcome, __VA_ARGS__)
#define ANSWER_LEN(...) value(outcome, 'l', __VA_ARGS__)
#define ANSWER_ADDR(...) value(outcome, 'a', __VA_ARGS__)
#define ANSWER_BYTE(...) answer_bool(outcome, true), value(outcome, 'u', __VA_ARGS__)
#define ANSWER_TEXT(...) value(outcome, 't', (uintptr_t)(__VA_ARGS__))

#define BEFORE_nothing
#define BEFORE_reports(kind, member)                                                               \
    const struct out out = out_fill(&told.member, sizeof told.member);
#define BEFORE_fills(place) const struct out out = out_keep(&(place), sizeof(place));
#define AFTER_nothing
#define AFTER_reports(kind, member)                                                                \
    if (out_is_told(&out, outcome))                                                                \
        VALUE_##kind(told.member);
#define AFTER_fills(place) (void)out_is_told(&out, outcome);
#define VALUE_a(addr) value(outcome, 'a', addr)
#define VALUE_l(len) value(outcome, 'l', len)
#define VALUE_u(number) value(outcome, 'u', number)
#define VALUE_order(order) value(outcome, 'u', (order) == 0 ? 1 : (order) < 0 ? 0 : 2)
#define VALUE_pair(pair) value(outcome, 'a', (pair).addr), value(outcome, 'l', (pair).len)

#define OP(...)
#define OP_CALL(code, NAME, text, since, operands, flags, rule, concern, origin, words, gives,     \
                reports, ...)                                                                      \
    static void call_##NAME(struct testbed *t, const struct call *call, struct outcome *outcome)   \
    {                                                                                              \
        union told told;                                                                           \
        (void)t, (void)call, (void)outcome, (void)&told;                                           \
        BEFORE_##reports ANSWER_##gives(__VA_ARGS__);                                              \
        AFTER_##reports                                                                            \
    }
#include "ops.def"
#undef OP

/* ---- All operations ---- */

/* Enters are not here: machine.c calls them, since it runs their bodies. */
#define RUN_CALL(name) run_##name
#define RUN_STEPS(name) run_##name
#define RUN_USER(name) run_##name
#define RUN_ASK(name) run_##name
#define RUN_ENTER(name) NULL
static run_function *const runs[256] = {
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = RUN_##how(run),
#define OP_CALL(code, NAME, ...) [code] = call_##NAME,
#include "ops.def"
#undef OP
};

void execute(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer(outcome, OUTCOME_DONE, 0);
    runs[call->op->code](t, call, outcome);
}
