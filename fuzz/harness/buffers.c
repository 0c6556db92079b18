/* buffers: everything a process can share, and everything a kernel does with it.
 * Property: answers, states, bytes and accesses are those of lib/CONTRACT.md.
 * Oracle: shadow model, access oracle, ASan and UBSan.
 * Operations: building, holding, entering and overlapping buffers; slices; the break; life.
 */
#include "harness.h"

const struct harness harness_buffers = {
    .name = "buffers",
    .about = "buffers, slices and overlap; the break; life",
    .weights = {
        [OP_POKE] = 4, [OP_FILL] = 2, [OP_REFUSE] = 4, [OP_WHEN_FETCHED] = 2, [OP_AT_HOOK] = 3,
        [OP_RETURN_TO_USER] = 1,
        [OP_CREATE] = 3, [OP_REMOVE] = 2, [OP_TERMINATE] = 3, [OP_RESTART] = 5, [OP_START] = 3,
        [OP_FAULT] = 2, [OP_STOP] = 2, [OP_RESUME] = 2, [OP_SET_RUNNING] = 3,
        [OP_SET_YIELDED] = 2, [OP_SET_YIELDED_FOR] = 2,
        [OP_BRK] = 10, [OP_SBRK] = 6, [OP_MEMOP_BRK] = 2, [OP_MEMOP_SBRK] = 2,
        [OP_TAKE_ID] = 3, [OP_LOOKUP] = 3, [OP_ID_EQUAL] = 2,
        [OP_BUILD_READONLY] = 20, [OP_BUILD_READWRITE] = 20,
        [OP_EXTERNAL_READONLY] = 4, [OP_EXTERNAL_READWRITE] = 4,
        [OP_LEN] = 6, [OP_PTR] = 6, [OP_CONSUME] = 4,
        [OP_COPY_READONLY] = 2, [OP_COPY_READWRITE] = 2,
        [OP_ENTER] = 24, [OP_MUT_ENTER] = 24,
        [OP_SLICE_LEN] = 3, [OP_GET] = 8, [OP_SET] = 8, [OP_GET_OR_PANIC] = 3,
        [OP_RANGE] = 8, [OP_RANGE_FROM] = 4, [OP_RANGE_TO] = 4,
        [OP_ITERATE] = 3, [OP_CHUNKS] = 5,
        [OP_COPY_TO] = 6, [OP_COPY_TO_OR_PANIC] = 2,
        [OP_COPY_FROM] = 6, [OP_COPY_FROM_OR_PANIC] = 2,
        [OP_COPY_SLICE] = 6, [OP_AS_READABLE] = 3,
        [OP_FROM_ARRAY] = 2, [OP_FROM_ARRAY_MUT] = 2,
    },
};
