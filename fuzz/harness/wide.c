/* wide: short programs in a world that is big: buffers, copies and arrays of more than 2^16 bytes, processes on both sides
 * of place 2^8 of the table, 300 grants, enters 32 deep.
 * Property: as everywhere; what is cut to 8 or 16 bits on its way is another number here.
 * Oracle: shadow model, access oracle, ASan and UBSan.
 * Operations: all that take or give a length, an index, an offset or a number, and what ends a life.
 */
#include "harness.h"

const struct harness harness_wide = {
    .name = "wide",
    .about = "more than 2^16 bytes, 2^8 processes, 2^8 grants",
    .large = true,
    .weights = {
        [OP_POKE] = 4, [OP_FILL] = 2, [OP_WIDEN] = 12, [OP_RESTART] = 2,
        [OP_BUILD_READONLY] = 10, [OP_BUILD_READWRITE] = 12, [OP_LEN] = 3, [OP_CONSUME] = 2,
        [OP_ENTER] = 10, [OP_MUT_ENTER] = 14, [OP_BRK] = 4, [OP_SBRK] = 4, [OP_MEMOP_SBRK] = 1,
        [OP_SLICE_LEN] = 1, [OP_GET] = 4, [OP_SET] = 4, [OP_GET_OR_PANIC] = 1,
        [OP_RANGE] = 6, [OP_RANGE_FROM] = 3, [OP_RANGE_TO] = 3, [OP_CHUNKS] = 3, [OP_ELEMENT] = 7,
        [OP_COPY_TO] = 4, [OP_COPY_TO_OR_PANIC] = 1, [OP_COPY_FROM] = 4, [OP_COPY_FROM_OR_PANIC] = 1,
        [OP_COPY_SLICE] = 8, [OP_AS_READABLE] = 1, [OP_FROM_ARRAY] = 3, [OP_FROM_ARRAY_MUT] = 3,
        [OP_SLICE_FILL] = 3, [OP_COMPARE] = 3, [OP_FIND] = 3, [OP_STRING_LEN] = 2,
        [OP_STRING_COPY] = 3, [OP_LOAD] = 4, [OP_STORE] = 4,
        [OP_COPY_TO_FITTING] = 3, [OP_COPY_FROM_FITTING] = 3,
        [OP_READ_AT] = 6, [OP_READ_AT_READWRITE] = 4, [OP_WRITE_AT] = 6,
        [OP_READER_OVER] = 4, [OP_WRITER_OVER] = 4, [OP_READER_OVER_MANY] = 2, [OP_WRITER_OVER_MANY] = 2, [OP_READER_READ] = 4, [OP_READER_SKIP] = 4,
        [OP_WRITER_WRITE] = 4, [OP_WRITER_SKIP] = 4, [OP_STREAM_COPY] = 6,
        [OP_ALLOCATE_GRANT] = 5, [OP_SET_BYTE] = 2, [OP_DECLARE_DRIVER] = 2,
        [OP_ALLOW_READONLY] = 4, [OP_ALLOW_READWRITE] = 4, [OP_ALLOW_USERSPACE_READABLE] = 2,
        [OP_TABLE_SLOT] = 3, [OP_CREATE] = 1, [OP_REMOVE] = 1, [OP_STOP] = 2, [OP_SET_RUNNING] = 2, [OP_SET_YIELDED_FOR] = 3, [OP_FAULT] = 1, [OP_START] = 1,
        [OP_LOOKUP] = 2, [OP_ID_EQUAL] = 2, [OP_LOOKUP_DRIVER] = 3, [OP_ENTER_GRANT] = 3, [OP_LEAVE_GRANT] = 2,
        [OP_TAKE_FOREIGN_ID] = 2, [OP_FOREIGN_START] = 2, [OP_FOREIGN_END] = 1, [OP_FOREIGN_READONLY] = 2,
        [OP_FOREIGN_READWRITE] = 2, [OP_DECLARE_DRIVER_WITH] = 2, [OP_DECLARE_DRIVER_MANY] = 2, [OP_LEND_READONLY] = 2, [OP_LEND_READWRITE] = 2,
        [OP_MAP_REGION] = 1, [OP_MAP_OF_REGIONS] = 1, [OP_MAP_OF_LOOKUP] = 1, [OP_MAP_OF_PIECES] = 1, [OP_MAP_OF_LOOKUP_PIECES] = 1, [OP_MAP_READONLY] = 2, [OP_MAP_READWRITE] = 2,
        [OP_PUT_PAIR] = 2, [OP_PUT_PAIRS] = 2, [OP_READONLY_VECTOR_MANY] = 2, [OP_READWRITE_VECTOR_MANY] = 2, [OP_READONLY_VECTOR] = 2, [OP_READWRITE_VECTOR] = 2, [OP_PAIR] = 2,
        [OP_DRIVER_ENTER] = 3, [OP_TAKE_ID] = 4, [OP_READ_READONLY] = 3, [OP_READ_READWRITE] = 3,
    },
};
