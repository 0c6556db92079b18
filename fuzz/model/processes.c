/* Processes: creation, lives, states, ids. Contract: P4, L. */
#include "rules.h"

bool model_is_active(const struct model_process *process)
{
    return process->state != MODEL_FAULTED && process->state != MODEL_TERMINATED;
}

/* A range that the arena holds, away from the kernel's own memory. */
static bool in_process_area(const struct model *m, uint64_t addr, uint64_t len)
{
    return addr >= (uint64_t)ARENA_BASE + arena_processes(m->is_large) &&
           (wide)addr + len <= (wide)ARENA_BASE + arena_processes_end(m->is_large);
}

/* Only the part of the range that the arena holds can. */
static bool touches_a_process(const struct model *m, uint64_t addr, uint64_t len)
{
    const wide low = ARENA_BASE, high = (wide)ARENA_BASE + ARENA_LEN;
    const wide start = addr < low ? low : addr;
    const wide end = (wide)addr + len > high ? high : (wide)addr + len;
    const size_t count = start < end ? (size_t)(end - start) : 0;
    uint8_t owned = 0;
    for (size_t i = 0; i < count; i++)
        owned |= m->cells[(size_t)(start - low) + i];
    return owned != 0;
}

static bool layout_is_valid(const struct model *m, const uint64_t args[8])
{
    const wide flash = args[0], flash_len = args[1], protected_len = args[2];
    const wide ram = args[3], ram_len = args[4], app = args[5], kernel = args[6];
    if ((flash == 0 && flash_len != 0) || (ram == 0 && ram_len != 0))
        return false;
    if (flash + flash_len >= ADDRESS_SPACE || ram + ram_len >= ADDRESS_SPACE)
        return false;
    if (protected_len > flash_len || app + kernel > ram_len)
        return false;
    if (flash_len != 0 && ram_len != 0 && flash < ram + ram_len && ram < flash + flash_len)
        return false;
    return !touches_a_process(m, args[0], args[1]) && !touches_a_process(m, args[3], args[4]);
}

bool model_is_empty_slot(struct model *m, unsigned slot, struct prediction *p)
{
    if (!m->processes[slot].used)
        panics(m, p, "R1");
    return !m->processes[slot].used;
}

/* I9, L9: memory is a process's after it was zeroed, and after the port was asked. The breaks are the
 * caller's to move. Returns: whether the process gets it. */
bool model_gives(struct model *m, unsigned slot, uint64_t app_break, uint64_t kernel_break,
                 struct prediction *p)
{
    const struct model_process *process = &m->processes[slot];
    RULE("L9");
    if (model_is_under_open_enter(m, slot, process->mem_start, app_break, true))
        return false;
    RULE("I9");
    zeroes(m, p, process->app_break, app_break);
    return asks_port(m, p, slot, app_break, kernel_break)->answer;
}

/* L1: the last number is not an identifier. */
static bool ids_are_spent(const struct model *m)
{
    return m->next_identifier == UINT64_MAX;
}

/* The table has given out all identifiers but `left`. */
static void leaves_ids(struct model *m, struct prediction *p, uint64_t left)
{
    m->wound_from = m->next_identifier;
    m->next_identifier = UINT64_MAX - left;
    answers(p, OUTCOME_DONE, 0);
}

void predict_spend_ids(struct model *m, const struct call *call, struct prediction *p)
{
    if (UINT64_MAX - m->next_identifier < call->args[0])
        skips(p, "T5"); /* it has fewer already */
    else
        leaves_ids(m, p, call->args[0]);
}

void predict_skip_ids(struct model *m, const struct call *call, struct prediction *p)
{
    const uint64_t count = ((uint64_t)1 << call->args[0]) - 1;
    const uint64_t left = UINT64_MAX - m->next_identifier;
    if (left < count)
        skips(p, "T5");
    else
        leaves_ids(m, p, left - count);
}

/* Its RAM is not the app's yet. */
static void create_process(struct model *m, unsigned slot, const uint64_t args[8])
{
    struct model_process *process = model_change(m, slot);
    memset(process, 0, sizeof *process);
    if (m->is_large)
        memset(m->far->grants[slot], 0, sizeof m->far->grants[slot]);
    process->used = true;
    process->identifier = m->next_identifier++;
    process->flash_start = args[0];
    process->flash_protected_end = args[0] + args[2];
    process->flash_end = args[0] + args[1];
    process->mem_start = args[3];
    process->mem_end = args[3] + args[4];
    process->initial_app_break = args[3] + args[5];
    process->app_break = args[3];
    process->initial_kernel_break = process->kernel_break = process->mem_end - args[6];
    process->mark = process->mem_start;
    process->restarts = (args[7] & 1) != 0;
    process->state = process->stopped_from = MODEL_YIELDED;
    model_label(m, process->flash_start, process->flash_protected_end, model_cell(slot, HEADER));
    model_label(m, process->flash_protected_end, process->flash_end, model_cell(slot, FLASH));
    model_label_ram(m, slot);
}

static void empty_slot(struct model *m, unsigned slot)
{
    const struct model_process *process = &m->processes[slot];
    model_label(m, process->flash_start, process->flash_end, model_cell(slot, FREE));
    model_label(m, process->mem_start, process->mem_end, model_cell(slot, FREE));
    model_change(m, slot)->used = false;
}

void model_predict_create(struct model *m, const uint64_t args[8], struct prediction *p)
{
    unsigned slot = 0;
    RULE("P4");
    if (!layout_is_valid(m, args)) {
        answers(p, OUTCOME_CODE, INVAL);
        return;
    }
    if ((args[1] != 0 && !in_process_area(m, args[0], args[1])) ||
        !in_process_area(m, args[3], args[4])) {
        skips(p, "R14");
        return;
    }
    while (slot < m->slot_count && m->processes[slot].used)
        slot++;
    if (slot == m->slot_count) {
        answers(p, OUTCOME_CODE, NOMEM);
        return;
    }
    RULE("L1");
    if (ids_are_spent(m)) {
        answers(p, OUTCOME_CODE, NOMEM);
        return;
    }
    RULE("P4");
    create_process(m, slot, args);
    const struct model_process *process = &m->processes[slot];
    if (!model_gives(m, slot, process->initial_app_break, process->kernel_break, p)) {
        empty_slot(m, slot);
        answers(p, OUTCOME_CODE, NOMEM);
        return;
    }
    RULE("P4");
    model_change(m, slot)->app_break = process->initial_app_break;
    model_label_ram(m, slot);
    answers(p, OUTCOME_CODE, OK);
    answers_with(p, 'p', slot);
}

void predict_create(struct model *m, const struct call *call, struct prediction *p)
{
    model_predict_create(m, call->args, p);
}

static void remove_process(struct model *m, unsigned slot, struct prediction *p)
{
    const struct model_process *process = &m->processes[slot];
    RULE("L8");
    if (process->open_enters != 0) {
        answers(p, OUTCOME_CODE, BUSY);
        return;
    }
    struct hook *told = asks_port(m, p, slot, process->mem_start, process->mem_start);
    told->flash_protected_end = told->flash_end = told->flash_start;
    if (!told->answer) {
        panics(m, p, "R10");
        return;
    }
    empty_slot(m, slot);
    answers(p, OUTCOME_CODE, OK);
}

/* L3. Completion codes come as operands do: 0 none, else the code + 1. */
static void terminate(struct model *m, unsigned slot, uint64_t completion)
{
    if (m->processes[slot].state == MODEL_TERMINATED)
        return;
    struct model_process *process = model_change(m, slot);
    process->completion = completion == 0 ? 1 : 2;
    if (completion != 0)
        process->completion_code = (uint32_t)completion - 1;
    process->state = process->stopped_from = MODEL_TERMINATED;
    process->yielded_for = 0;
    memset(process->grants, 0, sizeof process->grants);
    if (m->is_large)
        memset(m->far->grants[slot], 0, sizeof m->far->grants[slot]);
}

/* L5, L6. Returns: OK, or why not. */
static int new_life(struct model *m, unsigned slot, struct prediction *p)
{
    if (ids_are_spent(m))
        return PROCESS_ERRORS + OUT_OF_MEMORY;
    struct model_process *process = model_change(m, slot);
    process->identifier = m->next_identifier++;
    if (!model_gives(m, slot, process->initial_app_break, process->initial_kernel_break, p))
        return PROCESS_ERRORS + OUT_OF_MEMORY;
    RULE("L5");
    const bool moves = process->app_break != process->initial_app_break ||
                       process->kernel_break != process->initial_kernel_break;
    process->app_break = process->initial_app_break;
    process->kernel_break = process->initial_kernel_break;
    process->mark = process->mem_start;
    process->restart_count++;
    process->state = process->stopped_from = MODEL_YIELDED;
    if (moves)
        model_label_ram(m, slot);
    return OK;
}

/* L4. Returns: OK, or why not. */
static int restart(struct model *m, unsigned slot, uint64_t completion, struct prediction *p)
{
    if (m->processes[slot].state == MODEL_TERMINATED)
        return ALREADY;
    terminate(m, slot, completion);
    return new_life(m, slot, p);
}

/* L7 */
static void fault(struct model *m, unsigned slot, struct prediction *p)
{
    if (m->processes[slot].restarts) {
        (void)restart(m, slot, 0, p);
        return;
    }
    terminate(m, slot, 0);
    struct model_process *process = model_change(m, slot);
    process->state = process->stopped_from = MODEL_FAULTED;
}

static void set_state(struct model *m, unsigned slot, enum model_state state, unsigned yielded_for)
{
    struct model_process *process = model_change(m, slot);
    process->state = process->stopped_from = state;
    process->yielded_for = yielded_for;
}

/* Requires: its slot is not empty. */
static unsigned slot_named(const struct call *call, struct prediction *p, const char *rule)
{
    answers(p, OUTCOME_DONE, 0);
    RULE(rule);
    return (unsigned)call->args[0];
}

void predict_remove(struct model *m, const struct call *call, struct prediction *p)
{
    if (!model_is_empty_slot(m, (unsigned)call->args[0], p))
        remove_process(m, (unsigned)call->args[0], p);
}

void predict_terminate(struct model *m, const struct call *call, struct prediction *p)
{
    if (!model_is_empty_slot(m, (unsigned)call->args[0], p))
        terminate(m, slot_named(call, p, "L3"), call->args[1]);
}

void predict_restart(struct model *m, const struct call *call, struct prediction *p)
{
    if (!model_is_empty_slot(m, (unsigned)call->args[0], p))
        answers_why(p, restart(m, slot_named(call, p, "L4"), call->args[1], p));
}

void predict_restart_many(struct model *m, const struct call *call, struct prediction *p)
{
    if (!model_is_empty_slot(m, (unsigned)call->args[0], p))
        answers_why(p, restart(m, slot_named(call, p, "L4"), 0, p));
}

void predict_start(struct model *m, const struct call *call, struct prediction *p)
{
    if (model_is_empty_slot(m, (unsigned)call->args[0], p))
        return;
    const unsigned slot = slot_named(call, p, "L5");
    answers_why(p, m->processes[slot].state == MODEL_TERMINATED ? new_life(m, slot, p) : ALREADY);
}

void predict_fault(struct model *m, const struct call *call, struct prediction *p)
{
    if (!model_is_empty_slot(m, (unsigned)call->args[0], p))
        fault(m, slot_named(call, p, "L7"), p);
}

/* ---- L2 ---- */

void predict_stop(struct model *m, const struct call *call, struct prediction *p)
{
    if (model_is_empty_slot(m, (unsigned)call->args[0], p))
        return;
    const unsigned slot = slot_named(call, p, "L2");
    if (model_is_active(&m->processes[slot]))
        model_change(m, slot)->state = MODEL_STOPPED;
}

void predict_resume(struct model *m, const struct call *call, struct prediction *p)
{
    if (model_is_empty_slot(m, (unsigned)call->args[0], p))
        return;
    const unsigned slot = slot_named(call, p, "L2");
    if (m->processes[slot].state == MODEL_STOPPED)
        model_change(m, slot)->state = m->processes[slot].stopped_from;
}

void predict_set_running(struct model *m, const struct call *call, struct prediction *p)
{
    if (model_is_empty_slot(m, (unsigned)call->args[0], p))
        return;
    const unsigned slot = slot_named(call, p, "L2");
    const enum model_state was = m->processes[slot].state;
    if (was == MODEL_YIELDED || was == MODEL_YIELDED_FOR)
        set_state(m, slot, MODEL_RUNNING, 0);
}

static void yields(struct model *m, const struct call *call, enum model_state state,
                   unsigned upcall, struct prediction *p)
{
    if (model_is_empty_slot(m, (unsigned)call->args[0], p))
        return;
    const unsigned slot = slot_named(call, p, "L2");
    if (m->processes[slot].state == MODEL_RUNNING)
        set_state(m, slot, state, upcall);
}

void predict_set_yielded(struct model *m, const struct call *call, struct prediction *p)
{
    yields(m, call, MODEL_YIELDED, 0, p);
}

void predict_set_yielded_for(struct model *m, const struct call *call, struct prediction *p)
{
    yields(m, call, MODEL_YIELDED_FOR, (unsigned)call->args[1], p);
}

/* ---- Ids ---- */

bool model_id_is_live(const struct model *m, const struct model_id *id)
{
    return id->taken && model_goes_on(m, id->foreign, id->slot, id->identifier);
}

bool model_id_is_others(const struct model *m, const struct model_id *id)
{
    return id->foreign && id->slot == MODEL_OTHER && model_id_is_live(m, id);
}

void predict_table_slot(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned first = model_first_place(m);
    const uint64_t index = call->args[0] - first; /* wraps for one that was there before */
    RULE("L8");
    answers(p, OUTCOME_NO, 0);
    if (call->args[0] < first || (index < m->slot_count && m->processes[index].used)) {
        answers(p, OUTCOME_YES, 0);
        answers_with(p, 'p', index);
    }
}

void predict_take_id(struct model *m, const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[1];
    RULE("L1");
    answers(p, OUTCOME_DONE, 0);
    if (!model_is_empty_slot(m, slot, p))
        m->ids[call->args[0]] =
            (struct model_id){ true, false, slot, m->processes[slot].identifier };
}

void predict_lookup(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_id *id = &m->ids[call->args[0]];
    const bool live = model_id_is_live(m, id) && !id->foreign; /* our table holds ours */
    RULE("L1");
    answers(p, live ? OUTCOME_YES : OUTCOME_NO, 0);
    if (live)
        answers_with(p, 'p', id->slot);
}

/* A register that holds none is an id of no process; one such equals another. */
void predict_id_equal(struct model *m, const struct call *call, struct prediction *p)
{
    const struct model_id *id = &m->ids[call->args[0]], *other = &m->ids[call->args[1]];
    const bool equal = id->taken == other->taken && id->foreign == other->foreign &&
                       id->slot == other->slot && id->identifier == other->identifier;
    RULE("L1");
    answers(p, equal ? OUTCOME_YES : OUTCOME_NO, 0);
}
