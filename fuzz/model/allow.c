/* The allow system calls, and set_byte. Contract: A. */
#include "rules.h"

/* A1 after the build. Returns: the code. */
static int swap_slot(struct model *m, unsigned slot, const struct model_driver *driver,
                     unsigned kind, uint64_t number, struct model_range *range,
                     struct prediction *p)
{
    RULE("A1");
    const int error = model_begin_driver_grant(m, slot, (unsigned)(driver - m->drivers), p);
    if (error != OK)
        return error == KERNELS_MISTAKE ? error : NOMEM;
    struct model_slots *slots = model_slots(m, slot, driver->grant_number);
    struct model_grant *grant = model_grant(m, slot, driver->grant_number);
    grant->entered = grant->entered_by_driver = false;
    may_read(p, slots->place.start, slots->place.end);
    if (number >= driver->slot_counts[kind])
        return NOSUPPORT;
    RULE("A2");
    const int kept = model_slot_kept(number);
    const struct model_range old = slots->held[kind][kept];
    may_write(p, slots->place.start, slots->place.end);
    slots->held[kind][kept] = *range;
    slots->swaps[kind][kept]++;
    *range = old;
    return OK;
}

int model_answer(uint64_t number)
{
    return (int)(number < 256 ? number % 14 : PROCESS_ERRORS + 1 + number % 6);
}

/* A3. Returns: the code. */
static int decide(struct model *m, const struct call *call, struct model_range *range,
                  struct prediction *p)
{
    struct model_driver *driver = &m->drivers[call->args[1]];
    const struct model_range old = driver->held;
    const int status = model_answer(call->args[2]);
    RULE("A3");
    if (status == OK) {
        driver->held = *range;
        *range = old;
    }
    RULE("E2");
    return status > PROCESS_ERRORS ? model_code_of((uint64_t)status - PROCESS_ERRORS) : status;
}

static void answers_allow(struct prediction *p, int status, const struct model_range *range)
{
    answers(p, OUTCOME_CODE, status);
    p->outcome.value_count = 0;
    answers_with(p, 'a', range->addr);
    answers_with(p, 'l', range->len);
}

void model_driver_answers(struct model *m, const struct call *call, struct prediction *p)
{
    struct model_range range = { call->args[3], call->args[4] };
    const int status = decide(m, call, &range, p);
    m->asked--;
    answers_allow(p, status, &range);
}

/* A1 up to where the ways of the calls part. Returns: whether the buffer is there, for `driver_out`. */
static bool shares(struct model *m, const struct call *call, bool writable,
                   struct model_range *range_out, struct model_driver **driver_out,
                   struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    struct model_driver *driver = &m->drivers[call->args[1]];
    const struct model_range range = { call->args[3], call->args[4] };
    int status = NODEVICE;
    RULE("A1");
    if (model_is_empty_slot(m, slot, p))
        return false;
    if (driver->declared)
        status = model_share(m, slot, range.addr, range.len, writable, p);
    answers_allow(p, status, &range);
    *range_out = range;
    *driver_out = driver;
    return status == OK;
}

void predict_allow_slot(struct model *m, const struct call *call, struct prediction *p)
{
    const bool writable = call->op->code == OP_ALLOW_READWRITE;
    struct model_range range;
    struct model_driver *driver = &m->drivers[call->args[1]];
    if (driver->declared && is_slot_between(driver, writable, call->args[2])) {
        skips(p, "T4"); /* of 300 slots the model keeps eight */
        return;
    }
    if (!shares(m, call, writable, &range, &driver, p))
        return;
    const int status =
        swap_slot(m, (unsigned)call->args[0], driver, writable, call->args[2], &range, p);
    if (status != KERNELS_MISTAKE)
        answers_allow(p, status, &range);
}

void predict_allow_userspace_readable(struct model *m, const struct call *call,
                                      struct prediction *p)
{
    struct model_range range;
    struct model_driver *driver;
    if (!shares(m, call, true, &range, &driver, p))
        return;
    const int status = decide(m, call, &range, p);
    answers_allow(p, status, &range);
}

/* What the driver answers, comes when it has acted. */
void predict_allow_userspace_readable_with(struct model *m, const struct call *call,
                                           struct prediction *p)
{
    struct model_range range;
    struct model_driver *driver;
    if (m->processes[call->args[0]].used && m->asked == model_max_depth(m))
        skips(p, "T1");
    else if (shares(m, call, true, &range, &driver, p))
        m->asked++;
}

/* A4 */
void predict_set_byte(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    const uint64_t addr = call->args[1];
    RULE("A4");
    if (model_is_empty_slot(m, slot, p))
        return;
    if (!model_app_owned(m, slot, addr, 1)) {
        answers(p, OUTCOME_NO, 0);
    } else {
        const uint32_t at = (uint32_t)(addr - ARENA_BASE);
        answers(p, OUTCOME_YES, 0);
        opens_and_closes(m, p, addr, 1, true);
        may_write(p, at, at + 1);
        m->bytes[at] = (uint8_t)call->args[2]; /* after what userspace writes at the hook */
    }
}
