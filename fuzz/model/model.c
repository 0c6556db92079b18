#include "rules.h"

struct model model;
struct model_far model_far;
struct model_buffer model_rows[2][TRACE_MOST_COPIED];
uint32_t model_granule = 1;
bool model_eighths;

void model_reset(void)
{
    memset(&model, 0, offsetof(struct model, cells));
    model.processes = model.written;
    model.foreign[MODEL_OTHER].live = true;
    memset(model.cells, 0, sizeof model.cells);
    memcpy(model.bytes, arena_pristine, sizeof model.bytes);
}

void model_op_begin(void)
{
    model.refuse_now = model.refuse_next;
    model.refuse_next = 0;
    model.requests_seen = 0;
    model.widen_now = model.widen_next;
    model.widen_next.operand = 0;
    model.acts_now.count = 0;
    for (; model.acts_now.count < model.acts_next.count; model.acts_now.count++)
        model.acts_now.acts[model.acts_now.count] = model.acts_next.acts[model.acts_now.count];
    model.acts_next.count = 0;
    model.hooks_seen = 0;
    model.lookups.count = 0;
}

/* S6 */
void predict_return_to_user(const struct call *call, struct prediction *p)
{
    (void)call;
    RULE("S6");
    answers(p, OUTCOME_DONE, 0);
    calls_hook(p, HOOK_BARRIER);
}

static predict_function *const rules[256] = {
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = predict_##rule,
#include "ops.def"
#undef OP
};

void model_predict(const struct call *call, struct prediction *p)
{
    begin_prediction(p);
    rules[call->op->code](call, p);
    model_act_when_fetched(p);
}
