#include "execute.h"

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

/* Enters are not here: machine.c calls them, since it runs their bodies. */
#define RUN_CALL(name) run_##name
#define RUN_STEPS(name) run_##name
#define RUN_USER(name) run_##name
#define RUN_ASK(name) run_##name
#define RUN_ENTER(name) NULL
static run_function *const runs[256] = {
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = RUN_##how(run),
#include "ops.def"
#undef OP
};

void execute(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    answer(outcome, OUTCOME_DONE, 0);
    runs[call->op->code](t, call, outcome);
}
