/* Grants, and the allow system calls. */
#include "bug.h"
#include "decisions.h"
#include "execute.h"
#include "origins.h"
#include "out.h"
#include "testbed.h"

#include <inttypes.h>

/* ---- Drivers ---- */

const struct procbuf_driver *driver_named(const struct testbed *t, uint64_t number)
{
    return t->model.drivers[number].declared ? &t->world->drivers[number] : NULL;
}

struct procbuf_driver_config place_driver_data(struct model_driver *driver)
{
    const struct procbuf_driver_config config = {
        .grant_number = driver->grant_number,
        .driver_number = driver->driver_number,
        .readonly_count = driver->slot_counts[0],
        .readwrite_count = driver->slot_counts[1],
        .data_align = driver->data_align,
    };
    driver->data_offset = (uint32_t)procbuf_grant_len(&config);
    return config;
}

void run_declare_driver(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    struct model_driver *driver = &t->model.drivers[call->args[0]];
    (void)outcome;
    struct procbuf_driver_config config = place_driver_data(driver);
    const size_t data_offset = procbuf_grant_len(&config);
    if (data_offset > driver->len - driver->data_len || data_offset % driver->data_align != 0)
        bug_found("result", "grant-length",
                  "expected: slots of at most 24 bytes, and data aligned to %u (G6)\n"
                  "actual: %zu bytes for %u of them",
                  driver->data_align, data_offset, driver->slot_counts[0] + driver->slot_counts[1]);
    config.data_len = driver->len - data_offset;
    if (procbuf_grant_len(&config) != driver->len)
        bug_found("result", "grant-length-sum",
                  "expected: slots and data make %u bytes (G6)\n"
                  "actual: %zu",
                  driver->len, procbuf_grant_len(&config));
    procbuf_driver_init(&t->world->drivers[call->args[0]], &config);
    origins_declared(t, (unsigned)call->args[0]);
}

/* G6: so many slots, each as long as one, up to where data of this alignment may begin. */
static void compare_slots_len(const struct procbuf_driver_config *slots)
{
    const uint64_t count = (uint64_t)slots->readonly_count + slots->readwrite_count;
    const uint64_t align = slots->data_align;
    const uint64_t one =
        procbuf_grant_len(&(struct procbuf_driver_config){ .readonly_count = 1, .data_align = 1 });
    const uint64_t expected = (count * one + align - 1) / align * align;
    const size_t len = procbuf_grant_len(slots);
    if (len != (expected < SIZE_MAX ? expected : SIZE_MAX))
        bug_found("result", "grant-slots-length",
                  "expected: %" PRIu64 " slots are so many times as long as one (G6)\n"
                  "actual: %zu bytes, one has %" PRIu64,
                  count, len, one);
}

void run_grant_len(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    (void)t;
    const struct procbuf_driver_config slots = {
        .readonly_count = (uint32_t)call->args[0],
        .readwrite_count = (uint32_t)call->args[1],
        .data_align = (size_t)1 << call->args[3],
    };
    struct procbuf_driver_config config = slots;
    config.data_len = (size_t)call->args[2];
    const size_t len = procbuf_grant_len(&config);
    compare_slots_len(&slots);
    answer_bool(outcome, len != SIZE_MAX);
    if (len != SIZE_MAX)
        value(outcome, 'l', len - procbuf_grant_len(&slots));
}

void run_leave_grant(struct testbed *t, const struct call *call, struct outcome *outcome)
{
    const struct model_id *id = &t->model.ids[call->args[0]];
    procbuf_addr_t addr;
    (void)outcome;
    procbuf_process_leave_grant(t->world->ids[call->args[0]], (uint32_t)call->args[1]);
    if ((id->foreign || !model_id_is_live(&t->model, id)) &&
        procbuf_process_enter_grant(t->world->ids[call->args[0]], (uint32_t)call->args[1], &addr) !=
            (model_id_is_others(&t->model, id) ? PROCBUF_ADDRESS_OUT_OF_BOUNDS
                                               : PROCBUF_NO_SUCH_APP))
        bug_found("result", "dead-id-enters-grant",
                  "expected: a dead or foreign id enters no grant: NO_SUCH_APP (G3)\n"
                  "actual: another answer");
}

/* ---- allow_userspace_readable ---- */

static const struct decision *asked;

static enum procbuf_error accept(struct procbuf_id id, uint32_t number,
                                 struct procbuf_readwrite *buffer, void *data)
{
    struct testbed *t = testbed_now();
    const struct decision *decision = asked;
    void (*const body)(struct testbed *t) = t->machine.driver_body;
    const char *wrong = wrong_in(asked, &t->world->table, id, number, buffer);
    if (data != asked)
        wrong = "data";
    if (wrong != NULL)
        bug_found("result", "callback-accept",
                  "expected: the driver is asked with what was passed (A3)\n"
                  "actual: with another %s",
                  wrong);
    t->machine.driver_body = NULL;
    if (body != NULL)
        body(t);
    return decide(decision, buffer);
}

void run_allow_userspace_readable(struct testbed *t, const struct call *call,
                                  struct outcome *outcome)
{
    const bool declared = t->model.drivers[call->args[1]].declared;
    const uint32_t number = (uint32_t)call->args[2];
    const procbuf_addr_t addr = (procbuf_addr_t)call->args[3];
    const size_t len = (size_t)call->args[4];
    struct decision decision = { .process = &t->world->slots[call->args[0]],
                                 .number = number,
                                 .addr = addr,
                                 .len = len,
                                 .held = &t->world->held[call->args[1]],
                                 .code = (enum procbuf_error)model_answer(number) };
    asked = &decision;
    answer_allow(outcome, procbuf_process_allow_userspace_readable(
                              &t->world->slots[call->args[0]], number, addr, len,
                              declared ? accept : NULL, &decision));
    asked = NULL;
}
