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
enum { OK, NO_SUCH_APP, OUT_OF_MEMORY, ADDRESS_OUT_OF_BOUNDS, INACTIVE_APP };
/* Codes, E1. */
enum { FAIL = 1, BUSY = 2, INVAL = 6, SIZE = 7, NOMEM = 9 };

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

/* ---- Processes: P4, L ---- */

static bool is_active(const struct model_process *process)
{
    return process->state != MODEL_FAULTED && process->state != MODEL_TERMINATED;
}

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
        (args[4] != 0 && !in_process_area(args[3], args[4]))) {
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
    return buffer->filled && is_live(buffer->slot, buffer->identifier);
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
        (struct model_buffer){ true, !external, slot, model.processes[slot].identifier, addr, len };
}

static void predict_buffer_op(const struct call *call, struct prediction *p)
{
    struct model_buffer *buffer = &model.buffers[call->args[0]];
    answer(p, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_LEN:
        RULE("H1");
        value(p, 'l', model_buffer_is_live(buffer) ? buffer->len : 0);
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
    if (!model_buffer_is_live(buffer)) {
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

void model_enter(unsigned buffer_register, unsigned slice_register, bool writable)
{
    const struct model_buffer *buffer = &model.buffers[buffer_register];
    model.entered_slots[model.depth++] = buffer->slot;
    model.processes[buffer->slot].open_enters++;
    model.slices[slice_register] = slice_of(buffer->addr, buffer->len, writable);
    model.slices[slice_register].depth = model.depth;
}

/* H4: slices end with the enter that they came from. */
void model_leave(void)
{
    for (unsigned s = 0; s < TRACE_SLICE_COUNT; s++)
        if (model.slices[s].depth >= model.depth)
            model.slices[s].valid = false;
    model.depth--;
    model.processes[model.entered_slots[model.depth]].open_enters--;
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
    } else if (code >= OP_SLICE_LEN && code <= OP_AS_READABLE) {
        predict_slice_op(call, p);
    } else if (code == OP_RETURN_TO_USER) {
        RULE("S6");
        answer(p, OUTCOME_DONE, 0);
        hook(p, HOOK_BARRIER);
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
