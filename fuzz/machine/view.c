#include "view.h"

#include "testbed.h"

#include <inttypes.h>

static uint32_t in_arena(uint64_t addr)
{
    return (uint32_t)(addr - ARENA_BASE);
}

static bool overlap(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
    return a < a_end && b < b_end && a < b_end && b < a_end;
}

/* ---- Events ---- */

enum { NO_BYTE = -1 };

static long first_not_zero(const struct testbed *t, struct span span)
{
    for (uint32_t at = span.start; at < span.end; at++)
        if (t->oracle.arena[at] != 0)
            return (long)at;
    return NO_BYTE;
}

static void begin_view(struct view *view, const struct hook *told)
{
    *view = (struct view){
        .used = true,
        .flash = told->flash_start,
        .flash_end = told->flash_end,
        .ram = told->addr,
        .ram_end = told->mem_end,
        .app_break = told->addr,
        .kernel_break = told->kernel_break,
        .grant_unzeroed = NO_BYTE,
    };
}

static bool nothing_is_accessible(const struct hook *told)
{
    return told->flash_start == told->flash_end && told->app_break == told->addr &&
           told->kernel_break == told->addr;
}

static bool is_of_process(const struct view *view, const struct hook *told)
{
    return told->addr == view->ram && told->mem_end == view->ram_end &&
           told->flash_start == view->flash && told->flash_end == view->flash_end &&
           told->app_break >= view->ram && told->app_break <= told->kernel_break &&
           told->kernel_break <= view->ram_end;
}

void view_told(struct testbed *t, const struct hook *told)
{
    const unsigned slot = told->process_index;
    if (slot >= TRACE_MAX_PROCESSES)
        return;
    struct view *view = &t->views[slot];
    if (nothing_is_accessible(told)) { /* it is gone, or has no memory to look at */
        view->used = false;
        view->break_before = view->app_break = told->app_break;
        return;
    }
    if (!view->used)
        begin_view(view, told);
    if (!t->view_unasked && !is_of_process(view, told))
        bug_found("integrity", "port-told-of-other-memory",
                  "expected: p%u keeps to its own memory, the app part below the grants (I11)\n"
                  "actual: the port was told of RAM at 0x%" PRIx64 ", break 0x%" PRIx64
                  ", kernel break 0x%" PRIx64,
                  slot, told->addr, told->app_break, told->kernel_break);
    if (told->app_break > view->app_break) {
        view->grown = (struct span){ in_arena(view->app_break), in_arena(told->app_break) };
        view->unzeroed = t->view_unasked ? NO_BYTE : first_not_zero(t, view->grown);
    }
    view->made_grant = told->kernel_break < view->kernel_break;
    view->break_before = view->app_break;
    view->app_break = told->app_break;
    view->kernel_break = told->kernel_break;
    t->view_unsettled |= 1u << slot;
}

void view_refused(struct testbed *t, unsigned slot)
{
    if (slot < TRACE_MAX_PROCESSES && t->views[slot].used)
        t->view_unsettled |= 1u << slot;
}

static bool within(uint64_t start, uint64_t end, uint64_t low, uint64_t high)
{
    return start >= low && end <= high;
}

void view_opened(const struct testbed *t, uint64_t addr, uint64_t len)
{
    const uint64_t end = addr + len;
    unsigned touched = 0;
    for (unsigned slot = 0; slot < TRACE_MAX_PROCESSES; slot++) {
        const struct view *view = &t->views[slot];
        if (!view->used)
            continue;
        if (within(addr, end, view->ram, view->ram_end) ||
            within(addr, end, view->flash, view->flash_end))
            return;
        touched += overlap(addr, end, view->ram, view->ram_end) ||
                   overlap(addr, end, view->flash, view->flash_end);
    }
    if (touched != 0 && !t->view_unasked)
        bug_found("integrity", "window-out-of-a-process",
                  "expected: the kernel opens memory of one process at a time (I11)\n"
                  "actual: it opened %" PRIu64 " bytes at 0x%" PRIx64 ", in %u and outside",
                  len, addr, touched);
}

/* ---- What must hold when a call has ended ---- */

static void check_zero(struct testbed *t, unsigned slot, long at, const char *check,
                       const char *whose)
{
    if (at == NO_BYTE)
        return;
    t->oracle.bug.arena_byte = at;
    t->oracle.bug.rule = "I9";
    bug_found("secrecy", check,
              "expected: arena byte %ld is zero when it becomes %s of p%u (I9)\n"
              "actual: it is not",
              at, whose, slot);
}

/* No byte that the process may access is another's, or in anyone's grants. */
static void check_apart(struct testbed *t, unsigned slot)
{
    struct span mine[2];
    view_parts(t, slot, mine);
    for (unsigned other = 0; other < TRACE_MAX_PROCESSES; other++) {
        const struct view *view = &t->views[other];
        if (other == slot || !view->used || t->view_unasked)
            continue;
        for (unsigned part = 0; part < 2; part++) {
            const uint64_t start = ARENA_BASE + (uint64_t)mine[part].start;
            const uint64_t end = ARENA_BASE + (uint64_t)mine[part].end;
            if (!overlap(start, end, view->ram, view->ram_end) &&
                !overlap(start, end, view->flash, view->flash_end))
                continue;
            t->oracle.bug.rule = "I11";
            bug_found("integrity", "accessible-to-two",
                      "expected: no byte is accessible to p%u that belongs to p%u (I11)\n"
                      "actual: one in arena bytes %u to %u is",
                      slot, other, mine[part].start, mine[part].end);
        }
    }
}

static void check_published(struct testbed *t, unsigned slot)
{
    const struct view *view = &t->views[slot];
    const struct procbuf_process *process =
        procbuf_table_slot(&t->world->table, model_first_place(&t->model) + slot);
    if (t->view_unasked)
        return;
    if (process == NULL) {
        t->oracle.bug.rule = "I11";
        bug_found("integrity", "accessible-without-a-process",
                  "expected: nothing of p%u is accessible once it is removed (I11)\n"
                  "actual: RAM from 0x%" PRIx64 " to 0x%" PRIx64 " still is",
                  slot, view->ram, view->app_break);
    }
    const uint64_t app_break = procbuf_process_app_break(process);
    const uint64_t kernel_break = procbuf_process_kernel_break(process);
    if (app_break == view->app_break && kernel_break == view->kernel_break)
        return;
    t->oracle.bug.rule = "I11";
    bug_found("integrity", "break-that-the-port-was-not-told",
              "expected: p%u has the breaks that the port was told, 0x%" PRIx64 " and 0x%" PRIx64
              " (I11)\nactual: the accessors publish 0x%" PRIx64 " and 0x%" PRIx64,
              slot, view->app_break, view->kernel_break, app_break, kernel_break);
}

void view_settle(struct testbed *t)
{
    while (t->view_unsettled != 0) {
        const unsigned slot = take_lowest(&t->view_unsettled);
        struct view *view = &t->views[slot];
        if (view->grown.start != view->grown.end) {
            check_zero(t, slot, view->unzeroed, "accessible-before-zeroed", "accessible memory");
            check_apart(t, slot);
        }
        check_zero(t, slot, view->grant_unzeroed, "grant-not-zeroed", "the data of a grant");
        check_published(t, slot);
        view->grant_unzeroed = NO_BYTE;
        view->made_grant = false;
        view->grown = (struct span){ 0, 0 };
    }
}

void view_ended(struct testbed *t)
{
    for (unsigned slot = 0; slot < TRACE_MAX_PROCESSES; slot++) {
        if (!t->views[slot].used)
            continue;
        check_apart(t, slot);
        check_published(t, slot);
    }
}

/* Of the grant's own layout only what the library publishes is known: where its data begin. */
void view_grant_seen(struct testbed *t, unsigned slot, const struct model_driver *driver)
{
    const uint32_t grant = in_arena(t->views[slot].kernel_break);
    if (t->views[slot].made_grant && driver->declared && !t->view_unasked)
        t->views[slot].grant_unzeroed =
            first_not_zero(t, (struct span){ grant + driver->data_offset, grant + driver->len });
}

/* ---- Looking ---- */

void view_parts(const struct testbed *t, unsigned slot, struct span parts[2])
{
    const struct view *view = &t->views[slot];
    parts[0] = parts[1] = (struct span){ 0, 0 };
    if (!view->used)
        return;
    parts[0] = (struct span){ in_arena(view->ram), in_arena(view->app_break) };
    if (view->flash != view->flash_end) /* flash of no bytes may be anywhere */
        parts[1] = (struct span){ in_arena(view->flash), in_arena(view->flash_end) };
}

bool view_holds(const struct testbed *t, unsigned slot, uint32_t arena_byte)
{
    struct span parts[2];
    view_parts(t, slot, parts);
    return (arena_byte >= parts[0].start && arena_byte < parts[0].end) ||
           (arena_byte >= parts[1].start && arena_byte < parts[1].end);
}
