#include "rules.h"

void model_begin(struct model *m, struct model_far *far)
{
    m->far = far;
    m->granule = 1;
}

void model_reset(struct model *m)
{
    memset(m, 0, offsetof(struct model, cells));
    m->processes = m->written;
    m->foreign[MODEL_OTHER].live = true;
    memset(m->cells, 0, sizeof m->cells);
    memcpy(m->bytes, arena_pristine(), sizeof m->bytes);
}

void model_op_begin(struct model *m)
{
    m->refuse_now = m->refuse_next;
    m->refuse_next = 0;
    m->requests_seen = 0;
    m->widen_now = m->widen_next;
    m->widen_next.operand = 0;
    m->acts_now.count = 0;
    for (; m->acts_now.count < m->acts_next.count; m->acts_now.count++)
        m->acts_now.acts[m->acts_now.count] = m->acts_next.acts[m->acts_now.count];
    m->acts_next.count = 0;
    m->hooks_seen = 0;
    m->lookups.count = 0;
}

/* S6 */
void predict_return_to_user(struct model *m, const struct call *call, struct prediction *p)
{
    (void)call;
    RULE("S6");
    answers(p, OUTCOME_DONE, 0);
    calls_hook(m, p, HOOK_BARRIER);
}

static predict_function *const rules[256] = {
#define OP(code, NAME, text, since, operands, how, run, flags, rule, concern, origin, words, c)    \
    [code] = predict_##rule,
#include "ops.def"
#undef OP
};

void model_predict(struct model *m, const struct call *call, struct prediction *p)
{
    begin_prediction(p);
    rules[call->op->code](m, call, p);
    model_act_when_fetched(m, p);
}
