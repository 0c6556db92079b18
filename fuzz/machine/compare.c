#include "compare.h"

#include "bytes.h"
#include "out.h"
#include "results.h"
#include "testbed.h"

#include <string.h>

/* More of the same sentence, once, before the finding's identity. */
static void print_outcomes(const struct testbed *t, const struct outcome *expected,
                           const struct outcome *actual)
{
    const struct outcome *const both[] = { expected, actual };
    for (unsigned o = 0; o < 2; o++) {
        fputs(o == 0 ? "expected: " : "actual: ", stderr);
        outcome_print(t, both[o], stderr);
        if (both[o]->reason != 0)
            fprintf(stderr, " (%s)", model_error_name((unsigned)both[o]->reason));
        fputc('\n', stderr);
    }
}

static bool values_equal(const struct outcome *a, const struct outcome *b, unsigned v)
{
    if (a->values[v].kind != 't')
        return a->values[v].value == b->values[v].value;
    return b->values[v].value != 0 && strcmp((const char *)(uintptr_t)a->values[v].value,
                                             (const char *)(uintptr_t)b->values[v].value) == 0;
}

void compare_outcome(struct testbed *t, const struct outcome *expected,
                     const struct outcome *actual)
{
    const char *check = NULL;
    if (expected->kind != actual->kind)
        check = "outcome-kind";
    else if (expected->status != actual->status)
        check = "outcome-status";
    else if (expected->reason != actual->reason)
        check = "outcome-reason";
    else if (expected->value_count != actual->value_count)
        check = "outcome-value-count";
    for (unsigned v = 0; check == NULL && v < expected->value_count; v++)
        if (!values_equal(expected, actual, v))
            check = "outcome-value";
    if (check == NULL)
        return;
    print_outcomes(t, expected, actual);
    snprintf(t->oracle.bug.detail, sizeof t->oracle.bug.detail, "%s/%s",
             outcome_name(expected->kind, expected->status),
             outcome_name(actual->kind, actual->status));
    bug_found("result", check, "the answer differs from the contract's (%s)", t->oracle.bug.rule);
}

/* Whether the operation that is compared was refused. */
static bool refused;

static void compare_field(const struct testbed *t, const char *check, unsigned slot,
                          uint64_t expected, uint64_t actual)
{
    if (expected == actual)
        return;
    fprintf(stderr, "expected: p%u has ", slot);
    place_print(t, expected, stderr);
    fputs("\nactual: ", stderr);
    place_print(t, actual, stderr);
    fputc('\n', stderr);
    if (refused)
        fputs("an error changes nothing but what the contract lists (E3, I8)\n", stderr);
    bug_found("state", check, "the process's state differs from the contract's (%s)",
              t->oracle.bug.rule);
}

/* The model's states are numbered as the library's: checked here, at compile time. */
_Static_assert((int)MODEL_RUNNING == (int)PROCBUF_STATE_RUNNING &&
                   (int)MODEL_YIELDED == (int)PROCBUF_STATE_YIELDED &&
                   (int)MODEL_YIELDED_FOR == (int)PROCBUF_STATE_YIELDED_FOR &&
                   (int)MODEL_STOPPED == (int)PROCBUF_STATE_STOPPED &&
                   (int)MODEL_FAULTED == (int)PROCBUF_STATE_FAULTED &&
                   (int)MODEL_TERMINATED == (int)PROCBUF_STATE_TERMINATED,
               "states are numbered alike");

static void compare_process(const struct testbed *t, unsigned slot)
{
    const struct model_process *p = &t->model.processes[slot];
    const struct procbuf_process *process =
        procbuf_table_slot(&t->world->table, model_first_place(&t->model) + slot);
    compare_field(t, "state-occupied", slot, p->used, process != NULL);
    if (!p->used)
        return;
    const struct procbuf_state state = procbuf_process_state(process);
    uint32_t ended_with;
#define STATE(check, form, actual, expected)                                                       \
    compare_field(t, "state-" check, slot, expected, actual);
#define LAYOUT(check, form, actual, expected)
#include "accessors.def"
}

void compare_layout(struct testbed *t, unsigned slot)
{
    const struct model_process *p = &t->model.processes[slot];
    const struct procbuf_process *process =
        procbuf_table_slot(&t->world->table, model_first_place(&t->model) + slot);
#define STATE(check, form, actual, expected)
#define LAYOUT(check, form, actual, expected)                                                      \
    compare_field(t, "layout-" check, slot, expected, actual);
#include "accessors.def"
}

/* In: why the bytes are what the model says. */
static void compare_bytes(struct testbed *t, struct span span, const char *check, const char *why)
{
    if (bytes_equal(&t->model.bytes[span.start], &t->oracle.arena[span.start],
                    span.end - span.start))
        return;
    for (uint32_t at = span.start; at < span.end; at++) {
        if (t->model.bytes[at] == t->oracle.arena[at])
            continue;
        t->oracle.bug.arena_byte = (long)at;
        bug_found("memory", check,
                  "expected: arena byte %u holds 0x%02x: %s\nactual: it holds 0x%02x", at,
                  t->model.bytes[at], why, t->oracle.arena[at]);
    }
}

/* MSan builds: what a process can read was written for it, and is not what the kernel left. */
static void check_written(struct testbed *t, struct span span)
{
    const long at = !arena_is_of_process(span.start) ? -1 : arena_first_unwritten(span);
    if (at < 0)
        return;
    t->oracle.bug.arena_byte = at;
    bug_found("memory", "unwritten-bytes-shared",
              "expected: process memory holds written bytes\n"
              "actual: arena byte %ld was never written",
              at);
}

void compare_all_bytes(struct testbed *t)
{
    struct span parts[WORLD_PARTS];
    const unsigned count = world_touched(t, parts);
    for (unsigned part = 0; part < count; part++)
        compare_bytes(t, parts[part], "bytes-differ-at-end",
                      "no call changes what it does not name (I5, I6)");
}

/* Accessors are pure: while neither the model nor the library has written to a process, what they tell
 * stays. Returns: a bit for each that either has written to. */
static unsigned compare_changed(struct testbed *t)
{
    const unsigned stored = watched_take(&t->oracle.watched);
    const unsigned of_table = (1u << t->model.slot_count) - 1;
    const unsigned changed = (t->model.changed | stored) & of_table;
    if ((stored & ~of_table) != 0)
        bug_found("state", "store-behind-the-table",
                  "expected: stores to the %u slots that the table was told of\n"
                  "actual: to one after them",
                  t->model.slot_count);
    if (watched_strayed(&t->oracle.watched))
        bug_found("state", "grants-before",
                  "expected: calls for p0 to p%u change no grant of another process (I5)\n"
                  "actual: one of a process that comes before them was written",
                  t->model.slot_count - 1);
    t->model.changed = 0;
    for (unsigned left = changed; left != 0;)
        compare_process(t, take_lowest(&left));
    return changed;
}

/* Whether an operation may fill or empty a buffer register: whether it names one. */
static bool names_buffer(uint8_t code)
{
    for (const char *kinds = op_table[code].operands; *kinds != '\0'; kinds++) {
        const char kind = kind_read(*kinds);
        if (kind == 'o' || kind == 'w' || kind == 'h')
            return true;
    }
    return false;
}

void compare_after(struct testbed *t, const struct prediction *prediction)
{
    const struct span opaque = prediction->access.opaque;
    arena_copy(&t->model.bytes[opaque.start], &t->oracle.arena[opaque.start],
               opaque.end - opaque.start);
    for (unsigned w = 0; w < prediction->access.write_count; w++) {
        world_note_written(prediction->access.writes[w]);
        compare_bytes(t, prediction->access.writes[w], "bytes-differ", "the call writes it");
        check_written(t, prediction->access.writes[w]);
    }
    refused = outcome_is_refusal(&prediction->outcome);
    const unsigned changed = compare_changed(t);
    if (t->view_unsettled != 0)
        view_settle(t);
    if (changed != 0 || t->machine.walk.call == NULL ||
        names_buffer(t->machine.walk.call->op->code))
        model_check_invariants(&t->model, changed);
}

static void compare_handle(struct testbed *t, const struct model_buffer *buffer, unsigned number,
                           size_t len)
{
    const uint64_t expected = model_buffer_is_live(&t->model, buffer) ? buffer->len : 0;
    if (len != expected)
        bug_found("result", "handle-length",
                  "expected: buffer register %u has %zu bytes now (H1)\n"
                  "actual: %zu",
                  number, (size_t)expected, len);
}

/* Buffers from slots of grants are left out: asking them calls hooks, which belongs into an operation. */
void compare_handles(struct testbed *t)
{
    for (unsigned left = t->model.filled_buffers; left != 0;) {
        const unsigned b = take_lowest(&left);
        const struct model_buffer *buffer = &t->model.buffers[b];
        if (!buffer->from_slot)
            compare_handle(
                t, buffer, b,
                b < TRACE_BUFFER_COUNT
                    ? procbuf_readonly_len(&t->world->readonly[b])
                    : procbuf_readwrite_len(&t->world->readwrite[b - TRACE_BUFFER_COUNT]));
    }
    for (unsigned d = 0; d < TRACE_ID_COUNT; d++) {
        const struct model_id *id = &t->model.ids[d];
        const bool live = model_id_is_live(&t->model, id);
        if (id->taken && procbuf_id_is_live(t->world->ids[d]) != live)
            bug_found("result", "handle-liveness",
                      "expected: id register %u is %s now (L1)\n"
                      "actual: it is not",
                      d, live ? "live" : "dead");
    }
}

/* Base and length of a slice are what the model says. */
void compare_slice(const struct testbed *t, uint64_t number)
{
    const struct model_slice *expected = &t->model.slices[number];
    const bool writable = expected->writable;
    const size_t len = world_slice_len(t, number);
    const uint8_t *base = writable
                              ? procbuf_writable_base_unchecked(t->world->slices[number].writable)
                              : procbuf_readable_base_unchecked(t->world->slices[number].readable);
    const size_t expected_len = expected->span.end - expected->span.start;
    if (len != expected_len)
        bug_found("slice", "slice-length", "expected: a slice of %zu bytes\nactual: %zu bytes",
                  expected_len, len);
    if (base == NULL)
        bug_found("slice", "slice-base-null",
                  "expected: a base that is not null (H5)\n"
                  "actual: null");
    if (expected->dummy && (arena_holds((uintptr_t)base) || (uintptr_t)base == expected->wild))
        bug_found("slice", "slice-base-leaks",
                  "expected: an empty slice has the library's own base (H5)\n"
                  "actual: the pointer that the process passed, %p",
                  (const void *)base);
    if (!expected->dummy && (uintptr_t)base != ARENA_BASE + (uintptr_t)expected->span.start)
        bug_found("slice", "slice-base", "expected: a slice at arena byte %u\nactual: at %p",
                  expected->span.start, (const void *)base);
}
