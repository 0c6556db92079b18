/* memory: the break, the mark and the grants, which share a process's memory from both ends.
 * Property: break and kernel break never cross, nothing shared is ever above the break, bytes that
 * a process gets are zero, and a refusal of the port changes nothing.
 * Oracle: shadow model, access oracle, ASan and UBSan.
 * Operations: breaks, grants and what raises the mark; refusals; lives, which begin it all again.
 */
#include "harness.h"

const struct harness harness_memory = {
    .name = "memory",
    .about = "the break, the mark and grants, from both ends of a process's memory",
    .weights = {
        [OP_WIDEN] = 2, [OP_FILL] = 6, [OP_POKE] = 3, [OP_REFUSE] = 8, [OP_AT_HOOK] = 6,
        [OP_BRK] = 24, [OP_SBRK] = 16, [OP_MEMOP_BRK] = 4, [OP_MEMOP_SBRK] = 4,
        [OP_ALLOCATE_GRANT] = 14, [OP_ENTER_GRANT] = 5, [OP_LEAVE_GRANT] = 4,
        [OP_DECLARE_DRIVER] = 4, [OP_DRIVER_ENTER] = 6, [OP_ALLOW_READWRITE] = 4,
        [OP_BUILD_READONLY] = 10, [OP_BUILD_READWRITE] = 10, [OP_CONSUME] = 2,
        [OP_ENTER] = 4, [OP_MUT_ENTER] = 6, [OP_SLICE_FILL] = 4, [OP_GET] = 2,
        [OP_TAKE_ID] = 3, [OP_CREATE] = 3, [OP_REMOVE] = 2, [OP_TERMINATE] = 3, [OP_RESTART] = 6,
        [OP_START] = 4, [OP_FAULT] = 2,
    },
};
