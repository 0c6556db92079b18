/* forms: the testbed's own input, which may come from anyone: decoder, encoder, parser and printer.
 * Property: what is written reads the same; damaged text and bytes are refused, or are a program of which that holds.
 * Oracle: comparison of all forms; ASan and UBSan, which these parts carry here and in the tools.
 * Operations: all. They are written and read, and do not run.
 */
#include "harness.h"

const struct harness harness_forms = {
    .name = "forms",
    .about = "programs as bytes and as text, which a stranger may have written",
    .forms = true,
    .weights = {
#define OP(code, ...) [code] = 2,
#include "ops.def"
    },
};
