/* everything: every operation of the table, so that none is out of reach of another.
 * Property: answers, states, bytes and accesses are those of lib/CONTRACT.md.
 * Oracle: shadow model, access oracle, ASan and UBSan.
 * Operations: all. The other harnesses go deeper, each in its corner; swarm switches some off here.
 */
#include "harness.h"

/* Each operation counts the same, but for those that are named. */
#pragma GCC diagnostic ignored "-Woverride-init"

const struct harness harness_everything = {
    .name = "everything",
    .about = "every operation of the table",
    .weights = {
#define OP(code, NAME, ...) [OP_##NAME] = 4,
#include "ops.def"
        [OP_FOREIGN_AT_HOOK] = 2, [OP_WIDEN] = 2, [OP_REMOVE] = 2, [OP_TERMINATE] = 2,
        [OP_RESTART_MANY] = 1, [OP_TABLE_SLOT] = 2, [OP_SPEND_IDS] = 1, [OP_SKIP_IDS] = 1,
        [OP_BUILD_READONLY] = 12, [OP_BUILD_READWRITE] = 12, [OP_ENTER] = 12, [OP_MUT_ENTER] = 14,
        [OP_SKIP_SWAPS] = 1, [OP_DECLARE_DRIVER] = 6, [OP_DRIVER_ENTER] = 10,
        [OP_ALLOW_READONLY] = 6, [OP_ALLOW_READWRITE] = 6, [OP_ALLOW_USERSPACE_READABLE] = 3,
        [OP_DECLARE_DRIVER_WITH] = 3, [OP_GRANT_LEN] = 1, [OP_ALLOW_USERSPACE_READABLE_WITH] = 3,
        [OP_READ_AT_READWRITE] = 2, [OP_TAKE_OTHER_ID] = 2, [OP_OTHER_RESTART] = 1,
        [OP_OTHER_READONLY] = 2, [OP_OTHER_READWRITE] = 2, [OP_CODE_NAME] = 1,
        [OP_PROCESS_ERROR_NAME] = 1, [OP_PROCESS_ERROR_TO_CODE] = 1, [OP_MISUSE] = 1,
    },
};
