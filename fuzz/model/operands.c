/* What the operands of an operation come to, in the world as it is now. */
#include "rules.h"

static bool resolve_process_place(const struct model *m, const struct operand *operand,
                                  uint64_t *base_out)
{
    const struct model_process *p = &m->processes[operand->index];
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

static bool resolve_base(const struct model *m, const struct call *call,
                         const struct operand *operand, uint64_t *base_out)
{
    const bool is_64 = UINTPTR_MAX > 0xffffffffu;
    switch (operand->anchor) {
    case ANCHOR_NUMBER: *base_out = 0; return true;
    case ANCHOR_MAX: *base_out = UINTPTR_MAX; return true;
    case ANCHOR_HALF: *base_out = UINTPTR_MAX / 2 + 1; return true;
    case ANCHOR_W31: *base_out = is_64 ? (uint64_t)1 << 31 : (uint64_t)1 << 30; return true;
    case ANCHOR_W32: *base_out = is_64 ? (uint64_t)1 << 32 : (uint64_t)3 << 30; return true;
    case ANCHOR_PART: /* the operand's number, added to this, is taken off again */
        *base_out = ((uint64_t)operand->number << (is_64 ? 48 : 16)) - (uint64_t)operand->number;
        return true;
    case ANCHOR_TOP: *base_out = 0; return true;
    case ANCHOR_KERNEL: *base_out = ARENA_BASE; return true;
    case ANCHOR_BUFFER_START: *base_out = m->buffers[operand->index].addr; return true;
    case ANCHOR_BUFFER_END:
        *base_out = m->buffers[operand->index].addr + m->buffers[operand->index].len;
        return true;
    case ANCHOR_FOREIGN: *base_out = model_foreign_memory(operand->index); return true;
    case ANCHOR_REGION_LOW: *base_out = m->regions[operand->index].start; return true;
    case ANCHOR_REGION_HIGH: *base_out = m->regions[operand->index].end; return true;
    case ANCHOR_LEN: {
        const struct model_slice *slice = &m->slices[call->args[0]];
        *base_out = slice->span.end - slice->span.start;
        return true;
    }
    default: return resolve_process_place(m, operand, base_out);
    }
}

static bool counts_from_place(const struct operand *operand)
{
    return operand->anchor >= ANCHOR_RAM && operand->anchor != ANCHOR_LEN;
}

/* A completion code comes with 1 added, and none, 0, is not wide. */
static uint64_t widened(char kind, unsigned power, uint64_t number)
{
    if (kind == 'c' && number == 0)
        return 0;
    if (kind == 'c')
        return 1 + widened('N', power, number - 1);
    return power == 32 ? UINT32_MAX - number : (uint32_t)(((uint64_t)1 << power) + number);
}

/* The address that differs in one of its high bits: no process has memory there. */
static uint64_t far_address(unsigned power, uint64_t addr)
{
    const bool is_64 = UINTPTR_MAX > 0xffffffffu;
    return addr + ((uint64_t)1 << (is_64 ? 31 + power : 26 + power % 6));
}

/* Every machine's arena, and the memory of a C test, begins at a multiple of 2^17. Where in a large process a grant of a larger alignment fits depends
 * on the machine: none is asked for. */
enum { MOST_ALIGNMENT = 17 };

static unsigned widening(const struct model *m, const struct op *op, unsigned k)
{
    const unsigned power = m->widen_now.power;
    const bool aligns = op->code == OP_ALLOCATE_GRANT && k == 4;
    return aligns && m->is_large && power > MOST_ALIGNMENT && power < 32 ? MOST_ALIGNMENT : power;
}

/* The operand of the operation that has begun that "widen" was said of. Returns: 0 if there is none. */
static unsigned wide_operand(const struct model *m, uint8_t code)
{
    const unsigned operand = m->widen_now.operand;
    const char *kinds = op_table[code].operands;
    if (operand == 0 || op_prepares(code) || operand > strlen(kinds))
        return 0;
    return kind_row(kinds[operand - 1])->is_wide ? operand : 0;
}

static bool moves_break(uint8_t code)
{
    return code == OP_BRK || code == OP_SBRK || code == OP_MEMOP_BRK || code == OP_MEMOP_SBRK;
}

/* Of a machine with granules: a break at an odd address stays there, and its port refuses it; another one goes on to
 * the next granule, away from where the break is, and at a multiple of 4 to the next one that the port does not refuse. */
static void round_break(const struct model *m, struct call *call)
{
    const struct model_process *p = &m->processes[call->args[0]];
    const bool is_distance = call->op->code == OP_SBRK || call->op->code == OP_MEMOP_SBRK;
    const uint64_t base = is_distance ? p->app_break : 0;
    const uint64_t addr = (uintptr_t)(base + call->args[1]);
    if (addr % 2 != 0 || addr < p->mem_start || addr > p->mem_end)
        return;
    const bool shrinks = addr < p->app_break;
    const uint64_t step = shrinks ? 0 - (uint64_t)m->granule : m->granule;
    uint64_t rounded = shrinks ? addr / m->granule * m->granule : model_round_up(addr, m->granule);
    uint64_t next = rounded;
    while (addr % 4 == 0 && next > p->mem_start && next < p->mem_end &&
           !model_expresses(m, p->mem_start, next))
        next += step;
    if (model_expresses(m, p->mem_start, next))
        rounded = next;
    call->args[1] = (uintptr_t)(rounded - base);
}

bool model_resolve(const struct model *m, const struct op *op, struct call *call_out)
{
    const char *kinds = op_table[op->code].operands;
    const unsigned wide = wide_operand(m, op->code);
    uint64_t last_addr = 0;
    call_out->op = op;
    for (unsigned k = 0; kinds[k] != '\0'; k++) {
        const struct operand *operand = &op->operands[k];
        uint64_t base = 0;
        if (!kind_is_value(kinds[k])) {
            call_out->args[k] = (uint64_t)operand->number;
            if (k + 1 == wide)
                call_out->args[k] = widened(kinds[k], widening(m, op, k), call_out->args[k]);
            continue;
        }
        if (!resolve_base(m, call_out, operand, &base))
            return false;
        base += (uint64_t)(int64_t)operand->number;
        if (k + 1 == wide)
            base = far_address(m->widen_now.power, base);
        if (kinds[k] == 'a')
            last_addr = base;
        else if (kinds[k] == 'n' && counts_from_place(operand))
            base -= last_addr;
        else if (kinds[k] == 'z' && counts_from_place(operand))
            base -= m->processes[call_out->args[0]].app_break;
        call_out->args[k] = (uintptr_t)base;
    }
    if (moves_break(op->code) && m->granule != 1)
        round_break(m, call_out);
    model_note_slice(m, call_out);
    return true;
}

void model_note_slice(const struct model *m, struct call *call)
{
    call->cuts_writable =
        op_table[call->op->code].operands[0] == 's' && m->slices[call->args[0]].writable;
}
