#include "oracle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Before a testbed begins, callbacks come all the same: of MSan, whose copies are all of the program's. */
static struct oracle before_any;
static struct oracle *now = &before_any;

struct oracle *oracle_now(void)
{
    return now;
}

void oracle_begin(struct oracle *oracle)
{
    now = oracle;
    oracle->arena = arena_map();
    bug_begin(&oracle->bug);
}

/* The whole pages that a window touches. */
static struct span pages_of(struct span span)
{
    const uint32_t mask = ARENA_PAGE - 1;
    return (struct span){ span.start & ~mask, (span.end + mask) & ~mask };
}

const struct expectation *oracle_current_expectation(const struct oracle *oracle)
{
    return oracle->call == NULL ? NULL : oracle->call->expected;
}

void oracle_reset(struct oracle *oracle)
{
    oracle->call = NULL;
    while (oracle->window_count > 0) {
        oracle->window_count--;
        const struct span pages = pages_of(oracle->windows[oracle->window_count].span);
        arena_forbid(pages);
        arena_enforce(pages);
    }
}

/* ---- Windows ---- */

static bool span_of(uint64_t addr, uint64_t len, struct span *span_out)
{
    if (addr < ARENA_BASE || addr - ARENA_BASE > ARENA_LEN || len > ARENA_LEN - (addr - ARENA_BASE))
        return false;
    span_out->start = (uint32_t)(addr - ARENA_BASE);
    span_out->end = span_out->start + (uint32_t)len;
    return true;
}

static void window_open(struct oracle *oracle, struct span span, bool writable)
{
    if (oracle->window_count == MAX_WINDOWS)
        bug_found("testbed", "windows-exhausted", "more than %d open windows", MAX_WINDOWS);
    oracle->windows[oracle->window_count++] = (struct window){ span, writable };
    arena_permit(span, writable);
}

/* Guard pages hold more than a window. Closing one therefore forbids all pages it touches, and permits again what the
 * remaining windows need: never less than their union. The callbacks are exact to the byte. */
static void window_close(struct oracle *oracle, struct span span, bool writable)
{
    const struct window *own =
        oracle->window_count == 0 ? NULL : &oracle->windows[oracle->window_count - 1];
    if (own == NULL || own->span.start != span.start || own->span.end != span.end ||
        own->writable != writable)
        bug_found("testbed", "close-of-another-open",
                  "a close was expected that is not that of the innermost open window");
    const struct span pages = pages_of(oracle->windows[--oracle->window_count].span);
    arena_forbid(pages);
    for (unsigned w = 0; w < oracle->window_count; w++) {
        struct span span = oracle->windows[w].span;
        if (span.start < pages.start)
            span.start = pages.start;
        if (span.end > pages.end)
            span.end = pages.end;
        if (span.start < span.end)
            arena_permit(span, oracle->windows[w].writable);
    }
    arena_enforce(pages);
}

/* ---- Calls ---- */

static bool is_named(const struct span *spans, unsigned count, uint32_t start, uint32_t end)
{
    for (unsigned s = 0; s < count; s++)
        if (start >= spans[s].start && end <= spans[s].end)
            return true;
    return false;
}

static bool was_fetched(const struct oracle_call *call, uint32_t byte)
{
    for (unsigned f = 0; f < call->fetched_count; f++)
        if (byte >= call->fetched[f].start && byte < call->fetched[f].end)
            return true;
    return false;
}

static void perform(struct oracle *oracle, struct oracle_call *call, unsigned number)
{
    const struct act *act = &call->expected->acts[number];
    if (act->of_life) {
        oracle->life_act(oracle, act->target);
    } else {
        arena_user_stores(oracle->arena, act->target, act->value);
        oracle->act_count++;
        if (oracle->act_listener != NULL)
            oracle->act_listener(oracle, act->target);
    }
    call->acts_done |= 1u << number;
    call->acts_due &= ~(1u << number);
}

static void perform_those_due(struct oracle *oracle, struct oracle_call *call, bool at_end)
{
    for (unsigned a = 0; a < call->expected->act_count; a++) {
        const uint32_t target = call->expected->acts[a].target;
        if ((call->acts_due & 1u << a) != 0 &&
            (at_end || was_fetched(call, target) ||
             !is_named(call->expected->reads, call->expected->read_count, target, target + 1)))
            perform(oracle, call, a);
    }
}

/* Called at each event, for what earlier events made due: the access that a callback reports comes
 * after the callback. */
static inline void perform_due(struct oracle *oracle, struct oracle_call *call, bool at_end)
{
    if (call->acts_due != 0)
        perform_those_due(oracle, call, at_end);
}

static void make_due(struct oracle_call *call, bool at_hook, uint32_t start, uint32_t end)
{
    for (unsigned a = 0; a < call->expected->act_count; a++) {
        const struct act *act = &call->expected->acts[a];
        if (act->at_hook == at_hook && act->trigger >= start && act->trigger < end &&
            (call->acts_done & 1u << a) == 0)
            call->acts_due |= 1u << a;
    }
}

static const char *hook_name(enum hook_kind kind)
{
    static const char *const names[] = { "open", "close", "protect", "barrier", "panic" };
    return names[kind];
}

enum { HOOK_TEXT = 320 }; /* characters of the longest, and more */

static void hook_text(const struct hook *hook, char *out, size_t out_len)
{
    if (hook->kind == HOOK_OPEN || hook->kind == HOOK_CLOSE)
        snprintf(out, out_len, "%s of %s0x%" PRIx64 " + %" PRIu64 " to %s", hook_name(hook->kind),
                 hook->part == NULL     ? ""
                 : hook->part->end == 0 ? "a part of "
                                        : "the same part as before of ",
                 hook->addr, hook->len, hook->writable ? "write" : "read");
    else if (hook->kind == HOOK_PROTECT)
        snprintf(out, out_len,
                 "protect of slot %u, life %" PRIu64 ", RAM 0x%" PRIx64 " to 0x%" PRIx64
                 ", break 0x%" PRIx64 ", kernel break 0x%" PRIx64 ", flash 0x%" PRIx64
                 " to 0x%" PRIx64 ", header to 0x%" PRIx64,
                 hook->process_index, hook->identifier, hook->addr, hook->mem_end, hook->app_break,
                 hook->kernel_break, hook->flash_start, hook->flash_end, hook->flash_protected_end);
    else if (hook->message != NULL)
        snprintf(out, out_len, "%s: %s", hook_name(hook->kind), hook->message);
    else
        snprintf(out, out_len, "%s", hook_name(hook->kind));
}

void oracle_call_begin(struct oracle *oracle, struct oracle_call *call,
                       const struct expectation *expected)
{
    call->expected = expected;
    call->outer = oracle->call;
    call->hooks_seen = 0;
    call->fetched_count = 0;
    call->acts_due = call->acts_done = 0;
    oracle->call = call;
}

void oracle_call_end(struct oracle *oracle, struct oracle_call *call)
{
    if (oracle->call != call)
        bug_found("testbed", "calls-not-nested", "a library call ended that was not the innermost");
    if (call->hooks_seen != call->expected->hook_count) {
        char missing[HOOK_TEXT];
        hook_text(&call->expected->hooks[call->hooks_seen], missing, sizeof missing);
        bug_found("hook", "hook-missing", "expected: %s (C3)\nactual: the call ended without it",
                  missing);
    }
    perform_due(oracle, call, true);
    for (unsigned a = 0; a < call->expected->act_count; a++) {
        if ((call->acts_done & 1u << a) != 0)
            continue;
        oracle->bug.arena_byte = (long)call->expected->acts[a].trigger;
        bug_found("access", "byte-not-fetched",
                  "expected: arena byte %ld is fetched in this call\n"
                  "actual: it is not",
                  oracle->bug.arena_byte);
    }
    oracle->call = call->outer;
}

void oracle_call_pause(struct oracle *oracle, struct oracle_call *call)
{
    oracle->call = call->outer;
}

void oracle_call_resume(struct oracle *oracle, struct oracle_call *call)
{
    oracle->call = call;
}

/* ---- Hooks ---- */

/* "procbuf: R7", and what a checked build adds after a colon. */
static bool names_rule(const char *message, const char *rule)
{
    static const char prefix[] = "procbuf: ";
    const size_t len = strlen(rule);
    if (strncmp(message, prefix, sizeof prefix - 1) != 0 ||
        strncmp(message + sizeof prefix - 1, rule, len) != 0)
        return false;
    const char next = message[sizeof prefix - 1 + len];
    return next == '\0' || next == ':';
}

static bool hook_equal(const struct hook *a, const struct hook *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->part != NULL && a->part->end == 0)
        return b->len != 0 && b->addr >= a->addr && b->addr - a->addr <= a->len &&
               b->len <= a->len - (b->addr - a->addr) && a->writable == b->writable;
    if (a->part != NULL)
        return b->addr == (uint64_t)ARENA_BASE + a->part->start &&
               b->len == a->part->end - a->part->start && a->writable == b->writable;
    if (a->kind == HOOK_OPEN || a->kind == HOOK_CLOSE)
        return a->addr == b->addr && a->len == b->len && a->writable == b->writable;
    if (a->kind == HOOK_PROTECT)
        return a->process_index == b->process_index && a->identifier == b->identifier &&
               a->flash_start == b->flash_start &&
               a->flash_protected_end == b->flash_protected_end && a->flash_end == b->flash_end &&
               a->addr == b->addr && a->app_break == b->app_break &&
               a->kernel_break == b->kernel_break && a->mem_end == b->mem_end;
    if (a->kind == HOOK_PANIC)
        return names_rule(b->message, a->message);
    return true;
}

/* Another hook than the contract's. Two panics of one call are distinguished by their message. */
static void hook_is_wrong(struct oracle *oracle, const char *check, const char *expected_text,
                          const struct hook *hook)
{
    char actual_text[HOOK_TEXT];
    hook_text(hook, actual_text, sizeof actual_text);
    if (hook->message != NULL)
        snprintf(oracle->bug.detail, sizeof oracle->bug.detail, "%s", hook->message);
    bug_found(hook->kind == HOOK_PANIC ? "panic" : "hook", check, "expected: %s (C3)\nactual: %s",
              expected_text, actual_text);
}

/* Whoever opens a part of a range opens what is fetched, and no more. */
static void check_all_fetched(struct oracle *oracle, const struct oracle_call *call,
                              struct span part)
{
    for (uint32_t byte = part.start; byte < part.end; byte++) {
        if (was_fetched(call, byte))
            continue;
        oracle->bug.arena_byte = (long)byte;
        bug_found("hook", "part-not-fetched",
                  "expected: all of what is opened of a slot is fetched (H6)\n"
                  "actual: arena byte %u is not",
                  byte);
    }
}

bool oracle_hook(struct oracle *oracle, const struct hook *hook)
{
    struct oracle_call *const call = oracle->call;
    if (call == NULL || call->hooks_seen == call->expected->hook_count)
        hook_is_wrong(oracle, "hook-unexpected", "no hook call here", hook);
    const struct hook *expected = &call->expected->hooks[call->hooks_seen];
    if (!hook_equal(expected, hook)) {
        char expected_text[HOOK_TEXT];
        hook_text(expected, expected_text, sizeof expected_text);
        hook_is_wrong(oracle, "hook-differs", expected_text, hook);
    }
    perform_due(oracle, call, false);
    make_due(call, true, call->hooks_seen, call->hooks_seen + 1);
    perform_due(oracle, call, true);
    call->hooks_seen++;
    struct span span;
    if (hook->kind == HOOK_OPEN && span_of(hook->addr, hook->len, &span)) {
        window_open(oracle, span, hook->writable);
        if (expected->part != NULL)
            *expected->part = span;
    } else if (hook->kind == HOOK_CLOSE && span_of(hook->addr, hook->len, &span)) {
        if (expected->part != NULL)
            check_all_fetched(oracle, call, span);
        window_close(oracle, span, hook->writable);
    }
    if (hook->kind == HOOK_CLOSE && call->expected->stepwise)
        call->fetched_count = 0;
    return expected->answer;
}

/* ---- Accesses ---- */

static bool is_in_window(const struct oracle *oracle, uint32_t start, uint32_t end, bool writing)
{
    for (unsigned w = oracle->window_count; w-- > 0;)
        if (start >= oracle->windows[w].span.start && end <= oracle->windows[w].span.end &&
            (!writing || oracle->windows[w].writable))
            return true;
    return false;
}

/* An access that no single span or window holds is looked at byte by byte: several may together. */
static void check_access(struct oracle *oracle, uint32_t start, uint32_t end, bool writing)
{
    const struct expectation *expected = oracle->call->expected;
    const struct span *spans = writing ? expected->writes : expected->reads;
    const unsigned count = writing ? expected->write_count : expected->read_count;
    for (uint32_t byte = start; byte < end; byte++) {
        oracle->bug.arena_byte = (long)byte;
        if (!is_named(spans, count, byte, byte + 1))
            bug_found("access", writing ? "store-not-named" : "load-not-named",
                      "expected: no %s arena byte %u in this call (S4, I7)\n"
                      "actual: a %s of %u bytes at %u",
                      writing ? "store to" : "load of", byte, writing ? "store" : "load",
                      end - start, start);
        if (arena_is_of_process(byte) && !is_in_window(oracle, byte, byte + 1, writing))
            bug_found("window", writing ? "store-outside-window" : "load-outside-window",
                      "expected: process memory is touched in open windows only (C2, I7)\n"
                      "actual: a %s of %u bytes at arena byte %u outside every open window",
                      writing ? "store" : "load", end - start, start);
    }
}

/* S5, for process memory. Bytes fetched in a row are kept as one span; a call that fetches more
 * than 64 pieces forgets none of them: it is a bug of the testbed. */
static void count_fetch(struct oracle *oracle, struct oracle_call *call, uint32_t start,
                        uint32_t end)
{
    for (unsigned f = call->fetched_count; f-- > 0;) {
        const struct span *seen = &call->fetched[f];
        if (start < seen->end && seen->start < end) {
            oracle->bug.arena_byte = (long)(start > seen->start ? start : seen->start);
            bug_found("double-fetch", "fetched-twice",
                      "expected: each byte is fetched at most once in a call (S5)\n"
                      "actual: arena byte %ld was fetched again",
                      oracle->bug.arena_byte);
        }
    }
    if (call->fetched_count > 0 && call->fetched[call->fetched_count - 1].end == start) {
        call->fetched[call->fetched_count - 1].end = end;
        return;
    }
    if (call->fetched_count == sizeof call->fetched / sizeof call->fetched[0])
        bug_found("testbed", "fetches-exhausted", "a call fetched more than 64 pieces");
    call->fetched[call->fetched_count++] = (struct span){ start, end };
}

static bool begins_outside_call(const struct oracle *oracle, uint32_t start, const char *what)
{
    if (oracle->call != NULL)
        return false;
    bug_found("access", "outside-any-call",
              "expected: no access between library calls (S6)\n"
              "actual: a %s at arena byte %u",
              what, start);
}

/* The part of an access that is in the arena: a broken library may start in it and run out. */
static uint32_t end_in_arena(uint32_t start, size_t len)
{
    return len > ARENA_LEN - start ? ARENA_LEN : start + (uint32_t)len;
}

void access_load(uintptr_t addr, size_t len)
{
    struct oracle *oracle = oracle_now();
    const uint32_t start = (uint32_t)(addr - ARENA_BASE);
    const uint32_t end = end_in_arena(start, len);
    oracle->access_count++;
    (void)arena_touched((struct span){ start, end });
    if (oracle->access_listener != NULL)
        oracle->access_listener(oracle, start, end, false);
    if (begins_outside_call(oracle, start, "load"))
        return;
    struct oracle_call *const call = oracle->call;
    const struct expectation *expected = call->expected;
    perform_due(oracle, call, false);
    if (!is_named(expected->reads, expected->read_count, start, end) ||
        (arena_is_of_process(end - 1) && !is_in_window(oracle, start, end, false)))
        check_access(oracle, start, end, false);
    if (arena_is_of_process(end - 1))
        count_fetch(oracle, call, start, end);
    make_due(call, false, start, end);
}

void access_store(uintptr_t addr, size_t len)
{
    struct oracle *oracle = oracle_now();
    const uint32_t start = (uint32_t)(addr - ARENA_BASE);
    const uint32_t end = end_in_arena(start, len);
    oracle->access_count++;
    (void)arena_touched((struct span){ start, end });
    if (oracle->access_listener != NULL)
        oracle->access_listener(oracle, start, end, true);
    if (begins_outside_call(oracle, start, "store"))
        return;
    struct oracle_call *const call = oracle->call;
    const struct expectation *expected = call->expected;
    perform_due(oracle, call, false);
    if (!is_named(expected->writes, expected->write_count, start, end) ||
        (arena_is_of_process(end - 1) && !is_in_window(oracle, start, end, true)))
        check_access(oracle, start, end, true);
}

void access_watched_store(uintptr_t addr, size_t len)
{
    watched_store(&oracle_now()->watched, addr, len);
}

/* The load last: what it makes due happens once the bytes have moved. */
void access_move(uintptr_t to, uintptr_t from, size_t len)
{
    access_any_store(to, len);
    if (len != 0 && arena_holds(from))
        access_load(from, len);
}

void access_memcpy(uintptr_t to, uintptr_t from, size_t len)
{
    access_move(to, from, len);
    if (to == from || !arena_holds(to) || (to > from ? to - from : from - to) >= len)
        return;
    oracle_now()->bug.arena_byte = (long)(to - ARENA_BASE);
    bug_found("access", "memcpy-overlaps",
              "expected: memcpy between ranges apart (S3)\n"
              "actual: of %zu bytes from arena byte %zu to %zu",
              len, (size_t)(from - ARENA_BASE), (size_t)(to - ARENA_BASE));
}
