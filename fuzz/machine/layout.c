#include "layout.h"

#include "bug.h"
#include "compare.h"
#include "execute.h"
#include "results.h"
#include "testbed.h"
#include "worlds.h"

/* On what a region of that length begins, so that the port can draw boundaries inside it on multiples of the unit. */
struct raster {
    uint32_t start, unit;
};

static struct raster raster_of(const struct testbed *t, uint32_t len)
{
    const uint32_t unit = (uint32_t)model_unit(&t->model, 0, len == 0 ? 1 : len);
    return (struct raster){ t->model.eighths ? 8 * unit : unit, unit };
}

static uint32_t rounded_up(uint32_t len, uint32_t unit)
{
    return (uint32_t)model_round_up(len, unit);
}

/* On whole units, and a unit more than the app part needs, so that it can shrink. */
static struct layout rounded(const struct testbed *t, const struct layout *layout)
{
    struct layout whole = *layout;
    if (t->model.granule == 1)
        return whole;
    whole.flash = rounded_up(layout->flash, raster_of(t, layout->flash).unit);
    struct raster raster = raster_of(t, layout->ram), before;
    do {
        before = raster;
        whole.app = layout->app == 0 ? 0 : rounded_up(layout->app, raster.unit) + raster.unit;
        whole.ram = whole.app + layout->kernel +
                    rounded_up(layout->ram - layout->app - layout->kernel, raster.unit);
        raster = raster_of(t, whole.ram); /* it may have outgrown its block */
    } while (raster.unit > before.unit);
    return whole;
}

uint64_t place_process(const struct testbed *t, const struct layout *asked, uint64_t at,
                       uint64_t args[8])
{
    const struct layout whole = rounded(t, asked), *layout = &whole;
    const uint64_t low_len = layout->flash_above ? layout->ram : layout->flash;
    const uint64_t high_len = layout->flash_above ? layout->flash : layout->ram;
    const uint64_t low = model_round_up(at + layout->gap, raster_of(t, (uint32_t)low_len).start);
    const uint64_t high =
        model_round_up(low + low_len + layout->apart, raster_of(t, (uint32_t)high_len).start);
    args[0] = layout->flash_above ? high : low;
    args[1] = layout->flash;
    args[2] = layout->protected_len;
    args[3] = layout->flash_above ? low : high;
    args[4] = layout->ram;
    args[5] = layout->app;
    args[6] = layout->kernel;
    args[7] = layout->restarts;
    return high + high_len;
}

static void lay_out_all(struct testbed *t, const struct trace *trace, FILE *results)
{
    uint64_t at = (uint64_t)ARENA_BASE + arena_processes(t->model.is_large);
    for (unsigned i = 0; i < trace->process_count; i++) {
        struct prediction p = { .rule = "P4" };
        struct outcome outcome = { 0 };
        struct oracle_call oracle;
        uint64_t args[8];
        const uint64_t end = place_process(t, &trace->processes[i], at, args);
        if (end > (uint64_t)ARENA_BASE + arena_processes_end(t->model.is_large)) {
            if (results != NULL)
                results_print_created(t, i, &outcome, results); /* it does not fit, and says so */
            continue;
        }
        at = end;
        model_predict_create(&t->model, args, &p);
        t->oracle.bug.rule = p.rule;
        oracle_call_begin(&t->oracle, &oracle, &p.access);
        execute_create(t, args, &outcome);
        oracle_call_end(&t->oracle, &oracle);
        compare_outcome(t, &p.outcome, &outcome);
        compare_after(t, &p);
        const unsigned slot = (unsigned)outcome.values[0].value;
        compare_layout(t, slot);
        world_note_process(t, slot);
        world_show_user_write(t, model_fill(&t->model, slot, 0));
        if (results != NULL)
            results_print_created(t, i, &outcome, results);
    }
}

void layout_begin(struct testbed *t, const struct trace *trace, FILE *results)
{
    /* A layout that is copied prints nothing, and MSan's shadow is not copied. */
    const bool may_copy = results == NULL && !arena_has_shadow() && !world_is_second(t) &&
                          t->model.granule == 1 && trace_has_usual_layout(trace);
    t->oracle.bug.op = "process";
    t->oracle.bug.rule = "P4";
    if (world_begin(t, trace, may_copy))
        return;
    lay_out_all(t, trace, results);
    world_note_lives(t, true);
    if (t->worlds_compared)
        worlds_laid_out(t);
    if (may_copy)
        world_keep_usual(t);
}
