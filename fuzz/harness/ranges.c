/* ranges: the arithmetic of ranges alone, with operands from everywhere in the address space.
 * Property: a range is accepted if and only if it is where it must be, in numbers that cannot wrap.
 * Oracle: the model's sums, twice as wide as an address; access oracle; UBSan.
 * Operations: all that take an address, a length, a distance or a range, and nothing else.
 */
#include "harness.h"

const struct harness harness_ranges = {
    .name = "ranges",
    .about = "addresses, lengths and distances from all of the address space",
    .weights = {
        [OP_CREATE] = 12, [OP_REMOVE] = 2, [OP_BRK] = 8, [OP_SBRK] = 8, [OP_MEMOP_BRK] = 3,
        [OP_MEMOP_SBRK] = 3, [OP_BUILD_READONLY] = 20, [OP_BUILD_READWRITE] = 20,
        [OP_ALLOCATE_GRANT] = 6, [OP_SET_BYTE] = 6, [OP_DECLARE_DRIVER] = 2,
        [OP_ALLOW_READONLY] = 4, [OP_ALLOW_READWRITE] = 4, [OP_ALLOW_USERSPACE_READABLE] = 4,
        [OP_ENTER] = 4, [OP_MUT_ENTER] = 6, [OP_RANGE] = 8, [OP_RANGE_FROM] = 4,
        [OP_RANGE_TO] = 4, [OP_GET] = 4, [OP_SET] = 4, [OP_LOAD] = 4, [OP_STORE] = 4,
        [OP_ELEMENT] = 6, [OP_CHUNKS] = 3, [OP_COPY_TO] = 2, [OP_COPY_FROM] = 2,
        [OP_READ_AT] = 4, [OP_WRITE_AT] = 4, [OP_WIDEN] = 4,
    },
};
