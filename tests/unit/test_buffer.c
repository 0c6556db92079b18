/* Holding, entering and giving back buffers. Contract: H, B5, C2, C3. */
#include "kernel.h"

TestSuite(buffer, .init = world_make);

static struct procbuf_readonly ro;
static struct procbuf_readwrite rw;

static void build(procbuf_addr_t addr, size_t len)
{
    cr_assert_eq(procbuf_readonly_build(world.p0, addr, len, &ro), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_build(world.p0, addr, len, &rw), PROCBUF_OK);
}

/* What a body saw. */
struct seen {
    unsigned runs;
    size_t len;
    const uint8_t *base;
};

static void read_body(struct procbuf_readable slice, void *data)
{
    struct seen *seen = data;
    seen->runs++;
    seen->len = procbuf_readable_len(slice);
    seen->base = procbuf_readable_base_unchecked(slice);
}

static void write_body(struct procbuf_writable slice, void *data)
{
    struct seen *seen = data;
    seen->runs++;
    seen->len = procbuf_writable_len(slice);
    seen->base = procbuf_writable_base_unchecked(slice);
}

Test(buffer, a_live_buffer_tells_length_and_address)
{
    ACCEPTS("H1");
    build(at(RAM0 + 9), 5);
    cr_assert_eq(procbuf_readonly_len(&ro), 5);
    cr_assert_eq(procbuf_readwrite_len(&rw), 5);
    cr_assert_eq(procbuf_readonly_addr(&ro), at(RAM0 + 9));
    cr_assert_eq(procbuf_readwrite_addr(&rw), at(RAM0 + 9));
}

Test(buffer, a_dead_buffer_has_no_length_but_its_address)
{
    REFUSES("H1");
    build(at(RAM0 + 9), 5);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&ro), 0);
    cr_assert_eq(procbuf_readwrite_len(&rw), 0);
    cr_assert_eq(procbuf_readonly_addr(&ro), at(RAM0 + 9));
    cr_assert_eq(procbuf_readwrite_addr(&rw), at(RAM0 + 9));
}

Test(buffer, an_empty_buffer_hides_its_address)
{
    REFUSES("H1");
    build(7, 0);
    cr_assert_eq(procbuf_readonly_addr(&ro), 0);
    cr_assert_eq(procbuf_readwrite_addr(&rw), 0);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_addr(&ro), 0);
    cr_assert_eq(procbuf_readwrite_addr(&rw), 0);
}

Test(buffer, enter_runs_the_body_once_with_the_bytes)
{
    struct seen seen = { 0 };
    ACCEPTS("H2 C2 C3");
    build(at(RAM0 + 9), 5);
    cr_assert_eq(procbuf_readonly_enter(&ro, read_body, &seen), PROCBUF_OK);
    cr_assert_eq(seen.runs, 1);
    cr_assert_eq(seen.len, 5);
    cr_assert_eq(seen.base, &world_memory[RAM0 + 9]);
    cr_assert_str_eq(port_story(), "oc");
    cr_assert_eq(port_events[0].access, PROCBUF_ACCESS_READ);
    cr_assert_eq(procbuf_readwrite_enter(&rw, read_body, &seen), PROCBUF_OK);
    cr_assert_eq(port_events[2].access, PROCBUF_ACCESS_READ);
    cr_assert_eq(procbuf_readwrite_mut_enter(&rw, write_body, &seen), PROCBUF_OK);
    cr_assert_str_eq(port_story(), "ocococ");
    cr_assert_eq(port_events[4].access, PROCBUF_ACCESS_READ_WRITE);
    cr_assert_eq(port_events[5].access, PROCBUF_ACCESS_READ_WRITE);
    for (unsigned e = 0; e < 6; e++)
        cr_assert(port_events[e].addr == at(RAM0 + 9) && port_events[e].len == 5);
    cr_assert_eq(seen.runs, 3);
    cr_assert_eq(seen.base, &world_memory[RAM0 + 9]);
}

Test(buffer, entering_an_empty_buffer_runs_on_an_empty_slice)
{
    struct seen seen = { 0 };
    ACCEPTS("H2 H5 C3");
    build(7, 0);
    cr_assert_eq(procbuf_readonly_enter(&ro, read_body, &seen), PROCBUF_OK);
    cr_assert(seen.runs == 1 && seen.len == 0);
    cr_assert(seen.base != NULL && (uintptr_t)seen.base != 7);
    cr_assert_eq(procbuf_readwrite_mut_enter(&rw, write_body, &seen), PROCBUF_OK);
    cr_assert(seen.runs == 2 && seen.len == 0);
    cr_assert(seen.base != NULL && (uintptr_t)seen.base != 7);
    cr_assert_eq(procbuf_readwrite_enter(&rw, read_body, &seen), PROCBUF_OK);
    cr_assert(seen.runs == 3 && seen.len == 0);
    cr_assert(seen.base != NULL && (uintptr_t)seen.base != 7);
    cr_assert_str_eq(port_story(), "");
}

Test(buffer, entering_a_dead_buffer_runs_nothing)
{
    struct seen seen = { 0 };
    REFUSES("H2 H5 C3");
    build(at(RAM0 + 9), 5);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    port_forget();
    cr_assert_eq(procbuf_readonly_enter(&ro, read_body, &seen), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readwrite_enter(&rw, read_body, &seen), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readwrite_mut_enter(&rw, write_body, &seen), PROCBUF_NO_SUCH_APP);
    build(3, 0);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    port_forget();
    cr_assert_eq(procbuf_readonly_enter(&ro, read_body, &seen), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(seen.runs, 0);
    cr_assert_str_eq(port_story(), "");
}

Test(buffer, the_default_buffer_belongs_to_nobody)
{
    struct procbuf_readonly none_ro = PROCBUF_READONLY_DEFAULT;
    struct procbuf_readwrite none_rw = PROCBUF_READWRITE_DEFAULT;
    struct seen seen = { 0 };
    procbuf_addr_t addr = 1;
    size_t len = 1;
    REFUSES("H2 H3");
    cr_assert_eq(procbuf_readonly_len(&none_ro), 0);
    cr_assert_eq(procbuf_readonly_addr(&none_ro), 0);
    cr_assert_eq(procbuf_readwrite_len(&none_rw), 0);
    cr_assert_eq(procbuf_readwrite_addr(&none_rw), 0);
    cr_assert_eq(procbuf_readonly_enter(&none_ro, read_body, &seen), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readwrite_enter(&none_rw, read_body, &seen), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readwrite_mut_enter(&none_rw, write_body, &seen), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(seen.runs, 0);
    procbuf_readonly_consume(&none_ro, &addr, &len);
    cr_assert(addr == 0 && len == 0);
    build(at(RAM0 + 9), 5);
    ro = procbuf_readonly_default();
    rw = procbuf_readwrite_default();
    cr_assert(procbuf_readonly_len(&ro) == 0 && procbuf_readonly_addr(&ro) == 0);
    cr_assert(procbuf_readwrite_len(&rw) == 0 && procbuf_readwrite_addr(&rw) == 0);
    cr_assert_eq(procbuf_readonly_enter(&ro, read_body, &seen), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readwrite_mut_enter(&rw, write_body, &seen), PROCBUF_NO_SUCH_APP);
}

Test(buffer, consume_gives_back_what_was_passed)
{
    procbuf_addr_t addr;
    size_t len;
    struct seen seen = { 0 };
    ACCEPTS("H3");
    build(at(RAM0 + 9), 5);
    procbuf_readonly_consume(&ro, &addr, &len);
    cr_assert(addr == at(RAM0 + 9) && len == 5);
    procbuf_readwrite_consume(&rw, &addr, &len);
    cr_assert(addr == at(RAM0 + 9) && len == 5);
    cr_assert_eq(procbuf_readonly_len(&ro), 0);
    cr_assert_eq(procbuf_readwrite_addr(&rw), 0);
    cr_assert_eq(procbuf_readonly_enter(&ro, read_body, &seen), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readwrite_mut_enter(&rw, write_body, &seen), PROCBUF_NO_SUCH_APP);
    build(UINTPTR_MAX, 0);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    procbuf_readonly_consume(&ro, &addr, &len);
    cr_assert(addr == UINTPTR_MAX && len == 0, "dead, and a wild pointer: all the same");
    procbuf_readwrite_consume(&rw, &addr, &len);
    cr_assert(addr == UINTPTR_MAX && len == 0);
}

/* ---- Nesting ---- */

struct nest {
    struct procbuf_readwrite other;
    struct procbuf_readwrite same;
    bool seen_at_once;
};

static void inner(struct procbuf_writable slice, void *data)
{
    struct nest *nest = data;
    cr_assert(procbuf_writable_set(slice, 0, 77));
    nest->seen_at_once = false;
}

static void outer(struct procbuf_writable slice, void *data)
{
    struct nest *nest = data;
    uint8_t value = 0;
    cr_assert_eq(procbuf_readwrite_mut_enter(&nest->other, inner, nest), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_mut_enter(&nest->same, inner, nest), PROCBUF_OK);
    nest->seen_at_once =
        procbuf_readable_get(procbuf_writable_as_readable(slice), 2, &value) && value == 77 &&
        procbuf_readable_get(procbuf_writable_as_readable(slice), 0, &value) && value == 77;
}

Test(buffer, enters_nest_and_overlap)
{
    struct nest nest;
    ACCEPTS("B5 H4");
    cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM0 + 10), 4, &nest.same), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM0 + 12), 4, &nest.other), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_mut_enter(&nest.same, outer, &nest), PROCBUF_OK);
    cr_assert(nest.seen_at_once);
    cr_assert_str_eq(port_story(), "oococc");
}

static void end_life(struct procbuf_writable slice, void *data)
{
    uint8_t value;
    procbuf_addr_t old_break;
    (void)data;
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0), &old_break), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_len(&rw), 0);
    cr_assert(procbuf_writable_set(slice, 4, 31), "the slice stays");
    cr_assert(procbuf_readable_get(procbuf_writable_as_readable(slice), 4, &value) && value == 31);
    cr_assert_eq(procbuf_process_remove(world.p0), PROCBUF_BUSY);
}

static jmp_buf outer_body;

static void jump_out(struct procbuf_readable slice, void *data)
{
    (void)slice, (void)data;
    longjmp(outer_body, 1);
}

static void be_jumped_to(struct procbuf_readable slice, void *data)
{
    (void)slice;
    if (setjmp(outer_body) == 0)
        cr_assert_eq(procbuf_readonly_enter(data, jump_out, NULL), PROCBUF_OK);
}

/* The library would go on with the stack of a body that is no more. */
Test(buffer, a_body_that_is_left_by_a_jump_is_noticed)
{
    REFUSES("E4 H4 R11");
    build(at(RAM0 + 8), 4);
    MUST_PANIC(procbuf_readonly_enter(&ro, be_jumped_to, &ro));
}

Test(buffer, a_restart_inside_leaves_the_slice)
{
    ACCEPTS("H4 L5");
    build(at(RAM0 + 9), 5);
    cr_assert_eq(procbuf_readwrite_mut_enter(&rw, end_life, NULL), PROCBUF_OK);
    cr_assert_eq(world_memory[RAM0 + 13], 31);
    cr_assert_str_eq(port_story(), "oppc");
    cr_assert_eq(procbuf_process_remove(world.p0), PROCBUF_OK);
}

static void consume_inside(struct procbuf_writable slice, void *data)
{
    procbuf_addr_t addr;
    size_t len;
    (void)data;
    procbuf_readwrite_consume(&rw, &addr, &len);
    cr_assert(procbuf_writable_set(slice, 0, 1));
}

Test(buffer, a_body_may_consume_its_own_buffer)
{
    ACCEPTS("H4 C3");
    build(at(RAM0 + 9), 5);
    cr_assert_eq(procbuf_readwrite_mut_enter(&rw, consume_inside, NULL), PROCBUF_OK);
    cr_assert_str_eq(port_story(), "oc");
    cr_assert_eq(port_events[1].addr, at(RAM0 + 9));
    cr_assert_eq(port_events[1].len, 5);
    cr_assert_eq(procbuf_readwrite_len(&rw), 0);
}

Test(buffer, returning_to_userspace_passes_the_barrier)
{
    ACCEPTS("S6 C1 C3");
    procbuf_return_to_user();
    cr_assert_str_eq(port_story(), "b");
}
