/* Grants, and drivers in them. Contract: G, L9. */
#include "rules.h"

bool model_find_driver_number(struct model *m, unsigned slot, uint64_t driver_number,
                              unsigned *number_out)
{
    for (unsigned g = 0; g < model_grant_count(m); g++) {
        const struct model_grant *grant = model_grant(m, slot, g);
        if (grant->allocated && grant->driver_number == driver_number) {
            *number_out = g;
            return true;
        }
    }
    return false;
}

/* L9: a byte of [start, end) is one of an open enter on the process, or of an open grant. */
bool model_is_under_open_enter(const struct model *m, unsigned slot, uint64_t start, uint64_t end,
                               bool grants_only)
{
    for (unsigned d = 0; d < m->depth; d++) {
        const struct model_open *open = &m->open[d];
        if (open->foreign || open->slot != slot || (grants_only && !open->of_grant))
            continue;
        for (uint64_t at = open->span.start; at < open->span.end; at++)
            if (ARENA_BASE + at >= start && ARENA_BASE + at < end)
                return true;
    }
    return false;
}

/* G1, G2. `driver`: whose it is; null for the process level. Returns: OK, or why not. */
static int allocate_grant(struct model *m, unsigned slot, uint64_t number,
                          const struct model_driver *driver, uint64_t driver_number, uint64_t len,
                          uint64_t align, struct prediction *p)
{
    const struct model_process *process = &m->processes[slot];
    unsigned other;
    RULE("G2");
    if (!model_is_active(process))
        return PROCESS_ERRORS + INACTIVE_APP;
    if (number >= model_grant_count(m))
        return PROCESS_ERRORS + ADDRESS_OUT_OF_BOUNDS;
    if (model_grant(m, slot, number)->allocated ||
        model_find_driver_number(m, slot, driver_number, &other))
        return ALREADY;
    RULE("G1");
    if (align < 2)
        align = 2;
    if (len > process->kernel_break)
        return PROCESS_ERRORS + OUT_OF_MEMORY;
    uint64_t addr = process->kernel_break - len;
    addr -= addr % align;
    if (addr < process->app_break)
        return PROCESS_ERRORS + OUT_OF_MEMORY;
    RULE("L9");
    if (model_is_under_open_enter(m, slot, addr, addr + len, false))
        return PROCESS_ERRORS + OUT_OF_MEMORY;
    RULE("G1");
    if (!asks_port(m, p, slot, process->app_break, addr)->answer)
        return PROCESS_ERRORS + OUT_OF_MEMORY;
    model_change(m, slot)->kernel_break = addr;
    *model_grant(m, slot, number) = (struct model_grant){
        .allocated = true,
        .is_drivers = driver != NULL,
        .driver = driver != NULL ? (unsigned)(driver - m->drivers) : 0,
        .driver_number = (uint32_t)driver_number,
        .span = { (uint32_t)(addr - ARENA_BASE), (uint32_t)(addr - ARENA_BASE + len) },
    };
    model_label_ram(m, slot);
    return OK;
}

/* G3. Returns: the process error. */
static int enter_grant(struct model *m, unsigned slot, uint64_t number, struct prediction *p)
{
    const struct model_process *process = &m->processes[slot];
    RULE("G3");
    if (!model_is_active(process))
        return INACTIVE_APP;
    if (number >= model_grant_count(m))
        return ADDRESS_OUT_OF_BOUNDS;
    struct model_grant *grant = model_grant(m, slot, number);
    if (!grant->allocated)
        return OUT_OF_MEMORY;
    if (grant->entered)
        return ALREADY_IN_USE;
    grant->entered = true;
    return OK;
}

/* A new grant's slots: none was ever allowed (G5). What an enter of an earlier life may still read of
 * the same number is kept for it. */
static void make_slots(struct model *m, unsigned slot, const struct model_driver *driver,
                       struct prediction *p)
{
    const unsigned number = driver->grant_number;
    const struct span span = model_grant(m, slot, number)->span;
    struct model_slots *slots = model_slots(m, slot, number);
    for (unsigned d = 0; d < m->depth; d++) {
        struct model_open *open = &m->open[d];
        if (open->of_grant && !open->outlived && open->slot == slot &&
            m->drivers[open->driver].grant_number == number) {
            open->outlived = true;
            open->slots = *slots;
        }
    }
    RULE("G5");
    memset(slots, 0, sizeof *slots);
    slots->place = (struct span){ span.start, span.start + driver->data_offset };
    arena_set(&m->bytes[span.start], 0, span.end - span.start);
    may_write(p, span.start, span.end);
}

/* G4: enter a driver's grant, and make it on first use. Its memory is opened and closed. */
int model_begin_driver_grant(struct model *m, unsigned slot, unsigned v, struct prediction *p)
{
    const struct model_driver *driver = &m->drivers[v];
    const struct model_process *process = &m->processes[slot];
    const unsigned number = driver->grant_number;
    RULE("G4");
    if (!model_is_active(process))
        return INACTIVE_APP;
    if (number >= model_grant_count(m)) {
        panics(m, p, "R7");
        return KERNELS_MISTAKE;
    }
    struct model_grant *grant = model_grant(m, slot, number);
    const bool is_new = !grant->allocated;
    if (is_new && allocate_grant(m, slot, number, driver, driver->driver_number, driver->len,
                                 driver->data_align < 8 ? 8 : driver->data_align, p) != OK)
        return OUT_OF_MEMORY;
    RULE("G4");
    if (!grant->is_drivers || grant->driver != v ||
        grant->span.end - grant->span.start != driver->len) {
        panics(m, p, "R7");
        return KERNELS_MISTAKE;
    }
    if (grant->entered)
        return ALREADY_IN_USE;
    grant->entered = grant->entered_by_driver = true;
    const struct span span = grant->span;
    if (is_new)
        make_slots(m, slot, driver, p);
    if (span.start != span.end)
        opens_and_closes(m, p, (uint64_t)ARENA_BASE + span.start, span.end - span.start, true);
    p->access.opaque = model_slots(m, slot, number)->place;
    return OK;
}

/* G6: how long so many slots are, before data that want this alignment. Slots want 8. */
static wide slots_len(uint64_t count, unsigned slot_len, uint64_t data_align)
{
    const wide align = data_align < 8 ? 8 : data_align;
    return ((wide)count * slot_len + align - 1) / align * align;
}

/* A slot on the largest target, and on the smallest. */
enum { MOST_SLOT_LEN = 24, LEAST_SLOT_LEN = 16 };

static bool has_grant_of_length(struct model *m, unsigned v, uint32_t len)
{
    for (unsigned slot = 0; slot < m->slot_count; slot++)
        for (unsigned g = 0; g < model_grant_count(m); g++) {
            const struct model_grant *grant = model_grant(m, slot, g);
            if (m->processes[slot].used && grant->allocated && grant->is_drivers &&
                grant->driver == v && grant->span.end - grant->span.start == len)
                return true;
        }
    return false;
}

void predict_declare_driver(struct model *m, const struct call *call, struct prediction *p)
{
    const uint64_t *args = call->args;
    const uint64_t most = m->is_large ? TRACE_LARGE_SLOTS : MODEL_NEAR_SLOTS - 1;
    struct model_driver *driver = &m->drivers[args[0]];
    const bool by_data = call->op->code != OP_DECLARE_DRIVER;
    const uint32_t data_align = by_data ? 1u << args[6] : 8;
    if (args[3] > most || args[4] > most) {
        skips(p, "T3"); /* more slots than a trace may have */
        return;
    }
    const uint32_t slots = (uint32_t)slots_len(args[3] + args[4], MOST_SLOT_LEN, data_align);
    const uint64_t asked = by_data ? slots + args[5] : args[5] * 8;
    const uint32_t len = (uint32_t)asked;
    if (slots > asked || asked > UINT32_MAX) {
        skips(p, "T3"); /* less than its own slots, or more than any process has */
        return;
    }
    skips(p, "R12");
    for (unsigned d = 0; d < m->depth; d++)
        if (m->open[d].of_grant && m->open[d].driver == args[0])
            return; /* it is in use */
    /* Of a grant that is there, only the length shows that its driver has changed (R7). */
    if (has_grant_of_length(m, (unsigned)args[0], len))
        return;
    *driver = (struct model_driver){ .declared = true,
                                     .held = driver->held,
                                     .grant_number = (uint32_t)args[1],
                                     .driver_number = (uint32_t)args[2],
                                     .slot_counts = { (uint32_t)args[3], (uint32_t)args[4] },
                                     .len = len,
                                     .data_align = data_align,
                                     .data_len = len - slots };
    RULE("G6");
    answers(p, OUTCOME_DONE, 0);
}

/* What does not fit into memory is longer than anything there. Where that depends on how long slots are,
 * it depends on the target: no trace asks. */
void predict_grant_len(struct model *m, const struct call *call, struct prediction *p)
{
    (void)m;
    const uint64_t count = call->args[0] + call->args[1], data_align = (uint64_t)1 << call->args[3];
    const wide most = slots_len(count, MOST_SLOT_LEN, data_align) + call->args[2];
    const wide least = slots_len(count, LEAST_SLOT_LEN, data_align) + call->args[2];
    skips(p, "T2");
    if (least >= ADDRESS_SPACE - 1) {
        RULE("G6");
        answers(p, OUTCOME_NO, 0);
    } else if (most < ADDRESS_SPACE - 1) {
        RULE("G6");
        answers(p, OUTCOME_YES, 0);
        answers_with(p, 'l', call->args[2]);
    }
}

const struct model_open *model_current_driver(const struct model *m)
{
    for (unsigned d = m->depth; d-- > 0;)
        if (m->open[d].of_grant)
            return &m->open[d];
    return NULL;
}

void predict_lookup_driver(struct model *m, const struct call *call, struct prediction *p)
{
    unsigned number;
    if (model_is_empty_slot(m, (unsigned)call->args[0], p))
        return;
    RULE("G2");
    const bool found = model_find_driver_number(m, (unsigned)call->args[0], call->args[1], &number);
    answers(p, found ? OUTCOME_YES : OUTCOME_NO, 0);
    if (found)
        answers_with(p, 'u', number);
}

void predict_enter_grant(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    if (model_is_empty_slot(m, slot, p))
        return;
    answers(p, OUTCOME_PROCESS_ERROR, enter_grant(m, slot, call->args[1], p));
    if (p->outcome.status == OK)
        answers_with(p, 'a',
                     (uint64_t)ARENA_BASE + model_grant(m, slot, call->args[1])->span.start);
}

void predict_allocate_grant(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    const uint64_t align = call->args[4];
    if (model_is_empty_slot(m, slot, p))
        return;
    if (align == 0 || (align & (align - 1)) != 0)
        panics(m, p, "R6");
    else
        answers_why(p, allocate_grant(m, slot, call->args[1], NULL, call->args[2], call->args[3],
                                      align, p));
}

void predict_leave_grant(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_id *id = &m->ids[call->args[0]];
    RULE("G3");
    answers(p, OUTCOME_DONE, 0);
    if (!model_id_is_live(m, id) || id->foreign || !model_is_active(&m->processes[id->slot]) ||
        call->args[1] >= model_grant_count(m))
        return;
    struct model_grant *grant = model_grant(m, id->slot, call->args[1]);
    if (grant->entered_by_driver)
        panics(m, p, "R8");
    else
        grant->entered = false;
}

void predict_driver_enter(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_driver *driver = &m->drivers[call->args[0]];
    const struct model_id *id = &m->ids[call->args[1]];
    RULE("G4");
    if (m->depth == model_max_depth(m)) {
        skips(p, "T1");
    } else if (!driver->declared) {
        skips(p, "R13");
    } else if (model_id_is_others(m, id)) {
        panics(m, p, "R7"); /* that table has no grants: every number is out of range */
    } else if (id->foreign || !model_id_is_live(m, id)) {
        answers(p, OUTCOME_PROCESS_ERROR, NO_SUCH_APP);
    } else {
        const int error = model_begin_driver_grant(m, id->slot, (unsigned)call->args[0], p);
        if (error != KERNELS_MISTAKE)
            answers(p, OUTCOME_PROCESS_ERROR, error);
    }
}

/* After the life of the driver's process ended, its slots hold what they held (L9), and what is read
 * from them is dead. */
void predict_read_slot(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned kind = call->op->code == OP_READ_READWRITE;
    const struct model_open *open = model_current_driver(m);
    const uint64_t number = call->args[1];
    if (open == NULL) {
        skips(p, "R15");
        return;
    }
    RULE("G4");
    const struct model_driver *driver = &m->drivers[open->driver];
    if (number >= driver->slot_counts[kind]) {
        answers(p, OUTCOME_PROCESS_ERROR, ADDRESS_OUT_OF_BOUNDS);
        return;
    }
    const int kept = model_slot_kept(number);
    if (kept < 0) {
        skips(p, "T4"); /* of 300 slots the model keeps eight */
        return;
    }
    RULE("G5");
    const struct model_slots *slots =
        open->outlived ? &open->slots : model_slots(m, open->slot, driver->grant_number);
    answers(p, OUTCOME_PROCESS_ERROR, OK);
    may_read(p, slots->place.start, slots->place.end);
    const struct model_buffer buffer = { .filled = true,
                                         .built = true,
                                         .slot = open->slot,
                                         .identifier = open->identifier,
                                         .addr = slots->held[kind][kept].addr,
                                         .len = slots->held[kind][kept].len,
                                         .from_slot = true,
                                         .grant_number = driver->grant_number,
                                         .kind = kind,
                                         .number = (unsigned)kept,
                                         .swaps = slots->swaps[kind][kept] };
    model_fill_buffer(m, model_buffer_named(call, 0), &buffer);
}
