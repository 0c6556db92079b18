#include "rules.h"

struct model model;

void model_reset(void)
{
    memset(&model, 0, offsetof(struct model, cells));
    model.processes = model.written;
    model.foreign[MODEL_OTHER].live = true;
    memset(model.cells, 0, sizeof model.cells);
    memcpy(model.bytes, arena_pristine, sizeof model.bytes);
}

void model_op_begin(void)
{
    model.refuse_now = model.refuse_next;
    model.refuse_next = 0;
    model.requests_seen = 0;
    model.widen_now = model.widen_next;
    model.widen_next.operand = 0;
    model.acts_now.count = 0;
    for (; model.acts_now.count < model.acts_next.count; model.acts_now.count++)
        model.acts_now.acts[model.acts_now.count] = model.acts_next.acts[model.acts_now.count];
    model.acts_next.count = 0;
    model.hooks_seen = 0;
}

/* S6 */
static void predict_return_to_user(const struct call *call, struct prediction *p)
{
    (void)call;
    RULE("S6");
    answers(p, OUTCOME_DONE, 0);
    calls_hook(p, HOOK_BARRIER);
}

/* Which rule an operation follows. Those without one are userspace's, or the port's. */
static predict_function *const rules[256] = {
    [OP_RETURN_TO_USER] = predict_return_to_user,

    [OP_CREATE] = predict_create,
    [OP_REMOVE] = predict_process_op,
    [OP_TERMINATE] = predict_process_op,
    [OP_RESTART] = predict_process_op,
    [OP_RESTART_MANY] = predict_process_op,
    [OP_START] = predict_process_op,
    [OP_FAULT] = predict_process_op,
    [OP_STOP] = predict_process_op,
    [OP_RESUME] = predict_process_op,
    [OP_SET_RUNNING] = predict_process_op,
    [OP_SET_YIELDED] = predict_process_op,
    [OP_SET_YIELDED_FOR] = predict_process_op,
    [OP_BRK] = predict_process_op,
    [OP_SBRK] = predict_process_op,
    [OP_MEMOP_BRK] = predict_process_op,
    [OP_MEMOP_SBRK] = predict_process_op,
    [OP_TAKE_ID] = predict_id_op,
    [OP_LOOKUP] = predict_id_op,
    [OP_ID_EQUAL] = predict_id_op,
    [OP_TABLE_SLOT] = predict_table_slot,

    [OP_BUILD_READONLY] = predict_build,
    [OP_BUILD_READWRITE] = predict_build,
    [OP_EXTERNAL_READONLY] = predict_build,
    [OP_EXTERNAL_READWRITE] = predict_build,
    [OP_LEN] = predict_buffer_op,
    [OP_PTR] = predict_buffer_op,
    [OP_CONSUME] = predict_buffer_op,
    [OP_COPY_READONLY] = predict_buffer_op,
    [OP_COPY_READWRITE] = predict_buffer_op,
    [OP_AS_READONLY] = predict_buffer_op,
    [OP_ENTER] = predict_enter,
    [OP_MUT_ENTER] = predict_enter,

    [OP_SLICE_LEN] = predict_slice_op,
    [OP_GET] = predict_slice_op,
    [OP_SET] = predict_slice_op,
    [OP_GET_OR_PANIC] = predict_slice_op,
    [OP_RANGE] = predict_slice_op,
    [OP_RANGE_FROM] = predict_slice_op,
    [OP_RANGE_TO] = predict_slice_op,
    [OP_ITERATE] = predict_slice_op,
    [OP_CHUNKS] = predict_slice_op,
    [OP_COPY_TO] = predict_slice_op,
    [OP_COPY_TO_OR_PANIC] = predict_slice_op,
    [OP_COPY_FROM] = predict_slice_op,
    [OP_COPY_FROM_OR_PANIC] = predict_slice_op,
    [OP_COPY_SLICE] = predict_slice_op,
    [OP_AS_READABLE] = predict_slice_op,
    [OP_FROM_ARRAY] = predict_from_array,
    [OP_FROM_ARRAY_MUT] = predict_from_array,
    [OP_SLICE_FILL] = predict_bytes_op,
    [OP_COMPARE] = predict_bytes_op,
    [OP_FIND] = predict_bytes_op,
    [OP_STRING_LEN] = predict_bytes_op,
    [OP_STRING_COPY] = predict_bytes_op,
    [OP_LOAD] = predict_bytes_op,
    [OP_STORE] = predict_bytes_op,
    [OP_COPY_TO_FITTING] = predict_bytes_op,
    [OP_COPY_FROM_FITTING] = predict_bytes_op,
    [OP_ELEMENT] = predict_slice_op,

    [OP_ALLOCATE_GRANT] = predict_grant_op,
    [OP_LOOKUP_DRIVER] = predict_grant_op,
    [OP_ENTER_GRANT] = predict_grant_op,
    [OP_LEAVE_GRANT] = predict_leave_grant,
    [OP_DRIVER_ENTER] = predict_driver_enter,
    [OP_READ_READONLY] = predict_read_slot,
    [OP_READ_READWRITE] = predict_read_slot,
    [OP_ALLOW_READONLY] = predict_allow,
    [OP_ALLOW_READWRITE] = predict_allow,
    [OP_ALLOW_USERSPACE_READABLE] = predict_allow,
    [OP_ALLOW_USERSPACE_READABLE_WITH] = predict_allow,
    [OP_SET_BYTE] = predict_set_byte,
    [OP_GRANT_LEN] = predict_grant_len,

    [OP_READ_AT] = predict_at,
    [OP_READ_AT_READWRITE] = predict_at,
    [OP_WRITE_AT] = predict_at,
    [OP_READER_OVER] = predict_stream_over,
    [OP_WRITER_OVER] = predict_stream_over,
    [OP_READER_READ] = predict_stream,
    [OP_READER_SKIP] = predict_stream,
    [OP_WRITER_WRITE] = predict_stream,
    [OP_WRITER_SKIP] = predict_stream,
    [OP_STREAM_COPY] = predict_stream_copy,

    [OP_FOREIGN_START] = predict_foreign_life,
    [OP_FOREIGN_END] = predict_foreign_life,
    [OP_TAKE_FOREIGN_ID] = predict_foreign_life,
    [OP_FOREIGN_READONLY] = predict_foreign_build,
    [OP_FOREIGN_READWRITE] = predict_foreign_build,

    [OP_TAKE_OTHER_ID] = predict_other,
    [OP_OTHER_RESTART] = predict_other,
    [OP_OTHER_READONLY] = predict_other,
    [OP_OTHER_READWRITE] = predict_other,

    [OP_CODE_NAME] = predict_error_op,
    [OP_PROCESS_ERROR_NAME] = predict_error_op,
    [OP_PROCESS_ERROR_TO_CODE] = predict_error_op,

    [OP_MISUSE] = predict_misuse,
};

void model_predict(const struct call *call, struct prediction *p)
{
    begin_prediction(p);
    rules[call->op->code](call, p);
    model_act_when_fetched(p);
}
