/* Grants, and the slots in them. Contract: G, L9, H6. p0's RAM: break at 128, kernel break at 224,
 * end at 256; it begins on a multiple of 16. */
#include "kernel.h"

TestSuite(grant, .init = world_make);

static enum procbuf_error allocate(uint32_t number, uint32_t driver_number, size_t len,
                                   size_t align)
{
    return procbuf_process_allocate_grant(world.p0, number, driver_number, len, align);
}

static size_t kernel_break(void)
{
    return (size_t)(procbuf_process_kernel_break(world.p0) - at(RAM0));
}

Test(grant, goes_down_from_the_kernel_break_aligned)
{
    ACCEPTS("G1 G2 C3");
    cr_assert_eq(allocate(0, 7, 10, 1), PROCBUF_OK);
    cr_assert_eq(kernel_break(), 214);
    cr_assert_eq(allocate(1, 8, 1, 2), PROCBUF_OK);
    cr_assert_eq(kernel_break(), 212, "aligned to 2 at least");
    cr_assert_eq(allocate(2, 9, 5, 16), PROCBUF_OK);
    cr_assert_eq(kernel_break(), 192);
    cr_assert_str_eq(port_story(), "ppp");
    cr_assert_eq(port_events[2].protection.app_break, at(RAM0 + 128));
    cr_assert_eq(port_events[2].protection.kernel_break, at(RAM0 + 192));
    cr_assert_eq(world_memory[RAM0 + 200], 0xa5, "the memory is not touched");
}

/* Every grant of every slot has an entry of its own, in the array that the kernel gave. */
Test(grant, entries_are_apart_and_inside_their_array)
{
    static struct {
        struct procbuf_grant_entry before[4], inside[2 * 3], after[4];
    } entries, untouched;
    static struct procbuf_process slots[2];
    static uint8_t memory[2][256];
    struct procbuf_table table;
    struct procbuf_process *processes[2];
    uint32_t number;
    ACCEPTS("G2 G4");
    memset(&entries, 0xa5, sizeof entries);
    untouched = entries;
    procbuf_table_init(&table, slots, 2);
    procbuf_table_use_grants(&table, entries.inside, 3);
    for (uint32_t slot = 0; slot < 2; slot++) {
        const struct procbuf_process_config config = {
            .mem_start = (procbuf_addr_t)(uintptr_t)memory[slot],
            .mem_len = sizeof memory[slot],
        };
        cr_assert_eq(procbuf_process_create(&table, &config, &processes[slot]), PROCBUF_OK);
    }
    for (uint32_t i = 0; i < 6; i++)
        cr_assert_eq(procbuf_process_allocate_grant(processes[i % 2], i / 2, 10 + i, 8, 8),
                     PROCBUF_OK);
    for (uint32_t i = 0; i < 6; i++) {
        cr_assert(procbuf_process_lookup_driver(processes[i % 2], 10 + i, &number));
        cr_assert_eq(number, i / 2);
        cr_assert_not(procbuf_process_lookup_driver(processes[i % 2], 11 + i, &number));
    }
    cr_assert_eq(memcmp(&entries.before, &untouched.before, sizeof entries.before), 0);
    cr_assert_eq(memcmp(&entries.after, &untouched.after, sizeof entries.after), 0);
}

Test(grant, may_end_at_the_app_break_and_not_below)
{
    ACCEPTS("G1");
    REFUSES("G1 E3");
    CHANGES_NOTHING(cr_assert_eq(allocate(0, 7, 97, 1), PROCBUF_OUT_OF_MEMORY));
    cr_assert_str_eq(port_story(), "");
    cr_assert_eq(allocate(0, 7, 96, 1), PROCBUF_OK);
    cr_assert_eq(kernel_break(), 128);
    CHANGES_NOTHING(cr_assert_eq(allocate(1, 8, 1, 1), PROCBUF_OUT_OF_MEMORY));
}

Test(grant, may_not_be_aligned_down_below_the_app_break)
{
    procbuf_addr_t old_break;
    REFUSES("G1 E3");
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 130), &old_break), PROCBUF_OK);
    CHANGES_NOTHING(
        cr_assert_eq(allocate(0, 7, 90, 16), PROCBUF_OUT_OF_MEMORY)); /* 134 fits, 128 does not */
    cr_assert_eq(allocate(0, 7, 90, 2), PROCBUF_OK);
    cr_assert_eq(kernel_break(), 134);
}

Test(grant, refuses_sizes_that_wrap_before_or_after_aligning)
{
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 7, SIZE_MAX - 15,
                                    SIZE_MAX / 2 + 1 };
    REFUSES("G1 P3");
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t align = 1; align <= 16; align *= 2)
            CHANGES_NOTHING(cr_assert_eq(allocate(0, 7, sizes[s], align), PROCBUF_OUT_OF_MEMORY));
    CHANGES_NOTHING(cr_assert_eq(allocate(0, 7, 1, SIZE_MAX / 2 + 1), PROCBUF_OUT_OF_MEMORY));
}

Test(grant, refuses_numbers_that_are_taken_or_not_there)
{
    REFUSES("G2");
    cr_assert_eq(allocate(0, 7, 2, 2), PROCBUF_OK);
    CHANGES_NOTHING(cr_assert_eq(allocate(0, 8, 2, 2), PROCBUF_ALREADY));
    CHANGES_NOTHING(cr_assert_eq(allocate(1, 7, 2, 2), PROCBUF_ALREADY));
    CHANGES_NOTHING(cr_assert_eq(allocate(3, 9, 2, 2), PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    CHANGES_NOTHING(cr_assert_eq(allocate(UINT32_MAX, 9, 2, 2), PROCBUF_ADDRESS_OUT_OF_BOUNDS));
    procbuf_process_terminate(world.p0, NULL);
    CHANGES_NOTHING(cr_assert_eq(allocate(1, 8, 2, 2), PROCBUF_INACTIVE_APP));
}

Test(grant, refusal_by_the_port_comes_last_and_changes_nothing)
{
    uint32_t number;
    REFUSES("G1 C3 E3");
    port_refuse_at = 1;
    CHANGES_NOTHING(cr_assert_eq(allocate(0, 7, 2, 2), PROCBUF_OUT_OF_MEMORY));
    cr_assert_str_eq(port_story(), "p");
    cr_assert_not(procbuf_process_lookup_driver(world.p0, 7, &number));
}

Test(grant, odd_alignments_are_programming_errors)
{
    REFUSES("E4 G1 R6");
    MUST_PANIC(allocate(0, 7, 2, 0));
    MUST_PANIC(allocate(0, 7, 2, 3));
}

Test(grant, lookup_finds_allocated_grants_only)
{
    uint32_t number = 99;
    ACCEPTS("G2");
    REFUSES("G2");
    cr_assert_not(procbuf_process_lookup_driver(world.p0, 0, &number), "all numbers are 0 yet");
    cr_assert_eq(allocate(2, 0, 2, 2), PROCBUF_OK);
    cr_assert(procbuf_process_lookup_driver(world.p0, 0, &number));
    cr_assert_eq(number, 2);
    cr_assert_not(procbuf_process_lookup_driver(world.p1, 0, &number));
    procbuf_process_terminate(world.p0, NULL);
    cr_assert_not(procbuf_process_lookup_driver(world.p0, 0, &number), "L3");
    cr_assert_eq(kernel_break(), 222, "L3: the space comes back only with a new life");
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OK);
    cr_assert_eq(kernel_break(), 224);
}

/* 44 is the number of grants modulo 2^8, and 300 modulo 2^16. */
Test(grant, numbers_count_in_full)
{
    enum { COUNT = (1 << 16) + 300 };
    static const uint32_t numbers[] = { 44, 300, COUNT - 1 };
    static struct procbuf_grant_entry entries[COUNT];
    static struct procbuf_process slot;
    static uint8_t memory[256];
    struct procbuf_table table;
    struct procbuf_process *process;
    procbuf_addr_t addr = 0;
    const struct procbuf_process_config config = {
        .mem_start = (procbuf_addr_t)(uintptr_t)memory,
        .mem_len = sizeof memory,
    };
    ACCEPTS("G2 G3");
    REFUSES("G2 G3");
    procbuf_table_init(&table, &slot, 1);
    procbuf_table_use_grants(&table, entries, COUNT);
    cr_assert_eq(procbuf_process_create(&table, &config, &process), PROCBUF_OK);
    const struct procbuf_id id = procbuf_process_id(process);
    for (uint32_t n = 0; n < 3; n++) {
        cr_assert_eq(procbuf_process_allocate_grant(process, numbers[n], n, 8, 8), PROCBUF_OK);
        cr_assert_eq(procbuf_process_enter_grant(id, numbers[n], &addr), PROCBUF_OK);
    }
    procbuf_process_leave_grant(id, 300);
    cr_assert_eq(procbuf_process_enter_grant(id, 44, &addr), PROCBUF_ALREADY_IN_USE);
    cr_assert_eq(procbuf_process_enter_grant(id, COUNT - 1, &addr), PROCBUF_ALREADY_IN_USE);
    cr_assert_eq(procbuf_process_enter_grant(id, 300, &addr), PROCBUF_OK);
    procbuf_process_leave_grant(id, COUNT - 1);
    cr_assert_eq(procbuf_process_enter_grant(id, COUNT - 1, &addr), PROCBUF_OK);
    cr_assert_eq(procbuf_process_enter_grant(id, COUNT, &addr), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(procbuf_process_allocate_grant(process, 1 << 17, 3, 8, 8),
                 PROCBUF_ADDRESS_OUT_OF_BOUNDS);
}

Test(grant, numbers_of_drivers_have_32_bits)
{
    static const uint32_t near[] = { 0x78, 0x5678, 0x345678, 0x92345678 };
    const struct procbuf_driver_config wide = { .grant_number = 1,
                                                .driver_number = 0x87654321,
                                                .data_align = 1 };
    struct procbuf_driver own;
    uint32_t number = 99;
    ACCEPTS("G2 G4");
    REFUSES("G2");
    cr_assert_eq(allocate(2, 0x12345678, 8, 8), PROCBUF_OK);
    cr_assert(procbuf_process_lookup_driver(world.p0, 0x12345678, &number) && number == 2);
    for (size_t n = 0; n < sizeof near / sizeof near[0]; n++)
        cr_assert_not(procbuf_process_lookup_driver(world.p0, near[n], &number));
    procbuf_driver_init(&own, &wide);
    cr_assert_eq(procbuf_process_allow_readonly(world.p0, &own, 0, 0, 0).code, PROCBUF_NOSUPPORT);
    cr_assert(procbuf_process_lookup_driver(world.p0, 0x87654321, &number) && number == 1);
}

Test(grant, entering_answers_in_order)
{
    const struct procbuf_id id = procbuf_process_id(world.p0);
    procbuf_addr_t addr = 77;
    REFUSES("G3 E3");
    cr_assert_eq(procbuf_process_enter_grant(id, 0, &addr), PROCBUF_OUT_OF_MEMORY);
    procbuf_process_terminate(world.p0, NULL);
    cr_assert_eq(procbuf_process_enter_grant(id, 3, &addr), PROCBUF_INACTIVE_APP);
    cr_assert_eq(addr, 77);
}

Test(grant, entering_and_leaving)
{
    procbuf_addr_t addr = 0;
    const struct procbuf_id id = procbuf_process_id(world.p0);
    ACCEPTS("G3");
    REFUSES("G3");
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 0, &addr),
                 PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 3, &addr),
                 PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(allocate(0, 7, 8, 8), PROCBUF_OK);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 0, &addr), PROCBUF_OK);
    cr_assert_eq(addr, at(RAM0 + 216));
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 0, &addr),
                 PROCBUF_ALREADY_IN_USE);
    procbuf_process_leave_grant(id, 1);
    procbuf_process_leave_grant(id, UINT32_MAX);
    procbuf_process_leave_grant(no_id, 0);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 0, &addr),
                 PROCBUF_ALREADY_IN_USE);
    cr_assert_eq(procbuf_process_allocate_grant(world.p1, 0, 7, 8, 8), PROCBUF_OK);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p1), 0, &addr), PROCBUF_OK);
    procbuf_process_leave_grant(id, 3); /* after p0's last is p1's first */
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p1), 0, &addr),
                 PROCBUF_ALREADY_IN_USE);
    procbuf_process_leave_grant(id, 0);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 0, &addr), PROCBUF_OK);
    procbuf_process_terminate(world.p0, NULL);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 0, &addr),
                 PROCBUF_INACTIVE_APP);
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OK);
    cr_assert_eq(allocate(0, 7, 8, 8), PROCBUF_OK);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 0, &addr), PROCBUF_OK);
    procbuf_process_leave_grant(id, 0); /* of an earlier life */
    cr_assert_eq(procbuf_process_enter_grant(id, 0, &addr), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 0, &addr),
                 PROCBUF_ALREADY_IN_USE);
}

static void grant_in_new_life(struct procbuf_readable slice, void *data)
{
    procbuf_addr_t old_break;
    (void)slice, (void)data;
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0), &old_break), PROCBUF_OK);
    cr_assert_eq(allocate(0, 7, 96, 2), PROCBUF_OK, "down to where the slice ends");
    CHANGES_NOTHING(cr_assert_eq(allocate(1, 8, 2, 2), PROCBUF_OUT_OF_MEMORY));
    CHANGES_NOTHING(cr_assert_eq(allocate(1, 8, 100, 2), PROCBUF_OUT_OF_MEMORY));
}

Test(grant, keeps_clear_of_a_body_of_an_earlier_life)
{
    struct procbuf_readonly buffer;
    ACCEPTS("L9");
    REFUSES("L9 I3");
    cr_assert_eq(procbuf_readonly_build(world.p0, at(RAM0 + 100), 28, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&buffer, grant_in_new_life, NULL), PROCBUF_OK);
    cr_assert_eq(allocate(1, 8, 2, 2), PROCBUF_OK, "the body has ended");
    cr_assert_eq(kernel_break(), 126);
}

static void grant_below_flash(struct procbuf_readable slice, void *data)
{
    (void)data;
    cr_assert_eq(procbuf_readable_len(slice), 8);
    cr_assert_eq(procbuf_process_allocate_grant(world.p1, 0, 7, 16, 8), PROCBUF_OK);
}

Test(grant, minds_nothing_that_is_read_elsewhere)
{
    struct procbuf_readonly buffer;
    ACCEPTS("L9");
    cr_assert_eq(procbuf_readonly_build(world.p1, at(FLASH1 + 8), 8, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&buffer, grant_below_flash, NULL), PROCBUF_OK);
}

/* ---- Drivers ---- */

static const struct procbuf_driver_config config = {
    .grant_number = 1,
    .driver_number = 5,
    .readonly_count = 1,
    .readwrite_count = 1,
    .data_len = 8,
    .data_align = 8,
};
static struct procbuf_driver driver;

static void make_driver(void)
{
    world_make();
    procbuf_driver_init(&driver, &config);
}

TestSuite(driver, .init = make_driver);

static void one_byte_body(struct procbuf_writable slice, void *data)
{
    procbuf_addr_t old_break;
    (void)data;
    cr_assert_eq(procbuf_writable_len(slice), 1);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0), &old_break), PROCBUF_OK);
    CHANGES_NOTHING(cr_assert_eq(allocate(0, 7, 124, 2),
                                 PROCBUF_OUT_OF_MEMORY)); /* [100, 224) has the byte in it */
    cr_assert_eq(allocate(0, 7, 122, 2), PROCBUF_OK); /* [102, 224) begins after it */
    cr_assert(procbuf_writable_set(slice, 0, 3));
}

Test(grant, keeps_off_a_single_byte_that_is_in_use)
{
    struct procbuf_readwrite buffer;
    REFUSES("L9 I3 R6");
    cr_assert_eq(procbuf_readwrite_build(world.p0, at(RAM0 + 101), 1, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_mut_enter(&buffer, one_byte_body, NULL), PROCBUF_OK);
}

/* What a body saw, and what it is to do. */
struct visit {
    unsigned runs;
    struct procbuf_readonly ro;
    struct procbuf_readwrite rw;
    uint8_t data[8];
    void (*then)(void);
};

static void visit_body(const struct procbuf_grant *grant, void *data)
{
    struct visit *visit = data;
    visit->runs++;
    cr_assert_eq(procbuf_grant_readonly(grant, 0, &visit->ro), PROCBUF_OK);
    cr_assert_eq(procbuf_grant_readwrite(grant, 0, &visit->rw), PROCBUF_OK);
    cr_assert_eq(procbuf_grant_readonly(grant, 1, &visit->ro), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(procbuf_grant_readwrite(grant, 1, &visit->rw), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(procbuf_readable_copy_to(procbuf_writable_as_readable(procbuf_grant_data(grant)),
                                          visit->data, 8),
                 PROCBUF_OK);
    if (visit->then != NULL)
        visit->then();
}

static enum procbuf_error visit_grant(struct visit *visit)
{
    return procbuf_driver_enter(&driver, procbuf_process_id(world.p0), visit_body, visit);
}

static void nothing(struct procbuf_readable slice, void *data)
{
    cr_assert_eq(procbuf_readable_len(slice), 0);
    (*(unsigned *)data)++;
}

Test(driver, first_use_allocates_and_empties)
{
    static const uint8_t zeros[8];
    struct visit visit = { 0 };
    unsigned runs = 0;
    uint32_t number;
    ACCEPTS("G2 G4 G5 G6 C2 C3");
    REFUSES("G4");
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    cr_assert_eq(visit.runs, 1);
    cr_assert_arr_eq(visit.data, zeros, 8);
    cr_assert_leq(kernel_break(), 224 - procbuf_grant_len(&config));
    cr_assert_eq(procbuf_readonly_len(&visit.ro), 0);
    cr_assert_eq(procbuf_readonly_addr(&visit.ro), 0);
    cr_assert_eq(procbuf_readonly_enter(&visit.ro, nothing, &runs), PROCBUF_OK,
                 "a slot never allowed is live");
    cr_assert_eq(runs, 1);
    cr_assert_eq(port_story()[0], 'p');
    cr_assert(procbuf_process_lookup_driver(world.p0, config.driver_number, &number));
    cr_assert_eq(number, config.grant_number);
    const size_t once = kernel_break();
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    cr_assert_eq(kernel_break(), once);
}

static void zeros_body(const struct procbuf_grant *grant, void *data)
{
    const struct procbuf_readable bytes = procbuf_writable_as_readable(procbuf_grant_data(grant));
    (void)strcpy(data, port_story());
    for (size_t i = 0; i < procbuf_readable_len(bytes); i++)
        cr_assert_eq(procbuf_readable_get_or_panic(bytes, i), 0);
}

Test(driver, the_grant_is_open_while_the_body_runs)
{
    static const size_t data_lens[] = { 0, 1, 2, 40 };
    ACCEPTS("C2 C3 G5");
    for (size_t d = 0; d < sizeof data_lens / sizeof data_lens[0]; d++) {
        const struct procbuf_driver_config bare = { .driver_number = 6,
                                                    .data_len = data_lens[d],
                                                    .data_align = 1 };
        struct procbuf_driver own;
        char story[MAX_EVENTS + 1];
        world_make();
        procbuf_driver_init(&own, &bare);
        for (unsigned time = 0; time < 2; time++) {
            const char *before = time == 0           ? data_lens[d] == 0 ? "p" : "po"
                                 : data_lens[d] == 0 ? ""
                                                     : "o";
            port_forget();
            cr_assert_eq(
                procbuf_driver_enter(&own, procbuf_process_id(world.p0), zeros_body, story),
                PROCBUF_OK);
            cr_assert_str_eq(story, before);
            cr_assert_eq(port_event_count, strlen(before) + (data_lens[d] != 0));
            for (unsigned e = time == 0; e < port_event_count; e++) {
                cr_assert_eq(port_events[e].kind, port_event_count - e == 1 ? 'c' : 'o');
                cr_assert_eq(port_events[e].addr, procbuf_process_kernel_break(world.p0));
                cr_assert_eq(port_events[e].len, data_lens[d]);
                cr_assert_eq(port_events[e].access, PROCBUF_ACCESS_READ_WRITE);
            }
        }
    }
}

Test(driver, enter_answers_in_order)
{
    struct visit visit = { 0 };
    const struct procbuf_id id = procbuf_process_id(world.p0);
    procbuf_addr_t addr;
    REFUSES("G4");
    cr_assert_eq(procbuf_driver_enter(&driver, no_id, visit_body, &visit), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(allocate(0, 9, 90, 2), PROCBUF_OK);
    CHANGES_NOTHING(cr_assert_eq(visit_grant(&visit), PROCBUF_OUT_OF_MEMORY));
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    cr_assert_eq(procbuf_driver_enter(&driver, id, visit_body, &visit), PROCBUF_NO_SUCH_APP);
    port_forget();
    port_refuse_at = 1;
    CHANGES_NOTHING(cr_assert_eq(visit_grant(&visit), PROCBUF_OUT_OF_MEMORY));
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    cr_assert_eq(procbuf_process_enter_grant(procbuf_process_id(world.p0), 1, &addr), PROCBUF_OK);
    cr_assert_eq(visit_grant(&visit), PROCBUF_ALREADY_IN_USE);
    procbuf_process_terminate(world.p0, NULL);
    cr_assert_eq(visit_grant(&visit), PROCBUF_INACTIVE_APP);
    cr_assert_eq(visit.runs, 1);
}

Test(driver, a_grant_that_fits_when_it_is_cut_is_refused)
{
    static const size_t lens[] = { 1 << 8, 1 << 16, SIZE_MAX / 2 + 1 };
    struct visit visit = { 0 };
    REFUSES("G4 G1");
    for (size_t l = 0; l < sizeof lens / sizeof lens[0]; l++) {
        const struct procbuf_driver_config wide = { .data_len = lens[l] + 8, .data_align = 8 };
        struct procbuf_driver own;
        procbuf_driver_init(&own, &wide);
        CHANGES_NOTHING(cr_assert_eq(
            procbuf_driver_enter(&own, procbuf_process_id(world.p0), visit_body, &visit),
            PROCBUF_OUT_OF_MEMORY));
    }
}

static void reenter(void)
{
    struct visit visit = { 0 };
    const struct procbuf_allow_result result =
        procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0), 4);
    cr_assert_eq(visit_grant(&visit), PROCBUF_ALREADY_IN_USE);
    cr_assert_eq(result.code, PROCBUF_NOMEM);
    cr_assert_eq(procbuf_process_remove(world.p0), PROCBUF_BUSY);
}

Test(driver, is_not_entered_twice)
{
    struct visit visit = { .then = reenter };
    REFUSES("G4 A1 L8");
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    visit.then = NULL;
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
}

Test(driver, a_buffer_from_a_slot_dies_with_the_swap)
{
    struct visit visit = { 0 };
    unsigned runs = 0;
    ACCEPTS("H6");
    REFUSES("H6");
    cr_assert_eq(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 4), 9).code,
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_allow_readwrite(world.p0, &driver, 0, at(RAM0 + 6), 3).code,
                 PROCBUF_OK);
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&visit.ro), 9);
    cr_assert_eq(procbuf_readonly_addr(&visit.ro), at(RAM0 + 4));
    cr_assert_eq(procbuf_readwrite_len(&visit.rw), 3);
    cr_assert_eq(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 4), 9).code,
                 PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&visit.ro), 0, "although it holds the same again");
    cr_assert_eq(procbuf_readonly_enter(&visit.ro, nothing, &runs), PROCBUF_NO_SUCH_APP);
    cr_assert_eq(procbuf_readwrite_len(&visit.rw), 3, "the other slot was not swapped");
    cr_assert_eq(runs, 0);
    procbuf_process_terminate(world.p0, NULL);
    cr_assert_eq(procbuf_readwrite_len(&visit.rw), 3, "L3: what was built stays");
    cr_assert_eq(procbuf_process_start(world.p0), PROCBUF_OK);
    cr_assert_eq(procbuf_readwrite_len(&visit.rw), 0);
}

Test(driver, asking_for_a_buffer_from_a_slot_looks_into_the_grant)
{
    struct visit visit = { 0 };
    ACCEPTS("H6 C2 C3");
    cr_assert_eq(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 4), 9).code,
                 PROCBUF_OK);
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    port_forget();
    cr_assert_eq(procbuf_readonly_len(&visit.ro), 9);
    cr_assert_str_eq(port_story(), "oc");
    cr_assert_geq(port_events[0].addr, at(RAM0) + kernel_break());
    cr_assert_eq(port_events[0].access, PROCBUF_ACCESS_READ);
    cr_assert(port_events[0].addr == port_events[1].addr &&
              port_events[0].len == port_events[1].len);
}

/* The count of swaps is what the port opens to ask for such a buffer. */
Test(driver, each_bit_of_a_count_of_swaps_matters)
{
    struct visit visit = { 0 };
    ACCEPTS("H6 C2");
    REFUSES("H6");
    cr_assert_eq(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 4), 9).code,
                 PROCBUF_OK);
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    port_forget();
    cr_assert_eq(procbuf_readonly_len(&visit.ro), 9);
    cr_assert_eq(port_events[0].len, sizeof(uint64_t));
    uint8_t *swaps = &world_memory[port_events[0].addr - at(0)];
    memset(swaps, 0x5a, sizeof(uint64_t));
    cr_assert_eq(procbuf_readonly_len(&visit.ro), 0);
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    for (unsigned bit = 0; bit < 64; bit++) {
        port_forget();
        cr_assert_eq(procbuf_readonly_len(&visit.ro), 9);
        swaps[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_assert_eq(procbuf_readonly_len(&visit.ro), 0);
        swaps[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (unsigned bits = 8; bits < 64; bits *= 2) { /* one more is not the first again */
        const uint64_t first = 1, high = UINT64_C(1) << bits;
        memcpy(swaps, &first, sizeof first);
        cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
        port_forget();
        memcpy(swaps, &high, sizeof high);
        cr_assert_eq(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 4), 0).code,
                     PROCBUF_OK);
        cr_assert_eq(procbuf_readonly_len(&visit.ro), 0);
        memcpy(swaps, &high, sizeof high);
        cr_assert_eq(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 4), 9).code,
                     PROCBUF_OK);
        cr_assert_eq(procbuf_readonly_len(&visit.ro), 0, "nor one more than a length");
    }
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    port_forget();
    port_invert(at(0) + (procbuf_addr_t)(swaps - world_memory), sizeof(uint64_t));
    cr_assert_eq(procbuf_readonly_len(&visit.ro), 9, "it is read in a window");
}

Test(driver, the_first_use_zeroes_in_a_window)
{
    static const uint8_t zeros[8];
    struct visit visit = { 0 };
    ACCEPTS("G4 C2");
    port_invert(at(RAM0 + 128), 96);
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    cr_assert_arr_eq(visit.data, zeros, 8);
}

static void enter_another(const struct procbuf_grant *grant, void *data)
{
    const struct procbuf_driver_config longer = {
        .grant_number = 1, .driver_number = 5, .data_len = 90, .data_align = 8
    };
    struct procbuf_driver other;
    (void)grant, (void)data;
    procbuf_driver_init(&other, &config);
    port_forget();
    MUST_PANIC(procbuf_driver_enter(&other, procbuf_process_id(world.p0), enter_another, NULL));
    procbuf_driver_init(&driver, &longer);
    MUST_PANIC(procbuf_driver_enter(&driver, procbuf_process_id(world.p0), enter_another, NULL));
    procbuf_driver_init(&driver, &config);
    cr_assert_str_eq(port_story(), "");
}

Test(driver, two_drivers_with_one_grant_are_a_programming_error_even_inside)
{
    REFUSES("G4 R7");
    cr_assert_eq(procbuf_driver_enter(&driver, procbuf_process_id(world.p0), enter_another, NULL),
                 PROCBUF_OK);
}

Test(driver, an_inactive_process_comes_before_a_number_that_is_not_there)
{
    const struct procbuf_driver_config beyond = { .grant_number = 3, .data_align = 1 };
    struct procbuf_driver own;
    struct visit visit = { 0 };
    REFUSES("G4 R7");
    procbuf_driver_init(&own, &beyond);
    MUST_PANIC(procbuf_driver_enter(&own, procbuf_process_id(world.p0), visit_body, &visit));
    procbuf_process_terminate(world.p0, NULL);
    cr_assert_eq(procbuf_driver_enter(&own, procbuf_process_id(world.p0), visit_body, &visit),
                 PROCBUF_INACTIVE_APP);
}

static void restart_refused(struct procbuf_readable slice, void *data)
{
    struct procbuf_process *process = data;
    uint8_t before[WORLD_LEN];
    (void)slice;
    memcpy(before, world_memory, sizeof before);
    cr_assert_eq(procbuf_process_restart(process, NULL), PROCBUF_OUT_OF_MEMORY);
    cr_assert_eq(procbuf_process_state(process).kind, PROCBUF_STATE_TERMINATED);
    cr_assert_arr_eq(world_memory, before, sizeof before);
}

static void restart_in_an_enter(const struct procbuf_grant *grant, void *data)
{
    struct procbuf_process *process = data;
    struct procbuf_readonly buffer;
    const procbuf_addr_t start = process == world.p0 ? at(RAM0) : at(RAM1);
    (void)grant;
    memset(&world_memory[start - at(0)], 0x5a, 128);
    cr_assert_eq(procbuf_readonly_build(process, start, 4, &buffer), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_enter(&buffer, restart_refused, process), PROCBUF_OK);
}

/* The flash of p0 is below its RAM, that of p1 above. */
Test(driver, no_new_life_owns_the_only_byte_of_an_open_grant)
{
    struct procbuf_process *const processes[] = { world.p0, world.p1 };
    const struct procbuf_driver_config byte = { .driver_number = 6,
                                                .data_len = 1,
                                                .data_align = 1 };
    struct procbuf_driver own;
    procbuf_addr_t old_break;
    REFUSES("L9 L5");
    procbuf_driver_init(&own, &byte);
    for (size_t p = 0; p < 2; p++) {
        const procbuf_addr_t start = p == 0 ? at(RAM0) : at(RAM1);
        const size_t rest = (size_t)(procbuf_process_kernel_break(processes[p]) - start) - 98;
        cr_assert_eq(procbuf_process_brk(processes[p], start + 40, &old_break), PROCBUF_OK);
        cr_assert_eq(procbuf_process_allocate_grant(processes[p], 1, 9, rest, 2), PROCBUF_OK);
        cr_assert_eq(procbuf_driver_enter(&own, procbuf_process_id(processes[p]),
                                          restart_in_an_enter, processes[p]),
                     PROCBUF_OK);
        cr_assert_lt(procbuf_process_kernel_break(processes[p]), start + 100);
        cr_assert_eq(procbuf_process_start(processes[p]), PROCBUF_OK, "once it has ended");
    }
}

static void data_body(const struct procbuf_grant *grant, void *data)
{
    *(struct procbuf_writable *)data = procbuf_grant_data(grant);
}

Test(driver, data_have_their_length_and_alignment)
{
    static const size_t aligns[] = { 1, 2, 8, 16, 32 };
    ACCEPTS("G1 G6");
    for (uint32_t a = 0; a < sizeof aligns / sizeof aligns[0]; a++) {
        const struct procbuf_driver_config wanted = { .readonly_count = 1,
                                                      .data_len = 3 + a,
                                                      .data_align = aligns[a] };
        struct procbuf_driver own;
        struct procbuf_writable slice;
        world_make();
        procbuf_driver_init(&own, &wanted);
        cr_assert_eq(procbuf_driver_enter(&own, procbuf_process_id(world.p0), data_body, &slice),
                     PROCBUF_OK);
        cr_assert_eq(procbuf_writable_len(slice), 3 + a);
        cr_assert_eq((uintptr_t)procbuf_writable_base_unchecked(slice) % aligns[a], 0);
    }
    const struct procbuf_driver_config none = { .readwrite_count = 1, .data_align = 1 };
    struct procbuf_driver own;
    struct procbuf_writable slice;
    world_make();
    procbuf_driver_init(&own, &none);
    cr_assert_eq(procbuf_driver_enter(&own, procbuf_process_id(world.p0), data_body, &slice),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_writable_len(slice), 0);
    const uintptr_t base = (uintptr_t)procbuf_writable_base_unchecked(slice);
    cr_assert(base < (uintptr_t)world_memory || base >= (uintptr_t)world_memory + WORLD_LEN);
}

static void all_slots_body(const struct procbuf_grant *grant, void *data)
{
    struct procbuf_readonly ro;
    struct procbuf_readwrite rw;
    for (uint32_t slot = 0; slot < 2; slot++) {
        cr_assert_eq(procbuf_grant_readonly(grant, slot, &ro), PROCBUF_OK);
        cr_assert_eq(procbuf_readonly_len(&ro), 10 + slot);
    }
    for (uint32_t slot = 0; slot < 3; slot++) {
        cr_assert_eq(procbuf_grant_readwrite(grant, slot, &rw), PROCBUF_OK);
        cr_assert_eq(procbuf_readwrite_len(&rw), 20 + slot);
    }
    cr_assert_eq(procbuf_grant_readonly(grant, 2, &ro), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    cr_assert_eq(procbuf_grant_readwrite(grant, 3, &rw), PROCBUF_ADDRESS_OUT_OF_BOUNDS);
    (*(unsigned *)data)++;
}

Test(driver, slots_of_both_kinds_have_their_own_numbers)
{
    const struct procbuf_driver_config wide = { .driver_number = 6,
                                                .readonly_count = 2,
                                                .readwrite_count = 3,
                                                .data_len = 8,
                                                .data_align = 8 };
    struct procbuf_driver own;
    procbuf_addr_t old_break;
    unsigned runs = 0;
    ACCEPTS("G6 A1");
    REFUSES("G4 A1");
    cr_assert_eq(procbuf_process_brk(world.p0, at(RAM0 + 64), &old_break), PROCBUF_OK);
    procbuf_driver_init(&own, &wide);
    for (uint32_t slot = 0; slot < 2; slot++)
        cr_assert_eq(procbuf_process_allow_readonly(world.p0, &own, slot, at(RAM0), 10 + slot).code,
                     PROCBUF_OK);
    for (uint32_t slot = 0; slot < 3; slot++)
        cr_assert_eq(
            procbuf_process_allow_readwrite(world.p0, &own, slot, at(RAM0), 20 + slot).code,
            PROCBUF_OK);
    cr_assert_eq(procbuf_process_allow_readonly(world.p0, &own, 2, at(RAM0), 1).code,
                 PROCBUF_NOSUPPORT);
    cr_assert_eq(procbuf_process_allow_readwrite(world.p0, &own, 3, at(RAM0), 1).code,
                 PROCBUF_NOSUPPORT);
    cr_assert_eq(procbuf_driver_enter(&own, procbuf_process_id(world.p0), all_slots_body, &runs),
                 PROCBUF_OK);
    cr_assert_eq(runs, 1);
}

static void fill_body(const struct procbuf_grant *grant, void *data)
{
    const struct procbuf_writable bytes = procbuf_grant_data(grant);
    const procbuf_addr_t end =
        (procbuf_addr_t)(procbuf_process_kernel_break(world.p0) + procbuf_grant_len(data));
    procbuf_writable_fill(bytes, 0xff);
    cr_assert_eq((uintptr_t)procbuf_writable_base_unchecked(bytes) + procbuf_writable_len(bytes),
                 end, "data are at the end of the grant");
}

static void read_then_fill_body(const struct procbuf_grant *grant, void *data)
{
    struct visit *visit = data;
    cr_assert_eq(procbuf_grant_readonly(grant, 0, &visit->ro), PROCBUF_OK);
    cr_assert_eq(procbuf_grant_readwrite(grant, 0, &visit->rw), PROCBUF_OK);
    procbuf_writable_fill(procbuf_grant_data(grant), 0x77);
    cr_assert_eq(procbuf_readonly_len(&visit->ro), 9);
    cr_assert_eq(procbuf_readwrite_len(&visit->rw), 8, "what counts swaps is not data");
}

Test(driver, slots_and_data_share_no_byte)
{
    struct procbuf_driver_config copy = config;
    struct visit visit = { 0 };
    ACCEPTS("G6");
    cr_assert_eq(procbuf_driver_enter(&driver, procbuf_process_id(world.p0), fill_body, &copy),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 4), 9).code,
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_allow_readwrite(world.p0, &driver, 0, at(RAM0 + 5), 8).code,
                 PROCBUF_OK);
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    cr_assert(procbuf_readonly_len(&visit.ro) == 9 && procbuf_readwrite_len(&visit.rw) == 8);
    for (size_t i = 0; i < sizeof visit.data; i++)
        cr_assert_eq(visit.data[i], 0xff);
    cr_assert_eq(
        procbuf_driver_enter(&driver, procbuf_process_id(world.p0), read_then_fill_body, &visit),
        PROCBUF_OK);
}

Test(driver, slots_lie_as_their_words_want)
{
    const struct procbuf_driver_config bytes = { .readonly_count = 1,
                                                 .data_len = 1,
                                                 .data_align = 1 };
    struct procbuf_driver own;
    struct procbuf_writable slice;
    procbuf_driver_init(&own, &bytes);
    cr_assert_eq(procbuf_driver_enter(&own, procbuf_process_id(world.p0), data_body, &slice),
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_kernel_break(world.p0) % _Alignof(uint64_t), 0);
}

Test(driver, slots_are_empty_in_every_life)
{
    struct visit visit = { 0 };
    ACCEPTS("G5");
    REFUSES("G5");
    cr_assert_eq(procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0 + 4), 9).code,
                 PROCBUF_OK);
    cr_assert_eq(procbuf_process_restart(world.p0, NULL), PROCBUF_OK);
    memset(&world_memory[RAM0 + 128], 0xee, 128);
    cr_assert_eq(visit_grant(&visit), PROCBUF_OK);
    cr_assert_eq(procbuf_readonly_len(&visit.ro), 0);
    const struct procbuf_allow_result result =
        procbuf_process_allow_readonly(world.p0, &driver, 0, at(RAM0), 1);
    cr_assert(result.code == PROCBUF_OK && result.addr == 0 && result.len == 0);
}

Test(driver, the_size_of_a_grant_is_published)
{
    struct procbuf_driver_config big = config;
    ACCEPTS("G6");
    REFUSES("G6 E4");
    const size_t len = procbuf_grant_len(&config);
    big.data_len += 24;
    cr_assert_eq(procbuf_grant_len(&big), len + 24);
    big = config;
    big.readonly_count++;
    cr_assert_gt(procbuf_grant_len(&big), len);
    big.data_len = SIZE_MAX - 3;
    cr_assert_eq(procbuf_grant_len(&big), SIZE_MAX);
    big = config;
    big.data_len += 1000;
    cr_assert_eq(procbuf_grant_len(&big), len + 1000, "data longer than all slots");
    big = config;
    big.readonly_count = big.readwrite_count = 0;
    cr_assert_eq(procbuf_grant_len(&big), config.data_len, "data alone");
    big = (struct procbuf_driver_config){ .readonly_count = 1, .data_align = 32 };
    cr_assert_eq(procbuf_grant_len(&big), 32,
                 "a slot of at most 24 bytes, and no more after it than needed");
    static const uint32_t counts[] = { 300, 70000, UINT32_MAX };
    const uint64_t slot =
        procbuf_grant_len(&(struct procbuf_driver_config){ .readonly_count = 1, .data_align = 8 });
    for (size_t c = 0; c < 3; c++) {
        for (unsigned kinds = 1; kinds < 4; kinds++) {
            big = (struct procbuf_driver_config){ .readonly_count = kinds & 1 ? counts[c] : 0,
                                                  .readwrite_count = kinds & 2 ? counts[c] : 0,
                                                  .data_len = 8,
                                                  .data_align = 8 };
            const uint64_t wanted = ((uint64_t)big.readonly_count + big.readwrite_count) * slot + 8;
            cr_assert_eq(procbuf_grant_len(&big), wanted > SIZE_MAX ? SIZE_MAX : (size_t)wanted);
        }
    }
    big = (struct procbuf_driver_config){ .readonly_count = 1, .data_align = SIZE_MAX / 2 + 1 };
    cr_assert_eq(procbuf_grant_len(&big), SIZE_MAX / 2 + 1);
    big = (struct procbuf_driver_config){ .readonly_count = 1, .data_align = 8 };
    for (unsigned bits = 16; bits < 8 * sizeof(size_t); bits *= 2) {
        big.data_len = ((size_t)1 << bits) - 1;
        cr_assert_eq(procbuf_grant_len(&big), (size_t)slot + big.data_len);
        big.data_len += 9;
        cr_assert_eq(procbuf_grant_len(&big), (size_t)slot + big.data_len);
    }
    big = config;
    big.data_align = 6;
    MUST_PANIC((procbuf_driver_init(&driver, &big), 0));
}
