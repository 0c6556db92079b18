#include "machine.h"

#include <procbuf.h>
#include <procbuf/capability.h>

#include "bug.h"
#include "port.h"
#include "results.h"

#include <inttypes.h>
#include <string.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

/* A slice of the library, of the kind that the model says. */
struct slice {
    struct procbuf_readable readable;
    struct procbuf_writable writable;
};

static struct procbuf_table table;
static struct procbuf_process slots[TRACE_MAX_PROCESSES];
static struct procbuf_readonly readonly[TRACE_BUFFER_COUNT];
static struct procbuf_readwrite readwrite[TRACE_BUFFER_COUNT];
static struct slice slices[TRACE_SLICE_COUNT];
static struct procbuf_id ids[TRACE_ID_COUNT];

const struct trace *machine_trace;
unsigned machine_position;
const struct call *machine_call;
uint64_t machine_checked_ops;
uint64_t machine_op_counts[256];
static FILE *results;

/* ---- Comparing ---- */

/* More of the same sentence, once, before the finding's identity. */
static void print_outcomes(const struct outcome *expected, const struct outcome *actual)
{
    fputs("expected: ", stderr);
    outcome_print(expected, stderr);
    fputs("\nactual: ", stderr);
    outcome_print(actual, stderr);
    fputc('\n', stderr);
}

static void compare_outcome(const struct outcome *expected, const struct outcome *actual)
{
    const char *check = NULL;
    if (expected->kind != actual->kind)
        check = "outcome-kind";
    else if (expected->status != actual->status)
        check = "outcome-status";
    else if (expected->value_count != actual->value_count)
        check = "outcome-value-count";
    for (unsigned v = 0; check == NULL && v < expected->value_count; v++)
        if (expected->values[v].value != actual->values[v].value)
            check = "outcome-value";
    if (check == NULL)
        return;
    print_outcomes(expected, actual);
    bug_found("result", check, "the answer differs from the contract's (%s)", bug_current_rule);
}

static void compare_field(const char *check, unsigned slot, uint64_t expected, uint64_t actual)
{
    if (expected == actual)
        return;
    fprintf(stderr, "expected: p%u has ", slot);
    place_print(expected, stderr);
    fputs("\nactual: ", stderr);
    place_print(actual, stderr);
    fputc('\n', stderr);
    bug_found("state", check, "the process's state differs from the contract's (%s)",
              bug_current_rule);
}

static void compare_life(unsigned slot, const struct procbuf_process *process)
{
    const struct model_process *p = &model.processes[slot];
    const struct procbuf_state state = procbuf_process_state(process);
    uint32_t code = 0;
    compare_field("state-kind", slot, p->state, state.kind);
    compare_field("state-stopped-from", slot, p->stopped_from, state.stopped_from);
    compare_field("state-yielded-for", slot, p->yielded_for, state.yielded_for);
    compare_field("state-active", slot,
                  p->state != MODEL_FAULTED && p->state != MODEL_TERMINATED,
                  procbuf_process_is_active(process));
    compare_field("state-completion", slot, p->completion,
                  procbuf_process_completion(process, &code));
    compare_field("state-completion-code", slot, p->completion == 2 ? p->completion_code : 0, code);
    compare_field("state-restart-count", slot, p->restart_count,
                  procbuf_process_restart_count(process));
}

/* The model's states are numbered as the library's: checked here, at compile time. */
_Static_assert((int)MODEL_RUNNING == (int)PROCBUF_STATE_RUNNING &&
                   (int)MODEL_YIELDED == (int)PROCBUF_STATE_YIELDED &&
                   (int)MODEL_YIELDED_FOR == (int)PROCBUF_STATE_YIELDED_FOR &&
                   (int)MODEL_STOPPED == (int)PROCBUF_STATE_STOPPED &&
                   (int)MODEL_FAULTED == (int)PROCBUF_STATE_FAULTED &&
                   (int)MODEL_TERMINATED == (int)PROCBUF_STATE_TERMINATED,
               "states are numbered alike");

/* Slots and what the model says of them, as they were when last compared. The accessors are pure:
 * while neither side changes, neither do their answers. */
static struct procbuf_process compared_slots[TRACE_MAX_PROCESSES];
static struct model_process compared_model[TRACE_MAX_PROCESSES];

/* A loop of our own, because the sanitizers intercept memcmp. Lengths are multiples of 4. */
static bool words_equal(const void *a, const void *b, size_t len)
{
    uint32_t differs = 0;
    for (size_t at = 0; at < len; at += sizeof differs) {
        uint32_t x, y;
        memcpy(&x, (const char *)a + at, sizeof x);
        memcpy(&y, (const char *)b + at, sizeof y);
        differs |= x ^ y;
    }
    return differs == 0;
}

_Static_assert(sizeof(struct procbuf_process) % 4 == 0 && sizeof(struct model_process) % 4 == 0,
               "compared by words");

static bool is_unchanged(unsigned slot)
{
    if (words_equal(&slots[slot], &compared_slots[slot], sizeof slots[slot]) &&
        words_equal(&model.processes[slot], &compared_model[slot], sizeof compared_model[slot]))
        return true;
    memcpy(&compared_slots[slot], &slots[slot], sizeof slots[slot]);
    compared_model[slot] = model.processes[slot];
    return false;
}

static void compare_process(unsigned slot)
{
    if (is_unchanged(slot))
        return;
    const struct model_process *p = &model.processes[slot];
    const struct procbuf_process *process = procbuf_table_slot(&table, slot);
    compare_field("state-occupied", slot, p->used, process != NULL);
    if (!p->used)
        return;
    compare_field("state-app-break", slot, p->app_break, procbuf_process_app_break(process));
    compare_field("state-kernel-break", slot, p->kernel_break,
                  procbuf_process_kernel_break(process));
    compare_field("state-mark", slot, p->mark, procbuf_process_mark(process));
    compare_life(slot, process);
}

/* What never changes in a process's time in the table. */
static void compare_layout(unsigned slot)
{
    const struct model_process *p = &model.processes[slot];
    const struct procbuf_process *process = procbuf_table_slot(&table, slot);
    compare_field("layout-mem-start", slot, p->mem_start, procbuf_process_mem_start(process));
    compare_field("layout-mem-end", slot, p->mem_end, procbuf_process_mem_end(process));
    compare_field("layout-flash-start", slot, p->flash_start,
                  procbuf_process_flash_start(process));
    compare_field("layout-flash-protected-end", slot, p->flash_protected_end,
                  procbuf_process_flash_protected_end(process));
    compare_field("layout-flash-end", slot, p->flash_end, procbuf_process_flash_end(process));
}

static void compare_bytes(struct span span, const char *check)
{
    for (uint32_t at = span.start; at < span.end; at++) {
        if (model.bytes[at] == arena_view[at])
            continue;
        bug_arena_byte = (long)at;
        bug_found("memory", check,
                  "expected: arena byte %u holds 0x%02x\nactual: it holds 0x%02x", at,
                  model.bytes[at], arena_view[at]);
    }
}

static void compare_all_bytes(void)
{
    for (uint32_t at = 0; at < ARENA_LEN; at += 1024)
        if (!words_equal(&model.bytes[at], &arena_view[at], 1024))
            compare_bytes((struct span){ at, at + 1024 }, "bytes-differ-at-end");
}

static void compare_after(const struct prediction *prediction)
{
    for (unsigned w = 0; w < prediction->access.write_count; w++)
        compare_bytes(prediction->access.writes[w], "bytes-differ");
    for (unsigned slot = 0; slot < model.slot_count; slot++)
        compare_process(slot);
    model_check_invariants();
}

/* ---- Answers ---- */

static void answer(struct outcome *outcome, enum outcome_kind kind, int status)
{
    outcome->kind = kind;
    outcome->status = status;
    outcome->value_count = 0;
}

static void value(struct outcome *outcome, char kind, uint64_t number)
{
    outcome->values[outcome->value_count].kind = kind;
    outcome->values[outcome->value_count++].value = number;
}

static void answer_code(struct outcome *outcome, enum procbuf_code code)
{
    answer(outcome, OUTCOME_CODE, (int)code);
}

static void answer_bool(struct outcome *outcome, bool yes)
{
    answer(outcome, yes ? OUTCOME_YES : OUTCOME_NO, 0);
}

/* ---- Processes ---- */

static void run_create(const uint64_t args[8], struct outcome *outcome)
{
    const struct procbuf_process_config config = {
        .flash_start = (procbuf_addr_t)args[0],
        .flash_len = (size_t)args[1],
        .flash_protected_len = (size_t)args[2],
        .mem_start = (procbuf_addr_t)args[3],
        .mem_len = (size_t)args[4],
        .initial_app_len = (size_t)args[5],
        .initial_kernel_len = (size_t)args[6],
        .fault_policy = (args[7] & 1) != 0 ? PROCBUF_FAULT_RESTART : PROCBUF_FAULT_STOP,
    };
    struct procbuf_process *process = NULL;
    answer_code(outcome, procbuf_process_create(&table, &config, &process));
    if (process != NULL)
        value(outcome, 'p', (uint64_t)(process - slots));
}

static void run_break(const struct call *call, struct procbuf_process *process,
                      struct outcome *outcome)
{
    procbuf_addr_t old_break = 0;
    const procbuf_addr_t addr = (procbuf_addr_t)call->args[1];
    switch (call->op->code) {
    case OP_BRK:
        answer(outcome, OUTCOME_PROCESS_ERROR, (int)procbuf_process_brk(process, addr, &old_break));
        break;
    case OP_SBRK:
        answer(outcome, OUTCOME_PROCESS_ERROR,
               (int)procbuf_process_sbrk(process, (intptr_t)addr, &old_break));
        break;
    case OP_MEMOP_BRK:
        answer_code(outcome, procbuf_memop_brk(process, addr));
        break;
    default:
        answer_code(outcome, procbuf_memop_sbrk(process, (intptr_t)addr, &old_break));
        break;
    }
    /* No process begins at address 0 in the arena: an old break of 0 was not written. */
    if (old_break != 0)
        value(outcome, 'a', old_break);
}

static void run_process_op(const struct call *call, struct outcome *outcome)
{
    struct procbuf_process *process = &slots[call->args[0]];
    const uint64_t operand = call->args[1];
    const uint32_t code = (uint32_t)operand - 1;
    const uint32_t *completion = operand == 0 ? NULL : &code;
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_REMOVE: answer_code(outcome, procbuf_process_remove(process)); break;
    case OP_TERMINATE: procbuf_process_terminate(process, completion); break;
    case OP_RESTART: answer_bool(outcome, procbuf_process_restart(process, completion)); break;
    case OP_RESTART_MANY: answer_bool(outcome, procbuf_process_restart(process, NULL)); break;
    case OP_START: answer_bool(outcome, procbuf_process_start(process)); break;
    case OP_FAULT: procbuf_process_fault(process); break;
    case OP_STOP: procbuf_process_stop(process); break;
    case OP_RESUME: procbuf_process_resume(process); break;
    case OP_SET_RUNNING: procbuf_process_set_running(process); break;
    case OP_SET_YIELDED: procbuf_process_set_yielded(process); break;
    case OP_SET_YIELDED_FOR: procbuf_process_set_yielded_for(process, (uint32_t)operand); break;
    default: run_break(call, process, outcome); break;
    }
}

static void run_id_op(const struct call *call, struct outcome *outcome)
{
    struct procbuf_id *id = &ids[call->args[0]];
    answer(outcome, OUTCOME_DONE, 0);
    if (call->op->code == OP_TAKE_ID) {
        *id = procbuf_process_id(&slots[call->args[1]]);
    } else if (call->op->code == OP_LOOKUP) {
        const struct procbuf_process *process = procbuf_table_lookup(&table, *id);
        if (procbuf_id_is_live(*id) != (process != NULL))
            bug_found("result", "lookup-and-liveness-differ",
                      "expected: an id is live iff its process can be looked up (L1)\n"
                      "actual: live %d, found %d", procbuf_id_is_live(*id), process != NULL);
        answer_bool(outcome, process != NULL);
        if (process != NULL)
            value(outcome, 'p', (uint64_t)(process - slots));
    } else {
        answer_bool(outcome, procbuf_id_equal(*id, ids[call->args[1]]));
    }
}

/* ---- Buffers ---- */

static void run_build(const struct call *call, struct outcome *outcome)
{
    struct procbuf_process *process = &slots[call->args[1]];
    const procbuf_addr_t addr = (procbuf_addr_t)call->args[2];
    const size_t len = (size_t)call->args[3];
    const size_t number = (size_t)call->args[0];
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_BUILD_READONLY:
        answer_code(outcome, procbuf_build_readonly(process, addr, len, &readonly[number]));
        break;
    case OP_BUILD_READWRITE:
        answer_code(outcome, procbuf_build_readwrite(process, addr, len, &readwrite[number]));
        break;
    case OP_EXTERNAL_READONLY:
        readonly[number] = procbuf_readonly_new_external(addr, len, procbuf_process_id(process),
                                                         &capability);
        break;
    default:
        readwrite[number] = procbuf_readwrite_new_external(addr, len, procbuf_process_id(process),
                                                           &capability);
        break;
    }
}

static void run_buffer_op(const struct call *call, struct outcome *outcome)
{
    const size_t number = (size_t)call->args[0];
    const bool is_readonly = number < TRACE_BUFFER_COUNT;
    struct procbuf_readonly *ro = &readonly[number % TRACE_BUFFER_COUNT];
    struct procbuf_readwrite *rw = &readwrite[number % TRACE_BUFFER_COUNT];
    procbuf_addr_t addr;
    size_t len;
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_LEN:
        value(outcome, 'l', is_readonly ? procbuf_readonly_len(ro) : procbuf_readwrite_len(rw));
        break;
    case OP_PTR:
        value(outcome, 'a', is_readonly ? procbuf_readonly_ptr(ro) : procbuf_readwrite_ptr(rw));
        break;
    case OP_CONSUME:
        if (is_readonly)
            procbuf_readonly_consume(ro, &addr, &len);
        else
            procbuf_readwrite_consume(rw, &addr, &len);
        value(outcome, 'a', addr);
        value(outcome, 'l', len);
        break;
    case OP_COPY_READONLY: readonly[number] = readonly[call->args[1]]; break;
    default: readwrite[number] = readwrite[call->args[1]]; break;
    }
}

/* ---- Slices ---- */

static void *array_at(uint64_t offset, uint64_t len)
{
    return len == 0 ? NULL : (void *)(uintptr_t)(ARENA_BASE + offset);
}

/* The slice of the register, as one that only reads. */
static struct procbuf_readable readable_of(uint64_t number)
{
    return model.slices[number].writable ? procbuf_writable_as_readable(slices[number].writable)
                                         : slices[number].readable;
}

/* Base and length of a slice are what the model says. */
static void check_slice(uint64_t number)
{
    const struct model_slice *expected = &model.slices[number];
    const bool writable = expected->writable;
    const size_t len = writable ? procbuf_writable_len(slices[number].writable)
                                : procbuf_readable_len(slices[number].readable);
    const uint8_t *base = writable ? procbuf_writable_base_unchecked(slices[number].writable)
                                   : procbuf_readable_base_unchecked(slices[number].readable);
    const size_t expected_len = expected->span.end - expected->span.start;
    if (len != expected_len)
        bug_found("slice", "slice-length", "expected: a slice of %zu bytes\nactual: %zu bytes",
                  expected_len, len);
    if (base == NULL)
        bug_found("slice", "slice-base-null", "expected: a base that is not null (H5)\n"
                  "actual: null");
    if (expected->dummy && (arena_holds((uintptr_t)base) || (uintptr_t)base == expected->wild))
        bug_found("slice", "slice-base-leaks",
                  "expected: an empty slice has the library's own base (H5)\n"
                  "actual: the pointer that the process passed, %p", (const void *)base);
    if (!expected->dummy && (uintptr_t)base != ARENA_BASE + (uintptr_t)expected->span.start)
        bug_found("slice", "slice-base", "expected: a slice at arena byte %u\nactual: at %p",
                  expected->span.start, (const void *)base);
}

static void run_range(const struct call *call, struct outcome *outcome)
{
    const size_t a = (size_t)call->args[2], b = (size_t)call->args[3];
    struct slice *to = &slices[call->args[1]];
    const struct slice from = slices[call->args[0]];
    /* The model has moved on: the slice is of its parent's kind if the range was good. Ask for
     * the kind that the parent had when the operation began. */
    const bool writable = call->args[TRACE_MAX_OPERANDS - 1] != 0;
    bool yes;
    if (call->op->code == OP_RANGE)
        yes = writable ? procbuf_writable_range(from.writable, a, b, &to->writable)
                       : procbuf_readable_range(from.readable, a, b, &to->readable);
    else if (call->op->code == OP_RANGE_FROM)
        yes = writable ? procbuf_writable_range_from(from.writable, a, &to->writable)
                       : procbuf_readable_range_from(from.readable, a, &to->readable);
    else
        yes = writable ? procbuf_writable_range_to(from.writable, a, &to->writable)
                       : procbuf_readable_range_to(from.readable, a, &to->readable);
    answer_bool(outcome, yes);
}

static void run_get(const struct call *call, struct outcome *outcome)
{
    const size_t index = (size_t)call->args[1];
    uint8_t byte = 0;
    const bool yes =
        model.slices[call->args[0]].writable
            ? procbuf_writable_get(slices[call->args[0]].writable, index, &byte)
            : procbuf_readable_get(slices[call->args[0]].readable, index, &byte);
    answer_bool(outcome, yes);
    if (yes)
        value(outcome, 'u', byte);
}

static void run_copy(const struct call *call, struct outcome *outcome)
{
    const size_t len = (size_t)call->args[1];
    const struct slice *slice = &slices[call->args[0]];
    void *out = array_at(ARENA_OUT, len);
    const void *in = array_at(ARENA_IN + call->args[2], len);
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_COPY_TO:
        if (model.slices[call->args[0]].writable)
            answer_code(outcome, procbuf_writable_copy_to(slice->writable, out, len));
        else
            answer_code(outcome, procbuf_readable_copy_to(slice->readable, out, len));
        break;
    case OP_COPY_TO_OR_PANIC:
        procbuf_readable_copy_to_or_panic(readable_of(call->args[0]), out, len);
        break;
    case OP_COPY_FROM:
        answer_code(outcome, procbuf_writable_copy_from(slice->writable, in, len));
        break;
    default: procbuf_writable_copy_from_or_panic(slice->writable, in, len); break;
    }
}

static void run_slice_op(const struct call *call, struct outcome *outcome)
{
    const uint64_t number = call->args[0];
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_SLICE_LEN:
        value(outcome, 'l', model.slices[number].writable
                                ? procbuf_writable_len(slices[number].writable)
                                : procbuf_readable_len(slices[number].readable));
        break;
    case OP_GET: run_get(call, outcome); break;
    case OP_GET_OR_PANIC:
        answer_bool(outcome, true);
        value(outcome, 'u', procbuf_readable_get_or_panic(readable_of(number),
                                                          (size_t)call->args[1]));
        break;
    case OP_SET:
        answer_bool(outcome, procbuf_writable_set(slices[number].writable, (size_t)call->args[1],
                                                  (uint8_t)call->args[2]));
        break;
    case OP_CHUNKS:
        /* Only the panic for 0 is left to do: run_chunks() walks. */
        (void)procbuf_readable_chunks(readable_of(number), (size_t)call->args[1]);
        break;
    case OP_COPY_SLICE:
        answer_code(outcome, procbuf_writable_copy_from_slice(slices[number].writable,
                                                              readable_of(call->args[1])));
        break;
    case OP_AS_READABLE:
        slices[call->args[1]].readable = procbuf_writable_as_readable(slices[number].writable);
        break;
    default: run_copy(call, outcome); break;
    }
}

static void run_from_array(const struct call *call, struct outcome *outcome)
{
    struct slice *slice = &slices[call->args[0]];
    void *array = array_at(ARENA_SCRATCH + call->args[1], call->args[2]);
    const size_t len = (size_t)call->args[2];
    answer(outcome, OUTCOME_DONE, 0);
    if (call->op->code == OP_FROM_ARRAY_MUT)
        slice->writable = procbuf_writable_from_array(array, len);
    else
        slice->readable = procbuf_readable_from_array(array, len);
}

/* ---- One operation ---- */

static void execute(const struct call *call, struct outcome *outcome)
{
    const uint8_t code = call->op->code;
    if (code == OP_CREATE)
        run_create(call->args, outcome);
    else if ((code >= OP_REMOVE && code <= OP_MEMOP_SBRK) || code == OP_RESTART_MANY)
        run_process_op(call, outcome);
    else if (code >= OP_TAKE_ID && code <= OP_ID_EQUAL)
        run_id_op(call, outcome);
    else if (code >= OP_BUILD_READONLY && code <= OP_EXTERNAL_READWRITE)
        run_build(call, outcome);
    else if (code >= OP_LEN && code <= OP_COPY_READWRITE)
        run_buffer_op(call, outcome);
    else if (code >= OP_RANGE && code <= OP_RANGE_TO)
        run_range(call, outcome);
    else if (code == OP_FROM_ARRAY || code == OP_FROM_ARRAY_MUT)
        run_from_array(call, outcome);
    else if (code >= OP_SLICE_LEN && code <= OP_AS_READABLE)
        run_slice_op(call, outcome);
    else if (code == OP_RETURN_TO_USER) {
        answer(outcome, OUTCOME_DONE, 0);
        procbuf_return_to_user();
    }
}

/* One library call, bracketed and compared. A panic that was predicted comes back here. */
static void checked_call(const struct call *call, const struct prediction *prediction,
                         struct outcome *outcome)
{
    struct oracle_call oracle;
    bug_current_rule = prediction->rule;
    oracle_call_begin(&oracle, &prediction->access);
    if (prediction->outcome.kind == OUTCOME_PANIC) {
        if (setjmp(port_panic_target) == 0) {
            execute(call, outcome);
        } else {
            answer(outcome, OUTCOME_PANIC, 0);
        }
    } else {
        execute(call, outcome);
    }
    oracle_call_end(&oracle);
    compare_outcome(&prediction->outcome, outcome);
    machine_checked_ops++;
}

static bool makes_slice(uint8_t code)
{
    return (code >= OP_RANGE && code <= OP_RANGE_TO) || code == OP_AS_READABLE;
}

static void finish_op(const struct op *op, const struct outcome *outcome)
{
    if (results != NULL)
        results_print(op, outcome, results);
}

/* ---- Operations of many calls ---- */

enum { MAX_STEPS = 40 };

/* Every step is a call of its own: it fetches one byte. */
static void run_iterate(const struct call *call, struct prediction *p, struct outcome *outcome)
{
    const struct model_slice *slice = &model.slices[call->args[0]];
    struct procbuf_iter iter = slice->writable
                                   ? procbuf_writable_iter(slices[call->args[0]].writable)
                                   : procbuf_readable_iter(slices[call->args[0]].readable);
    uint64_t count = 0, digest = 2166136261u;
    for (uint64_t step = 0; step < MAX_STEPS; step++) {
        struct oracle_call oracle;
        struct outcome actual = { 0 };
        uint8_t byte = 0;
        model_predict_iter(slice, step, p);
        oracle_call_begin(&oracle, &p->access);
        answer_bool(&actual, procbuf_iter_next(&iter, &byte));
        oracle_call_end(&oracle);
        if (actual.kind == OUTCOME_YES)
            value(&actual, 'u', byte);
        compare_outcome(&p->outcome, &actual);
        machine_checked_ops++;
        if (actual.kind == OUTCOME_NO)
            break;
        digest = ((digest ^ byte) * 16777619u) & 0xffffffffu;
        count++;
    }
    compare_after(p);
    answer(outcome, OUTCOME_DONE, 0);
    value(outcome, 'u', count);
    value(outcome, 'x', digest);
}

static void check_chunk(const struct span *expected, const uint8_t *base, size_t len)
{
    if (len != expected->end - expected->start ||
        (uintptr_t)base != ARENA_BASE + (uintptr_t)expected->start)
        bug_found("slice", "chunk-place", "expected: a chunk of %u bytes at arena byte %u\n"
                  "actual: %zu bytes at %zu", expected->end - expected->start, expected->start,
                  len, (size_t)((uintptr_t)base - ARENA_BASE));
}

static void run_chunks(const struct call *call, struct prediction *p, struct outcome *outcome)
{
    const struct model_slice *slice = &model.slices[call->args[0]];
    const size_t chunk_len = (size_t)call->args[1];
    const bool writable = slice->writable;
    struct procbuf_readable_chunks readable;
    struct procbuf_writable_chunks written;
    uint64_t count = 0, last_len = 0;
    if (writable)
        written = procbuf_writable_chunks(slices[call->args[0]].writable, chunk_len);
    else
        readable = procbuf_readable_chunks(slices[call->args[0]].readable, chunk_len);
    for (uint64_t step = 0; step < MAX_STEPS; step++) {
        struct oracle_call oracle;
        struct outcome actual = { 0 };
        struct slice part;
        struct span expected;
        model_predict_chunk(slice, step, chunk_len, p, &expected);
        oracle_call_begin(&oracle, &p->access);
        answer_bool(&actual, writable ? procbuf_writable_chunks_next(&written, &part.writable)
                                      : procbuf_readable_chunks_next(&readable, &part.readable));
        oracle_call_end(&oracle);
        machine_checked_ops++;
        if (actual.kind == OUTCOME_YES) {
            const size_t len = writable ? procbuf_writable_len(part.writable)
                                        : procbuf_readable_len(part.readable);
            value(&actual, 'l', len);
            compare_outcome(&p->outcome, &actual);
            check_chunk(&expected,
                        writable ? procbuf_writable_base_unchecked(part.writable)
                                 : procbuf_readable_base_unchecked(part.readable), len);
            last_len = len;
            count++;
        } else {
            compare_outcome(&p->outcome, &actual);
            break;
        }
    }
    compare_after(p);
    answer(outcome, OUTCOME_DONE, 0);
    value(outcome, 'u', count);
    value(outcome, 'l', last_len);
}

/* The world is compared once, after the last restart: there may be 2^16. */
static void run_restart_many(const struct call *call, struct prediction *p,
                             struct outcome *outcome)
{
    const uint64_t most = ((uint64_t)1 << call->args[1] % 17) + call->args[2];
    uint64_t count = 0;
    for (;;) {
        checked_call(call, p, outcome);
        if (outcome->kind != OUTCOME_YES || ++count == most)
            break;
        model_predict(call, p);
    }
    compare_after(p);
    answer(outcome, OUTCOME_DONE, 0);
    value(outcome, 'u', count);
}

/* ---- Userspace ---- */

static bool run_user_op(const struct call *call, struct outcome *outcome)
{
    struct span filled;
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_POKE:
        if (model_user_write(call->args[0], (uint8_t)call->args[1]))
            arena_view[call->args[0] - ARENA_BASE] = (uint8_t)call->args[1];
        else
            answer(outcome, OUTCOME_SKIPPED, 0);
        return true;
    case OP_FILL:
        if (model_user_fill((unsigned)call->args[0], (uint8_t)call->args[1], &filled))
            memcpy(&arena_view[filled.start], &model.bytes[filled.start],
                   filled.end - filled.start);
        else
            answer(outcome, OUTCOME_SKIPPED, 0);
        return true;
    case OP_REFUSE:
        model.refuse_next = (unsigned)call->args[0];
        return true;
    default: return false;
    }
}

/* ---- Enters ---- */

static void run_block(void);

struct body {
    const struct call *call;
    struct oracle_call *oracle;
    const struct op *op;
    unsigned runs;
    bool expected;
};

/* The body has its slice: run the operations of the block, and hand back to the library. */
static void run_body(struct body *body)
{
    const uint64_t number = body->call->args[1];
    const bool writable = body->op->code == OP_MUT_ENTER;
    const unsigned buffer =
        (unsigned)body->call->args[0] + (writable ? (unsigned)TRACE_BUFFER_COUNT : 0u);
    if (!body->expected)
        bug_found("body", "body-ran-when-dead", "expected: a dead buffer's body does not run (H2)\n"
                  "actual: it ran");
    if (++body->runs > 1)
        bug_found("body", "body-ran-twice", "expected: the body runs once (H2)\n"
                  "actual: it ran again");
    oracle_call_pause(body->oracle);
    model_enter(buffer, (unsigned)number, writable);
    check_slice(number);
    if (results != NULL) {
        struct outcome outcome;
        answer(&outcome, OUTCOME_DONE, 0);
        value(&outcome, 'l', model.slices[number].span.end - model.slices[number].span.start);
        results_print(body->op, &outcome, results);
    }
    run_block();
    model_leave();
    bug_current_op = op_table[body->op->code].text;
    bug_current_rule = "H2";
    oracle_call_resume(body->oracle);
}

static void read_body(struct procbuf_readable slice, void *data)
{
    struct body *body = data;
    slices[body->call->args[1]].readable = slice;
    run_body(body);
}

static void write_body(struct procbuf_writable slice, void *data)
{
    struct body *body = data;
    slices[body->call->args[1]].writable = slice;
    run_body(body);
}

/* Step over a block that is not entered, and its end. */
static void skip_block(void)
{
    unsigned depth = 1;
    while (depth > 0 && machine_position < machine_trace->op_count) {
        const struct op *op = &machine_trace->ops[machine_position++];
        depth += op_opens_block(op->code);
        depth -= op->code == OP_END;
        if (results != NULL)
            results_print_not_run(op, results);
    }
}

static void run_enter(const struct op *op, const struct call *call,
                      const struct prediction *prediction)
{
    struct oracle_call oracle;
    struct outcome outcome;
    const size_t number = (size_t)call->args[0];
    struct body body = { call, &oracle, op, 0,
                         prediction->outcome.kind == OUTCOME_PROCESS_ERROR &&
                             prediction->outcome.status == PROCBUF_PROCESS_OK };
    enum procbuf_process_error error;
    machine_position++;
    if (prediction->outcome.kind == OUTCOME_SKIPPED) {
        finish_op(op, &prediction->outcome);
        skip_block();
        return;
    }
    bug_current_rule = prediction->rule;
    oracle_call_begin(&oracle, &prediction->access);
    if (op->code == OP_MUT_ENTER)
        error = procbuf_readwrite_mut_enter(&readwrite[number], write_body, &body);
    else if (number < TRACE_BUFFER_COUNT)
        error = procbuf_readonly_enter(&readonly[number], read_body, &body);
    else
        error = procbuf_readwrite_enter(&readwrite[number - TRACE_BUFFER_COUNT], read_body, &body);
    oracle_call_end(&oracle);
    machine_checked_ops++;
    answer(&outcome, OUTCOME_PROCESS_ERROR, (int)error);
    compare_outcome(&prediction->outcome, &outcome);
    if (body.expected && body.runs == 0)
        bug_found("body", "body-not-run", "expected: the body runs once (H2)\nactual: not at all");
    compare_after(prediction);
    if (body.expected) {
        const struct op end = { .code = OP_END };
        finish_op(&end, &outcome);
        machine_position++;
    } else {
        finish_op(op, &outcome);
        skip_block();
    }
}

/* ---- The interpreter ---- */

static void run_resolved(const struct op *op, struct call *call);

static void run_op(const struct op *op)
{
    struct call call;
    struct outcome outcome = { 0 };
    machine_op_counts[op->code]++;
    bug_current_op = op_table[op->code].text;
    if (op->code != OP_REFUSE)
        model_op_begin();
    if (model_resolve(op, &call)) {
        machine_call = &call;
        run_resolved(op, &call);
        machine_call = NULL;
        return;
    }
    answer(&outcome, OUTCOME_SKIPPED, 0);
    finish_op(op, &outcome);
    machine_position++;
    if (op_opens_block(op->code))
        skip_block();
}

static void run_resolved(const struct op *op, struct call *call)
{
    struct prediction prediction;
    struct outcome outcome = { 0 };
    if (run_user_op(call, &outcome)) {
        finish_op(op, &outcome);
        machine_position++;
        return;
    }
    if (op->code >= OP_RANGE && op->code <= OP_RANGE_TO)
        call->args[TRACE_MAX_OPERANDS - 1] = model.slices[call->args[0]].writable;
    model_predict(call, &prediction);
    if (op_opens_block(op->code)) {
        run_enter(op, call, &prediction);
        return;
    }
    if (prediction.outcome.kind == OUTCOME_SKIPPED) {
        outcome = prediction.outcome;
    } else if (op->code == OP_ITERATE) {
        run_iterate(call, &prediction, &outcome);
    } else if (op->code == OP_CHUNKS && call->args[1] != 0) {
        run_chunks(call, &prediction, &outcome);
    } else if (op->code == OP_RESTART_MANY) {
        run_restart_many(call, &prediction, &outcome);
    } else {
        checked_call(call, &prediction, &outcome);
        compare_after(&prediction);
        if (makes_slice(op->code) && prediction.outcome.kind != OUTCOME_NO)
            check_slice(call->args[1]);
        else if (op->code == OP_FROM_ARRAY || op->code == OP_FROM_ARRAY_MUT ||
                 op->code == OP_SLICE_LEN)
            check_slice(call->args[0]);
        if (op->code == OP_CREATE && outcome.value_count == 1)
            compare_layout((unsigned)outcome.values[0].value);
    }
    finish_op(op, &outcome);
    machine_position++;
}

/* Until the end of the block, or of the trace. */
static void run_block(void)
{
    while (machine_position < machine_trace->op_count) {
        const struct op *op = &machine_trace->ops[machine_position];
        if (op->code == OP_END)
            return;
        run_op(op);
    }
}

/* ---- Laying out ---- */

/* Where the next process goes: regions side by side, with the gaps that the layout says. */
static uint64_t place_process(const struct layout *layout, uint64_t at, uint64_t args[8])
{
    const uint64_t low_len = layout->flash_above ? layout->ram : layout->flash;
    const uint64_t low = at + layout->gap;
    const uint64_t high = low + low_len + layout->apart;
    args[0] = layout->flash_above ? high : low;
    args[1] = layout->flash;
    args[2] = layout->protected_len;
    args[3] = layout->flash_above ? low : high;
    args[4] = layout->ram;
    args[5] = layout->app;
    args[6] = layout->kernel;
    args[7] = layout->restarts;
    return high + (layout->flash_above ? layout->flash : layout->ram);
}

static void lay_out(const struct trace *trace)
{
    uint64_t at = (uint64_t)ARENA_BASE + ARENA_PROCESSES;
    bug_current_op = "process";
    for (unsigned i = 0; i < trace->process_count; i++) {
        struct prediction p = { .rule = "P4" };
        struct outcome outcome = { 0 };
        struct oracle_call oracle;
        uint64_t args[8];
        struct span filled;
        const uint64_t end = place_process(&trace->processes[i], at, args);
        if (end > (uint64_t)ARENA_BASE + ARENA_LEN)
            continue;
        at = end;
        model_predict_create(args, &p);
        oracle_call_begin(&oracle, &p.access);
        run_create(args, &outcome);
        oracle_call_end(&oracle);
        compare_outcome(&p.outcome, &outcome);
        compare_after(&p);
        const unsigned slot = (unsigned)outcome.values[0].value;
        compare_layout(slot);
        if (model_user_fill(slot, 0, &filled))
            memcpy(&arena_view[filled.start], &model.bytes[filled.start],
                   filled.end - filled.start);
        if (results != NULL)
            results_print_created(i, &outcome, results);
    }
}

void machine_run(const struct trace *trace, FILE *results_file)
{
    const unsigned slot_count = trace->process_count < TRACE_MAX_PROCESSES
                                    ? trace->process_count + 1
                                    : (unsigned)TRACE_MAX_PROCESSES;
    machine_trace = trace;
    machine_call = NULL;
    machine_position = 0;
    results = results_file;
    results_reset();
    bug_arena_byte = -1;
    oracle_reset();
    model_reset(slot_count);
    memcpy(arena_view, arena_pristine, ARENA_LEN);
    for (unsigned b = 0; b < TRACE_BUFFER_COUNT; b++) {
        readonly[b] = (struct procbuf_readonly)PROCBUF_READONLY_DEFAULT;
        readwrite[b] = (struct procbuf_readwrite)PROCBUF_READWRITE_DEFAULT;
    }
    memset(ids, 0, sizeof ids);
    procbuf_table_init(&table, slots, slot_count);
    lay_out(trace);
    run_block();
    bug_current_op = "end";
    compare_all_bytes();
}
