/* Buffers: building, holding, entering. Contract: B, H. */
#include "rules.h"

void model_fill_buffer(struct model *m, unsigned number, const struct model_buffer *buffer)
{
    m->buffers[number] = *buffer;
    m->filled_buffers &= ~(1u << number);
    m->filled_buffers |= (unsigned)buffer->filled << number;
}

/* H6 for a slot of the kernel's, and then M4. */
static bool is_kept(struct model *m, const struct model_buffer *buffer, bool asks)
{
    if (buffer->from_kernel_slot &&
        m->kernel_slots[buffer->kind][buffer->number].swaps != buffer->swaps)
        return false;
    return !buffer->rechecked || buffer->len == 0 ||
           model_map_permits(m, buffer->map, buffer->addr, buffer->len, buffer->writable, asks);
}

bool model_buffer_is_live(struct model *m, const struct model_buffer *buffer)
{
    if (!buffer->filled || !model_goes_on(m, buffer->foreign, buffer->slot, buffer->identifier))
        return false;
    if (buffer->foreign)
        return is_kept(m, buffer, false);
    if (!buffer->from_slot)
        return true;
    const struct model_slots *slots = model_slots(m, buffer->slot, buffer->grant_number);
    return slots->swaps[buffer->kind][buffer->number] == buffer->swaps; /* H6 */
}

bool model_asks_whether_live(struct model *m, const struct model_buffer *buffer,
                             struct prediction *p)
{
    if (buffer->filled && buffer->from_slot && model_is_live(m, buffer->slot, buffer->identifier)) {
        struct model_slots *slots = model_slots(m, buffer->slot, buffer->grant_number);
        const struct span place = slots->place;
        RULE("H6");
        opens_and_closes(m, p, (uint64_t)ARENA_BASE + place.start, place.end - place.start, false);
        for (unsigned h = p->access.hook_count - 2; h < p->access.hook_count; h++)
            p->access.hooks[h].part = &slots->counters[buffer->kind][buffer->number];
        slots->shown[buffer->kind][buffer->number] = true;
        may_read(p, place.start, place.end);
    }
    if (buffer->filled && buffer->foreign && (buffer->rechecked || buffer->from_kernel_slot)) {
        RULE("M4");
        return model_goes_on(m, true, buffer->slot, buffer->identifier) && is_kept(m, buffer, true);
    }
    return model_buffer_is_live(m, buffer);
}

/* Swaps that a slot has left in any case: no one lives to see the last of 2^64. */
static const uint64_t swaps_left = (uint64_t)1 << 32;

/* Where the swaps are counted of the slot that a buffer was read from. Returns: null if it was read from none, or from a
 * grant that is gone or that the library has not looked into. */
static uint64_t *counted_swaps(struct model *m, const struct model_buffer *buffer)
{
    if (buffer->filled && buffer->from_kernel_slot)
        return &m->kernel_slots[buffer->kind][buffer->number].swaps;
    if (!buffer->filled || !buffer->from_slot ||
        !model_is_live(m, buffer->slot, buffer->identifier))
        return NULL;
    struct model_slots *slots = model_slots(m, buffer->slot, buffer->grant_number);
    return slots->shown[buffer->kind][buffer->number] ? &slots->swaps[buffer->kind][buffer->number]
                                                      : NULL;
}

void predict_skip_swaps(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_buffer *buffer = &m->buffers[call->args[0]];
    const uint64_t count = ((uint64_t)1 << call->args[1]) - 1;
    uint64_t *swaps = counted_swaps(m, buffer);
    skips(p, "T5");
    if (swaps == NULL || *swaps > UINT64_MAX - swaps_left - count)
        return;
    *swaps += count;
    RULE("H6");
    answers(p, OUTCOME_DONE, 0);
}

/* B1 to B4. Returns: the code. */
int model_share(struct model *m, unsigned slot, uint64_t addr, uint64_t len, bool writable,
                struct prediction *p)
{
    const struct model_process *process = &m->processes[slot];
    RULE("B1");
    if (!model_is_active(process))
        return FAIL;
    RULE("B2");
    if (len == 0)
        return OK;
    RULE("B3");
    if (model_app_owned(m, slot, addr, len)) {
        RULE("B4");
        if (addr + len > process->mark)
            model_change(m, slot)->mark = addr + len;
        return OK;
    }
    return !writable && model_in_flash(m, slot, addr, len) ? OK : INVAL;
}

/* B6: memory that stays accessible for the whole life: below the mark, or readable flash. */
static bool may_be_vouched_for(const struct model *m, unsigned slot, uint64_t addr, uint64_t len,
                               bool writable)
{
    const struct model_process *process = &m->processes[slot];
    if (len == 0)
        return true;
    if (model_app_owned(m, slot, addr, len) && addr + len <= process->mark)
        return true;
    return !writable && model_in_flash(m, slot, addr, len);
}

/* Fill the register that the operation names first. */
static void holds(struct model *m, const struct call *call, bool built)
{
    const struct model_buffer buffer = { .filled = true,
                                         .built = built,
                                         .slot = (unsigned)call->args[1],
                                         .identifier = m->processes[call->args[1]].identifier,
                                         .addr = call->args[2],
                                         .len = call->args[3] };
    model_fill_buffer(m, model_buffer_named(call, 0), &buffer);
}

/* Whether the register that the operation fills is one to write through. */
static bool fills_readwrite(const struct call *call)
{
    return op_table[call->op->code].operands[0] == 'W';
}

void predict_build(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[1];
    if (model_is_empty_slot(m, slot, p))
        return;
    answers(p, OUTCOME_CODE,
            model_share(m, slot, call->args[2], call->args[3], fills_readwrite(call), p));
    if (p->outcome.status == OK)
        holds(m, call, true);
}

void predict_external(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[1];
    if (model_is_empty_slot(m, slot, p))
        return;
    if (!may_be_vouched_for(m, slot, call->args[2], call->args[3], fills_readwrite(call))) {
        skips(p, "R14");
        return;
    }
    RULE("B6");
    answers(p, OUTCOME_DONE, 0);
    holds(m, call, false);
}

void predict_len(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_buffer *buffer = &m->buffers[model_buffer_named(call, 0)];
    RULE("H1");
    answers(p, OUTCOME_DONE, 0);
    answers_with(p, 'l', model_asks_whether_live(m, buffer, p) ? buffer->len : 0);
}

void predict_ptr(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_buffer *buffer = &m->buffers[model_buffer_named(call, 0)];
    RULE("H1");
    answers(p, OUTCOME_DONE, 0);
    answers_with(p, 'a', buffer->len == 0 ? 0 : buffer->addr);
}

void predict_consume(struct model *m, const struct call *call, struct prediction *p)
{
    static const struct model_buffer none;
    const struct model_buffer *buffer = &m->buffers[model_buffer_named(call, 0)];
    RULE("H3");
    answers(p, OUTCOME_DONE, 0);
    answers_with(p, 'a', buffer->addr);
    answers_with(p, 'l', buffer->len);
    model_fill_buffer(m, model_buffer_named(call, 0), &none);
}

void predict_copy_handle(struct model *m, const struct call *call, struct prediction *p)
{
    RULE("H7");
    answers(p, OUTCOME_DONE, 0);
    model_fill_buffer(m, model_buffer_named(call, 0), &m->buffers[model_buffer_named(call, 1)]);
}

/* H2. The body is the machine's to run: model_enter() and model_leave() bracket it. */
void predict_enter(struct model *m, const struct call *call, struct prediction *p)
{
    const bool writable = call->op->code == OP_MUT_ENTER;
    const struct model_buffer *buffer = &m->buffers[model_buffer_named(call, 0)];
    RULE("H2");
    if (m->depth == model_max_depth(m)) {
        skips(p, "T1");
        return;
    }
    if (!model_asks_whether_live(m, buffer, p)) {
        answers(p, OUTCOME_PROCESS_ERROR, NO_SUCH_APP);
        return;
    }
    answers(p, OUTCOME_PROCESS_ERROR, OK);
    if (buffer->len != 0)
        opens_and_closes(m, p, buffer->addr, buffer->len, writable);
}

struct model_slice model_slice_of(uint64_t addr, uint64_t len, bool writable)
{
    struct model_slice slice = { .valid = true, .writable = writable, .dummy = len == 0 };
    if (len == 0) {
        slice.wild = addr;
    } else {
        slice.span.start = (uint32_t)(addr - ARENA_BASE);
        slice.span.end = slice.span.start + (uint32_t)len;
    }
    return slice;
}

static struct model_open *open_body(struct model *m, unsigned slot, bool foreign, struct span span)
{
    struct model_open *open = &m->open[m->depth++];
    *open = (struct model_open){ .slot = slot, .foreign = foreign, .span = span };
    if (!foreign)
        model_change_unseen(m, slot)->open_enters++;
    return open;
}

void model_enter(struct model *m, unsigned buffer_register, unsigned slice_register, bool writable)
{
    const struct model_buffer *buffer = &m->buffers[buffer_register];
    struct model_slice slice = model_slice_of(buffer->addr, buffer->len, writable);
    open_body(m, buffer->slot, buffer->foreign, slice.span);
    slice.depth = m->depth;
    m->slices[slice_register] = slice;
}

/* The body of a driver's enter has the grant's data. */
void model_enter_driver(struct model *m, unsigned v, unsigned slot, unsigned slice_register)
{
    const struct model_driver *driver = &m->drivers[v];
    const struct span span = model_grant(m, slot, driver->grant_number)->span;
    struct model_open *open = open_body(m, slot, false, span);
    open->of_grant = true;
    open->driver = v;
    open->identifier = m->processes[slot].identifier;
    m->slices[slice_register] =
        (struct model_slice){ .valid = true,
                              .writable = true,
                              .dummy = driver->len == driver->data_offset,
                              .depth = m->depth,
                              .span = { span.start + driver->data_offset,
                                        span.start + driver->data_offset + driver->data_len } };
}

/* G3 */
static void leave_drivers_grant(struct model_grant *grant)
{
    grant->entered = grant->entered_by_driver = false;
}

/* H4: slices end with the enter that they came from. */
void model_leave(struct model *m)
{
    for (unsigned s = 0; s < TRACE_SLICE_COUNT; s++)
        if (m->slices[s].depth >= m->depth)
            m->slices[s].valid = false;
    struct model_open *open = &m->open[--m->depth];
    if (!open->foreign) {
        struct model_process *process = model_change_unseen(m, open->slot);
        process->open_enters--;
        if (open->of_grant && process->identifier == open->identifier && model_is_active(process))
            leave_drivers_grant(model_grant(m, open->slot, m->drivers[open->driver].grant_number));
    }
    memset(open, 0, sizeof *open);
}
