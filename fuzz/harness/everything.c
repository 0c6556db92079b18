/* everything: every operation of the table, so that none is out of reach of another.
 * Property: answers, states, bytes and accesses are those of lib/CONTRACT.md.
 * Oracle: shadow model, access oracle, ASan and UBSan.
 * Operations: all. The other harnesses go deeper, each in its corner; swarm switches some off here.
 */
#include "harness.h"

const struct harness harness_everything = {
    .name = "everything",
    .about = "every operation of the table",
    .weights = {
        [OP_POKE] = 4, [OP_FILL] = 4, [OP_REFUSE] = 4, [OP_WIDEN] = 2, [OP_WHEN_FETCHED] = 4, [OP_AT_HOOK] = 4, [OP_FOREIGN_AT_HOOK] = 2,
        [OP_RETURN_TO_USER] = 4, [OP_CREATE] = 4, [OP_REMOVE] = 2, [OP_TERMINATE] = 2,
        [OP_RESTART] = 4, [OP_START] = 4, [OP_FAULT] = 4, [OP_STOP] = 4, [OP_RESUME] = 4,
        [OP_SET_RUNNING] = 4, [OP_SET_YIELDED] = 4, [OP_SET_YIELDED_FOR] = 4, [OP_BRK] = 4,
        [OP_SBRK] = 4, [OP_MEMOP_BRK] = 4, [OP_MEMOP_SBRK] = 4, [OP_TAKE_ID] = 4, [OP_LOOKUP] = 4,
        [OP_ID_EQUAL] = 4, [OP_RESTART_MANY] = 1, [OP_BUILD_READONLY] = 12,
        [OP_BUILD_READWRITE] = 12, [OP_EXTERNAL_READONLY] = 4, [OP_EXTERNAL_READWRITE] = 4,
        [OP_LEN] = 4, [OP_PTR] = 4, [OP_CONSUME] = 4, [OP_COPY_READONLY] = 4, [OP_ENTER] = 12,
        [OP_MUT_ENTER] = 14, [OP_COPY_READWRITE] = 4, [OP_AS_READONLY] = 4, [OP_SLICE_LEN] = 4,
        [OP_GET] = 4, [OP_SET] = 4, [OP_GET_OR_PANIC] = 4, [OP_RANGE] = 4, [OP_RANGE_FROM] = 4,
        [OP_RANGE_TO] = 4, [OP_ITERATE] = 4, [OP_CHUNKS] = 4, [OP_COPY_TO] = 4,
        [OP_COPY_TO_OR_PANIC] = 4, [OP_COPY_FROM] = 4, [OP_COPY_FROM_OR_PANIC] = 4,
        [OP_COPY_SLICE] = 4, [OP_AS_READABLE] = 4, [OP_FROM_ARRAY] = 4, [OP_FROM_ARRAY_MUT] = 4,
        [OP_SLICE_FILL] = 4, [OP_COMPARE] = 4, [OP_FIND] = 4, [OP_STRING_LEN] = 4,
        [OP_STRING_COPY] = 4, [OP_LOAD] = 4, [OP_STORE] = 4, [OP_COPY_TO_FITTING] = 4,
        [OP_COPY_FROM_FITTING] = 4, [OP_ELEMENT] = 4, [OP_DECLARE_DRIVER] = 6,
        [OP_ALLOCATE_GRANT] = 4, [OP_LOOKUP_DRIVER] = 4, [OP_ENTER_GRANT] = 4,
        [OP_LEAVE_GRANT] = 4, [OP_DRIVER_ENTER] = 10, [OP_READ_READONLY] = 4,
        [OP_READ_READWRITE] = 4, [OP_ALLOW_READONLY] = 6, [OP_ALLOW_READWRITE] = 6,
        [OP_ALLOW_USERSPACE_READABLE] = 3, [OP_ALLOW_USERSPACE_READABLE_WITH] = 3, [OP_SET_BYTE] = 4, [OP_READ_AT] = 4, [OP_READ_AT_READWRITE] = 2, [OP_WRITE_AT] = 4,
        [OP_READER_OVER] = 4, [OP_WRITER_OVER] = 4, [OP_READER_READ] = 4, [OP_READER_SKIP] = 4,
        [OP_WRITER_WRITE] = 4, [OP_WRITER_SKIP] = 4, [OP_STREAM_COPY] = 4, [OP_FOREIGN_START] = 4,
        [OP_FOREIGN_END] = 4, [OP_FOREIGN_READONLY] = 4, [OP_FOREIGN_READWRITE] = 4,
        [OP_TAKE_FOREIGN_ID] = 4, [OP_TABLE_SLOT] = 2, [OP_CODE_NAME] = 1,
        [OP_PROCESS_ERROR_NAME] = 1, [OP_PROCESS_ERROR_TO_CODE] = 1, [OP_SPEND_IDS] = 1, [OP_SKIP_IDS] = 1, [OP_SKIP_SWAPS] = 1,
        [OP_DECLARE_DRIVER_WITH] = 3, [OP_TAKE_OTHER_ID] = 2, [OP_OTHER_RESTART] = 1, [OP_OTHER_READONLY] = 2, [OP_OTHER_READWRITE] = 2, [OP_GRANT_LEN] = 1, [OP_MISUSE] = 1,
    },
};
