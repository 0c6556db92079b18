/* Grants, and drivers in them. Contract: G, L9. */
#include "rules.h"

bool model_find_driver_number(unsigned slot, uint64_t driver_number, unsigned *number_out)
{
    for (unsigned g = 0; g < MODEL_GRANT_COUNT; g++) {
        const struct model_grant *grant = &model.processes[slot].grants[g];
        if (grant->allocated && grant->driver_number == driver_number) {
            *number_out = g;
            return true;
        }
    }
    return false;
}

/* L9 */
static bool is_under_open_enter(unsigned slot, uint64_t addr, uint64_t len)
{
    for (unsigned d = 0; d < model.depth; d++)
        for (uint64_t at = addr; at < addr + len; at++)
            if (!model.open[d].foreign && model.open[d].slot == slot &&
                at - ARENA_BASE >= model.open[d].span.start &&
                at - ARENA_BASE < model.open[d].span.end)
                return true;
    return false;
}

/* G1, G2. Returns: OK, or why not. */
static int allocate_grant(unsigned slot, uint64_t number, uint64_t driver_number, uint64_t len,
                          uint64_t align, struct prediction *p)
{
    const struct model_process *process = &model.processes[slot];
    unsigned other;
    RULE("G2");
    if (!model_is_active(process))
        return PROCESS_ERRORS + INACTIVE_APP;
    if (number >= MODEL_GRANT_COUNT)
        return PROCESS_ERRORS + ADDRESS_OUT_OF_BOUNDS;
    if (process->grants[number].allocated || model_find_driver_number(slot, driver_number, &other))
        return ALREADY;
    RULE("G1");
    if (align < 2)
        align = 2;
    if (len > process->kernel_break)
        return PROCESS_ERRORS + OUT_OF_MEMORY;
    uint64_t addr = process->kernel_break - len;
    while (addr % align != 0)
        addr--;
    if (addr < process->app_break)
        return PROCESS_ERRORS + OUT_OF_MEMORY;
    RULE("L9");
    if (is_under_open_enter(slot, addr, len))
        return PROCESS_ERRORS + OUT_OF_MEMORY;
    RULE("G1");
    if (!port_agrees(p, slot, process->app_break, addr))
        return PROCESS_ERRORS + OUT_OF_MEMORY;
    struct model_process *changed = model_change(slot);
    changed->kernel_break = addr;
    changed->grants[number] = (struct model_grant){ true,
                                                    false,
                                                    (uint32_t)driver_number,
                                                    { (uint32_t)(addr - ARENA_BASE),
                                                      (uint32_t)(addr - ARENA_BASE + len) } };
    model_label_ram(slot);
    return OK;
}

/* G3. Returns: the process error. */
static int enter_grant(unsigned slot, uint64_t number, struct prediction *p)
{
    const struct model_process *process = &model.processes[slot];
    RULE("G3");
    if (!model_is_active(process))
        return INACTIVE_APP;
    if (number >= MODEL_GRANT_COUNT)
        return ADDRESS_OUT_OF_BOUNDS;
    if (!process->grants[number].allocated)
        return OUT_OF_MEMORY;
    if (process->grants[number].entered)
        return ALREADY_IN_USE;
    model_change_unseen(slot)->grants[number].entered = true;
    return OK;
}

/* G4, G5: enter a driver's grant, and make it on first use. Its memory is opened and closed. */
int model_begin_driver_grant(unsigned slot, const struct model_driver *driver, struct prediction *p)
{
    const unsigned number = driver->grant_number;
    int error = enter_grant(slot, number, p);
    const bool is_new = error == OUT_OF_MEMORY;
    if (is_new) {
        if (allocate_grant(slot, number, driver->driver_number, driver->len,
                           driver->data_align < 8 ? 8 : driver->data_align, p) != OK)
            return OUT_OF_MEMORY;
        error = enter_grant(slot, number, p);
    }
    RULE("G4");
    if (error != OK)
        return error;
    const struct span span = model.processes[slot].grants[number].span;
    struct model_slots *slots = &model.slots[slot][number];
    if (is_new) {
        RULE("G5");
        memset(slots, 0, sizeof *slots);
        slots->place = (struct span){ span.start, span.start + driver->data_offset };
        arena_set(&model.bytes[span.start], 0, span.end - span.start);
        may_write(p, span.start, span.end);
    }
    if (span.start != span.end)
        opens_and_closes(p, (uint64_t)ARENA_BASE + span.start, span.end - span.start, true);
    p->access.opaque = slots->place;
    return OK;
}

/* G6: how long so many slots are, before data that want this alignment. Slots want 8. */
static wide slots_len(uint64_t count, unsigned slot_len, uint64_t data_align)
{
    wide len = (wide)count * slot_len;
    while (len % 8 != 0 || len % data_align != 0)
        len++;
    return len;
}

/* A slot on the largest target, and on the smallest. */
enum { MOST_SLOT_LEN = 24, LEAST_SLOT_LEN = 16 };

bool model_declare_driver(const struct call *call, struct model_driver **driver_out)
{
    const uint64_t *args = call->args;
    struct model_driver *driver = &model.drivers[args[0]];
    const bool by_data = call->op->code == OP_DECLARE_DRIVER_WITH;
    const uint32_t data_align = by_data ? 1u << args[6] % 8 : 8;
    const uint32_t slots =
        (uint32_t)slots_len(args[3] % 4 + args[4] % 4, MOST_SLOT_LEN, data_align);
    const uint32_t len = by_data ? slots + (uint32_t)args[5] : (uint32_t)args[5] * 8;
    if (driver->declared || slots > len)
        return false;
    for (unsigned v = 0; v < TRACE_DRIVER_COUNT; v++)
        if (model.drivers[v].declared && model.drivers[v].grant_number == args[1])
            return false;
    for (unsigned s = 0; s < TRACE_MAX_PROCESSES && args[1] < MODEL_GRANT_COUNT; s++)
        if (model.processes[s].grants[args[1]].allocated)
            return false;
    *driver = (struct model_driver){ .declared = true,
                                     .grant_number = (uint32_t)args[1],
                                     .driver_number = (uint32_t)args[2],
                                     .slot_counts = { args[3] % 4, args[4] % 4 },
                                     .len = len,
                                     .data_align = data_align,
                                     .data_len = len - slots };
    *driver_out = driver;
    return true;
}

/* What does not fit into memory is longer than anything there. Where that depends on how long slots are,
 * it depends on the target: no trace asks. */
void predict_grant_len(const struct call *call, struct prediction *p)
{
    const uint64_t count = call->args[0] + call->args[1],
                   data_align = (uint64_t)1 << call->args[3] % 8;
    const wide most = slots_len(count, MOST_SLOT_LEN, data_align) + call->args[2];
    const wide least = slots_len(count, LEAST_SLOT_LEN, data_align) + call->args[2];
    RULE("G6");
    answers(p, OUTCOME_SKIPPED, 0);
    if (least >= ADDRESS_SPACE - 1) {
        answers(p, OUTCOME_NO, 0);
    } else if (most < ADDRESS_SPACE - 1) {
        answers(p, OUTCOME_YES, 0);
        answers_with(p, 'l', call->args[2]);
    }
}

const struct model_open *model_current_driver(void)
{
    for (unsigned d = model.depth; d-- > 0;)
        if (model.open[d].of_grant)
            return &model.open[d];
    return NULL;
}

void predict_grant_op(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    const struct model_process *process = &model.processes[slot];
    unsigned number;
    answers(p, OUTCOME_SKIPPED, 0);
    if (!process->used)
        return;
    if (call->op->code == OP_LOOKUP_DRIVER) {
        RULE("G2");
        const bool found = model_find_driver_number(slot, call->args[1], &number);
        answers(p, found ? OUTCOME_YES : OUTCOME_NO, 0);
        if (found)
            answers_with(p, 'u', number);
    } else if (call->op->code == OP_ENTER_GRANT) {
        const int error = enter_grant(slot, call->args[1], p);
        answers(p, OUTCOME_PROCESS_ERROR, error);
        if (error == OK)
            answers_with(p, 'a', (uint64_t)ARENA_BASE + process->grants[call->args[1]].span.start);
    } else {
        const uint64_t align = call->args[4];
        for (unsigned v = 0; v < TRACE_DRIVER_COUNT; v++)
            if (model.drivers[v].declared && model.drivers[v].grant_number == call->args[1])
                return; /* that driver's to allocate */
        RULE("G1");
        if (align == 0 || (align & (align - 1)) != 0)
            panics(p);
        else
            answers_why(
                p, allocate_grant(slot, call->args[1], call->args[2], call->args[3], align, p));
    }
}

void predict_leave_grant(const struct call *call, struct prediction *p)
{
    const struct model_id *id = &model.ids[call->args[0]];
    RULE("G3");
    answers(p, OUTCOME_DONE, 0);
    for (unsigned d = 0; d < model.depth; d++)
        if (model.open[d].of_grant &&
            model.drivers[model.open[d].driver].grant_number == call->args[1])
            answers(p, OUTCOME_SKIPPED, 0); /* a kernel leaves only what it entered itself */
    if (p->outcome.kind == OUTCOME_DONE && model_id_is_live(id) && !id->foreign &&
        model_is_active(&model.processes[id->slot]) && call->args[1] < MODEL_GRANT_COUNT)
        model_change_unseen(id->slot)->grants[call->args[1]].entered = false;
}

void predict_driver_enter(const struct call *call, struct prediction *p)
{
    const struct model_driver *driver = &model.drivers[call->args[0]];
    const struct model_id *id = &model.ids[call->args[1]];
    RULE("G4");
    answers(p, OUTCOME_SKIPPED, 0);
    if (model.depth == TRACE_MAX_DEPTH || !driver->declared)
        return;
    if (id->foreign || !model_id_is_live(id))
        answers(p, OUTCOME_PROCESS_ERROR, NO_SUCH_APP);
    else
        answers(p, OUTCOME_PROCESS_ERROR, model_begin_driver_grant(id->slot, driver, p));
}

/* After the life of the driver's process ended its slots may hold anything: nobody asks then. */
void predict_read_slot(const struct call *call, struct prediction *p)
{
    const unsigned kind = call->op->code == OP_READ_READWRITE;
    const struct model_open *open = model_current_driver();
    const uint64_t number = call->args[1];
    RULE("G4");
    answers(p, OUTCOME_SKIPPED, 0);
    if (open == NULL || !model_is_live(open->slot, open->identifier))
        return;
    const struct model_driver *driver = &model.drivers[open->driver];
    if (number >= driver->slot_counts[kind]) {
        answers(p, OUTCOME_PROCESS_ERROR, ADDRESS_OUT_OF_BOUNDS);
        return;
    }
    RULE("G5");
    const struct model_slots *slots = &model.slots[open->slot][driver->grant_number];
    answers(p, OUTCOME_PROCESS_ERROR, OK);
    may_read(p, slots->place.start, slots->place.end);
    const struct model_buffer buffer = { .filled = true,
                                         .built = true,
                                         .slot = open->slot,
                                         .identifier = open->identifier,
                                         .addr = slots->held[kind][number].addr,
                                         .len = slots->held[kind][number].len,
                                         .from_slot = true,
                                         .grant_number = driver->grant_number,
                                         .kind = kind,
                                         .number = (unsigned)number,
                                         .swaps = slots->swaps[kind][number] };
    model_fill_buffer((unsigned)call->args[0] + (kind ? TRACE_BUFFER_COUNT : 0), &buffer);
}
