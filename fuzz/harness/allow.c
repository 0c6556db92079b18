/* allow: the system calls by which processes share, their slots and grants.
 * Property: swaps give back exactly what was passed, grants keep clear of everything, and a buffer
 * from a slot dies when the slot is swapped.
 * Oracle: shadow model, access oracle, ASan and UBSan.
 * Operations: allow, grants, drivers, and enough of buffers, breaks and lives to disturb them.
 */
#include "harness.h"

const struct harness harness_allow = {
    .name = "allow",
    .about = "the allow system calls, slots and grants",
    .weights = {
        [OP_POKE] = 3, [OP_AT_HOOK] = 2, [OP_REFUSE] = 5, [OP_WIDEN] = 3,
        [OP_DECLARE_DRIVER] = 18, [OP_DECLARE_DRIVER_WITH] = 8, [OP_GRANT_LEN] = 2,
        [OP_ALLOCATE_GRANT] = 8, [OP_LOOKUP_DRIVER] = 5,
        [OP_ENTER_GRANT] = 8, [OP_LEAVE_GRANT] = 6, [OP_DRIVER_ENTER] = 24,
        [OP_READ_READONLY] = 12, [OP_READ_READWRITE] = 12,
        [OP_ALLOW_READONLY] = 24, [OP_ALLOW_READWRITE] = 24,
        [OP_ALLOW_USERSPACE_READABLE] = 6, [OP_ALLOW_USERSPACE_READABLE_WITH] = 6, [OP_SET_BYTE] = 6,
        [OP_TERMINATE] = 3, [OP_RESTART] = 6, [OP_START] = 4, [OP_FAULT] = 2, [OP_REMOVE] = 1,
        [OP_STOP] = 2, [OP_RESUME] = 1, [OP_SET_RUNNING] = 2, [OP_SET_YIELDED_FOR] = 2,
        [OP_CREATE] = 1, [OP_BRK] = 8, [OP_SBRK] = 4,
        [OP_TAKE_ID] = 14, [OP_TAKE_OTHER_ID] = 1, [OP_LOOKUP] = 1,
        [OP_BUILD_READONLY] = 2, [OP_BUILD_READWRITE] = 3,
        [OP_LEN] = 8, [OP_SKIP_SWAPS] = 3, [OP_PTR] = 3, [OP_CONSUME] = 3,
        [OP_COPY_READONLY] = 3, [OP_COPY_READWRITE] = 3,
        [OP_ENTER] = 10, [OP_MUT_ENTER] = 10,
        [OP_GET] = 3, [OP_SET] = 4, [OP_RANGE] = 2, [OP_COPY_TO] = 3, [OP_COPY_FROM] = 3,
    },
};
