#include "execute.h"

#include "bug.h"
#include "mistakes.h"
#include "out.h"
#include "world.h"

#include <procbuf/capability.h>

PROCBUF_EXTERNAL_PROCESS_CAPABILITY(capability);

void answer(struct outcome *outcome, enum outcome_kind kind, int status)
{
    outcome->kind = kind;
    outcome->status = status;
    outcome->reason = 0;
    outcome->value_count = 0;
}

void value(struct outcome *outcome, char kind, uint64_t number)
{
    outcome->values[outcome->value_count].kind = kind;
    outcome->values[outcome->value_count++].value = number;
}

static void answer_code(struct outcome *outcome, enum procbuf_error code)
{
    answer(outcome, OUTCOME_CODE, (int)code);
}

/* Process errors have small numbers in traces: their place in E1's list. This way into the library,
 * and back. Numbers that are none stay none; the library's have one byte. */
enum { BEFORE_PROCESS_ERRORS = PROCBUF_NO_SUCH_APP - 1, LARGEST_ERROR = 255 };

static enum procbuf_error process_error_at(unsigned place)
{
    const unsigned number = BEFORE_PROCESS_ERRORS + place;
    if (place == 0)
        return PROCBUF_OK;
    return (enum procbuf_error)(number < LARGEST_ERROR ? number : LARGEST_ERROR);
}

void answer_process_error(struct outcome *outcome, enum procbuf_error error)
{
    answer(outcome, OUTCOME_PROCESS_ERROR,
           error == PROCBUF_OK ? 0 : (int)error - BEFORE_PROCESS_ERRORS);
}

void answer_bool(struct outcome *outcome, bool yes)
{
    answer(outcome, yes ? OUTCOME_YES : OUTCOME_NO, 0);
}

/* Yes, or no and why. */
static void answer_why(struct outcome *outcome, enum procbuf_error error)
{
    answer_bool(outcome, error == PROCBUF_OK);
    outcome->reason = (int)error;
}

/* ---- Processes ---- */

void execute_create(const uint64_t args[8], struct outcome *outcome)
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
    struct procbuf_process *process;
    const struct out out = out_fill(&process, sizeof(struct procbuf_process *));
    answer_code(outcome, procbuf_process_create(&world.table, &config, &process));
    if (out_is_told(&out, outcome))
        value(outcome, 'p', (uint64_t)(process - world.slots));
}

static void run_break(const struct call *call, struct procbuf_process *process,
                      struct outcome *outcome)
{
    procbuf_addr_t old_break;
    const struct out out = out_fill(&old_break, sizeof old_break);
    const procbuf_addr_t addr = (procbuf_addr_t)call->args[1];
    switch (call->op->code) {
    case OP_BRK:
        answer_process_error(outcome, procbuf_process_brk(process, addr, &old_break));
        break;
    case OP_SBRK:
        answer_process_error(outcome, procbuf_process_sbrk(process, (intptr_t)addr, &old_break));
        break;
    case OP_MEMOP_BRK: answer_code(outcome, procbuf_process_memop_brk(process, addr)); break;
    default:
        answer_code(outcome, procbuf_process_memop_sbrk(process, (intptr_t)addr, &old_break));
        break;
    }
    if (out_is_told(&out, outcome) && call->op->code != OP_MEMOP_BRK)
        value(outcome, 'a', old_break);
}

static void run_process_op(const struct call *call, struct outcome *outcome)
{
    struct procbuf_process *process = &world.slots[call->args[0]];
    const uint64_t operand = call->args[1];
    const uint32_t code = (uint32_t)operand - 1;
    const uint32_t *completion = operand == 0 ? NULL : &code;
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_REMOVE: answer_code(outcome, procbuf_process_remove(process)); break;
    case OP_TERMINATE: procbuf_process_terminate(process, completion); break;
    case OP_RESTART: answer_why(outcome, procbuf_process_restart(process, completion)); break;
    case OP_RESTART_MANY: answer_why(outcome, procbuf_process_restart(process, NULL)); break;
    case OP_START: answer_why(outcome, procbuf_process_start(process)); break;
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
    struct procbuf_id *id = &world.ids[call->args[0]];
    answer(outcome, OUTCOME_DONE, 0);
    if (call->op->code == OP_TAKE_ID) {
        *id = procbuf_process_id(&world.slots[call->args[1]]);
    } else if (call->op->code == OP_LOOKUP) {
        const struct procbuf_process *process = procbuf_table_lookup(&world.table, *id);
        const bool live = procbuf_id_is_live(*id);
        const struct model_id *expected = &model.ids[call->args[0]];
        const struct procbuf_process *other = procbuf_table_lookup(&world.other, *id);
        if (other != (model_id_is_others(expected) ? &world.other_process : NULL))
            bug_found("result", "lookup-in-another-table",
                      "expected: each table finds its own processes (L1)\n"
                      "actual: the other table found %s",
                      other == NULL ? "none" : "a process");
        if (expected->foreign ? procbuf_table_lookup(&world.foreign, *id) != NULL
                              : live != (process != NULL))
            bug_found("result", "lookup-and-liveness-differ",
                      "expected: an id is live iff its process can be looked up (L1)\n"
                      "actual: live %d, found %d",
                      live, process != NULL);
        answer_bool(outcome, process != NULL);
        if (process != NULL)
            value(outcome, 'p', (uint64_t)(process - world.slots));
    } else {
        answer_bool(outcome, procbuf_id_equal(*id, world.ids[call->args[1]]));
    }
}

static void run_table_slot(const struct call *call, struct outcome *outcome)
{
    const struct procbuf_process *process =
        procbuf_table_slot(&world.table, (uint32_t)call->args[0]);
    if (procbuf_table_slot(&world.foreign, (uint32_t)call->args[0]) != NULL)
        bug_found("result", "foreign-table-has-slots",
                  "expected: a table of another kernel has no slots here (B7)\n"
                  "actual: it has slot %u",
                  (unsigned)call->args[0]);
    answer_bool(outcome, process != NULL);
    if (process != NULL)
        value(outcome, 'p', (uint64_t)(process - world.slots));
}

/* ---- Buffers ---- */

static void run_build(const struct call *call, struct outcome *outcome)
{
    struct procbuf_process *process = &world.slots[call->args[1]];
    const procbuf_addr_t addr = (procbuf_addr_t)call->args[2];
    const size_t len = (size_t)call->args[3];
    const size_t number = (size_t)call->args[0];
    struct out out;
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_BUILD_READONLY:
        out = out_keep(&world.readonly[number], sizeof world.readonly[number]);
        answer_code(outcome, procbuf_readonly_build(process, addr, len, &world.readonly[number]));
        (void)out_is_told(&out, outcome);
        break;
    case OP_BUILD_READWRITE:
        out = out_keep(&world.readwrite[number], sizeof world.readwrite[number]);
        answer_code(outcome, procbuf_readwrite_build(process, addr, len, &world.readwrite[number]));
        (void)out_is_told(&out, outcome);
        break;
    case OP_EXTERNAL_READONLY:
        world.readonly[number] =
            procbuf_readonly_new_external(addr, len, procbuf_process_id(process), &capability);
        break;
    default:
        world.readwrite[number] =
            procbuf_readwrite_new_external(addr, len, procbuf_process_id(process), &capability);
        break;
    }
}

static void run_buffer_op(const struct call *call, struct outcome *outcome)
{
    const size_t number = (size_t)call->args[0];
    const bool is_readonly = number < TRACE_BUFFER_COUNT;
    struct procbuf_readonly *ro = &world.readonly[number % TRACE_BUFFER_COUNT];
    struct procbuf_readwrite *rw = &world.readwrite[number % TRACE_BUFFER_COUNT];
    procbuf_addr_t addr;
    size_t len;
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_LEN:
        value(outcome, 'l', is_readonly ? procbuf_readonly_len(ro) : procbuf_readwrite_len(rw));
        break;
    case OP_PTR:
        value(outcome, 'a', is_readonly ? procbuf_readonly_addr(ro) : procbuf_readwrite_addr(rw));
        break;
    case OP_CONSUME:
        if (is_readonly)
            procbuf_readonly_consume(ro, &addr, &len);
        else
            procbuf_readwrite_consume(rw, &addr, &len);
        value(outcome, 'a', addr);
        value(outcome, 'l', len);
        break;
    case OP_AS_READONLY:
        world.readonly[number] = procbuf_readwrite_as_readonly(&world.readwrite[call->args[1]]);
        break;
    case OP_COPY_READONLY: world.readonly[number] = world.readonly[call->args[1]]; break;
    default: world.readwrite[number] = world.readwrite[call->args[1]]; break;
    }
}

/* ---- Slices ---- */

static void *array_at(uint64_t offset, uint64_t len)
{
    return len == 0 ? NULL : (void *)(uintptr_t)(ARENA_BASE + offset);
}

struct procbuf_readable readable_of(uint64_t number)
{
    return model.slices[number].writable
               ? procbuf_writable_as_readable(world.slices[number].writable)
               : world.slices[number].readable;
}

static void run_range(const struct call *call, struct outcome *outcome)
{
    const size_t a = (size_t)call->args[2], b = (size_t)call->args[3];
    struct slice *to = &world.slices[call->args[1]];
    const struct slice from = world.slices[call->args[0]];
    /* The model has moved on: the slice is of its parent's kind if the range was good. Ask for
     * the kind that the parent had when the operation began. */
    const bool writable = call->args[TRACE_MAX_OPERANDS - 1] != 0;
    const struct out out = out_keep(to, sizeof *to);
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
    (void)out_is_told(&out, outcome);
}

static void run_get(const struct call *call, struct outcome *outcome)
{
    const size_t index = (size_t)call->args[1];
    uint8_t byte;
    const struct out out = out_fill(&byte, sizeof byte);
    answer_bool(outcome, procbuf_readable_get(readable_of(call->args[0]), index, &byte));
    if (out_is_told(&out, outcome))
        value(outcome, 'u', byte);
}

static void run_copy(const struct call *call, struct outcome *outcome)
{
    const size_t len = (size_t)call->args[1];
    const struct slice *slice = &world.slices[call->args[0]];
    void *out = array_at(ARENA_OUT, len);
    const void *in = array_at(ARENA_IN + call->args[2], len);
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_COPY_TO:
        answer_code(outcome, procbuf_readable_copy_to(readable_of(call->args[0]), out, len));
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
    struct procbuf_readable_chunks chunks;
    struct procbuf_writable_chunks written;
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_SLICE_LEN:
        value(outcome, 'l',
              model.slices[number].writable ? procbuf_writable_len(world.slices[number].writable)
                                            : procbuf_readable_len(world.slices[number].readable));
        break;
    case OP_GET: run_get(call, outcome); break;
    case OP_GET_OR_PANIC:
        answer_bool(outcome, true);
        value(outcome, 'u',
              procbuf_readable_get_or_panic(readable_of(number), (size_t)call->args[1]));
        break;
    case OP_SET:
        answer_bool(outcome, procbuf_writable_set(world.slices[number].writable,
                                                  (size_t)call->args[1], (uint8_t)call->args[2]));
        break;
    case OP_CHUNKS:
        /* Only the panic for 0 is left to do: run_chunks() walks. */
        if (model.slices[number].writable)
            written = procbuf_writable_split(world.slices[number].writable, (size_t)call->args[1]);
        else
            chunks = procbuf_readable_split(world.slices[number].readable, (size_t)call->args[1]);
        (void)chunks, (void)written;
        break;
    case OP_COPY_SLICE:
        answer_code(outcome, procbuf_writable_copy_from_slice(world.slices[number].writable,
                                                              readable_of(call->args[1])));
        break;
    case OP_AS_READABLE:
        world.slices[call->args[1]].readable =
            procbuf_writable_as_readable(world.slices[number].writable);
        break;
    default: run_copy(call, outcome); break;
    }
}

static void run_from_array(const struct call *call, struct outcome *outcome)
{
    struct slice *slice = &world.slices[call->args[0]];
    void *array = array_at(ARENA_SCRATCH + call->args[1], call->args[2]);
    const size_t len = (size_t)call->args[2];
    answer(outcome, OUTCOME_DONE, 0);
    if (call->op->code == OP_FROM_ARRAY_MUT)
        slice->writable = procbuf_writable_from_array(array, len);
    else
        slice->readable = procbuf_readable_from_array(array, len);
}

/* ---- One operation ---- */

/* ---- Bytes ---- */

static void run_load(const struct call *call, struct outcome *outcome)
{
    const struct procbuf_readable slice = readable_of(call->args[0]);
    const size_t offset = (size_t)call->args[1];
    const unsigned kind = (unsigned)(call->args[2] % 6);
    struct {
        uint64_t word64;
        uint32_t word32;
        uint16_t word16;
    } to;
    const struct out out = out_fill(&to, sizeof to);
    bool yes;
    switch (kind) {
    case 0: yes = procbuf_readable_load_le16(slice, offset, &to.word16); break;
    case 1: yes = procbuf_readable_load_be16(slice, offset, &to.word16); break;
    case 2: yes = procbuf_readable_load_le32(slice, offset, &to.word32); break;
    case 3: yes = procbuf_readable_load_be32(slice, offset, &to.word32); break;
    case 4: yes = procbuf_readable_load_le64(slice, offset, &to.word64); break;
    default: yes = procbuf_readable_load_be64(slice, offset, &to.word64); break;
    }
    answer_bool(outcome, yes);
    if (out_is_told(&out, outcome))
        value(outcome, 'w', kind < 2 ? to.word16 : kind < 4 ? to.word32 : to.word64);
}

static bool run_store(const struct call *call)
{
    const struct procbuf_writable slice = world.slices[call->args[0]].writable;
    const size_t offset = (size_t)call->args[1];
    const uint64_t word = model_word((uint8_t)call->args[3]);
    switch (call->args[2] % 6) {
    case 0: return procbuf_writable_store_le16(slice, offset, (uint16_t)word);
    case 1: return procbuf_writable_store_be16(slice, offset, (uint16_t)word);
    case 2: return procbuf_writable_store_le32(slice, offset, (uint32_t)word);
    case 3: return procbuf_writable_store_be32(slice, offset, (uint32_t)word);
    case 4: return procbuf_writable_store_le64(slice, offset, word);
    default: return procbuf_writable_store_be64(slice, offset, word);
    }
}

static void run_string(const struct call *call, struct outcome *outcome)
{
    const struct procbuf_readable slice = readable_of(call->args[0]);
    size_t len;
    const struct out out = out_fill(&len, sizeof len);
    const enum procbuf_error code =
        call->op->code == OP_STRING_LEN
            ? procbuf_readable_string_len(slice, &len)
            : procbuf_readable_string_copy(slice, array_at(ARENA_OUT, call->args[1]),
                                           (size_t)call->args[1], &len);
    answer_code(outcome, code);
    if (out_is_told(&out, outcome))
        value(outcome, 'l', len);
}

static void run_compare(const struct call *call, struct outcome *outcome)
{
    const size_t len = (size_t)call->args[1];
    int order;
    const struct out out = out_fill(&order, sizeof order);
    const enum procbuf_error code = procbuf_readable_compare(
        readable_of(call->args[0]), array_at(ARENA_IN + call->args[2], len), len, &order);
    answer_code(outcome, code);
    if (out_is_told(&out, outcome))
        value(outcome, 'u', order == 0 ? 1 : order < 0 ? 0 : 2);
}

static void run_bytes_op(const struct call *call, struct outcome *outcome)
{
    const struct slice *slice = &world.slices[call->args[0]];
    const size_t len = (size_t)call->args[1];
    size_t index;
    struct out out;
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_SLICE_FILL: procbuf_writable_fill(slice->writable, (uint8_t)call->args[1]); break;
    case OP_COMPARE: run_compare(call, outcome); break;
    case OP_FIND:
        out = out_fill(&index, sizeof index);
        answer_bool(outcome, procbuf_readable_find(readable_of(call->args[0]),
                                                   (uint8_t)call->args[1], &index));
        if (out_is_told(&out, outcome))
            value(outcome, 'l', index);
        break;
    case OP_STRING_LEN:
    case OP_STRING_COPY: run_string(call, outcome); break;
    case OP_LOAD: run_load(call, outcome); break;
    case OP_STORE: answer_bool(outcome, run_store(call)); break;
    case OP_COPY_TO_FITTING:
        value(outcome, 'l',
              procbuf_readable_copy_to_fitting(readable_of(call->args[0]), array_at(ARENA_OUT, len),
                                               len));
        break;
    default:
        value(outcome, 'l',
              procbuf_writable_copy_from_fitting(slice->writable,
                                                 array_at(ARENA_IN + call->args[2], len), len));
        break;
    }
}

/* ---- Elements ---- */

/* As for ranges: whether the slice could write when the operation began stands in the last
 * argument. */
static void run_element(const struct call *call, struct outcome *outcome)
{
    const size_t count = (size_t)call->args[2], element_len = (size_t)call->args[3];
    const size_t index = (size_t)call->args[4];
    const struct slice from = world.slices[call->args[0]];
    struct slice *to = &world.slices[call->args[1]];
    struct procbuf_readable_elements readable;
    struct procbuf_writable_elements writable;
    struct out out;
    if (call->args[TRACE_MAX_OPERANDS - 1] != 0) {
        out = out_fill(&writable, sizeof writable);
        answer_bool(outcome,
                    procbuf_writable_as_elements(from.writable, count, element_len, &writable));
        if (!out_is_told(&out, outcome))
            return;
        out = out_keep(to, sizeof *to);
        answer_bool(outcome, procbuf_writable_elements_at(&writable, index, &to->writable));
        (void)out_is_told(&out, outcome);
        value(outcome, 'u', procbuf_writable_elements_count(&writable));
    } else {
        out = out_fill(&readable, sizeof readable);
        answer_bool(outcome,
                    procbuf_readable_as_elements(from.readable, count, element_len, &readable));
        if (!out_is_told(&out, outcome))
            return;
        out = out_keep(to, sizeof *to);
        answer_bool(outcome, procbuf_readable_elements_at(&readable, index, &to->readable));
        (void)out_is_told(&out, outcome);
        value(outcome, 'u', procbuf_readable_elements_count(&readable));
    }
}

/* ---- Streams ---- */

static enum procbuf_error move_stream(const struct call *call, size_t *len_out)
{
    const size_t len = (size_t)call->args[0];
    switch (call->op->code) {
    case OP_READER_READ:
        return procbuf_reader_read(&world.reader, array_at(ARENA_OUT, len), len, len_out);
    case OP_READER_SKIP: return procbuf_reader_skip(&world.reader, len, len_out);
    case OP_WRITER_WRITE:
        return procbuf_writer_write(&world.writer, array_at(ARENA_IN + call->args[1], len), len,
                                    len_out);
    case OP_WRITER_SKIP: return procbuf_writer_skip(&world.writer, len, len_out);
    default: return procbuf_stream_copy(&world.writer, &world.reader, len, len_out);
    }
}

static enum procbuf_error run_at(const struct call *call, size_t *len_out)
{
    const size_t offset = (size_t)call->args[1], len = (size_t)call->args[2];
    if (call->op->code == OP_READ_AT)
        return procbuf_readonly_read_at(&world.readonly[call->args[0]], offset,
                                        array_at(ARENA_OUT, len), len, len_out);
    if (call->op->code == OP_READ_AT_READWRITE)
        return procbuf_readwrite_read_at(&world.readwrite[call->args[0]], offset,
                                         array_at(ARENA_OUT, len), len, len_out);
    return procbuf_readwrite_write_at(&world.readwrite[call->args[0]], offset,
                                      array_at(ARENA_IN + call->args[3], len), len, len_out);
}

static void run_stream_op(const struct call *call, struct outcome *outcome)
{
    const uint8_t code = call->op->code;
    size_t len;
    const struct out out = out_fill(&len, sizeof len);
    if (code == OP_READER_OVER) {
        world.reader = procbuf_reader_over(&world.readonly[model.reader.first], model.reader.count);
        answer(outcome, OUTCOME_DONE, 0);
        return;
    }
    if (code == OP_WRITER_OVER) {
        world.writer = procbuf_writer_over(
            &world.readwrite[model.writer.first - TRACE_BUFFER_COUNT], model.writer.count);
        answer(outcome, OUTCOME_DONE, 0);
        return;
    }
    const enum procbuf_error error =
        code == OP_READ_AT || code == OP_WRITE_AT || code == OP_READ_AT_READWRITE
            ? run_at(call, &len)
            : move_stream(call, &len);
    answer_process_error(outcome, error);
    if (out_is_told(&out, outcome))
        value(outcome, 'l', len);
}

/* ---- A foreign table ---- */

/* Whether an id or a buffer register is of this life. */
static bool is_held(uint32_t index, uint64_t identifier)
{
    for (unsigned d = 0; d < TRACE_ID_COUNT; d++)
        if (model.ids[d].taken && model.ids[d].foreign && model.ids[d].slot == index &&
            model.ids[d].identifier == identifier)
            return true;
    for (unsigned b = 0; b < 2 * TRACE_BUFFER_COUNT; b++)
        if (model.buffers[b].filled && model.buffers[b].foreign && model.buffers[b].slot == index &&
            model.buffers[b].identifier == identifier)
            return true;
    return false;
}

/* The other kernel's one answer. */
bool execute_foreign_is_live(uint32_t index, uint64_t identifier, const void *data)
{
    if (data != world.foreign_lives || !is_held(index, identifier))
        bug_found("result", "callback-liveness",
                  "expected: the foreign table is asked for a life that a handle is of (B7)\n"
                  "actual: %s, index %u",
                  data != world.foreign_lives ? "another table's data" : "another life", index);
    return world.foreign_lives[index].live && world.foreign_lives[index].identifier == identifier;
}

static void run_foreign_op(const struct call *call, struct outcome *outcome)
{
    const uint8_t code = call->op->code;
    const bool takes_id = code == OP_TAKE_FOREIGN_ID;
    answer(outcome, OUTCOME_DONE, 0);
    if (code == OP_FOREIGN_START || code == OP_FOREIGN_END) { /* the other kernel's own business */
        const uint64_t process = call->args[0] % MODEL_FOREIGN_COUNT;
        world.foreign_lives[process] = model.foreign[process];
        return;
    }
    const uint32_t index = (uint32_t)call->args[1] % MODEL_FOREIGN_COUNT;
    const struct procbuf_id id = procbuf_id_new_external(
        &world.foreign, index, model.foreign[index].identifier, &capability);
    if (takes_id) {
        world.ids[call->args[0]] = id;
        return;
    }
    const procbuf_addr_t addr =
        (procbuf_addr_t)(ARENA_BASE + ARENA_FOREIGN + index * MODEL_FOREIGN_LEN + call->args[2]);
    const size_t len = (size_t)call->args[3];
    if (code == OP_FOREIGN_READONLY)
        world.readonly[call->args[0]] = procbuf_readonly_new_external(addr, len, id, &capability);
    else
        world.readwrite[call->args[0]] = procbuf_readwrite_new_external(addr, len, id, &capability);
}

static void run_other_op(const struct call *call, struct outcome *outcome)
{
    const uint64_t number = call->args[0];
    const procbuf_addr_t addr = (procbuf_addr_t)(ARENA_BASE + ARENA_FOREIGN + call->args[1]);
    const size_t len = (size_t)call->args[2];
    const struct procbuf_id id = procbuf_process_id(&world.other_process);
    answer(outcome, OUTCOME_DONE, 0);
    switch (call->op->code) {
    case OP_TAKE_OTHER_ID: world.ids[number] = id; break;
    case OP_OTHER_RESTART:
        answer_why(outcome, procbuf_process_restart(&world.other_process, NULL));
        break;
    case OP_OTHER_READONLY:
        world.readonly[number] = procbuf_readonly_new_external(addr, len, id, &capability);
        break;
    default:
        world.readwrite[number] = procbuf_readwrite_new_external(addr, len, id, &capability);
        break;
    }
}

/* ---- Grants and allow ---- */

static void run_grant_op(const struct call *call, struct outcome *outcome)
{
    struct procbuf_process *process = &world.slots[call->args[0]];
    const uint32_t number = (uint32_t)call->args[1];
    uint32_t found;
    procbuf_addr_t addr;
    struct out out;
    switch (call->op->code) {
    case OP_ALLOCATE_GRANT:
        answer_why(outcome,
                   procbuf_process_allocate_grant(process, number, (uint32_t)call->args[2],
                                                  (size_t)call->args[3], (size_t)call->args[4]));
        break;
    case OP_LOOKUP_DRIVER:
        out = out_fill(&found, sizeof found);
        answer_bool(outcome, procbuf_process_lookup_driver(process, number, &found));
        if (out_is_told(&out, outcome))
            value(outcome, 'u', found);
        break;
    default:
        out = out_fill(&addr, sizeof addr);
        answer_process_error(
            outcome, procbuf_process_enter_grant(procbuf_process_id(process), number, &addr));
        if (out_is_told(&out, outcome))
            value(outcome, 'a', addr);
        break;
    }
}

static void run_leave_grant(const struct call *call, struct outcome *outcome)
{
    const struct model_id *id = &model.ids[call->args[0]];
    procbuf_addr_t addr;
    answer(outcome, OUTCOME_DONE, 0);
    procbuf_process_leave_grant(world.ids[call->args[0]], (uint32_t)call->args[1]);
    if ((id->foreign || !model_id_is_live(id)) &&
        procbuf_process_enter_grant(world.ids[call->args[0]], (uint32_t)call->args[1], &addr) !=
            (model_id_is_others(id) ? PROCBUF_ADDRESS_OUT_OF_BOUNDS : PROCBUF_NO_SUCH_APP))
        bug_found("result", "dead-id-enters-grant",
                  "expected: a dead or foreign id enters no grant: NO_SUCH_APP (G3)\n"
                  "actual: another answer");
}

static void run_read_slot(const struct call *call, struct outcome *outcome)
{
    const uint32_t number = (uint32_t)call->args[1];
    struct procbuf_readonly *readonly = &world.readonly[call->args[0]];
    struct procbuf_readwrite *readwrite = &world.readwrite[call->args[0]];
    const bool reads = call->op->code == OP_READ_READONLY;
    const struct out out =
        reads ? out_keep(readonly, sizeof *readonly) : out_keep(readwrite, sizeof *readwrite);
    answer_process_error(outcome, reads ? procbuf_grant_readonly(world.grant, number, readonly)
                                        : procbuf_grant_readwrite(world.grant, number, readwrite));
    (void)out_is_told(&out, outcome);
}

/* What a driver is asked, and decides: it keeps the buffer, unless the trace gave it a code to reject
 * with. */
struct decision {
    const struct procbuf_process *process;
    uint32_t number;
    procbuf_addr_t addr;
    size_t len;
    struct procbuf_readwrite *held;
    enum procbuf_error code;
};
static const struct decision *asked;
void (*execute_driver_body)(void);

static void check_asked(struct procbuf_id id, uint32_t number,
                        const struct procbuf_readwrite *buffer, const void *data)
{
    const char *wrong = NULL;
    if (data != asked)
        wrong = "data";
    else if (procbuf_table_lookup(&world.table, id) != asked->process)
        wrong = "id";
    else if (number != asked->number)
        wrong = "number";
    else if (procbuf_readwrite_len(buffer) != asked->len ||
             procbuf_readwrite_addr(buffer) != (asked->len == 0 ? 0 : asked->addr))
        wrong = "buffer";
    if (wrong != NULL)
        bug_found("result", "callback-accept",
                  "expected: the driver is asked with what was passed (A3)\n"
                  "actual: with another %s",
                  wrong);
}

static enum procbuf_error accept(struct procbuf_id id, uint32_t number,
                                 struct procbuf_readwrite *buffer, void *data)
{
    const struct decision *decision = asked;
    void (*const body)(void) = execute_driver_body;
    check_asked(id, number, buffer, data);
    execute_driver_body = NULL;
    if (body != NULL)
        body();
    if (decision->code == PROCBUF_OK) {
        const struct procbuf_readwrite old = *decision->held;
        *decision->held = *buffer;
        *buffer = old;
    } else {
        *buffer = procbuf_readwrite_default(); /* it counts for nothing now */
    }
    return decision->code;
}

static void run_allow(const struct call *call, struct outcome *outcome)
{
    struct procbuf_process *process = &world.slots[call->args[0]];
    const bool declared = model.drivers[call->args[1]].declared;
    const struct procbuf_driver *driver = declared ? &world.drivers[call->args[1]] : NULL;
    const uint32_t slot = (uint32_t)call->args[2];
    const procbuf_addr_t addr = (procbuf_addr_t)call->args[3];
    const size_t len = (size_t)call->args[4];
    struct decision decision = {
        process, slot, addr, len, &world.held[call->args[1]], (enum procbuf_error)(slot % 14)
    };
    struct procbuf_allow_result result;
    asked = &decision;
    switch (call->op->code) {
    case OP_ALLOW_READONLY:
        result = procbuf_process_allow_readonly(process, driver, slot, addr, len);
        break;
    case OP_ALLOW_READWRITE:
        result = procbuf_process_allow_readwrite(process, driver, slot, addr, len);
        break;
    default:
        result = procbuf_process_allow_userspace_readable(process, slot, addr, len,
                                                          declared ? accept : NULL, &decision);
        break;
    }
    asked = NULL;
    answer_code(outcome, result.code);
    value(outcome, 'a', result.addr);
    value(outcome, 'l', result.len);
}

static void run_allow_op(const struct call *call, struct outcome *outcome)
{
    switch (call->op->code) {
    case OP_ALLOCATE_GRANT:
    case OP_LOOKUP_DRIVER:
    case OP_ENTER_GRANT: run_grant_op(call, outcome); break;
    case OP_LEAVE_GRANT: run_leave_grant(call, outcome); break;
    case OP_READ_READONLY:
    case OP_READ_READWRITE: run_read_slot(call, outcome); break;
    case OP_SET_BYTE:
        answer_bool(outcome, procbuf_process_set_byte(&world.slots[call->args[0]],
                                                      (procbuf_addr_t)call->args[1],
                                                      (uint8_t)call->args[2]));
        break;
    default: run_allow(call, outcome); break;
    }
}

/* The part behind the slots, whose length depends on the target. */
static void run_grant_len(const struct call *call, struct outcome *outcome)
{
    const struct procbuf_driver_config slots = {
        .readonly_count = (uint32_t)call->args[0],
        .readwrite_count = (uint32_t)call->args[1],
        .data_align = (size_t)1 << call->args[3] % 8,
    };
    struct procbuf_driver_config config = slots;
    config.data_len = (size_t)call->args[2];
    const size_t len = procbuf_grant_len(&config);
    answer_bool(outcome, len != SIZE_MAX);
    if (len != SIZE_MAX)
        value(outcome, 'l', len - procbuf_grant_len(&slots));
}

/* ---- Errors ---- */

static void run_error_op(const struct call *call, struct outcome *outcome)
{
    const unsigned number = (unsigned)call->args[0];
    const bool is_code = call->op->code == OP_CODE_NAME;
    const enum procbuf_error error =
        is_code ? (enum procbuf_error)number : process_error_at(number);
    if (call->op->code == OP_PROCESS_ERROR_TO_CODE) {
        answer_code(outcome, procbuf_error_to_code(error));
        return;
    }
    if (is_code && number <= PROCBUF_NOACK && procbuf_error_to_code(error) != error)
        bug_found("result", "code-is-translated",
                  "expected: a code leaves the kernel as it is (E2)\nactual: %u becomes %d", number,
                  (int)procbuf_error_to_code(error));
    const char *name = procbuf_error_name(error);
    answer(outcome, OUTCOME_DONE, 0);
    value(outcome, 't', (uintptr_t)name);
}

void execute(const struct call *call, struct outcome *outcome)
{
    const uint8_t code = call->op->code;
    if (code == OP_CREATE)
        execute_create(call->args, outcome);
    else if ((code >= OP_REMOVE && code <= OP_MEMOP_SBRK) || code == OP_RESTART_MANY)
        run_process_op(call, outcome);
    else if (code == OP_TABLE_SLOT)
        run_table_slot(call, outcome);
    else if (code >= OP_TAKE_ID && code <= OP_ID_EQUAL)
        run_id_op(call, outcome);
    else if (code >= OP_BUILD_READONLY && code <= OP_EXTERNAL_READWRITE)
        run_build(call, outcome);
    else if (code >= OP_LEN && code <= OP_AS_READONLY)
        run_buffer_op(call, outcome);
    else if (code >= OP_RANGE && code <= OP_RANGE_TO)
        run_range(call, outcome);
    else if (code == OP_FROM_ARRAY || code == OP_FROM_ARRAY_MUT)
        run_from_array(call, outcome);
    else if (code >= OP_SLICE_FILL && code <= OP_COPY_FROM_FITTING)
        run_bytes_op(call, outcome);
    else if (code >= OP_SLICE_LEN && code <= OP_AS_READABLE)
        run_slice_op(call, outcome);
    else if (code == OP_ELEMENT)
        run_element(call, outcome);
    else if (code >= OP_READ_AT && code <= OP_READ_AT_READWRITE)
        run_stream_op(call, outcome);
    else if (code >= OP_FOREIGN_START && code <= OP_TAKE_FOREIGN_ID)
        run_foreign_op(call, outcome);
    else if (code >= OP_TAKE_OTHER_ID && code <= OP_OTHER_READWRITE)
        run_other_op(call, outcome);
    else if (code == OP_GRANT_LEN)
        run_grant_len(call, outcome);
    else if (code == OP_MISUSE) {
        answer(outcome, OUTCOME_DONE, 0);
        make_mistake((unsigned)call->args[0]);
    } else if (code >= OP_CODE_NAME && code <= OP_PROCESS_ERROR_TO_CODE)
        run_error_op(call, outcome);
    else if ((code >= OP_ALLOCATE_GRANT && code <= OP_SET_BYTE) ||
             code == OP_ALLOW_USERSPACE_READABLE_WITH)
        run_allow_op(call, outcome);
    else if (code == OP_RETURN_TO_USER) {
        answer(outcome, OUTCOME_DONE, 0);
        procbuf_return_to_user();
    }
}
