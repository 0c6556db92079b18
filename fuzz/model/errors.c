/* Codes and process errors: their names, and what userspace sees of them. Contract: E1, E2. */
#include "rules.h"

static const char *code_name(unsigned code)
{
    static const char *const names[] = { "OK",        "FAIL",     "BUSY",        "ALREADY", "OFF",
                                         "RESERVE",   "INVAL",    "SIZE",        "CANCEL",  "NOMEM",
                                         "NOSUPPORT", "NODEVICE", "UNINSTALLED", "NOACK" };
    return code < sizeof names / sizeof names[0] ? names[code] : "?";
}

const char *model_process_error_name(unsigned place)
{
    static const char *const names[] = {
        "OK",           "NO_SUCH_APP",  "OUT_OF_MEMORY", "ADDRESS_OUT_OF_BOUNDS",
        "INACTIVE_APP", "KERNEL_ERROR", "ALREADY_IN_USE"
    };
    return place < sizeof names / sizeof names[0] ? names[place] : "?";
}

const char *model_error_name(unsigned error)
{
    return error > PROCESS_ERRORS ? model_process_error_name(error - PROCESS_ERRORS)
                                  : code_name(error);
}

/* E2 */
int model_code_of(uint64_t process_error)
{
    switch (process_error) {
    case OK: return OK;
    case OUT_OF_MEMORY: return NOMEM;
    case NO_SUCH_APP:
    case ADDRESS_OUT_OF_BOUNDS: return INVAL;
    default: return FAIL;
    }
}

void predict_code_name(struct model *m, const struct call *call, struct prediction *p)
{
    (void)m;
    RULE("E1");
    answers(p, OUTCOME_DONE, 0);
    answers_with(p, 't', (uintptr_t)model_error_name((unsigned)call->args[0]));
}

void predict_process_error_name(struct model *m, const struct call *call, struct prediction *p)
{
    (void)m;
    RULE("E1");
    answers(p, OUTCOME_DONE, 0);
    answers_with(p, 't', (uintptr_t)model_process_error_name((unsigned)call->args[0]));
}

void predict_process_error_to_code(struct model *m, const struct call *call, struct prediction *p)
{
    (void)m;
    RULE("E2");
    answers(p, OUTCOME_CODE, model_code_of(call->args[0]));
}
