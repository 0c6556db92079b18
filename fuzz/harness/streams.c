/* streams: buffers used piece by piece while they change, and buffers of a foreign table.
 * Property: every step checks again whether its buffer lives and how long it is; bytes end up right.
 * Oracle: shadow model, access oracle, ASan and UBSan.
 * Operations: readers, writers, copies between them, steps at an offset, elements; foreign lives.
 */
#include "harness.h"

const struct harness harness_streams = {
    .name = "streams",
    .about = "readers, writers and elements, over buffers that change; a foreign table",
    .weights = {
        [OP_FILL] = 2, [OP_POKE] = 2, [OP_WIDEN] = 2, [OP_AT_HOOK] = 6, [OP_FOREIGN_AT_HOOK] = 4, [OP_WHEN_FETCHED] = 2, [OP_BRK] = 2, [OP_RESTART] = 3, [OP_TERMINATE] = 2,
        [OP_START] = 2, [OP_BUILD_READONLY] = 20, [OP_BUILD_READWRITE] = 20,
        [OP_COPY_READONLY] = 2, [OP_COPY_READWRITE] = 2, [OP_AS_READONLY] = 4,
        [OP_CONSUME] = 3, [OP_LEN] = 2, [OP_PTR] = 2,
        [OP_READ_AT] = 6, [OP_READ_AT_READWRITE] = 2, [OP_WRITE_AT] = 8, [OP_READER_OVER] = 8, [OP_WRITER_OVER] = 8,
        [OP_READER_READ] = 12, [OP_READER_SKIP] = 6, [OP_WRITER_WRITE] = 12,
        [OP_WRITER_SKIP] = 6, [OP_STREAM_COPY] = 16,
        [OP_ENTER] = 5, [OP_MUT_ENTER] = 8, [OP_ELEMENT] = 10, [OP_GET] = 3, [OP_SET] = 3,
        [OP_DECLARE_DRIVER] = 2, [OP_ALLOW_READONLY] = 4, [OP_ALLOW_READWRITE] = 4,
        [OP_TAKE_ID] = 3, [OP_DRIVER_ENTER] = 4, [OP_READ_READONLY] = 4, [OP_READ_READWRITE] = 4,
        [OP_FOREIGN_START] = 5, [OP_FOREIGN_END] = 3, [OP_FOREIGN_READONLY] = 6,
        [OP_FOREIGN_READWRITE] = 6, [OP_TAKE_FOREIGN_ID] = 3, [OP_LOOKUP] = 2, [OP_ID_EQUAL] = 2,
        [OP_LEAVE_GRANT] = 1, [OP_TAKE_OTHER_ID] = 2, [OP_OTHER_RESTART] = 2, [OP_OTHER_READONLY] = 3, [OP_OTHER_READWRITE] = 3,
    },
};
