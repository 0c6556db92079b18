/* The testbed's port: every hook goes to the oracle; a panic comes back to the machine. */
#include <procbuf/port.h>

#include "testbed.h"

static void report_access(struct testbed *t, enum hook_kind kind, procbuf_addr_t addr, size_t len,
                          enum procbuf_access access)
{
    const struct hook hook = {
        .kind = kind, .addr = addr, .len = len, .writable = access == PROCBUF_ACCESS_READ_WRITE
    };
    (void)oracle_hook(&t->oracle, &hook); /* first what the rules say: it names the cause */
    if (kind == HOOK_OPEN)
        view_opened(t, addr, len);
}

void procbuf_port_user_access_open(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    struct testbed *t = testbed_now();
    report_access(t, HOOK_OPEN, addr, len, access);
}

void procbuf_port_user_access_close(procbuf_addr_t addr, size_t len, enum procbuf_access access)
{
    struct testbed *t = testbed_now();
    report_access(t, HOOK_CLOSE, addr, len, access);
}

/* The kernel apart, in which mistakes are made, is none of the trace's business, and processes without memory none of
 * a port's. */
bool procbuf_port_protect_memory(const struct procbuf_protection *protection)
{
    struct testbed *t = testbed_now();
    const struct hook hook = {
        .kind = HOOK_PROTECT,
        .process_index = protection->process_index - model_first_place(&t->model),
        .identifier = protection->identifier,
        .flash_start = protection->flash_start,
        .flash_protected_end = protection->flash_protected_end,
        .flash_end = protection->flash_end,
        .addr = protection->mem_start,
        .app_break = protection->app_break,
        .kernel_break = protection->kernel_break,
        .mem_end = protection->mem_end,
    };
    if (protection->table != &t->world->table ||
        protection->process_index < model_first_place(&t->model))
        return true;
    const bool agrees = oracle_hook(&t->oracle, &hook);
    if (agrees)
        view_told(t, &hook);
    else
        view_refused(t, hook.process_index);
    return agrees;
}

void procbuf_port_barrier(void)
{
    struct testbed *t = testbed_now();
    const struct hook hook = { .kind = HOOK_BARRIER };
    (void)oracle_hook(&t->oracle, &hook);
}

void procbuf_port_panic(const char *message)
{
    struct testbed *t = testbed_now();
    const struct hook hook = { .kind = HOOK_PANIC, .message = message };
    t->panic_message = message;
    (void)oracle_hook(&t->oracle, &hook); /* ends here when no panic was predicted */
    longjmp(t->panic_target, 1);
}
