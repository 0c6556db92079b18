/* Behaviours: "this operation gave this answer, after that one gave that". How many are known, and
 * how many were seen in one input alone, shows how much is still new (Good and Turing; Böhme's
 * STADS). Counted by fuzz targets when a campaign asks, by the environment PROCBUF_BEHAVIOURS. */
#ifndef FUZZ_BEHAVIOURS_H
#define FUZZ_BEHAVIOURS_H

struct testbed;

/* Count from now on, if a campaign asks. Each behaviour counts once an input. */
void behaviours_begin(struct testbed *t);

/* Write the counts to the file that the campaign named: "inputs N", then "behaviour inputs" lines. */
void behaviours_write(void);

#endif
