/* maps: kernels whose processes are not laid out as ours; vectors, and slots of the kernel's own.
 * Property: a range is lent exactly if each byte has the right, then and in each use; a pair is fetched once.
 * Oracle: shadow model, access oracle, ASan and UBSan.
 * Operations: maps that change, buffers over them in all calls that take a buffer; foreign lives; vectors.
 */
#include "harness.h"

const struct harness harness_maps = {
    .name = "maps",
    .about = "maps of another kernel, rechecked buffers, vectors and slots over them",
    .weights = {
        [OP_MAP_REGION] = 16, [OP_MAP_OF_REGIONS] = 6, [OP_MAP_OF_LOOKUP] = 4, [OP_MAP_OF_PIECES] = 3, [OP_MAP_OF_LOOKUP_PIECES] = 2, [OP_MAP_NONE] = 1,
        [OP_MAP_READONLY] = 20, [OP_MAP_READWRITE] = 20,
        [OP_MAP_READONLY_VECTOR] = 6, [OP_MAP_READWRITE_VECTOR] = 6,
        [OP_MAP_ALLOW_READONLY] = 6, [OP_MAP_ALLOW_READWRITE] = 6,
        [OP_MAP_SLOT_READONLY] = 6, [OP_MAP_SLOT_READWRITE] = 6,
        [OP_LEND_READONLY] = 3, [OP_LEND_READWRITE] = 3,
        [OP_KEEP_LENDER] = 2, [OP_KEEP_MAP_LENDER] = 2, [OP_KEPT_READONLY] = 5, [OP_KEPT_READWRITE] = 5,
        [OP_READONLY_VECTOR] = 6, [OP_READWRITE_VECTOR] = 6, [OP_PUT_PAIR] = 10, [OP_PAIR] = 4,
        [OP_FOREIGN_START] = 5, [OP_FOREIGN_END] = 3, [OP_FOREIGN_AT_HOOK] = 3, [OP_FOREIGN_READONLY] = 2, [OP_FOREIGN_READWRITE] = 2,
        [OP_BUILD_READONLY] = 3, [OP_BUILD_READWRITE] = 3, [OP_LEN] = 10, [OP_PTR] = 2, [OP_CONSUME] = 2,
        [OP_COPY_READONLY] = 2, [OP_COPY_READWRITE] = 2, [OP_AS_READONLY] = 4,
        [OP_ENTER] = 8, [OP_MUT_ENTER] = 8, [OP_GET] = 2, [OP_SET] = 2, [OP_COPY_TO] = 2, [OP_COPY_FROM] = 2, [OP_COPY_SLICE] = 2,
        [OP_READ_AT] = 3, [OP_READ_AT_READWRITE] = 2, [OP_WRITE_AT] = 3, [OP_READER_OVER] = 4, [OP_WRITER_OVER] = 4,
        [OP_READER_READ] = 5, [OP_READER_SKIP] = 2, [OP_WRITER_WRITE] = 5, [OP_WRITER_SKIP] = 2, [OP_STREAM_COPY] = 5,
        [OP_WHEN_FETCHED] = 3, [OP_AT_HOOK] = 3, [OP_POKE] = 2, [OP_FILL] = 1, [OP_BRK] = 1, [OP_RESTART] = 1, [OP_TERMINATE] = 1,
        [OP_MISUSE] = 2, [OP_SKIP_SWAPS] = 2, [OP_WIDEN] = 2,
    },
};
