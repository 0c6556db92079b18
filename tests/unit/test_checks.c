/* The library's checks of itself, in builds that have them: an object in which something is wrong does
 * not get past the next function. Each field is broken by hand, so this file sees them. */
#define PROCBUF_IMPLEMENTATION
#include "kernel.h"

#ifdef PROCBUF_CHECKED

TestSuite(checks, .init = world_make);

#define BREAKS(field, value, call)                                                                 \
    do {                                                                                           \
        const __typeof__(field) kept_ = field;                                                     \
        field = (value);                                                                           \
        MUST_PANIC(call);                                                                          \
        cr_assert(strstr(port_panic_message, "procbuf: internal: ") != NULL, "%s",                 \
                  port_panic_message);                                                             \
        field = kept_;                                                                             \
    } while (0)

Test(checks, a_table_is_ours_or_foreign)
{
    BREAKS(world.table.private_.grants, NULL, procbuf_table_slot(&world.table, 0));
    BREAKS(world.table.private_.slots, NULL, procbuf_table_slot(&world.table, 0));
}

Test(checks, a_process_is_in_order)
{
    struct procbuf_process_private *self = &world.p0->private_;
    BREAKS(self->mark, self->mem_start - 1, procbuf_process_mark(world.p0));
    BREAKS(self->mark, self->app_break + 1, procbuf_process_mark(world.p0));
    BREAKS(self->app_break, self->kernel_break + 1, procbuf_process_mark(world.p0));
    BREAKS(self->kernel_break, self->mem_end + 1, procbuf_process_mark(world.p0));
    if (sizeof(procbuf_addr_t) > 4) { /* the same modulo 2^32 */
        const procbuf_addr_t far = (procbuf_addr_t)(UINT64_C(1) << 32);
        BREAKS(self->mark, self->mem_start - far, procbuf_process_mark(world.p0));
        BREAKS(self->mark, self->app_break + far, procbuf_process_mark(world.p0));
        BREAKS(self->app_break, self->kernel_break + far, procbuf_process_mark(world.p0));
        BREAKS(self->kernel_break, self->mem_end + far, procbuf_process_mark(world.p0));
    }
    BREAKS(self->initial_app_break, self->mem_end + 1, procbuf_process_mark(world.p0));
    BREAKS(self->flash_protected_end, self->flash_end + 1, procbuf_process_mark(world.p0));
    BREAKS(self->identifier, 2, procbuf_process_mark(world.p0)); /* not given out yet */
    BREAKS(self->state.stopped_from, PROCBUF_STATE_RUNNING, procbuf_process_state(world.p0));
    BREAKS(self->state.yielded_for, 1, procbuf_process_state(world.p0));
    BREAKS(self->state.kind, (enum procbuf_state_kind)6, procbuf_process_state(world.p0));
    self->table = NULL; /* empty, but with an identifier */
    MUST_PANIC(procbuf_process_state(world.p0));
}

Test(checks, a_buffer_is_in_memory)
{
    struct procbuf_readonly buffer;
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0), 8, &buffer), PROCBUF_OK);
    BREAKS(buffer.private_.addr, 0, procbuf_readonly_len(&buffer));
    BREAKS(buffer.private_.len, SIZE_MAX, procbuf_readonly_len(&buffer));
    BREAKS(buffer.private_.slot_swaps, 1, procbuf_readonly_len(&buffer));
    BREAKS(buffer.private_.id.table, NULL, procbuf_readonly_len(&buffer));
    BREAKS(buffer.private_.id.process, world.slots + 3, procbuf_readonly_len(&buffer));
    BREAKS(buffer.private_.id.process, NULL, procbuf_readonly_len(&buffer));
}

Test(checks, a_slice_has_a_base)
{
    uint8_t byte = 0;
    struct procbuf_readable slice = procbuf_readable_from_array(&byte, 1);
    BREAKS(slice.base_, NULL, procbuf_readable_get(slice, 0, &byte));
    BREAKS(slice.base_, NULL, procbuf_readable_len(slice));
}

static void enter_again(const struct procbuf_grant *grant, void *data)
{
    struct procbuf_grant_entry_private *entry = &world.grants[0].private_;
    (void)data;
    BREAKS(entry->entered, false,
           procbuf_driver_enter(grant->private_.driver, grant->private_.id, enter_again, NULL));
}

Test(checks, an_entered_grant_is_someones)
{
    static const struct procbuf_driver_config config = { .driver_number = 1, .data_align = 1 };
    struct procbuf_driver driver;
    procbuf_driver_init(&driver, &config);
    cr_assert_eq(procbuf_driver_enter(&driver, procbuf_process_id(world.p0), enter_again, NULL),
                 PROCBUF_OK);
}

Test(checks, a_reader_is_at_a_buffer)
{
    struct procbuf_readonly buffers[2] = { PROCBUF_READONLY_DEFAULT, PROCBUF_READONLY_DEFAULT };
    struct procbuf_reader reader = procbuf_reader_over(buffers, 2);
    uint8_t byte = 0;
    size_t len;
    BREAKS(reader.position_.index, 3, procbuf_reader_read(&reader, &byte, 1, &len));
    reader.position_.index = 2;
    BREAKS(reader.position_.offset, 1, procbuf_reader_read(&reader, &byte, 1, &len));
    BREAKS(reader.buffers_, NULL, procbuf_reader_read(&reader, &byte, 1, &len));
}

Test(checks, a_lender_and_a_slot_are_someones)
{
    struct procbuf_lender lender = procbuf_lender_process(world.p0);
    struct procbuf_readonly buffer;
    struct procbuf_readonly_slot slot = { { { NULL }, { { NULL, NULL, 0 }, 0, 0, 0, 0, 0 }, 0 } };
    BREAKS(lender.build_, NULL, procbuf_readonly_build_from(&lender, at(RAM0), 1, &buffer));
    BREAKS(lender.map_, (const struct procbuf_map *)&buffer,
           procbuf_readonly_build_from(&lender, at(RAM0), 1, &buffer));
    BREAKS(slot.private_.swaps, 1, procbuf_readonly_slot_get(&slot));
    BREAKS(slot.private_.held.id.process, world.p0, procbuf_readonly_slot_get(&slot));
}

/* Breaks the process that it is called for, and rejects. */
static enum procbuf_error break_mark(struct procbuf_id id, uint32_t number,
                                     struct procbuf_readwrite *buffer, void *data)
{
    (void)id, (void)number, (void)buffer;
    world.p0->private_.mark = *(const procbuf_addr_t *)data;
    return PROCBUF_FAIL;
}

static procbuf_addr_t allow_and_break(procbuf_addr_t mark)
{
    procbuf_process_allow_userspace_readable(world.p0, 0, at(RAM0), 8, break_mark, &mark);
    return mark;
}

Test(checks, a_process_is_in_order_when_a_call_ends)
{
    const struct procbuf_process_private *self = &world.p0->private_;
    cr_assert_eq(allow_and_break(self->app_break), self->mark);
    MUST_PANIC(allow_and_break(self->app_break + 1));
    cr_assert(strstr(port_panic_message, "procbuf: internal: ") != NULL, "%s", port_panic_message);
}

#endif
