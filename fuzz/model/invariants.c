/* The invariants. Contract: I1 to I5. */
#include "rules.h"

#include "bug.h"

/* They share a byte: an empty one shares none. */
static bool spans_overlap(struct span a, struct span b)
{
    return a.start < a.end && b.start < b.end && a.start < b.end && b.start < a.end;
}

/* I3, I4 */
static void check_grants(struct model *m, unsigned slot)
{
    for (unsigned g = 0; g < model_grant_count(m); g++) {
        const struct model_grant *grant = model_grant(m, slot, g);
        if (!grant->allocated)
            continue;
        for (unsigned other = 0; other < g; other++)
            if (model_grant(m, slot, other)->allocated &&
                spans_overlap(grant->span, model_grant(m, slot, other)->span))
                bug_found("invariant", "I4-grants-apart",
                          "expected: grants do not overlap (I4)\nactual: %u and %u of p%u do", g,
                          other, slot);
        for (unsigned d = 0; d < m->depth; d++)
            if (!m->open[d].of_grant && !m->open[d].foreign && m->open[d].slot == slot &&
                spans_overlap(grant->span, m->open[d].span))
                bug_found("invariant", "I3-open-slice-under-grant",
                          "expected: no byte is in an open slice and in a grant (I3)\n"
                          "actual: grant %u of p%u covers one",
                          g, slot);
    }
}

void model_check_invariants(struct model *m, unsigned slots)
{
    slots &= (1u << m->slot_count) - 1;
    while (slots != 0) {
        const unsigned slot = take_lowest(&slots);
        const struct model_process *process = &m->processes[slot];
        if (!process->used)
            continue;
        if (!(process->mem_start <= process->mark && process->mark <= process->app_break &&
              process->app_break <= process->kernel_break &&
              process->kernel_break <= process->mem_end))
            bug_found("invariant", "I1-breaks-in-order",
                      "expected: mem_start <= mark <= app_break <= kernel_break <= mem_end (I1)\n"
                      "actual: not so for p%u",
                      slot);
        check_grants(m, slot);
    }
    for (unsigned left = m->filled_buffers; left != 0;) {
        const unsigned b = take_lowest(&left);
        const struct model_buffer *buffer = &m->buffers[b];
        if (!buffer->built || buffer->len == 0 || !model_buffer_is_live(m, buffer))
            continue;
        const struct model_process *process = &m->processes[buffer->slot];
        const wide end = (wide)buffer->addr + buffer->len;
        const bool in_ram = buffer->addr >= process->mem_start && end <= process->app_break;
        const bool in_readable_flash =
            buffer->addr >= process->flash_protected_end && end <= process->flash_end;
        if (!in_ram && (b >= TRACE_BUFFER_COUNT || !in_readable_flash))
            bug_found("invariant", "I2-buffer-in-owned-memory",
                      "expected: live buffers are in app-owned memory or readable flash (I2)\n"
                      "actual: not so for buffer register %u",
                      b);
    }
}
