/* Buffers: building, holding, entering. Contract: B, H. */
#include "rules.h"

void model_fill_buffer(unsigned number, const struct model_buffer *buffer)
{
    model.buffers[number] = *buffer;
    model.filled_buffers &= ~(1u << number);
    model.filled_buffers |= (unsigned)buffer->filled << number;
}

/* H6 for a slot of the kernel's, and then M4. */
static bool is_kept(const struct model_buffer *buffer, bool asks)
{
    if (buffer->from_kernel_slot &&
        model.kernel_slots[buffer->kind][buffer->number].swaps != buffer->swaps)
        return false;
    return !buffer->rechecked || buffer->len == 0 ||
           model_map_permits(buffer->map, buffer->addr, buffer->len, buffer->writable, asks);
}

bool model_buffer_is_live(const struct model_buffer *buffer)
{
    const struct model_id id = { buffer->filled, buffer->foreign, buffer->slot,
                                 buffer->identifier };
    if (!model_id_is_live(&id))
        return false;
    if (buffer->foreign)
        return is_kept(buffer, false);
    if (!buffer->from_slot)
        return true;
    const struct model_slots *slots = model_slots(buffer->slot, buffer->grant_number);
    return slots->swaps[buffer->kind][buffer->number] == buffer->swaps; /* H6 */
}

bool model_asks_whether_live(const struct model_buffer *buffer, struct prediction *p)
{
    if (buffer->filled && buffer->from_slot && model_is_live(buffer->slot, buffer->identifier)) {
        struct model_slots *slots = model_slots(buffer->slot, buffer->grant_number);
        const struct span place = slots->place;
        RULE("H6");
        opens_and_closes(p, (uint64_t)ARENA_BASE + place.start, place.end - place.start, false);
        for (unsigned h = p->access.hook_count - 2; h < p->access.hook_count; h++)
            p->access.hooks[h].part = &slots->counters[buffer->kind][buffer->number];
        slots->shown[buffer->kind][buffer->number] = true;
        may_read(p, place.start, place.end);
    }
    if (buffer->filled && buffer->foreign && (buffer->rechecked || buffer->from_kernel_slot)) {
        const struct model_id id = { true, true, buffer->slot, buffer->identifier };
        RULE("M4");
        return model_id_is_live(&id) && is_kept(buffer, true);
    }
    return model_buffer_is_live(buffer);
}

/* Swaps that a slot has left in any case: no one lives to see the last of 2^64. */
static const uint64_t swaps_left = (uint64_t)1 << 32;

/* Where the swaps are counted of the slot that a buffer was read from. Returns: null if it was read from none, or from a
 * grant that is gone or that the library has not looked into. */
static uint64_t *counted_swaps(const struct model_buffer *buffer)
{
    if (buffer->filled && buffer->from_kernel_slot)
        return &model.kernel_slots[buffer->kind][buffer->number].swaps;
    if (!buffer->filled || !buffer->from_slot || !model_is_live(buffer->slot, buffer->identifier))
        return NULL;
    struct model_slots *slots = model_slots(buffer->slot, buffer->grant_number);
    return slots->shown[buffer->kind][buffer->number] ? &slots->swaps[buffer->kind][buffer->number]
                                                      : NULL;
}

void predict_skip_swaps(const struct call *call, struct prediction *p)
{
    const struct model_buffer *buffer = &model.buffers[call->args[0]];
    const uint64_t count = ((uint64_t)1 << call->args[1]) - 1;
    uint64_t *swaps = counted_swaps(buffer);
    skips(p, "T5");
    if (swaps == NULL || *swaps > UINT64_MAX - swaps_left - count)
        return;
    *swaps += count;
    RULE("H6");
    answers(p, OUTCOME_DONE, 0);
}

/* B1 to B4. Returns: the code. */
int model_share(unsigned slot, uint64_t addr, uint64_t len, bool writable, struct prediction *p)
{
    const struct model_process *process = &model.processes[slot];
    RULE("B1");
    if (!model_is_active(process))
        return FAIL;
    RULE("B2");
    if (len == 0)
        return OK;
    RULE("B3");
    if (model_app_owned(slot, addr, len)) {
        RULE("B4");
        if (addr + len > process->mark)
            model_change(slot)->mark = addr + len;
        return OK;
    }
    return !writable && model_in_flash(slot, addr, len) ? OK : INVAL;
}

/* B6: memory that stays accessible for the whole life: below the mark, or readable flash. */
static bool may_be_vouched_for(unsigned slot, uint64_t addr, uint64_t len, bool writable)
{
    const struct model_process *process = &model.processes[slot];
    if (len == 0)
        return true;
    if (model_app_owned(slot, addr, len) && addr + len <= process->mark)
        return true;
    return !writable && model_in_flash(slot, addr, len);
}

/* Fill the register that the operation names first. */
static void holds(const struct call *call, bool built)
{
    const struct model_buffer buffer = { .filled = true,
                                         .built = built,
                                         .slot = (unsigned)call->args[1],
                                         .identifier = model.processes[call->args[1]].identifier,
                                         .addr = call->args[2],
                                         .len = call->args[3] };
    model_fill_buffer(model_buffer_named(call, 0), &buffer);
}

/* Whether the register that the operation fills is one to write through. */
static bool fills_readwrite(const struct call *call)
{
    return op_table[call->op->code].operands[0] == 'W';
}

void predict_build(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[1];
    if (model_is_empty_slot(slot, p))
        return;
    answers(p, OUTCOME_CODE,
            model_share(slot, call->args[2], call->args[3], fills_readwrite(call), p));
    if (p->outcome.status == OK)
        holds(call, true);
}

void predict_external(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[1];
    if (model_is_empty_slot(slot, p))
        return;
    if (!may_be_vouched_for(slot, call->args[2], call->args[3], fills_readwrite(call))) {
        skips(p, "R14");
        return;
    }
    RULE("B6");
    answers(p, OUTCOME_DONE, 0);
    holds(call, false);
}

void predict_len(const struct call *call, struct prediction *p)
{
    const struct model_buffer *buffer = &model.buffers[model_buffer_named(call, 0)];
    RULE("H1");
    answers(p, OUTCOME_DONE, 0);
    answers_with(p, 'l', model_asks_whether_live(buffer, p) ? buffer->len : 0);
}

void predict_ptr(const struct call *call, struct prediction *p)
{
    const struct model_buffer *buffer = &model.buffers[model_buffer_named(call, 0)];
    RULE("H1");
    answers(p, OUTCOME_DONE, 0);
    answers_with(p, 'a', buffer->len == 0 ? 0 : buffer->addr);
}

void predict_consume(const struct call *call, struct prediction *p)
{
    static const struct model_buffer none;
    const struct model_buffer *buffer = &model.buffers[model_buffer_named(call, 0)];
    RULE("H3");
    answers(p, OUTCOME_DONE, 0);
    answers_with(p, 'a', buffer->addr);
    answers_with(p, 'l', buffer->len);
    model_fill_buffer(model_buffer_named(call, 0), &none);
}

void predict_copy_handle(const struct call *call, struct prediction *p)
{
    RULE("H7");
    answers(p, OUTCOME_DONE, 0);
    model_fill_buffer(model_buffer_named(call, 0), &model.buffers[model_buffer_named(call, 1)]);
}

/* H2. The body is the machine's to run: model_enter() and model_leave() bracket it. */
void predict_enter(const struct call *call, struct prediction *p)
{
    const bool writable = call->op->code == OP_MUT_ENTER;
    const struct model_buffer *buffer = &model.buffers[model_buffer_named(call, 0)];
    RULE("H2");
    if (model.depth == model_max_depth()) {
        skips(p, "T1");
        return;
    }
    if (!model_asks_whether_live(buffer, p)) {
        answers(p, OUTCOME_PROCESS_ERROR, NO_SUCH_APP);
        return;
    }
    answers(p, OUTCOME_PROCESS_ERROR, OK);
    if (buffer->len != 0)
        opens_and_closes(p, buffer->addr, buffer->len, writable);
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

static struct model_open *open_body(unsigned slot, bool foreign, struct span span)
{
    struct model_open *open = &model.open[model.depth++];
    *open = (struct model_open){ .slot = slot, .foreign = foreign, .span = span };
    if (!foreign)
        model_change_unseen(slot)->open_enters++;
    return open;
}

void model_enter(unsigned buffer_register, unsigned slice_register, bool writable)
{
    const struct model_buffer *buffer = &model.buffers[buffer_register];
    struct model_slice slice = model_slice_of(buffer->addr, buffer->len, writable);
    open_body(buffer->slot, buffer->foreign, slice.span);
    slice.depth = model.depth;
    model.slices[slice_register] = slice;
}

/* The body of a driver's enter has the grant's data. */
void model_enter_driver(unsigned v, unsigned slot, unsigned slice_register)
{
    const struct model_driver *driver = &model.drivers[v];
    const struct span span = model_grant(slot, driver->grant_number)->span;
    struct model_open *open = open_body(slot, false, span);
    open->of_grant = true;
    open->driver = v;
    open->identifier = model.processes[slot].identifier;
    model.slices[slice_register] =
        (struct model_slice){ .valid = true,
                              .writable = true,
                              .dummy = driver->len == driver->data_offset,
                              .depth = model.depth,
                              .span = { span.start + driver->data_offset,
                                        span.start + driver->data_offset + driver->data_len } };
}

/* G3 */
static void leave_drivers_grant(struct model_grant *grant)
{
    grant->entered = grant->entered_by_driver = false;
}

/* H4: slices end with the enter that they came from. */
void model_leave(void)
{
    for (unsigned s = 0; s < TRACE_SLICE_COUNT; s++)
        if (model.slices[s].depth >= model.depth)
            model.slices[s].valid = false;
    struct model_open *open = &model.open[--model.depth];
    if (!open->foreign) {
        struct model_process *process = model_change_unseen(open->slot);
        process->open_enters--;
        if (open->of_grant && process->identifier == open->identifier && model_is_active(process))
            leave_drivers_grant(model_grant(open->slot, model.drivers[open->driver].grant_number));
    }
    memset(open, 0, sizeof *open);
}
