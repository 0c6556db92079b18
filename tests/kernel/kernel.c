/* The kernel: the way to a process and back, its system calls, and its faults. The library has the processes; a port of
 * lib/ports has the protection unit, and the board (board.h) the processor. */
#include "kernel.h"

#include <procbuf/port.h>

static struct procbuf_driver *drivers;
static uint32_t driver_count;

void kernel_use_drivers(struct procbuf_driver *all, uint32_t count)
{
    drivers = all;
    driver_count = count;
}

/* Outside of port_enter_process() to port_leave_process() the unit locks process memory to the kernel, too. */
enum board_event kernel_run(uint32_t process_index, struct board_user *user)
{
    procbuf_return_to_user();
    port_enter_process(process_index);
    const enum board_event event = board_run(user);
    port_leave_process();
    return event;
}

static struct procbuf_driver *driver_of(uintptr_t number)
{
    return number < driver_count ? &drivers[number] : NULL;
}

static void answer_allow(uintptr_t registers[], struct procbuf_allow_result result)
{
    registers[0] = result.code;
    registers[1] = result.addr;
    registers[2] = result.len;
}

static void handle_call(struct procbuf_process *process, uintptr_t r[])
{
    const uint32_t code = (uint32_t)r[2];
    procbuf_addr_t old_break = 0;
    switch (r[0]) {
    case CALL_BRK: r[0] = procbuf_process_brk(process, r[1], &old_break); break;
    case CALL_SBRK: r[0] = procbuf_process_sbrk(process, (intptr_t)r[1], &old_break); break;
    case CALL_MEMOP_BRK: r[0] = procbuf_process_memop_brk(process, r[1]); break;
    case CALL_MEMOP_SBRK:
        r[0] = procbuf_process_memop_sbrk(process, (intptr_t)r[1], &old_break);
        break;
    case CALL_ALLOW_READONLY:
        answer_allow(r, procbuf_process_allow_readonly(process, driver_of(r[1]), (uint32_t)r[2],
                                                       r[3], r[4]));
        return;
    case CALL_ALLOW_READWRITE:
        answer_allow(r, procbuf_process_allow_readwrite(process, driver_of(r[1]), (uint32_t)r[2],
                                                        r[3], r[4]));
        return;
    case CALL_EXIT: procbuf_process_terminate(process, r[1] == 0 ? NULL : &code); break;
    case CALL_RESTART: r[0] = procbuf_process_restart(process, r[1] == 0 ? NULL : &code); break;
    default: r[0] = PROCBUF_NOSUPPORT; break;
    }
    r[1] = old_break;
}

void kernel_handle(struct procbuf_process *process, enum board_event event, struct board_user *user)
{
    if (event == BOARD_FAULTED)
        procbuf_process_fault(process);
    else
        handle_call(process, user->registers);
}
