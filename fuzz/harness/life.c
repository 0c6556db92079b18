/* life: processes end, restart, go and come again, up to 2^16 times, while old handles are kept.
 * Property: no handle or id of an old life ever works again; states change as L2 to L8 say.
 * Oracle: shadow model, access oracle, ASan and UBSan.
 * Operations: creation and removal, states and lives, ids, and just enough buffers to hold on to.
 */
#include "harness.h"

const struct harness harness_life = {
    .name = "life",
    .about = "creation, states, lives and identity, with old handles kept",
    .weights = {
        [OP_REFUSE] = 6, [OP_WIDEN] = 2, [OP_CREATE] = 10, [OP_REMOVE] = 8, [OP_TERMINATE] = 8,
        [OP_RESTART] = 8, [OP_RESTART_MANY] = 3, [OP_START] = 6, [OP_FAULT] = 5, [OP_STOP] = 5,
        [OP_RESUME] = 5, [OP_SET_RUNNING] = 6, [OP_SET_YIELDED] = 4, [OP_SET_YIELDED_FOR] = 4,
        [OP_BRK] = 4, [OP_SBRK] = 2, [OP_ALLOCATE_GRANT] = 4, [OP_ENTER_GRANT] = 4, [OP_LEAVE_GRANT] = 2,
       
        [OP_TAKE_ID] = 8, [OP_TAKE_OTHER_ID] = 2, [OP_OTHER_RESTART] = 1, [OP_LOOKUP] = 8, [OP_ID_EQUAL] = 4, [OP_TABLE_SLOT] = 2, [OP_SPEND_IDS] = 2, [OP_SKIP_IDS] = 3,
        [OP_BUILD_READONLY] = 8, [OP_BUILD_READWRITE] = 8,
        [OP_LEN] = 6, [OP_PTR] = 3, [OP_CONSUME] = 3,
        [OP_COPY_READONLY] = 2, [OP_COPY_READWRITE] = 2,
        [OP_ENTER] = 8, [OP_MUT_ENTER] = 8, [OP_GET] = 3, [OP_SET] = 3,
    },
};
