#include "kernel.h"

struct world world;
/* Aligned far beyond need, so that no test can depend on where a linker puts it. */
_Alignas(4096) const struct procbuf_id no_id;
uint8_t world_memory[WORLD_LEN];

struct event port_events[MAX_EVENTS];
unsigned port_event_count;
unsigned port_refuse_at;
static unsigned requests;
static bool is_inverting;
jmp_buf port_panic_target;
bool port_panic_expected;
const char *port_panic_message = "";

procbuf_addr_t at(size_t offset)
{
    return (procbuf_addr_t)(uintptr_t)world_memory + (procbuf_addr_t)offset;
}

void port_forget(void)
{
    port_event_count = 0;
    port_refuse_at = 0;
    requests = 0;
}

static void invert(procbuf_addr_t addr, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)(uintptr_t)addr)[i] ^= 0xff;
}

void port_invert(procbuf_addr_t addr, size_t len)
{
    is_inverting = true;
    invert(addr, len);
}

const char *port_story(void)
{
    static char story[MAX_EVENTS + 1];
    for (unsigned e = 0; e < port_event_count; e++)
        story[e] = port_events[e].kind;
    story[port_event_count] = '\0';
    return story;
}

static struct event *record(char kind)
{
    cr_assert_lt(port_event_count, (unsigned)MAX_EVENTS);
    struct event *event = &port_events[port_event_count++];
    memset(event, 0, sizeof *event);
    event->kind = kind;
    return event;
}

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    struct event *event = record('o');
    event->addr = addr;
    event->len = len;
    event->access = access;
    if (is_inverting)
        invert(addr, len);
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    struct event *event = record('c');
    event->addr = addr;
    event->len = len;
    event->access = access;
    if (is_inverting)
        invert(addr, len);
}

bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    record('p')->protection = *protection;
    return ++requests != port_refuse_at;
}

void procbuf_port_barrier(void)
{
    record('b');
}

void procbuf_port_panic(const char *message)
{
    if (!port_panic_expected)
        cr_assert_fail("unexpected panic: %s", message);
    port_panic_message = message;
    longjmp(port_panic_target, 1);
}

static void make_process(size_t flash, size_t header, size_t flash_len, size_t ram, size_t app,
                         size_t kernel, enum procbuf_fault_policy policy,
                         struct procbuf_process **process_out)
{
    const struct procbuf_process_config config = {
        .flash_start = at(flash),
        .flash_protected_len = header,
        .flash_len = flash_len,
        .mem_start = at(ram),
        .mem_len = 256,
        .initial_app_len = app,
        .initial_kernel_len = kernel,
        .fault_policy = policy,
    };
    cr_assert_eq(procbuf_process_create(&world.table, &config, process_out), PROCBUF_OK);
}

void world_make(void)
{
    is_inverting = false;
    memset(world_memory, 0xa5, sizeof world_memory);
    procbuf_table_init(&world.table, world.slots, 3);
    procbuf_table_use_grants(&world.table, world.grants, 3);
    make_process(FLASH0, 16, 128, RAM0, 128, 32, PROCBUF_FAULT_STOP, &world.p0);
    make_process(FLASH1, 0, 64, RAM1, 100, 0, PROCBUF_FAULT_RESTART, &world.p1);
    port_forget();
}

struct snapshot world_look(void)
{
    struct snapshot look;
    memset(&look, 0, sizeof look);
    memcpy(look.memory, world_memory, sizeof look.memory);
    for (uint32_t slot = 0; slot < 3; slot++) {
        const struct procbuf_process *process = procbuf_table_slot(&world.table, slot);
        look.processes[slot].used = process != NULL;
        if (process == NULL)
            continue;
        look.processes[slot].state = procbuf_process_state(process);
        look.processes[slot].app_break = procbuf_process_app_break(process);
        look.processes[slot].kernel_break = procbuf_process_kernel_break(process);
        look.processes[slot].mark = procbuf_process_mark(process);
        look.processes[slot].restart_count = procbuf_process_restart_count(process);
        look.processes[slot].completion =
            procbuf_process_completion(process, &look.processes[slot].completion_code);
        look.processes[slot].id = procbuf_process_id(process);
    }
    return look;
}

void world_must_equal(const struct snapshot *before)
{
    const struct snapshot after = world_look();
    cr_assert_arr_eq(after.memory, before->memory, sizeof after.memory);
    for (uint32_t slot = 0; slot < 3; slot++) {
        cr_assert_eq(after.processes[slot].used, before->processes[slot].used);
        if (!after.processes[slot].used)
            continue;
        cr_assert_eq(after.processes[slot].state.kind, before->processes[slot].state.kind);
        cr_assert_eq(after.processes[slot].state.stopped_from,
                     before->processes[slot].state.stopped_from);
        cr_assert_eq(after.processes[slot].state.yielded_for,
                     before->processes[slot].state.yielded_for);
        cr_assert_eq(after.processes[slot].app_break, before->processes[slot].app_break);
        cr_assert_eq(after.processes[slot].kernel_break, before->processes[slot].kernel_break);
        cr_assert_eq(after.processes[slot].mark, before->processes[slot].mark);
        cr_assert_eq(after.processes[slot].restart_count, before->processes[slot].restart_count);
        cr_assert_eq(after.processes[slot].completion, before->processes[slot].completion);
        cr_assert_eq(after.processes[slot].completion_code,
                     before->processes[slot].completion_code);
        cr_assert(procbuf_id_equal(after.processes[slot].id, before->processes[slot].id));
    }
}
