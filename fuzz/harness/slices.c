/* slices: everything that is done with bytes once they are entered.
 * Property: exactly the named bytes are touched, each fetched once, and they end up right.
 * Oracle: shadow model, access oracle, ASan and UBSan.
 * Operations: sub-slices, chunks, copies, comparisons, strings, words, over memory that changes.
 */
#include "harness.h"

const struct harness harness_slices = {
    .name = "slices",
    .about = "slices, copies, strings and words",
    .weights = {
        [OP_POKE] = 6, [OP_WHEN_FETCHED] = 8, [OP_FILL] = 3, [OP_BUILD_READONLY] = 6, [OP_BUILD_READWRITE] = 10,
        [OP_ENTER] = 14, [OP_MUT_ENTER] = 24, [OP_RESTART] = 1, [OP_BRK] = 2,
        [OP_SLICE_LEN] = 1, [OP_GET] = 4, [OP_SET] = 8, [OP_GET_OR_PANIC] = 2,
        [OP_RANGE] = 10, [OP_RANGE_FROM] = 5, [OP_RANGE_TO] = 5,
        [OP_ITERATE] = 4, [OP_CHUNKS] = 6,
        [OP_COPY_TO] = 4, [OP_COPY_TO_OR_PANIC] = 2, [OP_COPY_FROM] = 4,
        [OP_COPY_FROM_OR_PANIC] = 2, [OP_COPY_SLICE] = 8, [OP_AS_READABLE] = 4,
        [OP_FROM_ARRAY] = 4, [OP_FROM_ARRAY_MUT] = 4,
        [OP_SLICE_FILL] = 6, [OP_COMPARE] = 8, [OP_FIND] = 8, [OP_STRING_LEN] = 6,
        [OP_STRING_COPY] = 8, [OP_LOAD] = 8, [OP_STORE] = 8,
        [OP_COPY_TO_FITTING] = 5, [OP_COPY_FROM_FITTING] = 5,
    },
};
