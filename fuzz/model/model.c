#include "model.h"

#include "bug.h"

#include <string.h>

struct model model;

#if UINTPTR_MAX > 0xffffffffu
typedef unsigned __int128 wide;
#else
typedef uint64_t wide;
#endif

/* 2^width: the first number that is no address. */
#define ADDRESS_SPACE ((wide)UINTPTR_MAX + 1)

/* ---- The map of memory ---- */

enum purpose { FREE, APP, GAP, KERNEL_PART, HEADER, FLASH };

static uint8_t cell(unsigned slot, enum purpose purpose)
{
    return purpose == FREE ? 0 : (uint8_t)(slot * 8 + purpose);
}

static void label(uint64_t start, uint64_t end, uint8_t what)
{
    for (uint64_t addr = start; addr < end; addr++)
        model.cells[addr - ARENA_BASE] = what;
}

static void label_ram(unsigned slot)
{
    const struct model_process *p = &model.processes[slot];
    label(p->mem_start, p->app_break, cell(slot, APP));
    label(p->app_break, p->kernel_break, cell(slot, GAP));
    label(p->kernel_break, p->mem_end, cell(slot, KERNEL_PART));
}

/* Every byte of [addr, addr + len) has this owner and purpose. P1 to P3. */
static bool all_bytes_are(uint64_t addr, uint64_t len, uint8_t what)
{
    const wide end = (wide)addr + len;
    if (end >= ADDRESS_SPACE || addr < ARENA_BASE || end > (wide)ARENA_BASE + ARENA_LEN)
        return false;
    unsigned others = 0;
    const uint8_t *cells = &model.cells[addr - ARENA_BASE];
    for (uint64_t i = 0; i < len; i++)
        others += cells[i] != what;
    return others == 0;
}

static bool app_owned(unsigned slot, uint64_t addr, uint64_t len)
{
    return all_bytes_are(addr, len, cell(slot, APP));
}

static bool in_flash(unsigned slot, uint64_t addr, uint64_t len)
{
    return all_bytes_are(addr, len, cell(slot, FLASH));
}

/* ---- Writing predictions down ---- */

#define RULE(number) (p->rule = (number))

static void answer(struct prediction *p, enum outcome_kind kind, int status)
{
    p->outcome.kind = kind;
    p->outcome.status = status;
}

static void value(struct prediction *p, char kind, uint64_t number)
{
    p->outcome.values[p->outcome.value_count].kind = kind;
    p->outcome.values[p->outcome.value_count++].value = number;
}

static void may_read(struct prediction *p, uint32_t start, uint32_t end)
{
    p->access.reads[p->access.read_count++] = (struct span){ start, end };
}

static void may_write(struct prediction *p, uint32_t start, uint32_t end)
{
    p->access.writes[p->access.write_count++] = (struct span){ start, end };
}

static struct hook *hook(struct prediction *p, enum hook_kind kind)
{
    struct hook *h = &p->access.hooks[p->access.hook_count++];
    memset(h, 0, sizeof *h);
    h->kind = kind;
    return h;
}

/* C2: access to process memory is opened and closed around it. */
static void opens_and_closes(struct prediction *p, uint64_t addr, uint64_t len, bool writable)
{
    for (int closing = 0; closing <= 1; closing++) {
        struct hook *h = hook(p, closing ? HOOK_CLOSE : HOOK_OPEN);
        h->addr = addr;
        h->len = len;
        h->writable = writable;
    }
}

static void zeroes(struct prediction *p, uint64_t start, uint64_t end)
{
    if (start >= end)
        return;
    opens_and_closes(p, start, end - start, true);
    may_write(p, (uint32_t)(start - ARENA_BASE), (uint32_t)(end - ARENA_BASE));
    memset(&model.bytes[start - ARENA_BASE], 0, end - start);
}

/* The port is asked once. Returns: whether it agrees. */
static bool port_agrees(struct prediction *p, unsigned slot, uint64_t app_break,
                        uint64_t kernel_break)
{
    struct hook *h = hook(p, HOOK_PROTECT);
    model.requests_seen++;
    h->process_index = slot;
    h->addr = model.processes[slot].mem_start;
    h->app_break = app_break;
    h->kernel_break = kernel_break;
    h->answer = model.requests_seen != model.refuse_now;
    return h->answer;
}

static void panics(struct prediction *p)
{
    answer(p, OUTCOME_PANIC, 0);
    hook(p, HOOK_PANIC);
}

/* Process errors, numbered as in E1. */
enum {
    OK,
    NO_SUCH_APP,
    OUT_OF_MEMORY,
    ADDRESS_OUT_OF_BOUNDS,
    INACTIVE_APP,
    ALREADY_IN_USE = 6
};
/* Codes, E1. */
enum { FAIL = 1, BUSY = 2, INVAL = 6, SIZE = 7, NOMEM = 9, NOSUPPORT = 10, NODEVICE = 11 };

/* ---- Operands ---- */

void model_reset(unsigned slot_count)
{
    memset(&model, 0, offsetof(struct model, cells));
    memset(model.cells, 0, sizeof model.cells);
    memcpy(model.bytes, arena_pristine, sizeof model.bytes);
    model.slot_count = slot_count;
}

void model_op_begin(void)
{
    model.refuse_now = model.refuse_next;
    model.refuse_next = 0;
    model.requests_seen = 0;
}

static bool resolve_process_place(const struct operand *operand, uint64_t *base_out)
{
    const struct model_process *p = &model.processes[operand->index];
    switch (operand->anchor) {
    case ANCHOR_RAM: *base_out = p->mem_start; break;
    case ANCHOR_BREAK: *base_out = p->app_break; break;
    case ANCHOR_KERNEL_BREAK: *base_out = p->kernel_break; break;
    case ANCHOR_RAM_END: *base_out = p->mem_end; break;
    case ANCHOR_FLASH: *base_out = p->flash_start; break;
    case ANCHOR_FLASH_PROTECTED: *base_out = p->flash_protected_end; break;
    case ANCHOR_FLASH_END: *base_out = p->flash_end; break;
    default: *base_out = p->mark; break;
    }
    return p->used;
}

static bool resolve_base(const struct call *call, const struct operand *operand,
                         uint64_t *base_out)
{
    const bool is_64 = UINTPTR_MAX > 0xffffffffu;
    switch (operand->anchor) {
    case ANCHOR_NUMBER: *base_out = 0; return true;
    case ANCHOR_MAX: *base_out = UINTPTR_MAX; return true;
    case ANCHOR_HALF: *base_out = UINTPTR_MAX / 2 + 1; return true;
    case ANCHOR_W31: *base_out = is_64 ? (uint64_t)1 << 31 : (uint64_t)1 << 30; return true;
    case ANCHOR_W32: *base_out = is_64 ? (uint64_t)1 << 32 : (uint64_t)3 << 30; return true;
    case ANCHOR_TOP: *base_out = 0; return true;
    case ANCHOR_KERNEL: *base_out = ARENA_BASE; return true;
    case ANCHOR_BUFFER_START: *base_out = model.buffers[operand->index].addr; return true;
    case ANCHOR_BUFFER_END:
        *base_out = model.buffers[operand->index].addr + model.buffers[operand->index].len;
        return true;
    case ANCHOR_LEN: {
        const struct model_slice *slice = &model.slices[call->args[0]];
        *base_out = slice->span.end - slice->span.start;
        return true;
    }
    default: return resolve_process_place(operand, base_out);
    }
}

static bool counts_from_place(const struct operand *operand)
{
    return operand->anchor >= ANCHOR_RAM && operand->anchor != ANCHOR_LEN;
}

bool model_resolve(const struct op *op, struct call *call_out)
{
    const char *kinds = op_table[op->code].operands;
    uint64_t last_addr = 0;
    call_out->op = op;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        const struct operand *operand = &op->operands[k];
        uint64_t base = 0;
        if (!kind_is_value(kinds[k])) {
            call_out->args[k] = (uint64_t)operand->number;
            continue;
        }
        if (!resolve_base(call_out, operand, &base))
            return false;
        base += (uint64_t)(int64_t)operand->number;
        if (kinds[k] == 'a')
            last_addr = base;
        else if (kinds[k] == 'n' && counts_from_place(operand))
            base -= last_addr;
        else if (kinds[k] == 'z' && counts_from_place(operand))
            base -= model.processes[call_out->args[0]].app_break;
        call_out->args[k] = (uintptr_t)base;
    }
    return true;
}

/* ---- Grants: G ---- */

static bool is_active(const struct model_process *process)
{
    return process->state != MODEL_FAULTED && process->state != MODEL_TERMINATED;
}

static bool find_driver_number(unsigned slot, uint64_t driver_number, unsigned *number_out)
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
            if (model.open[d].slot == slot && at - ARENA_BASE >= model.open[d].span.start &&
                at - ARENA_BASE < model.open[d].span.end)
                return true;
    return false;
}

/* G1, G2 */
static bool allocate_grant(unsigned slot, uint64_t number, uint64_t driver_number, uint64_t len,
                           uint64_t align, struct prediction *p)
{
    struct model_process *process = &model.processes[slot];
    unsigned other;
    RULE("G2");
    if (!is_active(process) || number >= MODEL_GRANT_COUNT ||
        process->grants[number].allocated || find_driver_number(slot, driver_number, &other))
        return false;
    RULE("G1");
    if (align < 2)
        align = 2;
    if (len > process->kernel_break)
        return false;
    uint64_t addr = process->kernel_break - len;
    while (addr % align != 0)
        addr--;
    if (addr < process->app_break)
        return false;
    RULE("L9");
    if (is_under_open_enter(slot, addr, len))
        return false;
    RULE("G1");
    if (!port_agrees(p, slot, process->app_break, addr))
        return false;
    process->kernel_break = addr;
    process->grants[number] = (struct model_grant){
        true, false, (uint32_t)driver_number,
        { (uint32_t)(addr - ARENA_BASE), (uint32_t)(addr - ARENA_BASE + len) } };
    label_ram(slot);
    return true;
}

/* G3. Returns: the process error. */
static int enter_grant(unsigned slot, uint64_t number, struct prediction *p)
{
    struct model_process *process = &model.processes[slot];
    RULE("G3");
    if (!is_active(process))
        return INACTIVE_APP;
    if (number >= MODEL_GRANT_COUNT)
        return ADDRESS_OUT_OF_BOUNDS;
    if (!process->grants[number].allocated)
        return OUT_OF_MEMORY;
    if (process->grants[number].entered)
        return ALREADY_IN_USE;
    process->grants[number].entered = true;
    return OK;
}

/* G4, G5: enter a driver's grant, and make it on first use. Its memory is opened and closed. */
static int begin_driver_grant(unsigned slot, const struct model_driver *driver,
                              struct prediction *p)
{
    const unsigned number = driver->grant_number;
    int error = enter_grant(slot, number, p);
    const bool is_new = error == OUT_OF_MEMORY;
    if (is_new) {
        if (!allocate_grant(slot, number, driver->driver_number, driver->len, 8, p))
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
        memset(&model.bytes[span.start], 0, span.end - span.start);
        may_write(p, span.start, span.end);
    }
    if (span.start != span.end)
        opens_and_closes(p, (uint64_t)ARENA_BASE + span.start, span.end - span.start, true);
    p->access.opaque = slots->place;
    return OK;
}

bool model_declare_driver(const uint64_t args[6], struct model_driver **driver_out)
{
    struct model_driver *driver = &model.drivers[args[0]];
    const uint32_t slots = (uint32_t)(args[3] % 4 + args[4] % 4);
    const uint32_t len = (uint32_t)args[5] * 8;
    if (driver->declared || slots * 24 > len) /* 24: a slot on the largest target (G6) */
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
                                     .data_len = len - slots * 24 };
    *driver_out = driver;
    return true;
}

const struct model_open *model_current_driver(void)
{
    for (unsigned d = model.depth; d-- > 0;)
        if (model.open[d].of_grant)
            return &model.open[d];
    return NULL;
}

/* ---- Processes: P4, L ---- */

/* A range that the arena holds, away from the kernel's own memory. */
static bool in_process_area(uint64_t addr, uint64_t len)
{
    return addr >= (uint64_t)ARENA_BASE + ARENA_PROCESSES &&
           (wide)addr + len <= (wide)ARENA_BASE + ARENA_LEN;
}

/* Only the part of the range that the arena holds can. */
static bool touches_a_process(uint64_t addr, uint64_t len)
{
    const wide low = ARENA_BASE, high = (wide)ARENA_BASE + ARENA_LEN;
    const wide start = addr < low ? low : addr;
    const wide end = (wide)addr + len > high ? high : (wide)addr + len;
    unsigned owned = 0;
    for (wide at = start; at < end; at++)
        owned += model.cells[(size_t)(at - low)] != 0;
    return owned != 0;
}

static bool layout_is_valid(const uint64_t args[8])
{
    const wide flash = args[0], flash_len = args[1], protected_len = args[2];
    const wide ram = args[3], ram_len = args[4], app = args[5], kernel = args[6];
    if (flash + flash_len >= ADDRESS_SPACE || ram + ram_len >= ADDRESS_SPACE)
        return false;
    if (protected_len > flash_len || app + kernel > ram_len)
        return false;
    if (flash_len != 0 && ram_len != 0 && flash < ram + ram_len && ram < flash + flash_len)
        return false;
    return !touches_a_process(args[0], args[1]) && !touches_a_process(args[3], args[4]);
}

static void create_process(unsigned slot, const uint64_t args[8])
{
    struct model_process *process = &model.processes[slot];
    memset(process, 0, sizeof *process);
    process->used = true;
    process->identifier = model.next_identifier++;
    process->flash_start = args[0];
    process->flash_protected_end = args[0] + args[2];
    process->flash_end = args[0] + args[1];
    process->mem_start = args[3];
    process->mem_end = args[3] + args[4];
    process->initial_app_break = process->app_break = args[3] + args[5];
    process->initial_kernel_break = process->kernel_break = process->mem_end - args[6];
    process->mark = process->mem_start;
    process->restarts = (args[7] & 1) != 0;
    process->state = process->stopped_from = MODEL_YIELDED;
    label(process->flash_start, process->flash_protected_end, cell(slot, HEADER));
    label(process->flash_protected_end, process->flash_end, cell(slot, FLASH));
    label_ram(slot);
}

void model_predict_create(const uint64_t args[8], struct prediction *p)
{
    unsigned slot = 0;
    RULE("P4");
    if (!layout_is_valid(args)) {
        answer(p, OUTCOME_CODE, INVAL);
        return;
    }
    if ((args[1] != 0 && !in_process_area(args[0], args[1])) ||
        !in_process_area(args[3], args[4])) {
        answer(p, OUTCOME_SKIPPED, 0); /* memory that is not the kernel's to give */
        return;
    }
    while (slot < model.slot_count && model.processes[slot].used)
        slot++;
    if (slot == model.slot_count) {
        answer(p, OUTCOME_CODE, NOMEM);
        return;
    }
    create_process(slot, args);
    zeroes(p, model.processes[slot].mem_start, model.processes[slot].app_break);
    answer(p, OUTCOME_CODE, OK);
    value(p, 'p', slot);
}

static void predict_remove(unsigned slot, struct prediction *p)
{
    struct model_process *process = &model.processes[slot];
    RULE("L8");
    if (process->open_enters != 0) {
        answer(p, OUTCOME_CODE, BUSY);
        return;
    }
    label(process->flash_start, process->flash_end, cell(slot, FREE));
    label(process->mem_start, process->mem_end, cell(slot, FREE));
    process->used = false;
    answer(p, OUTCOME_CODE, OK);
}

/* L3. Completion codes come as operands do: 0 none, else the code + 1. */
static void terminate(struct model_process *process, uint64_t completion)
{
    if (process->state == MODEL_TERMINATED)
        return;
    process->completion = completion == 0 ? 1 : 2;
    if (completion != 0)
        process->completion_code = (uint32_t)completion - 1;
    process->state = process->stopped_from = MODEL_TERMINATED;
    process->yielded_for = 0;
    memset(process->grants, 0, sizeof process->grants);
}

/* L5 */
static bool new_life(unsigned slot, struct prediction *p)
{
    struct model_process *process = &model.processes[slot];
    process->identifier = model.next_identifier++;
    if (!port_agrees(p, slot, process->initial_app_break, process->initial_kernel_break))
        return false;
    process->app_break = process->initial_app_break;
    process->kernel_break = process->initial_kernel_break;
    process->mark = process->mem_start;
    process->restart_count++;
    process->state = process->stopped_from = MODEL_YIELDED;
    label_ram(slot);
    return true;
}

/* L4 */
static bool restart(unsigned slot, uint64_t completion, struct prediction *p)
{
    if (model.processes[slot].state == MODEL_TERMINATED)
        return false;
    terminate(&model.processes[slot], completion);
    return new_life(slot, p);
}

/* L7 */
static void fault(unsigned slot, struct prediction *p)
{
    struct model_process *process = &model.processes[slot];
    if (process->restarts) {
        (void)restart(slot, 0, p);
        return;
    }
    terminate(process, 0);
    process->state = process->stopped_from = MODEL_FAULTED;
}

/* L2 */
static void schedule(struct model_process *process, uint8_t code, unsigned number)
{
    const enum model_state was = process->state;
    if (code == OP_STOP && is_active(process)) {
        process->state = MODEL_STOPPED;
    } else if (code == OP_RESUME && was == MODEL_STOPPED) {
        process->state = process->stopped_from;
    } else if (code == OP_SET_RUNNING && (was == MODEL_YIELDED || was == MODEL_YIELDED_FOR)) {
        process->state = process->stopped_from = MODEL_RUNNING;
        process->yielded_for = 0;
    } else if (code == OP_SET_YIELDED && was == MODEL_RUNNING) {
        process->state = process->stopped_from = MODEL_YIELDED;
    } else if (code == OP_SET_YIELDED_FOR && was == MODEL_RUNNING) {
        process->state = process->stopped_from = MODEL_YIELDED_FOR;
        process->yielded_for = number;
    }
}

/* ---- The break: K ---- */

/* K1. Returns: the process error. */
static int brk(unsigned slot, uint64_t new_break, struct prediction *p)
{
    struct model_process *process = &model.processes[slot];
    const uint64_t old_break = process->app_break;
    RULE("K1");
    if (!is_active(process))
        return INACTIVE_APP;
    if (new_break < process->mark || new_break >= process->mem_end)
        return ADDRESS_OUT_OF_BOUNDS;
    if (new_break > process->kernel_break)
        return OUT_OF_MEMORY;
    if (!port_agrees(p, slot, new_break, process->kernel_break))
        return OUT_OF_MEMORY;
    process->app_break = new_break;
    label_ram(slot);
    zeroes(p, old_break, new_break);
    value(p, 'a', old_break);
    return OK;
}

static void predict_break(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    const uint8_t code = call->op->code;
    const bool by_distance = code == OP_SBRK || code == OP_MEMOP_SBRK;
    const uint64_t old_break = model.processes[slot].app_break;
    const int error = brk(slot, by_distance ? (uintptr_t)(old_break + call->args[1])
                                            : call->args[1], p);
    if (code == OP_BRK || code == OP_SBRK) {
        if (code == OP_SBRK)
            RULE("K2");
        answer(p, OUTCOME_PROCESS_ERROR, error);
        return;
    }
    RULE("K3");
    if (code == OP_MEMOP_BRK)
        p->outcome.value_count = 0;
    answer(p, OUTCOME_CODE, error == OK ? OK : NOMEM);
}

static void predict_process_op(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    struct model_process *process = &model.processes[slot];
    if (!process->used) {
        answer(p, OUTCOME_SKIPPED, 0);
        return;
    }
    answer(p, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_REMOVE: predict_remove(slot, p); break;
    case OP_TERMINATE:
        RULE("L3");
        terminate(process, call->args[1]);
        break;
    case OP_RESTART:
    case OP_RESTART_MANY:
        RULE("L4");
        answer(p, restart(slot, call->op->code == OP_RESTART ? call->args[1] : 0, p)
                      ? OUTCOME_YES : OUTCOME_NO, 0);
        break;
    case OP_START:
        RULE("L5");
        answer(p, process->state == MODEL_TERMINATED && new_life(slot, p) ? OUTCOME_YES
                                                                          : OUTCOME_NO, 0);
        break;
    case OP_FAULT:
        RULE("L7");
        fault(slot, p);
        break;
    case OP_BRK:
    case OP_SBRK:
    case OP_MEMOP_BRK:
    case OP_MEMOP_SBRK: predict_break(call, p); break;
    default:
        RULE("L2");
        schedule(process, call->op->code, (unsigned)call->args[1]);
        break;
    }
}

/* ---- Ids: L1 ---- */

static bool is_live(unsigned slot, uint64_t identifier)
{
    return model.processes[slot].used && model.processes[slot].identifier == identifier;
}

static void predict_id_op(const struct call *call, struct prediction *p)
{
    struct model_id *id = &model.ids[call->args[0]];
    RULE("L1");
    answer(p, OUTCOME_DONE, 0);
    if (call->op->code == OP_TAKE_ID) {
        const unsigned slot = (unsigned)call->args[1];
        if (model.processes[slot].used)
            *id = (struct model_id){ true, slot, model.processes[slot].identifier };
        else
            answer(p, OUTCOME_SKIPPED, 0);
    } else if (call->op->code == OP_LOOKUP) {
        const bool live = id->taken && is_live(id->slot, id->identifier);
        answer(p, live ? OUTCOME_YES : OUTCOME_NO, 0);
        if (live)
            value(p, 'p', id->slot);
    } else {
        const struct model_id *other = &model.ids[call->args[1]];
        if (id->taken && other->taken)
            answer(p, id->identifier == other->identifier ? OUTCOME_YES : OUTCOME_NO, 0);
        else
            answer(p, OUTCOME_SKIPPED, 0);
    }
}

/* ---- Buffers: B, H ---- */

bool model_buffer_is_live(const struct model_buffer *buffer)
{
    if (!buffer->filled || !is_live(buffer->slot, buffer->identifier))
        return false;
    if (!buffer->from_slot)
        return true;
    return model.slots[buffer->slot][buffer->grant_number].swaps[buffer->kind][buffer->number] ==
           buffer->swaps; /* H6 */
}

/* The same as a library call finds out: for a buffer from a slot it looks into the grant. */
static bool asks_whether_live(const struct model_buffer *buffer, struct prediction *p)
{
    if (buffer->filled && buffer->from_slot && is_live(buffer->slot, buffer->identifier)) {
        const struct span place = model.slots[buffer->slot][buffer->grant_number].place;
        RULE("H6");
        opens_and_closes(p, (uint64_t)ARENA_BASE + place.start, place.end - place.start, false);
        for (unsigned h = p->access.hook_count - 2; h < p->access.hook_count; h++)
            p->access.hooks[h].loose = true;
        may_read(p, place.start, place.end);
    }
    return model_buffer_is_live(buffer);
}

/* B1 to B4. Returns: the code. */
static int share(unsigned slot, uint64_t addr, uint64_t len, bool writable, struct prediction *p)
{
    struct model_process *process = &model.processes[slot];
    RULE("B1");
    if (!is_active(process))
        return FAIL;
    RULE("B2");
    if (len == 0)
        return OK;
    RULE("B3");
    if (app_owned(slot, addr, len)) {
        RULE("B4");
        if (addr + len > process->mark)
            process->mark = addr + len;
        return OK;
    }
    return !writable && in_flash(slot, addr, len) ? OK : INVAL;
}

/* B6: memory that stays accessible for the whole life: below the mark, or readable flash. */
static bool may_be_vouched_for(unsigned slot, uint64_t addr, uint64_t len, bool writable)
{
    const struct model_process *process = &model.processes[slot];
    if (len == 0)
        return true;
    if (app_owned(slot, addr, len) && addr + len <= process->mark)
        return true;
    return !writable && in_flash(slot, addr, len);
}

static void predict_build(const struct call *call, struct prediction *p)
{
    const uint8_t code = call->op->code;
    const bool writable = code == OP_BUILD_READWRITE || code == OP_EXTERNAL_READWRITE;
    const bool external = code == OP_EXTERNAL_READONLY || code == OP_EXTERNAL_READWRITE;
    const unsigned slot = (unsigned)call->args[1];
    const uint64_t addr = call->args[2], len = call->args[3];
    answer(p, OUTCOME_SKIPPED, 0);
    if (!model.processes[slot].used)
        return;
    if (external) {
        RULE("B6");
        if (!may_be_vouched_for(slot, addr, len, writable))
            return;
        answer(p, OUTCOME_DONE, 0);
    } else {
        answer(p, OUTCOME_CODE, share(slot, addr, len, writable, p));
        if (p->outcome.status != OK)
            return;
    }
    model.buffers[call->args[0] + (writable ? TRACE_BUFFER_COUNT : 0)] =
        (struct model_buffer){ .filled = true,
                               .built = !external,
                               .slot = slot,
                               .identifier = model.processes[slot].identifier,
                               .addr = addr,
                               .len = len };
}

static void predict_buffer_op(const struct call *call, struct prediction *p)
{
    struct model_buffer *buffer = &model.buffers[call->args[0]];
    answer(p, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_LEN:
        RULE("H1");
        value(p, 'l', asks_whether_live(buffer, p) ? buffer->len : 0);
        break;
    case OP_PTR:
        RULE("H1");
        value(p, 'a', buffer->len == 0 ? 0 : buffer->addr);
        break;
    case OP_CONSUME:
        RULE("H3");
        value(p, 'a', buffer->addr);
        value(p, 'l', buffer->len);
        memset(buffer, 0, sizeof *buffer);
        break;
    case OP_COPY_READONLY:
        *buffer = model.buffers[call->args[1]];
        break;
    default: /* OP_COPY_READWRITE */
        model.buffers[TRACE_BUFFER_COUNT + call->args[0]] =
            model.buffers[TRACE_BUFFER_COUNT + call->args[1]];
        break;
    }
}

/* H2. The body is the machine's to run: model_enter() and model_leave() bracket it. */
static void predict_enter(const struct call *call, struct prediction *p)
{
    const bool writable = call->op->code == OP_MUT_ENTER;
    const struct model_buffer *buffer =
        &model.buffers[call->args[0] + (writable ? TRACE_BUFFER_COUNT : 0)];
    RULE("H2");
    if (model.depth == TRACE_MAX_DEPTH) {
        answer(p, OUTCOME_SKIPPED, 0);
        return;
    }
    if (!asks_whether_live(buffer, p)) {
        answer(p, OUTCOME_PROCESS_ERROR, NO_SUCH_APP);
        return;
    }
    answer(p, OUTCOME_PROCESS_ERROR, OK);
    if (buffer->len != 0)
        opens_and_closes(p, buffer->addr, buffer->len, writable);
}

static struct model_slice slice_of(uint64_t addr, uint64_t len, bool writable)
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

static struct model_open *open_body(unsigned slot, struct span span)
{
    struct model_open *open = &model.open[model.depth++];
    *open = (struct model_open){ .slot = slot, .span = span };
    model.processes[slot].open_enters++;
    return open;
}

void model_enter(unsigned buffer_register, unsigned slice_register, bool writable)
{
    const struct model_buffer *buffer = &model.buffers[buffer_register];
    struct model_slice slice = slice_of(buffer->addr, buffer->len, writable);
    open_body(buffer->slot, slice.span);
    slice.depth = model.depth;
    model.slices[slice_register] = slice;
}

/* The body of a driver's enter has the grant's data. */
void model_enter_driver(unsigned v, unsigned slot, unsigned slice_register)
{
    const struct model_driver *driver = &model.drivers[v];
    const struct span span = model.processes[slot].grants[driver->grant_number].span;
    struct model_open *open = open_body(slot, span);
    open->of_grant = true;
    open->driver = v;
    open->identifier = model.processes[slot].identifier;
    model.slices[slice_register] = (struct model_slice){
        .valid = true,
        .writable = true,
        .dummy = driver->len == driver->data_offset,
        .depth = model.depth,
        .span = { span.start + driver->data_offset,
                  span.start + driver->data_offset + driver->data_len } };
}

/* H4: slices end with the enter that they came from. */
void model_leave(void)
{
    for (unsigned s = 0; s < TRACE_SLICE_COUNT; s++)
        if (model.slices[s].depth >= model.depth)
            model.slices[s].valid = false;
    const struct model_open *open = &model.open[--model.depth];
    struct model_process *process = &model.processes[open->slot];
    process->open_enters--;
    if (open->of_grant && process->identifier == open->identifier && is_active(process))
        process->grants[model.drivers[open->driver].grant_number].entered = false; /* G3 */
}

/* ---- Slices: S ---- */

static uint64_t slice_len(const struct model_slice *slice)
{
    return slice->span.end - slice->span.start;
}


static void predict_get(const struct call *call, const struct model_slice *slice,
                        struct prediction *p)
{
    const uint64_t index = call->args[1];
    RULE("S2");
    if (index >= slice_len(slice)) {
        if (call->op->code == OP_GET_OR_PANIC)
            panics(p);
        else
            answer(p, OUTCOME_NO, 0);
        return;
    }
    const uint32_t at = slice->span.start + (uint32_t)index;
    RULE("S4");
    may_read(p, at, at + 1);
    answer(p, OUTCOME_YES, 0);
    value(p, 'u', model.bytes[at]);
}

static void predict_set(const struct call *call, const struct model_slice *slice,
                        struct prediction *p)
{
    const uint64_t index = call->args[1];
    RULE("S2");
    if (!slice->writable) {
        answer(p, OUTCOME_SKIPPED, 0); /* the compiler refuses it */
        return;
    }
    if (index >= slice_len(slice)) {
        answer(p, OUTCOME_NO, 0);
        return;
    }
    const uint32_t at = slice->span.start + (uint32_t)index;
    RULE("S4");
    may_write(p, at, at + 1);
    model.bytes[at] = (uint8_t)call->args[2];
    answer(p, OUTCOME_YES, 0);
}

static void predict_range(const struct call *call, const struct model_slice *slice,
                          struct prediction *p)
{
    const uint64_t len = slice_len(slice);
    uint64_t start = call->args[2], end = call->args[3];
    RULE("S2");
    if (call->op->code == OP_RANGE_FROM)
        end = len;
    if (call->op->code == OP_RANGE_TO) {
        end = start;
        start = 0;
    }
    if (start > end || end > len) {
        answer(p, OUTCOME_NO, 0);
        return;
    }
    struct model_slice part = *slice;
    part.span.start = slice->span.start + (uint32_t)start;
    part.span.end = slice->span.start + (uint32_t)end;
    model.slices[call->args[1]] = part;
    answer(p, OUTCOME_YES, 0);
}

static void predict_copy(const struct call *call, const struct model_slice *slice,
                         struct prediction *p)
{
    const uint8_t code = call->op->code;
    const bool to_array = code == OP_COPY_TO || code == OP_COPY_TO_OR_PANIC;
    const bool may_panic = code == OP_COPY_TO_OR_PANIC || code == OP_COPY_FROM_OR_PANIC;
    const uint32_t len = (uint32_t)slice_len(slice);
    RULE("S3");
    if (!to_array && !slice->writable) {
        answer(p, OUTCOME_SKIPPED, 0);
        return;
    }
    if (call->args[1] != len) {
        if (may_panic)
            panics(p);
        else
            answer(p, OUTCOME_CODE, SIZE);
        return;
    }
    answer(p, may_panic ? OUTCOME_DONE : OUTCOME_CODE, OK);
    const uint32_t array = to_array ? ARENA_OUT : ARENA_IN + (uint32_t)call->args[2];
    const uint32_t from = to_array ? slice->span.start : array;
    const uint32_t to = to_array ? array : slice->span.start;
    may_read(p, from, from + len);
    may_write(p, to, to + len);
    for (uint32_t i = 0; i < len; i++)
        model.bytes[to + i] = model.bytes[from + i];
}

/* Bytes may overlap: all are read before one is written. */
static void predict_copy_slice(const struct model_slice *to, const struct model_slice *from,
                               struct prediction *p)
{
    uint8_t bytes[ARENA_LEN];
    const uint32_t len = (uint32_t)slice_len(to);
    RULE("S3");
    if (!from->valid || !to->writable) {
        answer(p, OUTCOME_SKIPPED, 0);
        return;
    }
    if (slice_len(from) != len) {
        answer(p, OUTCOME_CODE, SIZE);
        return;
    }
    answer(p, OUTCOME_CODE, OK);
    may_read(p, from->span.start, from->span.end);
    may_write(p, to->span.start, to->span.end);
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = model.bytes[from->span.start + i];
    for (uint32_t i = 0; i < len; i++)
        model.bytes[to->span.start + i] = bytes[i];
}

void model_predict_iter(const struct model_slice *slice, uint64_t step, struct prediction *p)
{
    memset(p, 0, sizeof *p);
    RULE("S1");
    if (step >= slice_len(slice)) {
        answer(p, OUTCOME_NO, 0);
        return;
    }
    const uint32_t at = slice->span.start + (uint32_t)step;
    may_read(p, at, at + 1);
    answer(p, OUTCOME_YES, 0);
    value(p, 'u', model.bytes[at]);
}

void model_predict_chunk(const struct model_slice *slice, uint64_t step, uint64_t chunk_len,
                         struct prediction *p, struct span *chunk_out)
{
    memset(p, 0, sizeof *p);
    RULE("S1");
    const wide start = (wide)step * chunk_len;
    if (start >= slice_len(slice)) {
        answer(p, OUTCOME_NO, 0);
        return;
    }
    wide end = start + chunk_len;
    if (end > slice_len(slice))
        end = slice_len(slice);
    chunk_out->start = slice->span.start + (uint32_t)start;
    chunk_out->end = slice->span.start + (uint32_t)end;
    answer(p, OUTCOME_YES, 0);
    value(p, 'l', (uint64_t)(end - start));
}

/* ---- Bytes: S7 ---- */

/* How many bytes come before the first one of this value, or all of them. */
static uint32_t count_before(const struct model_slice *slice, uint8_t byte, uint32_t most)
{
    uint32_t count = 0;
    while (count < most && model.bytes[slice->span.start + count] != byte)
        count++;
    return count;
}

static void predict_compare(const struct call *call, const struct model_slice *slice,
                            struct prediction *p)
{
    const uint32_t len = (uint32_t)slice_len(slice);
    const uint32_t array = ARENA_IN + (uint32_t)call->args[2];
    uint32_t same = 0;
    if (call->args[1] != len) {
        answer(p, OUTCOME_CODE, SIZE);
        return;
    }
    while (same < len && model.bytes[slice->span.start + same] == model.bytes[array + same])
        same++;
    const uint32_t looked_at = same < len ? same + 1 : len;
    may_read(p, slice->span.start, slice->span.start + looked_at);
    may_read(p, array, array + looked_at);
    answer(p, OUTCOME_CODE, OK);
    value(p, 'u', same == len ? 1
                  : model.bytes[slice->span.start + same] < model.bytes[array + same] ? 0 : 2);
}

static void predict_find(const struct call *call, const struct model_slice *slice,
                         struct prediction *p)
{
    const bool is_string = call->op->code == OP_STRING_LEN;
    const uint32_t len = (uint32_t)slice_len(slice);
    const uint32_t before = count_before(slice, is_string ? 0 : (uint8_t)call->args[1], len);
    const bool found = before < len;
    may_read(p, slice->span.start, slice->span.start + before + found);
    if (is_string)
        answer(p, OUTCOME_CODE, found ? OK : SIZE);
    else
        answer(p, found ? OUTCOME_YES : OUTCOME_NO, 0);
    if (found)
        value(p, 'l', before);
}

static void predict_string_copy(const struct call *call, const struct model_slice *slice,
                                struct prediction *p)
{
    const uint32_t len = (uint32_t)slice_len(slice);
    if (call->args[1] > ARENA_OUT_LEN) {
        answer(p, OUTCOME_SKIPPED, 0); /* the kernel has no such array */
        return;
    }
    const uint32_t most = call->args[1] < len ? (uint32_t)call->args[1] : len;
    const uint32_t before = count_before(slice, 0, most);
    const bool found = before < most;
    may_read(p, slice->span.start, slice->span.start + before + found);
    may_write(p, ARENA_OUT, ARENA_OUT + before + found);
    for (uint32_t i = 0; i < before + found; i++)
        model.bytes[ARENA_OUT + i] = found ? model.bytes[slice->span.start + i] : 0;
    answer(p, OUTCOME_CODE, found ? OK : SIZE);
    if (found)
        value(p, 'l', before);
}

/* Words of 2, 4 and 8 bytes, even kinds with the least significant byte first. */
static void predict_word(const struct call *call, const struct model_slice *slice,
                         struct prediction *p)
{
    const unsigned kind = (unsigned)call->args[2] % 6;
    const uint32_t width = 2u << kind / 2;
    const bool storing = call->op->code == OP_STORE;
    uint64_t word = storing ? model_word((uint8_t)call->args[3]) : 0;
    if (storing && !slice->writable) {
        answer(p, OUTCOME_SKIPPED, 0);
        return;
    }
    if ((wide)call->args[1] + width > slice_len(slice)) {
        answer(p, OUTCOME_NO, 0);
        return;
    }
    const uint32_t at = slice->span.start + (uint32_t)call->args[1];
    answer(p, OUTCOME_YES, 0);
    for (uint32_t i = 0; i < width; i++) {
        const uint32_t significance = kind % 2 == 0 ? i : width - 1 - i;
        if (storing)
            model.bytes[at + i] = (uint8_t)(word >> 8 * significance);
        else
            word |= (uint64_t)model.bytes[at + i] << 8 * significance;
    }
    if (storing) {
        may_write(p, at, at + width);
    } else {
        may_read(p, at, at + width);
        value(p, 'w', word);
    }
}

uint64_t model_word(uint8_t pattern)
{
    return UINT64_C(0x0102030405060708) * pattern;
}

static void predict_fitting(const struct call *call, const struct model_slice *slice,
                            struct prediction *p)
{
    const bool to_array = call->op->code == OP_COPY_TO_FITTING;
    const uint32_t len = (uint32_t)slice_len(slice);
    if (call->args[1] > ARENA_OUT_LEN || (!to_array && !slice->writable)) {
        answer(p, OUTCOME_SKIPPED, 0);
        return;
    }
    const uint32_t count = call->args[1] < len ? (uint32_t)call->args[1] : len;
    const uint32_t array = to_array ? ARENA_OUT : ARENA_IN + (uint32_t)call->args[2];
    const uint32_t from = to_array ? slice->span.start : array;
    const uint32_t to = to_array ? array : slice->span.start;
    may_read(p, from, from + count);
    may_write(p, to, to + count);
    for (uint32_t i = 0; i < count; i++)
        model.bytes[to + i] = model.bytes[from + i];
    value(p, 'l', count);
}

static void predict_bytes_op(const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = &model.slices[call->args[0]];
    answer(p, OUTCOME_SKIPPED, 0);
    if (!slice->valid)
        return;
    RULE("S7");
    answer(p, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_COMPARE: predict_compare(call, slice, p); break;
    case OP_FIND:
    case OP_STRING_LEN: predict_find(call, slice, p); break;
    case OP_STRING_COPY: predict_string_copy(call, slice, p); break;
    case OP_LOAD:
    case OP_STORE: predict_word(call, slice, p); break;
    case OP_COPY_TO_FITTING:
    case OP_COPY_FROM_FITTING: predict_fitting(call, slice, p); break;
    default: /* OP_SLICE_FILL */
        if (!slice->writable) {
            answer(p, OUTCOME_SKIPPED, 0);
            break;
        }
        may_write(p, slice->span.start, slice->span.end);
        for (uint32_t at = slice->span.start; at < slice->span.end; at++)
            model.bytes[at] = (uint8_t)call->args[1];
        break;
    }
}

static void predict_slice_op(const struct call *call, struct prediction *p)
{
    const struct model_slice *slice = &model.slices[call->args[0]];
    answer(p, OUTCOME_SKIPPED, 0);
    if (!slice->valid)
        return;
    answer(p, OUTCOME_DONE, 0);
    RULE("S1");
    switch (call->op->code) {
    case OP_SLICE_LEN: value(p, 'l', slice_len(slice)); break;
    case OP_GET:
    case OP_GET_OR_PANIC: predict_get(call, slice, p); break;
    case OP_SET: predict_set(call, slice, p); break;
    case OP_RANGE:
    case OP_RANGE_FROM:
    case OP_RANGE_TO: predict_range(call, slice, p); break;
    case OP_CHUNKS:
        RULE("E4");
        if (call->args[1] == 0)
            panics(p);
        break;
    case OP_COPY_TO:
    case OP_COPY_TO_OR_PANIC:
    case OP_COPY_FROM:
    case OP_COPY_FROM_OR_PANIC: predict_copy(call, slice, p); break;
    case OP_COPY_SLICE: predict_copy_slice(slice, &model.slices[call->args[1]], p); break;
    case OP_AS_READABLE:
        if (!slice->writable) {
            answer(p, OUTCOME_SKIPPED, 0);
        } else {
            model.slices[call->args[1]] = *slice;
            model.slices[call->args[1]].writable = false;
        }
        break;
    default: break; /* OP_ITERATE: step by step */
    }
}

static void predict_from_array(const struct call *call, struct prediction *p)
{
    RULE("S1");
    answer(p, OUTCOME_DONE, 0);
    model.slices[call->args[0]] =
        slice_of((uint64_t)ARENA_BASE + ARENA_SCRATCH + call->args[1], call->args[2],
                 call->op->code == OP_FROM_ARRAY_MUT);
}

/* ---- Grants and allow, as operations: G, A ---- */

static void predict_grant_op(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    struct model_process *process = &model.processes[slot];
    unsigned number;
    answer(p, OUTCOME_SKIPPED, 0);
    if (!process->used)
        return;
    if (call->op->code == OP_LOOKUP_DRIVER) {
        RULE("G2");
        const bool found = find_driver_number(slot, call->args[1], &number);
        answer(p, found ? OUTCOME_YES : OUTCOME_NO, 0);
        if (found)
            value(p, 'u', number);
    } else if (call->op->code == OP_ENTER_GRANT) {
        const int error = enter_grant(slot, call->args[1], p);
        answer(p, OUTCOME_PROCESS_ERROR, error);
        if (error == OK)
            value(p, 'a', (uint64_t)ARENA_BASE + process->grants[call->args[1]].span.start);
    } else {
        const uint64_t align = call->args[4];
        for (unsigned v = 0; v < TRACE_DRIVER_COUNT; v++)
            if (model.drivers[v].declared && model.drivers[v].grant_number == call->args[1])
                return; /* that driver's to allocate */
        RULE("G1");
        if (align == 0 || (align & (align - 1)) != 0)
            panics(p);
        else
            answer(p, allocate_grant(slot, call->args[1], call->args[2], call->args[3], align, p)
                          ? OUTCOME_YES : OUTCOME_NO, 0);
    }
}

static void predict_leave_grant(const struct call *call, struct prediction *p)
{
    const struct model_id *id = &model.ids[call->args[0]];
    RULE("G3");
    answer(p, OUTCOME_DONE, 0);
    for (unsigned d = 0; d < model.depth; d++)
        if (model.open[d].of_grant &&
            model.drivers[model.open[d].driver].grant_number == call->args[1])
            answer(p, OUTCOME_SKIPPED, 0); /* a kernel leaves only what it entered itself */
    if (p->outcome.kind == OUTCOME_DONE && id->taken && is_live(id->slot, id->identifier) &&
        is_active(&model.processes[id->slot]) && call->args[1] < MODEL_GRANT_COUNT)
        model.processes[id->slot].grants[call->args[1]].entered = false;
}

static void predict_driver_enter(const struct call *call, struct prediction *p)
{
    const struct model_driver *driver = &model.drivers[call->args[0]];
    const struct model_id *id = &model.ids[call->args[1]];
    RULE("G4");
    answer(p, OUTCOME_SKIPPED, 0);
    if (model.depth == TRACE_MAX_DEPTH || !driver->declared)
        return;
    if (!id->taken || !is_live(id->slot, id->identifier))
        answer(p, OUTCOME_PROCESS_ERROR, NO_SUCH_APP);
    else
        answer(p, OUTCOME_PROCESS_ERROR, begin_driver_grant(id->slot, driver, p));
}

/* After the life of the driver's process ended its slots may hold anything: nobody asks then. */
static void predict_read_slot(const struct call *call, struct prediction *p)
{
    const unsigned kind = call->op->code == OP_READ_READWRITE;
    const struct model_open *open = model_current_driver();
    const uint64_t number = call->args[1];
    RULE("G4");
    answer(p, OUTCOME_SKIPPED, 0);
    if (open == NULL || !is_live(open->slot, open->identifier))
        return;
    const struct model_driver *driver = &model.drivers[open->driver];
    if (number >= driver->slot_counts[kind]) {
        answer(p, OUTCOME_PROCESS_ERROR, ADDRESS_OUT_OF_BOUNDS);
        return;
    }
    RULE("G5");
    const struct model_slots *slots = &model.slots[open->slot][driver->grant_number];
    answer(p, OUTCOME_PROCESS_ERROR, OK);
    may_read(p, slots->place.start, slots->place.end);
    model.buffers[call->args[0] + (kind ? TRACE_BUFFER_COUNT : 0)] =
        (struct model_buffer){ .filled = true,
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
}

/* A1 behind the build. Returns: the code. */
static int swap_slot(unsigned slot, const struct model_driver *driver, unsigned kind,
                     uint64_t number, struct model_range *range, struct prediction *p)
{
    RULE("A1");
    if (begin_driver_grant(slot, driver, p) != OK)
        return NOMEM;
    struct model_slots *slots = &model.slots[slot][driver->grant_number];
    model.processes[slot].grants[driver->grant_number].entered = false;
    may_read(p, slots->place.start, slots->place.end);
    if (number >= driver->slot_counts[kind])
        return NOSUPPORT;
    RULE("A2");
    const struct model_range old = slots->held[kind][number];
    may_write(p, slots->place.start, slots->place.end);
    slots->held[kind][number] = *range;
    slots->swaps[kind][number]++;
    *range = old;
    return OK;
}

static void predict_allow(const struct call *call, struct prediction *p)
{
    const uint8_t code = call->op->code;
    const unsigned slot = (unsigned)call->args[0];
    struct model_driver *driver = &model.drivers[call->args[1]];
    struct model_range range = { call->args[3], call->args[4] };
    int status = NODEVICE;
    RULE("A1");
    if (!model.processes[slot].used) {
        answer(p, OUTCOME_SKIPPED, 0);
        return;
    }
    if (driver->declared) {
        status = share(slot, range.addr, range.len, code != OP_ALLOW_READONLY, p);
        if (status == OK && code == OP_ALLOW_USERSPACE_READABLE) {
            RULE("A3");
            status = (int)(call->args[2] % 14);
            if (status == OK) {
                const struct model_range old = driver->held;
                driver->held = range;
                range = old;
            }
        } else if (status == OK) {
            status = swap_slot(slot, driver, code == OP_ALLOW_READWRITE, call->args[2], &range, p);
        }
    }
    answer(p, OUTCOME_CODE, status);
    value(p, 'a', range.addr);
    value(p, 'l', range.len);
}

/* A4 */
static void predict_set_byte(const struct call *call, struct prediction *p)
{
    const unsigned slot = (unsigned)call->args[0];
    const uint64_t addr = call->args[1];
    RULE("A4");
    if (!model.processes[slot].used) {
        answer(p, OUTCOME_SKIPPED, 0);
    } else if (!app_owned(slot, addr, 1)) {
        answer(p, OUTCOME_NO, 0);
    } else {
        const uint32_t at = (uint32_t)(addr - ARENA_BASE);
        answer(p, OUTCOME_YES, 0);
        opens_and_closes(p, addr, 1, true);
        may_write(p, at, at + 1);
        model.bytes[at] = (uint8_t)call->args[2];
    }
}

/* ---- Userspace ---- */

static bool is_app_memory(uint64_t addr)
{
    return addr - ARENA_BASE < ARENA_LEN && model.cells[addr - ARENA_BASE] % 8 == APP;
}

bool model_user_write(uint64_t addr, uint8_t new_value)
{
    if (!is_app_memory(addr))
        return false;
    model.bytes[addr - ARENA_BASE] = new_value;
    return true;
}

/* Bytes that differ from their neighbours and from one seed to the next. */
bool model_user_fill(unsigned slot, uint8_t seed, struct span *filled_out)
{
    const struct model_process *process = &model.processes[slot];
    if (!process->used)
        return false;
    filled_out->start = (uint32_t)(process->mem_start - ARENA_BASE);
    filled_out->end = (uint32_t)(process->app_break - ARENA_BASE);
    for (uint32_t at = filled_out->start; at < filled_out->end; at++)
        model.bytes[at] = (uint8_t)(arena_pristine[at] + seed);
    return true;
}

/* ---- Everything ---- */

void model_predict(const struct call *call, struct prediction *p)
{
    const uint8_t code = call->op->code;
    p->rule = "";
    p->outcome.kind = OUTCOME_SKIPPED;
    p->outcome.value_count = 0;
    p->access.read_count = p->access.write_count = p->access.hook_count = 0;
    p->access.opaque = (struct span){ 0, 0 };
    if (code == OP_CREATE) {
        model_predict_create(call->args, p);
    } else if (code >= OP_REMOVE && code <= OP_MEMOP_SBRK) {
        predict_process_op(call, p);
    } else if (code == OP_RESTART_MANY) {
        predict_process_op(call, p);
    } else if (code >= OP_TAKE_ID && code <= OP_ID_EQUAL) {
        predict_id_op(call, p);
    } else if (code >= OP_BUILD_READONLY && code <= OP_EXTERNAL_READWRITE) {
        predict_build(call, p);
    } else if (code == OP_ENTER || code == OP_MUT_ENTER) {
        predict_enter(call, p);
    } else if (code >= OP_LEN && code <= OP_COPY_READWRITE) {
        predict_buffer_op(call, p);
    } else if (code == OP_FROM_ARRAY || code == OP_FROM_ARRAY_MUT) {
        predict_from_array(call, p);
    } else if (code >= OP_SLICE_FILL && code <= OP_COPY_FROM_FITTING) {
        predict_bytes_op(call, p);
    } else if (code >= OP_SLICE_LEN && code <= OP_AS_READABLE) {
        predict_slice_op(call, p);
    } else if (code == OP_ALLOCATE_GRANT || code == OP_LOOKUP_DRIVER || code == OP_ENTER_GRANT) {
        predict_grant_op(call, p);
    } else if (code == OP_LEAVE_GRANT) {
        predict_leave_grant(call, p);
    } else if (code == OP_DRIVER_ENTER) {
        predict_driver_enter(call, p);
    } else if (code == OP_READ_READONLY || code == OP_READ_READWRITE) {
        predict_read_slot(call, p);
    } else if (code >= OP_ALLOW_READONLY && code <= OP_ALLOW_USERSPACE_READABLE) {
        predict_allow(call, p);
    } else if (code == OP_SET_BYTE) {
        predict_set_byte(call, p);
    } else if (code == OP_RETURN_TO_USER) {
        RULE("S6");
        answer(p, OUTCOME_DONE, 0);
        hook(p, HOOK_BARRIER);
    }
}

/* They share a byte: an empty one shares none. */
static bool spans_overlap(struct span a, struct span b)
{
    return a.start < a.end && b.start < b.end && a.start < b.end && b.start < a.end;
}

/* I3, I4 */
static void check_grants(unsigned slot)
{
    const struct model_process *process = &model.processes[slot];
    for (unsigned g = 0; g < MODEL_GRANT_COUNT; g++) {
        const struct model_grant *grant = &process->grants[g];
        if (!process->used || !grant->allocated)
            continue;
        for (unsigned other = 0; other < g; other++)
            if (process->grants[other].allocated &&
                spans_overlap(grant->span, process->grants[other].span))
                bug_found("invariant", "I4-grants-apart",
                          "expected: grants do not overlap (I4)\nactual: %u and %u of p%u do", g,
                          other, slot);
        for (unsigned d = 0; d < model.depth; d++)
            if (!model.open[d].of_grant && model.open[d].slot == slot &&
                spans_overlap(grant->span, model.open[d].span))
                bug_found("invariant", "I3-open-slice-under-grant",
                          "expected: no byte is in an open slice and in a grant (I3)\n"
                          "actual: grant %u of p%u covers one", g, slot);
    }
}

void model_check_invariants(void)
{
    for (unsigned slot = 0; slot < model.slot_count; slot++) {
        const struct model_process *process = &model.processes[slot];
        if (process->used &&
            !(process->mem_start <= process->mark && process->mark <= process->app_break &&
              process->app_break <= process->kernel_break &&
              process->kernel_break <= process->mem_end))
            bug_found("invariant", "I1-breaks-in-order",
                      "expected: mem_start <= mark <= app_break <= kernel_break <= mem_end (I1)\n"
                      "actual: not so for p%u", slot);
        check_grants(slot);
    }
    for (unsigned b = 0; b < 2 * TRACE_BUFFER_COUNT; b++) {
        const struct model_buffer *buffer = &model.buffers[b];
        if (!buffer->built || buffer->len == 0 || !model_buffer_is_live(buffer))
            continue;
        const struct model_process *process = &model.processes[buffer->slot];
        const wide end = (wide)buffer->addr + buffer->len;
        const bool in_ram = buffer->addr >= process->mem_start && end <= process->app_break;
        const bool in_readable_flash =
            buffer->addr >= process->flash_protected_end && end <= process->flash_end;
        if (!in_ram && (b >= TRACE_BUFFER_COUNT || !in_readable_flash))
            bug_found("invariant", "I2-buffer-in-owned-memory",
                      "expected: live buffers lie in app-owned memory or readable flash (I2)\n"
                      "actual: not so for buffer register %u", b);
    }
}
